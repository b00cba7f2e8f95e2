"""Nodes of some sides that hand each other bundles: for tests of the exchange that say themselves what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from duijie.errors import InputError, SealError
from duijie.ledger import events, exchange, record
from duijie.ledger.events import FileRef
from duijie.ledger.exchange import Bundle
from duijie.ledger.kinds import case_kind
from duijie.ledger.log import Indexed, MemoryLog
from duijie.ledger.package import pack, unpack
from duijie.ledger.seal import Chain, Entry, Head, Signer
from duijie.ledger.verify import verify

__all__ = ["DAY", "MOMENT", "Nodes", "held", "tables", "three_sides", "two_sides"]

DAY = date(2025, 3, 1)
MOMENT = datetime(2025, 3, 1, 8, tzinfo=UTC)
Tables = dict[str, dict[str, list[dict[str, Any]]]]


def as_file(made: Bundle) -> Bundle:
    """A bundle after its way as a file: the same, whatever it holds."""
    try:
        found = unpack(pack(made))
    except (InputError, UnicodeDecodeError):  # what could be no file is refused as a bundle all the same
        return made
    assert found == made or not all(one.is_whole for one in made.entries)
    return found


def tables(log: MemoryLog) -> Tables:
    """Every row by table and subject, but for subjects without any."""
    found = {name: {key: rows for key, rows in kept.items() if rows} for name, kept in log.rows.items()}
    return {name: kept for name, kept in found.items() if kept}


def held(log: MemoryLog) -> tuple[dict[Chain, list[Indexed]], Tables, dict[str, bytes]]:
    """All that a node holds, to be compared with what it holds afterwards."""
    return {chain: list(log.entries(chain)) for chain in log.heads()}, deepcopy(tables(log)), dict(log.files)


@dataclass
class Nodes:
    """A node a side. `asks` are the numbers of restores that wait for answers; such a node has no key."""

    sides: Sequence[str] = ("north", "south")
    logs: dict[str, MemoryLog] = field(default_factory=dict)
    signers: dict[str, Signer] = field(default_factory=dict)
    asks: dict[str, int] = field(default_factory=dict)
    n: int = 0

    def __post_init__(self) -> None:
        for side in self.sides:
            self.logs[side], self.signers[side] = MemoryLog("life"), Signer.new()
            about = {"subject": "agreement/life", "on": DAY, "log": "life", "sides": tuple(self.sides)}
            record.open_chain(self.logs[side], self.own(side), events.AgreementPublished(**about), MOMENT)

    def own(self, side: str) -> dict[str, Signer]:
        return {} if self.asks.get(side) else {side: self.signers[side]}

    @property
    def keys(self) -> dict[str, list[str]]:
        return {side: [signer.public_key] for side, signer in self.signers.items()}

    def now(self) -> dict[str, Any]:
        self.n += 1
        return {"recorded_at": MOMENT + timedelta(minutes=self.n), "sides": self.sides}

    # What people do

    def say(self, side: str, event: events.Event) -> str:
        [commit] = record.append(self.logs[side], self.own(side), [(side, event)], **self.now())
        return commit

    def open_case(self, key: str = "c", other: str = "south", **words: str) -> str:
        """A lead of the north; `words` are typed freely."""
        kind = case_kind("investment-lead")
        about = {"subject": f"case/{key}", "on": DAY, "began_on": DAY, "role": "lead_side", "by": "office"}
        about |= {"definition": kind.name, "pinned": kind.pinned, "clause": "leads", "ordering": "north"}
        roles = {"lead_side": "north", "other_side": other}
        return self.say("north", events.CaseOpened(**about, roles=roles, words=words))

    def assess(self, after: str, key: str = "c", text: bytes = b"report") -> str:
        """The next node of such a case, with a paper."""
        paper = FileRef(self.logs["north"].keep(text), len(text), "text/plain", "report")
        about = {"subject": f"case/{key}", "on": DAY, "role": "lead_side", "by": "office"}
        return self.say("north", events.Step(**about, node="assessed", after=after, files=(paper,)))

    def note(self, side: str, text: str, key: str = "c") -> str:
        role = "lead_side" if side == "north" else "other_side"
        about = {"subject": f"case/{key}", "on": DAY, "role": role, "by": "office", "about": "risk"}
        return self.say(side, events.Noted(**about, words={"note": text}))

    def keep(self, act: str, after: str = "", name: str = "microscope", side: str = "north", **about: Any) -> str:
        """An instrument of the north that the other sides read."""
        said = {"readers": ("sides",), "fields": {"name": name}, **about}
        ordering = {"subject": "resource/r", "on": DAY, "ordering": "north"}
        return self.say(side, events.Kept(**ordering, act=act, after=after, **said))

    def submit(self, title: str) -> str:
        fields = {"kind": "supply", "version": 1, "role": "need", "party": "mill", "payload.title": title}
        about = {"subject": "listing/n", "on": DAY, "by": "mill"}
        return self.say("north", events.Submitted(**about, definition="supply@1", fields=fields))

    def release(self, of: str, visibility: str = "both") -> str:
        return self.say("north", events.Released(subject="listing/n", on=DAY, of=of, visibility=visibility))

    def erase(self, side: str, subject: str, commit: str) -> str:
        about = {"subject": subject, "on": DAY, "commit": commit, "label": "matched/words", "ground": "consent"}
        return self.say(side, events.Erased(**about))

    # What nodes do

    def made(self, side: str, to: str, known: Mapping[str, Head] | None = None) -> Bundle:
        asks = self.asks.get(side, 0)
        return exchange.bundle(self.logs[side], self.signers[side], side, to, known or {}, asks=asks)

    def signed(self, made: Bundle, **changes: Any) -> Bundle:
        """A bundle that its own sender changed before it signed."""
        made = replace(made, **changes)
        return replace(made, signature=self.signers[made.side].sign(made.digest))

    def take(self, side: str, came: Bundle) -> set[str]:
        log, own = self.logs[side], self.own(side)
        asked, came = self.asks.get(side, 0), as_file(came)
        return exchange.receive(log, own, came, keys=self.keys, asked=asked, **self.now())

    def send(self, side: str, to: str) -> Bundle:
        """Hand over what there is, and let it be taken in."""
        made = self.made(side, to)
        self.take(to, made)
        return made

    def exchange(self) -> None:
        """Everything reaches everybody and is taken up."""
        for _ in range(2):
            for side in self.sides:
                for to in self.sides:
                    if side != to:
                        self.send(side, to)

    def refuses(self, side: str, came: Bundle) -> str:
        """The code with which a node refuses a bundle."""
        with pytest.raises(SealError) as caught:
            self.take(side, came)
        return caught.value.code

    # Backups

    def backup(self, side: str) -> MemoryLog:
        log = self.logs[side]
        chains, rows, by_subject = log._all()
        return MemoryLog(log.name, chains, rows, dict(log.files), by_subject)

    def restore(self, side: str, backup: MemoryLog, number: int = 1) -> None:
        """The node starts from a backup, and asks."""
        self.logs[side], self.asks[side] = backup, number

    def reopen(self, side: str) -> None:
        own = {side: self.signers[side]}
        exchange.reopen(self.logs[side], own, side, self.asks[side], **self.now())
        self.asks.pop(side)

    # What is read

    def verifies(self, side: str) -> bool:
        """Whether the record of a side is whole: its own words are all there, the others' may be withheld."""
        log = self.logs[side]
        return verify(log, record.definitions_of(log), whole=[side]).faults == ()

    def chain(self, at: str, side: str) -> list[Entry]:
        return [one.entry for one in self.logs[at].entries(Chain(side))]

    def row(self, at: str, table: str, subject: str) -> dict[str, Any] | None:
        rows = self.logs[at].rows[table].get(subject, [])
        return rows[0] if rows else None

    def texts(self, at: str) -> bytes:
        """All bytes that a node holds of entries and files."""
        log = self.logs[at]
        entries = [one.entry for chain in log.heads() for one in log.entries(chain)]
        parts = [part.data or b"" for entry in entries for part in entry.parts]
        return b"\n".join([*parts, *log.files.values()])

    def said(self, at: str, side: str, kind: type[events.Event]) -> list[events.Event]:
        """The events of a kind on a side's chain, as a node holds it."""
        return [one.event for one in self.logs[at].entries(Chain(side)) if isinstance(one.event, kind)]


def two_sides() -> Nodes:
    """Two sides that have heard of each other, and a case between them."""
    made = Nodes()
    made.open_case(title_zh="招商线索")
    made.exchange()
    return made


def three_sides() -> Nodes:
    """Three sides, a case between the first two."""
    made = Nodes(("north", "south", "east"))
    made.open_case()
    made.exchange()
    return made
