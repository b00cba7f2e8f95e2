"""Speed and quality of match, peers beside us: ``make bench WING=match`` (``QUICK=1`` for a small run).

Each row can be run alone, ``python -m benchmarks.match.run --only NAME``, and is kept as soon as it is there; what a
run that was stopped has not done yet follows with ``--missing``.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks import harness
from benchmarks.match import kinds
from benchmarks.match.workloads import SHARED, generated, registry_scopes
from duijie.match import quality
from duijie.match.assignment import Candidates, assign_auction
from duijie.match.index import TextIndex
from duijie.match.text import TextSpace, shared_words
from duijie.match.topk import Postings, TopK, top_k

QUICK = harness.IS_QUICK
N_OFFERS = 10_000 if QUICK else 100_000
N_NEEDS = 500 if QUICK else 4_000
PEER = Path(__file__).parent / "peers.py"


def _parts() -> dict[str, Callable[[], Iterator[harness.Case]]]:
    """The rows by name, in the order of the page; each can be run alone."""
    sizes = (2_000, 20_000) if QUICK else (10_000, 100_000, 1_000_000)
    return {
        "exact-a": lambda: _retrieval("a", generated(N_OFFERS, 1), generated(N_NEEDS, 2)),
        "exact-b": registry_cases,
        "blocks": block_cases,
        **{f"growth-{size}": lambda size=size: growth_cases(size) for size in sizes},  # type: ignore[misc]
        "slice": slice_cases,
        "latency": latency_cases,
        "index": index_cases,
        "kind": kinds.speed_cases,
        "new-need": kinds.new_need_cases,
        "change": kinds.change_cases,
        **{f"assignment-{at}": lambda at=at: assignment_cases(at) for at in (1, 3, 5)},  # type: ignore[misc]
        "quality": quality_cases,
        "terms": term_cases,
    }


def main(only: Sequence[str] = (), *, is_missing_only: bool = False) -> None:
    """Run the named rows, or all; each is written to ``results/match.json`` as soon as it is there."""
    there = {row.get("part") for row in _rows()}
    for name, work in _parts().items():
        if (only and name not in only) or (is_missing_only and name in there):
            continue
        _say(f"{name}, load {os.getloadavg()[0]:.1f}")
        _write(name, list(work()))


def _path() -> Path:
    return harness.RESULTS / f"match{'-quick' if QUICK else ''}.json"


def _rows() -> list[dict[str, Any]]:
    return json.loads(_path().read_text(encoding="utf-8")) if _path().exists() else []


def _write(part: str, cases: Sequence[harness.Case]) -> None:
    """Replace the rows of one part, and leave the others as they are."""
    stamp = {"machine": harness.machine(), "date": date.today().isoformat(), "part": part}
    load = f"load {os.getloadavg()[0]:.1f}"
    fresh = [asdict(case) | stamp | {"note": "; ".join(filter(None, (case.note, load)))} for case in cases]
    order = list(_parts())
    rows = [row for row in _rows() if row.get("part") in order and row["part"] != part] + fresh
    rows.sort(key=lambda row: order.index(row["part"]))
    _path().write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for case in cases:
        _say(f"  {case.case}: {case.ours} {case.unit}, peer {case.peer}, ratio {case.ratio}, {case.bar} {case.holds}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def registry_cases() -> Iterator[harness.Case]:
    """Workload (b): registry scopes, equal texts collapsed."""
    scopes = registry_scopes(N_OFFERS + N_NEEDS)
    if scopes:
        yield from _retrieval("b", scopes[:-N_NEEDS], scopes[-N_NEEDS:])
    else:
        _say("registry scopes skipped: DUIJIE_SHARED has no enterprise_registry")


def _retrieval(name: str, offers: Sequence[str], needs: Sequence[str]) -> Iterator[harness.Case]:
    space = TextSpace.learn(offers, analysis="long_grams")
    rows, queries = space.vectors(offers), space.vectors(needs)
    n_terms = rows.nnz / rows.shape[0]
    is_given = name == "a"
    yield harness.Case(
        f"({name}) {rows.shape[0]} offers, {rows.shape[1]} terms",
        "non-zeros a row",
        round(n_terms, 1),
        bar="172 ± 2" if is_given else "",
        holds=abs(n_terms - 172) <= 2 if is_given else None,
    )
    with tempfile.TemporaryDirectory() as folder:
        sparse.save_npz(Path(folder) / "needs.npz", queries, compressed=False)
        sparse.save_npz(Path(folder) / "offers.npz", rows, compressed=False)
        yield from _against_peer(name, Postings.of(rows), queries, Path(folder))


def _against_peer(name: str, index: Postings, queries: sparse.csr_matrix, folder: Path) -> Iterator[harness.Case]:
    """Unpruned, pruned and the peer in turn."""
    seconds: dict[bool | None, list[tuple[float, float]]] = {False: [], True: [], None: []}
    found: dict[bool, TopK] = {}
    for is_pruned in (False, True):
        top_k(queries[:64], index, 10, is_pruned=is_pruned, n_threads=2)
    for _ in range(harness.RUNS):
        for is_pruned in (False, True):
            cpu, wall = time.process_time(), time.perf_counter()
            found[is_pruned] = top_k(queries, index, 10, is_pruned=is_pruned, n_threads=2)
            seconds[is_pruned].append((time.process_time() - cpu, time.perf_counter() - wall))
        done = harness.peer(PEER, "topk", str(folder), "2", "1")
        seconds[None].extend(done["seconds"] if done else [])
    for is_pruned, bar in ((False, 2.0), (True, 4.0 if name == "b" else 2.0)):
        label = f"({name}) {'pruned' if is_pruned else 'unpruned'}"
        for at, clock in enumerate(("CPU", "wall")):
            mine = queries.shape[0] / statistics.median(one[at] for one in seconds[is_pruned])
            theirs = [one[at] for one in seconds[None]]
            peer = queries.shape[0] / statistics.median(theirs) if theirs else None
            ratio = mine / peer if peer else None
            rounds = [one[at] / own[at] for one, own in zip(seconds[None], seconds[is_pruned], strict=False)]
            spread = f"; ratio a round {min(rounds):.2f}–{max(rounds):.2f}" if rounds else ""
            yield harness.Case(
                f"exact top-10 {label}, {index.n_offers} offers", f"needs per {clock} s, 2 threads", round(mine, 1),
                peer and round(peer, 1), "sparse_dot_topn 1.2.0", ratio and round(ratio, 2), f">= {bar:g}",
                bool(ratio >= bar) if ratio else None, f"{index.n_bytes / 1e6:.0f} MB index{spread}",
            )  # fmt: skip
        if seconds[None]:
            worst = _worst_difference(found[is_pruned].scores, sparse.load_npz(folder / "peer.npz"))
            yield harness.Case(f"scores {label}", "largest difference", worst, bar="<= 1e-5", holds=worst <= 1e-5)
    same = bool((found[True].offers == found[False].offers).all() and (found[True].scores == found[False].scores).all())
    yield harness.Case(f"({name}) pruned = unpruned, offers and scores", "same to the bit", float(same), holds=same)


def block_cases() -> Iterator[harness.Case]:
    """A hard rule first: offers and needs fall into ten blocks, and each block is searched alone, by both."""
    scopes = registry_scopes(N_OFFERS + N_NEEDS) or generated(N_OFFERS + N_NEEDS, 1)
    space = TextSpace.learn(scopes[:-N_NEEDS], analysis="long_grams")
    rows, queries = space.vectors(scopes[:-N_NEEDS]), space.vectors(scopes[-N_NEEDS:])
    draw = np.random.default_rng(2)
    ours, theirs = draw.integers(0, 10, rows.shape[0]), draw.integers(0, 10, queries.shape[0])
    seconds: list[tuple[float, float, float, float]] = []
    blocks = [(Postings.of(rows[ours == at]), rows[ours == at], queries[theirs == at]) for at in range(10)]
    top_k(blocks[0][2][:64], blocks[0][0], 10, n_threads=2)
    for _ in range(harness.RUNS):
        cpu, wall = time.process_time(), time.perf_counter()
        for index, _rows_of, asked in blocks:
            top_k(asked, index, 10, n_threads=2)
        mine = (time.process_time() - cpu, time.perf_counter() - wall)
        seconds.append((*mine, *_peer_blocks(blocks)))
    for at, clock in enumerate(("CPU", "wall")):
        mine_s, peer_s = (statistics.median(one[at + side] for one in seconds) for side in (0, 2))
        ratio = peer_s / mine_s
        yield harness.Case(
            f"exact top-10 within 10 blocks of a hard rule, {rows.shape[0]} offers", f"needs per {clock} s, 2 threads",
            round(queries.shape[0] / mine_s, 1), round(queries.shape[0] / peer_s, 1) if peer_s else None,
            "sparse_dot_topn 1.2.0, block by block", round(ratio, 2) if peer_s else None,
        )  # fmt: skip


def _peer_blocks(blocks: Sequence[tuple[Postings, sparse.csr_matrix, sparse.csr_matrix]]) -> tuple[float, float]:
    total = np.zeros(2)
    for _, rows, asked in blocks:
        with tempfile.TemporaryDirectory() as folder:
            sparse.save_npz(Path(folder) / "needs.npz", asked, compressed=False)
            sparse.save_npz(Path(folder) / "offers.npz", rows, compressed=False)
            done = harness.peer(PEER, "topk", folder, "2", "1")
            total += done["seconds"][0] if done else (0.0, 0.0)
    return float(total[0]), float(total[1])


def _worst_difference(scores: np.ndarray, peer: sparse.csr_matrix) -> float:
    theirs = np.zeros_like(scores)
    for row in range(peer.shape[0]):
        values = np.sort(peer.data[peer.indptr[row] : peer.indptr[row + 1]])[::-1][: scores.shape[1]]
        theirs[row, : len(values)] = values
    return float(np.abs(scores - theirs).max())


def _offers(size: int) -> list[str]:
    return [text for at in range(0, size, 50_000) for text in generated(min(50_000, size - at), 100 + at)]


def growth_cases(size: int) -> Iterator[harness.Case]:
    """Time a need as the offers grow; ten times the offers must cost at most twelve times as much."""
    offers = _offers(size)
    space = TextSpace.learn(offers[:100_000], analysis="long_grams")
    parts = [space.vectors(offers[at : at + 50_000]) for at in range(0, size, 50_000)]
    index = Postings.of(sparse.vstack(parts, format="csr"))
    needs = space.vectors(generated(2_000, 2))
    del parts
    top_k(needs[:64], index, 10, n_threads=2)
    rounds = []
    for _ in range(harness.RUNS):
        cpu = time.process_time()
        top_k(needs, index, 10, n_threads=2)
        rounds.append((time.process_time() - cpu) / needs.shape[0] * 1000)
    spent = statistics.median(rounds)
    before = next((row["ours"] for row in _rows() if row["part"] == f"growth-{size // 10}"), None)
    ratio = spent / before if before else None
    yield harness.Case(
        f"(a) pruned, {size} offers", "CPU ms a need", round(spent, 4), ratio=ratio and round(ratio, 2),
        bar="<= 12 × the size before" if ratio else "", holds=ratio <= 12 if ratio else None,
        note=f"{index.n_bytes / 1e6:.0f} MB index; rounds {min(rounds):.3f}–{max(rounds):.3f}",
    )  # fmt: skip


def slice_cases() -> Iterator[harness.Case]:
    """All offers within 3 GB, a slice of the needs; what the whole would take follows from a line through two slices.

    Vectors, indexes and merging are in the figures. A process of its own, so that its memory is its own.
    """
    size = 20_000 if QUICK else 1_000_000
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.match.slice", str(size)], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    hours = (seen["fixed_wall_s"] + seen["need_wall_ms"] / 1000 * size) / 3600
    note = (
        f"{seen['n_few']} needs {seen['few_wall_s']:.0f} s, {seen['n_more']} needs {seen['more_wall_s']:.0f} s; "
        f"{seen['fixed_wall_s']:.0f} s once + {seen['need_wall_ms']:.3f} ms a need ({seen['need_cpu_ms']:.3f} CPU ms); "
        f"{seen['n_parts']} parts"
    )
    yield harness.Case(
        f"(a) {size} × {size} by the model from two slices", "wall h, 2 threads", round(hours, 2), bar="<= 2",
        holds=hours <= 2, note=note,
    )  # fmt: skip
    most = seen["peak_mb"]
    yield harness.Case(
        f"(a) {size} × {size}, all memory of the process", "MB at the height", round(most), bar="<= 3000",
        holds=most <= 3000, note="texts of all offers and of the slice's needs, and the answer, included",
    )  # fmt: skip


def latency_cases() -> Iterator[harness.Case]:
    """One new need against many offers, with the words it met, after load."""
    size = 20_000 if QUICK else 1_000_000
    texts = _offers(size)
    index = TextIndex.build([f"{at:08}" for at in range(size)], texts)
    yield _latency(f"one new need, {size} offers, with shared words", index, texts)


def _latency(label: str, index: TextIndex, texts: Sequence[str]) -> harness.Case:
    spent = []
    for text in generated(45, 5):
        start = time.perf_counter()
        found = index.search([text], 10)
        _ = [shared_words(text, texts[int(one)]) for one in found.ids[0]]
        spent.append((time.perf_counter() - start) * 1000)
    median, most = statistics.median(spent[5:]), max(spent[5:])
    note = f"of 40 needs, slowest {most:.1f} ms"
    return harness.Case(label, "wall ms", round(median, 2), bar="<= 50", holds=median <= 50, note=note)


def index_cases() -> Iterator[harness.Case]:
    """A saved index: opened memory-mapped, updated without building anew."""
    size = 20_000 if QUICK else 1_000_000
    texts, draw = _offers(size), [f"{at:08}" for at in range(size)]
    start = time.perf_counter()
    index = TextIndex.build(draw, texts)
    yield harness.Case(f"index of {size} texts built", "wall s", round(time.perf_counter() - start, 1))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        index.save(Path(folder) / "index")
        yield harness.Case(f"index of {size} texts saved", "wall s", round(time.perf_counter() - start, 1))
        start = time.perf_counter()
        opened = TextIndex.open(Path(folder) / "index")
        yield harness.Case("saved index opened", "wall s", round(time.perf_counter() - start, 3))
        yield _latency(f"one new need, saved index of {size} texts, memory-mapped", opened, texts)
        more = generated(1_000, 77)
        start = time.perf_counter()
        newer = opened.update([f"{size + at:08}" for at in range(1_000)], more, remove=draw[:10])
        spent = time.perf_counter() - start
        bar = size / 1e6 * 60
        yield harness.Case(
            f"1,000 texts added to {size}, 10 removed", "wall s", round(spent, 2), bar=f"<= {bar:g}", holds=spent <= bar
        )
        yield _latency("one new need after the update", newer, [*texts, *more])


def assignment_cases(capacity: int) -> Iterator[harness.Case]:
    """The auction against OR-tools' flow: its solving alone, and with the network built.

    Capacity 5 has a fifth as many offers, so that places are as scarce as with capacity 1.
    """
    n, draw = (5_000 if QUICK else 100_000), np.random.default_rng(0)
    n_offers = n // 5 if capacity == 5 else n
    rows = [np.unique(row)[:10] for row in draw.integers(0, n_offers, (n, 12))]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    values = draw.random(int(starts[-1]))
    table = Candidates(starts, np.concatenate(rows), values, np.ones(n, np.int64), np.full(n_offers, capacity))
    assign_auction(table)
    ours, alone, whole, exact = [], [], [], 0.0
    for _ in range(harness.RUNS):
        ours.append(harness.timed(lambda: assign_auction(table)))
        solving, building, exact = _flow(table)
        alone.append(solving)
        whole.append(harness.Timing(solving.cpu + building.cpu, solving.wall + building.wall))
    found = assign_auction(table)
    taken = np.bincount(table.offers[found.is_assigned], minlength=n_offers)
    is_right = found.gap_share <= 1e-5 and int(taken.max()) <= capacity
    mine = statistics.median(one.cpu for one in ours)
    for label, times in (("solving alone", alone), ("building and solving", whole)):
        theirs = statistics.median(one.cpu for one in times)
        wall = statistics.median(one.wall for one in times) / statistics.median(one.wall for one in ours)
        yield harness.Case(
            f"assignment {n} × 10, {n_offers} offers of capacity {capacity}", "CPU s", round(mine, 3), round(theirs, 3),
            f"OR-tools min-cost flow, {label}", round(theirs / mine, 2), ">= 4 at a proven gap <= 1e-5",
            bool(theirs / mine >= 4 and is_right),
            f"by wall {wall:.2f}; {found.method}; proven gap {found.gap_share:.1e}; "
            f"{found.value / exact:.8f} of the optimum; capacities kept: {int(taken.max()) <= capacity}",
        )  # fmt: skip


def _flow(table: Candidates) -> tuple[harness.Timing, harness.Timing, float]:
    """OR-tools' own network, arrays ready beforehand: (solving, building, optimum)."""
    from ortools.graph.python import min_cost_flow

    n, m = len(table.need_capacity), len(table.offer_capacity)
    needs, offers = np.arange(n), np.arange(m)
    tails = np.concatenate([table.needs, np.full(n, n + m), n + offers, [n + m]]).astype(np.int32)
    heads = np.concatenate([n + table.offers, needs, np.full(m, n + m + 1), [n + m + 1]]).astype(np.int32)
    pairs = len(table.values)
    capacities = np.concatenate([np.ones(pairs), table.need_capacity, table.offer_capacity, [n]]).astype(np.int64)
    costs = np.concatenate([-np.rint(table.values * 1e8), np.zeros(n + m + 1)]).astype(np.int64)
    flow = min_cost_flow.SimpleMinCostFlow()

    def build() -> None:
        flow.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities, costs)
        flow.set_node_supply(n + m, n)
        flow.set_node_supply(n + m + 1, -n)

    building, solving = harness.timed(build), harness.timed(flow.solve)
    return solving, building, -flow.optimal_cost() / 1e8


