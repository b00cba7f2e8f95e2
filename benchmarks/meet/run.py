"""Meet: published instances and their variants, plain CP-SAT beside ours, large days, the live day.

``python -m benchmarks.meet.run``; ``QUICK=1`` takes six instances and one variant.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import Case
from duijie.meet import plan, replan
from duijie.meet.dzn import read_dzn
from duijie.meet.generate import generated_day
from duijie.meet.instance import Instance
from duijie.meet.replanning import away, close_table

from .plain import plain_cp_sat

FOLDER = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "b2bsp"
SECONDS = 60.0
# Optimum; published seconds of MaxSAT and of Chuffed (None: out of time at 7,200 s), JAIR 74 (2022).
PUBLISHED: dict[str, tuple[int, float, float | None]] = {
    "forumt-14": (5, 0.5, 5.6),
    "forumt-14crafd": (4, 0.4, 20.9),
    "tic-12": (0, 0.1, 0.8),
    "tic-13": (0, 0.4, 16.9),
    "tic-14crafa": (0, 1.0, 22.4),
    "tic-14crafd": (0, 0.8, 6.2),
    "forum-13": (0, 2.5, 2891.0),
    "forum-14": (2, 5.1, 874.0),
    "ticf-14crafa": (0, 7.6, 1715.0),
    "ticf-13crafb": (3, 22.3, 2292.0),
}
QUICK = tuple(PUBLISHED)[:6]


def main() -> None:
    """Run everything and write the rows."""
    names = QUICK if harness.IS_QUICK else tuple(PUBLISHED)
    cases: list[Case] = []
    if FOLDER.is_dir():
        cases += [row for name in names for row in published(name)]
        cases += variants(names)
    else:
        print(f"skipped: the published instances are not in {FOLDER}")
    cases += large(*((300, 1200) if harness.IS_QUICK else (780, 3020)))
    if not harness.IS_QUICK:
        cases += large(2000, 8000)
    cases += live_day(*((100, 400) if harness.IS_QUICK else (500, 2000)))
    for case in cases:
        print(case)
    print(harness.write("meet", cases))


def published(name: str) -> Iterator[Case]:
    """One published instance: seconds to the proof, plain CP-SAT in the same run, the published seconds."""
    optimum, maxsat, chuffed = PUBLISHED[name]
    instance = read_dzn(FOLDER / f"{name}.original.dzn", fairness=2)
    started = time.perf_counter()
    found = plan(instance, seconds=SECONDS)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    status, value, bound = plain_cp_sat(instance, SECONDS)
    peer = time.perf_counter() - started
    note = f"ours {found.status} {found.breaks}; plain {status} {value} ≥ {bound:.0f}; optimum {optimum}"
    is_proven = found.status == "optimal" and found.breaks == optimum
    yield beside(name, ours, peer, "plain CP-SAT", "<= 60 s", is_proven, note)
    yield beside(name, ours, maxsat, "MaxSAT as published (other machine)")
    if chuffed is not None:
        yield beside(name, ours, chuffed, "Chuffed as published (other machine)")
    first = found.first_seconds
    if first is not None:
        yield Case(f"{name}: first plan", "s", round(first, 3), bar="<= 1 s", holds=first <= 1)


def beside(
    name: str, ours: float, peer: float, peer_name: str, bar: str = "", holds: bool | None = None, note: str = ""
) -> Case:
    """Seconds to the proof beside a peer's."""
    ratio = round(ours / peer, 4)
    return Case(f"{name}: proof", "s", round(ours, 2), round(peer, 2), peer_name, ratio, bar, holds, note)


def variants(names: tuple[str, ...]) -> list[Case]:
    """How many of the instances and their variants are proven (optimal or infeasible) within the time."""
    total = proven = 0
    open_ones: list[str] = []
    worst = 0.0
    for name in names:
        for label, instance in varied(name):
            found = plan(instance, seconds=SECONDS)
            total += 1
            is_proven = found.status in ("optimal", "infeasible")
            proven += is_proven
            worst = max(worst, found.seconds)
            if not is_proven:
                open_ones.append(f"{name} {label}: {found.breaks} ≥ {found.bound / instance.weights.breaks:.0f}")
            print(f"{name} {label}: {found.status} {found.breaks} in {found.seconds:.1f} s", flush=True)
    share, note = proven / total, f"{proven} of {total}; open: {open_ones}"
    return [
        Case("variants proven", "share", round(share, 4), bar=">= 0.97", holds=share >= 0.97, note=note),
        Case("variants: slowest", "s", round(worst, 1)),
    ]


