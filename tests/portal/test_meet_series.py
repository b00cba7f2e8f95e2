"""The mechanism's series: off holidays, hosts in turn, numbered changes, lasting cancellations; feeds read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from nodes import SETUP, free_port, python, serve
from portal_checks import check_act, check_page, post, said

from duijie.errors import DeniedError, InputError
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Notification
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.meet import services
from duijie_portal.meet.codes import feed_code
from duijie_portal.meet.forms import SeriesForm
from duijie_portal.meet.models import Feed, Occasion, Series
from duijie_portal.meet.services.series import extend_series, remind, rule_of


def strictly(raw: bytes) -> dict[str, Any]:
    """What RFC 5545 asks of a file, checked on its bytes and lines; the entries by name."""
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line or b"\t" in line[1:] for line in lines)
    assert all(len(line) <= 75 for line in lines)
    book = Calendar.from_ical(raw)
    assert not book.errors
    assert book["version"] == "2.0"
    assert book["prodid"]
    zones = {str(zone["tzid"]) for zone in book.walk("VTIMEZONE")}
    events = book.walk("VEVENT")
    assert len({str(one["uid"]) for one in events}) == len(events)
    for one in events:
        assert not one.errors
        assert one["dtstamp"].dt.utcoffset() == timedelta(0)
        assert str(one["status"]) in ("CONFIRMED", "CANCELLED")
        assert int(one["sequence"]) >= 0
        assert one["dtstart"].dt < one["dtend"].dt
        assert type(one["dtstart"].dt) is type(one["dtend"].dt)
        is_timed = isinstance(one["dtstart"].dt, datetime)
        assert (one["dtstart"].params.get("TZID") in zones) if is_timed else one["dtstart"].params["VALUE"] == "DATE"
        assert "last-modified" not in one or one["last-modified"].dt.utcoffset() == timedelta(0)
        assert all("TRIGGER" in alarm and "ACTION" in alarm for alarm in one.walk("VALARM"))
    return {str(one["uid"]): one for one in events}


@pytest.fixture
def series(agreement: Any, sides: Any, person: Any) -> Callable[..., Series]:
    def make(**fields: Any) -> Series:
        given: dict[str, Any] = {"kind": "conference", "title_zh": "联席会议", "title_en": "Joint conference"}
        given |= {"rule": "FREQ=MONTHLY;BYMONTHDAY=1", "starts_on": timezone.localdate() + timedelta(days=1)}
        given |= {"starts_at": time(9, 30), "duration_min": 90, "hosts": [side.pk for side in sides]}
        given |= {"agenda_zh": "一、通报进展", "agenda_en": "1. Progress"}
        return services.open_series(person(f"coordinator-{sides[0].pk}"), agreement, **{**given, **fields})

    return make


@pytest.fixture
def feed(agreement: Any, person: Any) -> Callable[..., dict[str, Any]]:
    """What the feed of somebody says, strictly read."""

    def read(username: str, scope: str = "person", key: str = "") -> dict[str, Any]:
        who = person(username)
        row = Feed.objects.filter(person=who, scope=scope, key=key).first()
        row = row or services.make_feed(who, agreement, scope=scope, key=key)
        return strictly(Client().get(reverse("feed", args=[agreement.pk, feed_code(row)])).content)

    return read


def _of(events: dict[str, Any], title: str = "联席会议") -> list[Any]:
    return sorted((one for one in events.values() if str(one["summary"]) == title), key=lambda one: one["dtstart"].dt)


@pytest.mark.parametrize(
    ("every", "on", "by_weekday", "rule"),
    [
        ("weekly", date(2026, 3, 10), False, "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU"),
        ("quarterly", date(2026, 3, 10), True, "FREQ=MONTHLY;INTERVAL=3;BYDAY=2TU"),
        ("monthly", date(2026, 3, 31), True, "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1TU"),
        ("yearly", date(2026, 3, 10), False, "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=10"),
        ("monthly", date(2026, 1, 31), False, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
    ],
)
def test_how_often_becomes_a_rule(every: str, on: date, by_weekday: bool, rule: str) -> None:
    assert rule_of(every, on, by_weekday=by_weekday) == rule


def test_dates_move_off_holidays_and_hosts_take_turns(series: Any, sides: Any) -> None:
    # the first of October is a public holiday; make-up days around it are working days
    row = series(rule="FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1", starts_on=date(2024, 1, 1))
    held = list(row.occasions.all())
    assert [one.due_on for one in held[:2]] == [date(2024, 10, 1), date(2025, 10, 1)]
    assert [timezone.localdate(one.starts_at) for one in held[:2]] == [date(2024, 10, 8), date(2025, 10, 9)]
    assert [one.host for one in held[:3]] == [sides[0].pk, sides[1].pk, sides[0].pk]
    assert held[0].starts_at == datetime(2024, 10, 8, 1, 30, tzinfo=UTC)
    assert not held[-1].is_known or held[-1].due_on.year <= 2026


def test_a_change_raises_numbers_and_what_falls_out_stays_as_cancelled(
    series: Any, feed: Any, sides: Any, person: Any, agreement: Any
) -> None:
    row, who = series(), person(f"coordinator-{sides[0].pk}")
    before = _of(feed(who.username))
    assert len(before) >= 17
    assert {int(one["sequence"]) for one in before} == {0}
    assert all(len(one.walk("VALARM")) == 1 for one in before)
    assert before[0]["dtstart"].params["TZID"] == "Asia/Shanghai"
    assert before[0]["dtstart"].dt.time() == time(9, 30)
    assert str(before[0]["description"]) == "一、通报进展"
    assert [str(one["location"]) for one in before[:2]] == [side.short["zh"] for side in sides]
    services.change_series(who, row, starts_at=time(14, 0))
    after = _of(feed(who.username))
    assert [str(one["uid"]) for one in after] == [str(one["uid"]) for one in before]
    assert {int(one["sequence"]) for one in after} == {1}
    services.change_series(who, row, agenda_zh="一、收官")
    assert {int(one["sequence"]) for one in _of(feed(who.username))} == {2}
    services.change_series(who, row, rule="FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1")
    fewer = _of(feed(who.username))
    off = [one for one in fewer if str(one["status"]) == "CANCELLED"]
    assert len(fewer) == len(before)
    assert len(before) // 2 - 1 <= len(off) <= len(before) // 2 + 1
    assert all(int(one["sequence"]) == 3 and not one.walk("VALARM") for one in off)
    services.change_series(who, row, is_ended=True)
    assert {str(one["status"]) for one in _of(feed(who.username))} == {"CANCELLED"}
    assert verify_agreement(agreement).holds


def test_one_date_is_moved_by_hand_or_called_off(series: Any, feed: Any, sides: Any, person: Any) -> None:
    row, who = series(), person(f"coordinator-{sides[0].pk}")
    first, second = row.occasions.filter(starts_at__gt=timezone.now())[:2]
    at = first.starts_at + timedelta(days=2, hours=3)
    told = Notification.objects.filter(code="portal_told_occasion_moved").count()
    services.move_occasion(who, first, starts_at=at, host=sides[1].pk, place="会议中心", agenda_zh="专题")
    services.call_off(who, second)
    assert Notification.objects.filter(code="portal_told_occasion_moved").count() > told
    services.change_series(who, row, starts_at=time(16, 0))
    assert extend_series(timezone.now()) == 0
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.starts_at, first.sequence, first.is_fixed) == (at, 1, True)
    assert (second.is_off, second.sequence) == (True, 1)
    events = _of(feed(who.username))
    assert [str(one["description"]) for one in events if one["dtstart"].dt == at] == ["专题"]
    assert [str(one["status"]) for one in events].count("CANCELLED") == 1
    with pytest.raises(DeniedError, match="portal_meet_occasion_closed"):
        services.call_off(who, second)
    with pytest.raises(InputError, match="portal_meet_occasion_past"):
        services.move_occasion(who, first, starts_at=timezone.now() - timedelta(days=1))


def test_feeds_by_person_department_and_clause(
    agreement: Any, series: Any, feed: Any, sides: Any, officer_of: Any
) -> None:
    clause = next(one for one in agreement_term(agreement).clauses if one.lead.get(sides[0].pk))
    office = clause.lead[sides[0].pk][0]
    other = next(
        one
        for one in agreement_term(agreement).clauses
        if office not in {key for keys in (*one.lead.values(), *one.support.values()) for key in keys}
    )
    series(clause=clause.key, title_zh="本条款例会")
    series(clause=other.key, title_zh="别的例会")
    officer = officer_of(sides[0], office)
    for scope, key in (("person", ""), ("department", office), ("clause", clause.key)):
        events = feed(officer.username, scope, key)
        assert _of(events, "本条款例会"), scope
        assert not _of(events, "别的例会"), scope
    assert _of(feed(f"coordinator-{sides[0].pk}"), "别的例会")
    assert not _of(feed(f"firm-{sides[0].pk}"), "本条款例会")


def test_rules_that_give_nothing_and_strange_hosts_are_refused(series: Any) -> None:
    for fields, code in (
        ({"rule": "FREQ=SOMETIMES"}, "meet_rule_wrong"),
        ({"rule": "FREQ=HOURLY"}, "meet_rule_wrong"),
        ({"rule": "FREQ=DAILY;INTERVAL=0"}, "meet_rule_wrong"),
        ({"rule": "FREQ=DAILY", "starts_on": date(1990, 1, 1)}, "meet_rule_too_many"),
        ({"rule": "FREQ=DAILY", "starts_on": date(9999, 12, 31)}, "portal_meet_rule_empty"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "portal_meet_rule_empty"),
        ({"hosts": ["000000"]}, "portal_meet_host_unknown"),
        ({"clause": "no-such"}, "portal_meet_clause_unknown"),
    ):
        with pytest.raises(InputError, match=code):
            series(**fields)
    assert not Series.objects.exists()


# what locked the database, ran for seconds, answered 500 or put several meetings on a day before rules were checked
HOSTILE = {
    "FREQ=DAILY;INTERVAL=0": "meet_rule_number",
    "FREQ=DAILY;INTERVAL=-1": "meet_rule_number",
    "FREQ=DAILY;COUNT=-1": "meet_rule_number",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30": "portal_meet_rule_empty",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": "portal_meet_rule_empty",
    "freq=hourly": "meet_rule_frequency",
    "Freq=Secondly;Interval=1": "meet_rule_frequency",
    "FREQ=DAILY;BYHOUR=9,10,11;BYMINUTE=0,30": "meet_rule_time_of_day",
    "RRULE:FREQ=DAILY\nEXRULE:FREQ=SECONDLY": "meet_rule_property",
    "FREQ=DAILY;UNTIL=20260101T000000Z;COUNT=3": "meet_rule_not_with",
}


@pytest.fixture
def entry(sides: Any) -> dict[str, Any]:
    """What the form of a series sends, but for its rule."""
    on = timezone.localdate() + timedelta(days=20)
    data = {"kind": "expert", "title_zh": "专家会", "starts_on": on.isoformat(), "starts_at": "10:00", "shift": "later"}
    return data | {"duration_min": "60", "reminder_days": "3", "hosts": [side.pk for side in sides]}


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_bad_rule_is_a_sentence_at_its_field(
    rule: str, entry: dict[str, Any], agreement: Any, coordinator: Client, series: Any
) -> None:
    """Entering and changing both say what is wrong with the rule, at once, and keep nothing of it."""
    row = series()
    filled = SeriesForm({**entry, "rule": rule})
    assert list(filled.errors) == ["rule"]
    for name, keys in (("open_series", {}), ("change_series", {"series": row.pk})):
        answer = post(coordinator, name, agreement, {**entry, "rule": rule}, **keys)
        assert answer.status_code == 200
        assert said(answer, HOSTILE[rule])
    assert [(one.pk, one.rule) for one in Series.objects.all()] == [(row.pk, row.rule)]


def test_a_rule_keeps_many_exceptions_and_says_how_many(
    entry: dict[str, Any], agreement: Any, coordinator: Client
) -> None:
    """A year of weekly exceptions is kept whole; a rule longer than is kept is a sentence at its field."""
    first = timezone.localdate()
    gone = [f"{first + timedelta(days=7 * n):%Y%m%d}" for n in range(1, 53)]
    rule = f"FREQ=WEEKLY\nEXDATE:{','.join(gone)}"
    assert said(post(coordinator, "open_series", agreement, {**entry, "rule": rule}), "portal_done_series")
    assert all(day in Series.objects.get().rule for day in gone)
    far = ",".join(f"{first + timedelta(days=n):%Y%m%d}" for n in range(1, 500))
    answer = post(coordinator, "open_series", agreement, {**entry, "rule": f"FREQ=DAILY\nEXDATE:{far}"})
    assert said(answer, "portal_meet_rule_long")
    assert Series.objects.count() == 1


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("RRULE:FREQ=MONTHLY;UNTIL={end}T160000Z;BYDAY=2TU", "FREQ=MONTHLY;UNTIL={end}T160000Z;BYDAY=2TU"),
        ("freq=weekly;byday=mo", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=DAILY\nEXDATE:{day}T020000Z", "FREQ=DAILY\nEXDATE;VALUE=DATE:{day}"),
    ],
)
def test_rules_of_other_programs_are_kept_and_fed(
    rule: str, kept: str, entry: dict[str, Any], agreement: Any, coordinator: Client, feed: Any
) -> None:
    """What Outlook writes is entered, stands in the feed, and the stored text is read again by the clock."""
    day = date.fromisoformat(entry["starts_on"]) + timedelta(days=1)
    words = {"day": f"{day:%Y%m%d}", "end": f"{day + timedelta(days=300):%Y%m%d}"}
    answer = post(coordinator, "open_series", agreement, {**entry, "rule": rule.format(**words)})
    assert said(answer, "portal_done_series")
    row = Series.objects.get()
    assert row.rule == kept.format(**words)
    assert "EXDATE" not in row.rule or not row.occasions.filter(due_on=day).exists()
    assert len(_of(feed(answer.wsgi_request.user.username), "专家会")) == row.occasions.count() > 0
    assert extend_series(timezone.now()) == 0


def test_a_stored_rule_that_is_none_keeps_nobody_waiting(series: Any, person: Any, sides: Any) -> None:
    """A series from before rules were checked keeps its dates and can be ended; the others are extended."""
    who = person(f"coordinator-{sides[0].pk}")
    old, row = series(), series()
    Series.objects.filter(pk=old.pk).update(rule="FREQ=SECONDLY")
    row.occasions.all().delete()
    n = old.occasions.count()
    assert extend_series(timezone.now()) == row.occasions.count() > 0
    assert old.occasions.filter(is_off=False).count() == n
    old.refresh_from_db()
    with pytest.raises(InputError, match="meet_rule_wrong"):
        services.change_series(who, old, title_zh="改名")
    services.change_series(who, old, is_ended=True)
    assert not old.occasions.filter(is_off=False, starts_at__gt=timezone.now()).exists()


def test_a_daily_series_has_one_date_a_day(series: Any) -> None:
    """Over eighteen months of holidays no day has two meetings of a series."""
    row = series(rule="FREQ=DAILY")
    days = [timezone.localdate(one) for one in row.occasions.values_list("starts_at", flat=True)]
    assert len(set(days)) == len(days) > 300


def test_the_other_side_signs_in_while_rules_are_tried(node: dict[str, str], tmp_path: Path) -> None:
    """With a real server on one SQLite file: one side sends every hostile rule, the other signs in each time."""
    key, *names = python(TWO_PEOPLE, node).split()
    port = free_port()
    server = serve(node, port, tmp_path / "web.log", "--no-worker")
    try:
        with ThreadPoolExecutor(2) as pool:
            sent = pool.submit(_try_rules, port, names[0], key)
            entered = pool.submit(_sign_in_often, port, names[1])
            assert sent.result(120) == [302] * len(HOSTILE)
            assert entered.result(120) == [302] * 5
    finally:
        server.terminate()
        server.wait(90)
    log = (tmp_path / "web.log").read_text()
    assert "locked" not in log
    assert "Traceback" not in log


TWO_PEOPLE = (
    SETUP
    + """
