"""Who sits where once the slots are known: tables, interpreters and delegates by matching, with few changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from .domain import Domain, Pool, domain_of
from .instance import Instance
from .timetable import Placement

__all__ = ["seat"]

_SWEEPS = 4
_IMPOSSIBLE = 1e6


def seat(instance: Instance, slots: Mapping[int, int], held: Mapping[str, str] | None = None) -> tuple[Placement, ...]:
    """Give every placed meeting its table, interpreter and delegates; people change tables as little as found.

    Parameters
    ----------
    slots
        Slot number of each placed meeting number; a feasible choice, so that a matching exists in every slot.
    held
        Tables that people already hold in their hands, by meeting id: kept where possible.

    Notes
    -----
    One assignment problem a slot, in order of time and then again with both neighbours known, until nothing moves:
    a local optimum of the number of table changes, not a proven one.
    """
    domain = domain_of(instance)
    # A meeting of an older plan may have been withdrawn since.
    index = instance.meeting_index
    wished = {index[name]: key for name, key in (held or {}).items() if name in index}
    chosen = {pool.kind: _match(domain, pool, slots, wished) for pool in domain.pools}
    tables = chosen.get("tables", {})
    spoken, sent = chosen.get("interpreters", {}), chosen.get("delegates", {})
    order = sorted(slots, key=lambda m: (domain.rank[slots[m]], m))
    return tuple(
        Placement(
            instance.meetings[m].id,
            instance.slots[slots[m]].key,
            next(iter(tables.get(m, ())), ""),
            next(iter(spoken.get(m, ())), ""),
            tuple(sent.get(m, ())),
        )
        for m in order
    )


def _match(domain: Domain, pool: Pool, slots: Mapping[int, int], wished: Mapping[int, str]) -> dict[int, list[str]]:
    needs: dict[int, list[int]] = defaultdict(list)
    for number, (m, _) in enumerate(pool.needs):
        if m in slots:
            needs[slots[m]].append(number)
    near = _neighbours(domain, pool, slots)
    taken: dict[int, int] = {}
    for _ in range(_SWEEPS if pool.kind == "tables" else 1):
        before = dict(taken)
        for s in sorted(needs, key=lambda s: domain.rank[s]):
            barred = _sitting(domain, pool, slots, s)
            cost = _costs(pool, needs[s], s, barred, [[taken.get(n) for n in near[need]] for need in needs[s]], wished)
            rows, columns = linear_sum_assignment(cost)
            taken.update({needs[s][row]: int(column) for row, column in zip(rows, columns, strict=True)})
        if taken == before:
            break
    found: dict[int, list[str]] = defaultdict(list)
    for number in sorted(taken):
        found[pool.needs[number][0]].append(pool.members[taken[number]])
    return found


def _sitting(domain: Domain, pool: Pool, slots: Mapping[int, int], s: int) -> set[int]:
    if pool.kind != "delegates":
        return set()
    return {p for m, slot in slots.items() if slot == s for p in domain.attendees[m]}


def _neighbours(domain: Domain, pool: Pool, slots: Mapping[int, int]) -> dict[int, list[int]]:
    """For each need the needs of the same people just before and after it."""
    number_of = {m: number for number, (m, _) in enumerate(pool.needs)}
    near: dict[int, list[int]] = defaultdict(list)
    for meetings in domain.meetings_of:
        order = sorted((m for m in meetings if m in slots and m in number_of), key=lambda m: domain.rank[slots[m]])
        for first, second in pairwise(order):
            near[number_of[first]].append(number_of[second])
            near[number_of[second]].append(number_of[first])
    return near


def _costs(
    pool: Pool, needs: list[int], s: int, barred: set[int], near: list[list[int | None]], wished: Mapping[int, str]
) -> NDArray[np.float64]:
    """(needs, members): how many people change their table; a table held before is worth more than any of that."""
    cost = np.full((len(needs), len(pool.members)), _IMPOSSIBLE)
    position = {key: at for at, key in enumerate(pool.members)}
    would_do = cache(partial(_would_do, pool, s, frozenset(barred)))
    for row, number in enumerate(needs):
        m, options = pool.needs[number]
        fitting = would_do(options)
        known = [other for other in near[row] if other is not None]
        price = np.full(len(pool.members), float(len(known)) + 1000.0 * (m in wished))
        np.subtract.at(price, known, 1.0)
        if wished.get(m) in position:
            price[position[wished[m]]] -= 1000.0
        cost[row, fitting] = price[fitting]
    return cost


def _would_do(pool: Pool, s: int, barred: frozenset[int], options: frozenset[int]) -> NDArray[np.int64]:
    return np.array(
        [one for one in sorted(options) if s not in pool.unavailable[one] and one not in barred], dtype=np.int64
    )
