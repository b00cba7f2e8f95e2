"""The wing's benchmark: ours and each peer in turn on the same tables, agreement to the digit."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse.linalg import svds

from benchmarks.harness import IS_QUICK, RUNS, Case, Timing, interleaved, peer, timed, write
from duijie.diagnose import Economy, fit, indicators
from duijie.diagnose.bits import quotients
from duijie.diagnose.complexity import spectral_complexity
from duijie.diagnose.relatedness import cooccurrence, density, proximity
from duijie.diagnose.run import counts_in, long_table
from duijie.intake.coding import code_industries
from duijie.store import open_store
from duijie.terms import Counts

PEER = Path(__file__).with_name("peer.py")
LARGE = (600, 300) if IS_QUICK else (3000, 1400)
MIDDLE = (120, 200) if IS_QUICK else (250, 1200)
SECTORS = 62 if IS_QUICK else 4619
REGIONS = 31


def nested(shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    """A table of the shape of trade and firm data: capable regions hold most things, others only common ones."""
    rng = np.random.default_rng(seed)
    skill, need = rng.uniform(0.1, 1, shape[0]), rng.uniform(0, 0.9, shape[1])
    held = rng.random(shape) < 1 / (1 + np.exp(-10 * (skill[:, None] - need)))
    return held * rng.lognormal(3, 1, shape)


def bare(table: np.ndarray) -> dict[str, np.ndarray]:
    """What a careful person would write with NumPy and SciPy alone: the yardstick of the hardware."""
    rows, columns = table.sum(1, keepdims=True), table.sum(0)
    rca = (table / rows) / (columns / columns.sum())
    held = (rca >= 1).astype(table.dtype)
    d, u = held.sum(1), held.sum(0)
    left, values, right = svds((held / np.sqrt(d)[:, None]) / np.sqrt(u), k=2, random_state=0)
    second = values.argmin()
    eci, pci = left[:, second] / np.sqrt(d), right[second] / np.sqrt(u)
    together = held.T @ held
    near = together / np.maximum.outer(u, u)
    sums = near.sum(0)
    density = held @ (near / sums)
    coi = (density * (1 - held)) @ pci
    cog = (1 - held) * ((1 - held) @ (near * (pci / sums)[:, None]))
    return {"eci": eci, "pci": pci, "density": density, "coi": coi, "cog": cog}


def in_turn(ours: Callable[[], Any], names: Sequence[str], path: Path) -> tuple[Timing, dict[str, dict[str, float]]]:
    """Medians of ours and of each installed peer, one run of each in turn."""
    ours()
    own: list[Timing] = []
    others: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(RUNS):
        own.append(timed(ours))
        for name, found in others.items():
            if (spent := peer(PEER, name, str(path))) is not None:
                found.append(spent)
    middle = Timing(statistics.median(one.cpu for one in own), statistics.median(one.wall for one in own))
    return middle, {
        name: {key: statistics.median(one[key] for one in found) for key in found[0]}
        for name, found in others.items()
        if found
    }


def against_bare(table: np.ndarray) -> list[Case]:
    """Array in, all indicators out: double and single precision beside the bare script, and the memory it takes."""
    single = table.astype(np.float32)
    double, script = interleaved([lambda: indicators(table), lambda: bare(table)])
    # Apart from the script: BLAS threads go on spinning for a while, on whatever is timed next.
    whole, half = interleaved([lambda: indicators(table), lambda: indicators(single, dtype=np.float32)])
    size = "×".join(map(str, table.shape))
    memory = extra_memory(table.shape)
    return [
        row(f"{size} all indicators", double.cpu, script.cpu, "bare NumPy/SciPy script", 1.25),
        Case(
            f"{size} all indicators, wall",
            "wall s",
            double.wall,
            script.wall,
            "bare NumPy/SciPy script",
            double.wall / script.wall,
            "<= 1.25",
            double.wall <= 1.25 * script.wall,
            f"median of {RUNS}",
        ),
        row(f"{size} all indicators, fp32 beside fp64", half.cpu, whole.cpu, "fp64", 0.65),
        Case(f"{size} extra memory fp64", "MB", memory, bar="<= 350", holds=memory <= 350),
    ]


def row(case: str, ours: float, other: float, name: str, bar: float, note: str = "") -> Case:
    """A cost beside a peer's: holds where ours ≤ bar × theirs."""
    ratio = ours / other
    told = "; ".join(filter(None, (f"median of {RUNS}", note)))
    return Case(case, "CPU s", ours, other, name, ratio, f"<= {bar:.4g}", ratio <= bar, told)


