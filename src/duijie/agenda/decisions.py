"""What people decided on proposed pairs, and the weights of a kind that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from duijie import data
from duijie.match import Kind
from duijie.match.learning import Weights
from duijie.match.lessons import learn
from duijie.match.scoring import Circumstances
from duijie.terms import Listing, Party, Step

__all__ = ["Decision", "last_words", "learnt", "refusals"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A pair of listings that was accepted, or declined with a reason of the chain's vocabulary.

    `stage` says how far the two had come: ``request``, or a node of the chain; `on` is an ISO date.
    """

    kind: str
    need: str
    offer: str
    is_accepted: bool
    reason: str
    stage: str
    on: str


def refusals(pairs: Mapping[str, tuple[str, str, str]], steps: Iterable[Step]) -> tuple[Decision, ...]:
    """The cases that ended in a refusal, as decisions on their pairs.

    Parameters
    ----------
    pairs
        Kind, need and offer by case; a case without all three teaches nothing and is left out.
    steps
        The steps of all cases, each case's in the order of its dates; the node before the refusal is the stage.
    """
    reached: dict[str, str] = {}
    found = []
    for step in steps:
        kind, need, offer = pairs.get(step.case, ("", "", ""))
        if step.kind == "refused" and kind and need and offer:
            found.append(Decision(kind, need, offer, False, step.reason, reached.get(step.case, ""), step.on))
        reached[step.case] = step.kind
    return tuple(found)


def last_words(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The last decision on each pair, in the order of kind, need and offer; of one day the later given counts."""
    ordered = sorted(decisions, key=lambda one: one.on)
    found = {(one.kind, one.need, one.offer): one for one in ordered}
    return tuple(found[key] for key in sorted(found))


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

    What counts, and how much, stands in ``policies/learning.yaml``.
    """
    policy = data.read(data.root() / "policies" / "learning.yaml", "learning")
    own = [one for one in decisions if one.kind == kind.key]
    found = learn(kind, needs, offers, own, parties=parties, world=world, policy=policy)
    return (kind, None) if found is None else (kind.with_weights(dict(found.weights)), found)
