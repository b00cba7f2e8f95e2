"""What sides hand each other: bundles of entries, cut by the gate, taken in whole or not at all.

A bundle holds what its sender wrote since the receiver's own word of what it has, with the parts that have been opened
since. Everything else follows from what is kept and is worked out again at each receipt and each start. A side that
starts from a backup asks the others for its own chain and goes on in a new epoch.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from duijie.errors import SealError

from . import events
from .fold import fold_listing
from .gate import Grant, Reader, stage_of
from .kinds import STAGES, stage_rank
from .log import Indexed, Log, indexed, reread, settled
from .record import append, apply, begin_epoch, definitions_of, fold_of, take_up
from .seal import FORMAT, GENESIS, Chain, Entry, Head, Part, Signer, is_signed
from .state import Placed, ordered

__all__ = ["Bundle", "bundle", "closed_epoch", "is_blocked", "receive", "reopen", "resume", "take_in"]

_START = Head(1, 0, GENESIS)
# What the chain says of itself: whoever holds it reads that.
_OF_THE_CHAIN = frozenset({"agreement", "key", "took", "epoch"})
_READ_BY = {"public": frozenset({"public", "sides"}), "both": frozenset({"sides"})}


@dataclass(frozen=True)
class Bundle:
    """What `side` hands to `to`; `heads` are the last entries it holds of every side: its receipt.

    `asks` above 0 is the number of a restore: the sender wants its own chain back, and its epochs closed. Of each
    restore it is higher than of the one before, so that mail of an earlier one closes nothing.
    """

    log: str
    side: str
    to: str
    heads: Mapping[str, Head]
    entries: tuple[Entry, ...] = ()
    files: tuple[bytes, ...] = ()
    asks: int = 0
    signature: str = ""

    @property
    def digest(self) -> str:
        """What is signed: what is handed over of each entry as well, so that nothing is taken out on the way.

        What a part says is bound by its header.
        """
        heads = [[side, *head] for side, head in sorted(self.heads.items())]
        # In the order of their names: a store gives parts in its own, and a file in another.
        handed = [
            [one.digest, sorted(part.label for part in one.parts if part.data is not None)] for one in self.entries
        ]
        files = [hashlib.sha256(content).hexdigest() for content in self.files]
        said = [FORMAT, self.log, self.side, self.to, heads, handed, files, self.asks]
        text = json.dumps(said, separators=(",", ":")).encode()
        return hashlib.sha256(b"b1" + text).hexdigest()


# Out


def bundle(
    log: Log,
    signer: Signer,
    side: str,
    to: str,
    known: Mapping[str, Head],
    *,
    scopes: Collection[str] = (),
    asks: int = 0,
) -> Bundle:
    """What a side hands to another now.

    Parameters
    ----------
    log
        What the side holds.
    signer
        Its key.
    side
        Who hands over.
    to
        Who receives.
    known
        The heads of the receiver's last bundle; empty, what its chain had seen.
    scopes
        The scopes the receiver reads in; empty, those of any other side.
    asks
        After a restore: its number, which the operator keeps outside.
    """
    own, theirs = list(log.entries(Chain(side))), list(log.entries(Chain(to)))
    had = known or (theirs[-1].entry.seen if theirs else {})
    since = had.get(side, _START)
    old = [one for one in own if _number(one) <= since[:2]]
    fresh = own[len(old) :]
    gate = _Gate(log, to, frozenset(scopes or {"public", "sides", f"side:{to}"}))
    heads = {chain.side: head for chain, head in log.heads().items() if not chain.is_inner}
    made = Bundle(log.name, side, to, heads, asks=asks)
    # Who asks hands over nothing: what it holds of a closed epoch would be refused, and the question with it.
    if not asks:
        touched = _touched(log, side, old, fresh)
        gate.look_up({one.event.subject for one in fresh} | touched)
        again = [(one, gate.cut(one)) for one in old if one.event.subject in touched]
        handed = [two for two in again if any(part.data is not None for part in two[1].parts)]
        handed += [(one, gate.cut(one)) for one in fresh]
        said = [one.event for one, _ in handed if gate.opens_files(one)]
        if closed_epoch(log, side, to) >= log.heads().get(Chain(to), _START).epoch:
            # Its own chain goes back to it as it is held here.
            handed += [(one, one.entry) for one in theirs]
            said += [one.event for one in theirs]
        made = replace(made, entries=tuple(cut for _, cut in handed), files=tuple(_files(log, said)))
    return replace(made, signature=signer.sign(made.digest))


def _number(one: Indexed) -> tuple[int, int]:
    return one.entry.head[:2]


def _touched(log: Log, side: str, old: Sequence[Indexed], fresh: Sequence[Indexed]) -> set[str]:
    """The subjects of which something may have been opened since the receiver's last word, and what their cases open.

    What the sender had seen then stands in the header of its entry: no second cursor is kept.
    """
    seen = old[-1].entry.seen if old else {}
    found = {one.event.subject for one in fresh}
    for chain in log.heads():
        if not chain.is_inner and chain.side != side:
            since = seen.get(chain.side, _START)
            found |= {one.event.subject for one in log.entries(chain) if _number(one) > since[:2]}
    cases = [one for one in found if one.startswith("case/")]
    rows = [row for case in cases for row in fold_of(log, case).rows.get("grant", ())]
    return found | {f"{row['sort']}/{row['key']}" for row in rows}


@dataclass
class _Gate:
    """Which parts of the sender's entries a receiver may have: those of the stage it reaches, where they are open."""

    log: Log
    to: str
    scopes: frozenset[str]
    _streams: dict[str, list[Placed]] = field(default_factory=dict)
    _reach: dict[str, int | None] = field(default_factory=dict)
    _listings: dict[str, tuple[str, bool]] = field(default_factory=dict)
    _kept: dict[str, bool] = field(default_factory=dict)

    def look_up(self, subjects: set[str]) -> None:
        """Read at once what will be asked of some subjects: a first package asks of thousands."""
        grants: dict[str, list[Grant]] = {subject: [] for subject in subjects}
        for one in self.log.grants(subjects):
            grants[one.subject].append(one)
        reader = Reader(self.scopes)
        self._reach |= {subject: stage_of(found, subject, reader) for subject, found in grants.items()}
        self._streams |= self.log.streams(subjects)

    def opens_files(self, one: Indexed) -> bool:
        """Whether the files of an entry go with it: where more of it is open than that there was an act."""
        return one.event.sort in _OF_THE_CHAIN or self._opened(one)[1] is not None

    def cut(self, one: Indexed) -> Entry:
        """An entry as it is handed over."""
        has_base, stage = self._opened(one)
        parts = [
            part if self._is_open(part.label, stage, has_base=has_base) else part.withheld() for part in one.entry.parts
        ]
        return replace(one.entry, parts=tuple(parts))

    def _is_open(self, label: str, stage: int | None, *, has_base: bool) -> bool:
        name = label.partition("/")[0]
        if label == "base":
            return has_base
        # What only its own side reads never leaves it, nor does a part of a stage that is not known here.
        return stage is not None and name in STAGES[:-1] and stage_rank(name) <= stage

    def _opened(self, one: Indexed) -> tuple[bool, int | None]:
        """Whether the base of an entry is open, and up to which stage the rest is."""
        event = one.event
        if event.sort in _OF_THE_CHAIN:
            return True, None
        reach = self._stage(event.subject)
        if event.sort in ("listing", "party"):
            opened, is_ever = self._listing(event.subject)
            if isinstance(event, events.Submitted | events.Revised):
                # A draft is nobody's but its author's; the first revision says whose the subject is.
                is_first = isinstance(event, events.Submitted)
                return opened == one.entry.commit or (
                    is_ever and is_first
                ), reach if opened == one.entry.commit else None
            return is_ever, reach
        # Who read a thing once is told what became of it: that it is gone, closed, or that words of it are erased.
        is_known = reach is not None or self._has_read(event.subject)
        if isinstance(event, events.Kept):
            return is_known, reach if self._reads(event, one.entry.chain.side) else None
        return is_known, reach

    def _stage(self, subject: str) -> int | None:
        if subject not in self._reach:
            self.look_up({subject})
        return self._reach[subject]

    def _listing(self, subject: str) -> tuple[str, bool]:
        """The revision of a listing that the receiver may read, and whether it ever might read one."""
        if subject not in self._listings:
            reach, stream = self._stage(subject), self._streams[subject]
            state = fold_listing(stream)
            said = [one.event for one in stream if isinstance(one.event, events.Released)]
            is_ever = any(_READ_BY.get(one.visibility, frozenset()) & self.scopes for one in said)
            is_open = state.open is not None and state.released_at is not None and reach is not None
            self._listings[subject] = (state.open.commit if is_open and state.open else "", is_ever or is_open)
        return self._listings[subject]

    def _has_read(self, subject: str) -> bool:
        """Whether a kept thing was at any time for the receiver."""
        if subject not in self._kept:
            self._stage(subject)
            acts = ((one.event, one.side) for one in self._streams[subject])
            self._kept[subject] = any(isinstance(one, events.Kept) and self._reads(one, side) for one, side in acts)
        return self._kept[subject]

    def _reads(self, event: events.Kept, author: str) -> bool:
        """Whether what a thing was at one time was for the receiver; that there was an act it may know afterwards."""
        sides = {f"side:{one}" for one in (event.ordering, *event.writers) if one != author}
        return bool(self.scopes & {*event.readers, *sides})


