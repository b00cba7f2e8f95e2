"""What is printed for an exchange day: schedules on A6, table signs, the list of attendance with a code each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
import typst
from django.utils import timezone

from duijie.agenda.report.pdf import covered
from duijie.data import root, sentence
from duijie_portal.accounts.models import Side
from duijie_portal.ledger.models import Party
from duijie_portal.ledger.selectors import parties

from .codes import pass_code
from .models import Day, Meeting

__all__ = ["PAPERS", "paper"]

PAPERS = ("schedules", "signs", "attendance")
_WORDS = ("time", "table", "partner", "scan", "number", "party", "side", "first", "signature", "code")


def paper(
    kind: str, day: Day, meetings: Iterable[Meeting], *, language: str, address: Callable[[str], str], party: str = ""
) -> bytes:
    """A paper of a day as PDF; `address` makes the full address of a pass's code, `party` narrows to one schedule."""
    rows = {"schedules": _schedules, "signs": _signs, "attendance": _attendance}[kind]
    live = [one for one in meetings if not one.is_off]
    content = {
        "kind": kind,
        "language": language,
        "title": day.title[language],  # type: ignore[index]
        "place": day.place[language],  # type: ignore[index]
        "on": day.on.isoformat(),
        "banner": day.agreement.banner[language] if day.agreement.is_rehearsal else "",  # type: ignore[index]
        "say": {word: sentence(f"portal_meet_paper_{word}", language) for word in _WORDS},
        "rows": [row for row in rows(day, live, language, address) if not party or row.get("id") == party],
    }
    return _compiled(content, day)


def _compiled(content: dict[str, Any], day: Day) -> bytes:
    made = typst.compile(
        str(Path(__file__).parent / "papers" / "papers.typ"),
        format="pdf",
        font_paths=[str(root() / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_covered(content), ensure_ascii=False)},
        timestamp=datetime.combine(day.on, time(), UTC),
    )
    assert isinstance(made, bytes)
    return made


def _covered(value: Any) -> Any:
    """Characters the fonts lack shown as such; drawings of codes stay as they are."""
    if isinstance(value, dict):
        return {key: one if key == "code" and str(one).startswith("<") else _covered(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_covered(one) for one in value]
    return covered(value) if isinstance(value, str) else value


def _code(text: str) -> str:
    buffer = BytesIO()
    segno.make(text, error="m", micro=False).save(buffer, kind="svg", border=1, xmldecl=False)
    return buffer.getvalue().decode()


def _parties(day: Day, meetings: list[Meeting], language: str) -> list[tuple[Party, list[tuple[Meeting, Party]], str]]:
    """Each party with its meetings and whom it meets, in the order of sides and names."""
    sides = {side.pk: side.short[language] for side in Side.objects.filter(agreements=day.agreement)}  # type: ignore[index]
    known = parties(key for row in meetings for key in row.request.ends)
    found: dict[str, list[tuple[Meeting, Party]]] = {}
    for row in meetings:
        for one, other in (row.request.ends, row.request.ends[::-1]):
            found.setdefault(one, []).append((row, known[other]))
    rows = sorted((known[key] for key in found), key=lambda one: (one.side_id, one.name))
    return [(party, found[party.pk], sides.get(party.side_id, "")) for party in rows]


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


def _table(row: Meeting, language: str) -> str:
    return row.table.name[language] if row.table else "–"  # type: ignore[index]


def _schedules(day: Day, meetings: list[Meeting], language: str, address: Callable[[str], str]) -> list[dict[str, Any]]:
    passes = {one.party_id: one for one in day.passes.all()}
    return [
        {
            "id": party.pk,
            "name": party.name,
            "side": side,
            "code": _code(address(pass_code(passes[party.pk]))),
            "meetings": [
                {
                    "time": _clock(row.starts_at),
                    "table": _table(row, language),
                    "partner": other.name,
                    "note": other.town,
                }
                for row, other in own
            ],
        }
        for party, own, side in _parties(day, meetings, language)
    ]


def _signs(day: Day, meetings: list[Meeting], language: str, address: Callable[[str], str]) -> list[dict[str, Any]]:
    del address
    known = parties(key for row in meetings for key in row.request.ends)
    return [
        {
            "id": table.pk,
            "name": table.name[language],  # type: ignore[index]
            "slots": [
                {
                    "time": _clock(row.starts_at),
                    "partner": " ↔ ".join(known[key].name for key in row.request.ends),
                }
                for row in meetings
                if row.booking and row.booking.resource_id == table.pk
            ],
        }
        for table in day.tables.all()
    ]


def _attendance(
    day: Day, meetings: list[Meeting], language: str, address: Callable[[str], str]
) -> list[dict[str, Any]]:
    passes = {one.party_id: one for one in day.passes.all()}
    return [
        {
            "id": party.pk,
            "name": party.name,
            "side": side,
            "first": _clock(own[0][0].starts_at),
            "code": _code(address(pass_code(passes[party.pk]))),
        }
        for party, own, side in _parties(day, meetings, language)
    ]
