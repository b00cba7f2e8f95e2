"""Plans of days with every kind of rule: valid by other code, best by counting all, clear at the edges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duijie.meet import Builder, exchange_day, plan
from duijie.meet.generate import generated_day
from duijie.meet.instance import Interpreter, Meeting, Person, Slot, Stay, Table
from duijie.meet.timetable import Placement, Timetable

from .checker import count_breaks, violations

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def day(n_slots=3, n_tables=1, people="pqrs"):
    builder = Builder()
    for number in range(n_slots):
        builder.slot(str(number + 1))
    for number in range(n_tables):
        builder.table("ABCDEFG"[number])
    for one in people:
        builder.person(one)
    return builder


@st.composite
def small_days(draw):
    n_slots = draw(st.integers(1, 4))
    keys = [str(number + 1) for number in range(n_slots)]
    some = st.sets(st.sampled_from(keys), max_size=2)
    builder = day(n_slots, draw(st.integers(0, 2)), "")
    for one in "pqrs":
        builder.person(one, unavailable=draw(some))
    pairs = draw(st.lists(st.sampled_from(["pq", "pr", "ps", "qr", "qs", "rs"]), unique=True, max_size=4))
    for at, pair in enumerate(pairs):
        builder.meeting(
            f"m{at}",
            pair,
            weight=draw(st.sampled_from([1.0, 2.0])),
            after=["m0"] if at == 2 and draw(st.booleans()) else [],
            is_required=draw(st.integers(0, 5)) == 0,
            slots=draw(st.none() | st.sets(st.sampled_from(keys), min_size=1)),
        )
    return builder.build(fairness=draw(st.sampled_from([None, 0, 1])))


def best_by_counting(instance):
    """(unplaced weight, breaks, spread) of the best valid plan among all plans there are, or None."""
    found = []
    choices = [slot.key for slot in instance.slots] + [""]
    for chosen in product(choices, repeat=len(instance.meetings)):
        used = {}
        placements = []
        for meeting, slot in zip(instance.meetings, chosen, strict=True):
            if slot:
                used[slot] = used.get(slot, -1) + 1
                if used[slot] >= len(instance.tables):
                    break
                placements.append(Placement(meeting.id, slot, instance.tables[used[slot]].key))
        else:
            left = [meeting for meeting, slot in zip(instance.meetings, chosen, strict=True) if not slot]
            table = Timetable(instance, "feasible", tuple(placements), tuple(_Left(one.id) for one in left))
            if not violations(instance, table):
                breaks = count_breaks(instance, table).values()
                found.append((sum(one.weight for one in left), sum(breaks), max(breaks) - min(breaks)))
    return min(found, default=None)


class _Left:
    def __init__(self, meeting):
        self.meeting = meeting


@QUICK
@given(small_days())
def test_as_good_as_counting_all_plans(instance):
    found = plan(instance, seconds=20, workers=1)
    best = best_by_counting(instance)
    if best is None:
        assert found.status == "infeasible"
        assert found.clash
        return
    assert violations(instance, found) == []
    assert found.status == "optimal"
    breaks = count_breaks(instance, found)
    weight = sum(instance.meetings[instance.meeting_index[one.meeting]].weight for one in found.unplaced)
    assert (weight, sum(breaks.values()), max(breaks.values()) - min(breaks.values())) == best
    assert found.breaks_by_person == breaks
    assert found.gap == 0
    assert all(one.reasons for one in found.unplaced)


def test_every_kind_of_rule_at_once():
    slots = tuple(
        Slot(f"{place}{n}", NINE + timedelta(minutes=30 * n), NINE + timedelta(minutes=30 * n + 30), place)
        for n in range(8)
        for place in "xy"
    )
    tables = (
        Table("small", 2, frozenset(), "x"),
        Table("large", 6, frozenset({"screen"}), "x", frozenset({"x0"})),
        Table("far", 4, frozenset(), "y"),
    )
    train = (Stay(NINE + timedelta(minutes=60), NINE + timedelta(minutes=240), "x"),)
    people = (
        Person("host", languages=frozenset({"zh"}), is_vip=True, home_table="large", max_breaks=0),
        Person("guest", languages=frozenset({"en"}), stays=train),
        Person("maker", languages=frozenset({"zh", "en"}), unavailable=frozenset({"x3", "y3"})),
        Person("a1", languages=frozenset({"zh"})),
        Person("a2", languages=frozenset({"zh"})),
        Person("far", languages=frozenset({"zh"}), stays=(Stay(NINE, NINE + timedelta(minutes=240), "y"),)),
    )
    meetings = (
        Meeting("h-g", ("host", "guest")),
        Meeting("h-m", ("host", "maker"), after=("h-g",)),
        Meeting("g-m", ("guest", "maker"), equipment=frozenset({"screen"})),
        Meeting("m-any", ("maker",), one_of=(("a1", "a2"),)),
        Meeting("a1-g", ("a1", "guest")),
        Meeting("far-m", ("far", "maker")),
        Meeting("far-h", ("far", "host"), is_online=True),
        Meeting("fixed", ("a1", "a2"), slots=frozenset({"x7"})),
        Meeting("never", ("far", "guest")),
    )
    interpreters = (Interpreter("i", frozenset({"zh", "en"}), frozenset({"x2"})),)
    instance = Builder().build()
    instance = replace(
        instance,
        slots=slots,
        tables=tables,
        people=people,
        meetings=meetings,
        interpreters=interpreters,
        travel_min={("x", "y"): 60.0},
        fairness=2,
    )
    found = plan(instance, seconds=30)
    assert violations(instance, found) == []
    assert found.status == "optimal"
    assert [(one.meeting, one.reasons[0].code) for one in found.unplaced] == [("never", "meet_no_common_slot")]
    assert found.slots["fixed"] == "x7"


def test_a_person_with_more_meetings_than_slots_loses_the_lightest():
    instance = day(2, 2).meeting("m", "pq", weight=3).meeting("n", "pr", weight=1).meeting("o", "ps", weight=2).build()
    found = plan(instance, seconds=10)
    assert [one.meeting for one in found.unplaced] == ["n"]
    assert found.unplaced[0].reasons[0].code == "meet_person_busy"
    assert found.status == "optimal"
    assert found.objective == instance.weights.unplaced * 1.0


def test_contradictory_locks_are_named():
    builder = day(2, 2).meeting("m", "pq", slots=["1"], is_required=True)
    instance = builder.meeting("n", "pr", slots=["1"], is_required=True).meeting("o", "rs", is_required=True).build()
    found = plan(instance, seconds=10)
    assert found.status == "infeasible"
    assert found.clash[0].values["meetings"] == ["m", "n"]
    assert "meet_clash_slots" in {reason.code for reason in found.clash}


@pytest.mark.parametrize("n_people", [0, 1, 2])
def test_no_meetings_at_all(n_people):
    found = plan(day(2, 1, "pq"[:n_people]).build(), seconds=5)
    assert (found.status, found.placements, found.objective, found.gap) == ("optimal", (), 0, 0)


def test_no_tables_and_no_slots_leave_all_unplaced_with_reasons():
    for instance in (day(2, 0).meeting("m", "pq").build(), day(0, 1).meeting("m", "pq").build()):
        found = plan(instance, seconds=5)
        assert found.status == "optimal"
        assert [reason.code for reason in found.unplaced[0].reasons] in (["meet_no_tables"], ["meet_no_slots"])


def test_required_without_a_table_is_infeasible():
    found = plan(day(2, 0).meeting("m", "pq", is_required=True).build(), seconds=5)
    assert found.status == "infeasible"
    assert [reason.code for reason in found.clash] == ["meet_clash", "meet_no_tables"]


def test_a_large_day_has_a_plan_at_once_and_keeps_to_its_time():
    instance = generated_day(300, 1200, seed=3)
    found = plan(instance, seconds=4)
    assert violations(instance, found, must_place_all=True) == []
    assert found.first_seconds is not None
    assert found.status == "feasible"
    assert found.breaks == sum(count_breaks(instance, found).values())


def test_a_listener_that_raises_cancels_the_search():
    def cancel(label, done, total):
        raise KeyError(label)

    with pytest.raises(KeyError):
        plan(generated_day(20, 60, n_slots=8, seed=2), seconds=20, progress=cancel)


def test_the_same_seed_gives_the_same_plan():
    instance = generated_day(12, 30, n_slots=7, seed=5)
    one, other = (plan(instance, seconds=20, seed=4, workers=1) for _ in range(2))
    assert one.status == "optimal"
    assert one.slots == other.slots
    assert one.provenance.inputs == other.provenance.inputs


def test_exchange_day_of_matches():
    people = [{"id": one, "name": one.upper(), "region": "1" if one < "m" else "2"} for one in "abxyz"]
    matches = [
        {"id": f"{a}-{b}", "people": [a, b], "kind": "supply", "score": score}
        for a, b, score in (("a", "x", 0.9), ("a", "y", 0.5), ("b", "x", 0.7), ("b", "x", 0.2))
    ]
    matches[3]["id"] = "again"
    instance = exchange_day(matches, people, on="2026-03-02", place="hall", n_tables=2)
    found = plan(instance, seconds=10)
    document = found.to_dict()
    assert violations(instance, found) == []
    assert {row["match"] for row in document["meetings"]} == {"a-x", "a-y", "b-x"}
    assert {row["id"] for row in document["people"]} == {"a", "b", "x", "y"}
    assert document["meetings"][0]["starts_at"].endswith("+08:00")
    assert document["breaks"] == 0
