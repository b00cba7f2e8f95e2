"""Presence as bits, and the sums over it: what is held or not needs no multiplication.

Eight regions or industries are one byte. Co-occurrence is a count of bits; a product of presence with numbers is a sum
of looked-up partial sums ("four Russians": every sum of four or eight neighbours is made once and then shared by all
rows), so that half to three quarters of a matrix product's work is never done, on one core and without BLAS threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Bits", "outlooks", "packed", "quotients"]

Array = NDArray[Any]
Bytes = NDArray[np.uint8]
TILE = 64
FOUR = 4 * 16 * TILE


@dataclass(frozen=True, eq=False)
class Bits:
    """A truth table (rows, columns), packed both ways: `across` (bytes, rows), `down` (bytes, columns)."""

    shape: tuple[int, int]
    across: Bytes
    down: Bytes

    def per_row(self, values: Array) -> Array:
        """The sum, for each row, of the values (columns,) of what it holds."""
        out = np.zeros(self.shape[0])
        _looked_up(self.across, np.ascontiguousarray(values, dtype=np.float64), out)
        return out

    def per_column(self, values: Array) -> Array:
        """The sum, for each column, of the values (rows,) of what holds it."""
        out = np.zeros(self.shape[1])
        _looked_up(self.down, np.ascontiguousarray(values, dtype=np.float64), out)
        return out

    def together(self, dtype: Any) -> Array:
        """How many rows hold both of two columns, (columns, columns); exact."""
        columns = np.ascontiguousarray(self.down.T)
        columns = np.pad(columns, ((0, 0), (0, -columns.shape[1] % 8))).view(np.uint64)
        out = np.empty((self.shape[1], self.shape[1]), dtype)
        _counted(columns, out)
        return out

    def sums(self, near: Array, *, weights: Array, scale: Array) -> Array:
        """For each row and each column j of `near`: scale_j · Σ weights_i · near_ij over what the row holds."""
        width = near.shape[1]
        if not width:
            return np.zeros((self.shape[0], 0), near.dtype)
        across = np.pad(self.across, ((0, len(self.across) % 2), (0, 0)))
        weighed = np.zeros(8 * len(across), near.dtype)
        weighed[: len(weights)] = weights
        if width < TILE:
            near, scale = np.pad(near, ((0, 0), (0, TILE - width))), np.pad(scale, (0, TILE - width))
        out = np.empty((self.shape[0], near.shape[1]), near.dtype)
        _summed(across, near, weighed, scale.astype(near.dtype, copy=False), out)
        return out[:, :width]


def packed(present: NDArray[np.bool_]) -> Bits:
    """A truth table as bits."""
    across = np.ascontiguousarray(np.packbits(present, axis=1, bitorder="little").T)
    return Bits((present.shape[0], present.shape[1]), across, np.packbits(present, axis=0, bitorder="little"))


def quotients(table: Array, threshold: float, is_strict: bool) -> tuple[Array, NDArray[np.bool_]]:
    """RCA and presence in one walk; ties are decided on products, which are exact for whole numbers."""
    rows, columns = table.sum(1, dtype=np.float64), table.sum(0, dtype=np.float64)
    rca, present = np.empty_like(table), np.empty(table.shape, dtype=bool)
    _compared(table, rows, columns, float(columns.sum()), threshold, is_strict, rca, present)
    return rca, present


def outlooks(present: NDArray[np.bool_], around: Array, adds: Array, worth: Array, whole: Array, is_net: bool) -> Array:
    """COI of each row (rows,), with `adds` turned from what is held into what would be gained (COG), in place."""
    reach = np.empty(len(present))
    _turned(present, around, adds, worth.astype(adds.dtype), whole.astype(adds.dtype), is_net, reach)
    return reach


compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled  # type: ignore[untyped-decorator,unused-ignore]
def _compared(table, rows, columns, total, threshold, is_strict, rca, present):  # type: ignore[no-untyped-def]
    per_column = total / columns
    bar = columns * threshold
    for r in range(table.shape[0]):
        per_row = 1 / rows[r] if rows[r] > 0 else np.nan
        for i in range(table.shape[1]):
            value = np.float64(table[r, i])
            rca[r, i] = value * per_row * per_column[i]
            apart = value * total - rows[r] * bar[i]
            present[r, i] = (value > 0) & ((apart > 0) | ((apart == 0) & (not is_strict)))


# Sums may be taken in any order here, so that several cells are added at once; NaN and infinity keep their meaning.
@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})  # type: ignore[untyped-decorator,unused-ignore]
def _turned(present, around, adds, worth, whole, is_net, reach):  # type: ignore[no-untyped-def]
    for r in range(present.shape[0]):
        far = adds.dtype.type(0)
        for i in range(present.shape[1]):
            lacks = adds.dtype.type(not present[r, i])
            gained, near = whole[i] - adds[r, i], around[r, i] * worth[i]
            adds[r, i] = gained - near if is_net else gained * lacks
            far += near * lacks
        reach[r] = far


@compiled  # type: ignore[untyped-decorator,unused-ignore]
def _looked_up(codes, values, out):  # type: ignore[no-untyped-def]
    table = np.zeros(256)
    for k in range(codes.shape[0]):
        for bit in range(8):
            size, i = 1 << bit, 8 * k + bit
            more = values[i] if i < len(values) else 0.0
            for at in range(size):
                table[size + at] = table[at] + more
        for r in range(codes.shape[1]):
            out[r] += table[codes[k, r]]


@compiled  # type: ignore[untyped-decorator,unused-ignore]
def _counted(columns, out):  # type: ignore[no-untyped-def]
    one, two, four = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
    for i in range(columns.shape[0]):
        for j in range(i, columns.shape[0]):
            n = np.uint64(0)
            for k in range(columns.shape[1]):
                # The textbook count of bits; the compiler knows it and uses the machine's own.
                x = columns[i, k] & columns[j, k]
                x = x - ((x >> np.uint64(1)) & one)
                x = (x & two) + ((x >> np.uint64(2)) & two)
                x = (x + (x >> np.uint64(4))) & four
                n += (x * np.uint64(0x0101010101010101)) >> np.uint64(56)
            out[i, j] = n
            out[j, i] = n


@compiled  # type: ignore[untyped-decorator,unused-ignore]
def _summed(codes, near, weights, scale, out):  # type: ignore[no-untyped-def]
    n, width = codes.shape[1], near.shape[1]
    table, sums = np.empty(FOUR, near.dtype), np.empty(n * TILE, near.dtype)
    for begin in range(0, width, TILE):
        at = min(begin, width - TILE)  # The last tile may overlap the one before: all are of one width.
        sums[:] = 0
        for k in range(0, codes.shape[0], 2):
            for part in range(4):
                _partial(near, weights, 8 * k + 4 * part, at, table, part * 16 * TILE)
            _added(codes[k], codes[k + 1], table, sums)
        for r in range(n):
            for j in range(TILE):
                out[r, at + j] = sums[r * TILE + j] * scale[at + j]


@compiled  # type: ignore[untyped-decorator,unused-ignore]
def _partial(near, weights, first, at, table, base):  # type: ignore[no-untyped-def]
    """All sixteen sums of four rows of a tile, written from `base` on; rows beyond the end weigh nothing."""
    last = near.shape[0] - 1
    i, k, l, m = min(first, last), min(first + 1, last), min(first + 2, last), min(first + 3, last)  # noqa: E741
    p, q, r, s = weights[first], weights[first + 1], weights[first + 2], weights[first + 3]
    to = np.uint64(base)
    for at_j in range(TILE):
        j = np.uint64(at_j)
        a, b, c, d = p * near[i, at + at_j], q * near[k, at + at_j], r * near[l, at + at_j], s * near[m, at + at_j]
        ab, cd = a + b, c + d
        table[to + j] = 0
        table[to + np.uint64(TILE) + j] = a
        table[to + np.uint64(2 * TILE) + j] = b
        table[to + np.uint64(3 * TILE) + j] = ab
        table[to + np.uint64(4 * TILE) + j] = c
        table[to + np.uint64(5 * TILE) + j] = a + c
        table[to + np.uint64(6 * TILE) + j] = b + c
        table[to + np.uint64(7 * TILE) + j] = ab + c
        table[to + np.uint64(8 * TILE) + j] = d
        table[to + np.uint64(9 * TILE) + j] = a + d
        table[to + np.uint64(10 * TILE) + j] = b + d
        table[to + np.uint64(11 * TILE) + j] = ab + d
        table[to + np.uint64(12 * TILE) + j] = cd
        table[to + np.uint64(13 * TILE) + j] = a + cd
        table[to + np.uint64(14 * TILE) + j] = b + cd
        table[to + np.uint64(15 * TILE) + j] = ab + cd


@compiled  # type: ignore[untyped-decorator,unused-ignore]
def _added(low, high, table, sums):  # type: ignore[no-untyped-def]
    """Sixteen columns' part of a tile, for every row: four look-ups and three additions stand for sixteen of each."""
    step = np.uint64(16 * TILE)
    for r in range(len(low)):
        a, b = np.uint64(low[r]), np.uint64(high[r])
        first = (a & np.uint64(15)) * np.uint64(TILE)
        second = (a >> np.uint64(4)) * np.uint64(TILE) + step
        third = (b & np.uint64(15)) * np.uint64(TILE) + step + step
        fourth = (b >> np.uint64(4)) * np.uint64(TILE) + step + step + step
        to = np.uint64(r * TILE)
        for at in range(TILE):
            j = np.uint64(at)
            sums[to + j] += (table[first + j] + table[second + j]) + (table[third + j] + table[fourth + j])
