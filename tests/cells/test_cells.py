"""Cells: what people type becomes a value, or a fault that says why; nothing is guessed and nothing raises."""

from __future__ import annotations

import math
import time
from datetime import date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from duijie.cells import TYPES, CellType, read
from duijie.cells.amounts import money, quantity
from duijie.cells.codes import check_character, industry, region, regions, unified_code
from duijie.cells.days import day
from duijie.cells.texts import choice, key, text
from duijie.cells.texts import words as several
from duijie.data import words
from duijie.intake.layouts import kinds, layout

FIRM = {name: column.cell for name, column in layout("firms").columns.items()}
raws = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.datetimes(), st.text(max_size=40),
    st.text(alphabet="0123456789.,万亿元人民币港美-约%/年月日 吨㎡亩ABXY（）()", max_size=24),
)  # fmt: skip


@given(raws, st.sampled_from([(form, column) for form in kinds() for column in layout(form).columns]))
def test_any_cell_is_a_value_or_a_fault_with_sentences(raw: object, place: tuple[str, str]) -> None:
    column = layout(place[0]).columns[place[1]]
    found = read(raw, column.cell)
    assert found.wrong is None or found.value is None
    assert 0 < found.confidence <= 1
    if found.wrong:
        assert {found.wrong.code, found.wrong.hint} <= set(words("zh"))
    if column.type in ("number", "money", "quantity", "count") and found.value is not None:
        assert math.isfinite(found.value)
        assert column.type == "number" or found.value >= 0


FREE = {"text", "url", "words"}
PIECES = ("1", "一", " ", "(", "1-", "年", "万", "1,", "，", "C19 ", "13800000000 ")


@pytest.mark.parametrize("kind", TYPES)
def test_a_cell_of_any_length_is_no_work(kind: str) -> None:
    """What is far too long for a figure, a day or a code is told as that, and nothing is searched in it for ever."""
    own = CellType(kind, {"quantity": "meter ** 2", "count": "person"}.get(kind, ""))
    started = time.process_time()
    for piece in PIECES:
        for n in (1000, 1001, 200_000):
            wrong = read((piece * n)[: n - 1] + "x", own).wrong
            assert (wrong is not None and wrong.code == "cell_long") == (n > 1000 and kind not in FREE)
    assert time.process_time() - started < 10


def test_a_cell_that_is_too_long_is_shown_in_part() -> None:
    """Its first letters, how many it has and how many there may be."""
    wrong = read("9" * 1001, CellType("money")).wrong
    assert wrong is not None
    assert (wrong.code, wrong.hint) == ("cell_long", "cell_shorten")
    assert wrong.values == {"value": "9" * 80 + "…", "n": 1001, "most": 1000}
    assert {wrong.code, wrong.hint} <= set(words("zh")) & set(words("en"))


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_a_check_character_catches_every_single_slip(body: str) -> None:
    assume(len(set(body)) > 2 and len(set(body[8:])) > 1)
    right = body + check_character(body)
    assert unified_code(right, FIRM["uscc"]).value == right
    for at in range(18):
        other = "Y" if right[at] != "Y" else "W"
        slip = unified_code(right[:at] + other + right[at + 1 :], FIRM["uscc"])
        assert slip.wrong is not None
        assert slip.wrong.code == "uscc_check"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("350582100001234", "uscc_old_number"),
        ("9135058215626570", "uscc_length"),
        ("9135058215626570I3", "uscc_letter"),
        ("9135058215626570X4", "uscc_check"),
        (9.135058215626571e17, "uscc_as_number"),
    ],
)
def test_faults_of_credit_codes(raw: object, code: str) -> None:
    assert unified_code(raw, FIRM["uscc"]).wrong.code == code


def test_a_credit_code_with_spaces_and_wide_digits_is_put_in_form() -> None:
    found = unified_code(" ９１３５ 0582-1562 6570X3", FIRM["uscc"])
    assert (found.value, found.is_mended) == ("9135058215626570X3", True)


def test_a_region_is_never_matched_by_name_alone() -> None:
    names = {name for code, (name, gone) in regions().items() if not gone}
    twice = region("龙华区", FIRM["region"]).wrong
    assert len(twice.values["codes"]) == 2
    assert all(region(name, FIRM["region"]).value is None for name in sorted(names)[::50])


@pytest.mark.parametrize(
    ("raw", "code"),
    [(350582, "350582"), (350582.0, "350582"), ("350582 晋江市", "350582"), ("350582000000", "350582"),
     ("广东省深圳市龙华区", "440309"), ("海口市龙华区", "460106"), ("３５０５８２", "350582")],
)  # fmt: skip
def test_regions_in_their_usual_forms(raw: object, code: str) -> None:
    assert region(raw, FIRM["region"]).value == code


