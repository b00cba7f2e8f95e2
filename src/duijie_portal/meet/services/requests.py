"""Asking a matched party for a meeting, and its answer: quotas, a waiting list, expiry."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError, SealError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.audience import of_parties
from duijie_portal.ledger.keeping import held, keep, keep_all
from duijie_portal.ledger.models import Party
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.ledger.selectors import agreement_term, parties
from duijie_portal.ledger.services import owner_only

from ..models import OPEN, Booking, Day, Meeting, Request
from ..selectors import partners, refusals
from .bookings import cancelled
from .common import acts_for, both_sides

__all__ = ["answer", "ask", "at_desk", "expire", "expire_due", "withdraw"]

_AT_LEAST = timedelta(days=2)


def _locked(day: Day) -> Day:
    """The day's row, held until the end of the transaction: quotas are counted by one writer at a time."""
    found: Day = held(day)
    return found


@write("meeting.ask")
def ask(person: Person, day: Day, *, from_party: Party, to_party: Party, note: str = "") -> Request:
    """Ask, for a party, another one it is matched with for a meeting on an exchange day.

    Raises
    ------
    DeniedError
        Somebody else's party, or another department's clause.
    InputError
        Not matched, asked already, over the quota, or the day is over.
    """
    acts_for(person, from_party, "")  # whom another party is matched with is nobody's to ask
    found = partners(day.agreement, person, from_party.pk).get(to_party.pk)
    if found is None:
        raise InputError("portal_meet_not_matched", {"party": to_party.name})
    acts_for(person, from_party, found["clause"])
    held, now = _locked(day), timezone.now()
    _check_open(held, from_party, now)
    row = _new(held, from_party, to_party, found, now)
    row.note, row.asked_by = note.strip(), person
    known = {from_party.pk: from_party, to_party.pk: to_party}
    _insert(person, row, known, "request.asked")
    _tell(row, "portal_told_asked", known, row.to_party_id)
    return row


def _check_open(day: Day, party: Party, now: datetime) -> None:
    if day.is_off or day.on < timezone.localdate(now):
        raise InputError("portal_meet_day_over", {"on": day.on.isoformat()})
    asked = day.requests.filter(from_party_id=party.pk, state__in=OPEN)
    if sum(row.state_at(now) in OPEN for row in asked) >= day.ask_quota:
        raise InputError("portal_meet_quota", {"n": day.ask_quota})


def _insert(person: Person, row: Request, known: Mapping[str, Party], act: str) -> None:
    """An open request of two parties stands once; an expired one makes room."""
    old = list(Request.objects.filter(day=row.day, pair=row.pair, state="asked", expires_at__lte=row.asked_at))
    for one in old:
        one.state = "expired"
    keep_all(person, [(one, "request.expired") for one in old])
    try:
        keep(person, row, act)
    except IntegrityError as error:
        raise InputError("portal_meet_asked_already", {"party": known[row.to_party_id].name}) from error


@write("meeting.plan")
def at_desk(
    person: Person, day: Day, *, from_party: Party, to_party: Party, clause: str = "", note: str = ""
) -> Request:
    """Take down, at the organiser's desk, a meeting that two parties who are there agreed on: accepted at once.

    They need not be matched, but then a clause must be named. Quotas hold as for any request.

    Raises
    ------
    DeniedError
        Not the organiser.
    InputError
        It is not the day, one party twice, no clause, a pair that stands already, or over the quota.
    """
    owner_only(person, day)
    held, now = _locked(day), timezone.now()
    if held.on != timezone.localdate(now) or held.is_off:
        raise InputError("portal_meet_not_today", {"on": held.on.isoformat()})
    if from_party.pk == to_party.pk:
        raise InputError("portal_meet_party_twice", {"party": from_party.name})
    found = partners(day.agreement, person, from_party.pk).get(to_party.pk) or {"clause": clause}
    if found["clause"] not in {one.key for one in agreement_term(day.agreement).clauses}:
        raise InputError("portal_meet_clause_unknown", {"clause": found["clause"]})
    row = _new(held, from_party, to_party, found, now)
    row.note, row.asked_by, row.answered_by, row.answered_at = note.strip(), person, person, now
    row.state = "accepted"
    if not _has_room(held, row):
        raise InputError("portal_meet_quota", {"n": held.meeting_quota})
    known = {from_party.pk: from_party, to_party.pk: to_party}
    _insert(person, row, known, "request.accepted")
    _tell(row, "portal_told_accepted", known, *row.ends)
    return row


def _new(day: Day, from_party: Party, to_party: Party, found: Mapping[str, Any], now: datetime) -> Request:
    """A request with what the matching says of the pair."""
    return Request(
        agreement=day.agreement,
        side_id=from_party.side_id,
        day=day,
        from_party_id=from_party.pk,
        to_party_id=to_party.pk,
        pair="|".join(sorted((from_party.pk, to_party.pk))),
        case_id=found.get("case") or "",
        **{name: found.get(name) or "" for name in ("clause", "kind", "need", "offer")},
        score=found.get("score"),
        asked_at=now,
        expires_at=max(day.answer_by, now + _AT_LEAST),
        **both_sides(),
    )


