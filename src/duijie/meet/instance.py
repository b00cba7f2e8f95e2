"""The question of an exchange day: who wants to meet whom, when people are there, which tables stand ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from duijie.errors import Fault, InputError

from .figures import COUNT, ROAD, WORTH, Range, figure_faults, names_twice

__all__ = ["Builder", "Instance", "Interpreter", "Meeting", "Person", "Slot", "Stay", "Table", "Weights"]

_SCORE = Range(-1e9, 1e9, is_whole=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """One time at one place in which a meeting may be held; slots of one day should share one grid."""

    key: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A place to sit: `seats` people, what stands on it, and the slots in which it is lost."""

    key: str
    seats: int = 4
    equipment: frozenset[str] = frozenset()
    place: str = ""
    unavailable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stay:
    """A person is at `place` (anywhere where empty) from one aware moment to another: between two trains, say."""

    starts_at: datetime
    ends_at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who meets. No `stays` means present throughout; a VIP's meetings must be placed, at `home_table` where named."""

    id: str
    name: str = ""
    region: str = ""
    languages: frozenset[str] = frozenset()
    unavailable: frozenset[str] = frozenset()
    stays: tuple[Stay, ...] = ()
    is_vip: bool = False
    max_breaks: int | None = None
    home_table: str = ""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Who can stand between people that share no language."""

    id: str
    languages: frozenset[str]
    unavailable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One accepted request.

    All of `people` must attend, and one of each group in `one_of` (a delegation sends anyone of its own). `slots`
    narrows the times (None: any), one slot in it fixes the meeting; `after` names meetings that end before it
    starts. `weight` > 0 says what it is worth to place it; `is_required` that it must be; `is_held` that it was held
    in its one slot already, whoever is said to be away.
    """

    id: str
    people: tuple[str, ...]
    weight: float = 1.0
    one_of: tuple[tuple[str, ...], ...] = ()
    slots: frozenset[str] | None = None
    after: tuple[str, ...] = ()
    equipment: frozenset[str] = frozenset()
    is_required: bool = False
    is_online: bool = False
    is_held: bool = False
    match: str = ""
    kind: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """What matters, in falling order: an unplaced meeting, a break, a unit of unfairness.

    The order is strict: no gain on a lower level pays for a higher one; the weights make one figure of the levels.
    With `spread` 0 unfairness is not optimised (`Instance.fairness` still bounds it).
    """

    unplaced: float = 10_000.0
    breaks: float = 100.0
    spread: float = 1.0


@dataclass(frozen=True, eq=False)
class Instance:
    """The whole question, unchangeable; made by :class:`Builder` or read from a file.

    `fairness` is the greatest allowed difference between two people's numbers of breaks (None: no bound);
    `travel_min` gives minutes between two places.
    """

    slots: tuple[Slot, ...]
    tables: tuple[Table, ...]
    people: tuple[Person, ...]
    meetings: tuple[Meeting, ...]
    interpreters: tuple[Interpreter, ...] = ()
    fairness: int | None = None
    weights: Weights = field(default_factory=Weights)
    travel_min: Mapping[tuple[str, str], float] = field(default_factory=dict)
    on: str = ""
    place: str = ""

    @cached_property
    def slot_index(self) -> Mapping[str, int]:
        """The position of each slot key."""
        return {slot.key: at for at, slot in enumerate(self.slots)}

    @cached_property
    def person_index(self) -> Mapping[str, int]:
        """The position of each person id."""
        return {person.id: at for at, person in enumerate(self.people)}

    @cached_property
    def meeting_index(self) -> Mapping[str, int]:
        """The position of each meeting id."""
        return {meeting.id: at for at, meeting in enumerate(self.meetings)}

    @cached_property
    def table_index(self) -> Mapping[str, int]:
        """The position of each table key."""
        return {table.key: at for at, table in enumerate(self.tables)}


