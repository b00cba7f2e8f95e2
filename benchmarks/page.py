"""``docs/benchmarks.md`` from ``benchmarks/results``: the page holds no figure that no file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Made by `make docs` from `benchmarks/results/*.json`, which `make bench WING=<word>` writes. Ours and the peer run in
turn in one run; CPU seconds are the fair ones on a shared machine; a figure is the median of five unless the note says
otherwise. A bar that does not hold says so.
"""


def page() -> str:
    """The page's text; a wing without results is not on it."""
    parts = [HEAD]
    for path in sorted(RESULTS.glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))
        if rows and not path.stem.endswith("-quick"):
            machines = sorted({f"{row['machine']} · {row['date']}" for row in rows})
            parts.append(f"\n## {path.stem}\n\n{'; '.join(machines)}\n\n{_table(rows)}")
    return "\n".join(parts)


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| case | unit | ours | peer | | ratio | bar | holds | note |", "|---|---|--:|--:|---|--:|---|---|---|"]
    for row in rows:
        verdict = {True: "yes", False: "**no**", None: ""}[row["holds"]]
        figures = [_figure(row[key]) for key in ("ours", "peer")]
        cells = [row["case"], row["unit"], *figures, row["peer_name"], _figure(row["ratio"]), row["bar"], verdict]
        lines.append("| " + " | ".join([*cells, row.get("note", "")]).replace("\n", " ") + " |")
    return "\n".join(lines) + "\n"


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value or "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
