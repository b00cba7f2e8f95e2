"""Where a firm stands on a chain: its own trade, never a side line, never a list cut off before its verb."""

from __future__ import annotations

import pytest

from duijie.terms import ChainLink, ChainStage, ChainTemplate, Directory, EvidenceRules, Party, chain_headings

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
        ("3421", ("门窗", "机床"), {"machines"}),
        ("3421", ("门窗", "家具", "机床"), set()),  # a code inferred from the list does not vouch for its end
        ("3421", ("门窗", "机床", "家具", "玩具"), set()),  # a list of everything
        ("3399", ("机床",), {"machines"}),
        ("3399", ("机床", "门窗", "家具", "玩具"), set()),
        ("3399", ("门窗", "机床"), {"machines"}),
        ("3399", ("门窗", "机床", "家具", "玩具"), set()),  # coded elsewhere, and second of a long list
        ("3399", ("铸件", "铸件", "机床"), {"castings", "machines"}),  # what comes first is of the same chain
        ("3399", ("门窗", "家具", "机床"), set()),  # next door, behind two other trades
        ("3399", ("机床", "网络的技术"), set()),  # cut off: develops, sells or makes
        ("3421", ("机床", "网络的技术"), set()),
        ("3421", ("机床", "用于家具"), set()),
    ],
)
def test_a_side_line_is_no_evidence(industry: str, products: tuple[str, ...], stages: set[str]) -> None:
    """A firm coded next door stands where its trade is, not where the end of its list is."""
    party = Party("f", "firm", "220000", "甲有限公司", industry=industry, products=products)
    found = Directory([party], chain_headings([CHAIN])).standings(party)
    assert {key[1] for key in found} == stages


@pytest.mark.parametrize(
    ("code", "product", "is_one"),
    [
        ("1951", "皮鞋", True),  # its class says so, whatever it is called
        ("1952", "运动鞋", False),  # a class that makes another thing
        ("195", "休闲运动鞋", True),  # a class above leaves it to the product
        ("", "皮鞋", False),
        ("", "运动鞋", True),
    ],
)
def test_not_every_maker_uses_what_is_supplied(code: str, product: str, is_one: bool) -> None:
    """A link names its buyers and its suppliers by class or product; one that names none is about all of a stage."""
    named = ("1951", "运动鞋")
    link = ChainLink("mesh", "shoes", used_by=named, supplied_by=named)
    assert link.is_used(code, product) == link.is_supplied(code, product) == is_one
    assert ChainLink("mesh", "shoes").is_used(code, product)
    assert ChainLink("mesh", "shoes").is_supplied(code, product)


@pytest.mark.parametrize(
    ("industry", "stages"), [("1751", {"woven"}), ("1761", {"knits"}), ("1752", {"dyeing"}), ("", set())]
)
def test_a_code_decides_between_strict_stages(industry: str, stages: set[str]) -> None:
    """A word of two stages stands at the one its code is of; a dyer is no weaver, and without a code nobody knows."""
    made = [
        ChainStage(name, {"zh": name, "en": name}, (code,), words, is_strict)
        for name, code, words, is_strict in (
            ("woven", "175", ("面料",), True),
            ("knits", "176", ("面料",), True),
            ("dyeing", "1752", ("面料", "印染"), False),
        )
    ]
    chain = ChainTemplate("cloth", {"zh": "布", "en": "cloth"}, tuple(made), (ChainLink("woven", "dyeing"),))
    party = Party("f", "firm", "220000", "甲有限公司", industry=industry, products=("面料",))
    found = Directory([party], chain_headings([chain])).standings(party)
    assert {key[1] for key in found if found[key].code != "unknown"} == stages


def _chain(key: str, stages: dict[str, tuple[str, str]]) -> ChainTemplate:
    """A chain of stages, each with its code and its word, that deliver to one another in turn."""
    made = tuple(ChainStage(name, {"zh": name, "en": name}, (code,), (word,)) for name, (code, word) in stages.items())
    names = list(stages)
    return ChainTemplate(key, {"zh": key, "en": key}, made, tuple(map(ChainLink, names, names[1:])))


SHOES = _chain(
    "shoes",
    {"leather": ("191", "皮革"), "parts": ("1959", "鞋材"), "shoes": ("195", "鞋"), "garments": ("181", "服装")},
)
PHONES = _chain("phones", {"moulds": ("3525", "模具"), "chips": ("397", "半导体"), "phones": ("392", "手机")})
RULES = EvidenceRules(forms=("有限公司",), general=("模具",), shared=("专用材料",))


@pytest.mark.parametrize(
    ("name", "industry", "products", "stages"),
    [
        ("甲皮革服装有限公司", "1910", ("皮革", "服装"), {"garments"}),  # what it is made of is not what is made
        ("甲皮革有限公司", "1910", ("皮革", "服装"), {"leather"}),
        ("甲有限公司", "3525", ("模具",), {"moulds"}),
        ("甲模具有限公司", "3525", ("模具", "鞋材"), set()),  # moulds for shoes are none for phones
        ("甲模具有限公司", "3525", ("模具", "手机"), {"moulds"}),
        ("甲有限公司", "3989", ("半导体", "元器件专用材料"), set()),  # both halves of one phrase are materials
        ("甲有限公司", "3989", ("半导体", "元器件"), {"chips"}),
        ("甲有限公司", "1999", ("鞋材", "鞋", "服装"), set()),  # next door to three stages at once
        ("甲服装有限公司", "1999", ("鞋材", "鞋", "服装"), {"garments"}),
        ("甲手机有限公司", "3921", ("手机", "网络产品的"), {"phones"}),  # cut off, and the name says it
    ],
)
def test_a_name_and_the_rest_of_a_list_say_what_a_phrase_means(
    name: str, industry: str, products: tuple[str, ...], stages: set[str]
) -> None:
    """Attributes, goods of every trade, halves of phrases and catalogues are no trade of a firm."""
    party = Party("f", "firm", "220000", name, industry=industry, products=products)
    found = Directory([party], chain_headings([SHOES, PHONES]), RULES).standings(party)
    assert {key[1] for key in found} == stages


@pytest.mark.parametrize(("n", "stages"), [(1, {"phones"}), (4, set())])
def test_what_was_inferred_alike_of_many_is_a_label(n: int, stages: set[str]) -> None:
    """One firm whose product was inferred stands there, marked so; a whole list under one word does not."""
    firms = [
        Party(str(at), "firm", "220000", "Technology Co.", industry="392", products=("手机",), inferred=("products",))
        for at in range(n)
    ]
    directory = Directory(firms, chain_headings([PHONES]), RULES)
    found = directory.standings(firms[0])
    assert {key[1] for key in found} == stages
    assert not any(row.is_stated for row in found.values())
