"""The tables of an agreement folder as terms: who is there, what they need and offer, figures, trains, events."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from duijie.cells.codes import regions
from duijie.data import check, inside, read, root, sentence, table
from duijie.data.evidence import organisation_kind
from duijie.data.shelf import stacked
from duijie.data.sources import source
from duijie.errors import DataFileError, Fault
from duijie.terms import Counts, Listing, Party, Source, TravelTimes

from . import taxonomies

__all__ = [
    "NATIONAL",
    "RECORDED",
    "Example",
    "Table",
    "columns",
    "completed",
    "counted",
    "examine",
    "load",
    "national_source",
    "table_names",
]

NATIONAL = "national"
"""The region all others are compared with; where a table of counts has no row of it, the built-in ones are taken."""

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
class Table:
    """Rows of one table as text, and where each of them stands; `labels` are the headings by column, `sheet` is empty
    for a file that has none.
    """

    path: Path
    rows: Sequence[Row] = ()
    numbers: Sequence[int] = ()
    sheet: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def where(self, at: int, column: str = "") -> dict[str, Any]:
        """The place of a cell, or of a row, as the office's own program shows it."""
        place: dict[str, Any] = {"file": str(self.path), "sheet": self.sheet, "row": self.numbers[at]}
        place |= {"column": self.labels.get(column, column)}
        return {key: value for key, value in place.items() if value}


Tables = Mapping[str, Sequence[Table]]
_MOST_COMPARED = 1000  # ids a wrong one is held against: each costs 20 µs


@dataclass(frozen=True, eq=False)
class Example:
    """What an agreement folder's tables hold.

    `parties` and `listings` are terms; `clause_of` gives the clause a listing is filed under. The other tables are
    rows of text with a :class:`Source` under ``source``. `counts` sums the years of the table of counts, None where
    the folder has none; `coverage` says how many registrations stand behind each region, how many of them have an
    industry, and how they were drawn; `travel_times` come from the direct connections of the table of trains.
    `places` tells where each listing stands. `tables` is the folder of the files, `bulk` the tables as a store takes
    them, each its file or its rows; `closed` are the firms that a source tells to have closed, by id,
    `honours` what organisations were named for, by theirs.
    """

    tables: Path
    bulk: Mapping[str, Path | pa.Table]
    places: Mapping[str, Mapping[str, Any]]
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


