"""What every form of file comes to: sheets of rows, with what a program hides, merges or could not calculate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duijie.cells import Raw, Spoiled
from duijie.errors import InputError

from .formats import Suffix

__all__ = ["Area", "Limits", "Marks", "Row", "Sheet", "refused"]

Row = Sequence[Raw]
Area = tuple[int, int, int, int]
"""First row, first column, last row, last column; rows from 1, columns from 0."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may grow to before it is refused as a bomb: unpacked, and laid out with every cell between two."""

    bytes: int = 2 << 30
    entries: int = 5000
    growth: int = 300
    cells: int = 30_000_000


@dataclass(frozen=True)
class Sheet:
    """One table of a file: its name, and its rows from the first on, numbered from 1.

    `hidden_rows` are the numbers of rows a program does not show, `merged` the areas shown as one cell, `is_1904`
    whether days are counted from 1904; `encoding` names the encoding of a text, and `decimal` its decimal mark.
    """

    name: str
    _rows: Callable[[], Iterator[Row]]
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()
    is_1904: bool = False
    encoding: str = ""
    decimal: str = "."

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows with their numbers as the office's own program shows them."""
        return enumerate(self._rows(), start=1)


@dataclass
class Marks:
    """What stands on a sheet beside its values: rows not shown; cells without a value, and what is shown behind
    figures, by row and column (from 1, from 0)."""

    hidden_rows: set[int] = field(default_factory=set)
    spoiled: dict[int, dict[int, Spoiled]] = field(default_factory=dict)
    suffixes: dict[int, dict[int, Suffix]] = field(default_factory=dict)
    n_unplaced: int = 0

    def spoil(self, row: int, column: int, found: Spoiled) -> None:
        self.spoiled.setdefault(row, {})[column] = found

    def suffix(self, row: int, column: int, found: Suffix) -> None:
        self.suffixes.setdefault(row, {})[column] = found


def refused(code: str, path: Path, hint: str = "", **values: Any) -> InputError:
    """Why a file cannot be read; where the values name a line, it is the place as well."""
    place = {"row": values["line"]} if "line" in values else {}
    return InputError(code, values, {"file": path.name, **place}, hint)
