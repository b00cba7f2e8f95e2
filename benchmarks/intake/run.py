"""Intake measured: industry coding, merging, and reading, each beside what one would use otherwise.

Usage: python -m benchmarks.intake.run [PART …]   (QUICK=1 for small sizes; needs DUIJIE_SHARED)

Parts are named as in `PARTS`; without one all are measured, and the file of results is written anew.
"""

from __future__ import annotations

import csv
import gzip
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from benchmarks import harness
from benchmarks.harness import Case
from benchmarks.intake.baselines import keyword_codes, nearest_class_names
from benchmarks.intake.corruptions import sample
from duijie.intake import code_industries, merge_queue, read_table, take_in
from duijie.intake.coding import agreed, evidence, read_texts
from duijie.intake.entities import core_name

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("DUIJIE_SHARED", ROOT.parent / "shared")) / "data"
REGISTRY = [
    SHARED / "enterprise_registry" / f"{name}.parquet" for name in ("fujian_guangdong", "national_sample_29prov")
]
LABELS = ROOT / "tests" / "intake"
LEVELS = ("section", "division", "group", "class")
Coder = Callable[[Sequence[str], Sequence[str]], Sequence[Sequence[str]]]
_PEERS: dict[str, Coder] = {"keyword table": keyword_codes, "TF-IDF nearest class name": nearest_class_names}


def main() -> None:
    parts = sys.argv[1:]
    cases = [case for name in parts or PARTS for case in PARTS[name]()]
    for case in cases:
        print(f"{case.case:60} {case.ours} {case.unit} | {case.peer_name} {case.peer} | {case.bar} {case.holds}")
    print(harness.write("intake", cases, is_part=bool(parts)))