def extra_memory(shape: tuple[int, int]) -> float:
    """Peak of a fresh process over what it held with the table in hand, in MB."""
    code = (
        "import resource, numpy as np\n"
        "from benchmarks.diagnose.run import nested, indicators\n"
        "indicators(nested((20, 30)))\n"
        f"t = nested({shape})\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "rss = int(open('/proc/self/statm').read().split()[1]) * 4\n"
        "open('/proc/self/clear_refs', 'w').write('5')\n"
        "indicators(t)\n"
        "high = [l for l in open('/proc/self/status') if l.startswith('VmHWM')][0]\n"
        "print((int(high.split()[1]) - rss) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def against_peers(table: np.ndarray, folder: Path, bars: dict[str, float], fastest_bar: float) -> list[Case]:
    """All indicators beside the packages that claim them; the fastest of them sets its own bar."""
    path = folder / f"table{table.shape[0]}.npy"
    np.save(path, table)
    names = ("ecomplexity", "econcomplex", "economic_complexity", "ps_calcs")
    ours, others = in_turn(lambda: indicators(table), names, path)
    fewer, rival = in_turn(lambda: without_outlook(table), ["ps_calcs"], path)
    size = "×".join(map(str, table.shape))
    cases = [
        row(f"{size} all indicators", ours.cpu, others[name]["cpu"], name, 1 / bar)
        for name, bar in bars.items()
        if name in others
    ]
    if others:
        best = min(others, key=lambda name: others[name]["cpu"])
        cases.append(row(f"{size} all indicators beside the fastest peer, which lacks COI and COG", ours.cpu,
                         others[best]["cpu"], best, 1 / fastest_bar))  # fmt: skip
    if rival:
        name = f"{size} fastest peer on the outputs it has"
        cases.append(row(name, fewer.cpu, rival["ps_calcs"]["cpu"], "ps_calcs", 1 / fastest_bar))
    return cases


def without_outlook(table: np.ndarray) -> dict[str, np.ndarray]:
    """What ps_calcs answers, and no more: RCA, presence, ECI, PCI, proximity, density."""
    rca, present = quotients(table, 1.0, is_strict=False)
    found = spectral_complexity(present)
    near = proximity(cooccurrence(present))
    return {"rca": rca, "eci": found.regions, "pci": found.industries, "near": near, "density": density(present, near)}


def agreement(folder: Path) -> list[Case]:
    """Greatest difference to each peer under its convention, after scaling by the peer's largest value."""
    table = nested((60, 90))
    path = folder / "agree.npy"
    np.save(path, table)
    cases = []
    pairs = (("atlas", "ecomplexity"), ("datawheel", "economic_complexity"), ("econcomplex", "econcomplex"))
    for convention, name in pairs:
        out = folder / f"{name}.npz"
        if peer(PEER, name, str(path), str(out)) is None:
            continue
        found = indicators(table, convention=convention)
        mine = {"eci": found.eci[:, None], "pci": found.pci[None], "coi": found.outlook[:, None],
                "density": found.density, "cog": found.gain}  # fmt: skip
        with np.load(out) as theirs:
            worst = max(_apart(mine[key], theirs[key]) for key in theirs.files)
        cases.append(Case(f"agreement, convention {convention}", "max |Δ| / max", worst, None, name, None, "<= 1e-9",
                          worst <= 1e-9))  # fmt: skip
    return cases


def _apart(mine: np.ndarray, theirs: np.ndarray) -> float:
    given = theirs.reshape(mine.shape) if theirs.ndim == 1 else theirs
    return float(np.nanmax(np.abs(np.broadcast_to(mine, given.shape) - given)) / np.nanmax(np.abs(given)))


def long_rows() -> list[Case]:
    """Long categorical rows to results beside the array to results."""
    table = nested((LARGE[0], LARGE[1]))
    at = np.flatnonzero(table.ravel())
    at = at[:1_500_000]

    def column(values: np.ndarray, n: int) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(
            pa.array(values.astype(np.int32)), pa.array([f"{k:05d}" for k in range(n)])
        )

    rows = pa.table({
        "region": column(at // table.shape[1], table.shape[0]),
        "industry": column(at % table.shape[1], table.shape[1]),
        "value": table.ravel()[at],
    })  # fmt: skip
    dense = long_table(rows).latest.values
    whole, array = interleaved([lambda: indicators(long_table(rows).latest), lambda: indicators(dense)])
    return [row(f"{len(at):,} long rows to results", whole.cpu, array.cpu, "array to results", 1.3)]


def pairs() -> list[Case]:
    """The numbers of a pair from a fitted model, and all pairs of 31."""
    table = nested((350, 1400) if not IS_QUICK else (60, 200))
    counts = Counts(
        tuple(f"r{at}" for at in range(len(table))), tuple(f"i{at}" for at in range(table.shape[1])), table, "firms"
    )
    model = fit(counts)
    some = counts.regions[:REGIONS]
    one, all_pairs = interleaved([lambda: model.pair("r3", "r7"), lambda: model.pairs(some)])
    return [
        Case("numbers of a pair from a fitted model", "wall ms", one.wall * 1e3, bar="<= 20", holds=one.wall <= 0.02),
        Case("31×31 pairs with candidates", "wall s", all_pairs.wall, bar="<= 1", holds=all_pairs.wall <= 1),
    ]


def economy(n: int, n_regions: int) -> np.ndarray:
    """Flows, final demand and one row of value added in one array (see the peer)."""
    rng = np.random.default_rng(0)
    flows = rng.random((n, n)) * (rng.random((n, n)) < 0.5)
    final = rng.random((n, n_regions)) * flows.sum() / (n * n_regions)
    output = flows.sum(1) + final.sum(1)
    added = np.maximum(output - flows.sum(0), 0.01 * output)
    return np.vstack([np.hstack([flows, final]), np.append(added, np.zeros(n_regions))])


def accounts(table: np.ndarray) -> None:
    """Multipliers, linkages, factor content and every region's footprint, without an inverse."""
    n = len(table) - 1
    flows, final = table[:n, :n], table[:n, n:]
    model = Economy(flows, flows.sum(1) + final.sum(1), value_added=table[n, :n])
    model.multipliers()
    model.linkages()
    model.total_output(final)


def input_output(folder: Path) -> list[Case]:
    """Small and large tables beside pymrio, and extraction of all sectors beside one inverse."""
    cases = []
    for n, regions, bar in ((48, 1, 0.05), (SECTORS, REGIONS, 0.3)):
        table = economy(n, regions)
        path = folder / f"io{n}.npy"
        np.save(path, table)
        # A short run is repeated, or the clock would be all that is measured.
        times = 200 if n < 100 else 1

        def ours(table: np.ndarray = table, times: int = times) -> None:
            for _ in range(times):
                accounts(table)

        own, others = in_turn(ours, ["pymrio"], path)
        if others:
            cases.append(row(f"{n} sectors: multipliers, linkages, accounts", own.cpu / times, others["pymrio"]["cpu"],
                             "pymrio calc_all", bar))  # fmt: skip
    n = min(SECTORS, 2000)
    table = economy(n, 1)
    flows, output = table[:n, :n], table[:n].sum(1)
    matrix = np.eye(n) - flows / output
    taken, inverse = interleaved([lambda: Economy(flows, output).extraction(), lambda: np.linalg.inv(matrix)])
    return [*cases, row(f"extraction of {n} sectors", taken.cpu, inverse.cpu, "one inverse (NumPy)", 1.2)]


def reduction(folder: Path) -> list[Case]:
    """Generated rows reduced to counts by the store: seconds, and how they grow."""
    sizes = (50_000, 500_000) if IS_QUICK else (530_000, 5_000_000, 50_000_000)
    cases: list[Case] = []
    for n in sizes:
        path = folder / "rows.parquet"
        _write_rows(path, n)
        with open_store() as store:
            store.register("amounts", path)
            spent = timed(lambda store=store: counts_in(store, unit="firms"))
        note = f"one run; {spent.cpu / n * 1e9:.0f} ns a row, wall {spent.wall:.2f} s"
        name = f"{n:,} rows to counts by the store"
        if not cases or not cases[0].ours:
            cases.append(Case(name, "CPU s", spent.cpu, note=note))
            continue
        growth, linear = spent.cpu / cases[0].ours, n / sizes[0]
        cases.append(Case(name, "CPU s", spent.cpu, cases[0].ours, "the smallest", growth, f"<= {linear:.0f} (linear)",
                          growth <= linear, note))  # fmt: skip
    return cases


def registered(folder: Path) -> list[Case]:
    """Real registrations, coded once, reduced to region × class by the store; absent where the shared data is."""
    home = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[2] / ".." / "shared"))
    paths = sorted((home / "data" / "enterprise_registry").glob("*.parquet"))
    if not paths or IS_QUICK:
        return []
    rows = pa.concat_tables([pq.read_table(one, columns=["name", "scope", "uscc_district"]) for one in paths])
    names, scopes = ([text or "" for text in rows[column].to_pylist()] for column in ("name", "scope"))
    codes: list[str] = []
    coding = timed(lambda: codes.extend(code_industries(names, scopes).classes.tolist()))
    path = folder / "registered.parquet"
    known = pa.array([bool(code) for code in codes])
    table = pa.table({"region": rows["uscc_district"], "industry": codes, "value": np.ones(len(codes))})
    pq.write_table(table.filter(known).filter(pc.is_valid(table.filter(known)["region"])), path)
    with open_store() as store:
        store.register("amounts", path)
        found: list[Counts] = []
        (spent,) = interleaved([lambda: found.append(counts_in(store, unit="firms"))])
    n = pq.read_metadata(path).num_rows
    shape = "×".join(map(str, found[0].values.shape))
    note = (f"median of {RUNS}, wall {spent.wall:.2f} s; {n:,} registrations have class and district; {shape} cells "
            f"hold {int(found[0].values.sum()):,} firms; coding them took {coding.cpu:.0f} CPU s")  # fmt: skip
    return [Case(f"{len(codes):,} real registrations to counts by the store", "CPU s", spent.cpu, note=note)]


