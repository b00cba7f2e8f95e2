"""The network of exchanges: a case by hand, and a second solver with its own formulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from duijie.errors import InputError
from duijie.match.symbiosis import Sink, Stream, exchange_network


def test_a_case_by_hand() -> None:
    # 10 t of ash; near plant takes 6 t at 100 − 1·1 + 50, far one takes 10 t at 100 − 1·120 + 50 = 30
    ash = Stream("ash", "fly ash", (10.0,), 0.9, disposal_cny_t=50)
    near = Sink("near", "fly ash", (6.0,), (0.8, 1.0), purchase_cny_t=100, x_km=1)
    far = Sink("far", "fly ash", (10.0,), (0.8, 1.0), purchase_cny_t=100, x_km=120)
    found = exchange_network([ash], [near, far], transport_cny_t_km=1)
    assert {(one.sink, round(one.quantity_t, 6)) for one in found.exchanges} == {("near", 6.0), ("far", 4.0)}
    assert found.benefit_cny == pytest.approx(6 * 149 + 4 * 30)
    assert found.bound_cny == pytest.approx(found.benefit_cny)


def test_blending_reaches_a_window_that_one_stream_misses() -> None:
    poor = Stream("poor", "heat", (10.0,), 0.5, disposal_cny_t=10)
    rich = Stream("rich", "heat", (10.0,), 0.9, disposal_cny_t=10)
    sink = Sink("sink", "heat", (20.0,), (0.7, 1.0), purchase_cny_t=5)
    assert not exchange_network([poor], [sink], transport_cny_t_km=0).exchanges
    assert exchange_network([poor, rich], [sink], transport_cny_t_km=0).benefit_cny == pytest.approx(300)


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 10_000))
def test_the_benefit_equals_another_solver_and_the_bound_proves_it(n: int, m: int, seasons: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    place = lambda: {"x_km": float(draw.random() * 50), "y_km": float(draw.random() * 50)}  # noqa: E731
    amounts = lambda: tuple(map(float, draw.integers(0, 20, seasons)))  # noqa: E731
    streams = [Stream(f"s{i}", "a", amounts(), float(draw.random()), 30.0, 5.0, **place()) for i in range(n)]
    sinks = [Sink(f"k{j}", "a", amounts(), (0.3, 0.8), float(draw.integers(0, 60)), **place()) for j in range(m)]
    found = exchange_network(streams, sinks, transport_cny_t_km=1.0)
    expected = sum(_by_scipy(streams, sinks, season) for season in range(seasons))
    assert found.benefit_cny == pytest.approx(expected, abs=1e-5)
    assert found.benefit_cny <= found.bound_cny <= found.benefit_cny + 1e-5 * max(1, found.benefit_cny)


def _by_scipy(streams: list[Stream], sinks: list[Sink], season: int) -> float:
    n, m = len(streams), len(sinks)
    distance = [[np.hypot(a.x_km - b.x_km, a.y_km - b.y_km) for b in sinks] for a in streams]
    gain = np.array([[b.purchase_cny_t + 25 - distance[i][j] for j, b in enumerate(sinks)] for i in range(n)])
    rows, limits = [], []
    for i in range(n):
        rows.append(np.repeat(np.arange(n) == i, m).astype(float))
        limits.append(streams[i].quantity_t[season])
    for j in range(m):
        mine = np.tile(np.arange(m) == j, n).astype(float)
        quality = np.repeat([one.quality for one in streams], m)
        rows += [mine, mine * (quality - 0.8), mine * (0.3 - quality)]
        limits += [sinks[j].quantity_t[season], 0, 0]
    return float(-linprog(-gain.ravel(), A_ub=np.array(rows), b_ub=limits).fun)


def test_nothing_fits_and_wrong_input() -> None:
    assert exchange_network([], [], transport_cny_t_km=1).exchanges == ()
    one, two = Stream("s", "a", (1.0,), 1, 1), Sink("k", "b", (1.0,), (0, 1), 1)
    assert exchange_network([one], [two], transport_cny_t_km=1).benefit_cny == 0
    with pytest.raises(InputError, match="match_seasons_differ"):
        exchange_network([one], [Sink("k", "a", (1.0, 2.0), (0, 1), 1)], transport_cny_t_km=1)
    with pytest.raises(InputError, match="match_negative_quantity"):
        exchange_network([one], [two], transport_cny_t_km=-1)
