"""Needs and offers that follow from where a firm stands on a chain: marked as implied, never as its own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from duijie.terms import ChainStage, ChainTemplate, Listing, Party

__all__ = ["implied_listings"]


def implied_listings(
    parties: Sequence[Party], chains: Sequence[ChainTemplate], *, kind: str = "supply", version: int = 1
) -> tuple[Listing, ...]:
    """What firms can be expected to need and to offer: a garment brand needs fabric, zips, dyeing.

    A firm at a stage (by its industry code or its products) offers that stage, and needs each stage that delivers
    to it. Firms at no stage imply nothing. The basis is ``derived`` and the ids say ``implied``; a firm's own
    listings should replace them.
    """
    found = [one for party in parties for chain in chains for one in _of_party(party, chain, kind, version)]
    return tuple({one.id: one for one in found}.values())


def _of_party(party: Party, chain: ChainTemplate, kind: str, version: int) -> Iterator[Listing]:
    stages = {stage.key: stage for stage in chain.stages}
    own = [stage for stage in chain.stages if _stands_at(party, stage)]
    for stage in own:
        yield _listing(party, chain, stage, "offer", kind, version)
    keys = {stage.key for stage in own}
    for link in chain.links:
        if link.buyer in keys and link.supplier not in keys:
            yield _listing(party, chain, stages[link.supplier], "need", kind, version)


def _stands_at(party: Party, stage: ChainStage) -> bool:
    by_code = bool(party.industry) and any(party.industry.startswith(prefix) for prefix in stage.industries)
    return by_code or any(word in product for word in stage.products for product in party.products)


def _listing(party: Party, chain: ChainTemplate, stage: ChainStage, role: str, kind: str, version: int) -> Listing:
    # what is offered are the firm's own products where it has some; what is needed are the stage's
    products = (party.products if role == "offer" else ()) or stage.products
    return Listing(
        id=f"implied:{role}:{party.id}:{chain.key}.{stage.key}",
        kind=kind,
        version=version,
        role="offer" if role == "offer" else "need",
        side=party.region,
        party=party.id,
        payload={"title": stage.name.get("zh", stage.key), "products": tuple(products)},
        industry=party.industry,
        basis="derived",
        source=party.source,
    )
