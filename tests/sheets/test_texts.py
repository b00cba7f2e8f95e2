"""Separated texts: their encoding and mark, every line accounted for, and nothing swallowed without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from duijie.errors import InputError
from duijie.sheets import sheets, split_lines

HEAD = ["企业名称", "镇街", "注册资本(万元)"]


def _rows(path: Path, content: str | bytes, encoding: str = "utf-8") -> list[list[object]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return [list(row) for _, row in sheets(path)[0].rows()]


def _refused(path: Path, content: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        _rows(path, content)
    return caught.value


def _refusal(path: Path, content: str | bytes) -> tuple[str, object]:
    error = _refused(path, content)
    return error.code, error.values.get("line")


@pytest.mark.parametrize(
    ("mark", "other"), [("\t", "鞋,服,伞,包"), (";", "1,5"), ("|", "鞋,服;伞"), (",", "鞋；服;伞"), ("\t", "a;b;c")]
)
def test_the_separator_is_the_one_that_gives_even_rows(tmp_path: Path, mark: str, other: str) -> None:
    """More frequent marks inside the cells do not change it, nor does a title above the heading."""
    rows = [HEAD, *([f"甲{at}", other, "1"] for at in range(5))]
    text = "某区企业名单\n" + "".join(mark.join(row) + "\n" for row in rows)
    assert _rows(tmp_path / "a.csv", text)[1:] == rows


@pytest.mark.parametrize(
    ("text", "rows", "decimal"),
    [
        ("甲;1,5\n乙;2\n", [["甲", "1,5"], ["乙", "2"]], ","),
        ("甲;x\n乙;1,500\n", [["甲", "x"], ["乙", "1,500"]], "."),
        ('甲,"1,5"\n乙,2\n', [["甲", "1,5"], ["乙", "2"]], "."),
        ("甲,1;5\n乙,2;6\n", [["甲", "1;5"], ["乙", "2;6"]], "."),
        ("甲;乙;丙\n丁;戊;己\n1,5;庚;辛\n", [["甲", "乙", "丙"], ["丁", "戊", "己"], ["1,5", "庚", "辛"]], ","),
        ("甲 1\n乙 2\n", [["甲 1"], ["乙 2"]], "."),
    ],
)
def test_the_decimal_mark_goes_with_the_separator(tmp_path: Path, text: str, rows: list[object], decimal: str) -> None:
    """Only where semicolons part the cells may 1,5 be one and a half; marks that part as evenly give way to commas."""
    assert _rows(tmp_path / "a.csv", text) == rows
    assert sheets(tmp_path / "a.csv")[0].decimal == decimal


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_only_real_line_ends_end_a_line(tmp_path: Path, end: str, mark: str) -> None:
    """A mark of Unicode inside a text is part of it."""
    text = end.join([",".join(HEAD), f"甲{mark}公司,一镇,1", "乙,二镇,2", ""])
    assert [row[0] for row in _rows(tmp_path / "a.csv", text)] == ["企业名称", f"甲{mark}公司", "乙"]
    assert split_lines(text) == [",".join(HEAD), f"甲{mark}公司,一镇,1", "乙,二镇,2"]


OPEN = [
    ('企业名称,备注\n甲,"未闭合”\n乙,好\n丙,好\n', 2),
    ('企业名称,备注\n甲,"未闭合\n乙,好\n', 2),
    ('企业名称,备注,镇街\n甲,"未闭合,一镇\n乙,好,二镇\n丙,"好",三镇\n', 2),
    ('企业名称,备注,镇街\n甲,"未闭合,一镇\n乙,好,二镇\n丙,好",三镇\n', 2),
    ('企业名称,备注\n甲,好\n乙,"好"的\n', 3),
    ('企业名称,备注\n"甲\n公司",好\n乙,"未闭合\n丙,好\n', 4),
    ('企业名称,备注\n甲,“好”\n乙,"' + "很长\n" * 40 + '"\n', 3),
    ('企业名称,备注\n甲,"' + "很长\n" * 30 + '"\n', 2),
    ('企业名称,备注\n甲,"未闭合”\n乙,好"\n', 2),
    ('企业名称,备注\n甲,"未闭合\n乙,好\n丙,好\n丁,好"\n', 2),
    ('企业名称,备注\n"甲\n公司","未闭合\n乙,好\n', 3),
    ('企业名称,备注\r\n"甲\r\n公司"的,"好"\r\n', 2),
    ('企业名称,备注\r"甲""乙","未闭合\r乙,好\r', 2),
]


@pytest.mark.parametrize(("text", "line"), OPEN)
def test_a_quote_that_swallows_lines_is_named_by_the_line_where_it_opens(tmp_path: Path, text: str, line: int) -> None:
    """An open quote, or one closed by a curly one or amiss, is a fault and never a long cell."""
    assert _refusal(tmp_path / "a.csv", text) == ("quote_open", line)


def test_a_cell_of_a_few_lines_is_read(tmp_path: Path) -> None:
    """Line breaks within quotes belong to the cell, quotes within it are doubled."""
    text = '企业名称,备注,镇街\n甲,"第一行\r\n第二行，""好""",一镇\n乙,"",二镇\n'
    assert _rows(tmp_path / "a.csv", text)[1:] == [["甲", '第一行\r\n第二行，"好"', "一镇"], ["乙", "", "二镇"]]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (["企业名称", "备注"], ["甲", "第一行\n第二行,续\n第三行"]),
        (["企业名称", "备注"], ["甲", "第一行\n“好”\n第三行"]),
        (["企业名称", "备注"], ["甲", "很长\n" * 29]),
        (["企业名称", "备注"], ["甲", "5”屏"]),
        (["企业名称", "备注", "镇街"], ["甲", "一镇", "第一行\n第二行"]),
        (["企业名称", "备注", "镇街"], ["甲", "第一行\n,续,行\n第三行", "一镇"]),
        (["企业名称", "备注", "镇街"], ["甲", "第一行\n第二行,续\n第三行", "一镇"]),
    ],
)
def test_lines_of_a_cell_are_not_taken_for_rows(tmp_path: Path, head: list[str], row: list[str]) -> None:
    """Up to thirty lines, single commas in them, curly quotes in pairs: nothing of it was swallowed."""
    text = ",".join(head) + "\n" + ",".join(f'"{cell}"' if "\n" in cell else cell for cell in row) + "\n乙,好\n"
    assert _rows(tmp_path / "a.csv", text)[1] == row


