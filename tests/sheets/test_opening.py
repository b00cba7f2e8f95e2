"""Files as offices send them, and files nobody should open: every one is read, or refused by name."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duijie.errors import InputError
from duijie.intake.tables import read_table
from duijie.sheets import Limits, sheets

ROWS = [["企业名称", "统一社会信用代码"], ["甲鞋业有限公司", "9135058215626570X3"]]


def _rows(path: Path) -> list[list[object]]:
    return [list(row) for _, row in sheets(path)[0].rows()]


def _xlsx(path: Path, rows: list[list[object]], **more: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, own in more.items():
        page = book.create_sheet(title)
        for row in own:
            page.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text_in_any_usual_encoding(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "firms.csv"
    path.write_text("\r\n".join(separator.join(row) for row in ROWS), encoding=encoding)
    assert _rows(path) == ROWS


def test_a_workbook_and_a_parquet_file(tmp_path: Path) -> None:
    assert _rows(_xlsx(tmp_path / "a.xlsx", ROWS)) == ROWS
    pq.write_table(pa.table({"企业名称": ["甲"], "capital": [1.5]}), tmp_path / "a.parquet")
    assert _rows(tmp_path / "a.parquet") == [["企业名称", "capital"], ["甲", 1.5]]


def test_row_numbers_are_those_the_office_sees(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for place, row in enumerate(ROWS, start=4):
        for column, value in enumerate(row, start=1):
            book.active.cell(place, column, value)
    book.save(tmp_path / "low.xlsx")
    found = [(number, list(row)) for number, row in sheets(tmp_path / "low.xlsx")[0].rows() if any(row)]
    assert found == [(4, ROWS[0]), (5, ROWS[1])]


def _refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(InputError) as caught:
        [list(sheet.rows()) for sheet in sheets(path, limits=limits)]
    return caught.value.code


def _read_or_refused(path: Path) -> bool:
    try:
        return read_table(path, "firms", today=date(2026, 1, 1), is_coded=False).n_rows >= 0
    except InputError as error:
        return error.code.startswith("file_")


def test_absent_empty_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "none.csv") == "file_missing"
    for name, content, code in [
        ("empty.csv", b"", "file_empty"),
        ("blank.csv", b" \n", "file_empty"),
        ("wrong.csv", "名称\n".encode() + b"\xff\xff\xff", "file_bad_byte"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_encoding"),
        ("broken.xlsx", b"PK\x03\x04 no archive", "file_broken"),
        ("broken.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "file_broken"),
        ("broken.parquet", b"PAR1" + b"\0" * 50, "file_broken"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert _refusal(tmp_path / name) == code, name


@pytest.mark.parametrize(
    ("start", "form"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"{\\rtf1", "RTF"),
        (b"MIME-Version: 1.0\n", "MHTML"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
    ],
)
def test_other_forms_are_named(tmp_path: Path, start: bytes, form: str) -> None:
    """A paper is no table, whatever its name says."""
    (tmp_path / "a.xls").write_bytes(start + b" " * 50)
    with pytest.raises(InputError) as caught:
        sheets(tmp_path / "a.xls")
    assert (caught.value.code, caught.value.values["form"]) == ("file_other_form", form)


@pytest.mark.parametrize(
    ("part", "form"),
    [("content.xml", "ODF"), ("xl/workbook.bin", "XLSB"), ("word/document.xml", "DOCX"), ("readme.txt", "ZIP")],
)
def test_archives_of_other_programs_are_named(tmp_path: Path, part: str, form: str) -> None:
    """Nothing is read of a file whose hidden rows and errors could not be seen."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(part, "no workbook")
    with pytest.raises(InputError) as caught:
        sheets(tmp_path / "a.xlsx")
    assert (caught.value.code, caught.value.values["form"]) == ("file_other_form", form)


