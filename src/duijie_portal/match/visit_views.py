"""Pages of visits to firms: find the firm, say what was said; the visits of one's own side."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from duijie_portal.accounts.models import Person
from duijie_portal.ledger import visits
from duijie_portal.ledger.charge import offices_of
from duijie_portal.ledger.models import Agreement, Case, Party
from duijie_portal.ledger.pages import act, page, paged, person_of
from duijie_portal.ledger.selectors import department_names

from .visit_forms import VisitForm

__all__ = ["firm_visits", "record_visit"]

Document = dict[str, Any]
_N_FOUND = 12


@page("match/firm_visits.html", power="brief.read")
def firm_visits(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    asked = {name: request.GET.get(name, "")[:80].strip() for name in ("q", "party")}
    firms = list(_firms(agreement, person, asked["q"])[:_N_FOUND]) if asked["q"] else []
    chosen = _firms(agreement, person, "").filter(pk=asked["party"]).first() if asked["party"] else None
    if chosen is None and len(firms) == 1:
        chosen, firms = firms[0], []
    found = visits.visits_to(agreement, person)
    rows, place = paged(request, found.count(), 20)
    return {
        "asked": asked,
        "firms": [_firm(row) for row in firms],
        "firm": _firm(chosen) if chosen else None,
        "key": visits.key_for(person) if chosen else "",
        "offices": [{"key": one.key, "name": one.name} for one in offices_of(agreement, person)],
        "today": timezone.localdate(),
        "visits": _shown(agreement, list(found[rows])),
        "pages": place,
    }


def _firms(agreement: Agreement, person: Person, text: str) -> QuerySet[Party]:
    """The organisations of one's own side that can be called on, by a part of the name or the credit code."""
    rows = Party.objects.filter(agreement=agreement, side=person.side_id).exclude(kind__in=("talent", "government"))
    return rows.filter(Q(name__icontains=text) | Q(uscc=text.upper())).order_by("name", "pk") if text else rows


def _firm(row: Party) -> Document:
    return {"id": row.pk, "name": row.name, "kind": row.kind, "town": row.town}


def _shown(agreement: Agreement, rows: list[Case]) -> list[Document]:
    said, names, offices = visits.said_at(rows), visits.names_of(rows), department_names(agreement)
    return [
        {
            "id": row.pk,
            "party": {"id": row.payload.get("party", ""), "name": names.get(str(row.payload.get("party")), "")},
            "office": offices.get(row.roles.get("visits", ""), row.roles.get("visits", "")),
            "state": row.state,
            **said[row.pk],
        }
        for row in rows
    ]


@act(VisitForm, "firm_visits", power="case.step")
def record_visit(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    person = person_of(request)
    party = get_object_or_404(_firms(agreement, person, ""), pk=data.pop("party"))
    then = data.pop("then")
    key = visits.record_visit(person, party, **{**data, "goes_on": data["goes_on"] or bool(then)})
    return "portal_done_firm_visit", _next(agreement, key, then)


def _next(agreement: Agreement, key: str, then: str) -> str:
    """Where one lands: the form of a need or a ticket that begins with what was said, else the visit itself."""
    said = urlencode({"visit": key})
    if then == "need":
        return f"{reverse('listing_new', args=[agreement.pk])}?{said}"
    if then == "ticket":
        return f"{reverse('tickets', args=[agreement.pk])}?{said}#ticket"
    return reverse("case", args=[agreement.pk, key])
