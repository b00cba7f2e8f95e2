"""Asking a matched party for a meeting, and its answer: quotas, a waiting list, expiry."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from duijie.errors import DeniedError, InputError, SealError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Case, Party
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.services import owner_only

from ..models import OPEN, Booking, Day, Meeting, Request
from ..selectors import partners, refusals
from .common import acts_for, both_sides, people_of, seal, tell

__all__ = ["answer", "ask", "at_desk", "expire", "expire_due", "withdraw"]

_AT_LEAST = timedelta(days=2)


def _locked(day: Day) -> Day:
    """The day's row, held until the end of the transaction: quotas are counted by one writer at a time."""
    return Day.objects.select_for_update().get(pk=day.pk)


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
    found = partners(day.agreement, from_party.pk).get(to_party.pk)
    if found is None:
        raise InputError("portal_meet_not_matched", {"party": to_party.name})
    acts_for(person, from_party, found["clause"])
    held, now = _locked(day), timezone.now()
    _check_open(held, from_party, now)
    row = _new(held, from_party, to_party, found, now)
    row.note, row.asked_by = note.strip(), person
    _insert(row)
    seal(person, row, "request.asked", {"day": day.pk, "from": from_party.pk, "to": to_party.pk, "clause": row.clause})
    _tell(row, "portal_told_asked", to_party)
    return row


def _check_open(day: Day, party: Party, now: datetime) -> None:
    if day.is_off or day.on < timezone.localdate(now):
        raise InputError("portal_meet_day_over", {"on": day.on.isoformat()})
    asked = day.requests.filter(from_party=party, state__in=OPEN)
    if sum(row.state_at(now) in OPEN for row in asked) >= day.ask_quota:
        raise InputError("portal_meet_quota", {"n": day.ask_quota})


def _insert(row: Request) -> None:
    """An open request of two parties stands once; an expired one makes room."""
    old = Request.objects.filter(day=row.day, pair=row.pair, state="asked", expires_at__lte=row.asked_at)
    old.update(state="expired")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise InputError("portal_meet_asked_already", {"party": row.to_party.name}) from error


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
    found = partners(day.agreement, from_party.pk).get(to_party.pk) or {"clause": clause}
    if found["clause"] not in {one.key for one in agreement_term(day.agreement).clauses}:
        raise InputError("portal_meet_clause_unknown", {"clause": found["clause"]})
    row = _new(held, from_party, to_party, found, now)
    row.note, row.asked_by, row.answered_by, row.answered_at = note.strip(), person, person, now
    row.state = "accepted"
    if not _has_room(held, row):
        raise InputError("portal_meet_quota", {"n": held.meeting_quota})
    _insert(row)
    seal(person, row, "request.accepted", {"day": day.pk, "from": from_party.pk, "to": to_party.pk, "at_desk": True})
    _tell(row, "portal_told_accepted", from_party, to_party)
    return row


def _new(day: Day, from_party: Party, to_party: Party, found: Mapping[str, Any], now: datetime) -> Request:
    """A request with what the matching says of the pair."""
    return Request(
        agreement=day.agreement,
        side_id=from_party.side_id,
        day=day,
        from_party=from_party,
        to_party=to_party,
        pair="|".join(sorted((from_party.pk, to_party.pk))),
        case=Case.objects.filter(pk=found["case"]).first() if found.get("case") else None,
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
    row = Request.objects.select_related("from_party", "to_party").get(pk=request.pk)
    acts_for(person, row.to_party, row.clause)
    now = timezone.now()
    if row.state_at(now) != "asked":
        raise DeniedError("portal_meet_answered", {"state": row.state_at(now)})
    if not is_accepted and reason not in refusals():
        raise InputError("portal_meet_reason_missing")
    accepted = "accepted" if _has_room(day, row) else "waiting"
    row.state, row.reason = (accepted, "") if is_accepted else ("declined", reason)
    row.answer, row.answered_by, row.answered_at = note.strip(), person, now
    row.save()
    seal(person, row, f"request.{row.state}", {"day": day.pk, "reason": row.reason})
    _tell(row, f"portal_told_{row.state}", row.from_party)
    return row


def _has_room(day: Day, row: Request) -> bool:
    taken = day.requests.filter(state="accepted")
    counts = (
        taken.filter(from_party=party).count() + taken.filter(to_party=party).count()
        for party in (row.from_party_id, row.to_party_id)
    )
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
    row = Request.objects.select_related("from_party", "to_party").get(pk=request.pk)
    _either(person, row)
    met = getattr(row, "meeting", None)
    if row.state not in OPEN or (met is not None and not met.is_off and met.starts_at <= timezone.now()):
        raise DeniedError("portal_meet_answered", {"state": row.state})
    row.state = "withdrawn"
    row.save(update_fields=["state"])
    if met is not None and not met.is_off:
        _fall_out(met)
    seal(person, row, "request.withdrawn", {"day": day.pk})
    other = row.to_party if row.from_party_id == person.party or row.side_id == person.side_id else row.from_party
    _tell(row, "portal_told_withdrawn", other)
    _move_up(person, day)
    return row


def _fall_out(row: Meeting) -> None:
    """The meeting of a request that was called off: its table is free, calendars are told by its number."""
    Booking.objects.filter(meeting=row).update(state="cancelled")
    row.is_off, row.booking, row.changed_at = True, None, timezone.now()
    row.sequence += 1
    row.save(update_fields=["is_off", "booking", "changed_at", "sequence"])


def _either(person: Person, row: Request) -> None:
    """Either party may call off."""
    try:
        acts_for(person, row.from_party, row.clause)
    except DeniedError:
        acts_for(person, row.to_party, row.clause)


def _move_up(person: Person | None, day: Day) -> int:
    """Accept those who wait, first come first served, as far as quotas allow; how many."""
    n = 0
    for row in day.requests.filter(state="waiting").select_related("from_party", "to_party").order_by("answered_at"):
        if _has_room(day, row):
            row.state, n = "accepted", n + 1
            row.save(update_fields=["state"])
            seal(person, row, "request.accepted", {"day": day.pk, "from_waiting": True})
            _tell(row, "portal_told_accepted", row.from_party, row.to_party)
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
    rows = day.requests.filter(over).select_related("from_party", "to_party")
    for row in rows:
        row.state = "expired"
        row.save(update_fields=["state"])
        seal(person, row, "request.expired", {"day": day.pk})
        _tell(row, "portal_told_expired", row.from_party)
    return len(rows)


def expire_due(now: datetime) -> int:
    """Close, on every day, the requests whose time ran out, and let those who wait move up; how many rows changed.

    Days of a side whose key is on another node are left to that node.
    """
    n = 0
    for key in Day.objects.filter(requests__state__in=("asked", "waiting")).distinct().values_list("pk", flat=True):
        with suppress(SealError), transaction.atomic():
            day = Day.objects.select_for_update().get(pk=key)
            n += _expire(None, day, now) + _move_up(None, day)
    return n


def _tell(row: Request, code: str, *parties: Party) -> None:
    """Tell the accounts of parties, and who asked or answered for them."""
    sides = {party.side_id for party in parties}
    acted = [one for one in (row.asked_by, row.answered_by) if one and one.side_id in sides and not one.party]
    values = {"from": row.from_party.name, "to": row.to_party.name, "on": row.day.on.isoformat()}
    tell(row.agreement, [*people_of(party.pk for party in parties), *acted], code, values, "requests")
