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

from .conventions import Convention
from .indicators import Indicators, indicators
from .inputoutput import Economy
from .queries import cells
from .report import pair
from .results import PairReport

__all__ = [
    "LongTable",
    "counts_in",
    "indicators_of",
    "io_of",
    "long_table",
    "pair_of",
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
    return replace(long_table(store.sql(cells()).arrow()).latest, unit=unit)


def tables(counts: Counts, found: Indicators) -> dict[str, pa.Table]:
    """Indicators as Arrow tables: ``regions``, ``industries``, ``cells``."""
    n, m = found.rca.shape
    year = [counts.year] if counts.year else []

    def named(size: int, **columns: Any) -> pa.Table:
        return pa.table({**({"year": pa.array(year * size)} if year else {}), **columns})

    flat = {name: pa.array(np.ravel(getattr(found, name))) for name in ("rca", "presence", "density", "gain")}
    index = [pa.array(np.repeat(np.arange(n, dtype=np.int32), m)), pa.array(np.tile(np.arange(m, dtype=np.int32), n))]
    keys = [pa.DictionaryArray.from_arrays(at, pa.array(names)) for at, names in
            zip(index, (counts.regions, counts.industries), strict=True)]  # fmt: skip
    return {
        "regions": named(n, region=counts.regions, diversity=found.diversity, eci=found.eci, coi=found.outlook),
        "industries": named(m, industry=counts.industries, ubiquity=found.ubiquity, pci=found.pci),
        "cells": named(
            n * m, region=keys[0], industry=keys[1], value=pa.array(counts.values.ravel()),
            **{"cog" if name == "gain" else name: column for name, column in flat.items()},
        ),
    }  # fmt: skip


def indicators_of(
    path: Path,
    out: Path,
    *,
    convention: str | Convention = "atlas",
    least_diversity: int = 0,
    least_ubiquity: int = 0,
    progress: Progress = silent,
) -> tuple[Reason, ...]:
    """Write ``regions.csv``, ``industries.csv`` and ``cells.parquet`` for every year of a long table."""
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
    """
    counts = read_long(path).latest
    if national and national not in counts.regions:
        raise InputError("diagnose_region_unknown", {"region": national})
    if not national:
        national, counts = NATION, _with_nation(counts, (region_a, region_b))
    table = read_io(io) if io else None
    report = pair(
        counts,
        region_a,
        region_b,
        national=national,
        io={national: table} if table else {},
        sector_of={row["industry"]: row["sector"] for row in _rows(sectors)} if sectors else {},
        convention=convention,
        progress=progress,
    )
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    (out / "pair.json").write_text(text + "\n", encoding="utf-8")
    _write_links(out / "links.csv", report)
    return report


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
        A sector has no column, or a cell is not a number; all are named.
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
