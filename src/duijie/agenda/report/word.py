"""Sets a report as a Word file in an official document's layout, naming the fonts the standard asks for."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, time
from typing import Any

import docx
from docx.enum.section import WD_HEADER_FOOTER
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from .blocks import Block, Document, Heading, Lights, Links, Paragraph, Table
from .layout import LAYOUT

__all__ = ["word"]

FANGSONG, KAI, HEI, XIAOBIAOSONG, SONG = "仿宋_GB2312", "楷体_GB2312", "黑体", "方正小标宋简体", "宋体"
LATIN = "Times New Roman"
TWIPS_A_POINT = 20
GRID_UNITS_A_POINT = 4096
HUES = {"green": "2E7D4F", "amber": "9A6200", "red": "B3261E", "grey": "66707C"}
SIGNS = {"green": "●", "amber": "▲", "red": "■", "grey": "○"}
N_LAMPS_A_ROW = 9
EARLIEST = (1980, 1, 1, 0, 0, 0)


def word(document: Document, *, on: date) -> bytes:
    """The report as a DOCX file; the same document and date give the same bytes."""
    file = docx.Document()
    _properties(file, document, on)
    _styles(file)
    _page(file, document)
    file.add_paragraph(document.title, style="Title")
    file.add_paragraph(document.subtitle, style="Subtitle")
    for block in document.leader:
        _set(file, block)
    label = file.add_paragraph(style="Heading 1")
    label.paragraph_format.page_break_before = True
    label.add_run(document.analyst_label)
    file.add_paragraph(document.analyst_title, style="Title")
    for block in document.analyst:
        _set(file, block)
    return _packed(file)


def _packed(file: Any) -> bytes:
    """The file with every entry of its archive dated alike."""
    raw, packed = io.BytesIO(), io.BytesIO()
    file.save(raw)
    with zipfile.ZipFile(raw) as read, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name in read.namelist():
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, read.read(name))
    return packed.getvalue()


def _properties(file: Any, document: Document, on: date) -> None:
    moment = datetime.combine(on, time(), UTC).replace(tzinfo=None)
    properties = file.core_properties
    properties.title, properties.author, properties.last_modified_by = document.title, "duijie", "duijie"
    properties.language = {"zh": "zh-CN"}.get(document.language, document.language)
    properties.subject, properties.comments = document.notice, document.banner
    properties.created = properties.modified = properties.last_printed = moment


def _font(style: Any, east_asian: str, size_pt: float, *, bold: bool = False) -> None:
    style.font.name, style.font.size, style.font.bold, style.font.italic = LATIN, Pt(size_pt), bold, False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), LATIN)
    fonts.set(qn("w:eastAsia"), east_asian)


def _spaced(style: Any, *, line_pt: float = LAYOUT.line_pt, indent: bool = False, grid: bool = True) -> None:
    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(int(line_pt * TWIPS_A_POINT) / TWIPS_A_POINT)
    properties = style.element.get_or_add_pPr()
    if indent:
        mark = properties.get_or_add_ind()
        mark.set(qn("w:firstLineChars"), "200")
        mark.set(qn("w:firstLine"), str(int(2 * LAYOUT.character_pt * TWIPS_A_POINT)))
    if not grid:
        snap = OxmlElement("w:snapToGrid")
        snap.set(qn("w:val"), "0")
        properties.insert_element_before(snap, "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl")


def _styles(file: Any) -> None:
    styles = file.styles
    body = LAYOUT.body_pt
    for name, font, size, indent in (
        ("Normal", FANGSONG, body, False),
        ("Body Text", FANGSONG, body, True),
        ("Heading 1", HEI, body, True),
        ("Heading 2", KAI, body, True),
        ("Title", XIAOBIAOSONG, LAYOUT.title_pt, False),
        ("Subtitle", KAI, body, False),
        ("Header", SONG, LAYOUT.note_pt, False),
        ("Footer", SONG, LAYOUT.page_number_pt, False),
    ):
        _font(styles[name], font, size)
        _spaced(styles[name], indent=indent)
    for name, font, bold in (("Caption", HEI, False), ("List", FANGSONG, False), ("Body Text 2", FANGSONG, False)):
        _font(styles[name], font, LAYOUT.table_pt, bold=bold)
        _spaced(styles[name], line_pt=LAYOUT.table_pt * 1.3, grid=False)
    _spaced(styles["Header"], line_pt=14, grid=False)
    _spaced(styles["Footer"], line_pt=18, grid=False)
    styles["Caption"].paragraph_format.keep_with_next = True
    for name in ("Title", "Subtitle"):
        styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        for border in styles[name].element.iter(qn("w:pBdr")):
            border.getparent().remove(border)
            break


def _page(file: Any, document: Document) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Mm(LAYOUT.width_mm), Mm(LAYOUT.height_mm)
    section.top_margin, section.bottom_margin = Mm(LAYOUT.top_mm), Mm(LAYOUT.bottom_mm)
    section.left_margin, section.right_margin, section.gutter = Mm(LAYOUT.binding_mm), Mm(LAYOUT.outer_mm), 0
    section.header_distance = Mm(15)
    section.footer_distance = Mm(LAYOUT.bottom_mm - LAYOUT.page_number_gap_mm) - Pt(18)
    grid = section._sectPr.find(qn("w:docGrid"))
    grid.set(qn("w:type"), "linesAndChars")
    grid.set(qn("w:linePitch"), str(int(LAYOUT.line_pt * TWIPS_A_POINT)))
    grid.set(qn("w:charSpace"), str(int(LAYOUT.tracking_pt * GRID_UNITS_A_POINT) - 1))
    settings = file.settings.element
    for name in ("w:evenAndOddHeaders", "w:mirrorMargins"):
        if settings.find(qn(name)) is None:
            settings.insert(1, OxmlElement(name))
    for which in (WD_HEADER_FOOTER.PRIMARY, WD_HEADER_FOOTER.EVEN_PAGE):
        odd = which is WD_HEADER_FOOTER.PRIMARY
        _header(section.header if odd else section.even_page_header, document)
        _footer(section.footer if odd else section.even_page_footer, odd)


def _header(header: Any, document: Document) -> None:
    header.is_linked_to_previous = False
    lines = [line for line in (document.banner, document.notice) if line]
    for at, line in enumerate(lines):
        paragraph = header.paragraphs[0] if at == 0 else header.add_paragraph(style="Header")
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(line)
        if line == document.banner:
            run.font.bold, run.font.size, run.font.color.rgb = True, Pt(12), RGBColor.from_string(HUES["red"])


def _footer(footer: Any, odd: bool) -> None:
    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if odd else WD_ALIGN_PARAGRAPH.LEFT
    mark = paragraph._p.get_or_add_pPr().get_or_add_ind()
    mark.set(qn("w:rightChars" if odd else "w:leftChars"), "100")
    paragraph.add_run("— ")
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        mark = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark.text = text
        run._r.append(mark)
    paragraph.add_run(" —")


def _set(file: Any, block: Block) -> None:
    match block:
        case Heading():
            file.add_paragraph(block.text, style=f"Heading {block.level}")
        case Paragraph():
            file.add_paragraph(str(block), style="Body Text" if block.style == "body" else "Body Text 2")
        case Table() if block.rows:
            file.add_paragraph(block.caption, style="Caption")
            _table(file, block)
        case Lights():
            _lights(file, block)
        case Links():
            for link in block.links:
                file.add_paragraph(f"{link.text} {link.url}".strip(), style="List")
        case _:
            return


def _table(file: Any, block: Table) -> None:
    rows = [block.columns, *([str(cell) for cell in row.cells] for row in block.rows[: block.n_print])]
    table = file.add_table(len(rows), len(block.columns), style="Table Grid")
    table.autofit = False
    widths = [Mm(LAYOUT.text_width_mm * width / sum(block.widths)) for width in block.widths]
    for at, texts in enumerate(rows):
        row = table.rows[at]
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if at == 0:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            cell.paragraphs[0].style = file.styles["Caption" if at == 0 else "List"]
            cell.paragraphs[0].add_run(text)


def _lights(file: Any, block: Lights) -> None:
    lamps = block.lamps
    table = file.add_table(-(-len(lamps) // N_LAMPS_A_ROW), N_LAMPS_A_ROW, style="Table Grid")
    for at, lamp in enumerate(lamps):
        cell = table.cell(at // N_LAMPS_A_ROW, at % N_LAMPS_A_ROW)
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), HUES.get(lamp.light, HUES["grey"]))
        cell._tc.get_or_add_tcPr().append(shade)
        cell.paragraphs[0].style = file.styles["List"]
        run = cell.paragraphs[0].add_run(f"{lamp.number} {SIGNS.get(lamp.light, SIGNS['grey'])}")
        run.font.color.rgb = RGBColor(255, 255, 255)
