"""Sums over bits against plain matrix products, at every edge of a byte and a tile."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.diagnose.bits import outlooks, packed, quotients
from duijie.diagnose.specialization import location_quotient, presence

sizes = st.sampled_from([1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 70, 128, 130])


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.integers(0, 10**6))
def test_bits_add_what_products_add(n, m, seed):
    rng = np.random.default_rng(seed)
    held = rng.random((n, m)) < rng.uniform(0, 1)
    x, y, near = rng.normal(size=m), rng.normal(size=n), rng.random((m, m))
    bits, table = packed(held), held.astype(float)
    np.testing.assert_allclose(bits.per_row(x), table @ x, atol=1e-12)
    np.testing.assert_allclose(bits.per_column(y), y @ table, atol=1e-12)
    np.testing.assert_array_equal(bits.together(np.float64), table.T @ table)
    np.testing.assert_allclose(bits.sums(near, weights=x, scale=x), (table * x) @ near * x, atol=1e-11)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_has_sums_of_nothing(shape):
    bits = packed(np.zeros(shape, dtype=bool))
    n, m = shape
    assert bits.per_row(np.ones(m)).tolist() == [0] * n
    assert bits.per_column(np.ones(n)).tolist() == [0] * m
    assert bits.together(np.float64).shape == (m, m)
    assert bits.sums(np.ones((m, m)), weights=np.ones(m), scale=np.ones(m)).shape == (n, m)


def test_single_precision_stays_single():
    rng = np.random.default_rng(0)
    held, near = rng.random((90, 70)) < 0.4, rng.random((70, 70)).astype(np.float32)
    found = packed(held).sums(near, weights=np.ones(70), scale=np.ones(70))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, held.astype(np.float64) @ near, rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.integers(0, 10**6), st.sampled_from([0.5, 1.0, 2.0]))
def test_quotients_and_presence_by_their_definitions(n, m, seed, threshold):
    table = np.random.default_rng(seed).integers(0, 4, (n, m)).astype(float)
    rca, present = quotients(table, threshold, is_strict=False)
    np.testing.assert_allclose(rca, location_quotient(table), rtol=1e-14)
    np.testing.assert_array_equal(present, presence(table, threshold=threshold))
    tied = table * table.sum() == threshold * np.outer(table.sum(1), table.sum(0))
    np.testing.assert_array_equal(quotients(table, threshold, is_strict=True)[1], present & ~tied)


@pytest.mark.parametrize("is_net", [True, False])
def test_outlook_and_gain_by_their_definitions(is_net):
    rng = np.random.default_rng(2)
    held, around, adds = rng.random((9, 11)) < 0.5, rng.random((9, 11)), rng.random((9, 11))
    worth, whole = rng.normal(size=11), rng.random(11)
    gained = whole - adds
    expected = gained - around * worth if is_net else np.where(held, 0, gained)
    np.testing.assert_allclose(outlooks(held, around, adds, worth, whole, is_net), (around * ~held) @ worth)
    np.testing.assert_allclose(adds, expected)
