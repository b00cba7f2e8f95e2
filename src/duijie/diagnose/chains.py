"""Industrial chains of two regions side by side: who stands at which stage, and what one lacks or has less of."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from duijie.terms import ChainStage, ChainTemplate, Counts, Directory

from .specialization import location_quotient, quotient_band, share_ratio_band

__all__ = ["ChainFit", "Gap", "StageFit", "belongs", "chain_fit", "overlaps"]

# Fewer firms than this say nothing: a partner must have as many, and a region must be expected to.
LEAST_FIRMS = 5
# Fewer registrations than this in an industry are no strength and no weakness of a region, whatever their quotient.
LEAST_COUNTED = 10


@dataclass(frozen=True, slots=True)
class StageFit:
    """One stage: firms on evidence at it, their share of the region's firms on evidence, and its location quotient.

    `n_firms` and `share` count firms by what they state; `n_inferred` are those whose product somebody else inferred.
    `n_counted` and `quotient` (with `low`, `high`) come from the counts; NaN where no counted industry belongs to the
    stage. `n_expected` is what the counts would be at the national share.
    """

    stage: ChainStage
    firms: Mapping[str, tuple[str, ...]]
    n_firms: Mapping[str, int]
    n_inferred: Mapping[str, int]
    share: Mapping[str, float]
    n_counted: Mapping[str, float]
    quotient: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    n_expected: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stage that `region` lacks, or is weaker at, and `partner` has.

    `kind` is ``lacks`` (no firm on evidence, none counted) or ``weaker`` (fewer than expected, the whole band below).
    `basis` is ``count`` (`value` with its band: how many times the partner's share of firms is the region's own) or
    ``quotient`` (`value` with its band: the region's location quotient); each statement rests on one of them.
    `neighbours` are the stages of `region` that would use it.
    """

    stage: str
    region: str
    partner: str
    kind: str
    basis: str
    score: float
    value: float
    low: float
    high: float
    neighbours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChainFit:
    """A chain template filled with two regions' firms, and the gaps in both directions, widest first."""

    template: ChainTemplate
    stages: tuple[StageFit, ...]
    gaps: tuple[Gap, ...]


def belongs(stage: ChainStage, industry: str) -> bool:
    """Whether an industry code belongs to a stage."""
    return bool(industry) and industry.startswith(tuple(stage.industries))


def chain_fit(
    template: ChainTemplate,
    counts: Counts,
    directory: Directory,
    region_a: str,
    region_b: str,
    *,
    national: str,
    strong: Mapping[str, frozenset[str]] | None = None,
) -> ChainFit:
    """Where each of two regions stands along a chain, and which stages one can fill for the other.

    Parameters
    ----------
    counts
        Holds rows for both regions and for `national`, the sample compared with.
    directory
        The firms at the stages of all chains; one firm may stand at several.
    strong
        For a region, the industries in which it is above the national share with its whole band: a region is told to
        be weak at no stage that contains or lies in one of them.

    Notes
    -----
    ``lacks``: none on evidence and none counted, while at the partner's share at least five would be expected.
    ``weaker`` by quotient: at the national share at least five would be counted, the whole band of the region's
    quotient is below 1 and below the partner's. ``weaker`` by count, only where the counts are silent: at the partner's
    share at least five would be expected and the whole band of the ratio of shares is above 1. Either way the partner
    has at least five firms on evidence, a larger share of them, and the region is active at a linked stage.
    """
    regions = (region_a, region_b)
    totals = {region: directory.total(region) for region in regions}
    stages = tuple(_stage(template.key, stage, counts, directory, totals, national) for stage in template.stages)
    gaps = [
        gap
        for region, partner in (regions, regions[::-1])
        for stage in stages
        if (gap := _gap(template, stages, stage, region, partner, totals))
        and not overlaps(stage.stage, (strong or {}).get(region, frozenset()))
    ]
    return ChainFit(template, stages, tuple(sorted(gaps, key=lambda gap: (-gap.score, gap.region, gap.stage))))


def overlaps(stage: ChainStage, industries: Collection[str]) -> bool:
    """Whether a stage contains or lies in one of some industries."""
    return any(code.startswith(own) or own.startswith(code) for code in industries for own in stage.industries)


