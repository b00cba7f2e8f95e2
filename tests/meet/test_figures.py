"""Numbers of visits and meetings: the examples of reports, each number beyond its range, texts and truths."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.cli import told, verbs
from duijie.data import sentence
from duijie.errors import InputError
from duijie.meet import visits
from duijie.meet.figures import COUNT, MINUTES, ROAD, WORTH, number, whole
from duijie.meet.files import from_dict, read_csv
from duijie.meet.visit import Group, Host, Train, VisitDay, read_visits

CASES = Path(os.environ.get("DUIJIE_SHARED", "/none")) / "cases" / "visits"
ZONE = timezone(timedelta(hours=8))
OPENS, CLOSES = datetime(2026, 3, 2, 9, tzinfo=ZONE), datetime(2026, 3, 2, 17, tzinfo=ZONE)
HOST = Host("mill", "west", ((OPENS, CLOSES),))
GROUP = Group("g", 12, (VisitDay(OPENS, CLOSES, "hotel", "inn"),))
ROADS = {("hotel", "west"): 20, ("west", "inn"): 25}
VISIT: dict[str, Any] = {
    "hosts": [{"key": "mill", "place": "west", "windows": [[OPENS.isoformat(), CLOSES.isoformat()]]}],
    "groups": [{"key": "g", "n_persons": 12, "days": []}],
    "travel_min": [["hotel", "west", 20]],
}
DAY: dict[str, Any] = {
    "slots": [{"key": "1"}],
    "tables": [{"key": "A"}],
    "people": [{"id": "p"}, {"id": "q"}],
    "meetings": [{"id": "m", "people": ["p", "q"]}],
}


def codes(error: InputError) -> list[tuple[str, str]]:
    """Code and key of each fault; each has its sentence in both languages."""
    for fault in error.faults:
        for language in ("zh", "en"):
            assert "{" not in sentence(fault.code, language, fault.values) != fault.code
    return [(fault.code, str(fault.where.get("key", ""))) for fault in error.faults]


# what the three examples hold, should the folder of examples not be at hand
REPORTED = {
    "v2_negative_travel": ({"travel_min": [["hotel", "west", 0], ["west", "inn", -5]]}, "travel_min"),
    "v6_negative_visit": ({"hosts": [{**VISIT["hosts"][0], "visit_min": -90}]}, "visit_min"),
    "v7_negative_travel": ({"travel_min": [["hotel", "west", -60], ["west", "inn", 25]]}, "travel_min"),
}


@pytest.mark.parametrize("name", REPORTED)
def test_the_reported_files_are_refused(name: str, tmp_path: Path) -> None:
    """Minutes before the way or the visit begins are a fault at their place, on the command line too."""
    change, key = REPORTED[name]
    path = CASES / f"{name}.json"
    if not path.exists():
        path = tmp_path / "visit.json"
        path.write_text(json.dumps(VISIT | change), encoding="utf-8")
    with pytest.raises(InputError, match="meet_visit_faults") as caught:
        read_visits(path)
    [(code, where)] = codes(caught.value)
    assert (code, where) == ("meet_whole_wrong" if key == "visit_min" else "meet_number_wrong", key)
    with pytest.raises(InputError) as refused:
        verbs(["meet", "visits", str(path), "--seconds", "2"], standalone_mode=False)
    said = told(refused.value, "zh")
    assert key in said
    assert any(value in said for value in ("-5", "-60", "-90"))


ODD = [-1, -0.5, float("nan"), float("inf"), float("-inf"), 1e400, 10**400, True, "60", None, [60]]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "place", ["visit_min", "capacity_persons", "interest", "n_persons", "interests", "seats", "road"]
)
def test_every_number_of_a_visit_has_a_kind(place: str, value: Any) -> None:
    """Negative, infinite, no number, a truth, a text or nothing: a fault with host, group, train or way."""
    hosts, groups, roads, trains = [HOST], [GROUP], dict(ROADS), [Train("G1", "a", "b", OPENS, CLOSES, 1)]
    if place in ("visit_min", "capacity_persons", "interest"):
        hosts = [replace(HOST, **{place: value})]
    elif place == "n_persons":
        groups = [replace(GROUP, n_persons=value)]
    elif place == "interests":
        groups = [replace(GROUP, interests={"mill": value})]
    elif place == "seats":
        if value is None:
            return  # enough seats
        trains = [replace(trains[0], seats=value)]
    else:
        roads["west", "inn"] = value
    with pytest.raises(InputError, match="meet_visit_faults") as caught:
        visits(hosts, groups, travel_min=roads, trains=trains)
    [(code, key)] = codes(caught.value)
    assert code in ("meet_whole_wrong", "meet_number_wrong")
    assert key.split(".")[0] == {"road": "travel_min"}.get(place, place)


def test_all_faults_of_a_visit_at_once() -> None:
    """Numbers, names and spans are named together."""
    with pytest.raises(InputError) as caught:
        visits(
            [replace(HOST, visit_min=-1), replace(HOST, windows=((CLOSES, OPENS),))],
            [GROUP],
            travel_min={("hotel", "west"): float("nan")},
            board_min=-30,
        )
    assert [code for code, _ in codes(caught.value)] == [
        "meet_whole_wrong",
        "meet_number_wrong",
        "meet_whole_wrong",
        "meet_name_twice",
        "meet_span_backwards",
    ]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"travel_min": [["a", "b", -5]]}, "travel_min"),
        ({"travel_min": [["a", "b", 20_000]]}, "travel_min"),
        ({"fairness": -1}, "fairness"),
        ({"weights": {"unplaced": -1}}, "weights.unplaced"),
        ({"weights": {"breaks": 1e12}}, "weights.breaks"),
        ({"tables": [{"key": "A", "seats": -4}]}, "seats"),
        ({"people": [{"id": "p", "max_breaks": -1}, {"id": "q"}]}, "max_breaks"),
        ({"meetings": [{"id": "m", "people": ["p", "q"], "score": 1e20}]}, "score"),
    ],
)
def test_numbers_of_a_day_beyond_their_range(change: dict[str, Any], key: str) -> None:
    """A number of a meeting day that cannot be is a fault with its place."""
    with pytest.raises(InputError, match="meet_instance_faults") as caught:
        from_dict(DAY | change)
    assert [where for _, where in codes(caught.value)] == [key]


@pytest.mark.parametrize(
    "change",
    [
        {"travel_min": [["a", "b", float("nan")]]},
        {"travel_min": [["a", "b", True]]},
        {"travel_min": [["a", "b", "soon"]]},
        {"fairness": 1.5},
        {"fairness": True},
        {"weights": {"spread": float("inf")}},
        {"weights": {"spread": "much"}},
        {"tables": [{"key": "A", "seats": 4.7}]},
        {"tables": [{"key": "A", "seats": True}]},
        {"people": [{"id": "p", "is_vip": "no"}, {"id": "q"}]},
        {"meetings": [{"id": "m", "people": ["p", "q"], "weight": float("nan")}]},
        {"meetings": [{"id": "m", "people": ["p", "q"], "weight": "1,5"}]},
        {"meetings": [{"id": "m", "people": ["p", "q"], "is_required": 1}]},
    ],
    ids=repr,
)
def test_what_is_no_number_or_truth_of_a_day(change: dict[str, Any]) -> None:
    """A text, a truth or half a seat is never rounded or taken for something else."""
    with pytest.raises(InputError, match="meet_instance_faults"):
        from_dict(DAY | change)


def test_truths_of_a_table_are_a_closed_list(tmp_path: Path) -> None:
    """是 and 否 are read; a word that is neither is a fault and not a no."""
    (tmp_path / "meetings.csv").write_text("id,people,is_required\nm,p;q,否\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("id,is_vip\np,是\nq,0\n", encoding="utf-8")
    read = read_csv(tmp_path)
    assert [one.is_vip for one in read.people] == [True, False]
    assert not read.meetings[0].is_required
    (tmp_path / "people.csv").write_text("id,is_vip\np,maybe\nq,0\n", encoding="utf-8")
    with pytest.raises(InputError, match="meet_instance_faults") as caught:
        read_csv(tmp_path)
    assert [fault.where for fault in caught.value.faults] == [{"file": "people.csv", "row": 2, "key": "is_vip"}]


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_whole_numbers_are_read_as_written(value: int) -> None:
    """A whole number of JSON and the text of a cell are the same number."""
    assert whole(value) == whole(str(value)) == value


@given(st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9))
def test_numbers_are_read_as_written(value: float) -> None:
    """A number is itself, as a value and as text of up to fifteen digits."""
    assert number(value) == value
    assert number(f"{value:.6f}") == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    "value", ["", " ", "x", "1e", "nan", "inf", "1_0", "１２x", "0x10", "--1", True, None, [1], 1e300, 1e301]
)
def test_what_no_number_is(value: object) -> None:
    """Neither reader guesses."""
    for read in (whole, number):
        with pytest.raises(ValueError, match=r"^"):
            read(value)


def test_ranges_hold_their_ends() -> None:
    """Least and most are within."""
    for one in (MINUTES, ROAD, COUNT, WORTH):
        assert one.holds(int(one.least))
        assert one.holds(int(one.most))
        assert not one.holds(int(one.most) + 1)
