"""Drive the solver: one worker proves from below, the others look for better plans; nothing outlives the call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ortools.sat.python import cp_model

from duijie.terms import Progress

from .model import Linear, Model

__all__ = ["Found", "Rival", "hint_slots", "search"]

_TICK_SECONDS = 0.05


@dataclass(frozen=True)
class Found:
    """What one search gave: slots by meeting number (None: no plan found), proven bound, seconds to the first plan."""

    slots: Mapping[int, int] | None
    bound: float
    is_infeasible: bool
    first_seconds: float | None


class Rival(Protocol):
    """Other searches for the same objective: what they hold and know."""

    @property
    def n_workers(self) -> int: ...

    @property
    def least(self) -> int: ...

    @property
    def is_over(self) -> bool: ...


class _Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Notes the first plan and passes progress on; an exception of the listener stops the search and is kept."""

    def __init__(self, seconds: float, progress: Progress, rival: Rival | None) -> None:
        super().__init__()
        self.bound, self._rival = 0.0, rival
        self.started = time.monotonic()
        self.first: float | None = None
        self.error: BaseException | None = None
        self.limit, self._progress = seconds, progress

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def on_solution_callback(self) -> None:
        self.first = self.seconds if self.first is None else self.first
        if not self.tell():
            self.stop_search()

    def on_bound(self, bound: float) -> bool:
        """Whether the search should go on: nobody stopped it, and the rival has not reached the bound."""
        self.bound = max(self.bound, bound)
        return self.tell() and (self._rival is None or self._rival.least > bound + 1e-6)

    def goes_on(self) -> bool:
        """Whether the search should go on: nobody stopped it, and the rival does not know the best plan."""
        return self.tell() and not (self._rival is not None and self._rival.is_over)

    def tell(self) -> bool:
        """False once the listener has raised."""
        try:
            self._progress("meet", int(min(self.limit, self.seconds)), max(1, int(self.limit)))
        except BaseException as error:
            # It would be lost inside the solver's own thread; `search` raises it again.
            self.error = error
        return self.error is None


def search(
    model: Model,
    objective: Linear,
    *,
    seconds: float,
    seed: int,
    workers: int,
    progress: Progress,
    rival: Rival | None = None,
    is_plain: bool = False,
) -> Found:
    """Minimise `objective` for at most `seconds`; the best plan is left in the model as a hint for the next search.

    Parameters
    ----------
    rival
        Searches that run beside: they take the place of workers, and end this one when they know the best plan.
    is_plain
        Take the solver as it comes, without our choice of strategies.

    Notes
    -----
    First any plan, by propagation alone; then one worker raises the bound core by core (Fu–Malik family), which has
    no plan of its own before the end, while the others improve the first plan.
    """
    watch = _Watch(seconds, progress, rival)
    first = None
    if not is_plain and not model.cp.proto.solution_hint.vars:
        first = _first(model, watch, seed)
        if first.is_infeasible:
            return first
    solver = _solver(seconds - watch.seconds, seed)
    solver.parameters.num_workers = max(1, workers - (0 if rival is None else rival.n_workers))
    if not is_plain:
        _strategies(solver.parameters, solver.parameters.num_workers)
    model.cp.minimize(objective)
    found = _found(model, solver, watch)
    if found.slots is None and not found.is_infeasible and first is not None:
        found = replace(first, bound=found.bound)
    return found


def _first(model: Model, watch: _Watch, seed: int) -> Found:
    """Any plan: one worker without linear programming and presolve is there first. Its bound is none."""
    solver = _solver(watch.limit - watch.seconds, seed)
    solver.parameters.num_workers, solver.parameters.linearization_level = 1, 0
    solver.parameters.cp_model_presolve = False
    model.cp.clear_objective()
    return replace(_found(model, solver, watch), bound=0.0)


def _solver(seconds: float, seed: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, seconds)
    solver.parameters.random_seed = seed % (1 << 31)
    return solver


def _found(model: Model, solver: cp_model.CpSolver, watch: _Watch) -> Found:
    watch.tell()
    if watch.error is None:
        solver.best_bound_callback = lambda bound: watch.on_bound(bound) or solver.stop_search()
        with _ended_by(watch, solver):
            status = solver.solve(model.cp, watch)
    if watch.error is not None:
        raise watch.error
    if status == cp_model.MODEL_INVALID:
        raise AssertionError(model.cp.validate())
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(None, watch.bound, status == cp_model.INFEASIBLE, None)
    _hint(model, solver)
    slots = {m: s for (m, s), literal in model.at.items() if solver.boolean_value(literal)}
    return Found(slots, solver.best_objective_bound, False, watch.first)


@contextmanager
def _ended_by(watch: _Watch, solver: cp_model.CpSolver) -> Iterator[None]:
    """Meanwhile look, from a thread, whether the listener or the rival ends the search."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(_TICK_SECONDS):
            if not watch.goes_on():
                solver.stop_search()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _strategies(parameters: Any, workers: int) -> None:
    if workers == 1:
        parameters.optimize_with_core, parameters.linearization_level = True, 0
        return
    parameters.merge_text_format(
        'subsolver_params { name: "cores" optimize_with_core: true linearization_level: 0 } subsolvers: "cores"'
    )
    parameters.subsolvers.extend(["no_lp", "default_lp"][: workers - 2])


def _hint(model: Model, solver: cp_model.CpSolver) -> None:
    model.cp.clear_hints()
    for index, value in enumerate(solver.response_proto.solution):
        model.cp.add_hint(model.cp.get_int_var_from_proto_index(index), value)


def hint_slots(model: Model, slots: Mapping[int, int]) -> None:
    """Leave a plan in the model as a hint: each meeting in its slot and in no other."""
    model.cp.clear_hints()
    for (m, s), literal in model.at.items():
        model.cp.add_hint(literal, slots.get(m) == s)
