"""Instances in and out: JSON, and the CSV tables that people keep."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from duijie.errors import Fault, InputError

from .instance import Instance, Interpreter, Meeting, Person, Slot, Stay, Table, Weights, checked

__all__ = ["from_dict", "read_csv", "read_json", "to_dict", "write_csv", "write_json"]

_LISTS = {"slots": Slot, "tables": Table, "people": Person, "meetings": Meeting, "interpreters": Interpreter}
_SETS = {"equipment", "unavailable", "languages", "slots"}
_MOMENTS = {"starts_at", "ends_at"}


def to_dict(instance: Instance) -> dict[str, Any]:
    """The instance as plain data, ready for JSON; values equal to their default are left out."""
    document: dict[str, Any] = {name: [_plain(one) for one in getattr(instance, name)] for name in _LISTS}
    document["fairness"] = instance.fairness
    document["weights"] = dataclasses.asdict(instance.weights)
    document["travel_min"] = [[*pair, minutes] for pair, minutes in sorted(instance.travel_min.items())]
    return document | {"on": instance.on, "place": instance.place}


def _plain(one: Any) -> dict[str, Any]:
    row = {}
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if value != field.default:
            row[field.name] = _plain_value(value)
    return row


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain_value(one) for one in value]
    return _plain(value) if dataclasses.is_dataclass(value) else value


def from_dict(document: Mapping[str, Any]) -> Instance:
    """The instance that plain data describes.

    Raises
    ------
    InputError
        Unknown or missing keys, values of a wrong type, or contradictions; `faults` lists all of them.
    """
    faults: list[Fault] = []
    lists: dict[str, Any] = {name: tuple(_rows(document, name, faults)) for name in _LISTS}
    known = {*_LISTS, "fairness", "weights", "travel_min", "on", "place"}
    faults += [
        Fault("key_unknown", {"key": key}, {"key": key, "known": ", ".join(sorted(known))})
        for key in document
        if key not in known
    ]
    weights = _made(Weights, document.get("weights") or {}, {"key": "weights"}, faults)
    try:
        travel = {(str(a), str(b)): float(minutes) for a, b, minutes in document.get("travel_min") or ()}
        fairness = None if document.get("fairness") is None else int(document["fairness"])
    except (TypeError, ValueError) as error:
        faults.append(Fault("value_wrong", {"key": "travel_min, fairness"}, {"rule": "number", "problem": str(error)}))
    if faults:
        raise InputError("meet_instance_faults", {"n": len(faults)}, faults=faults)
    return checked(
        Instance(
            **lists,
            fairness=fairness,
            weights=weights,
            travel_min=travel,
            on=str(document.get("on", "")),
            place=str(document.get("place", "")),
        )
    )


def _rows(document: Mapping[str, Any], name: str, faults: list[Fault]) -> list[Any]:
    rows = document.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        faults.append(Fault("value_wrong", {"key": name}, {"rule": "list", "problem": str(rows)[:80]}))
        return []
    made = [_made(_LISTS[name], row, {"list": name, "row": at}, faults) for at, row in enumerate(rows, start=1)]
    return [one for one in made if one is not None]


def _made(kind: Any, row: Mapping[str, Any], where: Mapping[str, Any], faults: list[Fault]) -> Any:
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = [key for key in row if key not in known]
    faults += [Fault("key_unknown", where, {"key": key, "known": ", ".join(sorted(known))}) for key in unknown]
    try:
        return kind(**{key: _typed(key, value) for key, value in row.items() if key in known})
    except (TypeError, ValueError) as error:
        faults.append(Fault("value_wrong", where, {"rule": kind.__name__, "problem": str(error)}))
        return None


def _typed(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key in _MOMENTS:
        return datetime.fromisoformat(value) if value else None
    if key in _SETS:
        return frozenset(str(one) for one in _listed(value))
    if key == "stays":
        return tuple(Stay(**{name: _typed(name, part) for name, part in stay.items()}) for stay in value)
    if key == "one_of":
        return tuple(tuple(map(str, _listed(group))) for group in value)
    if key in ("people", "after"):
        return tuple(map(str, _listed(value)))
    if key in ("weight", "score", "unplaced", "breaks", "spread"):
        return float(value)
    return int(value) if key in ("seats", "max_breaks") else value


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError(str(value))
    return list(value)


def read_json(path: Path) -> Instance:
    """The instance in a JSON file.

    Raises
    ------
    InputError
        The file is absent, is no JSON, or does not fit.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("file_missing", {}, {"file": str(path)}) from None
    except ValueError as error:
        raise InputError("meet_not_json", {"problem": str(error)}, {"file": str(path)}) from None
    if not isinstance(document, Mapping):
        raise InputError("meet_not_json", {"problem": type(document).__name__}, {"file": str(path)})
    return from_dict(document)


def write_json(instance: Instance, path: Path) -> None:
    """Write the instance as JSON that :func:`read_json` reads back."""
    path.write_text(json.dumps(to_dict(instance), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_csv(folder: Path) -> Instance:
    """The instance in a folder of tables: slots.csv, people.csv, meetings.csv, tables.csv, interpreters.csv.

    Columns are the fields' names; several values in a cell are parted by ``;``; an absent or empty cell means the
    default; an absent file an empty list.

    Raises
    ------
    InputError
        A table does not fit; `faults` names file and row.
    """
    document: dict[str, Any] = {}
    for name in _LISTS:
        path = folder / f"{name}.csv"
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as handle:
                document[name] = [_cells(row) for row in csv.DictReader(handle)]
    if not document:
        raise InputError("file_missing", {}, {"file": str(folder / "meetings.csv")})
    return from_dict(document)


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _cell(key, value) for key, value in row.items() if key and value not in (None, "")}


def _cell(key: str, value: str) -> Any:
    if key in (*_SETS, "people", "after"):
        return [part.strip() for part in value.split(";") if part.strip()]
    if key == "one_of":
        return [[part.strip() for part in group.split("|")] for group in value.split(";")]
    if key.startswith("is_"):
        return value.strip().lower() in ("1", "true", "yes", "是")
    if key == "stays":
        return [
            dict(zip(("starts_at", "ends_at", "place"), stay.split("|"), strict=False)) for stay in value.split(";")
        ]
    return value


def write_csv(instance: Instance, folder: Path) -> None:
    """Write the lists of an instance as tables that :func:`read_csv` reads back."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in _LISTS.items():
        columns = [field.name for field in dataclasses.fields(kind)]
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
