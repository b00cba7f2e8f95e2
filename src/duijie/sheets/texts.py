"""Separated texts: the mark that gives even rows, every line accounted for, an open quote named by its line."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .encodings import Encoding, encoding_of
from .sheet import Row, Sheet, refused

__all__ = ["split_lines", "text_sheet"]

_SAMPLED = 200  # lines by which the separator is chosen
_LONGEST = 30  # lines of one cell: more is a quote that was not closed
_MARKS = ("\t", ",", ";", "|")
_DECIMAL = re.compile(r"\s*-?[0-9]+,[0-9]{1,2}\s*")
_LINE_END = re.compile(r"\r\n|\n|\r")
csv.field_size_limit(16 << 20)


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a text is separated: the mark, how many cells its rows have, its decimal mark."""

    mark: str
    width: int
    decimal: str


def split_lines(text: str) -> list[str]:
    """The lines of a text as files end them: by a line feed, a carriage return or both, and by nothing else.

    ``str.splitlines`` also breaks at U+2028, U+2029, U+0085, form feeds and others, which stand inside texts.

    Examples
    --------
    >>> split_lines("甲\\u2028乙\\r\\n丙\\n")
    ['甲\\u2028乙', '丙']
    """
    lines = _LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]


def text_sheet(path: Path) -> Sheet:
    """The one sheet of a separated text.

    Raises
    ------
    InputError
        Its encoding is none we know, or a byte does not fit.
    """
    encoding = encoding_of(path)
    dialect = _dialect(path, encoding)
    return Sheet("", lambda: _rows(path, encoding, dialect), encoding=encoding.label, decimal=dialect.decimal)


def _dialect(path: Path, encoding: Encoding) -> _Dialect:
    """The separator whose rows are most even; a semicolon's file may write 1,5 for one and a half."""
    with path.open(encoding=encoding.name, errors=encoding.errors, newline="") as handle:
        lines = [line for line in (handle.readline(100_000) for _ in range(_SAMPLED)) if line.strip()]
    found = {mark: _evenness(lines, mark) for mark in _MARKS}
    mark = max(_MARKS, key=lambda one: (found[one], -_MARKS.index(one)))
    mark = mark if found[mark][1] else ","
    return _Dialect(mark, found[mark][1], "," if mark == ";" and _has_decimal_commas(lines) else ".")


def _evenness(lines: Sequence[str], mark: str) -> tuple[float, int]:
    """The share of rows that have the commonest width above one, and that width."""
    rows = _loose(lines, mark)
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return max(((n / len(rows), width) for width, n in widths.items()), default=(0.0, 0))


def _loose(lines: Iterable[str], mark: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=mark) if any(row)]
    except csv.Error:
        return []


def _has_decimal_commas(lines: Sequence[str]) -> bool:
    return any(_DECIMAL.fullmatch(cell) for row in _loose(lines, ";") for cell in row)


def _rows(path: Path, encoding: Encoding, dialect: _Dialect) -> Iterator[Row]:
    """The rows; whatever swallows lines is refused by the line where it begins."""
    with path.open(encoding=encoding.name, errors=encoding.errors, newline="") as handle:
        source = _Source(handle)
        reader = csv.reader(source, delimiter=dialect.mark, strict=True)
        while True:
            source.begin()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _wrong(path, source, dialect, str(error)) from error
            if len(source.lines) > 1 and _swallows(source.lines, dialect):
                raise _open_quote(path, source, dialect)
            yield row


class _Source:
    """The lines of a text, those of the record under way kept."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self.lines, self.n = iter(lines), list[str](), 0

    def begin(self) -> None:
        self.lines.clear()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.lines.append(line)
        self.n += 1
        return line


def _wrong(path: Path, source: _Source, dialect: _Dialect, problem: str) -> Exception:
    if "field limit" in problem:
        return refused("cell_too_long", path, "cell_shorten", line=source.n - len(source.lines) + 1)
    return _open_quote(path, source, dialect)


def _open_quote(path: Path, source: _Source, dialect: _Dialect) -> Exception:
    line = source.n - len(source.lines) + 1 + _opening(source.lines, dialect.mark)
    return refused("quote_open", path, "quote_close", line=line, n=len(source.lines))


def _swallows(lines: Sequence[str], dialect: _Dialect) -> bool:
    """Whether a record over several lines has taken others in: too many, or whole lines with the cells of a row."""
    if len(lines) > _LONGEST:
        return True
    inside = [
        line.count(dialect.mark) + 1 == dialect.width and line.split(dialect.mark)[0].strip() for line in lines[1:-1]
    ]
    least = 1 if dialect.width > 2 else 2  # one comma in a line of text is nothing strange
    return sum(map(bool, inside)) >= least or any("”" in line and "“" not in line for line in lines)


def _opening(lines: Sequence[str], mark: str) -> int:
    """Which of the lines of a record opens the quote that is closed amiss, or else the last one."""
    text = "".join(lines)
    cells = re.finditer(rf'("(?:[^"]|"")*"?)?([^{mark}\r\n]*)(?:[{mark}\r\n]|$)', text)
    quoted = [cell for cell in cells if cell[1]]
    wrong = next((cell for cell in quoted if cell[2]), quoted[-1])
    return len(_LINE_END.findall(text, 0, wrong.start()))
