"""What one region can supply and the other would use: supply-chain complementarity, link by link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SupplyLink", "strength", "supply_complementarity", "supply_links"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SupplyLink:
    """Industry `supplier` of the first region feeds industry `buyer` of the second; indices into the arrays given."""

    supplier: int
    buyer: int
    score: float
    supplier_strength: float
    coefficient: float
    buyer_strength: float


def strength(quotient: ArrayLike) -> Floats:
    """A quotient as a strength from 0 (ordinary or weak) to 1 (only here): max(0, (q − 1)/(q + 1)); NaN gives 0.

    References
    ----------
    Laursen (2015), Revealed comparative advantage and the alternatives as measures of international specialization.

    Examples
    --------
    >>> strength([0.5, 1.0, 3.0, float("inf")]).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    q = np.asarray(quotient, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        bounded = np.where(np.isinf(q), 1.0, (q - 1) / (q + 1))
    return np.asarray(np.maximum(np.nan_to_num(bounded), 0.0))


def supply_complementarity(supplier: ArrayLike, coefficients: ArrayLike, buyer: ArrayLike) -> Floats:
    """Every link's weight: specialization of the supplier × input share × specialization of the buyer.

    Parameters
    ----------
    supplier, buyer
        (industries,) strengths, 0–1, of the two regions (see :func:`strength`).
    coefficients
        (industries, industries): the part of the column's intermediate inputs that comes from the row, 0–1.

    Returns
    -------
    array (industries, industries)
        0–1; its sum is the complementarity of the direction supplier → buyer.
    """
    left, right = np.asarray(supplier, dtype=np.float64), np.asarray(buyer, dtype=np.float64)
    return left[:, None] * np.asarray(coefficients, dtype=np.float64) * right[None, :]


def supply_links(
    supplier: ArrayLike, coefficients: ArrayLike, buyer: ArrayLike, *, top: int = 20
) -> tuple[SupplyLink, ...]:
    """The strongest links from one region's industries to different industries of another, best first.

    Two firms of one industry are rivals as often as partners, so the diagonal is left out. Links of weight 0 are
    never listed.
    """
    left, right = np.asarray(supplier, dtype=np.float64), np.asarray(buyer, dtype=np.float64)
    matrix = np.asarray(coefficients, dtype=np.float64)
    rows, columns = np.flatnonzero(left > 0), np.flatnonzero(right > 0)
    weight = supply_complementarity(left[rows], matrix[np.ix_(rows, columns)], right[columns])
    weight = np.where(rows[:, None] == columns[None, :], 0.0, weight)
    order = np.argsort(-weight, axis=None, kind="stable")[:top]
    places = [divmod(int(at), len(columns)) for at in order if weight.flat[at] > 0]
    return tuple(
        SupplyLink(i, j, float(weight[r, c]), float(left[i]), float(matrix[i, j]), float(right[j]))
        for r, c in places
        for i, j in [(int(rows[r]), int(columns[c]))]
    )
