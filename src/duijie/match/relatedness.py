"""Activity relatedness: what goes together in the texts of many firms, learnt from their co-occurrence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .text import Analysis, TextSpace

__all__ = ["ActivitySpace"]


@dataclass(frozen=True, eq=False)
class ActivitySpace:
    """A low-dimensional space in which activities that stand together in many texts are near each other.

    `directions` has shape (terms, dimensions); `space` is the vocabulary they are over.
    """

    space: TextSpace
    directions: NDArray[np.float32]

    @classmethod
    def learn(
        cls, texts: Sequence[str], *, dimensions: int = 64, analysis: Analysis = "grams", seed: int = 0
    ) -> ActivitySpace:
        """Learn from `texts`, one a firm; fewer texts than dimensions give fewer dimensions, none gives zero.

        Notes
        -----
        The leading right singular vectors of the tf-idf matrix by a randomized range finder with power iterations
        and a fixed seed; directions are scaled by the square root of their singular value, so that rare accidental
        companions weigh less than habitual ones.

        References
        ----------
        Deerwester et al. (1990), Indexing by latent semantic analysis. Halko, Martinsson & Tropp (2011).
        """
        space = TextSpace.learn(texts, analysis=analysis)
        return cls.of(space, space.vectors(texts), dimensions=dimensions, seed=seed)

    @classmethod
    def of(cls, space: TextSpace, rows: sparse.csr_matrix, *, dimensions: int = 64, seed: int = 0) -> ActivitySpace:
        """Learn from texts that are rows of a space already, shape (texts, terms); as :meth:`learn` otherwise."""
        size = min(dimensions, *rows.shape)
        if size == 0:
            return cls(space, np.zeros((rows.shape[1], 0), np.float32))
        return cls(space, _right_directions(rows, size, seed))

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The texts as unit rows, shape (texts, dimensions); a text without known activity is all zero."""
        return self.placed(self.space.vectors(texts))

    def placed(self, vectors: sparse.csr_matrix) -> NDArray[np.float32]:
        """Rows of the vocabulary as unit rows of the space, shape (texts, dimensions)."""
        rows = np.asarray(vectors @ self.directions, dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 1e-12, lengths, np.inf), dtype=np.float32)


def _right_directions(matrix: sparse.csr_matrix, size: int, seed: int) -> NDArray[np.float32]:
    """The leading right singular vectors, each times the square root of its singular value.

    Only the texts' side is made orthonormal on the way, since terms are many times more; the last step of the power
    iteration is turned into orthonormal directions by its Gram matrix.
    """
    wide = min(size + 16, min(matrix.shape))
    sketch = np.random.default_rng(seed).standard_normal((matrix.shape[1], wide)).astype(np.float32)
    for _ in range(4):
        sketch = np.asarray(matrix.T @ _orthonormal(matrix @ sketch))
    strengths, turns = np.linalg.eigh(_gram(sketch))
    kept = strengths > 1e-10 * strengths.max(initial=0)
    turns = (turns[:, kept] / np.sqrt(strengths[kept])).astype(np.float32)
    squares, rest = np.linalg.eigh(_gram((matrix @ sketch) @ turns))
    lengths = np.maximum(squares[::-1], 0) ** 0.25
    return np.asarray(sketch @ ((turns @ rest[:, ::-1]) * lengths)[:, :size], dtype=np.float32)


def _gram(columns: NDArray[Any]) -> NDArray[np.float64]:
    """The products of all columns, summed in double precision block by block so that no large copy is made."""
    parts = (columns[at : at + 8192].astype(np.float64) for at in range(0, len(columns), 8192))
    return np.asarray(sum((part.T @ part for part in parts), np.zeros((columns.shape[1],) * 2)))


def _orthonormal(columns: NDArray[Any]) -> NDArray[np.float32]:
    """The span of some columns as orthonormal ones, by their small Gram matrix; dependent columns drop out.

    Tall Householder factorisations are many times slower, above all where cores are shared.
    """
    wide = columns.astype(np.float64)
    for _ in range(2):
        # twice, since squaring the condition number costs half of the digits
        strengths, turns = np.linalg.eigh(wide.T @ wide)
        kept = strengths > 1e-10 * strengths.max(initial=0)
        wide = wide @ (turns[:, kept] / np.sqrt(strengths[kept]))
    return np.asarray(wide, dtype=np.float32)
