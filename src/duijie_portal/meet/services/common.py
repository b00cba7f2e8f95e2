"""What every write of meeting needs: who may act for whom, the lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.charge import in_charge
from duijie_portal.ledger.models import Agreement, Notification, Party
from duijie_portal.ledger.services import own_side
from duijie_portal.ledger.visibility import PARTY_ROLES, Visibility


def acts_for(person: Person, party: Party, clause: str) -> None:
    """A firm acts for itself; an official for the parties of their own side, where their department is in charge.

    Raises
    ------
    DeniedError
        It is somebody else's party.
    """
    if person.role in PARTY_ROLES:
        if (person.party, person.side_id) != (party.pk, party.side_id):
            raise DeniedError("portal_meet_other_party")
        return
    if party.side_id != own_side(person):
        raise DeniedError("portal_other_side_owns", {"side": party.side_id})
    in_charge(person, party.agreement, clause)


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
    """The accounts that act for some parties, each of the party's own side."""
    sides = dict(Party.objects.filter(pk__in=list(parties)).values_list("pk", "side"))
    people = Person.objects.filter(is_active=True, party__in=list(sides))
    return [one for one in people if sides[one.party] == one.side_id]


def officials_of(sides: Iterable[str]) -> list[Person]:
    """The coordinators of some sides."""
    return list(Person.objects.filter(is_active=True, role=Role.COORDINATOR, side__in=list(sides)))
