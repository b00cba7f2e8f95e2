"""Every subset of an agreement's tables: the reader over all of them, whole runs over those a folder is likely to have.

A subset that speaks of organisations whose table is left out is refused with a sentence for each; any other answer than
documents or such faults is a crash.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from datetime import date
from itertools import chain, combinations
from pathlib import Path

__all__ = ["N_CHUNKS", "N_WHOLE", "loaded", "walked"]

_TABLES = 17
N_CHUNKS = 256
N_WHOLE = 1 + _TABLES + _TABLES + _TABLES * (_TABLES - 1) // 2 + 20
_ROWS = 3  # of each table for the reader; that many rows take every path of it


def walked(nth: int, home: Path) -> dict[str, int]:
    """One whole run: none, each table alone, each left out, each pair left out, then 20 subsets drawn by seed."""
    from duijie import agenda
    from duijie.errors import DataFileError

    source = _built_in()
    folder = _kept(source, home / "whole", _whole(_names(source))[nth])
    try:
        agenda.run(folder, home / "out", as_of=date(2026, 11, 23), with_report=False)
    except DataFileError as error:
        is_told = {fault.code for fault in error.faults} == {"party_unknown"}
        return {"runs": 1, "refused": 1, "crashed": int(not is_told)}
    except Exception as error:
        print(f"crash: subset {nth}: {error!r}")
        return {"runs": 1, "refused": 0, "crashed": 1}
    return {"runs": 1, "refused": 0, "crashed": 0}


def _whole(names: list[str]) -> list[tuple[str, ...]]:
    every = set(names)
    left_out = chain(combinations(names, 1), combinations(names, 2))
    dice = random.Random(1)
    drawn = [tuple(one for one in names if dice.random() < 0.5) for _ in range(20)]
    return [(), *combinations(names, 1), *(tuple(sorted(every - set(one))) for one in left_out), *drawn]


def loaded(nth: int, home: Path) -> dict[str, int]:
    """The reader over the next part of all subsets, each table cut to a few rows."""
    from duijie.intake import example

    source = _cut(_built_in(), home / "few")
    names = _names(source)
    crashed = n = refused = 0
    for mask in range(nth, 1 << len(names), N_CHUNKS):
        folder = _kept(source, home / "subset", [name for at, name in enumerate(names) if mask >> at & 1])
        n += 1
        try:
            _, faults = example.examine(folder)
        except Exception as error:
            print(f"crash: subset {mask}: {error!r}")
            crashed += 1
            continue
        refused += bool(faults)
        crashed += not {fault.code for fault in faults} <= {"party_unknown"}
    return {"subsets": n, "without_parties": refused, "unread": crashed}


def _built_in() -> Path:
    from duijie import data

    return next((data.root() / "agreements").glob("*/tables")).parent


def _names(source: Path) -> list[str]:
    return sorted(path.stem for path in (source / "tables").glob("*.csv"))


def _cut(source: Path, folder: Path) -> Path:
    """The agreement with the first rows of each table, and the organisations that these speak of."""
    if folder.exists():
        return folder
    shutil.copytree(source, folder)
    from duijie.data import table

    named = {
        row["party"] for path in (folder / "tables").glob("*.csv") for row in table(path)[:_ROWS] if "party" in row
    }
    for path in (folder / "tables").glob("*.csv"):
        head, *lines = path.read_text(encoding="utf-8").split("\n")
        kept = [line for at, line in enumerate(lines) if at < _ROWS or line.partition(",")[0] in named]
        path.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")
    return folder


def _kept(source: Path, folder: Path, kept: Iterable[str]) -> Path:
    """The agreement with these of its tables and no other."""
    if not folder.exists():
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.csv"))
    for path in (folder / "tables").glob("*.csv"):
        path.unlink()
    for name in kept:
        (folder / "tables" / f"{name}.csv").symlink_to(source / "tables" / f"{name}.csv")
    return folder
