"""Web pages and the XML of 2003 that bear the name of a workbook: their tables, and what is no table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from duijie.cells import Spoiled
from duijie.errors import InputError
from duijie.sheets import Limits, Sheet, sheets


def _opened(path: Path, text: str | bytes) -> tuple[Sheet, ...]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return sheets(path)


def _rows(sheet: Sheet) -> list[list[object]]:
    return [list(row) for _, row in sheet.rows()]


def _page(path: Path, body: str) -> list[list[object]]:
    """The rows of the one table of a page."""
    (found,) = _opened(path, f"<html><body><table>{body}</table></body></html>")
    return _rows(found)


def _refusal(path: Path, text: str, limits: Limits | None = None) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sheets(path, limits=limits)
    return caught.value.code


PAGE = """<html><head><meta charset="{charset}"><style>td {{}}</style></head><body>
<table><tr><th colspan="2">名单</th></tr><tr><td>企业名称</td><td>镇街</td></tr>
<tr><td>甲&amp;乙<br>公司</td><td rowspan="2">一镇</td></tr>
<tr style="display:none"><td>丙公司</td></tr></table></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk"])
def test_a_web_page_saved_as_a_workbook_is_read(tmp_path: Path, charset: str) -> None:
    """Its table, with merged cells and rows that are not shown."""
    path = tmp_path / "a.xls"
    path.write_bytes(PAGE.format(charset=charset).encode("gb18030" if charset != "utf-8" else "utf-8"))
    (found,) = sheets(path)
    rows = [list(row) for _, row in found.rows()]
    assert rows == [["名单", ""], ["企业名称", "镇街"], ["甲&乙\n公司", "一镇"], ["丙公司"]]
    assert (found.hidden_rows, found.merged) == ({4}, ((1, 0, 1, 1), (3, 1, 4, 1)))


def test_a_web_page_without_a_table_is_named(tmp_path: Path) -> None:
    """It is no broken workbook, and what helps is said."""
    (tmp_path / "a.xls").write_text("<html><body>请登录</body></html>", encoding="utf-8")
    with pytest.raises(InputError, match="file_web_page") as caught:
        sheets(tmp_path / "a.xls")
    assert caught.value.hint == "file_save_anew"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        # cells that span rows push those of the next ones to the right
        ("<tr><td rowspan=2>一镇<td>甲<tr><td>乙", [["一镇", "甲"], ["", "乙"]]),
        ("<tr><td rowspan=2 colspan=2>一镇<td>甲<tr><td>乙", [["一镇", "", "甲"], ["", "", "乙"]]),
        ("<tr><td>甲<td rowspan=3>一镇<tr><td>乙<tr><td>丙<td>x", [["甲", "一镇"], ["乙"], ["丙", "", "x"]]),
        ("<tr><td>甲<td rowspan=2>一<td rowspan=2>二<tr><td>乙<td>x", [["甲", "一", "二"], ["乙", "", "", "x"]]),
        # a span that is no number is one, and none is beyond a thousand columns
        ("<tr><td colspan=0>甲<td colspan=x>乙<td colspan=²>丙<td colspan>丁", [["甲", "乙", "丙", "丁"]]),
        ("<tr><td colspan=1001>甲<td>乙", [["甲", *[""] * 999, "乙"]]),
        # what stands within a cell is its text
        ("<tr><td>甲<script>x</script><style>y</style>乙", [["甲乙"]]),
        ("<tr><td>甲<table><tr><td>乙</td></tr></table>丙</td><td>丁</td></tr>", [["甲乙丙", "丁"]]),
        ("<tr><td><p>甲</p><div>乙</div>丙<br>丁<ul><li>戊</ul>", [["甲\n乙\n丙\n丁\n戊"]]),
        ("<tr><td>  甲 \n 乙 &nbsp; 丙\v丁</td>", [["甲 乙 丙 丁"]]),
        # what stands outside of every cell is none
        ("名单<tr>x<th>甲</th>y</tr>z<tr><td>乙</td>", [["甲"], ["乙"]]),
        ("<td>x</td><tr><td>甲", [["甲"]]),
        ("</style><tr><td>甲</td></tr></p>", [["甲"]]),
        ("<tr><td>甲</tr></td><tr></tr><tr><td>乙", [["甲"], [], ["乙"]]),
    ],
)
def test_cells_of_a_page(tmp_path: Path, body: str, rows: list[list[str]]) -> None:
    """As a browser lays them out, whatever is closed or left open."""
    assert _page(tmp_path / "a.xls", body) == rows


