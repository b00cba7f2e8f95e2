"""Hard rules as bitmaps: each rule is looked at once a distinct value, pairs are the AND of bitmaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie.terms import TravelTimes

from .candidates import Column, Kept, Pool, words_of
from .kinds import Rule

__all__ = ["Checks", "Relaxation", "Removal", "RuleSet", "Verdict", "is_same_place"]

Bits = NDArray[np.uint8]
Truths = NDArray[np.bool_]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of one pair: passed or not, and the `margin` (share of the limit) where it is numeric."""

    rule: str
    is_passed: bool
    is_known: bool
    margin: float = math.nan


@dataclass(frozen=True, eq=False)
class Checks:
    """What every rule says of a need and some offers, shape (rules, offers).

    `states` are 1 passed, 0 failed, −1 where a side states nothing; `margins` the share of the limit, else NaN.
    """

    states: NDArray[np.int8]
    margins: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Removal:
    """How many offers one rule alone removes for a need."""

    rule: str
    n: int


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The fewest rules to give up so that a need has a candidate, and how far the numeric ones would have to move.

    `rules` are the keys; `shortfall_share` the largest share by which a numeric limit is missed (0 where none is
    numeric); `offer` the position of the nearest offer and `n_gained` how many offers would come in.
    """

    rules: tuple[str, ...]
    offer: int
    n_gained: int
    shortfall_share: float


@dataclass(frozen=True, eq=False)
class RuleSet:
    """The rules of a kind over two pools on a date.

    Notes
    -----
    A rule's bitmap depends on the need's value only, so it is built once a distinct value and kept; the candidates of
    a need are the bitwise AND of its bitmaps: offers / 8 bytes and one pass a rule.
    """

    rules: tuple[Rule, ...]
    needs: Pool
    offers: Pool
    on: date
    travel: TravelTimes | None = None
    _bitmaps: Kept = field(default_factory=Kept)
    _states: Kept = field(default_factory=Kept)

    def over(self, needs: Pool) -> RuleSet:
        """The same rules and bitmaps for other needs."""
        return replace(self, needs=needs)

    def allowed(self, need: int) -> Bits:
        """The offers a need may have, one bit an offer, shape (ceil(offers / 8),)."""
        bits = np.packbits(np.ones(len(self.offers), dtype=bool))
        for at in range(len(self.rules)):
            bits = bits & self.bitmap(at, need)
        return bits

    def bitmap(self, at: int, need: int) -> Bits:
        """The offers that pass one rule for a need, one bit an offer."""
        rule = self.rules[at]
        key = (at, self._need_value(rule, need))
        return self._bitmaps.get(key, lambda: np.packbits(self._passed(at, need)))

    def _passed(self, at: int, need: int) -> Truths:
        rule, states = self.rules[at], self._group_states(at, need)
        passed = np.where(states < 0, rule.when_unknown == "pass", states == 1)
        return np.asarray(passed[self._offer_column(rule).groups], dtype=bool)

    def _group_states(self, at: int, need: int) -> States:
        """What one rule says of a need and each distinct value of the offers."""
        rule = self.rules[at]
        value = self._need_value(rule, need)
        return self._states.get((at, value), lambda: _TESTS[rule.test](self, rule, value, self._offer_column(rule)))

    def mask(self, need: int) -> Truths:
        """The offers a need may have, shape (offers,)."""
        return self.unpacked(self.allowed(need))

    def unpacked(self, bits: Bits) -> Truths:
        """A bitmap as truths, shape (offers,)."""
        return np.unpackbits(bits, count=len(self.offers)).view(bool)

    def removals(self, need: int) -> tuple[Removal, ...]:
        """How many offers each rule removes for a need, rules that remove none left out."""
        total = len(self.offers)
        counts = [total - int(np.bitwise_count(self.bitmap(at, need)).sum()) for at in range(len(self.rules))]
        return tuple(Removal(rule.key, n) for rule, n in zip(self.rules, counts, strict=True) if n)

    def relaxation(self, need: int, is_worth: Truths | None = None) -> Relaxation | None:
        """The smallest relaxation that gives a need a candidate; None where there is no offer worth having.

        Fewest rules first, then the smallest shortfall, then the lowest offer id. `is_worth` (offers,) says which
        offers would do for the need but for the rules, all where None.
        """
        worth = np.ones(len(self.offers), bool) if is_worth is None else is_worth
        if not worth.any():
            return None
        failed = ~np.stack([self.unpacked(self.bitmap(at, need)) for at in range(len(self.rules))])
        counts = np.where(worth, failed.sum(axis=0), len(self.rules) + 1)
        nearest = np.flatnonzero(counts == counts.min())
        shortfalls = self._shortfalls(need, nearest, failed[:, nearest])
        best = int(nearest[int(np.argmin(shortfalls))])
        given_up = failed[:, best]
        gained = int((worth & ~(failed & ~given_up[:, None]).any(axis=0)).sum())
        keys = tuple(rule.key for rule, is_failed in zip(self.rules, given_up, strict=True) if is_failed)
        return Relaxation(keys, best, gained, float(shortfalls.min()))

    def checks(self, need: int, offers: Positions) -> Checks:
        """What every rule says of a need and some offers."""
        groups = [self._offer_column(rule).groups[offers] for rule in self.rules]
        states = [self._group_states(at, need)[group] for at, group in enumerate(groups)]
        shape = (len(self.rules), len(offers))
        return Checks(np.array(states, np.int8).reshape(shape), self._margins(need, offers))

    def verdicts(self, need: int, offer: int) -> tuple[Verdict, ...]:
        """What every rule says of one pair."""
        checks = self.checks(need, np.array([offer]))
        pairs = zip(self.rules, checks.states[:, 0].tolist(), checks.margins[:, 0].tolist(), strict=True)
        return tuple(_verdict(rule, state, margin) for rule, state, margin in pairs)

    def _margins(self, need: int, offers: Positions) -> NDArray[np.float64]:
        margins = np.full((len(self.rules), len(offers)), np.nan)
        for at, rule in enumerate(self.rules):
            if rule.test in ("at_least", "at_most"):
                column = self._offer_column(rule)
                margins[at] = _margins(rule, self._need_value(rule, need), column.numbers[column.groups[offers]])
        return margins

    def _shortfalls(self, need: int, offers: Positions, failed: Truths) -> NDArray[np.float64]:
        margins = self._margins(need, offers)
        missed = np.where(failed & ~np.isnan(margins), -margins, -np.inf).max(axis=0, initial=-np.inf)
        return np.where(np.isneginf(missed), 0.0, missed)

    def _need_value(self, rule: Rule, need: int) -> Any:
        column = self.needs.column(*_names(rule, rule.need))
        return column.values[column.groups[need]]

    def _offer_column(self, rule: Rule) -> Column:
        return self.offers.column(*_names(rule, rule.offer))


_BUILT_IN = {
    "crosses": ("side",),
    "other_party": ("party",),
    "valid": ("valid_from", "valid_until"),
    "not_blocked": ("party", "party.name", "blocked"),
    "travel": ("place", "party.town", "side"),
}


def _names(rule: Rule, named: str) -> tuple[str, ...]:
    if rule.test == "valid" and rule.offer:
        return (named,) if named else ("valid_until",)
    return _BUILT_IN.get(rule.test, (named,))


def is_same_place(one: str, other: str) -> bool:
    """Whether two GB/T 2260 codes are the same place or one lies in the other (110000 holds 110105).

    Examples
    --------
    >>> is_same_place("110000", "110105"), is_same_place("110105", "310101")
    (True, False)
    """
    first, second = _stem(one), _stem(other)
    return first.startswith(second) or second.startswith(first)


def _stem(code: str) -> str:
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


States = NDArray[np.int8]


def _states(truths: Any, known: Any) -> States:
    return np.where(known, np.asarray(truths, dtype=np.int8), np.int8(-1)).astype(np.int8)


_NONE = np.zeros(0, np.int64)


def _unknown(column: Column) -> States:
    return np.full(len(column.values), -1, dtype=np.int8)


def _crosses(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    if not value:
        return _unknown(column)
    return _states([not is_same_place(value, str(side)) for side in column.texts], column.is_known)


def _other_party(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    states = _states(np.ones(len(column.values)), column.is_known & bool(value))
    states[column.holders.get(str(value), _NONE)] = 0
    return states


def _valid(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    today = rules.on.isoformat()
    if rule.offer:
        return _states([str(until)[:10] >= today for until in column.texts], column.is_known)
    if not _is_in_force(value, today):
        return np.zeros(len(column.values), np.int8)
    # the same for every need, so kept under a key that no need's value can have
    truths = lambda: np.array([_is_in_force(dates, today) for dates in column.values], dtype=np.int8)  # noqa: E731
    return rules._states.get((rule.key, id(column)), truths)


def _is_in_force(dates: tuple[Any, Any], today: str) -> bool:
    start, until = (str(one or "") for one in dates)
    return (not start or start <= today) and (not until or until >= today[: len(until)])


def _not_blocked(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    states = np.ones(len(column.values), np.int8)
    if not len(states):
        return states
    party, name, blocking = column.parts
    for word in words_of(value[2]):
        states[party.holders.get(word, _NONE)] = 0
        states[name.holders.get(word, _NONE)] = 0
    for own in {value[0], value[1]} - {None}:
        states[blocking.holders.get(own, _NONE)] = 0
    return states


def _is_in(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    wanted = frozenset(words_of(value))
    return _states(column.n_met(wanted) == len(wanted), column.is_known & bool(wanted))


def _overlaps(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    if isinstance(value, tuple) and len(value) == 2 and not all(isinstance(one, str) for one in value):
        low, high = Column(np.zeros(1, np.int32), (value,)).ranges[0]
        lows, highs = column.ranges.T
        return _states((lows <= high) & (highs >= low), ~np.isnan(lows) & ~np.isnan(highs) & bool(low == low))
    wanted = frozenset(words_of(value))
    return _states(column.n_met(wanted) > 0, column.is_known & bool(wanted))


def _at_least(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    least = _as_number(value)
    return _states(column.numbers >= least, ~np.isnan(column.numbers) & (least == least))


def _at_most(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    most = _as_number(value)
    return _states(column.numbers <= most, ~np.isnan(column.numbers) & (most == most))


def _within(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    amount = _as_number(value)
    lows, highs = column.ranges.T
    known = ~np.isnan(lows) & ~np.isnan(highs) & (amount == amount)
    return _states((lows <= amount) & (amount <= highs), known)


def _prefix(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    codes = words_of(value)
    near = frozenset(held for held in column.holders if any(_is_above(one, held) for one in codes))
    return _states(column.n_met(near) > 0, column.is_known & bool(codes))


def _is_above(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _travel(rules: RuleSet, rule: Rule, value: Any, column: Column) -> States:
    minutes = travel_minutes(rules.travel, value, column)
    return _states(minutes <= rule.limit, ~np.isnan(minutes))


def travel_minutes(travel: TravelTimes | None, value: Any, column: Column) -> NDArray[np.float64]:
    """Minutes from a need's place to each distinct place; the first of place, town, side that the table knows."""
    if travel is None:
        return np.full(len(column.values), np.nan)
    index = {place: at for at, place in enumerate(travel.places)}
    start = _known_place(value, index)
    if start is None:
        return np.full(len(column.values), np.nan)
    ends = column.placed(travel.places)
    return np.where(ends >= 0, travel.minutes[start, ends], np.nan)


def _known_place(places: Any, index: Mapping[str, int]) -> int | None:
    return next((index[place] for place in places if place in index), None)


def _as_number(value: Any) -> float:
    return float(Column(np.zeros(1, np.int32), (value,)).numbers[0])


_TESTS: Mapping[str, Callable[[RuleSet, Rule, Any, Column], States]] = {
    "crosses": _crosses,
    "other_party": _other_party,
    "valid": _valid,
    "not_blocked": _not_blocked,
    "is_in": _is_in,
    "overlaps": _overlaps,
    "at_least": _at_least,
    "at_most": _at_most,
    "within": _within,
    "prefix": _prefix,
    "travel": _travel,
}


def _verdict(rule: Rule, state: int, margin: float) -> Verdict:
    return Verdict(rule.key, state == 1 or (state < 0 and rule.when_unknown == "pass"), state >= 0, margin)


def _margins(rule: Rule, value: Any, offered: NDArray[np.float64]) -> NDArray[np.float64]:
    limit = _as_number(value)
    distances = offered - limit if rule.test == "at_least" else limit - offered
    if limit:
        return np.asarray(distances / abs(limit))
    return np.where(distances == 0, 0.0, np.copysign(np.inf, distances) + 0 * distances)
