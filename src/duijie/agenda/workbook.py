"""The tables of an agreement as one workbook in Chinese: a sheet a table, the fields of a kind of match as columns."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter

from duijie import data
from duijie.cells import CellType, Raw, read
from duijie.cells.cell import plain
from duijie.errors import Fault, InputError
from duijie.intake.example import Table, columns, table_names
from duijie.match.kinds import Field, Kind
from duijie.sheets import sheets

__all__ = ["WORKBOOK", "read_workbook", "write_workbook"]

WORKBOOK = "数据.xlsx"
"""Its name in an agreement's folder."""

_LISTED = ("id", "role", "side", "party", "clause", "industry")
_AFTER = ("valid_from", "valid_until", "visibility", "basis", "publisher", "title", "url", "published_on", "as_of")
_ROLES = ("need", "offer")
_PRESUMED = ("BASIS", "VISIBILITY")  # an empty cell says the first word of the list
_MOST_SHEET = 31  # letters of a sheet's name in the office program
_N_FORMATTED = 2000  # rows with a list to choose from


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a sheet: the table's own, or a field of a kind by its role."""

    key: str
    label: str
    form: str = ""
    fields: tuple[tuple[str, Field], ...] = ()

    @property
    def heading(self) -> str:
        units = {one.unit for _, one in self.fields if one.unit}
        needed = self.form.isupper() and self.form not in _PRESUMED
        needed = needed or (bool(self.fields) and all(one.is_required for _, one in self.fields))
        return f"{self.label}{f'（{units.pop()}）' if len(units) == 1 else ''}{'*' if needed else ''}"

    @property
    def choices(self) -> tuple[str, ...]:
        words = {text.zh: None for _, one in self.fields for text in one.vocabulary.values()}
        return tuple(words or _words().get(self.form, {}))


@cache
def _said() -> Mapping[str, Any]:
    found: Mapping[str, Any] = data.read(data.root() / "intake" / "workbook.yaml")
    return found


def _words() -> Mapping[str, Mapping[str, str]]:
    words: Mapping[str, Mapping[str, str]] = _said()["words"]
    return {**words, "ROLE": words["role"]}


def _plain_columns(name: str) -> list[_Column]:
    labels = _said()["headings"]
    return [_Column(key, labels.get(key, key), form) for key, form in columns(name).items()]


def _kind_columns(kind: Kind) -> list[_Column]:
    """Who and when, with the kind's fields between; two fields of one label are told apart by their keys."""
    own, forms, labels = columns("listings"), dict(columns("listings")), _said()["headings"]
    before = [_Column(key, labels[key], forms[key]) for key in _LISTED]
    after = [_Column(key, labels[key], forms[key]) for key in _AFTER if key in own]
    fields: dict[str, list[tuple[str, Field]]] = {}
    for role in _ROLES:
        for one in kind.fields(role):  # type: ignore[arg-type]
            fields.setdefault(one.key, []).append((role, one))
    taken = [column.label for column in (*before, *after)]
    found: list[_Column] = []
    for key, ends in fields.items():
        label = ends[0][1].label.zh
        taken.append(label if label not in taken else f"{label}〔{key}〕")
        found.append(_Column(f"payload.{key}", taken[-1], "", tuple(ends)))
    return [*before, *found, *after]


def _layout(kinds: Mapping[str, Kind]) -> Iterator[tuple[str, str, Kind | None, list[_Column]]]:
    """Sheet, table, kind and columns of the whole workbook."""
    for name in table_names():
        if name in _said()["sheets"]:
            yield _said()["sheets"][name], name, None, _plain_columns(name)
        if name == "listings":
            for kind in kinds.values():
                yield kind.name.zh[:_MOST_SHEET], name, kind, _kind_columns(kind)


# ---- reading


def read_workbook(path: Path, kinds: Mapping[str, Kind]) -> tuple[dict[str, list[Table]], tuple[Fault, ...]]:
    """The tables of a workbook as an agreement folder's files would say them, and everything that cannot be read.

    Parameters
    ----------
    path
        Made by :func:`write_workbook`; sheets may be left out, columns may stand in any order.
    kinds
        The kinds of match by key.
    """
    known = {sheet: (name, kind, own) for sheet, name, kind, own in _layout(kinds)}
    tables: dict[str, list[Table]] = {}
    faults: list[Fault] = []
    try:
        opened = sheets(path)
    except InputError as error:
        return {}, (Fault(error.code, {"file": str(path)}, error.values, error.hint),)
    for sheet in opened:
        place = {"file": str(path), "sheet": sheet.name}
        if sheet.name not in known:
            if sheet.name != _said()["about"]:
                near = difflib.get_close_matches(sheet.name, known, 1)
                faults.append(Fault("sheet_unknown", place, {"known": list(known)}, near[0] if near else ""))
            continue
        name, kind, own = known[sheet.name]
        rows = [(number, row) for number, row in sheet.rows() if any(plain(cell) for cell in row)]
        if len(rows) > 1:
            tables.setdefault(name, []).append(_table(path, sheet.name, kind, own, rows, faults))
    return tables, tuple(faults)


def _table(
    path: Path, sheet: str, kind: Kind | None, own: Sequence[_Column], rows: Sequence[Any], faults: list[Fault]
) -> Table:
    (first, headings), *body = rows
    place = {"file": str(path), "sheet": sheet, "row": first}
    at = _places(headings, own, place, faults)
    labels = {column.key: column.label for column in own}
    made = []
    for number, row in body:
        cells = {key: row[column] if column < len(row) else None for key, column in at.items()}
        where = {"file": str(path), "sheet": sheet, "row": number}
        made.append(_row(cells, own, where, faults) if kind is None else _listing(cells, kind, own, where, faults))
    return Table(path, made, [number for number, _ in body], sheet, labels)


