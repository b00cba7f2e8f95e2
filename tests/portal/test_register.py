"""Organisations and talents register themselves; their side verifies or refuses; only then there is an account."""

from __future__ import annotations

import re
from typing import Any

import planted
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from portal_checks import check_act, check_page, post, said

from duijie.cells.codes import check_character
from duijie.data.words import words
from duijie_portal.accounts.models import Activity, Person, Registration, Side
from duijie_portal.accounts.registering import side_of
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Notification, Party

PASSWORD = "a long quiet river 7"


def code_of(region: str, number: int = 1) -> str:
    body = f"91{region}{number:09d}"
    return body + check_character(body)


def filled(side: Any, **more: Any) -> dict[str, Any]:
    about = {"kind": "firm", "name": "演练企业甲", "uscc": code_of(side.pk), "region": side.pk, "town": "某镇"}
    contact = {"contact": "王某", "phone": "0755 0000000", "username": "firm-new", "password": PASSWORD}
    return {**about, **contact, "is_agreed": "on", **more}


def send(agreement: Any, data: dict[str, Any], client: Client | None = None, **headers: Any) -> Any:
    return (client or Client()).post(reverse("join", args=[agreement.pk]), data, **headers)


@pytest.fixture
def waiting(agreement: Any, sides: Any) -> Registration:
    answer = send(agreement, filled(sides[0]))
    assert answer.status_code == 302, answer.content.decode()
    return Registration.objects.get()


def test_anyone_reads_the_form_in_both_languages(agreement: Any, sides: Any) -> None:
    path, pages = reverse("join", args=[agreement.pk]), []
    for language in ("zh-hans", "en"):
        client = Client()
        client.cookies["django_language"] = language
        answer = client.get(path)
        assert answer.status_code == 200
        pages.append(answer.content.decode())
        assert words(language[:2])["portal_notice"][:20] in pages[-1]
    assert pages[0] != pages[1]
    document = Client().get(reverse("join_json", args=[agreement.pk])).json()
    assert {one["code"] for one in document["sides"]} == {side.pk for side in sides}
    assert Client().put(path).status_code == 405
    assert Client().get(reverse("join", args=["none-such"])).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"uscc": "91350582000000001A"}, "uscc_check"),
        ({"uscc": ""}, "portal_join_code_missing"),
        ({"region": "110101"}, "portal_join_no_side"),
        ({"region": "000000"}, "region_unknown"),
        ({"phone": "", "email": ""}, "portal_join_reach"),
        ({"is_agreed": ""}, ""),
        ({"password": "short"}, ""),
        ({"username": "a b"}, ""),
    ],
)
def test_a_wrong_field_is_told_and_nothing_is_kept(
    agreement: Any, sides: Any, wrong: dict[str, str], code: str
) -> None:
    answer = send(agreement, filled(sides[0], **wrong))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not code or said(answer, code)
    assert 'value="王某"' in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert not Registration.objects.exists()


def test_a_registration_opens_no_account_until_its_side_has_verified_it(
    agreement: Any, sides: Any, waiting: Registration, as_person: Any
) -> None:
    assert not Person.objects.filter(username="firm-new").exists()
    assert waiting.password != PASSWORD
    assert waiting.side == sides[0]
    assert Notification.objects.filter(code="portal_told_registration", person__side=sides[0]).count() == 1
    assert not Notification.objects.filter(code="portal_told_registration", person__side=sides[1]).exists()
    receipt = reverse("receipt", args=[agreement.pk, waiting.receipt])
    assert said(Client().get(receipt), "portal_registration_waiting")
    assert "王某" not in Client().get(receipt).content.decode()
    assert set(Client().get(receipt.rstrip("/") + ".json").json()) == {
        "name",
        "username",
        "state",
        "reason",
        "created_at",
        "decided_at",
    }
    assert Client().get(reverse("receipt", args=[agreement.pk, "guessed"])).status_code == 404

    officer = as_person(f"officer-{sides[0].pk}")
    _, document = check_page("registrations", agreement, as_person, sides, role="officer")
    assert [one["name"] for one in document["registrations"]] == ["演练企业甲"]
    answer = post(officer, "verify_registration", agreement, {"registration": waiting.pk})
    assert said(answer, "portal_done_register_verify")
    made = Person.objects.get(username="firm-new")
    party = Party.objects.get(pk=made.party)
    assert (made.role, made.side, party.uscc, party.is_verified) == ("firm", sides[0], waiting.uscc, True)
    assert (party.released_at, party.visibility) == (None, "own")
    entered = Client().post(reverse("account_login"), {"login": "firm-new", "password": PASSWORD})
    assert entered.status_code == 302
    waiting.refresh_from_db()
    assert (waiting.password, waiting.contact, waiting.phone) == ("", "", "")
    assert said(Client().get(receipt), "portal_registration_verified")
    again = post(officer, "verify_registration", agreement, {"registration": waiting.pk})
    assert said(again, "portal_register_decided")
    assert verify_agreement(agreement).holds


def test_a_refusal_has_a_reason_the_sender_reads_and_forgets_the_contact(
    agreement: Any, sides: Any, waiting: Registration, as_person: Any
) -> None:
    officer = as_person(f"officer-{sides[0].pk}")
    data = {"registration": waiting.pk, "reason": "not_found"}
    assert said(post(officer, "refuse_registration", agreement, data), "portal_done_register_refuse")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.contact, waiting.phone, waiting.password) == ("refused", "", "", "")
    receipt = Client().get(reverse("receipt", args=[agreement.pk, waiting.receipt]))
    assert said(receipt, "portal_refusal_not_found")
    assert not Person.objects.filter(username="firm-new").exists()
    assert send(agreement, filled(sides[0])).status_code == 302, "the name is free again"


