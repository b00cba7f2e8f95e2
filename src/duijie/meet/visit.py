"""The question of a study visit: hosts, groups with their days, trains and roads, checked and read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from duijie.data import read_json
from duijie.data.typed import typed
from duijie.errors import Fault, InputError

from .figures import COUNT, MINUTES, ROAD, WORTH, Range, figure_faults, names_twice, roads_twice

__all__ = ["Group", "Host", "Train", "VisitDay", "check_visit", "read_visits"]


@dataclass(frozen=True, slots=True)
class Host:
    """Who can be visited: `windows` are spans of aware moments in which the whole visit must lie."""

    key: str
    place: str
    windows: tuple[tuple[datetime, datetime], ...]
    visit_min: int = 60
    capacity_persons: int = 20
    interest: float = 1.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Train:
    """One train between two stations; `seats` None means enough."""

    number: str
    origin: str
    goal: str
    departs_at: datetime
    arrives_at: datetime
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class VisitDay:
    """One day of a group: where and when it begins and ends (hotel, station)."""

    starts_at: datetime
    ends_at: datetime
    start_place: str
    end_place: str


@dataclass(frozen=True, slots=True)
class Group:
    """People who travel together; `interests` (host key → ≥ 0) replace the hosts' own interest for this group."""

    key: str
    n_persons: int
    days: tuple[VisitDay, ...]
    interests: Mapping[str, float] | None = None
    name: str = ""

    def interest(self, host: Host) -> float:
        """What a visit of `host` is worth to this group."""
        return (self.interests or {}).get(host.key, host.interest)


def check_visit(
    hosts: Sequence[Host],
    groups: Sequence[Group],
    trains: Sequence[Train],
    travel_min: Mapping[tuple[str, str], float],
    board_min: int,
) -> None:
    """Whether a question contradicts itself.

    Raises
    ------
    InputError
        ``meet_visit_faults``: names twice, spans that end before they begin, days of one group that overlap, minutes,
        people, seats or interest that are no such numbers; `faults` lists all.
    """
    faults = [*figure_faults(_figures(hosts, groups, trains, travel_min, board_min))]
    faults += [*_twice(hosts, groups, trains), *_backwards(hosts, groups, trains)]
    if faults:
        raise InputError("meet_visit_faults", {"n": len(faults)}, faults=faults)


def _figures(
    hosts: Iterable[Host],
    groups: Iterable[Group],
    trains: Iterable[Train],
    travel_min: Mapping[tuple[str, str], float],
    board_min: int,
) -> Iterator[tuple[Mapping[str, Any], object, Range]]:
    """Every number of a question with its place and range."""
    for host in hosts:
        yield {"host": host.key, "key": "visit_min"}, host.visit_min, MINUTES
        yield {"host": host.key, "key": "capacity_persons"}, host.capacity_persons, COUNT
        yield {"host": host.key, "key": "interest"}, host.interest, WORTH
    for group in groups:
        yield {"group": group.key, "key": "n_persons"}, group.n_persons, COUNT
        for key, interest in (group.interests or {}).items():
            yield {"group": group.key, "key": f"interests.{key}"}, interest, WORTH
    for train in trains:
        if train.seats is not None:
            yield {"train": train.number, "key": "seats"}, train.seats, COUNT
    for (start, goal), minutes in travel_min.items():
        yield {"key": "travel_min", "from": start, "to": goal}, minutes, ROAD
    yield {"key": "board_min"}, board_min, MINUTES


def _twice(hosts: Sequence[Host], groups: Sequence[Group], trains: Sequence[Train]) -> Iterator[Fault]:
    yield from names_twice("hosts", [one.key for one in hosts])
    yield from names_twice("groups", [one.key for one in groups])
    yield from names_twice("trains", [f"{one.number} {one.departs_at}" for one in trains])


def _backwards(hosts: Iterable[Host], groups: Iterable[Group], trains: Iterable[Train]) -> list[Fault]:
    spans = [({"host": one.key}, *span) for one in hosts for span in one.windows]
    spans += [({"group": one.key}, day.starts_at, day.ends_at) for one in groups for day in one.days]
    spans += [({"train": one.number}, one.departs_at, one.arrives_at) for one in trains]
    faults = [Fault("meet_span_backwards", where, {"starts_at": str(a)}) for where, a, b in spans if b <= a]
    for group in groups:
        days = sorted(group.days, key=lambda day: day.starts_at)
        faults += [
            Fault("meet_days_overlap", {"group": group.key}, {"starts_at": str(later.starts_at)})
            for earlier, later in pairwise(days)
            if later.starts_at < earlier.ends_at
        ]
    return faults


def read_visits(path: Path) -> dict[str, Any]:
    """The hosts, groups, trains and roads in a JSON file, as arguments of :func:`~duijie.meet.visits`.

    Moments are ISO text with an offset; ``travel_min`` is a list of [place, place, minutes].

    Raises
    ------
    InputError
        The file is absent, is no JSON, or does not fit; see :func:`check_visit`.
    """
    faults: list[Fault] = []
    file = typed(_File, read_json(path), {"file": path.name}, faults)
    faults += roads_twice(file.travel_min) if file else ()
    if file is None or faults:
        raise InputError("meet_visit_faults", {"n": len(faults)}, {"file": path.name}, faults=faults)
    found: dict[str, Any] = {
        "hosts": list(file.hosts),
        "groups": list(file.groups),
        "trains": list(file.trains),
        "travel_min": {(start, goal): minutes for start, goal, minutes in file.travel_min},
        "board_min": file.board_min,
    }
    check_visit(**found)
    return found


@dataclass(frozen=True)
class _File:
    """A file of a visit; its letter is read by whom it concerns."""

    hosts: tuple[Host, ...] = ()
    groups: tuple[Group, ...] = ()
    trains: tuple[Train, ...] = ()
    travel_min: tuple[tuple[str, str, float], ...] = ()
    board_min: int = 30
    letter: Mapping[str, Any] | None = None
