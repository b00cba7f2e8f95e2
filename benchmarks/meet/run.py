"""Meet: published instances and their variants, plain CP-SAT beside ours, large days, the live day.

``python -m benchmarks.meet.run``; ``QUICK=1`` takes a few small ones. A full run may be stopped and goes on where it
was: every finished piece is a line in ``results/meet-rows.jsonl`` (delete the file to start afresh), and with
``MINUTES=n`` it stops by itself at the end of a piece; ``ONLY=ours/`` does the pieces whose key begins so. The result
is written when all pieces are there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tests.meet.checker import count_breaks, violations

from benchmarks import harness
from benchmarks.harness import Case
from duijie.meet import plan, replan
from duijie.meet.generate import generated_day
from duijie.meet.replanning import away, close_table

from .plain import plain_cp_sat
from .variants import FAIRNESS, FOLDER, KINDS, NAMES, varied

ROWS = harness.RESULTS / "meet-rows.jsonl"
SECONDS = 60.0
# Optimum; published seconds of MaxSAT and of Chuffed (None: out of time at 7,200 s), JAIR 74 (2022), fairness 2.
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
SIZES = ((78, 302), (195, 755), (390, 1510), (780, 3020), (2000, 8000))
LIVE = ("late train", "no-show", "table lost")
Row = dict[str, Any]


def main() -> None:
    """Do what is left to do; write the result once nothing is."""
    rows = {} if harness.IS_QUICK or not ROWS.exists() else _kept()
    end = time.monotonic() + 60 * float(os.environ.get("MINUTES", "inf"))
    pieces = dict(_pieces())
    for at, (key, work) in enumerate(pieces.items(), start=1):
        if key in rows or not key.startswith(os.environ.get("ONLY", "")):
            continue
        if time.monotonic() > end:
            print(f"stopped: {len(pieces) - len(rows)} of {len(pieces)} pieces left")
            return
        load = os.getloadavg()[0]
        rows[key] = {"key": key} | work() | {"load": round(load, 1), "cores": len(os.sched_getaffinity(0))}
        print(f"{at}/{len(pieces)} {json.dumps(rows[key], ensure_ascii=False)}", flush=True)
        if not harness.IS_QUICK:
            with ROWS.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(rows[key], ensure_ascii=False) + "\n")
    if len(rows) < len(pieces):
        print(f"{len(pieces) - len(rows)} of {len(pieces)} pieces left")
        return
    cases = list(_cases({key: rows[key] for key in pieces}))
    for case in cases:
        print(case)
    print(harness.write("meet", cases))


def _kept() -> dict[str, Row]:
    rows = (json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines())
    return {row["key"]: row for row in rows}


def _pieces() -> Iterator[tuple[str, Callable[[], Row]]]:
    """Every piece of work by its lasting key, the quick ones first."""
    quick = harness.IS_QUICK
    if FOLDER.is_dir():
        for name in NAMES[:4] if quick else NAMES:
            yield f"plain/{name}", partial(plain, name)
            for kind in KINDS[:2] if quick else KINDS:
                for fairness in FAIRNESS[2:3] if quick else FAIRNESS:
                    yield f"ours/{name}/{kind}/{fairness}", partial(ours, name, kind, fairness)
    else:
        print(f"skipped: the published instances are not in {FOLDER}")
    for n_people, n_meetings in SIZES[:2] if quick else SIZES:
        yield f"large/{n_people}/{n_meetings}", partial(large, n_people, n_meetings)
    for event in LIVE:
        yield f"live/{event}", partial(live, event, *((100, 400) if quick else (500, 2000)))


def ours(name: str, kind: str, fairness: int) -> Row:
    """One published instance or variant: what is proven, when, and whether other code finds the plan valid."""
    instance = varied(name, kind, fairness)
    started = time.perf_counter()
    found = plan(instance, seconds=SECONDS)
    row: Row = {"status": found.status, "seconds": round(found.seconds, 2), "first_seconds": found.first_seconds}
    row["wall_seconds"] = round(time.perf_counter() - started, 2)
    if found.status in ("optimal", "feasible"):
        row["breaks"], row["bound"] = found.breaks, found.bound / instance.weights.breaks
        counted = sum(count_breaks(instance, found).values())
        row["is_valid"] = not violations(instance, found, must_place_all=True) and counted == found.breaks
    elif found.status == "infeasible":
        row["clash"] = [(reason.code, reason.values.get("n")) for reason in found.clash]
    return row


def plain(name: str) -> Row:
    """A published instance (fairness 2) by the textbook model and the solver's default strategies."""
    started = time.perf_counter()
    status, value, bound = plain_cp_sat(varied(name, "original", 2), SECONDS)
    return {"status": status, "breaks": value, "bound": bound, "seconds": round(time.perf_counter() - started, 2)}


def large(n_people: int, n_meetings: int) -> Row:
    """A generated day: seconds to make it and to the first plan, breaks after 10 s and after 60 s."""
    started = time.perf_counter()
    instance = generated_day(n_people, n_meetings, seed=1)
    made = time.perf_counter() - started
    soon, late = plan(instance, seconds=10), plan(instance, seconds=20 if harness.IS_QUICK else SECONDS)
    return {
        "generated_seconds": round(made, 2),
        "first_seconds": soon.first_seconds,
        "breaks": soon.breaks,
        "seconds": round(soon.seconds, 2),
        "late_breaks": late.breaks,
        "late_bound": late.bound / instance.weights.breaks,
        "late_status": late.status,
    }


