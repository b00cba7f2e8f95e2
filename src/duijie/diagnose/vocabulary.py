"""Complementarity inside one industry class: which product words each side uses more than the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from duijie.terms import Party

__all__ = ["ClassFit", "Entry", "WordPair", "WordUse", "class_fit", "entries"]

Floats = NDArray[np.float64]
DEALS = 199


@dataclass(frozen=True, slots=True)
class Entry:
    """A product word of a class, the other spellings that mean it, and the facet it belongs to."""

    word: str
    aliases: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class WordUse:
    """How many firms of each region use a word, and their share among the firms that use any word of the class."""

    word: str
    group: str
    n: Mapping[str, int]
    share: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class WordPair:
    """Between two words `region_a` leans to `word_a` and `region_b` to `word_b`; `confidence` is 1 − exact p."""

    word_a: str
    word_b: str
    region_a: str
    region_b: str
    score: float
    confidence: float
    firms: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ClassFit:
    """How two regions divide one class.

    `complement_score` runs from 0 (same words) to 1 (no word in common). Few firms look complementary by mere chance:
    `excess_score` is what is left above the chance level (0 at chance, 1 at most), `confidence` 1 − the permutation
    p-value, `evidence` how many standard deviations of chance it is above it. NaN where a side names no word.
    """

    industry: str
    complement_score: float
    excess_score: float
    confidence: float
    evidence: float
    n_firms: Mapping[str, int]
    words: tuple[WordUse, ...]
    pairs: tuple[WordPair, ...]


def entries(rows: Sequence[Mapping[str, object]]) -> tuple[Entry, ...]:
    """The entries of a class from rows ``{word, aliases, group}``."""
    return tuple(
        Entry(str(row["word"]), tuple(map(str, row.get("aliases") or ())), str(row.get("group") or ""))  # type: ignore[call-overload]
        for row in rows
    )


def _matcher(known: Sequence[Entry]) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """One pattern that prefers the longest word, so that a short word inside a longer one is not counted."""
    meaning = {form.lower(): entry.word for entry in known for form in (entry.word, *entry.aliases)}
    longest_first = sorted(meaning, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), meaning


def _uses(parties: Sequence[Party], known: Sequence[Entry]) -> dict[str, frozenset[str]]:
    """The words each party uses in its products and name, for those that use any."""
    pattern, meaning = _matcher(known)
    found = {}
    for party in parties:
        text = ";".join((*party.products, party.name, party.name_en)).lower()
        if words := frozenset(meaning[hit] for hit in pattern.findall(text)):
            found[party.id] = words
    return found


def class_fit(
    industry: str, known: Sequence[Entry], parties: Sequence[Party], region_a: str, region_b: str, *, top: int = 8
) -> ClassFit:
    """How the firms of two regions divide an industry class by what their products are called.

    A firm belongs to the class when its products or name use one of the class's words; shares are among these firms,
    so leave words that only name the class itself out of the vocabulary. No word used on one side gives a NaN score
    and no pairs.

    Parameters
    ----------
    industry
        Code of the class.
    known
        Its vocabulary.
    parties
        Firms of any regions; others than the two are passed over.
    top
        How many pairs of words at most.

    Notes
    -----
    complement = ½ Σ_w |p_aw − p_bw|, p the shares normed to sum 1. A pair (u, v) scores s_au·s_bv − s_av·s_bu: how
    much likelier a firm of each side, drawn at random, makes (u, v) than (v, u). Its confidence is that of Fisher's
    exact test of [n_au, n_av; n_bu, n_bv].
    """
    sides = {region: _uses([p for p in parties if p.region == region], known) for region in (region_a, region_b)}
    n = {region: len(used) for region, used in sides.items()}
    uses = tuple(_use(entry, sides, n) for entry in known)
    shown = tuple(sorted((use for use in uses if any(use.n.values())), key=lambda use: -sum(use.n.values())))
    score, chance, confidence, evidence = _against_chance([use.word for use in shown], sides, region_a, region_b)
    return ClassFit(
        industry=industry,
        complement_score=score,
        excess_score=(score - chance) / (1 - chance) if chance < 1 else 0.0,
        confidence=confidence,
        evidence=evidence,
        n_firms=n,
        words=shown,
        pairs=tuple(_pairs(shown, sides, region_a, region_b))[:top],
    )


def _use(entry: Entry, sides: Mapping[str, Mapping[str, frozenset[str]]], n: Mapping[str, int]) -> WordUse:
    counts = {region: sum(entry.word in words for words in used.values()) for region, used in sides.items()}
    share = {region: counts[region] / n[region] if n[region] else 0.0 for region in counts}
    return WordUse(entry.word, entry.group, counts, share)


def _against_chance(
    words: Sequence[str], sides: Mapping[str, Mapping[str, frozenset[str]]], region_a: str, region_b: str
) -> tuple[float, float, float, float]:
    """Complementarity, its mean when firms are dealt at random, 1 − p of that test, standard deviations."""
    rows = [*sides[region_a].values(), *sides[region_b].values()]
    n_b = len(sides[region_b])
    if not words or not n_b or n_b == len(rows):
        return (float("nan"),) * 4
    used = np.array([[word in row for word in words] for row in rows], dtype=np.float64)
    found = _apart(used.sum(0), used[-n_b:].sum(0))
    random = np.random.default_rng(0)
    dealt = np.stack([used[random.permutation(len(rows))[:n_b]].sum(0) for _ in range(DEALS)])
    chance = np.array([_apart(used.sum(0), part) for part in dealt])
    mean, spread = float(chance.mean()), float(chance.std())
    tail = float(((chance >= found - 1e-12).sum() + 1) / (DEALS + 1))
    return found, mean, 1 - tail, (found - mean) / spread if spread > 0 else 0.0


def _apart(whole: Floats, part: Floats) -> float:
    ours = whole - part
    return float(np.abs(ours / ours.sum() - part / part.sum()).sum() / 2)


def _pairs(
    uses: Sequence[WordUse],
    sides: Mapping[str, Mapping[str, frozenset[str]]],
    region_a: str,
    region_b: str,
) -> list[WordPair]:
    pairs = [
        WordPair(
            u.word,
            v.word,
            region_a,
            region_b,
            lean,
            _certainty(u, v, region_a, region_b),
            {region_a: _firms(sides, u, region_a), region_b: _firms(sides, v, region_b)},
        )
        for u, v in permutations(uses, 2)
        if (lean := _lean(u, v, region_a, region_b)) > 0
    ]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.word_a, pair.word_b))


def _lean(u: WordUse, v: WordUse, a: str, b: str) -> float:
    return u.share[a] * v.share[b] - v.share[a] * u.share[b]


def _certainty(u: WordUse, v: WordUse, a: str, b: str) -> float:
    table = [[u.n[a], v.n[a]], [u.n[b], v.n[b]]]
    return 1 - float(fisher_exact(table, alternative="greater").pvalue)


def _firms(sides: Mapping[str, Mapping[str, frozenset[str]]], use: WordUse, region: str) -> tuple[str, ...]:
    return tuple(sorted(party for party, words in sides[region].items() if use.word in words))
