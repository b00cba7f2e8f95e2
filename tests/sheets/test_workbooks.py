"""Workbooks: what is hidden, merged, in error or never calculated, wherever it stands in the file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from duijie.cells import Spoiled
from duijie.errors import InputError
from duijie.sheets import Sheet, sheets

ROWS = [["企业名称", "注册资本(万元)"], ["甲", 1], ["乙", 2]]


def _book(path: Path, rows: list[list[object]], **more: object) -> Sheet:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for number in more.get("hidden", ()):  # type: ignore[union-attr]
        book.active.row_dimensions[number].hidden = True
    for area in more.get("merged", ()):  # type: ignore[union-attr]
        book.active.merge_cells(area)
    book.save(path)
    return sheets(path)[0]


def _rewrite(path: Path, out: Path, *changes: tuple[str, str]) -> None:
    """The workbook with some text of its first sheet changed."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(out, "w") as copy:
        for entry in archive.infolist():
            content = archive.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                text = content.decode()
                for old, new in changes:
                    text = text.replace(old, new)
                content = text.encode()
            copy.writestr(entry, content)


def test_hidden_rows_and_merged_areas_are_known(tmp_path: Path) -> None:
    """By their numbers as the program shows them."""
    found = _book(tmp_path / "a.xlsx", ROWS, hidden=[3], merged=["A2:A3"])
    assert (found.hidden_rows, found.merged) == ({3}, ((2, 0, 3, 0),))


def test_a_formula_without_its_result_is_no_empty_cell(tmp_path: Path) -> None:
    """Neither is one whose result is an error; one whose result is an empty text is empty."""
    found = _book(tmp_path / "a.xlsx", [["a", "b"], ["=1+1", "=A1&B1"]])
    assert list(found.rows())[1][1] == [Spoiled("cell_formula", "=1+1"), Spoiled("cell_formula", "=A1&B1")]
    found = _book(tmp_path / "a.xlsx", [["=1+1"], [], [None, "=" + "+1" * 50]])
    assert [list(row) for _, row in found.rows()] == [
        [Spoiled("cell_formula", "=1+1")], [], ["", Spoiled("cell_formula", "=" + "+1" * 40)],
    ]  # fmt: skip
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["a", "b", "c", "d"])
        page.write_formula(1, 0, "=1/0", value="#DIV/0!")
        page.write_formula(1, 1, "=1+1", value=2)
        page.write_formula(1, 2, '=""', value="")
        page.write_string(1, 3, "x")
        page.write_formula(1, 4, "=1+1", book.add_format({"num_format": "0%"}), value=2)
    _rewrite(
        tmp_path / "a.xlsx", tmp_path / "b.xlsx", ('<c r="C2">', '<c r="C2" t="str">'), (' s="1">', ' s="1" t="n">')
    )
    row = list(list(sheets(tmp_path / "b.xlsx")[0].rows())[1][1])
    assert row == [Spoiled("cell_error", "#DIV/0!"), 2.0, "", "x", "200%"]


def test_marks_stand_at_their_cells_wherever_the_table_begins(tmp_path: Path) -> None:
    """Rows and columns left empty before a table do not move them."""
    book = openpyxl.Workbook()
    book.active["C4"], book.active["D4"], book.active["C5"], book.active["D6"] = "名称", "数", "甲", "=1+1"
    book.save(tmp_path / "a.xlsx")
    rows = {number: list(row) for number, row in sheets(tmp_path / "a.xlsx")[0].rows()}
    assert rows[4] == ["", "", "名称", "数"]
    assert rows[6] == ["", "", "", Spoiled("cell_formula", "=1+1")]
    book = openpyxl.Workbook()
    book.active["B2"], book.active["AB2"], book.active["ZZ3"] = "名称", "=1+1", "=2+2"
    book.save(tmp_path / "a.xlsx")
    rows = {number: list(row) for number, row in sheets(tmp_path / "a.xlsx")[0].rows()}
    assert (rows[2][1], rows[2][27], rows[3][701]) == (
        "名称", Spoiled("cell_formula", "=1+1"), Spoiled("cell_formula", "=2+2"),
    )  # fmt: skip


def test_a_table_without_marks_keeps_its_columns(tmp_path: Path) -> None:
    """The first column is A, whether anything stands in it or not."""
    book = openpyxl.Workbook()
    book.active["B2"], book.active["C2"] = "名称", "数"
    book.save(tmp_path / "a.xlsx")
    assert [list(row) for _, row in sheets(tmp_path / "a.xlsx")[0].rows()] == [["", "", ""], ["", "名称", "数"]]


def test_a_formula_without_a_place_is_not_passed_over(tmp_path: Path) -> None:
    """Where a cell does not say where it stands, nobody can tell which value is missing: the file is refused."""
    _book(tmp_path / "a.xlsx", [["a"], ["=1+1"], ["=2+2"]])
    _rewrite(tmp_path / "a.xlsx", tmp_path / "b.xlsx", (' r="A2"', ""), (' r="A3"', ""))
    with pytest.raises(InputError, match="file_uncalculated") as caught:
        sheets(tmp_path / "b.xlsx")
    assert (caught.value.values, caught.value.hint) == ({"n": 2}, "cell_formula_mend")


