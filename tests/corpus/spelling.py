"""One cell: what it should come to is drawn, then written as one of the habits of `spellings.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from tests.corpus.books import Formula, Shown, Value

HERE = Path(__file__).parent
WIDE = str.maketrans(
    "0123456789.,%-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "０１２３４５６７８９．，％－ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ",
)
PLAIN = ("零一二三四五六七八九", "十百千")
FORMAL = ("零壹贰叁肆伍陆柒捌玖", "拾佰仟")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# GB 32100: the characters of a unified social credit code in the order of their values, and the weights of its places.
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(3**place % 31 for place in range(17))
DATE_FORMATS = ("yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"', "yyyy-mm-dd hh:mm")
ERRORS = (("=1/0", "#DIV/0!"), ("=NA()", "#N/A"), ('=VALUE("甲")', "#VALUE!"))


@cache
def rules(name: str) -> dict[str, Any]:
    """One of the two lists of habits."""
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Place:
    """What the file and the column allow and say."""

    keeps_numbers: bool = False
    formulas: str = ""  # "cached", "uncached" or none
    is_1904: bool = False
    unit: Mapping[str, Any] | None = None
    measure: str = ""


@dataclass(frozen=True)
class Spelled:
    """What stands in the cell, and what it should come to."""

    raw: Value
    truth: dict[str, Any]

    @property
    def is_empty(self) -> bool:
        return self.truth.get("value", self) is None


def draw(rng: Random, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """One of the entries, by their weights."""
    return rng.choices(entries, [entry.get("weight", 1) for entry in entries])[0]


def empty(rng: Random, name: str) -> Spelled:
    """A mark of emptiness that the type knows."""
    marks = rules("spellings")["empty"]
    is_word = name in ("text", "words", "name")
    some = marks["every"] if is_word or rng.random() < 0.75 else marks["figures"]
    return Spelled(rng.choice(some) or None, {"value": None, "habit": "empty"})


def spell(rng: Random, name: str, place: Place) -> Spelled:
    """A cell of the type as one of its habits, right or wrong."""
    if name == "number" and place.measure == "%" and rng.random() < 0.8:
        name = "percent"
    return write(rng, name, draw(rng, [entry for entry in rules("spellings")[name] if fits(entry, place)]), place)


def write(rng: Random, name: str, entry: Mapping[str, Any], place: Place) -> Spelled:
    """A cell of the type as this habit has it."""
    variables, value, currency = _variables(rng, name, entry, place)
    raw = _render(rng, entry, variables, place)
    truth: dict[str, Any] = {"habit": f"{name}: {entry['habit']}"}
    if entry.get("fault"):
        return Spelled(raw, truth | {"fault": True})
    truth["value"] = value
    if currency:
        truth["currency"] = currency
    if "believed" in entry:
        truth["believed"] = entry["believed"]
    return Spelled(raw, truth)


def fits(entry: Mapping[str, Any], place: Place) -> bool:
    """Whether the habit can be met at such a place."""
    needs, write, unit = entry.get("needs", ()), str(entry["write"]), place.unit
    if ("unit" in needs and not unit) or ("bare" in needs and unit) or ("typed" in needs and not place.keeps_numbers):
        return False
    if "{formula}" in write and place.keeps_numbers and place.formulas != "cached":
        return False
    if "{uncached}" in write and place.formulas != "uncached":
        return False
    # A cell in yuan below a heading in dollars is nobody's habit.
    is_foreign = bool(unit) and unit.get("currency", "CNY") != "CNY"
    return not (is_foreign and "unit" in needs and entry.get("currency"))


def _variables(rng: Random, name: str, entry: Mapping[str, Any], place: Place) -> tuple[dict[str, Any], Any, str]:
    if name in ("date", "end", "year", "period"):
        return *_days(rng, name, entry, place), ""
    if name == "uscc":
        code = uscc(rng)
        return _codes(rng, code), code, ""
    if name == "key":
        digits = f"{rng.randrange(1, 3000):06d}"
        return {"six_digits": digits}, digits, ""
    return _figures(rng, name, entry, place)


def _figures(rng: Random, name: str, entry: Mapping[str, Any], place: Place) -> tuple[dict[str, Any], Any, str]:
    n = Decimal(0) if entry.get("nothing") else _number(rng, entry.get("of") or rng.choice(["whole", "part"]))
    four = rng.randrange(1000, 10000)
    signed = -n if entry.get("is_below") else n
    times = Decimal(str(entry.get("times", place.unit["times"] if place.unit else 1)))
    value: Any = signed * times + Decimal(entry.get("plus", 0))
    if "{four}" in entry["write"]:
        value += four * 10000
    if gives := entry.get("gives"):
        high = Decimal(f"9{n}") if gives == "pair" else n
        value = [None if gives == "high" else float(n), None if gives == "low" else float(high)]
    else:
        value = float(value)
    plain = f"{n.normalize():f}"
    variables = {
        "plain": plain, "thousands": f"{n.normalize():,f}", "six": f"{n:.6f}", "four": four, "signed": signed,
        "wide": plain.translate(WIDE), "wide_thousands": f"{n.normalize():,f}".translate(WIDE),
        "measure": place.measure,
    }  # fmt: skip
    if n == int(n):
        variables |= {"characters": characters(int(n), PLAIN), "formal": characters(int(n), FORMAL)}
    # A cell that names its own unit says yuan where it says no other currency, whatever the heading says.
    outer = {} if "times" in entry else place.unit or {}
    currency = entry.get("currency") or outer.get("currency", "CNY")
    return variables, value, currency if name in ("money", "pay") else ""


def _number(rng: Random, of: str) -> Decimal:
    match of:
        case "whole":
            return Decimal(rng.choice([rng.randrange(10, 1000), rng.randrange(1000, 10000)]))
        case "small":
            return Decimal(rng.randrange(1, 10))
        case "tens":
            return Decimal(rng.randrange(10, 100))
        case "rate":
            return Decimal(rng.randrange(1, 10000)) / 100
    return Decimal(rng.randrange(1, 10**6)) / 100


def _days(rng: Random, name: str, entry: Mapping[str, Any], place: Place) -> tuple[dict[str, Any], Any]:
    if name == "end":
        day = date(2026, 12, 1) + timedelta(rng.randrange(1200))
    else:
        day = date(1992, 1, 1) + timedelta(rng.randrange(12500))
    if name == "year":
        day = day.replace(year=rng.randrange(2015, 2026), day=1)
    second = day + timedelta(400 + rng.randrange(900))
    variables = _parts(day) | {f"{key}2": value for key, value in _parts(second).items()}
    serial = (day - date(1899, 12, 30)).days - (1462 if place.is_1904 else 0)
    variables |= {"day": day, "serial_number": serial}
    gives = entry.get("gives", "")
    if isinstance(gives, list):
        ends = zip((day, second), gives, strict=True)
        one = any(part.startswith("-") for part in gives) or "{y2}" not in entry["write"]
        return variables, [_exact(day if one else end, part) for end, part in ends]
    return variables, None if gives == "never" else _exact(day, gives)


def _exact(day: date, gives: str) -> str:
    forms = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y", "december": "%Y-12", "": ""}
    return day.strftime(forms.get(gives, f"%Y{gives}"))


def _parts(day: date) -> dict[str, Any]:
    y, m, d = day.year, day.month, day.day
    return {
        "y": y, "m": m, "d": d, "mm": f"{m:02d}", "dd": f"{d:02d}", "roc": y - 1911, "english": MONTHS[m - 1],
        "cy": "".join(PLAIN[0][int(digit)].replace("零", "〇") for digit in str(y)), "number_y": y,
        "cm": characters(m, PLAIN), "cd": characters(d, PLAIN),
        "wide_y": str(y).translate(WIDE), "wide_m": str(m).translate(WIDE), "wide_d": str(d).translate(WIDE),
    }  # fmt: skip


def _render(rng: Random, entry: Mapping[str, Any], variables: Mapping[str, Any], place: Place) -> Value:
    write = str(entry["write"])
    if write in ("{number}", "{formula}", "{uncached}"):
        n = variables["signed"]
        number = int(n) if n == int(n) else float(n)
        if not place.keeps_numbers:
            return str(number)
        return number if write == "{number}" else Formula(f"={number * 2}/2", number)
    if found := re.fullmatch(r"\{shown:(.+)\}", write):
        return _shown(variables["signed"], found[1].replace("{measure}", variables["measure"]), place)
    if write == "{error}":
        text, result = rng.choice(ERRORS)
        return Formula(text, result) if place.keeps_numbers else result
    if write == "{cell}":
        day, form = variables["day"], rng.choice(DATE_FORMATS)
        return Shown(day, form, f"{day.year}/{day.month}/{day.day}") if place.keeps_numbers else f"{day:%Y/%m/%d}"
    if write == "{serial}":
        return variables["serial_number"] if place.keeps_numbers else str(variables["serial_number"])
    if write == "{number_y}":
        return variables["y"] if place.keeps_numbers else str(variables["y"])
    return write.format(**variables)


def _shown(n: Decimal, form: str, place: Place) -> Value:
    """A number shown by a format; a file that keeps no numbers holds what was shown."""
    if form.endswith("%"):
        value, words = float(n / 100), f"{n:.2f}%"
    else:
        value = float(n)
        words = f"{abs(n):,.2f}" if "0.00" in form else f"{abs(n):,.0f}"
        if n < 0:
            words = f"({words})" if "(" in form else f"-{words}"
    return Shown(value, form, words) if place.keeps_numbers else words


def characters(n: int, letters: tuple[str, str]) -> str:
    """A number of 1 to 9999 as it is properly written in characters."""
    digits, places = letters
    out = ""
    text = str(n)
    for i, digit in enumerate(text):
        place = len(text) - 1 - i
        if digit != "0":
            out += digits[int(digit)] + (places[place - 1] if place else "")
        elif out and not out.endswith("零") and text[i:].strip("0"):
            out += "零"
    return out[1:] if letters is PLAIN and 10 <= n < 20 else out


def uscc(rng: Random) -> str:
    """A code of the right form whose check character holds; its region and body are drawn."""
    body = "9" + rng.choice("123") + rng.choice(["350582", "440309", "330782"]) + "MA"
    body += "".join(rng.choice(USCC) for _ in range(7))
    return body + check_character(body)


def check_character(body: str) -> str:
    total = sum(USCC.index(letter) * weight for letter, weight in zip(body, USCC_WEIGHTS, strict=True))
    return USCC[-total % 31]


def _codes(rng: Random, code: str) -> dict[str, str]:
    return {
        "code": code,
        "lower": code.lower(),
        "groups": f"{code[:4]} {code[4:8]} {code[8:12]} {code[12:16]} {code[16:]}",
        "wide_code": code.translate(WIDE),
        "wrong": code[:-1] + USCC[(USCC.index(code[-1]) + rng.randrange(1, 31)) % 31],
        "letter": code[:-2] + "I" + code[-1],
        "short": code[:-1],
    }


def words_cell(rng: Random, entry: Mapping[str, Any], name: str, keeps_numbers: bool) -> Spelled:
    """An entry of a list of written forms: `write`, and `value` or `fault`; without either the words themselves."""
    write = entry["write"]
    raw = write if keeps_numbers or isinstance(write, str) else str(write)
    if entry.get("fault"):
        return Spelled(raw, {"fault": True, "habit": f"{name}: not readable"})
    value = entry.get("value", " ".join(str(write).split()))
    return Spelled(
        raw, {"value": value, "habit": f"{name}: as written" if str(write) == value else f"{name}: other form"}
    )
