"""What stands on the pages of any paper: PDF, office files old and new, OFD, text, pictures, and archives of these."""

from __future__ import annotations

import codecs
import io
import re
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from html import unescape
from typing import IO, Any

from duijie.errors import BROKEN_ARCHIVE, InputError

from . import scan

__all__ = ["Sheet", "Where", "pages_of"]

MOST_BYTES = 300_000_000
"""Of an archive, unpacked; the largest table that is taken in has less."""

MOST_SCANNED = 30
"""Pages of one file that are recognised, a second or two each."""

_MOST_NESTED = 2  # an archive in an archive
_CHUNK = 1 << 22
_SAME_HEIGHT = 3.0  # millimetres: signs of one line
_MOST_TAIL = 1 << 20  # text between two ends of a paragraph
_N_FEW = 30  # signs: a page with fewer is a scan with a stamp on it, not a typed page
_COVERED = 0.5  # of a page
_DPI = 150
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_LOCKED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_PDFIUM = threading.Lock()  # the engine works on one page at a time
_NO_PASSWORD = 4  # the engine's number for a file that asks for one

# Where text stands in the parts of an archive; the parts of themes and formats hold none.
_TEXT_PART = re.compile(
    r"(?:(?:word|xl|ppt)/(?!theme|styles|media|fonts|tables|calcChain).*|docProps/(?!thumb).*"
    r"|(?:.*/)?(?:content|styles|meta|OFD))\.xml"
)
_FIXED_PAGE = re.compile(r"Doc_\d+/(?:Pages|Tpls)/.*\.xml")  # of an OFD, where each font has pieces of its own
_PIECE = re.compile(
    r"<(?:\w+:)?TextObject\b[^>]*?\bBoundary=\"[-\d.]+ ([-\d.]+)[^>]*>(.*?)</(?:\w+:)?TextObject>", re.DOTALL
)
_NESTED = re.compile(r"(?:word|xl|ppt)/(?:embeddings|media)/.*|Doc_\d+/Res/.*|Pictures/.*")
_EDGE = re.compile(
    r"</?(?:\w+:)?(?:p|h|si|is|row|property|(?:odd|even|first)(?:Header|Footer)|title|subject|keywords?"
    r"|description|category|contentStatus|br|cr|line-break|user-defined)(?:\s[^>]*)?/?>"
)
_GAP = re.compile(r"<(?:\w+:)?(?:tab|s)(?:\s[^>]*)?/>")
_SYMBOL = re.compile(r"<w:sym\s[^>]*/>")  # a sign by its number in a font, as Word sets stars
_TAG = re.compile(r"<[^>]*>")
_GRADE = re.compile(r"<(?:property|[\w-]+:user-defined)\s[^>]*name=\"(密级|秘密等级)\"[^>]*>")
_CODES = re.compile(r"&(?:\"[^\"]*\"|[0-9]+|[A-Z])")  # of a header in a workbook: &L, &"宋体"&12
_OFFICE = ("[Content_Types].xml", "mimetype", "OFD.xml")
# what may stand around a mark in a file of 1997, where text and its formats lie mixed
_OLD = re.compile("[一-鿿0-9A-Za-z０-９★☆✩⭐＊*()（）【】〔〕：:、，。 \t-]{4,}")


