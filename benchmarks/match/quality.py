"""How good the ranking is, a kind at a time, beside its peers: ``python -m benchmarks.match.quality``.

There is no public labelled set of real needs and offers. A firm's registered scope is cut in three: every third phrase
is the need, the rest must be found among the rests of all firms of the kind's words (``quality.yaml``). That rewards
the same vocabulary; it does not show that two firms would do business. Since a scope names nothing twice, need and
right answer share no whole phrase: the term on product words is told on the introductions only.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks import harness
from benchmarks.match.kinds import world
from benchmarks.match.workloads import SHARED, registry_scopes
from duijie import match
from duijie.intake.coding import code_industries
from duijie.match import quality
from duijie.match.candidates import Pool
from duijie.match.kinds import Role
from duijie.match.scoring import Scorer
from duijie.terms import Listing, tokens

PEERS = Path(__file__).parent / "quality_peers.py"
WORDS = Path(__file__).parent / "quality.yaml"
N_TEXTS, N_QUERIES = (120, 60) if harness.IS_QUICK else (600, 200)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """Queries with known answers: `right[i]` are the texts that answer query i."""

    name: str
    queries: Sequence[str]
    texts: Sequence[str]
    right: Sequence[set[int]]
    kind: str = "supply"
    has_phrases: bool = False


def main(only: Sequence[str], *, is_embedded: bool = True) -> None:
    """Run the trials of the named kinds, or all, and keep each as soon as it is there."""
    names = [*yaml.safe_load(WORDS.read_text(encoding="utf-8")), "introductions", "industry-labels"]
    for name in only or names:
        trial = trial_of(name)
        if trial is None:
            print(f"{name} skipped: not in DUIJIE_SHARED", file=sys.stderr)
            continue
        keep(name, names, list(rows_of(trial, is_embedded)))


def trial_of(name: str) -> Trial | None:
    """The trial of a kind, of marketing texts or of industry labels; None where the shared data are absent."""
    if name == "introductions":
        return _introductions()
    return _labels() if name == "industry-labels" else _held_out(name)


def _held_out(kind: str) -> Trial | None:
    words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))[kind]
    found: list[tuple[str, str]] = []
    for scope in registry_scopes(400_000, seed=23):
        phrases = list(dict.fromkeys(tokens.phrases(scope)))
        own = sum(any(word in phrase for word in words) for phrase in phrases)
        if len(phrases) >= 6 and own >= 2:
            found.append(("、".join(phrases[::3]), "、".join(one for at, one in enumerate(phrases) if at % 3)))
        if len(found) == N_TEXTS:
            break
    if not found:
        return None
    queries, texts = [one for one, _ in found[:N_QUERIES]], [rest for _, rest in found]
    return Trial(f"{kind}: held-out phrases", queries, texts, [{at} for at in range(len(queries))], kind)


def _introductions() -> Trial | None:
    rows = _read("intro_to_scope.csv.gz")
    queries = [(at, row["intro"][:200]) for at, row in enumerate(rows) if int(row["lcs"]) < 10]
    right = [{at} for at, _ in queries]
    return rows and Trial(
        "introduction finds own scope",
        [text for _, text in queries],
        [r["scope"] for r in rows],
        right,
        has_phrases=True,
    )  # type: ignore[return-value]


def _labels() -> Trial | None:
    """A listed firm's scope finds scopes of firms of its own level-1 industry; its own text does not count."""
    rows = _read("listed_scope_to_sw_industry.csv.gz")
    labels = [row["industry_code"][:2] for row in rows]
    right = [{at for at, one in enumerate(labels) if one == own and at != me} for me, own in enumerate(labels)]
    scopes = [row["scope"] for row in rows]
    return rows and Trial("same industry label", scopes, scopes, right)  # type: ignore[return-value]


def _read(name: str) -> list[dict[str, str]]:
    path = SHARED / "data" / "matching_ground_truth" / name
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8-sig") as handle:
        return list(csv.DictReader(handle))


def rows_of(trial: Trial, is_embedded: bool) -> Iterator[dict[str, Any]]:
    """One row a method: figures with bands, how the lists spread, and the paired change of MRR against ours."""
    tables = _ours(trial) | _baselines(trial) | _peers(trial, is_embedded)
    keep = [at for at, right in enumerate(trial.right) if right]
    figures = {name: _figures(table, trial, keep) for name, table in tables.items()}
    mine = figures["duijie"][1]
    for name, (found, gains) in figures.items():
        low, high = _paired(gains - mine)
        change = {"change_MRR": float((gains - mine).mean()), "change_low": low, "change_high": high}
        spread = quality.exposure(_lists(tables[name][keep], trial), len(trial.texts))
        yield {
            "trial": trial.name, "kind": trial.kind, "method": name, "n_queries": len(keep),
            "n_texts": len(trial.texts), **found, **spread, **change,
        }  # fmt: skip


def _figures(table: Floats, trial: Trial, keep: Sequence[int]) -> tuple[dict[str, Any], Floats]:
    scores = table[keep].copy()
    ranks = quality.ranks_of(scores, [trial.right[at] for at in keep])
    found = quality.summary("", ranks).figures
    return {
        name: [round(one.value, 4), round(one.low, 4), round(one.high, 4)] for name, one in found.items()
    }, 1 / ranks


