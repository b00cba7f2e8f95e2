"""The factor board and who follows it; supplements, renewals, and what they change only once both sides agreed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from portal_checks import check_page

from duijie import data
from duijie_portal.accounts.models import Activity
from duijie_portal.ledger.models import Listing, Record
from duijie_portal.track.factor_selectors import board, rows
from duijie_portal.track.selectors import standing, term_of
from duijie_portal.track.ticks import weekly_factors

pytestmark = pytest.mark.django_db


def test_the_factor_board_counts_what_one_may_see(agreement: Any, as_person: Any, sides: Any, person: Any) -> None:
    html, document = check_page("factors", agreement, as_person, sides)
    assert [one["key"] for one in document["factors"]] == ["land", "talent", "capital", "technology", "data"]
    assert "土地与厂房" in html
    reader = person(f"coordinator-{sides[0].pk}")
    today = timezone.localdate()
    shown = {(row.factor, row.side, row.role): row.n for row in rows(agreement, reader, as_of=today)}
    assert sum(one["n"]["offer"] + one["n"]["need"] for one in document["factors"]) == sum(shown.values())
    firm = person(f"firm-{sides[0].pk}")
    assert not any(one["lines"] for one in board(agreement, firm, as_of=today))


def test_a_followed_factor_is_told_weekly(agreement: Any, as_person: Any, sides: Any, person: Any) -> None:
    who = person(f"reader-{sides[0].pk}")
    browser = as_person(who.username)
    path = reverse("follow_factor", args=[agreement.pk])
    browser.post(path, {"factor": "data", "is_followed": "on"})
    browser.post(path, {"factor": "data", "is_followed": "on"})
    assert who.factor_watches.count() == 1
    one = Listing.objects.filter(agreement=agreement, kind="digital", side=sides[0]).first()
    now = timezone.now()
    one.valid_from, one.valid_until = timezone.localdate(now) - timedelta(days=2), None
    one.save()
    assert weekly_factors(now) == 1
    assert weekly_factors(now) == 0
    told = who.notifications.get(code="portal_told_factor")
    assert told.values["factor"]["zh"] == "数据"
    assert told.values["n_new"] >= 1
    assert (
        "数据:一周内新增".replace(":", "：")
        in browser.get(reverse("notifications", args=[agreement.pk])).content.decode()
    )
    browser.post(path, {"factor": "data"})
    assert weekly_factors(now + timedelta(days=8)) == 0
    assert browser.post(path, {"factor": "nothing", "is_followed": "on"}, follow=True).status_code == 200
    assert not who.factor_watches.exists()


def test_the_page_of_amendments(agreement: Any, as_person: Any, sides: Any) -> None:
    html, document = check_page("amendments", agreement, as_person, sides)
    assert document["lifecycle"]["state"] in ("in_force", "expiring")
    assert {one["state"] for one in document["amendments"]} <= {"agreed"}
    assert 'name="kind"' not in html
    leader = as_person(f"leader-{sides[0].pk}").get(reverse("amendments", args=[agreement.pk])).content.decode()
    assert 'name="kind"' in leader


def _propose(browser: Any, agreement: Any, **changes: Any) -> Any:
    given = {"kind": "renewal", "title": "续签三年", "signed_on": "2025-03-01", "effective_on": "2025-03-01"}
    return browser.post(reverse("propose_amendment", args=[agreement.pk]), {**given, **changes}, follow=True)


def test_a_renewal_holds_once_the_other_side_agreed(agreement: Any, as_person: Any, sides: Any, person: Any) -> None:
    here, there = (as_person(f"leader-{side.pk}") for side in sides)
    until = "2099-12-31"
    _propose(here, agreement, valid_until=until, paper=SimpleUploadedFile("paper.pdf", b"%PDF-1.7 x %%EOF"))
    row = Record.objects.get(agreement=agreement, kind="amendment", title_zh="续签三年")
    reader, today = person(f"reader-{sides[0].pk}"), timezone.localdate()
    assert standing(agreement, reader, as_of=today).lifecycle.valid_until != until
    assert person(f"coordinator-{sides[1].pk}").notifications.filter(code="portal_told_amendment").exists()
    answer = {"amendment": row.pk}
    path = reverse("answer_amendment", args=[agreement.pk])
    own = here.post(path, answer, follow=True)
    row.refresh_from_db()
    assert row.state == "proposed"
    assert own.status_code == 200
    there.post(path, answer)
    row.refresh_from_db()
    assert row.state == "agreed"
    assert standing(agreement, reader, as_of=today).lifecycle.valid_until == until
    assert standing(agreement, reader, as_of=date(2025, 2, 28)).lifecycle.valid_until != until
    assert agreement.entries.get(commit=Record.objects.get(pk=row.pk).revision).side == sides[1].pk
    there.post(path, answer)
    here.post(path, {**answer, "is_withdrawn": "on"})
    row.refresh_from_db()
    assert row.state == "agreed"


def test_a_proposal_can_be_taken_back_by_its_side_only(agreement: Any, as_person: Any, sides: Any) -> None:
    here, there = (as_person(f"leader-{side.pk}") for side in sides)
    _propose(here, agreement, valid_until="2099-12-31")
    row = Record.objects.get(agreement=agreement, title_zh="续签三年")
    path = reverse("answer_amendment", args=[agreement.pk])
    there.post(path, {"amendment": row.pk, "is_withdrawn": "on"})
    row.refresh_from_db()
    assert row.state == "proposed"
    here.post(path, {"amendment": row.pk, "is_withdrawn": "on"})
    row.refresh_from_db()
    assert row.state == "withdrawn"
    there.post(path, {"amendment": row.pk})
    row.refresh_from_db()
    assert row.state == "withdrawn"


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": ""},
        {"effective_on": "2025-02-01", "valid_until": "2099-12-31"},
        {"valid_until": "2025-02-01"},
        {"kind": "gift"},
    ],
)
def test_a_paper_that_cannot_be_is_refused(agreement: Any, as_person: Any, sides: Any, changes: Any) -> None:
    _propose(as_person(f"leader-{sides[0].pk}"), agreement, **changes)
    assert not Record.objects.filter(agreement=agreement, title_zh="续签三年").exists()


def test_only_leaders_amend(agreement: Any, as_person: Any, sides: Any) -> None:
    for role in ("coordinator", "officer", "firm", "reader"):
        answer = _propose(as_person(f"{role}-{sides[0].pk}"), agreement, valid_until="2099-12-31")
        assert answer.status_code == 403
    assert not Record.objects.filter(agreement=agreement, title_zh="续签三年").exists()
    assert Activity.objects.filter(act="agreement.amend", is_refused=True).count() == 4
    assert as_person(f"leader-{sides[0].pk}").get(reverse("propose_amendment", args=[agreement.pk])).status_code == 405


def test_a_supplement_brings_a_clause(agreement: Any, as_person: Any, sides: Any, person: Any) -> None:
    reader = person(f"reader-{sides[0].pk}")
    before = term_of(agreement, reader)
    document = _some_clause(number=len(before.clauses) + 1, key="added")
    here, there = (as_person(f"leader-{side.pk}") for side in sides)
    _propose(here, agreement, kind="supplement", clause_file=_file(document))
    row = Record.objects.get(agreement=agreement, title_zh="续签三年")
    assert len(term_of(agreement, reader).clauses) == len(before.clauses)
    there.post(reverse("answer_amendment", args=[agreement.pk]), {"amendment": row.pk})
    assert term_of(agreement, reader).clauses[-1].key == "added"
    page = as_person(reader.username).get(reverse("clause", args=[agreement.pk, "added"]))
    assert page.status_code == 200


def test_a_faulty_clause_file_brings_nothing(agreement: Any, as_person: Any, sides: Any) -> None:
    document = {**_some_clause(number=99, key="added"), "area": "nowhere"}
    answer = _propose(as_person(f"leader-{sides[0].pk}"), agreement, kind="supplement", clause_file=_file(document))
    assert not Record.objects.filter(agreement=agreement, title_zh="续签三年").exists()
    assert "编号应为" in answer.content.decode()


def _file(document: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{document['key']}.yaml", yaml.safe_dump(document, allow_unicode=True).encode())


def _some_clause(*, number: int, key: str) -> dict[str, Any]:
    path = sorted((data.root() / "agreements").glob("*/clauses/*.yaml"))[0]
    return {**yaml.safe_load(path.read_text(encoding="utf-8")), "number": number, "key": key}
