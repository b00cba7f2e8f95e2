"""What every cell has in common: its raw forms, what counts as empty, and the value or the fault it comes to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from duijie import data

__all__ = [
    "DITTO",
    "EMPTY",
    "ERRORS",
    "NOTHING",
    "Cell",
    "CellType",
    "Raw",
    "Spoiled",
    "Wrong",
    "compact",
    "fault",
    "folded",
    "is_nothing",
    "is_unsaid",
    "plain",
    "simplified",
    "traditional",
]


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A cell of a workbook that holds no value: ``cell_error`` (#REF! and the like), ``cell_formula`` (a formula whose
    result was never stored), ``cell_scaled`` (a figure that is shown in another unit); `text` is what stands there,
    `factor` what it is multiplied by to be shown."""

    code: str
    text: str
    factor: Decimal = Decimal(0)

    def __str__(self) -> str:
        return self.text


Raw = str | int | float | bool | date | Spoiled | list[Any] | tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a cell cannot be used: a code with a sentence, its values, and the code of a remedy."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, or None with the reason; `is_mended` where it was put right without doubt, `confidence` 0–1.

    A cell that is empty has neither value nor reason. `extra` is the currency of an amount; ``no_end`` for a day that
    is said never to come.
    """

    value: Any = None
    wrong: Wrong | None = None
    is_mended: bool = False
    confidence: float = 1.0
    extra: Any = None


@dataclass(frozen=True, slots=True)
class CellType:
    """What a cell may hold.

    `name` is one of :data:`duijie.cells.TYPES`. `unit` is what a figure is kept in: a unit of measure, for money the
    part behind the amount (``年`` of 元/年), for a share ``%`` where it is kept in hundredths. `minimum` and `maximum`
    bound a figure, both inside; without them money, quantities, counts and shares are ≥ 0. `choices` maps each
    admitted value to the words for it. `is_end` marks a day on which something ends, which may also never come.
    """

    name: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_end: bool = False


EMPTY = Cell()
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad]")
_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')  # how exports keep a table program from reading a code as a number
_DASHES = re.compile(r"[-‐‑–—―−_]{1,6}|[/\\]{1,2}")
NOTHING = frozenset({"", "无", "暂无", "没有", "空", "空白", "n/a", "null", "none", "nil", "(空)", "(空白)", "(无)"})
"""What is written where there is nothing to say, whatever the type; dashes and strokes besides."""
_UNSAID = frozenset(
    "面议 另议 保密 不公开 未公开 不详 未知 不明 未填 未填写 未提供 待定 待补 待补充 待填 待办 待办理 "
    "办理中 正在办理 未办理 尚未办理 不适用 暂缺 缺 na".split()
)
DITTO = frozenset({"同上", "〃", "″", "”", '"', "ditto"})
"""What is written where the cell above is meant; a table has one, a form does not."""
ERRORS = frozenset(
    {"#ref!", "#div/0!", "#n/a", "#name?", "#value!", "#null!", "#num!", "#spill!", "#calc!", "#getting_data"}
)


def plain(raw: Raw) -> str:
    """The text of a cell: no invisible characters or outer spaces; 12.0 is written 12, ``="012"`` is 012.

    Examples
    --------
    >>> plain(110105.0), plain('="012"')
    ('110105', '012')
    """
    if raw is None:
        return ""
    if isinstance(raw, str):
        text = (raw if raw.isprintable() else _INVISIBLE.sub("", raw)).strip()
        kept = _AS_TEXT.fullmatch(text) if text.startswith("=") else None
        return kept[1].replace('""', '"').strip() if kept else text
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, datetime):
        return raw.isoformat(sep=" ") if (raw.hour or raw.minute or raw.second) else raw.date().isoformat()
    return ";".join(map(plain, raw)) if isinstance(raw, list | tuple) else str(raw).strip()


@cache
def _traditional() -> dict[int, str]:
    rows = data.table(data.root() / "intake" / "traditional.csv")
    return {ord(one): row["simplified"] for row in rows for one in row["traditional"]}


def traditional() -> frozenset[str]:
    """Every traditional character that has a simplified form of its own."""
    return frozenset(map(chr, _traditional()))


def simplified(text: str) -> str:
    """The text with every traditional character as its simplified one, one for one: for comparing, never for keeping.

    Examples
    --------
    >>> simplified("註冊資本（萬元）")
    '注册资本（万元）'
    """
    return text if text.isascii() else text.translate(_traditional())


def folded(raw: Raw) -> str:
    """A cell as it is compared: half width, lower case, simplified, no apostrophe that keeps a table program away.

    Examples
    --------
    >>> folded("'５００萬元 ")
    '500万元'
    """
    text = simplified(unicodedata.normalize("NFKC", plain(raw)).lower()).strip()
    return text[1:].strip() if text[:1] == "'" and text.count("'") == 1 else text


def compact(raw: Raw) -> str:
    """The text of a code: half width, upper case, without any space or dash, and without a leading apostrophe."""
    return re.sub(r"[\s\-_–—]", "", unicodedata.normalize("NFKC", plain(raw))).removeprefix("'").upper()


def is_nothing(text: str) -> bool:
    """Whether a folded text says nothing, whatever the type: empty, 无, a dash or a stroke, N/A, null.

    Examples
    --------
    >>> is_nothing(""), is_nothing("——"), is_nothing("无"), is_nothing("0"), is_nothing("面议")
    (True, True, True, False, False)
    """
    return text in NOTHING or _DASHES.fullmatch(text) is not None


def is_unsaid(text: str) -> bool:
    """Whether a folded text says nothing in a figure, a code or a day: what says nothing anywhere, and 面议, 待定 …"""
    return text in _UNSAID or is_nothing(text)


def fault(code: str, raw: Raw, hint: str, **values: Any) -> Cell:
    """The fault of a cell that is shown as it stands."""
    return Cell(wrong=Wrong(code, {"value": plain(raw), **values}, hint))
