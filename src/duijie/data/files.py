"""Read data files: YAML checked against a JSON Schema, and small CSV tables; every fault at once."""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from duijie.errors import DataFileError, Fault, InputError
from duijie.terms.days import NO_END, parse_end

from .documents import json_document, yaml_document
from .shelf import beside, enter, kept, listing, root, stacked

__all__ = [
    "check",
    "enter_agreement",
    "entries",
    "inside",
    "json_lines",
    "listing",
    "read",
    "read_json",
    "root",
    "table",
]

MOST_BYTES = 16_000_000
"""Of a file in YAML or JSON; tables of firms are not written in either."""

Document = tuple[Any, tuple[Fault, ...]]


def read(path: Path, schema: str = "") -> Any:
    """One YAML file, checked against ``schemas/<schema>.json`` where named.

    Raises
    ------
    DataFileError
        The file is absent, is no YAML, or breaks the schema; `faults` lists everything wrong with it.
    """
    document, faults = check(path, schema)
    if faults:
        raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    return document


@kept
def entries(room: str, schema: str, part: str = "", key: str = "key") -> tuple[Mapping[str, Any], ...]:
    """The entries of all files of a room, each file a list of them; of two with one key the one that stands first.

    Parameters
    ----------
    room
        Such as ``evidence``; the open folder's files stand before the built-in ones.
    schema
        What each file is checked against.
    part
        The key of the list where a file is an object of several; a file may leave it out.
    key
        Which field names an entry.

    Raises
    ------
    DataFileError
        A file breaks the schema.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for path in stacked(room):
        document = read(path, schema)
        for row in document.get(part, ()) if part else document:
            found.setdefault(str(row[key]), row)
    return tuple(found.values())


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Let an agreement's own kinds, words, … be read before the built-in ones, as long as the block lasts.

    A rehearsal has those of the agreement it is based on as well. A folder that cannot be read brings nothing.
    """
    with beside(*_with_base(folder)):
        yield


def enter_agreement(folder: Path) -> None:
    """Like :func:`inside`, until the block of :func:`duijie.data.shelf.beside` around it ends."""
    enter(*_with_base(folder))


def _with_base(folder: Path) -> tuple[Path, ...]:
    head = folder / "agreement.yaml"
    base = _based_on(head, head.stat().st_mtime_ns) if head.is_file() else ""
    return (folder, folder.parent / base) if base else (folder,)


@lru_cache(maxsize=64)
def _based_on(head: Path, _changed: int) -> str:
    document, _ = check(head)
    return str(document.get("based_on", "")) if isinstance(document, dict) else ""


def check(path: Path, schema: str = "") -> tuple[Any, tuple[Fault, ...]]:
    """The file's content and everything wrong with it; the content is None where it cannot be read at all."""
    document, faults = _read(path, yaml_document)
    if not schema or (faults and document is None):
        return document, faults
    found = sorted(_validator(schema).iter_errors(document), key=lambda error: [str(part) for part in error.path])
    return document, (*faults, *(fault for error in found for fault in _faults(error, path)))


def read_json(path: Path) -> Any:
    """The value of a JSON file that a person brought.

    Raises
    ------
    InputError
        ``json_file_wrong``: the file is absent, too large, no UTF-8 or no JSON, has a key twice, or a number that is
        none; `faults` lists all.
    """
    document, faults = _read(path, json_document)
    if faults:
        raise InputError("json_file_wrong", {"file": path.name}, {"file": str(path)}, "", faults)
    return document


def _read(path: Path, document_of: Callable[[str, Mapping[str, Any]], Document]) -> Document:
    where = {"file": str(path)}
    try:
        if path.stat().st_size > MOST_BYTES:
            return None, (Fault("file_large", where, {"most": MOST_BYTES}),)
        return document_of(path.read_text(encoding="utf-8-sig"), where)
    except FileNotFoundError:
        return None, (Fault("file_missing", where),)
    except UnicodeDecodeError as error:
        return None, (Fault("file_not_utf8", where, {"byte": error.start}),)


