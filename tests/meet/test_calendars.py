"""Feeds: read back strictly, lasting names, sequence numbers, true times; recurring dates off holidays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar, vDDDTypes

from duijie.errors import InputError
from duijie.meet import exchange_day, feed, plan
from duijie.meet.calendars import sequences
from duijie.meet.recurrence import Series, is_workday, occurrences, series_feed
from duijie.meet.timetable import Timetable
from duijie.terms import Bilingual

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
    before = read_strictly(feed(held, calendar="spring", stamped_at=STAMP, sequence={first.meeting: 2}))
    after = read_strictly(feed(moved, calendar="spring", stamped_at=STAMP, sequence=numbers, cancelled=held))
    assert after.keys() == before.keys()
    assert sorted(event["sequence"] for event in after.values()) == [1, 3]
    assert sorted(str(event["status"]) for event in after.values()) == ["CANCELLED", "CONFIRMED"]


SERIES = Series(
    "joint",
    Bilingual("联席会议", "Joint conference"),
    "FREQ=MONTHLY;BYMONTHDAY=1",
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
    assert all(one.is_known and is_workday(one.starts_at.date())[0] for one in dates)
    earlier = occurrences(replace(SERIES, shift="earlier"), until="2025-10-31")
    assert earlier[-1].on == "2025-09-30"
    assert not any(one.is_moved for one in occurrences(replace(SERIES, shift="keep"), until="2025-12-31"))


def test_years_without_published_holidays_say_so():
    dates = occurrences(replace(SERIES, starts_on="2060-01-01"), until="2060-03-31")
    assert not any(one.is_known for one in dates)
    assert all(one.starts_at.weekday() < 5 for one in dates)


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
    series = [replace(SERIES, rule=rule, shift=shift, starts_on="2025-01-07"), replace(SERIES, key="other")]
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


@pytest.mark.parametrize("rule", ["", "EVERY MONDAY", "FREQ=HOURLY", "FREQ=MONTHLY;BYMONTHDAY=x"])
def test_rules_that_are_none(rule):
    with pytest.raises(InputError):
        occurrences(replace(SERIES, rule=rule), until="2025-12-31")
