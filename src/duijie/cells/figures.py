"""One figure in a cell, by a closed grammar: a sign, a number, what stands before and behind; anything else is a fault.

::

    cell    = [about] [sign] [before] number [about] behind [about]
    about   = 约 大约 超 超过 近 逾 不低于 不少于 至少 大于 预计 目标 > ≥  |  余 多 + 左右 以上
    sign    = + - − – △ ▲ 负, or brackets round it all
    number  = digits, in threes or not, one point, one exponent | 1亿2000万 | 五百二十万 | 伍佰贰拾万
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal

from .cell import EMPTY, Cell, Raw, fault, folded, is_unsaid, plain

__all__ = ["APPROXIMATE", "MAGNITUDES", "MOST", "Figure", "bounded", "figure", "numeral", "split_magnitude"]

APPROXIMATE = 0.8  # how far a figure given as 约 or 超 is believed
MOST = 1e18  # beyond it a figure is a slip of the hand, and sums of them lose what is small
MAGNITUDES = {"": 1, "十": 10, "百": 100, "千": 1000, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7,
              "亿": 10**8, "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12, "thousand": 1000,
              "million": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9}  # fmt: skip
_MAGNITUDE = re.compile(r"万亿|[十百千]?[万亿]|[十百千]|thousand|million|billion|mn|bn")
_ARABIC = (
    r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,2}(?: [0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:e[-+]?[0-9]{1,4})?|\.[0-9]+"
)
# 1亿2000万, 3万5千: every part but the last has its magnitude
_CHAINED = re.compile(r"(?:([0-9]+)亿)?零?(?:([0-9]{1,4})万)?零?(?:([0-9])千)?零?([0-9]{3,4})?(?![0-9.,])")
_CHAIN = re.compile(r"[0-9]+[万亿千]零?[0-9]")
_HEAD = re.compile(r"(?:约为|大约|约|超过|超|近|不低于|不少于|至少|大于|>=?|≥|逾|预计|目标)[:：]?\s*")
_TAIL = re.compile(r"\s*(?:左右|以上|余|多|\+)")
_SIGN = re.compile(r"\s*(?:[-+−–△▲]|负)\s*")
_NUMERALS = "零一二三四五六七八九十百千万亿"
_DIGITS = {"〇": "零", "○": "零", "两": "二", "壹": "一", "贰": "二", "叁": "三", "叄": "三", "参": "三", "肆": "四",
           "伍": "五", "陆": "六", "柒": "七", "捌": "八", "玖": "九", "拾": "十", "佰": "百", "仟": "千"}  # fmt: skip
_CHINESE = re.compile(f"[{_NUMERALS}{''.join(_DIGITS)}]+")
_NUMBER = re.compile(f"(?P<arabic>{_ARABIC})(?![0-9.,])|(?P<chinese>{_CHINESE.pattern})")
_RANGE = re.compile(r"[0-9万亿千百元%]\s*(?:-|−|–|—|~|〜|至|到)\s*[0-9]")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its number, what stands before it and behind it, and how far it is believed (0–1)."""

    value: Decimal
    before: str = ""
    behind: str = ""
    confidence: float = 1.0
    is_written: bool = True


def figure(raw: Raw) -> Figure | Cell:
    """The figure of a cell; an empty cell or a fault where there is none.

    Notes
    -----
    The number is exact as written: 0.29万 is 2900, not 2900.0000000000005. What stands `behind` is left to the type:
    magnitude, unit, currency.

    Examples
    --------
    >>> figure("约1,234.5万元")
    Figure(value=Decimal('1234.5'), before='', behind='万元', confidence=0.8, is_written=True)
    >>> figure("−500").value, figure("伍佰万元").value, figure("1亿2000万元").value
    (Decimal('-500'), Decimal('5000000'), Decimal('120000000'))
    >>> figure("见附件2").before, figure("1,23").wrong.code, figure("——").value
    ('见附件', 'figure_unreadable', None)
    """
    if isinstance(raw, bool | date | time | timedelta):
        return fault("figure_unreadable", raw, "figure_form")
    if isinstance(raw, int | float):
        return _stored(raw)
    text = folded(raw)
    if is_unsaid(text):
        return EMPTY
    if _has_marks(plain(raw)):
        return fault("figure_unreadable", raw, "figure_form")
    if _RANGE.search(text):
        return fault("amount_range", raw, "amount_one_figure")
    return _written(text, raw)


def _stored(raw: int | float) -> Figure | Cell:
    if isinstance(raw, float) and not math.isfinite(raw):
        return fault("figure_not_finite", str(raw), "figure_form")
    return Figure(Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw), is_written=False)


def _has_marks(text: str) -> bool:
    """Whether a superscript, a circled digit or a fraction stands where half width would make it a digit: 10², ①500.

    The 2 of m² is a letter's own."""
    for at, letter in enumerate(text):
        if unicodedata.category(letter) == "No" and not (letter in "²³" and at and text[at - 1].lower() == "m"):
            return True
    return False


