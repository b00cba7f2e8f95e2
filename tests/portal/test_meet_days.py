"""Requests, exchange days, papers, outcomes: each view by who may, and refused to everybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import planted
import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from portal_checks import check_act, check_page, post, said

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Case, Listing, Notification, Party, Step
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.meet import selectors, services
from duijie_portal.meet.codes import feed_code, pass_code
from duijie_portal.meet.models import Booking, Day, Feed, Meeting, Pass, Request

SPANS = [["09:00", "12:00"]]
PROJECTIONS = (Party, Listing, Case, Step)


@pytest.fixture
def open_day(agreement: Any, sides: Any, person: Any) -> Callable[..., Day]:
    def make(**fields: Any) -> Day:
        given = {"title_zh": "对接日", "title_en": "Exchange day", "spans": SPANS, "slot_min": 30, "n_tables": 2}
        given |= {"on": timezone.localdate() + timedelta(days=7), "answer_by": timezone.now() + timedelta(days=3)}
        return services.open_day(person(f"coordinator-{sides[0].pk}"), agreement, **{**given, **fields})

    return make


@pytest.fixture
def pairs(agreement: Any, sides: Any, person: Any) -> list[tuple[Party, Party]]:
    """Parties of the two sides that are matched, the first of each pair of the first side."""
    found, reader = [], person(f"coordinator-{sides[0].pk}")
    for party in Party.objects.filter(agreement=agreement, side=sides[0]).exclude(kind="talent"):
        others = selectors.partners(agreement, reader, party.pk)
        found += [(party, other) for other in Party.objects.filter(pk__in=others, side=sides[1]).order_by("pk")]
    assert len(found) > 8
    return found


@pytest.fixture
def agreed(sides: Any, person: Any, pairs: Any) -> Callable[..., list[Request]]:
    """Requests of the first side that the other one accepted."""

    def make(day: Day, n: int = 5) -> list[Request]:
        asking, asked = (person(f"coordinator-{side.pk}") for side in sides)
        rows = [services.ask(asking, day, from_party=one, to_party=other) for one, other in pairs[:n]]
        return [services.answer(asked, row, is_accepted=True) for row in rows]

    return make


def test_a_request_is_asked_and_answered_through_the_pages(
    agreement: Any, sides: Any, as_person: Any, open_day: Any, pairs: Any
) -> None:
    day, (one, other) = open_day(), pairs[0]
    here, there = (as_person(f"coordinator-{side.pk}") for side in sides)
    data = {"day": day.pk, "from_party": one.pk, "to_party": other.pk, "note": "看样"}
    assert said(post(here, "ask", agreement, data), "portal_done_asked")
    assert said(post(here, "ask", agreement, data), "portal_meet_asked_already")
    row = Request.objects.get(day=day)
    assert said(post(here, "answer", agreement, {"key": row.pk, "is_accepted": "1"}), "portal_other_side_owns")
    assert said(post(there, "answer", agreement, {"key": row.pk}), "portal_meet_reason_missing")
    assert said(post(there, "answer", agreement, {"key": row.pk, "reason": "timing"}), "portal_done_declined")
    row.refresh_from_db()
    assert (row.state, row.reason) == ("declined", "timing")
    assert said(post(there, "answer", agreement, {"key": row.pk, "is_accepted": "1"}), "portal_meet_answered")
    assert said(post(here, "ask", agreement, data), "portal_done_asked")
    again = Request.objects.get(day=day, state="asked")
    assert said(post(here, "withdraw", agreement, {"key": again.pk}), "portal_done_withdrawn")
    _, document = check_page("requests", agreement, as_person, sides)
    assert sorted(one["state"] for one in document["requests"]) == ["declined", "withdrawn"]
    assert verify_agreement(agreement).holds


def test_who_is_not_matched_cannot_be_asked(agreement: Any, sides: Any, person: Any, open_day: Any, pairs: Any) -> None:
    one = pairs[0][0]
    stranger = Party.objects.filter(agreement=agreement, side=sides[1]).exclude(
        pk__in=selectors.partners(agreement, person(f"coordinator-{sides[0].pk}"), one.pk)
    )
    with pytest.raises(InputError, match="portal_meet_not_matched"):
        services.ask(person(f"coordinator-{sides[0].pk}"), open_day(), from_party=one, to_party=stranger.first())


def test_a_firm_asks_for_itself_only_and_sees_only_its_own(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, pairs: Any, agreed: Any
) -> None:
    day = open_day()
    agreed(day, 3)
    firm = person(f"firm-{sides[0].pk}")
    firm.party = pairs[0][0].pk
    firm.save()
    other = next(one for one in pairs if one[0].pk != firm.party)
    with pytest.raises(DeniedError, match="portal_meet_other_party"):
        services.ask(firm, day, from_party=other[0], to_party=other[1])
    document = as_person(firm.username).get(reverse("requests_json", args=[agreement.pk])).json()
    assert document["requests"]
    assert all(firm.party in (one["from"]["id"], one["to"]["id"]) for one in document["requests"])


def test_an_officer_of_another_department_neither_asks_nor_answers(
    agreement: Any, sides: Any, officer_of: Any, person: Any, open_day: Any, pairs: Any
) -> None:
    day, (one, other) = open_day(), pairs[0]
    key = selectors.partners(agreement, person(f"coordinator-{sides[0].pk}"), one.pk)[other.pk]["clause"]
    clause = next(one for one in agreement_term(agreement).clauses if one.key == key)
    code = sides[0].pk
    named = {*clause.lead.get(code, ()), *clause.support.get(code, ())}
    offices = Department.objects.filter(agreement=agreement.pk, side=sides[0])
    wrong = officer_of(sides[0], offices.exclude(key__in=named).first().key)
    with pytest.raises(DeniedError, match="portal_other_department"):
        services.ask(wrong, day, from_party=one, to_party=other)
    right = officer_of(sides[0], next(iter(named)))
    assert services.ask(right, day, from_party=one, to_party=other).state == "asked"


def test_quotas_and_the_waiting_list(sides: Any, person: Any, open_day: Any, pairs: Any) -> None:
    asking, asked = (person(f"coordinator-{side.pk}") for side in sides)
    one = max((pair[0] for pair in pairs), key=lambda party: sum(pair[0] == party for pair in pairs))
    others = [pair[1] for pair in pairs if pair[0] == one][:3]
    assert len(others) == 3
    day = open_day(meeting_quota=1, ask_quota=2)
    first, second = (services.ask(asking, day, from_party=one, to_party=other) for other in others[:2])
    with pytest.raises(InputError, match="portal_meet_quota"):
        services.ask(asking, day, from_party=one, to_party=others[2])
    assert services.answer(asked, first, is_accepted=True).state == "accepted"
    assert services.answer(asked, second, is_accepted=True).state == "waiting"
    services.withdraw(asked, first)
    second.refresh_from_db()
    assert second.state == "accepted"


def test_an_unanswered_request_expires(sides: Any, person: Any, open_day: Any, pairs: Any) -> None:
    day, asking = open_day(), person(f"coordinator-{sides[0].pk}")
    row = services.ask(asking, day, from_party=pairs[0][0], to_party=pairs[0][1])
    later = row.expires_at + timedelta(minutes=1)
    assert (row.state_at(timezone.now()), row.state_at(later)) == ("asked", "expired")
    assert services.expire(asking, day, now=later) == 1
    row.refresh_from_db()
    assert row.state == "expired"
    assert services.ask(asking, day, from_party=pairs[0][0], to_party=pairs[0][1]).state == "asked"


def test_a_day_is_planned_locked_and_replanned(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, agreed: Any
) -> None:
    day = open_day()
    rows = agreed(day)
    here = as_person(f"coordinator-{sides[0].pk}")
    assert said(post(here, "plan_day", agreement, {}, day=day.pk), "portal_done_planned")
    meetings = {one.request_id: one for one in Meeting.objects.filter(day=day, is_off=False)}
    assert len(meetings) == len(rows)
    _no_clash(day)
    chosen = next(iter(meetings.values()))
    slots = [
        slot["key"]
        for slot in selectors.board(agreement, day, person(f"coordinator-{sides[0].pk}"), timezone.now())["slots"]
    ]
    target = next(slot for slot in slots if slot != chosen.slot)
    told = Notification.objects.filter(code="portal_told_plan_all").count()
    data = {"request": chosen.request_id, "slot": target}
    assert said(post(here, "lock_meeting", agreement, data, day=day.pk), "portal_done_locked")
    chosen.refresh_from_db()
    assert (chosen.slot, chosen.sequence) == (target, 1)
    _no_clash(day)
    day.refresh_from_db()
    assert day.plan["changes"]
    assert Notification.objects.filter(code="portal_told_plan_all").count() > told
    assert said(
        post(here, "lock_meeting", agreement, {"request": chosen.request_id}, day=day.pk), "portal_done_unlocked"
    )
    _, document = check_page("exchange_day", agreement, as_person, sides, day=day.pk)
    assert len(document["meetings"]) == len(rows)
    assert verify_agreement(agreement).holds


def test_a_day_outlives_its_parties_and_cases_being_written_anew(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, agreed: Any
) -> None:
    """Parties, listings, cases and steps can all be deleted; what points to them stays and reads them again."""
    day, who = open_day(), person(f"coordinator-{sides[0].pk}")
    agreed(day, 3)
    services.plan_day(who, day, now=timezone.now())
    client, path = as_person(who.username), reverse("exchange_day_json", args=[agreement.pk, day.pk])
    before = client.get(path).json()
    assert before["meetings"]
    outside = [model for model in apps.get_models() if model not in PROJECTIONS]
    counts = {model: model.objects.count() for model in outside if hasattr(model, "objects")}
    rows = {model: list(model.objects.all()) for model in PROJECTIONS}
    for model in PROJECTIONS:
        model.objects.all().delete()
    assert counts == {model: model.objects.count() for model in counts}
    for model in reversed(PROJECTIONS):
        model.objects.bulk_create(rows[model])
    connection.check_constraints()
    assert client.get(path).json() == before


def _no_clash(day: Day) -> None:
    """Nobody twice at a time, no table twice at a time, every meeting with a live booking of its table."""
    rows = list(Meeting.objects.filter(day=day, is_off=False).select_related("request", "booking"))
    seats = [(row.slot, row.booking.resource_id) for row in rows]
    people = [(row.slot, party) for row in rows for party in (row.request.from_party_id, row.request.to_party_id)]
    assert len(set(seats)) == len(seats)
    assert len(set(people)) == len(people)
    assert all(row.booking.state == "booked" and row.booking.starts_at == row.starts_at for row in rows)
    live = Booking.objects.filter(resource__day=day, state="booked", meeting__isnull=False).count()
    assert live == len(rows)


def test_a_no_show_moves_as_little_as_possible_and_the_past_stays(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, agreed: Any
) -> None:
    day = open_day()
    agreed(day, 6)
    who = person(f"coordinator-{sides[0].pk}")
    services.plan_day(who, day, now=timezone.now())
    before = {row.request_id: (row.slot, row.sequence) for row in Meeting.objects.filter(day=day)}
    slots = [slot["key"] for slot in selectors.board(agreement, day, who, timezone.now())["slots"]]
    missing = Meeting.objects.filter(day=day).last().request.from_party_id
    now = Meeting.objects.filter(day=day).first().starts_at + timedelta(minutes=1)
    services.change_day(who, day, services.away(missing, slots), now=now)
    for row in Meeting.objects.filter(day=day).select_related("request"):
        concerned = missing in (row.request.from_party_id, row.request.to_party_id)
        if before[row.request_id][0] == slots[0] or not concerned:
            assert (row.slot, row.is_off) == (before[row.request_id][0], False), row.request_id
        else:
            assert row.is_off
            assert row.sequence == before[row.request_id][1] + 1
    _no_clash(day)
    services.change_day(who, day, services.away(missing, []), now=now)
    assert not Meeting.objects.filter(day=day, is_off=True).exists()


def test_a_lost_table_is_not_used_and_a_booked_one_neither(
    sides: Any, person: Any, as_person: Any, agreement: Any, open_day: Any, agreed: Any
) -> None:
    day = open_day(n_tables=3)
    agreed(day, 4)
    who = person(f"coordinator-{sides[0].pk}")
    services.plan_day(who, day, now=timezone.now())
    first, second, third = day.tables.all()
    board = selectors.board(agreement, day, who, timezone.now())
    slots = [slot["key"] for slot in board["slots"]]
    here = as_person(who.username)
    data = {"table": first.pk, "slots": slots}
    assert said(post(here, "report_table", agreement, data, day=day.pk), "portal_done_replanned")
    assert not Booking.objects.filter(resource=first, state="booked").exists()
    day.refresh_from_db()
    free = Meeting.objects.filter(day=day).order_by("starts_at").last()
    services.change_day(who, day, services.close(second.pk, slots), now=timezone.now())
    assert {row.booking.resource_id for row in Meeting.objects.filter(day=day, is_off=False)} == {third.pk}
    assert free is not None
    _no_clash(day)


def test_two_planners_at_once_one_is_told(sides: Any, person: Any, open_day: Any, agreed: Any) -> None:
    day = open_day()
    agreed(day, 2)
    who = person(f"coordinator-{sides[0].pk}")

    def meanwhile(row: Day) -> None:
        Day.objects.filter(pk=row.pk).update(version=row.version + 1)

    with pytest.raises(InputError, match="portal_meet_changed_meanwhile"):
        services.change_day(who, day, meanwhile, now=timezone.now())
    assert not Meeting.objects.filter(day=day).exists()


def test_only_the_organiser_plans(agreement: Any, sides: Any, as_person: Any, open_day: Any, agreed: Any) -> None:
    day = open_day()
    agreed(day, 1)
    there = as_person(f"coordinator-{sides[1].pk}")
    assert said(post(there, "plan_day", agreement, {}, day=day.pk), "portal_other_side_owns")
    assert as_person(f"officer-{sides[0].pk}").post(reverse("plan_day", args=[agreement.pk, day.pk])).status_code == 403
    assert not Meeting.objects.filter(day=day).exists()


@pytest.mark.parametrize(
    "name",
    ["ask", "answer", "withdraw", "open_day", "add_resource", "book", "cancel_booking", "make_feed", "revoke_feed"],
)
def test_writes_answer_to_post_from_the_agreement_only(agreement: Any, as_person: Any, name: str) -> None:
    check_act(name, agreement, as_person)


@pytest.mark.parametrize(
    "name", ["plan_day", "lock_meeting", "report_away", "report_table", "arrive", "renew_pass", "tell_outcome"]
)
def test_writes_of_a_day_answer_to_post_from_the_agreement_only(
    agreement: Any, as_person: Any, open_day: Any, name: str
) -> None:
    check_act(name, agreement, as_person, day=open_day().pk)


def test_a_day_is_announced_from_the_page(agreement: Any, sides: Any, as_person: Any, coordinator: Client) -> None:
    on = timezone.localdate() + timedelta(days=9)
    data = {"title_zh": "秋季对接日", "on": on.isoformat(), "spans": "09:00-10:00 14:00-15:00", "slot_min": "30"}
    data |= {"n_tables": "2", "ask_quota": "3", "meeting_quota": "3", "answer_by": f"{on - timedelta(days=2)}T18:00"}
    assert said(post(coordinator, "open_day", agreement, data), "portal_done_day")
    assert not said(post(coordinator, "open_day", agreement, {**data, "spans": "12:00-09:00"}), "portal_done_day")
    day = Day.objects.get(title_zh="秋季对接日")
    assert day.tables.count() == 2
    _, document = check_page("exchange_days", agreement, as_person, sides)
    assert [one["id"] for one in document["days"]] == [day.pk]
    officer = as_person(f"officer-{sides[0].pk}")
    assert officer.post(reverse("open_day", args=[agreement.pk]), data).status_code == 403


@pytest.mark.parametrize("name", ["schedules", "signs", "attendance"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_papers_are_pdf_of_the_right_size(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, agreed: Any, name: str, language: str
) -> None:
    from io import BytesIO

    from pypdf import PdfReader

    day = open_day()
    agreed(day, 4)
    services.plan_day(person(f"coordinator-{sides[0].pk}"), day, now=timezone.now())
    path = reverse(name, args=[agreement.pk, day.pk])
    answer = as_person(f"coordinator-{sides[0].pk}", language).get(path)
    assert answer["Content-Type"] == "application/pdf"
    pages = PdfReader(BytesIO(b"".join(answer.streaming_content))).pages
    width, height = (round(float(side) / 72 * 25.4) for side in pages[0].mediabox[2:])
    assert (width, height) == {"schedules": (105, 148), "signs": (210, 148), "attendance": (210, 297)}[name]
    parties = {party for row in Meeting.objects.filter(day=day) for party in row.request.pair.split("|")}
    assert len(pages) == {"schedules": len(parties), "signs": 2, "attendance": 1}[name]
    assert as_person("stranger").get(path).status_code == 404
    assert Client().get(path).status_code == 302
    assert as_person(f"coordinator-{sides[0].pk}").post(path).status_code == 405
    if name != "schedules":
        assert as_person(f"coordinator-{sides[1].pk}").get(path).status_code == 404


def test_the_phone_page_opens_with_its_code_only_and_checks_in(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, agreed: Any, monkeypatch: Any
) -> None:
    day = open_day()
    agreed(day, 2)
    services.plan_day(person(f"coordinator-{sides[0].pk}"), day, now=timezone.now())
    entry = Pass.objects.filter(day=day).first()
    path = reverse("card", args=[agreement.pk, pass_code(entry)])
    for language, mark in (("zh-hans", "我已到场"), ("en", "I am here")):
        anyone = Client()
        anyone.cookies["django_language"] = language
        html = anyone.get(path).content.decode()
        assert mark in html
        assert Party.objects.get(pk=entry.party_id).name in html
    assert Client().post(path).status_code == 405
    assert Client().get(path.replace(pass_code(entry), pass_code(entry)[:-1] + "_")).status_code == 404
    assert Client().get(reverse("card", args=["qinglan-haitang", pass_code(entry)])).status_code == 404
    here = reverse("here", args=[agreement.pk, pass_code(entry)])
    assert Client().get(here).status_code == 405
    assert Client().post(here)["Location"].endswith("early=1")
    morning = (timezone.localtime() + timedelta(days=1)).replace(hour=10, minute=0)
    monkeypatch.setattr(timezone, "now", lambda: morning)
    Day.objects.filter(pk=day.pk).update(on=morning.date(), spans=[["00:00", "23:59"]])
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    assert Client().post(here).status_code == 302
    entry.refresh_from_db()
    assert entry.arrived_at is not None
    post(coordinator, "arrive", agreement, {"party": entry.party_id}, day=day.pk)
    entry.refresh_from_db()
    assert entry.arrived_at is None
    post(coordinator, "renew_pass", agreement, {"party": entry.party_id}, day=day.pk)
    assert Client().get(path).status_code == 404
    worker = Client().get(reverse("offline", args=[agreement.pk]))
    assert worker["Content-Type"].startswith("text/javascript")


def test_an_outcome_writes_the_chain_and_the_funnel(
    agreement: Any, sides: Any, person: Any, as_person: Any, open_day: Any, agreed: Any
) -> None:
    day = open_day()
    rows = agreed(day, 3)
    who = person(f"coordinator-{sides[0].pk}")
    services.plan_day(who, day, now=timezone.now())
    meeting = Meeting.objects.filter(day=day).first()
    here = as_person(who.username)
    data = {"meeting": meeting.pk, "result": "intent", "next_step": "寄样", "owner": "张三"}
    data["due_on"] = (timezone.localdate() + timedelta(days=20)).isoformat()
    assert said(post(here, "tell_outcome", agreement, data, day=day.pk), "portal_meet_not_begun")
    for one in Meeting.objects.filter(day=day):
        planted.kept(one, starts_at=timezone.now() - timedelta(hours=1))
    short = {**data, "next_step": ""}
    assert said(post(here, "tell_outcome", agreement, short, day=day.pk), "portal_meet_next_step_missing")
    assert said(post(here, "tell_outcome", agreement, data, day=day.pk), "portal_done_outcome")
    assert said(post(here, "tell_outcome", agreement, data, day=day.pk), "portal_meet_told_already")
    meeting.refresh_from_db()
    case = Case.objects.get(pk=Request.objects.get(pk=meeting.request_id).case_id)
    kinds = set(case.steps.values_list("kind", flat=True))
    assert {"meeting", "intent"} <= kinds or case.state in ("signed", "approved", "started", "delivered")
    other = Meeting.objects.filter(day=day, result="").first()
    refused = {"meeting": other.pk, "result": "no_fit"}
    assert said(post(here, "tell_outcome", agreement, refused, day=day.pk), "portal_meet_reason_missing")
    assert said(
        post(here, "tell_outcome", agreement, {**refused, "reason": "price"}, day=day.pk), "portal_done_outcome"
    )
    _, document = check_page("outcomes", agreement, as_person, sides, day=day.pk)
    assert [bool(one["result"]) for one in document["meetings"]] == [False, True, True]
    _, found = check_page("funnel", agreement, as_person, sides)
    assert found["stages"] == {"asked": 3, "accepted": 3, "placed": len(rows), "held": 2, "next_step": 1, "intent": 1}
    assert found["reasons"] == {"price": 1}
    assert verify_agreement(agreement).holds


def test_feeds_open_by_code_show_changes_and_close_when_revoked(
    agreement: Any, sides: Any, person: Any, as_person: Any, coordinator: Client, open_day: Any, agreed: Any
) -> None:
    day = open_day()
    rows = agreed(day, 2)
    who = person(f"coordinator-{sides[0].pk}")
    services.plan_day(who, day, now=timezone.now())
    assert said(post(coordinator, "make_feed", agreement, {"what": "person"}), "portal_done_feed")
    feed = Feed.objects.get(person=who)
    path = reverse("feed", args=[agreement.pk, feed_code(feed)])
    book = Calendar.from_ical(Client().get(path).content)
    meetings = [one for one in book.walk("VEVENT") if "LOCATION" in one]
    assert len(meetings) == 2
    assert list(book.walk("VTIMEZONE"))
    services.withdraw(who, rows[0])
    services.plan_day(who, day, now=timezone.now())
    book = Calendar.from_ical(Client().get(path).content)
    states = sorted((str(one["status"]), int(one["sequence"])) for one in book.walk("VEVENT") if "LOCATION" in one)
    assert states[0] == ("CANCELLED", 1)
    assert states[1][0] == "CONFIRMED"
    _, document = check_page("feeds", agreement, as_person, sides)
    assert len(document["feeds"]) == 1
    clause = rows[1].clause
    department = Department.objects.filter(agreement=agreement.pk, side=sides[0]).first().key
    for what in (f"clause:{clause}", f"department:{department}"):
        assert said(post(coordinator, "make_feed", agreement, {"what": what}), "portal_done_feed")
    for one in Feed.objects.filter(person=who):
        assert Calendar.from_ical(Client().get(reverse("feed", args=[agreement.pk, feed_code(one)])).content)
    theirs = (
        Department.objects.filter(agreement=agreement.pk, side=sides[1])
        .exclude(key__in=Department.objects.filter(side=sides[0]).values("key"))
        .first()
    )
    assert said(
        post(coordinator, "make_feed", agreement, {"what": f"department:{theirs.key}"}), "portal_meet_feed_own_only"
    )
    strange = as_person(f"coordinator-{sides[1].pk}")
    path_of = reverse("revoke_feed", args=[agreement.pk])
    assert strange.post(path_of, {"key": feed.pk}).status_code == 404
    assert Client().post(path).status_code == 405
    assert Client().get(path[:-5] + "x.ics").status_code == 404
    Person.objects.filter(pk=who.pk).update(is_active=False)
    assert Client().get(path).status_code == 404
    Person.objects.filter(pk=who.pk).update(is_active=True)
    assert said(post(coordinator, "revoke_feed", agreement, {"key": feed.pk}), "portal_done_feed_revoked")
    assert Client().get(path).status_code == 404
