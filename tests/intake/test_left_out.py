"""What is not read is named: columns without a heading, and what stands on a card beside its labels and values."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from tests.intake.office_files import text_file

from duijie.cells.texts import covered
from duijie.data import words
from duijie.intake import Intake, read_table
from duijie.intake.shapes import LeftOut


def _read(folder: Path, rows: list[list[object]], **options: object) -> Intake:
    return read_table(text_file(folder / "table.csv", rows, "utf-8"), "firms", is_coded=False, **options)


def _left(found: Intake) -> list[tuple[int, str, str]]:
    for one in found.left_out:
        assert f"left_{one.why}" in words("zh").keys() & words("en").keys()
    return [(one.row, one.why, one.text) for one in found.left_out]


def _names(found: Intake) -> list[str]:
    return found.to_arrow()["name"].to_pylist()


# ---- columns without a heading


def test_a_column_without_a_heading_is_named_once(tmp_path: Path) -> None:
    """With its letter and the first thing it holds; one that holds nothing is no word worth; no row is lost by it."""
    rows = [["", "企业名称", "", "从业人数", ""],
            ["1", "甲厂", "", "5", ""], ["2", "乙厂", "", "6", ""], ["3", "丙厂", "欠款", "7", ""]]  # fmt: skip
    found = _read(tmp_path, rows)
    assert (_names(found), found.n_faults, found.n_skipped) == (["甲厂", "乙厂", "丙厂"], 0, 0)
    assert _left(found) == [(1, "unheaded", "A · 1"), (1, "unheaded", "C · 欠款")]


def test_a_zero_in_a_column_without_a_heading_is_a_value(tmp_path: Path) -> None:
    """A number that is nothing is still something that was not read."""
    book = openpyxl.Workbook()
    for row in ([None, "企业名称"], [None, "甲厂"], [0, "乙厂"]):
        book.active.append(row)
    book.save(tmp_path / "table.xlsx")
    assert _left(read_table(tmp_path / "table.xlsx", "firms", is_coded=False)) == [(1, "unheaded", "A · 0")]


@pytest.mark.parametrize("size", [1, 2, 50])
def test_the_size_of_a_batch_names_no_column_twice(tmp_path: Path, size: int) -> None:
    """A column is named once a table, and again below the heading of the next."""
    rows = [["企业名称", "", "从业人数"], ["甲厂", "旧", "5"], ["乙厂", "新", "6"], ["", "", ""],
            ["从业人数", "", "企业名称"], ["7", "另", "丙厂"]]  # fmt: skip
    found = _read(tmp_path, rows, batch_rows=size)
    assert _names(found) == ["甲厂", "乙厂", "丙厂"]
    assert [one for one in _left(found) if one[1] == "unheaded"] == [
        (1, "unheaded", "B · 旧"),
        (5, "unheaded", "B · 另"),
    ]


def test_between_tables_side_by_side_the_column_is_the_sheets(tmp_path: Path) -> None:
    """The letter is that of the sheet, not of the table that begins further right."""
    rows = [["", "企业名称", "从业人数", "", "企业名称", "从业人数"], ["", "甲厂", "5", "注", "乙厂", "6"]]
    found = _read(tmp_path, rows)
    assert sorted(_names(found)) == ["乙厂", "甲厂"]
    assert _left(found) == [(1, "unheaded", "D · 注")]


def test_the_number_of_a_person_in_such_a_column_is_covered(tmp_path: Path) -> None:
    """What is named as not read repeats no telephone."""
    rows = [["企业名称", "", "从业人数"], ["甲厂", "联系人（王某）：13800000000", "5"]]
    assert _left(_read(tmp_path, rows)) == [(1, "unheaded", "B · 联系人（王某）：138****00")]


# ---- cards


def _card(at: int, *more: str) -> list[list[object]]:
    return [
        ["企业信息卡"],
        ["企业名称", f"第{at}厂", "镇街", "一镇"],
        ["注册资本", "5万元", "从业人数", "5", *more],
        [],
    ]


@pytest.mark.parametrize(
    ("rows", "n"),
    [
        ([["企业名称", "厂长说"], ["甲厂", "好"], ["乙厂", "坏"]], 2),
        ([["企业名称", "", "从业人数"], ["甲厂", "", "5"], ["乙厂", "", "6"]], 2),
        ([["企业名称", "", "厂长说", "联系电话", "从业人数"], ["甲厂", "旁", "好", "1", "5"],
          ["乙厂", "", "坏", "2", "6"], ["合计", "", "", "", "11"]], 2),
        ([["企业名称", "厂长说"], ["甲厂", "好"], ["乙厂", "坏"]] * 2, 4),
        ([["企业名称", "厂长说", "从业人数"], ["甲厂", "好", "5"]] * 2, 2),
    ],
)  # fmt: skip
def test_a_table_whose_headings_stand_apart_is_no_card(tmp_path: Path, rows: list[list[object]], n: int) -> None:
    """With an unknown heading or none between those that are known, each row is a firm all the same."""
    found = _read(tmp_path, rows)
    assert (found.n_rows, len(_names(found))) == (n, n)
    assert set(_names(found)) <= {"甲厂", "乙厂"}


def test_cards_are_read_to_the_last(tmp_path: Path) -> None:
    """However many lines they take: the thirtieth stands below the lines a heading is looked for in."""
    found = _read(tmp_path, [line for at in range(30) for line in _card(at)])
    assert _names(found) == [f"第{at}厂" for at in range(30)]


def test_what_stands_beside_a_card_is_named(tmp_path: Path) -> None:
    """A title between two cards, and a second value in a field that has one; the title above the first is none."""
    found = _read(tmp_path, [*_card(1), *_card(2, "旁边的字")])
    assert _names(found) == ["第1厂", "第2厂"]
    assert _left(found) == [(5, "beside_card", "企业信息卡"), (7, "beside_card", "旁边的字")]


def test_a_card_with_a_hidden_line_is_asked_about(tmp_path: Path) -> None:
    """As a hidden row of a table is; left where hidden ones are to be left, read where they are to be taken."""
    book = openpyxl.Workbook()
    for row in [*_card(1), *_card(2)]:
        book.active.append(row)
    book.active.row_dimensions[7].hidden = True
    book.save(tmp_path / "cards.xlsx")
    asked = read_table(tmp_path / "cards.xlsx", "firms", is_coded=False)
    assert ([one.code for one in asked.faults], _names(asked)) == (["rows_hidden"], ["第1厂"])
    left = read_table(tmp_path / "cards.xlsx", "firms", is_coded=False, hidden="leave")
    assert (_names(left), left.n_faults) == (["第1厂"], 0)
    assert LeftOut("Sheet", 6, "hidden", "第2厂 一镇 5万元 5") in left.left_out
    taken = read_table(tmp_path / "cards.xlsx", "firms", is_coded=False, hidden="take")
    assert (_names(taken), taken.n_faults) == (["第1厂", "第2厂"], 0)


# ---- words as they are typed


@pytest.mark.parametrize("text", ["（甲）：乙，丙；“丁”！", "Ａ区１号（东）", "㎡、Ⅱ级、①号", "註冊，經營"])
def test_words_stay_as_typed(tmp_path: Path, text: str) -> None:
    """Half width and simplified characters are for comparing; what is kept and shown is what stands in the cell."""
    rows = [
        ["企业名称", "主要产品", "经营范围"],
        [f"示例{text}厂", "（皮）鞋；Ａ型", text],
        [f"示例{text}店", "伞", text],
    ]
    found = _read(tmp_path, rows).to_arrow().to_pylist()
    assert [row["name"] for row in found] == [f"示例{text}厂", f"示例{text}店"]
    assert (found[0]["scope"], found[0]["products"]) == (text, ["（皮）鞋", "Ａ型"])


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("填表人：王某（电话：13800000000）", "填表人：王某（电话：138****00）"),
        ("（１３８００００００００）、110101199003071234；", "（138****00）、110****34；"),
        ("㎡：500（人民币）", "㎡：500（人民币）"),
        ("㈱１２３，ﬁ 13800000000！", "㈱１２３，ﬁ 138****00！"),
    ],
)
def test_covering_a_number_changes_nothing_else(typed: str, shown: str) -> None:
    """Full width marks and characters that half width would write as several stay where they stand."""
    assert covered(typed) == shown


def test_a_fault_shows_the_cell_as_typed(tmp_path: Path) -> None:
    """A person looks for the cell by what is written in it."""
    found = _read(tmp_path, [["企业名称", "注册资本（万元）"], ["甲厂", "５００（估），待核"]])
    assert [(one.where["row"], one.where["column"], one.values["value"]) for one in found.faults] == [
        (2, "注册资本（万元）", "５００（估），待核")
    ]
