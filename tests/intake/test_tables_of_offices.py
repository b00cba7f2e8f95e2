"""What offices do with tables beyond one heading over plain rows; each habit in a few lines, read or asked about."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.intake.office_files import text_file

from duijie.data import words
from duijie.intake import Intake, read_table, take_in
from duijie.intake.pages import guess
from duijie.sheets import sheets

TODAY = date(2026, 11, 28)


def _read(folder: Path, rows: list[list[object]], kind: str = "firms") -> Intake:
    path = text_file(folder / "table.csv", rows, "utf-8")
    return read_table(path, kind, today=TODAY, is_coded=False)


def _values(found: Intake, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(key) for key in keys) for row in found.to_arrow().to_pylist()]


def _left(found: Intake) -> list[tuple[int, str]]:
    return [(one.row, one.why) for one in found.left_out]


def _faults(found: Intake) -> list[tuple[int, str]]:
    for one in found.faults:
        assert {one.code, one.hint} - {""} <= set(words("zh")) & set(words("en"))
    return [(int(one.where.get("row", 0)), one.code) for one in found.faults]


# ---- several tables on a sheet

FIRST: list[list[object]] = [["企业名称", "行业代码"], ["甲厂", "1952"], ["乙厂", "1951"], []]


@pytest.mark.parametrize("n", [2, 40])
def test_a_second_table_with_more_columns_takes_nothing_from_the_first(tmp_path: Path, n: int) -> None:
    """Whether both headings stand among the first rows or not, each table is read under its own."""
    more = [[f"第{at}厂", "1952"] for at in range(n)]
    rows = [
        *FIRST[:3],
        *more,
        [],
        ["企业名称", "登记状态", "证券代码", "成立日期"],
        ["丙厂", "存续", "000651", "2020年"],
    ]
    found = _read(tmp_path, rows)
    assert (_faults(found), found.n_rows) == ([], n + 3)
    told = _values(found, "name", "industry", "status", "listed_code", "registered_on")
    assert told[0] == ("甲厂", "1952", None, None, None)
    assert told[-1] == ("丙厂", None, "live", "000651", "2020")
    assert set(found.columns.values()) == {"name", "industry", "status", "listed_code", "registered_on"}


def test_columns_that_come_later_are_written_as_well(tmp_path: Path) -> None:
    """A file of the sound rows has every column, and nothing there for the rows before."""
    rows = [
        *FIRST,
        ["企业名称", "证券代码", "没见过"],
        ["丙厂", "000651", "x"],
        [],
        ["企业名称", "备注"],
        ["丁厂", "好"],
    ]
    path = text_file(tmp_path / "table.csv", rows, "utf-8")
    told = take_in(path, "firms", tmp_path / "out.parquet", is_coded=False)
    written = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["name"], row["industry"], row["listed_code"], row["note"]) for row in written] == [
        ("甲厂", "1952", None, None),
        ("乙厂", "1951", None, None),
        ("丙厂", None, "000651", None),
        ("丁厂", None, None, "好"),
    ]
    assert told.unknown == ("没见过",)
    assert [one.name for one in tmp_path.iterdir() if "narrow" in one.name] == []


def test_a_table_further_down_has_its_own_units(tmp_path: Path) -> None:
    """In its heading, in a line above it, in a row below it."""
    for middle in (
        [["企业名称", "注册资本（元）"]],
        [["单位：元"], ["企业名称", "注册资本"]],
        [["企业名称", "注册资本"], ["", "元"]],
    ):
        rows = [["企业名称", "注册资本（万元）"], ["甲厂", "5"], [], *middle, ["乙厂", "7"]]
        found = _read(tmp_path, rows)
        assert (_values(found, "name", "capital"), _faults(found)) == ([("甲厂", 50_000), ("乙厂", 7)], [])


def test_the_first_row_of_a_table_further_down_is_a_record_whatever_its_words(tmp_path: Path) -> None:
    """Right below its heading stands no other heading, though the cells end as headings do."""
    rows = [*FIRST, ["企业名称", "镇街"], ["某某检测单位", "一镇部门"], ["丙厂", "二镇"]]
    found = _read(tmp_path, rows)
    assert _values(found, "name", "town")[2:] == [("某某检测单位", "一镇部门"), ("丙厂", "二镇")]
    assert _faults(found) == []


def test_rows_of_a_table_nobody_knows_are_asked_about(tmp_path: Path) -> None:
    """After a gap a line whose texts end as headings do begins another table; its rows are no records."""
    rows = [["企业名称", "备注", "镇街"], ["甲厂", "好", "一镇"], [], ["联络单位", "职责分工", "完成时限"],
            ["某局", "统筹", "月底前"], ["某中心", "核对", "季末"]]  # fmt: skip
    found = _read(tmp_path, rows)
    assert _values(found, "name") == [("甲厂",)]
    assert _faults(found) == [(4, "table_below")]
    assert _left(found) == [(4, "heading_other"), (5, "other_table"), (6, "other_table")]


def test_a_record_after_a_gap_stays_one(tmp_path: Path) -> None:
    """Blank lines, totals and notes between records change nothing, whatever the records' words."""
    rows = [["企业名称", "备注", "镇街"], ["甲厂", "好", "一镇"], [], ["乙单位", "好", "二镇"], ["小计", "", ""],
            ["丙部门", "好", "一镇"]]  # fmt: skip
    assert _values(_read(tmp_path, rows), "name") == [("甲厂",), ("乙单位",), ("丙部门",)]


