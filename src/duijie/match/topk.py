"""Exact top-k over all pairs of sparse vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Postings", "best", "dense_row"]


@dataclass(frozen=True, eq=False)
class Postings:
    """Offers by term."""

    n_offers: int
    indptr: NDArray[np.int64]
    ids: NDArray[np.int32]
    values: NDArray[np.float32]
    is_empty: NDArray[np.bool_]

    @classmethod
    def of(cls, offers: sparse.csr_matrix) -> Postings:
        turned = offers.tocsc()
        is_empty = np.diff(offers.indptr) == 0
        return cls(offers.shape[0], turned.indptr.astype(np.int64), turned.indices, turned.data, is_empty)


def dense_row(terms: NDArray[np.int32], weights: NDArray[np.float32], offers: Postings) -> NDArray[np.float64]:
    out = np.zeros(offers.n_offers)
    _scatter(terms, weights, offers.indptr, offers.ids, offers.values, out)
    return out


@njit(cache=True, nogil=True)
def _scatter(terms, weights, indptr, ids, values, out):  # type: ignore[no-untyped-def]
    for at in range(len(terms)):
        weight = weights[at]
        for place in range(indptr[terms[at]], indptr[terms[at] + 1]):
            out[ids[place]] += weight * values[place]


def best(scores: NDArray[np.float64], mask: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
    """The positions of the k best allowed scores, best first, ties by position."""
    allowed = np.flatnonzero(mask)
    if len(allowed) > k:
        least = np.partition(scores[allowed], len(allowed) - k)[len(allowed) - k]
        allowed = allowed[scores[allowed] >= least]
    return allowed[np.lexsort((allowed, -scores[allowed]))][:k].astype(np.int64)
