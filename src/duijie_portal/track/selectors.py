"""How the agreement stands, folded from the ledger as at any date; and the rows of department docking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from django.utils import timezone

from duijie import terms
from duijie.ledger.state import Placed
from duijie.terms.days import bounded, is_no_end, shifted
from duijie.track import progress
from duijie.track.conference import Conference, Decision, Practice
from duijie.track.docking import REPLY_WORKING_DAYS, Contact, Ticket, heat_map, pairs_of, silent_pairs, ticket_state
from duijie.track.lifecycle import Amendment
from duijie.track.records import decode
from duijie.track.standing import Progress
from duijie.track.trajectory import Target
from duijie.track.workflow import Key
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.looking import as_counted, looking
from duijie_portal.ledger.models import Agreement, Case, Record, Step
from duijie_portal.ledger.readers import matches_for
from duijie_portal.ledger.recording import words_of
from duijie_portal.ledger.selectors import agreement_term, changed_at, heads_of, listings_of, results, steps_of
from duijie_portal.ledger.store import DatabaseLog
from duijie_portal.ledger.visibility import PARTY_ROLES

__all__ = [
    "actions_of",
    "activity_of",
    "contacts_of",
    "matches_of",
    "pairs",
    "records_of",
    "standing",
    "term_of",
    "terms_of",
    "tickets_at",
    "tickets_of",
]

Term = TypeVar("Term")
Heads = tuple[str, ...]
Scope = tuple[str, str | None, str]
PROPOSED = "proposed"
"""The state of an amendment that some side has not agreed to: it changes nothing yet."""
NOT_IN_EFFECT = frozenset({PROPOSED, "withdrawn"})


def standing(agreement: Agreement, person: Visitor, *, as_of: date) -> Progress:
    """How every clause stands at the end of a day, from what a person may see.

    Every change of the record is an event, so a fold holds as long as the heads of the chains do. In a look back the
    heads are those of then, and those of now besides: what has been erased or taken back since is gone from it.
    """
    look = looking()
    scope = (person.role, person.side_id, person.party) if isinstance(person, Person) else ("", None, "")
    matches = matches_of(agreement, person)
    counts = None if matches is None else tuple(sorted(matches.items()))
    heads = heads_of(agreement) + (look.mark if look else ())
    return _standing(agreement.pk, changed_at(agreement), heads, scope, counts, as_of)


@lru_cache(maxsize=64)
def _standing(
    key: str, _changed_at: int, _heads: Heads, scope: Scope, matches: tuple[tuple[str, int], ...] | None, as_of: date
) -> Progress:
    role, side, party = scope
    agreement, person = Agreement.objects.get(pk=key), Person(role=role, side_id=side, party=party)
    counts = None if matches is None else dict(matches)
    return progress(agreement_term(agreement), matches=counts, as_of=as_of, **activity_of(agreement, person))


def activity_of(agreement: Agreement, person: Visitor) -> dict[str, Any]:
    """What was recorded, as far as a person may see it: the keyword arguments with which ``track.progress`` folds."""
    cases = Case.objects.filter(agreement=agreement).of_chain().visible_to(person)
    with as_counted():
        listings = listings_of(agreement, person)
    return {
        "steps": steps_of(cases),
        "actions": actions_of(agreement),
        "tickets": tickets_of(agreement, person),
        "decisions": terms_of(Decision, records_of(agreement, person, "decision")),
        "targets": terms_of(Target, records_of(agreement, person, "target")),
        "amendments": terms_of(Amendment, in_effect(records_of(agreement, person, "amendment"))),
        "listings": _said(listings),
    }


def _said(listings: list[terms.Listing] | None) -> list[terms.Listing] | None:
    """Without what was inferred: it counts as nobody's need, and is not the same list for the two sides."""
    return None if listings is None else [one for one in listings if one.basis != "derived"]


def term_of(agreement: Agreement, person: Visitor) -> terms.Agreement:
    """The agreement as it holds today: with its amendments, and with the tasks the joint conference handed out."""
    return standing(agreement, person, as_of=timezone.localdate()).agreement


def in_effect(rows: Iterable[Record]) -> list[Record]:
    """The amendments every side agreed to."""
    return [row for row in rows if row.state not in NOT_IN_EFFECT]


def matches_of(agreement: Agreement, person: Visitor) -> dict[str, int] | None:
    """Proposed matches by clause, for a party those it may read itself; None where the pipeline has not matched."""
    is_party = isinstance(person, Person) and person.role in PARTY_ROLES
    document = matches_for(agreement, person) if is_party else results(agreement, "match")
    if not document:
        return None
    counts: Counter[str] = Counter()
    for kind in document["kinds"]:
        for clause in kind["clauses"]:
            counts[str(clause)] += len(kind["matches"])
    return dict(counts)


def actions_of(agreement: Agreement) -> dict[Key, list[Placed]]:
    """The events of every action that was begun, by clause and key."""
    prefix = f"case/{agreement.pk}:"
    rows = agreement.entries.filter(subject__startswith=prefix, kind="case.opened").order_by()
    subjects = rows.values_list("subject", flat=True).distinct()
    found = DatabaseLog(agreement).streams(subjects)
    return {_key(subject.removeprefix(prefix)): stream for subject, stream in found.items()}


