"""The mechanism's own calendar: recurring conferences with rotating hosts, moved off holidays, as an iCalendar feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar
from dateutil.rrule import rrulestr
from icalendar import Alarm, Event, vRecur

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

    `shift` is ``later``, ``earlier`` (the next or last working day), ``keep``, or ``skip`` (it falls out).
    """

    key: str
    title: Bilingual
    rule: str
    starts_on: str
    starts_at: str = "09:00"
    duration_min: int = 120
    hosts: tuple[str, ...] = ()
    shift: Literal["later", "earlier", "keep", "skip"] = "later"
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

    Hosts take turns in the order given, whatever is moved or falls out; no hosts give an empty name.

    Raises
    ------
    InputError
        The rule is no RRULE, or finer than daily.
    """
    found = (_occurrence(series, number, day, ZoneInfo(time_zone)) for number, day in enumerate(_due(series, until)))
    return tuple(one for one in found if series.shift != "skip" or is_workday(date.fromisoformat(one.on))[0])


def _due(series: Series, until: str) -> list[date]:
    """The dates by the rule alone."""
    first, last = date.fromisoformat(series.starts_on), date.fromisoformat(until)
    if any(word in series.rule for word in ("HOURLY", "MINUTELY", "SECONDLY")):
        raise InputError("meet_rule_wrong", {"rule": series.rule, "problem": "FREQ"})
    try:
        rule = rrulestr(series.rule, dtstart=datetime.combine(first, time()))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError("meet_rule_wrong", {"rule": series.rule, "problem": str(error)}) from None
    between = rule.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True)
    return [moment.date() for moment in between]


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
    step = timedelta(days={"later": 1, "earlier": -1}.get(shift, 0))
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
    as_rules: bool = False,
) -> bytes:
    """All dates of the mechanism (those of one `host`, where named) as an iCalendar document with reminders.

    Parameters
    ----------
    sequence, cancelled
        By ``<series>/<number>``, or by ``<series>`` for all of it: how often it has changed, and what is off.
    as_rules
        False writes every date as an entry of its own, which any reader understands. True writes one entry a series
        with its RRULE: dates that fall out are EXDATEs, and a date that was moved, called off or has another host than
        the first is an entry of the same name with its RECURRENCE-ID (RFC 5545, 3.8.4.4).
    """
    document = event_calendar(sentence("meet_mechanism_calendar", language), time_zone)
    state = _State(calendar, stamped_at, language, sequence or {}, cancelled)
    for one in series:
        dates = occurrences(one, until=until, time_zone=time_zone)
        kept = [occurrence for occurrence in dates if host in ("", occurrence.host)]
        entries = (
            _ruled(state, one, kept, until, time_zone) if as_rules else [_entry(state, one, each) for each in kept]
        )
        for entry in entries:
            document.add_component(entry)
    return to_bytes(document, stamped_at)


@dataclass(frozen=True, slots=True)
class _State:
    """What every entry of a document needs to know."""

    calendar: str
    stamped_at: datetime
    language: Language
    sequence: Mapping[str, int]
    cancelled: frozenset[str]


def _entry(state: _State, series: Series, occurrence: Occurrence, *, is_part: bool = False) -> Event:
    """One date; a part of a rule carries the name of the rule."""
    key = f"{series.key}/{occurrence.number}"
    is_off = not state.cancelled.isdisjoint((key, series.key))
    event = Event()
    event.add("uid", uid(state.calendar, series.key if is_part else key))
    event.add("dtstamp", state.stamped_at)
    event.add("sequence", max(state.sequence.get(key, 0), state.sequence.get(series.key, 0)))
    event.add("dtstart", occurrence.starts_at)
    event.add("dtend", occurrence.ends_at)
    event.add("summary", series.title[state.language])
    if occurrence.host:
        event.add("location", occurrence.host)
    if series.agenda[state.language]:
        event.add("description", series.agenda[state.language])
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    if series.reminder_days and not is_off:
        event.add_component(_reminder(series, state.language))
    return event


def _ruled(state: _State, series: Series, kept: Sequence[Occurrence], until: str, time_zone: str) -> Iterator[Event]:
    """The rule as an entry, and an entry for every date that differs from it."""
    due = _due(series, until)
    if not due or not kept:
        return
    starts = {number: _moment(series, day, time_zone) for number, day in enumerate(due)}
    length = timedelta(minutes=series.duration_min)
    shown = kept[0].host
    plain = Occurrence(
        series.key, -1, due[0].isoformat(), due[0].isoformat(), starts[0], starts[0] + length, shown, False, True
    )
    rule = vRecur.from_ical(series.rule)
    rule.pop("COUNT", None)
    rule["UNTIL"] = [starts[len(due) - 1].astimezone(UTC)]
    master = _entry(state, series, plain, is_part=True)
    master.add("rrule", rule)
    gone = sorted(set(starts) - {one.number for one in kept})
    if gone:
        master.add("exdate", [starts[number] for number in gone])
    yield master
    for one in kept:
        key = f"{series.key}/{one.number}"
        if one.is_moved or one.host != shown or key in state.cancelled or key in state.sequence:
            part = _entry(state, series, one, is_part=True)
            part.add("recurrence-id", starts[one.number])
            yield part


def _moment(series: Series, day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(series.starts_at), ZoneInfo(time_zone))


def _reminder(series: Series, language: Language) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", series.title[language])
    alarm.add("trigger", timedelta(days=-series.reminder_days))
    return alarm
