"""The marks of a workbook of 1997: its records of hidden rows, cells in error, formats, and 1904."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from duijie.cells import Spoiled

from .formats import BUILT_IN, Suffix, suffix_of
from .sheet import Marks

__all__ = ["xls_marks"]

_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_BOF, _EOF, _SHEET, _1904, _ROW, _FORMULA, _ERROR = 0x0809, 0x0A, 0x85, 0x22, 0x208, 0x06, 0x205
_FORMAT, _STYLE, _SEVERAL = 0x41E, 0xE0, 0xBD
_FIGURES = (0x203, 0x27E, _SEVERAL, _FORMULA)
_HIDDEN = 0x20


def xls_marks(path: Path) -> tuple[bool, dict[str, Marks]]:
    """Whether days are counted from 1904, and the marks of each sheet by its name.

    The values themselves are calamine's; a file it reads and this does not understand has no marks.
    """
    try:
        return _read(_stream(path.read_bytes()))
    except (struct.error, IndexError, UnicodeDecodeError):
        return False, {}


def _number(content: bytes, at: int = 0, form: str = "<H") -> int:
    (found,) = struct.unpack_from(form, content, at)
    return int(found)


def _stream(content: bytes) -> bytes:
    """The stream named Workbook of a compound file of sectors; empty where there is none."""
    shift, small_shift = struct.unpack_from("<HH", content, 30)
    size = 1 << shift
    n_tables, directory, small_limit, small_table = (_number(content, at, "<I") for at in (44, 48, 56, 60))
    table = _table(content, size, n_tables)
    entries = _chain(content, directory, table, size)
    for at in range(0, len(entries), 128):
        name = entries[at : at + _number(entries, at + 64) - 2].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            start, n_bytes = struct.unpack_from("<II", entries, at + 116)
            if n_bytes >= small_limit:
                return _chain(content, start, table, size)[:n_bytes]
            root = _number(entries, 116, "<I")
            small = _chain(content, small_table, table, size)
            links = dict(enumerate(struct.unpack(f"<{len(small) // 4}I", small)))
            # the small sectors have no header before them
            held = b"\0" * (1 << small_shift) + _chain(content, root, table, size)
            return _chain(held, start, links, 1 << small_shift)[:n_bytes]
    return b""


def _table(content: bytes, size: int, n_tables: int) -> dict[int, int]:
    """The table of sectors: which sector follows which."""
    places = list(struct.unpack_from("<109I", content, 76))
    following = _number(content, 68, "<I")
    while len(places) < min(n_tables, len(content) // size):
        *more, following = struct.unpack_from(f"<{size // 4}I", content, (following + 1) * size)
        places += more
    parts = (struct.unpack_from(f"<{size // 4}I", content, (place + 1) * size) for place in places[:n_tables])
    return dict(enumerate(chain.from_iterable(parts)))


def _chain(content: bytes, start: int, links: Mapping[int, int], size: int) -> bytes:
    parts, left, at = list[bytes](), dict(links), start
    while at in left:
        parts.append(content[(at + 1) * size : (at + 2) * size])
        at = left.pop(at)
    return b"".join(parts)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of a substream from its first on; a chart within a sheet is a substream of its own."""
    depth = 0
    while True:
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
        depth += (kind == _BOF) - (kind == _EOF)
        if not depth:
            return


def _read(stream: bytes) -> tuple[bool, dict[str, Marks]]:
    is_1904, found = False, dict[str, Marks]()
    formats, styles = {number: suffix_of(code) for number, code in BUILT_IN.items()}, dict[int, Suffix | None]()
    for kind, content in _records(stream, 0):
        if kind == _1904:
            is_1904 = content[:2] == b"\1\0"
        elif kind == _FORMAT:
            formats[_number(content)] = suffix_of(_text(content, 2, "<H"))
        elif kind == _STYLE:
            styles[len(styles)] = formats.get(_number(content, 2))
        elif kind == _SHEET:
            found[_text(content, 6, "<B")] = _sheet(stream, _number(content, form="<I"), Marks(), styles)
    return is_1904, found


def _text(content: bytes, at: int, length: str) -> str:
    """A text with its length and whether its letters are wide before it."""
    n, start = _number(content, at, length), at + struct.calcsize(length) + 1
    is_wide = content[start - 1] & 1
    return content[start : start + n * (2 if is_wide else 1)].decode("utf-16-le" if is_wide else "latin-1")


def _sheet(stream: bytes, offset: int, marks: Marks, styles: Mapping[int, Suffix | None]) -> Marks:
    for kind, content in _records(stream, offset):
        if kind in _FIGURES:
            _suffix(kind, content, marks, styles)
        if kind == _ROW and content[12] & _HIDDEN:
            marks.hidden_rows.add(_number(content) + 1)
        elif kind == _ERROR and content[7]:
            _spoil(marks, content, content[6])
        elif kind == _FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
            _spoil(marks, content, content[8])
    return marks


def _suffix(kind: int, content: bytes, marks: Marks, styles: Mapping[int, Suffix | None]) -> None:
    """What is shown behind the figures of a record: one cell, or several side by side."""
    row, column = struct.unpack_from("<HH", content)
    n = len(content) // 6 - 1 if kind == _SEVERAL else 1
    for at in range(n):
        if suffix := styles.get(_number(content, 4 + 6 * at)):
            marks.suffix(row + 1, column + at, suffix)


def _spoil(marks: Marks, content: bytes, error: int) -> None:
    row, column = struct.unpack_from("<HH", content)
    marks.spoil(row + 1, column, Spoiled("cell_error", _ERRORS.get(error, "#ERROR")))
