"""What a rehearsal consists of, and its file: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duijie.terms import Bilingual, Listing, Party, Step
from duijie.track.conference import Conference, Decision, Practice
from duijie.track.docking import Ticket
from duijie.track.lifecycle import Amendment
from duijie.track.records import TYPES, encode, read_lines
from duijie.track.trajectory import Target
from duijie.track.workflow import Move

__all__ = ["Case", "Certificate", "EvidenceText", "Records", "Visit", "read_records"]


@dataclass(frozen=True, slots=True)
class Case:
    """One need on its way: the listings and parties it joins; where it stands is a fold of its steps.

    `kind`, `need` and `offer` are empty where the clause has no kind of match or no offer was found yet.
    """

    id: str
    clause: str
    title: Bilingual
    opened_on: str
    side: str
    parties: tuple[str, ...]
    kind: str = ""
    need: str = ""
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One side visits another for a clause: `side` travels, `host` receives, `hosts` are the parties seen."""

    id: str
    clause: str
    side: str
    host: str
    on: str
    until: str
    purpose: Bilingual
    hosts: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A paper issued to a party of a case: in force until `valid_until`, unless withdrawn for a structured reason."""

    id: str
    clause: str
    case: str
    party: str
    side: str
    issued_on: str
    valid_until: str
    sha256: str
    withdrawn_on: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """The invented document behind a hash: `text` in UTF-8 has the SHA-256 `sha256`."""

    sha256: str
    kind: str
    name: str
    text: str


@dataclass(frozen=True)
class Records:
    """The whole life of an agreement as one side's and the other's records, in the order of their dates."""

    agreement: str
    title: Bilingual
    banner: Bilingual
    seed: int
    as_of: str
    parties: tuple[Party, ...] = ()
    listings: tuple[Listing, ...] = ()
    cases: tuple[Case, ...] = ()
    steps: tuple[Step, ...] = ()
    actions: tuple[Move, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    conferences: tuple[Conference, ...] = ()
    decisions: tuple[Decision, ...] = ()
    targets: tuple[Target, ...] = ()
    visits: tuple[Visit, ...] = ()
    practices: tuple[Practice, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    evidence: tuple[EvidenceText, ...] = field(default=(), repr=False)

    def lines(self) -> Iterator[str]:
        """The records as lines of JSON; the first says whose rehearsal this is and carries the banner."""
        head = {
            "type": "rehearsal",
            "agreement": self.agreement,
            "title": self.title.to_dict(),
            "banner": self.banner.to_dict(),
            "is_rehearsal": True,
            "seed": self.seed,
            "as_of": self.as_of,
        }
        yield json.dumps(head, ensure_ascii=False)
        for kind, name in _NAMES.items():
            for record in getattr(self, name):
                yield encode(kind, record)

    def write(self, path: Path) -> Path:
        """Write the records to `path` (a folder gets ``records.jsonl``); the same records give the same bytes."""
        target = path / "records.jsonl" if path.is_dir() else path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f"{line}\n" for line in self.lines()), encoding="utf-8")
        return target

    def tracked(self) -> dict[str, Any]:
        """The keyword arguments with which ``track.progress`` folds this life."""
        names = ("steps", "actions", "tickets", "decisions", "targets", "amendments", "listings")
        return {name: getattr(self, name) for name in names}


_NAMES: Mapping[str, str] = {
    "party": "parties",
    "listing": "listings",
    "case": "cases",
    "step": "steps",
    "action": "actions",
    "ticket": "tickets",
    "conference": "conferences",
    "decision": "decisions",
    "target": "targets",
    "visit": "visits",
    "practice": "practices",
    "certificate": "certificates",
    "amendment": "amendments",
    "evidence": "evidence",
}
_TYPES: Mapping[str, type] = {
    **TYPES,
    "case": Case,
    "visit": Visit,
    "certificate": Certificate,
    "evidence": EvidenceText,
}


def read_records(path: Path) -> Records:
    """The records of a file that :meth:`Records.write` made.

    Raises
    ------
    InputError
        The file is absent or has lines that are no records.
    """
    found = read_lines(path, _TYPES)
    with path.open(encoding="utf-8") as handle:
        head = json.loads(handle.readline())
    named: dict[str, Any] = {name: found[kind] for kind, name in _NAMES.items()}
    named.update({name: head[name] for name in ("agreement", "seed", "as_of")})
    return Records(title=Bilingual(**head["title"]), banner=Bilingual(**head["banner"]), **named)
