"""Columns that only one kind of match knows: an area of floor, a quality, a skill; read beside the layout's own."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from duijie import data
from duijie.errors import Fault
from duijie.intake import amounts, cells, codes
from duijie.intake.files import Limits, sheets
from duijie.intake.headings import find_heading
from duijie.intake.layouts import Column, Layout, fold_heading
from duijie.match.kinds import Field, load_kinds

__all__ = ["PREFIX", "Cells", "field_of", "fields_of", "last_day", "payload_of", "read_cells", "split"]

PREFIX = "field:"
"""What a column chosen for a field of a kind is marked with, beside the keys of the layout."""

Cells = Mapping[tuple[str, int], Mapping[str, tuple[Any, str]]]
"""Sheet and row → heading → the cell as written and the unit its heading names."""


@cache
def fields_of(role: str) -> Mapping[str, Field]:
    """Every field some kind has for a need or an offer, by key."""
    found: dict[str, Field] = {}
    for kind in load_kinds().values():
        for one in kind.fields(role):  # type: ignore[arg-type]
            found.setdefault(one.key, one)
    return found


@cache
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


def read_cells(path: Path, form: Layout, mapping: Mapping[str, str], role: str, *, limits: Limits) -> Cells:
    """The cells of the columns that the layout does not know and a kind may, row by row."""
    own, chosen = split(mapping)
    found: dict[tuple[str, int], dict[str, tuple[Any, str]]] = {}
    for sheet in sheets(path, limits=limits):
        heading = find_heading(list(islice(sheet.rows(), 40)), form, {}, own)
        wanted = {
            place: (text, amounts.heading_unit(text))
            for place, text in enumerate(heading.texts)
            if text in chosen or (text in heading.unknown and own.get(text) is None and field_of(text, role))
        }
        for number, row in sheet.rows() if wanted else ():
            said = {text: (row[at], unit) for at, (text, unit) in wanted.items() if at < len(row) and row[at]}
            if said:
                found[sheet.name, number] = said
    return found


def payload_of(
    said: Mapping[str, tuple[Any, str]], kind: str, role: str, chosen: Mapping[str, str]
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
            others[heading] = cells.plain(raw)
            continue
        cell = _parsed(raw, unit, fields[key])
        if cell.wrong:
            faults.append(Fault(cell.wrong.code, {"heading": heading}, cell.wrong.values, cell.wrong.hint))
        elif cell.value not in (None, ""):
            payload[key] = cell.value
    return payload, others, faults


def _parsed(raw: Any, unit: str, field: Field) -> cells.Cell:
    """One cell by the type of its field; a figure with a unit of the same nature is brought to the field's."""
    column = Column(field.key, field.label, field.type, unit=field.unit, choices=_choices(field))
    if field.type == "number":
        return _number(raw, unit, field, column)
    if field.type == "code":
        return _listed(codes.industry(part, column) for part in cells.words(raw, column).value or ())
    if field.type == "words":
        found = cells.words(raw, column)
        return cells.Cell(list(found.value)) if found.value else found
    if field.type == "range":
        return _span(raw)
    if field.type == "date":
        day = cells.day(raw, column)
        return cells.Cell(str(last_day(day.value))) if day.value else day
    return cells.choice(raw, column) if field.type == "choice" else cells.text(raw, column)


def last_day(text: str | None) -> date | None:
    """The last day a date as exact as given still holds: 2027 holds to its December, 2027-02 to its 28th."""
    if not text:
        return None
    year, month, *day = (*map(int, text.split("-")), *([12] if len(text) == 4 else []))
    return date(year, month, day[0] if day else calendar.monthrange(year, month)[1])


def _choices(field: Field) -> dict[str, tuple[str, ...]]:
    return {key: (label.zh, label.en) for key, label in field.vocabulary.items()}


def _number(raw: Any, unit: str, field: Field, column: Column) -> cells.Cell:
    if field.unit.startswith("元"):
        money = amounts.money(raw, column, unit.partition("/")[0] or "元")
        return money if money.wrong or money.extra in (None, "CNY") else cells.Cell(wrong=_foreign(money.extra))
    target = _measure(field.unit)
    if target:
        return amounts.quantity(raw, Column(field.key, field.label, "quantity", unit=target), unit or field.unit)
    if unit and unit != field.unit:
        values = {"value": cells.plain(raw), "unit": unit, "expected": field.unit}
        return cells.Cell(wrong=cells.Wrong("quantity_unit", values, "quantity_form"))
    return cells.number(raw, None)


@cache
def _measure(unit: str) -> str:
    """A unit in the words of a kind's file as the unit library writes it; empty where it is no measure."""
    rows = data.table(data.root() / "intake" / "units.csv")
    words = {word: row["unit"] for row in rows if float(row["factor"]) == 1 for word in row["words"].split()}
    parts = [words.get(part, "") for part in unit.split("/")]
    return " / ".join(f"({part})" for part in parts) if all(parts) else ""


def _foreign(currency: str) -> cells.Wrong:
    return cells.Wrong("money_unit_unknown", {"value": currency, "unit": currency}, "money_form")


def _listed(parts: Iterator[cells.Cell]) -> cells.Cell:
    found = list(parts)
    wrong = next((one.wrong for one in found if one.wrong), None)
    return cells.Cell(wrong=wrong) if wrong else cells.Cell([one.value for one in found] or None)


def _span(raw: Any) -> cells.Cell:
    """Two figures, low and high, with any sign between them."""
    figures = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", cells.plain(raw))]
    if len(figures) == 2 and figures[0] <= figures[1]:
        return cells.Cell(figures)
    return cells.Cell(wrong=cells.Wrong("number_unreadable", {"value": cells.plain(raw)}, "number_form"))
