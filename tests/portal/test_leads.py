"""The same investor reported twice: seen at once, the first report stands, a dispute waits for the coordinator."""

from __future__ import annotations

from typing import Any, NamedTuple

import planted
import pytest
from django.urls import reverse
from django.utils import timezone
from portal_checks import check_page, post, said

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger import casework, telling
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.inbox import waiting_for
from duijie_portal.ledger.models import Case
from duijie_portal.ledger.store import keep_bytes
from duijie_portal.track import leads

TODAY = timezone.localdate()
CODE, OTHER_CODE = "91350582MA2XQ00016", "91440300MA5DA0002M"
NAME, SECRET = "首报测试新材料有限公司", "拟投三亿暗号乙丑"


class Towns(NamedTuple):
    """Two departments of the first side and one of the other, each with an officer of its own."""

    first: Person
    second: Person
    abroad: Person


@pytest.fixture
def towns(agreement: Any, sides: Any, as_person: Any) -> Towns:
    own = list(Department.objects.filter(agreement=agreement.pk, side=sides[0])[:2])
    other = Department.objects.filter(agreement=agreement.pk, side=sides[1]).first()
    people = []
    for at, office in enumerate((*own, other)):
        person = Person.objects.create_user(f"town-{at}", None, role="officer", side=office.side)
        person.departments.add(office)
        people.append(person)
    return Towns(*people)


def _data(agreement: Any, who: Person, **more: str) -> dict[str, str]:
    clause = next(iter(leads.term_of(agreement, who).clauses)).key
    about = {"matter": SECRET, "clause": clause, "on": TODAY.isoformat(), "department": who.departments.get().key}
    return {"investor": NAME, "uscc": "", **about, **more}


def _report(client: Any, agreement: Any, who: Person, **more: str) -> Any:
    return post(client, "report_lead", agreement, _data(agreement, who, **more))


def _reported(name: str = NAME) -> list[Case]:
    return list(Case.objects.filter(kind=leads.KIND, payload__investor=name).order_by("opened_at"))


@pytest.fixture
def lead(agreement: Any, towns: Towns, as_person: Any) -> Case:
    """The report of the first office."""
    assert said(_report(as_person(towns.first.username), agreement, towns.first), "portal_done_lead")
    [row] = _reported()
    return row


def test_the_second_office_sees_at_once_who_was_first(
    agreement: Any, towns: Towns, lead: Case, as_person: Any, sides: Any
) -> None:
    """Another legal form of the name: no second lead, who was first stands on the form, and what was typed is kept."""
    client = as_person(towns.second.username)
    answer = _report(client, agreement, towns.second, investor="首报测试新材料有限责任公司", matter="另一件事")
    page = answer.content.decode()
    assert f"（线索 {lead.payload['number']}）" in page
    assert towns.first.departments.get().name["zh"] in page
    assert "另一件事" in page
    assert Case.objects.filter(kind=leads.KIND, payload__has_key="investor").count() == 1


def test_the_other_side_learns_number_and_office_and_nothing_else(
    agreement: Any, towns: Towns, lead: Case, as_person: Any, sides: Any
) -> None:
    """Across the sides the report is seen as well; the lead itself and its words do not exist there until signed."""
    client = as_person(towns.abroad.username)
    page = _report(client, agreement, towns.abroad, matter="想来投资").content.decode()
    assert lead.payload["number"] in page
    assert towns.first.departments.get().name["zh"] in page
    assert SECRET not in page
    assert client.get(reverse("case", args=[agreement.pk, lead.pk])).status_code == 404
    for name in ("leads", "leads_json", "inbox", "home", "cases", "tickets", "share"):
        assert SECRET not in client.get(reverse(name, args=[agreement.pk])).content.decode()
    found = client.get(reverse("search_json", args=[agreement.pk]), {"q": NAME}).json()["found"]
    assert lead.pk not in str(found)


def test_the_other_side_reads_a_lead_once_it_is_signed(
    agreement: Any, towns: Towns, lead: Case, as_person: Any, sides: Any
) -> None:
    """Its word is asked then, so it reads what it is asked about."""
    paper = {"assessed": "report", "negotiating": "minutes", "signed": "contract"}
    for node, evidence in paper.items():
        files = casework.references([(keep_bytes(b"%PDF-1.7"), 8, "application/pdf", evidence)])
        row = Case.objects.get(pk=lead.pk)
        casework.record_step(towns.first, row, node=node, said=casework.Said(TODAY, files=files, note="见附件"))
    assert as_person(towns.abroad.username).get(reverse("case", args=[agreement.pk, lead.pk])).status_code == 200
    row, coordinator = Case.objects.get(pk=lead.pk), Person.objects.get(username=f"coordinator-{sides[1].pk}")
    casework.confirm(coordinator, row, target=row.steps.get(kind="signed").pk)
    assert verify_agreement(agreement).holds


def test_one_code_is_one_investor_whatever_its_name(agreement: Any, towns: Towns, as_person: Any) -> None:
    """The same code under another name is refused, even by who says it is another; two codes are two investors."""
    one, two = as_person(towns.first.username), as_person(towns.second.username)
    assert said(_report(one, agreement, towns.first, uscc=CODE), "portal_done_lead")
    answer = _report(two, agreement, towns.second, investor="改名后的公司", uscc=CODE, is_other="1")
    assert _reported()[0].payload["number"] in answer.content.decode()
    assert not _reported("改名后的公司")
    assert said(_report(two, agreement, towns.second, uscc=OTHER_CODE), "portal_done_lead")
    assert len(_reported()) == 2


