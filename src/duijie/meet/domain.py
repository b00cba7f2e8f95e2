"""What each meeting could take: its slots, and the pools (tables, interpreters, delegates) it draws on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from itertools import combinations

from duijie.errors import InputError

from .instance import Instance, Meeting, Person, Slot, Table

__all__ = ["Domain", "Pool", "domain_of"]

_MOST_UNIONS = 4096


@dataclass(frozen=True)
class Pool:
    """Things of which each need takes one, in the slot in which its meeting is held.

    `needs` lists (meeting, members that would do); `unions` lists (members, meetings): in any slot no more of these
    meetings than free members. By Hall's theorem these conditions together are enough for a matching in every slot.
    """

    kind: str
    members: tuple[str, ...]
    needs: tuple[tuple[int, frozenset[int]], ...]
    unavailable: tuple[frozenset[int], ...]
    unions: tuple[tuple[frozenset[int], tuple[int, ...]], ...]

    _known: dict[tuple[frozenset[int], int], int] = field(default_factory=dict)

    def free(self, members: frozenset[int], slot: int) -> int:
        """How many of `members` can serve in `slot`."""
        key = (members, slot)
        if key not in self._known:
            self._known[key] = sum(slot not in self.unavailable[one] for one in members)
        return self._known[key]


@dataclass(frozen=True)
class Domain:
    """An instance by number: slots of each meeting, who attends, periods of each day, slots that exclude each other.

    `days` lists for each day the groups of slots that start together, in order of time; `clashes` pairs of slots that
    nobody can attend both, `travels` pairs that nobody can attend both in person.
    """

    slots: tuple[tuple[int, ...], ...]
    attendees: tuple[tuple[int, ...], ...]
    meetings_of: tuple[tuple[int, ...], ...]
    days: tuple[tuple[tuple[int, ...], ...], ...]
    clashes: tuple[tuple[int, int], ...]
    travels: tuple[tuple[int, int], ...]
    pools: tuple[Pool, ...]

    @cached_property
    def periods(self) -> tuple[tuple[int, ...], ...]:
        """The groups of slots that start together, over all days, in order of time."""
        return tuple(group for day in self.days for group in day)

    @cached_property
    def rank(self) -> Mapping[int, int]:
        """The period of each slot."""
        return {slot: at for at, group in enumerate(self.periods) for slot in group}


@lru_cache(maxsize=8)
def domain_of(instance: Instance) -> Domain:
    """The instance by number.

    Raises
    ------
    InputError
        So many different kinds of table (or groups of people) are asked for that their unions pass 4,096.
    """
    index = instance.person_index
    attendees = tuple(tuple(index[one] for one in meeting.people) for meeting in instance.meetings)
    of: list[list[int]] = [[] for _ in instance.people]
    for at, people in enumerate(attendees):
        for person in people:
            of[person].append(at)
    clashes, travels = _exclusions(instance)
    pools = tuple(pool for pool in (_tables(instance), _interpreters(instance), _delegates(instance)) if pool.needs)
    needed: list[list[tuple[Pool, frozenset[int]]]] = [[] for _ in instance.meetings]
    for pool in pools:
        for at, options in pool.needs:
            needed[at].append((pool, options))
    return Domain(_slots(instance, needed), attendees, tuple(map(tuple, of)), _days(instance), clashes, travels, pools)


def is_present(person: Person, slot: Slot, *, is_online: bool = False) -> bool:
    """Whether `person` can attend in `slot`: not marked away, and on the spot if the meeting is not online."""
    if slot.key in person.unavailable:
        return False
    if is_online or not person.stays or slot.starts_at is None or slot.ends_at is None:
        return True
    return any(
        stay.starts_at <= slot.starts_at and slot.ends_at <= stay.ends_at and stay.place in ("", slot.place)
        for stay in person.stays
    )


def is_before(instance: Instance, rank: Mapping[int, int], first: int, second: int) -> bool:
    """Whether slot `first` is over when slot `second` starts."""
    one, other = instance.slots[first], instance.slots[second]
    if one.ends_at and other.starts_at:
        return one.ends_at <= other.starts_at
    return rank[first] < rank[second]


def _slots(instance: Instance, needed: list[list[tuple[Pool, frozenset[int]]]]) -> tuple[tuple[int, ...], ...]:
    """The slots of each meeting: open to it, all there, and something free in each pool that it needs."""
    # Sets of slots as bits of a number: meetings are many, and each is an intersection.
    everything = (1 << len(instance.slots)) - 1
    bit = {slot.key: 1 << at for at, slot in enumerate(instance.slots)}

    @cache
    def there(name: str, is_online: bool) -> int:
        person = instance.people[instance.person_index[name]]
        return sum(bit[slot.key] for slot in instance.slots if is_present(person, slot, is_online=is_online))

    @cache
    def served(pool: int, options: frozenset[int]) -> int:
        return sum(1 << s for s in range(len(instance.slots)) if pools[pool].free(options, s))

    pools = {id(pool): pool for wants in needed for pool, _ in wants}
    found = []
    for meeting, wants in zip(instance.meetings, needed, strict=True):
        chosen = everything if meeting.slots is None else sum(bit[key] for key in meeting.slots)
        for name in () if meeting.is_held else meeting.people:
            chosen &= there(name, meeting.is_online)
        for pool, options in wants:
            chosen &= served(id(pool), options)
        found.append(_positions(chosen))
    return tuple(found)


@lru_cache(maxsize=4096)
def _positions(bits: int) -> tuple[int, ...]:
    return tuple(at for at in range(bits.bit_length()) if bits >> at & 1)


def _days(instance: Instance) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Slots by day and, within a day, by start; without clock times every slot is a period of its own."""
    days: dict[str, dict[object, list[int]]] = {}
    order = sorted(
        enumerate(instance.slots), key=lambda pair: (pair[1].starts_at.timestamp() if pair[1].starts_at else 0, pair[0])
    )
    for at, slot in order:
        day = slot.day or (slot.starts_at.date().isoformat() if slot.starts_at else "")
        days.setdefault(day, {}).setdefault(slot.starts_at or at, []).append(at)
    return tuple(tuple(map(tuple, periods.values())) for periods in days.values())