def test_every_table_of_a_page_is_a_sheet(tmp_path: Path) -> None:
    """Numbered where there are several; tables without a word are left out, and each has its own spans and rows."""
    tables = (
        "<table><tr><td rowspan=3>甲</td></tr><tr style='Display : none'><td>乙</td></tr></table>",
        "<table><tr><td></td></tr></table>",
        "</table><table><tr><td>丙</td></tr><tr><td>丁</td></tr></table>",
    )
    found = _opened(tmp_path / "a.xls", f"<table></table>{''.join(tables)}")
    assert [(one.name, _rows(one)) for one in found] == [("1", [["甲"], ["", "乙"]]), ("2", [["丙"], ["丁"]])]
    assert [(one.hidden_rows, one.merged) for one in found] == [({2}, ((1, 0, 3, 0),)), (frozenset(), ())]
    (single,) = _opened(tmp_path / "a.xls", tables[0])
    assert (single.name, single.hidden_rows) == ("", {2})


@pytest.mark.parametrize(
    "start",
    [
        "<!-- made by --><table>",
        "<?xml version='1.0'?>\n<html><table>",
        "\ufeff<!DOCTYPE html><table>",
        " <div><table>",
    ],
)
def test_a_page_may_begin_in_many_ways(tmp_path: Path, start: str) -> None:
    """With a remark, a declaration, a mark of order, or an element of its body."""
    (found,) = _opened(tmp_path / "a.xls", f"{start}<tr><td>甲</td></tr></table>")
    assert _rows(found) == [["甲"]]


@pytest.mark.parametrize(
    ("said", "encoding"), [("x-none", "utf-8"), ("utf-8", "gb18030"), ("UTF-8", "utf-8-sig"), ("big5", "big5")]
)
def test_the_encoding_a_page_names_is_believed_where_it_fits(tmp_path: Path, said: str, encoding: str) -> None:
    """What it names is tried first, then what the bytes themselves show."""
    text = f'<html><meta charset="{said}"><table><tr><td>測試甲</td></tr></table></html>'
    (found,) = _opened(tmp_path / "a.xls", text.encode(encoding))
    assert _rows(found) == [["測試甲"]]


def test_spans_are_no_bomb(tmp_path: Path) -> None:
    """A few bytes may span a million cells; beyond the bound they are refused."""
    text = "<table><tr><td>甲</td><td colspan=10 rowspan=10>乙</td></tr></table>"
    assert len(_opened(tmp_path / "a.xls", text)) == 1
    assert len(sheets(tmp_path / "a.xls", limits=Limits(cells=101))) == 1
    assert _refusal(tmp_path / "a.xls", text, Limits(cells=100)) == "file_bomb"
    assert _refusal(tmp_path / "a.xls", "<table><tr>" + "<td colspan=999 rowspan=999>甲</td>" * 40) == "file_bomb"


def test_a_page_of_any_size_is_not_read(tmp_path: Path) -> None:
    """Up to 64 MB it is; the rest is another table program's work."""
    text = "<table><tr><td>甲</td></tr></table>"
    path = tmp_path / "a.xls"
    path.write_bytes(text.encode().ljust(64 << 20))
    assert _rows(sheets(path)[0]) == [["甲"]]
    path.write_bytes(text.encode().ljust((64 << 20) + 1))
    with pytest.raises(InputError, match="file_bomb") as caught:
        sheets(path)
    assert caught.value.values["n"] == (64 << 20) + 1


