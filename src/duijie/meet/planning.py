"""From the instance to the best timetable that can be found, and proven, in the given time."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from duijie import __version__
from duijie.errors import InputError
from duijie.terms import Progress, Provenance, Reason, silent

from .beside import Beside, count_breaks, is_fair
from .chains import by_number, first_slots, plain_of
from .clash import clash_reasons, smallest_clash
from .domain import domain_of
from .explain import unplaced_reasons
from .files import to_dict
from .instance import Instance
from .model import Linear, Model, build_model, scaled_weight
from .search import Found, hint_slots, search
from .seating import seat
from .timetable import Level, Status, Timetable

__all__ = ["fingerprint", "plan"]

_SCALE = 1000


def plan(
    instance: Instance, *, seconds: float = 60.0, seed: int = 0, workers: int = 2, progress: Progress = silent
) -> Timetable:
    """The best timetable of an exchange day, with proof or with the gap that is left.

    Levels of the objective, in order: weight of what is not placed, number of breaks, difference between the most and
    the fewest breaks of two people. Changes of table are few, but that is not proven. A spread of weight 0 is left out.

    Parameters
    ----------
    instance
        From :class:`~duijie.meet.Builder`, :func:`~duijie.meet.exchange_day` or a file.
    seconds
        Wall time, > 0; when it is over the best plan so far is returned with status ``feasible``.
    seed
        Seed of the search. With one worker the same seed gives the same plan whenever the search ends before the time.
    workers
        Threads, ≥ 1: one proves from below, the others look for better plans.
    progress
        Told the seconds used; raising in it cancels the work.

    Returns
    -------
    A timetable; without meetings it is empty and optimal. ``infeasible`` only where required meetings clash.

    Raises
    ------
    InputError
        `seconds` or `workers` out of range.

    References
    ----------
    Bofill et al. (2022), JAIR 74: the problem, its breaks and its fairness.

    Examples
    --------
    >>> from duijie.meet import Builder
    >>> day = Builder().slot("1").slot("2").slot("3").table("A").person("p").person("q").person("r")
    >>> plan(day.meeting("m", "pq").meeting("n", "pr").build(), seconds=5).breaks
    0
    """
    if not seconds > 0 or workers < 1:
        raise InputError("meet_limits_wrong", {"seconds": seconds, "workers": workers})
    run = _Run(instance, time.monotonic(), seconds, seed, workers, progress)
    outcome = _all_or_best(run)
    return _timetable(run, outcome)


@dataclass(frozen=True)
class _Run:
    instance: Instance
    started: float
    seconds: float
    seed: int
    workers: int
    progress: Progress

    @property
    def used(self) -> float:
        return time.monotonic() - self.started

    def search(self, model: Model, objective: Linear, share: float, level: str, beside: Beside | None) -> Found:
        """One search with `share` of the time that is left."""
        return search(
            model,
            objective,
            seconds=(self.seconds - self.used) * share,
            seed=self.seed,
            workers=self.workers,
            progress=self.progress,
            rival=beside if level == "breaks" else None,
            # Choosing what to leave out is a knapsack: linear relaxation proves it, cores do not.
            is_plain=level == "unplaced",
        )


@dataclass(frozen=True)
class _Outcome:
    """What the levels gave: slots by meeting number (None: no plan), and whether it is proven that there is none."""

    slots: Mapping[int, int] | None
    levels: tuple[Level, ...] = ()
    is_infeasible: bool = False
    first_seconds: float | None = None


def _all_or_best(run: _Run) -> _Outcome:
    """First with every meeting placed; where that fails and something may be left out, the most weight."""
    may_drop = not all(meeting.is_required for meeting in run.instance.meetings)
    outcome = _Outcome(None, is_infeasible=True)
    if all(domain_of(run.instance).slots):
        outcome = _all(run, 0.5 if may_drop else 1.0)
    if outcome.slots is None and may_drop:
        return _optimise(run, build_model(run.instance), 0.5, None)
    return outcome


def _all(run: _Run, share: float) -> _Outcome:
    """Every meeting placed: a first plan by ejection, then proof and exchange, then the solver beside them."""
    plain = plain_of(run.instance)
    # Seconds enough on a machine that is busy with other things; an unloaded one takes a tenth of it.
    patience = min(max(1.0, len(run.instance.meetings) / 500), run.seconds * share / 2)
    start = first_slots(plain, seconds=patience, seed=run.seed) if plain else None
    is_first = start is not None and is_fair(run.instance, by_number(run.instance, start))
    seconds = run.used if is_first else None
    left = max(0.0, run.seconds * share - run.used)
    with Beside(run.instance, plain, start, seconds=left, workers=run.workers, seed=run.seed) as beside:
        beside.wait(lambda: run.progress("meet", int(run.used), max(1, int(run.seconds))))
        outcome = _concluded(run, beside)
        if outcome is None:
            model = build_model(run.instance, is_optional=False)
            if beside.slots is not None:
                hint_slots(model, beside.slots)
            outcome = _optimise(run, model, share, beside)
        if seconds is None and beside.first_at is not None:
            seconds = beside.first_at - run.started
        return outcome if seconds is None else replace(outcome, first_seconds=seconds)


def _concluded(run: _Run, beside: Beside) -> _Outcome | None:
    """What is known without the solver, where that is all that is asked for or time is over; else None."""
    if beside.is_infeasible:
        return _Outcome(None, is_infeasible=True)
    slots, weights = beside.slots, run.instance.weights
    if not (beside.is_over or beside.is_late):
        return None
    if slots is None:
        return _Outcome(None)
    breaks, spread = (_value(run.instance, name, slots) for name in ("breaks", "spread"))
    if beside.is_over and weights.spread and spread:
        return None
    levels = [Level("unplaced", 0.0, 0.0, weights.unplaced), Level("breaks", breaks, beside.bound, weights.breaks)]
    if weights.spread:
        levels.append(Level("spread", spread, 0.0, weights.spread))
    return _Outcome(slots, tuple(levels))


def _optimise(run: _Run, model: Model, share: float, beside: Beside | None) -> _Outcome:
    """Level by level: each is searched with the ones above held at what they reached."""
    weights = run.instance.weights
    wanted: list[tuple[str, Linear, float]] = [("breaks", model.breaks, weights.breaks)]
    if not isinstance(model.unplaced, int):
        wanted.insert(0, ("unplaced", model.unplaced, weights.unplaced))
    if weights.spread:
        wanted.append(("spread", model.spread, weights.spread))
    slots: Mapping[int, int] | None = None
    first: float | None = None
    levels = [] if wanted[0][0] == "unplaced" else [Level("unplaced", 0.0, 0.0, weights.unplaced)]
    for name, expression, weight in wanted:
        before = run.used
        found = run.search(model, expression, share if slots is None else 1.0, name, beside)
        if name == "breaks" and beside is not None:
            found = _better(run.instance, model, found, beside)
        if found.slots is None and slots is None:
            return _Outcome(None, is_infeasible=found.is_infeasible)
        if slots is None and found.first_seconds is not None:
            first = before + found.first_seconds
        slots = found.slots if found.slots is not None else slots
        value = _value(run.instance, name, slots or {})
        levels.append(Level(name, value, min(value, max(0.0, _bound(name, found.bound))), weight))
        model.cp.add(expression <= round(value * (_SCALE if name == "unplaced" else 1)))
    return _Outcome(slots, tuple(levels), first_seconds=first)


def _better(instance: Instance, model: Model, found: Found, beside: Beside) -> Found:
    """What the solver found, or the better plan and the higher bound that were found beside it."""
    slots = beside.slots
    if found.is_infeasible or beside.is_infeasible:
        return replace(found, slots=None, is_infeasible=True)
    found = replace(found, bound=max(found.bound, beside.bound))
    if slots is None or (found.slots is not None and _value(instance, "breaks", found.slots) <= beside.least):
        return found
    hint_slots(model, slots)
    return replace(found, slots=slots)


def _bound(name: str, bound: float) -> float:
    return bound / _SCALE if name == "unplaced" else math.ceil(bound - 1e-6)


def _value(instance: Instance, name: str, slots: Mapping[int, int]) -> float:
    """The value of a level counted from the slots themselves, not taken from the solver."""
    if name == "unplaced":
        return sum(scaled_weight(meeting) for m, meeting in enumerate(instance.meetings) if m not in slots) / _SCALE
    breaks = count_breaks(instance, slots).values()
    return float(sum(breaks) if name == "breaks" else max(breaks, default=0) - min(breaks, default=0))


def _timetable(run: _Run, outcome: _Outcome) -> Timetable:
    instance = run.instance
    provenance = Provenance(
        {"instance": fingerprint(instance)},
        __version__,
        {"seconds": run.seconds, "workers": run.workers, "weights": asdict(instance.weights)},
        run.seed,
    )
    if outcome.slots is None:
        status: Status = "infeasible" if outcome.is_infeasible else "unknown"
        seconds = run.used
        return Timetable(
            instance,
            status,
            clash=_clash(run) if status == "infeasible" else (),
            seconds=seconds,
            is_stopped=status == "unknown",
            provenance=provenance,
        )
    placements = seat(instance, outcome.slots)
    is_proven = all(level.value <= level.bound for level in outcome.levels)
    return Timetable(
        instance,
        "optimal" if is_proven else "feasible",
        placements,
        unplaced_reasons(instance, outcome.slots),
        outcome.levels,
        seconds=run.used,
        first_seconds=outcome.first_seconds,
        is_stopped=not is_proven,
        provenance=provenance,
    )


def _clash(run: _Run) -> tuple[Reason, ...]:
    """The reasons of a proven clash; looked for in a sixth of the given time, at least two seconds."""
    clash = smallest_clash(run.instance, seconds=max(2.0, run.seconds / 6), seed=run.seed)
    return clash_reasons(run.instance, clash, seed=run.seed) if clash else ()


def fingerprint(instance: Instance) -> str:
    """SHA-256 of everything that the instance says."""
    return hashlib.sha256(repr(to_dict(instance)).encode()).hexdigest()
