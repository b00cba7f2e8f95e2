"""The mechanism's own calendar: recurring conferences with rotating hosts, moved off holidays, as an iCalendar feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar
from dateutil.rrule import rrulestr
from icalendar import Alarm, Event

from duijie.data.words import sentence
from duijie.errors import InputError
from duijie.terms import Bilingual, Language

from .calendars import event_calendar, to_bytes, uid
from .exchange import TIME_ZONE

__all__ = ["Occurrence", "Series", "is_workday", "occurrences", "series_feed"]

_MOST_DAYS = 15


@dataclass(frozen=True, slots=True)
class Series:
    """A recurring event: RRULE text (RFC 5545) from an ISO date, hosts in turn, and where it goes if it hits a holiday.

    `shift` is ``later``, ``earlier`` (the next or last working day) or ``keep``.
    """

    key: str
    title: Bilingual
    rule: str
    starts_on: str
    starts_at: str = "09:00"
    duration_min: int = 120
    hosts: tuple[str, ...] = ()
    shift: Literal["later", "earlier", "keep"] = "later"
    reminder_days: int = 7
    agenda: Bilingual = field(default_factory=Bilingual)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a series: `due_on` by the rule, `on` after moving; `is_known` False where the year's holidays are
    not published in the calendar at hand, so that only weekends counted."""

    series: str
    number: int
    due_on: str
    on: str
    starts_at: datetime
    ends_at: datetime
    host: str
    is_moved: bool
    is_known: bool


def is_workday(day: date) -> tuple[bool, bool]:
    """Whether people work on a day in mainland China, and whether the year's holidays and make-up days are known.

    Examples
    --------
    >>> is_workday(date(2025, 10, 1)), is_workday(date(2025, 9, 28))
    ((False, True), (True, True))
    """
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() < 5, False


def occurrences(series: Series, *, until: str, time_zone: str = TIME_ZONE) -> tuple[Occurrence, ...]:
    """The dates of a series up to and including an ISO date, each on a working day, with its host.

    Hosts take turns in the order given, whatever is moved; no hosts give an empty name.

    Raises
    ------
    InputError
        The rule is no RRULE, or finer than daily.
    """
    first, last = date.fromisoformat(series.starts_on), date.fromisoformat(until)
    if any(word in series.rule for word in ("HOURLY", "MINUTELY", "SECONDLY")):
        raise InputError("meet_rule_wrong", {"rule": series.rule, "problem": "FREQ"})
    try:
        rule = rrulestr(series.rule, dtstart=datetime.combine(first, time()))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError("meet_rule_wrong", {"rule": series.rule, "problem": str(error)}) from None
    due = [
        moment.date()
        for moment in rule.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True)
    ]
    return tuple(_occurrence(series, number, day, ZoneInfo(time_zone)) for number, day in enumerate(due))


def _occurrence(series: Series, number: int, due: date, zone: ZoneInfo) -> Occurrence:
    day, is_known = _shifted(due, series.shift)
    start = datetime.combine(day, time.fromisoformat(series.starts_at), zone)
    return Occurrence(
        series.key,
        number,
        due.isoformat(),
        day.isoformat(),
        start,
        start + timedelta(minutes=series.duration_min),
        series.hosts[number % len(series.hosts)] if series.hosts else "",
        day != due,
        is_known,
    )


def _shifted(due: date, shift: str) -> tuple[date, bool]:
    step = timedelta(days={"later": 1, "earlier": -1, "keep": 0}[shift])
    day, is_known = due, True
    for _ in range(_MOST_DAYS):
        is_work, known = is_workday(day)
        is_known = is_known and known
        if is_work or not step:
            break
        day += step
    return day, is_known


def series_feed(
    series: Sequence[Series],
    *,
    calendar: str,
    until: str,
    stamped_at: datetime,
    language: Language = "zh",
    host: str = "",
    sequence: Mapping[str, int] | None = None,
    cancelled: frozenset[str] = frozenset(),
    time_zone: str = TIME_ZONE,
) -> bytes:
    """All dates of the mechanism (those of one `host`, where named) as an iCalendar document with reminders.

    Parameters
    ----------
    sequence, cancelled
        By ``<series>/<number>``: how often an occurrence has changed, and which are off.
    """
    document = event_calendar(sentence("meet_mechanism_calendar", language), time_zone)
    for one in series:
        for occurrence in occurrences(one, until=until, time_zone=time_zone):
            key = f"{one.key}/{occurrence.number}"
            if host and occurrence.host != host:
                continue
            event = Event()
            event.add("uid", uid(calendar, key))
            event.add("dtstamp", stamped_at)
            event.add("sequence", (sequence or {}).get(key, 0))
            event.add("dtstart", occurrence.starts_at)
            event.add("dtend", occurrence.ends_at)
            event.add("summary", one.title[language])
            if occurrence.host:
                event.add("location", occurrence.host)
            if one.agenda[language]:
                event.add("description", one.agenda[language])
            event.add("status", "CANCELLED" if key in cancelled else "CONFIRMED")
            if one.reminder_days and key not in cancelled:
                event.add_component(_reminder(one, language))
            document.add_component(event)
    return to_bytes(document, stamped_at)


def _reminder(series: Series, language: Language) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", series.title[language])
    alarm.add("trigger", timedelta(days=-series.reminder_days))
    return alarm
