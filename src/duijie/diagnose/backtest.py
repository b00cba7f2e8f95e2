"""Would it have been right? Which industries entered regions after a year, predicted from the years before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from duijie.errors import InputError

from .entry import Span, likelihood, log_quotient, logistic, peers
from .relatedness import cooccurrence, density, normed, proximity
from .specialization import presence

__all__ = ["Backtest", "Score", "auc", "average_precision", "backtest", "complete_years", "precision_at"]

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
DRAWS = 500


@dataclass(frozen=True, eq=False)
class Score:
    """One predictor's figures as (value, low, high): a mean over regions and its 95 % band over resampled regions.

    `auc`; `average`, the average precision; `precision` among the first k. `by_region` (3, regions) are their values in
    the same order, so that two predictors can be compared region by region.
    """

    predictor: str
    auc: tuple[float, float, float]
    average: tuple[float, float, float]
    precision: tuple[float, float, float]
    by_region: Floats


@dataclass(frozen=True, eq=False)
class Backtest:
    """How well each predictor told entries: `n_candidates` were absent before, `n_entries` of them came.

    `scores` are of what a region knows of itself (density, peers, quotient, size, random and, with training, model);
    `pairs` of what a partner tells (added density, the partner's quotient, size, random, model), each region's mean
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


def average_precision(score: ArrayLike, came: ArrayLike) -> float:
    """The mean precision at each entry, best scored first, ties against the entries; NaN where all or none came.

    Examples
    --------
    >>> average_precision([0.9, 0.8, 0.1], [True, False, True])
    0.8333333333333333
    """
    truth, points = np.asarray(came, dtype=bool), np.asarray(score, dtype=np.float64)
    if truth.all() or not truth.any():
        return float("nan")
    ranks = np.flatnonzero(truth[np.lexsort((truth, -points))]) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).mean())


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
    training: Sequence[Span] = (),
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
        The time learnt from, cut in two (earlier, later) once or several times, all within `before`: what told the
        later parts from the earlier makes the weights of the predictor ``model``, never `after`.

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
    ``model`` is :func:`~duijie.diagnose.entry.likelihood`; of pairs, a logistic regression with a small ridge on added
    density and log(quotient + 0.1).
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    for one in (new, *(part for span in training for part in span)):
        if np.shape(one) != old.shape:
            raise InputError("diagnose_shapes_differ", {"before": old.shape, "after": np.shape(one)})
    held, came = presence(old, threshold=threshold), presence(new, threshold=threshold)
    link = proximity(cooccurrence(held)) if near is None else np.asarray(near, dtype=np.float64)
    random = np.random.default_rng(seed)
    alone, paired = _predictors(old, held, link, random), _pair_predictors(old, held, link, random)
    if training:
        alone["model"] = likelihood(training, old, near=near, threshold=threshold)
        paired["model"] = _of_pairs(training, paired, near, threshold, random)
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
        "peers": peers(old, held),
        "quotient": log_quotient(old),
        "size": np.broadcast_to(old.sum(0), old.shape),
        "random": random.random(old.shape),
    }


def _pair_predictors(old: Floats, held: Truths, link: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """What each partner (first axis) tells a region, (regions, regions, industries) each; ``own`` is no predictor."""
    n, m = old.shape
    brought = held[:, None, :] & ~held[None, :, :]
    quotient = log_quotient(old)
    return {
        "added": (brought.reshape(n * n, m).astype(np.float64) @ normed(link)).reshape(n, n, m),
        "partner_quotient": np.broadcast_to(quotient[:, None, :], (n, n, m)),
        "size": np.broadcast_to(old.sum(0), (n, n, m)),
        "random": random.random((n, n, m)),
        "own": np.broadcast_to(quotient[None], (n, n, m)),
    }


def _of_pairs(
    training: Sequence[Span],
    told: dict[str, Floats],
    near: ArrayLike | None,
    threshold: float,
    random: np.random.Generator,
) -> Floats:
    """Added density and quotient weighed as they would best have told the training spans."""
    names, taught, truth = ("added", "own"), [], []
    for first, then in training:
        stock = np.asarray(first, dtype=np.float64)
        was, enters = presence(stock, threshold=threshold), presence(then, threshold=threshold)
        tie = proximity(cooccurrence(was)) if near is None else np.asarray(near, dtype=np.float64)
        known = _pair_predictors(stock, was, tie, random)
        absent = np.broadcast_to(~was, known["added"].shape)
        taught.append(np.stack([known[name][absent] for name in names], -1))
        truth.append(np.broadcast_to(enters, absent.shape)[absent])
    weights = logistic(np.concatenate(taught), np.concatenate(truth))
    return np.asarray(sum(weight * told[name] for weight, name in zip(weights, names, strict=True)))


def _score(name: str, value: Floats, held: Truths, came: Truths, k: int, random: np.random.Generator) -> Score:
    """Means over regions; with a partner axis, over each region's partners first."""
    rows = []
    for r in range(len(held)):
        lack = ~held[r]
        tellers = [0] if len(value) == 1 else [p for p in range(len(value)) if p != r]
        own = [(value[p, r, lack], came[r, lack]) for p in tellers]
        rows.append([[auc(*one), average_precision(*one), precision_at(*one, k)] for one in own])
    by_region = np.array(rows).mean(1).T
    areas, averages, shares = (_banded(values[~np.isnan(values)], random) for values in by_region)
    return Score(name, areas, averages, shares, by_region)


def _banded(values: Floats, random: np.random.Generator) -> tuple[float, float, float]:
    return (float(values.mean()) if len(values) else float("nan"), *_band(values, random))


def _band(values: Sequence[float] | Floats, random: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap band of the mean over regions."""
    given = np.asarray(values, dtype=np.float64)
    if not len(given):
        return float("nan"), float("nan")
    means = given[random.integers(0, len(given), (DRAWS, len(given)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