def varied(name: str) -> Iterator[tuple[str, Instance]]:
    """The instance under other bounds of fairness, with more absences, fixed meetings and precedences (seeded)."""
    path = FOLDER / f"{name}.original.dzn"
    for fairness in (2,) if harness.IS_QUICK else (0, 1, 3, None):
        yield f"d={fairness}", read_dzn(path, fairness=fairness)
    if harness.IS_QUICK:
        return
    base = read_dzn(path, fairness=2)
    # The variants are cut around a plan that exists, so that few of them are trivially impossible.
    held = plan(base, seconds=SECONDS, seed=1).slots
    chance = random.Random(name)
    yield "forbidden", forbidden(base, held, chance)
    fixed = set(chance.sample(sorted(held), len(held) // 20))
    yield (
        "fixed",
        replace(
            base,
            meetings=tuple(
                replace(one, slots=frozenset({held[one.id]})) if one.id in fixed else one for one in base.meetings
            ),
        ),
    )
    yield "precedences", ordered(base, held, chance)


def forbidden(base: Instance, held: dict[str, str] | Any, chance: random.Random) -> Instance:
    """Everybody is away in a tenth of the slots in which the known plan leaves them idle."""
    busy = {(person, held[one.id]) for one in base.meetings for person in one.people}
    away_in = {
        person.id: frozenset(
            slot.key for slot in base.slots if (person.id, slot.key) not in busy and chance.random() < 0.1
        )
        for person in base.people
    }
    return replace(
        base, people=tuple(replace(one, unavailable=one.unavailable | away_in[one.id]) for one in base.people)
    )


def ordered(base: Instance, held: dict[str, str] | Any, chance: random.Random) -> Instance:
    """A tenth of the meetings wait for another one of the same person, in the order of the known plan."""
    meetings = list(base.meetings)
    for at in chance.sample(range(len(meetings)), len(meetings) // 10):
        person = meetings[at].people[0]
        earlier = [
            one.id for one in meetings if person in one.people and int(held[one.id]) < int(held[meetings[at].id])
        ]
        if earlier:
            meetings[at] = replace(meetings[at], after=(chance.choice(earlier),))
    return replace(base, meetings=tuple(meetings))


def large(n_people: int, n_meetings: int) -> list[Case]:
    """A generated day: seconds to the first plan; breaks after 10 s beside those after 60 s."""
    instance = generated_day(n_people, n_meetings, seed=1)
    name = f"{n_people} people × {n_meetings} meetings"
    soon = plan(instance, seconds=10)
    late = plan(instance, seconds=20 if harness.IS_QUICK else 60)
    first = soon.first_seconds
    ratio = soon.breaks / max(1, late.breaks)
    return [
        Case(f"{name}: first plan", "s", first, bar="<= 2 s", holds=first is not None and first <= 2),
        Case(
            f"{name}: breaks after 10 s",
            "breaks",
            soon.breaks,
            late.breaks,
            "ours at the end",
            round(ratio, 3),
            "<= 1.5",
            ratio <= 1.5,
            f"bound {late.bound / instance.weights.breaks:.0f}; {soon.seconds:.1f} s",
        ),
    ]


def live_day(n_people: int, n_meetings: int) -> list[Case]:
    """Seconds of a re-plan, and how many meetings moved beside how many had to."""
    instance = generated_day(n_people, n_meetings, seed=1)
    held = plan(instance, seconds=10)
    keys = [slot.key for slot in instance.slots]
    events = {
        "late train": away(instance, held.instance.meetings[0].people[0], keys[:8]),
        "no-show": away(instance, held.instance.meetings[1].people[0], keys),
        "table lost": close_table(instance, "1", keys),
    }
    rows = []
    for name, now in events.items():
        found = replan(held, now, now=keys[3])
        used = found.timetable.seconds
        told = f"{len(found.people)} people told, proven {found.is_fewest}"
        note = f"{found.n_moved} moved, {found.n_forced} had to, {told}"
        rows.append(
            Case(f"re-plan {n_people} people: {name}", "s", round(used, 2), bar="<= 2 s", holds=used <= 2, note=note)
        )
    return rows


if __name__ == "__main__":
    main()
