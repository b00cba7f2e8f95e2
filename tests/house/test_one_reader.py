"""Matches and timetables are read for a person in one place, and a form's day is of one type."""

from __future__ import annotations

import re
from pathlib import Path

RAW = re.compile(r"\bresults\([^()]*, \"(match|meet)\"\)")
OWN_DAY = re.compile(r"forms\.Date(Time)?Field\(|date\.fromisoformat\(request\.")
READERS = {
    "ledger/readers.py": "the one place",
    "track/selectors.py": "counts of pairs by clause, which name nobody",
    "match/selectors.py": "whether a listing of one's own was ranked",
    "frame/jobs.py": "the pipeline itself",
    "frame/ranking.py": "the ranking itself, which rings for what is new",
    "frame/selectors.py": "whether anything was ranked at all",
}


def _portal(sources: tuple[Path, ...]) -> list[tuple[str, str]]:
    return [
        ("/".join(path.parts[-2:]), path.read_text(encoding="utf-8"))
        for path in sources
        if "duijie_portal" in path.parts
    ]


def test_only_these_read_the_documents_uncut(sources: tuple[Path, ...]) -> None:
    """Whatever shows a match or a meeting to a person goes through the reader that knows what they may see."""
    found = {name for name, text in _portal(sources) if RAW.search(text)}
    assert found == set(READERS)


def test_no_form_and_no_query_has_a_day_of_its_own(sources: tuple[Path, ...]) -> None:
    """Days come in through the fields and the parser that know their bounds."""
    found = {name for name, text in _portal(sources) if OWN_DAY.search(text)}
    assert not found


def test_no_form_refuses_with_a_sign_instead_of_a_sentence(sources: tuple[Path, ...]) -> None:
    """What a form says is looked up by a code, in the reader's language."""
    found = {name for name, text in _portal(sources) if re.search(r"ValidationError\(\s*[\"']", text)}
    assert not found


def test_lines_end_only_where_files_end_them(sources: tuple[Path, ...]) -> None:
    """``str.splitlines`` also breaks at signs that stand inside texts; only a program's own message is cut by it."""
    found = {
        path.name for path in sources if re.search(r"(?<!str\(error\))\.splitlines\(", path.read_text(encoding="utf-8"))
    }
    assert not found


def test_tables_are_read_in_two_places(sources: tuple[Path, ...]) -> None:
    """A file of a person goes through ``sheets``, a small table of ours through ``data``; nobody else reads csv."""
    found = {
        "/".join(path.parts[-2:])
        for path in sources
        if re.search(r"csv\.(?:reader|DictReader)\(", path.read_text(encoding="utf-8"))
    }
    assert found == {"data/files.py", "sheets/texts.py", "terms/working_days.py"}


def test_people_are_told_in_one_place(sources: tuple[Path, ...]) -> None:
    """A line for a person is made in one function, mails and hooks are made of lines alone: the gate is asked there."""
    ways = {
        r"\bNotification\(|\bNotification\.objects\.(?:bulk_)?create": "ledger/notices.py",
        r"\bDelivery\.objects\.(?:get_or_|bulk_)?create|\bEmailMessage\(|\bsend_mail\(|\bhooks\.post\(": (
            "ledger/outbox.py"
        ),
        r"\bTold\(|\bTold\.objects": "ledger/notices.py",
    }
    for way, place in ways.items():
        texts = [(name, re.sub(r"(?m)^class .*$", "", text)) for name, text in _portal(sources)]
        assert {name for name, text in texts if re.search(way, text)} == {place}


OF_DEPARTMENTS = {
    "ledger/charge.py": "the guard: who may write for a department",
    "ledger/audience.py": "who is told",
    "ledger/handover.py": "who is told: those who spoke",
    "track/alerts.py": "who is told: the officers of a role",
    "ledger/recording.py": "as which department a person speaks",
    "ledger/casework.py": "as which department a person speaks, where a case names several",
    "ledger/desk.py": "whom an item was handed to, and who is away",
    "ledger/desk_acts.py": "to whom something may be addressed",
    "frame/desk_selectors.py": "the offices of colleagues, named",
    "ledger/inbox.py": "read at once for the guard",
    "accounts/services.py": "an account's own departments, set",
    "duijie_portal/commands.py": "an account's own departments, set",
    "frame/selectors.py": "what is due for a reader's own, and the list of accounts",
    "frame/account_selectors.py": "what is held about a person",
    "services/feeds.py": "whose days a calendar shows",
    "meet/calendars.py": "whose days a calendar shows",
    "meet/views.py": "whose days a calendar shows",
}


def test_who_may_write_for_a_department_is_decided_in_one_place(sources: tuple[Path, ...]) -> None:
    """Nobody else looks whether a person is of a department, or may write for any, to let them write."""
    looks = re.compile(r"\.departments\.\w+\(|[\"'(]departments__|prefetch_related\(\"departments\"|\bpeople=person")
    assert {name for name, text in _portal(sources) if looks.search(text)} == set(OF_DEPARTMENTS)
    any_department = re.compile(r"\{Role\.(LEADER|COORDINATOR), Role\.(LEADER|COORDINATOR)\}")
    assert {name for name, text in _portal(sources) if any_department.search(text)} == {"ledger/charge.py"}
