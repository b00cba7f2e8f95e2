"""Every page of an agreement, opened by those who may and those who may not."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import planted
import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from portal_checks import check_page

from duijie.data.words import words
from duijie.meet.calendars import uid
from duijie_portal.accounts.hosting import is_hosted


def test_home_shows_every_clause_what_is_due_and_what_waits(agreement: Any, as_person: Any, sides: Any) -> None:
    html, document = check_page("home", agreement, as_person, sides)
    clauses = [clause for area in document["areas"] for clause in area["clauses"]]
    assert [clause["number"] for clause in clauses] == sorted(clause["number"] for clause in clauses)
    assert sum(document["lights"].values()) == len(clauses)
    assert all(clause["title"]["zh"] in html for clause in clauses)
    assert document["counts"]["signed"] >= document["counts"]["delivered"] > 0


def test_diagnose_shows_chain_quotients_and_words(agreement: Any, as_person: Any, sides: Any) -> None:
    html, document = check_page("diagnose", agreement, as_person, sides)
    assert document["chosen"] == document["chains"][0]["key"]
    assert 'data-chain="' in html
    for code, rows in document["shown"]["specialization"].items():
        assert all(row["region"] == code and row["is_significant"] for row in rows)


def test_an_unknown_chain_falls_back_to_the_first(agreement: Any, coordinator: Client) -> None:
    page = coordinator.get(reverse("diagnose_json", args=[agreement.pk]), {"chain": "<script>"}).json()
    assert page["chosen"] == page["chains"][0]["key"]


def test_match_lists_reasons_for_and_against(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("match", agreement, as_person, sides)
    assert document["matches"]
    for row in document["matches"]:
        assert {reason["code"] for reason in (*row["speaking"], *row["quiet"])} == {
            one["code"] for one in row["reasons"]
        }


def test_listings_are_filtered_by_side(agreement: Any, as_person: Any, sides: Any, coordinator: Client) -> None:
    check_page("listings", agreement, as_person, sides)
    rows = coordinator.get(reverse("listings_json", args=[agreement.pk]), {"side": sides[1].pk}).json()["listings"]
    assert {row["side"] for row in rows} <= {sides[1].pk}


def test_cases_are_filtered_by_state(agreement: Any, as_person: Any, sides: Any, coordinator: Client) -> None:
    check_page("cases", agreement, as_person, sides)
    rows = coordinator.get(reverse("cases_json", args=[agreement.pk]), {"state": "signed"}).json()["cases"]
    assert rows
    assert {row["state"] for row in rows} == {"signed"}


def test_a_case_shows_its_chain_and_seals(agreement: Any, as_person: Any, sides: Any) -> None:
    from duijie_portal.ledger.models import Case

    case = Case.objects.filter(agreement=agreement, state="delivered").first()
    _, document = check_page("case", agreement, as_person, sides, case=case.pk)
    assert [step["kind"] for step in document["case"]["steps"]][-1] == "delivered"
    assert all(re.fullmatch("[0-9a-f]{64}", step["digest"]) for step in document["case"]["steps"])


def test_meet_has_a_grid_without_clashes(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("meet", agreement, as_person, sides)
    for row in document["grid"]:
        assert len(row["cells"]) == len(document["slots"])
    seats = [(one["slot"], one["table"]) for one in document["meetings"]]
    assert len(set(seats)) == len(seats)


def test_the_calendar_file_has_every_meeting(agreement: Any, coordinator: Client, as_person: Any) -> None:
    from icalendar import Calendar

    path = reverse("calendar", args=[agreement.pk])
    book = Calendar.from_ical(b"".join(coordinator.get(path).streaming_content))
    document = coordinator.get(reverse("meet_json", args=[agreement.pk])).json()
    events = {str(one["uid"]): one for one in book.walk("VEVENT")}
    assert set(events) == {uid(agreement.pk, f"proposal/{one['id']}") for one in document["meetings"]}
    for one in events.values():
        # computed, and nobody was asked: no hour is a fact yet
        assert str(one["status"]) == "TENTATIVE"
        assert one["dtstart"].params["TZID"] == "Asia/Shanghai"
        assert one["dtstamp"].dt.utcoffset() == timedelta(0)
        assert timezone.now() - one["dtstamp"].dt < timedelta(minutes=5)
    assert Client().get(path).status_code == 302
    assert as_person("stranger").get(path).status_code == 404


def test_the_board_of_tracking(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("track", agreement, as_person, sides)
    assert {light for one in document["clauses"] for light in [one["light"]]} <= {"green", "amber", "red", "grey"}


def test_as_at_an_earlier_day_less_was_done(agreement: Any, coordinator: Client) -> None:
    def n_cases(day: str) -> int:
        page = coordinator.get(reverse("track_json", args=[agreement.pk]), {"as_of": day}).json()
        return sum(clause["n_cases"] for clause in page["clauses"])

    assert n_cases("2023-02-08") <= n_cases("2024-02-08") <= n_cases("2025-06-30")
    assert n_cases("2023-02-08") < n_cases("2025-06-30")


def test_a_clause(agreement: Any, as_person: Any, sides: Any, coordinator: Client) -> None:
    board = coordinator.get(reverse("track_json", args=[agreement.pk])).json()
    key = board["clauses"][0]["key"]
    html, document = check_page("clause", agreement, as_person, sides, clause=key)
    assert document["clause"]["is_text_published"] is False
    assert words("zh")["portal_not_published"] in html
    assert coordinator.get(reverse("clause", args=[agreement.pk, "none-such"])).status_code == 404


def test_tickets_and_pairs(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("tickets", agreement, as_person, sides)
    assert {len(pair["counts"]) for pair in document["pairs"]} == {12}
    assert document["tickets"]


def test_conference(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("conference", agreement, as_person, sides)
    assert document["next_host"] in {side.pk for side in sides}
    assert document["decisions"]


def test_practices(agreement: Any, as_person: Any, sides: Any) -> None:
    check_page("practices", agreement, as_person, sides)


def test_changes_of_a_quarter(agreement: Any, as_person: Any, sides: Any, coordinator: Client) -> None:
    check_page("changes", agreement, as_person, sides)
    path = reverse("changes_json", args=[agreement.pk])
    assert coordinator.get(path, {"quarter": "2024-Q3"}).json()["changes"]
    assert coordinator.get(path, {"quarter": "soon"}).status_code == 400


def test_share_shows_each_chain_with_its_head(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("share", agreement, as_person, sides)
    assert {chain["side"] for chain in document["chains"]} == {side.pk for side in sides}
    theirs = [one for one in document["events"] if one["side"] != sides[0].pk]
    assert all(one["subject"] == "" for one in theirs)


def test_the_verdict_on_the_log(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("verdict", agreement, as_person, sides)
    assert document["holds"] is True
    assert document["n_entries"] == agreement.entries.count()


def test_search_finds_across_kinds(agreement: Any, as_person: Any, sides: Any, coordinator: Client) -> None:
    from duijie_portal.ledger.models import Party

    check_page("search", agreement, as_person, sides)
    name = Party.objects.filter(agreement=agreement).first().name
    found = coordinator.get(reverse("search_json", args=[agreement.pk]), {"q": name}).json()["found"]
    assert name in [row["name"] for row in found["parties"]]
    html = coordinator.get(reverse("search", args=[agreement.pk]), {"q": "<b>x"}).content.decode()
    assert "&lt;b&gt;x" in html
    assert "<b>x" not in html


def test_notifications(agreement: Any, as_person: Any, sides: Any) -> None:
    check_page("notifications", agreement, as_person, sides)


def test_activity_is_for_the_audit_administrator(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("activity", agreement, as_person, sides, role="audit")
    assert as_person(f"leader-{sides[0].pk}").get(reverse("activity", args=[agreement.pk])).status_code == 403
    assert "activity" in document


def test_the_chooser_shows_titles_to_anyone_and_nothing_more(agreement: Any, as_person: Any, sides: Any) -> None:
    answer = Client().get(reverse("chooser_json")).json()["agreements"]
    assert [one["is_rehearsal"] for one in answer] == sorted(one["is_rehearsal"] for one in answer)
    assert not any(one["is_open"] for one in answer)
    own = as_person(f"reader-{sides[0].pk}").get(reverse("chooser_json")).json()["agreements"]
    assert [one["key"] for one in own if one["is_open"]] == [agreement.pk]
    assert Client().post(reverse("chooser")).status_code == 405


def test_every_page_has_its_twin_and_stands_in_the_reference(db: None) -> None:
    folder = Path(__file__).parents[2] / "docs" / "reference"
    page = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.md"))
    names = {pattern.name for pattern in _patterns(get_resolver()) if "duijie_portal" in pattern.lookup_str}
    missing = {name for name in names if name and f"`{name}`" not in page and not name.endswith("_json")}
    assert not missing


def _patterns(resolver: URLResolver) -> list[Any]:
    found: list[Any] = []
    for one in resolver.url_patterns:
        found += _patterns(one) if isinstance(one, URLResolver) else [one]
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_word_of_templates_and_code_is_known(language: str) -> None:
    source = Path(__file__).parents[2] / "src" / "duijie_portal"
    named: set[str] = set()
    for path in [*source.rglob("*.html"), *source.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"""['"](portal_[a-z_]*[a-z])['"]""", text))
        prefixes = set(re.findall(r"""said:"(portal_[a-z_]+_)\"""", text))
        assert all(any(code.startswith(prefix) for code in words(language)) for prefix in prefixes), path
    assert not named - set(words(language))


