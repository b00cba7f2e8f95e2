"""Tables that bear the name of a workbook and are something else: web pages, and the XML of 2003."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from duijie.cells import Raw, Spoiled

from .encodings import read_text
from .formats import Suffix, shown, suffix_of
from .sheet import Area, Limits, Sheet, refused

__all__ = ["is_html", "is_xml_workbook", "web_tables", "xml_workbook"]

_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|meta|table|style|div)\b", re.I | re.S
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.I)
_SPREADSHEET = b"urn:schemas-microsoft-com:office:spreadsheet"
_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_READ: Mapping[str | None, Callable[[str], Raw]] = {"Number": float, "DateTime": datetime.fromisoformat}
_BREAK = "\v"  # stands for the end of a line within a cell
_BREAKS = frozenset({"br", "p", "div", "li"})
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_MOST = 64 << 20  # such a file is read whole
_WIDEST_SPAN = 1000
_WIDEST = 16_384  # columns a sheet may have
_DEEPEST = 1_048_576  # and rows


def is_html(start: bytes) -> bool:
    """Whether a file begins as a web page does."""
    return _HTML.match(start.removeprefix(b"\xef\xbb\xbf")) is not None


def is_xml_workbook(start: bytes) -> bool:
    """Whether a file begins as an XML workbook of 2003 does."""
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") and _SPREADSHEET in start


class _Room:
    """How many cells a file has laid out so far; spans and places make many of few bytes."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._most, self._n = path, limits.cells, 0

    def take(self, n: int) -> None:
        self._n += n
        if self._n > self._most:
            raise refused("file_bomb", self._path, "file_save_anew", n=self._n)


class _Tables(HTMLParser):
    """The tables of a page: rows of cells, spans as merged areas; a table within a cell is text of that cell."""

    def __init__(self, room: _Room) -> None:
        super().__init__(convert_charrefs=True)
        self._room = room
        self.tables: list[tuple[list[list[Raw]], list[Area], set[int]]] = []
        self._depth = self._skipped = 0
        self._text: list[str] | None = None
        self._span: tuple[int, int]
        self._taken: dict[int, int]  # down to which row a cell from above reaches in a column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(([], [], set()))
                self._taken = defaultdict(int)
        elif tag in ("script", "style"):
            self._skipped += 1
        elif self._depth == 1 and tag == "tr":
            self._close()
            self.tables[-1][0].append([])
            if re.search(r"display\s*:\s*none", said.get("style", ""), re.I):
                self.tables[-1][2].add(len(self.tables[-1][0]))
        elif self._depth == 1 and tag in ("td", "th") and self.tables[-1][0]:
            self._close()
            self._text, self._span = [], (_span(said.get("rowspan")), _span(said.get("colspan")))
        elif tag in _BREAKS and self._text is not None:
            self._text.append(_BREAK)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._depth:
            if self._depth == 1:
                self._close()
            self._depth -= 1
        elif tag in ("script", "style") and self._skipped:
            self._skipped -= 1
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._close()
        elif tag in _BREAKS and self._text is not None:
            self._text.append(_BREAK)

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._skipped:
            self._text.append(data.replace(_BREAK, " "))

    def _close(self) -> None:
        """Put the cell under way at the first free place of its row."""
        if self._text is None:
            return
        rows, areas, _ = self.tables[-1]
        row, column = len(rows), len(rows[-1])
        while self._taken[column] >= row:
            rows[-1].append("")
            column += 1
        deep, wide = self._span
        self._room.take(deep * wide)
        lines = [" ".join(line.split()) for line in "".join(self._text).split(_BREAK)]
        rows[-1] += ["\n".join(line for line in lines if line), *[""] * (wide - 1)]
        if deep > 1 or wide > 1:
            areas.append((row, column, row + deep - 1, column + wide - 1))
            self._taken |= dict.fromkeys(range(column, column + wide), row + deep - 1)
        self._text = None


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _WIDEST_SPAN) if text and text.isdecimal() else 1


def web_tables(path: Path, limits: Limits) -> tuple[Sheet, ...]:
    """The tables of a web page, the ones without a cell left out.

    Raises
    ------
    InputError
        There is none, or the page is too large or in no known encoding.
    """
    content = _whole(path)
    named = _CHARSET.search(content[:4096])
    try:
        said = named[1].decode().lower().replace("gb2312", "gb18030").replace("gbk", "gb18030") if named else ""
        text = content.decode(said.replace("utf-8", "utf-8-sig")) if said else read_text(path)
    except (LookupError, UnicodeDecodeError):
        text = read_text(path)
    page = _Tables(_Room(path, limits))
    page.feed(text)
    page.close()
    found = [one for one in page.tables if any(any(row) for row in one[0])]
    if not found:
        raise refused("file_web_page", path, "file_save_anew")
    return tuple(
        Sheet("" if len(found) == 1 else str(at), _iterated(rows), hidden_rows=frozenset(hidden), merged=tuple(areas))
        for at, (rows, areas, hidden) in enumerate(found, start=1)
    )


def _iterated(rows: list[list[Raw]]) -> Callable[[], Iterator[list[Raw]]]:
    return lambda: iter(rows)


