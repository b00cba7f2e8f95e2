"""Calendars as iCalendar documents: the one room that writes them, and timetables as feeds.

Stable names of our own, true time zone, updates and cancellations by sequence number (RFC 5545, RFC 5546).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vRecur, vText

from duijie.data.words import sentence
from duijie.terms import Language
from duijie.terms.days import bounded

from .exchange import TIME_ZONE
from .instance import names
from .rule import RecurrenceRule
from .timetable import Placement, Timetable

__all__ = ["Entry", "Standing", "feed", "sequences", "uid", "write_calendar"]

_SPACE = uuid.UUID("6f6c2f0e-2d0b-5c55-9c9e-5b8f0d3c7a11")
Standing = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar, or one series of entries.

    `starts` and `ends` are moments, or the first and last day of what takes whole days. `key` names it for good within
    its calendar. What nobody agreed to yet is ``TENTATIVE``; what is off stays as ``CANCELLED``, without reminder.
    `rule` and `excluded` make a series; `part_of` is the moment of a series' date that this entry stands for.
    """

    key: str
    summary: str
    starts: datetime | date
    ends: datetime | date
    location: str = ""
    description: str = ""
    status: Standing = "CONFIRMED"
    sequence: int = 0
    changed_at: datetime | None = None
    reminder_days: int = 0
    rule: RecurrenceRule | None = None
    excluded: tuple[datetime, ...] = ()
    part_of: datetime | None = None


def uid(calendar: str, key: str) -> str:
    """The lasting name of an entry: the same for the same calendar and key, whatever else changes."""
    return f"{uuid.uuid5(_SPACE, f'{calendar}/{key}')}@duijie"


def write_calendar(
    entries: Iterable[Entry], *, name: str, calendar: str, stamped_at: datetime, time_zone: str = TIME_ZONE
) -> bytes:
    """Entries as an iCalendar document.

    Parameters
    ----------
    name
        What people see.
    calendar
        Key of the calendar; with an entry's key it makes the entry's lasting name.
    stamped_at
        Aware moment of making.
    time_zone
        In which all moments are written; one without a zone is taken to be in it.

    Returns
    -------
    UTF-8 bytes with CRLF lines and the VTIMEZONE.
    """
    document = Calendar()
    document.add("prodid", "-//duijie//meet//ZH")
    document.add("version", "2.0")
    document.add("calscale", "GREGORIAN")
    document.add("method", "PUBLISH")
    document["x-wr-calname"] = vText(name)
    document["x-wr-timezone"] = vText(time_zone)
    for entry in entries:
        document.add_component(_event(entry, uid(calendar, entry.key), stamped_at, ZoneInfo(time_zone)))
    first, last = date(stamped_at.year - 1, 1, 1), date(stamped_at.year + 9, 1, 1)
    document.add_missing_timezones(first_date=first, last_date=last)
    return bytes(document.to_ical())


def _event(entry: Entry, name: str, stamped_at: datetime, zone: ZoneInfo) -> Event:
    event = Event()
    event.add("uid", name)
    event.add("dtstamp", stamped_at)
    event.add("sequence", entry.sequence)
    event.add("summary", entry.summary)
    for key, moment in _span(entry, zone):
        event.add(key, moment)
    for key, text in (("location", entry.location), ("description", entry.description)):
        if text:
            event.add(key, text)
    if entry.changed_at:
        event.add("last-modified", entry.changed_at)
    if entry.rule:
        event.add("rrule", vRecur.from_ical(str(entry.rule)))
    if entry.excluded:
        event.add("exdate", [_local(moment, zone) for moment in entry.excluded])
    if entry.part_of:
        event.add("recurrence-id", _local(entry.part_of, zone))
    event.add("status", entry.status)
    if entry.reminder_days and entry.status != "CANCELLED":
        event.add_component(_reminder(entry))
    return event


