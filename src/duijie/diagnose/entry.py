"""What a region's past tells of the industries that will come to it: a few plain features, weighed on earlier spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import rankdata

from .relatedness import cooccurrence, normed, proximity
from .specialization import location_quotient, presence

__all__ = ["likelihood", "log_quotient", "logistic", "peers"]

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
Span = tuple[ArrayLike, ArrayLike]


def likelihood(
    spans: Sequence[Span], now: ArrayLike, *, near: ArrayLike | None = None, threshold: float = 1.0
) -> Floats:
    """How likely each industry is to become special to each region, (regions, industries), log odds but for a constant.

    Parameters
    ----------
    spans
        Pairs (stock at an earlier date, what came from then to the date of `now`), each (regions, industries): the
        weights rest on these alone.
    now
        The stock to predict from.
    near
        Proximity to use; by default each stock's own.

    Notes
    -----
    Logistic regression with a small ridge on the logarithm of the quotient, density, peers (what like regions hold),
    the quotient itself below 1, its products with density and peers, whether there is any, and the rank of each among
    what the region lacks. An industry comes where it nearly is (quotient) and where what is like it is (density,
    peers); the products say that both together count for more.
    """
    taught, truth = [], []
    for stock, later in spans:
        was = presence(stock, threshold=threshold)
        taught.append(_table(np.asarray(stock, dtype=np.float64), near, threshold)[~was])
        truth.append(presence(later, threshold=threshold)[~was])
    weights = logistic(np.concatenate(taught), np.concatenate(truth))
    return np.asarray(_table(np.asarray(now, dtype=np.float64), near, threshold) @ weights)


def _table(stock: Floats, near: ArrayLike | None, threshold: float) -> Floats:
    """All features and their ranks, (regions, industries, features)."""
    held = presence(stock, threshold=threshold)
    found = _features(stock, held, near)
    return np.stack([*found.values(), *(_ranks(values, held) for values in found.values())], -1)


def _features(stock: Floats, held: Truths, near: ArrayLike | None) -> Mapping[str, Floats]:
    link = proximity(cooccurrence(held)) if near is None else near
    density, alike = held.astype(np.float64) @ normed(link), peers(stock, held)
    part = np.minimum(np.nan_to_num(location_quotient(stock)), 1)
    return {
        "quotient": log_quotient(stock),
        "density": density,
        "peers": alike,
        "part": part,
        "part_density": part * density,
        "part_peers": part * alike,
        "is_there": (stock > 0).astype(np.float64),
    }


def log_quotient(stock: Floats) -> Floats:
    """log(location quotient + 0.1), (regions, industries)."""
    return np.asarray(np.log(np.nan_to_num(location_quotient(stock)) + 0.1))


def peers(stock: Floats, held: Truths) -> Floats:
    """The share of the other regions, weighed by the cosine of their log quotients, that hold each industry; 0–1."""
    quotient = log_quotient(stock)
    way = quotient / np.maximum(np.linalg.norm(quotient, axis=1, keepdims=True), 1e-12)
    alike = np.maximum(way @ way.T, 0)
    np.fill_diagonal(alike, 0)
    return np.asarray(normed(alike).T @ held.astype(np.float64))


def _ranks(values: Floats, held: Truths) -> Floats:
    """The rank among what each region lacks, 0–1, so that rich and poor regions are alike; 0 where it holds."""
    ranks = np.zeros_like(values)
    for row, own, lack in zip(ranks, values, ~held, strict=True):
        row[lack] = rankdata(own[lack]) / max(int(lack.sum()), 1)
    return ranks


def logistic(values: Floats, truth: Truths, *, ridge: float = 1.0, steps: int = 25) -> Floats:
    """Weights of a logistic regression by Newton's method, the ridge on standardised predictors; without the constant.

    All 0 where every case has one answer.
    """
    spread = values.std(0) + 1e-12
    table = np.column_stack([np.ones(len(values)), (values - values.mean(0)) / spread])
    weights, penalty = np.zeros(table.shape[1]), np.diag([1e-9] + [ridge] * values.shape[1])
    if truth.all() or not truth.any():
        return weights[1:]
    for _ in range(steps):
        chance = expit(table @ weights)
        slope = (table * (chance * (1 - chance))[:, None]).T @ table + penalty
        weights = weights + np.linalg.solve(slope, table.T @ (truth - chance) - penalty @ weights)
    return np.asarray(weights[1:] / spread)
