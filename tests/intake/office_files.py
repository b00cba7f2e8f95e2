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
    cells = b"".join(
        cell_1997(at, place, cell) for at, row in enumerate(rows) for place, cell in enumerate(row) if cell is not None
    )
    path.write_bytes(compound(workbook_1997({"Sheet1": cells})))
    return path


def workbook_1997(sheets: Mapping[str, bytes], head: bytes = b"") -> bytes:
    """Such a workbook's stream: the records of the book, `head` among them, then those of each sheet."""
    start = substream(0x0005, head).removesuffix(record(0x000A))
    pages = [substream(0x0010, cells) for cells in sheets.values()]
    names = [struct.pack("<BB", len(name), 1) + name.encode("utf-16-le") for name in sheets]
    offset, directory = len(start) + sum(4 + 6 + len(name) for name in names) + 4, b""
    for name, page in zip(names, pages, strict=True):
        directory += record(0x0085, struct.pack("<IH", offset, 0) + name)
        offset += len(page)
    return start + directory + record(0x000A) + b"".join(pages)


def substream(kind: int, records: bytes) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0)) + records + record(0x000A)


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def cell_1997(row: int, place: int, cell: object) -> bytes:
    head = struct.pack("<HHH", row, place, 0)
    if isinstance(cell, int | float):
        return record(0x0203, head + struct.pack("<d", cell))
    text = str(cell)
    return record(0x0204, head + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))


def compound(stream: bytes, *, n_unused: int = 0, is_small: bool = False) -> bytes:
    """A compound file with a stream named Workbook: a header, sectors, and the tables which of them follows which.

    A stream that `is_small` lies in sectors of 64 bytes within the stream of the root; `n_unused` sectors come first.
    """
    sectors, links = [bytes(512)] * n_unused, [-1] * n_unused

    def put(content: bytes) -> int:
        start, n = len(sectors), -(-len(content) // 512)
        sectors.extend(content[at : at + 512].ljust(512, b"\0") for at in range(0, 512 * n, 512))
        links.extend([*range(start + 1, start + n), -2])
        return start

    root, small, start = -2, -2, 0
    if is_small:
        n, start = -(-len(stream) // 64), 1
        small = put(struct.pack(f"<{n + 1}i", -2, *range(2, n + 1), -2).ljust(512, b"\xff"))
        root = put(bytes(64) + stream)
    else:
        start = put(stream.ljust(4096, b"\0"))
    size = len(stream) if is_small else max(4096, len(stream))
    names = [("Root Entry", 5, root, 64 + size, 2), ("", 0, 0, 0, -1), ("Workbook", 2, start, size, -1)]
    folder = put(b"".join(_entry(*one) for one in names))
    n_tables = n_more = 0
    while n_tables * 128 < len(sectors) + n_tables + n_more:
        n_tables += 1
        n_more = max(0, -(-(n_tables - 109) // 127))
    first = len(sectors)
    links += [-3] * n_tables + [-4] * n_more
    table = struct.pack(f"<{len(links)}i", *links).ljust(512 * n_tables, b"\xff")
    places = [*range(first, first + n_tables)]
    more = b""
    for at in range(n_more):
        own = [*places[109 + 127 * at : 236 + 127 * at]]
        following = first + n_tables + at + 1 if at + 1 < n_more else -2
        more += struct.pack("<128i", *own, *[-1] * (127 - len(own)), following)
    header = struct.pack("<8s16xHHHHH6xIIIIIiIiI", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0,
                         n_tables, folder, 0, 4096, small, is_small, first + n_tables if n_more else -2, n_more,
                         )  # fmt: skip
    header += struct.pack(f"<{len(places[:109])}I", *places[:109])
    return header.ljust(512, b"\xff") + b"".join(sectors) + table + more


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0" * bool(name)
    return text.ljust(64, b"\0") + struct.pack("<HBBiii36xiQ", len(text), kind, 1, -1, -1, child, start, size)


FORMS: Mapping[str, Callable[[Path, Rows], Path]] = {
    "csv UTF-8": lambda path, rows: text_file(path.with_suffix(".csv"), rows, "utf-8-sig"),
    "csv GB18030": lambda path, rows: text_file(path.with_suffix(".csv"), rows, "gb18030"),
    "xlsx": lambda path, rows: xlsx(path.with_suffix(".xlsx"), rows),
    "xls": lambda path, rows: xls(path.with_suffix(".xls"), rows),
    "parquet": lambda path, rows: parquet(path.with_suffix(".parquet"), rows),
}
