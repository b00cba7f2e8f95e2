"""Seeded corruptions: the same organisation written as another office would write it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
_COLUMNS = ["name", "uscc", "reg_date", "scope", "town", "province", "city"]
_DIGITS = "0123456789"


def _form(row: Row, dice: random.Random) -> None:
    swap = {
        "有限公司": ["有限责任公司", "公司", ""],
        "有限责任公司": ["有限公司", ""],
        "股份有限公司": ["股份公司", ""],
    }
    for form, others in sorted(swap.items(), key=lambda one: -len(one[0])):
        if row["name"].endswith(form):
            row["name"] = row["name"].removesuffix(form) + dice.choice(others)
            return


def _place(row: Row, dice: random.Random) -> None:
    if not (row["province"] and row["city"]):
        return
    for place in (row["province"] + "省", row["city"] + "市", row["province"], row["city"]):
        if row["name"].startswith(place) and len(row["name"]) > len(place) + 3:
            bare = row["name"].removeprefix(place)
            row["name"] = dice.choice(
                [bare, f"{bare[:4]}({row['city']}){bare[4:]}", row["province"] + "省" + row["name"]]
            )
            return
    row["name"] = dice.choice([row["city"] + "市", row["province"] + "省", row["city"]]) + row["name"]


def _typing(row: Row, dice: random.Random) -> None:
    name = row["name"]
    at = dice.randrange(max(1, len(name) - 4))
    row["name"] = name[:at] + dice.choice(["", dice.choice("鑫鸿宏弘兴欣盛晟诚成华桦")]) + name[at + 1 :]


def _width(row: Row, dice: random.Random) -> None:
    row["name"] = row["name"].replace("(", "（").replace(")", "）").replace("", " ", dice.choice([0, 2])).strip()


def _renamed(row: Row, dice: random.Random) -> None:
    for word in ("贸易", "科技", "实业", "商贸", "服装", "鞋业", "食品", "建材", "电子"):
        if word in row["name"]:
            row["name"] = row["name"].replace(word, dice.choice(["实业", "发展", "科技", "集团"]), 1)
            return


def _code_missing(row: Row, dice: random.Random) -> None:
    row["uscc"] = None


def _code_typed(row: Row, dice: random.Random) -> None:
    if row["uscc"]:
        at = dice.randrange(8, 17)
        row["uscc"] = row["uscc"][:at] + dice.choice(_DIGITS) + row["uscc"][at + 1 :]


def _code_moved(row: Row, dice: random.Random) -> None:
    """The firm moved: another registering office, the same organisation."""
    if row["uscc"]:
        row["uscc"] = row["uscc"][:2] + dice.choice(["440300", "350500", "310115", "110108"]) + row["uscc"][8:]


def _day(row: Row, dice: random.Random) -> None:
    row["reg_date"] = dice.choice([None, (row["reg_date"] or "")[:4] or None])


def _scope(row: Row, dice: random.Random) -> None:
    row["scope"] = (row["scope"] or "")[: dice.choice([0, 20, 60])] or None


_NAME: Sequence[Callable[[Row, random.Random], None]] = (_form, _place, _typing, _width, _renamed)
_REST: Sequence[Callable[[Row, random.Random], None]] = (
    _code_missing,
    _code_missing,
    _code_typed,
    _code_moved,
    _day,
    _scope,
)


def corrupted(row: Row, dice: random.Random) -> Row:
    """A copy with one to three changes of the name and up to three of the rest; never the code whole and the name."""
    copy = dict(row)
    for change in dice.sample(_NAME, dice.randint(1, 2)) + dice.sample(_REST, dice.randint(1, 3)):
        change(copy, dice)
    return copy


def sample(path: Path, n: int, share: float, seed: int) -> tuple[pa.Table, set[tuple[int, int]]]:
    """`n` registry rows and corrupted copies of a share of them, shuffled; the pairs of rows that are the same."""
    dice = random.Random(seed)
    table = pq.read_table(path, columns=_COLUMNS)
    rows = table.take(sorted(dice.sample(range(len(table)), n))).to_pylist()
    rows = [row for row in rows if row["name"] and len(row["name"]) > 5]
    twins = [(at, corrupted(rows[at], dice)) for at in dice.sample(range(len(rows)), int(len(rows) * share))]
    marked = [(at, row) for at, row in enumerate(rows)] + twins
    dice.shuffle(marked)
    place: dict[int, int] = {}
    same = set()
    for here, (origin, _) in enumerate(marked):
        if origin in place:
            same.add((place[origin], here))
        place.setdefault(origin, here)
    return _table([row for _, row in marked]), same


def _table(rows: Sequence[Row]) -> pa.Table:
    names = {"reg_date": "registered_on"}
    return pa.table({names.get(key, key): pa.array([row[key] for row in rows], pa.string()) for key in _COLUMNS})
