"""The page of benchmarks: what fails stands on top, five lines a wing, and every row in a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from benchmarks import page


def _row(case: str, bar: str = "", holds: bool | None = None) -> dict[str, Any]:
    about = {"unit": "s", "ours": 1.0, "peer": None, "peer_name": "", "ratio": None, "note": "a | b"}
    return {"case": case, "bar": bar, "holds": holds, **about, "machine": "m", "date": "d"}


def test_what_fails_is_told_before_any_wing() -> None:
    """Every bar that does not hold stands on top, counted beside those that hold and those nobody measured."""
    rows = [_row("good", "<= 1", True), _row("bad", "<= 0.5", False), _row("open", "<= 2"), _row("plain")]
    text = page.page({"match": rows})
    top = text[: text.index("## match")]
    assert "| [match](#match) | 1 | 1 | 1 |" in top
    assert "| match | bad | s | 1 | <= 0.5 | a / b |" in top
    assert "good" not in top


def test_a_wing_has_five_lines_those_with_a_bar_first() -> None:
    """Of nine rows five are shown; the only one with a bar is the first of them."""
    rows = [*(_row(f"plain {at}") for at in range(8)), _row("barred", "<= 1", True)]
    text = page.page({"match": rows})
    table = text[text.index("| case | unit | ours | peer |") :].splitlines()[2:]
    assert len([line for line in table if line.startswith("| ")]) == page.N_LINES
    assert table[0].startswith("| barred |")
    assert "9 rows in all: [match.csv](benchmarks/match.csv)" in text


def test_the_page_is_the_one_the_results_give(root: Path) -> None:
    """Nobody edits it by hand, and its files hold every row."""
    found = page.wings()
    assert (root / "docs/benchmarks.md").read_text(encoding="utf-8") == page.page(found)
    for name, rows in found.items():
        with (root / f"docs/benchmarks/{name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file))) == len(rows)
