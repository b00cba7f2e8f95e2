"""Sets a report as PDF with the fonts of the package; needs no other font and no administrator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

import typst

from duijie.data import root

from .blocks import Block, Document, Heading, Lights, Links, Paragraph, Table
from .layout import LAYOUT

__all__ = ["covered", "pdf"]

MISSING = "\u3013"  # the sign printers set where they have no type


def pdf(document: Document, *, on: date) -> bytes:
    """The report as a PDF file; the same document and date give the same bytes."""
    content = {**_plain(document), "layout": {**asdict(LAYOUT), **_derived(), "scale": LAYOUT.scale(document.language)}}
    compiled = typst.compile(
        str(root() / "report" / "report.typ"),
        format="pdf",
        root=str(root()),
        font_paths=[str(root() / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_covered(content), ensure_ascii=False)},
        timestamp=datetime.combine(on, time(), UTC),
    )
    if not isinstance(compiled, bytes):
        raise TypeError(type(compiled))
    return compiled


def _derived() -> Mapping[str, float]:
    names = ("outer_mm", "bottom_mm", "line_pt", "tracking_pt")
    return {name: getattr(LAYOUT, name) for name in names}


@cache
def _characters() -> frozenset[str]:
    return frozenset((root() / "fonts" / "characters.txt").read_text(encoding="utf-8"))


def covered(text: str) -> str:
    """The text with every character the fonts lack shown as the geta mark.

    Examples
    --------
    >>> covered("对接\\U0001f600")
    '对接〓'
    """
    return "".join(one if one in _characters() else MISSING for one in text)


def _covered(value: Any) -> Any:
    if isinstance(value, str):
        return covered(value)
    if isinstance(value, Mapping):
        return {key: _covered(one) for key, one in value.items()}
    return [_covered(one) for one in value] if isinstance(value, list | tuple) else value


def _plain(document: Document) -> dict[str, Any]:
    names = ("language", "title", "subtitle", "banner", "notice", "font_note", "analyst_label", "analyst_title")
    shown = {name: getattr(document, name) for name in names}
    parts = {"leader": document.leader, "analyst": document.analyst}
    return {**shown, **{name: [plain for block in blocks for plain in _block(block)] for name, blocks in parts.items()}}


def _block(block: Block) -> list[dict[str, Any]]:
    """A block as plain data, or nothing where it lives on the page alone."""
    match block:
        case Heading():
            return [{"kind": "heading", "text": block.text, "level": block.level}]
        case Paragraph():
            return [{"kind": "paragraph", "text": str(block), "style": block.style}]
        case Lights():
            return [{"kind": "lights", "lamps": [asdict(lamp) for lamp in block.lamps]}]
        case Links():
            return [{"kind": "links", "links": [asdict(link) for link in block.links]}]
        case Table():
            return [_table(block)] if block.rows else []
        case _:
            return []


def _table(table: Table) -> dict[str, Any]:
    rows = [[str(cell) for cell in row.cells] for row in table.rows[: table.n_print]]
    return {"kind": "table", "caption": table.caption, "columns": table.columns, "widths": table.widths, "rows": rows}