def test_how_many_lines_an_open_quote_swallows_is_told(tmp_path: Path) -> None:
    """The lines from where the record begins to where it ends."""
    assert _refused(tmp_path / "a.csv", '企业名称,备注\n甲,"未闭合\n乙,好\n丙,好\n').values == {"line": 2, "n": 3}


ENCODED = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("encoding", ENCODED)
def test_usual_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """With and without a mark at the head."""
    assert _rows(tmp_path / "a.csv", "企业名称,镇街\n甲鞋业,一镇\n", encoding)[1] == ["甲鞋业", "一镇"]


@pytest.mark.parametrize(
    "text",
    [
        "企業名稱,鎮街\n某某製鞋有限公司,第一鎮\n",
        "企業名稱,註冊資本(萬元)\n測試甲有限公司,500\n",
        "名稱,備註\n國立大學,無\n",
        # the first and last of the frequent characters, and what GB 2312 has at their places
        *("一,x\n", "才,x\n", "丑,x\n", "籲,x\n", "能,x\n", "一裒,x\n"),
    ],
)
def test_big5_is_recognised_and_named(tmp_path: Path, text: str) -> None:
    """What a table of Hong Kong or Taiwan holds is no heap of rare characters, and the encoding is told."""
    path = tmp_path / "a.csv"
    assert ["\n".join(map(str, row)) for row in _rows(path, text, "big5")] == [
        line.replace(",", "\n") for line in text.splitlines()
    ]
    assert sheets(path)[0].encoding == "Big5"


@pytest.mark.parametrize(
    "text",
    [
        "企业名称,镇街\n甲鞋业有限公司,第一镇\n",
        "名称,备注\n中山大学,无\n",
        "项目,数量\n鞋,1\n",
        *("安,x\n", "场,x\n", "の作,x\n", "の前,x\n", "（一）,x\n"),
    ],
)
def test_simplified_text_is_not_taken_for_big5(tmp_path: Path, text: str) -> None:
    """GB 18030 stays GB 18030, at the edges of its frequent characters as well."""
    path = tmp_path / "a.csv"
    rows = _rows(path, text, "gb18030")
    assert rows == [line.split(",") for line in text.splitlines()]
    assert sheets(path)[0].encoding == "GB18030"


def test_the_euro_sign_of_windows_is_read(tmp_path: Path) -> None:
    """Windows writes one byte that GB 18030 does not know."""
    content = "企业名称,注册资本\n甲公司,".encode("gb18030") + b"\x80500" + "万\n".encode("gb18030")
    assert _rows(tmp_path / "a.csv", content)[1][1] == "€500万"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 200), byte=st.sampled_from([0xE5, 0xFF, 0xC0, 0x80]))
