"""Which firms stand as evidence at a product: whole phrases, an industry code that agrees, firms apart from others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .people import Party
from .tables import ChainTemplate
from .tokens import normalize

__all__ = ["Directory", "EvidenceRules", "Heading", "Standing", "chain_headings"]

Key = tuple[str, str]
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
# Services are sold under their own headings: a maker of chips that also tests is no test house.
_FIRST_SERVICE = "43"
# A list that ends so was cut off before its verb: whether the firm makes, sells or serves the things is unknown.
_CUT = ("的", "的技术")


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """How phrases are read; without rules a phrase is a product only as it stands.

    `tails` follow a product and change nothing, `strangers` come before one and make it another thing, `forms` end the
    name of a firm, `trades` may stand before them; a firm with one of `others` in its name, or with a
    phrase that ends in one of `sales`, makes nothing.
    """

    tails: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sales: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A thing that can be made or done: its words, its industry codes, and the divisions of its chain (`kin`)."""

    key: Key
    products: tuple[str, ...]
    industries: tuple[str, ...] = ()
    kin: tuple[str, ...] = ()

    @property
    def is_service(self) -> bool:
        return bool(self.industries) and all(code[:2] >= _FIRST_SERVICE for code in self.industries)


@dataclass(frozen=True, slots=True)
class Standing:
    """A firm at a heading: the phrase it rests on, whether it is the heading's own word, and what its code says.

    `is_stated` is False where the phrase was inferred by whoever compiled the table.
    """

    party: str
    phrase: str
    is_whole: bool
    code: str
    """``agrees``, ``kin`` (a maker in another division of the same chain) or ``unknown``."""
    is_stated: bool = True


@dataclass(frozen=True, eq=False)
class Directory:
    """Who stands where among some headings, best evidence first.

    Parameters
    ----------
    parties
        Of any kind and region; only firms stand.
    headings
        Things that can be made or done. A phrase stands for the longest of all their words that ends it, so that
        headings that could be mistaken for one another belong into one directory.
    weights
        How well a firm is known to the public, by id; absent ones count 0.
    """

    parties: Sequence[Party]
    headings: Sequence[Heading]
    rules: EvidenceRules = field(default_factory=EvidenceRules)
    weights: Mapping[str, float] = field(default_factory=dict)

    def at(self, key: Key, region: str) -> tuple[Standing, ...]:
        """The firms of a region at a heading: known to the public first, then best evidence, then oldest."""
        return self._found.get((key, region), ())

    def total(self, region: str) -> int:
        """How many firms of a region stand anywhere by what they state; what is inferred depends on who looked."""
        return self._totals.get(region, 0)

    @cached_property
    def _totals(self) -> Mapping[str, int]:
        found: dict[str, set[str]] = defaultdict(set)
        for (_, region), rows in self._found.items():
            found[region].update(row.party for row in rows if row.is_stated)
        return {region: len(parties) for region, parties in found.items()}

    def regions_of(self, key: Key) -> Mapping[str, tuple[Standing, ...]]:
        """All regions with a firm at a heading."""
        return {region: found for (own, region), found in self._found.items() if own == key}

    @cached_property
    def _found(self) -> Mapping[tuple[Key, str], tuple[Standing, ...]]:
        known = {party.id: party for party in self.parties}
        found: dict[tuple[Key, str], list[Standing]] = defaultdict(list)
        for party in self.parties:
            if party.kind == "firm":
                for heading, standing in self.standings(party).items():
                    found[heading, party.region].append(standing)
        return {
            place: tuple(sorted(rows, key=lambda row: self._rank(known[row.party], row)))
            for place, rows in found.items()
        }

    def _rank(self, party: Party, row: Standing) -> tuple[object, ...]:
        codes = ("agrees", "kin", "unknown")
        return (
            not row.is_stated,
            -self.weights.get(party.id, 0.0),
            not row.is_whole,
            codes.index(row.code),
            party.registered_on or "9",
            party.id,
        )

    def named(self, phrase: str) -> tuple[Key, ...]:
        """The headings a phrase names by the word it ends with; none where it ends with no known word."""
        return tuple(heading.key for heading in self._by_form.get(self._form(normalize(phrase)), ()))

    def standings(self, party: Party) -> Mapping[Key, Standing]:
        """Every heading a firm stands at, with the first phrase that says so; empty where nothing does."""
        found: dict[Key, Standing] = {}
        is_cut = any(phrase.endswith(_CUT) for phrase in party.products)
        named = {heading.key for heading in self._by_form.get(self._named(party), ())}
        before: list[set[str]] = []
        for phrase in party.products:
            form = self._form(normalize(phrase))
            headings = self._by_form.get(form, ())
            for heading in headings:
                row = Standing(
                    party.id,
                    phrase,
                    normalize(phrase) == form,
                    self._agreement(party.industry, heading),
                    "products" not in party.inferred,
                )
                # A name that says "footwear" outweighs a side line next door; so do other trades that are listed first.
                is_far = len(before) > 1 and any(heading.key[0] not in chains for chains in before)
                is_side = row.code == "kin" and (is_far or bool(named)) and heading.key not in named
                if not is_side and not self._is_other(party, heading) and _is_evidence(row, is_cut=is_cut):
                    found.setdefault(heading.key, row)
            before.append({heading.key[0] for heading in headings})
        return found or self._by_name(party) or self._by_code(party)

    def _by_name(self, party: Party) -> Mapping[Key, Standing]:
        """What the name says, where nothing else does and the code says the same."""
        return {
            heading.key: Standing(party.id, party.name, False, "agrees")
            for heading in self._by_form.get(self._named(party), ())
            if not party.products
            and not self._is_other(party, heading)
            and self._agreement(party.industry, heading) == "agrees"
        }

    def _is_other(self, party: Party, heading: Heading) -> bool:
        """Whether a firm says that it sells or manages, where something made is asked for."""
        if heading.is_service:
            return False
        sells = any(phrase.endswith(self.rules.sales or ("\0",)) for phrase in party.products)
        return sells or any(word in party.name for word in self.rules.others)

    def _by_code(self, party: Party) -> Mapping[Key, Standing]:
        """What the code says, of headings that have no word of their own."""
        return {
            heading.key: Standing(party.id, "", False, "agrees")
            for heading in self.headings
            if not heading.products and party.industry and self._agreement(party.industry, heading) == "agrees"
        }

    def _agreement(self, code: str, heading: Heading) -> str:
        """Whether an industry code may stand at a heading: ``agrees``, ``kin``, ``unknown``, or empty for no."""
        if not code:
            return "" if heading.is_service else "unknown"
        n = _matched(code, heading)
        if n:
            # A dyer of cloth is coded inside the weavers' division: the nearest heading of the chain has it.
            siblings = self._by_chain[heading.key[0]]
            nearest = max(_matched(code, one) for one in siblings)
            return "agrees" if n == nearest or n >= len(code) else "kin"
        if not heading.industries:
            return "unknown"
        is_kin = not heading.is_service and code[:2] < _FIRST_SERVICE and code[:2] in heading.kin
        return "kin" if is_kin else ""

    @cached_property
    def _by_chain(self) -> Mapping[str, Sequence[Heading]]:
        found: dict[str, list[Heading]] = defaultdict(list)
        for heading in self.headings:
            found[heading.key[0]].append(heading)
        return found

    def _named(self, party: Party) -> str:
        """The thing a firm's name ends with; empty where it names none."""
        return self._form(self._activity(normalize(party.name)))

    def _activity(self, name: str) -> str:
        """A firm's name without legal form: its end says what it does; empty where the form is missing."""
        bare = next((name[: -len(form)] for form in self.rules.forms if name.endswith(form)), "")
        return _without(bare, self.rules.trades)

    def _form(self, phrase: str) -> str:
        """The longest known word that ends a phrase; empty where none does or the phrase means another thing."""
        bare = _without(_BRACKETS.sub("", phrase).strip(), self.rules.tails)
        if bare.startswith(self.rules.strangers or ("\0",)):
            return ""
        ends = (bare[at:] for at in range(max(0, len(bare) - self._longest), len(bare)))
        return next((end for end in ends if end in self._by_form), "")

    @cached_property
    def _by_form(self) -> Mapping[str, tuple[Heading, ...]]:
        found: dict[str, list[Heading]] = defaultdict(list)
        for heading in self.headings:
            for word in dict.fromkeys(normalize(one) for one in heading.products):
                found[word].append(heading)
        return {word: tuple(headings) for word, headings in found.items()}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._by_form), default=0)


