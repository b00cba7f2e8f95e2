"""Scored terms: each a value in 0–1 with a stated meaning, combined by the kind's weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from duijie.terms import ChainTemplate, IOTable, Relatedness, TravelTimes

from .candidates import Column, Pool, words_of
from .kinds import Kind, Role, Term
from .relatedness import ActivitySpace
from .rules import travel_minutes
from .stages import StageBook, Standing
from .text import TextSpace
from .topk import Postings, dense_row

__all__ = ["Circumstances", "Scorer", "Scores"]

Values = NDArray[np.float64]
_CONTENT = {"text", "relatedness", "activity", "industry", "chain", "input_output", "overlap"}
# fewer texts than this say nothing about which activities go together
_LEAST_TEXTS = 200


@dataclass(frozen=True, eq=False)
class Circumstances:
    """What the world tells beside the listings: the date, chains, sectors, priority words, travel, relatedness."""

    on: date
    chains: tuple[ChainTemplate, ...] = ()
    sector_of: Mapping[str, str] = field(default_factory=dict)
    priority_fields: tuple[str, ...] = ()
    travel: TravelTimes | None = None
    relatedness: Relatedness | None = None
    input_output: IOTable | None = None
    activity: ActivitySpace | None = None
    corpus: tuple[str, ...] = ()


class Measure(Protocol):
    """One term over two pools."""

    def row(self, need: int) -> Values:
        """The values of all offers for a need, shape (offers,); NaN where unknown."""


@dataclass(frozen=True, eq=False)
class CodedMeasure:
    """A term that looks only at coded values: computed once a pair of distinct values."""

    needs: Column
    offers: Column
    compute: Callable[[Any, Column], Values]
    _rows: dict[int, Values] = field(default_factory=dict)

    def row(self, need: int) -> Values:
        return np.asarray(self.group_row(need)[self.offers.groups])

    def group_row(self, need: int) -> Values:
        """The values of the distinct offers."""
        group = int(self.needs.groups[need])
        if group not in self._rows:
            if len(self._rows) > 4096:
                self._rows.clear()
            self._rows[group] = self.compute(self.needs.values[group], self.offers)
        return self._rows[group]


@dataclass(frozen=True, eq=False)
class TextMeasure:
    """The square root of the cosine of two weighted texts: 0 where they share nothing, unknown where one is empty.

    Short texts that speak of one thing in other words have cosines of a few hundredths; the root spreads these.
    """

    needs: Any
    offers: Postings

    def row(self, need: int) -> Values:
        start, end = self.needs.indptr[need], self.needs.indptr[need + 1]
        if start == end:
            return np.full(self.offers.n_offers, np.nan)
        found = dense_row(self.needs.indices[start:end], self.needs.data[start:end], self.offers)
        found[self.offers.is_empty] = np.nan
        return np.sqrt(np.minimum(found, 1.0))


@dataclass(frozen=True, eq=False)
class VectorMeasure:
    """The cosine of two dense vectors, negative ones as 0; unknown where one has no direction."""

    needs: NDArray[np.float32]
    offers: NDArray[np.float32]

    def row(self, need: int) -> Values:
        # rounded, so that the last bits do not depend on how the linear algebra library splits its work
        cosines = np.round(np.clip(self.offers @ self.needs[need], 0, 1).astype(np.float64), 5)
        is_known = self.offers.any(axis=1) & bool(self.needs[need].any())
        return np.where(is_known, cosines, np.nan)


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of all offers for one need: `total` (offers,) float64, and the terms they are made of.

    `content` (offers,) is the part of the total that known terms about what is exchanged give; a pair without it
    may be recent and in a priority field, yet the two have nothing to do with each other.
    """

    total: Values
    content: Values
    weights: Values
    rows: tuple[Values, ...]
    unknowns: Values

    def parts(self, offers: NDArray[np.int64]) -> Values:
        """Each term's own value for some offers, shape (terms, offers); NaN where unknown."""
        return np.stack([row[offers] for row in self.rows])

    def contributions(self, offers: NDArray[np.int64]) -> Values:
        """Each term's share of the score, shape (terms, offers); columns sum to the total."""
        parts = self.parts(offers)
        return self.weights[:, None] * np.where(np.isnan(parts), self.unknowns[:, None], parts)


