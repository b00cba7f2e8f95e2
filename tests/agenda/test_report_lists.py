"""The working lists open in a spreadsheet as lists, and no text of a stranger becomes a formula."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from report_example import A, B, results

from duijie.agenda.report import Reading
from duijie.agenda.report.lists import lists
from duijie.terms import Language

ON = date(2026, 2, 3)


def opened(language: Language = "zh", *, is_rehearsal: bool = False) -> Any:
    return openpyxl.load_workbook(io.BytesIO(lists(Reading(results(is_rehearsal=is_rehearsal), language), on=ON)))


def column(sheet: Any, heading: str) -> list[Any]:
    [at] = [cell.column for cell in sheet[3] if str(cell.value).split("\n")[0] == heading]
    return [row[at - 1].value for row in sheet.iter_rows(min_row=4)]


def test_four_lists_with_headings_in_both_languages() -> None:
    book = opened()
    assert book.sheetnames == ["对接清单", "任务清单", "责任清单", "项目清单"]
    for sheet in book:
        assert all(len(str(cell.value).split("\n")) == 2 for cell in sheet[3])
        assert sheet.freeze_panes == "D4"
        assert sheet.auto_filter.ref.startswith("A3:")
        assert all(sheet.column_dimensions[cell.column_letter].width >= 5 for cell in sheet[3])
        assert sheet.print_title_rows == "$3:$3"


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    sheet = opened()["对接清单"]
    assert column(sheet, "需求")[0] == "=SUM(A1:A9) 第0号need"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_every_assigned_match_with_its_meeting_and_basis() -> None:
    sheet = opened()["对接清单"]
    assert column(sheet, "得分") == pytest.approx([0.9 - at / 40 for at in range(10)])
    assert column(sheet, "会面时间")[0] == "2026-03-02 09:00"
    assert column(sheet, "会面时间")[9] is None
    assert column(sheet, "依据")[:2] == ["推断", "公开发布"]


def test_tasks_duties_and_projects_follow_the_clauses() -> None:
    book = opened()
    assert len(column(book["任务清单"], "条款")) == 17
    assert set(column(book["任务清单"], "时限")) == {"未公布", "2026-06-30"}
    assert column(book["任务清单"], "佐证")[0] == "会议纪要"
    assert column(book["任务清单"], "下一步")[0] == "签约"
    assert len(column(book["责任清单"], "部门")) == 34
    assert set(column(book["责任清单"], "分工性质")) == {"建议"}
    assert column(book["项目清单"], "签约")[:4] == [1, 2, 3, 0]
    assert column(book["项目清单"], "目标")[:2] == ["未公布", 10]


def test_the_banner_is_on_every_sheet_and_page() -> None:
    for sheet in opened(is_rehearsal=True):
        assert "演练数据" in sheet["A2"].value
        assert "演练数据" in sheet.oddHeader.center.text
    for sheet in opened("en"):
        assert "not an official document" in sheet["A2"].value


def test_regions_are_named() -> None:
    assert set(column(opened()["责任清单"], "区域")) == {Reading(results(), "zh").region(code) for code in (A, B)}
