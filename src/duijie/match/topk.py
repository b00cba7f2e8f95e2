"""Exact top-k over all pairs of sparse vectors: blocked, pruned without loss, the same on any number of threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from duijie.errors import InputError
from duijie.terms import Progress, silent

from .kernels import N_GROUPS, scatter, search_tile

__all__ = ["Holders", "Postings", "TopK", "best", "dense_row", "top_k"]

Floats = NDArray[np.float64]
# a term is light at a level when at most this share of the offers has it; level 0 takes every term
_LEVEL_SHARES = (1.0, 0.2, 0.1, 0.05, 0.03, 0.015, 0.006)
# 64 KiB of sums, and what is added to them, stay in the second-level cache
_BLOCK = 16_384
# a term is kept as a full column where at least this share of the offers has it, within a bound on the memory
_DENSE_SHARE = 0.12
_MOST_DENSE, _MOST_DENSE_BYTES = 256, 100_000_000
_TILE = 128


@dataclass(frozen=True, eq=False)
class TopK:
    """The best offers of each need: `offers` (needs, k) positions, −1 where fewer scored above 0; `scores` float64.

    Best first, ties by position. `n_checked` counts the pairs whose full score was computed.
    """

    offers: NDArray[np.int32]
    scores: Floats
    n_checked: int = 0


@dataclass(frozen=True, eq=False)
class Postings:
    """Offers indexed for exact search.

    Notes
    -----
    Inside, a term is its rank by frequency (`ranks` (terms,), 0 for the most common), and a row's rare part comes
    first. `starts` (blocks, terms + 1) and `bases` (blocks,) say where a term's postings of a block lie in `ids`
    (16 bit, within the block) and `values`; the most common terms are full columns as well (`dense`).
    `heavy` (levels, offers) is the length of a row's common part at each level, `marks` (offers × groups,) the same by
    groups of terms. Memory: 12 bytes a non-zero (10 where there are at most 65,536 terms).
    """

    n_offers: int
    n_terms: int
    ranks: NDArray[np.int32]
    row_starts: NDArray[np.int64]
    row_terms: NDArray[Any]
    row_values: NDArray[np.float32]
    heavy: NDArray[np.float32]
    frequencies: NDArray[np.int64]
    starts: NDArray[np.int32]
    bases: NDArray[np.int64]
    ids: NDArray[np.uint16]
    values: NDArray[np.float32]
    dense: NDArray[np.float32]
    marks: NDArray[np.uint8]
    mark_scale: float
    longest: float
    block: int = _BLOCK

    @classmethod
    def of(cls, offers: sparse.csr_matrix, *, block: int = _BLOCK) -> Postings:
        """Index the rows of a matrix, shape (offers, terms); empty rows and no rows are allowed.

        Raises
        ------
        InputError
            A block is not within 1 … 65,536 offers.
        """
        if not 1 <= block <= 65_536:
            raise InputError("match_block_size", {"block": block})
        matrix = sparse.csr_matrix(offers, dtype=np.float32)
        matrix.sum_duplicates()
        found = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)
        order = np.lexsort((np.arange(len(found)), -found))
        ranks, frequencies = np.argsort(order).astype(np.int32), found[order]
        starts, terms, values = _ranked(matrix, ranks)
        heavy = _levels(starts, terms, values, frequencies, matrix.shape[0])
        slim = terms.astype(np.uint16) if matrix.shape[1] <= 65_536 else terms.astype(np.int32)
        posts = _post(starts, terms, values, matrix.shape, block)
        dense = _dense_columns(matrix[:, order[:_MOST_DENSE]], frequencies, block)
        marks = _marks(starts, terms, values, frequencies, matrix.shape[0])
        n, n_terms = matrix.shape
        rows = (starts, slim, values, heavy, frequencies)
        longest = float(np.sqrt(_row_sums(values.astype(np.float64) ** 2, starts).max(initial=0)))
        return cls(n, n_terms, ranks, *rows, *posts, dense, *marks, longest, block)

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Which offers have no term at all."""
        return np.asarray(np.diff(self.row_starts) == 0)

    @property
    def n_bytes(self) -> int:
        """The memory the index takes."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))

    def matrix(self) -> sparse.csr_matrix:
        """The offers as float64 rows over ranks, in the order in which scores are summed."""
        parts = (self.row_values.astype(np.float64), self.row_terms.astype(np.int32), self.row_starts)
        return sparse.csr_matrix(parts, shape=(self.n_offers, self.n_terms))


def _ranked(
    matrix: sparse.csr_matrix, ranks: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Rows with their rare terms first: (starts, ranks, values), the most common term has rank 0."""
    flipped = len(ranks) - 1 - ranks
    # a copy, since sorting works in place
    turned = sparse.csr_matrix((matrix.data, flipped[matrix.indices], matrix.indptr), shape=matrix.shape, copy=True)
    turned.sort_indices()
    return turned.indptr.astype(np.int64), (len(ranks) - 1 - turned.indices).astype(np.int32), turned.data


