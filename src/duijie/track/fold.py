"""The fold: what was recorded up to a date → how every clause of the agreement stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from duijie.ledger.state import Placed
from duijie.terms import Action, Agreement, Bilingual, Clause, Indicator, Listing, Step
from duijie.terms.days import shifted

from .conference import Decision, with_tasks
from .explain import clause_reasons
from .indicators import Ledger, Promise, measure, measures, promises_of
from .lifecycle import Amendment, as_amended, lifecycle
from .standing import ActionProgress, ClauseProgress, IndicatorProgress, MilestoneProgress, Progress
from .trajectory import Target, deadline_light, due_day, progress_class, worst
from .workflow import ActionState, Key, kind_of, state_of

__all__ = ["Activity", "fold"]


@dataclass(frozen=True)
class Activity:
    """Everything recorded under an agreement, in any order; what is later than the date of a fold is left.

    `actions` are the events of each action by clause and key. `listings` and `matches` (clause key → number of proposed
    matches) are None where nobody looked.
    """

    steps: Sequence[Step] = ()
    actions: Mapping[Key, Sequence[Placed]] = field(default_factory=dict)
    promises: Sequence[Promise] = ()
    targets: Sequence[Target] = ()
    amendments: Sequence[Amendment] = ()
    listings: Sequence[Listing] | None = None
    matches: Mapping[str, int] | None = None
    decisions: Sequence[Decision] = ()


def fold(agreement: Agreement, activity: Activity, *, as_of: date) -> Progress:
    """How the agreement stands at the end of `as_of`.

    Parameters
    ----------
    agreement
        As signed; amendments of `activity` in effect by `as_of` are applied, decisions still open become actions.
    activity
        What was recorded. The same records in another order give the same result.
    as_of
        The date asked for: a fold of everything equals a fold of what was recorded until then.

    Returns
    -------
    Progress
        One entry a clause in the agreement's order. A clause nobody reported on has no values and a grey light.

    Raises
    ------
    DuijieError
        ``track_template_unknown`` or ``track_measure_unknown``: the agreement names what nobody defined.
    """
    amended = as_amended(agreement, activity.amendments, as_of=as_of)
    current = with_tasks(amended, activity.decisions, as_of=as_of, moved=activity.actions)
    book = _Book(current, activity)
    clauses = tuple(_clause(book, clause, as_of) for clause in current.clauses)
    return Progress(current, as_of.isoformat(), lifecycle(agreement, activity.amendments, as_of=as_of), clauses)


class _Book:
    """The activity sorted by clause once, and the ledgers already opened: a clause at a day."""

    def __init__(self, agreement: Agreement, activity: Activity) -> None:
        self.agreement, self.activity = agreement, activity
        self._steps: dict[str, list[Step]] = {}
        for step in activity.steps:
            self._steps.setdefault(step.clause, []).append(step)
        self._promises = (*activity.promises, *promises_of(activity.steps))
        self._ledgers: dict[tuple[str, tuple[str, ...], date], Ledger] = {}

    def at(self, day: date, clause: Clause, promised: tuple[str, ...] = ()) -> Ledger:
        """The ledger of a clause: its own promises, and all of the kinds `promised` whatever their clause."""
        key = clause.key, promised, day
        if key not in self._ledgers:
            listings = self.activity.listings
            self._ledgers[key] = Ledger.at(
                day,
                self._steps.get(clause.key, ()),
                (one for one in self._promises if one.clause == clause.key or one.kind in promised),
                None if listings is None else (one for one in listings if one.kind in clause.kinds),
            )
        return self._ledgers[key]

    def value(self, day: date, clause: Clause, indicator: Indicator) -> float | None:
        """The fold, or None where nobody reported: then a count of zero would claim to know."""
        promised = indicator.parameters.get("of")
        own = self.at(day, clause, tuple(promised) if isinstance(promised, list | tuple) else ())
        found = measure(indicator, own)
        is_of_listings = measures()[indicator.measure].of.startswith("listing")
        return found if own.steps or own.promises or is_of_listings else None


def _clause(book: _Book, clause: Clause, as_of: date) -> ClauseProgress:
    streams = book.activity.actions
    actions = tuple(_action(one, streams.get((clause.key, one.key), ()), as_of) for one in clause.actions)
    indicators = tuple(_indicator(book, clause, one, as_of) for one in clause.indicators)
    own, matches = book.at(as_of, clause), book.activity.matches
    is_reported = bool(own.steps) or any(action.state.node for action in actions)
    return ClauseProgress(
        clause,
        worst([*(one.light for one in actions), *(one.light for one in indicators)]),
        clause_reasons(actions, indicators, is_reported=is_reported, as_of=as_of),
        actions,
        indicators,
        own.chain,
        len(own.cases),
        sum(case.is_refused for case in own.cases),
        None if matches is None else matches.get(clause.key, 0),
    )


def _action(action: Action, stream: Sequence[Placed], as_of: date) -> ActionProgress:
    kind = kind_of(action)
    state = state_of(kind, stream, as_of=as_of)
    name = kind.nodes[state.node].name if state.node else Bilingual()
    due_on = state.due_on or action.due_on
    milestones = _milestones(action, state, as_of)
    return ActionProgress(action, state, name, due_on, _light(state, due_on, milestones, as_of), milestones)


def _light(state: ActionState, due_on: str, milestones: Sequence[MilestoneProgress], as_of: date) -> str:
    """By its own deadline and those of its milestones; grey where nobody reported, whatever the dates say."""
    if state.is_dropped or not state.node:
        return "grey"
    if state.is_done:
        return "green"
    stones = (deadline_light(one.milestone.due_on, one.done_on, as_of) for one in milestones)
    return worst([deadline_light(due_on, "", as_of), *stones])


def _milestones(action: Action, state: ActionState, as_of: date) -> tuple[MilestoneProgress, ...]:
    found = []
    for one in action.milestones:
        done_on, due = state.milestones.get(one.key, ""), due_day(one.due_on)
        standing = "done" if done_on else ("overdue" if due and as_of > due else "open")
        found.append(MilestoneProgress(one, standing, done_on, state.milestone_evidence.get(one.key, ())))
    return tuple(found)


def _indicator(book: _Book, clause: Clause, indicator: Indicator, as_of: date) -> IndicatorProgress:
    aimed, start, due_on = _aimed(book, clause, indicator, as_of)
    actual = book.value(as_of, clause, indicator)
    trend = _trend(book, clause, indicator, as_of) if aimed.target is None else None
    kind, light = progress_class(aimed, actual, start=start, as_of=as_of, until=due_day(due_on), trend=trend)
    return IndicatorProgress(aimed, actual, kind, light, due_on if aimed.target is not None else "")


def _aimed(book: _Book, clause: Clause, indicator: Indicator, as_of: date) -> tuple[Indicator, date, str]:
    """The indicator with the target in effect, from when the way to it is measured, and until when.

    A target agreed later starts from the value on the day it was decided: its baseline is a fold, too.
    """
    decided = [
        one
        for one in book.activity.targets
        if (one.clause, one.indicator) == (clause.key, indicator.key) and one.decided_on <= as_of.isoformat()
    ]
    if not decided:
        signed = _first_day(clause.valid_from or book.agreement.signed_on)
        return indicator, signed, clause.valid_until or book.agreement.valid_until
    target = max(decided, key=lambda one: (one.decided_on, one.due_on, one.value))
    start, baseline = date.fromisoformat(target.decided_on), target.baseline
    if baseline is None:
        baseline = book.value(start, clause, indicator) or 0.0
    return replace(indicator, target=target.value, baseline=baseline), start, target.due_on


def _trend(book: _Book, clause: Clause, indicator: Indicator, as_of: date) -> tuple[float, float] | None:
    """What the year before last and the last year brought: their flows for what adds up, their ends for a state."""
    days = [shifted(as_of, -365 * years) for years in (2, 1, 0)]
    if days[0].isoformat() < book.agreement.signed_on:
        return None
    first, before, now = (book.value(day, clause, indicator) for day in days)
    if measures()[indicator.measure].adds_up:
        before, now = (before or 0.0) - (first or 0.0), (now or 0.0) - (before or 0.0)
    return None if before is None or now is None else (before, now)


def _first_day(text: str) -> date:
    """The first day of a beginning given as a year, a month or a day."""
    return date.fromisoformat((text + "-01-01")[:10])
