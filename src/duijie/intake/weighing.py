# mypy: disable-error-code="untyped-decorator"
"""Learned weights: how much the characters of a name, a scope and products speak for each division."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from duijie import data

from .phrasebook import folding, sections
from .reading import packed

__all__ = ["FIELDS", "Weights", "chances", "features", "grams", "term_rows", "weights"]

Floats = NDArray[np.float32]
FIELDS = {"plain": ("name", "scope"), "products": ("name", "scope", "products")}
"""The two tables of weights, and the texts each of them reads."""
_LEAST = np.float32(0.01)


@dataclass(frozen=True, eq=False)
class Weights:
    """One table: what each character or pair of characters of a field says of each division.

    `grams` and `rarity` (terms,) of each field; `weight` (terms, divisions); `rules` (divisions, divisions) what the
    share of the phrases under one division says of each; `bias` (divisions,); `mixing` how margins and shares become
    chances. `divisions` are codes; `n_rows` (divisions,) says how many rows of known industry each was learned from.
    """

    divisions: NDArray[np.str_]
    n_rows: NDArray[np.int32]
    grams: Mapping[str, NDArray[np.uint64]]
    rarity: Mapping[str, Floats]
    weight: Mapping[str, Floats]
    rules: Floats
    bias: Floats
    mixing: Floats

    def margins(self, texts: Mapping[str, Sequence[str]], shares: Floats) -> Floats:
        """How strongly texts speak for each division, shape (texts, divisions); about 1 for and 0 against."""
        found = self.bias + np.sqrt(shares) @ self.rules
        for key, weight in self.weight.items():
            found += term_rows(texts[key], self.grams[key], self.rarity[key]) @ weight
        return np.asarray(found, dtype=np.float32)

    def parts(self, texts: Mapping[str, Sequence[str]], division: int) -> list[tuple[str, float]]:
        """What each known gram of one text (a sequence of one a field) says for a division; grams as they are read."""
        found = []
        for key, weight in self.weight.items():
            own = term_rows(texts[key], self.grams[key], self.rarity[key])
            said = own.data * weight[own.indices, division]
            found += [(_text(int(self.grams[key][at])), float(one)) for at, one in zip(own.indices, said, strict=True)]
        return found

    @cached_property
    def sections(self) -> NDArray[np.str_]:
        """The section letter of each division (divisions,)."""
        section_of = sections()
        return np.array([section_of[code] for code in self.divisions.tolist()])


def _text(gram: int) -> str:
    return (chr(gram >> 16) if gram >> 16 else "") + chr(gram & 0xFFFF)


@cache
def weights(table: str) -> Weights:
    """The built-in weights of a table of :data:`FIELDS`."""
    with np.load(data.root() / "intake" / "coder_weights.npz") as file:
        return Weights(
            file["divisions"],
            file["n_rows"],
            {key: file[f"grams_{key}"] for key in FIELDS[table]},
            {key: file[f"rarity_{key}"] for key in FIELDS[table]},
            {key: file[f"{table}_{key}"] * file[f"{table}_{key}_step"] for key in FIELDS[table]},
            file[f"{table}_rules"].astype(np.float32),
            file[f"{table}_bias"],
            file[f"{table}_mixing"],
        )


def features(margins: Floats, shares: Floats, scopes: Sequence[str]) -> list[Floats]:
    """What the chance of a division rests on, each (texts, divisions): margin and share, and both by length of scope.

    A village workshop's scope names one thing, a listed company's names all it may ever do; the longer it is, the less
    its phrases say.
    """
    lengths = np.array([min(max(len(scope), 5), 400) for scope in scopes], np.float32)
    long = (np.log(lengths) - np.float32(4.5))[:, None]
    root = np.sqrt(shares)
    return [margins, np.log(np.maximum(margins, _LEAST)), shares, root, shares * long, margins * long, root * long]


def chances(found: Sequence[Floats], mixing: Floats) -> Floats:
    """The chance of each division, rows summing to 1: a conditional logit over the features."""
    total = sum(one * by for one, by in zip(found, mixing, strict=True))
    raised = np.exp(total - np.max(total, axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def grams(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """The distinct characters and pairs of characters of each text, as numbers, ascending."""
    letters, at = packed(texts)
    one, two = _codes(letters, folding())
    parts = (np.concatenate([one[first:end], two[first + 1 : end]]) for first, end in pairwise(at))
    return [np.unique(part[part > 0]) for part in parts]


def term_rows(texts: Sequence[str], known: NDArray[np.uint64], rarity: Floats) -> sparse.csr_matrix:
    """Texts as rows of length 1 over known grams, (1 + ln n) · rarity each; a text without any is a row of zeros."""
    letters, at = packed(texts)
    start, column, value = _term_rows(_codes(letters, folding()), at, known, rarity)
    return sparse.csr_matrix((value, column, start), shape=(len(texts), len(known)))


@nb.njit(cache=True)
def _codes(letters: NDArray[np.uint32], fold: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """At each place the character (row 0) and the pair that ends there (row 1); 0 where it is no letter or digit."""
    found = np.zeros((2, len(letters)), np.uint64)
    before = np.uint64(0)
    for place in range(len(letters)):
        letter = fold[letters[place]] if letters[place] < 65536 else 0
        is_word = 0x4E00 <= letter <= 0x9FFF or 97 <= letter <= 122 or 48 <= letter <= 57
        own = np.uint64(letter) if is_word else np.uint64(0)
        found[0, place] = own
        if own and before:
            found[1, place] = (before << np.uint64(16)) | own
        before = own
    return found


@nb.njit(cache=True)
def _term_rows(
    codes: NDArray[np.uint64], at: NDArray[np.int64], known: NDArray[np.uint64], rarity: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
    start = np.zeros(len(at), np.int64)
    column, value = np.zeros(codes.size, np.int32), np.zeros(codes.size, np.float32)
    count = np.zeros(len(known), np.int32)
    n = 0
    for row in range(len(at) - 1):
        for length in range(2):
            # the pair that ends on a text's first letter began in the text before
            for place in range(at[row] + length, at[row + 1]):
                code = codes[length, place]
                if code == 0:
                    continue
                term = np.searchsorted(known, code)
                if term < len(known) and known[term] == code:
                    if count[term] == 0:
                        column[n] = term
                        n += 1
                    count[term] += 1
        square = np.float32(0)
        for entry in range(start[row], n):
            term = column[entry]
            value[entry] = (np.float32(1) + np.log(np.float32(count[term]))) * rarity[term]
            square += value[entry] ** 2
            count[term] = 0
        for entry in range(start[row], n):
            value[entry] /= np.sqrt(square)
        start[row + 1] = n
    return start, column[:n], value[:n]
