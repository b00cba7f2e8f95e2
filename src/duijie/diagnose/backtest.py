"""Would it have been right? Which industries entered regions after a year, predicted from the years before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from duijie.errors import InputError

from .linkages import added_density
from .relatedness import cooccurrence, density, proximity
from .specialization import location_quotient, presence

__all__ = ["Backtest", "Score", "auc", "backtest", "complete_years", "precision_at"]

Floats = NDArray[np.float64]
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
    """How well each predictor told entries: `n_candidates` were absent before, `n_entries` of them came."""

    k: int
    n_regions: int
    n_candidates: int
    n_entries: int
    scores: tuple[Score, ...]
    added_auc: float
    added_auc_low: float
    added_auc_high: float
    n_pairs: int


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

    Returns
    -------
    Backtest
        A region without entries, or with nothing but entries, tells no AUC and is left out of it.

    Raises
    ------
    InputError
        The two tables differ in shape.
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if old.shape != new.shape:
        raise InputError("diagnose_shapes_differ", {"before": old.shape, "after": new.shape})
    held, came = presence(old, threshold=threshold), presence(new, threshold=threshold)
    link = proximity(cooccurrence(held)) if near is None else np.asarray(near, dtype=np.float64)
    random = np.random.default_rng(seed)
    predictors: Mapping[str, Floats] = {
        "density": density(held, link),
        "quotient": np.nan_to_num(location_quotient(old)),
        "size": np.broadcast_to(old.sum(0), old.shape),
        "random": random.random(old.shape),
    }
    scores = tuple(_score(name, value, held, came, k, random) for name, value in predictors.items())
    pairs = _added(held, came, link)
    low, high = _band(pairs, random)
    return Backtest(
        k, len(old), int((~held).sum()), int((came & ~held).sum()), scores,
        float(np.mean(pairs)) if len(pairs) else float("nan"), low, high, len(pairs),
    )  # fmt: skip


def _score(
    name: str, value: Floats, held: NDArray[np.bool_], came: NDArray[np.bool_], k: int, random: np.random.Generator
) -> Score:
    measured = [
        (auc(value[r, ~held[r]], came[r, ~held[r]]), precision_at(value[r, ~held[r]], came[r, ~held[r]], k))
        for r in range(len(held))
    ]
    areas, parts = (np.array([one for one in column if one == one]) for column in zip(*measured, strict=True))
    return Score(name, _mean(areas), *_band(areas, random), _mean(parts), *_band(parts, random))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _added(held: NDArray[np.bool_], came: NDArray[np.bool_], link: Floats) -> Floats:
    """AUC of added density for each region over all partners: mean of its pairs, so that regions stay independent."""
    found = []
    for r in range(len(held)):
        lack = ~held[r]
        areas = [auc(added_density(held, link, r, p)[lack], came[r, lack]) for p in range(len(held)) if p != r]
        known = [one for one in areas if one == one]
        if known:
            found.append(float(np.mean(known)))
    return np.array(found)


def _band(values: Sequence[float] | Floats, random: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap band of the mean over regions."""
    given = np.asarray(values, dtype=np.float64)
    if not len(given):
        return float("nan"), float("nan")
    means = given[random.integers(0, len(given), (DRAWS, len(given)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
