"""The entries of a calendar feed: meetings, the mechanism's dates, due days and visits of whom the feed is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from icalendar import Alarm, Event

from duijie.data import sentence
from duijie.meet.calendars import event_calendar, to_bytes, uid
from duijie.terms import Bilingual
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.models import Record
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.visibility import PARTY_ROLES

from .models import Day, Feed, Meeting, Occasion, Request, Series, Visit
from .services.series import departments_of

__all__ = ["agenda_of", "document"]

_DATED = {"ticket": "due_on", "decision": "due_on", "conference": "on", "visit": "on"}


def document(feed: Feed, *, now: datetime) -> bytes:
    """What a feed's person may see at this moment, as iCalendar; what fell out stays as cancelled."""
    title = Bilingual(feed.agreement.title_zh, feed.agreement.title_en)
    name = sentence("portal_meet_feed_name", feed.language, {"title": title.to_dict()})
    found = event_calendar(name, settings.TIME_ZONE)
    for entry in (*_meetings(feed), *_days(feed), *_visits(feed), *_occasions(feed), *_records(feed)):
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
        yield _numbered(entry, row.sequence, row.changed_at, is_off=row.is_off)
        if row.due_on:
            values = {"step": row.next_step, **names}
            due = _all_day(feed, f"next/{row.request_id}", "portal_meet_feed_next", values, row.due_on)
            yield _numbered(due, 0, row.told_at, is_off=False)


def _where(row: Meeting, language: str) -> str:
    place = row.day.place[language]  # type: ignore[index]
    table = row.table.name[language] if row.table else ""  # type: ignore[index]
    return sentence("portal_meet_feed_where", language, {"place": place, "table": table})


def _days(feed: Feed) -> Iterator[Event]:
    for day in Day.objects.filter(agreement=feed.agreement).visible_to(feed.person):
        entry = _all_day(feed, f"day/{day.pk}", "portal_meet_feed_day", {"title": day.title.to_dict()}, day.on)
        yield _numbered(entry, day.sequence, is_off=day.is_off)


def _visits(feed: Feed) -> Iterator[Event]:
    rows = Visit.objects.filter(agreement=feed.agreement).visible_to(feed.person)
    if feed.scope == "clause":
        rows = rows.filter(clause=feed.key)
    if feed.scope == "department":
        rows = rows.filter(clause__in=_clauses_of(feed))
    for row in rows:
        code, values = "portal_meet_feed_visit", {"title": row.title.to_dict()}
        entry = _all_day(feed, f"visit/{row.pk}", code, values, row.on, row.until)
        yield _numbered(entry, row.sequence, row.changed_at, is_off=row.is_off)


def _occasions(feed: Feed) -> Iterator[Event]:
    """The dates of the series a feed is about, each with its host, agenda and reminder."""
    if feed.person.role in PARTY_ROLES:
        return
    rows = Occasion.objects.filter(series__in=_series(feed)).select_related("series__agreement")
    sides = {side.pk: side.short[feed.language] for side in feed.agreement.sides.all()}  # type: ignore[index]
    for row in rows:
        title = row.series.title[feed.language]  # type: ignore[index]
        entry = _entry(feed, f"series/{row.series_id}/{row.number}", title)
        entry.add("dtstart", timezone.localtime(row.starts_at))
        entry.add("dtend", timezone.localtime(row.ends_at))
        if where := " ".join(filter(None, (sides.get(row.host, row.host), row.place))):
            entry.add("location", where)
        if agenda := agenda_of(row)[feed.language]:  # type: ignore[index]
            entry.add("description", agenda)
        if row.series.reminder_days and not row.is_off:
            entry.add_component(_reminder(title, row.series.reminder_days))
        yield _numbered(entry, row.sequence, row.changed_at, is_off=row.is_off)


def agenda_of(row: Occasion) -> Bilingual:
    """The agenda of a date: its own, else that of its series."""
    series = row.series
    own = Bilingual(row.agenda_zh, row.agenda_en)
    return own if row.agenda_zh or row.agenda_en else Bilingual(series.agenda_zh, series.agenda_en)


def _series(feed: Feed) -> list[str]:
    rows = Series.objects.filter(agreement=feed.agreement).visible_to(feed.person).select_related("agreement")
    if feed.scope == "clause":
        return [row.pk for row in rows if row.clause == feed.key]
    keys = {feed.key} if feed.scope == "department" else set(feed.person.departments.values_list("key", flat=True))
    side = feed.person.side_id or ""
    if not keys:
        return [row.pk for row in rows]
    return [row.pk for row in rows if departments_of(row).get(side, set()) & keys]


def _reminder(text: str, days: int) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", text)
    alarm.add("trigger", timedelta(days=-days))
    return alarm


def _numbered(entry: Event, sequence: int, changed_at: datetime | None = None, *, is_off: bool) -> Event:
    """An entry with the number of changes people were told of; what is off stays, as cancelled."""
    entry.add("sequence", sequence)
    if changed_at:
        entry.add("last-modified", changed_at)
    entry.add("status", "CANCELLED" if is_off else "CONFIRMED")
    return entry


def _records(feed: Feed) -> Iterator[Event]:
    """Dated records; each sealed event after the first is a change, so the log itself keeps their numbers."""
    rows = Record.objects.filter(agreement=feed.agreement, kind__in=_DATED).visible_to(feed.person)
    found = list(_own_records(feed, rows))
    log = feed.agreement.events.filter(subject_type="record", subject__in=[row.pk for row in found])
    rows_of = log.values("subject").annotate(n=Count("id"), at=Max("recorded_at"))
    facts: dict[str, tuple[int, datetime | None]] = {str(one["subject"]): (one["n"], one["at"]) for one in rows_of}
    for row in found:
        on = getattr(row, _DATED[row.kind])
        if on:
            code = f"portal_meet_feed_{row.kind}"
            n_events, changed_at = facts.get(row.pk, (1, None))
            entry = _all_day(feed, f"record/{row.pk}", code, {"title": row.title.to_dict()}, on)
            is_over = row.done_on is not None and _DATED[row.kind] == "due_on"
            yield _numbered(entry, n_events - 1, changed_at, is_off=is_over)


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


def _all_day(feed: Feed, key: str, code: str, values: dict[str, Any], on: date, until: date | None = None) -> Event:
    entry = _entry(feed, key, sentence(code, feed.language, values))
    entry.add("dtstart", on)
    entry.add("dtend", (until or on) + timedelta(days=1))
    entry.add("transp", "TRANSPARENT")
    return entry
