"""The one way in: events are judged, sealed, kept and folded in one step; and taken in from elsewhere."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import msgspec

from duijie.errors import Fault, InputError, SealError

from . import events
from .fold import Definitions, Folded, fold, fold_case
from .guards import at_entry, judge, opening_faults
from .kinds import CaseKind, case_kinds, from_document, split_of
from .log import Indexed, Log, reviewed, stream_of
from .seal import GENESIS, SUITE, Chain, Entry, Head, Part, Signer, seal, sealed_part, signed
from .state import COUNTS, Act, CaseState, Judgement, Placed, opening_of

__all__ = [
    "append",
    "apply",
    "begin_epoch",
    "definitions_of",
    "erasures",
    "fold_of",
    "open_chain",
    "rebuild",
    "take_up",
    "why_not",
]

_SELF_ORDERED = frozenset({"case"})


def definitions_of(log: Log) -> Definitions:
    """Kinds of case by hash: those that ship, and those a case was opened with before."""
    built_in = {one.pinned: one for one in case_kinds().values()}

    def find(pinned: str) -> CaseKind | None:
        if pinned not in built_in:
            content = log.file(pinned)
            if content is None or hashlib.sha256(content).hexdigest() != pinned:
                return None
            built_in[pinned] = from_document(msgspec.json.decode(content))
        return built_in[pinned]

    return find


@dataclass
class _Book:
    """What one transaction writes: entries not kept yet stand beside what the store holds."""

    log: Log
    signers: Mapping[str, Signer]
    recorded_at: datetime
    heads: dict[Chain, Head]
    sides: tuple[str, ...]
    definitions: Definitions
    streams: dict[str, list[Placed]] = field(default_factory=dict)
    written: list[Indexed] = field(default_factory=list)
    unplaced: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    took: dict[tuple[str, str], tuple[Head, tuple[int, int]]] = field(default_factory=dict)

    def load(self, subjects: Iterable[str]) -> None:
        wanted = {one for subject in subjects for one in (subject, reviewed(subject)) if one}
        found = self.log.streams(wanted - set(self.streams))
        self.streams |= {one: self._taken(stream) for one, stream in found.items()}

    def stream(self, subject: str) -> list[Placed]:
        if subject not in self.streams:
            self.load([subject])
        return self.streams[subject]

    def ordering(self, event: events.Event, side: str) -> str:
        """The side whose chain orders the subject of an event; empty where its opening is not here."""
        if isinstance(event, events.CaseOpened | events.Kept):
            return event.ordering
        if event.sort not in _SELF_ORDERED:
            return side
        opening = opening_of(self.stream(event.subject))
        return getattr(opening.event, "ordering", "") if opening else ""

    def known(self, event: events.Event, side: str) -> str:
        """The id of the same word said before: a double press, a retry; empty where it is new.

        A word on a case names what it follows. One on a party, a listing or a review does not: there only the last
        word can be the same one, since a listing may be closed and opened again.
        """
        own = [one for one in self.stream(event.subject) if one.side == side]
        if event.sort not in _SELF_ORDERED and not isinstance(event, events.Submitted):
            own = sorted(own, key=lambda one: (one.epoch, one.seq))[-1:]
        said = msgspec.to_builtins(event)
        same = (one for one in own if type(one.event) is type(event) and _is_same(said, one.event))
        return next((one.commit for one in same), "")

    def write(self, event: events.Event, side: str) -> str:
        chain, ordering = Chain(side, event.is_inner), self.ordering(event, side)
        entry = seal(self.log.name, chain, self._head(chain), self._seen(chain), _parts(event, self.recorded_at))
        place = self._place(entry, chain, ordering)
        one = Indexed(entry, event, self.recorded_at, ordering, place)
        self.heads[chain] = entry.head
        if not chain.is_inner:
            self._see(entry)
        if place is None:
            self.unplaced[side, ordering].append(len(self.written))
        self.written.append(one)
        self.stream(event.subject).append(one.placed)
        return entry.commit

    def _head(self, chain: Chain) -> Head:
        return self.heads.get(chain, Head(1, 0, GENESIS))

    def _seen(self, chain: Chain) -> dict[str, Head]:
        """A shared entry names the heads of the other sides, an inner one its own side's shared head."""
        others = [chain.side] if chain.is_inner else [side for side in self.sides if side != chain.side]
        return {side: self.heads[Chain(side)] for side in others if Chain(side) in self.heads}

    def _place(self, entry: Entry, chain: Chain, ordering: str) -> tuple[int, int] | None:
        if chain.is_inner:
            own = self.heads.get(Chain(chain.side), Head(1, 0, GENESIS))
            return (own.epoch, own.seq)
        return (entry.head.epoch, entry.head.seq) if chain.side == ordering else None

    def _see(self, entry: Entry) -> None:
        """What others wrote on this side's subjects takes its place where this entry saw it."""
        ordering, place = entry.chain.side, (entry.head.epoch, entry.head.seq)
        for author, head in entry.seen.items():
            is_first = self.took.setdefault((ordering, author), (head, place)) == (head, place)
            for at in self.unplaced.pop((author, ordering), ()):
                self.written[at] = replace(self.written[at], place=place)
                self._put(self.written[at])
            if is_first:
                self.streams = {one: self._taken(stream) for one, stream in self.streams.items()}

    def _taken(self, stream: list[Placed]) -> list[Placed]:
        """Events that were kept without a place, as this transaction takes them up."""
        if all(one.place is not None for one in stream):
            return stream
        opening = opening_of(stream)
        ordering = getattr(opening.event, "ordering", "") if opening else ""

        def taken(one: Placed) -> Placed:
            seen = self.took.get((ordering, one.side))
            if one.place is not None or seen is None or (one.epoch, one.seq) > (seen[0].epoch, seen[0].seq):
                return one
            return replace(one, place=seen[1])

        return [taken(one) for one in stream]

    def _put(self, one: Indexed) -> None:
        stream = self.stream(one.event.subject)
        stream[:] = [one.placed if old.commit == one.entry.commit else old for old in stream]

    def take_up(self, on: date, waiting: Iterable[str] = ()) -> None:
        """Hosted ordering sides take up what the others wrote, in the same transaction."""
        for ordering in sorted({*waiting, *(side for _, side in self.unplaced)} & set(self.signers)):
            self.write(events.Took(subject=f"took/{ordering}", on=on), ordering)

    def keep(self) -> set[str]:
        """Sign the last entry of each chain and keep them all; the subjects touched."""
        last = {one.entry.chain: at for at, one in enumerate(self.written)}
        for chain, at in last.items():
            one = self.written[at]
            self.written[at] = replace(one, entry=signed(one.entry, self.signers[chain.side]))
        touched = {one.event.subject for one in self.written}
        self.log.add(self.written)
        for (ordering, author), (head, place) in self.took.items():
            touched |= self.log.take_up(ordering, author, head, place)
        return touched


