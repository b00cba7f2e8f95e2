"""Everything a pair report is made of, with the look-ups its sections share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie.terms import (
    Bilingual,
    ChainTemplate,
    Counts,
    Directory,
    EvidenceRules,
    Heading,
    IOTable,
    Party,
    ProductRelation,
    Standing,
    chain_headings,
)

from .conventions import Convention
from .groupings import Grouping

__all__ = ["Inputs", "firm_of", "longest_head", "say", "stage_directory", "word_directory"]

Floats = NDArray[np.float64]
Say = Mapping[str, str]
SHOWN_FIRMS = 8
_MAKING = re.compile("(专用)?(制造|加工|生产|活动)?业?$")
_AND = re.compile("[、和及与(]|以及")


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
    relations: Sequence[ProductRelation] | None = None
    rules: EvidenceRules = field(default_factory=EvidenceRules)
    weights: Mapping[str, float] = field(default_factory=dict)
    detailed: IOTable | None = None
    detailed_sector_of: Mapping[str, str] = field(default_factory=dict)
    least_input: float = 0.0

    def say(self, code: str) -> Say:
        return say(self.names.get(code, Bilingual(code, code)))

    def row(self, region: str) -> Floats:
        return np.asarray(self.counts.values[self.counts.regions.index(region)], dtype=np.float64)

    def table(self, region: str) -> IOTable | None:
        """The input–output table of a region or of the nearest wider area: city, then province, by code."""
        return next((self.io[code] for code in _areas(region) if code in self.io), None)

    def sector(self, industry: str) -> str:
        """The sector of an industry or of the nearest heading above it, by its leading digits."""
        return longest_head(self.sector_of, industry)

    def purchases(self, buyer: str) -> tuple[IOTable | None, Mapping[str, str]]:
        """The table that says best what is bought from whom, and its sectors: the detailed one, else the buyer's."""
        if self.detailed is not None:
            return self.detailed, self.detailed_sector_of
        return self.table(buyer) or self.io.get(self.national), self.sector_of

    @cached_property
    def by_id(self) -> Mapping[str, Party]:
        return {party.id: party for party in self.parties}

    @cached_property
    def stages(self) -> Directory:
        """The firms at the stages of all chains."""
        return stage_directory(self.parties, self.chains, self.rules, self.weights)

    @cached_property
    def words(self) -> Directory:
        """The firms at the product words of all classes."""
        return word_directory(self.parties, self.vocabulary, self.chains, self.rules, self.weights)

    @cached_property
    def industries(self) -> Directory:
        """The firms in the counted industries: their code says so and what they state is something made there."""
        headings = tuple(
            Heading(("industry", code), tuple(sorted(self._made_in(code))), (code,)) for code in self.counts.industries
        )
        return Directory(self.parties, headings, self.rules, self.weights)

    def _made_in(self, code: str) -> set[str]:
        """What is made in an industry: the words of its names, of its stages and of its classes."""
        names = [name.zh for own, name in self.names.items() if own.startswith(code)]
        made = {part for name in names for part in _parts_of(name)}
        for heading in (*self.stages.headings, *self.words.headings):
            if any(own.startswith(code) or code.startswith(own) for own in heading.industries):
                made.update(heading.products)
        return made

    def firms(self, found: Sequence[Standing]) -> tuple[Mapping[str, Any], ...]:
        """The first few firms with what they rest on: the phrase, and what the industry code says of it."""
        return tuple(firm_of(self.by_id[row.party], row) for row in found[:SHOWN_FIRMS])

    def firms_in(self, region: str, industry: str) -> tuple[Standing, ...]:
        """The firms of a region on evidence in a counted industry, best first; a wider code does not suffice."""
        found = self.industries.at(("industry", industry), region)
        return tuple(row for row in found if self.by_id[row.party].industry.startswith(industry))


def stage_directory(
    parties: Sequence[Party], chains: Sequence[ChainTemplate], rules: EvidenceRules, weights: Mapping[str, float]
) -> Directory:
    """The firms at the stages of some chains, under the keys (chain, stage)."""
    return Directory(parties, chain_headings(chains), rules, weights)


def word_directory(
    parties: Sequence[Party],
    vocabulary: Mapping[str, Sequence[Mapping[str, Any]]],
    chains: Sequence[ChainTemplate],
    rules: EvidenceRules,
    weights: Mapping[str, float],
) -> Directory:
    """The firms at the product words of some classes, under the keys (class, word)."""
    stages = chain_headings(chains)
    headings = tuple(
        Heading((code, str(row["word"])), (str(row["word"]), *map(str, row.get("aliases") or ())), (code,), kin)
        for code, rows in vocabulary.items()
        for kin in [_kin_of(code, stages)]
        for row in rows
    )
    return Directory(parties, headings, rules, weights)


def _kin_of(code: str, stages: Sequence[Heading]) -> tuple[str, ...]:
    """The divisions near the chains' stages that an industry class belongs to."""
    found = {
        division
        for heading in stages
        for division in heading.kin
        if any(own.startswith(code) or code.startswith(own) for own in heading.industries)
    }
    return tuple(sorted(found))


def firm_of(party: Party, row: Standing) -> Mapping[str, Any]:
    """A firm as evidence is shown: what it rests on, and what the industry code says of it."""
    source = party.source
    return {
        "id": party.id,
        "name": party.name,
        "products": party.products,
        "phrase": row.phrase,
        "code": row.code,
        "industry": party.industry,
        "is_stated": row.is_stated,
        "source": {"publisher": source.publisher, "title": source.title, "as_of": source.as_of},
    }


def longest_head(sector_of: Mapping[str, str], industry: str) -> str:
    """The sector of an industry or of the nearest heading above it; empty where none is."""
    heads = (industry[:n] for n in range(len(industry), 0, -1))
    return next((sector_of[head] for head in heads if head in sector_of), "")


def _parts_of(name: str) -> list[str]:
    """The things a heading's name lists, without the words for making them.

    Examples
    --------
    >>> _parts_of("汽车零部件及配件制造"), _parts_of("纸和纸板容器制造")
    (['汽车零部件', '配件'], ['纸', '纸板容器'])
    """
    bare = _MAKING.sub("", name)
    return [part for part in _AND.split(bare) if part]


def _areas(region: str) -> tuple[str, ...]:
    return region, region[:4] + "00", region[:2] + "0000"
