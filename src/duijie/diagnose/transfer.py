"""Which industries could move from one region to another, and when the origin should not let them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .relatedness import density
from .similarity import shares
from .specialization import location_quotient, presence

__all__ = ["TransferCandidate", "pressure", "transfer_candidates"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TransferCandidate:
    """One industry that could move to one region; `guards` names why the origin should not let it go."""

    industry: int
    destination: int
    score: float
    pressure: float
    density: float
    missing: float
    origin_share: float
    guards: tuple[str, ...]


def pressure(before: ArrayLike, after: ArrayLike, origin: int) -> Floats:
    """How much an industry is losing its place in a region, 0–1, (industries,).

    Notes
    -----
    The fall of its location quotient as a part of what it was: max(0, 1 − LQ_after / LQ_before); 0 where it was not
    there before.
    """
    old, new = (np.nan_to_num(location_quotient(table)[origin]) for table in (before, after))
    return np.asarray(np.clip(1 - np.divide(new, old, out=np.ones_like(old), where=old > 0), 0, 1))


def transfer_candidates(
    values: ArrayLike,
    near: ArrayLike,
    push: ArrayLike,
    origin: int,
    destinations: Sequence[int],
    *,
    links: ArrayLike | None = None,
    largest_share: float = 0.1,
    keystone: float = 0.5,
    top: int = 20,
) -> tuple[TransferCandidate, ...]:
    """Industries of the origin that could move, each with the best fitting destination first.

    Parameters
    ----------
    values
        (regions, industries) amounts now.
    near
        (industries, industries) proximity.
    push
        (industries,) pressure on the origin, 0–1 (see :func:`pressure`, or land and labour costs as a rank).
    origin, destinations
        Rows of `values`; third regions are destinations like any other.
    links
        (industries, industries) input shares (row supplies column), for what the destination's chains miss; without
        them `missing` is what is near the industry, held by the destination, and has no such supplier yet.
    largest_share
        An industry with more than this share of the origin is guarded (``large``).
    keystone
        An industry is guarded (``keystone``) when, without it, the origin's other held industries lose more than this
        part of their nearest support.

    Returns
    -------
    tuple of TransferCandidate
        Guarded ones are listed with their guards and score 0, never hidden: the decision is a person's.

    Notes
    -----
    score = pressure · density at the destination · missing. missing = 1 − min(1, LQ at the destination), times the use
    the destination's industries would make of it where `links` are given.
    """
    table = np.asarray(values, dtype=np.float64)
    held = presence(table)
    around = density(held, near)
    quotient = np.nan_to_num(location_quotient(table))
    weight = np.asarray(push, dtype=np.float64)
    part = np.nan_to_num(shares(table)[origin])
    support = _support(held[origin], np.asarray(near, dtype=np.float64))
    use = np.ones((len(table), table.shape[1])) if links is None else _use(table, np.asarray(links))
    found = []
    for i in np.flatnonzero((table[origin] > 0) & (weight > 0)):
        guards = tuple(
            name for name, is_so in (("large", part[i] > largest_share), ("keystone", support[i] > keystone)) if is_so
        )
        for to in destinations:
            missing = (1 - min(1.0, quotient[to, i])) * use[to, i]
            score = 0.0 if guards else float(weight[i] * around[to, i] * missing)
            found.append(
                TransferCandidate(
                    int(i),
                    int(to),
                    score,
                    float(weight[i]),
                    float(around[to, i]),
                    float(missing),
                    float(part[i]),
                    guards,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.score, -one.pressure, one.industry, one.destination))[:top])


def _support(held: NDArray[np.bool_], near: Floats) -> Floats:
    """For each industry: the largest part of another held industry's support inside the region that rests on it."""
    inside = near * np.logical_and.outer(held, held)
    np.fill_diagonal(inside, 0)
    total = inside.sum(0)
    rests = np.divide(inside, total, out=np.zeros_like(inside), where=total > 0)
    return np.asarray(rests.max(1, initial=0.0))


def _use(table: Floats, links: Floats) -> Floats:
    """How much of what each region's industries buy comes from each industry, against the busiest one, 0–1."""
    bought = np.nan_to_num(shares(table)) @ links.T
    top = bought.max(1, keepdims=True)
    return np.asarray(np.divide(bought, top, out=np.zeros_like(bought), where=top > 0))
