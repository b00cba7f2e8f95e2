"""Pages of accounts: asking for one, deciding on it, units of a side, lock-outs, one's own data."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from duijie.data import sentence
from duijie.errors import DuijieError
from duijie_portal.accounts import registering, services
from duijie_portal.accounts.adapters import address
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person, Registration, UnitKind
from duijie_portal.accounts.registering import NOTICE
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import Plain, act, file_page, language_of, page, paged, person_of, told

from . import account_forms as forms
from . import account_selectors as selectors
from . import account_services

__all__ = ["join", "own", "own_file", "receipt", "registrations", "units"]

Document = dict[str, Any]


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, agreement: str, *, as_json: bool = False) -> HttpResponse:
    """Ask one's side for an account; open to anyone, five times an hour from one address."""
    row = get_object_or_404(Agreement, pk=agreement)
    form = forms.JoinForm(row, request.POST if request.method == "POST" else None)
    fault = ""
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("receipt", row.pk, _sent(request, row, form.cleaned_data).receipt)
        except DuijieError as error:
            if error.code == "portal_name_taken":
                form.add_error("username", told(error))
            else:
                fault = told(error)
    document = _join_document(row)
    if as_json:
        return _json(document)
    status = 400 if form.is_bound else 200
    return render(
        request, "frame/join.html", {"page": document, "agreement": row, "form": form, "fault": fault}, status=status
    )


def _sent(request: HttpRequest, row: Agreement, data: Document) -> Registration:
    about = {name: value for name, value in data.items() if name not in ("is_agreed", "side")}
    kept = registering.register(row.pk, data["side"], address=address(request), **about)
    account_services.tell_registration(row, kept, reverse("registrations", args=[row.pk]))
    return kept


def _join_document(row: Agreement) -> Document:
    sides = [{"code": side.pk, "name": side.name} for side in row.sides.all() if is_hosted(side.pk)]
    return {"sides": sides, "kinds": Registration.Kind.values, "notice": NOTICE}


def _json(document: Document) -> JsonResponse:
    return JsonResponse(document, encoder=Plain, json_dumps_params={"ensure_ascii": False})


@never_cache
@require_safe
def receipt(request: HttpRequest, agreement: str, receipt: str, *, as_json: bool = False) -> HttpResponse:
    """Where a registration stands, for whoever holds its receipt."""
    row = get_object_or_404(Agreement, pk=agreement)
    document = selectors.receipt_document(get_object_or_404(Registration, agreement=agreement, receipt=receipt))
    return _json(document) if as_json else render(request, "frame/receipt.html", {"page": document, "agreement": row})


@page("frame/registrations.html", power="registration.decide")
def registrations(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.registrations(agreement, person_of(request))
    rows, place = paged(request, found.count(), 20)
    shown = [selectors.registration_document(agreement, row) for row in found[rows]]
    return {"registrations": shown, "pages": place, "reasons": forms.REFUSALS}


def _asked(request: HttpRequest, agreement: Agreement, data: Document) -> Registration:
    return get_object_or_404(selectors.registrations(agreement, person_of(request)), pk=data["registration"])


@act(forms.DecisionForm, "registrations", power="registration.decide")
def verify_registration(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    account_services.verify_registration(request.user, _asked(request, agreement, data), party=data["party"])
    return "portal_done_register_verify"


@act(forms.RefusalForm, "registrations", power="registration.decide")
def refuse_registration(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    registering.refuse_registration(request.user, _asked(request, agreement, data), reason=data["reason"])
    return "portal_done_register_refuse"


@page("frame/units.html")
def units(request: HttpRequest, agreement: Agreement) -> Document:
    return {"units": selectors.units(agreement), "kinds": [one for one in UnitKind.values if one != "department"]}


@act(forms.UnitForm, "units", power="unit.manage")
def add_unit(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.add_unit(request.user, agreement, **data)
    return "portal_done_unit"


@page("frame/locks.html", power="person.manage")
def locks(request: HttpRequest, agreement: Agreement) -> Document:
    return {"locked": selectors.locked(person_of(request))}


@act(forms.UsernameForm, "locks", power="person.manage")
def unlock(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    people = Person.objects.filter(side=person_of(request).side_id)
    services.unlock(request.user, get_object_or_404(people, username=data["username"]))
    return "portal_done_unlock"


# One's own data


@page("frame/own.html", power="own.read")
def own(request: HttpRequest, agreement: Agreement) -> Document:
    return selectors.own_data(agreement, person_of(request))


@file_page("own.zip", power="own.read", media_type="application/zip")
def own_file(request: HttpRequest, agreement: Agreement) -> list[bytes]:
    """Everything kept of oneself, as JSON in a zip."""
    data = selectors.own_data(agreement, person_of(request))
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, cls=Plain, ensure_ascii=False, indent=1))
        archive.writestr("README.txt", sentence("portal_own_readme", language_of()))
    return [kept.getvalue()]


@act(forms.EraseForm, "own", power="own.erase")
def erase_own(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    account_services.erase_own(request.user, agreement, username=data["username"])
    logout(request)
    return "portal_done_erase", reverse("chooser")
