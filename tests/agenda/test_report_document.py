"""The report as a whole: what it says, that it is complete, that the same results give the same bytes."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from report_example import A, B, results

from duijie.agenda.report import Reading, compose, write_report
from duijie.agenda.report.blocks import Block, Document, Figure, Heading, Lights, Links, Paragraph, Table
from duijie.agenda.report.leader import classes
from duijie.data import words
from duijie.terms import Language

ON = date(2026, 2, 3)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def texts(blocks: tuple[Block, ...]) -> list[str]:
    """Every text of the blocks that paper shows."""
    found: list[str] = []
    for block in blocks:
        match block:
            case Heading():
                found.append(block.text)
            case Paragraph():
                found.append(str(block))
            case Table():
                found += [
                    block.caption,
                    block.more,
                    *block.columns,
                    *(str(cell) for row in block.rows for cell in row.cells),
                ]
                found += [text for row in block.rows for drill in row.drills for text in (drill.title, *drill.lines)]
            case Links():
                found += [link.text for link in block.links]
            case _:
                pass
    return found


def composed(language: Language, *, is_rehearsal: bool = False) -> Document:
    return compose(Reading(results(is_rehearsal=is_rehearsal), language), on=ON)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_is_left_without_its_sentence(language: Language) -> None:
    document = composed(language)
    said = [document.title, document.subtitle, document.notice, *texts(document.leader), *texts(document.analyst)]
    assert len(said) > 200
    assert not [text for text in said if "report_" in text or re.search(r"{\w+}", text)]


def test_chinese_sentences_have_chinese_marks() -> None:
    own = {code: text for code, text in words("zh").items() if code.startswith("report_")}
    assert not {
        code: text for code, text in own.items() if re.search(r"[\u4e00-\u9fff][,;:?(]|[,;?)][\u4e00-\u9fff]", text)
    }


def test_the_leader_sees_both_directions_meetings_and_every_clause() -> None:
    leader = composed("zh").leader
    tables = {block.key: block for block in leader if isinstance(block, Table)}
    rows = tables["leader-opportunities"].rows
    assert [str(row.cells[0]).split(" ")[0].rstrip(".．、") for row in rows] == [str(at) for at in range(1, 9)]
    told = "".join(texts(leader))
    assert "虚构企业000号" in told
    assert "虚构企业001号" in told
    [strip] = [block for block in leader if isinstance(block, Lights)]
    assert [lamp.number for lamp in strip.lamps] == [str(at) for at in range(1, 18)]


def test_every_figure_has_a_formula_and_a_place_in_the_results() -> None:
    document = composed("zh")
    cells = [
        cell
        for block in (*document.leader, *document.analyst)
        for row in (getattr(block, "rows", ()) if isinstance(block, Table) else ())
        for cell in row.cells
    ] + [part for block in (*document.leader, *document.analyst) for part in getattr(block, "parts", ())]
    figures = [cell for cell in cells if isinstance(cell, Figure)]
    assert len(figures) > 100
    known = results()
    for figure in figures:
        assert f"report_formula_{figure.formula}" in words("zh")
        assert _find(known, figure.path) is not None, figure.path


def _find(value: object, path: str) -> object:
    """The value at a path such as ``diagnose.links[3].score``; ``[]`` stands for any row."""
    for name, at in re.findall(r"([^.\[\]]+)|\[(\d*)\]", path):
        if name:
            assert isinstance(value, dict), path
            value = value[name]
        else:
            assert isinstance(value, list), path
            value = value[int(at or 0)]
    return value


def test_inferred_and_unpublished_are_said() -> None:
    said = texts(composed("zh").analyst)
    assert any("第0号need〔推断〕" in text for text in said)
    assert any("正文、期限、目标均未公布" in text for text in said)
    assert any("目标 未公布" in text for text in said)
    assert any("尚无填报" in text for text in said)


def test_a_mirror_is_named_but_not_linked() -> None:
    [links] = [block for block in composed("zh").analyst if isinstance(block, Links)]
    assert [link.url for link in links.links] == ["https://stats.example/1", ""]


@pytest.mark.parametrize("missing", ["diagnose", "match", "meet", "track"])
def test_an_absent_document_is_named(missing: str) -> None:
    given = {name: document for name, document in results().items() if name != missing}
    document = compose(Reading(given, "en"), on=ON)
    assert any(f"No data: needs results/{missing}.json" in text for text in texts(document.analyst))


def test_nothing_at_all_still_makes_every_file(tmp_path: Path) -> None:
    written = write_report({}, tmp_path, on=ON, languages=("en",))
    assert [path.name for path in written] == ["report.en.html", "report.en.docx", "report.en.pdf", "lists.en.xlsx"]
    assert all(path.stat().st_size > 4000 for path in written)


def test_same_results_same_bytes_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    first = write_report(results(), tmp_path / "a", on=ON, progress=lambda *step: told.append(step))
    second = write_report(results(), tmp_path / "b", on=ON)
    assert [path.name for path in first] == [path.name for path in second]
    assert [
        path.name for path, other in zip(first, second, strict=True) if path.read_bytes() != other.read_bytes()
    ] == []
    assert told == [("report", done, 8) for done in range(9)]


def test_a_class_with_one_firm_on_a_side_does_not_lead() -> None:
    given = results()
    first, second, _ = given["diagnose"]["inside_class"]
    first["n_firms"], second["n_firms"] = {A: 700, B: 1}, {A: 60, B: 9}
    assert first["complement_score"] > second["complement_score"]
    assert next(one["industry"] for _, one in classes(Reading(given, "zh"))) == second["industry"]
