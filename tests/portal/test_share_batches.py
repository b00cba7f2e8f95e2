"""Whole tables pass the secrecy check and are released in one act each; the digest of every row stands in the log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from import_tables import FIRMS, take
from portal_checks import check_act, check_page, post

from duijie import data
from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie.intake import example
from duijie_portal.ledger.batches import digest_of
from duijie_portal.ledger.log import verify_agreement
from duijie_portal.ledger.models import Listing, Party
from duijie_portal.match.released_tables import write_tables
from duijie_portal.share import services


@pytest.fixture(autouse=True)
def _at_home(home: Path) -> Iterator[None]:
    yield
    shutil.rmtree(home / "imports", ignore_errors=True)


@pytest.fixture
def people(person: Any, sides: Any) -> Any:
    return lambda role, side=0: person(f"{role}-{sides[side].pk}")


@pytest.fixture
def table(agreement: Any, people: Any) -> Any:
    return take(people("coordinator"), agreement, "firms", *FIRMS)


def test_a_table_leaves_by_two_acts_of_two_people(
    agreement: Any, sides: Any, as_person: Any, people: Any, table: Any
) -> None:
    _, document = check_page("outgoing", agreement, as_person, sides)
    [one] = document["batches"]
    assert (one["id"], one["n_unchecked"], one["n_waiting"]) == (table.pk, 2, 0)
    shown = {row["id"] for group in document["held"] for row in group["rows"]}
    assert not any(key.startswith(table.pk + "-") for key in shown), "its rows stand with their table"
    answer = post(as_person(f"coordinator-{sides[0].pk}"), "clear_batch", agreement, {"table": table.pk})
    assert words("zh")["portal_done_clear"] in answer.content.decode()
    seen = Party.objects.filter(pk__startswith=table.pk)
    assert not seen.visible_to(people("coordinator", 1)).exists()
    assert (
        post(as_person(f"coordinator-{sides[0].pk}"), "release_batch", agreement, {"table": table.pk}).status_code
        == 403
    )
    answer = post(
        as_person(f"leader-{sides[0].pk}"), "release_batch", agreement, {"table": table.pk, "visibility": "both"}
    )
    assert words("zh")["portal_done_release"] in answer.content.decode()
    assert seen.visible_to(people("coordinator", 1)).count() == 2
    for kind in ("rows.cleared", "rows.released"):
        event = agreement.events.get(kind=kind, subject=table.pk)
        assert event.body["n_rows"] == 2
        listed = agreement.events.get(kind="rows.listed", subject=table.pk, sequence=event.sequence - 1)
        assert listed.body["digests"] == [digest_of(row) for row in seen.order_by("pk")]
    assert verify_agreement(agreement).holds
    assert reverse("batch", args=[agreement.pk, table.pk]) not in check_page("outgoing", agreement, as_person, sides)[0]


def test_rows_are_picked_from_a_table(agreement: Any, sides: Any, as_person: Any, table: Any) -> None:
    _, document = check_page("batch", agreement, as_person, sides, table=table.pk)
    assert [row["title"] for row in document["rows"]] == [FIRMS[1][0], FIRMS[2][0]]
    assert FIRMS[1][1] not in document["rows"][1]["said"]
    keys = [row["id"] for row in document["rows"]]
    here = as_person(f"coordinator-{sides[0].pk}")
    post(here, "clear", agreement, {"type": "party", "id": keys, "table": table.pk})
    assert Party.objects.filter(pk__in=keys, cleared_at__isnull=False).count() == 2
    post(
        as_person(f"leader-{sides[0].pk}"),
        "release",
        agreement,
        {"type": "party", "id": keys[:1], "visibility": "both"},
    )
    assert [Party.objects.get(pk=key).released_at is not None for key in keys] == [True, False]
    assert agreement.events.filter(kind="released", subject=keys[0]).exists()
    assert here.post(reverse("clear", args=[agreement.pk]), {"type": "party", "id": [*keys, "none"]}).status_code == 404


def test_what_cannot_leave(agreement: Any, people: Any, table: Any) -> None:
    leader, coordinator = people("leader"), people("coordinator")
    with pytest.raises(InputError, match="portal_batch_nothing"):
        services.release_table(leader, table, visibility="both")
    with pytest.raises(DeniedError, match="portal_other_side_owns"):
        services.clear_table(people("coordinator", 1), table)
    with pytest.raises(DeniedError, match="portal_denied"):
        services.clear_table(people("officer"), table)
    rows = [["供需", "专业领域"], ["人才", "鞋楦设计"]]
    persons = take(coordinator, agreement, "talents", *rows, has_consent=True)
    services.clear_table(coordinator, persons)
    with pytest.raises(DeniedError, match="portal_persons_not_public"):
        services.release_table(leader, persons, visibility="public")
    offer = Listing.objects.get(source__import=persons.pk)
    with pytest.raises(DeniedError, match="portal_persons_not_public"):
        services.release_rows(leader, [offer], visibility="public")
    assert services.release_table(leader, persons, visibility="matched") == 2


def test_writes_are_closed_to_others(agreement: Any, as_person: Any) -> None:
    for name in ("clear_batch", "release_batch"):
        check_act(name, agreement, as_person)


def test_the_pipeline_reads_what_both_sides_may_see(
    agreement: Any, sides: Any, people: Any, tmp_path: Path, table: Any
) -> None:
    own = data.root() / "agreements"
    real = next(path.parent for path in sorted(own.glob("*/agreement.yaml")) if (path.parent / "tables").is_dir())
    agreement.folder = str(real)
    before = example.load(real)
    coordinator, leader = people("coordinator"), people("leader")
    facts = take(
        coordinator, agreement, "statistics", ["指标", "数值", "单位", "年份"], ["某指标", "120.5", "亿元", "2024"]
    )
    rows = [["对接类型", "单位名称", "标题"], ["supply", FIRMS[1][0], "求购面料"]]
    needs = take(coordinator, agreement, "needs", *rows)
    Party.objects.filter(agreement=agreement).exclude(pk__startswith=table.pk).update(visibility="own")
    Listing.objects.filter(agreement=agreement).exclude(pk__startswith=needs.pk).update(visibility="own")
    assert write_tables(agreement, tmp_path / "none") == {}
    for one in (facts, needs):
        services.clear_table(coordinator, one)
        services.release_table(leader, one, visibility="both")
    assert write_tables(agreement, tmp_path / "both") == {"firms": 1, "listings": 1, "statistics": 1}
    after = example.load(tmp_path / "both")
    assert len(after.listings) == len(before.listings) + 1
    assert after.listings[-1].payload["title"] == "求购面料"
    assert after.listings[-1].source.publisher
    assert FIRMS[1][0] in {party.name for party in after.parties}
    assert FIRMS[2][0] not in {party.name for party in after.parties}
