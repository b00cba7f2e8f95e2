"""Results as reasons: codes and values whose sentences stand in the words files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from duijie.data import root, table
from duijie.terms import Reason

from .kinds import Field, Term
from .readers import is_inferred
from .rules import Checks, Relaxation, RuleSet
from .scoring import Scorer, Scores
from .text import met_words

__all__ = ["Explainer", "gathered"]


# unknown for want of tables or texts, which nobody can state in a listing
_BY_CODE = {"industry", "relatedness", "input_output"}
_OF_THE_WORLD = {"activity", "relatedness", "input_output"}
# the rule that need and offer stand on two sides: nobody is advised to give up what the agreement is for
_OWN_SIDE = "side"


@dataclass(frozen=True, eq=False)
class Explainer:
    """Speaks for one kind over two pools."""

    scorer: Scorer
    rules: RuleSet

    def over(self, scorer: Scorer, rules: RuleSet) -> Explainer:
        """The same sentences for other needs."""
        return replace(self, scorer=scorer, rules=rules)

    def pairs(self, need: int, scores: Scores, prices: Sequence[float] = ()) -> tuple[tuple[Reason, ...], ...]:
        """Every reason for and against a need and each of some offers; the weights of the terms' sum to the score.

        For before against, heavier first; rules passed narrowly, inferred records and demand carry weight 0.
        """
        checks, shares = self.rules.checks(need, scores.offers), self.shares(scores)
        parts = scores.parts.T.tolist()
        prices = prices or [0.0] * len(parts)
        return tuple(
            (*self._terms(need, offer, parts[at], shares[at]), *self._warnings(need, offer, checks, at, prices[at]))
            for at, offer in enumerate(scores.offers.tolist())
        )

    def shares(self, scores: Scores) -> list[list[float]]:
        """Each term's share of the score of each offer; they sum to the total."""
        terms, parts = self.scorer.kind.terms, scores.parts.T
        known = np.where(np.isnan(parts), [term.unknown for term in terms], parts)
        shares: list[list[float]] = (known * [term.weight for term in terms]).tolist()
        return shares

    def _terms(self, need: int, offer: int, parts: Sequence[float], shares: Sequence[float]) -> list[Reason]:
        terms = zip(self.scorer.kind.terms, parts, shares, strict=True)
        spoken = [self._term(term, part, share, need, offer) for term, part, share in terms]
        spoken.sort(key=lambda reason: (not reason.is_for, -reason.weight))
        return spoken

    def _term(self, term: Term, part: float, share: float, need: int, offer: int) -> Reason:
        values: dict[str, Any] = {"term": term.label.to_dict(), "value": None if math.isnan(part) else round(part, 4)}
        values["most"] = round(term.weight, 4)
        if math.isnan(part):
            return Reason(self._unknown(term), values, share, is_for=False)
        values |= self._details(term, need, offer)
        if "–" in (values.get("need"), values.get("offer")) and term.measure in _BY_CODE:
            return Reason("match_unknown_code", values, share, is_for=False)
        is_for = part > 0 and part >= term.good_from and values.get("words") != "–"
        if values.get("words") == "–":
            return Reason("match_no_words", values, share, is_for=False)
        if not is_for and term.measure == "industry" and values["need"] == values["offer"]:
            return Reason("match_against_industry_wide", values, share, is_for)
        if is_for and term.measure == "chain" and values["supplier"] == values["buyer"]:
            return Reason("match_for_chain_same", values, share, is_for)
        if is_for and values.get("why"):
            return Reason("match_for_chain_why", values, share, is_for)
        code = f"match_for_{term.measure}" if is_for else f"match_against_{term.measure}"
        return Reason(code, values, share, is_for)

    def _unknown(self, term: Term) -> str:
        """Why nothing is known: the field opens later, or nobody said it; an industry is its owner's code."""
        if term.measure in _BY_CODE:
            return "match_unknown_code"
        is_later = self._opens_later(term.need or (), term.offer or ())
        return "match_later" if is_later else "match_unknown"

    def _opens_later(self, need: Sequence[str], offer: Sequence[str]) -> bool:
        """Whether one of some fields is closed to the other side until both have accepted."""
        fields = self.scorer.kind.fields
        named = [one for one in fields("need") if one.key in need] + [
            one for one in fields("offer") if one.key in offer
        ]
        return any(one.disclosure != "public" for one in named)

    def _details(self, term: Term, need: int, offer: int) -> dict[str, Any]:
        needs, offers = self.scorer.needs, self.scorer.offers
        if term.measure == "text":
            met = met_words(needs.words(need, term.need), offers.words(offer, term.offer))
            return {"words": list(met) or "–"}
        if term.measure in ("industry", "relatedness", "input_output"):
            return _industries_told(needs.value(need, "industry"), offers.value(offer, "industry"))
        if term.measure == "chain":
            return self._chain(term, need, offer)
        if term.need and term.offer:
            ours, theirs = needs.value(need, term.need[0]), offers.value(offer, term.offer[0])
            fields = self.scorer.kind.fields
            return {
                "need": _shown(ours, term.need[0], fields("need")),
                "offer": _shown(theirs, term.offer[0], fields("offer")),
            }
        return {}

    def _chain(self, term: Term, need: int, offer: int) -> dict[str, Any]:
        book = self.scorer.stages
        ours, theirs = self.scorer.standing("need", need), self.scorer.standing("offer", offer)
        link = book.link(ours, theirs, term.direction)
        if link is None:
            met = sorted((ours.named | ours.own) & (theirs.own | theirs.named))
            link = (met[0], met[0]) if met else None
        if link is None:
            return {"supplier": "–", "buyer": "–"}
        ends = {"supplier": dict(book.stages[link[0]].name), "buyer": dict(book.stages[link[1]].name)}
        return {**ends, "why": dict(book.links.get(link, {}))}

    def _warnings(self, need: int, offer: int, checks: Checks, at: int, price: float) -> Iterator[Reason]:
        for rule, margin in zip(self.rules.rules, checks.margins[:, at].tolist(), strict=True):
            # a failed rule has a margin below 0
            if 0 <= margin < rule.near_share:
                values = {"rule": rule.label.to_dict(), "margin": round(margin, 4)}
                yield Reason("match_near", values, is_for=False)
        states = zip(self.rules.rules, checks.states[:, at].tolist(), strict=True)
        unknown = [rule for rule, state in states if state < 0]
        later = [rule for rule in unknown if self._opens_later([rule.need], [rule.offer])]
        for code, rules in (
            ("match_rules_later", later),
            ("match_rules_unknown", [one for one in unknown if one not in later]),
        ):
            if rules:
                yield Reason(code, {"rules": [rule.label.to_dict() for rule in rules]}, is_for=False)
        for pool, place, code in (
            (self.scorer.needs, need, "match_need_inferred"),
            (self.scorer.offers, offer, "match_offer_inferred"),
        ):
            if is_inferred(pool.listings[place].id, {"basis": pool.listings[place].basis}):
                yield Reason(code, {}, is_for=False)
        if price >= 0.02:
            yield Reason("match_in_demand", {"price": round(price, 4)}, is_for=False)

    def raising(self, scores: Scores) -> tuple[Reason, ...]:
        """What would raise the score of the first pair, the largest gain first: a value to state, or one to better."""
        parts, shares = scores.parts[:, 0].tolist(), self.shares(scores)[0]
        gains = [
            Reason(
                "match_raise_unknown" if math.isnan(part) else "match_raise",
                {"term": term.label.to_dict(), "gain": round(term.weight - share, 2)},
                term.weight - share,
            )
            for term, part, share in zip(self.scorer.kind.terms, parts, shares, strict=True)
            if term.weight - share > 1e-9 and not (math.isnan(part) and term.measure in _OF_THE_WORLD)
        ]
        return tuple(sorted(gains, key=lambda reason: -reason.weight))

    def failures(self, need: int, offer: int) -> tuple[Reason, ...]:
        """The rules one pair breaks."""
        labels = {rule.key: rule.label.to_dict() for rule in self.rules.rules}
        return tuple(
            _failure(labels[v.rule], _share(v.margin)) for v in self.rules.verdicts(need, offer) if not v.is_passed
        )

    def relaxation(self, need: int, found: Relaxation | None) -> Reason | None:
        """The smallest relaxation of a need's rules as a reason; None where none was found."""
        if found is None:
            return None
        if found.rules == (_OWN_SIDE,):
            return Reason("match_only_own_side", {"keys": [_OWN_SIDE], "n": found.n_gained})
        labels = {rule.key: rule.label.to_dict() for rule in self.rules.rules}
        values = {
            "rules": [labels[key] for key in found.rules],
            "keys": list(found.rules),
            "offer": self.rules.offers.listings[found.offer].id,
            "n": found.n_gained,
            "shortfall": _share(found.shortfall_share),
        }
        return Reason("match_relax_by" if found.shortfall_share else "match_relax", values)


