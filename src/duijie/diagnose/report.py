"""Two regions in, one report out: the pair report is put together here from the kernels' results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

import duijie
from duijie.errors import InputError
from duijie.terms import (
    Bilingual,
    ChainTemplate,
    Counts,
    EvidenceRules,
    IOTable,
    Party,
    ProductRelation,
    Progress,
    Provenance,
    Reason,
    silent,
)

from . import explain, sections
from .chains import LEAST_COUNTED, LEAST_FIRMS, ChainFit, Gap, StageFit, chain_fit, overlaps
from .conventions import Convention
from .groupings import Grouping
from .inputs import Inputs, longest_head, say
from .linkages import SupplyLink, strength, supply_complementarity, supply_confidence, supply_links
from .results import Coverage, Link, PairReport, Say, Specialization, Witness
from .similarity import cosine, finger_kreinin, krugman
from .specialization import location_quotient, quotient_band, shrunk_quotient
from .vocabulary import ClassFit, class_fit, entries

__all__ = ["pair"]

Floats = NDArray[np.float64]
SHOWN_FIRMS = 8


def pair(
    counts: Counts,
    region_a: str,
    region_b: str,
    *,
    national: str,
    parties: Sequence[Party] = (),
    chains: Sequence[ChainTemplate] = (),
    vocabulary: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    io: Mapping[str, IOTable] | None = None,
    sector_of: Mapping[str, str] | None = None,
    detailed: IOTable | None = None,
    detailed_sector_of: Mapping[str, str] | None = None,
    names: Mapping[str, Bilingual] | None = None,
    groupings: Sequence[Grouping] = (),
    before: Counts | None = None,
    convention: str | Convention = "atlas",
    relations: Sequence[ProductRelation] | None = None,
    rules: EvidenceRules | None = None,
    weights: Mapping[str, float] | None = None,
    top: int = 15,
    least_input: float = 0.0,
    progress: Progress = silent,
) -> PairReport:
    """How the industries of two regions fit together.

    Parameters
    ----------
    counts
        Firms by region and industry; holds a row for each of the two regions and one for `national`.
    region_a, region_b
        Codes of the two regions (rows of `counts`).
    national
        Row of `counts` that both are compared with: a sample of the country that does not contain them.
    parties
        Named firms of both sides.
    chains
        Chain templates to fill.
    vocabulary
        For an industry class, the rows ``{word, aliases, group}`` that tell its products apart.
    io
        Input–output tables by region code; a region without its own uses its city's or province's (GB/T 2260), and
        `national` names the one they are compared with.
    sector_of
        Sector of the tables for an industry code or a heading above it.
    detailed, detailed_sector_of
        A finer national table and its sectors: where given, it says who buys from whom.
    names
        Bilingual names of regions, industries and sectors by code.
    groupings
        Official groupings to count for each side.
    before
        The same table at an earlier date, for what could be transferred; it must be comparable.
    convention
        Whose definitions of relatedness and complexity (see :func:`~duijie.diagnose.indicators.indicators`).
    relations
        What products of a class have to do with one another; where given, pairs of words without one are left out.
    rules
        How product phrases and names of firms are read (:func:`duijie.data.evidence.evidence_rules`).
    weights
        How well firms are known to the public, by id: better known ones are named first.
    top
        How many links and candidates a direction shows; `n_links` has the number of all.
    least_input
        Of the buying sector's inputs, 0–1: above 0, a link below it is not shown, nor one where no firm is known at
        an end.

    Returns
    -------
    PairReport
        What could not be told for want of data stands in `missing`, never as a zero.

    Raises
    ------
    InputError
        A region is not a row of `counts`, or the two are the same.
    """
    given = Inputs(
        counts,
        (region_a, region_b),
        national,
        tuple(parties),
        io or {},
        sector_of or {},
        names or {},
        tuple(chains),
        vocabulary or {},
        tuple(groupings),
        before,
        convention,
        relations,
        rules or EvidenceRules(),
        weights or {},
        detailed,
        detailed_sector_of or {},
        least_input,
    )
    _check(given)
    parts: dict[str, Any] = {}
    steps = _steps(given, parts, top)
    for at, (name, make) in enumerate(steps.items()):
        progress("diagnose", at, len(steps))
        parts[name] = make()
    progress("diagnose", len(steps), len(steps))
    links, complementarity = parts.pop("linked")
    return PairReport(links=links, complementarity=complementarity, **parts)


def _steps(given: Inputs, parts: Mapping[str, Any], top: int) -> Mapping[str, Callable[[], Any]]:
    """The sections of the report in the order of the work; later ones read earlier ones from `parts`."""
    model = sections.learnt(given)
    return {
        "regions": lambda: tuple({"code": region, "name": given.say(region)} for region in given.regions),
        "coverage": lambda: tuple(_coverage(given, region) for region in given.regions),
        "specialization": lambda: _specialization(given),
        "similarity": lambda: _similarity(given),
        "linked": lambda: _links(given, parts["specialization"], top),
        "chains": lambda: _chains(given, parts["specialization"]),
        "inside_class": lambda: _classes(given),
        "industry_map": lambda: sections.industry_map(given, model) if model else (),
        "added": lambda: sections.added(given, model, top) if model else (),
        "transfer": lambda: sections.transferable(given, model, top) if model else (),
        "groupings": lambda: sections.grouped(given),
        "spillovers": lambda: sections.spillovers(given),
        "risks": lambda: _risks(given, parts["specialization"]),
        "missing": lambda: _missing(given, model is not None),
        "provenance": lambda: _provenance(given),
        "sources": lambda: _sources(given),
    }


def _check(given: Inputs) -> None:
    for region in (*given.regions, given.national):
        if region not in given.counts.regions:
            raise InputError("diagnose_region_unknown", {"region": region})
    if given.regions[0] == given.regions[1]:
        raise InputError("diagnose_same_region", {"region": given.regions[0]})


def _coverage(given: Inputs, region: str) -> Coverage:
    ours = [party for party in given.parties if party.region == region]
    coded = sum(bool(party.industry) for party in ours)
    years = sorted({int(party.registered_on[:4]) for party in ours if party.registered_on[:4].isdigit()})
    row = Coverage(
        region=region,
        n_firms=len(ours),
        n_coded=coded,
        coded_share=coded / len(ours) if ours else 0.0,
        first_year=years[0] if years else None,
        last_year=years[-1] if years else None,
        missing_years=tuple(sorted(set(range(years[0], years[-1])) - set(years))) if years else (),
    )
    return replace(row, note=explain.coverage(row, given.say(region)))


def _specialization(given: Inputs) -> tuple[Specialization, ...]:
    """Industries either region has, most special first within the whole list; absent ones are left out."""
    reference = given.row(given.national)
    table = np.stack([given.row(region) for region in given.regions])
    quotient, band = location_quotient(table, reference=reference), quotient_band(table, reference=reference)
    shrunk = shrunk_quotient(table, reference=reference)
    rows = [
        Specialization(
            region,
            industry,
            given.say(industry),
            float(table[r, i]),
            float(quotient[r, i]),
            float(band.low[r, i]),
            float(band.high[r, i]),
            float(shrunk[r, i]),
            bool((band.is_above[r, i] or band.is_below[r, i]) and table[r, i] >= LEAST_FIRMS),
            _witness(given, region, industry),
        )
        for r, region in enumerate(given.regions)
        for i, industry in enumerate(given.counts.industries)
        if table[r, i] > 0
    ]
    return tuple(sorted(rows, key=lambda row: (-row.quotient, row.region, row.industry)))


def _witness(given: Inputs, region: str, industry: str) -> Witness | None:
    """What the sector's output in the region (or its province) says, against the national table."""
    sector, table, nation = given.sector(industry), given.table(region), given.io.get(given.national)
    if table is None or nation is None or sector not in table.sectors or sector not in nation.sectors:
        return None
    ours = table.output[table.sectors.index(sector)] / table.output.sum()
    theirs = nation.output[nation.sectors.index(sector)] / nation.output.sum()
    name = say(_named(table.names.get(sector, sector)))
    return Witness(sector, name, float(ours / theirs) if theirs else float("nan"), table.year, table.region)


