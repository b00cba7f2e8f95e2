"""The tables that wings hand to each other: always arrays with named axes, never a dataframe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .source import Source

__all__ = [
    "ChainLink",
    "ChainStage",
    "ChainTemplate",
    "Counts",
    "IOTable",
    "ProductRelation",
    "Relatedness",
    "TravelTimes",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """How much of each industry each region has: firms, output, exports.

    `values` has shape (regions, industries), finite and ≥ 0; `unit` says of what ("firms", "10k CNY"); `note` carries
    the warning a reader needs ("sample of registrations, not a census").
    """

    regions: tuple[str, ...]
    industries: tuple[str, ...]
    values: Floats
    unit: str
    year: str = ""
    note: str = ""
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, eq=False)
class IOTable:
    """One economy's input–output table.

    `flows` (sectors, sectors) are sales of the row to the column, `final_demand` and `output` (sectors,), all in
    `unit`; `value_added` (sectors,) may be None.
    """

    sectors: tuple[str, ...]
    flows: Floats
    final_demand: Floats
    output: Floats
    unit: str
    year: str = ""
    region: str = ""
    value_added: Floats | None = None
    names: Mapping[str, Any] = field(default_factory=dict)
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, eq=False)
class Relatedness:
    """How near industries are to each other: `values` (industries, industries), symmetric, 0–1."""

    industries: tuple[str, ...]
    values: Floats
    convention: str = ""


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Fastest travel in minutes between places, `minutes` (places, places), NaN where no way is known."""

    places: tuple[str, ...]
    minutes: Floats
    as_of: str = ""
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, slots=True)
class ChainStage:
    """One stage of an industrial chain: the industry code prefixes and product words that belong to it.

    `is_strict` where makers of neighbouring stages often list the product without making it: only a code of the stage
    itself counts.
    """

    key: str
    name: Mapping[str, str]
    industries: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class ChainLink:
    """`supplier` stage delivers to `buyer` stage; `why` is a bilingual note.

    `flow` is ``input`` (a current input of the buyer), ``capital`` (equipment it invests in) or ``trade`` (goods sold
    through it). `heading` is the class of the industry classification whose name says so; empty where none does.
    `used_by` names the buyers that use it, by industry code or by product, `supplied_by` the suppliers whose goods are
    meant; empty where all of the stage do.
    """

    supplier: str
    buyer: str
    why: Mapping[str, str] = field(default_factory=dict)
    flow: str = "input"
    heading: str = ""
    used_by: tuple[str, ...] = ()
    supplied_by: tuple[str, ...] = ()

    def is_used(self, code: str, product: str) -> bool:
        """Whether a maker at the buying stage uses what is supplied, by its industry code and what it makes.

        A mill's knits are no cloth for a maker of suits, its mesh no upper of a leather shoe.
        """
        return _is_one(self.used_by, code, product)

    def is_supplied(self, code: str, product: str) -> bool:
        """Whether what a maker at the supplying stage makes is what the link is about."""
        return _is_one(self.supplied_by, code, product)


def _is_one(named: tuple[str, ...], code: str, product: str) -> bool:
    """Whether a code is one of those named: another class never is, a class above leaves it to the product."""
    codes = tuple(one for one in named if one.isdigit())
    words = tuple(one for one in named if not one.isdigit())
    if not named or (code and codes and code.startswith(codes)):
        return True
    is_other = bool(codes) and len(code) >= max(map(len, codes))
    return not is_other and bool(words) and product.endswith(words)


@dataclass(frozen=True, slots=True)
class ChainTemplate:
    """An industrial chain as data: stages from raw material to market, and the links between them."""

    key: str
    name: Mapping[str, str]
    stages: tuple[ChainStage, ...]
    links: tuple[ChainLink, ...]


@dataclass(frozen=True, slots=True)
class ProductRelation:
    """What two products of an industry class have to do with one another.

    `kind` is ``input`` (`word_a` goes into `word_b`), ``completes`` (`word_a` is a step or equipment `word_b` lacks),
    ``same_customers`` or ``substitute`` (either order); `why` is a bilingual note with its `source`.
    """

    kind: str
    industry: str
    word_a: str
    word_b: str
    why: Mapping[str, str] = field(default_factory=dict)
    source: Source = field(default_factory=Source)
