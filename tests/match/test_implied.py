"""Implied listings: what a firm's stage lets expect, marked as derived, never beyond the chain's links."""

from __future__ import annotations

from duijie import match
from duijie.data import evidence_rules
from duijie.match.implied import implied_listings
from duijie.terms import ChainLink, ChainStage, ChainTemplate, Party, Source

RULES = evidence_rules()
SOURCE = Source(title="register", as_of="2025")
GARMENT = ChainTemplate(
    "garment",
    {"zh": "服装", "en": "garments"},
    (
        ChainStage("fabric", {"zh": "面料", "en": "fabric"}, ("17",), ("面料", "针织布")),
        ChainStage("zip", {"zh": "拉链", "en": "zips"}, ("4119",), ("拉链",)),
        ChainStage("brand", {"zh": "服装", "en": "garments"}, ("181",), ("童装",)),
    ),
    (ChainLink("fabric", "brand"), ChainLink("zip", "brand")),
)


def _firm(id: str = "f", industry: str = "", products: tuple[str, ...] = ()) -> Party:
    return Party(id, "firm", "220000", "甲", industry=industry, products=products, source=SOURCE)


def test_a_garment_brand_needs_what_delivers_to_it_and_offers_its_own_products() -> None:
    found = implied_listings([_firm(industry="1811", products=("T恤", "针织童装"))], [GARMENT], rules=RULES)
    by_id = {one.id: one for one in found}
    assert set(by_id) == {
        "implied:offer:f:garment.brand",
        "implied:need:f:garment.fabric",
        "implied:need:f:garment.zip",
    }
    assert by_id["implied:offer:f:garment.brand"].payload == {"title": "针织童装", "products": ("针织童装",)}
    assert by_id["implied:need:f:garment.fabric"].payload == {"title": "面料", "products": ("面料", "针织布")}
    assert {(one.basis, one.side, one.party, one.source) for one in found} == {("derived", "220000", "f", SOURCE)}


def test_a_product_places_a_firm_and_a_code_alone_does_not() -> None:
    """What a firm offers is its own word, borne out by its code; either alone offers nothing."""
    assert not [one for one in implied_listings([_firm(products=("拉链",))], [GARMENT]) if one.role == "offer"]
    assert implied_listings([_firm(industry="1811", products=("玩具",))], [GARMENT]) == ()


def test_a_firm_that_makes_its_input_itself_does_not_need_it() -> None:
    roles = {
        (one.role, one.id.rpartition(".")[2])
        for one in implied_listings([_firm("f", "181", ("面料", "童装"))], [GARMENT])
    }
    assert roles == {("offer", "brand"), ("need", "zip")}


def test_who_makes_what_its_buyers_make_uses_its_input_itself() -> None:
    """A garment maker that also makes zips offers none; a zip maker that also makes garments does."""
    for products, offered in ((("童装", "拉链"), {"brand"}), (("拉链", "童装"), {"zip"})):
        found = implied_listings([_firm("f", "4119", products)], [GARMENT])
        assert {one.id.rpartition(".")[2] for one in found if one.role == "offer"} == offered - {"brand"}


def test_a_garment_maker_that_names_garments_first_offers_no_trims() -> None:
    """What its buyers make, named first, is its trade even where its code keeps it from standing there."""
    (offer,) = (one for one in implied_listings([_firm("f", "4119", ("拉链",))], [GARMENT]) if one.role == "offer")
    assert offer.payload["title"] == "拉链"
    found = implied_listings([_firm("f", "4119", ("童装", "文具", "皮带", "拉链"))], [GARMENT])
    assert not [one for one in found if one.role == "offer"]


def test_only_who_uses_it_needs_it_and_asks_for_just_that() -> None:
    """A need follows from a link that its maker uses, and holds no word that another stage of the chain has too."""
    knits = ChainStage("knits", {"zh": "针织面料", "en": "knits"}, ("176",), ("面料", "经编布"))
    links = (ChainLink("fabric", "brand", used_by=("181",)), ChainLink("knits", "brand", used_by=("182",)))
    chain = ChainTemplate("garment", GARMENT.name, (*GARMENT.stages, knits), links)
    needs = [one for one in implied_listings([_firm("f", "181", ("童装",))], [chain]) if one.role == "need"]
    assert [(one.id.rpartition(".")[2], one.payload["products"]) for one in needs] == [("fabric", ("针织布",))]


def test_what_keeps_a_need_or_an_offer_from_being_inferred() -> None:
    """A stage its region has, goods that not every maker uses, a firm that is known by its entry alone."""
    firms = [_firm("f", "181", ("童装",)), _firm("z", "4119", ("家用拉链",))]

    def implied(**values: object) -> set[str]:
        found = implied_listings(firms, [GARMENT], **values)  # type: ignore[arg-type]
        return {one.id.removeprefix("implied:") for one in found}

    every = {"offer:f:garment.brand", "need:f:garment.fabric", "need:f:garment.zip", "offer:z:garment.zip"}
    assert implied() == every
    assert implied(never_needed={"220000": ["garment.zip"], "110000": ["garment.fabric"]}) == every - {
        "need:f:garment.zip"
    }
    assert implied(particular=["家用"]) == every - {"offer:z:garment.zip"}
    assert implied(offering_only=["f"]) == {"offer:f:garment.brand", "offer:z:garment.zip"}


def test_no_stage_no_chain_no_firm_imply_nothing() -> None:
    assert implied_listings([_firm(industry="2710")], [GARMENT]) == ()
    assert implied_listings([_firm(industry="181")], []) == ()
    assert implied_listings([], [GARMENT]) == ()


def test_the_kind_accepts_them_and_the_same_firm_twice_gives_each_once() -> None:
    kind, firm = match.load_kinds()["supply"], _firm(industry="1811", products=("童装",))
    found = implied_listings([firm, firm], [GARMENT, GARMENT], version=kind.version)
    assert len(found) == len({one.id for one in found}) == 3
    assert not any(kind.check(one.role, one.payload) for one in found)
