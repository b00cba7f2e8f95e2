"""Would it have been right? Which industries entered regions after a year, predicted from the years before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import rankdata

from duijie.errors import InputError

from .relatedness import cooccurrence, density, normed, proximity
from .specialization import location_quotient, presence

__all__ = ["Backtest", "Score", "auc", "backtest", "complete_years", "precision_at"]

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
DRAWS = 500


@dataclass(frozen=True, slots=True)
class Score:
    """One predictor's AUC and precision among the first k, each with its 95 % band over resampled regions."""

    predictor: str
    auc: float
    auc_low: float
    auc_high: float
    precision: float
    precision_low: float
    precision_high: float


@dataclass(frozen=True, eq=False)
class Backtest:
    """How well each predictor told entries: `n_candidates` were absent before, `n_entries` of them came.

    `scores` are of what a region knows of itself (density, quotient, size, random and, with a training span, combined);
    `pairs` of what a partner tells (added density, the partner's quotient, size, random, combined), each region's mean
    over all its partners, so that regions stay independent.
    """

    k: int
    n_regions: int
    n_candidates: int
    n_entries: int
    scores: tuple[Score, ...]
    pairs: tuple[Score, ...]


def auc(score: ArrayLike, came: ArrayLike) -> float:
    """How likely an entry was scored above a non-entry, 0–1 (0.5 by chance, ties half); NaN where all or none came.

    Examples
    --------
    >>> auc([0.9, 0.8, 0.1], [True, False, False])
    1.0
    """
    truth, points = np.asarray(came, dtype=bool), np.asarray(score, dtype=np.float64)
    n_yes, n_no = int(truth.sum()), int((~truth).sum())
    if not n_yes or not n_no:
        return float("nan")
    return float((rankdata(points)[truth].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no))


def precision_at(score: ArrayLike, came: ArrayLike, k: int) -> float:
    """The part of the k best scored that came; ties count by their mean, so that order decides nothing."""
    truth, points = np.asarray(came, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if not len(points):
        return float("nan")
    k = min(k, len(points))
    bar = np.sort(points)[::-1][k - 1]
    above, at = points > bar, points == bar
    return float((truth[above].sum() + (k - above.sum()) * truth[at].mean()) / k)


def complete_years(counts: ArrayLike, *, least: int = 1) -> NDArray[np.bool_]:
    """In which years every region has rows, (years,): the test may only span these.

    Parameters
    ----------
    counts
        (years, regions) rows seen.
    """
    return np.asarray((np.asarray(counts) >= least).all(1))


def backtest(
    before: ArrayLike,
    after: ArrayLike,
    *,
    k: int = 10,
    threshold: float = 1.0,
    seed: int = 0,
    near: ArrayLike | None = None,
    training: tuple[ArrayLike, ArrayLike] | None = None,
) -> Backtest:
    """Predict which industries became special to a region, and compare with size, quotient and chance.

    Parameters
    ----------
    before, after
        (regions, industries) amounts of the time learnt from, and of the time predicted (only what is new in it).
    k
        Length of the list that precision is measured on.
    near
        Proximity to use; by default learnt from `before`.
    training
        The time learnt from, cut in two (earlier, later), both within `before`: density and quotient are weighted as
        they told the later part from the earlier, and these weights, never `after`, make the predictor ``combined``.

    Returns
    -------
    Backtest
        A region without entries, or with nothing but entries, tells no AUC and is left out of it.

    Raises
    ------
    InputError
        Two tables differ in shape.

    Notes
    -----
    ``combined`` is a logistic regression with a small ridge on density (or added density) and log(quotient + 0.1).
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    first, then = (np.asarray(one, dtype=np.float64) for one in training or (old, new))
    for one in (new, first, then):
        if one.shape != old.shape:
            raise InputError("diagnose_shapes_differ", {"before": old.shape, "after": one.shape})
    held, came = presence(old, threshold=threshold), presence(new, threshold=threshold)
    link = proximity(cooccurrence(held)) if near is None else np.asarray(near, dtype=np.float64)
    random = np.random.default_rng(seed)
    alone, paired = _predictors(old, held, link, random), _pair_predictors(old, held, link, random)
    if training is not None:
        was, enters = presence(first, threshold=threshold), presence(then, threshold=threshold)
        tie = proximity(cooccurrence(was)) if near is None else link
        alone["combined"] = _combined(_predictors(first, was, tie, random), was, enters, alone, ("density", "quotient"))
        paired["combined"] = _combined(_pair_predictors(first, was, tie, random), was, enters, paired, ("added", "own"))
    paired.pop("own")
    return Backtest(
        k, len(old), int((~held).sum()), int((came & ~held).sum()),
        tuple(_score(name, value[None], held, came, k, random) for name, value in alone.items()),
        tuple(_score(name, value, held, came, k, random) for name, value in paired.items()),
    )  # fmt: skip


def _predictors(old: Floats, held: Truths, link: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """What a region's own past tells, (regions, industries) each."""
    return {
        "density": density(held, link),
        "quotient": np.log(np.nan_to_num(location_quotient(old)) + 0.1),
        "size": np.broadcast_to(old.sum(0), old.shape),
        "random": random.random(old.shape),
    }


def _pair_predictors(old: Floats, held: Truths, link: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """What each partner (first axis) tells a region, (regions, regions, industries) each; ``own`` is no predictor."""
    n, m = old.shape
    brought = held[:, None, :] & ~held[None, :, :]
    quotient = np.log(np.nan_to_num(location_quotient(old)) + 0.1)
    return {
        "added": (brought.reshape(n * n, m).astype(np.float64) @ normed(link)).reshape(n, n, m),
        "partner_quotient": np.broadcast_to(quotient[:, None, :], (n, n, m)),
        "size": np.broadcast_to(old.sum(0), (n, n, m)),
        "random": random.random((n, n, m)),
        "own": np.broadcast_to(quotient[None], (n, n, m)),
    }


def _combined(
    known: Mapping[str, Floats], was: Truths, enters: Truths, told: Mapping[str, Floats], names: Sequence[str]
) -> Floats:
    """Predictors weighted as they would best have told the training span, applied to the span after it."""
    taught = np.stack([known[name] for name in names], -1)
    absent = np.broadcast_to(~was, taught.shape[:-1])
    weights = _logistic(taught[absent], np.broadcast_to(enters, absent.shape)[absent])
    return np.asarray(sum(weight * told[name] for weight, name in zip(weights, names, strict=True)))


def _logistic(values: Floats, truth: Truths, *, ridge: float = 1.0, steps: int = 25) -> Floats:
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


def _score(name: str, value: Floats, held: Truths, came: Truths, k: int, random: np.random.Generator) -> Score:
    """Means over regions; with a partner axis, over each region's partners first."""
    areas, parts = [], []
    for r in range(len(held)):
        lack = ~held[r]
        tellers = [0] if len(value) == 1 else [p for p in range(len(value)) if p != r]
        areas.append([auc(value[p, r, lack], came[r, lack]) for p in tellers])
        parts.append([precision_at(value[p, r, lack], came[r, lack], k) for p in tellers])
    mean, share = (np.array([np.mean(one) for one in rows if one and one[0] == one[0]]) for rows in (areas, parts))
    return Score(name, _mean(mean), *_band(mean, random), _mean(share), *_band(share, random))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _band(values: Sequence[float] | Floats, random: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap band of the mean over regions."""
    given = np.asarray(values, dtype=np.float64)
    if not len(given):
        return float("nan"), float("nan")
    means = given[random.integers(0, len(given), (DRAWS, len(given)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
