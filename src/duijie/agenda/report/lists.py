"""The four working lists as one workbook: who is put together, what is to be done, who answers, what stands."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import xlsxwriter

from duijie.data import entries, kept, sentence
from duijie.terms import CHAIN

from .cooperation import action_state, assigned, department, listing
from .reading import Reading

__all__ = ["LISTS", "lists"]

Record = Mapping[str, Any]
Value = str | int | float | None
COLUMNS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "pairs": (
        ("no", 6),
        ("kind", 14),
        ("need_region", 10),
        ("need_party", 28),
        ("need", 36),
        ("offer_region", 10),
        ("offer_party", 28),
        ("offer", 36),
        ("basis", 12),
        ("score", 8),
        ("time", 18),
        ("table", 10),
        ("reason", 60),
    ),
    "tasks": (
        ("no", 6),
        ("area", 20),
        ("clause", 36),
        ("action", 36),
        ("due", 14),
        ("state", 14),
        ("light", 10),
        ("progress", 30),
        ("evidence", 30),
        ("problem", 50),
        ("next", 30),
    ),
    "duties": (
        ("no", 6),
        ("region", 12),
        ("department", 32),
        ("role", 10),
        ("clause", 40),
        ("assignment", 14),
        ("verification", 44),
    ),
    "projects": (
        ("no", 6),
        ("clause", 40),
        ("light", 10),
        ("cases", 10),
        *((node, 10) for node in CHAIN),
        ("refused", 10),
        ("indicator", 36),
        ("actual", 12),
        ("target", 12),
        ("unit", 12),
    ),
}
LISTS = tuple(COLUMNS)
HEADING_ROW = 2


def lists(reading: Reading, *, on: date) -> bytes:
    """The workbook in the language of `reading`; the same results and date give the same bytes."""
    packed = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(packed, options)
    book.set_properties(
        {
            "title": reading.say("report_lists"),
            "author": "duijie",
            "created": datetime.combine(on, time(), UTC).replace(tzinfo=None),
        }
    )
    rows = {"pairs": _pairs, "tasks": _tasks, "duties": _duties, "projects": _projects}
    for name, columns in COLUMNS.items():
        _sheet(book, reading, name, columns, list(rows[name](reading)))
    book.close()
    return packed.getvalue()


def _sheet(book: Any, reading: Reading, name: str, columns: Any, rows: list[tuple[Value, ...]]) -> None:
    sheet = book.add_worksheet(reading.say(f"report_list_{name}"))
    heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DCE6F0", "border": 1})
    plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    warning = book.add_format({"bold": True, "font_color": "#B3261E"})
    banner = _banner(reading)
    sheet.write_string(0, 0, reading.say(f"report_list_{name}_title"), book.add_format({"bold": True, "font_size": 14}))
    sheet.write_string(1, 0, banner, warning)
    for at, (column, width) in enumerate(columns):
        both = "\n".join(sentence(f"report_list_column_{column}", language) for language in ("zh", "en"))
        sheet.write_string(HEADING_ROW, at, both, heading)
        sheet.set_column(at, at, width)
    for down, row in enumerate(rows, start=1):
        for across, value in enumerate((down, *row)):
            _write(sheet, HEADING_ROW + down, across, value, plain)
    sheet.freeze_panes(HEADING_ROW + 1, 3)
    sheet.autofilter(HEADING_ROW, 0, HEADING_ROW + max(len(rows), 1), len(columns) - 1)
    sheet.repeat_rows(HEADING_ROW)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_header("&C" + banner.replace("&", "&&")[:250])
    sheet.set_footer("&C&P / &N")


def _write(sheet: Any, row: int, column: int, value: Value, form: Any) -> None:
    """A text is always written as text, whatever it begins with."""
    if isinstance(value, int | float):
        sheet.write_number(row, column, value, form)
    elif value:
        sheet.write_string(row, column, value, form)
    else:
        sheet.write_blank(row, column, None, form)


def _banner(reading: Reading) -> str:
    """The rehearsal's banner where there is one, and always whose document this is not."""
    banner = reading.text(reading.agreement.get("banner")) or reading.say("report_rehearsal")
    shown = banner if reading.agreement.get("is_rehearsal") else ""
    return " ".join(one for one in (shown, reading.say("report_notice")) if one)


