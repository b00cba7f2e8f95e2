"""Where listings stand on industrial chains, and which stage delivers to which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from duijie.data import evidence_rules
from duijie.terms import ChainStage, ChainTemplate, Directory, chain_headings
from duijie.terms.tokens import normalize, phrases

from .candidates import Column, Pool

__all__ = ["StageBook", "Standing"]

StageKey = tuple[str, str]
# Characters behind a thing that may say what is done with it; with more behind it, it only describes another thing.
_TAIL = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """The stages a party works at (by industry and products), and those its listing names by their products."""

    own: frozenset[StageKey]
    named: frozenset[StageKey]


@dataclass(frozen=True, eq=False)
class StageBook:
    """All stages and links of some chains."""

    chains: tuple[ChainTemplate, ...]
    _columns: WeakKeyDictionary[Pool, Column] = field(default_factory=WeakKeyDictionary)
    _coded_stages: dict[str, frozenset[StageKey]] = field(default_factory=dict)
    _phrases: dict[str, frozenset[StageKey]] = field(default_factory=dict)
    _tables: WeakKeyDictionary[Column, NDArray[np.bool_]] = field(default_factory=WeakKeyDictionary)

    @cached_property
    def stages(self) -> Mapping[StageKey, ChainStage]:
        return {(chain.key, stage.key): stage for chain in self.chains for stage in chain.stages}

    @cached_property
    def links(self) -> Mapping[tuple[StageKey, StageKey], Mapping[str, str]]:
        """(supplier, buyer) pairs, each with what the one's goods are to the other."""
        return {
            ((chain.key, link.supplier), (chain.key, link.buyer)): link.why
            for chain in self.chains
            for link in chain.links
        }

    def join(self, one: Pool, more: Pool, joined: Pool, order: NDArray[np.int64]) -> None:
        """Take over what is known of two pools for the one that holds the listings of both in `order`."""
        if one in self._columns:
            self._columns[joined] = self._columns[one].joined(self.column(more), order)

    def column(self, pool: Pool) -> Column:
        """The standing of each listing of a pool."""
        if pool not in self._columns:
            self._columns[pool] = self._coded(pool)
        return self._columns[pool]

    def _coded(self, pool: Pool) -> Column:
        said, fields, listed = (pool.texts(names) for names in (["title", "details"], ["field"], ["products"]))
        products = pool.texts(["party.products"])
        places: dict[Standing, int] = {}
        groups = np.zeros(len(pool), np.int32)
        for at in range(len(pool)):
            industry = str(pool.value(at, "industry") or "")
            own = self._by_industry(industry) | self._by_phrases(products[at])
            named = self._by_phrases(listed[at]) | (self._by_words(said[at]) or self._by_words(fields[at]))
            groups[at] = places.setdefault(Standing(own, named), len(places))
        return Column(groups, tuple(places))

    def values(self, need: Standing, offers: Column, direction: str) -> NDArray[np.float64]:
        """1 where the offer stands at a stage the need names, 0.8 where a link joins them, 0.3 at the same stage.

        With the direction ``named`` only the first counts, all else is 0: whom real buyers buy from lies no more often
        at the stage before them than elsewhere.
        Shape (values of the offers' column,); NaN where a side stands at no stage.
        """
        stands = self._stands(offers)
        if not (need.own | need.named):
            return np.full(len(stands), np.nan)
        found: NDArray[np.float64] = np.zeros(len(stands))
        if direction != "named":
            found[self._meets(stands, need.own)] = 0.3
            found[self._meets(stands, self._partners(need, direction))] = 0.8
        found[self._meets(stands, need.named)] = 1.0
        return np.where(stands.any(axis=1), found, np.nan)

    @cached_property
    def _places(self) -> Mapping[StageKey, int]:
        return {key: at for at, key in enumerate(self.stages)}

    def _stands(self, offers: Column) -> NDArray[np.bool_]:
        """At which stages each distinct standing is, shape (values, stages)."""
        if offers not in self._tables:
            table = np.zeros((len(offers.values), len(self.stages)), bool)
            for at, standing in enumerate(offers.values):
                # What a listing names is what it is about; where its party stands counts only where it names nothing.
                table[at, [self._places[key] for key in standing.named or standing.own]] = True
            self._tables[offers] = table
        return self._tables[offers]

    def _meets(self, stands: NDArray[np.bool_], stages: Iterable[StageKey]) -> NDArray[np.bool_]:
        return np.asarray(stands[:, [self._places[key] for key in stages]].any(axis=1))

    def _partners(self, need: Standing, direction: str) -> frozenset[StageKey]:
        """The stages an offer may stand at to be linked with a need."""
        ours = need.own or need.named
        down = {supplier for supplier, buyer in self.links if buyer in ours}
        up = {buyer for supplier, buyer in self.links if supplier in ours}
        return frozenset({"offer_supplies": down, "need_supplies": up, "either": down | up}[direction])

    def link(self, need: Standing, offer: Standing, direction: str) -> tuple[StageKey, StageKey] | None:
        """The (supplier, buyer) link between the two, first one the listings name; None where there is none."""
        ours, theirs, about = need.own or need.named, offer.own | offer.named, need.named & offer.named

        def first(links: Iterable[tuple[StageKey, StageKey]]) -> list[tuple[StageKey, StageKey]]:
            return sorted(links, key=lambda link: (not about.intersection(link), link))

        down = first((s, b) for s, b in self.links if s in theirs and b in ours)
        up = first((s, b) for s, b in self.links if s in ours and b in theirs)
        found: Mapping[str, Any] = {"offer_supplies": down, "need_supplies": up, "either": down + up, "named": down}
        return next(iter(found[direction]), None)

    def spoken(self, text: str) -> frozenset[StageKey]:
        """The stages that running text speaks of."""
        return self._by_words(text)

    def ending(self, text: str) -> frozenset[StageKey]:
        """The stages whose thing a title ends with, but for a word or two of what is done with it (…打印制备)."""
        return frozenset().union(*(self._by_phrase(one) or self._by_last(one) for one in phrases(text)))

    def _by_last(self, phrase: str) -> frozenset[StageKey]:
        ends = {
            (at + len(word), key) for word, key in self._products if (at := phrase.rfind(word)) >= 0 and len(word) > 1
        }
        last = max((end for end, _ in ends), default=0)
        return frozenset(key for end, key in ends if end == last and len(phrase) - last <= _TAIL)

    def _by_industry(self, code: str) -> frozenset[StageKey]:
        if code not in self._coded_stages:
            stages = self.stages.items()
            found = (key for key, stage in stages if any(code.startswith(prefix) for prefix in stage.industries))
            self._coded_stages[code] = frozenset(found)
        return self._coded_stages[code]

    def _by_words(self, text: str) -> frozenset[StageKey]:
        """The stages that running text speaks of: by the thing a phrase ends with, else by any word in it."""
        found = (self._by_phrase(phrase) or self._by_part(phrase) for phrase in phrases(text))
        return frozenset().union(*found)

    def _by_phrases(self, text: str) -> frozenset[StageKey]:
        """The stages of listed products: 印染装备 is machinery, whatever else stands inside it."""
        return frozenset().union(*map(self._by_phrase, phrases(text)))

    def _by_phrase(self, phrase: str) -> frozenset[StageKey]:
        if phrase not in self._phrases:
            self._phrases[phrase] = frozenset(self._directory.named(phrase))
        return self._phrases[phrase]

    @cached_property
    def _directory(self) -> Directory:
        return Directory((), chain_headings(self.chains), evidence_rules())

    @cached_property
    def _products(self) -> tuple[tuple[str, StageKey], ...]:
        return tuple((normalize(word), key) for key, stage in self.stages.items() for word in stage.products)

    def _by_part(self, phrase: str) -> frozenset[StageKey]:
        return frozenset([key for word, key in self._products if len(word) > 1 and word in phrase])
