"""The pair report on a small invented economy whose answers can be seen by eye."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from duijie import diagnose
from duijie.data import sentence
from duijie.diagnose import explain
from duijie.diagnose.groupings import Grouping
from duijie.diagnose.report import _is_chained, _risks
from duijie.diagnose.results import Specialization
from duijie.errors import InputError

A, B = "010101", "020202"


def made(economy, **changes):
    given = economy | changes
    return diagnose.pair(given.pop("counts"), A, B, **given)


def test_the_shape_is_the_published_one(economy):
    report = made(economy).to_dict()
    assert {"regions", "coverage", "specialization", "similarity", "links", "chains", "inside_class", "risks"} <= set(
        report
    )
    assert [one["code"] for one in report["regions"]] == [A, B]
    json.dumps(report, allow_nan=False)


def test_quotients_are_sorted_and_inside_their_bands(economy):
    rows = made(economy).specialization
    assert [row.quotient for row in rows] == sorted((row.quotient for row in rows), reverse=True)
    assert all(row.low <= row.quotient <= row.high for row in rows)
    shoes = next(row for row in rows if row.region == A and row.industry == "195")
    assert shoes.quotient == pytest.approx((40 / 152) / (600 / 5000))
    assert shoes.is_significant


def test_the_witness_is_the_province_above(economy):
    rows = made(economy).specialization
    shoes = next(row for row in rows if row.region == A and row.industry == "195")
    assert shoes.witness.region == "010000"
    assert shoes.witness.quotient == pytest.approx(0.5814 / (100 / 430), rel=1e-3)
    assert all(row.witness is None for row in rows if row.region == B)


def test_womenswear_meets_sportswear_and_menswear(economy):
    (inside,) = made(economy).to_dict()["inside_class"]
    pairs = {(one["word_a"], one["word_b"]): one for one in inside["pairs"]}
    assert ("sportswear", "womenswear") in pairs
    assert ("menswear", "womenswear") in pairs
    assert pairs["menswear", "womenswear"]["confidence"] > 0.95
    assert len(pairs["sportswear", "womenswear"]["firms"][B]) == 7
    assert "wear" not in {use["word"] for use in inside["words"]}, "a word inside a longer one is not counted"


def test_a_gap_names_the_partners_firms(economy):
    (chain,) = made(economy).to_dict()["chains"]
    gap = next(one for one in chain["gaps"] if one["stage"] == "code")
    assert (gap["region"], gap["partner"], gap["n_partner_firms"]) == (A, B, 12)
    assert gap["firms"][0]["name"].startswith("Code")


def test_links_run_both_ways_and_never_inside_an_industry(economy):
    report = made(economy)
    assert all(link.supplier_industry != link.buyer_industry for link in report.links)
    best = {link.supplier_region: link for link in reversed(report.links)}
    assert (best[A].supplier_industry, best[A].buyer_industry) == ("171", "181")
    assert B in best
    assert all(0 < link.score <= 1 for link in report.links)
    for link in report.links:
        assert link.score == pytest.approx(np.prod(list(link.parts.values())))


def test_links_say_how_sure_they_are(economy):
    links = made(economy, top=3).links
    assert all(0 <= link.confidence <= 1 for link in links)
    assert max(link.confidence for link in links) > 0.9
    few = replace(economy["counts"], values=np.round(economy["counts"].values / [[4], [4], [1]]))
    assert np.mean([link.confidence for link in made(economy, counts=few, top=3).links]) < np.mean(
        [link.confidence for link in links]
    )


def test_spillovers_fall_with_friction(economy):
    tables = economy["io"] | {"020000": replace(economy["io"]["010000"], region="020000")}
    rows = made(economy, io=tables).spillovers
    assert len(rows) == 6
    here = [row["spillover"] for row in rows if row["area"] == "010000"]
    assert here == sorted(here, reverse=True)
    assert all(row["basis"] == "derived" and row["feedback"] >= 0 for row in rows)
    assert made(economy).spillovers == ()


def test_what_is_absent_is_said(economy):
    report = made(economy, parties=(), chains=(), vocabulary={}, io={})
    codes = {reason.code for reason in report.missing}
    wanted = ("parties", "chains", "vocabulary", "io", "regions", "before", "groupings")
    assert codes == {f"diagnose_no_{one}" for one in wanted}
    assert report.links == ()


def test_an_empty_region_answers_without_a_number(economy):
    counts = economy["counts"]
    values = counts.values.copy()
    values[0] = 0
    report = made(economy, counts=replace(counts, values=values)).to_dict()
    assert {row["region"] for row in report["specialization"]} == {B}
    assert report["similarity"]["cosine"] is None


def wide(economy):
    """The economy with twelve more regions to learn from, an earlier date and an official grouping."""
    counts, random = economy["counts"], np.random.default_rng(1)
    more = random.poisson(30, (12, 5)) * (random.random((12, 5)) < 0.6)
    names = (*counts.regions, *(f"{at:02d}0000" for at in range(31, 43)))
    after = replace(counts, regions=names, values=np.vstack([counts.values, more]))
    earlier = after.values.copy()
    earlier[0, 1] = 90
    grouping = Grouping("digital", {"zh": "数字", "en": "digital"}, ("39", "651"), ("181",))
    return economy | {"counts": after, "before": replace(after, values=earlier), "groupings": [grouping]}


def test_other_regions_teach_what_is_near(economy):
    report = made(wide(economy)).to_dict()
    assert report["missing"] == []
    assert {one["region"] for one in report["added"]} == {A, B}
    for one in report["added"]:
        assert 0 <= one["added_density"] <= 1
        assert all(0 < candidate["added"] <= 1 for candidate in one["candidates"])
    present = {one["industry"]: one["is_present"] for one in report["industry_map"]}
    assert present["391"] == {A: False, B: True}
    json.dumps(report, allow_nan=False)


def test_what_loses_its_place_could_move(economy):
    report = made(wide(economy)).to_dict()
    assert {(one["origin"], one["industry"]) for one in report["transfer"]} >= {(A, "181")}


def test_official_groupings_count_what_is_sure(economy):
    (one,) = made(wide(economy)).to_dict()["groupings"]
    assert one["regions"][B]["n"] == 120
    assert one["regions"][B]["n_at_most"] == 180
    assert one["regions"][B]["low"] > 1 > one["regions"][A]["high"]


def test_chance_is_taken_out_of_complementarity(economy):
    (inside,) = made(economy).to_dict()["inside_class"]
    assert inside["confidence"] > 0.99
    assert 0 < inside["excess_score"] <= inside["complement_score"]
    alike = [replace(party, region=A if at % 2 else B) for at, party in enumerate(economy["parties"])]
    (mixed,) = made(economy, parties=alike).to_dict()["inside_class"]
    assert mixed["excess_score"] < inside["excess_score"]


def test_no_counts_at_all_is_said_and_nothing_breaks(economy):
    counts = economy["counts"]
    report = made(economy, counts=replace(counts, industries=(), values=np.zeros((3, 0)))).to_dict()
    assert "diagnose_no_counts" in {one["code"] for one in report["missing"]}
    assert report["specialization"] == []
    assert report["inside_class"][0]["pairs"]


@pytest.mark.parametrize("other", [A, "999999"])
def test_a_pair_needs_two_known_regions(economy, other):
    given = dict(economy)
    with pytest.raises(InputError, match="diagnose_"):
        diagnose.pair(given.pop("counts"), A, other, **given)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_has_its_sentence(economy, language):
    found = []

    def walk(value):
        if isinstance(value, dict):
            if {"code", "values", "weight"} <= set(value):
                found.append(sentence(value["code"], language, value["values"]))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(made(wide(economy)).to_dict())
    walk(made(economy, parties=(), chains=(), vocabulary={}, io={}).to_dict())
    assert found
    assert not [text for text in found if "{" in text or text.startswith("diagnose_")]


def test_progress_is_told_to_the_end(economy):
    calls = []
    made(economy, progress=lambda label, done, total: calls.append((label, done, total)))
    assert calls[-1] == ("diagnose", len(calls) - 1, len(calls) - 1)


@pytest.mark.parametrize("case", ["nation_empty", "one_industry", "both_empty", "no_firms_of_one_side"])
def test_degenerate_inputs_have_an_answer(economy, case):
    given = wide(economy)
    counts, before = given["counts"], given["before"]
    if case == "nation_empty":
        values = counts.values.copy()
        values[2] = 0
        given |= {"counts": replace(counts, values=values)}
    elif case == "one_industry":
        given |= {name: replace(table, industries=table.industries[:1], values=table.values[:, :1])
                  for name, table in (("counts", counts), ("before", before))}  # fmt: skip
    elif case == "both_empty":
        values = counts.values.copy()
        values[:2] = 0
        given |= {"counts": replace(counts, values=values)}
    else:
        given |= {"parties": [party for party in given["parties"] if party.region == A]}
    with np.errstate(all="raise"):
        text = json.dumps(made(given).to_dict(), allow_nan=False)
    assert text


def test_a_link_tells_the_share_of_the_sector_and_needs_a_chain(economy):
    """What is told is the figure of the table; industries whose goods no chain joins name no firms to each other."""
    link = next(one for one in made(economy).links if (one.supplier_industry, one.buyer_industry) == ("171", "181"))
    told = next(reason for reason in link.reasons if reason.code == "diagnose_link_input")
    assert told.values["coefficient"] == pytest.approx(40 / 60)
    given = SimpleNamespace(chains=economy["chains"])
    assert _is_chained(given, "171", "195")
    assert not _is_chained(given, "195", "171")
    assert not _is_chained(given, "391", "181")


def test_few_registrations_are_no_strength():
    """Both sides above the national share are told as rivals only where each has ten of the industry."""
    given = SimpleNamespace(regions=(A, B), say=lambda code: {"zh": code, "en": code})

    def rivals(n):
        rows = [
            Specialization(region, "195", {"zh": "鞋", "en": "shoes"}, count, 3.0, 2.0, 4.0, 3.0, True)
            for region, count in ((A, 1000.0), (B, n))
        ]
        return [reason.code for reason in _risks(given, rows)]

    assert rivals(10.0) == ["diagnose_risk_rivalry"]
    assert rivals(9.0) == []


def test_of_a_handful_of_firms_no_division_is_missed():
    """Where hardly any firm names a product, that no division was found is not worth a sentence; else it says why."""
    names = {region: {"zh": region, "en": region} for region in (A, B)}

    def reasons(n, *there):
        words = [SimpleNamespace(n={A: 5, B: one}) for one in there]
        fit = SimpleNamespace(n_firms={A: n, B: 1}, pairs=(), words=words)
        return explain.inside_class(fit, names[A], names, {})

    assert [one.code for one in reasons(8, 5)] == ["diagnose_words_basis"]
    assert [one.code for one in reasons(9, 0, 5)] == ["diagnose_words_basis", "diagnose_words_none"]
    thin = reasons(9, 0, 4)[1]
    assert (thin.code, thin.values["regions"]) == ("diagnose_words_thin", [names[B]])


def test_neighbouring_stages_are_told_with_firms_enough():
    """Of the stages next to a gap those with five firms on evidence are told; without one there is no such sentence."""
    names = {key: {"zh": key, "en": key} for key in (A, B, "gap", "many", "few")}

    def told(neighbours):
        found = SimpleNamespace(
            stage="gap", region=A, partner=B, kind="lacks", basis="count", value=9.0, low=2.0, high=20.0,
            neighbours=neighbours,
        )  # fmt: skip
        stages = {
            key: SimpleNamespace(
                n_firms={A: n, B: 9}, n_counted={A: n}, n_expected={A: 9.0}, low={B: 0.0}, quotient={B: 0.0}
            )
            for key, n in (("gap", 0), ("many", 5), ("few", 4))
        }
        reasons = explain.gap(found, stages, names, names, names[A])
        return [sentence("diagnose_gap_use", "zh", one.values) for one in reasons if one.code == "diagnose_gap_use"]

    (said,) = told(("few", "many"))
    assert "many 5 家" in said
    assert "few" not in said
    assert told(("few",)) == []
