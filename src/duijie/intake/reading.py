# mypy: disable-error-code="untyped-decorator,no-any-return"
"""Read names and scopes against the phrase book: which headings they speak for, and how strongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from .phrasebook import DIRECT, MODE, MODES, NEGATION, NOISE, PRODUCT, Phrasebook, folding

__all__ = ["Evidence", "packed", "read_batch", "trace"]

_SEPARATOR, _CLAUSE, _COLON, _OTHER = 10, 11, 12, 13
_MOST = 4096  # tokens kept of one text: a 10,000-character scope says what it says in its first part
_FALL = 1.0  # the n-th item of a scope weighs 1 / (1 + n)
_NAME = 1.4  # a name weighs about as much as the first two items
_VAGUE = 0.7  # a word of a name that names no more than a division: 机械, 纺织
_EARLIER = 0.35  # a word before the last one of an item qualifies it: 塑料 in 塑料模具
_MODES = len(MODES)
_ORDER = ("grow", "make", "mine", "trade", "retail", "install", "lease", "repair", "research")
_PRIORITY = np.array([MODES.index(mode) for mode in _ORDER])
_MAKE, _TRADE, _RETAIL, _GROW = (MODES.index(mode) for mode in ("make", "trade", "retail", "grow"))


class Evidence(NamedTuple):
    """For each text: `heading` (texts, 4) rows of the best heading a level or -1, `share` (texts, 4) of the weight
    that lies under it, `total` (texts,) weight found, `divisions` (texts, divisions) the share under each division."""

    heading: NDArray[np.int32]
    share: NDArray[np.float32]
    total: NDArray[np.float32]
    divisions: NDArray[np.float32]


def read_batch(names: Sequence[str], scopes: Sequence[str], book: Phrasebook) -> Evidence:
    """The best headings of each pair of name and scope; both sequences have one length."""
    name_text, name_at = packed(names)
    scope_text, scope_at = packed(scopes)
    heading = np.full((len(names), 4), -1, np.int32)
    share = np.zeros((len(names), 4), np.float32)
    total = np.zeros(len(names), np.float32)
    places = np.where(book.level == 2, np.cumsum(book.level == 2) - 1, -1).astype(np.int32)
    divisions = np.zeros((len(names), int((book.level == 2).sum())), np.float32)
    _read_all(name_text, name_at, scope_text, scope_at, _tables(book), places, heading, share, total, divisions)
    return Evidence(heading, share, total, divisions)


def trace(name: str, scope: str, book: Phrasebook) -> list[tuple[str, str, float]]:
    """What decided for one text: (words as they stand, heading, weight), heaviest first."""
    texts = [packed([name])[0], packed([scope])[0]]
    buffers = _buffers()
    n = _contributions(texts[0], 0, len(texts[0]), texts[1], 0, len(texts[1]), _tables(book), buffers)
    found: dict[tuple[str, str], float] = {}
    for row in range(n):
        at, length, where = (int(buffers.where[row, column]) for column in range(3))
        phrase = (name, scope)[where][at : at + length]
        key = (phrase, book.codes[int(buffers.heading[row])])
        found[key] = found.get(key, 0.0) + float(buffers.weight[row])
    return sorted(((phrase, code, weight) for (phrase, code), weight in found.items()), key=lambda one: -one[2])


class _Tables(NamedTuple):
    fold: NDArray[np.uint32]
    keys: NDArray[np.int64]
    child: NDArray[np.int32]
    found: NDArray[np.int32]
    length: NDArray[np.int32]
    kind: NDArray[np.int8]
    mode: NDArray[np.int8]
    start: NDArray[np.int32]
    heading: NDArray[np.int32]
    weight: NDArray[np.float32]
    target: NDArray[np.int32]
    belief: NDArray[np.float32]
    parent: NDArray[np.int32]
    level: NDArray[np.int32]


class _Buffers(NamedTuple):
    tokens: NDArray[np.int32]  # (tokens, 4): kind, phrase, position, length
    items: NDArray[np.int32]  # (items, 6): first token, after the last, mode bits, is prefix mode, clause, mode
    where: NDArray[np.int32]  # (contributions, 3): position, length, 0 name or 1 scope
    heading: NDArray[np.int32]
    weight: NDArray[np.float32]


def _buffers() -> _Buffers:
    return _Buffers(
        np.zeros((_MOST, 4), np.int32),
        np.zeros((_MOST, 6), np.int32),
        np.zeros((4 * _MOST, 3), np.int32),
        np.zeros(4 * _MOST, np.int32),
        np.zeros(4 * _MOST, np.float32),
    )


def _tables(book: Phrasebook) -> _Tables:
    length = np.array([len(phrase) for phrase in book.phrases], np.int32)
    return _Tables(folding(), book.keys, book.child, book.found, length, book.kind, book.mode, book.start, book.heading,
                   book.weight, book.target, book.belief, book.parent, book.level)  # fmt: skip


def packed(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All characters in one array, and where each text begins, the end of the last one behind them."""
    raw = "".join(texts).encode("utf-32-le", "surrogatepass")
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.frombuffer(raw, np.uint32), ends


