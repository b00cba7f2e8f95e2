"""The live day: somebody is missing, late or new, a table is lost; the plan that changes least of what people hold."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from duijie import __version__
from duijie.errors import InputError
from duijie.terms import Provenance, silent

from .domain import domain_of
from .explain import unplaced_reasons
from .instance import Instance, Meeting, Slot
from .model import build_model
from .search import hint_slots, search
from .seating import seat
from .timetable import Level, Placement, Timetable

__all__ = ["Move", "Replan", "away", "close_table", "replan"]


@dataclass(frozen=True, slots=True)
class Move:
    """What changes for one person: the meeting as it stood and as it stands now (None: not held)."""

    person: str
    meeting: str
    before: Placement | None
    after: Placement | None


@dataclass(frozen=True, eq=False)
class Replan:
    """A new timetable and who must be told.

    `n_moved` meetings have another slot than before or are off; `n_forced` of them could not stay whatever else is
    done, so it is proven (`is_fewest`) where the two are equal and only meetings that have no slot at all are off.
    """

    timetable: Timetable
    moves: tuple[Move, ...]
    n_moved: int
    n_forced: int
    is_fewest: bool

    @property
    def people(self) -> tuple[str, ...]:
        """Who must be told, each once."""
        return tuple(dict.fromkeys(move.person for move in self.moves))


def away(instance: Instance, person: str, slots: Iterable[str]) -> Instance:
    """The day if `person` is not there in `slots`: a no-show, a late train, an early departure."""
    chosen = frozenset(slots)
    people = tuple(
        replace(one, unavailable=one.unavailable | chosen) if one.id == person else one for one in instance.people
    )
    return replace(instance, people=people)


def close_table(instance: Instance, table: str, slots: Iterable[str]) -> Instance:
    """The day if `table` is lost in `slots`."""
    chosen = frozenset(slots)
    tables = tuple(
        replace(one, unavailable=one.unavailable | chosen) if one.key == table else one for one in instance.tables
    )
    return replace(instance, tables=tables)


def replan(
    old: Timetable, instance: Instance, *, now: datetime | str | None = None, seconds: float = 2.0, seed: int = 0
) -> Replan:
    """The timetable for what the day has become, with as few changes as possible to what people hold.

    In order: most weight placed, fewest people whose meeting moves, fewest breaks.

    Parameters
    ----------
    old
        The plan in people's hands.
    instance
        The day as it is now, with the slots of `old`: see :func:`away`, :func:`close_table`; new meetings are added
        with ``dataclasses.replace``.
    now
        Aware moment, or the key of the first slot that has not begun. What lies before is locked, whoever was there.
    seconds
        Wall time; the circle of meetings that may move grows while there is time.

    Raises
    ------
    InputError
        `now` is no slot of the day, or the slots are not those of the old plan.

    Examples
    --------
    >>> from duijie.meet import Builder, plan
    >>> day = Builder().slot("1").slot("2").slot("3").table("A").person("p").person("q").person("r")
    >>> day = day.meeting("m", "pq").meeting("n", "pr").build()
    >>> held = plan(day, seconds=5)
    >>> replan(held, away(day, "r", ["1", "2", "3"])).people
    ('p', 'r')
    """
    started = time.monotonic()
    unknown = sorted(set(old.slots.values()) - set(instance.slot_index))
    if unknown or (isinstance(now, str) and now not in instance.slot_index):
        raise InputError("meet_slots_changed", {"slots": unknown or [now]})
    past = _past(instance, now)
    kept = {name: slot for name, slot in old.slots.items() if name in instance.meeting_index}
    locked = {name for name, slot in kept.items() if slot in past}
    open_day = _locked(instance, kept, locked, past)
    domain = domain_of(open_day)
    held = {open_day.meeting_index[name]: open_day.slot_index[slot] for name, slot in kept.items()}
    forced = {m for m, s in held.items() if s not in domain.slots[m]}
    fitting = _what_still_fits(open_day, {m: s for m, s in held.items() if m not in forced})
    n_forced = len(forced) + _n_short(open_day, held, forced)
    hopeless = sum(one.weight for m, one in enumerate(open_day.meetings) if not domain.slots[m])
    best = (*_harm(open_day, held, fitting), fitting)
    is_fewest = len(fitting) == len(open_day.meetings)
    ready = time.monotonic() - started
    for free in () if is_fewest else _circles(open_day, set(fitting)):
        # What is left to do after the search takes about as long as what was done before it, or half as long again.
        left = seconds - (time.monotonic() - started) - 1.5 * ready
        if left < 0.1:
            break
        found = _repair(open_day, held, free, left, seed)
        if found is not None and _harm(open_day, held, found) < best[:2]:
            best = (*_harm(open_day, held, found), dict(found))
        is_fewest = best[0] <= hopeless and best[1] == n_forced
        if is_fewest:
            break
    slots = best[2]
    return _result(old, instance, open_day, slots, n_forced, is_fewest, time.monotonic() - started, seed)


def _harm(instance: Instance, held: Mapping[int, int], slots: Mapping[int, int]) -> tuple[float, int]:
    """What a plan costs people: the weight that is off, and how many meetings are not where they were."""
    weight = sum(one.weight for m, one in enumerate(instance.meetings) if m not in slots)
    return weight, sum(slots.get(m) != s for m, s in held.items())


def _past(instance: Instance, now: datetime | str | None) -> frozenset[str]:
    """Keys of the slots that have begun."""
    if now is None:
        return frozenset()
    if isinstance(now, str):
        rank = domain_of(instance).rank
        first = rank[instance.slot_index[now]]
        return frozenset(slot.key for at, slot in enumerate(instance.slots) if rank[at] < first)
    return frozenset(slot.key for slot in instance.slots if _has_begun(slot, now))


def _has_begun(slot: Slot, now: datetime) -> bool:
    return slot.starts_at is not None and slot.starts_at <= now


def _locked(instance: Instance, kept: Mapping[str, str], locked: set[str], past: frozenset[str]) -> Instance:
    """The day with the past as it was: held meetings stay, nobody's absence undoes them, nothing new goes there."""
    future = frozenset(instance.slot_index) - past

    def meeting(one: Meeting) -> Meeting:
        if one.id in locked:
            return replace(one, slots=frozenset({kept[one.id]}), is_required=False, is_held=True)
        return replace(one, slots=future if one.slots is None else one.slots & future, is_required=False)

    return replace(
        instance,
        meetings=tuple(map(meeting, instance.meetings)),
        people=tuple(replace(one, is_vip=False) for one in instance.people),
        tables=tuple(replace(one, unavailable=one.unavailable - past) for one in instance.tables),
        fairness=None,
    )


