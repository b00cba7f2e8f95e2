"""The fold as law: what a subject's events, in the order of its ordering side's chain, amount to.

A subject is folded from all its events and nothing else: no clock, no calendar, no other subject. `rows` of a fold are
the rows of tables that people read; each is replaced whole when its subject is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from duijie.errors import Fault

from . import events
from .desk import desk_rows
from .guards import judge, opening_faults, speaks_as
from .kept import KeptState, fold_kept, kept_row, readers_of
from .kinds import CaseKind, Node
from .listings import decline_rows, fold_listing, listing_rows, party_rows, review_rows
from .state import (
    COUNTS,
    IRREGULAR,
    PENDING,
    Act,
    CaseState,
    Judgement,
    ListingState,
    Placed,
    Rows,
    StepState,
    grant_row,
    opening_of,
    ordered,
)

__all__ = ["Definitions", "Folded", "Rows", "fold", "fold_case", "fold_listing", "ordered"]

Definitions = Callable[[str], CaseKind | None]
"""Gives a definition by its pinned hash, None where it is not here yet."""


# A case


def fold_case(stream: Sequence[Placed], definitions: Definitions) -> CaseState:
    """A case from its events; events that wait for another are tried again after each that counts."""
    opening = opening_of(stream)
    side = opening.event.ordering if opening and isinstance(opening.event, events.CaseOpened) else ""
    state, waiting = CaseState(), list[Placed]()
    for one in _as_far_as_known(ordered(stream, side)):
        waiting.append(one)
        moved = _counts(state, one, side, definitions)
        while moved:
            waiting = [one for one in waiting if state.judged[one.commit].verdict == PENDING]
            moved = any(_counts(state, one, side, definitions) for one in waiting)
    return state


def _as_far_as_known(stream: Iterable[Placed]) -> Iterator[Placed]:
    """What follows an event of a kind that is not known here is not settled here, though it was taken up."""
    is_known = True
    for one in stream:
        yield one if is_known else replace(one, place=None)
        is_known = is_known and not isinstance(one.event, events.Unknown)


def _counts(state: CaseState, one: Placed, side: str, definitions: Definitions) -> bool:
    judgement = _take(state, one, side, definitions)
    state.judged[one.commit] = judgement
    if judgement.verdict == COUNTS:
        state.void.pop(one.commit, None)
    else:
        state.void[one.commit] = one
    return judgement.verdict == COUNTS


def _take(state: CaseState, one: Placed, side: str, definitions: Definitions) -> Judgement:
    event = one.event
    if isinstance(event, events.CaseOpened):
        return _open(state, one, event, side, definitions)
    judgement = judge(state, one.act)
    kind = state.kind
    if judgement.verdict != COUNTS or kind is None:
        return judgement
    if isinstance(event, events.Step):
        _enter(state, kind, one, event)
    elif isinstance(event, events.Confirmed):
        _agree(state, kind, one, event)
    elif isinstance(event, events.Returned | events.Withdrawn):
        _leave(state, kind, one, event)
    elif isinstance(event, events.Noted):
        state.notes.append(one)
    elif isinstance(event, events.Corrected):
        step = state.step(event.target)
        assert step is not None
        roles = _roles(state, kind, one.act)
        step.corrections[one.commit] = (one.act, dict.fromkeys(roles, event.on))
        step.was[one.commit] = (step.amount, step.on)
    if not isinstance(event, events.Step) and (about := state.step(getattr(event, "target", ""))):
        about.trail.append(one.act)
    return judgement


def _open(state: CaseState, one: Placed, event: events.CaseOpened, side: str, definitions: Definitions) -> Judgement:
    if event.ordering != side:
        return Judgement(IRREGULAR, Fault("case_opened_otherwise", {}, {"side": side}))
    if state.opened is not None:
        return Judgement(COUNTS)  # a second opening is the same subject
    kind = definitions(event.pinned)
    if kind is None:
        return Judgement(PENDING)
    fault = next(opening_faults(kind, event, one.act), None)
    if fault is not None:
        return Judgement(IRREGULAR, fault)
    state.kind, state.opened, state.roles = kind, one, dict(event.roles)
    state.tip, state.node, state.on = one.commit, kind.first.key, event.began_on
    return Judgement(COUNTS)


def _roles(state: CaseState, kind: CaseKind, act: Act) -> tuple[str, ...]:
    return tuple(role for role in kind.roles if speaks_as(kind, state.roles, act, role))


def _enter(state: CaseState, kind: CaseKind, one: Placed, event: events.Step) -> None:
    step = StepState(one.act, event.node, event.on, event.amount, one.is_taken, one.recorded_at)
    step.roles = _roles(state, kind, one.act)
    step.agreed = {role: event.on for role in step.roles if role in kind.nodes[event.node].confirmed_by}
    step.is_held = kind.nodes[event.node].confirmed_when == "before" and not step.is_confirmed(kind)
    state.steps.append(step)
    state.tip, state.node, state.on = one.commit, event.node, event.on


def _agree(state: CaseState, kind: CaseKind, one: Placed, event: events.Confirmed) -> None:
    step = state.step(event.target)
    assert step is not None
    if event.target not in step.corrections:
        step.agreed |= dict.fromkeys(_roles(state, kind, one.act), event.on)
        step.is_held = step.is_held and not step.is_confirmed(kind)
        step.is_disputed = step.is_disputed and not step.is_confirmed(kind)
        step.is_taken = step.is_taken and one.is_taken
        return
    act, agreed = step.corrections[event.target]
    agreed |= dict.fromkeys(_roles(state, kind, one.act), event.on)
    if not step.correction_waits(kind, event.target):
        said = act.event
        assert isinstance(said, events.Corrected)
        step.was[event.target] = (step.amount, step.on)
        step.amount, step.on = said.amount or step.amount, said.happened_on or step.on
        _close(step, event.target, "agreed")
        if step is state.last:
            state.tip, state.on = one.commit, step.on


def _close(step: StepState, correction: str, how: str) -> None:
    del step.corrections[correction]
    step.closed[correction] = how


def _leave(state: CaseState, kind: CaseKind, one: Placed, event: events.Returned | events.Withdrawn) -> None:
    """The last step leads back to where the case stood; an earlier one stays in the way, disputed.

    A correction that is returned or withdrawn changes nothing; a step that never took effect leaves its author's list.
    """
    if event.target in state.void:
        state.cleared.add(event.target)
        return
    step = state.step(event.target)
    assert step is not None
    how = "returned" if isinstance(event, events.Returned) else "withdrawn"
    if event.target in step.corrections:
        _close(step, event.target, how)
        return
    step.return_reason = getattr(event, "reason", "")
    if step is not state.last:
        step.is_disputed = True
        return
    step.state = how
    last = state.last
    state.node, state.on = (last.node, last.on) if last else (kind.first.key, state.began_on)
    state.tip = one.commit


def _case_rows(subject: str, state: CaseState) -> Rows:
    opened, kind = state.opened, state.kind
    if opened is None or kind is None:
        return {}
    said = opened.event
    assert isinstance(said, events.CaseOpened)
    key, last = said.id, state.last
    steps = [_first_step(key, opened, said, kind), *(_step_row(key, one, kind) for one in state.steps)]
    steps += [_void_row(key, one, state) for one in state.void.values() if isinstance(one.event, events.Step)]
    steps = [{**step, "at": at} for at, step in enumerate(steps)]
    due = _due_days(state)
    amounts = [one.amount for one in state.steps if not one.is_gone and one.amount]
    row = {
        "id": key,
        "side": said.ordering,
        "clause": said.clause,
        "kind": kind.name.partition("@")[0] if kind.name.partition("@")[0] != "match-chain" else "",
        "definition": kind.name,
        "pinned": kind.pinned,
        "title_zh": said.words.get("title_zh", ""),
        "title_en": said.words.get("title_en", ""),
        "need": said.need or None,
        "offer": said.offer or None,
        "need_party": said.roles.get("need") or None,
        "offer_party": said.roles.get("offer") or None,
        "roles": dict(said.roles),
        "state": state.node,
        "reason": getattr(last.act.event, "reason", "") if last else "",
        "last_on": state.on,
        "due_on": due[-1] if due else None,
        "payload": dict(said.fields),
        "amount": amounts[-1].value if amounts else None,
        "unit": amounts[-1].unit if amounts else "",
        "tip": state.tip,
        "is_taken": opened.is_taken,
        "opened_at": opened.recorded_at,
    }
    return {
        "case": [row],
        "step": steps,
        "grant": list(_case_grants(key, said, state, kind)),
        "todo": list(_todo(key, state, kind)),
    }


def _first_step(case: str, opened: Placed, said: events.CaseOpened, kind: CaseKind) -> dict[str, Any]:
    """The opening is the case's first node."""
    base = _base_row(case, opened.act, kind.first.key, said.began_on, None)
    return {**base, "counts": opened.is_taken, "due_on": said.due_on}


