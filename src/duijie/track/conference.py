"""The joint conference: who hosts, what was decided, which tasks came of it; and the practices borrowed on visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from duijie.terms import Action, Agreement, Bilingual

from .indicators import Promise
from .trajectory import due_day

__all__ = [
    "ADOPTION",
    "Conference",
    "Decision",
    "Practice",
    "decision_promises",
    "host_of",
    "open_decisions",
    "practices_at",
    "tasks_of",
]

ADOPTION = ("noted", "under_study", "trial", "adopted", "rejected")


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
    """A practice one side saw at the other: `status` of :data:`ADOPTION` from `on`; later entries supersede."""

    key: str
    clause: str
    side: str
    title: Bilingual
    on: str
    status: str = "noted"
    visit: str = ""
    note: Bilingual = field(default_factory=Bilingual)


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
