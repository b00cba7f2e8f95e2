"""What a table program shows: a format may make 0.125 into 12.5 %, 485 into 485万元, a day into its month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from duijie.cells import Raw, Spoiled
from duijie.cells.amounts import is_unit
from duijie.cells.figures import split_magnitude

__all__ = ["BUILT_IN", "MONTH", "PERCENT", "YEAR", "Suffix", "shown", "suffix_of"]

BUILT_IN = {9: "0%", 10: "0.00%", 17: "mmm-yy", **dict.fromkeys((27, 36, 50, 52, 57), "yyyy年m月")}
"""The formats of that sort that a workbook does not write out; the last as a Chinese program has them."""


@dataclass(frozen=True, slots=True)
class Suffix:
    """What a format writes behind a figure, and what it multiplies the figure by: 100 for a percentage, 0.0001 where it
    shows 万. Of a day, how many letters of its ISO form are shown; 0 where it is no format of days."""

    text: str
    factor: Decimal = Decimal(1)
    n_of_day: int = 0


PERCENT, MONTH, YEAR = Suffix("%", Decimal(100)), Suffix("", n_of_day=7), Suffix("", n_of_day=4)
_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*')
_LITERAL = re.compile(r'"([^"]*)"|[\\!](.)')
# digits in quotes stand aside while the places of the figure are looked for
_PLACES = {ord(sign): 0xE000 + ord(sign) for sign in "0#?."}
_DIGITS = {aside: sign for sign, aside in _PLACES.items()}
_POINT = chr(_PLACES[ord(".")])
_FIGURE = re.compile(r"(?P<head>[^0#?]*)(?P<places>[0#?](?:.*[0#?])?)\.?(?P<commas>,*)(?P<tail>[^0#?]*)", re.DOTALL)
_PADDING = re.compile(r"\[[^\]]*\]|_.|\*.")
_MONTHLY = re.compile(r"(?:y+|e+)m*|m+y+")
_SERIAL_ZERO = date(1899, 12, 30)
_LAST_SERIAL = 2_958_465  # the last day of the year 9999


@lru_cache(maxsize=1024)
def suffix_of(code: str) -> Suffix | None:
    """What a number format makes of a positive figure: a percentage, one with its unit, a smaller one; or of a day.

    None where a figure is shown as it is kept. A comma behind the digits shows a thousandth, and a point that is put
    between them as a letter moves the point.

    Examples
    --------
    >>> suffix_of("0.00%") == PERCENT, suffix_of('#,##0.00"万元";[Red]-0') == Suffix("万元")
    (True, True)
    >>> suffix_of('0"号"'), suffix_of("#,##0_);(#,##0)")
    (None, None)
    >>> suffix_of('0!.0,"万元"'), suffix_of('yyyy"年"m"月"') == MONTH
    (Suffix(text='万元', factor=Decimal('0.0001'), n_of_day=0), True)
    """
    bare = _PADDING.sub("", _SECTION.findall(code)[0])
    plain = _LITERAL.sub("", bare)
    if "%" in plain:
        return PERCENT
    found = _FIGURE.fullmatch(_LITERAL.sub(_kept, bare))
    if found is None:
        is_monthly = _MONTHLY.fullmatch(re.sub("[^a-z]", "", plain.lower()))
        return None if not is_monthly else MONTH if "m" in is_monthly[0] else YEAR
    head, tail = (found[part].translate(_DIGITS).strip() for part in ("head", "tail"))
    moved = found["places"].rpartition(_POINT)[2] if _POINT in found["places"] else ""
    factor = Decimal(10) ** -(3 * len(found["commas"]) + len(re.findall("[0#?]", moved)))
    # 第3批 is no quantity of 批; the sign of a currency may stand before
    unit = tail if is_unit(tail) and not any(map(str.isalnum, head)) else ""
    return Suffix(unit, factor) if unit or factor != 1 else None


def _kept(literal: re.Match[str]) -> str:
    """What stands in quotes, its own digits no places of the figure."""
    return (literal[1] or literal[2] or "").translate(_PLACES)


def shown(value: Any, suffix: Suffix, *, is_1904: bool = False) -> Raw:
    """A figure as its format shows it, and a month, which is kept as its first day; what is neither stays.

    Examples
    --------
    >>> shown(0.285, PERCENT), shown(485.0, Suffix("万元")), shown(date(2024, 3, 1), MONTH), shown("x", PERCENT)
    ('28.5%', '485万元', '2024-03', 'x')
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if suffix.n_of_day:
        is_serial = is_number and not is_1904 and 0 < value <= _LAST_SERIAL
        return _of_day(_SERIAL_ZERO + timedelta(value) if is_serial else value, suffix.n_of_day, value)
    if not is_number:
        return value  # type: ignore[no-any-return]
    if suffix.factor < 1 and split_magnitude(suffix.text)[0] * suffix.factor != 1:
        return Spoiled("cell_scaled", f"{value:.15g}", suffix.factor)
    text = f"{Decimal(repr(value)) * suffix.factor:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{suffix.text}"


def _of_day(day: Any, n: int, value: Raw) -> Raw:
    """The month or year of a first day; another day was meant as one, however little of it is shown."""
    text = day.isoformat()[:10] if isinstance(day, date) else ""
    return text[:n] if text[n:] == "-01-01"[n - 10 :] else value
