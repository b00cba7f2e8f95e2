"""Supply matching on real pairs of listed companies: ``python -m benchmarks.models.supply [--write]``.

The kind's few terms are weighed by logistic regression on the pairs of the other buyers: five folds over connected
components of buyers and suppliers, so that no supplier has buyers in two folds. Candidates are drawn by three seeds,
in two ways (``draws.py``). Listed companies stand among the rows the industry coder was learned from; so that no
candidate is coded better than another, every division here is that of weights learned without the row itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from tools.coder_weights import DIVISIONS, Rows, as_weights, learn, listed, registry, standard, vocabulary

from benchmarks import harness
from benchmarks.harness import Case
from benchmarks.models.draws import Draw, draw
from duijie import match
from duijie.intake import taxonomies
from duijie.intake.weighing import FIELDS, chances, features
from duijie.match.pairs import baselines, figures, parts, table_scores
from duijie.match.scoring import Circumstances

SEEDS, FOLDS, N_WRONG = (1, 2, 3), 5, 300
# The rest has one value for all of these rows: chains name no stage of theirs, sources and dates are alike.
LEARNED = ("text", "products", "input_output", "place")
Floats = NDArray[np.float64]
Row = dict[str, str]


def main() -> None:
    coder, cases = _coder(), []
    kind = match.load_kinds()["supply"]
    for how, bars in (("matched", (0.12, 0.30)), ("plain", (0.20, 0.50))):
        runs = [_run(kind, draw(how, seed), seed, coder) for seed in SEEDS]
        cases += list(_cases(how, runs, bars))
        for run in runs:
            print(how, {key: round(value, 3) for key, value in run["weights"].items()}, flush=True)
    for case in cases:
        print(f"{case.case:70} {case.ours} | {case.peer_name} {case.peer} | {case.bar} {case.holds} {case.note}")
    if "--write" in sys.argv:
        print(harness.write("advice-supply", cases))


def _coder() -> Any:
    """Chances of divisions by weights that never saw the row they are asked about."""
    known = listed() + registry("labels", "labels_held_out")
    known += standard(known)
    words, own = vocabulary(known), {}
    for table in FIELDS:
        found = learn(known, table, words)
        chance = chances(features(found["left_out"], known.shares, known.scopes), found["mixing"])
        seen = {name: chance[at] for at, name in enumerate(known.texts["name"]) if known.origin[at] == "listed"}
        own[table] = (as_weights(found, words, known, table), seen)

    def code(names: Sequence[str], scopes: Sequence[str], products: Sequence[str]) -> tuple[list[str], np.ndarray]:
        result = np.zeros((len(names), len(DIVISIONS)), np.float32)
        has_products = np.array([bool(one) for one in products])
        for table, chosen in (("plain", np.flatnonzero(~has_products)), ("products", np.flatnonzero(has_products))):
            if len(chosen):
                texts = {"name": names, "scope": scopes, "products": products}
                part = {key: [one[at] for at in chosen] for key, one in texts.items()}
                rows = Rows(part, np.zeros(len(chosen), int), np.full(len(chosen), "asked"))
                weights, seen = own[table]
                margins = weights.margins(rows.texts, rows.shares)
                fresh = chances(features(margins, rows.shares, rows.scopes), weights.mixing)
                result[chosen] = [seen.get(name, one) for name, one in zip(part["name"], fresh, strict=True)]
        return DIVISIONS.tolist(), result

    return code


def _run(kind: match.Kind, drawn: Draw, seed: int, coder: Any) -> dict[str, Any]:
    """The figures of one draw: ours, baselines, without the need, with other needs' texts, without each term."""
    needs = [{"name": name, "text": scope, "products": products} for _, name, scope, products in drawn.needs]
    offers = [{"name": name, "text": scope, "products": ""} for _, name, scope in drawn.offers]
    world = Circumstances(
        date.min, sector_of=taxonomies.sector_of(), input_output=taxonomies.input_output()["national"], coder=coder
    )
    learned = replace(kind, terms=tuple(term for term in kind.terms if term.key in LEARNED))
    values = np.nan_to_num(parts(learned, needs, offers, world))
    folds = drawn.folds(FOLDS, seed)
    ours = _left_out(values, drawn.right, folds, seed)
    found = {"duijie": ours, **baselines(needs, offers)}
    found["as it ships"] = table_scores(learned, values)
    found["blind"] = np.broadcast_to(ours.mean(axis=0), ours.shape)
    found["shuffled"] = ours[np.random.default_rng(1).permutation(len(ours))]
    for at, key in enumerate(LEARNED):
        found[f"without {key}"] = _left_out(np.delete(values, at, axis=0), drawn.right, folds, seed)
    weights = dict(zip(LEARNED, _fitted(values, drawn.right, np.arange(len(needs)), seed), strict=True))
    return {"figures": {name: figures(table, drawn.right) for name, table in found.items()}, "weights": weights}


