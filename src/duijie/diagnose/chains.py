"""Industrial chains of two regions side by side: who stands at which stage, and where one lacks what the other has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from duijie.terms import ChainStage, ChainTemplate, Counts, Party

from .specialization import location_quotient, quotient_band, share_ratio_band

__all__ = ["ChainFit", "Gap", "StageFit", "belongs", "chain_fit"]


@dataclass(frozen=True, slots=True)
class StageFit:
    """One stage: firms named at it, their share of the region's named firms, and the stage's location quotient.

    `n_counted` and `quotient` (with `low`, `high`) come from the counts; NaN where no counted industry belongs to the
    stage.
    """

    stage: ChainStage
    firms: Mapping[str, tuple[str, ...]]
    n_firms: Mapping[str, int]
    share: Mapping[str, float]
    n_counted: Mapping[str, float]
    quotient: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gap:
    """`region` lacks `stage`, `partner` has it, and `neighbours` are the stages of `region` that would use it.

    `ratio` with `low` and `high` says how many times the partner's share of firms at the stage is the region's own.
    """

    stage: str
    region: str
    partner: str
    score: float
    ratio: float
    low: float
    high: float
    neighbours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChainFit:
    """A chain template filled with two regions' firms, and the gaps in both directions, widest first."""

    template: ChainTemplate
    stages: tuple[StageFit, ...]
    gaps: tuple[Gap, ...]


def belongs(stage: ChainStage, industry: str, text: str = "") -> bool:
    """Whether an industry code, or a product word in a text, belongs to a stage."""
    if industry and industry.startswith(tuple(stage.industries)):
        return True
    return bool(text and stage.products and _words(stage.products).search(text))


@cache
def _words(products: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, products)))


def chain_fit(
    template: ChainTemplate, counts: Counts, parties: Sequence[Party], region_a: str, region_b: str, *, national: str
) -> ChainFit:
    """Where each of two regions stands along a chain, and which stages one can fill for the other.

    Parameters
    ----------
    counts
        Holds rows for both regions and for `national`, the sample compared with.
    parties
        Named firms; one firm may stand at several stages.

    Notes
    -----
    A gap needs three things: the partner's share of named firms at the stage is above the region's with the whole
    95 % band, the region is not itself above the national share there, and the region is active at a stage
    that the template links with it. score = (1 − 1/low) · the region's largest share at those neighbours.
    """
    regions = (region_a, region_b)
    totals = {region: sum(party.region == region for party in parties) for region in regions}
    stages = tuple(_stage(stage, counts, parties, totals, national) for stage in template.stages)
    gaps = [
        gap
        for region, partner in (regions, regions[::-1])
        for stage in stages
        if (gap := _gap(template, stages, stage, region, partner, totals))
    ]
    return ChainFit(template, stages, tuple(sorted(gaps, key=lambda gap: (-gap.score, gap.region, gap.stage))))


def _stage(
    stage: ChainStage, counts: Counts, parties: Sequence[Party], totals: Mapping[str, int], national: str
) -> StageFit:
    firms = {
        region: tuple(
            p.id for p in parties if p.region == region and belongs(stage, p.industry, ";".join((*p.products, p.name)))
        )
        for region in totals
    }
    columns = [at for at, code in enumerate(counts.industries) if belongs(stage, code)]
    rows = {region: _quotient(counts, columns, region, national) for region in totals}
    return StageFit(
        stage,
        firms,
        {region: len(found) for region, found in firms.items()},
        {region: len(found) / totals[region] if totals[region] else 0.0 for region, found in firms.items()},
        *({region: row[part] for region, row in rows.items()} for part in range(4)),
    )


def _quotient(counts: Counts, columns: Sequence[int], region: str, national: str) -> tuple[float, float, float, float]:
    """Count, quotient, low and high of one stage in one region."""
    if not columns or region not in counts.regions:
        return float("nan"), float("nan"), 0.0, float("inf")
    pick = [counts.regions.index(region), counts.regions.index(national)]
    inside = counts.values[pick][:, list(columns)].sum(1)
    table = np.stack([inside, counts.values[pick].sum(1) - inside], axis=1)
    value = location_quotient(table[:1], reference=table[1])[0, 0]
    band = quotient_band(table[:1], reference=table[1])
    return float(inside[0]), float(value), float(band.low[0, 0]), float(band.high[0, 0])


def _gap(
    template: ChainTemplate,
    stages: Sequence[StageFit],
    stage: StageFit,
    region: str,
    partner: str,
    totals: Mapping[str, int],
) -> Gap | None:
    linked = {link.supplier if link.buyer == stage.stage.key else link.buyer for link in template.links
              if stage.stage.key in (link.supplier, link.buyer)}  # fmt: skip
    neighbours = {other.stage.key: other.share[region] for other in stages
                  if other.stage.key in linked and other.n_firms[region]}  # fmt: skip
    band = share_ratio_band(stage.n_firms[partner], totals[partner], stage.n_firms[region], totals[region])
    if not neighbours or not band.low > 1 or stage.low[region] > 1:
        return None
    score = (1 - 1 / float(band.low)) * max(neighbours.values())
    ordered = tuple(sorted(neighbours, key=lambda key: -neighbours[key]))
    return Gap(stage.stage.key, region, partner, score, float(band.value), float(band.low), float(band.high), ordered)
