"""Needs and offers that follow from where a firm stands on a chain: marked as implied, never as its own words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from duijie.terms import ChainStage, ChainTemplate, Directory, EvidenceRules, Listing, Party, chain_headings

__all__ = ["implied_listings"]


def implied_listings(
    parties: Sequence[Party],
    chains: Sequence[ChainTemplate],
    *,
    rules: EvidenceRules | None = None,
    kind: str = "supply",
    kinds: Mapping[str, str] | None = None,
    never_needed: Mapping[str, Collection[str]] | None = None,
    particular: Collection[str] = (),
    offering_only: Collection[str] = (),
    version: int = 1,
) -> tuple[Listing, ...]:
    """What firms can be expected to need and to offer: a garment brand needs fabric, zips, dyeing.

    A firm offers what it states it makes at each stage it stands at by its industry code as well (see
    :class:`~duijie.terms.Directory`), and needs each stage that delivers to one where it stands. Firms at no stage
    imply nothing. The basis is ``derived`` and the ids say ``implied``; a firm's own listings should replace them.
    Not all of a stage need what is delivered to it (see :meth:`~duijie.terms.ChainLink.is_used`).
    `kinds` names, for a stage ``chain.stage``, another kind of match than `kind`; nobody of a region is taken to need a
    stage that `never_needed` names for it. Goods with a word of `particular` are inferred as offered to nobody. The
    organisations of `offering_only`, by id, imply offers and no needs. Who makes what its buyers make, and names that
    first, is taken to use the input itself.
    """
    directory = Directory(parties, chain_headings(chains), rules or EvidenceRules())
    never = {region: frozenset(stages) for region, stages in (never_needed or {}).items()}
    book = _Book(directory, kind, kinds or {}, never, tuple(particular), frozenset(offering_only), version)
    found = [one for party in parties for chain in chains for one in _of_party(party, chain, book)]
    return tuple({one.id: one for one in found}.values())


@dataclass(frozen=True)
class _Book:
    directory: Directory
    kind: str
    kinds: Mapping[str, str]
    never_needed: Mapping[str, frozenset[str]]
    particular: tuple[str, ...]
    offering_only: frozenset[str]
    version: int


def _of_party(party: Party, chain: ChainTemplate, book: _Book) -> Iterator[Listing]:
    stages = {stage.key: stage for stage in chain.stages}
    own = {key[1]: row for key, row in book.directory.standings(party).items() if key[0] == chain.key}
    first = {key[1] for key in book.directory.named("".join(party.products[:1])) if key[0] == chain.key}
    for key, row in own.items():
        if (
            row.code == "agrees"
            and not any(word in row.phrase for word in book.particular)
            and (
                row.phrase in party.products[:1]
                or not any(link.supplier == key and (link.buyer in own or link.buyer in first) for link in chain.links)
            )
        ):
            yield _listing(party, chain, stages[key], "offer", (row.phrase or stages[key].name.get("zh", key),), book)
    never = book.never_needed.get(party.region, frozenset())
    for link in chain.links if party.id not in book.offering_only else ():
        is_needed = f"{chain.key}.{link.supplier}" not in never and link.buyer in own and link.supplier not in own
        if is_needed and link.is_used(party.industry, own[link.buyer].phrase):
            yield _listing(party, chain, stages[link.supplier], "need", _own_words(chain, link.supplier), book)


def _own_words(chain: ChainTemplate, key: str) -> tuple[str, ...]:
    """The words of a stage that no other stage of its chain has: who is put to it must make just that."""
    others = {word for stage in chain.stages if stage.key != key for word in stage.products}
    own = next(stage.products for stage in chain.stages if stage.key == key)
    return tuple(word for word in own if word not in others) or own


def _listing(
    party: Party, chain: ChainTemplate, stage: ChainStage, role: str, products: Sequence[str], book: _Book
) -> Listing:
    # what is offered are the firm's own words; what is needed is the stage
    title = products[0] if role == "offer" else stage.name.get("zh", stage.key)
    return Listing(
        id=f"implied:{role}:{party.id}:{chain.key}.{stage.key}",
        kind=book.kinds.get(f"{chain.key}.{stage.key}", book.kind),
        version=book.version,
        role="offer" if role == "offer" else "need",
        side=party.region,
        party=party.id,
        payload={"title": title, "products": tuple(products)},
        industry=party.industry,
        basis="derived",
        source=party.source,
    )
