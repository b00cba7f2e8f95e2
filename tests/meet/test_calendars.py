"""Feeds: read back strictly, lasting names, sequence numbers, true times; recurring dates off holidays."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar, vDDDTypes

from duijie.data import root, sentence
from duijie.errors import InputError
from duijie.meet import exchange_day, feed, plan
from duijie.meet.calendars import Entry, sequences, uid, write_calendar
from duijie.meet.recurrence import Series, occurrences, series_feed
from duijie.meet.rule import parse_rule
from duijie.meet.timetable import Timetable
from duijie.terms import Bilingual
from duijie.terms.working_days import is_working_day

STAMP = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def held():
    people = [{"id": one, "name": f"测试企业{one}" * 6, "region": "1"} for one in "abc"]
    matches = [{"id": "m", "people": ["a", "b"], "score": 0.9}, {"id": "n", "people": ["a", "c"], "score": 0.5}]
    return plan(exchange_day(matches, people, on="2026-03-02", place="大厅", n_tables=1), seconds=5)


def read_strictly(raw):
    """What RFC 5545 asks of a file, checked on the bytes; then the entries by name, each name once."""
    events = read_entries(raw)
    assert len({str(event["uid"]) for event in events}) == len(events)
    return {str(event["uid"]): event for event in events}


def read_entries(raw):
    """The entries of a file that keeps to RFC 5545, of which several may be parts of one rule."""
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(len(line) <= 75 for line in lines)
    raw.decode("utf-8")
    calendar = Calendar.from_ical(raw)
    assert calendar["version"] == "2.0"
    assert calendar["prodid"]
    assert not calendar.errors
    zones = {str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")}
    events = calendar.walk("VEVENT")
    parts = [(str(event["uid"]), event.get("recurrence-id") and event["recurrence-id"].dt) for event in events]
    assert len(set(parts)) == len(parts)
    for event in events:
        assert not event.errors
        assert event["dtstamp"].dt.utcoffset() == timedelta(0)
        assert event["dtstart"].params["TZID"] in zones
        assert event["dtstart"].dt < event["dtend"].dt
    return events


def test_a_timetable_as_a_feed(held):
    events = read_strictly(feed(held, calendar="spring", stamped_at=STAMP))
    assert len(events) == 2
    starts = {event["dtstart"].dt.astimezone(UTC) for event in events.values()}
    assert starts == {
        held.instance.slots[held.instance.slot_index[key]].starts_at.astimezone(UTC) for key in held.slots.values()
    }
    assert len(read_strictly(feed(held, calendar="spring", stamped_at=STAMP, person="b"))) == 1
    assert read_strictly(feed(held, calendar="autumn", stamped_at=STAMP)).keys().isdisjoint(events)


def test_updates_and_cancellations_keep_the_name_and_raise_the_number(held):
    first, second = held.placements
    free = next(slot.key for slot in held.instance.slots if slot.key not in held.slots.values())
    left = tuple(one for one in held.instance.meetings if one.id == first.meeting)
    moved = Timetable(replace(held.instance, meetings=left), "feasible", (replace(first, slot=free),))
    numbers = sequences({first.meeting: 2}, held, moved)
    assert numbers == {first.meeting: 3, second.meeting: 1}
    # what is called off counts on from its number, and what was gone before keeps its own
    assert sequences({second.meeting: 4, "gone": 7}, held, moved) == {first.meeting: 1, second.meeting: 5, "gone": 7}
    before = read_strictly(feed(held, calendar="spring", stamped_at=STAMP, sequence={first.meeting: 2}))
    after = read_strictly(feed(moved, calendar="spring", stamped_at=STAMP, sequence=numbers, cancelled=held))
    assert after.keys() == before.keys()
    assert sorted(event["sequence"] for event in after.values()) == [1, 3]
    assert sorted(str(event["status"]) for event in after.values()) == ["CANCELLED", "TENTATIVE"]


def test_a_computed_plan_is_a_proposal_until_all_agreed(held):
    """Hours that a program chose are tentative; those everybody said yes to are confirmed."""
    for is_agreed, status in ((False, "TENTATIVE"), (True, "CONFIRMED")):
        events = read_strictly(feed(held, calendar="spring", stamped_at=STAMP, is_agreed=is_agreed))
        assert {str(event["status"]) for event in events.values()} == {status}


def test_one_room_writes_every_calendar():
    """Moments are written in the calendar's zone whatever theirs, whole days as days, and names are our own."""
    moment = datetime(2026, 3, 2, 1, tzinfo=UTC)
    entries = [
        Entry("a", "异地", moment, moment + timedelta(hours=1), changed_at=moment),
        Entry("b", "本地", datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 10), status="TENTATIVE"),
        Entry("c", "两天", date(2026, 3, 2), date(2026, 3, 3), status="CANCELLED", reminder_days=3),
    ]
    raw = write_calendar(entries, name="名称", calendar="x", stamped_at=STAMP)
    book = Calendar.from_ical(raw)
    assert str(book["x-wr-calname"]) == "名称"
    one, other, days = book.walk("VEVENT")
    assert one["dtstart"].to_ical() == other["dtstart"].to_ical() == b"20260302T090000"
    assert one["dtstart"].params["TZID"] == other["dtend"].params["TZID"] == "Asia/Shanghai"
    assert (days["dtstart"].dt, days["dtend"].dt) == (date(2026, 3, 2), date(2026, 3, 4))
    assert not days.walk("VALARM")
    for event, entry in zip((one, other, days), entries, strict=True):
        assert str(event["uid"]) == uid("x", entry.key)
        assert event["dtstamp"].dt == STAMP
        assert str(event["status"]) == entry.status
    writers = {path.name for path in root().parents[1].rglob("*.py") if "icalendar import" in path.read_text("utf-8")}
    assert writers == {"calendars.py"}


