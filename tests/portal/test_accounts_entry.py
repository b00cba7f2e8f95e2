"""Coming in: an identity provider of its own process, second factors, sessions that end, lock-outs seen and undone."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from portal_checks import check_act, post

from duijie.data.words import words
from duijie_portal.accounts.models import Activity, Person

PASSWORD = "correct horse battery"


def enter(name: str, password: str = PASSWORD, client: Client | None = None) -> tuple[Client, Any]:
    client = client or Client()
    return client, client.post(reverse("account_login"), {"login": name, "password": password})


# An identity provider


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real OpenID Connect provider in a process of its own."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"{address}/.well-known/openid-configuration", timeout=2):
                break
        except OSError:
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(20)


@pytest.fixture
def oidc(provider: str, settings: Any) -> str:
    app = {"provider_id": "office", "name": "政务统一认证", "client_id": "duijie", "secret": "secret"}
    apps = [{**app, "settings": {"server_url": provider}}]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": apps}}
    return provider


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def come_back_as(client: Client, subject: str, **query: str) -> Any:
    """Start at the portal, sign in at the provider as someone, and follow it back."""
    start = client.post(reverse("openid_connect_login", args=["office"]) + (f"?{urlencode(query)}" if query else ""))
    assert start.status_code == 302
    form = urllib.request.Request(start["Location"], urlencode({"sub": subject}).encode(), method="POST")
    try:
        urllib.request.build_opener(NoRedirect).open(form)
    except urllib.error.HTTPError as answer:
        back = answer.headers["Location"]
    assert back.startswith("http://testserver/")
    return client.get(back.removeprefix("http://testserver"))


def test_a_linked_identity_signs_in_and_an_unknown_one_is_refused(oidc: str, sides: Any) -> None:
    pytest.importorskip("jwt", reason="pyjwt reads the provider's tokens: django-allauth[socialaccount]")
    name = f"officer-{sides[0].pk}"
    client, answer = enter(name)
    assert answer.status_code == 302
    linked = come_back_as(client, "zhang@office", process="connect")
    assert linked.status_code == 302
    assert SocialAccount.objects.get().user.username == name

    fresh = Client()
    come_back_as(fresh, "zhang@office")
    assert fresh.session["_auth_user_id"] == str(Person.objects.get(username=name).pk)
    assert Activity.objects.filter(person__username=name, act="sign_in", is_refused=False).count() == 2

    n_people, stranger = Person.objects.count(), Client()
    refused = come_back_as(stranger, "someone@else")
    if refused.status_code == 302:
        refused = stranger.get(refused["Location"])
    assert "_auth_user_id" not in stranger.session
    assert (Person.objects.count(), SocialAccount.objects.count()) == (n_people, 1)

    Person.objects.filter(username=name).update(is_active=False)
    closed = Client()
    come_back_as(closed, "zhang@office")
    assert "_auth_user_id" not in closed.session, "a closed account stays closed"


def test_the_sign_in_page_offers_the_provider(oidc: str, db: None) -> None:
    page = Client().get(reverse("account_login")).content.decode()
    assert "政务统一认证" in page
    assert reverse("openid_connect_login", args=["office"]) in page


# A second factor


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_second_factor_is_asked_for_and_a_recovery_code_works_once(sides: Any) -> None:
    person = Person.objects.get(username=f"officer-{sides[0].pk}")
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    client, answer = enter(person.username)
    assert answer["Location"].startswith(reverse("mfa_authenticate"))
    assert "_auth_user_id" not in client.session
    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    client.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert "_auth_user_id" in client.session
    codes = RecoveryCodes.activate(person).get_unused_codes()
    assert len(codes) == 10
    assert Authenticator.objects.filter(user=person).count() == 2
    for expected in (True, False):
        other, _ = enter(person.username)
        other.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert ("_auth_user_id" in other.session) is expected


# Sessions


def test_a_person_sees_their_sessions_and_ends_the_others(sides: Any) -> None:
    name = f"reader-{sides[0].pk}"
    (here, _), (there, _) = enter(name), enter(name)
    page = reverse("usersessions_list")
    for client in (there, here):
        assert client.get(page).status_code == 200
    assert UserSession.objects.filter(user__username=name).count() == 2
    here.post(page)
    assert there.get(page).status_code == 302, "signed out elsewhere"
    assert here.get(page).status_code == 200


def test_closing_an_account_ends_its_sessions(agreement: Any, sides: Any, as_person: Any) -> None:
    name = f"reader-{sides[0].pk}"
    client, _ = enter(name)
    home = reverse("home", args=[agreement.pk])
    assert client.get(home).status_code == 200
    post(as_person(f"security-{sides[0].pk}"), "switch", agreement, {"username": name})
    assert client.get(home).status_code == 302
    assert not UserSession.objects.filter(user__username=name).exists()


# Lock-out


def test_a_lock_out_is_seen_and_undone_by_the_own_sides_administrator(
    agreement: Any, sides: Any, as_person: Any
) -> None:
    name = f"reader-{sides[0].pk}"
    for _ in range(5):
        enter(name, "wrong")
    assert enter(name)[1].status_code == 429
    security, there = (as_person(f"security-{side.pk}") for side in sides)
    page = reverse("locks_json", args=[agreement.pk])
    assert [one["username"] for one in security.get(page).json()["locked"] if one["n"] >= 5] == [name]
    assert there.get(page).json()["locked"] == []
    check_act("unlock", agreement, as_person)
    assert post(there, "unlock", agreement, {"username": name}).status_code == 404
    assert words("zh")["portal_done_unlock"] in post(security, "unlock", agreement, {"username": name}).content.decode()
    assert enter(name)[1].status_code == 302
    lines = Activity.objects.filter(person__username=name, is_refused=True)
    assert set(lines.values_list("act", flat=True)) == {"sign_in", "sign_in.locked"}
    shown = as_person(f"audit-{sides[0].pk}").get(reverse("activity", args=[agreement.pk])).content.decode()
    assert words("zh")["portal_power_sign_in_locked"] in shown
    assert name in shown


# Units


def test_a_side_enters_its_towns_and_parks(agreement: Any, sides: Any, as_person: Any) -> None:
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    data = {"kind": "park", "name_zh": "演练园区", "name_en": "Rehearsal Park"}
    assert words("zh")["portal_done_unit"] in post(coordinator, "add_unit", agreement, data).content.decode()
    assert "已被使用" in post(coordinator, "add_unit", agreement, data).content.decode()
    assert (
        'class="message error"'
        in post(coordinator, "add_unit", agreement, {**data, "kind": "department"}).content.decode()
    )
    [unit] = [
        one
        for one in coordinator.get(reverse("units_json", args=[agreement.pk])).json()["units"]
        if one["kind"] == "park"
    ]
    security = as_person(f"security-{sides[0].pk}")
    post(security, "invite", agreement, {"username": "park-one", "role": "officer", "department": unit["key"]})
    assert [one.kind for one in Person.objects.get(username="park-one").departments.all()] == ["park"]
