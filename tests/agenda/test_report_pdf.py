"""The PDF is in the layout of an official document, in fonts that the package brings."""

from __future__ import annotations

import io
from datetime import date
from functools import cache

import pypdf
import pytest
from fontTools.ttLib import TTFont
from report_example import results

from duijie.agenda.report import Reading, compose
from duijie.agenda.report.blocks import Document, Paragraph
from duijie.agenda.report.layout import LAYOUT, POINTS_A_MM
from duijie.agenda.report.pdf import covered, pdf
from duijie.data import root, words
from duijie.terms import Language

ON = date(2026, 2, 3)
CEILING = 0.8  # how far the type stands above its baseline, in parts of its size


def read(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data))


@cache
def made(language: Language, *, is_rehearsal: bool = False) -> pypdf.PdfReader:
    document = compose(Reading(results(is_rehearsal=is_rehearsal), language), on=ON)
    return read(pdf(document, on=ON))


def runs(page: pypdf.PageObject) -> list[tuple[str, float, float, float]]:
    """Text, left edge, baseline and size of each run, in points from the lower left corner."""
    found: list[tuple[str, float, float, float]] = []

    def visit(text: str, matrix: list[float], _: list[float], font: object, size: float) -> None:
        if text.strip():
            found.append((text.strip(), matrix[4], matrix[5], size))

    page.extract_text(visitor_text=visit)
    return found


@cache
def full_page() -> pypdf.PdfReader:
    body = Paragraph(("字" * LAYOUT.n_characters * LAYOUT.n_lines * 4,))
    return read(pdf(Document("zh", "题", "副", "", "告示", "", (), "附件", "析", (body,)), on=ON))


@pytest.mark.parametrize("number", [2, 3])
def test_a_page_holds_22_lines_of_28_characters_inside_the_text_block(number: int) -> None:
    page = full_page().pages[number]
    lines = [run for run in runs(page) if "字" in run[0]]
    assert [len(text) for text, *_ in lines] == [LAYOUT.n_characters] * LAYOUT.n_lines
    assert {size for *_, size in lines} == {LAYOUT.body_pt}
    left = (LAYOUT.binding_mm if number % 2 == 0 else LAYOUT.outer_mm) * POINTS_A_MM
    assert all(edge == pytest.approx(left, abs=0.1) for _, edge, _, _ in lines)
    top = (LAYOUT.height_mm - LAYOUT.top_mm) * POINTS_A_MM
    assert lines[0][2] + CEILING * LAYOUT.body_pt == pytest.approx(top, abs=0.1)
    bottom = LAYOUT.bottom_mm * POINTS_A_MM
    assert bottom <= lines[-1][2] - (1 - CEILING) * LAYOUT.body_pt
    assert LAYOUT.line_pt * (LAYOUT.n_lines - 1) == pytest.approx(lines[0][2] - lines[-1][2], abs=0.1)


def test_the_page_number_stands_below_the_block_outside_right_or_left() -> None:
    pages = full_page().pages
    for number in (2, 3):
        [(text, left, baseline, size)] = [run for run in runs(pages[number]) if run[0].startswith("—")]
        assert (text, size) == (f"— {number + 1} —", LAYOUT.page_number_pt)
        dash = baseline + (CEILING - 0.42) * size
        assert LAYOUT.bottom_mm - dash / POINTS_A_MM == pytest.approx(LAYOUT.page_number_gap_mm, abs=0.1)
        assert (left / POINTS_A_MM > LAYOUT.width_mm / 2) == (number % 2 == 0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_page_for_a_leader_and_about_ten_for_an_analyst(language: Language) -> None:
    reader = made(language)
    first, second = (reader.pages[at].extract_text() for at in (0, 1))
    label, heading = words(language)["report_analyst_label"], words(language)["report_leader_clauses"]
    assert heading in first
    assert label not in first
    assert second.find(label) >= 0
    assert 6 <= len(reader.pages) <= 12
    assert all(page.mediabox.width == pytest.approx(LAYOUT.width_mm * POINTS_A_MM, abs=0.1) for page in reader.pages)
    assert all(page.mediabox.height == pytest.approx(LAYOUT.height_mm * POINTS_A_MM, abs=0.1) for page in reader.pages)


def test_the_banner_of_a_rehearsal_and_the_notice_are_on_every_page() -> None:
    rehearsed, real = made("zh", is_rehearsal=True), made("zh")
    banner, notice = "演练数据", "不是任何一方政府的正式公文"
    assert all(banner in page.extract_text() and notice in page.extract_text() for page in rehearsed.pages)
    assert not any(banner in page.extract_text() for page in real.pages)


def test_headings_and_text_have_their_types() -> None:
    reader = made("zh")
    fonts = {name.split("+")[-1] for page in reader.pages for name in _fonts(page)}
    assert fonts == {"NotoSerifSC-Regular", "NotoSerifSC-Bold", "NotoSansSC-Bold", "DuijieKai-Regular"}
    sizes = {text: size for text, _, _, size in runs(reader.pages[0])}
    assert sizes["甲市与乙区产业协同对接报告"] == LAYOUT.title_pt
    # one page for a leader: set smaller where its text is long, never below the least readable
    assert 10.5 <= sizes["一、两地可以先做哪些事"] <= LAYOUT.body_pt


def _fonts(page: pypdf.PageObject) -> set[str]:
    return {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}


def test_the_file_is_dated_as_told_and_says_which_fonts_it_has() -> None:
    reader = made("zh")
    assert reader.metadata is not None
    assert str(reader.metadata["/CreationDate"]).startswith("D:20260203")
    assert "Noto Serif SC" in reader.pages[-1].extract_text()


def test_every_font_has_the_characters_listed() -> None:
    listed = {ord(one) for one in (root() / "fonts" / "characters.txt").read_text(encoding="utf-8")} - {ord("\n")}
    for path in sorted((root() / "fonts").glob("*.ttf")):
        assert path.stat().st_size < 6_000_000
        font = TTFont(path)
        assert set(font.getBestCmap()) >= listed, path.name
        assert "Open Font License" in str(font["name"].getDebugName(13))
    assert len(list((root() / "fonts").glob("OFL-*.txt"))) == 3


def test_the_fonts_have_every_hanzi_of_both_levels_and_every_sentence() -> None:
    level_1_and_2 = [
        bytes([row, cell])
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
        if (row, cell) < (0xD7, 0xFA) or row > 0xD7
    ]
    hanzi = "".join(code.decode("gb2312") for code in level_1_and_2)
    assert len(hanzi) == 6763
    assert covered(hanzi) == hanzi
    for language in ("zh", "en"):
        text = "".join(words(language).values())
        assert {one for one in text if covered(one) != one} <= {"\n"}


def test_a_character_without_type_shows_as_a_mark() -> None:
    document = Document("zh", "题", "副", "", "告示", "", (Paragraph(("甲\U0002a6a5乙",)),), "附件", "析", ())
    assert "甲〓乙" in read(pdf(document, on=ON)).pages[0].extract_text()


def test_a_text_is_never_markup() -> None:
    hostile = '#panic("x") *bold* $x$ `raw` @ref <label> \\ [c]'
    document = Document("zh", hostile, "副", "", "告示", "", (Paragraph((hostile,)),), "附件", "析", ())
    assert '#panic("x")' in read(pdf(document, on=ON)).pages[0].extract_text().replace("“", '"').replace("”", '"')
