"""What each role may do: deny by default, every power named once."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser

from .models import Person, Role

__all__ = ["POWERS", "Visitor", "may"]

Visitor = Person | AnonymousUser

_WORK = frozenset({"read", "agreement.note", "evidence.add", "ticket.open", "ticket.answer", "case.step"})
_MEET = frozenset({"meeting.ask", "booking.make", "feed.own"})
_LEAD = frozenset({"action.countersign", "event.countersign", "ticket.close", "decision.record", "visit.record"})

POWERS: Mapping[str, frozenset[str]] = {
    Role.OFFICER: _WORK | _MEET | {"action.move"},
    Role.COORDINATOR: _WORK
    | _MEET
    | _LEAD
    | {"meeting.plan", "action.move", "conference.hold", "practice.adopt", "record.clear"},
    Role.LEADER: frozenset({"read", "feed.own", "record.release", "action.move", "agreement.amend"}) | _LEAD,
    Role.FIRM: _MEET | {"read", "listing.own", "case.answer"},
    Role.INSTITUTE: _MEET | {"read", "listing.own", "case.answer"},
    Role.FUND: _MEET | {"read", "listing.own", "case.answer"},
    Role.TALENT: frozenset({"read", "feed.own", "application.own"}),
    Role.READER: frozenset({"read", "feed.own"}),
    Role.AUDITOR: frozenset({"read", "feed.own", "log.read"}),
    Role.SYSTEM: frozenset({"system.run"}),
    Role.SECURITY: frozenset({"person.manage"}),
    Role.AUDIT: frozenset({"log.read", "activity.read"}),
}


def may(person: Visitor, power: str) -> bool:
    """Whether a person's role carries a power; no one else's does.

    Parameters
    ----------
    person
        An account, or a visitor without one, who may nothing.
    power
        A name that stands in :data:`POWERS`.
    """
    return isinstance(person, Person) and person.is_active and power in POWERS.get(person.role, frozenset())
