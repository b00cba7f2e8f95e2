"""Small real-life files, each showing one habit of an office: the right values, or the fault that names the place."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from duijie.data import words
from duijie.errors import InputError
from duijie.intake import Intake, read_table
from duijie.intake.pages import guess
from duijie.sheets import sheets

CASES = Path(__file__).with_name("cases")
TODAY = date(2026, 11, 28)
KINDS = {"a15_negative_quantity": "sites", "s5_prefix_qty": "sites", "a17_validity": "needs", "c7_dash": "rail"}


def _read(name: str, **options: Any) -> Intake:
    path = next(CASES.glob(f"{name}.*"))
    return read_table(path, KINDS.get(name, "firms"), today=TODAY, is_coded=False, **options)


def _column(found: Intake, key: str) -> list[Any]:
    table = found.to_arrow()
    return table.column(key).to_pylist() if key in table.column_names else []


def _faults(found: Intake) -> list[tuple[int, str]]:
    return sorted((int(fault.where.get("row", 0)), fault.code) for fault in found.faults)


def _left_out(found: Intake) -> list[tuple[int, str]]:
    return [(one.row, one.why) for one in found.left_out]


FIRM = "测试{}有限公司"
# file, column, its values in the sound rows, faults by row, lines left out by row
RIGHT: list[tuple[str, str, list[Any], list[tuple[int, str]], list[tuple[int, str]]]] = [
    ("a10_formula_no_cache", "capital", [], [(2, "cell_formula"), (2, "cell_formula")], []),
    ("a11_errors", "capital", [], [(2, "cell_error"), (2, "cell_error"), (3, "cell_error")], []),
    ("a13_apostrophe", "listed_code", ["000651"], [(3, "uscc_check")], []),
    ("a15_negative_quantity", "area", [0.0], [(2, "figure_below"), (4, "figure_not_finite")], []),
    ("a15b_negative_emp", "employees", [], [(2, "figure_below"), (3, "count_not_whole")], []),
    (
        "a16_dates",
        "registered_on",
        [*["2023-02-08"] * 11, "2023-02", "2023-02", "2024-02-29"],
        [(10, "date_unreadable"), (16, "date_impossible"), (17, "date_impossible")],
        [],
    ),
    ("a17_validity", "valid_until", [None, None, None, "2026-12", "2026-12-31"], [], []),
    (
        "a18_money",
        "capital",
        [*[5e6] * 10, 5e7, 5e6, None],
        [(14, "money_unit_unknown"), (16, "figure_unreadable"), (17, "money_unit_unknown"), (18, "money_unit_unknown")],
        [],
    ),
    ("a2_totals", "capital", [1e6, 2e6], [], [(row, "total") for row in range(4, 9)]),
    ("a3_notes", "capital", [1e6], [], [(row, "note") for row in range(4, 8)]),
    ("a4_groups", "capital", [1e6, 2e6, 3e6], [], [(2, "group"), (5, "group")]),
    ("a4b_groups", "capital", [1e6, 2e6, 3e6], [], [(2, "group"), (5, "group")]),
    ("a5_caption_unit", "revenue", [1e6, 2e6], [], []),
    ("a6_unit_year", "revenue", [1e6], [], []),
    ("a6_unit_year", "employees", [20.0], [], []),
    ("a7_cover_first", "capital", [1e6], [], [(0, "no_table")]),
    ("a8_hidden_sheet", "capital", [1e6], [(0, "sheet_hidden")], []),
    ("a9_hidden_row", "capital", [1e6], [(3, "rows_hidden")], []),
    ("b13_ragged", "name", [FIRM.format(one) for one in "甲乙丙"], [], []),
    ("b15_status", "name", [FIRM.format("丙")], [], [(2, "status_closed"), (3, "status_revoked")]),
    ("b16_pi_note", "note", [], [(2, "personal_number")], []),
    ("b19_1904", "registered_on", ["2023-02-08"] * 4, [], []),
    ("b1_tsv_commas", "scope", ["鞋,服装,箱包,雨伞,面料的研发,生产,销售"] * 6, [], []),
    ("b1b_semicolon", "capital", [15_000.0] * 3, [], []),
    ("b1b_semicolon", "revenue", [22_500.0] * 3, [], []),
    ("b20_stacked", "capital", [1e6], [(4, "table_below")],
     [(4, "heading_other"), (5, "other_table"), (6, "other_table")]),
    ("b21_two_up", "name", [FIRM.format(one) for one in "甲丙乙丁"], [], []),
    ("b22_card", "capital", [1e6], [], []),
    ("b22_card", "town", ["第一镇"], [], []),
    ("b3_cp936_euro", "capital_currency", ["EUR"], [], []),
    ("b6b_traditional", "capital", [5e6], [], []),
    ("b7_html", "capital", [1e6], [], []),
    ("b8_xml2003", "name", [FIRM.format("甲")], [], []),
    ("c3_heads", "capital", [1e6], [], []),
    ("c3_heads", "employees", [20.0], [], []),
    ("c5_uscc", "uscc", ["9135058215626570X3", None, None],
     [(3, "value_twice"), (4, "uscc_as_number"), (6, "uscc_trivial")], []),
    ("c6_region", "region", [*["350582"] * 5, *["440309"] * 3], [], []),
    ("c7_dash", "trains", [None, None, 12.0], [], []),
    ("c8_total", "name", [FIRM.format("甲")], [], [(row, "total") for row in range(3, 10)]),
    (
        "s1_signs",
        "revenue",
        [],
        [(2, "figure_below"), (3, "money_unit_unknown"), (4, "figure_below"), (5, "figure_below"),
         (6, "money_unit_unknown"), (7, "money_unit_unknown")],
        [(8, "total")],
    ),
    (
        "s5_prefix_qty",
        "area",
        [],
        [(2, "figure_below"), (3, "quantity_unit"), (4, "figure_words"), (5, "figure_words")],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "values", "faults", "left_out"), RIGHT)
def test_a_file_gives_the_right_values_or_says_why(
    name: str, key: str, values: list[Any], faults: list[tuple[int, str]], left_out: list[tuple[int, str]]
) -> None:
    """The sound rows hold what a person reads there; every other row and line is named."""
    found = _read(name)
    assert _column(found, key) == values
    assert _faults(found) == faults
    assert _left_out(found) == left_out
    assert all(f"left_{one.why}" in words("zh") for one in found.left_out)


REFUSED = [
    ("b4_bad_byte", "file_bad_byte", {"line": 3, "at": 84, "byte": "E5", "encoding": "UTF-8"}),
    ("b5_truncated", "file_cut", {"line": 3, "encoding": "UTF-8"}),
    ("s2_curly", "quote_open", {"line": 2}),
]


@pytest.mark.parametrize(("name", "code", "values"), REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused_with_the_place(name: str, code: str, values: dict[str, Any]) -> None:
    """A byte of no encoding, a text cut off, a quote never closed: the line is named."""
    with pytest.raises(InputError) as caught:
        _read(name)
    assert caught.value.code == code
    assert values.items() <= caught.value.values.items()
    assert caught.value.where["row"] == values["line"]
    assert "{" not in words("zh")[caught.value.hint]


def test_every_case_is_tested() -> None:
    """No file of the folder is without its right values."""
    tested = {name for name, *_ in RIGHT} | {name for name, *_ in REFUSED}
    assert tested == {path.stem for path in CASES.iterdir()}


@pytest.mark.parametrize("name", sorted({name for name, *_ in RIGHT}))
def test_every_line_is_a_row_or_is_skipped(name: str) -> None:
    """Rows and skipped lines add up to the lines below the heading; none is swallowed."""
    found, path = _read(name, hidden="take"), next(CASES.glob(f"{name}.*"))
    if name in ("b21_two_up", "b22_card"):
        return  # two tables side by side have two rows a line, a card one row for all its lines
    shown = [sheet for sheet in sheets(path) if sheet.name not in {one.sheet for one in found.left_out if one.row == 0}]
    below = 0
    for sheet in shown:
        rows = list(sheet.rows())
        headings = [number for number, row in rows if any(str(cell) in found.columns for cell in row)]
        below += len(rows) - headings[0]
    assert found.n_rows + found.n_skipped == below


def test_hidden_rows_and_sheets_are_read_or_left_out_as_one_says() -> None:
    """What a program does not show is asked about; the answer is to take it or to leave it."""
    assert _column(_read("a9_hidden_row", hidden="take"), "capital") == [1e6, 2e6]
    left = _read("a9_hidden_row", hidden="leave")
    assert (_column(left, "capital"), left.n_faults, _left_out(left)) == ([1e6], 0, [(3, "hidden")])
    assert _column(_read("a8_hidden_sheet", hidden="take"), "capital") == [1e6, 5e5]
    assert _left_out(_read("a8_hidden_sheet", hidden="leave")) == [(0, "hidden")]


def test_the_kind_is_guessed_past_a_cover_sheet() -> None:
    """A sheet of instructions before the table does not hide it."""
    kind, first = guess(sheets(CASES / "a7_cover_first.xlsx"))
    assert (kind, first[0][1][0]) == ("firms", "企业名称")


def test_a_personal_number_is_not_repeated_in_its_fault() -> None:
    """The fault says that there is one and covers it."""
    (fault,) = _read("b16_pi_note").faults
    assert "13800000000" not in str(fault)
    assert Counter(str(fault.values["value"]))["*"] == 4
