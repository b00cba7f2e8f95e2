"""Tables of needs and offers are read by the grammar of every other cell, row by row, with nothing swallowed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from duijie.errors import Fault, InputError
from duijie.match.kinds import Field, Role, load_kinds
from duijie.match.tables import Verdict, check_ending, column_of, decisions_of, listings_of, read_rows, write_rows
from duijie.terms import Bilingual, Listing

CASES = Path(__file__).with_name("cases")
SUPPLY = load_kinds()["supply"]


def _faults(name: str, role: Role) -> set[tuple[object, str]]:
    path = CASES / name
    with pytest.raises(InputError) as caught:
        listings_of(SUPPLY, role, read_rows(path), path)
    return {(fault.where["column"], fault.code) for fault in caught.value.faults}


def test_negative_quantities_prices_and_times_are_refused() -> None:
    """A quantity of -100, a price of -5, a lead time of -10 and -2 partners are faults, each at its column."""
    assert _faults("q5_negative_needs.csv", "need") == {("月需求量", "figure_below"), ("希望对接家数", "figure_below")}
    assert _faults("q5_negative_offers.csv", "offer") == {("单价", "figure_below"), ("交期", "figure_below")}


def test_a_line_separator_of_unicode_stays_in_its_cell(tmp_path: Path) -> None:
    """U+2028 and U+0085 stand in a text; only line feeds and carriage returns end a row."""
    path = tmp_path / "needs.csv"
    path.write_text("id,title\r\nn1,鞋\u2028底\u0085料\r\nn2,伞\r\n", encoding="utf-8", newline="")
    assert [row["id"] for row in read_rows(path)] == ["n1", "n2"]


def test_an_open_quote_swallows_nothing(tmp_path: Path) -> None:
    """A quotation mark that is not closed is named by its line."""
    path = tmp_path / "needs.csv"
    path.write_text('id,title\nn1,"鞋”\nn2,伞\n', encoding="utf-8")
    with pytest.raises(InputError, match="quote_open") as caught:
        read_rows(path)
    assert caught.value.where["row"] == 2


def test_amounts_units_and_ends_are_read_as_in_any_table(tmp_path: Path) -> None:
    """A price in 万元, weeks of lead time, a dash, a day that never comes have their meaning; rows keep numbers."""
    path = tmp_path / "needs.csv"
    text = "id,最高单价,最长交期,月需求量,valid_until\nn1,1.5万元,2周,—,长期\n\nn2,10,30天,很多,2027\n"
    path.write_text(text, encoding="utf-8")
    rows = read_rows(path)
    with pytest.raises(InputError) as caught:
        listings_of(SUPPLY, "need", rows, path)
    assert [(fault.where["row"], fault.code) for fault in caught.value.faults] == [(4, "figure_unreadable")]
    (found,) = listings_of(SUPPLY, "need", rows[:1], path)
    assert (dict(found.payload), found.valid_until) == ({"price_most_cny": 15_000, "lead_most_days": 14}, "")


def test_a_formula_without_its_result_is_a_fault(tmp_path: Path) -> None:
    """What a workbook never calculated is not empty."""
    book = openpyxl.Workbook()
    for row in (["id", "最高单价"], ["n1", "=5*2"]):
        book.active.append(row)
    book.save(tmp_path / "needs.xlsx")
    with pytest.raises(InputError) as caught:
        read_rows(tmp_path / "needs.xlsx")
    assert [(fault.where["row"], fault.code) for fault in caught.value.faults] == [(2, "cell_formula")]


@pytest.mark.parametrize(("value", "code"), [(15, "figure_above"), (0, "figure_below"), (4.5, "count_not_whole")])
def test_a_level_of_readiness_runs_from_one_to_nine(value: float, code: str) -> None:
    """The bounds of a field stand in its kind's file."""
    assert [fault.code for fault in load_kinds()["result"].check("offer", {"trl": value})] == [code]


def test_no_field_takes_a_figure_that_is_not_finite() -> None:
    """NaN and infinity fit no number and no range."""
    for value in (float("nan"), float("inf"), 1e300, [1.0, float("nan")], [1.0, 1e300]):
        key = "ticket_cny" if isinstance(value, list) else "capacity_n"
        assert [fault.code for fault in load_kinds()["capital"].check("offer", {key: value})] == ["match_value_wrong"]


