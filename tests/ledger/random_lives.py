"""Lives nobody planned: two nodes that act, refuse, send late and hear twice, as a row of dice says.

A throw is (side, act, pick): the side does the act if its node lets it, `pick` chooses among what it could mean there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from tests.ledger.play import outgoing

from duijie.errors import InputError
from duijie.ledger import events, record
from duijie.ledger.events import Amount, FileRef
from duijie.ledger.exchange import take_in
from duijie.ledger.fold import Folded
from duijie.ledger.kinds import case_kind
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import Chain, Entry, Signer, seal, sealed_part, signed

SIDES = ("north", "south")
PARTIES = {"north": "mill", "south": "sewer"}
CASES = ("case/a", "case/b")
DAY = date(2025, 3, 1)
MOMENT = datetime(2025, 3, 1, 8, tzinfo=UTC)
PAPER = b"a contract"
ACTS = ("submit", "revise", "release", "retire", "review", "decline", "open", "step", "step", "step", "confirm",
        "confirm", "send_back", "withdraw", "correct", "erase", "breach", "send", "send", "send")  # fmt: skip
Throw = tuple[int, str, int]

throws = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(ACTS), st.integers(0, 999)), min_size=12, max_size=45)


@dataclass
class World:
    """Two nodes, and what each was told stands: the ids that `append` gave back, with the side and the event."""

    logs: dict[str, MemoryLog] = field(default_factory=lambda: {side: MemoryLog("life") for side in SIDES})
    signers: dict[str, Signer] = field(default_factory=lambda: {side: Signer.new() for side in SIDES})
    told: list[tuple[str, events.Event, str]] = field(default_factory=list)
    n: int = 0

    def __post_init__(self) -> None:
        for side in SIDES:
            about = {"subject": "agreement/life", "on": DAY, "log": "life", "sides": SIDES}
            published = events.AgreementPublished(**about)
            record.open_chain(self.logs[side], {side: self.signers[side]}, published, MOMENT)
            self.logs[side].keep(PAPER)
        for key in CASES:
            self._open("north", key, 0)
        self.exchange()

    @property
    def day(self) -> date:
        return DAY + timedelta(days=self.n // 4)

    def append(self, side: str, event: events.Event) -> str:
        self.n += 1
        about = {"recorded_at": MOMENT + timedelta(hours=self.n), "sides": SIDES}
        [commit] = record.append(self.logs[side], {side: self.signers[side]}, [(side, event)], **about)
        return commit

    def say(self, side: str, event: events.Event | None) -> None:
        """Put an event on record, unless a guard stands against it or there is nothing to say."""
        if event is None:
            return
        try:
            commit = self.append(side, event)
        except InputError:
            return
        self.told.append((side, event, commit))

    def do(self, throw: Throw) -> None:
        at, act, pick = throw
        side = SIDES[at]
        if act == "send":
            self.send(side, leave=pick % 4)
        elif act == "open":
            self._open(side, CASES[pick % 2], pick)
        elif act == "breach":
            self._breach(side, pick)
        else:
            self.say(side, getattr(self, f"_{act}")(side, pick))

    def send(self, side: str, leave: int = 0) -> None:
        """Hand the other node what this one wrote, but for the last few, and let it take them up."""
        other = SIDES[1 - SIDES.index(side)]
        entries = list(outgoing(self.logs[side], side))
        take_in(self.logs[other], entries[: len(entries) - leave])
        self.n += 1
        moment = MOMENT + timedelta(hours=self.n)
        record.take_up(self.logs[other], {other: self.signers[other]}, recorded_at=moment, sides=SIDES)

    def exchange(self) -> None:
        """Everything each wrote reaches the other, and is taken up there."""
        for side in (*SIDES, *SIDES):
            self.send(side)

    def case(self, side: str, subject: str) -> Folded:
        return record.fold_of(self.logs[side], subject)

    def shared(self) -> list[Entry]:
        """What both nodes wrote for each other, as the other gets it."""
        return [entry for side in SIDES for entry in outgoing(self.logs[side], side)]

    # What an act means at a node

    def _listing(self, side: str) -> dict[str, Any]:
        return {"subject": f"listing/{PARTIES[side]}-1", "on": self.day, "by": PARTIES[side]}

    def _fields(self, side: str, pick: int) -> dict[str, Any]:
        said = {"kind": "supply", "version": 1, "role": "need" if side == "north" else "offer", "party": PARTIES[side]}
        return {**said, "payload.title": f"鞋面 {pick}", "payload.details": f"电话 {pick}"}

    def _submit(self, side: str, pick: int) -> events.Event:
        return events.Submitted(**self._listing(side), definition="supply@1", fields=self._fields(side, pick))

    def _revise(self, side: str, pick: int) -> events.Event:
        return events.Revised(**self._listing(side), definition="supply@1", fields=self._fields(side, pick))

    def _revision(self, side: str, pick: int) -> str:
        listing = record.fold_of(self.logs[side], f"listing/{PARTIES[side]}-1").listing
        found = sorted(listing.revisions) if listing else []
        return found[pick % len(found)] if found else ""

    def _release(self, side: str, pick: int) -> events.Event | None:
        of, visibility = self._revision(side, pick), ("own", "both", "public")[pick % 3]
        return events.Released(**self._listing(side), of=of, visibility=visibility) if of else None

    def _retire(self, side: str, pick: int) -> events.Event | None:
        return events.Retired(**self._listing(side)) if pick % 4 == 0 and self._revision(side, pick) else None

    def _review(self, side: str, pick: int) -> events.Event | None:
        of, kind = self._revision(side, pick), (events.Cleared, events.SentBack)[pick % 2]
        about = {"subject": f"review/listing/{PARTIES[side]}-1", "on": self.day, "words": {"note": f"请补充 {pick}"}}
        return kind(**about, of=of) if of else None

    def _decline(self, side: str, pick: int) -> events.Event:
        about = {"subject": f"pair/{side}:u+s", "on": self.day, "by": PARTIES[side]}
        if pick % 2:
            return events.Reconsidered(**about)
        return events.Declined(**about, need="u", offer="s", reason="price")

    def _open(self, side: str, subject: str, pick: int) -> None:
        kind, at = case_kind(""), SIDES.index(side)
        roles = {"need": "mill", "offer": "sewer", "need_side": "north", "offer_side": "south"}
        words = {"title_zh": f"事项 {pick}", "who": f"person-{pick}"}
        opened = events.CaseOpened(
            subject=subject, on=self.day, role=("need", "offer")[at], by=PARTIES[side], definition=kind.name,
            pinned=kind.pinned, clause="leather", ordering="north", roles=roles, began_on=DAY, words=words,
        )  # fmt: skip
        self.say(side, opened)

    def _breach(self, side: str, pick: int) -> None:
        """A node that asks no guard: a step that may not be, or that follows what nobody knows, signed all the same."""
        log, subject = self.logs[side], CASES[pick % 2]
        case, heads = self.case(side, subject).case, log.heads()
        if case is None:
            return
        self.n += 1
        after = "f" * 64 if pick % 5 == 0 else case.tip
        said = events.Step(
            subject=subject, on=self.day, node=("dance", "refused")[pick % 2], after=after, role="need_side"
        )
        moment = MOMENT + timedelta(hours=self.n)
        parts = [sealed_part(label, data) for label, data in events.encode(said, moment).items()]
        seen = {one.side: head for one, head in heads.items() if one.side != side and not one.is_inner}
        entry = signed(seal(log.name, Chain(side), heads[Chain(side)], seen, parts), self.signers[side])
        take_in(log, [entry])

    def _role(self, side: str, pick: int) -> dict[str, Any]:
        party = ("need", "offer")[SIDES.index(side)]
        words = {"note": f"电话 1380000{pick:04}", "who": f"person-{pick}"}
        if pick % 3 == 0:
            return {"role": party, "by": PARTIES[side], "words": words}
        return {"role": f"{party}_side", "by": "commerce", "words": words}

    def _step(self, side: str, pick: int) -> events.Event | None:
        subject = CASES[pick % 2]
        case = self.case(side, subject).case
        if case is None or case.kind is None:
            return None
        node = case.kind.nodes[case.node]
        following = [*node.next, *([node.key] if node.repeats else [])]
        if not following:
            return None
        # Mostly the next node, now and then one further on or a refusal.
        then = case.kind.nodes[following[0 if pick % 5 else pick % len(following)]]
        is_party = then.key == "match" or pick % 3 == 0
        paper = FileRef(record.hashlib.sha256(PAPER).hexdigest(), len(PAPER), "text/plain", (*then.evidence, "")[0])
        return events.Step(
            subject=subject, on=self.day, node=then.key, after=case.tip, reason=(*then.reasons, "")[0],
            amount=Amount(Decimal(pick), then.units[0]) if then.units else None,
            files=(paper,) if then.is_evidence_needed else (), **self._role(side, 0 if is_party else 1 + 3 * pick),
        )  # fmt: skip

    def _target(self, side: str, pick: int) -> tuple[str, list[str]]:
        """A case and everything in it that a word could be about."""
        subject = CASES[pick % 2]
        case = self.case(side, subject).case
        steps = case.steps if case else []
        found = [commit for one in steps for commit in (one.act.commit, *one.corrections)]
        return subject, [*found, *(case.void if case else ())]

    def _about(self, side: str, pick: int) -> dict[str, Any] | None:
        subject, targets = self._target(side, pick)
        if not targets:
            return None
        # The newest is what one mostly speaks of.
        target = targets[-1] if pick % 4 else targets[pick % len(targets)]
        return {"subject": subject, "on": self.day, "target": target, **self._role(side, pick)}

    def _confirm(self, side: str, pick: int) -> events.Event | None:
        about = self._about(side, pick)
        return events.Confirmed(**about) if about else None

    def _send_back(self, side: str, pick: int) -> events.Event | None:
        about = self._about(side, pick)
        return events.Returned(**about, reason="terms") if about else None

    def _withdraw(self, side: str, pick: int) -> events.Event | None:
        about = self._about(side, pick)
        return events.Withdrawn(**about) if about else None

    def _correct(self, side: str, pick: int) -> events.Event | None:
        about = self._about(side, pick)
        said = {"happened_on": self.day} if pick % 2 else {"amount": Amount(Decimal(pick), "cny")}
        return events.Corrected(**about, **said) if about else None

    def _erase(self, side: str, pick: int) -> events.Event | None:
        found = self.words(side)
        if not found:
            return None
        subject, commit, label = found[pick % len(found)]
        return events.Erased(subject=subject, on=self.day, commit=commit, label=label, ground="consent")

    def words(self, side: str) -> list[tuple[str, str, str]]:
        """The parts with words that a side could erase: subject, event, label."""
        subjects = sorted({one.event.subject for one in self.logs[side].entries(Chain(side))})
        return record.erasures(self.logs[side], subjects, side)


def world_of(thrown: list[Throw]) -> World:
    """The world after some throws."""
    world = World()
    for throw in thrown:
        world.do(throw)
    return world
