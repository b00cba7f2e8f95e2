"""Working days against a day-by-day oracle, the announced years, the regulation year by year, and the moon."""

from __future__ import annotations

import math
from datetime import date, timedelta

import chinese_calendar
import pytest
from chinese_calendar.constants import Holiday, holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.terms.days import FIRST_DAY, LAST_DAY, bounded
from duijie.terms.working_days import (
    add_working_days,
    is_provisional,
    is_working_day,
    legal_holidays,
    working_days_between,
)

announced = st.dates(date(2005, 1, 1), date(2026, 10, 1))
any_day = st.dates(date(1951, 1, 1), date(2099, 6, 1))


@given(announced)
def test_agrees_with_the_announced_calendar(day):
    """In announced years the days are those of the package that keeps the notices."""
    assert is_working_day(day) == chinese_calendar.is_workday(day)
    assert not is_provisional(day)


@given(any_day, st.integers(-400, 400))
def test_count_equals_day_by_day(start, length):
    """Counting by formula is counting day by day, forwards and backwards."""
    end = start + timedelta(length)
    low, high = min(start, end), max(start, end)
    naive = sum(is_working_day(low + timedelta(n)) for n in range(1, (high - low).days + 1))
    assert LAST_DAY > end > FIRST_DAY, "the days of this test lie well within the bounds"
    assert working_days_between(start, end) == (naive if length >= 0 else -naive)


@given(any_day, st.integers(0, 120))
def test_adding_then_counting_returns_the_limit(start, days):
    """A limit ends on a working day with just so many working days up to it."""
    end = add_working_days(start, days)
    assert working_days_between(start, end) == days
    assert days == 0 or is_working_day(end)


@given(any_day, st.integers(1, 60))
def test_looking_back_lands_on_a_working_day_before(start, days):
    """Looking back by so many working days passes just so many."""
    back = add_working_days(start, -days)
    assert is_working_day(back)
    assert sum(is_working_day(back + timedelta(n)) for n in range((start - back).days)) == days


@given(st.dates(), st.integers(-(10**30), 10**30) | st.sampled_from([2**31, -(2**63), 3650000]))
def test_no_day_and_no_number_overflows(start, days):
    """Whatever lies outside of the calendar is its last or first day; the end of time is a day like others."""
    end, here = add_working_days(start, days), bounded(start)
    assert end == here if days == 0 else FIRST_DAY <= end <= LAST_DAY
    if days and end not in (FIRST_DAY, LAST_DAY):
        assert (end > here) == (days > 0)
        assert is_working_day(end)
    if days > 0 and end != LAST_DAY:
        assert working_days_between(start, end) == days
    for other in (date.min, date.max):
        assert working_days_between(start, other) == -working_days_between(other, start)
    assert isinstance(is_working_day(start), bool)


def test_the_ends_of_time_by_hand():
    """31 December 9999 as "no end" counts as the last day of the calendar, year 1 as the first."""
    assert add_working_days(date.max, 5) == add_working_days(LAST_DAY, 1) == LAST_DAY
    assert add_working_days(date.min, -5) == FIRST_DAY
    # 31 December 2100 is a Friday
    assert add_working_days(date(2100, 12, 24), 5) == LAST_DAY
    assert working_days_between(date(2100, 12, 24), date.max) == 5
    assert working_days_between(date.max, date.max) == 0


# first and last day of each holiday by the text of the regulation in force, one year of each and some more
BY_LAW = {
    1950: "new_year 1-1 1-1, spring_festival 2-17 2-19, labour_day 5-1 5-1, national_day 10-1 10-2",
    1999: "new_year 1-1 1-1, spring_festival 2-16 2-18, labour_day 5-1 5-1, national_day 10-1 10-3",
    2000: "new_year 1-1 1-1, spring_festival 2-5 2-7, labour_day 5-1 5-3, national_day 10-1 10-3",
    2008: "new_year 1-1 1-1, spring_festival 2-6 2-8, qingming 4-4 4-4, labour_day 5-1 5-1, dragon_boat 6-8 6-8, "
    "mid_autumn 9-14 9-14, national_day 10-1 10-3",
    2014: "new_year 1-1 1-1, spring_festival 1-31 2-2, qingming 4-5 4-5, labour_day 5-1 5-1, dragon_boat 6-2 6-2, "
    "mid_autumn 9-8 9-8, national_day 10-1 10-3",
    2025: "new_year 1-1 1-1, spring_festival 1-28 1-31, qingming 4-4 4-4, labour_day 5-1 5-2, dragon_boat 5-31 5-31, "
    "mid_autumn 10-6 10-6, national_day 10-1 10-3",
    2027: "new_year 1-1 1-1, spring_festival 2-5 2-8, qingming 4-5 4-5, labour_day 5-1 5-2, dragon_boat 6-9 6-9, "
    "mid_autumn 9-15 9-15, national_day 10-1 10-3",
}


