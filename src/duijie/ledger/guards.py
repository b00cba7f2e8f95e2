"""What may happen to a case: one judgement, advice with a reason at entry and law in the fold.

`judge` never reads a clock; what only entry can know (today, whether a file is here) is asked by :func:`at_entry`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from duijie.errors import Fault

from . import events
from .kinds import CaseKind, Node
from .state import COUNTS, IRREGULAR, LATE, OVERTAKEN, PENDING, Act, CaseState, Judgement, StepState

__all__ = ["NO_AMOUNT", "at_entry", "judge", "opening_faults", "speaks_as", "unsettled"]

_FINE = Judgement(COUNTS)


def speaks_as(kind: CaseKind, roles: dict[str, str], act: Act, role: str) -> bool:
    """Whether the author of an act holds a role of a case: by its side, its department or the party it speaks for."""
    bound, sort = roles.get(role, ""), kind.roles.get(role, "")
    if not bound or act.event.role != role:
        return False
    if sort == "side":
        return act.side == bound
    home = f"{role}_side"
    # Where the kind says whose side a role is of, no other side speaks in it, not even while that side is unnamed.
    is_here = home not in kind.roles or roles.get(home) == act.side
    return is_here and bound in (act.event.by, act.event.behalf)


def judge(state: CaseState, act: Act) -> Judgement:
    """How an event of a case is taken, given what happened before."""
    kind = state.kind
    if kind is None:
        return Judgement(PENDING, Fault("case_not_opened"))
    event = act.event
    if isinstance(event, events.Unknown):
        return Judgement(PENDING, Fault("record_kind_unknown", {}, {"kind": event.name}))
    if isinstance(event, events.Step):
        return _step(state, kind, act, event)
    if isinstance(event, events.Confirmed):
        return _confirmed(state, kind, act, event)
    if isinstance(event, events.Returned):
        return _returned(state, kind, act, event)
    if isinstance(event, events.Withdrawn):
        return _withdrawn(state, kind, act, event)
    if isinstance(event, events.Corrected):
        return _corrected(state, kind, act, event)
    return _noted(state, kind, act, event) if isinstance(event, events.Noted) else _FINE


def _wrong(code: str, **values: object) -> Judgement:
    return Judgement(IRREGULAR, Fault(code, {}, values))


def _step(state: CaseState, kind: CaseKind, act: Act, event: events.Step) -> Judgement:
    if event.after != state.tip and not _is_known(state, event.after):
        return Judgement(PENDING, Fault("case_target_unknown"))
    if event.after != state.tip:
        return Judgement(OVERTAKEN, Fault("case_overtaken", {}, {"node": event.node}))
    node = kind.nodes.get(event.node)
    if node is None:
        return _wrong("case_node_unknown", node=event.node)
    last = state.last
    if last is not None and last.is_held:
        return _wrong("case_waits", node=last.node)
    if event.node not in kind.nodes[state.node].next and not (event.node == state.node and node.repeats):
        return _wrong("case_not_next", node=event.node, before=state.node)
    if not any(speaks_as(kind, state.roles, act, role) for role in node.enters):
        return _wrong("case_other_role", node=event.node)
    if node.reasons and event.reason not in node.reasons:
        return _wrong("case_reason_missing", node=event.node)
    if node.is_evidence_needed and not event.files:
        return _wrong("case_evidence_missing", node=event.node)
    if event.amount is None and node.is_amount_needed:
        return _wrong("case_amount_missing", node=event.node)
    wrong = _amount(event.amount, node)
    if wrong is not None:
        return wrong
    open_one = unsettled(state, kind, node)
    if open_one is not None:
        return _wrong("case_not_settled", node=open_one.node)
    if event.on < state.on:
        return _wrong("case_too_early", on=event.on, before=state.on)
    return _FINE


NO_AMOUNT = "none"
"""The unit of an amount that is said to be none: its value is zero."""


def _amount(amount: events.Amount | None, node: Node) -> Judgement | None:
    """What is wrong with an amount: its unit is none of the node's, or it is neither above zero nor said to be none."""
    if amount is None:
        return None
    if amount.unit not in node.units:
        return _wrong("case_unit_unknown", unit=amount.unit, known=", ".join(node.units))
    if amount.value != 0 if amount.unit == NO_AMOUNT else amount.value <= 0:
        return _wrong("case_amount_not_positive")
    return None


def unsettled(state: CaseState, kind: CaseKind, node: Node) -> StepState | None:
    """What stands in the way of a node that closes the case: the first step without every confirmation it needs."""
    if node.key != kind.path[-1] or node.repeats:
        return None
    return next((one for one in state.steps if not one.is_gone and not one.is_confirmed(kind)), None)


def _is_known(state: CaseState, commit: str) -> bool:
    """Whether an event of the case is here and does not itself wait for another."""
    return commit in state.judged and state.judged[commit].verdict != PENDING


def _target(state: CaseState, act: Act, target: str) -> StepState | Judgement:
    step, void = state.step(target), state.void.get(target)
    if void is not None and state.judged[target].verdict != PENDING:
        return Judgement(LATE, Fault("case_step_gone", {}, {"node": getattr(void.event, "node", "")}))
    if step is None:
        return Judgement(PENDING, Fault("case_target_unknown"))
    if step.is_gone:
        return Judgement(LATE, Fault("case_step_gone", {}, {"node": step.node}))
    if target in step.closed:
        return Judgement(LATE, Fault("case_confirmed_already", {}, {"node": step.node}))
    return step