def test_only_the_side_asked_sees_and_decides(
    agreement: Any, sides: Any, waiting: Registration, as_person: Any
) -> None:
    there = as_person(f"coordinator-{sides[1].pk}")
    assert not there.get(reverse("registrations_json", args=[agreement.pk])).json()["registrations"]
    for name in ("verify_registration", "refuse_registration"):
        check_act(name, agreement, as_person)
        data = {"registration": waiting.pk, "reason": "double"}
        assert post(there, name, agreement, data).status_code == 404
        assert post(as_person(f"leader-{sides[0].pk}"), name, agreement, data).status_code == 403
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_a_party_on_record_is_named_not_doubled(
    agreement: Any, sides: Any, waiting: Registration, as_person: Any
) -> None:
    held = planted.party(agreement, sides[0], "held", name="甲", uscc=waiting.uscc)
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    page = coordinator.get(reverse("registrations_json", args=[agreement.pk])).json()["registrations"][0]
    assert [(one["id"], one["is_same_code"]) for one in page["alike"]] == [("held", True)]
    answer = post(coordinator, "verify_registration", agreement, {"registration": waiting.pk})
    assert said(answer, "portal_register_code_held")
    wrong = {"registration": waiting.pk, "party": Party.objects.filter(side=sides[1]).first().pk}
    assert said(post(coordinator, "verify_registration", agreement, wrong), "portal_register_party_unknown")
    assert not Person.objects.filter(username="firm-new").exists()
    n_parties = Party.objects.count()
    post(coordinator, "verify_registration", agreement, {"registration": waiting.pk, "party": "held"})
    held.refresh_from_db()
    assert (Person.objects.get(username="firm-new").party, held.is_verified) == ("held", True)
    assert Party.objects.count() == n_parties


def test_a_code_of_elsewhere_and_a_second_sender_are_pointed_out(agreement: Any, sides: Any, as_person: Any) -> None:
    code = code_of("110101")
    for name in ("one", "two"):
        assert send(agreement, filled(sides[0], uscc=code, username=name)).status_code == 302
    rows = as_person(f"officer-{sides[0].pk}").get(reverse("registrations_json", args=[agreement.pk])).json()
    assert [(one["is_code_elsewhere"], one["n_same_code"]) for one in rows["registrations"]] == [(True, 1), (True, 1)]


def test_a_name_waiting_or_taken_is_refused(agreement: Any, sides: Any, waiting: Registration) -> None:
    assert "已被使用" in send(agreement, filled(sides[0])).content.decode()
    assert "已被使用" in send(agreement, filled(sides[0], username=f"leader-{sides[1].pk}")).content.decode()


def test_five_an_hour_from_one_address(agreement: Any, sides: Any) -> None:
    for number in range(5):
        assert send(agreement, filled(sides[0], username=f"n{number}")).status_code == 302
    answer = send(agreement, filled(sides[0], username="n5"))
    assert answer.status_code == 400
    assert said(answer, "portal_register_too_many")
    assert Activity.objects.filter(act="registration.send", is_refused=True).count() == 1
    assert send(agreement, filled(sides[0], username="n6"), REMOTE_ADDR="192.0.2.7").status_code == 302
    assert not re.search(r"127\.0\.0\.1", "".join(Registration.objects.values_list("origin", flat=True)))


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("association", "firm"),
        ("institute", "institute"),
        ("carrier", "institute"),
        ("fund", "fund"),
        ("talent", "talent"),
    ],
)
def test_each_kind_gets_its_role(agreement: Any, sides: Any, as_person: Any, kind: str, role: str) -> None:
    data = filled(sides[0], kind=kind, username=f"new-{kind}")
    if kind == "talent":
        data["uscc"] = ""
    assert send(agreement, data).status_code == 302
    row = Registration.objects.get()
    post(as_person(f"officer-{sides[0].pk}"), "verify_registration", agreement, {"registration": row.pk})
    made = Person.objects.get(username=f"new-{kind}")
    assert (made.role, Party.objects.get(pk=made.party).kind) == (role, kind)


def test_a_region_lies_in_the_narrowest_side() -> None:
    city, district, other = Side(code="350500"), Side(code="350582"), Side(code="440309")
    assert side_of("350582", [city, district, other]) is district
    assert side_of("350503", [city, district, other]) is city
    assert side_of("110101", [city, district, other]) is None


def test_without_a_form_a_registration_is_checked_as_well(agreement: Any, sides: Any) -> None:
    from duijie_portal.accounts.registering import register

    with pytest.raises(ValidationError):
        register(agreement.pk, sides[0], address="x", password="p", username="u", kind="king", name="", region="350582")


def test_only_what_was_taken_counts_towards_the_limit(agreement: Any, sides: Any) -> None:
    """Seven forms with a fault and then a sound one: the sound one is taken."""
    for _ in range(7):
        assert send(agreement, filled(sides[0], phone="", email="")).status_code == 400
    assert send(agreement, filled(sides[0])).status_code == 302


def test_after_a_fault_consent_stays_and_the_password_is_asked_for_again(agreement: Any, sides: Any) -> None:
    """Nothing is emptied without a word: the box stays ticked, and beside the password stands why it is empty."""
    page = send(agreement, filled(sides[0], phone="", email="")).content.decode()
    assert re.search(r'name="is_agreed"[^>]* checked', page)
    assert words("zh")["portal_join_password_again"] in page
    assert PASSWORD not in page
