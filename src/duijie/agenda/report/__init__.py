"""The report: one page for a leader, ten for an analyst, and the working lists, made of four result documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from duijie.match.readers import for_everyone
from duijie.terms import Language, Progress, silent

from .composition import compose
from .lists import lists
from .pdf import pdf
from .reading import Reading
from .webpage import webpage
from .word import word

__all__ = ["Reading", "compose", "write_report"]

Maker = Callable[[], bytes]


def write_report(
    results: Mapping[str, Mapping[str, Any]],
    folder: Path,
    *,
    on: date,
    languages: Sequence[Language] = ("zh", "en"),
    progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write the report that people read: a page, a Word file, a PDF and a workbook in each language.

    Parameters
    ----------
    results
        The documents ``diagnose``, ``match``, ``meet`` and ``track`` as the pipeline wrote them
        (``docs/reference/results.md``). One that is absent shows as "no data" with the file that would fill it.
    folder
        Where the files go; made where it is not there.
    on
        The date of the report; it also dates the files, so the same results and date give the same bytes.
    languages
        The languages to write, each with its own four files.
    progress
        Called once for each file.

    Returns
    -------
    tuple of Path
        ``report.<language>.html``, ``.docx``, ``.pdf`` and ``lists.<language>.xlsx``, language by language.

    Notes
    -----
    What was inferred of a named organisation stays out: the report goes to both sides and beyond.
    A rehearsal carries its banner on each page and sheet. Characters that the fonts of the package lack are shown in
    the PDF as 〓.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = for_everyone(results)
    makers = [one for language in languages for one in _makers(Reading(shown, language), on)]
    written = []
    for done, (name, make) in enumerate(makers):
        progress("report", done, len(makers))
        path = folder / name
        path.write_bytes(make())
        written.append(path)
    progress("report", len(makers), len(makers))
    return tuple(written)


def _makers(reading: Reading, on: date) -> Iterator[tuple[str, Maker]]:
    document = compose(reading, on=on)
    language = reading.language
    yield f"report.{language}.html", lambda: webpage(document, reading).encode("utf-8")
    yield f"report.{language}.docx", lambda: word(document, on=on)
    yield f"report.{language}.pdf", lambda: pdf(document, on=on)
    yield f"lists.{language}.xlsx", lambda: lists(reading, on=on)
