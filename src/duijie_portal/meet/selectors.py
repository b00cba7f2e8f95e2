"""The timetable of the pipeline as a grid, the visits of the ledger; requests, exchange days, bookings, the funnel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from duijie.data.words import words
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.entries import Entry
from duijie_portal.ledger.models import Agreement, Case, Party, Record
from duijie_portal.ledger.readers import matches_for, timetable_for
from duijie_portal.ledger.selectors import parties
from duijie_portal.ledger.visibility import PARTY_ROLES, reader_of

from .models import OPEN, Booking, Day, Feed, Meeting, Pass, Request, Resource
from .planning import slots_of

__all__ = [
    "board",
    "bookings",
    "candidates",
    "days",
    "feeds",
    "find_day",
    "funnel",
    "outcomes",
    "own_parties",
    "partners",
    "refusals",
    "requests",
    "timetable",
    "visits",
]


def timetable(agreement: Agreement, person: Visitor) -> Mapping[str, Any]:
    """The timetable with its grid, people × slots; a party sees only its own meetings; empty before the first run."""
    found = timetable_for(agreement, person)
    if not found:
        return {}
    meetings = [one for one in found["meetings"] if _concerns(one, person)]
    unplaced = found["unplaced"] if _sees_all(person) else []
    return {**found, "meetings": meetings, "unplaced": unplaced, "grid": _grid(found, meetings)}


def _sees_all(person: Visitor) -> bool:
    return isinstance(person, Person) and person.role not in PARTY_ROLES


def _concerns(meeting: Mapping[str, Any], person: Visitor) -> bool:
    return _sees_all(person) or (isinstance(person, Person) and person.party in meeting["people"])


def _grid(document: Mapping[str, Any], meetings: list[Any]) -> list[dict[str, Any]]:
    """One row a person with a meeting, one cell a slot: the meeting with the name of who is met, or nothing."""
    names = {one["id"]: one for one in document["people"]}
    busy: dict[tuple[str, str], dict[str, Any]] = {}
    for meeting in meetings:
        one, other = meeting["people"]
        for self_id, met in ((one, other), (other, one)):
            busy[self_id, meeting["slot"]] = {
                "id": meeting["id"],
                "with": names[met]["name"],
                "table": meeting["table"],
            }
    rows = sorted({person for person, _ in busy}, key=lambda one: (names[one]["region"], names[one]["name"]))
    keys = [slot["key"] for slot in document["slots"]]
    regions = sorted({names[one]["region"] for one in rows})
    return [
        {
            "person": names[one],
            "order": regions.index(names[one]["region"]),
            "cells": [busy.get((one, key)) for key in keys],
        }
        for one in rows
    ]


def visits(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The study visits and meetings on record, latest first."""
    rows = Record.objects.filter(agreement=agreement, kind__in=("visit", "meeting")).visible_to(person)
    return [
        {"id": row.pk, "kind": row.kind, "title": row.title, "on": row.on, "side": row.side_id, "state": row.state}
        for row in rows[:50]
    ]


def refusals() -> tuple[str, ...]:
    """The reasons a refusal may have: the vocabulary of the chain."""
    return tuple(code.removeprefix("refusal_") for code in words("zh") if code.startswith("refusal_"))