def _table(name: str) -> list[dict[str, str]]:
    with (LABELS / name).open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _texts(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    rows: dict[str, Any] = {}
    for path in REGISTRY:
        found = pq.read_table(path, columns=["uscc", "name", "scope"], filters=[("uscc", "in", list(keys))])
        rows |= {row["uscc"]: row for row in found.to_pylist()}
    return [rows[key]["name"] for key in keys], [rows[key]["scope"] for key in keys]


def _ours(names: Sequence[str], scopes: Sequence[str]) -> Sequence[Sequence[str]]:
    return code_industries(names, scopes, threshold=0).codes.tolist()


def _sets() -> list[tuple[str, list[str], list[str], list[str]]]:
    """Name, keys, first and second labels of each labelled set."""
    twice = _table("labels.csv")
    sets = [
        (
            "300 rows labelled twice",
            [row["uscc"] for row in twice],
            [row["first"] for row in twice],
            [row["second"] for row in twice],
        )
    ]
    for name, title in (
        ("labels_held_out.csv", "120 rows labelled later"),
        ("labels_final.csv", "rows labelled after all changes"),
    ):
        if (LABELS / name).exists():
            once = _table(name)
            labels = [row["label"] for row in once]
            sets.append((f"{title} ({len(once)})", [row["uscc"] for row in once], labels, labels))
    return sets


def coding() -> list[Case]:
    cases = []
    for title, keys, first, second in _sets():
        names, scopes = _texts(keys)
        ours = _ours(names, scopes)
        peers = {peer: coder(names, scopes) for peer, coder in _PEERS.items()}
        for level, word in enumerate(LEVELS, start=1):
            truth = agreed(first, second, level)
            own, n = _accuracy(truth, ours, level)
            for peer, codes in peers.items():
                if peer != "keyword table" or level < 3:
                    other, _ = _accuracy(truth, codes, level)
                    cases.append(Case(f"coding, {title}: {word}, n={n}", "share right", own, other, peer,
                                      round(own - other, 3), ">= +0.10", own - other >= 0.10))  # fmt: skip
    return cases


def _accuracy(truth: Sequence[str | None], codes: Sequence[Sequence[str]], level: int) -> tuple[float, int]:
    hits = [code[level - 1] == label for label, code in zip(truth, codes, strict=True) if label is not None]
    return round(float(np.mean(hits)), 3), len(hits)


def listed() -> list[Case]:
    with gzip.open(
        SHARED / "matching_ground_truth" / "listed_scope_to_sw_industry.csv.gz", "rt", encoding="utf-8"
    ) as handle:
        rows = list(csv.DictReader(handle))
    names, scopes = [row["fullname"] for row in rows], [row["scope"] for row in rows]
    right = [_admissible(row["industry_code"]) for row in rows]
    own = _share([code[0] in good for code, good in zip(_ours(names, scopes), right, strict=True)])
    cases = []
    title = f"coding, {len(rows)} listed firms by their Shenwan label: section"
    for peer, coder in _PEERS.items():
        other = _share([code[0] in good for code, good in zip(coder(names, scopes), right, strict=True)])
        gain = own - other
        cases.append(Case(title, "share right", own, other, peer, round(gain, 3), ">= +0.05", gain >= 0.05))
    return cases


def _share(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 3)


def _admissible(code: str) -> list[str]:
    table = {row["prefix"]: row["sections"].split() for row in _table("shenwan_sections.csv")}
    return next(table[code[:n]] for n in range(6, 1, -1) if code[:n] in table)


def calibration() -> Case:
    """Expected calibration error of the rules at all levels, curves fitted on four fifths, judged on the fifth."""
    from tools.train_coder import _logistic

    chances, hits = [], []
    sets = _sets()[:2]
    keys, first, second = ([one for own in sets for one in own[at]] for at in (1, 2, 3))
    raw = read_texts(*_texts(keys))
    for level in range(1, 5):
        truth = agreed(first, second, level)
        rows = np.array([at for at, label in enumerate(truth) if label is not None])
        hit = np.array([raw.codes[at, level - 1] == truth[at] for at in rows])
        for fold in range(5):
            held = np.arange(len(rows)) % 5 == fold
            weights = np.array(_logistic(evidence(raw, level)[rows[~held]], hit[~held]))
            chances.append(1 / (1 + np.exp(-evidence(raw, level)[rows[held]] @ weights)))
            hits.append(hit[held])
    chance, hit = np.concatenate(chances), np.concatenate(hits)
    bins = np.minimum((chance * 10).astype(int), 9)
    error = sum(abs(chance[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist()))
    return Case(
        f"coding: calibration error of the rules, cross-fitted, n={len(hit)}",
        "share",
        round(float(error), 3),
        bar="<= 0.06",
        holds=bool(error <= 0.06),
    )


def speed() -> list[Case]:
    n = 50_000 if harness.IS_QUICK else 1_000_000
    table = pq.read_table(REGISTRY[0], columns=["name", "scope"]).to_pylist()
    rows = [table[at % len(table)] for at in range(n)]
    names, scopes = [row["name"] or "" for row in rows], [row["scope"] or "" for row in rows]
    code_industries(names[:100], scopes[:100])
    took = harness.timed(lambda: code_industries(names, scopes))
    return [Case(f"coding: {n} scopes", "seconds", round(took.wall, 1), bar="<= 180", holds=took.wall <= 180)]


def merging() -> list[Case]:
    n = 3000 if harness.IS_QUICK else 20_000
    table, same = sample(REGISTRY[1], n, 0.4, seed=11)
    start = time.perf_counter()
    ours = [(pair.one, pair.other, pair.chance) for pair in merge_queue([table], least=0.01).pairs]
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        cores = pa.array([core_name(name) for name in table.column("name").to_pylist()])
        pq.write_table(table.append_column("core", cores), path)
        script = Path(__file__).with_name("peer_splink.py")
        peers = {
            "splink": harness.peer(script, str(path)),
            "splink on our names": harness.peer(script, str(path), "core"),
        }
    own = _best_f(ours, same)
    half = _f([pair for pair in ours if pair[2] >= 0.5], same)
    title = f"merging, seeded corruptions of {n} registry rows"
    cases = [Case(f"{title}: F1 at chance 0.5", "F1", half, bar=">= 0.9", holds=half >= 0.9)]
    for peer, theirs in peers.items():
        other = _best_f([(int(a), int(b), p) for a, b, p in theirs["pairs"]], same) if theirs else None
        ratio = round(own - other, 3) if other is not None else None
        holds = own >= other if other is not None else None
        took = round(theirs["seconds"], 1) if theirs else None
        cases.append(Case(f"{title}: best F1", "F1", own, other, peer, ratio, ">= peer", holds))
        cases.append(Case(f"{title}: time", "seconds", round(seconds, 1), took, peer))
    return cases


def _f(pairs: Sequence[tuple[int, int, float]], same: set[tuple[int, int]]) -> float:
    hits = len({(min(a, b), max(a, b)) for a, b, _ in pairs} & same)
    return round(2 * hits / (len(pairs) + len(same)), 3) if pairs else 0.0


def _best_f(pairs: Sequence[tuple[int, int, float]], same: set[tuple[int, int]]) -> float:
    return max(
        _f([pair for pair in pairs if pair[2] >= least], same) for least in (0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99)
    )


def reading() -> list[Case]:
    n = 10_000 if harness.IS_QUICK else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _registered(n)
        headings = ["企业名称", "统一社会信用代码", "成立日期", "注册资本(万元)", "经营范围"]
        with xlsxwriter.Workbook(folder / "rows.xlsx", {"constant_memory": True}) as book:
            page = book.add_worksheet()
            for at, values in enumerate([headings, *(list(row.values()) for row in rows)]):
                page.write_row(at, 0, ["" if value is None else value for value in values])
        path, size = _large(folder / "large.csv", headings, rows, (20 if harness.IS_QUICK else 1024) << 20)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        large = harness.timed(
            lambda: take_in(path, "firms", folder / "out.parquet", keep_sound_rows=True, is_coded=False)
        )
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        xlsx = harness.timed(lambda: read_table(folder / "rows.xlsx", "firms", is_coded=False))
        raw = harness.timed(lambda: _openpyxl(folder / "rows.xlsx"))
    return [
        Case(f"reading and checking {n} rows of xlsx", "seconds", round(xlsx.wall, 1), round(raw.wall, 1),
             "openpyxl, reading only", round(xlsx.wall / raw.wall, 2), "<= 5 s", xlsx.wall <= 5),
        Case(f"reading, checking and writing {size >> 20} MB of csv", "MB/s", round((size >> 20) / large.wall, 1)),
        Case("memory added by that csv", "MB", round(grown), bar="<= 1024", holds=grown <= 1024),
    ]  # fmt: skip


def workbook() -> list[Case]:
    """A workbook as an office exports it, read and checked, beside calamine alone; in turn, by the processor."""
    n = 10_000 if harness.IS_QUICK else 100_000
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "wide.xlsx"
        _wide(path, _registered(n))
        ours, bare = (
            one.cpu
            for one in harness.interleaved(
                [lambda: read_table(path, "firms", is_coded=False), lambda: _calamine(path)],
            )
        )
    return [
        Case(f"reading and checking {n} rows of 10 columns of xlsx", "CPU seconds", round(ours, 2), round(bare, 2),
             "python-calamine, reading only", round(ours / bare, 2), "<= 2.5 times", ours <= 2.5 * bare),
    ]  # fmt: skip


def _registered(n: int) -> list[dict[str, Any]]:
    columns = ["name", "uscc", "reg_date", "capital_wan", "scope"]
    rows: list[dict[str, Any]] = pq.read_table(REGISTRY[0]).slice(0, n).select(columns).to_pylist()
    return rows


def _wide(path: Path, rows: list[dict[str, Any]]) -> None:
    """The rows as an office exports them: with region, industry, people and products beside what the registry has."""
    headings = "企业名称 统一社会信用代码 成立日期 注册资本(万元) 经营范围".split()
    headings += "行政区划代码 行业代码 从业人数 镇街 主要产品".split()
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, headings)
        for at, row in enumerate(rows, start=1):
            more = [
                ("350582", "440309")[at % 2],
                ("1952", "195", "C", "6513")[at % 4],
                at % 500 + 1,
                f"{at % 30}镇",
                "鞋;鞋底",
            ]
            page.write_row(at, 0, [*("" if value is None else value for value in row.values()), *more])


def _calamine(path: Path) -> int:
    from python_calamine import CalamineWorkbook

    return len(list(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows()))


def _openpyxl(path: Path) -> int:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return sum(1 for _ in book.active.iter_rows(values_only=True))


def _large(path: Path, headings: list[str], rows: list[dict[str, Any]], size: int) -> tuple[Path, int]:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(headings)
        writer.writerows(row.values() for row in rows)
        while handle.tell() < size:  # copies without their code, so that they are no duplicates
            writer.writerows({**row, "uscc": ""}.values() for row in rows)
    return path, path.stat().st_size


PARTS: dict[str, Callable[[], list[Case]]] = {
    "reading": reading,  # first: memory is a high-water mark
    "workbook": workbook,
    "coding": coding,
    "listed": listed,
    "calibration": lambda: [calibration()],
    "speed": speed,
    "merging": merging,
}


if __name__ == "__main__":
    main()