def test_a_name_alone_may_be_another_investor(agreement: Any, towns: Towns, lead: Case, as_person: Any) -> None:
    """Who has checked says so, and reports their own."""
    answer = _report(as_person(towns.second.username), agreement, towns.second, is_other="1")
    assert said(answer, "portal_done_lead")
    assert [one.roles["lead"] for one in _reported()] == [
        town.departments.get().key for town in (towns.first, towns.second)
    ]


def test_a_dispute_waits_for_the_coordinator(
    agreement: Any, towns: Towns, lead: Case, as_person: Any, person: Any, sides: Any
) -> None:
    """It stands in the coordinator's inbox and in nobody else's; upheld, the first report stands."""
    coordinator, client = person(f"coordinator-{sides[0].pk}"), as_person(towns.second.username)
    data = {"investor": NAME, "uscc": "", "department": towns.second.departments.get().key, "reason": "我们先接触的"}
    assert said(post(client, "dispute_lead", agreement, data), "portal_done_lead_dispute")
    [row] = Case.objects.filter(kind=leads.DISPUTE)
    assert [one.act for one in waiting_for(agreement, coordinator) if one.key == row.pk] == ["turn"]
    for other in (towns.first, towns.second, person(f"coordinator-{sides[1].pk}")):
        assert not [one for one in waiting_for(agreement, other) if one.key == row.pk]
    inbox = as_person(coordinator.username).get(reverse("inbox", args=[agreement.pk])).content.decode()
    assert lead.payload["number"] in inbox
    assert all(one.is_inner for one in agreement.entries.filter(subject=f"case/{row.pk}"))
    answer = post(as_person(coordinator.username), "record_step", agreement,
                  {"node": "upheld", "on": TODAY.isoformat(), "note": "以首报为准"}, case=row.pk)  # fmt: skip
    assert said(answer, "portal_done_step")
    first = leads.first_report(agreement, name=NAME, uscc="")
    assert first is not None
    assert first.key == lead.pk
    lines = [*telling.lines(row.pk, "zh")]
    assert len(lines) == 2
    assert "我们先接触的" in lines[0]


def test_what_is_given_over_may_be_reported_anew(
    agreement: Any, towns: Towns, lead: Case, as_person: Any, person: Any, sides: Any
) -> None:
    """Only a coordinator gives it over; then the office that disputed reports, and is the first."""
    client, office = as_person(towns.second.username), towns.second.departments.get().key
    post(client, "dispute_lead", agreement, {"investor": NAME, "department": office, "reason": "我们先接触的"})
    [row] = Case.objects.filter(kind=leads.DISPUTE)
    step = {"node": "given_over", "on": TODAY.isoformat(), "note": "同意"}
    assert said(post(client, "record_step", agreement, step, case=row.pk), "case_not_your_role")
    post(as_person(f"coordinator-{sides[0].pk}"), "record_step", agreement, step, case=row.pk)
    assert said(_report(client, agreement, towns.second), "portal_done_lead")
    first = leads.first_report(agreement, name=NAME, uscc="")
    assert first is not None
    assert first.office == towns.second.departments.get().name


def test_only_the_office_that_leads_goes_on(agreement: Any, towns: Towns, lead: Case, as_person: Any) -> None:
    """It goes on, another department does not; nobody disputes their own report, or reports for another department."""
    files = casework.references([(keep_bytes(b"%PDF-1.7"), 8, "application/pdf", "report")])
    said_so = casework.Said(TODAY, files=files, note="x")
    with pytest.raises(DeniedError):
        casework.record_step(towns.second, Case.objects.get(pk=lead.pk), node="assessed", said=said_so)
    casework.record_step(towns.first, Case.objects.get(pk=lead.pk), node="assessed", said=said_so)
    own = {"investor": NAME, "department": towns.first.departments.get().key, "reason": "x"}
    assert said(post(as_person(towns.first.username), "dispute_lead", agreement, own), "portal_lead_no_dispute")
    strange = {"department": towns.first.departments.get().key, "investor": "别家公司"}
    answer = _report(as_person(towns.second.username), agreement, towns.second, **strange)
    assert said(answer, "portal_lead_other_office")


def test_a_lead_stands_on_the_page_of_its_firm(
    agreement: Any, towns: Towns, lead: Case, as_person: Any, sides: Any
) -> None:
    firm = planted.party(agreement, sides[0], "l-firm", name=NAME)
    parts = as_person(towns.first.username).get(reverse("firm_json", args=[agreement.pk, firm.pk])).json()["parts"]
    assert [one["id"] for one in parts["leads"]["rows"]] == [lead.pk]


def test_the_page_of_leads(agreement: Any, as_person: Any, sides: Any) -> None:
    """In both languages, closed to others; empty it says how to begin."""
    html, document = check_page("leads", agreement, as_person, sides)
    assert document["leads"] == []
    assert "还没有线索" in html