def test_a_large_sheet_is_read_in_parts_without_losing_a_mark(tmp_path: Path) -> None:
    """Marks beyond the first part of a sheet's text are found as well."""
    rows: list[list[object]] = [[f"很长的名称{at}" * 20, at] for at in range(5000)]
    rows[4321][1] = "=1+1"
    found = _book(tmp_path / "a.xlsx", rows, hidden=[4000])
    assert found.hidden_rows == {4000}
    spoiled = [(number, cell) for number, row in found.rows() for cell in row if isinstance(cell, Spoiled)]
    assert spoiled == [(4322, Spoiled("cell_formula", "=1+1"))]


def test_no_mark_is_lost_where_a_large_part_is_cut(tmp_path: Path) -> None:
    """A sheet is read piece by piece; a cell on the edge of two keeps its mark, however its rows are closed."""
    _book(tmp_path / "a.xlsx", [["a", "b"], ["x", "=1+1"]], hidden=[2])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
    start = page.index("<sheetData>")
    for mark in ('hidden="1"', "<f>", "</row>"):
        gap = (1 << 20) - page.rindex(mark) - 3
        for end in ("</row>", "</row >"):
            cut = (page[:start] + " " * gap + page[start:]).replace("</row>", end)
            _rewrite(tmp_path / "a.xlsx", tmp_path / "b.xlsx", (page, cut))
            (found,) = sheets(tmp_path / "b.xlsx")
            assert found.hidden_rows == {2}
            assert list(list(found.rows())[1][1]) == ["x", Spoiled("cell_formula", "=1+1")]


def test_sheets_that_are_not_shown_say_so(tmp_path: Path) -> None:
    """Hidden, and hidden from the menu."""
    book = openpyxl.Workbook()
    book.active.append(["a"])
    for state in ("hidden", "veryHidden"):
        page = book.create_sheet(state)
        page.append(["b"])
        page.sheet_state = state
    book.save(tmp_path / "a.xlsx")
    assert [one.is_hidden for one in sheets(tmp_path / "a.xlsx")] == [False, True, True]


def test_a_workbook_of_1904_says_so(tmp_path: Path) -> None:
    """Days in general cells are counted from another day."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": True}) as book:
        book.add_worksheet().write_number(0, 0, 43503)
    assert sheets(tmp_path / "a.xlsx")[0].is_1904
    assert not _book(tmp_path / "b.xlsx", ROWS).is_1904


def test_the_strict_form_of_a_workbook_has_its_marks(tmp_path: Path) -> None:
    """The standard has a second set of names for the same things."""
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["a", "b"], [0.5, "=1+1"]):
        book.active.append(row)
    book.active["A2"].number_format = '0.0"万元"'
    book.active.row_dimensions[2].hidden = True
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as copy:
        for entry in archive.infolist():
            content = archive.read(entry)
            for name in (b"spreadsheetml/main", b"officeDocument/relationships"):
                old = b"http://schemas.openxmlformats.org/" + name.replace(b"/", b"/2006/")
                content = content.replace(b'="' + old + b'"', b'="http://purl.oclc.org/ooxml/' + name + b'"')
            copy.writestr(entry, content)
    (found,) = sheets(tmp_path / "b.xlsx")
    assert (found.hidden_rows, found.is_1904) == ({2}, True)
    assert list(list(found.rows())[1][1]) == ["0.5万元", Spoiled("cell_formula", "=1+1")]


def test_a_sheet_that_holds_nothing_is_none(tmp_path: Path) -> None:
    """A workbook of such sheets alone is empty; a broken one is called broken."""
    with pytest.raises(InputError, match="file_empty"):
        _book(tmp_path / "a.xlsx", [])
    _book(tmp_path / "a.xlsx", ROWS)
    _rewrite(
        tmp_path / "a.xlsx", tmp_path / "b.xlsx", ('t="s"><v>1<', 't="s"><v>x<'), ('t="inlineStr"><is><t>', 't="s"><v>')
    )
    with pytest.raises(InputError, match="file_broken") as caught:
        [*sheets(tmp_path / "b.xlsx")[0].rows()]
    assert caught.value.values["problem"]


def test_values_in_the_other_quotes_are_understood(tmp_path: Path) -> None:
    """XML knows two kinds of quotes, and a program may write either."""
    book = openpyxl.Workbook()
    for row in (["a", "b", "c"], [0.5, "=1+1", "#REF!"]):
        book.active.append(row)
    book.active["A2"].number_format, book.active["C2"].data_type = "0%", "e"
    book.active.row_dimensions[2].hidden = True
    book.save(tmp_path / "a.xlsx")
    _rewrite(tmp_path / "a.xlsx", tmp_path / "b.xlsx", ('"', "'"))
    (found,) = sheets(tmp_path / "b.xlsx")
    assert found.hidden_rows == {2}
    assert list(list(found.rows())[1][1]) == ["50%", Spoiled("cell_formula", "=1+1"), Spoiled("cell_error", "#REF!")]


def test_cells_of_another_writer_are_understood(tmp_path: Path) -> None:
    """Some programs write every element with a prefix."""
    plain, other = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    _book(plain, [["a", "b"], ["x", "=1+1"]], hidden=[2])
    names = ("worksheet", "sheetData", "row", "c", "f", "v", "is", "t")
    starts = [(f"<{name}{end}", f"<x:{name}{end}") for name in names for end in (" ", ">", "/>")]
    ends = [(f"</{name}>", f"</x:{name}>") for name in names]
    _rewrite(plain, other, *starts, *ends, ("xmlns=", "xmlns:x="))
    (found,) = sheets(other)
    assert found.hidden_rows == {2}
    assert any(isinstance(cell, Spoiled) for _, row in found.rows() for cell in row)