def _base_row(case: str, act: Act, node: str, on: date, amount: events.Amount | None) -> dict[str, Any]:
    event = act.event
    return {
        "id": act.commit,
        "case": case,
        "kind": node,
        "on": on,
        "side": act.side,
        "role": event.role,
        "by": event.by,
        "behalf": event.behalf,
        "amount": amount.value if amount else None,
        "unit": amount.unit if amount else "",
        "reason": getattr(event, "reason", ""),
        "due_on": getattr(event, "due_on", None),
        "n_evidence": len(event.files),
        "is_confirmed": False,
        "confirmed_on": None,
        "counts": False,
        "state": "stands",
        "return_reason": "",
    }


def _step_row(case: str, step: StepState, kind: CaseKind) -> dict[str, Any]:
    is_confirmed = step.is_confirmed(kind) and bool(kind.nodes[step.node].confirmed_by)
    stands = not step.is_gone and not step.is_disputed
    return {
        **_base_row(case, step.act, step.node, step.on, step.amount),
        "is_confirmed": is_confirmed,
        "confirmed_on": max(step.agreed.values()) if is_confirmed else None,
        "counts": stands and step.is_taken and step.is_confirmed(kind),
        "state": "disputed" if step.is_disputed else step.state,
        "return_reason": step.return_reason,
    }


