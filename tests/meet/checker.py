"""An independent check of a timetable: it reads the instance alone and shares no code with the wing."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

__all__ = ["count_breaks", "violations"]


def _times(instance: Any) -> dict[str, Any]:
    return {slot.key: (at, slot.starts_at, slot.ends_at, slot.day) for at, slot in enumerate(instance.slots)}


def violations(instance: Any, timetable: Any, *, must_place_all: bool = False) -> list[str]:
    """Everything that is wrong with a timetable, as words; an empty list is a valid one."""
    wrong = []
    people = {person.id: person for person in instance.people}
    slots = {slot.key: slot for slot in instance.slots}
    tables = {table.key: table for table in instance.tables}
    meetings = {meeting.id: meeting for meeting in instance.meetings}
    held = {}
    for one in timetable.placements:
        if one.meeting in held:
            wrong.append(f"{one.meeting} twice")
        held[one.meeting] = one
    for meeting in instance.meetings:
        if meeting.id not in held and (must_place_all or meeting.is_required):
            wrong.append(f"{meeting.id} missing")
    if {one.meeting for one in timetable.unplaced} | set(held) != set(meetings):
        wrong.append("a meeting is neither placed nor unplaced")
    at_table, at_person, at_interpreter = Counter(), defaultdict(list), Counter()
    for one in held.values():
        meeting, slot = meetings[one.meeting], slots[one.slot]
        if meeting.slots is not None and slot.key not in meeting.slots:
            wrong.append(f"{meeting.id} in a forbidden slot")
        for name in (*meeting.people, *one.delegates):
            at_person[name].append((slot, meeting))
            if slot.key in people[name].unavailable:
                wrong.append(f"{name} away in {slot.key}")
            stays = people[name].stays
            if (
                stays
                and not meeting.is_online
                and not any(
                    stay.starts_at <= slot.starts_at and slot.ends_at <= stay.ends_at and stay.place in ("", slot.place)
                    for stay in stays
                )
            ):
                wrong.append(f"{name} not on the spot in {slot.key}")
        if len(one.delegates) != len(meeting.one_of) or any(
            not any(name in group for name in one.delegates) for group in meeting.one_of
        ):
            wrong.append(f"{meeting.id} has the wrong delegates")
        if meeting.is_online:
            continue
        at_table[one.table, slot.key] += 1
        if one.table not in tables:
            wrong.append(f"{meeting.id} has no table")
            continue
        table = tables[one.table]
        n_seats = len(meeting.people) + len(meeting.one_of) + bool(one.interpreter)
        if table.seats < n_seats or not meeting.equipment <= table.equipment:
            wrong.append(f"{meeting.id} at a table that does not fit")
        if slot.key in table.unavailable or table.place not in ("", slot.place):
            wrong.append(f"{meeting.id} at a lost table")
        for name in meeting.people:
            home = people[name].home_table
            if (
                home
                and one.table != home
                and not any(people[other].home_table == one.table for other in meeting.people)
            ):
                wrong.append(f"{name} not at home")
    for one in held.values():
        spoken = [people[name].languages for name in meetings[one.meeting].people]
        if all(spoken) and not frozenset.intersection(*spoken):
            known = {it.id: it for it in instance.interpreters}
            if one.interpreter not in known or not all(known[one.interpreter].languages & each for each in spoken):
                wrong.append(f"{one.meeting} has no interpreter")
            elif one.slot in known[one.interpreter].unavailable:
                wrong.append(f"{one.interpreter} away")
            at_interpreter[one.interpreter, one.slot] += 1
    wrong += [f"table {key} twice" for key, n in at_table.items() if n > 1]
    wrong += [f"interpreter {key} twice" for key, n in at_interpreter.items() if n > 1]
    for name, attended in at_person.items():
        for (first, one), (second, other) in combinations(attended, 2):
            if _too_near(instance, first, second, one.is_online or other.is_online):
                wrong.append(f"{name} in {first.key} and {second.key}")
    for meeting in instance.meetings:
        for before in meeting.after:
            if meeting.id in held and (
                before not in held or not _over(instance, held[before].slot, held[meeting.id].slot)
            ):
                wrong.append(f"{meeting.id} before {before}")
    breaks = count_breaks(instance, timetable)
    if instance.fairness is not None and breaks and max(breaks.values()) - min(breaks.values()) > instance.fairness:
        wrong.append("unfair")
    wrong += [
        f"{person.id} has too many breaks"
        for person in instance.people
        if person.max_breaks is not None and breaks[person.id] > person.max_breaks
    ]
    return wrong


def _over(instance: Any, first: str, second: str) -> bool:
    times = _times(instance)
    if times[first][2] is not None:
        return times[first][2] <= times[second][1]
    return times[first][0] < times[second][0]


def _too_near(instance: Any, first: Any, second: Any, is_online: bool) -> bool:
    if first.key == second.key:
        return True
    if first.starts_at is None:
        return False
    if first.starts_at > second.starts_at:
        first, second = second, first
    gap = (second.starts_at - first.ends_at).total_seconds() / 60
    way = instance.travel_min
    need = (
        0
        if is_online or first.place == second.place
        else way.get((first.place, second.place), way.get((second.place, first.place), 0))
    )
    return gap < need


def count_breaks(instance: Any, timetable: Any) -> dict[str, int]:
    """Breaks of each person: walk through the day slot by slot and count where an idle run ends in a meeting."""
    days = defaultdict(list)
    starts = {}
    for at, slot in enumerate(instance.slots):
        starts[slot.key] = slot.starts_at or at
        days[slot.day or (slot.starts_at.date() if slot.starts_at else "")].append(slot.starts_at or at)
    of = defaultdict(set)
    meetings = {meeting.id: meeting for meeting in instance.meetings}
    for one in timetable.placements:
        for name in meetings[one.meeting].people:
            of[name].add(starts[one.slot])
    counts = {}
    for person in instance.people:
        counts[person.id] = 0
        for moments in days.values():
            word = "".join("x" if moment in of[person.id] else "." for moment in sorted(set(moments)))
            counts[person.id] += sum(1 for part in word.strip(".").split("x") if part)
    return counts
