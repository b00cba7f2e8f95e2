"""The tables of an agreement folder as terms: who is there, what they need and offer, figures, trains, events."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from duijie.data import check, read, root, table
from duijie.data.evidence import organisation_kind
from duijie.data.sources import source
from duijie.errors import DataFileError, Fault
from duijie.terms import Counts, Listing, Party, Source, TravelTimes

__all__ = ["RECORDED", "Example", "load"]

Row = Mapping[str, str]
_PARTY_TABLES = {
    "firms": "firm",
    "institutions": "institute",
    "carriers": "carrier",
    "funds": "fund",
    "organisations": "",
}
RECORDED = (*_PARTY_TABLES, "listings")
"""The tables of what people record; all others are bulk: figures, trains, events."""


@dataclass(frozen=True, eq=False)
class Example:
    """What an agreement folder's tables hold.

    `parties` and `listings` are terms; `clause_of` gives the clause a listing is filed under. The other tables are
    rows of text with a :class:`Source` under ``source``. `counts` sums the years of the table of counts, None where
    the folder has none; `coverage` says how many registrations stand behind each region, how many of them have an
    industry, and how they were drawn; `travel_times` come from the direct connections of the table of trains.
    `tables` is the folder of the files; `closed` are the firms that a source tells to have closed, by id,
    `honours` what organisations were named for, by theirs.
    """

    tables: Path
    parties: tuple[Party, ...]
    listings: tuple[Listing, ...]
    clause_of: Mapping[str, str]
    statistics: tuple[Mapping[str, Any], ...]
    rail: tuple[Mapping[str, Any], ...]
    timeline: tuple[Mapping[str, Any], ...]
    clusters: tuple[Mapping[str, Any], ...]
    talent_schemes: tuple[Mapping[str, Any], ...]
    exchanges: tuple[Mapping[str, Any], ...]
    practices: tuple[Mapping[str, Any], ...]
    counts: Counts | None
    coverage: tuple[Mapping[str, Any], ...]
    travel_times: TravelTimes
    closed: Mapping[str, Source]
    honours: Mapping[str, Sequence[str]]


def load(folder: Path, *, is_bulk_only: bool = False) -> Example:
    """Everything in the tables of an agreement folder.

    Parameters
    ----------
    folder
        Its ``agreement.yaml`` names the sides and, under ``tables``, the folder of the CSV files.
    is_bulk_only
        True leaves the tables of :data:`RECORDED` unread: parties and listings are then empty.

    Returns
    -------
    Example
        A table that is absent is empty.

    Raises
    ------
    DataFileError
        A file, a column or a cell is wrong, an id stands twice, or a listing names no known party or side; `faults`
        lists all of it.

    Examples
    --------
    >>> from duijie.data import root
    >>> example = load(next((root() / "agreements").glob("*/tables")).parent)
    >>> {party.kind for party in example.parties} >= {"firm", "institute", "carrier", "fund"}
    True
    """
    head, faults = _head(folder)
    home = folder / str(head.get("tables", ""))
    if not faults and not home.is_dir():
        faults = [Fault("file_missing", {"file": str(home)})]
    tables: dict[str, tuple[Row, ...]] = {}
    if not faults:
        for name in _forms()["tables"]:
            is_read = not (is_bulk_only and name in RECORDED)
            tables[name], wrong = _checked(home / f"{name}.csv", name) if is_read else ((), [])
            faults.extend(wrong)
        sides = {side["code"] for side in head["sides"]}
        faults.extend(_crossed(home, tables, sides, is_bulk_only=is_bulk_only))
    if faults:
        where, values = {"file": str(folder)}, {"file": folder.name, "n": len(faults)}
        raise DataFileError("data_file_faults", values, where, "", faults)
    return _example(home, tables)


def _head(folder: Path) -> tuple[Mapping[str, Any], list[Fault]]:
    path = folder / "agreement.yaml"
    head, faults = check(path, "agreement")
    if not faults and "tables" not in head:
        return head, [Fault("key_missing", {"file": str(path), "key": "·"}, {"key": "tables"})]
    return (head if isinstance(head, Mapping) else {}), list(faults)


@cache
def _forms() -> Mapping[str, Any]:
    """Columns and cell forms of every table, as ``data/schemas/tables.yaml`` says."""
    document: Mapping[str, Any] = read(root() / "schemas" / "tables.yaml")
    return document


@cache
def _columns(name: str) -> Mapping[str, str]:
    """Column → form; a table with one source for all has no source columns."""
    own = _forms()["tables"][name]
    return own if name in _forms()["sources"] else {**own, **_forms()["source"]}


# ---- what is wrong


def _checked(path: Path, name: str) -> tuple[tuple[Row, ...], list[Fault]]:
    if not path.exists():
        return (), []
    try:
        rows = table(path)
    except DataFileError as error:
        return (), list(error.faults or [Fault(error.code, error.where)])
    return rows, list(_faults(path, rows, _columns(name)))


def _faults(path: Path, rows: Sequence[Row], columns: Mapping[str, str]) -> Iterator[Fault]:
    """Columns first; cells only of columns that are there."""
    given = set(rows[0]) if rows else set(columns)
    for column in sorted(set(columns) - given):
        yield Fault("table_column_missing", {"file": str(path), "column": column}, {"known": sorted(columns)})
    for column in sorted(given - set(columns)):
        yield Fault("table_column_unknown", {"file": str(path), "column": column}, {"known": sorted(columns)})
    forms = {column: re.compile(_forms()["forms"][form]) for column, form in columns.items() if column in given}
    for at, row in enumerate(rows, start=2):
        for column, form in forms.items():
            if not form.fullmatch(row[column]):
                where = {"file": str(path), "row": at, "column": column}
                yield Fault("table_cell_wrong", where, {"value": row[column][:80], "form": columns[column]})


def _crossed(
    home: Path, tables: Mapping[str, Sequence[Row]], sides: set[str], *, is_bulk_only: bool
) -> Iterator[Fault]:
    """Ids given twice, listings of nobody, of no side, or with a payload that is no JSON object."""
    seen: set[str] = set()
    for name in (*_PARTY_TABLES, "listings", "exchanges"):
        for at, row in enumerate(tables[name], start=2):
            key = row.get("id", "")
            if key in seen:
                yield Fault("id_twice", {"file": str(home / f"{name}.csv"), "row": at, "column": "id"}, {"value": key})
            seen.add(key)
    parties = {row.get("id") for name in _PARTY_TABLES for row in tables[name]}
    for name in () if is_bulk_only else ("closures", "honours"):
        for at, row in enumerate(tables[name], start=2):
            if row.get("party") not in parties:
                where = {"file": str(home / f"{name}.csv"), "row": at, "column": "party"}
                yield Fault("party_unknown", where, {"value": row.get("party")})
    for at, row in enumerate(tables["listings"], start=2):
        where = {"file": str(home / "listings.csv"), "row": at}
        if row.get("party") not in parties:
            yield Fault("party_unknown", {**where, "column": "party"}, {"value": row.get("party")})
        if row.get("side") not in sides:
            yield Fault("side_unknown", {**where, "column": "side"}, {"value": row.get("side"), "known": sorted(sides)})
        if not isinstance(_json(row.get("payload", "")), dict):
            yield Fault("payload_broken", {**where, "column": "payload"}, {"value": row.get("payload", "")[:80]})


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# ---- terms


def _example(home: Path, tables: Mapping[str, Sequence[Row]]) -> Example:
    def rows(name: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(_sourced(row) for row in tables[name])

    honours: Mapping[str, list[str]] = defaultdict(list)
    for row in tables["honours"]:
        honours[row["party"]].append(row["name"])
    return Example(
        tables=home,
        parties=tuple(_party(row, kind) for name, kind in _PARTY_TABLES.items() for row in tables[name]),
        listings=tuple(_listing(row) for row in tables["listings"]),
        clause_of={row["id"]: row["clause"] for row in tables["listings"] if row["clause"]},
        statistics=tuple({**row, "value": float(row["value"])} for row in rows("statistics")),
        rail=rows("rail"),
        timeline=rows("timeline"),
        clusters=rows("clusters"),
        talent_schemes=rows("talent_schemes"),
        exchanges=rows("exchanges"),
        practices=rows("practices"),
        counts=_counts(tables["counts"]) if tables["counts"] else None,
        coverage=tuple({**row, "n": int(row["n"]), "n_coded": int(row["n_coded"])} for row in tables["coverage"]),
        honours=dict(honours),
        closed={row["party"]: source(row) for row in tables["closures"]},
        travel_times=_travel_times([row for row in tables["rail"] if row["kind"] == "pair"]),
    )


def _sourced(row: Row) -> Mapping[str, Any]:
    return {**{key: value for key, value in row.items() if key not in _forms()["source"]}, "source": source(row)}


def _party(row: Row, kind: str) -> Party:
    return Party(
        id=row["id"],
        kind=organisation_kind(row["name"], kind or row["kind"]),
        region=row["region"],
        name=row["name"],
        name_en=row.get("name_en", ""),
        uscc=row.get("uscc", ""),
        industry=row.get("industry", ""),
        products=_parts(row.get("products") or row.get("fields") or row.get("focus") or ""),
        town=row.get("town", ""),
        registered_on=row.get("registered_year", ""),
        inferred=_parts(row.get("inferred", "")),
        source=source(row),
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _listing(row: Row) -> Listing:
    return Listing(
        id=row["id"],
        kind=row["kind"],
        version=int(row["version"]),
        role="need" if row["role"] == "need" else "offer",
        side=row["side"],
        party=row["party"],
        payload=json.loads(row["payload"]),
        industry=row["industry"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        basis=row["basis"],
        visibility=row["visibility"],
        source=source(row),
    )


def _counts(rows: Sequence[Row]) -> Counts:
    """Firms by region and industry, all years together."""
    regions = tuple(dict.fromkeys(row["region"] for row in rows))
    industries = tuple(sorted({row["industry"] for row in rows}))
    years = sorted({row["year"] for row in rows})
    values = np.zeros((len(regions), len(industries)))
    place = {region: at for at, region in enumerate(regions)}, {industry: at for at, industry in enumerate(industries)}
    for row in rows:
        values[place[0][row["region"]], place[1][row["industry"]]] += int(row["n"])
    origin = source(_forms()["sources"]["counts"])
    return Counts(regions, industries, values, "firms", f"{years[0]}–{years[-1]}", "counts_are_a_sample", origin)


def _travel_times(rows: Sequence[Row]) -> TravelTimes:
    """Fastest direct train between the stations of the table; NaN where none is known."""
    places = tuple(dict.fromkeys(name for row in rows for name in (row["origin"], row["destination"])))
    minutes = np.full((len(places), len(places)), np.nan)
    np.fill_diagonal(minutes, 0.0)
    at = {place: index for index, place in enumerate(places)}
    for row in rows:
        if row["fastest_min"]:
            minutes[at[row["origin"]], at[row["destination"]]] = float(row["fastest_min"])
    first = source(rows[0]) if rows else Source()
    return TravelTimes(places, minutes, first.as_of, first)
