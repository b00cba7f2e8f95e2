"""A slice of all offers × all needs within a bound on memory: prints what it took as JSON.

``python -m benchmarks.match.slice OFFERS``: two numbers of needs, so that a line through both gives what a need costs
and what is spent once.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time

from benchmarks.match.workloads import generated
from duijie.match import parts
from duijie.match.text import TextSpace

MEMORY_MB = 1_400


def main(size: int) -> None:
    """Search all offers for few and for more needs; the answer of the few must be the same in both."""
    offers = [text for at in range(0, size, 50_000) for text in generated(min(50_000, size - at), 100 + at)]
    space = TextSpace.learn(offers, analysis="long_grams")
    parts.search_texts(space, generated(64, 9), offers[:2_000], n_threads=2)
    needs = generated(min(20_000, size), 2)
    few, more = needs[: len(needs) // 10], needs
    figures, found = [], []
    for asked in (few, more):
        cpu, wall = time.process_time(), time.perf_counter()
        found.append(parts.search_texts(space, asked, offers, memory_mb=MEMORY_MB, n_threads=2))
        figures.append((time.process_time() - cpu, time.perf_counter() - wall))
    assert (found[0].offers == found[1].offers[: len(few)]).all()
    need_cpu, need_wall = ((figures[1][at] - figures[0][at]) / (len(more) - len(few)) for at in (0, 1))
    answer = {
        "n_few": len(few), "n_more": len(more), "few_wall_s": figures[0][1], "more_wall_s": figures[1][1],
        "need_cpu_ms": need_cpu * 1000, "need_wall_ms": need_wall * 1000,
        "fixed_wall_s": figures[0][1] - len(few) * need_wall,
        "n_parts": math.ceil(size / parts._part_size(space, offers, MEMORY_MB)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    print(json.dumps(answer))


if __name__ == "__main__":
    main(int(sys.argv[1]))