def _levels(
    starts: NDArray[np.int64],
    terms: NDArray[np.int32],
    values: NDArray[np.float32],
    frequencies: NDArray[np.int64],
    n: int,
) -> NDArray[np.float32]:
    """Per level and row the length of the entries that are not light, a little rounded up."""
    heavy = np.zeros((len(_LEVEL_SHARES), n), np.float32)
    squares = values.astype(np.float64) ** 2
    for level, share in enumerate(_LEVEL_SHARES):
        is_light = frequencies[terms] <= share * n
        heavy[level] = np.sqrt(_row_sums(np.where(is_light, 0, squares), starts)) * np.float32(1 + 1e-6)
    return heavy


def _row_sums(entries: NDArray[Any], starts: NDArray[np.int64]) -> Floats:
    if not len(entries):
        return np.zeros(len(starts) - 1)
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return np.asarray(np.bincount(rows, weights=entries, minlength=len(starts) - 1), dtype=np.float64)


def _post(
    starts: NDArray[np.int64],
    terms: NDArray[np.int32],
    values: NDArray[np.float32],
    shape: tuple[int, int],
    block: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint16], NDArray[np.float32]]:
    """Block by block, term by term, the offers that have it."""
    n, n_terms = shape
    n_blocks = -(-n // block)
    table, bases = np.zeros((n_blocks, n_terms + 1), np.int32), np.zeros(n_blocks, np.int64)
    ids, posted = np.empty(len(terms), np.uint16), np.empty(len(terms), np.float32)
    for at in range(n_blocks):
        low, high = starts[at * block], starts[min(n, (at + 1) * block)]
        local = np.repeat(np.arange(min(block, n - at * block)), np.diff(starts[at * block : (at + 1) * block + 1]))
        order = np.argsort(terms[low:high], kind="stable")
        ids[low:high], posted[low:high] = local[order], values[low:high][order]
        table[at, 1:] = np.cumsum(np.bincount(terms[low:high], minlength=n_terms))
        bases[at] = low
    return table, bases, ids, posted


def _marks(
    starts: NDArray[np.int64],
    terms: NDArray[np.int32],
    values: NDArray[np.float32],
    frequencies: NDArray[np.int64],
    n: int,
) -> tuple[NDArray[np.uint8], float]:
    """The lengths of each row's common terms by group, shape (offers × groups,), rounded up to whole units."""
    is_common = frequencies[terms] > _LEVEL_SHARES[-1] * n
    rows = np.repeat(np.arange(n), np.diff(starts))[is_common]
    places = rows * N_GROUPS + terms[is_common] % N_GROUPS
    squares = np.bincount(places, weights=values[is_common].astype(np.float64) ** 2, minlength=n * N_GROUPS)
    lengths = np.sqrt(squares)
    unit = max(float(lengths.max(initial=0)) / 255, 1e-30)
    return np.ceil(lengths / unit).clip(0, 255).astype(np.uint8), unit * (1 + 1e-6)


def _dense_columns(matrix: sparse.csr_matrix, frequencies: NDArray[np.int64], block: int) -> NDArray[np.float32]:
    """The most common terms as full columns, shape (blocks, columns, block): one vector addition each."""
    n, n_blocks = matrix.shape[0], -(-matrix.shape[0] // block)
    n_common = min(_MOST_DENSE, int((frequencies > max(_DENSE_SHARE * n, 1)).sum()))
    n_common = min(n_common, _MOST_DENSE_BYTES // max(4 * n_blocks * block, 1))
    padded = np.zeros((n_blocks * block, n_common), np.float32)
    padded[:n] = matrix[:, :n_common].toarray()
    return np.ascontiguousarray(padded.reshape(n_blocks, block, n_common).transpose(0, 2, 1))


def top_k(
    needs: sparse.csr_matrix,
    offers: Postings,
    k: int = 10,
    *,
    is_pruned: bool = True,
    n_threads: int | None = None,
    method: Literal["kernel", "plain"] = "kernel",
    progress: Progress = silent,
) -> TopK:
    """The `k` offers with the highest product for every need: exact, ties by position, only products above 0.

    Parameters
    ----------
    needs
        Shape (needs, terms), the same terms as the offers; an empty row gets no offers.
    k
        At least 1; more than there are offers is allowed.
    is_pruned
        Skip work that provably cannot change the answer; the answer is the same without.
    n_threads
        All cores by default; the answer does not depend on it.
    method
        ``plain`` is the same answer from SciPy's products, slow.
    progress
        Called between groups of needs; raising in it cancels.

    Raises
    ------
    InputError
        `k` is below 1 or the terms differ.

    Notes
    -----
    For a need q and a level, the offers' rare terms are added up; by Cauchy–Schwarz the common terms can add at most
    ‖q_common‖ · ‖d_common‖. Where even that stays below the k-th best score so far, the offer is done with; otherwise
    the common terms are added from the offer's row, level by level, with the same test after each. The final scores
    are summed in double precision in row order by every path, so all paths agree to the last bit.

    References
    ----------
    Bayardo, Ma & Srikant (2007), Scaling up all pairs similarity search. Anastasiu & Karypis (2014), L2AP.
    """
    if k < 1:
        raise InputError("match_top_too_small", {"top": k})
    if needs.shape[1] != offers.n_terms:
        raise InputError("match_terms_differ", {"needs": needs.shape[1], "offers": offers.n_terms})
    if method == "plain":
        return _plain(needs, offers, k, progress)
    return _Search.of(needs, offers, k, is_pruned).run(n_threads or os.cpu_count() or 1, progress)


def _plain(needs: sparse.csr_matrix, offers: Postings, k: int, progress: Progress) -> TopK:
    rows, found = offers.matrix(), TopK(*_blank(needs.shape[0], k))
    columns = np.argsort(offers.ranks)
    for need in range(needs.shape[0]):
        scores = rows @ np.asarray(needs[need].toarray()).ravel().astype(np.float64)[columns]
        chosen = best(scores, scores > 0, k)
        found.offers[need, : len(chosen)], found.scores[need, : len(chosen)] = chosen, scores[chosen]
        progress("match", need + 1, needs.shape[0])
    return found


def _blank(n: int, k: int) -> tuple[NDArray[np.int32], Floats]:
    return np.full((n, k), -1, np.int32), np.zeros((n, k))


@dataclass(frozen=True, eq=False)
class _Search:
    """One run of the kernel: needs in the index's term order, with the lengths of their common parts."""

    offers: Postings
    starts: NDArray[np.int64]
    terms: NDArray[np.int32]
    values: NDArray[np.float32]
    slack: NDArray[np.float32]
    found: TopK
    is_pruned: bool

    @classmethod
    def of(cls, needs: sparse.csr_matrix, offers: Postings, k: int, is_pruned: bool) -> _Search:
        matrix = sparse.csr_matrix(needs, dtype=np.float32)
        matrix.sum_duplicates()
        starts, terms, values = _ranked(matrix, offers.ranks)
        lengths = np.sqrt(_row_sums(values.astype(np.float64) ** 2, starts))
        # twice the worst rounding of a sum in single precision
        slack = (np.diff(starts) + 8) * 1.2e-7 * lengths * offers.longest
        found = TopK(*_blank(matrix.shape[0], k))
        return cls(offers, starts, terms, values, slack.astype(np.float32), found, is_pruned)

    def run(self, n_threads: int, progress: Progress) -> TopK:
        n, n_checked = self.found.offers.shape[0], 0
        with ThreadPoolExecutor(n_threads) as pool:
            for group in _groups(n, _TILE * 16 * n_threads):
                n_checked += sum(pool.map(self._tile, _groups(group.stop - group.start, _TILE, group.start)))
                progress("match", group.stop, n)
        return TopK(self.found.offers, self.found.scores, n_checked)

    def _tile(self, needs: range) -> int:
        o, found = self.offers, self.found
        checked: int = search_tile(
            needs.start, needs.stop, self.starts, self.terms, self.values, self.slack, o.frequencies,
            np.array(_LEVEL_SHARES) * o.n_offers, o.n_offers, o.n_terms, o.block, o.row_starts, o.row_terms,
            o.row_values, o.heavy, o.starts, o.bases, o.ids, o.values, o.dense, o.marks, o.mark_scale,
            self.is_pruned, found.offers, found.scores,
        )  # fmt: skip
        return checked


def _groups(n: int, size: int, start: int = 0) -> Iterator[range]:
    return (range(start + at, start + min(at + size, n)) for at in range(0, n, size))


@dataclass(frozen=True, eq=False)
class Holders:
    """Which offers have each term, for sums over all offers: quick to make anew when offers come and go.

    `starts` (blocks, terms + 1) and `bases` (blocks,) say where a term's offers of a block lie in `ids` (16 bit, within
    the block) and `values`.
    """

    n_offers: int
    starts: NDArray[np.int32]
    bases: NDArray[np.int64]
    ids: NDArray[np.uint16]
    values: NDArray[np.float32]
    block: int = _BLOCK

    @classmethod
    def of(cls, offers: sparse.csr_matrix, *, block: int = _BLOCK) -> Holders:
        """The columns of a matrix, shape (offers, terms); no rows and no columns are allowed."""
        n, n_terms = offers.shape
        parts = [offers[at : at + block].tocsc() for at in range(0, n, block)]
        starts = np.array([part.indptr for part in parts], np.int32).reshape(len(parts), n_terms + 1)
        sizes = [0, *(part.nnz for part in parts)]
        ids = np.concatenate([np.empty(0, np.uint16), *(part.indices.astype(np.uint16) for part in parts)])
        values = np.concatenate([np.empty(0, np.float32), *(part.data.astype(np.float32) for part in parts)])
        return cls(n, starts, np.cumsum(sizes)[:-1].astype(np.int64), ids, values, block)


def dense_row(terms: NDArray[np.int32], weights: NDArray[np.float32], offers: Holders) -> Floats:
    """The products of one need with all offers, shape (offers,)."""
    out = np.zeros(offers.n_offers)
    scatter(terms, weights, offers.starts, offers.bases, offers.ids, offers.values, offers.block, out)
    return out


def best(scores: Floats, mask: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
    """The positions of the k best allowed scores, best first, ties by position."""
    allowed = np.flatnonzero(mask)
    if len(allowed) > k:
        least = np.partition(scores[allowed], len(allowed) - k)[len(allowed) - k]
        allowed = allowed[scores[allowed] >= least]
    return allowed[np.lexsort((allowed, -scores[allowed]))][:k].astype(np.int64)
