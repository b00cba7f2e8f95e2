"""What a side holds back, and what is inferred of a named party, is read by nobody else: no page, twin or search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import planted
import pytest
import yaml
from django.test import Client
from django.urls import NoReverseMatch, reverse
from portal_checks import post, said

from duijie.errors import DeniedError
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import BOTH_SIDES
from duijie_portal.ledger.audience import of_parties
from duijie_portal.ledger.models import Listing, Party
from duijie_portal.ledger.readers import matches_for, timetable_for
from duijie_portal.ledger.selectors import listings_of
from duijie_portal.match import selectors as match
from duijie_portal.meet import selectors as meet
from duijie_portal.meet.services.common import acts_for

ACCESS = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text(encoding="utf-8"))
IMPLIED, DERIVED, SAID = "推断出的需求甲", "推断出的供给乙", "本方说过的需求丙"
OFFICIALS = ("leader", "coordinator", "officer", "reader", "auditor")


@pytest.fixture
def world(agreement: Any, sides: Any, home: Path) -> Iterator[dict[str, str]]:
    """An inferred need here, an inferred offer there, a published need and offer, and every pair of them, one met."""
    here, there = (planted.party(agreement, side, f"p-{at}", visibility="public") for at, side in enumerate(sides))
    planted.listing(here, "said", payload={"title": SAID}, visibility="public")
    planted.listing(there, "offered", role="offer", payload={"title": "对方说过的供给"}, visibility="public")
    about = {"role": "offer", "payload": {"title": DERIVED}, "visibility": "public"}
    planted.listing(there, "derived", basis="derived", **about)
    paths = {name: home / agreement.pk / "results" / f"{name}.json" for name in ("match", "meet")}
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    found, timetable = (json.loads(texts[name]) for name in ("match", "meet"))
    keys = ("implied:need:p-0:x", "said", "derived", "offered")
    titles, bases = (IMPLIED, SAID, DERIVED, "对方说过的供给"), ("derived", "published", "derived", "published")
    for at, (key, title, basis) in enumerate(zip(keys, titles, bases, strict=True)):
        owner, role = (here, "need") if at < 2 else (there, "offer")
        source = {"publisher": f"来源{title}", "title": title, "basis": basis}
        found["listings"][key] = {
            "title": title, "details": "", "party": owner.pk, "party_name": owner.name, "region": owner.side_id,
            "kind": "supply", "role": role, "industry": "", "basis": basis, "source": source,
        }  # fmt: skip
        found["sources"].append({"key": key, **source})
    kind = next(one for one in found["kinds"] if one["kind"] == "supply")
    pair = {"score": 0.99, "rank": 1, "is_assigned": True, "price": 0.0, "reasons": []}
    kind["matches"] += [
        {"id": f"{need}+{offer}", "need": need, "offer": offer, **pair} for need in keys[:2] for offer in keys[2:]
    ]
    kind["unmatched"].append({"need": keys[0], "removed": [], "relaxation": None})
    met = f"{keys[0]}+{keys[3]}"
    timetable["meetings"].append({**timetable["meetings"][0], "id": met, "match": met, "people": [here.pk, there.pk]})
    timetable["people"] += [{"id": one.pk, "name": one.name, "region": one.side_id} for one in (here, there)]
    for name, document in (("match", found), ("meet", timetable)):
        paths[name].write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    yield {"here": here.pk, "there": there.pk, "met": met}
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")


def _acting_for(person: Any, side: Any, party: str) -> Person:
    """The firm's account of a side, acting for a party."""
    found: Person = person(f"firm-{side.pk}")
    found.party = party
    found.save()
    return found


def _pages(agreement: Any) -> Iterator[str]:
    """Every page of readers without a key and its twin, the matches of the kind in question, and two searches."""
    for name in (*ACCESS["readers"]["read"], *ACCESS["briefed"]["read"]):
        for each in (name, f"{name}_json"):
            try:
                yield reverse(each, args=[agreement.pk])
            except NoReverseMatch:
                continue
    for name in ("match", "match_json"):
        yield f"{reverse(name, args=[agreement.pk])}?kind=supply"
    for text in (IMPLIED, DERIVED):
        yield f"{reverse('search_json', args=[agreement.pk])}?q={text}"


