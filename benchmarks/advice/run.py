"""Every bar that advice has to hold: ``make bench WING=advice``.

What readers said of today's lists is counted here; coding, supply and entry of industries are measured by modules of
their own, whose results are read. It also writes how far each kind of advice was tested, `policies/warranty.yaml`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import yaml

from benchmarks import harness
from duijie import data
from duijie.agenda.opportunities.terms import KINDS

from . import drawing
from .judging import JUDGE, Tally, tally, verdict, wilson
from .lists import LISTS, ROUND, Row, read

WARRANTY = data.root() / "policies" / "warranty.yaml"
NOT_MEASURED = "not measured"
# An idea list that holds a bar with three pairs says nothing.
LEAST_IDEAS, LEAST_FIRMS, MOST_PER_FIRM = 15, 10, 3
# The bars of other modules, as they stand where nothing was measured yet.
ELSEWHERE = {
    "advice-supply": {
        "who supplies whom, style-matched draw: recall@10": ">= 0.12 and >= 1.5 x the best baseline",
        "who supplies whom, style-matched draw: recall@100": ">= 0.30",
        "who supplies whom, held-out half: recall@10": ">= 0.10, paired band above zero",
        "who supplies whom, plain draw: recall@10": ">= 0.20, recall@100 >= 0.50, buyer-blind beside",
    },
    "advice-coding": {
        "division with products: right": ">= 0.67; without products >= 0.56",
        "division: stated confidence": "ECE <= 0.04; right >= 0.9 where >= 0.9, on >= 0.20; cover >= 0.38 at 0.9 right",
        "division on registry rows coded by hand: right": ">= 0.80",
    },
    "advice-entry": {
        "entry of industries: AP, precision@10": "above every single feature in every window, bands apart",
        "added relatedness over a pair": "learnt, or the page says that it predicts nothing",
    },
}


def main() -> None:
    """Measure and write."""
    given = drawing.agreements()
    today = {name: _read_rows(name, rows) for name, rows in drawing.draw(given).items()}
    cases = [_case("firms on evidence: right", today["evidence"], 0.95), *_pairs(given, today["ideas"])]
    cases += [_case("sentences of the diagnosis: plausible", today["said"], 0.7)]
    cases += [*_opportunities(given, today["opportunities"]), _text(), *_elsewhere()]
    harness.write("advice", cases)
    for one in cases:
        print(f"{one.case}: {one.ours} {one.bar} {one.holds} {one.note}")
    if not harness.IS_QUICK:
        invented = {one.key for one in given if one.is_rehearsal}
        real = {name: one.only(lambda row: row.get("agreement") not in invented) for name, one in today.items()}
        write_warranty(warranty(real))


@dataclass(frozen=True)
class Listed:
    """A list of today: the rows with what was said of them; earlier rounds test nothing any more."""

    rows: Sequence[Row]
    earlier: Sequence[Row] = ()

    @property
    def tally(self) -> Tally:
        return tally(self.rows)

    @property
    def n_unread(self) -> int:
        return sum(not verdict(row) for row in self.rows)

    def of_today(self, keep: Callable[[Row], bool]) -> Listed:
        """The items that are on a page today; of earlier rounds none, which would be those that outlived the rules."""
        return Listed([row for row in self.rows if keep(row)])

    def only(self, keep: Callable[[Row], bool]) -> Listed:
        return Listed([row for row in self.rows if keep(row)], [row for row in self.earlier if keep(row)])


def _read_rows(name: str, rows: Sequence[Row]) -> Listed:
    """Today's rows, with the verdicts that stand for the same items."""
    stored = read(name)
    known = {tuple(row[key] for key in LISTS[name]): row for row in stored}
    today = [{**row, **known.get(tuple(row[key] for key in LISTS[name]), {})} for row in rows]
    return Listed(today, [row for row in stored if row["round"] != ROUND])


