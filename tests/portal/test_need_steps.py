"""A case between two firms, step by step: read before deciding, returned with a reason, confirmed, corrected."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import planted
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from paired import Pair, page_of, sign
from portal_checks import post, said

from duijie.errors import InputError
from duijie.ledger.events import Amount, FileRef
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import casework
from duijie_portal.ledger.entries import Todo
from duijie_portal.ledger.models import Listing, Notification, Step
from duijie_portal.match import listing_services

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def _codes(person: Person) -> list[str]:
    return list(Notification.objects.filter(person=person).values_list("code", flat=True))


# S1


def test_a_firm_reads_the_other_end_before_it_decides(pair: Pair, browser: Any) -> None:
    """Text and quantity of the need stand on the case's page and at the listing; what opens later does not."""
    price = {"payload": {**pair.need.payload, "price_most_cny": 12345}}
    assert "price_most_cny" not in pair.need.payload
    planted.listing(pair.need.party, "l-need-2", role="need", payload=price["payload"], visibility="both")
    pair.accept(pair.buyer)
    client = browser(pair.seller)
    for html in (
        page_of(client, pair),
        client.get(reverse("listing", args=[pair.agreement.pk, "l-need"])).content.decode(),
    ):
        assert "针织鞋面坯布" in html
        assert "1,500,000" in html
    assert "愿意对接" in page_of(client, pair)
    assert "暂不合适" in page_of(client, pair)
    hidden = client.get(reverse("listing", args=[pair.agreement.pk, "l-need-2"]))
    assert hidden.status_code == 404, "a listing of no suggestion of its own stays unread"


def test_a_price_opens_only_once_both_said_yes(pair: Pair, browser: Any) -> None:
    """What the kind opens to the matched is not read by the firm that has not yet decided."""
    party = pair.need.party
    pair.need = planted.listing(
        party, "l-price", role="need", payload={"title": "鞋面布", "price_most_cny": 12345}, visibility="both"
    )
    pair.accept(pair.buyer)
    assert "12,345" not in page_of(browser(pair.seller), pair)
    pair.accept(pair.seller)
    assert "12,345" in page_of(browser(pair.seller), pair)


# S2, S3, B4


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_returned_step_says_why_to_its_author(
    pair: Pair, sides: Any, person: Any, browser: Any, language: str
) -> None:
    """Case page, inbox and notice name side and reason; the form begins with what was said and keeps the paper."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case, note="首单")
    casework.send_back(person(f"coordinator-{sides[0].pk}"), case, target=step, note="缺签章页")
    client, agreement = browser(pair.seller, language), pair.agreement
    html = page_of(client, pair)
    assert html.count("缺签章页") >= 2, "in the box at the top and in the trail"
    assert 'role="alert"' in html
    for route in ("inbox", "notifications"):
        assert "缺签章页" in client.get(reverse(route, args=[agreement.pk])).content.decode(), route
    form = page_of(client, pair, "?node=signed")
    assert 'value="1200000"' in form
    assert "首单" in form
    kept = Step.objects.get(pk=step)
    sha256 = hash_of(client, pair)
    data = {"node": "signed", "on": TODAY.isoformat(), "amount": "1150000", "unit": "cny", "keep": sha256}
    assert said(post(browser(pair.seller), "record_step", agreement, data, case=case.pk), "portal_done_step")
    again = Step.objects.get(case=case, kind="signed", state="stands")
    assert (kept.state, again.n_evidence, again.amount) == ("returned", 1, 1_150_000)
    assert "购销合同.pdf" in page_of(client, pair)


def hash_of(client: Client, pair: Pair) -> str:
    found = client.get(reverse("case_json", args=[pair.agreement.pk, pair.key])).json()
    return next(file["sha256"] for step in found["case"]["steps"] for file in step["files"])


def test_a_firms_contract_waits_for_both_sides_and_says_for_whom(
    pair: Pair, sides: Any, person: Any, browser: Any
) -> None:
    """The first word is confirmed and names who is still to confirm; the trail says who confirmed on which day."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case)
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    answer = post(browser(here), "confirm_step", pair.agreement, {"target": step}, case=case.pk)
    assert f"已确认，还需{sides[1].short['zh']}确认" in answer.content.decode()
    assert not Step.objects.get(pk=step).counts
    answer = post(browser(there), "confirm_step", pair.agreement, {"target": step}, case=case.pk)
    assert said(answer, "portal_done_confirmed")
    assert Step.objects.get(pk=step).counts
    trail = next(one["trail"] for one in _steps(browser(here), pair) if one["id"] == step)
    assert [(one["what"], one["side"]) for one in trail] == [("confirmed_step", side.pk) for side in sides]
    assert {one["on"] for one in trail} == {TODAY.isoformat()}


