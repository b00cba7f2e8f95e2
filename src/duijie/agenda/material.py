"""What the pipeline starts from, as one frozen value: read from a folder, or gathered from what a portal holds.

Never a mixture: parties, listings and decisions are all of the folder or all of the ledger. Bulk tables (counts,
trains, statistics) are files in either case, named by their hashes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa

from duijie import data, match
from duijie.data.sources import host_of
from duijie.errors import DataFileError
from duijie.intake import example, taxonomies
from duijie.ledger.gate import shared
from duijie.match.implied import implied_listings
from duijie.terms import (
    Agreement,
    Bilingual,
    ChainTemplate,
    Counts,
    Directory,
    Heading,
    IOTable,
    Listing,
    Party,
    Standing,
    chain_headings,
)

from . import rehearsal
from .checking import examine
from .decisions import Decision, last_words, refusals
from .facts import fact_lines

__all__ = ["REFERENCE", "Material", "gather", "inference_policy", "read"]

REFERENCE = example.NATIONAL
"""The region all others are compared with."""


@dataclass(frozen=True, eq=False)
class Material:
    """What every stage starts from.

    `folder` is the agreement's: its own kinds, chains and words are read beside the built-in ones. `listings`
    hold what was recorded and what the policy lets be inferred from `parties`, both in the order of their ids.
    `activity` is what ``track.progress`` folds, `tables` the bulk tables by name, `counts` firms by region and
    industry (None where there is neither a table of them nor a firm with an industry), `statistics` what was
    published of a region in figures, `closed` the organisations that a source tells to have closed, `practices` what
    other pairs of regions did, `examples` those the agreement itself gives, `inputs` the hash of everything that was
    read. `records` are lines a portal can
    start from; a portal's own material has none.
    """

    folder: Path
    agreement: Agreement
    parties: tuple[Party, ...]
    listings: tuple[Listing, ...]
    decisions: tuple[Decision, ...]
    activity: Mapping[str, Any]
    tables: Mapping[str, Path | pa.Table]
    counts: Counts | None
    statistics: tuple[Mapping[str, Any], ...]
    closed: frozenset[str]
    practices: tuple[Mapping[str, Any], ...]
    examples: tuple[Mapping[str, Any], ...]
    inputs: Mapping[str, str]
    records: tuple[str, ...] = field(default=(), repr=False)

    @property
    def kinds(self) -> Mapping[str, match.Kind]:
        return match.load_kinds()

    @cached_property
    def chains(self) -> tuple[ChainTemplate, ...]:
        """The industrial chains of the agreement's fields; none where it names none."""
        return taxonomies.chains(self.agreement.fields) if self.agreement.fields else ()

    @property
    def related(self) -> tuple[ChainTemplate, ...]:
        """The chains by which a need and an offer can be related: those of the fields, else all there are."""
        return self.chains or taxonomies.chains()

    @property
    def active(self) -> tuple[Party, ...]:
        """All organisations but those a source tells to have closed: only these are named as partners."""
        return tuple(party for party in self.parties if party.id not in self.closed)

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """How well each organisation is known to the public: its honours, and reports that name it."""
        return _weights(self.parties, self.listings)

    @cached_property
    def choosy(self) -> frozenset[str]:
        """The organisations that sell by brand: they choose suppliers by name, and buy from no unknown one."""
        words = inference_policy()["choosy"]
        named = (one for one in self.parties if any(word in product for product in one.products for word in words))
        return frozenset(party.id for party in named)

    @property
    def io(self) -> Mapping[str, IOTable]:
        """The input–output tables of the country and of the sides' own provinces."""
        sides = self.agreement.sides
        near = {REFERENCE, *(code for side in sides for code in (side.code, side.parent, f"{side.code[:2]}0000"))}
        return {region: one for region, one in taxonomies.input_output().items() if region in near}

    @cached_property
    def names(self) -> Mapping[str, Bilingual]:
        """The names of industries, and of the sides."""
        return {**taxonomies.names(), **{side.code: side.name for side in self.agreement.sides}}


