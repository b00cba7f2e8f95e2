"""A ticket from the asking department to the other side's and back: whose turn it is, what it says, how it counts."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_checks import check_page, post, said

from duijie.ledger.verify import Verdict
from duijie.terms.working_days import add_working_days
from duijie.track.docking import Ticket, ticket_acts
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger import telling
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.inbox import waiting_for
from duijie_portal.ledger.models import Case, Notification, Record, Step
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.track.selectors import standing, tickets_of

TODAY = timezone.localdate()
PDF = b"%PDF-1.4\n" + b"%" * 200 + b"\n%%EOF\n"


class Ends(NamedTuple):
    """The two departments of a ticket, each with one of its officers."""

    own: Department
    other: Department
    asking: Person
    asked: Person


@pytest.fixture
def ends(agreement: Any, sides: Any, officer_of: Any) -> Ends:
    own, other = (Department.objects.filter(agreement=agreement.pk, side=side).first() for side in sides)
    return Ends(own, other, officer_of(sides[0], own.key), officer_of(sides[1], other.key))


def _asked(ends: Ends, clause: str) -> dict[str, Any]:
    departments = {"from_department": ends.own.key, "to_department": ends.other.key}
    return {"clause": clause, **departments, "title": "请提供企业名单", "limit_working_days": 5}


@pytest.fixture
def ticket(agreement: Any, ends: Ends, as_person: Any) -> Case:
    """One that was just asked, under a clause in which neither department has a part."""
    keys = {ends.own.key, ends.other.key}
    clauses = agreement_term(agreement).clauses
    named = {one.key: {key for keys in (*one.lead.values(), *one.support.values()) for key in keys} for one in clauses}
    clause = next((one.key for one in clauses if not named[one.key] & keys), clauses[0].key)
    answer = post(as_person(ends.asking.username), "open_ticket", agreement, _asked(ends, clause))
    assert said(answer, "portal_done_ticket")
    return Case.objects.get(agreement=agreement, kind="ticket", title_zh="请提供企业名单")


def _step(client: Client, case: Case, node: str, **more: Any) -> Any:
    data = {"node": node, "on": TODAY.isoformat(), "after": Case.objects.get(pk=case.pk).tip, **more}
    return post(client, "record_step", case.agreement, data, case=case.pk)


def _waiting(case: Case, person: Person) -> list[tuple[str, date | None]]:
    return [(row.act, row.due_on) for row in waiting_for(case.agreement, person) if row.key == case.pk]


def test_a_ticket_goes_to_the_other_side_and_back_and_is_agreed(ticket: Case, ends: Ends, as_person: Any) -> None:
    """Asked, signed for, answered with a paper, sent back with a reason, answered again, agreed: each in its inbox."""
    due, agreement = add_working_days(TODAY, 5), ticket.agreement
    here, there = as_person(ends.asking.username), as_person(ends.asked.username)
    assert (ticket.due_on, ticket.payload) == (due, {"limit_working_days": 5})
    assert _waiting(ticket, ends.asked) == [("turn", due)]
    assert _waiting(ticket, ends.asking) == []
    line = Notification.objects.get(person=ends.asked, path=reverse("case", args=[agreement.pk, ticket.pk]))
    assert (line.code, line.values["due_on"]) == ("portal_todo_turn_due", due.isoformat())
    inbox = there.get(reverse("inbox", args=[agreement.pk])).content.decode()
    assert "待办理" in inbox
    assert f"{due} 前答复" in inbox

    assert said(_step(there, ticket, "received"), "portal_done_step")
    assert _waiting(ticket, ends.asked) == [("turn", due)], "signed for is not answered"
    assert Notification.objects.filter(person=ends.asked, path=line.path).count() == 1, (
        "nobody is told of their own act"
    )
    assert said(_step(there, ticket, "replied"), "case_nothing_said")
    paper = SimpleUploadedFile("企业名单.pdf", PDF)
    answer = _step(there, ticket, "replied", note="名单见附件", evidence="list", file=paper)
    assert said(answer, "portal_done_step")
    assert (_waiting(ticket, ends.asked), _waiting(ticket, ends.asking)) == ([], [("confirm", None)])

    [first] = ticket.steps.filter(kind="replied")
    page = here.get(reverse("case", args=[agreement.pk, ticket.pk])).content.decode()
    assert "名单见附件" in page
    assert "企业名单.pdf" in page
    answer = post(here, "return_step", agreement, {"target": first.pk, "note": "缺少统计口径"}, case=ticket.pk)
    assert said(answer, "portal_done_returned")
    assert _waiting(ticket, ends.asked) == [("redo", due)]
    assert "缺少统计口径" in there.get(reverse("inbox", args=[agreement.pk])).content.decode()
    assert not next(one for one in tickets_of(agreement, ends.asking) if one.id == ticket.pk).replied_on

    assert said(_step(there, ticket, "replied", note="口径已补充"), "portal_done_step")
    again = ticket.steps.get(kind="replied", state="stands")
    assert said(post(here, "confirm_step", agreement, {"target": again.pk}, case=ticket.pk), "portal_done_confirmed")
    assert (_waiting(ticket, ends.asked), _waiting(ticket, ends.asking)) == ([], [])
    assert Notification.objects.filter(person=ends.asked, code="portal_told_confirmed").count() == 1
    found = next(one for one in tickets_of(agreement, ends.asking) if one.id == ticket.pk)
    day = TODAY.isoformat()
    assert (found.received_on, found.replied_on, found.agreed_on, found.reply["zh"]) == (day, day, day, "口径已补充")
    verdict: Verdict = verify_agreement(agreement)
    assert verdict.holds


def test_every_act_of_a_ticket_has_a_sentence(ticket: Case, ends: Ends, as_person: Any) -> None:
    """Who of which department did what, with the words: in both languages, a line an act."""
    here, there = as_person(ends.asking.username), as_person(ends.asked.username)
    _step(there, ticket, "received")
    _step(there, ticket, "replied", note="可以")
    target = ticket.steps.get(kind="replied").pk
    post(here, "confirm_step", ticket.agreement, {"target": target}, case=ticket.pk)
    for language, words in (("zh", ("签收", "答复", "可以")), ("en", ("Received", "Replied"))):
        told = list(telling.lines(ticket.pk, language))
        assert len(told) == 4
        assert all(word in "".join(told) for word in words)
        names = [ends.own.name[language], *[ends.other.name[language]] * 2, ends.own.name[language]]
        assert all(name in line for name, line in zip(names, told, strict=True))


def test_only_the_two_departments_act(ticket: Case, ends: Ends, sides: Any, officer_of: Any, as_person: Any) -> None:
    """Another department of the asked side neither sees it wait nor answers; nor does the asking side answer itself."""
    elsewhere = Department.objects.filter(agreement=ticket.agreement_id, side=sides[1]).exclude(key=ends.other.key)
    wrong = officer_of(sides[1], elsewhere.first().key)
    assert _waiting(ticket, wrong) == []
    assert said(_step(as_person(wrong.username), ticket, "replied", note="x"), "case_not_your_role")
    for who in (ends.asking.username, f"coordinator-{sides[0].pk}"):
        assert said(_step(as_person(who), ticket, "replied", note="x"), "case_not_your_role")
    there = as_person(officer_of(sides[1], ends.other.key).username)
    assert said(_step(there, ticket, "replied", note="可以"), "portal_done_step")
    target = {"target": ticket.steps.get(kind="replied").pk}
    for who in (ends.asked.username, f"coordinator-{sides[1].pk}"):
        answer = post(as_person(who), "confirm_step", ticket.agreement, target, case=ticket.pk)
        assert said(answer, "case_not_yours_to_confirm")
    beside = Department.objects.filter(agreement=ticket.agreement_id, side=sides[0]).exclude(key=ends.own.key)
    office = officer_of(sides[0], beside.first().key)
    answer = post(as_person(office.username), "confirm_step", ticket.agreement, target, case=ticket.pk)
    assert said(answer, "case_not_yours_to_confirm")
    assert not Step.objects.get(pk=target["target"]).is_confirmed


def test_a_ticket_is_asked_by_ones_own_department_of_one_of_the_other_side(
    agreement: Any, ends: Ends, sides: Any, as_person: Any
) -> None:
    own = Department.objects.filter(agreement=agreement.pk, side=sides[0])
    data = _asked(ends, agreement_term(agreement).clauses[0].key)
    for wrong, code in (
        ({"from_department": own.exclude(key=ends.own.key).first().key}, "portal_other_department"),
        ({"from_department": "nobody"}, "portal_other_department"),
        ({"to_department": ends.own.key}, "portal_department_unknown"),
    ):
        assert said(post(as_person(ends.asking.username), "open_ticket", agreement, {**data, **wrong}), code)
    assert not Case.objects.filter(kind="ticket", title_zh=data["title"]).exists()


def test_the_page_of_a_ticket_names_departments_and_day(ticket: Case, ends: Ends, as_person: Any, sides: Any) -> None:
    """Who asks whom, by when, and the way back to the list; no need and no offer."""
    html, document = check_page("case", ticket.agreement, as_person, sides, case=ticket.pk)
    for text in (ends.own.name["zh"], ends.other.name["zh"], f"{ticket.due_on} 前答复"):
        assert text in html
    assert reverse("tickets", args=[ticket.agreement_id]) in html
    assert document["case"]["parties"] == {}
    assert [one["act"] for one in document["case"]["waits"]] == ["turn"]
    theirs = as_person(ends.asked.username).get(reverse("case_json", args=[ticket.agreement_id, ticket.pk])).json()
    assert ([one["key"] for one in theirs["case"]["next"]], theirs["case"]["waits"]) == (["received", "replied"], [])
    listed = as_person(ends.asking.username).get(reverse("tickets", args=[ticket.agreement_id])).content.decode()
    assert reverse("case", args=[ticket.agreement_id, ticket.pk]) in listed


def test_a_ticket_is_found_by_its_title(ticket: Case, ends: Ends, as_person: Any) -> None:
    path = reverse("search", args=[ticket.agreement_id])
    for who in (ends.asking, ends.asked):
        page = as_person(who.username).get(path, {"q": "企业名单"}).content.decode()
        assert reverse("case", args=[ticket.agreement_id, ticket.pk]) in page


def test_loaded_tickets_are_cases_and_count_as_before(agreement: Any, sides: Any, person: Any) -> None:
    """The rehearsal's tickets stand as cases, in every state, and the share in time is worked out from them."""
    assert not Record.objects.filter(kind="ticket").exists()
    tickets = tickets_of(agreement, person(f"coordinator-{sides[0].pk}"))
    assert {bool(one.replied_on) for one in tickets} == {True, False}
    assert all(one.reply["zh"] and one.agreed_on for one in tickets if one.replied_on)
    assert all(one.id.startswith(f"{agreement.pk}.") for one in tickets)
    as_of = date(2025, 6, 30)
    due = [one for one in tickets if one.replied_on or one.due_on < as_of.isoformat()]
    in_time = [one for one in due if one.replied_on and one.replied_on <= one.due_on]
    found = standing(agreement, person(f"coordinator-{sides[0].pk}"), as_of=as_of)
    values = [
        one.actual
        for clause in found.clauses
        for one in clause.indicators
        if one.indicator.measure == "share_in_time" and one.indicator.parameters.get("of") == ["ticket"]
    ]
    assert values == [pytest.approx(len(in_time) / len(due))]


def test_a_ticket_says_on_which_day_it_was_agreed() -> None:
    """As it says itself, else on the day of the answer."""
    about = {"id": "t", "clause": "any", "side": "north", "from_department": "a", "to_department": "b"}
    one = Ticket(**about, opened_on="2025-06-02", replied_on="2025-06-05")
    for ticket, day in (
        (one, "2025-06-05"),
        (Ticket(**about, opened_on="2025-06-02", replied_on="2025-06-05", agreed_on="2025-06-09"), "2025-06-09"),
    ):
        *_, (side, last) = ticket_acts("case/t", ticket, "south")
        assert (side, last("x").on.isoformat()) == ("north", day)