def test_days_of_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    """A number under a heading of days is the day that the workbook shows, whichever year it counts from."""
    for epoch, number in ((openpyxl.utils.datetime.CALENDAR_MAC_1904, 44926), (None, 46388)):
        book = openpyxl.Workbook()
        book.epoch = epoch or book.epoch
        for row in (["id", "party", "valid_until"], ["n1", "甲", number]):
            book.active.append(row)
        book.save(tmp_path / "needs.xlsx")
        path = tmp_path / "needs.xlsx"
        assert listings_of(SUPPLY, "need", read_rows(path), path)[0].valid_until == "2027-01-01"


def _table(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def _told(read: Any) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        read()
    return [*caught.value.faults] or [caught.value]  # type: ignore[list-item]


def _read(folder: Path, text: str, role: Role = "need") -> list[Listing]:
    path = _table(folder, text)
    return listings_of(SUPPLY, role, read_rows(path), path)


def test_rows_are_known_by_their_id(tmp_path: Path) -> None:
    """No column of ids, an empty one and one that stands twice are faults, all at once, where ids are asked for."""
    path = _table(tmp_path, "id,title\nn1,鞋\n,伞\n\nn1,服\nn1,帽\n")
    found = _told(lambda: read_rows(path))
    assert [(one.code, one.where["row"], dict(one.values)) for one in found] == [
        ("match_id_empty", 3, {}),
        ("match_id_twice", 5, {"id": "n1"}),
        ("match_id_twice", 6, {"id": "n1"}),
    ]
    assert [row["title"] for row in read_rows(path, has_ids=False)] == ["鞋", "伞", "服", "帽"]
    assert [one.code for one in _told(lambda: read_rows(_table(tmp_path, "title\n鞋\n")))] == ["match_no_id_column"]
    assert read_rows(_table(tmp_path, "title\n")) == []
    assert read_rows(_table(tmp_path, "")) == []
    with pytest.raises(InputError, match="file_missing"):
        read_rows(tmp_path / "none.csv")


def test_a_column_by_its_name(tmp_path: Path) -> None:
    """One that is not there is named with those that are; a table without rows has every column."""
    rows = read_rows(_table(tmp_path, "id,title\nn1,鞋\nn2,伞\n"))
    assert column_of(rows, "title", tmp_path) == ["鞋", "伞"]
    assert column_of([], "title", tmp_path) == []
    (wrong,) = _told(lambda: column_of(rows, "text", tmp_path))
    assert (wrong.code, dict(wrong.values)) == ("match_no_text_column", {"column": "text", "known": "id, title"})


ROWS = [{"need": "n1", "rank": 1, "score": 0.5, "more": "x"}, {"need": "需求", "rank": 2, "score": 0.25, "more": "y"}]
NAMES = ("need", "rank", "score")


def test_results_are_written_in_three_forms(tmp_path: Path) -> None:
    """CSV that Excel opens, JSON of whole rows, Parquet; folders are made on the way."""
    for name in ("out/a.csv", "out/a.json", "out/a.parquet"):
        check_ending(tmp_path / name)
        write_rows(tmp_path / name, ROWS, NAMES)
    written = (tmp_path / "out/a.csv").read_bytes().decode("utf-8-sig")
    assert written == "need,rank,score\r\nn1,1,0.5\r\n需求,2,0.25\r\n"
    assert (tmp_path / "out/a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert json.loads((tmp_path / "out/a.json").read_text(encoding="utf-8")) == ROWS
    assert '\n  "need": "需求",\n' in (tmp_path / "out/a.json").read_text(encoding="utf-8")
    assert pq.read_table(tmp_path / "out/a.parquet").to_pylist() == [{key: row[key] for key in NAMES} for row in ROWS]


def test_no_other_form_is_begun(tmp_path: Path) -> None:
    """The ending is refused by name before a file or folder is made."""
    (wrong,) = _told(lambda: write_rows(tmp_path / "out" / "a.xlsx", ROWS, NAMES))
    assert (wrong.code, dict(wrong.values)) == (
        "match_file_kind", {"suffix": ".xlsx", "known": ".csv, .json, .parquet"},
    )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_columns_are_keys_or_labels(tmp_path: Path) -> None:
    """In either language; unknown ones are left out, empty cells say nothing, what is the listing's own is no field."""
    (one, other) = _read(
        tmp_path,
        "id,party,side,标题,Main products,月需求量,note,basis,valid_from,valid_until\n"
        "n1,,甲侧,鞋,鞋底;鞋面,1000,x,,2026,2026-02\nn2,p2,,,,,,derived,2026-03,2026-03-05\n",
    )
    assert dict(one.payload) == {"title": "鞋", "products": ("鞋底", "鞋面"), "quantity_month": 1000}
    assert (one.id, one.party, one.side, one.basis) == ("n1", "n1", "甲侧", "published")
    assert (one.valid_from, one.valid_until) == ("2026-01-01", "2026-02-28")
    assert (dict(other.payload), other.party, other.basis) == ({}, "p2", "derived")
    assert (other.valid_from, other.valid_until) == ("2026-03-01", "2026-03-05")
    assert (one.kind, one.version, one.role) == ("supply", SUPPLY.version, "need")
    plain = listings_of(SUPPLY, "need", [{"id": "n1"}], tmp_path)
    assert (plain[0].side, plain[0].industry, plain[0].valid_from) == ("", "", "")


def test_a_field_has_one_column(tmp_path: Path) -> None:
    """Two would be read one after the other, and the first lost."""
    found = _told(lambda: _read(tmp_path, "id,title,标题\nn1,鞋,伞\n"))
    assert [(one.code, dict(one.values)) for one in found] == [("heading_twice", {"name": "标题", "n": 2})]


def test_days_that_are_none_are_faults(tmp_path: Path) -> None:
    """With row and column, in whatever row; rows that come from no file count from below a heading."""
    found = _told(lambda: _read(tmp_path, "id,valid_from,valid_until\n\nn1,soon,2026-02-30\n"))
    assert [(one.code, one.where["row"], one.where["column"]) for one in found] == [
        ("date_unreadable", 3, "valid_from"),
        ("date_impossible", 3, "valid_until"),
    ]
    plain = _told(lambda: listings_of(SUPPLY, "need", [{"id": "n1"}, {"id": "n2", "valid_from": "soon"}], tmp_path))
    assert [(one.where["row"], one.hint) for one in plain] == [(3, "date_form")]


def test_what_a_kind_asks_for_is_asked_for_once(tmp_path: Path) -> None:
    """A value that must be there and is not is a fault; one that is there and cannot be read is told as that."""
    price = Field("price", Bilingual("价", "Price"), "number", "元", is_required=True)
    kind = replace(SUPPLY, need=(price,))
    path = _table(tmp_path, "id,价\nn1,很多\nn2,\nn3,5\n")
    found = _told(lambda: listings_of(kind, "need", read_rows(path), path))
    assert [(one.code, one.where["row"]) for one in found] == [("figure_unreadable", 2), ("key_missing", 3)]
    assert (found[0].hint, found[0].where["column"], found[1].where["key"]) == ("figure_form", "价", "price")


def test_days_of_a_field_count_from_the_year_of_their_workbook(tmp_path: Path) -> None:
    """Numbers under a date field of the kind as well as under the listing's own."""
    from_when = Field("from_when", Bilingual("起", "From"), "date")
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["id", "起", "title"], ["n1", 44926, 44926]):
        book.active.append(row)
    book.save(tmp_path / "needs.xlsx")
    rows = read_rows(tmp_path / "needs.xlsx")
    (found,) = listings_of(replace(SUPPLY, need=(from_when,)), "need", rows, tmp_path)
    assert dict(found.payload) == {"from_when": "2027-01-01", "title": "44926"}


def test_decisions_are_a_closed_list_of_words(tmp_path: Path) -> None:
    """In either language or as digits; what else stands there is a fault with its row, all at once."""
    path = _table(
        tmp_path,
        "id,need,offer,decision,reason,stage,on\n1,n1,o1,接受,,,\n2,n2,o2, No ,price,meeting,2026-01-02\n3,n3,o3,1,,,\n"
        "4,n4,o4,declined,,,\n",
    )
    assert decisions_of(read_rows(path), path) == [
        Verdict("n1", "o1", True),
        Verdict("n2", "o2", False, "price", "meeting", "2026-01-02"),
        Verdict("n3", "o3", True),
        Verdict("n4", "o4", False),
    ]
    plain = [{"need": "a", "offer": "b", "decision": "yes"}, {"need": "a", "offer": "b", "decision": "maybe"}]
    assert decisions_of(plain[:1], path) == [Verdict("a", "b", True)]
    for rows, row in ((plain, 3), (read_rows(_table(tmp_path, "id,need,offer,decision\n\n1,a,b,maybe\n")), 3)):
        (wrong,) = _told(lambda rows=rows: decisions_of(rows, path))
        assert (wrong.code, wrong.where["row"], wrong.values["value"]) == ("match_decision_unknown", row, "maybe")
    with pytest.raises(InputError, match="match_no_text_column"):
        decisions_of([{"need": "a", "offer": "b"}], path)
