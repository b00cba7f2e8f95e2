"""A whole kind of match: its speed over two pools, one new need against a kept index, and what each term is worth."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import harness
from benchmarks.match.workloads import generated, registry_scopes
from duijie import match
from duijie.intake import taxonomies
from duijie.match import quality
from duijie.match.candidates import Pool
from duijie.match.floor import load_floor
from duijie.match.ranked import Ranked
from duijie.match.run import OfferIndex
from duijie.match.scoring import Circumstances, Scorer
from duijie.terms import Listing, Source, tokens

ON = date(2026, 6, 30)
KIND = match.load_kinds()["supply"]
STEPS = {"text": (0.1, 0.2, 0.35, 0.5, 0.65, 0.8), "products": (0, 0.05, 0.15, 0.3), "activity": (0, 0.05, 0.1, 0.2)}


def world() -> Circumstances:
    """All built-in chains and sectors."""
    return Circumstances(ON, tuple(taxonomies.chains()), taxonomies.sector_of())


def listings(n_needs: int, n_offers: int) -> tuple[list[Listing], list[Listing]]:
    """Needs and offers of supply: registry scopes (generated texts where absent), numbers, dates and codes drawn."""
    texts = registry_scopes(n_needs + n_offers) or generated(n_needs + n_offers, 4)
    draw = np.random.default_rng(3)
    found = [_listing("need" if at < n_needs else "offer", at, text, draw) for at, text in enumerate(texts)]
    return found[:n_needs], found[n_needs:]


def _listing(role: Any, at: int, text: str, draw: np.random.Generator) -> Listing:
    payload: dict[str, Any] = {"title": text[:12], "details": text, "products": list(tokens.phrases(text)[:3])}
    if draw.random() < 0.6:
        payload["quantity_month"] = float(draw.integers(1, 100) * 100)
    if draw.random() < 0.6:
        payload["price_most_cny" if role == "need" else "price_cny"] = float(draw.integers(1, 200))
    if draw.random() < 0.4:
        payload["certificates"] = ["ISO9001", "CE"][: 1 if role == "need" else 2]
    side, code = draw.choice(["110000", "220000"]), str(draw.integers(131, 440) * 10)
    source = Source(as_of=str(draw.integers(2020, 2027)))
    return Listing(f"{role}{at:07}", KIND.key, 1, role, str(side), f"p{at}", payload, industry=code, source=source)


def speed_cases() -> Iterator[harness.Case]:
    """All pairs of a kind with rules, scores, assignment and reasons; bars in wall seconds."""
    for n_needs, n_offers, bar in ((500, 2_500, 3), (5_000, 20_000, 120))[: 1 if harness.IS_QUICK else 2]:
        needs, offers = listings(n_needs, n_offers)
        around = world()
        _matched(needs[:5], offers[:50], around)
        cpu, wall = time.process_time(), time.perf_counter()
        found = _matched(needs, offers, around)
        spent, cpu = time.perf_counter() - wall, time.process_time() - cpu
        note = f"CPU {cpu:.2f} s; {found.n_pairs} pairs allowed, {len(found.matches)} kept with reasons"
        yield harness.Case(
            f"kind, {n_needs} × {n_offers}", "wall s", round(spent, 2), bar=f"<= {bar}", holds=spent <= bar, note=note
        )


def _matched(needs: Sequence[Listing], offers: Sequence[Listing], around: Circumstances) -> match.Matches:
    return match.kind(KIND, needs, offers, parties={}, on=ON, chains=around.chains, sector_of=around.sector_of)


def new_need_cases() -> Iterator[harness.Case]:
    """One need that was not there when the offers were indexed, with assignment and reasons."""
    needs, offers = listings(30, 2_500 if harness.IS_QUICK else 20_000)
    index, spent = OfferIndex.build(KIND, offers, parties={}, world=world()), []
    for need in needs:
        start = time.perf_counter()
        index.matches([need])
        spent.append((time.perf_counter() - start) * 1000)
    median = statistics.median(spent[5:])
    name = f"one new need of a kind, {len(offers)} offers, with reasons"
    yield harness.Case(name, "wall ms", round(median, 2), bar="<= 50", holds=median <= 50)


def change_cases() -> Iterator[harness.Case]:
    """One listing that is new, or goes, in a kind that was ranked: all that it changes, with reasons."""
    for n_needs, n_offers in ((50, 2_500),) if harness.IS_QUICK else ((1_000, 20_000), (20_000, 1_000)):
        needs, offers = listings(n_needs + 10, n_offers + 10)
        index = OfferIndex.build(KIND, offers[10:], parties={}, world=world(), needs=needs[10:], floor=load_floor())
        ranked, _ = Ranked.of(index)
        changes = [
            ("a new need", [([one], []) for one in needs[:10]]),
            ("a new offer", [([one], []) for one in offers[:10]]),
            ("an offer that goes", [([], [one.id]) for one in offers[10:20]]),
        ]
        for name, ones in changes:
            spent, n_reached = [], 0
            for new, gone in ones:
                start = time.perf_counter()
                ranked, renewed = ranked.changed(new, gone, parties={})
                spent.append(time.perf_counter() - start)
                n_reached += len(renewed.needs)
            worst = max(spent)
            note = f"median {statistics.median(spent):.3f} s; {n_reached / len(ones):g} needs ranked anew each"
            case = f"{name} in a ranked kind, {n_needs} needs, {n_offers} offers, worst of {len(ones)}"
            yield harness.Case(case, "wall s", round(worst, 3), bar="<= 1", holds=worst <= 1, note=note)


def term_cases(queries: Sequence[str], texts: Sequence[str]) -> Iterator[harness.Case]:
    """What each term adds, and weights chosen on one half of the queries, both told on the other half only.

    The right answer of query i is text i. Terms that these texts say nothing about take no part.
    """
    values, order = _values(queries, texts), np.random.default_rng(1).permutation(len(queries))
    chosen_on, told_on = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    weights = {term.key: term.weight for term in KIND.terms if term.key in values}
    whole = _summary(values, weights, told_on)
    yield _case("all terms, weights of the file", whole, whole)
    for key in weights:
        yield _case(f"without {key}", _summary(values, weights | {key: 0.0}, told_on), whole)
    picked = max(_grid(weights), key=lambda one: _summary(values, one, chosen_on, 1).figures["MRR"].value)
    yield _case(f"weights chosen on the other half: {picked}", _summary(values, picked, told_on), whole)


def _grid(weights: Mapping[str, float]) -> Iterator[dict[str, float]]:
    bounds = {term.key: (term.least, term.most) for term in KIND.terms}
    for steps in itertools.product(*STEPS.values()):
        found = dict(zip(STEPS, steps, strict=True))
        if all(bounds[key][0] <= value <= bounds[key][1] for key, value in found.items()):
            yield {**weights, **found}


def _values(queries: Sequence[str], texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """The value of each telling term for all pairs, shape (queries, texts)."""
    make = lambda role, all_texts: Pool.of(  # noqa: E731
        [
            Listing(f"{at:07}", KIND.key, 1, role, "", "", {"details": text, "products": list(tokens.phrases(text))})
            for at, text in enumerate(all_texts)
        ],
        {},
    )
    kind = replace(KIND, terms=tuple(term for term in KIND.terms if term.key in {*STEPS, "chain"}))
    scorer = Scorer.of(kind, make("need", queries), make("offer", texts), world())
    every = np.arange(len(texts))
    found = np.stack([scorer.score(at, every).parts for at in range(len(queries))], axis=1)
    unknown = np.array([term.unknown for term in kind.terms])[:, None, None]
    filled = np.where(np.isnan(found), unknown, found)
    return {term.key: filled[at] for at, term in enumerate(kind.terms)}


def _summary(
    values: Mapping[str, NDArray[np.float64]],
    weights: Mapping[str, float],
    queries: NDArray[np.int64],
    n_samples: int = 1000,
) -> quality.Quality:
    total = np.sum([weights[key] * table[queries] for key, table in values.items()], axis=0)
    own = total[np.arange(len(queries)), queries]
    return quality.summary("", (total >= own[:, None]).sum(axis=1), n_samples=n_samples)


def _case(name: str, found: quality.Quality, whole: quality.Quality) -> harness.Case:
    band, change = found.figures["MRR"], 1 / found.ranks - 1 / whole.ranks
    draws = np.random.default_rng(0).integers(0, len(change), (1000, len(change)))
    low, high = np.quantile(change[draws].mean(axis=1), (0.025, 0.975))
    note = f"[{band.low:.3f}, {band.high:.3f}]; change {change.mean():+.4f} [{low:+.4f}, {high:+.4f}], paired"
    return harness.Case(
        f"terms, introduction → own scope, held-out half: {name}", "MRR", round(band.value, 4), note=note
    )
