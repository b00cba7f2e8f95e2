"""A copy of what was sent with every fault marked in its cell, for the office to put right and send again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from duijie.cells import Raw
from duijie.cells.cell import plain
from duijie.data import sentence
from duijie.errors import Fault
from duijie.sheets import Limits, sheets
from duijie.terms import Language

__all__ = ["corrected_copy"]

_MOST_ROWS = 1_048_000  # what a sheet can hold
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
_HEADINGS = ("place_sheet", "place_row", "place_column", "fault_reason", "fault_remedy")


def corrected_copy(
    path: Path, faults: Sequence[Fault], out: Path, *, language: Language = "zh", limits: Limits | None = None
) -> None:
    """Write an xlsx of the same sheets and rows: faulty cells red with reason and remedy as a note, and a list.

    Text stays text: a cell that begins like a formula is never written as one. Of a file with more rows than a sheet
    holds only the first part is copied; the list of faults is whole.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    by_place = _by_place(faults)
    part = out.with_name(out.name + ".part")
    with xlsxwriter.Workbook(part, _OPTIONS) as book:
        red = book.add_format({"bg_color": "#F8CBAD", "border": 1, "border_color": "#C00000"})
        for at, sheet in enumerate(sheets(path, limits=limits)):
            page = book.add_worksheet(_title(sheet.name, at))
            _copy(page, sheet, by_place.get(sheet.name, {}), red, language)
        _list(book, faults, language)
    part.replace(out)


def _title(name: str, at: int) -> str:
    kept = "".join(letter for letter in name if letter not in "[]:*?/\\'")[:28]
    return kept if kept and kept.lower() != "history" else f"Sheet{at + 1}"


def _by_place(faults: Sequence[Fault]) -> Mapping[str, Mapping[int, list[Fault]]]:
    found: defaultdict[str, defaultdict[int, list[Fault]]] = defaultdict(lambda: defaultdict(list))
    for fault in faults:
        found[str(fault.where.get("sheet", ""))][int(fault.where.get("row", 1) or 1)].append(fault)
    return found


def _copy(page: Any, sheet: Any, faults: Mapping[int, list[Fault]], red: Any, language: Language) -> None:
    headings: dict[str, int] = {}
    for number, row in sheet.rows():
        if number > _MOST_ROWS:
            break
        marked = {_place(fault, headings): fault for fault in faults.get(number, ())}
        for place, cell in enumerate(row):
            _write(page, number - 1, place, cell, red if place in marked else None)
        for place, fault in marked.items():
            if place >= len(row):
                _write(page, number - 1, place, None, red)
            page.write_comment(number - 1, place, _told(fault, language), {"x_scale": 2})
        for place, cell in enumerate(row):
            headings.setdefault(plain(cell), place)


def _place(fault: Fault, headings: Mapping[str, int]) -> int:
    """The column a fault speaks of: its heading, or the lower half of a heading of two rows."""
    column = str(fault.where.get("column", ""))
    return headings.get(column, headings.get(column.rpartition("/")[2], 0))


def _write(page: Any, row: int, place: int, cell: Raw, style: Any) -> None:
    if isinstance(cell, bool | int | float) and not isinstance(cell, bool) and abs(cell) < 1e15:
        page.write_number(row, place, cell, style)
    elif plain(cell):
        page.write_string(row, place, plain(cell)[:32_767], style)
    elif style:
        page.write_blank(row, place, None, style)


def _told(fault: Fault, language: Language) -> str:
    said = sentence(fault.code, language, fault.values)
    return f"{said}\n→ {sentence(fault.hint, language, fault.values)}" if fault.hint else said


def _list(book: Any, faults: Sequence[Fault], language: Language) -> None:
    page = book.add_worksheet(sentence("sheet_of_faults", language))
    page.set_column(0, 2, 14)
    page.set_column(3, 4, 60)
    for place, code in enumerate(_HEADINGS):
        page.write_string(0, place, sentence(code, language))
    for row, fault in enumerate(faults, start=1):
        where = [str(fault.where.get(key, "")) for key in ("sheet", "row", "column")]
        remedy = sentence(fault.hint, language, fault.values) if fault.hint else ""
        for place, text in enumerate([*where, sentence(fault.code, language, fault.values), remedy]):
            page.write_string(row, place, text[:32_767])
