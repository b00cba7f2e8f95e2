"""An exchange day out of assigned matches: the agenda's door to the timetable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .instance import Instance, Meeting, Person, Slot, Table, checked

__all__ = ["TIME_ZONE", "exchange_day", "grid"]

TIME_ZONE = "Asia/Shanghai"
HOURS = (("09:00", "12:00"), ("14:00", "17:30"))


def grid(
    on: str,
    hours: Sequence[tuple[str, str]] = HOURS,
    *,
    slot_min: int = 30,
    place: str = "",
    time_zone: str = TIME_ZONE,
) -> tuple[Slot, ...]:
    """The slots of a day: as many of `slot_min` minutes as fit into each span of `hours`.

    Parameters
    ----------
    on
        ISO date.
    hours
        Spans of wall-clock time, ``(("09:00", "12:00"), …)``.

    Examples
    --------
    >>> [slot.key for slot in grid("2026-03-02", [("09:00", "10:10")])]
    ['2026-03-02T09:00', '2026-03-02T09:30']
    """
    day, zone, step = date.fromisoformat(on), ZoneInfo(time_zone), timedelta(minutes=slot_min)
    slots = []
    for first, last in hours:
        start = datetime.combine(day, time.fromisoformat(first), zone)
        end = datetime.combine(day, time.fromisoformat(last), zone)
        while start + step <= end:
            key = f"{start:%Y-%m-%dT%H:%M}" + (f"@{place}" if place else "")
            slots.append(Slot(key, start, start + step, place))
            start += step
    return tuple(slots)


def exchange_day(
    matches: Iterable[Mapping[str, Any]],
    people: Iterable[Mapping[str, Any]],
    *,
    on: str,
    place: str = "",
    slots: Sequence[tuple[str, str]] = HOURS,
    slot_min: int = 30,
    n_tables: int = 8,
    fairness: int | None = None,
    time_zone: str = TIME_ZONE,
) -> Instance:
    """The instance of a one-day event at which matched parties meet.

    Parameters
    ----------
    matches
        ``{id, people: [id, id], kind, score}`` each; `score` (0–1, or absent for 1) is the weight of the meeting. Two
        matches of the same people become one meeting, which carries the better score and names that match.
    people
        ``{id, name, region}`` each, and any other field of :class:`~duijie.meet.Person`; who has no match is left out.
    on
        ISO date of the day.
    slots
        Spans of the day in which meetings may lie.
    n_tables
        Tables, ≥ 0; with none nothing can be placed, and the timetable says so.

    Raises
    ------
    InputError
        A match names somebody who is not in `people`, or a person twice.
    """
    meetings: dict[frozenset[str], Meeting] = {}
    for match in sorted(matches, key=lambda match: (-_score(match), str(match["id"]))):
        party = tuple(str(one) for one in match["people"])
        meetings.setdefault(frozenset(party), _meeting(match, party))
    invited = {one for meeting in meetings.values() for one in meeting.people}
    return checked(
        Instance(
            grid(on, slots, slot_min=slot_min, time_zone=time_zone),
            tuple(Table(str(number + 1)) for number in range(n_tables)),
            tuple(Person(**person) for person in people if person["id"] in invited),
            tuple(sorted(meetings.values(), key=lambda meeting: meeting.id)),
            fairness=fairness,
            on=on,
            place=place,
        )
    )


def _score(match: Mapping[str, Any]) -> float:
    score = match.get("score")
    return 1.0 if score is None else float(score)


def _meeting(match: Mapping[str, Any], party: tuple[str, ...]) -> Meeting:
    return Meeting(
        str(match["id"]),
        party,
        weight=max(0.001, _score(match)),
        match=str(match["id"]),
        kind=str(match.get("kind", "")),
        score=match.get("score"),
    )
