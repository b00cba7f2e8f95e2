"""What a title speaks of: the thing it ends with, never one that only describes another."""

from __future__ import annotations

import pytest

from duijie.match.stages import StageBook, Standing
from duijie.terms import ChainLink, ChainStage, ChainTemplate

BOOK = StageBook(
    (
        ChainTemplate(
            "shoes",
            {"zh": "鞋", "en": "shoes"},
            (
                ChainStage("soles", {"zh": "鞋底", "en": "soles"}, ("1959",), ("鞋底", "鞋材")),
                ChainStage("printing", {"zh": "3D打印", "en": "printing"}, ("3493",), ("3D打印",)),
            ),
            (),
        ),
    )
)


@pytest.mark.parametrize(
    ("title", "stages"),
    [
        ("高弹鞋底", {"soles"}),
        ("发泡鞋底3D打印制备", {"printing"}),  # the last thing counts, with what is done with it behind
        ("鞋材边角料再生", set()),  # scrap of shoe parts is no shoe part
        ("鞋材一站式采购市场", set()),
        ("自动化产线", set()),
        ("鞋底，3D打印", {"soles", "printing"}),
    ],
)
def test_a_title_speaks_of_what_it_ends_with(title: str, stages: set[str]) -> None:
    """Phrase by phrase; a word far from the end is no thing of the title."""
    assert {key[1] for key in BOOK.ending(title)} == stages


def test_the_link_told_is_the_one_the_listings_are_about() -> None:
    """A weaver of webbing also weaves cloth: where webbing is asked for and offered, webbing is the reason."""
    stages = [("fabric", "1761", "面料"), ("trims", "178", "织带"), ("garments", "181", "服装")]
    chain = ChainTemplate(
        "dress",
        {"zh": "服装", "en": "dress"},
        tuple(ChainStage(key, {"zh": key, "en": key}, (code,), (word,)) for key, code, word in stages),
        (ChainLink("fabric", "garments"), ChainLink("trims", "garments", {"zh": "配成衣", "en": "completes"})),
    )
    book, (fabric, trims, garments) = StageBook((chain,)), [("dress", key) for key, _, _ in stages]
    need, offer = Standing(frozenset({garments}), frozenset({trims})), Standing(frozenset({fabric, trims}), frozenset())
    assert book.link(need, offer, "named") == (fabric, garments)
    spoken = Standing(offer.own, frozenset({trims}))
    assert book.link(need, spoken, "named") == (trims, garments)
    assert book.links[trims, garments] == {"zh": "配成衣", "en": "completes"}
