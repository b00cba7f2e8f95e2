"""What a report is made of: one composition that the page, the Word file and the PDF all set in type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "Block",
    "Board",
    "Cell",
    "Chart",
    "Document",
    "Drill",
    "Figure",
    "Heading",
    "Lamp",
    "Lights",
    "Link",
    "Links",
    "Paragraph",
    "Row",
    "Table",
]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as people read it, with the key of its formula and its place in the result documents."""

    text: str
    formula: str
    path: str

    def __str__(self) -> str:
        return self.text


Cell = str | Figure


@dataclass(frozen=True, slots=True)
class Drill:
    """What opens below a row: a heading and its lines, such as the firms of one region."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with its number already in it; level 0 is a title, 1 and 2 are those of the text."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text whose numbers stay figures; a `note` is set small, a `warning` in a box."""

    parts: tuple[Cell, ...]
    style: Literal["body", "note", "warning"] = "body"

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table and what lies behind it."""

    cells: tuple[Cell, ...]
    drills: tuple[Drill, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; paper shows the first `n_print` rows, `widths` are shares of the text width.

    `sources` are what its own rows rest on, as mappings; empty where the table rests on a whole document.
    """

    key: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    widths: tuple[float, ...]
    n_print: int = 12
    more: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of the page alone: `options` are those of ECharts, `lists` open from the points that name them."""

    key: str
    title: str
    options: dict[str, object]
    lists: tuple[tuple[str, tuple[Drill, ...]], ...] = ()
    height: int = 380


@dataclass(frozen=True, slots=True)
class Board:
    """A grid of the page alone: one row a time slot, one column a table of the room."""

    key: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Lamp:
    """The state of one clause: its number, the light, and the words a person reads."""

    number: str
    light: str
    title: str
    word: str


@dataclass(frozen=True, slots=True)
class Lights:
    """All clauses in one strip; the sign, not the colour alone, tells the state."""

    lamps: tuple[Lamp, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A source as shown; `url` is empty where it is named but not linked."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Links:
    """The list of sources."""

    links: tuple[Link, ...]


Block = Heading | Paragraph | Table | Chart | Board | Lights | Links


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report in one language: the page for a leader, then the pages for an analyst."""

    language: str
    title: str
    subtitle: str
    banner: str
    notice: str
    font_note: str
    leader: tuple[Block, ...]
    analyst_label: str
    analyst_title: str
    analyst: tuple[Block, ...]
