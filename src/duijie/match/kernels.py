"""The hot loops of exact top-k, compiled; every loop here has a plain twin in `topk` that gives the same answer."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["N_GROUPS", "scatter", "search_tile"]

# Indices are unsigned in the innermost loops: a signed one is tested for being negative, which costs more than the sum.
# Sums are looked at this many at a time: a loop of a fixed length becomes vector instructions
_LANE = 64
# the common terms of an offer are summed up in so many groups: one cache line
N_GROUPS = 64


@njit(cache=True, nogil=True)
def scatter(terms, weights, starts, bases, ids, values, block, out):
    """Add one need's products to all offers, block by block so that the sums stay in the nearest cache."""
    for at in range(len(bases)):
        first, base = at * block, bases[at]
        for place in range(len(terms)):
            weight = np.float64(weights[place])
            term = terms[place]
            for p in range(base + starts[at, term], base + starts[at, term + 1]):
                out[first + np.int64(ids[p])] += weight * values[p]


@njit(cache=True, nogil=True)
def search_tile(
    first, last, need_starts, need_terms, need_values, need_levels, need_heavy, need_work, mean_heavy, slack,
    n_offers, n_terms, block, row_starts, row_terms, row_values, row_levels, heavy,
    starts, bases, ids, values, dense_of, dense, marks, mark_scale, is_pruned, out_offers, out_scores,
):  # fmt: skip
    """Find the best offers of the needs `first` … `last`; returns how many pairs were scored in full."""
    sums = np.zeros(-(-block // _LANE) * _LANE, np.float32)
    table = np.zeros(n_terms, np.float32)
    counts = np.zeros(last - first, np.int64)
    k, n_checked = out_offers.shape[1], 0
    rows = (row_starts, row_terms, row_values)
    lengths, wanted = np.zeros(N_GROUPS), np.zeros(N_GROUPS, np.int32)
    for at in range(len(bases)):
        low = at * block
        size = min(block, n_offers - low)
        post = (starts[at], bases[at], ids, values, dense_of, dense[at])
        for need in range(first, last):
            begin, end = need_starts[need], need_starts[need + 1]
            if begin == end:
                continue
            query = (need_terms[begin:end], need_values[begin:end])
            reach, ends, best = need_heavy[need], need_levels[need], (out_offers[need], out_scores[need])
            _set(table, query, True)
            n_found = counts[need - first]
            level = _start_level(is_pruned, n_found == k, reach, mean_heavy, best[1][k - 1])
            _add_up(0, ends[level], query, post, sums)
            if is_pruned and n_found < k:
                n_found, n_full = _seed(low, size, sums, table, rows, n_found, best)
                n_checked += n_full
                lower = min(level, _start_level(is_pruned, n_found == k, reach, mean_heavy, best[1][k - 1]))
                _add_up(ends[level], ends[lower], query, post, sums)
                level = lower
            while level > 0:
                cut, rest = _cut(n_found, best[1], slack[need]), heavy[level, low : low + size]
                n_hits = _hits(sums, rest, size, reach[level], cut)
                # a survivor costs about as much as adding up so many postings
                if n_found == k and n_hits * 10 <= need_work[need, level - 1] * size / n_offers:
                    break
                _add_up(ends[level], ends[level - 1], query, post, sums)
                level -= 1
            unit = np.float32(_want(query, ends[level], lengths, wanted) * mark_scale)
            n_found, n_full = _sift(
                low, size, level, sums, table, reach[level], slack[need], rows, row_levels, heavy[level],
                marks, wanted, unit, n_found, best,
            )  # fmt: skip
            counts[need - first] = n_found
            n_checked += n_full
            _set(table, query, False)
            sums[:size] = 0
    return n_checked


@njit(cache=True, nogil=True)
def _start_level(is_pruned, is_full, reach, mean_heavy, least):
    """The level at which an ordinary offer's common part can no longer lift it over the threshold."""
    if not is_pruned:
        return 0
    if not is_full:
        return max(len(reach) - 3, 0)
    level = 0
    while level + 1 < len(reach) and reach[level + 1] * mean_heavy[level + 1] < 0.7 * least:
        level += 1
    return level


@njit(cache=True, nogil=True)
def _set(table, query, is_set):
    terms, values = query
    for place in range(len(terms)):
        table[terms[place]] = values[place] if is_set else 0


@njit(cache=True, nogil=True)
def _cut(n_found, scores, slack):
    """What a rough score must reach to be looked at; with a list not yet full, anything above 0."""
    return np.float32(max(scores[-1] - slack, 1e-30)) if n_found == len(scores) else np.float32(1e-30)


@njit(cache=True, nogil=True)
def _add_up(begin, end, query, post, sums):
    terms, weights = query
    starts, base, ids, values, dense_of, dense = post
    for place in range(begin, end):
        weight, term = weights[place], terms[place]
        if dense_of[term] >= 0:
            column = dense[dense_of[term]]
            for at in range(len(column)):
                sums[at] += weight * column[at]
        else:
            for p in range(np.uint64(base + starts[term]), np.uint64(base + starts[term + 1])):
                sums[ids[p]] += weight * values[p]


@njit(cache=True, nogil=True)
def _hits(sums, rest, size, reach, cut):
    """How many offers of the block may still reach the threshold."""
    total = 0
    for start in range(0, size - size % _LANE, _LANE):
        total += _lane_hits(sums[start : start + _LANE], rest[start : start + _LANE], reach, cut)
    for at in range(size - size % _LANE, size):
        total += sums[at] + reach * rest[at] >= cut
    return total


@njit(cache=True, nogil=True)
def _lane_hits(sums, rest, reach, cut):
    hits = np.int32(0)
    for at in range(_LANE):
        hits += np.int32(1) if sums[at] + reach * rest[at] >= cut else np.int32(0)
    return hits


@njit(cache=True, nogil=True)
def _any_above(sums, least):
    hits = np.int32(0)
    for at in range(_LANE):
        hits += np.int32(1) if sums[at] > least else np.int32(0)
    return hits > 0


@njit(cache=True, nogil=True)
def _seed(low, size, sums, table, rows, n_found, best):
    """Score the offers with the highest sums so far in full, so that there is a threshold to prune by."""
    k, n_top = len(best[0]), 0
    top_at, top_sum = np.empty(k, np.int64), np.empty(k, np.float32)
    for start in range(0, size, _LANE):
        least = top_sum[k - 1] if n_top == k else np.float32(0)
        stop = min(start + _LANE, size)
        if stop - start == _LANE and not _any_above(sums[start:stop], least):
            continue
        for at in range(start, stop):
            if sums[at] > 0 and (n_top < k or sums[at] > top_sum[k - 1]):
                place = min(n_top, k - 1)
                while place > 0 and top_sum[place - 1] < sums[at]:
                    top_sum[place], top_at[place] = top_sum[place - 1], top_at[place - 1]
                    place -= 1
                top_sum[place], top_at[place] = sums[at], at
                n_top = min(n_top + 1, k)
    for place in range(n_top):
        offer = low + top_at[place]
        n_found = _keep(best, n_found, offer, _full(offer, table, rows))
    return n_found, n_top


@njit(cache=True, nogil=True)
def _want(query, begin, lengths, wanted):
    """The lengths of the need's common terms by group, rounded up to whole units; returns the unit."""
    terms, values = query
    lengths[:] = 0
    for place in range(begin, len(terms)):
        lengths[terms[place] % len(lengths)] += values[place] * values[place]
    unit = np.sqrt(lengths.max()) / 4000
    for group in range(len(lengths)):
        wanted[group] = np.int32(np.ceil(np.sqrt(lengths[group]) / unit)) if unit > 0 else 0
    return unit


@njit(cache=True, nogil=True)
def _sift(low, size, level, sums, table, reach, slack, rows, row_levels, heavy, marks, wanted, unit, n_found, best):
    """Look through a block's sums; an offer that may reach the threshold is scored in full."""
    rest, n_full = heavy[low : low + size], 0
    cut = _cut(n_found, best[1], slack)
    for start in range(0, size, _LANE):
        stop = min(start + _LANE, size)
        if stop - start == _LANE and not _lane_hits(sums[start:stop], rest[start:stop], reach, cut):
            continue
        for at in range(start, stop):
            if sums[at] + reach * rest[at] < cut:
                continue
            offer = low + at
            # what its common terms can add at most, group by group
            units, mark = np.int32(0), marks[offer * N_GROUPS : (offer + 1) * N_GROUPS]
            for group in range(N_GROUPS):
                units += np.int32(mark[group]) * wanted[group]
            if level > 0 and sums[at] + np.float32(units) * unit < cut:
                continue
            if level == 0 or sums[at] + _common(offer, level, table, rows, row_levels) >= cut:
                n_full += 1
                n_found = _keep(best, n_found, offer, _full(offer, table, rows))
                cut = _cut(n_found, best[1], slack)
    return n_found, n_full


@njit(cache=True, nogil=True)
def _common(offer, level, table, rows, row_levels):
    """What the common terms of an offer add, from its row."""
    row_starts, row_terms, row_values = rows
    total = np.float32(0)
    for p in range(np.uint64(row_starts[offer] + row_levels[offer, level]), np.uint64(row_starts[offer + 1])):
        total += table[row_terms[p]] * row_values[p]
    return total


@njit(cache=True, nogil=True)
def _full(offer, table, rows):
    row_starts, row_terms, row_values = rows
    score = 0.0
    for p in range(np.uint64(row_starts[offer]), np.uint64(row_starts[offer + 1])):
        score += np.float64(table[row_terms[p]]) * np.float64(row_values[p])
    return score


@njit(cache=True, nogil=True)
def _keep(best, n_found, offer, score):
    """Insert into the sorted list, best first and ties by position; an offer already there stays once."""
    offers, scores = best
    k = len(offers)
    if score <= 0 or (n_found == k and (score < scores[k - 1] or (score == scores[k - 1] and offer > offers[k - 1]))):
        return n_found
    for at in range(n_found):
        if offers[at] == offer:
            return n_found
    at = min(n_found, k - 1)
    while at > 0 and (scores[at - 1] < score or (scores[at - 1] == score and offers[at - 1] > offer)):
        scores[at], offers[at] = scores[at - 1], offers[at - 1]
        at -= 1
    scores[at], offers[at] = score, offer
    return min(n_found + 1, k)