def _is_same(said: Mapping[str, object], other: events.Event) -> bool:
    """Whether two events say the same; a subject is submitted and opened once, under the key its form minted."""
    if isinstance(other, events.Submitted | events.CaseOpened):
        return True
    theirs = msgspec.to_builtins(other)
    # A second press may come after midnight; only the day of a step is what its author typed.
    ignored = {"words", "due_on"} if isinstance(other, events.Step) else {"words", "due_on", "on"}
    if isinstance(other, events.Kept):
        ignored = {"on"}
    if isinstance(other, events.Noted | events.Arranged):
        ignored = set()  # the same may be noted again on another day, and other words are another note
    return all(said.get(key) == theirs.get(key) for key in {*said, *theirs} - ignored)


def _parts(event: events.Event, recorded_at: datetime) -> list[Part]:
    fields = getattr(event, "fields", {})
    is_person = bool(fields.get("is_person")) or (event.sort == "party" and fields.get("kind") == "talent")
    # A case and what is kept beside have no stages: who reads them at all reads their values.
    is_staged = event.sort in ("listing", "party")
    split = split_of(event.sort, fields, is_person=is_person) if is_staged else dict.fromkeys(fields, "matched")
    return [sealed_part(label, data) for label, data in events.encode(event, recorded_at, split).items()]


