"""A kind of match from listings to results: rules, scores, top k, assignment, reasons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
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

from .assignment import Candidates, assign_auction, demand_prices
from .candidates import Pool
from .explain import Explainer
from .index import Ranking, TextIndex
from .kinds import Kind
from .relatedness import ActivitySpace
from .rules import Removal, RuleSet
from .scoring import Circumstances, Scorer
from .topk import best

__all__ = ["Answer", "Match", "Matches", "Unmatched", "kind", "rank", "why_not"]


@dataclass(frozen=True)
class Match:
    """One need and one offer that meet: `score` 0–1, `rank` from 1 among the need's offers, `price` of its demand."""

    id: str
    need: str
    offer: str
    score: float
    rank: int
    is_assigned: bool
    price: float
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        own = {"id": self.id, "need": self.need, "offer": self.offer, "score": self.score, "rank": self.rank}
        reasons = [reason.to_dict() for reason in self.reasons]
        return {**own, "is_assigned": self.is_assigned, "price": self.price, "reasons": reasons}


@dataclass(frozen=True)
class Unmatched:
    """A need that ends with no offer: how many each rule removed, and the smallest relaxation that helps."""

    need: str
    removed: tuple[Removal, ...]
    relaxation: Reason | None

    def to_dict(self) -> dict[str, Any]:
        removed = [{"rule": one.rule, "n": one.n} for one in self.removed]
        return {
            "need": self.need,
            "removed": removed,
            "relaxation": self.relaxation.to_dict() if self.relaxation else None,
        }


