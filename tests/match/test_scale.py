"""The fast path of a kind gives what a plain computation pair by pair gives; an index answers new needs alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.match.plain import Plain

from duijie import match
from duijie.errors import InputError
from duijie.match.candidates import Pool
from duijie.match.kinds import Kind
from duijie.match.relatedness import ActivitySpace, _orthonormal
from duijie.match.run import OfferIndex
from duijie.match.scoring import Circumstances, Scorer
from duijie.match.text import TextSpace
from duijie.match.topk import best
from duijie.terms import ChainLink, ChainStage, ChainTemplate, Listing, Source

ON = date(2026, 6, 30)
SUPPLY = match.load_kinds()["supply"]
SECTORS = {"1": "C", "2": "D"}
CHAIN = ChainTemplate(
    "shoes",
    {"zh": "鞋", "en": "shoes"},
    (
        ChainStage("sole", {"zh": "鞋底", "en": "soles"}, ("292",), ("鞋底",)),
        ChainStage("shoe", {"zh": "制鞋", "en": "shoes"}, ("195",), ("运动鞋",)),
    ),
    (ChainLink("sole", "shoe"),),
)
WORDS = ["鞋底", "运动鞋", "皮革加工", "PU", "拉链"]


def _kinds() -> st.SearchStrategy[Kind]:
    """The supply kind with some of its rules and terms, weights as drawn."""
    known = [t for t in SUPPLY.terms if t.measure in ("text", "place", "chain", "trust", "freshness")]
    known = [t for t in known if t.analysis in ("grams", "cosine")]
    chain = next(t for t in known if t.measure == "chain")
    more = [
        replace(known[0], key="industry", measure="industry"),
        replace(chain, key="neighbour", direction="offer_supplies"),
        replace(known[0], key="amount", measure="number", need=("quantity_month",), offer=("quantity_month",)),
        replace(known[0], key="held", measure="overlap", need=("certificates",), offer=("certificates",), unknown=0.3),
    ]
    terms = st.lists(st.sampled_from([*known, *more]), min_size=1, unique_by=lambda term: term.key)
    rules = st.lists(st.sampled_from(SUPPLY.rules), unique_by=lambda rule: rule.key)
    policy = st.sampled_from(["pass", "fail"])

    @st.composite
    def build(draw: Any) -> Kind:
        chosen = [replace(term, weight=draw(st.sampled_from([0.05, 0.1, 0.2]))) for term in draw(terms)]
        kept = [replace(rule, when_unknown=draw(policy)) for rule in draw(rules)]
        least = draw(st.sampled_from([0.0, 0.02]))
        return replace(SUPPLY, terms=tuple(chosen), rules=tuple(kept), least_content=least)

    return build()


def _listings(role: str, most: int) -> st.SearchStrategy[list[Listing]]:
    maybe = lambda values: st.one_of(st.none(), values)  # noqa: E731
    words = lambda among: st.lists(st.sampled_from(among), max_size=2)  # noqa: E731
    payload = st.fixed_dictionaries(
        {
            "title": st.lists(st.sampled_from(WORDS), max_size=2).map("、".join),
            "products": words(WORDS),
            "quantity_month": maybe(st.sampled_from([1.0, 5.0, 8.0])),
            "price_most_cny": maybe(st.sampled_from([1.0, 2.0])),
            "price_cny": maybe(st.sampled_from([1.0, 2.0])),
            "certificates": words(["CE", "ISO"]),
            "supplier_industries": maybe(st.sampled_from(["29", "1952"])),
            "blocked": words(["p0", "p1"]),
        }
    )
    code = st.sampled_from(["", "1", "1952", "1953", "195", "2923", "29"])
    dates = st.sampled_from(["", "2026-06-01", "2026-07-01"])

    @st.composite
    def build(draw: Any) -> list[Listing]:
        found = []
        for at in range(draw(st.integers(0, most))):
            side, party = draw(st.sampled_from(["110000", "220000"])), draw(st.sampled_from(["p0", "p1", "p2"]))
            source = Source(as_of=draw(st.sampled_from(["", "2020", "2025"])))
            basis = draw(st.sampled_from(["published", "derived"]))
            own = {"valid_from": draw(dates), "valid_until": draw(dates), "industry": draw(code), "basis": basis}
            listing = Listing(f"{role}{at}", "supply", 1, role, side, party, draw(payload), source=source, **own)
            # some stand twice under two ids, so that there are ties
            found += [listing] + [replace(listing, id=f"{role}{at}b")] * draw(st.integers(0, 1))
        return found

    return build()


@settings(max_examples=120)
@given(_kinds(), _listings("need", 3), _listings("offer", 8), st.integers(1, 5))
def test_a_kind_is_what_pair_by_pair_gives(kind: Kind, needs: list[Listing], offers: list[Listing], top: int) -> None:
    found = match.kind(kind, needs, offers, parties={}, on=ON, top=top, chains=(CHAIN,), sector_of=SECTORS)
    plain = Plain(kind, needs, offers, ON, (CHAIN,))
    assert found.n_pairs == sum(plain.n_allowed(need) for need in needs)
    for need in needs:
        expected = plain.ranked(need)[:top]
        ours = [one for one in found.matches if one.need == need.id]
        assert [one.offer for one in ours] == [name for _, name in expected]
        assert [one.score for one in ours] == pytest.approx([score for score, _ in expected], abs=1e-6)
    for one in found.matches:
        assert sum(reason.weight for reason in one.reasons) == pytest.approx(one.score, abs=1e-12)
    lost = {one.need for one in found.unmatched}
    assert lost == {need.id for need in needs} - {one.need for one in found.matches}


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([0.0, 0.06, 0.2]))
def test_pruning_changes_no_bit(seed: int, k: int, least: float) -> None:
    draw = np.random.default_rng(seed)
    make = lambda role, at: Listing(  # noqa: E731
        f"{role}{at:03}",
        "supply",
        1,
        role,
        "1",
        "p",
        {"title": "、".join(draw.choice(WORDS, int(draw.integers(0, 4))))},
    )
    needs, offers = (Pool.of([make(role, at) for at in range(n)], {}) for role, n in (("need", 3), ("offer", 80)))
    activity = ActivitySpace.learn([*WORDS, "鞋底、运动鞋", "拉链、PU"], dimensions=3)
    kind = replace(SUPPLY, least_content=least)
    scorer = Scorer.of(kind, needs, offers, Circumstances(ON, activity=activity))
    allowed = np.flatnonzero(draw.random(80) < 0.8)
    for need in range(3):
        every = scorer.score(need, allowed)
        chosen = best(every.total, every.content >= kind.least_content, k)
        found = scorer.top(need, allowed, k)
        assert found.offers.tolist() == allowed[chosen].tolist()
        assert (found.total == every.total[chosen]).all()


def test_an_index_answers_new_needs_as_the_whole_kind_does(
    need: Callable[..., Listing], offer: Callable[..., Listing]
) -> None:
    offers = [offer(f"o{at:02}", title=WORDS[at % 4], industry="2923", party=f"p{at}") for at in range(30)]
    # what is asked for was known when the index was built, so that words are as rare in both
    needs = [need(f"n{at}", title=word, party="p1") for at, word in enumerate(WORDS[:4])]
    world = Circumstances(ON, (CHAIN,))
    index = OfferIndex.build(SUPPLY, offers, parties={}, world=world, needs=needs)
    whole = match.kind(SUPPLY, needs, offers, parties={}, on=ON, chains=(CHAIN,))
    again = {(one.need, one.offer): one for one in whole.matches}
    for one in needs:
        for found in index.matches([one]).matches:
            assert found.score == again[found.need, found.offer].score
            assert found.rank == again[found.need, found.offer].rank
    fresh = index.matches([need("n9", title="鞋底 从未见过的词")]).matches
    assert [one.offer for one in fresh[:8]] == [f"o{at:02}" for at in range(0, 30, 4)]
    assert sum(reason.weight for reason in fresh[0].reasons) == pytest.approx(fresh[0].score)
    assert index.matches([]).matches == ()
    with pytest.raises(InputError, match="match_stray_listing"):
        index.matches([offers[0]])


def test_activity_directions_are_those_of_the_decomposition() -> None:
    draw = np.random.default_rng(0)
    texts = ["、".join(draw.choice([f"活动{chr(0x4E00 + at)}" for at in range(40)], 5)) for _ in range(120)]
    space = TextSpace.learn(texts)
    rows = space.vectors(texts)
    found = ActivitySpace.of(space, rows, dimensions=4).directions
    _, strengths, turned = np.linalg.svd(rows.toarray().astype(float), full_matrices=False)
    exact = (turned[:4].T * np.sqrt(strengths[:4])).astype(float)
    # singular vectors are free in sign only; the products of rows are not
    assert np.linalg.norm(found.T @ found - exact.T @ exact) < 0.02 * np.linalg.norm(exact.T @ exact)
    assert np.linalg.norm(found[:, 0]) == pytest.approx(np.linalg.norm(exact[:, 0]), rel=1e-3)
    columns = _orthonormal(draw.random((50, 5)))
    assert columns.T @ columns == pytest.approx(np.eye(5), abs=1e-5)
