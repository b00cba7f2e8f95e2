"""Exchange days: opening, planning, locking, what happens on the day, who arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.meet import plan, replan
from duijie.meet.instance import Slot
from duijie.meet.timetable import Placement, Timetable
from duijie_portal.accounts.door import log, refuse, write
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.audience import coordinators, of_parties
from duijie_portal.ledger.keeping import held, keep, keep_all
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.ledger.services import own_side, owner_only
from duijie_portal.ledger.visibility import Visibility

from ..models import OPEN, Booking, Day, Meeting, Pass, Request, Resource
from ..planning import instance_of, slots_of, timetable_of
from .bookings import cancelled, hold, taken_now
from .common import both_sides
from .requests import expire

__all__ = ["call_off_day", "change_day", "check_in", "keep_arrival", "late", "open_day", "plan_day"]

_PLAN_SECONDS = 8.0
_REPLAN_SECONDS = 2.0


@write("meeting.plan")
def open_day(person: Person, agreement: Agreement, /, *, n_tables: int, **fields: Any) -> Day:
    """Announce an exchange day of one's own side, with its tables; parties may ask for meetings from now on.

    Raises
    ------
    InputError
        The day is over, or its spans hold no slot.
    """
    day = Day(
        agreement=agreement, side_id=own_side(person), **{**both_sides(), "visibility": Visibility.PUBLIC}, **fields
    )
    if day.on < timezone.localdate() or not slots_of(day):
        raise InputError("portal_meet_no_slot", {"on": day.on.isoformat()})
    day.full_clean(exclude=["away", "closed", "locks", "plan", "spans"])
    opening = [[day.on.weekday(), first, last] for first, last in day.spans]
    of_day = {"agreement": agreement, "side_id": day.side_id, "day": day, "opening": opening, **both_sides()}
    tables = [Resource(kind="table", name_zh=f"{number}", **of_day) for number in range(1, n_tables + 1)]
    keep_all(person, [(day, "exchange.opened"), *((table, "resource.added") for table in tables)])
    return day


def plan_day(
    person: Visitor, day: Day, *, now: datetime, is_fresh: bool = False, seconds: float = 0.0
) -> dict[str, Any]:
    """Plan a day from its accepted requests; if it was planned before, with the fewest changes unless `is_fresh`.

    The search runs outside the transaction; if somebody else planned meanwhile, nothing is kept.

    Raises
    ------
    DeniedError
        Not the organiser.
    InputError
        Nothing is accepted yet, or the day was changed meanwhile.
    """
    return change_day(person, day, lambda _: None, now=now, is_fresh=is_fresh, seconds=seconds)


def change_day(
    person: Visitor,
    day: Day,
    change: Callable[[Day], None],
    *,
    now: datetime,
    is_fresh: bool = False,
    seconds: float = 0.0,
) -> dict[str, Any]:
    """Apply what happened (a lock, someone away, a table lost) and plan anew around it; see :func:`plan_day`."""
    if not isinstance(person, Person) or not may(person, "meeting.plan"):
        raise refuse(person, "meeting.plan", day)
    _organiser(person, day)
    expire(person, day, now=now)
    row = Day.objects.get(pk=day.pk)
    if row.is_off:
        raise DeniedError("portal_meet_day_closed", {"on": row.on.isoformat()})
    change(row)
    instance = instance_of(row)
    old = timetable_of(row)
    if not instance.meetings and not old.placements:
        raise InputError("portal_meet_nothing_accepted")
    if is_fresh or not old.placements:
        found = plan(_without_past(instance, now), seconds=seconds or _PLAN_SECONDS)
        facts = {"status": found.status, "gap": found.gap, "is_fewest": False}
        return keep_plan(person, row, old, found, facts, now=now)
    kept = tuple(one for one in old.placements if one.meeting in instance.meeting_index)
    again = replan(replace(old, placements=kept), instance, now=now, seconds=seconds or _REPLAN_SECONDS)
    facts = {"status": "feasible", "gap": 0.0, "is_fewest": again.is_fewest, "n_moved": again.n_moved}
    return keep_plan(person, row, old, again.timetable, facts, now=now)


def _organiser(person: Person, day: Day) -> None:
    try:
        owner_only(person, day)
    except DeniedError:
        log(person, "meeting.plan", day, is_refused=True)
        raise


def _without_past(instance: Any, now: datetime) -> Any:
    """Nothing is planned into slots that have begun."""
    open_slots = frozenset(slot.key for slot in instance.slots if slot.starts_at > now)
    if len(open_slots) == len(instance.slots):
        return instance
    meetings = tuple(
        replace(one, slots=open_slots if one.slots is None else one.slots & open_slots) for one in instance.meetings
    )
    return replace(instance, meetings=meetings)


@write("meeting.plan")
def keep_plan(
    person: Person, day: Day, old: Timetable, new: Timetable, facts: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Write a plan: tables are booked under their locks, changes are numbered, sealed and told.

    Raises
    ------
    InputError
        The day was planned meanwhile, or a table was taken.
    """
    now_held = held(day)
    if now_held.version != day.version:
        raise InputError("portal_meet_changed_meanwhile")
    tables = {one.pk: one for one in Resource.objects.filter(day=day).order_by("pk")}
    changes = _write_meetings(person, day, old, new, tables, now)
    names = {one.id: one.name for timetable in (old, new) for one in timetable.instance.people}
    day.plan = {
        **facts,
        "breaks": new.breaks,
        "seconds": round(new.seconds, 2),
        "n_placed": len(new.placements),
        "n_requested": len(new.instance.meetings),
        "planned_at": now.isoformat(),
        "unplaced": [
            {"request": one.meeting, "reasons": [reason.to_dict() for reason in one.reasons]} for one in new.unplaced
        ],
        "changes": [{**change, "name": names.get(change["party"], "")} for change in changes],
    }
    day.version, day.revision = day.version + 1, now_held.revision
    keep(person, day, "exchange.planned")
    _tell_changes(day, changes)
    return dict(day.plan)


