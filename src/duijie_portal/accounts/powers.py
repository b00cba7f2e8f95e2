"""What each role may do: deny by default, every power named once."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser

from .hosting import is_hosted
from .models import Person, Role

__all__ = ["POWERS", "Visitor", "may"]

Visitor = Person | AnonymousUser

_WORK = frozenset(
    {"read", "agreement.note", "evidence.add", "ticket.open", "ticket.answer", "case.step", "scenario.keep"}
)
_MEET = frozenset({"meeting.ask", "booking.make", "feed.own"})
_SELF = frozenset({"own.read", "job.own", "notice.own"})
_OUTSIDE = frozenset({"read", "own.erase", "listing.follow", "case.answer"})
_OFFICE = frozenset({"registration.decide", "application.answer"})
_LEAD = frozenset({"action.countersign", "event.countersign", "ticket.close", "decision.record", "visit.record"})

_OF_ROLE: Mapping[str, frozenset[str]] = {
    Role.OFFICER: _WORK | _MEET | _OFFICE | {"action.move"},
    Role.COORDINATOR: _WORK
    | _MEET
    | _OFFICE
    | _LEAD
    | {
        "meeting.plan",
        "action.move",
        "conference.hold",
        "practice.adopt",
        "record.clear",
        "results.renew",
        "unit.manage",
        "appeal.decide",
    },
    Role.LEADER: frozenset(
        {"read", "feed.own", "record.release", "action.move", "evidence.add", "agreement.amend", "results.renew"}
    )
    | _LEAD,
    Role.FIRM: _MEET | _OUTSIDE | {"listing.own"},
    Role.INSTITUTE: _MEET | _OUTSIDE | {"listing.own"},
    Role.FUND: _MEET | _OUTSIDE | {"listing.own"},
    Role.TALENT: _OUTSIDE | {"feed.own", "listing.own", "application.own"},
    Role.READER: frozenset({"read", "feed.own"}),
    Role.AUDITOR: frozenset({"read", "feed.own", "log.read"}),
    Role.SYSTEM: frozenset({"system.run"}),
    Role.SECURITY: frozenset({"person.manage", "unit.manage"}),
    Role.AUDIT: frozenset({"log.read", "activity.read"}),
}
POWERS: Mapping[str, frozenset[str]] = {role: powers | _SELF for role, powers in _OF_ROLE.items()}


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
    return power in POWERS.get(person.role, frozenset())
