"""The tables of a file: which sheets hold one, cards, tables side by side, merged cells, sheets that are not shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from duijie.cells import Raw
from duijie.cells.cell import plain
from duijie.cells.texts import covered
from duijie.errors import Fault
from duijie.sheets import Sheet, filled

from .headings import Heading, beside_cards, blocks, cards, find_heading, scored_kind
from .layouts import Layout
from .rows import Hidden
from .shapes import LeftOut

__all__ = ["Page", "begin", "guess", "pages"]

_SEARCHED = 40  # rows looked at for a heading
Rows = Iterator[tuple[int, Sequence[Raw]]]


@dataclass(frozen=True)
class Page:
    """A table on a sheet: its heading, and the rows below it with merged cells filled; of cards, what is on none."""

    sheet: Sheet
    heading: Heading
    rows: Rows
    left_out: tuple[LeftOut, ...] = ()


def pages(
    opened: Sequence[Sheet], form: Layout, file: str, mapping: Mapping[str, str] | None, hidden: Hidden
) -> tuple[list[Page], list[LeftOut], list[Fault]]:
    """The tables of a kind in a file, the sheets that hold none, and the question about sheets not shown.

    A sheet whose heading lacks what is required is left out where another has it all; where none has, its faults say
    what is missing.
    """
    shown = [sheet for sheet in opened if not sheet.is_hidden or hidden == "take"]
    found = [begin(sheet, form, file, mapping) for sheet in shown]
    whole = [page for page in found if page.heading.keys and not _lacks(page.heading)]
    usable = whole or [page for page in found if page.heading.keys] or found[:1]
    left_out = [LeftOut(page.sheet.name, 0, "no_table") for page in found if page not in usable]
    left_out += [one for page in usable for one in page.left_out]
    faults = []
    for sheet in opened:
        if sheet not in shown and hidden == "leave":
            left_out.append(LeftOut(sheet.name, 0, "hidden"))
        elif sheet not in shown:
            n = sum(any(map(plain, row)) for _, row in sheet.rows())
            faults.append(
                Fault(
                    "sheet_hidden", {"file": file, "sheet": sheet.name}, {"sheet": sheet.name, "n": n}, "hidden_choose"
                )
            )
    return usable, left_out, faults


def guess(opened: Sequence[Sheet]) -> tuple[str, list[tuple[int, Sequence[Raw]]]]:
    """The kind of table a file holds, and the first rows of the sheet that shows it best; those of the first sheet, and
    no kind, where none does."""
    shown = [sheet for sheet in opened if not sheet.is_hidden] or list(opened)
    firsts = [list(islice(sheet.rows(), _SEARCHED)) for sheet in shown]
    scored = [(*scored_kind(first), first) for first in firsts]
    kind, _, first = max(scored, key=lambda one: (bool(one[0]), one[1]))
    return (kind, first) if kind else ("", firsts[0])


def _lacks(heading: Heading) -> bool:
    return any(fault.code == "column_missing" for fault in heading.faults)


def begin(sheet: Sheet, form: Layout, file: str, mapping: Mapping[str, str] | None) -> Page:
    """The table of a sheet: below its heading, side by side several times, or written as cards."""
    rows = sheet.rows()
    first = list(islice(rows, _SEARCHED))
    where = {"file": file, "sheet": sheet.name}
    heading = find_heading(first, form, where, mapping)
    if cards(first, form):
        further = list(rows)
        return _carded(sheet, [*first, *further], cards(first, form, further), form, where, mapping)
    body = chain((row for row in first if row[0] > heading.row), rows)
    below = filled(body, sheet.merged, heading.row)
    sides = blocks(heading.texts) if not mapping else []
    if not sides:
        return Page(sheet, heading, below)
    start, end = sides[0]
    above = [(number, cells[start : end + 1]) for number, cells in first]
    lines = [cells for number, cells in first if number < heading.row]
    own = replace(find_heading(above, form, where, mapping, lines), first=start)
    return Page(sheet, own, ((number, part) for number, cells in below for part in _parts(cells, sides)))


def _parts(cells: Sequence[Raw], sides: Sequence[tuple[int, int]]) -> Iterator[Sequence[Raw]]:
    """One row of each of the tables side by side; those after the first may end sooner."""
    for at, (start, end) in enumerate(sides):
        part = cells[start : end + 1]
        if at == 0 or any(map(plain, part)):
            yield part


def _carded(
    sheet: Sheet,
    lines: Sequence[tuple[int, Sequence[Raw]]],
    found: Sequence[Mapping[str, tuple[int, Raw]]],
    form: Layout,
    where: Mapping[str, str],
    mapping: Mapping[str, str] | None,
) -> Page:
    """Cards as a table: their labels are its heading, each card a row at the number of its first line; a card with a
    line that is not shown is not shown."""
    labels = list(dict.fromkeys(label for card in found for label in card))
    heading = replace(find_heading([(1, labels)], form, where, mapping), row=0)
    own = [{row for row, _ in card.values()} for card in found]
    hidden = frozenset(min(numbers) for numbers in own if numbers & sheet.hidden_rows)
    rows = (
        (min(numbers), [card.get(label, (0, ""))[1] for label in labels])
        for numbers, card in zip(own, found, strict=True)
    )
    left_out = [LeftOut(sheet.name, row, "beside_card", covered(text)[:40]) for row, text in beside_cards(lines, found)]
    return Page(replace(sheet, hidden_rows=hidden, merged=()), heading, rows, tuple(left_out))
