"""Every write of a page: done by who may, refused to other departments, other governments and other methods."""

from __future__ import annotations

import hashlib
from typing import Any

import planted
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_checks import check_act, post, said

from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Case, Record, action_key
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.track import services
from duijie_portal.track.selectors import term_of

TODAY = timezone.localdate().isoformat()


@pytest.fixture
def clause(agreement: Any) -> Any:
    """A clause with an action whose template closes with evidence and the other side's word."""
    return next(
        one for one in agreement_term(agreement).clauses if any(a.template == "policy-item" for a in one.actions)
    )


@pytest.fixture
def fresh(agreement: Any, sides: Any, clause: Any, person: Any) -> Any:
    """An action nobody has begun: the task of a decision taken today."""
    who = person(f"coordinator-{sides[0].pk}")
    today = timezone.localdate()
    about = {"title": "新议定事项", "title_en": "", "departments": [], "conference": "", "clause": clause.key}
    row = services.record_decision(who, agreement, due_on=today, on=today, **about)
    return next(
        one
        for found in term_of(agreement, who).clauses
        if found.key == clause.key
        for one in found.actions
        if one.key == row.pk
    )


@pytest.mark.parametrize(
    "name",
    [
        "open_ticket",
        "hold_conference",
        "keep_minutes",
        "record_decision",
        "note_practice",
        "read_all",
    ],
)
def test_writes_answer_to_post_from_the_agreement_only(agreement: Any, as_person: Any, name: str) -> None:
    check_act(name, agreement, as_person)


@pytest.mark.parametrize("name", ["move", "countersign"])
def test_moves_answer_to_post_from_the_agreement_only(agreement: Any, as_person: Any, clause: Any, name: str) -> None:
    check_act(name, agreement, as_person, clause=clause.key)


@pytest.mark.parametrize("name", ["record_step", "confirm_step"])
def test_steps_answer_to_post_from_the_agreement_only(agreement: Any, as_person: Any, name: str) -> None:
    check_act(name, agreement, as_person, case=Case.objects.filter(agreement=agreement).first().pk)


def test_an_action_is_carried_to_its_end_with_proof_and_the_other_sides_word(
    agreement: Any, sides: Any, clause: Any, fresh: Any, as_person: Any
) -> None:
    here, there = (as_person(f"coordinator-{side.pk}") for side in sides)

    def go(kind: str, **more: Any) -> Any:
        return post(
            here, "move", agreement, {"action": fresh.key, "kind": kind, "on": TODAY, **more}, clause=clause.key
        )

    def paper(kind: str) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("报告.pdf", b"%PDF-1.7 report %%EOF"), "evidence_kind": kind}

    assert said(go("decided"), "case_evidence_missing")
    assert said(go("decided", **paper("minutes")), "portal_done_move")
    for kind in ("assigned", "received", "handling"):
        assert said(go(kind), "portal_done_move"), kind
    assert said(go("struck"), "case_not_next")
    assert said(go("reported"), "case_evidence_missing")
    assert said(go("reported", **paper("report")), "portal_done_move")
    assert said(go("reviewed"), "portal_done_move")
    assert said(go("struck"), "portal_done_move")
    assert Record.objects.get(pk=fresh.key).done_on is None, "it waits for the other side's word"
    word = {"action": fresh.key, "node": "struck", "on": TODAY}
    assert said(post(here, "countersign", agreement, word, clause=clause.key), "case_not_yours_to_confirm")
    assert said(post(there, "countersign", agreement, word, clause=clause.key), "portal_done_countersign")
    row = Record.objects.get(pk=fresh.key)
    assert (row.state, str(row.done_on)) == ("done", TODAY)
    assert said(go("struck"), "case_not_next")
    page = here.get(reverse("case", args=[agreement.pk, action_key(agreement, clause.key, fresh.key)]))
    assert "销号" in page.content.decode()
    assert verify_agreement(agreement).holds


def test_a_refused_move_leaves_no_evidence_behind(
    agreement: Any, sides: Any, clause: Any, fresh: Any, as_person: Any
) -> None:
    n_events = agreement.entries.count()
    pdf = SimpleUploadedFile("a.pdf", b"%PDF-1.7 never kept %%EOF")
    data = {"action": fresh.key, "kind": "struck", "on": TODAY, "file": pdf, "evidence_kind": "report"}
    answer = post(as_person(f"coordinator-{sides[0].pk}"), "move", agreement, data, clause=clause.key)
    assert said(answer, "case_not_opened")
    assert agreement.entries.count() == n_events


def test_an_officer_of_an_uninvolved_department_moves_nothing(
    agreement: Any, sides: Any, clause: Any, fresh: Any, officer_of: Any, as_person: Any
) -> None:
    named = {*clause.lead.get(sides[0].pk, ()), *clause.support.get(sides[0].pk, ())}
    outside = Department.objects.filter(agreement=agreement.pk, side=sides[0]).exclude(key__in=named).first()

    def sent() -> dict[str, Any]:
        minutes = SimpleUploadedFile("a.pdf", b"%PDF-1.7 minutes %%EOF")
        return {"action": fresh.key, "kind": "decided", "on": TODAY, "file": minutes, "evidence_kind": "minutes"}

    wrong = as_person(officer_of(sides[0], outside.key).username)
    assert said(post(wrong, "move", agreement, sent(), clause=clause.key), "portal_other_department")
    right = as_person(officer_of(sides[0], *named).username)
    assert said(post(right, "move", agreement, sent(), clause=clause.key), "portal_done_move")


