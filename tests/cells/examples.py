"""The lines of ``examples.yaml`` as raw cells, types and what each must come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from duijie import data
from duijie.cells import CellType
from duijie.intake.layouts import layout

__all__ = ["GROUPS", "examples", "type_of"]

_DOCUMENT, _FAULTS = data.check(Path(__file__).with_name("examples.yaml"))
# among the examples are figures that are none, which a file of ours may not hold otherwise
assert {fault.code for fault in _FAULTS} == {"number_not_finite"}
GROUPS: tuple[Mapping[str, Any], ...] = tuple(_DOCUMENT)


def type_of(group: Mapping[str, Any], row: Mapping[str, Any]) -> CellType:
    """The type of a line: that of its group, with the bounds the line names."""
    name = "date" if group["type"] == "end" else group["type"]
    choices = layout("firms").columns[group["choices"]].choices if "choices" in group else {}
    unit = row.get("per", group.get("unit", ""))
    return CellType(name, unit, row.get("least"), None, choices, is_end=group["type"] == "end")


def examples() -> Iterator[tuple[str, CellType, Mapping[str, Any]]]:
    """Each line with the name of its group and its type."""
    for group in GROUPS:
        for row in group["rows"]:
            yield group["type"], type_of(group, row), row
