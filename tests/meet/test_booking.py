"""Resources: never more units out than there are, every rule said, the waiting list in order."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.errors import InputError
from duijie.meet.booking import Booking, Resource, fee_cny, free_capacity, from_waiting_list, objections

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def booking(id, start, hours, units=1, party="p", **options):
    starts_at = NOW + timedelta(hours=start)
    return Booking(id, "lab", party, starts_at, starts_at + timedelta(hours=hours), units, **options)


spans = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(1, 3)), max_size=12)


@given(spans, st.integers(0, 9), st.integers(1, 4))
def test_free_capacity_as_counted_hour_by_hour(taken, start, hours):
    bookings = [booking(str(at), *one) for at, one in enumerate(taken)]
    asked = booking("x", start, hours)
    used = [
        sum(units for first, length, units in taken if first <= hour < first + length)
        for hour in range(start, start + hours)
    ]
    assert free_capacity(Resource("lab", 5), bookings, asked.starts_at, asked.ends_at) == 5 - max(used)


@given(spans, st.integers(1, 4))
def test_the_waiting_list_never_books_over(waiting, capacity):
    resource = Resource("lab", capacity)
    asked = [booking(str(at), *one, asked_at=NOW - timedelta(minutes=100 - at)) for at, one in enumerate(waiting)]
    taken = from_waiting_list(resource, [], asked, now=NOW)
    for hour in range(14):
        moment = NOW + timedelta(hours=hour)
        assert sum(one.units for one in taken if one.starts_at <= moment < one.ends_at) <= capacity
    if asked and asked[0].units <= capacity:
        assert taken[0] == asked[0]


def test_every_rule_is_said():
    resource = Resource(
        "lab",
        2,
        hours=((0, time(9), time(17)),),
        closed_on=frozenset({"2026-03-09"}),
        least_min=60,
        most_min=240,
        ahead_days=7,
        most_units=2,
    )

    def codes(one, others=()):
        return {reason.code for reason in objections(resource, one, list(others), now=NOW)}

    assert codes(booking("a", 1, 2)) == set()
    assert codes(booking("a", 1, 0.5)) == {"meet_booking_short"}
    assert codes(booking("a", 1, 5)) == {"meet_booking_long"}
    assert codes(booking("a", 24, 2)) == {"meet_booking_closed"}
    assert codes(booking("a", 24 * 7 + 1, 2)) == {"meet_booking_closed", "meet_booking_early"}
    assert codes(booking("a", -3, 2)) == {"meet_booking_past", "meet_booking_closed"}
    assert codes(booking("a", 1, 0)) == {"meet_booking_empty"}
    assert codes(booking("a", 1, 2, 2), [booking("b", 2, 2, party="q")]) == {"meet_booking_full"}
    assert codes(booking("a", 1, 2), [booking("b", 5, 2, 2)]) == {"meet_booking_quota"}
    assert codes(booking("a", 1, 2), [booking("a", 1, 2, 2)]) == set()
    with pytest.raises(InputError):
        objections(Resource("hall"), booking("a", 1, 2), [], now=NOW)


def test_fee():
    assert fee_cny(Resource("lab", fee_cny=33.3), booking("a", 0, 1.5, 3)) == 149.85
