"""Complementarity inside one industry class: which product words each side uses more than the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from duijie.terms import Directory, ProductRelation, Standing

__all__ = ["ClassFit", "Entry", "WordPair", "WordUse", "class_fit", "entries"]

Floats = NDArray[np.float64]
DEALS = 199
# Fewer firms at either word make no pattern.
LEAST_PAIR = 5


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
    """Between two words `region_a` leans to `word_a` and `region_b` to `word_b`; `confidence` is 1 − exact p.

    `relation` says what the two have to do with one another; empty where no relations were asked for.
    """

    word_a: str
    word_b: str
    region_a: str
    region_b: str
    score: float
    confidence: float
    firms: Mapping[str, tuple[Standing, ...]]
    relation: str = ""


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


def class_fit(
    industry: str,
    known: Sequence[Entry],
    directory: Directory,
    region_a: str,
    region_b: str,
    *,
    relations: Sequence[ProductRelation] | None = None,
    top: int = 8,
) -> ClassFit:
    """How the firms of two regions divide an industry class by what their products are called.

    A firm belongs to the class when it states one of the class's words; shares are among these firms, so leave
    words that only name the class itself out of the vocabulary. No word used on one side gives a NaN score and no
    pairs.

    Parameters
    ----------
    industry
        Code of the class.
    known
        Its vocabulary.
    directory
        The firms at the words of all classes, under the keys (class, word).
    relations
        Where given, a pair of words is told only if the two have something to do with one another.
    top
        How many pairs of words at most.

    Notes
    -----
    complement = ½ Σ_w |p_aw − p_bw|, p the shares normed to sum 1. A pair (u, v) scores s_au·s_bv − s_av·s_bu: how
    much likelier a firm of each side, drawn at random, makes (u, v) than (v, u). Its confidence is that of Fisher's
    exact test of [n_au, n_av; n_bu, n_bv].
    """
    sides = {region: _uses(industry, known, directory, region) for region in (region_a, region_b)}
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
        pairs=_one_side_each(
            replace(pair, relation=relation)
            for pair in _pairs(industry, shown, directory, region_a, region_b)
            if (relation := _relation(industry, pair, relations)) is not None
            and min(map(len, pair.firms.values())) >= LEAST_PAIR
        )[:top],
    )


def _uses(industry: str, known: Sequence[Entry], directory: Directory, region: str) -> Mapping[str, frozenset[str]]:
    """The words each firm of a region states, best evidence first."""
    found: dict[str, set[str]] = {}
    for entry in known:
        for row in _stating(directory, industry, entry.word, region):
            found.setdefault(row.party, set()).add(entry.word)
    return {party: frozenset(words) for party, words in found.items()}


def _stating(directory: Directory, industry: str, word: str, region: str) -> tuple[Standing, ...]:
    """The firms of a region that state a word themselves; what somebody inferred says nothing of how firms divide."""
    return tuple(row for row in directory.at((industry, word), region) if row.is_stated)


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


def _relation(industry: str, pair: WordPair, relations: Sequence[ProductRelation] | None) -> str | None:
    """What a pair's words have to do with one another; None where nothing is known, empty where nobody asked."""
    if relations is None:
        return ""
    words = {pair.word_a, pair.word_b}
    found = (one.kind for one in relations if one.industry == industry and {one.word_a, one.word_b} == words)
    return next(found, None)


def _pairs(
    industry: str, uses: Sequence[WordUse], directory: Directory, region_a: str, region_b: str
) -> list[WordPair]:
    pairs = [
        WordPair(
            u.word,
            v.word,
            region_a,
            region_b,
            lean,
            _certainty(u, v, region_a, region_b),
            {
                region_a: _stating(directory, industry, u.word, region_a),
                region_b: _stating(directory, industry, v.word, region_b),
            },
        )
        for u, v in permutations(uses, 2)
        if (lean := _lean(u, v, region_a, region_b)) > 0
    ]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.word_a, pair.word_b))


def _one_side_each(pairs: Iterable[WordPair]) -> tuple[WordPair, ...]:
    """The pairs, best first, without those that would tell of a word on one side what was told of it on the other."""
    side: dict[str, str] = {}
    kept = []
    for pair in pairs:
        told = {pair.word_a: pair.region_a, pair.word_b: pair.region_b}
        if all(side.get(word, region) == region for word, region in told.items()):
            side.update(told)
            kept.append(pair)
    return tuple(kept)


def _lean(u: WordUse, v: WordUse, a: str, b: str) -> float:
    return u.share[a] * v.share[b] - v.share[a] * u.share[b]


def _certainty(u: WordUse, v: WordUse, a: str, b: str) -> float:
    table = [[u.n[a], v.n[a]], [u.n[b], v.n[b]]]
    return 1 - float(fisher_exact(table, alternative="greater").pvalue)
