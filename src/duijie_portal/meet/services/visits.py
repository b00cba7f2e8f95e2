"""Study visits and delegations: entered piece by piece, planned, re-planned when a host falls out, called off."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.meet import visits
from duijie.meet.itinerary import Itinerary
from duijie_portal.accounts.door import refuse, write
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.audience import coordinators, of_parties
from duijie_portal.ledger.keeping import held, keep
from duijie_portal.ledger.models import Agreement, Party
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.services import own_side, owner_only

from ..journeys import itinerary_of, pinned, question_of, unpinned
from ..models import Visit
from .common import both_sides

__all__ = [
    "add_group",
    "add_host",
    "add_place",
    "add_road",
    "add_train",
    "call_off_visit",
    "drop",
    "open_visit",
    "plan_visit",
    "put_host",
]

_SECONDS = 8.0
_MOST_DAYS = 14
_MOST = {"hosts": 40, "groups": 6, "trains": 40, "roads": 400}


@write("visit.record")
def open_visit(
    person: Person, agreement: Agreement, /, *, on: date, until: date, clause: str = "", **fields: Any
) -> Visit:
    """Enter a study visit or delegation that one's own side prepares.

    Raises
    ------
    InputError
        It ends before it begins, is over, lasts more than two weeks, or the clause is unknown.
    """
    if not (timezone.localdate() <= on <= until < on + timedelta(days=_MOST_DAYS)):
        raise InputError("portal_meet_visit_days", {"most": _MOST_DAYS})
    if clause and clause not in {one.key for one in agreement_term(agreement).clauses}:
        raise InputError("portal_meet_clause_unknown", {"clause": clause})
    now = timezone.now()
    row = Visit(agreement=agreement, side_id=own_side(person), on=on, until=until, clause=clause, changed_at=now)
    for name, value in {**both_sides(), **fields}.items():
        setattr(row, name, value)
    row.full_clean(exclude=["hosts", "groups", "trains", "roads", "places", "plan"])
    keep(person, row, "visit.opened")
    return row


def _held(person: Person, visit: Visit) -> Visit:
    owner_only(person, visit)
    row: Visit = held(visit)
    if row.is_off or row.until < timezone.localdate():
        raise DeniedError("portal_meet_visit_closed")
    return row


def _save(person: Person, row: Visit) -> None:
    """Keep what was entered; a planning that is under way meanwhile is not kept."""
    row.version += 1
    keep(person, row, "visit.prepared")


def _add(row: Visit, column: str, entry: Mapping[str, Any]) -> None:
    rows = getattr(row, column)
    if len(rows) >= _MOST[column]:
        raise InputError("portal_meet_visit_full", {"most": _MOST[column]})
    setattr(row, column, [*rows, {"key": secrets.token_hex(4), **entry}])


def _know(row: Visit, *names: str) -> None:
    """Places that are named for the first time are places of the visit from now on."""
    for name in names:
        row.places.setdefault(name, {"side": "", "lat": None, "lon": None})


@write("visit.record")
def add_place(
    person: Person,
    visit: Visit,
    *,
    place: str,
    place_side: str = "",
    lat: float | None = None,
    lon: float | None = None,
) -> None:
    """Say where a place lies, and on which side; both coordinates or none."""
    row = _held(person, visit)
    if (lat is None) != (lon is None):
        raise InputError("portal_meet_place_half", {"place": place})
    row.places = {**row.places, place: {"side": place_side, "lat": lat, "lon": lon}}
    _save(person, row)


@write("visit.record")
def add_host(
    person: Person,
    visit: Visit,
    *,
    name: str,
    place: str,
    spans: list[list[str]],
    closed_on: list[str],
    visit_min: int,
    capacity_persons: int,
    interest: float,
    party: Party | None = None,
    place_side: str = "",
    lat: float | None = None,
    lon: float | None = None,
) -> None:
    """Add somebody who may be visited: hours, room, interest, and where."""
    row = _held(person, visit)
    if (lat is None) != (lon is None):
        raise InputError("portal_meet_place_half", {"place": place})
    entry = {"name": name or (party.name if party else ""), "party": party.pk if party else "", "place": place}
    if not entry["name"]:
        raise InputError("portal_meet_host_nameless")
    rules = {"visit_min": visit_min, "capacity_persons": capacity_persons, "interest": interest}
    _add(row, "hosts", {**entry, **rules, "spans": spans, "closed_on": closed_on, "is_out": False})
    _know(row, place)
    if lat is not None or place_side:
        row.places[place] = {"side": place_side, "lat": lat, "lon": lon}
    _save(person, row)


@write("visit.record")
def add_group(
    person: Person,
    visit: Visit,
    *,
    name: str,
    n_persons: int,
    first: str,
    last: str,
    start_place: str,
    night_place: str = "",
    end_place: str = "",
) -> None:
    """Add people who travel together throughout; they sleep at `night_place` and end where they began unless said."""
    row = _held(person, visit)
    if last <= first:
        raise InputError("portal_meet_group_hours")
    n_days = (row.until - row.on).days + 1
    nights, end = night_place or start_place, end_place or start_place
    days = [
        {
            "on": (row.on + timedelta(days=at)).isoformat(),
            "first": first,
            "last": last,
            "start_place": start_place if at == 0 else nights,
            "end_place": end if at == n_days - 1 else nights,
        }
        for at in range(n_days)
    ]
    _add(row, "groups", {"name": name, "n_persons": n_persons, "days": days})
    _know(row, start_place, *(one["end_place"] for one in days))
    _save(person, row)


@write("visit.record")
def add_train(
    person: Person,
    visit: Visit,
    *,
    number: str,
    origin: str,
    goal: str,
    on: date,
    departs: str,
    arrives: str,
    seats: int | None = None,
) -> None:
    """Add a train that could be taken; one that arrives before it departs arrives the next day."""
    row = _held(person, visit)
    if not row.on <= on <= row.until or origin == goal:
        raise InputError("portal_meet_train_wrong", {"number": number})
    facts = {"number": number, "origin": origin, "goal": goal, "on": on.isoformat()}
    _add(row, "trains", {**facts, "departs": departs, "arrives": arrives, "seats": seats})
    _know(row, origin, goal)
    _save(person, row)


@write("visit.record")
def add_road(person: Person, visit: Visit, *, a: str, b: str, minutes: int) -> None:
    """Say how many minutes two places are apart by road, either way; said again, the last word counts."""
    row = _held(person, visit)
    if a == b:
        raise InputError("portal_meet_road_nowhere", {"place": a})
    row.roads = [one for one in row.roads if {one["a"], one["b"]} != {a, b}]
    _add(row, "roads", {"a": a, "b": b, "minutes": minutes})
    _know(row, a, b)
    _save(person, row)


@write("visit.record")
def drop(person: Person, visit: Visit, *, what: str, key: str) -> None:
    """Take an entry out again; a host that is planned falls out by :func:`put_host` instead.

    Raises
    ------
    InputError
        There is no such entry, or the plan in people's hands stands on it.
    """
    row = _held(person, visit)
    rows = getattr(row, what)
    left = [one for one in rows if one["key"] != key]
    used = {one[name] for one in row.plan.get("stops", ()) for name in ("key", "group")}
    if len(left) == len(rows):
        raise InputError("portal_meet_entry_unknown")
    if what in ("hosts", "groups") and key in used:
        raise InputError("portal_meet_entry_used")
    setattr(row, what, left)
    _save(person, row)


def put_host(key: str, *, is_out: bool) -> Callable[[Visit], None]:
    """The change: a host falls out, or can be visited again after all."""

    def change(visit: Visit) -> None:
        if key not in {one["key"] for one in visit.hosts}:
            raise InputError("portal_meet_entry_unknown")
        visit.hosts = [{**one, "is_out": is_out} if one["key"] == key else one for one in visit.hosts]

    return change


def plan_visit(
    person: Visitor,
    visit: Visit,
    change: Callable[[Visit], None] = lambda _: None,
    *,
    now: datetime,
    is_fresh: bool = False,
    seconds: float = _SECONDS,
) -> Visit:
    """Plan the routes; what people hold keeps its times unless `is_fresh` or no route is left that way.

    The search runs outside the transaction; if somebody else planned meanwhile, nothing is kept.

    Raises
    ------
    DeniedError
        Not the side that prepares the visit, or it is over.
    InputError
        Nobody travels or there is nobody to see, no route at all, or the visit was changed meanwhile.
    """
    if not isinstance(person, Person) or not may(person, "visit.record"):
        raise refuse(person, "visit.record", visit)
    row = Visit.objects.get(pk=visit.pk)
    change(row)
    question = question_of(row)
    if not question.groups or not question.hosts:
        raise InputError("portal_meet_visit_empty")
    held = itinerary_of(row)
    found = None
    if held.stops and not is_fresh:
        again = pinned(question, held, now)
        found = unpinned(
            visits(again.hosts, again.groups, travel_min=again.travel_min, trains=again.trains, seconds=seconds)
        )
    is_kept = found is not None and found.status in ("optimal", "feasible")
    if found is None or not is_kept:
        found = visits(
            question.hosts, question.groups, travel_min=question.travel_min, trains=question.trains, seconds=seconds
        )
    if found.status not in ("optimal", "feasible"):
        raise InputError(f"portal_meet_visit_{found.status}")
    return _keep(person, row, held, found, now=now, is_kept=is_kept)


@write("visit.record")
def _keep(person: Person, row: Visit, held: Itinerary, found: Itinerary, *, now: datetime, is_kept: bool) -> Visit:
    """Write a plan if nobody else did meanwhile; changes are numbered, sealed and told."""
    if _held(person, row).version != row.version:
        raise InputError("portal_meet_changed_meanwhile")
    changes = _changes(row, held, found)
    document = found.to_dict()
    reached = sum(host["interest"] for host in row.hosts for stop in found.stops if stop.key == host["key"])
    row.plan = {
        **{name: document[name] for name in ("status", "road_min", "seconds", "stops", "unvisited")},
        "interest": reached,
        "is_kept": is_kept,
        "planned_at": now.isoformat(),
        "changes": changes,
        "has_before": bool(held.stops),
    }
    row.version, row.changed_at = row.version + 1, now
    row.sequence += bool(changes and held.stops)
    keep(person, row, "visit.planned")
    _tell(row, changes)
    return row


def _changes(row: Visit, old: Itinerary, new: Itinerary) -> list[dict[str, Any]]:
    """Visits whose time changed, that fell out or came in."""
    before, after = ({(one.group, one.key): one for one in plan.stops if one.kind == "host"} for plan in (old, new))

    def said(plan: Mapping[Any, Any], place: tuple[str, str]) -> str:
        return f"{timezone.localtime(plan[place].starts_at):%m-%d %H:%M}" if place in plan else ""

    groups = {one["key"]: one["name"] for one in row.groups}
    names = {one["key"]: one["name"] for one in row.hosts}
    rows = [(place, said(before, place), said(after, place)) for place in sorted(before.keys() | after.keys())]
    return [
        {"group": groups.get(group, ""), "host": host, "name": names.get(host, ""), "before": was, "after": now}
        for (group, host), was, now in rows
        if was != now
    ]


def _tell(row: Visit, changes: Iterable[Mapping[str, Any]]) -> None:
    """The officials of both sides, and the accounts of each host whose visit is new, moved or off."""
    told = list(changes)
    if not told:
        return
    values = {"title": row.title.to_dict(), "on": row.on.isoformat()}
    sides = row.agreement.sides.values_list("pk", flat=True)
    path, own = reverse("visit", args=[row.agreement_id, row.pk]), reverse("notifications", args=[row.agreement_id])
    hosts = {one["key"]: one["party"] for one in row.hosts}
    # a host hears of its own hour; the rest of the visit it does not read
    hosted = [
        Notice(
            of_parties([hosts.get(one["host"], "")]), "portal_told_host", own, {**values, "when": one["after"] or "–"}
        )
        for one in told
    ]
    tell(row.agreement, Notice(coordinators(sides), "portal_told_visit", path, values, about=row), *hosted)


@write("visit.record")
def call_off_visit(person: Person, visit: Visit) -> Visit:
    """Call a visit off; it stays in calendars as cancelled, and everybody concerned is told."""
    row = _held(person, visit)
    row.is_off, row.sequence, row.changed_at = True, row.sequence + 1, timezone.now()
    row.version += 1
    keep(person, row, "visit.off")
    values = {"title": row.title.to_dict(), "on": row.on.isoformat()}
    sides = row.agreement.sides.values_list("pk", flat=True)
    told = of_parties(one["party"] for one in row.hosts) | coordinators(sides)
    path = reverse("notifications", args=[row.agreement_id])
    tell(row.agreement, Notice(told, "portal_told_visit_off", path, values))
    return row
