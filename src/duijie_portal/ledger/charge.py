"""Who may write for a department: one guard for every wing."""

from __future__ import annotations

from collections.abc import Collection

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Department, Person, Role

from .models import Agreement
from .selectors import agreement_term
from .visibility import PARTY_ROLES

__all__ = ["in_charge", "is_in_charge", "is_of", "own_offices"]

_ANY_DEPARTMENT = frozenset({Role.LEADER, Role.COORDINATOR})


def is_of(person: Person, departments: Collection[str]) -> bool:
    """Whether a person writes for one of some departments of their side: its people, coordinators and leaders."""
    return person.role in _ANY_DEPARTMENT or not {one.key for one in person.departments.all()}.isdisjoint(departments)


def own_offices(agreement: Agreement, person: Person) -> list[Department]:
    """The departments a person may speak for: an officer's own, for a coordinator all of the side."""
    rows = Department.objects.filter(agreement=agreement.pk, side=person.side_id)
    return list(rows.filter(people=person) if person.role == Role.OFFICER else rows)


def is_in_charge(person: Person, agreement: Agreement, clause: str, department: str = "") -> bool:
    """Whether a person may write under a clause: its departments, coordinators and leaders, a party for itself.

    Where a case names the department itself, that one is in charge of its part, whatever the clause says. A clause the
    agreement does not have asks for nobody in particular.
    """
    if department:
        return is_of(person, (department,))
    found = next((one for one in agreement_term(agreement).clauses if one.key == clause), None)
    if found is None or person.role in PARTY_ROLES:
        return True
    return is_of(person, (*found.lead.get(person.side_id or "", ()), *found.support.get(person.side_id or "", ())))


def in_charge(person: Person, agreement: Agreement, clause: str, department: str = "") -> None:
    """Refuse whoever is not in charge of a clause, or of the part that a case gives to a department.

    Raises
    ------
    DeniedError
        The officer is of another department.
    """
    if not is_in_charge(person, agreement, clause, department):
        found = next(one for one in agreement_term(agreement).clauses if one.key == clause)
        raise DeniedError("portal_other_department", {"clause": found.number})
