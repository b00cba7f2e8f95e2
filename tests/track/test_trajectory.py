"""Lights by deadline and by trajectory."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.terms import Bilingual, Indicator
from duijie.terms.working_days import add_working_days, working_days_between
from duijie.track.trajectory import LIGHTS, deadline_light, due_day, progress_class, worst

START, UNTIL, HALF = date(2023, 1, 1), date(2025, 1, 1), date(2024, 1, 2)


def indicator(target: float | None, baseline: float | None = 0, direction: str = "up") -> Indicator:
    return Indicator("x", Bilingual(), "n_signed", "n", direction, baseline, target)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (100, "target_achieved"),
        (49, "substantial"),
        (30, "moderate"),
        (10, "limited"),
        (-1, "deterioration"),
        (None, "not_available"),
    ],
)
def test_half_way_to_a_hundred(actual, expected):
    assert progress_class(indicator(100), actual, start=START, as_of=HALF, until=UNTIL)[0] == expected


@given(st.floats(-50, 150), st.dates(START, UNTIL))
def test_a_falling_indicator_mirrors_a_rising_one(actual, as_of):
    up = progress_class(indicator(100), actual, start=START, as_of=as_of, until=UNTIL)
    down = progress_class(indicator(-100, direction="down"), -actual, start=START, as_of=as_of, until=UNTIL)
    assert up == down


@given(st.floats(0, 99), st.floats(0, 99), st.dates(START, UNTIL))
def test_more_is_never_worse(one, other, as_of):
    low, high = sorted((one, other))
    classes = ["deterioration", "limited", "moderate", "substantial", "target_achieved"]
    found = [progress_class(indicator(100), v, start=START, as_of=as_of, until=UNTIL)[0] for v in (low, high)]
    assert classes.index(found[0]) <= classes.index(found[1])


def test_without_a_target_the_last_two_years_speak_and_no_light_judges():
    def kind(before, now):
        return progress_class(indicator(None), 99, start=START, as_of=HALF, until=None, trend=(before, now))

    assert kind(10, 12) == ("substantial", "grey")
    assert kind(1000, 1008) == ("moderate", "grey")
    assert kind(10, 10) == ("limited", "grey")
    assert kind(10, 9) == ("deterioration", "grey")
    assert progress_class(indicator(None), 9, start=START, as_of=HALF, until=None) == ("not_available", "grey")


def test_a_target_without_a_day_has_no_way():
    assert progress_class(indicator(100), 50, start=START, as_of=HALF, until=None)[0] == "not_available"


@given(st.dates(date(2020, 1, 1), date(2026, 9, 1)), st.dates(date(2020, 1, 1), date(2026, 9, 1)), st.integers(0, 30))
def test_deadline_lights_by_counting(due, as_of, amber):
    light = deadline_light(due.isoformat(), "", as_of, amber_days=amber)
    naive = "red" if as_of > due else "amber" if working_days_between(as_of, due) <= amber else "green"
    assert light == naive
    assert deadline_light(due.isoformat(), due.isoformat(), as_of) == "green"


def test_the_amber_window_is_counted_in_working_days():
    due = date(2024, 10, 12)  # after the National Day week, itself a made-up Saturday
    assert deadline_light(due.isoformat(), "", add_working_days(due, -10)) == "amber"
    assert deadline_light(due.isoformat(), "", add_working_days(due, -11)) == "green"


@pytest.mark.parametrize(
    ("text", "day"), [("", None), ("2024", "2024-12-31"), ("2024-02", "2024-02-29"), ("2024-12", "2024-12-31")]
)
def test_a_vague_deadline_ends_with_its_period(text, day):
    assert due_day(text) == (date.fromisoformat(day) if day else None)


@given(st.lists(st.sampled_from(LIGHTS)))
def test_worst_of_lights(lights):
    order = {name: at for at, name in enumerate(LIGHTS)}
    assert order[worst(lights)] == max((order[one] for one in lights), default=0)