@write("meeting.ask")
def answer(person: Person, request: Request, *, is_accepted: bool, reason: str = "", note: str = "") -> Request:
    """Accept a request, or decline it with a reason; over the quota of meetings it joins the waiting list.

    Raises
    ------
    DeniedError
        It was not put to the person's party, or was answered or ran out.
    InputError
        A refusal without a known reason.
    """
    day = _locked(request.day)
    row = Request.objects.get(pk=request.pk)
    known = parties(row.ends)
    acts_for(person, known[row.to_party_id], row.clause)
    now = timezone.now()
    if row.state_at(now) != "asked":
        raise DeniedError("portal_meet_answered", {"state": row.state_at(now)})
    if not is_accepted and reason not in refusals():
        raise InputError("portal_meet_reason_missing")
    accepted = "accepted" if _has_room(day, row) else "waiting"
    row.state, row.reason = (accepted, "") if is_accepted else ("declined", reason)
    row.answer, row.answered_by, row.answered_at = note.strip(), person, now
    keep(person, row, f"request.{row.state}")
    _tell(row, f"portal_told_{row.state}", known, row.from_party_id)
    return row


def _has_room(day: Day, row: Request) -> bool:
    taken = day.requests.filter(state="accepted")
    counts = (taken.filter(from_party_id=party).count() + taken.filter(to_party_id=party).count() for party in row.ends)
    return all(n < day.meeting_quota for n in counts)


@write("meeting.ask")
def withdraw(person: Person, request: Request) -> Request:
    """Take a request back, or call off an accepted one; the first who waits and fits moves up.

    Raises
    ------
    DeniedError
        It concerns neither party of the person, or is closed, or the two have met.
    """
    day = _locked(request.day)
    row = Request.objects.get(pk=request.pk)
    known = parties(row.ends)
    _either(person, row, known)
    met = getattr(row, "meeting", None)
    if row.state not in OPEN or (met is not None and not met.is_off and met.starts_at <= timezone.now()):
        raise DeniedError("portal_meet_answered", {"state": row.state})
    row.state = "withdrawn"
    keep(person, row, "request.withdrawn")
    if met is not None and not met.is_off:
        _fall_out(person, met)
    is_asking = row.from_party_id == person.party or row.side_id == person.side_id
    _tell(row, "portal_told_withdrawn", known, row.to_party_id if is_asking else row.from_party_id)
    _move_up(person, day)
    return row


def _fall_out(person: Person, row: Meeting) -> None:
    """The meeting of a request that was called off: its table is free, calendars are told by its number."""
    cancelled(person, Booking.objects.filter(meeting=row))
    row.is_off, row.booking, row.changed_at = True, None, timezone.now()
    row.sequence += 1
    keep(person, row, "meeting.off")


def _either(person: Person, row: Request, known: Mapping[str, Party]) -> None:
    """Either party may call off."""
    try:
        acts_for(person, known[row.from_party_id], row.clause)
    except DeniedError:
        acts_for(person, known[row.to_party_id], row.clause)


def _move_up(person: Person | None, day: Day) -> int:
    """Accept those who wait, first come first served, as far as quotas allow; how many."""
    n = 0
    rows = day.requests.filter(state="waiting").order_by("answered_at")
    known = parties(key for row in rows for key in row.ends)
    for row in rows:
        if _has_room(day, row):
            row.state, n = "accepted", n + 1
            keep(person, row, "request.accepted")
            _tell(row, "portal_told_accepted", known, *row.ends)
    return n


@write("meeting.plan")
def expire(person: Person, day: Day, *, now: datetime) -> int:
    """Close the requests whose time ran out; how many."""
    return _expire(person, _locked(day), now)


def _expire(person: Person | None, day: Day, now: datetime) -> int:
    """Unanswered ones once their time is over, waiting ones once the day is."""
    over = Q(state="asked", expires_at__lte=now)
    if day.on < timezone.localdate(now):
        over |= Q(state__in=("asked", "waiting"))
    rows = day.requests.filter(over)
    known = parties(key for row in rows for key in row.ends)
    for row in rows:
        row.state = "expired"
        keep(person, row, "request.expired")
        _tell(row, "portal_told_expired", known, row.from_party_id)
    return len(rows)


def expire_due(now: datetime) -> int:
    """Close, on every day, the requests whose time ran out, and let those who wait move up; how many rows changed.

    Days of a side whose key is on another node are left to that node.
    """
    n = 0
    for key in Day.objects.filter(requests__state__in=("asked", "waiting")).distinct().values_list("pk", flat=True):
        with suppress(SealError), transaction.atomic():
            day = _locked(Day.objects.select_related("agreement").get(pk=key))
            n += _expire(None, day, now) + _move_up(None, day)
    return n


def _tell(row: Request, code: str, known: Mapping[str, Party], *told: str) -> None:
    """Tell the accounts of parties, and who asked or answered for them."""
    sides = {known[key].side_id for key in told}
    acted = [one for one in (row.asked_by, row.answered_by) if one and one.side_id in sides and not one.party]
    names = {end: known[key].name for end, key in zip(("from", "to"), row.ends, strict=True)}
    values, path = {**names, "on": row.day.on.isoformat()}, reverse("requests", args=[row.agreement_id])
    tell(row.agreement, Notice([*of_parties(told), *acted], code, path, values, about=row))