def _files(log: Log, said: Sequence[events.Event]) -> Iterator[bytes]:
    """The files that events name, and the kinds that cases were opened with."""
    named = {file.sha256 for event in said for file in event.files}
    named |= {event.pinned for event in said if isinstance(event, events.CaseOpened)}
    found = (log.file(sha256) for sha256 in sorted(named))
    yield from (content for content in found if content is not None)


# In


def receive(
    log: Log,
    signers: Mapping[str, Signer],
    came: Bundle,
    *,
    keys: Mapping[str, Collection[str]],
    recorded_at: datetime,
    sides: Sequence[str],
    asked: int = 0,
) -> set[str]:
    """Take in a bundle, whole or not at all, and what follows from it; the subjects it touched.

    Parameters
    ----------
    log
        What the receiver holds.
    signers
        Its key; none while it waits for its own chain after a restore, and then nothing is written.
    came
        What came.
    keys
        The public keys of each side.
    recorded_at
        Now.
    sides
        The codes of all sides.
    asked
        After a restore: its number. Then nothing is taken in but answers, and what they hold of the own chain.

    Raises
    ------
    SealError
        It is not what its sender signed, entries before it are missing, or it contradicts what is held; a
        contradiction is kept as proof.
    """
    with log.lock():
        wrong = next(_Receipt(log, came, keys, asked, frozenset(signers)).faults(), None)
        if wrong is None:
            for content in came.files:
                log.keep(content)
            touched = take_in(log, came.entries, came.to if asked else "")
            if came.asks and came.to in signers:
                append(log, signers, _answer(log, came, recorded_at), recorded_at=recorded_at, sides=sides)
            take_up(log, signers, recorded_at=recorded_at, sides=sides)
            return touched
    # Where this side's own chain is known further elsewhere the sender contradicts nothing.
    is_proof = wrong.code in ("seal_fork", "seal_epoch_closed") and wrong.where.get("side") == came.side
    if is_proof and came.to in signers:
        append(log, signers, _proof(log, came, recorded_at), recorded_at=recorded_at, sides=sides)
    raise wrong


