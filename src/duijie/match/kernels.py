"""The hot loops of exact top-k, compiled; every loop here has a plain twin in `topk` that gives the same answer."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["N_GROUPS", "scatter", "search_tile"]

# Indices are unsigned in the innermost loops: a signed one is tested for being negative, which costs more than the sum.
# Flags are read this many at a time, as one number
_WORD = 8
# the common terms of an offer are summed up in so many groups: one cache line
N_GROUPS = 64
# what a closer look at an offer, and its full score, cost in postings added up
_HIT, _ROW = 20, 100
# the level to begin with: heavy enough for a good first threshold
_FIRST = 2


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
    first, last, need_starts, need_terms, need_values, slack, frequencies, limits,
    n_offers, n_terms, block, row_starts, row_terms, row_values, heavy,
    starts, bases, ids, values, dense, marks, mark_scale, is_pruned, out_offers, out_scores,
):  # fmt: skip
    """Find the best offers of the needs `first` … `last`; returns how many pairs were scored in full."""
    sums, table = np.zeros(block, np.float32), np.zeros(n_terms, np.float32)
    flags = np.zeros(-(-block // _WORD) * _WORD, np.uint8)
    places, bounds = np.empty(block + 1, np.int64), np.empty(block + 1, np.float32)
    counts = np.zeros(last - first, np.int64)
    # where to begin, learnt from block to block: a level too light is made good at the cost of one look
    begins = np.full(last - first, min(_FIRST, len(limits) - 1) if is_pruned else 0, np.int64)
    plans = _plans(first, last, need_starts, need_terms, need_values, frequencies, limits)
    k, n_checked = out_offers.shape[1], 0
    rows = (row_starts, row_terms, row_values)
    groups = (marks, np.zeros(N_GROUPS), np.zeros(N_GROUPS, np.int32), mark_scale)
    for at in range(len(bases)):
        low = at * block
        size, share = min(block, n_offers - low), min(block, n_offers - low) / n_offers
        post = (starts[at], bases[at], ids, values, dense[at])
        flags[size:] = 0
        for need in range(first, last):
            begin, end = need_starts[need], need_starts[need + 1]
            if begin == end:
                continue
            query, best = (need_terms[begin:end], need_values[begin:end]), (out_offers[need], out_scores[need])
            ends, reach, work = plans[0][need - first], plans[1][need - first], plans[2][need - first]
            level, n_found = begins[need - first], counts[need - first]
            _set(table, query, True)
            _add_up(0, ends[level], query, post, sums)
            if n_found < k:
                n_found, n_full = _seed(low, size, sums, table, rows, n_found, best)
                n_checked += n_full
            cut = _cut(n_found, best[1], slack[need])
            while True:
                rest = heavy[level, low : low + size]
                n_hits = _flag(sums[:size], rest, reach[level], cut, flags)
                if level == 0 or n_hits * _HIT <= work[level - 1] * share:
                    n_kept = _narrow(low, sums, flags, level, cut, query, ends[level], groups, places, bounds)
                    if level == 0 or n_kept * _ROW <= work[level - 1] * share:
                        break
                _add_up(ends[level], ends[level - 1], query, post, sums)
                level -= 1
            begins[need - first] = _next_level(level, n_hits * _HIT + n_kept * _ROW, work, share, is_pruned)
            n_found, n_full = _finish(low, places[:n_kept], bounds[:n_kept], slack[need], table, rows, n_found, best)
            counts[need - first] = n_found
            n_checked += n_full
            _set(table, query, False)
            sums[:size] = 0
    return n_checked


@njit(cache=True, nogil=True)
def _plans(first, last, need_starts, need_terms, need_values, frequencies, limits):
    """Per need and level: how many terms are light, the length of the others, the postings of the next level."""
    ends = np.zeros((last - first, len(limits)), np.int64)
    reach, work = np.zeros((last - first, len(limits)), np.float32), np.zeros((last - first, len(limits)), np.float32)
    for need in range(first, last):
        begin, end, row = need_starts[need], need_starts[need + 1], need - first
        squares, n_postings = 0.0, 0.0
        level, place = 0, end
        while level < len(limits):
            if place > begin and frequencies[need_terms[place - 1]] > limits[level]:
                place -= 1
                squares += np.float64(need_values[place]) ** 2
                n_postings += frequencies[need_terms[place]]
                continue
            ends[row, level], reach[row, level] = place - begin, np.sqrt(squares) * (1 + 1e-6)
            if level > 0:
                work[row, level - 1] = n_postings
            n_postings = 0.0
            level += 1
    return ends, reach, work


@njit(cache=True, nogil=True)
def _next_level(level, spent, work, share, is_pruned):
    """One level lighter in the next block where survivors cost little; the same where not."""
    if not is_pruned or level + 1 >= len(work):
        return level
    return level + 1 if spent * 4 <= work[level] * share else level


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
    """Add the products of some terms of a need; the most common ones, at the end, as full columns."""
    terms, weights = query
    starts, base, ids, values, dense = post
    while end > begin and terms[end - 1] < len(dense):
        first = max(begin, end - 4)
        while terms[first] >= len(dense):
            first += 1
        _add_columns(terms[first:end], weights[first:end], dense, sums)
        end = first
    for place in range(begin, end):
        weight, term = weights[place], terms[place]
        for p in range(np.uint64(base + starts[term]), np.uint64(base + starts[term + 1])):
            sums[ids[p]] += weight * values[p]


@njit(cache=True, nogil=True)
def _add_columns(terms, weights, dense, sums):
    """Up to four columns in one pass over the sums."""
    if len(terms) == 4:
        a, b, c, d = dense[terms[0]], dense[terms[1]], dense[terms[2]], dense[terms[3]]
        u, v, w, x = weights[0], weights[1], weights[2], weights[3]
        for at in range(len(sums)):
            sums[at] += (u * a[at] + v * b[at]) + (w * c[at] + x * d[at])
        return
    for place in range(len(terms)):
        column, weight = dense[terms[place]], weights[place]
        for at in range(len(sums)):
            sums[at] += weight * column[at]


@njit(cache=True, nogil=True)
def _flag(sums, rest, reach, cut, flags):
    """Mark the offers of the block that may still reach the threshold; returns how many."""
    n_hits = np.int32(0)
    for at in range(len(sums)):
        is_hit = sums[at] + reach * rest[at] >= cut
        flags[at] = is_hit
        n_hits += np.int32(is_hit)
    return n_hits


@njit(cache=True, nogil=True)
def _seed(low, size, sums, table, rows, n_found, best):
    """Score the offers with the highest sums so far in full, so that there is a threshold to prune by."""
    k, n_top = len(best[0]), 0
    n_lanes = min(256, size)
    most = np.zeros(n_lanes, np.float32)
    for start in range(0, size, n_lanes):
        part = sums[start : min(start + n_lanes, size)]
        for at in range(len(part)):
            most[at] = max(most[at], part[at])
    # each lane gives the offer of its highest sum; the lanes with the highest come first
    for _ in range(min(k, n_lanes)):
        lane = int(np.argmax(most))
        at = lane
        if most[lane] <= 0:
            break
        while sums[at] < most[lane]:
            at += n_lanes
        most[lane] = 0
        if not _is_in(low + at, n_found, best):
            n_found = _keep(best, n_found, low + at, _full(low + at, table, rows))
            n_top += 1
    return n_found, n_top


@njit(cache=True, nogil=True)
def _want(query, begin, groups):
    """The lengths of the need's common terms by group, rounded up to whole units; returns the unit."""
    terms, values = query
    _, lengths, wanted, scale = groups
    lengths[:] = 0
    for place in range(begin, len(terms)):
        lengths[terms[place] % N_GROUPS] += values[place] * values[place]
    unit = np.sqrt(lengths.max()) / 4000
    for group in range(N_GROUPS):
        wanted[group] = np.int32(np.ceil(np.sqrt(lengths[group]) / unit)) if unit > 0 else 0
    return np.float32(unit * scale)


