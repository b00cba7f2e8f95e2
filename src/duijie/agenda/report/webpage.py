"""Sets a report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from duijie.data import root

from .blocks import Block, Chart, Document, Drill, Figure, Row, Table
from .cooperation import source_text
from .reading import Reading

__all__ = ["webpage"]


def webpage(document: Document, reading: Reading) -> str:
    """The page as HTML text: styles, scripts, drawings and data are all inside it."""
    folder = root() / "report"
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["figure"] = lambda cell: isinstance(cell, Figure)
    environment.filters["kind"] = lambda block: type(block).__name__
    sections = (*document.leader, *document.analyst)
    return environment.get_template("page.html.j2").render(
        document=document,
        say=reading.say,
        on_page=_on_page,
        script=Markup((folder / "page.js").read_text(encoding="utf-8")),
        library=Markup((folder / "echarts" / "echarts.min.js").read_text(encoding="utf-8")),
        data=Markup(_safe(_data(sections, reading))),
    )


def _on_page(row: Row) -> bool:
    return any(drill.lines for drill in row.drills)


def _safe(value: Any) -> str:
    """JSON that cannot end the script it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _data(blocks: tuple[Block, ...], reading: Reading) -> dict[str, Any]:
    charts = {block.key: _chart(block) for block in blocks if isinstance(block, Chart)}
    names = ("advice", "diagnose", "match", "meet", "track")
    return {
        "charts": charts,
        "lists": {f"{block.key}-{at}": [_drill(one) for one in row.drills] for block, at, row in _rows(blocks)},
        "formulas": {name: reading.say(f"report_formula_{name}") for name in sorted(_formulas(blocks))},
        "documents": {name: _origin(reading, name) for name in names},
        "words": {key: reading.say(f"report_page_{key}") for key in ("formula", "place", "made", "sources", "close")},
    }


def _rows(blocks: tuple[Block, ...]) -> list[tuple[Table, int, Row]]:
    tables = [block for block in blocks if isinstance(block, Table)]
    return [(table, at, row) for table in tables for at, row in enumerate(table.rows) if _on_page(row)]


def _chart(chart: Chart) -> Mapping[str, Any]:
    return {"options": chart.options, "lists": {key: [_drill(one) for one in drills] for key, drills in chart.lists}}


def _drill(drill: Drill) -> dict[str, Any]:
    return {"title": drill.title, "lines": drill.lines}


def _formulas(blocks: tuple[Block, ...]) -> set[str]:
    cells = [cell for block in blocks if isinstance(block, Table) for row in block.rows for cell in row.cells]
    cells += [part for block in blocks for part in getattr(block, "parts", ())]
    return {cell.formula for cell in cells if isinstance(cell, Figure)}


def _origin(reading: Reading, name: str) -> dict[str, Any]:
    """How a document was made and what it rests on, as lines to read."""
    made = reading.document(name).get("provenance") or {}
    inputs = [f"{key}: {value}" for key, value in (made.get("inputs") or {}).items()]
    settings = [f"{key} = {value}" for key, value in (made.get("parameters") or {}).items()]
    version = [f"duijie {made['version']}"] if made.get("version") else []
    return {
        "file": f"results/{name}.json",
        "made": [*version, *settings, *inputs],
        "sources": [
            {"text": source_text(reading, one), "url": one.get("url", "") if one.get("is_linked") else ""}
            for one in reading.rows(name, "sources")
        ],
    }