def load(folder: Path, *, is_bulk_only: bool = False, beside: Tables | None = None) -> Example:
    """Everything in the tables of an agreement folder.

    Parameters
    ----------
    folder
        Its ``agreement.yaml`` names the sides and, under ``tables``, the folder of the CSV files; ``tables`` where it
        names none.
    is_bulk_only
        True leaves the tables of :data:`RECORDED` unread: parties and listings are then empty.
    beside
        Rows from elsewhere, a workbook for instance, which are checked like those of the files.

    Returns
    -------
    Example
        A table that is absent is empty. Without counts firms are counted where they have an industry.

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
    found, faults = examine(folder, is_bulk_only=is_bulk_only, beside=beside)
    if faults or found is None:
        where, values = {"file": str(folder)}, {"file": folder.name, "n": len(faults)}
        raise DataFileError("data_file_faults", values, where, "", faults)
    return found


def examine(
    folder: Path, *, is_bulk_only: bool = False, beside: Tables | None = None
) -> tuple[Example | None, tuple[Fault, ...]]:
    """What :func:`load` gives and everything wrong with it; nothing where anything is."""
    with inside(folder):
        return _examined(folder, is_bulk_only, beside)


def _examined(folder: Path, is_bulk_only: bool, beside: Tables | None) -> tuple[Example | None, tuple[Fault, ...]]:
    head, faults = _head(folder)
    if faults:
        return None, tuple(faults)
    home = folder / str(head.get("tables", "tables"))
    faults += _strangers(home)
    tables: dict[str, list[Table]] = {}
    for name in table_names():
        if is_bulk_only and name in RECORDED:
            tables[name] = []
            continue
        own, wrong = _read(home / f"{name}.csv")
        faults += wrong
        tables[name] = [*own, *(beside or {}).get(name, ())]
        faults += [fault for one in tables[name] for fault in _faults(one, columns(name))]
    sides = {side["code"]: side.get("parent", "") for side in head["sides"]}
    faults += _crossed(tables, sides, is_bulk_only=is_bulk_only)
    if faults:
        return None, tuple(faults)
    rows = {name: [row for one in given for row in one.rows] for name, given in tables.items()}
    bulk = {name: _stored(given) for name, given in tables.items() if any(not one.sheet or one.rows for one in given)}
    places = {row["id"]: one.where(at) for one, at, row in _rows_of(tables, "listings")}
    return _example(home, rows, tuple(sides), bulk, places), ()


def _stored(given: Sequence[Table]) -> Path | pa.Table:
    """A table as a store takes it: its file where it is one, else the rows of all its parts."""
    if len(given) == 1 and not given[0].sheet:
        return given[0].path
    rows = [row for one in given for row in one.rows]
    return pa.table({column: [row[column] for row in rows] for column in (rows[0] if rows else {})})


def _head(folder: Path) -> tuple[Mapping[str, Any], list[Fault]]:
    head, faults = check(folder / "agreement.yaml", "agreement")
    return (head if isinstance(head, Mapping) else {}), list(faults)


def _strangers(home: Path) -> list[Fault]:
    """Files beside the tables that are none of them: a slip in a name would leave a whole table out."""
    known = [f"{name}.csv" for name in table_names()]
    found = []
    for path in sorted(home.glob("*")):
        if path.is_file() and path.name not in known and not path.name.startswith("."):
            near = difflib.get_close_matches(path.name, known, 1)
            found.append(Fault("table_strange", {"file": str(path)}, {"known": known}, near[0] if near else ""))
    return found


@cache
def _forms() -> Mapping[str, Any]:
    """Columns and cell forms of every table, as ``data/schemas/tables.yaml`` says."""
    document: Mapping[str, Any] = read(root() / "schemas" / "tables.yaml")
    return document


def table_names() -> tuple[str, ...]:
    """The tables an agreement folder may have."""
    return tuple(_forms()["tables"])


@cache
def columns(name: str) -> Mapping[str, str]:
    """Column → form; a table with one source for all has no source columns. A form in capitals may not be empty."""
    own = _forms()["tables"][name]
    return own if name in _forms()["sourced_as_one"] else {**own, **_forms()["source"]}


# ---- what is wrong


def _read(path: Path) -> tuple[list[Table], list[Fault]]:
    if not path.exists():
        return [], []
    try:
        rows = table(path)
    except DataFileError as error:
        return [], list(error.faults or [Fault(error.code, error.where)])
    return [Table(path, rows, range(2, len(rows) + 2))], []


def _faults(given: Table, wanted: Mapping[str, str]) -> Iterator[Fault]:
    """Columns first; cells only of columns that are there."""
    have, place = set(given.rows[0]) if given.rows else set(wanted), {"file": str(given.path)}
    for column in sorted(set(wanted) - have):
        yield Fault("table_column_missing", {**place, "column": column}, {"known": sorted(wanted)})
    for column in sorted(have - set(wanted)):
        near = difflib.get_close_matches(column, wanted, 1)
        yield Fault(
            "table_column_unknown", {**place, "column": column}, {"known": sorted(wanted)}, near[0] if near else ""
        )
    forms = {column: re.compile(_forms()["forms"][form]) for column, form in wanted.items() if column in have}
    for at, row in enumerate(given.rows):
        for column, form in forms.items():
            if not form.fullmatch(row[column]):
                asked = {one: sentence(f"form_{wanted[column].lower()}", one) for one in ("zh", "en")}
                code = "table_cell_wrong" if row[column] else "table_cell_empty"
                yield Fault(code, given.where(at, column), {"value": row[column][:80], "form": asked})


def _crossed(tables: Tables, sides: Mapping[str, str], *, is_bulk_only: bool) -> Iterator[Fault]:
    """Ids given twice, listings of nobody, of no side or of the wrong one, places and industries that are none."""
    seen: set[str] = set()
    for one, at, row in _rows_of(tables, *_PARTY_TABLES, "listings", "exchanges"):
        key = row.get("id", "")
        if key in seen:
            yield Fault("id_twice", one.where(at, "id"), {"value": key})
        seen.add(key)
    parties = {row.get("id"): row.get("region", "") for _, _, row in _rows_of(tables, *_PARTY_TABLES)}
    for one, at, row in () if is_bulk_only else _rows_of(tables, "closures", "honours"):
        if row.get("party") not in parties:
            yield Fault("party_unknown", one.where(at, "party"), {"value": row.get("party")})
    for one, at, row in _rows_of(tables, "listings"):
        yield from _crossed_listing(one, at, row, parties, sides)
    yield from _unplaced(tables, {*sides, *sides.values(), NATIONAL, ""})


def _rows_of(tables: Tables, *names: str) -> Iterator[tuple[Table, int, Row]]:
    for name in names:
        for one in tables[name]:
            yield from ((one, at, row) for at, row in enumerate(one.rows))


def _crossed_listing(
    one: Table, at: int, row: Row, parties: Mapping[str | None, str], sides: Mapping[str, str]
) -> Iterator[Fault]:
    party, side = row.get("party"), row.get("side")
    if party not in parties:
        few = [str(key) for key in parties] if len(parties) <= _MOST_COMPARED else []
        near = difflib.get_close_matches(str(party), few, 1)
        yield Fault("party_unknown", one.where(at, "party"), {"value": party}, near[0] if near else "")
    elif parties[party] in sides and side in sides and parties[party] != side:
        yield Fault("side_not_of_party", one.where(at, "side"), {"value": side, "region": parties[party]})
    if side not in sides:
        yield Fault("side_unknown", one.where(at, "side"), {"value": side, "known": sorted(sides)})
    if not isinstance(_json(row.get("payload", "")), dict):
        yield Fault("payload_broken", one.where(at, "payload"), {"value": row.get("payload", "")[:80]})


def _unplaced(tables: Tables, own: set[str]) -> Iterator[Fault]:
    """Codes of the right form that no list has: of regions beside the agreement's own, of industries."""
    codes, industries = regions(), taxonomies.gbt4754().industries
    for name in tables:
        for one, at, row in _rows_of(tables, name):
            place, work = row.get("region", ""), row.get("industry", "")
            if _CODE.fullmatch(place) and place not in own and place not in codes:
                yield Fault("region_not_listed", one.where(at, "region"), {"value": place})
            if _INDUSTRY.fullmatch(work) and work not in industries:
                yield Fault("industry_not_listed", one.where(at, "industry"), {"value": work})