def _confirmed(state: CaseState, kind: CaseKind, act: Act, event: events.Confirmed) -> Judgement:
    step = _target(state, act, event.target)
    if isinstance(step, Judgement):
        return step
    is_correction = event.target in step.corrections
    waiting = step.correction_waits(kind, event.target) if is_correction else step.waits_for(kind)
    if any(speaks_as(kind, state.roles, act, role) for role in waiting):
        return _FINE
    if step.is_confirmed(kind) and not is_correction:
        return Judgement(LATE, Fault("case_confirmed_already", {}, {"node": step.node}))
    return _wrong("case_not_yours_to_confirm", node=step.node)


def _returned(state: CaseState, kind: CaseKind, act: Act, event: events.Returned) -> Judgement:
    step = _target(state, act, event.target)
    if isinstance(step, Judgement):
        return step
    is_correction = event.target in step.corrections
    if step.is_confirmed(kind) and not is_correction:
        return Judgement(LATE, Fault("case_confirmed_already", {}, {"node": step.node}))
    waiting = step.correction_waits(kind, event.target) if is_correction else step.waits_for(kind)
    if not any(speaks_as(kind, state.roles, act, role) for role in waiting):
        return _wrong("case_not_yours_to_confirm", node=step.node)
    return _FINE


def _withdrawn(state: CaseState, kind: CaseKind, act: Act, event: events.Withdrawn) -> Judgement:
    void = state.void.get(event.target)
    if void is not None and state.judged[event.target].verdict != PENDING:
        return _FINE if void.side == act.side else _wrong("case_not_own_step", node="")
    step = _target(state, act, event.target)
    if isinstance(step, Judgement):
        return step
    if event.target in step.corrections:
        proposed, _ = step.corrections[event.target]
        is_own = (proposed.side, proposed.event.role) == (act.side, act.event.role)
        return _FINE if is_own else _wrong("case_not_own_step", node=step.node)
    if step.act.side != act.side or not any(speaks_as(kind, state.roles, act, role) for role in step.roles):
        return _wrong("case_not_own_step", node=step.node)
    if step is not state.last or step.has_word_of_others:
        return Judgement(LATE, Fault("case_correct_instead", {}, {"node": step.node}))
    return _FINE


def _corrected(state: CaseState, kind: CaseKind, act: Act, event: events.Corrected) -> Judgement:
    step = _target(state, act, event.target)
    if isinstance(step, Judgement):
        return step
    if not any(speaks_as(kind, state.roles, act, role) for role in kind.roles):
        return _wrong("case_other_role", node=step.node)
    if event.amount is None and event.happened_on is None:
        return _wrong("case_nothing_to_correct")
    wrong = _amount(event.amount, kind.nodes[step.node])
    if wrong is not None:
        return wrong
    before = state.before(step)
    if event.happened_on is not None and event.happened_on < before:
        return _wrong("case_too_early", on=event.happened_on, before=before)
    return _FINE


def _noted(state: CaseState, kind: CaseKind, act: Act, event: events.Noted) -> Judgement:
    if not any(speaks_as(kind, state.roles, act, role) for role in kind.roles):
        return _wrong("case_other_role", node=state.node)
    if event.on < state.began_on:
        return _wrong("case_too_early", on=event.on, before=state.began_on)
    if event.about != "milestone":
        return _FINE if event.about in kind.notes else _wrong("case_note_unknown", note=event.about)
    opened = state.opened.event if state.opened else None
    known = opened.fields.get("milestones", {}) if isinstance(opened, events.CaseOpened) else {}
    if event.milestone not in known:
        return _wrong("case_milestone_unknown", milestone=event.milestone)
    kinds = known[event.milestone]
    if kinds and not {one.evidence for one in event.files} & set(kinds):
        return _wrong("case_milestone_unproved", milestone=event.milestone, kinds=kinds)
    return _FINE


def opening_faults(kind: CaseKind, event: events.CaseOpened, act: Act) -> Iterator[Fault]:
    """What is wrong with the opening of a case."""
    for role in sorted(set(event.roles) - set(kind.roles)):
        yield Fault("case_role_unknown", {}, {"role": role})
    if not any(speaks_as(kind, event.roles, act, role) for role in kind.opens):
        yield Fault("case_other_role", {}, {"node": kind.first.key})
    if event.roles.get(kind.ordering, "") != event.ordering:
        yield Fault("case_role_unknown", {}, {"role": kind.ordering})
    # Two roles of one side would let it confirm its own word.
    sides = [event.roles.get(role, "") for role, sort in kind.roles.items() if sort == "side"]
    if "" in sides or len(set(sides)) < len(sides):
        yield Fault("case_sides_unclear")
    if kind.first.is_evidence_needed and not event.files:
        yield Fault("case_evidence_missing", {}, {"node": kind.first.key})


def at_entry(event: events.Event, today: date) -> Iterator[Fault]:
    """What only entry asks: nothing happened in the future."""
    for field in ("on", "began_on", "happened_on"):
        day = getattr(event, field, None)
        if day is not None and day > today:
            yield Fault("case_in_future", {"field": field}, {"on": day, "today": today})
