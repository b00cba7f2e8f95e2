"""Departments of two sides working together: pairs, tickets with reply limits, contacts, silent pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

import msgspec

from duijie.ledger import events
from duijie.ledger.kinds import case_kind
from duijie.terms import Agreement, Bilingual, Department
from duijie.terms.working_days import add_working_days, is_provisional, working_days_between

from .indicators import Promise

__all__ = [
    "REPLY_WORKING_DAYS",
    "SILENT_WORKING_DAYS",
    "Contact",
    "Pair",
    "Ticket",
    "TicketState",
    "heat_map",
    "pairs_of",
    "silent_pairs",
    "ticket_acts",
    "ticket_promises",
    "ticket_state",
]

REPLY_WORKING_DAYS = 10
SILENT_WORKING_DAYS = 60


@dataclass(frozen=True, slots=True)
class Ticket:
    """A matter one department brings to another, to be answered within `limit_working_days` after `opened_on`; the one
    that asked agrees on `agreed_on` that it is done.
    """

    id: str
    clause: str
    side: str
    from_department: str
    to_department: str
    opened_on: str
    subject: Bilingual = field(default_factory=Bilingual)
    limit_working_days: int = REPLY_WORKING_DAYS
    received_on: str = ""
    replied_on: str = ""
    reply: Bilingual = field(default_factory=Bilingual)
    agreed_on: str = ""

    @property
    def due_on(self) -> str:
        return add_working_days(date.fromisoformat(self.opened_on), self.limit_working_days).isoformat()


@dataclass(frozen=True, slots=True)
class TicketState:
    """How a ticket stands: ``in_time``, ``late``, ``open`` or ``overdue``; days left are working days."""

    state: str
    due_on: str
    left_working_days: int
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """Two departments were in touch on a day: a ticket, a reply, a meeting, a visit."""

    departments: tuple[str, str]
    on: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two departments of different sides with the same domain, and when they were last in touch.

    Where no contact is on record nobody knows whether they were in touch elsewhere: `last_on` is empty, no days are
    counted, and the pair is not called silent.
    """

    domain: Bilingual
    departments: tuple[Department, Department]
    last_on: str = ""
    silent_working_days: int = 0
    is_silent: bool = False


def ticket_state(ticket: Ticket, *, as_of: date) -> TicketState:
    """Whether a ticket was answered in time, late, or is open within or beyond its limit, as at a date."""
    due = date.fromisoformat(ticket.due_on)
    is_replied = bool(ticket.replied_on) and ticket.replied_on <= as_of.isoformat()
    end = date.fromisoformat(ticket.replied_on) if is_replied else as_of
    is_late = end > due
    state = ("late" if is_late else "in_time") if is_replied else ("overdue" if is_late else "open")
    provisional = is_provisional(date.fromisoformat(ticket.opened_on), due)
    return TicketState(state, ticket.due_on, working_days_between(end, due), provisional)


def ticket_acts(subject: str, ticket: Ticket, other_side: str) -> Iterator[tuple[str, Callable[[str], events.Event]]]:
    """A ticket as acts of a case: the side that speaks, and what it says, given the id of what last moved the case.

    Parameters
    ----------
    subject
        ``case/…``.
    ticket
        Asked, signed for and answered as it says; where it does not say when the asking department agreed, that was on
        the day of the answer.
    other_side
        The side of the department that is asked.
    """
    kind, opened_on = case_kind("ticket"), date.fromisoformat(ticket.opened_on)
    roles = {"asks": ticket.from_department, "answers": ticket.to_department}
    opening = events.CaseOpened(
        subject=subject,
        on=opened_on,
        role="asks",
        by=ticket.from_department,
        definition=kind.name,
        pinned=kind.pinned,
        clause=ticket.clause,
        ordering=ticket.side,
        roles={**roles, "asks_side": ticket.side, "answers_side": other_side},
        began_on=opened_on,
        due_on=date.fromisoformat(ticket.due_on),
        fields={"limit_working_days": ticket.limit_working_days},
        words={"title_zh": ticket.subject.zh, "title_en": ticket.subject.en},
    )
    yield ticket.side, lambda _: opening
    about: dict[str, Any] = {"subject": subject, "role": "answers", "by": ticket.to_department, "after": ""}
    if ticket.received_on:
        received = events.Step(**about, on=date.fromisoformat(ticket.received_on), node="received")
        yield other_side, lambda tip: msgspec.structs.replace(received, after=tip)
    if ticket.replied_on:
        on, words = date.fromisoformat(ticket.replied_on), {"note": ticket.reply.zh, "note_en": ticket.reply.en}
        replied = events.Step(**about, on=on, node="replied", words=words)
        yield other_side, lambda tip: msgspec.structs.replace(replied, after=tip)
        on = date.fromisoformat(ticket.agreed_on or ticket.replied_on)
        agreed = events.Confirmed(subject=subject, on=on, role="asks", by=ticket.from_department, target="")
        yield ticket.side, lambda tip: msgspec.structs.replace(agreed, target=tip)


def ticket_promises(tickets: Iterable[Ticket]) -> tuple[Promise, ...]:
    """The replies promised with tickets, as an indicator of punctuality counts them."""
    return tuple(Promise("ticket", one.id, one.opened_on, one.due_on, one.replied_on, one.clause) for one in tickets)


def pairs_of(agreement: Agreement) -> tuple[Pair, ...]:
    """The department pairs of an agreement: same domain, different sides; empty where no domain is shared."""
    return tuple(
        Pair(one.domain, (one, other))
        for one, other in combinations(agreement.departments, 2)
        if one.side != other.side and one.domain == other.domain and one.domain["zh"]
    )


def silent_pairs(
    pairs: Iterable[Pair],
    contacts: Iterable[Contact],
    *,
    as_of: date,
    limit_working_days: int = SILENT_WORKING_DAYS,
) -> tuple[Pair, ...]:
    """Every pair with its last contact, and whether it has been silent for longer than the limit.

    Parameters
    ----------
    pairs
        Department pairs as :func:`pairs_of` gives them.
    contacts
        All contacts, in either order of the two departments; those after `as_of` do not count.
    as_of
        The day of looking.
    limit_working_days
        Working days without contact that are still no silence, ≥ 0.
    """
    last: dict[frozenset[str], str] = {}
    for contact in contacts:
        if contact.on <= as_of.isoformat():
            key = frozenset(contact.departments)
            last[key] = max(last.get(key, ""), contact.on)
    return tuple(_heard(pair, last, as_of, limit_working_days) for pair in pairs)


def _heard(pair: Pair, last: dict[frozenset[str], str], as_of: date, limit: int) -> Pair:
    on = last.get(frozenset(one.key for one in pair.departments), "")
    if not on:
        return Pair(pair.domain, pair.departments)
    silent = max(0, working_days_between(date.fromisoformat(on), as_of))
    return Pair(pair.domain, pair.departments, on, silent, silent > limit)


def heat_map(contacts: Iterable[Contact], *, as_of: date) -> dict[tuple[str, str], dict[str, int]]:
    """How often each two departments were in touch in each month: {(one, other): {"2024-03": 4}}, names in order."""
    counts = Counter(
        (tuple(sorted(contact.departments)), contact.on[:7]) for contact in contacts if contact.on <= as_of.isoformat()
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (names, month), n in sorted(counts.items()):
        found.setdefault((names[0], names[1]), {})[month] = n
    return found
