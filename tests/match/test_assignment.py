"""The auction against an exact flow and against a case worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.match.assignment import (
    Candidates,
    Quota,
    assign_auction,
    assign_flow,
    demand_prices,
    dual_bound,
    mutual_values,
)


def _table(values: list[list[float]], need_capacity: list[int], offer_capacity: list[int]) -> Candidates:
    dense = np.array(values, dtype=float)
    rows, columns = np.nonzero(dense)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))])
    return Candidates(indptr, columns, dense[rows, columns], np.array(need_capacity), np.array(offer_capacity))


def _random(n: int, m: int, k: int, most: int, seed: int) -> Candidates:
    draw = np.random.default_rng(seed)
    k = min(k, m)
    offers = np.concatenate([draw.choice(m, k, replace=False) for _ in range(n)])
    values = np.round(draw.random(n * k), 3) + 0.001
    return Candidates(
        np.arange(n + 1) * k, offers, values, draw.integers(0, most + 1, n), draw.integers(0, most + 1, m)
    )


def _is_within_capacity(table: Candidates, held: np.ndarray) -> bool:
    of_needs = np.bincount(table.needs[held], minlength=len(table.need_capacity))
    of_offers = np.bincount(table.offers[held], minlength=len(table.offer_capacity))
    return bool((of_needs <= table.need_capacity).all() and (of_offers <= table.offer_capacity).all())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 25), st.integers(1, 15), st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**31))
def test_the_auction_is_within_its_certified_gap_of_the_flow(n: int, m: int, k: int, most: int, seed: int) -> None:
    table = _random(n, m, k, most, seed)
    ours, exact = assign_auction(table, gap_share=1e-4), assign_flow(table)
    assert _is_within_capacity(table, ours.is_assigned)
    assert _is_within_capacity(table, exact.is_assigned)
    assert ours.value <= exact.value + 1e-6 <= ours.bound + 2e-6
    assert ours.bound - ours.value <= 1e-4 * table.values.mean() * max(int(ours.is_assigned.sum()), 1) + 1e-9


def test_a_case_by_hand() -> None:
    # Greedy takes 9 + 1 = 10; the best is 8 + 7 = 15 (Kuhn's 2 × 2 argument).
    table = _table([[9, 8], [7, 1]], [1, 1], [1, 1])
    found = assign_auction(table)
    assert found.value == 15
    assert found.is_assigned.tolist() == [False, True, True, False]
    # need 0 would pay 9 − 8 = 1 for offer 0; at that price need 1 keeps 6 and would pay nothing for offer 1
    assert demand_prices(table, found.is_assigned) == pytest.approx([1, 0])


def test_an_offer_with_places_left_has_no_price() -> None:
    found = assign_auction(_table([[0.9], [0.8]], [1, 1], [5]))
    assert demand_prices(_table([[0.9], [0.8]], [1, 1], [5]), found.is_assigned).tolist() == [0]
    assert found.is_assigned.all()


def test_a_need_takes_several_different_offers() -> None:
    found = assign_auction(_table([[0.9, 0.8, 0.7]], [2], [3, 3, 3]))
    assert found.is_assigned.tolist() == [True, True, False]


@pytest.mark.parametrize(("needs", "offers"), [([0, 0], [1, 1]), ([1, 1], [0, 0])])
def test_zero_capacity_assigns_nothing(needs: list[int], offers: list[int]) -> None:
    for solve in (assign_auction, assign_flow):
        assert not solve(_table([[1, 1], [1, 1]], needs, offers)).is_assigned.any()


def test_no_pairs() -> None:
    empty = Candidates(np.zeros(1, int), np.zeros(0, int), np.zeros(0), np.zeros(0, int), np.zeros(0, int))
    assert assign_auction(empty).value == assign_flow(empty).value == 0


def test_equal_values_go_to_the_flow_where_bidding_would_be_long() -> None:
    table = _table([[0.5] * 4] * 9, [1] * 9, [1] * 4)
    found = assign_auction(table, gap_share=1e-9, max_bids=200)
    assert found.method == "flow"
    assert found.value == pytest.approx(2.0)


def test_the_bound_holds_for_any_prices() -> None:
    table = _random(20, 10, 4, 2, 3)
    best = assign_flow(table).value
    for seed in range(5):
        assert dual_bound(table, np.random.default_rng(seed).random(10)) >= best - 1e-9


def test_quotas_are_met_as_far_as_possible() -> None:
    table = _table([[0.9, 0.5], [0.9, 0.4], [0.9, 0.3]], [1, 1, 1], [3, 3])
    groups = np.array([0, 1])
    assert assign_flow(table, groups=groups).value == pytest.approx(2.7)
    found = assign_flow(table, groups=groups, quotas={1: Quota(least=1)})
    assert found.value == pytest.approx(2.3)
    assert assign_flow(table, groups=groups, quotas={0: Quota(most=1)}).value == pytest.approx(
        0.9 + 0.5 + 0.4, abs=0.11
    )


def test_a_price_on_crowding_spreads_exposure() -> None:
    table = _table([[0.9, 0.8]] * 4, [1] * 4, [4, 4])
    crowded, spread = assign_flow(table), assign_flow(table, crowding=0.1)
    assert np.bincount(table.offers[crowded.is_assigned], minlength=2).tolist() == [4, 0]
    assert np.bincount(table.offers[spread.is_assigned], minlength=2).tolist() == [3, 1] or np.bincount(
        table.offers[spread.is_assigned], minlength=2
    ).tolist() == [2, 2]


def test_mutual_values_are_the_harmonic_mean_of_both_sides() -> None:
    table = _table([[0.8, 0.4], [0.4, 0]], [1, 1], [1, 1])
    # need 0: 1, 0.5; need 1: 1 · offers: 1, 1 and 0.5 → 1, 2·0.5·1/1.5, 2·1·0.5/1.5
    assert mutual_values(table) == pytest.approx([1, 2 / 3, 2 / 3])
