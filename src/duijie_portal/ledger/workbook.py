"""The tables of a page as a workbook: what the reader sees, every row of it, and nothing that is not on the page.

One mechanism for every list: the page is drawn for its reader with all rows, and its tables become sheets. So the gate,
the words and the filters are the page's own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import xlsxwriter
from lxml import html as markup  # type: ignore[import-untyped]

__all__ = ["workbook_of"]

Cell = str | float | date
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_NOT_READ = "form|button|script|style|template|select|input|summary"
_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d{1,15}(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_WIDTH = 60


@dataclass
class _Table:
    """A table of a page: its title, headings and rows; of each row what is said in its folded list, by label."""

    title: str
    headings: list[str] = field(default_factory=list)
    rows: list[tuple[list[Cell], dict[str, str]]] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """The labels of folded lists, as they first come."""
        return list(dict.fromkeys(label for _, folded in self.rows for label in folded))


def workbook_of(page: str) -> bytes:
    """The tables of a page in its HTML, a sheet each under the banner of a rehearsal.

    A number stands as a number, a day as a day, everything else as text; a table without rows gives an empty sheet.
    """
    tree = markup.fromstring(page)
    banner = " ".join(_text(one) for one in tree.find_class("banner"))
    title = next((_text(one) for one in tree.iter("h1")), "")
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, _OPTIONS) as book:
        names: set[str] = set()
        tables = [*_tables(tree, title)] or [*_lines(tree, title)] or [_Table(title, [title])]
        for table in tables:
            _write(book, table, _sheet_name(table.title, names), banner)
    return packed.getvalue()


def _tables(tree: Any, title: str) -> Iterator[_Table]:
    for found in tree.iter("table"):
        if any(one.tag == "table" for one in found.iterancestors()):
            continue
        before = found.xpath("preceding::*[self::h1 or self::h2 or self::h3][1]")
        table = _Table(_text(before[0]) if before else title)
        heads = found.xpath(".//thead//th | .//tr[1][not(ancestor::tbody)]//th")
        table.headings = [_text(one) for one in heads]
        for row in found.xpath(".//tbody/tr[not(td[contains(@class, 'empty')])] | .//tfoot/tr"):
            cells, folded = list[Cell](), dict[str, str]()
            for one in row:
                folded |= _folded(one)
                cells += [_cell(one), *[""] * (int(one.get("colspan", "1")) - 1)]
            table.rows.append((cells, folded))
        yield table


def _lines(tree: Any, title: str) -> Iterator[_Table]:
    """Lists that stand as lines: a column each."""
    for found in tree.xpath("//main//ul[contains(concat(' ', @class, ' '), ' lines ')]"):
        rows: list[tuple[list[Cell], dict[str, str]]] = [([_text(one)], {}) for one in found.xpath("./li")]
        if rows:
            yield _Table(title, [title], rows)


def _folded(cell: Any) -> dict[str, str]:
    """What a list of facts in a cell says, by its labels; the list leaves the cell."""
    found: dict[str, str] = {}
    for facts in cell.xpath(".//dl"):
        labels = facts.xpath("./dt")
        found |= {_text(one): _text(one.getnext()) for one in labels if one.getnext() is not None}
        facts.drop_tree()
    return found


def _text(element: Any) -> str:
    for one in element.xpath(f".//*[{' or '.join(f'self::{name}' for name in _NOT_READ.split('|'))}]"):
        one.drop_tree()
    return " ".join(element.text_content().split())


def _cell(element: Any) -> Cell:
    text = _text(element)
    if "n" in element.get("class", "").split() and _NUMBER.fullmatch(text):
        return float(text.replace(",", ""))
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return "" if text == "–" else text


def _sheet_name(title: str, names: set[str]) -> str:
    """A name that Excel takes, once in a book."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:26] or "1"
    name, n = plain, 1
    while name.lower() in names:
        n += 1
        name = f"{plain} {n}"
    names.add(name.lower())
    return name


def _write(book: Any, table: _Table, name: str, banner: str) -> None:
    sheet = book.add_worksheet(name)
    heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DCE6F0", "border": 1})
    forms = {"plain": {}, "number": {"num_format": "#,##0.##"}, "day": {"num_format": "yyyy-mm-dd"}}
    made = {
        key: book.add_format({"text_wrap": True, "valign": "top", "border": 1, **one}) for key, one in forms.items()
    }
    top = 0
    if banner:
        sheet.write_string(0, 0, banner, book.add_format({"bold": True, "font_color": "#B3261E"}))
        top = 1
    labels = table.labels
    headings = [*table.headings, *labels]
    sheet.freeze_panes(top + 1, 0)
    for at, text in enumerate(headings):
        sheet.write_string(top, at, text, heading)
    lines = [
        [*_padded(cells, len(table.headings)), *(folded.get(one, "") for one in labels)] for cells, folded in table.rows
    ]
    for down, line in enumerate(lines, start=top + 1):
        for across, value in enumerate(line):
            if isinstance(value, float):
                sheet.write_number(down, across, value, made["number"])
            elif isinstance(value, date):
                sheet.write_datetime(down, across, value, made["day"])
            else:
                sheet.write(down, across, value or None, made["plain"])
    for at, text in enumerate(headings):
        sheet.set_column(
            at, at, min(_MOST_WIDTH, 4 + max((_width(one) for one in [text, *_column(lines, at)]), default=8))
        )
    if lines:
        sheet.autofilter(top, 0, top + len(lines), max(0, len(headings) - 1))


def _padded(cells: Sequence[Cell], n: int) -> list[Cell]:
    return [*cells[:n], *[""] * (n - len(cells))]


def _column(lines: Sequence[Sequence[Cell]], at: int) -> Iterator[str]:
    return (str(line[at]) for line in lines[:200] if at < len(line))


def _width(text: str) -> int:
    """How wide a text stands: a Chinese sign takes two."""
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text[:_MOST_WIDTH])
