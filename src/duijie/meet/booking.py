"""Bookings: a carrier's seats, a shared instrument, a meeting table are one resource with capacity, fee and hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from duijie.errors import InputError
from duijie.terms import Reason

__all__ = ["Booking", "Resource", "fee_cny", "free_capacity", "from_waiting_list", "objections"]


@dataclass(frozen=True, slots=True)
class Resource:
    """What can be booked: `capacity` units at a time, for a fee a unit and hour, within opening hours and rules.

    `opens` maps each weekday (Monday 0) to spans of local time in `hours`; no hours at all means always open.
    `closed_on` lists ISO dates. Minutes and days of the rules are inclusive; None means no rule.
    """

    key: str
    capacity: int = 1
    fee_cny: float = 0.0
    hours: tuple[tuple[int, time, time], ...] = ()
    closed_on: frozenset[str] = frozenset()
    least_min: int = 0
    most_min: int | None = None
    ahead_days: int | None = None
    most_units: int | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """`units` of a resource for a party, from one aware moment to another; `asked_at` orders the waiting list."""

    id: str
    resource: str
    party: str
    starts_at: datetime
    ends_at: datetime
    units: int = 1
    asked_at: datetime | None = None


def free_capacity(resource: Resource, bookings: Iterable[Booking], starts_at: datetime, ends_at: datetime) -> int:
    """Units free throughout a span, at its fullest moment; below 0 where the resource is booked over already.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> nine, ten, eleven = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (9, 10, 11))
    >>> taken = [Booking("1", "seat", "p", nine, ten), Booking("2", "seat", "q", ten, eleven)]
    >>> free_capacity(Resource("seat", capacity=2), taken, nine, eleven)
    1
    """
    among = [
        one for one in bookings if one.resource == resource.key and one.starts_at < ends_at and starts_at < one.ends_at
    ]
    # Use can only rise where a booking begins, so these moments (and the span's own start) are enough.
    moments = [starts_at, *(one.starts_at for one in among if one.starts_at > starts_at)]
    return resource.capacity - max(
        sum(one.units for one in among if one.starts_at <= moment < one.ends_at) for moment in moments
    )


def objections(
    resource: Resource, booking: Booking, bookings: Sequence[Booking], *, now: datetime
) -> tuple[Reason, ...]:
    """Everything that speaks against a booking; empty where it can be taken.

    The booking itself, where it is among `bookings` by its id, does not stand in its own way.

    Raises
    ------
    InputError
        The booking is for another resource.
    """
    if booking.resource != resource.key:
        raise InputError("meet_other_resource", {"resource": resource.key, "asked": booking.resource})
    if booking.ends_at <= booking.starts_at or booking.units < 1:
        return (Reason("meet_booking_empty", {}, is_for=False),)
    found = [*_rules(resource, booking, now)]
    if not _is_open(resource, booking):
        found.append(Reason("meet_booking_closed", {}, is_for=False))
    others = [one for one in bookings if one.id != booking.id]
    n_free = free_capacity(resource, others, booking.starts_at, booking.ends_at)
    if n_free < booking.units:
        found.append(Reason("meet_booking_full", {"n_free": max(0, n_free), "units": booking.units}, is_for=False))
    own = sum(one.units for one in others if one.party == booking.party and one.resource == resource.key)
    if resource.most_units is not None and own + booking.units > resource.most_units:
        found.append(Reason("meet_booking_quota", {"most": resource.most_units, "has": own}, is_for=False))
    return tuple(found)


def _rules(resource: Resource, booking: Booking, now: datetime) -> Iterable[Reason]:
    minutes = (booking.ends_at - booking.starts_at).total_seconds() / 60
    if minutes < resource.least_min:
        yield Reason("meet_booking_short", {"least_min": resource.least_min}, is_for=False)
    if resource.most_min is not None and minutes > resource.most_min:
        yield Reason("meet_booking_long", {"most_min": resource.most_min}, is_for=False)
    if booking.starts_at < now:
        yield Reason("meet_booking_past", {}, is_for=False)
    if resource.ahead_days is not None and booking.starts_at > now + timedelta(days=resource.ahead_days):
        yield Reason("meet_booking_early", {"ahead_days": resource.ahead_days}, is_for=False)


def _is_open(resource: Resource, booking: Booking) -> bool:
    """Whether one opening span of one day holds the whole booking (any length where there are no hours)."""
    day = booking.starts_at.date()
    while day <= booking.ends_at.date():
        if day.isoformat() in resource.closed_on:
            return False
        day += timedelta(days=1)
    start, end = booking.starts_at, booking.ends_at
    return not resource.hours or any(
        weekday == start.weekday() and first <= start.time() and start.date() == end.date() and end.time() <= last
        for weekday, first, last in resource.hours
    )


def fee_cny(resource: Resource, booking: Booking) -> float:
    """What a booking costs: units × hours × fee, to the fen."""
    hours = (booking.ends_at - booking.starts_at).total_seconds() / 3600
    return round(resource.fee_cny * booking.units * hours, 2)


def from_waiting_list(
    resource: Resource, bookings: Sequence[Booking], waiting: Iterable[Booking], *, now: datetime
) -> tuple[Booking, ...]:
    """Who on the waiting list can be taken now, first come first served; nobody is passed over who fits."""
    taken = list(bookings)
    for one in sorted(waiting, key=lambda one: (one.asked_at or one.starts_at, one.id)):
        if not objections(resource, one, taken, now=now):
            taken.append(one)
    return tuple(taken[len(bookings) :])
