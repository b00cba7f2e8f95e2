"""The map of a visit as drawing instructions: no tiles, no network, boundaries only where somebody brought them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import cos, radians
from typing import Any

from .journeys import Leg, distance_km, legs
from .models import Visit

__all__ = ["belt", "map_of"]

_WIDTH, _HEIGHT, _GAP = 960.0, 420.0, 16.0
_NEAR_KM = 80.0
_COLOURS = ("#12457a", "#a3410f", "#1c6b45", "#6b2a86", "#7a5c00", "#8c1c3f")
_PER_LINE, _STEP, _LINE = 7, 132.0, 128.0

Place = Mapping[str, Any]
Drawing = dict[str, Any]


def _colours(visit: Visit) -> dict[str, str]:
    return {group["key"]: _COLOURS[at % len(_COLOURS)] for at, group in enumerate(visit.groups)}


def map_of(visit: Visit, outlines: Iterable[Sequence[Sequence[Sequence[float]]]]) -> Drawing | None:
    """The places of a visit in true position, one panel for each area; None where fewer than two are placed.

    Places within 80 km of each other share a panel with its own scale; ways between panels go over the gap.
    Numbers stand for places, in the order in which they come.
    """
    ways = legs(visit)
    order = list(dict.fromkeys([name for way in ways for name in (way.start, way.goal)] or visit.places))
    placed = {name: visit.places[name] for name in order if visit.places.get(name, {}).get("lat") is not None}
    if len(placed) < 2:
        return None
    areas = _areas(placed)
    width = (_WIDTH - _GAP * (len(areas) - 1)) / len(areas)
    rings = [ring for lines in outlines for ring in lines]
    panels = [
        _Panel.of({name: placed[name] for name in area}, at * (width + _GAP), width).drawn(rings)
        for at, area in enumerate(areas)
    ]
    spots = {spot["name"]: spot for panel in panels for spot in panel["spots"]}
    for number, name in enumerate(placed, start=1):
        spots[name]["number"] = number
    kinds = _kinds(visit)
    for name, spot in spots.items():
        spot["kind"] = kinds.get(name, "place")
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "panels": panels,
        "ways": _ways(ways, spots, _colours(visit)),
        "missing": [name for name in order if name not in placed],
    }


def _kinds(visit: Visit) -> dict[str, str]:
    """What each place is: a host's, a station, or where the day begins and ends."""
    ends = {day[end]: "end" for group in visit.groups for day in group["days"] for end in ("start_place", "end_place")}
    stations = {train[end]: "station" for train in visit.trains for end in ("origin", "goal")}
    return {**ends, **stations, **{host["place"]: "host" for host in visit.hosts}}


def _areas(placed: Mapping[str, Place]) -> list[list[str]]:
    """Places that hang together by steps of at most 80 km, in the order of their first place."""
    areas: list[list[str]] = []
    for name, place in placed.items():
        near = [area for area in areas if any(distance_km(place, placed[one]) <= _NEAR_KM for one in area)]
        joined = [one for area in near for one in area]
        areas = [area for area in areas if area not in near]
        areas.append([*joined, name])
    first = {name: at for at, name in enumerate(placed)}
    return sorted(areas, key=lambda area: min(first[name] for name in area))


class _Panel:
    """An area drawn to scale: a local projection around its middle, north up."""

    def __init__(self, places: Mapping[str, Place], left: float, width: float) -> None:
        self.places, self.left, self.width = places, left, width
        lats, lons = ([float(one[name]) for one in places.values()] for name in ("lat", "lon"))
        self.lat, self.lon = (max(lats) + min(lats)) / 2, (max(lons) + min(lons)) / 2
        self.squeeze = max(0.05, cos(radians(self.lat)))
        # degrees of latitude that the panel shows from top to bottom; never less than two kilometres
        tall = max(max(lats) - min(lats), (max(lons) - min(lons)) * self.squeeze * _HEIGHT / width, 0.018)
        self.per_degree = _HEIGHT / (tall * 1.5)

    @classmethod
    def of(cls, places: Mapping[str, Place], left: float, width: float) -> _Panel:
        return cls(places, left, width)

    def spot(self, lon: float, lat: float) -> tuple[float, float]:
        x = self.width / 2 + (lon - self.lon) * self.squeeze * self.per_degree
        return round(x, 1), round(_HEIGHT / 2 - (lat - self.lat) * self.per_degree, 1)

    def drawn(self, rings: Iterable[Sequence[Sequence[float]]]) -> Drawing:
        km = _round_km(self.width / 4 / (self.per_degree / 111.2))
        spots = [
            {"name": name, "x": round(self.left + x), "y": round(y), "side": place.get("side", "")}
            for name, place in self.places.items()
            for x, y in [self.spot(place["lon"], place["lat"])]
        ]
        _part(spots)
        return {
            "left": round(self.left, 1),
            "width": round(self.width, 1),
            "height": _HEIGHT,
            "paths": [path for ring in rings if (path := self._path(ring))],
            "spots": spots,
            "km": km,
            "bar": round(km * self.per_degree / 111.2, 1),
        }

    def _path(self, ring: Sequence[Sequence[float]]) -> str:
        """A ring as a path, empty where its box lies outside the panel; points closer than half a unit are left out."""
        points = [self.spot(lon, lat) for lon, lat in ring]
        xs, ys = zip(*points, strict=True)
        if max(xs) < 0 or min(xs) > self.width or max(ys) < 0 or min(ys) > _HEIGHT:
            return ""
        kept = [points[0]]
        for x, y in points[1:]:
            if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= 0.5:
                kept.append((x, y))
        return "M" + "L".join(f"{x:g},{y:g}" for x, y in kept) + "Z"