def _steps(client: Client, pair: Pair) -> list[Any]:
    found: list[Any] = client.get(reverse("case_json", args=[pair.agreement.pk, pair.key])).json()["case"]["steps"]
    return found


@pytest.mark.parametrize("first", ["own", "other"])
def test_either_confirming_side_returns_a_step_to_its_author(
    pair: Pair, sides: Any, person: Any, browser: Any, first: str
) -> None:
    """Even where the other side has confirmed: the case stands where it stood, the firm is told, nobody is asked."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case)
    here, there = (person(f"leader-{side.pk}") for side in sides)
    yes, no = (here, there) if first == "other" else (there, here)
    casework.confirm(yes, case, target=step)
    answer = post(browser(no), "return_step", pair.agreement, {"target": step, "note": "金额不符"}, case=case.pk)
    assert said(answer, "portal_done_returned")
    assert (pair.case.state, Step.objects.get(pk=step).state) == ("match", "returned")
    assert [(row.act, row.party) for row in Todo.objects.filter(key=case.pk)] == [("redo", pair.seller.party)]
    assert "portal_todo_redo" in _codes(pair.seller)


def test_a_doubt_about_an_earlier_step_reaches_its_author(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """Where the case has gone on the step is disputed: said so to who returned it, on the author's list with why."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case)
    photo = (FileRef("1" * 64, 1, "image/png", "photo"),)
    casework.record_step(pair.seller, case, node="started", said=casework.Said(TODAY, files=photo))
    leader = person(f"leader-{sides[1].pk}")
    answer = post(browser(leader), "return_step", pair.agreement, {"target": step, "note": "缺签章页"}, case=case.pk)
    assert said(answer, "portal_done_disputed")
    assert Todo.objects.get(key=case.pk, act="settle").party == pair.seller.party
    assert "portal_todo_settle" in _codes(pair.seller)
    client = browser(pair.seller)
    for route in ("inbox", "notifications"):
        assert "缺签章页" in client.get(reverse(route, args=[pair.agreement.pk])).content.decode()
    paper = casework.Said(TODAY, files=(FileRef("2" * 64, 1, "application/pdf", "acceptance"),))
    with pytest.raises(InputError, match="case_not_settled"):
        casework.record_step(pair.seller, case, node="delivered", said=paper)
    html = page_of(client, pair)
    assert "?node=delivered" not in html, "what would be refused is not offered"
    assert f'href="#step-{step}"' in html
    data = {"target": step, "amount": "1100000", "unit": "cny", "note": "以合同为准"}
    assert said(post(client, "correct_step", pair.agreement, data, case=case.pk), "portal_done_corrected")
    waiting = Todo.objects.filter(key=case.pk, act="agree")
    assert {row.side for row in waiting} == {side.pk for side in sides}, "both sides are asked"
    target = waiting.first().target
    for side in sides:
        casework.confirm(person(f"leader-{side.pk}"), case, target=target)
        casework.confirm(person(f"leader-{side.pk}"), case, target=step)
    found = Step.objects.get(pk=step)
    assert (found.state, found.counts, found.amount) == ("stands", True, 1_100_000)


# B3


