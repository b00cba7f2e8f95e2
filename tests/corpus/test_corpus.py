"""The reader against files of offices whose right content is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.corpus.generate import FILES, corpus
from tests.corpus.score import BAR, Tally, report, score, score_cells
from tests.corpus.second.generate import SEED as SECOND
from tests.corpus.second.generate import make

SEED, NUMBER = 1, 200


@pytest.fixture(scope="module")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Tally:
    folder = tmp_path_factory.mktemp("corpus")
    corpus(SEED, NUMBER, folder)
    found = score([folder, FILES])
    score_cells(SEED, found)
    return found


def test_a_third_went_through_an_office_program() -> None:
    """Every third file is kept as LibreOffice saved it."""
    assert {path.stem for path in FILES.glob("*.json")} == {f"{i:03d}" for i in range(2, NUMBER, 3)}
    assert all((FILES / json.loads(path.read_text(encoding="utf-8"))["file"]).exists() for path in FILES.glob("*.json"))


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    """A file is settled by its seed and number: what fails today can be made again tomorrow."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert corpus(7, 12, first) == corpus(7, 12, second)
    texts = [path.name for path in first.iterdir() if path.suffix in (".csv", ".json")]
    assert texts
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in texts)


def test_the_score_sees_what_it_should(tmp_path: Path) -> None:
    """A wrong value, a value for an empty cell, a lost line and a total taken as a record are each counted."""
    (tmp_path / "a.csv").write_text("企业名称,从业人数,主要产品\n示例甲厂,5,鞋\n示例乙厂,6,伞\n", encoding="utf-8")
    cells = [
        {"name": {"value": "示例甲厂"}, "employees": {"value": 7.0}, "products": {"value": None}},
        {"name": {"value": "示例丙厂"}, "employees": {"value": 6.0}, "products": {"value": ["伞"]}},
    ]
    for record in cells:
        for cell in record.values():
            cell["habit"] = "planted"
    truth = {
        "file": "a.csv", "form": "csv", "kind": "firms", "options": {}, "refused": "", "habits": [], "head": [],
        "tables": [{"name": "企业名称", "employees": "从业人数", "products": "主要产品"}],
        "records": [{"table": 0, "sheet": "", "row": row, "cells": cells[row != 2]} for row in (2, 9)],
        "left_out": [{"sheet": "", "row": 3, "habit": "total"}], "asked": [],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(truth), encoding="utf-8")
    tally = score([tmp_path])
    assert tally.cells == {"right": 1, "wrong": 2, "lost": 3}
    assert tally.lines == {"lost without a name": 1, "taken as a record": 1}
    assert tally.n_wrong == 4


def test_a_refusal_is_right_by_the_line_it_names(tmp_path: Path) -> None:
    """Nothing of a file can be read for one line: the refusal must name this line and no other."""
    (tmp_path / "a.csv").write_text('企业名称,备注\n甲厂,好\n乙厂,"新\n丙厂,好\n', encoding="utf-8")
    for row, marks in ((3, {"right": 1}), (2, {"whole file refused": 1})):
        truth = {
            "file": "a.csv", "form": "csv", "kind": "firms", "options": {}, "refused": "", "habits": [], "head": [],
            "tables": [], "records": [], "left_out": [], "asked": [{"sheet": "", "row": row, "habit": "open quote"}],
        }  # fmt: skip
        (tmp_path / "a.json").write_text(json.dumps(truth), encoding="utf-8")
        assert score([tmp_path]).lines == marks


def test_the_reader_is_right(tally: Tally) -> None:
    """At least 99 % of the cells are right and nothing is wrong without a word."""
    assert tally.share_right >= BAR, report(tally)
    assert tally.n_wrong == 0, "\n".join(tally.failures)


def test_the_reader_is_right_on_files_made_without_it(tmp_path: Path) -> None:
    """The second set, opened once (docs/reference/intake.md) and repaired after: the same bars, each line right."""
    make(SECOND, 50, tmp_path)
    tally = score([tmp_path])
    assert tally.share_right >= BAR, report(tally)
    assert tally.n_wrong == 0, "\n".join(tally.failures)
    assert set(tally.lines) == {"right"}, "\n".join(tally.failures)
