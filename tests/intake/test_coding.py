"""Industry codes from text: hand-worked cases, degenerate input, and the labelled rows."""

from __future__ import annotations

import csv
import gzip
import io
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.coder_weights import ridge

from duijie import data
from duijie.errors import InputError
from duijie.intake import code_industries
from duijie.intake.coding import agreed, read_texts
from duijie.intake.commands import group
from duijie.intake.weighing import term_rows

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
    assert not found.confidence[0].any()
    assert found.confidence[1].max() < 0.5
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


def test_products_are_read_by_a_table_of_their_own() -> None:
    """Where there is no scope, products decide; the name alone leaves it open."""
    found = code_industries(["甲实业有限公司"] * 2, [""] * 2, ["女士内衣、文胸、家居服", ""])
    assert found.divisions.tolist()[0] == "18"
    assert found.confidence[0, 1] > found.confidence[1, 1]


def test_a_section_is_as_likely_as_its_divisions_together_and_rules_alone_are_marked() -> None:
    """Section ≥ division; road freight was never measured, shoes were."""
    found = code_industries(["甲货运有限公司", "甲鞋业有限公司"], ["道路普通货物运输", "鞋制造"], threshold=0)
    assert (found.confidence[:, 0] >= found.confidence[:, 1]).all()
    assert found.sections.tolist() == ["G", "C"]
    assert found.is_tested.tolist() == [False, True]


def test_texts_as_rows_by_hand() -> None:
    """Twice 鞋, once 底, the pair 鞋底 of rarity 2: (1 + ln 2, 1, 2) over its length; nothing runs over the end."""
    known = np.array(sorted([ord("鞋"), ord("底"), (ord("鞋") << 16) | ord("底")]), np.uint64)
    rarity = np.where(known > 0xFFFF, 2.0, 1.0).astype(np.float32)
    rows = term_rows(["鞋、鞋底", "", "鞋", "底"], known, rarity).toarray()
    at = {int(code): place for place, code in enumerate(known)}
    expected = np.zeros(3)
    expected[[at[ord("鞋")], at[ord("底")], at[(ord("鞋") << 16) | ord("底")]]] = 1 + np.log(2), 1, 2
    np.testing.assert_allclose(rows[0], expected / np.linalg.norm(expected), rtol=1e-6)
    assert not rows[1].any()
    assert rows[2].sum() == rows[3].sum() == 1


def test_what_a_row_gets_without_itself_needs_no_second_fit() -> None:
    """The closed form equals fitting anew without the row, weights of rows and all."""
    draw = np.random.default_rng(3)
    points, target, root = draw.normal(size=(9, 4)), np.eye(3)[draw.integers(0, 3, 9)], draw.uniform(0.5, 1, (9, 1))
    kernel = points @ points.T
    _, left_out = ridge(kernel, target, root)
    for row in range(9):
        kept = np.delete(np.arange(9), row)
        dual, _ = ridge(kernel[np.ix_(kept, kept)], target[kept], root[kept])
        np.testing.assert_allclose(kernel[row, kept] @ dual, left_out[row], atol=1e-10)


def test_weights_that_ship_hold_no_text() -> None:
    """Single characters and pairs, figures, codes of divisions; three megabytes at most."""
    path = data.root() / "intake" / "coder_weights.npz"
    assert path.stat().st_size < 3_000_000
    with np.load(path) as file:
        assert all(file[key].max() < 1 << 32 for key in file.files if key.startswith("grams"))
        assert [key for key in file.files if file[key].dtype.kind in "OSU"] == ["divisions"]


def _coded(tmp_path: Path, text: str, *options: str, encoding: str = "utf-8") -> tuple[Any, list[dict[str, str]]]:
    file, out = tmp_path / "firms.csv", tmp_path / "codes.csv"
    file.write_text(text, encoding=encoding)
    done = CliRunner().invoke(group, ["code", str(file), "--out", str(out), *options], obj={"language": "zh"})
    with out.open(encoding="utf-8-sig") if out.exists() else io.StringIO() as handle:
        return done, list(csv.DictReader(handle))


_FIRMS = (
    "企业名称,经营范围,主要产品\n甲鞋业有限公司,鞋制造,运动鞋\n丁乙,以章程为准,\n甲货运有限公司,道路普通货物运输,\n"
)


def test_a_file_is_coded_line_by_line(tmp_path: Path) -> None:
    """Usual headings are found, GBK is read, group and class have no confidence, an unknown firm has no code."""
    done, rows = _coded(tmp_path, _FIRMS, encoding="gb18030")
    assert done.exit_code == 0, done.output
    assert [row["division"] for row in rows] == ["19", "", "54"]
    assert [row["note"] for row in rows] == ["", "", "未测"]
    assert {row["confidence_group"] + row["confidence_class"] for row in rows} == {""}
    assert all(0 <= float(row["confidence_division"]) <= float(row["confidence_section"]) <= 1 for row in rows)


def test_only_the_columns_named_are_read(tmp_path: Path) -> None:
    """Who names the scope alone is answered from the scope alone."""
    text = "a,b,主要产品\n甲,鞋制造,水泥\n"
    both, alone = (_coded(tmp_path, text, "--scope", column)[1][0] for column in ("主要产品", "b"))
    assert (both["division"], alone["division"]) == ("30", "19")


def test_absent_columns_are_named_all_at_once(tmp_path: Path) -> None:
    """Two wrong headings are two faults, with what the file has; a file of other things says what to do."""
    done, _ = _coded(tmp_path, _FIRMS, "--name", "厂名", "--scope", "范围")
    assert isinstance(done.exception, InputError)
    assert [fault.values["column"] for fault in done.exception.faults] == ["厂名", "范围"]
    other, _ = _coded(tmp_path, "a,b\n1,2\n")
    assert isinstance(other.exception, InputError)
    assert other.exception.code == "code_no_text"
