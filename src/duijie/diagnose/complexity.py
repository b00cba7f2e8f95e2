"""Complexity of regions and industries: diversity, ubiquity, eigenvector, reflections, fitness, trimming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from .bits import Bits, packed
from .specialization import presence

__all__ = [
    "Fitness",
    "Spectrum",
    "core",
    "diversity",
    "external_complexity",
    "fitness",
    "reflections",
    "spectral_complexity",
    "ubiquity",
]

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
NEARLY_ONE = 1 - 1e-7
SMALL, MOST_STEPS = 24, 200


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Complexity as an eigenvector, before any convention scales it.

    `regions` (regions,) and `industries` (industries,) are tied by regions = mean of the industries present; both NaN
    outside the largest connected component. `eigenvalue` is the second of the walk (1 would mean a second component),
    `eigengap` its distance to the third: a gap near 0 means that the ranking is arbitrary. `n_components` counts
    the connected parts with at least one presence.
    """

    regions: Floats
    industries: Floats
    eigenvalue: float
    eigengap: float
    n_components: int


@dataclass(frozen=True, eq=False)
class Fitness:
    """Fitness of regions and complexity of industries, each with mean 1; NaN without presence."""

    regions: Floats
    industries: Floats
    n_steps: int
    change: float
    is_converged: bool


def diversity(present: ArrayLike) -> NDArray[np.int64]:
    """How many industries each region holds, (regions,)."""
    return np.asarray(np.asarray(present, dtype=bool).sum(1), dtype=np.int64)


def ubiquity(present: ArrayLike) -> NDArray[np.int64]:
    """How many regions hold each industry, (industries,)."""
    return np.asarray(np.asarray(present, dtype=bool).sum(0), dtype=np.int64)


def spectral_complexity(present: ArrayLike, held: Bits | None = None) -> Spectrum:
    """Complexity of regions and industries by the eigenvector method (ECI, PCI), sign fixed by diversity.

    Parameters
    ----------
    present
        (regions, industries) truth values.
    held
        The same as bits, where they are at hand.

    Returns
    -------
    Spectrum
        All NaN where fewer than two regions or industries are connected.

    Notes
    -----
    The walk D⁻¹M U⁻¹Mᵀ is similar to the symmetric S·Sᵀ with S = D^-½ M U^-½, whose first singular pair is known:
    (√d, √u). It is deflated, so that Lanczos finds the second pair as the largest: real, symmetric, sorted, and with
    sums over bits only. Regions without presence neither enter nor spoil the others.

    References
    ----------
    Hidalgo & Hausmann (2009), PNAS 106; Hausmann et al. (2014), The Atlas of Economic Complexity; Mealy, Farmer &
    Teytelboym (2019), Science Advances 5.
    """
    table = np.asarray(present, dtype=bool)
    eci, pci = np.full(table.shape[0], np.nan), np.full(table.shape[1], np.nan)
    rows, columns = np.flatnonzero(table.any(1)), np.flatnonzero(table.any(0))
    is_whole = len(rows) + len(columns) == sum(table.shape)
    table = table if is_whole else table[np.ix_(rows, columns)]
    values, kc, kp, parts = *_second_pair(held if held and is_whole else packed(table)), int(len(rows) > 0)
    if values[0] > NEARLY_ONE:  # A second eigenvalue of 1 means a second part; only then are parts looked for.
        at, to, parts = _largest_part(csr_array(table))
        if parts > 1:
            rows, columns, table = rows[at], columns[to], table[np.ix_(at, to)]
            values, kc, kp = _second_pair(packed(table))
    if values[0] < 1e-12:  # Everyone holds the same: no second direction exists, only rounding.
        return Spectrum(eci, pci, 0.0, 0.0, parts)
    spread = float(np.dot(table.sum(1) - table.sum(1).mean(), kc)) if len(kc) else 0.0
    sign = -1.0 if spread < 0 else 1.0
    eci[rows], pci[columns] = sign * kc, sign * kp
    return Spectrum(eci, pci, float(values[0]), float(values[0] - values[1]), parts)