def _whole(path: Path) -> bytes:
    if path.stat().st_size > _MOST:
        raise refused("file_bomb", path, "file_save_anew", n=path.stat().st_size)
    return path.read_bytes()


def xml_workbook(path: Path, limits: Limits) -> tuple[Sheet, ...]:
    """The sheets of an XML workbook of 2003 that hold anything.

    Raises
    ------
    InputError
        It is broken, declares entities, or holds nothing.
    """
    content = _whole(path)
    if _FORBIDDEN.search(content):
        raise refused("file_entities", path, "file_save_anew")
    try:
        book = ElementTree.parse(BytesIO(content)).getroot()
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise refused("file_broken", path, "file_save_anew", problem=str(error)) from error
    is_1904 = book.find(f"{_EXCEL}ExcelWorkbook/{_EXCEL}Date1904") is not None
    suffixes = dict(_xml_suffixes(book))
    room = _Room(path, limits)
    found = [_xml_sheet(one, suffixes, room, is_1904=is_1904) for one in book.iter(f"{_SS}Worksheet")]
    filled = tuple(one for one in found if one is not None)
    if not filled:
        raise refused("file_empty", path)
    return filled


def _xml_suffixes(book: ElementTree.Element) -> Iterator[tuple[str, Suffix]]:
    """Each style whose format writes something behind a figure, and what."""
    for style in book.iter(f"{_SS}Style"):
        code = next((one.get(f"{_SS}Format") or "" for one in style.iter(f"{_SS}NumberFormat")), "")
        suffix = suffix_of("0.00%" if code == "Percent" else code)
        if suffix:
            yield style.get(f"{_SS}ID") or "", suffix


def _xml_sheet(
    page: ElementTree.Element, suffixes: Mapping[str, Suffix], room: _Room, *, is_1904: bool
) -> Sheet | None:
    rows: list[list[Raw]] = []
    columns = _xml_columns(page, suffixes)
    areas: list[Area] = []
    hidden: set[int] = set()
    for row in page.iter(f"{_SS}Row"):
        at = _place(row.attrib, len(rows), _DEEPEST)
        cells = _xml_row(row, at + 1, areas, suffixes, columns)
        room.take(at - len(rows) + len(cells))
        rows += [*([] for _ in range(at - len(rows))), cells]
        if row.get(f"{_SS}Hidden") == "1":
            hidden.add(at + 1)
    if not any(any(cell not in ("", None) for cell in row) for row in rows):
        return None
    shown = page.find(f"{_EXCEL}WorksheetOptions/{_EXCEL}Visible")
    is_hidden = shown is not None and (shown.text or "").strip() in ("SheetHidden", "SheetVeryHidden")
    name = page.get(f"{_SS}Name") or ""
    return Sheet(name, _iterated(rows), is_hidden, frozenset(hidden), tuple(areas), is_1904)


def _xml_columns(page: ElementTree.Element, suffixes: Mapping[str, Suffix]) -> dict[int, Suffix]:
    """What is shown behind figures by the style of their column."""
    found, at = dict[int, Suffix](), 0
    for column in page.iter(f"{_SS}Column"):
        at = _place(column.attrib, at, _WIDEST)
        span = _count(column.get(f"{_SS}Span")) + 1
        if suffix := suffixes.get(column.get(f"{_SS}StyleID") or ""):
            found |= dict.fromkeys(range(at, min(at + span, _WIDEST)), suffix)
        at += span
    return found


def _place(said: Mapping[str, str], following: int, most: int) -> int:
    index = said.get(f"{_SS}Index", "")
    return max(following, min(int(index), most) - 1) if index.isdecimal() else following


def _xml_row(
    row: ElementTree.Element,
    number: int,
    areas: list[Area],
    suffixes: Mapping[str, Suffix],
    columns: Mapping[int, Suffix],
) -> list[Raw]:
    cells: list[Raw] = []
    own = row.get(f"{_SS}StyleID")
    for cell in row.iter(f"{_SS}Cell"):
        at = _place(cell.attrib, len(cells), _WIDEST)
        cells += [""] * (at - len(cells))
        style = cell.get(f"{_SS}StyleID") or own
        suffix = columns.get(at) if style is None else suffixes.get(style)
        cells.append(shown(_xml_value(cell), suffix) if suffix else _xml_value(cell))
        wide, deep = (_count(cell.get(f"{_SS}{name}")) for name in ("MergeAcross", "MergeDown"))
        if wide or deep:
            areas.append((number, at, number + deep, at + wide))
            cells += [""] * min(wide, _WIDEST - len(cells))
    return cells


def _count(text: str | None) -> int:
    return min(int(text), _WIDEST) if text and text.isdecimal() else 0


def _xml_value(cell: ElementTree.Element) -> Raw:
    said = cell.find(f"{_SS}Data")
    text = "".join(said.itertext()) if said is not None else ""
    kind = said.get(f"{_SS}Type") if said is not None else ""
    if kind == "Error":
        return Spoiled("cell_error", text)
    if said is None and cell.get(f"{_SS}Formula"):
        return Spoiled("cell_formula", str(cell.get(f"{_SS}Formula")))
    if kind == "Boolean":
        return text == "1"
    try:
        return _READ[kind](text)
    except (KeyError, ValueError):
        return text
