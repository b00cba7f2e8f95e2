"""The documents are read against each other: what one page says no other page denies.

`contradictions` collects them all; every kind of contradiction is also planted once and must be found.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from duijie import agenda, data
from duijie.agenda.report import Reading, compose
from duijie.agenda.report.blocks import Figure, Paragraph, Table
from duijie.intake import taxonomies
from duijie.terms import Language

Results = Mapping[str, Any]
Claim = tuple[str, str]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def contradictions(results: Results) -> list[str]:
    """Everything the documents say against themselves, in words."""
    readers = (_weak_and_strong, _of_both_sides, _false_totals, _mixed_bases, _ends_that_differ)
    return [found for reader in readers for found in reader(results)]


def _stages(results: Results) -> dict[tuple[str, str], tuple[str, ...]]:
    keys = tuple(chain["key"] for chain in results["diagnose"]["chains"])
    templates = taxonomies.chains(keys) if keys else ()
    return {(chain.key, stage.key): stage.industries for chain in templates for stage in chain.stages}


def _touch(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _strong(results: Results) -> set[Claim]:
    """The (side, industry) that something calls strong."""
    found = results["diagnose"]
    rows = {(row["region"], row["industry"]) for row in found["specialization"] if row["low"] > 1}
    called = {row for row in rows if row in _significant(found)}
    for link in found["links"]:
        called |= {(link[f"{end}_region"], link[f"{end}_industry"]) for end in ("supplier", "buyer")}
    return called


def _significant(found: Mapping[str, Any]) -> set[Claim]:
    return {(row["region"], row["industry"]) for row in found["specialization"] if row["is_significant"]}


def _weak_and_strong(results: Results) -> Iterator[str]:
    """No side lacks, or has little of, what is called its strength."""
    strong, stages = _strong(results), _stages(results)
    for chain in results["diagnose"]["chains"]:
        for gap in chain["gaps"]:
            for side, industry in strong:
                if side == gap["region"] and any(_touch(industry, own) for own in stages[chain["key"], gap["stage"]]):
                    yield f"{side} is weak at {gap['stage']} and strong in {industry}"
    for one in results["diagnose"]["added"]:
        for row in one["candidates"]:
            if (one["region"], row["industry"]) in strong:
                yield f"{one['region']} is below the national share in {row['industry']} and strong in it"
    weak = {(gap["region"], f"{chain['key']}.{gap['stage']}") for chain, gap in _gaps(results)}
    for one in results["advice"]["opportunities"]:
        if one["kind"] in ("supplies", "completes"):
            stage, _, sides = one["key"].removeprefix(f"{one['kind']}:").partition(">")
            supplier = sides.partition(":")[2].partition(">")[0]
            if (supplier, stage) in weak:
                yield f"{supplier} is to supply {stage}, at which it is weak"


def _gaps(results: Results) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for chain in results["diagnose"]["chains"]:
        for gap in chain["gaps"]:
            yield chain, gap


def _of_both_sides(results: Results) -> Iterator[str]:
    """No word is told as the leaning of both sides, no stage as a gap of both."""
    for one in results["diagnose"]["inside_class"]:
        told: dict[str, str] = {}
        for pair in one["pairs"]:
            for letter in "ab":
                word, region = pair[f"word_{letter}"], pair[f"region_{letter}"]
                if told.setdefault(word, region) != region:
                    yield f"both sides lean to {word}"
    seen: dict[tuple[str, str], str] = {}
    for chain, gap in _gaps(results):
        if seen.setdefault((chain["key"], gap["stage"]), gap["region"]) != gap["region"]:
            yield f"both sides are weak at {gap['stage']}"


def _false_totals(results: Results) -> Iterator[str]:
    """A number of things is not smaller than the list it heads, and the same thing has one number."""
    diagnosed, advice = results["diagnose"], results["advice"]
    totals = {one["supplier_region"]: one["n_links"] for one in diagnosed["complementarity"]}
    for side, n in totals.items():
        if n < sum(link["supplier_region"] == side for link in diagnosed["links"]):
            yield f"{n} links of {side}, fewer than listed"
    if advice["n_candidates"] < len(advice["opportunities"]):
        yield "fewer candidates than opportunities"
    for kind in results["match"]["kinds"]:
        if kind["n_ideas"] != len(kind["ideas"]):
            yield f"{kind['kind']}: {kind['n_ideas']} ideas, {len(kind['ideas'])} listed"
    for chain in diagnosed["chains"]:
        for stage in chain["stages"]:
            for region, n in stage["n_firms"].items():
                if n != _stated(stage["firms"][region], n) or n + stage["n_inferred"][region] < len(
                    stage["firms"][region]
                ):
                    yield f"{chain['key']}.{stage['key']} {region}: {n} firms, more listed"
    for one in diagnosed["inside_class"]:
        for use in one["words"]:
            if any(n > one["n_firms"][region] for region, n in use["n"].items()):
                yield f"{one['industry']} {use['word']}: more firms than in the class"
        by_word = {use["word"]: use["n"] for use in one["words"]}
        for pair in one["pairs"]:
            for letter in "ab":
                region = pair[f"region_{letter}"]
                if pair["n_firms"][region] != by_word[pair[f"word_{letter}"]][region]:
                    yield f"{one['industry']} {pair['word_a']}–{pair['word_b']}: two numbers for {region}"


def _stated(firms: list[Mapping[str, Any]], n: int) -> int:
    """The number itself, unless more firms than that are shown as stating their product."""
    return max(n, sum(firm["is_stated"] for firm in firms))


def _mixed_bases(results: Results) -> Iterator[str]:
    """Each statement on a gap rests on one basis, and says of it what its own numbers say."""
    for _, gap in _gaps(results):
        first = gap["reasons"][0]
        values, code = first["values"], first["code"].removeprefix("diagnose_gap_")
        if code not in (f"{gap['kind']}_{gap['basis']}", f"{gap['kind']}_unnamed"):
            yield f"{gap['stage']}: {code} is said of a gap that is {gap['kind']} by {gap['basis']}"
        if code.endswith("unnamed") and (gap["basis"] != "count" or values["n_region"]):
            yield f"{gap['stage']}: nobody is said to be named, {values['n_region']} are"
        if gap["kind"] == "lacks" and (values["n_region"] or values["n_counted"]):
            yield f"{gap['stage']}: said to be absent, and some are there"
        if values["n_partner"] != gap["n_partner_firms"]:
            yield f"{gap['stage']}: two numbers of firms on the other side"


def _ends_that_differ(results: Results) -> Iterator[str]:
    """An opportunity has the numbers that the diagnosis has of the same stage, and no firm on both ends."""
    stages = {
        (chain["key"], stage["key"]): stage["n_firms"]
        for chain in results["diagnose"]["chains"]
        for stage in chain["stages"]
    }
    for one in results["advice"]["opportunities"]:
        first, second = one["ends"]
        if {firm["id"] for firm in first["firms"]} & {firm["id"] for firm in second["firms"]}:
            yield f"{one['key']}: a firm stands on both ends"
        values = one["size"]["values"]
        if "n_a" in values and [values["n_a"], values["n_b"]] != [first["n_firms"], second["n_firms"]]:
            yield f"{one['key']}: its size is not that of its ends"
        if one["kind"] in ("supplies", "completes"):
            chain, _, rest = one["key"].partition(":")[2].partition(".")
            for end, stage in zip(one["ends"], rest.partition(":")[0].split(">"), strict=True):
                if end["n_all"] != stages[chain, stage][end["region"]] or end["n_firms"] > end["n_all"]:
                    yield f"{one['key']}: {end['n_all']} firms at {stage}, the diagnosis has another number"
        if "all_a" in values and [values["all_a"], values["all_b"]] != [first["n_all"], second["n_all"]]:
            yield f"{one['key']}: its size is of other stages"


def test_no_page_denies_another(done: tuple[agenda.Agenda, Path]) -> None:
    """Diagnosis, advice and matches of both built-in agreements say nothing against themselves."""
    assert contradictions(done[0].results) == []


def _add_a_gap(results: Any) -> None:
    """A gap that nothing denies, to plant contradictions to: the figures of the day may show none."""
    regions = Reading(results, "zh").regions
    for chain in results["diagnose"]["chains"]:
        for stage in chain["stages"]:
            for region, partner in (regions, regions[::-1]):
                values = {
                    "n_region": stage["n_firms"][region],
                    "n_partner": stage["n_firms"][partner],
                    "n_counted": stage["n_counted"][region],
                }
                gap = {
                    "stage": stage["key"],
                    "region": region,
                    "partner": partner,
                    "kind": "weaker",
                    "basis": "count",
                    "n_partner_firms": stage["n_firms"][partner],
                    "reasons": [{"code": "diagnose_gap_weaker_unnamed", "values": values}],
                }
                chain["gaps"].append(gap)
                if stage["n_firms"][partner] and contradictions(results) == []:
                    return
                chain["gaps"].remove(gap)
    raise AssertionError("no stage can be a gap")


def _plant_a_weak_strength(results: Any) -> None:
    one = next(one for one in results["diagnose"]["added"] if one["candidates"])
    rows = (row for row in results["diagnose"]["specialization"] if row["is_significant"] and row["low"] > 1)
    one["candidates"][0]["industry"] = next(row["industry"] for row in rows if row["region"] == one["region"])


def _plant_a_gap_in_a_strength(results: Any) -> None:
    chain = next(chain for chain in results["diagnose"]["chains"] if chain["gaps"])
    gap = chain["gaps"][0]
    code = _stages(results)[chain["key"], gap["stage"]][0]
    link = next(link for link in results["diagnose"]["links"] if link["supplier_region"] == gap["region"])
    link["supplier_industry"] = code


def _plant_a_word_on_both_sides(results: Any) -> None:
    one = next(one for one in results["diagnose"]["inside_class"] if one["pairs"])
    pair = one["pairs"][0]
    one["pairs"].append({**pair, "word_a": pair["word_b"], "word_b": pair["word_a"]})


def _plant_a_supplier_that_is_weak(results: Any) -> None:
    chain, gap = next(_gaps(results))
    one = next(one for one in results["advice"]["opportunities"] if one["kind"] == "supplies")
    one["key"] = f"supplies:{chain['key']}.{gap['stage']}>{gap['stage']}:{gap['region']}>{gap['partner']}"


def _plant_a_cap(results: Any) -> None:
    for one in results["diagnose"]["complementarity"]:
        one["n_links"] = 0


def _plant_fewer_firms_than_shown(results: Any) -> None:
    stages = (stage for chain in results["diagnose"]["chains"] for stage in chain["stages"])
    stage = next(stage for stage in stages if any(stage["firms"].values()))
    stage["n_firms"] = dict.fromkeys(stage["n_firms"], 0)


def _plant_the_other_basis(results: Any) -> None:
    _, gap = next(_gaps(results))
    gap["basis"] = "quotient"


def _plant_an_absence_with_firms(results: Any) -> None:
    _, gap = next(_gaps(results))
    gap["reasons"][0]["values"]["n_region"] = 3


def _plant_another_size(results: Any) -> None:
    one = next(one for one in results["advice"]["opportunities"] if one["kind"] == "supplies")
    one["ends"][0]["n_firms"] += 1


PLANTED = (
    _plant_a_weak_strength,
    _plant_a_gap_in_a_strength,
    _plant_a_word_on_both_sides,
    _plant_a_supplier_that_is_weak,
    _plant_a_cap,
    _plant_fewer_firms_than_shown,
    _plant_the_other_basis,
    _plant_an_absence_with_firms,
    _plant_another_size,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.removeprefix("_plant_"))
def test_a_planted_contradiction_is_found(plant: Callable[[Any], None], done: tuple[agenda.Agenda, Path]) -> None:
    """Each kind of contradiction, planted into the real agreement's documents, does not pass unseen."""
    if done[0].results["track"]["is_rehearsal"]:
        return
    results = copy.deepcopy(dict(done[0].results))
    _add_a_gap(results)
    assert contradictions(results) == []
    plant(results)
    assert contradictions(results)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_says_what_the_documents_say(language: Language, done: tuple[agenda.Agenda, Path]) -> None:
    """A number of the report that names its place is the number there; only what is absent is called lacking."""
    results = done[0].results
    reading = Reading(results, language)
    document = compose(reading, on=date(2026, 11, 23))
    blocks = (*document.leader, *document.analyst)
    tables = [block for block in blocks if isinstance(block, Table)]
    cells = [cell for table in tables for row in table.rows for cell in row.cells]
    cells += [part for block in blocks if isinstance(block, Paragraph) for part in block.parts]
    placed = [cell for cell in cells if isinstance(cell, Figure) and "[]" not in cell.path]
    checked = 0
    for cell in placed:
        value = _at(results, cell.path)
        if isinstance(value, int | float):
            checked += 1
            assert re.sub(r"[^\d]", "", reading.count(value)) in re.sub(r"[^\d]", "", cell.text) or (
                reading.number(float(value), 2) in cell.text
                or f"{value:.4f}" in cell.text
                or reading.percent(value) in cell.text
            ), (cell, value)
    assert checked > 20
    lacking = {reading.say("report_lacks", region=reading.region(code)) for code in reading.regions}
    said = {str(cell) for table in tables for row in table.rows for cell in row.cells} & lacking
    assert said == {
        reading.say("report_lacks", region=reading.region(gap["region"]))
        for _, gap in _gaps(results)
        if gap["kind"] == "lacks"
    }


