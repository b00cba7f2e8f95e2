"""Writes that reach from accounts into the ledger: taking in whom a side has verified, and forgetting a person."""

from __future__ import annotations

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person, Registration, Role
from duijie_portal.accounts.registering import admit, waiting_only
from duijie_portal.accounts.services import forget
from duijie_portal.ledger.audience import coordinators
from duijie_portal.ledger.listings import erase as erase_words
from duijie_portal.ledger.listings import erase_written, mint, party_fields, submit_party, verify_party
from duijie_portal.ledger.models import Agreement, Listing, Party
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.match.listing_services import retire_applications, retire_listings
from duijie_portal.meet.models import Feed

__all__ = ["erase_own", "tell_registration", "verify_registration"]


@write("registration.decide")
def verify_registration(person: Person, row: Registration, /, *, party: str = "") -> Person:
    """Take a registration in: its party enters the ledger as verified, or is one on record; its account opens.

    Raises
    ------
    DeniedError
        Another side was asked, it has decided, or the party named is not of this side.
    InputError
        The code is on record for another party of the side: that one is to be named.
    """
    waiting_only(person, row)
    agreement = Agreement.objects.get(pk=row.agreement)
    key = _named(person, agreement, row, party) if party else _entered(person, agreement, row)
    return admit(person, row, party=key)


def _named(person: Person, agreement: Agreement, row: Registration, key: str) -> str:
    found = Party.objects.filter(agreement=agreement, side=row.side, kind=row.kind, pk=key).first()
    if found is None:
        raise DeniedError("portal_register_party_unknown", {"party": key})
    verify_party(person, found)
    return key


def _entered(person: Person, agreement: Agreement, row: Registration) -> str:
    same = Party.objects.filter(agreement=agreement, side=row.side, uscc=row.uscc).first() if row.uscc else None
    if same is not None:
        raise InputError("portal_register_code_held", {"name": same.name})
    key = mint(row.side_id)
    fields = party_fields(kind=row.kind, name=row.name, uscc=row.uscc, town=row.town)
    submit_party(person, agreement, key=key, fields=fields, is_verified=True)
    return key


def tell_registration(agreement: Agreement, row: Registration, path: str) -> int:
    """Leave a line for each coordinator of the side that is asked; how many were told."""
    return tell(agreement, Notice(coordinators([row.side_id]), "portal_told_registration", path))


@write("own.erase")
def erase_own(person: Person, agreement: Agreement, /, *, username: str) -> None:
    """Withdraw one's consent: listings are withdrawn, and nothing that names or reaches the person stays.

    What was recorded stays as numbers and salted hashes; the chains still verify. An organisation's party stays on
    record, a talent's keeps no name.

    Raises
    ------
    InputError
        The name typed is not the account's.
    """
    if username != person.username:
        raise InputError("portal_own_other_name", {"name": username})
    retire_listings(person)
    retire_applications(person)
    own = [f"party/{person.party}"] if person.role == Role.TALENT else []
    own += [f"listing/{key}" for key in _listings_of(person)] if person.role == Role.TALENT else []
    erase_words(agreement, own, side=person.side_id or "", ground="consent")
    erase_written(person, agreement, ground="consent")
    Feed.objects.filter(person=person).update(revoked_at=timezone.now())
    person.notifications.all().delete()
    forget(person)


def _listings_of(person: Person) -> list[str]:
    return list(Listing.objects.filter(party=person.party or None, side=person.side_id).values_list("pk", flat=True))
