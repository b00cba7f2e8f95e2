"""What waits for a person: the derived to-do rows as one person's list, and whom a new one rings at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from duijie_portal.accounts.models import Person, Role
from duijie_portal.accounts.powers import may

from .charge import is_in_charge
from .desk import ASKED, Desk, desk_of
from .entries import Todo
from .models import Agreement, Case
from .visibility import PARTY_ROLES

__all__ = ["IN_HAND", "OWED", "READ", "WAITING", "Asker", "asker", "hearers", "holders", "power_of", "waiting_for"]

# What is asked of somebody by name; a `step` is only where a case may go on.
WAITING = ("review", "release", "revise", "confirm", "redo", "settle", "redo_or_clear", "agree", "turn", "carry_out")
READ = ("read",)
_RINGS = (*WAITING, *READ, "handle")
IN_HAND = ("step",)
OWED = ("turn", "redo")
"""What a department was handed, by a day where the case names one."""
_POWER = {"review": "record.clear", "release": "record.release", "read": "own.read", "carry_out": "desk.act"}


def _rows(agreement: Agreement, person: Person) -> QuerySet[Todo]:
    rows = Todo.objects.filter(agreement=agreement)
    if person.role in PARTY_ROLES:
        return rows.filter(party=person.party) if person.party else rows.none()
    return rows.filter(side=person.side_id)


def waiting_for(agreement: Agreement, person: Person, acts: Iterable[str] = WAITING) -> list[Todo]:
    """What waits for a person: what is due first, then the newest; nothing for roles that write nothing.

    The own side's day, where it set one, goes before the day that others were given; that one stands beside it.
    """
    rows = list(_rows(agreement, person).filter(act__in=list(acts)))
    asking = asker(agreement, rows, [person])
    mine = [row for row in rows if asking.is_for(row, person)]
    for row in mine:
        row.own_due_on = asking.desk.due.get(row.pk)
    dated = sorted((row for row in mine if row.own_due_on or row.due_on), key=_by_day)
    # a key carries its moment: of one day, too, the last entered stands first
    rest = sorted(
        (row for row in mine if not (row.own_due_on or row.due_on)),
        key=lambda row: (row.since_on, row.key, row.pk),
        reverse=True,
    )
    return [*dated, *rest]


def _by_day(row: Todo) -> tuple[date | None, str]:
    return row.own_due_on or row.due_on, row.pk


def _with_accounts(parties: set[str]) -> set[str]:
    """The parties that have an account to speak for themselves."""
    return set(Person.objects.filter(is_active=True, party__in=parties).values_list("party", flat=True))


def power_of(row: Todo) -> str:
    """What whoever does it must be allowed to."""
    is_word_of_side = row.act in ("confirm", "agree") and row.role.endswith("_side")
    return "event.countersign" if is_word_of_side else _POWER.get(row.act, "case.answer")


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose some to-dos are: what is asked of the record once for all of them."""

    agreement: Agreement
    clauses: dict[str, str]
    spoken_for: set[str]
    desk: Desk

    def is_for(self, row: Todo, person: Person) -> bool:
        """Whether a to-do is this person's: their party's, or their side's by power and department: the one that is
        asked by name or that it was handed to, else those in charge of the clause.

        For a party that has no account of its own the offices of its side speak.
        """
        if person.role in PARTY_ROLES:
            return bool(person.party) and row.party == person.party
        if row.side != person.side_id or (row.party and row.party in self.spoken_for):
            return False
        if not may(person, power_of(row)):
            return False
        if (now := self.desk.handed.get(row.pk)) is not None:
            return self.desk.has(person, now.departments, now.people)
        if row.act in (*ASKED, "handle"):
            return self.desk.has(person, {row.department} - {""}, {row.person} - {""})
        return is_in_charge(person, self.agreement, self.clauses.get(row.key, ""), row.department)


def asker(agreement: Agreement, rows: Iterable[Todo], people: Iterable[Person]) -> Asker:
    """What must be known of some to-dos to say whose they are, and of some people for whom they stand in."""
    found = list(rows)
    keys = {row.key for row in found if row.sort == "case"}
    desk = desk_of(agreement, {row.side for row in found} | {one.side_id or "" for one in people})
    for one in people:
        one.stands_in = {agreement.pk: desk.absent.get(one.username, ())}
    return Asker(
        agreement,
        dict(Case.objects.filter(pk__in=keys).values_list("pk", "clause")),
        _with_accounts({row.party for row in found if row.party}),
        desk,
    )


def holders(agreement: Agreement, rows: Iterable[Todo]) -> list[tuple[Person, Todo]]:
    """Everybody on whose list each to-do stands."""
    found = list(rows)
    people: list[Person] = list(
        Person.objects.filter(is_active=True)
        .filter(Q(side__in={row.side for row in found}) | Q(party__in={row.party for row in found} - {""}))
        .prefetch_related("departments")
    )
    asking = asker(agreement, found, people)
    return [
        (person, row)
        for row in found
        for person in people
        if person.role != Role.AUDITOR and asking.is_for(row, person)
    ]


def hearers(agreement: Agreement, rows: Iterable[Todo]) -> list[tuple[Todo, list[Person]]]:
    """Who is told of each new to-do: everyone whose list it stands on, but for where a case may merely go on."""
    new = [row for row in rows if row.act in _RINGS]
    found: dict[str, list[Person]] = {}
    for person, row in holders(agreement, new):
        found.setdefault(row.pk, []).append(person)
    return [(row, found.get(row.pk, [])) for row in new]
