"""Earliest arrivals over a timetable by connection scan, with changes of train."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from duijie.errors import Fault, InputError

__all__ = ["Access", "Stop", "Timetable", "clock_min", "earliest_arrival_min", "latest_departure_min", "timetable"]

Floats = NDArray[np.float64]
DAY = 1440.0


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a run: minutes after midnight, NaN where the train does not arrive (start) or leave (end)."""

    run: str
    station: str
    arrive_min: float
    depart_min: float


@dataclass(frozen=True, slots=True)
class Access:
    """A station that serves a place, and how many minutes it is away."""

    station: str
    access_min: float = 0.0


@dataclass(frozen=True, eq=False)
class Timetable:
    """Every ride between neighbouring stops of one day, in order of departure.

    `source`, `target` and `run` are indices; times are minutes after the first midnight. `as_of` is the date the
    timetable was in force; `note` says what is supposed where lines were added that do not run.
    """

    stations: tuple[str, ...]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    depart_min: Floats
    arrive_min: Floats
    run: NDArray[np.int32]
    as_of: str = ""
    note: str = ""

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each station."""
        return {station: at for at, station in enumerate(self.stations)}

    @cached_property
    def backwards(self) -> Timetable:
        """The same rides with time and direction turned round, so that latest departures are earliest arrivals."""
        order = np.argsort(-self.arrive_min, kind="stable")
        return Timetable(
            self.stations,
            self.target[order],
            self.source[order],
            -self.arrive_min[order],
            -self.depart_min[order],
            self.run[order],
            self.as_of,
            self.note,
        )

    def with_line(
        self, stops: Sequence[tuple[str, float]], *, first_min: float, last_min: float, every_min: float, note: str
    ) -> Timetable:
        """The timetable as it would be with a new line, both ways.

        Parameters
        ----------
        stops
            Stations in order with minutes from the first.
        first_min, last_min, every_min
            Departures from either end.
        note
            What is supposed; it stands in every result, so that no wish passes for a train.
        """
        length = stops[-1][1]
        ways = [list(stops), [(station, length - minutes) for station, minutes in reversed(stops)]]
        starts = np.arange(first_min, last_min + 1e-9, every_min)
        added = [
            Stop(f"+{way}-{start:g}", station, math.nan if not at else start + minutes, start + minutes)
            for way, line in enumerate(ways)
            for start in starts
            for at, (station, minutes) in enumerate(line)
        ]
        return replace(timetable([*self._stops(), *added], as_of=self.as_of), note=note)

    def _stops(self) -> Iterable[Stop]:
        """The rides as stops again; each ride is a run of its own name so far as it connects."""
        for run in range(int(self.run.max(initial=-1)) + 1):
            rides = np.flatnonzero(self.run == run)
            for at, ride in enumerate(rides):
                before = math.nan if at == 0 else float(self.arrive_min[rides[at - 1]])
                yield Stop(str(run), self.stations[self.source[ride]], before, float(self.depart_min[ride]))
            if len(rides):
                last = rides[-1]
                yield Stop(str(run), self.stations[self.target[last]], float(self.arrive_min[last]), math.nan)


def clock_min(text: str) -> float:
    """Minutes after midnight of ``HH:MM`` or ``HH:MM:SS``; NaN where no time is given.

    Examples
    --------
    >>> clock_min("07:30:00"), clock_min("----")
    (450.0, nan)
    """
    parts = text.strip().split(":")
    if len(parts) < 2 or not all(part.isdigit() for part in parts):
        return math.nan
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    return hours * 60 + minutes + seconds / 60


def timetable(stops: Iterable[Stop], *, as_of: str = "") -> Timetable:
    """A timetable from stops, each run's in order; a time that falls back means the next day.

    Raises
    ------
    InputError
        A stop inside a run has neither time; all such stops are listed.
    """
    stations: dict[str, int] = {}
    runs: dict[str, int] = {}
    rides: list[tuple[int, int, float, float, int]] = []
    faults: list[Fault] = []
    last: tuple[str, int, float, float] | None = None
    for stop in stops:
        here = stations.setdefault(stop.station, len(stations))
        is_same = last is not None and last[0] == stop.run
        floor = last[2] if is_same and last else 0.0
        arrive = stop.depart_min if math.isnan(stop.arrive_min) else stop.arrive_min
        depart = arrive if math.isnan(stop.depart_min) else stop.depart_min
        if math.isnan(arrive):
            faults.append(Fault("diagnose_stop_untimed", {"run": stop.run, "station": stop.station}))
            continue
        arrive = _not_before(arrive, floor)
        depart = _not_before(depart, arrive)
        if is_same and last:
            rides.append((last[1], here, last[2], arrive, runs.setdefault(stop.run, len(runs))))
        last = (stop.run, here, depart, arrive)
    if faults:
        raise InputError("diagnose_stops_untimed", {"n": len(faults)}, faults=faults)
    table = np.array(sorted(rides, key=lambda ride: (ride[2], ride[3])), dtype=np.float64).reshape(-1, 5)
    whole = table.astype(np.int32)
    return Timetable(
        tuple(stations), whole[:, 0], whole[:, 1], table[:, 2].copy(), table[:, 3].copy(), whole[:, 4], as_of
    )


def _not_before(minutes: float, floor: float) -> float:
    """The time moved on by whole days until it is not before `floor`."""
    return minutes + DAY * max(0, math.ceil((floor - minutes) / DAY))


def earliest_arrival_min(
    table: Timetable, origins: Sequence[Access], leave_min: float, *, change_min: float = 15.0
) -> Floats:
    """When every station is reached at the earliest if one leaves a place at a given minute.

    Parameters
    ----------
    origins
        Stations of the place with the minutes to reach them.
    leave_min
        Minute after midnight at which one leaves the place.
    change_min
        Least minutes between two trains at a station.

    Returns
    -------
    array (stations,)
        Minutes after midnight; inf where no way leads.

    References
    ----------
    Dibbelt, Pajor, Strasser & Wagner (2018), Connection scan algorithm, ACM JEA 23.
    """
    ready = np.full(len(table.stations), np.inf)
    for one in origins:
        if one.station in table.index:
            at = table.index[one.station]
            ready[at] = min(ready[at], leave_min + one.access_min)
    n_runs = int(table.run.max(initial=-1)) + 1
    return np.asarray(
        _compiled()(
            table.source, table.target, table.depart_min, table.arrive_min, table.run, ready, n_runs, change_min
        )
    )


def latest_departure_min(
    table: Timetable, targets: Sequence[Access], arrive_min: float, *, change_min: float = 15.0
) -> Floats:
    """When one must leave every station at the latest to be at a place by a given minute; −inf where no way leads."""
    return -earliest_arrival_min(table.backwards, targets, -arrive_min, change_min=change_min)


@cache
def _compiled() -> Callable[..., Floats]:
    """The scan as machine code; the compiler is loaded only by those who travel."""
    import numba

    made: Callable[..., Floats] = numba.njit(cache=True)(_scan)
    return made


def _scan(source, target, depart, arrive, run, ready, n_runs, change):  # type: ignore[no-untyped-def]
    """One pass over the rides: a ride is caught from the train one sits in, or at a station reached in time."""
    best = ready.copy()
    can_board = ready.copy()
    sits = np.zeros(n_runs, dtype=np.bool_)
    for ride in range(len(source)):
        if sits[run[ride]] or can_board[source[ride]] <= depart[ride]:
            sits[run[ride]] = True
            at = target[ride]
            if arrive[ride] < best[at]:
                best[at] = arrive[ride]
                can_board[at] = min(can_board[at], arrive[ride] + change)
    return best
