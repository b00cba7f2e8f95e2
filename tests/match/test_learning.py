"""Weights move towards what people accept, within the expert's bounds, and can be rolled back."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.errors import InputError
from duijie.match.kinds import load_kinds
from duijie.match.learning import Feedback, WeightBook, learn_weights, ordered_share

KIND = load_kinds()["supply"]
ON = date(2026, 6, 30)


def _feedback(n: int, deciding: int, seed: int = 0) -> Feedback:
    draw = np.random.default_rng(seed)
    parts = draw.random((n, len(KIND.terms)))
    return Feedback(parts, parts[:, deciding] + 0.1 * draw.standard_normal(n) > 0.5)


def test_a_term_that_decides_gains_weight_and_the_order_gets_better() -> None:
    deciding = [term.key for term in KIND.terms].index("chain")
    found = learn_weights(KIND, _feedback(400, deciding), on=ON)
    assert dict(found.weights)["chain"] > KIND.terms[deciding].weight
    assert found.after > found.before + 0.05


@settings(max_examples=15)
@given(st.integers(0, 80), st.integers(0, len(KIND.terms) - 1), st.integers(0, 999))
def test_weights_stay_in_bounds_and_sum_to_one(n: int, deciding: int, seed: int) -> None:
    found = learn_weights(KIND, _feedback(n, deciding, seed), on=ON)
    assert sum(weight for _, weight in found.weights) == pytest.approx(1, abs=1e-9)
    for term, (key, weight) in zip(KIND.terms, found.weights, strict=True):
        assert term.key == key
        assert term.least - 1e-9 <= weight <= term.most + 1e-9
    assert found.after >= found.before


def test_cold_start_keeps_the_weights_of_the_file() -> None:
    none = learn_weights(KIND, _feedback(0, 0), on=ON)
    assert none.weights == tuple((term.key, term.weight) for term in KIND.terms)
    only_yes = Feedback(np.random.default_rng(0).random((20, len(KIND.terms))), np.ones(20, bool))
    assert learn_weights(KIND, only_yes, on=ON).weights == none.weights
    with pytest.raises(InputError, match="match_feedback_shape"):
        learn_weights(KIND, Feedback(np.zeros((3, 2)), np.ones(3, bool)), on=ON)


def test_roll_back_repeats_an_earlier_version() -> None:
    first, second = (learn_weights(KIND, _feedback(200, at), on=ON, version=at + 1) for at in range(2))
    book = WeightBook((first, second)).rolled_back(1, ON)
    assert book.versions[-1].weights == first.weights
    assert book.versions[-1].version == 3
    with pytest.raises(InputError, match="match_no_version"):
        book.rolled_back(9, ON)


def test_ordered_share_counts_ties_half() -> None:
    assert ordered_share(np.array([0.5, 0.5]), np.array([True, False])) == 0.5
    assert ordered_share(np.array([]), np.array([], bool)) == 0.5
