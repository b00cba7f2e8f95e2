"""Working days of mainland China: as announced each year, and before the notice by the regulation in force.

The State Council announces each autumn which days are off and which weekend days are worked instead. The regulation
on public holidays fixes the days themselves long before; it holds for every year, announced or not.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from io import StringIO

from chinese_calendar.constants import holidays, workdays

from .days import FIRST_DAY, LAST_DAY, bounded

__all__ = ["add_working_days", "is_provisional", "is_working_day", "legal_holidays", "working_days_between"]

_SATURDAY = 5
_FIRST, _LAST = FIRST_DAY.toordinal(), LAST_DAY.toordinal()


def is_working_day(day: date) -> bool:
    """Whether offices are open on `day`.

    In a year that is not announced yet (see :func:`is_provisional`) weekends and the days that the regulation fixes
    are off; days off in lieu and worked weekends are not known.

    Examples
    --------
    >>> is_working_day(date(2023, 1, 28)), is_working_day(date(2023, 1, 27))
    (True, False)
    >>> is_working_day(date(2099, 10, 1))
    False
    """
    return day in workdays or (day.weekday() < _SATURDAY and day not in holidays and not _is_legal(day))


def is_provisional(*days: date) -> bool:
    """Whether a working-day count that touches any of `days` may still move, because its year is not announced.

    Examples
    --------
    >>> is_provisional(date(2023, 5, 1)), is_provisional(date(2090, 5, 1))
    (False, True)
    """
    first, last = _announced_years()
    return any(not first <= day.year <= last for day in days)


def legal_holidays(year: int) -> Mapping[date, str]:
    """The days that the regulation in force gives everybody in a year, each with the key of its holiday.

    Empty outside of 1950 to 2100. Days on a weekend are among them.

    Examples
    --------
    >>> [str(day) for day, holiday in legal_holidays(2027).items() if holiday == "spring_festival"]
    ['2027-02-05', '2027-02-06', '2027-02-07', '2027-02-08']

    References
    ----------
    全国年节及纪念日放假办法, as decreed in 1949 and amended in 1999, 2007, 2013 and 2024.
    """
    return _legal(year)


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and with `end`; negative where `end` is earlier, 0 on the same day.

    A day beyond the bounds of :mod:`duijie.terms.days` counts as the bound.

    Examples
    --------
    The Spring Festival of 2023 closed offices from 21 to 27 January; the 28th and 29th were made up.

    >>> working_days_between(date(2023, 1, 20), date(2023, 1, 29))
    2

    Notes
    -----
    W(a, b] = weekdays of (a, b] − holidays on weekdays + make-up days on weekends; W(b, a) = −W(a, b).
    """
    return _worked(bounded(end).toordinal()) - _worked(bounded(start).toordinal())


def add_working_days(start: date, days: int) -> date:
    """The day on which a limit of `days` working days after `start` ends; `start` itself where `days` is 0.

    Parameters
    ----------
    start
        The day the limit runs from; it does not count itself.
    days
        Working days, negative to look back; the count ends at the bounds of :mod:`duijie.terms.days`.

    Examples
    --------
    >>> add_working_days(date(2023, 1, 20), 3)
    datetime.date(2023, 1, 30)
    """
    here, is_back = bounded(start).toordinal(), days < 0
    low, high = (_FIRST, here) if is_back else (here, _LAST)
    # the first day with so many working days since `start`; looking back, the last from which so many lead to `start`
    wanted = _worked(here - is_back) + days + is_back
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _worked(middle) >= wanted else (middle + 1, high)
    return date.fromordinal(low)


def _worked(ordinal: int) -> int:
    """Working days from the first day of year 1, a Monday, up to and with a day."""
    weeks, rest = divmod(ordinal, 7)
    off, made_up = _exceptions()
    return 5 * weeks + min(rest, 5) - bisect_right(off, ordinal) + bisect_right(made_up, ordinal)


@cache
def _announced_years() -> tuple[int, int]:
    return min(holidays).year, max(holidays).year


@cache
def _exceptions() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Days off that fall on weekdays, and weekend days worked instead; ordinals, both in order."""
    legal = {day for year in range(FIRST_DAY.year, LAST_DAY.year + 1) for day in _legal(year)}
    off = {day for day in legal | set(holidays) if day.weekday() < _SATURDAY and day not in workdays}
    made_up = {day for day in workdays if day.weekday() >= _SATURDAY}
    return tuple(sorted(map(date.toordinal, off))), tuple(sorted(map(date.toordinal, made_up)))


def _is_legal(day: date) -> bool:
    return day in _legal(day.year)


@cache
def _legal(year: int) -> Mapping[date, str]:
    found: dict[date, str] = {}
    for row in _table("holidays"):
        if int(row["first_year"]) <= year <= int(row["last_year"] or LAST_DAY.year):
            first = _first_day(row, year)
            found |= {first + timedelta(n): row["holiday"] for n in range(int(row["n_days"]))}
    return dict(sorted(found.items()))


def _first_day(row: Mapping[str, str], year: int) -> date:
    """The first day of a holiday: the same each year, or counted from a day of the Chinese calendar."""
    start = f"{year}-{row['on']}" if row["on"] else _lunar_days()[year][row["holiday"]]
    return date.fromisoformat(start) + timedelta(int(row["offset"]))


@cache
def _lunar_days() -> Mapping[int, Mapping[str, str]]:
    return {int(row["year"]): row for row in _table("lunar")}


def _table(name: str) -> Iterator[Mapping[str, str]]:
    """A table of ``data/calendar``; it is read here because `data` stands above the terms."""
    text = files("duijie").joinpath("data", "calendar", f"{name}.csv").read_text(encoding="utf-8")
    return csv.DictReader(StringIO(text, newline=""))
