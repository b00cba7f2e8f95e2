"""A book of sheets as an office keeps it, and its writers: separated text, xlsx twice, web page, XML of 2003."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape
from pathlib import Path

import openpyxl
import xlsxwriter

OFFICE = "urn:schemas-microsoft-com:office:spreadsheet"


@dataclass(frozen=True)
class Formula:
    """A formula and the result a program stored for it."""

    text: str
    result: float | str


@dataclass(frozen=True)
class Shown:
    """A number or day with the format that shows it, and the words it is shown as."""

    value: float | date
    format: str
    words: str


Value = str | int | float | date | Formula | Shown | None


@dataclass
class Sheet:
    """Rows of values; merged areas as (row, column, last row, last column) and hidden rows, all from 1."""

    name: str
    rows: list[list[Value]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    is_hidden: bool = False

    def add(self, row: Sequence[Value]) -> int:
        """Append a row and answer its number."""
        self.rows.append(list(row))
        return len(self.rows)


@dataclass
class Book:
    """Sheets, and whether days count from 1904."""

    sheets: list[Sheet]
    is_1904: bool = False


@dataclass(frozen=True)
class TextForm:
    """How a separated text is written."""

    separator: str = ","
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    quotes_all: bool = False
    n_blank_columns: int = 0
    is_ragged: bool = False


def words(value: Value) -> str:
    """What a reader of the sheet sees in the cell."""
    if isinstance(value, Shown):
        return value.words
    if isinstance(value, Formula):
        return words(value.result)
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return "" if value is None else str(value)


def write_text(path: Path, sheet: Sheet, form: TextForm) -> None:
    """Write one sheet as separated text."""
    out = io.StringIO()
    # Python 3.11 quotes no line feed where lines end with a carriage return alone.
    quoting = csv.QUOTE_ALL if form.quotes_all or form.line_end == "\r" else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=form.separator, lineterminator=form.line_end, quoting=quoting)
    width = max(map(len, sheet.rows))
    for row in sheet.rows:
        cells = [words(value) for value in row]
        if form.is_ragged:
            while cells and not cells[-1]:
                cells.pop()
        else:
            cells += [""] * (width + form.n_blank_columns - len(cells))
        writer.writerow(cells)
    path.write_bytes(out.getvalue().encode(form.encoding))


def write_xlsx(path: Path, book: Book) -> None:
    """Write an xlsx as Excel does: formulas with their results."""
    out = xlsxwriter.Workbook(str(path), {"date_1904": book.is_1904, "in_memory": True})
    formats = {}
    for sheet in book.sheets:
        page = out.add_worksheet(sheet.name)
        if sheet.is_hidden:
            page.hide()
        for top, left, bottom, right in sheet.merged:
            page.merge_range(top - 1, left - 1, bottom - 1, right - 1, "", out.add_format())
        for i, row in enumerate(sheet.rows):
            for j, value in enumerate(row):
                match value:
                    case None | "":
                        pass
                    case Shown():
                        shape = formats.setdefault(value.format, out.add_format({"num_format": value.format}))
                        write = page.write_datetime if isinstance(value.value, date) else page.write_number
                        write(i, j, value.value, shape)
                    case Formula():
                        page.write_formula(i, j, value.text, None, value.result)
                    case str():
                        page.write_string(i, j, value)
                    case _:
                        page.write_number(i, j, value)
        for row in sheet.hidden:
            page.set_row(row - 1, None, None, {"hidden": True})
    first = next(i for i, sheet in enumerate(book.sheets) if not sheet.is_hidden)
    out.worksheets()[first].activate()
    out.worksheets()[first].set_first_sheet()
    out.close()


def write_xlsx_uncalculated(path: Path, book: Book) -> None:
    """Write an xlsx as a program without a calculator does: formulas without results."""
    out = openpyxl.Workbook()
    out.remove(out.active)
    for sheet in book.sheets:
        page = out.create_sheet(sheet.name)
        page.sheet_state = "hidden" if sheet.is_hidden else "visible"
        for i, row in enumerate(sheet.rows, 1):
            for j, value in enumerate(row, 1):
                if value in (None, ""):
                    continue
                cell = page.cell(i, j)
                if isinstance(value, Formula):
                    cell.value = value.text
                elif isinstance(value, Shown):
                    cell.value, cell.number_format = value.value, value.format
                else:
                    cell.value = value
                    if isinstance(value, str) and value.startswith("="):
                        cell.data_type = "s"
        for top, left, bottom, right in sheet.merged:
            page.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
        for row in sheet.hidden:
            page.row_dimensions[row].hidden = True
    out.active = next(i for i, sheet in enumerate(book.sheets) if not sheet.is_hidden)
    out.save(path)


def write_page(path: Path, sheet: Sheet, encoding: str) -> None:
    """Write the web page that many systems of offices hand out under the name of an xls."""
    spans, covered = _spans(sheet)
    lines = [f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={encoding}"></head><body>']
    lines.append('<table border="1">')
    for i, row in enumerate(sheet.rows, 1):
        cells = []
        for j, value in enumerate(row, 1):
            if (i, j) in covered:
                continue
            down, across = spans.get((i, j), (1, 1))
            shape = f' rowspan="{down}"' * (down > 1) + f' colspan="{across}"' * (across > 1)
            cells.append(f"<td{shape}>{escape(words(value)).replace(chr(10), '<br>') or '&nbsp;'}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</table></body></html>")
    path.write_bytes("\n".join(lines).encode(encoding))


def write_xml(path: Path, book: Book) -> None:
    """Write the XML of 2003, with cells that are left out and indexed."""
    styles: dict[str, str] = {}
    sheets = []
    for sheet in book.sheets:
        spans, covered = _spans(sheet)
        rows = []
        for i, row in enumerate(sheet.rows, 1):
            cells, is_gap = [], False
            for j, value in enumerate(row, 1):
                if (i, j) in covered or value in (None, ""):
                    is_gap = True
                    continue
                down, across = spans.get((i, j), (1, 1))
                shape = f' ss:Index="{j}"' * is_gap
                shape += f' ss:MergeDown="{down - 1}"' * (down > 1) + f' ss:MergeAcross="{across - 1}"' * (across > 1)
                is_gap = False
                if isinstance(value, Shown):
                    shape += f' ss:StyleID="{styles.setdefault(value.format, f"s{len(styles) + 21}")}"'
                cells.append(f"<Cell{shape}>{_data(value)}</Cell>")
            rows.append(f"<Row>{''.join(cells)}</Row>")
        sheets.append(f'<Worksheet ss:Name="{escape(sheet.name)}"><Table>{"".join(rows)}</Table></Worksheet>')
    looks = "".join(
        f'<Style ss:ID="{key}"><NumberFormat ss:Format="{escape(shape)}"/></Style>' for shape, key in styles.items()
    )
    path.write_text(
        f'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="{OFFICE}" '
        f'xmlns:ss="{OFFICE}"><Styles>{looks}</Styles>{"".join(sheets)}</Workbook>',
        encoding="utf-8",
    )


def _data(value: Value) -> str:
    if isinstance(value, Shown):
        value = value.value
    if isinstance(value, Formula):
        value = value.result
    if isinstance(value, str):
        kind = "Error" if value.startswith("#") and value.endswith(("!", "?", "A")) else "String"
        return f'<Data ss:Type="{kind}">{escape(value, quote=False).replace(chr(10), "&#10;")}</Data>'
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return f'<Data ss:Type="DateTime">{moment:%Y-%m-%dT%H:%M:%S}.000</Data>'
    return f'<Data ss:Type="Number">{value}</Data>'


def _spans(sheet: Sheet) -> tuple[dict[tuple[int, int], tuple[int, int]], set[tuple[int, int]]]:
    """The size of each merged area by its first cell, and the cells it covers."""
    spans, covered = {}, set()
    for top, left, bottom, right in sheet.merged:
        spans[top, left] = (bottom - top + 1, right - left + 1)
        covered |= {(i, j) for i in range(top, bottom + 1) for j in range(left, right + 1)} - {(top, left)}
    return spans, covered
