"""Everything the pipeline reads: the agreement, its tables in the embedded store, taxonomies, a rehearsal's life."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from duijie import data, match
from duijie.intake import example, taxonomies
from duijie.match.implied import implied_listings
from duijie.store import open_store
from duijie.store.base import matrix
from duijie.terms import Agreement, Bilingual, ChainTemplate, Counts, IOTable, Listing, Party
from duijie.track import load_agreement

from . import rehearsal
from .queries import counts_by_region

__all__ = ["REFERENCE", "Material", "read_folder"]

REFERENCE = "national"


@dataclass(frozen=True)
class Material:
    """What every stage starts from; `life` is what a rehearsal generated, None for a real agreement."""

    agreement: Agreement
    facts: example.Example
    kinds: Mapping[str, match.Kind]
    chains: tuple[ChainTemplate, ...]
    io: Mapping[str, IOTable]
    names: Mapping[str, Bilingual]
    counts: Counts
    parties: tuple[Party, ...]
    listings: tuple[Listing, ...]
    inputs: Mapping[str, str]
    life: rehearsal.Records | None = None


def read_folder(folder: Path, out: Path, *, as_of: date, seed: int) -> Material:
    """Read an agreement folder and put its tables into the store ``<out>/<agreement>/store.duckdb``.

    Raises
    ------
    DataFileError
        The folder has faults; all of them are told.
    """
    agreement = load_agreement(folder)
    head = data.read(folder / "agreement.yaml")
    home = folder.parent / head["based_on"] if "based_on" in head else folder
    facts, kinds = example.load(home), match.load_kinds()
    chains = taxonomies.chains(agreement.fields)
    life = _life(agreement, kinds, head, as_of=as_of, seed=seed)
    return Material(
        agreement=agreement,
        facts=facts,
        kinds=kinds,
        chains=chains,
        io=taxonomies.input_output(),
        names={**taxonomies.names(), **{side.code: side.name for side in agreement.sides}},
        counts=_stored_counts(facts, [side.code for side in agreement.sides], out / agreement.key),
        parties=facts.parties if life is None else life.parties,
        listings=(*facts.listings, *_implied(agreement, facts, chains, as_of)) if life is None else life.listings,
        inputs=_hashes(folder, home),
        life=life,
    )


def _life(
    agreement: Agreement, kinds: Mapping[str, match.Kind], head: Mapping[str, object], *, as_of: date, seed: int
) -> rehearsal.Records | None:
    if not agreement.is_rehearsal:
        return None
    return rehearsal.generate(agreement, kinds, seed=int(str(head.get("seed", seed))), as_of=as_of)


def _implied(
    agreement: Agreement, facts: example.Example, chains: Sequence[ChainTemplate], as_of: date
) -> tuple[Listing, ...]:
    """What the firms of both sides can be expected to need and offer, as far as the policy lets it be inferred."""
    policy = data.read(data.root() / "policies" / "implied.yaml", "implied")
    sides, since = {side.code for side in agreement.sides}, str(as_of.year - int(policy["reported_within_years"]))
    firms = [
        party
        for party in facts.parties
        if party.kind == "firm"
        and party.region in sides
        and party.products
        and "products" not in party.inferred
        and party.source.as_of[:4] >= since
    ]
    return implied_listings(firms, chains, kind=str(policy["kind"]))


def _stored_counts(facts: example.Example, sides: Sequence[str], home: Path) -> Counts:
    """The example's tables kept in the store, and the counts of firms reduced there."""
    home.mkdir(parents=True, exist_ok=True)
    with open_store(f"duckdb:{home / 'store.duckdb'}") as store:
        for path in sorted(facts.tables.glob("*.csv")):
            store.keep(path.stem, path)
        if facts.counts is None:
            # No proxy under a method's name: without counts the diagnosis says that it has none.
            return Counts((*sides, REFERENCE), (), np.zeros((len(sides) + 1, 0)), "firms")
        regions, industries, values = matrix(store.sql(counts_by_region()).arrow(), "region", "industry", "n")
    return replace(facts.counts, regions=regions, industries=industries, values=values)


def _hashes(*folders: Path) -> dict[str, str]:
    """SHA-256 of every file that was read, by its name inside the shelf of agreements."""
    paths = sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})
    return {str(path.relative_to(path.parents[1])): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
