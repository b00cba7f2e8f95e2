"""A change taken in by a ranked kind gives what ranking all of it anew with the same learning gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from duijie import match
from duijie.errors import InputError
from duijie.match.floor import Floor
from duijie.match.kinds import Field, Kind
from duijie.match.ranked import Ranked, Renewed
from duijie.match.results import Match
from duijie.match.run import OfferIndex
from duijie.match.scoring import Circumstances
from duijie.terms import ChainLink, ChainStage, ChainTemplate, IOTable, Listing, Party, Source

ON = date(2026, 6, 30)
CHAIN = ChainTemplate(
    "shoes",
    {"zh": "鞋", "en": "shoes"},
    (
        ChainStage("sole", {"zh": "鞋底", "en": "soles"}, ("292",), ("鞋底",)),
        ChainStage("shoe", {"zh": "制鞋", "en": "shoes"}, ("195",), ("运动鞋",)),
    ),
    (ChainLink("sole", "shoe"),),
)
WORDS = ["鞋底", "运动鞋", "皮革加工", "PU", "拉链", "数字化质检", "锂电池", "坯布"]
LATER = [*WORDS, "石墨烯散热片", "无人机"]  # words that nobody said when the kind was ranked
CODES = ["", "1952", "195", "2923", "29"]
SIDES = ("110000", "220000")


class World:
    """Listings of a kind as a generator draws them, by their ids, and the parties that own them."""

    def __init__(self, kind: Kind, seed: int, n: int) -> None:
        self.kind, self.draw = kind, np.random.default_rng(seed)
        self.parties = {f"p{at}": self.party(f"p{at}", WORDS) for at in range(max(n // 3, 2))}
        self.rows = {f"{role}{at:03}": self.listing(f"{role}{at:03}", role, WORDS) for at in range(n) for role in ROLES}

    def party(self, key: str, words: Sequence[str]) -> Party:
        industry, products = str(self.draw.choice(CODES)), tuple(self.some(words))
        return Party(key, "firm", str(self.draw.choice(SIDES)), f"单位{key}", industry=industry, products=products)

    def some(self, words: Sequence[str]) -> list[str]:
        return [str(one) for one in self.draw.choice(words, int(self.draw.integers(0, 4)), replace=False)]

    def listing(self, key: str, role: Any, words: Sequence[str]) -> Listing:
        payload = {"title": "、".join(self.some(words)), "details": "，".join(self.some(words))}
        payload |= {one.key: self.value(one, words) for one in self.kind.fields(role) if self.draw.random() < 0.6}
        party, ends = str(self.draw.choice(list(self.parties))), ["", "", "2026-06-01", "2026-12-31"]
        source, basis = Source(as_of=str(self.draw.integers(2019, 2027))), str(self.draw.choice(["published", "news"]))
        about: dict[str, Any] = {"industry": str(self.draw.choice(CODES)), "valid_until": str(self.draw.choice(ends))}
        side = SIDES[int(self.draw.random() < 0.5)]
        return Listing(key, self.kind.key, 1, role, side, party, payload, basis=basis, source=source, **about)

    def value(self, field: Field, words: Sequence[str]) -> Any:
        if field.key == "blocked":
            return [str(self.draw.choice(list(self.parties)))]
        if field.vocabulary:
            chosen = str(self.draw.choice(list(field.vocabulary)))
            return [chosen] if field.type == "words" else chosen
        if field.type == "number":
            return float(self.draw.integers(1, 12))
        if field.type == "range":
            low = float(self.draw.integers(1, 6))
            return [low, low + float(self.draw.integers(0, 6))]
        if field.type == "date":
            return str(self.draw.choice(["2026-01-01", "2026-09-01"]))
        return self.some(words) if field.type == "words" else str(self.draw.choice([*words, *CODES[1:]]))

    def moved(self) -> tuple[list[Listing], list[str], dict[str, Party]]:
        """A few listings that are new or changed, some that go, and a party that changed with all of its listings."""
        gone = [str(one) for one in self.draw.choice(list(self.rows), int(self.draw.integers(0, 3)), replace=False)]
        for key in gone:
            del self.rows[key]
        keys = {str(one) for one in self.draw.choice(list(self.rows), int(self.draw.integers(0, 3)))}
        keys |= {f"{role}{int(self.draw.integers(0, 2000)):04}x" for role in ROLES if self.draw.random() < 0.7}
        changed = {key: self.listing(key, "need" if key.startswith("need") else "offer", LATER) for key in sorted(keys)}
        parties = {}
        if self.draw.random() < 0.5:
            party = self.party(str(self.draw.choice(list(self.parties))), LATER)
            parties = {party.id: party}
            changed = {key: one for key, one in self.rows.items() if one.party == party.id} | changed
        self.rows |= changed
        self.parties |= parties
        return list(changed.values()), gone, parties

    def of_role(self, role: str) -> list[Listing]:
        return [one for one in self.rows.values() if one.role == role]


ROLES = ("need", "offer")
FLOORS = (None, Floor(("加工",), {"default": {}}, candidates=4), Floor((), {"default": {"industry": 0.75}}))


def _world(io: bool) -> Circumstances:
    flows = np.array([[0.2, 0.5], [0.1, 0.3]])
    table = IOTable(("C", "D"), flows, np.ones(2), np.ones(2), "CNY") if io else None
    return Circumstances(ON, (CHAIN,), {"1": "C", "2": "D"}, ("鞋底",), input_output=table)


def _kept(found: Sequence[Match]) -> dict[tuple[str, str], Any]:
    """Pairs by their ends, with score, rank and reasons; who asks for an offer besides is the assignment's matter."""
    return {
        (one.need, one.offer): (one.score, one.rank, [why for why in one.reasons if why.code != "match_in_demand"])
        for one in found
    }