SERIES = Series(
    "joint",
    Bilingual("联席会议", "Joint conference"),
    parse_rule("FREQ=MONTHLY;BYMONTHDAY=1"),
    "2025-01-01",
    hosts=("甲方", "乙方"),
)


def test_dates_leave_holidays_and_hosts_take_turns():
    dates = occurrences(SERIES, until="2025-12-31")
    assert len(dates) == 12
    assert [one.host for one in dates[:3]] == ["甲方", "乙方", "甲方"]
    # 2025: New Year's Day; 1 February in the Spring Festival holiday; National Day with Mid-Autumn, 1 to 8 October.
    assert {one.due_on: one.on for one in dates if one.is_moved} == {
        "2025-01-01": "2025-01-02",
        "2025-02-01": "2025-02-05",
        "2025-03-01": "2025-03-03",
        "2025-05-01": "2025-05-06",
        "2025-06-01": "2025-06-03",
        "2025-10-01": "2025-10-09",
        "2025-11-01": "2025-11-03",
    }
    assert all(one.is_known and is_working_day(one.starts_at.date()) for one in dates)
    earlier = occurrences(replace(SERIES, shift="earlier"), until="2025-10-31")
    assert earlier[-1].on == "2025-09-30"
    assert not any(one.is_moved for one in occurrences(replace(SERIES, shift="keep"), until="2025-12-31"))


def test_years_without_published_holidays_say_so():
    """Before the notice no meeting is put on a weekend, on New Year's Day or into the Spring Festival."""
    dates = occurrences(replace(SERIES, starts_on="2060-01-01"), until="2060-05-31")
    assert not any(one.is_known for one in dates)
    # 2060: 1 January is a Thursday; the new year's day is 2 February, its eve a Sunday; 1 May is a Saturday
    assert [one.on for one in dates] == ["2060-01-02", "2060-02-05", "2060-03-01", "2060-04-01", "2060-05-03"]


def test_the_mechanism_as_a_feed():
    raw = series_feed([SERIES], calendar="x", until="2025-12-31", stamped_at=STAMP, cancelled=frozenset({"joint/3"}))
    events = read_strictly(raw)
    assert len(events) == 12
    assert sum(str(event["status"]) == "CANCELLED" for event in events.values()) == 1
    assert sum(len(event.walk("VALARM")) for event in events.values()) == 11
    own = series_feed([SERIES], calendar="x", until="2025-12-31", stamped_at=STAMP, host="乙方", language="en")
    assert {str(event["summary"]) for event in read_strictly(own).values()} == {"Joint conference"}
    assert len(read_strictly(own)) == 6