XML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="名单"><Table><Row><Cell><Data ss:Type="String">企业名称</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="String">资本</Data></Cell></Row>
<Row ss:Index="3" ss:Hidden="1"><Cell ss:MergeDown="1"><Data ss:Type="String">甲</Data></Cell><Cell/>
<Cell><Data ss:Type="Number">1.5</Data></Cell></Row>
<Row><Cell ss:Index="3" ss:Formula="=R1C1"/></Row><Row><Cell ss:Index="3"><Data ss:Type="Error">#N/A</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def test_a_workbook_in_the_xml_of_2003_is_read(tmp_path: Path) -> None:
    """Places that are left out, merged cells, hidden rows, errors and formulas without a result."""
    (tmp_path / "a.xls").write_text(XML, encoding="utf-8")
    (found,) = sheets(tmp_path / "a.xls")
    rows = [list(row) for _, row in found.rows()]
    assert rows == [
        ["企业名称", "", "资本"], [], ["甲", "", 1.5], ["", "", Spoiled("cell_formula", "=R1C1")],
        ["", "", Spoiled("cell_error", "#N/A")],
    ]  # fmt: skip
    assert (found.hidden_rows, found.merged) == ({3}, ((3, 0, 4, 0),))


def test_xml_that_declares_entities_is_refused(tmp_path: Path) -> None:
    """As in every other form of file."""
    (tmp_path / "a.xls").write_text(XML.replace("<Workbook", "<!DOCTYPE a [<!ENTITY x 'y'>]><Workbook", 1), "utf-8")
    with pytest.raises(InputError, match="file_entities"):
        sheets(tmp_path / "a.xls")


OFFICE = "urn:schemas-microsoft-com:office"


def _book(path: Path, rows: str, *, head: str = "", options: str = "", limits: Limits | None = None) -> Sheet:
    """The one sheet of such a workbook with rows of its own."""
    path.write_text(
        f'<?xml version="1.0"?><Workbook xmlns="{OFFICE}:spreadsheet" xmlns:ss="{OFFICE}:spreadsheet" '
        f'xmlns:x="{OFFICE}:excel">{head}<Worksheet ss:Name="名单"><Table>{rows}</Table>{options}</Worksheet>'
        "</Workbook>",
        encoding="utf-8",
    )
    (found,) = sheets(path, limits=limits)
    return found


def _cell(text: object, kind: str = "String", **said: object) -> str:
    attributes = "".join(f' ss:{name}="{value}"' for name, value in said.items())
    return f'<Cell{attributes}><Data ss:Type="{kind}">{text}</Data></Cell>'


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (_cell("1.5", "Number"), 1.5),
        (_cell("x", "Number"), "x"),
        (_cell("1", "Boolean"), True),
        (_cell("0", "Boolean"), False),
        (_cell("1"), "1"),
        (_cell("2023-02-08T00:00:00.000", "DateTime"), datetime(2023, 2, 8)),
        (_cell("#REF!", "Error"), Spoiled("cell_error", "#REF!")),
        ('<Cell ss:Formula="=R1C1"/>', Spoiled("cell_formula", "=R1C1")),
        (_cell("2", "Number", Formula="=1+1"), 2.0),
        ('<Cell><ss:Data ss:Type="String">甲<B>乙</B></ss:Data></Cell>', "甲乙"),
        ("<Cell/>", ""),
    ],
)
def test_cells_of_the_xml_of_2003(tmp_path: Path, cell: str, value: object) -> None:
    """Each by its type."""
    found = _rows(_book(tmp_path / "a.xls", f"<Row>{_cell('x')}{cell}</Row>"))
    assert found == [["x", value]]
    assert type(found[0][1]) is type(value)


