"""How concentrated a region's structure is, how varied, and how an industry clusters in space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .similarity import shares
from .specialization import location_quotient

__all__ = [
    "Variety",
    "ellison_glaeser",
    "entropy",
    "gini",
    "hachman",
    "herfindahl",
    "hoover",
    "krugman_specialization",
    "locational_gini",
    "theil",
    "variety",
]

Floats = NDArray[np.float64]


def herfindahl(values: ArrayLike) -> Floats:
    """Herfindahl–Hirschman index of each row: Σ s², 1/n (even) to 1 (one industry); NaN for an empty row.

    Examples
    --------
    >>> herfindahl([[1, 1], [1, 0]]).tolist()
    [0.5, 1.0]
    """
    return np.asarray((shares(values) ** 2).sum(-1))


def entropy(values: ArrayLike, *, base: float = 2) -> Floats:
    """Shannon entropy of each row, 0 (one industry) to log n (even); NaN for an empty row.

    Examples
    --------
    >>> entropy([[1, 1, 1, 1], [5, 0, 0, 0]]).tolist()
    [2.0, 0.0]
    """
    structure = shares(values)
    logs = np.log(structure, out=np.zeros_like(structure), where=structure > 0)
    return np.asarray(-(structure * logs).sum(-1) / np.log(base) + 0.0)


def theil(values: ArrayLike) -> Floats:
    """Theil's T of each row over its n cells: log n − entropy (natural), 0 (even) to log n."""
    return np.asarray(np.log(np.asarray(values).shape[-1]) - entropy(values, base=float(np.e)))


def gini(values: ArrayLike) -> Floats:
    """Gini coefficient of each row, 0 (even) to (n − 1)/n (one cell has all); NaN for an empty row.

    Examples
    --------
    >>> gini([[1, 1, 1, 1], [0, 0, 0, 8]]).tolist()
    [0.0, 0.75]
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    n = ordered.shape[-1]
    weight = 2 * np.arange(1, n + 1) - n - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((ordered @ weight) / (n * ordered.sum(-1)))


def locational_gini(values: ArrayLike) -> Floats:
    """How unevenly each industry lies over regions, against all activity: 0 (as all activity) to near 1, (industries,).

    Notes
    -----
    Area between the diagonal and the Lorenz curve of the industry's shares over regions, the regions ordered by their
    location quotient and as wide as their share of all activity, times 2.

    References
    ----------
    Krugman (1991), Geography and Trade.
    """
    table = np.asarray(values, dtype=np.float64)
    weight = table.sum(1) / table.sum()
    quotient = location_quotient(table)
    found = []
    for part, q in zip(shares(table.T), quotient.T, strict=True):
        order = np.argsort(np.nan_to_num(q), kind="stable")
        height = np.concatenate([[0], np.cumsum(part[order])])
        found.append(1 - (weight[order] * (height[1:] + height[:-1])).sum())
    return np.array(found)


def hoover(values: ArrayLike, reference: ArrayLike | None = None) -> Floats:
    """The part of each industry that would have to move to lie as the reference does, 0–1, (industries,).

    Parameters
    ----------
    values
        (regions, industries).
    reference
        (regions,) population, area or all activity (the default).

    References
    ----------
    Hoover (1936), The measurement of industrial localization.
    """
    table = np.asarray(values, dtype=np.float64)
    whole = table.sum(1) if reference is None else np.asarray(reference, dtype=np.float64)
    return np.asarray(np.abs(shares(table.T) - whole / whole.sum()).sum(1) / 2)


def hachman(values: ArrayLike, reference: ArrayLike | None = None) -> Floats:
    """How like the reference each region's structure is, near 0 (nothing alike) to 1 (the same), (regions,).

    Notes
    -----
    1 / Σ_i LQ_ri · s_ri.
    """
    table = np.asarray(values, dtype=np.float64)
    quotient = location_quotient(table, reference=reference)
    return np.asarray(1 / (np.nan_to_num(quotient) * shares(table)).sum(1))


def krugman_specialization(values: ArrayLike, reference: ArrayLike | None = None) -> Floats:
    """How far each region's structure is from the reference (by default all the others), 0–2, (regions,)."""
    table = np.asarray(values, dtype=np.float64)
    others = table.sum(0) - table if reference is None else np.asarray(reference, dtype=np.float64)
    return np.asarray(np.abs(shares(table) - shares(others)).sum(1))


@dataclass(frozen=True, eq=False)
class Variety:
    """Entropy of each region split in two: `unrelated` between groups, `related` inside them; the sum is all."""

    unrelated: Floats
    related: Floats


def variety(values: ArrayLike, groups: Sequence[str], *, base: float = 2) -> Variety:
    """Unrelated and related variety of each region.

    Parameters
    ----------
    values
        (regions, industries).
    groups
        The wider heading of each industry.

    References
    ----------
    Frenken, Van Oort & Verburg (2007), Related variety, unrelated variety and regional economic growth, Regional
    Studies 41.
    """
    table = np.asarray(values, dtype=np.float64)
    names = sorted(set(groups))
    belongs = np.array([[group == name for name in names] for group in groups], dtype=np.float64)
    between = entropy(table @ belongs, base=base)
    return Variety(between, entropy(table, base=base) - between)


def ellison_glaeser(values: ArrayLike, plant_herfindahl: ArrayLike) -> Floats:
    """How much an industry clusters beyond what the size of its plants explains, (industries,).

    Parameters
    ----------
    values
        (regions, industries) employment or output.
    plant_herfindahl
        (industries,) Herfindahl index of plant sizes; 1/n where plants are alike.

    Returns
    -------
    array (industries,)
        0 as if at random; above 0.05 strong; NaN where one plant is all.

    Notes
    -----
    (G − (1 − Σx²)H) / ((1 − Σx²)(1 − H)), G = Σ(s_r − x_r)².

    References
    ----------
    Ellison & Glaeser (1997), Geographic concentration in U.S. manufacturing industries, JPE 105.
    """
    table, plants = np.asarray(values, dtype=np.float64), np.asarray(plant_herfindahl, dtype=np.float64)
    all_share = table.sum(1) / table.sum()
    raw = ((shares(table.T) - all_share) ** 2).sum(1)
    room = 1 - (all_share**2).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((raw - room * plants) / (room * (1 - plants)))