def _whole(world: World, index: OfferIndex, top: int) -> match.Matches:
    """The kind ranked anew over the listings as they are, with what was learnt before."""
    anew = OfferIndex.build(
        world.kind, world.of_role("offer"), parties=world.parties, world=index.world,
        needs=world.of_role("need"), floor=index.floor, like=index,
    )  # fmt: skip
    return Ranked.of(anew, top=top)[1]


@pytest.mark.parametrize("key", sorted(match.load_kinds()))
def test_changes_one_after_the_other_are_the_whole_kind_ranked_anew(key: str) -> None:
    """Random worlds of every kind: pairs, scores, ranks and reasons are the same to the last bit."""
    n_reached, n_all = 0, 0
    for seed in range(3):
        # of 200 texts it is learnt which activities go together
        world, top = World(match.load_kinds()[key], seed, 100 if (key, seed) == ("digital", 2) else 12), 1 + 2 * seed
        around = _world(io=seed % 2 == 0)
        first = OfferIndex.build(
            world.kind, world.of_role("offer"), parties=world.parties, world=around,
            needs=world.of_role("need"), floor=FLOORS[seed % 3],
        )  # fmt: skip
        ranked, whole = Ranked.of(first, top=top)
        held = {need.id: [one for one in whole.matches if one.need == need.id] for need in world.of_role("need")}
        for _ in range(2):
            listings, gone, parties = world.moved()
            ranked, renewed = ranked.changed(listings, gone, parties=parties)
            held = {need: rows for need, rows in held.items() if need not in gone}
            held |= {need: [one for one in renewed.matches if one.need == need] for need in renewed.needs}
            assert _kept([one for rows in held.values() for one in rows]) == _kept(_whole(world, first, top).matches)
            n_reached, n_all = n_reached + len(renewed.needs), n_all + len(held)
    assert n_reached < n_all, "some needs were left as they were"


def test_a_need_that_is_new_says_why_it_has_none(need: Callable[..., Listing], offer: Callable[..., Listing]) -> None:
    """Its own answer is that of the whole kind; a need that a change does not reach is not looked at."""
    kind = match.load_kinds()["supply"]
    offers = [offer(f"o{at}", title="坯布", party=f"p{at}", certificates=["CE"]) for at in range(5)]
    index = OfferIndex.build(kind, offers, parties={}, world=_world(io=False), needs=[need("n0", title="坯布")])
    ranked, _ = Ranked.of(index)
    _, renewed = ranked.changed([need("n1", title="坯布", certificates=["ISO"])], parties={})
    (lone,) = renewed.unmatched
    assert (renewed.needs, lone.need, lone.relaxation) == (frozenset({"n1"}), "n1", _alone(index))


def _alone(index: OfferIndex) -> Any:
    need = replace(index.rules.needs.listings[0], id="n1", payload={"title": "坯布", "certificates": ["ISO"]})
    return index.matches([need], parties={}).unmatched[0].relaxation


def test_an_assignment_stays_until_all_is_ranked(need: Callable[..., Listing], offer: Callable[..., Listing]) -> None:
    """Who holds a place keeps it when another need comes; what an offer's places are worth stays too."""
    kind = match.load_kinds()["supply"]
    offers = [offer("o1", title="坯布", capacity_n=1)]
    index = OfferIndex.build(kind, offers, parties={}, world=_world(io=False), needs=[need("n1", title="坯布")])
    ranked, whole = Ranked.of(index)
    assert [one.is_assigned for one in whole.matches] == [True]
    ranked, renewed = ranked.changed([need("n2", title="坯布")], parties={})
    assert [(one.need, one.is_assigned) for one in renewed.matches] == [("n2", False)]
    renewed = ranked.changed([replace(offers[0], payload={"title": "坯布、面料"})], parties={})[1]
    assert {one.need: one.is_assigned for one in renewed.matches} == {"n1": True, "n2": False}


def test_nothing_changed_reaches_nobody_and_strays_are_refused(
    need: Callable[..., Listing], offer: Callable[..., Listing]
) -> None:
    """An id that is not there does no harm; a listing of another kind is refused as the index refuses it."""
    kind = match.load_kinds()["supply"]
    index = OfferIndex.build(kind, [offer("o1", title="坯布")], parties={}, world=_world(io=False))
    ranked, _ = Ranked.of(index)
    assert ranked.changed([], ["unknown"], parties={})[1] == Renewed(frozenset(), (), ())
    with pytest.raises(InputError, match="match_stray_listing"):
        ranked.changed([replace(need("n1"), kind="digital")], parties={})
