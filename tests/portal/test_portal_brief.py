"""The leader's page: one's desk, what is late, what turned; as a page, a document and a Word file."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import docx
import pytest
from django.urls import reverse
from portal_checks import check_page

from duijie_portal.frame.brief_selectors import brief
from duijie_portal.ledger.models import Listing, Party

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
    leader = person(f"leader-{sides[0].pk}")
    before = {one["what"]: one["n"] for one in brief(agreement, leader, as_of=AS_OF)["desk"]}
    Party.objects.create(agreement=agreement, side=sides[0], id="waits", kind="firm", name="甲一号")
    Party.objects.create(agreement=agreement, side=sides[1], id="theirs", kind="firm", name="乙一号")
    after = {one["what"]: one["n"] for one in brief(agreement, leader, as_of=AS_OF)["desk"]}
    assert after.get("to_clear", 0) == before.get("to_clear", 0) + 1
    assert Listing.objects.filter(agreement=agreement).exists()


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
