"""Records as lines: one JSON object a line, fields named as the terms' fields, `type` says which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from duijie.data.files import json_lines
from duijie.data.typed import typed
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
    """The record of a type from its plain form; fields that are absent keep their default, other keys are passed over.

    Raises
    ------
    InputError
        ``track_lines_wrong``: a field without a default is absent, or a value does not fit; `faults` lists all.
    """
    names, faults = {one.name for one in fields(cls)}, list[Fault]()
    found = typed(cls, {key: value for key, value in document.items() if key in names}, {}, faults)
    if faults:
        raise InputError("track_lines_wrong", {"file": cls.__name__, "n": len(faults)}, faults=faults)
    return found


def read_lines(path: Path, types: Mapping[str, type] = TYPES) -> dict[str, tuple[Any, ...]]:
    """The records of a file by their type, in file order; types not asked for are passed over, blank lines as well.

    Raises
    ------
    InputError
        ``track_lines_wrong``: lines that are no records, or fields that do not fit; `faults` names each by its line.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in types}
    faults: list[Fault] = []
    for at, document in json_lines(path, faults):
        where = {"file": path.name, "row": at}
        kind = document.get("type") if isinstance(document, Mapping) else None
        if not isinstance(kind, str):
            faults.append(Fault("track_line_wrong", where))
        elif kind in types:
            own = {key: value for key, value in document.items() if key != "type"}
            found[kind] += filter(None, [typed(types[kind], own, where, faults)])
    if faults:
        raise InputError("track_lines_wrong", {"file": path.name, "n": len(faults)}, {"file": path.name}, "", faults)
    return {kind: tuple(records) for kind, records in found.items()}
