"""Words: free text, identifiers, lists of things, choices; and the numbers of persons that have no place in them."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches

from .cell import EMPTY, Cell, CellType, Raw, Wrong, folded, is_nothing, is_unsaid, plain

__all__ = ["PERSONAL", "choice", "covered", "key", "personal_number", "text", "words"]

# a mobile number, an identity number of 18 places with a date of birth in it; never part of a longer number
_NUMBER = (
    r"(?:(?:\+?86|0086)[-. ]?)?1[3-9][0-9][-. ]?[0-9]{4}[-. ]?[0-9]{4}"
    r"|[1-9][0-9]{5}[- ]?(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[- ]?[0-9]{3}[0-9Xx]"
)
PERSONAL = rf"(?:^|[^0-9A-Za-z])(?:{_NUMBER})(?:$|[^0-9A-Za-z])"
"""For engines that only look ahead."""

_PERSONAL = re.compile(rf"(?<![0-9A-Za-z])(?:{_NUMBER})(?![0-9A-Za-z])")
_DIGITS = re.compile(r"\d{3}")
_SHORT = 6  # letters; only so few can say that there is nothing


def personal_number(text: str) -> str:
    """The first mobile or identity number in a text, its middle covered; empty where there is none.

    Examples
    --------
    >>> personal_number("联系人 13800000000"), personal_number("产能138000000000件")
    ('138****00', '')
    """
    found = _PERSONAL.search(unicodedata.normalize("NFKC", text))
    return _covered(found) if found else ""


def _covered(number: re.Match[str]) -> str:
    bare = re.sub(r"[^0-9Xx]", "", number[0])
    return f"{bare[:3]}****{bare[-2:]}"


def covered(text: str) -> str:
    """A text with the middle of every mobile and identity number covered, to be shown; the rest stays as typed.

    Examples
    --------
    >>> covered("填表人：某某（电话：１３８００００００００、13900000000）")
    '填表人：某某（电话：138****00、139****00）'
    """
    if not _DIGITS.search(text):
        return text
    # letter by letter, so that every place of the half width is the same place of what was typed
    half = "".join(one if len(one := unicodedata.normalize("NFKC", letter)) == 1 else letter for letter in text)
    parts, at = [], 0
    for number in _PERSONAL.finditer(half):
        parts += [text[at : number.start()], _covered(number)]
        at = number.end()
    return "".join([*parts, text[at:]])


def text(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """Free text, line breaks kept as spaces; what a table program would run as a formula stays text.

    Examples
    --------
    >>> note = CellType("text")
    >>> text("  两行\\n文字 ", note).value, text("无", note).value, text("张某13800000000", note).wrong.code
    ('两行 文字', None, 'personal_number')
    """
    value = plain(raw)
    if "  " in value or not value.isprintable():
        value = " ".join(value.split())
    if is_nothing(value.lower() if len(value) > _SHORT else folded(value)):
        return EMPTY
    number = personal_number(value)
    if number:
        return Cell(wrong=Wrong("personal_number", {"value": number}, "personal_leave_out"))
    return Cell(value, is_mended=isinstance(raw, str) and value != raw)


def key(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """An identifier: kept as typed but for width, outer spaces and a leading apostrophe, never as a number.

    Examples
    --------
    >>> key("'000651", CellType("key")).value, key('="000652"', CellType("key")).value
    ('000651', '000652')
    """
    value = unicodedata.normalize("NFKC", plain(raw)).strip()
    value = value[1:].strip() if value[:1] == "'" and value.count("'") == 1 else value
    if is_unsaid(value.lower()):
        return EMPTY
    return Cell(value, is_mended=isinstance(raw, str) and value != raw)


def words(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """Several things in one cell, as a list in order without repetition.

    Examples
    --------
    >>> words("甲；乙、甲", CellType("words")).value
    ('甲', '乙')
    """
    parts = raw if isinstance(raw, list | tuple) else re.split(r"[;；、|\n\r]|,|，", plain(raw))
    said = [" ".join(plain(part).split()) for part in parts]
    found = tuple(dict.fromkeys(part for part in said if not is_nothing(folded(part))))
    number = personal_number(";".join(found))
    if number:
        return Cell(wrong=Wrong("personal_number", {"value": number}, "personal_leave_out"))
    return Cell(found) if found else EMPTY


def choice(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """One of a few values, by any of its words.

    Examples
    --------
    >>> state = CellType("choice", choices={"live": ("存续", "在业"), "closed": ("注销",)})
    >>> choice("存續", state).value, choice("歇业", state).wrong.code
    ('live', 'choice_unknown')
    """
    value = _bare(raw)
    known = {_bare(word): name for name, own in kind.choices.items() for word in (name, *own)}
    if value in known:
        return Cell(known[value])
    if is_unsaid(folded(raw)):
        return EMPTY
    near = get_close_matches(value, known, 1)
    values = {"value": plain(raw), "known": sorted(known), "near": near}
    return Cell(wrong=Wrong("choice_unknown", values, "choose_one"))


def _bare(raw: Raw) -> str:
    return re.sub(r"[\s\-_–—,，、;；()（）.。/]", "", folded(raw))
