"""Long tables of counts in: files and frames, every row accounted for, years by the calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from duijie.cells import CellType, read
from duijie.cells.figures import MOST
from duijie.errors import Fault, InputError
from duijie.sheets import Record, read_records
from duijie.terms import Counts, Reason

__all__ = ["LongTable", "amount", "long_table", "read_long", "rows_of"]

_YEAR = CellType("date")
_AMOUNT = CellType("number", minimum=0.0)
_CHUNK = 1 << 20
_TOLD = 100  # faults of one kind that are named


@dataclass(frozen=True, eq=False)
class LongTable:
    """A long table as one table of counts a year, in the order of the calendar, and what a reader must be warned of.

    A cell without a row is 0. Years that are missing between the first and the last, and regions without any row in
    some of the years, are warned of.
    """

    years: Mapping[str, Counts]
    warnings: tuple[Reason, ...]

    @property
    def latest(self) -> Counts:
        """The counts of the last year."""
        return self.years[max(self.years)]

    def stock(self, until: str) -> Counts:
        """All that entered up to a year, for tables whose years are years of entry (registrations).

        Who left is not in such a table: it is what entered and is still listed, not what stood there then. Only years
        in which every asked region has rows are comparable (see :meth:`comparable_until`).

        Raises
        ------
        InputError
            No year of the table is that early.
        """
        kept = [table for year, table in self.years.items() if year <= until]
        if not kept:
            raise InputError("diagnose_year_unknown", {"year": until, "first": min(self.years, default="")})
        return replace(kept[0], values=np.sum([one.values for one in kept], axis=0), year=f"–{until}")

    def comparable_until(self, regions: Sequence[str]) -> str:
        """The last year up to which each region has rows in every year since all have begun; empty where none is.

        A later gap of one region would look like a loss of all its industries at once.
        """
        last, spans = "", [str(year) for year in range(int(min(self.years)), int(max(self.years)) + 1)]
        for year in spans:
            full = all(year in self.years_of(region) for region in regions)
            if last and not full:
                return last
            last = year if full else last
        return last

    def years_of(self, region: str) -> tuple[str, ...]:
        """The years in which a region has anything, in order."""
        return tuple(
            year
            for year, table in self.years.items()
            if region in table.regions and table.values[table.regions.index(region)].any()
        )


def read_long(path: Path, *, unit: str = "") -> LongTable:
    """A table (text, workbook or Parquet) with the columns region, industry, value and, if it has several, year.

    Raises
    ------
    InputError
        The file is absent or no table, a column is missing, or a cell is no amount or no year; each with its row.
    """
    if not path.is_file():
        raise InputError("file_missing", {}, {"file": str(path)})
    if path.suffix == ".parquet":
        try:
            return long_table(pq.read_table(path), unit=unit, file=path.name)
        except pa.ArrowInvalid as error:
            raise InputError("file_broken", {"problem": str(error)}, {"file": path.name}, "file_save_anew") from error
    plain = _plain_text(path)
    if plain is not None:
        return long_table(plain, unit=unit, file=path.name)
    rows = rows_of(path)
    names = list(rows[0]) if rows else []
    columns = {name: pa.array([row[name] or None for row in rows], pa.string()) for name in names}
    return _long_table(pa.table(columns), unit, path.name, [row.number for row in rows])


def rows_of(path: Path) -> tuple[Record, ...]:
    """The rows of a small table as text; see :func:`duijie.sheets.read_records`.

    Raises
    ------
    InputError
        The file is absent, cannot be read, or is no plain table; all faults at once.
    """
    if not path.is_file():
        raise InputError("file_missing", {}, {"file": str(path)})
    return read_records(path).sound()


def _plain_text(path: Path) -> pa.Table | None:
    """A text in UTF-8 with commas, without quotes and blank lines, read at once; None where it is anything else.

    As many lines as records: nothing is swallowed. Codes keep their zeros: everything is read as text.
    """
    n_lines, end = 0, b""
    with path.open("rb") as handle:
        heading = handle.readline(_CHUNK).removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
        while chunk := handle.read(_CHUNK):
            if b'"' in chunk or b"\r" in chunk.replace(b"\r\n", b"") or b"\0" in chunk:
                return None
            n_lines, end = n_lines + chunk.count(b"\n"), chunk[-1:]
    names = heading.split(b",")
    if any(mark in heading for mark in b'"\t;|\r\0') or len(set(names)) < max(2, len(names)) or not heading.isascii():
        return None
    types = {name.decode(): pa.string() for name in names}
    options = pacsv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    try:
        table = pacsv.read_csv(path, convert_options=options)
    except pa.ArrowInvalid:
        return None
    return table if table.num_rows == n_lines + (end not in (b"", b"\n")) else None


def long_table(source: Any, *, unit: str = "", file: str = "") -> LongTable:
    """Counts a year from any long dataframe or Arrow table (region, industry, value[, year]).

    Rows of one cell are added up, with a warning; region and industry may be categorical or dictionary columns, which
    are used as they are. Years may come in any order and be written 2024 or 2024年.

    Raises
    ------
    InputError
        With a fault for each missing column or bad row: an amount that is none, negative or not finite, a year that is
        none or more exact than a year.
    """
    return _long_table(source if isinstance(source, pa.Table) else pa.table(source), unit, file, None)


def _long_table(table: pa.Table, unit: str, file: str, numbers: Sequence[int] | None) -> LongTable:
    missing = [name for name in ("region", "industry", "value") if name not in table.column_names]
    if missing:
        faults = tuple(Fault("key_missing", {"file": file, "column": name}, {"key": name}) for name in missing)
        raise InputError("diagnose_columns_missing", {"columns": missing}, {"file": file}, faults=faults)
    place = _Place(file, numbers)
    amounts = _amounts(table["value"], place)
    (regions, row), (industries, column) = (_factorised(table[name], name, place) for name in ("region", "industry"))
    years, year = _years(table["year"], place) if "year" in table.column_names else (("",), None)
    shape = (len(years), len(regions), len(industries))
    flat = row * shape[2] + column
    flat = flat if year is None else flat + year * (shape[1] * shape[2])
    size = int(np.prod(shape))
    cube = np.bincount(flat, weights=amounts, minlength=size).reshape(shape)
    n_cells = int(np.count_nonzero(np.bincount(flat, minlength=size)))
    doubled = len(flat) - n_cells
    counts = {name: Counts(regions, industries, cube[at], unit, name) for at, name in enumerate(years)}
    warnings = [Reason("diagnose_rows_added", {"n": doubled}, is_for=False)] if doubled else []
    return LongTable(counts, (*warnings, *_gaps(years, regions, cube)))


def _gaps(years: Sequence[str], regions: Sequence[str], cube: NDArray[Any]) -> Iterator[Reason]:
    """What a reader of the years must know: years that are missing, and regions without rows in some of them."""
    if len(years) < 2:
        return
    missing = sorted({*range(int(years[0]), int(years[-1]) + 1)} - {*map(int, years)})
    if missing:
        values = {"years": missing, "first": years[0], "last": years[-1]}
        yield Reason("diagnose_years_gap", values, is_for=False)
    n_years = np.count_nonzero(cube.any(axis=2), axis=0)
    lacking = [region for region, n in zip(regions, n_years, strict=True) if 0 < n < len(years)]
    if lacking:
        yield Reason("diagnose_regions_gap", {"n": len(lacking), "regions": lacking[:10]}, is_for=False)


@dataclass(frozen=True)
class _Place:
    """Where the rows stand: below a heading in order, or at `numbers`."""

    file: str
    numbers: Sequence[int] | None

    def of(self, at: int, column: str) -> dict[str, Any]:
        return {"file": self.file, "row": self.numbers[at] if self.numbers else at + 2, "column": column}


def _years(column: pa.ChunkedArray, place: _Place) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The years in order and the position of each row's among them; 2024 and 2024年 are one."""
    words, at = _factorised(column, "year", place)
    found = [read(float(word) if _is_float(word) else word, _YEAR).value or "" for word in words]
    wrong = {word for word, year in enumerate(found) if len(year) != 4}
    if wrong:
        bad = [row for row, word in enumerate(at) if word in wrong]
        faults = [Fault("diagnose_year_wrong", place.of(row, "year"), {"value": words[at[row]]}) for row in bad[:_TOLD]]
        raise InputError("diagnose_years_wrong", {"n": len(bad)}, {"file": place.file}, faults=faults)
    names = sorted(set(found))
    return tuple(names), np.array([names.index(year) for year in found], dtype=np.int64)[at]


