"""Industries that enter provinces, foretold from the past: ``python -m benchmarks.models.entry [--write]``.

Five windows over 1995–2006, years in which all chosen provinces have rows. The model is weighed on spans that end
before the window's first unseen year; it stands beside each single predictor. Bands are of paired differences over
provinces; windows overlap, so what is pooled over them resamples whole provinces.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks import harness
from benchmarks.harness import Case
from duijie import data
from duijie.diagnose.backtest import Backtest, Score, backtest
from duijie.diagnose.run import long_table

FIRST, LEAST_ROWS = 1995, 20
WINDOWS = ((2000, 2003), (2001, 2004), (2002, 2006), (2003, 2006), (2000, 2006))
MEASURES = ("AUC", "average precision", "precision@10")
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Window:
    """What was found for one window, and which provinces it rests on."""

    name: str
    regions: tuple[str, ...]
    found: Backtest

    def scores(self, of_pairs: bool) -> Mapping[str, Score]:
        return {one.predictor: one for one in (self.found.pairs if of_pairs else self.found.scores)}


def main() -> None:
    windows = [_window(until, last) for until, last in WINDOWS]
    cases = [case for window in windows for case in _cases(window)]
    cases += [*_pooled(windows, "a region's own past", of_pairs=False), *_pooled(windows, "a partner", of_pairs=True)]
    for case in cases:
        print(f"{case.case:84} {case.ours} | {case.peer_name} {case.peer} | {case.bar} {case.holds} {case.note}")
    if "--write" in sys.argv:
        print(harness.write("advice-entry", cases))


def _window(until: int, last: int) -> Window:
    years = _years()
    span = {year: years[year][0] for year in range(FIRST, last + 1)}
    full = np.all([one.sum(1) >= LEAST_ROWS for one in span.values()], axis=0)

    def came(after: int, to: int) -> Floats:
        return np.asarray(sum(one for year, one in span.items() if after < year <= to)[full])

    training = [(came(0, cut), came(cut, until)) for cut in range(FIRST + 2, until - 1)]
    found = backtest(came(0, until), came(until, last), training=training)
    regions = tuple(region for region, is_full in zip(years[FIRST][1], full, strict=True) if is_full)
    return Window(f"{FIRST}–{until} → {last}", regions, found)


def _years() -> dict[int, tuple[Floats, tuple[str, ...]]]:
    """Registrations by province and industry group of each year, and the provinces."""
    path = next(iter(sorted(data.root().glob("agreements/*/tables/counts.csv"))))
    with path.open(encoding="utf-8") as file:
        rows = [one for one in csv.DictReader(file) if one["region"].endswith("0000")]
    columns = {"region": "region", "industry": "industry", "year": "year", "value": "n"}
    table = {key: [one[name] for one in rows] for key, name in columns.items()}
    table["value"] = [float(one) for one in table["value"]]
    found = long_table(pa.table(table)).years
    return {int(year): (one.values, tuple(one.regions)) for year, one in found.items()}


def _cases(window: Window) -> Iterator[Case]:
    """The model beside every single predictor of a region's own past, and added relatedness beside its rivals."""
    found, singles = window.found, window.scores(False)
    note = f"{len(window.regions)} provinces; {found.n_entries} entries among {found.n_candidates}"
    for at, measure in enumerate(MEASURES):
        ours = singles["model"]
        for other in (one for name, one in singles.items() if name != "model"):
            yield _beside(f"entry, {window.name}, model: {measure}", ours, other, at, note)
    of_pairs = window.scores(True)
    for at, measure in enumerate(MEASURES):
        for name in ("size", "partner_quotient", "random"):
            case = f"entry, {window.name}, added relatedness over a pair: {measure}"
            yield _beside(case, of_pairs["added"], of_pairs[name], at, note)


def _beside(case: str, ours: Score, other: Score, at: int, note: str) -> Case:
    mine, his = (float(np.nanmean(one.by_region[at])) for one in (ours, other))
    low, high = _band(ours.by_region[at] - other.by_region[at])
    said = f"difference {low:+.3f} … {high:+.3f}; {note}"
    ratio = round(mine / his, 2)
    return Case(case, "share", round(mine, 3), round(his, 3), other.predictor, ratio, "> peer", mine > his, said)


def _pooled(windows: list[Window], title: str, *, of_pairs: bool) -> Iterator[Case]:
    """Over all windows: ours against the predictor that was best in each window, provinces resampled whole."""
    ours = "added" if of_pairs else "model"
    for at, measure in enumerate(MEASURES):
        gains: dict[str, list[float]] = {}
        for window in windows:
            scores = window.scores(of_pairs)
            others = [one for name, one in scores.items() if name not in (ours, "model")]
            best = max(others, key=lambda one: float(np.nanmean(one.by_region[at])))
            for region, gain in zip(window.regions, scores[ours].by_region[at] - best.by_region[at], strict=True):
                gains.setdefault(region, []).append(gain)
        means = np.array([np.nanmean(one) for one in gains.values()])
        low, high = _band(means)
        name = "added relatedness" if of_pairs else "model"
        yield Case(f"entry, all windows, {title}: {name} less the best single of each window, {measure}", "share",
                   round(float(np.nanmean(means)), 3), bar="lower end > 0", holds=low > 0,
                   note=f"95 % band {low:+.3f} … {high:+.3f} over {len(means)} provinces")  # fmt: skip


def _band(values: Floats) -> tuple[float, float]:
    given = values[~np.isnan(values)]
    drawn = np.random.default_rng(0).integers(0, len(given), (1000, len(given)))
    low, high = np.quantile(given[drawn].mean(axis=1), (0.025, 0.975))
    return round(float(low), 3), round(float(high), 3)


if __name__ == "__main__":
    main()