def _case(name: str, found: Listed, bar: float, *, is_wrong: bool = False) -> harness.Case:
    """A share of what readers said, with its band and their agreement; a list that was not read whole holds no bar."""
    told, before = found.tally, tally(found.earlier)
    if not told.n:
        k = before.wrong if is_wrong else before.right
        since = f" since the rules were changed; before it {k} of {before.n}" if before.n else ""
        bar_text = f"{'<=' if is_wrong else '>='} {bar:.2g}"
        return harness.Case(name, "share", None, bar=bar_text, note=f"{NOT_MEASURED}{since}")
    share = told.wrong / told.n if is_wrong else told.share
    low, high = wilson(told.wrong, told.n) if is_wrong else told.band
    agreed = "two readers" if told.n_readers > 1 else "at least one reader"
    agreed += f", kappa {told.agreement:.2f}" if told.agreement == told.agreement else ""
    counted = f"{told.wrong if is_wrong else told.right} of {told.n} [{low:.2f}, {high:.2f}]"
    unread = f"; {found.n_unread} of today's not read" if found.n_unread else ""
    holds = share <= bar if is_wrong else share >= bar
    return harness.Case(
        name,
        "share",
        round(share, 4),
        bar=f"{'<=' if is_wrong else '>='} {bar:.2g}",
        holds=bool(holds and not found.n_unread),
        note=f"{counted}, {JUDGE['en']}, {agreed}{unread}",
    )


def _pairs(given: Sequence[drawing.Drawn], found: Listed) -> Iterator[harness.Case]:
    """What is suggested on the real agreement, read whole, and the meetings made of it."""
    real = {one.key for one in given if not one.is_rehearsal}
    lists = {
        "real agreement, pairs of what organisations said": _of(found, real, "said"),
        "real agreement, ideas": _of(found, real, "idea"),
    }
    for name, rows in lists.items():
        yield _case(f"{name}: plausible", rows, 0.7)
        yield _case(f"{name}: absurd", rows, 1 / 15, is_wrong=True)
    yield _spread(lists["real agreement, ideas"])
    for one in given:
        if not one.is_rehearsal:
            yield _unmet(one)
            met = {meeting["match"] for meeting in one.results["meet"]["meetings"]}
            own = found.of_today(lambda row, met=met: row["item"] in met)  # type: ignore[misc]
            yield _case("real agreement, meetings: plausible", own, 0.85)
    yield _case("rehearsal, pairs of goods: plausible", found.only(lambda row: row["agreement"] not in real), 0.7)


def _of(found: Listed, agreements: set[str], name: str) -> Listed:
    return found.only(lambda row: row["agreement"] in agreements and row["list"] == name)


def _spread(ideas: Listed) -> harness.Case:
    """Whether the ideas are many and spread over firms, as a list that may be judged must be."""
    sides = Counter((row[f"{role}_region"], row[f"{role}_party"]) for row in ideas.rows for role in ("need", "offer"))
    per_side = Counter(region for region, _ in sides)
    least, most = min(per_side.values(), default=0), max(sides.values(), default=0)
    return harness.Case(
        "real agreement, ideas: pairs",
        "pairs",
        len(ideas.rows),
        bar=f">= {LEAST_IDEAS}, over >= {LEAST_FIRMS} firms a side, <= {MOST_PER_FIRM} a firm",
        holds=len(ideas.rows) >= LEAST_IDEAS and least >= LEAST_FIRMS and most <= MOST_PER_FIRM,
        note=f"{least} firms on the side with fewer, at most {most} a firm",
    )


def _unmet(one: drawing.Drawn) -> harness.Case:
    kinds = one.results["match"]["kinds"]
    n = sum(kind["n_needs"] for kind in kinds)
    without = sum(len(kind["unmatched"]) for kind in kinds)
    return harness.Case("real agreement, needs without a partner", "needs", without, note=f"of {n} needs on record")


