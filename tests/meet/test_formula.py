"""The formula and its prover: as good as counting all plans, as the other model, and valid by other code."""

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given

from duijie.meet import Builder, plan
from duijie.meet.beside import Beside
from duijie.meet.formula import formula_of
from duijie.meet.prover import Prover
from duijie.meet.prover_process import proven
from duijie.meet.timetable import Placement, Timetable

from .checker import count_breaks, violations
from .test_plan import NINE, QUICK, best_by_counting, day, small_days


def proved(instance):
    """(least breaks, slots by meeting number), or None where there is no plan; in this process."""
    formula = formula_of(instance)
    rows = list(proven(formula.clauses, list(formula.holes), formula.n_variables, len(formula.at)))
    if rows[-1] == {"is_infeasible": True}:
        return None
    choices = list(formula.at)
    bounds = [row["bound"] for row in rows if "bound" in row]
    assert bounds == list(range(1, len(bounds) + 1))
    return len(bounds), dict(choices[literal - 1] for literal in rows[-1]["chosen"])


@QUICK
@given(small_days())
def test_as_good_as_counting_all_plans(instance):
    best = best_by_counting(instance)
    if formula_of(instance) is None:
        assert not instance.meetings or best is None or best[0]
        return
    found = proved(instance)
    if best is None or best[0]:
        assert found is None
        return
    breaks, slots = found
    assert breaks == best[1]
    assert held_by(instance, slots) == []


def held_by(instance, slots):
    """What other code finds wrong with slots by number, each meeting at a table of its own."""
    used: dict[int, int] = {}
    placements = []
    for m, s in slots.items():
        used[s] = used.get(s, -1) + 1
        table = instance.tables[used[s]].key if used[s] < len(instance.tables) else ""
        placements.append(Placement(instance.meetings[m].id, instance.slots[s].key, table))
    return violations(instance, Timetable(instance, "feasible", tuple(placements)), must_place_all=True)


@pytest.mark.parametrize("fairness", [0, 1, 2])
def test_fairness_counts_breaks_both_ways(fairness):
    # Everybody has two meetings and all can have a break: with d = 0 all have none or all have one.
    builder = day(4, 2, "pqrs").meeting("a", "pq", slots=["1"]).meeting("b", "pr", slots=["3"])
    instance = builder.meeting("c", "qs").meeting("d", "rs").build(fairness=fairness)
    breaks, slots = proved(instance)
    assert breaks == best_by_counting(instance)[1]
    assert held_by(instance, slots) == []


def test_more_meetings_than_slots_have_no_plan():
    instance = day(1, 3).meeting("m", "pq").meeting("n", "pr").build()
    assert proved(instance) is None


def test_breaks_that_must_be_are_all_counted():
    builder = Builder().table("A")
    for number in range(1, 24):
        builder.slot(str(number))
    people = [f"q{number}" for number in range(12)]
    for one in ("p", *people):
        builder.person(one)
    for number, one in enumerate(people):
        builder.meeting(f"m{number}", ["p", one], slots=[str(2 * number + 1)])
    # The counter starts with eight breaks and has to grow.
    assert proved(builder.build())[0] == 11


def test_days_and_two_cities_are_kept_apart():
    builder = Builder().table("A", place="x").table("B", place="y")
    for on in (2, 3):
        for hour in (9, 10, 11):
            for place in "xy":
                moment = NINE.replace(day=on, hour=hour)
                builder.slot(f"{on}{hour}{place}", starts_at=moment, ends_at=moment.replace(minute=45), place=place)
    for one in "pqrst":
        builder.person(one)
    builder.meeting("a", "pq", slots=["29x", "29y"]).meeting("b", "pr", slots=["210y"]).meeting("c", "ps")
    instance = builder.meeting("d", "pt", is_online=True, after=["c"]).build(travel_min={("x", "y"): 60.0})
    breaks, slots = proved(instance)
    keys = {instance.meetings[m].id: instance.slots[s].key for m, s in slots.items()}
    found = plan(instance, seconds=20)
    assert found.status == "optimal"
    assert violations(instance, found, must_place_all=True) == []
    assert breaks == found.breaks == sum(count_breaks(instance, found).values()) == 0
    assert keys["a"] == "29y"


def test_too_large_or_empty_days_have_no_formula():
    assert formula_of(day(2, 1).build()) is None
    people = [f"p{number}" for number in range(160)]
    builder = Builder().table("A")
    for number in range(30):
        builder.slot(str(number))
    for one in people:
        builder.person(one)
    for at, one in enumerate(people):
        for other in people[at + 1 : at + 6]:
            builder.meeting(f"{one}{other}", [one, other])
    assert formula_of(builder.build()) is None


def test_the_prover_ends_when_it_is_told():
    # Fifteen meetings at one table in fourteen slots.
    builder = Builder().table("A")
    for number in range(14):
        builder.slot(str(number))
    for number in range(30):
        builder.person(str(number))
    for number in range(15):
        builder.meeting(f"m{number}", [str(2 * number), str(2 * number + 1)])
    prover = Prover(formula_of(builder.build()), seconds=60)
    prover.start()
    started = time.monotonic()
    prover.stop()
    assert time.monotonic() - started < 5
    assert not prover.is_alive()
    assert prover.slots is None


def test_nothing_is_left_behind_when_the_listener_cancels():
    instance = day(3, 1).meeting("m", "pq").meeting("n", "rs").build()

    def cancel(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan(instance, seconds=30, progress=cancel)
    with Beside(instance, None, None, seconds=10, workers=2, seed=0) as beside:
        prover = beside.prover
    assert not prover.is_alive()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_finds_the_same_value(workers):
    builder = day(4, 1, "pqrs").meeting("a", "pq", slots=["1"]).meeting("b", "pr", slots=["3"])
    instance = builder.meeting("c", "qs", after=["b"]).build(fairness=1)
    found = plan(instance, seconds=20, workers=workers)
    assert (found.status, found.breaks) == ("optimal", best_by_counting(instance)[1])
    assert violations(instance, found, must_place_all=True) == []


def test_the_script_needs_nothing_of_this_package():
    script = Path(sys.modules[proven.__module__].__file__).read_text(encoding="utf-8")
    assert not any(line.startswith(("import duijie", "from duijie", "from .")) for line in script.splitlines())


def test_online_meetings_need_no_table():
    builder = Builder().slot("1").slot("2").table("A").person("p").person("q").person("r").person("s")
    instance = builder.meeting("a", "pq", slots=["1"], is_online=True).meeting("b", "rs", slots=["1"]).build()
    breaks, slots = proved(instance)
    assert (breaks, len(slots)) == (0, 2)


def test_most_breaks_of_one_person():
    builder = Builder().slot("1").slot("2").slot("3").table("A").person("p", max_breaks=0).person("q").person("r")
    instance = builder.meeting("a", "pq", slots=["1"]).meeting("b", "pr", slots=["3"]).build()
    assert proved(instance) is None
    found = plan(instance, seconds=5)
    assert (found.status, len(found.unplaced), found.breaks) == ("optimal", 1, 0)
