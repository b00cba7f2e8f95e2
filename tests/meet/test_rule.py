"""Rules of recurrence: a closed grammar, dates as another engine gives them, bounds, and everything written read."""

from __future__ import annotations

import time as clock
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from duijie.data import words
from duijie.errors import InputError
from duijie.meet.recurrence import Series, occurrences, series_feed
from duijie.meet.rule import MOST_DATES, RecurrenceRule, due_days, parse_rule
from duijie.terms import Bilingual
from duijie.terms.days import FIRST_DAY, LAST_DAY

CHINA = ZoneInfo("Asia/Shanghai")
FROM, TO = date(2025, 1, 7), date(2028, 3, 1)


def faults_of(text: str) -> list[str]:
    """The codes of what is wrong with a text; fails where it is read."""
    with pytest.raises(InputError, match="meet_rule_wrong") as caught:
        parse_rule(text)
    codes = [fault.code for fault in caught.value.faults]
    for language in ("zh", "en"):
        for fault in caught.value.faults:
            assert words(language)[fault.code].format(**fault.values)
    return codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["meet_rule_not_one"]),
        ("EVERY MONDAY", ["meet_rule_no_part", "meet_rule_frequency"]),
        ("INTERVAL=2", ["meet_rule_frequency"]),
        ("FREQ=HOURLY", ["meet_rule_frequency"]),
        ("freq=hourly", ["meet_rule_frequency"]),
        ("Freq=Minutely", ["meet_rule_frequency"]),
        ("ＦＲＥＱ＝ＳＥＣＯＮＤＬＹ", ["meet_rule_frequency"]),
        ("FREQ=WEEKLY;BYHOUR=9,10", ["meet_rule_time_of_day"]),
        ("FREQ=DAILY;byminute=0;BySecond=0", ["meet_rule_time_of_day"] * 2),
        ("FREQ=DAILY;INTERVAL=0", ["meet_rule_number"]),
        ("FREQ=DAILY;INTERVAL=-1", ["meet_rule_number"]),
        ("FREQ=DAILY;INTERVAL=+1", ["meet_rule_number"]),
        ("FREQ=DAILY;INTERVAL=1.5", ["meet_rule_number"]),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", ["meet_rule_number"]),
        ("FREQ=DAILY;INTERVAL=१", ["meet_rule_number"]),
        ("FREQ=DAILY;INTERVAL=", ["meet_rule_number"]),
        ("FREQ=DAILY;COUNT=0", ["meet_rule_number"]),
        ("FREQ=DAILY;COUNT=-3", ["meet_rule_number"]),
        ("FREQ=DAILY;COUNT=3;UNTIL=20260101", ["meet_rule_not_with"]),
        ("FREQ=DAILY;FREQ=DAILY", ["meet_rule_part_twice"]),
        ("FREQ=DAILY;;COUNT=3", ["meet_rule_no_part"]),
        ("FREQ=DAILY;EXRULE=x", ["meet_rule_part_unknown"]),
        ("FREQ=DAILY;RSCALE=CHINESE", ["meet_rule_part_unknown"]),
        ("FREQ=YEARLY;BYEASTER=0", ["meet_rule_part_unknown"]),
        ("EXRULE:FREQ=DAILY", ["meet_rule_property", "meet_rule_not_one"]),
        ("RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", ["meet_rule_property"]),
        ("RRULE:FREQ=DAILY\nRDATE:20260101", ["meet_rule_property"]),
        ("DTSTART:20260101\nRRULE:FREQ=DAILY", ["meet_rule_property"]),
        ("FREQ=DAILY\nFREQ=DAILY", ["meet_rule_not_one"]),
        ("FREQ=MONTHLY;BYMONTHDAY=x", ["meet_rule_numbers"]),
        ("FREQ=MONTHLY;BYMONTHDAY=0", ["meet_rule_numbers"]),
        ("FREQ=MONTHLY;BYMONTHDAY=32", ["meet_rule_numbers"]),
        ("FREQ=YEARLY;BYMONTH=-1", ["meet_rule_numbers"]),
        ("FREQ=YEARLY;BYMONTH=13", ["meet_rule_numbers"]),
        ("FREQ=WEEKLY;BYDAY=1MO", ["meet_rule_not_with"]),
        ("FREQ=MONTHLY;BYDAY=0MO", ["meet_rule_weekday"]),
        ("FREQ=MONTHLY;BYDAY=54MO", ["meet_rule_weekday"]),
        ("FREQ=WEEKLY;BYDAY=XX", ["meet_rule_weekday"]),
        ("FREQ=WEEKLY;WKST=1", ["meet_rule_weekday"]),
        ("FREQ=WEEKLY;BYMONTHDAY=1", ["meet_rule_not_with"]),
        ("FREQ=DAILY;BYYEARDAY=1", ["meet_rule_not_with"]),
        ("FREQ=MONTHLY;BYWEEKNO=1", ["meet_rule_not_with"]),
        ("FREQ=MONTHLY;BYSETPOS=1", ["meet_rule_part_alone"]),
        ("FREQ=DAILY;UNTIL=2026-12-31", ["meet_rule_until"]),
        ("FREQ=DAILY;UNTIL=20261332", ["meet_rule_until"]),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", ["meet_rule_until"]),
        ("FREQ=DAILY\nEXDATE:tomorrow", ["meet_rule_exdate"]),
        ("FREQ=DAILY\nEXDATE:99991231T235959Z", ["meet_rule_exdate"]),
        ("FREQ=DAILY\nEXDATE;TZID=../../etc/passwd:20260101T090000", ["meet_rule_time_zone"]),
        ("FREQ=DAILY\nEXDATE;TZID=Asia:20260101T090000", ["meet_rule_time_zone"]),
        ("FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 50_000), ["meet_rule_long"]),
        ("FREQ=HOURLY;INTERVAL=0;BYHOUR=1", ["meet_rule_time_of_day", "meet_rule_frequency"]),
    ],
)
def test_what_is_no_rule_is_refused_with_each_fault(text: str, codes: list[str]) -> None:
    """Every part that cannot be read is named, in both languages."""
    assert faults_of(text) == codes


