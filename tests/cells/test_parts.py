"""What readers of tables use of the grammars by itself: units, headings, many codes at once, numbers of persons."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.cells import CellType, read
from duijie.cells.amounts import is_unit, measure, money_unit, unit_factor, unit_name
from duijie.cells.cell import Cell, compact, folded, is_nothing, is_unsaid, plain
from duijie.cells.codes import check_character, is_sound, place_of_name, regions, sound_codes
from duijie.cells.days import from_1904
from duijie.cells.figures import bounded, numeral, split_magnitude
from duijie.cells.reading import heading_unit
from duijie.cells.texts import covered, personal_number

CAPITAL, PEOPLE, AREA = CellType("money"), CellType("count", "person"), CellType("quantity", "meter ** 2")


@pytest.mark.parametrize(
    ("heading", "kind", "unit"),
    [
        ("注册资本（万元）", CAPITAL, "万元"),
        ("注册资本(万元", CAPITAL, "万元"),
        ("注册资本【万元】", CAPITAL, "万元"),
        ("营业收入（2025年，万元）", CAPITAL, "万元"),
        ("营业收入（2025年）（万元）", CAPITAL, "万元"),
        ("注册资本/万元", CAPITAL, "万元"),
        ("年薪/万元/年", CAPITAL, "万元/年"),
        ("注册资本 万元", CAPITAL, "万元"),
        ("注册资本/万元（2025年末）", CAPITAL, "万元"),
        ("注册资本万元（2025年）", CAPITAL, "万元"),
        ("注册资本_万元", CAPITAL, "万元"),
        ("注册资本万元", CAPITAL, "万元"),
        ("注册资本（单位：万港元）", CAPITAL, "万港元"),
        ("注册资本（计量单位为万元）", CAPITAL, "万元"),
        ("capital_wan", CAPITAL, "万"),
        ("注册资本（人民币）", CAPITAL, "人民币"),
        ("注册资本", CAPITAL, ""),
        ("备注（万元）", CellType("text"), ""),
        ("占比（%）", CellType("share"), "%"),
        ("占比（‰）", CellType("share"), "‰"),
        ("占比（年）", CellType("share"), ""),
        ("从业人数（人，2025年末）", PEOPLE, "人"),
        ("人数（含临时工）", PEOPLE, ""),
        ("面积（亩）", AREA, "亩"),
        ("面积（万元）", AREA, "万元"),
        ("面积（万元）（亩）", AREA, "亩"),
        ("面积（大概）", AREA, ""),
        ("本期值（亿元）", CellType("number"), "亿元"),
        ("本期值（吨）", CellType("number"), "吨"),
        ("本期值（大概）", CellType("number"), ""),
        ("区间（万元）", CellType("range"), "万元"),
        ("万" * 1001, CAPITAL, ""),
    ],
)
def test_the_unit_of_a_heading(heading: str, kind: CellType, unit: str) -> None:
    """In brackets, behind a stroke or at the end; what is no unit of the type's sort is passed over where one is."""
    assert heading_unit(heading, kind) == unit


@pytest.mark.parametrize(
    ("unit", "found"),
    [
        ("元", (1, "CNY", True)),
        ("万元", (10_000, "CNY", True)),
        ("万", (10_000, "", False)),
        ("百万美元", (1_000_000, "USD", True)),
        ("万元人民币", (10_000, "CNY", True)),
        ("人民币万元", (10_000, "CNY", True)),
        ("人民币万", (10_000, "CNY", True)),
        ("万(港币)", (10_000, "HKD", True)),
        ("万[港币]", (10_000, "HKD", True)),
        ("万元(美元", (10_000, "USD", True)),
        ("人民币", (1, "CNY", False)),
        ("usd", (1, "USD", False)),
        ("元整", (1, "CNY", True)),
        ("", None),
        ("()", None),
        ("万)", None),
        ("匹", None),
        ("很多元", None),
    ],
)
def test_units_of_money(unit: str, found: object) -> None:
    """Factor, currency, and whether a unit is named at all."""
    known = money_unit(unit)
    assert (known and (known[0], known[1], known[2])) == found


