"""A visit of the ledger as a question to the library, and the route it took as lines for people and for maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import combinations
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Any

from django.utils import timezone

from duijie.meet.itinerary import Itinerary, Stop
from duijie.meet.visit import Group, Host, Train, VisitDay

from .models import Visit

__all__ = ["Leg", "Question", "distance_km", "itinerary_of", "legs", "pinned", "question_of", "roads_of", "unpinned"]

_EARTH_KM = 6371.0088
_OF = "@"


@dataclass(frozen=True)
class Question:
    """The arguments of the library's `visits`."""

    hosts: tuple[Host, ...]
    groups: tuple[Group, ...]
    trains: tuple[Train, ...]
    travel_min: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Leg:
    """A way of a group from place to place, by ``road`` or ``train``; `stop` is what it leads to (none: the end)."""

    group: str
    kind: str
    start: str
    goal: str
    stop: Stop | None
    on: date


def distance_km(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The great-circle distance of two places.

    >>> round(distance_km({"lat": 0, "lon": 0}, {"lat": 0, "lon": 1}))
    111
    """
    a, b = radians(one["lat"]), radians(other["lat"])
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other["lon"] - one["lon"]) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def roads_of(visit: Visit) -> dict[tuple[str, str], tuple[float, bool]]:
    """Minutes by road between places, and whether that is only an estimate from the straight line and a given speed."""
    known = {(one["a"], one["b"]): (float(one["minutes"]), False) for one in visit.roads}
    if not visit.straight_kmh:
        return known
    placed = [(name, place) for name, place in sorted(visit.places.items()) if place.get("lat") is not None]
    for (a, one), (b, other) in combinations(placed, 2):
        if (a, b) not in known and (b, a) not in known:
            known[a, b] = (float(ceil(distance_km(one, other) / visit.straight_kmh * 60)), True)
    return known


def _moment(on: date, clock: str) -> datetime:
    return timezone.make_aware(datetime.combine(on, time.fromisoformat(clock)))


def question_of(visit: Visit) -> Question:
    """The visit as it was entered, without the hosts that fell out."""
    days = [visit.on + timedelta(days=at) for at in range((visit.until - visit.on).days + 1)]
    return Question(
        tuple(_host(row, days) for row in visit.hosts if not row.get("is_out")),
        tuple(_group(row) for row in visit.groups),
        tuple(_train(row) for row in visit.trains),
        {pair: minutes for pair, (minutes, _) in roads_of(visit).items()},
    )


def _host(row: Mapping[str, Any], days: Iterable[date]) -> Host:
    windows = tuple(
        (_moment(day, first), _moment(day, last))
        for day in days
        if day.isoformat() not in row["closed_on"]
        for first, last in row["spans"]
    )
    facts = {name: row[name] for name in ("visit_min", "capacity_persons", "interest", "name")}
    return Host(row["key"], row["place"], windows, **facts)


def _group(row: Mapping[str, Any]) -> Group:
    days = tuple(
        VisitDay(
            _moment(date.fromisoformat(one["on"]), one["first"]),
            _moment(date.fromisoformat(one["on"]), one["last"]),
            one["start_place"],
            one["end_place"],
        )
        for one in row["days"]
    )
    return Group(row["key"], row["n_persons"], days, name=row["name"])


def _train(row: Mapping[str, Any]) -> Train:
    on = date.fromisoformat(row["on"])
    departs, arrives = _moment(on, row["departs"]), _moment(on, row["arrives"])
    if arrives <= departs:
        arrives += timedelta(days=1)
    return Train(row["number"], row["origin"], row["goal"], departs, arrives, row["seats"])


def pinned(question: Question, held: Itinerary, now: datetime) -> Question:
    """The question in which every visit that people hold keeps its time, and what is new only fills what is left.

    A host that is held stands once for each group that holds it, at that group's time only, and once, with the room
    that is left, for the others; :func:`unpinned` puts the answer together again. A kept visit is worth more than all
    that is new together. What has begun by `now` is kept too.
    """
    spans = {(one.key, one.group): (one.starts_at, one.ends_at) for one in held.stops if one.kind == "host"}
    bonus = 1 + sum(host.interest for host in question.hosts)
    hosts: list[Host] = []
    worth: dict[str, dict[str, float]] = {group.key: {} for group in question.groups}
    for host in question.hosts:
        own = [group for group in question.groups if (host.key, group.key) in spans]
        for group in own:
            span = spans[host.key, group.key]
            hosts.append(replace(host, key=f"{host.key}{_OF}{group.key}", windows=(span,)))
            worth[group.key][hosts[-1].key] = host.interest + bonus
        if others := [group for group in question.groups if group not in own]:
            taken = sum(group.n_persons for group in own)
            windows = tuple((max(first, now), last) for first, last in host.windows if last > now)
            hosts.append(replace(host, windows=windows, capacity_persons=max(0, host.capacity_persons - taken)))
            for group in others:
                worth[group.key][host.key] = host.interest
    keys = [host.key for host in hosts]
    groups = (replace(one, interests={key: worth[one.key].get(key, 0.0) for key in keys}) for one in question.groups)
    return Question(tuple(hosts), tuple(groups), question.trains, question.travel_min)


def unpinned(found: Itinerary) -> Itinerary:
    """The answer to a pinned question in the names of the visit."""
    stops = tuple(replace(one, key=one.key.partition(_OF)[0]) for one in found.stops)
    seen = {(one.group, one.key) for one in stops}
    # a group's own copy of a host comes after what is left of it for others, and counts
    left = {
        (one.group, one.host.partition(_OF)[0]): one
        for one in sorted(found.unvisited, key=lambda one: _OF in one.host)
        if one.host.partition(_OF)[2] in ("", one.group)
    }
    unvisited = tuple(replace(one, host=host) for (group, host), one in left.items() if (group, host) not in seen)
    return replace(found, stops=stops, unvisited=unvisited)


def itinerary_of(visit: Visit) -> Itinerary:
    """The plan in people's hands; without stops before the first planning."""
    plan = visit.plan
    stops = tuple(
        Stop(
            **{
                **one,
                "starts_at": datetime.fromisoformat(one["starts_at"]),
                "ends_at": datetime.fromisoformat(one["ends_at"]),
            }
        )
        for one in plan.get("stops", ())
    )
    return Itinerary(plan.get("status", "unknown"), stops, road_min=plan.get("road_min", 0))


def legs(visit: Visit) -> list[Leg]:
    """Every way of every group, in order, from the start of each day to its end; none before the first planning."""
    if not visit.plan:
        return []
    found: list[Leg] = []
    goals = {train.number: train.goal for train in question_of(visit).trains}
    stops = itinerary_of(visit).stops
    for row in visit.groups:
        own = sorted((one for one in stops if one.group == row["key"]), key=lambda one: one.starts_at)
        for day in row["days"]:
            on = date.fromisoformat(day["on"])
            of_day = [one for one in own if timezone.localdate(one.starts_at) == on]
            found += _legs(row["key"], on, day, of_day, goals)
    return found


def _legs(
    group: str, on: date, day: Mapping[str, Any], stops: Iterable[Stop], goals: Mapping[str, str]
) -> Iterator[Leg]:
    here = day["start_place"]
    for stop in stops:
        if here != stop.place:
            yield Leg(group, "road", here, stop.place, None if stop.kind == "train" else stop, on)
        elif stop.kind == "host":
            yield Leg(group, "road", here, here, stop, on)
        here = stop.place
        if stop.kind == "train":
            yield Leg(group, "train", here, goals.get(stop.key, here), stop, on)
            here = goals.get(stop.key, here)
    if here != day["end_place"]:
        yield Leg(group, "road", here, day["end_place"], None, on)
