"""Everything a pair report is made of, with the look-ups its sections share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie.terms import Bilingual, ChainTemplate, Counts, IOTable, Party

from .conventions import Convention
from .groupings import Grouping

__all__ = ["Inputs", "say"]

Floats = NDArray[np.float64]
Say = Mapping[str, str]
SHOWN_FIRMS = 8


def say(name: Bilingual) -> Say:
    """A bilingual name as reasons carry it."""
    return {"zh": name["zh"], "en": name["en"]}


@dataclass(frozen=True)
class Inputs:
    """What was given; empty where nothing was."""

    counts: Counts
    regions: tuple[str, str]
    national: str
    parties: tuple[Party, ...]
    io: Mapping[str, IOTable]
    sector_of: Mapping[str, str]
    names: Mapping[str, Bilingual]
    chains: Sequence[ChainTemplate] = ()
    vocabulary: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    groupings: Sequence[Grouping] = ()
    before: Counts | None = None
    convention: str | Convention = "atlas"

    def say(self, code: str) -> Say:
        return say(self.names.get(code, Bilingual(code, code)))

    def row(self, region: str) -> Floats:
        return np.asarray(self.counts.values[self.counts.regions.index(region)], dtype=np.float64)

    def table(self, region: str) -> IOTable | None:
        """The input–output table of a region or of the nearest wider area: city, then province, by code."""
        return next((self.io[code] for code in _areas(region) if code in self.io), None)

    def sector(self, industry: str) -> str:
        """The sector of an industry or of the nearest heading above it, by its leading digits."""
        heads = (industry[:n] for n in range(len(industry), 0, -1))
        return next((self.sector_of[head] for head in heads if head in self.sector_of), "")

    @cached_property
    def by_id(self) -> Mapping[str, Party]:
        return {party.id: party for party in self.parties}

    def firms(self, ids: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
        """The first few firms, those with most stated and least inferred first."""
        known = sorted((self.by_id[one] for one in ids), key=lambda p: (len(p.inferred), -len(p.products), p.id))
        return tuple({"id": p.id, "name": p.name, "products": p.products} for p in known[:SHOWN_FIRMS])

    def firms_in(self, region: str, industry: str) -> tuple[Mapping[str, Any], ...]:
        return self.firms([p.id for p in self.parties if p.region == region and p.industry.startswith(industry)])


def _areas(region: str) -> tuple[str, ...]:
    return region, region[:4] + "00", region[:2] + "0000"
