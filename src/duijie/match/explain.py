"""Results as reasons: codes and values whose sentences stand in the words files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from duijie.terms import Reason

from .kinds import Term
from .rules import Relaxation, RuleSet
from .scoring import Scorer, Scores
from .text import shared_words

__all__ = ["Explainer"]


@dataclass(frozen=True, eq=False)
class Explainer:
    """Speaks for one kind over two pools."""

    scorer: Scorer
    rules: RuleSet

    def pair(self, need: int, offer: int, scores: Scores, price: float = 0.0) -> tuple[Reason, ...]:
        """Every reason for and against one pair; the weights of the terms' reasons sum to the score.

        For before against, heavier first; rules passed narrowly, inferred records and demand carry weight 0.
        """
        at = np.array([offer])
        parts, shares = scores.parts(at)[:, 0], scores.contributions(at)[:, 0]
        terms = zip(self.scorer.kind.terms, parts, shares, strict=True)
        spoken = [self._term(term, float(part), float(share), need, offer) for term, part, share in terms]
        spoken.sort(key=lambda reason: (not reason.is_for, -reason.weight))
        return (*spoken, *self._warnings(need, offer, price))

    def _term(self, term: Term, part: float, share: float, need: int, offer: int) -> Reason:
        values: dict[str, Any] = {"term": term.label.to_dict(), "value": None if math.isnan(part) else round(part, 4)}
        values["most"] = round(term.weight, 4)
        if math.isnan(part):
            return Reason("match_unknown", values, share, is_for=False)
        values |= self._details(term, need, offer)
        is_for = part > 0 and part >= term.good_from
        code = f"match_for_{term.measure}" if is_for else f"match_against_{term.measure}"
        return Reason(code, values, share, is_for)

    def _details(self, term: Term, need: int, offer: int) -> dict[str, Any]:
        needs, offers = self.scorer.needs, self.scorer.offers
        if term.measure == "text":
            ours = "\n".join(_strings(needs.value(need, name) for name in term.need))
            theirs = "\n".join(_strings(offers.value(offer, name) for name in term.offer))
            return {"words": list(shared_words(ours, theirs)) or "–"}
        if term.measure in ("industry", "relatedness", "input_output"):
            return {"need": needs.value(need, "industry") or "", "offer": offers.value(offer, "industry") or ""}
        if term.measure == "chain":
            return self._chain(term, need, offer)
        if term.need and term.offer:
            ours, theirs = needs.value(need, term.need[0]), offers.value(offer, term.offer[0])
            return {"need": _shown(ours), "offer": _shown(theirs)}
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
        return {"supplier": dict(book.stages[link[0]].name), "buyer": dict(book.stages[link[1]].name)}

    def _warnings(self, need: int, offer: int, price: float) -> Iterator[Reason]:
        labels = {rule.key: rule for rule in self.rules.rules}
        verdicts = self.rules.verdicts(need, offer)
        for verdict in verdicts:
            rule = labels[verdict.rule]
            if verdict.is_passed and 0 <= verdict.margin < rule.near_share:
                yield Reason(
                    "match_near", {"rule": rule.label.to_dict(), "margin": round(verdict.margin, 4)}, is_for=False
                )
        if unknown := [labels[verdict.rule].label.to_dict() for verdict in verdicts if not verdict.is_known]:
            yield Reason("match_rules_unknown", {"rules": unknown}, is_for=False)
        for pool, at, code in (
            (self.scorer.needs, need, "match_need_inferred"),
            (self.scorer.offers, offer, "match_offer_inferred"),
        ):
            if pool.listings[at].basis != "published":
                yield Reason(code, {}, is_for=False)
        if price >= 0.02:
            yield Reason("match_in_demand", {"price": round(price, 4)}, is_for=False)

    def raising(self, need: int, offer: int, scores: Scores) -> tuple[Reason, ...]:
        """What would raise the score of a pair, the largest gain first: a value to state, or a term to better."""
        at = np.array([offer])
        parts, shares = scores.parts(at)[:, 0], scores.contributions(at)[:, 0]
        gains = [
            Reason(
                "match_raise_unknown" if math.isnan(part) else "match_raise",
                {"term": term.label.to_dict(), "gain": round(term.weight - float(share), 4)},
                term.weight - float(share),
            )
            for term, part, share in zip(self.scorer.kind.terms, parts, shares, strict=True)
            if term.weight - share > 1e-9
        ]
        return tuple(sorted(gains, key=lambda reason: -reason.weight))

    def failures(self, need: int, offer: int) -> tuple[Reason, ...]:
        """The rules one pair breaks."""
        labels = {rule.key: rule.label.to_dict() for rule in self.rules.rules}
        return tuple(
            Reason("match_rule_failed", {"rule": labels[v.rule], "margin": _share(v.margin)}, is_for=False)
            for v in self.rules.verdicts(need, offer)
            if not v.is_passed
        )

    def relaxation(self, need: int, found: Relaxation | None) -> Reason | None:
        """The smallest relaxation of a need's rules as a reason; None where none was found."""
        if found is None:
            return None
        labels = {rule.key: rule.label.to_dict() for rule in self.rules.rules}
        values = {
            "rules": [labels[key] for key in found.rules],
            "keys": list(found.rules),
            "offer": self.rules.offers.listings[found.offer].id,
            "n": found.n_gained,
            "shortfall": _share(found.shortfall_share),
        }
        return Reason("match_relax_by" if found.shortfall_share else "match_relax", values)


def _strings(values: Any) -> Iterator[str]:
    for value in values:
        if value is not None:
            yield " ".join(value) if isinstance(value, tuple) else str(value)


def _shown(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else "–" if value is None else value


def _share(margin: float) -> float | None:
    return None if math.isnan(margin) or math.isinf(margin) else round(abs(margin), 4)
