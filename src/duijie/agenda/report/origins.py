"""Below each table stands whose figures it shows, of when, and how far they are published or inferred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .blocks import Block, Figure, Paragraph, Table
from .reading import Reading, Record

__all__ = ["origin", "with_origins"]

_NAMED = 3  # publishers named below a table; the last chapter has all of them


def with_origins(reading: Reading, blocks: Iterable[Block], document: str) -> Iterator[Block]:
    """The blocks of a chapter, a note of origin below each table that holds anything.

    A table that names its own sources rests on these; another on the documents its figures were taken from, and one
    without figures on `document`.
    """
    for block in blocks:
        yield block
        if isinstance(block, Table) and block.rows:
            found = {
                cell.path.partition(".")[0] for row in block.rows for cell in row.cells if isinstance(cell, Figure)
            }
            yield origin(reading, block.sources or _of_documents(reading, sorted(found) or [document]))


def _of_documents(reading: Reading, documents: Sequence[str]) -> list[Record]:
    return [one for name in documents for one in reading.rows(name, "sources")]


def origin(reading: Reading, sources: Sequence[Record]) -> Paragraph:
    """Publishers, earliest and latest date, and how many sources are published or inferred; what is not known, said."""
    dates = sorted(str(one["as_of"]) for one in sources if one.get("as_of"))
    unknown = reading.say("report_origin_unknown")
    return reading.note(
        "report_origin",
        names=_names(reading, sources) or unknown,
        dates=_span(reading, dates) or unknown,
        trust=_trust(reading, sources) or unknown,
    )


def _span(reading: Reading, dates: Sequence[str]) -> str:
    if len(set(dates)) < 2:
        return dates[0] if dates else ""
    return reading.say("report_origin_dates", first=dates[0], last=dates[-1])


def _names(reading: Reading, sources: Sequence[Record]) -> str:
    names = list(dict.fromkeys(reading.cited(one) for one in sources))
    shown = reading.joined(names[:_NAMED])
    return reading.say("report_and_more", names=shown, n=len(names)) if len(names) > _NAMED else shown


def _trust(reading: Reading, sources: Sequence[Record]) -> str:
    """How many sources state a thing themselves; for counts of firms also the share whose industry is known at all."""
    if not sources:
        return ""
    n_derived = sum(one.get("basis") == "derived" for one in sources)
    told = [reading.say("report_origin_trust", published=len(sources) - n_derived, derived=n_derived)]
    coded = [one["coded_share"] for one in reading.rows("diagnose", "coverage") if one.get("coded_share") is not None]
    if coded and any(one.get("key") == "counts" for one in sources):
        told.append(
            reading.say("report_origin_coded", low=reading.percent(min(coded)), high=reading.percent(max(coded)))
        )
    return reading.say("report_origin_and").join(told)
