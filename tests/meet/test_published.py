"""The published instances: proven equal to the published optima, checked by other code."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from duijie.meet import plan
from duijie.meet.dzn import read_dzn

from .checker import count_breaks, violations

FOLDER = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "b2bsp"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="published meeting instances are not in DUIJIE_SHARED")

QUICK = {"forumt-14": 5, "forumt-14crafd": 4, "tic-12": 0, "tic-13": 0, "tic-14crafa": 0, "tic-14crafd": 0}
LONG = {"forum-13": 0, "forum-14": 2, "ticf-13crafb": 3, "ticf-14crafa": 0}


def solved(name, *, seconds, fairness=2):
    instance = read_dzn(FOLDER / f"{name}.original.dzn", fairness=fairness)
    return instance, plan(instance, seconds=seconds)


@pytest.mark.parametrize(("name", "optimum"), QUICK.items())
def test_published_optimum(name, optimum):
    instance, found = solved(name, seconds=60)
    assert found.status == "optimal"
    assert violations(instance, found, must_place_all=True) == []
    assert found.breaks == optimum == sum(count_breaks(instance, found).values())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "optimum"), LONG.items())
def test_published_optimum_of_the_long_ones(name, optimum):
    instance, found = solved(name, seconds=180)
    assert (found.status, found.breaks) == ("optimal", optimum)
    assert violations(instance, found, must_place_all=True) == []


@pytest.mark.parametrize("name", LONG)
def test_a_stopped_search_gives_a_valid_plan_and_a_true_bound(name):
    instance, found = solved(name, seconds=4)
    assert found.status in ("optimal", "feasible")
    assert found.is_stopped == (found.status == "feasible")
    assert violations(instance, found, must_place_all=True) == []
    assert (
        found.bound / instance.weights.breaks
        <= LONG[name]
        <= found.breaks
        == sum(count_breaks(instance, found).values())
    )


def test_equal_breaks_for_all_are_proven_impossible():
    instance, found = solved("forumt-14", seconds=60, fairness=0)
    assert found.status == "infeasible"
    assert found.clash[0].code == "meet_clash"
    assert "meet_clash_fairness" in {reason.code for reason in found.clash}
    guilty = set(found.clash[0].values["meetings"])
    rest = [meeting for meeting in instance.meetings if meeting.id in guilty][1:]
    assert plan(replace(instance, meetings=tuple(rest)), seconds=30).status == "optimal"
