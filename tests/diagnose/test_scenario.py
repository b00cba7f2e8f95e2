"""What-if with saved versions: the same twice, refused on another table, and only what was supposed moves."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.diagnose.scenario import Change, Scenario, compared, counts_digest
from duijie.diagnose.specialization import location_quotient
from duijie.errors import InputError
from duijie.terms import Counts


def table(n=14, m=18, seed=3):
    rng = np.random.default_rng(seed)
    skill, need = rng.uniform(0.2, 1, n), rng.uniform(0, 0.9, m)
    held = rng.random((n, m)) < 1 / (1 + np.exp(-10 * (skill[:, None] - need)))
    values = held * rng.integers(5, 90, (n, m)).astype(float)
    values[0, 0], values[1, 0] = 40, 5
    return Counts(tuple(f"r{at}" for at in range(n)), tuple(f"i{at}" for at in range(m)), values, "firms", "2019")


MOVE = Change("i0", 30, origin="r0", destination="r1")


def test_a_move_takes_here_and_gives_there_and_above():
    counts = table()
    plan = Scenario.on(counts, "a move", [MOVE, Change("i1", 4, destination="r1")], within={"r0": ["r5"], "r1": ["r5"]})
    later = plan.apply(counts)
    moved = later.values - counts.values
    assert moved[0, 0] == -30
    assert moved[1, 0] == 30
    assert moved[1, 1] == 4
    assert moved[5, 0] == 0
    assert moved[5, 1] == 4
    assert np.count_nonzero(moved) == 4
    assert later.note == "a move"


def test_the_difference_holds_what_moved_and_nothing_else():
    counts = table()
    found = compared(Scenario.on(counts, "a move", [MOVE]), counts, "r0", "r1")
    by = {(one.measure, one.region, one.industry): one for one in found.shifts}
    before, after = (
        location_quotient(counts.values),
        location_quotient(Scenario.on(counts, "", [MOVE]).apply(counts).values),
    )
    assert by["amount", "r0", "i0"].after == 10
    assert by["amount", "r1", "i0"].after == 35
    assert (by["quotient", "r1", "i0"].before, by["quotient", "r1", "i0"].after) == (before[1, 0], after[1, 0])
    assert {one.industry for one in found.shifts if one.measure == "amount"} == {"i0"}
    assert {one.region for one in found.shifts} <= {"r0", "r1"}
    assert all(one.before != one.after for one in found.shifts)
    assert json.loads(json.dumps(found.to_dict()))["provenance"]["inputs"]["counts"] == counts_digest(counts)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 17), st.floats(0.5, 9)), max_size=6), st.text(max_size=9))
def test_saved_and_read_it_is_the_same_and_says_the_same(rows, name):
    counts = table()
    plan = Scenario.on(counts, name, [Change(f"i{i}", size, destination=f"r{r}") for r, i, size in rows])
    again = Scenario.from_json(plan.to_json())
    assert again == plan
    assert again.digest == plan.digest
    assert compared(again, counts, "r2", "r3") == compared(plan, counts, "r2", "r3")
    if not rows:
        assert compared(plan, counts, "r2", "r3").shifts == ()


def test_a_version_names_the_one_before_and_follows_the_table():
    counts, newer = table(), table(seed=4)
    first = Scenario.on(counts, "a move", [MOVE])
    with pytest.raises(InputError, match="diagnose_scenario_stale"):
        first.apply(newer)
    second = first.revised(newer, changes=[Change("i0", 1, origin="r0")], note="smaller")
    assert (second.version, second.previous, second.base) == (2, first.digest, counts_digest(newer))
    assert second.apply(newer).note == "a move · smaller"
    assert first.apply(counts).values[0, 0] == 10


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Change("i0", 0, destination="r1"), "diagnose_change_wrong"),
        (Change("i0", float("nan"), destination="r1"), "diagnose_change_wrong"),
        (Change("i0", 1), "diagnose_change_wrong"),
        (Change("i99", 1, destination="r1"), "diagnose_cell_unknown"),
        (Change("i0", 41, origin="r0", destination="r1"), "diagnose_taken_too_much"),
    ],
)
def test_what_cannot_happen_is_refused(change, code):
    with pytest.raises(InputError, match=code):
        Scenario.on(table(), "x", [change])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "duijie-scenario/1"}', '{"format": "other/9"}'])
def test_what_is_no_scenario_is_refused(text):
    with pytest.raises(InputError, match="diagnose_scenario_unreadable"):
        Scenario.from_json(text)


def test_unknown_regions_are_named():
    counts = table()
    with pytest.raises(InputError, match="diagnose_region_unknown"):
        compared(Scenario.on(counts, "x", [MOVE]), counts, "r0", "nowhere")
