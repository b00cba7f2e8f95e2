"""Which firms stand as evidence at a product: whole phrases, an industry code that agrees, firms apart from others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
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
_CUT = ("的", "的技术", "以", "及", "与")
_BEGUN = ("用于",)
# A list of more things may be one of everything; a maker next door rarely works at more stages of a chain.
_FEW, _TRADES = 3, 2


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """How phrases are read; without rules a phrase is a product only as it stands.

    `tails` follow a product and change nothing, `strangers` come before one and make it another thing, `forms` end the
    name of a firm, `trades` may stand before them; a firm with one of `others` in its name, or with a
    phrase that ends in one of `sales`, makes nothing. `general` goods serve many trades; a phrase that ends in one of
    `shared` may hold the end of the phrase before it.
    """

    tails: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sales: tuple[str, ...] = ()
    general: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A thing that can be made or done: its words, its industry codes, and the divisions of its chain (`kin`).

    Where it `is_strict` only makers whose code is its own stand at it.
    """

    key: Key
    products: tuple[str, ...]
    industries: tuple[str, ...] = ()
    kin: tuple[str, ...] = ()
    is_strict: bool = False

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


@dataclass(frozen=True, slots=True)
class _Said:
    """What a firm's phrases and its name say: the known words they end with, and the headings of these."""

    forms: tuple[str, ...]
    headings: tuple[tuple[Heading, ...], ...]
    name: str
    named: frozenset[Key]


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
        said = self._read(party)
        for at, phrase in enumerate(party.products):
            for heading in said.headings[at]:
                row = Standing(
                    party.id,
                    phrase,
                    normalize(phrase) == said.forms[at],
                    self._agreement(party.industry, heading),
                    "products" not in party.inferred,
                )
                is_trade = row.code and self._is_trade(party, said, at, heading, row)
                if is_trade and not self._is_other(party, heading):
                    found.setdefault(heading.key, row)
        return found or self._by_name(party) or self._by_code(party)

    def _read(self, party: Party) -> _Said:
        forms = tuple(self._form(normalize(phrase)) for phrase in party.products)
        name = self._named(party)
        return _Said(
            forms,
            tuple(self._by_form.get(form, ()) for form in forms),
            name,
            frozenset(heading.key for heading in self._by_form.get(name, ())),
        )

    def _is_trade(self, party: Party, said: _Said, at: int, heading: Heading, row: Standing) -> bool:
        """Whether a phrase tells a firm's own trade: no side line, no item of a catalogue, no half of a phrase."""
        form, chain, chains = said.forms[at], heading.key[0], [{one.key[0] for one in own} for own in said.headings]
        # A mould may be for shoes or for phones: what else the firm makes says which.
        if form in self.rules.general and any(own and chain not in own for own in chains):
            return False
        if heading.key in said.named:
            return True
        if any(phrase.endswith(_CUT) or phrase.startswith(_BEGUN) for phrase in party.products):
            return False
        # What was inferred alike of many is the label of a list, not the product of a firm.
        if not row.is_stated and self._labels[row.phrase] > _FEW:
            return False
        # "leather garments" in a name: what stands before the thing made is what it is made of.
        if said.name and said.name != form and form + said.name in normalize(party.name):
            return False
        is_long = len(chains) > _FEW
        if row.code == "agrees":
            # The code may be inferred from the list: it cannot vouch for what the list has last.
            return at == 0 or any(chain in own for own in chains[:at]) or (at == 1 and not is_long)
        if row.code == "kin":
            # What a long list has after its first thing is hardly the trade of who is coded elsewhere.
            is_far = at > 0 and (is_long or (at > 1 and any(chain not in own for own in chains[:at])))
            is_alone = is_long and sum(chain in own for own in chains) == 1
            is_catalogue = len({one.key for own in said.headings for one in own if one.key[0] == chain}) > _TRADES
            return not (said.named or is_far or is_alone or is_catalogue or self._is_half(party, at))
        return row.is_whole and not self._is_half(party, at)

    @cached_property
    def _labels(self) -> Mapping[str, int]:
        """How many firms each phrase was inferred of."""
        return Counter(phrase for one in self.parties if "products" in one.inferred for phrase in one.products)

    def _is_half(self, party: Party, at: int) -> bool:
        """Whether the next phrase ends in a word that belongs to both: "chips, special materials for circuits"."""
        return at + 1 < len(party.products) and party.products[at + 1].endswith(self.rules.shared or ("\0",))

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
            return "" if heading.is_service or heading.is_strict else "unknown"
        n = _matched(code, heading)
        if n:
            # A dyer of cloth is coded inside the weavers' division: the nearest heading of the chain has it.
            siblings = self._by_chain[heading.key[0]]
            nearest = max(_matched(code, one) for one in siblings)
            is_own = n == nearest or n >= len(code)
            return "agrees" if is_own else "" if heading.is_strict else "kin"
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
            stage.is_strict,
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
