"""The pages around the sections: choosing an agreement, home, search, notifications, activity, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from duijie.data import sentence
from duijie.terms import Bilingual
from duijie_portal.accounts import services
from duijie_portal.accounts.models import Role
from duijie_portal.accounts.powers import may
from duijie_portal.ledger.desk import names_of
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import Plain, act, language_of, page, paged, person_of
from duijie_portal.ledger.recording import words_of
from duijie_portal.ledger.selectors import agreements_of
from duijie_portal.share.exchange import peers
from duijie_portal.track.views import day_of

from . import forms, selectors
from .templatetags.words import said as named

__all__ = ["activity", "chooser", "healthy", "home", "notifications", "search"]

Document = dict[str, Any]


_FIRST_PAGE: dict[str, str | None] = {
    Role.LEADER: "brief",
    Role.SYSTEM: None,
    Role.SECURITY: "people",
    Role.AUDIT: "activity",
}


@require_safe
def chooser(request: HttpRequest, *, as_json: bool = False) -> HttpResponse:
    """The agreements, real ones first; titles are public, what is inside is not."""
    first = _FIRST_PAGE.get(getattr(request.user, "role", ""), "home")
    own = set(agreements_of(request.user).values_list("pk", flat=True))
    rows = [
        {
            "key": one.pk,
            "title": one.title,
            "is_rehearsal": one.is_rehearsal,
            "signed_on": one.signed_on,
            "sides": [side.name for side in one.sides.all()],
            "is_open": one.pk in own and first is not None,
        }
        for one in Agreement.objects.prefetch_related("sides")
    ]
    document = {"agreements": rows, "first_page": first}
    if as_json:
        return JsonResponse(document, encoder=Plain, json_dumps_params={"ensure_ascii": False})
    return render(request, "frame/chooser.html", {"page": document})


@page("frame/home.html")
def home(request: HttpRequest, agreement: Agreement) -> Document:
    return selectors.home(agreement, person_of(request), as_of=day_of(request))


@page("frame/search.html")
def search(request: HttpRequest, agreement: Agreement) -> Document:
    text = " ".join(request.GET.get("q", "").split())[:80]
    found = selectors.found(agreement, person_of(request), text)
    return {"q": text, "found": found, "n_found": sum(map(len, found.values()))}


@page("frame/inbox.html")
def inbox(request: HttpRequest, agreement: Agreement) -> Document:
    """待办, 在办, 已办: what waits for this person, what goes on, what they or their office did last."""
    person = person_of(request)
    found = selectors.inbox(agreement, person, today=timezone.localdate())
    due = [one for one in peers(agreement) if one.n_waiting > 0] if may(person, "share.exchange") else []
    return {**found, "packages": due}


@page("frame/notifications.html")
def notifications(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.notifications(person_of(request), agreement)
    rows, place = paged(request, found.count())
    lines = list(found[rows])
    words = words_of([one.values["said"] for one in lines if one.values.get("said")])
    sides = {one.pk: one.short for one in agreement.sides.all()}
    names = names_of(one.get("who", "") for one in words.values())
    shown = [
        {
            "id": one.pk,
            "code": one.code,
            "values": {**_spoken(one.values, words, sides), "who": _who(request, one.values, words, names)},
            "path": one.path,
            "at": one.at,
            "is_read": bool(one.read_at),
        }
        for one in lines
    ]
    return {"notifications": shown, "pages": place}


def _spoken(values: Document, words: Mapping[str, Mapping[str, str]], sides: Mapping[str, Bilingual]) -> Document:
    """The values of a notice as its sentence says them; what somebody typed is read where it can be erased."""
    node, reason = (named(values.get(key, ""), f"{before}_") for key, before in _NAMED.items())
    note = words.get(values.get("said", ""), {}).get("note", "")
    side = sides[values["side"]][language_of()] if values.get("side") in sides else ""  # type: ignore[index]
    return {**values, "node": node, "side": side, "note": " ".join(filter(None, [reason, note])) or "–"}


def _who(
    request: HttpRequest, values: Document, words: Mapping[str, Mapping[str, str]], names: Mapping[str, Bilingual]
) -> str:
    """Who said it, by name: the name of a person never leaves their side."""
    if values.get("side") != person_of(request).side_id:
        return ""
    found = names.get(words.get(values.get("said", ""), {}).get("who", ""))
    return found[language_of()] if found else ""  # type: ignore[index]


_NAMED = {"node": "portal_step", "reason": "refusal"}


@act(forms.Nothing, "notifications", power="own.read")
def read_all(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    selectors.notifications(person_of(request), agreement).filter(read_at=None).update(read_at=timezone.now())
    return "portal_done_read"


@page("frame/activity.html", power="activity.read")
def activity(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.activity(person_of(request))
    rows, place = paged(request, found.count())
    shown = [
        {
            "at": one.at,
            "person": one.person.username if one.person else "",
            "act": one.act,
            "subject": one.subject,
            "is_refused": one.is_refused,
        }
        for one in found[rows]
    ]
    return {"activity": shown, "pages": place}


@page("frame/people.html", power="person.manage")
def people(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.people(person_of(request))
    rows, place = paged(request, found.count())
    return {
        "people": [selectors.account(one) for one in found[rows]],
        "pages": place,
        "roles": Role.values,
        "departments": selectors.offices(agreement, person_of(request)),
    }


@act(forms.InviteForm, "people", power="person.manage")
def invite(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    departments = [data.pop("department")] if data["department"] else []
    data.pop("department", None)
    made, password = services.invite(request.user, agreement, departments=departments, **data)
    messages.warning(
        request, sentence("portal_first_password", language_of(), {"name": made.username, "password": password})
    )
    return "portal_done_invite"


@act(forms.SwitchForm, "people", power="person.manage")
def switch(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    other = get_object_or_404(selectors.people(person_of(request)), username=data["username"])
    services.switch(request.user, other, is_active=data["is_active"])
    return "portal_done_switch"


@require_safe
def healthy(request: HttpRequest) -> JsonResponse:
    """Whether the portal reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"is_healthy": True})
