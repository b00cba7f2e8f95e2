"""The invented parties of every side, and what they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from duijie.terms import Bilingual, Party

from .script import Script, vocabulary

__all__ = ["Cast", "Topic", "engage"]


@dataclass(frozen=True, slots=True)
class Topic:
    """A buying and a supplying industry with their products."""

    key: str
    name: Bilingual
    industry: Mapping[str, str]
    products: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Cast:
    """The parties by side, kind, topic and role; `pick` finds one for a case."""

    parties: tuple[Party, ...]
    topics: tuple[Topic, ...]
    engaged: Mapping[tuple[str, str], tuple[tuple[Party, Topic, str], ...]]

    def pick(self, dice: Random, side: str, kind: str, topic: Topic, role: str) -> Party:
        """A party of a side and kind: one that works on the topic in this role, where there is one."""
        pool = self.engaged[side, kind]
        fitting = [one for one, theirs, part in pool if theirs is topic and part == role]
        return dice.choice(fitting or [one for one, _, _ in pool])


def engage(script: Script) -> Cast:
    """Invent the parties: each numbered, of one side, with the industry and products of one topic."""
    topics = _topics(script)
    engaged: dict[tuple[str, str], tuple[tuple[Party, Topic, str], ...]] = {}
    for kind, named in vocabulary("parties")["kinds"].items():
        for at, side in enumerate(script.sides):
            first = at * named["each_side"] * script.scale + 1
            numbers = range(first, first + named["each_side"] * script.scale)
            engaged[side, kind] = tuple(_party(script, kind, named, side, n, topics) for n in numbers)
    parties = tuple(party for pool in engaged.values() for party, _, _ in pool)
    return Cast(parties, topics, engaged)


def _topics(script: Script) -> tuple[Topic, ...]:
    """The topics of the agreement's fields and those that fit any; all where its fields are unknown here."""
    rows = vocabulary("topics")["topics"]
    fitting = [row for row in rows if not row["field"] or row["field"] in script.agreement.fields]
    is_known = any(row["field"] for row in fitting)
    return tuple(_topic(row) for row in (fitting if is_known else rows))


def _topic(row: Mapping[str, Any]) -> Topic:
    roles = ("need", "offer")
    return Topic(
        row["key"],
        Bilingual(**row["name"]),
        {role: row[role]["industry"] for role in roles},
        {role: tuple(row[role]["products"]) for role in roles},
    )


def _party(
    script: Script, kind: str, named: Mapping[str, Any], side: str, number: int, topics: Sequence[Topic]
) -> tuple[Party, Topic, str]:
    dice = script.dice("party", kind, number)
    topic, role = topics[number % len(topics)], ("need", "offer")[number // len(topics) % 2]
    town = vocabulary("parties")["town"]
    year = int(script.agreement.signed_on[:4]) - dice.randint(2, 25)
    party = Party(
        id=f"rehearsal-{kind}-{number:03d}",
        kind=kind,
        region=side,
        name=named["zh"].format(n=number),
        name_en=named["en"].format(n=number),
        industry=topic.industry[role] if kind == "firm" else "",
        products=topic.products[role],
        town=town["zh"].format(n=number % town["each_side"] + 1),
        registered_on=f"{year}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
        source=script.source,
    )
    return party, topic, role