def test_the_leader_reads_as_many_opportunities_as_are_counted(done: tuple[agenda.Agenda, Path]) -> None:
    """The number above the table is its number of rows; the agreement's example is only told where it stands first."""
    results = done[0].results
    listed = results["advice"]["opportunities"]
    blocks = compose(Reading(results, "zh"), on=date(2026, 11, 23)).leader
    table = next(block for block in blocks if isinstance(block, Table) and block.key == "leader-opportunities")
    lead = next(str(block) for block in blocks if isinstance(block, Paragraph) and "机会" in str(block))
    assert len(table.rows) == len(listed)
    assert f" {len(listed)} " in lead
    assert ("协议所列的例子" in lead) == listed[0]["is_example"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_need_without_a_partner_reads_what_would_help(
    language: Language, done: tuple[agenda.Agenda, Path]
) -> None:
    """Of each need that found nobody the report says what would help, where nothing is on offer as well."""
    reading = Reading(done[0].results, language)
    document = compose(reading, on=date(2026, 11, 23))
    blocks = (*document.leader, *document.analyst)
    table = next(block for block in blocks if isinstance(block, Table) and block.key == "unmatched")
    help_of = {
        code: data.words(language)[code].rpartition("{")[2].rpartition("}")[2][-12:]
        for code in ("match_no_partner_yet", "match_too_weak", "match_only_own_side", "match_no_offers")
    }
    lost = [one for kind in done[0].results["match"]["kinds"] for one in kind["unmatched"]]
    assert lost
    for row, one in zip(table.rows, lost, strict=False):
        code = (one["relaxation"] or {"code": "match_no_offers"})["code"]
        told = str(row.cells[-1])
        assert told
        assert told != reading.say("report_none")
        assert code not in help_of or told.endswith(help_of[code])


def _at(results: Results, path: str) -> Any:
    """The value a figure names: ``diagnose.chains[0].stages[2].n_firms.350582``; None where the path leads nowhere."""
    value: Any = results
    for part in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return value
