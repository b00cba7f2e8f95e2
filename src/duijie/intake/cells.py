"""One cell at a time: from what a person typed to a value, or the fault that names what is wrong and what helps."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from .layouts import Column

__all__ = ["Cell", "Wrong", "choice", "compact", "day", "key", "number", "plain", "text", "words"]

Raw = str | int | float | bool | date | None
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\ufeff\u00ad]")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?$")
_BARE_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})?$")
_QUALIFIED = re.compile(r"^(?:约|超过|超|近|不低于|不少于|至少|大于|>=?|≥|逾|预计|目标)|(?:左右|以上|余|多|\+)$")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$")
_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(21_100, 73_051)  # 1957 to 2099; lower numbers of five digits may be a year and a month
APPROXIMATE = 0.8  # how far a figure given as 约 or 超 is believed


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a cell cannot be used: a code with a sentence, its values, and the code of a remedy."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, or None with the reason; `is_mended` where it was put right without doubt, `confidence` 0–1."""

    value: Any = None
    wrong: Wrong | None = None
    is_mended: bool = False
    confidence: float = 1.0
    extra: Any = None


EMPTY = Cell()


def plain(raw: Raw) -> str:
    """The text of a cell: no invisible characters or outer spaces; 12.0 is written 12.

    Examples
    --------
    >>> plain(110105.0)
    '110105'
    """
    if raw is None:
        return ""
    if isinstance(raw, str) and raw.isprintable():
        return raw.strip()
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, datetime):
        return raw.isoformat(sep=" ") if (raw.hour or raw.minute or raw.second) else raw.date().isoformat()
    return _INVISIBLE.sub("", str(raw)).strip()


def compact(raw: Raw) -> str:
    """The text of a code: half width, upper case, without any space or dash."""
    return re.sub(r"[\s\-_–—]", "", unicodedata.normalize("NFKC", plain(raw))).upper()


def text(raw: Raw, column: Column) -> Cell:
    """Free text, line breaks kept as spaces; what a table program would run as a formula stays text."""
    value = plain(raw)
    if "  " in value or not value.isprintable():
        value = " ".join(value.split())
    return Cell(value, is_mended=isinstance(raw, str) and value != raw) if value else EMPTY


def key(raw: Raw, column: Column) -> Cell:
    """An identifier: kept as typed but for width and outer spaces, never as a number."""
    value = unicodedata.normalize("NFKC", plain(raw))
    return Cell(value, is_mended=isinstance(raw, str) and value != raw) if value else EMPTY


def words(raw: Raw, column: Column) -> Cell:
    """Several things in one cell, as a list in order without repetition."""
    parts = [part.strip() for part in re.split(r"[;；、|\n]|,|，", plain(raw))]
    found = tuple(dict.fromkeys(part for part in parts if part))
    return Cell(found) if found else EMPTY


def choice(raw: Raw, column: Column) -> Cell:
    """One of a few values, by any of its words."""
    value = compact(raw).lower()
    if not value:
        return EMPTY
    known = {compact(word).lower(): name for name, own in column.choices.items() for word in (name, *own)}
    if value in known:
        return Cell(known[value])
    near = get_close_matches(value, known, 1)
    return Cell(
        wrong=Wrong("choice_unknown", {"value": plain(raw), "known": sorted(known), "near": near}, "choose_one")
    )


def day(raw: Raw, column: Column) -> Cell:
    """A date as exact as it was given: ``2019``, ``2019-04`` or ``2019-04-01``.

    Examples
    --------
    >>> day("2019年4月1日", None).value, day("2019.4", None).value, day(2019.0, None).value
    ('2019-04-01', '2019-04', '2019')

    A table program counts days from the end of 1899; what may also be a year and a month, 20194, is not read so.

    >>> day(43556.0, None).value, day("20194", None).wrong.code
    ('2019-04-01', 'date_unreadable')
    """
    if isinstance(raw, date):
        return Cell(plain(raw)[:10])
    value = unicodedata.normalize("NFKC", plain(raw)).removesuffix("00:00:00").strip()
    if not value:
        return EMPTY
    if re.fullmatch(r"\d{4}年?", value):
        return _year(value[:4], value)
    if re.fullmatch(r"\d{5}", value) and int(value) in _SERIALS:
        return Cell((_SERIAL_ZERO + timedelta(days=int(value))).isoformat(), is_mended=True)
    found = _DAY.fullmatch(value) or _BARE_DAY.fullmatch(value)
    if found is None:
        return Cell(wrong=Wrong("date_unreadable", {"value": value}, "date_form"))
    return _exact(int(found[1]), int(found[2]), int(found[3] or 0), value)


def _year(year: str, value: str) -> Cell:
    if 1900 <= int(year) <= 2100:
        return Cell(year, is_mended=year != value)
    return Cell(wrong=Wrong("date_impossible", {"value": value}, "date_form"))


def _exact(year: int, month: int, of_month: int, value: str) -> Cell:
    longest = calendar.monthrange(year, month)[1] if 1 <= month <= 12 and 1900 <= year <= 2100 else 0
    if of_month > longest or not longest:
        return Cell(wrong=Wrong("date_impossible", {"value": value}, "date_form"))
    written = f"{year}-{month:02}" + (f"-{of_month:02}" if of_month else "")
    return Cell(written, is_mended=written != value)


def number(raw: Raw, column: Column | None) -> Cell:
    """A figure; 约 and the like lower its confidence, a per cent sign divides by 100.

    Examples
    --------
    >>> number("约１，２３４．５", None).value, number("12%", None).value
    (1234.5, 0.12)
    """
    if isinstance(raw, bool | date):
        return Cell(wrong=Wrong("number_unreadable", {"value": plain(raw)}, "number_form"))
    if isinstance(raw, int | float):
        return Cell(float(raw)) if abs(raw) < float("inf") else _no_number(raw)
    value = unicodedata.normalize("NFKC", plain(raw)).replace(",", "").replace(" ", "").lower()
    if not value:
        return EMPTY
    bare = _QUALIFIED.sub("", _QUALIFIED.sub("", value))
    share = bare.endswith("%")
    if not _NUMBER.fullmatch(bare.removesuffix("%")):
        return _no_number(raw)
    found = float(bare.removesuffix("%")) / (100 if share else 1)
    return Cell(found, is_mended=True, confidence=APPROXIMATE if bare != value else 1.0)


def _no_number(raw: Raw) -> Cell:
    return Cell(wrong=Wrong("number_unreadable", {"value": plain(raw)}, "number_form"))