@dataclass(frozen=True, eq=False)
class Scorer:
    """A kind's terms over two pools, ready to score any need against all offers."""

    kind: Kind
    needs: Pool
    offers: Pool
    measures: tuple[Measure, ...]
    stages: StageBook

    @classmethod
    def of(cls, kind: Kind, needs: Pool, offers: Pool, world: Circumstances) -> Scorer:
        """Prepare every term of the kind."""
        stages = StageBook(world.chains)
        terms = _Builder(kind, needs, offers, world, stages)
        return cls(kind, needs, offers, tuple(terms.measure(term) for term in kind.terms), stages)

    def standing(self, role: Role, at: int) -> Standing:
        """Where a listing stands on the chains."""
        column = self.stages.column(self.needs if role == "need" else self.offers)
        found: Standing = column.values[column.groups[at]]
        return found

    def score(self, need: int) -> Scores:
        """The scores of all offers for one need, whether allowed by the rules or not."""
        weights = np.array([term.weight for term in self.kind.terms])
        unknowns = np.array([term.unknown for term in self.kind.terms])
        rows = tuple(measure.row(need) for measure in self.measures)
        total, content = np.zeros(len(self.offers)), np.zeros(len(self.offers))
        for term, row in zip(self.kind.terms, rows, strict=True):
            total += term.weight * np.where(np.isnan(row), term.unknown, row)
            if term.measure in _CONTENT:
                content += term.weight * np.nan_to_num(row)
        return Scores(total, content, weights, rows, unknowns)


@dataclass(frozen=True, eq=False)
class _Builder:
    kind: Kind
    needs: Pool
    offers: Pool
    world: Circumstances
    stages: StageBook

    def measure(self, term: Term) -> Measure:
        build = _BUILDERS[term.measure]
        return build(self, term)

    def text(self, term: Term) -> Measure:
        theirs, ours = self.offers.texts(term.offer), self.needs.texts(term.need)
        space = TextSpace.learn([*theirs, *ours, *self.world.corpus], analysis=term.analysis)
        return TextMeasure(space.vectors(ours), Postings.of(space.vectors(theirs)))

    def activity(self, term: Term) -> Measure:
        theirs, ours = self.offers.texts(term.offer), self.needs.texts(term.need)
        space = self.world.activity
        if space is None:
            texts = [*theirs, *ours] if len(theirs) + len(ours) >= _LEAST_TEXTS else []
            space = ActivitySpace.learn(texts, analysis=term.analysis)
        return VectorMeasure(space.vectors(ours), space.vectors(theirs))

    def coded(self, term: Term, compute: Callable[[Any, Column], Values]) -> Measure:
        return CodedMeasure(self.needs.column(*term.need), self.offers.column(*term.offer), compute)

    def built_in(self, names: Sequence[str], compute: Callable[[Any, Column], Values]) -> Measure:
        return CodedMeasure(self.needs.column(*names), self.offers.column(*names), compute)

    def industry(self, term: Term) -> Measure:
        return self.built_in(["industry"], lambda code, column: _industry_nearness(code, column, self.world.sector_of))

    def relatedness(self, term: Term) -> Measure:
        return self.built_in(["industry"], lambda code, column: _table_row(self.world.relatedness, code, column))

    def input_output(self, term: Term) -> Measure:
        return self.built_in(["industry"], lambda code, column: _input_share(self.world, code, column))

    def chain(self, term: Term) -> Measure:
        book = self.stages
        compute = lambda ours, column: book.values(ours, column.values, term.direction)  # noqa: E731
        return CodedMeasure(book.column(self.needs), book.column(self.offers), compute)

    def number(self, term: Term) -> Measure:
        return self.coded(term, lambda value, column: _ratio(value, column.numbers))

    def overlap(self, term: Term) -> Measure:
        return self.coded(term, _overlap)

    def same(self, term: Term) -> Measure:
        return self.coded(term, lambda value, column: _known(column.texts == str(value), value, column))

    def ordered(self, term: Term) -> Measure:
        fields = {one.key: one for one in self.kind.fields("need")}
        steps = list(fields[term.need[0]].vocabulary)
        return self.coded(term, lambda value, column: _steps_apart(value, column, steps))

    def travel(self, term: Term) -> Measure:
        names = ["place", "party.town", "side"]
        return self.built_in(names, lambda value, column: self._nearness(term, value, column))

    def _nearness(self, term: Term, value: Any, column: Column) -> Values:
        return np.clip(1 - travel_minutes(self.world.travel, value, column) / (term.limit or 480.0), 0, 1)

    def priority(self, term: Term) -> Measure:
        ours, theirs = (_marked(pool, self.world.priority_fields) for pool in (self.needs, self.offers))
        return CodedMeasure(
            ours, theirs, lambda mark, column: (column.numbers + (math.nan if mark is None else mark)) / 2
        )

    def trust(self, term: Term) -> Measure:
        return self.built_in(["basis"], _trust)

    def freshness(self, term: Term) -> Measure:
        ours, theirs = (_ages(pool, self.world.on) for pool in (self.needs, self.offers))
        return CodedMeasure(ours, theirs, lambda age, column: _half_life(age, column, term.limit or 3.0))


_BUILDERS: Mapping[str, Callable[[_Builder, Term], Measure]] = {
    name: getattr(_Builder, name)
    for names in (
        "text activity industry relatedness input_output chain number overlap same ordered travel priority trust",
        "freshness",
    )
    for name in names.split()
}