@cache
def _validator(schema: str) -> Draft202012Validator:
    content = json.loads((root() / "schemas" / f"{schema}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(content, format_checker=_formats())


@cache
def _formats() -> FormatChecker:
    """What the schemas mean by a format of ours."""
    checker = FormatChecker()
    checker.checks("day", raises=InputError)(_is_day)
    return checker


def _is_day(value: object) -> bool:
    """A day, month or year of the calendar in ISO form and within the bounds; empty, or no end."""
    if not isinstance(value, str) or value in ("", NO_END):
        return True
    return str(parse_end(value)).startswith(value)


def _faults(error: ValidationError, path: Path) -> Iterator[Fault]:
    where = {"file": str(path), "key": _key_path(error.absolute_path)}
    if (
        error.validator == "additionalProperties"
        and isinstance(error.schema, dict)
        and isinstance(error.instance, dict)
    ):
        known = list(error.schema.get("properties", {}))
        for name in sorted(set(error.instance) - set(known), key=str):
            near = difflib.get_close_matches(str(name), known, 1)
            yield Fault("key_unknown", where, {"key": name, "known": ", ".join(known)}, near[0] if near else "")
    elif error.validator == "required":
        name = re.match(r"'(.+?)'", error.message)
        yield Fault("key_missing", where, {"key": name[1] if name else error.message})
    else:
        yield _value_fault(error, where)


_TYPES = {"string": "text", "integer": "whole", "boolean": "truth", "array": "list"}
# rule of a schema → code of the fault and the name its limit has there
_LIMITS = {
    "minimum": ("value_below", "least"),
    "exclusiveMinimum": ("value_not_above", "least"),
    "maximum": ("value_above", "most"),
    "minItems": ("value_few", "least"),
    "minProperties": ("value_few", "least"),
    "maxItems": ("value_many", "most"),
    "pattern": ("value_form", "pattern"),
    "enum": ("value_among", "known"),
    "const": ("value_among", "known"),
    "minLength": ("value_empty", "least"),
    "uniqueItems": ("value_repeated", ""),
    "oneOf": ("value_neither", ""),
    "format": ("day_unreadable", ""),
}


def _value_fault(error: ValidationError, where: Mapping[str, Any]) -> Fault:
    """What a rule of a schema says of a value, as a code of ours."""
    value, rule, limit = error.instance, str(error.validator), cast(Any, error.validator_value)
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    values = {"value": shown[:80], "n": len(value) if isinstance(value, list | dict) else 0}
    if rule == "type":
        asked = next(iter([limit] if isinstance(limit, str) else limit))
        return Fault(f"value_{_TYPES.get(asked, asked)}", where, values)
    code, name = _LIMITS.get(rule, ("value_wrong", ""))
    return Fault(code, where, values | ({name: limit} if name else {}))


def _key_path(parts: Sequence[str | int] | Any) -> str:
    return ".".join(str(part) for part in parts) or "·"


def table(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a UTF-8 CSV table with a heading row, one a line; blank lines at the end are left out.

    Raises
    ------
    DataFileError
        The file is absent or no UTF-8, two columns have one heading, a row has more or fewer cells than the heading, or
        a quote is open at the end of its line; `faults` lists all.
    """
    faults: list[Fault] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(_lines(csv.reader(handle, strict=True), path, faults))
    except FileNotFoundError:
        raise DataFileError("file_missing", {}, {"file": str(path)}) from None
    except UnicodeDecodeError as error:
        rows, faults = [], [Fault("file_not_utf8", {"file": str(path)}, {"byte": error.start})]
    while rows and not rows[-1][1]:
        rows.pop()
    names = rows.pop(0)[1] if rows else []
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(Fault("heading_twice", {"file": str(path), "row": 1}, {"name": name, "n": names.count(name)}))
    for at, row in rows:
        if len(row) != len(names):
            code = "row_too_long" if len(row) > len(names) else "row_too_short"
            faults.append(Fault(code, {"file": str(path), "row": at}, {"n": len(row), "wanted": len(names)}))
    if faults:
        raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    return tuple(dict(zip(names, row, strict=True)) for _, row in rows)


def _lines(reader: Any, path: Path, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """The rows with the numbers of their lines, up to the first that goes on over its line's end."""
    done = 0
    try:
        for row in reader:
            if reader.line_num > done + 1:
                break
            done = reader.line_num
            yield done, row
        else:
            return
    except csv.Error:
        pass
    faults.append(Fault("quote_open", {"file": str(path), "row": done + 1}, {"line": done + 1}, "quote_close"))


def json_lines(path: Path, faults: list[Fault]) -> Iterator[tuple[int, Any]]:
    """The values of a file with one JSON document a line, with their line numbers; lines that are none are added to
    `faults`. A line ends with a line feed, a carriage return or both, and nowhere else; blank ones are left out.

    Raises
    ------
    InputError
        The file is absent or no UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as handle:
            for at, line in enumerate(handle, start=1):
                if not line.strip():
                    continue
                document, wrong = json_document(line, {"file": path.name, "row": at})
                if not wrong:
                    yield at, document
                faults += [replace(one, where={k: v for k, v in one.where.items() if k != "line"}) for one in wrong]
    except FileNotFoundError:
        raise InputError("file_missing", {}, {"file": str(path)}) from None
    except UnicodeDecodeError as error:
        raise InputError("file_not_utf8", {"byte": error.start}, {"file": str(path)}) from None