def _named(name: Any) -> Bilingual:
    """A name of a table as bilingual text, whether it came as text, mapping or Bilingual."""
    if isinstance(name, Mapping):
        return Bilingual(str(name.get("zh", "")), str(name.get("en", "")))
    return name if isinstance(name, Bilingual) else Bilingual(str(name), str(name))


def _similarity(given: Inputs) -> Mapping[str, float]:
    table = np.stack([given.row(region) for region in given.regions])
    measures = {"cosine": cosine, "krugman": krugman, "finger_kreinin": finger_kreinin}
    return {name: float(measure(table)[0, 1]) for name, measure in measures.items()}


def _links(
    given: Inputs, rows: Sequence[Specialization], top: int
) -> tuple[tuple[Link, ...], tuple[Mapping[str, Any], ...]]:
    """Links in both directions, best first, and the sum of each direction over all links."""
    found: list[Link] = []
    sums: list[Mapping[str, Any]] = []
    for supplier, buyer in permutations(given.regions):
        shares = _input_shares(given, buyer)
        if shares is None:
            continue
        known = {(row.region, row.industry): row for row in rows}
        # The lower end of the band is used: a link must rest on a strength that few firms cannot fake.
        ours, theirs = (strength(_sure_quotients(given, known, region)) for region in (supplier, buyer))
        every = supply_links(ours, shares, theirs, top=len(ours) * len(theirs))
        listed = list(islice((one for one in every if _is_told(given, supplier, buyer, one)), top))
        sure = supply_confidence(listed, given.row(supplier), given.row(buyer), given.row(given.national), shares)
        found += [
            _link(given, known, supplier, buyer, one, float(part)) for one, part in zip(listed, sure, strict=True)
        ]
        # What part of the inputs of the buyer's strong industries the supplier's strong industries could meet.
        total = float(supply_complementarity(ours, shares, theirs).sum() / max(theirs.sum(), 1e-300))
        sums.append({"supplier_region": supplier, "buyer_region": buyer, "score": total, "n_links": len(every)})
    return tuple(sorted(found, key=lambda link: -link.score)), tuple(sums)