def test_a_day_in_the_future_is_refused(agreement: Any, sides: Any, clause: Any, fresh: Any, as_person: Any) -> None:
    data = {"action": fresh.key, "kind": "decided", "on": "2999-01-01"}
    answer = post(as_person(f"coordinator-{sides[0].pk}"), "move", agreement, data, clause=clause.key)
    assert not said(answer, "portal_done_move")
    assert "2999-01-01" in answer.content.decode()


def test_a_session_a_decision_and_its_end(agreement: Any, sides: Any, clause: Any, as_person: Any) -> None:
    here, there = (as_person(f"coordinator-{side.pk}") for side in sides)
    session = {"title": "第 N 次联席会议", "on": TODAY, "agenda": "议题一\n\n议题二"}
    assert said(post(here, "hold_conference", agreement, session), "portal_done_conference")
    held = Record.objects.get(agreement=agreement, kind="conference", title_zh="第 N 次联席会议")
    paper = {"conference": held.pk, "file": SimpleUploadedFile("m.pdf", b"%PDF-1.7 minutes %%EOF")}
    assert said(post(there, "keep_minutes", agreement, paper), "portal_other_side_owns")
    paper["file"] = SimpleUploadedFile("m.pdf", b"%PDF-1.7 minutes %%EOF")
    assert said(post(here, "keep_minutes", agreement, paper), "portal_done_minutes")
    held.refresh_from_db()
    assert held.payload["minutes_sha256"] == hashlib.sha256(b"%PDF-1.7 minutes %%EOF").hexdigest()
    office = Department.objects.filter(agreement=agreement.pk).first()
    data = {"clause": clause.key, "title": "议定一事", "due_on": TODAY, "on": TODAY, "departments": [office.key]}
    assert said(post(here, "record_decision", agreement, data), "portal_done_decision")
    assert said(
        post(here, "record_decision", agreement, {**data, "departments": ["none"]}), "portal_department_unknown"
    )
    row = Record.objects.get(agreement=agreement, kind="decision", title_zh="议定一事")
    _carry_out(agreement, clause, row, here, there)
    row.refresh_from_db()
    assert (row.state, row.done_on.isoformat()) == ("done", TODAY)
    assert row.payload["done_on"] == TODAY


def _carry_out(agreement: Any, clause: Any, row: Any, here: Any, there: Any) -> None:
    """The decision's task on its clause page: node by node, with the minutes, a report, and the other side's word."""
    for kind, proof in (
        ("decided", "minutes"),
        ("assigned", ""),
        ("received", ""),
        ("handling", ""),
        ("reported", "report"),
        ("reviewed", ""),
    ):
        file = SimpleUploadedFile("x.pdf", b"%PDF-1.7 " + kind.encode() + b" %%EOF") if proof else ""
        data = {"action": row.pk, "kind": kind, "on": TODAY, "evidence_kind": proof, "file": file}
        assert said(post(here, "move", agreement, data, clause=clause.key), "portal_done_move"), kind
    end = {"action": row.pk, "kind": "struck", "on": TODAY}
    assert said(post(here, "move", agreement, end, clause=clause.key), "portal_done_move")
    row.refresh_from_db()
    assert row.done_on is None, "it waits for the other side's word"
    word = {"action": row.pk, "node": "struck", "on": TODAY}
    assert said(post(there, "countersign", agreement, word, clause=clause.key), "portal_done_countersign")


def test_a_case_takes_its_next_step_and_the_other_side_confirms(agreement: Any, sides: Any, as_person: Any) -> None:
    case = Case.objects.filter(agreement=agreement, state="intent").first()
    here, there = (
        as_person(f"coordinator-{code}")
        for code in sorted({side.pk for side in sides}, key=lambda c: c != case.side_id)
    )
    paper = SimpleUploadedFile("合同.pdf", b"%PDF-1.7 contract %%EOF")
    data = {"node": "signed", "on": TODAY, "amount": "120万元", "unit": "cny", "evidence": "contract"}
    assert said(post(here, "record_step", agreement, data, case=case.pk), "case_evidence_missing")
    assert said(post(here, "record_step", agreement, {**data, "file": paper}, case=case.pk), "portal_done_step")
    step = case.steps.get(kind="signed")
    assert (step.amount, step.n_evidence, step.counts) == (1_200_000, 1, False)
    answer = post(here, "confirm_step", agreement, {"target": step.pk}, case=case.pk)
    assert said(answer, "case_not_yours_to_confirm")
    assert said(post(there, "confirm_step", agreement, {"target": step.pk}, case=case.pk), "portal_done_confirmed")
    step.refresh_from_db()
    assert step.is_confirmed
    assert step.counts