def read(folder: Path, *, as_of: date, seed: int = 1) -> Material:
    """All of an agreement folder: its tables, or the life that is generated where it is a rehearsal.

    Parameters
    ----------
    folder
        An agreement folder (``agreement.yaml``, ``clauses``, ``departments.yaml``, ``tables``).
    as_of
        The last day of a rehearsal's life.
    seed
        Of a rehearsal's generator where the agreement names none.

    Raises
    ------
    DataFileError
        The folder has faults; all of them are told.
    """
    with data.inside(folder):
        return _read(folder, as_of=as_of, seed=seed)


def _read(folder: Path, *, as_of: date, seed: int) -> Material:
    found, faults = examine(folder)
    if found is None:
        raise DataFileError(
            "data_file_faults", {"file": folder.name, "n": len(faults)}, {"file": str(folder)}, "", faults
        )
    agreement, facts, inputs = found.agreement, found.facts, _hashes(_files(folder, found.home))
    if not agreement.is_rehearsal:
        records = fact_lines(agreement, facts.parties, facts.listings, as_of=as_of)
        return _made(agreement, folder, facts, facts.parties, facts.listings, (), {}, inputs, tuple(records))
    given = data.read(folder / "agreement.yaml").get("seed", seed)
    life = rehearsal.generate(agreement, match.load_kinds(), seed=int(given), as_of=as_of)
    pairs = {case.id: (case.kind, case.need, case.offer) for case in life.cases}
    decisions = refusals(pairs, life.steps)
    lived = life.tracked()
    lines = tuple(life.lines())
    return _made(agreement, folder, facts, life.parties, life.listings, decisions, lived, inputs, lines)


def gather(
    folder: Path,
    *,
    parties: Iterable[Party],
    listings: Iterable[Listing],
    decisions: Iterable[Decision] = (),
    activity: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str] | None = None,
) -> Material:
    """What a ledger holds, beside the agreement and the bulk tables of a folder; its other tables are not read.

    Parameters
    ----------
    folder
        An agreement folder, a rehearsal's as well: no life is generated.
    parties, listings, decisions
        All that counts, in any order.
    activity
        What ``track.progress`` folds beside the listings: steps, actions, tickets, decisions, targets, amendments.
    inputs
        What names the state of the ledger, added to the hashes of the files.

    Raises
    ------
    DataFileError
        The folder has faults; all of them are told.
    """
    with data.inside(folder):
        found, faults = examine(folder, is_bulk_only=True)
        if found is None:
            raise DataFileError(
                "data_file_faults", {"file": folder.name, "n": len(faults)}, {"file": str(folder)}, "", faults
            )
        recorded = {f"{name}.csv" for name in example.RECORDED}
        files = [path for path in _files(folder, found.home) if path.name not in recorded]
        hashes = {**_hashes(files), **(inputs or {})}
        return _made(found.agreement, folder, found.facts, parties, listings, decisions, activity or {}, hashes)


def _made(
    agreement: Agreement,
    folder: Path,
    facts: example.Example,
    parties: Iterable[Party],
    listings: Iterable[Listing],
    decisions: Iterable[Decision],
    activity: Mapping[str, Any],
    inputs: Mapping[str, str],
    records: tuple[str, ...] = (),
) -> Material:
    """One order and one rule of what is inferred, wherever the rows come from."""
    honours = {key: tuple(names) for key, names in facts.honours.items()}
    given = sorted(parties, key=lambda one: one.id)
    known = tuple(replace(one, honours=honours[one.id]) if one.id in honours else one for one in given)
    own = tuple(sorted(map(shared, listings), key=lambda one: one.id))
    # invented firms say what they need: nothing is inferred about them
    inferred = () if agreement.is_rehearsal else _inferred(agreement, known, own, frozenset(facts.closed))
    sides = [side.code for side in agreement.sides]
    bulk = {name: rows for name, rows in facts.bulk.items() if name not in example.RECORDED}
    return Material(
        folder=folder,
        agreement=agreement,
        parties=known,
        listings=(*own, *inferred),
        decisions=last_words(decisions),
        activity={**activity, "listings": own},
        tables=bulk,
        counts=facts.counts if facts.counts is not None else example.counted(known, sides),
        statistics=facts.statistics,
        closed=frozenset(facts.closed),
        # an invented life names no real unit
        practices=() if agreement.is_rehearsal else facts.practices,
        examples=tuple(data.read(folder / "agreement.yaml").get("examples", ())),
        inputs=dict(inputs),
        records=records,
    )


