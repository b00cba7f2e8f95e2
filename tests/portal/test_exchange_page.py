"""The page on which two portals exchange packages: what each role finds there, and what is said of a wrong file."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from portal_checks import post, said

from duijie.data.words import words
from duijie_portal.accounts.models import SideKey
from duijie_portal.ledger.entries import Receipt
from duijie_portal.share import exchange


@pytest.fixture
def apart(settings: Any, sides: Any, agreement: Any) -> None:
    """The first side works here, the second elsewhere."""
    settings.HOSTED_SIDES = frozenset({sides[0].pk})


@pytest.fixture
def came(settings: Any, sides: Any, agreement: Any) -> bytes:
    """A package that the second side made for the first."""
    if settings.HOSTED_SIDES:
        pytest.xfail("one side: the other side's key is at its own node")
    settings.HOSTED_SIDES = frozenset({sides[1].pk})
    made = exchange.make_package(agreement, sides[0].pk)
    settings.HOSTED_SIDES = frozenset()
    return made


def _page(client: Any, agreement: Any) -> str:
    return str(client.get(reverse("exchange", args=[agreement.pk])).content.decode())


def test_where_all_sides_work_here_nothing_is_to_be_carried(
    agreement: Any, sides: Any, as_person: Any, settings: Any
) -> None:
    """The page says so and leads on; no package can be asked for."""
    if settings.HOSTED_SIDES:
        pytest.skip("of a portal for both sides")
    client = as_person(f"coordinator-{sides[0].pk}")
    assert words("zh")["portal_exchange_here"] in _page(client, agreement)
    answer = client.get(reverse("exchange_package", args=[agreement.pk, sides[1].pk]))
    assert answer.status_code == 400
    assert words("zh")["share_all_here"].split("{")[0] in answer.content.decode()


def test_lines_are_exchanged_and_a_slip_is_told(apart: None, agreement: Any, sides: Any, as_person: Any) -> None:
    """One's own line stands there to be read out; of the other side's a slip, a foreign word and one's own are told."""
    client = as_person(f"coordinator-{sides[0].pk}")
    assert exchange.introduction(sides[0]) in _page(client, agreement)
    key = "ab" * 32
    line = f"duijie {sides[1].pk} {key} {exchange._sum_of(sides[1].pk, key)}"
    for wrong, code in (
        (line.replace("ab" * 2, "ba" * 2, 1), "share_line_slip"),
        ("你好", "share_line_wrong"),
        (exchange.introduction(sides[0]), "share_side_elsewhere"),
    ):
        assert said(post(client, "exchange_trust", agreement, {"line": wrong}), code)
    assert not SideKey.objects.filter(public_key=key).exists()
    assert said(post(client, "exchange_trust", agreement, {"line": f"  {line} "}), "portal_done_trusted")
    assert SideKey.objects.get(public_key=key).side_id == sides[1].pk


def test_a_package_goes_out_and_one_is_taken_in(
    came: bytes, apart: None, agreement: Any, sides: Any, as_person: Any
) -> None:
    """The leader makes one, the coordinator takes one in; then the page says when, and how much each has."""
    answer = as_person(f"leader-{sides[0].pk}").get(reverse("exchange_package", args=[agreement.pk, sides[1].pk]))
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.namelist()[:2] == ["bundle.json", "entries.jsonl"]
    client = as_person(f"coordinator-{sides[0].pk}")
    assert words("zh")["portal_exchange_never"] in _page(client, agreement)
    sent = SimpleUploadedFile("来自对方.zip", came)
    assert said(post(client, "exchange_take", agreement, {"package": sent}), "portal_done_taken")
    [peer] = exchange.peers(agreement)
    assert Receipt.objects.get().at == peer.received_at
    assert peer.n_had + peer.n_waiting == agreement.entries.filter(side=sides[0].pk, is_inner=False).count()
    assert words("zh")["portal_exchange_last"] in _page(client, agreement)


@pytest.mark.parametrize("cut", [0, 20, 300])
def test_a_wrong_file_is_a_sentence_and_nothing_is_kept(
    cut: int, came: bytes, apart: None, agreement: Any, sides: Any, as_person: Any
) -> None:
    """A letter, or a package that broke off: told on the page itself."""
    content = came[:-cut] if cut else "各位领导".encode()
    n = agreement.entries.count()
    client = as_person(f"coordinator-{sides[0].pk}")
    answer = post(client, "exchange_take", agreement, {"package": SimpleUploadedFile("a.zip", content)})
    assert said(answer, "share_no_package")
    assert (agreement.entries.count(), Receipt.objects.count()) == (n, 0)


def test_an_officer_reads_where_things_stand_and_presses_nothing(
    apart: None, agreement: Any, sides: Any, as_person: Any
) -> None:
    """Buttons are the coordinator's and the leader's; the keys are everybody's to compare."""
    page = _page(as_person(f"officer-{sides[0].pk}"), agreement)
    assert exchange.introduction(sides[0]) in page
    assert reverse("exchange_trust", args=[agreement.pk]) not in page
    assert reverse("exchange_package", args=[agreement.pk, sides[1].pk]) not in page