def open_chain(log: Log, signers: Mapping[str, Signer], published: events.AgreementPublished, now: datetime) -> None:
    """Begin the chains of the sides whose keys are here: each opens with the key that signs it.

    Nothing happens for a chain that has begun.
    """
    begun = log.heads()
    new = [side for side in published.sides if side in signers and Chain(side) not in begun]
    said: list[tuple[str, events.Event]] = []
    for side in new:
        public = signers[side].public_key
        said.append((side, events.KeySet(subject=f"key/{side}", on=published.on, suite=SUITE, public_key=public)))
    if new and not begun:
        said.append((new[0], published))
    if said:
        append(log, signers, said, recorded_at=now, sides=published.sides)


def begin_epoch(
    log: Log, signers: Mapping[str, Signer], side: str, epoch: int, *, recorded_at: datetime, sides: Sequence[str]
) -> None:
    """Go on with a chain in a new epoch, which opens with the key that signs it."""
    with log.lock():
        book = _book(log, signers, recorded_at, sides)
        book.heads[Chain(side)] = book.heads[Chain(side)]._replace(epoch=epoch)
        public = signers[side].public_key
        book.write(
            events.KeySet(subject=f"key/{side}", on=book.recorded_at.date(), suite=SUITE, public_key=public), side
        )
        apply(log, book.keep(), book.definitions)


def append(
    log: Log,
    signers: Mapping[str, Signer],
    said: Sequence[tuple[str, events.Event]],
    *,
    recorded_at: datetime,
    sides: Sequence[str],
    today: date | None = None,
) -> list[str]:
    """Put events on record, all or none, and fold what they touch.

    Parameters
    ----------
    log
        The log of an agreement.
    signers
        The keys of the sides that are hosted here.
    said
        What happened, each with the side whose chain it goes on; files it names are kept already.
    recorded_at
        Now, aware; a chain's moments never decrease.
    sides
        The codes of all sides of the agreement.
    today
        Given, nothing may have happened after it; a record of the past is entered without.

    Returns
    -------
    list of str
        The id of each event; of one said before, the id it has.

    Raises
    ------
    InputError
        An event breaks a guard; every fault of all events at once.
    SealError
        The key of a side is not here.
    """
    missing = sorted({side for side, _ in said} - set(signers))
    if missing:
        raise SealError("portal_key_elsewhere", {"side": ", ".join(missing)})
    with log.lock():
        book = _book(log, signers, recorded_at, sides)
        book.load({event.subject for _, event in said})
        commits, faults = [], list[Fault]()
        for side, event in said:
            commit = book.known(event, side)
            if not commit:
                wrong = _entry_faults(book, event, side, today)
                faults += wrong
                # What is fine is written though all will be refused: what follows it is not to be faulted for it.
                commit = "" if wrong else book.write(event, side)
            commits.append(commit)
        if faults:
            first = faults[0]
            raise InputError(first.code, first.values, first.where, first.hint, faults[1:])
        if book.written:
            book.take_up(book.recorded_at.date())
            _keep_definitions(book)
            touched = book.keep()
            _forget(book)
            apply(log, touched, book.definitions, book.streams)
        return commits


def _book(log: Log, signers: Mapping[str, Signer], recorded_at: datetime, sides: Sequence[str]) -> _Book:
    latest = log.latest_at(signers)
    moment = max(recorded_at, latest) if latest else recorded_at
    return _Book(log, signers, moment, log.heads(), tuple(sides), definitions_of(log))


def _forget(book: _Book) -> None:
    """Delete the bytes and salts of what a side erases of its own; no other side's word erases."""
    for one in book.written:
        said, side = one.event, one.entry.chain.side
        if isinstance(said, events.Erased):
            stream = book.streams.pop(said.subject, None) or book.stream(said.subject)
            if any((old.commit, old.side) == (said.commit, side) for old in stream):
                book.log.forget(said.commit, said.label)
                book.streams.pop(said.subject, None)


def _keep_definitions(book: _Book) -> None:
    """A case keeps its kind for life: a kind's file may be edited, so what was opened with it is kept beside it."""
    pinned = {one.event.pinned for one in book.written if isinstance(one.event, events.CaseOpened)}
    for one in sorted(pinned):
        kind = book.definitions(one)
        if kind is not None and book.log.file(one) is None:
            book.log.keep(kind.document)


