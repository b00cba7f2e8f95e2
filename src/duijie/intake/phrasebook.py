"""The phrases that speak for an industry, packed so that one pass over a text finds the longest of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from duijie import data

from .taxonomies import gbt4754

__all__ = ["DIRECT", "MODE", "MODES", "NEGATION", "NOISE", "PRODUCT", "Phrasebook", "folding", "phrasebook"]

MODES = ("none", "make", "trade", "retail", "lease", "repair", "grow", "mine", "research", "install")
PRODUCT, DIRECT, MODE, NOISE, NEGATION = range(5)
_KINDS = {"product": PRODUCT, "direct": DIRECT, "noise": NOISE, "negation": NEGATION}
# What a mode says when nothing known stands beside it: heading and weight.
_ALONE = {
    "make": ("C", 0.25),
    "trade": ("51", 0.35),
    "retail": ("52", 0.4),
    "lease": ("71", 0.3),
    "repair": ("81", 0.2),
    "grow": ("A", 0.4),
    "mine": ("B", 0.4),
    "research": ("M", 0.15),
    "install": ("E", 0.3),
}
# How much a thing of a section says when it is done in a mode; a mode not named takes the section's first figure.
_BELIEF = {
    "A": (0.7, {"grow": 1.0, "make": 0.8, "trade": 1.0, "retail": 1.0, "research": 0.3, "install": 0.3}),
    "B": (0.7, {"mine": 1.0, "make": 0.8, "trade": 1.0, "retail": 1.0, "research": 0.3}),
    "C": (
        0.5,
        {"make": 1.0, "trade": 1.0, "retail": 1.0, "lease": 1.0, "repair": 1.0, "research": 0.35, "install": 0.7},
    ),
    "F": (0.9, {"trade": 1.0, "retail": 1.0, "make": 0.2}),
}
# Where a good goes that has no heading of its own in the table of trades.
_ELSEWHERE = {"trade": "51", "retail": "52", "lease": "71", "repair": "43", "install": "49"}


@dataclass(frozen=True, eq=False)
class Phrasebook:
    """Headings, phrases and what each phrase says in each mode, as arrays for the kernel.

    `codes` are sorted headings, `parent` (headings,) the row of the one above or -1, `level` (headings,) 1–4;
    `phrases` (phrases,) with `kind` and `mode`; entries of phrase p are rows ``start[p]:start[p + 1]`` of `heading`
    and `weight`; `target` and `belief` (headings, modes) say where a thing goes when it is made, sold, repaired …;
    `keys`, `child` and `found` are the automaton; `calibration` three numbers a level.
    """

    codes: tuple[str, ...]
    parent: NDArray[np.int32]
    level: NDArray[np.int32]
    phrases: tuple[str, ...]
    kind: NDArray[np.int8]
    mode: NDArray[np.int8]
    start: NDArray[np.int32]
    heading: NDArray[np.int32]
    weight: NDArray[np.float32]
    target: NDArray[np.int32]
    belief: NDArray[np.float32]
    keys: NDArray[np.int64]
    child: NDArray[np.int32]
    found: NDArray[np.int32]
    calibration: Mapping[int, NDArray[np.float64]]


@cache
def folding() -> NDArray[np.uint32]:
    """For each character of the basic plane the one it is read as: half width, lower case; others stay.

    Examples
    --------
    >>> chr(folding()[ord("A")])
    'a'
    """
    table = np.arange(0x10000, dtype=np.uint32)
    for code in range(0x10000):
        if not 0xD800 <= code <= 0xDFFF:
            folded = unicodedata.normalize("NFKC", chr(code)).lower()
            table[code] = ord(folded) if len(folded) == 1 and ord(folded) < 0x10000 else code
    return table


@cache
def phrasebook() -> Phrasebook:
    """The built-in phrases with the tables of modes and trades."""
    folder = data.root() / "intake"
    rows = [(row["phrase"], row["code"], float(row["weight"]), row["kind"]) for row in _rows("coder_phrases")]
    for row in _rows("coder_noise"):
        rows += [(word, "", 0.0, row["kind"]) for word in row["words"].split()]
    modes = {word: row["mode"] for row in _rows("coder_modes") for word in row["words"].split()}
    calibration = {
        int(row["level"]): np.array([float(row[name]) for name in ("intercept", "share", "evidence")])
        for row in _rows("coder_calibration")
    }
    trades = {row["prefix"]: row for row in data.table(folder / "coder_trade.csv")}
    return build(rows, modes, sections(), trades, calibration)


def _rows(name: str) -> tuple[dict[str, str], ...]:
    path = data.root() / "intake" / f"{name}.csv"
    return data.table(path)


def sections() -> dict[str, str]:
    """The section letter of every two-digit division."""
    return {one.code: one.parent for one in gbt4754().industries.values() if one.level == 2}


def build(
    rows: Iterable[tuple[str, str, float, str]],
    modes: Mapping[str, str],
    section_of: Mapping[str, str],
    trades: Mapping[str, Mapping[str, str]],
    calibration: Mapping[int, NDArray[np.float64]],
) -> Phrasebook:
    """Pack (phrase, heading, weight, kind) rows and words of modes; a phrase may stand in several rows."""
    rows = list(rows)
    used = {code for _, code, _, _ in rows if code} | {cell for row in trades.values() for cell in row.values() if cell}
    codes = _with_ancestors(used | set(section_of) | {code for code, _ in _ALONE.values()}, section_of)
    at = {code: index for index, code in enumerate(codes)}
    entries: dict[str, list[tuple[int, float]]] = {}
    kinds: dict[str, int] = {}
    for phrase, code, weight, kind in rows:
        if not code:
            entries[phrase], kinds[phrase] = [], _KINDS[kind]
        else:
            entries.setdefault(phrase, []).append((at[code], weight))
            kinds.setdefault(phrase, _KINDS[kind])
    for word, mode in modes.items():
        kinds[word] = MODE
        code, weight = _ALONE[mode]
        entries.setdefault(word, []).extend([] if entries.get(word) else [(at[code], weight)])
    phrases = tuple(sorted(kinds))
    flat = [entry for phrase in phrases for entry in entries.get(phrase, [])]
    target, belief = _modes_table(codes, at, section_of, trades)
    keys, child, found = _automaton(phrases)
    return Phrasebook(
        codes=codes,
        parent=np.array([at.get(parent_of(code, section_of), -1) for code in codes], np.int32),
        level=np.array([1 if code.isalpha() else len(code) for code in codes], np.int32),
        phrases=phrases,
        kind=np.array([kinds[phrase] for phrase in phrases], np.int8),
        mode=np.array([MODES.index(_mode_of(phrase, modes)) for phrase in phrases], np.int8),
        start=np.cumsum([0] + [len(entries.get(phrase, [])) for phrase in phrases], dtype=np.int32),
        heading=np.array([index for index, _ in flat], np.int32),
        weight=np.array([weight for _, weight in flat], np.float32),
        target=target,
        belief=belief,
        keys=keys,
        child=child,
        found=found,
        calibration=calibration,
    )


def _mode_of(phrase: str, modes: Mapping[str, str]) -> str:
    """The mode a phrase is or ends in: 石材加工 speaks of making."""
    tails = (phrase[at:] for at in range(len(phrase)) if at == 0 or len(phrase) - at > 1)
    return next((modes[tail] for tail in tails if tail in modes), "none")


def parent_of(code: str, section_of: Mapping[str, str]) -> str:
    """The heading above: a section's is empty, a division's is its section."""
    return "" if code.isalpha() else section_of[code] if len(code) == 2 else code[:-1]


def _with_ancestors(codes: Iterable[str], section_of: Mapping[str, str]) -> tuple[str, ...]:
    complete: set[str] = set()
    for code in codes:
        while code and code not in complete:
            complete.add(code)
            code = parent_of(code, section_of)
    return tuple(sorted(complete))


def _modes_table(
    codes: Sequence[str], at: Mapping[str, int], section_of: Mapping[str, str], trades: Mapping[str, Mapping[str, str]]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    target = np.zeros((len(codes), len(MODES)), np.int32)
    belief = np.ones((len(codes), len(MODES)), np.float32)
    for row, code in enumerate(codes):
        section = code if code.isalpha() else section_of[code[:2]]
        usual, special = _BELIEF.get(section, (1.0, {}))
        for column, mode in enumerate(MODES):
            goes_to = _destination(code, mode, section, trades)
            target[row, column] = at[goes_to]
            belief[row, column] = special.get(mode, usual)
    return target, belief


def _destination(code: str, mode: str, section: str, trades: Mapping[str, Mapping[str, str]]) -> str:
    column = {"trade": "wholesale", "make": "process"}.get(mode, mode)
    for length in range(len(code), 1, -1):
        row = trades.get(code[:length])
        if row and row.get(column):
            return row[column]
    return _ELSEWHERE.get(mode, code) if section in "ABC" else code


def _automaton(phrases: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    fold = folding()
    edges: dict[tuple[int, int], int] = {}
    found = [-1]
    for index, phrase in enumerate(phrases):
        node = 0
        for letter in phrase:
            key = (node, int(fold[ord(letter)]))
            if key not in edges:
                edges[key] = len(found)
                found.append(-1)
            node = edges[key]
        found[node] = index
    return *_hashed(edges), np.array(found, np.int32)


def _hashed(edges: Mapping[tuple[int, int], int]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    size = 1 << (2 * len(edges) + 1).bit_length()
    keys, child = np.full(size, -1, np.int64), np.zeros(size, np.int32)
    for (node, letter), following in edges.items():
        key = (node << 16) | letter
        slot = (key * 0x9E3779B1 >> 7) & (size - 1)
        while keys[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        keys[slot], child[slot] = key, following
    return keys, child
