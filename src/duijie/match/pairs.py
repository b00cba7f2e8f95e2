"""A kind judged on real pairs: its ranking beside plain text search, beside itself without the need, with bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duijie.cells.codes import place_of_name
from duijie.errors import Fault, InputError
from duijie.sheets import Record
from duijie.terms import Listing

from .candidates import Pool
from .kinds import Kind, Role
from .scoring import Circumstances, Scorer
from .tables import column_of
from .text import TextSpace

__all__ = ["baselines", "figures", "judge", "listings", "parts", "table_scores"]

Floats = NDArray[np.float64]
_SEED, _DRAWS = 1, 1000
_TEXTS = ("name", "text", "products")


def judge(
    kind: Kind,
    needs: Sequence[Record],
    offers: Sequence[Record],
    pairs: Sequence[Record],
    files: Sequence[Path],
    world: Circumstances,
) -> dict[str, Any]:
    """Recall, reciprocal rank and nDCG of a kind over needs whose right offers are known.

    Parameters
    ----------
    needs, offers
        Rows with `id, name, text, products`; every offer is a candidate for every need, none is drawn or left out.
    pairs
        Rows with `need, offer`: the right ones. Needs without any are not judged.
    files
        Where the three came from, for what is wrong with them.
    world
        Sectors, input–output table and coder; the kind's other terms are unknown here and alike for all.

    Returns
    -------
    dict
        ``duijie`` and each of ``baselines`` with `recall@10`, `recall@100`, `mrr`, `ndcg@10` (0–1, means over needs);
        ``blind`` ranks by each offer's mean score over all needs, ``shuffled`` by the scores of other needs
        (a permutation, seed 1); ``paired_recall@10`` is the 95 % bootstrap band of the gain over the best baseline.

    Raises
    ------
    InputError
        A column is absent, no pair is given, or pairs name unknown ids (all at once).
    """
    for rows, file in zip((needs, offers), files, strict=False):
        for name in _TEXTS:
            column_of(rows, name, file)
    right = _right(needs, offers, pairs, files[2])
    asked = [row for row, own in zip(needs, right, strict=True) if own]
    known = [own for own in right if own]
    found = table_scores(kind, parts(kind, asked, offers, world))
    ours = figures(found, known)
    plain = {name: figures(table, known) for name, table in baselines(asked, offers).items()}
    best = max(plain.values(), key=lambda one: float(one["recall@10"].mean()))
    blind = np.broadcast_to(found.mean(axis=0), found.shape)
    others = np.random.default_rng(_SEED).permutation(len(found))
    return {
        "duijie": _means(ours),
        "baselines": {name: _means(one) for name, one in plain.items()},
        "blind": _means(figures(blind, known)),
        "shuffled": _means(figures(found[others], known)),
        "paired_recall@10": _band(ours["recall@10"] - best["recall@10"]),
        "n_needs": len(asked),
        "n_offers": len(offers),
        "n_pairs": sum(map(len, known)),
    }


def _right(needs: Sequence[Record], offers: Sequence[Record], pairs: Sequence[Record], file: Path) -> list[set[int]]:
    if not pairs:
        raise InputError("match_no_pairs", {}, {"file": str(file)})
    places = [{row["id"]: at for at, row in enumerate(rows)} for rows in (needs, offers)]
    ends = list(zip(column_of(pairs, "need", file), column_of(pairs, "offer", file), strict=True))
    faults = [
        Fault("match_pair_unknown", {"file": str(file), "row": pairs[at].number}, {"role": role, "id": id})
        for at, both in enumerate(ends)
        for role, id, known in zip(("need", "offer"), both, places, strict=True)
        if id not in known
    ]
    if faults:
        raise InputError("match_pairs_unknown", {"n": len(faults)}, {"file": str(file)}, faults=tuple(faults))
    found: list[set[int]] = [set() for _ in needs]
    for need, offer in ends:
        found[places[0][need]].add(places[1][offer])
    return found


def listings(kind: Kind, role: Role, rows: Sequence[Mapping[str, str]]) -> tuple[Listing, ...]:
    """The rows as listings in their order; the place an organisation's name begins with is its side."""
    return tuple(
        Listing(
            f"{at:09}", kind.key, kind.version, role, place_of_name(row["name"]), "",
            {"title": row["name"], "details": row["text"], "products": row["products"]},
        )
        for at, row in enumerate(rows)
    )  # fmt: skip


