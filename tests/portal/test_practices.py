"""A practice seen at the other side: noted, stepped by the side that borrows it, and read on its page as a case."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_checks import post, said

from duijie.ledger.kinds import case_kind
from duijie.track.conference import ADOPTION, practices_at
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import telling
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Case, Notification, Record
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.track.selectors import practices

TODAY = timezone.localdate()


@pytest.fixture
def noted(agreement: Any, sides: Any, as_person: Any) -> Case:
    """One that the first side has just noted."""
    clause = agreement_term(agreement).clauses[0].key
    data = {"clause": clause, "title": "一窗受理", "on": TODAY.isoformat(), "note": "互访所见"}
    assert said(post(as_person(f"coordinator-{sides[0].pk}"), "note_practice", agreement, data), "portal_done_practice")
    return Case.objects.get(agreement=agreement, kind="practice", title_zh="一窗受理")


def _step(client: Client, case: Case, node: str, **more: Any) -> Any:
    data = {"node": node, "on": TODAY.isoformat(), "after": Case.objects.get(pk=case.pk).tip, **more}
    return post(client, "record_step", case.agreement, data, case=case.pk)


def _status(case: Case, person: Person) -> str:
    found = practices_at(practices(case.agreement, person), as_of=TODAY)
    return next(one.status for one in found if one.key == case.pk)


def test_a_practice_is_tried_and_left_with_a_reason(noted: Case, sides: Any, as_person: Any) -> None:
    """From noting to leaving it, by the side that borrows; the other side reads it and steps nothing."""
    agreement = noted.agreement
    here, there = (as_person(f"coordinator-{side.pk}") for side in sides)
    reader = Person.objects.get(username=f"coordinator-{sides[1].pk}")
    page = there.get(reverse("practices", args=[agreement.pk])).content.decode()
    assert reverse("case", args=[agreement.pk, noted.pk]) in page
    assert "互访所见" in here.get(reverse("case", args=[agreement.pk, noted.pk])).content.decode()
    assert said(_step(there, noted, "trial"), "case_not_your_role")
    assert said(_step(here, noted, "trial"), "portal_done_step")
    assert _status(noted, reader) == "trial"
    assert said(_step(here, noted, "under_study"), "case_not_next")
    assert said(_step(here, noted, "rejected"), "case_reason_missing")
    assert said(_step(here, noted, "rejected", reason="policy"), "portal_done_step")
    assert _status(noted, reader) == "rejected"
    assert "不采用" in there.get(reverse("practices", args=[agreement.pk])).content.decode()
    page = here.get(reverse("case", args=[agreement.pk, noted.pk])).content.decode()
    assert re.search(r'<li class="refused">\s*不采用', page), "an end off the way stands on it once it is reached"
    assert said(_step(here, noted, "adopted"), "case_not_next")
    line = Notification.objects.get(person=reader, path=reverse("case", args=[agreement.pk, noted.pk]))
    assert (line.code, line.values["node"]) == ("portal_told_step", "rejected")
    for language, words in (("zh", ("试行", "不采用")), ("en", ("On trial", "Not adopted"))):
        told = "".join(telling.lines(noted.pk, language))
        assert all(word in told for word in words)
    assert verify_agreement(agreement).holds


def test_whoever_may_not_note_one_notes_none(agreement: Any, sides: Any, as_person: Any) -> None:
    """A reader is refused, and so is a clause that the agreement does not have."""
    data = {"clause": agreement_term(agreement).clauses[0].key, "title": "一窗受理", "on": TODAY.isoformat()}
    denied = as_person(f"reader-{sides[0].pk}").post(reverse("note_practice", args=[agreement.pk]), data)
    assert denied.status_code == 403
    who = as_person(f"coordinator-{sides[0].pk}")
    assert said(post(who, "note_practice", agreement, {**data, "clause": "none"}), "portal_action_unknown")
    assert not Case.objects.filter(kind="practice", title_zh="一窗受理").exists()


def test_the_rehearsal_s_practices_are_cases_in_every_state(agreement: Any, person: Any, sides: Any) -> None:
    """What a file tells of a practice, entry by entry, becomes the steps of one case; nothing is kept beside it."""
    assert not Record.objects.filter(kind="practice").exists()
    rows = Case.objects.filter(agreement=agreement, kind="practice")
    assert {row.state for row in rows} >= {"trial", "adopted", "rejected"}
    assert all(row.reason for row in rows if row.state == "rejected")
    assert {row.side_id for row in rows} <= {side.pk for side in sides}
    last = practices_at(practices(agreement, Person.objects.get(username=f"reader-{sides[0].pk}")), as_of=date.max)
    assert {(one.key, one.status) for one in last} == {(row.pk, row.state) for row in rows}


def test_the_statuses_are_the_nodes_of_the_kind() -> None:
    """A file and the record name them alike."""
    assert tuple(case_kind("practice").nodes) == ADOPTION
