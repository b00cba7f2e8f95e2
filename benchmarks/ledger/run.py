"""Ledger: appends in bulk and one by one, rebuild and verification, at about 10,000 and 100,000 entries.

``python -m benchmarks.ledger.run``; every figure comes from a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import Case

ROOT = Path(__file__).parents[2]
# Seven entries a case, about.
SIZES = {1_000: 130} if harness.IS_QUICK else {10_000: 1_370, 100_000: 14_200}
BARS = {1_000: None, 10_000: 1.0, 100_000: 10.0}


def main() -> None:
    cases = [case for size, n_cases in SIZES.items() for case in _rows(size, n_cases)]
    print(harness.write("ledger", cases))
    for case in cases:
        print(f"{case.case}: {case.ours} {case.unit} {case.bar} {case.holds}")


def _rows(size: int, n_cases: int) -> Iterator[Case]:
    with tempfile.TemporaryDirectory(prefix="duijie-ledger-") as home:
        loaded = _one(home, "load", n_cases)
        n, runs = loaded["n"], harness.RUNS
        each = 1000 * loaded["cpu"] / n
        peer = _median(home, "bare", runs)
        yield Case(
            f"{size:,} entries put on record in one transaction", "CPU ms an entry", round(each, 3),
            round(1000 * peer["cpu"] / n, 4), "the same bytes in a plain table", round(loaded["cpu"] / peer["cpu"], 1),
            "<= 1", each <= 1, f"{n:,} entries with what is folded from them, measured once",
        )  # fmt: skip
        bar = BARS[size]
        folded = _median(home, "rebuild", runs)["cpu"]
        yield Case(
            f"{size:,} entries folded anew", "CPU s", round(folded, 2), bar="" if bar is None else f"<= {bar:g}",
            holds=None if bar is None else folded <= bar, note=f"{n:,} entries",
        )  # fmt: skip
        seen = _median(home, "verify", runs)
        assert seen["holds"]
        yield Case(
            f"{size:,} entries verified, every row compared", "CPU s", round(seen["cpu"], 2), note=f"{n:,} entries"
        )
        wrote = _one(home, "writers", 20)
        yield Case(
            f"one append on record, 16 writers without a pause, {size:,} entries", "ms, 95 % within",
            round(1000 * wrote["p95"], 1), bar="<= 50", holds=wrote["p95"] <= 0.05,
            note=f"median {1000 * wrote['median']:.1f} ms, wall time, SQLite with a sync each",
        )  # fmt: skip


def _median(home: str, work: str, runs: int) -> dict[str, Any]:
    """The run whose CPU seconds are in the middle."""
    found = sorted((_one(home, work, 0) for _ in range(runs)), key=lambda one: one["cpu"])
    middle = statistics.median_low([one["cpu"] for one in found])
    return next(one for one in found if one["cpu"] == middle)


def _one(home: str, work: str, n: int) -> dict[str, Any]:
    node = {"DUIJIE_HOME": home, "DUIJIE_DATABASE_URL": "", "DUIJIE_SECRET_KEY": "bench"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger.world", work, str(n)],
        env=os.environ | node, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
