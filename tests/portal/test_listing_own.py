"""Those outside the offices at work: own needs and offers, field by field; posts, applications, appeals; leaving."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import planted
import pytest
from axes.models import AccessLog
from django.test import Client
from django.urls import reverse
from portal_checks import check_act, check_page, post, said

from duijie.match.kinds import Field, load_kinds
from duijie_portal.accounts.models import Activity, Person, Registration
from duijie_portal.ledger import checking
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.entries import Entry, EntryPart, Word
from duijie_portal.ledger.models import Listing, Notification, Party, Record

KINDS = [(key, role) for key in load_kinds() for role in ("need", "offer")]


@pytest.fixture
def outsider(agreement: Any, sides: Any) -> Callable[..., tuple[Person, Party]]:
    """An account of a role that acts for a party of a side."""

    def make(role: str, side: Any, name: str = "") -> tuple[Person, Party]:
        kind = role
        key = f"{role}-{name or side.pk}-party"
        party = planted.party(agreement, side, key, kind=kind, name=f"演练{key}")
        person = Person.objects.filter(username=f"{role}-{side.pk}").first() if not name else None
        if person is None:
            person = Person.objects.create_user(name, "correct horse battery", role=role, side=side)
        person.party = party.pk
        person.save()
        return person, party

    return make


def typed(field: Field) -> tuple[dict[str, str], Any]:
    """What one types into a field, and what its payload holds then."""
    key = field.key
    return {
        "text": ({key: "内容"}, "内容"),
        "words": ({key: "甲、乙，丙"}, ["甲", "乙", "丙"]),
        "number": ({key: "7"}, 7)
        if field.cell.name == "count"
        else ({key: "1.25万"}, 12_500)
        if field.cell.name == "money"
        else ({key: "12.5"}, 12.5),
        "date": ({key: "2027-01-31"}, "2027-01-31"),
        "range": ({f"{key}_0": "10", f"{key}_1": "20"}, [10, 20]),
        "code": (
            {key: "1711、1712" if field.taxonomy == "gbt4754" else "x1"},
            ["1711", "1712"] if field.taxonomy == "gbt4754" else ["x1"],
        ),
        "choice": ({key: next(iter(field.vocabulary), "")}, next(iter(field.vocabulary), "")),
    }[field.type]


def enter(client: Client, agreement: Any, kind: str = "supply", role: str = "need", **fields: str) -> Any:
    return post(client, "enter_listing", agreement, {"kind": kind, "role": role, "title": "求购纱线", **fields})


REFUSED = [
    ("supply", "need", "quantity_month", "-100", "小于 0"),
    ("supply", "need", "partners_n", "-2", "小于 0"),
    ("supply", "offer", "price_cny", "-5", "小于 0"),
    ("supply", "offer", "lead_days", "−10", "小于 0"),
    ("supply", "offer", "capacity_n", "2.5", "应为整数"),
    ("supply", "offer", "price_cny", "面谈5元", "不是金额单位"),
    ("result", "offer", "trl", "15", "大于 9"),
    ("capital", "offer", "ticket_cny", "nan", "不是一个规范书写的数"),
]


@pytest.mark.parametrize(("kind", "role", "key", "text", "said_there"), REFUSED)
def test_a_figure_outside_its_type_is_refused_at_its_field(
    agreement: Any,
    sides: Any,
    outsider: Any,
    as_person: Any,
    kind: str,
    role: str,
    key: str,
    text: str,
    said_there: str,
) -> None:
    """A quantity below zero, a level of 15, half an order: refused with a sentence at the field, nothing entered."""
    person, _ = outsider("firm", sides[0])
    client, field = as_person(person.username), next(one for one in load_kinds()[kind].fields(role) if one.key == key)  # type: ignore[arg-type]
    sent = {f"{key}_0": text, f"{key}_1": "9"} if field.type == "range" else {key: text}
    form = enter(client, agreement, kind, role, **sent).content.decode()
    assert not Listing.objects.filter(party=person.party).exists()
    assert f'id="e-{key}"' in form
    assert said_there in form.split(f'id="e-{key}"')[1].split("</span>")[0]


def release(as_person: Any, agreement: Any, row: Any, kind: str = "listing", visibility: str = "both") -> None:
    data = {"type": kind, "id": row.pk, "visibility": visibility}
    assert said(post(as_person(f"coordinator-{row.side_id}"), "clear", agreement, data), "portal_done_clear")
    code = "portal_done_release_matched" if kind == "listing" else "portal_done_release"
    assert said(post(as_person(f"leader-{row.side_id}"), "release", agreement, data), code)


@pytest.mark.parametrize(("kind", "role"), KINDS)
def test_the_form_of_every_kind_is_its_file(
    agreement: Any, sides: Any, outsider: Any, as_person: Any, kind: str, role: str
) -> None:
    person, _ = outsider("firm", sides[0])
    client, fields = as_person(person.username), load_kinds()[kind].fields(role)  # type: ignore[arg-type]
    form = client.get(reverse("listing_new_json", args=[agreement.pk]), {"kind": kind, "role": role}).json()
    assert [one["key"] for one in form["fields"]] == [one.key for one in fields]
    sent, expected = {"kind": kind, "role": role, "valid_until": "2027-12-31"}, {}
    for field in fields:
        given, expected[field.key] = typed(field)
        sent |= given
    assert said(post(client, "enter_listing", agreement, sent), "portal_done_listing_entered")
    row = Listing.objects.get(party=person.party)
    assert row.payload == expected
    assert (row.version, row.visibility, row.released_at) == (load_kinds()[kind].version, "own", None)
    edit = client.get(reverse("listing_edit_json", args=[agreement.pk, row.pk])).json()
    again = {"valid_until": edit["valid_until"]}
    for field in edit["fields"]:
        ends = [f"{field['key']}_0", f"{field['key']}_1"] if field["type"] == "range" else [field["key"]]
        again |= dict(zip(ends, field["values"], strict=True))
    post(client, "change_listing", agreement, again, listing=row.pk)
    row.refresh_from_db()
    assert row.payload == expected, "what the form shows is what it saves"


@pytest.mark.parametrize(
    "wrong",
    [{"quantity_month": "many"}, {"title": ""}, {"supplier_industries": "9999"}, {"valid_until": "soon"}],
)
def test_a_wrong_field_is_told_and_what_was_typed_stays(
    agreement: Any, sides: Any, outsider: Any, as_person: Any, wrong: dict[str, str]
) -> None:
    person, _ = outsider("firm", sides[0])
    answer = enter(as_person(person.username), agreement, details="很长的说明", **wrong)
    assert 'class="message error"' in answer.content.decode()
    assert "很长的说明" in answer.content.decode()
    assert not Listing.objects.filter(party=person.party).exists()


def test_an_own_listing_from_entry_to_the_other_side_and_back(
    agreement: Any, sides: Any, outsider: Any, as_person: Any
) -> None:
    person, party = outsider("firm", sides[0])
    firm, there = as_person(person.username), as_person(f"reader-{sides[1].pk}")
    enter(firm, agreement, quantity_month="1000", price_most_cny="30", blocked="某某公司")
    row = Listing.objects.get(party=party)
    path = reverse("listing_json", args=[agreement.pk, row.pk])
    own = firm.get(reverse("own_listings_json", args=[agreement.pk])).json()["listings"]
    assert [(one["id"], one["state"]) for one in own] == [(row.pk, "entered")]
    assert there.get(path).status_code == 404
    release(as_person, agreement, row)
    seen = there.get(path).json()
    assert seen["listing"]["payload"] == {"title": "求购纱线", "quantity_month": 1000}
    assert seen["n_hidden"] == 2
    assert firm.get(path).json()["listing"]["payload"]["blocked"] == ["某某公司"]
    assert as_person(f"officer-{sides[0].pk}").get(path).json()["n_hidden"] == 0
    listed = there.get(reverse("listings_json", args=[agreement.pk]), {"side": sides[0].pk, "kind": "supply"}).json()
    assert [one["payload"].get("price_most_cny") for one in listed["listings"] if one["id"] == row.pk] == [None]

    changed = {"title": "求购棉纱", "quantity_month": "900"}
    answer = post(firm, "change_listing", agreement, changed, listing=row.pk)
    assert said(answer, "portal_done_listing_changed")
    assert there.get(path).json()["listing"]["title"] == "求购纱线", "changed words leave only by another release"
    release(as_person, agreement, row)
    assert there.get(path).json()["listing"]["title"] == "求购棉纱"

    assert said(post(firm, "withdraw_listing", agreement, {}, listing=row.pk), "portal_done_listing_withdrawn")
    assert there.get(path).status_code == 404
    assert said(post(firm, "withdraw_listing", agreement, {}, listing=row.pk), "portal_listing_withdrawn")
    data = {"type": "listing", "id": row.pk}
    assert post(as_person(f"coordinator-{sides[0].pk}"), "clear", agreement, data).status_code == 404
    said_of = Entry.objects.filter(agreement=agreement, subject=f"listing/{row.pk}").order_by("seq")
    kinds = list(said_of.values_list("kind", flat=True))
    assert kinds == ["submitted", "released", "revised", "released", "retired"]
    parts = EntryPart.objects.filter(entry__in=said_of.values("commit")).values_list("data", flat=True)
    assert not any("求购".encode() in bytes(data) for data in parts), "what a person typed lies in the words alone"
    [(_, verdict)] = checking.check([agreement.pk])
    assert verdict.holds, verdict.faults


@pytest.mark.parametrize(("state", "opens"), [("match", {"price_most_cny"}), ("intent", {"price_most_cny", "blocked"})])
def test_fields_open_to_the_matched_and_to_those_who_agreed(
    agreement: Any, sides: Any, outsider: Any, as_person: Any, state: str, opens: set[str]
) -> None:
    person, party = outsider("firm", sides[0])
    partner, other = outsider("firm", sides[1])
    stranger, _ = outsider("firm", sides[1], "third")
    enter(as_person(person.username), agreement, price_most_cny="30", blocked="某某公司")
    row = Listing.objects.get(party=party)
    release(as_person, agreement, row, visibility="matched")
    path = reverse("listing_json", args=[agreement.pk, row.pk])
    there = as_person(partner.username)
    assert there.get(path).status_code == 404, "nobody accepted anything yet"
    steps = ("match",) if state == "match" else ("match", "intent")
    offer = planted.listing(other, "l-offer", role="offer", visibility="both")
    planted.case(agreement, "c-both", party, other, steps=steps, listings=(row.pk, offer.pk))
    assert set(there.get(path).json()["listing"]["payload"]) == {"title"} | opens
    assert as_person(stranger.username).get(path).status_code == 404
    assert set(as_person(f"officer-{sides[1].pk}").get(path).json()["listing"]["payload"]) == {"title"} | opens


def test_nobody_changes_what_is_another_partys(agreement: Any, sides: Any, outsider: Any, as_person: Any) -> None:
    person, party = outsider("firm", sides[0])
    neighbour, _ = outsider("firm", sides[0], "neighbour")
    enter(as_person(person.username), agreement)
    row = Listing.objects.get(party=party)
    for name in ("change_listing", "withdraw_listing"):
        check_act(name, agreement, as_person, listing=row.pk)
        assert post(as_person(neighbour.username), name, agreement, {"title": "x"}, listing=row.pk).status_code == 404
        official = as_person(f"coordinator-{sides[0].pk}")
        assert post(official, name, agreement, {"title": "x"}, listing=row.pk).status_code == 403
    assert as_person(neighbour.username).get(reverse("listing", args=[agreement.pk, row.pk])).status_code == 404
    row.refresh_from_db()
    assert (row.payload["title"], row.source.get("withdrawn_on")) == ("求购纱线", None)


def test_a_fund_keeps_its_mandate_and_a_talent_offers_itself(
    agreement: Any, sides: Any, outsider: Any, as_person: Any
) -> None:
    for role, admitted in (("fund", {("capital", "need"), ("capital", "offer")}), ("talent", {("talent", "offer")})):
        person, _ = outsider(role, sides[0])
        client = as_person(person.username)
        page = client.get(reverse("own_listings_json", args=[agreement.pk])).json()
        assert {(one["kind"], one["role"]) for one in page["kinds"]} == admitted
        assert said(enter(client, agreement, "supply", "need"), "portal_kind_not_admitted")
        kind, way = sorted(admitted)[-1]
        assert said(enter(client, agreement, kind, way), "portal_done_listing_entered")


def test_an_account_without_a_party_is_told_so(agreement: Any, sides: Any, as_person: Any) -> None:
    client = as_person(f"firm-{sides[0].pk}")
    assert said(client.get(reverse("own_listings", args=[agreement.pk])), "portal_no_party")
    assert said(enter(client, agreement), "portal_no_party")


def test_own_pages_hold_what_every_page_holds(agreement: Any, sides: Any, outsider: Any, as_person: Any) -> None:
    person, party = outsider("firm", sides[0])
    enter(as_person(person.username), agreement)
    row = Listing.objects.get(party=party)
    for name in ("own_listings", "listing_new", "posts", "followed", "applications", "own"):
        if name != "own":
            check_page(name, agreement, as_person, sides, role="firm")
    check_page("listing", agreement, as_person, sides, role="firm", listing=row.pk)
    check_page("listing_edit", agreement, as_person, sides, role="firm", listing=row.pk)
    check_page("units", agreement, as_person, sides)
    check_page("locks", agreement, as_person, sides, role="security")


# Following, posts, applications


def test_a_follower_is_told_of_a_change_and_of_the_end(
    agreement: Any, sides: Any, outsider: Any, as_person: Any
) -> None:
    person, party = outsider("firm", sides[0])
    follower, _ = outsider("firm", sides[1])
    firm, there = as_person(person.username), as_person(follower.username)
    enter(firm, agreement)
    row = Listing.objects.get(party=party)
    assert post(there, "follow_listing", agreement, {}, listing=row.pk).status_code == 404
    release(as_person, agreement, row, visibility="public")
    assert said(post(there, "follow_listing", agreement, {}, listing=row.pk), "portal_done_listing_follow")
    assert [one["id"] for one in there.get(reverse("followed_json", args=[agreement.pk])).json()["listings"]] == [
        row.pk
    ]
    post(firm, "change_listing", agreement, {"title": "新标题"}, listing=row.pk)
    told = Notification.objects.filter(person=follower)
    assert [(one.code, one.values["title"]) for one in told] == [("portal_told_listing_changed", "求购纱线")]
    post(firm, "withdraw_listing", agreement, {}, listing=row.pk)
    assert told.count() == 1, "what one no longer sees is not told"
    assert there.get(reverse("followed_json", args=[agreement.pk])).json()["listings"] == []


@pytest.fixture
def post_and_talent(agreement: Any, sides: Any, outsider: Any, as_person: Any) -> tuple[Listing, Person]:
    """A post of one side released to all, and a talent of the other."""
    firm, party = outsider("firm", sides[0])
    talent, _ = outsider("talent", sides[1])
    enter(as_person(firm.username), agreement, "talent", "need", skills="打版")
    row = Listing.objects.get(party=party)
    release(as_person, agreement, row, visibility="public")
    return row, talent


def test_an_application_is_refused_appealed_and_accepted(
    agreement: Any, sides: Any, post_and_talent: Any, as_person: Any
) -> None:
    row, talent = post_and_talent
    there, officer = as_person(talent.username), as_person(f"officer-{sides[0].pk}")
    listed = there.get(reverse("posts_json", args=[agreement.pk])).json()["posts"]
    assert row.pk in [one["id"] for one in listed]
    assert said(post(there, "apply", agreement, {"letter": "我做过十年打版"}, listing=row.pk), "portal_done_applied")
    assert said(post(there, "apply", agreement, {"letter": "再来"}, listing=row.pk), "portal_applied_already")
    made = Record.objects.get(kind="application")
    page = reverse("applications_json", args=[agreement.pk])
    assert officer.get(page).json()["applications"] == [], "it has not left the talent's side"
    answer = {"application": made.pk, "is_accepted": "1"}
    assert post(officer, "answer_application", agreement, answer).status_code == 404
    release(as_person, agreement, made, "record")
    [seen] = officer.get(page).json()["applications"]
    assert (seen["letter"], seen["name"]) == ("我做过十年打版", ""), "the party itself has not been released"
    bare = {"application": made.pk}
    assert said(post(officer, "answer_application", agreement, bare), "portal_reason_missing")
    refused = {**bare, "reason": "filled"}
    own_side = as_person(f"officer-{sides[1].pk}")
    assert said(post(own_side, "answer_application", agreement, refused), "portal_other_side_owns")
    assert said(post(officer, "answer_application", agreement, refused), "portal_done_application_answered")
    assert Notification.objects.filter(person=talent, code="portal_told_application").count() == 1
    assert said(post(there, "withdraw_application", agreement, bare), "portal_out_of_order")
    assert said(post(there, "appeal_application", agreement, {**bare, "text": "请再看"}), "portal_done_appealed")
    assert post(officer, "decide_appeal", agreement, answer).status_code == 403
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    assert said(post(coordinator, "decide_appeal", agreement, answer), "portal_done_appeal_decided")
    made.refresh_from_db()
    assert made.state == "accepted"
    assert said(post(there, "appeal_application", agreement, {**bare, "text": "x"}), "portal_out_of_order")
    values = b"".join(map(bytes, EntryPart.objects.values_list("data", flat=True))).decode()
    assert "十年" not in values, "a letter is words, which can be erased"
    assert "请再看" not in values
    assert verify_agreement(agreement).holds


def test_whoever_refused_does_not_decide_the_appeal(
    agreement: Any, sides: Any, post_and_talent: Any, as_person: Any
) -> None:
    row, talent = post_and_talent
    there, coordinator = as_person(talent.username), as_person(f"coordinator-{sides[0].pk}")
    post(there, "apply", agreement, {"letter": "x"}, listing=row.pk)
    made = Record.objects.get(kind="application")
    release(as_person, agreement, made, "record")
    post(coordinator, "answer_application", agreement, {"application": made.pk, "reason": "terms"})
    post(there, "appeal_application", agreement, {"application": made.pk, "text": "请再看"})
    decided = post(coordinator, "decide_appeal", agreement, {"application": made.pk, "reason": "terms"})
    assert said(decided, "portal_appeal_same_person")


def test_only_posts_are_applied_to_and_only_by_talents(
    agreement: Any, sides: Any, outsider: Any, post_and_talent: Any, as_person: Any
) -> None:
    row, talent = post_and_talent
    firm = as_person(f"firm-{sides[0].pk}")
    assert post(firm, "apply", agreement, {"letter": "x"}, listing=row.pk).status_code == 403
    enter(firm, agreement, "supply", "offer")
    other = Listing.objects.get(party=row.party, kind="supply")
    release(as_person, agreement, other, visibility="public")
    there = as_person(talent.username)
    assert said(post(there, "apply", agreement, {"letter": "x"}, listing=other.pk), "portal_not_a_post")


# One's own data


def test_everyone_downloads_what_is_kept_of_them(
    agreement: Any, sides: Any, post_and_talent: Any, as_person: Any
) -> None:
    row, talent = post_and_talent
    there = as_person(talent.username)
    post(there, "apply", agreement, {"letter": "我做过十年打版"}, listing=row.pk)
    file = b"".join(there.get(reverse("own_file", args=[agreement.pk])).streaming_content)
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        kept = json.loads(archive.read("data.json"))
    assert kept == json.loads(json.dumps(there.get(reverse("own_json", args=[agreement.pk])).json())) | {
        "activity": kept["activity"]
    }
    assert [one["letter"] for one in kept["applications"]] == ["我做过十年打版"]
    assert "我做过十年打版" in str([one["text"] for one in kept["texts"]])
    for role in ("officer", "system", "auditor"):
        page = as_person(f"{role}-{sides[0].pk}").get(reverse("own_json", args=[agreement.pk])).json()
        assert page["account"]["username"] == f"{role}-{sides[0].pk}"
        assert post(as_person(f"{role}-{sides[0].pk}"), "erase_own", agreement, {"username": "x"}).status_code == 403


def test_a_talent_who_withdraws_consent_leaves_no_name_and_the_chain_whole(
    agreement: Any, sides: Any, post_and_talent: Any, as_person: Any
) -> None:
    row, talent = post_and_talent
    there = as_person(talent.username)
    Registration.objects.create(
        receipt="r", agreement=agreement.pk, side=sides[1], kind="talent", name="李某", region=sides[1].pk,
        username=talent.username, origin="o", notice="1", person=talent, state="verified",
    )  # fmt: skip
    enter(there, agreement, "talent", "offer", details="可联系李某本人")
    post(there, "apply", agreement, {"letter": "我叫李某"}, listing=row.pk)
    n_events = agreement.entries.count()
    assert said(post(there, "erase_own", agreement, {"username": "someone"}), "portal_own_other_name")
    AccessLog.objects.create(username=talent.username, ip_address="127.0.0.1", path_info="/account/login/")
    answer = post(there, "erase_own", agreement, {"username": talent.username})
    assert said(answer, "portal_done_erase")
    assert not AccessLog.objects.filter(username=talent.username).exists()
    gone = Person.objects.get(pk=talent.pk)
    assert (gone.username, gone.name_zh, gone.email, gone.is_active) == (f"erased-{talent.pk}", "", "", False)
    assert there.get(reverse("own", args=[agreement.pk])).status_code == 302, "signed out"
    party = Party.objects.get(pk=talent.party)
    assert party.name == ""
    assert [(one.payload, bool(one.source["withdrawn_on"])) for one in party.listings.all()] == [({}, True)]
    assert Record.objects.get(kind="application").state == "withdrawn"
    assert Registration.objects.get(receipt="r").name == ""
    kept = b"".join(bytes(one) for model in (EntryPart, Word) for one in model.objects.values_list("data", flat=True))
    for name in ("李某", "我叫"):
        assert name not in kept.decode()
    assert agreement.entries.count() > n_events
    assert Activity.objects.filter(person=gone, act="own.erase").exists()
    assert verify_agreement(agreement).holds


def test_a_firm_that_leaves_keeps_its_party_on_record(
    agreement: Any, sides: Any, outsider: Any, as_person: Any
) -> None:
    person, party = outsider("firm", sides[0])
    enter(as_person(person.username), agreement)
    post(as_person(person.username), "erase_own", agreement, {"username": person.username})
    party.refresh_from_db()
    assert party.name.startswith("演练")
    assert Listing.objects.get(party=party).payload["title"] == "求购纱线"
    assert Listing.objects.get(party=party).source["withdrawn_on"] == date.today().isoformat()


def test_a_form_sent_twice_is_one_listing(agreement: Any, sides: Any, outsider: Any, as_person: Any) -> None:
    """A double press enters one; the same form changed and sent again another; nobody's key is taken from a form."""
    person, party = outsider("firm", sides[0])
    client = as_person(person.username)
    page = client.get(reverse("listing_new", args=[agreement.pk]), {"kind": "supply", "role": "need"}).content.decode()
    key = page.partition('name="key" value="')[2].partition('"')[0]
    data = {"kind": "supply", "role": "need", "key": key, "title": "求购拉链"}
    for title in ("求购拉链", "求购拉链", "求购纽扣"):
        post(client, "enter_listing", agreement, {**data, "title": title})
    rows = Listing.objects.filter(party=party)
    assert sorted(row.payload["title"] for row in rows) == ["求购拉链", "求购纽扣"]
    assert rows.filter(pk=key).exists()
    for odd in ("x", f"{sides[1].pk}.{'0' * 32}", "../../etc"):
        post(client, "enter_listing", agreement, {**data, "key": odd, "title": odd})
        assert not Listing.objects.filter(pk=odd).exists()
        assert Listing.objects.get(party=party, payload__title=odd).pk.startswith(f"{sides[0].pk}.")