def test_a_sheet_of_the_xml_of_2003_that_is_not_shown(tmp_path: Path) -> None:
    """It says so below its rows; and the book says above from when it counts its days."""
    row = f"<Row>{_cell('x')}</Row>"
    shown = f'<WorksheetOptions xmlns="{OFFICE}:excel"><Visible>{{}}</Visible></WorksheetOptions>'
    for said, is_hidden in (("SheetHidden", True), ("SheetVeryHidden", True), ("SheetVisible", False)):
        assert _book(tmp_path / "a.xls", row, options=shown.format(said)).is_hidden is is_hidden
    counts = f'<ExcelWorkbook xmlns="{OFFICE}:excel">{{}}</ExcelWorkbook>'
    assert _book(tmp_path / "a.xls", row, head=counts.format("<Date1904/>")).is_1904
    assert not _book(tmp_path / "a.xls", row, head=counts.format("")).is_1904


def test_places_of_the_xml_of_2003(tmp_path: Path) -> None:
    """A row or cell goes where it says, never back, and never beyond the last a sheet may have."""
    rows = f'<Row ss:Index="2">{_cell("甲", Index=2)}{_cell("乙", Index=1)}{_cell("丙", Index="x")}</Row>'
    rows += f'<Row ss:Index="1">{_cell("丁", MergeAcross=1)}{_cell("戊", MergeAcross="x", MergeDown=2)}</Row>'
    found = _book(tmp_path / "a.xls", rows)
    assert _rows(found) == [[], ["", "甲", "乙", "丙"], ["丁", "", "戊"]]
    assert found.merged == ((3, 0, 3, 1), (3, 2, 5, 2))
    for index, n in (("16384", 16_384), ("16385", 16_384)):
        assert len(_rows(_book(tmp_path / "a.xls", f"<Row>{_cell('甲', Index=index)}</Row>"))[0]) == n
        assert len(_rows(_book(tmp_path / "a.xls", f"<Row>{_cell('甲', MergeAcross=index)}</Row>"))[0]) == n
    for index in ("1048576", "1048577"):
        assert len(_rows(_book(tmp_path / "a.xls", f'<Row ss:Index="{index}">{_cell("甲")}</Row>'))) == 1_048_576


def test_places_of_the_xml_of_2003_are_no_bomb(tmp_path: Path) -> None:
    """All that lies between two cells counts."""
    rows = f'<Row ss:Index="91">{_cell("甲", Index=10)}</Row>'
    assert len(_rows(_book(tmp_path / "a.xls", rows, limits=Limits(cells=100)))) == 91
    with pytest.raises(InputError, match="file_bomb") as caught:
        _book(tmp_path / "a.xls", rows, limits=Limits(cells=99))
    assert caught.value.values["n"] == 100


def test_formats_of_columns_reach_to_their_last(tmp_path: Path) -> None:
    """A column that says where it stands and how many it speaks of; a cell's own style goes before it."""
    styles = '<Styles><Style ss:ID="s"><NumberFormat ss:Format="Percent"/></Style><Style ss:ID="p"/></Styles>'
    head = '<Column ss:Index="2" ss:StyleID="s" ss:Span="1"/><Column/><Column ss:StyleID="s"/>'
    cells = "".join(_cell("0.5", "Number") for _ in range(5)) + _cell("0.5", "Number", StyleID="p")
    found = _book(tmp_path / "a.xls", f"{head}<Row>{cells}</Row>", head=styles)
    assert _rows(found) == [[0.5, "50%", "50%", 0.5, "50%", 0.5]]


def test_only_sheets_that_hold_something_count(tmp_path: Path) -> None:
    """A book of empty ones is empty, a broken one is called so."""
    path = tmp_path / "a.xls"
    with pytest.raises(InputError, match="file_empty"):
        _book(path, "<Row><Cell/></Row>")
    two = XML.replace("<Worksheet", '<Worksheet ss:Name="空"><Table/></Worksheet><Worksheet', 1)
    assert [one.name for one in _opened(path, two)] == ["名单"]
    assert _refusal(path, XML.removesuffix("</Workbook>")) == "file_broken"
