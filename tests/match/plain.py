"""A kind of match computed pair by pair, straight from the meaning of its rules and terms: slow, and no code shared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from duijie.match.kinds import Kind, Rule, Term
from duijie.terms import ChainTemplate, Listing, tokens


class Plain:
    """The pairs of some needs and offers that the rules leave, with their scores."""

    def __init__(
        self,
        kind: Kind,
        needs: Sequence[Listing],
        offers: Sequence[Listing],
        on: date,
        chains: Sequence[ChainTemplate] = (),
    ) -> None:
        self.kind, self.needs, self.offers, self.on, self.chains = kind, needs, offers, on, chains

    def ranked(self, need: Listing) -> list[tuple[float, str]]:
        """(score, offer id) of every allowed offer with enough content, best first, ties by id."""
        found = []
        for offer in self.offers:
            if all(self._passes(rule, need, offer) for rule in self.kind.rules):
                score, content = self._score(need, offer)
                if content >= self.kind.least_content:
                    found.append((score, offer.id))
        return sorted(found, key=lambda pair: (-round(pair[0], 6), pair[1]))

    def n_allowed(self, need: Listing) -> int:
        return sum(all(self._passes(rule, need, offer) for rule in self.kind.rules) for offer in self.offers)

    def _passes(self, rule: Rule, need: Listing, offer: Listing) -> bool:
        answer = _RULES[rule.test](_said(need, rule.need), _said(offer, rule.offer), need, offer, self.on.isoformat())
        return rule.when_unknown == "pass" if answer is None else answer

    def _score(self, need: Listing, offer: Listing) -> tuple[float, float]:
        total = content = 0.0
        for term in self.kind.terms:
            value = getattr(self, f"_{term.measure}")(term, need, offer)
            total += term.weight * (term.unknown if value is None else value)
            if term.measure in ("text", "industry", "chain", "overlap"):
                content += term.weight * (value or 0.0)
        return total, content

    def _text(self, term: Term, need: Listing, offer: Listing) -> float | None:
        everyone = [(one, term.offer) for one in self.offers] + [(one, term.need) for one in self.needs]
        met = Counter(gram for one, names in everyone for gram in set(_grams(one, names)))
        ours, theirs = Counter(_grams(need, term.need)), Counter(_grams(offer, term.offer))
        if not ours or not theirs:
            return None
        if term.analysis == "cosine":
            sides = [
                {
                    gram: (1 + math.log(n)) * (1 + math.log((1 + len(everyone)) / (1 + met[gram])))
                    for gram, n in one.items()
                }
                for one in (ours, theirs)
            ]
            dot = sum(weight * sides[1].get(gram, 0.0) for gram, weight in sides[0].items())
            return min(1.0, 2 * dot / math.prod(math.hypot(*one.values()) for one in sides))
        mean = sum(len(_grams(one, names)) for one, names in everyone) / len(everyone)
        length = 0.25 + 0.75 * theirs.total() / mean
        worth = {gram: n * (1 + math.log((1 + len(everyone)) / (1 + met[gram]))) ** 2 for gram, n in ours.items()}
        covered = sum(worth[gram] * 2.5 * theirs[gram] / (theirs[gram] + 1.5 * length) for gram in ours)
        return 1 - math.exp(-2 * covered / sum(worth.values()))

    def _industry(self, term: Term, need: Listing, offer: Listing) -> float | None:
        if not need.industry or not offer.industry:
            return None
        levels = [n for n in (2, 3, 4) if n <= min(len(need.industry), len(offer.industry))]
        same = [n for n in levels if need.industry[:n] == offer.industry[:n]]
        if same:
            return max(same) / 4
        return 0.25 if need.industry[0] == offer.industry[0] else 0.0

    def _number(self, term: Term, need: Listing, offer: Listing) -> float | None:
        one, two = _said(need, term.need[0]), _said(offer, term.offer[0])
        return None if one is None or two is None else min(one, two) / max(one, two)

    def _overlap(self, term: Term, need: Listing, offer: Listing) -> float | None:
        wanted, held = _said(need, term.need[0]), _said(offer, term.offer[0])
        return None if not wanted or not held else len({*wanted} & {*held}) / len({*wanted})

    def _chain(self, term: Term, need: Listing, offer: Listing) -> float | None:
        (chain,) = self.chains
        (own, named), (at, sells) = _standing(chain, need), _standing(chain, offer)
        theirs, ours = at | sells, own or named
        if not theirs or not ours:
            return None
        if named & theirs:
            return 1.0
        if term.direction == "named":
            return 0.0
        if any(link.supplier in theirs and link.buyer in ours for link in chain.links):
            return 0.8
        return 0.3 if own & theirs else 0.0

    def _place(self, term: Term, need: Listing, offer: Listing) -> float | None:
        return float(need.side[:2] == offer.side[:2]) if need.side and offer.side else None

    def _freshness(self, term: Term, need: Listing, offer: Listing) -> float | None:
        told = [text for one in (need, offer) if (text := one.source.as_of or one.valid_from)]
        # a record that only tells its year counts from December
        dates = [(int(text[:4]), int(text[5:7] or 12)) for text in told]
        ages = [max(0.0, self.on.year - year + (self.on.month - month) / 12) for year, month in dates]
        return float(0.5 ** (round(max(ages), 2) / term.limit)) if ages else None

    def _trust(self, term: Term, need: Listing, offer: Listing) -> float | None:
        return 0.5 if "derived" in (need.basis, offer.basis) else 1.0


def _said(listing: Listing, name: str) -> Any:
    value = listing.industry if name == "industry" else listing.payload.get(name)
    return None if value in ("", None, [], ()) else value


def _grams(listing: Listing, names: Sequence[str]) -> list[str]:
    values = [value for name in names if (value := _said(listing, name)) is not None]
    words = [word for value in values for word in (value if isinstance(value, list | tuple) else [value])]
    return list(tokens.character_ngrams(" ".join(words), (1, 2)))


def _standing(chain: ChainTemplate, listing: Listing) -> tuple[set[str], set[str]]:
    said = str(listing.payload.get("title") or "") + "|" + "|".join(listing.payload.get("products") or ())
    own = {one.key for one in chain.stages if any(listing.industry.startswith(code) for code in one.industries)}
    return own, {one.key for one in chain.stages if any(word in said for word in one.products)}


def _is_open(listing: Listing, today: str) -> bool:
    return (not listing.valid_from or listing.valid_from <= today) and (
        not listing.valid_until or listing.valid_until >= today
    )


def _known(test: Callable[[Any, Any], bool]) -> Callable[..., bool | None]:
    return lambda wanted, held, *_: None if wanted is None or held is None else test(wanted, held)


_RULES: Mapping[str, Callable[..., bool | None]] = {
    "crosses": lambda _, __, need, offer, ___: need.side != offer.side if need.side and offer.side else None,
    "other_party": lambda _, __, need, offer, ___: need.party != offer.party,
    "valid": lambda _, __, need, offer, today: _is_open(need, today) and _is_open(offer, today),
    "not_blocked": lambda _, __, need, offer, ___: (
        offer.party not in (need.payload.get("blocked") or ())
        and need.party not in (offer.payload.get("blocked") or ())
    ),
    "at_least": _known(lambda wanted, held: bool(held >= wanted)),
    "at_most": _known(lambda wanted, held: bool(held <= wanted)),
    "is_in": _known(lambda wanted, held: {*wanted} <= {*held}),
    "prefix": _known(lambda wanted, held: wanted.startswith(held) or held.startswith(wanted)),
}
