"""Why a meeting found no place, said in reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from duijie.terms import Reason

from .domain import Domain, domain_of, is_present
from .instance import Instance
from .timetable import Unplaced

__all__ = ["unplaced_reasons"]


def unplaced_reasons(instance: Instance, slots: Mapping[int, int]) -> tuple[Unplaced, ...]:
    """Each meeting that is not in the plan, with what stands in its way in the slots that it could take.

    Parameters
    ----------
    slots
        Slot number of each placed meeting number.
    """
    domain = domain_of(instance)
    busy = {(p, domain.rank[s]) for m, s in slots.items() for p in domain.attendees[m]}
    return tuple(
        Unplaced(meeting.id, _reasons(instance, domain, slots, busy, m))
        for m, meeting in enumerate(instance.meetings)
        if m not in slots
    )


def _reasons(
    instance: Instance, domain: Domain, slots: Mapping[int, int], busy: set[tuple[int, int]], m: int
) -> tuple[Reason, ...]:
    if not domain.slots[m]:
        return no_slot(instance, m)
    in_the_way: Counter[str] = Counter()
    n_full = n_other = 0
    for s in domain.slots[m]:
        taken = [p for p in domain.attendees[m] if (p, domain.rank[s]) in busy]
        in_the_way.update(instance.people[p].name or instance.people[p].id for p in taken)
        is_full = not taken and _is_full(domain, slots, m, s)
        n_full += is_full
        n_other += not taken and not is_full
    n_slots = len(domain.slots[m])
    found = [
        Reason("meet_person_busy", {"person": name, "n_slots": n, "n_possible": n_slots}, is_for=False)
        for name, n in in_the_way.most_common()
    ]
    if n_full:
        found.append(Reason("meet_nothing_free", {"n_slots": n_full, "n_possible": n_slots}, is_for=False))
    if n_other:
        found.append(Reason("meet_rule_forbids", {"n_slots": n_other, "n_possible": n_slots}, is_for=False))
    return tuple(found)


def _is_full(domain: Domain, slots: Mapping[int, int], m: int, s: int) -> bool:
    held = {other for other, slot in slots.items() if slot == s}
    return any(
        pool.free(members, s) <= sum(other in held for other in meetings)
        for pool in domain.pools
        for members, meetings in pool.unions
        if m in meetings
    )


def no_slot(instance: Instance, m: int) -> tuple[Reason, ...]:
    """Why a meeting has no slot at all, before any other meeting is looked at."""
    meeting, domain = instance.meetings[m], domain_of(instance)
    people = [instance.people[p] for p in domain.attendees[m]]
    open_slots = [slot for slot in instance.slots if meeting.slots is None or slot.key in meeting.slots]
    if not open_slots:
        return (Reason("meet_no_slots", {}, is_for=False),)
    for person in people:
        if not any(is_present(person, slot, is_online=meeting.is_online) for slot in open_slots):
            return (Reason("meet_person_away", {"person": person.name or person.id}, is_for=False),)
    for pool in domain.pools:
        if any(at == m and not options for at, options in pool.needs):
            return (Reason(f"meet_no_{pool.kind}", {}, is_for=False),)
    named = [person.name or person.id for person in people]
    return (Reason("meet_no_common_slot", {"people": named}, is_for=False),)