_GATHERED = {"match_later": "match_later_terms", "match_unknown": "match_unknown_terms"}
"""Reasons that differ in nothing but their term, and the one that says all of them."""


def gathered(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The reasons as they are told: terms that one side or both say nothing about, or that open later, come last."""
    told = [one for one in reasons if one.code not in _GATHERED]
    for code, together in _GATHERED.items():
        if of := [one for one in reasons if one.code == code]:
            values = {"terms": [one.values["term"] for one in of]}
            told.append(Reason(together, values, sum(one.weight for one in of), is_for=False))
    return tuple(told)


def _failure(rule: Mapping[str, str], margin: float | None) -> Reason:
    code = "match_rule_failed" if margin is None else "match_rule_failed_by"
    return Reason(code, {"rule": rule, "margin": margin}, is_for=False)


@cache
def _industries() -> dict[str, dict[str, str]]:
    rows = table(root() / "taxonomies" / "gbt4754_2017.csv")
    return {row["code"]: {"zh": row["name_zh"], "en": row["name_en"] or row["name_zh"]} for row in rows}


def _industry(code: Any) -> Any:
    """The name of an industry, or the code itself where it has none."""
    return _industries().get(str(code), str(code or "–"))


def _industries_told(need: Any, offer: Any) -> dict[str, Any]:
    """Two industries by name; two of one name, a class and a part of it, by their codes as well."""
    names = {"need": _industry(need), "offer": _industry(offer)}
    if need == offer or names["need"] != names["offer"]:
        return names
    codes = {"need": need, "offer": offer}
    return {
        end: {language: f"{text} {codes[end]}" for language, text in name.items()} if isinstance(name, dict) else name
        for end, name in names.items()
    }


def _shown(value: Any, name: str, fields: Sequence[Field]) -> Any:
    """A value as people write it: the word of a choice, numbers without needless places."""
    words = next((one.vocabulary for one in fields if one.key == name), {})
    if isinstance(value, tuple):
        return [_shown(one, name, fields) for one in value]
    if isinstance(value, float):
        return f"{value:,.10g}"
    return "–" if value is None else words[value].to_dict() if value in words else value


def _share(margin: float) -> float | None:
    return None if math.isnan(margin) or math.isinf(margin) else round(abs(margin), 4)
