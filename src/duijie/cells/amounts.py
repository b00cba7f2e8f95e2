"""Figures of a kind: money, quantities, counts, shares, plain numbers, and ranges; a bare figure is not guessed at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from duijie import data

from .cell import EMPTY, Cell, CellType, Raw, fault, folded, is_unsaid, plain
from .figures import MAGNITUDES, Figure, bounded, figure, split_magnitude

if TYPE_CHECKING:
    import pint

__all__ = [
    "count",
    "is_unit",
    "measure",
    "money",
    "money_unit",
    "number",
    "quantity",
    "share",
    "span",
    "unit_factor",
    "unit_name",
]

IMPLIED = 0.9  # how far a unit or currency is believed that nobody wrote
_MOST_PARTS = 4  # 元/吨/年 has three
_PERCENT = {"%": 100, "‰": 1000}
_SIGNS = "$¥€£"


@cache
def _currencies() -> Mapping[str, str]:
    rows = data.table(data.root() / "intake" / "currencies.csv")
    return {word: row["currency"] for row in rows for word in row["words"].split()}


@lru_cache(maxsize=4096)
def money_unit(unit: str) -> tuple[int, str, bool] | None:
    """Factor, currency (empty where none is named) and whether a unit of money is named, of 万元人民币, 万(港币), 亿.

    None where it is no such unit. 人民币 and USD name a currency and no unit: 500 of them under 万元 are 5,000,000.

    Examples
    --------
    >>> money_unit("万元(美元)"), money_unit("亿"), money_unit("rmb"), money_unit("匹")
    ((10000, 'USD', True), (100000000, '', False), (1, 'CNY', False), None)
    """
    bare = _unbracketed(folded(unit).replace(" ", ""))
    if bare is None:
        return None
    factor, rest = split_magnitude(bare)
    rest = re.sub(r"[整正]$", "", rest)
    if not rest:
        return (factor, "", False) if factor > 1 else None
    is_named = factor > 1 or any(mark in rest for mark in "元圆块镑")
    for currency in (rest, rest.removeprefix("元"), rest.removesuffix("元")):
        if currency in _currencies():
            return factor, _currencies()[currency], is_named
    turned = re.fullmatch(r"(.+?)([十百千]?[万亿]|thousand|million|mn|billion|bn)元?", rest)  # 人民币万元, rmb mn
    if turned and turned[1] in _currencies():
        return factor * MAGNITUDES[turned[2]], _currencies()[turned[1]], True
    return None


def _unbracketed(text: str) -> str | None:
    """A unit without its brackets, 万(人民币) as 万人民币, also where a register cut off the last one; None where they
    are empty or do not match."""
    bare = re.sub(r"\(([^()\[\]]+)(?:\)|$)|\[([^()\[\]]+)\]", lambda found: found[1] or found[2], text)
    return None if re.search(r"[()\[\]]", bare) else bare


def money(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """An amount in whole units of its currency; the currency stands in `extra`.

    `unit` is what the heading or a column of units says and holds where the cell is a bare figure. Without any unit
    the cell is a fault, for 1000 may mean 元 or 万元. A magnitude without a currency is read as CNY, at confidence 0.9.

    Examples
    --------
    >>> capital = CellType("money")
    >>> money("1,000万美元", capital).value, money("1,000万美元", capital).extra
    (10000000.0, 'USD')
    >>> money("△500", CellType("money", minimum=-1e15), "万元").value, money(500, capital).wrong.code
    (-5000000.0, 'money_without_unit')
    """
    found = figure(raw)
    if isinstance(found, Cell):
        return found
    behind, per = _per(found.behind)
    if "/" in found.behind and per != (kind.unit or _per(unit)[1]):
        return fault("money_unit_unknown", raw, "money_form", unit=found.behind)
    own = money_unit(behind) if behind else None
    if (behind and own is None) or (found.before and found.before not in _currencies()):
        return fault("money_unit_unknown", raw, "money_form", unit=behind or found.before)
    general = money_unit(_per(unit)[0]) if unit else None
    currency = _currencies().get(found.before, "") or (own[1] if own else "") or (general[1] if general else "")
    lent = general if general and _is_unit(general) and not (own and _is_unit(own)) else None
    if lent and lent[1] not in ("", currency):  # US$500 under 万元: 500 or 5,000,000
        return fault("money_other_currency", raw, "money_form", unit=unit)
    factor = _factor_of(own, general, is_signed=any(mark in found.before for mark in _SIGNS))
    if factor is None and not found.value:
        factor = 1  # nothing is nothing in any unit
    if factor is None:
        return fault("money_without_unit", raw, "money_form")
    return _bounded(found, found.value * factor, raw, kind, 1.0 if currency else IMPLIED, currency or "CNY")


def _factor_of(
    own: tuple[int, str, bool] | None, general: tuple[int, str, bool] | None, *, is_signed: bool
) -> int | None:
    """What an amount is multiplied by: its own unit goes before the heading's; None where there is neither.

    The name of a currency is no unit, wherever it stands; its sign is one where no other is given: ¥500 is 500 yuan.
    """
    units = [one[0] for one in (own, general) if one and _is_unit(one)]
    return units[0] if units else 1 if is_signed else None


def _is_unit(one: tuple[int, str, bool]) -> bool:
    """Whether it is more than the name of a currency."""
    return one[2] or one[0] > 1


def _per(unit: str) -> tuple[str, str]:
    """A unit of money and what it is counted by: 万元/年 is 万元 and 年."""
    whole, _, per = folded(unit).partition("/")
    return whole, per.removeprefix("每")


def _bounded(
    found: Figure, value: Decimal, raw: Raw, kind: CellType, most: float = 1.0, extra: str | None = None
) -> Cell:
    least = 0.0 if kind.minimum is None and kind.name != "number" else kind.minimum
    checked = bounded(value, raw, least, kind.maximum)
    if isinstance(checked, Cell):
        return checked
    return Cell(checked, is_mended=found.is_written, confidence=min(found.confidence, most), extra=extra)


@cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(cache_folder=None)
    for name in ("person", "piece", "pair"):
        registry.define(f"{name} = [{name}]")
    return registry


@cache
def _unit_words() -> Mapping[str, tuple[Decimal, str]]:
    rows = data.table(data.root() / "intake" / "units.csv")
    return {folded(word): (Decimal(row["factor"]), row["unit"]) for row in rows for word in row["words"].split()}


def _unit_word(word: str) -> tuple[Decimal, str] | None:
    """The factor and unit of a word, alone or behind a magnitude: 万亩."""
    if word in _unit_words():
        return _unit_words()[word]
    factor, rest = split_magnitude(word)
    known = _unit_words().get(rest)
    return (factor * known[0], known[1]) if known and factor > 1 else None


def is_unit(text: str) -> bool:
    """Whether a text is a unit of anything: of money, of measure, a share."""
    bare = folded(text)
    return bare in _PERCENT or money_unit(_per(bare)[0]) is not None or _parts(bare) is not None


def _parts(unit: str) -> list[tuple[Decimal, str]] | None:
    clean = _unbracketed(unit.replace(" ", ""))
    if not clean:
        return None
    whole = _unit_words().get(clean)
    parts = clean.replace("每", "/").split("/")
    if len(parts) > _MOST_PARTS:
        return None
    words = [whole] if whole else [_unit_word(part) for part in parts]
    return None if any(word is None for word in words) else words  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def unit_factor(unit: str, target: str) -> float | None:
    """What a figure in `unit` is multiplied by to be in `target`; None where the two measure different things.

    Examples
    --------
    >>> unit_factor("万平方米", "meter ** 2"), unit_factor("吨", "meter")
    (10000.0, None)
    """
    parts = _parts(folded(unit))
    if parts is None:
        return None
    registry, factor, expression = _registry(), parts[0][0], f"({parts[0][1]})"
    for one, unit_of in parts[1:]:
        factor, expression = factor / one, f"{expression} / ({unit_of})"
    per = f"{expression} / ({target.rpartition('/')[2]})" if "/" in target else expression
    for candidate in (expression, per):
        found = registry.Quantity(float(factor), candidate)
        if found.is_compatible_with(target):
            return float(found.to(target).magnitude)
    return None


@cache
def measure(unit: str) -> str:
    """A unit as people write it in the form the units are reckoned in, 吨/年 as (metric_ton) / (year); empty where it
    is no measure.

    Examples
    --------
    >>> measure("吨/年"), measure("平方米"), measure("元")
    ('(metric_ton) / (year)', '(meter ** 2)', '')
    """
    parts = [_unit_words().get(folded(part)) for part in unit.split("/")]
    return " / ".join(f"({part[1]})" for part in parts if part and part[0] == 1) if all(parts) and unit else ""


@cache
def unit_name(target: str) -> str:
    """A unit as people write it: metric_ton / year is 吨/年.

    Examples
    --------
    >>> unit_name("meter ** 2"), unit_name("metric_ton / year")
    ('平方米', '吨/年')
    """
    names = {unit: word for word, (factor, unit) in reversed(list(_unit_words().items())) if factor == 1}
    return names.get(target, "/".join(names.get(part.strip("()"), part) for part in target.split(" / ")))


def quantity(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A figure in the column's unit; a unit of another kind is a fault, a bare figure takes the heading's unit or the
    column's own.

    Examples
    --------
    >>> area = CellType("quantity", "meter ** 2")
    >>> quantity("1.5万平方米", area).value, round(quantity("2亩", area).value, 1), quantity("A区1500", area).wrong.code
    (15000.0, 1333.3, 'figure_words')
    """
    found = figure(raw)
    if isinstance(found, Cell):
        return found
    if found.before:
        return fault("figure_words", raw, "figure_form")
    factor, rest = 1, found.behind
    if rest and unit_factor(rest, kind.unit) is None:
        factor, rest = split_magnitude(rest)  # 3万, whose unit stands elsewhere
    given = rest or folded(unit)
    scale = unit_factor(given, kind.unit) if given else 1.0
    if scale is None or (factor > 1 and split_magnitude(given)[0] > 1):
        return fault("quantity_unit", raw, "quantity_form", unit=found.behind or unit, expected=unit_name(kind.unit))
    value = found.value * factor * Decimal(repr(scale))
    # how many there are needs no unit
    return _bounded(found, value, raw, kind, 1.0 if given or kind.name == "count" else IMPLIED)