def _pairs(reading: Reading) -> Iterator[tuple[Value, ...]]:
    found = reading.document("match").get("listings") or {}
    placed = {str(one["match"]): one for one in reading.rows("meet", "meetings")}
    for kind, _, match in assigned(reading):
        need, offer = found.get(match["need"], {}), found.get(match["offer"], {})
        meeting = placed.get(str(match["id"]), {})
        yield (
            reading.text(kind["name"]),
            *_end(reading, need, match["need"]),
            *_end(reading, offer, match["offer"]),
            reading.joined(
                dict.fromkeys(reading.word("basis", one.get("basis", "published")) for one in (need, offer))
            ),
            match["score"],
            str(meeting.get("starts_at", ""))[:16].replace("T", " "),
            str(meeting.get("table", "")),
            "\n".join(reading.reasons(match.get("reasons"))),
        )


def _end(reading: Reading, one: Record, key: str) -> tuple[str, str, str]:
    if not one:
        return "", "", listing(reading, key)
    return reading.region(str(one.get("region", ""))), reading.text(one.get("party_name")), reading.text(one["title"])


def _clause(reading: Reading, clause: Record) -> str:
    return reading.say("report_clause", n=clause["number"], title=reading.text(clause["title"]))


def _tasks(reading: Reading) -> Iterator[tuple[Value, ...]]:
    areas = {area["key"]: reading.text(area["title"]) for area in reading.rows("track", "areas")}
    for clause in reading.rows("track", "clauses"):
        actions: Iterable[Record] = clause.get("actions") or ({},)
        for action in actions:
            yield (areas.get(clause["area"], ""), _clause(reading, clause), *_action(reading, clause, action))


def _action(reading: Reading, clause: Record, action: Record) -> tuple[Value, ...]:
    milestones = action.get("milestones") or ()
    done = [one for one in milestones if one.get("done_on")]
    following = next((one for one in milestones if not one.get("done_on")), None)
    against = (reading.reason(one) for one in clause.get("reasons") or () if not one.get("is_for", True))
    return (
        reading.text(action.get("name")),
        action.get("due_on") or reading.say("report_not_published"),
        action_state(reading, action) if action else "",
        reading.word("light", action.get("light") or clause["light"]),
        "\n".join(f"{one['done_on']} {reading.text(one['name'])}" for one in done)
        or reading.say("report_nothing_reported"),
        reading.joined(dict.fromkeys(_evidence(reading, proof) for one in done for proof in one.get("evidence") or ())),
        "\n".join(against),
        reading.text(following["name"]) if following else "",
    )


def _evidence(reading: Reading, key: str) -> str:
    """What a kind of evidence is called."""
    return reading.text(_kinds_of_evidence().get(key)) or key


@kept
def _kinds_of_evidence() -> Mapping[str, Any]:
    return {one["key"]: one["name"] for one in entries("evidence", "evidence", "evidence")}


def _duties(reading: Reading) -> Iterator[tuple[Value, ...]]:
    verification = {one["key"]: reading.text(one.get("verification")) for one in reading.rows("track", "departments")}
    for code in reading.regions:
        for clause in reading.rows("track", "clauses"):
            for role in ("lead", "support"):
                for key in (clause.get(role) or {}).get(code) or ():
                    yield (
                        reading.region(code),
                        department(reading, key),
                        reading.word("role", role),
                        _clause(reading, clause),
                        reading.word("assignment", clause.get("assignment", "proposal")),
                        verification.get(key, "") if isinstance(key, str) else "",
                    )


def _projects(reading: Reading) -> Iterator[tuple[Value, ...]]:
    for clause in reading.rows("track", "clauses"):
        chain = clause.get("chain") or {}
        indicators: Iterable[Record] = clause.get("indicators") or ({},)
        for indicator in indicators:
            yield (
                _clause(reading, clause),
                reading.word("light", clause["light"]),
                clause.get("n_cases", 0),
                *(chain.get(node, 0) for node in CHAIN),
                clause.get("n_refused", 0),
                reading.text(indicator.get("name")),
                indicator.get("actual"),
                reading.say("report_not_published")
                if indicator and indicator.get("target") is None
                else indicator.get("target"),
                reading.text(indicator.get("unit")),
            )
