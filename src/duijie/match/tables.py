"""Tables that people bring: CSV, xlsx or Parquet with an `id` column, in; results as CSV, JSON or Parquet, out."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow.lib import ArrowInvalid
from python_calamine import CalamineError

from duijie.errors import Fault, InputError
from duijie.terms import Listing

from .kinds import Field, Kind, Role

__all__ = ["Verdict", "check_ending", "column_of", "decisions_of", "listings_of", "read_rows", "write_rows"]

_KNOWN = ".csv, .xlsx, .parquet"


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table as text; empty cells are empty strings.

    Raises
    ------
    InputError
        The file is absent, of an unknown type, has no `id` column, or an id is empty or stands twice (all at once).
    """
    if not path.exists():
        raise InputError("file_missing", {}, {"file": str(path)})
    if path.suffix not in _READERS:
        raise InputError("match_file_kind", {"suffix": path.suffix, "known": _KNOWN}, {"file": str(path)})
    try:
        rows = _READERS[path.suffix](path)
    except _BROKEN as error:
        raise InputError("match_file_broken", {"problem": str(error)}, {"file": str(path)}) from None
    faults = tuple(_id_faults(rows, path))
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, faults=faults)
    return rows


def _id_faults(rows: Sequence[Mapping[str, str]], path: Path) -> Iterator[Fault]:
    seen: set[str] = set()
    if rows and "id" not in rows[0]:
        yield Fault("match_no_id_column", {"file": str(path)})
        return
    for at, row in enumerate(rows, start=2):
        if not row["id"]:
            yield Fault("match_id_empty", {"file": str(path), "row": at})
        elif row["id"] in seen:
            yield Fault("match_id_twice", {"file": str(path), "row": at}, {"id": row["id"]})
        seen.add(row["id"])


def _read_csv(path: Path) -> list[dict[str, str]]:
    rows = csv.DictReader(_decoded(path).splitlines(keepends=True), strict=True)
    return [{key: value or "" for key, value in row.items() if key} for row in rows]


def _decoded(path: Path) -> str:
    """UTF-8, or what Chinese spreadsheets save by default (GB 18030)."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError:
            raise InputError("file_not_utf8", {"byte": error.start}, {"file": str(path)}) from None


def _read_parquet(path: Path) -> list[dict[str, str]]:
    import pyarrow.parquet as pq

    return [{key: _cell(value) for key, value in row.items()} for row in pq.read_table(path).to_pylist()]


def _read_xlsx(path: Path) -> list[dict[str, str]]:
    import python_calamine as calamine

    rows = calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    if not rows:
        return []
    names = [str(name) for name in rows[0]]
    return [dict(zip(names, map(_cell, row), strict=False)) for row in rows[1:]]


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return ";".join(map(_cell, value))
    return "" if value is None else str(value)


# what the three readers raise where a file is not what its ending says
_BROKEN = (csv.Error, CalamineError, ArrowInvalid)
_READERS = {".csv": _read_csv, ".parquet": _read_parquet, ".xlsx": _read_xlsx}


def column_of(rows: Sequence[Mapping[str, str]], name: str, path: Path) -> list[str]:
    """One column of a table.

    Raises
    ------
    InputError
        There is no such column.
    """
    if rows and name not in rows[0]:
        values = {"column": name, "known": ", ".join(rows[0])}
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

    Columns that are neither are left out; a cell that does not fit its field's type is a fault.

    Raises
    ------
    InputError
        Cells do not fit; all of them at once.
    """
    names = {name: one for one in kind.fields(role) for name in (one.key, one.label.zh, one.label.en)}
    faults: list[Fault] = []
    listings = [
        _listing(kind, role, row, names, {"file": str(path), "row": at}, faults) for at, row in enumerate(rows, 2)
    ]
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, faults=faults)
    return listings


def _listing(
    kind: Kind,
    role: Role,
    row: Mapping[str, str],
    names: Mapping[str, Field],
    where: dict[str, Any],
    faults: list[Fault],
) -> Listing:
    payload: dict[str, Any] = {}
    for name, text in row.items():
        if name in names and name not in _OWN and text.strip():
            payload[names[name].key] = _typed(names[name], text.strip())
    faults.extend(Fault(one.code, where | dict(one.where), one.values, one.hint) for one in kind.check(role, payload))
    own: dict[str, Any] = {key: row.get(key, "") for key in _OWN}
    own["party"], own["basis"] = own["party"] or own["id"], own["basis"] or "published"
    return Listing(kind=kind.key, version=kind.version, role=role, payload=payload, **own)


def _typed(one: Field, text: str) -> Any:
    if one.type == "number":
        return _number(text)
    if one.type == "words" or (one.type == "code" and re.search("[;；、]", text)):
        return tuple(part.strip() for part in re.split("[;；、]", text) if part.strip())
    if one.type == "range":
        ends = re.split(r"\s*(?:\.\.|~|–|—|-)\s*", text)
        return tuple(_number(end) if end else None for end in ends)
    if one.type == "choice":
        return next((key for key, label in one.vocabulary.items() if text in (key, label.zh, label.en)), text)
    return text


def _number(text: str) -> float | str:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


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
    faults = tuple(
        Fault("match_decision_unknown", {"file": str(path), "row": at}, {"value": word, "known": ", ".join(_DECISIONS)})
        for at, word in enumerate(words, start=2)
        if word not in _DECISIONS
    )
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, faults=faults)
    more = ({name: row.get(name, "") for name in ("reason", "stage", "on")} for row in rows)
    found = zip(needs, offers, words, more, strict=True)
    return [Verdict(need, offer, _DECISIONS[word], **rest) for need, offer, word, rest in found]
