"""What number formats show behind figures: in xlsx, xls and the XML of 2003 alike."""

from __future__ import annotations

import struct
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from tests.intake.office_files import compound, record, workbook_1997

from duijie.cells import Spoiled
from duijie.sheets import sheets
from duijie.sheets.formats import MONTH, PERCENT, YEAR, Suffix, shown, suffix_of

THOUSANDTH, TEN_THOUSANDTH = Decimal("0.001"), Decimal("0.0001")


@pytest.mark.parametrize(
    ("code", "suffix"),
    [
        ("General", ""),
        ("0%", PERCENT),
        ("0.00%;[Red]-0.00%", PERCENT),
        ('0.00"%"', "%"),
        ("#,##0.00", ""),
        ("#,##0_);(#,##0)", ""),
        ('_ "¥"* #,##0.00_ ;_ "¥"* -#,##0.00_ ', ""),
        ('0.00"万元"', "万元"),
        ('#,##0"人";0', "人"),
        ("0.0\\亩", "亩"),
        ("0亩", "亩"),
        ('0"号"', ""),
        ('"第"0"批"', ""),
        ('"¥"#,##0"元"', "元"),
        ('0"m2"', "m2"),
        ('0;0"万元"', ""),
        ('"¥;"0"元"', "元"),
        ("0,", Suffix("", THOUSANDTH)),
        ('0.0,"万元"', Suffix("万元", THOUSANDTH)),
        ('0!.0,"万元"', Suffix("万元", TEN_THOUSANDTH)),
        ('0"."0,"万"', Suffix("万", TEN_THOUSANDTH)),
        ("0!.0000", Suffix("", TEN_THOUSANDTH)),
        ("#,##0,,", Suffix("", Decimal("0.000001"))),
        ('yyyy"年"m"月"', MONTH),
        ("[$-804]yyyy\\-mm;@", MONTH),
        ("mmm-yy", MONTH),
        ("yyyy年m月", MONTH),
        ('yyyy"年"', YEAR),
        ("yyyy-mm-dd", ""),
        ('m"月"d"日"', ""),
        ("h:mm", ""),
        ("@", ""),
        ("", ""),
        ('"万元"', ""),
        ('0"unclosed', ""),
    ],
)
def test_what_a_format_writes_behind_a_figure(code: str, suffix: str | Suffix) -> None:
    """A percent sign, a unit, a smaller figure, the month or year of a day; anything else is shown as it is kept."""
    assert suffix_of(code) == (Suffix(suffix) if suffix and isinstance(suffix, str) else suffix or None)


@pytest.mark.parametrize(
    ("value", "suffix", "found"),
    [
        (0.125, PERCENT, "12.5%"),
        (0.285, PERCENT, "28.5%"),
        (1, PERCENT, "100%"),
        (-0.5, PERCENT, "-50%"),
        (1e-7, PERCENT, "0.00001%"),
        (100.0, Suffix("万元"), "100万元"),
        (12.5, Suffix("%"), "12.5%"),
        (1e20, Suffix("元"), "100000000000000000000元"),
        (True, PERCENT, True),
        ("x", PERCENT, "x"),
        ("", PERCENT, ""),
        (None, Suffix("万元"), None),
        (4_850_000, Suffix("", TEN_THOUSANDTH), Spoiled("cell_scaled", "4850000", TEN_THOUSANDTH)),
        (4_850_000, Suffix("万元", THOUSANDTH), Spoiled("cell_scaled", "4850000", THOUSANDTH)),
        (4_850_000, Suffix("万元", TEN_THOUSANDTH), "485万元"),
        (date(2024, 3, 1), MONTH, "2024-03"),
        (date(2024, 1, 1), YEAR, "2024"),
        (date(2024, 3, 2), MONTH, date(2024, 3, 2)),
        (date(2024, 3, 1), YEAR, date(2024, 3, 1)),
        (45352.0, MONTH, "2024-03"),
        (45353.0, MONTH, 45353.0),
        (-1, MONTH, -1),
        (1e9, MONTH, 1e9),
        (True, MONTH, True),
        ("x", MONTH, "x"),
    ],
)
def test_a_figure_as_its_format_shows_it(value: object, suffix: Suffix, found: object) -> None:
    """Exactly, without the noise of a division; a first day as its month; what is neither stays."""
    assert shown(value, suffix) == found


def test_a_day_counted_from_1904_is_no_month_by_the_other_count() -> None:
    """The same number is the 1st of a month from 1900 and the 2nd from 1904."""
    assert shown(45352.0, MONTH, is_1904=True) == 45352.0


def test_months_of_a_workbook(tmp_path: Path) -> None:
    """A month that somebody typed is its first day with a format, and a day stays one."""
    book = openpyxl.Workbook()
    for day in (date(2024, 3, 1), date(2024, 3, 1), date(2024, 3, 15), date(2024, 3, 1)):
        book.active.append([day])
    # the last is one of those that a workbook names by their number alone
    for row, code in enumerate(('yyyy"年"m"月"', "yyyy-mm-dd", "yyyy-mm", "mmm-yy"), start=1):
        book.active.cell(row, 1).number_format = code
    book.save(tmp_path / "a.xlsx")
    cells = [row[0] for _, row in sheets(tmp_path / "a.xlsx")[0].rows()]
    assert cells == ["2024-03", date(2024, 3, 1), date(2024, 3, 15), "2024-03"]


