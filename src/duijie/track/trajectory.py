"""Lights: is an action in time by working days, is an indicator on the way to its target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from duijie.errors import InputError
from duijie.terms import Indicator
from duijie.terms.days import FIRST_DAY, LAST_DAY, parse_end
from duijie.terms.working_days import working_days_between

__all__ = ["AMBER_WORKING_DAYS", "LIGHTS", "Target", "deadline_light", "due_day", "progress_class", "worst"]

LIGHTS = ("grey", "green", "amber", "red")
AMBER_WORKING_DAYS = 10
_SUBSTANTIAL, _MODERATE = 0.95, 0.5
_GROWTH_SUBSTANTIAL, _GROWTH_MODERATE = 0.015, 0.005
_LIGHT_OF = {
    "target_achieved": "green",
    "substantial": "green",
    "moderate": "amber",
    "limited": "red",
    "deterioration": "red",
    "not_available": "grey",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A target the sides agreed on after the signing: a dated value, with the decision that set it."""

    clause: str
    indicator: str
    value: float
    due_on: str
    decided_on: str
    baseline: float | None = None
    decision: str = ""


def due_day(text: str) -> date | None:
    """The last day of a deadline given as exactly as it is known: a year, a month or a day.

    None where it is empty, has no end or names no day; a far one counts as the bound of :mod:`duijie.terms.days`:
    one such row must not hide how everything else stands.

    Examples
    --------
    >>> due_day("2025"), due_day("2025-02"), due_day("2025-02-10")
    (datetime.date(2025, 12, 31), datetime.date(2025, 2, 28), datetime.date(2025, 2, 10))
    >>> due_day("9999-12-31"), due_day("9999-11"), due_day("2025-02-30")
    (None, datetime.date(2100, 12, 31), None)
    """
    try:
        return parse_end(text)
    except InputError as error:
        if error.code == "day_unreadable":
            return None
        return FIRST_DAY if text < FIRST_DAY.isoformat() else LAST_DAY


def deadline_light(due_on: str, done_on: str, as_of: date, *, amber_days: int = AMBER_WORKING_DAYS) -> str:
    """Green while there is time or once it is done, amber in the last working days, red when late, grey undated.

    Parameters
    ----------
    due_on, done_on
        ISO dates, empty where unknown or not done; `due_on` may be a year or a month.
    as_of
        The day of looking.
    amber_days
        Working days before the deadline from which the light is amber, ≥ 0.
    """
    due = due_day(due_on)
    if done_on:
        return "green"
    if due is None:
        return "grey"
    left = working_days_between(as_of, due)
    if as_of > due:
        return "red"
    return "amber" if left <= amber_days else "green"


def progress_class(
    indicator: Indicator,
    actual: float | None,
    *,
    start: date,
    as_of: date,
    until: date | None,
    trend: tuple[float, float] | None = None,
) -> tuple[str, str]:
    """How an indicator moves, and its light: grey where no target was agreed, for a light judges a commitment.

    Parameters
    ----------
    indicator
        Its `target` (None where none was agreed), `baseline` (None counts as 0) and `direction`.
    actual
        The value as at `as_of`, None where there is none.
    start, until
        From when to when the way to the target leads; without `until` the target has no trajectory.
    trend
        What the year before last and the last year brought, used where there is no target; None where the agreement
        is too young for it.

    Returns
    -------
    tuple of str
        ``target_achieved``, ``substantial``, ``moderate``, ``limited``, ``deterioration`` or ``not_available``,
        and ``green``, ``amber``, ``red`` or ``grey``.

    Notes
    -----
    With a target: r = (actual − baseline) / ((target − baseline)·t), t the elapsed share of the way; r ≥ 0.95 is
    substantial, ≥ 0.5 moderate, ≥ 0 limited, below deterioration. The limits are those Open SDG takes from
    Eurostat; they compare growth rates, which a baseline of zero has not, so the way is a straight line here.
    Without a target: the growth from the one year to the next, substantial from 1.5 %, moderate from 0.5 %.

    References
    ----------
    Eurostat, Sustainable development in the European Union, annex on the assessment of indicator trends.
    """
    if actual is None:
        found = "not_available"
    elif indicator.target is None:
        return _by_growth(indicator, trend), "grey"
    else:
        found = _by_target(indicator, actual, indicator.target, _elapsed_share(start, as_of, until))
    return found, _LIGHT_OF[found]


def _elapsed_share(start: date, as_of: date, until: date | None) -> float | None:
    if until is None or until <= start:
        return None
    return min(1.0, max(0.0, (as_of - start).days / (until - start).days))


def _by_target(indicator: Indicator, actual: float, target: float, elapsed: float | None) -> str:
    sign = -1.0 if indicator.direction == "down" else 1.0
    if sign * actual >= sign * target:
        return "target_achieved"
    base = indicator.baseline or 0.0
    if elapsed is None:
        return "not_available"
    expected, gained = sign * (target - base) * elapsed, sign * (actual - base)
    if gained < 0:
        return "deterioration"
    if gained >= _SUBSTANTIAL * expected:
        return "substantial"
    return "moderate" if gained >= _MODERATE * expected else "limited"


def _by_growth(indicator: Indicator, trend: tuple[float, float] | None) -> str:
    if trend is None:
        return "not_available"
    before, now = trend
    sign = -1.0 if indicator.direction == "down" else 1.0
    gained, scale = sign * (now - before), abs(before) or 1.0
    if gained < 0:
        return "deterioration"
    if gained >= _GROWTH_SUBSTANTIAL * scale:
        return "substantial"
    return "moderate" if gained >= _GROWTH_MODERATE * scale else "limited"


def worst(lights: Iterable[str]) -> str:
    """The worst of several lights; grey ones say nothing, and nothing but grey is grey.

    Examples
    --------
    >>> worst(["grey", "green", "amber"]), worst([])
    ('amber', 'grey')
    """
    return max(lights, key=LIGHTS.index, default="grey")