def _padded(path: Path, size: int) -> Path:
    """A workbook whose parts are so many bytes altogether."""
    with zipfile.ZipFile(_xlsx(path, ROWS), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", bytes(size - sum(one.file_size for one in archive.infolist())))
    return path


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    """What unpacks to more than 50 MB and 300 times its size, to more than the bound, or into too many parts."""
    assert _refusal(_padded(tmp_path / "a.xlsx", (50 << 20) + 1)) == "file_bomb"
    assert _rows(_padded(tmp_path / "a.xlsx", 50 << 20)) == ROWS
    grown = _padded(tmp_path / "a.xlsx", 51 << 20)
    assert len(sheets(grown, limits=Limits(growth=5000))) == 1
    assert _refusal(grown, Limits(growth=51)) == "file_bomb"
    small = _padded(tmp_path / "a.xlsx", 100_000)
    n = len(zipfile.ZipFile(small).infolist())
    assert len(sheets(small, limits=Limits(bytes=100_000, entries=n))) == 1
    assert _refusal(small, Limits(bytes=99_999)) == "file_bomb"
    assert _refusal(small, Limits(entries=n - 1)) == "file_bomb"


@pytest.mark.parametrize(("place", "n"), [("AA2000", 27 * 2000), ("ABC70", 731 * 70), ("XFD1048576", 1 << 34)])
def test_cells_far_apart_are_no_table(tmp_path: Path, place: str, n: int) -> None:
    """One stray cell makes a table of all that lies between: beyond the bound that is refused before it is laid out."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["C3"], book.active[place] = "名称", "x", "y"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="file_bomb") as caught:
        sheets(tmp_path / "a.xlsx", limits=Limits(cells=n - 1))
    assert caught.value.values["n"] == n
    if n < 100_000:
        assert len(sheets(tmp_path / "a.xlsx", limits=Limits(cells=n))) == 1
    else:
        assert _refusal(tmp_path / "a.xlsx") == "file_bomb"


def test_a_part_twice_is_a_broken_archive(tmp_path: Path) -> None:
    """Nobody can tell which of the two another program reads."""
    with (
        zipfile.ZipFile(_xlsx(tmp_path / "a.xlsx", ROWS), "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    assert _refusal(tmp_path / "a.xlsx") == "file_broken"


def test_a_parquet_bomb_is_refused(tmp_path: Path) -> None:
    """Texts that stand once in the file and are written out in every row count as often as they are written out."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": ["x" * 100] * 50_000, "b": ["y"] * 50_000}), path)
    with pytest.raises(InputError, match="file_bomb") as caught:
        [*sheets(path, limits=Limits(bytes=2_000_000))[0].rows()]
    first = caught.value.values["n"]
    assert first > 20_000 * 101
    assert _refusal(path, Limits(bytes=first + 10)) == "file_bomb"
    assert len([*sheets(path, limits=Limits(bytes=3 * first))[0].rows()]) == 50_001
    pq.write_table(pa.table({"a": ["x" * 100] * 100}), path)
    with pytest.raises(InputError, match="file_bomb") as caught:
        [*sheets(path, limits=Limits(bytes=5_000))[0].rows()]
    written = caught.value.values["n"]
    assert _refusal(path, Limits(bytes=written - 1)) == "file_bomb"
    assert len([*sheets(path, limits=Limits(bytes=written))[0].rows()]) == 101
    pq.write_table(pa.table({"a": ["x" * (1 << 20)] * 51}), path)
    assert _refusal(path, Limits(growth=40)) == "file_bomb"
    assert len([*sheets(path, limits=Limits(growth=60))[0].rows()]) == 52
    pq.write_table(pa.table({"a": ["x" * (1 << 20)] * 48}), path)
    assert len([*sheets(path, limits=Limits(growth=1))[0].rows()]) == 49


