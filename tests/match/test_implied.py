"""Implied listings: what a firm's stage lets expect, marked as derived, never beyond the chain's links."""

from __future__ import annotations

from duijie import match
from duijie.match.implied import implied_listings
from duijie.terms import ChainLink, ChainStage, ChainTemplate, Party, Source

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
    found = implied_listings([_firm(industry="1811", products=("T恤",))], [GARMENT])
    by_id = {one.id: one for one in found}
    assert set(by_id) == {
        "implied:offer:f:garment.brand",
        "implied:need:f:garment.fabric",
        "implied:need:f:garment.zip",
    }
    assert by_id["implied:offer:f:garment.brand"].payload == {"title": "服装", "products": ("T恤",)}
    assert by_id["implied:need:f:garment.fabric"].payload == {"title": "面料", "products": ("面料", "针织布")}
    assert {(one.basis, one.side, one.party, one.source) for one in found} == {("derived", "220000", "f", SOURCE)}


def test_products_place_a_firm_as_industry_codes_do() -> None:
    (offered,) = implied_listings([_firm(products=("金属拉链",))], [GARMENT])
    assert (offered.id, offered.role) == ("implied:offer:f:garment.zip", "offer")


def test_a_firm_that_makes_its_input_itself_does_not_need_it() -> None:
    roles = {
        (one.role, one.id.rpartition(".")[2]) for one in implied_listings([_firm("f", "181", ("面料",))], [GARMENT])
    }
    assert roles == {("offer", "brand"), ("offer", "fabric"), ("need", "zip")}


def test_no_stage_no_chain_no_firm_imply_nothing() -> None:
    assert implied_listings([_firm(industry="2710")], [GARMENT]) == ()
    assert implied_listings([_firm(industry="181")], []) == ()
    assert implied_listings([], [GARMENT]) == ()


def test_the_kind_accepts_them_and_the_same_firm_twice_gives_each_once() -> None:
    kind, firm = match.load_kinds()["supply"], _firm(industry="1811")
    found = implied_listings([firm, firm], [GARMENT, GARMENT], version=kind.version)
    assert len(found) == len({one.id for one in found}) == 3
    assert not any(kind.check(one.role, one.payload) for one in found)
