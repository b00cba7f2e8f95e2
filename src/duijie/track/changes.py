"""What changed between two dates: quarter to quarter, or since the last meeting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from duijie.errors import InputError
from duijie.terms.days import FIRST_DAY, LAST_DAY

from .standing import ClauseProgress, Progress

__all__ = ["Change", "difference", "quarter"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was: in `clause`, of `what` (light, action, milestone, chain, indicator) `key`."""

    clause: str
    what: str
    key: str
    before: Any
    after: Any
    name: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in self.__slots__}


def quarter(text: str) -> tuple[date, date]:
    """The last day before a quarter and its last day, for ``2024-Q3``.

    Raises
    ------
    InputError
        ``track_quarter_wrong``: the text names no quarter, or one beyond the bounds of :mod:`duijie.terms.days`.

    Examples
    --------
    >>> quarter("2024-Q1")
    (datetime.date(2023, 12, 31), datetime.date(2024, 3, 31))
    """
    year, _, number = text.upper().partition("-Q")
    is_year = len(year) == 4 and year.isascii() and year.isdigit() and FIRST_DAY.year <= int(year) <= LAST_DAY.year
    if not is_year or number not in ("1", "2", "3", "4"):
        raise InputError("track_quarter_wrong", {"quarter": text})
    first = date(int(year), 3 * int(number) - 2, 1)
    following = date(first.year + first.month // 10, (first.month + 3 - 1) % 12 + 1, 1)
    return first - timedelta(1), following - timedelta(1)


def difference(before: Progress, after: Progress) -> tuple[Change, ...]:
    """Everything that differs between two standings of one agreement; empty where nothing moved.

    A clause that only `after` has (a supplement added it) is compared with nothing: its `before` values are None.
    """
    return tuple(change for one in after.clauses for change in _of_clause(before.by_clause.get(one.clause.key), one))


def _of_clause(before: ClauseProgress | None, after: ClauseProgress) -> Iterator[Change]:
    old, new = (_facts(before) if before else {}), _facts(after)
    for (what, key), (value, name) in new.items():
        was = old.get((what, key), (None, {}))[0]
        if was != value:
            yield Change(after.clause.key, what, key, was, value, name)


def _facts(one: ClauseProgress) -> dict[tuple[str, str], tuple[Any, dict[str, str]]]:
    found: dict[tuple[str, str], tuple[Any, dict[str, str]]] = {("light", ""): (one.light, one.clause.title.to_dict())}
    for action in one.actions:
        found["action", action.action.key] = action.state.node, action.action.name.to_dict()
        for step in action.milestones:
            key = f"{action.action.key}/{step.milestone.key}"
            found["milestone", key] = step.state, step.milestone.name.to_dict()
    for node, n in one.chain.items():
        found["chain", node] = n, {}
    for indicator in one.indicators:
        found["indicator", indicator.indicator.key] = indicator.actual, indicator.indicator.name.to_dict()
    return found