def quality_cases() -> Iterator[harness.Case]:
    """Same-firm texts and held-out scope phrases. There is no public labelled set of real needs and offers."""
    for label, queries, texts in (_introductions(), _held_out(500 if QUICK else 3000)):
        if not texts:
            _say(f"{label} skipped: not in DUIJIE_SHARED")
            continue
        right = list(range(len(queries)))
        found = quality.compare(queries, texts, [{at} for at in right])
        with tempfile.TemporaryDirectory() as folder:
            document = {"queries": queries, "texts": texts, "right": right}
            (Path(folder) / "texts.json").write_text(json.dumps(document), encoding="utf-8")
            peers = harness.peer(PEER, "ranks", folder) or {}
        found += [quality.summary(name, np.array(ranks)) for name, ranks in peers.items()]
        best = max((one.figures["MRR"].value for one in found if one.method in (*peers, "BM25")), default=0)
        for one in found:
            band = one.figures["MRR"]
            note = ", ".join(f"{name} {value.value:.3f}" for name, value in one.figures.items())
            is_ours = one.method == "duijie"
            yield harness.Case(
                f"{label}: {one.method}",
                "MRR",
                round(band.value, 4),
                best if is_ours else None,
                "best peer" if is_ours else "",
                bar=">= best peer" if is_ours else "",
                holds=bool(band.value >= best) if is_ours else None,
                note=f"[{band.low:.3f}, {band.high:.3f}] {note}",
            )


