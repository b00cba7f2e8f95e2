"""Scored terms: each a value in 0–1 with a stated meaning, combined by the kind's weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from duijie.terms import ChainTemplate, IOTable, Relatedness, TravelTimes

from .candidates import Column, Pool, words_of
from .kinds import Kind, Role, Term
from .measures import CodedMeasure, Measure, Row, SectorMeasure, TextMeasure, VectorMeasure, VectorRow
from .relatedness import ActivitySpace
from .rules import travel_minutes
from .stages import StageBook, Standing
from .text import Analysis, Scheme, TextSpace
from .topk import best

__all__ = ["Circumstances", "Scorer", "Scores"]

Values = NDArray[np.float64]
Positions = NDArray[np.int64]
_Learnt = tuple[TextSpace, sparse.csr_matrix, sparse.csr_matrix]
# far above the rounding of a sum of weights, far below any difference that counts
_SLACK = 1e-9
_CONTENT = {"text", "relatedness", "activity", "industry", "chain", "input_output", "overlap"}
Texts = Sequence[str]
Coder = Callable[[Texts, Texts, Texts], tuple[Sequence[str], NDArray[np.float32]]]
"""Names, scopes and products to divisions and the chance of each, (texts, divisions); a row of zeros: nothing known."""
# what tells the industry of an organisation that does not state it: its name, what it says of itself, its products
_CODED = (("party.name", "title"), ("details", "field"), ("products", "party.products"))
# fewer texts than this say nothing about which activities go together
_LEAST_TEXTS = 200
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Circumstances:
    """What the world tells beside the listings: the date, chains, sectors, priority words, travel, relatedness.

    `coder` tells the industry of a listing that states none.
    """

    on: date
    chains: tuple[ChainTemplate, ...] = ()
    sector_of: Mapping[str, str] = field(default_factory=dict)
    priority_fields: tuple[str, ...] = ()
    travel: TravelTimes | None = None
    relatedness: Relatedness | None = None
    input_output: IOTable | None = None
    activity: ActivitySpace | None = None
    corpus: tuple[str, ...] = ()
    coder: Coder | None = None


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of some offers for one need: `total` (offers,) float64, and the terms they are made of.

    `offers` are their positions, `parts` (terms, offers) each term's own value, NaN where unknown. `content`
    (offers,) is the part of the total that known terms about what is exchanged give; a pair without it may be recent
    and in a priority field, yet the two have nothing to do with each other.
    """

    offers: Positions
    parts: Values
    total: Values
    content: Values


