"""Fit the weights of the reasons to merge on seeded corruptions of registry rows.

Usage: python tools/train_merging.py REGISTRY.parquet

Writes ``src/duijie/data/intake/merge_weights.csv``: one number a reason. No row, name or code is kept.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
WEIGHTS = ROOT / "src" / "duijie" / "data" / "intake" / "merge_weights.csv"
_FOR = set(
    "same_name like_name same_english same_code same_organisation near_code "
    "same_region same_place same_day same_work".split()
)
_SEED = 7


def main(path: Path) -> None:
    from benchmarks.intake.corruptions import sample

    from duijie.intake import entities

    table, same = sample(path, 20_000, 0.4, _SEED)
    records, _ = entities._records([table])
    rarity = Counter(record.core for record in records)
    pairs = [tuple(sorted(pair)) for pair in entities._candidates(records)]
    with WEIGHTS.open(encoding="utf-8") as handle:
        before = {row["reason"]: float(row["weight"]) for row in csv.DictReader(handle)}
    codes = list(before)
    features = np.zeros((len(pairs), len(codes)))
    features[:, 0] = 1
    for row, (one, other) in enumerate(pairs):
        for code, strength in entities._evidence(records[one], records[other], rarity).items():
            features[row, codes.index(code)] = strength
    hit = np.array([pair in same for pair in pairs])
    weights = _fitted(features, hit, codes)
    with WEIGHTS.open("w", encoding="utf-8", newline="") as handle:
        # a reason that occurs in no pair keeps the weight set by hand
        new = zip(codes, weights, features.any(axis=0), strict=True)
        rows = [(code, round(float(weight), 2) if is_seen else before[code]) for code, weight, is_seen in new]
        csv.writer(handle, lineterminator="\n").writerows([("reason", "weight"), *rows])
    print(f"{len(pairs)} pairs compared, {hit.sum()} of {len(same)} true pairs among them")
    print(rows)


def _fitted(features: np.ndarray, hit: np.ndarray, codes: list[str]) -> np.ndarray:
    """Logistic regression; a reason for never speaks against, and the other way round."""

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = features @ weights
        chance = 1 / (1 + np.exp(-margin))
        value = np.logaddexp(0, np.where(hit, -margin, margin)).sum() + 0.5 * (weights[1:] ** 2).sum()
        slope = features.T @ (chance - hit) + np.concatenate([[0], weights[1:]])
        return float(value), slope

    bounds = [(None, None)] + [(0, None) if code in _FOR else (None, 0) for code in codes[1:]]
    return minimize(loss, np.zeros(len(codes)), jac=True, bounds=bounds, method="L-BFGS-B").x


if __name__ == "__main__":
    main(Path(sys.argv[1]))
