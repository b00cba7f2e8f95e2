"""What the walk of one need met on its way: files, passwords, who returns, what stands first, a session that ended."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import planted
import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from portal_checks import post, said

from duijie.data.words import words
from duijie.errors import InputError
from duijie_portal.accounts.models import Person, Registration
from duijie_portal.ledger.entries import Review
from duijie_portal.ledger.services import keep_file
from duijie_portal.ledger.wholeness import is_whole


def _archive() -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "合同" * 4000)
    return kept.getvalue()


WHOLE = {
    "a.pdf": b"%PDF-1.7\n" + b"x" * 3000 + b"\ntrailer\n%%EOF\n",
    "a.png": b"\x89PNG\r\n\x1a\n" + b"x" * 3000 + b"\0\0\0\0IEND\xaeB`\x82",
    "a.jpg": b"\xff\xd8\xff\xe0" + b"x" * 3000 + b"\xff\xd9",
    "a.docx": _archive(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_broke_off_is_refused(name: str, settings: Any, tmp_path: Any) -> None:
    """Each kind of paper is taken whole and refused when its end is missing, with its name in the sentence."""
    settings.HOME = tmp_path
    content = WHOLE[name]
    assert keep_file(SimpleUploadedFile(name, content))[1] == len(content)
    for n_bytes in (len(content) // 2, len(content) - 12):
        with pytest.raises(InputError, match="portal_file_torn") as refused:
            keep_file(SimpleUploadedFile(name, content[:n_bytes]))
        assert refused.value.values == {"name": name}
    assert not is_whole(b"")


@pytest.mark.parametrize(
    "password", ["123456789012", "987654321098", "aaaabbbbcccc", "qwertyuiop12", "abcdefghijkl", "passwordpassword1234"]
)
def test_a_password_that_is_a_run_of_signs_is_refused(password: str) -> None:
    """Digits in a row, rows of keys, repeated signs, common words: nobody takes one of these."""
    if password == "passwordpassword1234":
        validate_password("password, glacier and 7 rivers", Person(username="firm"))
        return
    with pytest.raises(ValidationError):
        validate_password(password, Person(username="firm"))


@pytest.mark.parametrize("password", ["glacier-orbit-7712", "a long quiet river 7", "correct horse battery"])
def test_a_password_of_words_is_taken(password: str) -> None:
    """What people are advised to choose passes."""
    validate_password(password, Person(username="firm-a"))


def test_a_leader_returns_what_was_reviewed(agreement: Any, sides: Any, as_person: Any) -> None:
    """Passed by the coordinator, sent back by the leader with words: it stands at its author again."""
    row = planted.listing(planted.party(agreement, sides[0], "p-back"), "l-back")
    keys = {"sort": "listing", "key": row.pk}
    assert said(
        post(as_person(f"coordinator-{sides[0].pk}"), "review_clear", agreement, {}, **keys), "portal_done_clear"
    )
    leader = as_person(f"leader-{sides[0].pk}")
    page = leader.get(reverse("review", kwargs={"agreement": agreement.pk, **keys})).content.decode()
    assert reverse("send_back", kwargs={"agreement": agreement.pk, **keys}) in page
    post(leader, "send_back", agreement, {"note": "请补充月需求量"}, **keys)
    assert Review.objects.get(pk=f"listing/{row.pk}").state == "sent_back"


def _asks(agreement: Any, side: Any, number: int) -> Registration:
    return Registration.objects.create(
        agreement=agreement.pk, side=side, kind="firm", name=f"演练企业 {number}", region=side.pk, notice="1",
        username=f"asks-{number}", receipt=f"receipt-{number}", origin="x",
    )  # fmt: skip


def test_a_waiting_registration_stands_in_the_inbox(agreement: Any, sides: Any, as_person: Any) -> None:
    """Whoever may decide finds it among what waits, counted in the badge; leaders and the other side do not."""
    row = _asks(agreement, sides[0], 1)
    path = reverse("inbox", args=[agreement.pk])
    page = as_person(f"coordinator-{sides[0].pk}").get(path).content.decode()
    assert f"{reverse('registrations', args=[agreement.pk])}#r{row.pk}" in page
    assert words("zh")["portal_act_register"] in page
    for other in (f"leader-{sides[0].pk}", f"coordinator-{sides[1].pk}"):
        assert row.name not in as_person(other).get(path).content.decode()


def test_the_newest_stands_first_where_nothing_is_due(agreement: Any, sides: Any, person: Any) -> None:
    """A need entered just now is not the last of twenty."""
    from duijie_portal.ledger.inbox import waiting_for

    owner = planted.party(agreement, sides[0], "p-order")
    for key in ("350582.01a0", "350582.01a2", "350582.01a1"):
        planted.listing(owner, key)
    keys = [row.key for row in waiting_for(agreement, person(f"coordinator-{sides[0].pk}"), ["review"])]
    mine = [key for key in keys if key.startswith("350582.01a")]
    assert mine == sorted(mine, reverse=True)


def test_a_form_sent_after_the_session_ended_is_kept(agreement: Any, sides: Any, as_person: Any, person: Any) -> None:
    """The sign-in page says what happened; behind it the page has the text again, ready for its form, and only once."""
    who = person(f"coordinator-{sides[0].pk}")
    client, path = as_person(who.username), reverse("tickets", args=[agreement.pk])
    client.logout()
    sent = {"title": "请协助核对用地指标", "clause": "any", "csrfmiddlewaretoken": "x"}
    action = reverse("open_ticket", args=[agreement.pk])
    answer = client.post(action, sent, follow=True)
    assert answer.redirect_chain[0][0].startswith(reverse("account_login"))
    assert words("zh")["portal_session_ended"] in answer.content.decode()
    client.force_login(who, "django.contrib.auth.backends.ModelBackend")
    page = client.get(path)
    kept = page.context["refilled"]
    assert (kept["action"], kept["said"]) == (action, {"title": sent["title"], "clause": "any"})
    assert kept["has_ended"]
    assert words("zh")["portal_refilled"] in page.content.decode()
    assert client.get(path).context["refilled"] is None


def test_what_anyone_sends_without_a_sign_in_is_not_hoarded(agreement: Any) -> None:
    """A text of a megabyte from outside is not kept for anybody."""
    client = Client()
    client.post(reverse("open_ticket", args=[agreement.pk]), {"title": "长" * 300_000})
    assert client.session["typed"]["said"] == {}


def test_a_party_is_shown_no_light_and_the_offices_all_of_them(agreement: Any, sides: Any, as_person: Any) -> None:
    """How the governments judge a clause rests on records of theirs: a firm would read another colour than they do."""
    for name in ("home", "track"):
        path = reverse(name, args=[agreement.pk])
        assert 'class="light ' in as_person(f"officer-{sides[0].pk}").get(path).content.decode()
        assert 'class="light ' not in as_person(f"firm-{sides[0].pk}").get(path).content.decode()
