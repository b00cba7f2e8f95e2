"""The entries of a calendar feed: meetings, the mechanism's dates, due days and visits of whom the feed is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet

from duijie.data import sentence
from duijie.meet.calendars import Entry, Standing, write_calendar
from duijie.terms import Bilingual
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.charge import HEADS
from duijie_portal.ledger.models import Agreement, Case, Record
from duijie_portal.ledger.selectors import agreement_term, parties
from duijie_portal.ledger.visibility import PARTY_ROLES

from .models import Day, Feed, Meeting, Occasion, Request, Series, Visit
from .services.series import departments_of

__all__ = ["agenda_of", "document", "proposal"]

_DATED = {"decision": "due_on", "conference": "on", "visit": "on"}


def document(feed: Feed, *, now: datetime) -> bytes:
    """What a feed's person may see at this moment, as iCalendar; what fell out stays as cancelled."""
    title = Bilingual(feed.agreement.title_zh, feed.agreement.title_en)
    name = sentence("portal_meet_feed_name", feed.language, {"title": title.to_dict()})
    found = (*_meetings(feed), *_days(feed), *_visits(feed), *_occasions(feed), *_records(feed), *_tickets(feed))
    return write_calendar(found, name=name, calendar=feed.agreement_id, stamped_at=now, time_zone=settings.TIME_ZONE)


def proposal(agreement: Agreement, timetable: Mapping[str, Any], language: str, now: datetime) -> bytes:
    """The computed timetable as a calendar: nobody was asked for these hours, so each is tentative."""
    names = {one["id"]: one["name"] for one in timetable.get("people", ())}
    place = timetable.get("place") or ""
    shown = place.get(language, "") if isinstance(place, Mapping) else str(place)
    entries = [
        Entry(
            f"proposal/{one['id']}",
            " ↔ ".join(names.get(person, person) for person in one["people"]),
            datetime.fromisoformat(one["starts_at"]),
            datetime.fromisoformat(one["ends_at"]),
            f"{shown} {one['table']}".strip(),
            status="TENTATIVE",
        )
        for one in timetable.get("meetings", ())
        if one.get("starts_at")
    ]
    title = Bilingual(agreement.title_zh, agreement.title_en)
    name = sentence("portal_meet_feed_name", language, {"title": title.to_dict()})
    return write_calendar(entries, name=name, calendar=agreement.pk, stamped_at=now, time_zone=settings.TIME_ZONE)


def _scope(feed: Feed, requests: QuerySet[Request]) -> QuerySet[Request]:
    """The requests a feed is about."""
    person = feed.person
    if feed.scope == "clause":
        return requests.filter(clause=feed.key)
    if feed.scope == "department":
        return requests.filter(clause__in=_clauses_of(feed))
    if person.role in PARTY_ROLES or person.role in HEADS:
        return requests
    return requests.filter(Q(asked_by=person) | Q(answered_by=person))


def _clauses_of(feed: Feed) -> list[str]:
    side = feed.person.side_id or ""
    term = agreement_term(feed.agreement)
    return [one.key for one in term.clauses if feed.key in (*one.lead.get(side, ()), *one.support.get(side, ()))]


def _meetings(feed: Feed) -> Iterator[Entry]:
    seen = _scope(feed, Request.objects.filter(agreement=feed.agreement).visible_to(feed.person))
    rows = Meeting.objects.filter(request__in=seen.values("pk")).select_related("request", "booking__resource", "day")
    known = parties(key for row in rows for key in row.request.ends)
    for row in rows:
        names = {"from": known[row.request.from_party_id].name, "to": known[row.request.to_party_id].name}
        yield Entry(
            f"meeting/{row.request_id}",
            sentence("portal_meet_feed_meeting", feed.language, names),
            row.starts_at,
            row.ends_at,
            _where(row, feed.language),
            status=_standing(row.is_off),
            sequence=row.sequence,
            changed_at=row.changed_at,
        )
        if row.due_on:
            values = {"step": row.next_step, **names}
            due = _all_day(feed, f"next/{row.request_id}", "portal_meet_feed_next", values, row.due_on)
            yield replace(due, changed_at=row.told_at)


def _standing(is_off: bool) -> Standing:
    """What is off stays, as cancelled."""
    return "CANCELLED" if is_off else "CONFIRMED"


def _where(row: Meeting, language: str) -> str:
    place = row.day.place[language]  # type: ignore[index]
    table = row.table.name[language] if row.table else ""  # type: ignore[index]
    return sentence("portal_meet_feed_where", language, {"place": place, "table": table})