def _void_row(case: str, one: Placed, state: CaseState) -> dict[str, Any]:
    event = one.event
    assert isinstance(event, events.Step)
    verdict = "withdrawn" if one.commit in state.cleared else state.judged[one.commit].verdict
    return {**_base_row(case, one.act, event.node, event.on, event.amount), "state": verdict}


def _case_grants(case: str, said: events.CaseOpened, state: CaseState, kind: CaseKind) -> Iterator[dict[str, Any]]:
    """Who takes part reads the case, and of the other's listing what was opened: all of it before it decides, then what
    opens to the matched, then what opens to those who agreed.
    """
    reached = {one.node for one in state.steps if not one.is_gone}
    later = {role for role, node, where in kind.reads_from if said.roles.get(where) and node not in reached}
    for role, bound in sorted(said.roles.items()):
        if bound and kind.roles[role] in ("party", "side") and role not in later:
            yield grant_row(f"case/{case}", "case", case, f"{kind.roles[role]}:{bound}", "agreed")
    if not said.offer:
        return
    for end, other in (("need", "offer"), ("offer", "need")):
        stage = _opened_to_others(state, end)
        for scope in (f"party:{said.roles.get(other, '')}", f"side:{said.roles.get(f'{other}_side', '')}"):
            yield grant_row(f"case/{case}", "listing", getattr(said, end), scope, stage)
            yield grant_row(f"case/{case}", "party", said.roles.get(end, ""), scope, stage)


def _opened_to_others(state: CaseState, end: str) -> str:
    """How far a listing is open to the other end: as far as its own end has spoken, whatever the other one entered."""
    own = {end, f"{end}_side"}
    steps = [one for one in state.steps if not one.is_gone and not one.is_held and own & {*one.roles, *one.agreed}]
    reached = {one.node for one in steps} - {"refused"}
    if reached & {"intent", "signed", "approved", "started", "delivered"}:
        return "agreed"
    return "matched" if reached else "public"


def _todo(case: str, state: CaseState, kind: CaseKind) -> Iterator[dict[str, Any]]:
    """Who is to do what next: confirm, redo, settle what is disputed, agree to a correction; else the next step, which
    is one's turn where others handed the case over, and else merely possible.
    """
    waiting = False
    for step in state.steps:
        if step.is_gone:
            continue
        due = getattr(step.act.event, "due_on", None)
        for role in step.waits_for(kind):
            waiting = True
            yield _task(case, "confirm", state, kind, role, step.act.commit, step.node, due)
        if step.is_disputed:
            yield _own_task(case, "settle", kind, step.act, step.node)
        for commit in step.corrections:
            for role in step.correction_waits(kind, commit):
                yield _task(case, "agree", state, kind, role, commit, step.node, None)
    gone = state.steps[-1] if state.steps else None
    for one in state.void.values():
        waits = state.judged[one.commit].verdict == PENDING
        if isinstance(one.event, events.Step) and one.commit not in state.cleared and not waits:
            yield _own_task(case, "redo_or_clear", kind, one.act, one.event.node)
    if gone is not None and gone.state == "returned":
        waiting = True
        _, due = _handed_over(state, kind, kind.nodes[gone.node])
        yield {**_own_task(case, "redo", kind, gone.act, gone.node), "due_on": due}
    following = kind.nodes[state.node].next
    if not waiting and following and not any(one.is_held for one in state.steps):
        node = kind.nodes[following[0]]
        handed, due = _handed_over(state, kind, node)
        for role in node.enters:
            yield _task(case, "turn" if handed else "step", state, kind, role, handed or state.tip, node.key, due)


