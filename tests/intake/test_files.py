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
from duijie.intake.files import Limits, sheets
from duijie.intake.tables import read_table

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
        ("wrong.csv", "名称\n".encode() + b"\xff\xff\xff", "file_encoding"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_encoding"),
        ("broken.xlsx", b"PK\x03\x04 no archive", "file_broken"),
        ("broken.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "file_broken"),
        ("broken.parquet", b"PAR1" + b"\0" * 50, "file_broken"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert _refusal(tmp_path / name) == code, name


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert _refusal(tmp_path / "a.xlsx") == "file_broken"


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = _xlsx(tmp_path / "bomb.xlsx", ROWS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"0" * (60 << 20))
    assert _refusal(path) == "file_bomb"
    assert _refusal(_xlsx(tmp_path / "many.xlsx", ROWS), Limits(entries=3)) == "file_bomb"


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (60 << 20))
    honest = (60 << 20).to_bytes(4, "little")
    path = tmp_path / "liar.xlsx"
    path.write_bytes(packed.getvalue().replace(honest, (10).to_bytes(4, "little")))
    assert _refusal(path) in ("file_bomb", "file_broken")


@pytest.mark.parametrize("declared", ["<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "<!entity x 'y'>"])
def test_declared_entities_are_refused(tmp_path: Path, declared: str) -> None:
    path = tmp_path / "xxe.xlsx"
    with zipfile.ZipFile(_xlsx(tmp_path / "plain.xlsx", ROWS)) as archive, zipfile.ZipFile(path, "w") as copy:
        for entry in archive.infolist():
            content = archive.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                content = declared.encode() + content
            copy.writestr(entry, content)
    assert _refusal(path) == "file_entities"


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
