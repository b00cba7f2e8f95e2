"""The entries of a calendar feed: meetings, due days and visits of a person, a department or a clause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from icalendar import Event

from duijie.data import sentence
from duijie.meet.calendars import event_calendar, to_bytes, uid
from duijie.terms import Bilingual
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.models import Record
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.visibility import PARTY_ROLES

from .models import Day, Feed, Meeting, Request

__all__ = ["document"]

_DATED = {"ticket": "due_on", "decision": "due_on", "conference": "on", "visit": "on"}


def document(feed: Feed, *, now: datetime) -> bytes:
    """What a feed's person may see at this moment, as iCalendar; what fell out stays as cancelled."""
    title = Bilingual(feed.agreement.title_zh, feed.agreement.title_en)
    name = sentence("portal_meet_feed_name", feed.language, {"title": title.to_dict()})
    found = event_calendar(name, settings.TIME_ZONE)
    for entry in (*_meetings(feed), *_days(feed), *_records(feed)):
        entry.add("dtstamp", now)
        found.add_component(entry)
    return to_bytes(found, now)


def _scope(feed: Feed, requests: QuerySet[Request]) -> QuerySet[Request]:
    """The requests a feed is about."""
    person = feed.person
    if feed.scope == "clause":
        return requests.filter(clause=feed.key)
    if feed.scope == "department":
        return requests.filter(clause__in=_clauses_of(feed))
    if person.role in PARTY_ROLES or person.role in (Role.COORDINATOR, Role.LEADER):
        return requests
    return requests.filter(Q(asked_by=person) | Q(answered_by=person))


def _clauses_of(feed: Feed) -> list[str]:
    side = feed.person.side_id or ""
    term = agreement_term(feed.agreement)
    return [one.key for one in term.clauses if feed.key in (*one.lead.get(side, ()), *one.support.get(side, ()))]


def _meetings(feed: Feed) -> Iterator[Event]:
    seen = _scope(feed, Request.objects.filter(agreement=feed.agreement).visible_to(feed.person))
    rows = Meeting.objects.filter(request__in=seen.values("pk"))
    for row in rows.select_related("request__from_party", "request__to_party", "booking__resource", "day"):
        names = {"from": row.request.from_party.name, "to": row.request.to_party.name}
        entry = _entry(feed, f"meeting/{row.request_id}", sentence("portal_meet_feed_meeting", feed.language, names))
        entry.add("dtstart", timezone.localtime(row.starts_at))
        entry.add("dtend", timezone.localtime(row.ends_at))
        entry.add("location", _where(row, feed.language))
        entry.add("sequence", row.sequence)
        entry.add("last-modified", row.changed_at)
        entry.add("status", "CANCELLED" if row.is_off else "CONFIRMED")
        yield entry
        if row.due_on:
            values = {"step": row.next_step, **names}
            yield _all_day(feed, f"next/{row.request_id}", "portal_meet_feed_next", values, row.due_on)


def _where(row: Meeting, language: str) -> str:
    place = row.day.place[language]  # type: ignore[index]
    table = row.table.name[language] if row.table else ""  # type: ignore[index]
    return sentence("portal_meet_feed_where", language, {"place": place, "table": table})


def _days(feed: Feed) -> Iterator[Event]:
    for day in Day.objects.filter(agreement=feed.agreement).visible_to(feed.person):
        yield _all_day(feed, f"day/{day.pk}", "portal_meet_feed_day", {"title": day.title.to_dict()}, day.on)


def _records(feed: Feed) -> Iterator[Event]:
    rows = Record.objects.filter(agreement=feed.agreement, kind__in=_DATED, done_on=None).visible_to(feed.person)
    for row in _own_records(feed, rows):
        on = getattr(row, _DATED[row.kind])
        if on:
            code = f"portal_meet_feed_{row.kind}"
            yield _all_day(feed, f"record/{row.pk}", code, {"title": row.title.to_dict()}, on)


def _own_records(feed: Feed, rows: QuerySet[Record]) -> QuerySet[Record]:
    person: Person = feed.person
    if feed.scope == "clause":
        return rows.filter(clause=feed.key)
    keys = [feed.key] if feed.scope == "department" else list(person.departments.values_list("key", flat=True))
    if feed.scope == "person" and (person.role in PARTY_ROLES or not keys):
        return rows
    mine = Q(to_side=person.side_id, to_department__in=keys) | Q(side=person.side_id, department__in=keys)
    return rows.filter(mine | Q(kind="conference"))


def _entry(feed: Feed, key: str, summary: str) -> Event:
    entry = Event()
    entry.add("uid", uid(feed.agreement_id, key))
    entry.add("summary", summary)
    return entry


def _all_day(feed: Feed, key: str, code: str, values: dict[str, Any], on: date) -> Event:
    entry = _entry(feed, key, sentence(code, feed.language, values))
    entry.add("dtstart", on)
    entry.add("dtend", on + timedelta(days=1))
    entry.add("transp", "TRANSPARENT")
    return entry
