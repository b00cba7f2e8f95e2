"""The way of an action through its nodes: what may follow, what it needs, where it stands at any date.

A node template is data (``data/policies/nodes.yaml``): nodes, what may follow each, the kinds of evidence and the
countersignature each asks for. A :class:`Move` is what a side recorded; the state is a fold of moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from duijie.errors import DeniedError
from duijie.terms import Bilingual, Milestone, Reason

__all__ = [
    "COUNTERSIGNED",
    "MILESTONE",
    "NOTES",
    "ActionState",
    "Evidence",
    "Move",
    "Node",
    "Template",
    "advance",
    "obstacles",
    "state_of",
    "templates_of",
]

COUNTERSIGNED = "countersigned"
MILESTONE = "milestone"
NOTES = ("problem", "next_step", "risk", "escalated", "solved")
_SHA256_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document that proves something: its kind, the SHA-256 of its bytes and its file name."""

    kind: str
    sha256: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing a side recorded about an action.

    `kind` is a node of the action's template, ``milestone`` (then `milestone` names it), ``countersigned`` (the
    other side agrees with what `countersigns` names) or one of :data:`NOTES`. `on` is an ISO date, `sequence` orders
    moves of one day, `due_on` sets the deadline where the move hands the work out.
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


@dataclass(frozen=True, slots=True)
class Node:
    """One state: what may `follow` it, the kinds of evidence and the countersignature needed to enter it."""

    key: str
    name: Bilingual
    following: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    needs_countersignature: bool = False

    @property
    def is_final(self) -> bool:
        return not self.following


@dataclass(frozen=True)
class Template:
    """The nodes of one kind of item, entered at `start`."""

    key: str
    name: Bilingual
    start: str
    nodes: Mapping[str, Node]

    def is_way_out(self, node: str) -> bool:
        """Whether `node` ends the item without its result: final, and allowed right after the start."""
        return self.nodes[node].is_final and node in self.nodes[self.start].following

    def is_done(self, node: str) -> bool:
        """Whether the item has its result: at an end that is no way out, or at a node that only repeats itself."""
        return (
            bool(node)
            and not self.is_way_out(node)
            and (self.nodes[node].is_final or node in self.nodes[node].following)
        )


@dataclass(frozen=True)
class ActionState:
    """Where an action stands at a date: its node (empty before it was registered), deadline, proofs and notes.

    `is_done` says that it has its result, `is_dropped` that it ended without.

    `refused` are the moves that broke a guard: they stay visible and change nothing.
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
    refused: tuple[tuple[Move, tuple[Reason, ...]], ...] = ()


def templates_of(document: Mapping[str, Any]) -> dict[str, Template]:
    """The node templates of a document in the shape of ``nodes.yaml``, by key; empty where it has none."""
    return {row["key"]: _template(row) for row in document["templates"]}


def _template(row: Mapping[str, Any]) -> Template:
    nodes = {node["key"]: _node(node) for node in row["nodes"]}
    return Template(row["key"], Bilingual(**row["name"]), row["start"], nodes)


def _node(row: Mapping[str, Any]) -> Node:
    return Node(
        row["key"],
        Bilingual(**row["name"]),
        tuple(row["next"]),
        tuple(row.get("evidence", ())),
        bool(row.get("needs_countersignature", False)),
    )


def obstacles(
    template: Template, state: ActionState, move: Move, *, milestones: Sequence[Milestone] = ()
) -> tuple[Reason, ...]:
    """Why `move` may not happen now; empty where it may.

    Returns
    -------
    tuple of Reason
        All of them at once: a node out of order, evidence without a hash or of a kind still missing, a
        countersignature that is absent, or one given by the side that asks for it.
    """
    if move.kind in template.nodes:
        return _out_of_order(template, state, move) + _proof_missing(template.nodes[move.kind], state, move)
    if not state.node:
        return (_against("track_not_registered", action=move.action),)
    if move.kind == COUNTERSIGNED:
        return (_against("track_own_countersignature", side=move.side),) if move.side == state.side else ()
    if move.kind == MILESTONE:
        return _milestone_unproved(move, milestones)
    return () if move.kind in NOTES else (_against("track_node_unknown", node=move.kind, template=template.key),)


def _against(code: str, **values: Any) -> Reason:
    return Reason(code, values, is_for=False)


def _out_of_order(template: Template, state: ActionState, move: Move) -> tuple[Reason, ...]:
    allowed = template.nodes[state.node].following if state.node else (template.start,)
    if move.kind in allowed:
        return ()
    return (_against("track_node_out_of_order", node=move.kind, before=state.node, allowed=list(allowed)),)


def _proof_missing(node: Node, state: ActionState, move: Move) -> tuple[Reason, ...]:
    """A node's kinds of evidence, a final node's one hashed proof at least, and the other side's word."""
    given = _hashed((*state.evidence, *move.evidence))
    found = [
        _against("track_evidence_missing", node=node.key, kind=kind) for kind in node.evidence if kind not in given
    ]
    if node.is_final and not given:
        found.append(_against("track_proof_missing", node=node.key))
    if node.needs_countersignature and not set(state.countersigned.get(node.key, ())) - {move.side}:
        found.append(_against("track_countersignature_missing", node=node.key))
    return tuple(found)


