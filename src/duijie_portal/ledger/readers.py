"""The pipeline's documents as far as a person may read them: the one place where matches and timetables are read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from django.db.models import Count, QuerySet

from duijie.match.changes import with_inside
from duijie.match.readers import is_inferred, readable, readable_advice, readable_timetable
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor

from .looking import looking
from .models import Agreement, Case, Listing, Party, Step
from .selectors import result_file, results
from .visibility import PARTY_ROLES, reader_of

__all__ = ["advice_for", "matches_for", "record_of", "timetable_for"]

Document = Mapping[str, Any]
# Listings that are named to the database one by one; of more, all that a person sees are asked for.
_FEW = 200


def matches_for(agreement: Agreement, person: Visitor, document: Document | None = None) -> Document:
    """The match document as far as a person may read it, or another of its shape; empty before the first run.

    A listing is read as the ledger lets it be; one that is inferred of a party only by that party and the officials
    of its side. An official reads a pair both of whose ends they read; a party the pairs of its own listings, the
    other end of which has been released to the sides or further. Listings that a side has not opened are matched for
    its own readers alone.
    """
    if document is None:
        document = results(agreement, "match")
        if isinstance(person, Person) and person.side_id and looking() is None:
            document = with_inside(document, result_file(agreement, "match.inside"), person.side_id)
    if not document:
        return document
    gate = _Gate(agreement, person, document["listings"])
    return readable(document, gate.reads, gate.pairs)


def timetable_for(agreement: Agreement, person: Visitor) -> Document:
    """The timetable with the meetings of those pairs a person may read; empty before the pipeline's first run."""
    timetable = results(agreement, "meet")
    if not timetable:
        return timetable
    return readable_timetable(timetable, results(agreement, "match"), matches_for(agreement, person))


def advice_for(agreement: Agreement, person: Visitor) -> Document:
    """The opportunities as far as a person may read them; empty before the pipeline's first run.

    A need, an offer or an organisation is read as the ledger lets it be; what rests on one that is not leaves the list.
    """
    document = results(agreement, "advice")
    if not document:
        return document
    reader, ends = reader_of(person), [end for one in document["opportunities"] for end in one["ends"]]
    told = (reason["values"].get("listing", "") for one in document["opportunities"] for reason in one["reasons"])
    others = (other.get("id", "") for end in ends for other in end["others"])
    grounds = (one["ground"]["listing"] for one in document["opportunities"])
    listings = Listing.objects.filter(agreement=agreement, pk__in={*chain(told, others, grounds)} - {""})
    firms = Party.objects.filter(agreement=agreement, pk__in={firm["id"] for end in ends for firm in end["firms"]})
    seen, known = _keys(listings.visible_in(reader)), _keys(firms.visible_in(reader))
    return readable_advice(document, seen.__contains__, known.__contains__)


def record_of(agreement: Agreement, person: Visitor) -> dict[str, dict[str, int]]:
    """How the suggested pairs of each kind fared: suggested, accepted by both, signed; kinds without any left out.

    A pair counts as suggested while it is, and for ever once it became a case; a step counts as figures take it.
    """
    suggested: dict[str, set[tuple[str, str]]] = {}
    for kind in results(agreement, "match").get("kinds", ()):
        suggested[kind["kind"]] = {(one["need"], one["offer"]) for one in kind["matches"]}
    cases = Case.objects.filter(agreement=agreement, need__isnull=False, offer__isnull=False).visible_to(person)
    for kind, need, offer in cases.values_list("kind", "need", "offer"):
        suggested.setdefault(kind, set()).add((need, offer))
    reached = {
        node: _per_kind(Step.objects.filter(case__in=cases, kind=node, counts=True)) for node in ("match", "signed")
    }
    return {
        kind: {
            "suggested": len(pairs),
            "accepted": reached["match"].get(kind, 0),
            "signed": reached["signed"].get(kind, 0),
        }
        for kind, pairs in suggested.items()
        if pairs
    }


def _per_kind(steps: QuerySet[Step]) -> dict[str, int]:
    rows = steps.order_by().values("case__kind").annotate(n=Count("case", distinct=True))
    return dict(rows.values_list("case__kind", "n"))


class _Gate:
    """What one person may read of the listings of a match document; two queries, however many there are."""

    def __init__(self, agreement: Agreement, person: Visitor, listings: Mapping[str, Document]) -> None:
        self._listings = listings
        reader, rows = reader_of(person), Listing.objects.filter(agreement=agreement)
        if len(listings) <= _FEW:
            rows = rows.filter(pk__in=list(listings))
        self._scopes = reader.scopes
        self._seen = _keys(rows.visible_in(reader))
        self._is_party = isinstance(person, Person) and person.role in PARTY_ROLES
        self._suggested = _keys(rows.visible_in(reader.named_with())) if reader.scopes else self._seen

    def reads(self, key: str) -> bool:
        """Whether a listing is read by itself: as the ledger grants it, or inferred of one's own party or side."""
        row = self._listings.get(key, {})
        return self._is_own(row) if is_inferred(key, row) else key in self._seen

    def pairs(self, need: str, offer: str) -> bool:
        """Whether a pair is read."""
        if not self._is_party and self.reads(need) and self.reads(offer):
            return True
        return any(self._offers(one) and self._meets(other) for one, other in ((need, offer), (offer, need)))

    def _offers(self, key: str) -> bool:
        return self._is_own(self._listings.get(key, {})) and self.reads(key)

    def _meets(self, key: str) -> bool:
        """Whether a party may be told of a listing because one of its own is matched with it."""
        return self.reads(key) or (key in self._suggested and not is_inferred(key, self._listings.get(key, {})))

    def _is_own(self, row: Document) -> bool:
        return not self._scopes.isdisjoint((f"side:{row.get('region')}", f"party:{row.get('party')}"))


def _keys(rows: QuerySet[Any]) -> frozenset[str]:
    return frozenset(rows.values_list("pk", flat=True))
