"""What the clock does, what happens on the day itself, rules of what is booked, and what the ranking is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import planted
import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_checks import check_act, check_page, post, said

from duijie.agenda.decisions import Decision
from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie_portal.commands import portal
from duijie_portal.frame.material import material_of
from duijie_portal.ledger import ticks
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Notification, Party
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.meet import selectors, services
from duijie_portal.meet.decisions import decisions
from duijie_portal.meet.models import Booking, Day, Meeting, Request, Resource
from duijie_portal.meet.services.bookings import tidy_bookings
from duijie_portal.meet.services.requests import expire_due

ALL_DAY = [["00:00", "23:59"]]


@pytest.fixture
def who(sides: Any, person: Any) -> Any:
    return person(f"coordinator-{sides[0].pk}")


@pytest.fixture
def other(sides: Any, person: Any) -> Any:
    return person(f"coordinator-{sides[1].pk}")


@pytest.fixture
def open_day(agreement: Any, who: Any) -> Callable[..., Day]:
    def make(**fields: Any) -> Day:
        given = {"title_zh": "对接日", "title_en": "Exchange day", "spans": [["09:00", "12:00"]], "slot_min": 30}
        given |= {"on": timezone.localdate() + timedelta(days=7), "answer_by": timezone.now() + timedelta(days=3)}
        return services.open_day(who, agreement, n_tables=2, **{**given, **fields})

    return make


@pytest.fixture
def pairs(agreement: Any, sides: Any, person: Any) -> list[tuple[Party, Party]]:
    """Parties of the two sides that are matched, as the first side knows them."""
    found, reader = [], person(f"coordinator-{sides[0].pk}")
    for party in Party.objects.filter(agreement=agreement, side=sides[0]).exclude(kind="talent"):
        others = selectors.partners(agreement, reader, party.pk)
        found += [(party, one) for one in Party.objects.filter(pk__in=others, side=sides[1]).order_by("pk")]
    return found


@pytest.fixture
def ask(who: Any, pairs: Any) -> Callable[..., Request]:
    return lambda day, nth=0: services.ask(who, day, from_party=pairs[nth][0], to_party=pairs[nth][1])


# The clock


def test_the_clock_expires_and_moves_up_once(
    agreement: Any, who: Any, other: Any, open_day: Any, pairs: Any, ask: Any
) -> None:
    one = max((pair[0] for pair in pairs), key=lambda party: sum(pair[0] == party for pair in pairs))
    nths = [at for at, pair in enumerate(pairs) if pair[0] == one][:3]
    day = open_day(meeting_quota=1)
    first, second, third = (ask(day, nth) for nth in nths)
    assert services.answer(other, first, is_accepted=True).state == "accepted"
    assert services.answer(other, second, is_accepted=True).state == "waiting"
    now = timezone.now()
    assert expire_due(now) == 0
    planted.kept(Day.objects.get(pk=day.pk), meeting_quota=2)
    told = Notification.objects.filter(code="portal_told_expired").count()
    later = third.expires_at + timedelta(minutes=1)
    assert expire_due(later) == 2
    assert expire_due(later) == 0
    states = {row.pk: row.state for row in Request.objects.filter(day=day)}
    assert states == {first.pk: "accepted", second.pk: "accepted", third.pk: "expired"}
    assert Notification.objects.filter(code="portal_told_expired").count() > told
    assert verify_agreement(agreement).holds


def test_who_waits_past_the_day_waits_no_more(other: Any, open_day: Any, pairs: Any, ask: Any) -> None:
    day = open_day(meeting_quota=1)
    row = ask(day)
    services.answer(other, row, is_accepted=True)
    Request.objects.filter(pk=row.pk).update(state="waiting")
    Day.objects.filter(pk=day.pk).update(meeting_quota=0)
    assert expire_due(timezone.now() + timedelta(days=8)) == 1
    row.refresh_from_db()
    assert row.state == "expired"


def test_bookings_that_waited_in_vain_are_closed(agreement: Any, who: Any, other: Any) -> None:
    row = services.add_resource(who, agreement, kind="seat", name_zh="工位", capacity=1)
    start = timezone.now() + timedelta(hours=2)
    span = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    held = services.book(who, row, **span)
    waiting = services.book(other, row, may_wait=True, **span)
    assert waiting.state == "waiting"
    assert tidy_bookings(timezone.now()) == 0
    Booking.objects.filter(pk=held.pk).update(state="cancelled")
    assert tidy_bookings(timezone.now()) == 1
    waiting.refresh_from_db()
    assert waiting.state == "booked"
    late = services.book(who, row, may_wait=True, **span)
    assert tidy_bookings(start + timedelta(minutes=1)) == 1
    late.refresh_from_db()
    assert late.state == "cancelled"


@pytest.mark.django_db
def test_one_command_does_all_of_it_and_tells_what_failed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(portal, ["--home", str(home), "tick"])
    assert done.exit_code == 0, done.output
    names = {"meet.requests", "meet.bookings", "meet.series", "meet.reminders"}
    assert names <= {line.split("：")[0] for line in done.output.splitlines()}

    def fail(now: Any) -> int:
        raise ValueError(now)

    monkeypatch.setitem(ticks._TICKS, "meet.broken", fail)
    done = CliRunner().invoke(portal, ["--home", str(home), "tick"])
    assert done.exit_code == 1
    assert "meet.requests" in done.output


# The day itself


@pytest.fixture
def running(open_day: Any, other: Any, ask: Any, who: Any, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A day at ten in the morning, of which some slots have begun, with eight meetings in the slots to come."""
    morning = (timezone.localtime() + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: morning)
    on = timezone.localdate()
    day: Day = open_day(on=on, spans=ALL_DAY, slot_min=20)
    for nth in range(8):
        services.answer(other, ask(day, nth), is_accepted=True)
    services.plan_day(who, day, now=timezone.now())
    day.refresh_from_db()
    return day


