"""What people decided on pairs, turned into the feedback that a kind learns from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from duijie.terms import Listing, Party

from .kinds import Kind
from .learning import Feedback, Weights, learn_weights
from .run import OfferIndex
from .scoring import Circumstances

__all__ = ["Decided", "feedback_of", "learn"]


class Decided(Protocol):
    """A pair of listings that was accepted, or declined for a reason, at a stage of the chain, on an ISO date."""

    @property
    def need(self) -> str: ...
    @property
    def offer(self) -> str: ...
    @property
    def is_accepted(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def on(self) -> str: ...


def learn(
    kind: Kind,
    needs: Sequence[Listing],
    offers: Sequence[Listing],
    decisions: Iterable[Decided],
    *,
    parties: Mapping[str, Party],
    world: Circumstances,
    policy: Mapping[str, Any],
) -> Weights | None:
    """New weights of a kind from decisions on its pairs; None where too few of either sort teach anything.

    Decisions after the day of `world`, on listings that are not there, or with a reason that says nothing of the fit
    do not count; `policy` is the file ``policies/learning.yaml``.
    """
    ours, theirs = {one.id for one in needs}, {one.id for one in offers}
    told = [
        one
        for one in decisions
        if one.need in ours and one.offer in theirs and one.on <= world.on.isoformat() and _teaches(one, kind, policy)
    ]
    n_accepted = sum(one.is_accepted for one in told)
    if n_accepted < policy["least_accepted"] or len(told) - n_accepted < policy["least_declined"]:
        return None
    index = OfferIndex.build(kind, offers, parties=parties, world=world, needs=needs)
    found = feedback_of(index, needs, in_turn(told), policy)
    return learn_weights(kind, found, on=world.on, version=kind.version + 1, strength=float(policy["strength"]))


def feedback_of(
    index: OfferIndex, needs: Sequence[Listing], decisions: Sequence[Decided], policy: Mapping[str, Any]
) -> Feedback:
    """The terms' values of each decided pair, what the decision speaks of and how much it counts."""
    bench, kind = index.over(needs, {}), index.kind
    rows, places = ({one.id: at for at, one in enumerate(pool.listings)} for pool in (bench.needs, index.offers))
    parts = [bench.scorer.score(rows[one.need], np.array([places[one.offer]])).parts[:, 0] for one in decisions]
    unknown = np.array([term.unknown for term in kind.terms])
    values = np.where(np.isnan(parts), unknown, parts)
    concerns = np.array([[_speaks(one, term.measure, policy) for term in kind.terms] for one in decisions])
    counts = np.array([float(policy.get("counts", {}).get(one.stage, 1)) for one in decisions])
    return Feedback(values, np.array([one.is_accepted for one in decisions]), concerns, counts)


def _teaches(one: Decided, kind: Kind, policy: Mapping[str, Any]) -> bool:
    if one.is_accepted:
        return True
    return one.reason not in policy["set_aside"] and any(_speaks(one, term.measure, policy) for term in kind.terms)


def _speaks(one: Decided, measure: str, policy: Mapping[str, Any]) -> bool:
    named = policy.get("speaks_of", {}).get(one.reason)
    return one.is_accepted or named is None or measure in named


def in_turn(told: Iterable[Decided]) -> list[Decided]:
    """Two that were accepted, two that were declined, and so on, so that both halves of learning hold both sorts."""
    ordered = sorted(told, key=lambda one: (one.on, one.need, one.offer))
    accepted, declined = ([one for one in ordered if one.is_accepted is sort] for sort in (True, False))
    n = 2 * (min(len(accepted), len(declined)) // 2)
    paired = [one for at in range(0, n, 2) for one in (*accepted[at : at + 2], *declined[at : at + 2])]
    return [*paired, *accepted[n:], *declined[n:]]