@given(st.text(max_size=60) | st.text("FREQ=DAILYWKMONTHUVBS;:,0123456789-\n \t", max_size=80))
def test_no_text_does_more_than_be_read_or_refused(text: str) -> None:
    """Arbitrary text gives a rule or the one error, nothing else."""
    try:
        rule = parse_rule(text)
    except InputError:
        return
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("RRULE:FREQ=WEEKLY", "FREQ=WEEKLY"),
        ("rrule:freq=weekly;byday=mo,fr;", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("ＦＲＥＱ＝ＭＯＮＴＨＬＹ；ＢＹＤＡＹ＝２ｔｕ", "FREQ=MONTHLY;BYDAY=2TU"),
        ("FREQ=MONTHLY；BYMONTHDAY=28，29;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1"),
        # as Outlook writes the end of a series, and as others do
        ("FREQ=WEEKLY;UNTIL=20261228T010000Z;BYDAY=MO", "FREQ=WEEKLY;UNTIL=20261228T010000Z;BYDAY=MO"),
        ("FREQ=WEEKLY;UNTIL=20261228T090000", "FREQ=WEEKLY;UNTIL=20261228T010000Z"),
        ("FREQ=WEEKLY;UNTIL=20261228", "FREQ=WEEKLY;UNTIL=20261228"),
        ("FREQ=WEEKLY;UNTIL=99991231T235959Z", "FREQ=WEEKLY"),
        ("FREQ=WEEKLY;UNTIL=21001231", "FREQ=WEEKLY;UNTIL=21001231"),
        ("FREQ=WEEKLY;UNTIL=21010101", "FREQ=WEEKLY"),
        ("FREQ=WEEKLY;UNTIL=19490101", "FREQ=WEEKLY;UNTIL=19490101"),
        # days stand in the order of the week, of one weekday in the order of its turns; numbers in theirs
        ("FREQ=MONTHLY;BYDAY=2MO,-1MO,FR,1MO,SU", "FREQ=MONTHLY;BYDAY=-1MO,1MO,2MO,FR,SU"),
        ("FREQ=YEARLY;WKST=SU;BYMONTH=12,2;BYWEEKNO=20,+1,-1", "FREQ=YEARLY;BYMONTH=2,12;BYWEEKNO=-1,1,20;WKST=SU"),
        ("FREQ=DAILY;INTERVAL=1;WKST=MO", "FREQ=DAILY"),
        ("FREQ=DAILY;INTERVAL=02;COUNT=1", "FREQ=DAILY;INTERVAL=2;COUNT=1"),
        # the time zone of an exception is the file's own, or that of the series
        ("FREQ=DAILY\nEXDATE:20260301T170000Z", "FREQ=DAILY\nEXDATE;VALUE=DATE:20260302"),
        ("FREQ=DAILY EXDATE:20260301T090000", "FREQ=DAILY\nEXDATE;VALUE=DATE:20260301"),
        ('FREQ=DAILY\r\nEXDATE;TZID="China Standard Time":20260301T090000', "FREQ=DAILY\nEXDATE;VALUE=DATE:20260301"),
        ("FREQ=DAILY\nEXDATE;TZID=America/New_York:20260301T200000", "FREQ=DAILY\nEXDATE;VALUE=DATE:20260302"),
        ("EXDATE:20260301,202\n 60302\nRRULE:FREQ=DAILY", "FREQ=DAILY\nEXDATE;VALUE=DATE:20260301,20260302"),
    ],
)
def test_rules_as_people_and_programs_write_them(text: str, written: str) -> None:
    """Upper and lower case, wide signs, names of lines, ends and exceptions of other programs are read."""
    assert str(parse_rule(text)) == written
    assert parse_rule(written) == parse_rule(text)


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("FREQ=DAILY;INTERVAL={}", 1000),
        ("FREQ=DAILY;COUNT={}", MOST_DATES),
        ("FREQ=YEARLY;BYMONTH={}", 12),
        ("FREQ=YEARLY;BYWEEKNO={}", 53),
        ("FREQ=YEARLY;BYYEARDAY={}", 366),
        ("FREQ=MONTHLY;BYMONTHDAY={}", 31),
        ("FREQ=MONTHLY;BYSETPOS={};BYDAY=MO", 366),
        ("FREQ=YEARLY;BYDAY={}MO", 53),
    ],
)
def test_numbers_of_a_rule_have_their_bounds(rule: str, most: int) -> None:
    """From one to the most, and from the end where days are counted; every other number is named with its part."""
    assert str(parse_rule(rule.format(most))) == rule.format(most)
    assert str(parse_rule(rule.format(2))) == rule.format(2)
    for number in (most + 1, 0):
        [code] = faults_of(rule.format(number))
        assert code in ("meet_rule_number", "meet_rule_numbers", "meet_rule_weekday")
    if "COUNT" in rule or "INTERVAL" in rule or "BYMONTH=" in rule:
        assert faults_of(rule.format(-1))
    else:
        assert str(parse_rule(rule.format(-most))) == rule.format(-most)
        assert faults_of(rule.format(-most - 1))