class Where(Enum):
    """How surely lines are what a person would read, and so which forms of a mark are looked for."""

    TEXT = "text"
    PICTURE = "picture"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines of a page, of a part of a file that has no pages, or of its properties."""

    lines: Sequence[str]
    where: Where = Where.TEXT


def pages_of(content: bytes, *, depth: int = 0) -> Iterator[Sheet]:
    """The pages of a file; none where no program can open it.

    Raises
    ------
    InputError
        It is locked by a password, or larger than any paper.
    MissingEngineError
        It has pages that only recognition can read, and that is not installed.
    """
    if content.startswith(_PDF):
        yield from _pdf(content, depth)
    elif content.startswith(_ZIP):
        yield from _archive(content, depth)
    elif content.startswith(_OLE):
        yield from _old_office(content)
    elif content.startswith(_PICTURES):
        yield from _recognised(scan.opened(content))
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield Sheet(_lines(content.decode("utf-16", errors="replace")))
    elif b"\0" not in content[:4096]:
        yield Sheet(_lines(_TAG.sub("\n", _decoded(content))))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _lines(text: str) -> list[str]:
    return [line for line in re.split(r"[\r\n\f\v]+", text) if line.strip()]


def _recognised(pictures: Iterator[Any]) -> Iterator[Sheet]:
    for picture in pictures:
        yield Sheet(scan.head_lines(picture), Where.PICTURE)


def _pdf(content: bytes, depth: int) -> Iterator[Sheet]:
    """Properties, text of every page, attached files, and what recognition reads of pages that are pictures."""
    import pypdfium2

    with _PDFIUM:
        try:
            paper = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == _NO_PASSWORD or "password" in str(error).lower():
                raise InputError("paper_locked") from None
            return
        n_pages = len(paper)
        about = [Sheet([str(one) for one in paper.get_metadata_dict().values()])]
        attached = _attached(paper) if depth < _MOST_NESTED else []
    try:
        yield from about
        for one in attached:
            yield from pages_of(one, depth=depth + 1)
        yield from _pdf_pages(paper, n_pages)
    finally:
        with _PDFIUM:
            paper.close()


def _pdf_pages(paper: Any, n_pages: int) -> Iterator[Sheet]:
    n_scanned = 0
    for at in range(n_pages):
        with _PDFIUM:
            sheet, picture = _pdf_page(paper, at)
        yield sheet
        if picture is not None:
            n_scanned += 1
            if n_scanned > MOST_SCANNED:
                raise InputError("paper_scan_long", {"most": MOST_SCANNED})
            yield from _recognised(iter((picture,)))


def _attached(paper: Any) -> list[bytes]:
    found = (paper.get_attachment(at) for at in range(min(paper.count_attachments(), MOST_SCANNED)))
    return [bytes(one.get_data()) for one in found]


def _pdf_page(paper: Any, at: int) -> tuple[Sheet, Any]:
    """The text of a page, and its head as a picture where the text is not all that a person reads there."""
    import pypdfium2

    try:
        page = paper[at]
    except pypdfium2.PdfiumError:
        return Sheet([]), None
    try:
        letters = page.get_textpage()
        text = letters.get_text_range(errors="ignore")
        letters.close()
        return Sheet(_lines(text)), scan.head_of_page(page, _DPI) if _is_shown(page, text) else None
    finally:
        page.close()


def _is_shown(page: Any, text: str) -> bool:
    """Whether a page has to be recognised: one without text always, one mostly covered by a picture where we can."""
    n_signs = len("".join(text.split()))
    objects = list(page.get_objects(max_depth=3))
    if not objects or (n_signs and not scan.is_installed()):
        return False
    if not n_signs:
        return True
    area = page.get_width() * page.get_height() or 1.0
    pictures = [one for one in objects if one.type == _IMAGE]
    covered = max((_area(one) / area for one in pictures), default=0.0)
    return covered >= _COVERED or (n_signs < _N_FEW and bool(pictures))


_IMAGE = 3  # FPDF_PAGEOBJ_IMAGE


def _area(thing: Any) -> float:
    left, bottom, right, top = thing.get_bounds()
    return float(abs(right - left) * abs(top - bottom))


def _archive(content: bytes, depth: int) -> Iterator[Sheet]:
    """The paragraphs and cells of each part that holds text; headers and properties are parts of their own.

    What an office file holds besides (pictures, tables in it) and each file of any other archive is read as it is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise InputError("paper_locked")
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise InputError("paper_large", {"most": MOST_BYTES // 1_000_000})
            is_office = any(entry.filename in _OFFICE for entry in entries)
            n_signs = 0
            for entry in entries:
                if is_office:
                    for sheet in _texts(archive, entry):
                        is_about = entry.filename.startswith("docProps/")
                        n_signs += 0 if is_about else sum(map(len, sheet.lines))
                        yield sheet
            for entry in entries:
                yield from _nested(archive, entry, depth, is_office=is_office, has_text=n_signs >= _N_FEW)
    except BROKEN_ARCHIVE:
        return  # a file nobody can open bears no mark that could be read


def _nested(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int, *, is_office: bool, has_text: bool
) -> Iterator[Sheet]:
    """A file inside of another. Pictures in a paper that has text are recognised where we can."""
    if entry.is_dir() or (is_office and not _NESTED.fullmatch(entry.filename)):
        return
    if not is_office:
        yield Sheet([_true_name(entry)], Where.NAME)
    if depth >= _MOST_NESTED:
        return
    held = archive.read(entry)
    is_picture = held.startswith(_PICTURES)
    if is_picture and is_office and ((has_text and not scan.is_installed()) or not scan.is_of_a_page(held)):
        return  # a logo, a photograph in a text
    yield from pages_of(held, depth=depth + 1)


def _true_name(entry: zipfile.ZipInfo) -> str:
    """Archives made in China name their files in GBK without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


def _texts(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Sheet]:
    if _FIXED_PAGE.fullmatch(entry.filename):
        yield _fixed_page(archive.read(entry).decode("utf-8", errors="replace"))
    elif _TEXT_PART.fullmatch(entry.filename):
        with archive.open(entry) as part:
            yield from _part(part)


def _fixed_page(text: str) -> Sheet:
    """The lines of a page on which every piece of text has its place: what is of one height is one line."""
    lines: dict[int, list[str]] = {}
    for height, piece in _PIECE.findall(text):
        lines.setdefault(round(float(height) / _SAME_HEIGHT), []).append(unescape(_TAG.sub("", piece)).strip())
    return Sheet(["".join(lines[one]) for one in sorted(lines)])


def _part(part: IO[bytes]) -> Iterator[Sheet]:
    """The paragraphs of a part, read piece by piece and never as a document, which may be made to grow."""
    decoder, tail = codecs.getincrementaldecoder("utf-8")(errors="replace"), ""
    while chunk := part.read(_CHUNK):
        text = tail + decoder.decode(chunk)
        *pieces, tail = _EDGE.split(_GRADE.sub(r"<p>\1：", text))
        tail = tail[-_MOST_TAIL:]
        lines = [line for piece in pieces for line in _lines(_said(piece))]
        if lines:
            yield Sheet(lines)
    yield Sheet(_lines(_said(tail)))


def _said(piece: str) -> str:
    text = unescape(_TAG.sub("", _GAP.sub("\t", _SYMBOL.sub("★", piece))))
    return _CODES.sub(" ", text) if text.startswith("&") else text


def _old_office(content: bytes) -> Iterator[Sheet]:
    """What can be read in a file of 1997: text of 16 and of 8 bits, wherever it lies, and the cells of a table."""
    if _LOCKED_OFFICE in content:
        raise InputError("paper_locked")
    texts = (content.decode("utf-16-le", "replace"), content[1:].decode("utf-16-le", "replace"))
    for text in (*texts, content.decode("gb18030", "replace")):
        yield Sheet([found[0] for found in _OLD.finditer(text)])
    yield from _old_cells(content)


def _old_cells(content: bytes) -> Iterator[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).iter_rows()
            yield Sheet([str(cell) for row in rows for cell in row if isinstance(cell, str) and cell.strip()])
    except PasswordError:
        raise InputError("paper_locked") from None
    except (CalamineError, OSError, ValueError, KeyError):
        return  # no table
