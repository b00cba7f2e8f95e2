"""The page of opportunities: what it says, who reads what of it, and how such advice fared on the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import planted
import pytest
from django.urls import reverse
from portal_checks import check_page

from duijie.data import sentence, words
from duijie_portal.ledger.models import Listing, Party
from duijie_portal.ledger.readers import advice_for, matches_for, record_of

pytestmark = pytest.mark.django_db
HELD, FIRM = "扣住的供给丁", "扣住的企业戊"


@pytest.fixture
def path(agreement: Any, home: Path) -> Iterator[Path]:
    """The pipeline's document, put back after a test has changed it."""
    found = home / agreement.pk / "results" / "advice.json"
    text = found.read_text(encoding="utf-8")
    yield found
    found.write_text(text, encoding="utf-8")


def _changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _moves(document: dict[str, Any], listing: str) -> dict[str, Any]:
    """The last opportunity of a document made one that moves to a place: a rehearsal tells none of its own."""
    one: dict[str, Any] = document["opportunities"][-1]
    one.update(key="moves:planted", kind="moves", reasons=[])
    for end in one["ends"]:
        end.update(firms=[], n_firms=0, others=[])
    place = {"id": listing, "name": "东园", "kind": "carrier", "title": "东园", "is_published": True}
    one["ends"][1]["others"] = [place]
    return one


def test_each_opportunity_is_told_whole(agreement: Any, as_person: Any, sides: Any) -> None:
    """Ends, grounds, doubts, size, first step with departments and month, level with its test: all on the page."""
    html, document = check_page("opportunities", agreement, as_person, sides)
    assert document["n"] == len(document["opportunities"]) >= 3
    for one in document["opportunities"]:
        told = one["step"]["told"]
        for reason in (one["title"], *one["reasons"], *one["doubts"], one["size"], told):
            assert sentence(reason["code"], "zh", reason["values"]) in html
        assert "月" in told["values"]["month"]["zh"]
        assert {"dept_a", "dept_b"} <= told["values"].keys()
        assert words("zh")[f"opportunity_level_{one['level']}"] in html
        test = document["tests"][one["kind"]]
        assert sentence(test["code"], "zh", test["values"]) in html
        assert f'id="o{one["number"]}"' in html
        for end in one["ends"]:
            assert all(firm["name"] in html for firm in end["firms"])
    assert words("zh")["opportunity_disclaimer"] in html


def test_one_kind_is_shown_alone_under_its_own_numbers(agreement: Any, as_person: Any, sides: Any) -> None:
    """A kind keeps the numbers of the whole list; an unknown kind shows all."""
    client, address = as_person(f"reader-{sides[1].pk}"), reverse("opportunities_json", args=[agreement.pk])
    whole = client.get(address).json()
    for row in whole["kinds"]:
        own = client.get(address, {"kind": row["kind"]}).json()
        assert {one["kind"] for one in own["opportunities"]} == {row["kind"]}
        assert [one["number"] for one in own["opportunities"]] == [
            one["number"] for one in whole["opportunities"] if one["kind"] == row["kind"]
        ]
        assert own["n"] == whole["n"]
    assert client.get(address, {"kind": "gossip"}).json()["opportunities"] == whole["opportunities"]


@pytest.mark.parametrize(("name", "role"), [("home", "coordinator"), ("brief", "leader"), ("diagnose", "reader")])
def test_pages_lead_to_it(agreement: Any, as_person: Any, sides: Any, name: str, role: str) -> None:
    """Home and the leader's page show the first three below what waits, the diagnosis opens with them."""
    client = as_person(f"{role}-{sides[0].pk}")
    html = client.get(reverse(name, args=[agreement.pk])).content.decode()
    address = reverse("opportunities", args=[agreement.pk])
    first = client.get(reverse("opportunities_json", args=[agreement.pk])).json()["opportunities"]
    for one in first[:3]:
        assert f'href="{address}#o{one["number"]}"' in html
        assert sentence(one["title"]["code"], "zh", one["title"]["values"]) in html