def expanded(raw):
    """(start, host, status) of every date that a reader would show: rule, less exceptions, each part in its place."""
    entries = read_entries(raw)
    parts = {
        (str(event["uid"]), event["recurrence-id"].dt.astimezone(UTC)): event
        for event in entries
        if "recurrence-id" in event
    }
    shown = []
    for event in entries:
        if "rrule" not in event:
            if "recurrence-id" not in event:
                shown.append(event)
            continue
        start = event["dtstart"].dt
        gone = {one.dt.astimezone(UTC) for one in (event["exdate"].dts if "exdate" in event else [])}
        for moment in rrulestr(event["rrule"].to_ical().decode(), dtstart=start):
            if moment.astimezone(UTC) in gone:
                continue
            part = parts.pop((str(event["uid"]), moment.astimezone(UTC)), None)
            if part is None:
                part = {"dtstart": vDDDTypes(moment), "location": event.get("location", ""), "status": event["status"]}
            shown.append(part)
    assert not parts, "a part of no date"
    return sorted((event["dtstart"].dt, str(event.get("location", "")), str(event["status"])) for event in shown)


@pytest.mark.parametrize("shift", ["later", "earlier", "keep", "skip"])
@pytest.mark.parametrize(
    "rule",
    ["FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1TH;COUNT=5"],
)
@pytest.mark.parametrize("host", ["", "乙方"])
def test_rules_show_the_same_dates_as_single_entries(shift, rule, host):
    series = [replace(SERIES, rule=parse_rule(rule), shift=shift, starts_on="2025-01-07"), replace(SERIES, key="other")]
    wish = {"calendar": "x", "until": "2026-02-28", "stamped_at": STAMP, "host": host}
    wish |= {"sequence": {"joint/2": 2, "joint/3": 1}, "cancelled": frozenset({"joint/3"})}
    ruled = series_feed(series, **wish, as_rules=True)
    assert expanded(ruled) == expanded(series_feed(series, **wish))
    entries = read_entries(ruled)
    assert len({str(event["uid"]) for event in entries}) == 2
    assert all(("rrule" in event) != ("recurrence-id" in event) for event in entries)


def test_a_date_on_a_holiday_falls_out_where_it_should():
    ruled = series_feed(
        [replace(SERIES, shift="skip", hosts=())], calendar="x", until="2025-12-31", stamped_at=STAMP, as_rules=True
    )
    (entry,) = read_entries(ruled)
    gone = [one.dt.date().isoformat() for one in entry["exdate"].dts]
    assert gone == [f"2025-{month:02d}-01" for month in (1, 2, 3, 5, 6, 10, 11)]
    assert len(entry.walk("VALARM")) == 1


def test_a_whole_series_is_called_off_under_its_name():
    wish = {"calendar": "x", "until": "2025-12-31", "stamped_at": STAMP, "as_rules": True}
    before, after = (
        next(event for event in read_entries(raw) if "rrule" in event)
        for raw in (
            series_feed([SERIES], **wish),
            series_feed([SERIES], **wish, cancelled=frozenset({"joint"}), sequence={"joint": 4}),
        )
    )
    assert before["uid"] == after["uid"]
    assert (before["sequence"], after["sequence"], str(after["status"])) == (0, 4, "CANCELLED")


MOMENT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def entry(**more):
    return Entry("a", "例会", MOMENT, MOMENT + timedelta(hours=1), **more)


def event_of(one, **more):
    """The one entry of a calendar, as it is read back."""
    raw = write_calendar([one], name="名称", calendar="x", stamped_at=STAMP, **more)
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    return event


def test_a_reminder_says_what_it_is_about():
    """So many days before, with the title; none where none is asked for or the date is off."""
    (alarm,) = event_of(entry(reminder_days=7)).walk("VALARM")
    assert (str(alarm["action"]), str(alarm["description"])) == ("DISPLAY", "例会")
    assert alarm["trigger"].dt == timedelta(days=-7)
    assert not event_of(entry()).walk("VALARM")
    assert not event_of(entry(reminder_days=7, status="CANCELLED")).walk("VALARM")


