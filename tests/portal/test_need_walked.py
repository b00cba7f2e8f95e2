"""What a walker of the whole path met: papers kept with a new one, marks at fields, who hears, what is where."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import planted
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from paired import Pair, page_of, sign
from portal_checks import post, said

from duijie.data.words import words
from duijie.ledger.events import Amount
from duijie.match.kinds import load_kinds
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import casework
from duijie_portal.ledger.entries import Todo
from duijie_portal.ledger.models import Notification, Step
from duijie_portal.ledger.recording import files_of

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
PDF = b"%PDF-1.7 signatures %%EOF"


def _codes(who: Person) -> list[str]:
    return list(Notification.objects.filter(person=who).order_by("pk").values_list("code", flat=True))


def _again(**more: Any) -> dict[str, Any]:
    about = {"node": "signed", "on": TODAY.isoformat(), "amount": "120万元", "unit": "cny", "evidence": "contract"}
    return {**about, **more}


@pytest.mark.parametrize(("is_kept", "is_new"), [(True, True), (True, False), (False, True)])
def test_the_ticked_paper_and_the_new_one_both_go_with_the_step(
    pair: Pair, sides: Any, person: Any, browser: Any, is_kept: bool, is_new: bool
) -> None:
    """What is ticked is kept whether or not a file is added, and a step holds nothing that was neither."""
    case = pair.accept(pair.buyer, pair.seller)
    first = sign(pair.seller, case)
    casework.send_back(person(f"coordinator-{sides[0].pk}"), case, target=first, note="缺签章页")
    [old] = files_of([first])[first]
    html = page_of(browser(pair.seller), pair, "?node=signed")
    assert f'name="keep" value="{old.sha256}" checked' in html
    assert words("zh")["portal_keep_and_new"] in html
    data = _again(**({"keep": old.sha256} if is_kept else {}))
    data |= {"file": SimpleUploadedFile("签章页.pdf", PDF)} if is_new else {}
    assert said(post(browser(pair.seller), "record_step", pair.agreement, data, case=case.pk), "portal_done_step")
    step = Step.objects.filter(case=case, kind="signed", state="stands").get()
    shown = [one for one in _steps(browser(pair.seller), pair) if one["id"] == step.pk]
    names = {file["name"] for file in shown[0]["files"]}
    assert names == ({"购销合同.pdf"} if is_kept else set()) | ({"签章页.pdf"} if is_new else set())


def _steps(client: Any, pair: Pair) -> list[Any]:
    found: list[Any] = client.get(reverse("case_json", args=[pair.agreement.pk, pair.key])).json()["case"]["steps"]
    return found


def test_a_fault_leaves_a_mark_at_its_field_and_at_the_file(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """The page says which field is wrong, which file must be chosen again, and what was typed; once."""
    case = pair.accept(pair.buyer, pair.seller)
    client = browser(person(f"coordinator-{sides[0].pk}"))
    data = _again(amount="一些", file=SimpleUploadedFile("合同.pdf", PDF))
    html = post(client, "record_step", pair.agreement, data, case=case.pk).content.decode()
    kept = json.loads(re.search(r'<script id="refilled"[^>]*>(.*?)</script>', html).group(1))  # type: ignore[union-attr]
    assert list(kept["wrong"]) == ["amount"]
    assert kept["files"] == ["file"]
    assert kept["said"]["amount"] == "一些"
    assert words("zh")["portal_file_again"] in html
    assert 'id="refilled"' not in page_of(client, pair, "?node=signed")
    for bare in (_again(amount=""), _again(amount="", unit="none")):  # the browser asks for the sum but where none is
        assert bare["amount"] == ""
    assert 'data-unless="unit none"' in page_of(client, pair, "?node=signed")


def test_a_correction_brings_its_paper_and_all_ends_hear_of_it(
    pair: Pair, sides: Any, person: Any, browser: Any
) -> None:
    """Who is asked reads contract and proof at the box; firms and the proposer hear that it took effect, or not."""
    case = pair.accept(pair.buyer, pair.seller)
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    step = sign(here, case)
    casework.confirm(there, case, target=step)
    proof = SimpleUploadedFile("补充协议.pdf", PDF)
    data = {"target": step, "amount": "125万元", "unit": "cny", "note": "以补充协议为准", "file": proof}
    assert said(post(browser(here), "correct_step", pair.agreement, data, case=case.pk), "portal_done_corrected")
    box = re.search(r'<section class="card ask">.*?</section>', page_of(browser(there), pair), re.S).group(0)  # type: ignore[union-attr]
    assert "补充协议.pdf" in box
    assert "购销合同.pdf" in box
    [trail] = [one["trail"] for one in _steps(browser(there), pair) if one["id"] == step]
    [file] = [file for one in trail for file in one["files"]]
    answer = browser(pair.buyer).get(reverse("case_file", args=[pair.agreement.pk, case.pk, file["sha256"]]))
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, PDF)
    target = Todo.objects.get(key=case.pk, act="agree").target
    assert said(
        post(browser(there), "confirm_step", pair.agreement, {"target": target}, case=case.pk),
        "portal_done_agreed_correction",
    )
    assert Step.objects.get(pk=step).amount == 1_250_000
    for who in (pair.buyer, pair.seller, here):
        assert _codes(who).count("portal_told_corrected") == 1, who
    assert "portal_told_corrected" not in _codes(there)
    casework.correct(here, case, target=step, amount=Amount(Decimal(1), "cny"), note="误")
    casework.send_back(there, case, target=Todo.objects.get(key=case.pk, act="agree").target, note="不符")
    for who in (pair.buyer, pair.seller, here):
        assert _codes(who).count("portal_told_not_agreed") == 1, who


def test_both_firms_hear_of_a_contract_whoever_records_it(pair: Pair, sides: Any, person: Any) -> None:
    """Recorded, returned, recorded again, confirmed: the firm that did nothing of it is told each time."""
    case = pair.accept(pair.buyer, pair.seller)
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    first = sign(pair.seller, case)
    assert _codes(pair.buyer).count("portal_told_step") == 1
    assert "portal_told_step" not in _codes(pair.seller)
    casework.send_back(here, case, target=first, note="缺页")
    assert "portal_told_returned" in _codes(pair.buyer)
    second = sign(pair.seller, case)
    for official in (here, there):
        casework.confirm(official, case, target=second)
    for firm in (pair.buyer, pair.seller):
        assert "portal_told_confirmed" in _codes(firm)


def test_after_both_accepted_the_case_names_the_offices_and_no_contact(
    pair: Pair, sides: Any, person: Any, browser: Any, agreement: Any
) -> None:
    """Contact data of a registration stays with its side: the departments of the clause bring the firms together."""
    from duijie_portal.ledger.selectors import agreement_term, department_names

    clause = next(one for one in agreement_term(agreement).clauses if all(one.lead.get(side.pk) for side in sides))
    casework.accept(pair.buyer, pair.need, offer=pair.offer, clause=clause.key)
    assert 'id="contact"' not in page_of(browser(pair.buyer), pair)
    casework.accept(pair.seller, pair.need, offer=pair.offer, clause=clause.key)
    html = page_of(browser(pair.buyer), pair)
    names = department_names(agreement)
    for side in sides:
        assert names[clause.lead[side.pk][0]].zh in html[html.index('id="contact"') :]


def test_the_firm_is_told_who_proposes_corrections(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """The offices have the form; a firm reads whom to ask."""
    case = pair.accept(pair.buyer, pair.seller)
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    step = sign(here, case)
    casework.confirm(there, case, target=step)
    asked = words("zh")["portal_correct_by_office"]
    assert asked in page_of(browser(pair.buyer), pair)
    assert asked not in page_of(browser(here), pair)


def test_a_waiting_office_is_called_one(pair: Pair, sides: Any, browser: Any) -> None:
    """A firm of a side that waits for its own side's office does not read that it waits for itself."""
    case = pair.accept(pair.buyer, pair.seller)
    sign(pair.seller, case)
    assert f"{sides[0].short['zh']}（部门）" in page_of(browser(pair.buyer), pair)


