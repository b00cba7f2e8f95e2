"""What a decision teaches: by its reason, by how far the two had come, and never where it says nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from duijie import match
from duijie.data import read, root
from duijie.errors import InputError
from duijie.match.kinds import Term
from duijie.match.learning import Feedback, WeightBook, learn_weights
from duijie.match.lessons import feedback_of, in_turn, learn
from duijie.match.run import OfferIndex
from duijie.match.scoring import Circumstances
from duijie.terms import Bilingual, Listing

Make = Callable[..., Listing]
ON = date(2026, 6, 30)
SUPPLY, WORLD = match.load_kinds()["supply"], Circumstances(ON)
INDUSTRY = Term("industry", Bilingual("行业", "Industry"), "industry", 0.1)
KIND = replace(SUPPLY, terms=(*SUPPLY.terms, INDUSTRY))
POLICY = read(root() / "policies" / "learning.yaml", "learning")


@dataclass(frozen=True)
class Told:
    need: str
    offer: str
    is_accepted: bool
    reason: str = ""
    stage: str = "request"
    on: str = "2026-01-01"


@pytest.fixture
def sides(need: Make, offer: Make) -> tuple[list[Listing], list[Listing]]:
    needs = [need(f"n{at}", title="鞋底", industry="1952") for at in range(12)]
    offers = [offer(f"o{at}", title="鞋底", industry="1952" if at % 2 else "3525") for at in range(12)]
    return needs, offers


def _told(reason: str = "", **more: str) -> list[Told]:
    return [Told(f"n{at}", f"o{at}", bool(at % 2), "" if at % 2 else reason, **more) for at in range(12)]


def _learnt(sides: tuple[list[Listing], list[Listing]], told: list[Told]) -> dict[str, float] | None:
    found = learn(KIND, *sides, told, parties={}, world=WORLD, policy=POLICY)
    return dict(found.weights) if found else None


def test_a_refusal_without_a_special_reason_teaches_what_told_the_two_sorts_apart(
    sides: tuple[list[Listing], list[Listing]],
) -> None:
    learnt = _learnt(sides, _told("terms"))
    assert learnt is not None
    assert learnt["industry"] > 0.1


@pytest.mark.parametrize("reason", ["timing", "partner_found", "price", "distance"])
def test_reasons_that_say_nothing_of_these_terms_teach_nothing(
    sides: tuple[list[Listing], list[Listing]], reason: str
) -> None:
    # the kind has neither a number nor a way among its terms: they are hard rules
    assert _learnt(sides, _told(reason)) is None


def test_decisions_of_tomorrow_and_on_strangers_do_not_count(sides: tuple[list[Listing], list[Listing]]) -> None:
    assert _learnt(sides, _told(on="2026-07-01")) is None
    assert _learnt(sides, [replace(one, need="gone") for one in _told()]) is None
    assert _learnt(sides, []) is None


def test_a_reason_holds_only_the_terms_it_speaks_of(sides: tuple[list[Listing], list[Listing]]) -> None:
    index = OfferIndex.build(KIND, sides[1], parties={}, world=WORLD, needs=sides[0])
    found = feedback_of(
        index, sides[0], [Told("n0", "o0", False, "quality", "meeting"), Told("n1", "o1", True)], POLICY
    )
    assert found.concerns is not None
    assert found.counts is not None
    spoken = [term.measure for term, is_told in zip(KIND.terms, found.concerns[0], strict=True) if is_told]
    assert spoken == ["trust"]
    assert found.concerns[1].all()
    assert found.counts.tolist() == [2, 1]


def test_a_refusal_for_one_term_leaves_the_others_where_they_were() -> None:
    two = tuple(
        Term(key, Bilingual(key, key), "text", 0.25, least=0.0, most=1.0) for key in ("words", "price", "way", "age")
    )
    kind, draw = replace(KIND, terms=two), np.random.default_rng(0)
    is_accepted = np.arange(200) % 4 < 2
    parts = draw.random((200, 4))
    # who declined was poor in words as well, but said it was the price
    parts[:, 0], parts[:, 1] = np.where(is_accepted, 0.9, 0.1), np.where(is_accepted, 0.9, 0.1)
    concerns = np.ones((200, 4), bool)
    concerns[~is_accepted] = [False, True, False, False]
    plain = dict(learn_weights(kind, Feedback(parts, is_accepted), on=ON).weights)
    told = dict(learn_weights(kind, Feedback(parts, is_accepted, concerns), on=ON).weights)
    assert plain["words"] == pytest.approx(plain["price"], abs=0.02)
    assert told["price"] > told["words"] + 0.05


def test_what_counts_more_moves_more() -> None:
    draw = np.random.default_rng(1)
    parts, is_accepted = draw.random((80, len(KIND.terms))), np.arange(80) % 4 < 2
    parts[:, -1] = np.where(is_accepted, 0.9, 0.1)
    moved = [
        dict(learn_weights(KIND, Feedback(parts, is_accepted, counts=np.full(80, times)), on=ON).weights)["industry"]
        for times in (0.05, 1.0, 4.0)
    ]
    assert moved[0] < moved[1] <= moved[2] + 1e-6


def test_both_halves_of_learning_hold_both_sorts() -> None:
    told = in_turn([Told(f"n{at}", "o", at < 6) for at in range(16)])
    assert {one.is_accepted for one in told[::2]} == {one.is_accepted for one in told[1::2]} == {True, False}


def test_a_book_is_kept_read_and_refused_for_another_kind() -> None:
    draw = np.random.default_rng(0)
    parts = draw.random((100, len(KIND.terms)))
    book = WeightBook(()).added(learn_weights(KIND, Feedback(parts, parts[:, 0] > 0.5), on=ON))
    again = WeightBook.from_dict(book.to_dict())
    assert again == book
    assert {t.key: t.weight for t in again.applied(KIND).terms} == dict(book.versions[0].weights)
    assert WeightBook(()).applied(KIND) is KIND
    with pytest.raises(InputError, match="match_weights_of_other_kind"):
        book.applied(match.load_kinds()["design"])