def test_what_an_entry_does_not_say_is_left_away():
    """Where, what about, when it changed, whether it keeps people busy."""
    bare = event_of(entry())
    assert {"location", "description", "last-modified", "transp", "rrule", "exdate", "recurrence-id"}.isdisjoint(bare)
    full = event_of(entry(location="大厅", description="议题", changed_at=MOMENT, sequence=2))
    assert (str(full["location"]), str(full["description"])) == ("大厅", "议题")
    assert (full["last-modified"].dt, full["sequence"]) == (MOMENT, 2)
    day = event_of(replace(entry(), starts=date(2026, 3, 2), ends=date(2026, 3, 2)))
    assert (str(day["transp"]), day["dtend"].dt) == ("TRANSPARENT", date(2026, 3, 3))


def test_clock_changes_are_written_for_the_years_about():
    """A zone that changes its clocks says when, from the year before the calendar was made to nine years on."""
    raw = write_calendar([entry()], name="x", calendar="x", stamped_at=STAMP, time_zone="America/New_York")
    (zone,) = Calendar.from_ical(raw).walk("VTIMEZONE")
    starts = [part["dtstart"].dt for part in zone.subcomponents]
    dates = [one.dt for part in zone.subcomponents for one in (part["rdate"].dts if "rdate" in part else [])]
    years = {moment.year for moment in (*starts, *dates)}
    assert set(range(2025, 2035)) <= years
    assert (min(years), max(years)) == (2025, 2034)


def test_a_meeting_without_clock_times_is_no_entry(held):
    """Nobody could tell when it is."""
    slots = tuple(replace(slot, starts_at=None, ends_at=None) for slot in held.instance.slots)
    bare = Timetable(replace(held.instance, slots=slots), held.status, held.placements)
    assert read_entries_or_none(feed(bare, calendar="spring", stamped_at=STAMP)) == []
    half = tuple(replace(slot, ends_at=None) for slot in held.instance.slots)
    bare = Timetable(replace(held.instance, slots=half), held.status, held.placements)
    assert read_entries_or_none(feed(bare, calendar="spring", stamped_at=STAMP)) == []


def read_entries_or_none(raw):
    return Calendar.from_ical(raw).walk("VEVENT")


def test_an_entry_of_a_timetable_says_who_and_where(held):
    """The names of people, the place and the table, in the language asked for; what was never changed is number 0."""
    raw = feed(held, calendar="spring", stamped_at=STAMP, language="en", person="b")
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    assert "测试企业a" in str(event["summary"])
    assert "测试企业b" in str(event["summary"])
    assert "大厅" in str(event["location"])
    assert event["sequence"] == 0
    assert str(Calendar.from_ical(raw)["x-wr-calname"]) == sentence("meet_calendar_name", "en", {"on": "2026-03-02"})
    online = tuple(replace(one, is_online=True) for one in held.instance.meetings)
    found = Timetable(replace(held.instance, meetings=online), held.status, held.placements)
    events = Calendar.from_ical(feed(found, calendar="spring", stamped_at=STAMP)).walk("VEVENT")
    assert {str(event["location"]) for event in events} == {sentence("meet_online", "zh")}


@pytest.mark.parametrize(
    ("fields", "key", "values"),
    [
        (
            {"starts_on": "1948-12-31"},
            "starts_on",
            {"value": "1948-12-31", "first": "1949-01-01", "last": "2100-12-31"},
        ),
        (
            {"starts_on": "2101-01-01"},
            "starts_on",
            {"value": "2101-01-01", "first": "1949-01-01", "last": "2100-12-31"},
        ),
        ({"starts_at": "09:00+08:00"}, "starts_at", {"value": "09:00+08:00"}),
        ({"duration_min": 0}, "duration_min", {"value": 0, "most": 1440}),
        ({"duration_min": 1441}, "duration_min", {"value": 1441, "most": 1440}),
        ({"shift": "away"}, "shift", {"value": "away", "known": "later, earlier, keep, skip"}),
    ],
)
def test_a_series_names_what_it_cannot_be(fields, key, values):
    """With the value and what it may be."""
    with pytest.raises(InputError, match="meet_series_wrong") as caught:
        replace(SERIES, **fields)
    [fault] = caught.value.faults
    assert (fault.where, fault.values) == ({"key": key}, values)
    assert (caught.value.values, caught.value.where) == ({"n": 1}, {"series": "joint"})


