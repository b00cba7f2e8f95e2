"""The question of a study visit: read from its file with every default, checked as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from duijie.errors import InputError
from duijie.meet.visit import Group, Host, Train, VisitDay, check_visit, read_visits

ZONE = timezone(timedelta(hours=8))
NINE, TEN, NOON = (datetime(2026, 3, 2, hour, tzinfo=ZONE) for hour in (9, 10, 12))
HOST = Host("mill", "west", ((NINE, NOON),))
GROUP = Group("g", 12, (VisitDay(NINE, NOON, "hotel", "inn"),))
TRAIN = Train("G1", "a", "b", NINE, NOON)
SOUND: dict[str, Any] = {"hosts": [HOST], "groups": [GROUP], "trains": [TRAIN], "travel_min": {}, "board_min": 30}


def told(**changes: Any) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Code, place and values of each fault of a question that is sound but for the changes."""
    faults: tuple[Any, ...] = ()
    try:
        check_visit(**(SOUND | changes))
    except InputError as error:
        faults = error.faults
    return [(one.code, dict(one.where), dict(one.values)) for one in faults]


@pytest.mark.parametrize(
    ("changes", "place", "least", "most"),
    [
        (lambda n: {"hosts": [replace(HOST, visit_min=n)]}, {"host": "mill", "key": "visit_min"}, 0, 1440),
        (
            lambda n: {"hosts": [replace(HOST, capacity_persons=n)]},
            {"host": "mill", "key": "capacity_persons"},
            0,
            10**6,
        ),
        (lambda n: {"hosts": [replace(HOST, interest=n)]}, {"host": "mill", "key": "interest"}, 0, 10**6),
        (lambda n: {"groups": [replace(GROUP, n_persons=n)]}, {"group": "g", "key": "n_persons"}, 0, 10**6),
        (
            lambda n: {"groups": [replace(GROUP, interests={"mill": n})]},
            {"group": "g", "key": "interests.mill"},
            0,
            10**6,
        ),
        (lambda n: {"trains": [replace(TRAIN, seats=n)]}, {"train": "G1", "key": "seats"}, 0, 10**6),
        (lambda n: {"travel_min": {("a", "b"): n}}, {"key": "travel_min", "from": "a", "to": "b"}, 0, 10_080),
        (lambda n: {"board_min": n}, {"key": "board_min"}, 0, 1440),
    ],
)
def test_every_number_has_its_bounds(changes: Any, place: dict[str, str], least: int, most: int) -> None:
    """A visit and a boarding are within a day, a way within a week, people and seats up to a million."""
    assert not told(**changes(least))
    assert not told(**changes(most))
    for beyond in (least - 1, most + 1):
        [(code, where, values)] = told(**changes(beyond))
        assert code in ("meet_whole_wrong", "meet_number_wrong")
        assert (where, values) == (place, {"value": str(beyond), "least": str(least), "most": f"{most:,}"})


def test_a_value_that_is_none_is_shown_up_to_eighty_signs() -> None:
    """A text of any length may stand where a number should."""
    [(_, _, values)] = told(board_min="x" * 99)
    assert values["value"] == "x" * 80


def test_names_stand_once() -> None:
    """A train may run on several days under one number; each of them stands once."""
    later = replace(TRAIN, departs_at=TEN)
    assert not told(trains=[TRAIN, later])
    assert told(hosts=[HOST, HOST, HOST], groups=[GROUP, GROUP], trains=[TRAIN, later, TRAIN]) == [
        ("meet_name_twice", {"list": "hosts"}, {"name": "mill"}),
        ("meet_name_twice", {"list": "groups"}, {"name": "g"}),
        ("meet_name_twice", {"list": "trains"}, {"name": f"G1 {NINE}"}),
    ]


