"""Timetables as iCalendar feeds: stable names, true time zone, updates and cancellations by sequence number."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from icalendar import Calendar, Event, vText

from duijie.data.words import sentence
from duijie.terms import Language

from .exchange import TIME_ZONE
from .instance import names
from .timetable import Placement, Timetable

__all__ = ["event_calendar", "feed", "sequences", "to_bytes", "uid"]

_SPACE = uuid.UUID("6f6c2f0e-2d0b-5c55-9c9e-5b8f0d3c7a11")


def uid(calendar: str, key: str) -> str:
    """The lasting name of an entry: the same for the same calendar and key, whatever else changes."""
    return f"{uuid.uuid5(_SPACE, f'{calendar}/{key}')}@duijie"


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

    Returns
    -------
    UTF-8 bytes with CRLF lines and a VTIMEZONE. Slots without clock times give no entry.
    """
    document = event_calendar(sentence("meet_calendar_name", language, {"on": timetable.instance.on}), time_zone)
    for placement in timetable.placements:
        _add(document, timetable, placement, calendar, stamped_at, person, language, sequence or {}, "CONFIRMED")
    for placement in cancelled.placements if cancelled else ():
        if cancelled is not None and placement.meeting not in timetable.slots:
            _add(document, cancelled, placement, calendar, stamped_at, person, language, sequence or {}, "CANCELLED")
    return to_bytes(document, stamped_at)


def _add(
    document: Calendar,
    timetable: Timetable,
    placement: Placement,
    calendar: str,
    stamped_at: datetime,
    person: str,
    language: Language,
    sequence: Mapping[str, int],
    status: str,
) -> None:
    """One entry, where the slot has clock times and the person takes part."""
    instance = timetable.instance
    meeting = instance.meetings[instance.meeting_index[placement.meeting]]
    people = [*meeting.people, *placement.delegates]
    slot = instance.slots[instance.slot_index[placement.slot]]
    if slot.starts_at is None or slot.ends_at is None or (person and person not in people):
        return
    where = {"place": slot.place or instance.place, "table": placement.table}
    event = Event()
    event.add("uid", uid(calendar, meeting.id))
    event.add("dtstamp", stamped_at)
    event.add("sequence", sequence.get(meeting.id, 0))
    event.add("dtstart", slot.starts_at)
    event.add("dtend", slot.ends_at)
    event.add("summary", sentence("meet_event", language, {"people": names(instance, people)}))
    event.add("location", sentence("meet_online" if meeting.is_online else "meet_where", language, where))
    event.add("status", status)
    document.add_component(event)


def to_bytes(document: Calendar, stamped_at: datetime) -> bytes:
    """The document with the time zones that its entries name, written out."""
    first, last = date(stamped_at.year - 1, 1, 1), date(stamped_at.year + 9, 1, 1)
    document.add_missing_timezones(first_date=first, last_date=last)
    return bytes(document.to_ical())


def event_calendar(name: str, time_zone: str) -> Calendar:
    """An empty calendar with its name."""
    document = Calendar()
    document.add("prodid", "-//duijie//meet//ZH")
    document.add("version", "2.0")
    document.add("calscale", "GREGORIAN")
    document.add("method", "PUBLISH")
    document["x-wr-calname"] = vText(name)
    document["x-wr-timezone"] = vText(time_zone)
    return document


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
