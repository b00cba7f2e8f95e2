"""What `rank` answers to texts nobody hopes for: one stated answer each, as the reference page lists them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from duijie import match
from duijie.match import script
from duijie.match.assignment import Candidates, assign_auction
from duijie.match.text import shared_words
from duijie.match.topk import Postings, top_k

OFFERS = {"a": "运动鞋底", "b": "芯片设计", "c": "ＡＢＣ leather", "d": "", "e": "。、！", "f": "鞋"}


def _ranked(text: str, offers: dict[str, str] | None = None) -> tuple[str, ...]:
    given = OFFERS if offers is None else offers
    return match.rank(["n"], [text], list(given), list(given.values())).ids[0]


@pytest.mark.parametrize("text", ["", "   ", "。、！，；", "🙂", "\n\t"])
def test_nothing_said_gets_nothing(text: str) -> None:
    assert _ranked(text) == ()


def test_one_character_is_met_by_that_character() -> None:
    assert _ranked("鞋") == ("f", "a")


def test_ten_thousand_characters_are_a_text_like_any_other() -> None:
    assert _ranked("鞋" * 10_000) == _ranked("鞋")
    assert _ranked("芯片设计" * 2_500)[0] == "b"


def test_full_width_letters_count_as_half_width() -> None:
    assert _ranked("abc") == _ranked("ＡＢＣ") == ("c",)


def test_traditional_characters_are_read_as_simplified_where_opencc_is_installed() -> None:
    pytest.importorskip("opencc")
    assert _ranked("運動鞋底") == _ranked("运动鞋底") == ("a", "f")
    assert _ranked("晶片設計")[0] == "b"
    assert shared_words("運動鞋", "运动鞋底") == ("运动鞋",)
    once = [script.simplified(chr(point)) for point in range(0x3400, 0xA000)]
    assert [script.simplified(one) for one in once] == once


def test_without_it_they_meet_only_what_both_scripts_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "_pattern", lambda: None)
    assert _ranked("運動鞋底") == ("a", "f")
    assert _ranked("晶片設計") == ("b",)
    assert _ranked("晶圓") == ()


def test_all_texts_identical_gives_the_lowest_ids() -> None:
    same = {f"{at:05}": "运动鞋底、皮革" for at in range(3000)}
    assert _ranked("鞋底", same) == tuple(f"{at:05}" for at in range(10))


def test_many_equal_rows_cross_blocks_and_threads_alike() -> None:
    rows = sparse.csr_matrix(np.tile(np.array([[0.6, 0.8, 0.0]], np.float32), (500, 1)))
    for block in (1, 7, 64, 16_384):
        found = top_k(rows[:3], Postings.of(rows, block=block), 4, n_threads=2)
        assert (found.offers == [0, 1, 2, 3]).all()


@pytest.mark.parametrize("places", [1, 4, 25])
def test_scarce_places_of_larger_offers_keep_capacity_and_bound(places: int) -> None:
    draw, n = np.random.default_rng(places), 600
    n_offers = n // places
    offers = np.concatenate([draw.choice(n_offers, 8, replace=False) for _ in range(n)])
    table = Candidates(np.arange(n + 1) * 8, offers, draw.random(8 * n), np.ones(n, int), np.full(n_offers, places))
    found = assign_auction(table)
    assert np.bincount(offers[found.is_assigned], minlength=n_offers).max() <= places
    assert found.method == "auction"
    assert found.gap_share <= 1e-5
