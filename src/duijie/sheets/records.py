"""A plain table as records: one heading, below it rows as text by the names of its columns, nothing left unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duijie.cells import CellType, Raw, Spoiled, read
from duijie.cells.cell import plain
from duijie.errors import Fault, InputError

from .merged import filled
from .opening import sheets
from .sheet import Limits, Row, Sheet, refused

__all__ = ["Record", "Records", "read_records"]

_TEXT = CellType("text")


class Record(dict[str, str]):
    """A row of a table as text by the names of its columns, with the number its file shows it under; `is_1904` where
    its workbook counts days from 1904."""

    number: int = 0
    is_1904: bool = False


@dataclass(frozen=True)
class Records:
    """The rows of a table below its heading, and everything wrong with the table itself."""

    file: str
    names: tuple[str, ...]
    rows: tuple[Record, ...]
    faults: tuple[Fault, ...]

    def sound(self, more: Iterable[Fault] = ()) -> tuple[Record, ...]:
        """The rows where there is no fault, neither in the table nor among `more`.

        Raises
        ------
        InputError
            ``data_file_faults`` with all of them.
        """
        faults = (*self.faults, *more)
        if faults:
            values = {"file": self.file, "n": len(faults)}
            raise InputError("data_file_faults", values, {"file": self.file}, faults=faults)
        return self.rows


def read_records(path: Path, *, limits: Limits | None = None) -> Records:
    """The rows of the one table of a file, blank ones left out; its first row that is not blank names the columns.

    A second sheet that holds anything, rows that are hidden, a name that stands twice, cells beyond the names, errors
    and formulas without a result are faults; a cell merged over several rows holds for each of them.

    Raises
    ------
    InputError
        The file cannot be read at all; see :func:`duijie.sheets.sheets`.
    """
    opened = sheets(path, limits=limits)
    sheet, faults = opened[0], list[Fault]()
    if len(opened) > 1:
        values = {"n": len(opened), "sheets": [one.name for one in opened]}
        faults.append(Fault("sheets_several", {"file": path.name}, values, "sheet_one"))
    rows = sheet.rows()
    first = next(((number, cells) for number, cells in rows if any(map(plain, cells))), None)
    if first is None:
        raise refused("file_empty", path)
    heading, cells = first
    names = tuple(map(plain, cells))
    faults += _name_faults(names, {"file": path.name, "row": heading})
    body = filled(rows, sheet.merged, heading)
    found = tuple(_records(names, body, sheet, {"file": path.name}, faults))
    return Records(path.name, names, found, tuple(faults))


def _name_faults(names: Sequence[str], where: dict[str, Any]) -> Iterator[Fault]:
    for name in dict.fromkeys(name for name in names if name and names.count(name) > 1):
        yield Fault("heading_twice", where, {"name": name, "n": names.count(name)}, "heading_keep_one")


def _records(
    names: Sequence[str], rows: Iterable[tuple[int, Row]], sheet: Sheet, where: dict[str, Any], faults: list[Fault]
) -> Iterator[Record]:
    for number, cells in rows:
        texts = [plain(cell) for cell in cells]
        if not any(texts):
            continue
        place = {**where, "row": number}
        if number in sheet.hidden_rows:
            faults.append(Fault("row_hidden", place, {}, "row_show"))
        if any(text for at, text in enumerate(texts) if at >= len(names) or not names[at]):
            faults.append(Fault("row_too_long", place, {}, "row_quote"))
        faults += _spoiled(names, cells, place)
        row = Record((name, texts[at] if at < len(texts) else "") for at, name in enumerate(names) if name)
        row.number, row.is_1904 = number, sheet.is_1904
        yield row


def _spoiled(names: Sequence[str], cells: Sequence[Raw], place: dict[str, Any]) -> Iterator[Fault]:
    for name, cell in zip(names, cells, strict=False):
        wrong = read(cell, _TEXT).wrong if isinstance(cell, Spoiled) else None
        if wrong:
            yield Fault(wrong.code, {**place, "column": name}, wrong.values, wrong.hint)
