"""Official groupings of industries (digital, green, producer services, strategic) counted for each side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from duijie.terms import Counts

from .specialization import location_quotient, quotient_band

__all__ = ["Grouping", "GroupingFit", "grouping_fit"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """An official list of industries: code prefixes fully inside it, and prefixes of which only a part is.

    The partial ones are not counted as if whole: they make the upper bound.
    """

    key: str
    name: Mapping[str, str]
    industries: tuple[str, ...]
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupingFit:
    """One region's part in a grouping: `n` surely inside, `n_at_most` with what is partly inside; shares 0–1."""

    key: str
    region: str
    n: float
    n_at_most: float
    share: float
    share_at_most: float
    quotient: float
    low: float
    high: float


def grouping_fit(grouping: Grouping, counts: Counts, region: str, *, national: str) -> GroupingFit:
    """How much of a region's firms belong to an official grouping, and how that compares with the nation.

    Returns
    -------
    GroupingFit
        NaN quotient with band (0, inf) for a region without firms.
    """
    sure = np.array([code.startswith(grouping.industries) for code in counts.industries], dtype=bool)
    part = np.array(
        [code.startswith((*grouping.industries, *grouping.partial)) for code in counts.industries], dtype=bool
    )
    rows = counts.values[[counts.regions.index(region), counts.regions.index(national)]]
    inside, total = rows[:, sure].sum(1), rows.sum(1)
    table = np.stack([inside, total - inside], axis=1)
    band = quotient_band(table[:1], reference=table[1])
    at_most = float(rows[0, part].sum())
    whole = float(total[0]) or float("nan")
    return GroupingFit(
        grouping.key,
        region,
        float(inside[0]),
        at_most,
        float(inside[0]) / whole,
        at_most / whole,
        float(location_quotient(table[:1], reference=table[1])[0, 0]),
        float(band.low[0, 0]),
        float(band.high[0, 0]),
    )
