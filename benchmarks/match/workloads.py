"""The two workloads of exact top-k: a generator with a seed, and registry scope texts with equal texts collapsed."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np

SHARED = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[3] / "shared"))


def generated(n: int, seed: int) -> list[str]:
    """`n` texts of 6–18 phrases out of 3,000, drawn by Zipf's law; the phrases are the same for every seed."""
    phrases = _phrases()
    draw = np.random.default_rng(seed)
    odds = 1 / np.arange(1, len(phrases) + 1)
    edges = np.cumsum(odds / odds.sum())
    sizes = draw.integers(6, 19, n)
    picks = np.minimum(np.searchsorted(edges, draw.random(int(sizes.sum()))), len(phrases) - 1)
    cuts = np.concatenate([[0], np.cumsum(sizes)])
    return ["、".join(phrases[p] for p in picks[a:b]) for a, b in itertools.pairwise(cuts)]


def _phrases() -> list[str]:
    draw = np.random.default_rng(3000)
    letters = [chr(0x4E00 + at) for at in range(900)]
    odds = 1 / np.arange(1, 901) ** 0.7
    # lengths that give some 172 different 2- and 3-grams a text
    sizes = draw.integers(7, 13, 3000)
    return ["".join(draw.choice(letters, size, p=odds / odds.sum())) for size in sizes]


def registry_scopes(n: int, seed: int = 7) -> list[str]:
    """Up to `n` different scope texts of the registry, in random order; empty where the shared data are absent."""
    path = SHARED / "data" / "enterprise_registry"
    if not path.exists():
        return []
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: list[str] = []
    for name in ("fujian_guangdong.parquet", "national_sample_29prov.parquet"):
        column = pq.read_table(path / name, columns=["scope"])["scope"]
        found.extend(text for text in pc.unique(column).to_pylist() if text and len(text) >= 2)
    texts = sorted(set(found))
    order = np.random.default_rng(seed).permutation(len(texts))
    return [texts[at] for at in order[:n]]
