"""How good a ranking is: recall, nDCG, mean reciprocal rank with bands; coverage, Gini of exposure, congestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .relatedness import ActivitySpace
from .text import TextSpace
from .topk import Postings, top_k

__all__ = ["Band", "Quality", "compare", "exposure", "popularity", "ranks_of", "summary", "text_scores"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Band:
    """A mean over queries and its 95 % bootstrap band."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Quality:
    """One method's figures over the queries; `ranks` (queries,) of the first relevant text, from 1."""

    method: str
    figures: Mapping[str, Band]
    ranks: Ints


def ranks_of(scores: Floats, relevant: Sequence[set[int]]) -> Ints:
    """The rank of the first relevant candidate of each query, shape (queries,), ties counted against it.

    `scores` has shape (queries, candidates).
    """
    found = np.empty(len(relevant), np.int64)
    for query, right in enumerate(relevant):
        own = np.array(sorted(right))
        best = scores[query, own].max()
        others = np.delete(scores[query], own)
        found[query] = 1 + int((others >= best).sum())
    return found


def summary(
    method: str, ranks: Ints, *, cuts: Sequence[int] = (1, 5, 10), seed: int = 0, n_samples: int = 1000
) -> Quality:
    """Recall and nDCG at each cut and MRR, each with a band; one relevant text a query, no query gives zeros.

    Notes
    -----
    With one relevant text at rank r: recall@k = [r ≤ k], nDCG@k = [r ≤ k] / log₂(1 + r), reciprocal rank = 1 / r.
    """
    gains = {f"recall@{cut}": (ranks <= cut).astype(np.float64) for cut in cuts}
    gains |= {f"nDCG@{cut}": (ranks <= cut) / np.log2(1 + ranks) for cut in cuts if cut > 1}
    gains["MRR"] = 1 / ranks
    draw = np.random.default_rng(seed).integers(0, max(len(ranks), 1), (n_samples, len(ranks)))
    return Quality(method, {name: _band(values, draw) for name, values in gains.items()}, ranks)


def _band(values: Floats, draw: Ints) -> Band:
    if not len(values):
        return Band(0.0, 0.0, 0.0)
    means = values[draw].mean(axis=1)
    return Band(float(values.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975)))


def exposure(offers: NDArray[np.int32], n_offers: int) -> dict[str, float]:
    """How fairly the lists spread over the offers: coverage, Gini of exposure (0 even, 1 one takes all), congestion.

    `offers` (needs, k) are positions, −1 for none. Congestion is the mean number of lists that an offer of a list
    stands in; 0 where nothing is listed.
    """
    counts = np.sort(np.bincount(offers[offers >= 0].ravel(), minlength=n_offers)).astype(np.float64)
    total, n = counts.sum(), len(counts)
    if not total:
        return {"coverage": 0.0, "gini": 0.0, "congestion": 0.0}
    gini = float(2 * (np.arange(1, n + 1) * counts).sum() / (n * total) - (n + 1) / n)
    return {"coverage": float((counts > 0).mean()), "gini": gini, "congestion": float((counts**2).sum() / total)}


def compare(
    queries: Sequence[str], texts: Sequence[str], relevant: Sequence[set[int]], *, seed: int = 0
) -> list[Quality]:
    """Our text score, learnt activity alone and with it, and the baselines, on queries with known answers.

    Equal texts count as one answer. The relatedness of activities is learnt from `texts`, never from the queries.
    """
    grams, activity = text_scores(queries, texts), _activity(queries, texts)
    scores = {
        "duijie": grams,
        "duijie + activity": np.asarray(0.8 * (1 - (1 - grams) ** 2) + 0.2 * activity),
        "activity alone": activity,
        "BM25": _bm25(queries, texts),
        "popularity": popularity(queries, texts),
        "random": np.random.default_rng(seed).random((len(queries), len(texts))),
    }
    return [summary(name, ranks_of(table, relevant), seed=seed) for name, table in scores.items()]


def text_scores(queries: Sequence[str], texts: Sequence[str]) -> Floats:
    """What :func:`duijie.match.rank` gives each query and text, shape (queries, texts), 0–1."""
    space = TextSpace.learn(texts)
    products = (space.vectors(queries) @ space.vectors(texts).T).toarray()
    return np.asarray(np.minimum(products, 1), dtype=np.float64)


def _activity(queries: Sequence[str], texts: Sequence[str]) -> Floats:
    space = ActivitySpace.learn(texts, dimensions=min(128, max(2, len(texts) // 8)))
    return np.asarray(np.clip(space.vectors(queries) @ space.vectors(texts).T, 0, 1), dtype=np.float64)


def _bm25(queries: Sequence[str], texts: Sequence[str]) -> Floats:
    space = TextSpace.learn(texts)
    needs, offers = (
        space.vectors(one, scheme="bm25", side=side) for one, side in ((queries, "need"), (texts, "offer"))
    )
    return np.asarray((needs @ offers.T).toarray(), dtype=np.float64)


def popularity(queries: Sequence[str], texts: Sequence[str]) -> Floats:
    """Every query gets the texts that stand in most queries' top ten, shape (queries, texts)."""
    space = TextSpace.learn(texts)
    found = top_k(space.vectors(queries), Postings.of(space.vectors(texts)), 10).offers
    counts = np.bincount(found[found >= 0].ravel(), minlength=len(texts)).astype(np.float64)
    return np.tile(counts, (len(queries), 1))