def _known(values: Any, value: Any, column: Column) -> Values:
    return np.where(column.is_known & (value is not None), np.asarray(values, dtype=np.float64), np.nan)


def _industry_nearness(code: Any, column: Column, sector_of: Mapping[str, str]) -> Values:
    """1 for the same class, 0.75 group, 0.5 division, 0.25 sector, 0 otherwise; a code of n digits is known to n."""
    return _known([_shared_level(str(code), str(other), sector_of) for other in column.texts], code, column)


def _shared_level(one: str, other: str, sector_of: Mapping[str, str]) -> float:
    least = min(len(one), len(other), 4)
    same = next((at for at in range(least, 1, -1) if one[:at] == other[:at]), 0)
    if same:
        return same / 4
    sector = _sector(one, sector_of)
    return 0.25 if one == other or (sector and sector == _sector(other, sector_of)) else 0.0


def _sector(code: str, sector_of: Mapping[str, str]) -> str:
    return next((sector_of[code[:at]] for at in range(len(code), 0, -1) if code[:at] in sector_of), "")


def _table_row(table: Relatedness | None, code: Any, column: Column) -> Values:
    if table is None or code is None:
        return np.full(len(column.values), np.nan)
    index = {name: at for at, name in enumerate(table.industries)}
    here = _coded_at(str(code), index)
    places = [_coded_at(str(other), index) for other in column.texts]
    return np.array([np.nan if here is None or at is None else table.values[here, at] for at in places])


def _coded_at(code: str, index: Mapping[str, int]) -> int | None:
    """The place of a code or of the nearest heading above it."""
    return next((index[code[:at]] for at in range(len(code), 0, -1) if code[:at] in index), None)


def _input_share(world: Circumstances, code: Any, column: Column) -> Values:
    """How large the offer's sector stands among the inputs of the need's sector: 1 for its largest input."""
    table = world.input_output
    buyer = _sector(str(code or ""), world.sector_of)
    if table is None or buyer not in table.sectors:
        return np.full(len(column.values), np.nan)
    inputs = table.flows[:, table.sectors.index(buyer)]
    shares = dict(zip(table.sectors, inputs / max(float(inputs.max()), 1e-300), strict=True))
    return np.array([shares.get(_sector(str(other), world.sector_of), np.nan) for other in column.texts])


def _ratio(value: Any, numbers: Values) -> Values:
    """The smaller divided by the larger: 1 for equal amounts, near 0 for amounts of other sizes."""
    mine = Column(np.zeros(1, np.int32), (value,)).numbers[0]
    low, high = np.minimum(mine, numbers), np.maximum(mine, numbers)
    return np.where(high > 0, np.maximum(low, 0) / np.where(high > 0, high, 1), np.where(low == high, 1.0, np.nan))


def _overlap(value: Any, column: Column) -> Values:
    """The share of the need's words that the offer has."""
    wanted = frozenset(words_of(value))
    return _known([len(wanted & held) / max(len(wanted), 1) for held in column.sets], value, column)


def _steps_apart(value: Any, column: Column, steps: Sequence[str]) -> Values:
    """1 for the same step of an ordered choice, falling evenly to 0 for the two ends."""
    if value not in steps:
        return np.full(len(column.values), np.nan)
    here, most = steps.index(value), max(len(steps) - 1, 1)
    return np.array([1 - abs(steps.index(v) - here) / most if v in steps else np.nan for v in column.values])


def _trust(basis: Any, column: Column) -> Values:
    """1 where both were published, 0.5 where one was inferred from its industry, products or news."""
    return np.array(
        [0.5 if "derived" in (basis, other) or "implied" in (basis, other) else 1.0 for other in column.values]
    )


def _marked(pool: Pool, words: Sequence[str]) -> Column:
    """1.0 where a listing or its party names a priority field, 0.0 where it names others, None where it names none."""
    texts = pool.texts(["field", "title", "products", "party.cluster"])
    marks = [None if not words or not text else float(any(word in text for word in words)) for text in texts]
    return _column(marks)


def _ages(pool: Pool, on: date) -> Column:
    """The age in whole years of each record at the date, None where it bears none."""
    return _column([_age(one.source.as_of or one.valid_from, on) for one in pool.listings])


def _age(text: str, on: date) -> float | None:
    parts = text[:10].split("-")
    if not parts[0].isdigit() or len(parts[0]) != 4:
        return None
    months = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 12
    return max(0.0, round((on.year - int(parts[0])) + (on.month - months) / 12, 2))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _half_life(age: Any, column: Column, years: float) -> Values:
    """Halved every `years` years, of the older of the two records."""
    older = np.fmax(column.numbers, _or_nan(age))
    return np.asarray(0.5 ** (older / years))


def _column(values: Sequence[Any]) -> Column:
    places: dict[Any, int] = {}
    groups = np.fromiter((places.setdefault(value, len(places)) for value in values), np.int32, len(values))
    return Column(groups, tuple(places))
