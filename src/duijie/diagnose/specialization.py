"""What a region has more of than others: location quotients, exact presence, bands for small counts, shrinkage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

__all__ = ["Band", "location_quotient", "presence", "quotient_band", "share_ratio_band", "shrunk_quotient"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Band:
    """A quotient with its confidence band: three arrays of one shape, `low` ≤ `value` ≤ `high`; `high` may be inf."""

    value: Floats
    low: Floats
    high: Floats
    level: float = 0.95

    @property
    def is_above(self) -> NDArray[np.bool_]:
        """Where the whole band lies above 1."""
        return self.low > 1

    @property
    def is_below(self) -> NDArray[np.bool_]:
        """Where the whole band lies below 1."""
        return self.high < 1


def _ratio(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Division in which 0/0 is NaN and x/0 is inf, without a warning."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.true_divide(top, bottom), dtype=np.float64)


def location_quotient(values: ArrayLike, *, reference: ArrayLike | None = None) -> Floats:
    """How many times its share elsewhere an industry takes in each region (Balassa's index, RCA).

    Parameters
    ----------
    values
        (regions, industries), ≥ 0.
    reference
        (industries,) counts of the economy compared with; by default the column sums of `values`.

    Returns
    -------
    array (regions, industries)
        0 where the region has none; NaN for an empty region or an industry absent everywhere; inf where only the
        region has it.

    Notes
    -----
    LQ = (x_ri / x_r) / (X_i / X).

    References
    ----------
    Balassa (1965), Trade liberalisation and "revealed" comparative advantage.

    Examples
    --------
    >>> location_quotient([[8, 2], [2, 8]]).tolist()
    [[1.6, 0.4], [0.4, 1.6]]
    """
    table = np.asarray(values, dtype=np.float64)
    against = table.sum(0) if reference is None else np.asarray(reference, dtype=np.float64)
    return _ratio(_ratio(table, table.sum(1, keepdims=True)), _ratio(against, against.sum()))


def presence(values: ArrayLike, *, threshold: float = 1.0, reference: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Which industries a region holds with a quotient of at least `threshold`, ties decided exactly.

    The test is x·X ≥ t·x_r·X_i by cross-multiplication, so that a quotient of exactly 1 counts whenever the products
    are exact (whole numbers with products below 2⁵³). Empty regions and industries hold nothing.

    Examples
    --------
    >>> presence([[1, 2], [3, 6]]).tolist()
    [[True, True], [True, True]]
    """
    table = np.asarray(values, dtype=np.float64)
    against = table.sum(0) if reference is None else np.asarray(reference, dtype=np.float64)
    bar = np.multiply.outer(table.sum(1), against)
    return np.asarray((table * against.sum() >= threshold * bar) & (table > 0))


def share_ratio_band(x: ArrayLike, n: ArrayLike, y: ArrayLike, m: ArrayLike, *, level: float = 0.95) -> Band:
    """How many times the share y/m the share x/n is, with an exact conditional band for counts.

    Parameters
    ----------
    x, n
        Count and total of the first group; `x` ≤ `n`, any shape that broadcasts.
    y, m
        Count and total of the second group, independent of the first.
    level
        Coverage of the band, 0–1.

    Returns
    -------
    Band
        NaN value with band (0, inf) where neither group has any.

    Notes
    -----
    With x ~ Poisson(ρ·n·s) and y ~ Poisson(m·s), x given x + y is binomial with p = ρn / (ρn + m); the
    Clopper–Pearson limits of p give those of ρ. The band is never too narrow.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31; Clopper & Pearson (1934), Biometrika 26.

    Examples
    --------
    >>> band = share_ratio_band(30, 100, 10, 100)
    >>> round(float(band.value), 2), bool(band.low > 1)
    (3.0, True)
    """
    x, n, y, m = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (x, n, y, m)))
    tail = (1 - level) / 2
    low = np.where(x > 0, betaincinv(np.where(x > 0, x, 1), y + 1, tail), 0.0)
    high = np.where(y > 0, betaincinv(x + 1, np.where(y > 0, y, 1), 1 - tail), 1.0)
    with np.errstate(invalid="ignore"):
        scale = _ratio(m, n)
        value, lowest, highest = (_ratio(*odds) * scale for odds in ((x, y), (low, 1 - low), (high, 1 - high)))
    return Band(value, np.where(low > 0, lowest, 0.0), np.where(high < 1, highest, np.inf), level)


def quotient_band(values: ArrayLike, *, reference: ArrayLike, level: float = 0.95) -> Band:
    """Location quotients of counts with a band that knows how few were counted.

    Parameters
    ----------
    values
        (regions, industries) whole counts (firms, not money).
    reference
        (industries,) counts of a sample that does not contain the regions.
    level
        Coverage, 0–1.

    Returns
    -------
    Band
        Arrays (regions, industries); an empty region gives NaN with band (0, inf).
    """
    table = np.asarray(values, dtype=np.float64)
    against = np.asarray(reference, dtype=np.float64)
    band = share_ratio_band(table, table.sum(1, keepdims=True), against, against.sum(), level=level)
    empty = np.broadcast_to(table.sum(1, keepdims=True) == 0, table.shape)
    return Band(
        np.where(empty, np.nan, band.value), np.where(empty, 0, band.low), np.where(empty, np.inf, band.high), level
    )


def shrunk_quotient(values: ArrayLike, *, reference: ArrayLike) -> Floats:
    """Location quotients drawn towards the region's mean where counts are small (empirical Bayes).

    Returns
    -------
    array (regions, industries)
        Between the raw quotient and the region's mean quotient; NaN for an empty region or where the reference
        expects none.

    Notes
    -----
    Marshall's global estimator on x ~ Poisson(θE), E the count expected from the reference.

    References
    ----------
    Marshall (1991), Mapping disease and mortality rates using empirical Bayes estimators, Applied Statistics 40.
    """
    table, against = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    expected = table.sum(1, keepdims=True) * against / max(against.sum(), 1e-300)
    known = expected > 0
    weight = expected.sum(1, keepdims=True)
    mean = _ratio((table * known).sum(1, keepdims=True), weight)
    raw = np.where(known, _ratio(table, expected), np.nan)
    spread = _ratio(np.nansum(expected * (raw - mean) ** 2, axis=1, keepdims=True), weight)
    typical = _ratio(weight, known.sum(1, keepdims=True))
    between = np.maximum(spread - _ratio(mean, typical), 0)
    return np.where(known, mean + _ratio(between, between + _ratio(mean, expected)) * (raw - mean), np.nan)
