"""The question of an exchange day: what contradicts itself is a fault at its place, all of them at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from duijie.data import sentence
from duijie.errors import InputError
from duijie.meet import Builder
from duijie.meet.instance import Stay, names

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEN, ELEVEN, NOON = (NINE + timedelta(hours=n) for n in (1, 2, 3))


def day() -> Builder:
    """Two hours, a table, three people."""
    builder = Builder().slot("1", starts_at=NINE, ends_at=TEN).slot("2", starts_at=TEN, ends_at=ELEVEN).table("A")
    return builder.person("p").person("q").person("r")


def told(builder: Builder, **options: Any) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Code, place and values of each fault; fails where there is none."""
    with pytest.raises(InputError, match="meet_instance_faults") as caught:
        builder.build(**options)
    assert caught.value.values == {"n": len(caught.value.faults)}
    for one in caught.value.faults:
        assert "{" not in sentence(one.code, "zh", one.values) != one.code
    return [(one.code, dict(one.where), dict(one.values)) for one in caught.value.faults]


def test_what_stands_twice_is_named() -> None:
    """Of every list; once each, however often it stands there."""
    builder = day().slot("2").table("A").table("A").person("q").interpreter("i", "ab").interpreter("i", "ab")
    builder.meeting("m", "pr").meeting("m", "pr")
    lists = (("slots", "2"), ("tables", "A"), ("people", "q"), ("meetings", "m"), ("interpreters", "i"))
    found = [one for one in told(builder) if one[0] == "meet_name_twice"]
    assert found == [("meet_name_twice", {"list": name}, {"name": key}) for name, key in lists]


def test_names_nobody_knows_are_named_where_they_stand() -> None:
    """People, slots and meetings of a meeting; slots in which somebody or something is away; a table."""
    builder = day().person("s", unavailable=["8", "1"], home_table="Z").table("B", unavailable=["9"])
    builder.interpreter("i", "ab", unavailable=["7"])
    builder.meeting("m", ["p", "x"], one_of=[["q", "y"]], slots=["5", "1", "4"], after=["z"])
    assert told(builder) == [
        ("meet_name_unknown", {"meeting": "m", "key": "people"}, {"name": "x"}),
        ("meet_name_unknown", {"meeting": "m", "key": "people"}, {"name": "y"}),
        ("meet_name_unknown", {"meeting": "m", "key": "slots"}, {"name": "4"}),
        ("meet_name_unknown", {"meeting": "m", "key": "slots"}, {"name": "5"}),
        ("meet_name_unknown", {"meeting": "m", "key": "after"}, {"name": "z"}),
        ("meet_name_unknown", {"key": "unavailable", "of": "s"}, {"name": "8"}),
        ("meet_name_unknown", {"key": "unavailable", "of": "i"}, {"name": "7"}),
        ("meet_name_unknown", {"key": "unavailable", "of": "B"}, {"name": "9"}),
        ("meet_name_unknown", {"person": "s", "key": "home_table"}, {"name": "Z"}),
    ]


def test_a_meeting_needs_people_and_a_weight() -> None:
    """Nobody twice, somebody at all, and a weight above nothing and below all bounds."""
    builder = day().meeting("twice", "pp").meeting("none", []).meeting("delegation", [], one_of=["pq"])
    for key, weight in (("a", 0), ("b", -1), ("c", 1e9), ("d", 1e-9), ("e", 999_999_999)):
        builder.meeting(key, "pq", weight=weight)
    assert told(builder) == [
        ("meet_people_wrong", {"meeting": "twice"}, {"people": ["p", "p"]}),
        ("meet_people_wrong", {"meeting": "none"}, {"people": []}),
        ("meet_weight_wrong", {"meeting": "a"}, {"weight": 0}),
        ("meet_weight_wrong", {"meeting": "b"}, {"weight": -1}),
        ("meet_weight_wrong", {"meeting": "c"}, {"weight": 1e9}),
    ]