# what has another form is told as that
_CODE, _INDUSTRY = re.compile("[0-9]{6}"), re.compile("[A-T]|[0-9]{2,4}")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# ---- terms


def _example(
    home: Path,
    tables: Mapping[str, Sequence[Row]],
    sides: Sequence[str],
    bulk: Mapping[str, Path | pa.Table],
    places: Mapping[str, Mapping[str, Any]],
) -> Example:
    def rows(name: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(_sourced(row) for row in tables[name])

    honours: Mapping[str, list[str]] = defaultdict(list)
    for row in tables["honours"]:
        honours[row["party"]].append(row["name"])
    parties = tuple(_party(row, kind) for name, kind in _PARTY_TABLES.items() for row in tables[name])
    return Example(
        tables=home,
        bulk=bulk,
        places=places,
        parties=parties,
        listings=tuple(_listing(row) for row in tables["listings"]),
        clause_of={row["id"]: row["clause"] for row in tables["listings"] if row["clause"]},
        statistics=tuple({**row, "value": float(row["value"])} for row in rows("statistics")),
        rail=rows("rail"),
        timeline=rows("timeline"),
        clusters=rows("clusters"),
        talent_schemes=rows("talent_schemes"),
        exchanges=rows("exchanges"),
        practices=rows("practices"),
        counts=_counts(tables["counts"]) if tables["counts"] else counted(parties, sides),
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
    numbers: Counter[tuple[str, str]] = Counter()
    for row in rows:
        numbers[row["region"], row["industry"]] += int(row["n"])
    years = sorted({row["year"] for row in rows})
    origin, note = _whose("counts")
    return _table_of(
        tuple(dict.fromkeys(row["region"] for row in rows)), numbers, f"{years[0]}–{years[-1]}", note, origin
    )


def counted(parties: Sequence[Party], sides: Sequence[str]) -> Counts | None:
    """The firms of a list counted by side and industry group, for want of a table of counts; None where none is coded.

    A firm whose industry is known only by its division or section is left out: the nation is counted by groups.
    """
    coded = ((one.region, one.industry[:3]) for one in parties if one.kind == "firm" and one.region in sides)
    numbers = Counter((region, code) for region, code in coded if len(code) == _GROUP)
    return _table_of(tuple(sides), numbers, "", "counts_from_firms", Source()) if numbers else None


_GROUP = 3


def completed(counts: Counts, sides: Sequence[str]) -> Counts:
    """The counts with a row for each side and for the whole country: the built-in one where the table has none.

    A side without a row has no firm. Counts without any industry get no country beside them: there is nothing to
    compare.
    """
    numbers: Counter[tuple[str, str]] = Counter()
    for region, values in zip(counts.regions, counts.values, strict=True):
        numbers.update({(region, code): int(n) for code, n in zip(counts.industries, values, strict=True) if n})
    if NATIONAL not in counts.regions and numbers:
        rows = table(root() / "reference" / "national.csv")
        numbers.update({(NATIONAL, row["industry"]): int(row["n"]) for row in rows})
    places = tuple(dict.fromkeys((*counts.regions, *sides, NATIONAL)))
    return _table_of(places, numbers, counts.year, counts.note, counts.source)


def national_source(counts: Counts | None) -> Source:
    """Whose word the built-in counts of the country are; nobody's where the table has its own, or there is none."""
    is_own = counts is None or NATIONAL in counts.regions
    return Source() if is_own else _whose(NATIONAL)[0]


def _table_of(
    places: tuple[str, ...], numbers: Mapping[tuple[str, str], int], year: str, note: str, origin: Source
) -> Counts:
    industries = tuple(sorted({code for _, code in numbers}))
    rows, across = ({name: at for at, name in enumerate(names)} for names in (places, industries))
    values = np.zeros((len(places), len(industries)))
    for (region, code), n in numbers.items():
        values[rows[region], across[code]] = n
    return Counts(places, industries, values, "firms", year, note, origin)


def _whose(name: str) -> tuple[Source, str]:
    """The source of a table that has no source columns, as the agreement's ``sources`` say, and the note about it."""
    for path in stacked("sources"):
        if found := read(path, "sources").get(name):
            return source(found), str(found.get("note", ""))
    return Source(), ""


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
