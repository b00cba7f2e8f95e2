"""The leader's brief as a Word file of one page, for the table of the joint conference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import docx
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from duijie.data import sentence
from duijie.data.paper import FANGSONG, HEI, packed, set_face
from duijie.terms import Bilingual, Language

__all__ = ["paper"]

_BODY_PT, _TITLE_PT = 14.0, 20.0


def paper(brief: Mapping[str, Any], sides: Mapping[str, Bilingual], language: Language, *, banner: Bilingual) -> bytes:
    """The document of the page :func:`~duijie_portal.frame.brief_selectors.brief` as DOCX.

    Parameters
    ----------
    sides
        Short names of the governments by code.
    banner
        What every page of a rehearsal says; empty for a real agreement.
    """

    def say(code: str, **values: Any) -> str:
        return sentence(code, language, values)

    file = docx.Document()
    _faces(file)
    title = file.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(f"{brief['title'][language]} · {say('portal_brief')}")
    run.bold, run.font.size = True, Pt(_TITLE_PT)
    if banner[language]:
        file.add_paragraph(banner[language])
    if brief["known"]:
        file.add_paragraph(_known(brief["known"], sides, say, language))
    lights = " · ".join(f"{say(f'portal_light_{light}')} {n}" for light, n in brief["lights"].items())
    file.add_paragraph(f"{say('portal_brief_lead', on=brief['as_of'].isoformat(), n=brief['n_clauses'])} {lights}")
    _section(file, say("portal_brief_attention"), _attention(brief, say, language), say("portal_brief_no_attention"))
    if not brief["known"]:  # what waits for a signature waits today
        desk = [f"{say('portal_brief_' + one['what'])} {one['n']}" for one in brief["desk"]]
        _section(file, say("portal_brief_desk"), desk, say("portal_brief_desk_empty"))
    late = [f"{one['title'][language]} · {say('portal_brief_days_over', n=one['n_days'])}" for one in brief["overdue"]]
    _section(file, say("portal_brief_overdue"), late, say("portal_brief_no_overdue"))
    figures = [f"{say('portal_count_' + name)} {n:,.0f}" for name, n in brief["figures"].items()]
    _section(file, say("portal_brief_figures"), [" · ".join(figures)], "")
    turned = [f"{one['title'][language]} · {'; '.join(_moved(one, say, language))}" for one in brief["changes"]]
    _section(file, say("portal_brief_quarter"), turned, say("portal_brief_no_change"))
    host = sides.get(brief["next_host"])
    _section(file, say("portal_brief_next"), [say("portal_brief_next_host", side=host[language] if host else "")], "")
    return packed(file)


def _known(known: Mapping[str, Any], sides: Mapping[str, Bilingual], say: Any, language: Language) -> str:
    """At which K the paper was made: the day, and the last entry of each side."""
    names = {code: sides[code][language] if code in sides else code for code in known["heads"]}
    heads = [f"{names[code]} {say('portal_known_head', n=n)}" for code, n in known["heads"].items()]
    return f"{say('portal_known', on=known['on'])} {' · '.join(heads) or say('portal_known_nothing')}"


def _attention(brief: Mapping[str, Any], say: Any, language: Language) -> list[str]:
    return [
        f"{say('portal_light_' + one['light'])} · {one['number']} {Bilingual(**one['title'])[language]}"
        + "".join(f" — {sentence(why['code'], language, why['values'])}" for why in one["reasons"][:1])
        for one in brief["attention"]
    ]


def _moved(one: Mapping[str, Any], say: Any, language: Language) -> Iterator[str]:
    """What moved in a clause: its light, then its figures."""
    if "before" in one:
        yield f"{say('portal_light_' + one['before'])} → {say('portal_light_' + one['after'])}"
    for row in one["figures"]:
        unit = say(f"portal_unit_{row['unit']}")
        yield f"{row['name'][language]} {row['before'] or 0:,.0f} → {row['after'] or 0:,.0f} {unit}"


def _faces(file: Paper) -> None:
    style = file.styles["Normal"]
    style.font.size = Pt(_BODY_PT)
    set_face(style.element.get_or_add_rPr(), FANGSONG)


def _section(file: Paper, heading: str, lines: Iterable[str], nothing: str) -> None:
    run = file.add_paragraph().add_run(heading)
    run.bold = True
    set_face(run._r.get_or_add_rPr(), HEI)
    for line in [*lines] or [nothing]:
        file.add_paragraph(line)