class Builder:
    """Put an instance together piece by piece; :meth:`build` checks it as a whole and makes it unchangeable.

    Examples
    --------
    >>> day = Builder()
    >>> day.slot("1").slot("2").table("A").person("p").person("q").meeting("m", ["p", "q"]).build().meetings[0].people
    ('p', 'q')
    """

    def __init__(self) -> None:
        self._slots: list[Slot] = []
        self._tables: list[Table] = []
        self._people: list[Person] = []
        self._meetings: list[Meeting] = []
        self._interpreters: list[Interpreter] = []

    def slot(self, key: str, **options: Any) -> Builder:
        """A time; `options` as in :class:`Slot`. Order of adding is order in time where no clock times are given."""
        self._slots.append(Slot(key, **options))
        return self

    def table(self, key: str, **options: Any) -> Builder:
        """A table; `options` as in :class:`Table`."""
        self._tables.append(Table(key, **_sets(options, "equipment", "unavailable")))
        return self

    def person(self, id: str, **options: Any) -> Builder:
        """A person; `options` as in :class:`Person`."""
        self._people.append(Person(id, **_sets(options, "languages", "unavailable")))
        return self

    def interpreter(self, id: str, languages: Iterable[str], **options: Any) -> Builder:
        """An interpreter and the languages between which they stand."""
        self._interpreters.append(Interpreter(id, frozenset(languages), **_sets(options, "unavailable")))
        return self

    def meeting(self, id: str, people: Iterable[str], **options: Any) -> Builder:
        """A request to meet; `options` as in :class:`Meeting`."""
        options["after"] = tuple(options.get("after", ()))
        options["one_of"] = tuple(tuple(group) for group in options.get("one_of", ()))
        self._meetings.append(Meeting(id, tuple(people), **_sets(options, "slots", "equipment")))
        return self

    def build(self, **options: Any) -> Instance:
        """The immutable instance; `options` as in :class:`Instance`.

        Raises
        ------
        InputError
            Names twice, unknown names, a meeting of one person with themselves, circles of precedence, stays that
            overlap in two places; `faults` lists all of them.
        """
        instance = Instance(
            tuple(self._slots),
            tuple(self._tables),
            tuple(self._people),
            tuple(self._meetings),
            tuple(self._interpreters),
            **options,
        )
        return checked(instance)


def _sets(options: dict[str, Any], *names: str) -> dict[str, Any]:
    """Any iterable of keys is welcome where a frozenset is kept."""
    return {key: frozenset(value) if key in names and value is not None else value for key, value in options.items()}


def checked(instance: Instance) -> Instance:
    """The instance itself, where nothing in it contradicts; all faults at once where something does."""
    faults = [*figure_faults(_figures(instance))]
    faults += [*_twice(instance), *_unknown(instance), *_people_faults(instance), *_slot_faults(instance)]
    if not faults:
        faults = _circles(instance)
    if faults:
        raise InputError("meet_instance_faults", {"n": len(faults)}, faults=faults)
    return instance


def _figures(instance: Instance) -> Iterator[tuple[Mapping[str, Any], object, Range]]:
    """Every number of a question with its place and range; meetings' weights are looked at with the meetings."""
    for table in instance.tables:
        yield {"table": table.key, "key": "seats"}, table.seats, COUNT
    for person in instance.people:
        if person.max_breaks is not None:
            yield {"person": person.id, "key": "max_breaks"}, person.max_breaks, COUNT
    for meeting in instance.meetings:
        if meeting.score is not None:
            yield {"meeting": meeting.id, "key": "score"}, meeting.score, _SCORE
    if instance.fairness is not None:
        yield {"key": "fairness"}, instance.fairness, COUNT
    for name in ("unplaced", "breaks", "spread"):
        yield {"key": f"weights.{name}"}, getattr(instance.weights, name), WORTH
    for (start, goal), minutes in instance.travel_min.items():
        yield {"key": "travel_min", "from": start, "to": goal}, minutes, ROAD


