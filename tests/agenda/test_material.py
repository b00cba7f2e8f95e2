"""One frozen material from a folder or from rows: the same rows give the same results, and one kind ranks alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from duijie import agenda, data
from duijie.agenda import Material
from duijie.errors import DataFileError
from duijie.match.readers import for_everyone
from duijie.terms import Listing, Party
from duijie.track.records import decode

ON = date(2026, 11, 23)
ELSEWHERE = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"
BUILT_IN = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))


def _rows(material: Material) -> Iterator[tuple[str, Any]]:
    """The lines a portal starts from, as it would hand them back: as terms, in another order."""
    for line in reversed(material.records):
        row = json.loads(line)
        if row["type"] in ("party", "listing"):
            yield row["type"], decode({"party": Party, "listing": Listing}[row["type"]], row)


def _gathered(folder: Path, material: Material) -> Material:
    rows = list(_rows(material))
    parties, listings = ([one for kind, one in rows if kind == asked] for asked in ("party", "listing"))
    return agenda.gather(
        folder, parties=parties, listings=listings, decisions=material.decisions, activity=material.activity
    )


def _but_for_inputs(document: Any) -> Any:
    """A document without what names the files it was made from: its provenance, and the stamp of each ranking."""
    said = {key: value for key, value in document.items() if key != "provenance"}
    if "kinds" in said:
        said["kinds"] = [{key: value for key, value in one.items() if key != "stamp"} for one in said["kinds"]]
    return said


@pytest.mark.parametrize("folder", BUILT_IN, ids=lambda path: path.name)
def test_rows_give_what_the_folder_gives(folder: Path) -> None:
    """The lines of ``records.jsonl`` as terms are the folder's parties and listings, what is inferred included."""
    read = agenda.read(folder, as_of=ON)
    found = _gathered(folder, read)
    assert found.parties == read.parties
    assert [json.dumps(one.payload) for one in found.listings] == [json.dumps(one.payload) for one in read.listings]
    assert [replace(one, payload={}) for one in found.listings] == [replace(one, payload={}) for one in read.listings]
    assert found.decisions == read.decisions
    assert found.tables == read.tables
    assert found.records == ()


def test_results_are_the_same_from_rows_and_from_the_folder(tmp_path: Path) -> None:
    """Each document but the timetable, whose search is bound by time; and no records a new portal would load again."""
    read = agenda.read(ELSEWHERE, as_of=ON)
    first = agenda.run(ELSEWHERE, tmp_path / "folder", as_of=ON, with_report=False)
    second = agenda.run(_gathered(ELSEWHERE, read), tmp_path / "rows", as_of=ON, with_report=False)
    for word in ("diagnose", "match", "track"):
        assert _but_for_inputs(second.results[word]) == _but_for_inputs(first.results[word])
    assert (tmp_path / "folder" / first.key / "records.jsonl").exists()
    assert not (tmp_path / "rows" / first.key / "records.jsonl").exists()


def test_of_a_folder_only_agreement_and_bulk_tables_are_read(tmp_path: Path) -> None:
    """A listing the folder holds never enters beside the rows, though its table were broken; other faults are told."""
    folder = tmp_path / "agreement"
    _copy(ELSEWHERE, folder)
    (folder / "tables" / "listings.csv").write_text("nonsense\n1\n", encoding="utf-8")
    found = agenda.gather(folder, parties=(), listings=(), inputs={"ledger": "head"})
    assert (found.parties, found.listings) == ((), ())
    assert found.inputs["ledger"] == "head"
    assert not any("listings" in name or "firms" in name for name in found.inputs)
    (folder / "tables" / "statistics.csv").write_text("nonsense\n1\n", encoding="utf-8")
    with pytest.raises(DataFileError):
        agenda.gather(folder, parties=(), listings=())


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


def test_an_agreement_may_come_without_tables(tmp_path: Path) -> None:
    """Of a folder that holds no table nothing but its clauses is known: nobody is invented, and nothing fails."""
    folder = tmp_path / "agreement"
    _copy(ELSEWHERE, folder)
    (folder / "tables").rename(tmp_path / "elsewhere")
    for found in (agenda.read(folder, as_of=ON), agenda.gather(folder, parties=(), listings=())):
        assert (found.parties, found.listings) == ((), ())
        assert found.agreement.clauses


@pytest.fixture(scope="module")
def rehearsal() -> Material:
    """The rehearsal, read from its folder."""
    folder = next(one for one in BUILT_IN if data.read(one / "agreement.yaml")["is_rehearsal"])
    return agenda.read(folder, as_of=ON)


def _matched(material: Material, out: Path) -> dict[str, Any]:
    return agenda.run(material, out, as_of=ON, with_report=False).results["match"]


