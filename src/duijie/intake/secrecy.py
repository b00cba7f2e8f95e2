"""Marks of secrecy on a file that is on its way in: in its name, its properties, or on a page as papers bear them.

The system holds nothing classified. What is looked for is the *form* of a mark (GB/T 9704: 机密★5年), never the word:
a contract may speak of 商业秘密 and have a 保密协议 beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .papers import Sheet, Where, pages_of

__all__ = ["mark_of"]

_NUMBER = r"(?:(?:[0-9]\s?){1,2}|[一二三四五六七八九十]{1,3})"
_TERM = rf"(?:{_NUMBER}\s*(?:年|个月|月|天|日)|长\s*期)"
_LEVEL = r"(?:绝\s*密|机\s*密|秘\s*密)"
# one star, of whatever font: many have theirs among the signs of private use; a row of them is a rating
_STAR = r"[★☆✩✭✮✯✰⭐⋆*\ue000-\uf8ff](?!\s*[★☆⭐*])"
# at the beginning of a line or behind a gap: the number of the copy (份号), another column, a bracket
_BEFORE = r"(?:^|(?<=[^一-鿿a-zA-Z]))"
_STARRED = re.compile(rf"{_BEFORE}({_LEVEL}\s*{_STAR}\s*{_TERM}|{_LEVEL}\s*{_STAR}(?![一-鿿]))")
_TERMED = re.compile(rf"^[\s0-9NoO.№份号第:]*({_LEVEL}\s*{_TERM})(?:\s|$)")
_LABELLED = re.compile(rf"^\W*密\s*级\s*(?:和\s*保\s*密\s*期\s*限)?\W*({_LEVEL})(?![一-鿿])")
_NAMED = re.compile(rf"(?<![一-鿿])({_LEVEL}\s*(?:{_STAR}\s*(?:{_TERM})?|[-_—\s]?{_TERM}))")
# a machine reads the star as one sign or two of something else, or not at all
_RECOGNISED = re.compile(
    rf"{_BEFORE}({_LEVEL}\s*[^一-鿿\s]{{0,2}}\s*{_TERM}(?![一-鿿])|{_LEVEL}\s*[大女火太交](?:{_TERM}|$))"
)
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_N_HEAD = 12  # lines that are the head of a page


def mark_of(name: str, content: bytes) -> str:
    """The mark of secrecy a file bears, as it stands there; empty where it bears none.

    Parameters
    ----------
    name
        The name it was sent under.
    content
        All its bytes: PDF, an office file of any age, OFD, plain text, a picture, or an archive of these. Scanned pages
        and pictures are read by recognition. What no program can open is judged by its name alone.

    Raises
    ------
    InputError
        It cannot be judged: it is locked by a password, or larger than any paper.
    MissingEngineError
        It is a picture or a scan, and recognition is not installed.

    Examples
    --------
    >>> mark_of("机密★5年-合同.pdf", b""), mark_of("商业秘密保护协议.docx", b"")
    ('机密★5年', '')
    >>> mark_of("a.txt", "秘密★长期\\n通知".encode())
    '秘密★长期'
    """
    named = _NAMED.search(_plain(name))
    if named:
        return _written(named[1])
    return next((found for sheet in pages_of(content) for found in _marks(sheet)), "")


def _marks(sheet: Sheet) -> Iterator[str]:
    for at, line in enumerate(sheet.lines):
        for pattern in _patterns(sheet.where, is_head=at < _N_HEAD):
            found = pattern.search(_plain(line))
            if found:
                yield _written(found[1])


def _patterns(where: Where, *, is_head: bool) -> tuple[re.Pattern[str], ...]:
    if where is Where.NAME:
        return (_NAMED,)
    if where is Where.PICTURE:
        return (_STARRED, _LABELLED, _RECOGNISED)
    return (_STARRED, _LABELLED, _TERMED) if is_head else (_STARRED,)


def _plain(text: str) -> str:
    """Text with one form of each sign, without those that nobody sees."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def _written(mark: str) -> str:
    return re.sub(r"\s", "", mark)
