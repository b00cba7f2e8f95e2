"""Study visits: best by counting all, trains and doors kept, clear at the edges."""

from datetime import datetime, timedelta, timezone
from itertools import permutations

import pytest

from duijie.errors import InputError
from duijie.meet import visits
from duijie.meet.visit import Group, Host, Train, VisitDay

ZONE = timezone(timedelta(hours=8))
ROADS = {
    ("hotel", "park"): 15,
    ("park", "mill"): 20,
    ("hotel", "mill"): 30,
    ("mill", "west"): 10,
    ("park", "west"): 25,
    ("hotel", "west"): 20,
    ("east", "lab"): 10,
    ("east", "inn"): 10,
    ("lab", "inn"): 5,
}


def at(hour, minute=0, day=2):
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE)


def host(key, place, opens=9, closes=17, **options):
    return Host(key, place, ((at(opens), at(closes)),), **options)


def one_day(start=8, end=18, goal="hotel", n_persons=10, key="g", **options):
    return Group(key, n_persons, (VisitDay(at(start), at(end), "hotel", goal),), **options)


def way(a, b):
    return 0 if a == b else ROADS.get((a, b), ROADS.get((b, a)))


def best_by_counting(hosts, group):
    """Most interest over all orders of all subsets, each walked through hour by hour."""
    best = 0.0
    span = group.days[0]
    for size in range(len(hosts) + 1):
        for order in permutations(hosts, size):
            clock, place = span.starts_at, span.start_place
            for one in order:
                clock = max(clock + timedelta(minutes=way(place, one.place)), one.windows[0][0])
                clock, place = clock + timedelta(minutes=one.visit_min), one.place
                if clock > one.windows[0][1]:
                    break
            else:
                if clock + timedelta(minutes=way(place, span.end_place)) <= span.ends_at:
                    best = max(best, sum(one.interest for one in order))
    return best


@pytest.mark.parametrize("end", [10, 12, 14, 16])
def test_as_good_as_counting_all_orders(end):
    hosts = [
        host("a", "park", 9, 11, visit_min=60, interest=2),
        host("b", "mill", 10, 12, visit_min=90, interest=3),
        host("c", "mill", 9, 17, visit_min=45, interest=1),
        host("d", "park", 13, 15, visit_min=60, interest=2.5),
        host("e", "hotel", 9, 10, visit_min=60, interest=1.5),
    ]
    found = visits(hosts, [one_day(end=end)], travel_min=ROADS, seconds=20)
    assert found.status == "optimal"
    assert found.interest == found.bound == best_by_counting(hosts, one_day(end=end))
    check(found, hosts, [one_day(end=end)])


def check(found, hosts, groups, trains=(), board_min=30):
    known = {one.key: one for one in hosts}
    rides = {one.number: one for one in trains}
    for group in groups:
        for day in group.days:
            clock, place = day.starts_at, day.start_place
            for stop in found.stops:
                if stop.group != group.key or not day.starts_at <= stop.starts_at < day.ends_at:
                    continue
                needed = clock + timedelta(minutes=way(place, stop.place) + (board_min if stop.kind == "train" else 0))
                assert needed <= stop.starts_at
                if stop.kind == "train":
                    ride = rides[stop.key]
                    assert (stop.starts_at, stop.ends_at) == (ride.departs_at, ride.arrives_at)
                    place = ride.goal
                else:
                    assert any(a <= stop.starts_at and stop.ends_at <= b for a, b in known[stop.key].windows)
                    assert group.n_persons <= known[stop.key].capacity_persons
                    place = stop.place
                clock = stop.ends_at
            assert clock + timedelta(minutes=way(place, day.end_place)) <= day.ends_at
    for one in hosts:
        stops = [stop for stop in found.stops if stop.key == one.key]
        for stop in stops:
            sizes = {group.key: group.n_persons for group in groups}
            here = sum(sizes[o.group] for o in stops if o.starts_at <= stop.starts_at < o.ends_at)
            assert here <= one.capacity_persons


def test_two_groups_two_days_and_a_train():
    def both(key, place):
        return Host(key, place, ((at(9), at(17)), (at(9, day=3), at(17, day=3))), 60, 12, 1.0)

    hosts = [both("a", "park"), both("b", "mill"), both("c", "lab")]
    trains = [Train("D1", "west", "east", at(13), at(16)), Train("D2", "west", "east", at(15), at(18), seats=10)]
    groups = [
        Group(key, 10, (VisitDay(at(8), at(20), "hotel", "inn"), VisitDay(at(8, day=3), at(18, day=3), "inn", "inn")))
        for key in "gh"
    ]
    found = visits(hosts, groups, travel_min=ROADS, trains=trains, seconds=30)
    assert (found.status, found.interest) == ("optimal", 6.0)
    assert sum(stop.key == "D2" for stop in found.stops) <= 1
    check(found, hosts, groups, trains)
    assert found.unvisited == ()


def test_reasons_for_what_is_not_seen():
    hosts = [
        host("small", "park", capacity_persons=5),
        host("closed", "park", 19, 20),
        host("lost", "island"),
        host("dull", "park", interest=0),
    ]
    found = visits(hosts, [one_day()], travel_min=ROADS, seconds=10)
    assert {one.host: one.reasons[0].code for one in found.unvisited} == {
        "small": "meet_host_too_small",
        "closed": "meet_host_closed",
        "lost": "meet_host_no_road",
        "dull": "meet_host_no_interest",
    }


def test_edges():
    assert visits([], [], travel_min={}).status == "optimal"
    assert visits([], [one_day()], travel_min={}).stops == ()
    assert visits([], [one_day(goal="inn")], travel_min=ROADS).status == "infeasible"
    day = VisitDay(at(8), at(12), "hotel", "hotel")
    with pytest.raises(InputError) as caught:
        visits([host("a", "park", 9, 8), host("a", "park")], [Group("g", 3, (day, day))], travel_min={})
    assert {fault.code for fault in caught.value.faults} == {
        "meet_name_twice",
        "meet_span_backwards",
        "meet_days_overlap",
    }