@pytest.mark.parametrize(
    ("unit", "target", "factor"),
    [
        ("平方米", "meter ** 2", 1.0),
        ("万平方米", "meter ** 2", 10_000.0),
        ("万亩", "meter ** 2", 10_000 * 2000 / 3),
        ("亩", "meter", None),
        ("吨/年", "metric_ton / year", 1.0),
        ("万吨/年", "metric_ton / year", 10_000.0),
        ("吨每年", "metric_ton / year", 1.0),
        ("吨", "metric_ton / year", 1.0),
        ("吨/天", "metric_ton / year", 365.25),
        ("公斤/亩", "kilogram / meter ** 2", 3 / 2000),
        ("吨/(年)", "metric_ton / year", 1.0),
        ("", "meter", None),
        ("米/米/米/米/米", "meter", None),
        ("x", "meter", None),
    ],
)
def test_units_of_measure(unit: str, target: str, factor: float | None) -> None:
    """What a figure is multiplied by; nothing where the two measure different things."""
    assert unit_factor(unit, target) == (factor if factor is None else pytest.approx(factor, rel=1e-12))


def test_names_of_units() -> None:
    """As they are reckoned in and as people write them; what is no unit of either has no name."""
    assert [measure(one) for one in ("吨/年", "平方米", "元", "", "万吨", "吨/x")] == [
        "(metric_ton) / (year)", "(meter ** 2)", "", "", "", "",
    ]  # fmt: skip
    assert [unit_name(one) for one in ("meter ** 2", "metric_ton / year", "(person)", "x")] == [
        "平方米", "吨/年", "人", "x",
    ]  # fmt: skip
    assert [is_unit(one) for one in ("万元", "%", "‰", "亩", "万元/年", "吨/年", "", "大概")] == [True] * 6 + [
        False
    ] * 2


@given(st.lists(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXYIO-", min_size=16, max_size=19), max_size=5))
def test_many_codes_at_once_are_judged_as_one_by_one(texts: list[str]) -> None:
    """Whatever stands among them, those that are no text included."""
    bodies = [text[:17] for text in texts if len(text) > 17 and not {"I", "O", "-"} & {*text[:17]}]
    own = [body + check_character(body) for body in bodies]
    trivial = ["1" * 17, "12" * 8 + "1", "12345678" + "9" * 9, "A" * 17]
    whole = [body + check_character(body) for body in trivial]
    cells = [*texts, *own, None, 12.0, *whole, "９" * 18]
    assert sound_codes(cells).tolist() == [isinstance(one, str) and is_sound(one) for one in cells]
    assert not any(map(is_sound, whole))
    assert sound_codes([]).tolist() == []


def test_a_code_is_no_filling() -> None:
    """Three different characters, two of them in the part of the organisation, are the least."""
    few, own = "12312312" + "123123123", "12345678" + "999999998"
    for body in (few, own):
        assert is_sound(body + check_character(body))


def test_a_name_tells_a_place() -> None:
    """By what it begins with or has in brackets, the longest name first; one of several provinces tells none."""
    once = {name: code for code, (name, gone) in regions().items() if code.endswith("0000") and not gone}
    for name, code in once.items():
        assert place_of_name(f"{name}某某有限公司") == code
        assert place_of_name(f"某某（{name}）有限公司") == code
        assert place_of_name(f"某某({name})有限公司") == code
    assert place_of_name("某某公司") == place_of_name("") == place_of_name("市辖区某某公司") == ""
    assert place_of_name("三亚某某公司") == "460200"
    assert place_of_name("三亚（深圳）某某公司") == "460200"
    assert place_of_name("朝阳区某某公司") == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (None, ""),
        ("  a​b ", "ab"),
        ('="01""2"', '01"2'),
        ("=1+1", "=1+1"),
        (12.0, "12"),
        (1e15, "1000000000000000.0"),
        (999_999_999_999_999.0, "999999999999999"),
        (0.5, "0.5"),
        (date(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2, 1), "2026-03-02 01:00:00"),
        (datetime(2026, 3, 2, 0, 1), "2026-03-02 00:01:00"),
        (datetime(2026, 3, 2, 0, 0, 1), "2026-03-02 00:00:01"),
        (["a", 2.0], "a;2"),
        (True, "True"),
    ],
)
def test_the_text_of_a_cell(text: object, number: str) -> None:
    """No invisible letters, no outer spaces, whole numbers without their point."""
    assert plain(text) == number  # type: ignore[arg-type]


