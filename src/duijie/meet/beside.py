"""What runs beside the solver: a prover from below and an exchange from above, and the best that either has found."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .chains import Improver, Ints, Plain, by_number
from .formula import formula_of, has_formula
from .instance import Instance
from .prover import Prover
from .timetable import breaks_of

__all__ = ["Beside", "count_breaks", "is_fair"]

_UNKNOWN = 1 << 60
# Share of the time in which prover and exchange have both workers (or the one), before the solver takes its place.
_HEAD = 0.25
_ALONE = 0.67
_TICK_SECONDS = 0.02
# With so many breaks more than are proven no proof is near: the time is better spent on the plan.
_FAR = 10
_SEEDS = 1_000_003


class Beside:
    """A worker each for the prover and the exchange, as far as there are workers.

    One worker proves first and exchanges after; of two the exchange leaves its own to the solver after a while, unless
    the proof is far away; from three on all run side by side. Days too large for the prover are left to exchanges, one
    a worker.

    Used as a context: nothing of it outlives the block.

    Parameters
    ----------
    plain, start
        The day in arrays and a plan by period, where there are; without them nothing is exchanged.
    seconds
        Wall time from now on.
    workers
        Threads and processes to be had in all, ≥ 1.
    """

    def __init__(
        self, instance: Instance, plain: Plain | None, start: Ints | None, *, seconds: float, workers: int, seed: int
    ) -> None:
        self._instance, self._plain, self._start = instance, plain, start
        self._ends, self._workers, self._seed = time.monotonic() + seconds, workers, seed
        self.prover: Prover | None = None
        self.improvers: list[Improver] = []
        self._seen: tuple[object, Mapping[int, int] | None] = (None, None)
        self._known: tuple[Mapping[int, int] | None, int] = (None, _UNKNOWN)

    def __enter__(self) -> Beside:
        is_small = has_formula(self._instance)
        try:
            # The exchange cools down over its time, so it has to know at the start how long that is.
            n_exchanges = self._workers if not is_small else min(1, self._workers - 1)
            for _ in range(n_exchanges):
                self._improve(_HEAD if is_small and self._workers == 2 else 1.0)
            formula = formula_of(self._instance)
            if formula is not None:
                self.prover = Prover(formula, seconds=max(0.1, self._ends - time.monotonic()))
                self.prover.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _improve(self, share: float = 1.0) -> None:
        """Start an exchange from the best plan so far, for a share of the time that is left."""
        if self._plain is not None and self._start is not None:
            seconds = max(0.1, (self._ends - time.monotonic()) * share)
            seed = self._seed + _SEEDS * len(self.improvers)
            best = min(self.improvers, key=lambda one: one.least, default=None)
            start = self._start if best is None or best.is_alive() else best.best
            self.improvers.append(Improver(self._plain, start, seconds=seconds, seed=seed))
            self.improvers[-1].start()

    def __exit__(self, *_: object) -> None:
        for one in self._all():
            one.stop()

    def _all(self) -> list[Prover | Improver]:
        return [*self.improvers, *([] if self.prover is None else [self.prover])]

    @property
    def n_workers(self) -> int:
        """Workers that are taken."""
        return sum(one.is_alive() for one in self._all())

    @property
    def first_at(self) -> float | None:
        """When the first valid plan was there, by the monotonic clock."""
        moments = [one.first_at for one in self._all()]
        return min((one for one in moments if one is not None), default=None)

    @property
    def bound(self) -> int:
        """Breaks that there must be."""
        return 0 if self.prover is None else self.prover.bound

    @property
    def is_infeasible(self) -> bool:
        """Whether it is proven that no plan places every meeting."""
        return self.prover is not None and self.prover.is_infeasible

    @property
    def is_over(self) -> bool:
        """Whether the best plan is known, or that there is none."""
        return self.is_infeasible or self.least <= self.bound

    @property
    def is_late(self) -> bool:
        """Whether time is over."""
        return time.monotonic() >= self._ends

    @property
    def slots(self) -> Mapping[int, int] | None:
        """The best valid plan so far, by meeting number."""
        return self._best()[0]

    @property
    def least(self) -> int:
        """The breaks of the best plan so far; a great number where there is none."""
        return self._best()[1]

    def _best(self) -> tuple[Mapping[int, int] | None, int]:
        leader = min(self.improvers, key=lambda one: one.least, default=None)
        exchanged = None if leader is None else leader.best
        proven = None if self.prover is None else self.prover.slots
        if self._seen[0] is not exchanged or self._seen[1] is not proven:
            self._seen = exchanged, proven
            for one in (proven, None if exchanged is None else by_number(self._instance, exchanged)):
                breaks = _UNKNOWN if one is None else sum(count_breaks(self._instance, one).values())
                if one is not None and breaks < self._known[1] and is_fair(self._instance, one):
                    self._known = one, breaks
        return self._known

    def wait(self, heard: Callable[[], None]) -> None:
        """Give prover and exchange a head start, until the best plan is known; `heard` may cancel by raising."""
        heard()
        left = self._ends - time.monotonic()
        if self.prover is None:
            self._until(self._ends, heard)
        elif self._workers == 1:
            self._until(time.monotonic() + left * _ALONE, heard)
            self.prover.stop()
            if not self.is_over:
                self._improve()
                self._until(self._ends, heard)
        elif self.improvers:
            self._until(time.monotonic() + left * _HEAD, heard)
            if self._workers == 2:
                self.improvers[0].stop()
                if _FAR <= self.least - self.bound < _UNKNOWN // 2:
                    self._improve()
                    self._until(self._ends, heard)

    def _until(self, end: float, heard: Callable[[], None]) -> None:
        while self.n_workers and not self.is_over and time.monotonic() < end:
            heard()
            time.sleep(_TICK_SECONDS)


def is_fair(instance: Instance, slots: Mapping[int, int]) -> bool:
    """Whether a plan keeps what the exchange does not look at, or only as a penalty: the limits on breaks."""
    breaks = count_breaks(instance, slots)
    limits = all(breaks[one.id] <= one.max_breaks for one in instance.people if one.max_breaks is not None)
    spread = max(breaks.values(), default=0) - min(breaks.values(), default=0)
    return limits and (instance.fairness is None or spread <= instance.fairness)


def count_breaks(instance: Instance, slots: Mapping[int, int]) -> dict[str, int]:
    """Number of breaks of each person in a plan by number."""
    return breaks_of(instance, {instance.meetings[m].id: instance.slots[s].key for m, s in slots.items()})
