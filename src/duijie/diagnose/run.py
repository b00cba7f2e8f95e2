"""Files and frames in, tables out: the only room of the wing that reads, opens a store and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from duijie.errors import Fault, InputError
from duijie.store import Store
from duijie.terms import Counts, IOTable, Progress, Reason, silent

from . import queries
from .conventions import Convention
from .groupings import Grouping
from .indicators import Indicators, indicators
from .inputoutput import Economy
from .report import pair
from .results import PairReport

__all__ = [
    "LongTable",
    "counts_in",
    "firms_behind",
    "indicators_of",
    "io_of",
    "long_table",
    "pair_of",
    "read_groupings",
    "read_io",
    "read_long",
    "tables",
]

NATION = "*"


@dataclass(frozen=True, eq=False)
class LongTable:
    """A long table as one table of counts a year, and what a reader must be warned of."""

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
            full = year in self.years and all(
                self.years[year].values[self.years[year].regions.index(region)].any() for region in regions
            )
            if last and not full:
                return last
            last = year if full else last
        return last


def read_long(path: Path, *, unit: str = "") -> LongTable:
    """A CSV or Parquet file with the columns region, industry, value and, if it has several, year.

    Raises
    ------
    InputError
        The file is absent, a column is missing, or a value is no amount; each with its row.
    """
    return long_table(_read(path), unit=unit, file=path.name)


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise InputError("file_missing", {}, {"file": str(path)})
    if path.suffix == ".parquet":
        return pq.read_table(path)
    # Codes keep their zeros: everything is read as text, and only amounts are cast.
    with path.open(encoding="utf-8-sig", newline="") as file:
        heading = next(csv.reader(file), [])
    options = pacsv.ConvertOptions(column_types=dict.fromkeys(heading, pa.string()), strings_can_be_null=True)
    try:
        return pacsv.read_csv(path, convert_options=options)
    except pa.ArrowInvalid as error:
        raise InputError("diagnose_file_unreadable", {"problem": str(error)}, {"file": path.name}) from error


def long_table(source: Any, *, unit: str = "", file: str = "") -> LongTable:
    """Counts a year from any long dataframe or Arrow table (region, industry, value[, year]).

    Rows of one cell are added up, with a warning; region and industry may be categorical or dictionary columns, which
    are used as they are.

    Raises
    ------
    InputError
        With a fault for each missing column or bad row.
    """
    table = source if isinstance(source, pa.Table) else pa.table(source)
    missing = [name for name in ("region", "industry", "value") if name not in table.column_names]
    if missing:
        faults = tuple(Fault("key_missing", {"file": file, "column": name}, {"key": name}) for name in missing)
        raise InputError("diagnose_columns_missing", {"columns": missing}, {"file": file}, faults=faults)
    amounts = _amounts(table["value"], file)
    (regions, row), (industries, column) = (_factorised(table[name], name, file) for name in ("region", "industry"))
    years, year = _factorised(table["year"], "year", file) if "year" in table.column_names else (("",), None)
    shape = (len(years), len(regions), len(industries))
    flat = row * shape[2] + column
    flat = flat if year is None else flat + year * (shape[1] * shape[2])
    size = int(np.prod(shape))
    cube = np.bincount(flat, weights=amounts, minlength=size).reshape(shape)
    n_cells = int(np.count_nonzero(np.bincount(flat, minlength=size)))
    doubled = len(flat) - n_cells
    warnings = (Reason("diagnose_rows_added", {"n": doubled}, is_for=False),) if doubled else ()
    return LongTable(
        {name: Counts(regions, industries, cube[at], unit, name) for at, name in enumerate(years)}, warnings
    )


def _factorised(column: pa.ChunkedArray, name: str, file: str) -> tuple[tuple[str, ...], np.ndarray[Any, Any]]:
    """The names of a column in order and the position of each row's among them."""
    if column.null_count:
        bad = np.flatnonzero(column.is_null().to_numpy())
        faults = tuple(
            Fault("diagnose_cell_empty", {"file": file, "row": int(at) + 2, "column": name}) for at in bad[:100]
        )
        raise InputError("diagnose_cells_empty", {"n": len(bad)}, {"file": file}, faults=faults)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    words = [str(word) for word in whole.dictionary.to_pylist()]
    names = sorted(set(words))
    place = np.array(
        [names.index(word) for word in words] if len(words) < 50 else _places(words, names), dtype=np.int64
    )
    return tuple(names), place[whole.indices.to_numpy(zero_copy_only=False)]


