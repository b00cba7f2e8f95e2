"""Why a clause has its light: results → reasons, whose sentences stand in ``words/*/track.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from duijie.terms import Reason
from duijie.terms.working_days import is_provisional, working_days_between

from .standing import ActionProgress, IndicatorProgress
from .trajectory import deadline_light, due_day
from .workflow import kind_of

__all__ = ["clause_reasons"]


def clause_reasons(
    actions: Sequence[ActionProgress], indicators: Sequence[IndicatorProgress], *, is_reported: bool, as_of: date
) -> tuple[Reason, ...]:
    """What stands behind a clause's light, the worst first; a clause nobody reported on says only that."""
    found = [*_late(actions, as_of), *_behind(indicators), *_troubled(actions), *_soon(actions, as_of)]
    if not is_reported:
        return (*found, Reason("track_nobody_reported", is_for=False))
    found += [*_waiting(actions), *_broken(actions), *_undated(actions), *_untargeted(indicators), *_closed(actions)]
    return tuple(found)


def _late(actions: Sequence[ActionProgress], as_of: date) -> Iterator[Reason]:
    for one in _open(actions):
        due, action = due_day(one.due_on), one.action.name.to_dict()
        if due and as_of > due:
            code = "track_action_late" if one.state.node else "track_action_unreported"
            values = {"action": action, "due_on": one.due_on, "days": working_days_between(due, as_of)}
            yield Reason(_perhaps_provisional(code, due, as_of), values, is_for=False)
        for stone in one.milestones:
            due = due_day(stone.milestone.due_on)
            if due and stone.state == "overdue" and one.state.node:
                named = {"action": action, "milestone": stone.milestone.name.to_dict()}
                values = {**named, "due_on": stone.milestone.due_on, "days": working_days_between(due, as_of)}
                yield Reason(_perhaps_provisional("track_milestone_late", due, as_of), values, is_for=False)


def _open(actions: Sequence[ActionProgress]) -> Iterator[ActionProgress]:
    return (one for one in actions if not one.state.is_done and not one.state.is_dropped)


def _waiting(actions: Sequence[ActionProgress]) -> Iterator[Reason]:
    """What was reported and waits for a side's word."""
    for one in actions:
        if one.state.proposed and not one.state.is_done:
            name = kind_of(one.action).nodes[one.state.proposed].name
            values = {"action": one.action.name.to_dict(), "node": name.to_dict()}
            yield Reason("track_action_waits", values, is_for=False)


def _soon(actions: Sequence[ActionProgress], as_of: date) -> Iterator[Reason]:
    for one in _open(actions):
        due = due_day(one.due_on)
        if due and one.state.node and deadline_light(one.due_on, "", as_of) == "amber":
            values = {
                "action": one.action.name.to_dict(),
                "due_on": one.due_on,
                "days": working_days_between(as_of, due),
            }
            yield Reason(_perhaps_provisional("track_action_due_soon", as_of, due), values, is_for=False)


def _perhaps_provisional(code: str, *days: date) -> str:
    return f"{code}_provisional" if is_provisional(*days) else code


def _behind(indicators: Sequence[IndicatorProgress]) -> Iterator[Reason]:
    for one in indicators:
        if one.light in ("red", "amber") and one.actual is not None:
            shown = {"actual": round(one.actual, 2), "target": one.indicator.target}
            yield Reason("track_indicator_behind", {"name": one.indicator.name.to_dict(), **shown}, is_for=False)


def _troubled(actions: Sequence[ActionProgress]) -> Iterator[Reason]:
    for one in actions:
        for kind in ("escalated", "problem", "risk"):
            if kind in one.state.notes:
                values = {"action": one.action.name.to_dict(), "note": one.state.notes[kind].to_dict()}
                yield Reason(f"track_{kind}", values, is_for=False)


def _broken(actions: Sequence[ActionProgress]) -> Iterator[Reason]:
    n = sum(len(one.state.refused) for one in actions)
    if n:
        yield Reason("track_moves_refused", {"n": n}, is_for=False)


def _undated(actions: Sequence[ActionProgress]) -> Iterator[Reason]:
    n = sum(not one.due_on and not one.state.is_done and not one.state.is_dropped for one in actions)
    if n:
        yield Reason("track_deadline_not_published", {"n": n}, is_for=False)


def _untargeted(indicators: Sequence[IndicatorProgress]) -> Iterator[Reason]:
    n = sum(one.indicator.target is None for one in indicators)
    if n:
        yield Reason("track_target_not_published", {"n": n}, is_for=False)


def _closed(actions: Sequence[ActionProgress]) -> Iterator[Reason]:
    n_done, n_dropped = sum(one.state.is_done for one in actions), sum(one.state.is_dropped for one in actions)
    if n_done:
        yield Reason("track_actions_done", {"n": n_done, "of": len(actions)})
    if n_dropped:
        yield Reason("track_actions_dropped", {"n": n_dropped}, is_for=False)
