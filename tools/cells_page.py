"""The table of types in ``docs/reference/cells.md``, made from the examples that the tests check.

Usage: python -m tools.cells_page
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.cells.examples import GROUPS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cells.md"
HEAD = Path(__file__).parents[1] / "tests" / "cells" / "page_head.md"


def page() -> str:
    """The whole page."""
    return HEAD.read_text(encoding="utf-8") + "".join(line for group in GROUPS for line in _section(group))


def _section(group: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {group['type']}\n\n{group['about']}\n\n"
    yield "| in the cell | unit of the heading | comes to |\n|---|---|---|\n"
    for row in group["rows"]:
        note = f" ({row['note']})" if "note" in row else ""
        yield f"| {_code(row['raw'])} | {row.get('unit', '')} | {_answer(row)}{note} |\n"


def _code(raw: object) -> str:
    """A raw cell: text as it stands, a number of a workbook in italics."""
    if isinstance(raw, str):
        return "`" + raw.replace("\n", "↵").replace("|", "\\|") + "`"
    return f"*{str(raw).lower()}*"


def _answer(row: Mapping[str, Any]) -> str:
    if row.get("empty"):
        return "empty"
    if row.get("no_end"):
        return "no end"
    if "fault" in row:
        return f"**fault** `{row['fault']}`"
    value = json.dumps(row["value"], ensure_ascii=False) if not isinstance(row["value"], str) else row["value"]
    more = [row["currency"]] if "currency" in row else []
    more += [f"believed at {row['confidence']}"] if "confidence" in row else []
    return f"{value}{' ' if more else ''}{', '.join(more)}"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
