"""Industry coding judged on rows it never saw: listed companies by revenue, registry rows coded by hand.

Usage: python -m benchmarks.models.coding [--write]   (needs DUIJIE_SHARED)

Choices (sizes, weights of blocks, ridge) were made in five folds over four fifths of the listed rows, drawn by a hash
of the name. The last fifth is looked at only with ``--write``: the weights learned from the four fifths are judged
there once. What ships is learned from all rows in the same way (``tools/coder_weights.py``).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator

import numpy as np
from tools.coder_weights import DIVISIONS, Rows, as_weights, learn, listed, registry, standard, vocabulary

from benchmarks import harness
from benchmarks.harness import Case
from duijie.data import root
from duijie.intake.weighing import FIELDS, chances, features

FOLDS = 5
BARS = {"plain": 0.56, "products": 0.67}
TITLES = {"plain": "name and scope", "products": "name, scope and products"}


def main() -> None:
    is_last = "--write" in sys.argv
    rows, by_hand, last = listed(), registry("labels", "labels_held_out"), registry("labels_final")
    is_kept = np.array([zlib.crc32(name.encode()) % 5 == 0 for name in rows.texts["name"]])
    seen = rows.take(~is_kept)
    cases = []
    for table in FIELDS:
        cases += list(_judged(table, "five folds", *_folds(table, seen + by_hand)))
    cases += list(_unseen(seen + by_hand, last, "plain", "last 100 registry rows", "registry"))
    if is_last:
        for table in FIELDS:
            cases += list(_unseen(seen + by_hand, rows.take(is_kept), table, "kept aside", "listed"))
    size = (root() / "intake" / "coder_weights.npz").stat().st_size / 1e6
    cases.append(Case("coding: weights that ship", "MB", round(size, 2), bar="<= 3", holds=size <= 3))
    for case in cases:
        print(f"{case.case:72} {case.ours} {case.unit} | {case.peer_name} {case.peer} | {case.bar} {case.holds}")
    if is_last:
        print(harness.write("advice-coding", cases))


def _folds(table: str, known: Rows) -> tuple[Rows, np.ndarray]:
    """The chances of each row's divisions by weights learned without its fold."""
    draw, fold = np.random.default_rng(0), np.empty(len(known.division), int)
    for group in {(origin, at) for origin, at in zip(known.origin, known.division, strict=True)}:
        own = np.flatnonzero((known.origin == group[0]) & (known.division == group[1]))
        fold[draw.permutation(own)] = (np.arange(len(own)) + draw.integers(FOLDS)) % FOLDS
    found = np.empty((len(fold), len(DIVISIONS)), np.float32)
    for one in range(FOLDS):
        found[fold == one] = _chances(table, known.take(fold != one), known.take(fold == one))
    return known, found


def _chances(table: str, known: Rows, asked: Rows) -> np.ndarray:
    known += standard(known)
    words = vocabulary(known)
    weights = as_weights(learn(known, table, words), words, known, table)
    margins = weights.margins(asked.texts, asked.shares)
    return chances(features(margins, asked.shares, asked.scopes), weights.mixing)


def _unseen(known: Rows, asked: Rows, table: str, title: str, origin: str) -> Iterator[Case]:
    yield from _judged(table, title, asked, _chances(table, known, asked), [origin])


def _judged(table: str, title: str, rows: Rows, chance: np.ndarray, origins: list[str] | None = None) -> Iterator[Case]:
    section = _section_places()
    for origin in origins or ["listed", "registry"]:
        own = rows.origin == origin
        truth, best, sure = rows.division[own], chance[own].argmax(axis=1), chance[own].max(axis=1)
        hit, rules = best == truth, rows.shares[own].argmax(axis=1) == truth
        name = f"coding, {origin} rows, {TITLES[table]}, {title} (n={len(hit)})"
        bar = BARS[table] if origin == "listed" else 0.8
        yield Case(f"{name}: division", "share right", _round(hit.mean()), _round(rules.mean()), "rules alone",
                   _round(hit.mean() - rules.mean()), f">= {bar}", bool(hit.mean() >= bar), _band(hit))  # fmt: skip
        by_section = np.stack([chance[own][:, section == one].sum(axis=1) for one in range(section.max() + 1)], axis=1)
        right = section[best] == section[truth]
        yield Case(f"{name}: section", "share right", _round(right.mean()), note=_band(right))
        yield _error(f"{name}: calibration error, division", sure, hit, 0.04)
        yield _error(
            f"{name}: calibration error, section", by_section[np.arange(len(best)), section[best]], right, 0.06
        )
        if origin == "listed":
            yield from _confident(name, sure, hit, table)


def _confident(name: str, sure: np.ndarray, hit: np.ndarray, table: str) -> Iterator[Case]:
    stated = sure >= 0.9
    share, right = float(stated.mean()), float(hit[stated].mean())
    has_bar = table == "products"
    yield Case(f"{name}: stated at >= 0.9, share of rows", "share", _round(share), bar=">= 0.2" if has_bar else "",
               holds=share >= 0.2 if has_bar else None)  # fmt: skip
    yield Case(f"{name}: stated at >= 0.9, right", "share right", _round(right), bar=">= 0.9", holds=right >= 0.9,
               note=_band(hit[stated]))  # fmt: skip
    order = np.argsort(-sure, kind="stable")
    precise = np.flatnonzero(np.cumsum(hit[order]) / np.arange(1, len(hit) + 1) >= 0.9)
    cover = (precise.max() + 1) / len(hit) if len(precise) else 0.0
    yield Case(f"{name}: cover at 0.9 right", "share", _round(cover), bar=">= 0.38" if has_bar else "",
               holds=bool(cover >= 0.38) if has_bar else None)  # fmt: skip


def _error(name: str, sure: np.ndarray, hit: np.ndarray, most: float) -> Case:
    """Expected calibration error over ten even bins, and what chance alone gives a coder whose word is exact."""
    draw = np.random.default_rng(0)
    alone = np.mean([_gap(sure, draw.random(len(sure)) < sure) for _ in range(200)])
    error = _gap(sure, hit)
    note = f"an exact chance shows {alone:.3f} on so many rows"
    return Case(name, "share", _round(error), bar=f"<= {most}", holds=bool(error <= most), note=note)


def _gap(sure: np.ndarray, hit: np.ndarray) -> float:
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(
        sum(abs(sure[bins == one].mean() - hit[bins == one].mean()) * (bins == one).mean() for one in set(bins))
    )


def _section_places() -> np.ndarray:
    from duijie.intake.phrasebook import sections

    letters = [sections()[code] for code in DIVISIONS.tolist()]
    return np.searchsorted(sorted(set(letters)), letters)


def _round(value: float) -> float:
    return round(float(value), 3)


def _band(hits: np.ndarray) -> str:
    drawn = np.random.default_rng(0).integers(0, len(hits), (1000, len(hits)))
    low, high = np.quantile(hits[drawn].mean(axis=1), [0.025, 0.975])
    return f"95 % band {low:.3f}–{high:.3f}"


if __name__ == "__main__":
    main()
