"""Paper for a study visit: invitation letters (邀请函), requests to hosts and itinerary sheets, as Word files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.shared import Mm, Pt, RGBColor

from duijie.data import read_json
from duijie.data.paper import FANGSONG, HEI, XIAOBIAOSONG, packed, set_face
from duijie.data.typed import typed
from duijie.data.words import sentence
from duijie.errors import Fault, InputError
from duijie.terms import Language
from duijie.terms.days import FIRST_DAY, parse_day

from .itinerary import Itinerary, Stop
from .visit import Group, Host, Train

__all__ = ["Letter", "host_letter", "invitation", "itinerary_sheet", "letters", "read_letter"]

# The measures that the standard for official documents (GB/T 9704-2012) asks for.
_BODY_PT, _TITLE_PT, _TABLE_PT, _LINE_PT = 16.0, 22.0, 12.0, 28.0
_MARGINS_MM = (37, 26, 35, 28)
_WIDTHS_MM = (36, 28, 52, 40)
_RED = RGBColor(0xB3, 0x26, 0x1E)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says beside the route: who writes, what for, when, and whom to answer.

    `signed_on` and `reply_by` are ISO dates (empty: left out), `number` is the reference of the letter, `banner` a
    notice in red above every page (a rehearsal, say).
    """

    inviter: str
    purpose: str
    signed_on: str = ""
    reply_by: str = ""
    contact: str = ""
    number: str = ""
    banner: str = ""


@dataclass(frozen=True)
class _Page:
    """One sheet before it is set: paragraphs after the title, a table, paragraphs after it, a signature."""

    title: str
    before: Sequence[str]
    salute: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    after: Sequence[str] = ()
    signature: Sequence[str] = field(default=())
    banner: str = ""
    number: str = ""


def invitation(
    letter: Letter,
    itinerary: Itinerary,
    group: Group,
    hosts: Iterable[Host],
    *,
    trains: Iterable[Train] = (),
    language: Language = "zh",
) -> bytes:
    """The letter that invites a delegation, with its programme.

    Parameters
    ----------
    itinerary
        From :func:`~duijie.meet.visits`; a group without a stop is told that the programme follows.

    Returns
    -------
    A DOCX file; the same arguments give the same bytes.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from duijie.meet.itinerary import Itinerary
    >>> from duijie.meet.visit import VisitDay
    >>> nine, six = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)
    >>> group = Group("g", 12, (VisitDay(nine, six, "a", "a"),), name="Delegation 1")
    >>> invitation(Letter("Office 1", "a study visit"), Itinerary("optimal"), group, [], language="en")[:2]
    b'PK'
    """
    values = {
        "purpose": letter.purpose,
        "n_persons": group.n_persons,
        "span": _span(group, language),
        "inviter": letter.inviter,
    }
    rows = _rows(itinerary, group, hosts, trains, language)
    body = [sentence("meet_letter_invites", language, values)]
    body.append(sentence("meet_letter_programme" if rows else "meet_letter_programme_follows", language))
    page = _letter("meet_letter_title", letter, group.name or group.key, body, language)
    return _set(replace(page, columns=_columns(language), rows=rows), language, letter.signed_on)


def host_letter(
    letter: Letter, itinerary: Itinerary, host: Host, groups: Iterable[Group], *, language: Language = "zh"
) -> bytes:
    """The letter that asks a host to receive the delegations that are to see it.

    Returns
    -------
    A DOCX file. A host that nobody sees gets a table without rows; :func:`letters` writes no such letter.
    """
    known = {group.key: group for group in groups}
    stops = [stop for stop in itinerary.stops if (stop.kind, stop.key) == ("host", host.key) and stop.group in known]
    rows = [
        (
            _day(stop.starts_at.date(), language),
            _clock(stop),
            known[stop.group].name or stop.group,
            sentence("meet_letter_persons", language, {"n_persons": known[stop.group].n_persons}),
        )
        for stop in sorted(stops, key=lambda stop: stop.starts_at)
    ]
    body = [sentence("meet_letter_asks", language, {"purpose": letter.purpose, "inviter": letter.inviter})]
    page = _letter("meet_letter_host_title", letter, host.name or host.key, body, language)
    columns = [sentence(f"meet_sheet_{name}", language) for name in ("on", "time", "guests", "persons")]
    return _set(replace(page, columns=columns, rows=rows), language, letter.signed_on)