def _twice(instance: Instance) -> Iterator[Fault]:
    for what, keys in (
        ("slots", [one.key for one in instance.slots]),
        ("tables", [one.key for one in instance.tables]),
        ("people", [one.id for one in instance.people]),
        ("meetings", [one.id for one in instance.meetings]),
        ("interpreters", [one.id for one in instance.interpreters]),
    ):
        yield from names_twice(what, keys)


def _unknown(instance: Instance) -> list[Fault]:
    people, slots = instance.person_index, instance.slot_index
    faults = []

    def look(name: str, known: Mapping[str, int], **where: str) -> None:
        if name not in known:
            faults.append(Fault("meet_name_unknown", where, {"name": name}))

    for meeting in instance.meetings:
        for person in (*meeting.people, *(one for group in meeting.one_of for one in group)):
            look(person, people, meeting=meeting.id, key="people")
        for slot in sorted(meeting.slots or ()):
            look(slot, slots, meeting=meeting.id, key="slots")
        for other in meeting.after:
            look(other, instance.meeting_index, meeting=meeting.id, key="after")
    away = [(person.id, person.unavailable) for person in instance.people]
    away += [(one.id, one.unavailable) for one in instance.interpreters]
    away += [(table.key, table.unavailable) for table in instance.tables]
    for name, unavailable in away:
        for slot in sorted(unavailable):
            look(slot, slots, key="unavailable", of=name)
    for guest in instance.people:
        if guest.home_table:
            look(guest.home_table, instance.table_index, person=guest.id, key="home_table")
    return faults


def _people_faults(instance: Instance) -> list[Fault]:
    faults = [
        Fault("meet_people_wrong", {"meeting": meeting.id}, {"people": list(meeting.people)})
        for meeting in instance.meetings
        if len(set(meeting.people)) < len(meeting.people) or not (meeting.people or meeting.one_of)
    ]
    faults += [
        Fault("meet_weight_wrong", {"meeting": meeting.id}, {"weight": meeting.weight})
        for meeting in instance.meetings
        if not 0 < meeting.weight < 1e9
    ]
    for person in instance.people:
        stays = sorted(person.stays, key=lambda stay: stay.starts_at)
        faults += [
            Fault("meet_stay_backwards", {"person": person.id}, {"starts_at": str(stay.starts_at)})
            for stay in stays
            if stay.ends_at <= stay.starts_at
        ]
        faults += [
            Fault("meet_stays_overlap", {"person": person.id}, {"starts_at": str(later.starts_at)})
            for earlier, later in pairwise(stays)
            if later.starts_at < earlier.ends_at and later.place != earlier.place
        ]
    return faults


def _slot_faults(instance: Instance) -> list[Fault]:
    moments = [moment for slot in instance.slots for moment in (slot.starts_at, slot.ends_at)]
    timed = [moment for moment in moments if moment is not None]
    if timed and (len(timed) < len(moments) or any(moment.tzinfo is None for moment in timed)):
        return [Fault("meet_slots_half_timed", {"list": "slots"})]
    if not timed and any(person.stays for person in instance.people):
        return [Fault("meet_stays_need_times", {"list": "slots"})]
    return [
        Fault("meet_slot_backwards", {"slot": slot.key}, {})
        for slot in instance.slots
        if slot.starts_at and slot.ends_at and slot.ends_at <= slot.starts_at
    ]


def _circles(instance: Instance) -> list[Fault]:
    """Meetings that wait for each other in a circle: what Kahn's order cannot take."""
    waiting = {meeting.id: set(meeting.after) for meeting in instance.meetings if meeting.after}
    done = {meeting.id for meeting in instance.meetings} - set(waiting)
    while ready := [name for name, first in waiting.items() if first <= done]:
        done.update(ready)
        for name in ready:
            del waiting[name]
    return [Fault("meet_order_circle", {"key": "after"}, {"meetings": sorted(waiting)})] if waiting else []


def names(instance: Instance, people: Sequence[str]) -> list[str]:
    """What a person calls these people: their names, or ids where no name is known."""
    return [instance.people[instance.person_index[one]].name or one for one in people]