def _inferred(
    agreement: Agreement, parties: Sequence[Party], listings: Sequence[Listing], closed: frozenset[str]
) -> tuple[Listing, ...]:
    """What the firms of both sides can be expected to need and offer, as far as the policy lets it be inferred."""
    policy = inference_policy()
    sides, weights = {side.code for side in agreement.sides}, _weights(parties, listings)
    firms = {
        party.id: party
        for party in parties
        if party.kind == "firm"
        and party.id not in closed
        and party.region in sides
        and party.products
        and "products" not in party.inferred
    }
    known = {key for key in firms if weights[key] >= float(policy["least_weight"])}
    chains = taxonomies.chains(agreement.fields) if agreement.fields else ()
    rules = data.evidence_rules()
    directory = Directory([*firms.values()], chain_headings(chains), rules, weights)
    first: set[str] = set()
    never = {side: {*policy["through_suppliers"]} for side in sides}
    for heading in directory.headings:
        own = {side: directory.at(heading.key, side) for side in sides}
        for rows in own.values():
            offered = [row for row in rows if row.code == "agrees" and not _is_particular(row.phrase, policy)]
            first.update(row.party for row in _in_turn(heading, offered)[: int(policy["per_stage"])])
        # Nobody is taken to fetch from afar what its own side has more of.
        share = {side: len(rows) / max(directory.total(side), 1) for side, rows in own.items()}
        for side in sides:
            if share[side] >= max((part for other, part in share.items() if other != side), default=0.0):
                never[side].add(".".join(heading.key))
    return implied_listings(
        [firms[key] for key in sorted(known | first)],
        chains,
        rules=rules,
        offering_only=first - known,
        kind=str(policy["kind"]),
        kinds=policy.get("kinds", {}),
        never_needed=never,
        particular=policy["particular"],
    )


def _in_turn(heading: Heading, rows: Sequence[Standing]) -> list[Standing]:
    """The makers of each product of a heading in turn, so that one product does not fill the list."""
    words = sorted(heading.products, key=len, reverse=True)
    made: dict[str, list[Standing]] = {}
    for row in rows:
        made.setdefault(next((word for word in words if word in row.phrase), row.phrase), []).append(row)
    return [row for turn in zip_longest(*made.values()) for row in turn if row is not None]


def _is_particular(phrase: str, policy: Mapping[str, Any]) -> bool:
    return any(word in phrase for word in policy["particular"])


def _weights(parties: Iterable[Party], listings: Iterable[Listing]) -> Mapping[str, float]:
    reported = Counter(one.party for one in listings if one.basis == "published")
    return {party.id: _weight(party, reported[party.id]) for party in parties}


def _weight(party: Party, n_reported: int) -> float:
    """Above 0 for an organisation that is more than an entry of a register; 0–6."""
    is_register = host_of(party.source.url)[1] == "data" if party.source.url else False
    return 2 * min(len(party.honours), 1) + min(n_reported, 2) + (not is_register) + party.source.is_linked


def inference_policy() -> Mapping[str, Any]:
    """Whose needs and offers may be inferred, and who is put together by them."""
    found: Mapping[str, Any] = data.read(data.root() / "policies" / "implied.yaml", "implied")
    return found


def _files(*folders: Path) -> list[Path]:
    return sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})


def _hashes(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files, by their names inside the shelf of agreements."""
    return {str(path.relative_to(path.parents[1])): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
