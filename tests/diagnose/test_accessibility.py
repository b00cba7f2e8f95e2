"""Journeys against a plain label-setting search, a line by hand, and the timetable of 2016."""

import csv
import gzip
import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.diagnose.accessibility import accessibility, market_potential, reachable_share
from duijie.diagnose.travel import Access, Stop, clock_min, earliest_arrival_min, latest_departure_min, timetable
from duijie.errors import InputError


def line(run, *stops):
    """Stops ``(station, minute)``; the train halts for no time."""
    return [Stop(run, station, minute, minute) for station, minute in stops]


TWO = timetable(
    [*line("g1", ("A", 480), ("B", 540), ("C", 600)), *line("g2", ("B", 550), ("D", 640)),
     *line("g3", ("B", 560), ("D", 650)), *line("g4", ("D", 900), ("B", 960), ("A", 1020))],
    as_of="2016-03-10",
)  # fmt: skip


def test_a_change_needs_its_minutes():
    reached = earliest_arrival_min(TWO, [Access("A")], 470, change_min=15)
    assert reached[TWO.index["C"]] == 600
    assert reached[TWO.index["D"]] == 650, "ten minutes are too few for g2"
    assert earliest_arrival_min(TWO, [Access("A")], 470, change_min=10)[TWO.index["D"]] == 640
    assert np.isinf(earliest_arrival_min(TWO, [Access("A")], 481)[TWO.index["C"]])


def test_the_latest_way_back():
    assert latest_departure_min(TWO, [Access("A")], 1100)[TWO.index["D"]] == 900
    assert np.isinf(latest_departure_min(TWO, [Access("A")], 1000)[TWO.index["D"]])


def test_a_day_trip_is_the_time_between():
    found = accessibility(TWO, {"a": [Access("A", 10)], "d": [Access("D", 5)]}, opens_min=420, closes_min=1100)
    assert found.travel.minutes[0, 1] == 10 + 170 + 5
    assert found.stay_min[0, 1] == (900 - 5) - (650 + 5)
    assert found.stay_min[1, 0] == 0
    assert found.travel.as_of == "2016-03-10"
    assert found.day_trip_share == 0.5


def test_a_new_line_is_said_to_be_supposed():
    faster = TWO.with_line([("A", 0), ("D", 60)], first_min=400, last_min=1000, every_min=60, note="if A–D were built")
    before, after = (accessibility(t, {"a": [Access("A")], "d": [Access("D")]}, change_min=15) for t in (TWO, faster))
    assert (before.note, after.note) == ("", "if A–D were built")
    assert after.travel.minutes[0, 1] == 60
    assert after.travel.minutes[1, 0] == 60
    assert before.travel.minutes[0, 1] == 170


def test_times_after_midnight_belong_to_the_next_day():
    night = timetable([Stop("n", "A", math.nan, 1430), Stop("n", "B", 20, 25), Stop("n", "C", 90, math.nan)])
    np.testing.assert_allclose(night.arrive_min, [1460, 1530])
    assert clock_min("00:20:30") == 20.5
    assert math.isnan(clock_min("----"))


def test_stops_without_times_are_all_named():
    with pytest.raises(InputError) as caught:
        timetable([Stop("x", "A", math.nan, math.nan), Stop("x", "B", math.nan, math.nan)])
    assert len(caught.value.faults) == 2


def slow(table, origin, leave, change):
    """Earliest arrivals by label setting on (station, train) states."""
    best = {}
    queue = [(leave, table.index[origin], -1)]
    while queue:
        now, at, sits = heapq.heappop(queue)
        if (at, sits) in best:
            continue
        best[at, sits] = now
        for ride in range(len(table.source)):
            if table.source[ride] != at:
                continue
            wait = 0 if sits in (-1, table.run[ride]) else change
            if table.depart_min[ride] >= now + wait:
                heapq.heappush(queue, (table.arrive_min[ride], table.target[ride], table.run[ride]))
    reached = np.full(len(table.stations), np.inf)
    for (at, _), now in best.items():
        reached[at] = min(reached[at], now)
    return reached


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_scan_finds_what_a_search_finds(seed):
    rng = np.random.default_rng(seed)
    stops = []
    for run in range(8):
        places = rng.permutation(6)[: rng.integers(2, 6)]
        times = 400 + rng.integers(0, 300) + np.cumsum(rng.integers(5, 60, len(places)))
        stops += line(str(run), *((f"s{place}", float(minute)) for place, minute in zip(places, times, strict=True)))
    table = timetable(stops)
    for origin in table.stations:
        found = earliest_arrival_min(table, [Access(origin)], 420, change_min=7)
        expected = slow(table, origin, 420, 7)
        np.testing.assert_allclose(found, expected)


def test_reach_and_potential():
    minutes = np.array([[0, 100, np.nan], [100, 0, 40], [np.nan, 40, 0]])
    np.testing.assert_allclose(reachable_share(minutes, [10, 20, 30], within_min=60), [0, 0.75, 20 / 30])
    np.testing.assert_allclose(market_potential(minutes, [10, 20, 30], own_min=10)[0], 10 / 10 + 20 / 100)


def test_the_timetable_of_2016(shared):
    path = shared / "data" / "hsr_2016" / "stop_times.csv.gz"
    facts = shared / "facts" / "rail.csv"
    if not path.is_file() or not facts.is_file():
        pytest.skip(f"absent: {path}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = timetable(
        (Stop(r["run"], r["station"], clock_min(r["arr_time"]), clock_min(r["dep_time"])) for r in rows),
        as_of="2016-03-10",
    )
    with facts.open(encoding="utf-8") as file:
        pairs = [r for r in csv.DictReader(file) if r["kind"] == "pair"][:12]
    places = {r["from_or_name"]: [Access(r["from_or_name"])] for r in pairs} | {
        r["to_or_code"]: [Access(r["to_or_code"])] for r in pairs
    }
    found = accessibility(table, places)
    names = found.travel.places
    for row in pairs:
        minutes = found.travel.minutes[names.index(row["from_or_name"]), names.index(row["to_or_code"])]
        assert minutes <= float(row["fastest_minutes"]), "with changes it is never slower than the direct train"
        assert minutes > 0.7 * float(row["fastest_minutes"])
