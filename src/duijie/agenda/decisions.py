"""What people decided on proposed pairs, and the weights of a kind that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from duijie import data
from duijie.match import Kind
from duijie.match.learning import Feedback, Weights, learn_weights
from duijie.match.run import OfferIndex
from duijie.match.scoring import Circumstances
from duijie.terms import Listing, Party

__all__ = ["Decision", "learnt", "read_decisions"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A pair of listings that was accepted, or declined with a reason of the chain's vocabulary."""

    kind: str
    need: str
    offer: str
    is_accepted: bool
    reason: str
    stage: str
    on: str


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions in a file of the shape ``schemas/decisions.json``; none where there is no file.

    Raises
    ------
    DataFileError
        The file does not fit its schema.
    """
    if not path.exists():
        return ()
    return tuple(Decision(**row) for row in data.read(path, "decisions")["decisions"])


def learnt(
    kind: Kind,
    needs: Sequence[Listing],
    offers: Sequence[Listing],
    decisions: Sequence[Decision],
    *,
    parties: Mapping[str, Party],
    world: Circumstances,
) -> tuple[Kind, Weights | None]:
    """The kind with weights learnt from decisions on its pairs, and that version; the kind as it is where too few.

    Decisions made after the day of `world`, on listings that are gone, or with a reason that says nothing of the fit
    (``policies/learning.yaml``) do not count.
    """
    policy = data.read(data.root() / "policies" / "learning.yaml", "learning")
    ours = {one.id: at for at, one in enumerate(needs)}
    theirs = {one.id for one in offers}
    told = [
        one
        for one in decisions
        if one.kind == kind.key and one.need in ours and one.offer in theirs and _counts(one, policy, world.on)
    ]
    n_accepted = sum(one.is_accepted for one in told)
    if n_accepted < policy["least_accepted"] or len(told) - n_accepted < policy["least_declined"]:
        return kind, None
    index = OfferIndex.build(kind, offers, parties=parties, world=world, needs=needs)
    bench = index.over(needs, {})
    rows, places = ({one.id: at for at, one in enumerate(pool.listings)} for pool in (bench.needs, index.offers))
    # who accepts and who declines come in turn, so that both halves that learning makes hold both sorts
    told = _mixed(sorted(told, key=lambda one: (one.on, one.need, one.offer)))
    unknown = np.array([term.unknown for term in kind.terms])
    parts = np.stack(
        [bench.scorer.score(rows[one.need], np.array([places[one.offer]])).parts[:, 0] for one in told]
    ).astype(np.float64)
    feedback = Feedback(np.where(np.isnan(parts), unknown, parts), np.array([one.is_accepted for one in told]))
    found = learn_weights(kind, feedback, on=world.on, version=kind.version + 1, strength=float(policy["strength"]))
    return kind.with_weights(dict(found.weights)), found


def _counts(one: Decision, policy: Mapping[str, Any], on: date) -> bool:
    return one.on <= on.isoformat() and (one.is_accepted or one.reason not in policy["set_aside"])


def _mixed(told: Sequence[Decision]) -> list[Decision]:
    """Pairs of places: first two that were accepted, then two that were declined, and so on; the rest at the end."""
    accepted, declined = ([one for one in told if one.is_accepted is sort] for sort in (True, False))
    n = 2 * (min(len(accepted), len(declined)) // 2)
    paired = [one for at in range(0, n, 2) for one in (*accepted[at : at + 2], *declined[at : at + 2])]
    return [*paired, *accepted[n:], *declined[n:]]
