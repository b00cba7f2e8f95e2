"""Exact top-k of dense vectors: FAISS Flat where it is installed, blocks of matrix products where not; one answer."""

from __future__ import annotations

import importlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from duijie.errors import InputError, MissingEngineError
from duijie.terms import Progress, silent

from .topk import TopK

__all__ = ["dense_top_k"]

Vectors = NDArray[np.float32]
_NEEDS, _OFFERS = 256, 65_536
# how many more than k are asked for, so that ties and rounding at the edge can be told
_MORE = 32


def dense_top_k(
    needs: Vectors,
    offers: Vectors,
    k: int = 10,
    *,
    engine: Literal["faiss", "products"] | None = None,
    progress: Progress = silent,
) -> TopK:
    """The `k` offers with the highest inner product for every need: exact, ties by position, only products above 0.

    Parameters
    ----------
    needs, offers
        Shapes (needs, dimensions) and (offers, dimensions), finite; rows of length 1 make the products cosines.
    engine
        By default FAISS where it is installed, else products. Both give the same answer: whatever may be among the
        best by single precision is summed again in double precision.
    progress
        Called between groups of needs; raising in it cancels.

    Raises
    ------
    InputError
        `k` is below 1 or the dimensions differ.
    MissingEngineError
        FAISS was asked for and is not installed.
    """
    if k < 1:
        raise InputError("match_top_too_small", {"top": k})
    ours, theirs = np.ascontiguousarray(needs, np.float32), np.ascontiguousarray(offers, np.float32)
    if ours.shape[1] != theirs.shape[1]:
        raise InputError("match_terms_differ", {"needs": ours.shape[1], "offers": theirs.shape[1]})
    index = _faiss(theirs, engine)
    found = TopK(np.full((len(ours), k), -1, np.int32), np.zeros((len(ours), k)))
    for start in range(0, len(ours), _NEEDS):
        group = ours[start : start + _NEEDS]
        likely = _by_faiss(index, group, theirs, k) if index is not None else _by_products(group, theirs, k)
        for at, places in enumerate(likely):
            _settle(found, start + at, ours[start + at], theirs, places)
        progress("match", min(start + _NEEDS, len(ours)), len(ours))
    return found


def _faiss(offers: Vectors, engine: str | None) -> Any:
    """The offers in a FAISS index, None where it is not installed or not wanted."""
    try:
        faiss = None if engine == "products" else importlib.import_module("faiss")
    except ImportError:
        if engine == "faiss":
            raise MissingEngineError("match_faiss_missing", {}, hint="pip install faiss-cpu") from None
        faiss = None
    if faiss is None:
        return None
    index = faiss.IndexFlatIP(offers.shape[1])
    index.add(offers)
    return index


def _slack(needs: Vectors, offers: Vectors) -> NDArray[np.float64]:
    """Twice the worst rounding of a product in single precision, shape (needs,)."""
    longest = float(np.sqrt((offers.astype(np.float64) ** 2).sum(axis=1)).max(initial=0))
    lengths = np.sqrt((needs.astype(np.float64) ** 2).sum(axis=1))
    return np.asarray((needs.shape[1] + 8) * 1.2e-7 * lengths * longest)


def _by_faiss(index: Any, needs: Vectors, offers: Vectors, k: int) -> list[NDArray[np.int64]]:
    """What may be among the best; by products where more may be level with the last than were asked for."""
    wanted = min(k + _MORE, len(offers))
    if not wanted:
        return [np.zeros(0, np.int64)] * len(needs)
    scores, places = index.search(needs, wanted)
    cuts = scores[:, min(k, wanted) - 1] - _slack(needs, offers)
    is_open = (scores[:, -1] >= cuts) & (wanted < len(offers))
    found = [row[values >= cut].astype(np.int64) for row, values, cut in zip(places, scores, cuts, strict=True)]
    for at in np.flatnonzero(is_open):
        (found[at],) = _by_products(needs[at : at + 1], offers, k)
    return found


def _by_products(needs: Vectors, offers: Vectors, k: int) -> list[NDArray[np.int64]]:
    """What may be among the best, from matrix products block by block."""
    slack, found = _slack(needs, offers), [np.zeros(0, np.int64)] * len(needs)
    scores = [np.zeros(0, np.float32)] * len(needs)
    for start in range(0, len(offers), _OFFERS):
        table = needs @ offers[start : start + _OFFERS].T
        for at, row in enumerate(table):
            level = _kth(row, k)
            near = np.flatnonzero(row >= level - slack[at])
            found[at], scores[at] = np.append(found[at], near + start), np.append(scores[at], row[near])
    return [places[values >= _kth(values, k) - cut] for places, values, cut in zip(found, scores, slack, strict=True)]


def _kth(scores: NDArray[np.float32], k: int) -> float:
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) > k else -np.inf


def _settle(found: TopK, need: int, vector: Vectors, offers: Vectors, places: NDArray[np.int64]) -> None:
    """Sum again in double precision, one row like another, and keep the best."""
    own = vector.astype(np.float64)
    scores = (offers[places].astype(np.float64) * own).sum(axis=1)
    chosen = np.lexsort((places, -scores))[: found.offers.shape[1]]
    chosen = chosen[scores[chosen] > 0]
    found.offers[need, : len(chosen)], found.scores[need, : len(chosen)] = places[chosen], scores[chosen]