# ---- headings


def test_of_two_units_the_nearer_holds(tmp_path: Path) -> None:
    """The lower of two rows stands nearer to the figures than the upper."""
    rows = [["企业名称", "登记状态", "主要指标（千元）"], ["", "", "营业收入（元）"], ["甲厂", "存续", "500"]]
    assert _values(_read(tmp_path, rows), "revenue") == [(500,)]
    rows[1][2] = "营业收入"
    assert _values(_read(tmp_path, rows), "revenue") == [(500_000,)]
    rows = [["名称", "基本情况", ""], ["", "基金规模/元", "单笔投资（万元）"], ["某基金", "500", "3"]]
    assert _values(_read(tmp_path, rows, "funds"), "name", "size", "ticket") == [("某基金", 500, 30_000)]


def test_a_lower_row_that_names_a_column_again_is_no_record(tmp_path: Path) -> None:
    """金额（万元） over 金额: one heading of two rows."""
    rows = [["单位名称", "标题", "金额（万元）"], ["", "", "金额"], ["甲厂", "求购面料", "5"]]
    found = _read(tmp_path, rows, "needs")
    assert (_values(found, "party", "amount"), _faults(found)) == ([("甲厂", 50_000)], [])


@pytest.mark.parametrize(
    ("heading", "kind", "key", "cell", "value"),
    [
        ("可用面积平方米", "carriers", "space", "500", 500),
        ("可用面积亩", "carriers", "space", "3", 2000),
        ("工位数个", "carriers", "seats", "20", 20),
        ("从业人数人", "firms", "employees", "5", 5),
        ("从业人员", "firms", "employees", "5", 5),
        ("注册资本万元", "firms", "capital", "5", 50_000),
        ("年薪/万元/年", "talents", "pay", "5", 50_000),
        ("年薪（万元/年）", "talents", "pay", "5", 50_000),
        ("最短用时", "rail", "fastest", "180", 180),
        ("用时/小时", "rail", "fastest", "3", 180),
    ],
)
def test_a_unit_at_the_end_of_a_heading(
    tmp_path: Path, heading: str, kind: str, key: str, cell: str, value: float
) -> None:
    """The heading is known without its unit; 用时 is known with its end, which is no unit."""
    first = {"talents": "专业领域", "rail": "出发站", "carriers": "载体名称"}.get(kind, "企业名称")
    found = _read(tmp_path, [[first, heading], ["甲厂", cell]], kind)
    assert (found.unknown, _faults(found)) == ((), [])
    assert _values(found, key) == [(pytest.approx(value),)]


@pytest.mark.parametrize("caption", ["单位：万元", "单　位：万元", "（单位：万元）", "金额单 位 ： 万元、人"])
def test_a_caption_names_the_unit(tmp_path: Path, caption: str) -> None:
    """With spaces between its letters as well, and beside tables that stand side by side."""
    rows: list[list[object]] = [["重点企业"], [caption], ["企业名称", "营业收入"], ["甲厂", "5"]]
    assert _values(_read(tmp_path, rows), "revenue") == [(50_000,)]
    rows = [
        ["", "", "", "", caption],
        ["企业名称", "营业收入", "", "企业名称", "营业收入"],
        ["甲厂", "5", "", "乙厂", "7"],
    ]
    assert _values(_read(tmp_path, rows), "name", "revenue") == [("甲厂", 50_000), ("乙厂", 70_000)]