def _paired(change: Floats) -> tuple[float, float]:
    draws = np.random.default_rng(0).integers(0, len(change), (1000, len(change)))
    low, high = np.quantile(change[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def _lists(scores: Floats, trial: Trial) -> NDArray[np.int32]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :10].astype(np.int32)


def _ours(trial: Trial) -> dict[str, Floats]:
    """The kind with the weights of its file, without each term in turn, and the text search alone."""
    values, weights = _values(trial)
    total = lambda left_out="": np.sum(  # noqa: E731
        [weights[key] * table for key, table in values.items() if key != left_out], axis=0
    )
    tables = {"duijie": total(), **{f"duijie without {key}": total(key) for key in values}}
    tables["duijie rank"] = quality.text_scores(trial.queries, trial.texts)
    return {name: _without_itself(table, trial) for name, table in tables.items()}


def _values(trial: Trial) -> tuple[dict[str, Floats], Mapping[str, float]]:
    """The value of each term that these texts speak of, shape (queries, texts)."""
    kind, every = match.load_kinds()[trial.kind], np.arange(len(trial.texts))
    needs, offers = (_pool(role, texts, trial) for role, texts in _sides(trial))
    scorer = Scorer.of(kind, needs, offers, replace(world(), corpus=()))
    found = np.stack([scorer.score(at, every).parts for at in range(len(trial.queries))], axis=1)
    telling = {
        term.key: np.where(np.isnan(values), term.unknown, values)
        for term, values in zip(kind.terms, found, strict=True)
        if np.nanstd(np.where(np.isnan(values), term.unknown, values)) > 0
    }
    return telling, {term.key: term.weight for term in kind.terms}


def _sides(trial: Trial) -> Iterator[tuple[Role, Sequence[str]]]:
    yield "need", trial.queries
    yield "offer", trial.texts


def _pool(role: Role, texts: Sequence[str], trial: Trial) -> Pool:
    codes = code_industries([""] * len(texts), texts).deepest().tolist()
    listings = []
    for at, (text, code) in enumerate(zip(texts, codes, strict=True)):
        payload = {"details": text} | ({"products": list(tokens.phrases(text))} if trial.has_phrases else {})
        listings.append(Listing(f"{at:07}", trial.kind, 1, role, "", "", payload, industry=code))
    return Pool.of(listings, {})


def _baselines(trial: Trial) -> dict[str, Floats]:
    popular, chance = quality.popularity(trial.queries, trial.texts), np.random.default_rng(0)
    found = {"popularity": popular, "random": chance.random((len(trial.queries), len(trial.texts)))}
    return {name: _without_itself(table, trial) for name, table in found.items()}


def _peers(trial: Trial, is_embedded: bool) -> dict[str, Floats]:
    with tempfile.TemporaryDirectory() as folder:
        document = {"queries": trial.queries, "texts": trial.texts, "is_embedded": is_embedded}
        (Path(folder) / "texts.json").write_text(json.dumps(document), encoding="utf-8")
        if harness.peer(PEERS, folder) is None:
            return {}
        with np.load(Path(folder) / "peers.npz") as found:
            return {name: _without_itself(found[name].astype(np.float64), trial) for name in found.files}


def _without_itself(table: Floats, trial: Trial) -> Floats:
    if trial.queries is trial.texts:
        np.fill_diagonal(table, -np.inf)
    return table


def _case(row: Mapping[str, Any]) -> harness.Case:
    """The row as every page of results has it."""
    value, low, high = row["MRR"]
    spread = f"coverage {row['coverage']:.2f}, Gini {row['gini']:.2f}, congestion {row['congestion']:.1f}"
    change = f"against ours {row['change_MRR']:+.3f} [{row['change_low']:+.3f}, {row['change_high']:+.3f}]"
    found = f"[{low:.3f}, {high:.3f}], recall@10 {row['recall@10'][0]:.3f}, nDCG@10 {row['nDCG@10'][0]:.3f}"
    return harness.Case(f"{row['trial']}: {row['method']}", "MRR", value, note=f"{found}, {spread}; {change}")


def keep(name: str, order: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the rows of one trial in ``results/match-quality.json``."""
    path = harness.RESULTS / f"match-quality{'-quick' if harness.IS_QUICK else ''}.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [{**asdict(_case(row)), **row} for row in rows]
    stamp = {"part": name, "machine": harness.machine(), "date": date.today().isoformat()}
    found = [row for row in old if row["part"] != name] + [{**row, **stamp} for row in rows]
    found.sort(key=lambda row: order.index(row["part"]))
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        line = "{trial:<32} {method:<28} MRR {MRR} change {change_MRR:+.4f} [{change_low:+.4f}, {change_high:+.4f}]"
        print(line.format_map(row), file=sys.stderr, flush=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="*", default=(), help="kinds, introductions, industry-labels")
    asked.add_argument("--no-embedding", action="store_true", help="without the peer that takes minutes")
    given = asked.parse_args()
    main(given.only, is_embedded=not given.no_embedding)
