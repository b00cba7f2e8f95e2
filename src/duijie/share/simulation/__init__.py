"""The proof of the exchange: lives of several nodes in one process, in which everything goes wrong that can.

The nodes run the product – append, bundle, receive, fold, gate – over stores in memory; only the network, the disks,
the clocks and the people are invented, each life from a seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .judging import Violation
from .world import World

__all__ = ["Failure", "Outcome", "simulate"]

STEPS = 60
"""How many things happen in a life before everything is left to arrive."""


@dataclass(frozen=True)
class Failure:
    """A life in which something happened that never may."""

    seed: int
    step: int
    problem: str


@dataclass(frozen=True)
class Outcome:
    """What came of some lives; `faults` counts what went wrong in them by kind."""

    seeds: int
    steps: int
    failures: tuple[Failure, ...]
    faults: Mapping[str, int]


def simulate(seeds: Iterable[int], *, n_steps: int = STEPS) -> Outcome:
    """Live some lives and judge each while it goes on.

    Parameters
    ----------
    seeds
        A life each; the same seed gives the same life.
    n_steps
        Its length.

    Returns
    -------
    Outcome
        What failed, by seed and step; nothing, if the exchange holds.
    """
    n_seeds, n_done, failures, faults = 0, 0, list[Failure](), Counter[str]()
    for seed in seeds:
        world, n_seeds = World(seed), n_seeds + 1
        try:
            world.begin()
            world.run(n_steps)
            world.heal()
        except Violation as problem:
            failures.append(Failure(seed, world.step, str(problem)))
        except Exception as problem:
            failures.append(Failure(seed, world.step, repr(problem)))
        n_done += world.step
        faults += world.faults
    return Outcome(n_seeds, n_done, tuple(failures), dict(sorted((+faults).items())))
