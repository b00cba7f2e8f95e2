"""Sets a report as a Word file in an official document's layout, naming the fonts the standard asks for."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, date, datetime, time
from typing import Any

import docx
import docx.text.paragraph
from docx.enum.section import WD_HEADER_FOOTER
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from duijie.data.paper import FANGSONG, HEI, KAI, LATIN, SONG, XIAOBIAOSONG, packed, set_face

from .blocks import Block, Document, Heading, Lights, Links, Paragraph, Table
from .layout import LAYOUT, POINTS_A_MM

__all__ = ["word"]

TWIPS_A_POINT = 20
FOOTER_PT = 18.0
CELL, CELL_HEADING, NOTE = "Table Text", "Table Heading", "Note"
HUES = {"green": "2E7D4F", "amber": "9A6200", "red": "B3261E", "grey": "66707C"}
SIGNS = {"green": "●", "amber": "▲", "red": "■", "grey": "○"}
N_LAMPS_A_ROW = 9
LINE_RATIO = 1.3
CELL_PADDING_MM = 4.0
SCALES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)


def word(document: Document, *, on: date) -> bytes:
    """The report as a DOCX file; the same document and date give the same bytes."""
    file = docx.Document()
    _properties(file, document, on)
    _styles(file)
    _page(file, document)
    file.add_paragraph(document.title, style="Title")
    file.add_paragraph(document.subtitle, style="Subtitle")
    scale = _leader_scale(document)
    for block in document.leader:
        _set(file, block, _scale_of(block, scale, document))
    label = file.add_paragraph(document.analyst_label, style="Heading 1")
    label.paragraph_format.page_break_before = True
    label.paragraph_format.first_line_indent = Pt(0)
    label._p.pPr.ind.set(qn("w:firstLineChars"), "0")
    file.add_paragraph(document.analyst_title, style="Title")
    for block in document.analyst:
        _set(file, block, _scale_of(block, LAYOUT.scale(document.language), document))
    return packed(file)


def _leader_scale(document: Document) -> float:
    """How far the type of the leader's page has to shrink for it to be one page; Word cannot be asked, so estimated."""
    room = LAYOUT.text_height_mm * POINTS_A_MM - 2 * LAYOUT.line_pt  # the date, and a line in reserve
    room -= LAYOUT.title_pt * 1.5 * _n_lines(document.title, LAYOUT.title_pt, LAYOUT.text_width_mm)
    for scale in (one for one in SCALES if one <= LAYOUT.scale(document.language)):
        if sum(_height(one, _scale_of(one, scale, document)) for one in document.leader) <= room:
            return scale
    return SCALES[-1]


def _scale_of(block: Block, scale: float, document: Document) -> float:
    """Tables keep their size in every language; they shrink only as far as the page makes the text shrink."""
    return scale / LAYOUT.scale(document.language) if isinstance(block, Table | Lights) else scale


def _height(block: Block, scale: float) -> float:
    """The height of a block in points."""
    match block:
        case Heading():
            return LAYOUT.line_pt * scale
        case Paragraph():
            return (
                LAYOUT.line_pt
                * scale
                * _n_lines("\u3000\u3000" + str(block), LAYOUT.body_pt * scale, LAYOUT.text_width_mm)
            )
        case Table():
            widths = [LAYOUT.text_width_mm * width / sum(block.widths) - CELL_PADDING_MM for width in block.widths]
            size = LAYOUT.table_pt * scale
            rows = (
                max(map(_n_lines, map(str, row.cells), [size] * len(widths), widths))
                for row in block.rows[: block.n_print]
            )
            return LINE_RATIO * size * (2 + sum(rows)) + len(block.rows)
        case Lights():
            return LINE_RATIO * LAYOUT.table_pt * scale * -(-len(block.lamps) // N_LAMPS_A_ROW)
        case _:
            return 0.0


def _n_lines(text: str, size_pt: float, width_mm: float) -> int:
    """Lines that a text takes: a wide character is as wide as it is high, another half of it."""
    width = sum(1.0 if unicodedata.east_asian_width(one) in "WF" else 0.52 for one in text) * size_pt
    return max(math.ceil(width / (width_mm * POINTS_A_MM)), 1)


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
    set_face(style.element.get_or_add_rPr(), east_asian)


def _spaced(style: Any, *, line_pt: float = LAYOUT.line_pt, indent: bool = False) -> None:
    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    layout.line_spacing = Pt(int(line_pt * TWIPS_A_POINT) / TWIPS_A_POINT)
    if indent:
        mark = style.element.get_or_add_pPr().get_or_add_ind()
        mark.set(qn("w:firstLineChars"), "200")
        mark.set(qn("w:firstLine"), str(int(2 * LAYOUT.character_pt * TWIPS_A_POINT)))


def _closer(style: Any) -> None:
    """Draw the characters of a style so close that a line holds as many as the standard asks for."""
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(math.floor(LAYOUT.tracking_pt * TWIPS_A_POINT)))
    style.element.get_or_add_rPr().insert_element_before(
        spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang"
    )


def _off_grid(properties: Any) -> None:
    """Let small type keep its own lines."""
    snap = OxmlElement("w:snapToGrid")
    snap.set(qn("w:val"), "0")
    properties.insert_element_before(snap, "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl", "w:rPr")


