"""Two regions in, one report out: the pair report is put together here from the kernels' results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie.errors import InputError
from duijie.terms import Bilingual, ChainTemplate, Counts, IOTable, Party, Progress, Provenance, Reason, silent

from . import explain
from .chains import ChainFit, Gap, StageFit, chain_fit
from .linkages import strength, supply_complementarity, supply_links
from .results import Coverage, Link, PairReport, Say, Specialization, Witness
from .similarity import cosine, finger_kreinin, krugman
from .specialization import location_quotient, quotient_band, shrunk_quotient
from .vocabulary import ClassFit, class_fit, entries

__all__ = ["pair"]

Floats = NDArray[np.float64]
SHOWN_FIRMS = 8


@dataclass(frozen=True)
class _Inputs:
    """Everything a report is made of, with the look-ups its sections share."""

    counts: Counts
    regions: tuple[str, str]
    national: str
    parties: tuple[Party, ...]
    io: Mapping[str, IOTable]
    sector_of: Mapping[str, str]
    names: Mapping[str, Bilingual]

    def say(self, code: str) -> Say:
        return explain.say(self.names.get(code, Bilingual(code, code)))

    def row(self, region: str) -> Floats:
        return np.asarray(self.counts.values[self.counts.regions.index(region)], dtype=np.float64)

    def table(self, region: str) -> IOTable | None:
        """The input–output table of a region or of the nearest wider area: city, then province, by code."""
        return next((self.io[code] for code in _areas(region) if code in self.io), None)

    def sector(self, industry: str) -> str:
        """The sector of an industry or of the nearest heading above it, by its leading digits."""
        heads = (industry[:n] for n in range(len(industry), 0, -1))
        return next((self.sector_of[head] for head in heads if head in self.sector_of), "")

    @cached_property
    def by_id(self) -> Mapping[str, Party]:
        return {party.id: party for party in self.parties}

    def firms(self, ids: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
        """The first few firms, those with most stated and least inferred first."""
        known = sorted((self.by_id[one] for one in ids), key=lambda p: (len(p.inferred), -len(p.products), p.id))
        return tuple({"id": p.id, "name": p.name, "products": p.products} for p in known[:SHOWN_FIRMS])

    def firms_in(self, region: str, industry: str) -> tuple[Mapping[str, Any], ...]:
        return self.firms([p.id for p in self.parties if p.region == region and p.industry.startswith(industry)])


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
    names: Mapping[str, Bilingual] | None = None,
    top: int = 15,
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
    names
        Bilingual names of regions, industries and sectors by code.
    top
        How many links a direction shows.

    Returns
    -------
    PairReport
        What could not be told for want of data stands in `missing`, never as a zero.

    Raises
    ------
    InputError
        A region is not a row of `counts`, or the two are the same.
    """
    given = _Inputs(counts, (region_a, region_b), national, tuple(parties), io or {}, sector_of or {}, names or {})
    _check(given)
    steps = 5
    progress("diagnose", 0, steps)
    specialized = _specialization(given)
    progress("diagnose", 1, steps)
    links, sums = _links(given, specialized, top)
    progress("diagnose", 2, steps)
    filled = tuple(_chain(given, chain_fit(one, counts, given.parties, region_a, region_b, national=national))
                   for one in chains)  # fmt: skip
    progress("diagnose", 3, steps)
    inside = tuple(_inside(given, code, rows) for code, rows in (vocabulary or {}).items())
    progress("diagnose", 4, steps)
    covered = tuple(_coverage(given, region) for region in given.regions)
    report = PairReport(
        regions=tuple({"code": region, "name": given.say(region)} for region in given.regions),
        coverage=covered,
        specialization=specialized,
        similarity=_similarity(given),
        links=links,
        complementarity=sums,
        chains=filled,
        inside_class=tuple(sorted(inside, key=lambda one: -(np.nan_to_num(one["complement_score"])))),
        risks=_risks(given, specialized),
        missing=_missing(given, chains, vocabulary or {}),
        provenance=_provenance(given),
        sources=_sources(given),
    )
    progress("diagnose", steps, steps)
    return report


def _areas(region: str) -> tuple[str, ...]:
    return region, region[:4] + "00", region[:2] + "0000"


