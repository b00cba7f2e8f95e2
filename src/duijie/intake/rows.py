"""Rows under a heading become values by column: what a column repeats is checked once, each fault told by its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from itertools import islice
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duijie.cells import Cell, CellType, Raw, Wrong, read
from duijie.cells.cell import DITTO, NOTHING, plain
from duijie.cells.codes import sound_codes
from duijie.cells.days import SERIAL_SHIFT_1904
from duijie.cells.reading import MEASURED
from duijie.cells.texts import PERSONAL, covered
from duijie.errors import Fault
from duijie.sheets import Sheet

from .headings import Heading, are_units, column_letters, find_heading
from .layouts import Column, Layout
from .shapes import LeftOut, Shapes

__all__ = ["Batch", "Hidden", "Reader", "Seen"]

Rows = Iterable[tuple[int, Sequence[Raw]]]
Hidden = Literal["ask", "take", "leave"]
"""What becomes of rows and sheets that a program does not show: a fault that asks, read like the rest, or left out."""

_FIRST_SERIAL = 10_000  # a number of four digits is a year, however days are counted
_FREE = frozenset({"text", "url"})  # seldom said twice: not remembered
_REMEMBERED = 100_000  # different cells of a column kept with their result
_CAPTION = 4  # lines above a heading that may name its units
_NAMED = 1000  # lines left out that are named one by one
_ROWS = 40  # bits for the number of a row
_BEGINNING = 40  # letters of such a line that are shown


@dataclass
class Batch:
    """Some rows: their numbers, `values` and `extras` by key, `confidences` below 1 by place, faults, and which places
    have any; `n_skipped` lines are no records, those that are not blank are named in `left_out`. `beside` holds the
    cells of asked columns that the layout does not know: raw, with their unit, by heading."""

    numbers: list[int]
    values: dict[str, list[Any]] = field(default_factory=dict)
    extras: dict[str, list[Any]] = field(default_factory=dict)
    confidences: dict[int, dict[str, float]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    faulty: set[int] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)
    beside: list[dict[str, tuple[Raw, str]]] = field(default_factory=list)
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


class Seen:
    """Where each value that stands once was met first, over all sheets of a file."""

    def __init__(self) -> None:
        self._sheets: list[str] = []
        self._places: dict[str, dict[int, int]] = {}

    def of(self, key: str, sheet: str) -> Callable[[Any, int], int | str]:
        """For a column on a sheet: the row where a value stood before, with its sheet where that is another; 0 where it
        is new, and remembered from then on."""
        places, sheets = self._places.setdefault(key, {}), self._sheets
        if sheet not in sheets:
            sheets.append(sheet)
        here = sheets.index(sheet) << _ROWS

        def first(value: Any, row: int) -> int | str:
            mark = hash(value)
            if mark not in places:
                places[mark] = here | row
                return 0
            own, at = places[mark] >> _ROWS, places[mark] & (1 << _ROWS) - 1
            return at if own == here >> _ROWS else f"{sheets[own]}!{at}"

        return first


class Reader:
    """Reads the rows of one sheet; `seen` remembers unique values over all sheets of a file, `hidden` the rows that are
    not shown and about which nobody has decided. `beside` gives a type to headings that the layout does not know and
    whose cells are kept all the same."""

    def __init__(
        self,
        form: Layout,
        heading: Heading,
        sheet: Sheet,
        where: Mapping[str, str],
        today: date | None,
        seen: Seen,
        hidden: Hidden = "ask",
        beside: Callable[[str], CellType | None] | None = None,
    ) -> None:
        self._form, self._sheet, self._where, self._seen = form, sheet, where, seen
        self._today = today.isoformat() if today else ""
        self._hidden, self.hidden, self._beside = hidden, list[int](), beside
        # one cell shown over several columns, in one row
        self._wide = {top for top, left, low, right in sheet.merged if top == low and right > left}
        self._is_foreign = False
        self._next = heading.row + 1  # the row that is looked for after a record
        self._before: list[tuple[int, Sequence[Raw]]] = []
        self._turned: list[tuple[int, Sequence[Raw]]] = []  # the heading of a table further down
        self.headings = [heading]
        self._begin(heading)

    def _begin(self, heading: Heading) -> None:
        self._heading = heading
        self._above: Sequence[Raw] = ()  # the record before
        self._columns = {place: self._form.columns[key] for place, key in heading.keys.items()}
        self._types = {column.key: column.cell for column in self._columns.values()}
        self._texts = {place: heading.texts[place] for place in heading.keys}
        self._known = {key: _Known() for key in heading.keys.values()}
        self._unit_places = {column.unit_of: place for place, column in self._columns.items() if column.unit_of}
        self._unheaded = [at for at, text in enumerate(heading.texts) if not text]
        self._shapes = Shapes(self._form, heading, self._wide)
        free = [at for at, text in enumerate(heading.texts) if at not in heading.keys and text not in heading.personal]
        asked = {at: self._beside(heading.texts[at]) for at in free if self._beside and heading.texts[at]}
        self._kept = {at: kind for at, kind in asked.items() if kind is not None}
        named = [heading.texts[at] for at in self._kept]
        self._twice = sorted({name for name in named if named.count(name) > 1})

    def batches(self, rows: Rows, size: int) -> Iterator[Batch]:
        """The rows in batches of at most `size`; lines that are no records are left out, counted and named."""
        stream, hidden = iter(rows), self._sheet.hidden_rows
        while True:
            batch, kept, turn = Batch([]), list[Sequence[Raw]](), None
            numbers, is_plain, is_foreign = batch.numbers, self._shapes.is_plain, self._is_foreign
            first = self._heading.row + 2  # the columns may be numbered up to here
            number = 0
            for number, row in islice(stream, size):
                if (
                    number > first
                    and number == self._next
                    and is_plain(row)
                    and not is_foreign
                    and number not in hidden
                ):
                    numbers.append(number)
                    kept.append(row)
                    self._next += 1
                elif self._turns(batch, kept, number, row):
                    turn = number, row
                    break
            if not number:
                return
            self._fill(batch, kept)
            if turn:
                self._turn(batch, *turn)
            yield batch

    def _turns(self, batch: Batch, kept: list[Sequence[Raw]], number: int, row: Sequence[Raw]) -> bool:
        """Sort a row that may be no record; whether it is the heading of another table."""
        if self._turned and number == self._heading.row + 1 and are_units(list(map(plain, row))):
            self._begin(find_heading([*self._turned, (number, row)], self._form, self._where))
            self.headings[-1] = self._heading
            self._leave(batch, number, "heading_other", row)
            return False
        why = self._shapes.why(number, row, is_after_gap=number != self._next)
        # the next is looked at closely where this is no record: -1 is the number of none
        self._next = -1 if why and why != "row_alone" else number + 1
        if why == "heading_other":
            return True
        if self._is_foreign and why != "blank":
            why = "other_table"
        if why and why != "row_alone":
            self._leave(batch, number, why, row)
            return False
        batch.numbers.append(number)
        kept.append(row)
        is_hidden = number in self._sheet.hidden_rows
        if is_hidden and self._hidden == "ask":
            batch.faulty.add(len(kept) - 1)
            self.hidden.append(number)
        if why == "row_alone" and not (is_hidden and self._hidden == "leave"):
            text = next(text for text in map(plain, row) if text)
            self._fault(batch, len(kept) - 1, "", Wrong("row_alone", {"value": covered(text)}, "row_alone_fill"))
        return False

    def _leave(self, batch: Batch, number: int, why: str, row: Sequence[Raw]) -> None:
        batch.n_skipped += 1
        is_heading = why.startswith("heading")
        self._before = [] if is_heading else [*self._before[-_CAPTION:], (number, row)]
        if why != "blank" and len(batch.left_out) < _NAMED:
            text = covered(" ".join(text for text in map(plain, row) if text))[:_BEGINNING]
            batch.left_out.append(LeftOut(self._sheet.name, number, why, text))

    def _turn(self, batch: Batch, number: int, row: Sequence[Raw]) -> None:
        """Go on under the heading of another table; where it is of another kind, its rows are left out, as a fault."""
        above = self._before
        while above and above[-1][0] - above[0][0] != len(above) - 1:  # only lines that no record comes after
            above = above[1:]
        above = above if above and above[-1][0] == number - 1 else []
        heading = find_heading([*above, (number, row)], self._form, self._where)
        self._leave(batch, number, "heading_other", row)
        self._is_foreign = bool(heading.faults) or heading.row != number
        if not self._is_foreign:
            self._turned = [*above, (number, row)]
            self.headings.append(heading)
            self._begin(heading)
            self._next = number + 1
            return
        values = {"headings": [covered(text) for text in map(plain, row) if text][:20]}
        batch.faults.append(Fault("table_below", {**self._where, "row": number}, values, "table_own_sheet"))

    def _fill(self, batch: Batch, rows: list[Sequence[Raw]]) -> None:
        widths, width = set(map(len, rows)), len(self._heading.texts)
        rows = self._living(batch, self._without_dittos(batch.numbers, rows))
        self._name_unheaded(batch, rows)
        if max(widths, default=0) > width:
            self._too_long(batch, rows, width)
        for place, column in self._columns.items():
            raw = _cells(rows, place, min(widths, default=0))
            unit_place = self._unit_places.get(column.key, -1)
            units = list(map(plain, _cells(rows, unit_place, min(widths)))) if unit_place >= 0 and rows else []
            self._column(batch, place, column, raw, units)
        if self._form.once and batch.values.keys() >= set(self._form.required):
            self._once(batch)
        if self._beside:
            self._keep_beside(batch, rows)

    def _without_dittos(self, numbers: list[int], rows: list[Sequence[Raw]]) -> list[Sequence[Raw]]:
        """The rows with what stands above each 同上. On cards another field stands above it, and beside another table
        nobody can say: it is left, and is a fault."""
        if not rows or not self._heading.row or len(set(numbers)) < len(numbers):
            return rows
        least = min(map(len, rows))
        for place in (*self._columns, *self._kept):
            cells = _cells(rows, place, least)
            if not DITTO.isdisjoint(cells):
                (above,) = _cells([self._above], place, 0)
                for at, cell in enumerate(cells):
                    above = above if cell in DITTO and plain(above) else cell
                    if above is not cell:
                        rows[at] = [*rows[at][:place], above, *rows[at][place + 1 :]]
        self._above = rows[-1]
        return rows

    def _keep_beside(self, batch: Batch, rows: list[Sequence[Raw]]) -> None:
        """The cells of asked columns, as the reader of their type must be given them."""
        batch.beside = [{} for _ in rows]
        for place, kind in self._kept.items():
            text, unit = self._heading.texts[place], self._heading.unit_of(place, kind)
            for own, raw in zip(batch.beside, _cells(rows, place, 0), strict=True):
                if plain(raw):
                    own[text] = self._adjusted(raw, kind.name), unit
        while self._twice:
            name = self._twice.pop()
            values = {"name": name, "n": self._heading.texts.count(name)}
            where = {**self._where, "row": self._heading.row}
            batch.faults.append(Fault("heading_twice", where, values, "heading_keep_one"))

    def _living(self, batch: Batch, rows: list[Sequence[Raw]]) -> list[Sequence[Raw]]:
        """The rows without those that are hidden where these are left, and those whose status says that the thing is no
        more; all are named."""
        hidden = self._sheet.hidden_rows if self._hidden == "leave" else ()
        gone = {at: "hidden" for at, number in enumerate(batch.numbers) if number in hidden} if hidden else {}
        for place, column in self._columns.items():
            if column.live:
                cells = _cells(rows, place, 0)
                states = {raw: read(raw, self._types[column.key]).value for raw in set(cells)}
                dead = {raw: f"status_{state}" for raw, state in states.items() if state and state not in column.live}
                gone = {at: dead[raw] for at, raw in enumerate(cells) if raw in dead} | gone if dead else gone
        if not gone:
            return rows
        for at in sorted(gone):
            self._leave(batch, batch.numbers[at], gone[at], rows[at])
        kept = [at for at in range(len(rows)) if at not in gone]
        places = {old: new for new, old in enumerate(kept)}
        batch.numbers = [batch.numbers[at] for at in kept]
        batch.faulty = {places[at] for at in batch.faulty if at in places}
        return [rows[at] for at in kept]

    def _name_unheaded(self, batch: Batch, rows: list[Sequence[Raw]]) -> None:
        """A column that holds values below no heading is read by nobody: it is named, once, with the first of them."""
        for place in list(self._unheaded):
            first = next(filter(None, map(plain, _cells(rows, place, 0))), "")
            if first:
                self._unheaded.remove(place)
                text = f"{column_letters(self._heading.first + place)} · {covered(first)}"[:_BEGINNING]
                batch.left_out.append(LeftOut(self._sheet.name, self._heading.row, "unheaded", text))

    def _too_long(self, batch: Batch, rows: list[Sequence[Raw]], width: int) -> None:
        for at, row in enumerate(rows):
            if any(plain(cell) for cell in row[width:]):
                self._fault(batch, at, "", Wrong("row_too_long", {}, "row_quote"))

    def _column(self, batch: Batch, place: int, column: Column, raw: Sequence[Raw], units: list[str]) -> None:
        """All cells of a column; those that are clean as they stand are never looked at one by one."""
        unit = self._heading.units.get(place, "") if column.type in MEASURED else ""
        known, marks = self._known[column.key], _marks(raw, unit, units if column.type in MEASURED else [])
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
        found = read(self._adjusted(raw, column.type), self._types[column.key], unit)
        if found.wrong is None and found.value is None and column.is_required:
            return Cell(wrong=Wrong("cell_required", {"column": column.label.to_dict()}, "cell_fill"))
        if found.value and column.is_past and self._today and found.value > self._today[: len(found.value)]:
            return Cell(wrong=Wrong("date_in_future", {"value": found.value, "today": self._today}, "date_form"))
        return found

    def _adjusted(self, raw: Any, kind: str) -> Any:
        """A cell as it would stand in a workbook that counts from 1900, and with a point as its decimal mark."""
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
        if self._sheet.is_1904 and kind == "date" and is_number and raw >= _FIRST_SERIAL:
            return raw + SERIAL_SHIFT_1904
        return _with_point(raw) if self._sheet.decimal == "," and kind in MEASURED and isinstance(raw, str) else raw

    def _odd(self, batch: Batch, place: int, column: Column, found: Iterable[tuple[int, Cell]]) -> None:
        for at, cell in found:
            if cell.wrong:
                self._fault(batch, at, self._texts[place], cell.wrong)
            else:
                batch.confidences.setdefault(at, {})[column.key] = cell.confidence

    def _unique(self, batch: Batch, place: int, column: Column, values: list[Any]) -> None:
        first_of = self._seen.of(column.key, self._sheet.name)
        for at, value in enumerate(values):
            if value is not None and (first := first_of(value, batch.numbers[at])):
                values[at] = None
                wrong = Wrong("value_twice", {"value": value, "first": first}, "value_keep_one")
                self._fault(batch, at, self._texts[place], wrong)

    def _once(self, batch: Batch) -> None:
        """Rows that say the same of the same as one before: the columns that together stand once."""
        keys = [key for key in self._form.once if key in batch.values]
        first_of = self._seen.of("", self._sheet.name)
        for at, said in enumerate(zip(*(batch.values[key] for key in keys), strict=True)):
            if at not in batch.faulty and (first := first_of(said, batch.numbers[at])):
                labels = [self._form.columns[key].label.to_dict() for key in keys]
                self._fault(batch, at, "", Wrong("row_twice", {"first": first, "columns": labels}, "value_keep_one"))

    def _fault(self, batch: Batch, at: int, column: str, wrong: Wrong) -> None:
        where = {**self._where, "row": batch.numbers[at], "column": column}
        values = {key: covered(one) if isinstance(one, str) else one for key, one in wrong.values.items()}
        batch.faults.append(Fault(wrong.code, where, values, wrong.hint))
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


def _with_point(text: str) -> str:
    """A figure with a decimal comma as one with a point; what is no such figure stays."""
    if re.fullmatch(r"[^0-9.,]*[0-9]{1,3}(?:\.?[0-9]{3})*(?:,[0-9]+)?[^0-9.,]*", text):
        return text.replace(".", "").replace(",", ".")
    return text


def _unclear(column: Column, marks: Sequence[Any]) -> set[Any]:
    """The different cells of a column that must be looked at; the others are their own value."""
    if column.type in _FREE:
        is_clear = _plain_texts(marks, column.is_required)
    elif column.type == "uscc":
        is_clear = sound_codes(marks)
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
        pc.invert(pc.match_substring_regex(texts, r"^[-‐‑–—―−_/\\#！-～]|[０-９]|^同.?上$")),
        pc.invert(pc.is_in(pc.utf8_lower(texts), pa.array(sorted(NOTHING | DITTO)))),
        pc.invert(pc.match_substring_regex(texts, PERSONAL)),
    )
    clear = reduce(pc.and_, asked)
    return np.asarray(pc.fill_null(clear, not is_required).to_numpy(zero_copy_only=False), bool)


def _whole_unit(heading: str, own: str) -> str:
    """The unit a heading and a column of units give together: 万 and 港元 make 万港元."""
    if not own or own == heading:
        return heading
    return own if not heading or own == "元" or any(mark in own for mark in "万亿千") else heading + own
