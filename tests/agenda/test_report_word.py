"""The Word file names the standard's fonts and keeps its measures."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from functools import cache
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree
from report_example import results

from duijie.agenda.report import Reading, compose
from duijie.agenda.report.layout import LAYOUT
from duijie.agenda.report.word import word
from duijie.terms import Language

ON = date(2026, 2, 3)
TWIPS_A_MM = 1440 / 25.4


@cache
def made(language: Language = "zh", *, is_rehearsal: bool = True) -> bytes:
    return word(compose(Reading(results(is_rehearsal=is_rehearsal), language), on=ON), on=ON)


def opened() -> Any:
    return docx.Document(io.BytesIO(made()))


def value(element: Any, name: str) -> str:
    return str(element.get(qn(f"w:{name}")))


def test_page_margins_and_the_grid_of_22_lines() -> None:
    section = opened().sections[0]._sectPr
    size, margins, grid = (section.find(qn(f"w:{name}")) for name in ("pgSz", "pgMar", "docGrid"))
    measured = [float(value(element, name)) / TWIPS_A_MM for element, name in ((size, "w"), (size, "h"))]
    assert measured == pytest.approx([210, 297], abs=0.1)
    edges = [float(value(margins, name)) / TWIPS_A_MM for name in ("top", "left", "right", "bottom")]
    assert edges == pytest.approx([37, 28, 26, 35], abs=0.1)
    pitch = int(value(grid, "linePitch"))
    assert value(grid, "type") == "lines"
    assert LAYOUT.n_lines * pitch <= 225 * TWIPS_A_MM < (LAYOUT.n_lines + 1) * pitch


def test_28_characters_fill_a_line() -> None:
    style = opened().styles["Body Text"].element
    size = int(value(style.rPr.find(qn("w:sz")), "val")) / 2
    closer = int(value(style.rPr.find(qn("w:spacing")), "val")) / 20
    width = 156 * 72 / 25.4
    assert size == 16
    assert 28 * (size + closer) <= width < 29 * (size + closer)
    assert value(style.pPr.find(qn("w:ind")), "firstLineChars") == "200"
    spacing = style.pPr.find(qn("w:spacing"))
    assert (value(spacing, "line"), value(spacing, "lineRule")) == ("579", "exact")


@pytest.mark.parametrize(
    ("style", "font", "points"),
    [
        ("Normal", "仿宋_GB2312", 16),
        ("Body Text", "仿宋_GB2312", 16),
        ("Title", "方正小标宋简体", 22),
        ("Heading 1", "黑体", 16),
        ("Heading 2", "楷体_GB2312", 16),
        ("Footer", "宋体", 14),
    ],
)
def test_styles_name_the_standard_fonts(style: str, font: str, points: float) -> None:
    properties = opened().styles[style].element.rPr
    fonts = properties.find(qn("w:rFonts"))
    assert value(fonts, "eastAsia") == font
    assert fonts.get(qn("w:eastAsiaTheme")) is None
    assert int(value(properties.find(qn("w:sz")), "val")) / 2 == points
    bold = properties.find(qn("w:b"))
    assert bold is None or value(bold, "val") == "0"


def test_banner_notice_and_page_number_are_on_odd_and_even_pages() -> None:
    with zipfile.ZipFile(io.BytesIO(made())) as packed:
        parts = {name: packed.read(name).decode("utf-8") for name in packed.namelist()}
    assert not [name for name in parts if "thumbnail" in name]
    headers = [text for name, text in parts.items() if name.startswith("word/header")]
    footers = [text for name, text in parts.items() if name.startswith("word/footer")]
    assert (len(headers), len(footers)) == (2, 2)
    assert all("演练数据" in text and "正式公文" in text for text in headers)
    assert all("— " in text and ">PAGE<" in text for text in footers)
    assert {'w:val="right"' in text for text in footers} == {True, False}
    assert "evenAndOddHeaders" in parts["word/settings.xml"]
    assert "mirrorMargins" in parts["word/settings.xml"]


def test_order_of_settings_follows_the_schema() -> None:
    with zipfile.ZipFile(io.BytesIO(made())) as packed:
        settings = etree.fromstring(packed.read("word/settings.xml"))
    names = [etree.QName(child).localname for child in settings]
    known = [
        "writeProtection",
        "view",
        "zoom",
        "mirrorMargins",
        "bordersDoNotSurroundHeader",
        "defaultTabStop",
        "evenAndOddHeaders",
    ]
    assert [name for name in names if name in known] == [name for name in known if name in names]


def test_the_annex_begins_a_page_and_tables_repeat_their_headings() -> None:
    file = opened()
    [label] = [one for one in file.paragraphs if one.text == "附件"]
    assert label.paragraph_format.page_break_before
    with_rows = [table for table in file.tables if table._tbl.findall(".//" + qn("w:tblHeader"))]
    assert len(with_rows) > 10


def test_the_file_is_dated_as_told() -> None:
    properties = opened().core_properties
    assert properties.created.date() == properties.modified.date() == ON
    with zipfile.ZipFile(io.BytesIO(made())) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_long_names_shrink_the_leader_page_and_nothing_else() -> None:
    given = results()
    for one in given["advice"]["opportunities"]:
        one["title"]["values"]["what_b"] = {"zh": "很长的行业名称" * 6, "en": ""}
    file = docx.Document(io.BytesIO(word(compose(Reading(given, "zh"), on=ON), on=ON)))
    label = next(at for at, one in enumerate(file.paragraphs) if one.text == "附件")
    bodies = [
        (at < label, one.runs[0].font.size) for at, one in enumerate(file.paragraphs) if one.style.name == "Body Text"
    ]
    assert {size is None for is_leader, size in bodies if is_leader} == {False}
    assert {size for is_leader, size in bodies if not is_leader} == {None}


def test_other_languages_are_set_smaller() -> None:
    file = docx.Document(io.BytesIO(made("en")))
    sizes = {one.runs[0].font.size.pt for one in file.paragraphs if one.style.name == "Body Text"}
    assert max(sizes) == LAYOUT.body_pt * LAYOUT.other_scale == 12
