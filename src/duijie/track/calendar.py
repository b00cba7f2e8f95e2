"""Working days as the State Council announces them: holidays off, make-up Saturdays and Sundays on."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import cache

import numpy as np
from chinese_calendar.constants import holidays, workdays

__all__ = ["add_working_days", "is_provisional", "is_working_day", "working_days_between"]

_SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether offices are open on `day`.

    A year whose holidays are not announced yet (see :func:`is_provisional`) has only its weekends off.

    Examples
    --------
    >>> is_working_day(date(2023, 1, 28)), is_working_day(date(2023, 1, 27))
    (True, False)
    """
    return day in workdays or (day.weekday() < _SATURDAY and day not in holidays)


def is_provisional(*days: date) -> bool:
    """Whether a working-day count that touches any of `days` may still move, because its year is not announced.

    Examples
    --------
    >>> is_provisional(date(2023, 5, 1)), is_provisional(date(2090, 5, 1))
    (False, True)
    """
    first, last = _announced_years()
    return any(not first <= day.year <= last for day in days)


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and with `end`; negative where `end` is earlier, 0 on the same day.

    Examples
    --------
    The Spring Festival of 2023 closed offices from 21 to 27 January; the 28th and 29th were made up.

    >>> working_days_between(date(2023, 1, 20), date(2023, 1, 29))
    2

    Notes
    -----
    W(a, b] = weekdays of (a, b] − holidays on weekdays + make-up days on weekends; W(b, a) = −W(a, b).
    """
    if end < start:
        return -working_days_between(end, start)
    weekday_holidays, made_up = _exceptions()
    weekdays = int(np.busday_count(start + timedelta(1), end + timedelta(1)))
    return weekdays - _within(weekday_holidays, start, end) + _within(made_up, start, end)


def add_working_days(start: date, days: int) -> date:
    """The day on which a limit of `days` working days after `start` ends; `start` itself where `days` is 0.

    Parameters
    ----------
    start
        The day the limit runs from; it does not count itself.
    days
        Working days, negative to look back.

    Examples
    --------
    >>> add_working_days(date(2023, 1, 20), 3)
    datetime.date(2023, 1, 30)
    """
    step = timedelta(1 if days > 0 else -1)
    left, day = abs(days), start
    while left:
        day += step
        left -= is_working_day(day)
    return day


def _within(days: tuple[date, ...], start: date, end: date) -> int:
    return bisect_right(days, end) - bisect_right(days, start)


@cache
def _announced_years() -> tuple[int, int]:
    return min(holidays).year, max(holidays).year


@cache
def _exceptions() -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Holidays that fall on weekdays, and weekend days worked instead; both in order."""
    off = tuple(sorted(day for day in holidays if day.weekday() < _SATURDAY and day not in workdays))
    return off, tuple(sorted(day for day in workdays if day.weekday() >= _SATURDAY))
