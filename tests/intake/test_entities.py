"""One organisation under several names: pairs with reasons, decisions, undo; measured on seeded corruptions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.errors import InputError
from duijie.intake import MergeQueue, merge_queue
from duijie.intake.entities import core_name, likeness, restored, saved

SHARED = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[3] / "shared"))
REGISTRY = SHARED / "data/enterprise_registry/national_sample_29prov.parquet"
GOOD = "9135058215626570X3"


def _table(*rows: dict[str, Any]) -> pa.Table:
    keys = dict.fromkeys(key for row in rows for key in row)
    return pa.table({key: [row.get(key) for row in rows] for key in keys})


def _queue() -> MergeQueue:
    return merge_queue(
        [_table(
            {"name": "某县甲乙丙鞋业有限公司", "uscc": GOOD, "registered_on": "1990-01-02"},
            {"name": "甲乙丙鞋业有限责任公司", "uscc": GOOD, "registered_on": "1990"},
            {"name": "甲乙丙 鞋业公司", "uscc": GOOD, "registered_on": "1990-01-02"},
            {"name": "丁戊己水泥厂", "uscc": None, "registered_on": "2001-01-02"},
        )]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("福建省晋江市甲乙丙鞋业有限公司", "甲乙丙鞋业有限责任公司"),
        ("甲乙丙鞋业（福建）有限公司", "福建甲乙丙鞋业有限公司"),
        ("深圳市甲乙丙电子 股份有限公司", "甲乙丙电子集团有限公司"),
    ],
)
def test_place_form_and_brackets_do_not_make_another_name(one: str, other: str) -> None:
    assert core_name(one) == core_name(other)


@given(st.text(max_size=30))
def test_any_name_has_a_core(name: str) -> None:
    assert isinstance(core_name(name), str)
    assert likeness(name, name) == (1.0 if name else 0.0)


def test_pairs_come_with_reasons_for_and_against() -> None:
    queue = _queue()
    assert {(pair.one, pair.other) for pair in queue.pairs} == {(0, 1), (0, 2), (1, 2)}
    assert all(any(reason.code == "merge_same_code" for reason in pair.reasons) for pair in queue.pairs)
    branch = merge_queue([_table({"name": "甲乙丙鞋业有限公司"}, {"name": "甲乙丙鞋业有限公司丁分公司"})], least=0)
    assert any(not reason.is_for for pair in branch.pairs for reason in pair.reasons)


def test_moved_and_english_named_organisations_are_found() -> None:
    moved = GOOD[:2] + "440300" + GOOD[8:]
    queue = merge_queue(
        [_table({"name": "甲乙丙鞋业有限公司", "uscc": GOOD}, {"name": "甲乙丙科技有限公司", "uscc": moved})], least=0
    )
    assert any(reason.code == "merge_same_organisation" for reason in queue.pairs[0].reasons)
    english = merge_queue(
        [_table({"name": "甲", "name_en": "Abc Shoes Co., Ltd."}, {"name": "ABC SHOES LIMITED"})], least=0
    )
    assert any(reason.code == "merge_same_english" for reason in english.pairs[0].reasons)


def test_nothing_and_one_record_give_an_empty_queue() -> None:
    assert merge_queue([]).pairs == ()
    assert merge_queue([_table({"name": "甲"})]).pairs == ()


def test_decisions_group_and_can_be_undone() -> None:
    queue = (
        _queue().decide(0, 1, is_same=True, by="a", at="2026-01-01").decide(1, 2, is_same=True, by="a", at="2026-01-01")
    )
    assert queue.groups() == ((0, 1, 2),)
    assert queue.open_pairs() == ()
    undone = queue.undo(0, by="b", at="2026-01-02")
    assert undone.groups() == ((1, 2),)
    assert len(undone.decisions) == 3
    assert {(pair.one, pair.other) for pair in undone.open_pairs()} == {(0, 1), (0, 2)}
    assert restored(saved(undone)).groups() == undone.groups()


def test_contradictions_and_wrong_calls_are_refused() -> None:
    queue = _queue().decide(0, 1, is_same=True, by="a", at="").decide(1, 2, is_same=True, by="a", at="")
    with pytest.raises(InputError, match="merge_contradiction"):
        queue.decide(0, 2, is_same=False, by="b", at="")
    with pytest.raises(InputError, match="merge_no_pair"):
        queue.decide(0, 0, is_same=True, by="b", at="")
    with pytest.raises(InputError, match="merge_no_decision"):
        queue.undo(0, by="b", at="").undo(0, by="b", at="")
    with pytest.raises(InputError, match="merge_queue_broken"):
        restored("{}")


@pytest.mark.skipif(not REGISTRY.exists(), reason="the registry sample is not here (DUIJIE_SHARED)")
def test_seeded_corruptions_are_found() -> None:
    from benchmarks.intake.corruptions import sample

    table, same = sample(REGISTRY, 4000, 0.4, seed=3)
    found = {(pair.one, pair.other) for pair in merge_queue([table]).pairs}
    assert len(found & same) / len(found) > 0.97
    assert len(found & same) / len(same) > 0.85
