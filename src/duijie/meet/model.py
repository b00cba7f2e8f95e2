"""The instance as a constraint model: one truth per meeting and slot, one hole per break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ortools.sat.python import cp_model

from .domain import Domain, Pool, domain_of, is_before
from .instance import Instance, Meeting

__all__ = ["Model", "build_model"]

# The solver's own types: literals and linear expressions.
Literal: TypeAlias = Any
Linear: TypeAlias = Any


@dataclass(frozen=True)
class Model:
    """The CP-SAT model with its handles.

    `at[meeting, slot]` is true where the meeting is held; `placed[meeting]` is 1 or a literal; `holes[person]` the
    literals of that person's breaks; `spread` is greatest minus least number of breaks, where it is asked for.
    """

    cp: cp_model.CpModel
    at: Mapping[tuple[int, int], Literal]
    placed: Mapping[int, Literal | int]
    holes: Mapping[int, Sequence[Literal]]
    unplaced: Linear
    breaks: Linear
    spread: Linear
    busy: Mapping[tuple[int, int], Literal] = field(default_factory=dict)


def build_model(
    instance: Instance, *, is_optional: bool = True, has_spread: bool = True, people: Collection[int] | None = None
) -> Model:
    """The model of an instance; with `is_optional` False every meeting must be placed.

    `people` limits what is said of persons (nobody twice at a time, breaks) to some of them: enough where the
    meetings of all others cannot move.

    Notes
    -----
    A hole of person p ends at period t where p is idle at t, meets at t+1 and has met before t; a break is counted
    where it ends, so each maximal idle run between two meetings of a day counts once. Implied constraints: the number
    of periods in which p meets; and in every period both sides of a connected piece of the graph of possible
    two-person meetings are met equally often (an even number of people, where the piece has no two sides).
    """
    domain = domain_of(instance)
    cp = cp_model.CpModel()
    at = {(m, s): cp.new_bool_var("") for m, slots in enumerate(domain.slots) for s in slots}
    placed = _place_each(cp, instance, domain, at, is_optional)
    _share_pools(cp, domain, at)
    _keep_order(cp, instance, domain, at, placed)
    chosen = range(len(instance.people)) if people is None else sorted(people)
    busy = _attend(cp, instance, domain, at, chosen)
    _count_meetings(cp, domain, busy, placed)
    _fill_at_most(cp, domain, placed)
    if people is None:
        _balance_sides(cp, domain, busy)
    holes = {p: _holes(cp, domain, busy, p) for p in chosen}
    spread = _fairness(cp, instance, holes) if has_spread else 0
    for p, of in holes.items():
        limit = instance.people[p].max_breaks
        if limit is not None and of:
            cp.add(sum(of) <= limit)
    weights = [scaled_weight(meeting) for meeting in instance.meetings]
    unplaced = sum(w * (1 - placed[m]) for m, w in enumerate(weights)) if is_optional else 0
    every = [hole for of in holes.values() for hole in of]
    return Model(cp, at, placed, holes, unplaced, cp_model.LinearExpr.sum(every), spread, busy)


def scaled_weight(meeting: Meeting) -> int:
    """The weight of a meeting in thousandths, as the solver counts it."""
    return max(1, round(1000 * meeting.weight))


def _place_each(
    cp: cp_model.CpModel, instance: Instance, domain: Domain, at: Mapping[tuple[int, int], Literal], is_optional: bool
) -> dict[int, Literal | int]:
    placed: dict[int, Literal | int] = {}
    vips = {p for p, person in enumerate(instance.people) if person.is_vip}
    for m, slots in enumerate(domain.slots):
        choices = [at[m, s] for s in slots]
        if is_optional and not instance.meetings[m].is_required and not vips.intersection(domain.attendees[m]):
            placed[m] = is_placed = cp.new_bool_var("")
            cp.add_exactly_one([*choices, ~is_placed])
        else:
            placed[m] = 1
            cp.add_exactly_one(choices)
    return placed


def _share_pools(cp: cp_model.CpModel, domain: Domain, at: Mapping[tuple[int, int], Literal]) -> None:
    for pool in domain.pools:
        for members, meetings in pool.unions:
            slots = sorted({s for m in meetings for s in domain.slots[m]})
            for s in slots:
                wanted = [at[m, s] for m in meetings if (m, s) in at] + _seated(pool, domain, at, members, s)
                n_free = pool.free(members, s)
                if len(wanted) > n_free:
                    cp.add(cp_model.LinearExpr.sum(wanted) <= n_free)


def _seated(
    pool: Pool, domain: Domain, at: Mapping[tuple[int, int], Literal], members: frozenset[int], s: int
) -> list[Literal]:
    """Members of a delegation that sit in meetings of their own in slot `s` cannot be sent to another."""
    if pool.kind != "delegates":
        return []
    return [at[m, s] for p in members for m in domain.meetings_of[p] if (m, s) in at]


def _keep_order(
    cp: cp_model.CpModel,
    instance: Instance,
    domain: Domain,
    at: Mapping[tuple[int, int], Literal],
    placed: Mapping[int, Literal | int],
) -> None:
    """A meeting waits for those before it: held at s only if each of them is held in a slot that ends before s."""
    rank = domain.rank
    for m, meeting in enumerate(instance.meetings):
        for name in meeting.after:
            first = instance.meeting_index[name]
            for s in domain.slots[m]:
                earlier = [at[first, t] for t in domain.slots[first] if is_before(instance, rank, t, s)]
                cp.add_bool_or([~at[m, s], *earlier])


def _attend(
    cp: cp_model.CpModel,
    instance: Instance,
    domain: Domain,
    at: Mapping[tuple[int, int], Literal],
    people: Sequence[int],
) -> dict[tuple[int, int], Literal]:
    """Person × period: whether they meet then; and no two meetings that overlap or lie too far apart."""
    busy = {}
    for p in people:
        meetings = domain.meetings_of[p]
        for t, group in enumerate(domain.periods):
            choices = [at[m, s] for m in meetings for s in group if (m, s) in at]
            if choices:
                busy[p, t] = cp.new_bool_var("")
                cp.add_exactly_one([*choices, ~busy[p, t]])
        _exclude(cp, at, meetings, domain.clashes)
        _exclude(cp, at, [m for m in meetings if not instance.meetings[m].is_online], domain.travels)
    return busy


def _exclude(
    cp: cp_model.CpModel,
    at: Mapping[tuple[int, int], Literal],
    meetings: Sequence[int],
    pairs: Sequence[tuple[int, int]],
) -> None:
    for s, t in pairs:
        either = [at[m, slot] for m in meetings for slot in (s, t) if (m, slot) in at]
        if len(either) > 1:
            cp.add_at_most_one(either)


def _count_meetings(
    cp: cp_model.CpModel,
    domain: Domain,
    busy: Mapping[tuple[int, int], Literal],
    placed: Mapping[int, Literal | int],
) -> None:
    """Implied: a person is busy in as many periods as meetings of theirs are placed."""
    of = defaultdict(list)
    for (p, _), literal in busy.items():
        of[p].append(literal)
    for p, literals in of.items():
        cp.add(sum(literals) == sum(placed[m] for m in domain.meetings_of[p]))


def _fill_at_most(cp: cp_model.CpModel, domain: Domain, placed: Mapping[int, Literal | int]) -> None:
    """Implied: over the whole event no more meetings than free members of a pool, summed over the slots."""
    for pool in domain.pools:
        for members, meetings in pool.unions:
            slots = {s for m in meetings for s in domain.slots[m]}
            cp.add(sum(placed[m] for m in meetings) <= sum(pool.free(members, s) for s in slots))


def _balance_sides(
    cp: cp_model.CpModel,
    domain: Domain,
    busy: Mapping[tuple[int, int], Literal],
) -> None:
    if any(len(people) != 2 for people in domain.attendees):
        return
    for t, group in enumerate(domain.periods):
        slots = set(group)
        pairs = [people for m, people in enumerate(domain.attendees) if slots.intersection(domain.slots[m])]
        for left, right in sides(pairs):
            if right is None:
                half = cp.new_int_var(0, min(len(left) // 2, _n_at_once(domain, group)), "")
                cp.add(cp_model.LinearExpr.sum([busy[p, t] for p in left]) == 2 * half)
            else:
                ones, others = ([busy[p, t] for p in side] for side in (left, right))
                cp.add(cp_model.LinearExpr.sum(ones) == cp_model.LinearExpr.sum(others))


def _n_at_once(domain: Domain, group: Sequence[int]) -> int:
    """How many meetings the scarcest pool that all meetings draw on allows at one time."""
    n_meetings = len(domain.slots)
    everything = [
        sum(pool.free(members, s) for s in group)
        for pool in domain.pools
        for members, meetings in pool.unions
        if len(meetings) == n_meetings
    ]
    return min(everything, default=n_meetings)


def sides(pairs: Sequence[tuple[int, ...]]) -> list[tuple[list[int], list[int] | None]]:
    """The two sides of each connected piece of a graph; where a piece is not two-sided, (all, None).

    Examples
    --------
    >>> sides([(0, 1), (1, 2), (3, 4), (4, 5), (5, 3)])
    [([0, 2], [1]), ([3, 4, 5], None)]
    """
    near = defaultdict(list)
    for a, b in pairs:
        near[a].append(b)
        near[b].append(a)
    side: dict[int, int] = {}
    pieces: list[tuple[list[int], list[int] | None]] = []
    for start in sorted(near):
        if start in side:
            continue
        side[start], piece, is_even = 0, [start], True
        for one in piece:
            for other in near[one]:
                if other not in side:
                    side[other] = 1 - side[one]
                    piece.append(other)
                is_even = is_even and side[other] != side[one]
        piece.sort()
        halves = [one for one in piece if not side[one]], [one for one in piece if side[one]]
        pieces.append(halves if is_even else (piece, None))
    return pieces


def _holes(cp: cp_model.CpModel, domain: Domain, busy: Mapping[tuple[int, int], Literal], p: int) -> list[Literal]:
    holes: list[Literal] = []
    if len(domain.meetings_of[p]) < 2:
        return holes
    t0 = 0
    for day in domain.days:
        met: Literal | None = None
        for t in range(t0, t0 + len(day) - 1):
            now, after = busy.get((p, t)), busy.get((p, t + 1))
            if met is not None and after is not None:
                holes.append(_hole(cp, met, now, after))
            met = _has_met(cp, met, now)
        t0 += len(day)
    return holes


def _hole(cp: cp_model.CpModel, met: Literal, now: Literal | None, after: Literal) -> Literal:
    hole = cp.new_bool_var("")
    idle = [] if now is None else [~now]
    for literal in (met, after, *idle):
        cp.add_implication(hole, literal)
    cp.add_bool_or([hole, ~met, ~after, *([] if now is None else [now])])
    return hole


def _has_met(cp: cp_model.CpModel, met: Literal | None, now: Literal | None) -> Literal | None:
    if met is None or now is None:
        return now if met is None else met
    later = cp.new_bool_var("")
    cp.add_implication(met, later)
    cp.add_implication(now, later)
    cp.add_bool_or([met, now, ~later])
    return later


def _fairness(cp: cp_model.CpModel, instance: Instance, holes: Mapping[int, Sequence[Literal]]) -> Linear:
    """Greatest minus least number of breaks over all participants, bounded by `instance.fairness` where given."""
    most = max((len(of) for of in holes.values()), default=0)
    least, greatest = cp.new_int_var(0, most, ""), cp.new_int_var(0, most, "")
    for of in holes.values():
        cp.add(cp_model.LinearExpr.sum(list(of)) >= least)
        cp.add(cp_model.LinearExpr.sum(list(of)) <= greatest)
    if instance.fairness is not None:
        cp.add(greatest - least <= instance.fairness)
    return greatest - least
