"""Study visits: which hosts a delegation sees, in which order, by road and by train, over several days and groups."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ortools.sat.python import cp_model

from duijie.terms import Progress, Reason, silent

from .timetable import Status
from .visit import Group, Host, Train, VisitDay, check_visit

__all__ = ["Itinerary", "Stop", "Unvisited", "visits"]

_INTEREST = 1000


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit or a train ride of a group; `road_min` is the way to it by road."""

    group: str
    kind: str
    key: str
    place: str
    starts_at: datetime
    ends_at: datetime
    road_min: int


@dataclass(frozen=True, slots=True)
class Unvisited:
    """A host that a group does not see, and why."""

    group: str
    host: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Itinerary:
    """The best routes found: `interest` gained and its proven upper bound; stops by group in order of time."""

    status: Status
    stops: tuple[Stop, ...] = ()
    unvisited: tuple[Unvisited, ...] = ()
    interest: float = 0.0
    bound: float = 0.0
    road_min: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "status": self.status,
            "interest": self.interest,
            "bound": self.bound,
            "road_min": self.road_min,
            "seconds": round(self.seconds, 3),
            "stops": [
                {
                    "group": one.group,
                    "kind": one.kind,
                    "key": one.key,
                    "place": one.place,
                    "starts_at": one.starts_at.isoformat(),
                    "ends_at": one.ends_at.isoformat(),
                    "road_min": one.road_min,
                }
                for one in self.stops
            ],
            "unvisited": [
                {"group": one.group, "host": one.host, "reasons": [reason.to_dict() for reason in one.reasons]}
                for one in self.unvisited
            ],
        }


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str
    key: str
    entry: str
    exit: str
    size_min: int
    spans: tuple[tuple[int, int], ...]
    board_min: int = 0


@dataclass(frozen=True)
class _Trip:
    """One group on one day in the model: nodes after the depot, arcs, starts, presence."""

    group: Group
    day: VisitDay
    nodes: Sequence[_Node]
    arcs: Mapping[tuple[int, int], Any]
    starts: Sequence[Any]
    present: Sequence[Any]


