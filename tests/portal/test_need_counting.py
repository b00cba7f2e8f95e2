"""One rule of counting: overview, leader's brief, clause page and lists take what stands with every confirmation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import planted
import pytest
from django.urls import reverse

from duijie.ledger.events import Amount, FileRef
from duijie_portal.frame import brief_selectors, selectors
from duijie_portal.ledger import casework
from duijie_portal.ledger.models import Agreement, Case
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.track import selectors as track

pytestmark = pytest.mark.django_db
TODAY = date(2025, 7, 2)
FILE = (FileRef("0" * 64, 1, "application/pdf", "contract"),)


@pytest.fixture
def clause(agreement: Agreement) -> str:
    return agreement_term(agreement).clauses[0].key


@pytest.fixture
def case(agreement: Agreement, sides: Any, clause: str) -> Case:
    """A case of a clause whose match both accepted; nobody met."""
    need, offer = (planted.party(agreement, side, f"count-{side.pk}") for side in sides)
    return planted.case(agreement, "c-count", need, offer, clause=clause, steps=("match",))


def _sign(person: Any, case: Case, amount: str = "1200000") -> str:
    said = casework.Said(TODAY, Amount(Decimal(amount), "cny"), files=FILE)
    return casework.record_step(person, case, node="signed", said=said)


def _figures(agreement: Agreement, person: Any) -> dict[str, dict[str, int]]:
    """What overview, leader's brief and the clauses' own chains say."""
    nodes = ("meeting", "signed", "delivered")
    home = selectors.home(agreement, person, as_of=TODAY)["counts"]
    brief = brief_selectors.brief(agreement, person, as_of=TODAY)["figures"]
    clauses = track.standing(agreement, person, as_of=TODAY).clauses
    chain = {node: sum(one.chain[node] for one in clauses) for node in nodes}
    return {name: {node: found[node] for node in nodes} for name, found in
            {"home": home, "brief": brief, "clauses": chain}.items()}  # fmt: skip


def test_what_waits_or_is_disputed_is_counted_nowhere(case: Case, sides: Any, person: Any) -> None:
    """A contract moves every figure once and only when both sides confirmed; a meeting that was skipped is none."""
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    before = _figures(case.agreement, here)
    assert before["home"] == before["brief"] == before["clauses"]
    signed = _sign(here, case)
    assert _figures(case.agreement, here) == before, "it waits for the other side"
    casework.record_step(here, case, node="started", said=casework.Said(TODAY, files=FILE))
    casework.send_back(there, case, target=signed, note="金额不符", on=TODAY)
    assert _figures(case.agreement, here) == before, "it is disputed"
    casework.confirm(there, case, target=signed, on=TODAY)
    after = _figures(case.agreement, here)
    assert after["home"] == after["brief"] == after["clauses"]
    moved = {node: n - before["home"][node] for node, n in after["home"].items()}
    assert moved == {"meeting": 0, "signed": 1, "delivered": 0}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_lists_mark_what_no_figure_takes(
    case: Case, sides: Any, person: Any, as_person: Any, language: str, clause: str
) -> None:
    """The clause's table and the list of cases show a pending amount marked, and the total leaves it out."""
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    browser, keys = as_person(here.username, language), [case.agreement_id, clause]

    def row() -> dict[str, Any]:
        found = browser.get(reverse("clause_json", args=keys)).json()
        [one] = [one for one in found["cases"] if one["id"] == case.pk]
        return {**one, "total": sum(float(each["amount"]) for each in found["sums"]["signed"] if each["unit"] == "cny")}

    before = row()["total"]
    signed = _sign(here, case)
    waiting = row()
    assert [one["standing"] for one in waiting["signed"]] == ["awaiting"] == [waiting["standing"]]
    assert waiting["total"] == before
    mark = "awaiting, not counted" if language == "en" else "待确认，未计入"
    for path in (reverse("clause", args=keys), reverse("cases", args=keys[:1]) + "?q=count-"):
        assert mark in browser.get(path).content.decode()
    casework.confirm(there, case, target=signed, on=TODAY)
    assert (row()["standing"], row()["total"]) == ("counts", before + 1_200_000)


def test_the_amount_of_a_clause_is_the_sum_of_its_table(agreement: Agreement, person: Any, sides: Any) -> None:
    """Of every clause: the indicator of the contracts' value is the total under its table of cases."""
    from duijie_portal.ledger.selectors import counted_sums, sums_of

    who, n = person(f"leader-{sides[0].pk}"), 0
    for one in track.standing(agreement, who, as_of=TODAY).clauses:
        cases = Case.objects.filter(agreement=agreement, clause=one.clause.key).visible_to(who)
        sums = counted_sums(sums_of(cases.values_list("pk", flat=True), as_of=TODAY))
        total = sum(row["amount"] for row in sums["signed"] if row["unit"] == "cny")
        for row in one.indicators:
            if row.indicator.measure == "signed_amount":
                n += bool(total)
                assert float(total) == row.actual, one.clause.key
    assert n, "some clause has contracts"


def test_the_brief_tells_a_figure_that_moved_this_quarter(case: Case, sides: Any, person: Any, clause: str) -> None:
    """A contract confirmed today is a change of the quarter, although no light turned; parties are no achievement."""
    here, there = (person(f"coordinator-{side.pk}") for side in sides)

    def told() -> list[Any]:
        found = brief_selectors.brief(case.agreement, here, as_of=TODAY)
        assert "parties" not in found["figures"]
        return [one for row in found["changes"] if row["clause"] == clause for one in row["figures"]]

    before = told()
    casework.confirm(there, case, target=_sign(here, case), on=TODAY)
    assert len(told()) > 0
    assert told() != before


def test_an_indicator_without_a_target_is_not_called_unreported(
    agreement: Agreement, as_person: Any, sides: Any
) -> None:
    """Where no target was set a value has no light, and the page says why."""
    leader = as_person(f"leader-{sides[0].pk}")
    for one in agreement_term(agreement).clauses:
        keys = [agreement.pk, one.key]
        rows = leader.get(reverse("clause_json", args=keys)).json()["clause"]["indicators"]
        if any(row["target"] is None and row["actual"] for row in rows):
            assert "未设目标" in leader.get(reverse("clause", args=keys)).content.decode()
            return
    pytest.fail("no clause has a value without a target")