def test_pages_of_fifty_rows_ask_the_database_a_constant_number_of_times(
    agreement: Any, coordinator: Client, django_assert_max_num_queries: Any
) -> None:
    coordinator.get(reverse("cases", args=[agreement.pk]))  # when a session was last seen is asked once a minute
    for name, most in (("cases", 18), ("listings", 17), ("share", 26), ("home", 50), ("track", 26)):
        with django_assert_max_num_queries(most):
            coordinator.get(reverse(name, args=[agreement.pk]))


def test_people_are_for_the_security_administrator(agreement: Any, as_person: Any, sides: Any) -> None:
    _, document = check_page("people", agreement, as_person, sides, role="security")
    assert {one["username"].rsplit("-", 1)[-1] for one in document["people"]} == {sides[0].pk}
    assert as_person(f"leader-{sides[0].pk}").get(reverse("people", args=[agreement.pk])).status_code == 403


def test_outgoing_shows_own_rows_only(agreement: Any, as_person: Any, sides: Any, person: Any) -> None:
    rows = [
        planted.listing(planted.party(agreement, side, f"p-{side.pk}"), f"l-{side.pk}")
        for side in sides
        if is_hosted(side.pk)  # a portal of one side can put nothing on record for the other
    ]
    _, document = check_page("outgoing", agreement, as_person, sides)
    shown = {row["id"] for group in document["held"] for row in group["rows"]}
    assert rows[0].pk in shown
    assert not shown & {there.pk for there in rows[1:]}
