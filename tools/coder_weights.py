"""Learn the coder's tables of weights from rows of known industry; the rows stay behind, the figures ship.

Usage: python tools/coder_weights.py   (needs DUIJIE_SHARED)
Writes ``src/duijie/data/intake/coder_weights.npz``. ``python -m benchmarks.models.coding`` judges the same learning.
"""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from scipy.optimize import minimize

from duijie.data import root
from duijie.intake.coding import agreed, read_texts
from duijie.intake.phrasebook import sections
from duijie.intake.weighing import FIELDS, Weights, chances, features, grams, term_rows

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("DUIJIE_SHARED", ROOT.parent / "shared")) / "data"
DIVISIONS = np.array(sorted(sections()))
# Chosen on four fifths of the listed rows in five folds; see benchmarks/models/coding.py.
TERMS = {"name": 2000, "scope": 6000, "products": 6000}
BLOCK = {"plain": {"name": 0.6, "scope": 1.0}, "products": {"name": 0.6, "scope": 0.7, "products": 1.0}}
RIDGE, CONSTANT, HEADING = 1.0, 0.05, 0.3
# Rows coded by hand are few, and all that is known of small firms: each counts twice where there are no products.
BY_HAND = {"plain": 2.0, "products": 1.0}


@dataclass(frozen=True, eq=False)
class Rows:
    """Texts of known industry; `origin` is listed, registry (coded by hand) or standard (a heading's own words)."""

    texts: Mapping[str, Sequence[str]]
    division: np.ndarray  # (rows,) places in DIVISIONS
    origin: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[str, str, str, str]], origin: str) -> Rows:
        name, scope, products, division = zip(*rows, strict=True)
        places = np.searchsorted(DIVISIONS, division)
        return cls({"name": name, "scope": scope, "products": products}, places, np.full(len(rows), origin))

    def take(self, chosen: np.ndarray) -> Rows:
        """The rows at places or where true."""
        at = np.arange(len(self.division))[chosen]
        texts = {key: [own[row] for row in at] for key, own in self.texts.items()}
        return Rows(texts, self.division[at], self.origin[at])

    def __add__(self, other: Rows) -> Rows:
        texts = {key: [*own, *other.texts[key]] for key, own in self.texts.items()}
        pairs = ((self.division, other.division), (self.origin, other.origin))
        return Rows(texts, *(np.concatenate(pair) for pair in pairs))

    @cached_property
    def scopes(self) -> list[str]:
        """What stands for the scope: the products where there is none."""
        return [scope or other for scope, other in zip(self.texts["scope"], self.texts["products"], strict=True)]

    @cached_property
    def shares(self) -> np.ndarray:
        """What the rules say of each division; nothing of the standard's own headings, which the rules are made of."""
        found = read_texts(self.texts["name"], self.scopes).divisions
        return np.where((self.origin == "standard")[:, None], 0, found).astype(np.float32)


def listed() -> Rows:
    """Listed companies with the division of their revenue."""
    with gzip.open(SHARED / "listed_companies" / "industry_labels.csv.gz", "rt", encoding="utf-8") as file:
        rows = [(row["name"], row["scope"], row["products"], row["division"]) for row in csv.DictReader(file)]
    return Rows.of(rows, "listed")


def registry(*files: str) -> Rows:
    """Registry rows coded by hand, where both passes name one division."""
    labels: dict[str, tuple[str, str]] = {}
    for file in files:
        with (ROOT / "tests" / "intake" / f"{file}.csv").open(encoding="utf-8") as table:
            for row in csv.DictReader(table):
                labels[row["uscc"]] = (row.get("first") or row["label"], row.get("second") or row["label"])
    texts: dict[str, dict[str, Any]] = {}
    for name in ("fujian_guangdong", "national_sample_29prov"):
        path = SHARED / "enterprise_registry" / f"{name}.parquet"
        found = pq.read_table(path, columns=["uscc", "name", "scope"], filters=[("uscc", "in", list(labels))])
        texts |= {row["uscc"]: row for row in found.to_pylist()}
    division = agreed(*zip(*labels.values(), strict=True), 2)
    rows = [
        (texts[key]["name"], texts[key]["scope"] or "", "", code) for key, code in zip(labels, division, strict=True)
    ]
    return Rows.of([row for row in rows if row[3]], "registry")