def told(text: str) -> list[dict[str, object]]:
    """The values of the faults of a text."""
    with pytest.raises(InputError, match="meet_rule_wrong") as caught:
        parse_rule(text)
    return [dict(fault.values) for fault in caught.value.faults]


def test_faults_show_the_part_and_what_it_may_be() -> None:
    """The value as it was written, up to 120 signs of it, and the bounds."""
    long = "X" * 121
    assert told("FREQ=DAILY;COUNT=0") == [{"part": "COUNT", "value": "0", "most": 5000}]
    assert told(f"FREQ=DAILY;INTERVAL={long}") == [{"part": "INTERVAL", "value": long[1:], "most": 1000}]
    assert told(f"FREQ=MONTHLY;BYMONTHDAY=1,{long}") == [{"part": "BYMONTHDAY", "value": f"1,{long}"[:120], "most": 31}]
    assert told(f"FREQ={long}")[0]["value"] == long[1:]
    assert told(f"FREQ=DAILY;{long}=1")[0]["part"] == long[1:]
    assert told(f"FREQ=DAILY;{long}")[0]["part"] == long[1:]
    assert told(f"FREQ=DAILY;UNTIL={long}") == [{"value": long[1:]}]
    assert told(f"FREQ=WEEKLY;BYDAY={long}")[0]["value"] == told(f"FREQ=WEEKLY;WKST={long}")[0]["value"] == long[1:]
    assert told(f"FREQ=DAILY\nEXDATE:{long}") == [{"value": long[1:]}]
    assert told(f"FREQ=DAILY\nEXDATE;TZID={long}:20260101") == [{"name": long[1:]}]
    assert told(f"FREQ=DAILY\n{long}:x") == [{"name": long[1:]}]
    assert told("FREQ=DAILY\nFREQ=DAILY\nFREQ=DAILY") == [{"n": 3}]
    assert told("FREQ=WEEKLY;BYDAY=2MO") == [{"part": "BYDAY=2MO", "other": "FREQ=WEEKLY"}]
    assert told("FREQ=YEARLY;BYWEEKNO=3;BYDAY=2MO") == [{"part": "BYDAY=2MO", "other": "FREQ=YEARLY"}]
    with pytest.raises(InputError) as caught:
        parse_rule(long)
    assert caught.value.values == {"rule": long[1:]}


