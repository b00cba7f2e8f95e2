"""How the agreement stands, folded from the ledger as at any date; and the rows of department docking."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from django.utils import timezone

from duijie import terms
from duijie.terms import Bilingual
from duijie.track import progress
from duijie.track.conference import Conference, Decision, Practice
from duijie.track.docking import Contact, Ticket, heat_map, pairs_of, silent_pairs, ticket_state
from duijie.track.lifecycle import Amendment
from duijie.track.records import decode
from duijie.track.standing import Progress
from duijie.track.trajectory import Target
from duijie.track.workflow import Evidence, Move
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.log import texts
from duijie_portal.ledger.models import Agreement, Case, Event, Record
from duijie_portal.ledger.selectors import agreement_term, changed_at, heads_of, listings_of, results, steps_of

__all__ = [
    "contacts_of",
    "matches_of",
    "moves_of",
    "pairs",
    "records_of",
    "standing",
    "term_of",
    "terms_of",
    "tickets_at",
]

Term = TypeVar("Term")
Heads = tuple[str, ...]
Scope = tuple[str, str | None, str]
_MOVE = "move."
PROPOSED = "proposed"
"""The state of an amendment that some side has not agreed to: it changes nothing yet."""
NOT_IN_EFFECT = frozenset({PROPOSED, "withdrawn"})


def standing(agreement: Agreement, person: Visitor, *, as_of: date) -> Progress:
    """How every clause stands at the end of a day, from what a person may see.

    Every change of the ledger is an event, so a fold holds as long as the heads of the chains do.
    """
    scope = (person.role, person.side_id, person.party) if isinstance(person, Person) else ("", None, "")
    matches = matches_of(agreement)
    counts = None if matches is None else tuple(sorted(matches.items()))
    return _standing(agreement.pk, changed_at(agreement), heads_of(agreement), scope, counts, as_of)


@lru_cache(maxsize=64)
def _standing(
    key: str, _changed_at: int, _heads: Heads, scope: Scope, matches: tuple[tuple[str, int], ...] | None, as_of: date
) -> Progress:
    role, side, party = scope
    agreement, person = Agreement.objects.get(pk=key), Person(role=role, side_id=side, party=party)
    cases = Case.objects.filter(agreement=agreement).visible_to(person)
    return progress(
        agreement_term(agreement),
        steps_of(cases),
        None if matches is None else dict(matches),
        as_of=as_of,
        actions=moves_of(agreement),
        tickets=terms_of(Ticket, records_of(agreement, person, "ticket")),
        decisions=terms_of(Decision, records_of(agreement, person, "decision")),
        targets=terms_of(Target, records_of(agreement, person, "target")),
        amendments=terms_of(Amendment, in_effect(records_of(agreement, person, "amendment"))),
        listings=listings_of(agreement, person),
    )


def term_of(agreement: Agreement, person: Visitor) -> terms.Agreement:
    """The agreement as it holds today: with its amendments, and with the tasks the joint conference handed out."""
    return standing(agreement, person, as_of=timezone.localdate()).agreement


def in_effect(rows: Iterable[Record]) -> list[Record]:
    """The amendments every side agreed to."""
    return [row for row in rows if row.state not in NOT_IN_EFFECT]


def matches_of(agreement: Agreement) -> dict[str, int] | None:
    """Proposed matches by clause; None where the pipeline has not matched."""
    document = results(agreement, "match")
    if not document:
        return None
    counts: Counter[str] = Counter()
    for kind in document["kinds"]:
        for clause in kind["clauses"]:
            counts[str(clause)] += len(kind["matches"])
    return dict(counts)


def moves_of(agreement: Agreement, subject: str = "") -> list[Move]:
    """The recorded moves of actions, of one (``clause/action``) or all."""
    rows = Event.objects.filter(agreement=agreement, subject_type="action", kind__startswith=_MOVE)
    events = list(rows.filter(subject=subject) if subject else rows)
    bodies = [event.body for event in events]
    notes = texts([body["note"] for body in bodies if body.get("note")])
    return [_move(event, body, notes) for event, body in zip(events, bodies, strict=True)]


def _move(event: Event, body: Mapping[str, Any], notes: Mapping[str, str]) -> Move:
    clause, _, action = event.subject.partition("/")
    note = notes.get(body.get("note", ""), "")
    return Move(
        clause=clause,
        action=action,
        kind=event.kind.removeprefix(_MOVE),
        on=event.on.isoformat(),
        side=event.side_id,
        actor=str(body.get("actor", ""))[:12],
        sequence=body.get("sequence", 0),
        due_on=body.get("due_on", ""),
        milestone=body.get("milestone", ""),
        countersigns=body.get("countersigns_node", ""),
        note=Bilingual(**json.loads(note)) if note.startswith("{") else Bilingual(note),
        evidence=tuple(Evidence(one["kind"], one["sha256"], one.get("name", "")) for one in body.get("evidence", ())),
    )


def records_of(agreement: Agreement, person: Visitor, kind: str) -> Sequence[Record]:
    """The rows of one kind a person may see, latest first."""
    return list(Record.objects.filter(agreement=agreement, kind=kind).visible_to(person))


def terms_of(term: type[Term], rows: Iterable[Record]) -> list[Term]:
    """Rows as the library's terms: what a payload does not say keeps the term's default."""
    return [decode(term, {"id": row.pk, **row.payload}) for row in rows]


def tickets_at(rows: Iterable[Record], *, as_of: date) -> list[dict[str, Any]]:
    """Tickets opened by a day with state, last day and working days left: open ones by urgency, then answers."""
    found: list[dict[str, Any]] = []
    for row, ticket in zip(rows, terms_of(Ticket, rows), strict=True):
        if ticket.opened_on <= as_of.isoformat():
            state = ticket_state(ticket, as_of=as_of)
            found.append({"id": row.pk, "title": row.title, "ticket": ticket, "state": state})
    open_ones = [one for one in found if not one["ticket"].replied_on]
    answered = [one for one in found if one["ticket"].replied_on]
    answered.sort(key=lambda one: one["ticket"].replied_on, reverse=True)
    return [*sorted(open_ones, key=lambda one: one["state"].due_on), *answered]


def contacts_of(agreement: Agreement, person: Visitor) -> list[Contact]:
    """Every time two departments were in touch: recorded contacts, tickets and their replies."""
    found = terms_of(Contact, records_of(agreement, person, "contact"))
    for ticket in terms_of(Ticket, records_of(agreement, person, "ticket")):
        both = (ticket.from_department, ticket.to_department)
        found += [Contact(both, on, kind) for on, kind in _days(ticket) if on]
    return found


def _days(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    return (ticket.opened_on, "opened"), (ticket.replied_on, "replied")


def pairs(agreement: Agreement, person: Visitor, *, as_of: date) -> dict[str, Any]:
    """Department pairs with last contact and silence, and contacts by pair and month of the last twelve months."""
    term, contacts = agreement_term(agreement), contacts_of(agreement, person)
    since = date.fromisoformat(term.signed_on)
    rows = silent_pairs(pairs_of(term), contacts, since=since, as_of=as_of)
    heat = heat_map(contacts, as_of=as_of)
    months = _months(as_of)
    return {"months": months, "pairs": [_pair(pair, heat, months) for pair in rows]}


def _months(as_of: date, n: int = 12) -> list[str]:
    found = [as_of.replace(day=1)]
    while len(found) < n:
        found.append((found[-1] - timedelta(1)).replace(day=1))
    return [day.isoformat()[:7] for day in reversed(found)]


def _pair(pair: Any, heat: Mapping[tuple[str, str], Mapping[str, int]], months: Sequence[str]) -> dict[str, Any]:
    one, other = pair.departments
    counts = heat.get((min(one.key, other.key), max(one.key, other.key)), {})
    return {
        "domain": pair.domain,
        "departments": [{"key": office.key, "side": office.side, "name": office.name} for office in (one, other)],
        "last_on": pair.last_on,
        "silent_working_days": pair.silent_working_days,
        "is_silent": pair.is_silent,
        "counts": [counts.get(month, 0) for month in months],
    }


def clause_of(term: terms.Agreement, key: str) -> terms.Clause | None:
    return next((clause for clause in term.clauses if clause.key == key), None)


def conferences(agreement: Agreement, person: Visitor) -> list[Conference]:
    return terms_of(Conference, records_of(agreement, person, "conference"))


def practices(agreement: Agreement, person: Visitor) -> list[Practice]:
    return terms_of(Practice, records_of(agreement, person, "practice"))
