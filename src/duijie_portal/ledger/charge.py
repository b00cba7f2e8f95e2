"""Who may write for a department: one guard for every wing."""

from __future__ import annotations

from collections.abc import Collection

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Department, Person, Role

from .desk import stands_in
from .models import Agreement
from .selectors import agreement_term
from .visibility import PARTY_ROLES

__all__ = ["in_charge", "is_in_charge", "is_of", "own_offices", "stood_in"]

_ANY_DEPARTMENT = frozenset({Role.LEADER, Role.COORDINATOR})


def _is_own(person: Person, departments: Collection[str]) -> bool:
    return person.role in _ANY_DEPARTMENT or not {one.key for one in person.departments.all()}.isdisjoint(departments)


def is_of(person: Person, departments: Collection[str], agreement: Agreement | None = None) -> bool:
    """Whether a person writes for one of some departments of their side: its people, coordinators and leaders; under an
    agreement also who stands in for one of them.
    """
    if _is_own(person, departments) or agreement is None:
        return _is_own(person, departments)
    return any(_is_own(one, departments) for one in stands_in(person, agreement))


def _departments(person: Person, agreement: Agreement, clause: str, department: str) -> Collection[str] | None:
    """The departments in charge; None where everybody is."""
    if department:
        return (department,)
    found = next((one for one in agreement_term(agreement).clauses if one.key == clause), None)
    if found is None or person.role in PARTY_ROLES:
        return None
    return (*found.lead.get(person.side_id or "", ()), *found.support.get(person.side_id or "", ()))


def own_offices(agreement: Agreement, person: Person) -> list[Department]:
    """The departments a person may speak for: an officer's own, for a coordinator all of the side."""
    rows = Department.objects.filter(agreement=agreement.pk, side=person.side_id)
    return list(rows.filter(people=person) if person.role == Role.OFFICER else rows)


def is_in_charge(person: Person, agreement: Agreement, clause: str, department: str = "") -> bool:
    """Whether a person may write under a clause: its departments, coordinators and leaders, a party for itself.

    Where a case names the department itself, that one is in charge of its part, whatever the clause says. A clause the
    agreement does not have asks for nobody in particular.
    """
    named = _departments(person, agreement, clause, department)
    return named is None or is_of(person, named, agreement)


def stood_in(person: Person, agreement: Agreement, clause: str, department: str = "") -> tuple[str, str]:
    """For whom a person stands in where they are not in charge themselves: the user name, and the department; else
    empty.
    """
    named = _departments(person, agreement, clause, department)
    if named is None or _is_own(person, named):
        return "", ""
    for one in stands_in(person, agreement):
        if _is_own(one, named):
            own = sorted({office.key for office in one.departments.all()} & set(named))
            return one.username, own[0] if own else ""
    return "", ""


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