def test_wrong_fields_are_told_and_change_nothing(agreement: Any, sides: Any, as_person: Any) -> None:
    case = Case.objects.filter(agreement=agreement, state="intent").first()
    n_events = agreement.entries.count()
    client = as_person(f"coordinator-{case.side_id}")
    answer = post(client, "record_step", agreement, {"node": "signed", "on": "yesterday"}, case=case.pk)
    assert 'class="message error"' in answer.content.decode()
    assert agreement.entries.count() == n_events


def test_a_post_without_its_token_is_refused(agreement: Any, sides: Any, person: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(f"coordinator-{sides[0].pk}"), "django.contrib.auth.backends.ModelBackend")
    assert client.post(reverse("read_all", args=[agreement.pk])).status_code == 403


def test_signing_in_locks_out_after_five_wrong_passwords(agreement: Any, sides: Any) -> None:
    client, path = Client(), reverse("account_login")
    name = f"reader-{sides[0].pk}"
    for _ in range(5):
        client.post(path, {"login": name, "password": "wrong"})
    answer = client.post(path, {"login": name, "password": "correct horse battery"})
    assert answer.status_code == 429
    other = f"auditor-{sides[0].pk}"
    assert client.post(path, {"login": other, "password": "correct horse battery"}).status_code == 302


def test_nobody_signs_up_alone(db: None) -> None:
    n_people = Person.objects.count()
    data = {"username": "me", "password1": "correct horse battery", "password2": "correct horse battery"}
    Client().post(reverse("account_signup"), data)
    assert Person.objects.count() == n_people


def test_the_log_is_handed_to_auditors_and_verifies_without_the_portal(
    agreement: Any, sides: Any, as_person: Any
) -> None:
    import json

    from duijie.ledger.lines import entries_of, verify_entries

    auditor = as_person(f"auditor-{sides[0].pk}")
    log = b"".join(auditor.get(reverse("log_file", args=[agreement.pk])).streaming_content)
    keys = json.loads(b"".join(auditor.get(reverse("keys_file", args=[agreement.pk])).streaming_content))
    verdict = verify_entries(entries_of(log.decode().splitlines()), keys)
    assert verdict.holds, verdict.faults[:3]
    assert verdict.n_entries == agreement.entries.filter(is_inner=False).count()
    officer = as_person(f"officer-{sides[0].pk}")
    assert officer.get(reverse("log_file", args=[agreement.pk])).status_code == 403


def test_health_tells_nothing_but_health(db: None) -> None:
    assert Client().get(reverse("health")).json() == {"is_healthy": True}


@pytest.mark.parametrize("name", ["invite", "switch", "clear", "release"])
def test_inner_writes_answer_to_post_from_the_agreement_only(agreement: Any, as_person: Any, name: str) -> None:
    check_act(name, agreement, as_person)


def test_an_account_is_opened_used_and_closed(agreement: Any, sides: Any, as_person: Any) -> None:
    import re

    security = as_person(f"security-{sides[0].pk}")
    office = Department.objects.filter(agreement=agreement.pk, side=sides[0]).first()
    data = {"username": "zhang-san", "role": "officer", "name_zh": "张三", "department": office.key}
    answer = post(security, "invite", agreement, data)
    assert said(answer, "portal_done_invite")
    password = re.search(r"zhang-san 的初始密码[^<]*[:：](\S{17})", answer.content.decode())
    assert password
    client = Client()
    assert client.login(request=answer.wsgi_request, username="zhang-san", password=password[1])
    made = Person.objects.get(username="zhang-san")
    assert (made.side, [one.key for one in made.departments.all()]) == (sides[0], [office.key])
    assert "“zhang-san”已被使用" in post(security, "invite", agreement, data).content.decode()
    assert Person.objects.filter(username="zhang-san").count() == 1
    assert said(post(security, "switch", agreement, {"username": "zhang-san"}), "portal_done_switch")
    assert not client.login(request=answer.wsgi_request, username="zhang-san", password=password[1])
    other = post(security, "switch", agreement, {"username": f"officer-{sides[1].pk}"})
    assert other.status_code == 404
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    assert post(coordinator, "invite", agreement, {**data, "username": "x"}).status_code == 403


def test_a_row_leaves_its_side_by_secrecy_check_and_release(
    agreement: Any, sides: Any, as_person: Any, person: Any
) -> None:
    made = planted.listing(planted.party(agreement, sides[0], "p-held"), "l-held")
    coordinator, leader = (as_person(f"{role}-{sides[0].pk}") for role in ("coordinator", "leader"))
    there, data = as_person(f"reader-{sides[1].pk}"), {"type": "listing", "id": made.pk, "visibility": "both"}
    path = reverse("listing", args=[agreement.pk, made.pk])
    assert said(post(leader, "release", agreement, data), "portal_not_cleared")
    assert said(post(coordinator, "clear", agreement, data), "portal_done_clear")
    assert post(coordinator, "release", agreement, data).status_code == 403
    assert there.get(path).status_code == 404
    assert said(post(leader, "release", agreement, data), "portal_done_release_matched")
    assert there.get(path).status_code == 200
    assert verify_agreement(agreement).holds
