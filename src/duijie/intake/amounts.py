"""Money with its magnitude and currency, and quantities with their unit; a bare figure is not guessed at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import pint

from duijie import data

from .cells import APPROXIMATE, EMPTY, Cell, Raw, Wrong, number, plain
from .layouts import Column

__all__ = ["heading_unit", "money", "quantity"]

_MAGNITUDES = {"": 1.0, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12, "百": 1e2}
_PARTS = re.compile(r"(?P<before>[^\d.]*?)(?P<number>[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)(?P<unit>.*)", re.DOTALL)
_RANGE = re.compile(r"\d\s*(?:-|—|–|~|～|至|到)\s*\d")
_ABOUT = re.compile(r"约|超过|超|近|不低于|不少于|至少|逾|预计|目标|左右|以上|余|多|\+|≥|>")
_NO_FIGURE = frozenset(
    {"面议", "-", "--", "—", "/", "无", "不详", "暂无", "保密", "未公开", "null", "none", "n/a", "nan"}
)


def heading_unit(heading: str) -> str:
    """The unit a heading gives for its whole column: 注册资本(万元) and capital_wan give one, others an empty text.

    Examples
    --------
    >>> heading_unit("注册资本（万元）"), heading_unit("capital_wan"), heading_unit("面积")
    ('万元', '万', '')
    """
    folded = unicodedata.normalize("NFKC", heading).lower().strip()
    bracket = re.search(r"[(\[【](?:单位[:：]?)?([^)\]】]+)[)\]】]\s*$", folded)
    return bracket[1].strip() if bracket else "万" if folded.endswith("_wan") else ""


@cache
def _currencies() -> Mapping[str, str]:
    rows = data.table(data.root() / "intake" / "currencies.csv")
    return {word: row["currency"] for row in rows for word in row["words"].split()}


@lru_cache(maxsize=4096)
def _money_unit(unit: str) -> tuple[float, str] | None:
    """Factor and currency (empty where none is named) of 万元人民币, 万(港币), 亿; None where it is no such unit."""
    folded = re.sub(r"[()\[\]\s]", "", unicodedata.normalize("NFKC", unit).lower())
    magnitude = re.match(r"(万亿|[十百千]?万|亿|千|百)?", folded)
    factor = _MAGNITUDES[(magnitude[1] or "") if magnitude else ""]
    rest = folded[len(magnitude[0]) if magnitude else 0 :]
    for currency in (rest, rest.removeprefix("元"), rest.removesuffix("元")):
        if currency in _currencies() and (currency or not rest):
            return factor, _currencies()[currency]
    named = re.fullmatch(r"(万)?(?:元)?(.*?)(?:元)?", rest)
    if named and named[2] in _currencies():
        return factor, _currencies()[named[2]]
    return (factor, "") if not rest else None


def money(raw: Raw, column: Column, unit: str = "") -> Cell:
    """An amount in whole units of its currency; the currency stands in `extra`.

    `unit` is what the heading or a column of units says and holds where the cell is a bare figure. Without any unit
    the cell is a fault, for 1000 may mean 元 or 万元. A magnitude without a currency is read as CNY, at confidence 0.9.

    Examples
    --------
    >>> column = Column("capital", None, "money")
    >>> money("1,000万美元", column).value, money("1,000万美元", column).extra
    (10000000.0, 'USD')
    >>> money(500, column, "万元").value
    5000000.0
    """
    found = _figure(raw)
    if not isinstance(found, tuple):
        return found
    figure, before, own, confidence = found
    said = _money_unit(own) if own else None
    ahead = _currencies().get(before, "")
    if own and said is None:
        return Cell(wrong=Wrong("money_unit_unknown", {"value": plain(raw), "unit": own}, "money_form"))
    general = _money_unit(unit) if unit else None
    factor, currency = said or ((1.0, "") if ahead and not unit else general) or (0.0, "")
    currency = ahead or currency or (general[1] if general else "")
    if not factor:
        return Cell(wrong=Wrong("money_without_unit", {"value": plain(raw)}, "money_form"))
    if figure < 0:
        return Cell(wrong=Wrong("money_negative", {"value": plain(raw)}, "money_form"))
    return Cell(figure * factor, confidence=min(confidence, 1.0 if currency else 0.9), extra=currency or "CNY")


def _figure(raw: Raw) -> Cell | tuple[float, str, str, float]:
    """Figure, what stands before it, its unit, confidence; or a cell where there is none."""
    folded = unicodedata.normalize("NFKC", plain(raw)).lower()
    if not folded or folded in _NO_FIGURE:
        return EMPTY
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        plain_number = number(raw, None)
        return plain_number if plain_number.wrong else (float(raw), "", "", 1.0)
    if _RANGE.search(folded):
        return Cell(wrong=Wrong("amount_range", {"value": plain(raw)}, "amount_one_figure"))
    bare = _ABOUT.sub("", folded)
    parts = _PARTS.fullmatch(bare.replace(" ", ""))
    if parts is None:
        return Cell(wrong=Wrong("number_unreadable", {"value": plain(raw)}, "number_form"))
    figure = float(parts["number"].replace(",", ""))
    return figure, parts["before"].strip(":"), parts["unit"], 1.0 if bare == folded else APPROXIMATE


@cache
def _registry() -> pint.UnitRegistry[Any]:
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(cache_folder=None)
    for name in ("person", "piece", "pair"):
        registry.define(f"{name} = [{name}]")
    return registry


@cache
def _unit_words() -> Mapping[str, tuple[float, str]]:
    rows = data.table(data.root() / "intake" / "units.csv")
    return {word: (float(row["factor"]), row["unit"]) for row in rows for word in row["words"].split()}


@lru_cache(maxsize=4096)
def _factor(unit: str, target: str) -> float | None:
    """What a figure in `unit` is multiplied by to be in `target`; None where the two measure different things."""
    whole = _unit_words().get(unit)
    parts = [_unit_words().get(part) for part in unit.split("/")] if whole is None else [whole]
    if not parts or any(part is None for part in parts):
        return None
    registry, factor, expression = _registry(), 1.0, ""
    for place, part in enumerate(parts):
        assert part is not None
        factor = factor * part[0] if place == 0 else factor / part[0]
        expression += f"({part[1]})" if place == 0 else f" / ({part[1]})"
    for candidate in (expression, f"{expression} / ({target.rpartition('/')[2]})" if "/" in target else expression):
        quantity = registry.Quantity(factor, candidate)
        if quantity.is_compatible_with(target):
            return float(quantity.to(target).magnitude)
    return None


def quantity(raw: Raw, column: Column, unit: str = "") -> Cell:
    """A figure in the column's unit; a unit of another kind is a fault, a bare figure takes the heading's unit or the
    column's own.

    Examples
    --------
    >>> column = Column("area", None, "quantity", unit="meter ** 2")
    >>> quantity("1.5万平方米", column).value, round(quantity("2亩", column).value, 1)
    (15000.0, 1333.3)
    """
    found = _figure(raw)
    if not isinstance(found, tuple):
        return found
    figure, _, own, confidence = found
    given = _clean(own) or _clean(unit)
    factor = _factor(given, column.unit) if given else 1.0
    if factor is None:
        values = {"value": plain(raw), "unit": given, "expected": column.unit}
        return Cell(wrong=Wrong("quantity_unit", values, "quantity_form"))
    return Cell(figure * factor, confidence=confidence if given else min(confidence, 0.9))


def _clean(unit: str) -> str:
    return re.sub(r"[()\s]", "", unicodedata.normalize("NFKC", unit).lower()).replace("每", "/")
