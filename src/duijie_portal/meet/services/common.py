"""What every write of meeting needs: who may act for whom, and how far a row is seen."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.charge import in_charge
from duijie_portal.ledger.models import Party
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
