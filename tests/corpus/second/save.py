"""Sheets of made cells, and how each kind of program saves them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import openpyxl
import xlsxwriter
from tests.corpus.second.spell import Cell

ENCODINGS = ("utf-8-sig", "gb18030", "utf-16")


@dataclass
class Sheet:
    """The lines of a sheet and what is done to them; rows and columns are counted from 1."""

    name: str
    state: str = ""
    rows: list[dict[int, Cell]] = field(default_factory=list)
    merges: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_cols: set[int] = field(default_factory=set)
    yellow: set[int] = field(default_factory=set)
    comments: dict[tuple[int, int], str] = field(default_factory=dict)

    def add(self, cells: Mapping[int, Any]) -> int:
        self.rows.append({})
        for at, cell in cells.items():
            self.put(len(self.rows), at, cell)
        return len(self.rows)

    def put(self, row: int, at: int, cell: Any) -> None:
        self.rows[row - 1][at] = cell if isinstance(cell, Cell) else Cell(cell)

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        if (top, left) != (bottom, right):
            self.merges[top, left] = (bottom, right)

    def covered(self) -> set[tuple[int, int]]:
        """The places that lie below a merged cell, without its first."""
        return {
            (row, at)
            for (top, left), (bottom, right) in self.merges.items()
            for row in range(top, bottom + 1)
            for at in range(left, right + 1)
        } - set(self.merges)

    def texts(self) -> list[list[str]]:
        width = max((at for row in self.rows for at in row), default=0)
        return [[row[at].text if at in row else "" for at in range(1, width + 1)] for row in self.rows]


def as_csv(path: Path, options: list[str], sheet: Sheet) -> None:
    """Plain text: ``csv gb18030 semi crlf all``."""
    marks = {"semi": ";", "tab": "\t", "pipe": "|"}
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=next((marks[one] for one in options if one in marks), ","),
        lineterminator="\r\n",
        quoting=csv.QUOTE_ALL if "all" in options else csv.QUOTE_MINIMAL,
    )
    for row in sheet.texts():
        while "ragged" in options and row and not row[-1]:
            row.pop()
        writer.writerow([*row, ""] if "trailing" in options else row)
    text = out.getvalue().replace("\r\n", "\r" if "cr" in options else "\n" if "lf" in options else "\r\n")
    text = text.replace("⟦", '"')  # a quote nobody closes
    path.write_bytes(text.encode(next((one for one in options if one in ENCODINGS), "utf-8")))


def as_xlsx(path: Path, options: list[str], sheets: list[Sheet]) -> None:
    is_1904 = "1904" in options
    book = xlsxwriter.Workbook(str(path), {"date_1904": is_1904})
    book.set_properties({"created": datetime(2026, 3, 5)})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        if sheet.state:
            page.hide()
        for (top, left), (bottom, right) in sheet.merges.items():
            page.merge_range(top - 1, left - 1, bottom - 1, right - 1, "")
        covered = sheet.covered()
        for row, cells in enumerate(sheet.rows, 1):
            for at, cell in cells.items():
                if (row, at) in covered or (cell.raw in ("", None) and not cell.formula):
                    continue
                form = {"num_format": cell.form} if cell.form else {}
                form |= {"text_wrap": True} if "\n" in cell.text else {}
                form |= {"bg_color": "#FFFF00"} if row in sheet.yellow else {}
                look, where = book.add_format(form) if form else None, (row - 1, at - 1)
                if cell.formula:
                    page.write_formula(*where, cell.formula, look, "" if cell.raw is None else cell.raw)
                elif isinstance(cell.raw, date):
                    page.write_datetime(*where, cell.raw, look)
                elif isinstance(cell.raw, str):
                    page.write_string(*where, cell.raw, look)
                else:
                    is_day = is_1904 and cell.habit == "date: serial"
                    page.write_number(*where, cell.raw - 1462 if is_day else cell.raw, look)
        for (row, at), text in sheet.comments.items():
            page.write_comment(row - 1, at - 1, text, {"author": "示例"})
        for row in sheet.hidden_rows:
            page.set_row(row - 1, None, None, {"hidden": True})
        for at in sheet.hidden_cols:
            page.set_column(at - 1, at - 1, None, None, {"hidden": True})
    book.close()
    if "resaved" in options:  # a program that keeps formulas without their results
        openpyxl.load_workbook(path).save(path)


def _spans(sheet: Sheet, row: int, at: int) -> tuple[int, int]:
    bottom, right = sheet.merges.get((row, at), (row, at))
    return bottom - row, right - at


def as_html(path: Path, options: list[str], sheet: Sheet) -> None:
    """A web page as programs of offices hand it out under the name .xls: ``html gb18030 loud``."""
    charset, is_loud = "gb2312" if "gb18030" in options else "utf-8", "loud" in options
    covered = sheet.covered()
    lines = []
    for row, texts in enumerate(sheet.texts(), 1):
        cells = []
        for at, text in enumerate(texts, 1):
            if (row, at) in covered:
                continue
            down, across = _spans(sheet, row, at)
            span = (f' rowspan="{down + 1}"' if down else "") + (f' colspan="{across + 1}"' if across else "")
            cells.append(
                f"<td{span}>{escape(text).replace(chr(10), '<br>') or '&nbsp;'}" + ("" if is_loud else "</td>")
            )
        lines.append("<tr>" + "".join(cells) + ("" if is_loud else "</tr>"))
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><body>\n'
    page += '<table border="1">\n' + "\n".join(lines) + "\n</table>\n</body></html>\n"
    for tag in ("table", "tr", "td") if is_loud else ():
        page = page.replace(f"<{tag}", f"<{tag.upper()}").replace(f"</{tag}", f"</{tag.upper()}")
    path.write_bytes(page.encode("gb18030" if charset == "gb2312" else "utf-8"))


def as_xml(path: Path, sheets: list[Sheet]) -> None:
    """The XML of 2003; rows and cells that are empty are left out, and the next says where it stands."""
    forms = sorted({cell.form for sheet in sheets for row in sheet.rows for cell in row.values() if cell.form})
    styles = "".join(
        f'<Style ss:ID="s{at}"><NumberFormat ss:Format={quoteattr(form)}/></Style>' for at, form in enumerate(forms)
    )
    pages = []
    for sheet in sheets:
        covered, lines = sheet.covered(), []
        for row, cells in enumerate(sheet.rows, 1):
            hidden = ' ss:Hidden="1"' if row in sheet.hidden_rows else ""
            parts = []
            for at, cell in sorted(cells.items()):
                if (row, at) in covered or cell.raw in ("", None):
                    continue
                down, across = _spans(sheet, row, at)
                kinds = {
                    "Error": cell.is_error,
                    "DateTime": isinstance(cell.raw, date),
                    "String": isinstance(cell.raw, str),
                }
                kind = next((name for name, is_so in kinds.items() if is_so), "Number")
                raw = f"{cell.raw}T00:00:00.000" if kind == "DateTime" else escape(str(cell.raw)).replace("\n", "&#10;")
                look = f' ss:StyleID="s{forms.index(cell.form)}"' if cell.form else ""
                look += (f' ss:MergeDown="{down}"' if down else "") + (f' ss:MergeAcross="{across}"' if across else "")
                parts.append(f'<Cell ss:Index="{at}"{look}><Data ss:Type="{kind}">{raw}</Data></Cell>')
            if parts:
                lines.append(f'<Row ss:Index="{row}"{hidden}>{"".join(parts)}</Row>')
        state = "<Visible>SheetHidden</Visible>" if sheet.state else ""
        table = "<Table>" + "\n".join(lines) + "</Table>"
        choices = f'<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel">{state}</WorksheetOptions>'
        pages.append(f'<Worksheet ss:Name="{sheet.name}">{table}{choices}</Worksheet>')
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    head = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    text = f'{head}<Workbook xmlns="{space}" xmlns:ss="{space}"><Styles>{styles}</Styles>{"".join(pages)}</Workbook>\n'
    path.write_text(text, encoding="utf-8")


def save(stem: Path, plan: Mapping[str, Any], sheets: list[Sheet]) -> Path:
    """Write the sheets in the form of the plan, under the name such a file has; ``cut`` keeps its first part only."""
    form, options = plan["form"].split()[0], plan["form"].split()[1:]
    names = {"csv": "txt" if "utf-16" in options else "csv", "xlsx": "xlsx", "html": "xls", "xml": "xls"}
    path = stem.with_suffix(f".{names[form]}")
    if form == "csv":
        as_csv(path, options, sheets[0])
    elif form == "html":
        as_html(path, options, sheets[0])
    elif form == "xml":
        as_xml(path, sheets)
    else:
        as_xlsx(path, options, sheets)
    if "cut" in plan:
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * plan["cut"])])
    return path