@nb.njit(cache=True)
def _letter(code: int, t: _Tables) -> int:
    return t.fold[code] if code < 65536 else 65535


@nb.njit(cache=True)
def _step(node: int, letter: int, t: _Tables) -> int:
    key = (np.int64(node) << 16) | np.int64(letter)
    slot = ((key * np.int64(0x9E3779B1)) >> 7) & (len(t.keys) - 1)
    while t.keys[slot] >= 0:
        if t.keys[slot] == key:
            return t.child[slot]
        slot = (slot + 1) & (len(t.keys) - 1)
    return -1


@nb.njit(cache=True)
def _longest(text: NDArray[np.uint32], at: int, end: int, t: _Tables) -> int:
    node, best = 0, -1
    for position in range(at, end):
        node = _step(node, _letter(text[position], t), t)
        if node < 0:
            break
        if t.found[node] >= 0:
            best = t.found[node]
    return best


@nb.njit(cache=True)
def _punctuation(letter: int) -> int:
    if letter in (0x3B, 0x3002, 0x2E, 0x0A, 0x5E, 0x3013, 0x2A):  # ; 。 . newline ^ 〓 *
        return _CLAUSE
    if letter in (0x2C, 0x3001, 0x2F, 0x20, 0x28, 0x29, 0x3010, 0x3011, 0x5B, 0x5D, 0x548C, 0x53CA, 0x4E0E):
        return _SEPARATOR  # , 、 / space brackets 和 及 与
    return _COLON if letter == 0x3A else -1


@nb.njit(cache=True)
def _bracket_end(text: NDArray[np.uint32], at: int, end: int, t: _Tables) -> int:
    """The place after a bracket that only excludes or cites a permit; `at` where it holds things that count."""
    depth, is_aside = 0, False
    for position in range(at, min(end, at + 400)):
        letter = _letter(text[position], t)
        depth += (letter in (0x28, 0x3010)) - (letter in (0x29, 0x3011))
        phrase = _longest(text, position, end, t)
        is_aside = is_aside or (phrase >= 0 and t.kind[phrase] == NEGATION)
        if depth <= 0:
            return position + 1 if is_aside else at
    return end if is_aside else at


@nb.njit(cache=True)
def _tokens(text: NDArray[np.uint32], at: int, end: int, is_name: bool, t: _Tables, tokens: NDArray[np.int32]) -> int:
    n = 0
    while at < end and n < _MOST:
        letter = _letter(text[at], t)
        if letter in (0x28, 0x3010):
            after = _bracket_end(text, at, end, t)
            if after > at:
                at = after
                continue
        phrase = _longest(text, at, end, t)
        if phrase >= 0 and not _is_stray(text, at, end, phrase, is_name, t):
            kind, length = t.kind[phrase], t.length[phrase]
        else:
            kind, phrase, length = _punctuation(letter), -1, 1
            kind = _OTHER if kind < 0 else kind
        tokens[n, 0], tokens[n, 1], tokens[n, 2], tokens[n, 3] = kind, phrase, at, length
        at += length
        n += 1
    return n


@nb.njit(cache=True)
def _is_stray(text: NDArray[np.uint32], at: int, end: int, phrase: int, is_name: bool, t: _Tables) -> bool:
    """Whether a phrase of one character is only a part of another word: it must end its item, 厂 and 店 a name."""
    if t.length[phrase] > 1:
        return False
    after = at + 1
    if is_name or t.kind[phrase] == MODE:
        return not (is_name and t.kind[phrase] == MODE and after == end)
    if after == end or _punctuation(_letter(text[after], t)) >= 0:
        return False
    following = _longest(text, after, end, t)
    return following < 0 or t.kind[following] != MODE


