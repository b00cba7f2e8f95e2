"""Numbers and names of a plan's question: what is no number of its kind, or stands twice, is a fault with its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from duijie.errors import Fault

__all__ = [
    "COUNT",
    "MINUTES",
    "ROAD",
    "WORTH",
    "Range",
    "figure_faults",
    "names_twice",
    "number",
    "roads_twice",
    "whole",
]

T = TypeVar("T")

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(?:[eE][+-]?[0-9]{1,3})?")


class Range(NamedTuple):
    """From `least` to `most`, both within; whole numbers only, or any."""

    least: float
    most: float
    is_whole: bool = True

    def holds(self, value: object) -> bool:
        """Whether a value is a number (no truth, no text, no infinity) within the range."""
        if isinstance(value, bool) or not isinstance(value, int if self.is_whole else int | float):
            return False
        return self.least <= value <= self.most


MINUTES = Range(0, 1440)
"""A visit, a boarding: within a day."""

ROAD = Range(0, 10_080, is_whole=False)
"""A way by road: within a week."""

COUNT = Range(0, 1_000_000)
WORTH = Range(0, 1_000_000, is_whole=False)
"""What something is worth; the solver's integers hold a thousand times as much."""


def figure_faults(figures: Iterator[tuple[Mapping[str, Any], object, Range]]) -> Iterator[Fault]:
    """A fault for each (place, value, range) whose value lies outside of its range or is no number."""
    for where, value, wanted in figures:
        if not wanted.holds(value):
            values = {"value": str(value)[:80], "least": f"{wanted.least:g}", "most": f"{wanted.most:,.0f}"}
            yield Fault("meet_whole_wrong" if wanted.is_whole else "meet_number_wrong", where, values)


def names_twice(what: str, keys: Sequence[str]) -> Iterator[Fault]:
    """A fault for each key of a list that stands in it more than once."""
    for key in _repeated(keys):
        yield Fault("meet_name_twice", {"list": what}, {"name": key})


def roads_twice(roads: Sequence[tuple[str, str, float]]) -> Iterator[Fault]:
    """A fault for each way that is given more than once: the last would count without a word."""
    for (start, goal), n in _repeated([(start, goal) for start, goal, _ in roads]).items():
        yield Fault("meet_road_twice", {"key": "travel_min", "from": start, "to": goal}, {"n": n})


def _repeated(keys: Sequence[T]) -> dict[T, int]:
    return {key: n for key, n in Counter(keys).items() if n > 1}


def whole(value: object) -> int:
    """The whole number that a value of JSON or the text of a cell is.

    Raises
    ------
    ValueError
        It is none: a truth, a part, a word, nothing.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    raise ValueError(f"{value!r}")


def number(value: object) -> float:
    """The finite number that a value of JSON or the text of a cell is.

    Raises
    ------
    ValueError
        It is none: a truth, a word, nothing, or not finite.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        return float(value)
    raise ValueError(f"{value!r}")
