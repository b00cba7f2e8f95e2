"""A person's row is erased on demand: what it said goes, the log keeps that something was there, and verifies."""

from __future__ import annotations

from duijie.errors import DeniedError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.listings import erase, retire
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
    subjects = [f"listing/{row.pk}", f"party/{row.party_id}"]
    if not row.source.get("withdrawn_on"):
        retire(person, row)
    erase(row.agreement, subjects, side=row.side_id, ground="consent")