def _handed_over(state: CaseState, kind: CaseKind, node: Node) -> tuple[str, date | None]:
    """The last act of somebody who cannot enter a node, with which the case was handed to those who can, and the last
    day it was given.

    Empty where everybody who acted may enter the node as well.
    """
    assert state.opened is not None
    acts = [(state.opened.commit, _roles(state, kind, state.opened.act))]
    acts += [(one.act.commit, one.roles) for one in state.steps if not one.is_gone]
    handed = next((commit for commit, roles in reversed(acts) if not {*roles} & {*node.enters}), "")
    return handed, next(reversed(_due_days(state)), None) if handed else None


def _due_days(state: CaseState) -> list[date]:
    """The days that the acts of a case set, in their order."""
    acts = [state.opened.event if state.opened else None, *(one.act.event for one in state.steps if not one.is_gone)]
    return [day for one in acts if (day := getattr(one, "due_on", None))]


def _task(
    case: str, act: str, state: CaseState, kind: CaseKind, role: str, target: str, node: str, due: date | None
) -> dict[str, Any]:
    bound, sort = state.roles.get(role, ""), kind.roles[role]
    side = bound if sort == "side" else state.roles.get(f"{role}_side", "")
    days = kind.nodes[state.node].stuck_after_days
    return {
        "id": f"case/{case}|{act}|{role}|{target}",
        "source": f"case/{case}",
        "sort": "case",
        "key": case,
        "act": act,
        "role": role,
        "side": side,
        "party": bound if sort == "party" else "",
        "department": bound if sort == "department" else "",
        "person": "",
        "target": target,
        "node": node,
        "since_on": state.on,
        "due_on": due,
        "stuck_after_days": days,
    }


def _own_task(case: str, act: str, kind: CaseKind, author: Act, node: str) -> dict[str, Any]:
    event = author.event
    sort = kind.roles.get(event.role, "")
    return {
        "id": f"case/{case}|{act}|{event.role}|{author.commit}",
        "source": f"case/{case}",
        "sort": "case",
        "key": case,
        "act": act,
        "role": event.role,
        "side": author.side,
        "party": (event.behalf or event.by) if sort == "party" else "",
        "department": event.by if sort == "department" else "",
        "person": "",
        "target": author.commit,
        "node": node,
        "since_on": event.on,
        "due_on": None,
        "stuck_after_days": 0,
    }


# What is kept beside


def _kept_rows(subject: str, state: KeptState) -> Rows:
    row = kept_row(state)
    if row is None:
        return {}
    sort, _, key = subject.partition("/")
    grants = [grant_row(subject, sort, key, scope, stage) for scope, stage in readers_of(state)]
    return {sort: [row], "grant": grants}


@dataclass(frozen=True)
class Folded:
    """The rows of a subject by table, and how each of its events was taken."""

    rows: Rows
    judged: Mapping[str, Judgement]
    case: CaseState | None = None
    listing: ListingState | None = None


def fold(subject: str, stream: Sequence[Placed], definitions: Definitions) -> Folded:
    """A subject from all its events: the same whatever order they arrived in.

    Parameters
    ----------
    subject
        ``sort/id``; a sort without a fold of its own has no rows.
    stream
        Its events; for ``review/…`` those of what is reviewed as well.
    definitions
        Kinds of case by hash.
    """
    sort = subject.partition("/")[0]
    if sort == "case":
        case = fold_case(stream, definitions)
        return Folded(_case_rows(subject, case), case.judged, case)
    if sort in ("listing", "party"):
        listing = fold_listing(stream)
        rows = listing_rows(subject, listing) if sort == "listing" else party_rows(subject, listing)
        return Folded(rows, listing.judged, listing=listing)
    opening = opening_of(stream)
    if opening is not None and isinstance(opening.event, events.Kept):
        kept = fold_kept(ordered(stream, opening.event.ordering))
        return Folded(_kept_rows(subject, kept), kept.judged)
    fine = {one.commit: Judgement(PENDING if isinstance(one.event, events.Unknown) else COUNTS) for one in stream}
    if sort == "review":
        return Folded(review_rows(subject, stream), fine)
    if sort == "desk":
        return Folded(desk_rows(subject, stream), fine)
    return Folded(decline_rows(subject, stream) if sort == "pair" and stream else {}, fine)
