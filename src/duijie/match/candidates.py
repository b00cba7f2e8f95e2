"""The two pools a match is made from, as columns: each distinct value of a side is looked at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie.terms import Listing, Party, tokens

from .script import simplified

__all__ = ["Column", "Kept", "Pool"]


@dataclass(frozen=True, eq=False)
class Column:
    """One field of a pool, coded: `values[groups[i]]` is the value of listing i; None where it is not stated."""

    groups: NDArray[np.int32]
    values: tuple[Any, ...]
    _placed: dict[tuple[str, ...], NDArray[np.int64]] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The distinct values as numbers, shape (values,); NaN where unknown or no finite number."""
        return np.array([_number(value) for value in self.values], dtype=np.float64)

    @cached_property
    def ranges(self) -> NDArray[np.float64]:
        """The distinct values as (low, high), shape (values, 2); an open end is infinite, an unknown range NaN."""
        return np.array([_range(value) for value in self.values], dtype=np.float64).reshape(-1, 2)

    @cached_property
    def sets(self) -> tuple[frozenset[str], ...]:
        """The distinct values as sets of words; empty where unknown."""
        return tuple(frozenset(words_of(value)) for value in self.values)

    @cached_property
    def texts(self) -> NDArray[np.object_]:
        """The distinct values as text, empty where unknown."""
        return np.array(["" if value is None else str(value) for value in self.values], dtype=object)

    @cached_property
    def is_known(self) -> NDArray[np.bool_]:
        """Which distinct values are stated."""
        return np.array([value is not None for value in self.values], dtype=bool)

    @cached_property
    def holders(self) -> Mapping[str, NDArray[np.int64]]:
        """For each word the distinct values that have it, so that a set is met with all sets at once."""
        found: dict[str, list[int]] = {}
        for at, words in enumerate(self.sets):
            for word in words:
                found.setdefault(word, []).append(at)
        return {word: np.array(places, np.int64) for word, places in found.items()}

    @cached_property
    def parts(self) -> tuple[Column, ...]:
        """A column of several fields as one column each, over the same distinct values."""
        return tuple(Column(self.groups, values) for values in zip(*self.values, strict=True))

    def placed(self, places: tuple[str, ...]) -> NDArray[np.int64]:
        """For each distinct value the first of its parts that is one of `places`, as a position; −1 where none is."""
        if places not in self._placed:
            index = {place: at for at, place in enumerate(places)}
            found = [next((index[part] for part in value if part in index), -1) for value in self.values]
            self._placed[places] = np.array(found, np.int64)
        return self._placed[places]

    def joined(self, more: Column, order: NDArray[np.int64]) -> Column:
        """The column of this pool and another, the listings of both taken in `order`."""
        places = {value: at for at, value in enumerate(self.values)}
        moved = np.array([places.setdefault(value, len(places)) for value in more.values], dtype=np.int32)
        return Column(np.concatenate([self.groups, moved[more.groups]])[order], tuple(places))

    def used(self) -> Column:
        """The same column without values that no listing has."""
        kept, groups = np.unique(self.groups, return_inverse=True)
        return Column(groups.astype(np.int32), tuple(self.values[at] for at in kept))

    def n_met(self, words: frozenset[str]) -> NDArray[np.int64]:
        """How many of some words each distinct value has, shape (values,)."""
        found = np.zeros(len(self.values), np.int64)
        for word in words:
            if word in self.holders:
                found[self.holders[word]] += 1
        return found


