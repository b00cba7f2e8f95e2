"""Where entries and their rows are kept: a small protocol, and a store in memory that keeps to it.

A store holds one log: the shared and the inner chain of each side, files by hash, and the rows folded from them.
"""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from duijie.errors import SealError

from . import events
from .fold import Rows
from .gate import Grant
from .seal import GENESIS, Chain, Entry, Head, Part
from .state import Placed, opening_of

__all__ = [
    "UNREAD",
    "UNREAD_KINDS",
    "Indexed",
    "Log",
    "MemoryLog",
    "Places",
    "Stored",
    "Verifiable",
    "columns_of",
    "indexed",
    "reviewed",
    "settled",
    "stream_of",
]

UNREAD = datetime(1949, 1, 1, tzinfo=UTC)
"""When an entry was recorded of which nothing can be read."""
UNREAD_KINDS = ("withheld", "unreadable")
"""What such an entry is called instead of its kind: nothing of it is here, or what is here cannot be read."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """An entry with what the store indexes: what it is about, whose chain orders that, and where it stands there."""

    entry: Entry
    event: events.Event
    recorded_at: datetime
    ordering: str
    place: tuple[int, int] | None

    @property
    def placed(self) -> Placed:
        chain, head = self.entry.chain, self.entry.head
        where = (self.event, self.entry.commit, chain.side, chain.is_inner, head.epoch, head.seq)
        return Placed(*where, self.recorded_at, self.place)


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as a store holds it: the bytes, and every column beside them; `row` names it in a fault."""

    row: str
    entry: Entry
    columns: Mapping[str, Any]


class Verifiable(Protocol):
    """What a store shows a verifier."""

    def stored(self) -> Iterator[Stored]:
        """Every entry of every chain, raw."""

    def stored_rows(self) -> Iterator[tuple[str, str, dict[str, Any]]] | None:
        """Every projected row, raw: its table, the subject it is folded from, its columns; None: nothing is folded."""

    def knows(self, table: str) -> bool:
        """Whether there is such a table here; what a later version keeps has none."""

    def stored_file(self, sha256: str) -> bool | None:
        """Whether a kept file still has its hash; None where it is not here."""


class Log(Protocol):
    """One log. Everything but `lock` and reads happens inside `lock`."""

    @property
    def name(self) -> str:
        """The log's name, which every header carries."""

    def lock(self) -> AbstractContextManager[None]:
        """One writer at a time; what is written inside stands whole or not at all."""

    def heads(self, by: datetime | None = None) -> dict[Chain, Head]:
        """The last entry of each chain; given a moment, of those that were recorded by then."""

    def entry(self, chain: Chain, seq: int) -> Indexed | None:
        """The entry of a number, of the newest epoch that has one."""

    def latest_at(self, sides: Iterable[str]) -> datetime | None:
        """The latest moment some sides recorded anything."""

    def streams(self, subjects: Iterable[str]) -> dict[str, list[Placed]]:
        """The events of some subjects, in any order."""

    def add(self, entries: Sequence[Indexed]) -> None:
        """Keep entries."""

    def hold(self, entries: Sequence[Indexed]) -> None:
        """Keep entries, or the same ones with other parts at hand or at another place."""

    def take_up(self, ordering: str, author: str, upto: Head, place: tuple[int, int]) -> set[str]:
        """Give a place to what `author` wrote up to `upto` on subjects of `ordering`; which subjects that touches."""

    def waiting(self, ordering: str) -> set[str]:
        """The sides whose entries on subjects of `ordering` it has not taken up yet."""

    def replace(self, rows: Mapping[str, Rows]) -> None:
        """Replace every row folded from some subjects."""

    def grants(self, subjects: Collection[str]) -> list[Grant]:
        """Who may read some subjects, and how far."""

    def subjects(self) -> Iterator[str]:
        """Every subject there is an event of."""

    def entries(self, chain: Chain) -> Iterator[Indexed]:
        """A chain in its order."""

    def of_subjects(self, chain: Chain, subjects: set[str]) -> Iterator[Indexed]:
        """The entries of a chain about some subjects."""

    def file(self, sha256: str) -> bytes | None:
        """A kept file, or None."""

    def keep(self, content: bytes) -> str:
        """Keep a file under its hash, on disk before this returns."""

    def forget(self, commit: str, label: str) -> None:
        """Erase a part's bytes and salt; its hash stays in the header."""