def _reads(client: Any, agreement: Any) -> set[str]:
    """Which of the inferred titles any page shows; a query that is echoed shows nothing."""
    seen = set()
    for path in _pages(agreement):
        answer = client.get(path)
        content = b"".join(answer) if answer.streaming else answer.content
        text = content.decode(errors="ignore")
        if "?q=" in path:
            text = json.dumps(answer.json()["found"], ensure_ascii=False)
        seen |= {title for title in (IMPLIED, DERIVED) if title in text}
    return seen


@pytest.mark.parametrize("role", ["coordinator", "auditor", "firm", "talent"])
@pytest.mark.parametrize("at", [0, 1])
def test_what_is_inferred_of_a_party_is_read_by_its_own_side_alone(
    agreement: Any, sides: Any, as_person: Any, world: Any, role: str, at: int
) -> None:
    """No page or twin shows it to the other side, nor to any firm or talent of either; officials see their own."""
    expected = {(0, IMPLIED), (1, DERIVED)} if role in OFFICIALS else set()
    seen = _reads(as_person(f"{role}-{sides[at].pk}"), agreement)
    assert seen == {title for side, title in expected if side == at}


@pytest.mark.parametrize("role", [*OFFICIALS, "firm", "fund", "institute", "talent", "system", "security", "audit"])
@pytest.mark.parametrize("at", [0, 1])
def test_the_documents_are_cut_for_every_role(
    agreement: Any, sides: Any, person: Any, world: Any, role: str, at: int
) -> None:
    """Listings, pairs, unmatched needs, sources and meetings: of each an inferred one stands for its own side only."""
    reader = person(f"{role}-{sides[at].pk}")
    found = matches_for(agreement, reader)
    pairs = {(one["need"], one["offer"]) for kind in found["kinds"] for one in kind["matches"]}
    unmatched = {one["need"] for kind in found["kinds"] for one in kind["unmatched"]}
    sources = {one["key"] for one in found["sources"]}
    is_official = role in OFFICIALS
    assert ("implied:need:p-0:x" in found["listings"]) == (is_official and at == 0)
    assert ("derived" in found["listings"]) == (is_official and at == 1)
    assert (("implied:need:p-0:x", "offered") in pairs) == (is_official and at == 0)
    assert (("said", "derived") in pairs) == (is_official and at == 1)
    assert (("said", "offered") in pairs) == is_official
    assert ("implied:need:p-0:x", "derived") not in pairs
    assert ("implied:need:p-0:x" in unmatched) == (is_official and at == 0)
    assert {"implied:need:p-0:x", "derived"} & sources == {"implied:need:p-0:x", "derived"} & set(found["listings"])
    met = timetable_for(agreement, reader)
    assert (world["met"] in {one["id"] for one in met["meetings"]}) == (is_official and at == 0)
    assert met["n_placed"] == len(met["meetings"])


SECRET = "暗号7c41"


@pytest.mark.parametrize("role", ["", *OFFICIALS, "firm", "fund", "institute", "talent", "system", "security", "audit"])
def test_a_secret_planted_in_every_text_stands_on_no_page_of_the_other_side(
    agreement: Any, sides: Any, as_person: Any, role: str
) -> None:
    """Not by list, search, export or key: every text of a party and a listing holds it, and nobody there reads it."""
    about = {"name_en": f"{SECRET} en", "products": (f"{SECRET}产品",), "town": f"{SECRET}镇"}
    owner = planted.party(agreement, sides[0], f"{SECRET}企业", **about)
    said = {"title": f"{SECRET}标题", "details": f"{SECRET}说明", "field": f"{SECRET}领域", "products": [f"{SECRET}品"]}
    row = planted.listing(owner, "secret-listing", payload=said)
    keyed = {"listing": row.pk, "own_listing": row.pk, "organisation": owner.pk, "party": owner.pk}
    paths = [f"{reverse('search_json', args=[agreement.pk])}?q={SECRET}", *_pages(agreement)]
    for name, key in keyed.items():
        for each in (name, f"{name}_json"):
            try:
                paths.append(reverse(each, args=[agreement.pk, key]))
            except NoReverseMatch:
                continue
    reader = as_person(f"{role}-{sides[1].pk}") if role else Client()
    seen = []
    for path in paths:
        answer = reader.get(path)
        text = (b"".join(answer) if answer.streaming else answer.content).decode(errors="ignore")
        shown = json.dumps(answer.json().get("found", ""), ensure_ascii=False) if "?q=" in path and role else text
        seen += [path for mark in (SECRET, SECRET.encode("unicode_escape").decode()) if mark in shown]
    assert seen == []
    own = as_person(f"coordinator-{sides[0].pk}").get(paths[0]).json()
    assert SECRET in json.dumps(own["found"], ensure_ascii=False), "its own side finds it by the same words"