def test_figures_of_a_workbook(tmp_path: Path) -> None:
    """Only cells of that style, only figures; a text shown so and an error stay what they are, and beyond the last
    figure there may be cells of the style alone."""
    book = openpyxl.Workbook()
    for row in (["a", "b", "c"], [0.125, 0.125, "x"], [None, 485, 0.5]):
        book.active.append(row)
    codes = [("A2", "0%"), ("C2", "0.00%"), ("D2", "0%"), ("A3", "0%"), ("B3", '0"万元"'), ("C3", "0.0%")]
    for cell, code in codes:
        book.active[cell].number_format = code
    book.save(tmp_path / "a.xlsx")
    rows = [list(row) for _, row in sheets(tmp_path / "a.xlsx")[0].rows()]
    assert rows == [["a", "b", "c"], ["12.5%", 0.125, "x"], ["", "485万元", "50%"]]


def _xls(path: Path, cells: bytes, *head: bytes) -> list[list[object]]:
    """The rows of an old workbook with some records before its sheet, and cells of its own making."""
    path.write_bytes(compound(workbook_1997({"Sheet1": cells}, b"".join(head))))
    return [list(row) for _, row in sheets(path)[0].rows()]


def _style(number: int) -> bytes:
    return record(0x00E0, struct.pack("<HH16x", 0, number))


def _format(number: int, code: str, *, is_wide: bool) -> bytes:
    text = code.encode("utf-16-le" if is_wide else "latin-1")
    return record(0x041E, struct.pack("<HHB", number, len(code), is_wide) + text)


def test_figures_of_an_old_workbook(tmp_path: Path) -> None:
    """Plain numbers, packed ones alone and in a row, results of formulas; formats built in and written out."""
    head = [_format(200, '0"万元"', is_wide=True), _format(201, "0.0%", is_wide=False)]
    head += [_style(0), _style(9), _style(10), _style(200), _style(201)]
    cells = record(0x0203, struct.pack("<HHHd", 0, 0, 1, 0.125)) + record(0x0203, struct.pack("<HHHd", 0, 1, 0, 0.125))
    cells += record(0x027E, struct.pack("<HHHI", 1, 0, 3, (485 << 2) | 2))
    cells += record(0x00BD, struct.pack("<HHHIHIHIH", 2, 0, 4, (50 << 2) | 3, 0, (7 << 2) | 2, 2, (1 << 2) | 2, 2))
    cells += record(0x0203, struct.pack("<HHHd", 2, 3, 0, 0.75))
    cells += record(0x0006, struct.pack("<HHHdHIH", 3, 1, 2, 0.25, 0, 0, 0))
    rows = _xls(tmp_path / "a.xls", cells, *head)
    assert rows == [
        ["12.5%", 0.125, "", ""], ["485万元", "", "", ""], ["50%", 7, "100%", 0.75], ["", "25%", "", ""],
    ]  # fmt: skip


def test_a_month_by_the_format_built_into_a_chinese_program(tmp_path: Path) -> None:
    """Such a program writes no more than the number of the format; the reader below gives the number of the day."""
    cells = record(0x0203, struct.pack("<HHHd", 0, 0, 1, 45352.0))
    assert _xls(tmp_path / "a.xls", cells, _style(0), _style(57)) == [["2024-03"]]


STYLED = """<?xml version="1.0"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="plain"/><Style ss:ID="share"><NumberFormat ss:Format="Percent"/></Style>
<Style ss:ID="month"><NumberFormat ss:Format="yyyy&quot;年&quot;m&quot;月&quot;"/></Style>
<Style ss:ID="money"><NumberFormat ss:Format="0.00&quot;万元&quot;"/></Style></Styles>
<Worksheet ss:Name="a"><Table><Column/><Column ss:StyleID="share" ss:Span="1"/><Column ss:StyleID="money"/>
<Row><Cell ss:StyleID="share"><Data ss:Type="Number">0.125</Data></Cell><Cell><Data ss:Type="Number">0.5</Data></Cell>
<Cell ss:StyleID="plain"><Data ss:Type="Number">0.5</Data></Cell><Cell><Data ss:Type="Number">3</Data></Cell></Row>
<Row ss:StyleID="money"><Cell><Data ss:Type="Number">5</Data></Cell><Cell><Data ss:Type="String">x</Data></Cell>
<Cell ss:StyleID="share"><Data ss:Type="Number">1</Data></Cell></Row>
<Row><Cell ss:StyleID="month"><Data ss:Type="DateTime">2024-03-01T00:00:00.000</Data></Cell>
<Cell ss:StyleID="plain"><Data ss:Type="DateTime">2024-03-01T00:00:00.000</Data></Cell>
<Cell ss:StyleID="plain"><Data ss:Type="DateTime">2024</Data></Cell></Row></Table></Worksheet></Workbook>"""


def test_figures_of_the_xml_of_2003(tmp_path: Path) -> None:
    """The style of a cell goes before that of its row, and that before its column's."""
    (tmp_path / "a.xls").write_text(STYLED, encoding="utf-8")
    rows = [list(row) for _, row in sheets(tmp_path / "a.xls")[0].rows()]
    assert rows == [
        ["12.5%", "50%", 0.5, "3万元"], ["5万元", "x", "100%"], ["2024-03", datetime(2024, 3, 1), "2024"],
    ]  # fmt: skip
