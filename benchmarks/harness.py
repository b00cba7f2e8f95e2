"""Honest timings: ours and the peer in turn, CPU and wall seconds, the median of five, the machine named."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PEER_PYTHON = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
IS_QUICK = os.environ.get("QUICK") == "1"
RUNS = 1 if IS_QUICK else 5


@dataclass(frozen=True)
class Case:
    """One row of a result: ours beside the peer (or beside a bar with no peer), and whether the bar holds.

    `ratio` is ours ÷ peer for costs (lower is better) or as `bar` says; `bar` is text such as ``<= 0.25``.
    """

    case: str
    unit: str
    ours: float | None
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    bar: str = ""
    holds: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Timing:
    """Seconds of one run."""

    cpu: float
    wall: float


def timed(work: Callable[[], Any]) -> Timing:
    """CPU (all threads, children too) and wall seconds of one call."""
    before, start = _cpu(), time.perf_counter()
    work()
    return Timing(_cpu() - before, time.perf_counter() - start)


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def interleaved(works: Sequence[Callable[[], Any]], runs: int = RUNS) -> list[Timing]:
    """The median timing of each work, run in turn A B A B …, after one warm-up each."""
    for work in works:
        work()
    rounds = [[timed(work) for work in works] for _ in range(runs)]
    return [
        Timing(statistics.median(r[at].cpu for r in rounds), statistics.median(r[at].wall for r in rounds))
        for at in range(len(works))
    ]


def peer(script: Path, *arguments: str, timeout: float = 3600) -> dict[str, Any] | None:
    """The JSON a peer script prints under the peers' own interpreter; None where that is not installed."""
    if not PEER_PYTHON.exists():
        return None
    done = subprocess.run(
        [str(PEER_PYTHON), str(script), *arguments], capture_output=True, text=True, timeout=timeout, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def machine() -> str:
    """The processor and how many cores of it."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    return f"{model}, {os.cpu_count()} cores"


def write(word: str, cases: Sequence[Case], *, is_part: bool = False) -> Path:
    """Write the rows of a wing to ``results/<word>.json`` (``<word>-quick.json`` for a quick run).

    A part takes the place of the rows of the same cases; the others stay as they were measured.
    """
    path = RESULTS / f"{word}{'-quick' if IS_QUICK else ''}.json"
    stamp = {"machine": machine(), "date": date.today().isoformat()}
    rows = [asdict(case) | stamp for case in cases]
    if is_part and path.exists():
        old, names = json.loads(path.read_text(encoding="utf-8")), {case.case for case in cases}
        place = next((at for at, row in enumerate(old) if row["case"] in names), len(old))
        rest = [row for row in old if row["case"] not in names]
        rows = [*rest[:place], *rows, *rest[place:]]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