@dataclass(frozen=True, eq=False)
class Scorer:
    """A kind's terms over two pools, ready to score any need against its offers."""

    kind: Kind
    needs: Pool
    offers: Pool
    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]
    stages: StageBook

    @classmethod
    def of(cls, kind: Kind, needs: Pool, offers: Pool, world: Circumstances, *, like: Scorer | None = None) -> Scorer:
        """Prepare every term of the kind; what is learnt from texts is taken from `like` where it is given.

        A word that `like` never saw counts as one that no text has.
        """
        stages = like.stages if like else StageBook(world.chains)
        known = dict(zip((term.key for term in kind.terms), like.measures, strict=True)) if like else {}
        terms = _Builder(kind, needs, offers, world, stages, known)
        measures = tuple(terms.measure(term) for term in kind.terms)
        return cls(kind, needs, offers, measures, tuple(one.over(needs) for one in measures), stages)

    def over(self, needs: Pool) -> Scorer:
        """The same terms, learnt from the same texts, for other needs."""
        return replace(self, needs=needs, rows=tuple(one.over(needs) for one in self.measures))

    def joined(self, more: Scorer, needs: tuple[Pool, Positions], offers: tuple[Pool, Positions]) -> Scorer:
        """The terms over the pools of both, each with the order in which its listings are taken.

        `more` was made like this one (:meth:`of`), so that what was learnt is the same.
        """
        pairs = zip(self.measures, more.measures, strict=True)
        measures = tuple(own.joined(other, offers[1]) for own, other in pairs)
        triples = zip(self.rows, measures, more.rows, strict=True)
        rows = tuple(own.joined(measure, other, needs[1]) for own, measure, other in triples)
        self.stages.join(self.needs, more.needs, *needs)
        self.stages.join(self.offers, more.offers, *offers)
        return replace(self, needs=needs[0], offers=offers[0], measures=measures, rows=rows)

    def table(self, more: Scorer, taken: Positions) -> Values:
        """The scores of all needs against few offers, of this and of `more`, shape (needs, taken); but for rounding."""
        total = np.zeros((len(self.needs), len(taken)))
        for term, row, own, other in zip(self.kind.terms, self.rows, self.measures, more.measures, strict=True):
            values = row.table(own.joined(other, taken))
            total += term.weight * np.where(np.isnan(values), term.unknown, values)
        return total

    def standing(self, role: Role, at: int) -> Standing:
        """Where a listing stands on the chains."""
        column = self.stages.column(self.needs if role == "need" else self.offers)
        found: Standing = column.values[column.groups[at]]
        return found

    def score(self, need: int, offers: Positions) -> Scores:
        """The scores of some offers for one need, whether allowed by the rules or not."""
        return self._summed(offers, np.stack([row.row(need, offers) for row in self.rows]))

    def _summed(self, offers: Positions, parts: Values) -> Scores:
        total, content = np.zeros(len(offers)), np.zeros(len(offers))
        for term, row in zip(self.kind.terms, parts, strict=True):
            total += term.weight * np.where(np.isnan(row), term.unknown, row)
            if term.measure in _CONTENT:
                content += term.weight * np.nan_to_num(row)
        return Scores(offers, parts, total, content)

    def top(self, need: int, offers: Positions, k: int) -> Scores:
        """The scores of the `k` best of some offers with enough content, best first, ties by position.

        Notes
        -----
        Dense terms are the dear ones. All others are summed first; an offer of which even the whole weight of the
        dense terms does not reach the k-th best sum so far is done with. The others are summed anew in the order of
        the terms, so the answer is that of :meth:`score` to the last bit.
        """
        is_late = np.array([isinstance(row, VectorRow) for row in self.rows])
        parts = np.zeros((len(self.rows), len(offers)))
        for at in np.flatnonzero(~is_late):
            parts[at] = self.rows[at].row(need, offers)
        kept = self._promising(self._summed(offers, parts), is_late, k)
        offers, parts = offers[kept], parts[:, kept]
        for at in np.flatnonzero(is_late):
            parts[at] = self.rows[at].row(need, offers)
        found = self._summed(offers, parts)
        chosen = best(found.total, found.content >= self.kind.least_content, k)
        return Scores(offers[chosen], parts[:, chosen], found.total[chosen], found.content[chosen])

    def _promising(self, least: Scores, is_late: NDArray[np.bool_], k: int) -> Positions:
        """Which offers may still be among the best: `least` are the scores with every late value at 0."""
        reach = sum(term.weight for term, late in zip(self.kind.terms, is_late, strict=True) if late) + _SLACK
        is_open = least.content + reach >= self.kind.least_content
        sure = least.total[least.content >= self.kind.least_content + _SLACK]
        if len(sure) > k:
            is_open &= least.total + reach >= np.partition(sure, len(sure) - k)[len(sure) - k]
        return np.flatnonzero(is_open)


