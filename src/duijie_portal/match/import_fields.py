"""Columns that only one kind of match knows: an area of floor, a quality, a skill; read beside the layout's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from duijie.cells import CellType
from duijie.cells.cell import plain
from duijie.data import kept
from duijie.errors import Fault
from duijie.intake.layouts import fold_heading
from duijie.match import kinds
from duijie.match.kinds import Field, load_kinds

__all__ = ["PREFIX", "Cells", "field_of", "fields_of", "last_day", "payload_of", "split", "types_beside"]

PREFIX = "field:"
"""What a column chosen for a field of a kind is marked with, beside the keys of the layout."""

Cells = Mapping[str, tuple[Any, str]]
"""Of one row: heading → the cell as written and the unit of its column."""


@kept
def fields_of(role: str) -> Mapping[str, Field]:
    """Every field some kind has for a need or an offer, by key."""
    found: dict[str, Field] = {}
    for kind in load_kinds().values():
        for one in kind.fields(role):  # type: ignore[arg-type]
            found.setdefault(one.key, one)
    return found


@kept
def _aliases(kind: str, role: str) -> Mapping[str, str]:
    """Folded key and labels → key; of one kind, or of all where `kind` is empty."""
    fields = load_kinds()[kind].fields(role) if kind else tuple(fields_of(role).values())  # type: ignore[arg-type]
    return {fold_heading(name): one.key for one in fields for name in (one.key, one.label.zh, one.label.en)}


def field_of(heading: str, role: str) -> str:
    """The key of the field a heading names in some kind; empty where none does."""
    return _aliases("", role).get(fold_heading(heading.rpartition("/")[2]), "")


def split(mapping: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What a person chose: headings of the layout's columns, and headings of fields, left out by the layout."""
    fields = {heading: key.removeprefix(PREFIX) for heading, key in mapping.items() if key.startswith(PREFIX)}
    return {heading: "" if heading in fields else key for heading, key in mapping.items()}, fields


def types_beside(mapping: Mapping[str, str], role: str) -> Callable[[str], CellType | None]:
    """Which headings that the layout does not know are kept, and how their cells are read: those that a person chose
    for a field, and those that name one by themselves."""
    own, chosen = split(mapping)

    def type_of(heading: str) -> CellType | None:
        key = chosen.get(heading) or ("" if heading in own else field_of(heading, role))
        return fields_of(role)[key].cell if key in fields_of(role) else None

    return type_of


def payload_of(
    said: Cells, kind: str, role: str, chosen: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str], list[Fault]]:
    """The fields of a kind that a row fills; cells of fields the kind lacks, as text; faults by heading."""
    fields = {one.key: one for one in load_kinds()[kind].fields(role)} if kind else {}  # type: ignore[arg-type]
    payload: dict[str, Any] = {}
    others: dict[str, str] = {}
    faults: list[Fault] = []
    for heading, (raw, unit) in said.items():
        key = chosen.get(heading) or (
            _aliases(kind, role).get(fold_heading(heading.rpartition("/")[2])) if kind else ""
        )
        if key not in fields:
            others[heading] = plain(raw)
            continue
        cell = fields[key].read(raw, unit)
        if cell.wrong:
            faults.append(Fault(cell.wrong.code, {"heading": heading}, cell.wrong.values, cell.wrong.hint))
        elif cell.value is not None:
            payload[key] = _plain(cell.value)
    return payload, others, faults


def _plain(value: Any) -> Any:
    """A value as a payload keeps it: lists, and whole figures without a point."""
    return list(value) if isinstance(value, tuple) else value


def last_day(text: str | None) -> date | None:
    """The last day a date as exact as given still holds: 2027 holds to its December, 2027-02 to its 28th."""
    return date.fromisoformat(kinds.last_day(text)) if text else None