def _milestone_unproved(move: Move, milestones: Sequence[Milestone]) -> tuple[Reason, ...]:
    known = {milestone.key: milestone for milestone in milestones}
    if move.milestone not in known:
        return (_against("track_milestone_unknown", milestone=move.milestone, known=list(known)),)
    kinds = known[move.milestone].evidence
    if kinds and not _hashed(move.evidence) & set(kinds):
        return (_against("track_milestone_unproved", milestone=move.milestone, kinds=list(kinds)),)
    return ()


def _hashed(evidence: Iterable[Evidence]) -> set[str]:
    return {one.kind for one in evidence if len(one.sha256) == _SHA256_LENGTH}


def advance(template: Template, state: ActionState, move: Move, *, milestones: Sequence[Milestone] = ()) -> ActionState:
    """The state after `move`.

    Raises
    ------
    DeniedError
        A guard does not hold; ``values["reasons"]`` has every reason.
    """
    found = obstacles(template, state, move, milestones=milestones)
    if found:
        reasons = [reason.to_dict() for reason in found]
        raise DeniedError("track_move_refused", {"action": move.action, "node": move.kind, "reasons": reasons})
    return _after(template, state, move)


def _after(template: Template, state: ActionState, move: Move) -> ActionState:
    state = replace(state, evidence=state.evidence + move.evidence, due_on=move.due_on or state.due_on)
    if move.kind == COUNTERSIGNED:
        by = (*state.countersigned.get(move.countersigns, ()), move.side)
        return replace(state, countersigned={**state.countersigned, move.countersigns: by})
    if move.kind == MILESTONE:
        return _after_milestone(state, move)
    if move.kind in NOTES:
        return _after_note(state, move)
    return replace(
        state,
        node=move.kind,
        is_done=template.is_done(move.kind),
        is_dropped=template.is_way_out(move.kind),
        side=state.side or move.side,
        entered_on=move.on,
        registered_on=state.registered_on or move.on,
    )


def _after_milestone(state: ActionState, move: Move) -> ActionState:
    hashes = tuple(one.sha256 for one in move.evidence)
    return replace(
        state,
        milestones={**state.milestones, move.milestone: move.on},
        milestone_evidence={**state.milestone_evidence, move.milestone: hashes},
    )


def _after_note(state: ActionState, move: Move) -> ActionState:
    """A problem that is solved and what was escalated with it leave the board; other notes replace their kind."""
    if move.kind == "solved":
        kept = {kind: note for kind, note in state.notes.items() if kind not in ("problem", "escalated")}
        return replace(state, notes=kept)
    return replace(state, notes={**state.notes, move.kind: move.note})


def state_of(
    template: Template, moves: Iterable[Move], *, as_of: date, milestones: Sequence[Milestone] = ()
) -> ActionState:
    """Where an action stands at the end of `as_of`.

    Parameters
    ----------
    template
        The nodes of its kind of item.
    moves
        Its moves in any order; those after `as_of` do not count.
    as_of
        The date asked for.
    milestones
        The points the action must pass, each with the kinds of evidence of which one proves it.

    Returns
    -------
    ActionState
        The empty state where nothing was recorded yet.

    Notes
    -----
    Moves are taken by date, then `sequence`, then side: any order of arrival gives the same state.
    """
    state = ActionState()
    for move in _in_order(moves, as_of):
        found = obstacles(template, state, move, milestones=milestones)
        state = replace(state, refused=(*state.refused, (move, found))) if found else _after(template, state, move)
    return state


def _in_order(moves: Iterable[Move], as_of: date) -> Sequence[Move]:
    limit = as_of.isoformat()
    taken = (move for move in moves if move.on[: len(limit)] <= limit)
    return sorted(taken, key=lambda move: (move.on, move.sequence, move.side, move.kind))