def test_the_inbox_says_returned_of_what_was_returned(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """Not that it waits to be counted."""
    case = pair.accept(pair.buyer, pair.seller)
    step = sign(pair.seller, case)
    casework.send_back(person(f"coordinator-{sides[0].pk}"), case, target=step, note="缺页")
    found = browser(pair.seller).get(reverse("inbox_json", args=[pair.agreement.pk])).json()["done"]
    assert next(one for one in found if one["node"] == "signed")["state"] == "returned"
    html = browser(pair.seller).get(reverse("inbox", args=[pair.agreement.pk])).content.decode()
    assert words("zh")["portal_step_state_returned"] in html[html.index('id="done"') :]


def test_the_brief_has_a_door_for_who_may_read_it(agreement: Any, sides: Any, as_person: Any) -> None:
    """The overview's head and the name's menu lead there; a firm sees neither."""
    path, brief = (reverse(name, args=[agreement.pk]) for name in ("home", "brief"))
    for role in ("leader", "coordinator", "officer"):
        assert as_person(f"{role}-{sides[0].pk}").get(path).content.decode().count(f'href="{brief}"') == 2
    assert brief not in as_person(f"firm-{sides[0].pk}").get(path).content.decode()


def test_the_sum_signed_stands_beside_the_contracts(pair: Pair, sides: Any, person: Any, browser: Any) -> None:
    """Overview and brief move by the sum once both sides confirmed, and not before."""
    here, there = (person(f"coordinator-{side.pk}") for side in sides)

    def figures() -> list[float]:
        pages = (("home_json", "counts"), ("brief_json", "figures"))
        answers = [(browser(here).get(reverse(name, args=[pair.agreement.pk])).json(), key) for name, key in pages]
        return [float(document[key]["signed_amount"]) for document, key in answers]

    case = pair.accept(pair.buyer, pair.seller)
    before = figures()
    assert before[0] == before[1]
    step = sign(here, case)
    assert figures() == before
    casework.confirm(there, case, target=step)
    assert figures() == [one + 1_200_000 for one in before]


def test_a_firm_reads_one_scope_on_its_overview(agreement: Any, sides: Any, as_person: Any) -> None:
    """The suggestions counted at the clauses are those the firm may open, none where it has none."""
    found = as_person(f"firm-{sides[0].pk}").get(reverse("home_json", args=[agreement.pk])).json()
    assert not found["who"]
    assert sum(one["n_matches"] for area in found["areas"] for one in area["clauses"]) == 0
    html = as_person(f"firm-{sides[0].pk}").get(reverse("home", args=[agreement.pk])).content.decode()
    assert words("zh")["portal_none_to_see"] in html


def test_the_quarter_speaks_the_readers_language(agreement: Any, sides: Any, as_person: Any) -> None:
    """No key of the record stands in the table, and figures are set apart as on every other page."""
    page = as_person(f"coordinator-{sides[0].pk}").get(reverse("changes", args=[agreement.pk]) + "?quarter=2025-Q2")
    table = page.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", table, re.S)]
    assert cells
    assert not [cell for cell in cells if re.fullmatch(r"[a-z_]+|\d+\.0", cell)]


def test_the_sign_in_of_a_page_keeps_its_agreement(agreement: Any, client: Any) -> None:
    """From a registration one lands in the agreement one came from."""
    html = client.get(reverse("join", args=[agreement.pk])).content.decode()
    assert f"{reverse('account_login')}?next={reverse('home', args=[agreement.pk])}" in html


def test_a_review_shows_kind_fields_in_order_and_what_opening_means(
    pair: Pair, sides: Any, as_person: Any, agreement: Any
) -> None:
    """The order of fields is the form's, before and after opening; each choice of readers says who they are."""
    leader = as_person(f"leader-{sides[0].pk}")
    said_ = {"details": "坯布", "quantity_month": 5, "title": "鞋面布采购"}
    for visibility in ("own", "both"):
        row = planted.listing(pair.need.party, f"l-order-{visibility}", payload=said_, visibility=visibility)
        keys = {"agreement": agreement.pk, "sort": "listing", "key": row.pk}
        shown = [one["key"] for one in leader.get(reverse("review_json", kwargs=keys)).json()["said"]]
        assert [key for key in shown if key.startswith("payload.")] == [
            "payload.title", "payload.details", "payload.quantity_month",
        ]  # fmt: skip
        html = leader.get(reverse("review", kwargs=keys)).content.decode()
        assert load_kinds()[row.kind].name.zh in html
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    row = planted.listing(pair.need.party, "l-choice", payload=said_)
    keys = {"sort": "listing", "key": row.pk}
    post(coordinator, "review_clear", agreement, {}, **keys)
    html = leader.get(reverse("review", kwargs={"agreement": agreement.pk, **keys})).content.decode()
    for level in ("both", "matched", "public"):
        assert words("zh")[f"portal_visibility_means_{level}"] in html


def test_industries_are_chosen_from_a_list(agreement: Any, sides: Any, as_person: Any) -> None:
    """A field for codes offers divisions and groups by name, in the reader's language; a form without one has none."""
    client = as_person(f"firm-{sides[0].pk}")
    path = reverse("listing_new", args=[agreement.pk])
    html = client.get(f"{path}?kind=supply&role=need").content.decode()
    assert '<option value="195">制鞋业</option>' in html
    assert 'list="codes"' in html
    assert "<datalist" not in client.get(f"{path}?kind=supply&role=offer").content.decode()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_word_names_one_figure(language: str) -> None:
    """Suggestions are called so wherever they are counted, and no kind of figure bears their name."""
    assert words(language)["portal_matches"] == words(language)["portal_proposals"]
    names = {words(language)[f"portal_count_{key}"] for key in ("meeting", "signed", "signed_amount", "refused")}
    assert words(language)["portal_matches"] not in names
    assert words(language)["portal_light_grey"] == words(language)["track_light_grey"]
