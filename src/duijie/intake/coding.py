"""Industry codes from names, products and business scopes, with a confidence and the words that decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duijie.errors import InputError
from duijie.terms import Progress, Reason, silent

from .phrasebook import phrasebook
from .reading import read_batch, trace
from .weighing import Weights, chances, features, weights

__all__ = ["Codes", "agreed", "code_industries", "division_chances", "evidence", "read_texts", "rule_groups"]

_BATCH = 20_000
_LEAST_ROWS = 5  # fewer rows of known industry measure nothing
Texts = NDArray[np.str_]


_SECTION, _DIVISION, _GROUP = range(3)


@dataclass(frozen=True, eq=False)
class Codes:
    """The industry of each text at the four levels of GB/T 4754-2017.

    `codes` (texts, 4) holds section, division, group and class, an empty string for "don't know"; `confidence`
    (texts, 4) is the estimated chance, 0–1, that the best guess is right, also where it stayed below the threshold.
    A finer level is never known without the coarser one, and never surer than it. `is_tested` (texts,) is False where
    no rows of known industry were at hand to measure the best guess by: rules alone speak there.
    """

    codes: Texts
    confidence: NDArray[np.float32]
    is_tested: NDArray[np.bool_]
    threshold: float
    names: Sequence[str] = field(repr=False)
    scopes: Sequence[str] = field(repr=False)
    products: Sequence[str] = field(repr=False)

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
        """The `n` phrases, and characters of the learned table, that weighed most for and against the division of text
        `row`; the weights of all sum to 1. Empty where the division is not known."""
        division = str(self.divisions[row])
        if not division:
            return ()
        name, scope, products = self.names[row], self.scopes[row], self.products[row]
        table = weights("products" if products else "plain")
        at = int(np.flatnonzero(table.divisions == division)[0])
        said = trace(name, scope or products, phrasebook())
        total = sum(weight for _, _, weight in said)
        found = [(phrase, code, _spoken(table, code, weight / total, at)) for phrase, code, weight in said]
        texts = {"name": [name], "scope": [scope], "products": [products]}
        found += [(text, division, value) for text, value in table.parts(texts, at)]
        whole = sum(abs(value) for _, _, value in found) or 1.0
        found.sort(key=lambda one: -abs(one[2]))
        return tuple(
            Reason("phrase_speaks_for", {"phrase": phrase, "code": code}, abs(value) / whole, value > 0)
            for phrase, code, value in found[:n]
        )


def _spoken(table: Weights, code: str, share: float, at: int) -> float:
    """What the share of a phrase under a heading says for the division at `at`; a section says nothing of divisions."""
    if not code[:2].isdigit():
        return 0.0
    return float(np.sqrt(share) * table.rules[int(np.flatnonzero(table.divisions == code[:2])[0]), at])


class RawCodes(NamedTuple):
    """What the rules alone say, before calibration: `codes` (texts, 4) best guesses, `share` (texts, 4) of the evidence
    and its `total`; `divisions` (texts, divisions) the share under each division."""

    codes: Texts
    share: NDArray[np.float32]
    total: NDArray[np.float32]
    divisions: NDArray[np.float32]


def code_industries(
    names: Sequence[str],
    scopes: Sequence[str],
    products: Sequence[str] | None = None,
    *,
    threshold: float = 0.5,
    progress: Progress = silent,
) -> Codes:
    """Say which industry each organisation is in, by its name, business scope and products, and how sure that is.

    Parameters
    ----------
    names, scopes, products
        One entry an organisation; an empty text says nothing, and without `products` nothing is known of any.
    threshold
        0–1; a level whose confidence is below it stays an empty string. 0 gives every best guess.
    progress
        Called after every batch of 20,000 texts.

    Returns
    -------
    Codes
        Shape (texts, 4). A text without any known word has empty codes and confidence 0; no texts give 0 rows.

    Raises
    ------
    InputError
        The sequences differ in length, or the threshold lies outside 0–1.

    Notes
    -----
    Two readings meet. Rules find every phrase of the book by longest match; what a thing says depends on what is done
    with it: shoes made, sold wholesale, sold by a shop or repaired are four industries; the n-th item of a scope (n
    from 0) weighs 1/(1 + n), the name 1.4. Learned weights (ridge regression on characters and pairs of characters,
    with a table of their own where products are given) read name, scope and products each for itself. A conditional
    logit over both, fitted on rows left out in turn, gives the chance of every division; a section has the sum of its
    divisions. Group and class are those of the rules where these agree on the division.

    References
    ----------
    GB/T 4754-2017, 国民经济行业分类.

    Examples
    --------
    >>> found = code_industries(["甲鞋业有限公司", "乙公司"], ["鞋、鞋底制造;批发、零售鞋材", "以章程为准"])
    >>> found.groups.tolist()
    ['195', '']
    """
    products = [""] * len(names) if products is None else products
    if not len(names) == len(scopes) == len(products):
        raise InputError("lengths_differ", {"names": len(names), "scopes": len(scopes), "products": len(products)})
    if not 0 <= threshold <= 1:
        raise InputError("threshold_outside", {"threshold": threshold})
    n = len(names)
    codes, confidence, is_tested = np.zeros((n, 4), "U4"), np.zeros((n, 4), np.float32), np.zeros(n, np.bool_)
    for first in range(0, n, _BATCH):
        own = np.arange(first, min(n, first + _BATCH))
        has_products = np.array([bool(one) for one in products[first : int(own[-1]) + 1]])
        for table, part in (("plain", own[~has_products]), ("products", own[has_products])):
            if len(part):
                texts = {"name": names, "scope": scopes, "products": products}
                read = {key: [one[at] for at in part] for key, one in texts.items()}
                codes[part], confidence[part], is_tested[part] = _read(read, weights(table))
        progress("code_industries", int(own[-1]) + 1, n)
    return Codes(
        np.where(confidence >= threshold, codes, ""), confidence, is_tested, threshold, names, scopes, products
    )


def division_chances(
    names: Sequence[str], scopes: Sequence[str], products: Sequence[str]
) -> tuple[list[str], NDArray[np.float32]]:
    """The divisions, and for each organisation the chance of each (texts, divisions); zeros where no word is known."""
    found = np.zeros((len(names), len(weights("plain").divisions)), np.float32)
    texts = {"name": names, "scope": scopes, "products": products}
    has_products = np.array([bool(one) for one in products], dtype=np.bool_)
    for name, chosen in (("plain", np.flatnonzero(~has_products)), ("products", np.flatnonzero(has_products))):
        for first in range(0, len(chosen), _BATCH):
            part = chosen[first : first + _BATCH]
            found[part] = _weighed({key: [one[at] for at in part] for key, one in texts.items()}, weights(name))[1]
    return weights("plain").divisions.tolist(), found


def _weighed(texts: Mapping[str, Sequence[str]], table: Weights) -> tuple[RawCodes, NDArray[np.float32]]:
    """What the rules say, and the chance of each division by rules and weights; zeros where no word is known."""
    scopes = [scope or products for scope, products in zip(texts["scope"], texts["products"], strict=True)]
    raw = read_texts(texts["name"], scopes)
    margins = table.margins(texts, raw.divisions)
    chance = chances(features(margins, raw.divisions, scopes), table.mixing)
    is_known = (raw.total > 0) | (margins != table.bias).any(axis=1)
    return raw, np.where(is_known[:, None], chance, np.float32(0))


def _read(texts: Mapping[str, Sequence[str]], table: Weights) -> tuple[Texts, NDArray[np.float32], NDArray[np.bool_]]:
    """Best guesses (texts, 4), their confidence, and whether guesses of this division were ever measured."""
    raw, chance = _weighed(texts, table)
    best = chance.argmax(axis=1)
    division, section = table.divisions[best], table.sections[best]
    codes, confidence = raw.codes.astype("U4"), np.empty((len(best), 4), np.float32)
    is_same = raw.codes[:, _DIVISION] == division
    codes[:, _SECTION], codes[:, _DIVISION] = section, division
    codes[~is_same, _GROUP:] = ""
    confidence[:, _SECTION] = np.where(table.sections[None] == section[:, None], chance, 0).sum(axis=1)
    confidence[:, _DIVISION] = chance[np.arange(len(best)), best]
    confidence[:, _GROUP:] = np.where(codes[:, _GROUP:] == "", 0, _rules_confidence(raw)[:, _GROUP:])
    codes[~chance.any(axis=1)] = ""
    # some thousand rows of known industry support no claim above 0.99
    return (
        codes,
        np.minimum(np.minimum.accumulate(confidence, axis=1), np.float32(0.99)),
        table.n_rows[best] >= _LEAST_ROWS,
    )


def rule_groups(names: Sequence[str], scopes: Sequence[str], *, threshold: float = 0.5) -> Texts:
    """The three-digit group of each text by the rules alone (texts,), which alone know groups; "" for "don't know".

    Counts rest on these: what weights learned from listed companies say of a workshop's division takes no row out.
    """
    found = []
    for first in range(0, len(names), _BATCH):
        raw = read_texts(names[first : first + _BATCH], scopes[first : first + _BATCH])
        found.append(np.where(_rules_confidence(raw)[:, _GROUP] >= threshold, raw.codes[:, _GROUP], ""))
    return np.concatenate(found) if found else np.zeros(0, "U4")


def _rules_confidence(raw: RawCodes) -> NDArray[np.float32]:
    """The chance that the rules alone are right at each level (texts, 4), never above that of a coarser one."""
    confidence = np.zeros(raw.share.shape, np.float32)
    for level, fitted in phrasebook().calibration.items():
        chance = 1 / (1 + np.exp(-evidence(raw, level) @ fitted))
        confidence[:, level - 1] = np.where(raw.codes[:, level - 1] == "", 0, chance)
    return np.minimum(np.minimum.accumulate(confidence, axis=1), np.float32(0.99))


def read_texts(names: Sequence[str], scopes: Sequence[str]) -> RawCodes:
    """What the rules alone say at each level, without a threshold, and the evidence for it."""
    book = phrasebook()
    heading, share, total, divisions = read_batch(names, scopes, book)
    return RawCodes(np.array([*book.codes, ""])[heading], share, total, divisions)


def evidence(raw: RawCodes, level: int) -> NDArray[np.float64]:
    """What the rules' confidence of a level rests on: 1, the share's log odds, the evidence; shape (texts, 3)."""
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