def partners(agreement: Agreement, person: Visitor, party: str) -> dict[str, dict[str, Any]]:
    """Whom a party is matched with as far as a person may know, by party: its live cases and the pairs of the matching.

    The best score of two parties counts.
    """
    found: dict[str, dict[str, Any]] = {}
    for match in _matches(agreement, person):
        if party in match["people"]:
            other = next(one for one in match["people"] if one != party)
            if other not in found or found[other]["score"] < match["score"]:
                found[other] = {**match, "case": ""}
    cases = Case.objects.filter(Q(need_party=party) | Q(offer_party=party), agreement=agreement).visible_to(person)
    for case in cases.exclude(state__in=("refused", "delivered")):
        other = case.offer_party_id if case.need_party_id == party else case.need_party_id
        if other and other != party:
            known = {"score": None, **found.get(other, {})}
            listings = {"need": case.need_id or "", "offer": case.offer_id or ""}
            if not all(listings.values()) and known.get("kind") == case.kind:
                listings = {name: known[name] for name in listings}
            found[other] = {**known, **listings, "case": case.pk, "clause": case.clause, "kind": case.kind}
    # who is named with a party in a pair or a case that is read is read as well, but for whom a side holds back
    rows = Party.objects.filter(pk__in=found).visible_in(reader_of(person).named_with())
    open_to = set(rows.values_list("pk", flat=True))
    return {key: one for key, one in found.items() if key in open_to}