def itinerary_sheet(
    itinerary: Itinerary,
    group: Group,
    hosts: Iterable[Host],
    *,
    trains: Iterable[Train] = (),
    made_on: str = "",
    banner: str = "",
    language: Language = "zh",
) -> bytes:
    """The sheet that a group travels with: day, time, what, where, how to get there.

    Parameters
    ----------
    made_on
        ISO date printed as the state of the plan; empty leaves it out.

    Returns
    -------
    A DOCX file; the same arguments give the same bytes.
    """
    named = group.name or group.key
    before = [
        sentence(
            "meet_sheet_group",
            language,
            {"group": named, "n_persons": group.n_persons, "span": _span(group, language)},
        )
    ]
    rows = _rows(itinerary, group, hosts, trains, language)
    after = [] if rows else [sentence("meet_sheet_empty", language)]
    if made_on:
        after.append(sentence("meet_sheet_made", language, {"on": _day(date.fromisoformat(made_on), language)}))
    title = sentence("meet_sheet_title", language)
    page = _Page(title, before, columns=_columns(language), rows=rows, after=after, banner=banner)
    return _set(page, language, made_on)


def letters(
    letter: Letter,
    itinerary: Itinerary,
    groups: Sequence[Group],
    hosts: Sequence[Host],
    *,
    trains: Sequence[Train] = (),
    language: Language = "zh",
) -> Mapping[str, bytes]:
    """Every paper of a visit by file name: an invitation and a sheet a group, a letter to each host that is seen.

    Returns
    -------
    File name → DOCX bytes; empty without groups. Names are the kind, a number and the language, so that no name of a
    person or firm has to be a file name.
    """
    papers: dict[str, bytes] = {}
    for number, group in enumerate(groups, start=1):
        papers[f"invitation-{number}.{language}.docx"] = invitation(
            letter, itinerary, group, hosts, trains=trains, language=language
        )
        papers[f"itinerary-{number}.{language}.docx"] = itinerary_sheet(
            itinerary,
            group,
            hosts,
            trains=trains,
            made_on=letter.signed_on,
            banner=letter.banner,
            language=language,
        )
    seen = {stop.key for stop in itinerary.stops if stop.kind == "host"}
    for number, host in enumerate((one for one in hosts if one.key in seen), start=1):
        papers[f"host-{number}.{language}.docx"] = host_letter(letter, itinerary, host, groups, language=language)
    return papers


def read_letter(path: Path) -> Letter:
    """What the letters of a visit say, from ``letter`` in the visit's JSON file: the fields of :class:`Letter`.

    Raises
    ------
    InputError
        The file is absent, is no JSON, has no such part, or a date is none; `faults` lists all.
    """
    document, faults = read_json(path), list[Fault]()
    said = document.get("letter") if isinstance(document, Mapping) else None
    letter = typed(Letter, said, {"file": path.name, "of": "letter"}, faults)
    for name in ("signed_on", "reply_by") if letter else ():
        try:
            parse_day(getattr(letter, name) or FIRST_DAY.isoformat())
        except InputError as error:
            faults.append(Fault(error.code, {"file": path.name, "of": "letter", "key": name}, error.values))
    if letter is None or faults:
        raise InputError("meet_letter_wrong", {"n": len(faults)}, {"file": path.name}, faults=faults)
    return letter


def _letter(title: str, letter: Letter, to: str, body: Sequence[str], language: Language) -> _Page:
    """A letter without its table: reference, salute, body, whom to answer, signature."""
    reply = {"on": _day(date.fromisoformat(letter.reply_by), language)} if letter.reply_by else {}
    after = [sentence("meet_letter_reply", language, reply)] if reply else []
    after += [sentence("meet_letter_contact", language, {"contact": letter.contact})] if letter.contact else []
    after.append(sentence("meet_letter_close", language))
    signature = [letter.inviter, *([_day(date.fromisoformat(letter.signed_on), language)] if letter.signed_on else [])]
    return _Page(
        sentence(title, language),
        body,
        salute=sentence("meet_letter_salute", language, {"to": to}),
        after=after,
        signature=signature,
        banner=letter.banner,
        number=letter.number,
    )


def _columns(language: Language) -> list[str]:
    return [sentence(f"meet_sheet_{name}", language) for name in ("on", "time", "what", "where")]


