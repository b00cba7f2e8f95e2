"""Codes that say who, where and what: credit codes, regions, industries; each checked against its own rule or table."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie import data

from .cells import EMPTY, Cell, Raw, Wrong, compact, plain
from .layouts import Column
from .taxonomies import gbt4754

__all__ = ["check_character", "industry", "is_sound", "region", "regions", "sound_codes", "unified_code"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_VALUES = np.array([_VALUE.get(chr(letter), -1) for letter in range(128)])


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


def unified_code(raw: Raw, column: Column) -> Cell:
    """A unified social credit code, its check character verified; never put right by guessing."""
    if isinstance(raw, float) and raw >= 1e15:
        return Cell(wrong=Wrong("uscc_as_number", {"value": f"{raw:.0f}"}, "uscc_as_text"))
    value = compact(raw)
    if not value:
        return EMPTY
    wrong = _code_fault(value)
    return Cell(wrong=wrong) if wrong else Cell(value, is_mended=value != raw)


def is_sound(code: str) -> bool:
    """Whether a code has 18 admitted characters and the right check character."""
    return _code_fault(code) is None


def sound_codes(cells: Sequence[Any]) -> NDArray[np.bool_]:
    """Which cells are sound codes as they stand, all at once; whatever else a cell holds is not.

    Examples
    --------
    >>> sound_codes(["9135058215626570X3", "9135058215626570X4", None, 12.0]).tolist()
    [True, False, False, False]
    """
    is_code = np.array([type(cell) is str and len(cell) == 18 and cell.isascii() for cell in cells], bool)
    letters = "".join(cell for cell, is_one in zip(cells, is_code, strict=True) if is_one)
    values = _VALUES[np.frombuffer(letters.encode("ascii"), np.uint8).reshape(-1, 18)]
    check = -(values[:, :17] @ np.array(_WEIGHTS)) % 31
    is_code[is_code] = (values >= 0).all(axis=1) & (check == values[:, 17])
    return is_code


def _code_fault(value: str) -> Wrong | None:
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
    return None


@cache
def regions() -> Mapping[str, tuple[str, str]]:
    """Every region code with its name and, where it is withdrawn, the month it was last listed."""
    rows = data.table(data.root() / "intake" / "regions.csv")
    return {row["code"]: (row["name"], row["last_seen"]) for row in rows}


@cache
def _paths() -> Mapping[str, frozenset[str]]:
    """Names with at least one name above them, and names alone: which codes each may mean."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for code, (name, last_seen) in regions().items():
        if last_seen:
            continue
        above = [regions().get(up, ("", ""))[0] for up in (code[:2] + "0000", code[:4] + "00") if up != code]
        found[name].add(code)
        for prefix in {"".join(above), *above} - {""}:
            found[prefix + name].add(code)
    return {path: frozenset(codes) for path, codes in found.items()}


def region(raw: Raw, column: Column) -> Cell:
    """A GB/T 2260 code, or a name with the names above it; a name alone is never enough."""
    value = unicodedata.normalize("NFKC", plain(raw)).replace(" ", "")
    if not value:
        return EMPTY
    coded = re.match(r"(\d{6})(?:0{6})?(?!\d)(.*)", value)
    if coded:
        return _by_code(coded[1], coded[2].strip("()-:/,"), plain(raw))
    if re.fullmatch(r"[\d.]+", value):
        return Cell(wrong=Wrong("region_unknown", {"value": value, "near": ""}, "region_give_code"))
    return _by_path(value)


def _by_code(code: str, name: str, value: str) -> Cell:
    if code not in regions():
        near = get_close_matches(code, regions(), 1)
        return Cell(wrong=Wrong("region_unknown", {"value": value, "near": near}, "region_give_code"))
    own, last_seen = regions()[code]
    if last_seen:
        values = {"value": code, "name": own, "last_seen": last_seen}
        return Cell(wrong=Wrong("region_withdrawn", values, "region_give_code"))
    if name and not (name.endswith(own) or own.startswith(name)):
        return Cell(wrong=Wrong("region_disagrees", {"value": value, "name": own}, "region_give_code"))
    return Cell(code, is_mended=value != code)


def _by_path(value: str) -> Cell:
    codes = sorted(_paths().get(value, ()))
    names = {regions()[code][0] for code in codes}
    if len(codes) == 1 and value not in names:
        return Cell(codes[0], is_mended=True)
    if codes:
        told = [f"{code} {_full_name(code)}" for code in codes]
        return Cell(wrong=Wrong("region_name_alone", {"value": value, "codes": told}, "region_give_code"))
    return Cell(
        wrong=Wrong(
            "region_unknown", {"value": value, "near": get_close_matches(value, _paths(), 1)}, "region_give_code"
        )
    )


def _full_name(code: str) -> str:
    above = (code[:2] + "0000", code[:4] + "00", code)
    return "".join(regions()[one][0] for one in dict.fromkeys(above) if one in regions())


@cache
def _industry_names() -> Mapping[str, str]:
    return {
        one.name.zh.upper(): code for code, one in sorted(gbt4754().industries.items(), key=lambda own: own[1].level)
    }


def industry(raw: Raw, column: Column) -> Cell:
    """A code of GB/T 4754-2017 at any level; a section letter before the digits and a name behind are dropped.

    A heading's whole name stands for its code, and for the narrowest where several headings share it.
    """
    value = unicodedata.normalize("NFKC", plain(raw)).upper()
    if not value:
        return EMPTY
    known = gbt4754().industries
    found = re.match(r"([A-T]?)[-_ ]*(\d{0,4})(?!\d)", value)
    code = (found[2] or found[1]) if found else ""
    if code not in known and "0" + code in known and isinstance(raw, int | float):
        code = "0" + code  # a number lost its leading zero
    if code in known:
        return Cell(code, is_mended=code != raw)
    named = _industry_names().get(re.sub(r"\s", "", value))
    if named:
        return Cell(named, is_mended=True)
    near = get_close_matches(code, known, 1) if code else []
    return Cell(wrong=Wrong("industry_unknown", {"value": plain(raw), "near": near}, "industry_give_code"))