def _exclusions(instance: Instance) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    clashes, travels = [], []
    for (a, first), (b, second) in combinations(enumerate(instance.slots), 2):
        if not (first.starts_at and first.ends_at and second.starts_at and second.ends_at):
            continue
        early, late = (first, second) if first.starts_at <= second.starts_at else (second, first)
        gap_min = (late.starts_at - early.ends_at).total_seconds() / 60  # type: ignore[operator]
        if gap_min < 0 and first.starts_at == second.starts_at:
            continue  # one period: a person is in at most one meeting of it anyway
        if gap_min < 0:
            clashes.append((a, b))
        elif gap_min < _travel_min(instance, early.place, late.place):
            travels.append((a, b))
    return tuple(clashes), tuple(travels)


def _travel_min(instance: Instance, start: str, goal: str) -> float:
    if start == goal:
        return 0.0
    way = instance.travel_min
    return way.get((start, goal), way.get((goal, start), 0.0))


def _tables(instance: Instance) -> Pool:
    """Tables; one that is in the wrong place in a slot counts as lost there, so places need several pools of slots."""
    # Meetings are many, kinds of wish few: each set of tables is made once.
    fitting = cache(partial(_fitting, instance.tables))
    needs = tuple(
        (at, fitting(_n_seats(instance, one), one.equipment, _home(instance, one)))
        for at, one in enumerate(instance.meetings)
        if not one.is_online
    )
    away = tuple(
        frozenset(
            at
            for at, slot in enumerate(instance.slots)
            if slot.key in table.unavailable or table.place not in ("", slot.place)
        )
        for table in instance.tables
    )
    return _pool("tables", tuple(table.key for table in instance.tables), needs, away)


def _fitting(tables: tuple[Table, ...], n_seats: int, equipment: frozenset[str], home: str) -> frozenset[int]:
    return frozenset(
        number
        for number, table in enumerate(tables)
        if table.seats >= n_seats and equipment <= table.equipment and home in ("", table.key)
    )


def _n_seats(instance: Instance, meeting: Meeting) -> int:
    return len(meeting.people) + len(meeting.one_of) + bool(_needs_interpreter(instance, meeting))


def _home(instance: Instance, meeting: Meeting) -> str:
    """The table of the meeting's VIP; of two with a table of their own the first stays seated."""
    homes = (instance.people[instance.person_index[one]].home_table for one in meeting.people)
    return next((home for home in homes if home), "")


def _needs_interpreter(instance: Instance, meeting: Meeting) -> list[frozenset[str]]:
    """The languages of each attendee, where all are known and none is common to all; empty where nobody is needed."""
    spoken = [instance.people[instance.person_index[one]].languages for one in meeting.people]
    if not spoken or not all(spoken) or frozenset.intersection(*spoken):
        return []
    return spoken


def _interpreters(instance: Instance) -> Pool:
    needs = tuple(
        (at, frozenset(number for number, one in enumerate(instance.interpreters) if _bridges(one.languages, spoken)))
        for at, meeting in enumerate(instance.meetings)
        if (spoken := _needs_interpreter(instance, meeting))
    )
    away = tuple(
        frozenset(at for at, slot in enumerate(instance.slots) if slot.key in one.unavailable)
        for one in instance.interpreters
    )
    return _pool("interpreters", tuple(one.id for one in instance.interpreters), needs, away)


def _bridges(languages: frozenset[str], spoken: list[frozenset[str]]) -> bool:
    return all(languages & each for each in spoken)


def _delegates(instance: Instance) -> Pool:
    """One member of the group attends; the model also subtracts members who sit in meetings of their own."""
    needs = tuple(
        (at, frozenset(instance.person_index[one] for one in group))
        for at, meeting in enumerate(instance.meetings)
        for group in meeting.one_of
    )
    away = tuple(
        frozenset(at for at, slot in enumerate(instance.slots) if not is_present(person, slot))
        for person in instance.people
    )
    return _pool("delegates", tuple(person.id for person in instance.people), needs, away)


def _pool(
    kind: str,
    members: tuple[str, ...],
    needs: tuple[tuple[int, frozenset[int]], ...],
    unavailable: tuple[frozenset[int], ...],
) -> Pool:
    wanted = {options for _, options in needs}
    unions: set[frozenset[int]] = set()
    for one in sorted(wanted, key=sorted):
        unions |= {one, *(one | other for other in unions)}
        if len(unions) > _MOST_UNIONS:
            raise InputError("meet_too_many_groups", {"kind": kind, "n": len(wanted)})
    conditions = tuple(
        (union, tuple(at for at, options in needs if options <= union)) for union in sorted(unions, key=sorted)
    )
    return Pool(kind, members, needs, unavailable, conditions)
