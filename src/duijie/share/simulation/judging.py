"""What must hold at every moment of a life, whatever went wrong: judged while it goes on, not only at its end."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from duijie.ledger import events, record
from duijie.ledger.exchange import Bundle, bundle, is_blocked, take_in
from duijie.ledger.kinds import case_kind
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import GENESIS, Chain, Entry, Head
from duijie.ledger.state import COUNTS, PENDING, ordered
from duijie.ledger.verify import verify

from .nodes import Node
from .people import Case, Marks

__all__ = ["Judge", "Violation", "tables"]

_MARK = re.compile(rb"~(\d+)~")
_BEGINNING = Head(1, 0, GENESIS)
_AGREED = ("amount", "unit", "on")


class Violation(Exception):  # noqa: N818 - what was found, not an error of the program
    """Something happened that never may."""


def must(condition: object, what: str, **values: object) -> None:
    if not condition:
        raise Violation(f"{what} {values}" if values else what)


def tables(log: MemoryLog) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every row by table and subject, but for subjects without any."""
    return {
        name: {key: rows for key, rows in kept.items() if rows} for name, kept in log.rows.items() if any(kept.values())
    }


@dataclass
class Judge:
    """What each node was told and showed so far."""

    dice: random.Random
    marks: Marks
    cases: Sequence[Case]
    told: dict[str, dict[str, events.Event]] = field(default_factory=dict)
    facts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    verdicts: dict[str, dict[str, str]] = field(default_factory=dict)

    # After every act and every receipt

    def look(self, node: Node) -> None:
        """No settled step changes but by an agreed correction; a step without effect stands on its author's list."""
        facts, shown = self.facts.setdefault(node.side, {}), dict[str, dict[str, Any]]()
        listed = {row["target"] for row in node.log.table("todo") if row["act"] == "redo_or_clear"}
        for row in node.log.table("step"):
            shown[row["id"]] = row
            if row["side"] == node.side and row["state"] in ("overtaken", "irregular", "late"):
                must(row["id"] in listed, "a step without effect is not on its author's list", at=node.side)
        for commit, before in facts.items():
            now = shown.get(commit)
            must(now and now["counts"], "a settled step counts no longer", at=node.side, commit=commit[:8])
            if now and any(now[name] != before[name] for name in _AGREED):
                must(self._is_corrected(node, now), "a settled step changed without an agreed correction", at=node.side)
        settled = {commit: row for commit, row in shown.items() if row["counts"] and row["is_confirmed"]}
        for commit in settled.keys() - facts.keys():
            must(self._is_agreed(node, settled[commit]), "a step counts without the word of a side", at=node.side)
        facts |= settled
        # Whatever came, and whenever: a start and a restore owe it as a receipt does.
        must(node.is_restoring or not node.log.waiting(node.side), "something waits to be taken up", at=node.side)
        if node.unread:
            self._waits(node)

    def _waits(self, node: Node) -> None:
        """What stands after an event that this node's version cannot read is not settled there."""
        for case in self.cases:
            stream = node.log.streams([case.subject])[case.subject]
            known = takewhile(lambda one: not isinstance(one.event, events.Unknown), ordered(stream, case.ordering))
            read = {one.commit for one in known}
            counted = [row["id"] for row in node.log.rows["step"].get(case.subject, []) if row["counts"]]
            must(read >= {*counted}, "a step counts after what cannot be read", at=node.side)

    def _is_agreed(self, node: Node, row: Mapping[str, Any]) -> bool:
        """Whether each side whose word a step needs has said it, on its own chain."""
        subject = f"case/{row['case']}"
        [case] = [one for one in self.cases if one.subject == subject]
        kind, roles = case_kind(case.kind), case.roles()
        needed = {roles.get(f"{role}_side", roles[role]) for role in kind.nodes[row["kind"]].confirmed_by}
        stream = node.log.streams([subject])[subject]
        words = [one for one in stream if isinstance(one.event, events.Confirmed) and one.event.target == row["id"]]
        return needed <= {row["side"], *(one.side for one in words)}

    def _is_corrected(self, node: Node, row: Mapping[str, Any]) -> bool:
        step = record.case_of(node.log, row["case"]).step(row["id"])
        return step is not None and "agreed" in step.closed.values()

    def sent(self, author: Node, to: Node, bundle: Bundle) -> None:
        """Nothing that the receiver may not read leaves its author."""
        released = {
            (one.event.of, one.event.visibility)
            for one in author.log.entries(Chain(author.side))
            if isinstance(one.event, events.Released)
        }
        for entry in bundle.entries:
            must(not entry.chain.is_inner, "an inner entry was sent")
            for part in entry.parts:
                for found in _MARK.findall(part.data or b""):
                    side, sort, about = self.marks.of[int(found)]
                    if side != to.side:
                        is_read = self._may_read(author, to, sort, about, entry, released)
                        must(is_read, "something withheld was sent", sort=sort, about=about, to=to.side)

    def _may_read(
        self, author: Node, to: Node, sort: str, about: str, entry: Entry, released: set[tuple[str, str]]
    ) -> bool:
        if sort in ("own", "inner", "draft"):
            return False
        is_outsider = bool(to.scopes) and "sides" not in to.scopes
        if about.startswith("listing/"):
            is_open = any((entry.commit, one) in released for one in ("public", *(() if is_outsider else ("both",))))
            is_auditor = f"side:{entry.chain.side}" in to.scopes
            return is_open and (sort == "public" or is_auditor or self._is_matched(author))
        if about.startswith("case/"):
            case = next(one for one in self.cases if one.subject == about)
            return to.side in case.sides or any(f"side:{one}" in to.scopes for one in case.sides)
        return not is_outsider

    def _is_matched(self, owner: Node) -> bool:
        """Whether the owner of a listing itself spoke in a case that has it: nobody else opens it.

        Its chain says so, and not what its people were told: the power may go when a word stands and nobody knows.
        """
        about = {one.subject for one in self.cases if one.is_listed and owner.side in one.sides}
        said = [one.event for one in owner.log.of_subjects(Chain(owner.side), about)]
        return any(isinstance(one, events.Step | events.Confirmed) for one in said)

    # Now and then, and at the end

    def replay(self, node: Node) -> None:
        """Folded anew from what is held, in any order, a node shows what it showed; nothing told is lost or doubled."""
        log = node.log
        entries = [one.entry for chain in log.heads() for one in log.entries(chain)]
        self.dice.shuffle(entries)
        fresh = MemoryLog(log.name, files=log.files)
        cut = self.dice.randrange(len(entries))
        take_in(fresh, entries[:cut])
        take_in(fresh, [*entries[cut:], *entries[: cut // 2]])
        must(tables(fresh) == tables(log), "a replay shows something else", at=node.side)
        self._final(node)
        if not node.is_restoring:
            self._kept(node, entries)

    def _final(self, node: Node) -> None:
        """How an event was taken is final once its place is."""
        known = self.verdicts.setdefault(node.side, {})
        for case in self.cases:
            stream = node.log.streams([case.subject])[case.subject]
            if any(isinstance(one.event, events.Unknown) for one in stream):
                continue
            judged = record.fold_of(node.log, case.subject).judged
            steps = [
                one for one in stream if isinstance(one.event, events.Step) and judged[one.commit].verdict == COUNTS
            ]
            after = Counter(getattr(one.event, "after", "") for one in steps)
            must(not after or max(after.values()) == 1, "two steps took effect after one event", at=node.side)
            for one in stream:
                verdict = judged[one.commit].verdict
                if one.is_taken and verdict != PENDING:
                    before = known.setdefault(one.commit, verdict)
                    must(before == verdict, "an event is taken otherwise", at=node.side, was=before, now=verdict)

    def _kept(self, node: Node, entries: Sequence[Entry]) -> None:
        commits = Counter(one.commit for one in entries)
        must(max(commits.values()) == 1, "an entry is held twice", at=node.side)
        for commit in self.told.get(node.side, {}):
            must(commits[commit] == 1, "something acknowledged is lost", at=node.side, commit=commit[:8])
        marks = Counter(
            int(found)
            for one in entries
            for found in {found for part in one.parts for found in _MARK.findall(part.data or b"")}
        )
        must(not marks or max(marks.values()) == 1, "something is recorded twice", at=node.side)
        erased = {
            (one.event.commit, one.event.label, chain.side)
            for chain in node.log.heads()
            for one in node.log.entries(chain)
            if isinstance(one.event, events.Erased)
        }
        for one in entries:
            for part in one.parts:
                is_gone = (one.commit, part.label, one.chain.side) in erased and one.chain.side in node.sides
                must(part.data is None or not is_gone, "erased words are back", at=node.side)

    def restored(self, node: Node, others: Sequence[Node]) -> None:
        """What nobody else had is lost with the disk; everything else is back."""
        held = {one.entry.commit for one in node.log.entries(Chain(node.side))}
        elsewhere = {one.entry.commit for other in others for one in other.log.entries(Chain(node.side))}
        inner = {one.entry.commit for one in node.log.entries(Chain(node.side, is_inner=True))}
        told = self.told.get(node.side, {})
        for commit in list(told):
            must(commit in held or commit not in elsewhere, "a restore lost what another side holds", at=node.side)
            if commit not in held | inner:
                del told[commit]
        self.facts.pop(node.side, None)
        self.verdicts.pop(node.side, None)

    def end(self, nodes: Sequence[Node]) -> None:
        """Everything is taken up, what both hold is read alike, and the record of each verifies."""
        honest = [node for node in nodes if node.is_honest]
        liars = {node.side for node in nodes if not node.is_honest}
        for node in honest:
            self.look(node)
            self.replay(node)
            blocked = {other.side for other in honest if is_blocked(node.log, node.side, other.side)}
            must(not blocked, "an honest side gave a number twice", sides=blocked, at=node.side)
            found = verify(node.log, record.definitions_of(node.log), whole=()).faults
            # A liar may name entries nobody wrote, and date its own as it likes.
            of_liars = [one for one in found if str(one.where["row"]).partition(":")[0] in liars]
            faults = [one for one in found if one not in of_liars and not (liars and one.code == "verify_seen_missing")]
            must(not faults, "the record does not verify", at=node.side, fault=str(faults[:1]))
        if not liars:
            self._met(honest)

    def _met(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            must(not node.log.waiting(node.side), "something is never taken up", at=node.side)
            for other in nodes:
                if other is not node:
                    self._arrived(node, other)
        for case in self.cases:
            shown = {}
            for node in nodes:
                if node.side in case.sides:
                    rows = {
                        name: node.log.rows[name].get(case.subject, []) for name in ("case", "step", "grant", "todo")
                    }
                    shown[node.side] = rows
            first, *rest = shown.values()
            must(all(one == first for one in rest), "two nodes read one case otherwise", case=case.key)
        self._kept_alike(nodes)
        self._erased(nodes)

    def _kept_alike(self, nodes: Sequence[Node]) -> None:
        """Who may read a kept thing reads what its owner reads; who may no longer, and once it is gone, nothing."""
        [owner] = [node for node in nodes if node.side == "north"]
        is_open = any(one.scope == "sides" for one in owner.log.grants({"resource/r"}))
        wanted = owner.log.rows["resource"].get("resource/r", []) if is_open else []
        for node in nodes:
            if node is not owner and "sides" in (node.scopes or {"sides"}):
                shown = node.log.rows["resource"].get("resource/r", [])
                must(shown == wanted, "a kept thing is read otherwise", at=node.side)

    def _arrived(self, node: Node, other: Node) -> None:
        """All that another side may hand to this one is here, every open part of it."""
        whole = bundle(other.log, other.signer, other.side, node.side, {"": _BEGINNING}, scopes=node.scopes)
        held = {one.entry.digest: one.entry for one in node.log.entries(Chain(other.side))}
        for entry in whole.entries:
            must(entry.digest in held, "something never arrives", at=node.side)
            here = {part.label for part in held[entry.digest].parts if part.data is not None}
            opened = {part.label for part in entry.parts if part.data is not None}
            must(opened <= here, "something open never arrives", at=node.side)

    def _erased(self, nodes: Sequence[Node]) -> None:
        erased = {
            (one.event.commit, one.event.label)
            for node in nodes
            for one in node.log.entries(Chain(node.side))
            if isinstance(one.event, events.Erased)
        }
        for node in nodes:
            for chain in node.log.heads():
                for one in node.log.entries(chain):
                    for part in one.entry.parts:
                        is_gone = (one.entry.commit, part.label) in erased
                        must(part.data is None or not is_gone, "erased words are still there", at=node.side)