@dataclass(frozen=True)
class _Receipt:
    """A bundle before it is taken in: what is wrong with it, the worst first."""

    log: Log
    came: Bundle
    keys: Mapping[str, Collection[str]]
    asked: int
    here: Collection[str]

    def faults(self) -> Iterator[SealError]:
        came = self.came
        if not self._signs(came.side, came.digest, came.signature):
            yield SealError("seal_signature_wrong", {}, {"side": came.side})
        if not all(one.is_whole for one in came.entries):
            yield SealError("seal_altered", {}, {"side": came.side})
        elif not all(_is_text(one) for one in came.entries):
            # No node writes such a thing, and it could be handed on in no file.
            yield SealError("seal_line_broken", {"problem": "UTF-8"}, {"side": came.side})
        elif {came.log, *(one.log for one in came.entries)} != {self.log.name}:
            yield SealError("verify_other_log", {"log": came.log[:80]})
        elif self.here and came.to not in self.here:
            # What another side may read is no business of this one.
            yield SealError("seal_not_addressed", {"side": came.to[:80]})
        elif self.asked and not self._is_answer():
            # Mail from before the restore may be of an epoch that this side has forgotten it closed.
            yield SealError("seal_epoch_open", {"side": came.side})
        else:
            chains: dict[str, list[Entry]] = defaultdict(list)
            for one in came.entries:
                chains[one.chain.side].append(one)
            if not chains.keys() <= {came.side, came.to}:
                yield SealError("seal_key_unknown", {"side": came.side})
            for side, entries in chains.items():
                yield from self._of_chain(side, entries)

    def _is_answer(self) -> bool:
        said = [indexed(one).event for one in self.came.entries if one.chain.side == self.came.side]
        closings = [one for one in said if isinstance(one, events.EpochClosed)]
        closings += _closings(self.log, self.came.side, self.came.to)
        return any(one.asked == self.asked and one.id == self.came.to for one in closings)

    def _signs(self, side: str, digest: str, signature: str) -> bool:
        return any(is_signed(digest, signature, key) for key in self.keys.get(side, ()))

    def _of_chain(self, side: str, entries: Sequence[Entry]) -> Iterator[SealError]:
        where = {"side": side}
        held = {_number(one): one.entry.digest for one in self.log.entries(Chain(side))}
        new = sorted((one for one in entries if held.get(one.head[:2]) != one.digest), key=lambda one: one.head[:2])
        if not new:
            return
        if not self._signs(side, new[-1].digest, new[-1].signature):
            yield SealError("seal_signature_wrong", {}, where)
        if any(one.head[:2] in held for one in new):
            yield SealError("seal_fork", {}, where)
        if not self.asked:
            yield from self._of_epoch(side, new[-1].head.epoch)
        yield from _unlinked(self.log.heads().get(Chain(side), _START), new)

    def _of_epoch(self, side: str, epoch: int) -> Iterator[SealError]:
        where, came = {"side": side}, self.came
        head, closed = self.log.heads().get(Chain(side), _START), closed_epoch(self.log, came.to, side)
        if side == came.to:
            # Its own chain is known elsewhere further than here: something was lost, and nobody asked.
            yield SealError("seal_fork", {}, where)
        if epoch <= closed or epoch < head.epoch:
            yield SealError("seal_epoch_closed", {}, where)
        if epoch > head.epoch > closed and head.seq:
            yield SealError("seal_epoch_open", {"side": came.to}, where)
        if epoch == head.epoch and is_blocked(self.log, came.to, side):
            yield SealError("seal_fork", {}, where)


