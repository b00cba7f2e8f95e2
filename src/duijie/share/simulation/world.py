"""A world of two or three nodes and an observer in one process, in which everything goes wrong that a seed says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import partial

from duijie.errors import InputError, SealError
from duijie.ledger import events
from duijie.ledger.exchange import Bundle
from duijie.ledger.seal import Chain

from .hostile import Hostility
from .judging import Judge, Violation
from .nodes import Crash, FaultyLog, Node, signer_of
from .people import CASES, PAPER, Marks, act, listings, openings

__all__ = ["World"]

_SIDES = ("north", "south")
_UNREAD = ("noted", "corrected", "returned", "withdrawn", "kept")
_ROUNDS = 14  # more than everything needs to reach everybody and be answered


@dataclass
class _Mail:
    due: int
    to: str
    bundle: Bundle


class World:
    """One life: `run` lets it go on, `heal` lets everything arrive; each raises what may never happen."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.step, self.faults = 0, Counter[str]()
        has_third, has_observer = self.dice.random() < 0.25, self.dice.random() < 0.4
        sides = [*_SIDES, *(["east"] if has_third else []), *(["observer"] if has_observer else [])]
        self.nodes = {side: self._node(seed, side, sides) for side in sides}
        self.keys = {side: [node.signer.public_key] for side, node in self.nodes.items()}
        self.cases = [one for one in CASES if set(one.sides) <= set(sides)]
        marks = Marks(self.dice)
        self.marks, self.judge = marks, Judge(self.dice, marks, self.cases)
        self.mail: list[_Mail] = []
        self.hostility: Hostility | None = None
        if self.dice.random() < 0.25:
            node = self.nodes[self.dice.choice([side for side in sides if side != "observer"])]
            node.is_honest, self.hostility = False, Hostility.of(node, self.dice)
        elif self.dice.random() < 0.35:
            self.nodes[self.dice.choice(_SIDES)].unread = frozenset({self.dice.choice(_UNREAD)})

    def begin(self) -> None:
        """A calm before everything: chains, listings and cases, and everybody has heard of them."""
        for node in self.others:
            node.begin()
        for said in (listings, partial(openings, cases=self.cases)):
            for node in self.others:
                # One after the other: each looks at what stands by then.
                for event in said(self.dice, node, self.marks) if node.is_acting else ():
                    self.judge.told.setdefault(node.side, {})[node.append(event)] = event
            self._round()

    def _node(self, seed: int, side: str, sides: list[str]) -> Node:
        log = FaultyLog("simulated")
        log.keep(PAPER)
        node = Node(side, signer_of(seed, side), sides, log, is_acting=side != "observer")
        if side == "observer":
            audits = frozenset({"public", "sides", *(f"side:{one}" for one in sides)})
            node.scopes = audits if self.dice.random() < 0.7 else frozenset({"public"})
        return node

    @property
    def others(self) -> list[Node]:
        return list(self.nodes.values())

    def run(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.step += 1
            self._tick()

    def _tick(self) -> None:
        node = self.dice.choice(self.others)
        for one in self.others:
            one.hours += 3
        self._deliver()
        if not node.is_up:
            if self.dice.random() < 0.5:
                self._try(node, node.start)
            return
        throw = self.dice.random()
        if node.is_restoring or throw < 0.2:
            self._send(node)
        elif throw < 0.92:
            self._act(node)
        else:
            self._trouble(node)
        if self.dice.random() < 0.06 and node.is_honest:
            with node.version():
                self.judge.replay(node)

    # What people and peers do

    def _act(self, node: Node) -> None:
        if not node.is_acting:
            return
        if self.hostility and node is self.hostility.node and self.dice.random() < 0.35:
            own = [one for one in self.cases if node.side in one.sides]
            trick = self.hostility.act(self.dice.choice(own)) if own else ""
            self.faults[f"hostile_{trick}"] += bool(trick)
            return
        # Who was not answered asks again, and nobody else at that desk meanwhile.
        with node.version():
            event = node.unsure or act(self.dice, node, self.marks, self.cases)
        if event is not None:
            self._arm(node)
            node.unsure = event
            self._try(node, lambda: self._enter(node, event))
            if node.is_up and self.dice.random() < 0.6:
                self._send(node)

    def _enter(self, node: Node, event: events.Event) -> None:
        try:
            if isinstance(event, events.Erased):
                node.outside.append((event.subject, event.commit, event.label))
            commit = node.append(event)
        except InputError:
            self.faults["refused"] += 1
        else:
            self.judge.told.setdefault(node.side, {})[commit] = event
        node.unsure = None

    def _send(self, node: Node) -> None:
        for other in self.others:
            if other is not node and (node.is_restoring or self.dice.random() < 0.7):
                self._post(node, other)

    def _post(self, node: Node, other: Node) -> None:
        bundle = self._made(node, other)
        for _ in range(self._copies()):
            wait = 0 if self.dice.random() < 0.5 else self.dice.randint(1, 15)
            self.faults["delayed"] += wait > 0
            self.mail.append(_Mail(self.step + wait, other.side, bundle))

    def _made(self, node: Node, other: Node) -> Bundle:
        with node.version():
            bundle = node.bundle(other)
        if node.is_honest:
            self.judge.sent(node, other, bundle)
        return self.hostility.send(bundle) if self.hostility and not node.is_honest else bundle

    def _copies(self) -> int:
        throw = self.dice.random()
        fate, n = ("dropped", 0) if throw < 0.2 else ("doubled", 2) if throw < 0.3 else ("", 1)
        self.faults[fate] += bool(fate)
        return n

    def _deliver(self) -> None:
        due = [one for one in self.mail if one.due <= self.step]
        self.mail = [one for one in self.mail if one.due > self.step]
        if len(due) > 1 and self.dice.random() < 0.5:
            self.dice.shuffle(due)
            self.faults["reordered"] += 1
        for one in due:
            self._hand(self.nodes[one.to], one.bundle)

    def _hand(self, node: Node, bundle: Bundle) -> None:
        if not node.is_up:
            self.faults["dropped"] += 1
            return
        self._arm(node)

        def take() -> None:
            try:
                node.receive(bundle, self.keys)
            except SealError as error:
                self.faults[f"not_taken_{error.code.removeprefix('seal_')}"] += 1
            self._reopen(node)

        self._try(node, take)

    # What goes wrong

    def _arm(self, node: Node) -> None:
        throw = self.dice.random()
        node.log.fuse = self.dice.randint(0, 9) if throw < 0.08 else -1
        node.log.is_full = throw < 0.02

    def _try(self, node: Node, what: object) -> None:
        """Do something at a node, which may fail at any write; then look at what it shows."""
        assert callable(what)
        try:
            with node.version():
                what()
        except Crash:
            node.is_up = False
            self.faults["crashed"] += 1
        except OSError:
            self.faults["disk_full"] += 1
        node.log.fuse = -1
        if node.is_honest and node.is_up:
            self.judge.look(node)

    def _trouble(self, node: Node) -> None:
        throw = self.dice.random()
        if throw < 0.2:
            node.days_off = self.dice.randint(-200, 200)
            self.faults["clock"] += 1
        elif throw < 0.5:
            node.backup = node.log.copied()
        elif node.unread:
            self._upgrade(node)
        else:
            self._restore(node)

    def _upgrade(self, node: Node) -> None:
        node.unread = frozenset()
        self.faults["upgraded"] += 1
        self._try(node, node.start)

    def _restore(self, node: Node) -> None:
        """The disk is gone: the node starts from its backup, and asks for what it lacks; two never do so at a time."""
        if node.backup is None or self.hostility or any(one.is_restoring for one in self.others):
            return
        node.n_restores += 1
        node.log, node.asks, node.unsure = node.backup.copied(), node.n_restores, None
        self.faults["restored"] += 1
        self.judge.facts.pop(node.side, None)
        self.judge.verdicts.pop(node.side, None)
        self._try(node, node.start)

    def _reopen(self, node: Node) -> None:
        if not node.is_restoring:
            return
        try:
            node.reopen()
        except SealError:
            return  # somebody has not answered yet
        self.judge.restored(node, [one for one in self.others if one is not node])

    # The end

    def heal(self) -> None:
        """Everybody is up, of one version and honest with the time; late mail arrives, then everything else."""
        for node in self.others:
            node.days_off = 0
            if node.unread or not node.is_up:
                node.unread = frozenset()
                self._try(node, node.start)
        if self.dice.random() < 0.3:
            self._restore(self.dice.choice(self.others))
        late, self.mail = self.mail, []
        self.dice.shuffle(late)
        for one in late:
            self._quietly(self.nodes[one.to], one.bundle)
        for _ in range(_ROUNDS):
            if not self._round():
                break
        else:
            raise Violation("the nodes never come to rest")
        self.judge.end(self.others)

    def _round(self) -> bool:
        """Everybody hands everybody what there is; whether that changed anything."""
        before = self._state()
        for node in self.others:
            for other in self.others:
                # A liar is heard to the end, and answers no more.
                if node is not other and other.is_honest:
                    self._quietly(other, self._made(node, other))
        return before != self._state()

    def _state(self) -> object:
        return [(node.log.heads(), node.asks, dict(node.known), _n_parts(node)) for node in self.others]

    def _quietly(self, node: Node, bundle: Bundle) -> None:
        def take() -> None:
            try:
                node.receive(bundle, self.keys)
            except SealError as error:
                self.faults[f"not_taken_{error.code.removeprefix('seal_')}"] += 1
            self._reopen(node)

        self._try(node, take)


def _n_parts(node: Node) -> int:
    chains = [chain for chain in node.log.heads() if isinstance(chain, Chain)]
    return sum(part.data is not None for chain in chains for one in node.log.entries(chain) for part in one.entry.parts)
