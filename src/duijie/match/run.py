"""A kind of match from listings to results: rules, scores, top k, assignment, reasons."""

from __future__ import annotations

import hashlib
import json
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import duijie
from duijie.errors import InputError
from duijie.terms import (
    ChainTemplate,
    IOTable,
    Listing,
    Party,
    Progress,
    Provenance,
    Reason,
    Relatedness,
    TravelTimes,
    silent,
)

from .assignment import Candidates, demand_prices
from .candidates import Pool
from .explain import Explainer
from .floor import Floor, within_share
from .index import Ranking, by_id, named
from .kinds import Kind, Role
from .parts import search_texts
from .quotas import assign_shared
from .relatedness import ActivitySpace
from .results import Answer, Match, Matches, Unmatched
from .rules import Removal, RuleSet
from .scoring import Circumstances, Coder, Scorer, Scores
from .script import reader
from .text import TextSpace

__all__ = [
    "Answer",
    "Bench",
    "Found",
    "Match",
    "Matches",
    "OfferIndex",
    "Unmatched",
    "digest",
    "kind",
    "rank",
    "told_of",
    "why_not",
]


@dataclass(frozen=True, eq=False)
class OfferIndex:
    """The offers of one kind, prepared once: new needs are answered without learning or sorting anything anew.

    Notes
    -----
    How rare a word is, and which activities go together, stay as learnt when the index was built; words that no
    offer, no need and no text of the corpus had then do not count. Build anew when offers change.
    """

    kind: Kind
    offers: Pool
    world: Circumstances
    rules: RuleSet
    scorer: Scorer
    floor: Floor | None = None

    @classmethod
    def build(
        cls,
        kind: Kind,
        offers: Sequence[Listing],
        *,
        parties: Mapping[str, Party],
        world: Circumstances,
        needs: Sequence[Listing] = (),
        floor: Floor | None = None,
        like: OfferIndex | None = None,
    ) -> OfferIndex:
        """Prepare the offers; the words of `needs`, where some are known already, count for rarity as well.

        With a `floor`, pairs below it are not listed and no party is assigned more than its share. With `like`, nothing
        is learnt: how rare a word is and which activities go together are as in that index of the same kind.

        Raises
        ------
        InputError
            A listing is of another kind or role, or an id stands twice.
        """
        _refuse_strays(kind, "need", needs)
        _refuse_strays(kind, "offer", offers)
        ours, theirs = Pool.of(needs, parties), Pool.of(offers, parties)
        rules = RuleSet(kind.rules, ours, theirs, world.on, world.travel)
        scorer = Scorer.of(kind, ours, theirs, world, like=like.scorer if like else None)
        return cls(kind, theirs, world, rules, scorer, floor)

    def matches(
        self,
        needs: Sequence[Listing],
        *,
        parties: Mapping[str, Party] | None = None,
        top: int = 10,
        clauses: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Matches:
        """The best offers of each need with reasons, assigned among these needs only; as :func:`kind` answers.

        `parties` are owners of the needs that were not known when the index was built.

        Raises
        ------
        InputError
            A listing is of another kind or role, an id stands twice, or `top` is below 1.
        """
        if top < 1:
            raise InputError("match_top_too_small", {"top": top})
        bench = self.over(needs, parties or {})
        found = [bench.search(need, top) for need in told_of(range(len(bench.needs)), progress)]
        return self.assigned(bench, found, top=top, clauses=clauses)

    def assigned(self, bench: Bench, found: Sequence[Found], *, top: int, clauses: Sequence[str]) -> Matches:
        """What was found for all needs of a bench as :meth:`matches` answers, the places shared out among them."""
        table = _candidates(bench, found)
        assigned, shares = assign_shared(self.kind.sharing, self.offers, table)
        prices = demand_prices(table, assigned.is_assigned)
        held = _within_share(bench, table, assigned.is_assigned)
        return Matches(
            self.kind,
            len(bench.needs),
            len(self.offers),
            sum(one.n_allowed for one in found),
            tuple(_matches(bench, found, table, held, prices)),
            tuple(bench.unmatched(at, one) for at, one in enumerate(found) if not len(one.scores.offers)),
            round(float(table.values[held].sum()), 9),
            round(assigned.bound, 9),
            tuple(clauses),
            self._provenance(bench.needs, top),
            shares,
        )

    def over(self, needs: Sequence[Listing], parties: Mapping[str, Party]) -> Bench:
        """The index set up for some needs."""
        _refuse_strays(self.kind, "need", needs)
        pool = Pool.of(needs, ChainMap(dict(parties), dict(self.offers.parties)))
        if pool.listings == self.rules.needs.listings and not parties:
            return Bench.of(self)
        rules, scorer = self.rules.over(pool), self.scorer.over(pool)
        return Bench(self, pool, rules, Explainer(scorer, rules))

    @cached_property
    def capacities(self) -> NDArray[np.int64]:
        """How many partners each offer can take, shape (offers,)."""
        return _capacities(self.kind, "offer", self.offers)

    @cached_property
    def _digest(self) -> str:
        return digest(self.offers.listings)

    def _provenance(self, needs: Pool, top: int) -> Provenance:
        inputs = {"needs": digest(needs.listings), "offers": self._digest}
        weights = {term.key: term.weight for term in self.kind.terms}
        values: dict[str, Any] = {"on": self.world.on.isoformat(), "top": top, "weights": weights}
        values |= {"traditional": reader()} if reader() else {}
        return Provenance(inputs, duijie.__version__, values)


@dataclass(frozen=True, eq=False)
class Found:
    """The best offers of one need; `last` is the score of the last that was looked at, −∞ where all were."""

    n_allowed: int
    scores: Scores
    n_below: int
    last: float


@dataclass(frozen=True, eq=False)
class Bench:
    """An index set up for some needs."""

    index: OfferIndex
    needs: Pool
    rules: RuleSet
    explainer: Explainer

    @classmethod
    def of(cls, index: OfferIndex) -> Bench:
        """An index set up for the needs it was built with."""
        return cls(index, index.rules.needs, index.rules, Explainer(index.scorer, index.rules))

    @property
    def scorer(self) -> Scorer:
        return self.explainer.scorer

    def search(self, need: int, top: int) -> Found:
        """The `top` best offers of a need that its rules leave and that are above the floor."""
        allowed, floor = np.flatnonzero(self.rules.mask(need)), self.index.floor
        most = top if floor is None else max(top, floor.candidates)
        scores = self.scorer.top(need, allowed, most)
        last = float(scores.total[-1]) if len(scores.total) == most else -np.inf
        if floor is None:
            return Found(len(allowed), scores, 0, last)
        above = floor.passes(self.index.kind, self.needs, self.index.offers, need, scores)
        return Found(len(allowed), _picked(scores, np.flatnonzero(above)[:top]), int((~above).sum()), last)

    def pairs(
        self, need: int, scores: Scores, is_assigned: Sequence[bool], demands: Sequence[float]
    ) -> Iterator[Match]:
        """The offers of a need as matches, best first, with reasons."""
        ours, key = self.needs.listings[need].id, self.index.kind.key
        for at, reasons in enumerate(self.explainer.pairs(need, scores, demands)):
            theirs = self.index.offers.listings[int(scores.offers[at])].id
            score, name = sum(reason.weight for reason in reasons), f"{key}:{ours}:{theirs}"
            yield Match(name, ours, theirs, score, at + 1, is_assigned[at], round(demands[at], 6), reasons)

    def unmatched(self, need: int, found: Found) -> Unmatched:
        """What removed every offer: the rules, then too little in common; relaxed is what leaves enough in common."""
        listing, least = self.needs.listings[need], self.index.kind.least_content
        removed = self.rules.removals(need)
        if found.n_below:
            removed = (*removed, Removal("floor", found.n_below))
            return Unmatched(listing.id, removed, Reason("match_no_partner_yet", {"n": found.n_below}))
        if found.n_allowed:
            removed = (*removed, Removal("least_content", found.n_allowed))
        is_worth = self.scorer.score(need, np.arange(len(self.index.offers))).content >= least
        reason = self.explainer.relaxation(need, self.rules.relaxation(need, is_worth))
        if reason is None and len(is_worth):
            reason = Reason("match_too_weak", {"least": least, "n": len(is_worth)})
        return Unmatched(listing.id, removed, reason)


def told_of(needs: range, progress: Progress) -> Iterator[int]:
    """Each need in turn; that it is done is told before the next."""
    for need in needs:
        yield need
        progress("match", need + 1, len(needs))


def kind(
    kind: Kind,
    needs: Sequence[Listing],
    offers: Sequence[Listing],
    *,
    parties: Mapping[str, Party],
    on: date,
    top: int = 10,
    clauses: Sequence[str] = (),
    chains: Sequence[ChainTemplate] = (),
    sector_of: Mapping[str, str] | None = None,
    priority_fields: Sequence[str] = (),
    travel: TravelTimes | None = None,
    relatedness: Relatedness | None = None,
    input_output: IOTable | None = None,
    activity: ActivitySpace | None = None,
    corpus: Sequence[str] = (),
    coder: Coder | None = None,
    floor: Floor | None = None,
    progress: Progress = silent,
) -> Matches:
    """Who can meet whom in one kind of match, in what order, and why.

    Every need is scored against every offer that its hard rules leave; the `top` best are kept, ties by offer id;
    the assignment respects the capacities of both sides. No needs or no offers give an answer without matches, in
    which every need is listed as unmatched.

    Parameters
    ----------
    kind
        One of :func:`load_kinds`, or a kind of your own file.
    needs, offers
        Listings of this kind, any order.
    parties
        The owners by id; an absent owner leaves its fields unknown.
    on
        The date as of which validity and freshness are judged.
    top
        Offers kept a need, ≥ 1.
    clauses
        Keys of the agreement's clauses that this kind serves, passed through to the result.
    chains, sector_of, priority_fields, travel, relatedness, input_output, activity
        What the terms look at beside the listings; a term whose table is absent counts as unknown.
    corpus
        More texts of the domain, so that the rarity of a word is not judged by few listings alone.
    coder
        Tells the industry of listings that state none, from name, text and products.
    floor
        Below it no pair is listed (:func:`~duijie.match.floor.load_floor`); a need left without one is unmatched.
    progress
        Called after each need; raising in it cancels.

    Raises
    ------
    InputError
        A listing is of another kind or role, an id stands twice, or `top` is below 1.
    """
    if top < 1:
        raise InputError("match_top_too_small", {"top": top})
    world = Circumstances(
        on,
        tuple(chains),
        sector_of or {},
        tuple(priority_fields),
        travel,
        relatedness,
        input_output,
        activity,
        tuple(corpus),
        coder,
    )
    index = OfferIndex.build(kind, offers, parties=parties, world=world, needs=needs, floor=floor)
    return index.matches(needs, top=top, clauses=clauses, progress=progress)


def _picked(scores: Scores, chosen: NDArray[np.int64]) -> Scores:
    return Scores(scores.offers[chosen], scores.parts[:, chosen], scores.total[chosen], scores.content[chosen])


def _within_share(bench: Bench, table: Candidates, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The assigned pairs without those by which a party would take more than its share."""
    if bench.index.floor is None:
        return held
    at = np.flatnonzero(held)
    ours, theirs = bench.needs.listings, bench.index.offers.listings
    pairs = [(ours[int(table.needs[one])].party, theirs[int(table.offers[one])].party) for one in at]
    kept = held.copy()
    floor = bench.index.floor
    kept[at] = within_share(pairs, table.values[at].tolist(), floor.per_party, crowding=floor.crowding)
    return kept


def _candidates(bench: Bench, found: Sequence[Found]) -> Candidates:
    sizes = [len(one.scores.offers) for one in found]
    return Candidates(
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([np.zeros(0, np.int64), *(one.scores.offers for one in found)]),
        np.concatenate([np.zeros(0), *(one.scores.total for one in found)]),
        _capacities(bench.index.kind, "need", bench.needs),
        bench.index.capacities,
    )


def _capacities(kind: Kind, role: Role, pool: Pool) -> NDArray[np.int64]:
    return np.array([kind.capacity[role].of(one.payload) for one in pool.listings], dtype=np.int64)


def _matches(
    bench: Bench,
    found: Sequence[Found],
    table: Candidates,
    is_assigned: NDArray[np.bool_],
    prices: NDArray[np.float64],
) -> Iterator[Match]:
    for need, one in enumerate(found):
        held = is_assigned[int(table.indptr[need]) : int(table.indptr[need + 1])].tolist()
        yield from bench.pairs(need, one.scores, held, prices[one.scores.offers].tolist())


def rank(
    need_ids: Sequence[str],
    need_texts: Sequence[str],
    offer_ids: Sequence[str],
    offer_texts: Sequence[str],
    *,
    top: int = 10,
    memory_mb: float | None = None,
    progress: Progress = silent,
) -> Ranking:
    """The offers whose texts are nearest to each need's, best first: exact, over all pairs, ties by id.

    An empty text, or one of punctuation only, gets no offers. Full-width letters count as half-width. `memory_mb`
    bounds what is taken beside texts and answer, and does not change the answer; raising in `progress` cancels.

    Raises
    ------
    InputError
        An id stands twice, ids and texts differ in number, `top` is below 1 or `memory_mb` not above 0.
    """
    if top < 1:
        raise InputError("match_top_too_small", {"top": top})
    if len(need_ids) != len(need_texts):
        raise InputError("match_ids_texts", {"ids": len(need_ids), "texts": len(need_texts)})
    ids, texts = by_id(offer_ids, offer_texts)
    found = search_texts(TextSpace.learn(texts), need_texts, texts, top, memory_mb=memory_mb, progress=progress)
    return named(found, ids, frozenset())


def why_not(
    kind: Kind,
    need: Listing,
    offer: Listing,
    offers: Sequence[Listing],
    *,
    parties: Mapping[str, Party],
    world: Circumstances,
    others: Sequence[Listing] = (),
) -> Answer:
    """Why `offer` is not (or is) what `need` gets: the rules it breaks, who outranks it, what would raise it.

    `others` are the needs that were matched together with this one: word rarities are theirs as well.
    """
    asked, pool = {one.id: one for one in (*others, need)}, {one.id: one for one in (*offers, offer)}
    index = OfferIndex.build(kind, tuple(pool.values()), parties=parties, world=world, needs=tuple(asked.values()))
    bench = index.over(tuple(asked.values()), {})
    at = [one.id for one in bench.needs.listings].index(need.id)
    place = [one.id for one in index.offers.listings].index(offer.id)
    total, mask = bench.scorer.score(at, np.arange(len(pool))).total, bench.rules.mask(at)
    better = mask & ((total > total[place]) | ((total == total[place]) & (np.arange(len(mask)) < place)))
    scores = bench.scorer.score(at, np.array([place]))
    (reasons,) = bench.explainer.pairs(at, scores)
    return Answer(
        bool(mask[place]),
        sum(reason.weight for reason in reasons),
        int(better.sum()) + 1,
        int(better.sum()),
        bench.explainer.failures(at, place),
        reasons,
        bench.explainer.raising(scores),
    )


def _refuse_strays(kind: Kind, role: Role, listings: Sequence[Listing]) -> None:
    seen: set[str] = set()
    for one in listings:
        if one.kind != kind.key or one.role != role:
            raise InputError("match_stray_listing", {"id": one.id, "kind": one.kind, "role": one.role})
        if one.id in seen:
            raise InputError("match_id_twice", {"id": one.id})
        seen.add(one.id)


def digest(listings: Sequence[Listing]) -> str:
    """What the listings of one role say, in any order, as one SHA-256: it stands among the inputs of the matches."""
    ordered = sorted(listings, key=lambda one: one.id)
    rows = [[one.id, one.side, one.party, dict(one.payload), one.industry] for one in ordered]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()
