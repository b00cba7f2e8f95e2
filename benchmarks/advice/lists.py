"""The lists that are read: a CSV each, one row an item, the columns that name it first, the verdicts last."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

__all__ = ["LISTS", "READ", "ROUND", "Row", "read", "write"]

HOME = Path(__file__).parent
Row = dict[str, str]
# The columns that name an item of each list. An item is read anew in each round: a round begins when rules were changed
# after a reading, whose verdicts are from then on labels the rules were made with, and no test.
LISTS = {
    "evidence": ("field", "stage", "region", "party", "round"),
    "ideas": ("agreement", "item", "round"),
    "opportunities": ("agreement", "item", "round"),
    "said": ("agreement", "item", "round"),
}
ROUND = "4"
READ = ("verdict_a", "reason_a", "verdict_b", "reason_b", "read_on")


def read(name: str) -> list[Row]:
    """The rows of a list; empty where it was never drawn."""
    path = HOME / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def write(name: str, rows: Iterable[Row]) -> Path:
    """Write a list; columns in the order of the first row, the verdicts last."""
    path, given = HOME / f"{name}.csv", list(rows)
    columns = [*dict.fromkeys(column for row in given for column in row if column not in READ), *READ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(given)
    return path
