"""Days of the calendar: what is one, what has no end, and what lies beyond."""

from __future__ import annotations

from datetime import date

import pytest

from duijie.errors import InputError
from duijie.terms.days import FIRST_DAY, LAST_DAY, NO_END, bounded, is_no_end, parse_day, parse_end, shifted


def refused(text: str) -> tuple[str, object]:
    """Code and values of the fault that a text is."""
    with pytest.raises(InputError) as caught:
        parse_day(text)
    return caught.value.code, caught.value.values


def test_the_calendar_has_a_first_and_a_last_day() -> None:
    """1949 to 2100; a day beyond is a fault that names both."""
    assert [parse_day(text) for text in ("1949-01-01", "2100-12-31", " 2026-02-28 ")] == [
        FIRST_DAY, LAST_DAY, date(2026, 2, 28),
    ]  # fmt: skip
    for text in ("1948-12-31", "2101-01-01"):
        assert refused(text) == ("day_outside", {"value": text, "first": "1949-01-01", "last": "2100-12-31"})


@pytest.mark.parametrize(
    "text", ["", " ", "2026-02-29", "20260228", "2026-W09-6", "2026-2-8", "2026-02-28T10", "28.02.2026"]
)
def test_what_is_no_day_is_told(text: str) -> None:
    """Only the long form that sorts as text; other forms of the standard are none."""
    assert refused(text) == ("day_unreadable", {"value": text})


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-02-10", date(2026, 2, 10)),
        ("2026-02", date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 29)),
        (" 2026-12 ", date(2026, 12, 31)),
        ("2026", date(2026, 12, 31)),
        ("", None),
        (" ", None),
        (NO_END, None),
        ("9999年12月31日", None),
        ("9999/12/31", None),
        ("长期", None),
        ("No End", None),
    ],
)
def test_a_term_ends_with_the_last_day_that_is_meant(text: str, day: date | None) -> None:
    """As exactly as it is known; words for no end are none."""
    assert parse_end(text) == day
    assert is_no_end(text) == (day is None and bool(text.strip()))


@pytest.mark.parametrize(
    ("text", "code"), [("2026-13", "day_unreadable"), ("1948", "day_outside"), ("2026-1", "day_unreadable")]
)
def test_an_end_that_is_none_is_told(text: str, code: str) -> None:
    """As a day that is none."""
    with pytest.raises(InputError, match=code):
        parse_end(text)


def test_days_beyond_the_bounds_are_brought_to_them() -> None:
    """Before anything is counted from them, and after."""
    assert (bounded(date.min), bounded(date.max), bounded(date(2026, 1, 1))) == (FIRST_DAY, LAST_DAY, date(2026, 1, 1))
    assert (shifted(LAST_DAY, -1), shifted(LAST_DAY, 1), shifted(FIRST_DAY, 1)) == (
        date(2100, 12, 30), LAST_DAY, date(1949, 1, 2),
    )  # fmt: skip
    assert (shifted(date.max, -1), shifted(date.min, -1), shifted(date(2026, 1, 1), 10**30)) == (
        date(2100, 12, 30), FIRST_DAY, LAST_DAY,
    )  # fmt: skip
