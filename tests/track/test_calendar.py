"""Working days against a day-by-day oracle of the announced calendar."""

from datetime import date, timedelta

import chinese_calendar
from hypothesis import given
from hypothesis import strategies as st

from duijie.track.calendar import add_working_days, is_provisional, is_working_day, working_days_between

announced = st.dates(date(2005, 1, 1), date(2026, 10, 1))
any_day = st.dates(date(1995, 1, 1), date(2060, 12, 31))


@given(announced)
def test_agrees_with_the_announced_calendar(day):
    assert is_working_day(day) == chinese_calendar.is_workday(day)
    assert not is_provisional(day)


@given(any_day, st.integers(-400, 400))
def test_count_equals_day_by_day(start, length):
    end = start + timedelta(length)
    low, high = min(start, end), max(start, end)
    naive = sum(is_working_day(low + timedelta(n)) for n in range(1, (high - low).days + 1))
    assert working_days_between(start, end) == (naive if length >= 0 else -naive)


@given(any_day, st.integers(0, 120))
def test_adding_then_counting_returns_the_limit(start, days):
    end = add_working_days(start, days)
    assert working_days_between(start, end) == days
    assert days == 0 or is_working_day(end)


@given(any_day, st.integers(1, 60))
def test_looking_back_lands_on_a_working_day_before(start, days):
    back = add_working_days(start, -days)
    assert is_working_day(back)
    assert sum(is_working_day(back + timedelta(n)) for n in range((start - back).days)) == days


def test_a_year_without_announcement_has_only_weekends_off():
    assert is_provisional(date(2060, 10, 1))
    assert is_working_day(date(2060, 10, 1))  # a Friday
    assert not is_working_day(date(2060, 10, 2))


def test_national_day_week_of_2024_by_hand():
    # 1-7 October 2024 off; 29 September and 12 October (Sunday, Saturday) worked.
    assert working_days_between(date(2024, 9, 28), date(2024, 10, 12)) == 2 + 4 + 1