def live(event: str, n_people: int, n_meetings: int) -> Row:
    """Seconds of a re-plan, and how many meetings moved beside how many had to."""
    instance = generated_day(n_people, n_meetings, seed=1)
    held = plan(instance, seconds=10)
    keys = [slot.key for slot in instance.slots]
    day = {
        "late train": away(instance, instance.meetings[0].people[0], keys[:8]),
        "no-show": away(instance, instance.meetings[1].people[0], keys),
        "table lost": close_table(instance, "1", keys),
    }[event]
    before, started = time.process_time(), time.perf_counter()
    found = replan(held, day, now=keys[3])
    return {
        "n_people": n_people,
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - before, 2),
        "n_moved": found.n_moved,
        "n_forced": found.n_forced,
        "n_told": len(found.people),
        "is_fewest": found.is_fewest,
    }


def _cases(rows: Mapping[str, Row]) -> Iterator[Case]:
    by_kind: dict[str, dict[str, Row]] = {}
    for key, row in rows.items():
        kind, _, rest = key.partition("/")
        by_kind.setdefault(kind, {})[rest] = row
    if "ours" in by_kind:
        yield from _proofs(by_kind["ours"], by_kind["plain"])
        yield from _family(by_kind["ours"])
    for name, row in by_kind["large"].items():
        yield from _growth(f"{name.replace('/', ' people × ')} meetings", row)
    for event, row in by_kind["live"].items():
        note = (
            f"{row['n_moved']} moved, {row['n_forced']} had to, {row['n_told']} people told, "
            f"proven {row['is_fewest']}; {row['cpu_seconds']} CPU s; load {row['load']}"
        )
        used = row["seconds"]
        yield Case(f"re-plan {row['n_people']} people: {event}", "s", used, bar="<= 2 s", holds=used <= 2, note=note)


def _proofs(ours: Mapping[str, Row], plain: Mapping[str, Row]) -> Iterator[Case]:
    """Each published instance: seconds to the proof beside plain CP-SAT in the same run and beside the papers'."""
    for name, peer in plain.items():
        row, (optimum, maxsat, chuffed) = ours[f"{name}/original/2"], PUBLISHED[name]
        holds = row["status"] == "optimal" and row["breaks"] == optimum and row["is_valid"]
        stated = f"plain {peer['status']} {peer['breaks']} ≥ {peer['bound']:.0f}; load {row['load']}"
        note = f"ours {row['status']} {row.get('breaks')}; optimum {optimum}; {stated}"
        for peer_name, seconds in (
            ("plain CP-SAT", peer["seconds"]),
            ("MaxSAT as published (other machine)", maxsat),
            ("Chuffed as published (other machine)", chuffed),
        ):
            if seconds is not None:
                ratio = round(row["seconds"] / seconds, 4)
                yield Case(
                    f"{name}: proof", "s", row["seconds"], seconds, peer_name, ratio, "<= 60 s", holds, note=note
                )


def _family(rows: Mapping[str, Row]) -> Iterator[Case]:
    """All instances and variants together."""
    decided = {key: row for key, row in rows.items() if row["status"] in ("optimal", "infeasible")}
    proven = [key for key, row in decided.items() if row["seconds"] <= SECONDS]
    wrong = [key for key, row in rows.items() if row.get("is_valid") is False]
    n_none = sum(row["status"] == "infeasible" for row in rows.values())
    still = [f"{key}: {row.get('breaks')} ≥ {row.get('bound')}" for key, row in rows.items() if key not in decided]
    share = len(proven) / len(rows)
    note = f"{len(proven)} of {len(rows)}, {n_none} of them have no plan; open: {still}; not valid: {wrong}"
    yield Case("family: proven within 60 s", "share", round(share, 4), bar=">= 0.97", holds=share >= 0.97, note=note)
    times = sorted(row["seconds"] for row in decided.values())
    for name, at in (("median", len(times) // 2), ("95 %", int(0.95 * len(times))), ("slowest", len(times) - 1)):
        yield Case(f"family: seconds to the proof, {name}", "s", times[at])
    first = sorted(row["first_seconds"] for row in rows.values() if row["first_seconds"] is not None)
    late = [key for key, row in rows.items() if (row["first_seconds"] or 0) > 1]
    note = f"over 1 s: {late}" if late else ""
    yield Case("family: first plan, median", "s", round(first[len(first) // 2], 3))
    yield Case("family: first plan, slowest", "s", round(first[-1], 3), bar="<= 1 s", holds=first[-1] <= 1, note=note)


def _growth(name: str, row: Row) -> Iterator[Case]:
    first, ratio = row["first_seconds"], row["breaks"] / max(1, row["late_breaks"])
    bound = f"{row['late_status']}, bound {row['late_bound']:.0f}; stopped at {row['seconds']} s; load {row['load']}"
    yield Case(f"{name}: generated", "s", row["generated_seconds"])
    yield Case(f"{name}: first plan", "s", first, bar="<= 2 s", holds=first is not None and first <= 2)
    yield Case(
        f"{name}: breaks after 10 s",
        "breaks",
        row["breaks"],
        row["late_breaks"],
        "ours at the end",
        round(ratio, 3),
        "<= 1.5",
        ratio <= 1.5,
        bound,
    )


if __name__ == "__main__":
    main()
