"""The writes about accounts: a side's security administrator's, its units, and forgetting a person."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from axes.utils import reset
from django.apps import apps
from django.utils import timezone

from duijie.errors import DeniedError, InputError

from .door import write
from .models import Department, Person, Role, UnitKind

__all__ = ["add_unit", "end_sessions", "forget", "invite", "new_password", "switch", "unlock"]

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
        The name is taken, the role unknown, or a department or party none of the side's.
    """
    if Person.objects.filter(username=username).exists():
        raise InputError("portal_name_taken", {"name": username})
    if role not in Role.values:
        raise InputError("portal_role_unknown", {"role": role})
    offices = Department.objects.filter(agreement=agreement.pk, side=person.side_id, key__in=departments)
    if offices.count() != len(set(departments)):
        raise InputError("portal_department_unknown", {"department": ", ".join(departments)})
    _own_party(person, agreement, party)
    password = new_password()
    names = {"name_zh": name_zh, "name_en": name_en, "email": email, "party": party, "has_first_password": True}
    made = Person.objects.create_user(username, password, role=role, side=person.side, **names)
    made.departments.set(offices)
    return made, password


def _own_party(person: Person, agreement: Any, party: str) -> None:
    """Nobody acts for a party of another side: whoever does answers, books and is notified in its name."""
    rows = apps.get_model("ledger", "Party")._default_manager.filter(agreement=agreement.pk, side=person.side_id)
    if party and not rows.filter(pk=party).exists():
        raise InputError("portal_register_party_unknown", {"party": party})


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
    if not is_active:
        end_sessions(other)


def end_sessions(person: Person) -> int:
    """Sign a person out everywhere; how many sessions ended."""
    rows = list(UserSession.objects.filter(user=person))
    for row in rows:
        row.end()
    return len(rows)


@write("person.manage")
def unlock(person: Person, other: Person, /) -> None:
    """Let a locked-out account of one's own side try its password again.

    Raises
    ------
    DeniedError
        The account is of another side.
    """
    if other.side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": other.side_id or ""})
    reset(username=other.username)


@write("unit.manage")
def add_unit(person: Person, agreement: Any, /, *, kind: str, name_zh: str, name_en: str = "") -> Department:
    """Enter a town or street, a park, an association or an operator of one's own side.

    Raises
    ------
    InputError
        The side has a unit of that name, or departments were meant: those are the agreement's data.
    """
    if kind not in UnitKind.values or kind == UnitKind.DEPARTMENT:
        raise InputError("portal_unit_kind_unknown", {"kind": kind})
    if not person.side_id:
        raise DeniedError("portal_no_side")
    own = Department.objects.filter(agreement=agreement.pk, side=person.side_id)
    if own.filter(name_zh=name_zh).exists():
        raise InputError("portal_name_taken", {"name": name_zh})
    key = f"{kind}-{secrets.token_hex(4)}"
    return Department.objects.create(
        agreement=agreement.pk, side_id=person.side_id, key=key, kind=kind, name_zh=name_zh, name_en=name_en
    )


def forget(person: Person) -> None:
    """Leave nothing of an account but its number, so that what it did stays countable; nobody can sign in with it.

    The calling service has erased what the person wrote, and decided that this is what they want.
    """
    end_sessions(person)
    for kept in (EmailAddress, Authenticator, SocialAccount):
        kept.objects.filter(user=person).delete()
    for kept in (AccessAttempt, AccessFailureLog, AccessLog):
        kept.objects.filter(username=person.username).delete()
    person.follows.all().delete()
    person.departments.clear()
    person.username, person.name_zh, person.name_en, person.email = f"erased-{person.pk}", "", "", ""
    person.is_active = False
    person.set_unusable_password()
    person.save()
    registration = getattr(person, "registration", None)
    if registration is not None:
        registration.name = registration.contact = registration.email = registration.phone = ""
        registration.username, registration.withdrawn_at = person.username, timezone.now()
        registration.save()