def test_a_rule_may_name_every_date_it_excludes() -> None:
    """So many signs and no more: five thousand moments, each with its comma."""
    first = datetime(2026, 1, 1, 9)
    gone = ",".join(f"{first + timedelta(n):%Y%m%dT%H%M%S}" for n in range(MOST_DATES))
    assert len(parse_rule(f"RRULE:FREQ=DAILY\nEXDATE:{gone}").excluded) == MOST_DATES
    assert parse_rule("FREQ=DAILY".ljust(86_000)) == parse_rule("FREQ=DAILY")
    assert faults_of("FREQ=DAILY".ljust(86_001)) == ["meet_rule_long"]
    assert told("FREQ=DAILY".ljust(86_001)) == [{"n": 86_001, "most": 86_000}]


YEARS = [date(2024, 1, 1) + timedelta(n) for n in range(8 * 366)]


@pytest.mark.parametrize("number", [*range(1, 54), *range(-53, 0)])
def test_weeks_are_those_of_the_year_that_has_most_of_their_days(number: int) -> None:
    """By the standard for weeks, from the first on or from the last back."""
    rule = parse_rule(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY=MO,TH,SU")
    last = {year: date(year, 12, 28).isocalendar().week for year in range(2023, 2034)}
    wanted = []
    for day in YEARS:
        year, week, weekday = day.isocalendar()
        if weekday in (1, 4, 7) and number in (week, week - last[year] - 1):
            wanted.append(day)
    assert list(due_days(rule, YEARS[0], YEARS[-1])) == wanted


@pytest.mark.parametrize(
    "turn", [*range(1, 6), *range(-5, 0), pytest.param(20), pytest.param(53), pytest.param(-20), pytest.param(-53)]
)
@pytest.mark.parametrize("frequency", ["MONTHLY", "YEARLY", "YEARLY;BYMONTH=2,3"])
def test_turns_count_the_weekdays_of_a_month_or_year(frequency: str, turn: int) -> None:
    """Of the month where the rule goes by months, else of the year; from the end where they are below nothing."""
    rule = parse_rule(f"FREQ={frequency};BYDAY={turn}WE")
    of_month = frequency != "YEARLY"
    groups: dict[tuple[int, int], list[date]] = {}
    for day in YEARS:
        if day.weekday() == 2 and ("BYMONTH" not in frequency or day.month in (2, 3)):
            groups.setdefault((day.year, day.month if of_month else 0), []).append(day)
    at = turn - 1 if turn > 0 else turn
    # the last year is cut where the days end
    wanted = [days[at] for (year, _), days in groups.items() if year < 2032 and -len(days) <= at < len(days)]
    assert list(due_days(rule, YEARS[0], date(2031, 12, 31))) == wanted


numbers = st.integers(-31, 31).filter(bool)


@st.composite
def rules(draw: st.DrawFn) -> RecurrenceRule:
    """Rules of every frequency, with parts that mean something beside it."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    some = lambda values: tuple(sorted(draw(st.sets(values, max_size=3))))  # noqa: E731
    ends: dict[str, object] = {}
    match draw(st.integers(0, 3)):
        case 1:
            ends = {"count": draw(st.integers(1, 40))}
        case 2:
            ends = {"until": draw(st.dates(date(2025, 1, 1), TO))}
        case 3:
            moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 3, 1), timezones=st.just(UTC))
            ends = {"until": draw(moments).replace(microsecond=0)}
    turns = st.sampled_from([-2, -1, 1, 2, 4]) if frequency in ("MONTHLY", "YEARLY") else st.just(0)
    # dateutil reads BYDAY=MO,2TU as "and", RFC 5545 as "or": the oracle is asked for one kind at a time
    turn_of = turns if draw(st.booleans()) else st.just(0)
    days = draw(st.sets(st.tuples(turn_of, st.integers(0, 6)), max_size=3))
    found = {
        "by_month": some(st.integers(1, 12)),
        "by_month_day": some(numbers) if frequency != "WEEKLY" else (),
        "by_year_day": some(st.integers(-366, 366).filter(bool)) if frequency == "YEARLY" else (),
        "by_day": tuple(sorted(days, key=lambda pair: (pair[1], pair[0]))),
    }
    if frequency == "YEARLY" and not any(turn for turn, _ in days) and days and draw(st.booleans()):
        found["by_week"] = some(st.integers(-53, 53).filter(bool))
    if any(found.values()) and draw(st.booleans()):
        found["by_position"] = some(st.integers(-4, 4).filter(bool))
    week_start = draw(st.integers(0, 6))
    return RecurrenceRule(frequency, draw(st.integers(1, 5)), **ends, **found, week_start=week_start)


@settings(max_examples=100, deadline=None)
@given(rules(), st.dates(date(2024, 12, 1), date(2025, 12, 31)))
def test_days_are_those_of_another_engine(rule: RecurrenceRule, first: date) -> None:
    """dateutil, an independent reading of RFC 5545, gives the same days."""
    # it looks for a day to the year 9999, so it is asked only where there is one
    assume(due_days(replace(rule, until=None, count=None), first, date(2034, 1, 1))[-1:] > (TO,))
    at = time(9, 30)
    start = datetime.combine(first, at)
    text = str(rule)
    if rule.until is not None:
        text = ";".join(part for part in text.split(";") if not part.startswith("UNTIL="))
    last = datetime.combine(TO, at)
    wanted = [one.date() for one in rrulestr(text, dtstart=start).between(start, last, inc=True)]
    if isinstance(rule.until, datetime):
        wanted = [day for day in wanted if datetime.combine(day, at, CHINA) <= rule.until]
    elif rule.until is not None:
        wanted = [day for day in wanted if day <= rule.until]
    assert list(due_days(rule, first, TO, starts_at=at)) == wanted


@settings(max_examples=100, deadline=None)
@given(rules(), st.sets(st.dates(FROM, TO), max_size=4))
def test_what_is_written_is_read(rule: RecurrenceRule, gone: set[date]) -> None:
    """A rule is the same after being written and read, in lower case too."""
    whole = replace(rule, excluded=frozenset(gone))
    assert parse_rule(str(whole)) == whole
    assert parse_rule(str(whole).lower()) == whole


def series_of(rule: RecurrenceRule, shift: str = "later", first: str = "2025-01-07") -> Series:
    """A series of two hosts."""
    return Series("joint", Bilingual("联席会议", "Joint conference"), rule, first, hosts=("甲", "乙"), shift=shift)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(rules(), st.sets(st.dates(FROM, TO), max_size=4), st.sampled_from(["later", "earlier", "keep", "skip"]))
def test_the_lines_of_our_own_feed_are_read(rule: RecurrenceRule, gone: set[date], shift: str) -> None:
    """RRULE and EXDATE of a feed, put into the field of a rule, give the days that the feed's own rule gives."""
    whole = replace(rule, excluded=frozenset(gone))
    series = series_of(whole, shift)
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    raw = series_feed([series], calendar="x", until="2025-12-31", stamped_at=stamp, as_rules=True)
    held = occurrences(series, until="2025-12-31")
    masters = [entry for entry in Calendar.from_ical(raw).walk("VEVENT") if "rrule" in entry]
    assert bool(masters) == bool(held)
    lines = raw.replace(b"\r\n ", b"").decode().split("\r\n")
    # the VTIMEZONE has rules of its own; those of entries come after it
    first = next((at for at, line in enumerate(lines) if line == "BEGIN:VEVENT"), len(lines))
    text = "\n".join(line for line in lines[first:] if line.startswith(("RRULE", "EXDATE")))
    if masters:
        read = parse_rule(text)
        start = masters[0]["dtstart"].dt.date()
        due = set(due_days(read, start, date(2025, 12, 31), starts_at=time(9))) - read.excluded
        assert due == {date.fromisoformat(one.due_on) for one in held}


@settings(max_examples=100, deadline=None)
@given(rules(), st.sampled_from(["later", "earlier", "keep", "skip"]))
def test_no_two_dates_of_a_series_are_on_one_day(rule: RecurrenceRule, shift: str) -> None:
    """Whatever is moved off holidays, a day has one meeting of a series at most."""
    held = occurrences(series_of(rule, shift), until="2025-12-31")
    assert len({one.on for one in held}) == len(held)
    assert len({one.number for one in held}) == len(held)


def test_daily_meetings_do_not_pile_up_after_a_holiday() -> None:
    """National Day 2025, 1 to 8 October: a daily meeting is held once on the 9th, and it is the 9th's own."""
    held = occurrences(series_of(parse_rule("FREQ=DAILY"), first="2025-09-29"), until="2025-10-12")
    assert [one.on[5:] for one in held] == ["09-29", "09-30", "10-09", "10-10", "10-11"]
    assert not any(one.is_moved for one in held)
    earlier = occurrences(series_of(parse_rule("FREQ=DAILY"), "earlier", "2025-10-02"), until="2025-10-12")
    assert [(one.due_on[5:], one.on[5:]) for one in earlier] == [
        ("10-02", "09-30"),
        ("10-09", "10-09"),
        ("10-10", "10-10"),
        ("10-11", "10-11"),
    ]


def test_a_date_near_the_end_gives_way_to_one_after_it() -> None:
    """What is held does not depend on how far ahead one looks."""
    series = series_of(parse_rule("FREQ=DAILY"), first="2025-09-29")
    whole = occurrences(series, until="2025-10-31")
    for day in range(1, 31):
        until = f"2025-10-{day:02d}"
        assert occurrences(series, until=until) == tuple(one for one in whole if one.due_on <= until)


def test_a_rule_that_never_occurs_is_found_within_the_calendar() -> None:
    """30 February, looked for in all days from 1949 to 2100, is answered at once."""
    started = clock.process_time()
    for frequency in ("DAILY", "MONTHLY", "YEARLY"):
        rule = parse_rule(f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30")
        assert due_days(rule, FIRST_DAY, LAST_DAY) == ()
    assert clock.process_time() - started < 3


def test_a_rule_of_too_many_dates_is_refused() -> None:
    """Daily meetings of a century are no series; those of thirteen years are."""
    daily = parse_rule("FREQ=DAILY")
    with pytest.raises(InputError, match="meet_rule_too_many"):
        due_days(daily, FIRST_DAY, LAST_DAY)
    assert len(due_days(daily, FROM, FROM + timedelta(MOST_DATES - 1))) == MOST_DATES


def test_spans_outside_of_the_calendar_are_cut() -> None:
    """The first and last day of Python are no overflow."""
    days = due_days(parse_rule("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1"), date.min, date.max)
    assert (days[0], days[-1], len(days)) == (date(1949, 1, 1), date(2100, 1, 1), 152)


def test_the_last_moment_counts_to_the_minute() -> None:
    """A meeting at 9:00 in China is held on the day whose 01:00 UTC is the end, one at 9:30 is not."""
    rule = parse_rule("FREQ=DAILY;UNTIL=20250110T010000Z")
    assert due_days(rule, FROM, TO, starts_at=time(9))[-1] == date(2025, 1, 10)
    assert due_days(rule, FROM, TO, starts_at=time(9, 30))[-1] == date(2025, 1, 9)


def test_excluded_days_keep_their_number_and_turn() -> None:
    """Hosts go on taking turns as if the excluded day had been held."""
    held = occurrences(series_of(parse_rule("FREQ=WEEKLY;COUNT=3\nEXDATE:20250114T010000Z")), until="2025-12-31")
    assert [(one.number, one.on, one.host) for one in held] == [(0, "2025-01-07", "甲"), (2, "2025-01-21", "甲")]


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"starts_on": "9999-12-31"}, ["meet_series_starts_on"]),
        ({"starts_on": "tomorrow", "starts_at": "25:00"}, ["meet_series_starts_on", "meet_series_starts_at"]),
        ({"duration_min": 0, "shift": "sideways"}, ["meet_series_duration", "meet_series_shift"]),
        ({"duration_min": 10**9}, ["meet_series_duration"]),
    ],
)
def test_a_series_is_checked_when_it_is_made(fields: dict[str, object], codes: list[str]) -> None:
    """First day, time, length and shift are faults where they are none, all at once."""
    given = {"starts_on": "2025-01-07", **fields}
    with pytest.raises(InputError, match="meet_series_wrong") as caught:
        Series("x", Bilingual("例会"), parse_rule("FREQ=DAILY"), **given)  # type: ignore[arg-type]
    assert [fault.code for fault in caught.value.faults] == codes
    for fault in caught.value.faults:
        assert words("zh")[fault.code].format(**fault.values)
