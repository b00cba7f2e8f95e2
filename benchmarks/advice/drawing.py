"""What is read: every list as it is drawn today, by seed, with all a reader needs and no score, rank or level.

`python -m benchmarks.advice.drawing` adds what nobody read yet to the lists; with a folder it also writes there the
copies that two readers fill, each in an order of its own.
"""

from __future__ import annotations

import csv
import hashlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from duijie import agenda, data
from duijie.agenda import opportunities
from duijie.agenda.material import REFERENCE, Material
from duijie.agenda.report.leader import opportunity_step
from duijie.agenda.report.reading import Reading
from duijie.diagnose.inputs import longest_head
from duijie.intake import taxonomies
from duijie.terms import Directory, chain_headings

from .judging import verdict
from .lists import LISTS, READ, ROUND, Row, read, write

__all__ = ["Drawn", "draw"]

# The day the advice speaks of.
AS_OF = date(2026, 11, 28)
# Seeds 1 to 5, 8, 13 and 71 were read while the rules were made; what is judged is another draw.
SEED = 29
PER_FIELD = 25
N_IDEAS, N_SAID = 40, 30
# What a reason must not tell a reader: how the ranking liked the pair.
_OF_THE_RANKING = {"match_in_demand", "match_unknown"}
# Plain figures: nothing is said that could be judged.
_FIGURES = {"diagnose_added_complexity", "diagnose_words_basis", "diagnose_witness_wider"}
_KINDS = {
    "firm": "企业",
    "institute": "科研机构",
    "fund": "基金",
    "carrier": "园区、载体",
    "association": "协会",
    "government": "政府部门",
    "talent": "人才",
}
Record = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Drawn:
    """One agreement with its results, read from its folder."""

    material: Material
    results: Mapping[str, Record]

    @classmethod
    def of(cls, folder: Path) -> Drawn:
        """Run the line once over an agreement's folder."""
        with tempfile.TemporaryDirectory() as out:
            done = agenda.run(folder, Path(out), as_of=AS_OF, with_report=False)
        return cls(agenda.read(folder, as_of=AS_OF), done.results)

    @property
    def key(self) -> str:
        return self.material.agreement.key

    @property
    def is_rehearsal(self) -> bool:
        return self.material.agreement.is_rehearsal

    @cached_property
    def reading(self) -> Reading:
        return Reading(self.results, "zh")

    @cached_property
    def parties(self) -> Mapping[str, Any]:
        return {party.id: party for party in self.material.parties}

    # ---- firms on evidence

    def evidence(self) -> Iterator[Row]:
        """Firms on evidence: as many a field, each from a stage and side drawn first.

        Pages name a few firms of every stage; a draw from all firms would be nearly all garments.
        """
        random = np.random.default_rng(SEED)
        given = self.material
        directory = Directory(given.active, chain_headings(given.chains), data.evidence_rules(), given.weights)
        for chain in given.chains:
            cells = [
                (stage, region.code, sorted(rows, key=lambda one: one.party))
                for stage in chain.stages
                for region in given.agreement.sides
                if (rows := directory.at((chain.key, stage.key), region.code))
            ]
            for _ in range(min(PER_FIELD, sum(len(rows) for _, _, rows in cells))):
                stage, region, rows = cells[int(random.integers(len(cells)))]
                row = rows.pop(int(random.integers(len(rows))))
                cells = [cell for cell in cells if cell[2]]
                yield {
                    "field": chain.key,
                    "stage": stage.key,
                    "region": region,
                    "party": row.party,
                    "stage_name": stage.name["zh"],
                    "name": self.parties[row.party].name,
                    "phrase": row.phrase,
                    "code": row.code,
                    **self._firm(row.party),
                }

    def _firm(self, party: str) -> Row:
        one = self.parties.get(party)
        if one is None:
            return {}
        name = self.material.names.get(one.industry)
        return {
            "industry": f"{one.industry} {name['zh'] if name else ''}".strip(),
            "products": "；".join(one.products) + ("（推断）" if "products" in one.inferred else ""),
        }

    # ---- pairs

    def pairs(self) -> Iterator[Row]:
        """Every pair that is suggested: of what organisations said, and ideas."""
        match = self.results["match"]
        for kind in match["kinds"]:
            for listed in ("matches", "ideas"):
                for one in kind[listed]:
                    ends = {role: self._listing(match["listings"][one[role]], role) for role in ("need", "offer")}
                    yield {
                        "agreement": self.key,
                        "item": one["id"],
                        "list": "said" if listed == "matches" else "idea",
                        "kind": self.reading.text(kind["name"]),
                        **ends["need"],
                        **ends["offer"],
                        "reasons": _lines(
                            self.reading.reasons([r for r in one["reasons"] if r["code"] not in _OF_THE_RANKING])
                        ),
                    }

    def _listing(self, listing: Record, role: str) -> Row:
        own = self._firm(listing["party"])
        party = self.parties.get(listing["party"])
        return {
            f"{role}_region": self.reading.region(listing["region"]),
            f"{role}_place": party.town if party else "",
            f"{role}_party": listing["party_name"],
            f"{role}_party_kind": _KINDS[party.kind] if party else "",
            f"{role}_industry": own.get("industry", ""),
            f"{role}_products": own.get("products", ""),
            f"{role}_title": self.reading.text(listing["title"]),
            f"{role}_details": self.reading.text(listing["details"]),
            f"{role}_said": "推断" if listing["basis"] == "derived" else "本单位发布",
            f"{role}_source": self._cited(listing["source"]),
        }

    def _cited(self, source: Record) -> str:
        return "，".join(part for part in (self.reading.cited(source), str(source.get("as_of") or "")) if part)

    # ---- opportunities

    def opportunities(self) -> Iterator[Row]:
        """Every opportunity of every kind; of a rehearsal those on the page."""
        found = opportunities.every(self.material, as_of=AS_OF)
        for opportunity in opportunities.first(found) if self.is_rehearsal else found:
            one = opportunity.to_dict()
            first, second = (self._end(end) for end in one["ends"])
            yield {
                "agreement": self.key,
                "item": one["key"],
                "kind": self.reading.say(f"opportunity_kind_{one['kind']}"),
                "title": self.reading.reason(one["title"]),
                "end_a": first,
                "end_b": second,
                "reasons": _lines(map(self.reading.reason, one["reasons"])),
                "ground": f"{self.reading.text(one['ground']['why'])}（{self._cited(one['ground']['source'])}）",
                "doubts": _lines(map(self.reading.reason, one["doubts"])),
                "size": self.reading.reason(one["size"]),
                "first_step": opportunity_step(self.reading, one) if one["step"] else "",
            }

    def _end(self, end: Record) -> str:
        what = "、".join(map(self.reading.text, end["what"]))
        part = f"，其中对得上 {end['n_firms']} 家" if end["n_all"] > end["n_firms"] else ""
        counted = f"（有产品依据的企业 {end['n_all'] or end['n_firms']} 家{part}）" if end["n_firms"] else ""
        lines = [f"{self.reading.region(end['region'])}：{what}{counted}"]
        for firm in end["firms"]:
            own = self._firm(str(firm["id"]))
            town = self.parties[str(firm["id"])].town
            lines.append(f"{self.reading.firm(firm)}｜{town}｜行业 {own['industry']}｜产品 {own['products']}")
        return _lines((*lines, *(self.reading.other(other) for other in end["others"])))

    # ---- what the diagnosis says

    def said(self) -> Iterator[Row]:
        """Every sentence of the diagnosis on a place and a thing, each with the figures it rests on."""
        diagnosed = self.results["diagnose"]
        for chain in diagnosed["chains"]:
            stages = {stage["key"]: stage for stage in chain["stages"]}
            for gap in chain["gaps"]:
                near = {
                    link[end]
                    for link in chain["links"]
                    for end in ("supplier", "buyer")
                    if gap["stage"] in link.values()
                }
                listed = [stages[key] for key in (gap["stage"], *sorted(near - {gap["stage"]}))]
                yield from self._sentences(gap["reasons"], self._stage(listed, gap["firms"]))
        for one in diagnosed["inside_class"]:
            yield from self._sentences(one["reasons"], self._words(one))
        for one in diagnosed["links"]:
            ends = [one[f"{end}_industry"] for end in ("supplier", "buyer")]
            strong = [row for row in diagnosed["specialization"] if row["industry"] in ends]
            figures = (*map(self._counted, ends), *map(self._band, strong), self._bought(*ends))
            figures = (*figures, self._firms(one["firms"]))
            yield from self._sentences(one["reasons"], _lines(figures))
        for side in diagnosed["added"]:
            for one in side["candidates"]:
                yield from self._sentences(one["reasons"], self._counted(one["industry"]))
        codes = {row["name"]["zh"]: row["industry"] for row in diagnosed["specialization"]}
        for one in diagnosed["risks"]:
            name = one["values"].get("industry", {}).get("zh", "")
            yield from self._sentences([one], self._counted(codes.get(name, "")))
        for kind in self.results["match"]["kinds"]:
            for one in kind["unmatched"]:
                yield from self._sentences([one["relaxation"]] if one["relaxation"] else (), self._unmet(one, kind))

    def _unmet(self, one: Record, kind: Record) -> str:
        """A need without a partner, and what both sides offer of its kind."""
        listings = self.results["match"]["listings"]
        need = listings[one["need"]]
        offers = [
            f"{self.reading.region(row['region'])}·{row['party_name']}：{self.reading.text(row['title'])}"
            for row in listings.values()
            if row["kind"] == kind["kind"] and row["role"] == "offer" and row["basis"] != "derived"
        ]
        said = f"{self.reading.text(need['title'])}（{self.reading.text(need['details'])}）"
        owner = f"{self.reading.region(need['region'])}·{need['party_name']}"
        return _lines((f"需求｜{owner}：{said}", f"此类供给｜{'；'.join(offers)}"))

    def _sentences(self, reasons: Sequence[Record], behind: str) -> Iterator[Row]:
        for one in reasons:
            if one["code"] in _FIGURES:
                continue
            text = self.reading.reason(one)
            yield {
                "agreement": self.key,
                "item": hashlib.sha256(text.encode()).hexdigest()[:12],
                "kind": one["code"],
                "sentence": text,
                "behind": behind,
            }

    def _stage(self, stages: Sequence[Record], firms: Sequence[Record]) -> str:
        return _lines((*map(self._figures, stages), "；".join(map(self.reading.firm, firms[:8]))))

    def _figures(self, stage: Record) -> str:
        parts = []
        for code in self.reading.regions:
            quotient = stage["quotient"][code]
            shown = "无" if quotient is None else f"{quotient:.2f}（计 {stage['n_counted'][code]:.0f} 家）"
            n, share = stage["n_firms"][code], stage["share"][code]
            parts.append(f"{self.reading.region(code)}：有产品依据 {n} 家（占 {share:.1%}），区位商 {shown}")
        return f"{self.reading.text(stage['name'])}｜" + "；".join(parts)

    def _words(self, one: Record) -> str:
        words = "；".join(
            f"{use['word']} " + "、".join(f"{self.reading.region(code)} {n}" for code, n in use["n"].items())
            for use in one["words"][:12]
        )
        return f"写明产品的企业数｜{words}"

    def _firms(self, firms: Mapping[str, Sequence[Record]]) -> str:
        return _lines(
            f"{self.reading.region(code)}：" + "；".join(map(self.reading.firm, listed[:5]))
            for code, listed in firms.items()
            if listed
        )

    def _counted(self, industry: str) -> str:
        counts = self.material.counts
        if counts is None or industry not in counts.industries:
            return ""
        at = counts.industries.index(industry)
        rows = {self.reading.region(code): counts.regions.index(code) for code in self.reading.regions}
        rows["全国样本"] = counts.regions.index(REFERENCE)
        told = (f"{who} {counts.values[row, at]:.0f} / {counts.values[row].sum():.0f}" for who, row in rows.items())
        return f"登记样本家数｜{self._industry(industry)}：" + "；".join(told)

    def _industry(self, code: str) -> str:
        name = self.material.names.get(code)
        return name["zh"] if name else code

    def _band(self, row: Record) -> str:
        """How many times the national share an industry has in a region, with the band of it."""
        where, what = self.reading.region(row["region"]), self.reading.text(row["name"])
        return f"{where}{what}：企业占比为全国样本的 {row['quotient']:.1f} 倍（95% {row['low']:.1f}–{row['high']:.1f}）"

    def _bought(self, supplier: str, buyer: str) -> str:
        """What the sector of one industry buys from that of another: the figures behind a share."""
        table, sector_of = taxonomies.input_output(153).get(REFERENCE), taxonomies.sector_of(153)
        sectors = [longest_head(sector_of, code) for code in (supplier, buyer)]
        if table is None or not all(sector in table.sectors for sector in sectors):
            return ""
        row, column = map(table.sectors.index, sectors)
        part, whole = table.flows[row, column], table.flows[:, column].sum()
        names = [table.names[sector]["zh"] for sector in sectors]
        return (
            f"{table.source.title}｜{names[1]}（含{self._industry(buyer)}）中间投入合计 {whole / 1e4:.0f} 亿元，"
            f"其中来自{names[0]}（含{self._industry(supplier)}）{part / 1e4:.0f} 亿元，占 {part / whole:.1%}"
        )


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def agreements() -> list[Drawn]:
    """Both built-in agreements, the real one first."""
    folders = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))
    return sorted((Drawn.of(folder) for folder in folders), key=lambda one: one.is_rehearsal)


