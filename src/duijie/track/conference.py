"""The joint conference: who hosts, what was decided, which tasks came of it; and the practices borrowed on visits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import msgspec

from duijie.ledger import events
from duijie.ledger.kinds import case_kind
from duijie.terms import Action, Agreement, Bilingual, Clause

from .indicators import Promise
from .trajectory import due_day

__all__ = [
    "ADOPTION",
    "TASK_TEMPLATE",
    "Conference",
    "Decision",
    "Practice",
    "decision_promises",
    "host_of",
    "open_decisions",
    "practice_acts",
    "practices_at",
    "tasks_of",
    "with_tasks",
]

ADOPTION = ("noted", "under_study", "trial", "adopted", "rejected")
TASK_TEMPLATE = "conference-decision"


@dataclass(frozen=True, slots=True)
class Conference:
    """One session of the joint conference: number, day, host side, agenda, minutes' hash."""

    id: str
    clause: str
    number: int
    on: str
    side: str
    title: Bilingual = field(default_factory=Bilingual)
    agenda: tuple[Bilingual, ...] = ()
    minutes_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a conference decided for a clause and its departments, until when; `done_on` once it is done."""

    id: str
    conference: str
    clause: str
    number: int
    text: Bilingual
    decided_on: str
    due_on: str
    departments: tuple[str, ...] = ()
    done_on: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice one side saw at the other: `status` of :data:`ADOPTION` from `on`; later entries supersede.

    What is ``rejected`` says why, by a `reason` of the kind of case.
    """

    key: str
    clause: str
    side: str
    title: Bilingual
    on: str
    status: str = "noted"
    visit: str = ""
    note: Bilingual = field(default_factory=Bilingual)
    reason: str = ""


def host_of(agreement: Agreement, number: int) -> str:
    """The side that hosts the `number`-th conference, counted from 1: the sides take turns in the agreement's order.

    Raises
    ------
    ValueError
        `number` is below 1.
    """
    if number < 1:
        raise ValueError(number)
    return agreement.sides[(number - 1) % len(agreement.sides)].code


def tasks_of(decisions: Iterable[Decision], *, template: str) -> tuple[tuple[str, Action], ...]:
    """The tasks that decisions hand out: (clause, action of `template`) each, due when the decision says."""
    return tuple(
        (one.clause, Action(one.action or one.id, one.text, template, due_on=one.due_on))
        for one in sorted(decisions, key=lambda one: (one.decided_on, one.number, one.id))
    )


def with_tasks(
    agreement: Agreement, decisions: Iterable[Decision], *, as_of: date, moved: Collection[tuple[str, str]] = ()
) -> Agreement:
    """The agreement with one action more in a clause for each decision that is still to be carried out.

    A decision that names an action its clause already has adds none; one that is done adds none either, unless its
    task is among `moved` (clause and action keys): what was worked on stays to be seen.
    """
    taken = [one for one in decisions if one.decided_on <= as_of.isoformat()]
    undone = {one.id for one in open_decisions(taken, as_of=as_of)}
    shown = [one for one in taken if one.id in undone or (one.clause, one.action or one.id) in moved]
    added: dict[str, list[Action]] = {}
    for key, task in tasks_of(shown, template=TASK_TEMPLATE):
        added.setdefault(key, []).append(task)
    clauses = tuple(_with_actions(clause, added.get(clause.key, ())) for clause in agreement.clauses)
    return replace(agreement, clauses=clauses)


def _with_actions(clause: Clause, tasks: Sequence[Action]) -> Clause:
    known = {action.key for action in clause.actions}
    new = tuple(task for task in tasks if task.key not in known)
    return replace(clause, actions=clause.actions + new) if new else clause


def decision_promises(decisions: Iterable[Decision]) -> tuple[Promise, ...]:
    """The ends promised with decisions, as an indicator of punctuality counts them."""
    return tuple(
        Promise("decision", one.id, one.decided_on, _last_day(one.due_on), one.done_on, one.clause) for one in decisions
    )


def _last_day(text: str) -> str:
    day = due_day(text)
    return day.isoformat() if day else ""


def open_decisions(decisions: Iterable[Decision], *, as_of: date) -> tuple[Decision, ...]:
    """Decisions taken but not done as at a date, the most urgent first; undated ones last."""
    limit = as_of.isoformat()
    left = [one for one in decisions if one.decided_on <= limit and not ("" < one.done_on <= limit)]
    return tuple(sorted(left, key=lambda one: (not one.due_on, one.due_on, one.id)))


def practices_at(entries: Sequence[Practice], *, as_of: date) -> tuple[Practice, ...]:
    """The register of borrowed practices as at a date: the latest entry of each, by key."""
    latest: dict[str, Practice] = {}
    for entry in sorted(entries, key=lambda one: (one.on, ADOPTION.index(one.status))):
        if entry.on <= as_of.isoformat():
            latest[entry.key] = entry
    return tuple(latest[key] for key in sorted(latest))


def practice_acts(
    subject: str, entries: Sequence[Practice], other_side: str
) -> Iterator[tuple[str, Callable[[str], events.Event]]]:
    """A practice as acts of a case: the side that speaks, and what it says, given the id of what last moved the case.

    Parameters
    ----------
    subject
        ``case/…``.
    entries
        Those of one practice; it was noted on the day of the first, whatever that says of it.
    other_side
        The side where it was seen.
    """
    rows = sorted(entries, key=lambda one: (one.on, ADOPTION.index(one.status)))
    first, kind = rows[0], case_kind("practice")
    on, said = date.fromisoformat(first.on), {"title_zh": first.title.zh, "title_en": first.title.en}
    opening = events.CaseOpened(
        subject=subject,
        on=on,
        role="borrows_side",
        definition=kind.name,
        pinned=kind.pinned,
        clause=first.clause,
        ordering=first.side,
        roles={"borrows_side": first.side, "shows_side": other_side},
        began_on=on,
        fields={"visit": first.visit} if first.visit else {},
        words={**said, **(_noted(first) if first.status == kind.first.key else {})},
    )
    yield first.side, lambda _: opening
    for one in rows:
        if one.status != kind.first.key or one is not first:
            yield one.side, _step(subject, one)


def _noted(one: Practice) -> dict[str, str]:
    return {name: text for name, text in (("note", one.note.zh), ("note_en", one.note.en)) if text}


def _step(subject: str, one: Practice) -> Callable[[str], events.Event]:
    about: dict[str, Any] = {"subject": subject, "role": "borrows_side", "reason": one.reason, "words": _noted(one)}
    step = events.Step(**about, on=date.fromisoformat(one.on), node=one.status, after="")
    return lambda tip: msgspec.structs.replace(step, after=tip)
