"""Pages of meeting: the timetable people × slots, its calendar file, the visits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from icalendar import Calendar, Event

from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import file_page, page

from . import selectors

__all__ = ["calendar", "timetable"]

Document = dict[str, Any]


@page("meet/timetable.html")
def timetable(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.timetable(agreement, request.user)
    return {**found, "visits": selectors.visits(agreement, request.user)}


@file_page("meetings.ics", media_type="text/calendar; charset=utf-8")
def calendar(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """The meetings a person may see, for any calendar program."""
    found = selectors.timetable(agreement, request.user)
    names = {one["id"]: one["name"] for one in found.get("people", ())}
    book = Calendar()
    book.add("prodid", "-//duijie//meet//")
    book.add("version", "2.0")
    for meeting in found.get("meetings", ()):
        book.add_component(_entry(meeting, names, found.get("place")))
    yield book.to_ical()


def _entry(meeting: Document, names: Document, place: Any) -> Event:
    entry = Event()
    entry.add("uid", f"{meeting['id']}@duijie")
    entry.add("summary", " ↔ ".join(names.get(one, one) for one in meeting["people"]))
    entry.add("dtstart", _moment(meeting["starts_at"]))
    entry.add("dtend", _moment(meeting["ends_at"]))
    entry.add("dtstamp", _moment(meeting["starts_at"]))
    shown = place.get("zh", "") if isinstance(place, dict) else str(place or "")
    entry.add("location", f"{shown} {meeting['table']}".strip())
    return entry


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
