"""Codes that say who, where and what: credit codes, regions, industries; each checked against its own rule or table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie import data

from .cell import EMPTY, Cell, CellType, Raw, Wrong, compact, folded, is_unsaid, plain

__all__ = [
    "check_character",
    "industry",
    "is_sound",
    "place_of_name",
    "region",
    "regions",
    "sound_codes",
    "unified_code",
]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_VALUES = np.array([_VALUE.get(chr(letter), -1) for letter in range(128)])
_KIND = re.compile("(特别行政区|(壮族|回族|维吾尔)?自治区|自治州|地区|省|市|县|区|盟)$")
_FEW = 3  # a body of fewer different characters is filled in, not issued


def check_character(body: str) -> str:
    """The 18th character of a unified social credit code by its first 17.

    Notes
    -----
    GB 32100-2015: ``31 - sum(value_i * 3**i mod 31) mod 31``, where 31 counts as 0.

    Examples
    --------
    >>> check_character("9135058215626570X")
    '3'
    """
    total = sum(weight * _VALUE[letter] for weight, letter in zip(_WEIGHTS, body, strict=True))
    return _ALPHABET[-total % 31]


def unified_code(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A unified social credit code, its check character verified; never put right by guessing.

    Examples
    --------
    >>> code = CellType("uscc")
    >>> unified_code("9135 0582-1562 6570X3", code).value, unified_code("0" * 18, code).wrong.code
    ('9135058215626570X3', 'uscc_trivial')
    """
    if isinstance(raw, float) and abs(raw) >= 1e15:
        return Cell(wrong=Wrong("uscc_as_number", {"value": f"{raw:.0f}"}, "uscc_as_text"))
    if is_unsaid(folded(raw)):
        return EMPTY
    value = compact(raw)
    wrong = _code_fault(value)
    return Cell(wrong=wrong) if wrong else Cell(value, is_mended=value != raw)


def is_sound(code: str) -> bool:
    """Whether a code has 18 admitted characters, not all alike, and the right check character."""
    return _code_fault(code) is None


def sound_codes(cells: Sequence[Any]) -> NDArray[np.bool_]:
    """Which cells are sound codes as they stand, all at once; whatever else a cell holds is not.

    Examples
    --------
    >>> sound_codes(["9135058215626570X3", "9135058215626570X4", None, 12.0, "0" * 18]).tolist()
    [True, False, False, False, False]
    """
    is_code = np.array([type(cell) is str and len(cell) == 18 and cell.isascii() for cell in cells], bool)
    letters = "".join(cell for cell, is_one in zip(cells, is_code, strict=True) if is_one)
    values = _VALUES[np.frombuffer(letters.encode("ascii"), np.uint8).reshape(-1, 18)]
    check = -(values[:, :17] @ np.array(_WEIGHTS)) % 31
    # what may be trivial is looked at one by one
    is_varied = (np.diff(np.sort(values[:, :17], axis=1), axis=1) != 0).sum(axis=1) + 1 >= _FEW
    is_own = (values[:, 8:17] != values[:, 8:9]).any(axis=1)
    is_code[is_code] = (values >= 0).all(axis=1) & (check == values[:, 17]) & is_varied & is_own
    return is_code