def _span(entry: Entry, zone: ZoneInfo) -> Iterator[tuple[str, datetime | date | str]]:
    match entry.starts, entry.ends:
        case datetime() as starts, datetime() as ends:
            yield "dtstart", _local(starts, zone)
            yield "dtend", _local(ends, zone)
        case starts, ends:
            yield "dtstart", bounded(starts)
            yield "dtend", bounded(ends) + timedelta(days=1)  # the day after the last
            yield "transp", "TRANSPARENT"  # a due day keeps nobody from meeting


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _reminder(entry: Entry) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.summary)
    alarm.add("trigger", timedelta(days=-entry.reminder_days))
    return alarm


def feed(
    timetable: Timetable,
    *,
    calendar: str,
    stamped_at: datetime,
    person: str = "",
    language: Language = "zh",
    sequence: Mapping[str, int] | None = None,
    cancelled: Timetable | None = None,
    time_zone: str = TIME_ZONE,
    is_agreed: bool = False,
) -> bytes:
    """The timetable (of one `person`, where named) as an iCalendar document.

    Parameters
    ----------
    calendar
        Key of the event; with the meeting's id it makes the entry's lasting name.
    stamped_at
        Aware moment of making.
    sequence
        How often each meeting has changed; see :func:`sequences`. Absent means 0.
    cancelled
        An earlier plan: its meetings that are held no more stay, as they stood in it, as CANCELLED.
    is_agreed
        Whether everybody said yes to their times; a plan that was only computed is a proposal, so TENTATIVE.

    Returns
    -------
    UTF-8 bytes with CRLF lines and a VTIMEZONE. Slots without clock times give no entry.
    """
    plans: list[tuple[Timetable, Placement, Standing]] = [
        (timetable, one, "CONFIRMED" if is_agreed else "TENTATIVE") for one in timetable.placements
    ]
    if cancelled:
        gone = (one for one in cancelled.placements if one.meeting not in timetable.slots)
        plans += [(cancelled, one, "CANCELLED") for one in gone]
    found = (_meeting(*plan, person, language, sequence or {}) for plan in plans)
    title = sentence("meet_calendar_name", language, {"on": timetable.instance.on})
    entries = [entry for entry in found if entry is not None]
    return write_calendar(entries, name=title, calendar=calendar, stamped_at=stamped_at, time_zone=time_zone)


def _meeting(
    timetable: Timetable,
    placement: Placement,
    status: Standing,
    person: str,
    language: Language,
    sequence: Mapping[str, int],
) -> Entry | None:
    """One meeting, where the slot has clock times and the person takes part."""
    instance = timetable.instance
    meeting = instance.meetings[instance.meeting_index[placement.meeting]]
    people = [*meeting.people, *placement.delegates]
    slot = instance.slots[instance.slot_index[placement.slot]]
    if slot.starts_at is None or slot.ends_at is None or (person and person not in people):
        return None
    where = {"place": slot.place or instance.place, "table": placement.table}
    return Entry(
        meeting.id,
        sentence("meet_event", language, {"people": names(instance, people)}),
        slot.starts_at,
        slot.ends_at,
        sentence("meet_online" if meeting.is_online else "meet_where", language, where),
        status=status,
        sequence=sequence.get(meeting.id, 0),
    )


def sequences(before: Mapping[str, int], old: Timetable, new: Timetable) -> dict[str, int]:
    """The sequence numbers after a new plan: one more for each meeting whose time or place changed or that fell out.

    Examples
    --------
    >>> from duijie.meet.timetable import Placement, Timetable
    >>> from duijie.meet.instance import Instance
    >>> day = Instance((), (), (), ())
    >>> old = Timetable(day, "feasible", (Placement("m", "1"), Placement("n", "2")))
    >>> sequences({}, old, Timetable(day, "feasible", (Placement("m", "3"), Placement("n", "2"))))
    {'m': 1, 'n': 0}
    """
    was: dict[str, Any] = {one.meeting: (one.slot, one.table) for one in old.placements}
    now = {one.meeting: (one.slot, one.table) for one in new.placements}
    return {
        meeting: before.get(meeting, 0) + (meeting in was and was[meeting] != now.get(meeting))
        for meeting in (was | now)
    } | {meeting: number for meeting, number in before.items() if meeting not in was and meeting not in now}
