"""Open any office's file safely: separated texts, xlsx, xls, parquet, and web pages and XML that bear their names."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duijie.cells import Raw
from duijie.errors import BROKEN_ARCHIVE

from .markup import is_html, is_xml_workbook, web_tables, xml_workbook
from .sheet import Limits, Row, Sheet, refused
from .texts import text_sheet
from .workbooks import Parts, deepest, workbook

__all__ = ["sheets"]

_CHUNK = 1 << 20
_LARGE = 50 << 20  # whatever unpacks to no more is no bomb
_PARQUET_ROWS = 20_000
_WORKBOOK = "xl/workbook.xml"
# archives of other programs; what they hide or could not calculate is not read here
_ARCHIVES = (("content.xml", "ODF"), ("xl/workbook.bin", "XLSB"), ("word/document.xml", "DOCX"))
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_BROKEN = (*BROKEN_ARCHIVE, ValueError)
# what else is sent under the name of a table; each is named, with its remedy
_OTHERS = ((b"%PDF", "PDF"), (b"{\\rtf", "RTF"), (b"MIME-Version:", "MHTML"), (b"Rar!", "RAR"), (b"7z\xbc\xaf", "7z"))


def sheets(path: Path, *, limits: Limits | None = None) -> tuple[Sheet, ...]:
    """The sheets of a file that hold anything; what the file is, its first bytes decide, not its name.

    Raises
    ------
    InputError
        The file is absent, empty, of no known form or encoding, broken, declares entities (XXE), or would grow beyond
        the limits (zip bomb).
    """
    if not path.is_file():
        raise refused("file_missing", path)
    with path.open("rb") as handle:
        start = handle.read(4096)
    if not start.strip():
        raise refused("file_empty", path)
    if start.startswith(_PARQUET):
        return (Sheet("", lambda: _parquet_rows(path, limits or Limits())),)
    if start.startswith(_ZIP):
        return workbook(path, _inspect(path, limits or Limits()))
    if start.startswith(_OLE):
        return workbook(path, None)
    for mark, form in _OTHERS:
        if start.startswith(mark):
            raise refused("file_other_form", path, "file_save_anew", form=form)
    if is_xml_workbook(start):
        return xml_workbook(path, limits or Limits())
    return web_tables(path, limits or Limits()) if is_html(start) else (text_sheet(path),)


def _inspect(path: Path, limits: Limits) -> Parts:
    """Look through the parts of an archive without keeping any; of none is more unpacked than it declares.

    Cells far from each other are few bytes in a file, and all between them once it is laid out.
    """
    parts = Parts()
    try:
        with zipfile.ZipFile(path) as archive:
            names, declared = archive.namelist(), sum(entry.file_size for entry in archive.infolist())
            if len(names) > limits.entries:
                raise refused("file_bomb", path, "file_save_anew", n=len(names))
            if declared > min(limits.bytes, max(_LARGE, path.stat().st_size * limits.growth)):
                raise refused("file_bomb", path, "file_save_anew", n=declared)
            if _WORKBOOK not in names:
                form = next((form for part, form in _ARCHIVES if part in names), "ZIP")
                raise refused("file_other_form", path, "file_save_anew", form=form)
            if len(set(names)) < len(names):
                raise zipfile.BadZipFile("a part twice")
            for name in names:
                with archive.open(name) as part:
                    _look(part, path, name, parts)
            for name, columns in parts.wide.items():
                with archive.open(name) as part:
                    n = columns * max(deepest(text) for text in _pieces(part))
                if n > limits.cells:
                    raise refused("file_bomb", path, "file_save_anew", n=n)
    except _BROKEN as error:
        raise refused("file_broken", path, "file_save_anew", problem=str(error)) from error
    return parts


def _look(part: IO[bytes], path: Path, name: str, parts: Parts) -> None:
    is_xml = name.endswith((".xml", ".rels"))
    for text in _pieces(part):
        if is_xml and b"<!" in text and _FORBIDDEN.search(text):
            raise refused("file_entities", path, "file_save_anew")
        parts.look(name, text)


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    """What a part holds, piece by piece; a tag that is cut stands whole in the next one."""
    tail = b""
    while chunk := part.read(_CHUNK):
        text = tail + chunk
        yield text
        tail = text[text.rfind(b"<") :][-_CHUNK:]


def _parquet_rows(path: Path, limits: Limits) -> Iterator[Row]:
    """Rows of a parquet file; texts are kept as a dictionary until it is known how long they are written out."""
    try:
        table = pq.ParquetFile(path)
        declared = sum(table.metadata.row_group(at).total_byte_size for at in range(table.num_row_groups))
        if declared > limits.bytes or table.metadata.num_columns > limits.entries:
            raise refused("file_bomb", path, "file_save_anew", n=declared)
        names = table.schema_arrow.names
        texts = [one.name for one in table.schema_arrow if pa.types.is_string(one.type) or pa.types.is_binary(one.type)]
        table = pq.ParquetFile(path, read_dictionary=texts)
        yield names
        left = limits.bytes
        for batch in table.iter_batches(batch_size=_PARQUET_ROWS):
            size = _written_out(batch)
            left -= size
            if left < 0 or size > max(_LARGE, batch.nbytes * limits.growth):
                raise refused("file_bomb", path, "file_save_anew", n=size)
            yield from zip(*map(_column_cells, batch.columns), strict=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise refused("file_broken", path, "file_save_anew", problem=str(error)) from error


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
