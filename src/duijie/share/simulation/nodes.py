"""A node of the simulation: a side with its key, its clock and a store that can fail at every write."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duijie.ledger import events, exchange, record
from duijie.ledger.fold import Rows
from duijie.ledger.log import Indexed, MemoryLog
from duijie.ledger.seal import Head, Signer

__all__ = ["DAY", "Crash", "FaultyLog", "Node", "signer_of"]

DAY = date(2025, 3, 1)
_MOMENT = datetime(2025, 3, 1, 8, tzinfo=UTC)


class Crash(Exception):  # noqa: N818 - it happens to a node, not to the program
    """The power went."""


class FaultyLog(MemoryLog):
    """A store that fails before or after the write that `fuse` counts down to; below 0 it never does."""

    fuse: int = -1
    is_full: bool = False

    def _burn(self) -> None:
        self.fuse -= 1
        if self.fuse == -1 and self.is_full:
            raise OSError(errno.ENOSPC, "no space left on device")
        if self.fuse == -1:
            raise Crash

    @contextmanager
    def lock(self) -> Iterator[None]:
        with super().lock():
            yield
        if self._depth == 0:
            self._burn()  # it stands, and nobody was told

    def add(self, entries: Sequence[Indexed]) -> None:
        self._burn()
        super().add(entries)
        self._burn()

    def take_up(self, ordering: str, author: str, upto: Head, place: tuple[int, int]) -> set[str]:
        self._burn()
        return super().take_up(ordering, author, upto, place)

    def replace(self, rows: Mapping[str, Rows]) -> None:
        self._burn()
        super().replace(rows)
        self._burn()

    def keep(self, content: bytes) -> str:
        self._burn()
        return super().keep(content)

    def forget(self, commit: str, label: str) -> None:
        self._burn()
        super().forget(commit, label)

    def copied(self) -> FaultyLog:
        """A backup: what is written later leaves it unchanged."""
        other = copy(self)
        other.chains, other.rows, other._by_subject = self._all()
        other.files, other.fuse = dict(self.files), -1
        return other


def signer_of(seed: int, side: str) -> Signer:
    """The same key for a side each time a seed runs."""
    return Signer(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}:{side}".encode()).digest()))


@dataclass
class Node:
    """One installation. `known` is what it remembers of the others' receipts until the power goes.

    `unread` are the kinds of event that its version does not know; `outside`, a list of erasures, and `n_restores` are
    kept away from it, `is_honest` whether it runs the product as it is.
    """

    side: str
    signer: Signer
    sides: Sequence[str]
    log: FaultyLog
    scopes: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    is_honest: bool = True
    is_acting: bool = True
    is_up: bool = True
    asks: int = 0
    n_restores: int = 0
    days_off: int = 0
    hours: int = 0
    known: dict[str, Mapping[str, Head]] = field(default_factory=dict)
    backup: FaultyLog | None = None
    outside: list[tuple[str, str, str]] = field(default_factory=list)
    unsure: events.Event | None = None

    @property
    def is_restoring(self) -> bool:
        return bool(self.asks)

    @property
    def signers(self) -> dict[str, Signer]:
        """A node that waits for its own chain writes nothing, so it has no key."""
        return {} if self.is_restoring else {self.side: self.signer}

    @property
    def now(self) -> datetime:
        return _MOMENT + timedelta(days=self.days_off, hours=self.hours)

    @property
    def today(self) -> date:
        return self.now.date()

    def begin(self) -> None:
        published = events.AgreementPublished(
            subject="agreement/simulated", on=DAY, log=self.log.name, sides=tuple(self.sides)
        )
        record.open_chain(self.log, self.signers, published, self.now)

    def append(self, event: events.Event) -> str:
        """Put an event on record as a person of this side who has looked at the calendar."""
        said = [(self.side, event)]
        [commit] = record.append(self.log, self.signers, said, recorded_at=self.now, sides=self.sides, today=self.today)
        return commit

    def receive(self, came: exchange.Bundle, keys: Mapping[str, Sequence[str]]) -> None:
        moment, key = self.now, self.signers
        exchange.receive(self.log, key, came, keys=keys, recorded_at=moment, sides=self.sides, asked=self.asks)
        self.known[came.side] = came.heads

    def start(self) -> None:
        self.is_up, self.known = True, {}
        exchange.resume(self.log, self.signers, recorded_at=self.now, sides=self.sides)

    def bundle(self, other: Node) -> exchange.Bundle:
        known, scopes = self.known.get(other.side, {}), other.scopes
        return exchange.bundle(self.log, self.signer, self.side, other.side, known, scopes=scopes, asks=self.asks)

    def reopen(self) -> None:
        """Go on in a new epoch, and erase first what the list outside says was erased."""
        key = {self.side: self.signer}
        exchange.reopen(self.log, key, self.side, self.asks, recorded_at=self.now, sides=self.sides)
        held = {one.entry.commit for chain in self.log.heads() for one in self.log.entries(chain)}
        for subject, commit, label in self.outside:
            if commit in held:
                said = [(self.side, self.erased(subject, commit, label))]
                record.append(self.log, key, said, recorded_at=self.now, sides=self.sides)
        self.asks = 0

    def erased(self, subject: str, commit: str, label: str) -> events.Erased:
        return events.Erased(subject=subject, on=self.today, commit=commit, label=label, ground="consent")

    @contextmanager
    def version(self) -> Iterator[None]:
        """Inside, the kinds of event are those that this node's version knows."""
        every = events.EVENTS
        events.EVENTS = {name: kind for name, kind in every.items() if name not in self.unread}
        try:
            yield
        finally:
            events.EVENTS = every