from duijie_portal.accounts.models import Person
agreement = Agreement.objects.get()
people = [
    Person.objects.create_user(f"c{side.pk}", "correct horse battery", role="coordinator", side=side)
    for side in agreement.sides.order_by("code")
]
print(agreement.pk, *[person.username for person in people])
"""
)


class Stay(HTTPRedirectHandler):
    """A redirect is an answer of its own."""

    def redirect_request(self, *args: Any) -> None:
        return None

    def http_error_302(self, req: Any, fp: Any, *args: Any) -> Any:
        return fp


def _sign_in(port: int, name: str) -> tuple[int, Any]:
    """The status of a sign-in by the form, and who opens pages from then on."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()), Stay())
    address = f"http://127.0.0.1:{port}{reverse('account_login')}"
    form = {"login": name, "password": "correct horse battery"}
    return _send(opener, address, address, form), opener


def _send(opener: Any, page: str, address: str, form: dict[str, Any]) -> int:
    """Fetch a page for its token and send a form; the status."""
    with opener.open(page, timeout=60) as answer:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.read().decode())
    assert token
    body = urlencode({**form, "csrfmiddlewaretoken": token[1]}, doseq=True).encode()
    with opener.open(address, body, timeout=60) as answer:
        return int(answer.status)


def _try_rules(port: int, name: str, agreement: str) -> list[int]:
    _, opener = _sign_in(port, name)
    page = f"http://127.0.0.1:{port}{reverse('all_series', args=[agreement])}"
    address = f"http://127.0.0.1:{port}{reverse('open_series', args=[agreement])}"
    form = {"kind": "expert", "title_zh": "专家会", "starts_on": "2026-12-01", "starts_at": "10:00", "shift": "later"}
    form |= {"duration_min": "60", "reminder_days": "3"}
    return [_send(opener, page, address, {**form, "rule": rule}) for rule in HOSTILE]