def count(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """How many: a quantity that must be whole.

    Examples
    --------
    >>> people = CellType("count", "person")
    >>> count("1.2万人", people).value, count(12.7, people).wrong.code, count(-3, people).wrong.code
    (12000.0, 'count_not_whole', 'figure_below')
    """
    found = quantity(raw, kind, unit)
    if found.value is not None and found.value != round(found.value):
        return fault("count_not_whole", raw, "figure_form")
    return found


def share(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A part of a whole: 12 under a heading in % is 12 %. Kept as 0–1, or in hundredths where the type's unit is ``%``.

    Without a sign in cell, heading or type a bare figure is a fault: 0.12 may be 12 % or 0.12 %.

    Examples
    --------
    >>> part = CellType("share")
    >>> share("12%", part).value, share(12, part, "%").value, share("百分之十二", part).value
    (0.12, 0.12, 0.12)
    >>> share("0.12", part).wrong.code
    'share_without_sign'
    >>> share("12%", CellType("share", "%")).value, share("12", CellType("share", "%")).value
    (12.0, 12.0)
    """
    said = folded(raw) if isinstance(raw, str) else ""
    found = figure(said.removeprefix("百分之") if said.startswith("百分之") else raw)
    if isinstance(found, Cell):
        return found
    behind = "%" if said.startswith("百分之") and not found.behind else found.behind
    given = behind or folded(unit) or kind.unit
    if found.before or (given and given not in _PERCENT):
        return fault("figure_words", raw, "share_form")
    if not given:
        return fault("share_without_sign", raw, "share_form")
    whole = 100 if kind.unit == "%" else 1
    most = float(whole) if kind.maximum is None else kind.maximum
    limits = CellType("share", kind.unit, kind.minimum, most)
    return _bounded(found, found.value * whole / _PERCENT[given], raw, limits, 1.0 if behind or unit else IMPLIED)


def number(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A figure of any sign; behind it at most a magnitude, or the very unit that the row or the heading names.

    Examples
    --------
    >>> plain_number = CellType("number")
    >>> number("约１，２３４．５", plain_number).value, number("12%", plain_number, "%").value
    (1234.5, 12.0)
    >>> number("12%", plain_number).wrong.code, number("3号楼", plain_number).wrong.code
    ('number_unit', 'number_unit')
    """
    found = figure(raw)
    if isinstance(found, Cell):
        return found
    if found.before:
        return fault("figure_words", raw, "figure_form")
    named = folded(unit or kind.unit)
    if found.behind in ("", named):
        return _bounded(found, found.value, raw, kind)
    factor, rest = split_magnitude(found.behind)
    if factor == 1 or rest not in ("", named) or split_magnitude(named)[0] > 1:
        return fault("number_unit", raw, "figure_form", unit=found.behind, expected=unit or kind.unit)
    return _bounded(found, found.value * factor, raw, kind)


def span(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """Two figures, low and high, as a pair; an end that is left out is None.

    Examples
    --------
    >>> band = CellType("range")
    >>> span("5~8", band).value, span("5以上", band).value, span("8-5", band).wrong.code
    ((5.0, 8.0), (5.0, None), 'range_turned')
    """
    if isinstance(raw, list | tuple):
        return _pair(list(raw), "", kind, unit, raw)
    text = folded(raw)
    if is_unsaid(text):
        return EMPTY
    open_end = re.fullmatch(r"(?:>=|≥|不低于|不少于|至少)\s*(.+)|(.+?)\s*以上", text)
    open_start = re.fullmatch(r"(?:<=|≤|不超过|不高于|至多)\s*(.+)|(.+?)\s*(?:以下|以内)", text)
    if open_end or open_start:
        one = next(part for part in (open_end or open_start).groups() if part)  # type: ignore[union-attr]
        return _pair([one, None] if open_end else [None, one], "", kind, unit, raw)
    parts = re.fullmatch(r"(.*?[0-9万亿千百元%])\s*(?:\.\.|-|−|–|—|~|〜|至|到)\s*(.*)|(?:\.\.|~|〜)\s*(.+)", text)
    if parts is None:
        return fault("range_unreadable", raw, "range_form")
    low, high = (None, parts[3]) if parts[3] else (parts[1], parts[2] or None)
    return _pair([low, high], high or "", kind, unit, raw)


def _pair(ends: list[Any], last: str, kind: CellType, unit: str, raw: Raw) -> Cell:
    """Both ends by the type of one; a lower end without a unit has the upper one's: 50–100万元."""
    if len(ends) != 2:
        return fault("range_unreadable", raw, "range_form")
    upper = figure(last) if last else None
    shared = upper.behind if isinstance(upper, Figure) else ""
    found = [_end(one, shared, kind, unit) for one in ends]
    wrong = next((one for one in found if one.wrong), None)
    if wrong or all(one.value is None for one in found):
        return fault(wrong.wrong.code, raw, wrong.wrong.hint, **_others(wrong)) if wrong and wrong.wrong else EMPTY
    low, high = (one.value for one in found)
    if low is not None and high is not None and low > high:
        return fault("range_turned", raw, "range_form")
    return Cell((low, high), is_mended=True, confidence=min(one.confidence for one in found))


def _others(cell: Cell) -> dict[str, Any]:
    return {key: value for key, value in cell.wrong.values.items() if key != "value"} if cell.wrong else {}


def _end(one: Any, shared: str, kind: CellType, unit: str) -> Cell:
    if one is None or one == "":
        return EMPTY
    own = figure(one)
    bare = isinstance(own, Figure) and not own.behind and shared
    text = f"{plain(one)}{shared}" if bare else one
    if kind.unit == "%":
        return share(text, kind, unit)
    if kind.unit.startswith("元"):
        return money(text, CellType("money", kind.unit.partition("/")[2], kind.minimum, kind.maximum), unit or "元")
    return number(text, CellType("number", kind.unit, kind.minimum, kind.maximum), unit)
