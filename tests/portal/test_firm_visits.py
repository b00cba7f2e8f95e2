"""A visit to a firm: found by name, entered once, kept inside its side, and what a need or a ticket takes from it."""

from __future__ import annotations

import json
from typing import Any

import planted
import pytest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from portal_checks import check_page, post, said
from test_secrets_planted import ACCESS

from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger import telling, visits
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Case, Listing
from duijie_portal.ledger.recording import folded

TODAY = timezone.localdate()
SECRET = "担保圈暗号甲子"
SAID = f"急需针织鞋面坯布。{SECRET}，别向外说。"


@pytest.fixture
def office(agreement: Any, sides: Any, officer_of: Any) -> Person:
    """An officer of one department of the first side."""
    return officer_of(sides[0], Department.objects.filter(agreement=agreement.pk, side=sides[0]).first().key)


@pytest.fixture
def firm(agreement: Any, sides: Any) -> Any:
    """A firm of the first side that both sides read."""
    return planted.party(agreement, sides[0], "v-firm", name="走访测试鞋业有限公司", visibility="both")


def _visit(client: Any, agreement: Any, office: Person, firm: Any, **more: Any) -> Case:
    page = client.get(reverse("firm_visits_json", args=[agreement.pk]), {"q": "走访测试"}).json()
    data = {"party": firm.pk, "department": office.departments.get().key, "on": TODAY.isoformat(), "said": SAID,
            "met": "王厂长", "key": page["key"], **more}  # fmt: skip
    post(client, "record_visit", agreement, data)
    return Case.objects.get(pk=page["key"])


def test_a_visit_is_found_by_name_and_kept_once(agreement: Any, office: Person, firm: Any, as_person: Any) -> None:
    """One firm of that name: its form stands open; a double press is one visit; nothing to do: it is settled."""
    client = as_person(office.username)
    page = client.get(reverse("firm_visits", args=[agreement.pk]), {"q": "走访测试"}).content.decode()
    assert 'name="said"' in page
    assert firm.name in page
    row = _visit(client, agreement, office, firm)
    assert (row.state, row.clause, row.payload) == ("settled", "", {"party": firm.pk})
    data = {"party": firm.pk, "department": office.departments.get().key, "on": TODAY.isoformat(), "said": SAID}
    again = post(client, "record_visit", agreement, {**data, "key": row.pk})
    assert said(again, "portal_done_firm_visit")
    assert visits.visits_to(agreement, office, firm.pk).count() == 1
    shown = client.get(reverse("case", args=[agreement.pk, row.pk])).content.decode()
    assert "王厂长" in shown
    assert SECRET in shown
    assert verify_agreement(agreement).holds


def test_what_is_missing_or_not_ones_own_is_refused(
    agreement: Any, office: Person, firm: Any, sides: Any, as_person: Any
) -> None:
    """Another department, a firm of the other side, a day to come, nothing said: no visit, and why."""
    client, strange = as_person(office.username), planted.party(agreement, sides[1], "v-other", visibility="both")
    other = Department.objects.filter(agreement=agreement.pk, side=sides[0]).exclude(people=office).first()
    data = {"party": firm.pk, "department": office.departments.get().key, "on": TODAY.isoformat(), "said": SAID}
    later = TODAY.replace(year=TODAY.year + 1, day=1).isoformat()
    assert said(post(client, "record_visit", agreement, {**data, "department": other.key}), "portal_visit_other_office")
    assert post(client, "record_visit", agreement, {**data, "party": strange.pk}).status_code == 404
    assert said(post(client, "record_visit", agreement, {**data, "on": later}), "case_in_future")
    post(client, "record_visit", agreement, {**data, "said": " "})
    assert not Case.objects.filter(kind=visits.KIND).exists()


def test_one_press_makes_a_need_of_a_visit(agreement: Any, office: Person, firm: Any, as_person: Any) -> None:
    """The form begins with what was said, for that firm; saved it stands at its own side's review, and the visit names
    it.
    """
    client = as_person(office.username)
    row = _visit(client, agreement, office, firm, then="need")
    assert row.state == "visited"
    page = client.get(reverse("listing_new_json", args=[agreement.pk]), {"visit": row.pk}).json()
    begun = {one["key"]: one["values"][0] for one in page["fields"] if one["key"] in ("title", "details")}
    assert begun == {"title": "急需针织鞋面坯布", "details": SAID}
    assert page["for_party"] == {"id": firm.pk, "name": firm.name}
    sent = {"kind": "supply", "role": "need", "key": page["key"], "visit": row.pk, "title": begun["title"]}
    answer = post(client, "enter_listing", agreement, sent)
    assert said(answer, "portal_done_listing_entered")
    [need] = Listing.objects.filter(party=firm.pk)
    assert (need.payload["title"], need.released_at) == ("急需针织鞋面坯布", None)
    row.refresh_from_db()
    assert row.state == "handed_on"
    assert [(one["to"], one["key"]) for one in visits.made_from(row.agreement, [row])] == [("listing", need.pk)]
    shown = client.get(reverse("case", args=[agreement.pk, row.pk])).content.decode()
    assert reverse("listing", args=[agreement.pk, need.pk]) in shown


