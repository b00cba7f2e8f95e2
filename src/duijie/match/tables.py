"""Tables that people bring: CSV, xlsx or Parquet with an `id` column, in; results as CSV, JSON or Parquet, out."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duijie.cells import CellType, read
from duijie.cells.days import from_1904
from duijie.errors import Fault, InputError
from duijie.sheets import Record, Records, read_records
from duijie.terms import Listing

from .kinds import Field, Kind, Role, last_day

__all__ = ["Verdict", "check_ending", "column_of", "decisions_of", "listings_of", "read_rows", "write_rows"]


def read_rows(path: Path, *, has_ids: bool = True) -> list[Record]:
    """The rows of a table as text; empty cells are empty strings, blank rows are left out; an empty file has none.

    Without `has_ids` the rows need no `id`.

    Raises
    ------
    InputError
        The file is absent, of an unknown form or encoding, is no plain table (see :func:`duijie.sheets.read_records`),
        has no `id` column, an id is empty or stands twice (all at once).
    """
    if path.is_file() and not path.stat().st_size:
        return []
    table = read_records(path)
    return list(table.sound(_id_faults(table) if has_ids else ()))


def _id_faults(table: Records) -> Iterator[Fault]:
    seen: set[str] = set()
    if table.rows and "id" not in table.names:
        yield Fault("match_no_id_column", {"file": table.file})
        return
    for row in table.rows:
        where = {"file": table.file, "row": row.number}
        if not row["id"]:
            yield Fault("match_id_empty", where)
        elif row["id"] in seen:
            yield Fault("match_id_twice", where, {"id": row["id"]})
        seen.add(row["id"])


def column_of(rows: Sequence[Mapping[str, str]], name: str, path: Path) -> list[str]:
    """One column of a table.

    Raises
    ------
    InputError
        There is no such column.
    """
    known = next(iter(rows), {name: ""})
    if name not in known:
        values = {"column": name, "known": ", ".join(known)}
        raise InputError("match_no_text_column", values, {"file": str(path)})
    return [row[name] for row in rows]


def check_ending(path: Path) -> None:
    """Refuse the name of a table that cannot be written, before anything is computed.

    Raises
    ------
    InputError
        The ending is none of CSV, JSON and Parquet.
    """
    if path.suffix not in (".csv", ".json", ".parquet"):
        known = ".csv, .json, .parquet"
        raise InputError("match_file_kind", {"suffix": path.suffix, "known": known}, {"file": str(path)})


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Write rows as CSV, JSON or Parquet, by the ending of the name.

    Raises
    ------
    InputError
        The ending is none of these.
    """
    check_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({name: [row[name] for row in rows] for name in names}), path)
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.DictWriter(handle, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


_OWN = ("id", "side", "party", "industry", "valid_from", "valid_until", "basis")


def listings_of(kind: Kind, role: Role, rows: Sequence[Mapping[str, str]], path: Path) -> list[Listing]:
    """The rows as listings of a kind: columns are field keys or their labels in either language.

    Columns that are neither are left out; a cell that does not fit its field's type is a fault, and so is a second
    column of a field.

    Raises
    ------
    InputError
        Cells do not fit, a field has two columns; all of them at once.
    """
    names = {name: one for one in kind.fields(role) for name in (one.key, one.label.zh, one.label.en)}
    columns = Counter(names[name].key for name in next(iter(rows), ()) if name in names)
    faults = [
        Fault("heading_twice", {"file": str(path)}, {"name": names[key].label.zh, "n": n}, "heading_keep_one")
        for key, n in columns.items()
        if n > 1
    ]
    listings = [
        _listing(kind, role, row, names, {"file": str(path), "row": _number_of(row, at)}, faults)
        for at, row in enumerate(rows, 2)
    ]
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, faults=faults)
    return listings


def _number_of(row: Mapping[str, str], at: int) -> int:
    """The number a row has in its file; its place below a heading where it comes from none."""
    return row.number if isinstance(row, Record) else at


def _listing(
    kind: Kind,
    role: Role,
    row: Mapping[str, str],
    names: Mapping[str, Field],
    where: dict[str, Any],
    faults: list[Fault],
) -> Listing:
    payload, wrong = dict[str, Any](), set[str]()
    for name, text in row.items():
        if name in names and name not in _OWN and text:
            field = names[name]
            cell = field.read(_day_text(row, text) if field.type == "date" else text)
            if cell.wrong:
                wrong.add(field.key)
                faults.append(Fault(cell.wrong.code, where | {"column": name}, cell.wrong.values, cell.wrong.hint))
            elif cell.value is not None:
                payload[field.key] = cell.value
    checked = (one for one in kind.check(role, payload) if one.where["key"] not in wrong)
    faults.extend(Fault(one.code, where | dict(one.where), one.values, one.hint) for one in checked)
    own: dict[str, Any] = {key: row.get(key, "") for key in _OWN} | _dates(row, where, faults)
    own["party"], own["basis"] = own["party"] or own["id"], own["basis"] or "published"
    return Listing(kind=kind.key, version=kind.version, role=role, payload=payload, **own)


def _day_text(row: Mapping[str, str], text: str) -> str:
    """A day of a row as it would stand in a workbook that counts days from 1900."""
    return from_1904(text) if isinstance(row, Record) and row.is_1904 else text


def _dates(row: Mapping[str, str], where: dict[str, Any], faults: list[Fault]) -> dict[str, str]:
    """The days between which a listing holds; one that never ends has an empty last day."""
    found = {}
    for key, kind in (("valid_from", CellType("date")), ("valid_until", CellType("date", is_end=True))):
        cell = read(_day_text(row, row.get(key, "")), kind)
        if cell.wrong:
            faults.append(Fault(cell.wrong.code, where | {"column": key}, cell.wrong.values, cell.wrong.hint))
        found[key] = _day(cell.value, is_end=kind.is_end) if cell.value else ""
    return found


def _day(text: str, *, is_end: bool) -> str:
    """A date as exact as given as a day: the last it may mean where something ends, else the first."""
    return last_day(text) if is_end else f"{text}-01-01"[:10]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision of a table: a pair that was accepted or declined, why, at which stage and on which day."""

    need: str
    offer: str
    is_accepted: bool
    reason: str = ""
    stage: str = ""
    on: str = ""


_DECISIONS = {
    **dict.fromkeys(("accepted", "yes", "1", "接受"), True),
    **dict.fromkeys(("declined", "no", "0", "拒绝"), False),
}


def decisions_of(rows: Sequence[Mapping[str, str]], path: Path) -> list[Verdict]:
    """The rows as decisions: columns need, offer, decision (accepted or declined); reason, stage and on if there.

    Raises
    ------
    InputError
        A column is absent, or decisions are none of these words; all of them at once.
    """
    needs, offers, told = (column_of(rows, name, path) for name in ("need", "offer", "decision"))
    words = [text.strip().lower() for text in told]
    where, known = {"file": str(path)}, ", ".join(_DECISIONS)
    faults = tuple(
        Fault("match_decision_unknown", where | {"row": _number_of(rows[at], at + 2)}, {"value": word, "known": known})
        for at, word in enumerate(words)
        if word not in _DECISIONS
    )
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, faults=faults)
    more = ({name: row.get(name, "") for name in ("reason", "stage", "on")} for row in rows)
    found = zip(needs, offers, words, more, strict=True)
    return [Verdict(need, offer, _DECISIONS[word], **rest) for need, offer, word, rest in found]
