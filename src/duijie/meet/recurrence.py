"""The mechanism's own calendar: recurring conferences with rotating hosts, moved off holidays, as an iCalendar feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from duijie.data.words import sentence
from duijie.errors import Fault, InputError
from duijie.terms import Bilingual, Language
from duijie.terms.days import FIRST_DAY, LAST_DAY
from duijie.terms.working_days import add_working_days, is_provisional, is_working_day

from .calendars import Entry, write_calendar
from .exchange import TIME_ZONE
from .rule import RecurrenceRule, due_days

__all__ = ["Occurrence", "Series", "occurrences", "series_feed"]

_MOST_DAYS = 15
"""Longer than any holiday with the weekends beside it."""

_MOST_MINUTES = 1440
_SHIFTS = ("later", "earlier", "keep", "skip")


@dataclass(frozen=True, slots=True)
class Series:
    """A recurring event: a checked rule from an ISO date on, hosts in turn, and where a date goes that hits a holiday.

    `shift` is ``later``, ``earlier`` (the next or last working day), ``keep``, or ``skip`` (it falls out).

    Raises
    ------
    InputError
        ``meet_series_wrong``: first day, time, length or shift are none; `faults` lists all.
    """

    key: str
    title: Bilingual
    rule: RecurrenceRule
    starts_on: str
    starts_at: str = "09:00"
    duration_min: int = 120
    hosts: tuple[str, ...] = ()
    shift: Literal["later", "earlier", "keep", "skip"] = "later"
    reminder_days: int = 7
    agenda: Bilingual = field(default_factory=Bilingual)

    def __post_init__(self) -> None:
        faults = [*_series_faults(self)]
        if faults:
            raise InputError("meet_series_wrong", {"n": len(faults)}, {"series": self.key}, faults=faults)


def _series_faults(series: Series) -> Iterator[Fault]:
    if not _is_text_of(lambda: FIRST_DAY <= date.fromisoformat(series.starts_on) <= LAST_DAY):
        span = {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()}
        yield Fault("meet_series_starts_on", {"key": "starts_on"}, {"value": series.starts_on, **span})
    if not _is_text_of(lambda: time.fromisoformat(series.starts_at).tzinfo is None):
        yield Fault("meet_series_starts_at", {"key": "starts_at"}, {"value": series.starts_at})
    if not 1 <= series.duration_min <= _MOST_MINUTES:
        values = {"value": series.duration_min, "most": _MOST_MINUTES}
        yield Fault("meet_series_duration", {"key": "duration_min"}, values)
    if series.shift not in _SHIFTS:
        yield Fault("meet_series_shift", {"key": "shift"}, {"value": series.shift, "known": ", ".join(_SHIFTS)})


def _is_text_of(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a series: `due_on` by the rule, `on` after moving; `is_known` False where the year's holidays are
    not announced yet, so that weekends and the holidays that the law fixes counted."""

    series: str
    number: int
    due_on: str
    on: str
    starts_at: datetime
    ends_at: datetime
    host: str
    is_moved: bool
    is_known: bool


def occurrences(series: Series, *, until: str, time_zone: str = TIME_ZONE) -> tuple[Occurrence, ...]:
    """The dates of a series up to and including an ISO date, each on a working day, with its host.

    Hosts take turns in the order given, whatever is moved or falls out; no hosts give an empty name. No two dates of
    a series are on one day: one that would move to the day of another falls out.

    Raises
    ------
    InputError
        ``meet_rule_too_many``: more dates than a series may have.
    """
    last, zone = date.fromisoformat(until), ZoneInfo(time_zone)
    # dates just after the end may hold the day to which one before it would move
    due = _due(series, min(last, LAST_DAY - timedelta(_MOST_DAYS)) + timedelta(_MOST_DAYS), time_zone)
    held = {day for day in due if day not in series.rule.excluded and _shifted(day, series.shift) == day}
    found: list[Occurrence] = []
    for number, day in enumerate(due):
        moved = _shifted(day, series.shift)
        if moved is None or day > last or day in series.rule.excluded or (moved != day and moved in held):
            continue
        held.add(moved)
        found.append(_occurrence(series, number, day, moved, zone))
    return tuple(found)


def _due(series: Series, last: date, time_zone: str) -> tuple[date, ...]:
    """The dates by the rule alone, those it excludes among them."""
    first, at = date.fromisoformat(series.starts_on), time.fromisoformat(series.starts_at)
    return due_days(series.rule, first, last, starts_at=at, time_zone=time_zone)


def _occurrence(series: Series, number: int, due: date, day: date, zone: ZoneInfo) -> Occurrence:
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
        not is_provisional(due, day),
    )


def _shifted(due: date, shift: str) -> date | None:
    """Where a date goes, None where it falls out."""
    if shift == "keep" or is_working_day(due):
        return due
    return None if shift == "skip" else add_working_days(due, 1 if shift == "later" else -1)


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
    state = _State(language, sequence or {}, cancelled, time_zone)
    entries: list[Entry] = []
    for one in series:
        dates = occurrences(one, until=until, time_zone=time_zone)
        kept = [occurrence for occurrence in dates if host in ("", occurrence.host)]
        entries += _ruled(state, one, kept, until) if as_rules else [_entry(state, one, each) for each in kept]
    name = sentence("meet_mechanism_calendar", language)
    return write_calendar(entries, name=name, calendar=calendar, stamped_at=stamped_at, time_zone=time_zone)


@dataclass(frozen=True, slots=True)
class _State:
    """What every entry of a document needs to know."""

    language: Language
    sequence: Mapping[str, int]
    cancelled: frozenset[str]
    time_zone: str


def _entry(state: _State, series: Series, occurrence: Occurrence, *, is_part: bool = False) -> Entry:
    """One date; a part of a rule carries the name of the rule."""
    key = f"{series.key}/{occurrence.number}"
    is_off = not state.cancelled.isdisjoint((key, series.key))
    return Entry(
        series.key if is_part else key,
        series.title[state.language],
        occurrence.starts_at,
        occurrence.ends_at,
        occurrence.host,
        series.agenda[state.language],
        "CANCELLED" if is_off else "CONFIRMED",
        max(state.sequence.get(key, 0), state.sequence.get(series.key, 0)),
        reminder_days=series.reminder_days,
    )


def _ruled(state: _State, series: Series, kept: Sequence[Occurrence], until: str) -> Iterator[Entry]:
    """The rule as an entry, and an entry for every date that differs from it."""
    due = _due(series, date.fromisoformat(until), state.time_zone)
    if not due or not kept:
        return
    zone, at = ZoneInfo(state.time_zone), time.fromisoformat(series.starts_at)
    starts = [datetime.combine(day, at, zone) for day in due]
    shown, first = kept[0].host, due[0].isoformat()
    length = timedelta(minutes=series.duration_min)
    plain = Occurrence(series.key, -1, first, first, starts[0], starts[0] + length, shown, False, True)
    bounded = replace(series.rule, count=None, until=starts[-1].astimezone(UTC), excluded=frozenset())
    gone = set(range(len(due))) - {one.number for one in kept}
    master = _entry(state, series, plain, is_part=True)
    yield replace(master, rule=bounded, excluded=tuple(starts[number] for number in sorted(gone)))
    for one in kept:
        key = f"{series.key}/{one.number}"
        if one.is_moved or one.host != shown or key in state.cancelled or key in state.sequence:
            yield replace(_entry(state, series, one, is_part=True), part_of=starts[one.number])
