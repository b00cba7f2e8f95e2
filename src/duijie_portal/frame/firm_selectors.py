"""One firm on one page (一企一档): all that its own side's officials may read of it, from every section."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from duijie.terms import Bilingual
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import visits
from duijie_portal.ledger.entries import Decline
from duijie_portal.ledger.models import Agreement, Case, Listing, Party, Step
from duijie_portal.ledger.readers import matches_for
from duijie_portal.ledger.selectors import case_title, department_names
from duijie_portal.match.fact_selectors import names_of, organisation
from duijie_portal.match.listing_selectors import listing_document, states_of
from duijie_portal.meet.models import Meeting, Request
from duijie_portal.track.leads import leads_of

__all__ = ["N_SHOWN", "firm_document", "firms_of"]

N_SHOWN = 4
"""Rows of each part on the page, which is to print on one sheet; all of them where they are asked for."""
Row = TypeVar("Row")
Document = dict[str, Any]


def firms_of(agreement: Agreement, person: Person) -> QuerySet[Party]:
    """The organisations whose page a person may open: those of their own side, of no natural person."""
    rows: QuerySet[Party] = Party.objects.filter(agreement=agreement, side=person.side_id).visible_to(person)
    return rows.exclude(kind="talent")


def firm_document(agreement: Agreement, person: Person, row: Party, *, is_whole: bool) -> Document:
    """The page of a firm: the rows of each part, how many there are, and who spoke to it last.

    Parameters
    ----------
    agreement, person, row
        The firm, and an official of its side.
    is_whole
        Every row of each part; else the first few.
    """
    cases = list(_cases(agreement, person, row))
    called = list(visits.visits_to(agreement, person, row.pk))
    tickets = _tickets(agreement, person, called)
    meetings = list(_meetings(agreement, person, row))
    parts = {
        "visits": _visits(called, agreement),
        "listings": _listings(row),
        "suggestions": _suggestions(agreement, person, row),
        "declines": _declines(agreement, person, row, cases),
        "cases": [_case(one) for one in cases if one.state != "refused"],
        "meetings": [_meeting(one, row) for one in meetings],
        "tickets": [_case(one) for one in tickets],
        "leads": [_case(one) for one in leads_of(agreement, person, name=row.name, uscc=row.uscc)],
        "contacts": _contacts(row),
    }
    return {
        "firm": organisation(row, *names_of(agreement, person)),
        "is_verified": row.is_verified,
        "parts": {name: {"n": len(rows), "rows": _some(rows, is_whole=is_whole)} for name, rows in parts.items()},
        "touches": _touches(agreement, [*cases, *tickets], called, meetings)[:N_SHOWN],
        "is_whole": is_whole,
        "today": timezone.localdate(),
    }


def _some(rows: Sequence[Row], *, is_whole: bool) -> Sequence[Row]:
    return rows if is_whole else rows[:N_SHOWN]


def _cases(agreement: Agreement, person: Person, row: Party) -> QuerySet[Case]:
    ends = Q(need_party=row.pk) | Q(offer_party=row.pk)
    rows: QuerySet[Case] = Case.objects.filter(ends, agreement=agreement).of_chain().visible_to(person)
    return rows.select_related("need", "need_party", "offer_party")


def _case(row: Case) -> Document:
    return {"id": row.pk, "title": case_title(row), "state": row.state, "on": row.last_on, "reason": row.reason}


def _visits(rows: Sequence[Case], agreement: Agreement) -> list[Document]:
    said, offices = visits.said_at(rows), department_names(agreement)
    return [
        {"id": row.pk, "state": row.state, "office": offices.get(row.roles.get("visits", ""), ""), **said[row.pk]}
        for row in rows
    ]


def _tickets(agreement: Agreement, person: Person, called: Sequence[Case]) -> list[Case]:
    """The tickets that were made from visits to the firm."""
    keys = [one["key"] for one in visits.made_from(agreement, [row for row in called if row.state != "visited"])]
    return list(Case.objects.filter(agreement=agreement, kind="ticket", pk__in=keys).visible_to(person))


def _listings(row: Party) -> list[Document]:
    rows = list(Listing.objects.filter(party=row.pk).select_related("party").order_by("-valid_from", "-pk"))
    states = states_of(rows)
    return [listing_document(one, one.payload, states.get(one.pk, "entered")) for one in rows]


def _suggestions(agreement: Agreement, person: Person, row: Party) -> list[Document]:
    """The suggestions that name a listing of the firm, best first, with the other end."""
    document = matches_for(agreement, person)
    listings, found = document.get("listings", {}), list[Document]()
    own = {key for key, one in listings.items() if one.get("party") == row.pk}
    for kind in document.get("kinds", ()):
        for pair in kind["matches"]:
            ends = sorted((pair["need"], pair["offer"]), key=lambda key: key not in own)
            if ends[0] in own:
                mine, other = (listings.get(key, {}) for key in ends)
                said = {"kind": kind["kind"], "score": pair["score"], "listing": ends[0], "title": mine["title"]}
                found.append({**said, "other": other.get("party_name") or other.get("title", "")})
    return sorted(found, key=lambda one: -one["score"])


def _declines(agreement: Agreement, person: Person, row: Party, cases: Sequence[Case]) -> list[Document]:
    """What was declined for the firm, before the other side took it up or after, with the reason."""
    rows = Decline.objects.filter(agreement=agreement, side=person.side_id, party=row.pk)
    known = Listing.objects.in_bulk({key for one in rows for key in (one.need, one.offer)})
    found: list[Document] = []
    for one in rows:
        other = known.get(one.offer if known.get(one.need) and known[one.need].party_id == row.pk else one.need)
        title = str(other.opened.get("payload.title", "")) if other else ""
        found.append({"case": "", "title": Bilingual(title), "reason": one.reason, "on": one.on})
    for case in cases:
        if case.state == "refused":
            found.append({"case": case.pk, "title": case_title(case), "reason": case.reason, "on": case.last_on})
    return sorted(found, key=lambda one: str(one["on"]), reverse=True)


def _meetings(agreement: Agreement, person: Person, row: Party) -> QuerySet[Meeting]:
    asked = Request.objects.filter(Q(from_party_id=row.pk) | Q(to_party_id=row.pk), agreement=agreement)
    rows = Meeting.objects.filter(request__in=asked.visible_to(person).values("pk")).select_related("request", "day")
    return rows.order_by("-starts_at", "pk")


def _meeting(row: Meeting, firm: Party) -> Document:
    other = next((key for key in row.request.ends if key != firm.pk), "")
    name = Party.objects.filter(pk=other).values_list("name", flat=True).first() or ""
    about = {"id": row.pk, "day": row.day_id, "starts_at": row.starts_at, "other": name}
    return {**about, "is_off": row.is_off, "result": row.result}


def _contacts(row: Party) -> list[Document]:
    """Who has an account for the firm, since the day they agreed to the notice; who took that back is gone."""
    people = Person.objects.filter(party=row.pk, side=row.side_id, is_active=True).select_related("registration")
    found = []
    for one in people.order_by("pk"):
        asked = getattr(one, "registration", None)
        if asked is None or asked.withdrawn_at is None:
            since = timezone.localtime(asked.created_at).date() if asked else None
            found.append({"name": one.name, "username": one.username, "agreed_on": since})
    return found


def _touches(
    agreement: Agreement, cases: Sequence[Case], called: Sequence[Case], meetings: Sequence[Meeting]
) -> list[Document]:
    """Every time an office of either side was in touch, as far as the reader may read it, the latest first."""
    offices, found = department_names(agreement), list[tuple[tuple[date, str], Document]]()
    shown = {row.pk: row for row in (*cases, *called)}
    steps = Step.objects.filter(case__in=list(shown), state="stands", by__in=list(offices))
    for step in steps.exclude(kind__in=("handed_on", "settled")):  # what became of a visit is no word with the firm
        said = {"on": step.on, "side": step.side_id, "office": offices[step.by], "what": step.kind}
        found.append(((step.on, step.pk), {**said, "case": step.case_id, "day": ""}))
    now = timezone.now()
    for row in meetings:
        if row.starts_at <= now and not row.is_off:
            on = _day(row.starts_at)
            said = {"on": on, "side": row.day.side_id, "office": Bilingual(""), "what": "meeting"}
            found.append(((on, row.pk), {**said, "case": "", "day": row.day_id}))
    return [one for _, one in sorted(found, key=lambda two: two[0], reverse=True)]


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()
