"""``docs/benchmarks.md`` from ``benchmarks/results``: the page holds no figure that no file holds.

On top stand the bars that do not hold and how many do, then five lines a wing; every row is in a file beside it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
FILES = PAGE.with_suffix("")
N_LINES = 5
COLUMNS = ("case", "unit", "ours", "peer", "peer_name", "ratio", "bar", "holds", "note", "machine", "date")
# What other modules measure for a wing stands among that wing's own rows.
PARTS = ("advice-",)
Row = Mapping[str, Any]

HEAD = """# Benchmarks

Made by `make docs` from `benchmarks/results/*.json`, which `make bench WING=<word>` writes. Ours and the peer run in
turn in one run; CPU seconds are the fair ones on a shared machine; a figure is the median of five unless the note says
otherwise. A bar that does not hold says so.
"""


def wings() -> dict[str, list[Row]]:
    """The rows of each wing that has results; quick runs and parts of another wing are none."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
    return {
        name: rows
        for name, rows in found.items()
        if rows and not name.endswith("-quick") and not name.startswith(PARTS)
    }


def page(found: Mapping[str, Sequence[Row]]) -> str:
    """The page's text."""
    parts = [HEAD, "\n## Bars\n", _counts(found), "\n### Bars that do not hold\n", _failing(found)]
    for name, rows in found.items():
        machines = "; ".join(sorted({f"{row['machine']} · {row['date']}" for row in rows}))
        rest = f"{len(rows)} rows in all: [{name}.csv](benchmarks/{name}.csv)"
        parts.append(f"\n## {name}\n\n{machines}. {rest}.\n\n{_table(_first(rows))}")
    return "\n".join(parts)


def _bars(rows: Sequence[Row], holds: bool | None) -> list[Row]:
    return [row for row in rows if row["bar"] and row["holds"] is holds]


def _counts(found: Mapping[str, Sequence[Row]]) -> str:
    lines = ["| wing | hold | do not hold | not measured |", "|---|--:|--:|--:|"]
    for name, rows in found.items():
        counts = [len(_bars(rows, holds)) for holds in (True, False, None)]
        if any(counts):
            lines.append(f"| [{name}](#{name}) | {counts[0]} | {counts[1]} | {counts[2]} |")
    return "\n".join(lines) + "\n"


def _failing(found: Mapping[str, Sequence[Row]]) -> str:
    lines = ["| wing | case | unit | ours | bar | note |", "|---|---|---|--:|---|---|"]
    for name, rows in found.items():
        for row in _bars(rows, False):
            cells = [name, row["case"], row["unit"], _figure(row["ours"]), row["bar"], row.get("note", "")]
            lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def _first(rows: Sequence[Row]) -> list[Row]:
    """The rows of a wing that are shown: those with a bar first, in the order they were measured."""
    return sorted(rows, key=lambda row: not row["bar"])[:N_LINES]


def _table(rows: Sequence[Row]) -> str:
    lines = ["| case | unit | ours | peer | | ratio | bar | holds | note |", "|---|---|--:|--:|---|--:|---|---|---|"]
    for row in rows:
        verdict = {True: "yes", False: "**no**", None: ""}[row["holds"]]
        figures = [_figure(row[key]) for key in ("ours", "peer")]
        lines.append(
            _line(
                [
                    row["case"],
                    row["unit"],
                    *figures,
                    row["peer_name"],
                    _figure(row["ratio"]),
                    row["bar"],
                    verdict,
                    row.get("note", ""),
                ]
            )
        )
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ").replace("|", "/") for cell in cells) + " |"


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value or "")


def main() -> None:
    """Write the page and the files it leads to."""
    found = wings()
    FILES.mkdir(exist_ok=True)
    for path in FILES.glob("*.csv"):
        path.unlink()
    for name, rows in found.items():
        with (FILES / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
