"""Classifications, chains, words and tables: complete, consistent, and borne out by the figures."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from duijie import data
from duijie.errors import DataFileError
from duijie.intake import taxonomies

SHARED = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[3] / "shared"))
CHAINS = sorted((data.root() / "taxonomies" / "chains").glob("*.yaml"))
# What a current input must be, at least, of all that the buyer's sector buys; finer sectors share what one bought.
LEAST_INPUT_SHARE = {42: 0.003, 153: 0.0005}


def sectors_below(code: str, n_sectors: int) -> set[str]:
    """The sectors of a heading and of all headings below it."""
    known = taxonomies.sector_of(n_sectors)
    below = [one for one in taxonomies.gbt4754().industries if one.startswith(code)]
    return {known[one[:n]] for one in below for n in range(len(one), 0, -1) if one[:n] in known}


def test_the_classification_has_the_levels_its_standard_names() -> None:
    levels = Counter(one.level for one in taxonomies.gbt4754().industries.values())
    assert levels == {1: 20, 2: 97, 3: 473, 4: 1382}


def test_amendment_1_is_in() -> None:
    names = {code: one.name.zh for code, one in taxonomies.gbt4754().industries.items() if code.startswith("923")}
    assert names == {
        "923": "监察委员会、人民法院和人民检察院", "9231": "监察委员会", "9232": "人民法院", "9233": "人民检察院",
    }  # fmt: skip


def test_official_groupings_have_the_headings_their_standards_count() -> None:
    folder = data.root() / "taxonomies" / "groupings"
    found = {path.name: {row["code"] for row in data.table(path)} for path in folder.glob("*.csv")}
    digital = Counter(map(len, found["digital_economy_2021.csv"]))
    assert digital == {4: 5, 6: 32, 8: 156}
    assert Counter(code.count(".") for code in found["strategic_emerging_2018.csv"]) == {0: 9, 1: 40, 2: 189, 3: 166}
    assert Counter(len(code) for code in found["high_tech_manufacturing_2017.csv"]) == {5: 6 + 34, 6: 85}
    assert Counter(len(code) for code in found["high_tech_services_2018.csv"]) == {5: 8 + 25, 7: 97}


def test_official_groupings_take_in_industries_that_there_are() -> None:
    known = taxonomies.gbt4754().industries
    for path in (data.root() / "taxonomies" / "groupings").glob("*.csv"):
        rows = data.table(path)
        assert {row["industry"] for row in rows} - {""} <= set(known)
        assert {row["is_partial"] for row in rows if row["industry"]} <= {"0", "1"}
        assert max(len(row["name"]) for row in rows) < 45, "names only, no descriptions"


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_grouping_at_a_level_is_what_its_classes_are(level: int) -> None:
    classes = {one.key: one for one in taxonomies.groupings(4)}
    for one in taxonomies.groupings(level):
        assert not set(one.industries) & set(one.partial)
        assert {len(code) for code in (*one.industries, *one.partial)} <= {level}
        inside = classes[one.key].industries
        for code in one.industries:
            own = [
                c for c in taxonomies.gbt4754().industries if len(c) == 4 and code in taxonomies.gbt4754().ancestors(c)
            ]
            assert set(own) <= set(inside)
        assert one.source.title
        assert one.source.as_of


def test_every_heading_hangs_below_the_one_its_code_says() -> None:
    taxonomy = taxonomies.gbt4754()
    for code, industry in taxonomy.industries.items():
        assert industry.name.zh
        assert bool(industry.name.en) == (industry.level < 4), "classes have no English name of their own"
        assert len(taxonomy.ancestors(code)) == industry.level
        if industry.level > 2:
            assert industry.parent == code[:-1]
    assert set(taxonomy.children) - {""} == {c for c, one in taxonomy.industries.items() if one.level < 4}


def test_no_description_sentence_came_in() -> None:
    assert max(len(one.name.zh) for one in taxonomies.gbt4754().industries.values()) < 30


@pytest.mark.parametrize("n_sectors", [42, 153])
def test_every_class_but_the_international_one_has_one_sector(n_sectors: int) -> None:
    classes = [code for code, one in taxonomies.gbt4754().industries.items() if one.level == 4]
    assert [code for code in classes if len(sectors_below(code, n_sectors)) == 0] == ["9700"]
    assert set(taxonomies.sector_of(n_sectors).values()) == set(taxonomies.sector_names(n_sectors))
    assert set(taxonomies.sector_of(n_sectors)) <= set(taxonomies.gbt4754().industries)


TABLES = [(n, region) for n in (42, 153) for region in taxonomies.input_output(n)]


@pytest.mark.parametrize(("n_sectors", "region"), TABLES)
def test_an_input_output_table_balances(n_sectors: int, region: str) -> None:
    table = taxonomies.input_output(n_sectors)[region]
    assert table.value_added is not None
    assert table.flows.min() >= 0
    assert np.array_equal(table.flows.sum(axis=1) + table.final_demand, table.output)
    # Columns balance up to the rounding of each of their cells.
    assert np.abs(table.flows.sum(axis=0) + table.value_added - table.output).max() <= len(table.sectors)
    assert table.sectors == tuple(taxonomies.sector_names(n_sectors))
    assert table.source.publisher


def test_the_two_national_tables_are_of_one_economy() -> None:
    coarse, fine = (taxonomies.input_output(n)["national"] for n in (42, 153))
    assert fine.output.sum() == pytest.approx(coarse.output.sum(), rel=1e-6)
    both = [sum(fine.output[fine.sectors.index(one)] for one in ("032", "033", "034"))]
    assert both == pytest.approx([coarse.output[coarse.sectors.index("08")]], rel=1e-6)


@pytest.mark.skipif(not (SHARED / "data" / "io_tables_china").is_dir(), reason="DUIJIE_SHARED has no io_tables_china")
def test_the_national_table_is_the_published_one() -> None:
    import gzip

    with gzip.open(SHARED / "data" / "io_tables_china" / "china_2020_42.csv.gz", "rt", encoding="utf-8-sig") as handle:
        lines = [line.rstrip("\n") for line in handle]
    total = next(line for line in lines if line.startswith("TII"))
    published = [float(value.strip('"')) for value in total.split(",")[-49:-7]]
    assert np.abs(taxonomies.input_output()["national"].flows.sum(axis=0) - published).max() <= 42


@pytest.mark.parametrize("path", CHAINS, ids=lambda path: path.stem)
def test_codes_of_a_chain_are_headings_and_no_stage_stands_alone(path: Path) -> None:
    template = taxonomies.chain(path)
    assert template.key == path.stem
    assert {code for stage in template.stages for code in stage.industries} <= set(taxonomies.gbt4754().industries)
    linked = {end for link in template.links for end in (link.supplier, link.buyer)}
    assert linked == {stage.key for stage in template.stages}
    assert all(link.why["zh"] and link.why["en"] for link in template.links)


@pytest.mark.parametrize("n_sectors", [42, 153])
@pytest.mark.parametrize("path", CHAINS, ids=lambda path: path.stem)
def test_links_of_a_chain_are_borne_out_by_the_national_table(path: Path, n_sectors: int) -> None:
    table = taxonomies.input_output(n_sectors)["national"]
    shares = table.flows / table.flows.sum(axis=0)
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    sectors = {
        row["key"]: {table.sectors.index(one) for code in row["industries"] for one in sectors_below(code, n_sectors)}
        for row in document["stages"]
    }
    for link in document["links"]:
        share = max(shares[a, b] for a in sectors[link["supplier"]] for b in sectors[link["buyer"]])
        # Equipment is bought by investment and goods for sale pass by margins: neither is a current input.
        if link.get("flow", "input") == "input":
            assert share > LEAST_INPUT_SHARE[n_sectors], link
        elif n_sectors == 42:
            assert share > 0, link


def test_faults_of_a_chain_come_at_once(tmp_path: Path) -> None:
    path = Path(shutil.copy(CHAINS[0], tmp_path / "wrong.yaml"))
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["links"][0]["supplier"] = "fibr"
    document["links"][1]["buyer"] = "nowhere"
    document["stages"].append(dict(document["stages"][0], name={"zh": "重复", "en": "Twice"}))
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DataFileError) as raised:
        taxonomies.chain(path)
    assert [fault.code for fault in raised.value.faults] == ["name_twice", "name_unknown", "name_unknown"]


def test_a_word_means_one_product_of_its_class() -> None:
    groups = set(taxonomies.product_groups())
    for industry, rows in taxonomies.vocabulary().items():
        assert industry in taxonomies.gbt4754().industries
        forms = [form for row in rows for form in (row["word"], *row.get("aliases", ()))]
        assert len(forms) == len(set(forms)), industry
        assert {row["group"] for row in rows} <= groups


def test_womenswear_and_menswear_are_apart() -> None:
    rows = {row["word"]: row for row in taxonomies.vocabulary()["18"]}
    assert rows["女装"]["group"] == rows["男装"]["group"] != rows["运动装"]["group"]


def test_the_concordance_leads_from_headings_to_isic_classes() -> None:
    known = taxonomies.gbt4754().industries
    assert len(taxonomies.isic4()) > 1200
    assert set(taxonomies.isic4()) <= set(known)
    # Rows whose names were seen to be shifted stay out.
    assert not {"4620", "4823", "7513", "1322", "5415", "9416"} & set(taxonomies.isic4())
