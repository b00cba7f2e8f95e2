"""What stands behind a figure, and what-ifs: kept by a side, version by version, worked out anew."""

from __future__ import annotations

from typing import Any

import planted
import pytest
from django.urls import reverse
from portal_checks import check_page

from duijie.diagnose.scenario import Scenario
from duijie_portal.diagnose.scenario_selectors import counts_of
from duijie_portal.ledger.models import Record
from duijie_portal.ledger.selectors import results

pytestmark = pytest.mark.django_db


@pytest.fixture
def strong(agreement: Any, sides: Any) -> dict[str, Any]:
    """The strongest industry of the first side."""
    rows = results(agreement, "diagnose")["specialization"]
    return next(row for row in rows if row["region"] == sides[0].pk)


def test_a_cell_shows_its_figures_and_its_firms(agreement: Any, as_person: Any, sides: Any, strong: Any) -> None:
    keys = {"region": strong["region"], "industry": strong["industry"]}
    planted.party(agreement, sides[0], "one", name="甲一号厂", industry=f"{strong['industry']}9")
    planted.party(agreement, sides[1], "two", name="乙一号厂", industry=strong["industry"])
    html, document = check_page("cell", agreement, as_person, sides, **keys)
    assert document["quotients"][strong["region"]]["quotient"] == pytest.approx(strong["quotient"])
    assert "甲一号厂" in html
    assert "乙一号厂" not in html
    assert document["sources"][0]["publisher"]
    other = as_person(f"reader-{sides[1].pk}").get(reverse("cell", args=[agreement.pk, *keys.values()]))
    assert "甲一号厂" not in other.content.decode()


@pytest.mark.parametrize("keys", [("000000", "195"), ("350582", "zzz")])
def test_an_unknown_cell_is_not_there(agreement: Any, coordinator: Any, keys: Any) -> None:
    assert coordinator.get(reverse("cell", args=[agreement.pk, *keys])).status_code == 404


def _keep(browser: Any, agreement: Any, sides: Any, industry: str, amount: str = "1", **more: str) -> Any:
    line = {"industry_0": industry, "amount_0": amount, "origin_0": sides[0].pk, "destination_0": sides[1].pk}
    path = reverse("keep_scenario", args=[agreement.pk])
    return browser.post(path, {"name": "一厂搬迁", **line, **more}, follow=True)


def test_a_what_if_is_kept_and_revised(
    agreement: Any, as_person: Any, sides: Any, strong: Any, coordinator: Any
) -> None:
    _keep(coordinator, agreement, sides, strong["industry"])
    row = Record.objects.get(agreement=agreement, kind="scenario")
    assert (row.visibility, row.released_at) == ("own", None)
    html, document = check_page_of(row, agreement, as_person, sides)
    amounts = [one for one in document["difference"]["cells"] if one["measure"] == "amount"]
    moved = {one["region"]: one["after"] - one["before"] for one in amounts}
    assert moved == {sides[0].pk: -1.0, sides[1].pk: 1.0}
    assert "不是事实" in html
    _keep(coordinator, agreement, sides, strong["industry"], "2", before=row.pk)
    later = Record.objects.exclude(pk=row.pk).get(agreement=agreement, kind="scenario")
    assert Scenario.from_json(later.payload["scenario"]).previous == Scenario.from_json(row.payload["scenario"]).digest
    path = reverse("scenario_json", args=[agreement.pk, later.pk])
    assert [one["version"] for one in coordinator.get(path).json()["versions"]] == [2, 1]
    listed = coordinator.get(reverse("scenarios_json", args=[agreement.pk])).json()["scenarios"]
    assert [(one["id"], one["version"]) for one in listed] == [(later.pk, 2)]


def check_page_of(row: Any, agreement: Any, as_person: Any, sides: Any) -> tuple[str, Any]:
    found = check_page("scenario", agreement, as_person, sides, scenario=row.pk)
    other = as_person(f"coordinator-{sides[1].pk}")
    assert other.get(reverse("scenario", args=[agreement.pk, row.pk])).status_code == 404
    return found


def test_the_list_of_what_ifs(agreement: Any, as_person: Any, sides: Any) -> None:
    html, document = check_page("scenarios", agreement, as_person, sides)
    assert document["scenarios"] == []
    assert "还没有情景" in html
    assert len(document["industries"]) == len(counts_of(agreement).industries)


@pytest.mark.parametrize(
    ("industry", "amount"), [("", "1"), ("zzz", "1"), (None, "0"), (None, "1000000"), (None, "-3"), (None, "viel")]
)
def test_what_cannot_be_is_refused(
    agreement: Any, sides: Any, strong: Any, coordinator: Any, industry: str | None, amount: str
) -> None:
    answer = _keep(coordinator, agreement, sides, strong["industry"] if industry is None else industry, amount)
    assert answer.status_code == 200
    assert "diagnose_" not in answer.content.decode().split("<main")[1].split("</main>")[0].replace("diagnose_lead", "")
    assert not Record.objects.filter(agreement=agreement, kind="scenario").exists()


def test_who_may_suppose(agreement: Any, as_person: Any, sides: Any, strong: Any) -> None:
    for role in ("reader", "leader", "firm", "auditor"):
        answer = _keep(as_person(f"{role}-{sides[0].pk}"), agreement, sides, strong["industry"])
        assert answer.status_code == 403
    assert _keep(as_person("stranger"), agreement, sides, strong["industry"]).status_code == 404
    assert as_person(f"officer-{sides[0].pk}").get(reverse("keep_scenario", args=[agreement.pk])).status_code == 405


def test_nobody_revises_the_other_sides(
    agreement: Any, as_person: Any, sides: Any, strong: Any, coordinator: Any
) -> None:
    _keep(coordinator, agreement, sides, strong["industry"])
    row = Record.objects.get(agreement=agreement, kind="scenario")
    other = as_person(f"coordinator-{sides[1].pk}")
    assert _keep(other, agreement, sides, strong["industry"], before=row.pk).status_code == 404
    assert Record.objects.filter(agreement=agreement, kind="scenario").count() == 1