def _rows(
    itinerary: Itinerary, group: Group, hosts: Iterable[Host], trains: Iterable[Train], language: Language
) -> list[tuple[str, ...]]:
    """The stops of a group in order of time; a day is named once."""
    named = {host.key: host.name or host.key for host in hosts}
    goals = {(train.number, train.departs_at): train.goal for train in trains}
    stops = sorted((stop for stop in itinerary.stops if stop.group == group.key), key=lambda stop: stop.starts_at)
    rows: list[tuple[str, ...]] = []
    day = ""
    for stop in stops:
        on = _day(stop.starts_at.date(), language)
        goal = goals.get((stop.key, stop.starts_at), "")
        values = {"host": named.get(stop.key, stop.key), "train": stop.key, "origin": stop.place, "goal": goal}
        where = [stop.place]
        if stop.road_min:
            where.append(sentence("meet_sheet_road", language, {"road_min": stop.road_min}))
        what = sentence(f"meet_sheet_{stop.kind}", language, values)
        rows.append(("" if on == day else on, _clock(stop), what, "\n".join(where)))
        day = on
    return rows


def _clock(stop: Stop) -> str:
    return f"{stop.starts_at:%H:%M}–{stop.ends_at:%H:%M}"


def _span(group: Group, language: Language) -> str:
    """From the first day of a group to its last."""
    days = sorted({moment.date() for day in group.days for moment in (day.starts_at, day.ends_at)})
    if not days:
        return sentence("meet_letter_no_days", language)
    if len(days) == 1:
        return _day(days[0], language)
    return sentence("meet_letter_span", language, {"first": _day(days[0], language), "last": _day(days[-1], language)})


def _day(day: date, language: Language) -> str:
    month = sentence(f"meet_month_{day.month}", language)
    return sentence("meet_letter_day", language, {"year": day.year, "month": month, "day": day.day})


def _set(page: _Page, language: Language, on: str) -> bytes:
    """The page as a DOCX file in the layout of an official letter."""
    file = docx.Document()
    moment = datetime.combine(date.fromisoformat(on), time()) if on else datetime(2000, 1, 1)
    properties = file.core_properties
    properties.title, properties.author, properties.created = page.title, "duijie", moment
    properties.modified, properties.last_modified_by = moment, "duijie"
    properties.language = "zh-CN" if language == "zh" else language
    _lay_out(file, page.banner)
    _line(file, page.title, face=XIAOBIAOSONG, size_pt=_TITLE_PT, align=WD_ALIGN_PARAGRAPH.CENTER)
    if page.number:
        _line(file, page.number, align=WD_ALIGN_PARAGRAPH.CENTER)
    if page.salute:
        _line(file, page.salute)
    for text in page.before:
        _line(file, text, indent=True)
    if page.columns:
        _table(file, [page.columns, *page.rows])
    for text in page.after:
        _line(file, text, indent=True)
    for text in page.signature:
        _line(file, text, align=WD_ALIGN_PARAGRAPH.RIGHT)
    return packed(file)


def _lay_out(file: Any, banner: str) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    margins = (Mm(one) for one in _MARGINS_MM)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = margins
    set_face(file.styles["Normal"].element.get_or_add_rPr(), FANGSONG)
    file.styles["Normal"].font.size = Pt(_BODY_PT)
    if banner:
        run = section.header.paragraphs[0].add_run(banner)
        section.header.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
        run.font.size, run.font.bold, run.font.color.rgb = Pt(10), True, _RED


def _line(
    file: Any,
    text: str,
    *,
    face: str = FANGSONG,
    size_pt: float = _BODY_PT,
    align: WD_ALIGN_PARAGRAPH | None = None,
    indent: bool = False,
) -> None:
    paragraph = file.add_paragraph()
    layout = paragraph.paragraph_format
    layout.space_before, layout.space_after, layout.alignment = Pt(0), Pt(0), align
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(max(_LINE_PT, 1.5 * size_pt))
    layout.first_line_indent = Pt(2 * size_pt) if indent else None
    run = paragraph.add_run(text)
    run.font.size = Pt(size_pt)
    set_face(run._r.get_or_add_rPr(), face)


def _table(file: Any, rows: Sequence[Sequence[str]]) -> None:
    table = file.add_table(len(rows), len(_WIDTHS_MM), style="Table Grid")
    table.autofit = False
    for column, width_mm in zip(table.columns, _WIDTHS_MM, strict=True):
        column.width = Mm(width_mm)
    for at, (row, texts) in enumerate(zip(table.rows, rows, strict=True)):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if at == 0:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, text, width_mm in zip(row.cells, texts, _WIDTHS_MM, strict=True):
            cell.width = Mm(width_mm)
            run = cell.paragraphs[0].add_run(text)
            run.font.size = Pt(_TABLE_PT)
            set_face(run._r.get_or_add_rPr(), HEI if at == 0 else FANGSONG)