def test_one_bad_byte_is_told_with_its_place(tmp_path: Path, at: int, byte: int) -> None:
    """Whatever byte of a UTF-8 text is spoilt, its line is named and nothing is read as another encoding."""
    text = "".join(f"测试{n}有限公司,第一镇,鞋服研发\n" for n in range(8)).encode()
    place = at % len(text)
    content = text[:place] + bytes([byte]) + text[place:]
    sound = len(content.decode(errors="ignore").encode())
    assume(sound < len(content))
    before = content[: _first_bad(content)]
    assume(len(before) > 12)  # after too few characters nobody can tell what it was meant to be
    code, line = _refusal(tmp_path / "a.csv", content)
    assert code in ("file_bad_byte", "file_cut")
    assert line == before.count(b"\n") + 1


def _first_bad(content: bytes) -> int:
    """Where a text stops being UTF-8."""
    return next(at for at in range(len(content), -1, -1) if not content[:at].decode(errors="replace").count("\ufffd"))


HEADING = "企业名称,镇街\n"


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (HEADING.encode() + b"a\xffb\n", "file_bad_byte", ("UTF-8", 22, "FF", 2)),
        ("甲乙丙".encode() + b"\xff", "file_bad_byte", ("UTF-8", 10, "FF", 1)),
        # so few characters of UTF-8 may stand there by accident
        ("甲乙".encode() + b"\xff\n", "file_bad_byte", ("GB18030", 7, "FF", 1)),
        (HEADING.encode() + "甲\r\n乙\r丙\n丁".encode()[:-1], "file_cut", ("UTF-8", 34, "E4", 5)),
        (HEADING.encode("gb18030") + b"\xff\n", "file_bad_byte", ("GB18030", 15, "FF", 2)),
        ("企業名稱,鎮街\n測試".encode("big5") + b"\xff\n", "file_bad_byte", ("Big5", 19, "FF", 2)),
        (b"ab,c\xff\n", "file_bad_byte", ("GB18030", 5, "FF", 1)),
        (b"x,y\n" * 100_000 + b"\0\n", "file_bad_byte", ("GB18030", 400_001, "00", 100_001)),
        # the place counts from the beginning of the file, also where a character stands on the edge of two parts of it
        ("甲乙,丙\n".encode() * 100_000 + b"\xff", "file_bad_byte", ("UTF-8", 1_100_001, "FF", 100_001)),
    ],
)
def test_a_byte_of_no_character_is_told(tmp_path: Path, content: bytes, code: str, told: tuple[object, ...]) -> None:
    """By the encoding the text was meant to be in, its place, itself, and its line."""
    error = _refused(tmp_path / "a.csv", content)
    assert (error.code, error.hint) == (code, "file_save_utf8")
    assert tuple(error.values[name] for name in ("encoding", "at", "byte", "line")) == told


@pytest.mark.parametrize(
    "content", [b"abc\xff", b"\xff\xff\xff\xff", (HEADING * 2).encode("utf-16") + b"\x00\xd8a\0", b"a\0\0\0b\0c\0"]
)
def test_what_is_no_text_at_all_is_called_so(tmp_path: Path, content: bytes) -> None:
    """Where not even the first letters can be read, and where two bytes a letter do not fit."""
    error = _refused(tmp_path / "a.csv", content)
    assert (error.code, error.hint) == ("file_encoding", "file_save_utf8")


def test_a_cell_beyond_every_limit_is_called_so(tmp_path: Path) -> None:
    """A limit of the reader is no broken file; what just fits is read."""
    most = "x" * (16 << 20)
    assert _rows(tmp_path / "a.csv", f"企业名称,备注\n甲,{most}\n")[1][1] == most
    assert _refusal(tmp_path / "a.csv", f'企业名称,备注\n甲,"\n{most}x"\n') == ("cell_too_long", 2)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=6), min_size=2, max_size=2
        ),
        min_size=1,
        max_size=6,
    ),
    mark=st.sampled_from([",", "\t"]),
)
def test_what_a_writer_quotes_a_reader_gives_back(tmp_path: Path, rows: list[list[str]], mark: str) -> None:
    """Every row written by the rules of csv comes back, or the file is refused by name; none is lost."""
    import csv

    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle, delimiter=mark).writerows([["甲列", "乙列"], *rows])
    try:
        found = [list(row) for _, row in sheets(path)[0].rows()]
    except InputError as error:
        codes = {error.code}
        found = []
    else:
        codes = set()
    assert codes <= {"quote_open", "file_encoding"}
    if codes:
        return
    if all(len(row) == 2 for row in found):
        assert found[1:] == rows
    else:
        assert len(found) == len(rows) + 1, "another mark was more even, but no line is lost"