def _write_meetings(
    person: Person, day: Day, old: Timetable, new: Timetable, tables: Mapping[str, Resource], now: datetime
) -> list[dict[str, Any]]:
    """Meetings as the plan says; the bookings of all that move are given back before any is taken."""
    rows = {row.request_id: row for row in Meeting.objects.filter(day=day).select_related("booking")}
    before = {one.meeting: one for one in old.placements}
    after = {one.meeting: one for one in new.placements}
    moved = [name for name in {**before, **after} if _place(before.get(name)) != _place(after.get(name))]
    freed = [rows[name].booking_id for name in moved if name in rows and rows[name].booking_id]
    cancelled(person, Booking.objects.filter(pk__in=freed))
    taken = taken_now(tables.values())
    slots = {slot.key: slot for slot in new.instance.slots}
    people = {one.id: one.people for timetable in (old, new) for one in timetable.instance.meetings}
    changes = []
    written = []
    for name in moved:
        row = rows.get(name) or Meeting(agreement=day.agreement, side_id=day.side_id, day=day, request_id=name)
        _move(person, row, after.get(name), slots, tables, taken, now, is_known=name in rows)
        written.append(row)
        for party in people[name]:
            changes.append(_change(party, name, before.get(name), after.get(name), tables))
    parties = {party for name in after for party in people[name]}
    known = set(Pass.objects.filter(day=day).values_list("party_id", flat=True))
    own = {"agreement": day.agreement, "side_id": day.side_id, "day": day}
    new_passes = [Pass(party_id=one, **own) for one in sorted(parties - known)]
    made: list[tuple[Any, str]] = [(row.booking, "booking.booked") for row in written if row.booking]
    made += [(row, "meeting.off" if row.is_off else "meeting.placed") for row in written]
    keep_all(person, [*made, *((one, "pass.made") for one in new_passes)])
    return changes


def _place(one: Placement | None) -> tuple[str, str] | None:
    return (one.slot, one.table) if one else None


def _move(
    person: Person,
    row: Meeting,
    to: Placement | None,
    slots: Mapping[str, Any],
    tables: Mapping[str, Resource],
    taken: Mapping[str, list[Any]],
    now: datetime,
    *,
    is_known: bool,
) -> None:
    """What the plan says of a meeting, still to be saved."""
    row.is_off, row.changed_at = to is None, now
    row.sequence += is_known
    row.booking = None
    if to is not None:
        slot = slots[to.slot]
        row.slot, row.starts_at, row.ends_at = to.slot, slot.starts_at, slot.ends_at
        if to.table:
            row.booking = hold(person, tables[to.table], slot.starts_at, slot.ends_at, taken[to.table])


def _change(
    party: str, request: str, before: Placement | None, after: Placement | None, tables: Mapping[str, Resource]
) -> dict[str, Any]:
    def said(one: Placement | None) -> str:
        return f"{one.slot[11:16]} · {tables[one.table].name_zh if one.table in tables else '–'}" if one else ""

    return {"party": party, "request": request, "before": said(before), "after": said(after)}


def _tell_changes(day: Day, changes: Iterable[Mapping[str, Any]]) -> None:
    """One line for each account of a party that changes, and one for the coordinators of both sides."""
    parties = {str(one["party"]) for one in changes}
    if not parties:
        return
    values = {"title": day.title.to_dict(), "on": day.on.isoformat(), "n": len(parties)}
    path = reverse("exchange_day", args=[day.agreement_id, day.pk])
    sides = day.agreement.sides.values_list("pk", flat=True)
    tell(
        day.agreement,
        Notice(of_parties(parties), "portal_told_plan", path, values, about=day),
        Notice(coordinators(sides), "portal_told_plan_all", path, values, about=day),
    )


