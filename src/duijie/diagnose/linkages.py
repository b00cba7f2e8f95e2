"""What one region can supply and the other would use, and what it would add: links between two regions or all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .relatedness import normed
from .specialization import location_quotient, share_ratio_band

__all__ = [
    "Candidate",
    "SupplyLink",
    "added_densities",
    "added_density",
    "complexity_ranks",
    "linkage_candidates",
    "ranked_candidates",
    "strength",
    "supply_complementarity",
    "supply_confidence",
    "supply_links",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SupplyLink:
    """Industry `supplier` of the first region feeds industry `buyer` of the second; indices into the arrays given."""

    supplier: int
    buyer: int
    score: float
    supplier_strength: float
    coefficient: float
    buyer_strength: float


def strength(quotient: ArrayLike) -> Floats:
    """A quotient as a strength from 0 (ordinary or weak) to 1 (only here): max(0, (q − 1)/(q + 1)); NaN gives 0.

    References
    ----------
    Laursen (2015), Revealed comparative advantage and the alternatives as measures of international specialization.

    Examples
    --------
    >>> strength([0.5, 1.0, 3.0, float("inf")]).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    q = np.asarray(quotient, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        bounded = np.where(np.isinf(q), 1.0, (q - 1) / (q + 1))
    return np.asarray(np.maximum(np.nan_to_num(bounded), 0.0))


def supply_complementarity(supplier: ArrayLike, coefficients: ArrayLike, buyer: ArrayLike) -> Floats:
    """Every link's weight: specialization of the supplier × input share × specialization of the buyer.

    Parameters
    ----------
    supplier, buyer
        (industries,) strengths, 0–1, of the two regions (see :func:`strength`).
    coefficients
        (industries, industries): the part of the column's intermediate inputs that comes from the row, 0–1.

    Returns
    -------
    array (industries, industries)
        0–1; its sum is the complementarity of the direction supplier → buyer.
    """
    left, right = np.asarray(supplier, dtype=np.float64), np.asarray(buyer, dtype=np.float64)
    return left[:, None] * np.asarray(coefficients, dtype=np.float64) * right[None, :]


def supply_links(
    supplier: ArrayLike, coefficients: ArrayLike, buyer: ArrayLike, *, top: int = 20
) -> tuple[SupplyLink, ...]:
    """The strongest links from one region's industries to different industries of another, best first.

    Two firms of one industry are rivals as often as partners, so the diagonal is left out. Links of weight 0 are
    never listed.
    """
    left, right = np.asarray(supplier, dtype=np.float64), np.asarray(buyer, dtype=np.float64)
    matrix = np.asarray(coefficients, dtype=np.float64)
    rows, columns = np.flatnonzero(left > 0), np.flatnonzero(right > 0)
    weight = supply_complementarity(left[rows], matrix[np.ix_(rows, columns)], right[columns])
    weight = np.where(rows[:, None] == columns[None, :], 0.0, weight)
    order = np.argsort(-weight, axis=None, kind="stable")[:top]
    places = [divmod(int(at), len(columns)) for at in order if weight.flat[at] > 0]
    return tuple(
        SupplyLink(i, j, float(weight[r, c]), float(left[i]), float(matrix[i, j]), float(right[j]))
        for r, c in places
        for i, j in [(int(rows[r]), int(columns[c]))]
    )


def supply_confidence(
    links: Sequence[SupplyLink],
    supplier: ArrayLike,
    buyer: ArrayLike,
    reference: ArrayLike,
    coefficients: ArrayLike,
    *,
    draws: int = 200,
    seed: int = 0,
) -> Floats:
    """How often each listed link would stay among the best of its list if the firms were counted again.

    Parameters
    ----------
    links
        A list from :func:`supply_links`.
    supplier, buyer, reference
        (industries,) counts of the two regions and of the sample they are compared with.

    Returns
    -------
    array (links,)
        0–1: the part of `draws` redrawn tables in which the link ranks within the length of the list.

    Notes
    -----
    Counts are redrawn from Gamma(x + ½), the posterior of a Poisson mean under Jeffreys' prior; links are ranked as in
    the list, by the lower ends of the bands.
    """
    if not links:
        return np.zeros(0)
    random = np.random.default_rng(seed)
    against, weight = np.asarray(reference, dtype=np.float64), np.asarray(coefficients, dtype=np.float64)
    # Only what is listed, or could come to be, is redrawn: far below an ordinary share nothing reaches the list.
    sides = [np.asarray(side, dtype=np.float64) for side in (supplier, buyer)]
    near = [np.nan_to_num(location_quotient(side[None], reference=against)[0]) > 0.5 for side in sides]
    keep = [np.flatnonzero(side) for side in near]
    inner = weight[np.ix_(*keep)] * (keep[0][:, None] != keep[1][None, :])
    at = tuple(np.searchsorted(kept, [place[side] for place in ((one.supplier, one.buyer) for one in links)])
               for side, kept in enumerate(keep))  # fmt: skip
    strong = [
        strength(share_ratio_band(_redrawn(side[kept], random, draws), side.sum(), against[kept], against.sum()).low)
        for side, kept in zip(sides, keep, strict=True)
    ]
    stays = np.zeros(len(links))
    for left, right in zip(*strong, strict=True):
        drawn = supply_complementarity(left, inner, right)
        bar = np.partition(drawn, drawn.size - len(links), axis=None)[drawn.size - len(links)]
        stays += drawn[at] >= max(bar, 1e-300)
    return stays / draws


def _redrawn(counts: Floats, random: np.random.Generator, draws: int) -> Floats:
    return np.where(counts > 0, random.gamma(counts + 0.5, size=(draws, len(counts))), 0.0)


def added_density(present: ArrayLike, near: ArrayLike, region: int, partner: int) -> Floats:
    """What a partner would add to how near a region is to each industry (added relatedness density).

    Parameters
    ----------
    present
        (regions, industries) truth values.
    near
        (industries, industries) proximity.
    region, partner
        Rows of `present`.

    Returns
    -------
    array (industries,)
        0–1: the part of what is near the industry that the region lacks and the partner holds; 0 for an industry near
        nothing. Own density + added density = density of the two together.

    References
    ----------
    Balland & Boschma (2021), Complementary interregional linkages and Smart Specialisation, Regional Studies 55(6).
    """
    held = np.asarray(present, dtype=bool)
    brought = (held[partner] & ~held[region]).astype(np.float64)
    return np.asarray(brought @ normed(near))


def added_densities(present: ArrayLike, near: ArrayLike) -> Floats:
    """The mean added density over the industries a region lacks, for every ordered pair of regions.

    Returns
    -------
    array (regions, regions)
        Row: the region that gains; column: the partner; 0 on the diagonal; NaN for a region that lacks nothing.

    Notes
    -----
    Two matrix products for all pairs: [(1−M) ∘ ((1−M)Φᵀ)] Mᵀ, Φ with columns normed to 1.
    """
    held = np.asarray(present, dtype=np.float64)
    lack = 1 - held
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(((lack * (lack @ normed(near).T)) @ held.T) / lack.sum(1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Candidate:
    """An industry one region could grow with a partner: `density` is its own, `added` what the partner brings."""

    industry: int
    score: float
    density: float
    added: float
    complexity: float


def linkage_candidates(
    present: ArrayLike,
    near: ArrayLike,
    complexity: ArrayLike,
    region: int,
    partner: int,
    *,
    top: int = 20,
) -> tuple[Candidate, ...]:
    """Industries a region lacks, best first by what the partner would add and by their complexity.

    Notes
    -----
    score = added · the part of industries that are no more complex, 0–1; an unknown complexity weighs nothing.
    """
    held = np.asarray(present, dtype=bool)
    own = np.asarray(held[region].astype(np.float64) @ normed(near))
    added = added_density(held, near, region, partner)
    worth = np.asarray(complexity, dtype=np.float64)
    return ranked_candidates(held[region], own, added, worth, complexity_ranks(worth), top=top)


def complexity_ranks(complexity: ArrayLike) -> Floats:
    """The part of industries that are no more complex than each, 0–1; NaN for an unknown complexity."""
    worth = np.asarray(complexity, dtype=np.float64)
    order = np.sort(worth[np.isfinite(worth)])
    ranked = np.searchsorted(order, worth, side="right") / max(len(order), 1)
    return np.where(np.isfinite(worth), ranked, np.nan)


def ranked_candidates(
    held: ArrayLike, own: Floats, added: Floats, complexity: Floats, ranks: Floats, *, top: int = 20
) -> tuple[Candidate, ...]:
    """Candidates from densities and :func:`complexity_ranks` that are known already; all arrays (industries,)."""
    score = np.where(np.asarray(held, dtype=bool) | ~np.isfinite(ranks), 0, added * ranks)
    # Only the best are put in order; ties go to the earlier industry, as a stable sort would.
    at_most = min(top, len(score))
    bar = np.partition(score, -at_most)[-at_most] if at_most else 0.0
    few = np.flatnonzero((score >= bar) & (score > 0)).tolist()
    best = sorted(few, key=lambda at: (-score[at], at))[:top]
    return tuple(
        Candidate(at, float(score[at]), float(own[at]), float(added[at]), float(complexity[at])) for at in best
    )
