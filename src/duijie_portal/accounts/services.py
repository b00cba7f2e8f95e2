"""The writes of a side's security administrator: accounts of its own people."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from duijie.errors import DeniedError, InputError

from .door import write
from .models import Department, Person, Role

__all__ = ["invite", "new_password", "switch"]

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """Fifteen letters and digits that nobody misreads, in three groups: 75 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))


@write("person.manage")
def invite(
    person: Person,
    agreement: Any,
    /,
    *,
    username: str,
    role: str,
    name_zh: str = "",
    name_en: str = "",
    email: str = "",
    party: str = "",
    departments: Sequence[str] = (),
) -> tuple[Person, str]:
    """Open an account of one's own side; its first password is told once.

    Raises
    ------
    InputError
        The name is taken, the role unknown, or a department none of the side's.
    """
    if Person.objects.filter(username=username).exists():
        raise InputError("portal_name_taken", {"name": username})
    if role not in Role.values:
        raise InputError("portal_role_unknown", {"role": role})
    offices = Department.objects.filter(agreement=agreement.pk, side=person.side_id, key__in=departments)
    if offices.count() != len(set(departments)):
        raise InputError("portal_department_unknown", {"department": ", ".join(departments)})
    password = new_password()
    names = {"name_zh": name_zh, "name_en": name_en, "email": email, "party": party}
    made = Person.objects.create_user(username, password, role=role, side=person.side, **names)
    made.departments.set(offices)
    return made, password


@write("person.manage")
def switch(person: Person, other: Person, /, *, is_active: bool) -> None:
    """Close an account of one's own side, or open it again; what it did stays on record.

    Raises
    ------
    DeniedError
        The account is of another side, or one's own.
    """
    if other.side_id != person.side_id or other.pk == person.pk:
        raise DeniedError("portal_other_side_owns", {"side": other.side_id or ""})
    other.is_active = is_active
    other.save(update_fields=["is_active"])