def columns_of(one: Indexed) -> dict[str, Any]:
    """The columns of an entry beside its bytes: what a store indexes."""
    chain, head = one.entry.chain, one.entry.head
    return {
        "log": one.entry.log,
        "side": chain.side,
        "is_inner": chain.is_inner,
        "epoch": head.epoch,
        "seq": head.seq,
        "digest": head.digest,
        "commit": one.entry.commit,
        "kind": one.event.kind if not isinstance(one.event, events.Unknown) else one.event.name,
        "subject": one.event.subject,
        "on": one.event.on,
        "recorded_at": one.recorded_at,
        "ordering": one.ordering,
        "place_epoch": one.place[0] if one.place else None,
        "place_seq": one.place[1] if one.place else None,
    }


def reviewed(subject: str) -> str:
    """What a review is about, empty for any other subject."""
    return subject.removeprefix("review/") if subject.startswith("review/") else ""


def stream_of(subject: str, streams: Mapping[str, list[Placed]]) -> list[Placed]:
    """The events a subject is folded from: its own, and for a review those of what is reviewed."""
    other = reviewed(subject)
    return [*streams.get(subject, ()), *(streams.get(other, ()) if other else ())]


class Places:
    """Where entries stand in the chain of one side: its own by number, the others' where it first saw them."""

    def __init__(self, chain: Sequence[Entry]) -> None:
        self._seen: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
        self._own = {(one.head.epoch, one.head.seq) for one in chain}
        for entry in chain:
            for side, head in entry.seen.items():
                heads, places = self._seen.setdefault(side, ([], []))
                known = (head.epoch, head.seq)
                if not heads or known > heads[-1]:
                    heads.append(known)
                    places.append((entry.head.epoch, entry.head.seq))

    def own(self, head: Head) -> tuple[int, int] | None:
        number = (head.epoch, head.seq)
        return number if number in self._own else None

    def of(self, side: str, head: Head) -> tuple[int, int] | None:
        heads, places = self._seen.get(side, ([], []))
        at = bisect_left(heads, (head.epoch, head.seq))
        return places[at] if at < len(places) else None