def _live(day: Day) -> dict[str, str]:
    return dict(Meeting.objects.filter(day=day, is_off=False).values_list("request", "slot"))


def test_a_late_train_moves_only_who_must(
    agreement: Any, running: Day, who: Any, coordinator: Client, sides: Any
) -> None:
    before = _live(running)
    first = Meeting.objects.filter(day=running, is_off=False).select_related("request").order_by("starts_at").first()
    party = first.request.from_party_id
    until = (timezone.localtime(first.starts_at) + timedelta(minutes=40)).strftime("%H:%M")
    told = Notification.objects.filter(code="portal_told_plan_all").count()
    answer = post(coordinator, "report_late", agreement, {"party": party, "until": until}, day=running.pk)
    assert said(answer, "portal_done_replanned")
    after = _live(running)
    assert set(after) == set(before)
    running.refresh_from_db()
    missed = set(running.away[party])
    assert after[first.request_id] not in missed
    moved = {request for request in before if before[request] != after[request]}
    assert first.request_id in moved
    assert len(moved) <= 3
    parties = {one["party"] for one in running.plan["changes"]}
    assert party in parties
    assert Notification.objects.filter(code="portal_told_plan_all").count() > told


def test_a_new_meeting_at_the_desk(
    agreement: Any, running: Day, sides: Any, person: Any, as_person: Any, coordinator: Client, pairs: Any
) -> None:
    before = _live(running)
    one = pairs[0][0]
    matched = set(selectors.partners(agreement, person(f"coordinator-{sides[0].pk}"), one.pk))
    stranger = Party.objects.filter(agreement=agreement, side=sides[1]).exclude(pk__in=matched).exclude(kind="talent")
    data = {"from_party": one.pk, "to_party": stranger.first().pk, "note": "现场"}
    assert said(post(coordinator, "at_desk", agreement, data, day=running.pk), "portal_meet_clause_unknown")
    clause = agreement_term(agreement).clauses[0].key
    answer = post(coordinator, "at_desk", agreement, {**data, "clause": clause}, day=running.pk)
    assert said(answer, "portal_done_replanned")
    after = _live(running)
    (new,) = set(after) - set(before)
    assert {request: after[request] for request in before} == before
    row = Request.objects.get(pk=new)
    assert (row.state, row.clause, row.need) == ("accepted", clause, "")
    assert said(
        post(coordinator, "at_desk", agreement, {**data, "clause": clause}, day=running.pk), "portal_meet_asked_already"
    )
    same = {**data, "to_party": one.pk}
    assert said(post(coordinator, "at_desk", agreement, same, day=running.pk), "portal_meet_party_twice")
    there = as_person(f"coordinator-{sides[1].pk}")
    assert said(post(there, "at_desk", agreement, data, day=running.pk), "portal_other_side_owns")
    officer = as_person(f"officer-{sides[0].pk}")
    assert officer.post(reverse("at_desk", args=[agreement.pk, running.pk]), data).status_code == 403


