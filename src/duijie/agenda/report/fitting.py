"""The chapters on how the regions fit: data quality, specialization, chains, links, product words, risks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .blocks import Block, Cell, Drill, Figure, Paragraph, Row, Table
from .charts import band_chart, chain_chart, link_chart, word_chart
from .leader import classes
from .reading import Reading

__all__ = ["chains", "inside_class", "links", "quality", "risks", "specialization"]

N_PAGE = 60
N_CLASSES = 4
N_PAIRS_FIRST = 2
Record = Mapping[str, Any]


def quality(reading: Reading, number: int) -> Iterator[Block]:
    """What the figures rest on, before any figure."""
    yield reading.heading(1, number, reading.say("report_title_quality"))
    coverage = reading.rows("diagnose", "coverage")
    if not coverage:
        yield reading.absent("diagnose")
        return
    for note in dict.fromkeys(reading.reason(one.get("note")) for one in coverage):
        if note:
            yield Paragraph((note,), "warning")
    for reason in reading.rows("diagnose", "missing"):
        yield Paragraph((reading.reason(reason),), "warning")
    columns = reading.columns("region", "firms", "coded", "years", "missing")
    rows = tuple(_coverage_row(reading, at, one) for at, one in enumerate(coverage))
    sources = reading.keyed("diagnose", "parties")
    caption = reading.say("report_caption_coverage")
    yield Table("coverage", caption, columns, rows, (0.16, 0.16, 0.2, 0.2, 0.28), sources=sources)
    yield from _similarity(reading)


def _coverage_row(reading: Reading, at: int, one: Record) -> Row:
    path = f"diagnose.coverage[{at}]"
    share = reading.say("report_share_of", share=reading.percent(one["coded_share"]), n=reading.count(one["n_coded"]))
    years = f"{one.get('first_year') or ''}–{one.get('last_year') or ''}"
    missing = _spans(one.get("missing_years") or ()) or reading.say("report_none_missing")
    return Row(
        (
            reading.region(one["region"]),
            reading.tally(one["n_firms"], "firms", f"{path}.n_firms"),
            Figure(share, "coded", f"{path}.coded_share"),
            years,
            missing,
        )
    )


def _spans(years: Any) -> str:
    """Years with runs folded: 2004, 2011–2018."""
    runs: list[list[int]] = []
    for year in sorted(int(one) for one in years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _similarity(reading: Reading) -> Iterator[Block]:
    measures = reading.document("diagnose").get("similarity")
    if measures:
        names = ("cosine", "krugman", "finger_kreinin")
        figures = {name: reading.figure(measures.get(name), name, f"diagnose.similarity.{name}") for name in names}
        yield reading.paragraph("report_similarity", **figures)


def specialization(reading: Reading, number: int) -> Iterator[Block]:
    """What each region is strong in, with the band of the estimate and a second witness."""
    yield reading.heading(1, number, reading.say("report_title_specialization"))
    listed = list(enumerate(reading.rows("diagnose", "specialization")))
    if not listed:
        yield reading.absent("diagnose")
        return
    yield reading.paragraph("report_read_quotient")
    chart = band_chart(reading)
    if chart:
        yield chart
    columns = reading.columns("industry", "firms", "quotient", "band", "witness")
    for at, code in enumerate(reading.regions, start=1):
        yield reading.heading(2, at, reading.region(code))
        own = [pair for pair in listed if pair[1]["region"] == code and pair[1]["is_significant"]]
        rows = tuple(_quotient_row(reading, path, one) for path, one in own[:N_PAGE])
        more = reading.say("report_more", n=len(own), file="results/diagnose.json") if len(own) > len(rows) else ""
        caption = reading.say("report_caption_specialization", region=reading.region(code))
        widths, sources = (0.3, 0.09, 0.11, 0.19, 0.31), reading.keyed("diagnose", "counts", "io")
        yield Table(f"specialization-{code}", caption, columns, rows, widths, 8, more, sources)


def _quotient_row(reading: Reading, at: int, one: Record) -> Row:
    path = f"diagnose.specialization[{at}]"
    sign = reading.say("report_significant") if one["is_significant"] else ""
    return Row(
        (
            f"{reading.text(one['name'])} {one['industry']}",
            reading.tally(one["n_firms"], "firms", f"{path}.n_firms"),
            reading.figure(one["quotient"], "quotient", f"{path}.quotient"),
            Figure(f"{reading.number(one['low'])}–{_upper(reading, one)}{sign}", "band", f"{path}.low"),
            _witness(reading, one.get("witness"), f"{path}.witness"),
        )
    )


def _upper(reading: Reading, one: Record) -> str:
    """The upper end of a band; a document has no infinity, so an absent end beside a known lower one is open."""
    return "∞" if one["high"] is None and one["low"] is not None else reading.number(one["high"])


def _witness(reading: Reading, witness: Record | None, path: str) -> Cell:
    if not witness:
        return reading.say("report_no_witness")
    said = reading.say(
        "report_witness",
        region=reading.text(witness.get("region_name")) or reading.region(str(witness.get("region", ""))),
        year=witness.get("year", ""),
        name=reading.text(witness.get("name")),
        quotient=reading.number(witness.get("quotient")),
    )
    return Figure(said, "witness", path)


def chains(reading: Reading, number: int) -> Iterator[Block]:
    """The chain maps of both regions, and what one lacks that the other has."""
    yield reading.heading(1, number, reading.say("report_title_chains"))
    listed = reading.rows("diagnose", "chains")
    if not listed:
        yield reading.absent("diagnose")
    for at, chain in enumerate(listed):
        yield reading.heading(2, at + 1, reading.text(chain["name"]))
        yield chain_chart(reading, chain)
        yield _stage_table(reading, at, chain)
        yield from _gaps(reading, at, chain)


def _stage_table(reading: Reading, at: int, chain: Record) -> Table:
    gaps = {(gap["stage"], gap["region"]): gap for gap in chain["gaps"]}
    sides = tuple(reading.region(code) for code in reading.regions)
    rows = tuple(
        _stage_row(reading, f"diagnose.chains[{at}].stages[{n}]", stage, gaps)
        for n, stage in enumerate(chain["stages"])
    )
    caption = reading.say("report_caption_chain", name=reading.text(chain["name"]))
    columns = (*reading.columns("stage"), *sides, *reading.columns("gap"))
    widths = (0.3, *(0.44 / len(sides) for _ in sides), 0.26)
    return Table(f"chain-{chain['key']}", caption, columns, rows, widths, sources=_chain_sources(reading, chain))


def _chain_sources(reading: Reading, chain: Record) -> tuple[Record, ...]:
    """The registrations behind the quotients, and where the named firms come from."""
    return (*reading.keyed("diagnose", "counts"), *reading.sources_in(chain["stages"]))


def _stage_row(reading: Reading, path: str, stage: Record, gaps: Mapping[tuple[str, str], Record]) -> Row:
    counts = (Figure(_stage_count(reading, stage, code), "stage", f"{path}.n_firms.{code}") for code in reading.regions)
    found = (gaps.get((stage["key"], code)) for code in reading.regions)
    said = reading.joined(_gap_word(reading, gap) for gap in found if gap)
    return Row((reading.text(stage["name"]), *counts, said), reading.firms(stage.get("firms")))


def _gap_word(reading: Reading, gap: Record) -> str:
    """ "Lacks", or "weaker" with what it rests on."""
    region = reading.region(gap["region"])
    if gap["kind"] == "lacks":
        return reading.say("report_lacks", region=region)
    return reading.say("report_weaker", region=region, basis=reading.say(f"report_basis_{gap['basis']}"))


def _stage_count(reading: Reading, stage: Record, code: str) -> str:
    n, quotient = reading.count(stage["n_firms"].get(code)), stage["quotient"].get(code)
    if quotient is None:
        return n
    return reading.say("report_stage_count", n=n, quotient=reading.number(quotient))


def _gaps(reading: Reading, at: int, chain: Record) -> Iterator[Block]:
    if not chain["gaps"]:
        yield reading.note("report_no_gap")
        return
    stages = {stage["key"]: reading.text(stage["name"]) for stage in chain["stages"]}
    columns = reading.columns("gap_region", "stage", "partner", "partner_firms", "named")
    rows = tuple(
        _gap_row(reading, stages, f"diagnose.chains[{at}].gaps[{n}]", gap) for n, gap in enumerate(chain["gaps"])
    )
    caption = reading.say("report_caption_gaps", name=reading.text(chain["name"]))
    sources = _chain_sources(reading, chain)
    yield Table(f"gaps-{chain['key']}", caption, columns, rows, (0.1, 0.22, 0.1, 0.1, 0.48), 4, sources=sources)


def _gap_row(reading: Reading, stages: Mapping[str, str], path: str, gap: Record) -> Row:
    firms = tuple(reading.firm(one) for one in gap.get("firms") or ())
    reasons = reading.reasons(gap.get("reasons"))
    drills = (
        Drill(reading.say("report_drill_firms", region=reading.region(gap["partner"])), firms),
        Drill(reading.say("report_drill_reasons"), reasons),
    )
    return Row(
        (
            reading.region(gap["region"]),
            stages[gap["stage"]],
            reading.region(gap["partner"]),
            reading.tally(gap["n_partner_firms"], "firms", f"{path}.n_partner_firms"),
            reading.named(gap.get("firms"), 2),
        ),
        tuple(drill for drill in drills if drill.lines),
    )


def links(reading: Reading, number: int) -> Iterator[Block]:
    """Who could supply whom, strongest first, in each direction."""
    yield reading.heading(1, number, reading.say("report_title_links"))
    listed = sorted(enumerate(reading.rows("diagnose", "links")), key=lambda pair: -pair[1]["score"])
    if not listed:
        yield reading.absent("diagnose")
        return
    yield reading.paragraph("report_read_link")
    totals = {one["supplier_region"]: one for one in reading.rows("diagnose", "complementarity")}
    sources = (*reading.keyed("diagnose", "counts", "detailed"),)
    yield link_chart(reading, [link for _, link in listed[:16]])
    columns = reading.columns("supplier_industry", "buyer_industry", "score", "reason")
    for at, code in enumerate(reading.regions, start=1):
        yield reading.heading(2, at, reading.say("report_direction", region=reading.region(code)))
        own = [pair for pair in listed if pair[1]["supplier_region"] == code]
        rows = tuple(_link_row(reading, path, link) for path, link in own[:N_PAGE])
        caption = reading.say("report_caption_links", region=reading.region(code))
        if code in totals and "n_links" in totals[code]:
            n = reading.tally(totals[code]["n_links"], "links", "diagnose.complementarity[].n_links")
            yield reading.note("report_total_links", n=n)
        own_sources = (*sources, *reading.sources_in([link for _, link in own[:N_PAGE]]))
        yield Table(f"links-{code}", caption, columns, rows, (0.24, 0.26, 0.1, 0.4), 5, sources=own_sources)


def _link_row(reading: Reading, at: int, link: Record) -> Row:
    reasons = reading.reasons(link.get("reasons"))
    parts = tuple(
        reading.say("report_part", name=reading.word("part", name), value=reading.number(value, 3))
        for name, value in (link.get("parts") or {}).items()
    )
    drills = (
        *reading.firms(link.get("firms")),
        Drill(reading.say("report_drill_reasons"), reasons),
        Drill(reading.say("report_drill_parts"), parts),
    )
    return Row(
        (
            reading.text(link["supplier_name"]),
            reading.say("report_of", a=reading.region(link["buyer_region"]), b=reading.text(link["buyer_name"])),
            reading.figure(link["score"], "link", f"diagnose.links[{at}].score", 4),
            next(iter(reasons), ""),
        ),
        tuple(drill for drill in drills if drill.lines),
    )


def inside_class(reading: Reading, number: int) -> Iterator[Block]:
    """Inside one industry class: the product words of one side beside those of the other."""
    yield reading.heading(1, number, reading.say("report_title_inside"))
    listed = [one for one in classes(reading) if one[1]["pairs"]]
    if not listed:
        yield reading.absent("diagnose")
        return
    yield reading.paragraph("report_read_inside")
    yield word_chart(reading, [one for _, one in listed[:N_CLASSES]])
    columns = reading.columns("class", "score", "word_a", "word_b", "firms_a", "firms_b")
    # The best pairs of every class first, so that the rows on paper show more than one class.
    ordered = [(at, one, pair) for at, one in listed for pair in one["pairs"][:N_PAIRS_FIRST]]
    ordered += [(at, one, pair) for at, one in listed for pair in one["pairs"][N_PAIRS_FIRST:]]
    rows = tuple(_word_row(reading, *one) for one in ordered[:N_PAGE])
    caption = reading.say("report_caption_inside")
    sources = (*reading.keyed("diagnose", "relation"), *reading.sources_in([pair for _, _, pair in ordered]))
    yield Table("inside-class", caption, columns, rows, (0.2, 0.08, 0.16, 0.16, 0.2, 0.2), 8, sources=sources)


def _word_row(reading: Reading, at: int, one: Record, pair: Record) -> Row:
    firms = pair.get("firms") or {}
    a, b = pair["region_a"], pair["region_b"]
    return Row(
        (
            f"{reading.text(one['name'])} {one['industry']}",
            reading.figure(one["complement_score"], "inside_class", f"diagnose.inside_class[{at}].complement_score"),
            reading.say("report_of", a=reading.region(a), b=reading.product(one, pair["word_a"])),
            reading.say("report_of", a=reading.region(b), b=reading.product(one, pair["word_b"])),
            reading.named(firms.get(a)),
            reading.named(firms.get(b)),
        ),
        reading.firms(firms),
    )


def risks(reading: Reading, number: int) -> Iterator[Block]:
    """What speaks against: rivalry, hollowing-out, thin data."""
    yield reading.heading(1, number, reading.say("report_title_risks"))
    listed = reading.rows("diagnose", "risks")
    if not listed:
        yield reading.note("report_no_risk")
    for reason in listed:
        yield Paragraph((reading.reason(reason),), "note")
