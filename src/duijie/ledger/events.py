"""What can happen: every kind of event as a frozen type with all its values; nothing is looked up later.

An event's `subject` is ``sort/id``: what it is about. `role` is the role in which its author speaks, `by` the
department or party that speaks, `behalf` the party it speaks for. `words` are what people typed freely, and everything
about a natural person: they lie in parts of their own and can be erased. Amounts are decimal texts with a unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from duijie.errors import SealError

__all__ = [
    "EVENTS",
    "INNER_CASE",
    "AgreementPublished",
    "Amount",
    "Arranged",
    "CaseOpened",
    "Cleared",
    "Confirmed",
    "Contradicted",
    "Corrected",
    "Declined",
    "EpochClosed",
    "Erased",
    "Event",
    "FileDestroyed",
    "FileRef",
    "Kept",
    "KeySet",
    "Noted",
    "Reconsidered",
    "Released",
    "Retired",
    "Returned",
    "Revised",
    "SentBack",
    "Step",
    "Submitted",
    "Took",
    "Unknown",
    "Verified",
    "Withdrawn",
    "decode",
    "encode",
    "schema",
]

FIRST, LAST = date(1949, 1, 1), date(2100, 12, 31)
# What a review, a declined suggestion and a side's own desk say stays at home, and so does whatever is said of them.
_INNER_SORTS = frozenset({"review", "pair", "desk"})
INNER_CASE = "inner."
"""What the key of a case begins with that is its own side's alone, from its opening to its end: a visit to a firm."""
_HASH = re.compile(r"[0-9a-f]{64}")
# Who reads the free words of an event: the stage that must be reached. A person's name never leaves its side.
_WORDS = {"who": "own"}
PERSON = "person:"
"""What the words of an event that name an account of this home begin with: they never leave its side either."""


class FileRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that goes with an event: its SHA-256, size in bytes, media type and the kind of evidence it is."""

    sha256: str
    n_bytes: int
    type: str
    evidence: str = ""

    def __post_init__(self) -> None:
        # The hash becomes the name under which the file is looked for.
        if not _HASH.fullmatch(self.sha256) or self.n_bytes < 0:
            raise ValueError(f"file {self.sha256[:80]!r}, {self.n_bytes} bytes")


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An exact amount; two amounts of different units are never added."""

    value: Decimal
    unit: str

    def __post_init__(self) -> None:
        if not self.value.is_finite():
            raise ValueError("amount is not finite")


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every event says."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    sorts: ClassVar[tuple[str, ...]] = ()  # the sorts of subject it can be about; none named: any
    days: ClassVar[tuple[str, ...]] = ("on",)
    subject: str
    on: date
    role: str = ""
    by: str = ""
    behalf: str = ""
    files: tuple[FileRef, ...] = ()
    words: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.sorts and self.sort not in self.sorts:
            raise ValueError(f"{self.kind} is not about {self.subject[:80]!r}")
        for name in self.days:
            day = getattr(self, name)
            if day is not None and not FIRST <= day <= LAST:
                raise ValueError(f"{name} {day} is not from {FIRST} to {LAST}")

    @property
    def sort(self) -> str:
        return self.subject.partition("/")[0]

    @property
    def id(self) -> str:
        return self.subject.partition("/")[2]

    @property
    def is_inner(self) -> bool:
        """Whether it stands on the chain that never leaves its side."""
        return self.sort in _INNER_SORTS or self.subject.startswith(f"case/{INNER_CASE}")


class AgreementPublished(Event, frozen=True, kw_only=True):
    """The folder of an agreement as it stands: the hashes of its deciding files, its sides, the name of its log."""

    kind: ClassVar[str] = "agreement.published"
    sorts: ClassVar[tuple[str, ...]] = ("agreement",)
    log: str
    sides: tuple[str, ...]


class KeySet(Event, frozen=True, kw_only=True):
    """The key with which a side signs from here on."""

    kind: ClassVar[str] = "key.set"
    sorts: ClassVar[tuple[str, ...]] = ("key",)
    suite: str
    public_key: str


class Took(Event, frozen=True, kw_only=True):
    """The author takes up what other sides wrote: the heads it has now seen stand in the entry's header."""

    kind: ClassVar[str] = "took"
    sorts: ClassVar[tuple[str, ...]] = ("took",)


class EpochClosed(Event, frozen=True, kw_only=True):
    """The author hands a side its own chain back: an epoch of it ends here, and later mail of it is void.

    `asked` is the number of the restore that asked for it.
    """

    kind: ClassVar[str] = "epoch.closed"
    sorts: ClassVar[tuple[str, ...]] = ("epoch",)
    epoch: int
    seq: int
    digest: str
    asked: int


class Contradicted(Event, frozen=True, kw_only=True):
    """Entries of a side that contradict what is held of it, kept as proof: a number given twice, or a closed epoch.

    `headers` go on from one another, `signature` stands over the last.
    """

    kind: ClassVar[str] = "contradicted"
    sorts: ClassVar[tuple[str, ...]] = ("epoch",)
    headers: tuple[str, ...]
    signature: str