@pytest.fixture
def held(agreement: Any, sides: Any, path: Path) -> dict[str, Any]:
    """An offer of the first side and one of its firms, kept to it, at an end and in the reasons of an opportunity."""
    owner = planted.party(agreement, sides[0], "p-held", name=FIRM)
    listing = planted.listing(owner, "l-held", role="offer", payload={"title": HELD})
    other = {"id": listing.pk, "name": FIRM, "kind": "firm", "title": HELD, "source": {}, "is_published": False}
    firm = {"id": owner.pk, "name": FIRM, "phrase": HELD, "is_stated": True, "industry": "", "source": {}}
    values = {"party": FIRM, "title": HELD, "publisher": "x", "as_of": "2025", "listing": listing.pk}

    def plant(document: dict[str, Any]) -> None:
        one = document["opportunities"][0]
        end = next(end for end in one["ends"] if end["region"] == sides[0].pk)
        end["others"].append(other)
        end["firms"].append(firm)
        one["reasons"].append({"code": "opportunity_for_offer", "values": values, "weight": 0.0, "is_for": True})

    _changed(path, plant)
    return {"listing": listing, "party": owner}


@pytest.mark.parametrize("role", ["leader", "coordinator", "officer", "reader", "auditor", "firm", "fund", "talent"])
@pytest.mark.parametrize("at", [0, 1])
def test_what_a_side_keeps_is_read_by_itself_alone(
    agreement: Any, sides: Any, person: Any, held: Any, role: str, at: int
) -> None:
    """The other side, and parties of either, read neither its offer nor its firm, at no end and in no reason."""
    document = json.dumps(advice_for(agreement, person(f"{role}-{sides[at].pk}")), ensure_ascii=False)
    is_own = at == 0 and role not in ("firm", "fund", "talent")
    assert (HELD in document) == (FIRM in document) == is_own


def test_what_opens_is_read(agreement: Any, sides: Any, person: Any, held: Any) -> None:
    """Opened to both sides, the other side's officials read it; opened to all, its firms do as well."""
    official, firm = (person(f"{role}-{sides[1].pk}") for role in ("officer", "firm"))
    for level, readers in (("both", (official,)), ("public", (official, firm))):
        for row in held.values():
            planted.reopened(row, level)
        for one in (official, firm):
            assert (HELD in json.dumps(advice_for(agreement, one), ensure_ascii=False)) == (one in readers)


@pytest.mark.parametrize("what", ["ground", "place"])
def test_what_rests_on_a_kept_listing_leaves_the_list(
    agreement: Any, sides: Any, person: Any, held: Any, path: Path, what: str
) -> None:
    """An opportunity whose ground, or whose place to move to, is kept from a reader does not exist for them."""
    key = held["listing"].pk

    def rest(document: dict[str, Any]) -> None:
        one = _moves(document, key) if what == "place" else document["opportunities"][0]
        one["key"] = "rests-on-it"
        if what == "ground":
            one["ground"]["listing"] = key

    _changed(path, rest)
    own, other = (
        {one["key"] for one in advice_for(agreement, person(f"coordinator-{side.pk}"))["opportunities"]}
        for side in sides
    )
    assert own - other == {"rests-on-it"}


def test_an_end_without_anybody_left_is_told_as_open(agreement: Any, sides: Any, as_person: Any, path: Path) -> None:
    """Where a reader may see nobody at an end the page says that it is still to be found."""

    def empty(document: dict[str, Any]) -> None:
        one = document["opportunities"][0]
        one["ends"][0]["firms"], one["ends"][0]["others"] = [{"id": "unknown", "name": "谁"}], []

    _changed(path, empty)
    client = as_person(f"reader-{sides[0].pk}")
    found = client.get(reverse("opportunities_json", args=[agreement.pk])).json()["opportunities"][0]
    assert found["ends"][0]["is_open"]
    html = client.get(reverse("opportunities", args=[agreement.pk])).content.decode()
    assert words("zh")["opportunity_open"] in html


def test_before_a_run_the_page_says_so(agreement: Any, sides: Any, as_person: Any, path: Path) -> None:
    """No document, no opportunity: the page stands, and home has no empty box."""
    path.unlink()
    client = as_person(f"coordinator-{sides[0].pk}")
    html = client.get(reverse("opportunities", args=[agreement.pk])).content.decode()
    assert words("zh")["portal_no_opportunity"] in html
    home = client.get(reverse("home", args=[agreement.pk])).content.decode()
    assert reverse("opportunities", args=[agreement.pk]) + "#o1" not in home
    path.write_text("{}", encoding="utf-8")


