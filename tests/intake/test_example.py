"""The tables of an agreement folder: what they may hold, and every fault they can have."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie import data, match
from duijie.errors import DataFileError, Fault
from duijie.intake import example, taxonomies
from duijie.intake.example import Example

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("DUIJIE_SHARED", ROOT.parent / "shared"))
SECOND = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"
REAL = next((data.root() / "agreements").glob("*/tables")).parent


@pytest.fixture(scope="module")
def real() -> Example:
    return example.load(REAL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SECOND, tmp_path / SECOND.name))


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def faults(folder: Path) -> list[tuple[str, str, int | None, str]]:
    """File, column, row and code of every fault."""
    with pytest.raises(DataFileError) as raised:
        example.load(folder)
    return [
        (Path(fault.where["file"]).name, fault.where.get("column", ""), fault.where.get("row"), fault.code)
        for fault in raised.value.faults
    ]


# ---- the built-in facts


def test_there_is_enough_of_everything(real: Example) -> None:
    kinds = Counter(party.kind for party in real.parties)
    assert kinds["firm"] > 3000
    assert min(kinds[kind] for kind in ("institute", "carrier", "fund", "government", "association")) > 5
    assert len({listing.kind for listing in real.listings}) > 8
    assert {listing.role for listing in real.listings} == {"need", "offer"}
    assert min(len(real.statistics), len(real.rail), len(real.timeline), len(real.clusters)) > 10


def test_firms_are_legal_entities_with_short_facts_only(real: Example) -> None:
    table = rows(REAL, "firms")
    ids = {row["id"] for row in table}
    for party in (party for party in real.parties if party.id in ids):
        is_entity = re.search(r"(公司|合作社)([((].*[))])?$", party.name) or re.search(
            r"(?i)\b(ltd|limited|inc|corp|corporation|llc)\b|co\.|company", party.name_en
        )
        assert is_entity or "name" in party.inferred, party.name
        assert all(len(product) <= 16 for product in party.products)
        assert party.source.publisher or party.source.title
        assert party.source.as_of
    assert set(table[0]) == {
        *"id region name name_en uscc industry products town registered_year inferred".split(),
        *"publisher title url published_on as_of basis".split(),
    }


def test_no_fact_without_a_source(real: Example) -> None:
    tables = (real.statistics, real.rail, real.timeline, real.clusters, real.talent_schemes, real.exchanges)
    sources = [row["source"] for table in tables for row in table]
    sources += [one.source for one in (*real.parties, *real.listings)]
    assert all(source.publisher or source.title for source in sources)


def test_only_official_and_press_pages_are_linked(real: Example) -> None:
    linked = {one.source.url.split("/")[2] for one in real.parties if one.source.is_linked}
    named = {one.source.url.split("/")[2] for one in real.parties if one.source.url and not one.source.is_linked}
    assert linked
    assert named
    assert not linked & named
    assert "github.com" in named


def test_an_inferred_listing_says_so(real: Example) -> None:
    made = [listing for listing in real.listings if listing.id.startswith("DER")]
    assert made
    assert {listing.basis for listing in made} == {"derived"}
    assert sum(listing.basis == "published" for listing in real.listings) > len(made)


def test_every_listing_fits_its_kind_and_names_a_party(real: Example) -> None:
    kinds = match.load_kinds()
    parties = {party.id for party in real.parties}
    for listing in real.listings:
        assert listing.party in parties
        fields = kinds[listing.kind].fields(listing.role)
        assert set(listing.payload) <= {field.key for field in fields}, listing.id


def test_codes_are_headings_of_the_classification(real: Example) -> None:
    known = taxonomies.gbt4754().industries
    used = {one.industry for one in (*real.parties, *real.listings) if one.industry}
    assert real.counts is not None
    assert not (used | set(real.counts.industries)) - set(known)


def test_counts_are_the_table_summed_over_years(real: Example) -> None:
    assert real.counts is not None
    expected: Counter[tuple[str, str]] = Counter()
    for row in rows(REAL, "counts"):
        expected[row["region"], row["industry"]] += int(row["n"])
    for (region, industry), n in expected.items():
        at = real.counts.regions.index(region), real.counts.industries.index(industry)
        assert real.counts.values[at] == n
    assert real.counts.values.sum() == sum(expected.values())
    assert "sample" in data.sentence(real.counts.note, "en")


def test_coverage_stands_behind_the_counts(real: Example) -> None:
    assert real.counts is not None
    for row in real.coverage:
        assert real.counts.values[real.counts.regions.index(row["region"])].sum() == row["n_coded"] <= row["n"]
    assert len(real.coverage) == 31 + 2 + 1


def test_travel_times_are_the_fastest_direct_trains(real: Example) -> None:
    times = real.travel_times
    assert np.all(np.diag(times.minutes) == 0)
    pairs = [row for row in rows(REAL, "rail") if row["kind"] == "pair"]
    assert np.isfinite(times.minutes).sum() == len(pairs) + len(times.places)
    first = pairs[0]
    place = times.places.index(first["origin"]), times.places.index(first["destination"])
    assert times.minutes[place] == float(first["fastest_min"])


@pytest.mark.skipif(not (SHARED / "facts").is_dir(), reason="DUIJIE_SHARED has no facts")
def test_the_committed_tables_are_what_the_tool_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import build_data

    monkeypatch.setattr(build_data, "SHARED", SHARED)
    monkeypatch.setattr(build_data, "TABLES", tmp_path)
    build_data.build_facts()
    for path in sorted(tmp_path.glob("*.csv")):
        assert path.read_bytes() == (REAL / "tables" / path.name).read_bytes(), path.name
    for name in ("build_data", "fact_tables", "listings", "classifications", "registry_counts"):
        sys.modules.pop(name, None)


@pytest.mark.skipif(not (SHARED / "facts").is_dir(), reason="DUIJIE_SHARED has no facts")
def test_nothing_an_editor_knew_without_a_source_came_in(real: Example) -> None:
    with (SHARED / "facts" / "firms.csv").open(encoding="utf-8-sig", newline="") as handle:
        dropped = {
            row["id"] for row in csv.DictReader(handle) if "编者通识" in row["products_basis"] + row["code_basis"]
        }
    assert dropped
    assert not dropped & {party.id for party in real.parties}


# ---- a second agreement, and faults


def test_a_second_agreement_is_read_by_the_same_code() -> None:
    second = example.load(SECOND)
    assert len(second.parties) == 11
    assert second.clause_of["L5"] == "money"
    assert second.travel_times.minutes.tolist() == [[0, 90], [92, 0]]
    assert second.statistics == ()


def test_all_faults_come_at_once(copy: Path) -> None:
    tables = copy / "tables"
    text = (tables / "firms.csv").read_text(encoding="utf-8")
    text = text.replace("Q2,990101", "Q1,99010").replace("2012", "MMXII").replace(",town,", ",village,")
    (tables / "firms.csv").write_text(text, encoding="utf-8")
    text = (tables / "listings.csv").read_text(encoding="utf-8")
    text = text.replace("L2,supply,1,offer,990101,Q3", "L2,supply,1,bid,990909,Q99").replace(
        '"{""title"": ""包装', '"[""'
    )
    (tables / "listings.csv").write_text(text, encoding="utf-8")
    (tables / "funds.csv").write_bytes((tables / "funds.csv").read_text(encoding="utf-8").encode("gb18030"))
    assert sorted(faults(copy), key=str) == sorted(
        [
            ("firms.csv", "town", None, "table_column_missing"),
            ("firms.csv", "village", None, "table_column_unknown"),
            ("firms.csv", "region", 3, "table_cell_wrong"),
            ("firms.csv", "registered_year", 3, "table_cell_wrong"),
            ("firms.csv", "id", 3, "id_twice"),
            ("funds.csv", "", None, "file_not_utf8"),
            ("listings.csv", "role", 3, "table_cell_wrong"),
            ("listings.csv", "party", 3, "party_unknown"),
            ("listings.csv", "side", 3, "side_unknown"),
            ("listings.csv", "payload", 5, "payload_broken"),
            ("listings.csv", "party", 6, "party_unknown"),
            ("listings.csv", "party", 7, "party_unknown"),
        ],
        key=str,
    )


def test_no_table_at_all_is_an_empty_example(copy: Path) -> None:
    for path in (copy / "tables").iterdir():
        path.unlink()
    empty = example.load(copy)
    assert empty.parties == empty.listings == ()
    assert empty.counts is None
    assert empty.travel_times.minutes.shape == (0, 0)


def test_a_folder_without_tables_is_empty(copy: Path) -> None:
    """Each table may be absent, and so may the folder they lie in."""
    shutil.rmtree(copy / "tables")
    assert example.load(copy).parties == ()


@settings(deadline=None)
@given(name=st.sampled_from(["firms", "listings", "counts", "rail"]), text=st.text(max_size=300))
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, name: str, text: str) -> None:
    folder = Path(shutil.copytree(SECOND, tmp_path_factory.mktemp("folder") / SECOND.name))
    head = (folder / "tables" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "tables" / f"{name}.csv").write_text(head + "\n" + text, encoding="utf-8")
    found: tuple[Fault, ...] = ()
    try:
        example.load(folder)
    except DataFileError as error:
        found = error.faults
    assert all(fault.where["file"] for fault in found)
