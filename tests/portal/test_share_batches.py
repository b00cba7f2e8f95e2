"""Whole tables pass their review and are released in one act each; every row is an event of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from import_tables import FIRMS, take
from portal_checks import check_act, check_page, post

from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie_portal.frame.material import material_of
from duijie_portal.ledger import checking
from duijie_portal.ledger.entries import Entry, Review
from duijie_portal.ledger.models import Job, Listing, Party
from duijie_portal.share import services

ON = date(2025, 6, 30)
pytestmark = pytest.mark.usefixtures("fresh_imports")


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
    own = Entry.objects.filter(agreement=agreement, subject__contains=table.pk)
    assert [own.filter(kind=kind).count() for kind in ("submitted", "cleared", "released")] == [2, 2, 2]
    [(_, verdict)] = checking.check([agreement.pk])
    assert verdict.holds, verdict.faults
    assert reverse("batch", args=[agreement.pk, table.pk]) not in check_page("outgoing", agreement, as_person, sides)[0]


def test_rows_are_picked_from_a_table(agreement: Any, sides: Any, as_person: Any, table: Any) -> None:
    _, document = check_page("batch", agreement, as_person, sides, table=table.pk)
    assert [row["title"] for row in document["rows"]] == [FIRMS[1][0], FIRMS[2][0]]
    assert FIRMS[1][1] not in document["rows"][1]["said"]
    keys = [row["id"] for row in document["rows"]]
    here = as_person(f"coordinator-{sides[0].pk}")
    post(here, "clear", agreement, {"type": "party", "id": keys, "table": table.pk})
    assert Review.objects.filter(key__in=keys, state="cleared").count() == 2
    post(
        as_person(f"leader-{sides[0].pk}"),
        "release",
        agreement,
        {"type": "party", "id": keys[:1], "visibility": "both"},
    )
    assert [Party.objects.get(pk=key).released_at is not None for key in keys] == [True, False]
    assert Entry.objects.filter(agreement=agreement, kind="released", subject=f"party/{keys[0]}").exists()
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


def test_the_material_holds_what_was_opened_of_a_table(agreement: Any, people: Any, table: Any) -> None:
    """Nothing before the release of its table; the owner of a need that was opened goes along with it."""
    coordinator, leader = people("coordinator"), people("leader")
    rows = [["对接类型", "单位名称", "标题"], ["supply", FIRMS[1][0], "求购面料"]]
    needs = take(coordinator, agreement, "needs", *rows)
    before = material_of(agreement)
    for one in (table, needs):
        services.clear_table(coordinator, one)
    services.release_table(leader, needs, visibility="both")
    named = material_of(agreement)
    [need] = _new(named.listings, before.listings)
    assert (need.payload["title"], need.visibility) == ("求购面料", "both")
    assert need.source.publisher
    [owner] = _new(named.parties, before.parties)
    assert owner.name == FIRMS[1][0]
    assert owner.source.publisher
    assert Job.objects.filter(kind="match.rank", payload__kind="supply").count() == 1
    services.release_table(leader, table, visibility="both")
    whole = material_of(agreement)
    assert {one.name for one in _new(whole.parties, before.parties)} == {FIRMS[1][0], FIRMS[2][0]}
    assert next(one for one in whole.parties if one.id == owner.id).source.publisher


def _new(after: Any, before: Any) -> list[Any]:
    known = {one.id for one in before}
    return [one for one in after if one.id not in known]
