"""A kind as it was ranked, ready to take in what changed since: only needs that a change reaches are ranked anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duijie.terms import Listing, Party, Progress, silent

from .candidates import Pool
from .results import Match, Matches, Unmatched
from .rules import RuleSet
from .run import Bench, Found, OfferIndex, told_of

__all__ = ["Ranked", "Renewed"]

# Above the rounding of tables of values, below any difference a reader sees: at worst a need is ranked for nothing.
_SLACK = 1e-4


@dataclass(frozen=True)
class Renewed:
    """What a change brought: the needs it reached, with their matches, or why they have none."""

    needs: frozenset[str]
    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]


@dataclass(frozen=True, eq=False)
class Ranked:
    """A kind as it was ranked.

    `last` is, for each need, the score of the last offer that was looked at: one below it changes nothing.
    `is_assigned` and `prices` (of offers) are those of the last assignment, which a change leaves as it was.

    Notes
    -----
    A pair's score depends on its two listings and on what was learnt (how rare a word is, which activities go
    together, the weights), which stays until the whole kind is ranked. Hence a change of one listing concerns that
    need, or the needs among whose best it is or was: their answers equal those of ranking all with the same learning.
    """

    index: OfferIndex
    top: int
    last: Mapping[str, float]
    is_assigned: frozenset[tuple[str, str]]
    prices: Mapping[str, float]

    @property
    def pools(self) -> tuple[Pool, Pool]:
        """The needs and the offers."""
        return self.index.rules.needs, self.index.offers

    @classmethod
    def of(
        cls, index: OfferIndex, *, top: int = 10, clauses: Sequence[str] = (), progress: Progress = silent
    ) -> tuple[Ranked, Matches]:
        """Rank all needs an index was built with, and share the places out; as :func:`~duijie.match.kind` answers."""
        bench = Bench.of(index)
        found = [bench.search(need, top) for need in told_of(range(len(bench.needs)), progress)]
        whole = index.assigned(bench, found, top=top, clauses=clauses)
        last = {one.id: found[at].last for at, one in enumerate(bench.needs.listings)}
        held = frozenset((one.need, one.offer) for one in whole.matches if one.is_assigned)
        return cls(index, top, last, held, {one.offer: one.price for one in whole.matches}), whole

    def changed(
        self, listings: Sequence[Listing], gone: Collection[str] = (), *, parties: Mapping[str, Party]
    ) -> tuple[Ranked, Renewed]:
        """Take in listings that are new or say something else, and leave out those that are `gone`.

        Parameters
        ----------
        listings
            As they are now, of this kind and of either role.
        gone
            Ids; one that is not there does no harm.
        parties
            Owners that are new or changed; all listings of a changed one are among `listings`.

        Raises
        ------
        InputError
            A listing is of another kind, or an id stands twice.
        """
        index, keys = self.index, {*gone, *(one.id for one in listings)}
        needs, offers = ([one for one in listings if (one.role == "need") is is_need] for is_need in (True, False))
        known = {**index.offers.parties, **parties}
        more = OfferIndex.build(
            index.kind, offers, parties=known, world=index.world, needs=needs, floor=index.floor, like=index
        )
        reached = (self._reached(more, keys) - keys) | {one.id for one in needs}
        bench = Bench.of(_joined(index, more, keys))
        found = {
            one.id: (at, bench.search(at, self.top)) for at, one in enumerate(bench.needs.listings) if one.id in reached
        }
        last = {key: score for key, score in self.last.items() if key not in keys}
        last |= {key: one.last for key, (_, one) in found.items()}
        after = Ranked(bench.index, self.top, last, self.is_assigned, self.prices)
        return after, Renewed(frozenset(reached), *_told(after, bench, found.values()))

    def _reached(self, more: OfferIndex, keys: Collection[str]) -> set[str]:
        """The needs among whose best offers one that changes is, or would be."""
        index, needs = self.index, self.index.rules.needs
        left = [at for at, one in enumerate(index.offers.listings) if one.id in keys]
        taken = np.array([*left, *range(len(index.offers), len(index.offers) + len(more.offers))], np.int64)
        if not len(taken) or not len(needs):
            return set()
        last = np.array([self.last[one.id] for one in needs.listings])
        is_near = index.scorer.table(more.scorer, taken) >= last[:, None] - _SLACK
        pools = (Pool(tuple(index.offers.listings[at] for at in left), index.offers.parties), more.offers)
        rules = [RuleSet(index.kind.rules, needs, pool, index.world.on, index.world.travel) for pool in pools]
        return {
            needs.listings[at].id
            for at in np.flatnonzero(is_near.any(axis=1)).tolist()
            if (np.concatenate([one.mask(at) for one in rules]) & is_near[at]).any()
        }


def _told(
    ranked: Ranked, bench: Bench, found: Iterable[tuple[int, Found]]
) -> tuple[tuple[Match, ...], tuple[Unmatched, ...]]:
    """Matches with reasons, and why a need has none, in the order of the needs."""
    matches, unmatched = list[Match](), list[Unmatched]()
    for at, one in found:
        need = bench.needs.listings[at].id
        offers = [bench.index.offers.listings[offer].id for offer in one.scores.offers.tolist()]
        held = [(need, offer) in ranked.is_assigned for offer in offers]
        matches += bench.pairs(at, one.scores, held, [ranked.prices.get(offer, 0.0) for offer in offers])
        if not offers:
            unmatched.append(bench.unmatched(at, one))
    return tuple(matches), tuple(unmatched)


def _joined(index: OfferIndex, more: OfferIndex, keys: Collection[str]) -> OfferIndex:
    """The index without the listings of some ids, and with those of another that learnt nothing of its own."""
    of_needs, of_offers = (
        _order(own, other, keys) for own, other in ((index.rules.needs, more.rules.needs), (index.offers, more.offers))
    )
    needs = index.rules.needs.joined(more.rules.needs, of_needs)
    offers = index.offers.joined(more.offers, of_offers)
    scorer = index.scorer.joined(more.scorer, (needs, of_needs), (offers, of_offers))
    rules = RuleSet(index.kind.rules, needs, offers, index.world.on, index.world.travel)
    return OfferIndex(index.kind, offers, index.world, rules, scorer, index.floor)


def _order(own: Pool, more: Pool, keys: Collection[str]) -> NDArray[np.int64]:
    """The listings of two pools in the order of their ids, as positions in both together, without replaced ones."""
    kept = [(one.id, at) for at, one in enumerate(own.listings) if one.id not in keys]
    new = [(one.id, at) for at, one in enumerate(more.listings, start=len(own))]
    return np.array([at for _, at in sorted([*kept, *new])], dtype=np.int64)