@pytest.mark.parametrize("year", BY_LAW)
def test_holidays_by_the_regulation_in_force(year):
    """Each amendment holds from its year on; all days of the year are those and no others."""
    wanted = {}
    for holiday, *ends in (part.split() for part in BY_LAW[year].split(", ")):
        first, last = (date(year, *map(int, end.split("-"))) for end in ends)
        wanted |= {first + timedelta(n): holiday for n in range((last - first).days + 1)}
    assert legal_holidays(year) == wanted
    assert not any(is_working_day(day) for day in wanted)


def test_the_law_and_the_notices_agree():
    """In every announced year since 2004 each day that the law fixes is off, and is off as that holiday or another."""
    named = {
        "new_year": Holiday.new_years_day,
        "spring_festival": Holiday.spring_festival,
        "qingming": Holiday.tomb_sweeping_day,
        "labour_day": Holiday.labour_day,
        "dragon_boat": Holiday.dragon_boat_festival,
        "mid_autumn": Holiday.mid_autumn_festival,
        "national_day": Holiday.national_day,
    }
    differing = {}
    for year in range(2004, 2027):
        for day, holiday in legal_holidays(year).items():
            assert not chinese_calendar.is_workday(day), day
            if day in holidays and holidays[day] != named[holiday].value:
                differing[day] = holidays[day]
    # two feasts on one day, or one within another's week, go by one name
    assert set(differing.values()) <= {Holiday.national_day.value, Holiday.mid_autumn_festival.value}
    assert len(differing) <= 6


def test_no_holidays_outside_of_the_calendar():
    """Before 1950 and after 2100 only weekends are off."""
    assert not legal_holidays(1949)
    assert not legal_holidays(2101)
    assert not legal_holidays(1)


def test_a_year_without_notice_keeps_the_holidays_of_the_law():
    """Days in lieu are not known before the notice; the days themselves are off."""
    assert is_provisional(date(2060, 10, 1))
    assert not is_working_day(date(2060, 10, 1))  # a Friday
    assert not is_working_day(date(2060, 10, 2))
    assert is_working_day(date(2060, 10, 4))


def test_a_limit_over_the_end_of_the_year_before_the_notice():
    """Five working days from 30 December 2027, a Thursday: 1 January is a Saturday, so 31, 3, 4, 5, 6."""
    assert add_working_days(date(2027, 12, 30), 5) == date(2028, 1, 6)
    # 1 January 2029 is a Monday and off: 29, 2, 3, 4, 5
    assert add_working_days(date(2028, 12, 28), 5) == date(2029, 1, 5)


def test_national_day_week_of_2024_by_hand():
    """1 to 7 October 2024 off; 29 September and 12 October (Sunday, Saturday) worked."""
    assert working_days_between(date(2024, 9, 28), date(2024, 10, 12)) == 2 + 4 + 1


def new_moons(year: int) -> list[float]:
    """Julian days of the new moons about a year, to some minutes of the mean ones (Meeus, chapter 49, main terms)."""
    found = []
    for k in range(round((year - 2000) * 12.3685) - 2, round((year + 1 - 2000) * 12.3685) + 3):
        t = k / 1236.85
        mean = 2451550.09766 + 29.530588861 * k + 0.00015437 * t**2
        sun = math.radians(2.5534 + 29.1053567 * k)
        moon = math.radians(201.5643 + 385.81693528 * k + 0.0107582 * t**2)
        way = math.radians(160.7108 + 390.67050284 * k - 0.0016118 * t**2)
        mean += -0.40720 * math.sin(moon) + 0.17241 * math.sin(sun) + 0.01608 * math.sin(2 * moon)
        mean += 0.01039 * math.sin(2 * way) + 0.00739 * math.sin(moon - sun) - 0.00514 * math.sin(moon + sun)
        found.append(mean)
    return found


@settings(max_examples=152, deadline=None)
@given(st.integers(2008, 2100))
def test_the_days_of_the_moon(year):
    """The new year is a new moon in China; the feasts lie four and fourteen days after one (within a quarter hour)."""
    days = legal_holidays(year)
    firsts = [day for day, holiday in days.items() if holiday == "spring_festival"]
    new_year = firsts[1] if not 2014 <= year < 2025 else firsts[0]
    assert date(year, 1, 20) < new_year < date(year, 2, 22)
    [boat] = [day for day, holiday in days.items() if holiday == "dragon_boat"]
    [autumn] = [day for day, holiday in days.items() if holiday == "mid_autumn"] or [date(year, 10, 1)]
    for day in (new_year, boat - timedelta(4), *([autumn - timedelta(14)] if autumn.month < 10 else [])):
        midnight = day.toordinal() + 1721424.5 - 8 / 24  # in China, as a Julian day
        nearest = min(new_moons(year), key=lambda moon: abs(moon - midnight - 0.5))
        assert -0.011 <= nearest - midnight <= 1.011
