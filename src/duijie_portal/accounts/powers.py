"""What each role may do: deny by default, every power named once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.auth.models import AnonymousUser

from .hosting import is_hosted
from .models import Person, Role

__all__ = ["BOTH_SIDES", "POWERS", "BothSides", "Visitor", "may", "powers_of", "reading_only"]


class BothSides:
    """The reader of what both sides read alike: sees what each side opened to the other; may do nothing."""


BOTH_SIDES = BothSides()
Visitor = Person | AnonymousUser | BothSides

_WORK = frozenset(
    {
        "read",
        "agreement.note",
        "evidence.add",
        "ticket.open",
        "case.step",
        "case.answer",
        "listing.enter",
        "scenario.keep",
        "desk.act",
    }
)
_MEET = frozenset({"meeting.ask", "booking.make", "feed.own"})
_SELF = frozenset({"own.read", "job.own", "notice.own"})
_OFFICIAL = frozenset({"brief.read"})  # how the governments judge their own work is no business of the parties
_OUTSIDE = frozenset({"read", "own.erase", "listing.follow", "case.answer"})
_ENTER = frozenset({"listing.own", "listing.enter"})
_OFFICE = frozenset({"registration.decide", "application.answer"})
_LEAD = frozenset({"action.countersign", "event.countersign", "decision.record", "visit.record"})

_OF_ROLE: Mapping[str, frozenset[str]] = {
    Role.OFFICER: _OFFICIAL | _WORK | _MEET | _OFFICE | {"action.move"},
    Role.COORDINATOR: _OFFICIAL
    | _WORK
    | _MEET
    | _OFFICE
    | _LEAD
    | {
        "meeting.plan",
        "action.move",
        "conference.hold",
        "practice.adopt",
        "record.clear",
        "record.review",
        "results.renew",
        "unit.manage",
        "appeal.decide",
        "share.exchange",
        "desk.instruct",  # of a leader who wrote on paper; the page says that the office recorded it
    },
    Role.LEADER: frozenset(
        {
            "read",
            "feed.own",
            "record.release",
            "record.review",
            "action.move",
            "case.answer",
            "evidence.add",
            "agreement.amend",
            "results.renew",
            "share.exchange",
            "desk.act",
            "desk.instruct",
        }
    )
    | _OFFICIAL
    | _LEAD,
    Role.FIRM: _MEET | _OUTSIDE | _ENTER,
    Role.INSTITUTE: _MEET | _OUTSIDE | _ENTER,
    Role.FUND: _MEET | _OUTSIDE | _ENTER,
    Role.TALENT: _OUTSIDE | _ENTER | {"feed.own", "application.own"},
    Role.READER: _OFFICIAL | {"read", "feed.own"},
    Role.AUDITOR: _OFFICIAL | {"read", "feed.own", "log.read"},
    Role.SYSTEM: frozenset({"system.run"}),
    Role.SECURITY: frozenset({"person.manage", "unit.manage"}),
    Role.AUDIT: frozenset({"log.read", "activity.read"}),
}
POWERS: Mapping[str, frozenset[str]] = {role: powers | _SELF for role, powers in _OF_ROLE.items()}


_READING = _OFFICIAL | {"read"}
_ONLY_READS: ContextVar[bool] = ContextVar("only_reads", default=False)


@contextmanager
def reading_only(is_so: bool = True) -> Iterator[None]:
    """Leave everybody the powers to read and no other: nobody acts on what was, only on what is."""
    token = _ONLY_READS.set(is_so)
    try:
        yield
    finally:
        _ONLY_READS.reset(token)


def powers_of(person: Visitor) -> frozenset[str]:
    """The powers of a person's role."""
    found = POWERS.get(person.role, frozenset()) if isinstance(person, Person) else frozenset()
    return found & _READING if _ONLY_READS.get() else found


def may(person: Visitor, power: str) -> bool:
    """Whether a person's role carries a power, at the node that hosts the person's side; no one else's does.

    Parameters
    ----------
    person
        An account, or a visitor without one, who may nothing.
    power
        A name that stands in :data:`POWERS`.
    """
    if not isinstance(person, Person) or not person.is_active or not is_hosted(person.side_id):
        return False
    return power in powers_of(person)
