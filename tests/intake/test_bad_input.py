"""Bad input of every sort, from csv and from xlsx: the one clear fault, or the right reading."""

from __future__ import annotations

import struct
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.office_files import FORMS, Rows, text_file, xls, xlsx

from duijie.data import sentence
from duijie.errors import DataFileError, InputError
from duijie.intake import Intake, examine, read_table, take_in
from duijie.intake.correcting import corrected_copy
from duijie.intake.headings import find_heading
from duijie.intake.layouts import kinds, layout
from duijie.sheets import Limits, sheets
from duijie.track.agreement import load_agreement

GOOD = "9135058215626570X3"
TODAY = date(2026, 11, 23)
FORM = {name: FORMS[name] for name in ("csv UTF-8", "xlsx")}
Write = Callable[[Path, Rows], Path]


@pytest.fixture(params=FORM)
def write(request: pytest.FixtureRequest) -> Write:
    return FORM[request.param]


def _read(write: Write, folder: Path, rows: Rows, kind: str = "firms", **options: object) -> Intake:
    return read_table(write(folder / "table", rows), kind, today=TODAY, is_coded=False, **options)  # type: ignore[arg-type]


def _sound(found: Intake, key: str) -> list[object]:
    return found.to_arrow().column(key).to_pylist()


@pytest.mark.parametrize("form", FORM)
def test_an_empty_file(tmp_path: Path, form: str) -> None:
    path = FORM[form](tmp_path / "empty", [])
    with pytest.raises(InputError, match="file_empty"):
        read_table(path, "firms")


