"""Tables that no office publishes, estimated: regional coefficients, balancing, and two or more regions joined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from duijie.errors import InfeasibleError, InputError

from .specialization import location_quotient

__all__ = [
    "Interregional",
    "balance",
    "cross_industry_quotient",
    "flegg_quotient",
    "interregional",
    "regional_coefficients",
    "trade_shares",
]

Floats = NDArray[np.float64]


def cross_industry_quotient(region: ArrayLike, nation: ArrayLike) -> Floats:
    """How large the supplying against the buying industry is in a region, with SLQ on the diagonal (CILQ).

    Parameters
    ----------
    region, nation
        (sectors,) output or employment.

    Returns
    -------
    array (sectors, sectors)
        Row supplies column; inf where the buyer is absent in the region, NaN where the supplier is as well.
    """
    own = location_quotient(np.asarray(region, dtype=np.float64)[None], reference=nation)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = own[:, None] / own[None, :]
    np.fill_diagonal(cross, own)
    return np.asarray(cross)


def flegg_quotient(
    region: ArrayLike, nation: ArrayLike, *, exponent: float = 0.3, is_augmented: bool = False
) -> Floats:
    """Flegg's location quotient: CILQ scaled by how large the region is (FLQ), or augmented for strong buyers (AFLQ).

    Parameters
    ----------
    exponent
        δ, 0–1: the larger, the more a small region is held to import. Report results for several.
    is_augmented
        Multiply by log₂(1 + SLQ of the buyer) where that SLQ is above 1.

    Notes
    -----
    FLQ_ij = CILQ_ij · [log₂(1 + x_region / x_nation)]^δ.

    References
    ----------
    Flegg & Tohmo (2013), Regional input–output tables and the FLQ formula: Regional Studies 47.
    """
    here, there = np.asarray(region, dtype=np.float64), np.asarray(nation, dtype=np.float64)
    size = np.log2(1 + here.sum() / there.sum()) ** exponent
    found = cross_industry_quotient(here, there) * size
    if not is_augmented:
        return np.asarray(found)
    own = location_quotient(here[None], reference=there)[0]
    return np.asarray(found * np.where(own > 1, np.log2(1 + own), 1.0)[None, :])


def regional_coefficients(coefficients: ArrayLike, quotient: ArrayLike) -> Floats:
    """National input coefficients cut to what the region supplies itself: a · min(1, quotient).

    Parameters
    ----------
    quotient
        (sectors,) of the supplier (SLQ), or (sectors, sectors) (CILQ, FLQ, AFLQ); NaN and inf cut nothing.
    """
    cut = np.asarray(quotient, dtype=np.float64)
    cut = np.minimum(np.where(np.isfinite(cut), cut, 1.0), 1.0)
    return np.asarray(np.asarray(coefficients, dtype=np.float64) * (cut[:, None] if cut.ndim == 1 else cut))


def balance(
    matrix: ArrayLike, rows: ArrayLike, columns: ArrayLike, *, steps: int = 2000, tolerance: float = 1e-10
) -> Floats:
    """The matrix nearest to a given one that has the row and column sums asked for (RAS; GRAS where signs differ).

    Parameters
    ----------
    matrix
        (m, n), any signs; zeros stay zeros.
    rows, columns
        (m,), (n,) sums; their totals must agree.
    tolerance
        Greatest departure allowed, as a part of the largest sum.

    Raises
    ------
    InputError
        The totals differ.
    InfeasibleError
        No such matrix exists, or it is not reached in the steps given; the departure left is told.

    References
    ----------
    Junius & Oosterhaven (2003), The solution of updating or regionalizing a matrix with both positive and negative
    entries, Economic Systems Research 15; Lenzen, Wood & Gallego (2007), Some comments on the GRAS method, ESR 19.

    Examples
    --------
    >>> balance([[1, 1], [1, 1]], [2, 4], [3, 3]).tolist()
    [[1.0, 1.0], [2.0, 2.0]]
    """
    start = np.asarray(matrix, dtype=np.float64)
    u, v = np.asarray(rows, dtype=np.float64), np.asarray(columns, dtype=np.float64)
    scale = max(float(np.abs(u).max(initial=0)), float(np.abs(v).max(initial=0)), 1e-300)
    if abs(u.sum() - v.sum()) > max(tolerance, 1e-9) * scale * max(len(u), len(v)):
        raise InputError("diagnose_totals_differ", {"rows": float(u.sum()), "columns": float(v.sum())})
    plus, minus = np.maximum(start, 0), np.maximum(-start, 0)
    r, s, left = np.ones(len(u)), np.ones(len(v)), np.inf
    for _ in range(steps):
        r = _factor(plus @ s, minus @ (1 / s), u)
        s = _factor(plus.T @ r, minus.T @ (1 / r), v)
        found = plus * np.multiply.outer(r, s) - minus * np.multiply.outer(1 / r, 1 / s)
        left = float(np.abs(found.sum(1) - u).max(initial=0) / scale)
        if left <= tolerance:
            return np.asarray(found)
    raise InfeasibleError("diagnose_not_balanced", {"steps": steps, "left": left})


def _factor(positive: Floats, negative: Floats, target: Floats) -> Floats:
    """The multiplier of each row that solves p·r − n/r = target."""
    root = np.sqrt(target**2 + 4 * positive * negative)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(positive > 0, (target + root) / (2 * positive), -negative / target)
    # A row of zeros keeps its factor; one that must become zero gets a tiny one, so that its inverse exists.
    return np.asarray(np.where(np.isfinite(found) & (found > 0), found, np.where(positive > 0, 1e-150, 1.0)))


def trade_shares(supply: ArrayLike, demand: ArrayLike, distance: ArrayLike, *, decay: float = 1.0) -> Floats:
    """Where each region buys each sector's product, by gravity (for Chenery–Moses tables).

    Parameters
    ----------
    supply, demand
        (regions, sectors) what is sold and bought.
    distance
        (regions, regions) > 0, in any unit; the diagonal is a region's distance to itself.
    decay
        How fast trade falls with distance; 0 for no friction. Report results for several.

    Returns
    -------
    array (sectors, regions, regions)
        Seller × buyer; the column of a buyer sums to 1, or 0 where nobody supplies.

    Notes
    -----
    t_i^rs ∝ supply_ri / distance_rs^decay. `demand` only decides who buys at all.
    """
    sold, bought = np.asarray(supply, dtype=np.float64), np.asarray(demand, dtype=np.float64)
    pull = sold.T[:, :, None] / np.asarray(distance, dtype=np.float64)[None] ** decay
    pull = pull * (bought.T[:, None, :] > 0)
    total = pull.sum(1, keepdims=True)
    return np.asarray(np.divide(pull, total, out=np.zeros_like(pull), where=total > 0))


@dataclass(frozen=True, eq=False)
class Interregional:
    """Regions joined: `coefficients` (n·m, n·m) by region then sector, and what one region sets off in others.

    `multiplier` (n, n·m): output in each region a unit of final demand sets off; `spillover` (n·m,): the part outside
    its region; `feedback` (n·m,): what comes back to the region through the others.
    """

    coefficients: Floats
    multiplier: Floats
    spillover: Floats
    feedback: Floats


def interregional(coefficients: ArrayLike, shares: ArrayLike) -> Interregional:
    """A multi-regional model from each region's technology and where it buys (Chenery–Moses).

    Parameters
    ----------
    coefficients
        (regions, sectors, sectors) technical coefficients of each region.
    shares
        (sectors, regions, regions) trade shares, seller × buyer.

    Raises
    ------
    InfeasibleError
        The joined economy buys more than it makes.

    References
    ----------
    Miller & Blair (2022), Input–Output Analysis, chapter 3: multiregional model, spillovers and feedbacks.
    """
    local, trade = np.asarray(coefficients, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    n, m = local.shape[0], local.shape[1]
    joined = np.einsum("irs,sij->risj", trade, local).reshape(n * m, n * m)
    inverse = np.linalg.inv(np.eye(n * m) - joined)
    if (inverse.diagonal() < 1 - 1e-9).any() or not np.isfinite(inverse).all():
        raise InfeasibleError("diagnose_no_surplus", {})
    multiplier = inverse.reshape(n, m, n * m).sum(1)
    home = np.repeat(np.arange(n), m)
    own = multiplier[home, np.arange(n * m)]
    alone = np.concatenate(
        [np.linalg.inv(np.eye(m) - joined[r * m : r * m + m, r * m : r * m + m]).sum(0) for r in range(n)]
    )
    return Interregional(joined, multiplier, multiplier.sum(0) - own, own - alone)
