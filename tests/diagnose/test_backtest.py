"""The yardsticks against definitions, and a world in which relatedness rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from duijie.diagnose.backtest import _logistic, auc, backtest, complete_years, precision_at
from duijie.errors import InputError


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30), st.integers(1, 10))
def test_yardsticks_by_definition(rows, k):
    score, came = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    yes, no = score[came], score[~came]
    if len(yes) and len(no):
        pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
        assert auc(score, came) == pytest.approx(np.mean(pairs))
    else:
        assert np.isnan(auc(score, came))
    draws = []
    for seed in range(300):
        order = np.lexsort((np.random.default_rng(seed).random(len(score)), -score))
        draws.append(came[order[:k]].mean())
    assert precision_at(score, came, k) == pytest.approx(np.mean(draws), abs=0.12)


def test_relatedness_wins_where_it_rules_and_chance_is_a_half():
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(5), 12)
    likes = rng.dirichlet(np.full(5, 0.3), 60)[:, kinds]
    before = (rng.random(likes.shape) < 0.8 * likes) * 10.0
    after = (rng.random(likes.shape) < 0.8 * likes) * 10.0
    found = backtest(before, after)
    by_name = {one.predictor: one for one in found.scores}
    assert by_name["density"].auc_low > 0.7
    assert by_name["random"].auc_low < 0.5 < by_name["random"].auc_high
    assert by_name["density"].precision > by_name["random"].precision
    assert found.n_entries < found.n_candidates
    of_pairs = {one.predictor: one for one in found.pairs}
    assert all(0 <= one.auc_low <= one.auc <= one.auc_high <= 1 for one in found.pairs)
    assert abs(of_pairs["random"].auc - 0.5) < 0.02
    assert {"own", "combined"}.isdisjoint(of_pairs)


def test_the_combined_predictor_learns_only_from_before():
    rng = np.random.default_rng(1)
    kinds = np.repeat(np.arange(4), 10)
    likes = rng.dirichlet(np.full(4, 0.4), 40)[:, kinds]
    earlier, later, after = (
        (rng.random(likes.shape) < 0.7 * likes) * rng.integers(1, 9, likes.shape) for _ in range(3)
    )
    before = earlier + later
    found = backtest(before, after, training=(earlier, later))
    by = {one.predictor: one for one in found.scores}
    assert by["combined"].auc >= by["quotient"].auc
    assert by["combined"].auc > by["random"].auc_high
    assert "combined" in {one.predictor for one in found.pairs}
    plain = {one.predictor: one for one in backtest(before, after).scores}
    assert set(by) - set(plain) == {"combined"}
    assert plain["density"].auc == by["density"].auc


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_weights_are_those_of_a_logistic_regression(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(300, 2)) * [1.0, 5.0]
    truth = rng.random(300) < expit(0.5 + values @ [1.5, -0.2])
    weights = _logistic(values, truth)
    spread = values.std(0)
    table, ridge = (values - values.mean(0)) / spread, 1.0

    def loss(rest):
        z = rest[0] + table @ rest[1:]
        return np.logaddexp(0, z).sum() - z @ truth + ridge * (rest[1:] @ rest[1:]) / 2

    np.testing.assert_allclose(weights * spread, minimize(loss, np.zeros(3)).x[1:], atol=1e-4)
    assert _logistic(values, np.ones(300, dtype=bool)).tolist() == [0, 0]


def test_only_years_that_all_regions_have():
    assert complete_years([[3, 2], [0, 5], [1, 1]]).tolist() == [True, False, True]
    with pytest.raises(InputError, match="shapes_differ"):
        backtest(np.ones((2, 3)), np.ones((3, 2)))