def test_spans_go_forward_and_days_follow_each_other() -> None:
    """Opening hours, days and rides; two days may touch."""
    days = tuple(VisitDay(start, end, "a", "b") for start, end in ((TEN, NOON), (NINE, TEN)))
    assert not told(groups=[replace(GROUP, days=days)])
    backwards = {
        "hosts": [replace(HOST, windows=((NINE, TEN), (NOON, NOON)))],
        "groups": [replace(GROUP, days=(VisitDay(NOON, TEN, "a", "b"),))],
        "trains": [replace(TRAIN, arrives_at=NINE)],
    }
    assert told(**backwards) == [
        ("meet_span_backwards", {"host": "mill"}, {"starts_at": str(NOON)}),
        ("meet_span_backwards", {"group": "g"}, {"starts_at": str(NOON)}),
        ("meet_span_backwards", {"train": "G1"}, {"starts_at": str(NINE)}),
    ]
    overlap = (VisitDay(TEN, NOON, "a", "b"), VisitDay(NINE, TEN + timedelta(minutes=1), "a", "b"))
    assert told(groups=[replace(GROUP, days=overlap)]) == [
        ("meet_days_overlap", {"group": "g"}, {"starts_at": str(TEN)})
    ]


def test_a_group_has_interests_of_its_own() -> None:
    """They replace the host's; where it says nothing, the host's holds."""
    other = replace(HOST, key="lab", interest=3.0)
    group = replace(GROUP, interests={"mill": 0.5})
    assert [group.interest(one) for one in (HOST, other)] == [0.5, 3.0]
    assert GROUP.interest(other) == 3.0


WHOLE: dict[str, Any] = {
    "hosts": [{"key": "mill", "place": "west", "windows": [[NINE.isoformat(), NOON.isoformat()]]}],
    "groups": [
        {
            "key": "g",
            "n_persons": 12,
            "days": [
                {
                    "starts_at": NINE.isoformat(),
                    "ends_at": NOON.isoformat(),
                    "start_place": "hotel",
                    "end_place": "inn",
                }
            ],
        }
    ],
    "trains": [
        {"number": "G1", "origin": "a", "goal": "b", "departs_at": NINE.isoformat(), "arrives_at": NOON.isoformat()}
    ],
    "travel_min": [["hotel", "west", 20], ["west", "hotel", 25.5]],
}


def _read(folder: Path, document: Any) -> dict[str, Any]:
    path = folder / "visit.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_visits(path)


def test_a_file_is_what_it_says(tmp_path: Path) -> None:
    """Each part of it, and what holds where it says nothing; a letter in it is for others to read."""
    roads = {("hotel", "west"): 20, ("west", "hotel"): 25.5}
    wanted = {"hosts": [HOST], "groups": [GROUP], "trains": [TRAIN], "travel_min": roads, "board_min": 30}
    assert _read(tmp_path, WHOLE) == wanted
    assert _read(tmp_path, WHOLE | {"board_min": 45, "letter": {"inviter": "x"}}) == wanted | {"board_min": 45}
    assert _read(tmp_path, {}) == {"hosts": [], "groups": [], "trains": [], "travel_min": {}, "board_min": 30}
    assert (HOST.visit_min, HOST.capacity_persons, HOST.interest) == (60, 20, 1.0)


@pytest.mark.parametrize(
    ("change", "code", "where", "values"),
    [
        (
            {"travel_min": [["a", "b", 5], ["b", "a", 5], ["a", "b", 6], ["a", "b", 5]]},
            "meet_road_twice",
            {"key": "travel_min", "from": "a", "to": "b"},
            {"n": 3},
        ),
        ({"board_min": -1}, "meet_whole_wrong", {"key": "board_min"}, {"value": "-1", "least": "0", "most": "1,440"}),
        ({"board_min": "x"}, "value_whole", {"file": "visit.json", "key": "board_min"}, {"value": "x"}),
    ],
)
def test_what_does_not_fit_is_told(
    tmp_path: Path, change: dict[str, Any], code: str, where: dict[str, str], values: dict[str, Any]
) -> None:
    """A way given twice, a number beyond its bounds, a text where a number should stand."""
    with pytest.raises(InputError, match="meet_visit_faults") as caught:
        _read(tmp_path, WHOLE | change)
    [fault] = caught.value.faults
    assert (fault.code, fault.where, fault.values) == (code, where, values)
    assert caught.value.values == {"n": 1}
