"""One door for every cell: its type says which grammar it is read by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from .amounts import count, is_unit, money, money_unit, number, quantity, share, span, unit_factor
from .cell import DITTO, EMPTY, ERRORS, Cell, CellType, Raw, Spoiled, Wrong, fault, folded, plain
from .codes import industry, region, unified_code
from .days import day, period
from .figures import split_magnitude
from .texts import choice, key, text, words

__all__ = ["MEASURED", "TYPES", "heading_unit", "read"]

TYPES: Mapping[str, Callable[[Raw, CellType, str], Cell]] = {
    "money": money,
    "quantity": quantity,
    "count": count,
    "share": share,
    "number": number,
    "range": span,
    "uscc": unified_code,
    "region": region,
    "industry": industry,
    "key": key,
    "date": day,
    "period": period,
    "text": text,
    "url": text,
    "words": words,
    "choice": choice,
}
"""The types of cell and their grammars."""

_PARTED = ("words", "range")
_SHORT = 6  # letters; only so few can say that the cell above is meant
_FREE = ("text", "url", "words")
_LONGEST = 1000  # letters of a figure, a day, a code, a choice: what is longer is none, and no work
MEASURED = frozenset({"money", "quantity", "count", "share", "number", "range"})
"""The types whose unit may stand in the heading, a caption or another column."""


def read(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """The value of a cell, nothing where it is empty, or the fault that shows it; never raises.

    Parameters
    ----------
    raw
        What stands in a table, a form or a document; for words and ranges also the parts already set apart.
    kind
        The type of the cell, with its unit and bounds.
    unit
        The unit that a heading, a caption or a column of units gives; it holds where the cell names none.

    Examples
    --------
    >>> read("500万元", CellType("money")).value, read("#REF!", CellType("text")).wrong.code
    (5000000.0, 'cell_error')
    >>> read("——", CellType("money")) == Cell()
    True
    """
    if raw is None or raw == "":
        return EMPTY
    if isinstance(raw, Spoiled):
        # shown in 万 under a heading in 万元
        if raw.factor * (money_unit(unit) or split_magnitude(folded(unit)))[0] == 1:
            return TYPES[kind.name](str(Decimal(raw.text) * raw.factor), kind, unit)
        return Cell(wrong=Wrong(raw.code, {"value": raw.text}, f"{raw.code}_mend"))
    if isinstance(raw, str) and raw.startswith("#") and raw.strip().lower() in ERRORS:
        return Cell(wrong=Wrong("cell_error", {"value": raw.strip()}, "cell_error_mend"))
    if isinstance(raw, str) and len(raw) <= _SHORT and "".join(plain(raw).lower().split()) in DITTO:
        return Cell(wrong=Wrong("cell_ditto", {"value": raw.strip()}, "cell_ditto_mend"))
    if isinstance(raw, list | tuple) and kind.name not in _PARTED:
        return fault("cell_several", raw, "cell_one")
    if isinstance(raw, str) and len(raw) > _LONGEST and kind.name not in _FREE:
        return fault("cell_long", f"{raw[:80]}…", "cell_shorten", n=len(raw), most=_LONGEST)
    return TYPES[kind.name](raw, kind, unit)


def heading_unit(heading: str, kind: CellType) -> str:
    """The unit a heading gives for its whole column, for a type that has one; empty where it gives none.

    It stands in the heading's brackets, behind its stroke or its last word; years and other remarks beside it are
    passed over.

    Examples
    --------
    >>> capital, people = CellType("money"), CellType("count", "person")
    >>> [heading_unit(one, capital) for one in ("注册资本（万元）", "营业收入（2025年，万元）", "注册资本/万元")]
    ['万元', '万元', '万元']
    >>> heading_unit("从业人数（人，2025年末）", people), heading_unit("人数（含临时工）", people)
    ('人', '')
    """
    if kind.name not in MEASURED or len(heading) > _LONGEST:
        return ""
    text = folded(heading)
    if text.endswith("_wan"):
        return "万"
    parts = [part for inner in re.findall(r"[(\[【]([^()\[\]【】]*)", text) for part in re.split(r"[,，、;；]", inner)]
    outer = re.split(r"[(\[【]", text)[0]
    parts += [outer[at + 1 :] for at in range(len(outer)) if outer[at] == "/"]
    parts += [outer.rpartition("_")[2], outer.rpartition(" ")[2]]
    parts += [outer[at:] for at in range(1, len(outer))] if kind.name == "money" else []
    named = [re.sub(r"^(?:计量)?单位[:：为]?", "", part.strip()) for part in parts]
    fitting = [one for one in named if one and _fits(one, kind)]
    return fitting[0] if fitting else next((one for one in named if one and _is_other(one, kind)), "")


def _fits(unit: str, kind: CellType) -> bool:
    """Whether a unit is one of the type's own sort."""
    if kind.name == "money":
        found = money_unit(unit.partition("/")[0])
        return found is not None and (found[2] or found[0] > 1 or bool(found[1]))
    if kind.name == "share":
        return unit in ("%", "‰")
    if kind.name in ("quantity", "count"):
        return unit_factor(unit, kind.unit) is not None
    return is_unit(unit)


def _is_other(unit: str, kind: CellType) -> bool:
    """Whether it is a unit, though of another sort than the type's: 面积（万元）; told as a fault cell by cell."""
    return kind.name in ("quantity", "count") and is_unit(unit)