@nb.njit(cache=True)
def _split(tokens: NDArray[np.int32], n: int, items: NDArray[np.int32]) -> int:
    """Items between separators, each with the modes that stand in it; the last column keeps the kind of its end."""
    count, first, clause = 0, 0, 0
    for row in range(n + 1):
        kind = tokens[row, 0] if row < n else _CLAUSE
        if kind < _SEPARATOR or kind == _OTHER:
            continue
        if row > first:
            items[count, 0], items[count, 1], items[count, 4], items[count, 5] = first, row, clause, kind
            count += 1
        clause += kind == _CLAUSE
        first = row + 1
    return count


@nb.njit(cache=True)
def _note_modes(tokens: NDArray[np.int32], items: NDArray[np.int32], count: int, t: _Tables) -> None:
    """Mode bits of each item (column 2) and (column 3) 0 none, 1 before its things, 2 after them, 3 nothing else."""
    for item in range(count):
        bits, first_mode, first_thing = 0, -1, -1
        for row in range(items[item, 0], items[item, 1]):
            kind = tokens[row, 0]
            mode = t.mode[tokens[row, 1]] if tokens[row, 1] >= 0 else 0
            if mode > 0:
                bits |= 1 << mode
                first_mode = row if first_mode < 0 else first_mode
            if kind != MODE and kind != NOISE and kind != NEGATION and first_thing < 0:
                first_thing = row
        items[item, 2] = bits
        items[item, 3] = 0 if bits == 0 else 3 if first_thing < 0 else 1 if first_mode < first_thing else 2


@nb.njit(cache=True)
def _spread_modes(items: NDArray[np.int32], count: int) -> None:
    """Give things the modes they share: 销售:a、b — forward; a、b的生产、销售 — backward; never across clauses."""
    ahead, is_leading, open_from, clause = 0, False, 0, -1
    for item in range(count):
        if items[item, 4] != clause:
            clause, ahead, is_leading, open_from = items[item, 4], 0, False, item
        stands = items[item, 3]
        if stands == 0:
            items[item, 2] = ahead
            is_leading = False
        elif stands == 1:
            ahead = ahead | items[item, 2] if is_leading else items[item, 2]
            items[item, 2], is_leading, open_from = ahead, False, item + 1
        elif stands == 2:
            for earlier in range(open_from, item):
                if items[earlier, 3] == 0:
                    items[earlier, 2] |= items[item, 2]
            open_from = item + 1 if items[item, 5] == _CLAUSE else open_from
        elif open_from < item and ahead == 0 and items[item, 5] != _COLON:
            for earlier in range(open_from, item):
                items[earlier, 2] |= items[item, 2]
        else:
            ahead = ahead | items[item, 2] if is_leading else items[item, 2]
            is_leading, open_from = True, item + 1


@nb.njit(cache=True)
def _resolved(bits: int, is_shop: bool) -> int:
    for mode in _PRIORITY:
        if bits & (1 << mode):
            return _RETAIL if is_shop and mode == _TRADE else mode
    return 0


@nb.njit(cache=True)
def _speak(
    tokens: NDArray[np.int32],
    first: int,
    after: int,
    mode: int,
    strength: float,
    is_name: bool,
    t: _Tables,
    out: _Buffers,
    n: int,
) -> int:
    """Write what one item says; the last thing in it counts in full, those before it qualify."""
    last = -1
    for row in range(first, after):
        if tokens[row, 0] == NEGATION:
            return n
        if tokens[row, 0] in (PRODUCT, DIRECT):
            last = row
    for row in range(first, after):
        kind, phrase = tokens[row, 0], tokens[row, 1]
        counts = kind in (PRODUCT, DIRECT) or (kind == MODE and last < 0)
        if not counts or n + 8 >= len(out.weight):
            continue
        place = 1.0 if row == last or last < 0 else _EARLIER
        for entry in range(t.start[phrase], t.start[phrase + 1]):
            heading, spoken = t.heading[entry], t.weight[entry] * strength * place
            if is_name and t.level[heading] <= 2:
                spoken *= _VAGUE
            if kind == PRODUCT:
                spoken *= t.belief[heading, mode]
                heading = t.target[heading, mode]
            out.where[n, 0], out.where[n, 1], out.where[n, 2] = tokens[row, 2], tokens[row, 3], 0 if is_name else 1
            out.heading[n], out.weight[n] = heading, spoken
            n += 1
    return n