@dataclass(frozen=True, eq=False)
class _Builder:
    kind: Kind
    needs: Pool
    offers: Pool
    world: Circumstances
    stages: StageBook
    known: Mapping[str, Measure] = field(default_factory=dict)
    _spaces: dict[Any, _Learnt] = field(default_factory=dict)

    def measure(self, term: Term) -> Measure:
        build = _BUILDERS[term.measure]
        return build(self, term)

    def text(self, term: Term) -> Measure:
        space, theirs, _ = self._learnt(term, self.world.corpus)
        scheme: Scheme = "tfidf" if term.analysis in ("phrases", "cosine") else "coverage"
        if scheme == "coverage":
            theirs = space.vectors(self.offers.texts(term.offer), scheme=scheme)
        return TextMeasure(space, term.need, theirs, scheme)

    def activity(self, term: Term) -> Measure:
        known = self.known.get(term.key)
        given = known.space if isinstance(known, VectorMeasure) else self.world.activity
        if given is not None:
            return VectorMeasure(given, term.need, given.vectors(self.offers.texts(term.offer)))
        space, rows, others = self._learnt(term, ())
        both = sparse.vstack([rows, others], format="csr")
        found = ActivitySpace.of(space, both if both.shape[0] >= _LEAST_TEXTS else both[:0])
        return VectorMeasure(found, term.need, found.placed(rows))

    def _learnt(self, term: Term, corpus: tuple[str, ...]) -> _Learnt:
        """The words of a term's fields: the space, the offers' rows and the needs'; cut once for all terms."""
        analysis: Analysis = "grams" if term.analysis == "cosine" else term.analysis
        key = (term.need, term.offer, analysis, corpus)
        if key not in self._spaces:
            theirs, ours = self.offers.texts(term.offer), self.needs.texts(term.need)
            known = self.known.get(term.key)
            if isinstance(known, TextMeasure):
                space = known.space.extended([*theirs, *ours])
            else:
                space = TextSpace.learn([*theirs, *ours, *corpus], analysis=analysis)
            self._spaces[key] = (space, space.vectors(theirs), space.vectors(ours))
        return self._spaces[key]

    def coded(self, term: Term, compute: Callable[[Any, Column], Values]) -> Measure:
        return CodedMeasure(lambda needs: needs.column(*term.need), self.offers.column(*term.offer), compute)

    def built_in(self, names: Sequence[str], compute: Callable[[Any, Column], Values]) -> Measure:
        return CodedMeasure(lambda needs: needs.column(*names), self.offers.column(*names), compute)

    def industry(self, term: Term) -> Measure:
        codes = _once_a_column(lambda column: _Codes.of(column, self.world.sector_of))
        return self.built_in(["industry"], lambda code, column: _known(codes(column).nearness(code), code, column))

    def relatedness(self, term: Term) -> Measure:
        table = self.world.relatedness
        index = {name: at for at, name in enumerate(table.industries if table else ())}
        places = _once_a_column(lambda column: _places(column, index))
        return self.built_in(["industry"], lambda code, column: _table_row(table, code, index, places(column)))

    def input_output(self, term: Term) -> Measure:
        world = self.world
        return SectorMeasure(
            lambda needs: _in_sectors(world, needs) @ _strengths(world).T, _in_sectors(world, self.offers)
        )

    def place(self, term: Term) -> Measure:
        return self.built_in(["side"], _same_province)

    def chain(self, term: Term) -> Measure:
        book = self.stages
        compute = lambda ours, column: book.values(ours, column, term.direction)  # noqa: E731
        return CodedMeasure(book.column, book.column(self.offers), compute)

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
        words = self.world.priority_fields
        compute = lambda mark, column: (column.numbers + _or_nan(mark)) / 2  # noqa: E731
        return CodedMeasure(lambda needs: _marked(needs, words), _marked(self.offers, words), compute)

    def trust(self, term: Term) -> Measure:
        return self.built_in(["basis"], _trust)

    def freshness(self, term: Term) -> Measure:
        on, years = self.world.on, term.limit or 3.0
        compute = lambda age, column: _half_life(age, column, years)  # noqa: E731
        return CodedMeasure(lambda needs: _ages(needs, on), _ages(self.offers, on), compute)


_BUILDERS: Mapping[str, Callable[[_Builder, Term], Measure]] = {
    name: getattr(_Builder, name)
    for names in (
        "text activity industry relatedness input_output place chain number overlap same ordered travel priority",
        "trust freshness",
    )
    for name in names.split()
}


def _once_a_column(make: Callable[[Column], Made]) -> Callable[[Column], Made]:
    """A function of a column, worked out once for each."""
    made: WeakKeyDictionary[Column, Made] = WeakKeyDictionary()

    def get(column: Column) -> Made:
        if column not in made:
            made[column] = make(column)
        return made[column]

    return get


def _known(values: Any, value: Any, column: Column) -> Values:
    return np.where(column.is_known & (value is not None), np.asarray(values, dtype=np.float64), np.nan)


