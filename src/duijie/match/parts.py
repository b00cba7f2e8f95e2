"""Exact search of texts within a bound on memory: the offers part by part, the needs group by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duijie.errors import InputError
from duijie.terms import Progress, silent

from .text import TextSpace
from .topk import Postings, TopK, top_k

__all__ = ["merge_parts", "search_texts"]

# what making an index takes at its height, for each non-zero of the offers (measured), and what a need's row takes
_BYTES_A_VALUE = 64
_NEEDS = 20_000
_SAMPLE = 2_000


def search_texts(
    space: TextSpace,
    needs: Sequence[str],
    offers: Sequence[str],
    k: int = 10,
    *,
    memory_mb: float | None = None,
    n_threads: int | None = None,
    progress: Progress = silent,
) -> TopK:
    """The `k` offers nearest to each need, as :func:`duijie.match.topk.top_k` finds them over all offers at once.

    Parameters
    ----------
    space
        Learnt from all offers.
    memory_mb
        What may be taken beside the texts and the answer (16 · k bytes a need); the offers are then indexed in so
        many parts that each fits, at least 1,000 at a time. None: all at once. The answer does not depend on it.
    progress
        Called between groups of needs of every part; raising in it cancels.

    Raises
    ------
    InputError
        `memory_mb` is not above 0, or `k` is below 1.

    Notes
    -----
    The best k of a union are among the best k of its parts, so parts are merged without loss; ties by position.
    """
    if memory_mb is not None and not memory_mb > 0:
        raise InputError("match_memory_too_small", {"memory_mb": memory_mb})
    size = len(offers) if memory_mb is None else _part_size(space, offers, memory_mb)
    starts = range(0, len(offers), size) if len(offers) else range(1)
    found, n_parts = None, len(starts)
    for at, start in enumerate(starts):
        index = Postings.of(space.vectors(offers[start : start + size]))
        report = _part_progress(progress, at, n_parts, len(needs))
        part = _search_part(space, needs, index, k, start, n_threads, report)
        found = part if found is None else merge_parts(found, part)
    assert found is not None
    return found


def _part_size(space: TextSpace, offers: Sequence[str], memory_mb: float) -> int:
    """How many offers an index within the bound can hold, judged by texts spread evenly over all."""
    sample = offers[:: max(1, len(offers) // _SAMPLE)]
    values = space.vectors(sample).nnz / max(len(sample), 1)
    return max(1000, int(memory_mb * 1e6 / (_BYTES_A_VALUE * max(values, 8))))


def _part_progress(progress: Progress, part: int, n_parts: int, n_needs: int) -> Progress:
    return lambda label, done, total: progress(label, part * n_needs + done, n_parts * n_needs)


def _search_part(
    space: TextSpace,
    needs: Sequence[str],
    index: Postings,
    k: int,
    start: int,
    n_threads: int | None,
    progress: Progress,
) -> TopK:
    offers, scores, n_checked = np.full((len(needs), k), -1, np.int32), np.zeros((len(needs), k)), 0
    for at in range(0, max(len(needs), 1), _NEEDS):
        group = space.vectors(needs[at : at + _NEEDS])
        found = top_k(
            group, index, k, n_threads=n_threads,
            progress=lambda label, done, total, at=at: progress(label, at + done, len(needs)),
        )  # fmt: skip
        offers[at : at + _NEEDS] = np.where(found.offers >= 0, found.offers + start, -1)
        scores[at : at + _NEEDS] = found.scores
        n_checked += found.n_checked
    return TopK(offers, scores, n_checked)


def merge_parts(one: TopK, other: TopK) -> TopK:
    """The best of two answers to the same needs over different offers; in any order of parts the same."""
    offers, scores = np.hstack([one.offers, other.offers]), np.hstack([one.scores, other.scores])
    # empty places have the score 0 and come last: every offer found has more
    order = np.lexsort((offers, -scores), axis=1)[:, : one.offers.shape[1]]
    chosen = np.take_along_axis(offers, order, axis=1), np.take_along_axis(scores, order, axis=1)
    return TopK(*chosen, one.n_checked + other.n_checked)
