"""Files and frames in, tables out: the only room of the wing that reads, opens a store and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from duijie.cells import CellType, read
from duijie.errors import Fault, InputError
from duijie.sheets import Record
from duijie.store import Store
from duijie.terms import Counts, IOTable, Progress, Reason, silent

from . import queries
from .conventions import Convention
from .groupings import Grouping
from .indicators import Indicators, indicators
from .inputoutput import Economy
from .long import LongTable, amount, long_table, read_long, rows_of
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
_TRUTH = CellType("choice", choices={"1": ("true", "yes", "是"), "0": ("false", "no", "否")})


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

    Raises
    ------
    InputError
        ``diagnose_region_year``: a region has rows in earlier years and none in the last. ``diagnose_before_late``,
        ``diagnose_before_other``: the earlier table is not of an earlier year, or has no region and industry in common.
    """
    long = read_long(path)
    counts = _last_year(long, (region_a, region_b))
    earlier, told = _earlier(read_long(before).latest, counts) if before else (None, ())
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
        sector_of=_sectors(sectors) if sectors else {},
        before=earlier,
        groupings=read_groupings(groupings) if groupings else (),
        convention=convention,
        progress=progress,
    )
    # What the file was warned of is a risk of whatever rests on it.
    report = replace(report, risks=(*long.warnings, *told, *report.risks))
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    (out / "pair.json").write_text(text + "\n", encoding="utf-8")
    _write_links(out / "links.csv", report)
    return report


def _last_year(long: LongTable, regions: Sequence[str]) -> Counts:
    """The counts of the last year, in which each of the regions must have rows if it has any."""
    counts = long.latest
    spans = {region: long.years_of(region) for region in regions}
    faults = [
        Fault("diagnose_region_year", {}, {"region": region, "year": counts.year, "last": own[-1]})
        for region, own in spans.items()
        if own and own[-1] < counts.year
    ]
    if faults:
        raise InputError(faults[0].code, faults[0].values, faults=faults)
    return counts


def _earlier(other: Counts, counts: Counts) -> tuple[Counts, tuple[Reason, ...]]:
    """An earlier table with the regions and industries of a later one, and how much of it these do not hold."""
    if other.year and counts.year and other.year >= counts.year:
        raise InputError("diagnose_before_late", {"year": other.year, "last": counts.year})
    values = np.zeros(counts.values.shape)
    rows, columns = (
        [[axis.index(name) for name in both] for axis in (here, there)]
        for here, there, both in (
            (other.regions, counts.regions, sorted({*other.regions} & {*counts.regions})),
            (other.industries, counts.industries, sorted({*other.industries} & {*counts.industries})),
        )
    )
    values[np.ix_(rows[1], columns[1])] = other.values[np.ix_(rows[0], columns[0])]
    whole = float(other.values[rows[0]].sum())
    if not values.any():
        raise InputError("diagnose_before_other", {"year": other.year})
    left_out = 1 - float(values.sum()) / whole
    told = (Reason("diagnose_before_part", {"share": round(left_out, 4)}, is_for=False),) if left_out > 1e-9 else ()
    return replace(counts, values=values, year=other.year), told


def _sectors(path: Path) -> dict[str, str]:
    """The sector of each industry from a CSV (industry, sector); an industry given twice is a fault."""
    rows = _with_columns(rows_of(path), ("industry", "sector"), path)
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for row in rows:
        where = {"file": path.name, "row": row.number}
        if found.setdefault(row["industry"], row["sector"]) != row["sector"]:
            faults.append(Fault("diagnose_sector_twice", where, {"industry": row["industry"]}))
        faults += [Fault("diagnose_cell_empty", {**where, "column": name}) for name, text in row.items() if not text]
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": path.name}, faults=faults)
    return found


def _with_columns(rows: Sequence[Record], names: Sequence[str], path: Path) -> Sequence[Record]:
    """The rows of a table that has the columns; without a row it has none."""
    absent = [name for name in names if not rows or name not in rows[0]]
    if absent:
        faults = tuple(Fault("key_missing", {"file": path.name, "column": name}, {"key": name}) for name in absent)
        raise InputError("diagnose_columns_missing", {"columns": absent}, {"file": path.name}, faults=faults)
    return rows


def read_groupings(path: Path) -> tuple[Grouping, ...]:
    """Official groupings from a CSV: ``grouping, industry`` and, where known, ``name_zh, name_en, is_partial``.

    A row a heading; one of which only a part belongs to the grouping has ``is_partial`` 1.

    Raises
    ------
    InputError
        The file is absent or lacks a column, or ``is_partial`` is no truth.
    """
    rows = _with_columns(rows_of(path), ("grouping", "industry"), path)
    partial = [read(row.get("is_partial", ""), _TRUTH) for row in rows]
    faults = [
        Fault(cell.wrong.code, {"file": path.name, "row": row.number, "column": "is_partial"}, cell.wrong.values)
        for row, cell in zip(rows, partial, strict=True)
        if cell.wrong
    ]
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": path.name}, faults=faults)

    def codes(key: str, is_partial: bool) -> tuple[str, ...]:
        return tuple(
            row["industry"]
            for row, cell in zip(rows, partial, strict=True)
            if row["grouping"] == key and (cell.value == "1") == is_partial
        )

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
    rows = _with_columns(rows_of(path), ("sector",), path)
    sectors = [row["sector"] for row in rows]
    faults: list[Fault] = []

    def number(at: int, column: str) -> float:
        found = amount(rows[at][column], is_signed=True)
        if not np.isfinite(found):
            where = {"file": path.name, "row": rows[at].number, "column": column}
            faults.append(Fault("diagnose_amount_wrong", where, {"value": rows[at][column]}))
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
