"""The actions of every clause on their way through the nodes, with deadlines, proofs, milestones and notes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from random import Random

from duijie.terms import Action, Bilingual, Clause, Milestone
from duijie.track.calendar import add_working_days
from duijie.track.workflow import COUNTERSIGNED, MILESTONE, Evidence, Move, Template

from .script import Script, Shelf, vocabulary

__all__ = ["work"]


def work(script: Script, templates: Mapping[str, Template], shelf: Shelf) -> Iterator[Move]:
    """The moves of all actions; over all of them every node of their templates is stood at by some."""
    number = 0
    for clause in script.agreement.clauses:
        for action in clause.actions:
            number += 1
            yield from _worked(script, clause, action, templates[action.template], number, shelf)


def _worked(
    script: Script, clause: Clause, action: Action, template: Template, number: int, shelf: Shelf
) -> Iterator[Move]:
    dice = script.dice("action", clause.key, action.key)
    ways = _ways(template)
    way = ways[number % len(ways)]
    side, other = script.sides[number % len(script.sides)], script.sides[(number + 1) % len(script.sides)]
    is_over = template.is_done(way[-1]) or template.is_way_out(way[-1])
    dates = _dates(script, dice, len(way), is_over=is_over)
    due = _due(script, dice, dates, is_over=is_over)
    sequence = iter(range(1000))
    scene = _Scene(script, clause, action, side, other, shelf)
    for at, (node, day) in enumerate(zip(way, dates, strict=True)):
        if template.nodes[node].needs_countersignature:
            yield scene.move(COUNTERSIGNED, day, next(sequence), by=other, countersigns=node)
        kinds = template.nodes[node].evidence or (("statement",) if template.nodes[node].is_final else ())
        yield scene.move(node, day, next(sequence), due_on=due if at == min(1, len(way) - 1) else "", kinds=kinds)
        for milestone in scene.reached(at, len(way)):
            yield scene.move(MILESTONE, day, next(sequence), milestone=milestone.key, kinds=milestone.evidence[:1])
    if not is_over:
        for kind in _notes(dice, due, script.as_of):
            yield scene.move(kind, dates[-1], next(sequence), note=_said(dice, kind))


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
        )

    def reached(self, at: int, n: int) -> Iterator[Milestone]:
        """The milestones that belong to the `at`-th of `n` nodes passed, spread evenly over the whole way."""
        own = self._action.milestones
        n_whole = max(n, len(own) + 1)
        for index, one in enumerate(own):
            if (index + 1) * n_whole // (len(own) + 1) == at:
                yield one


def _ways(template: Template) -> list[tuple[str, ...]]:
    """The shortest way to every node, the longest ways first, so that few clauses are all at their start."""
    found: dict[str, tuple[str, ...]] = {template.start: (template.start,)}
    queue = deque([template.start])
    while queue:
        node = queue.popleft()
        for following in template.nodes[node].following:
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
