"""What candidates are made from: who stands where, what was published, what is bought from whom, who would begin."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from duijie import data
from duijie.agenda.material import REFERENCE, Material, inference_policy
from duijie.diagnose.inputs import firm_of, longest_head, stage_directory, word_directory
from duijie.intake import taxonomies
from duijie.intake.entities import core_name
from duijie.match.stages import StageBook
from duijie.terms import Directory, Listing, Party, Reason, Source, Standing

from .crowding import Crowding, crowding
from .terms import End, Kind, Step

__all__ = ["Evidence"]

Say = Mapping[str, str]
_PLACE = re.compile(r".+?[省市州区县旗]")


@dataclass(frozen=True, eq=False)
class Evidence:
    """The material of an agreement as candidates ask for it."""

    material: Material
    as_of: date
    policy: Mapping[str, Any]
    stages: Directory
    words: Directory

    @classmethod
    def of(cls, material: Material, *, as_of: date, policy: Mapping[str, Any]) -> Evidence:
        """Look every firm up once."""
        rules, weights, parties = data.evidence_rules(), material.weights, material.active
        return cls(
            material,
            as_of,
            policy,
            stage_directory(parties, material.chains, rules, weights),
            word_directory(parties, taxonomies.vocabulary(), material.chains, rules, weights),
        )

    @property
    def regions(self) -> tuple[str, str]:
        first, second = self.material.agreement.sides[:2]
        return first.code, second.code

    @cached_property
    def known(self) -> Mapping[str, Party]:
        return {party.id: party for party in self.material.parties}

    @cached_property
    def weights(self) -> Mapping[str, float]:
        return self.material.weights

    @cached_property
    def particular(self) -> tuple[str, ...]:
        """Words of goods that only some makers of a stage use."""
        return tuple(inference_policy()["particular"])

    def say(self, code: str) -> Say:
        """A region's or industry's name in both languages."""
        side = next((one for one in self.material.agreement.sides if one.code == code), None)
        name = (side.short or side.name) if side else self.material.names.get(code)
        return {"zh": name["zh"], "en": name["en"]} if name else {"zh": code, "en": code}

    # ---- who stands where

    def end(
        self,
        region: str,
        role: str,
        what: Sequence[Say],
        found: Sequence[Standing],
        others: Sequence[Mapping[str, Any]] = (),
        stage: tuple[str, str] | None = None,
    ) -> End:
        """An end with firms on evidence, all or some of those at a `stage`, and who published a need or an offer."""
        stated = [row for row in found if row.is_stated]
        named = [row for row in stated if self.known[row.party].source.publisher]
        return End(
            region,
            role,
            tuple(what),
            len(stated),
            tuple(firm_of(self.known[row.party], row) for row in self._houses(stated)[: self.policy["n_firms"]]),
            tuple(others),
            bool(named) or any(one["is_published"] for one in others),
            sum(row.is_stated for row in self.stages.at(stage, region)) if stage else 0,
        )

    def _houses(self, rows: Sequence[Standing]) -> list[Standing]:
        """The firms of a list without those that belong to a house named before: a group and its company, once."""
        found: dict[str, Standing] = {}
        for row in rows:
            name = self._house(row.party)
            if not any(name.startswith(one) or one.startswith(name) for one in found):
                found[name] = row
        return list(found.values())

    def _house(self, party: str) -> str:
        """What is a firm's own in its name, also where the sides are in no list of places."""
        name = self.known[party].name
        for place in self._places:
            name = name.removeprefix(place)
        return core_name(name) or name

    @cached_property
    def _places(self) -> tuple[str, ...]:
        """The names of the sides and of what their names begin with, with and without what they are, longest first."""
        names = [place for side in self.material.agreement.sides for place in _PLACE.findall(side.name.zh)]
        return tuple(sorted({*names, *(name[:-1] for name in names if len(name) > 2)}, key=len, reverse=True))

    def known_weight(self, end: End) -> float:
        """How well the named firms of an end are known, the mean of the first three, 0–6."""
        first = [self.weights.get(str(firm["id"]), 0.0) for firm in end.firms[:3]]
        return sum(first) / len(first) if first else 0.0

    # ---- what was published

    @cached_property
    def _spoken(self) -> Mapping[tuple[str, str], Mapping[tuple[str, str], tuple[Listing, ...]]]:
        """What organisations said themselves by role and side, and by the stage its words speak of."""
        found: dict[tuple[str, str], dict[tuple[str, str], tuple[Listing, ...]]] = {}
        for one in self.material.listings:
            if one.basis == "derived" or one.kind not in self.policy["listing_kinds"]:
                continue
            own = found.setdefault((one.role, one.side), {})
            # What stands before a colon says what sort of listing it is; details list what else the organisation makes.
            title = str(one.payload.get("title") or "").replace("：", ":").rpartition(":")[2]
            for key in self.book.ending(title):
                own[key] = (*own.get(key, ()), one)
        return found

    def published(self, role: str, side: str, key: tuple[str, str]) -> tuple[Listing, ...]:
        """The needs or offers that organisations of a side stated and that speak of a stage."""
        return self._spoken.get((role, side), {}).get(key, ())

    def asked(self, needs: Sequence[Listing], found: Sequence[Standing]) -> tuple[Listing, ...]:
        """The needs of those who stand somewhere: their own, and what an office or association asks for them."""
        there = {row.party for row in found}
        there |= {key for key, party in self.known.items() if party.kind in ("government", "association")}
        return tuple(one for one in needs if one.party in there)

    def told_once(self, listings: Sequence[Listing]) -> list[Mapping[str, Any]]:
        """Stated listings as an end shows them, what one organisation said twice once."""
        return list(
            {(one.party, str(one.payload.get("title"))): self.told(one) for one in reversed(listings)}.values()
        )[::-1]

    def told(self, listing: Listing) -> Mapping[str, Any]:
        """A stated listing as an end shows it."""
        party = self.known.get(listing.party)
        return {
            "id": listing.id,
            "party": listing.party,
            "name": party.name if party else "",
            "kind": party.kind if party else "",
            "title": listing.payload.get("title", ""),
            "source": listing.source.to_dict(),
            "is_published": bool(listing.source.publisher),
        }

    @cached_property
    def book(self) -> StageBook:
        """The stages of the agreement's chains, by words and industries."""
        return StageBook(self.material.chains)

    # ---- who has room

    @cached_property
    def crowding(self) -> Mapping[str, Crowding]:
        """How crowded each side is, as far as it was published."""
        return crowding(self.material.statistics, self.regions, self.policy["crowding"])

    # ---- what is bought from whom

    def share(self, supplier: Sequence[str], buyer: Sequence[str]) -> float | None:
        """The part of the buyer's inputs that comes from the supplier's sector: the largest of their industries'."""
        table, sector_of = self._detailed, taxonomies.sector_of(153)
        if table is None:
            return None
        at = {sector: place for place, sector in enumerate(table.sectors)}
        rows, columns = (
            {at[sector] for code in codes if (sector := longest_head(sector_of, code)) in at}
            for codes in (supplier, buyer)
        )
        bought = table.flows.sum(0)
        shares = [float(table.flows[r, c] / bought[c]) for r in rows for c in columns if r != c and bought[c] > 0]
        return max(shares, default=None)

    @property
    def table_source(self) -> Source:
        """Where shares of inputs come from."""
        return self._detailed.source if self._detailed else Source()

    @cached_property
    def _detailed(self) -> Any:
        return taxonomies.input_output(153).get(REFERENCE)

    # ---- who would begin

    def step(
        self, kind: Kind, order: Sequence[str], *, ends: Sequence[End] = (), match_kind: str = "", **subject: str
    ) -> Step | None:
        """The first step of a kind: who leads the clause it serves, or the subject's offices; None where none fits.

        `order` are the regions as the sentence names them; of the `ends` no more firms are asked than there are.
        `subject` may name a ``clause``, and the ``domain`` of the offices whose business the thing is.
        """
        wanted = (match_kind, *self.policy["match_kinds"].get(kind, ()))
        clauses = self.material.agreement.clauses
        fits = [one for one in clauses if one.key == subject.get("clause")] or [
            one for name in wanted if name for one in clauses if name in one.kinds
        ]
        offices = {one.key: one for one in self.material.agreement.departments}
        own = {one.side: one for one in offices.values() if one.domain.zh and one.domain.zh == subject.get("domain")}
        most = int(self.policy["n_asked"])
        asked = {end.region: min(end.n_firms or len(end.others), most) for end in ends}
        for one in fits:
            leads = {side: offices[keys[0]] for side, keys in one.lead.items() if keys and keys[0] in offices} | own
            if all(region in leads for region in order):
                departments = {region: leads[region].name.to_dict() for region in order}
                return Step(f"opportunity_step_{kind}", departments, self._month(), one.key, asked)
        return None

    def _month(self) -> str:
        months = self.as_of.year * 12 + self.as_of.month - 1 + int(self.policy["lead_months"])
        return f"{months // 12:04d}-{months % 12 + 1:02d}"

    # ---- doubts, of data, dates and fit alone

    def doubts(self, ends: Sequence[End]) -> tuple[Reason, ...]:
        """What a reader must know before relying on the named firms."""
        firms = [self.known[str(firm["id"])] for end in ends for firm in end.firms]
        found = [Reason("opportunity_doubt_unasked", is_for=False)]
        years = sorted(year for party in firms if (year := party.source.as_of[:4]).isdigit())
        if years:
            span = {"first": years[0], "last": years[-1]} if years[0] != years[-1] else {"year": years[0]}
            found.append(Reason(f"opportunity_doubt_{'dates' if 'first' in span else 'date'}", span, is_for=False))
        short = sum("name" in party.inferred for party in firms)
        if short:
            found.append(Reason("opportunity_doubt_short", {"n": short}, is_for=False))
        copied = sum(not party.source.publisher for party in firms)
        if copied:
            found.append(Reason("opportunity_doubt_copied", {"n": copied}, is_for=False))
        for end in ends:
            if 0 < end.n_firms < 5:
                values = {"region": self.say(end.region), "n": end.n_firms}
                found.append(Reason("opportunity_doubt_few", values, is_for=False))
        return tuple(found)

    def dated(self, source: Source) -> Reason:
        """Of when a single source speaks."""
        return Reason("opportunity_doubt_dated", {"year": source.as_of[:4]}, is_for=False)

    def size(self, ends: Sequence[End]) -> Reason:
        """How many firms on evidence stand at each end; of a stage in part also how many it has."""
        first, second = ends
        values = {
            "region_a": self.say(first.region),
            "n_a": first.n_firms,
            "region_b": self.say(second.region),
            "n_b": second.n_firms,
        }
        if all(end.n_firms == (end.n_all or end.n_firms) for end in ends):
            return Reason("opportunity_size", values)
        return Reason("opportunity_size_part", {**values, "all_a": first.n_all, "all_b": second.n_all})

    def score(self, ends: Sequence[End], **more: float) -> float:
        """The weighted sum that orders the list."""
        weights = self.policy["weights"]
        total = sum(
            weights["firms"] * math.log1p(min(end.n_firms, 50)) + weights["known"] * self.known_weight(end)
            for end in ends
        )
        return float(total + sum(weights[name] * value for name, value in more.items()))
