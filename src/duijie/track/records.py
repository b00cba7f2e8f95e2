"""Records as lines: one JSON object a line, fields named as the terms' fields, `type` says which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from duijie.errors import Fault, InputError
from duijie.terms import Listing, Party, Step

from .conference import Conference, Decision, Practice
from .docking import Ticket
from .lifecycle import Amendment
from .trajectory import Target
from .workflow import Move

__all__ = ["TYPES", "decode", "encode", "read_lines"]

TYPES: Mapping[str, type] = {
    "party": Party,
    "listing": Listing,
    "step": Step,
    "action": Move,
    "ticket": Ticket,
    "decision": Decision,
    "conference": Conference,
    "practice": Practice,
    "target": Target,
    "amendment": Amendment,
}


def encode(kind: str, record: Any) -> str:
    """One record as a line of JSON, `type` first.

    Examples
    --------
    >>> encode("target", Target("x", "signed", 5.0, "2024-12-31", "2024-01-20"))[:52]
    '{"type": "target", "clause": "x", "indicator": "sign'
    """
    return json.dumps({"type": kind, **asdict(record)}, ensure_ascii=False, allow_nan=False)


def decode(cls: type, document: Mapping[str, Any]) -> Any:
    """The record of a type from its plain form; fields that are absent keep their default.

    Raises
    ------
    TypeError
        A field without a default is absent.
    """
    hints = get_type_hints(cls)
    return cls(**{one.name: _value(hints[one.name], document[one.name]) for one in fields(cls) if one.name in document})


def _value(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (UnionType, Union):
        return value if value is None else _value(get_args(hint)[0], value)
    if is_dataclass(hint):
        return decode(hint, value)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], one) for one in value)
    return value


def read_lines(path: Path, types: Mapping[str, type] = TYPES) -> dict[str, tuple[Any, ...]]:
    """The records of a file by their type, in file order; types not asked for are passed over.

    Raises
    ------
    InputError
        ``track_lines_wrong``: lines that are no records; `faults` names each by its number.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in types}
    faults: list[Fault] = []
    for at, line in enumerate(_lines(path), start=1):
        try:
            document = json.loads(line)
            if document["type"] in types:
                found[document["type"]].append(decode(types[document["type"]], document))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            faults.append(Fault("track_line_wrong", {"file": str(path), "row": at}, {"problem": str(problem)}))
    if faults:
        raise InputError("track_lines_wrong", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    return {kind: tuple(records) for kind, records in found.items()}


def _lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError("file_missing", {}, {"file": str(path)}) from None
