"""Industrial symbiosis: which set of exchanges of by-products gives the greatest net benefit, with its proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import pywraplp

from duijie.errors import InfeasibleError, InputError

__all__ = ["Exchange", "Network", "Sink", "Stream", "exchange_network"]


@dataclass(frozen=True, slots=True)
class Stream:
    """A by-product on offer: tonnes by season, its quality, what getting rid of it costs now, where it is (km)."""

    id: str
    material: str
    quantity_t: tuple[float, ...]
    quality: float
    disposal_cny_t: float
    treatment_cny_t: float = 0.0
    x_km: float = 0.0
    y_km: float = 0.0


@dataclass(frozen=True, slots=True)
class Sink:
    """A process that can take a material: tonnes by season, the window of quality, what it pays for it now."""

    id: str
    material: str
    quantity_t: tuple[float, ...]
    quality: tuple[float, float]
    purchase_cny_t: float
    x_km: float = 0.0
    y_km: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """Tonnes of one stream to one sink in one season, with its benefit."""

    stream: str
    sink: str
    season: int
    quantity_t: float
    benefit_cny: float


@dataclass(frozen=True)
class Network:
    """The best set of exchanges: `benefit_cny` in all, `bound_cny` that no other set can exceed."""

    exchanges: tuple[Exchange, ...]
    benefit_cny: float
    bound_cny: float


def exchange_network(
    streams: Sequence[Stream],
    sinks: Sequence[Sink],
    *,
    transport_cny_t_km: float,
    most_km: float = float("inf"),
) -> Network:
    """The exchanges with the greatest net benefit; none where nothing fits or nothing pays.

    Each sink takes blends: the mean quality of what it gets in a season lies within its window.

    Notes
    -----
    Benefit of a tonne = avoided purchase + avoided disposal − treatment − transport. A linear programme over
    stream × sink × season; `bound_cny` is the dual objective Σ quantity · dual price (window rows have right side 0),
    recomputed here with duals clipped to ≥ 0, so weak duality proves it whatever the solver did.

    References
    ----------
    Chertow (2000), Industrial symbiosis. Dantzig (1963) for the duality bound.

    Raises
    ------
    InputError
        Seasons differ in number, or a quantity or the transport cost is negative.
    InfeasibleError
        The solver gave up; doing nothing is always feasible, so this cannot come from the data.
    """
    _check(streams, sinks, transport_cny_t_km)
    ways = [
        _Way(a, b, _benefit(one, two, transport_cny_t_km))
        for a, one in enumerate(streams)
        for b, two in enumerate(sinks)
    ]
    kept = [way for way in ways if _fits(streams[way.stream], sinks[way.sink], most_km)]
    return _solved(streams, sinks, kept)


@dataclass(frozen=True, slots=True)
class _Way:
    stream: int
    sink: int
    benefit_cny_t: float


def _check(streams: Sequence[Stream], sinks: Sequence[Sink], transport_cny_t_km: float) -> None:
    quantities = [one.quantity_t for one in streams] + [one.quantity_t for one in sinks]
    seasons = {len(one) for one in quantities}
    if len(seasons) > 1:
        raise InputError("match_seasons_differ", {"found": ", ".join(map(str, sorted(seasons)))})
    least = min([transport_cny_t_km, *(amount for one in quantities for amount in one)])
    if not least >= 0:
        raise InputError("match_negative_quantity", {"value": least})


def _distance(one: Stream, two: Sink) -> float:
    return float(np.hypot(one.x_km - two.x_km, one.y_km - two.y_km))


def _benefit(one: Stream, two: Sink, transport_cny_t_km: float) -> float:
    saved = two.purchase_cny_t + one.disposal_cny_t - one.treatment_cny_t
    return saved - transport_cny_t_km * _distance(one, two)


def _fits(one: Stream, two: Sink, most_km: float) -> bool:
    return one.material == two.material and _distance(one, two) <= most_km


def _solved(streams: Sequence[Stream], sinks: Sequence[Sink], ways: Sequence[_Way]) -> Network:
    solver = pywraplp.Solver.CreateSolver("GLOP")
    n_seasons = len(streams[0].quantity_t) if streams else 0
    flows = {(w, s): solver.NumVar(0, solver.infinity(), "") for w in range(len(ways)) for s in range(n_seasons)}
    rows: list[tuple[pywraplp.Constraint, float, dict[tuple[int, int], float]]] = []

    def at_most(limit: float, entries: dict[tuple[int, int], float]) -> None:
        row = solver.Constraint(-solver.infinity(), limit)
        for key, coefficient in entries.items():
            row.SetCoefficient(flows[key], coefficient)
        rows.append((row, limit, entries))

    for season in range(n_seasons):
        for at, stream in enumerate(streams):
            at_most(stream.quantity_t[season], {(w, season): 1.0 for w, way in enumerate(ways) if way.stream == at})
        for at, sink in enumerate(sinks):
            mine = [w for w, way in enumerate(ways) if way.sink == at]
            at_most(sink.quantity_t[season], {(w, season): 1.0 for w in mine})
            qualities = {w: streams[ways[w].stream].quality for w in mine}
            at_most(0.0, {(w, season): qualities[w] - sink.quality[1] for w in mine})
            at_most(0.0, {(w, season): sink.quality[0] - qualities[w] for w in mine})
    for (w, _), flow in flows.items():
        solver.Objective().SetCoefficient(flow, ways[w].benefit_cny_t)
    solver.Objective().SetMaximization()
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        raise InfeasibleError("match_flow_failed", {"n": len(flows)})
    exchanges = tuple(
        Exchange(streams[ways[w].stream].id, sinks[ways[w].sink].id, s, x.solution_value(), _worth(ways[w], x))
        for (w, s), x in flows.items()
        if x.solution_value() > 1e-9
    )
    duals = [(max(row.dual_value(), 0.0), limit, entries) for row, limit, entries in rows]
    benefit = sum(one.benefit_cny for one in exchanges)
    return Network(exchanges, benefit, max(benefit, _bound(ways, n_seasons, duals, streams, sinks)))


def _worth(way: _Way, flow: pywraplp.Variable) -> float:
    return float(way.benefit_cny_t * flow.solution_value())


def _bound(
    ways: Sequence[_Way],
    n_seasons: int,
    duals: Sequence[tuple[float, float, dict[tuple[int, int], float]]],
    streams: Sequence[Stream],
    sinks: Sequence[Sink],
) -> float:
    """Weak duality: Σ y·b plus, for any way whose reduced benefit is still above 0, that times all it could carry."""
    reduced = {(w, s): ways[w].benefit_cny_t for w in range(len(ways)) for s in range(n_seasons)}
    for price, _, entries in duals:
        for key, coefficient in entries.items():
            reduced[key] -= price * coefficient
    bound = sum(price * limit for price, limit, _ in duals)
    for (w, s), left in reduced.items():
        most = min(streams[ways[w].stream].quantity_t[s], sinks[ways[w].sink].quantity_t[s])
        bound += max(left, 0.0) * most
    return float(bound)
