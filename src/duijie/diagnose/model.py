"""What a country's regions teach once, so that any pair of them can be asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from duijie.errors import InputError
from duijie.terms import Counts, Relatedness

from .conventions import Convention
from .indicators import Indicators, indicators
from .linkages import Candidate, added_densities, complexity_ranks, ranked_candidates
from .relatedness import normed
from .similarity import cosine, finger_kreinin, krugman

__all__ = ["Model", "PairNumbers", "fit", "held_against"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairNumbers:
    """How two regions stand to each other, as numbers; `added` and `candidates` are (first gains, second gains)."""

    finger_kreinin: float
    cosine: float
    krugman: float
    added: tuple[float, float]
    candidates: tuple[tuple[Candidate, ...], tuple[Candidate, ...]]


@dataclass(frozen=True, eq=False)
class Model:
    """Relatedness and complexity learnt from many regions, and which industries every asked region holds.

    `regions` are the rows that may be asked; `found` are the indicators of the rows learnt from; `is_known` is False
    for industries with less than one firm a region, of which nothing can be learnt.
    """

    regions: tuple[str, ...]
    industries: tuple[str, ...]
    values: Floats
    presence: NDArray[np.bool_]
    found: Indicators
    is_known: NDArray[np.bool_]

    def _row(self, region: str) -> int:
        if region not in self.regions:
            raise InputError("diagnose_region_unknown", {"region": region})
        return self.regions.index(region)

    @cached_property
    def _share(self) -> Floats:
        """Proximity with columns that sum to 1."""
        return normed(self.found.proximity)

    @cached_property
    def densities(self) -> Floats:
        """Every region's density, (regions, industries)."""
        return np.asarray(self.presence.astype(np.float64) @ self._share)

    @cached_property
    def worth(self) -> Floats:
        """Complexity of what enough is known of, (industries,), else NaN."""
        return np.where(self.is_known, self.found.pci, np.nan)

    @cached_property
    def _ranks(self) -> Floats:
        return complexity_ranks(self.worth)

    def pair(self, region_a: str, region_b: str, *, top: int = 20) -> PairNumbers:
        """Likeness of two regions, and what each would add to the other.

        Raises
        ------
        InputError
            The model knows no such region.
        """
        return self.pairs([region_a, region_b], top=top)[region_a, region_b]

    def pairs(self, regions: Sequence[str] | None = None, *, top: int = 20) -> dict[tuple[str, str], PairNumbers]:
        """The numbers of all pairs of some regions (by default all), each pair once, in their order.

        Raises
        ------
        InputError
            The model knows no such region.
        """
        names = tuple(regions if regions is not None else self.regions)
        rows = [self._row(name) for name in names]
        likeness = [measure(self.values[rows]) for measure in (finger_kreinin, cosine, krugman)]
        gains = self._gains(rows)
        lack = ~self.presence[rows]
        with np.errstate(invalid="ignore"):
            means = (gains * lack[:, None]).sum(2) / lack.sum(1)[:, None]

        def candidates(i: int, j: int) -> tuple[Candidate, ...]:
            row = rows[i]
            return ranked_candidates(
                self.presence[row], self.densities[row], gains[i, j], self.worth, self._ranks, top=top
            )

        return {
            (names[i], names[j]): PairNumbers(
                float(likeness[0][i, j]),
                float(likeness[1][i, j]),
                float(likeness[2][i, j]),
                (float(means[i, j]), float(means[j, i])),
                (candidates(i, j), candidates(j, i)),
            )
            for i in range(len(rows))
            for j in range(i + 1, len(rows))
        }

    def _gains(self, rows: Sequence[int]) -> Floats:
        """What each region (second) would add to the density of each (first), (regions, regions, industries)."""
        held = self.presence[list(rows)]
        brought = held[None, :, :] & ~held[:, None, :]
        if len(rows) <= 3:  # A few rows of sums are done before a matrix product has called its threads.
            return np.stack([np.stack([self._share[one].sum(0) for one in row]) for row in brought])
        some = np.flatnonzero(held.any(0))  # What nobody holds, nobody brings.
        flat = brought[:, :, some].reshape(-1, len(some)).astype(np.float64)
        return np.asarray((flat @ self._share[some]).reshape(len(rows), len(rows), -1))

    @property
    def relatedness(self) -> Relatedness:
        """How near industries are, as other wings take it."""
        return Relatedness(self.industries, np.asarray(self.found.proximity, dtype=np.float64), self.found.convention)

    @cached_property
    def added(self) -> Floats:
        """Mean added relatedness density for all ordered pairs, (regions, regions): row gains from column."""
        return added_densities(self.presence, self.found.proximity)


def held_against(asked: Floats, against: Floats) -> NDArray[np.bool_]:
    """Which industries rows hold, judged against another economy's amounts, ties exact.

    A region inside that economy may exceed it in a rare industry; presence asks only for the share.
    """
    return np.asarray((asked * against.sum() >= np.multiply.outer(asked.sum(1), against)) & (asked > 0))


def fit(
    counts: Counts, *, learn: Sequence[str] | None = None, reference: str = "", convention: str | Convention = "atlas"
) -> Model:
    """Learn relatedness and complexity from some regions of a table, for asking about all of them.

    Parameters
    ----------
    counts
        (regions, industries).
    learn
        Regions to learn from; all but `reference` by default. A region inside another should not be among them twice.
    reference
        A row that stands for the country; presence of every region is judged against it. Without one, against the sum
        of the rows learnt from.

    Raises
    ------
    InputError
        A region is not in the table.
    """
    names = [one for one in (learn if learn is not None else counts.regions) if one != reference]
    for name in (*names, *([reference] if reference else [])):
        if name not in counts.regions:
            raise InputError("diagnose_region_unknown", {"region": name})
    taught = counts.values[[counts.regions.index(name) for name in names]]
    against = counts.values[counts.regions.index(reference)] if reference else taught.sum(0)
    rows = [at for at, name in enumerate(counts.regions) if name != reference]
    asked = counts.values[rows]
    return Model(
        tuple(counts.regions[at] for at in rows),
        counts.industries,
        asked,
        held_against(asked, against),
        indicators(taught, convention=convention),
        taught.sum(0) >= len(taught),
    )
