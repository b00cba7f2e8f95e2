"""Results in reasons: each a code whose sentence stands in ``data/words/{zh,en}/diagnose.yaml``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from duijie.data import sentence
from duijie.terms import Reason

from .chains import LEAST_FIRMS, Gap, StageFit
from .linkages import Candidate
from .results import Coverage, Specialization, Witness
from .transfer import TransferCandidate
from .vocabulary import LEAST_PAIR, ClassFit, WordPair

__all__ = ["added", "coverage", "gap", "inside_class", "link", "rivalry", "scope", "transfer"]

Say = Mapping[str, str]
# Where no firm is named there is no ratio to tell.
_UNNAMED = {"lacks": "diagnose_gap_lacks_count", "weaker": "diagnose_gap_weaker_unnamed"}


def coverage(row: Coverage, region: Say) -> Reason:
    """What the numbers of a region rest on."""
    known = row.first_year is not None
    return Reason(
        "diagnose_coverage" if known else "diagnose_coverage_undated",
        {
            "region": region,
            "n_firms": row.n_firms,
            "n_coded": row.n_coded,
            "coded_share": row.coded_share,
            "first_year": row.first_year,
            "last_year": row.last_year,
            "missing_years": len(row.missing_years),
        },
    )


def gap(
    found: Gap, stages: Mapping[str, StageFit], names: Mapping[str, Say], stage_names: Mapping[str, Say], chain: Say
) -> tuple[Reason, ...]:
    """Why a stage is a gap of one region that the partner can fill."""
    stage, region, partner = stages[found.stage], names[found.region], names[found.partner]
    near = {key: n for key in found.neighbours if (n := stages[key].n_firms[found.region]) >= LEAST_FIRMS}
    reasons = [
        Reason(
            f"diagnose_gap_{found.kind}_{found.basis}" if found.value < math.inf else _UNNAMED[found.kind],
            {
                "region": region,
                "partner": partner,
                "stage": stage_names[found.stage],
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n_region": stage.n_firms[found.region],
                "n_partner": stage.n_firms[found.partner],
                "n_counted": stage.n_counted[found.region],
                "n_expected": stage.n_expected[found.region],
            },
            weight=1.0,
        ),
    ]
    if near:
        listed = [_counted(stage_names[key], n) for key, n in list(near.items())[:3]]
        values = {"region": region, "chain": chain, "stage": stage_names[found.stage], "least": LEAST_FIRMS}
        reasons.append(Reason("diagnose_gap_use", {**values, "stages": listed}))
    if stage.low[found.partner] > 1:
        values = {"region": partner, "stage": stage_names[found.stage], "quotient": stage.quotient[found.partner]}
        reasons.append(Reason("diagnose_gap_strong", {**values, "n_counted": stage.n_counted[found.partner]}))
    return tuple(reasons)


def _counted(name: Say, n: int) -> Say:
    """A stage with the number of its firms."""
    return {language: sentence("diagnose_stage_counted", language, {"stage": name, "n": n}) for language in name}


def link(share: float, supplier: Specialization, buyer: Specialization, names: Mapping[str, Say]) -> tuple[Reason, ...]:
    """Why an industry of one region can supply an industry of the other; `share` is of the inputs of whole sectors."""
    return (
        _strong(supplier, names),
        Reason(
            "diagnose_link_input",
            {"supplier": supplier.name, "buyer": buyer.name, "coefficient": share},
            weight=share,
        ),
        _strong(buyer, names),
    )


def _strong(row: Specialization, names: Mapping[str, Say]) -> Reason:
    values = {
        "region": names[row.region],
        "industry": row.name,
        "quotient": row.quotient,
        "low": row.low,
        "n_firms": row.n_firms,
    }
    return Reason("diagnose_strong", values)


def inside_class(fit: ClassFit, name: Say, names: Mapping[str, Say], spoken: Mapping[str, Say]) -> tuple[Reason, ...]:
    """What the product words say about how two regions divide a class."""
    sides = [{"region": names[region], "n": n} for region, n in fit.n_firms.items()]
    basis = Reason("diagnose_words_basis", {"industry": name, **_pair_values(sides)})
    if not fit.pairs and sum(fit.n_firms.values()) < 2 * LEAST_PAIR:
        # Of a handful of firms no division could be found: that none was found says nothing.
        return (basis,)
    if not fit.pairs:
        most = {region: max((use.n.get(region, 0) for use in fit.words), default=0) for region in fit.n_firms}
        thin = [names[region] for region, n in most.items() if n < LEAST_PAIR]
        values = {"industry": name, "least": LEAST_PAIR, **({"regions": thin} if thin else {})}
        return (basis, Reason(f"diagnose_words_{'thin' if thin else 'none'}", values, is_for=False))
    return (basis, *(_words(pair, name, names, spoken) for pair in fit.pairs[:3]))


def _pair_values(sides: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "region_a": sides[0]["region"],
        "n_a": sides[0]["n"],
        "region_b": sides[1]["region"],
        "n_b": sides[1]["n"],
    }


def _words(pair: WordPair, name: Say, names: Mapping[str, Say], spoken: Mapping[str, Say]) -> Reason:
    values = {
        "industry": name,
        "region_a": names[pair.region_a],
        "region_b": names[pair.region_b],
        "word_a": spoken[pair.word_a],
        "word_b": spoken[pair.word_b],
        "n_a": len(pair.firms[pair.region_a]),
        "n_b": len(pair.firms[pair.region_b]),
    }
    return Reason("diagnose_words_pair", values, weight=pair.score)


def rivalry(row_a: Specialization, row_b: Specialization, names: Mapping[str, Say]) -> Reason:
    """Both sides strong in one industry: partners in volume, rivals for orders."""
    values = {
        "industry": row_a.name,
        "region_a": names[row_a.region],
        "quotient_a": row_a.quotient,
        "low_a": row_a.low,
        "n_a": row_a.n_firms,
        "region_b": names[row_b.region],
        "quotient_b": row_b.quotient,
        "low_b": row_b.low,
        "n_b": row_b.n_firms,
    }
    return Reason("diagnose_risk_rivalry", values, is_for=False)


def scope(witness: Witness | None, region: Say, wider: Say) -> Reason | None:
    """The second witness speaks of a wider area than the region itself."""
    if witness is None or wider == region:
        return None
    return Reason("diagnose_witness_wider", {"region": region, "wider": wider, "year": witness.year}, is_for=False)


def added(
    found: Candidate, region: Say, partner: Say, industry: Say, ours: tuple[float, float], theirs: tuple[float, float]
) -> tuple[Reason, ...]:
    """Why an industry that is small in a region is nearer with the partner: firms there are and expected, of both."""
    return (
        Reason(
            "diagnose_added",
            {
                "region": region,
                "partner": partner,
                "industry": industry,
                "density": found.density,
                "added": found.added,
                "n": ours[0],
                "n_expected": ours[1],
                "n_partner": theirs[0],
                "n_partner_expected": theirs[1],
            },
            weight=found.added,
        ),
        Reason("diagnose_added_complexity", {"industry": industry, "complexity": found.complexity}),
    )


def transfer(found: TransferCandidate, origin: Say, destination: Say, industry: Say) -> tuple[Reason, ...]:
    """Why an industry could move, and what speaks against letting it go."""
    values = {"origin": origin, "destination": destination, "industry": industry}
    measures = {"pressure": found.pressure, "density": found.density, "missing": found.missing}
    return (
        Reason("diagnose_transfer", values | measures, weight=found.score),
        *(
            Reason(f"diagnose_transfer_{guard}", values | {"share": found.origin_share}, is_for=False)
            for guard in found.guards
        ),
    )
