"""Open any office's file safely: csv in UTF-8 or GB18030, xlsx, xls, parquet; rows come in turn, never all of a csv."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duijie.errors import InputError

from .cells import Raw

__all__ = ["Limits", "Sheet", "sheets"]

Row = Sequence[Raw]
_CHUNK = 1 << 20
_PARQUET_ROWS = 20_000
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_BROKEN = (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError, zlib.error)
csv.field_size_limit(16 << 20)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a compressed file may grow to before it is refused as a bomb."""

    bytes: int = 2 << 30
    entries: int = 5000
    growth: int = 300


@dataclass(frozen=True)
class Sheet:
    """One table of a file: its name, and its rows from the first on, numbered from 1."""

    name: str
    _rows: Callable[[], Iterator[Row]]

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows with their numbers as the office's own program shows them."""
        return enumerate(self._rows(), start=1)


def sheets(path: Path, *, limits: Limits | None = None) -> tuple[Sheet, ...]:
    """The sheets of a file that hold anything; what the file is, its first bytes decide, not its name.

    Raises
    ------
    InputError
        The file is absent, empty, of no known form or encoding, broken, declares entities (XXE), or would grow beyond
        the limits (zip bomb).
    """
    if not path.is_file():
        raise _refused("file_missing", path)
    with path.open("rb") as handle:
        start = handle.read(8)
    if not start.strip():
        raise _refused("file_empty", path)
    if start.startswith(_PARQUET):
        return (Sheet("", lambda: _parquet_rows(path, limits or Limits())),)
    if start.startswith(_ZIP):
        _inspect(path, limits or Limits())
    if start.startswith((_ZIP, _OLE)):
        return _workbook(path)
    encoding = _encoding(path)
    separator = _separator(path, encoding)
    return (Sheet("", lambda: _text_rows(path, encoding, separator)),)


def _refused(code: str, path: Path, hint: str = "", **values: Any) -> InputError:
    return InputError(code, values, {"file": path.name}, hint)


def _inspect(path: Path, limits: Limits) -> None:
    """Unpack once without keeping anything: sizes as they are, not as the archive declares them."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > limits.entries:
                raise _refused("file_bomb", path, "file_save_anew", n=len(entries))
            most = min(limits.bytes, max(50 << 20, path.stat().st_size * limits.growth))
            if sum(entry.file_size for entry in entries) > most:
                raise _refused("file_bomb", path, "file_save_anew", n=sum(entry.file_size for entry in entries))
            for entry in entries:
                with archive.open(entry) as part:
                    most -= _measured(part, most, path, entry.filename.endswith((".xml", ".rels")))
    except _BROKEN as error:
        raise _refused("file_broken", path, "file_save_anew", problem=str(error)) from error


def _measured(part: IO[bytes], most: int, path: Path, is_xml: bool) -> int:
    size, tail = 0, b""
    while chunk := part.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise _refused("file_bomb", path, "file_save_anew", n=size)
        if is_xml and _FORBIDDEN.search(tail + chunk):
            raise _refused("file_entities", path, "file_save_anew")
        tail = chunk[-16:]
    return size


def _workbook(path: Path) -> tuple[Sheet, ...]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        found = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise _refused("file_broken", path, "file_save_anew", problem=str(error)) from error
    filled = tuple(Sheet(name, sheet.iter_rows) for name, sheet in found if sheet.end is not None)
    if not filled:
        raise _refused("file_empty", path)
    return filled


def _parquet_rows(path: Path, limits: Limits) -> Iterator[Row]:
    """Rows of a parquet file; texts are kept as a dictionary until it is known how long they are written out."""
    try:
        table = pq.ParquetFile(path)
        declared = sum(table.metadata.row_group(at).total_byte_size for at in range(table.num_row_groups))
        if declared > limits.bytes or table.metadata.num_columns > limits.entries:
            raise _refused("file_bomb", path, "file_save_anew", n=declared)
        names = table.schema_arrow.names
        texts = [one.name for one in table.schema_arrow if pa.types.is_string(one.type) or pa.types.is_binary(one.type)]
        table = pq.ParquetFile(path, read_dictionary=texts)
        yield names
        left = limits.bytes
        for batch in table.iter_batches(batch_size=_PARQUET_ROWS):
            size = _written_out(batch)
            left -= size
            if left < 0 or size > max(50 << 20, batch.nbytes * limits.growth):
                raise _refused("file_bomb", path, "file_save_anew", n=size)
            yield from zip(*map(_column_cells, batch.columns), strict=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _refused("file_broken", path, "file_save_anew", problem=str(error)) from error


def _written_out(batch: pa.RecordBatch) -> int:
    """Bytes of a batch once every text stands in its cell."""
    size = int(batch.nbytes)
    for column in batch.columns:
        if isinstance(column, pa.DictionaryArray):
            size += int(pc.sum(pc.take(pc.binary_length(column.dictionary), column.indices)).as_py() or 0)
    return size


def _column_cells(column: pa.Array) -> list[Raw]:
    """The cells of a column; a list of things is written as one text."""
    cells: list[Any] = column.to_pylist()
    if pa.types.is_nested(column.type):
        return ["；".join(map(str, cell)) if isinstance(cell, list | tuple) else cell and str(cell) for cell in cells]
    return cells


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        start = handle.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: Iterable[str] = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise _refused("file_encoding", path, "file_save_utf8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                if "\0" in decoder.decode(chunk):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as handle:
        lines = [line for line in (handle.readline(100_000) for _ in range(10)) if line.strip()]
    counts = {mark: sorted(line.count(mark) for line in lines) for mark in (",", "\t", ";", "|")}
    return max(counts, key=lambda mark: (counts[mark][len(lines) // 2] if lines else 0, mark == ","))


def _text_rows(path: Path, encoding: str, separator: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as handle:
        reader = csv.reader(handle, delimiter=separator)
        try:
            yield from reader
        except csv.Error as error:
            raise _refused("file_broken", path, "file_save_anew", problem=f"{reader.line_num}: {error}") from error
