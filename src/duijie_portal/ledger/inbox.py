"""What waits for a person: the derived to-do rows as one person's list, and whom a new one rings at."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from duijie_portal.accounts.models import Person, Role
from duijie_portal.accounts.powers import may

from .charge import is_in_charge
from .entries import Todo
from .models import Agreement, Case
from .visibility import PARTY_ROLES

__all__ = ["IN_HAND", "OWED", "WAITING", "hearers", "is_for", "waiting_for"]

# What is asked of somebody by name; a `step` is only where a case may go on.
WAITING = ("review", "release", "revise", "confirm", "redo", "settle", "redo_or_clear", "agree", "turn")
IN_HAND = ("step",)
OWED = ("turn", "redo")
"""What a department was handed, by a day where the case names one."""
_POWER = {"review": "record.clear", "release": "record.release"}


def _rows(agreement: Agreement, person: Person) -> QuerySet[Todo]:
    rows = Todo.objects.filter(agreement=agreement)
    if person.role in PARTY_ROLES:
        return rows.filter(party=person.party) if person.party else rows.none()
    return rows.filter(side=person.side_id)


def waiting_for(agreement: Agreement, person: Person, acts: Iterable[str] = WAITING) -> list[Todo]:
    """What waits for a person: what is due first, then the newest; nothing for roles that write nothing."""
    rows = list(_rows(agreement, person).filter(act__in=list(acts)))
    clauses = dict(
        Case.objects.filter(pk__in={row.key for row in rows if row.sort == "case"}).values_list("pk", "clause")
    )
    spoken_for = _with_accounts({row.party for row in rows if row.party})
    mine = [row for row in rows if is_for(row, person, clauses.get(row.key, ""), agreement, spoken_for)]
    dated = sorted((row for row in mine if row.due_on), key=lambda row: (row.due_on, row.pk))
    # a key carries its moment: of one day, too, the last entered stands first
    rest = sorted(
        (row for row in mine if not row.due_on), key=lambda row: (row.since_on, row.key, row.pk), reverse=True
    )
    return [*dated, *rest]


def _with_accounts(parties: set[str]) -> set[str]:
    """The parties that have an account to speak for themselves."""
    return set(Person.objects.filter(is_active=True, party__in=parties).values_list("party", flat=True))


def is_for(row: Todo, person: Person, clause: str, agreement: Agreement, spoken_for: set[str]) -> bool:
    """Whether a to-do is this person's: their party's, or their side's by power and department: the one that is asked
    by name, else those in charge of the clause.

    For a party that has no account of its own the offices of its side speak.
    """
    if person.role in PARTY_ROLES:
        return bool(person.party) and row.party == person.party
    if row.side != person.side_id or (row.party and row.party in spoken_for):
        return False
    is_word_of_side = row.act in ("confirm", "agree") and row.role.endswith("_side")
    power = "event.countersign" if is_word_of_side else _POWER.get(row.act, "case.answer")
    return may(person, power) and is_in_charge(person, agreement, clause, row.department)


def hearers(agreement: Agreement, rows: Iterable[Todo]) -> list[tuple[Todo, list[Person]]]:
    """Who is told of each new to-do: everyone whose list it stands on, but for where a case may merely go on."""
    new = [row for row in rows if row.act in WAITING]
    people: list[Person] = list(
        Person.objects.filter(is_active=True)
        .filter(Q(side__in={row.side for row in new}) | Q(party__in={row.party for row in new} - {""}))
        .prefetch_related("departments")
    )
    clauses = dict(
        Case.objects.filter(pk__in={row.key for row in new if row.sort == "case"}).values_list("pk", "clause")
    )
    spoken_for = _with_accounts({row.party for row in new if row.party})
    asked = [one for one in people if one.role != Role.AUDITOR]
    return [
        (row, [one for one in asked if is_for(row, one, clauses.get(row.key, ""), agreement, spoken_for)])
        for row in new
    ]
