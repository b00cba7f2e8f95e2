"""The instance as a propositional formula, every meeting placed: clauses, and one literal a break."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pysat.card import CardEnc, EncType  # type: ignore[import-untyped,unused-ignore]

from .domain import Domain, Pool, domain_of, is_before
from .instance import Instance

__all__ = ["Formula", "formula_of", "has_formula"]

_MOST_CHOICES = 20_000
_FEW = 6


@dataclass(frozen=True)
class Formula:
    """Clauses over the variables 1 … `n_variables`, each closed by 0; `at[meeting, slot]` is the variable of a choice,
    `holes` those of the breaks: their number is what is to be small."""

    clauses: array[int]
    n_variables: int
    at: Mapping[tuple[int, int], int]
    holes: tuple[int, ...]


class _Writer:
    """Clauses and fresh variables; counts are encoded by PySAT."""

    def __init__(self) -> None:
        # One flat array: lists of lists by the hundred thousand keep the garbage collector busy.
        self.clauses = array("i")
        self.top = 0

    def new(self) -> int:
        self.top += 1
        return self.top

    def add(self, *literals: int) -> None:
        self.clauses.extend(literals)
        self.clauses.append(0)

    def either(self, literals: Iterable[int]) -> int:
        """A variable that is true exactly where one of `literals` is."""
        chosen = list(literals)
        found = self.new()
        for literal in chosen:
            self.add(-literal, found)
        self.add(-found, *chosen)
        return found

    def at_most_one(self, literals: Sequence[int]) -> None:
        if len(literals) > 1:
            self._count(CardEnc.atmost, literals, 1, EncType.pairwise if len(literals) < _FEW else EncType.ladder)

    def at_most(self, literals: Sequence[int], bound: int) -> None:
        if bound < len(literals):
            self._count(CardEnc.atmost, literals, bound, EncType.totalizer)

    def exactly(self, literals: Sequence[int], bound: int) -> None:
        """As many of `literals` as `bound`; more than there are is a contradiction."""
        if bound > len(literals):
            self.add()
        elif bound in (0, len(literals)):
            for literal in literals:
                self.add(literal if bound else -literal)
        else:
            self._count(CardEnc.equals, literals, bound, EncType.seqcounter)

    def sorted(self, literals: Sequence[int]) -> list[int]:
        """Outputs of which the k-th is true exactly where at least k of `literals` are."""
        counts: list[int] = []
        for literal in literals:
            counts = self._one_more(counts, literal)
        return counts

    def _one_more(self, counts: Sequence[int], literal: int) -> list[int]:
        more = [self.new() for _ in range(len(counts) + 1)]
        for k, now in enumerate(more):
            same = [counts[k]] if k < len(counts) else []
            less = [counts[k - 1]] if k else []
            for before in same:
                self.add(-before, now)
            self.add(*(-before for before in less), -literal, now)
            self.add(-now, *same, literal)
            for before in less:
                self.add(-now, *same, before)
        return more

    def _count(self, encode: Callable[..., Any], literals: Sequence[int], bound: int, encoding: int) -> None:
        found = encode(lits=list(literals), bound=bound, top_id=self.top, encoding=encoding)
        self.top = max(self.top, found.nv)
        for clause in found.clauses:
            self.add(*clause)


def has_formula(instance: Instance) -> bool:
    """Whether a day is small enough, and not empty, to be worth a formula."""
    return 0 < sum(map(len, domain_of(instance).slots)) <= _MOST_CHOICES


def formula_of(instance: Instance) -> Formula | None:
    """The instance with every meeting placed as a formula, or None where it is too large to be worth it.

    Notes
    -----
    The clauses say the same as :func:`~duijie.meet.model.build_model`. Implied ones are added: each person is busy in
    as many periods as they have meetings; and who has no break on a one-day event meets in no two periods that lie as
    far apart as their number of meetings.
    """
    if not has_formula(instance):
        return None
    domain = domain_of(instance)
    to = _Writer()
    at = {(m, s): to.new() for m, slots in enumerate(domain.slots) for s in slots}
    for m, slots in enumerate(domain.slots):
        choices = [at[m, s] for s in slots]
        to.add(*choices)
        to.at_most_one(choices)
    busy = _attend(to, instance, domain, at)
    _share_pools(to, domain, at, busy)
    _keep_order(to, instance, domain, at)
    holes = {p: _holes(to, domain, busy, p) for p in range(len(instance.people))}
    _stay_together(to, domain, busy, holes)
    _keep_limits(to, instance, holes)
    return Formula(to.clauses, to.top, at, tuple(hole for of in holes.values() for hole in of))


def _attend(
    to: _Writer, instance: Instance, domain: Domain, at: Mapping[tuple[int, int], int]
) -> dict[tuple[int, int], int]:
    """Person × period: whether they meet then, in one meeting; and no two that overlap or lie too far apart."""
    busy: dict[tuple[int, int], int] = {}
    for p, meetings in enumerate(domain.meetings_of):
        for t, group in enumerate(domain.periods):
            choices = [at[m, s] for m in meetings for s in group if (m, s) in at]
            if choices:
                busy[p, t] = to.either(choices)
                to.at_most_one(choices)
        on_the_spot = [m for m in meetings if not instance.meetings[m].is_online]
        for pairs, among in ((domain.clashes, meetings), (domain.travels, on_the_spot)):
            for s, t in pairs:
                to.at_most_one([at[m, slot] for m in among for slot in (s, t) if (m, slot) in at])
        to.exactly([busy[p, t] for t in range(len(domain.periods)) if (p, t) in busy], len(meetings))
    return busy


def _share_pools(
    to: _Writer, domain: Domain, at: Mapping[tuple[int, int], int], busy: Mapping[tuple[int, int], int]
) -> None:
    """In every slot no more meetings than there are free members of the pool that they draw on."""
    are_pairs = all(len(people) == 2 for people in domain.attendees) and len(domain.periods) == len(domain.rank)
    for pool in domain.pools:
        for members, meetings in pool.unions:
            for s in sorted({s for m in meetings for s in domain.slots[m]}):
                n_free = pool.free(members, s)
                if are_pairs and len(meetings) == len(domain.slots):
                    # Two people a meeting: counting people takes far fewer literals than counting meetings.
                    t = domain.rank[s]
                    to.at_most([busy[p, t] for p in range(len(domain.meetings_of)) if (p, t) in busy], 2 * n_free)
                else:
                    to.at_most(_wanted(pool, domain, at, members, meetings, s), n_free)


def _wanted(
    pool: Pool,
    domain: Domain,
    at: Mapping[tuple[int, int], int],
    members: frozenset[int],
    meetings: Sequence[int],
    s: int,
) -> list[int]:
    """Choices that take a member in slot `s`; delegates are also taken by meetings of their own."""
    wanted = [at[m, s] for m in meetings if (m, s) in at]
    if pool.kind == "delegates":
        wanted += [at[m, s] for p in members for m in domain.meetings_of[p] if (m, s) in at]
    return wanted


def _keep_order(to: _Writer, instance: Instance, domain: Domain, at: Mapping[tuple[int, int], int]) -> None:
    for m, meeting in enumerate(instance.meetings):
        for name in meeting.after:
            first = instance.meeting_index[name]
            for s in domain.slots[m]:
                earlier = (at[first, t] for t in domain.slots[first] if is_before(instance, domain.rank, t, s))
                to.add(-at[m, s], *earlier)


def _holes(to: _Writer, domain: Domain, busy: Mapping[tuple[int, int], int], p: int) -> list[int]:
    """A hole ends where somebody who has met before on the day, and is idle now, meets next."""
    holes: list[int] = []
    first = 0
    for day in domain.days if len(domain.meetings_of[p]) > 1 else ():
        met: list[int] = []
        for t in range(first, first + len(day) - 1):
            now, after = busy.get((p, t)), busy.get((p, t + 1))
            idle = [] if now is None else [-now]
            if met and after is not None:
                hole = to.new()
                for literal in (*met, after, *idle):
                    to.add(-hole, literal)
                to.add(hole, -met[0], -after, *(-literal for literal in idle))
                holes.append(hole)
            if now is not None:
                met = [to.either([*met, now]) if met else now]
        first += len(day)
    return holes


def _stay_together(
    to: _Writer, domain: Domain, busy: Mapping[tuple[int, int], int], holes: Mapping[int, Sequence[int]]
) -> None:
    """Implied: n meetings without a hole lie within n periods."""
    n_periods = len(domain.periods)
    for p, of in holes.items():
        if not of or len(domain.days) > 1:
            continue
        broken = to.either(of)
        for t in range(n_periods):
            for u in range(t + len(domain.meetings_of[p]), n_periods):
                if (p, t) in busy and (p, u) in busy:
                    to.add(broken, -busy[p, t], -busy[p, u])


def _keep_limits(to: _Writer, instance: Instance, holes: Mapping[int, Sequence[int]]) -> None:
    """Most breaks of one person, and of all: if somebody has j + d breaks, everybody has j at least."""
    for p, of in holes.items():
        most = instance.people[p].max_breaks
        if most is not None:
            to.at_most(of, most)
    if instance.fairness is None:
        return
    if not all(holes.values()):
        # Somebody can have no break at all, so the bound is one on each person.
        for of in holes.values():
            to.at_most(of, instance.fairness)
        return
    counts = [to.sorted(of) for of in holes.values()]
    for j in range(1, 1 + max(map(len, counts)) - instance.fairness):
        last = j + instance.fairness - 1
        some = to.either([of[last] for of in counts if len(of) > last])
        for of in counts:
            to.add(-some, *of[j - 1 : j])
