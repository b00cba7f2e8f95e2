"""The actions of every clause on their way through the nodes, with deadlines, proofs, milestones and notes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from duijie.ledger.kinds import CaseKind
from duijie.terms import Action, Bilingual, Clause, Milestone
from duijie.terms.working_days import add_working_days
from duijie.track.workflow import COUNTERSIGNED, MILESTONE, Evidence, Move, kind_of

from .script import Script, Shelf, vocabulary

__all__ = ["work"]


def work(script: Script, shelf: Shelf) -> Iterator[Move]:
    """The moves of all actions; over all of them every node of their kinds is stood at by some."""
    number = 0
    for clause in script.agreement.clauses:
        for action in clause.actions:
            number += 1
            yield from _worked(script, clause, action, kind_of(action), number, shelf)


def _worked(
    script: Script, clause: Clause, action: Action, kind: CaseKind, number: int, shelf: Shelf
) -> Iterator[Move]:
    dice = script.dice("action", clause.key, action.key)
    ways = _ways(kind)
    way = ways[number % len(ways)]
    side, other = script.sides[number % len(script.sides)], script.sides[(number + 1) % len(script.sides)]
    last = kind.nodes[way[-1]]
    is_over = last.is_end or last.repeats
    dates = _dates(script, dice, len(way), is_over=is_over)
    due = _due(script, dice, dates, is_over=is_over)
    sequence = iter(range(1000))
    scene = _Scene(script, clause, action, side, other, shelf)
    for at, (node, day) in enumerate(zip(way, dates, strict=True)):
        about = kind.nodes[node]
        kinds = about.evidence[:1] if about.is_evidence_needed else ()
        reason = dice.choice(about.reasons) if about.reasons else ""
        handed = due if at == min(1, len(way) - 1) else ""
        yield scene.move(node, day, next(sequence), due_on=handed, kinds=kinds, reason=reason)
        if about.confirmed_by:
            yield scene.move(COUNTERSIGNED, day, next(sequence), by=other, countersigns=node)
        for milestone in scene.reached(at, len(way)):
            yield scene.move(MILESTONE, day, next(sequence), milestone=milestone.key, kinds=milestone.evidence[:1])
    if not is_over:
        for about_what in _notes(dice, due, script.as_of):
            yield scene.move(about_what, dates[-1], next(sequence), note=_said(dice, about_what))


class _Scene:
    """One action: who works on it, and the papers that come of it."""

    def __init__(self, script: Script, clause: Clause, action: Action, side: str, other: str, shelf: Shelf) -> None:
        self._script, self._clause, self._action = script, clause, action
        self._side, self._other, self._shelf = side, other, shelf

    def move(
        self,
        kind: str,
        day: date,
        sequence: int,
        *,
        by: str = "",
        kinds: Sequence[str] = (),
        due_on: str = "",
        milestone: str = "",
        countersigns: str = "",
        note: Bilingual | None = None,
        reason: str = "",
    ) -> Move:
        side, on = by or self._side, day.isoformat()
        proofs = tuple(Evidence(one, self._shelf.put(one, self._action.name, on)) for one in kinds)
        return Move(
            self._clause.key,
            self._action.key,
            kind,
            on,
            side,
            self._script.lead(self._clause, side, side),
            sequence,
            due_on,
            milestone,
            countersigns,
            note or Bilingual(),
            proofs,
            reason,
        )

    def reached(self, at: int, n: int) -> Iterator[Milestone]:
        """The milestones that belong to the `at`-th of `n` nodes passed, spread evenly over the whole way."""
        own = self._action.milestones
        n_whole = max(n, len(own) + 1)
        for index, one in enumerate(own):
            if (index + 1) * n_whole // (len(own) + 1) == at:
                yield one


def _ways(kind: CaseKind) -> list[tuple[str, ...]]:
    """The shortest way to every node, the longest ways first, so that few clauses are all at their start."""
    found: dict[str, tuple[str, ...]] = {kind.first.key: (kind.first.key,)}
    queue = deque([kind.first.key])
    while queue:
        node = queue.popleft()
        for following in kind.nodes[node].next:
            if following not in found:
                found[following] = (*found[node], following)
                queue.append(following)
    return sorted(found.values(), key=lambda way: (-len(way), way))


def _dates(script: Script, dice: Random, n: int, *, is_over: bool) -> tuple[date, ...]:
    pace = vocabulary("pace")
    gaps = [0, *(dice.randint(*pace["node_gap"]) for _ in range(n - 1))]
    room = max(0, len(script.days) - 1 - sum(gaps))
    return script.spread(gaps, dice.randint(0, room) if is_over else dice.randint(*pace["rest_of_open"]))


def _due(script: Script, dice: Random, dates: Sequence[date], *, is_over: bool) -> str:
    """A deadline around the end of what is over; for what is open late, near or far, by the weights of the data."""
    if is_over:
        return add_working_days(dates[-1], dice.choice([-8, 0, 5, 15])).isoformat()
    rows = vocabulary("pace")["deadlines"]
    chosen = dice.choices(rows, weights=[row["weight"] for row in rows])[0]
    return max(dates[-1], script.from_today(dice.randint(*chosen["working_days"]))).isoformat()


def _notes(dice: Random, due: str, as_of: date) -> tuple[str, ...]:
    if due < as_of.isoformat():
        return ("problem", "next_step", "escalated") if dice.random() < 0.5 else ("problem", "next_step")
    return ("next_step",) if dice.random() < 0.8 else ("risk", "next_step")


def _said(dice: Random, kind: str) -> Bilingual:
    return Bilingual(**dice.choice(vocabulary("phrases")[kind]))
