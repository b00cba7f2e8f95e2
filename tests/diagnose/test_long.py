"""Long tables: read as they stand in any office, years by the calendar, nothing swallowed, nothing wrong unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.office_files import FORMS

from duijie.data import words
from duijie.diagnose import indicators
from duijie.diagnose.long import LongTable, long_table, read_long, rows_of
from duijie.diagnose.run import pair_of, read_groupings, read_io
from duijie.errors import InputError

HEAD = ["region", "industry", "value", "year"]


def _long(rows: list[tuple[object, ...]]) -> LongTable:
    return long_table(pa.table({name: [row[at] for row in rows] for at, name in enumerate(HEAD[: len(rows[0])])}))


def _file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "long.csv"
    path.write_bytes(text.encode(encoding))
    return path


def _refused(call: object, *arguments: object) -> list[tuple[object, str]]:
    with pytest.raises(InputError) as caught:
        call(*arguments)  # type: ignore[operator]
    faults = caught.value.faults or (caught.value,)
    for language in ("zh", "en"):
        assert {caught.value.code, *(one.code for one in faults)} <= set(words(language))
    return [(one.where.get("row"), one.code) for one in faults]


# ---- files


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_file_gives_the_same_table(tmp_path: Path, form: str) -> None:
    """Text in any encoding, workbooks and web pages hold the same counts, and codes keep their zeros."""
    rows = [HEAD, ["0101", "015", "1,200", "2023年"], ["0102", "015", "3", "2023"], ["0101", "016", "2", "2024"]]
    found = read_long(FORMS[form](tmp_path / "long", rows))
    assert (list(found.years), found.latest.regions, found.latest.industries) == (
        ["2023", "2024"],
        ("0101", "0102"),
        ("015", "016"),
    )
    assert found.years["2023"].values.tolist() == [[1200, 0], [3, 0]]


@settings(max_examples=60)
@given(
    cells=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 99)), min_size=1, max_size=9),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    is_ended=st.booleans(),
    mark=st.sampled_from([",", ";", "\t"]),
)
def test_the_fast_way_reads_what_the_careful_way_reads(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[str, str, int]],
    end: str,
    is_ended: bool,
    mark: str,
) -> None:
    """Plain text is read at once, other text line by line; both come to the same counts."""
    lines = [mark.join(HEAD[:3]), *(mark.join(map(str, row)) for row in cells)]
    path = tmp_path_factory.mktemp("long") / "long.csv"
    path.write_bytes((end.join(lines) + end * is_ended).encode())
    careful = _long([(row["region"], row["industry"], row["value"]) for row in rows_of(path)])
    np.testing.assert_array_equal(read_long(path).latest.values, careful.latest.values)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ('a,"x,1\nb,y,2\nc,z",3\n', [(2, "quote_open")]),
        ('a,"x,1\nb,y,2\n', [(2, "quote_open")]),
        ("a,x,1,9\n", [(2, "row_too_long")]),
        ("a,x,1_000\na,y,0x10\n", [(2, "diagnose_amount_wrong"), (3, "diagnose_amount_wrong")]),
        ("a,x,nan\na,y,inf\na,z,1e400\n", [(at, "diagnose_amount_wrong") for at in (2, 3, 4)]),
        ("a,x,−3\na,y,△3\na,z,约3\n", [(at, "diagnose_amount_wrong") for at in (2, 3, 4)]),
        ("a,x,\n\na,y,\n", [(2, "diagnose_cell_empty"), (4, "diagnose_cell_empty")]),
    ],
)
def test_no_row_is_swallowed_and_no_figure_guessed(tmp_path: Path, rows: str, told: list[tuple[int, str]]) -> None:
    """An open quote, a cell too many and what is no amount are named by the line of the file."""
    assert _refused(read_long, _file(tmp_path, "region,industry,value\n" + rows)) == told


def test_headings_twice_and_codes_that_look_like_nothing(tmp_path: Path) -> None:
    """Two columns of one name are refused; NA is a code like another."""
    assert _refused(read_long, _file(tmp_path, "region,industry,value,value\na,x,1,2\n")) == [(1, "heading_twice")]
    assert read_long(_file(tmp_path, "region,industry,value\nNA,x,1\n")).latest.regions == ("NA",)


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1 no table PAR1"])
def test_a_broken_parquet_file_is_named(tmp_path: Path, content: bytes) -> None:
    """No engine's own error reaches a person."""
    (tmp_path / "long.parquet").write_bytes(content)
    assert _refused(read_long, tmp_path / "long.parquet") == [(None, "file_broken")]


def test_small_tables_are_read_like_any_other(tmp_path: Path) -> None:
    """Groupings, sectors and input–output tables: open quotes, foreign encodings, cells that are no truth."""
    assert _refused(read_groupings, _file(tmp_path, 'grouping,industry\ng,"1\nh,2\ni,3\n')) == [(2, "quote_open")]
    path = _file(tmp_path, "grouping,industry,name_zh,is_partial\ng,1,甲,是\ng,2,,\n", "gb18030")
    (one,) = read_groupings(path)
    assert (one.name["zh"], one.industries, one.partial) == ("甲", ("2",), ("1",))
    assert _refused(read_groupings, _file(tmp_path, "grouping,industry,is_partial\ng,1,0.5\n")) == [
        (2, "choice_unknown")
    ]
    assert _refused(read_io, _file(tmp_path, "sector,a,final_demand\n\na,1,nan\n")) == [(3, "diagnose_amount_wrong")]
    assert _refused(read_io, _file(tmp_path, "a,final_demand\n1,2\n")) == [(None, "key_missing")]
    table = read_io(_file(tmp_path, 'sector,a,final_demand\na,"1,000",-3\n'))
    assert (table.flows.tolist(), table.final_demand.tolist()) == ([[1000]], [-3])


