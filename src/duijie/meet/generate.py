"""Seeded instances of any size in which every meeting can be placed: for tests and benchmarks."""

from __future__ import annotations

import random

from duijie.errors import InputError

from .instance import Instance, Meeting, Person, Slot, Table, Weights, checked

__all__ = ["generated_day"]


def generated_day(
    n_people: int,
    n_meetings: int,
    *,
    n_slots: int = 22,
    n_tables: int | None = None,
    away_share: float = 0.05,
    seed: int = 0,
) -> Instance:
    """A day of two sides that want to meet, made around a hidden timetable that is then thrown away.

    Parameters
    ----------
    n_people
        At least 2; odd numbers go to the first side, even ones to the second.
    n_meetings
        Different pairs, ≥ 0.
    n_tables
        None for as many as the hidden timetable needs and a tenth more.
    away_share
        Share (0–1) of the free times of each person in which they are away.

    Raises
    ------
    InputError
        The people, slots or tables cannot hold so many meetings.

    Examples
    --------
    >>> len(generated_day(10, 20, n_slots=6, seed=1).meetings)
    20
    """
    chance = random.Random(seed)
    room = -(-n_meetings // n_slots) if n_tables is None else n_tables
    hidden: dict[tuple[int, int], int] = {}
    for slot in range(n_slots):
        quota = min(room, n_meetings - len(hidden))
        for pair in _round(chance, n_people, quota, hidden):
            hidden[pair] = slot
    if len(hidden) < n_meetings:
        raise InputError("meet_cannot_generate", {"n": n_meetings, "n_found": len(hidden)})
    busy = {(one, slot) for pair, slot in hidden.items() for one in pair}
    people = tuple(
        Person(
            f"p{p}",
            region="12"[p % 2],
            unavailable=frozenset(
                str(s + 1) for s in range(n_slots) if (p, s) not in busy and chance.random() < away_share
            ),
        )
        for p in range(n_people)
    )
    pairs = sorted(hidden)
    chance.shuffle(pairs)
    meetings = tuple(Meeting(f"m{at}", (f"p{a}", f"p{b}"), is_required=True) for at, (a, b) in enumerate(pairs))
    n_ready = room if n_tables is not None else room + -(-room // 10)
    tables = tuple(Table(str(number + 1)) for number in range(n_ready))
    slots = tuple(Slot(str(number + 1)) for number in range(n_slots))
    return checked(Instance(slots, tables, people, meetings, weights=Weights(spread=0.0)))


def _round(
    chance: random.Random, n_people: int, quota: int, taken: dict[tuple[int, int], int]
) -> list[tuple[int, int]]:
    """Up to `quota` pairs across the two sides that did not meet yet, nobody twice."""
    left, right = list(range(0, n_people, 2)), list(range(1, n_people, 2))
    chance.shuffle(left)
    chance.shuffle(right)
    pairs: list[tuple[int, int]] = []
    for one in left:
        if len(pairs) == quota:
            break
        other = next((candidate for candidate in right if (one, candidate) not in taken), None)
        if other is not None:
            right.remove(other)
            pairs.append((one, other))
    return pairs