def standard(known: Rows) -> Rows:
    """The headings of GB/T 4754 in the sections where listed rows are known, with the first words of their notes."""
    section_of = sections()
    kept = {section_of[code] for code in DIVISIONS[known.division[known.origin == "listed"]].tolist()}
    with (SHARED / "industry_classification" / "gbt4754_2017.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["code"][:1].isdigit()]
    rows = [
        row | {"text": f"{row['name']};{row['description'][:120]}"}
        for row in rows
        if section_of[row["code"][:2]] in kept
    ]
    return Rows.of([(row["name"], row["text"], row["text"], row["code"][:2]) for row in rows], "standard")


def vocabulary(known: Rows) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The most frequent grams of each field and how rare they are; `standard` rows have no part in it."""
    found = {}
    own = known.take(known.origin != "standard")
    for key, most in TERMS.items():
        count = Counter(code for row in grams(own.texts[key]) for code in row.tolist())
        kept = sorted((code for code, n in count.items() if n > 1), key=lambda code: (-count[code], code))[:most]
        codes = np.array(sorted(kept), np.uint64)
        n = np.array([count[code] for code in codes.tolist()])
        found[key] = codes, (1 + np.log((1 + len(own.division)) / (1 + n))).astype(np.float32)
    return found


def learn(known: Rows, table: str, words: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None) -> dict[str, Any]:
    """One table of weights: ridge regression, and the mixing fitted on the margins each row has without itself.

    `left_out` (rows, divisions) are those margins; they do not ship.
    """
    words = words or vocabulary(known)
    parts = {key: by * term_rows(known.texts[key], *words[key]) for key, by in BLOCK[table].items()}
    root_shares = np.sqrt(known.shares).astype(np.float64)
    kernel = sum((part @ part.T).toarray() for part in parts.values()) + root_shares @ root_shares.T + CONSTANT
    target = np.eye(len(DIVISIONS))[known.division]
    root_weight = np.sqrt(np.where(known.origin == "standard", HEADING, 1.0))[:, None]
    dual, left_out = ridge(kernel, target, root_weight)
    found: dict[str, Any] = {"bias": (CONSTANT * dual.sum(axis=0)).astype(np.float32)}
    found["rules"] = (root_shares.T @ dual).astype(np.float16)
    for key, by in BLOCK[table].items():
        weight = by * (parts[key].T @ dual)
        step = np.maximum(np.abs(weight).max(axis=0) / 127, 1e-9).astype(np.float32)
        found |= {key: np.rint(weight / step).astype(np.int8), f"{key}_step": step}
    judged = known.origin != "standard"
    seen = known.take(judged)
    by = np.where(seen.origin == "registry", BY_HAND[table], 1.0)
    own = features(left_out[judged].astype(np.float32), seen.shares, seen.scopes)
    found |= {"mixing": _mixing(own, seen.division, by), "left_out": left_out.astype(np.float32)}
    return found


def ridge(kernel: np.ndarray, target: np.ndarray, root_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The dual of a ridge regression, and what each row would get from one fitted without it; nothing is fitted anew.

    `kernel` (rows, rows), `target` (rows, divisions), `root_weight` (rows, 1) the root of each row's weight.

    Notes
    -----
    With A = SKS + λI: α = A⁻¹SY, and the row's own answer without itself is y − α / (diag(A⁻¹) s).
    """
    inverse = np.linalg.inv(root_weight * kernel * root_weight.T + RIDGE * np.eye(len(target)))
    dual = inverse @ (root_weight * target)
    return root_weight * dual, target - dual / np.diag(inverse)[:, None] / root_weight


def _mixing(found: Sequence[np.ndarray], truth: np.ndarray, rows: np.ndarray) -> np.ndarray:
    stacked = np.stack(found, axis=2).astype(np.float64)
    right = stacked[np.arange(len(truth)), truth]

    def loss(by: np.ndarray) -> tuple[float, np.ndarray]:
        chance = chances(found, by.astype(np.float32)).astype(np.float64)
        value = -(rows * np.log(chance[np.arange(len(truth)), truth] + 1e-12)).sum() + 0.1 * (by**2).sum()
        return value, np.einsum("n,nd,ndk->k", rows, chance, stacked, optimize=True) - rows @ right + 0.2 * by

    return minimize(loss, np.zeros(stacked.shape[2]), jac=True, method="L-BFGS-B").x.astype(np.float32)


def as_weights(
    found: Mapping[str, Any], words: Mapping[str, tuple[np.ndarray, np.ndarray]], known: Rows, table: str
) -> Weights:
    """What the library would load of it."""
    keys = FIELDS[table]
    return Weights(
        DIVISIONS,
        rows_of(known),
        {key: words[key][0] for key in keys},
        {key: words[key][1] for key in keys},
        {key: found[key] * found[f"{key}_step"] for key in keys},
        found["rules"].astype(np.float32),
        found["bias"],
        found["mixing"],
    )


def rows_of(known: Rows) -> np.ndarray:
    """How many listed rows each division has."""
    return np.bincount(known.division[known.origin == "listed"], minlength=len(DIVISIONS)).astype(np.int32)


def main() -> None:
    known = listed() + registry("labels", "labels_held_out")
    known += standard(known)
    words = vocabulary(known)
    arrays: dict[str, Any] = {"divisions": DIVISIONS, "n_rows": rows_of(known)}
    for key, (codes, rarity) in words.items():
        arrays |= {f"grams_{key}": codes, f"rarity_{key}": rarity}
    for table in FIELDS:
        found = learn(known, table, words)
        arrays |= {f"{table}_{key}": value for key, value in found.items() if key != "left_out"}
    path = root() / "intake" / "coder_weights.npz"
    np.savez_compressed(path, **arrays)
    print(path.name, path.stat().st_size, f"{zlib.crc32(path.read_bytes()):08x}")


if __name__ == "__main__":
    main()
