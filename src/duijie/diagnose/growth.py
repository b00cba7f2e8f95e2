"""What changed between two dates and why: shift-share, entry and exit, what-if."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from duijie.errors import InputError
from duijie.terms import Counts

from .specialization import presence

__all__ = ["ShiftShare", "Turnover", "changed", "shift_share", "turnover"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShiftShare:
    """Change of every cell (regions, industries) split; the parts of a method sum to the change.

    Classical: `national` + `mix` + `competitive`. Esteban-Marquillas: `national` + `mix` + `pure` + `allocation`.
    """

    national: Floats
    mix: Floats
    competitive: Floats
    pure: Floats
    allocation: Floats


def shift_share(before: ArrayLike, after: ArrayLike) -> ShiftShare:
    """How much of each change is the nation's growth, the industry's, and the region's own.

    Parameters
    ----------
    before, after
        (regions, industries) at two dates; the nation is the sum of the rows.

    Returns
    -------
    ShiftShare
        A cell that began at 0 has its whole change in `competitive` (and `allocation`).

    References
    ----------
    Dunn (1960); Esteban-Marquillas (1972), A reinterpretation of shift-share analysis, Regional and Urban Economics 2.
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    growth = new.sum() / old.sum() - 1
    start, end = old.sum(0), new.sum(0)
    industry = np.divide(end, start, out=np.ones_like(start), where=start > 0) - 1
    national, mix = old * growth, old * (industry - growth)
    competitive = new - old - national - mix
    # The region as it would be with the nation's structure: what it would win there is its pure advantage.
    alike = np.multiply.outer(old.sum(1), start / start.sum())
    rate = np.divide(competitive, old, out=np.zeros_like(old), where=old > 0)
    return ShiftShare(national, mix, competitive, alike * rate, competitive - alike * rate)


@dataclass(frozen=True, eq=False)
class Turnover:
    """Truth values (regions, industries): what came and what went; rates are per industry held or not held before."""

    entry: NDArray[np.bool_]
    exit: NDArray[np.bool_]
    entry_share: Floats
    exit_share: Floats


def turnover(before: ArrayLike, after: ArrayLike, *, threshold: float = 1.0) -> Turnover:
    """Which industries entered and left each region, by specialization crossing the threshold.

    Returns
    -------
    Turnover
        Shares (regions,): of what was absent, how much entered; of what was held, how much left; NaN for none.
    """
    old, new = presence(before, threshold=threshold), presence(after, threshold=threshold)
    came, went = new & ~old, old & ~new
    with np.errstate(invalid="ignore"):
        return Turnover(came, went, came.sum(1) / (~old).sum(1), went.sum(1) / old.sum(1))


def changed(counts: Counts, changes: Mapping[tuple[str, str], float], *, note: str) -> Counts:
    """The table as it would be if something happened: a plant moves, a firm grows.

    Parameters
    ----------
    changes
        What is added (or taken, negative) at (region, industry).
    note
        What was supposed; it stands in the table, so that a what-if never passes for a fact.

    Raises
    ------
    InputError
        An unknown region or industry, or more taken than there is.

    Examples
    --------
    >>> table = Counts(("a", "b"), ("shoes",), np.array([[5.0], [1.0]]), "firms")
    >>> changed(table, {("a", "shoes"): -2, ("b", "shoes"): 2}, note="two firms move").values.tolist()
    [[3.0], [3.0]]
    """
    values = counts.values.copy()
    for (region, industry), amount in changes.items():
        if region not in counts.regions or industry not in counts.industries:
            raise InputError("diagnose_cell_unknown", {"region": region, "industry": industry})
        at = counts.regions.index(region), counts.industries.index(industry)
        values[at] += amount
        if values[at] < 0:
            raise InputError("diagnose_taken_too_much", {"region": region, "industry": industry, "amount": -amount})
    return replace(counts, values=values, note=note)