def _written(text: str, raw: Raw) -> Figure | Cell:
    bracketed = re.fullmatch(r"\(([^()]+)\)", text)
    if bracketed:  # an accountant's minus
        inner = _written(bracketed[1], raw)
        is_plain = isinstance(inner, Figure) and inner.value >= 0 and not _SIGN.match(bracketed[1])
        return (
            _signed(inner, -1)
            if isinstance(inner, Figure) and is_plain
            else fault("figure_unreadable", raw, "figure_form")
        )
    head = _HEAD.match(text)
    rest = text[head.end() :] if head else text
    sign = _SIGN.match(rest)
    rest = rest[sign.end() :] if sign else rest
    found = _NUMBER.search(rest)
    value = _value(found) if found else None
    if found is None or value is None:
        return fault("figure_unreadable", raw, "figure_form")
    start, end = found.start(), found.end()
    if _CHAIN.match(rest, start):
        joined = _joined(rest, start)
        if joined is None:
            return fault("figure_unreadable", raw, "figure_form")
        value, end = joined
    before, behind = rest[:start].strip(), rest[end:]
    inner_sign = _SIGN.fullmatch(before[-1:]) if before and not sign else None
    before = before[:-1].strip() if inner_sign else before
    if re.search(r"[0-9]", before):  # 1,23 and 1.2.3: a number that breaks off
        return fault("figure_unreadable", raw, "figure_form")
    middle = _TAIL.match(behind)
    behind = behind[middle.end() :] if middle else behind
    tail = re.search(_TAIL.pattern + r"$", behind)
    behind = (behind[: tail.start()] if tail else behind).strip()
    is_minus = bool((sign or inner_sign) and (sign or inner_sign)[0].strip() != "+")  # type: ignore[index]
    about = APPROXIMATE if head or middle or tail else 1.0
    return _signed(Figure(value, before.rstrip(":： "), re.sub(r"\s+", "", behind), about), -1 if is_minus else 1)


def _signed(one: Figure, sign: int) -> Figure:
    return Figure(one.value * sign, one.before, one.behind, one.confidence, one.is_written)


def _value(found: re.Match[str]) -> Decimal | None:
    if found["arabic"] is not None:
        return Decimal(re.sub(r"[, ]", "", found["arabic"]))
    number = numeral(found["chinese"])
    return None if number is None else Decimal(number)


def _joined(text: str, start: int) -> tuple[Decimal, int] | None:
    """1亿2000万 as one number, and where it ends; None where a lone digit may mean thousands (3万5)."""
    found = _CHAINED.match(text, start)
    parts = found.groups() if found else ()
    if found is None or sum(part is not None for part in parts) < 2 or (parts[2] and len(parts[3] or "") == 4):
        return None
    factors = (10**8, 10**4, 1000, 1)
    return Decimal(sum(int(part) * factor for part, factor in zip(parts, factors, strict=True) if part)), found.end()


def numeral(text: str) -> int | None:
    """A number in Chinese characters, plain or of bookkeeping; None where it is none as it ought to be written.

    What is said loosely is not read: 三万五 (35,000 or 30,005), 二百五, 百万.

    Examples
    --------
    >>> numeral("五百二十万"), numeral("伍佰万"), numeral("十五"), numeral("二〇二三"), numeral("三万五")
    (5200000, 5000000, 15, 2023, None)
    """
    digits = "".join(_DIGITS.get(letter, letter) for letter in text)
    if all(letter in _NUMERALS[:10] for letter in digits):
        read = int("".join(str(_NUMERALS.index(letter)) for letter in digits))
        return read if len(digits) == 1 or (len(digits) > 2 and digits[0] != "零") else None
    total, section, digit = 0, 0, None
    for letter in digits:
        place = _NUMERALS.index(letter)
        if place < 10:
            digit = place
        elif place < 13:
            section, digit = section + (1 if digit is None else digit) * 10 ** (place - 9), None
        else:
            section += digit or 0
            total = (total + section) * MAGNITUDES[letter] if letter == "亿" else total + section * MAGNITUDES[letter]
            section, digit = 0, None
    number = total + section + (digit or 0)
    # what is read must be what would be written
    return number if 0 < number < 10**13 and digits in _spellings(number) else None


def _spellings(number: int) -> set[str]:
    """A number as it may be written: 十 or 一十 at its head, 零 after 万 and 亿 or not."""
    long = _spelled(number)
    both = {long, re.sub(r"([万亿])(?=[^零亿])", r"\1零", long)}
    return both | {one.removeprefix("一") for one in both if one.startswith("一十")}


def _spelled(number: int) -> str:
    if number >= 10**8:
        return _two(number, 10**8, "亿")
    return _two(number, 10**4, "万") if number >= 10**4 else _section(number)


def _two(number: int, factor: int, mark: str) -> str:
    high, low = divmod(number, factor)
    gap = "零" if 0 < low < factor // 10 else ""
    return f"{_spelled(high)}{mark}{gap}{_spelled(low) if low else ''}"


def _section(number: int) -> str:
    text, is_gap = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            text += ("零" if is_gap and text else "") + _NUMERALS[digit] + ("", "十", "百", "千")[power]
        is_gap = digit == 0
    return text


def split_magnitude(text: str) -> tuple[int, str]:
    """The factor a text begins with, and the rest: 万元 is 10,000 and 元.

    Examples
    --------
    >>> split_magnitude("百万美元"), split_magnitude("元")
    ((1000000, '美元'), (1, '元'))
    """
    found = _MAGNITUDE.match(text)
    return (MAGNITUDES[found[0]], text[found.end() :]) if found else (1, text)


def bounded(value: Decimal, raw: Raw, minimum: float | None, maximum: float | None) -> float | Cell:
    """The value as a number that is finite and within its bounds, or the fault."""
    if not abs(value) <= Decimal(MOST):
        return fault("figure_not_finite", raw, "figure_form")
    found = float(value)
    if minimum is not None and found < minimum:
        return fault("figure_below", raw, "figure_form", least=_shown(minimum))
    if maximum is not None and found > maximum:
        return fault("figure_above", raw, "figure_form", most=_shown(maximum))
    return found + 0.0  # -0.0 becomes 0.0


def _shown(bound: float) -> str:
    return f"{bound:,.10g}"
