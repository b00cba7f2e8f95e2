"""Whose a home is: a demonstration stays on its machine; elsewhere first passwords change and keys need two factors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse
from nodes import ELSEWHERE, SERVE

from duijie_portal.accounts.models import Person
from duijie_portal.home import DEMONSTRATION, keep_operator, operator_of


@pytest.fixture
def real(home: Path) -> Any:
    """The same home run by an office."""
    keep_operator(home, "某市工信局")
    yield home
    keep_operator(home, DEMONSTRATION)


def test_a_first_password_is_changed_before_anything_else(
    agreement: Any, sides: Any, as_person: Any, person: Any, real: Path
) -> None:
    """Every page leads to the change of password, which alone opens; afterwards the pages are there."""
    who = person(f"officer-{sides[0].pk}")
    Person.objects.filter(pk=who.pk).update(has_first_password=True)
    client, path = as_person(who.username), reverse("home", args=[agreement.pk])
    assert client.get(path).url == reverse("account_change_password")
    page = client.get(reverse("account_change_password")).content.decode()
    assert "初始密码" in page
    words = {
        "oldpassword": "correct horse battery",
        "password1": "glacier orbit 7712",
        "password2": "glacier orbit 7712",
    }
    client.post(reverse("account_change_password"), words)
    assert not Person.objects.get(pk=who.pk).has_first_password
    assert as_person(who.username).get(path).status_code == 200


@pytest.mark.parametrize("role", ["leader", "coordinator", "security"])
def test_who_holds_the_keys_of_a_side_needs_a_second_factor(
    agreement: Any, sides: Any, as_person: Any, person: Any, real: Path, role: str
) -> None:
    """Without one every page leads to where it is set up; with one they open. Others are asked for none."""
    who, path = (
        person(f"{role}-{sides[0].pk}"),
        reverse("inbox" if role != "security" else "people", args=[agreement.pk]),
    )
    client = as_person(who.username)
    assert client.get(path).url == reverse("mfa_index")
    assert client.get(reverse("account_logout")).status_code == 200
    Authenticator.objects.create(user=who, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert client.get(path).status_code == 200
    assert as_person(f"reader-{sides[0].pk}").get(reverse("home", args=[agreement.pk])).status_code == 200


def test_a_demonstration_asks_for_neither(agreement: Any, sides: Any, as_person: Any, person: Any) -> None:
    """The printed passwords of its accounts open every page at once."""
    who = person(f"leader-{sides[0].pk}")
    Person.objects.filter(pk=who.pk).update(has_first_password=True)
    assert as_person(who.username).get(reverse("home", args=[agreement.pk])).status_code == 200


def test_an_invited_account_has_a_first_password(agreement: Any, sides: Any, as_person: Any) -> None:
    """Whoever opens an account has seen its password."""
    client = as_person(f"security-{sides[0].pk}")
    client.post(reverse("invite", args=[agreement.pk]), {"username": "fresh", "role": "reader", "party": ""})
    assert Person.objects.get(username="fresh").has_first_password


def _portal(home: Path, *words: str) -> Any:
    command = [sys.executable, "-c", SERVE, "portal", "--home", str(home), *words]
    own = {**os.environ, "DUIJIE_DATABASE_URL": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=own)


def test_a_demonstration_is_served_to_its_own_machine_only(tmp_path: Path) -> None:
    """Bound to another address it refuses with one sentence; a home of an office has no such bar."""
    done = _portal(tmp_path, "prepare", "--operator", DEMONSTRATION, str(ELSEWHERE))
    assert done.returncode == 0, done.stderr
    refused = _portal(tmp_path, "serve", "--bind", "0.0.0.0", "--port", "1")
    assert refused.returncode == 2
    assert "演示" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    _portal(tmp_path, "prepare", "--operator", "某市工信局", str(ELSEWHERE))
    assert operator_of(tmp_path) == "某市工信局"
    _portal(tmp_path, "prepare", str(ELSEWHERE))
    assert operator_of(tmp_path) == "某市工信局", "said once, it stands"
