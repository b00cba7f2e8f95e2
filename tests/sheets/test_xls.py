"""Workbooks of 1997: their hidden rows, errors and epoch, wherever in the compound file these stand."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.intake.office_files import cell_1997, compound, record, substream, workbook_1997

from duijie.cells import Spoiled
from duijie.errors import InputError
from duijie.sheets import Sheet, sheets

ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
ROWS = b"".join(cell_1997(at, 0, text) for at, text in enumerate(("企业名称", "甲", "乙")))


def _row(number: int, flags: int) -> bytes:
    """What is said of a row as a whole; 0x20 hides it."""
    return record(0x0208, struct.pack("<HHHHIHH", number, 0, 2, 0, 0, flags, 0))


def _truth_or_error(row: int, column: int, value: int, *, is_error: bool) -> bytes:
    return record(0x0205, struct.pack("<HHHBB", row, column, 0, value, is_error))


def _formula(row: int, column: int, *result: int) -> bytes:
    """A formula whose result is no figure: its kind, nothing, its value."""
    return record(0x0006, struct.pack("<HHH8BHIH", row, column, 0, *result, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0))


def _opened(path: Path, content: bytes) -> tuple[Sheet, ...]:
    path.write_bytes(content)
    return sheets(path)


def _rows(sheet: Sheet) -> list[list[object]]:
    return [list(row) for _, row in sheet.rows()]


def test_hidden_rows_and_merged_areas_are_known(tmp_path: Path) -> None:
    """By their numbers as the program shows them; other remarks about a row do not hide it."""
    merged = record(0x00E5, struct.pack("<H8H", 2, 1, 2, 0, 0, 0, 0, 1, 2))
    own = ROWS + _row(0, 0x140) + _row(1, 0xDF) + _row(2, 0x20) + merged
    (found,) = _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": own})))
    assert (found.hidden_rows, found.merged) == ({3}, ((2, 0, 3, 0), (1, 1, 1, 2)))


@pytest.mark.parametrize(("code", "text"), ERRORS.items())
def test_errors_are_no_empty_cells(tmp_path: Path, code: int, text: str) -> None:
    """Typed or the result of a formula; truths, typed or reckoned, are none."""
    own = ROWS + _truth_or_error(1, 1, code, is_error=True) + _truth_or_error(1, 2, 1, is_error=False)
    own += _formula(2, 1, 2, 0, code) + _formula(2, 2, 1, 0, 1)
    (found,) = _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": own})))
    error = Spoiled("cell_error", text)
    assert _rows(found) == [["企业名称", "", ""], ["甲", error, True], ["乙", error, True]]


@pytest.mark.parametrize("is_1904", [True, False])
def test_the_year_from_which_days_are_counted_is_known(tmp_path: Path, is_1904: bool) -> None:
    """It stands among the records of the book."""
    head = record(0x0022, struct.pack("<H", is_1904))
    (found,) = _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": ROWS}, head)))
    assert found.is_1904 is is_1904


def test_every_sheet_has_its_own_marks(tmp_path: Path) -> None:
    """By its name, in whatever letters it is written."""
    pages = {"Sheet1": ROWS + _row(1, 0x20), "名单": ROWS + _row(2, 0x20), "第三": ROWS}
    found = _opened(tmp_path / "a.xls", compound(workbook_1997(pages)))
    assert {one.name: set(one.hidden_rows) for one in found} == {"Sheet1": {2}, "名单": {3}, "第三": set()}


def test_what_follows_a_chart_belongs_to_the_sheet_all_the_same(tmp_path: Path) -> None:
    """A chart is a stream within the stream, with an end of its own."""
    own = ROWS + substream(0x0020, b"") + _row(2, 0x20)
    (found,) = _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": own})))
    assert found.hidden_rows == {3}


@pytest.mark.parametrize("n_unused", [0, 1, 200, 13_800, 13_900, 30_000])
def test_marks_are_found_wherever_the_stream_lies(tmp_path: Path, n_unused: int) -> None:
    """Behind sectors of something else, also so many that the file needs tables of tables."""
    book = workbook_1997({"Sheet1": ROWS + _row(2, 0x20)})
    (found,) = _opened(tmp_path / "a.xls", compound(book, n_unused=n_unused))
    assert (found.hidden_rows, len(_rows(found))) == ({3}, 3)


@pytest.mark.parametrize("n_rows", [1, 40])
def test_a_small_stream_has_its_marks(tmp_path: Path, n_rows: int) -> None:
    """Below 4096 bytes it lies in small sectors within another stream."""
    own = b"".join(cell_1997(at, 0, "企业") for at in range(n_rows)) + _row(n_rows - 1, 0x20)
    (found,) = _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": own}), is_small=True))
    assert (found.hidden_rows, len(_rows(found))) == ({n_rows}, n_rows)


def test_what_is_said_in_no_known_way_hides_no_values(tmp_path: Path) -> None:
    """A record cut short leaves the values as they are."""
    own = ROWS + record(0x0208, struct.pack("<HH", 2, 0))
    (found,) = _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": own})))
    assert (found.hidden_rows, _rows(found)) == (frozenset(), [["企业名称"], ["甲"], ["乙"]])


def test_a_locked_workbook_is_called_so(tmp_path: Path) -> None:
    """What helps is to take the password off."""
    locked = record(0x002F, struct.pack("<HHH", 1, 1, 1))
    with pytest.raises(InputError, match="file_locked") as caught:
        _opened(tmp_path / "a.xls", compound(workbook_1997({"Sheet1": ROWS}, locked)))
    assert caught.value.hint == "file_unlock"
