"""Search within a bound on memory: the same answer, part by part; progress and cancel."""

from __future__ import annotations

import numpy as np
import pytest

from duijie import match
from duijie.errors import InputError
from duijie.match.parts import merge_parts, search_texts
from duijie.match.text import TextSpace
from duijie.match.topk import TopK

DRAW = np.random.default_rng(5)
THINGS = ["鞋底", "皮革", "拉链", "芯片设计", "模具", "PU leather", "面料", "染整", "物流", "检测"]
OFFERS = ["、".join(DRAW.choice(THINGS, DRAW.integers(0, 6))) for _ in range(3000)]
NEEDS = ["、".join(DRAW.choice(THINGS, 3)) for _ in range(40)]


def _same(one: TopK, other: TopK) -> bool:
    return bool((one.offers == other.offers).all() and (one.scores == other.scores).all())


def test_the_bound_on_memory_does_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    space = TextSpace.learn(OFFERS)
    whole = search_texts(space, NEEDS, OFFERS, 7)
    monkeypatch.setattr("duijie.match.parts._NEEDS", 16)
    reports: list[tuple[int, int]] = []
    parts = search_texts(
        space, NEEDS, OFFERS, 7, memory_mb=0.001, progress=lambda _, done, total: reports.append((done, total))
    )
    assert _same(whole, parts)
    # three parts of a thousand offers, forty needs in each
    assert reports[-1] == (120, 120)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


def test_merging_takes_the_best_of_both_in_any_order() -> None:
    one = TopK(np.array([[4, 2, -1]], np.int32), np.array([[0.9, 0.5, 0.0]]))
    other = TopK(np.array([[1, 8, 9]], np.int32), np.array([[0.9, 0.5, 0.1]]))
    for found in (merge_parts(one, other), merge_parts(other, one)):
        assert found.offers.tolist() == [[1, 4, 2]]
        assert found.scores.tolist() == [[0.9, 0.9, 0.5]]


def test_raising_in_progress_cancels() -> None:
    class CancelledError(Exception):
        pass

    def stop(label: str, done: int, total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        search_texts(TextSpace.learn(OFFERS), NEEDS, OFFERS, progress=stop)


def test_nothing_to_search() -> None:
    empty = TextSpace.learn([])
    assert search_texts(empty, ["鞋底"], [], 2, memory_mb=1).offers.tolist() == [[-1, -1]]
    assert search_texts(TextSpace.learn(OFFERS), [], OFFERS, 2).offers.shape == (0, 2)
    with pytest.raises(InputError, match="match_memory_too_small"):
        search_texts(empty, [], [], memory_mb=0)


def test_rank_within_a_bound() -> None:
    ids = [f"o{at:05}" for at in range(len(OFFERS))]
    needs = [f"n{at}" for at in range(len(NEEDS))]
    whole = match.rank(needs, NEEDS, ids, OFFERS, top=5)
    assert match.rank(needs, NEEDS, ids[::-1], OFFERS[::-1], top=5, memory_mb=0.5) == whole
    assert match.TextIndex.build(ids, OFFERS).search(NEEDS, 5) == whole
