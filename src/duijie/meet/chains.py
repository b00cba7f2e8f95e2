"""A first plan at once, and better ones fast, for days of any size: ejection, then exchange along chains.

Both work on plain days: slots that do not overlap, one kind of table, no order between meetings. What they give is a
plan or nothing; bounds come from the solver alone.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from .domain import Domain, domain_of
from .instance import Instance

__all__ = ["Improver", "Plain", "by_number", "first_slots", "plain_of"]

Ints = NDArray[np.int64]
_MOST_PERIODS = 62
_TENURE = 8
_MOST_STEPS = 200
_MOVES = 5_000
_UNKNOWN = 1 << 60
_PENALTY = 1_000


@dataclass(frozen=True, eq=False)
class Plain:
    """A plain day in arrays: `open` (meetings, slots) 0/1, `pairs` (meetings, 2), `capacity` (slots,) meetings at once,
    `days` a bit mask of the slots of each day, `most` breaks allowed to one person."""

    open: NDArray[np.bool_]
    pairs: Ints
    capacity: Ints
    n_people: int
    days: Ints
    most: int


def plain_of(instance: Instance) -> Plain | None:
    """The day in arrays, or None where it is not plain."""
    domain = domain_of(instance)
    n_slots = len(instance.slots)
    if not instance.meetings or not _is_plain(instance, domain) or n_slots > _MOST_PERIODS:
        return None
    members = domain.pools[0].unions[0][0]
    order = [group[0] for group in domain.periods]
    is_open = np.zeros((len(instance.meetings), n_slots), dtype=np.bool_)
    for m, slots in enumerate(domain.slots):
        is_open[m, [domain.rank[s] for s in slots]] = True
    days, at = [], 0
    for day in domain.days:
        days.append(((1 << len(day)) - 1) << at)
        at += len(day)
    limits = [person.max_breaks for person in instance.people if person.max_breaks is not None]
    most = min([n_slots, *limits, *([] if instance.fairness is None else [instance.fairness])])
    capacity = np.array([domain.pools[0].free(members, s) for s in order], dtype=np.int64)
    return Plain(
        is_open, np.array(domain.attendees, dtype=np.int64), capacity, len(instance.people), np.array(days), most
    )


def _is_plain(instance: Instance, domain: Domain) -> bool:
    return (
        len(domain.periods) == len(instance.slots)
        and not domain.clashes
        and not domain.travels
        and len(domain.pools) == 1
        and domain.pools[0].kind == "tables"
        and len(domain.pools[0].unions) == 1
        and len(domain.pools[0].needs) == len(instance.meetings)
        and all(len(people) == 2 for people in domain.attendees)
        and not any(meeting.after for meeting in instance.meetings)
    )


def first_slots(plain: Plain, *, seconds: float = 1.0, seed: int = 0) -> Ints | None:
    """A slot (by period) for every meeting, or None where none was found in time.

    Notes
    -----
    The meeting with the busiest people goes first, into the slot where it pushes out the fewest others; those pushed
    out queue again and may not return to that slot for a while.
    """
    chance, end = random.Random(seed), time.monotonic() + seconds
    n_meetings, n_slots = plain.open.shape
    choices = [np.flatnonzero(row).tolist() for row in plain.open]
    pairs, room = plain.pairs.tolist(), plain.capacity.tolist()
    held: list[dict[int, int]] = [{} for _ in range(plain.n_people)]
    inside: list[set[int]] = [set() for _ in range(n_slots)]
    slots = [-1] * n_meetings
    barred: dict[tuple[int, int], int] = {}
    load = np.bincount(plain.pairs.ravel(), minlength=plain.n_people)
    queue = sorted(range(n_meetings), key=lambda m: (-len(choices[m]), int(load[plain.pairs[m]].sum())))
    if load.max() > n_slots or sum(room) < n_meetings:
        return None
    step = 0
    while queue:
        step += 1
        if step > _MOST_STEPS * n_meetings or (step % 256 == 0 and time.monotonic() > end):
            return None
        m = queue.pop()
        a, b = pairs[m]
        best: list[tuple[int, int]] = []
        least = 99
        for s in choices[m]:
            if room[s] < 1 or barred.get((m, s), 0) > step:
                continue
            others = (s in held[a]) + (s in held[b])
            others += others == 0 and len(inside[s]) >= room[s]
            if others < least:
                best, least = [(s, others)], others
            elif others == least:
                best.append((s, others))
            if least == 0 and len(best) > 2:
                break
        if not best:
            barred = {key: until for key, until in barred.items() if key[0] != m}
            if not any(room[s] for s in choices[m]):
                return None
            queue.insert(0, m)
            continue
        s = chance.choice(best)[0]
        out = {held[p][s] for p in (a, b) if s in held[p]}
        if not out and len(inside[s]) >= room[s]:
            out = {chance.choice(sorted(inside[s]))}
        for other in out:
            _leave(other, s, pairs, held, inside)
            slots[other] = -1
            barred[other, s] = step + _TENURE + chance.randrange(_TENURE)
            queue.append(other)
        held[a][s] = held[b][s] = slots[m] = m
        slots[m] = s
        inside[s].add(m)
    return np.array(slots, dtype=np.int64)


def _leave(m: int, s: int, pairs: list[list[int]], held: list[dict[int, int]], inside: list[set[int]]) -> None:
    for p in pairs[m]:
        del held[p][s]
    inside[s].discard(m)


class Improver(threading.Thread):
    """Makes a plan better in a thread of its own, until the time is over, no break is left or it is stopped.

    Notes
    -----
    Simulated annealing. Moving a meeting from slot a to slot b pushes its people's meetings in b to a, those push
    others back to b, and so on: the connected piece changes places as a whole (a Kempe chain), so nobody is ever
    booked twice. The inner loop holds no lock of the interpreter; its first call on a machine compiles it, which
    takes some seconds. `first_at` says when nobody had more breaks than allowed, by the monotonic clock.
    """

    def __init__(self, plain: Plain, slots: Ints, *, seconds: float, seed: int = 0) -> None:
        super().__init__(daemon=True)
        self._plain, self._seconds, self._seed = plain, seconds, seed
        self._halt = threading.Event()
        self.best, self.least = slots.copy(), _UNKNOWN
        self.first_at: float | None = None

    def run(self) -> None:
        plain, end = self._plain, time.monotonic() + self._seconds
        state, masks = self.best.copy(), np.zeros(plain.n_people, dtype=np.int64)
        who = np.full((plain.n_people, plain.open.shape[1]), -1, dtype=np.int64)
        for m, s in enumerate(state):
            who[plain.pairs[m], s] = m
            masks[plain.pairs[m]] |= 1 << s
        load = np.bincount(state, minlength=plain.open.shape[1])
        batch, cost = 0, sum(_breaks(mask, plain.days, plain.most) for mask in masks)
        self._note(cost)
        while self.least and not self._halt.is_set() and (left := end - time.monotonic()) > 0:
            heat = 0.05 + 0.75 * min(1.0, left / self._seconds) ** 4
            cost += _anneal(
                plain.open,
                plain.pairs,
                plain.capacity,
                plain.days,
                plain.most,
                state,
                who,
                masks,
                load,
                heat,
                self._seed + batch,
            )
            batch += 1
            if cost < self.least:
                self.best = state.copy()
                self._note(cost)

    def _note(self, cost: int) -> None:
        self.least = cost
        if self.first_at is None and cost < _PENALTY:
            self.first_at = time.monotonic()

    def stop(self) -> None:
        """Stop after the moves at hand, and wait for that."""
        self._halt.set()
        if self.is_alive():
            self.join()


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _breaks(mask: int, days: Ints, most: int) -> int:
    """Breaks of one person, and a thousand for each above `most`: runs of ones in each day, less one."""
    breaks = 0
    for day in days:
        runs = mask & day
        if runs:
            runs &= ~(runs << 1)
            while runs:
                runs &= runs - 1
                breaks += 1
            breaks -= 1
    return breaks + _PENALTY * max(0, breaks - most)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _swapped(mask: int, a: int, b: int) -> int:
    """The mask with bits `a` and `b` exchanged."""
    differ = ((mask >> a) ^ (mask >> b)) & 1
    return mask ^ ((differ << a) | (differ << b))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _anneal(is_open, pairs, capacity, days, most, state, who, masks, load, heat, seed):  # type: ignore[no-untyped-def]
    """One batch of moves in place; returns by how much the cost changed."""
    np.random.seed(seed % 4294967296)
    n_meetings, n_slots = is_open.shape
    chain = np.empty(n_meetings, dtype=np.int64)
    marked = np.zeros(n_meetings, dtype=np.bool_)
    touched = np.empty(2 * n_meetings, dtype=np.int64)
    seen = np.zeros(who.shape[0], dtype=np.bool_)
    change = 0
    for _ in range(_MOVES):
        first = np.random.randint(n_meetings)
        a = state[first]
        b = np.random.randint(n_slots)
        if a == b or not is_open[first, b]:
            continue
        # The connected piece of meetings in the two slots, by shared people.
        n, at, is_allowed, shift = 1, 0, True, 0
        chain[0], marked[first] = first, True
        while at < n and is_allowed:
            m = chain[at]
            at += 1
            here = state[m]
            there = a + b - here
            shift += 1 if here == a else -1
            is_allowed = is_open[m, there]
            for side in range(2):
                other = who[pairs[m, side], there]
                if other >= 0 and not marked[other]:
                    marked[other] = True
                    chain[n] = other
                    n += 1
        for i in range(n):
            marked[chain[i]] = False
        if not is_allowed or load[b] + shift > capacity[b] or load[a] - shift > capacity[a]:
            continue
        n_touched, before = 0, 0
        for i in range(n):
            for side in range(2):
                p = pairs[chain[i], side]
                if not seen[p]:
                    seen[p] = True
                    touched[n_touched] = p
                    n_touched += 1
                    before += _breaks(masks[p], days, most)
        after = 0
        for i in range(n_touched):
            p = touched[i]
            seen[p] = False
            after += _breaks(_swapped(masks[p], a, b), days, most)
        if after <= before or np.random.random() < np.exp((before - after) / heat):
            change += after - before
            load[b] += shift
            load[a] -= shift
            for i in range(n_touched):
                p = touched[i]
                who[p, a], who[p, b] = who[p, b], who[p, a]
                masks[p] = _swapped(masks[p], a, b)
            for i in range(n):
                state[chain[i]] = a + b - state[chain[i]]
    return change


def by_number(instance: Instance, slots: Ints) -> Mapping[int, int]:
    """Slot number of each meeting number, from periods."""
    order = [group[0] for group in domain_of(instance).periods]
    return {m: order[s] for m, s in enumerate(slots.tolist())}