@dataclass(frozen=True, eq=False)
class Kept:
    """Arrays worth keeping, by key, within a bound on their memory: when it is reached, all are made anew."""

    most_bytes: int = 48_000_000
    _arrays: dict[Hashable, NDArray[Any]] = field(default_factory=dict)
    _taken: list[int] = field(default_factory=lambda: [0])

    def get(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """The array of `key`, made where it is not there."""
        found = self._arrays.get(key)
        if found is None:
            found = make()
            if self._taken[0] + found.nbytes > self.most_bytes:
                self._arrays.clear()
                self._taken[0] = 0
            self._taken[0] += found.nbytes
            self._arrays[key] = found
        return found


@dataclass(frozen=True, eq=False)
class Pool:
    """The listings of one role in the order of their ids, with the parties that own them."""

    listings: tuple[Listing, ...]
    parties: Mapping[str, Party]
    _columns: dict[tuple[str, ...], Column] = field(default_factory=dict)
    _texts: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    _words: dict[tuple[int, tuple[str, ...]], tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, listings: Sequence[Listing], parties: Mapping[str, Party]) -> Pool:
        """The pool of `listings`, sorted by id so that a lower position is a lower id."""
        return cls(tuple(sorted(listings, key=lambda one: one.id)), parties)

    def __len__(self) -> int:
        return len(self.listings)

    def joined(self, more: Pool, order: NDArray[np.int64]) -> Pool:
        """The pool of the listings of both taken in `order`, with the parties of `more`; what is coded stays so."""
        both = (*self.listings, *more.listings)
        found = Pool(tuple(both[at] for at in order), more.parties)
        for names, column in self._columns.items():
            found._columns[names] = column.joined(more.column(*names), order)
        for names, texts in self._texts.items():
            said = (*texts, *more.texts(names))
            found._texts[names] = tuple(said[at] for at in order)
        return found

    def column(self, *names: str) -> Column:
        """The column of one field, or of several together as tuples."""
        if names not in self._columns:
            self._columns[names] = self._coded(names)
        return self._columns[names]

    def _coded(self, names: tuple[str, ...]) -> Column:
        places: dict[Hashable, int] = {}
        rows = [self._key(at, names) for at in range(len(self))]
        groups = np.fromiter((places.setdefault(row, len(places)) for row in rows), dtype=np.int32, count=len(rows))
        return Column(groups, tuple(places))

    def _key(self, at: int, names: tuple[str, ...]) -> Any:
        values = tuple(self.value(at, name) for name in names)
        return values[0] if len(names) == 1 else values

    def value(self, at: int, name: str) -> Any:
        """One value of one listing: of the payload, of the listing itself, or of its party (``party.…``)."""
        listing = self.listings[at]
        if name.startswith("party."):
            party = self.parties.get(listing.party)
            return frozen(getattr(party, name.removeprefix("party."), None) if party else None)
        if name == "industry":
            party = self.parties.get(listing.party)
            return listing.industry or (party.industry if party else "") or None
        if name in _LISTING:
            return getattr(listing, name) or None
        return frozen(listing.payload.get(name))

    def words(self, at: int, names: tuple[str, ...]) -> tuple[str, ...]:
        """The words of the named fields of one listing."""
        if (at, names) not in self._words:
            values = (self.value(at, name) for name in names)
            text = "\n".join(
                " ".join(value) if isinstance(value, tuple) else str(value) for value in values if value is not None
            )
            self._words[at, names] = tokens.words(simplified(text))
        return self._words[at, names]

    def texts(self, names: Sequence[str]) -> tuple[str, ...]:
        """One text a listing: the named fields joined by a break, so that no word runs across two fields."""
        if tuple(names) not in self._texts:
            self._texts[tuple(names)] = tuple(self._text(at, names) for at in range(len(self)))
        return self._texts[tuple(names)]

    def _text(self, at: int, names: Sequence[str]) -> str:
        found = (self.value(at, name) for name in names)
        return simplified("\n".join("\n".join(words_of(value)) for value in found if value is not None))


_LISTING = {"id", "side", "party", "valid_from", "valid_until", "basis"}


def frozen(value: Any) -> Any:
    """A value that can be a key: lists as tuples, empty as None, everything else as it is."""
    if isinstance(value, list | tuple):
        return tuple(frozen(one) if isinstance(one, list) else one for one in value) or None
    return None if value == "" or value is None or (isinstance(value, float) and math.isnan(value)) else value


def words_of(value: Any) -> tuple[str, ...]:
    """The words of a text or list value; none where unknown."""
    if value is None:
        return ()
    if isinstance(value, tuple | list):
        return tuple(str(one) for one in value if one not in (None, ""))
    return (str(value),)


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _range(value: Any) -> tuple[float, float]:
    if not isinstance(value, tuple) or len(value) != 2 or value == (None, None):
        return math.nan, math.nan
    low = -math.inf if value[0] is None else _number(value[0])
    high = math.inf if value[1] is None else _number(value[1])
    return low, high
