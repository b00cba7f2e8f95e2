"""The published family made larger: each instance under every fairness bound, with absences, fixed meetings, order.

``sown`` variants are cut around a plan that exists, so that most can be held; ``blind`` ones know of no plan, so that
some cannot be held, which must be proved. All are made from seeds and the same on every machine.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from duijie.meet.chains import by_number, first_slots, plain_of
from duijie.meet.dzn import read_dzn
from duijie.meet.instance import Instance

__all__ = ["FAIRNESS", "FOLDER", "KINDS", "NAMES", "varied"]

FOLDER = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "b2bsp"
NAMES = (
    "forumt-14",
    "forumt-14crafd",
    "tic-12",
    "tic-13",
    "tic-14crafa",
    "tic-14crafd",
    "forum-13",
    "forum-14",
    "ticf-14crafa",
    "ticf-13crafb",
)
FAIRNESS = (0, 1, 2, 3)
KINDS = (
    "original",
    "forbidden-sown",
    "forbidden-blind",
    "fixed-sown",
    "fixed-blind",
    "precedences-sown",
    "precedences-blind",
)
# Slots in which people are away, meetings that are fixed, meetings that wait for another: shares of all.
_AWAY = {"sown": 0.1, "blind": 0.03}
_FIXED = {"sown": 0.1, "blind": 0.03}
_ORDERED = 0.1


def varied(name: str, kind: str, fairness: int) -> Instance:
    """One variant of a published instance."""
    base = read_dzn(FOLDER / f"{name}.original.dzn", fairness=fairness)
    chance = random.Random(f"{name} {kind}")
    what, _, how = kind.partition("-")
    held = _held(name) if how == "sown" else {}
    if what == "forbidden":
        return _forbidden(base, held, chance, _AWAY[how])
    if what == "fixed":
        return _fixed(base, held, chance, _FIXED[how])
    return _ordered(base, held, chance) if what == "precedences" else base


@cache
def _held(name: str) -> Mapping[str, int]:
    """A plan without regard to breaks: the position of each meeting's slot."""
    instance = read_dzn(FOLDER / f"{name}.original.dzn")
    plain = plain_of(instance)
    slots = None if plain is None else first_slots(plain, seconds=300, seed=1)
    assert slots is not None, name
    return {instance.meetings[m].id: s for m, s in by_number(instance, slots).items()}


def _forbidden(base: Instance, held: Mapping[str, int], chance: random.Random, share: float) -> Instance:
    busy = {(person, held[one.id]) for one in base.meetings if one.id in held for person in one.people}

    def away(person: str) -> Iterator[str]:
        for at, slot in enumerate(base.slots):
            if (person, at) not in busy and chance.random() < share:
                yield slot.key

    return replace(base, people=tuple(replace(one, unavailable=frozenset(away(one.id))) for one in base.people))


def _fixed(base: Instance, held: Mapping[str, int], chance: random.Random, share: float) -> Instance:
    meetings = list(base.meetings)
    keys = [slot.key for slot in base.slots]
    for at in chance.sample(range(len(meetings)), round(share * len(meetings))):
        one = meetings[at]
        key = (
            keys[held[one.id]]
            if held
            else chance.choice([key for key in keys if one.slots is None or key in one.slots])
        )
        meetings[at] = replace(one, slots=frozenset({key}))
    return replace(base, meetings=tuple(meetings))


def _ordered(base: Instance, held: Mapping[str, int], chance: random.Random) -> Instance:
    """Some meetings wait for another one of the same person: in the order of the plan, or in one drawn by lot."""
    meetings = list(base.meetings)
    drawn = list(range(len(meetings)))
    chance.shuffle(drawn)
    place = held or {one.id: drawn[at] for at, one in enumerate(meetings)}
    for at in chance.sample(range(len(meetings)), round(_ORDERED * len(meetings))):
        person = meetings[at].people[0]
        earlier = [one.id for one in meetings if person in one.people and place[one.id] < place[meetings[at].id]]
        if earlier:
            meetings[at] = replace(meetings[at], after=(chance.choice(earlier),))
    return replace(base, meetings=tuple(meetings))
