"""Rows under a heading become values by column, each cell checked once, faults with file, sheet, row and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from duijie.errors import Fault

from . import amounts, cells, codes
from .cells import Cell, Raw, Wrong, plain
from .headings import Heading
from .layouts import Column, Layout, fold_heading, total_words

__all__ = ["Batch", "Reader"]

Rows = Iterable[tuple[int, Sequence[Raw]]]
_PARSERS: Mapping[str, Callable[..., Cell]] = {
    "text": cells.text,
    "url": cells.text,
    "key": cells.key,
    "words": cells.words,
    "choice": cells.choice,
    "date": cells.day,
    "number": cells.number,
    "uscc": codes.unified_code,
    "region": codes.region,
    "industry": codes.industry,
    "money": amounts.money,
    "quantity": amounts.quantity,
}
_MEASURED = frozenset({"money", "quantity"})
_TOTAL = 12  # a longer text is no word for a total
_REMEMBERED = 50_000  # different cells of a column kept with their result


@dataclass
class Batch:
    """Some rows: their numbers, `values` and `extras` by key, `confidences` below 1 by place, faults, and which places
    have any."""

    numbers: list[int]
    values: dict[str, list[Any]] = field(default_factory=dict)
    extras: dict[str, list[Any]] = field(default_factory=dict)
    confidences: dict[int, dict[str, float]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    faulty: set[int] = field(default_factory=set)
    n_mended: int = 0
    n_skipped: int = 0
    n_formulas: int = 0


class Reader:
    """Reads the rows of one sheet; `seen` remembers unique values over all sheets of a file."""

    def __init__(
        self,
        form: Layout,
        heading: Heading,
        where: Mapping[str, str],
        today: date | None,
        seen: dict[str, dict[int, int]],
    ) -> None:
        self._heading, self._where, self._seen = heading, where, seen
        self._today = today.isoformat() if today else ""
        self._columns = {place: form.columns[key] for place, key in heading.keys.items()}
        self._texts = {place: heading.texts[place] for place in heading.keys}
        self._known: dict[str, dict[tuple[Any, ...], Cell]] = {key: {} for key in heading.keys.values()}
        self._unit_places = {column.unit_of: place for place, column in self._columns.items() if column.unit_of}

    def batches(self, rows: Rows, size: int) -> Iterator[Batch]:
        """The rows in batches of at most `size`; blank rows, totals and repeated headings are left out and counted."""
        stream = iter(rows)
        while part := list(islice(stream, size)):
            kept = [(number, cells) for number, cells in part if not self._is_aside(cells)]
            batch = Batch([number for number, _ in kept], n_skipped=len(part) - len(kept))
            self._fill(batch, [row for _, row in kept])
            yield batch

    def _is_aside(self, row: Sequence[Raw]) -> bool:
        first = next((plain(cell) for cell in row if cell not in ("", None)), "")
        if not first:
            return not any(plain(cell) for cell in row)
        if len(first) <= _TOTAL and fold_heading(first) in total_words():
            return True
        texts = self._heading.texts
        return first in texts and [plain(cell) for cell in row if plain(cell)] == [text for text in texts if text]

    def _fill(self, batch: Batch, rows: list[Sequence[Raw]]) -> None:
        width = len(self._heading.texts)
        for at, row in enumerate(rows):
            if len(row) > width and any(plain(cell) for cell in row[width:]):
                self._fault(batch, at, "", Wrong("row_too_long", {}, "row_quote"))
        for place, column in self._columns.items():
            raw = [row[place] if place < len(row) else None for row in rows]
            unit_place = self._unit_places.get(column.key, -1)
            units = (
                [plain(row[unit_place]) if 0 <= unit_place < len(row) else "" for row in rows]
                if unit_place >= 0
                else []
            )
            self._column(batch, place, column, raw, units)

    def _column(self, batch: Batch, place: int, column: Column, raw: list[Raw], units: list[str]) -> None:
        heading_unit = self._heading.units.get(place, "")
        values: list[Any] = []
        extras: list[Any] = []
        for at, cell in enumerate(raw):
            if (cell is None or cell == "") and not column.is_required:
                values.append(None)
                extras.append(None)
                continue
            unit = _whole_unit(heading_unit, units[at] if units else "") if column.type in _MEASURED else ""
            found = self._cell(cell, column, unit)
            if found.wrong is None and found.value is not None:
                found = self._asked(found, column, batch.numbers[at])
            elif found.wrong is None and column.is_required:
                found = Cell(wrong=Wrong("cell_required", {"column": column.label.to_dict()}, "cell_fill"))
            if found.wrong:
                self._fault(batch, at, self._texts[place], found.wrong)
            if found.confidence < 1 and found.value is not None:
                batch.confidences.setdefault(at, {})[column.key] = found.confidence
            batch.n_mended += found.is_mended
            batch.n_formulas += isinstance(found.value, str) and found.value[0] in "=@"
            values.append(found.value)
            extras.append(found.extra)
        batch.values[column.key] = values
        if column.type == "money":
            batch.extras[column.key] = extras

    def _cell(self, raw: Raw, column: Column, unit: str) -> Cell:
        parse = _PARSERS[column.type]
        if column.type in ("text", "url"):
            return parse(raw, column)
        known, mark = self._known[column.key], (type(raw), raw, unit)
        found = known.get(mark)
        if found is None:
            found = parse(raw, column, unit) if column.type in _MEASURED else parse(raw, column)
            if len(known) < _REMEMBERED:
                known[mark] = found
        return found

    def _asked(self, found: Cell, column: Column, number: int) -> Cell:
        """The cell, or what the column asks of its value beyond its form."""
        if column.is_past and self._today and found.value > self._today[: len(found.value)]:
            return Cell(wrong=Wrong("date_in_future", {"value": found.value, "today": self._today}, "date_form"))
        if column.is_unique:
            first = self._seen.setdefault(column.key, {}).setdefault(hash(found.value), number)
            if first != number:
                return Cell(wrong=Wrong("value_twice", {"value": found.value, "first": first}, "value_keep_one"))
        return found

    def _fault(self, batch: Batch, at: int, column: str, wrong: Wrong) -> None:
        where = {**self._where, "row": batch.numbers[at], "column": column}
        batch.faults.append(Fault(wrong.code, where, wrong.values, wrong.hint))
        batch.faulty.add(at)


def _whole_unit(heading: str, own: str) -> str:
    """The unit a heading and a column of units give together: 万 and 港元 make 万港元."""
    return (
        own
        if not heading or any(mark in own for mark in "万亿千")
        else heading + own
        if own and own != heading
        else heading
    )
