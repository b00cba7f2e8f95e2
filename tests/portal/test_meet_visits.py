"""Visits: entered, routed, re-planned around a host that falls out, drawn without tiles, put on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from portal_checks import check_act, check_page, post, said

from duijie.errors import DeniedError, InputError
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Notification, Party
from duijie_portal.meet import maps, services
from duijie_portal.meet.calendars import document as feed_document
from duijie_portal.meet.models import Feed, Outline, Visit
from duijie_portal.meet.services.outlines import rings

SQUARE = {"type": "Polygon", "coordinates": [[[118.5, 24.7], [118.7, 24.7], [118.7, 24.9], [118.5, 24.7]]]}


@pytest.fixture
def who(sides: Any, person: Any) -> Any:
    return person(f"coordinator-{sides[0].pk}")


@pytest.fixture
def visit(agreement: Any, sides: Any, who: Any) -> Callable[..., Visit]:
    """Two days: hosts near one station on the first, hosts near another, four hours by rail, on the second."""

    def make(n_hosts: int = 4, **fields: Any) -> Visit:
        on = timezone.localdate() + timedelta(days=10)
        given = {"title_zh": "产业考察", "title_en": "Study visit", "on": on, "until": on + timedelta(days=1)}
        row = services.open_visit(who, agreement, **{**given, "straight_kmh": 40, **fields})
        spots = [(24.80, 118.57), (24.82, 118.60), (22.65, 114.03), (22.70, 114.05)]
        for at, (lat, lon) in enumerate(spots[:n_hosts]):
            services.add_host(
                who,
                row,
                name=f"接待单位{at}",
                place=f"园区{at}",
                spans=[["09:00", "12:00"], ["14:00", "18:00"]],
                closed_on=[],
                visit_min=60,
                capacity_persons=20,
                interest=1.0 + at,
                place_side=sides[at // 2].pk,
                lat=lat,
                lon=lon,
            )
        for name, lat, lon, side in (("甲站", 24.81, 118.58, sides[0]), ("乙站", 22.61, 114.03, sides[1])):
            services.add_place(who, row, place=name, place_side=side.pk, lat=lat, lon=lon)
        hours = {"first": "08:30", "last": "20:00", "start_place": "甲站", "night_place": "乙站", "end_place": "乙站"}
        services.add_group(who, row, name="第一组", n_persons=12, **hours)
        facts = {"number": "D1", "origin": "甲站", "goal": "乙站", "on": on}
        services.add_train(who, row, departs="13:00", arrives="17:00", **facts)
        row.refresh_from_db()
        return row

    return make


def _held(row: Visit) -> dict[str, str]:
    return {one["key"]: one["starts_at"] for one in row.plan["stops"] if one["kind"] == "host"}


def test_a_visit_is_routed_over_two_days_by_road_and_rail(visit: Any, who: Any, agreement: Any) -> None:
    row = visit()
    services.plan_visit(who, row, now=timezone.now())
    row.refresh_from_db()
    assert row.plan["status"] == "optimal"
    assert row.plan["interest"] == 1 + 2 + 3 + 4
    assert [one["key"] for one in row.plan["stops"] if one["kind"] == "train"] == ["D1"]
    days = {one["name"]: one["starts_at"][:10] for one in _named(row)}
    assert days["接待单位0"] == days["接待单位1"] == row.on.isoformat()
    assert days["接待单位2"] == days["接待单位3"] == row.until.isoformat()
    assert row.sequence == 0
    assert verify_agreement(agreement).holds


def _named(row: Visit) -> list[dict[str, str]]:
    names = {one["key"]: one["name"] for one in row.hosts}
    return [{"name": names[key], "starts_at": at} for key, at in _held(row).items()]


def test_a_host_falls_out_and_nobody_else_moves(visit: Any, who: Any) -> None:
    row = visit()
    services.plan_visit(who, row, now=timezone.now())
    row.refresh_from_db()
    before = _held(row)
    gone = row.hosts[1]["key"]
    told = Notification.objects.filter(code="portal_told_visit").count()
    services.plan_visit(who, row, services.put_host(gone, is_out=True), now=timezone.now())
    row.refresh_from_db()
    assert _held(row) == {key: at for key, at in before.items() if key != gone}
    assert [(one["host"], one["after"]) for one in row.plan["changes"]] == [(gone, "")]
    assert row.plan["is_kept"]
    assert row.sequence == 1
    assert Notification.objects.filter(code="portal_told_visit").count() == told + 2
    services.plan_visit(who, row, services.put_host(gone, is_out=False), now=timezone.now())
    row.refresh_from_db()
    back = _held(row)
    assert {key: at for key, at in back.items() if key != gone} == {
        key: at for key, at in before.items() if key != gone
    }
    assert gone in back


def test_with_two_groups_each_keeps_its_own_times(visit: Any, who: Any) -> None:
    row = visit()
    hours = {"first": "08:30", "last": "20:00", "start_place": "甲站", "night_place": "乙站", "end_place": "乙站"}
    services.add_group(who, row, name="第二组", n_persons=12, **hours)  # too many to be anywhere together
    services.plan_visit(who, row, now=timezone.now())
    row.refresh_from_db()
    before = {(one["group"], one["key"]): one["starts_at"] for one in row.plan["stops"] if one["kind"] == "host"}
    gone = row.hosts[3]["key"]
    services.plan_visit(who, row, services.put_host(gone, is_out=True), now=timezone.now())
    row.refresh_from_db()
    after = {(one["group"], one["key"]): one["starts_at"] for one in row.plan["stops"] if one["kind"] == "host"}
    assert {place: at for place, at in after.items() if place in before} == {
        place: at for place, at in before.items() if place[1] != gone
    }
    assert row.plan["is_kept"]
    pairs = {(group["key"], host["key"]) for group in row.groups for host in row.hosts if not host["is_out"]}
    told = {(one["group"], one["host"]) for one in row.plan["unvisited"]}
    assert told | after.keys() == pairs  # whom a group does not see is told, nothing is dropped silently


def test_a_host_with_an_account_is_told(visit: Any, who: Any, agreement: Any, sides: Any, person: Any) -> None:
    row = visit(n_hosts=1)
    firm = person(f"firm-{sides[0].pk}")
    firm.party = Party.objects.filter(agreement=agreement, side=sides[0], kind="firm").first().pk
    firm.save()
    row.hosts = [{**row.hosts[0], "party": firm.party}]
    row.save()
    services.plan_visit(who, row, now=timezone.now())
    assert Notification.objects.filter(person=firm, code="portal_told_host").count() == 1
    services.call_off_visit(who, row)
    assert Notification.objects.filter(person=firm, code="portal_told_visit_off").count() == 1
    with pytest.raises(DeniedError, match="portal_meet_visit_closed"):
        services.plan_visit(who, row, now=timezone.now())


def test_capacity_closed_days_and_roads_are_kept(visit: Any, who: Any) -> None:
    row = visit()
    row.hosts[0]["capacity_persons"] = 5
    row.hosts[1]["closed_on"] = [row.on.isoformat()]
    row.save()
    services.plan_visit(who, row, now=timezone.now())
    row.refresh_from_db()
    reasons = {one["host"]: one["reasons"][0]["code"] for one in row.plan["unvisited"]}
    assert reasons[row.hosts[0]["key"]] == "meet_host_too_small"
    assert row.hosts[1]["key"] in reasons
    for train in row.trains:
        services.drop(who, row, what="trains", key=train["key"])
    services.add_place(who, row, place="乙站")  # its position is not known any more: no road leads there
    with pytest.raises(InputError, match="portal_meet_visit_infeasible"):
        services.plan_visit(who, row, now=timezone.now(), is_fresh=True)


def test_what_was_changed_meanwhile_is_not_overwritten(visit: Any, who: Any) -> None:
    row = visit()

    def meanwhile(held: Visit) -> None:
        services.add_road(who, held, a="甲站", b="园区0", minutes=7)

    with pytest.raises(InputError, match="portal_meet_changed_meanwhile"):
        services.plan_visit(who, row, meanwhile, now=timezone.now())
    row.refresh_from_db()
    assert not row.plan
    assert row.roads[0]["minutes"] == 7


def test_wrong_entries_are_told(visit: Any, who: Any, agreement: Any) -> None:
    on = timezone.localdate()
    for wrong in ({"until": on + timedelta(days=30)}, {"on": on - timedelta(days=1), "until": on}):
        with pytest.raises(InputError, match="portal_meet_visit_days"):
            visit(**wrong)
    row = visit()
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (services.add_road, {"a": "甲站", "b": "甲站", "minutes": 1}, "portal_meet_road_nowhere"),
        (services.add_place, {"place": "x", "lat": 1.0}, "portal_meet_place_half"),
        (services.drop, {"what": "roads", "key": "none"}, "portal_meet_entry_unknown"),
    ]
    train = {"number": "D2", "origin": "甲站", "goal": "乙站", "departs": "08:00", "arrives": "12:00"}
    cases.append((services.add_train, {**train, "on": row.until + timedelta(days=1)}, "portal_meet_train_wrong"))
    group = {"name": "晚", "n_persons": 1, "first": "18:00", "last": "09:00", "start_place": "甲站"}
    cases.append((services.add_group, group, "portal_meet_group_hours"))
    for add, fields, code in cases:
        with pytest.raises(InputError, match=code):
            add(who, row, **fields)
    services.plan_visit(who, row, now=timezone.now())
    with pytest.raises(InputError, match="portal_meet_entry_used"):
        services.drop(who, row, what="hosts", key=next(iter(_held(Visit.objects.get(pk=row.pk)))))
    with pytest.raises(InputError, match="portal_meet_visit_empty"):
        services.plan_visit(who, visit(n_hosts=0), now=timezone.now())


def test_the_map_has_a_panel_for_each_area_and_true_positions(visit: Any, who: Any) -> None:
    row = visit()
    services.plan_visit(who, row, now=timezone.now())
    row.refresh_from_db()
    drawn = maps.map_of(row, [rings(json.dumps(SQUARE).encode())])
    assert drawn is not None
    assert len(drawn["panels"]) == 2
    spots = {one["name"]: one for panel in drawn["panels"] for one in panel["spots"]}
    assert set(spots) == {"甲站", "乙站", "园区0", "园区1", "园区2", "园区3"}
    assert spots["园区1"]["y"] < spots["园区0"]["y"]  # further north is further up
    assert spots["园区1"]["x"] > spots["园区0"]["x"]
    assert [len(panel["paths"]) for panel in drawn["panels"]] == [1, 0]
    assert {one["kind"] for one in drawn["ways"]} == {"road", "train"}
    numbers = sorted(one["number"] for one in spots.values())
    assert numbers == list(range(1, 7))
    # ten kilometres on the ground are as long as the scale says
    panel = drawn["panels"][0]
    north = (spots["园区0"]["y"] - spots["园区1"]["y"]) / (panel["bar"] / panel["km"])
    assert north == pytest.approx(0.02 * 111.2, rel=0.05)


def test_without_positions_the_line_is_schematic(visit: Any, who: Any) -> None:
    row = visit()
    for name in list(row.places):
        services.add_place(who, row, place=name)
    for a, b in (("甲站", "园区0"), ("园区0", "园区1"), ("园区1", "甲站"), ("乙站", "园区2")):
        services.add_road(who, row, a=a, b=b, minutes=15)
    services.plan_visit(who, row, now=timezone.now())
    row.refresh_from_db()
    assert maps.map_of(row, []) is None
    (line,) = maps.belt(row)
    assert line["nodes"][0]["name"] == "甲站"
    assert {"园区0", "园区1", "园区2"} <= {one["name"] for one in line["nodes"]}
    assert len({(one["x"], one["y"]) for one in line["nodes"]}) == len(line["nodes"])
    assert "train" in {one["kind"] for one in line["edges"]}
    assert maps.belt(visit()) == []


@given(
    st.dictionaries(
        st.text("甲乙丙丁戊己", min_size=1, max_size=4),
        st.tuples(st.floats(-89, 89), st.floats(-179, 179)),
        min_size=2,
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_place_is_drawn_once_inside_the_map(spots: dict[str, tuple[float, float]]) -> None:
    row = Visit(places={name: {"side": "", "lat": lat, "lon": lon} for name, (lat, lon) in spots.items()})
    row.on = row.until = timezone.localdate()
    drawn = maps.map_of(row, [])
    assert drawn is not None
    found = [one for panel in drawn["panels"] for one in panel["spots"]]
    assert sorted(one["name"] for one in found) == sorted(spots)
    assert sorted(one["number"] for one in found) == list(range(1, len(spots) + 1))
    for panel in drawn["panels"]:
        for one in panel["spots"]:
            assert panel["left"] <= one["x"] <= panel["left"] + panel["width"]
        places = [(one["x"], one["y"]) for one in panel["spots"]]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}',
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 95], [0, 0]]]}',
        b'{"type": "Polygon", "coordinates": [[[0, 0], [NaN, 0], [1, 1], [0, 0]]]}',
        b'{"type": "Point", "coordinates": [0, 0]}',
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null}]}',
        b'{"type": "GeometryCollection", "geometries": ' * 50 + b"[]" + b"}" * 50,
        b"\xff\xfe",
    ],
)
def test_only_areas_on_the_globe_are_taken(content: bytes) -> None:
    with pytest.raises(InputError):
        rings(content)


def test_boundaries_are_brought_and_taken_away_by_their_side(
    agreement: Any, sides: Any, as_person: Any, coordinator: Client, visit: Any
) -> None:
    def sent(content: bytes) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("a.geojson", content), "name": "界线", "approval": "审图号 GS(2026)1"}

    square = json.dumps({"type": "Feature", "properties": {"secret": "x"}, "geometry": SQUARE}).encode()
    assert said(post(coordinator, "add_outline", agreement, sent(square)), "portal_done_outline")
    assert said(post(coordinator, "add_outline", agreement, sent(b"<svg/>")), "portal_meet_outline_wrong")
    huge = post(coordinator, "add_outline", agreement, sent(b" " * (2 * 1024 * 1024 + 1)))
    assert not said(huge, "portal_done_outline")
    row = Outline.objects.get()
    assert row.lines == [[[118.5, 24.7], [118.7, 24.7], [118.7, 24.9], [118.5, 24.7]]]
    page = coordinator.get(reverse("visit", args=[agreement.pk, visit().pk])).content.decode()
    assert "GS(2026)1" in page
    there = as_person(f"coordinator-{sides[1].pk}")
    assert said(post(there, "drop_outline", agreement, {"key": row.pk}), "portal_other_side_owns")
    assert said(post(coordinator, "drop_outline", agreement, {"key": row.pk}), "portal_done_outline_dropped")
    assert not Outline.objects.exists()


def test_a_visit_through_the_pages(agreement: Any, sides: Any, as_person: Any, coordinator: Client) -> None:
    on = timezone.localdate() + timedelta(days=5)
    data = {"title_zh": "互访", "on": on.isoformat(), "until": on.isoformat(), "straight_kmh": "30"}
    assert said(post(coordinator, "open_visit", agreement, data), "portal_done_visit")
    keys = {"visit": Visit.objects.get().pk}
    assert said(post(coordinator, "plan_visit", agreement, {}, **keys), "portal_meet_visit_empty")
    host: dict[str, Any] = {
        "name": "龙头企业",
        "place": "一区",
        "spans": "09:00-12:00",
        "visit_min": "60",
        "interest": "2",
    }
    host |= {"capacity_persons": "30", "lat": "24.8", "lon": "118.5", "place_side": sides[0].pk}
    assert said(post(coordinator, "add_host", agreement, host, **keys), "portal_done_entry")
    assert said(post(coordinator, "add_host", agreement, {**host, "name": ""}, **keys), "portal_meet_host_nameless")
    assert said(post(coordinator, "add_host", agreement, {**host, "party": "x"}, **keys), "portal_meet_party_unknown")
    party = Party.objects.filter(agreement=agreement, side=sides[0]).exclude(kind="talent").first()
    named = {**host, "name": "", "party": party.pk, "place": "二区", "lat": "24.82"}
    assert said(post(coordinator, "add_host", agreement, named, **keys), "portal_done_entry")
    group = {"name": "一组", "n_persons": "8", "first": "08:30", "last": "13:00", "start_place": "宾馆"}
    assert said(post(coordinator, "add_group", agreement, group, **keys), "portal_done_entry")
    road = {"a": "宾馆", "b": "一区", "minutes": "10"}
    assert said(post(coordinator, "add_road", agreement, road, **keys), "portal_done_entry")
    place = {"place": "宾馆", "lat": "24.81", "lon": "118.52"}
    assert said(post(coordinator, "add_place", agreement, place, **keys), "portal_done_entry")
    assert said(post(coordinator, "plan_visit", agreement, {}, **keys), "portal_done_visit_planned")
    _, document = check_page("visits", agreement, as_person, sides)
    assert document["visits"][0]["n_visits"] == 2
    html, document = check_page("visit", agreement, as_person, sides, **keys)
    assert [one["name"] for one in document["days"][0]["stops"]]
    assert "<svg" in html
    assert {one["is_estimated"] for one in document["roads"]} == {True, False}
    out = {"key": document["hosts"][0]["key"], "is_out": "1"}
    assert said(post(coordinator, "put_host", agreement, out, **keys), "portal_done_visit_planned")
    answer = coordinator.get(reverse("visit_map", args=[agreement.pk, keys["visit"]]))
    assert answer["Content-Type"] == "image/svg+xml"
    drawn = ElementTree.fromstring(b"".join(answer.streaming_content))
    assert drawn.tag.endswith("svg")
    assert "href" not in str(list(drawn.iter()))
    assert said(post(coordinator, "call_off_visit", agreement, {}, **keys), "portal_done_visit_off")
    assert said(post(coordinator, "add_road", agreement, road, **keys), "portal_meet_visit_closed")


def test_letters_and_sheets_are_word_files_for_the_own_side(
    agreement: Any, sides: Any, as_person: Any, visit: Any, who: Any
) -> None:
    row = visit()
    services.plan_visit(who, row, now=timezone.now())
    here, there = (as_person(f"coordinator-{side.pk}") for side in sides)
    path = reverse("visit_paper", args=[agreement.pk, row.pk])
    data = {"inviter": "对接办", "purpose": "产业考察", "contact": "张三 0755", "reply_by": row.on.isoformat()}
    group, host = row.groups[0]["key"], row.hosts[0]["key"]
    for paper, mark in ((f"invitation:{group}", "第一组"), (f"sheet:{group}", "D1"), (f"host:{host}", "接待单位0")):
        answer = here.post(path, {**data, "paper": paper})
        assert answer["Content-Type"].endswith("wordprocessingml.document")
        file = docx.Document(BytesIO(answer.content))
        text = "\n".join(
            [one.text for one in file.paragraphs]
            + [cell.text for table in file.tables for line in table.rows for cell in line.cells]
        )
        assert mark in text, paper
    answer = here.post(path, {**data, "paper": "all"})
    assert len(ZipFile(BytesIO(answer.content)).namelist()) == 2 + 4
    assert here.post(path, {**data, "paper": "host:00000000"}).status_code == 404
    assert here.post(path, {**data, "paper": "all", "inviter": ""}).status_code == 302
    assert there.post(path, {**data, "paper": "all"}).status_code == 302
    assert here.get(path).status_code == 405
    assert as_person("stranger").post(path, data).status_code == 404
    assert Client().post(path, data).status_code == 404


def test_who_may_and_who_may_not(agreement: Any, sides: Any, as_person: Any, visit: Any) -> None:
    row = visit()
    check_act("open_visit", agreement, as_person)
    for name in ("add_outline", "drop_outline"):
        check_act(name, agreement, as_person)
    names = ("add_host", "add_group", "add_train", "add_road", "add_place", "drop_entry", "plan_visit", "put_host")
    for name in (*names, "call_off_visit"):
        check_act(name, agreement, as_person, visit=row.pk)
    there = as_person(f"coordinator-{sides[1].pk}")
    road = {"a": "甲站", "b": "园区0", "minutes": "10"}
    assert said(post(there, "add_road", agreement, road, visit=row.pk), "portal_other_side_owns")
    assert said(post(there, "plan_visit", agreement, {}, visit=row.pk), "portal_other_side_owns")
    for role in ("officer", "reader", "auditor"):
        client = as_person(f"{role}-{sides[0].pk}")
        for name in ("add_road", "plan_visit"):
            path = reverse(name, args=[agreement.pk, row.pk])
            assert client.post(path, road).status_code == 403, (role, name)
    firm = as_person(f"firm-{sides[0].pk}")
    assert firm.get(reverse("visit", args=[agreement.pk, row.pk])).status_code == 404
    leader = as_person(f"leader-{sides[0].pk}")
    assert said(post(leader, "add_road", agreement, road, visit=row.pk), "portal_done_entry")


def test_a_visit_stands_in_the_feeds_with_its_number(visit: Any, who: Any, agreement: Any) -> None:
    row = visit()
    feed = services.make_feed(who, agreement, scope="person")

    def entry() -> Any:
        found = Calendar.from_ical(feed_document(Feed.objects.get(pk=feed.pk), now=timezone.now()))
        return next(one for one in found.walk("VEVENT") if "产业考察" in str(one["summary"]))

    assert (entry()["dtstart"].dt, entry()["dtend"].dt) == (row.on, row.until + timedelta(days=1))
    assert int(entry()["sequence"]) == 0
    services.call_off_visit(who, row)
    assert (str(entry()["status"]), int(entry()["sequence"])) == ("CANCELLED", 1)
