"""What a match is to those who ask: pairs with reasons, needs without offers, and why not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from duijie.terms import Provenance, Reason

from .kinds import Kind
from .quotas import GroupShare
from .rules import Removal

__all__ = ["Answer", "Match", "Matches", "Unmatched"]


@dataclass(frozen=True)
class Match:
    """One need and one offer that meet: `score` 0–1, `rank` from 1 among the need's offers, `price` of its demand."""

    id: str
    need: str
    offer: str
    score: float
    rank: int
    is_assigned: bool
    price: float
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        own = {"id": self.id, "need": self.need, "offer": self.offer, "score": self.score, "rank": self.rank}
        reasons = [reason.to_dict() for reason in self.reasons]
        return {**own, "is_assigned": self.is_assigned, "price": self.price, "reasons": reasons}


@dataclass(frozen=True)
class Unmatched:
    """A need that ends with no offer: how many each rule removed, and the smallest relaxation that helps."""

    need: str
    removed: tuple[Removal, ...]
    relaxation: Reason | None

    def to_dict(self) -> dict[str, Any]:
        removed = [{"rule": one.rule, "n": one.n} for one in self.removed]
        return {
            "need": self.need,
            "removed": removed,
            "relaxation": self.relaxation.to_dict() if self.relaxation else None,
        }


@dataclass(frozen=True)
class Matches:
    """What one kind of match gives: `n_pairs` are the pairs that passed all rules, `quotas` what each group got."""

    kind: Kind
    n_needs: int
    n_offers: int
    n_pairs: int
    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]
    assigned_value: float
    assigned_bound: float
    clauses: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    quotas: tuple[GroupShare, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``match.json`` under ``kinds``."""
        return {
            "kind": self.kind.key,
            "version": self.kind.version,
            "name": self.kind.name.to_dict(),
            "clauses": list(self.clauses),
            "n_needs": self.n_needs,
            "n_offers": self.n_offers,
            "n_pairs": self.n_pairs,
            "assigned_value": self.assigned_value,
            "assigned_bound": self.assigned_bound,
            "matches": [one.to_dict() for one in self.matches],
            "unmatched": [one.to_dict() for one in self.unmatched],
            "quotas": [asdict(one) for one in self.quotas],
            "provenance": self.provenance.to_dict(),
        }

    def to_arrow(self) -> Any:
        """The matches as an Arrow table: need, offer, score, rank, is_assigned, price."""
        import pyarrow as pa

        names = ("id", "need", "offer", "score", "rank", "is_assigned", "price")
        return pa.table({name: [getattr(one, name) for one in self.matches] for name in names})

    def to_pandas(self) -> Any:
        """The matches as a pandas table; needs the extra ``[pandas]``."""
        return self.to_arrow().to_pandas()


@dataclass(frozen=True)
class Answer:
    """Why an offer is, or is not, among a need's matches.

    `outranked_by` counts the allowed offers with a better score; `failures` are the rules the pair breaks.
    """

    is_allowed: bool
    score: float
    rank: int
    outranked_by: int
    failures: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    raising: tuple[Reason, ...]