def test_a_correction_shows_old_and_new_and_can_be_refused(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """Who is asked reads what was, what is proposed and why; a no has words; the trail keeps both for good."""
    case = pair.accept(pair.buyer, pair.seller)
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    step = sign(here, case)
    casework.confirm(there, case, target=step)
    lower = Amount(Decimal("1100000"), "cny")
    casework.correct(here, case, target=step, amount=lower, note="少计一批")
    html = page_of(browser(there), pair)
    for words in ("1,200,000", "1,100,000", "少计一批", "不同意更正"):
        assert words in html, words
    waiting = Todo.objects.get(key=case.pk, act="agree")
    data = {"target": waiting.target, "note": "以合同为准"}
    assert said(post(browser(there), "return_step", pair.agreement, data, case=case.pk), "portal_done_not_agreed")
    assert Step.objects.get(pk=step).amount == 1_200_000
    assert "portal_told_not_agreed" in _codes(here)
    assert "以合同为准" in browser(here).get(reverse("notifications", args=[pair.agreement.pk])).content.decode()
    casework.correct(here, case, target=step, amount=lower, happened_on=TODAY, note="附补充协议")
    casework.confirm(there, case, target=Todo.objects.get(key=case.pk, act="agree").target)
    assert Step.objects.get(pk=step).amount == 1_100_000
    [trail] = [one["trail"] for one in _steps(browser(here), pair) if one["id"] == step]
    proposals = [one for one in trail if one["what"] == "corrected"]
    assert [one["outcome"] for one in proposals] == ["not_agreed", "agreed"]
    assert [float(one["changes"][0]["before"]) for one in proposals] == [1_200_000, 1_200_000]
    assert "1,200,000" in page_of(browser(here), pair), "what stood there before stays readable"


# B5, B7


@pytest.mark.parametrize(
    ("typed", "unit", "code"),
    [
        ("", "cny", "case_amount_missing"),
        ("0", "cny", "case_amount_not_positive"),
        ("12人", "cny", ""),
        ("12", "persons", "case_unit_unknown"),
        ("5", "none", "case_amount_not_positive"),
    ],
)
def test_a_contract_names_its_sum_or_says_that_it_has_none(
    pair: Pair, sides: Any, person: Any, browser: Any, typed: str, unit: str, code: str
) -> None:
    """Nothing, zero, a number of persons are refused with what is asked for; 无金额 is an answer."""
    case = pair.accept(pair.buyer, pair.seller)
    client = browser(person(f"coordinator-{sides[0].pk}"))

    def sign(typed: str, unit: str) -> Any:
        paper = SimpleUploadedFile("合同.pdf", b"%PDF-1.7 contract %%EOF")
        data = {"node": "signed", "on": TODAY.isoformat(), "amount": typed, "unit": unit, "evidence": "contract"}
        return post(client, "record_step", pair.agreement, {**data, "file": paper}, case=case.pk)

    answer = sign(typed, unit)
    assert said(answer, code) if code else 'class="message error"' in answer.content.decode()
    assert not Step.objects.filter(case=case, kind="signed").exists()
    assert said(sign("", "none"), "portal_done_step")
    assert "无金额" in page_of(client, pair)


def test_nothing_is_delivered_before_the_contract_counts(pair: Pair, sides: Any, person: Any) -> None:
    """A delivery over a contract that waits is refused; confirmed by both, it is taken."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case)
    paper = casework.Said(TODAY, files=(FileRef("2" * 64, 1, "application/pdf", "acceptance"),))
    with pytest.raises(InputError, match="case_not_settled"):
        casework.record_step(pair.seller, case, node="delivered", said=paper)
    for side in sides:
        casework.confirm(person(f"leader-{side.pk}"), case, target=step)
    casework.record_step(pair.seller, case, node="delivered", said=paper)
    assert pair.case.state == "delivered"


# B6


def test_who_accepts_what_the_other_declined_is_told_and_the_pair_closes(pair: Pair, browser: Any) -> None:
    """A no said before is said again when the other end says yes: with its reason, and nobody is asked twice."""
    casework.decline(pair.buyer, pair.need, offer=pair.offer, reason="price")
    assert not _codes(pair.seller), "a decline nobody asked about stays at home"
    case = pair.accept(pair.seller)
    assert (case.state, case.reason) == ("refused", "price")
    assert not Todo.objects.filter(key=case.pk).exists()
    assert "portal_told_refused" in _codes(pair.seller)
    assert "价格不合适" in page_of(browser(pair.seller), pair)
    with pytest.raises(InputError):
        casework.accept(pair.buyer, pair.need, offer=pair.offer, clause="any")


@pytest.mark.parametrize("said_yes", ["buyer", "seller"])
def test_taking_a_listing_back_closes_what_waits(pair: Pair, browser: Any, said_yes: str) -> None:
    """Asked before, with how many pairs close; the other firm is told, and neither can accept any more."""
    case = pair.accept(getattr(pair, said_yes))
    client, keys = browser(pair.buyer), [pair.agreement.pk, pair.need.pk]
    html = client.get(reverse("listing", args=keys)).content.decode()
    assert "撤下后不可恢复" in html
    assert "对接建议 1 项" in html
    listing_services.withdraw_listing(pair.buyer, pair.need)
    assert (pair.case.state, pair.case.reason) == ("refused", "taken_back")
    assert not Todo.objects.filter(key=case.pk).exists()
    assert "portal_told_refused" in _codes(pair.seller)
    for person in (pair.buyer, pair.seller):
        with pytest.raises(InputError):
            casework.accept(person, Listing.objects.get(pk=pair.need.pk), offer=pair.offer, clause="any")


def test_what_both_agreed_to_outlives_the_listing(pair: Pair) -> None:
    """A case both said yes to goes on after the listing is taken back."""
    pair.accept(pair.buyer, pair.seller)
    listing_services.withdraw_listing(pair.buyer, pair.need)
    assert pair.case.state == "match"


def test_a_match_is_declined_from_the_case_with_a_reason(pair: Pair, browser: Any) -> None:
    """The firm that is asked says no with a reason from the list; the other end reads it."""
    case = pair.accept(pair.buyer)
    answer = post(browser(pair.seller), "decline_case", pair.agreement, {"reason": "quantity"}, case=case.pk)
    assert said(answer, "portal_done_declined")
    assert (pair.case.state, pair.case.reason) == ("refused", "quantity")
    assert _codes(pair.buyer).count("portal_told_refused") == 1
    assert "portal_todo_redo" not in _codes(pair.buyer), "there is nothing to enter again"


# B2, S18


def test_a_withdrawn_paper_is_closed_and_an_open_one_bears_its_name(
    pair: Pair, sides: Any, person: Any, browser: Any
) -> None:
    """The address of a paper ends with its name; taken back, it opens for nobody and the page says so."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case)
    client = browser(person(f"coordinator-{sides[0].pk}"))
    [file] = next(one["files"] for one in _steps(client, pair) if one["id"] == step)
    address = reverse("case_file", args=[pair.agreement.pk, case.pk, file["sha256"], file["name"]])
    answer = client.get(address)
    assert answer.status_code == 200
    assert "%E8%B4%AD%E9%94%80%E5%90%88%E5%90%8C.pdf" in answer["Content-Disposition"]
    casework.withdraw(pair.seller, case, target=step)
    assert client.get(address).status_code == 404
    html = page_of(client, pair)
    assert "已撤回，不再开放" in html
    assert file["sha256"] not in html


def test_days_of_a_correction_are_shown_as_days(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """A correction of the day alone shows the two days, and leaves the amount alone."""
    case = pair.accept(pair.buyer, pair.seller)
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    step = sign(here, case)
    casework.confirm(there, case, target=step)
    with pytest.raises(InputError):
        casework.correct(here, case, target=step, happened_on=TODAY - timedelta(900), note="误填")
    casework.correct(here, case, target=step, happened_on=date.today(), note="误填")
    [one] = [each for each in _steps(browser(there), pair) if each["id"] == step]
    assert [change["of"] for each in one["trail"] for change in each["changes"]] == ["on"]
