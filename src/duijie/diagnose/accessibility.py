"""What lies within reach along a railway: travel times, day trips, partners within hours, market potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from duijie.terms import Progress, Source, TravelTimes, silent

from .travel import DAY, Access, Timetable, earliest_arrival_min, latest_departure_min

__all__ = ["Accessibility", "accessibility", "market_potential", "reachable_share"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Accessibility:
    """Reach between places; every matrix is (places, places), from row to column.

    `travel` holds the fastest door-to-door minutes of the day, waiting for the first train not counted; `stay_min` the
    longest stay at the column if one leaves the row after the window opens and is back before it closes, 0 where no
    day trip is possible. `note` says what is supposed, if anything is.
    """

    travel: TravelTimes
    stay_min: Floats
    day_trip_share: float
    note: str


def accessibility(
    table: Timetable,
    places: Mapping[str, Sequence[Access]],
    *,
    opens_min: float = 360.0,
    closes_min: float = 1380.0,
    change_min: float = 15.0,
    source: Source | None = None,
    progress: Progress = silent,
) -> Accessibility:
    """How far N places along a railway are from each other, in minutes and in working hours of a day trip.

    Parameters
    ----------
    table
        A timetable; what it is "as of" stands in the result.
    places
        For each place its stations with access minutes.
    opens_min, closes_min
        The window of a day trip, minutes after midnight at one's own door.
    change_min
        Least minutes between two trains.

    Returns
    -------
    Accessibility
        NaN where no way leads; 0 minutes from a place to itself.

    Notes
    -----
    A connection scan is run from each place for each departure at its stations: the least of arrival − departure is
    the fastest journey.
    """
    names = tuple(places)
    minutes, stay = np.full((len(names),) * 2, np.nan), np.zeros((len(names),) * 2)
    for at, name in enumerate(names):
        progress("accessibility", at, len(names))
        minutes[at] = _fastest(table, places, name, change_min)
        stay[at] = _stays(table, places, name, opens_min, closes_min, change_min)
    np.fill_diagonal(minutes, 0.0)
    np.fill_diagonal(stay, 0.0)
    progress("accessibility", len(names), len(names))
    pairs = len(names) * (len(names) - 1)
    share = float((stay > 0).sum() / pairs) if pairs else float("nan")
    return Accessibility(TravelTimes(names, minutes, table.as_of, source or Source()), stay, share, table.note)


def _at_places(table: Timetable, places: Mapping[str, Sequence[Access]], times: Floats, sign: int) -> Floats:
    """Times at stations carried to the doors of places: the best station of each."""
    best = []
    for stops in places.values():
        known = [times[table.index[one.station]] + sign * one.access_min for one in stops if one.station in table.index]
        best.append((min if sign > 0 else max)(known, default=np.inf * sign))
    return np.array(best)


def _fastest(table: Timetable, places: Mapping[str, Sequence[Access]], name: str, change_min: float) -> Floats:
    found = np.full(len(places), np.inf)
    for one in places[name]:
        rides = table.source == table.index.get(one.station, -1)
        for depart in np.unique(table.depart_min[rides]):
            reached = earliest_arrival_min(table, [Access(one.station)], float(depart), change_min=change_min)
            found = np.minimum(found, _at_places(table, places, reached, 1) - depart + one.access_min)
    return np.where(np.isfinite(found), found, np.nan)


def _stays(
    table: Timetable, places: Mapping[str, Sequence[Access]], name: str, opens: float, closes: float, change: float
) -> Floats:
    there = _at_places(table, places, earliest_arrival_min(table, places[name], opens, change_min=change), 1)
    back = _at_places(table, places, latest_departure_min(table, places[name], closes, change_min=change), -1)
    stay = np.minimum(back, closes + DAY) - there
    return np.where(np.isfinite(stay) & (stay > 0), stay, 0.0)


def reachable_share(minutes: ArrayLike, firms: ArrayLike, *, within_min: float) -> Floats:
    """The part of all partner firms that each place reaches within a time, 0–1, (places,); its own firms do not count.

    Parameters
    ----------
    minutes
        (places, places), NaN unknown.
    firms
        (places,) counts.
    """
    times, weight = np.asarray(minutes, dtype=np.float64), np.asarray(firms, dtype=np.float64)
    others = np.multiply.outer(np.ones(len(times)), weight)
    np.fill_diagonal(others, 0)
    total = others.sum(1)
    near = (others * (times <= within_min)).sum(1)
    return np.asarray(np.divide(near, total, out=np.full(len(times), np.nan), where=total > 0))


def market_potential(minutes: ArrayLike, mass: ArrayLike, *, own_min: float = 30.0, decay: float = 1.0) -> Floats:
    """How much market lies around each place, weighed down by the time to it, (places,).

    Parameters
    ----------
    mass
        (places,) firms, people or output.
    own_min
        Minutes that stand for a place's distance to itself.
    decay
        How fast a market fades with time; report results for several.

    Notes
    -----
    Σ_j mass_j / t_ij^decay; a place without a way counts nothing.

    References
    ----------
    Harris (1954), The market as a factor in the localization of industry in the United States.
    """
    times = np.asarray(minutes, dtype=np.float64).copy()
    np.fill_diagonal(times, own_min)
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = np.where(np.isfinite(times), np.maximum(times, 1.0) ** -decay, 0.0)
    return np.asarray(pull @ np.asarray(mass, dtype=np.float64))