def test_the_record_of_a_kind_is_counted_from_the_ledger(agreement: Any, sides: Any, person: Any) -> None:
    """A pair that became a case stays suggested; both sides' word and a signature are counted as figures count them."""
    who = person(f"coordinator-{sides[0].pk}")
    before = record_of(agreement, who)["supply"]
    ends = [planted.party(agreement, side, f"p-{side.pk}", visibility="both") for side in sides]
    for key, steps in (("opened", ()), ("met", ("match",)), ("done", ("match", "meeting", "intent", "signed"))):
        need, offer = (
            planted.listing(end, f"{key}-{role}", role=role, visibility="both").pk
            for end, role in zip(ends, ("need", "offer"), strict=True)
        )
        planted.case(agreement, f"c-{key}", *ends, kind="supply", steps=steps, listings=(need, offer))
    after = record_of(agreement, who)["supply"]
    assert {name: after[name] - before[name] for name in after} == {"suggested": 3, "accepted": 2, "signed": 1}
    pairs = [
        one for kind in matches_for(agreement, who)["kinds"] if kind["kind"] == "supply" for one in kind["matches"]
    ]
    assert before["suggested"] >= len(pairs)
    assert before["suggested"] >= before["accepted"] >= before["signed"]


def test_officials_read_the_record_beside_the_test_and_parties_do_not(
    agreement: Any, sides: Any, as_person: Any, person: Any
) -> None:
    """On the page of opportunities and on that of suggested pairs; a firm reads the test alone."""
    party = Party.objects.filter(agreement=agreement, side=sides[0], kind="firm").first()
    firm = person(f"firm-{sides[0].pk}")
    firm.party = party.pk
    firm.save()
    addresses = [reverse(name, args=[agreement.pk]) for name in ("opportunities_json", "match_json")]
    official = [as_person(f"officer-{sides[0].pk}").get(address).json() for address in addresses]
    theirs = [as_person(firm.username).get(address).json() for address in addresses]
    assert official[0]["record"]
    assert official[1]["warranty"]["record"]["suggested"]
    assert theirs[0]["record"] == []
    assert theirs[1]["warranty"]["record"] is None
    assert theirs[1]["warranty"]["said"]["code"].startswith("opportunity_warranty_")
    row = official[1]["warranty"]["record"]
    html = as_person(f"officer-{sides[0].pk}").get(reverse("match", args=[agreement.pk])).content.decode()
    assert sentence("portal_record_line", "zh", row) in html


def test_a_pair_suggested_only_to_whom_it_concerns_is_in_no_paper(agreement: Any, sides: Any, home: Path) -> None:
    """What opens only to those it is matched with stands in no document for everyone, and what rests on it neither."""
    from duijie.match.readers import for_everyone

    results = home / agreement.pk / "results"
    documents = {
        name: json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in ("match", "advice")
    }
    place = next(key for key, row in documents["match"]["listings"].items() if row["kind"] == "investment")
    one = _moves(documents["advice"], place)
    documents["match"]["listings"][place]["visibility"] = "matched"
    told = next(
        (reason["values"]["listing"], row["key"])
        for row in documents["advice"]["opportunities"]
        for reason in row["reasons"]
        if "listing" in reason["values"]
    )
    documents["match"]["listings"][told[0]]["visibility"] = "matched"
    shown = for_everyone(documents)["advice"]["opportunities"]
    assert one["key"] not in {row["key"] for row in shown}
    assert told[0] not in json.dumps(shown, ensure_ascii=False)
    assert Listing.objects.filter(pk=place).exists()


def test_what_could_not_be_told_is_said(agreement: Any, sides: Any, as_person: Any, path: Path) -> None:
    """A kind that has no figures to rest on is not passed over in silence."""
    names = {"regions": [{"zh": "甲市", "en": "Alpha"}]}
    told = {"code": "opportunity_no_guard", "values": names, "weight": 0.0, "is_for": False}
    _changed(path, lambda document: document.update(unmade=[told]))
    page = as_person(f"coordinator-{sides[0].pk}").get(reverse("opportunities", args=[agreement.pk]))
    assert sentence("opportunity_no_guard", "zh", names) in page.content.decode()