@pytest.mark.parametrize("name", ["基金名称", "名称"])
def test_everyday_names_of_names(tmp_path: Path, name: str) -> None:
    """A fund's name is the name of a fund."""
    assert _values(_read(tmp_path, [[name, "基金规模（万元）"], ["某基金", "5"]], "funds"), "name") == [("某基金",)]


def test_the_unit_of_a_row_holds_for_its_figure(tmp_path: Path) -> None:
    """A percentage with and without its sign is one value; a figure may repeat the unit of its row, and no other."""
    rows = [["指标", "单位", "数值", "年份"], ["城镇化率", "%", "12%", "2024"], ["城镇化率", "%", "12.5", "2025年度"],
            ["生产总值", "亿元", "1234.5亿元", "2025"], ["就业", "万人", "3万", "2025"]]  # fmt: skip
    found = _read(tmp_path, rows, "statistics")
    assert _values(found, "value", "as_of") == [(12, "2024"), (12.5, "2025"), (1234.5, "2025")]
    assert _faults(found) == [(5, "number_unit")]


def test_a_column_of_currencies_goes_with_the_unit_of_the_heading(tmp_path: Path) -> None:
    """万 above and 港元 in the row are 万港元; a row that says 万 itself, or 元, is not multiplied again."""
    rows = [
        ["企业名称", "注册资金（万）", "币种"],
        ["甲厂", "20", "港元"],
        ["乙厂", "20", "万港元"],
        ["丙厂", "20", "元"],
    ]
    found = _read(tmp_path, rows)
    assert _values(found, "name", "capital", "capital_currency") == [
        ("甲厂", 200_000, "HKD"), ("乙厂", 200_000, "HKD"), ("丙厂", 20, "CNY"),
    ]  # fmt: skip


@pytest.mark.parametrize(("n", "is_read"), [(60, True), (61, False)])
def test_a_text_of_more_than_sixty_letters_is_no_heading(tmp_path: Path, n: int, is_read: bool) -> None:
    """With its remark in brackets a heading may have sixty letters; a longer text is a sentence."""
    heading = f"从业人数（{'略' * (n - 6)}）"
    assert len(heading) == n
    found = _read(tmp_path, [["企业名称", heading], ["甲厂", "5"]])
    assert (found.unknown == ()) is is_read
    assert found.columns == ({"企业名称": "name"} | ({heading: "employees"} if is_read else {}))


# ---- cards


def test_a_heading_of_two_rows_is_no_card(tmp_path: Path) -> None:
    """A label where others have their values belongs to a heading."""
    rows = [["企业名称", "基本情况"], ["", "从业人数"], ["甲厂", "5"], ["乙厂", "6"]]
    assert _values(_read(tmp_path, rows), "name", "employees") == [("甲厂", 5), ("乙厂", 6)]


def test_a_label_of_a_card_that_is_not_known_is_named(tmp_path: Path) -> None:
    """Beside labels that are known, and alone in its line."""
    rows = [["企业名称", "甲厂", "镇街", "一镇"], ["注册资本", "5万元", "厂长说", "好"],
            ["用电量", "3", "住所", "一号"], ["厂歌", "无名"]]  # fmt: skip
    found = _read(tmp_path, rows)
    assert _values(found, "name", "town", "capital", "address") == [("甲厂", "一镇", 50_000, "一号")]
    assert found.unknown == ("厂长说", "用电量", "厂歌")


def test_a_value_of_a_card_in_a_column_of_labels_stays_a_value(tmp_path: Path) -> None:
    """A label that has nothing else has what stands there."""
    rows = [
        ["企业名称", "甲厂", "镇街", "一镇"],
        ["住所", "", "某路一号", ""],
        ["注册资本", "5万元", "行业代码", "1952"],
    ]
    found = _read(tmp_path, rows)
    assert (_values(found, "address", "industry"), found.unknown) == ([("某路一号", "1952")], ())


# ---- lines that are no records


@pytest.mark.parametrize(
    "line",
    [["某局（盖章）", ""], ["某某管委会（公章）", "2026年3月1日"], ["2026年3月1日", ""], ["", "二〇二六年三月一日"]],
)
def test_seals_and_days_below_a_table_are_signatures(tmp_path: Path, line: list[object]) -> None:
    """An office with its seal, a day alone, both side by side."""
    found = _read(tmp_path, [["企业名称", "备注"], ["甲厂", "好"], line])
    assert (_values(found, "name"), _left(found), _faults(found)) == ([("甲厂",)], [(3, "note")], [])


