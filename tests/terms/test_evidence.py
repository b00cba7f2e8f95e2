"""Where a firm stands on a chain: its own trade, never a side line, never a list cut off before its verb."""

from __future__ import annotations

import pytest

from duijie.terms import ChainLink, ChainStage, ChainTemplate, Directory, Party, chain_headings

CHAIN = ChainTemplate(
    "metal",
    {"zh": "机床", "en": "machine tools"},
    (
        ChainStage("castings", {"zh": "铸件", "en": "castings"}, ("3391",), ("铸件",)),
        ChainStage("machines", {"zh": "机床", "en": "machine tools"}, ("342",), ("机床",)),
    ),
    (ChainLink("castings", "machines"),),
)


@pytest.mark.parametrize(
    ("industry", "products", "stages"),
    [
        ("3421", ("门窗", "家具", "机床"), {"machines"}),  # the code agrees: the place in the list says nothing
        ("3399", ("机床",), {"machines"}),
        ("3399", ("门窗", "机床"), {"machines"}),
        ("3399", ("铸件", "铸件", "机床"), {"castings", "machines"}),  # what comes first is of the same chain
        ("3399", ("门窗", "家具", "机床"), set()),  # next door, behind two other trades
        ("3399", ("机床", "网络的技术"), set()),  # cut off: develops, sells or makes
        ("3421", ("机床", "网络的技术"), {"machines"}),
    ],
)
def test_a_side_line_is_no_evidence(industry: str, products: tuple[str, ...], stages: set[str]) -> None:
    """A firm coded next door stands where its trade is, not where the end of its list is."""
    party = Party("f", "firm", "220000", "甲有限公司", industry=industry, products=products)
    found = Directory([party], chain_headings([CHAIN])).standings(party)
    assert {key[1] for key in found} == stages