def _key(text: str) -> Key:
    clause, _, action = text.partition(":")
    return clause, action


def records_of(agreement: Agreement, person: Visitor, kind: str) -> Sequence[Record]:
    """The rows of one kind a person may see, latest first."""
    return list(Record.objects.filter(agreement=agreement, kind=kind).visible_to(person))


def terms_of(term: type[Term], rows: Iterable[Record]) -> list[Term]:
    """Rows as the library's terms: what a payload does not say keeps the term's default, a far day is the bound."""
    return [decode(term, {"id": row.pk, **{key: _near(value) for key, value in row.payload.items()}}) for row in rows]


def _near(value: Any) -> Any:
    """A day of an older record as every page can count with it."""
    if not isinstance(value, str) or len(value) != 10 or value[4:5] != "-" or is_no_end(value):
        return value
    try:
        return bounded(date.fromisoformat(value)).isoformat()
    except ValueError:
        return value


def tickets_of(agreement: Agreement, person: Visitor) -> list[Ticket]:
    """The tickets a person may see, latest first; a reply that was sent back is none."""
    rows = list(Case.objects.filter(agreement=agreement, kind="ticket").visible_to(person))
    steps: dict[str, dict[str, Step]] = {}
    for step in Step.objects.filter(case__in=[row.pk for row in rows], state="stands"):
        steps.setdefault(step.case_id, {})[step.kind] = step
    said = words_of(one["replied"].pk for one in steps.values() if "replied" in one)
    return [_ticket(row, steps[row.pk], said) for row in rows]


def _ticket(row: Case, steps: Mapping[str, Step], said: Mapping[str, Mapping[str, str]]) -> Ticket:
    days = {node: bounded(one.on).isoformat() for node, one in steps.items()}
    limit = row.payload.get("limit_working_days")  # another node may say anything
    replied = steps.get("replied")
    words = said.get(replied.pk, {}) if replied else {}
    return Ticket(
        id=row.pk,
        clause=row.clause,
        side=row.side_id,
        from_department=row.roles["asks"],
        to_department=row.roles.get("answers", ""),
        opened_on=days["asked"],
        subject=row.title,
        limit_working_days=limit if isinstance(limit, int) else REPLY_WORKING_DAYS,
        received_on=days.get("received", ""),
        replied_on=days.get("replied", ""),
        reply=terms.Bilingual(words.get("note", ""), words.get("note_en", "")),
        agreed_on=replied.confirmed_on.isoformat() if replied and replied.confirmed_on else "",
    )


def tickets_at(tickets: Iterable[Ticket], *, as_of: date) -> list[dict[str, Any]]:
    """Tickets opened by a day with state, last day and working days left: open ones by urgency, then answers."""
    found: list[dict[str, Any]] = [
        {"id": one.id, "title": one.subject, "ticket": one, "state": ticket_state(one, as_of=as_of)}
        for one in tickets
        if one.opened_on <= as_of.isoformat()
    ]
    open_ones = [one for one in found if not one["ticket"].replied_on]
    answered = [one for one in found if one["ticket"].replied_on]
    answered.sort(key=lambda one: one["ticket"].replied_on, reverse=True)
    return [*sorted(open_ones, key=lambda one: one["state"].due_on), *answered]


def contacts_of(agreement: Agreement, person: Visitor) -> list[Contact]:
    """Every time two departments were in touch: recorded contacts, tickets and their replies."""
    found = terms_of(Contact, records_of(agreement, person, "contact"))
    for ticket in tickets_of(agreement, person):
        both = (ticket.from_department, ticket.to_department)
        found += [Contact(both, on, kind) for on, kind in _days(ticket) if on]
    return found


def _days(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    return (ticket.opened_on, "opened"), (ticket.replied_on, "replied")


def pairs(agreement: Agreement, person: Visitor, *, as_of: date) -> dict[str, Any]:
    """Department pairs with last contact and silence, and contacts by pair and month of the last twelve months."""
    term, contacts = agreement_term(agreement), contacts_of(agreement, person)
    rows = silent_pairs(pairs_of(term), contacts, as_of=as_of)
    heat = heat_map(contacts, as_of=as_of)
    months = _months(as_of)
    return {"months": months, "pairs": [_pair(pair, heat, months) for pair in rows]}


def _months(as_of: date, n: int = 12) -> list[str]:
    found = [as_of.replace(day=1)]
    while len(found) < n:
        found.append(shifted(found[-1], -1).replace(day=1))
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
    """What became of each practice, step by step; its key is that of its case."""
    rows = {row.pk: row for row in Case.objects.filter(agreement=agreement, kind="practice").visible_to(person)}
    return [
        Practice(row.pk, row.clause, row.side_id, row.title, bounded(step.on).isoformat(), step.kind)
        for step in Step.objects.filter(case__in=rows, state="stands")
        for row in [rows[step.case_id]]
    ]
