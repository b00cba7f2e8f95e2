"""The one type of a day: from 1949-01-01 to 2100-12-31; and the words for a term that has no end.

What people type, what a query asks for and what a file brings passes :func:`parse_day` or :func:`parse_end`. What
stands on record already, from whatever time, is brought into the bounds by :func:`bounded` before anything is counted
from it: one far date must not stop the page it stands on.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from duijie.errors import InputError

__all__ = ["FIRST_DAY", "LAST_DAY", "NO_END", "bounded", "is_no_end", "parse_day", "parse_end", "shifted"]

FIRST_DAY, LAST_DAY = date(1949, 1, 1), date(2100, 12, 31)
NO_END = "9999-12-31"
"""How a term without an end is written where an empty text means that the term is unknown or stays as it was."""

_NO_END = frozenset({NO_END, "9999-12", "9999", "99991231", "长期", "长期有效", "无固定期限", "永久", "no end"})

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PART = re.compile(r"[0-9]{4}(-[0-9]{2})?")


def parse_day(text: str) -> date:
    """The day a text names.

    Parameters
    ----------
    text
        ISO form, ``2026-02-28``; empty text is no day.

    Raises
    ------
    InputError
        ``day_unreadable``: no day of the calendar; ``day_outside``: before 1949 or after 2100.

    Examples
    --------
    >>> parse_day("2026-02-28")
    datetime.date(2026, 2, 28)
    """
    try:
        # 20260228 and 2026-W09-6 are days to Python as well; as text they stand in another order
        found = date.fromisoformat(text.strip() if _DAY.fullmatch(text.strip()) else "")
    except ValueError:
        raise InputError("day_unreadable", {"value": text}) from None
    if found != bounded(found):
        raise InputError("day_outside", {"value": text, "first": str(FIRST_DAY), "last": str(LAST_DAY)})
    return found


def is_no_end(text: str) -> bool:
    """Whether a text says that a term has no end.

    Examples
    --------
    >>> is_no_end("长期"), is_no_end("9999年12月31日"), is_no_end("2026-02-28"), is_no_end("")
    (True, True, False, False)
    """
    return re.sub(r"[年月/.]", "-", text).strip(" -日").lower() in _NO_END


def parse_end(text: str) -> date | None:
    """The last day of a term, given as exactly as it is known; None where it has no end, or where the text is empty.

    Parameters
    ----------
    text
        A day, month or year in ISO form, a word for "without end" (长期, 无固定期限, 9999-12-31), or empty.

    Raises
    ------
    InputError
        As :func:`parse_day`.

    Examples
    --------
    >>> parse_end("2026-02-10"), parse_end("2026-02"), parse_end("2026")
    (datetime.date(2026, 2, 10), datetime.date(2026, 2, 28), datetime.date(2026, 12, 31))
    >>> parse_end("无固定期限"), parse_end("")
    (None, None)
    """
    if not text.strip() or is_no_end(text):
        return None
    if not _PART.fullmatch(text.strip()):
        return parse_day(text)
    year, _, month = text.strip().partition("-")
    first = parse_day(f"{year}-{month or '12'}-01")
    return first.replace(day=monthrange(first.year, first.month)[1])


def bounded(day: date) -> date:
    """The day itself, or the bound it lies beyond.

    Examples
    --------
    >>> bounded(date.max), bounded(date.min)
    (datetime.date(2100, 12, 31), datetime.date(1949, 1, 1))
    """
    return min(max(day, FIRST_DAY), LAST_DAY)


def shifted(day: date, days: int) -> date:
    """So many days later (earlier where negative), at most to the bound.

    Parameters
    ----------
    day
        From where; brought into the bounds first.
    days
        Calendar days, of any size.

    Examples
    --------
    >>> shifted(date(2026, 2, 28), 1), shifted(date.max, 1), shifted(date(2026, 2, 28), -10**9)
    (datetime.date(2026, 3, 1), datetime.date(2100, 12, 31), datetime.date(1949, 1, 1))
    """
    start = bounded(day)
    return start + timedelta(min(max(days, (FIRST_DAY - start).days), (LAST_DAY - start).days))