def take_up(log: Log, signers: Mapping[str, Signer], *, recorded_at: datetime, sides: Sequence[str]) -> None:
    """Let the sides hosted here take up what others wrote on their subjects: after a receipt, and at each start.

    It follows from what is kept, not from the arrival; nothing happens where nothing waits.
    """
    with log.lock():
        waiting = [side for side in signers if log.waiting(side)]
        if waiting:
            book = _book(log, signers, recorded_at, sides)
            book.take_up(book.recorded_at.date(), waiting)
            apply(log, book.keep(), book.definitions)


def _entry_faults(book: _Book, event: events.Event, side: str, today: date | None) -> list[Fault]:
    faults = list(at_entry(event, today)) if today else []
    act = Act(event, "", side)
    if isinstance(event, events.CaseOpened):
        kind = book.definitions(event.pinned)
        faults += [Fault("case_kind_unknown", {}, {"kind": event.definition})] if kind is None else []
        first = opening_of(book.stream(event.subject))
        if first is not None and getattr(first.event, "ordering", "") != event.ordering:
            faults.append(Fault("case_opened_otherwise", {}, {"side": getattr(first.event, "ordering", "")}))
        return faults + (list(opening_faults(kind, event, act)) if kind else [])
    if event.sort == "case":
        judgement = judge(fold_case(book.stream(event.subject), book.definitions), act)
    else:
        judgement = _judged_alone(book, event, side)
    if judgement.verdict != COUNTS:
        faults.append(judgement.fault or Fault("record_refused", {}, {"kind": event.kind}))
    return faults


def _judged_alone(book: _Book, event: events.Event, side: str) -> Judgement:
    """How the fold would take an event of anything but a case that nothing has followed yet."""
    if event.sort not in ("listing", "party") and not isinstance(event, events.Kept):
        return Judgement(COUNTS)
    trial = Placed(event, "trial", side, event.is_inner, 1, 1 << 62, book.recorded_at, (1 << 30, 0))
    return fold(event.subject, [*book.stream(event.subject), trial], book.definitions).judged["trial"]


def why_not(log: Log, event: events.Event, side: str, today: date | None = None) -> list[Fault]:
    """What stands against an event as things are: the reason of a button that cannot be pressed."""
    now = datetime.max.replace(tzinfo=None)
    book = _Book(log, {}, now, {}, (), definitions_of(log))
    return _entry_faults(book, event, side, today)


def apply(
    log: Log, subjects: Iterable[str], definitions: Definitions, known: Mapping[str, list[Placed]] | None = None
) -> None:
    """Fold some subjects anew and replace their rows: the same live, at receipt and at a rebuild."""
    wanted = set(subjects)
    # A listing's review is folded from the listing's events as well.
    wanted |= {f"review/{one}" for one in wanted if one.partition("/")[0] in ("listing", "party")}
    needed = {one for subject in wanted for one in (subject, reviewed(subject)) if one}
    streams = {one: stream for one, stream in (known or {}).items() if one in needed}
    streams |= log.streams(needed - set(streams))
    log.replace({one: fold(one, stream_of(one, streams), definitions).rows for one in sorted(wanted)})


def fold_of(log: Log, subject: str) -> Folded:
    """A subject as it stands."""
    streams = log.streams({subject, reviewed(subject)} - {""})
    return fold(subject, stream_of(subject, streams), definitions_of(log))


def case_of(log: Log, key: str) -> CaseState:
    """A case as it stands."""
    return fold_case(log.streams([f"case/{key}"])[f"case/{key}"], definitions_of(log))


def erasures(log: Log, subjects: Sequence[str], side: str) -> list[tuple[str, str, str]]:
    """What is to be erased of some subjects on a side's chains: subject, event and label of every part with words."""
    wanted, found = set(subjects), list[tuple[str, str, str]]()
    for chain in (Chain(side), Chain(side, is_inner=True)):
        for one in log.of_subjects(chain, wanted):
            held = [part for part in one.entry.parts if part.is_words and part.data is not None]
            found += [(one.event.subject, one.entry.commit, part.label) for part in held]
    return found


_REBUILT = 2_000


def rebuild(log: Log) -> int:
    """Fold every subject anew; how many there are."""
    definitions, found = definitions_of(log), list(log.subjects())
    for at in range(0, len(found), _REBUILT):
        apply(log, found[at : at + _REBUILT], definitions)
    return len(found)