def _code_fault(value: str) -> Wrong | None:
    if re.fullmatch(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{2}", value):
        return Wrong("uscc_as_number", {"value": value}, "uscc_as_text")
    if len(value) == 15 and value.isdigit():
        return Wrong("uscc_old_number", {"value": value}, "uscc_look_up")
    if len(value) != 18:
        return Wrong("uscc_length", {"value": value, "length": len(value)}, "uscc_look_up")
    strange = sorted(set(value) - set(_ALPHABET))
    if strange:
        return Wrong("uscc_letter", {"value": value, "letters": strange}, "uscc_look_up")
    expected = check_character(value[:17])
    if value[17] != expected:
        return Wrong("uscc_check", {"value": value, "expected": expected}, "uscc_look_up")
    # eighteen zeros have the right check character
    if len(set(value[:17])) < _FEW or len(set(value[8:17])) == 1:
        return Wrong("uscc_trivial", {"value": value}, "uscc_look_up")
    return None


@cache
def regions() -> Mapping[str, tuple[str, str]]:
    """Every region code with its name and, where it is withdrawn, the month it was last listed."""
    rows = data.table(data.root() / "intake" / "regions.csv")
    return {row["code"]: (row["name"], row["last_seen"]) for row in rows}


@cache
def _paths() -> Mapping[str, frozenset[str]]:
    """Folded names with at least one name above them, and names alone: which codes each may mean."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for code, (name, last_seen) in regions().items():
        if last_seen:
            continue
        above = [regions().get(up, ("", ""))[0] for up in (code[:2] + "0000", code[:4] + "00") if up != code]
        found[folded(name)].add(code)
        for prefix in {"".join(above), *above} - {""}:
            found[folded(prefix + name)].add(code)
    return {path: frozenset(codes) for path, codes in found.items()}


_BELOW = re.compile(r"[^0-9,;；，]{1,12}?(?:街道|镇|乡|苏木|社区|村|开发区|园区|新区)")  # what may stand below a county
_CODED = re.compile(r"([0-9]{6})(?:0{6}|0{3}|[0-9]{3}(?:[0-9]{3})?)?(?:\.0+)?(?![0-9.])(.*)", re.DOTALL)


def region(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A GB/T 2260 code, or a name with the names above it; a name alone is never enough.

    The codes of streets and villages, of 9 and 12 digits, and names of streets below a county, mean their county.

    Examples
    --------
    >>> place = CellType("region")
    >>> [region(one, place).value for one in ("440106.0", "440106007", "广东省广州市天河区", "广州市天河区石牌街道")]
    ['440106', '440106', '440106', '440106']
    >>> region("朝阳区", place).wrong.code
    'region_name_alone'
    """
    value = re.sub(r"\s", "", folded(raw))
    if is_unsaid(value):
        return EMPTY
    coded = _CODED.fullmatch(value)
    # streets stand below counties only
    if coded and (len(coded[0]) - len(coded[2]) < 9 or coded[1][4:] != "00" or value.startswith(f"{coded[1]}000000")):
        return _by_code(coded[1], coded[2].strip("()-:/,"), plain(raw))
    if turned := re.fullmatch(r"([^0-9]+)[(:/-]([0-9]{6})\)?", value):  # a name and its code
        return _by_code(turned[2], turned[1], plain(raw))
    if re.fullmatch(r"[0-9.]+", value):
        return Cell(wrong=Wrong("region_unknown", {"value": value, "near": ""}, "region_give_code"))
    return _by_path(value, plain(raw))


def _by_code(code: str, name: str, value: str) -> Cell:
    if code not in regions():
        near = get_close_matches(code, regions(), 1)
        return Cell(wrong=Wrong("region_unknown", {"value": value, "near": near}, "region_give_code"))
    own, last_seen = regions()[code]
    if last_seen:
        values = {"value": code, "name": own, "last_seen": last_seen}
        return Cell(wrong=Wrong("region_withdrawn", values, "region_give_code"))
    if name and not (name.endswith(folded(own)) or folded(own).startswith(name)):
        return Cell(wrong=Wrong("region_disagrees", {"value": value, "name": own}, "region_give_code"))
    return Cell(code, is_mended=value != code)


def _by_path(path: str, value: str) -> Cell:
    known = path if path in _paths() else _county(path)
    codes = sorted(_paths().get(known, ()))
    names = {folded(regions()[code][0]) for code in codes}
    if len(codes) == 1 and known not in names:
        return Cell(codes[0], is_mended=True)
    if codes:
        told = [f"{code} {_full_name(code)}" for code in codes]
        return Cell(wrong=Wrong("region_name_alone", {"value": value, "codes": told}, "region_give_code"))
    near = get_close_matches(path, _paths(), 1)
    return Cell(wrong=Wrong("region_unknown", {"value": value, "near": near}, "region_give_code"))


def _county(path: str) -> str:
    """The county at the head of the name of a street; empty where there is none."""
    for end in range(len(path) - 2, 3, -1):
        if path[:end] in _paths() and _BELOW.fullmatch(path[end:]):
            return path[:end]
    return ""


def _full_name(code: str) -> str:
    above = (code[:2] + "0000", code[:4] + "00", code)
    return "".join(regions()[one][0] for one in dict.fromkeys(above) if one in regions())


@cache
def _industries() -> Mapping[str, str]:
    """The headings of GB/T 4754: name by code."""
    rows = data.table(data.root() / "taxonomies" / "gbt4754_2017.csv")
    return {row["code"]: row["name_zh"] for row in sorted(rows, key=lambda row: int(row["level"]))}


@cache
def _industry_names() -> Mapping[str, str]:
    return {folded(name): code for code, name in _industries().items()}


_INDUSTRY = re.compile(r"([a-t]?)[-_ ]*([0-9]{0,4})(?:\.0+)?(?![0-9.])[-_:：、.\s]*(.*)", re.DOTALL)


def industry(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A code of GB/T 4754-2017 at any level; a section letter before the digits and a name behind are dropped.

    A heading's whole name stands for its code, and for the narrowest where several headings share it. Two codes in a
    cell, or a code beside the name of another heading, are a fault.

    Examples
    --------
    >>> work = CellType("industry")
    >>> [industry(one, work).value for one in ("C1952", "1952.0", "制鞋业", "C19 皮革")]
    ['1952', '1952', '195', '19']
    >>> industry("1952、1953", work).wrong.code, industry("1952 服装制造", work).wrong
    ('industry_several', None)
    """
    value = folded(raw)
    if is_unsaid(value):
        return EMPTY
    named = _industry_names().get(re.sub(r"\s", "", value))
    if named:
        return Cell(named, is_mended=True)
    found = _INDUSTRY.fullmatch(value)
    code = (found[2] or found[1].upper()) if found else ""
    if code not in _industries() and "0" + code in _industries() and isinstance(raw, int | float):
        code = "0" + code  # a number lost its leading zero
    if found and code in _industries():
        return _with_name(code, found[3].strip("() "), raw)
    turned = re.fullmatch(r"([^0-9]+?)[(\s]*[a-t]?([0-9]{2,4})[)\s]*", value)  # 制鞋业(195)
    if turned and _industry_names().get(turned[1]) and _industries().get(turned[2]):
        return _with_name(turned[2], turned[1], raw)
    near = get_close_matches(code, _industries(), 1) if code else []
    return Cell(wrong=Wrong("industry_unknown", {"value": plain(raw), "near": near}, "industry_give_code"))


def _with_name(code: str, name: str, raw: Raw) -> Cell:
    """A code and what stands behind it: nothing, or words that are no other heading's name and no second code."""
    if re.search(r"[0-9]", name):
        return Cell(wrong=Wrong("industry_several", {"value": plain(raw)}, "industry_give_code"))
    other = _industry_names().get(name)
    if other and not (other.startswith(code) or code.startswith(other) or _industries()[other] == _industries()[code]):
        values = {"value": plain(raw), "code": code, "name": _industries()[code]}
        return Cell(wrong=Wrong("industry_disagrees", values, "industry_give_code"))
    return Cell(code, is_mended=code != raw)


def place_of_name(name: str) -> str:
    """The region an organisation's name begins with, or names in brackets; empty where it tells none, or several.

    Examples
    --------
    >>> place_of_name("浙江省某某袜业有限公司"), place_of_name("某某（深圳）有限公司"), place_of_name("某某公司")
    ('330000', '440300', '')
    """
    places = _places()
    longest = max(map(len, places))
    bracketed = re.search(r"[（(]([^（()）]{2,12})[)）]", name)
    for text in (name, bracketed[1] if bracketed else ""):
        found = next((text[:n] for n in range(min(longest, len(text)), 1, -1) if text[:n] in places), "")
        if found:
            return places[found]
    return ""


@cache
def _places() -> Mapping[str, str]:
    """Names of regions, whole and without their kind, to codes; those of several provinces are left out.

    What a name meant before counts where it means nothing today: 重庆 lay in another province once.
    """
    today, before = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for code, (name, last_seen) in regions().items():
        bare = _KIND.sub("", name)
        for one in {name, bare if len(bare) > 1 else name} - {"市辖区", "县", "市辖"}:
            (before if last_seen else today)[one].add(code)
    found = before | today
    return {name: min(codes) for name, codes in found.items() if len({code[:2] for code in codes}) == 1}