@pytest.mark.parametrize(
    ("cells", "hidden"),
    [
        (["填表人：某某　电话：13800000000", ""], "13800000000"),
        (["乙厂，联系 138 0000 0000", "注销"], "138 0000 0000"),
        (["单位负责人：某某　身份证：11010119900307123X", ""], "11010119900307123X"),
    ],
)
def test_a_line_left_out_repeats_no_number_of_a_person(tmp_path: Path, cells: list[object], hidden: str) -> None:
    """What is shown of a line has the middle of such numbers covered."""
    (line,) = _read(tmp_path, [["企业名称", "登记状态"], ["甲厂", "存续"], cells]).left_out
    assert hidden not in line.text
    assert "****" in line.text


def test_a_fault_repeats_no_number_of_a_person(tmp_path: Path) -> None:
    """Nor does a fault, in whichever column the number stands."""
    rows = [
        ["企业名称", "登记状态", "信用代码", "注册资本"],
        ["甲厂", "13800000000", "11010119900307123X", "13800000000"],
    ]
    told = str(_read(tmp_path, rows).faults)
    assert "13800000000" not in told
    assert "19900307" not in told


# ---- formats, days and kinds


def test_figures_are_read_as_they_are_shown(tmp_path: Path) -> None:
    """0.125 shown as 12.50%, 485 shown as 485.00万元, and a figure that is shown in thousands."""
    book = openpyxl.Workbook()
    for row in (["指标", "单位", "数值", "年份"], ["城镇化率", "%", 0.125, 2024], ["城镇化率", "%", 12.5, 2025]):
        book.active.append(row)
    book.active["C2"].number_format = "0.00%"
    book.save(tmp_path / "a.xlsx")
    assert _values(read_table(tmp_path / "a.xlsx", "statistics"), "value") == [(12.5,), (12.5,)]
    book = openpyxl.Workbook()
    for row in (["企业名称", "营业收入"], ["甲厂", 485], ["乙厂", 4_850_000]):
        book.active.append(row)
    book.active["B2"].number_format, book.active["B3"].number_format = '0.00"万元"', '0!.0,"万元"'
    book.save(tmp_path / "b.xlsx")
    found = read_table(tmp_path / "b.xlsx", "firms", is_coded=False)
    assert (_values(found, "revenue"), _faults(found)) == ([(4_850_000,), (4_850_000,)], [])


@pytest.mark.parametrize(
    ("heading", "code", "revenue"),
    [
        ("营业收入（万元）", "0!.0000", 4_850_000),
        ("营业收入（人民币万元）", "0!.0,", 4_850_000),
        ("营业收入（千元）", "#,##0,", 4_850_000),
        ("营业收入（元）", "0!.0000", None),
        ("营业收入（千元）", "0!.0000", None),
        ("营业收入", "0!.0000", None),
        ("营业收入（万元）", '0.0,"万元"', None),
    ],
)
def test_a_figure_shown_in_the_unit_of_its_heading(
    tmp_path: Path, heading: str, code: str, revenue: float | None
) -> None:
    """Kept in 元 and shown in 万 below 万元, it is what it shows; below any other unit nobody can tell."""
    book = openpyxl.Workbook()
    for row in (["企业名称", heading], ["甲厂", 4_850_000]):
        book.active.append(row)
    book.active["B2"].number_format = code
    book.save(tmp_path / "a.xlsx")
    found = read_table(tmp_path / "a.xlsx", "firms", is_coded=False)
    said = ([(revenue,)], []) if revenue else ([], [(2, "cell_scaled")])
    assert (_values(found, "revenue"), _faults(found)) == said


def test_a_statistic_shown_in_the_unit_of_its_row(tmp_path: Path) -> None:
    """A value stays in the unit of its row."""
    book = openpyxl.Workbook()
    for row in (["指标", "单位", "数值", "年份"], ["进出口总额", "万元", 4_850_000, 2024]):
        book.active.append(row)
    book.active["C2"].number_format = "0!.0000"
    book.save(tmp_path / "a.xlsx")
    assert _values(read_table(tmp_path / "a.xlsx", "statistics"), "value", "unit") == [(485, "万元")]


