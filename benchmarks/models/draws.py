"""Draws of candidates for the supply test: suppliers among firms that write as they do, and among registry rows."""

from __future__ import annotations

import csv
import gzip
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

SHARED = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
N_OTHERS, N_LOOKED_AT, N_NEAREST = 5_000, 60_000, 60


@dataclass(frozen=True, eq=False)
class Draw:
    """Buyers, candidates (suppliers first) and who supplies whom.

    `needs` are (id, name, scope, products), `offers` (id, name, scope); `right[i]` are the places of need i's
    suppliers; `part` (needs,) numbers the connected component of buyers and suppliers each need lies in.
    """

    needs: Sequence[tuple[str, str, str, str]]
    offers: Sequence[tuple[str, str, str]]
    right: Sequence[set[int]]
    part: NDArray[np.int64] = field(repr=False)

    def folds(self, n: int, seed: int) -> NDArray[np.int64]:
        """A fold for each need; no supplier has buyers in two folds."""
        sizes = np.bincount(self.part)
        order = np.random.default_rng(seed).permutation(len(sizes))
        order = order[np.argsort(-sizes[order], kind="stable")]
        filled, of_part = np.zeros(n), np.zeros(len(sizes), int)
        for part in order:
            of_part[part] = int(filled.argmin())
            filled[of_part[part]] += sizes[part]
        return of_part[self.part]


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with gzip.open(SHARED / "listed_companies" / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@cache
def _registry() -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = ("fujian_guangdong", "national_sample_29prov")
    folder = SHARED / "enterprise_registry"
    found = pa.concat_tables(
        [pq.read_table(folder / f"{one}.parquet", columns=["name", "scope"]) for one in names]
    ).drop_null()
    return tuple(found["name"].to_pylist()), tuple(found["scope"].to_pylist())


def draw(how: str, seed: int) -> Draw:
    """``matched`` or ``plain`` distractors beside all suppliers, drawn by seed."""
    suppliers = sorted({row["supplier"]: row for row in _rows("suppliers")}.values(), key=lambda row: row["supplier"])
    known = {row["supplier"] for row in suppliers} | {row["name"] for row in _rows("buyers")}
    random = np.random.default_rng(seed)
    others = _matched(suppliers, known, random) if how == "matched" else _plain(known, random)
    own = [(row["supplier"], row["scope"]) for row in suppliers]
    offers = [(f"o{at}", name, scope) for at, (name, scope) in enumerate([*own, *others])]
    place = {name: at for at, (name, _) in enumerate(own)}
    texts = {row["buyer"]: row for row in _rows("buyers")}
    pairs = sorted({(row["buyer"], place[row["supplier"]]) for row in _rows("supplier_pairs")})
    buyers = sorted({buyer for buyer, _ in pairs})
    needs = [(key, texts[key]["name"], texts[key]["scope"], texts[key]["products"]) for key in buyers]
    right = [{offer for buyer, offer in pairs if buyer == key} for key in buyers]
    return Draw(needs, offers, right, _components(right, len(own)))


def _components(right: Sequence[set[int]], n_suppliers: int) -> NDArray[np.int64]:
    rows = [(at, len(right) + offer) for at, own in enumerate(right) for offer in own]
    ends = np.array(rows).T
    n = len(right) + n_suppliers
    found = connected_components(coo_matrix((np.ones(len(rows)), ends), shape=(n, n)), directed=False)[1]
    return np.unique(found[: len(right)], return_inverse=True)[1]


def _plain(known: set[str], random: np.random.Generator) -> list[tuple[str, str]]:
    names, scopes = _registry()
    chosen = (at for at in random.permutation(len(names)) if names[at] not in known and scopes[at])
    return [(names[at], scopes[at]) for at, _ in zip(chosen, range(N_OTHERS), strict=False)]


def _matched(
    suppliers: Sequence[dict[str, str]], known: set[str], random: np.random.Generator
) -> list[tuple[str, str]]:
    """Listed suppliers face the listed firms that are neither buyer nor supplier; the others registry companies of
    like style: as many each of its nearest, no row twice."""
    unlisted = [row for row in suppliers if not row["division"]]
    beside = [(row["name"], row["scope"]) for row in _rows("industry_labels") if row["name"] not in known]
    names, scopes = _registry()
    at = random.choice(len(names), N_LOOKED_AT, replace=False)
    pool = [(names[one], scopes[one]) for one in at if "公司" in names[one] and scopes[one] and names[one] not in known]
    return [*beside, *_nearest(unlisted, pool, N_OTHERS - len(beside), random)]


def _nearest(
    own: Sequence[dict[str, str]], pool: Sequence[tuple[str, str]], n: int, random: np.random.Generator
) -> Iterator[tuple[str, str]]:
    asked = np.array([_style(row["supplier"], row["scope"]) for row in own])
    there = np.array([_style(*one) for one in pool])
    scale = there.std(axis=0) + 1e-9
    weight = np.array([2.5, 1, 1, 1, 1, 1, 1, 1])
    near = cKDTree(there / scale * weight).query(asked / scale * weight, k=min(N_NEAREST, len(pool)))[1]
    taken: set[int] = set()
    for at, row in enumerate(random.permutation(len(own))):
        share = -(-(n - len(taken)) // (len(own) - at))
        free = [one for one in random.permutation(near[row]) if one not in taken][:share]
        taken.update(free)
        yield from (pool[one] for one in free)


def _style(name: str, scope: str) -> list[float]:
    n = max(len(scope), 1)
    rates = [len(re.findall(mark, scope)) / n for mark in ("[、,，]", "[;；]", "[。(（]")]
    forms = [any(word in name for word in words) for words in (("股份",), ("集团", "分公司"))]
    return [float(np.log(n)), len(name) / 5, *map(float, forms), *rates, float("依法须经批准" in scope)]
