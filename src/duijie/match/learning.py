"""Weights learnt from what people accepted and declined, never outside the expert's bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from duijie.errors import InputError

from .kinds import Kind

__all__ = ["Feedback", "WeightBook", "Weights", "learn_weights"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Feedback:
    """Decisions on pairs: `parts` (pairs, terms) 0–1, the terms' values at the time; `is_accepted` (pairs,).

    `concerns` (pairs, terms) says which terms a decision speaks of, all where None; `counts` (pairs,) > 0 how much it
    counts, 1 where None.
    """

    parts: Floats
    is_accepted: NDArray[np.bool_]
    concerns: NDArray[np.bool_] | None = None
    counts: Floats | None = None

    def told(self) -> Floats:
        """The parts with the mean of a term where a decision does not speak of it, so that it teaches nothing there."""
        parts = np.nan_to_num(self.parts, nan=0.0)
        if self.concerns is None or not len(parts):
            return parts
        return np.where(self.concerns, parts, parts.mean(axis=0))


@dataclass(frozen=True)
class Weights:
    """One version of a kind's weights, with how well it told accepted from declined before and after.

    `before` and `after` are the share of (accepted, declined) pairs in the right order, 0.5 = chance; `n` decisions.
    """

    kind: str
    version: int
    learnt_on: str
    weights: tuple[tuple[str, float], ...]
    before: float
    after: float
    n: int


@dataclass(frozen=True)
class WeightBook:
    """All versions of a kind's weights; the last one is in use, a roll back repeats an earlier one."""

    versions: tuple[Weights, ...]

    def added(self, found: Weights) -> WeightBook:
        """The book with one more version, numbered on from the last."""
        last = self.versions[-1].version if self.versions else 1
        return WeightBook((*self.versions, replace(found, version=last + 1)))

    def applied(self, kind: Kind) -> Kind:
        """The kind with the weights in use; as it is where the book is empty.

        Raises
        ------
        InputError
            The book is of another kind, or of other terms.
        """
        if not self.versions:
            return kind
        used = self.versions[-1]
        if used.kind != kind.key or {key for key, _ in used.weights} != {term.key for term in kind.terms}:
            raise InputError("match_weights_of_other_kind", {"kind": kind.key, "found": used.kind})
        return kind.with_weights(dict(used.weights))

    def to_dict(self) -> dict[str, Any]:
        """The book as it is kept in a file."""
        return {"versions": [asdict(one) for one in self.versions]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> WeightBook:
        """The book of a file.

        Raises
        ------
        InputError
            It is no book of weights.
        """
        try:
            pairs = [(one, tuple((str(key), float(w)) for key, w in one["weights"])) for one in document["versions"]]
            return cls(tuple(Weights(**{**one, "weights": weights}) for one, weights in pairs))
        except (KeyError, TypeError, ValueError):
            raise InputError("match_no_weight_book") from None

    def rolled_back(self, version: int, on: date) -> WeightBook:
        """The book with an earlier version in use again, as a new version.

        Raises
        ------
        InputError
            There is no such version.
        """
        found = next((one for one in self.versions if one.version == version), None)
        if found is None:
            raise InputError("match_no_version", {"version": version})
        last = self.versions[-1].version
        again = Weights(found.kind, last + 1, on.isoformat(), found.weights, found.before, found.after, found.n)
        return WeightBook((*self.versions, again))


def learn_weights(kind: Kind, feedback: Feedback, *, on: date, version: int = 2, strength: float = 10.0) -> Weights:
    """New weights of a kind from decisions; fewer than one of each sort leaves the weights as they are.

    Half of the decisions (every second one) are kept back for the figures before and after; where the new weights
    are no better there, the old ones stay.

    Parameters
    ----------
    strength
        How many decisions the expert's weights count for.

    Notes
    -----
    min over w of Σ count · log(1 + exp(−y s (w·x + b))) + strength · ‖(w − w₀)/w₀‖² with Σ w = 1 and each w within the
    term's bounds; s = 8 spreads scores in 0–1 over the logistic.

    Raises
    ------
    InputError
        The parts have another number of terms than the kind.
    """
    if feedback.parts.shape[1:] != (len(kind.terms),):
        raise InputError("match_feedback_shape", {"terms": len(kind.terms)})
    start = np.array([term.weight for term in kind.terms])
    fit = np.arange(len(feedback.is_accepted)) % 2 == 0
    parts, plain = feedback.told(), np.nan_to_num(feedback.parts, nan=0.0)
    counts = np.ones(len(parts)) if feedback.counts is None else feedback.counts
    found = _fitted(kind, parts[fit], feedback.is_accepted[fit], counts[fit], start, strength)
    before = ordered_share(plain[~fit] @ start, feedback.is_accepted[~fit])
    after = ordered_share(plain[~fit] @ found, feedback.is_accepted[~fit])
    if after < before:
        found, after = start, before
    named = tuple((term.key, float(weight)) for term, weight in zip(kind.terms, found, strict=True))
    return Weights(kind.key, version, on.isoformat(), named, before, after, len(feedback.is_accepted))


def _fitted(
    kind: Kind, parts: Floats, is_accepted: NDArray[np.bool_], counts: Floats, start: Floats, strength: float
) -> Floats:
    if is_accepted.all() or not is_accepted.any():
        return start
    signs = np.where(is_accepted, 1.0, -1.0)

    def loss(point: Floats) -> float:
        margins = signs * 8 * (parts @ point[:-1] - point[-1])
        moved = (point[:-1] - start) / np.maximum(start, 0.01)
        return float((counts * np.logaddexp(0, -margins)).sum() + strength * (moved**2).mean())

    bounds = [(term.least, term.most) for term in kind.terms] + [(-1.0, 1.0)]
    one = {"type": "eq", "fun": lambda point: point[:-1].sum() - 1}
    first = np.append(start, np.median(parts @ start))
    found = optimize.minimize(loss, first, bounds=bounds, constraints=[one], method="SLSQP")
    lows, highs = np.array(bounds[:-1]).T
    return _onto_simplex(np.clip(found.x[:-1], lows, highs), lows, highs) if found.success else start


def _onto_simplex(weights: Floats, lows: Floats, highs: Floats) -> Floats:
    """The weights moved within their bounds so that they sum to exactly 1 but for rounding."""
    short = 1 - weights.sum()
    room = highs - weights if short > 0 else weights - lows
    return np.asarray(weights + short * room / max(room.sum(), 1e-12))


def ordered_share(scores: Floats, is_accepted: NDArray[np.bool_]) -> float:
    """The share of (accepted, declined) pairs that the scores put in the right order, ties half; 0.5 where none is.

    Examples
    --------
    >>> ordered_share(np.array([0.9, 0.2, 0.5]), np.array([True, False, True]))
    1.0
    """
    good, bad = scores[is_accepted], np.sort(scores[~is_accepted])
    if not len(good) or not len(bad):
        return 0.5
    below, upto = np.searchsorted(bad, good, "left"), np.searchsorted(bad, good, "right")
    return float((below + upto).mean() / 2 / len(bad))