def _left_out(values: Floats, right: Sequence[set[int]], folds: np.ndarray, seed: int) -> Floats:
    """Scores of each need by weights fitted on the other folds."""
    found = np.empty(values.shape[1:])
    for fold in range(FOLDS):
        weights = _fitted(values, right, np.flatnonzero(folds != fold), seed)
        found[folds == fold] = np.tensordot(weights, values[:, folds == fold], axes=1)
    return found


def _fitted(values: Floats, right: Sequence[set[int]], needs: np.ndarray, seed: int) -> Floats:
    """Weights ≥ 0 that sum to 1: right offers against 300 wrong ones a need, each need counting alike."""
    draw, rows, target, counts = np.random.default_rng(seed), [], [], []
    for need in needs:
        own = np.array(sorted(right[need]))
        wrong = draw.choice(np.setdiff1d(np.arange(values.shape[2]), own), N_WRONG, replace=False)
        rows.append(values[:, need, np.concatenate([own, wrong])].T)
        target.append(np.repeat([1.0, 0.0], [len(own), N_WRONG]))
        counts.append(np.repeat([1 / len(own), 5 / N_WRONG], [len(own), N_WRONG]))
    x, y, w = np.concatenate(rows), np.concatenate(target), np.concatenate(counts)
    scale = x.std(axis=0) + 1e-9
    x = np.column_stack([x / scale, np.ones(len(x))])

    def loss(by: Floats) -> tuple[float, Floats]:
        margin = x @ by
        rest = np.append(by[:-1], 0)
        value = (w * np.logaddexp(0, np.where(y == 1, -margin, margin))).sum() + rest @ rest
        return value, x.T @ (w * (1 / (1 + np.exp(-margin)) - y)) + 2 * rest

    bounds = [(0, None)] * len(scale) + [(None, None)]
    by = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x[:-1] / scale
    return by / by.sum()


def _cases(how: str, runs: Sequence[Mapping[str, Any]], bars: tuple[float, float]) -> Iterator[Case]:
    """Means over the seeds; bands over buyers, of the mean over the seeds and in each of them."""
    names = runs[0]["figures"]
    mean = {
        name: {key: np.mean([run["figures"][name][key] for run in runs], axis=0) for key in names[name]}
        for name in names
    }
    plain = [name for name in mean if name.startswith(("tfidf", "bm25"))]
    best = max(plain, key=lambda name: float(mean[name]["recall@10"].mean()))
    title = f"supply, {how} draw, 3 seeds, {len(mean['duijie']['mrr'])} buyers"
    for key, bar in (("recall@10", bars[0]), ("recall@100", bars[1]), ("mrr", None), ("ndcg@10", None)):
        ours, other = (float(mean[name][key].mean()) for name in ("duijie", best))
        yield Case(f"{title}: {key}", "share", round(ours, 3), round(other, 3), best, round(ours / other, 2),
                   f">= {bar}" if bar else "", ours >= bar if bar else None, _by_seed(runs, key))  # fmt: skip
    ratio = float(mean["duijie"]["recall@10"].mean() / mean[best]["recall@10"].mean())
    yield Case(f"{title}: recall@10 ÷ best baseline", "times", round(ratio, 2), bar=">= 1.5", holds=ratio >= 1.5)
    gains = [run["figures"]["duijie"]["recall@10"] - run["figures"][best]["recall@10"] for run in runs]
    low, high = _band(np.mean(gains, axis=0))
    each = "; ".join("{:+.3f} … {:+.3f}".format(*_band(gain)) for gain in gains)
    yield Case(f"{title}: gain of recall@10 over {best}, lower end", "share", low, bar="> 0", holds=low > 0,
               note=f"95 % band to {high:+.3f}; by seed {each}")  # fmt: skip
    apart = float((mean["duijie"]["recall@10"] - mean["shuffled"]["recall@10"]).mean())
    yield Case(f"{title}: recall@10 above shuffled needs", "share", round(apart, 3), bar=">= 0.08", holds=apart >= 0.08)
    for name in (one for one in mean if one not in ("duijie", best)):
        values = {key: round(float(own.mean()), 3) for key, own in mean[name].items()}
        yield Case(
            f"{title}: {name}",
            "recall@10",
            values.pop("recall@10"),
            note=", ".join(f"{k} {v}" for k, v in values.items()),
        )


def _by_seed(runs: Sequence[Mapping[str, Any]], key: str) -> str:
    return "by seed " + " ".join(f"{run['figures']['duijie'][key].mean():.3f}" for run in runs)


def _band(change: Floats) -> tuple[float, float]:
    drawn = np.random.default_rng(1).integers(0, len(change), (1000, len(change)))
    low, high = np.quantile(change[drawn].mean(axis=1), (0.025, 0.975))
    return round(float(low), 3), round(float(high), 3)


if __name__ == "__main__":
    main()