def term_cases() -> Iterator[harness.Case]:
    """What each term of a kind adds on the introductions, told on a held-out half."""
    label, queries, texts = _introductions()
    if texts:
        yield from kinds.term_cases(queries, texts)
    else:
        _say(f"{label} by terms skipped: not in DUIJIE_SHARED")


def _introductions() -> tuple[str, list[str], list[str]]:
    """A firm's marketing text finds its own scope among all; pairs that copy each other are no queries."""
    path = SHARED / "data" / "matching_ground_truth" / "intro_to_scope.csv.gz"
    if not path.exists():
        return "introduction → own scope", [], []
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        rows = sorted(csv.DictReader(handle), key=lambda row: int(row["lcs"]) >= 10)
    queries = [row["intro"][:200] for row in rows if int(row["lcs"]) < 10]
    return "introduction → own scope", queries, [row["scope"] for row in rows]


def _held_out(n: int) -> tuple[str, list[str], list[str]]:
    """Every third phrase of a scope is held out as the query; the rest must be found among all firms' rests."""
    from duijie.terms import tokens

    queries, texts = [], []
    for scope in registry_scopes(4 * n, seed=11):
        parts = list(dict.fromkeys(tokens.phrases(scope)))
        if len(parts) >= 6 and len(queries) < n:
            queries.append("、".join(parts[::3]))
            texts.append("、".join(part for at, part in enumerate(parts) if at % 3))
    return "held-out phrases → rest of the scope", queries, texts


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="*", default=(), choices=list(_parts()), help="these rows only")
    asked.add_argument("--missing", action="store_true", help="only rows that results/match.json does not have")
    given = asked.parse_args()
    _say(f"match, {date.today().isoformat()}, {'quick' if QUICK else 'full'}")
    main(given.only, is_missing_only=given.missing)
