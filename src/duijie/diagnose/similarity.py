"""How alike two regions are in what they make or trade, for one pair or for all pairs of N at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["cosine", "finger_kreinin", "grubel_lloyd", "krugman", "michaely", "shares"]

Floats = NDArray[np.float64]


def shares(values: ArrayLike) -> Floats:
    """Each region's structure: rows of shares that sum to 1; NaN for an empty region."""
    table = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(table / table.sum(-1, keepdims=True))


def finger_kreinin(values: ArrayLike) -> Floats:
    """How much of their structures every two regions share, 0 (nothing) to 1 (the same).

    Parameters
    ----------
    values
        (regions, industries), ≥ 0.

    Returns
    -------
    array (regions, regions)
        Symmetric; NaN for an empty region.

    Notes
    -----
    Σ_i min(s_ai, s_bi) = 1 − ½ Σ_i |s_ai − s_bi|.

    References
    ----------
    Finger & Kreinin (1979), A measure of "export similarity" and its possible uses, Economic Journal 89.

    Examples
    --------
    >>> finger_kreinin([[1, 1], [3, 1]])[0, 1].item()
    0.75
    """
    return 1 - krugman(values) / 2


def krugman(values: ArrayLike) -> Floats:
    """How far apart the structures of every two regions are, 0 (the same) to 2 (nothing in common).

    Notes
    -----
    Σ_i |s_ai − s_bi|; (regions, regions), symmetric, NaN for an empty region.

    References
    ----------
    Krugman (1991), Geography and Trade.
    """
    structure = shares(values)
    return np.stack([np.abs(structure - row).sum(1) for row in structure])


def cosine(values: ArrayLike) -> Floats:
    """The angle between the structures of every two regions as a cosine, 0–1; NaN for an empty region.

    Examples
    --------
    >>> cosine([[1, 0], [0, 1]])[0, 1].item()
    0.0
    """
    table = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = table / np.sqrt((table**2).sum(1, keepdims=True))
    return np.asarray(unit @ unit.T)


def michaely(exports: ArrayLike, imports: ArrayLike) -> Floats:
    """How well what a region sells fits what another buys, 0–1, for every ordered pair.

    Parameters
    ----------
    exports, imports
        (regions, products), ≥ 0.

    Returns
    -------
    array (regions, regions)
        Row: the seller, column: the buyer; NaN where the one sells or the other buys nothing.

    Notes
    -----
    1 − ½ Σ_i |m_bi − x_ai|.

    References
    ----------
    Michaely (1996), Trade preferential agreements in Latin America: an ex-ante assessment.
    """
    sold, bought = shares(exports), shares(imports)
    return np.stack([1 - np.abs(bought - row).sum(1) / 2 for row in sold])


def grubel_lloyd(exports: ArrayLike, imports: ArrayLike) -> Floats:
    """The part of each product's trade that goes both ways, 0 (one way) to 1 (balanced); NaN without trade.

    Notes
    -----
    1 − |x − m| / (x + m), of the shape of the arrays.

    References
    ----------
    Grubel & Lloyd (1975), Intra-Industry Trade.

    Examples
    --------
    >>> grubel_lloyd([10.0, 4.0], [10.0, 0.0]).tolist()
    [1.0, 0.0]
    """
    sold, bought = np.asarray(exports, dtype=np.float64), np.asarray(imports, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - np.abs(sold - bought) / (sold + bought))
