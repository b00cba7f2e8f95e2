"""The yardsticks against definitions, and a world in which relatedness rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.diagnose.backtest import auc, backtest, complete_years, precision_at
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
    assert 0 <= found.added_auc_low <= found.added_auc <= found.added_auc_high <= 1


def test_only_years_that_all_regions_have():
    assert complete_years([[3, 2], [0, 5], [1, 1]]).tolist() == [True, False, True]
    with pytest.raises(InputError, match="shapes_differ"):
        backtest(np.ones((2, 3)), np.ones((3, 2)))