def _days(feed: Feed) -> Iterator[Entry]:
    for day in Day.objects.filter(agreement=feed.agreement).visible_to(feed.person):
        entry = _all_day(feed, f"day/{day.pk}", "portal_meet_feed_day", {"title": day.title.to_dict()}, day.on)
        yield replace(entry, sequence=day.sequence, status=_standing(day.is_off))


def _visits(feed: Feed) -> Iterator[Entry]:
    rows = Visit.objects.filter(agreement=feed.agreement).visible_to(feed.person)
    if feed.scope == "clause":
        rows = rows.filter(clause=feed.key)
    if feed.scope == "department":
        rows = rows.filter(clause__in=_clauses_of(feed))
    for row in rows:
        code, values = "portal_meet_feed_visit", {"title": row.title.to_dict()}
        entry = _all_day(feed, f"visit/{row.pk}", code, values, row.on, row.until)
        yield replace(entry, sequence=row.sequence, changed_at=row.changed_at, status=_standing(row.is_off))


def _occasions(feed: Feed) -> Iterator[Entry]:
    """The dates of the series a feed is about, each with its host, agenda and reminder."""
    if feed.person.role in PARTY_ROLES:
        return
    rows = Occasion.objects.filter(series__in=_series(feed)).select_related("series__agreement")
    sides = {side.pk: side.short[feed.language] for side in feed.agreement.sides.all()}  # type: ignore[index]
    for row in rows:
        yield Entry(
            f"series/{row.series_id}/{row.number}",
            row.series.title[feed.language],  # type: ignore[index]
            row.starts_at,
            row.ends_at,
            " ".join(filter(None, (sides.get(row.host, row.host), row.place))),
            agenda_of(row)[feed.language],  # type: ignore[index]
            _standing(row.is_off),
            row.sequence,
            row.changed_at,
            row.series.reminder_days,
        )


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


def _records(feed: Feed) -> Iterator[Entry]:
    """Dated records, but for those of departments the feed is not about; a session of the conference is everybody's."""
    rows = Record.objects.filter(agreement=feed.agreement, kind__in=_DATED).visible_to(feed.person)
    found = _own(feed, rows, lambda side, keys: Q(side=side, department__in=keys) | Q(kind="conference"))
    days = [(row, _DATED[row.kind]) for row in found]
    dated = [(row, getattr(row, day), day == "due_on" and row.done_on is not None) for row, day in days]
    yield from _dated(feed, "record", dated)


def _tickets(feed: Feed) -> Iterator[Entry]:
    """The last day of each reply, for the department that asks and the one that answers."""
    rows = Case.objects.filter(agreement=feed.agreement, kind="ticket").visible_to(feed.person)
    found = _own(feed, rows, _of_ticket)
    yield from _dated(feed, "case", [(row, row.due_on, row.state == "replied") for row in found])


def _of_ticket(side: str, keys: Sequence[str]) -> Q:
    asks = Q(roles__asks_side=side, roles__asks__in=keys)
    return asks | Q(roles__answers_side=side, roles__answers__in=keys)


def _dated(feed: Feed, sort: str, rows: Sequence[tuple[Any, date | None, bool]]) -> Iterator[Entry]:
    """Rows, each with its day and whether it is over; of acts after the first, which are changes, the record has the
    number.
    """
    subjects = [f"{sort}/{row.pk}" for row, _, _ in rows]
    acts = feed.agreement.entries.filter(subject__in=subjects).order_by().values("subject")
    counted = acts.annotate(n=Count("commit"), at=Max("recorded_at"))
    facts = {str(one["subject"]): (one["n"], one["at"]) for one in counted}
    for row, on, is_over in rows:
        if on:
            subject = f"{sort}/{row.pk}"
            n_acts, changed_at = facts.get(subject, (1, None))
            entry = _all_day(feed, subject, f"portal_meet_feed_{row.kind}", {"title": row.title.to_dict()}, on)
            yield replace(entry, sequence=n_acts - 1, changed_at=changed_at, status=_standing(is_over))


def _own(feed: Feed, rows: QuerySet[Any], mine: Callable[[str, Sequence[str]], Q]) -> list[Any]:
    """The rows a feed is about; `mine` says which are of some departments of a side."""
    person: Person = feed.person
    if feed.scope == "clause":
        return list(rows.filter(clause=feed.key))
    keys = [feed.key] if feed.scope == "department" else list(person.departments.values_list("key", flat=True))
    if feed.scope == "person" and (person.role in PARTY_ROLES or not keys):
        return list(rows)
    return list(rows.filter(mine(person.side_id or "", keys)))


def _all_day(feed: Feed, key: str, code: str, values: dict[str, Any], on: date, until: date | None = None) -> Entry:
    return Entry(key, sentence(code, feed.language, values), on, until or on)
