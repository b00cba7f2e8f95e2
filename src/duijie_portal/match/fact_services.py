"""A person's row is erased on demand: what it said goes, the log keeps that something was there, and verifies."""

from __future__ import annotations

from django.utils import timezone

from duijie.errors import DeniedError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.log import Draft, append, erasable
from duijie_portal.ledger.models import Listing
from duijie_portal.ledger.services import owner_only

__all__ = ["erase_talent"]


@write("case.step")
def erase_talent(person: Person, row: Listing, /) -> None:
    """Forget what is kept of a person: every field, the file's place, and the salt of the digest in the log.

    Raises
    ------
    DeniedError
        It is another side's, or tells of no person.
    """
    owner_only(person, row)
    if row.party.kind != "talent":
        raise DeniedError("portal_talent_none")
    row.payload, row.valid_until = {}, timezone.localdate()
    row.source = {"publisher": row.source.get("publisher", ""), "as_of": "", "erased_on": str(timezone.localdate())}
    row.industry = row.place = ""
    row.save(update_fields=["payload", "source", "valid_until", "industry", "place"])
    row.party.payload, row.party.town = {}, ""
    row.party.save(update_fields=["payload", "town"])
    body = {"actor": erasable(person.username, person)}
    append(row.agreement, [Draft(row.side_id, "talent.erased", "listing", row.pk, timezone.localdate(), body)])
