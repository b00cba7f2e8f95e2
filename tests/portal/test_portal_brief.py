"""The leader's page: one's desk, what is late, what turned; as a page, a document and a Word file."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import docx
import planted
import pytest
from django.urls import reverse
from portal_checks import check_page

from duijie_portal.frame.brief_selectors import brief
from duijie_portal.ledger import listings
from duijie_portal.ledger.models import Record

pytestmark = pytest.mark.django_db
AS_OF = date(2025, 6, 30)


def test_the_brief_opens_for_all_who_may_read(agreement: Any, as_person: Any, sides: Any) -> None:
    html, document = check_page("brief", agreement, as_person, sides, role="leader")
    assert document["n_clauses"] == sum(document["lights"].values())
    assert [one["light"] for one in document["attention"]] == sorted(
        (one["light"] for one in document["attention"]), key=["red", "amber"].index
    )
    assert "领导速览" in html


def test_the_desk_holds_what_waits_for_ones_own_side(agreement: Any, sides: Any, person: Any) -> None:
    def desk(role: str) -> dict[str, int]:
        who = person(f"{role}-{sides[0].pk}")
        return {one["what"]: one["n"] for one in brief(agreement, who, as_of=AS_OF)["desk"]}

    before = desk("coordinator").get("to_clear", 0)
    planted.party(agreement, sides[0], "waits")
    checked = planted.party(agreement, sides[0], "checked")
    listings.clear(person(f"coordinator-{sides[0].pk}"), agreement, rows=[checked])
    planted.party(agreement, sides[1], "theirs")
    Record.objects.create(agreement=agreement, side=sides[0], kind="import", title_zh="表")
    assert desk("coordinator")["to_clear"] == before + 1, "neither the other side's rows nor the sent table itself"
    assert desk("leader")["to_release"] == 1
    assert "to_clear" not in desk("leader"), "the secrecy check is the coordinator's"
    assert "to_release" not in desk("coordinator"), "the release is the leader's"
    assert desk("reader") == {}


def test_late_things_come_with_their_working_days(agreement: Any, sides: Any, person: Any) -> None:
    found = brief(agreement, person(f"leader-{sides[0].pk}"), as_of=AS_OF)
    assert all(one["is_overdue"] and one["n_days"] >= 0 for one in found["overdue"])


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "领导速览"), ("en", "Leader's brief")])
def test_the_word_file_says_what_the_page_says(
    agreement: Any, as_person: Any, sides: Any, language: str, word: str
) -> None:
    path = reverse("brief_file", args=[agreement.pk])
    answer = as_person(f"leader-{sides[0].pk}", language).get(path, {"as_of": AS_OF.isoformat()})
    assert answer.status_code == 200
    text = "\n".join(one.text for one in docx.Document(io.BytesIO(b"".join(answer.streaming_content))).paragraphs)
    assert word in text
    assert agreement.banner["en" if language == "en" else "zh"] in text
    assert "portal_" not in text
    assert as_person("stranger").get(path).status_code == 404
    assert as_person(f"system-{sides[0].pk}").get(path).status_code == 403
    assert as_person(f"leader-{sides[0].pk}").post(path).status_code == 405


def test_a_leader_lands_on_the_brief(agreement: Any, as_person: Any, sides: Any) -> None:
    html = as_person(f"leader-{sides[0].pk}").get(reverse("chooser")).content.decode()
    assert reverse("brief", args=[agreement.pk]) in html
