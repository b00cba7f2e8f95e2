"""Writes that reach from accounts into the ledger: taking in whom a side has verified, and forgetting a person."""

from __future__ import annotations

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person, Registration, Role
from duijie_portal.accounts.registering import admit, waiting_only
from duijie_portal.accounts.services import forget
from duijie_portal.ledger.log import erase
from duijie_portal.ledger.models import Agreement, Erasable, Notification, Party, text_key
from duijie_portal.ledger.services import add_party
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
    found = _named(agreement, row, party) if party else _entered(person, agreement, row)
    return admit(person, row, party=found.pk)


def _named(agreement: Agreement, row: Registration, key: str) -> Party:
    found = Party.objects.filter(agreement=agreement, side=row.side, kind=row.kind, pk=key).first()
    if found is None:
        raise DeniedError("portal_register_party_unknown", {"party": key})
    found.is_verified = True
    found.save(update_fields=["is_verified"])
    return found


def _entered(person: Person, agreement: Agreement, row: Registration) -> Party:
    same = Party.objects.filter(agreement=agreement, uscc=row.uscc).first() if row.uscc else None
    if same is not None:
        raise InputError("portal_register_code_held", {"name": same.name})
    about = {"uscc": row.uscc, "town": row.town, "is_verified": True}
    return add_party(person, agreement, id=text_key(), kind=row.kind, name=row.name, **about)


def tell_registration(agreement: Agreement, row: Registration, path: str) -> int:
    """Leave a line for each coordinator of the side that is asked; how many were told."""
    people = Person.objects.filter(is_active=True, side=row.side, role=Role.COORDINATOR)
    values = {"kind": row.kind}
    lines = [
        Notification(person=one, agreement=agreement, code="portal_told_registration", values=values, path=path)
        for one in people
    ]
    return len(Notification.objects.bulk_create(lines))


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
    for reference in Erasable.objects.filter(person=person).values_list("pk", flat=True):
        erase(reference)
    if person.role == Role.TALENT:
        Party.objects.filter(pk=person.party).update(name="–", name_en="", town="", payload={})
    Feed.objects.filter(person=person).update(revoked_at=timezone.now())
    person.notifications.all().delete()
    forget(person)