def _is_float(word: str) -> bool:
    """Whether a year is written as a column of floats holds it: 2024.0."""
    return word.endswith(".0") and word[:-2].isdigit()


def _factorised(column: pa.ChunkedArray, name: str, place: _Place) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The names of a column in order and the position of each row's among them."""
    if column.null_count:
        bad = np.flatnonzero(column.is_null().to_numpy())
        faults = tuple(Fault("diagnose_cell_empty", place.of(int(at), name)) for at in bad[:_TOLD])
        raise InputError("diagnose_cells_empty", {"n": len(bad)}, {"file": place.file}, faults=faults)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    words = [str(word) for word in whole.dictionary.to_pylist()]
    names = sorted(set(words))
    at = {word: position for position, word in enumerate(names)}
    return tuple(names), np.array([at[word] for word in words], np.int64)[whole.indices.to_numpy(zero_copy_only=False)]


def _amounts(column: pa.ChunkedArray, place: _Place) -> NDArray[np.float64]:
    """Amounts as numbers; every row that is none is named."""
    try:
        found = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        found = np.array([amount(cell) for cell in column.to_pylist()])
    bad = np.flatnonzero(~((found >= 0) & (found <= MOST)))
    if len(bad):
        shown = pc.cast(column, pa.string()).take(pa.array(bad[:_TOLD])).to_pylist()
        faults = tuple(
            Fault("diagnose_cell_empty", place.of(int(at), "value"))
            if text is None
            else Fault("diagnose_amount_wrong", place.of(int(at), "value"), {"value": text})
            for at, text in zip(bad[:_TOLD], shown, strict=True)
        )
        raise InputError("diagnose_values_wrong", {"n": len(bad)}, {"file": place.file}, faults=faults)
    return found


def amount(cell: Any, *, is_signed: bool = False) -> float:
    """A figure as it is written, not negative unless signed; NaN where the cell is empty, doubtful or none.

    Examples
    --------
    >>> amount("1,200"), amount("约1200"), amount("-3"), amount("-3", is_signed=True)
    (1200.0, nan, nan, -3.0)
    """
    found = read(cell, CellType("number") if is_signed else _AMOUNT)
    return float("nan") if found.value is None or found.confidence < 1 else float(found.value)