def test_one_kind_ranked_anew_is_what_a_whole_run_gives(rehearsal: Material, tmp_path: Path) -> None:
    """New needs of one kind change that kind's part and nothing else; the document before is not touched."""
    kept = tuple(one for one in rehearsal.listings if not (one.kind == "digital" and one.role == "need"))
    before = _matched(replace(rehearsal, listings=kept), tmp_path / "before")
    whole = _matched(rehearsal, tmp_path / "whole")
    held = json.dumps(before, sort_keys=True)
    found = agenda.rank(rehearsal, "digital", before, as_of=ON)[0]
    assert json.dumps(before, sort_keys=True) == held
    assert found == whole
    assert not next(one for one in before["kinds"] if one["kind"] == "digital")["matches"]
    assert next(one for one in found["kinds"] if one["kind"] == "digital")["matches"]


def test_a_kind_begins_and_ends_with_its_listings(rehearsal: Material) -> None:
    """Ranked over nothing before it is a whole document; without a listing left its part goes."""
    begun = agenda.rank(rehearsal, "digital", {}, as_of=ON)[0]
    assert (begun["agreement"], [one["kind"] for one in begun["kinds"]]) == (rehearsal.agreement.key, ["digital"])
    assert {one["kind"] for one in begun["listings"].values()} == {"digital"}
    emptied = replace(rehearsal, listings=tuple(one for one in rehearsal.listings if one.kind != "digital"))
    ended = agenda.rank(emptied, "digital", begun, as_of=ON)[0]
    assert (ended["kinds"], ended["listings"]) == ([], {})


def test_a_kind_is_outdated_by_its_listings_and_by_the_day(rehearsal: Material, tmp_path: Path) -> None:
    """Nothing right after a run; a listing more, less or other, one that ended since, and a kind that is no more."""
    document = _matched(rehearsal, tmp_path)

    def outdated(*listings: Listing, on: date = ON) -> tuple[str, ...]:
        return agenda.outdated(replace(rehearsal, listings=listings), document, as_of=on)

    assert outdated(*rehearsal.listings) == ()
    lasting = [one for one in rehearsal.listings if one.kind == "digital" and one.valid_until > ON.isoformat()]
    one = min(lasting, key=lambda other: other.valid_until)
    others = [other for other in rehearsal.listings if other != one]
    assert outdated(*others) == ("digital",)
    assert outdated(*rehearsal.listings, replace(one, id="another")) == ("digital",)
    assert outdated(*others, replace(one, payload={**one.payload, "title": "x"})) == ("digital",)
    assert "digital" not in outdated(*rehearsal.listings, on=date.fromisoformat(one.valid_until))
    assert "digital" in outdated(*rehearsal.listings, on=date.fromisoformat(one.valid_until) + timedelta(1))
    assert outdated(*(other for other in rehearsal.listings if other.kind != "digital")) == ("digital",)


def test_a_kind_without_a_file_is_left_out(rehearsal: Material) -> None:
    """Its listings, of a file that was taken away, rank nowhere and stop nothing."""
    strange = replace(rehearsal.listings[0], kind="gone")
    found = agenda.rank(replace(rehearsal, listings=(strange,)), "gone", {}, as_of=ON)[0]
    assert (found["kinds"], found["listings"]) == ([], {})
    assert agenda.outdated(replace(rehearsal, listings=(strange,)), found, as_of=ON) == ()


def test_what_opens_to_the_matched_stands_in_no_paper_for_all(rehearsal: Material, tmp_path: Path) -> None:
    """It is ranked, but a report for everyone holds neither it, nor its pairs, nor their meetings."""
    asked = {one.id for one in rehearsal.listings if one.kind == "digital"}
    closed = [replace(one, visibility="matched") if one.id in asked else one for one in rehearsal.listings]
    done = agenda.run(replace(rehearsal, listings=tuple(closed)), tmp_path, as_of=ON, with_report=False)
    assert next(one for one in done.results["match"]["kinds"] if one["kind"] == "digital")["matches"]
    shown = for_everyone(done.results)
    assert not asked & set(shown["match"]["listings"])
    assert not next(one for one in shown["match"]["kinds"] if one["kind"] == "digital")["matches"]
    assert shown["meet"]["meetings"]
    assert not [one for one in shown["meet"]["meetings"] if one["kind"] == "digital"]


def test_tables_of_records_are_known_by_name() -> None:
    """Every table of the folder but those is bulk, and its hash stands among the inputs."""
    material = agenda.read(ELSEWHERE, as_of=ON)
    bulk = {path.stem for path in (ELSEWHERE / "tables").glob("*.csv")} - set(_recorded())
    assert set(material.tables) == bulk
    assert all(f"tables/{name}.csv" in material.inputs for name in bulk)


def _recorded() -> Iterator[str]:
    """Tables whose rows are parties or listings: they have an id, and a name or a payload."""
    for path in (ELSEWHERE / "tables").glob("*.csv"):
        with path.open(encoding="utf-8-sig") as handle:
            columns = set(next(csv.reader(handle)))
        if "id" in columns and columns & {"name", "payload"} and path.stem != "exchanges":
            yield path.stem