def test_the_desk_opens_on_the_day_only(open_day: Any, who: Any, pairs: Any) -> None:
    with pytest.raises(InputError, match="portal_meet_not_today"):
        services.at_desk(who, open_day(), from_party=pairs[0][0], to_party=pairs[0][1])


def test_a_day_called_off_stays_as_cancelled(
    agreement: Any, who: Any, other: Any, open_day: Any, ask: Any, coordinator: Client, as_person: Any, sides: Any
) -> None:
    day = open_day()
    for nth in range(3):
        services.answer(other, ask(day, nth), is_accepted=True)
    services.plan_day(who, day, now=timezone.now())
    there = as_person(f"coordinator-{sides[1].pk}")
    assert said(post(there, "call_off_day", agreement, {}, day=day.pk), "portal_other_side_owns")
    assert said(post(coordinator, "call_off_day", agreement, {}, day=day.pk), "portal_done_day_off")
    day.refresh_from_db()
    assert (day.is_off, day.sequence) == (True, 1)
    assert not Booking.objects.filter(resource__day=day, state="booked").exists()
    assert set(Meeting.objects.filter(day=day).values_list("is_off", "sequence")) == {(True, 1)}
    assert set(Request.objects.filter(day=day).values_list("state", flat=True)) == {"withdrawn"}
    assert Notification.objects.filter(code="portal_told_day_off").exists()
    with pytest.raises(DeniedError, match="portal_meet_day_closed"):
        services.plan_day(who, day, now=timezone.now())
    with pytest.raises(InputError, match="portal_meet_day_over"):
        ask(day)
    html, _ = check_page("exchange_day", agreement, as_person, sides, day=day.pk)
    assert words("zh")["portal_meet_off"] in html


@pytest.mark.parametrize("name", ["report_late", "at_desk", "call_off_day"])
def test_writes_of_the_day_answer_to_post_from_the_agreement_only(
    agreement: Any, as_person: Any, open_day: Any, name: str
) -> None:
    check_act(name, agreement, as_person, day=open_day().pk)


# Rules of what can be booked