def test_a_series_may_begin_and_last_as_long_as_any():
    """On the first and last day of the calendar, for a minute or a day."""
    for fields in (
        {"starts_on": "1949-01-01"},
        {"starts_on": "2100-12-31"},
        {"duration_min": 1},
        {"duration_min": 1440},
    ):
        assert replace(SERIES, **fields).key == "joint"
    assert (SERIES.duration_min, SERIES.starts_at, SERIES.shift, SERIES.reminder_days) == (120, "09:00", "later", 7)
    (last,) = occurrences(replace(SERIES, rule=parse_rule("FREQ=DAILY"), starts_on="2100-12-31"), until="2100-12-31")
    assert (last.on, last.is_known) == ("2100-12-31", False)


def test_an_occurrence_is_wholly_described():
    """Its number and both days, its clock times in the zone of the series, its host, whether it was moved."""
    first, second = occurrences(SERIES, until="2025-02-28")
    assert (first.series, first.number, first.due_on, first.on) == ("joint", 0, "2025-01-01", "2025-01-02")
    assert first.starts_at.isoformat() == "2025-01-02T09:00:00+08:00"
    assert first.ends_at - first.starts_at == timedelta(hours=2)
    assert (first.host, second.host, first.is_moved, first.is_known) == ("甲方", "乙方", True, True)
    assert occurrences(replace(SERIES, hosts=()), until="2025-01-31")[0].host == ""
    assert occurrences(SERIES, until="2024-12-31") == ()


def test_a_calendar_of_the_mechanism_names_itself_and_its_changes():
    """Its name in the language asked for; the larger of what is said of a date and of its series counts."""
    wish = {"calendar": "x", "until": "2025-03-31", "stamped_at": STAMP}
    raw = series_feed([SERIES], **wish, sequence={"joint": 2, "joint/1": 5}, language="en", host="甲方")
    book = Calendar.from_ical(raw)
    assert str(book["x-wr-calname"]) == sentence("meet_mechanism_calendar", "en")
    assert sorted(event["sequence"] for event in book.walk("VEVENT")) == [2, 2]
    every = Calendar.from_ical(series_feed([SERIES], **wish, sequence={"joint": 2, "joint/1": 5})).walk("VEVENT")
    assert sorted(event["sequence"] for event in every) == [2, 2, 5]
    assert {event["sequence"] for event in Calendar.from_ical(series_feed([SERIES], **wish)).walk("VEVENT")} == {0}


def test_a_rule_ends_with_its_last_date_and_shows_its_first_host():
    """The entry of a rule begins on the first date by the rule, lasts as long as each, and has no number of its own."""
    (master, *parts) = read_entries(
        series_feed([SERIES], calendar="x", until="2025-03-31", stamped_at=STAMP, as_rules=True)
    )
    assert master["dtstart"].dt.isoformat() == "2025-01-01T09:00:00+08:00"
    assert master["dtend"].dt - master["dtstart"].dt == timedelta(hours=2)
    assert (str(master["location"]), master["sequence"], str(master["status"])) == ("甲方", 0, "CONFIRMED")
    assert [part["recurrence-id"].dt.date().isoformat() for part in parts] == ["2025-01-01", "2025-02-01", "2025-03-01"]
    april = series_feed([SERIES], calendar="x", until="2025-04-30", stamped_at=STAMP, as_rules=True)
    assert [event["dtstart"].dt.date().isoformat() for event in read_entries(april)[1:]] == [
        "2025-01-02", "2025-02-05", "2025-03-03", "2025-04-01",
    ]  # fmt: skip
    plain = replace(SERIES, shift="keep", hosts=())
    (only,) = read_entries(series_feed([plain], calendar="x", until="2025-03-31", stamped_at=STAMP, as_rules=True))
    assert only["rrule"]["until"] == [datetime(2025, 3, 1, 1, tzinfo=UTC)]
    none = series_feed([SERIES], calendar="x", until="2024-12-31", stamped_at=STAMP, as_rules=True)
    assert not Calendar.from_ical(none).walk("VEVENT")