def _opportunities(given: Sequence[drawing.Drawn], found: Listed) -> Iterator[harness.Case]:
    """What stands on the pages, and each kind with all its candidates of the real agreement."""
    for drawn in given:
        shown = {(drawn.key, one["key"]) for one in drawn.results["advice"]["opportunities"]}
        own = found.of_today(lambda row, shown=shown: (row["agreement"], row["item"]) in shown)  # type: ignore[misc]
        whose = "rehearsal" if drawn.is_rehearsal else "real agreement"
        yield _case(f"{whose}, opportunities on the page: plausible", own, 0.7)
    real = found.only(lambda row: row["agreement"] in {one.key for one in given if not one.is_rehearsal})
    for kind in KINDS:
        own = real.only(lambda row, kind=kind: row["item"].startswith(f"{kind}:"))  # type: ignore[misc]
        yield _case(f"opportunities, {kind.replace('_', ' ')}: plausible", own, 0.7)


def _text() -> harness.Case:
    """Introduction to scope and held-out phrases, from the rows of `benchmarks.match.quality`."""
    name, bar = "introductions and held-out phrases: kinds at or above BM25", ">= BM25 in every kind, above in most"
    path = harness.RESULTS / "match-quality.json"
    if not path.exists():
        return harness.Case(name, "kinds", None, bar=bar, note=NOT_MEASURED)
    trials: dict[str, dict[str, Any]] = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        trials.setdefault(row["trial"], {})[row["method"]] = row
    against = {trial: row for trial, rows in trials.items() if (row := rows.get("bm25s 1-2"))}
    kept = [trial for trial, row in against.items() if row["change_MRR"] <= 0]
    above = [trial for trial, row in against.items() if row["change_high"] < 0]
    below = ", ".join(trial.partition(":")[0] for trial in against if trial not in kept)
    return harness.Case(
        name,
        "kinds",
        len(kept),
        peer=len(against),
        peer_name="all",
        bar=bar,
        holds=len(kept) == len(against) and 2 * len(above) > len(against),
        note=f"band above in {len(above)}; below in {below or 'none'}",
    )


def _elsewhere() -> Iterator[harness.Case]:
    """The bars of other modules: their own rows where they measured, a row that says so where not."""
    names = {field.name for field in fields(harness.Case)}
    for name, bars in ELSEWHERE.items():
        path = harness.RESULTS / f"{name}.json"
        rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        held = [row for row in rows if row["holds"] is not None]
        for row in held:
            yield harness.Case(**{key: value for key, value in row.items() if key in names})
        if not held:
            for told, bar in bars.items():
                yield harness.Case(told, "", None, bar=bar, note=NOT_MEASURED)


def warranty(today: Mapping[str, Listed]) -> Mapping[str, Mapping[str, Any]]:
    """How each kind of advice was tested, on what was read of it on a real agreement; empty where it was not."""
    ideas, opportunities = today["ideas"], today["opportunities"]
    lists = {
        "evidence": today["evidence"],
        "said": ideas.only(lambda row: row["list"] == "said"),
        "ideas": ideas.only(lambda row: row["list"] == "idea"),
        **{
            kind: opportunities.only(lambda row, kind=kind: row["item"].startswith(f"{kind}:"))  # type: ignore[misc]
            for kind in KINDS
        },
    }
    return {name: _tested(one.tally) for name, one in lists.items()}


def _tested(found: Tally) -> Mapping[str, Any]:
    if not found.n:
        return {}
    low, high = found.band
    figures = {"share": round(found.share, 4), "low": round(low, 4), "high": round(high, 4)}
    agreed = {"kappa": round(found.agreement, 4)} if found.n_readers > 1 and found.agreement == found.agreement else {}
    read_by = {"judge": dict(JUDGE), "n_judges": found.n_readers, "on": found.last_read_on}
    return {"n": found.n, "n_right": found.right, "n_wrong": found.wrong, **figures, **agreed, **read_by}


def write_warranty(kinds: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the figures; the words above them stay."""
    head = [line for line in WARRANTY.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("#")]
    rows = (
        yaml.safe_dump({name: dict(one)}, allow_unicode=True, default_flow_style=True, width=1000, sort_keys=False)[
            1:-2
        ]
        for name, one in kinds.items()
    )
    WARRANTY.write_text("".join([*head, "kinds:\n", *(f"  {row.strip()}\n" for row in rows)]), encoding="utf-8")


if __name__ == "__main__":
    main()
