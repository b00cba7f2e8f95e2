"""Small tables of an agreement folder: one row a line, every cell under its heading, nothing swallowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from duijie import data
from duijie.data import words
from duijie.errors import DataFileError


def _table(folder: Path, content: bytes) -> tuple[dict[str, str], ...]:
    path = folder / "table.csv"
    path.write_bytes(content)
    return data.table(path)


def test_a_table_is_read_line_by_line(tmp_path: Path) -> None:
    """A mark of UTF-8 at its head, quoted commas and blank lines at its end are no part of it."""
    content = '\ufeffid,note\r\n1,"a,b"\r\n2,甲\u2028乙\r\n\r\n\r\n'.encode()
    assert _table(tmp_path, content) == ({"id": "1", "note": "a,b"}, {"id": "2", "note": "甲\u2028乙"})
    assert _table(tmp_path, b"") == ()
    assert _table(tmp_path, b"id,note\n") == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'id,note\n1,"a\n2,b\n3,c"\n', [(2, "quote_open")]),
        (b'id,note\n1,b\n2,"c\n', [(3, "quote_open")]),
        (b'id,note\n1,"b"c\n2,d\n', [(2, "quote_open")]),
        (b"id,note\n1,a,b\n2\n\n3,d\n", [(2, "row_too_long"), (3, "row_too_short"), (4, "row_too_short")]),
        (b"id,id\n1,2\n", [(1, "heading_twice")]),
        ("id,note\n1,甲\n".encode("gb18030"), [(None, "file_not_utf8")]),
    ],
)
def test_what_would_be_lost_is_a_fault(tmp_path: Path, content: bytes, told: list[tuple[int | None, str]]) -> None:
    """An open quote, a cell too many or too few, a heading twice and another encoding are named with their line."""
    with pytest.raises(DataFileError) as caught:
        _table(tmp_path, content)
    assert [(one.where.get("row"), one.code) for one in caught.value.faults] == told
    assert {code for _, code in told} <= set(words("zh")) & set(words("en"))
