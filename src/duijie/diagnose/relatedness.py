"""How near industries are to each other, and how near a region is to an industry it does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

from duijie.errors import InputError

from .bits import packed

__all__ = [
    "cooccurrence",
    "cross_proximity",
    "density",
    "distance",
    "gain",
    "nearest",
    "outlook",
    "proximity",
    "significance",
    "value_proximity",
]

Floats = NDArray[np.float64]


def cooccurrence(present: ArrayLike | csr_array, *, dtype: Any = np.float64) -> Floats:
    """How many regions (or firms, where a row is a firm's scope) hold both of two industries.

    Parameters
    ----------
    present
        (rows, industries) truth values, dense or sparse.

    Returns
    -------
    array (industries, industries)
        Whole numbers, symmetric; the diagonal is the ubiquity.
    """
    if hasattr(present, "tocsr"):
        matrix = present.tocsr().astype(np.float64)
        return np.asarray((matrix.T @ matrix).todense(), dtype=np.float64)
    return packed(np.asarray(present, dtype=bool)).together(dtype)


def proximity(together: ArrayLike, *, method: str = "min", diagonal: float = 1.0) -> Floats:
    """How near industries are, from their co-occurrence.

    Parameters
    ----------
    together
        (industries, industries) co-occurrence with ubiquity on the diagonal.
    method
        ``min`` least conditional probability (Hidalgo et al. 2007), ``max`` largest, ``cosine`` (also called sqrt),
        ``jaccard``, ``association`` strength and ``probability`` (Steijn 2017), both on pairs as EconGeo counts them.
    diagonal
        1 or 0: how near an industry is to itself.

    Returns
    -------
    array (industries, industries)
        Symmetric, ≥ 0; 0 in the row and column of an industry nowhere present.

    References
    ----------
    van Eck & Waltman (2009), How to normalize cooccurrence data?, JASIST 60.

    Examples
    --------
    >>> proximity([[4, 2], [2, 2]]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    counts = np.asarray(together)
    counts = counts if counts.dtype == np.float32 else counts.astype(np.float64, copy=False)
    held = counts.diagonal().copy()
    bottom: Floats
    if method in ("association", "probability"):
        counts, bottom = _expected(counts, method)
    elif method in _DIVISORS:
        bottom = _DIVISORS[method](held, counts)
    else:
        raise InputError("diagnose_proximity_unknown", {"method": method, "known": sorted(PROXIMITIES)})
    np.copyto(bottom, 1, where=bottom <= 0)  # Where nothing is expected, nothing is counted: 0 / 1.
    near = np.divide(counts, bottom, out=bottom)
    np.fill_diagonal(near, diagonal * (held > 0))
    return near


_DIVISORS: dict[str, Any] = {
    "min": lambda held, _: np.maximum.outer(held, held),
    "max": lambda held, _: np.minimum.outer(held, held),
    "cosine": lambda held, _: np.sqrt(np.multiply.outer(held, held)),
    "jaccard": lambda held, counts: np.add.outer(held, held) - counts,
}
PROXIMITIES = (*_DIVISORS, "association", "probability")


def _expected(counts: Floats, method: str) -> tuple[Floats, Floats]:
    """Pairs counted, and pairs expected if industries paired at random."""
    pairs = counts - np.diag(counts.diagonal())
    sums, total = pairs.sum(0), pairs.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        if method == "association":
            return pairs, np.nan_to_num(np.multiply.outer(sums, sums) / total)
        cross = np.multiply.outer(sums, sums / (total - sums)) / 2
        return pairs, np.nan_to_num(cross + cross.T)


def value_proximity(values: ArrayLike, *, method: str = "correlation", diagonal: float = 1.0) -> Floats:
    """How near industries are by their amounts (or quotients), not their mere presence.

    Parameters
    ----------
    values
        (regions, industries).
    method
        ``correlation``: (1 + r) / 2; ``cosine``.

    Returns
    -------
    array (industries, industries)
        0–1 for amounts ≥ 0; 0 for an industry without variation (correlation) or absent (cosine).
    """
    table = np.asarray(values, dtype=np.float64)
    if method == "correlation":
        table = table - table.mean(0)
    size = np.sqrt((table**2).sum(0))
    known = size > 1e-12 * max(float(size.max(initial=0.0)), 1e-300)
    unit = np.where(known, table / np.where(known, size, 1), 0)
    near = unit.T @ unit
    if method == "correlation":
        near = np.where(np.logical_and.outer(known, known), (1 + near) / 2, 0)
    np.fill_diagonal(near, diagonal * known)
    return np.asarray(near)


def nearest(near: ArrayLike, neighbours: int) -> Floats:
    """Proximity with only each industry's nearest neighbours kept (columns), itself apart, ties by position."""
    matrix = np.asarray(near, dtype=np.float64).copy()
    np.fill_diagonal(matrix, -np.inf)
    keep = np.argsort(-matrix, axis=0, kind="stable")[:neighbours]
    kept = np.zeros_like(matrix)
    np.put_along_axis(kept, keep, np.take_along_axis(matrix, keep, 0), 0)
    return np.asarray(np.maximum(kept, 0))


def density(present: ArrayLike, near: ArrayLike) -> Floats:
    """How much of what is near each industry a region already holds, 0–1.

    Parameters
    ----------
    present
        (regions, industries) truth values or weights 0–1.
    near
        (industries, industries) proximity.

    Returns
    -------
    array (regions, industries)
        0 for an industry that is near nothing.

    References
    ----------
    Hidalgo, Klinger, Barabási & Hausmann (2007), The product space conditions the development of nations, Science 317.
    """
    held = np.asarray(present)
    if held.dtype != bool:
        return np.asarray(held @ normed(near))
    matrix = np.asarray(near, dtype=np.float64)
    sums = matrix.sum(0)
    inverse = np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
    return packed(held).sums(matrix, weights=np.ones(len(sums)), scale=inverse)


def normed(near: ArrayLike) -> Floats:
    """Proximity with columns that sum to 1 (or 0)."""
    matrix = np.asarray(near, dtype=np.float64)
    sums = matrix.sum(0)
    return np.asarray(np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0))


def distance(present: ArrayLike, near: ArrayLike) -> Floats:
    """What is missing around each industry: 1 − density."""
    return 1 - density(present, near)


def outlook(present: ArrayLike, around: ArrayLike, product_complexity: ArrayLike) -> Floats:
    """Complexity outlook (COI): how much complexity lies within reach of each region, (regions,).

    Notes
    -----
    Σ_i density · (1 − present) · PCI; an industry of unknown complexity counts nothing.

    References
    ----------
    Hausmann et al. (2014), The Atlas of Economic Complexity.
    """
    held = np.asarray(present, dtype=np.float64)
    return np.asarray((np.asarray(around) * (1 - held)) @ np.nan_to_num(np.asarray(product_complexity)))


def gain(present: ArrayLike, near: ArrayLike, product_complexity: ArrayLike) -> Floats:
    """Complexity outlook gain (COG): what an industry not yet held would add to a region's outlook.

    Returns
    -------
    array (regions, industries)
        0 where the industry is present.

    Notes
    -----
    (1 − M)·[colsum(B) − M·B] with B_ij = φ_ij·PCI_i / Σ_j φ_ij: one product instead of two.
    """
    held = np.asarray(present, dtype=np.float64)
    worth = normed(near).T * np.nan_to_num(np.asarray(product_complexity))[:, None]
    return np.asarray((1 - held) * (worth.sum(0) - held @ worth))


def cross_proximity(present: ArrayLike, other: ArrayLike, *, method: str = "min") -> Floats:
    """How near the industries of one classification are to those of another, over the same regions.

    Parameters
    ----------
    present, other
        (regions, industries) and (regions, others): exports and patents, firms and research fields.

    Returns
    -------
    array (industries, others)
        0–1; 0 where either is nowhere present.

    References
    ----------
    Catalán, Navarrete & Figueroa (2020), The scientific and technological cross-space, Research Policy 51.
    """
    left, right = np.asarray(present, dtype=np.float64), np.asarray(other, dtype=np.float64)
    pick = np.maximum.outer if method == "min" else np.minimum.outer
    bottom = pick(left.sum(0), right.sum(0))
    return np.asarray(np.divide(left.T @ right, bottom, out=np.zeros_like(bottom), where=bottom > 0))


def significance(together: ArrayLike, n: int) -> tuple[Floats, Floats]:
    """Whether two activities stand in one scope more often than chance would put them.

    Parameters
    ----------
    together
        (industries, industries) co-occurrence with ubiquity on the diagonal.
    n
        Rows counted (firms, regions).

    Returns
    -------
    z, p
        (industries, industries) each: standard score against the hypergeometric mean and its one-sided p-value by the
        normal approximation; NaN on the diagonal and where chance leaves no room.

    Notes
    -----
    mean = n_i n_j / n, variance = mean · (1 − n_i/n) · (n − n_j)/(n − 1).

    References
    ----------
    Teece, Rumelt, Dosi & Winter (1994), Understanding corporate coherence, JEBO 23.
    """
    counts = np.asarray(together, dtype=np.float64)
    held = counts.diagonal()
    mean = np.multiply.outer(held, held) / n
    room = mean * (1 - held[:, None] / n) * (n - held[None, :]) / max(n - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(room > 0, (counts - mean) / np.sqrt(room), np.nan)
    np.fill_diagonal(z, np.nan)
    return z, np.asarray(ndtr(-z))
