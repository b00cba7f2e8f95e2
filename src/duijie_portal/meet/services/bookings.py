"""Taking units of a resource for a while: never more than there are, whoever writes at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError, SealError
from duijie.meet.booking import fee_cny, from_waiting_list, objections
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.audience import coordinators, of_parties
from duijie_portal.ledger.keeping import held, keep, keep_all
from duijie_portal.ledger.models import Agreement, Party
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.ledger.services import own_side, owner_only
from duijie_portal.ledger.visibility import PARTY_ROLES, Visibility

from ..models import Booking, Resource
from ..planning import booking_term, resource_term
from .common import acts_for, both_sides

__all__ = [
    "add_resource",
    "book",
    "cancel_booking",
    "cancelled",
    "change_resource",
    "hold",
    "taken_now",
    "tidy_bookings",
]

_FULL = "meet_booking_full"


@write("meeting.plan")
def add_resource(
    person: Person, agreement: Agreement, /, *, kind: str, name_zh: str, party: Party | None = None, **fields: Any
) -> Resource:
    """Offer something of one's own side for booking: seats of a carrier, an instrument, a table."""
    now = timezone.now()
    row = Resource(agreement=agreement, side_id=own_side(person), kind=kind, name_zh=name_zh, **fields)
    row.party_id = party.pk if party else ""
    row.visibility, row.cleared_at, row.released_at = Visibility.PUBLIC, now, now
    if party and party.side_id != row.side_id:
        raise DeniedError("portal_other_side_owns", {"side": party.side_id})
    _check_rules(row)
    keep(person, row, "resource.added")
    return row


def _check_rules(row: Resource) -> None:
    if row.most_min is not None and row.most_min < row.least_min:
        raise InputError("portal_meet_rules_clash", {"least_min": row.least_min, "most_min": row.most_min})
    row.full_clean(exclude=["opening", "closed_on"])


@write("meeting.plan")
def change_resource(person: Person, resource: Resource, /, **fields: Any) -> Resource:
    """Change fee, hours, closed days or rules of something of one's own side; what is booked stays as agreed.

    Raises
    ------
    DeniedError
        The other side's.
    InputError
        The longest booking is shorter than the shortest.
    """
    row = _locked(resource.pk)
    owner_only(person, row)
    for name, value in fields.items():
        setattr(row, name, value)
    _check_rules(row)
    keep(person, row, "resource.changed")
    _move_up(person, row)
    return row


def _locked(key: str) -> Resource:
    found: Resource = held(Resource.objects.select_related("agreement").get(pk=key))
    return found


@write("booking.make")
def book(
    person: Person,
    resource: Resource,
    *,
    starts_at: datetime,
    ends_at: datetime,
    n_units: int = 1,
    party: Party | None = None,
    may_wait: bool = False,
) -> Booking:
    """Take units of a resource, or join its waiting list where `may_wait` and only room is missing.

    The resource's row is locked first, so that the units that are left are counted by one writer at a time.

    Raises
    ------
    DeniedError
        The booking is for somebody else's party.
    InputError
        Against rules of the owner, or full; `reasons` lists all of them.
    """
    party = party or Party.objects.filter(pk=person.party).first()
    if party or person.role in PARTY_ROLES:
        _own(person, party)
    row, now = _locked(resource.pk), timezone.now()
    made = Booking(agreement=row.agreement, side_id=own_side(person), resource=row, person=person)
    made.party_id = party.pk if party else ""
    made.starts_at, made.ends_at, made.n_units, made.made_at = starts_at, ends_at, n_units, now
    against = objections(resource_term(row), booking_term(made), _taken(row, now), now=now)
    if [reason for reason in against if not (may_wait and reason.code == _FULL)]:
        raise InputError("portal_meet_cannot_book", {"reasons": [reason.to_dict() for reason in against]})
    made.state = "waiting" if against else "booked"
    made.fee_cny = str(fee_cny(resource_term(row), booking_term(made)))
    _release(made)
    keep(person, made, f"booking.{made.state}")
    return made


def _release(row: Booking) -> None:
    for name, value in both_sides().items():
        setattr(row, name, value)


