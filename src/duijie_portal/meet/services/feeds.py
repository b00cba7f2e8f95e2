"""Calendar addresses: made and revoked by the person they belong to."""

from __future__ import annotations

import secrets

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.visibility import PARTY_ROLES

from ..models import Feed

__all__ = ["make_feed", "revoke_feed"]

_MOST = 20


@write("feed.own")
def make_feed(person: Person, agreement: Agreement, *, scope: str, key: str = "", language: str = "zh") -> Feed:
    """Make a calendar address for one's own entries, those of a department, or those of a clause.

    Raises
    ------
    DeniedError
        A department of another side, or not one's own for an officer; a firm has only its own entries.
    InputError
        No such clause, or too many addresses.
    """
    if Feed.objects.filter(person=person, agreement=agreement, revoked_at=None).count() >= _MOST:
        raise InputError("portal_meet_feed_quota", {"n": _MOST})
    _check_scope(person, agreement, scope, key)
    nonce = secrets.token_hex(16)
    kept = "" if scope == "person" else key
    return Feed.objects.create(
        agreement=agreement, person=person, scope=scope, key=kept, language=language, nonce=nonce
    )


def _check_scope(person: Person, agreement: Agreement, scope: str, key: str) -> None:
    if scope != "person" and person.role in PARTY_ROLES:
        raise DeniedError("portal_meet_feed_own_only")
    if scope == "department":
        offices = Department.objects.filter(agreement=agreement.pk, side=person.side_id, key=key)
        if not (offices.filter(people=person) if person.departments.exists() else offices).exists():
            raise DeniedError("portal_meet_feed_own_only")
    if scope == "clause" and key not in {one.key for one in agreement_term(agreement).clauses}:
        raise InputError("portal_meet_clause_unknown", {"clause": key})


@write("feed.own")
def revoke_feed(person: Person, feed: Feed) -> None:
    """Shut a calendar address of one's own for good."""
    if feed.person_id != person.pk:
        raise DeniedError("portal_meet_feed_own_only")
    feed.revoked_at = timezone.now()
    feed.save(update_fields=["revoked_at"])