@write("meeting.plan")
def call_off_day(person: Person, day: Day) -> Day:
    """Call an exchange day off: its requests end, its meetings fall out, everybody concerned is told.

    Raises
    ------
    DeniedError
        Not the organiser, off already, or a meeting of it was held.
    """
    owner_only(person, day)
    row: Day = held(day)
    if row.is_off or row.meetings.exclude(result="").exists():
        raise DeniedError("portal_meet_day_closed", {"on": row.on.isoformat()})
    live = list(row.meetings.filter(is_off=False).select_related("request", "booking"))
    open_rows = list(row.requests.filter(state__in=OPEN))
    parties = {party for one in [*(met.request for met in live), *open_rows] for party in one.pair.split("|")}
    cancelled(person, [met.booking for met in live if met.booking and met.booking.state == "booked"])
    for met in live:
        met.is_off, met.booking, met.sequence, met.changed_at = True, None, met.sequence + 1, timezone.now()
    for one in open_rows:
        one.state = "withdrawn"
    row.is_off, row.sequence, row.version = True, row.sequence + 1, row.version + 1
    ended = [(met, "meeting.off") for met in live] + [(one, "request.withdrawn") for one in open_rows]
    keep_all(person, [(row, "exchange.off"), *ended])
    told = of_parties(parties) | coordinators(row.agreement.sides.values_list("pk", flat=True))
    values = {"title": row.title.to_dict(), "on": row.on.isoformat()}
    path = reverse("exchange_day", args=[row.agreement_id, row.pk])
    tell(row.agreement, Notice(told, "portal_told_day_off", path, values, about=row))
    return row


def keep_arrival(entry: Pass, *, now: datetime) -> bool:
    """A party is here, as its own code says; whether that is news. Only from two hours before the first slot."""
    first, last = (slots_of(entry.day)[at] for at in (0, -1))
    assert first.starts_at is not None
    assert last.ends_at is not None
    if not first.starts_at - timedelta(hours=2) <= now <= last.ends_at:
        raise InputError("portal_meet_not_today", {"on": entry.day.on.isoformat()})
    with transaction.atomic():
        row = held(entry)
        is_new = row.arrived_at is None
        if is_new:
            row.arrived_at = now
            keep(None, row, "pass.used")
        log(None, "pass.used", entry)
    return is_new


@write("meeting.plan")
def check_in(person: Person, day: Day, *, party: str, is_here: bool, now: datetime) -> None:
    """Tick a party off at the reception, or undo that."""
    owner_only(person, day)
    row = _pass(day, party)
    row.arrived_at = now if is_here else None
    keep(person, row, "pass.ticked" if is_here else "pass.unticked")


def _pass(day: Day, party: str) -> Pass:
    found = Pass.objects.filter(day=day, party_id=party).select_related("agreement").first()
    if found is None:
        raise InputError("portal_meet_party_unknown", {"party": party})
    row: Pass = held(found)
    return row


@write("meeting.plan")
def renew_pass(person: Person, day: Day, *, party: str) -> None:
    """Make every printed or shared code of a party worthless; its next print carries a new one."""
    owner_only(person, day)
    entry = _pass(day, party)
    entry.edition += 1
    keep(person, entry, "pass.renewed")


def lock(request: str, slot: str) -> Callable[[Day], None]:
    """The change: a request must have a slot; with "" it may move again."""

    def change(day: Day) -> None:
        if slot and slot not in {one.key for one in slots_of(day)}:
            raise InputError("portal_meet_slot_unknown", {"slot": slot})
        if not Request.objects.filter(day=day, pk=request, state="accepted").exists():
            raise InputError("portal_meet_request_unknown", {"request": request})
        day.locks = {key: value for key, value in {**day.locks, request: slot}.items() if value}

    return change


def away(party: str, slots: Iterable[str]) -> Callable[[Day], None]:
    """The change: a party is not there in some slots; none means it is there throughout."""
    chosen = sorted(slots)

    def change(day: Day) -> None:
        if not day.requests.filter(Q(from_party_id=party) | Q(to_party_id=party)).exists():
            raise InputError("portal_meet_party_unknown", {"party": party})
        day.away = {key: value for key, value in {**day.away, party: chosen}.items() if value}

    return change


def late(party: str, until: time, now: datetime) -> Callable[[Day], None]:
    """The change: a party is not there before a time of day (its train is late); what has begun stays as it was."""

    def change(day: Day) -> None:
        missed = [one.key for one in slots_of(day) if one.starts_at and now < one.starts_at and _clock(one) < until]
        away(party, {*day.away.get(party, ()), *missed})(day)

    return change


def _clock(slot: Slot) -> time:
    assert slot.starts_at is not None
    return slot.starts_at.time()


def close(table: str, slots: Iterable[str]) -> Callable[[Day], None]:
    """The change: a table is lost in some slots; none means it is back."""
    chosen = sorted(slots)

    def change(day: Day) -> None:
        if not day.tables.filter(pk=table).exists():
            raise InputError("portal_meet_table_unknown", {"table": table})
        day.closed = {key: value for key, value in {**day.closed, table: chosen}.items() if value}

    return change
