"""The chapter on opportunities: each with its grounds, its doubts, its first step and how its kind was tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .blocks import Block, Paragraph, Row, Table
from .leader import level_text, opportunity_drills, opportunity_step, warranty_text
from .reading import Reading

__all__ = ["opportunities"]

Record = Mapping[str, Any]


def opportunities(reading: Reading, number: int) -> Iterator[Block]:
    """The ten opportunities in full."""
    yield reading.heading(1, number, reading.say("report_title_opportunities"))
    listed = reading.rows("advice", "opportunities")
    if not listed:
        yield reading.absent("advice")
        return
    yield reading.note("opportunity_disclaimer")
    columns = reading.columns("opportunity", "ends", "for", "against", "first", "level")
    rows = tuple(_row(reading, at, one) for at, one in enumerate(listed))
    yield Table(
        "opportunities",
        reading.say("report_caption_opportunities"),
        columns,
        rows,
        (0.15, 0.24, 0.22, 0.16, 0.15, 0.08),
        len(rows),
        sources=reading.sources_in(listed),
    )
    yield from (Paragraph((reading.reason(one),), "note") for one in reading.results["advice"].get("unmade", ()))
    for kind in dict.fromkeys(str(one["kind"]) for one in listed):
        told = warranty_text(reading, kind)
        yield reading.note("report_warranty_of", kind=reading.say(f"opportunity_kind_{kind}"), told=told)


def _row(reading: Reading, at: int, one: Record) -> Row:
    return Row(
        (
            reading.say("report_numbered", n=at + 1, text=reading.reason(one["title"])),
            reading.say("report_semicolon").join(reading.end(end, 5) for end in one["ends"]),
            "".join(map(reading.reason, (*one["reasons"][:3], one["size"]))),
            "".join(map(reading.reason, one["doubts"])),
            opportunity_step(reading, one),
            level_text(reading, one),
        ),
        opportunity_drills(reading, one),
    )
