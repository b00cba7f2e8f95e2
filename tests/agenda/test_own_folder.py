"""A folder of data, never new code: own kinds, measures and words; a workbook; every subset of tables; every fault."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from duijie import agenda, data
from duijie.agenda.checking import examine
from duijie.agenda.scaffold import new_folder, parties_of
from duijie.agenda.workbook import WORKBOOK, write_workbook
from duijie.errors import DataFileError, InputError
from duijie.intake import example, taxonomies
from duijie.ledger.kinds import case_kind, case_kinds, own_case_kinds
from duijie.match import load_kinds
from duijie.terms import Source
from duijie.track.indicators import measures

ON = date(2026, 11, 23)
SECOND = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"
TABLES = sorted(path.stem for path in (SECOND / "tables").glob("*.csv"))
POSTS = """\
- key: n_posts
  name: {zh: 带动就业人数, en: Jobs}
  definition: {zh: 岗位数之和, en: Sum of posts}
  fold: sum
  of: listing/labour/need/posts_n
  adds_up: true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SECOND, tmp_path / SECOND.name))


def _own(folder: Path) -> None:
    """A kind of match, a kind of case, a measure, a unit, an evidence and a word of the folder's own."""
    kind = (data.root() / "kinds" / "talent.yaml").read_text(encoding="utf-8")
    kind = re.sub(r"^key: talent", "key: labour", kind, flags=re.MULTILINE)
    case = (data.root() / "cases" / "ticket.yaml").read_text(encoding="utf-8")
    case = re.sub(r"^key: ticket", "key: secondment", case, flags=re.MULTILINE)
    for name, text in {
        "kinds/labour.yaml": kind,
        "cases/secondment.yaml": case,
        "measures/own.yaml": POSTS,
        "units/own.yaml": "- {key: posts, name: {zh: 岗, en: posts}}\n",
        "evidence/own.yaml": "evidence:\n  - {key: payroll, name: {zh: 工资单, en: Payroll}}\n",
        "words/zh/own.yaml": 'stage_meet: "排会"\n',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / "clauses" / "posts.yaml"
    clause = yaml.safe_load(path.read_text(encoding="utf-8"))
    clause["kinds"] = ["labour"]
    clause["indicators"][0] |= {"measure": "n_posts", "unit": "posts", "target": 30, "baseline": 0}
    clause["actions"][0]["template"] = "secondment"
    clause["actions"][0]["milestones"][0]["evidence"] = ["payroll"]
    path.write_text(yaml.safe_dump(clause, allow_unicode=True), encoding="utf-8")
    rows = folder / "tables" / "listings.csv"
    head, *lines = rows.read_text(encoding="utf-8").strip().split("\n")
    payloads = [{"title": "缝纫工岗位", "posts_n": 20, "skills": ["缝纫"]}, {"title": "缝纫工", "skills": ["缝纫"]}]
    for at, (role, side, party) in enumerate((("need", "990202", "H1"), ("offer", "990101", "Q3"))):
        payload = json.dumps(payloads[at], ensure_ascii=False).replace('"', '""')
        lines.append(
            f'W{at},labour,1,{role},{side},{party},posts,3451,"{payload}",2025-04-01,,public,,虚构,,,,2025,published'
        )
    rows.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def test_own_kinds_measures_and_words_hold_inside_their_folder_and_nowhere_else(folder: Path) -> None:
    """What a folder brings is there while it is open, after the next change of its files too, and gone afterwards."""
    _own(folder)
    with data.inside(folder):
        assert {"labour", "supply"} <= set(load_kinds())
        assert case_kind("secondment").name == "secondment@1"
        assert {"n_posts", "n_signed"} <= set(measures())
        assert data.sentence("portal_unit_posts", "en") == "posts"
        assert data.sentence("stage_meet", "zh") == "排会"
    assert "labour" not in load_kinds()
    assert "n_posts" not in measures()
    assert data.sentence("stage_meet", "zh") != "排会"
    (folder / "words" / "zh" / "own.yaml").write_text('stage_meet: "排会面"\n', encoding="utf-8")
    with data.inside(folder):
        assert data.sentence("stage_meet", "zh") == "排会面"


def test_an_own_kind_of_case_is_pinned_like_a_built_in_one(folder: Path) -> None:
    """Its hash is that of its definition; it is named as one that the record must keep, the built-in ones are not."""
    _own(folder)
    built_in = set(case_kinds())
    with data.inside(folder):
        own = {one.name: one for one in own_case_kinds()}
        assert set(own) == {"secondment@1", "labour@1"}
        assert own["secondment@1"].pinned == case_kind("secondment").pinned
        assert built_in < set(case_kinds())
    assert own_case_kinds() == ()


def test_own_kind_and_measure_run_the_whole_line(folder: Path, tmp_path: Path) -> None:
    """Needs and offers of an own kind are matched, and an own measure counts them for the clause."""
    _own(folder)
    found = agenda.run(folder, tmp_path / "out", as_of=ON, with_report=False).results
    matched = {kind["kind"]: kind["matches"] for kind in found["match"]["kinds"]}
    assert [(one["need"], one["offer"]) for one in matched["labour"]] == [("W0", "W1")]
    clause = next(one for one in found["track"]["clauses"] if one["key"] == "posts")
    assert [(one["actual"], one["unit"]) for one in clause["indicators"]] == [(20.0, "posts")]


# ---- faults


def _line(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


BREAKS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "key": (lambda f: _line(f / "agreement.yaml", "fields:", "nonsense: 1\nfields:"), {"key_unknown"}),
    "chain": (lambda f: _line(f / "agreement.yaml", "[equipment,", "[equipmant,"), {"name_unknown"}),
    "kind of a clause": (lambda f: _line(f / "clauses/posts.yaml", "[talent]", "[labour]"), {"name_unknown"}),
    "measure": (lambda f: _line(f / "clauses/posts.yaml", "share_in_time", "n_jobs"), {"name_unknown"}),
    "unit": (lambda f: _line(f / "clauses/posts.yaml", "unit: share", "unit: jobs"), {"name_unknown"}),
    "kind of a listing": (lambda f: _line(f / "tables/listings.csv", "L1,supply", "L1,consumption"), {"name_unknown"}),
    "side": (lambda f: _line(f / "tables/listings.csv", "need,990202,H1", "need,990101,H1"), {"side_not_of_party"}),
    "payload key": (lambda f: _line(f / "tables/listings.csv", "quantity_month", "quantity_mnth"), {"key_unknown"}),
    "payload value": (
        lambda f: _line(f / "tables/listings.csv", '""quantity_month"": 500', '""quantity_month"": ""many""'),
        {"match_value_wrong"},
    ),
    "industry": (lambda f: _line(f / "tables/listings.csv", ",3451,", ",9999,"), {"industry_not_listed"}),
    "region": (lambda f: _line(f / "tables/firms.csv", "990101", "379999"), {"region_not_listed"}),
    "clause of a listing": (lambda f: _line(f / "tables/listings.csv", ",machines,", ",machine,"), {"name_unknown"}),
    "strange table": (lambda f: (f / "tables/firm.csv").write_text("a\n"), {"table_strange"}),
    "strange workbook": (lambda f: (f / "data.xlsx").write_text("a\n"), {"workbook_other_name"}),
    "no workbook": (lambda f: (f / WORKBOOK).write_bytes(b"PK\x03\x04nothing"), set()),
    "strange folder": (lambda f: (f / "kind").mkdir(), {"folder_unknown"}),
    "no head": (lambda f: (f / "agreement.yaml").unlink(), {"file_missing"}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_fault_of_any_part_is_found_with_its_place(folder: Path, name: str) -> None:
    """Each fault names its file and has a sentence in both languages; a name that is nearly right is suggested."""
    breaks, codes = BREAKS[name]
    breaks(folder)
    opened, faults = examine(folder)
    assert opened is None
    assert codes <= {fault.code for fault in faults}
    for fault in faults:
        assert fault.where.get("file"), fault
        for language in ("zh", "en"):
            assert fault.code in data.words(language)
            assert "{" not in data.fault_line(fault, language)


def test_a_sound_folder_has_no_fault() -> None:
    """Neither the second agreement nor a built-in one is blamed for anything."""
    for folder in (SECOND, *(data.root() / "agreements").glob("*/clauses")):
        assert examine(folder if folder == SECOND else folder.parent)[1] == ()


def test_faults_of_own_files_come_together(folder: Path) -> None:
    """A broken kind, case, measure, unit and word are told in one go, each at its place, and nothing is raised."""
    _own(folder)
    _line(folder / "kinds" / "labour.yaml", "version: 1", "version: one")
    _line(folder / "cases" / "secondment.yaml", "next: [received, replied]", "next: [recieved]")
    _line(folder / "measures" / "own.yaml", "listing/labour/need/posts_n", "case/singed")
    (folder / "units" / "own.yaml").write_text("- {key: posts}\n", encoding="utf-8")
    (folder / "words" / "zh" / "own.yaml").write_text("- no mapping\n", encoding="utf-8")
    (folder / "evidence" / "note.txt").write_text("x", encoding="utf-8")
    opened, faults = examine(folder)
    assert opened is None
    blamed = {Path(fault.where["file"]).relative_to(folder.resolve()).as_posix() for fault in faults if "/" in str(
        fault.where["file"])} - {"agreement.yaml"}  # fmt: skip
    assert {"kinds/labour.yaml", "cases/secondment.yaml", "measures/own.yaml", "units/own.yaml", "words/zh/own.yaml",
            "evidence/note.txt"} <= blamed  # fmt: skip


# ---- new, and the workbook


def test_a_new_folder_is_sound_and_runs(tmp_path: Path) -> None:
    """What ``duijie new`` writes has no fault; a workbook filled in gives parties, needs, counts and matches."""
    folder, parties = tmp_path / "mine", parties_of("371500,500243")
    new_folder(folder, parties, signed_on=ON)
    opened, faults = examine(folder)
    assert faults == ()
    assert opened is not None
    assert [side.code for side in opened.agreement.sides] == ["371500", "500243"]
    _fill(folder / WORKBOOK, parties)
    found = agenda.run(folder, tmp_path / "out", as_of=ON)
    matched = {kind["kind"]: kind["matches"] for kind in found.results["match"]["kinds"]}
    assert [(one["need"], one["offer"]) for one in matched["supply"]] == [("N1", "O1")]
    assert found.results["diagnose"]["regions"][0]["code"] == "371500"
    assert any("docx" in path.suffix for path in found.files)


def _fill(path: Path, parties: tuple[str, ...], **other: Any) -> None:
    firms = [
        {
            "编号": "F0",
            "地区代码": parties[0],
            "名称": "第一医疗器械有限公司",
            "行业代码": "3581",
            "主要产品": "监护仪；医学影像",
        },
        {
            "编号": "F1",
            "地区代码": parties[1],
            "名称": "第二轴承有限公司",
            "行业代码": "3451",
            "主要产品": "轴承；齿轮",
        },
    ]
    needs = [
        {"编号": "N1", "需求或供给": "需求", "所属地区": parties[0], "单位编号": "F0", "行业代码": "3451"},
        {"编号": "O1", "需求或供给": "供给", "所属地区": parties[1], "单位编号": "F1", "行业代码": "3451"},
    ]
    needs[0] |= {"标题": "采购轴承", "具体内容": "监护仪转动部件用轴承"}
    needs[1] |= {"标题": "轴承供应", "具体内容": "各类轴承"}
    needs[0] |= other
    with_names = {code: code for code in parties}
    kinds = load_kinds()
    write_workbook(path, kinds, with_names, {"企业": firms, kinds["supply"].name.zh: needs})


def test_faults_of_a_workbook_name_sheet_row_and_column(tmp_path: Path) -> None:
    """A wrong word, a wrong place and an unknown party are told as the office program shows them."""
    folder, parties = tmp_path / "mine", parties_of("371500,500243")
    new_folder(folder, parties, signed_on=ON)
    _fill(folder / WORKBOOK, parties, 单位编号="F9", 公开范围="公幵")
    _, faults = examine(folder)
    places = {(one.code, one.where["sheet"], one.where["row"], one.where["column"]) for one in faults}
    sheet = load_kinds()["supply"].name.zh
    assert places == {("party_unknown", sheet, 2, "单位编号"), ("name_unknown", sheet, 2, "公开范围")}


def test_parties_that_are_none_are_refused_together() -> None:
    """A code that no list has and a name that stands alone are both told; one region is too few."""
    with pytest.raises(InputError) as raised:
        parties_of("379999,朝阳区")
    assert len(raised.value.faults) == 2
    with pytest.raises(InputError):
        parties_of("371500,371500")


def test_nothing_is_written_into_a_folder_in_use(folder: Path) -> None:
    """``duijie new`` refuses a folder that holds something."""
    with pytest.raises(InputError) as raised:
        new_folder(folder, ("371500", "500243"), signed_on=ON)
    assert raised.value.code == "folder_not_empty"


# ---- subsets of tables


def _subsets() -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(TABLES, n) for n in range(len(TABLES) + 1))


def _only(folder: Path, kept: tuple[str, ...], tmp_path: Path) -> Path:
    own = tmp_path / "-".join(("own", *kept)) / folder.name
    shutil.copytree(folder, own)
    for path in (own / "tables").glob("*.csv"):
        if path.stem not in kept:
            path.unlink()
    return own


def _speaks_of_nobody(kept: tuple[str, ...]) -> bool:
    """Whether needs and offers are there without one of the tables of those who have them."""
    return "listings" in kept and not {"firms", "funds", "organisations"} <= set(kept)


def test_every_subset_of_tables_loads_or_says_who_is_missing(tmp_path: Path) -> None:
    """All 64 subsets of the second agreement's tables; only a need of nobody is a fault, and it is named as that."""
    for kept in _subsets():
        opened, faults = examine(_only(SECOND, kept, tmp_path))
        if _speaks_of_nobody(kept):
            assert {fault.code for fault in faults} == {"party_unknown"}, kept
        else:
            assert faults == (), kept
            assert opened is not None


DRAWN = random.Random(4).sample([one for one in _subsets() if not _speaks_of_nobody(one)], 5)


@pytest.mark.parametrize("kept", [(), ("firms",), *DRAWN], ids="-".join)
def test_a_subset_of_tables_runs_to_the_end(tmp_path: Path, kept: tuple[str, ...]) -> None:
    """None, firms alone and five subsets drawn by seed give all five documents."""
    found = agenda.run(_only(SECOND, kept, tmp_path), tmp_path / "out", as_of=ON, with_report=False)
    assert set(found.results) == {"advice", "diagnose", "match", "meet", "track"}


def test_firms_are_counted_where_there_are_no_counts(tmp_path: Path) -> None:
    """Without a table of counts the firms on the list are counted, the country beside them, and nobody else's source
    is shown for them."""
    folder = _only(SECOND, ("firms",), tmp_path)
    material = agenda.read(folder, as_of=ON)
    coded = [one for one in material.parties if one.kind == "firm" and len(one.industry) >= 3]
    assert material.counts is not None
    assert material.counts.values.sum() == len(coded) > 0
    assert material.counts.source == Source()
    found = agenda.run(folder, tmp_path / "out", as_of=ON, with_report=False).results["diagnose"]
    shown = {one["title"] for one in found["sources"]}
    assert example.national_source(material.counts).title in shown
    assert not shown & {one.source.title for key, one in taxonomies.input_output().items() if key != example.NATIONAL}


def test_the_built_in_country_is_that_of_the_registry() -> None:
    """The counts of the whole country are the sums of the rows the built-in agreement has of it."""
    home = next((data.root() / "agreements").glob("*/tables"))
    expected: dict[str, int] = {}
    for row in data.table(home / "counts.csv"):
        if row["region"] == example.NATIONAL:
            expected[row["industry"]] = expected.get(row["industry"], 0) + int(row["n"])
    assert {
        row["industry"]: int(row["n"]) for row in data.table(data.root() / "reference" / "national.csv")
    } == expected


def test_own_figures_are_shown_as_ones_own(folder: Path, tmp_path: Path) -> None:
    """Counts of one's own are nobody else's; a file in ``sources`` says whose, and how they are to be taken."""
    assert example.load(folder).counts.source == Source()  # type: ignore[union-attr]
    (folder / "sources").mkdir()
    (folder / "sources" / "own.yaml").write_text("counts: {publisher: 统计局, title: 企业名录}\n", encoding="utf-8")
    found = agenda.read(folder, as_of=ON)
    assert found.counts is not None
    assert (found.counts.source.publisher, found.counts.note) == ("统计局", "")


def test_an_agreement_without_fields_has_no_priority_chain(folder: Path) -> None:
    """No field named is no field meant: not all of them."""
    _line(folder / "agreement.yaml", "fields: [equipment, health]", "fields: []")
    assert agenda.read(folder, as_of=ON).chains == ()
    assert taxonomies.chains()


def test_faults_stop_a_run_and_touch_nothing(folder: Path, tmp_path: Path) -> None:
    """A folder with a fault is refused with all of them, and no result is written."""
    _line(folder / "tables/listings.csv", "L1,supply", "L1,consumption")
    with pytest.raises(DataFileError) as raised:
        agenda.run(folder, tmp_path / "out", as_of=ON)
    assert [fault.code for fault in raised.value.faults] == ["name_unknown"]
    assert not (tmp_path / "out").exists()
