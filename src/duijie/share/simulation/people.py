"""What people do at a node: they look at what stands there and enter something; the guards may refuse it.

Every text and every number that may be secret carries a mark, so that it is found wherever it turns up.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from duijie.ledger import events, record
from duijie.ledger.events import Amount, FileRef
from duijie.ledger.guards import NO_AMOUNT
from duijie.ledger.kinds import CaseKind, case_kind
from duijie.ledger.seal import Chain
from duijie.ledger.state import CaseState

from .nodes import DAY, Node

__all__ = ["CASES", "PAPER", "Case", "Marks", "act", "listings", "openings", "party_of"]

PAPER = b"first page and seal of a contract"
_SHA256 = hashlib.sha256(PAPER).hexdigest()


def party_of(side: str) -> str:
    return f"firm-{side}"


@dataclass(frozen=True)
class Case:
    """A case of the world between two sides; with a listing of each where `is_listed`."""

    key: str
    kind: str
    ordering: str
    other: str
    is_listed: bool = False

    @property
    def subject(self) -> str:
        return f"case/{self.key}"

    @property
    def sides(self) -> tuple[str, str]:
        return self.ordering, self.other

    def roles(self) -> dict[str, str]:
        if self.kind:
            return {"lead_side": self.ordering, "other_side": self.other}
        sides = {"need_side": self.ordering, "offer_side": self.other}
        return {**sides, "need": party_of(self.ordering), "offer": party_of(self.other)}


CASES = (
    Case("a", "", "north", "south", is_listed=True),
    Case("b", "", "south", "north"),
    Case("c", "investment-lead", "north", "south"),
    Case("d", "", "east", "south"),
)


@dataclass
class Marks:
    """Every marked text: whose it is, and who else may come to read it."""

    dice: random.Random
    of: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    def text(self, side: str, sort: str, about: str) -> str:
        self.of[len(self.of)] = (side, sort, about)
        return f"~{len(self.of) - 1}~"


def act(dice: random.Random, node: Node, marks: Marks, cases: Iterable[Case]) -> events.Event | None:
    """What somebody at a node is about to enter; None where nobody finds anything to say."""
    own = [one for one in cases if node.side in one.sides]
    for found in dice.choices(list(_ACTS), list(_ACTS.values()), k=4):
        event = found(_Desk(dice, node, marks, dice.choice(own) if own else None))
        if event is not None and event.kind not in node.unread:
            return event
    return None


def listings(dice: random.Random, node: Node, marks: Marks) -> Iterator[events.Event]:
    """What was on record before anything went wrong: a listing, mostly open."""
    desk = _Desk(dice, node, marks, None)
    yield desk.submit()
    if (released := desk.release()) is not None:
        yield released


def openings(dice: random.Random, node: Node, marks: Marks, cases: Iterable[Case]) -> Iterator[events.Event]:
    """Most of the cases that a side orders."""
    for case in cases:
        if case.ordering == node.side and dice.random() < 0.8:
            opened = _Desk(dice, node, marks, case).open()
            if opened is not None:
                yield opened


@dataclass
class _Desk:
    dice: random.Random
    node: Node
    marks: Marks
    about: Case | None

    @property
    def side(self) -> str:
        return self.node.side

    def words(self, sort: str = "words") -> dict[str, str]:
        about = self.about.subject if self.about else ""
        return {
            "note": self.marks.text(self.side, sort, about),
            "who": self.marks.text(self.side, "own", about),
        }

    @property
    def case(self) -> CaseState | None:
        if self.about is None:
            return None
        state = record.case_of(self.node.log, self.about.key)
        return state if state.kind is not None else None

    def speaks(self, kind: CaseKind, roles: Iterable[str]) -> dict[str, Any] | None:
        """A role among some that somebody of this side has in the case."""
        assert self.about is not None
        bound = self.about.roles()
        mine = [one for one in roles if one in bound and self.side in (bound[one], bound.get(f"{one}_side"))]
        if not mine:
            return None
        role = self.dice.choice(mine)
        is_party = kind.roles[role] == "party"
        return {"role": role, "by": bound[role] if is_party else "office", "on": self.node.today}

    # Listings and what is kept

    def _listing(self) -> dict[str, Any]:
        return {"subject": f"listing/{self.side}", "on": self.node.today, "by": party_of(self.side)}

    def _fields(self) -> dict[str, Any]:
        # The draft's stages: what both sides read, what opens to the matched, what its own side keeps.
        role, about = "need" if self.side == "north" else "offer", f"listing/{self.side}"
        price = "price_most_cny" if role == "need" else "price_cny"
        return {
            "kind": "supply", "version": 1, "role": role, "party": party_of(self.side),
            "payload.title": self.marks.text(self.side, "public", about),
            f"payload.{price}": self.marks.text(self.side, "matched", about),
            "payload.unheard_of": self.marks.text(self.side, "own", about),
        }  # fmt: skip

    def submit(self) -> events.Event:
        return events.Submitted(**self._listing(), definition="supply@1", fields=self._fields())

    def revise(self) -> events.Event:
        return events.Revised(**self._listing(), definition="supply@1", fields=self._fields())

    def release(self) -> events.Event | None:
        state = record.fold_of(self.node.log, f"listing/{self.side}").listing
        if state is None or not state.revisions:
            return None
        visibility = self.dice.choice(("both", "both", "public", "own"))
        return events.Released(**self._listing(), of=self.dice.choice(list(state.revisions)), visibility=visibility)

    def review(self) -> events.Event | None:
        state = record.fold_of(self.node.log, f"listing/{self.side}").listing
        if state is None or state.latest is None:
            return None
        kind = self.dice.choice((events.Cleared, events.SentBack))
        subject, of = f"review/listing/{self.side}", state.latest.commit
        return kind(subject=subject, on=self.node.today, of=of, words=self.words("inner"))

    def keep(self) -> events.Event | None:
        """Something to book: its owner's draft first, then read and changed by both, now and then closed or gone."""
        rows = self.node.log.rows["resource"].get("resource/r", [])
        row = rows[0] if rows else None
        if row is None and self.side != "north":
            return None
        is_draft = self.side == "north" and self.dice.random() < 0.3 and (row is None or row.get("is_draft"))
        fate = self.dice.random() if self.side == "north" and row else 1.0
        is_gone, is_closed = fate < 0.05, is_draft or fate < 0.25
        writers, readers = ((), ()) if is_closed else (("south",), ("sides",))
        name, note = (self.marks.text(self.side, "draft" if is_closed else "kept", "resource/r") for _ in range(2))
        return events.Kept(
            subject="resource/r", on=self.node.today, act="changed", ordering="north",
            after=row["revision"] if row else "", fields={"name": name, "is_draft": is_draft}, words={"note": note},
            writers=writers, readers=readers, is_gone=is_gone,
        )  # fmt: skip

    # Cases

    def open(self) -> events.Event | None:
        if self.about is None or (self.node.log.table("case") and self.dice.random() < 0.5):
            return None
        kind, roles = case_kind(self.about.kind), self.about.roles()
        spoken = self.speaks(kind, kind.opens)
        need, offer = self.about.sides if self.about.is_listed else ("", "")
        released = {row["side"] for row in self.node.log.table("listing") if row["released_at"]}
        if spoken is None or not {need, offer} - {""} <= released:
            return None
        return events.CaseOpened(
            subject=self.about.subject, definition=kind.name, pinned=kind.pinned, clause="leather",
            ordering=self.about.ordering, roles=roles, began_on=DAY, words=self.words(),
            need=need, offer=offer, **spoken,
        )  # fmt: skip

    def step(self) -> events.Event | None:
        case = self.case
        if case is None or case.kind is None:
            return None
        node = case.kind.nodes[case.node]
        following = [*node.next, *([node.key] if node.repeats else [])]
        if not following:
            return None
        usual = [one for one in following if not case.kind.nodes[one].reasons] or following
        then = case.kind.nodes[usual[0] if self.dice.random() < 0.7 else self.dice.choice(following)]
        spoken = self.speaks(case.kind, then.enters)
        if spoken is None:
            return None
        paper = FileRef(_SHA256, len(PAPER), "text/plain", (*then.evidence, "")[0])
        unit = then.units[0] if then.units else ""
        value = Decimal(0 if unit == NO_AMOUNT else self.dice.randint(1, 999))
        return events.Step(
            subject=self.about.subject if self.about else "", node=then.key, after=case.tip,
            reason=(*then.reasons, "")[0], amount=Amount(value, unit) if unit else None,
            files=(paper,) if then.is_evidence_needed else (), words=self.words(), **spoken,
        )  # fmt: skip

    def _on(self, target: str, kind: CaseKind, roles: Iterable[str]) -> dict[str, Any] | None:
        """What every word on a step or a correction says, in one of some roles."""
        spoken = self.speaks(kind, roles)
        subject = self.about.subject if self.about else ""
        return {"subject": subject, "target": target, "words": self.words(), **spoken} if spoken else None

    def confirm(self) -> events.Event | None:
        said = self._waiting()
        return events.Confirmed(**said) if said else None

    def send_back(self) -> events.Event | None:
        said = self._waiting()
        return events.Returned(**said, reason="terms") if said else None

    def _waiting(self) -> dict[str, Any] | None:
        """A step or a correction that waits for a word, mostly for one of this side's."""
        case = self.case
        if case is None or case.kind is None:
            return None
        waiting = [(one, one.waits_for(case.kind), one.act.commit) for one in case.steps if not one.is_gone]
        waiting += [(one, one.correction_waits(case.kind, to), to) for one in case.steps for to in one.corrections]
        waiting = [one for one in waiting if one[1]]
        if not waiting:
            return None
        _, roles, target = self.dice.choice(waiting)
        # Now and then the wrong one presses.
        return self._on(target, case.kind, roles if self.dice.random() < 0.8 else case.kind.roles)

    def withdraw(self) -> events.Event | None:
        case = self.case
        if case is None:
            return None
        void = [one.commit for one in case.void.values() if one.side == self.side]
        own = [one.act.commit for one in case.steps if one.act.side == self.side and not one.is_gone][-1:]
        own += [to for one in case.steps for to, (said, _) in one.corrections.items() if said.side == self.side]
        targets = void + own
        if not targets or case.kind is None:
            return None
        said = self._on(self.dice.choice(targets), case.kind, case.kind.roles)
        return events.Withdrawn(**said) if said else None

    def correct(self) -> events.Event | None:
        case = self.case
        steps = [one for one in case.steps if not one.is_gone and one.amount] if case else []
        if case is None or case.kind is None or not steps:
            return None
        step = self.dice.choice(steps)
        said = self._on(step.act.commit, case.kind, case.kind.roles)
        unit = step.amount.unit if step.amount else ""
        return events.Corrected(**said, amount=Amount(Decimal(self.dice.randint(1, 999)), unit)) if said else None

    def note(self) -> events.Event | None:
        case = self.case
        spoken = self.speaks(case.kind, case.kind.roles) if case and case.kind and case.kind.notes else None
        if case is None or case.kind is None or spoken is None or self.about is None:
            return None
        return events.Noted(subject=self.about.subject, about=case.kind.notes[0], words=self.words(), **spoken)

    def erase(self) -> events.Event | None:
        subjects = sorted({one.event.subject for one in self.node.log.entries(Chain(self.side))})
        found = record.erasures(self.node.log, subjects, self.side)
        if not found:
            return None
        subject, commit, label = self.dice.choice(found)
        return events.Erased(subject=subject, on=self.node.today, commit=commit, label=label, ground="consent")


_ACTS: dict[Callable[[_Desk], events.Event | None], int] = {
    _Desk.submit: 1, _Desk.revise: 2, _Desk.release: 2, _Desk.review: 1, _Desk.keep: 8, _Desk.open: 3,
    _Desk.step: 36, _Desk.confirm: 40, _Desk.send_back: 3, _Desk.withdraw: 4, _Desk.correct: 8, _Desk.note: 1,
    _Desk.erase: 2,
}  # fmt: skip
