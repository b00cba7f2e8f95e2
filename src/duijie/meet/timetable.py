"""The answer: who meets when and where, how good that is, and what could not be placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from duijie.terms import Provenance, Reason

from .domain import domain_of
from .instance import Instance

__all__ = ["Level", "Placement", "Status", "Timetable", "Unplaced", "breaks_of"]

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the objective: its value and the proven least value, given the levels above it."""

    name: str
    value: float
    bound: float
    weight: float


@dataclass(frozen=True, slots=True)
class Placement:
    """A meeting with its slot; table, interpreter and delegates where it needs them."""

    meeting: str
    slot: str
    table: str = ""
    interpreter: str = ""
    delegates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A meeting that found no place, and why."""

    meeting: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, eq=False)
class Timetable:
    """The timetable of an instance with its objective, proven bound and gap.

    ``status`` is ``optimal`` (proven on every level), ``feasible`` (the best found when time ran out), ``infeasible``
    (proven; `clash` says why) or ``unknown`` (nothing found in time). `placements` are in order of time. `objective`
    and `bound` are the weighted sums
    of `levels`; `gap` is (objective − bound) / objective, 0 where both are 0.
    """

    instance: Instance
    status: Status
    placements: tuple[Placement, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    levels: tuple[Level, ...] = ()
    clash: tuple[Reason, ...] = ()
    seconds: float = 0.0
    first_seconds: float | None = None
    is_stopped: bool = False
    provenance: Provenance = field(default_factory=Provenance)

    @cached_property
    def slots(self) -> Mapping[str, str]:
        """The slot of each placed meeting."""
        return {one.meeting: one.slot for one in self.placements}

    @cached_property
    def breaks_by_person(self) -> Mapping[str, int]:
        """Number of breaks of each person."""
        return breaks_of(self.instance, self.slots)

    @property
    def breaks(self) -> int:
        """Number of breaks of all people together."""
        return sum(self.breaks_by_person.values())

    @cached_property
    def n_table_changes(self) -> int:
        """How often people sit down at another table than before on the same day, all together."""
        domain = domain_of(self.instance)
        day_of = [number for number, day in enumerate(domain.days) for _ in day]
        seen: dict[tuple[int, int], str] = {}
        changes = 0
        for one in self.placements:
            day = day_of[domain.rank[self.instance.slot_index[one.slot]]]
            for person in domain.attendees[self.instance.meeting_index[one.meeting]] if one.table else ():
                changes += seen.get((person, day), one.table) != one.table
                seen[person, day] = one.table
        return changes

    @property
    def objective(self) -> float:
        """Weighted sum of the levels' values."""
        return sum(level.weight * level.value for level in self.levels)

    @property
    def bound(self) -> float:
        """Weighted sum of the levels' proven bounds."""
        return sum(level.weight * level.bound for level in self.levels)

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of its objective."""
        return (self.objective - self.bound) / self.objective if self.objective > self.bound else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The document ``meet.json`` of the pipeline's results."""
        instance = self.instance
        times = {slot.key: (_text(slot.starts_at), _text(slot.ends_at)) for slot in instance.slots}
        return {
            "status": self.status,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "breaks": self.breaks,
            "n_table_changes": self.n_table_changes,
            "n_placed": len(self.placements),
            "n_requested": len(instance.meetings),
            "on": instance.on,
            "place": instance.place,
            "levels": [
                {"name": one.name, "value": one.value, "bound": one.bound, "weight": one.weight} for one in self.levels
            ],
            "seconds": round(self.seconds, 3),
            "is_stopped": self.is_stopped,
            "clash": [reason.to_dict() for reason in self.clash],
            "slots": [
                {"key": slot.key, "starts_at": times[slot.key][0], "ends_at": times[slot.key][1], "place": slot.place}
                for slot in instance.slots
            ],
            "tables": [{"key": table.key, "capacity": table.seats} for table in instance.tables],
            "people": [{"id": one.id, "name": one.name, "region": one.region} for one in instance.people],
            "meetings": [self._row(one, *times[one.slot]) for one in self.placements],
            "unplaced": [
                {
                    "id": one.meeting,
                    "match": instance.meetings[instance.meeting_index[one.meeting]].match,
                    "reasons": [reason.to_dict() for reason in one.reasons],
                }
                for one in self.unplaced
            ],
            "provenance": self.provenance.to_dict(),
        }

    def _row(self, one: Placement, starts_at: str, ends_at: str) -> dict[str, Any]:
        meeting = self.instance.meetings[self.instance.meeting_index[one.meeting]]
        return {
            "id": meeting.id,
            "match": meeting.match,
            "kind": meeting.kind,
            "people": [*meeting.people, *one.delegates],
            "slot": one.slot,
            "table": one.table,
            "interpreter": one.interpreter,
            "is_online": meeting.is_online,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "score": meeting.score,
        }


def _text(moment: Any) -> str:
    return moment.isoformat() if moment else ""


def breaks_of(instance: Instance, slots: Mapping[str, str]) -> dict[str, int]:
    """Number of breaks of each person: maximal runs of idle periods between two meetings of one day.

    Parameters
    ----------
    slots
        Slot key of each placed meeting id.

    Returns
    -------
    People without meetings, or with one, have 0.

    Examples
    --------
    >>> from duijie.meet.instance import Builder
    >>> day = Builder().slot("1").slot("2").slot("3").table("A").person("p").person("q").person("r")
    >>> breaks_of(day.meeting("m", "pq").meeting("n", "pr").build(), {"m": "1", "n": "3"})
    {'p': 1, 'q': 0, 'r': 0}
    """
    domain = domain_of(instance)
    day_of = [number for number, day in enumerate(domain.days) for _ in day]
    met: dict[int, set[int]] = {}
    for name, key in slots.items():
        for person in domain.attendees[instance.meeting_index[name]]:
            met.setdefault(person, set()).add(domain.rank[instance.slot_index[key]])
    return {person.id: _gaps(sorted(met.get(p, ())), day_of) for p, person in enumerate(instance.people)}


def _gaps(periods: list[int], day_of: list[int]) -> int:
    pairs = pairwise(periods)
    return sum(later - earlier > 1 and day_of[later] == day_of[earlier] for earlier, later in pairs)
