"""What a listing says, read from the fields and rules of its kind: any kind file gives valid, fitting payloads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

from duijie.match.kinds import Field, Kind, Role, Rule
from duijie.terms import Party

from .cast import Topic
from .script import Script, vocabulary

__all__ = ["fit", "payload"]


def payload(script: Script, dice: Random, kind: Kind, role: Role, party: Party, topic: Topic) -> dict[str, Any]:
    """An invented payload of a need or an offer: every field of the kind but those the vocabulary leaves out."""
    own = kind.need if role == "need" else kind.offer
    left_out = vocabulary("values")["skip"]
    found = _common(kind, role, party, topic)
    found.update((one.key, _value(script, dice, kind, one, topic, role)) for one in own if one.key not in left_out)
    return found


def _common(kind: Kind, role: Role, party: Party, topic: Topic) -> dict[str, Any]:
    phrases, products = vocabulary("phrases"), list(topic.products[role])
    said = {"kind": kind.name.zh, "topic": topic.name.zh, "party": party.name, "products": "、".join(products)}
    return {
        "title": phrases[f"{role}_title"].format(**said),
        "details": phrases["details"].format(**said),
        "field": topic.name.zh,
        "products": products,
    }


def _value(script: Script, dice: Random, kind: Kind, one: Field, topic: Topic, role: Role) -> Any:
    values = vocabulary("values")
    if one.type == "number":
        number = _number(dice, _bounds(kind, one))
        return math.ceil(number) if one.unit in values["whole"] else number
    if one.type == "range":
        middle = _number(dice, _bounds(kind, one))
        low, high = _rounded(middle * 0.6), _rounded(middle * 1.6)
        return [low, high if one.maximum is None else min(high, type(high)(one.maximum))]
    if one.type == "choice":
        return dice.choice(sorted(one.vocabulary))
    if one.type == "words":
        known = values["words"].get(one.key, list(topic.products[role]))
        return dice.sample(known, min(len(known), dice.randint(1, 2)))
    if one.type == "date":
        return (script.as_of + timedelta(dice.randint(120, 900))).isoformat()
    if one.type == "code":
        return topic.industry["offer" if role == "need" else "need"][:2]
    return values["texts"].get(one.key, topic.name.zh)


def _bounds(kind: Kind, one: Field) -> tuple[float, float]:
    numbers = vocabulary("values")["numbers"]
    by_key = numbers["keys"].get(f"{kind.key}.{one.key}", numbers["keys"].get(one.key))
    low, high = by_key or numbers["units"].get(one.unit, numbers["default"])
    return low, high


def _number(dice: Random, bounds: tuple[float, float]) -> float | int:
    """A number between the bounds, small ones as likely as large ones, to two figures."""
    low, high = bounds
    return _rounded(low * (high / low) ** dice.random())


def _like(pattern: float | int, value: float) -> float | int:
    """`value` to two figures, whole where the pattern is."""
    return round(_rounded(value)) if isinstance(pattern, int) else _rounded(value)


def _rounded(value: float) -> float | int:
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def fit(dice: Random, kind: Kind, need: dict[str, Any], offer: dict[str, Any], own: Mapping[str, str]) -> None:
    """Change the offer (where a rule reads the offer's own industry, the need) so that the pair passes the hard rules.

    `own` has the need's ``side`` and ``industry`` and the offer's industry as ``offer_industry``.
    """
    for rule in kind.rules:
        if rule.offer == "industry" and rule.need in need:
            need[rule.need] = own["offer_industry"][:2]
        elif rule.offer in offer:
            wanted = need.get(rule.need, own.get(rule.need))
            if wanted is not None:
                offer[rule.offer] = _fitted(dice, rule, wanted, offer[rule.offer])


def _fitted(dice: Random, rule: Rule, wanted: Any, offered: Any) -> Any:
    if rule.test == "at_least":
        return max(wanted, _like(wanted, wanted * dice.uniform(1.0, 1.6)))
    if rule.test == "at_most":
        return min(wanted, _like(wanted, wanted * dice.uniform(0.5, 0.95)))
    if rule.test == "within":
        return [_rounded(wanted * 0.5), _rounded(wanted * 2)]
    if rule.test == "prefix":
        return str(wanted)[:2]
    if isinstance(wanted, list) and wanted and not isinstance(wanted[0], str):
        return list(wanted)
    words = list(wanted) if isinstance(wanted, list) else [wanted]
    kept = offered if isinstance(offered, list) and rule.need != "side" else []
    return words + [one for one in kept if one not in words]
