"""Rows under a heading become values by column: what a column repeats is checked once, each fault told by its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, reduce
from itertools import islice
from operator import itemgetter
from typing import Any
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
_FREE = frozenset({"text", "url"})  # seldom said twice: not remembered
_BRACKETS = "【】[]()（）"
_TOTAL = 12  # a longer text is no word for a total
_REMEMBERED = 100_000  # different cells of a column kept with their result


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


@dataclass
class _Known:
    """What the cells of a column came to so far: value and extra by cell, and those that were mended, are doubtful or
    wrong, or look like formulas."""

    values: dict[Any, Any] = field(default_factory=dict)
    extras: dict[Any, Any] = field(default_factory=dict)
    mended: set[Any] = field(default_factory=set)
    odd: dict[Any, Cell] = field(default_factory=dict)
    formulas: set[Any] = field(default_factory=set)

    def add(self, mark: Any, cell: Cell) -> None:
        self.values[mark] = cell.value
        if cell.extra is not None:
            self.extras[mark] = cell.extra
        if cell.is_mended:
            self.mended.add(mark)
        if cell.wrong or cell.confidence < 1:
            self.odd[mark] = cell
        if isinstance(cell.value, str) and cell.value[:1] in ("=", "@"):
            self.formulas.add(mark)


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
        self._known = {key: _Known() for key in heading.keys.values()}
        self._unit_places = {column.unit_of: place for place, column in self._columns.items() if column.unit_of}
        self._filled = [text for text in heading.texts if text]
        self._starts = {text[0] for text in self._filled}

    def batches(self, rows: Rows, size: int) -> Iterator[Batch]:
        """The rows in batches of at most `size`; blank rows, totals and repeated headings are left out and counted."""
        stream = iter(rows)
        while True:
            numbers: list[int] = []
            kept: list[Sequence[Raw]] = []
            n_skipped = 0
            for number, row in islice(stream, size):
                if self._is_aside(row):
                    n_skipped += 1
                else:
                    numbers.append(number)
                    kept.append(row)
            if not numbers and not n_skipped:
                return
            batch = Batch(numbers, n_skipped=n_skipped)
            self._fill(batch, kept)
            yield batch

    def _is_aside(self, row: Sequence[Raw]) -> bool:
        first = row[0] if row else ""
        if type(first) is str and first and not _may_be_aside(first[0]) and first[0] not in self._starts:
            return False
        return self._is_surely_aside(row)

    def _is_surely_aside(self, row: Sequence[Raw]) -> bool:
        first = next((text for text in map(plain, row) if text), "")
        if not first:
            return True
        if len(first) <= _TOTAL and {fold_heading(first), fold_heading(first.strip(_BRACKETS))} & total_words():
            return True
        return first in self._filled and [text for text in map(plain, row) if text] == self._filled

    def _fill(self, batch: Batch, rows: list[Sequence[Raw]]) -> None:
        widths, width = set(map(len, rows)), len(self._heading.texts)
        if max(widths, default=0) > width:
            self._too_long(batch, rows, width)
        for place, column in self._columns.items():
            raw = _cells(rows, place, min(widths, default=0))
            unit_place = self._unit_places.get(column.key, -1)
            units = list(map(plain, _cells(rows, unit_place, min(widths)))) if unit_place >= 0 and rows else []
            self._column(batch, place, column, raw, units)

    def _too_long(self, batch: Batch, rows: list[Sequence[Raw]], width: int) -> None:
        for at, row in enumerate(rows):
            if any(plain(cell) for cell in row[width:]):
                self._fault(batch, at, "", Wrong("row_too_long", {}, "row_quote"))

    def _column(self, batch: Batch, place: int, column: Column, raw: Sequence[Raw], units: list[str]) -> None:
        """All cells of a column; those that are clean as they stand are never looked at one by one."""
        unit = self._heading.units.get(place, "") if column.type in _MEASURED else ""
        known, marks = self._known[column.key], _marks(raw, unit, units if column.type in _MEASURED else [])
        if len(known.values) > _REMEMBERED or column.type in _FREE:
            known = self._known[column.key] = _Known()
        for mark in _unclear(column, marks) - known.values.keys():
            known.add(mark, self._cell(mark, column, unit))
        values = [known.values.get(mark, mark) for mark in marks] if known.values else list(marks)
        batch.values[column.key] = values
        if column.type == "money":
            batch.extras[column.key] = list(map(known.extras.get, marks))
        batch.n_mended += sum(map(known.mended.__contains__, marks)) if known.mended else 0
        batch.n_formulas += sum(map(known.formulas.__contains__, marks)) if known.formulas else 0
        if known.odd:
            found = [(at, known.odd[mark]) for at, mark in enumerate(marks) if mark in known.odd]
            self._odd(batch, place, column, found)
        if column.is_unique:
            self._unique(batch, place, column, values)

    def _cell(self, mark: Any, column: Column, unit: str) -> Cell:
        raw, unit = mark if isinstance(mark, tuple) else (mark, unit)
        if raw is None or raw == "":
            found = cells.EMPTY
        else:
            found = _PARSERS[column.type](raw, column, *((unit,) if column.type in _MEASURED else ()))
        if found.wrong is None and found.value is None and column.is_required:
            return Cell(wrong=Wrong("cell_required", {"column": column.label.to_dict()}, "cell_fill"))
        if found.value and column.is_past and self._today and found.value > self._today[: len(found.value)]:
            return Cell(wrong=Wrong("date_in_future", {"value": found.value, "today": self._today}, "date_form"))
        return found

    def _odd(self, batch: Batch, place: int, column: Column, found: Iterable[tuple[int, Cell]]) -> None:
        for at, cell in found:
            if cell.wrong:
                self._fault(batch, at, self._texts[place], cell.wrong)
            else:
                batch.confidences.setdefault(at, {})[column.key] = cell.confidence

    def _unique(self, batch: Batch, place: int, column: Column, values: list[Any]) -> None:
        seen = self._seen.setdefault(column.key, {})
        for at, value in enumerate(values):
            if value is None or (first := seen.setdefault(hash(value), batch.numbers[at])) == batch.numbers[at]:
                continue
            values[at] = None
            self._fault(
                batch, at, self._texts[place], Wrong("value_twice", {"value": value, "first": first}, "value_keep_one")
            )

    def _fault(self, batch: Batch, at: int, column: str, wrong: Wrong) -> None:
        where = {**self._where, "row": batch.numbers[at], "column": column}
        batch.faults.append(Fault(wrong.code, where, wrong.values, wrong.hint))
        batch.faulty.add(at)


def _cells(rows: Sequence[Sequence[Raw]], place: int, least: int) -> list[Raw]:
    """A column of the rows; rows with fewer than `place` cells have nothing there, and `least` is what each has."""
    if place < least:
        return list(map(itemgetter(place), rows))
    return [row[place] if place < len(row) else None for row in rows]


def _marks(raw: Sequence[Raw], heading_unit: str, units: Sequence[str]) -> Sequence[Any]:
    """What tells one cell of a column from another: the cell itself, with its unit or, as True is 1, its kind."""
    if units:
        whole = {unit: _whole_unit(heading_unit, unit) for unit in set(units)}
        return [(cell, whole[unit]) for cell, unit in zip(raw, units, strict=True)]
    return [(cell, "") if type(cell) is bool else cell for cell in raw] if bool in set(map(type, raw)) else raw


@cache
def _may_be_aside(letter: str) -> bool:
    """Whether a row that begins with this letter may be blank or a row of totals."""
    folded = normalize("NFKC", letter).lower()
    return not folded.isalnum() or any(word.startswith(folded) for word in total_words())


def _unclear(column: Column, marks: Sequence[Any]) -> set[Any]:
    """The different cells of a column that must be looked at; the others are their own value."""
    if column.type in _FREE:
        is_clear = _plain_texts(marks, column.is_required)
    elif column.type == "uscc":
        is_clear = codes.sound_codes(marks)
    else:
        return set(marks)
    return {marks[at] for at in np.flatnonzero(~is_clear).tolist()}


def _plain_texts(marks: Sequence[Any], is_required: bool) -> NDArray[np.bool_]:
    """Which cells are text that needs nothing done to it, and, where it may be absent, no text at all."""
    try:
        texts = pa.array(marks, pa.string())
    except (pa.ArrowException, UnicodeEncodeError):
        return np.zeros(len(marks), bool)
    asked = (
        pc.utf8_is_printable(texts),
        pc.equal(pc.utf8_trim_whitespace(texts), texts),
        pc.invert(pc.match_substring(texts, "  ")),
        pc.invert(pc.starts_with(texts, "=")),
        pc.invert(pc.starts_with(texts, "@")),
        pc.greater(pc.binary_length(texts), 0),
    )
    clear = reduce(pc.and_, asked)
    return np.asarray(pc.fill_null(clear, not is_required).to_numpy(zero_copy_only=False), bool)


def _whole_unit(heading: str, own: str) -> str:
    """The unit a heading and a column of units give together: 万 and 港元 make 万港元."""
    return (
        own
        if not heading or any(mark in own for mark in "万亿千")
        else heading + own
        if own and own != heading
        else heading
    )