def test_a_region_says_whether_its_cell_was_mended() -> None:
    """A code as it is was not; one with its name beside it was."""
    assert [region(raw, FIRM["region"]).is_mended for raw in ("350582", "350582 晋江市")] == [False, True]


@pytest.mark.parametrize(
    ("raw", "code"),
    [("440312", "region_unknown"), ("110103", "region_withdrawn"), ("440309 福田区", "region_disagrees"),
     ("某某", "region_unknown"), (1.5, "region_unknown")],
)  # fmt: skip
def test_faults_of_regions(raw: object, code: str) -> None:
    assert region(raw, FIRM["region"]).wrong.code == code


def test_industry_codes() -> None:
    column = FIRM["industry"]
    found = [industry(raw, column).value for raw in ("1952", "C1952", "C19 皮革", "C", 195.0, 1952, "01", 1.0)]
    assert found == ["1952", "1952", "19", "C", "195", "1952", "01", "01"]
    assert industry("9999", column).wrong.code == "industry_unknown"


@pytest.mark.parametrize(
    ("raw", "unit", "amount", "currency"),
    [
        ("1000万元", "", 1e7, "CNY"),
        ("500万美元", "", 5e6, "USD"),
        ("1.5亿港元", "", 1.5e8, "HKD"),
        ("1,000.50万人民币元", "", 10_005_000, "CNY"),
        ("￥3000", "元", 3000, "CNY"),
        (116, "万元", 1_160_000, "CNY"),
        (113, "万港元", 1_130_000, "HKD"),
        ("20", "万元(美元", 200_000, "USD"),
        ("12 亿元", "", 1.2e9, "CNY"),
    ],
)
def test_money(raw: object, unit: str, amount: float, currency: str) -> None:
    found = money(raw, FIRM["capital"], unit)
    assert (found.value, found.extra) == (pytest.approx(amount), currency)


@pytest.mark.parametrize(
    ("raw", "code"),
    [("1000", "money_without_unit"), (1000, "money_without_unit"), ("50-100万元", "amount_range"),
     ("3万匹", "money_unit_unknown"), ("很多", "figure_unreadable"), ("-5万元", "figure_below")],
)  # fmt: skip
def test_faults_of_money(raw: object, code: str) -> None:
    assert money(raw, FIRM["capital"]).wrong.code == code


def test_a_figure_given_as_about_is_believed_less() -> None:
    assert money("约500万元", FIRM["capital"]).confidence < money("500万元", FIRM["capital"]).confidence == 1
    assert money("50万", FIRM["capital"]).confidence == 0.9


@pytest.mark.parametrize(
    ("raw", "unit", "kind", "column", "value"),
    [
        ("3亩", "", "sites", "area", 2000),
        ("1.2万平方米", "", "sites", "area", 12000),
        (5, "公顷", "sites", "area", 50000),
        ("1.5吨/平方米", "", "sites", "floor_load", 1500),
        ("5kN/㎡", "", "sites", "floor_load", 509.858),
        ("800", "吨", "streams", "flow", 800),
        ("2吨/天", "", "streams", "flow", 730.5),
        ("2小时", "", "rail", "fastest", 120),
        ("35人", "", "firms", "employees", 35),
    ],
)
def test_quantities(raw: object, unit: str, kind: str, column: str, value: float) -> None:
    assert read(raw, layout(kind).columns[column].cell, unit).value == pytest.approx(value, rel=1e-4)


def test_a_quantity_of_another_kind_is_a_fault() -> None:
    assert quantity("6处", layout("sites").columns["area"].cell).wrong.code == "quantity_unit"


@pytest.mark.parametrize(
    ("raw", "value"),
    [("2019-04-01", "2019-04-01"), ("2019/4/1", "2019-04-01"), ("２０１９年４月", "2019-04"), ("20190401", "2019-04-01"),  # noqa: E501
     (2019, "2019"), (date(2019, 4, 1), "2019-04-01"), (datetime(2019, 4, 1, 8), "2019-04-01"), ("", None)],
)  # fmt: skip
def test_dates(raw: object, value: str | None) -> None:
    assert day(raw, FIRM["registered_on"]).value == value


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("2019-02-30", "date_impossible"),
        ("2019-13", "date_impossible"),
        ("去年", "date_unreadable"),
        ("1492", "date_impossible"),
    ],
)
def test_faults_of_dates(raw: str, code: str) -> None:
    assert day(raw, FIRM["registered_on"]).wrong.code == code


def test_the_rest() -> None:
    assert read("1,234", CellType("number")).value == 1234
    assert key(12.0, FIRM["id"]).value == "12"
    assert text("=1+1", FIRM["name"]).value == "=1+1"
    assert several("甲；乙、甲", FIRM["products"]).value == ("甲", "乙")
    role = layout("streams").columns["role"].cell
    assert choice("供给", role).value == "offer"
    assert choice("别的", role).wrong.code == "choice_unknown"
