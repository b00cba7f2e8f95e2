"""Texts as vectors: the same n-grams as the one tokenizer, weights checked by hand, odd texts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.match.relatedness import ActivitySpace
from duijie.match.text import TextSpace, _grams, shared_words
from duijie.terms import tokens

ALPHABET = "鞋底材ab3 ,、。\nＡ！𠀀é"


@given(st.lists(st.text(ALPHABET, max_size=20), max_size=6), st.booleans())
def test_the_grams_are_those_of_the_tokenizer(texts: list[str], is_long: bool) -> None:
    rows, codes = _grams(texts, is_long)
    for at, text in enumerate(texts):
        found = Counter(_spelled(int(code)) for code in codes[rows == at])
        assert found == Counter(tokens.character_ngrams(text, (2, 3) if is_long else (1, 2)))


def _spelled(code: int) -> str:
    points = [code & 0x1FFFFF, code >> 21 & 0x1FFFFF, code >> 42]
    return "".join(chr(point) for point in points if point)


def test_weights_by_hand() -> None:
    # three texts; 鞋底 in two of them, 皮革 in one: 1 + ln(4/3) and 1 + ln(4/2), then scaled to length 1
    space = TextSpace.learn(["鞋底", "鞋底 皮革", "芯片"], analysis="long_grams")
    row = np.sort(space.vectors(["鞋底 皮革"]).data)
    common, rare = 1 + np.log(4 / 3), 1 + np.log(4 / 2)
    assert row == pytest.approx(np.array([common, rare]) / np.hypot(common, rare), abs=1e-6)


def test_learning_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["鞋底", "皮革", "", "鞋底皮革", "abc"]
    whole = TextSpace.learn(texts)
    monkeypatch.setattr("duijie.match.text._CHUNK", 2)
    parts = TextSpace.learn(texts)
    assert (whole.codes == parts.codes).all()
    assert (whole.frequencies == parts.frequencies).all()
    assert (whole.vectors(texts) != parts.vectors(texts)).nnz == 0


def test_odd_texts() -> None:
    space = TextSpace.learn(["鞋底", "", "。、!"])
    assert space.vectors(["", "。、!", "没见过"]).nnz == 0
    assert TextSpace.learn([]).vectors(["鞋底"]).shape == (1, 0)
    assert space.vectors([]).shape == (0, 3)
    assert (space.vectors(["鞋" * 10_000]).toarray() == space.vectors(["鞋"]).toarray()).all()
    assert (TextSpace.learn(["ABC"]).vectors(["ＡＢＣ"]) != TextSpace.learn(["abc"]).vectors(["abc"])).nnz == 0


def test_shared_words_are_whole_for_latin_and_longest_for_chinese() -> None:
    assert shared_words("PU leather 运动鞋底", "leather 鞋底、运动鞋") == ("leather", "运动鞋")
    assert shared_words("", "鞋") == ()


def test_activities_that_go_together_are_near_without_a_common_word() -> None:
    texts = ["皮革、鞋底"] * 30 + ["鞋底、胶水"] * 30 + ["芯片、电路"] * 30 + ["电路、封装"] * 30
    space = ActivitySpace.learn(texts, dimensions=2)
    leather, glue, chip = space.vectors(["皮革", "胶水", "封装"])
    assert leather @ glue > 0.5 > abs(float(leather @ chip)) + 0.3
    assert not space.vectors(["没见过"]).any()
    assert ActivitySpace.learn([]).vectors(["鞋"]).shape == (1, 0)
