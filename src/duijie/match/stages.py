"""Where listings stand on industrial chains, and which stage delivers to which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from duijie.terms import ChainStage, ChainTemplate

from .candidates import Column, Pool

__all__ = ["StageBook", "Standing"]

StageKey = tuple[str, str]


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
    _tables: WeakKeyDictionary[Column, NDArray[np.bool_]] = field(default_factory=WeakKeyDictionary)

    @cached_property
    def stages(self) -> Mapping[StageKey, ChainStage]:
        return {(chain.key, stage.key): stage for chain in self.chains for stage in chain.stages}

    @cached_property
    def links(self) -> frozenset[tuple[StageKey, StageKey]]:
        """(supplier, buyer) pairs."""
        return frozenset(
            ((chain.key, link.supplier), (chain.key, link.buyer)) for chain in self.chains for link in chain.links
        )

    def column(self, pool: Pool) -> Column:
        """The standing of each listing of a pool."""
        if pool not in self._columns:
            self._columns[pool] = self._coded(pool)
        return self._columns[pool]

    def _coded(self, pool: Pool) -> Column:
        named = pool.texts(["title", "products", "details"])
        products = pool.texts(["party.products"])
        places: dict[Standing, int] = {}
        groups = np.zeros(len(pool), np.int32)
        for at in range(len(pool)):
            industry = str(pool.value(at, "industry") or "")
            own = self._by_industry(industry) | self._by_products(products[at])
            groups[at] = places.setdefault(Standing(own, self._by_products(named[at])), len(places))
        return Column(groups, tuple(places))

    def values(self, need: Standing, offers: Column, direction: str) -> NDArray[np.float64]:
        """1 where the offer stands at a stage the need names, 0.8 where a link joins them, 0.3 at the same stage.

        Shape (values of the offers' column,); NaN where a side stands at no stage.
        """
        stands = self._stands(offers)
        if not (need.own | need.named):
            return np.full(len(stands), np.nan)
        found = 0.3 * self._meets(stands, need.own)
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
                table[at, [self._places[key] for key in standing.own | standing.named]] = True
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
        """The first (supplier, buyer) link between the two, None where there is none."""
        ours, theirs = need.own or need.named, offer.own | offer.named
        down = sorted((s, b) for s, b in self.links if s in theirs and b in ours)
        up = sorted((s, b) for s, b in self.links if s in ours and b in theirs)
        found: Mapping[str, Any] = {"offer_supplies": down, "need_supplies": up, "either": down + up}
        return next(iter(found[direction]), None)

    def _by_industry(self, code: str) -> frozenset[StageKey]:
        if code not in self._coded_stages:
            stages = self.stages.items()
            found = (key for key, stage in stages if any(code.startswith(prefix) for prefix in stage.industries))
            self._coded_stages[code] = frozenset(found)
        return self._coded_stages[code]

    @cached_property
    def _products(self) -> tuple[tuple[str, StageKey], ...]:
        return tuple((word, key) for key, stage in self.stages.items() for word in stage.products)

    def _by_products(self, text: str) -> frozenset[StageKey]:
        # the longest loop of a large pool: one flat pass, nothing for listings that say nothing
        return frozenset([key for word, key in self._products if word in text]) if text else frozenset()