def _matched(code: str, heading: Heading) -> int:
    """How many digits of a code one of a heading's own codes shares, one beginning with the other; 0 for none."""
    return max(
        (min(len(code), len(own)) for own in heading.industries if code.startswith(own) or own.startswith(code)),
        default=0,
    )


def _is_evidence(row: Standing, *, is_cut: bool) -> bool:
    """A code that agrees always is; a maker next door where its list is whole; an unknown code with the very word."""
    return row.code == "agrees" or (row.code == "kin" and not is_cut) or (row.code == "unknown" and row.is_whole)


def _without(text: str, tails: Iterable[str]) -> str:
    """A text without the tails it ends with; never an empty one."""
    longest_first = sorted(tails, key=len, reverse=True)
    while tail := next((one for one in longest_first if text.endswith(one) and len(text) > len(one)), ""):
        text = text[: -len(tail)]
    return text


def chain_headings(chains: Sequence[ChainTemplate]) -> tuple[Heading, ...]:
    """The stages of some chains; kin are the divisions of stages within two links, where firms often integrate.

    Equipment is no such link: who uses a machine does not make it.
    """
    return tuple(
        Heading(
            (chain.key, stage.key),
            tuple(stage.products),
            tuple(stage.industries),
            () if stage.is_strict else _kin(chain, stage.key),
        )
        for chain in chains
        for stage in chain.stages
    )


def _kin(chain: ChainTemplate, stage: str) -> tuple[str, ...]:
    joined: dict[str, set[str]] = defaultdict(set)
    for link in chain.links:
        if link.flow == "capital":
            continue
        joined[link.supplier].add(link.buyer)
        joined[link.buyer].add(link.supplier)
    once = {stage} | joined[stage]
    near = once.union(*(joined[key] for key in once))
    codes = {code[:2] for one in chain.stages if one.key in near for code in one.industries}
    return tuple(sorted(code for code in codes if code < _FIRST_SERVICE))