def _check(given: _Inputs) -> None:
    for region in (*given.regions, given.national):
        if region not in given.counts.regions:
            raise InputError("diagnose_region_unknown", {"region": region})
    if given.regions[0] == given.regions[1]:
        raise InputError("diagnose_same_region", {"region": given.regions[0]})


def _coverage(given: _Inputs, region: str) -> Coverage:
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


def _specialization(given: _Inputs) -> tuple[Specialization, ...]:
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
            bool(band.is_above[r, i] or band.is_below[r, i]),
            _witness(given, region, industry),
        )
        for r, region in enumerate(given.regions)
        for i, industry in enumerate(given.counts.industries)
        if table[r, i] > 0
    ]
    return tuple(sorted(rows, key=lambda row: (-row.quotient, row.region, row.industry)))


def _witness(given: _Inputs, region: str, industry: str) -> Witness | None:
    """What the sector's output in the region (or its province) says, against the national table."""
    sector, table, nation = given.sector(industry), given.table(region), given.io.get(given.national)
    if table is None or nation is None or sector not in table.sectors or sector not in nation.sectors:
        return None
    ours = table.output[table.sectors.index(sector)] / table.output.sum()
    theirs = nation.output[nation.sectors.index(sector)] / nation.output.sum()
    name = explain.say(_named(table.names.get(sector, sector)))
    return Witness(sector, name, float(ours / theirs) if theirs else float("nan"), table.year, table.region)


def _named(name: Any) -> Bilingual:
    """A name of a table as bilingual text, whether it came as text, mapping or Bilingual."""
    if isinstance(name, Mapping):
        return Bilingual(str(name.get("zh", "")), str(name.get("en", "")))
    return name if isinstance(name, Bilingual) else Bilingual(str(name), str(name))


def _similarity(given: _Inputs) -> Mapping[str, float]:
    table = np.stack([given.row(region) for region in given.regions])
    measures = {"cosine": cosine, "krugman": krugman, "finger_kreinin": finger_kreinin}
    return {name: float(measure(table)[0, 1]) for name, measure in measures.items()}


def _links(
    given: _Inputs, rows: Sequence[Specialization], top: int
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
        ours, theirs = (
            strength([known[key].low if (key := (region, one)) in known else 0.0 for one in given.counts.industries])
            for region in (supplier, buyer)
        )
        found += [_link(given, known, supplier, buyer, one) for one in supply_links(ours, shares, theirs, top=top)]
        total = float(supply_complementarity(ours, shares, theirs).sum())
        sums.append({"supplier_region": supplier, "buyer_region": buyer, "score": total})
    return tuple(sorted(found, key=lambda link: -link.score)), tuple(sums)


def _input_shares(given: _Inputs, buyer: str) -> Floats | None:
    """(industries, industries): part of the column's inputs bought from the row's sector; 0 where unknown."""
    table = given.table(buyer) or given.io.get(given.national)
    if table is None:
        return None
    bought = table.flows.sum(0)
    shares = np.divide(table.flows, bought, out=np.zeros_like(table.flows), where=bought > 0)
    wider = np.zeros((len(table.sectors) + 1,) * 2)
    wider[:-1, :-1] = shares
    at = [
        table.sectors.index(s) if (s := given.sector(one)) in table.sectors else -1 for one in given.counts.industries
    ]
    return wider[np.ix_(at, at)]


def _link(
    given: _Inputs, known: Mapping[tuple[str, str], Specialization], supplier: str, buyer: str, found: Any
) -> Link:
    source = known[supplier, given.counts.industries[found.supplier]]
    target = known[buyer, given.counts.industries[found.buyer]]
    return Link(
        supplier,
        buyer,
        source.industry,
        target.industry,
        source.name,
        target.name,
        found.score,
        {
            "supplier_strength": found.supplier_strength,
            "input_share": found.coefficient,
            "buyer_strength": found.buyer_strength,
        },
        {supplier: given.firms_in(supplier, source.industry), buyer: given.firms_in(buyer, target.industry)},
        explain.link(found, source, target, {region: given.say(region) for region in given.regions}),
    )


def _chain(given: _Inputs, fit: ChainFit) -> Mapping[str, Any]:
    names = {region: given.say(region) for region in given.regions}
    stage_names = {one.stage.key: dict(one.stage.name) for one in fit.stages}
    stages = {one.stage.key: one for one in fit.stages}
    return {
        "key": fit.template.key,
        "name": dict(fit.template.name),
        "stages": [_stage(given, one) for one in fit.stages],
        "links": [{"supplier": one.supplier, "buyer": one.buyer, "why": dict(one.why)} for one in fit.template.links],
        "gaps": [_gap(given, gap, stages[gap.stage], names, stage_names, fit) for gap in fit.gaps],
    }


def _stage(given: _Inputs, fit: StageFit) -> Mapping[str, Any]:
    return {
        "key": fit.stage.key,
        "name": dict(fit.stage.name),
        "n_firms": fit.n_firms,
        "share": fit.share,
        "n_counted": fit.n_counted,
        "quotient": fit.quotient,
        "low": fit.low,
        "high": fit.high,
        "firms": {region: given.firms(ids) for region, ids in fit.firms.items()},
    }


def _gap(
    given: _Inputs, gap: Gap, stage: StageFit, names: Mapping[str, Say], stage_names: Mapping[str, Say], fit: ChainFit
) -> Mapping[str, Any]:
    return {
        "region": gap.region,
        "stage": gap.stage,
        "partner": gap.partner,
        "score": gap.score,
        "ratio": gap.ratio,
        "low": gap.low,
        "high": gap.high,
        "n_partner_firms": stage.n_firms[gap.partner],
        "firms": given.firms(stage.firms[gap.partner]),
        "reasons": explain.gap(gap, stage, names, stage_names, dict(fit.template.name)),
    }


def _inside(given: _Inputs, code: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    fit: ClassFit = class_fit(code, entries(rows), given.parties, *given.regions)
    names = {region: given.say(region) for region in given.regions}
    return {
        "industry": code,
        "name": given.say(code),
        "complement_score": fit.complement_score,
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
                "firms": {region: given.firms(ids) for region, ids in one.firms.items()},
            }
            for one in fit.pairs
        ],
        "reasons": explain.inside_class(fit, given.say(code), names),
    }


