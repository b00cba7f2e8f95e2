"""The whole line on the built-in agreements: real facts, real solver, real files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from icalendar import Calendar

from duijie import agenda, data

AS_OF = date(2026, 11, 23)
BUILT_IN = sorted(path.parent.name for path in (data.root() / "agreements").glob("*/agreement.yaml"))


def test_four_documents_say_whose_they_are(done: tuple[agenda.Agenda, Path]) -> None:
    found, home = done
    for word in ("diagnose", "match", "meet", "track"):
        document = json.loads((home / "results" / f"{word}.json").read_text(encoding="utf-8"))
        assert document == found.results[word]
        assert document["agreement"] == found.key
        assert document["provenance"]["version"]
        assert bool(document["banner"]["zh"]) == document["is_rehearsal"]


def test_every_clause_stands_somewhere(done: tuple[agenda.Agenda, Path]) -> None:
    clauses = done[0].results["track"]["clauses"]
    assert [clause["number"] for clause in clauses] == list(range(1, len(clauses) + 1))
    assert all(clause["lead"] for clause in clauses)
    assert {clause["light"] for clause in clauses} <= {"green", "amber", "red", "grey"}


def test_a_real_agreement_invents_nothing(done: tuple[agenda.Agenda, Path]) -> None:
    track = done[0].results["track"]
    if track["is_rehearsal"]:
        assert {clause["light"] for clause in track["clauses"]} != {"grey"}
        assert sum(clause["n_cases"] for clause in track["clauses"]) > 0
    else:
        assert {clause["light"] for clause in track["clauses"]} == {"grey"}
        assert not any(clause["is_text_published"] or clause["n_cases"] for clause in track["clauses"])


def test_matches_cross_the_border_and_reasons_sum_to_the_score(done: tuple[agenda.Agenda, Path]) -> None:
    document = done[0].results["match"]
    pairs = [one for kind in document["kinds"] for one in kind["matches"]]
    assert pairs
    for one in pairs:
        need, offer = document["listings"][one["need"]], document["listings"][one["offer"]]
        assert need["region"] != offer["region"]
        assert sum(reason["weight"] for reason in one["reasons"]) == pytest.approx(one["score"], abs=1e-6)


def test_nobody_sits_at_two_tables(done: tuple[agenda.Agenda, Path]) -> None:
    met = done[0].results["meet"]
    assert met["n_placed"] == len(met["meetings"])
    seats = [(one["slot"], one["table"]) for one in met["meetings"]]
    people = [(one["slot"], person) for one in met["meetings"] for person in one["people"]]
    assert len(set(seats)) == len(seats)
    assert len(set(people)) == len(people)


def test_the_calendar_opens(done: tuple[agenda.Agenda, Path]) -> None:
    found, home = done
    events = Calendar.from_ical((home / "calendar.ics").read_bytes()).walk("VEVENT")
    assert len(events) == found.results["meet"]["n_placed"]


def test_the_same_day_and_seed_give_the_same_documents(tmp_path: Path) -> None:
    folder = data.root() / "agreements" / BUILT_IN[0]
    first, second = (agenda.run(folder, tmp_path / name, as_of=AS_OF, with_report=False) for name in "ab")
    for word in ("diagnose", "match", "track"):
        assert first.results[word] == second.results[word]
