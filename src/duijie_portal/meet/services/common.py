"""What every write of meeting needs: who may act for whom, the sealed line, the lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.log import Draft, append, erasable
from duijie_portal.ledger.models import Agreement, Event, Notification, Party
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.services import own_side
from duijie_portal.ledger.visibility import PARTY_ROLES, Visibility

_ANY_DEPARTMENT = frozenset({Role.LEADER, Role.COORDINATOR})


def in_charge(person: Person, agreement: Agreement, clause: str) -> None:
    """Only departments a clause names, and the coordinators of a side, meet under it; without clause anyone.

    Raises
    ------
    DeniedError
        The officer is of another department.
    """
    found = next((one for one in agreement_term(agreement).clauses if one.key == clause), None)
    if found is None or person.role in _ANY_DEPARTMENT:
        return
    named = {*found.lead.get(person.side_id or "", ()), *found.support.get(person.side_id or "", ())}
    if not named & set(person.departments.values_list("key", flat=True)):
        raise DeniedError("portal_other_department", {"clause": found.number})


def acts_for(person: Person, party: Party, clause: str) -> None:
    """A firm acts for itself; an official for the parties of their own side, where their department is in charge.

    Raises
    ------
    DeniedError
        It is somebody else's party.
    """
    if person.role in PARTY_ROLES:
        if person.party != party.pk:
            raise DeniedError("portal_meet_other_party")
        return
    if party.side_id != own_side(person):
        raise DeniedError("portal_other_side_owns", {"side": party.side_id})
    in_charge(person, party.agreement, clause)


def seal(person: Person | None, row: Any, kind: str, body: Mapping[str, Any], on: date | None = None) -> Event:
    """One sealed entry about a row, by the person's side; by the row's own side where the clock did it."""
    named = {**body, "actor": erasable(person.username, person)} if person else dict(body)
    side = own_side(person) if person else row.side_id
    draft = Draft(side, kind, type(row).__name__.lower(), str(row.pk), on or timezone.localdate(), named)
    [event] = append(row.agreement, [draft])
    return event


def both_sides() -> dict[str, Any]:
    """The columns of a row that is made to be seen by both sides."""
    now = timezone.now()
    return {"visibility": Visibility.BOTH, "cleared_at": now, "released_at": now}


def tell(
    agreement: Agreement, people: Iterable[Person], code: str, values: Mapping[str, Any], page: str, **keys: str
) -> int:
    """Leave a line for each of some people; how many were told."""
    path = reverse(page, kwargs={"agreement": agreement.pk, **keys})
    rows = [
        Notification(person=one, agreement=agreement, code=code, values=dict(values), path=path)
        for one in {one.pk: one for one in people if one.is_active}.values()
    ]
    return len(Notification.objects.bulk_create(rows))


def people_of(parties: Iterable[str]) -> list[Person]:
    """The accounts that act for some parties."""
    return list(Person.objects.filter(is_active=True, party__in=list(parties)).exclude(party=""))


def officials_of(sides: Iterable[str]) -> list[Person]:
    """The coordinators of some sides."""
    return list(Person.objects.filter(is_active=True, role=Role.COORDINATOR, side__in=list(sides)))
