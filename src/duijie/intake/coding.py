"""Industry codes from names, products and business scopes, with a confidence and the words that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duijie.errors import InputError
from duijie.terms import Progress, Reason, silent

from .phrasebook import Phrasebook, phrasebook
from .reading import read_batch, trace

__all__ = ["Codes", "agreed", "code_industries", "features", "read_texts"]

_BATCH = 50_000
Texts = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Codes:
    """The industry of each text at the four levels of GB/T 4754-2017.

    `codes` (texts, 4) holds section, division, group and class, an empty string for "don't know"; `confidence`
    (texts, 4) is the estimated chance, 0–1, that the best guess is right, also where it stayed below the threshold.
    A finer level is never known without the coarser one, and never surer than it.
    """

    codes: Texts
    confidence: NDArray[np.float32]
    threshold: float
    names: Sequence[str] = field(repr=False)
    scopes: Sequence[str] = field(repr=False)

    @property
    def sections(self) -> Texts:
        """The section letter of each text (texts,)."""
        return self.codes[:, 0]

    @property
    def divisions(self) -> Texts:
        """The two-digit division of each text (texts,)."""
        return self.codes[:, 1]

    @property
    def groups(self) -> Texts:
        """The three-digit group of each text (texts,)."""
        return self.codes[:, 2]

    @property
    def classes(self) -> Texts:
        """The four-digit class of each text (texts,)."""
        return self.codes[:, 3]

    def deepest(self) -> Texts:
        """The finest known code of each text (texts,), an empty string where nothing is known."""
        found = self.codes[:, 0]
        for level in range(1, 4):
            found = np.where(self.codes[:, level] != "", self.codes[:, level], found)
        return found

    def explain(self, row: int, *, n: int = 5) -> tuple[Reason, ...]:
        """The `n` phrases of text `row` that weighed most, for and against its finest known code."""
        code = str(self.deepest()[row])
        found = trace(self.names[row], self.scopes[row], phrasebook())
        total = sum(weight for _, _, weight in found) or 1.0
        return tuple(
            Reason("phrase_speaks_for", {"phrase": phrase, "code": heading}, weight / total, _is_under(heading, code))
            for phrase, heading, weight in found[:n]
        )


class RawCodes(NamedTuple):
    """Best guesses before calibration: `codes` (texts, 4), `share` of the evidence and its `total`."""

    codes: Texts
    share: NDArray[np.float32]
    total: NDArray[np.float32]


def code_industries(
    names: Sequence[str], scopes: Sequence[str], *, threshold: float = 0.5, progress: Progress = silent
) -> Codes:
    """Say which industry each organisation is in, by its name and business scope, and how sure that is.

    Parameters
    ----------
    names, scopes
        One entry an organisation; an empty text says nothing. For products or a description give them as the scope.
    threshold
        0–1; a level whose confidence is below it stays an empty string. 0 gives every best guess.
    progress
        Called after every batch of 50,000 texts.

    Returns
    -------
    Codes
        Shape (texts, 4). A text without any known phrase has empty codes and confidence 0; no texts give 0 rows.

    Raises
    ------
    InputError
        The two sequences differ in length, or the threshold lies outside 0–1.

    Notes
    -----
    Every phrase of the book (names of headings, product and activity words) is found by longest match. What a thing
    says depends on what is done with it: shoes made, sold wholesale, sold by a shop or repaired are four industries.
    The n-th item of a scope (n from 0) weighs 1/(1 + n), the name 1.4; the share of all weight that
    lies under a heading, and the weight itself, go through a logistic curve fitted on rows labelled by hand.

    References
    ----------
    GB/T 4754-2017, 国民经济行业分类.

    Examples
    --------
    >>> found = code_industries(["甲鞋业有限公司", "乙公司"], ["鞋、鞋底制造;批发、零售鞋材", "以章程为准"])
    >>> found.groups.tolist()
    ['195', '']
    """
    if len(names) != len(scopes):
        raise InputError("lengths_differ", {"names": len(names), "scopes": len(scopes)})
    if not 0 <= threshold <= 1:
        raise InputError("threshold_outside", {"threshold": threshold})
    raw = read_texts(names, scopes, progress=progress)
    confidence = _confidence(raw, phrasebook())
    return Codes(np.where(confidence >= threshold, raw.codes, ""), confidence, threshold, names, scopes)


def read_texts(names: Sequence[str], scopes: Sequence[str], *, progress: Progress = silent) -> RawCodes:
    """The best guess at each level without a threshold, and the evidence for it."""
    book, n = phrasebook(), len(names)
    codes = np.array([*book.codes, ""])
    heading, share, total = np.zeros((n, 4), np.int32), np.zeros((n, 4), np.float32), np.zeros(n, np.float32)
    for first in range(0, n, _BATCH):
        part = slice(first, min(n, first + _BATCH))
        heading[part], share[part], total[part] = read_batch(names[part], scopes[part], book)
        progress("code_industries", part.stop, n)
    return RawCodes(codes[heading], share, total)


def features(raw: RawCodes, level: int) -> NDArray[np.float64]:
    """What the confidence of `level` rests on: 1, the share's log odds, the evidence; shape (texts, 3)."""
    share = np.clip(raw.share[:, level - 1].astype(np.float64), 0.01, 0.99)
    return np.column_stack([np.ones(len(share)), np.log(share / (1 - share)), np.log1p(raw.total)])


def agreed(first: Sequence[str], second: Sequence[str], level: int) -> list[str | None]:
    """The label of `level` where two labellers say the same and both say it; None elsewhere.

    Examples
    --------
    >>> agreed(["195", "?"], ["1952", "C"], 3)
    ['195', None]
    """
    cuts = (_cut(one, level) for one in first), (_cut(two, level) for two in second)
    return [one if one is not None and one == two else None for one, two in zip(*cuts, strict=True)]


def _cut(label: str, level: int) -> str | None:
    book = phrasebook()
    at = {code: row for row, code in enumerate(book.codes)}
    if label not in at:
        return label[:level] if level > 1 and len(label) >= level else None
    while book.level[at[label]] > level:
        label = book.codes[book.parent[at[label]]]
    return label if book.level[at[label]] == level else None


def _confidence(raw: RawCodes, book: Phrasebook) -> NDArray[np.float32]:
    confidence = np.zeros(raw.share.shape, np.float32)
    for level in range(1, 5):
        margin = features(raw, level) @ book.calibration[level - 1]
        confidence[:, level - 1] = np.where(raw.codes[:, level - 1] == "", 0, 1 / (1 + np.exp(-margin)))
    # a few hundred labelled rows support no claim above 0.99
    return np.minimum(np.minimum.accumulate(confidence, axis=1), np.float32(0.99))


def _is_under(heading: str, code: str) -> bool:
    if not code:
        return False
    book = phrasebook()
    row = book.codes.index(heading)
    while row >= 0:
        if book.codes[row] == code:
            return True
        row = int(book.parent[row])
    return False