def _matches(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    document = matches_for(agreement, person)
    listings = document.get("listings", {})
    return [
        {
            "people": [listings[match[end]]["party"] for end in ("need", "offer")],
            "need": match["need"],
            "offer": match["offer"],
            "score": match["score"],
            "kind": kind["kind"],
            "clause": next(iter(kind["clauses"]), ""),
            "reasons": [reason for reason in match["reasons"] if reason["is_for"]][:2],
        }
        for kind in document.get("kinds", ())
        for match in kind["matches"]
        if all(listings.get(match[end], {}).get("party") for end in ("need", "offer"))
        and listings[match["need"]]["party"] != listings[match["offer"]]["party"]
    ]


def own_parties(agreement: Agreement, person: Person) -> QuerySet[Party]:
    """The parties a person may ask for: a firm's own, an official's whole side."""
    rows = Party.objects.filter(agreement=agreement).exclude(kind="talent")
    if person.role in PARTY_ROLES:
        return rows.filter(pk=person.party or None, side=person.side_id)
    return rows.filter(side=person.side_id)


def candidates(agreement: Agreement, person: Person, day: Day, party: Party) -> list[dict[str, Any]]:
    """Whom a person may still ask for a party on a day, best first, each with why."""
    found = partners(agreement, person, party.pk)
    taken = day.requests.filter(Q(from_party_id=party.pk) | Q(to_party_id=party.pk), state__in=OPEN)
    rows = parties(set(found) - {key for row in taken for key in row.ends})
    shown = [
        {"party": key, "name": row.name, "side": row.side_id, **{name: found[key].get(name) for name in _WHY}}
        for key, row in rows.items()
    ]
    return sorted(shown, key=lambda one: (-(one["score"] or 0.0), one["name"]))


_WHY = ("score", "kind", "clause", "case", "reasons")


def days(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The exchange days with how many requests stand and how many meetings are placed."""
    rows = Day.objects.filter(agreement=agreement).visible_to(person)
    rows = rows.annotate(n_accepted=Count("requests", filter=Q(requests__state="accepted")))
    return [{**day_head(row), "n_accepted": row.n_accepted, "n_placed": row.plan.get("n_placed", 0)} for row in rows]


def day_head(row: Day) -> dict[str, Any]:
    return {
        "id": row.pk,
        "title": row.title,
        "place": row.place,
        "on": row.on,
        "side": row.side_id,
        "answer_by": row.answer_by,
        "slot_min": row.slot_min,
        "ask_quota": row.ask_quota,
        "meeting_quota": row.meeting_quota,
        "is_off": row.is_off,
    }


def requests(
    agreement: Agreement, person: Visitor, now: datetime, *, day: str = "", state: str = ""
) -> list[dict[str, Any]]:
    """The requests a person may see, newest first, with what they may do about each."""
    rows = Request.objects.filter(agreement=agreement).visible_to(person).select_related("day")
    rows = rows.filter(day=day) if day else rows
    known = parties(key for row in rows for key in row.ends)
    shown = [_request(row, known, person, now) for row in rows]
    return [one for one in shown if not state or one["state"] == state]


def _request(row: Request, known: Mapping[str, Party], person: Visitor, now: datetime) -> dict[str, Any]:
    state = row.state_at(now)
    ends = [known[key] for key in row.ends]
    asks, asked = (_is_of(person, party) for party in ends)
    return {
        "id": row.pk,
        "day": day_head(row.day),
        "from": party_row(ends[0]),
        "to": party_row(ends[1]),
        "case": row.case_id,
        "clause": row.clause,
        "kind": row.kind,
        "score": row.score,
        "note": row.note,
        "state": state,
        "reason": row.reason,
        "answer": row.answer,
        "asked_at": row.asked_at,
        "expires_at": row.expires_at,
        "may_answer": asked and state == "asked",
        "may_withdraw": ((asks or asked) and state in ("accepted", "waiting")) or (asks and state == "asked"),
    }


def _is_of(person: Visitor, party: Party) -> bool:
    """Whether a person stands on a party's side of the table."""
    if not isinstance(person, Person):
        return False
    if person.side_id != party.side_id:
        return False
    return person.party == party.pk if person.role in PARTY_ROLES else True


def find_day(agreement: Agreement, person: Visitor, key: str) -> Day | None:
    found: Day | None = Day.objects.filter(agreement=agreement).visible_to(person).filter(pk=key).first()
    return found


def meetings_of(day: Day, person: Visitor) -> list[Meeting]:
    """The meetings of a day that a person may see, those that are off included, in order of time."""
    seen = Request.objects.filter(day=day).visible_to(person).values("pk")
    return list(day.meetings.filter(request__in=seen).select_related(*_JOINED))


_JOINED = ("request", "booking__resource")


def meeting_rows(rows: Iterable[Meeting]) -> list[dict[str, Any]]:
    """Meetings with their two parties, as a page shows them; `_JOINED` is selected with them, and their day."""
    shown = list(rows)
    known = parties(key for row in shown for key in row.request.ends)
    return [_meeting(row, known) for row in shown]


def _meeting(row: Meeting, known: Mapping[str, Party]) -> dict[str, Any]:
    ends = {end: party_row(known[key]) for end, key in zip(("from", "to"), row.request.ends, strict=True)}
    return {
        "id": row.pk,
        "request": row.request_id,
        "slot": row.slot,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "table": row.table.name if row.table else None,
        **ends,
        "is_off": row.is_off,
        "is_locked": row.request_id in row.day.locks,
        "case": row.request.case_id,
        "clause": row.request.clause,
        "result": row.result,
        "reason": row.reason,
        "next_step": row.next_step,
        "owner": row.owner,
        "due_on": row.due_on,
    }


def schedule_of(entry: Pass) -> dict[str, Any]:
    """The day of the party a pass belongs to: its meetings that still stand, each with whom it meets."""
    day, key = entry.day, entry.party_id
    rows = day.meetings.filter(Q(request__from_party_id=key) | Q(request__to_party_id=key), is_off=False)
    shown = [
        {**one, "with": one["to"] if one["from"]["id"] == key else one["from"]}
        for one in meeting_rows(rows.select_related(*_JOINED))
    ]
    return {"party": parties([key])[key].name, "day": day_head(day), "meetings": shown}


def party_row(party: Party) -> dict[str, Any]:
    return {"id": party.pk, "name": party.name, "side": party.side_id}


def board(agreement: Agreement, day: Day, person: Visitor, now: datetime) -> dict[str, Any]:
    """A day as people × slots, with tables, who is away, who arrived, and what the last planning said and changed."""
    meetings = meeting_rows(row for row in meetings_of(day, person) if not row.is_off)
    slots = [
        {"key": slot.key, "starts_at": slot.starts_at, "is_past": bool(slot.starts_at and slot.starts_at <= now)}
        for slot in slots_of(day)
    ]
    arrived = dict(day.passes.values_list("party_id", "arrived_at"))
    mine = {one[end]["id"] for one in meetings for end in ("from", "to")}
    sees_all = _sees_all(person)
    return {
        "day": day_head(day),
        "version": day.version,
        "slots": slots,
        "tables": [
            {"id": table.pk, "name": table.name, "closed": day.closed.get(table.pk, [])} for table in day.tables.all()
        ],
        "meetings": meetings,
        "grid": _day_grid(meetings, slots, arrived, day.away),
        "plan": {
            **{name: day.plan.get(name) for name in _PLAN if name in day.plan},
            # on the first planning everything is new
            "changes": [
                one for one in day.plan.get("changes", ()) if day.version > 1 and (sees_all or one["party"] in mine)
            ],
            "unplaced": _unplaced(day) if sees_all else [],
        },
        "is_organiser": isinstance(person, Person)
        and may(person, "meeting.plan")
        and person.side_id == day.side_id
        and not day.is_off,
        "states": dict(Counter(row.state_at(now) for row in Request.objects.filter(day=day).visible_to(person))),
    }


_PLAN = ("status", "gap", "breaks", "seconds", "n_placed", "n_requested", "planned_at", "is_fewest", "n_moved")


def _unplaced(day: Day) -> list[dict[str, Any]]:
    keys = [one["request"] for one in day.plan.get("unplaced", ())]
    rows = Request.objects.in_bulk(keys)
    known = parties(key for row in rows.values() for key in row.ends)
    return [
        {**one, **{end: known[key].name for end, key in zip(("from", "to"), rows[one["request"]].ends, strict=True)}}
        for one in day.plan.get("unplaced", ())
        if one["request"] in rows
    ]


def _day_grid(
    meetings: list[dict[str, Any]], slots: list[dict[str, Any]], arrived: Mapping[str, Any], away: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """One row a party, one cell a slot."""
    people = {one[end]["id"]: one[end] for one in meetings for end in ("from", "to")}
    busy = {
        (one[end]["id"], one["slot"]): {**one, "with": one[other]}
        for one in meetings
        for end, other in (("from", "to"), ("to", "from"))
    }
    sides = sorted({one["side"] for one in people.values()})
    return [
        {
            "person": one,
            "order": sides.index(one["side"]),
            "arrived_at": arrived.get(one["id"]),
            "cells": [
                {
                    "slot": slot["key"],
                    "is_away": slot["key"] in away.get(one["id"], ()),
                    "meeting": busy.get((one["id"], slot["key"])),
                }
                for slot in slots
            ],
        }
        for one in sorted(people.values(), key=lambda one: (one["side"], one["name"]))
    ]


def bookings(agreement: Agreement, person: Visitor, now: datetime) -> dict[str, Any]:
    """What can be booked with its rules and how much is taken, and the bookings that are a person's business."""
    every = Resource.objects.filter(agreement=agreement).exclude(kind="table", day__on__lt=now.date())
    offered = list(every.visible_to(person).select_related("day"))
    seals = _seals(agreement, offered)
    rows = Booking.objects.filter(agreement=agreement, ends_at__gt=now).exclude(state="cancelled").visible_to(person)
    own = list(rows.filter(meeting=None).select_related("resource"))
    names = {key: party.name for key, party in parties(row.party_id for row in (*offered, *own)).items()}
    return {
        "resources": [
            {**_resource(row, person, now), "party": names.get(row.party_id, ""), "last": seals.get(row.pk)}
            for row in offered
        ],
        "bookings": [{**_booking(row, person), "party": names.get(row.party_id, "")} for row in own],
    }


def _seals(agreement: Agreement, rows: Iterable[Resource]) -> dict[str, dict[str, Any]]:
    """The last sealed word of each owner on its resource: of when its figures speak."""
    found = Entry.objects.filter(agreement=agreement, commit__in=[row.revision for row in rows])
    return {
        entry.subject.partition("/")[2]: {
            "as_of": entry.on,
            "digest": entry.digest,
            "is_confirmed": False,
            "n_evidence": 0,
        }
        for entry in found
    }


def _resource(row: Resource, person: Visitor, now: datetime) -> dict[str, Any]:
    """A resource with its rules, and the spans of the next four weeks in which units of it are taken."""
    taken = row.bookings.filter(state="booked", ends_at__gt=now, starts_at__lt=now + timedelta(days=28))
    is_own = isinstance(person, Person) and person.side_id == row.side_id and row.day_id is None
    return {
        "may_change": is_own,
        "taken": list(taken.values("starts_at", "ends_at", "n_units")[:50]),
        "hours": _hours(row.opening),
        "weekdays": "".join(sorted({str(day) for day, _, _ in row.opening})),
        "spans": " ".join(dict.fromkeys(f"{first}-{last}" for _, first, last in row.opening)),
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "side": row.side_id,
        "day": day_head(row.day) if row.day else None,
        "capacity": row.capacity,
        "fee_cny": float(row.fee_cny),
        "opening": row.opening,
        "closed_on": row.closed_on,
        **{name: getattr(row, name) for name in ("least_min", "most_min", "ahead_days", "most_units")},
    }


def _hours(opening: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Opening hours by runs of weekdays: Monday to Friday 09:00 to 18:00 is one line."""
    lines: list[dict[str, Any]] = []
    for day, first, last in sorted(opening, key=lambda one: (one[1], one[2], one[0])):
        if lines and (lines[-1]["opens"], lines[-1]["shuts"], lines[-1]["to"] + 1) == (first, last, day):
            lines[-1]["to"] = day
        else:
            lines.append({"from": day, "to": day, "opens": first, "shuts": last})
    return lines


def _booking(row: Booking, person: Visitor) -> dict[str, Any]:
    is_own = isinstance(person, Person) and (
        row.person_id == person.pk or (bool(person.party) and row.party_id == person.party)
    )
    hosts = (row.side_id, row.resource.side_id)
    is_host = isinstance(person, Person) and person.role not in PARTY_ROLES and person.side_id in hosts
    return {
        "id": row.pk,
        "resource": row.resource.name,
        "side": row.side_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "n_units": row.n_units,
        "state": row.state,
        "fee_cny": float(row.fee_cny),
        "may_cancel": is_own or is_host,
    }


def outcomes(day: Day, person: Person, now: datetime) -> list[dict[str, Any]]:
    """The meetings that have begun, those without an outcome first."""
    rows = [row for row in meetings_of(day, person) if not row.is_off and row.starts_at <= now]
    return meeting_rows(sorted(rows, key=lambda row: (bool(row.result), row.starts_at)))


def funnel(agreement: Agreement, person: Visitor, day: str = "") -> dict[str, Any]:
    """From requests to next steps: how many were asked, accepted, placed, held, agreed a next step, reached intent."""
    asked = Request.objects.filter(agreement=agreement).visible_to(person)
    asked = asked.filter(day=day) if day else asked
    meetings = Meeting.objects.filter(request__in=asked.values("pk"), is_off=False)
    held = meetings.filter(result__in=("intent", "follow_up", "no_fit"))
    ever = Q(state__in=("accepted", "waiting")) | Q(meeting__isnull=False)
    stages = {
        "asked": asked.count(),
        "accepted": asked.filter(ever).count(),
        "placed": meetings.count(),
        "held": held.count(),
        "next_step": held.filter(result__in=("intent", "follow_up")).count(),
        "intent": held.filter(result="intent").count(),
    }
    reasons = Counter(asked.filter(state="declined").values_list("reason", flat=True))
    reasons.update(held.filter(result="no_fit").values_list("reason", flat=True))
    due = meeting_rows(held.exclude(due_on=None).order_by("due_on").select_related("day", *_JOINED)[:50])
    return {"stages": stages, "reasons": dict(reasons.most_common()), "next_steps": due}


def feeds(agreement: Agreement, person: Person) -> list[Feed]:
    return list(Feed.objects.filter(agreement=agreement, person=person, revoked_at=None))