def test_a_heading_and_nothing_below(tmp_path: Path, write: Write) -> None:
    found = _read(write, tmp_path, [["企业名称", "信用代码"]])
    assert found.counts == {"rows_missing": 1}
    assert (found.n_rows, found.columns) == (0, {"企业名称": "name", "信用代码": "uscc"})
    with pytest.raises(InputError):
        take_in(write(tmp_path / "table", [["企业名称", "信用代码"]]), "firms", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_wrong_encoding(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", [["企业名称"], ["甲鞋业有限公司"]], "gb18030")
    assert _sound(read_table(path, "firms"), "name") == ["甲鞋业有限公司"]
    path.write_bytes(path.read_bytes()[:-3] + b"\xff\xff")
    with pytest.raises(InputError, match="file_bad_byte") as caught:
        read_table(path, "firms")
    assert (caught.value.values["line"], caught.value.values["encoding"]) == (2, "GB18030")


def test_merged_cells_and_two_heading_rows(tmp_path: Path, write: Write) -> None:
    rows: Rows = [
        ["基本情况", None, "资本情况", None, "备注"],
        ["企业名称", "统一社会信用代码", "注册资本(万元)", "成立日期", None],
        ["甲公司", GOOD, 500, "2019-04-01", "好"],
    ]
    path = write(tmp_path / "table", rows)
    if path.suffix == ".xlsx":
        xlsx(path, rows, ["A1:B1", "C1:D1", "E1:E2"])
    (row,) = read_table(path, "firms", is_coded=False).to_arrow().to_pylist()
    assert (row["name"], row["uscc"], row["capital"], row["registered_on"], row["note"], row["source_row"]) == (
        "甲公司", GOOD, 5e6, "2019-04-01", "好", 3,
    )  # fmt: skip


@pytest.mark.parametrize("word", ["合计", "总 计", " 小计：", "【合计】", "Total", "ＴＯＴＡＬ"])
@pytest.mark.parametrize("place", [0, 1])
def test_rows_of_totals_blank_rows_and_repeated_headings(tmp_path: Path, write: Write, word: str, place: int) -> None:
    total: list[object] = [None, None, 900]
    total[place] = word
    heading = ["企业名称", "镇街", "注册资本(万元)"]
    rows: Rows = [heading, ["甲", "一街", 500], heading, [None] * 3, ["乙", "二街", 400], total]
    found = _read(write, tmp_path, rows)
    assert (found.n_rows, found.n_skipped, found.n_faults) == (2, 3, 0)
    assert _sound(found, "source_row") == [2, 5]


def test_a_firm_whose_name_begins_like_a_total_stays(tmp_path: Path, write: Write) -> None:
    rows: Rows = [["企业名称"], ["合计鞋业有限公司"], ["总计时器材厂"], ["T恤坊"]]
    assert _read(write, tmp_path, rows).n_rows == 3


def test_missing_columns(tmp_path: Path, write: Write) -> None:
    found = _read(write, tmp_path, [["信用代码", "镇街"], [GOOD, "一街"]])
    (fault,) = found.faults
    assert (fault.code, fault.values["key"], fault.hint) == ("column_missing", "name", "column_map")


@pytest.mark.parametrize(
    "raw", [f" {GOOD[:9]} {GOOD[9:]} ", "９１３５０５８２１５６２６５７０Ｘ３", GOOD.lower(), GOOD[:4] + "-" + GOOD[4:]]
)
def test_codes_with_spaces_or_full_width_digits(tmp_path: Path, write: Write, raw: str) -> None:
    found = _read(write, tmp_path, [["企业名称", "信用代码"], ["甲", raw]])
    assert (_sound(found, "uscc"), found.n_faults, found.n_mended) == ([GOOD], 0, 1)


def test_numbers_stored_as_text_and_codes_stored_as_numbers(tmp_path: Path, write: Write) -> None:
    rows: Rows = [
        ["企业名称", "信用代码", "区划代码", "行业代码", "注册资本(万元)", "从业人数"],
        ["甲", None, 350582, 195, "'1,000".lstrip("'"), " ３２ "],
        ["乙", 9.13505821562657e17, "350582", 111, 20, 5],
    ]
    found = _read(write, tmp_path, rows)
    assert (_sound(found, "region"), _sound(found, "capital"), _sound(found, "employees")) == (["350582"], [1e7], [32])
    assert _sound(found, "industry") == ["195"]
    (fault,) = found.faults
    assert fault.where["row"] == 3
    assert fault.code == "uscc_as_number"


def test_days_counted_by_a_table_program_and_industries_by_name(tmp_path: Path, write: Write) -> None:
    rows: Rows = [
        ["企业名称", "成立日期", "国民经济行业"],
        ["甲", 43556, "制鞋业"],
        ["乙", "43556", "制造业"],
        ["丙", "20194", "鞋"],
    ]
    found = _read(write, tmp_path, rows)
    assert _sound(found, "registered_on") == ["2019-04-01", "2019-04-01"]
    assert _sound(found, "industry") == ["195", "C"]
    assert [fault.code for fault in found.faults] == ["date_unreadable", "industry_unknown"]


def test_a_scope_of_ten_thousand_characters(tmp_path: Path, write: Write) -> None:
    found = _read(write, tmp_path, [["企业名称", "经营范围"], ["甲", "鞋服销售；" * 2000]])
    assert [len(str(text)) for text in _sound(found, "scope")] == [10_000]


def test_duplicate_ids(tmp_path: Path, write: Write) -> None:
    rows: Rows = [["编号", "企业名称", "信用代码"], ["1", "甲", GOOD], ["1", "乙", None], ["2", "丙", GOOD]]
    found = _read(write, tmp_path, rows)
    told = [(fault.code, fault.where["row"], fault.where["column"], fault.values["first"]) for fault in found.faults]
    assert told == [
        ("value_twice", 3, "编号", 2), ("value_twice", 4, "信用代码", 2),
    ]  # fmt: skip


def test_duplicates_are_found_across_batches_and_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title, rows in (
        ("一", [["编号", "企业名称"], ["1", "甲"], ["2", "乙"]]),
        ("二", [["编号", "企业名称"], ["2", "丙"]]),
    ):
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(tmp_path / "two.xlsx")
    found = read_table(tmp_path / "two.xlsx", "firms", is_coded=False, batch_rows=1)
    assert [(fault.where["sheet"], fault.where["row"]) for fault in found.faults] == [("二", 2)]


def test_unknown_codes_and_a_place_by_its_name_alone(tmp_path: Path, write: Write) -> None:
    rows: Rows = [
        ["企业名称", "区划代码", "行业代码"],
        ["甲", "999999", "9999"],
        ["乙", "龙华区", "鞋"],
        ["丙", "广东省深圳市龙华区", "C1952"],
    ]
    found = _read(write, tmp_path, rows)
    assert [(fault.where["row"], fault.code) for fault in found.faults] == [
        (2, "region_unknown"), (3, "region_name_alone"), (2, "industry_unknown"), (3, "industry_unknown"),
    ]  # fmt: skip
    assert len(next(f for f in found.faults if f.code == "region_name_alone").values["codes"]) == 2
    assert (_sound(found, "region"), _sound(found, "industry")) == (["440309"], ["1952"])


def test_a_region_with_no_firms(tmp_path: Path, write: Write) -> None:
    (tmp_path / "某局").mkdir()
    write(tmp_path / "某局" / "空", [["企业名称", "区划代码"]])
    found = examine(tmp_path, today=TODAY).by_department()
    assert found["某局"] == {
        "files": 1, "rows": 0, "faulty": 0, "latest": "", "sound_share": 0.0, "filled_share": 0.0, "sourced_share": 0.0,
        "age_days": None,
    }  # fmt: skip


def test_a_formula_is_never_live_again(tmp_path: Path, write: Write) -> None:
    text = '=HYPERLINK("x","y")'
    path = write(tmp_path / "table", [["企业名称", "信用代码"], [text, "x"], ["@SUM(A1)", None]])
    found = read_table(path, "firms", is_coded=False)
    assert found.n_formulas == (1 if path.suffix == ".xlsx" else 2)  # of a workbook the formula's value is read
    corrected_copy(path, found.faults, tmp_path / "copy.xlsx")
    with zipfile.ZipFile(tmp_path / "copy.xlsx") as archive:
        assert all(b"<f>" not in archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/"))


def test_a_zip_bomb_named_xlsx(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "bomb.xlsx", [["企业名称"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"0" * (60 << 20))
    with pytest.raises(InputError, match="file_bomb"):
        read_table(path, "firms")


def test_a_parquet_file_that_repeats_one_long_text(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), pa.array(["鞋" * 30_000]))
    pq.write_table(pa.table({"企业名称": text}), path)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="file_bomb"):
        read_table(path, "firms")
    with pytest.raises(InputError, match="file_bomb"):
        [list(sheet.rows()) for sheet in sheets(path, limits=Limits(bytes=1000))]


def test_lists_in_a_parquet_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "own.parquet"
    take_in(text_file(tmp_path / "a.csv", [["企业名称", "主要产品"], ["甲", "鞋、鞋底"]], "utf-8"), "firms", path)
    again = read_table(path, "firms")
    assert (again.n_faults, _sound(again, "products")) == (0, [["鞋", "鞋底"]])


def test_headings_that_read_alike_are_told_apart(tmp_path: Path, write: Write) -> None:
    rows: Rows = [["企业名称", "注册资本(万元)", "注册资本(美元)", "产品", "产品"], ["甲", 1, 2, "鞋", "袜"]]
    assert _read(write, tmp_path, rows).counts == {"column_twice": 2}
    for mapping, capital in (
        ({"注册资本(万元)": ""}, 2),
        ({"注册资本#2": ""}, 1e4),
        ({"@B": ""}, 2),
        ({"@3": ""}, 1e4),
    ):
        found = _read(write, tmp_path, rows, mapping={**mapping, "产品#1": "", "产品#2": "products"})
        assert (found.n_faults, _sound(found, "capital"), _sound(found, "products")) == (0, [capital], [["袜"]])


def test_columns_beyond_the_sheet_are_nobodys(tmp_path: Path, write: Write) -> None:
    found = _read(
        write, tmp_path, [["企业名称", "厂长说"], ["甲", "好"]], mapping={"@Z": "note", "@b": "note", "@99": "town"}
    )
    assert (found.n_faults, _sound(found, "note")) == (0, ["好"])


def test_a_clause_file_with_an_unknown_key(tmp_path: Path) -> None:
    folder = tmp_path / "agreement"
    (folder / "clauses").mkdir(parents=True)
    (folder / "clauses" / "one.yaml").write_text("key: one\nno_such_key: 1\n", encoding="utf-8")
    (folder / "agreement.yaml").write_text("key: agreement\nno_such_key: 1\n", encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        load_agreement(folder)
    unknown = [fault for fault in caught.value.faults if fault.code == "key_unknown"]
    assert [(Path(str(fault.where["file"])).name, fault.values["key"]) for fault in unknown] == [
        ("agreement.yaml", "no_such_key"), ("one.yaml", "no_such_key"),
    ]  # fmt: skip
    assert len(caught.value.faults) > len(unknown), "what is missing is told in the same breath"


@pytest.mark.parametrize("size", [40 << 20])
def test_a_large_csv_takes_little_memory(tmp_path: Path, size: int) -> None:
    """1 GB is measured in the benchmark; here 40 MB against 150 MB above what the program takes empty."""
    path = tmp_path / "large.csv"
    row = "某鞋业有限公司,350582,{}\n".format("鞋服制造；销售" * 40)
    with path.open("w", encoding="utf-8") as handle:
        handle.write("企业名称,区划代码,经营范围\n")
        for _ in range(size // len(row.encode())):
            handle.write(row)
    script = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from duijie.intake import take_in
        path = Path(sys.argv[1])
        take_in(path.with_name("small.csv"), "firms", path.with_name("small.parquet"), is_coded=False)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        n = take_in(path, "firms", path.with_name("out.parquet"), is_coded=False).n_rows
        print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    text_file(tmp_path / "small.csv", [["企业名称", "区划代码", "经营范围"], ["甲", "350582", "鞋"]], "utf-8")
    told = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    n, grown = map(int, told.stdout.split())
    assert n == size // len(row.encode())
    assert grown < 150 << 10


def _plain(rows: int) -> Rows:
    return [["企业名称", "信用代码", "注册资本(万元)"], *(["甲鞋业", GOOD, 5] for _ in range(rows))]


def _answers(path: Path, kind: str) -> bool:
    """Whether a file is read, or refused by a code that has a sentence."""
    try:
        found = read_table(path, kind, today=TODAY, is_coded=False, limits=Limits(bytes=64 << 20))
    except InputError as error:
        return sentence(error.code, "zh", error.values) != error.code
    return all(sentence(fault.code, "en", fault.values) != fault.code for fault in found.faults)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 400),
)
def test_a_file_with_changed_bytes_is_read_or_refused_by_name(
    tmp_path: Path, form: str, changes: Sequence[tuple[int, int]], cut: int
) -> None:
    path = FORMS[form](tmp_path / "whole", _plain(3))
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(content[: len(content) - cut] if cut > 350 else content)
    assert _answers(path, "firms")


_NUMBERS = st.sampled_from([0, -1, 1e300, 1e15, 45000.5, float(2**53), struct.unpack("<d", b"\1" * 8)[0]])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(kinds()),
    rows=st.lists(
        st.lists(st.one_of(_NUMBERS, st.text(st.characters(codec="utf-16-le"), max_size=6)), max_size=8), max_size=5
    ),
)
def test_any_cells_under_the_headings_of_any_kind(tmp_path: Path, kind: str, rows: list[list[object]]) -> None:
    headings = [column.label.zh for column in layout(kind).columns.values()]
    path = xls(tmp_path / "any.xls", [headings, *rows])
    assert _answers(path, kind)
    found = read_table(path, kind, today=TODAY, is_coded=False)
    assert found.to_arrow().num_rows == found.n_rows - found.n_faulty_rows


@settings(max_examples=100, deadline=None)
@given(
    names=st.lists(st.text(max_size=6), max_size=5),
    mapping=st.dictionaries(st.text(max_size=6), st.text(max_size=5), max_size=4),
)
def test_any_mapping_of_any_heading_gives_a_heading(names: list[str], mapping: dict[str, str]) -> None:
    found = find_heading([(1, ["企业名称", *names])], layout("firms"), {}, mapping)
    assert set(found.keys.values()) <= set(layout("firms").columns)


@pytest.mark.parametrize("piece", ["企业", "(", "/", "1 ", "注：", "合计", "、", "13800000000 "])
def test_cells_of_any_length_are_no_work(tmp_path: Path, piece: str) -> None:
    """A heading or a text of half a million letters is read or named at once."""
    started = time.process_time()
    long = piece * (500_000 // len(piece))
    for heading, cell in ((long, "x"), ("经营范围", long)):
        path = text_file(tmp_path / "a.csv", [["企业名称", heading], ["甲鞋业有限公司", cell]], "utf-8")
        assert read_table(path, "firms", today=date(2026, 1, 1), is_coded=False).n_rows == 1
    assert time.process_time() - started < 10