@nb.njit(cache=True)
def _contributions(
    name: NDArray[np.uint32],
    name_at: int,
    name_end: int,
    scope: NDArray[np.uint32],
    at: int,
    end: int,
    t: _Tables,
    out: _Buffers,
) -> int:
    n_tokens = _tokens(name, name_at, name_end, True, t, out.tokens)
    bits = 0
    for row in range(n_tokens):
        if out.tokens[row, 0] == MODE:
            bits |= 1 << t.mode[out.tokens[row, 1]]
    is_shop = bits & (1 << _RETAIL) > 0
    own = _resolved(bits, is_shop)
    usual = own if own in (_MAKE, _TRADE, _RETAIL, _GROW) else 0
    n, leading = _scope(scope, at, end, usual, is_shop, t, out)
    own = leading if own == 0 or leading == _RETAIL else own
    n_tokens = _tokens(name, name_at, name_end, True, t, out.tokens)
    for row in range(n):
        out.where[row, 0] -= at
    before = n
    n = _speak(out.tokens, 0, n_tokens, own, _NAME, True, t, out, n)
    for row in range(before, n):
        out.where[row, 0] -= name_at
    return n


@nb.njit(cache=True)
def _scope(
    scope: NDArray[np.uint32], at: int, end: int, usual: int, is_shop: bool, t: _Tables, out: _Buffers
) -> tuple[int, int]:
    """Contributions of a scope, and the first way (made, sold, in a shop) in which it speaks of things."""
    n_tokens = _tokens(scope, at, end, False, t, out.tokens)
    count = _split(out.tokens, n_tokens, out.items)
    _note_modes(out.tokens, out.items, count, t)
    _spread_modes(out.items, count)
    n, spoken, leading = 0, 0, 0
    for item in range(count):
        mode = _resolved(out.items[item, 2], is_shop)
        mode = usual if mode == 0 else mode
        strength = 1.0 / (1.0 + _FALL * spoken)
        before = n
        n = _speak(out.tokens, out.items[item, 0], out.items[item, 1], mode, strength, False, t, out, n)
        if n > before:
            spoken += 1
            leading = mode if leading == 0 and mode in (_MAKE, _TRADE, _RETAIL) else leading
    return n, leading


@nb.njit(cache=True)
def _summed(
    n: int, t: _Tables, out: _Buffers, score: NDArray[np.float64], touched: NDArray[np.int32]
) -> tuple[float, int]:
    total, n_touched = 0.0, 0
    for row in range(n):
        total += out.weight[row]
        heading = out.heading[row]
        while heading >= 0:
            if score[heading] == 0.0:
                touched[n_touched] = heading
                n_touched += 1
            score[heading] += out.weight[row]
            heading = t.parent[heading]
    return total, n_touched


@nb.njit(cache=True)
def _read_all(
    names: NDArray[np.uint32], name_at: NDArray[np.int64], scopes: NDArray[np.uint32], scope_at: NDArray[np.int64],
    t: _Tables, places: NDArray[np.int32], heading: NDArray[np.int32], share: NDArray[np.float32],
    total: NDArray[np.float32], divisions: NDArray[np.float32],
) -> None:  # fmt: skip
    out = _Buffers(np.zeros((_MOST, 4), np.int32), np.zeros((_MOST, 6), np.int32), np.zeros((4 * _MOST, 3), np.int32),
                   np.zeros(4 * _MOST, np.int32), np.zeros(4 * _MOST, np.float32))  # fmt: skip
    score, touched = np.zeros(len(t.parent)), np.zeros(len(t.parent), np.int32)
    for row in range(len(total)):
        n = _contributions(names, name_at[row], name_at[row + 1], scopes, scope_at[row], scope_at[row + 1], t, out)
        weight, n_touched = _summed(n, t, out, score, touched)
        total[row] = weight
        above = -1
        for level in range(4):
            best = -1
            for one in touched[:n_touched]:
                if t.level[one] == level + 1 and t.parent[one] == above and (best < 0 or score[one] > score[best]):
                    best = one
            if best < 0:
                break
            heading[row, level], share[row, level] = best, score[best] / weight
            above = best
        for one in touched[:n_touched]:
            if places[one] >= 0:
                divisions[row, places[one]] = score[one] / weight
            score[one] = 0.0
