"""Pages of what a side keeps besides needs and offers: organisations, statistics, rail; and erasing a person's row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.accounts.powers import may
from duijie_portal.ledger.models import Agreement, Listing
from duijie_portal.ledger.pages import act, page, paged, person_of

from . import fact_selectors as selectors
from . import fact_services as services
from .import_kinds import FACTS

__all__ = ["erase_talent", "facts", "organisations"]

Document = dict[str, Any]
_PARTIES = ("firm", "institute", "carrier", "fund", "association", "government", "talent")


@page("match/facts.html")
def facts(request: HttpRequest, agreement: Agreement) -> Document:
    asked = {name: request.GET.get(name, "")[:40] for name in ("kind", "side")}
    asked["kind"] = asked["kind"] if asked["kind"] in FACTS else FACTS[0]
    found = selectors.fact_rows(agreement, request.user, **asked)
    rows, place = paged(request, found.count())
    return {"facts": [selectors.fact(row) for row in found[rows]], "pages": place, "asked": asked, "kinds": FACTS}


@page("match/organisations.html")
def organisations(request: HttpRequest, agreement: Agreement) -> Document:
    asked = {name: request.GET.get(name, "")[:80].strip() for name in ("kind", "side", "q")}
    found = selectors.organisation_rows(agreement, request.user, **asked)
    rows, place = paged(request, found.count(), 25)
    same, names = selectors.names_of(agreement, request.user)
    person, may_open = person_of(request), may(request.user, "brief.read")
    shown = [
        {
            **selectors.organisation(row, same, names),
            "has_page": may_open and row.side_id == person.side_id and row.kind != "talent",
        }
        for row in found[rows]
    ]
    return {"organisations": shown, "pages": place, "asked": asked, "kinds": _PARTIES}


class ListingForm(forms.Form):
    """The listing that tells of a person."""

    key = forms.CharField(max_length=KEY_LENGTH)


@act(ListingForm, "listings")
def erase_talent(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Listing.objects.filter(agreement=agreement, party__kind="talent").visible_to(request.user)
    services.erase_talent(request.user, get_object_or_404(rows, pk=data["key"]))
    return "portal_talent_erased"