def test_nobody_is_at_two_places_at_once() -> None:
    """A stay ends after it begins, and the next one elsewhere begins when it is over, in whatever order they stand."""
    sound = (Stay(TEN, ELEVEN, "y"), Stay(NINE, TEN, "x"), Stay(ELEVEN, NOON, "x"), Stay(ELEVEN, NOON, "x"))
    assert day().person("s", stays=sound).build().people[-1].stays == sound
    builder = day().person("s", stays=(Stay(TEN, TEN),)).person("t", stays=(Stay(NOON, TEN),))
    builder.person("u", stays=(Stay(TEN, NOON, "y"), Stay(NINE, ELEVEN, "x"))).person("v", stays=sound)
    assert told(builder) == [
        ("meet_stay_backwards", {"person": "s"}, {"starts_at": str(TEN)}),
        ("meet_stay_backwards", {"person": "t"}, {"starts_at": str(NOON)}),
        ("meet_stays_overlap", {"person": "u"}, {"starts_at": str(TEN)}),
    ]


@pytest.mark.parametrize(
    ("slot", "found"),
    [
        ({}, ("meet_slots_half_timed", {"list": "slots"}, {})),
        ({"starts_at": ELEVEN}, ("meet_slots_half_timed", {"list": "slots"}, {})),
        ({"starts_at": ELEVEN, "ends_at": NOON.replace(tzinfo=None)}, ("meet_slots_half_timed", {"list": "slots"}, {})),
        ({"starts_at": ELEVEN, "ends_at": ELEVEN}, ("meet_slot_backwards", {"slot": "3"}, {})),
        ({"starts_at": NOON, "ends_at": ELEVEN}, ("meet_slot_backwards", {"slot": "3"}, {})),
    ],
)
def test_slots_have_times_that_go_forward(slot: dict[str, Any], found: object) -> None:
    """All of them or none, with their zone."""
    assert told(day().slot("3", **slot)) == [found]


def test_stays_need_slots_with_times() -> None:
    """Without clock times nobody can tell whether a person is there."""
    stay = Stay(NINE, TEN)
    assert told(Builder().slot("1").person("p", stays=(stay,))) == [("meet_stays_need_times", {"list": "slots"}, {})]
    assert Builder().slot("1").person("p").build().slots[0].starts_at is None
    assert Builder().person("p").build().slots == ()


def test_meetings_that_wait_for_each_other_are_named() -> None:
    """Those in the circle and behind it; one that waits for another in good order is none."""
    builder = day().meeting("a", "pq").meeting("b", "pr", after=["a"]).meeting("c", "qr", after=["b"])
    assert builder.build().meeting_index == {"a": 0, "b": 1, "c": 2}
    builder.meeting("m", "pq", after=["n"]).meeting("n", "pr", after=["m", "a"]).meeting("o", "qr", after=["n"])
    assert told(builder) == [("meet_order_circle", {"key": "after"}, {"meetings": ["m", "n", "o"]})]


def test_numbers_of_a_day_are_told_with_their_place() -> None:
    """Seats, breaks, scores, fairness, minutes; what is not said is no number."""
    builder = day().table("B", seats=-1).person("s", max_breaks=-1).meeting("m", "pq", score=2e9)
    found = told(builder, fairness=-1, travel_min={("x", "y"): -5.0})
    assert [(code, where) for code, where, _ in found] == [
        ("meet_whole_wrong", {"table": "B", "key": "seats"}),
        ("meet_whole_wrong", {"person": "s", "key": "max_breaks"}),
        ("meet_number_wrong", {"meeting": "m", "key": "score"}),
        ("meet_whole_wrong", {"key": "fairness"}),
        ("meet_number_wrong", {"key": "travel_min", "from": "x", "to": "y"}),
    ]
    for score in (-1e9, 0, 1e9):
        assert day().meeting("m", "pq", score=score).build().meetings[0].score == score


def test_keys_are_welcome_in_any_collection() -> None:
    """What is asked about by its key is found at its place; people are called by their names."""
    builder = day().person("s", name="甲", languages=["zh", "zh"]).table("B", equipment=["screen"])
    found = builder.meeting("m", iter("ps"), one_of=[iter("qr")], slots=iter("1"), after=[]).build()
    assert (found.people[3].languages, found.tables[1].equipment) == (frozenset({"zh"}), frozenset({"screen"}))
    meeting = found.meetings[0]
    assert (meeting.people, meeting.one_of, meeting.slots) == (("p", "s"), (("q", "r"),), frozenset("1"))
    assert (found.slot_index["2"], found.table_index["B"], found.person_index["s"]) == (1, 1, 3)
    assert names(found, ["s", "p"]) == ["甲", "p"]
