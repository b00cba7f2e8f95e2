"""What a reader may see of what was worked out: nothing that rests on a listing kept from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["for_everyone", "is_inferred", "readable", "readable_advice", "readable_timetable"]

Row = Mapping[str, Any]
_PAIRS = ("matches", "ideas")


def is_inferred(key: str, listing: Row) -> bool:
    """Whether a need or an offer was inferred of its party and is not the party's own word.

    Parameters
    ----------
    key
        The id of the listing.
    listing
        The listing as the match document shows it.

    Examples
    --------
    >>> is_inferred("implied:need:f1:garment.fabric", {"basis": "derived"}), is_inferred("n1", {"basis": "published"})
    (True, False)
    """
    return listing.get("basis") == "derived" or key.startswith("implied:")


def readable(document: Row, reads: Callable[[str], bool], pairs: Callable[[str, str], bool]) -> dict[str, Any]:
    """The match document without what a reader may not see.

    Parameters
    ----------
    document
        As the pipeline wrote it; empty before its first run.
    reads
        Whether the reader may see a listing, by its id.
    pairs
        Whether the reader may see a pair, by the ids of its need and its offer.

    Returns
    -------
    dict
        Of the same shape. A listing stands in it where it is read or an end of a pair that is; a source where a
        listing that stands cites it. How many needs, offers and pairs a kind has in all stays as it was.
    """
    if not document:
        return {}
    kinds = [
        {
            **kind,
            **{name: [one for one in kind.get(name, ()) if pairs(one["need"], one["offer"])] for name in _PAIRS},
            "unmatched": [one for one in kind["unmatched"] if reads(one["need"])],
        }
        for kind in document["kinds"]
    ]
    ends = {one[end] for kind in kinds for name in _PAIRS for one in kind[name] for end in ("need", "offer")}
    listings = {key: row for key, row in document["listings"].items() if key in ends or reads(key)}
    sources = _cited(document, (row["source"] for row in listings.values()))
    return {**document, "kinds": kinds, "listings": listings, "sources": sources}


def readable_timetable(timetable: Row, whole: Row, shown: Row) -> dict[str, Any]:
    """The timetable without the meetings of pairs a reader may not see.

    Parameters
    ----------
    timetable
        As the pipeline wrote it; empty before its first run.
    whole, shown
        The match document, and what :func:`readable` left of it.

    Returns
    -------
    dict
        Of the same shape, with its counts, people and sources those of the meetings that are left. A meeting of a
        pair that no match document knows stays.
    """
    if not timetable:
        return {}
    hidden = _ids(whole) - _ids(shown)
    meetings, unplaced = (
        [one for one in timetable[name] if one["match"] not in hidden] for name in ("meetings", "unplaced")
    )
    met = {key for one in meetings for key in one["people"]}
    return {
        **timetable,
        "meetings": meetings,
        "unplaced": unplaced,
        "n_placed": len(meetings),
        "n_requested": len(meetings) + len(unplaced),
        "people": [one for one in timetable["people"] if one["id"] in met],
        "sources": _cited(timetable, shown.get("sources", ())),
    }


def readable_advice(document: Row, reads: Callable[[str], bool], names: Callable[[str], bool]) -> dict[str, Any]:
    """The opportunities without what a reader may not see.

    Parameters
    ----------
    document
        As the pipeline wrote it; empty before its first run.
    reads
        Whether the reader may see a listing, by its id.
    names
        Whether the reader may see an organisation, by its id.

    Returns
    -------
    dict
        Of the same shape. Needs, offers and organisations kept from the reader leave ends and reasons; an opportunity
        whose ground or place is kept from the reader leaves the list. How many firms stand at an end, and of how many
        the list was chosen, stays as it was.
    """
    if not document:
        return {}
    kept = [_advised(one, reads, names) for one in document["opportunities"] if _is_grounded(one, reads)]
    cited = [_short(source) for one in kept for source in _sources_of(one)]
    sources = [one for one in document.get("sources", ()) if _short(one) in cited]
    return {**document, "opportunities": kept, "sources": sources}


def _is_grounded(one: Row, reads: Callable[[str], bool]) -> bool:
    """Whether what it rests on is read: its ground, and of a transfer the place."""
    listing = one["ground"].get("listing")
    places = [other["id"] for end in one["ends"] for other in end["others"] if one["kind"] == "moves"]
    return all(map(reads, (*places, *([listing] if listing else ()))))


def _advised(one: Row, reads: Callable[[str], bool], names: Callable[[str], bool]) -> dict[str, Any]:
    ends = []
    for end in one["ends"]:
        firms = [firm for firm in end["firms"] if names(firm["id"])]
        others = [other for other in end["others"] if "id" not in other or reads(other["id"])]
        ends.append({**end, "firms": firms, "others": others, "is_open": not firms and not others})
    said = (
        reason for reason in one["reasons"] if "listing" not in reason["values"] or reads(reason["values"]["listing"])
    )
    return {**one, "ends": ends, "reasons": list(said)}


def _sources_of(one: Row) -> list[Row]:
    rows = [row for end in one["ends"] for row in (*end["firms"], *end["others"]) if "source" in row]
    return [one["ground"]["source"], *(row["source"] for row in rows)]


def _short(source: Row) -> tuple[str, ...]:
    return tuple(str(source.get(name) or "") for name in ("publisher", "title", "as_of"))


def for_everyone(results: Mapping[str, Row]) -> dict[str, Row]:
    """The pipeline's documents by name as a paper for all may hold them.

    Nothing inferred of a named party, and nothing that opens only to those it is matched with.

    Parameters
    ----------
    results
        The documents by name; ``match``, ``meet`` and ``advice`` are cut, the others are as they were.

    Returns
    -------
    dict
        The same names. A document that is absent stays absent.
    """
    match = results.get("match", {})
    listings = match.get("listings", {})

    def is_said(*keys: str) -> bool:
        rows = {key: listings.get(key, {}) for key in keys}
        return not any(is_inferred(key, row) or row.get("visibility") == "matched" for key, row in rows.items())

    shown = readable(match, is_said, is_said)
    cut = {
        "match": shown,
        "meet": readable_timetable(results.get("meet", {}), match, shown),
        "advice": readable_advice(results.get("advice", {}), is_said, lambda _: True),
    }
    return {**results, **{name: one for name, one in cut.items() if name in results}}


def _cited(document: Row, sources: Iterable[Row]) -> list[Row]:
    """The sources of a document that are among some sources, whatever key they have there."""
    said = {_words(one) for one in sources}
    return [one for one in document.get("sources", ()) if _words(one) in said]


def _words(source: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in source.items() if name != "key"))


def _ids(document: Row) -> set[str]:
    return {one["id"] for kind in document.get("kinds", ()) for one in kind["matches"]}