@dataclass(frozen=True)
class Matches:
    """What one kind of match gives: `n_pairs` are the pairs that passed all rules."""

    kind: Kind
    n_needs: int
    n_offers: int
    n_pairs: int
    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]
    assigned_value: float
    assigned_bound: float
    clauses: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``match.json`` under ``kinds``."""
        return {
            "kind": self.kind.key,
            "version": self.kind.version,
            "name": self.kind.name.to_dict(),
            "clauses": list(self.clauses),
            "n_needs": self.n_needs,
            "n_offers": self.n_offers,
            "n_pairs": self.n_pairs,
            "assigned_value": self.assigned_value,
            "assigned_bound": self.assigned_bound,
            "matches": [one.to_dict() for one in self.matches],
            "unmatched": [one.to_dict() for one in self.unmatched],
            "provenance": self.provenance.to_dict(),
        }

    def to_arrow(self) -> Any:
        """The matches as an Arrow table: need, offer, score, rank, is_assigned, price."""
        import pyarrow as pa

        names = ("id", "need", "offer", "score", "rank", "is_assigned", "price")
        return pa.table({name: [getattr(one, name) for one in self.matches] for name in names})

    def to_pandas(self) -> Any:
        """The matches as a pandas table; needs the extra ``[pandas]``."""
        return self.to_arrow().to_pandas()


@dataclass(frozen=True)
class Answer:
    """Why an offer is, or is not, among a need's matches.

    `outranked_by` counts the allowed offers with a better score; `failures` are the rules the pair breaks.
    """

    is_allowed: bool
    score: float
    rank: int
    outranked_by: int
    failures: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    raising: tuple[Reason, ...]


@dataclass(frozen=True, eq=False)
class _Bench:
    """A kind set up over its two pools."""

    kind: Kind
    needs: Pool
    offers: Pool
    rules: RuleSet
    scorer: Scorer
    explainer: Explainer

    @classmethod
    def of(
        cls,
        kind: Kind,
        needs: Sequence[Listing],
        offers: Sequence[Listing],
        parties: Mapping[str, Party],
        world: Circumstances,
    ) -> _Bench:
        _refuse_strays(kind, needs, offers)
        ours, theirs = Pool.of(needs, parties), Pool.of(offers, parties)
        rules = RuleSet(kind.rules, ours, theirs, world.on, world.travel)
        scorer = Scorer.of(kind, ours, theirs, world)
        return cls(kind, ours, theirs, rules, scorer, Explainer(scorer, rules))


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
    )
    bench = _Bench.of(kind, needs, offers, parties, world)
    found = _search(bench, top, progress)
    table = _candidates(bench, found)
    assigned = assign_auction(table)
    prices = demand_prices(table, assigned.is_assigned)
    matches = _matches(bench, found, table, assigned.is_assigned, prices)
    return Matches(
        kind,
        len(bench.needs),
        len(bench.offers),
        sum(one.n_allowed for one in found),
        matches,
        tuple(_unmatched(bench, at, one) for at, one in enumerate(found) if not len(one.offers)),
        round(assigned.value, 9),
        round(assigned.bound, 9),
        tuple(clauses),
        _provenance(bench, on, top),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    n_allowed: int
    n_weak: int
    offers: NDArray[np.int64]
    scores: NDArray[np.float64]


def _search(bench: _Bench, top: int, progress: Progress) -> list[_Found]:
    found = []
    for need in range(len(bench.needs)):
        found.append(_search_one(bench, need, top))
        progress("match", need + 1, len(bench.needs))
    return found


def _search_one(bench: _Bench, need: int, top: int) -> _Found:
    mask = bench.rules.mask(need)
    n_allowed = int(mask.sum())
    if not n_allowed:
        return _Found(0, 0, np.zeros(0, np.int64), np.zeros(0))
    scores = bench.scorer.score(need)
    total, is_strong = scores.total, mask & (scores.content >= bench.kind.least_content)
    chosen = best(total, is_strong, top)
    return _Found(n_allowed, n_allowed - int(is_strong.sum()), chosen, total[chosen])


def _candidates(bench: _Bench, found: Sequence[_Found]) -> Candidates:
    sizes = [len(one.offers) for one in found]
    needs = [bench.kind.capacity["need"].of(one.payload) for one in bench.needs.listings]
    offers = [bench.kind.capacity["offer"].of(one.payload) for one in bench.offers.listings]
    return Candidates(
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([np.zeros(0, np.int64), *(one.offers for one in found)]),
        np.concatenate([np.zeros(0), *(one.scores for one in found)]),
        np.array(needs, dtype=np.int64),
        np.array(offers, dtype=np.int64),
    )


def _matches(
    bench: _Bench,
    found: Sequence[_Found],
    table: Candidates,
    is_assigned: NDArray[np.bool_],
    prices: NDArray[np.float64],
) -> tuple[Match, ...]:
    matches = []
    for need, one in enumerate(found):
        scores = bench.scorer.score(need) if len(one.offers) else None
        for rank, offer in enumerate(one.offers.tolist(), start=1):
            edge = int(table.indptr[need]) + rank - 1
            price = float(prices[offer])
            assert scores is not None
            reasons = bench.explainer.pair(need, offer, scores, price)
            matches.append(_match(bench, need, offer, rank, reasons, bool(is_assigned[edge]), price))
    return tuple(matches)


def _match(
    bench: _Bench, need: int, offer: int, rank: int, reasons: tuple[Reason, ...], is_assigned: bool, price: float
) -> Match:
    ours, theirs = bench.needs.listings[need].id, bench.offers.listings[offer].id
    score = sum(reason.weight for reason in reasons)
    return Match(f"{bench.kind.key}:{ours}:{theirs}", ours, theirs, score, rank, is_assigned, round(price, 6), reasons)


def _unmatched(bench: _Bench, need: int, found: _Found) -> Unmatched:
    listing = bench.needs.listings[need]
    if found.n_weak:
        values = {"least": bench.kind.least_content, "n": found.n_weak}
        return Unmatched(listing.id, (Removal("least_content", found.n_weak),), Reason("match_too_weak", values))
    relaxation = bench.explainer.relaxation(need, bench.rules.relaxation(need))
    return Unmatched(listing.id, bench.rules.removals(need), relaxation)


def rank(
    need_ids: Sequence[str],
    need_texts: Sequence[str],
    offer_ids: Sequence[str],
    offer_texts: Sequence[str],
    *,
    top: int = 10,
    progress: Progress = silent,
) -> Ranking:
    """The offers whose texts are nearest to each need's, best first: exact, over all pairs, ties by id.

    An empty text, or one of punctuation only, gets no offers. Full-width letters count as half-width.

    Raises
    ------
    InputError
        An id stands twice, ids and texts differ in number, or `top` is below 1.
    """
    if top < 1:
        raise InputError("match_top_too_small", {"top": top})
    if len(need_ids) != len(need_texts):
        raise InputError("match_ids_texts", {"ids": len(need_ids), "texts": len(need_texts)})
    return TextIndex.build(offer_ids, offer_texts).search(need_texts, top, progress=progress)


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
    pool = {one.id: one for one in (*offers, offer)}
    bench = _Bench.of(
        kind, list({one.id: one for one in (*others, need)}.values()), list(pool.values()), parties, world
    )
    at = [one.id for one in bench.needs.listings].index(need.id)
    place = [one.id for one in bench.offers.listings].index(offer.id)
    scores, mask = bench.scorer.score(at), bench.rules.mask(at)
    better = mask & (scores.total > scores.total[place])
    better |= mask & (scores.total == scores.total[place]) & (np.arange(len(mask)) < place)
    reasons = bench.explainer.pair(at, place, scores)
    return Answer(
        bool(mask[place]),
        sum(reason.weight for reason in reasons),
        int(better.sum()) + 1,
        int(better.sum()),
        bench.explainer.failures(at, place),
        reasons,
        bench.explainer.raising(at, place, scores),
    )


def _refuse_strays(kind: Kind, needs: Sequence[Listing], offers: Sequence[Listing]) -> None:
    for role, listings in (("need", needs), ("offer", offers)):
        seen: set[str] = set()
        for one in listings:
            if one.kind != kind.key or one.role != role:
                raise InputError("match_stray_listing", {"id": one.id, "kind": one.kind, "role": one.role})
            if one.id in seen:
                raise InputError("match_id_twice", {"id": one.id})
            seen.add(one.id)


def _provenance(bench: _Bench, on: date, top: int) -> Provenance:
    inputs = {"needs": _digest(bench.needs), "offers": _digest(bench.offers)}
    weights = {term.key: term.weight for term in bench.kind.terms}
    return Provenance(inputs, duijie.__version__, {"on": on.isoformat(), "top": top, "weights": weights})


def _digest(pool: Pool) -> str:
    rows = [[one.id, one.side, one.party, dict(one.payload), one.industry] for one in pool.listings]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()
