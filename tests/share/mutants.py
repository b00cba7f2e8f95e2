"""Faults planted in the product, each by replacing one function of it: the simulation must find every one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from duijie.ledger import exchange, fold, guards, log
from duijie.ledger.log import MemoryLog
from duijie.ledger.state import COUNTS, PENDING, CaseState, Judgement
from duijie.share.simulation import Failure, simulate

__all__ = ["FOUND_BY", "MUTANTS", "Mutant", "found"]

Mutant = Callable[[pytest.MonkeyPatch], None]


def no_after_check(patch: pytest.MonkeyPatch) -> None:
    """A step follows whatever is last, and not what its author saw."""
    step = guards._step
    patch.setattr(
        guards,
        "_step",
        lambda state, kind, act, event: step(state, kind, act, msgspec.structs.replace(event, after=state.tip)),
    )


def gate_open(patch: pytest.MonkeyPatch) -> None:
    """Every part is handed to everybody."""
    patch.setattr(exchange._Gate, "cut", lambda self, one: one.entry)


def order_by_arrival(patch: pytest.MonkeyPatch) -> None:
    """A case is folded in the order in which its events lie in the store."""
    patch.setattr(fold, "ordered", lambda stream, side="": list(stream))


def order_by_date(patch: pytest.MonkeyPatch) -> None:
    """A case is folded by the days that people typed."""
    patch.setattr(fold, "ordered", lambda stream, side="": sorted(stream, key=lambda one: (one.event.on, one.commit)))


def took_only_on_arrival(patch: pytest.MonkeyPatch) -> None:
    """What came is taken up when it comes; who lost power in between never does."""
    receive, take_up = exchange.receive, exchange.take_up

    def received(*given: Any, **named: Any) -> set[str]:
        before = given[0].heads()
        with pytest.MonkeyPatch.context() as inside:
            inside.setattr(
                exchange, "take_up", lambda log, *on, **at: take_up(log, *on, **at) if log.heads() != before else None
            )
            return receive(*given, **named)

    patch.setattr(exchange, "receive", received)
    patch.setattr(exchange, "resume", lambda log, signers, **at: exchange.take_in(log, ()))


def restore_without_handshake(patch: pytest.MonkeyPatch) -> None:
    """Who starts from a backup goes on at once where the backup ends."""
    patch.setattr(exchange, "reopen", lambda *given, **named: None)


def erased_comes_back(patch: pytest.MonkeyPatch) -> None:
    """Words that were erased are taken in again when an old bundle brings them."""
    patch.setattr(exchange, "_forget", lambda held: None)


def receive_doubles(patch: pytest.MonkeyPatch) -> None:
    """What is held already is put beside itself when something of it changes."""
    patch.setattr(MemoryLog, "hold", lambda self, entries: self.add(entries))


def pocket_accepted(patch: pytest.MonkeyPatch) -> None:
    """An event that was held back stands where it was sealed, whatever was built since."""
    patch.setattr(exchange, "_too_late", lambda before, placed: set())


def parts_forgotten_at_release(patch: pytest.MonkeyPatch) -> None:
    """A bundle holds new entries only: what was opened of old ones stays at home."""
    patch.setattr(exchange, "_touched", lambda log, side, old, fresh: set())


def own_confirmation_counts(patch: pytest.MonkeyPatch) -> None:
    """Whoever confirms, confirms for everybody."""
    confirmed, roles = guards._confirmed, fold._roles

    def taken(state: CaseState, kind: Any, act: Any, event: Any) -> Judgement:
        judgement = confirmed(state, kind, act, event)
        fault = judgement.fault
        return Judgement(COUNTS) if fault and fault.code == "case_not_yours_to_confirm" else judgement

    def spoken(state: CaseState, kind: Any, act: Any) -> tuple[str, ...]:
        return tuple(kind.roles) if act.event.kind == "confirmed" else roles(state, kind, act)

    patch.setattr(guards, "_confirmed", taken)
    patch.setattr(fold, "_roles", spoken)


def no_causal_cut(patch: pytest.MonkeyPatch) -> None:
    """An entry is folded though something it had seen is not here yet."""
    patch.setattr(
        log,
        "_grounded",
        lambda chains: {side: sorted(kept, key=lambda one: one.head[:2]) for side, kept in chains.items()},
    )


def unknown_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    """What follows an event that this version cannot read is settled as though that one were nothing."""
    patch.setattr(fold, "_as_far_as_known", iter)


def torn_writes(patch: pytest.MonkeyPatch) -> None:
    """What a transaction had written when the power went stays."""

    @contextmanager
    def lock(self: MemoryLog) -> Iterator[None]:
        yield

    patch.setattr(MemoryLog, "lock", lock)


def late_mail_taken(patch: pytest.MonkeyPatch) -> None:
    """Mail of an epoch that was closed is taken in."""
    patch.setattr(exchange._Receipt, "_of_epoch", lambda self, side, epoch: iter(()))


def own_word_opens(patch: pytest.MonkeyPatch) -> None:
    """A side's own step opens to it what the other end has not opened."""

    def opened(state: CaseState, end: str) -> str:
        return "matched" if any(not one.is_gone and not one.is_held for one in state.steps) else "public"

    patch.setattr(fold, "_opened_to_others", opened)


def pending_waits_for_the_end(patch: pytest.MonkeyPatch) -> None:
    """What waited is tried again after everything else, and no longer after what it waited for."""

    def folded(stream: Any, definitions: Any) -> CaseState:
        opening = fold.opening_of(stream)
        side = getattr(opening.event, "ordering", "") if opening else ""
        state, waiting, moved = CaseState(), list(fold._as_far_as_known(fold.ordered(stream, side))), True
        while moved and waiting:
            moved = sum(fold._counts(state, one, side, definitions) for one in waiting) > 0
            waiting = [one for one in waiting if state.judged[one.commit].verdict == PENDING]
        return state

    patch.setattr(fold, "fold_case", folded)


def closed_is_not_told(patch: pytest.MonkeyPatch) -> None:
    """Who read a thing hears no more of it once it is closed or gone."""
    patch.setattr(exchange._Gate, "_has_read", lambda self, subject: False)


def found(mutant: Mutant, seeds: Iterable[int]) -> Failure | None:
    """The first life of some in which a planted bug shows."""
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch)
        lives = (simulate([seed]).failures for seed in seeds)
        return next((failures[0] for failures in lives if failures), None)


MUTANTS: dict[str, Mutant] = {
    one.__name__: one
    for one in (
        no_after_check, gate_open, order_by_arrival, order_by_date, took_only_on_arrival, restore_without_handshake,
        erased_comes_back, receive_doubles, pocket_accepted, parts_forgotten_at_release, own_confirmation_counts,
        no_causal_cut, unknown_is_passed_over, torn_writes, late_mail_taken, own_word_opens, pending_waits_for_the_end,
        closed_is_not_told,
    )
}  # fmt: skip
FOUND_BY = {
    "gate_open": 0, "order_by_arrival": 0, "restore_without_handshake": 3, "erased_comes_back": 0, "receive_doubles": 0,
    "parts_forgotten_at_release": 0, "own_confirmation_counts": 1, "torn_writes": 3, "own_word_opens": 18,
    "closed_is_not_told": 9,
}  # fmt: skip
"""Bugs that show early, and the life that found each: only where to look first, the simulation may change."""