def visits(
    hosts: Sequence[Host],
    groups: Sequence[Group],
    *,
    travel_min: Mapping[tuple[str, str], float],
    trains: Sequence[Train] = (),
    board_min: int = 30,
    seconds: float = 30.0,
    seed: int = 0,
    workers: int = 2,
    progress: Progress = silent,
) -> Itinerary:
    """The routes on which delegations see most of what interests them, and ride least where that is equal.

    Parameters
    ----------
    travel_min
        Road minutes between two places; one direction is enough, an absent pair cannot be driven.
    trains
        Ridden where they help; a group is at the station `board_min` minutes before.
    seconds
        Wall time; when it is over the best routes so far are returned with status ``feasible``.

    Returns
    -------
    Without hosts or groups: no stops, optimal. ``infeasible`` where a group cannot reach the end of one of its days.

    Raises
    ------
    InputError
        The question contradicts itself, see :func:`~duijie.meet.visit.check_visit`.

    Notes
    -----
    Orienteering with time windows, one optional circuit a group and day; trains are stops with a fixed time, so that
    waiting for them is part of the route. Hosts hold at most `capacity_persons` at any moment, trains their seats.

    References
    ----------
    Vansteenwegen, Souffriau & Van Oudheusden (2011), The orienteering problem: a survey, EJOR 209(1).
    """
    started = time.monotonic()
    check_visit(hosts, groups, trains, travel_min, board_min)
    days = [(group, day) for group in groups for day in group.days]
    if not days:
        return Itinerary("optimal")
    zero = min(day.starts_at for _, day in days)
    cp = cp_model.CpModel()
    trips = [
        _trip(cp, group, day, _nodes(group, day, hosts, trains, zero, board_min), travel_min, zero)
        for group, day in days
    ]
    _once_each(cp, trips)
    _share(cp, trips, hosts, trains)
    gain = sum(
        round(_INTEREST * trip.group.interest(host)) * trip.present[at]
        for trip in trips
        for at, host in _visited(trip, hosts)
    )
    road = sum(_road(travel_min, trip, i, j) * literal for trip in trips for (i, j), literal in trip.arcs.items())
    scale = 1 + 24 * 60 * len(trips)
    cp.maximize(scale * gain - road)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, workers
    solver.parameters.random_seed = seed % (1 << 31)
    progress("visits", 0, len(trips))
    status = solver.solve(cp)
    progress("visits", len(trips), len(trips))
    used = time.monotonic() - started
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Itinerary("infeasible" if status == cp_model.INFEASIBLE else "unknown", seconds=used)
    stops = tuple(stop for trip in trips for stop in _stops(solver, trip, travel_min, zero))
    return Itinerary(
        "optimal" if status == cp_model.OPTIMAL else "feasible",
        stops,
        tuple(_unvisited(hosts, groups, trips, stops, travel_min)),
        solver.value(gain) / _INTEREST,
        (solver.best_objective_bound + solver.value(road)) // scale / _INTEREST
        if status == cp_model.OPTIMAL
        else -(-solver.best_objective_bound // scale) / _INTEREST,
        int(solver.value(road)),
        used,
    )


def _minutes(moment: datetime, zero: datetime) -> int:
    return int((moment - zero).total_seconds() // 60)


def _nodes(
    group: Group, day: VisitDay, hosts: Sequence[Host], trains: Sequence[Train], zero: datetime, board_min: int
) -> list[_Node]:
    """What a group could do on a day: the depot first, then hosts open to it, then trains that run."""
    first, last = _minutes(day.starts_at, zero), _minutes(day.ends_at, zero)
    nodes = [_Node("depot", "", day.end_place, day.start_place, 0, ((first, last),))]
    for host in hosts:
        spans = [(_minutes(a, zero), _minutes(b, zero) - host.visit_min) for a, b in host.windows]
        within = tuple((max(a, first), min(b, last)) for a, b in spans if max(a, first) <= min(b, last))
        if within and group.n_persons <= host.capacity_persons and group.interest(host) > 0:
            nodes.append(_Node("host", host.key, host.place, host.place, host.visit_min, within))
    for train in trains:
        at = _minutes(train.departs_at, zero)
        ride = _minutes(train.arrives_at, zero) - at
        if first <= at and at + ride <= last:
            nodes.append(_Node("train", train.number, train.origin, train.goal, ride, ((at, at),), board_min))
    return nodes


def _way(travel_min: Mapping[tuple[str, str], float], start: str, goal: str) -> int | None:
    if start == goal:
        return 0
    minutes = travel_min.get((start, goal), travel_min.get((goal, start)))
    return None if minutes is None else -(-int(minutes * 60) // 60)


def _trip(
    cp: cp_model.CpModel,
    group: Group,
    day: VisitDay,
    nodes: Sequence[_Node],
    travel_min: Mapping[tuple[str, str], float],
    zero: datetime,
) -> _Trip:
    last = _minutes(day.ends_at, zero)
    starts = [
        cp.new_int_var_from_domain(cp_model.Domain.from_intervals([list(span) for span in one.spans]), "")
        for one in nodes
    ]
    present = [cp.new_bool_var("") for _ in nodes]
    arcs: dict[tuple[int, int], Any] = {}
    circuit = [(at, at, ~present[at]) for at in range(1, len(nodes))]
    for i, one in enumerate(nodes):
        for j, other in enumerate(nodes):
            road = _way(travel_min, one.exit, other.entry)
            if road is None or (i == j and i):
                continue
            arcs[i, j] = literal = cp.new_bool_var("")
            circuit.append((i, j, literal))
            ready = starts[i] + one.size_min + road + other.board_min
            if i == j:
                continue
            if j == 0:
                cp.add(ready <= last).only_enforce_if(literal)
            else:
                cp.add(ready <= starts[j]).only_enforce_if(literal)
    if circuit:
        cp.add_circuit(circuit)
    else:
        cp.add_bool_or([cp.new_constant(0)])  # no way at all to the end of the day
    cp.add(present[0] == 1)
    return _Trip(group, day, nodes, arcs, starts, present)


def _visited(trip: _Trip, hosts: Sequence[Host]) -> list[tuple[int, Host]]:
    known = {host.key: host for host in hosts}
    return [(at, known[node.key]) for at, node in enumerate(trip.nodes) if node.kind == "host"]


def _once_each(cp: cp_model.CpModel, trips: Sequence[_Trip]) -> None:
    """A group sees a host on one day at most."""
    of: dict[tuple[str, str], list[Any]] = {}
    for trip in trips:
        for at, node in enumerate(trip.nodes):
            if node.kind == "host":
                of.setdefault((trip.group.key, node.key), []).append(trip.present[at])
    for literals in of.values():
        cp.add_at_most_one(literals)


def _share(cp: cp_model.CpModel, trips: Sequence[_Trip], hosts: Sequence[Host], trains: Sequence[Train]) -> None:
    """Hosts hold no more people at a time, trains no more at all, than they have room for."""
    for host in hosts:
        guests = [
            (trip, at)
            for trip in trips
            for at, node in enumerate(trip.nodes)
            if (node.kind, node.key) == ("host", host.key)
        ]
        spans = [
            cp.new_optional_fixed_size_interval_var(trip.starts[at], host.visit_min, trip.present[at], "")
            for trip, at in guests
        ]
        if len(spans) > 1:
            cp.add_cumulative(spans, [trip.group.n_persons for trip, _ in guests], host.capacity_persons)
    for train in trains:
        if train.seats is not None:
            aboard = [
                trip.group.n_persons * trip.present[at]
                for trip in trips
                for at, node in enumerate(trip.nodes)
                if (node.kind, node.key) == ("train", train.number) and _is_on(train, trip.day)
            ]
            cp.add(sum(aboard) <= train.seats)


def _is_on(train: Train, day: VisitDay) -> bool:
    return day.starts_at <= train.departs_at and train.arrives_at <= day.ends_at


def _road(travel_min: Mapping[tuple[str, str], float], trip: _Trip, i: int, j: int) -> int:
    return _way(travel_min, trip.nodes[i].exit, trip.nodes[j].entry) or 0


def _stops(
    solver: cp_model.CpSolver, trip: _Trip, travel_min: Mapping[tuple[str, str], float], zero: datetime
) -> list[Stop]:
    following = {i: j for (i, j), literal in trip.arcs.items() if solver.boolean_value(literal)}
    stops, here = [], 0
    while (there := following.get(here, 0)) != 0:
        node = trip.nodes[there]
        starts_at = zero + timedelta(minutes=solver.value(trip.starts[there]))
        ends_at = starts_at + timedelta(minutes=node.size_min)
        road = _road(travel_min, trip, here, there)
        stops.append(Stop(trip.group.key, node.kind, node.key, node.entry, starts_at, ends_at, road))
        here = there
    return stops


def _unvisited(
    hosts: Sequence[Host],
    groups: Sequence[Group],
    trips: Sequence[_Trip],
    stops: Sequence[Stop],
    travel_min: Mapping[tuple[str, str], float],
) -> list[Unvisited]:
    seen = {(stop.group, stop.key) for stop in stops if stop.kind == "host"}
    return [
        Unvisited(group.key, host.key, (_why_not(group, host, trips, travel_min),))
        for group in groups
        for host in hosts
        if (group.key, host.key) not in seen
    ]


def _why_not(group: Group, host: Host, trips: Sequence[_Trip], travel_min: Mapping[tuple[str, str], float]) -> Reason:
    if group.n_persons > host.capacity_persons:
        values = {"n_persons": group.n_persons, "capacity_persons": host.capacity_persons}
        return Reason("meet_host_too_small", values, is_for=False)
    if group.interest(host) <= 0:
        return Reason("meet_host_no_interest", {}, is_for=False)
    of = [trip for trip in trips if trip.group.key == group.key]
    if not any((node.kind, node.key) == ("host", host.key) for trip in of for node in trip.nodes):
        return Reason("meet_host_closed", {}, is_for=False)
    places = {node.exit for trip in of for node in trip.nodes if node.key != host.key}
    if all(_way(travel_min, place, host.place) is None for place in places):
        return Reason("meet_host_no_road", {"place": host.place}, is_for=False)
    return Reason("meet_host_outweighed", {}, is_for=False)