def test_one_press_makes_a_ticket_of_a_visit(
    agreement: Any, office: Person, firm: Any, sides: Any, as_person: Any
) -> None:
    """The ticket's form begins with firm and first sentence; the other side reads what was sent, and of no visit."""
    client = as_person(office.username)
    row = _visit(client, agreement, office, firm, then="ticket")
    page = client.get(reverse("tickets_json", args=[agreement.pk]), {"visit": row.pk}).json()
    assert page["visit"] == {"id": row.pk, "firm": firm.name, "title": f"{firm.name}：急需针织鞋面坯布"}
    to = Department.objects.filter(agreement=agreement.pk, side=sides[1]).first()
    sent = {"clause": page["clauses"][0]["key"], "from_department": page["own"][0]["key"], "to_department": to.key,
            "title": page["visit"]["title"], "limit_working_days": 5, "visit": row.pk}  # fmt: skip
    assert said(post(client, "open_ticket", agreement, sent), "portal_done_ticket")
    [made] = visits.made_from(row.agreement, [row])
    ticket = folded(agreement, f"case/{made['key']}").case
    assert ticket is not None
    assert ticket.opened is not None
    assert row.pk not in str(ticket.opened.event)


def test_a_visit_stays_on_the_inner_chain(agreement: Any, office: Person, firm: Any, as_person: Any) -> None:
    """No entry of it stands on the chain that is handed over, and each act has its sentence in both languages."""
    row = _visit(as_person(office.username), agreement, office, firm, goes_on="1")
    entries = agreement.entries.filter(subject=f"case/{row.pk}")
    assert entries.exists()
    assert all(one.is_inner for one in entries)
    for language, name in (("zh", "走访 走访测试"), ("en", "Visit to 走访测试")):
        [line] = telling.lines(row.pk, language)
        assert name in line
        assert SECRET in line


@pytest.mark.parametrize("who", ["coordinator", "leader", "officer", "auditor", "own-firm", "firm"])
def test_what_was_said_of_a_firm_reaches_nobody_else(
    agreement: Any, office: Person, firm: Any, sides: Any, as_person: Any, who: str
) -> None:
    """Every page and twin, asked by the other side, by the firm itself and by its rival: none bears the word."""
    row = _visit(as_person(office.username), agreement, office, firm, goes_on="1")
    home = as_person(office.username).get(reverse("case", args=[agreement.pk, row.pk])).content.decode()
    assert SECRET in home
    if who == "own-firm":
        Person.objects.create_user("v-acts", None, role="firm", side=sides[0], party=firm.pk)
    client = as_person("v-acts" if who == "own-firm" else f"{who}-{sides[1].pk}")
    names = [name for group in ACCESS.values() if isinstance(group, dict) for name in group.get("read", ())]
    keys = [{}, {"case": row.pk}, {"party": firm.pk}, {"sort": "case", "key": row.pk}]
    asked = 0
    for name in [*names, *(f"{one}_json" for one in names)]:
        for key in keys:
            try:
                path = reverse(name, kwargs={"agreement": agreement.pk, **key})
            except NoReverseMatch:
                continue
            answer, asked = client.get(path), asked + 1
            text = (b"".join(answer) if answer.streaming else answer.content).decode(errors="ignore")
            assert SECRET not in text, path
            assert json.dumps(SECRET)[1:-1] not in text, path
    assert asked > 100
    for text in (SECRET, firm.name, "走访"):
        found = client.get(reverse("search_json", args=[agreement.pk]), {"q": text}).json()["found"]
        assert row.pk not in json.dumps(found)


def test_the_page_of_visits(agreement: Any, as_person: Any, sides: Any) -> None:
    """In both languages, closed to others; empty it says how to begin."""
    html, document = check_page("firm_visits", agreement, as_person, sides)
    assert document["visits"] == []
    assert "还没有走访记录" in html


def test_who_has_no_department_is_told_whom_to_ask(agreement: Any, as_person: Any, sides: Any) -> None:
    """No form that could not be sent, but what to do, for visits and for leads."""
    client = as_person(f"officer-{sides[0].pk}")
    for name in ("firm_visits", "leads"):
        page = client.get(reverse(name, args=[agreement.pk]), {"party": "x"}).content.decode()
        assert "请联系本方安全管理员" in page
        assert 'method="post" action="/' + agreement.pk not in page