class Submitted(Event, frozen=True, kw_only=True):
    """A party or a listing is put on record for the first time, with its whole value."""

    kind: ClassVar[str] = "submitted"
    sorts: ClassVar[tuple[str, ...]] = ("listing", "party")
    definition: str
    fields: dict[str, Any]


class Revised(Event, frozen=True, kw_only=True):
    """The whole new value of a party or a listing; the other side goes on reading the one released before."""

    kind: ClassVar[str] = "revised"
    sorts: ClassVar[tuple[str, ...]] = ("listing", "party")
    definition: str
    fields: dict[str, Any]


class Verified(Event, frozen=True, kw_only=True):
    """The side of a party vouches that it is who it says."""

    kind: ClassVar[str] = "verified"
    sorts: ClassVar[tuple[str, ...]] = ("listing", "party")


class Released(Event, frozen=True, kw_only=True):
    """A revision (by its id, `of`) is opened, as far as `visibility` says."""

    kind: ClassVar[str] = "released"
    sorts: ClassVar[tuple[str, ...]] = ("listing", "party")
    of: str
    visibility: str


class Retired(Event, frozen=True, kw_only=True):
    """A party's listing is taken back by its owner; what came of it stays."""

    kind: ClassVar[str] = "retired"
    sorts: ClassVar[tuple[str, ...]] = ("listing", "party")


class CaseOpened(Event, frozen=True, kw_only=True):
    """A case is opened; it knows need, offer, clause and parties from birth.

    `definition` is ``kind@version`` and `pinned` the hash of that definition, which the case keeps for life;
    `ordering` is the side whose chain orders the case; `roles` binds the definition's roles to sides and parties;
    `began_on` is the day its first node counts from.
    """

    kind: ClassVar[str] = "case.opened"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    days: ClassVar[tuple[str, ...]] = ("on", "began_on", "due_on")
    definition: str
    pinned: str
    clause: str
    ordering: str
    roles: dict[str, str]
    began_on: date
    need: str = ""
    need_revision: str = ""
    offer: str = ""
    offer_revision: str = ""
    parent: str = ""
    due_on: date | None = None
    fields: dict[str, Any] = {}

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _HASH.fullmatch(self.pinned):
            raise ValueError(f"pinned {self.pinned[:80]!r}")


class Step(Event, frozen=True, kw_only=True):
    """A case reaches a node; `after` names the event that last moved it, as its author saw it."""

    kind: ClassVar[str] = "step"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    days: ClassVar[tuple[str, ...]] = ("on", "due_on")
    node: str
    after: str
    amount: Amount | None = None
    reason: str = ""
    period: str = ""
    due_on: date | None = None
    fields: dict[str, Any] = {}


class Noted(Event, frozen=True, kw_only=True):
    """Something said of a case that does not move it: a milestone reached (`milestone` names it), a problem, a risk.

    `about` is ``milestone`` or one of the kind's notes.
    """

    kind: ClassVar[str] = "noted"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    about: str
    milestone: str = ""


class Confirmed(Event, frozen=True, kw_only=True):
    """The author's role agrees with a step or a correction, named by its id."""

    kind: ClassVar[str] = "confirmed"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    target: str


class Returned(Event, frozen=True, kw_only=True):
    """The author's role sends a step back for a reason."""

    kind: ClassVar[str] = "returned"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    target: str
    reason: str = ""


class Withdrawn(Event, frozen=True, kw_only=True):
    """The author takes its own last step back."""

    kind: ClassVar[str] = "withdrawn"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    target: str


class Corrected(Event, frozen=True, kw_only=True):
    """What a confirmed step should say; it takes effect when the others confirm it."""

    kind: ClassVar[str] = "corrected"
    sorts: ClassVar[tuple[str, ...]] = ("case",)
    days: ClassVar[tuple[str, ...]] = ("on", "happened_on")
    target: str
    amount: Amount | None = None
    happened_on: date | None = None


class Erased(Event, frozen=True, kw_only=True):
    """A part of an event (its id and label) is erased, on a ground."""

    kind: ClassVar[str] = "erased"
    commit: str
    label: str
    ground: str


class FileDestroyed(Event, frozen=True, kw_only=True):
    """A file is lawfully destroyed."""

    kind: ClassVar[str] = "file.destroyed"
    sha256: str
    ground: str
    basis: str = ""


class Cleared(Event, frozen=True, kw_only=True):
    """Inner: a revision passed its own side's review (保密审查)."""

    kind: ClassVar[str] = "cleared"
    sorts: ClassVar[tuple[str, ...]] = ("review",)
    of: str


class SentBack(Event, frozen=True, kw_only=True):
    """Inner: a revision is sent back to its author at the own side's review."""

    kind: ClassVar[str] = "sent_back"
    sorts: ClassVar[tuple[str, ...]] = ("review",)
    of: str


class Declined(Event, frozen=True, kw_only=True):
    """Inner: a suggestion is declined with a reason before anybody of the other side took it up."""

    kind: ClassVar[str] = "declined"
    sorts: ClassVar[tuple[str, ...]] = ("pair",)
    need: str
    offer: str
    reason: str


