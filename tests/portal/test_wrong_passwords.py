"""Guessing is stopped and the rightful get in: limits per account and per address, front servers that are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse
from test_accounts_entry import PASSWORD, enter

from duijie.data.words import words
from duijie.errors import InputError
from duijie_portal.accounts import adapters, attempts
from duijie_portal.accounts.models import Person
from duijie_portal.home import keep_operator, operator_of, proxies_of

OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def _try(name: str, password: str, address: str, client: Client | None = None) -> int:
    client = client or Client()
    data = {"login": name, "password": password}
    return client.post(reverse("account_login"), data, REMOTE_ADDR=address).status_code


def test_forty_wrong_names_of_an_office_keep_nobody_out(sides: Any) -> None:
    """Colleagues mistype, or one of them guesses names: another account of that address signs in."""
    for number in range(40):
        assert _try(f"no-such-{number}", "wrong", OFFICE) == 200
    assert _try(f"reader-{sides[0].pk}", PASSWORD, OFFICE) == 302


def test_one_address_guesses_a_hundred_times_and_no_more(sides: Any, monkeypatch: Any) -> None:
    """Over all accounts; a browser known to the account still gets in from there."""
    monkeypatch.setattr(attempts, "MOST_OF_ADDRESS", 12)
    name = f"reader-{sides[0].pk}"
    known, _ = enter(name)
    for number in range(12):
        _try(f"no-such-{number}", "wrong", OFFICE)
    assert _try(name, PASSWORD, OFFICE) == 429
    assert _try(name, PASSWORD, ELSEWHERE) == 302
    again = Client()
    again.cookies[attempts._COOKIE] = known.cookies[attempts._COOKIE].value
    assert _try(name, PASSWORD, OFFICE, again) == 302


def test_guessing_from_many_addresses_is_stopped(sides: Any, monkeypatch: Any) -> None:
    """Per account over all addresses; where it was opened before, and in a known browser, it opens."""
    monkeypatch.setattr(attempts, "MOST_OF_ACCOUNT", 12)
    name = f"reader-{sides[0].pk}"
    assert _try(name, PASSWORD, OFFICE) == 302
    for number in range(12):
        _try(name, "wrong", f"203.0.113.{number}")
    assert _try(name, PASSWORD, ELSEWHERE) == 429
    assert _try(name, PASSWORD, OFFICE) == 302
    assert _try(f"officer-{sides[0].pk}", PASSWORD, ELSEWHERE) == 302, "other accounts are not concerned"


def test_a_colleagues_five_wrong_passwords_do_not_lock_the_owners_browser(sides: Any) -> None:
    """From the same address: the lock-out is for browsers the account does not know; its own mistakes count there."""
    name = f"reader-{sides[0].pk}"
    own, _ = enter(name)
    assert attempts._COOKIE in own.cookies
    assert name not in own.cookies[attempts._COOKIE].value
    for _ in range(6):
        enter(name, "wrong")
    assert enter(name)[1].status_code == 429
    token = own.cookies[attempts._COOKIE].value
    fresh = Client()
    fresh.cookies[attempts._COOKIE] = token
    assert enter(name, client=fresh)[1].status_code == 302
    forged = Client()
    forged.cookies[attempts._COOKIE] = token[:-2] + "xx"
    assert enter(name, client=forged)[1].status_code == 429
    other = Client()
    other.cookies[attempts._COOKIE] = token
    for _ in range(5):
        enter(name, "wrong", other)
    other.cookies[attempts._COOKIE] = token
    assert enter(name, client=other)[1].status_code == 429, "a stolen token guesses five times"


def test_guessing_on_does_not_keep_an_account_locked(sides: Any) -> None:
    """A quarter of an hour after the fifth wrong password it is open, whatever was tried meanwhile."""
    from datetime import timedelta

    from axes.models import AccessAttempt
    from django.utils import timezone

    name = f"reader-{sides[0].pk}"
    for _ in range(8):
        _try(name, "wrong", OFFICE)
    row = AccessAttempt.objects.get(username=name)
    assert row.failures_since_start == 5
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert _try(name, PASSWORD, OFFICE) == 302


# Front servers


@pytest.fixture
def behind(tmp_path: Path, settings: Any) -> Any:
    """The address a request counts as, for what home.yaml names as front servers."""
    settings.HOME = tmp_path

    def seen(peer: str, said: str, *, proxies: str = "") -> str:
        (tmp_path / "home.yaml").write_text(f"operator: x\n{proxies}", encoding="utf-8")
        proxies_of.cache_clear()
        headers = {"HTTP_X_FORWARDED_FOR": said} if said else {}
        return adapters.address(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))

    yield seen
    proxies_of.cache_clear()


@pytest.mark.parametrize(
    ("peer", "said", "proxies", "address"),
    [
        (OFFICE, "", "", OFFICE),
        (OFFICE, "203.0.113.5", "", OFFICE),
        ("127.0.0.1", OFFICE, "", OFFICE),
        ("127.0.0.1", f"203.0.113.5, {OFFICE}", "", OFFICE),
        ("10.0.0.4", OFFICE, "", "10.0.0.4"),
        ("10.0.0.4", OFFICE, "proxies: [10.0.0.4]\n", OFFICE),
        ("10.0.0.4", f"203.0.113.5, {OFFICE}, 10.0.0.9", "proxies: [10.0.0.0/24]\n", OFFICE),
        ("127.0.0.1", OFFICE, "proxies: [10.0.0.4]\n", "127.0.0.1"),
        ("127.0.0.1", "nonsense", "", "127.0.0.1"),
    ],
)
def test_only_a_named_front_server_says_who_came(behind: Any, peer: str, said: str, proxies: str, address: str) -> None:
    """Without one this machine's own; what the sender wrote before it counts for nothing."""
    assert behind(peer, said, proxies=proxies) == address