def _circles(instance: Instance, fitting: set[int]) -> Iterator[set[int]]:
    """The meetings that may move: first those that must and the new ones, then those of their people, then all."""
    domain = domain_of(instance)
    free = set(range(len(instance.meetings))) - fitting
    n_meetings, size = len(instance.meetings), -1
    while size < len(free) < n_meetings:
        yield set(free)
        size = len(free)
        people = {p for m in free for p in domain.attendees[m]}
        free |= {m for p in people for m in domain.meetings_of[p]}
    yield set(range(n_meetings))


def _repair(
    instance: Instance, held: Mapping[int, int], free: set[int], seconds: float, seed: int
) -> Mapping[int, int] | None:
    """The best plan in which only the meetings in `free` may move; one figure of three levels, in strict order."""
    fixed = {m: instance.slots[s].key for m, s in held.items() if m not in free}
    meetings = tuple(
        replace(one, slots=frozenset({fixed[m]})) if m in fixed else one for m, one in enumerate(instance.meetings)
    )
    near = {p for m in free for p in domain_of(instance).attendees[m]}
    model = build_model(replace(instance, meetings=meetings), has_spread=False, people=near)
    people = {m: len(instance.meetings[m].people) for m in held if m in free}
    moves = sum(n * (1 - model.at[m, held[m]]) for m, n in people.items() if (m, held[m]) in model.at)
    n_holes = sum(len(holes) for holes in model.holes.values())
    n_moves = 1 + sum(people.values())
    objective = model.unplaced * (n_moves * (n_holes + 1)) + moves * (n_holes + 1) + model.breaks
    hint_slots(model, held)
    found = search(model, objective, seconds=seconds, seed=seed, workers=2, progress=silent, is_plain=True)
    return found.slots


def _what_still_fits(instance: Instance, slots: Mapping[int, int]) -> dict[int, int]:
    """The plan without the lightest meetings for which tables, interpreters or delegates are short now."""
    kept = dict(slots)
    for pool in domain_of(instance).pools:
        for members, meetings in pool.unions:
            for s in set(kept.values()):
                held = sorted((m for m in meetings if kept.get(m) == s), key=lambda m: instance.meetings[m].weight)
                for m in held[: max(0, len(held) - pool.free(members, s))]:
                    del kept[m]
    return kept


def _n_short(instance: Instance, held: Mapping[int, int], forced: set[int]) -> int:
    """How many more meetings must leave their slot at least: in each slot the greatest shortage of any pool."""
    pools, short = domain_of(instance).pools, 0
    in_slot: dict[int, set[int]] = {}
    for m, s in held.items():
        if m not in forced:
            in_slot.setdefault(s, set()).add(m)
    for s, meetings in in_slot.items():
        wants = [
            (sum(m in meetings for m in of), pool.free(members, s)) for pool in pools for members, of in pool.unions
        ]
        short += max([0, *(n - n_free for n, n_free in wants)])
    return short


def _result(
    old: Timetable,
    instance: Instance,
    day: Instance,
    slots: Mapping[int, int],
    n_forced: int,
    is_fewest: bool,
    seconds: float,
    seed: int,
) -> Replan:
    tables = {one.meeting: one.table for one in old.placements if one.table in instance.table_index}
    placements = seat(day, slots, tables)
    weight = sum(one.weight for m, one in enumerate(instance.meetings) if m not in slots)
    new = Timetable(
        instance,
        "feasible",
        placements,
        unplaced_reasons(day, slots),
        (Level("unplaced", weight, 0.0, instance.weights.unplaced),),
        seconds=seconds,
        is_stopped=not is_fewest,
        provenance=Provenance({}, __version__, {"seconds": seconds}, seed),
    )
    before = {one.meeting: one for one in old.placements}
    after = {one.meeting: one for one in placements}
    n_moved = sum(name not in after or after[name].slot != one.slot for name, one in before.items())
    return Replan(new, tuple(_moves(old, instance, before, after)), n_moved, n_forced, is_fewest)


def _moves(
    old: Timetable, instance: Instance, before: Mapping[str, Placement], after: Mapping[str, Placement]
) -> Iterator[Move]:
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None and (one.slot, one.table) == (other.slot, other.table):
            continue
        of = instance if name in instance.meeting_index else old.instance
        people = [*of.meetings[of.meeting_index[name]].people]
        people += [*(one.delegates if one else ()), *(other.delegates if other else ())]
        for person in dict.fromkeys(people):
            yield Move(person, name, one, other)
