"""Parties and listings put on record as an operator's loading does: events of their side, opened as far as asked."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from duijie_portal.ledger.listings import listing_event, listing_fields, party_event, party_fields, released
from duijie_portal.ledger.models import Agreement, Listing, Party
from duijie_portal.ledger.recording import Author, append

__all__ = ["listing_on_record", "party_on_record"]


def party_on_record(agreement: Agreement, side: str, key: str, level: str = "", **fields: Any) -> Party:
    """A party of a side, opened to `level` where one is given."""
    author, today = Author(side), timezone.localdate()
    said = party_fields(**{"kind": "firm", "name": key, **fields})
    _say(agreement, side, party_event(author, key, said, today), level)
    return Party.objects.select_related("agreement").get(pk=key)


def listing_on_record(party: Party, key: str, level: str = "", **fields: Any) -> Listing:
    """A need or an offer of a party, opened to `level` where one is given."""
    author, today = Author(party.side_id, party.pk), timezone.localdate()
    about = {"kind": "supply", "version": 1, "role": "need", "payload": {"title": f"求购{key}"}, **fields}
    _say(
        party.agreement,
        party.side_id,
        listing_event(author, key, listing_fields(party=party.pk, **about), today),
        level,
    )
    return Listing.objects.select_related("agreement", "party").get(pk=key)


def _say(agreement: Agreement, side: str, event: Any, level: str) -> None:
    [commit] = append(agreement, [(side, event)])
    if level:
        append(agreement, [(side, released(Author(side), event.subject, commit, level, event.on))])
