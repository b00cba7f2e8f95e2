"""Kinds of match as they were ranked, in the memory of the process that ranks: what changes is taken in at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q

from duijie import agenda
from duijie.agenda.writing import write_json
from duijie.ledger.kinds import stage_rank
from duijie.ledger.seal import Chain, Head
from duijie.match.changes import inside_rows, taken_in, with_changes
from duijie.match.ranked import Ranked
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.powers import BOTH_SIDES
from duijie_portal.ledger.models import Agreement, Listing
from duijie_portal.ledger.selectors import (
    fields_of,
    listing_term,
    party_term,
    result_file,
    result_path,
    results,
    subjects_since,
)
from duijie_portal.ledger.store import DatabaseLog
from duijie_portal.match.suggestion_notices import ring_new

from .material import material_of, opened_of, says

__all__ = ["rank_whole", "take_in"]

# Where more was recorded, looking up each need that it reaches costs about as much as ranking all of them.
_MOST_CHANGES = 1_000


@dataclass(frozen=True, eq=False)
class _Kept:
    """A kind as it was ranked on a day, up to the heads of the chains; `stamp` names its part of the document."""

    heads: Mapping[Chain, Head]
    on: date
    stamp: str
    ranked: Ranked


_KEPT: dict[tuple[Path, str, str], _Kept] = {}


def rank_whole(agreement: Agreement, kind: str, *, as_of: date) -> Mapping[str, Any]:
    """Rank a kind anew over all that is on record, and share its places out; the document as it is read then."""
    heads = DatabaseLog(agreement).heads()  # first: what is recorded meanwhile is taken in by another job
    whole, changes = result_file(agreement, "match"), dict(result_file(agreement, "match.changes"))
    document, ranked = agenda.rank(material_of(agreement), kind, whole, as_of=as_of)
    changes.pop(kind, None)
    found = with_changes(document, changes)
    # before they are written: begun anew, nobody is told twice
    ring_new(agreement, results(agreement, "match"), found)
    write_json(result_path(agreement, "match"), document)
    write_json(result_path(agreement, "match.changes"), changes)
    _KEPT.pop(_place(agreement, kind), None)
    if ranked is not None:
        _KEPT[_place(agreement, kind)] = _Kept(heads, as_of, _stamp(document, kind), ranked)
        _keep_inside(agreement, kind, ranked, None)
    return found


def take_in(agreement: Agreement, kind: str, *, as_of: date) -> Mapping[str, Any]:
    """Take in what was recorded of a kind's listings since it was ranked; all of it is ranked where that is not kept.

    What another process took in meanwhile is taken in here as well: both start from the same ranking, by its stamp.
    """
    heads, whole = DatabaseLog(agreement).heads(), result_file(agreement, "match")
    kept = _KEPT.get(_place(agreement, kind))
    if kept is None or kept.on != as_of or kept.stamp != _stamp(whole, kind):
        return rank_whole(agreement, kind, as_of=as_of)
    subjects = subjects_since(agreement, kept.heads)
    if len(subjects) > _MOST_CHANGES:
        return rank_whole(agreement, kind, as_of=as_of)
    keys, owners = _concerned(agreement, kind, subjects)
    opened, parties = opened_of(agreement, keys)
    # what was inferred is an idea, and ideas are chosen over all kinds: by the whole ranking
    listings = [one for one in opened if one.basis != "derived"]
    known = {one.id: one for pool in kept.ranked.pools for one in pool.listings}
    new = [one for one in listings if known.get(one.id) != one or one.party in owners]
    gone = known.keys() & (keys - {one.id for one in listings})
    ranked, renewed = kept.ranked.changed(new, gone, parties=parties)
    changes = dict(result_file(agreement, "match.changes"))
    before = changes.get(kind, {}) if changes.get(kind, {}).get("stamp") == kept.stamp else {}
    n_needs, n_offers = map(len, ranked.pools)
    own = taken_in(before, renewed, new, gone, parties, n_needs=n_needs, n_offers=n_offers)
    changes[kind] = {**own, "stamp": kept.stamp}
    found = with_changes(whole, changes)
    ring_new(agreement, results(agreement, "match"), found)
    write_json(result_path(agreement, "match.changes"), changes)
    _KEPT[_place(agreement, kind)] = _Kept(heads, as_of, kept.stamp, ranked)
    _keep_inside(agreement, kind, ranked, keys)
    return found


def _place(agreement: Agreement, kind: str) -> tuple[Path, str, str]:
    return Path(settings.HOME), agreement.pk, kind


def _stamp(document: Mapping[str, Any], kind: str) -> str:
    return str(next((row.get("stamp") for row in document.get("kinds", ()) if row["kind"] == kind), ""))


def _concerned(agreement: Agreement, kind: str, subjects: Collection[str]) -> tuple[set[str], set[str]]:
    """The listings of a kind that something was recorded of, or of their owners; and these owners."""
    named = [subject.partition("/") for subject in subjects]
    own, owners = ({key for sort, _, key in named if sort == asked} for asked in ("listing", "party"))
    rows = Listing.objects.filter(Q(pk__in=own) | Q(party__in=owners), agreement=agreement, kind=kind)
    return set(rows.values_list("pk", flat=True)), owners


# What a side has not opened yet


def _keep_inside(agreement: Agreement, kind: str, ranked: Ranked, keys: Collection[str] | None) -> None:
    """Match what the sides of this node have not opened yet, for their own eyes: all of a kind, or some listings.

    Nothing of it enters the document that both sides read, nor what it is ranked with.
    """
    mine = Listing.objects.filter(agreement=agreement, kind=kind)
    mine = mine.exclude(pk__in=mine.visible_to(BOTH_SIDES).values("pk")).exclude(basis="derived")
    rows = mine.filter(source__withdrawn_on__isnull=True).select_related("party")
    held = dict(result_file(agreement, "match.inside"))
    for key, one in list(held.items()):
        if one["kind"] == kind and (keys is None or key in keys):
            del held[key]
    by_side: dict[str, list[Listing]] = {}
    for row in rows if keys is None else rows.filter(pk__in=keys):
        if is_hosted(row.side_id):
            by_side.setdefault(row.side_id, []).append(row)
    for own in by_side.values():
        held |= _inside(ranked, own)
    write_json(result_path(agreement, "match.inside"), held)


def _inside(ranked: Ranked, rows: Sequence[Listing]) -> dict[str, Any]:
    every = (listing_term(row, fields_of(row, stage_rank("own"))) for row in rows)
    listings = [one for one in every if says(one)]
    parties = {row.party_id: party_term(row.party) for row in rows}
    after, renewed = ranked.changed(listings, parties=parties)
    return inside_rows(listings, renewed, after)