@njit(cache=True, nogil=True)
def _common(offer, groups, unit):
    """What the common terms of an offer can add at most, group by group."""
    marks, _, wanted, _ = groups
    units, mark = np.int32(0), marks[offer * N_GROUPS : (offer + 1) * N_GROUPS]
    for group in range(N_GROUPS):
        units += np.int32(mark[group]) * wanted[group]
    return np.float32(units) * unit


@njit(cache=True, nogil=True)
def _narrow(low, sums, flags, level, cut, query, end, groups, places, bounds):
    """Of the flagged offers those that may reach the threshold by the closer bound: places and bounds; how many."""
    n_hits, words = 0, flags.view(np.uint64)
    for word in range(len(words)):
        if words[word] != 0:
            for at in range(word * _WORD, word * _WORD + _WORD):
                places[n_hits] = at
                n_hits += flags[at]
    if level == 0:
        for hit in range(n_hits):
            bounds[hit] = sums[places[hit]]
        return n_hits
    n_kept, unit = 0, _want(query, end, groups)
    # a loop without a branch, so that the fetching of one offer's marks overlaps with that of the next
    for hit in range(n_hits):
        at = places[hit]
        bound = sums[at] + _common(low + at, groups, unit)
        places[n_kept], bounds[n_kept] = at, bound
        n_kept += bound >= cut
    return n_kept


@njit(cache=True, nogil=True)
def _finish(low, places, bounds, slack, table, rows, n_found, best):
    """Score in full what may reach the threshold, the most promising first, until no more can."""
    n_full = 0
    for at in np.argsort(-bounds):
        if bounds[at] < _cut(n_found, best[1], slack):
            break
        offer = low + places[at]
        if not _is_in(offer, n_found, best):
            n_full += 1
            n_found = _keep(best, n_found, offer, _full(offer, table, rows))
    return n_found, n_full


@njit(cache=True, nogil=True)
def _is_in(offer, n_found, best):
    return (best[0][:n_found] == offer).any()


@njit(cache=True, nogil=True)
def _full(offer, table, rows):
    row_starts, row_terms, row_values = rows
    score = 0.0
    for p in range(np.uint64(row_starts[offer]), np.uint64(row_starts[offer + 1])):
        score += np.float64(table[row_terms[p]]) * np.float64(row_values[p])
    return score


@njit(cache=True, nogil=True)
def _keep(best, n_found, offer, score):
    """Insert an offer that is not there yet into the sorted list, best first and ties by position."""
    offers, scores = best
    k = len(offers)
    if score <= 0 or (n_found == k and (score < scores[k - 1] or (score == scores[k - 1] and offer > offers[k - 1]))):
        return n_found
    at = min(n_found, k - 1)
    while at > 0 and (scores[at - 1] < score or (scores[at - 1] == score and offers[at - 1] > offer)):
        scores[at], offers[at] = scores[at - 1], offers[at - 1]
        at -= 1
    scores[at], offers[at] = score, offer
    return min(n_found + 1, k)