def _styles(file: Any) -> None:
    styles = file.styles
    body, small = LAYOUT.body_pt, LAYOUT.table_pt
    for name in (CELL, CELL_HEADING, NOTE):
        styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = None
    for name, font, size, line, indent in (
        ("Normal", FANGSONG, body, LAYOUT.line_pt, False),
        ("Body Text", FANGSONG, body, LAYOUT.line_pt, True),
        ("Heading 1", HEI, body, LAYOUT.line_pt, True),
        ("Heading 2", KAI, body, LAYOUT.line_pt, True),
        ("Title", XIAOBIAOSONG, LAYOUT.title_pt, LAYOUT.title_pt * 1.5, False),
        ("Subtitle", KAI, body, LAYOUT.line_pt, False),
        ("Header", SONG, LAYOUT.note_pt, 14, False),
        ("Footer", SONG, LAYOUT.page_number_pt, FOOTER_PT, False),
        (CELL, FANGSONG, small, small * LINE_RATIO, False),
        (CELL_HEADING, HEI, small, small * LINE_RATIO, False),
        (NOTE, FANGSONG, small, small * LINE_RATIO, False),
    ):
        _font(styles[name], font, size)
        _spaced(styles[name], line_pt=line, indent=indent)
    for name in ("Header", "Footer", CELL, CELL_HEADING, NOTE):
        _off_grid(styles[name].element.get_or_add_pPr())
    for name in ("Body Text", "Heading 1", "Heading 2"):
        _closer(styles[name])
    styles[CELL_HEADING].paragraph_format.keep_with_next = True
    for name in ("Title", "Subtitle"):
        styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        for element in ("w:pBdr", "w:contextualSpacing"):
            for border in list(styles[name].element.iter(qn(element))):
                border.getparent().remove(border)
        for spacing in list(styles[name].element.rPr.iter(qn("w:spacing"), qn("w:kern"))):
            spacing.getparent().remove(spacing)


def _page(file: Any, document: Document) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Mm(LAYOUT.width_mm), Mm(LAYOUT.height_mm)
    section.top_margin, section.bottom_margin = Mm(LAYOUT.top_mm), Mm(LAYOUT.bottom_mm)
    section.left_margin, section.right_margin, section.gutter = Mm(LAYOUT.binding_mm), Mm(LAYOUT.outer_mm), 0
    section.header_distance = Mm(15)
    section.footer_distance = Mm(LAYOUT.bottom_mm - LAYOUT.page_number_gap_mm) - Pt(FOOTER_PT)
    grid = section._sectPr.find(qn("w:docGrid"))
    # Word and LibreOffice read a grid of characters differently; a grid of lines and closer type look alike in both.
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(int(LAYOUT.line_pt * TWIPS_A_POINT)))
    file.settings.odd_and_even_pages_header_footer = True
    file.settings.element.insert(1, OxmlElement("w:mirrorMargins"))  # after zoom, as the schema orders
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
            run.font.bold, run.font.size, run.font.color.rgb = True, Pt(10), RGBColor.from_string(HUES["red"])


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


def _set(file: Any, block: Block, scale: float = 1.0) -> None:
    before = len(file.element.body)
    match block:
        case Heading():
            file.add_paragraph(block.text, style=f"Heading {block.level}")
        case Paragraph():
            file.add_paragraph(str(block), style="Body Text" if block.style == "body" else NOTE)
        case Table() if block.rows:
            if block.caption:
                file.add_paragraph(block.caption, style=CELL_HEADING)
            _table(file, block)
        case Lights():
            _lights(file, block)
        case Links():
            said = (f"{link.text} {link.url}".strip() for link in block.links)
            file.add_paragraph("; ".join(said), style=NOTE)
        case _:
            return
    if scale != 1.0:
        for paragraph in [one for element in file.element.body[before - 1 : -1] for one in element.iter(qn("w:p"))]:
            _shrink(docx.text.paragraph.Paragraph(paragraph, file), scale)


def _shrink(paragraph: Any, scale: float) -> None:
    style = paragraph.style
    _off_grid(paragraph._p.get_or_add_pPr())
    paragraph.paragraph_format.line_spacing = Pt(round(style.paragraph_format.line_spacing.pt * scale * 20) / 20)
    for run in paragraph.runs:
        run.font.size = Pt(round(style.font.size.pt * scale * 2) / 2)


def _table(file: Any, block: Table) -> None:
    rows = [block.columns, *([str(cell) for cell in row.cells] for row in block.rows[: block.n_print])]
    table = file.add_table(len(rows), len(block.columns), style="Table Grid")
    table.autofit = False
    widths = [Mm(LAYOUT.text_width_mm * width / sum(block.widths)) for width in block.widths]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for at, texts in enumerate(rows):
        row = table.rows[at]
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if at == 0:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            cell.paragraphs[0].style = file.styles[CELL_HEADING if at == 0 else CELL]
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
        cell.paragraphs[0].style = file.styles[CELL]
        run = cell.paragraphs[0].add_run(f"{lamp.number} {SIGNS.get(lamp.light, SIGNS['grey'])}")
        run.font.color.rgb = RGBColor(255, 255, 255)