def draw(given: Sequence[Drawn]) -> dict[str, list[Row]]:
    """The lists as they are drawn today; the order tells nothing."""
    random = np.random.default_rng(SEED)
    real = [one for one in given if not one.is_rehearsal]
    pairs = [row for one in real for row in one.pairs()]
    # What the real agreement has is read whole; the rehearsal's pairs of goods fill the list up.
    rest = [row for one in given if one.is_rehearsal for row in one.pairs() if row["item"].startswith("supply:")]
    ideas = [*pairs, *_some(rest, N_IDEAS - len(pairs), random)]
    lists = {
        "evidence": [row for one in real for row in one.evidence()],
        "ideas": ideas,
        "opportunities": [row for one in given for row in one.opportunities()],
        "said": _by_kind([row for one in real for row in one.said()], N_SAID, random),
    }
    return {
        name: [{**rows[at], "round": ROUND} for at in random.permutation(len(rows))] for name, rows in lists.items()
    }


def _some(rows: Sequence[Row], n: int, random: np.random.Generator) -> list[Row]:
    return [rows[at] for at in random.permutation(len(rows))[: max(n, 0)]]


def _by_kind(rows: Sequence[Row], n: int, random: np.random.Generator) -> list[Row]:
    """The kinds of sentence in turn, one drawn of each, until there are enough: rare kinds are read whole."""
    kinds: dict[str, dict[str, Row]] = {}
    for row in rows:
        kinds.setdefault(row["kind"], {})[row["item"]] = row
    waiting = {kind: _some(list(own.values()), len(own), random) for kind, own in sorted(kinds.items())}
    chosen: list[Row] = []
    while len(chosen) < n and any(waiting.values()):
        chosen += [own.pop() for own in waiting.values() if own]
    return chosen[:n]