def _sign_in_often(port: int, name: str) -> list[int]:
    return [_sign_in(port, name)[0] for _ in range(5)]


def test_everybody_concerned_is_reminded_once(series: Any, sides: Any, person: Any) -> None:
    row = series(reminder_days=7)
    first = row.occasions.filter(starts_at__gt=timezone.now()).first()
    on = timezone.make_aware(datetime.combine(timezone.localdate(first.starts_at) - timedelta(days=7), time()))
    later = row.occasions.filter(starts_at__lt=first.starts_at + timedelta(days=1)).count()
    assert remind(on - timedelta(minutes=1)) == 0
    assert remind(on + timedelta(minutes=1)) == later
    assert remind(on + timedelta(hours=2)) == 0
    who = {f"coordinator-{side.pk}" for side in sides}
    told = Notification.objects.filter(code="portal_told_occasion_soon")
    assert set(told.values_list("person__username", flat=True)) >= who


def test_series_are_entered_changed_and_ended_on_the_pages(
    agreement: Any, sides: Any, as_person: Any, coordinator: Client
) -> None:
    on = timezone.localdate() + timedelta(days=20)
    data = {"kind": "expert", "title_zh": "专家会", "starts_on": on.isoformat(), "starts_at": "10:00", "shift": "later"}
    data |= {"duration_min": "60", "reminder_days": "3", "every": "quarterly", "hosts": [side.pk for side in sides]}
    assert said(post(coordinator, "open_series", agreement, data), "portal_done_series")
    row = Series.objects.get()
    assert row.rule.startswith("FREQ=MONTHLY;INTERVAL=3")
    assert said(post(coordinator, "open_series", agreement, {**data, "every": "", "rule": "x"}), "meet_rule_wrong")
    keys = {"series": row.pk}
    answer = post(coordinator, "change_series", agreement, {**data, "every": "monthly"}, **keys)
    assert said(answer, "portal_done_series_changed")
    one = row.occasions.filter(starts_at__gt=timezone.now()).first()
    moved = {"number": one.number, "starts_at": f"{on + timedelta(days=3)}T15:00", "host": sides[1].pk}
    assert said(post(coordinator, "move_occasion", agreement, moved, **keys), "portal_done_occasion_moved")
    assert said(post(coordinator, "call_off", agreement, {"number": one.number}, **keys), "portal_done_occasion_off")
    _, document = check_page("all_series", agreement, as_person, sides)
    assert [one["id"] for one in document["series"]] == [row.pk]
    assert document["coming"]
    _, document = check_page("one_series", agreement, as_person, sides, series=row.pk)
    assert sum(one["is_off"] for one in document["occasions"]) == 1
    there = as_person(f"coordinator-{sides[1].pk}")
    assert said(post(there, "end_series", agreement, {}, **keys), "portal_other_side_owns")
    assert (
        as_person(f"officer-{sides[0].pk}").post(reverse("open_series", args=[agreement.pk]), data).status_code == 403
    )
    assert said(post(coordinator, "end_series", agreement, {}, **keys), "portal_done_series_ended")
    assert not Occasion.objects.filter(series=row, is_off=False, starts_at__gt=timezone.now()).exists()
    assert coordinator.get(reverse("one_series", args=[agreement.pk, "no-such"])).status_code == 404


def test_writes_of_series_answer_to_post_from_the_agreement_only(agreement: Any, as_person: Any, series: Any) -> None:
    key = series().pk
    check_act("open_series", agreement, as_person)
    for name in ("change_series", "end_series", "move_occasion", "call_off"):
        check_act(name, agreement, as_person, series=key)