def test_texts_as_they_are_compared() -> None:
    """Half width, lower case, simplified; an apostrophe before a code is taken off, quotes are not."""
    assert [folded(one) for one in ("'０１２", "'a'", "'", "註冊")] == ["012", "'a'", "", "注册"]
    assert compact("' 12-3＿x") == "123X"
    assert [is_nothing(one) for one in ("", "-", "------", "-------", "//", "///", "无", "0")] == [
        True, True, True, False, True, False, True, False,
    ]  # fmt: skip
    assert [is_unsaid(one) for one in ("待定", "无", "x")] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("零", 0),
        ("十", 10),
        ("一十", 10),
        ("十五", 15),
        ("二十", 20),
        ("一百零五", 105),
        ("一百一十", 110),
        ("一千零一十", 1010),
        ("一万零一", 10_001),
        ("十万", 100_000),
        ("一百二十万", 1_200_000),
        ("一亿零五百万", 105_000_000),
        ("一亿二千万零三", 120_000_003),
        ("一万亿", 10**12),
        ("九万亿", 9 * 10**12),
        ("两百", 200),
        ("二〇二六", 2026),
        ("一二〇", 120),
        ("〇一二", None),
        ("一二", None),
        ("百", None),
        ("二百五", None),
        ("三万五", None),
        ("一百五", None),
        ("一百十", None),
        ("十十", None),
        ("万", None),
        ("一零", None),
    ],
)
def test_numbers_in_characters(text: str, number: int | None) -> None:
    """As they are properly written; what is said loosely is none."""
    assert numeral(text) == number


@given(st.integers(1, 10**13 - 1))
def test_every_number_is_read_as_it_is_written(number: int) -> None:
    """By the rule for writing them, spelled here digit by digit."""
    assert numeral(_spelled(number)) == number


def _spelled(number: int) -> str:
    """A number in characters: groups of four digits, zeros within them as one 零."""
    for mark, size in (("亿", 10**8), ("万", 10**4)):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return f"{_spelled(high)}{mark}{gap}{_spelled(low) if low else ''}"
    text = ""
    for unit, digit in zip(("千", "百", "十", ""), f"{number:04}", strict=True):
        text += f"{'零一二三四五六七八九'[int(digit)]}{unit}" if digit != "0" else "零"
    while "零零" in text:
        text = text.replace("零零", "零")
    return text.strip("零")


def test_a_code_of_three_different_characters_is_one_as_it_stands() -> None:
    """A body of two may be filled in for want of a code, one of three is issued: many at once and one by one alike."""
    bodies = ("12312312312312312", "12121212121212121")
    codes = [body + check_character(body) for body in bodies]
    assert [is_sound(code) for code in codes] == sound_codes(codes).tolist() == [True, False]


@pytest.mark.parametrize(
    ("word", "factor"),
    [("十", 10), ("十万", 10**5), ("百万", 10**6), ("千万", 10**7), ("亿", 10**8), ("十亿", 10**9), ("百亿", 10**10),
     ("千亿", 10**11), ("万亿", 10**12), ("thousand", 1000), ("mn", 10**6), ("billion", 10**9), ("bn", 10**9)],
)  # fmt: skip
def test_every_magnitude_has_its_zeros(word: str, factor: int) -> None:
    """Those that banks and statistics write as well as those of every day."""
    assert split_magnitude(f"{word}元") == (factor, "元")
    assert read(f"5{word}元", CAPITAL).value == 5 * factor