def _stage(
    chain: str, stage: ChainStage, counts: Counts, directory: Directory, totals: Mapping[str, int], national: str
) -> StageFit:
    standing = {region: directory.at((chain, stage.key), region) for region in totals}
    n_firms = {region: sum(row.is_stated for row in rows) for region, rows in standing.items()}
    columns = [at for at, code in enumerate(counts.industries) if belongs(stage, code)]
    rows = {region: _quotient(counts, columns, region, national) for region in totals}
    return StageFit(
        stage,
        {region: tuple(row.party for row in rows) for region, rows in standing.items()},
        n_firms,
        {region: len(rows) - n_firms[region] for region, rows in standing.items()},
        {region: n / totals[region] if totals[region] else 0.0 for region, n in n_firms.items()},
        *({region: row[part] for region, row in rows.items()} for part in range(5)),
    )


def _quotient(
    counts: Counts, columns: Sequence[int], region: str, national: str
) -> tuple[float, float, float, float, float]:
    """Count, quotient, low, high and expected count of one stage in one region."""
    if not columns or region not in counts.regions:
        return math.nan, math.nan, 0.0, math.inf, math.nan
    pick = [counts.regions.index(region), counts.regions.index(national)]
    inside = counts.values[pick][:, list(columns)].sum(1)
    table = np.stack([inside, counts.values[pick].sum(1) - inside], axis=1)
    value = location_quotient(table[:1], reference=table[1])[0, 0]
    band = quotient_band(table[:1], reference=table[1])
    expected = table[0].sum() * inside[1] / max(table[1].sum(), 1.0)
    return float(inside[0]), float(value), float(band.low[0, 0]), float(band.high[0, 0]), float(expected)


def _gap(
    template: ChainTemplate,
    stages: Sequence[StageFit],
    stage: StageFit,
    region: str,
    partner: str,
    totals: Mapping[str, int],
) -> Gap | None:
    neighbours = _active_neighbours(template, stages, stage, region)
    if not neighbours or stage.n_firms[partner] < LEAST_FIRMS or stage.share[partner] <= stage.share[region]:
        return None
    found = _statement(stage, region, partner, totals)
    if found is None:
        return None
    kind, basis, value, low, high, width = found
    ordered = tuple(sorted(neighbours, key=lambda key: -neighbours[key]))
    score = width * max(neighbours.values())
    return Gap(stage.stage.key, region, partner, kind, basis, score, value, low, high, ordered)


def _statement(
    stage: StageFit, region: str, partner: str, totals: Mapping[str, int]
) -> tuple[str, str, float, float, float, float] | None:
    """Kind, basis, value, low, high, and how wide the gap is (0–1); None where nothing can be said."""
    if stage.n_expected[region] >= LEAST_FIRMS and stage.n_counted[region] > 0:
        value, low, high = stage.quotient[region], stage.low[region], stage.high[region]
        is_below = high < 1 and high < stage.low[partner]
        return ("weaker", "quotient", value, low, high, 1 - high) if is_below else None
    expected = totals[region] * stage.share[partner]
    band = share_ratio_band(stage.n_firms[partner], totals[partner], stage.n_firms[region], totals[region])
    ratio, low, high = float(band.value), float(band.low), float(band.high)
    # What the registrations see as above the national share is not called weak by a count of named firms.
    if expected < LEAST_FIRMS or not low > 1 or stage.quotient[region] >= 1:
        return None
    is_absent = not stage.firms[region] and not stage.n_counted[region] > 0
    return ("lacks" if is_absent else "weaker", "count", ratio, low, high, 1 - 1 / low)


def _active_neighbours(
    template: ChainTemplate, stages: Sequence[StageFit], stage: StageFit, region: str
) -> Mapping[str, float]:
    """The stages linked with one at which a region has firms, with their shares."""
    own = stage.stage.key
    linked = {
        link.supplier if link.buyer == own else link.buyer
        for link in template.links
        if own in (link.supplier, link.buyer)
    }
    return {
        other.stage.key: other.share[region] for other in stages if other.stage.key in linked and other.n_firms[region]
    }
