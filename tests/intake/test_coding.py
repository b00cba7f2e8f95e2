"""Industry codes from text: hand-worked cases, degenerate input, and the labelled rows."""

from __future__ import annotations

import csv
import gzip
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.errors import InputError
from duijie.intake import code_industries
from duijie.intake.coding import agreed, read_texts

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("DUIJIE_SHARED", HERE.parents[2] / "shared"))
REGISTRY = [
    SHARED / "data/enterprise_registry" / f"{name}.parquet" for name in ("fujian_guangdong", "national_sample_29prov")
]


@pytest.mark.parametrize(
    ("name", "scope", "code"),
    [
        ("甲鞋业有限公司", "鞋制造。(依法须经批准的项目,经相关部门批准后方可开展经营活动)", "195"),
        ("甲商贸有限公司", "批发:鞋帽", "5133"),
        ("甲鞋店", "零售:鞋帽", "5233"),
        ("甲有限公司", "汽车维修", "8111"),
        ("甲有限公司", "汽车配件制造", "3670"),
        ("甲公司", "变压器、整流器和电感器制造", "3821"),
        ("甲水泥有限公司", "水泥的生产、销售", "3011"),
        ("甲建材经营部", "水泥、钢材销售", "51"),
        ("甲物业服务有限公司", "物业管理", "7020"),
        ("某某银行股份有限公司某支行", "吸收公众存款;人民币贷款", "662"),
    ],
)
def test_what_is_done_with_a_thing_decides(name: str, scope: str, code: str) -> None:
    found = code_industries([name], [scope], threshold=0)
    assert str(found.deepest()[0]).startswith(code)


def test_exclusions_in_brackets_say_nothing() -> None:
    plain, excluded = (read_texts([""], [scope]) for scope in ("服装制造", "服装制造(不含水泥、危险化学品的销售)"))
    assert plain.codes.tolist() == excluded.codes.tolist()
    assert plain.total == excluded.total


def test_nothing_to_go_by_is_dont_know() -> None:
    found = code_industries(["", "丁乙"], ["", "经营范围由商事主体通过章程载明"])
    assert found.codes.tolist() == [[""] * 4] * 2
    assert not found.confidence.any()
    assert found.explain(0) == ()


def test_no_rows_give_no_rows() -> None:
    assert code_industries([], []).codes.shape == (0, 4)


def test_wrong_calls_are_named() -> None:
    with pytest.raises(InputError, match="lengths_differ"):
        code_industries(["a"], [])
    with pytest.raises(InputError, match="threshold_outside"):
        code_industries([], [], threshold=1.5)


def test_reasons_add_up_and_name_words_of_the_text() -> None:
    name, scope = "甲鞋业有限公司", "鞋、鞋底制造;批发、零售鞋材"
    reasons = code_industries([name], [scope]).explain(0, n=99)
    assert sum(reason.weight for reason in reasons) == pytest.approx(1)
    assert all(reason.values["phrase"] in name + scope for reason in reasons)
    assert {reason.is_for for reason in reasons} == {True, False}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=30), st.text(alphabet="鞋制造销售服装、;:()不含的水泥加工a零售和", max_size=60)),
        max_size=6,
    )
)
def test_any_text_is_read(rows: list[tuple[str, str]]) -> None:
    names, scopes = [one for one, _ in rows], [two for _, two in rows]
    found = code_industries(names, scopes, threshold=0)
    assert np.all((found.confidence >= 0) & (found.confidence <= 1))
    assert np.all(np.diff(found.confidence, axis=1) <= 0)
    for codes in found.codes:
        known = [code for code in codes if code]
        assert all(finer.startswith(coarser) for coarser, finer in pairwise(known[1:]))
    alone = [code_industries([one], [two], threshold=0).codes[0].tolist() for one, two in rows]
    assert alone == found.codes.tolist()


def test_a_very_long_scope_is_read() -> None:
    found = code_industries(["甲"], ["服装制造、" * 10_000])
    assert found.divisions.tolist() == ["18"]


@pytest.mark.skipif(not REGISTRY[0].exists(), reason="the registry sample is not here (DUIJIE_SHARED)")
def test_labelled_rows_are_coded_well() -> None:
    with (HERE / "labels.csv").open(encoding="utf-8") as handle:
        labels = {row["uscc"]: row for row in csv.DictReader(handle)}
    rows = {row["uscc"]: row for path in REGISTRY for row in _rows(path, list(labels))}
    assert len(rows) == len(labels) == 300
    found = code_industries(
        [row["name"] for row in rows.values()], [row["scope"] for row in rows.values()], threshold=0
    )
    first, second = ([labels[key][name] for key in rows] for name in ("first", "second"))
    for level, least in zip(range(1, 5), (0.90, 0.84, 0.80, 0.65), strict=True):
        pairs = [(a, b) for a, b in zip(agreed(first, second, level), found.codes[:, level - 1], strict=True) if a]
        assert np.mean([a == b for a, b in pairs]) >= least


def _rows(path: Path, keys: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = pq.read_table(
        path, columns=["uscc", "name", "scope"], filters=[("uscc", "in", keys)]
    ).to_pylist()
    return found


@pytest.mark.skipif(not REGISTRY[0].exists(), reason="the registry sample is not here (DUIJIE_SHARED)")
def test_rows_labelled_after_all_changes_are_coded_and_the_confidence_is_honest() -> None:
    with (HERE / "labels_final.csv").open(encoding="utf-8") as handle:
        labels = {row["uscc"]: row["label"] for row in csv.DictReader(handle)}
    rows = {row["uscc"]: row for path in REGISTRY for row in _rows(path, list(labels))}
    found = code_industries(
        [row["name"] for row in rows.values()], [row["scope"] for row in rows.values()], threshold=0
    )
    own = [labels[key] for key in rows]
    for level, least in zip(range(1, 3), (0.85, 0.82), strict=True):
        truth = agreed(own, own, level)
        chosen = [at for at, label in enumerate(truth) if label]
        share = np.mean([found.codes[at, level - 1] == truth[at] for at in chosen])
        assert share >= least
        assert abs(found.confidence[chosen, level - 1].mean() - share) < 0.08


@pytest.mark.skipif(not REGISTRY[0].exists(), reason="the registry sample is not here (DUIJIE_SHARED)")
def test_listed_firms_fall_into_the_section_of_their_label() -> None:
    path = SHARED / "data/matching_ground_truth/listed_scope_to_sw_industry.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    with (HERE / "shenwan_sections.csv").open(encoding="utf-8") as handle:
        table = {row["prefix"]: row["sections"].split() for row in csv.DictReader(handle)}
    found = code_industries([row["fullname"] for row in rows], [row["scope"] for row in rows], threshold=0).sections
    codes = [row["industry_code"] for row in rows]
    right = [next(table[code[:n]] for n in range(6, 1, -1) if code[:n] in table) for code in codes]
    assert np.mean([section in good for section, good in zip(found, right, strict=True)]) > 0.75