@dataclass(frozen=True, eq=False)
class _Codes:
    """The distinct industry codes of the offers, cut at every level."""

    cut: Mapping[int, NDArray[np.str_]]
    lengths: NDArray[np.int64]
    sectors: NDArray[np.str_]
    sector_of: Mapping[str, str]

    @classmethod
    def of(cls, column: Column, sector_of: Mapping[str, str]) -> _Codes:
        codes = [str(code) for code in column.texts]
        cut = {level: np.array([code[:level] for code in codes], dtype=np.str_) for level in (2, 3, 4)}
        sectors = np.array([_sector(code, sector_of) for code in codes], dtype=np.str_)
        return cls(cut, np.array([len(code) for code in codes], np.int64), sectors, sector_of)

    def nearness(self, code: Any) -> Values:
        """1 for the same class, 0.75 group, 0.5 division, 0.25 sector, else 0; n digits are known to level n."""
        own = str(code)
        sector = _sector(own, self.sector_of)
        found = 0.25 * ((self.cut[4] == own) | ((self.sectors == sector) & bool(sector)))
        for level in range(2, min(len(own), 4) + 1):
            found[(self.lengths >= level) & (self.cut[level] == own[:level])] = level / 4
        return np.asarray(found)


def _sector(code: str, sector_of: Mapping[str, str]) -> str:
    return next((sector_of[code[:at]] for at in range(len(code), 0, -1) if code[:at] in sector_of), "")


def _table_row(table: Relatedness | None, code: Any, index: Mapping[str, int], places: Positions) -> Values:
    here = None if code is None else _coded_at(str(code), index)
    if table is None or here is None:
        return np.full(len(places), np.nan)
    return np.where(places >= 0, table.values[here, places], np.nan)


def _coded_at(code: str, index: Mapping[str, int]) -> int | None:
    """The place of a code or of the nearest heading above it."""
    return next((index[code[:at]] for at in range(len(code), 0, -1) if code[:at] in index), None)


def _places(column: Column, index: Mapping[str, int]) -> Positions:
    """The place of each distinct code in a table, −1 where it has none."""
    found = [_coded_at(str(code), index) for code in column.texts]
    return np.array([-1 if at is None else at for at in found], np.int64)


def _strengths(world: Circumstances) -> NDArray[np.float64]:
    """How large each sector (rows) stands among the inputs of each (columns): 1 for the largest."""
    if world.input_output is None:
        return np.zeros((0, 0))
    flows = world.input_output.flows
    return np.asarray(flows / np.maximum(flows.max(axis=0), 1e-300), dtype=np.float64)


def _in_sectors(world: Circumstances, pool: Pool) -> NDArray[np.float64]:
    """The chance that each listing's organisation is in each sector of the table, shape (listings, sectors)."""
    sectors = world.input_output.sectors if world.input_output else ()
    index = {sector: at for at, sector in enumerate(sectors)}
    found = np.zeros((len(pool), len(sectors)))
    stated = [str(pool.value(at, "industry") or "") for at in range(len(pool))]
    for at, code in enumerate(stated):
        place = index.get(_sector(code, world.sector_of))
        if place is not None:
            found[at, place] = 1
    if world.coder is not None and sectors and not all(stated):
        names, scopes, products = (pool.texts(fields) for fields in _CODED)
        divisions, chances = world.coder(names, scopes, products)
        of_sector = np.array([[_sector(code, world.sector_of) == sector for sector in sectors] for code in divisions])
        is_open = np.array([not code for code in stated])
        found[is_open] = chances[is_open] @ of_sector
    return found


def _same_province(side: Any, column: Column) -> Values:
    """1 where the region codes begin alike, unknown where one is not told."""
    own = str(side or "")[:2]
    alike = [bool(own) and other[:2] == own for other in column.texts]
    return _known(alike, side, column)


def _ratio(value: Any, numbers: Values) -> Values:
    """The smaller divided by the larger: 1 for equal amounts, near 0 for amounts of other sizes."""
    mine = Column(np.zeros(1, np.int32), (value,)).numbers[0]
    low, high = np.minimum(mine, numbers), np.maximum(mine, numbers)
    return np.where(high > 0, np.maximum(low, 0) / np.where(high > 0, high, 1), np.where(low == high, 1.0, np.nan))


def _overlap(value: Any, column: Column) -> Values:
    """The share of the need's words that the offer has."""
    wanted = frozenset(words_of(value))
    return _known(column.n_met(wanted) / max(len(wanted), 1), value, column)


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
