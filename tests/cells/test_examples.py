"""The table of types: every line of it is read as it says, and the page made from it is up to date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cells.examples import GROUPS, examples
from tools.cells_page import page

from duijie.cells import TYPES, CellType, read
from duijie.data import words

ROWS = list(examples())


@pytest.mark.parametrize(("group", "kind", "row"), ROWS, ids=[f"{group} {row['raw']}" for group, _, row in ROWS])
def test_a_line_of_the_table_is_read_as_it_says(group: str, kind: CellType, row: Mapping[str, Any]) -> None:
    """A raw cell comes to the value, to nothing or to the fault its line names."""
    found = read(row["raw"], kind, row.get("unit", ""))
    wanted = tuple(row["value"]) if isinstance(row.get("value"), list) else row.get("value")
    assert (found.wrong.code if found.wrong else None) == row.get("fault")
    assert found.value == (pytest.approx(wanted, rel=1e-12) if isinstance(wanted, float | int) else wanted)
    if group == "money" and wanted is not None:
        assert found.extra == row.get("currency", "CNY")
    if wanted is not None and "confidence" not in row:
        assert found.confidence == 1 or "unit" in row
    if "confidence" in row:
        assert found.confidence == row["confidence"]
    assert (found.extra == "no_end") == row.get("no_end", False)


@pytest.mark.parametrize(("group", "kind", "row"), [one for one in ROWS if "fault" in one[2]])
def test_a_fault_shows_the_cell_and_a_remedy(group: str, kind: CellType, row: Mapping[str, Any]) -> None:
    """Every fault has a sentence and a remedy in both languages, and shows what stands in the cell."""
    wrong = read(row["raw"], kind, row.get("unit", "")).wrong
    assert wrong is not None
    for language in ("zh", "en"):
        assert {wrong.code, wrong.hint} <= set(words(language))  # type: ignore[arg-type]
    assert wrong.code == "personal_number" or "{value}" in words("zh")[wrong.code]
    assert wrong.values["value"]


def test_every_type_stands_in_the_table() -> None:
    """No type of cell is without lines that say what it reads, takes for empty and refuses."""
    named = {"date" if group["type"] == "end" else group["type"] for group in GROUPS}
    assert named == set(TYPES) - {"url"}, "an address is read as text"
    for group in GROUPS:
        rows = group["rows"]
        assert any("value" in row or "no_end" in row for row in rows)
        assert any("empty" in row for row in rows)
        assert group["type"] == "key" or any("fault" in row for row in rows)


def test_the_page_is_made_from_the_table() -> None:
    """docs/reference/cells.md is what the table gives; ``python -m tools.cells_page`` writes it anew."""
    path = Path(__file__).parents[2] / "docs" / "reference" / "cells.md"
    assert path.read_text(encoding="utf-8") == page()
