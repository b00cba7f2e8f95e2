"""Workbooks by calamine, and what calamine does not say: hidden rows, errors, formulas never calculated, 1904."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from duijie.cells import Spoiled

from .formats import BUILT_IN, Suffix, shown, suffix_of
from .sheet import Marks, Row, Sheet, refused
from .xls import xls_marks

__all__ = ["Parts", "deepest", "workbook"]

_CHUNK = 1 << 20
_MARKS = (b"<f", b":f", b't="e"', b"t='e'", b"hidden=")
# names of elements may have a prefix, values of attributes either kind of quote
_X, _Q = rb"(?:\w+:)?", rb"[\"']"
_FORMULA = rb"<%bf\b[^>]*?(?:/>|>(?P<formula>[^<]*)</%bf>)" % (_X, _X)
_NO_VALUE = rb"(?:<%bv\s*/>|<%bv>\s*</%bv>)?" % (_X, _X, _X)
_UNCALCULATED = re.compile(rb"<%bc\b(?P<cell>[^>]*)>\s*%b\s*%b\s*</%bc>" % (_X, _FORMULA, _NO_VALUE, _X))
_ERROR = re.compile(
    rb"<%bc (?P<cell>[^>]*\bt=%be%b[^>]*)>\s*(?:%b)?\s*<%bv>(?P<error>[^<]*)</%bv>" % (_X, _Q, _Q, _FORMULA, _X, _X)
)
_HIDDEN = re.compile(rb"<%brow [^>]*\bhidden=%b(?:1|true)%b[^>]*>" % (_X, _Q, _Q))
_WIDE = re.compile(rb"r\s*=\s*%b([A-Z]{2,3})[0-9]" % _Q)
_NUMBERS = re.compile(rb"r\s*=\s*%b[A-Z]{0,3}([0-9]{1,7})%b" % (_Q, _Q))
_ADDRESS = re.compile(rb"\br=%b([A-Z]{1,3})([0-9]+)%b" % (_Q, _Q))
_ROW = re.compile(rb"\br=%b([0-9]+)%b" % (_Q, _Q))
_KIND = re.compile(rb"\bt=%b(?!n%b)(?P<kind>\w+)" % (_Q, _Q))


@dataclass
class Parts:
    """What was seen of the parts of an archive: which hold a mark, and how many columns those have that go beyond Z."""

    marked: set[str] = field(default_factory=set)
    wide: dict[str, int] = field(default_factory=dict)

    def look(self, name: str, text: bytes) -> None:
        """Look at a piece of a part; its tags are whole."""
        if any(mark in text for mark in _MARKS):
            self.marked.add(name)
        columns = [_column(letters) + 1 for letters in {*_WIDE.findall(text)}]
        if columns:
            self.wide[name] = max(self.wide.get(name, 0), *columns)


def deepest(text: bytes) -> int:
    """The number of the last row that a piece of a sheet names."""
    return max(map(int, _NUMBERS.findall(text)), default=0)


def workbook(path: Path, parts: Parts | None) -> tuple[Sheet, ...]:
    """The sheets of a workbook that hold anything; `parts` is None where it is no archive.

    Raises
    ------
    InputError
        It is broken, locked by a password, or holds nothing.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_path(str(path))
        about = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        found = [(one, book.get_sheet_by_name(one.name)) for one in about]
        is_1904, marks = _archive_marks(path, parts) if parts is not None else xls_marks(path)
    except PasswordError as error:
        raise refused("file_locked", path, "file_unlock") from error
    except (CalamineError, OSError, ValueError, KeyError, ElementTree.ParseError, zipfile.BadZipFile) as error:
        raise refused("file_broken", path, "file_save_anew", problem=str(error)) from error
    sheets = []
    for one, page in found:
        own = marks.get(one.name, Marks())
        if own.n_unplaced:
            raise refused("file_uncalculated", path, "cell_formula_mend", n=own.n_unplaced)
        if page.end is not None or own.spoiled:
            spans = page.merged_cell_ranges or ()
            areas = tuple((top + 1, left, low + 1, right) for (top, left), (low, right) in spans)
            is_hidden = one.visible != SheetVisibleEnum.Visible
            rows = _with_marks(page, own, is_1904=is_1904)
            sheets.append(Sheet(one.name, rows, is_hidden, frozenset(own.hidden_rows), areas, is_1904))
    if not sheets:
        raise refused("file_empty", path)
    return tuple(sheets)


