"""New suggestions ring: the organisations they are for and the offices in charge hear of each pair once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.urls import reverse

from duijie.match.kinds import load_kinds
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.audience import of_parties
from duijie_portal.ledger.charge import is_in_charge
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.notices import Notice, first_times, tell
from duijie_portal.ledger.readers import matches_for

from .selectors import clause_of_kind

__all__ = ["ring_new"]

Document = Mapping[str, Any]
Pair = tuple[str, str]
_NOTHING_ELSE: Document = {"ideas": (), "unmatched": ()}


@transaction.atomic
def ring_new(agreement: Agreement, before: Document, found: Document) -> int:
    """Leave a line a kind for everyone who reads suggestions that `before` did not hold; how many lines.

    A pair rings once: one that falls out of a ranking and comes back is nothing new.
    """
    new = _first_time(agreement, _pairs(found) - _pairs(before))
    if not new:
        return 0
    told = _only(found, new)
    parties = {row.get("party", "") for row in told["listings"].values()} - {""}
    people = _hearers(agreement, parties)
    return tell(agreement, *(one for person in people for one in _notices(agreement, person, told)))


def _only(document: Document, pairs: set[Pair]) -> dict[str, Any]:
    """The document with some pairs and their listings, so that a reader's part of it is small to work out."""
    kinds = [
        {**kind, "matches": [row for row in kind["matches"] if (row["need"], row["offer"]) in pairs], **_NOTHING_ELSE}
        for kind in document["kinds"]
    ]
    listings = {key: document["listings"][key] for pair in pairs for key in pair if key in document["listings"]}
    return {**document, "kinds": kinds, "listings": listings}


def _pairs(document: Document) -> set[Pair]:
    return {(row["need"], row["offer"]) for kind in document.get("kinds", ()) for row in kind["matches"]}


def _first_time(agreement: Agreement, pairs: set[Pair]) -> set[Pair]:
    keys = {f"match:{agreement.pk}:{sha256('+'.join(pair).encode()).hexdigest()}": pair for pair in sorted(pairs)}
    new = first_times(agreement, keys)
    return {pair for key, pair in keys.items() if key in new}


def _hearers(agreement: Agreement, parties: Iterable[str]) -> list[Person]:
    """The accounts of the organisations, and the coordinators and officers of both sides."""
    offices = Person.objects.filter(side__in=agreement.sides.all(), role__in=(Role.COORDINATOR, Role.OFFICER))
    return [*of_parties(parties), *offices.filter(is_active=True)]


def _notices(agreement: Agreement, person: Person, found: Document) -> list[Notice]:
    """One a kind, of what the person reads themselves and, in an office, is in charge of."""
    kinds = matches_for(agreement, person, found).get("kinds", ())
    counts = Counter({one["kind"]: len(one["matches"]) for one in kinds if one["matches"]})
    names = {key: one.name.to_dict() for key, one in load_kinds().items()}
    path = reverse("match", args=[agreement.pk])
    return [
        Notice([person], "portal_told_matches", f"{path}?kind={key}", {"n": n, "kind": names.get(key, key)})
        for key, n in sorted(counts.items())
        if is_in_charge(person, agreement, clause_of_kind(agreement, key))
    ]
