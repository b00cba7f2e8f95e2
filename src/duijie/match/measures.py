"""The terms of a kind over two pools: prepared over the offers, then over the needs; both pools can take more in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .candidates import Column, Kept, Pool
from .relatedness import ActivitySpace
from .text import Scheme, TextSpace
from .topk import Holders, dense_row

__all__ = ["CodedMeasure", "Measure", "Row", "SectorMeasure", "TextMeasure", "VectorMeasure", "VectorRow"]

Values = NDArray[np.float64]
Positions = NDArray[np.int64]


class Measure(Protocol):
    """One term of a kind, prepared over the offers."""

    def over(self, needs: Pool) -> Row:
        """The term for some needs."""

    def joined(self, more: Any, order: Positions) -> Any:
        """The term over its offers and those of `more`, which learnt nothing of its own, taken in `order`."""


class Row(Protocol):
    """One term over two pools."""

    def row(self, need: int, offers: Positions) -> Values:
        """The values of some offers for a need, shape (offers,); NaN where unknown."""

    def joined(self, measure: Any, more: Any, order: Positions) -> Any:
        """The term over a joined measure, for its needs and those of `more`, taken in `order`."""

    def table(self, offers: Any) -> Values:
        """All needs against the offers of a measure of few, shape (needs, offers): those of `row` but for rounding."""


@dataclass(frozen=True, eq=False)
class CodedMeasure:
    """A term that looks only at coded values: computed once a pair of distinct values."""

    column: Callable[[Pool], Column]
    offers: Column
    compute: Callable[[Any, Column], Values]
    kept: Kept = field(default_factory=Kept)

    def over(self, needs: Pool) -> Row:
        return _CodedRow(self, self.column(needs))

    def joined(self, more: CodedMeasure, order: Positions) -> CodedMeasure:
        return replace(self, offers=self.offers.joined(more.offers, order), kept=Kept())


@dataclass(frozen=True, eq=False)
class _CodedRow:
    measure: CodedMeasure
    needs: Column

    def row(self, need: int, offers: Positions) -> Values:
        measure, value = self.measure, self.needs.values[self.needs.groups[need]]
        distinct = measure.kept.get(value, lambda: measure.compute(value, measure.offers))
        return np.asarray(distinct[measure.offers.groups[offers]])

    def joined(self, measure: CodedMeasure, more: _CodedRow, order: Positions) -> _CodedRow:
        return _CodedRow(measure, self.needs.joined(more.needs, order))

    def table(self, offers: CodedMeasure) -> Values:
        few = offers.offers.used()
        distinct = np.array([offers.compute(value, few) for value in self.needs.values], dtype=np.float64)
        return np.asarray(distinct.reshape(-1, len(few.values))[self.needs.groups][:, few.groups])


@dataclass(frozen=True, eq=False)
class TextMeasure:
    """How much two weighted texts share, 0–1; unknown where one of them is empty. `offers` are rows of the space.

    Notes
    -----
    Whole phrases: 1 − (1 − cosine)². Characters: 1 − e^(−2c), c the share of the need's weight that the offer covers
    (above 1 for short offers that name all of it). Both count small shares twice and let full ones level off. The
    cosine of characters: twice itself, 1 at most.
    """

    space: TextSpace
    names: tuple[str, ...]
    offers: sparse.csr_matrix
    scheme: Scheme

    @cached_property
    def holders(self) -> Holders:
        return Holders.of(self.offers)

    @cached_property
    def is_empty(self) -> NDArray[np.bool_]:
        return np.asarray(np.diff(self.offers.indptr) == 0)

    def over(self, needs: Pool) -> Row:
        return _TextRow(self, self.space.vectors(needs.texts(self.names), scheme=self.scheme, side="need"))

    def joined(self, more: TextMeasure, order: Positions) -> TextMeasure:
        rows = _taken(self.offers, self.space, more.offers, more.space, order)
        return replace(self, space=more.space, offers=rows)

    def curved(self, shared: Values) -> Values:
        """What is shared as a value."""
        if self.scheme == "coverage":
            return np.asarray(-np.expm1(-2 * shared))
        if self.space.analysis == "phrases":
            return np.asarray(1 - (1 - np.minimum(shared, 1)) ** 2)
        return np.minimum(2 * shared, 1)


def _widened(rows: sparse.csr_matrix, space: TextSpace, wider: TextSpace) -> sparse.csr_matrix:
    """The same rows in a space that has more terms."""
    if wider is space:
        return rows
    columns = np.searchsorted(wider.codes, space.codes).astype(np.int32)
    return sparse.csr_matrix((rows.data, columns[rows.indices], rows.indptr), shape=(rows.shape[0], len(wider.codes)))


def _taken(
    own: sparse.csr_matrix, space: TextSpace, more: sparse.csr_matrix, wider: TextSpace, order: Positions
) -> sparse.csr_matrix:
    """The rows of both in `order`; `more` are rows of the wider space."""
    is_own = order < own.shape[0]
    kept = _widened(own[order[is_own]], space, wider)
    both = sparse.vstack([kept, more[order[~is_own] - own.shape[0]]], format="csr")
    return both[np.argsort(np.concatenate([np.flatnonzero(is_own), np.flatnonzero(~is_own)]))]


@dataclass(frozen=True, eq=False)
class _TextRow:
    measure: TextMeasure
    needs: sparse.csr_matrix

    def row(self, need: int, offers: Positions) -> Values:
        start, end = self.needs.indptr[need], self.needs.indptr[need + 1]
        if start == end:
            return np.full(len(offers), np.nan)
        terms, weights = self.needs.indices[start:end], self.needs.data[start:end]
        shared = dense_row(terms, weights, self.measure.holders)[offers]
        found = self.measure.curved(shared)
        found[self.measure.is_empty[offers]] = np.nan
        return found

    def joined(self, measure: TextMeasure, more: _TextRow, order: Positions) -> _TextRow:
        return _TextRow(measure, _taken(self.needs, self.measure.space, more.needs, measure.space, order))

    def table(self, offers: TextMeasure) -> Values:
        own = _widened(self.needs, self.measure.space, offers.space)
        found = offers.curved((own @ offers.offers.T).toarray().astype(np.float64))
        found[np.diff(own.indptr) == 0] = np.nan
        found[:, offers.is_empty] = np.nan
        return found


@dataclass(frozen=True, eq=False)
class VectorMeasure:
    """The cosine of two dense vectors, negative ones as 0; unknown where one has no direction."""

    space: ActivitySpace
    names: tuple[str, ...]
    offers: NDArray[np.float32]

    @cached_property
    def is_known(self) -> NDArray[np.bool_]:
        return np.asarray(self.offers.any(axis=1))

    def over(self, needs: Pool) -> Row:
        return VectorRow(self, self.space.vectors(needs.texts(self.names)))

    def joined(self, more: VectorMeasure, order: Positions) -> VectorMeasure:
        return replace(self, offers=np.concatenate([self.offers, more.offers])[order])


@dataclass(frozen=True, eq=False)
class VectorRow:
    """A dense term over two pools: the dear one, which a search leaves to the end."""

    measure: VectorMeasure
    needs: NDArray[np.float32]

    def row(self, need: int, offers: Positions) -> Values:
        own, theirs = self.needs[need], self.measure.offers
        if not own.any():
            return np.full(len(offers), np.nan)
        # taking rows out costs about as much as multiplying them all
        cosines = (theirs @ own)[offers] if 2 * len(offers) > len(theirs) else theirs[offers] @ own
        # rounded, so that the last bits do not depend on how the linear algebra library splits its work
        rounded = np.round(np.clip(cosines, 0, 1).astype(np.float64), 5)
        return np.where(self.measure.is_known[offers], rounded, np.nan)

    def joined(self, measure: VectorMeasure, more: VectorRow, order: Positions) -> VectorRow:
        return VectorRow(measure, np.concatenate([self.needs, more.needs])[order])

    def table(self, offers: VectorMeasure) -> Values:
        found = np.clip(self.needs @ offers.offers.T, 0, 1).astype(np.float64)
        return np.where(np.any(self.needs, axis=1, keepdims=True) & offers.is_known, found, np.nan)


@dataclass(frozen=True, eq=False)
class SectorMeasure:
    """How much the offer's sector delivers to the need's, by an input–output table: 1 for its largest input.

    `offers` (offers, sectors) is the chance of each sector, a row of zeros where nothing is known; `inputs` gives what
    needs take of each sector, shape (needs, sectors).
    """

    inputs: Callable[[Pool], Values]
    offers: Values

    def over(self, needs: Pool) -> Row:
        return _SectorRow(self, self.inputs(needs))

    def joined(self, more: SectorMeasure, order: Positions) -> SectorMeasure:
        return replace(self, offers=np.concatenate([self.offers, more.offers])[order])


@dataclass(frozen=True, eq=False)
class _SectorRow:
    measure: SectorMeasure
    needs: Values

    def row(self, need: int, offers: Positions) -> Values:
        own = self.needs[need]
        if not own.any():
            return np.full(len(offers), np.nan)
        theirs = self.measure.offers[offers]
        # rounded, so that the last bits do not depend on how the linear algebra library splits its work
        return np.where(theirs.any(axis=1), np.round(np.minimum(theirs @ own, 1), 5), np.nan)

    def joined(self, measure: SectorMeasure, more: _SectorRow, order: Positions) -> _SectorRow:
        return _SectorRow(measure, np.concatenate([self.needs, more.needs])[order])

    def table(self, offers: SectorMeasure) -> Values:
        is_known = np.any(self.needs, axis=1, keepdims=True) & offers.offers.any(axis=1)
        return np.where(is_known, np.minimum(self.needs @ offers.offers.T, 1), np.nan)