def _with_marks(page: Any, marks: Marks, *, is_1904: bool) -> Callable[[], Iterator[Row]]:
    """The rows of a sheet from its first column on, with the cells calamine gives as empty though they are not, and
    figures and months as their formats show them."""
    before, spoiled, suffixes = [""] * page.start[1] if page.start else [], marks.spoiled, marks.suffixes
    if not spoiled and not suffixes and not before:
        return page.iter_rows  # type: ignore[no-any-return]

    def rows() -> Iterator[Row]:
        known = range(max(spoiled)) if spoiled else ()
        for number, (cells, _) in enumerate(zip_longest(page.iter_rows(), known, fillvalue=()), start=1):
            own = _spoiled([*before, *cells], spoiled.get(number, {}))
            for column, suffix in suffixes.get(number, {}).items():
                if column < len(own):
                    own[column] = shown(own[column], suffix, is_1904=is_1904)
            yield own

    return rows


def _spoiled(cells: list[Any], own: Mapping[int, Spoiled]) -> list[Any]:
    for column, one in own.items():
        cells += [""] * (column + 1 - len(cells))
        if cells[column] in ("", None):
            cells[column] = one
    return cells


def _archive_marks(path: Path, parts: Parts) -> tuple[bool, dict[str, Marks]]:
    """Whether days are counted from 1904, and the marks of each sheet by its name."""
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): _part(link.get("Target") or "") for link in links}
        formats = _formats(archive.read("xl/styles.xml")) if "xl/styles.xml" in archive.namelist() else {}
        # the strict form of the standard has other namespaces
        about = book.find("{*}workbookPr")
        is_1904 = about is not None and about.get("date1904") in ("1", "true")
        found = {}
        for one in book.iterfind("{*}sheets/{*}sheet"):
            part = next((targets.get(key) for name, key in one.items() if name.endswith("}id")), None)
            if part and (part in parts.marked or formats):
                with archive.open(part) as handle:
                    found[one.get("name") or ""] = _marks(handle, formats)
        return is_1904, found


def _formats(styles: bytes) -> dict[bytes, Suffix]:
    """The number of each style whose format writes something behind a figure, and what."""
    tree = ElementTree.fromstring(styles)
    codes = {one.get("numFmtId"): one.get("formatCode") or "" for one in tree.iterfind("{*}numFmts/{*}numFmt")}
    codes |= {str(number): code for number, code in BUILT_IN.items()}
    used = tree.iterfind("{*}cellXfs/{*}xf")
    named = [suffix_of(codes.get(one.get("numFmtId"), "")) for one in used]
    return {str(at).encode(): suffix for at, suffix in enumerate(named) if suffix}


def _part(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _marks(part: IO[bytes], formats: Mapping[bytes, Suffix]) -> Marks:
    """The marks of one sheet, read by whole rows so that no more than a few are held."""
    marks, held = Marks(), b""
    styled = re.compile(rb"<%bc [^>]*\bs=%b(%b)%b[^>]*>" % (_X, _Q, b"|".join(formats), _Q)) if formats else None
    for chunk in chain(iter(lambda: part.read(_CHUNK), b""), [b"row>"]):
        rows, _, held = (held + chunk).rpartition(b"row>")
        _note(rows, marks)
        for found in styled.finditer(rows) if styled else ():
            address = _ADDRESS.search(found[0])
            if address and not _KIND.search(found[0]):
                marks.suffix(*_place(address), formats[found[1]])
    return marks


def _note(text: bytes, marks: Marks) -> None:
    marks.hidden_rows |= {int(row[1]) for found in _HIDDEN.finditer(text) if (row := _ROW.search(found[0]))}
    for found in _UNCALCULATED.finditer(text):
        kind = _KIND.search(found["cell"])
        # a formula whose result is an empty text says so
        if kind is None or kind["kind"] != b"str":
            formula = html.unescape((found["formula"] or b"").decode())
            _spoil(marks, found["cell"], Spoiled("cell_formula", f"={formula[:80]}"))
    for found in _ERROR.finditer(text):
        _spoil(marks, found["cell"], Spoiled("cell_error", html.unescape(found["error"].decode())))


def _spoil(marks: Marks, said: bytes, found: Spoiled) -> None:
    address = _ADDRESS.search(said)
    if address is None:
        marks.n_unplaced += 1
    else:
        marks.spoil(*_place(address), found)


def _place(address: re.Match[bytes]) -> tuple[int, int]:
    """B7 as row 7 and column 1."""
    return int(address[2]), _column(address[1])


def _column(letters: bytes) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return column - 1
