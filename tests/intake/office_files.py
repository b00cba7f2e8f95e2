"""Tables written in every form an office may send, so that each can be read back."""

from __future__ import annotations

import csv
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

Rows = Sequence[Sequence[object]]


def text_file(path: Path, rows: Rows, encoding: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as handle:
        csv.writer(handle).writerows(["" if cell is None else cell for cell in row] for row in rows)
    return path


def xlsx(path: Path, rows: Rows, merged: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    for area in merged:
        book.active.merge_cells(area)
    book.save(path)
    return path


def parquet(path: Path, rows: Rows) -> Path:
    """The first row names the columns; all cells are text, as such an export has them."""
    heading, *body = rows
    columns = [["" if row[at] is None else str(row[at]) for row in body] for at in range(len(heading))]
    pq.write_table(pa.table([pa.array(one, pa.string()) for one in columns], names=[str(one) for one in heading]), path)
    return path


def xls(path: Path, rows: Rows) -> Path:
    """A workbook of 1997 (BIFF8 in a compound file) with one sheet of labels and numbers."""
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for at, row in enumerate(rows):
        sheet += b"".join(_cell(at, place, cell) for place, cell in enumerate(row) if cell is not None)
    sheet += _record(0x000A, b"")
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = struct.pack("<BB", 6, 0) + b"Sheet1"
    offset = len(start) + 4 + 6 + len(name) + 4
    book = start + _record(0x0085, struct.pack("<IH", offset, 0) + name) + _record(0x000A, b"") + sheet
    path.write_bytes(_compound(book))
    return path


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _cell(row: int, place: int, cell: object) -> bytes:
    head = struct.pack("<HHH", row, place, 0)
    if isinstance(cell, int | float):
        return _record(0x0203, head + struct.pack("<d", cell))
    text = str(cell)
    return _record(0x0204, head + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))


def _compound(stream: bytes) -> bytes:
    """One stream named Workbook: a header, its sectors from the first on, the directory, the table of sectors."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    n = len(stream) // 512
    links = [*range(1, n), -2, -2, -3]
    table = b"".join(struct.pack("<i", link) for link in links).ljust(512 * -(-len(links) // 128), b"\xff")
    assert len(table) == 512, "a test's table is small"
    header = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1,
                         n, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)  # fmt: skip
    header = (header + struct.pack("<I", n + 1)).ljust(512, b"\xff")
    folder = _entry("Root Entry", 5, -2, 0, 1) + _entry("Workbook", 2, 0, len(stream), -1)
    return header + stream + folder.ljust(512, b"\0") + table


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return text.ljust(64, b"\0") + struct.pack("<HBBiii36xiQ", len(text), kind, 1, -1, -1, child, start, size)


FORMS: Mapping[str, Callable[[Path, Rows], Path]] = {
    "csv UTF-8": lambda path, rows: text_file(path.with_suffix(".csv"), rows, "utf-8-sig"),
    "csv GB18030": lambda path, rows: text_file(path.with_suffix(".csv"), rows, "gb18030"),
    "xlsx": lambda path, rows: xlsx(path.with_suffix(".xlsx"), rows),
    "xls": lambda path, rows: xls(path.with_suffix(".xls"), rows),
    "parquet": lambda path, rows: parquet(path.with_suffix(".parquet"), rows),
}
