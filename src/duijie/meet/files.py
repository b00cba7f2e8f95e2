"""Instances in and out: JSON, and the CSV tables that people keep."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from duijie import data
from duijie.data.typed import typed
from duijie.errors import Fault, InputError
from duijie.sheets import Records, read_records

from .figures import number, roads_twice, whole
from .instance import Instance, Interpreter, Meeting, Person, Slot, Table, Weights, checked

__all__ = ["from_dict", "read_csv", "read_json", "to_dict", "write_csv", "write_json"]

_LISTS = {"slots": Slot, "tables": Table, "people": Person, "meetings": Meeting, "interpreters": Interpreter}
_SETS = {"equipment", "unavailable", "languages", "slots"}
_TRUTHS = {"1": True, "true": True, "yes": True, "是": True, "0": False, "false": False, "no": False, "否": False}


def to_dict(instance: Instance) -> dict[str, Any]:
    """The instance as plain data, ready for JSON; values equal to their default are left out."""
    document: dict[str, Any] = {name: [_plain(one) for one in getattr(instance, name)] for name in _LISTS}
    document["fairness"] = instance.fairness
    document["weights"] = asdict(instance.weights)
    document["travel_min"] = [[*pair, minutes] for pair, minutes in sorted(instance.travel_min.items())]
    return document | {"on": instance.on, "place": instance.place}


def _plain(one: Any) -> dict[str, Any]:
    row = {}
    for part in fields(one):
        value = getattr(one, part.name)
        if value != part.default:
            row[part.name] = _plain_value(value)
    return row


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain_value(one) for one in value]
    return _plain(value) if is_dataclass(value) else value


def from_dict(document: Mapping[str, Any]) -> Instance:
    """The instance that plain data describes.

    Raises
    ------
    InputError
        Unknown or missing keys, values of a wrong type, or contradictions; `faults` lists all of them.
    """
    faults: list[Fault] = []
    lists: dict[str, Any] = {name: tuple(_rows(document, name, faults)) for name in _LISTS}
    known = (*_LISTS, "fairness", "weights", "travel_min", "on", "place")
    faults += [
        Fault("key_unknown", {"key": key}, {"key": key, "known": ", ".join(sorted(known))})
        for key in document
        if key not in known
    ]
    rest = {key: document[key] for key in known[len(_LISTS) :] if document.get(key) is not None}
    rest["weights"] = _figured(rest.get("weights") or {})
    frame = typed(_Frame, rest, {}, faults)
    faults += roads_twice(frame.travel_min) if frame else ()
    if frame is None or faults:
        raise InputError("meet_instance_faults", {"n": len(faults)}, faults=faults)
    travel = {(start, goal): minutes for start, goal, minutes in frame.travel_min}
    options: dict[str, Any] = {
        "fairness": frame.fairness,
        "weights": frame.weights,
        "on": frame.on,
        "place": frame.place,
    }
    return checked(Instance(**lists, travel_min=travel, **options))


@dataclass(frozen=True)
class _Frame:
    """What a document holds besides its lists."""

    fairness: int | None = None
    weights: Weights = field(default_factory=Weights)
    travel_min: tuple[tuple[str, str, float], ...] = ()
    on: str = ""
    place: str = ""


def _rows(document: Mapping[str, Any], name: str, faults: list[Fault]) -> list[Any]:
    rows = document.get(name) or []
    if not isinstance(rows, list):
        faults.append(Fault("value_list", {"key": name}, {"value": str(rows)[:80]}))
        return []
    made = [typed(_LISTS[name], _figured(row), {"list": name, "row": at}, faults) for at, row in enumerate(rows, 1)]
    return [one for one in made if one is not None]


_FIGURES = {"weight": number, "score": number, "seats": whole, "max_breaks": whole} | dict.fromkeys(
    ("unplaced", "breaks", "spread"), number
)


def _figured(row: Any) -> Any:
    """A row with figures that are written as text as figures, and without what is said to be nothing."""
    if not isinstance(row, Mapping):
        return row
    kept = {key: value for key, value in row.items() if value not in (None, "") or key in ("id", "key")}
    return {key: _figure(key, value) if key in _FIGURES else value for key, value in kept.items()}


def _figure(key: str, value: Any) -> Any:
    try:
        return _FIGURES[key](value)
    except ValueError:
        return value


def read_json(path: Path) -> Instance:
    """The instance in a JSON file.

    Raises
    ------
    InputError
        The file is absent, is no JSON, or does not fit.
    """
    document = data.read_json(path)
    if not isinstance(document, Mapping):
        raise InputError("value_object", {"value": str(document)[:80]}, {"file": path.name})
    return from_dict(document)


def write_json(instance: Instance, path: Path) -> None:
    """Write the instance as JSON that :func:`read_json` reads back."""
    path.write_text(json.dumps(to_dict(instance), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_csv(folder: Path) -> Instance:
    """The instance in a folder of tables: slots.csv, people.csv, meetings.csv, tables.csv, interpreters.csv.

    Columns are the fields' names; several values in a cell are parted by ``;``; an absent or empty cell means the
    default; an absent file an empty list. Texts may be in any encoding and with any separator.

    Raises
    ------
    InputError
        A table does not fit; `faults` names file and row.
    """
    tables = {name: read_records(folder / f"{name}.csv") for name in _LISTS if (folder / f"{name}.csv").exists()}
    if not tables:
        raise InputError("file_missing", {}, {"file": str(folder / "meetings.csv")})
    faults = [fault for table in tables.values() for fault in table.faults]
    if faults:
        raise InputError("meet_instance_faults", {"n": len(faults)}, faults=faults)
    try:
        return from_dict({name: [_cells(row) for row in table.rows] for name, table in tables.items()})
    except InputError as error:
        raise InputError(error.code, error.values, faults=[_in_file(one, tables) for one in error.faults]) from None


def _in_file(fault: Fault, tables: Mapping[str, Records]) -> Fault:
    """A fault of a row of a list at the row of its file."""
    table, at = tables.get(str(fault.where.get("list"))), fault.where.get("row")
    if table is None or not isinstance(at, int):
        return fault
    rest = {key: value for key, value in fault.where.items() if key != "list"}
    return replace(fault, where={"file": table.file, **rest, "row": table.rows[at - 1].number})


def _cells(row: Mapping[str, str]) -> dict[str, Any]:
    return {key: _cell(key, value) for key, value in row.items() if value}


def _cell(key: str, value: str) -> Any:
    if key in (*_SETS, "people", "after"):
        return [part.strip() for part in value.split(";") if part.strip()]
    if key == "one_of":
        return [[part.strip() for part in group.split("|")] for group in value.split(";")]
    if key.startswith("is_"):
        return _TRUTHS.get(value.strip().lower(), value)
    if key == "stays":
        return [
            dict(zip(("starts_at", "ends_at", "place"), stay.split("|"), strict=False)) for stay in value.split(";")
        ]
    return value


def write_csv(instance: Instance, folder: Path) -> None:
    """Write the lists of an instance as tables that :func:`read_csv` reads back."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in _LISTS.items():
        columns = [one.name for one in fields(kind)]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, columns, restval="")
            writer.writeheader()
            writer.writerows({key: _text(key, value) for key, value in row.items()} for row in to_dict(instance)[name])


def _text(key: str, value: Any) -> str:
    if key == "one_of":
        return ";".join("|".join(group) for group in value)
    if key == "stays":
        return ";".join("|".join((stay["starts_at"], stay["ends_at"], stay.get("place", ""))) for stay in value)
    return ";".join(value) if isinstance(value, list) else str(value)