def test_years_and_days_of_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    """A number of four digits is a year there as well; a longer one is a day, whole or not."""
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["企业名称", "成立日期"], ["甲厂", 2025], ["乙厂", 43503], ["丙厂", 43503.5]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    found = read_table(tmp_path / "a.xlsx", "firms", today=TODAY, is_coded=False)
    assert _values(found, "registered_on") == [("2025",), ("2023-02-08",), ("2023-02-08",)]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([["单位名称", "供给名称"], ["甲厂", "求购面料"]], "offers"),
        ([["产业协作供给清单"], ["单位名称", "标题"], ["甲厂", "代工"]], "offers"),
        ([["单位名称", "需求名称"], ["甲厂", "供应面料"]], "needs"),
        ([["单位名称", "标题"], ["甲厂", "求购面料"]], ""),
        ([["供给和需求"], ["单位名称", "标题"], ["甲厂", "求购面料"]], ""),
    ],
)
def test_needs_and_offers_are_told_apart_by_the_heading_or_asked_about(
    tmp_path: Path, rows: list[list[object]], kind: str
) -> None:
    """They have the same columns: only what stands in the heading or above it decides."""
    assert guess(sheets(text_file(tmp_path / "a.csv", rows, "utf-8")))[0] == kind


# ---- headings of several rows and in two languages


def test_a_heading_of_three_rows(tmp_path: Path) -> None:
    """Columns that reach from its top to its bottom are read, and the nearest unit holds."""
    rows: list[list[object]] = [
        ["企业名称", "概况", "", "", "经营（万元）", "", "备注"],
        ["", "登记", "", "行业代码", "2025年（亿元）", "从业人数", ""],
        ["", "信用代码", "成立日期", "", "营业收入", "", ""],
        ["甲厂", "", "2020年", "1952", 2, 35, "好"],
    ]
    found = _read(tmp_path, rows)
    assert _faults(found) == []
    told = _values(found, "name", "registered_on", "industry", "revenue", "employees", "note")
    assert told == [("甲厂", "2020", "1952", 2e8, 35, "好")]


def test_a_line_of_labels_above_a_heading_of_two_rows_is_no_part_of_it(tmp_path: Path) -> None:
    """No heading bears the words of the line above."""
    rows: list[list[object]] = [
        ["填报单位：某局", "填报日期：2026年3月5日"],
        ["企业名称", "经营情况（万元）", ""],
        ["", "营业收入", "注册资本"],
        ["甲厂", 2, 3],
    ]
    found = _read(tmp_path, rows)
    assert set(found.columns) == {"企业名称", "经营情况（万元）/营业收入", "经营情况（万元）/注册资本"}


def test_the_rows_of_a_heading_once_more(tmp_path: Path) -> None:
    """On the next page of a printed table each of its rows is left out, and the columns stay what they are."""
    head: list[list[object]] = [["序号", "基本信息", "", "备注"], ["", "企业名称", "行业代码", ""]]
    rows = [*head, ["1", "甲厂", "1952", "好"], ["第1页"], *head, ["2", "乙厂", "1951", "新"]]
    found = _read(tmp_path, rows)
    assert _left(found) == [(4, "paper"), (5, "heading_again"), (6, "heading_again")]
    assert _values(found, "name", "industry", "note") == [("甲厂", "1952", "好"), ("乙厂", "1951", "新")]


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("企业名称 Company name", "name"),
        ("Company name 企业名称", "name"),
        ("企业名称/Company name", "name"),
        ("企业名称\n(Company name)", "name"),
        ("Company Name", "name"),
        ("会员单位名称", "name"),
        ("营业收入 Revenue (RMB mn)", "revenue"),
        ("2025年营业收入 Revenue", "revenue"),
        ("从业人数 Employees", "employees"),
        ("Date of Establishment", "registered_on"),
        ("统一社会信用代码 USCC", ""),
        ("产品SKU", ""),
        ("产品 SKU", ""),
    ],
)
def test_headings_in_two_languages(tmp_path: Path, heading: str, key: str) -> None:
    """The English beside the Chinese says the same; capitals beside it may say more."""
    found = _read(tmp_path, [["全称" if key == "name" else "企业名称", heading], ["甲厂", ""]])
    assert found.columns.get(heading, "") == key


def test_an_english_unit_of_money(tmp_path: Path) -> None:
    """RMB mn in the heading holds for the column."""
    found = _read(tmp_path, [["Company name", "Revenue (RMB mn)"], ["甲厂", "1,511.10"]])
    assert _values(found, "name", "revenue", "revenue_currency") == [("甲厂", 1_511_100_000, "CNY")]


def test_rows_without_what_is_required_are_not_called_twice_the_same(tmp_path: Path) -> None:
    """Where the heading lacks a column that tells figures apart, that alone is the fault."""
    rows: list[list[object]] = [["区域代码", "年份", "数额"], ["350582", "2024年", 1], ["350582", "2024年", 2]]
    assert {code for _, code in _faults(_read(tmp_path, rows, "statistics"))} == {"column_missing"}


