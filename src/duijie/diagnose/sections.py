"""Sections of the pair report that rest on many regions: industry map, added relatedness, transfer, groupings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np

from . import explain
from .chains import LEAST_COUNTED
from .groupings import grouping_fit
from .inputoutput import Economy
from .inputs import Inputs
from .model import Model, fit
from .regionalization import interregional, trade_shares
from .transfer import pressure, transfer_candidates

__all__ = ["added", "grouped", "industry_map", "learnt", "spillovers", "transferable"]

LEAST_REGIONS = 10
FRICTIONS = (2.0, 5.0, 20.0)
Row = Mapping[str, Any]


def learnt(given: Inputs) -> Model | None:
    """What the other regions of the table teach, or None where they are too few to learn from."""
    others = [one for one in given.counts.regions if one not in (*given.regions, given.national)]
    if len(others) < LEAST_REGIONS or not given.counts.industries:
        return None
    return fit(given.counts, learn=others, reference=given.national, convention=given.convention)


def industry_map(given: Inputs, model: Model) -> tuple[Row, ...]:
    """Relatedness × complexity: every industry with its complexity, and how near each side is to it."""
    held = {region: model.presence[model.regions.index(region)] for region in given.regions}
    near = model.found.proximity / np.maximum(model.found.proximity.sum(0), 1e-300)
    around = {region: row @ near for region, row in held.items()}
    return tuple(
        {
            "industry": industry,
            "name": given.say(industry),
            "complexity": float(model.found.pci[i]),
            "density": {region: float(around[region][i]) for region in given.regions},
            "is_present": {region: bool(held[region][i]) for region in given.regions},
        }
        for i, industry in enumerate(model.industries)
        if np.isfinite(model.found.pci[i]) and model.is_known[i]
    )


def added(given: Inputs, model: Model, top: int) -> tuple[Row, ...]:
    """What each side has and would bring the other nearer to, of what the other has little; best first."""
    numbers = model.pair(*given.regions, top=len(model.industries))
    rows = []
    for (region, partner), mean, every in zip(
        permutations(given.regions), numbers.added, numbers.candidates, strict=True
    ):
        names = given.say(region), given.say(partner)
        n, there = (
            {one.industry: _counted(given, side, model.industries[one.industry]) for one in every}
            for side in (region, partner)
        )
        found = [one for one in every if _is_few(*n[one.industry]) and _is_held(*there[one.industry])][:top]
        rows.append(
            {
                "region": region,
                "partner": partner,
                "added_density": mean,
                "candidates": [
                    {
                        "industry": model.industries[one.industry],
                        "name": given.say(model.industries[one.industry]),
                        "score": one.score,
                        "density": one.density,
                        "added": one.added,
                        "complexity": one.complexity,
                        "firms": given.firms(given.firms_in(partner, model.industries[one.industry])),
                        "n_firms": n[one.industry][0],
                        "n_expected": n[one.industry][1],
                        "reasons": explain.added(
                            one, *names, given.say(model.industries[one.industry]), n[one.industry], there[one.industry]
                        ),
                    }
                    for one in found
                ],
            }
        )
    return tuple(rows)


def _counted(given: Inputs, region: str, industry: str) -> tuple[float, float]:
    """How many firms the counts have in an industry of a region, and how many it would be at the national share."""
    at, ours, reference = given.counts.industries.index(industry), given.row(region), given.row(given.national)
    return float(ours[at]), float(ours.sum() * reference[at] / max(reference.sum(), 1.0))


def _is_few(n: float, n_expected: float) -> bool:
    """Whether fewer firms are there than expected, and as many are expected as say anything: half of few is chance."""
    return n_expected >= LEAST_COUNTED and n <= n_expected / 2


def _is_held(n: float, n_expected: float) -> bool:
    """Whether firms enough are there, and more than expected: who has little of an industry cannot help with it."""
    return n >= LEAST_COUNTED and n > n_expected


def transferable(given: Inputs, model: Model, top: int) -> tuple[Row, ...]:
    """Industries under pressure on one side that the other could take, guarded ones last; none without two dates."""
    if given.before is None:
        return ()
    values = given.counts.values
    rows = []
    for origin, destination in permutations(given.regions):
        at, to = (given.counts.regions.index(one) for one in (origin, destination))
        push = pressure(given.before.values, values, at)
        rows += [
            {
                "origin": origin,
                "destination": destination,
                "industry": given.counts.industries[one.industry],
                "name": given.say(given.counts.industries[one.industry]),
                "score": one.score,
                "pressure": one.pressure,
                "density": one.density,
                "missing": one.missing,
                "guards": one.guards,
                "reasons": explain.transfer(
                    one, given.say(origin), given.say(destination), given.say(given.counts.industries[one.industry])
                ),
            }
            for one in transfer_candidates(values, model.found.proximity, push, at, [to], top=top)
        ]
    return tuple(sorted(rows, key=lambda row: -row["score"]))


def grouped(given: Inputs) -> tuple[Row, ...]:
    """Official groupings, counted for each side."""
    return tuple(
        {
            "key": one.key,
            "name": dict(one.name),
            "regions": {
                region: grouping_fit(one, given.counts, region, national=given.national) for region in given.regions
            },
        }
        for one in given.groupings
    )


def spillovers(given: Inputs) -> tuple[Row, ...]:
    """What a unit of final demand in one side's area would set off in the other's: estimated, for several frictions.

    No table of trade between the areas is published; gravity shares stand in, and the spread over frictions is the
    honest answer. Areas without a table, or with one table for both, give none.
    """
    tables = [given.table(region) for region in given.regions]
    first, second = tables
    if first is None or second is None or first is second or first.sectors != second.sectors:
        return ()
    output = np.stack([first.output, second.output])
    local = np.stack([Economy.of(one).dense for one in (first, second)])
    rows = []
    for friction in FRICTIONS:
        shares = trade_shares(output, output, np.array([[1.0, friction], [friction, 1.0]]))
        joined = interregional(local, shares)
        n = len(first.sectors)
        rows += [
            {
                "area": table.region,
                "partner": other.region,
                "friction": friction,
                "spillover": float(np.average(joined.spillover[at * n : at * n + n], weights=output[at])),
                "feedback": float(np.average(joined.feedback[at * n : at * n + n], weights=output[at])),
                "year": table.year,
                "basis": "derived",
            }
            for at, (table, other) in enumerate(((first, second), (second, first)))
        ]
    return tuple(rows)