def test_a_party_reads_what_is_inferred_of_it_and_no_rival_does(
    agreement: Any, sides: Any, person: Any, world: Any
) -> None:
    """The firm itself may see what is said of it, and object; another firm of its side sees nothing of it."""
    itself = _acting_for(person, sides[1], world["there"])
    assert "derived" in matches_for(agreement, itself)["listings"]
    assert Listing.objects.filter(pk="derived").visible_to(itself).exists()
    rival = _acting_for(person, sides[1], planted.party(agreement, sides[1], "p-rival").pk)
    assert "derived" not in matches_for(agreement, rival)["listings"]
    assert not Listing.objects.filter(pk="derived").visible_to(rival).exists()


def test_the_matching_counts_with_what_nobody_else_reads(agreement: Any, world: Any) -> None:
    """An inferred listing that was opened enters the ranking, whose results are cut; kept to its side it does not."""
    planted.listing(Party.objects.get(pk=world["there"]), "inner", basis="derived", role="offer")
    counted = {one.id for one in listings_of(agreement, BOTH_SIDES) or ()}
    assert {"said", "offered", "derived"} <= counted
    assert "inner" not in counted


def test_nobody_answers_for_what_was_only_inferred(agreement: Any, sides: Any, person: Any, world: Any) -> None:
    """A pair with an inferred end is no suggestion that an official could accept for the party."""
    there = person(f"coordinator-{sides[1].pk}")
    assert match.pair_of(agreement, there, "said", "offered") is not None
    assert match.pair_of(agreement, there, "said", "derived") is None


def test_search_finds_what_opens_and_nothing_else(agreement: Any, sides: Any, person: Any, as_person: Any) -> None:
    """For a firm, what its page would answer with 404 is not found either, by title, by party or by case."""
    here = planted.party(agreement, sides[0], "p-here", name="寻得到的企业", visibility="public")
    other = planted.party(agreement, sides[0], "p-there", name="寻不到的企业", visibility="both")
    planted.listing(here, "l-public", payload={"title": "寻得到的供需"}, visibility="public")
    planted.listing(other, "l-both", payload={"title": "寻不到的供需"}, visibility="both")
    planted.listing(other, "l-own", payload={"title": "寻不到的内部供需"})
    firm = _acting_for(person, sides[0], here.pk)
    client = as_person(firm.username)
    for text in ("寻得到", "寻不到"):
        found = client.get(reverse("search_json", args=[agreement.pk]), {"q": text}).json()["found"]
        assert [one["id"] for one in found["listings"]] == (["l-public"] if text == "寻得到" else [])
        for one in found["listings"]:
            assert client.get(reverse("listing", args=[agreement.pk, one["id"]])).status_code == 200
    official = as_person(f"coordinator-{sides[1].pk}")
    found = official.get(reverse("search_json", args=[agreement.pk]), {"q": "寻不到的"}).json()["found"]
    assert [one["id"] for one in found["listings"]] == ["l-both"]


def test_search_finds_a_case_and_a_listing_by_title(agreement: Any, sides: Any, as_person: Any) -> None:
    """What a page calls a case or a listing is what one can search for."""
    parties = [planted.party(agreement, side, f"p-{side.pk}", visibility="both") for side in sides]
    planted.listing(parties[0], "l-need", payload={"title": "求购特种鞋底"}, visibility="both")
    planted.listing(parties[1], "l-offer", role="offer", payload={"title": "供应鞋底"}, visibility="both")
    planted.case(agreement, "c-titled", *parties, kind="supply", steps=("match",), listings=("l-need", "l-offer"))
    client = as_person(f"coordinator-{sides[0].pk}")
    found = client.get(reverse("search_json", args=[agreement.pk]), {"q": "特种鞋底"}).json()["found"]
    assert [one["id"] for one in found["listings"]] == ["l-need"]
    assert [one["id"] for one in found["cases"]] == ["c-titled"]
    html = client.get(reverse("search", args=[agreement.pk]), {"q": "特种鞋底"}).content.decode()
    assert reverse("listing", args=[agreement.pk, "l-need"]) in html
    assert reverse("case", args=[agreement.pk, "c-titled"]) in html


