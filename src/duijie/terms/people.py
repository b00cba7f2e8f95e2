"""Who takes part, and what they need or offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .source import Source

__all__ = ["Listing", "Party", "PartyKind"]

PartyKind = Literal["firm", "institute", "fund", "carrier", "association", "government", "talent"]


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation of one side.

    `inferred` names the fields that rest on an inference, not on a statement; `honours` are stock-exchange codes and
    titles that sources give it.
    """

    id: str
    kind: str
    region: str
    name: str
    name_en: str = ""
    uscc: str = ""
    industry: str = ""
    products: tuple[str, ...] = ()
    town: str = ""
    registered_on: str = ""
    cluster: str = ""
    inferred: tuple[str, ...] = ()
    source: Source = field(default_factory=Source)
    honours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A need or an offer of a party: `kind` at `version` of a kind file, with the `payload` that file describes.

    `valid_from`, `valid_until` are ISO dates or empty; `basis` ``derived`` marks an inferred listing, never shown as
    the organisation's own words; `side` is the region code that owns the record.
    """

    id: str
    kind: str
    version: int
    role: Literal["need", "offer"]
    side: str
    party: str
    payload: Mapping[str, Any]
    industry: str = ""
    valid_from: str = ""
    valid_until: str = ""
    basis: str = "published"
    visibility: str = "own"
    source: Source = field(default_factory=Source)
