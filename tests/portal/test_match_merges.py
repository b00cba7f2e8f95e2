"""Organisations that may be one: found, shown side by side with reasons, decided, taken back, each act in the log."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from import_tables import faults, send, take
from portal_checks import check_act, check_page, post

from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Party, Record
from duijie_portal.match import merge_groups, merge_services

HEAD = ["企业名称", "统一社会信用代码", "区划代码", "住所"]
ONE = ["锦绣华章纺织有限公司", "", "350582", "某路 1 号"]
OTHER = ["锦绣华章纺织有限责任公司", "", "350582", "某路 1 号"]
THIRD = ["锦绣华章(晋江)纺织有限公司", "", "350582", "某路 1 号"]

pytestmark = pytest.mark.usefixtures("fresh_imports")


@pytest.fixture
def here(person: Any, sides: Any) -> Any:
    return person(f"coordinator-{sides[0].pk}")


@pytest.fixture
def three(agreement: Any, here: Any) -> list[str]:
    """Three names of perhaps one firm; their keys in the order they came in."""
    take(here, agreement, "firms", HEAD, ONE, OTHER, THIRD)
    merge_services.find_pairs(here, agreement)
    return [Party.objects.get(name=row[0]).pk for row in (ONE, OTHER, THIRD)]


def test_pairs_are_found_shown_and_decided(
    agreement: Any, sides: Any, as_person: Any, here: Any, three: list[str]
) -> None:
    html, document = check_page("merges", agreement, as_person, sides)
    pair = next(one for one in document["pairs"] if {end["id"] for end in one["ends"]} == set(three[:2]))
    assert pair["chance"] > 0.5
    assert {end["source"]["title"] for end in pair["ends"]} == {"部门台账"}
    assert words("zh")["merge_same_name"] in html
    browser, data = as_person(here.username), {"one": three[0], "other": three[1]}
    answer = post(browser, "decide_merge", agreement, {**data, "is_same": "1"})
    assert words("zh")["portal_merge_done_same"] in answer.content.decode()
    assert merge_groups.same_as(agreement, sides[0].pk) == {three[1]: three[0]}
    _, document = check_page("merges", agreement, as_person, sides)
    assert all({end["id"] for end in one["ends"]} != set(three[:2]) for one in document["pairs"])
    shown = browser.get(reverse("organisations_json", args=[agreement.pk]), {"q": ONE[0]}).json()["organisations"]
    assert shown[0]["also"] == [OTHER[0]]
    row = Record.objects.get(kind="merge")
    post(browser, "undo_merge", agreement, {"key": row.pk})
    assert merge_groups.same_as(agreement, sides[0].pk) == {}
    assert agreement.entries.filter(subject=f"record/{row.pk}").count() == 2
    assert verify_agreement(agreement).holds
    post(browser, "undo_merge", agreement, {"key": row.pk})
    assert agreement.entries.filter(subject=f"record/{row.pk}").count() == 2, "taken back once"


def test_a_contradiction_is_refused(agreement: Any, here: Any, three: list[str]) -> None:
    one, other, third = three
    merge_services.decide(here, agreement, one=one, other=other, is_same=True)
    merge_services.decide(here, agreement, one=other, other=third, is_same=False)
    with pytest.raises(InputError, match="merge_contradiction"):
        merge_services.decide(here, agreement, one=one, other=third, is_same=True)
    with pytest.raises(InputError, match="merge_no_pair"):
        merge_services.decide(here, agreement, one=one, other="none-such", is_same=True)


def test_tables_that_name_either_mean_the_same_one(agreement: Any, here: Any, three: list[str]) -> None:
    rows = [["对接类型", "单位名称", "标题"], ["supply", ONE[0], "求购面料"]]
    Party.objects.filter(pk=three[1]).update(name=ONE[0])
    assert faults(send(here, agreement, "needs", *rows)) == ["portal_import_several"]
    merge_services.decide(here, agreement, one=three[0], other=three[1], is_same=True)
    assert faults(send(here, agreement, "needs", *rows)) == []


def test_only_ones_own_side_is_looked_through(agreement: Any, sides: Any, person: Any, three: list[str]) -> None:
    there = person(f"coordinator-{sides[1].pk}")
    merge_services.find_pairs(there, agreement)
    with pytest.raises(InputError, match="merge_no_pair"):
        merge_services.decide(there, agreement, one=three[0], other=three[1], is_same=True)
    with pytest.raises(DeniedError, match="portal_denied"):
        merge_services.find_pairs(person(f"reader-{sides[0].pk}"), agreement)
    row = merge_services.decide(
        person(f"coordinator-{sides[0].pk}"), agreement, one=three[0], other=three[1], is_same=True
    )
    with pytest.raises(DeniedError, match="portal_other_side_owns"):
        merge_services.undo(there, row)


def test_writes_are_closed_to_others(agreement: Any, as_person: Any, sides: Any) -> None:
    html, _ = check_page("merges", agreement, as_person, sides)
    assert words("zh")["portal_merge_not_looked"] in html
    for name in ("find_merges", "decide_merge", "undo_merge"):
        check_act(name, agreement, as_person)