@dataclass
class MemoryLog:
    """A log in memory, for tests, the simulation and short-lived work."""

    name: str = "log"
    chains: dict[Chain, list[Indexed]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=lambda: defaultdict(dict))
    files: dict[str, bytes] = field(default_factory=dict)
    _by_subject: dict[str, list[tuple[Chain, int]]] = field(default_factory=lambda: defaultdict(list))
    _lock: Any = field(default_factory=threading.RLock)
    _depth: int = 0

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self._lock:
            # What an outer lock has begun, it takes back itself.
            before = self._all() if self._depth == 0 else None
            self._depth += 1
            try:
                yield
            except BaseException:
                if before is not None:
                    self.chains, self.rows, self._by_subject = before
                raise
            finally:
                self._depth -= 1

    def _all(self) -> tuple[Any, Any, Any]:
        """Everything but files, as it is: what is written later leaves this unchanged."""
        chains = defaultdict(list, {chain: list(kept) for chain, kept in self.chains.items()})
        rows = defaultdict(dict, {table: dict(kept) for table, kept in self.rows.items()})
        return chains, rows, defaultdict(list, {one: list(at) for one, at in self._by_subject.items()})

    def heads(self, by: datetime | None = None) -> dict[Chain, Head]:
        lasts = {chain: _last(entries, by) for chain, entries in self.chains.items()}
        return {chain: one.entry.head for chain, one in lasts.items() if one is not None}

    def entry(self, chain: Chain, seq: int) -> Indexed | None:
        return next((one for one in reversed(self.chains.get(chain, ())) if one.entry.head.seq == seq), None)

    def latest_at(self, sides: Iterable[str]) -> datetime | None:
        wanted = set(sides)
        kept = [entries for chain, entries in self.chains.items() if chain.side in wanted]
        # Of an entry that came back without its parts nobody knows when it was recorded.
        lasts = (next((one for one in reversed(entries) if one.recorded_at > UNREAD), None) for entries in kept)
        return max((one.recorded_at for one in lasts if one), default=None)

    def streams(self, subjects: Iterable[str]) -> dict[str, list[Placed]]:
        return {one: [self.chains[chain][at].placed for chain, at in self._by_subject.get(one, ())] for one in subjects}

    def add(self, entries: Sequence[Indexed]) -> None:
        for one in entries:
            chain = self.chains[one.entry.chain]
            self._by_subject[one.event.subject].append((one.entry.chain, len(chain)))
            chain.append(one)

    def hold(self, entries: Sequence[Indexed]) -> None:
        changed = {one.entry.digest: one for one in entries}
        kept = {one.entry.digest: one for chain in self.chains.values() for one in chain}
        found = sorted({**kept, **changed}.values(), key=lambda one: (one.entry.head.epoch, one.entry.head.seq))
        self.chains.clear()
        self._by_subject.clear()
        self.add(found)

    def take_up(self, ordering: str, author: str, upto: Head, place: tuple[int, int]) -> set[str]:
        touched = set()
        chain = self.chains[Chain(author)]
        for at, one in enumerate(chain):
            is_seen = (one.entry.head.epoch, one.entry.head.seq) <= (upto.epoch, upto.seq)
            if one.ordering == ordering and one.place is None and is_seen:
                chain[at] = replace(one, place=place)
                touched.add(one.event.subject)
        return touched

    def waiting(self, ordering: str) -> set[str]:
        return {
            chain.side
            for chain, entries in self.chains.items()
            if chain.side != ordering and any(one.ordering == ordering and one.place is None for one in entries)
        }

    def replace(self, rows: Mapping[str, Rows]) -> None:
        for subject, found in rows.items():
            for table in self.rows.values():
                table.pop(subject, None)
            for name, kept in found.items():
                self.rows[name][subject] = kept

    def table(self, name: str) -> list[dict[str, Any]]:
        """Every row of a table, ordered by what they were folded from."""
        return [row for subject in sorted(self.rows[name]) for row in self.rows[name][subject]]

    def grants(self, subjects: Collection[str]) -> list[Grant]:
        rows = (row for kept in self.rows["grant"].values() for row in kept)
        found = ((f"{row['sort']}/{row['key']}", row) for row in rows)
        return [Grant(subject, row["scope"], row["stage"]) for subject, row in found if subject in subjects]

    def subjects(self) -> Iterator[str]:
        yield from sorted(self._by_subject)

    def entries(self, chain: Chain) -> Iterator[Indexed]:
        yield from self.chains.get(chain, ())

    def of_subjects(self, chain: Chain, subjects: set[str]) -> Iterator[Indexed]:
        yield from (one for one in self.chains.get(chain, ()) if one.event.subject in subjects)

    def file(self, sha256: str) -> bytes | None:
        return self.files.get(sha256)

    def keep(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self.files[sha256] = content
        return sha256

    def forget(self, commit: str, label: str) -> None:
        for chain in self.chains.values():
            for at, one in enumerate(chain):
                if one.entry.commit == commit:
                    chain[at] = reread(one, [_gone(part, label) for part in one.entry.parts])

    def stored(self) -> Iterator[Stored]:
        for kept in self.chains.values():
            for at, one in enumerate(kept):
                yield Stored(f"{one.entry.chain}:{at + 1}", one.entry, columns_of(one))

    def stored_rows(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for name, kept in self.rows.items():
            for subject, rows in kept.items():
                yield from ((name, subject, row) for row in rows)

    def knows(self, table: str) -> bool:
        return True

    def stored_file(self, sha256: str) -> bool | None:
        content = self.files.get(sha256)
        return None if content is None else hashlib.sha256(content).hexdigest() == sha256

    def settle(self, entries: Iterable[Indexed]) -> None:
        """Hold these entries and no others, each at its place, whatever order they arrived in."""
        found = settled(list(entries))
        self.chains.clear()
        self.hold(found)


def indexed(entry: Entry) -> Indexed:
    """An entry as far as its parts at hand say what it is; not placed yet.

    One of which nothing was handed over, or which cannot be read, is kept all the same: its event is unknown and
    about itself.
    """
    try:
        said = events.decode({part.label: part.data for part in entry.parts if part.data is not None})
    except SealError:
        is_held = any(part.label == "base" and part.data is not None for part in entry.parts)
        name = UNREAD_KINDS[is_held]
        said = events.Unknown(subject=f"{name}/{entry.commit}", on=UNREAD.date(), name=name), UNREAD
    return Indexed(entry, *said, "", None)


def settled(entries: Sequence[Indexed]) -> list[Indexed]:
    """The same entries, each with the side that orders its subject and its place there.

    An inner entry stands where it had seen its own side's shared chain; a subject without an opening is ordered by
    the side that writes on it.
    """
    shared: dict[str, list[Entry]] = defaultdict(list)
    openings: dict[str, list[Placed]] = defaultdict(list)
    for one in entries:
        if not one.entry.chain.is_inner:
            shared[one.entry.chain.side].append(one.entry)
        if isinstance(one.event, events.CaseOpened | events.Kept):
            openings[one.event.subject].append(one.placed)
    places = {side: Places(grounded) for side, grounded in _grounded(shared).items()}
    firsts = {subject: opening_of(found) for subject, found in openings.items()}
    orderings = {subject: getattr(first.event, "ordering", "") if first else "" for subject, first in firsts.items()}

    def settle(one: Indexed) -> Indexed:
        side = "" if one.event.sort == "case" else one.entry.chain.side
        ordering = orderings.get(one.event.subject, side)
        return Indexed(one.entry, one.event, one.recorded_at, ordering, _place(one.entry, ordering, places))

    return [settle(one) for one in entries]


def _grounded(chains: Mapping[str, list[Entry]]) -> dict[str, list[Entry]]:
    """Each chain up to where an entry is missing, or one that it had seen is not here.

    What stands further on may turn out to stand after something that has not arrived yet.
    """
    digests = {(side, one.head) for side, chain in chains.items() for one in chain}
    found: dict[str, list[Entry]] = {}
    for side, chain in chains.items():
        kept, previous = found.setdefault(side, []), GENESIS
        for entry in sorted(chain, key=lambda one: (one.head.epoch, one.head.seq)):
            if entry.previous != previous or any((other, head) not in digests for other, head in entry.seen.items()):
                break
            kept.append(entry)
            previous = entry.digest
    return found


def _last(entries: Sequence[Indexed], by: datetime | None) -> Indexed | None:
    return next((one for one in reversed(entries) if by is None or one.recorded_at <= by), None)


def _gone(part: Part, label: str) -> Part:
    return part.withheld() if part.label == label and part.is_words else part


def reread(one: Indexed, parts: Sequence[Part]) -> Indexed:
    """An entry with other parts at hand, read anew."""
    read = indexed(Entry(one.entry.header, tuple(parts), one.entry.signature))
    return replace(read, ordering=one.ordering, place=one.place)


def _place(entry: Entry, ordering: str, places: Mapping[str, Places]) -> tuple[int, int] | None:
    chain, head = entry.chain, entry.head
    if chain.is_inner:
        seen = entry.seen.get(chain.side)
        return (seen.epoch, seen.seq) if seen else (1, 0)
    if ordering not in places:
        return None
    return places[ordering].own(head) if chain.side == ordering else places[ordering].of(chain.side, head)