def parts(
    kind: Kind, needs: Sequence[Mapping[str, str]], offers: Sequence[Mapping[str, str]], world: Circumstances
) -> Floats:
    """The value of each term for each need and offer, shape (terms, needs, offers), NaN where unknown."""
    ours, theirs = (Pool.of(listings(kind, role, rows), {}) for role, rows in _roles(needs, offers))
    scorer, every = Scorer.of(kind, ours, theirs, replace(world, corpus=())), np.arange(len(offers))
    return np.stack([scorer.score(at, every).parts for at in range(len(needs))], axis=1)


def _roles(needs: Any, offers: Any) -> tuple[tuple[Role, Any], tuple[Role, Any]]:
    return ("need", needs), ("offer", offers)


def table_scores(kind: Kind, values: Floats) -> Floats:
    """The scores that a kind's weights make of its terms' values, shape (needs, offers)."""
    terms = zip(kind.terms, values, strict=True)
    return np.asarray(sum(term.weight * np.where(np.isnan(own), term.unknown, own) for term, own in terms))


def baselines(needs: Sequence[Record], offers: Sequence[Record]) -> dict[str, Floats]:
    """Cosines of character n-grams over the same fields, names included, and BM25."""
    ours, theirs = (["\n".join(row[name] for name in _TEXTS) for row in rows] for rows in (needs, offers))
    pairs, longer = TextSpace.learn(theirs), TextSpace.learn(theirs, analysis="long_grams")
    is_one = pairs.codes < 1 << 21  # a single character; a pair has its second one above
    single = replace(pairs, codes=pairs.codes[is_one], frequencies=pairs.frequencies[is_one])
    found = {
        name: _product(space, ours, theirs, "tfidf")
        for name, space in (("tfidf_1", single), ("tfidf_1_2", pairs), ("tfidf_2_3", longer))
    }
    return found | {"bm25": _product(pairs, ours, theirs, "bm25")}


def _product(space: TextSpace, ours: Sequence[str], theirs: Sequence[str], scheme: Any) -> Floats:
    needs, offers = (
        space.vectors(texts, scheme=scheme, side=side) for texts, side in ((ours, "need"), (theirs, "offer"))
    )
    return np.asarray((needs @ offers.T).toarray(), dtype=np.float64)


def figures(scores: Floats, right: Sequence[set[int]]) -> dict[str, Floats]:
    """Each figure of each need (needs,); ties count against the right offers.

    Notes
    -----
    recall@k: the share of a need's right offers that stand at rank ≤ k; mrr: one by the rank of the first of them;
    nDCG@10: Σ 1/log₂(1 + rank) over right offers at rank ≤ 10, divided by the most there could be.
    """
    found: dict[str, list[float]] = {name: [] for name in ("recall@10", "recall@100", "mrr", "ndcg@10")}
    for own, at in zip(scores, map(sorted, right), strict=True):
        wrong = np.sort(np.delete(own, at))
        before = np.sort([len(wrong) - int(np.searchsorted(wrong, one, "left")) for one in own[at]])
        ranks = before + np.arange(1, len(before) + 1)
        ideal = sum(1 / np.log2(1 + rank) for rank in range(1, min(10, len(ranks)) + 1))
        found["recall@10"].append(float((ranks <= 10).mean()))
        found["recall@100"].append(float((ranks <= 100).mean()))
        found["mrr"].append(1 / float(ranks[0]))
        found["ndcg@10"].append(float(sum(1 / np.log2(1 + rank) for rank in ranks if rank <= 10)) / ideal)
    return {name: np.array(values) for name, values in found.items()}


def _means(found: Mapping[str, Floats]) -> dict[str, float]:
    return {name: round(float(values.mean()), 4) for name, values in found.items()}


def _band(change: Floats) -> dict[str, float]:
    drawn = np.random.default_rng(_SEED).integers(0, len(change), (_DRAWS, len(change)))
    low, high = np.quantile(change[drawn].mean(axis=1), (0.025, 0.975))
    return {"low": round(float(low), 4), "high": round(float(high), 4)}