def _round_km(most: float) -> float:
    """The greatest 1, 2 or 5 times a power of ten that is not above `most`."""
    steps = [base * 10.0**power for power in range(-2, 4) for base in (1, 2, 5)]
    return max((one for one in steps if one <= most), default=0.01)


def _part(spots: list[Drawing]) -> None:
    """Markers that would lie on each other are moved apart, downwards, until both can be read."""
    for at, spot in enumerate(spots):
        while any(abs(spot["x"] - one["x"]) < 20 and abs(spot["y"] - one["y"]) < 20 for one in spots[:at]):
            spot["y"] += 22


def _ways(ways: Iterable[Leg], spots: Mapping[str, Drawing], colours: Mapping[str, str]) -> list[Drawing]:
    # groups that take the same way are drawn side by side
    aside = {group: 4 * at for at, group in enumerate(colours)}
    return [
        {
            "x1": spots[way.start]["x"] + aside.get(way.group, 0),
            "y1": spots[way.start]["y"] + aside.get(way.group, 0),
            "x2": spots[way.goal]["x"] + aside.get(way.group, 0),
            "y2": spots[way.goal]["y"] + aside.get(way.group, 0),
            "kind": way.kind,
            "colour": colours.get(way.group, "#12457a"),
        }
        for way in ways
        if way.start in spots and way.goal in spots and way.start != way.goal
    ]


def belt(visit: Visit) -> list[Drawing]:
    """The schematic line of each group: its places in order, wrapped every seven, for when nothing is placed.

    Each line has `nodes` (x, y, name, times) and `edges` (kind); no distance is to scale.
    """
    ways, colours = legs(visit), _colours(visit)
    names = {host["key"]: host["name"] for host in visit.hosts}
    kinds = _kinds(visit)
    return [
        _line(group, [way for way in ways if way.group == group["key"]], colours[group["key"]], names, kinds)
        for group in visit.groups
        if any(way.group == group["key"] for way in ways)
    ]


def _line(
    group: Mapping[str, Any], ways: Sequence[Leg], colour: str, names: Mapping[str, str], kinds: Mapping[str, str]
) -> Drawing:
    nodes: list[Drawing] = []
    for way in ways:
        if not nodes or nodes[-1]["name"] != way.start or nodes[-1]["on"] != way.on:
            nodes.append(_node(way.start, way, kinds))
        if way.start != way.goal:
            nodes.append({**_node(way.goal, way, kinds), "kind_of_way": way.kind})
        if way.stop is not None and way.stop.kind == "host":
            nodes[-1].update(host=names.get(way.stop.key, ""), starts_at=way.stop.starts_at, ends_at=way.stop.ends_at)
        if way.stop is not None and way.stop.kind == "train":
            nodes[-1].update(train=way.stop.key, starts_at=way.stop.ends_at, left_at=way.stop.starts_at)
    for at, node in enumerate(nodes):
        node["x"], node["y"] = 70 + (at % _PER_LINE) * _STEP, 46 + (at // _PER_LINE) * _LINE
    height = 46 + (-(-len(nodes) // _PER_LINE) - 1) * _LINE + 84
    width = 70 + (min(len(nodes), _PER_LINE) - 1) * _STEP + 70
    edges = [_edge(one, other) for one, other in pairwise(nodes) if other.get("kind_of_way")]
    return {"name": group["name"], "colour": colour, "nodes": nodes, "edges": edges, "height": height, "width": width}


def _node(name: str, way: Leg, kinds: Mapping[str, str]) -> Drawing:
    short = name if len(name) <= 9 else f"{name[:8]}…"
    return {"name": name, "short": short, "on": way.on, "kind": kinds.get(name, "place")}


def _edge(one: Drawing, other: Drawing) -> Drawing:
    """A straight stroke, or round the corner into the next line."""
    x1, y1, x2, y2 = one["x"], one["y"], other["x"], other["y"]
    turn = f"L{x1 + 50:g},{y1:g}V{(y1 + y2) / 2 + 22:g}H{x2 - 50:g}V{y2:g}L{x2:g},{y2:g}"
    path = f"M{x1:g},{y1:g}" + (f"L{x2:g},{y2:g}" if y1 == y2 else turn)
    return {"path": path, "kind": other["kind_of_way"]}