def _places(words: Sequence[str], names: Sequence[str]) -> list[int]:
    at = {name: place for place, name in enumerate(names)}
    return [at[word] for word in words]


def _amounts(column: pa.ChunkedArray, file: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Amounts as numbers; every row that is none is named."""
    try:
        found = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        found = np.array([_number(text) for text in column.to_pylist()])
    if found.size and not (np.isfinite(found.sum()) and found.min() >= 0):
        bad = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
        if len(bad):
            shown = pc.cast(column, pa.string()).take(pa.array(bad[:100])).to_pylist()
            faults = tuple(
                Fault("diagnose_amount_wrong", {"file": file, "row": int(at) + 2, "column": "value"}, {"value": text})
                for at, text in zip(bad[:100], shown, strict=True)
            )
            raise InputError("diagnose_values_wrong", {"n": len(bad)}, {"file": file}, faults=faults)
    return found


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")


def counts_in(store: Store, *, unit: str) -> Counts:
    """Counts reduced inside a store from its table ``amounts`` (region, industry, value)."""
    return replace(long_table(store.sql(queries.cells()).arrow()).latest, unit=unit)


def firms_behind(store: Store, region: str, industry: str, *, limit: int = 50) -> pa.Table:
    """The named firms behind one cell of the counts, with the source and date of each.

    Parameters
    ----------
    store
        With a table ``firms`` (id, region, name, industry, products, registered_year, inferred, publisher, title, url,
        as_of), as the pipeline keeps it.
    industry
        A heading; what lies below it is taken in.
    limit
        At most so many, those with stated products first.

    Returns
    -------
    pa.Table
        Public columns only; empty where none is listed. The counts come from a wider sample than the list of firms: a
        cell may count more firms than can be named.
    """
    found = store.sql(queries.firms_behind(), region=region, industry=industry).batches(max(limit, 1))
    first = next(iter(found), None)
    schema = queries.firms_behind().schema
    return schema.empty_table() if first is None else pa.Table.from_batches([first], schema).slice(0, limit)


def tables(counts: Counts, found: Indicators) -> dict[str, pa.Table]:
    """Indicators as Arrow tables: ``regions``, ``industries``, ``cells``."""
    made = found.to_arrow(counts.regions, counts.industries)
    made["cells"] = made["cells"].add_column(2, "value", pa.array(counts.values.ravel()))
    if not counts.year:
        return made
    return {name: table.add_column(0, "year", pa.array([counts.year] * table.num_rows)) for name, table in made.items()}


def indicators_of(
    path: Path,
    out: Path,
    *,
    convention: str | Convention = "atlas",
    least_diversity: int = 0,
    least_ubiquity: int = 0,
    progress: Progress = silent,
) -> tuple[Reason, ...]:
    """Write ``regions.csv``, ``industries.csv``, ``cells.parquet`` and ``warnings.json`` for every year of a table."""
    long = read_long(path)
    warnings, made = list(long.warnings), []
    for year in sorted(long.years):
        found = indicators(
            long.years[year],
            convention=convention,
            least_diversity=least_diversity,
            least_ubiquity=least_ubiquity,
            progress=progress,
        )
        warnings += [replace(one, values={**one.values, "year": year}) for one in found.warnings]
        made.append(tables(long.years[year], found))
    out.mkdir(parents=True, exist_ok=True)
    for name in ("regions", "industries"):
        _write_csv(out / f"{name}.csv", pa.concat_tables([one[name] for one in made]))
    pq.write_table(pa.concat_tables([one["cells"] for one in made]).unify_dictionaries(), out / "cells.parquet")
    told = json.dumps([one.to_dict() for one in warnings], ensure_ascii=False, indent=1)
    (out / "warnings.json").write_text(told + "\n", encoding="utf-8")
    return tuple(warnings)


def _write_csv(path: Path, table: pa.Table) -> None:
    pacsv.write_csv(table, path)


def pair_of(
    path: Path,
    region_a: str,
    region_b: str,
    out: Path,
    *,
    national: str = "",
    io: Path | None = None,
    sectors: Path | None = None,
    before: Path | None = None,
    groupings: Path | None = None,
    convention: str | Convention = "atlas",
    progress: Progress = silent,
) -> PairReport:
    """Write ``links.csv`` and ``pair.json`` for two regions of a long table.

    Parameters
    ----------
    national
        The region that stands for the country; without one, all other regions together.
    io, sectors
        A table for :func:`read_io`, and a CSV (industry, sector): with them supply links are computed.
    before
        The same table at an earlier date: with it pressure and transfer candidates are computed.
    groupings
        A file for :func:`read_groupings`: official groupings to count on each side.
    """
    long = read_long(path)
    counts = long.latest
    earlier = _aligned(read_long(before).latest, counts) if before else None
    if national and national not in counts.regions:
        raise InputError("diagnose_region_unknown", {"region": national})
    if not national:
        national, counts = NATION, _with_nation(counts, (region_a, region_b))
        earlier = earlier and _with_nation(earlier, (region_a, region_b))
    table = read_io(io) if io else None
    report = pair(
        counts,
        region_a,
        region_b,
        national=national,
        io={national: table} if table else {},
        sector_of={row["industry"]: row["sector"] for row in _rows(sectors)} if sectors else {},
        before=earlier,
        groupings=read_groupings(groupings) if groupings else (),
        convention=convention,
        progress=progress,
    )
    # What the file was warned of is a risk of whatever rests on it.
    report = replace(report, risks=(*long.warnings, *report.risks))
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    (out / "pair.json").write_text(text + "\n", encoding="utf-8")
    _write_links(out / "links.csv", report)
    return report


def _aligned(other: Counts, counts: Counts) -> Counts:
    """A table with the regions and industries of another; what it does not have is 0."""
    values = np.zeros(counts.values.shape)
    rows, columns = (
        [[axis.index(name) for name in both] for axis in (here, there)]
        for here, there, both in (
            (other.regions, counts.regions, sorted({*other.regions} & {*counts.regions})),
            (other.industries, counts.industries, sorted({*other.industries} & {*counts.industries})),
        )
    )
    values[np.ix_(rows[1], columns[1])] = other.values[np.ix_(rows[0], columns[0])]
    return replace(counts, values=values, year=other.year)


def read_groupings(path: Path) -> tuple[Grouping, ...]:
    """Official groupings from a CSV: ``grouping, industry`` and, where known, ``name_zh, name_en, is_partial``.

    A row a heading; one of which only a part belongs to the grouping has ``is_partial`` 1.

    Raises
    ------
    InputError
        The file is absent or lacks a column.
    """
    rows = list(_rows(path))
    absent = [name for name in ("grouping", "industry") if rows and name not in rows[0]]
    if absent or not rows:
        faults = tuple(Fault("key_missing", {"file": path.name, "column": name}, {"key": name}) for name in absent)
        raise InputError("diagnose_columns_missing", {"columns": absent}, {"file": path.name}, faults=faults)

    def codes(key: str, is_partial: bool) -> tuple[str, ...]:
        return tuple(
            row["industry"] for row in rows
            if row["grouping"] == key and (str(row.get("is_partial") or "0") == "1") == is_partial
        )  # fmt: skip

    heads = {row["grouping"]: row for row in reversed(rows)}
    return tuple(
        Grouping(
            key,
            {"zh": row.get("name_zh") or key, "en": row.get("name_en") or key},
            codes(key, is_partial=False),
            codes(key, is_partial=True),
        )
        for key, row in sorted(heads.items())
    )


def _with_nation(counts: Counts, pair_of_regions: tuple[str, str]) -> Counts:
    """The counts with one more row: all regions but the two, the sample they are compared with."""
    rest = [at for at, region in enumerate(counts.regions) if region not in pair_of_regions]
    values = np.vstack([counts.values, counts.values[rest].sum(0)])
    return replace(counts, regions=(*counts.regions, NATION), values=values)


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    return list(_read(path).to_pylist())


LINK_COLUMNS = ("kind", "from_region", "to_region", "from_industry", "to_industry", "score")


def _write_links(path: Path, report: PairReport) -> None:
    """Supply links and added-relatedness candidates in one list, best first within their kind."""
    rows = [
        ("supply", one.supplier_region, one.buyer_region, one.supplier_industry, one.buyer_industry, one.score)
        for one in report.links
    ]
    rows += [
        ("added", side["partner"], side["region"], "", one["industry"], one["score"])
        for side in report.added
        for one in side["candidates"]
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LINK_COLUMNS)
        writer.writerows(rows)


def read_io(path: Path) -> IOTable:
    """A CSV with a row a sector: ``sector``, a column of flows named as each sector, ``final_demand``, ``output``.

    ``value_added`` is read where it is a column; ``output`` may be left out and is then flows + final demand.

    Raises
    ------
    InputError
        A sector has no column or stands twice, or a cell is not a number; all are named.
    """
    rows = list(_rows(path))
    sectors = [str(row.get("sector")) for row in rows]
    faults: list[Fault] = []

    def number(at: int, column: str) -> float:
        found = _number(rows[at].get(column))
        if not np.isfinite(found):
            where = {"file": path.name, "row": at + 2, "column": column}
            faults.append(Fault("diagnose_amount_wrong", where, {"value": rows[at].get(column)}))
        return found

    def column(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([number(at, name) for at in range(len(rows))])

    heading = set(rows[0]) if rows else set()
    absent = [name for name in (*sectors, "final_demand") if name not in heading]
    if absent:
        known = tuple(Fault("key_missing", {"file": path.name, "column": name}, {"key": name}) for name in absent)
        raise InputError("diagnose_columns_missing", {"columns": absent}, {"file": path.name}, faults=known)
    twice = sorted({name for name in sectors if sectors.count(name) > 1})
    if twice:
        raise InputError("diagnose_sectors_repeat", {"sectors": twice}, {"file": path.name})
    flows = np.stack([column(name) for name in sectors], axis=1)
    final = column("final_demand")
    output = column("output") if "output" in heading else flows.sum(1) + final
    added = column("value_added") if "value_added" in heading else None
    if faults:
        raise InputError("diagnose_values_wrong", {"n": len(faults)}, {"file": path.name}, faults=faults[:100])
    return IOTable(tuple(sectors), flows, final, output, "", value_added=added)


def io_of(path: Path, out: Path) -> None:
    """Write ``multipliers.csv``, ``linkages.csv`` and ``extraction.csv`` of an input–output table."""
    table = read_io(path)
    model = Economy.of(table)
    found, links, taken = model.multipliers(), model.linkages(), model.extraction()
    out.mkdir(parents=True, exist_ok=True)
    made: dict[str, dict[str, Any]] = {
        "multipliers": {"output": found.output},
        "linkages": {
            "backward": links.backward,
            "forward": links.forward,
            "sensitivity": links.sensitivity,
            "is_key": links.is_key,
        },
        "extraction": {"loss": taken.loss, "share": taken.share},
    }
    if found.value_added is not None:
        made["multipliers"]["value_added"] = found.value_added
    for name, columns in made.items():
        _write_csv(out / f"{name}.csv", pa.table({"sector": table.sectors, **columns}))
