"""Who may see what: grants by scope and stage, and the mask of a row at a stage. Pure; a store asks the same in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from duijie.terms import Listing

from .kinds import split_of, stage_rank

__all__ = ["NOBODY", "Grant", "Reader", "mask", "shared", "stage_of"]


@dataclass(frozen=True, slots=True)
class Grant:
    """`scope` may read a subject (``sort/id``) up to `stage`, a rank: 0 public, 1 matched, 2 agreed, 3 own."""

    subject: str
    scope: str
    stage: int


@dataclass(frozen=True, slots=True)
class Reader:
    """One who asks, as the scopes it is in: ``public``, ``sides``, ``side:X``, ``party:Y``, ``suggested``.

    ``inferred`` is no person's: the matching alone counts with what was inferred of a party.
    """

    scopes: frozenset[str]

    def named_with(self) -> Reader:
        """The same reader before a suggestion that names its own party."""
        return Reader(self.scopes | {"suggested"})


NOBODY = Reader(frozenset())


def stage_of(grants: Iterable[Grant], subject: str, reader: Reader) -> int | None:
    """The highest stage a reader reaches of a subject; None: for them it does not exist.

    Examples
    --------
    >>> grants = [Grant("listing/a", "public", 0), Grant("listing/a", "side:x", 3)]
    >>> stage_of(grants, "listing/a", Reader(frozenset({"public"}))), stage_of(grants, "listing/b", NOBODY)
    (0, None)
    """
    reached = [one.stage for one in grants if one.subject == subject and one.scope in reader.scopes]
    return max(reached, default=None)


def mask(sort: str, fields: Mapping[str, Any], stage: int | None) -> dict[str, Any]:
    """The fields of a party or a listing that a stage reaches, as its kind's file says; none without a stage.

    Examples
    --------
    >>> said = {"kind": "supply", "role": "need", "payload.title": "鞋面", "payload.price_most_cny": 12}
    >>> sorted(mask("listing", said, 0)), sorted(mask("listing", said, 1))[1]
    (['kind', 'payload.title', 'role'], 'payload.price_most_cny')
    """
    if stage is None:
        return {}
    labels = split_of(sort, fields)
    return {key: value for key, value in fields.items() if stage_rank(labels[key].partition("/")[0]) <= stage}


# Whom a listing avoids is kept by every matching, though nobody reads it: no result quotes it.
_KEPT = frozenset({"blocked"})


def shared(listing: Listing) -> Listing:
    """A listing as both sides read it before anybody accepted: what a shared result may rest on.

    Examples
    --------
    >>> said = {"title": "鞋面", "price_most_cny": 12, "blocked": ["甲厂"]}
    >>> shared(Listing("a", "supply", 1, "need", "x", "p", said)).payload
    {'title': '鞋面', 'blocked': ['甲厂']}
    """
    named = {f"payload.{key}": value for key, value in listing.payload.items()}
    open_ones = mask("listing", {"kind": listing.kind, "role": listing.role, **named}, stage_rank("public"))
    payload = {key: value for key, value in listing.payload.items() if f"payload.{key}" in open_ones or key in _KEPT}
    return replace(listing, payload=payload)