class Reconsidered(Event, frozen=True, kw_only=True):
    """Inner: a declined suggestion is looked at again."""

    kind: ClassVar[str] = "reconsidered"
    sorts: ClassVar[tuple[str, ...]] = ("pair",)


class Arranged(Event, frozen=True, kw_only=True):
    """Inner: how the people of a side go on with something: who is reminded, who takes it over, until when.

    `what` is one of the side's inner acts; `asks` what it asks of the departments and persons it is addressed to
    (``handle``, ``carry_out``, ``read``; empty: nothing). `item` is the to-do it is about, `answers` the act it answers
    or ends. Persons lie in words: ``person:to`` holds the user names it is addressed to, ``person:for`` the one whose
    work it is.
    """

    kind: ClassVar[str] = "arranged"
    sorts: ClassVar[tuple[str, ...]] = ("desk",)
    days: ClassVar[tuple[str, ...]] = ("on", "from_on", "due_on")
    what: str
    asks: str = ""
    item: str = ""
    answers: str = ""
    departments: tuple[str, ...] = ()
    from_on: date | None = None
    due_on: date | None = None

    def people(self, name: str = "to") -> tuple[str, ...]:
        """The user names of a word about persons; none where it was erased."""
        return tuple(self.words.get(f"{PERSON}{name}", "").split())


class Kept(Event, frozen=True, kw_only=True):
    """The whole value of anything else a side keeps – an exchange day, a series – as one act left it.

    `ordering` is the side whose chain orders it, `writers` the other sides that may change it, `readers` the scopes
    that read it beside its own side. `after` is the event that last changed it, as the author saw it; empty for the
    first. `act` says what was done, `is_gone` that there is nothing any more.
    """

    kind: ClassVar[str] = "kept"
    act: str
    ordering: str
    fields: dict[str, Any]
    after: str = ""
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    is_gone: bool = False


class Unknown(Event, frozen=True, kw_only=True):
    """An event of a kind or version this node does not know: kept, passed on, pending."""

    kind: ClassVar[str] = "unknown"
    name: str = ""


EVENTS: Mapping[str, type[Event]] = {
    one.kind: one
    for one in (
        AgreementPublished, KeySet, EpochClosed, Contradicted, Took, Submitted, Revised, Verified, Released, Retired,
        CaseOpened, Step, Confirmed, Noted, Returned, Withdrawn, Corrected, Erased, FileDestroyed, Cleared, SentBack,
        Declined, Reconsidered, Arranged, Kept,
    )
}  # fmt: skip

Stage = str
Split = Mapping[str, str]
"""The label of the part that each field of a party or a listing goes into."""


def encode(event: Event, recorded_at: datetime, split: Split | None = None) -> dict[str, bytes]:
    """The parts of an event by label: ``base`` first, then its fields by stage, then its words.

    Parameters
    ----------
    event
        What happened.
    recorded_at
        The moment it is recorded, aware.
    split
        For a party or a listing: the label of each field. A field that is not named goes with what its own side reads.
    """
    body = msgspec.to_builtins(event)
    fields, words = body.pop("fields", {}), body.pop("words", {})
    head = {"kind": event.kind, "v": event.version, "recorded_at": recorded_at.isoformat()}
    parts: dict[str, dict[str, Any]] = {"base": {**head, **body}}
    for name, value in fields.items():
        parts.setdefault((split or {}).get(name, "own"), {})[name] = value
    for name, value in words.items():
        if value:
            stage = "own" if name.startswith(PERSON) else _WORDS.get(name, "matched")
            parts.setdefault(f"{stage}/words", {}).setdefault("words", {})[name] = value
    return {label: msgspec.json.encode(part) for label, part in parts.items()}


def decode(parts: Mapping[str, bytes]) -> tuple[Event, datetime]:
    """The event that parts say, as far as they are here, and when it was recorded.

    Raises
    ------
    SealError
        ``base`` is not here, or does not fit the type of its kind.
    """
    try:
        body = msgspec.json.decode(parts["base"])
        kind, version = body.pop("kind"), body.pop("v")
        recorded_at = datetime.fromisoformat(body.pop("recorded_at"))
        if recorded_at.tzinfo is None:
            raise ValueError("recorded_at has no time zone")
        found = EVENTS.get(kind)
        if found is None or version != found.version:
            return Unknown(subject=body["subject"], on=date.fromisoformat(body["on"]), name=kind), recorded_at
        fields: dict[str, Any] = {}
        words: dict[str, str] = {}
        for label, data in parts.items():
            if label != "base":
                said = msgspec.json.decode(data)
                words |= said.pop("words", {}) if label.endswith("/words") else {}
                fields |= said
        if "fields" in found.__struct_fields__:
            body["fields"] = fields
        return msgspec.convert({**body, "words": words}, found), recorded_at
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError) as error:
        raise SealError("seal_line_broken", {"problem": str(error)[:120]}) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of every kind of event, made from the types."""
    _, found = msgspec.json.schema_components(list(EVENTS.values()))
    return found
