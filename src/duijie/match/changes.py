"""What changed in a kind since it was ranked, beside the document of matches, and laid over it when read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from duijie.data.documents import plain
from duijie.terms import Listing, Party

from .ranked import Ranked, Renewed

__all__ = ["inside_rows", "listing_row", "taken_in", "with_changes", "with_inside"]

Row = Mapping[str, Any]


def listing_row(listing: Listing, parties: Mapping[str, Party]) -> dict[str, Any]:
    """A listing as a reader of the document needs it."""
    party = parties.get(listing.party)
    return {
        "title": listing.payload.get("title", ""),
        "details": listing.payload.get("details", ""),
        "party": listing.party,
        "party_name": party.name if party else "",
        "region": listing.side,
        "kind": listing.kind,
        "role": listing.role,
        "industry": listing.industry,
        "basis": listing.basis,
        "visibility": listing.visibility,
        "source": listing.source,
    }


def taken_in(
    before: Row,
    renewed: Renewed,
    listings: Sequence[Listing],
    gone: Collection[str],
    parties: Mapping[str, Party],
    **counts: int,
) -> dict[str, Any]:
    """The changes of a kind with one more.

    Parameters
    ----------
    before
        The changes so far; empty right after the kind was ranked.
    renewed
        What :meth:`~duijie.match.ranked.Ranked.changed` answered.
    listings, gone, parties
        What was handed to it.
    counts
        ``n_needs`` and ``n_offers`` as they are now.
    """
    found: dict[str, Any] = {need: {"matches": [], "unmatched": []} for need in sorted(renewed.needs)}
    for match in renewed.matches:
        found[match.need]["matches"].append(match.to_dict())
    for lone in renewed.unmatched:
        found[lone.need]["unmatched"].append(lone.to_dict())
    rows = {one.id: listing_row(one, parties) for one in listings}
    left = {*before.get("gone", ()), *gone} - rows.keys()
    said: dict[str, Any] = plain(
        {
            "needs": _without({**before.get("needs", {}), **found}, gone),
            "listings": _without({**before.get("listings", {}), **rows}, gone),
            "gone": sorted(left),
            **counts,
        }
    )
    return said


def inside_rows(listings: Sequence[Listing], renewed: Renewed, after: Ranked) -> dict[str, Any]:
    """What listings that are not open yet would be matched with, by their ids: for their own side alone.

    Parameters
    ----------
    listings
        Of one side, as it knows them itself.
    renewed, after
        What :meth:`~duijie.match.ranked.Ranked.changed` answered for them; nothing of it is kept in the ranking.
    """
    known = {one.id: one for pool in after.pools for one in pool.listings}
    found = dict[str, Any]()
    for own in listings:
        pairs = [one for one in renewed.matches if own.id in (one.need, one.offer)]
        ends = {own.id, *(end for one in pairs for end in (one.need, one.offer))}
        rows = {key: listing_row(known[key], after.index.offers.parties) for key in ends}
        about = {"kind": own.kind, "side": own.side, "listings": rows}
        found[own.id] = {**about, "matches": [one.to_dict() | {"is_inside": True} for one in pairs]}
    said: dict[str, Any] = plain(found)
    return said


def with_inside(document: Row, inside: Mapping[str, Row], side: str) -> Row:
    """The document with what one side's listings would be matched with that it has not opened yet (`inside_rows`)."""
    own = [one for one in inside.values() if one["side"] == side]
    if not own or not document.get("kinds"):
        return document
    kinds = [
        {
            **row,
            "matches": [
                *row["matches"],
                *(pair for one in own if one["kind"] == row["kind"] for pair in one["matches"]),
            ],
        }
        for row in document["kinds"]
    ]
    rows = {key: row for one in own for key, row in one["listings"].items()}
    return {**document, "kinds": kinds, "listings": {**rows, **document["listings"]}}


def with_changes(document: Row, changes: Mapping[str, Row]) -> Row:
    """The document with the changes of its kinds, by kind; those that speak of another ranking (`stamp`) are left out.

    What a reader gets is the document that ranking the changed needs within it would give: assignment, ideas and the
    number of pairs stay as the whole ranking left them.
    """
    own = {row["kind"]: row.get("stamp") for row in document.get("kinds", ())}
    meant = {kind: one for kind, one in changes.items() if kind in own and own[kind] == one["stamp"]}
    if not meant:
        return document
    gone = {key for one in meant.values() for key in one["gone"]}
    new = {key: row for one in meant.values() for key, row in one["listings"].items()}
    return {
        **document,
        "kinds": [_changed(row, meant[row["kind"]]) if row["kind"] in meant else row for row in document["kinds"]],
        "listings": {**_without(document["listings"], gone), **new},
        "sources": _sources(document.get("sources", ()), [row["source"] for row in new.values()]),
    }


def _changed(row: Row, one: Row) -> dict[str, Any]:
    gone, needs = set(one["gone"]), one["needs"]

    def renewed(name: str) -> list[Row]:
        kept = (old for old in row[name] if old["need"] not in needs and gone.isdisjoint(_ends(old)))
        new = (old for need in needs.values() for old in need[name])
        return sorted([*kept, *new], key=lambda old: (old["need"], old.get("rank", 0)))

    ideas = [idea for idea in row.get("ideas", ()) if gone.isdisjoint(_ends(idea))]
    counts = {"n_needs": one["n_needs"], "n_offers": one["n_offers"], "ideas": ideas, "n_ideas": len(ideas)}
    return {**row, "matches": renewed("matches"), "unmatched": renewed("unmatched"), **counts}


def _ends(row: Row) -> tuple[str, ...]:
    return tuple(row[end] for end in ("need", "offer") if end in row)


def _sources(known: Sequence[Row], more: Iterable[Row]) -> list[Row]:
    found = list(known)
    said = [{name: value for name, value in one.items() if name != "key"} for one in known]
    for source in more:
        if source not in said and (source["publisher"] or source["title"]):
            said.append(dict(source))
            found.append({"key": f"s{len(found) + 1}", **source})
    return found


def _without(rows: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: row for key, row in rows.items() if key not in keys}