def _places(
    headings: Sequence[Raw], own: Sequence[_Column], place: Mapping[str, Any], faults: list[Fault]
) -> dict[str, int]:
    by_name = {_bare(column.heading): column.key for column in own} | {column.label: column.key for column in own}
    found: dict[str, int] = {}
    for at, raw in enumerate(headings):
        heading = _bare(plain(raw))
        if not heading:
            continue
        key = by_name.get(heading)
        if key is None:
            near = difflib.get_close_matches(heading, by_name, 1)
            known = [column.label for column in own]
            where = {**place, "column": heading}
            faults.append(Fault("table_column_unknown", where, {"known": known}, near[0] if near else ""))
        elif key in found:
            faults.append(Fault("heading_twice", {**place, "column": heading}, {"name": heading, "n": 2}))
        else:
            found[key] = at
    return found


def _bare(heading: str) -> str:
    return heading.strip().rstrip("*＊").strip()


def _row(
    cells: Mapping[str, Raw], own: Sequence[_Column], where: Mapping[str, Any], faults: list[Fault]
) -> dict[str, str]:
    return {column.key: _text(cells.get(column.key), column, where, faults) for column in own}


def _text(raw: Raw, column: _Column, where: Mapping[str, Any], faults: list[Fault]) -> str:
    """A cell as a table's file has it: the word of a list as its key, a day in ISO form, all else as it stands."""
    words = _words().get(column.form, {})
    text = plain(raw)
    if column.form in _PRESUMED:
        text = text or next(iter(words))
    if words:
        if text and text not in words and text not in words.values():
            near = difflib.get_close_matches(text, words, 1)
            place = {**where, "column": column.label}
            faults.append(Fault("name_unknown", place, {"name": text, "known": list(words)}, near[0] if near else ""))
            return next(iter(words.values()))
        return words.get(text, text)
    if column.form.lower() == "date" and text:
        found = read(raw, CellType("date"))
        return str(found.value) if found.value else text
    return text.replace("；", ";") if column.key in ("products", "fields", "focus", "inferred") else text


def _listing(
    cells: Mapping[str, Raw], kind: Kind, own: Sequence[_Column], where: Mapping[str, Any], faults: list[Fault]
) -> dict[str, str]:
    fixed = [column for column in own if not column.fields]
    row = _row(cells, fixed, where, faults)
    payload: dict[str, Any] = {}
    for column in own:
        field = dict(column.fields).get(row["role"])
        raw = cells.get(column.key)
        if not column.fields or not plain(raw) or not row["role"]:
            continue
        if field is None:
            faults.append(Fault("column_of_other_role", {**where, "column": column.label}, {"value": plain(raw)[:80]}))
            continue
        found = field.read(raw)
        if found.wrong:
            faults.append(
                Fault(found.wrong.code, {**where, "column": column.label}, found.wrong.values, found.wrong.hint)
            )
        elif found.value is not None:
            payload[field.key] = found.value
    made = {"kind": kind.key, "version": str(kind.version), "inferred": "", "payload": _json(payload)}
    return {key: {**row, **made}.get(key, "") for key in columns("listings")}


def _json(payload: Mapping[str, Any]) -> str:
    return json.dumps(
        payload, ensure_ascii=False, default=lambda value: value.isoformat() if isinstance(value, date) else list(value)
    )


# ---- writing


Filled = Mapping[str, Sequence[Mapping[str, str | float]]]
"""Rows by the name of their sheet, each by the headings without stars and units."""


def write_workbook(path: Path, kinds: Mapping[str, Kind], sides: Mapping[str, str], rows: Filled | None = None) -> None:
    """A workbook to fill in.

    Parameters
    ----------
    path
        Where it is written.
    kinds
        The kinds of match that get a sheet.
    sides
        The agreement's regions by code, for the lists to choose from.
    rows
        What stands in it already.
    """
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True, "valign": "top"})
        text = book.add_format({"num_format": "@"})
        about = book.add_worksheet(_said()["about"])
        about.set_column(0, 0, 100)
        codes = "、".join(f"{name}：{code}" for code, name in sides.items())
        for at, line in enumerate((*_said()["about_lines"], f"地区代码：{codes}")):
            about.write_string(at, 0, line)
        for sheet, _, _, own in _layout(kinds):
            page = book.add_worksheet(sheet)
            page.freeze_panes(1, 1)
            for at, column in enumerate(own):
                is_number = column.form.lower() in ("number", "count") or any(
                    one.type == "number" for _, one in column.fields
                )
                page.set_column(at, at, max(12, min(2 * len(column.heading) + 2, 30)), None if is_number else text)
                page.write_string(0, at, column.heading, head)
                for line, row in enumerate((rows or {}).get(sheet, ()), start=1):
                    page.write(line, at, row.get(column.label, ""))
                _choose(page, at, list(sides) if column.key in ("region", "side") else list(column.choices))


def _choose(page: Any, at: int, choices: list[str]) -> None:
    # what the office program lets a list in a cell hold
    if choices and len(",".join(choices)) < 250:
        page.data_validation(1, at, _N_FORMATTED, at, {"validate": "list", "source": choices, "error_type": "warning"})
