"""The yardsticks against definitions, and a world in which relatedness rules."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from duijie.data import sentence
from duijie.diagnose.backtest import auc, average_precision, backtest, complete_years, precision_at
from duijie.diagnose.entry import likelihood, logistic, peers
from duijie.errors import InputError

ROOT = Path(__file__).parents[2]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30), st.integers(1, 10))
def test_yardsticks_by_definition(rows, k):
    score, came = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    yes, no = score[came], score[~came]
    if len(yes) and len(no):
        pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
        assert auc(score, came) == pytest.approx(np.mean(pairs))
        # an entry stands behind all non-entries as good as it
        ranks = sorted((no >= a).sum() for a in yes)
        by_hand = np.mean([(i + 1) / (i + 1 + before) for i, before in enumerate(ranks)])
        assert average_precision(score, came) == pytest.approx(by_hand)
    else:
        assert np.isnan(auc(score, came))
        assert np.isnan(average_precision(score, came))
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
    assert by_name["density"].auc[1] > 0.7
    assert by_name["random"].auc[1] < 0.5 < by_name["random"].auc[2]
    assert by_name["density"].precision[0] > by_name["random"].precision[0]
    assert by_name["density"].average[1] > by_name["random"].average[2]
    assert found.n_entries < found.n_candidates
    of_pairs = {one.predictor: one for one in found.pairs}
    for one in found.pairs:
        assert all(0 <= low <= value <= high <= 1 for value, low, high in (one.auc, one.average, one.precision))
        assert one.by_region.shape == (3, 60)
    assert abs(of_pairs["random"].auc[0] - 0.5) < 0.02
    assert {"own", "model"}.isdisjoint(of_pairs)


def test_the_model_learns_only_from_before():
    rng = np.random.default_rng(1)
    kinds = np.repeat(np.arange(4), 10)
    likes = rng.dirichlet(np.full(4, 0.4), 40)[:, kinds]
    earlier, later, after = (
        (rng.random(likes.shape) < 0.7 * likes) * rng.integers(1, 9, likes.shape) for _ in range(3)
    )
    before = earlier + later
    found = backtest(before, after, training=[(earlier, later)])
    by = {one.predictor: one for one in found.scores}
    assert by["model"].auc[0] >= by["quotient"].auc[0]
    assert by["model"].auc[0] > by["random"].auc[2]
    assert "model" in {one.predictor for one in found.pairs}
    plain = {one.predictor: one for one in backtest(before, after).scores}
    assert set(by) - set(plain) == {"model"}
    assert plain["density"].auc[0] == by["density"].auc[0]
    # what came afterwards has no part in what was foretold
    told = likelihood([(earlier, later)], before)
    lack = ~(found_held := np.asarray(before / before.sum(1, keepdims=True) / (before.sum(0) / before.sum()) >= 1))
    assert found_held.any()
    expected = [
        auc(told[r, lack[r]], (after / after.sum(1, keepdims=True) / (after.sum(0) / after.sum()) >= 1)[r, lack[r]])
        for r in range(40)
    ]
    np.testing.assert_allclose(by["model"].by_region[0], expected)


def test_peers_by_hand():
    """Three regions: the first is like the second alone, so it is told what the second holds."""
    stock = np.array([[9.0, 1.0, 0.0], [9.0, 1.0, 0.0], [0.0, 1.0, 9.0]])
    held = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    found = peers(stock, held)
    np.testing.assert_allclose(found[0], [1, 1, 0])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_weights_are_those_of_a_logistic_regression(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(300, 2)) * [1.0, 5.0]
    truth = rng.random(300) < expit(0.5 + values @ [1.5, -0.2])
    weights = logistic(values, truth)
    spread = values.std(0)
    table, ridge = (values - values.mean(0)) / spread, 1.0

    def loss(rest):
        z = rest[0] + table @ rest[1:]
        return np.logaddexp(0, z).sum() - z @ truth + ridge * (rest[1:] @ rest[1:]) / 2

    np.testing.assert_allclose(weights * spread, minimize(loss, np.zeros(3)).x[1:], atol=1e-4)
    assert logistic(values, np.ones(300, dtype=bool)).tolist() == [0, 0]


def test_only_years_that_all_regions_have():
    assert complete_years([[3, 2], [0, 5], [1, 1]]).tolist() == [True, False, True]
    with pytest.raises(InputError, match="shapes_differ"):
        backtest(np.ones((2, 3)), np.ones((3, 2)))


def test_what_the_pages_say_is_what_was_found():
    """Density above size in every window; added relatedness below size among the first ten; as the words have it."""
    rows = json.loads((ROOT / "benchmarks/results/advice-entry.json").read_text(encoding="utf-8"))
    beside = {(row["case"], row["peer_name"]): row for row in rows}
    windows = {row["case"].split(",")[1] for row in rows if "→" in row["case"]}
    assert len(windows) == 5
    for window in windows:
        model = f"entry,{window}, model: average precision"
        assert beside[model, "density"]["peer"] > beside[model, "size"]["peer"]
        added = beside[f"entry,{window}, added relatedness over a pair: precision@10", "size"]
        assert added["ours"] < added["peer"]
    assert "好于行业规模" in sentence("portal_map_lead", "zh")
    assert "没有预测力" in sentence("portal_added_lead", "zh")