def test_a_front_server_that_is_no_address_is_refused(tmp_path: Path) -> None:
    """With a sentence that quotes it; and naming the operator anew keeps the front servers."""
    (tmp_path / "home.yaml").write_text("operator: x\nproxies: [front.example]\n", encoding="utf-8")
    with pytest.raises(InputError, match="home_proxy_wrong"):
        proxies_of(tmp_path)
    keep_operator(tmp_path, "某市工信局")
    assert operator_of(tmp_path) == "某市工信局"
    assert "front.example" in (tmp_path / "home.yaml").read_text(encoding="utf-8")


# Weak passwords


@pytest.mark.parametrize(
    "password",
    ["123456789012", "aaaaaaaaaaaa", "passwordpassword", "password1234", "Passw0rd@2026", "PASSWORD!!!!!",
     "admin@123456", "abcabcabcabc", "iloveyou2026", "letmeinletmein"],
)  # fmt: skip
def test_a_weak_password_is_refused_with_a_plain_sentence(password: str) -> None:
    """Figures in a row, one sign, a common word twice or with a year behind it; in both languages."""
    from django.utils.translation import override

    said = {}
    for language in ("zh-hans", "en"):
        with override(language), pytest.raises(ValidationError) as caught:
            validate_password(password, Person(username="firm"))
        said[language] = caught.value.messages
    assert said["zh-hans"] != said["en"]
    assert all(any("一" <= sign <= "鿿" for sign in line) for line in said["zh-hans"])
    assert not any("一" <= sign <= "鿿" for line in said["en"] for sign in line)


def test_the_form_that_changes_a_password_says_so(sides: Any) -> None:
    """Where people meet it: their own page."""
    client, _ = enter(f"reader-{sides[0].pk}")
    data = {"oldpassword": PASSWORD, "password1": "passwordpassword", "password2": "passwordpassword"}
    page = client.post(reverse("account_change_password"), data).content.decode()
    assert words("zh")["portal_password_sequence"] in page