def _named(row: Row, name: str) -> tuple[str, ...]:
    return tuple(row[key] for key in LISTS[name])


def main(copies: Path | None) -> None:
    """Add what was drawn to the lists, and write the readers' copies of what nobody read yet."""
    for name, rows in draw(agreements()).items():
        old = {_named(row, name): row for row in read(name)}
        new = {_named(row, name): row for row in rows}
        fresh = {key: row for key, row in new.items() if key not in old}
        # What was read stays as it was shown; what was never read is shown as it is today, or goes.
        kept = [row if verdict(row) else new[key] for key, row in old.items() if verdict(row) or key in new]
        write(name, [*kept, *fresh.values()])
        print(f"{name}: {len(rows)} drawn, {sum(not verdict(row) for row in [*kept, *fresh.values()])} to read")
        if copies is not None:
            waiting = [row for row in [*kept, *fresh.values()] if not verdict(row)]
            for at, letter in enumerate("ab"):
                _copy(copies / f"{name}-{letter}.csv", waiting, np.random.default_rng(SEED + at))


def _copy(path: Path, rows: Sequence[Row], random: np.random.Generator) -> None:
    columns = [*(column for column in rows[0] if column not in READ), "verdict", "reason"] if rows else []
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**rows[at], "verdict": "", "reason": ""} for at in random.permutation(len(rows)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
