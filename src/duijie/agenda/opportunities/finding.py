"""Finds what two regions could do together: candidates of every kind, each with its level, and those read first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from duijie import data
from duijie.agenda.material import Material
from duijie.terms import Reason

from . import candidates
from .evidence import Evidence
from .terms import Kind, Level, Opportunity

__all__ = ["every", "first", "unmade"]


def every(material: Material, *, as_of: date, warranty: Mapping[str, Any] | None = None) -> tuple[Opportunity, ...]:
    """Every opportunity with two ends and a ground, best first.

    Parameters
    ----------
    material
        An agreement of at least two sides; the first two are looked at.
    as_of
        The day the list speaks of; first steps are due after it.
    warranty
        For a kind of advice what a test found (``low``: the lower end of the share found right, 0–1).

    Returns
    -------
    tuple of Opportunity
        The agreement's own example first; empty where nothing is known of one side.
    """
    evidence = Evidence.of(material, as_of=as_of, policy=_policy())
    found = [_levelled(one, warranty or {}) for make in candidates.MAKERS for one in make(evidence)]
    return tuple(sorted(found, key=lambda one: (-one.score, one.key)))


def unmade(material: Material, *, as_of: date) -> tuple[Reason, ...]:
    """Which kind could not be told at all, and what is missing for it; empty where nothing is."""
    evidence = Evidence.of(material, as_of=as_of, policy=_policy())
    missing = [evidence.say(region) for region in evidence.regions if region not in evidence.crowding]
    return (Reason("opportunity_no_guard", {"regions": missing}, is_for=False),) if missing else ()


def _policy() -> Mapping[str, Any]:
    found: Mapping[str, Any] = data.read(data.root() / "policies" / "opportunities.yaml", "opportunities")
    return found


def first(found: Sequence[Opportunity]) -> tuple[Opportunity, ...]:
    """The opportunities an official reads first, of all in their order, as many as the policy says.

    The best, few of a kind and few of one place, so that a list is not ten times the same; then the best left.
    """
    policy = _policy()
    chosen: list[Opportunity] = []
    kinds: Counter[Kind] = Counter()
    places: Counter[tuple[str, str]] = Counter()
    for most in (policy["per_kind"], policy["most"]):
        for one in found:
            own = [(end.region, what["zh"]) for end in one.ends for what in end.what]
            is_free = kinds[one.kind] < most.get(one.kind, 0) and len(chosen) < policy["n"]
            if one not in chosen and is_free and all(places[place] < policy["per_place"] for place in own):
                chosen.append(one)
                kinds[one.kind] += 1
                places.update(own)
    return tuple(sorted(chosen, key=found.index))


def _levelled(one: Opportunity, warranty: Mapping[str, Any]) -> Opportunity:
    """On how much it rests: both ends published, a ground of its own source, a kind whose test held."""
    test = warranty.get(one.kind) or {}
    is_tested = test.get("low") is not None
    missing = tuple(
        name
        for name, is_there in (
            ("ends", all(end.is_published for end in one.ends)),
            ("ground", bool(one.ground.source.publisher)),
            ("test", is_tested and float(test["low"]) >= 0.5),
        )
        if not is_there
    )
    level: Level = "high" if not missing else "middle" if len(missing) == 1 else "unverified"
    if "ends" in missing or not is_tested:
        level = "unverified"
    return replace(one, level=level, missing=missing)