def test_every_rule_is_shown_and_kept(agreement: Any, sides: Any, as_person: Any, coordinator: Client) -> None:
    on = timezone.localdate() + timedelta(days=1)
    data: dict[str, Any] = {"kind": "instrument", "name_zh": "扫描电镜", "capacity": "2", "fee_cny": "200.50"}
    data |= {"weekdays": [str(n) for n in range(7)], "spans": "08:00-20:00", "closed_on": f"{on}，2099-01-01"}
    data |= {"least_min": "30", "most_min": "120", "ahead_days": "10", "most_units": "1"}
    assert said(post(coordinator, "add_resource", agreement, data), "portal_done_resource")
    row = Resource.objects.get(name_zh="扫描电镜")
    assert row.closed_on == [on.isoformat(), "2099-01-01"]
    html, document = check_page("bookings", agreement, as_person, sides)
    (shown,) = [one for one in document["resources"] if one["id"] == row.pk]
    assert shown["hours"] == [{"from": 0, "to": 6, "opens": "08:00", "shuts": "20:00"}]
    assert shown["may_change"]
    for figure in ("200.50", "2099-01-01", ">30<", ">120<", ">10<"):
        assert figure in html, figure

    def booked(day: int, first: str, last: str, units: int = 1) -> Any:
        at = timezone.localdate() + timedelta(days=day)
        span = {"starts_at": f"{at}T{first}", "ends_at": f"{at}T{last}", "n_units": str(units)}
        return post(coordinator, "book", agreement, {"resource": row.pk, **span})

    for answer, code in (
        (booked(1, "09:00", "10:00"), "meet_booking_closed"),  # a closed day
        (booked(2, "07:00", "08:30"), "meet_booking_closed"),  # before it opens
        (booked(2, "09:00", "09:20"), "meet_booking_short"),
        (booked(2, "09:00", "12:00"), "meet_booking_long"),
        (booked(12, "09:00", "10:00"), "meet_booking_early"),
        (booked(2, "09:00", "10:00", 2), "meet_booking_quota"),
        (booked(2, "09:00", "10:00", 3), "meet_booking_full"),
    ):
        assert said(answer, code), code
    assert not Booking.objects.exists()
    assert said(booked(2, "09:00", "10:30"), "portal_done_booking_booked")
    assert float(Booking.objects.get().fee_cny) == pytest.approx(300.75)
    wrong = {**data, "key": row.pk, "least_min": "60", "most_min": "30"}
    assert said(post(coordinator, "change_resource", agreement, wrong), "portal_meet_rules_clash")
    there = as_person(f"coordinator-{sides[1].pk}")
    dearer = {**data, "key": row.pk, "fee_cny": "400", "closed_on": ""}
    assert said(post(there, "change_resource", agreement, dearer), "portal_other_side_owns")
    assert said(post(coordinator, "change_resource", agreement, dearer), "portal_done_resource_changed")
    assert float(Booking.objects.get().fee_cny) == pytest.approx(300.75)  # as agreed when booked
    assert said(
        post(coordinator, "change_resource", agreement, {**dearer, "closed_on": "soon"}), "portal_meet_bookings"
    )
    row.refresh_from_db()
    assert (float(row.fee_cny), row.closed_on) == (400.0, [])
    check_act("change_resource", agreement, as_person)


# What the ranking is told


def test_answers_and_outcomes_are_told_to_the_ranking(
    agreement: Any, sides: Any, as_person: Any, who: Any, other: Any, open_day: Any, pairs: Any, ask: Any
) -> None:
    day = open_day()
    rows = [ask(day, nth) for nth in range(len(pairs))[:8]]
    for row in rows[:3]:
        services.answer(other, row, is_accepted=True)
    services.answer(other, rows[3], is_accepted=False, reason="price")
    services.answer(other, rows[4], is_accepted=False, reason="timing")
    services.plan_day(who, day, now=timezone.now())
    Meeting.objects.filter(day=day).update(starts_at=timezone.now() - timedelta(hours=1))
    met = Meeting.objects.get(request=rows[0])
    services.record_outcome(who, met, result="no_fit", reason="quality")
    found = {(one.need, one.offer): one for one in decisions(agreement)}
    told = {row.pk: found.get((row.need, row.offer)) for row in Request.objects.filter(day=day) if row.need}
    assert told[rows[0].pk] is not None
    assert (told[rows[0].pk].is_accepted, told[rows[0].pk].stage) == (False, "meeting")
    assert told[rows[0].pk].reason == "quality"
    assert all(told[row.pk].is_accepted for row in rows[1:3] if row.pk in told)
    assert {told[row.pk].reason for row in rows[3:5] if row.pk in told} <= {"price", "timing"}
    assert all(told[row.pk] is None for row in rows[5:] if row.pk in told)
    taught = {_said(one) for one in material_of(agreement).decisions}
    assert {_said(one) for one in found.values()} <= taught
    _, document = check_page("decided", agreement, as_person, sides)
    assert len(document["decisions"]) == len(found)
    assert sum(one["n_accepted"] + one["n_declined"] for one in document["kinds"]) == len(found)
    firm = as_person(f"firm-{sides[0].pk}")
    assert firm.get(reverse("decided_json", args=[agreement.pk])).json()["decisions"] == []


def _said(one: Decision) -> tuple[str, str, bool, str]:
    """What a decision says of its pair; a case that ended says it of the day of its last step."""
    return one.need, one.offer, one.is_accepted, one.reason
