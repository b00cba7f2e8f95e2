"""Whole files: headings found, every fault told with its place, sound rows kept, nothing written by halves."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.intake.office_files import text_file, xlsx

from duijie.cells import CellType, read
from duijie.data import sentence, words
from duijie.errors import InputError
from duijie.intake import read_table, take_in
from duijie.intake.correcting import corrected_copy
from duijie.intake.headings import find_heading, guess_kind, recall, remember, signature
from duijie.intake.layouts import kinds, layout

GOOD = "9135058215626570X3"
TODAY = date(2026, 11, 23)
SHARED = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[3] / "shared"))


def _csv(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    return text_file(path, rows, "utf-8")


def test_a_plain_table(tmp_path: Path) -> None:
    heading = ["企业名称", "统一社会信用代码", "行政区划代码", "注册资本(万元)", "成立日期", "主要产品"]
    path = _csv(tmp_path / "firms.csv", [heading, ["甲公司", GOOD, "350582", "1,000", "2019年4月", "鞋;鞋底"]])
    found = read_table(path, "firms", as_of="2026-06", source="某局", today=TODAY)
    (row,) = found.to_arrow().to_pylist()
    assert found.n_faults == 0
    assert (row["name"], row["uscc"], row["region"], row["registered_on"]) == ("甲公司", GOOD, "350582", "2019-04")
    assert (row["capital"], row["capital_currency"], row["products"]) == (1e7, "CNY", ["鞋", "鞋底"])
    assert (row["source"], row["as_of"], row["source_file"], row["source_row"]) == ("某局", "2026-06", "firms.csv", 2)
    assert (row["industry"], row["inferred"]) == ("195", ["industry"])
    assert 0.5 <= json.loads(row["confidences"])["industry"] < 1
    assert list(found.provenance.inputs) == ["firms.csv"]


def test_two_heading_rows_merged_cells_a_title_and_totals(tmp_path: Path) -> None:
    rows = [
        ["某区企业名录", None, None, None],
        ["基本情况", None, "资本情况", "备注"],
        ["企业名称", "统一社会信用代码", "注册资本(万元)", None],
        ["甲公司", GOOD, 500, "好"],
        [None, None, None, None],
        ["合计", None, 500, None],
    ]
    path = xlsx(tmp_path / "a.xlsx", rows, ["A1:D1", "A2:B2", "D2:D3"])
    found = read_table(path, "firms")
    assert found.n_faults == 0
    assert (found.n_rows, found.n_skipped) == (1, 2)
    (row,) = found.to_arrow().to_pylist()
    assert (row["name"], row["capital"], row["note"], row["source_row"]) == ("甲公司", 5e6, "好", 4)


def test_all_faults_come_at_once_each_with_its_place(tmp_path: Path) -> None:
    rows = [
        ["编号", "企业名称", "信用代码", "区划代码", "行业代码", "注册资本", "成立日期", "职工人数"],
        ["1", "甲", GOOD, "350582", "1952", "500万元", "2019", "30"],
        ["2", "", GOOD, "龙华区", "99999", "500", "2030-01-01", "8吨"],
        ["1", "丙", "x", "110103", "C", "5-8万元", "2019-02-30", "很多"],
    ]
    found = read_table(_csv(tmp_path / "bad.csv", rows), "firms", today=TODAY)
    told = {(fault.where["row"], fault.where["column"], fault.code) for fault in found.faults}
    assert told == {
        (3, "企业名称", "cell_required"),
        (3, "信用代码", "value_twice"),
        (3, "区划代码", "region_name_alone"),
        (3, "行业代码", "industry_unknown"),
        (3, "注册资本", "money_without_unit"),
        (3, "成立日期", "date_in_future"),
        (3, "职工人数", "quantity_unit"),
        (4, "编号", "value_twice"),
        (4, "信用代码", "uscc_length"),
        (4, "区划代码", "region_withdrawn"),
        (4, "注册资本", "amount_range"),
        (4, "成立日期", "date_impossible"),
        (4, "职工人数", "figure_unreadable"),
    }
    assert (found.n_rows, found.n_faulty_rows, found.n_faults) == (3, 2, 13)
    assert found.to_arrow().column("source_row").to_pylist() == [2]
    for fault in found.faults:
        for language in ("zh", "en"):
            assert "{" not in sentence(fault.code, language, fault.values) + sentence(
                fault.hint, language, fault.values
            )


def test_personal_columns_are_never_read(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", [["企业名称", "法定代表人", "联系电话"], ["甲", "某人", "13800000000"]])
    found = read_table(path, "firms")
    assert found.personal == ("法定代表人", "联系电话")
    assert "某人" not in str(found.to_arrow().to_pylist())


def test_missing_and_double_columns_and_wrong_mappings(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", [["信用代码", "统一社会信用代码", "单位"], [GOOD, GOOD, "甲"]])
    found = read_table(path, "firms", mapping={"单位": "nothing"})
    assert found.counts == {"column_missing": 1, "column_twice": 1, "map_unknown_key": 1}
    mended = read_table(path, "firms", mapping={"单位": "name", "信用代码": ""})
    assert mended.n_faults == 0
    assert mended.to_arrow().column("name").to_pylist() == ["甲"]


def test_no_heading_at_all(tmp_path: Path) -> None:
    found = read_table(_csv(tmp_path / "a.csv", [["1", "2"], ["3", "4"]]), "firms")
    assert found.counts == {"heading_not_found": 1}
    assert found.to_arrow().num_rows == 0


def test_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kind_unknown"):
        read_table(_csv(tmp_path / "a.csv", [["名称"]]), "nothing")


def test_units_row_by_row(tmp_path: Path) -> None:
    rows = [["名称", "注册资金", "币种"], ["甲", "500", "万元人民币"], ["乙", "20", "万(港币"], ["丙", "3", "美元"]]
    found = read_table(_csv(tmp_path / "a.csv", rows), "firms").to_arrow()
    assert found.column("capital").to_pylist() == [5e6, 2e5, 3]
    assert found.column("capital_currency").to_pylist() == ["CNY", "HKD", "USD"]


def test_long_texts_long_rows_and_formulas(tmp_path: Path) -> None:
    rows = [["名称", "经营范围"], ["=HYPERLINK(1)", "服装制造、" * 2000], ["乙", "鞋", "多出"]]
    found = read_table(_csv(tmp_path / "a.csv", rows), "firms")
    assert found.counts == {"row_too_long": 1}
    assert found.n_formulas == 1
    assert len(found.to_arrow().column("scope")[0].as_py()) == 10_000


def test_one_fault_keeps_everything_back(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", [["名称", "信用代码"], ["甲", GOOD], ["乙", "x"]])
    out = tmp_path / "new" / "a.parquet"
    with pytest.raises(InputError) as caught:
        take_in(path, "firms", out)
    assert [fault.code for fault in caught.value.faults] == ["uscc_length"]
    assert not list(tmp_path.rglob("*.parquet*"))
    take_in(path, "firms", out, keep_sound_rows=True)
    assert pq.read_table(out).column("name").to_pylist() == ["甲"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_failure_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", [["名称"], *([f"甲{n}"] for n in range(100))])
    out = tmp_path / "a.parquet"
    take_in(path, "firms", out)
    before = out.read_bytes()

    def stop(label: str, done: int, total: int) -> None:
        if done > 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(path, "firms", out, batch_rows=20, progress=stop)
    assert out.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []


def test_batches_do_not_change_the_result(tmp_path: Path) -> None:
    rows = [["名称", "信用代码", "经营范围"], *([f"甲{n}", "", "鞋制造" if n % 2 else "水泥制造"] for n in range(257))]
    path = _csv(tmp_path / "a.csv", rows)
    whole = read_table(path, "firms").to_arrow()
    assert whole.equals(read_table(path, "firms", batch_rows=10).to_arrow().combine_chunks())


def test_the_same_headings_recall_their_mapping(tmp_path: Path) -> None:
    rows = [(1, ["厂名", "信用代码"]), (2, ["甲", GOOD])]
    maps, form = tmp_path / "maps.yaml", layout("firms")
    mark = signature(find_heading(rows, form, {}))
    remember(maps, mark, {"厂名": "name"})
    remember(maps, "another", {"x": "note"})
    assert signature(find_heading([(1, ["信用代码", "厂名"])], form, {})) == mark
    assert find_heading(rows, form, {}, recall(maps, mark)).keys == {0: "name", 1: "uscc"}
    maps.write_text("- broken", encoding="utf-8")
    with pytest.raises(InputError, match="maps_broken"):
        recall(maps, mark)


def test_the_corrected_copy_marks_the_faults_and_runs_no_formula(tmp_path: Path) -> None:
    rows = [["名称", "信用代码"], ["=1+1", "x"], ["乙", GOOD], ["", "y"]]
    path = _csv(tmp_path / "a.csv", rows)
    found = read_table(path, "firms")
    corrected_copy(path, found.faults, tmp_path / "copy.xlsx", language="en")
    book = openpyxl.load_workbook(tmp_path / "copy.xlsx")
    page, listed = book.worksheets
    assert page["A2"].value == "=1+1"
    assert page["A2"].data_type == "s" or page["A2"].quotePrefix is not None
    assert "18" in page["B2"].comment.text
    assert page["A4"].comment is not None
    assert page["B3"].comment is None
    assert listed.max_row == 1 + found.n_faults


def test_every_kind_is_known_by_its_own_chinese_heading() -> None:
    for kind in set(kinds()) - {"offers", "needs"}:  # these two share their headings; words of the file tell them apart
        labels = [column.label.zh for column in layout(kind).columns.values()]
        assert guess_kind([(1, labels), (2, ["甲"] * len(labels))]) == kind


def test_layouts_name_only_known_types_and_units() -> None:
    from duijie.cells import TYPES
    from duijie.cells.amounts import unit_factor

    columns = [column for kind in kinds() for column in layout(kind).columns.values()]
    assert {column.type for column in columns} <= set(TYPES)
    assert all(column.unit for column in columns if column.type in ("quantity", "count"))
    assert unit_factor("平方米", "meter ** 2") == 1
    assert "heading_not_found" in words("en")


@pytest.mark.skipif(
    not (SHARED / "data/enterprise_registry").exists(), reason="the registry sample is not here (DUIJIE_SHARED)"
)
def test_a_real_registry_export_is_read(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "registry.csv"
    path.write_bytes(gzip.decompress((SHARED / "data/enterprise_registry/jinjiang_longhua.csv.gz").read_bytes()))
    found = read_table(path, "firms", today=TODAY)
    assert found.n_rows == 7154
    assert found.n_faulty_rows / found.n_rows < 0.01
    assert found.to_arrow().column("industry").null_count / found.n_rows < 0.05


_HEADINGS = st.sampled_from(
    ["企业名称", "信用代码", "区划代码", "注册资本(万元)", "成立日期", "经营范围", "法人", "合计", "", "其他/名称", "x"]
)
_CELLS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.sampled_from(["合计", "=1", "350582", GOOD, "500万", "2019年", "\ufeff", "1e999", "-0"]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headings=st.lists(st.lists(_HEADINGS, max_size=6), min_size=1, max_size=3),
    rows=st.lists(st.lists(_CELLS, max_size=7), max_size=8),
    kind=st.sampled_from(kinds()),
)
def test_any_table_keeps_every_row_or_says_why(
    tmp_path: Path, headings: list[list[str]], rows: list[list[str]], kind: str
) -> None:
    path = _csv(tmp_path / "any.csv", [*headings, *rows])
    assume(path.read_bytes().strip())
    found = read_table(path, kind, today=TODAY, is_coded=False)
    assert found.to_arrow().num_rows == found.n_rows - found.n_faulty_rows
    assert found.n_rows or found.n_faults or not any(map(any, rows)) or found.n_skipped
    assert all(sentence(fault.code, "en", fault.values) != fault.code for fault in found.faults)


@pytest.mark.parametrize("kind", ["statistics", "rail"])
def test_one_figure_of_one_year_from_one_source_stands_once(tmp_path: Path, kind: str) -> None:
    """The same indicator of the same year is a fault with the row before; another year or source is another figure."""
    rows = {
        "statistics": [["指标", "行业", "数值", "单位", "年份", "来源"], ["产值", "鞋", "1", "亿元", "2023", "年鉴"],
                       ["产值", "鞋", "2", "亿元", "2023年", "年鉴"], ["产值", "鞋", "2", "亿元", "2024", "年鉴"],
                       ["产值", "鞋", "3", "亿元", "2023", "公报"], ["产值", "伞", "1", "亿元", "2023", "年鉴"]],
        "rail": [["始发站", "终到站", "车次", "日列数"], ["甲", "乙", "G1", "3"], ["甲", "乙", "G1", "4"],
                 ["乙", "甲", "G1", "3"], ["甲", "乙", "G2", "3"], ["甲", "丙", "G1", "3"]],
    }[kind]  # fmt: skip
    found = read_table(_csv(tmp_path / "a.csv", rows), kind, today=TODAY, is_coded=False)
    assert [(fault.code, fault.where["row"], fault.values["first"]) for fault in found.faults] == [("row_twice", 3, 2)]
    assert found.to_arrow().num_rows == 4


def test_what_stands_once_is_looked_for_over_sheets_and_side_by_side(tmp_path: Path) -> None:
    """Two sheets may hold a key in rows of one number, and so may two tables beside one another."""
    book = openpyxl.Workbook()
    for title, key in (("一", "1"), ("二", "1")):
        for row in (["编号", "企业名称"], [key, "甲"]):
            (book[title] if title in book.sheetnames else book.create_sheet(title)).append(row)
    book.save(tmp_path / "two.xlsx")
    (fault,) = read_table(tmp_path / "two.xlsx", "firms", is_coded=False).faults
    assert (fault.code, fault.where["sheet"], fault.values["first"]) == ("value_twice", "二", "一!2")
    rows = [["编号", "企业名称", "", "编号", "企业名称"], ["1", "甲", "", "1", "乙"]]
    (fault,) = read_table(_csv(tmp_path / "beside.csv", rows), "firms", is_coded=False).faults
    assert (fault.code, fault.values["first"]) == ("value_twice", 2)


def _asked(heading: str) -> CellType | None:
    types = {"单价": CellType("money"), "交期": CellType("date"), "数量": CellType("number")}
    return types.get(heading.partition("(")[0])


def _beside(path: Path) -> list[dict[str, Any]]:
    """What the asked columns beside the layout come to, row by row."""
    found = read_table(path, "needs", is_coded=False, beside=_asked)
    assert not found.faults
    return [
        {
            heading.partition("(")[0]: read(raw, kind, unit).value
            for heading, (raw, unit) in own.items()
            if (kind := _asked(heading))
        }
        for own in found.beside
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["单位名称", "标题", "单价(万元)", "数量"], ["甲", "x", "2", "3"], ["乙", "y", "4", "5"]],
        [["单位：万元"], ["单位名称", "标题", "单价", "数量"], ["甲", "x", "2", "3"], ["乙", "y", "4", "5"]],
        [["单位名称", "标题", "单价", "数量"], ["", "", "万元", ""], ["甲", "x", "2", "3"], ["乙", "y", "4", "5"]],
        [["单位名称", "标题", "单价(万元)", "数量"], ["甲", "x", "2", "3"],
         ["单位名称", "标题", "数量", "单价(元)"], ["乙", "y", "5", "40000"]],
        [["单位名称", "标题", "单价(万元)", "数量", "", "单位名称", "标题", "单价(万元)", "数量"],
         ["甲", "x", "2", "3", "", "乙", "y", "4", "5"]],
    ],
)  # fmt: skip
def test_columns_beside_the_layout_are_read_like_its_own(tmp_path: Path, rows: list[list[str]]) -> None:
    """A unit in the heading, above or below it, a second heading in another order, tables side by side."""
    wanted = [{"单价": 20_000, "数量": 3}, {"单价": 40_000, "数量": 5}]
    assert _beside(_csv(tmp_path / "a.csv", rows)) == wanted


def test_days_and_decimals_beside_the_layout(tmp_path: Path) -> None:
    """A workbook that counts from 1904 and a text with decimal commas keep their meaning there as well."""
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["单位名称", "标题", "交期"], ["甲", "x", 44926]):
        book.active.append(row)
    book.save(tmp_path / "mac.xlsx")
    assert _beside(tmp_path / "mac.xlsx") == [{"交期": "2027-01-01"}]
    (tmp_path / "a.csv").write_text("单位名称;标题;单价(万元)\n甲;x;1,5\n乙;y;2,25\n", encoding="utf-8")
    assert _beside(tmp_path / "a.csv") == [{"单价": 15_000}, {"单价": 22_500}]


def test_a_heading_beside_the_layout_stands_once(tmp_path: Path) -> None:
    """Which of two columns of one name is meant is not guessed at."""
    rows = [["单位名称", "标题", "数量", "数量"], ["甲", "x", "2", "3"]]
    found = read_table(_csv(tmp_path / "a.csv", rows), "needs", is_coded=False, beside=_asked)
    assert [(fault.code, fault.where["row"]) for fault in found.faults] == [("heading_twice", 1)]
