"""Composes the report: one page for a leader, then the chapters for an analyst."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from . import cooperation, fitting, opportunities
from .blocks import Block, Document
from .leader import leader_page
from .origins import with_origins
from .reading import Reading

__all__ = ["compose"]

CHAPTERS = (
    (opportunities.opportunities, "advice"),
    (fitting.quality, "diagnose"),
    (fitting.specialization, "diagnose"),
    (fitting.chains, "diagnose"),
    (fitting.links, "diagnose"),
    (fitting.inside_class, "diagnose"),
    (fitting.risks, "diagnose"),
    (cooperation.matches, "match"),
    (cooperation.meetings, "meet"),
    (cooperation.clauses, "track"),
    (cooperation.sources, "track"),
)
"""The chapters, and the document whose sources stand behind each."""


def compose(reading: Reading, *, on: date) -> Document:
    """The whole report in the language of `reading`, dated `on`; an absent document shows as "no data"."""
    agreement = reading.agreement
    sides = {
        one["code"]: reading.text(one["name"]) for one in agreement.get("sides") or reading.rows("diagnose", "regions")
    }
    return Document(
        language=reading.language,
        title=reading.say("report_title", sides=reading.say("report_and").join(sides.values())),
        subtitle=reading.say(
            "report_subtitle",
            on=reading.day(on.isoformat()),
            data=_data_as_of(reading),
            as_of=reading.day(agreement.get("as_of")),
        ),
        banner=_banner(reading),
        notice=reading.say("report_notice"),
        font_note=reading.say("report_font_note"),
        leader=leader_page(reading),
        analyst_label=reading.say("report_analyst_label"),
        analyst_title=reading.say("report_analyst_title"),
        analyst=tuple(_chapters(reading)),
    )


def _data_as_of(reading: Reading) -> str:
    """Of when the registrations are: the day of a run is not the day of its data."""
    sources = reading.keyed("diagnose", "counts")
    return str(sources[0].get("as_of") or "") if sources else reading.say("report_none")


def _banner(reading: Reading) -> str:
    if not reading.agreement.get("is_rehearsal"):
        return ""
    return reading.text(reading.agreement.get("banner")) or reading.say("report_rehearsal")


def _chapters(reading: Reading) -> Iterator[Block]:
    for number, (chapter, document) in enumerate(CHAPTERS, start=1):
        yield from with_origins(reading, chapter(reading, number), document)
