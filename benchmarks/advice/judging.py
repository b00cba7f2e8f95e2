"""What readers said: two readings of a list side by side, how far they agree, and shares with their bands.

`python -m benchmarks.advice.judging ideas A.csv B.csv` takes two filled copies of a list into it. Where the two differ
the worse verdict counts.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import norm

from .lists import LISTS, Row, read, write

__all__ = ["GRADES", "Tally", "kappa", "merge", "tally", "verdict", "wilson"]

# What a verdict counts: 0 right, 1 in between, 2 wrong; `RUBRIC.md` says what each means. Of a firm on evidence only
# two things can be said.
GRADES = {"合理": 0, "偏弱": 1, "荒谬": 2, "对": 0, "错": 2}
# Who has read so far, told as what it is.
JUDGE = {"zh": "模型评阅", "en": "model reviewers"}


@dataclass(frozen=True)
class Tally:
    """How many items were read and with what verdicts.

    `n_readers` read every one; `agreement` is Cohen's kappa of those that two read, NaN where it is undefined.
    """

    n: int
    right: int
    wrong: int
    agreement: float
    n_readers: int
    last_read_on: str

    @property
    def share(self) -> float:
        return self.right / self.n if self.n else math.nan

    @property
    def band(self) -> tuple[float, float]:
        return wilson(self.right, self.n)


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The band of a share, k of n; (0, 1) where nothing was counted.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(96, 100)]
    [0.902, 0.984]
    """
    if not n:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + level / 2))
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def verdict(row: Row) -> str:
    """The verdict of an item: the worse one where two readers differ, empty where nobody read it."""
    given = [row[name] for name in ("verdict_a", "verdict_b") if row.get(name)]
    return max(given, key=GRADES.__getitem__, default="")


def kappa(rows: Sequence[Row]) -> float:
    """Cohen's kappa of the items both read: 1 for full agreement, 0 for chance; NaN where it is undefined."""
    pairs = [(row["verdict_a"], row["verdict_b"]) for row in rows if row.get("verdict_a") and row.get("verdict_b")]
    if not pairs:
        return math.nan
    ours, theirs = (Counter(pair[at] for pair in pairs) for at in (0, 1))
    observed = sum(first == second for first, second in pairs) / len(pairs)
    chance = sum(n * theirs[grade] for grade, n in ours.items()) / len(pairs) ** 2
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


def tally(rows: Sequence[Row]) -> Tally:
    """Verdicts of the items that were read."""
    read_ones = [row for row in rows if verdict(row)]
    count = Counter(GRADES[verdict(row)] for row in read_ones)
    n_readers = min((bool(row.get("verdict_a")) + bool(row.get("verdict_b")) for row in read_ones), default=0)
    last = max((row.get("read_on", "") for row in read_ones), default="")
    return Tally(len(read_ones), count[0], count[2], kappa(rows), n_readers, last)


def merge(name: str, first: Path, second: Path, *, on: str) -> Tally:
    """Take the verdicts of two filled copies of a list into it; an item already read keeps what was said.

    Raises
    ------
    SystemExit
        A copy lacks an item or holds an unknown verdict; all of them are named.
    """
    rows, keys = read(name), LISTS[name]
    copies = [_verdicts(path, keys) for path in (first, second)]
    wrong = [
        f"{path}: {' '.join(key)}: {found.get(key, ('missing',))[0]!r}"
        for path, found in zip((first, second), copies, strict=True)
        for row in rows
        if not verdict(row) and found.get(key := tuple(row[one] for one in keys), ("",))[0] not in GRADES
    ]
    if wrong:
        raise SystemExit("\n".join(wrong))
    for row in rows:
        if not verdict(row):
            for letter, found in zip("ab", copies, strict=True):
                row[f"verdict_{letter}"], row[f"reason_{letter}"] = found[tuple(row[one] for one in keys)]
            row["read_on"] = on
    write(name, rows)
    return tally(rows)


def _verdicts(path: Path, keys: Sequence[str]) -> Mapping[tuple[str, ...], tuple[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            tuple(row[key] for key in keys): (row["verdict"].strip(), row["reason"].strip())
            for row in csv.DictReader(file)
        }


if __name__ == "__main__":
    name, first, second, on = sys.argv[1:]
    print(merge(name, Path(first), Path(second), on=on))
