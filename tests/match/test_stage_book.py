"""What a title speaks of: the thing it ends with, never one that only describes another."""

from __future__ import annotations

import pytest

from duijie.match.stages import StageBook
from duijie.terms import ChainStage, ChainTemplate

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