def _largest_part(matrix: csr_array) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Rows and columns of the connected part with most presences, and how many parts there are."""
    n, m = matrix.shape
    pointers = np.append(matrix.indptr, np.full(m, matrix.indptr[-1]))
    links = csr_array((matrix.data, matrix.indices + n, pointers), shape=(n + m, n + m))
    parts, label = connected_components(links, directed=False)
    best = int(np.bincount(label[:n], weights=np.diff(matrix.indptr)).argmax())
    return np.flatnonzero(label[:n] == best), np.flatnonzero(label[n:] == best), int(parts)


def _second_pair(held: Bits) -> tuple[Floats, Floats, Floats]:
    """Second and third eigenvalue, and the second vector for rows and columns, rows being means of columns.

    All NaN where there are fewer than two rows or columns.
    """
    if min(held.shape) < 2:
        return np.full(2, np.nan), np.full(held.shape[0], np.nan), np.full(held.shape[1], np.nan)
    d, u = held.per_row(np.ones(held.shape[1])), held.per_column(np.ones(held.shape[0]))
    is_wide = held.shape[0] <= held.shape[1]
    (near, far), (there, back) = (
        ((d, u), (held.per_column, held.per_row)) if is_wide else ((u, d), (held.per_row, held.per_column))
    )
    outer, trivial = 1 / np.sqrt(near), np.sqrt(near / near.sum())

    def step(vector: Floats) -> Floats:
        turned = outer * back(there(outer * vector) / far)
        return np.asarray(turned - trivial * (trivial @ vector))

    values, vector = _top_two(step, len(trivial))
    side = outer * (vector - trivial * (trivial @ vector))
    # One more half step gives the other side; rows are kept as the exact means of their columns.
    kp = there(side) / u if is_wide else side
    kp = kp / max(float(np.sqrt(np.dot(kp, kp))), 1e-300)
    return values, held.per_row(kp) / d, kp


def _top_two(step: Callable[[Floats], Floats], size: int) -> tuple[Floats, Floats]:
    """The two largest eigenvalues, and the vector of the first; dense where small or where the steps do not suffice.

    Lanczos with full reorthogonalisation, until both residuals are below 1e-13; a breakdown goes on in a new direction,
    which is how an eigenvalue that stands twice is seen. No BLAS: a library's threads would wake for every small step.
    """
    random, basis = np.random.default_rng(0), np.empty((0, size))
    vector, _ = _orthogonal(random.standard_normal(size), basis)
    diagonal: list[float] = []
    beside: list[float] = []
    breakdowns = 0
    for k in range(MOST_STEPS if size >= SMALL else 0):
        basis = np.vstack([basis, vector])
        turned = step(vector)
        diagonal.append(float(np.dot(turned, vector)))
        vector, length = _orthogonal(turned, basis)
        is_broken = length < 1e-13
        if is_broken:
            breakdowns += 1
            vector, _ = _orthogonal(random.standard_normal(size), basis)
        if k > 1 and (k % 5 == 4 or is_broken):
            values, vectors = eigh_tridiagonal(diagonal, beside, select="i", select_range=(k - 1, k))
            if breakdowns > 1 or (not is_broken and length * np.abs(vectors[-1]).max() < 1e-13):
                return np.asarray(values[::-1]), np.einsum("k,ki->i", vectors[:, -1], basis)
        beside.append(0.0 if is_broken else length)
    values, vectors = np.linalg.eigh(np.stack([step(unit) for unit in np.eye(size)]))
    return np.asarray(values[:-3:-1]), np.asarray(vectors[:, -1])


def _orthogonal(vector: Floats, basis: Floats) -> tuple[Floats, float]:
    """What of a vector no vector of the basis has, at length 1, and the length it had."""
    for _ in range(2):  # Twice is enough.
        vector = vector - np.einsum("k,ki->i", np.einsum("ki,i->k", basis, vector), basis)
    length = float(np.sqrt(np.dot(vector, vector)))
    return vector / max(length, 1e-300), length


def reflections(present: ArrayLike, *, steps: int = 20) -> tuple[Floats, Floats]:
    """Complexity by the method of reflections: averages of averages, `steps` times.

    Returns
    -------
    (regions,), (industries,)
        Raw averages (even steps rank like complexity); NaN without presence.

    References
    ----------
    Hidalgo & Hausmann (2009), PNAS 106.
    """
    matrix = np.asarray(present, dtype=np.float64)
    d, u = matrix.sum(1), matrix.sum(0)
    kc, kp = d, u
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(steps):
            kc, kp = (matrix @ np.nan_to_num(kp)) / d, (matrix.T @ np.nan_to_num(kc)) / u
    return kc, kp


def fitness(present: ArrayLike, *, steps: int = 1000, tolerance: float = 1e-9) -> Fitness:
    """Fitness of regions and complexity of industries by the non-linear iteration.

    Parameters
    ----------
    steps
        At most this many; the published tables of the R package economiccomplexity use 20.
    tolerance
        Stop when no value moves by more than this; 0 always runs all steps.

    Returns
    -------
    Fitness
        `change` is the last step's largest move; `is_converged` tells whether it fell below the tolerance. Where the
        matrix makes some values decay to 0 the ranking converges before the values do.

    Notes
    -----
    Both are updated from the previous step: F ← M Q, Q ← 1 / (Mᵀ (1/F)), each divided by its mean.

    References
    ----------
    Tacchella et al. (2012), A new metrics for countries' fitness and products' complexity, Scientific Reports 2.
    """
    table = np.asarray(present, dtype=bool)
    rows, columns = np.atleast_1d(table.any(1)), np.atleast_1d(table.any(0))
    matrix = table[rows][:, columns].astype(np.float64)
    f, q, change, done = np.ones(matrix.shape[0]), np.ones(matrix.shape[1]), np.inf, 0
    with np.errstate(divide="ignore", over="ignore"):
        while done < steps and change > tolerance and matrix.size:
            new_f, new_q = matrix @ q, 1 / (matrix.T @ (1 / f))
            new_f, new_q = new_f / new_f.mean(), new_q / new_q.mean()
            change = max(float(np.abs(new_f - f).max()), float(np.abs(new_q - q).max()))
            f, q, done = new_f, new_q, done + 1
    regions, industries = np.full(len(rows), np.nan), np.full(len(columns), np.nan)
    regions[rows], industries[columns] = f, q
    return Fitness(regions, industries, done, change, change <= tolerance)


def external_complexity(present: ArrayLike, product_complexity: ArrayLike) -> Floats:
    """Complexity of sub-national regions from product complexities taken from elsewhere: the mean of what they hold.

    NaN for a region that holds nothing whose complexity is known.
    """
    table, outer = np.asarray(present, dtype=np.float64), np.asarray(product_complexity, dtype=np.float64)
    known = np.isfinite(outer)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((table[:, known] @ outer[known]) / table[:, known].sum(1))


def core(values: ArrayLike, *, regions: int = 1, industries: int = 1) -> tuple[Truths, Truths]:
    """What is left when regions with too few industries, and industries in too few regions, are taken away in turn.

    Parameters
    ----------
    values
        (regions, industries) amounts; presence is judged anew after each removal.
    regions, industries
        Least diversity and least ubiquity that stay.

    Returns
    -------
    (regions,), (industries,)
        Truth values of what stays; all False where nothing does.
    """
    table = np.asarray(values, dtype=np.float64)
    rows, columns = np.atleast_1d(table.any(1)), np.atleast_1d(table.any(0))
    while rows.any() and columns.any():
        held = presence(table[np.ix_(rows, columns)])
        stay, hold = held.sum(1) >= regions, held.sum(0) >= industries
        if stay.all() and hold.all():
            break
        rows[np.flatnonzero(rows)[~stay]] = False
        columns[np.flatnonzero(columns)[~hold]] = False
    return rows, columns
