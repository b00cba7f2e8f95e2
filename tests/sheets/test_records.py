"""Plain tables as records: what cannot be a value of its column, or would be lost, is a fault with its row."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from tests.intake.office_files import xlsx

from duijie.data import words
from duijie.errors import Fault, InputError
from duijie.sheets import read_records


def _csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def _told(path: Path) -> list[tuple[object, str]]:
    with pytest.raises(InputError) as caught:
        read_records(path).sound()
    faults = caught.value.faults
    for language in ("zh", "en"):
        assert {code for one in faults for code in (one.code, one.hint)} <= set(words(language))
    return [(one.where.get("row"), one.code) for one in faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_rows_keep_the_numbers_of_their_file(tmp_path: Path, encoding: str) -> None:
    """Blank lines before and among the rows are left out and counted; short rows are filled with nothing."""
    found = read_records(_csv(tmp_path, "\nid,题目\n\n1,鞋\n2\n", encoding))
    assert found.names == ("id", "题目")
    assert [(row.number, dict(row)) for row in found.sound()] == [
        (4, {"id": "1", "题目": "鞋"}),
        (5, {"id": "2", "题目": ""}),
    ]


def test_what_would_be_lost_is_a_fault(tmp_path: Path) -> None:
    """A heading that stands twice, cells beyond the headings and cells under none: all at once."""
    path = _csv(tmp_path, "id,a,,a\n1,x,,y\n2,x,z,y\n3,x,,y,w\n4,x,,y,,,\n")
    assert _told(path) == [(1, "heading_twice"), (3, "row_too_long"), (4, "row_too_long")]
    twice = read_records(path).faults[0]
    assert (dict(twice.values), twice.hint) == ({"name": "a", "n": 2}, "heading_keep_one")
    assert _told(_csv(tmp_path, "id,a,a,b,a,b\n")) == [(1, "heading_twice"), (1, "heading_twice")]


def test_a_table_of_blank_cells_is_empty(tmp_path: Path) -> None:
    """Marks between nothing name no column."""
    with pytest.raises(InputError, match="file_empty"):
        read_records(_csv(tmp_path, ",,\n , ,\n"))


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """With what else the caller found; a sound table gives its rows."""
    found = read_records(_csv(tmp_path, "id,a\n1,x\n2,y,z\n"))
    with pytest.raises(InputError, match="data_file_faults") as caught:
        found.sound([Fault("match_id_empty", {"row": 2})])
    assert [one.code for one in caught.value.faults] == ["row_too_long", "match_id_empty"]
    assert (dict(caught.value.values), caught.value.where) == ({"file": "table.csv", "n": 2}, {"file": "table.csv"})


def test_a_second_sheet_and_hidden_rows_are_asked_about(tmp_path: Path) -> None:
    """Nothing is taken from what a program does not show, and no sheet is passed over."""
    book = openpyxl.Workbook()
    for row in (["id"], ["1"], ["2"]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    book.create_sheet("说明").append(["填表说明"])
    book.create_sheet("空")
    book.save(tmp_path / "two.xlsx")
    assert _told(tmp_path / "two.xlsx") == [(None, "sheets_several"), (3, "row_hidden")]
    assert dict(read_records(tmp_path / "two.xlsx").faults[0].values) == {"n": 2, "sheets": ["Sheet", "说明"]}


def test_a_cell_merged_over_rows_holds_for_each(tmp_path: Path) -> None:
    """What is shown once for several rows is read in each of them; a heading's merged cells are not."""
    rows = [["id", "town"], ["1", "一镇"], ["2", None], ["3", "二镇"]]
    xlsx(tmp_path / "merged.xlsx", rows, ["B2:B3"])
    found = read_records(tmp_path / "merged.xlsx").sound()
    assert [row["town"] for row in found] == ["一镇", "一镇", "二镇"]
    xlsx(tmp_path / "merged.xlsx", [["id", "town"], [None, "镇"], ["1", "一镇"]], ["A1:A2"])
    assert [row["id"] for row in read_records(tmp_path / "merged.xlsx").sound()] == ["", "1"]


def test_errors_and_formulas_without_a_result_are_no_empty_cells(tmp_path: Path) -> None:
    """#REF! and what was never calculated are named by their row and column."""
    book = openpyxl.Workbook()
    for row in (["id", "n"], ["1", "#REF!"], ["2", "=1+1"]):
        book.active.append(row)
    book.active["B2"].data_type = "e"
    book.save(tmp_path / "bad.xlsx")
    assert _told(tmp_path / "bad.xlsx") == [(2, "cell_error"), (3, "cell_formula")]


def test_a_workbook_that_counts_from_1904_says_so(tmp_path: Path) -> None:
    """Who reads a number as a day must know from when it is counted."""
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["id", "day"], ["1", 43503]):
        book.active.append(row)
    book.save(tmp_path / "mac.xlsx")
    (row,) = read_records(tmp_path / "mac.xlsx").sound()
    assert (row.is_1904, row["day"]) == (True, "43503")
