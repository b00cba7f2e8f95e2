"""Texts as sparse vectors: character n-grams or whole phrases, weighted by how rare they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from duijie.terms import tokens

from .script import simplified

__all__ = ["Analysis", "Scheme", "TextSpace", "met_words", "shared_words"]

# grams: 1 and 2 characters, the best for ranking; long_grams: 2 and 3; phrases: the listed things, whole
Analysis = Literal["grams", "long_grams", "phrases"]
Scheme = Literal["tfidf", "bm25", "coverage"]
Codes = NDArray[np.uint64]
_CHUNK = 5_000


@dataclass(frozen=True, eq=False)
class TextSpace:
    """A vocabulary with document frequencies, learnt from the texts on offer.

    `codes` (terms,) are sorted, `frequencies` (terms,) count the texts a term is in, `n_texts` all texts.
    """

    codes: Codes
    frequencies: NDArray[np.int64]
    n_texts: int
    mean_length: float
    analysis: Analysis = "grams"

    @classmethod
    def learn(cls, texts: Sequence[str], *, analysis: Analysis = "grams") -> TextSpace:
        """The space of `texts`; no text, or only punctuation, gives an empty vocabulary in which all scores are 0."""
        codes, counts, length = np.empty(0, np.uint64), np.empty(0, np.int64), 0
        for start in range(0, len(texts), _CHUNK):
            rows, found = _terms(texts[start : start + _CHUNK], analysis)
            length += len(found)
            once, n = np.unique(_distinct(rows, found)[1], return_counts=True)
            codes, counts = _merged(codes, counts, once, n)
        return cls(codes, counts, len(texts), length / max(len(texts), 1), analysis)

    def extended(self, texts: Sequence[str]) -> TextSpace:
        """The space with the terms of more texts added as never seen; what is known keeps its frequency."""
        parts = [_terms(texts[at : at + _CHUNK], self.analysis)[1] for at in range(0, len(texts), _CHUNK)]
        new = np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))
        codes, counts = _merged(self.codes, self.frequencies, new, np.zeros(len(new), np.int64))
        return TextSpace(codes, counts, self.n_texts, self.mean_length, self.analysis)

    def vectors(self, texts: Sequence[str], *, scheme: Scheme = "tfidf", side: str = "offer") -> sparse.csr_matrix:
        """The texts as rows, shape (texts, terms), float32, columns ascending.

        ``tfidf`` rows have length 1 (or 0 for a text without known terms), so that a product of two is a cosine in
        0–1. ``bm25`` gives saturated term counts for offers and inverse frequencies for needs. ``coverage`` is
        BM25 in proportion to the need's whole weight: 1 where an offer of average length has all of it once, at most
        2.5.

        Notes
        -----
        tfidf: (1 + ln tf) · (1 + ln((1 + n) / (1 + df))); bm25: Robertson's idf, k₁ = 1.5, b = 0.75.
        coverage: the need's tf · (1 + ln((1 + n) / (1 + df)))² divided by their sum, the offer's counts as for
        bm25; the square was chosen on one half of the queries that the benchmark makes.
        """
        parts = [self._chunk(texts[at : at + _CHUNK], scheme, side) for at in range(0, len(texts), _CHUNK)]
        if not parts:
            return sparse.csr_matrix((0, len(self.codes)), dtype=np.float32)
        return sparse.vstack(parts, format="csr", dtype=np.float32)

    def _chunk(self, texts: Sequence[str], scheme: Scheme, side: str) -> sparse.csr_matrix:
        rows, codes = _terms(texts, self.analysis)
        lengths = np.bincount(rows, minlength=len(texts)).astype(np.float64)
        rows, codes, counts = _counted(rows, codes)
        columns = np.searchsorted(self.codes, codes)
        is_known = columns < len(self.codes)
        is_known[is_known] = self.codes[columns[is_known]] == codes[is_known]
        rows, columns, counts = rows[is_known], columns[is_known], counts[is_known]
        values = _weights(
            counts, self.frequencies[columns], self.n_texts, lengths[rows], self.mean_length, scheme, side
        )
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(self.codes)), dtype=np.float64)
        matrix.sort_indices()
        if scheme == "tfidf":
            return _divided(matrix, np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()))
        if scheme == "coverage" and side == "need":
            return _divided(matrix, np.asarray(matrix.sum(axis=1)).ravel())
        return matrix.astype(np.float32)


def _weights(
    counts: NDArray[np.int64],
    frequencies: NDArray[np.int64],
    n: int,
    lengths: NDArray[np.float64],
    mean_length: float,
    scheme: Scheme,
    side: str,
) -> NDArray[np.float64]:
    if scheme == "tfidf":
        return np.asarray((1 + np.log(counts)) * (1 + np.log((1 + n) / (1 + frequencies))))
    if side == "need":
        if scheme == "coverage":
            return np.asarray(counts * (1 + np.log((1 + n) / (1 + frequencies))) ** 2)
        return np.asarray(np.log(1 + (n - frequencies + 0.5) / (frequencies + 0.5)))
    return np.asarray(counts * 2.5 / (counts + 1.5 * (0.25 + 0.75 * lengths / max(mean_length, 1e-9))))


def _divided(matrix: sparse.csr_matrix, lengths: NDArray[np.float64]) -> sparse.csr_matrix:
    lengths = np.where(lengths == 0, 1, lengths)
    matrix.data = matrix.data / np.repeat(lengths, np.diff(matrix.indptr))
    return matrix.astype(np.float32)


def _terms(texts: Sequence[str], analysis: Analysis) -> tuple[NDArray[np.int64], Codes]:
    return _phrases(texts) if analysis == "phrases" else _grams(texts, analysis == "long_grams")


def _phrases(texts: Sequence[str]) -> tuple[NDArray[np.int64], Codes]:
    found = [(row, _digest(phrase)) for row, text in enumerate(texts) for phrase in tokens.phrases(simplified(text))]
    return np.array([row for row, _ in found], np.int64), np.array([code for _, code in found], np.uint64)


def _digest(phrase: str) -> int:
    return int.from_bytes(hashlib.blake2b(phrase.encode(), digest_size=8).digest(), "little")


def _grams(texts: Sequence[str], is_long: bool) -> tuple[NDArray[np.int64], Codes]:
    """All n-grams inside words, as `terms.tokens.character_ngrams` gives them, for many texts at once."""
    joined = simplified("\n".join(tokens.normalize(text) for text in texts)) + "\n"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    rows = (np.cumsum(points == 10) - (points == 10)).astype(np.int64)
    kind = _character_kinds(points)
    two = (kind[:-1] > 0) & (kind[:-1] == kind[1:])
    alone = (kind > 0) & ~np.append(two, False) & ~np.insert(two, 0, False)
    at1, at2 = np.flatnonzero(alone if is_long else kind > 0), np.flatnonzero(two)
    pair = points[:-1] | (points[1:] << np.uint64(21))
    places, codes = [at1, at2], [points[at1], pair[at2]]
    if is_long:
        at3 = np.flatnonzero(two[:-1] & two[1:])
        places, codes = [*places, at3], [*codes, pair[at3] | (points[at3 + 2] << np.uint64(42))]
    return rows[np.concatenate(places)], np.concatenate(codes)


def _character_kinds(points: Codes) -> NDArray[np.uint8]:
    latin = ((points >= 97) & (points <= 122)) | ((points >= 48) & (points <= 57))
    chinese = (points >= 0x3400) & (points <= 0x9FFF)
    return latin.astype(np.uint8) + 2 * chinese.astype(np.uint8)


def _counted(rows: NDArray[np.int64], codes: Codes) -> tuple[NDArray[np.int64], Codes, NDArray[np.int64]]:
    order = np.lexsort((codes, rows))
    rows, codes = rows[order], codes[order]
    starts = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])])[: len(rows)])
    return rows[starts], codes[starts], np.diff(np.append(starts, len(rows)))


def _distinct(rows: NDArray[np.int64], codes: Codes) -> tuple[NDArray[np.int64], Codes]:
    kept_rows, kept_codes, _ = _counted(rows, codes)
    return kept_rows, kept_codes


def _merged(
    codes: Codes, counts: NDArray[np.int64], more: Codes, n: NDArray[np.int64]
) -> tuple[Codes, NDArray[np.int64]]:
    union, inverse = np.unique(np.concatenate([codes, more]), return_inverse=True)
    total = np.zeros(len(union), np.int64)
    np.add.at(total, inverse, np.concatenate([counts, n]))
    return union, total


def shared_words(one: str, other: str, *, limit: int = 6) -> tuple[str, ...]:
    """The longest runs of characters that two texts share, longest first: what a person sees them meet in.

    Examples
    --------
    >>> shared_words("运动鞋鞋底材料", "采购鞋底、运动鞋面")
    ('运动鞋', '鞋底')
    """
    return met_words(tokens.words(simplified(one)), tokens.words(simplified(other)), limit=limit)


def met_words(ours: Sequence[str], theirs: Sequence[str], *, limit: int = 6) -> tuple[str, ...]:
    """:func:`shared_words` of texts that are cut into words already."""
    found: list[str] = []
    whole, text = frozenset(theirs), "\n".join(theirs)
    for word in dict.fromkeys(ours):
        found.extend(_runs(word, whole, text))
    # sorting keeps the order of runs of one length
    ordered = sorted(dict.fromkeys(found), key=len, reverse=True)
    kept: list[str] = []
    for run in ordered:
        if not any(run in longer for longer in kept):
            kept.append(run)
    return tuple(kept[:limit])


def _runs(word: str, theirs: frozenset[str], text: str) -> list[str]:
    """Greedy longest common runs of at least two characters, left to right; Latin words only whole."""
    if word.isascii():
        return [word] if word in theirs else []
    runs, at = [], 0
    while at < len(word) - 1:
        end = at + 2
        while end <= len(word) and word[at:end] in text:
            end += 1
        if end - 1 - at >= 2:
            runs.append(word[at : end - 1])
        at = max(at + 1, end - 1)
    return runs