# ---- years


def test_years_come_in_the_order_of_the_calendar_however_written() -> None:
    """Rows may stand in any order; 2024, 2024年, 2024.0 and 二〇二四年 are one year."""
    found = _long(
        [("a", "x", 1, "2024年"), ("a", "x", 2, "2023"), ("a", "x", 4, "2024.0"), ("a", "x", 8, "二〇二四年")]
    )
    assert [(year, one.values.tolist()) for year, one in found.years.items()] == [("2023", [[2]]), ("2024", [[13]])]
    assert [one.code for one in found.warnings] == ["diagnose_rows_added"]


@pytest.mark.parametrize("year", ["2024-06", "2024年3月", "24", "去年", "1492", "99999", "nan", "2101", " "])
def test_what_is_no_year_is_named_with_its_row(year: str) -> None:
    """A month, a year outside of the calendar, a word: no column of years takes it."""
    assert _refused(_long, [("a", "x", 1, "2024"), ("a", "x", 1, year)]) == [(3, "diagnose_year_wrong")]


def test_a_year_without_a_value_is_a_fault() -> None:
    """An empty year is none of the others."""
    assert _refused(_long, [("a", "x", 1, "2024"), ("a", "x", 1, None)]) == [(3, "diagnose_cell_empty")]


def test_missing_years_and_regions_are_warned_of() -> None:
    """A gap of the calendar and a region without rows in some years are said, with their names."""
    found = _long([("a", "x", 1, "2020"), ("b", "x", 1, "2020"), ("a", "x", 1, "2023")])
    gap, regions = found.warnings
    assert (gap.code, gap.values["years"]) == ("diagnose_years_gap", [2021, 2022])
    assert (regions.code, regions.values["regions"]) == ("diagnose_regions_gap", ["b"])
    assert found.comparable_until(("a", "b")) == "2020"
    assert found.years_of("b") == ("2020",)
    assert not _long([("a", "x", 1, "2020"), ("a", "x", 1, "2021")]).warnings


SQUARE = [(region, industry, n) for region in "abcd" for n, industry in enumerate("wxyz", start=1)]


def _years(folder: Path, name: str, years: dict[str, str]) -> Path:
    """A file with the regions named for each year."""
    path = folder / f"{name}.csv"
    lines = [
        f"{region},{industry},{n + (region == industry)},{year}"
        for year, regions in years.items()
        for region, industry, n in SQUARE
        if region in regions
    ]
    path.write_text("\n".join([",".join(HEAD), *lines, ""]), encoding="utf-8")
    return path


def test_a_pair_without_the_last_year_is_refused(tmp_path: Path) -> None:
    """A region that has rows in earlier years only is no region of zeros."""
    path = _years(tmp_path, "long", {"2022": "abcd", "2023": "acd"})
    assert _refused(pair_of, path, "a", "b", tmp_path / "out") == [(None, "diagnose_region_year")]
    assert pair_of(path, "a", "c", tmp_path / "out").regions


def test_an_earlier_table_must_be_earlier_and_of_the_same_codes(tmp_path: Path) -> None:
    """The same year, or codes that have nothing in common, are no way to compare; a part left out is said."""
    late, same = _years(tmp_path, "late", {"2023": "abcd"}), _years(tmp_path, "same", {"2023": "abcd"})
    for before in (same, _years(tmp_path, "later", {"2024": "abcd"})):
        with pytest.raises(InputError, match="diagnose_before_late"):
            pair_of(late, "a", "b", tmp_path / "out", before=before)
    other = tmp_path / "other.csv"
    other.write_text("region,industry,value,year\na,9,1,2020\n", encoding="utf-8")
    with pytest.raises(InputError, match="diagnose_before_other"):
        pair_of(late, "a", "b", tmp_path / "out", before=other)
    other.write_text("region,industry,value,year\na,9,1,2020\na,w,3,2020\nz,w,9,2020\n", encoding="utf-8")
    report = pair_of(late, "a", "b", tmp_path / "out", before=other)
    assert [one.values["share"] for one in report.risks if one.code == "diagnose_before_part"] == [0.25]


@pytest.mark.parametrize("value", [1e300, 1.7e308, 1e19])
def test_figures_beyond_any_count_lose_no_region(value: float) -> None:
    """A slip of the hand is a fault by its row and by its cell, not an infinity that swallows a region."""
    rows = [("a", "x", value, "2024"), ("a", "y", value, "2024"), ("b", "x", 1.0, "2024")]
    assert _refused(_long, rows) == [(2, "diagnose_amount_wrong"), (3, "diagnose_amount_wrong")]
    assert _refused(indicators, np.array([[value, value], [1, 1]])) == [(None, "diagnose_value_wrong")] * 2
