"""The proof of the exchange: 300 lives of several nodes in which nothing happens that never may, and planted bugs that
the same lives find.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from click.testing import CliRunner
from tests.share.mutants import FOUND_BY, MUTANTS, found

from duijie.cli import verbs
from duijie.share.simulation import simulate

SEEDS = 300
_AT_ONCE = 50
SEEN: Counter[str] = Counter()
"""What went wrong in the lives that were lived so far, by kind."""


@pytest.mark.parametrize("first", range(0, SEEDS, _AT_ONCE))
def test_nothing_happens_that_never_may(first: int) -> None:
    """No life of these fails, whatever is lost, doubled, cut off, restored or made up in it."""
    outcome = simulate(range(first, first + _AT_ONCE))
    SEEN.update(outcome.faults)
    assert outcome.failures == ()
    assert outcome.seeds == _AT_ONCE
    assert outcome.steps == 60 * _AT_ONCE


def test_everything_goes_wrong_that_can() -> None:
    """These lives hold every fault that is made up, and the nodes refused what they must: they prove nothing else."""
    made = {"dropped", "doubled", "delayed", "reordered", "crashed", "disk_full", "clock", "restored", "upgraded"}
    lies = {f"hostile_{one}" for one in ("stale", "front", "pocket", "breach", "fork", "ahead")}
    refused = {f"not_taken_{one}" for one in ("fork", "altered", "epoch_closed", "epoch_open")}
    lived = SEEN or Counter(simulate(range(SEEDS)).faults)
    assert made | lies | refused <= lived.keys()


def test_the_same_seed_is_the_same_life() -> None:
    """On the command line too, where a seed that failed is looked at again."""
    lines = ["share", "simulate", "--seeds", "1", "--first", "3", "--json"]
    told = [CliRunner().invoke(verbs, lines) for _ in range(2)]
    assert [one.exit_code for one in told] == [0, 0]
    assert json.loads(told[0].output) == json.loads(told[1].output)


def test_ten_bugs_are_planted() -> None:
    """Those that show early are looked for here; `make proof` looks for every one."""
    assert len(FOUND_BY) >= 10
    assert FOUND_BY.keys() <= MUTANTS.keys()


@pytest.mark.parametrize("name", FOUND_BY)
def test_a_planted_bug_is_found(name: str) -> None:
    """One function of the product is replaced by a wrong one: one of the lives fails."""
    last = FOUND_BY[name]
    lives = [last, *(one for one in range(SEEDS) if one != last)]
    assert found(MUTANTS[name], lives) is not None, MUTANTS[name].__doc__
