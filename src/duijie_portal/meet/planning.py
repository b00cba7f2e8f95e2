"""An exchange day of the ledger as an instance of the library, and its meetings as a timetable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, time

from django.utils import timezone

from duijie.meet import booking as terms
from duijie.meet.exchange import grid
from duijie.meet.instance import Instance, Meeting, Person, Slot, Table, checked
from duijie.meet.timetable import Placement, Timetable
from duijie_portal.ledger.selectors import parties

from .models import Booking, Day, Request, Resource
from .models import Meeting as Row

__all__ = ["booking_term", "instance_of", "resource_term", "slots_of", "timetable_of"]


def resource_term(row: Resource) -> terms.Resource:
    """A resource with its rules, as the library reads it."""
    hours = tuple((int(day), time.fromisoformat(first), time.fromisoformat(last)) for day, first, last in row.opening)
    return terms.Resource(
        row.pk,
        row.capacity,
        float(row.fee_cny),
        hours,
        frozenset(row.closed_on),
        row.least_min,
        row.most_min,
        row.ahead_days,
        row.most_units,
    )


def booking_term(row: Booking) -> terms.Booking:
    """A booking in local time; who has no party counts by their account."""
    who = row.party_id or f"person:{row.person_id}"
    first, last = timezone.localtime(row.starts_at), timezone.localtime(row.ends_at)
    return terms.Booking(row.pk, row.resource_id, who, first, last, row.n_units, row.made_at)


def slots_of(day: Day) -> tuple[Slot, ...]:
    """The slots of a day, in order of time."""
    return grid(day.on.isoformat(), [(first, last) for first, last in day.spans], slot_min=day.slot_min)


def instance_of(day: Day, also: Collection[str] = ()) -> Instance:
    """The day as a question: its accepted requests (and those named in `also`), who is away, which tables stand."""
    slots = slots_of(day)
    keys = {slot.key for slot in slots}
    rows = Request.objects.filter(day=day).order_by("id")
    asked = [row for row in rows if row.state == "accepted" or row.pk in also]
    known = parties(key for row in asked for key in row.ends)
    people = tuple(
        Person(key, party.name, party.side_id, unavailable=frozenset(day.away.get(key, ())) & keys)
        for key, party in sorted(known.items())
    )
    meetings = tuple(_meeting(row, day.locks, keys) for row in asked)
    taken = _taken(day)
    tables = tuple(_table(table, day, slots, taken.get(table.pk, ())) for table in day.tables.all())
    return checked(Instance(slots, tables, people, meetings, on=day.on.isoformat(), place=day.place_zh))


def _meeting(row: Request, locks: Mapping[str, str], keys: Collection[str]) -> Meeting:
    lock = locks.get(row.pk, "")
    slots = frozenset({lock}) if lock in keys else None
    weight = max(0.001, 1.0 if row.score is None else row.score)
    return Meeting(row.pk, row.ends, weight=weight, slots=slots, match=row.pk, kind=row.kind, score=row.score)


def _table(table: Resource, day: Day, slots: Iterable[Slot], taken: Iterable[tuple[datetime, datetime]]) -> Table:
    """A table with the slots in which it is lost, or booked for something else."""
    busy = {slot.key for slot in slots for first, last in taken if _overlap(slot, first, last)}
    lost = set(day.closed.get(table.pk, ())) & {slot.key for slot in slots}
    return Table(table.pk, unavailable=frozenset(busy | lost))


def _taken(day: Day) -> dict[str, list[tuple[datetime, datetime]]]:
    """The spans in which each table of a day is booked for something else than its meetings."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    rows = Booking.objects.filter(resource__day=day, state="booked", meeting=None)
    for table, first, last in rows.values_list("resource", "starts_at", "ends_at"):
        found.setdefault(table, []).append((first, last))
    return found


def _overlap(slot: Slot, starts_at: datetime, ends_at: datetime) -> bool:
    assert slot.starts_at is not None
    assert slot.ends_at is not None
    return slot.starts_at < ends_at and starts_at < slot.ends_at


def timetable_of(day: Day) -> Timetable:
    """The plan that people hold in their hands; meetings that fell out since are still in it."""
    rows = list(Row.objects.filter(day=day, is_off=False).select_related("booking"))
    instance = instance_of(day, {row.request_id for row in rows})
    placements = tuple(
        Placement(row.request_id, row.slot, row.booking.resource_id if row.booking else "") for row in rows
    )
    return Timetable(instance, "feasible", placements)
