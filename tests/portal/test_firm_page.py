"""One firm on one page: each count has its rows, each row its record, and officials of its own side alone read it."""

from __future__ import annotations

from typing import Any

import planted
import pytest
from django.urls import reverse
from portal_checks import check_page
from test_firm_visits import SECRET, _visit, firm, office

from duijie_portal.accounts.models import Department
from duijie_portal.ledger import casework
from duijie_portal.ledger.models import Case, Listing

__all__ = ["firm", "office"]


@pytest.fixture
def case(agreement: Any, firm: Any, sides: Any) -> Case:
    """A case of the firm with one of the other side, met once."""
    other = planted.party(agreement, sides[1], "d-other", name="走访测试面料公司", visibility="both")
    planted.listing(firm, "d-need", payload={"title": "求购鞋面布"}, visibility="both")
    planted.listing(other, "d-offer", role="offer", payload={"title": "供应鞋面布"}, visibility="both")
    return planted.case(
        agreement, "d-case", firm, other, kind="supply", steps=("match", "meeting"), listings=("d-need", "d-offer")
    )


def test_a_firm_nobody_met_says_what_to_do(agreement: Any, firm: Any, as_person: Any, sides: Any) -> None:
    """Nothing on record: every part says so, and the first visit is a press away; both languages, closed to others."""
    html, document = check_page("firm", agreement, as_person, sides, party=firm.pk)
    assert {name: part["n"] for name, part in document["parts"].items()} == dict.fromkeys(
        ("visits", "listings", "suggestions", "declines", "cases", "meetings", "tickets", "leads", "contacts"), 0
    )
    assert "还没有走访。" in html
    assert f"{reverse('firm_visits', args=[agreement.pk])}?party={firm.pk}" in html
    assert as_person(f"coordinator-{sides[1].pk}").get(reverse("firm", args=[agreement.pk, firm.pk])).status_code == 404
    listed = as_person(f"coordinator-{sides[0].pk}").get(
        reverse("organisations", args=[agreement.pk]), {"q": firm.name}
    )
    assert reverse("firm", args=[agreement.pk, firm.pk]) in listed.content.decode()


def test_every_number_has_its_rows(
    agreement: Any, office: Any, firm: Any, case: Case, sides: Any, as_person: Any, person: Any
) -> None:
    """Visit, need, case, decline and account are counted and listed; each row leads to its record."""
    client = as_person(office.username)
    visit = _visit(client, agreement, office, firm, goes_on="1")
    acts = person(f"firm-{sides[0].pk}")
    acts.party = firm.pk
    acts.save()
    planted.listing(firm, "d-more", payload={"title": "求购鞋垫"}, visibility="both")
    casework.decline(acts, Listing.objects.get(pk="d-more"), offer=Listing.objects.get(pk="d-offer"), reason="distance")
    path = reverse("firm", args=[agreement.pk, firm.pk])
    page = client.get(path).content.decode()
    document = client.get(reverse("firm_json", args=[agreement.pk, firm.pk])).json()
    counted = {name: part["n"] for name, part in document["parts"].items() if part["n"]}
    assert counted == {"visits": 1, "listings": 2, "declines": 1, "cases": 1, "contacts": 1}
    for name, part in document["parts"].items():
        assert len(part["rows"]) == part["n"]
        assert f'href="#{name}"' in page
        assert f'id="{name}"' in page
    for address in (("case", visit.pk), ("case", case.pk), ("listing", "d-need")):
        assert reverse(address[0], args=[agreement.pk, address[1]]) in page
    assert SECRET in page


def test_who_spoke_to_it_last_is_said_of_both_sides(
    agreement: Any, office: Any, firm: Any, case: Case, sides: Any, as_person: Any, officer_of: Any
) -> None:
    """A step of the other side's office in a case both read stands there; their own visits to their firms do not."""
    theirs = officer_of(sides[1], Department.objects.filter(agreement=agreement.pk, side=sides[1]).first().key)
    step = casework.record_step(theirs, case, node="intent", said=casework.Said(case.last_on, note="x"))
    client = as_person(office.username)
    document = client.get(reverse("firm_json", args=[agreement.pk, firm.pk])).json()
    [last] = document["touches"]
    assert (last["side"], last["case"], last["what"]) == (sides[1].pk, case.pk, "intent")
    assert step
    _visit(client, agreement, office, firm)
    again = client.get(reverse("firm_json", args=[agreement.pk, firm.pk])).json()["touches"]
    assert [(one["side"], one["what"]) for one in again][-1] == (sides[1].pk, "intent")
    assert again[0]["side"] == sides[0].pk
    abroad = as_person(theirs.username).get(reverse("firm_json", args=[agreement.pk, "d-other"])).json()
    assert SECRET not in str(abroad)
    assert {one["side"] for one in abroad["touches"]} == {sides[1].pk}