def _is_told(given: Inputs, supplier: str, buyer: str, found: SupplyLink) -> bool:
    """Whether a link is shown: no trifle among the inputs, and firms on evidence at both ends."""
    ends = {supplier: given.counts.industries[found.supplier], buyer: given.counts.industries[found.buyer]}
    return not given.least_input or (
        found.coefficient >= given.least_input
        and all(given.firms_in(region, industry) for region, industry in ends.items())
    )


def _is_chained(given: Inputs, supplier: str, buyer: str) -> bool:
    """Whether some chain lets one industry's stage deliver to the other's, so that firms of both may be named.

    A sector is wide: makers of sanitary paper are in that from which printers buy.
    """
    return any(
        overlaps(stages[link.supplier], [supplier]) and overlaps(stages[link.buyer], [buyer])
        for chain in given.chains
        for stages in [{stage.key: stage for stage in chain.stages}]
        for link in chain.links
    )


def _sector_share(given: Inputs, region: str, supplier: str, buyer: str) -> float:
    """What part of the inputs of the buyer's whole sector comes from the supplier's; 0 where no table says."""
    table, sector_of = given.purchases(region)
    sectors = [longest_head(sector_of, industry) for industry in (supplier, buyer)]
    if table is None or not all(sector in table.sectors for sector in sectors):
        return 0.0
    row, column = map(table.sectors.index, sectors)
    return float(table.flows[row, column] / table.flows[:, column].sum())


def _sure_quotients(given: Inputs, known: Mapping[tuple[str, str], Specialization], region: str) -> list[float]:
    """The lower end of each industry's quotient, 0 where too few firms are counted for a strength."""
    rows = (known.get((region, industry)) for industry in given.counts.industries)
    return [row.low if row and row.n_firms >= LEAST_COUNTED else 0.0 for row in rows]