def _is_text(entry: Entry) -> bool:
    try:
        for part in entry.parts:
            (part.data or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _unlinked(head: Head, new: Sequence[Entry]) -> Iterator[SealError]:
    """Where entries do not go on from where a chain ends."""
    for one in new:
        if one.head.seq > head.seq + 1:
            yield SealError("seal_gap", {"expected": head.seq + 1})
        if one.previous != head.digest or one.head.epoch < head.epoch or one.head.seq <= head.seq:
            yield SealError("seal_link_broken")
        head = one.head


def take_in(log: Log, entries: Iterable[Entry], lost: str = "") -> set[str]:
    """Keep entries and parts in whatever order they come, doubled or not; the subjects that this changed.

    Nothing signed is refused by a guard: the fold sorts it. A part that was withheld before joins its entry; one that
    was erased stays away, and so does one that is not what the header says. `lost` is the side whose own chain comes
    back piece by piece.
    """
    with log.lock():
        before = {one.entry.digest: one for chain in log.heads() for one in log.entries(chain)}
        # What an earlier version could not read may be read by now.
        held = {digest: reread(one, one.entry.parts) if _is_unread(one) else one for digest, one in before.items()}
        for entry in entries:
            if entry.is_whole:
                held[entry.digest] = _joined(held.get(entry.digest), entry)
        _forget(held)
        if all(one is before.get(digest) for digest, one in held.items()):
            return set()
        placed = _placed(held)
        late = {one for one in _too_late(before, placed) if placed[one].entry.chain.side != lost}
        if late:
            placed = _placed(held | {digest: before[digest] for digest in late})
        changed = {digest: one for digest, one in placed.items() if one != before.get(digest)}
        log.hold(list(changed.values()))
        touched = {one.event.subject for one in changed.values()}
        touched |= {before[digest].event.subject for digest in changed if digest in before}
        apply(log, touched, definitions_of(log))
        return touched


def _is_unread(one: Indexed) -> bool:
    return isinstance(one.event, events.Unknown) and one.event.name != "withheld"


def _placed(held: Mapping[str, Indexed]) -> dict[str, Indexed]:
    return {one.entry.digest: one for one in settled(list(held.values()))}


def _joined(old: Indexed | None, came: Entry) -> Indexed:
    """An entry with what is here of it, and what came since."""
    if old is None:
        return indexed(came)
    found = {one.label: one for one in old.entry.parts if one.data is not None}
    new = {one.label: one for one in came.parts if one.data is not None and one.label not in found}
    if not new:
        return old
    return reread(old, [(found | new).get(label, Part(label, digest)) for label, digest in came.sealed_parts])


def _forget(held: dict[str, Indexed]) -> None:
    """Let go what was erased by the side that had said it; no other side's word erases."""
    of = {one.entry.commit: digest for digest, one in held.items()}
    for one in list(held.values()):
        event = one.event
        if isinstance(event, events.Erased) and event.commit in of:
            said = held[of[event.commit]]
            is_held = any(_is_erasable(part, event.label) for part in said.entry.parts)
            if is_held and said.entry.chain.side == one.entry.chain.side:
                parts = [part.withheld() if part.label == event.label else part for part in said.entry.parts]
                held[of[event.commit]] = reread(said, parts)


def _is_erasable(part: Part, label: str) -> bool:
    return part.label == label and part.is_words and part.data is not None


def _too_late(before: Mapping[str, Indexed], placed: Mapping[str, Indexed]) -> set[str]:
    """Entries whose event was held back until others were at hand that stand after it.

    What counts here is not undone by what a side kept in its pocket: the event of a case or of a kept thing comes with
    its entry. A listing has one author, and an opening of its own.
    """
    pocketed = {
        digest
        for digest, one in placed.items()
        if isinstance(one.event, events.Kept) or one.event.sort == "case"
        if digest in before and before[digest].event.subject != one.event.subject
    }
    late = set()
    for subject in {placed[digest].event.subject for digest in pocketed}:
        stream = [one for one in placed.values() if one.event.subject == subject]
        shown = {one.entry.commit for one in stream if before.get(one.entry.digest, one).event.subject == subject}
        shown &= {one.entry.commit for one in before.values() if one.place is not None}
        order = [one.commit for one in ordered((one.placed for one in stream), stream[0].ordering)]
        last = max((at for at, commit in enumerate(order) if commit in shown), default=0)
        late |= {digest for digest in pocketed if placed[digest].entry.commit in order[:last]}
    return late


# From state


def resume(log: Log, signers: Mapping[str, Signer], *, recorded_at: datetime, sides: Sequence[str]) -> set[str]:
    """What a start owes: read anew what this version knows by now, and take up what waits; the subjects touched."""
    with log.lock():
        touched = take_in(log, ())
        take_up(log, signers, recorded_at=recorded_at, sides=sides)
        return touched


def closed_epoch(log: Log, holder: str, side: str) -> int:
    """The last epoch of a side that a holder closed; 0 for none."""
    return max((one.epoch for one in _closings(log, holder, side)), default=0)


def _closings(log: Log, holder: str, side: str) -> Iterator[events.EpochClosed]:
    for one in log.of_subjects(Chain(holder), {f"epoch/{side}"}):
        if isinstance(one.event, events.EpochClosed):
            yield one.event


def _answer(log: Log, came: Bundle, now: datetime) -> list[tuple[str, events.Event]]:
    """The holder's word after which nothing more of the epoch counts; nothing where it was given before."""
    side, head = came.side, log.heads().get(Chain(came.side), _START)
    epoch, answered = came.heads.get(side, _START).epoch, list(_closings(log, came.to, side))
    if any(one.asked > came.asks or (one.asked == came.asks and one.epoch >= epoch) for one in answered):
        return []
    # After an earlier restore it may have begun an epoch of which nothing came here, and which it has forgotten.
    epoch = max([epoch, head.epoch, *(one.epoch + 1 for one in answered if one.asked != came.asks)])
    said = events.EpochClosed(
        subject=f"epoch/{side}", on=now.date(), epoch=epoch, seq=head.seq, digest=head.digest, asked=came.asks
    )
    return [(came.to, said)]


def is_blocked(log: Log, holder: str, side: str) -> bool:
    """Whether a holder has proof that a side gave one number twice in the epoch it writes in."""
    head = log.heads().get(Chain(side), _START)
    held = {_number(one): one.entry.digest for one in log.entries(Chain(side))}
    said = [one.event for one in log.of_subjects(Chain(holder), {f"epoch/{side}"})]
    proofs = [Entry(text.encode(), ()) for one in said if isinstance(one, events.Contradicted) for text in one.headers]
    return any(one.head.epoch == head.epoch and held.get(one.head[:2], one.digest) != one.digest for one in proofs)


def _proof(log: Log, came: Bundle, now: datetime) -> list[tuple[str, events.Event]]:
    """What contradicts, as headers and the signature over the last; nothing where it is on record already."""
    chain = Chain(came.side)
    held = {one.entry.digest for one in log.entries(chain)}
    new = sorted(
        (one for one in came.entries if one.chain == chain and one.digest not in held), key=lambda one: one.head[:2]
    )
    headers = tuple(one.header.decode() for one in new)
    subject = f"epoch/{came.side}"
    kept = [one.event for one in log.of_subjects(Chain(came.to), {subject})]
    if not new or any(headers[-1] in one.headers for one in kept if isinstance(one, events.Contradicted)):
        return []
    said = events.Contradicted(subject=subject, on=now.date(), headers=headers, signature=new[-1].signature)
    return [(came.to, said)]


def reopen(
    log: Log, signers: Mapping[str, Signer], side: str, asked: int, *, recorded_at: datetime, sides: Sequence[str]
) -> None:
    """Go on in a new epoch after a restore, once every other side has handed back the chain and closed the epoch.

    Parameters
    ----------
    log
        What the side holds by now.
    signers
        Its key, with which nothing was written since the restore.
    side
        The side.
    asked
        The number of the restore.
    recorded_at
        Now.
    sides
        The codes of all sides.

    Raises
    ------
    SealError
        A side has not.
    """
    with log.lock():
        chain = Chain(side)
        head = log.heads().get(chain, _START)
        held = {GENESIS, *(one.entry.digest for one in log.entries(chain))}
        closed: dict[str, int] = {}
        for other in sides:
            for one in _closings(log, other, side):
                if one.asked == asked and one.digest in held and one.epoch >= head.epoch:
                    closed[other] = one.epoch
        missing = [one for one in sides if one != side and one not in closed]
        if missing:
            raise SealError("seal_epoch_open", {"side": ", ".join(missing)})
        begin_epoch(log, signers, side, max(closed.values()) + 1, recorded_at=recorded_at, sides=sides)
        resume(log, signers, recorded_at=recorded_at, sides=sides)