# ---- the same as above


def test_what_is_the_same_as_above_has_the_value_above(tmp_path: Path) -> None:
    """In words, places, days and figures, over blank lines and totals, below a row that is not taken."""
    rows: list[list[object]] = [
        ["企业名称", "镇街", "区域代码", "成立日期", "登记状态"],
        ["甲厂", "一镇", "350582", "2020年", "存续"],
        ["乙厂", "同上", "〃", "同上", "同上"],
        ["小计2家"],
        ["丙厂", "同上", "同上", "", "同上"],
        ["丁厂", "二镇", "350583", "2021年", "注销"],
        ["戊厂", "〃", "同上", "同上", "存续"],
    ]
    found = _read(tmp_path, rows)
    assert _faults(found) == []
    assert _values(found, "town", "region", "registered_on") == [
        ("一镇", "350582", "2020"),
        ("一镇", "350582", "2020"),
        ("一镇", "350582", None),
        ("二镇", "350583", "2021"),
    ]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_the_row_above_may_stand_in_another_batch(tmp_path: Path, batch: int) -> None:
    """Reading in parts changes nothing."""
    rows: list[list[object]] = [["企业名称", "镇街"], ["甲厂", "一镇"], ["乙厂", "同上"], ["丙厂", "同上"]]
    found = read_table(text_file(tmp_path / "a.csv", rows, "utf-8"), "firms", is_coded=False, batch_rows=batch)
    assert _values(found, "town") == [("一镇",)] * 3


@pytest.mark.parametrize(
    "rows",
    [
        [["企业名称", "镇街"], ["甲厂", "同上"]],
        [["企业名称", "镇街"], ["甲厂", ""], ["乙厂", "〃"]],
        [["企业名称", "镇街", "企业名称", "镇街"], ["甲厂", "一镇", "乙厂", "同上"]],
        [["企业名称", "甲厂", "证券代码", "1"], ["镇街", "同上", "备注", "好"]],
        [["企业名称", "镇街"], ["甲厂", "一镇"], ["企业名称", "行业代码", "镇街"], ["乙厂", "1952", "同上"]],
    ],
)
def test_where_nothing_stands_above_nobody_can_say(tmp_path: Path, rows: list[list[object]]) -> None:
    """In the first row, below an empty cell, beside another table, on a card, below another heading."""
    assert [code for _, code in _faults(_read(tmp_path, rows))] == ["cell_ditto"]


def test_a_row_that_is_hidden_and_left_out_still_stands_above(tmp_path: Path) -> None:
    """Its value is meant, whether it is shown or not."""
    book = openpyxl.Workbook()
    for row in (["企业名称", "镇街"], ["甲厂", "一镇"], ["乙厂", "二镇"], ["丙厂", "同上"]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    book.save(tmp_path / "a.xlsx")
    found = read_table(tmp_path / "a.xlsx", "firms", is_coded=False, hidden="leave")
    assert (_values(found, "name", "town"), _left(found)) == ([("甲厂", "一镇"), ("丙厂", "二镇")], [(3, "hidden")])


# ---- lines that are no records


@pytest.mark.parametrize("mark", ["例", "示例", "（样例）", "Example"])
def test_a_sample_line_is_left_out(tmp_path: Path, mark: str) -> None:
    """Known by what stands in the place of its running number; in a column of names it is a name."""
    rows: list[list[object]] = [["序号", "企业名称", "行业代码"], [mark, "某某公司", "1952"], ["1", "甲厂", "1951"]]
    found = _read(tmp_path, rows)
    assert (_left(found), _values(found, "name")) == ([(2, "sample")], [("甲厂",)])
    assert _values(_read(tmp_path, [["企业名称", "行业代码"], [mark, "1952"]]), "name") == [(mark,)]


@pytest.mark.parametrize(
    ("line", "why"),
    [("市级基金", "row_alone"), ("上市公司", "row_alone"), ("数据更新至2026年2月28日", "note"), ("某某公司", "")],
)
def test_a_line_with_one_cell(tmp_path: Path, line: str, why: str) -> None:
    """A sort of organisation is asked about, what ends in a day is a remark, a name is a record."""
    found = _read(tmp_path, [["企业名称", "行业代码", "备注"], [line], ["甲厂", "1952", "好"]])
    asked, left = ([(2, why)], []) if why == "row_alone" else ([], [(2, why)] if why else [])
    assert (_faults(found), _left(found)) == (asked, left)
