"""One peer on one table, timed by itself: run by the peers' own interpreter, prints a line of JSON.

Usage: peer.py NAME TABLE.npy [OUT.npz]
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
Answer = Mapping[str, Any]


def frame(table: np.ndarray) -> pd.DataFrame:
    """The wide frame that the matrix packages take."""
    return pd.DataFrame(
        table, index=[f"r{at:05d}" for at in range(len(table))], columns=[f"c{at:05d}" for at in range(table.shape[1])]
    )


def long(table: np.ndarray) -> pd.DataFrame:
    """The long frame that the pipeline packages take."""
    wide = frame(table)
    names = np.repeat(wide.index, table.shape[1]), np.tile(wide.columns, len(table))
    return pd.DataFrame({"t": 1, "r": names[0], "c": names[1], "v": table.ravel()})


def ecomplexity(table: np.ndarray) -> Callable[[], Answer]:
    from ecomplexity import ecomplexity as run

    rows, shape = long(table), table.shape
    columns = {"time": "t", "loc": "r", "prod": "c", "val": "v"}

    def work() -> Answer:
        found = run(rows, columns, check_logsupermodularity=False, verbose=False).sort_values(["r", "c"])
        return {name: found[name].to_numpy(float).reshape(shape) for name in ("eci", "pci", "density", "coi", "cog")}

    return work


def econcomplex(table: np.ndarray) -> Callable[[], Answer]:
    from econcomplex.pipeline import compute_complexity

    rows, shape = long(table), table.shape

    def work() -> Answer:
        found = compute_complexity(rows, {"loc": "r", "act": "c", "val": "v"}).sort_values(["r", "c"])
        return {name: found[name].to_numpy(float).reshape(shape) for name in ("eci", "pci", "density", "coi", "cog")}

    return work


def economic_complexity(table: np.ndarray) -> Callable[[], Answer]:
    import economic_complexity as package
    from economic_complexity.product_space import opportunity_gain

    wide = frame(table)

    def work() -> Answer:
        rca = package.rca(wide)
        eci, pci = package.complexity(rca)
        near = package.proximity(rca)
        around = package.relatedness(rca, proximities=near)
        gain = opportunity_gain(rca, pci=pci, proximities=near)
        return {"eci": eci.to_numpy(), "pci": pci.to_numpy(), "density": around.to_numpy(), "cog": gain.to_numpy()}

    return work


def ps_calcs(table: np.ndarray) -> Callable[[], Answer]:
    import ps_calcs as package

    wide = frame(table)

    def work() -> Answer:
        held = (package.rca(wide) >= 1).astype(float)
        eci, pci = package.complexity(held)
        around = package.density(held, package.proximity(held))
        return {"eci": eci.to_numpy(), "pci": pci.to_numpy(), "density": around.to_numpy()}

    return work


def pymrio(table: np.ndarray) -> Callable[[], Answer]:
    """`table` holds flows, then the final demand of 1 or more regions, then one row of a factor at the bottom."""
    import pymrio as package

    n = len(table) - 1
    n_regions = table.shape[1] - n
    sectors = n // n_regions
    places = pd.MultiIndex.from_tuples(
        [(f"r{at // sectors}", f"s{at % sectors}") for at in range(n)], names=["region", "sector"]
    )
    wants = pd.MultiIndex.from_tuples([(f"r{at}", "all") for at in range(n_regions)], names=["region", "category"])

    def work() -> Answer:
        system = package.IOSystem(
            Z=pd.DataFrame(table[:n, :n], index=places, columns=places),
            Y=pd.DataFrame(table[:n, n:], index=places, columns=wants),
        )
        factor = pd.DataFrame(table[n:, :n], index=pd.Index(["value_added"], name="stressor"), columns=places)
        demand = pd.DataFrame(np.zeros((1, n_regions)), index=factor.index, columns=wants)
        system.factors = package.Extension("factors", F=factor, F_Y=demand)
        system.calc_all()
        return {"output": system.L.to_numpy().sum(0), "factor": system.factors.M.to_numpy()[0]}

    return work


def main() -> None:
    name, path, *out = sys.argv[1:]
    work = globals()[name](np.load(path))
    start, cpu = time.perf_counter(), time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.redirect_stdout(io.StringIO()):
        answer = work()
    spent = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - start,
        "extra_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }
    if out:
        np.savez(out[0], **answer)
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