def test_unmatched_needs_are_told_as_far_as_they_are_read(agreement: Any, sides: Any, person: Any, home: Path) -> None:
    """Others see at most that a need is there: why it found nothing, and by how much, would tell its fields."""
    kind = next(one for one in json.loads(_match_text(home, agreement))["kinds"] if one["unmatched"])
    owners = {row["need"]: Listing.objects.get(pk=row["need"]) for row in kind["unmatched"]}
    for at, side in enumerate(sides):
        shown = match.matches(agreement, person(f"coordinator-{side.pk}"), kind["kind"])["unmatched"]
        assert {row["need"]["id"] for row in shown} == set(owners)
        for row in shown:
            assert bool(row["removed"]) == (owners[row["need"]["id"]].side_id == sides[at].pk)
    firm = _acting_for(person, sides[0], planted.party(agreement, sides[0], "p-none").pk)
    assert match.matches(agreement, firm, kind["kind"])["unmatched"] == []


def test_a_shortfall_tells_no_price(agreement: Any, sides: Any, person: Any, home: Path) -> None:
    """Where what would help touches a field the offer opens later, its owner is not told by how much it misses."""
    text = _match_text(home, agreement)
    found = json.loads(text)
    kind = next(one for one in found["kinds"] if one["kind"] == "supply")
    row, offer = kind["unmatched"][0], next(key for key, one in found["listings"].items() if one["role"] == "offer")
    row["relaxation"] = {
        "code": "match_relax_by", "values": {"offer": offer, "keys": ["price"], "shortfall": 0.2, "title": ""},
        "weight": 0.0, "is_for": True,
    }  # fmt: skip
    path = home / agreement.pk / "results" / "match.json"
    try:
        path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        owner = person(f"coordinator-{Listing.objects.get(pk=row['need']).side_id}")
        shown = match.matches(agreement, owner, "supply")["unmatched"]
    finally:
        path.write_text(text, encoding="utf-8")
    told = next(one for one in shown if one["need"]["id"] == row["need"])["relaxation"]
    assert (told["code"], told["values"]["shortfall"]) == ("match_relax", 0.0)


def _match_text(home: Path, agreement: Any) -> str:
    return (home / agreement.pk / "results" / "match.json").read_text(encoding="utf-8")


def test_candidates_hold_nobody_who_is_held_back(agreement: Any, sides: Any, person: Any, as_person: Any) -> None:
    """A party the other side has not released is no candidate, cannot be asked, and no message tells its name."""
    mine = planted.party(agreement, sides[0], "p-mine", visibility="both")
    held = planted.party(agreement, sides[1], "p-held", name="未放行的企业")
    free = planted.party(agreement, sides[1], "p-free", visibility="both")
    for other in (held, free):
        planted.case(agreement, f"c-{other.pk}", mine, other, steps=("match",))
    for username in (f"coordinator-{sides[0].pk}", _acting_for(person, sides[0], mine.pk).username):
        found = meet.partners(agreement, person(username), mine.pk)
        assert set(found) == {free.pk}, username
        data = {"day": "none", "from_party": mine.pk, "to_party": held.pk}
        answer = post(as_person(username), "ask", agreement, data)
        assert held.name not in answer.content.decode()


def test_an_account_is_opened_for_a_party_of_its_own_side_only(agreement: Any, sides: Any, as_person: Any) -> None:
    """A security administrator cannot make an account that acts for a firm of the other side."""
    client = as_person(f"security-{sides[0].pk}")
    theirs, ours = (Party.objects.filter(agreement=agreement, side=side, kind="firm").first() for side in sides[::-1])
    data = {"username": "spy", "role": "firm"}
    assert said(post(client, "invite", agreement, {**data, "party": theirs.pk}), "portal_register_party_unknown")
    assert not Person.objects.filter(username="spy").exists()
    assert said(post(client, "invite", agreement, {**data, "party": ours.pk}), "portal_done_invite")
    assert Person.objects.get(username="spy").party == ours.pk


def test_an_account_of_one_side_never_acts_for_a_party_of_the_other(agreement: Any, sides: Any, person: Any) -> None:
    """Even an account that an earlier version opened so neither asks nor books nor is notified in the party's name."""
    theirs = Party.objects.filter(agreement=agreement, side=sides[1], kind="firm").first()
    spy = _acting_for(person, sides[0], theirs.pk)
    with pytest.raises(DeniedError, match="portal_meet_other_party"):
        acts_for(spy, theirs, "")
    assert spy not in of_parties([theirs.pk])
    assert not meet.own_parties(agreement, spy).exists()
