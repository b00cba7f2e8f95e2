"""Below what no pair is recommended: a shared word that says something, and a known relation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from duijie.data import read, root

from .candidates import Pool
from .kinds import Kind
from .scoring import Scores
from .text import met_words

__all__ = ["Floor", "load_floor", "within_share"]

Truths = NDArray[np.bool_]
_FIELDS = ("title", "details", "field", "products", "party.products")


@dataclass(frozen=True, eq=False)
class Floor:
    """What a pair needs to be recommended at all.

    `generic` words say nothing of what is exchanged. `relation` gives, for a kind (or ``default``), the measures whose
    value tells a relation and the least value that does; where a kind names none, its own rules are the relation. No
    organisation takes part in more than `per_party` recommended pairs, on either end; `crowding` spreads nearly equal
    pairs. `candidates` offers are looked at for each need.
    """

    generic: tuple[str, ...] = ()
    relation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    per_party: int = 3
    candidates: int = 40
    crowding: float = 0.0

    def passes(self, kind: Kind, needs: Pool, offers: Pool, need: int, scores: Scores) -> Truths:
        """Which of some offers are above the floor for a need, shape (offers,)."""
        related = self._related(kind, scores)
        ours = self._content(needs.words(need, _FIELDS))
        met = [
            bool(related[at]) and bool(met_words(ours, self._content(offers.words(int(offer), _FIELDS))))
            for at, offer in enumerate(scores.offers)
        ]
        return np.array(met, dtype=np.bool_)

    def _related(self, kind: Kind, scores: Scores) -> Truths:
        least = self.relation.get(kind.key, self.relation.get("default", {}))
        if not least:
            return np.ones(len(scores.offers), dtype=np.bool_)
        found = np.zeros(len(scores.offers), dtype=np.bool_)
        for term, values in zip(kind.terms, scores.parts, strict=True):
            if term.measure in least:
                found |= np.nan_to_num(values) >= least[term.measure] - 1e-9
        return found

    def _content(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words without their generic parts."""
        if self._pattern is None:
            return tuple(words)
        return tuple(part for word in words for part in self._pattern.split(word) if len(part) > 1)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        longest_first = sorted(self.generic, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def load_floor() -> Floor:
    """The built-in floor, ``data/policies/floor.yaml``."""
    document = read(root() / "policies" / "floor.yaml", "floor")
    return Floor(
        tuple(document["generic"]),
        document["relation"],
        document["per_party"],
        document["candidates"],
        document["crowding"],
    )


def within_share(
    pairs: Sequence[tuple[str, str]],
    scores: Sequence[float],
    most: int,
    taken: Counter[str] | None = None,
    *,
    crowding: float = 0.0,
    groups: Sequence[str] = (),
    per_group: int = 0,
) -> Truths:
    """Which pairs stay when no party may be in more than `most` of them: greedy, best first, one a pair of parties.

    Parameters
    ----------
    pairs
        The needing and the offering party of each pair.
    scores
        Of each pair; ties keep the order given.
    most
        Pairs of one party at most, on either end, ≥ 1.
    taken
        Pairs already given to parties; counted on.
    crowding
        Taken off a pair's score for each pair its two parties already have: spreads nearly equal pairs over parties.
    groups, per_group
        What each pair is about, and how many pairs of one such thing may stay; the empty name is never full.
    """
    full: Counter[str] = Counter()
    count: Counter[str] = Counter() if taken is None else taken
    kept, seen = np.zeros(len(pairs), dtype=np.bool_), set()
    # Lazy greedy: a pair's worth only falls as its parties are taken, so one that still leads when looked at is next.
    queue = [(-score, at) for at, score in enumerate(scores)]
    heapify(queue)
    while queue:
        worth, at = heappop(queue)
        both = frozenset(pairs[at])
        group = groups[at] if groups else ""
        is_full = bool(group) and full[group] >= per_group
        if is_full or both in seen or any(count[party] >= most for party in both):
            continue
        now = crowding * sum(count[party] for party in both) - scores[at]
        if queue and (now, at) > queue[0] and now > worth:
            heappush(queue, (now, at))
            continue
        kept[at] = True
        seen.add(both)
        full[group] += 1
        count.update(both)
    return kept
