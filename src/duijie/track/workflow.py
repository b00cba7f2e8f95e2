"""The way of an action through its nodes: a case of the record under ``clause/action``, read as at any date.

A :class:`Move` is a line of a file: what a side did of an action. :func:`acts_of` says it as events, :func:`streams_of`
gives those of many actions, :func:`state_of` what they amount to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from duijie.errors import DuijieError, Fault, InputError
from duijie.ledger import events
from duijie.ledger.fold import fold_case
from duijie.ledger.kinds import CaseKind, case_kind
from duijie.ledger.state import CaseState, Placed
from duijie.terms import Action, Bilingual

from .trajectory import due_day

__all__ = [
    "COUNTERSIGNED",
    "MILESTONE",
    "ActionState",
    "Evidence",
    "Key",
    "Move",
    "acts_of",
    "kind_of",
    "opening_fields",
    "state_of",
    "streams_of",
]

COUNTERSIGNED = "countersigned"
MILESTONE = "milestone"
_HASH = re.compile(r"[0-9a-f]{64}")
_SOLVES = ("problem", "escalated")

Key = tuple[str, str]
"""A clause and one of its actions."""
Act = tuple[str, Callable[[str], events.Event]]
"""The side that speaks, and what it says, given the id of the event that last moved the case."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document that proves something: its kind, the SHA-256 of its bytes and its file name."""

    kind: str
    sha256: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing a side did of an action, as a line of a file.

    `kind` is a node of the action's kind of case, ``milestone`` (then `milestone` names it), ``countersigned`` (the
    side confirms the step that stands, `countersigns` its node), or a note of the kind. `on` is an ISO date, `sequence`
    orders the moves of one day, `due_on` sets the deadline where the move hands the work out.
    """

    clause: str
    action: str
    kind: str
    on: str
    side: str
    actor: str
    sequence: int = 0
    due_on: str = ""
    milestone: str = ""
    countersigns: str = ""
    note: Bilingual = field(default_factory=Bilingual)
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class ActionState:
    """Where an action stands at a date: its node (empty before it was registered), deadline, proofs and notes.

    `is_done` says that it has its result, `is_dropped` that it ended without; `proposed` is the node whose step waits
    for the word of the sides `waits_for`, `refused` what stands against each act that took no effect.
    """

    node: str = ""
    is_done: bool = False
    is_dropped: bool = False
    side: str = ""
    entered_on: str = ""
    registered_on: str = ""
    due_on: str = ""
    evidence: tuple[Evidence, ...] = ()
    milestones: Mapping[str, str] = field(default_factory=dict)
    milestone_evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    countersigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, Bilingual] = field(default_factory=dict)
    proposed: str = ""
    waits_for: tuple[str, ...] = ()
    refused: tuple[Fault, ...] = ()


def kind_of(action: Action) -> CaseKind:
    """The kind of case of an action.

    Raises
    ------
    DuijieError
        ``track_template_unknown``: the action names a kind that nobody defined.
    """
    try:
        return case_kind(action.template)
    except InputError:
        raise DuijieError("track_template_unknown", {"template": action.template}, {"action": action.key}) from None


# From lines of a file to events


def opening_fields(action: Action) -> dict[str, Any]:
    """What the opening of an action says: its milestones, each with the kinds of evidence of which one proves it."""
    return {"milestones": {one.key: list(one.evidence) for one in action.milestones}}


def acts_of(
    subject: str, clause: str, action: Action, moves: Iterable[Move], sides: Sequence[str], files: _Files | None = None
) -> Iterator[Act]:
    """The moves of one action as events about `subject`, in the order of their days.

    Parameters
    ----------
    subject
        ``case/…``.
    clause, action
        What they are moves of.
    moves
        In any order; the side that registers it leads.
    sides
        The sides of the agreement.
    files
        Gives a kept file its size and type.
    """
    taken = sorted(moves, key=lambda one: (one.on, one.sequence, one.side, one.kind))
    kind = kind_of(action)
    lead = next((one.side for one in taken if one.kind == kind.first.key), taken[0].side if taken else "")
    roles = {"lead_side": lead, "other_side": next((one for one in sides if one != lead), "")}
    for one in taken:
        said = _said(subject, one, roles, files or _sizeless)
        if one.kind == kind.first.key:
            yield one.side, _opening(said, kind, clause, action, roles, one)
        else:
            yield one.side, _act(said, kind, one)


_Files = Callable[[Evidence], tuple[int, str]]


def _sizeless(_: Evidence) -> tuple[int, str]:
    return 0, "application/octet-stream"


def _said(subject: str, move: Move, roles: Mapping[str, str], files: _Files) -> dict[str, Any]:
    kept = [one for one in move.evidence if _HASH.fullmatch(one.sha256)]
    words = {"note": move.note.zh, "note_en": move.note.en, **{one.sha256: one.name for one in kept}}
    return {
        "subject": subject,
        "on": date.fromisoformat(move.on),
        "role": next((role for role, side in roles.items() if side == move.side), ""),
        "by": move.actor,
        "files": tuple(events.FileRef(one.sha256, *files(one), one.kind) for one in kept),
        "words": {key: text for key, text in words.items() if text},
    }


def _opening(
    said: dict[str, Any], kind: CaseKind, clause: str, action: Action, roles: dict[str, str], move: Move
) -> Callable[[str], events.Event]:
    said["words"] |= {"title_zh": action.name.zh, "title_en": action.name.en}
    event = events.CaseOpened(
        definition=kind.name,
        pinned=kind.pinned,
        clause=clause,
        ordering=roles[kind.ordering],
        roles=roles,
        began_on=said["on"],
        due_on=due_day(move.due_on),
        fields=opening_fields(action),
        **said,
    )
    return lambda _: event


def _act(said: dict[str, Any], kind: CaseKind, move: Move) -> Callable[[str], events.Event]:
    if move.kind == COUNTERSIGNED:
        return lambda tip: events.Confirmed(target=tip, **said)
    if move.kind == MILESTONE or move.kind in kind.notes:
        return lambda _: events.Noted(about=move.kind, milestone=move.milestone, **said)
    due = due_day(move.due_on)
    return lambda tip: events.Step(node=move.kind, after=tip, reason=move.reason, due_on=due, **said)


def streams_of(
    actions: Mapping[Key, Action], moves: Iterable[Move], sides: Sequence[str]
) -> dict[Key, tuple[Placed, ...]]:
    """The events of many actions, as they would stand on record; moves of unknown actions are left out."""
    found: dict[Key, list[Move]] = {}
    for move in moves:
        found.setdefault((move.clause, move.action), []).append(move)
    return {key: _stream(key, actions[key], own, sides) for key, own in found.items() if key in actions}


def _stream(key: Key, action: Action, moves: Sequence[Move], sides: Sequence[str]) -> tuple[Placed, ...]:
    subject, stream, state = f"case/{'/'.join(key)}", list[Placed](), CaseState()
    kind = kind_of(action)
    moment = datetime(1949, 1, 1, tzinfo=UTC)
    for at, (side, said) in enumerate(acts_of(subject, key[0], action, moves, sides)):
        stream.append(Placed(said(state.tip), f"{subject}:{at}", side, False, 1, at + 1, moment, (1, at + 1)))
        state = fold_case(stream, lambda _: kind)
    return tuple(stream)


# What they amount to


def state_of(kind: CaseKind, stream: Iterable[Placed], *, as_of: date) -> ActionState:
    """Where an action stands at the end of `as_of`; the empty state where nothing was recorded yet.

    Parameters
    ----------
    kind
        Its kind of case.
    stream
        Its events in any order; those after `as_of` do not count.
    as_of
        The date asked for.
    """
    told = [one for one in stream if one.event.on <= as_of]
    case = fold_case(told, lambda _: kind)
    faults = tuple(one.fault or Fault("record_refused") for key, one in case.judged.items() if key in case.void)
    if case.opened is None:
        return ActionState(refused=faults)
    opening = case.opened.event
    standing = [one for one in case.steps if not one.is_gone]
    last = standing[-1] if standing else None
    is_held = last is not None and last.is_held
    # An action stands where it stood as long as a step waits for the other side's word.
    before = standing[-2] if is_held and len(standing) > 1 else None if is_held else last
    node = kind.nodes[before.node if before else kind.first.key]
    told_acts = [opening, *(one.act.event for one in standing), *(one.event for one in case.notes)]
    due = [day for one in told_acts if (day := getattr(one, "due_on", None))]
    state = ActionState(
        node=node.key,
        is_done=(node.is_end and not node.reasons) or node.repeats,
        is_dropped=node.is_end and bool(node.reasons),
        side=case.opened.side,
        entered_on=(before.on if before else case.began_on).isoformat(),
        registered_on=case.began_on.isoformat(),
        due_on=due[-1].isoformat() if due else "",
        evidence=tuple(proof for one in told_acts for proof in _proofs(one)),
        countersigned={one.node: _sides(case, one.agreed) for one in standing if one.agreed},
        proposed=last.node if last is not None and last.waits_for(kind) else "",
        waits_for=_sides(case, last.waits_for(kind)) if last is not None else (),
        refused=faults,
    )
    for noted in case.notes:
        state = _noted(state, noted.event)
    return state


def _proofs(event: events.Event) -> Iterator[Evidence]:
    for one in event.files:
        yield Evidence(one.evidence, one.sha256, event.words.get(one.sha256, ""))


def _sides(case: CaseState, roles: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(case.roles.get(role, "") for role in roles))


def _noted(state: ActionState, event: events.Event) -> ActionState:
    """A problem that is solved and what was escalated with it leave the board; other notes replace their kind."""
    about, day = getattr(event, "about", ""), event.on.isoformat()
    if about == MILESTONE:
        name = getattr(event, "milestone", "")
        hashes = tuple(one.sha256 for one in event.files)
        return replace(
            state,
            milestones={**state.milestones, name: day},
            milestone_evidence={**state.milestone_evidence, name: hashes},
        )
    if about == "solved":
        return replace(state, notes={key: note for key, note in state.notes.items() if key not in _SOLVES})
    note = Bilingual(event.words.get("note", ""), event.words.get("note_en", ""))
    return replace(state, notes={**state.notes, about: note})