def _input_shares(given: Inputs, buyer: str) -> Floats | None:
    """(industries, industries): part of the column's inputs bought from the row; 0 where unknown.

    The sector's part is split over its industries by their size in the national sample: no table says more.
    """
    table, sector_of = given.purchases(buyer)
    if table is None:
        return None
    bought = table.flows.sum(0)
    shares = np.divide(table.flows, bought, out=np.zeros_like(table.flows), where=bought > 0)
    wider = np.zeros((len(table.sectors) + 1,) * 2)
    wider[:-1, :-1] = shares
    at = [
        table.sectors.index(s) if (s := longest_head(sector_of, one)) in table.sectors else -1
        for one in given.counts.industries
    ]
    size = given.row(given.national)
    whole = np.bincount(np.array(at, dtype=np.intp) + 1, weights=size, minlength=1)
    weight = np.divide(size, whole[np.array(at, dtype=np.intp) + 1], out=np.zeros_like(size), where=size > 0)
    # One sector's purchases from itself say nothing of which of its industries supplies which.
    apart = np.array(at)[:, None] != np.array(at)[None, :]
    return np.asarray(wider[np.ix_(at, at)] * weight[:, None] * apart)


def _link(
    given: Inputs,
    known: Mapping[tuple[str, str], Specialization],
    supplier: str,
    buyer: str,
    found: SupplyLink,
    confidence: float,
) -> Link:
    source = known[supplier, given.counts.industries[found.supplier]]
    target = known[buyer, given.counts.industries[found.buyer]]
    ends = {supplier: given.firms_in(supplier, source.industry), buyer: given.firms_in(buyer, target.industry)}
    is_chained = _is_chained(given, source.industry, target.industry)
    return Link(
        supplier,
        buyer,
        source.industry,
        target.industry,
        source.name,
        target.name,
        found.score,
        confidence,
        {
            "supplier_strength": found.supplier_strength,
            "input_share": found.coefficient,
            "buyer_strength": found.buyer_strength,
        },
        {region: given.firms(found) if is_chained else () for region, found in ends.items()},
        {region: len(found) for region, found in ends.items()},
        explain.link(
            _sector_share(given, buyer, source.industry, target.industry),
            source,
            target,
            {region: given.say(region) for region in given.regions},
        ),
    )


def _chains(given: Inputs, rows: Sequence[Specialization]) -> tuple[Mapping[str, Any], ...]:
    strong = {
        region: frozenset(row.industry for row in rows if row.region == region and row.is_significant and row.low > 1)
        for region in given.regions
    }
    fits = (
        chain_fit(one, given.counts, given.stages, *given.regions, national=given.national, strong=strong)
        for one in given.chains
    )
    return tuple(_chain(given, fit) for fit in fits)


def _chain(given: Inputs, fit: ChainFit) -> Mapping[str, Any]:
    names = {region: given.say(region) for region in given.regions}
    stage_names = {one.stage.key: dict(one.stage.name) for one in fit.stages}
    stages = {one.stage.key: one for one in fit.stages}
    return {
        "key": fit.template.key,
        "name": dict(fit.template.name),
        "stages": [_stage(given, fit.template.key, one) for one in fit.stages],
        "links": [
            {"supplier": one.supplier, "buyer": one.buyer, "why": dict(one.why), "flow": one.flow}
            for one in fit.template.links
        ],
        "gaps": [_gap(given, gap, stages, names, stage_names, fit) for gap in fit.gaps],
    }


def _stage(given: Inputs, chain: str, fit: StageFit) -> Mapping[str, Any]:
    return {
        "key": fit.stage.key,
        "name": dict(fit.stage.name),
        "n_firms": fit.n_firms,
        "n_inferred": fit.n_inferred,
        "share": fit.share,
        "n_counted": fit.n_counted,
        "quotient": fit.quotient,
        "low": fit.low,
        "high": fit.high,
        "firms": {region: given.firms(given.stages.at((chain, fit.stage.key), region)) for region in fit.firms},
    }


def _gap(
    given: Inputs,
    gap: Gap,
    stages: Mapping[str, StageFit],
    names: Mapping[str, Say],
    stage_names: Mapping[str, Say],
    fit: ChainFit,
) -> Mapping[str, Any]:
    return {
        "region": gap.region,
        "stage": gap.stage,
        "partner": gap.partner,
        "kind": gap.kind,
        "basis": gap.basis,
        "score": gap.score,
        "value": gap.value,
        "low": gap.low,
        "high": gap.high,
        "n_partner_firms": stages[gap.stage].n_firms[gap.partner],
        "firms": given.firms(given.stages.at((fit.template.key, gap.stage), gap.partner)),
        "reasons": explain.gap(gap, stages, names, stage_names, dict(fit.template.name)),
    }