def _own(person: Person, party: Party | None) -> None:
    if party is None:
        raise DeniedError("portal_meet_other_party")
    acts_for(person, party, "")


def _taken(row: Resource, now: datetime) -> list[Any]:
    return [booking_term(one) for one in row.bookings.filter(state="booked", ends_at__gt=now)]


@write("booking.make")
def cancel_booking(person: Person, booking: Booking) -> None:
    """Give a booking back; who waits longest and fits moves up.

    Raises
    ------
    DeniedError
        It is neither one's own nor of one's own side's resource, it is a meeting's table, or it is over.
    """
    row = _locked(booking.resource_id)
    made = Booking.objects.select_related("person").get(pk=booking.pk)
    if made.state == "cancelled" or made.ends_at <= timezone.now() or hasattr(made, "meeting"):
        raise DeniedError("portal_meet_booking_over")
    is_own = made.person_id == person.pk or (bool(person.party) and made.party_id == person.party)
    if not is_own and not (person.role not in PARTY_ROLES and person.side_id in (row.side_id, made.side_id)):
        raise DeniedError("portal_meet_other_party")
    made.state = "cancelled"
    keep(person, made, "booking.cancelled")
    _move_up(person, row)


def tidy_bookings(now: datetime) -> int:
    """Close what waited in vain until its time began, and let those who still wait move up; how many rows changed."""
    n = 0
    for key in Resource.objects.filter(bookings__state="waiting").distinct().values_list("pk", flat=True):
        with suppress(SealError), transaction.atomic():
            row = _locked(key)
            n += len(cancelled(None, row.bookings.filter(state="waiting", starts_at__lte=now)))
            n += _move_up(None, row)
    return n


def cancelled(person: Person | None, bookings: Iterable[Booking]) -> list[Booking]:
    """Give some bookings back at once."""
    rows = list(bookings)
    for one in rows:
        one.state = "cancelled"
    keep_all(person, [(one, "booking.cancelled") for one in rows])
    return rows


def _move_up(person: Person | None, row: Resource) -> int:
    """Book whoever waits, first come first served, as far as there is room; how many."""
    now = timezone.now()
    n = 0
    waiting = {one.pk: one for one in row.bookings.filter(state="waiting").select_related("person")}
    terms = [booking_term(one) for one in waiting.values()]
    for term in from_waiting_list(resource_term(row), _taken(row, now), terms, now=now):
        one, n = waiting[term.id], n + 1
        one.state = "booked"
        keep(person, one, "booking.booked")
        values = {"name": row.name.to_dict(), "when": f"{timezone.localtime(one.starts_at):%Y-%m-%d %H:%M}"}
        told = [
            *([one.person] if one.person else []),
            *of_parties([one.party_id]),
            *coordinators([one.side_id]),
        ]
        path = reverse("bookings", args=[row.agreement_id])
        tell(row.agreement, Notice(told, "portal_told_booked", path, values, about=one))
    return n


def taken_now(tables: Iterable[Resource]) -> dict[str, list[Any]]:
    """The live bookings of some tables, by table; the caller holds the locks of their rows."""
    found: dict[str, list[Any]] = {table.pk: [] for table in tables}
    for one in Booking.objects.filter(resource__in=list(found), state="booked"):
        found[one.resource_id].append(booking_term(one))
    return found


def hold(person: Person, resource: Resource, starts_at: datetime, ends_at: datetime, taken: list[Any]) -> Booking:
    """A booking of a table for a planned meeting, still to be saved; `taken` are those it has, and grows by this one.

    Raises
    ------
    InputError
        Somebody took it meanwhile.
    """
    made = Booking(agreement=resource.agreement, side_id=resource.side_id, resource=resource, person=person)
    made.starts_at, made.ends_at, made.made_at, made.state = starts_at, ends_at, timezone.now(), "booked"
    term = booking_term(made)
    full = objections(resource_term(resource), term, taken, now=starts_at)
    if any(reason.code == _FULL for reason in full):
        raise InputError("portal_meet_cannot_book", {"reasons": [reason.to_dict() for reason in full]})
    taken.append(term)
    _release(made)
    return made
