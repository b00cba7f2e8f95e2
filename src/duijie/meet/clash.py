"""Why an instance has no timetable: a smallest set of requests that clash, and the rules that make them clash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from duijie.terms import Reason

from .domain import domain_of
from .explain import no_slot
from .instance import Instance, Person, Table, names
from .model import build_model

__all__ = ["Clash", "clash_reasons", "smallest_clash"]


@dataclass(frozen=True, slots=True)
class Clash:
    """Meetings, by number, that cannot all be held; with `is_smallest` any one less and the rest can."""

    meetings: tuple[int, ...]
    is_smallest: bool


def smallest_clash(instance: Instance, *, seconds: float = 10.0, seed: int = 0) -> Clash | None:
    """A set of requests that cannot all be met, from which none can be taken away.

    Returns
    -------
    None where no clash was proven in the time. Where the time ends while the set is made smaller, the clash still
    holds, but `is_smallest` is False.

    Notes
    -----
    The first set comes from the solver's assumptions, each standing for one request; then parts of it are left out,
    halves first, as long as the rest still clashes (deletion-based, as for minimal unsatisfiable subsets).
    """
    for m, slots in enumerate(domain_of(instance).slots):
        if not slots:
            return Clash((m,), True)
    end = time.monotonic() + seconds
    core = _core(instance, seconds / 2, seed)
    if core is None:
        return None
    is_smallest, size = True, max(1, len(core) // 2)
    while size:
        for at in range(0, len(core), size):
            rest = core[:at] + core[at + size :]
            verdict = _clashes(instance, rest, end - time.monotonic(), seed) if rest else False
            if verdict:
                core = rest
                break
            is_smallest = is_smallest and (size > 1 or verdict is not None)
        else:
            size //= 2
    return Clash(tuple(core), is_smallest)


def _core(instance: Instance, seconds: float, seed: int) -> list[int] | None:
    free = _free(instance)
    model = build_model(free, has_spread=instance.fairness is not None)
    requests = {literal.index: m for m, literal in model.placed.items() if not isinstance(literal, int)}
    model.cp.add_assumptions([*model.placed.values()])
    solver = _solver(seconds, seed)
    if solver.solve(model.cp) != cp_model.INFEASIBLE:
        return None
    found = solver.sufficient_assumptions_for_infeasibility()
    # An empty answer means that the solver saw the contradiction before it looked at any single request.
    return _with_those_before(instance, {requests[index] for index in found}) or list(range(len(instance.meetings)))


def _with_those_before(instance: Instance, core: set[int]) -> list[int]:
    """The requests and all that they wait for: a request may clash only because of those before it."""
    waiting = list(core)
    while waiting:
        names = instance.meetings[waiting.pop()].after
        new = {instance.meeting_index[name] for name in names} - core
        core |= new
        waiting.extend(new)
    return sorted(core)


def _free(instance: Instance) -> Instance:
    """The same instance in which nothing must be placed."""
    return replace(
        instance,
        meetings=tuple(replace(meeting, is_required=False) for meeting in instance.meetings),
        people=tuple(replace(person, is_vip=False) for person in instance.people),
    )


def _solver(seconds: float, seed: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, seconds)
    solver.parameters.num_workers, solver.parameters.random_seed = 1, seed % (1 << 31)
    solver.parameters.linearization_level = 0
    return solver


def _part(instance: Instance, meetings: Sequence[int]) -> Instance:
    """The instance with these meetings only; what they wait for is kept where it is among them."""
    kept = [instance.meetings[m] for m in meetings]
    known = {meeting.id for meeting in kept}
    after = (tuple(name for name in meeting.after if name in known) for meeting in kept)
    return replace(
        instance, meetings=tuple(replace(meeting, after=first) for meeting, first in zip(kept, after, strict=True))
    )


def _clashes(instance: Instance, meetings: Sequence[int], seconds: float, seed: int) -> bool | None:
    """Whether these meetings cannot all be held; None where the time was too short to say."""
    if seconds <= 0:
        return None
    part = _part(instance, meetings)
    model = build_model(part, is_optional=False, has_spread=part.fairness is not None)
    status = _solver(seconds, seed).solve(model.cp)
    return None if status == cp_model.UNKNOWN else bool(status == cp_model.INFEASIBLE)


def clash_reasons(instance: Instance, clash: Clash, *, seconds: float = 5.0, seed: int = 0) -> tuple[Reason, ...]:
    """The clash in reasons: the requests, and each rule without which they could be held."""
    if len(clash.meetings) == 1 and not domain_of(instance).slots[clash.meetings[0]]:
        lone = instance.meetings[clash.meetings[0]]
        return (_requests(instance, clash), *no_slot(instance, instance.meeting_index[lone.id]))
    end = time.monotonic() + seconds
    part = _part(instance, clash.meetings)
    rules = {
        "meet_clash_fairness": replace(part, fairness=None) if part.fairness is not None else None,
        "meet_clash_tables": replace(part, tables=tuple(_spare(part))),
        "meet_clash_order": replace(part, meetings=tuple(replace(one, after=()) for one in part.meetings)),
        "meet_clash_absence": replace(part, people=tuple(_present(one) for one in part.people)),
        "meet_clash_slots": replace(part, meetings=tuple(replace(one, slots=None) for one in part.meetings)),
    }
    every = range(len(part.meetings))
    guilty = [
        Reason(code, {}, is_for=False)
        for code, relaxed in rules.items()
        if relaxed and _clashes(relaxed, every, end - time.monotonic(), seed) is False
    ]
    busy = _overbooked(part)
    return (_requests(instance, clash), *guilty, *busy)


def _requests(instance: Instance, clash: Clash) -> Reason:
    chosen = [instance.meetings[m] for m in clash.meetings]
    people = [" – ".join(names(instance, meeting.people)) for meeting in chosen[:20]]
    values = {"meetings": [meeting.id for meeting in chosen], "n": len(chosen), "people": people}
    return Reason("meet_clash" if clash.is_smallest else "meet_clash_not_smallest", values, is_for=False)


def _spare(instance: Instance) -> list[Table]:
    """The tables, and for every meeting one more that has all it needs, everywhere."""
    everything = frozenset().union(*(meeting.equipment for meeting in instance.meetings))
    seats = max((len(meeting.people) + len(meeting.one_of) + 1 for meeting in instance.meetings), default=2)
    places = {slot.place for slot in instance.slots}
    more = [Table(f"+{n}@{place}", seats, everything, place) for place in places for n in range(len(instance.meetings))]
    return [*instance.tables, *more]


def _present(person: Person) -> Person:
    return replace(person, unavailable=frozenset(), stays=())


def _overbooked(instance: Instance) -> list[Reason]:
    domain = domain_of(instance)
    found = []
    for p, meetings in enumerate(domain.meetings_of):
        n_slots = len({domain.rank[s] for m in meetings for s in domain.slots[m]})
        if len(meetings) > n_slots:
            values = {
                "person": instance.people[p].name or instance.people[p].id,
                "n": len(meetings),
                "n_slots": n_slots,
            }
            found.append(Reason("meet_clash_person", values, is_for=False))
    return found