def _classes(given: Inputs) -> tuple[Mapping[str, Any], ...]:
    """All classes that have a vocabulary, those first whose division is furthest from chance."""
    made = [_inside(given, code, rows) for code, rows in given.vocabulary.items()]
    return tuple(sorted(made, key=lambda one: -float(np.nan_to_num(one["evidence"], nan=-1e9))))


def _inside(given: Inputs, code: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    fit: ClassFit = class_fit(code, entries(rows), given.words, *given.regions, relations=given.relations)
    names = {region: given.say(region) for region in given.regions}
    spoken = {str(row["word"]): {"zh": str(row["word"]), "en": str(row.get("en") or row["word"])} for row in rows}
    return {
        "industry": code,
        "name": given.say(code),
        "names": spoken,
        "complement_score": fit.complement_score,
        "excess_score": fit.excess_score,
        "confidence": fit.confidence,
        "evidence": fit.evidence,
        "n_firms": fit.n_firms,
        "words": fit.words,
        "pairs": [
            {
                "word_a": one.word_a,
                "word_b": one.word_b,
                "region_a": one.region_a,
                "region_b": one.region_b,
                "score": one.score,
                "confidence": one.confidence,
                "relation": one.relation,
                "firms": {region: given.firms(found) for region, found in one.firms.items()},
                "n_firms": {region: len(found) for region, found in one.firms.items()},
            }
            for one in fit.pairs
        ],
        "reasons": explain.inside_class(fit, given.say(code), names, spoken),
    }


def _risks(given: Inputs, rows: Sequence[Specialization]) -> tuple[Reason, ...]:
    """Industries in which both sides are strong, and witnesses that speak of a wider area."""
    names = {region: given.say(region) for region in given.regions}
    strong = [
        {row.industry: row for row in rows if row.region == region and row.is_significant and row.low > 1}
        for region in given.regions
    ]
    shared = (code for code in strong[0] if code in strong[1])
    many = (code for code in shared if min(side[code].n_firms for side in strong) >= LEAST_COUNTED)
    both = sorted(many, key=lambda code: -min(side[code].low for side in strong))
    wider = (
        explain.scope(witness, names[region], given.say(witness.region))
        for region in given.regions
        if (witness := next((row.witness for row in rows if row.region == region and row.witness), None))
    )
    return (*(explain.rivalry(strong[0][code], strong[1][code], names) for code in both), *filter(None, wider))


def _missing(given: Inputs, is_learnt: bool) -> tuple[Reason, ...]:
    absent = {
        "diagnose_no_counts": not given.counts.industries,
        "diagnose_no_parties": not given.parties,
        "diagnose_no_chains": not given.chains,
        "diagnose_no_vocabulary": not given.vocabulary,
        "diagnose_no_io": not given.io,
        "diagnose_no_national_io": bool(given.io) and given.national not in given.io,
        "diagnose_no_sectors": bool(given.io) and not given.sector_of,
        "diagnose_no_regions": not is_learnt,
        "diagnose_no_before": given.before is None,
        "diagnose_no_groupings": not given.groupings,
    }
    return tuple(Reason(code, is_for=False) for code, is_absent in absent.items() if is_absent)


def _provenance(given: Inputs) -> Provenance:
    inputs = {"counts": _digest(given.counts.values), "parties": _digest(repr([p.id for p in given.parties]))}
    inputs |= {f"io:{code}": _digest(table.flows) for code, table in given.io.items()}
    return Provenance(
        inputs, duijie.__version__, parameters={"regions": given.regions, "national": given.national, "level": 0.95}
    )


def _digest(value: Any) -> str:
    data = value.tobytes() if isinstance(value, np.ndarray) else str(value).encode()
    return hashlib.sha256(data).hexdigest()


def _sources(given: Inputs) -> tuple[Mapping[str, Any], ...]:
    """The publications of the tables used, each once."""
    named = {"counts": given.counts.source} | {f"io:{code}": table.source for code, table in given.io.items()}
    if given.detailed is not None:
        named["detailed"] = given.detailed.source
    named |= {f"relation:{one.source.title}": one.source for one in given.relations or ()}
    return tuple({"key": key, **source.to_dict()} for key, source in named.items() if source.publisher or source.title)