def _write_rows(path: Path, n: int) -> None:
    """A row a firm, regions and classes drawn by Zipf's law, written in pieces."""
    rng = np.random.default_rng(0)
    names = [pa.array([f"{at:06d}" for at in range(size)]) for size in (3000, 1400)]
    schema = pa.schema([("region", pa.dictionary(pa.int32(), pa.string())),
                        ("industry", pa.dictionary(pa.int32(), pa.string())), ("value", pa.int32())])  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        for at in range(0, n, 5_000_000):
            size = min(5_000_000, n - at)
            codes = [pa.array(((rng.zipf(1.3, size) - 1) % len(one)).astype(np.int32)) for one in names]
            columns = [pa.DictionaryArray.from_arrays(code, one) for code, one in zip(codes, names, strict=True)]
            writer.write_table(pa.table([*columns, pa.array(np.ones(size, dtype=np.int32))], schema=schema))


def main() -> None:
    """Run everything, the quick parts first, and write the rows after each part."""
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts: list[Callable[[], list[Case]]] = [
            lambda: agreement(folder),
            lambda: against_bare(nested(LARGE)),
            long_rows,
            pairs,
            lambda: against_peers(nested(MIDDLE), folder, {"ecomplexity": 70}, 4),
            lambda: input_output(folder),
            lambda: reduction(folder),
            lambda: registered(folder),
            lambda: against_peers(nested(LARGE), folder, {"ecomplexity": 40, "econcomplex": 40}, 4),
        ]
        for part in parts:
            found = part()
            cases += found
            print(*found, sep="\n", flush=True)
            write("diagnose", cases)


if __name__ == "__main__":
    main()