def _risks(given: _Inputs, rows: Sequence[Specialization]) -> tuple[Reason, ...]:
    """Industries in which both sides are strong, and witnesses that speak of a wider area."""
    names = {region: given.say(region) for region in given.regions}
    strong = [{row.industry: row for row in rows if row.region == region and row.low > 1} for region in given.regions]
    both = sorted(strong[0].keys() & strong[1].keys(), key=lambda code: -min(side[code].low for side in strong))
    wider = (
        explain.scope(witness, names[region], given.say(witness.region))
        for region in given.regions
        if (witness := next((row.witness for row in rows if row.region == region and row.witness), None))
    )
    return (*(explain.rivalry(strong[0][code], strong[1][code], names) for code in both), *filter(None, wider))


def _missing(given: _Inputs, chains: Sequence[ChainTemplate], vocabulary: Mapping[str, Any]) -> tuple[Reason, ...]:
    absent = {
        "diagnose_no_parties": not given.parties,
        "diagnose_no_chains": not chains,
        "diagnose_no_vocabulary": not vocabulary,
        "diagnose_no_io": not given.io,
        "diagnose_no_national_io": bool(given.io) and given.national not in given.io,
        "diagnose_no_sectors": bool(given.io) and not given.sector_of,
    }
    return tuple(Reason(code, is_for=False) for code, is_absent in absent.items() if is_absent)


def _provenance(given: _Inputs) -> Provenance:
    inputs = {"counts": _digest(given.counts.values), "parties": _digest(repr([p.id for p in given.parties]))}
    inputs |= {f"io:{code}": _digest(table.flows) for code, table in given.io.items()}
    return Provenance(inputs, parameters={"regions": given.regions, "national": given.national, "level": 0.95})


def _digest(value: Any) -> str:
    data = value.tobytes() if isinstance(value, np.ndarray) else str(value).encode()
    return hashlib.sha256(data).hexdigest()


def _sources(given: _Inputs) -> tuple[Mapping[str, Any], ...]:
    """The publications of the tables used, each once."""
    named = {"counts": given.counts.source} | {f"io:{code}": table.source for code, table in given.io.items()}
    return tuple({"key": key, **source.to_dict()} for key, source in named.items() if source.publisher or source.title)
