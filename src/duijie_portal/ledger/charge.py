"""Who may write for a department: one guard for every wing."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from duijie.errors import DeniedError
from duijie.terms import Clause
from duijie_portal.accounts.models import Department, Person, Role
from duijie_portal.accounts.powers import Visitor

from .desk import stands_in
from .models import Agreement
from .selectors import agreement_term
from .visibility import PARTY_ROLES

__all__ = ["HEADS", "in_charge", "is_in_charge", "offices_of", "stood_in"]

HEADS = frozenset({Role.LEADER, Role.COORDINATOR})
"""Who may write for any department of their side."""


def is_in_charge(
    person: Person,
    agreement: Agreement,
    clause: str | Clause = "",
    department: str = "",
    *,
    also: Collection[str] = (),
) -> bool:
    """Whether a person may write for a department of their side: its people, coordinators and leaders, and whoever
    stands in for one of them.

    The departments are those of a clause; a party writes under a clause for itself. Where a case names the department
    itself, that one is in charge of its part, whatever the clause says. A clause the agreement does not have asks for
    nobody in particular.

    Parameters
    ----------
    clause
        Its key, or the clause as an amendment made it.
    department
        The one that a case names.
    also
        Departments that have a part besides, as a decision says.
    """
    named = _departments(person, agreement, clause, department, also)
    if named is None or _is_of(person, agreement, named):
        return True
    return any(_is_of(one, agreement, named) for one in stands_in(person, agreement))


def stood_in(person: Person, agreement: Agreement, clause: str | Clause = "", department: str = "") -> tuple[str, str]:
    """For whom a person stands in where they are not in charge themselves: the user name, and the department; else
    empty.
    """
    named = _departments(person, agreement, clause, department, ())
    if named is None or _is_of(person, agreement, named):
        return "", ""
    for one in stands_in(person, agreement):
        if _is_of(one, agreement, named):
            own = sorted({office.key for office in one.departments.all()} & named)
            return one.username, own[0] if own else ""
    return "", ""


def offices_of(agreement: Agreement, person: Visitor) -> QuerySet[Department]:
    """The departments a person may write for: their own, for coordinators and leaders all of their side."""
    found = Department.objects.filter(agreement=agreement.pk)
    if not isinstance(person, Person):
        return found.none()
    return found.filter(side=person.side_id) if person.role in HEADS else found.filter(people=person)


def _departments(
    person: Person, agreement: Agreement, clause: str | Clause, department: str, also: Collection[str]
) -> set[str] | None:
    """The departments in charge; None where everybody is."""
    if department:
        return {department}
    found = _clause(agreement, clause)
    if found is None or person.role in PARTY_ROLES:
        return None
    own = person.side_id or ""
    return {*found.lead.get(own, ()), *found.support.get(own, ()), *also}


def _is_of(person: Person, agreement: Agreement, departments: Collection[str]) -> bool:
    if person.role in HEADS:
        return True
    # departments of two agreements may have one key
    return any(one.agreement == agreement.pk and one.key in departments for one in person.departments.all())


def _clause(agreement: Agreement, clause: str | Clause) -> Clause | None:
    if isinstance(clause, Clause):
        return clause
    return next((one for one in agreement_term(agreement).clauses if one.key == clause), None)


def in_charge(
    person: Person,
    agreement: Agreement,
    clause: str | Clause = "",
    department: str = "",
    *,
    also: Collection[str] = (),
) -> None:
    """Refuse whoever :func:`is_in_charge` does not name.

    Raises
    ------
    DeniedError
        The officer is of another department.
    """
    if not is_in_charge(person, agreement, clause, department, also=also):
        found = _clause(agreement, clause)
        raise DeniedError("portal_other_department", {"clause": found.number if found else clause})
