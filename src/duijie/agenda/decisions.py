"""What people decided on proposed pairs, and the weights of a kind that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from duijie import data
from duijie.match import Kind
from duijie.match.learning import Weights
from duijie.match.lessons import learn
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

    What counts, and how much, stands in ``policies/learning.yaml``.
    """
    policy = data.read(data.root() / "policies" / "learning.yaml", "learning")
    own = [one for one in decisions if one.kind == kind.key]
    found = learn(kind, needs, offers, own, parties=parties, world=world, policy=policy)
    return (kind, None) if found is None else (kind.with_weights(dict(found.weights)), found)
