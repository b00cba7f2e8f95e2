"""A portal of one side: its key alone, its people alone, the other side's rows as released copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import planted
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from duijie.data.words import words
from duijie.errors import DeniedError, SealError
from duijie.ledger import events
from duijie_portal.accounts.models import Activity, Person
from duijie_portal.accounts.powers import may
from duijie_portal.ledger import casework, checking, listings
from duijie_portal.ledger.entries import Grant, Todo
from duijie_portal.ledger.keys import key_of
from duijie_portal.ledger.models import Case, Listing
from duijie_portal.ledger.recording import append

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def one_side(settings: Any, sides: Any, agreement: Any) -> None:
    """The node of the first side, whichever deployment the suite runs in."""
    settings.HOSTED_SIDES = frozenset({sides[0].pk})


def note_of(side: str) -> events.Kept:
    return events.Kept(subject="note/x", on=timezone.localdate(), act="noted", ordering=side, fields={"n": 1})


def test_it_signs_for_its_own_side_alone(agreement: Any, sides: Any, tmp_path: Path, settings: Any) -> None:
    assert key_of(sides[0]).public_key
    with pytest.raises(SealError):
        key_of(sides[1])
    with pytest.raises(SealError):
        append(agreement, [(sides[1].pk, note_of(sides[1].pk))])
    settings.HOME = tmp_path
    with pytest.raises(SealError):
        key_of(sides[1])
    assert not (tmp_path / "keys" / f"{sides[1].pk}.pem").exists(), "no key of the other side is ever made here"


def test_people_of_the_other_side_do_nothing_here(agreement: Any, sides: Any) -> None:
    there = Person.objects.get(username=f"coordinator-{sides[1].pk}")
    assert not may(there, "read")
    with pytest.raises(DeniedError):
        listings.clear(there, agreement, rows=[])
    client = Client()
    answer = client.post(reverse("account_login"), {"login": there.username, "password": PASSWORD})
    assert answer.status_code == 403
    assert words("zh")["portal_elsewhere"] in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert Activity.objects.filter(person=there, act="sign_in", is_refused=True).exists()
    client.force_login(there, "django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("home", args=[agreement.pk])).status_code == 404


def test_its_own_people_work_and_the_log_of_both_sides_verifies(agreement: Any, sides: Any, person: Any) -> None:
    coordinator, leader = (person(f"{role}-{sides[0].pk}") for role in ("coordinator", "leader"))
    row = planted.listing(planted.party(agreement, sides[0], "p-own"), "l-own")
    listings.clear(coordinator, agreement, rows=[row])
    listings.release(leader, agreement, rows=[row], visibility="both")
    theirs = Todo.objects.filter(agreement=agreement, act="confirm", side=sides[0].pk, role="offer_side").first()
    if theirs is not None:
        casework.confirm(coordinator, Case.objects.get(pk=theirs.key), target=theirs.target)
    [(_, verdict)] = checking.check([agreement.pk])
    assert verdict.holds, verdict.faults
    assert agreement.entries.filter(side=sides[1].pk).exists(), "released copies come with their sealed entries"


def test_the_other_sides_rows_are_there_once_released(agreement: Any, sides: Any, as_person: Any) -> None:
    held = Listing.objects.filter(agreement=agreement, side=sides[1], released_at__isnull=False).first()
    client = as_person(f"reader-{sides[0].pk}")
    assert client.get(reverse("listing", args=[agreement.pk, held.pk])).status_code == 200
    Grant.objects.filter(sort="listing", key=held.pk).delete()
    assert client.get(reverse("listing", args=[agreement.pk, held.pk])).status_code == 404


def test_only_its_own_side_registers_here(agreement: Any, sides: Any) -> None:
    document = Client().get(reverse("join_json", args=[agreement.pk])).json()
    assert [one["code"] for one in document["sides"]] == [sides[0].pk]
    answer = Client().post(reverse("join", args=[agreement.pk]), {"kind": "talent", "region": sides[1].pk})
    assert answer.status_code == 400
    assert words("zh")["portal_join_no_side"].split("{")[0] in answer.content.decode()
