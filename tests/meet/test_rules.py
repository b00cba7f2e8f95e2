"""Every hard rule bites: with it a meeting is off and says why; without it it is held, and other code objects."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.meet import Builder, plan
from duijie.meet.instance import Stay

from .checker import violations
from .test_plan import NINE, QUICK


def hour(number):
    return NINE + timedelta(hours=number)


def base(places="x", n_slots=2, **options):
    """Slots of an hour each at every place, one large table a place."""
    builder = Builder()
    for place in places:
        builder.table(f"T{place}", seats=6, place=place, equipment=["screen"])
        for number in range(n_slots):
            builder.slot(f"{place}{number}", starts_at=hour(number), ends_at=hour(number + 1), place=place)
    return builder


def two(builder, first=None, second=None, **meeting):
    return builder.person("p", **(first or {})).person("q", **(second or {})).meeting("m", "pq", **meeting)


def at_first(**options):
    return {"slots": ["x0"], **options}


def absence(on):
    return two(base(), {"unavailable": ["x0"] if on else []}, **at_first()).build()


def late_train(on):
    return two(base(), {"stays": (Stay(hour(0.5 if on else 0), hour(4), "x"),)}, **at_first()).build()


def early_train(on):
    return two(base(), {"stays": (Stay(hour(0), hour(0.5 if on else 1), "x"),)}, **at_first()).build()


def other_city(on):
    return two(base(), {"stays": (Stay(hour(0), hour(4), "y" if on else "x"),)}, **at_first()).build()


def no_interpreter(on):
    builder = two(base(), {"languages": ["zh"]}, {"languages": ["en"]}, **at_first())
    return builder.interpreter("i", ["zh", "fr" if on else "en"]).build()


def interpreter_away(on):
    builder = two(base(), {"languages": ["zh"]}, {"languages": ["en"]}, **at_first())
    return builder.interpreter("i", ["zh", "en"], unavailable=["x0"] if on else []).build()


def interpreter_busy(on):
    builder = two(base(), {"languages": ["zh"]}, {"languages": ["en"]}, **at_first()).table("more", place="x")
    builder.interpreter("i", ["zh", "en"]).person("r", languages=["zh"]).person("s", languages=["en" if on else "zh"])
    return builder.meeting("n", "rs", weight=2, **at_first()).build()


def seats(on):
    builder = Builder().slot("x0", starts_at=hour(0), ends_at=hour(1), place="x").table("T", seats=1 if on else 2)
    return two(builder, **at_first()).build()


def equipment(on):
    return two(base(), equipment=["oven" if on else "screen"], **at_first()).build()


def table_lost(on):
    builder = Builder().slot("x0", starts_at=hour(0), ends_at=hour(1)).table("T", unavailable=["x0"] if on else [])
    return two(builder, **at_first()).build()


def table_taken(on):
    builder = two(base(), **at_first()).person("r").person("s").meeting("n", "rs", weight=2, **at_first())
    return (builder if on else builder.table("more", place="x")).build()


def home_taken(on):
    builder = two(base(), {"home_table": "Tx" if on else ""}, **at_first()).table("more", place="x")
    builder.person("r", home_table="Tx").person("s")
    return builder.meeting("n", "rs", weight=2, **at_first()).build()


def person_busy(on):
    builder = two(base(), **at_first()).table("more", place="x").person("r").person("s")
    return builder.meeting("n", "pr" if on else "sr", weight=2, **at_first()).build()


def whole_delegation(on):
    builder = base().table("more", place="x").person("p").person("q").person("r", unavailable=["x0"])
    return builder.meeting("m", "pqr" if on else "pq", **at_first()).build()


def one_of_delegation(on):
    builder = base().table("more", place="x").person("p").person("a", unavailable=["x0"])
    builder.person("b", unavailable=["x0"] if on else [])
    return builder.meeting("m", "p", one_of=["ab"], **at_first()).build()


def delegate_sits_elsewhere(on):
    builder = base().table("more", place="x").person("p").person("a").person("r")
    builder.meeting("m", "p", one_of=["a"], **at_first())
    return builder.meeting("n", "ar" if on else "r", weight=2, **at_first()).build()


def order(on):
    builder = two(base(), after=["n"] if on else [], **at_first()).person("r").person("s")
    return builder.meeting("n", "rs", weight=2, slots=["x1"]).build()


def journey(on):
    builder = two(base("xy"), **at_first()).person("r").meeting("n", "pr", weight=2, slots=["y1"])
    return builder.build(travel_min={("x", "y"): 30.0 if on else 0.0})


RULES = [
    absence,
    late_train,
    early_train,
    other_city,
    no_interpreter,
    interpreter_away,
    interpreter_busy,
    seats,
    equipment,
    table_lost,
    table_taken,
    home_taken,
    person_busy,
    whole_delegation,
    one_of_delegation,
    delegate_sits_elsewhere,
    order,
    journey,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_bites(rule):
    bound, free = rule(True), rule(False)
    kept, held = plan(bound, seconds=10), plan(free, seconds=10)
    assert (kept.status, held.status) == ("optimal", "optimal")
    assert violations(bound, kept) == []
    assert violations(free, held, must_place_all=True) == []
    assert [one.meeting for one in kept.unplaced] == ["m"]
    assert kept.unplaced[0].reasons
    # The plan that was free of the rule breaks it, and the independent check sees that.
    people = {one.id for one in bound.people}
    assert {one.id for one in free.people} == people
    assert violations(bound, replace(held, instance=bound))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_that_a_required_meeting_breaks_is_a_proven_clash(rule):
    must = replace(rule(True), meetings=tuple(replace(meeting, is_required=True) for meeting in rule(True).meetings))
    found = plan(must, seconds=10)
    assert found.status == "infeasible"
    assert "m" in found.clash[0].values["meetings"]
    may = replace(rule(False), meetings=tuple(replace(one, is_required=True) for one in rule(False).meetings))
    assert plan(may, seconds=10).status == "optimal"


def test_online_meetings_need_no_journey():
    day = two(base("xy"), **at_first(is_online=True)).person("r").meeting("n", "pr", weight=2, slots=["y1"])
    found = plan(day.build(travel_min={("x", "y"): 600.0}), seconds=10)
    assert found.unplaced == ()


@st.composite
def rich_days(draw):
    """Two days, two cities, trains, languages, delegations: what comes together in real life."""
    builder = Builder()
    for on in range(2):
        for place in "xy":
            for number in range(2):
                start = NINE + timedelta(days=on, hours=number)
                builder.slot(f"{on}{place}{number}", starts_at=start, ends_at=start + timedelta(hours=1), place=place)
    builder.table("A", place="x").table("B", place="y", seats=2)
    spoken = st.sampled_from([[], ["zh"], ["en"], ["zh", "en"]])
    for one in "pqrs":
        first = draw(st.integers(0, 26))
        stay = Stay(hour(first), hour(first + draw(st.integers(2, 26))), draw(st.sampled_from(["", "x", "y"])))
        builder.person(one, stays=draw(st.sampled_from([(), (stay,)])), languages=draw(spoken))
    builder.interpreter("i", ["zh", "en"])
    pairs = draw(st.lists(st.sampled_from(["pq", "pr", "ps", "qr", "qs", "rs"]), unique=True, min_size=1, max_size=4))
    for at, pair in enumerate(pairs):
        others = [one for one in "pqrs" if one not in pair]
        builder.meeting(
            f"m{at}",
            pair,
            one_of=[others] if draw(st.integers(0, 3)) == 0 else [],
            is_online=draw(st.integers(0, 3)) == 0,
            after=["m0"] if at and draw(st.integers(0, 3)) == 0 else [],
        )
    return builder.build(travel_min={("x", "y"): 90.0}, fairness=draw(st.sampled_from([None, 1])))


@QUICK
@given(rich_days())
def test_whatever_comes_together_the_plan_is_valid(instance):
    for workers in (1, 2):
        found = plan(instance, seconds=10, workers=workers)
        assert found.status == "optimal"
        assert violations(instance, found) == []
