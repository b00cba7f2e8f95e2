"""Input–output results against Miller & Blair's worked examples, plain inverses, and identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from duijie.diagnose import inputoutput
from duijie.diagnose.inputoutput import Economy
from duijie.diagnose.regionalization import (
    balance,
    cross_industry_quotient,
    flegg_quotient,
    interregional,
    regional_coefficients,
    trade_shares,
)  # fmt: skip
from duijie.diagnose.value_added import Trade, structural_decomposition
from duijie.errors import InfeasibleError, InputError


def economy(seed=0, n=12):
    rng = np.random.default_rng(seed)
    flows = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    output = flows.sum(0) * rng.uniform(1.3, 3, n) + 1
    return flows, output


def test_the_two_sector_example_of_miller_and_blair():
    """Chapter 2: Z = [[150, 500], [200, 100]], x = (1000, 2000); demand (600, 1500) needs (1247.5, 1841.6)."""
    model = Economy([[150, 500], [200, 100]], [1000, 2000])
    np.testing.assert_allclose(model.coefficients, [[0.15, 0.25], [0.2, 0.05]])
    np.testing.assert_allclose(model.inverse, [[1.2541, 0.3300], [0.2640, 1.1221]], atol=1e-4)
    np.testing.assert_allclose(model.total_output([600, 1500]), [1247.52, 1841.58], atol=0.01)
    np.testing.assert_allclose(model.multipliers().output, [1.518, 1.452], atol=1e-3)


def test_households_as_a_third_sector():
    """The same example closed: wages (300, 500), spending (50, 400) and 50 of its own in the book; here without it."""
    income, spending = np.array([300.0, 500.0]), np.array([50.0, 400.0])
    model = Economy([[150, 500], [200, 100]], [1000, 2000], income=income, consumption=spending)
    closed = np.zeros((3, 3))
    closed[:2, :2], closed[2, :2], closed[:2, 2] = model.coefficients, income / [1000, 2000], spending / income.sum()
    expected = np.linalg.inv(np.eye(3) - closed)[:2, :2].sum(0)
    found = model.multipliers()
    np.testing.assert_allclose(found.output_type_two, expected)
    assert (found.output_type_two > found.output).all()
    np.testing.assert_allclose(found.income, (income / [1000, 2000]) @ model.inverse)


def test_the_closed_example_of_miller_and_blair():
    """Chapter 2 again with households inside: they earn (300, 500, 50) and spend (50, 400, 50) of 1000."""
    model = Economy([[150, 500, 50], [200, 100, 400], [300, 500, 50]], [1000, 2000, 1000])
    book = [[1.3651, 0.4253, 0.2509], [0.5273, 1.3481, 0.5954], [0.5698, 0.4890, 1.2885]]
    np.testing.assert_allclose(model.inverse, book, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 15))
def test_everything_against_plain_inverses(seed, n):
    flows, output = economy(seed, n)
    model = Economy(flows, output, value_added=output - flows.sum(0))
    inverse = np.linalg.inv(np.eye(n) - flows / output)
    ghosh = np.linalg.inv(np.eye(n) - flows / output[:, None])
    links = model.linkages()
    np.testing.assert_allclose(links.backward, inverse.sum(0) / inverse.sum(0).mean())
    np.testing.assert_allclose(links.forward, ghosh.sum(1) / ghosh.sum(1).mean())
    np.testing.assert_allclose(links.sensitivity, inverse.sum(1) / inverse.sum(1).mean())
    np.testing.assert_allclose(
        model.multipliers().value_added, 1, err_msg="all a unit of demand pays for is value added"
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 10))
def test_extraction_is_what_taking_the_sector_out_does(seed, n):
    flows, output = economy(seed, n)
    found = Economy(flows, output).extraction()
    a, f = flows / output, output - (flows / output) @ output
    for j in range(n):
        stay = np.arange(n) != j
        rest = np.linalg.solve(np.eye(n - 1) - a[np.ix_(stay, stay)], f[stay])
        assert found.loss[j] == pytest.approx(output.sum() - rest.sum())


def test_sparse_dense_and_single_precision_say_the_same(monkeypatch):
    flows, output = economy(4, 40)
    plain = Economy(flows, output).multipliers().output
    np.testing.assert_allclose(Economy(csc_array(flows), output).multipliers().output, plain, rtol=1e-13)
    monkeypatch.setattr(inputoutput, "MIXED", 10)
    np.testing.assert_allclose(Economy(flows, output).multipliers().output, plain, rtol=1e-13)
    np.testing.assert_allclose(
        Economy(flows, output).linkages().forward, Economy(csc_array(flows), output).linkages().forward
    )


def test_where_single_precision_stalls_double_takes_over(monkeypatch):
    flows, output = economy(4, 40)
    tight = flows * (0.9999999 * output / flows.sum(0)).min()
    plain = np.linalg.inv(np.eye(40) - tight / output).sum(0)
    close = tight * (output / np.maximum(tight.sum(0), 1e-9)) * 0.99999999
    expected = np.linalg.inv(np.eye(40) - close / output).sum(0)
    monkeypatch.setattr(inputoutput, "MIXED", 10)
    np.testing.assert_allclose(Economy(tight, output).multipliers().output, plain, rtol=1e-9)
    np.testing.assert_allclose(Economy(close, output).multipliers().output, expected, rtol=1e-6)


def test_a_dead_sector_disturbs_nobody():
    flows, output = economy(1, 6)
    wider = np.zeros((7, 7))
    wider[:6, :6] = flows
    found = Economy(wider, np.append(output, 0)).multipliers().output
    np.testing.assert_allclose(found[:6], Economy(flows, output).multipliers().output)
    assert found[6] == 1


@pytest.mark.filterwarnings("ignore:Diagonal number")
def test_what_is_no_economy_is_refused():
    with pytest.raises(InputError, match="flows_shape"):
        Economy(np.ones((2, 3)), [1, 1])
    with pytest.raises(InputError, match="not_finite"):
        Economy([[np.nan, 1], [1, 1]], [1, 1])
    with pytest.raises(InfeasibleError, match="no_surplus"):
        Economy([[1.0, 0], [0, 0.5]], [1, 1]).multipliers()
    with pytest.raises(InfeasibleError, match="no_surplus"):
        Economy([[0.9, 0.9], [0.9, 0.5]], [1, 1]).multipliers()


def test_balance_meets_both_sums_and_keeps_signs_and_zeros():
    start = np.array([[7.0, 3, 5, -3], [2, 9, 8, 1], [-2, 0, 2, 1]])
    found = balance(start, [15, 26, -1], [9, 16, 17, -2])  # the example of Junius and Oosterhaven (2003)
    np.testing.assert_allclose(found.sum(1), [15, 26, -1], atol=1e-8)
    np.testing.assert_allclose(found.sum(0), [9, 16, 17, -2], atol=1e-8)
    assert (np.sign(found) == np.sign(start)).all()
    assert found[0, 0] == pytest.approx(8.98, abs=0.01)


def test_balance_says_when_there_is_no_answer():
    with pytest.raises(InputError, match="totals_differ"):
        balance(np.ones((2, 2)), [1, 1], [1, 2])
    with pytest.raises(InfeasibleError, match="not_balanced"):
        balance([[1.0, 0], [0, 1.0]], [1, 2], [2, 1], steps=50)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_ras_is_a_projection_that_scales_rows_and_columns(seed):
    rng = np.random.default_rng(seed)
    start, target = rng.random((4, 5)) + 0.1, rng.random((4, 5)) + 0.1
    found = balance(start, target.sum(1), target.sum(0))
    np.testing.assert_allclose(balance(found, target.sum(1), target.sum(0)), found, rtol=1e-6)
    ratio = found / start
    np.testing.assert_allclose(ratio * ratio[0, 0], np.outer(ratio[:, 0], ratio[0]), rtol=1e-6)


def test_flegg_grows_with_the_region_and_falls_with_the_exponent():
    region, nation = np.array([10.0, 30, 5]), np.array([100.0, 100, 100])
    small, large = flegg_quotient(region, nation), flegg_quotient(region * 2, nation)
    assert (small < large).all()
    np.testing.assert_allclose(flegg_quotient(region, nation, exponent=0), cross_industry_quotient(region, nation))
    assert (flegg_quotient(region, nation, exponent=0.5) < small).all()
    augmented = flegg_quotient(region, nation, is_augmented=True)
    own = (region / region.sum()) / (nation / nation.sum())
    np.testing.assert_allclose(augmented[:, 1], small[:, 1] * np.log2(1 + own[1]))
    np.testing.assert_allclose(augmented[:, 0], small[:, 0])


def test_regional_coefficients_never_exceed_the_nations():
    a = np.full((3, 3), 0.2)
    region, nation = np.array([10.0, 30, 0]), np.array([100.0, 100, 100])
    found = regional_coefficients(a, flegg_quotient(region, nation))
    assert (found <= a).all()
    assert (found[2, :2] == 0).all()


def test_two_regions_spill_over_and_feed_back():
    flows, output = economy(2, 4)
    local = np.stack([flows / output, economy(3, 4)[0] / economy(3, 4)[1]])
    share = trade_shares(np.ones((2, 4)), np.ones((2, 4)), [[1.0, 3.0], [3.0, 1.0]])
    np.testing.assert_allclose(share.sum(1), 1)
    joined = interregional(local, share)
    assert (joined.spillover > 0).all()
    assert (joined.feedback > 0).all()
    total = np.linalg.inv(np.eye(8) - joined.coefficients).sum(0)
    np.testing.assert_allclose(joined.multiplier.sum(0), total)
    alone = interregional(local, trade_shares(np.ones((2, 4)), np.ones((2, 4)), [[1.0, 1e12], [1e12, 1.0]], decay=3))
    np.testing.assert_allclose(alone.spillover, 0, atol=1e-9)
    np.testing.assert_allclose(alone.feedback, 0, atol=1e-9)


def world(seed=0, n=3, m=4):
    rng = np.random.default_rng(seed)
    a = rng.random((n * m, n * m))
    a = a / a.sum(0) * rng.uniform(0.3, 0.7, n * m)
    return Trade(a, rng.random((n * m, n)), n)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 4))
def test_both_decompositions_of_exports_add_up(seed, n, m):
    trade = world(seed, n, m)
    for s in range(n):
        partners = [r for r in range(n) if r != s]
        gross = sum(trade.exports(s, r) for r in partners)
        assert sum(trade.kww(s).values()) == pytest.approx(gross.sum())
        for r in partners:
            np.testing.assert_allclose(sum(trade.wwz(s, r).values()), trade.exports(s, r))


def test_value_added_exports_are_what_others_absorb():
    trade = world(5)
    s, block = 0, slice(0, 4)
    absorbed = sum(float(trade.v[block] @ (trade.b @ trade.y[:, r])[block]) for r in (1, 2))
    terms = list(trade.kww(s).values())
    assert sum(terms[:3]) == pytest.approx(absorbed)


def test_change_of_output_is_fully_explained():
    (z0, x0), (z1, x1) = economy(1, 6), economy(2, 6)
    a0, a1 = z0 / x0, z1 / x1
    f0, f1 = x0 - a0 @ x0, x1 - a1 @ x1
    found = structural_decomposition(a0, f0, a1, f1)
    np.testing.assert_allclose(found.technology + found.final_demand, x1 - x0)
    np.testing.assert_allclose(structural_decomposition(a0, f0, a0, f1).technology, 0, atol=1e-12)
