"""A peer that does not keep to the rules: it signs what it likes, and hands over what it likes."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from duijie.ledger import events, record
from duijie.ledger.exchange import Bundle, take_in
from duijie.ledger.seal import Chain, Entry, Head, seal, sealed_part, signed

from .nodes import Node
from .people import Case

__all__ = ["Hostility"]

_TRICKS = ("stale", "front", "pocket", "breach", "fork", "tamper", "ahead")


@dataclass
class Hostility:
    """What a hostile node does beside its business, mostly one thing.

    `pocketed` are the entries it holds back for so many bundles: its own people know nothing of them and go on with the
    case. `other` is what it says elsewhere under a number that it gave before.
    """

    node: Node
    dice: random.Random
    habit: str
    pocketed: dict[str, tuple[Entry, int]] = field(default_factory=dict)
    other: Entry | None = None

    @classmethod
    def of(cls, node: Node, dice: random.Random) -> Hostility:
        return cls(node, dice, dice.choice(_TRICKS))

    def act(self, case: Case) -> str:
        """One trick; its name, empty where there was nothing to play it on."""
        trick = self.habit if self.dice.random() < 0.7 else self.dice.choice(_TRICKS)
        state = record.case_of(self.node.log, case.key)
        if state.kind is None or trick == "tamper":
            return ""
        after = "f" * 64 if trick == "breach" and self.dice.random() < 0.3 else state.tip
        last = next((one for one in reversed(state.steps) if not one.is_gone), None)
        if trick == "front" and last is not None and last.act.side != self.node.side:
            # The other's step has come: its own goes before it, as though it had not.
            after = getattr(last.act.event, "after", after)
        refusal = ("refused", "terms") if "refused" in state.kind.nodes else ("dropped", "terms")
        node, reason = ("dance", "") if trick == "breach" else refusal
        role = next((name for name, side in case.roles().items() if side == self.node.side), "")
        on = max(self.node.today, state.on)
        said = events.Step(subject=case.subject, on=on, node=node, after=after, reason=reason, role=role, by="office")
        entry = self._sealed(said, self._seen(trick))
        if trick == "fork":
            self.other = self._sealed(msgspec.structs.replace(said, node="dance"), self._seen(trick))
        if trick == "pocket":
            self.pocketed[entry.digest] = entry, self.dice.randint(2, 8)
            entry = replace(entry, parts=tuple(part.withheld() for part in entry.parts))
        take_in(self.node.log, [entry])
        return trick

    def _seen(self, trick: str) -> Mapping[str, Head]:
        heads = {chain.side: head for chain, head in self.node.log.heads().items() if not chain.is_inner}
        heads.pop(self.node.side)
        if trick in ("stale", "front"):
            own = list(self.node.log.entries(Chain(self.node.side)))
            return self.dice.choice(own[-4:]).entry.seen
        if trick == "ahead":
            return {
                side: Head(head.epoch, head.seq + self.dice.randint(1, 9), "e" * 64) for side, head in heads.items()
            }
        return heads

    def _sealed(self, said: events.Event, seen: Mapping[str, Head]) -> Entry:
        log, chain = self.node.log, Chain(self.node.side)
        parts = [sealed_part(label, data) for label, data in events.encode(said, self.node.now).items()]
        return signed(seal(log.name, chain, log.heads()[chain], seen, parts), self.node.signer)

    def send(self, bundle: Bundle) -> Bundle:
        """What it makes of a bundle before it leaves."""
        self.pocketed = {digest: (one, left - 1) for digest, (one, left) in self.pocketed.items()}
        shown = [one for one, left in self.pocketed.values() if left <= 0]
        entries = [one for one in bundle.entries if one.digest not in {kept.digest for kept in shown}]
        entries = [*shown, *entries]
        if self.other is not None and self.dice.random() < 0.5:
            # The same number says something else to somebody else.
            forked = [one for one in entries if one.chain != self.other.chain or one.head.seq < self.other.head.seq]
            entries = [*forked, self.other]
        if entries and self.dice.random() < (0.3 if self.habit == "tamper" else 0.02):
            last = entries[-1]
            parts = tuple(replace(part, data=part.data + b" ") if part.data else part for part in last.parts)
            entries[-1] = replace(last, parts=parts)
        made = replace(bundle, entries=tuple(entries))
        return replace(made, signature=self.node.signer.sign(made.digest))
