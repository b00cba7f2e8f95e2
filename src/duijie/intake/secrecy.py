"""Marks of secrecy on a file that is on its way in: in its name, or at the head of a page as papers bear them.

The system holds nothing classified. What is looked for is the *form* of a mark (GB/T 9704: 机密★5年), never the word:
a contract may speak of 商业秘密 and have a 保密协议 beside it. What cannot be read (a scan, a picture) is judged by its
name.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from pypdf import PdfReader

__all__ = ["mark_of"]

_TERM = r"(?:[0-9０-９]{1,2}|[一二三四五六七八九十]{1,3})\s*(?:年|个月|月|天|日)|长期"
_LEVEL = r"(?:绝\s*密|机\s*密|秘\s*密)"
_STAR = r"[★☆✩✭⭐＊*]"
# at the beginning of a line, behind no more than the number of the copy (份号)
_BEFORE = r"^[\s0-9０-９NoＮｏ.№份号第：:]*"
_STARRED = re.compile(rf"{_BEFORE}({_LEVEL}\s*{_STAR}\s*(?:{_TERM})?)")
_TERMED = re.compile(rf"{_BEFORE}({_LEVEL}\s*(?:{_TERM}))(?:\s|$)")
_LABELLED = re.compile(rf"^\s*密\s*级\s*[：:]\s*({_LEVEL})")
_NAMED = re.compile(rf"(?<![一-鿿])({_LEVEL}\s*(?:{_STAR}\s*(?:{_TERM})?|[-_—\s]?(?:{_TERM})))")
_ENTITIES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_N_HEAD = 12  # lines that are the head of a page
_N_PAGES = 40
_MOST_BYTES = 40_000_000
_PART = re.compile(r"^(word|xl|ppt)/(?!theme|styles|media|fonts).*\.xml$")
_LINES = frozenset({"p", "si", "is", "oddHeader", "evenHeader", "firstHeader"})


def mark_of(name: str, content: bytes) -> str:
    """The mark of secrecy a file bears, as it stands there; empty where it bears none that can be read.

    Parameters
    ----------
    name
        The name it was sent under.
    content
        All its bytes: PDF, an office file (DOCX, XLSX, PPTX) or plain text; of anything else only the name is read.

    Examples
    --------
    >>> mark_of("机密★5年-合同.pdf", b""), mark_of("商业秘密保护协议.docx", b"")
    ('机密★5年', '')
    >>> mark_of("a.txt", "秘密★长期\\n通知".encode())
    '秘密★长期'
    """
    named = _NAMED.search(name)
    if named:
        return named[1]
    return next((found for page in _pages(content) for found in _marks(page)), "")


def _marks(lines: list[str]) -> Iterator[str]:
    for at, line in enumerate(lines):
        patterns = (_STARRED, _LABELLED, _TERMED) if at < _N_HEAD else (_STARRED,)
        for pattern in patterns:
            found = pattern.match(line)
            if found:
                yield re.sub(r"\s", "", found[1])


def _pages(content: bytes) -> Iterator[list[str]]:
    """The lines of each page, empty ones left out; none where the file cannot be read."""
    try:
        if content.startswith(b"%PDF"):
            for page in PdfReader(io.BytesIO(content)).pages[:_N_PAGES]:
                yield _lines(page.extract_text())
        elif content.startswith(b"PK\x03\x04"):
            yield from _office(content)
        elif b"\0" not in content[:4096]:
            yield _lines(_decoded(content[:_MOST_BYTES]))
    except Exception:
        # a file nobody can read is judged elsewhere; here it bears no mark that could be read
        return


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _lines(text: str) -> list[str]:
    return [line for line in re.split(r"[\r\n\f]+", text) if line.strip()]


def _office(content: bytes) -> Iterator[list[str]]:
    """The paragraphs or cells of each part that holds text; headers are parts of their own."""
    left = _MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if not _PART.match(entry.filename):
                continue
            with archive.open(entry) as part:
                data = part.read(left + 1)
            left -= len(data)
            if left < 0 or _ENTITIES.search(data):
                return  # larger than any paper, or it declares entities
            yield [line for line in _texts(ElementTree.fromstring(data)) if line.strip()]


def _texts(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        if element.tag.rpartition("}")[2] in _LINES:
            yield re.sub(r"&[LCR]", "", "".join(map(str, element.itertext())))