def test_a_parquet_file_declares_how_much_it_holds(tmp_path: Path) -> None:
    """More bytes or columns than the bounds are refused before a row is read."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": list(range(1000)), "b": [0.5] * 1000}), path)
    declared = pq.ParquetFile(path).metadata.row_group(0).total_byte_size
    with pytest.raises(InputError, match="file_bomb") as caught:
        [*sheets(path, limits=Limits(bytes=declared - 1))[0].rows()]
    assert caught.value.values["n"] == declared
    assert _refusal(path, Limits(entries=1)) == "file_bomb"
    assert len([*sheets(path, limits=Limits(entries=2))[0].rows()]) == 1001
    pq.write_table(pa.table({"a": ["x"]}), path)
    declared = pq.ParquetFile(path).metadata.row_group(0).total_byte_size
    assert len([*sheets(path, limits=Limits(bytes=declared))[0].rows()]) == 2


def test_cells_of_a_parquet_file(tmp_path: Path) -> None:
    """Lists are one text, what is nothing stays nothing, rows beyond the first part are read as well."""
    path = tmp_path / "a.parquet"
    lists, things = pa.array([["鞋", "服"], [], None]), pa.array([{"a": 1}, None, {"a": 2}])
    pq.write_table(pa.table({"products": lists, "thing": things, "n": [1, None, 3]}), path)
    assert _rows(path) == [
        ["products", "thing", "n"],
        ["鞋；服", "{'a': 1}", 1],
        ["", None, None],
        [None, "{'a': 2}", 3],
    ]
    pq.write_table(pa.table({"n": list(range(45_000)), "text": [None, "x", ""] * 15_000}), path)
    rows = _rows(path)
    assert (rows[0], rows[45_000], len(rows)) == (["n", "text"], [44_999, ""], 45_001)


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (60 << 20))
    honest = (60 << 20).to_bytes(4, "little")
    path = tmp_path / "liar.xlsx"
    path.write_bytes(packed.getvalue().replace(honest, (10).to_bytes(4, "little")))
    assert _refusal(path) in ("file_bomb", "file_broken")


def _changed(tmp_path: Path, part: str, *, head: str = "", tail: str = "") -> Path:
    """A workbook with more text before or behind that of one part."""
    path = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(_xlsx(tmp_path / "plain.xlsx", ROWS)) as archive, zipfile.ZipFile(path, "w") as copy:
        for entry in archive.infolist():
            content = archive.read(entry)
            copy.writestr(entry, head.encode() + content + tail.encode() if entry.filename == part else content)
    return path


@pytest.mark.parametrize("declared", ["<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "<!entity x 'y'>"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"])
def test_declared_entities_are_refused(tmp_path: Path, declared: str, part: str) -> None:
    """In every part of a workbook."""
    assert _refusal(_changed(tmp_path, part, head=declared)) == "file_entities"


@pytest.mark.parametrize("at", range(1, 9))
def test_entities_are_seen_where_a_large_part_is_cut(tmp_path: Path, at: int) -> None:
    """Parts are looked through piece by piece; what stands on the edge of two is seen."""
    head = " " * ((1 << 20) - at) + "<!DOCTYPE a>"
    assert _refusal(_changed(tmp_path, "xl/worksheets/sheet1.xml", head=head)) == "file_entities"


def test_a_remark_is_no_entity(tmp_path: Path) -> None:
    """Programs leave their names in remarks."""
    assert _rows(_changed(tmp_path, "xl/worksheets/sheet1.xml", tail="<!-- made by -->")) == ROWS


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"name,uscc\n"]),
)
def test_any_bytes_are_read_or_refused_by_name(tmp_path: Path, content: bytes, start: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(start + content)
    assert _read_or_refused(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 5000), value=st.integers(0, 255))
def test_a_workbook_with_a_flipped_byte_is_read_or_refused_by_name(tmp_path: Path, place: int, value: int) -> None:
    content = bytearray(_xlsx(tmp_path / "whole.xlsx", ROWS).read_bytes())
    content[place % len(content)] = value
    path = tmp_path / "flipped.xlsx"
    path.write_bytes(content)
    assert _read_or_refused(path)