def test_a_magnitude_stands_at_the_head() -> None:
    """The longest that fits; without one the factor is one."""
    assert [split_magnitude(one) for one in ("万元", "百万美元", "万亿元", "千", "million usd", "元万", "")] == [
        (10**4, "元"), (10**6, "美元"), (10**12, "元"), (1000, ""), (10**6, " usd"), (1, "元万"), (1, ""),
    ]  # fmt: skip


def test_bounds_are_within() -> None:
    """Least and most are admitted, what is beyond says which it passed; nothing is below nothing."""
    assert bounded(Decimal(5), "5", 5, 5) == 5.0
    assert str(bounded(Decimal("-0.0"), "-0", None, None)) == "0.0"
    assert bounded(Decimal(10) ** 18, "x", None, None) == 1e18
    wrong = [bounded(Decimal(one), one, 1000, 5000) for one in ("999", "5001")]
    assert [(one.wrong.code, one.wrong.values) for one in wrong if isinstance(one, Cell) and one.wrong] == [
        ("figure_below", {"value": "999", "least": "1,000"}),
        ("figure_above", {"value": "5001", "most": "5,000"}),
    ]
    beyond = bounded(Decimal(10) ** 18 + 1, "x", None, None)
    assert isinstance(beyond, Cell)
    assert beyond.wrong
    assert beyond.wrong.code == "figure_not_finite"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13800000000", "138****00"),
        ("+86 138-0000-0000", "861****00"),
        ("电话：138 0000 0000。", "138****00"),
        ("１３８００００００００", "138****00"),
        ("11010119900307123X", "110****3X"),
        ("110101-19900307-123x", "110****3x"),
        ("138000000001", ""),
        ("2138000000001", ""),
        ("A13800000000", ""),
        ("12800000000", ""),
        ("11010119901307123X", ""),
        ("1101011990030712", ""),
        ("产能138000000000件", ""),
        ("", ""),
    ],
)
def test_numbers_of_persons_are_covered(text: str, shown: str) -> None:
    """Mobile and identity numbers, never parts of longer ones; all of them where a text is shown."""
    assert personal_number(text) == shown
    assert (covered(text) != text) == bool(shown)
    assert covered(f"{text}；{text}").count("****") == (2 if shown else 0)


def test_days_counted_from_1904() -> None:
    """Four years and a day more; what is no such number stays."""
    assert [from_1904(one) for one in ("43503", "4350", "435030", "2023-02-08", "")] == [
        "44965", "4350", "435030", "2023-02-08", "",
    ]  # fmt: skip


def test_a_cell_that_is_several_or_spoilt_is_told_at_the_door() -> None:
    """Lists belong to words and ranges only; errors of a table program to no type."""
    for kind in (CAPITAL, CellType("date"), CellType("text"), CellType("choice")):
        assert read(["a", "b"], kind).wrong.code == "cell_several"  # type: ignore[union-attr]
    assert read(["5", "8"], CellType("range")).value == (5.0, 8.0)
    assert read(["5"], CellType("range")).wrong.code == "range_unreadable"  # type: ignore[union-attr]
    assert read(["5", None], CellType("range")).value == (5.0, None)
    assert read(["a", "a", "b"], CellType("words")).value == ("a", "b")
    for raw in (" #REF! ", "#N/A", "#n/a"):
        found = read(raw.strip(), CellType("text")).wrong
        assert found is not None
        assert (found.code, found.values) == ("cell_error", {"value": raw.strip()})
    assert read("#1楼", CellType("text")).value == "#1楼"
    assert read("", CAPITAL) == read(None, CAPITAL) == Cell()
