"""A second set of office files with known right content, made without a look at the reader or at the first set's maker.

``python -m tests.corpus.second.generate FOLDER [--seed S] [--number N]`` writes files and beside each its truth. What
each file is like stands in ``files.yaml``, how single cells are written in ``spell.py``, what is open to doubt in
``doubts.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.corpus.second.save import Sheet, save
from tests.corpus.second.spell import AREAS, MEASURES, PLAN, WORDS, Cell, Unit, write

SEED = 2027
KINDS = {
    "name": "name", "party": "name", "uscc": "uscc", "region": "region", "industry": "industry", "status": "status",
    "town": "town", "department": "department", "registered_on": "date", "as_of": "date", "valid_until": "end",
    "capital": "money", "revenue": "money", "amount": "money", "size": "money", "ticket": "money", "pay": "pay",
    "employees": "count", "people": "count", "seats": "count", "space": "area", "products": "words", "focus": "words",
    "fields": "words", "field": "words", "equipment": "words", "listed_code": "key", "scope": "scope",
    "details": "scope", "address": "address", "note": "note", "degree": "degree",
}  # fmt: skip
OWN_KINDS = {
    "needs": {"title": "need"}, "offers": {"title": "offer"}, "carriers": {"form": "carrier_form"},
    "institutions": {"form": "form"}, "statistics": {"as_of": "year"},
}  # fmt: skip
OTHER_UNITS = {
    "人民币万元": Unit("人民币万元", 10_000), "RMB mn": Unit("RMB mn", 1_000_000),
    "万港元": Unit("万港元", 10_000, "HKD"),
}  # fmt: skip
SUMMED = ("total", "subtotal", "of which")


@dataclass(frozen=True)
class Column:
    """A column: ``-`` as key is one the kind does not know, ``seq`` the running number."""

    key: str
    heading: str
    kind: str = ""
    unit: Unit = field(default_factory=Unit)
    habits: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()


def columns(kind: str, text: str) -> list[Column]:
    """The columns of a line such as ``capital@万元|注册资本|number 6, text``; ``;;`` sets them apart."""
    made = []
    for part in text.split(";;"):
        left, heading, *rest = [one.strip() for one in part.split("|")]
        key, _, unit = left.partition("@")
        heading = heading.replace("\\n", "\n").replace("_", "　")
        if key in ("-", "seq", "unit", "value", "indicator"):
            made.append(Column(key, heading, habits=tuple(rest[0].split("/")) if rest else ()))
            continue
        own = OWN_KINDS.get(kind, {}).get(key) or KINDS[key]
        asked = (rest[0] if rest else "*").replace("*", PLAN["usual"].get(own, "plain"))
        pairs = [one.split() for one in asked.split(",")]
        known = OTHER_UNITS.get(unit) or Unit(unit, MEASURES.get(unit, AREAS.get(unit, 1)))
        habits = tuple(pair[0] for pair in pairs)
        weights = tuple(float(pair[1]) if len(pair) > 1 else 1.0 for pair in pairs)
        made.append(Column(key, heading, own, known, habits, weights))
    return made


class Maker:
    """Makes one file: its sheets and its truth."""

    def __init__(self, seed: int, index: int) -> None:
        plans = PLAN["files"]
        self.plan: Mapping[str, Any] = plans[index % len(plans)]
        self.r = Random(f"second/{seed}/{index}")
        self.kind: str = self.plan["kind"]
        self.hidden: str = self.plan.get("hidden", "ask")
        self.used: set[str] = set()
        self.truth: dict[str, Any] = {
            "file": "", "form": f"{self.plan['hand']}: {self.plan['form']}", "kind": self.kind, "options": {},
            "refused": self.plan.get("refused", ""), "habits": [], "tables": [], "records": [], "left_out": [],
            "asked": [], "head": [],
        }  # fmt: skip
        if "hidden" in self.plan:
            self.truth["options"]["hidden"] = self.hidden
        self.habits = set(self.plan.get("habits", []))

    def make(self) -> tuple[list[Sheet], dict[str, Any]]:
        sheets = []
        for number, part in enumerate(self.plan.get("sheets", [self.plan]), 1):
            sheet = Sheet(part.get("sheet", f"Sheet{number}"), state=part.get("state", ""))
            sheets.append(sheet)
            kept = {name: list(self.truth[name]) for name in ("tables", "records", "left_out", "asked", "head")}
            for at, table in enumerate(part.get("tables", [part])):
                self._table(sheet, table, is_second=at > 0)
            if "cover" in part:
                self._name("left_out", sheet, None, "cover sheet")
            elif sheet.state and self.hidden != "take":
                self.truth |= kept
                self._name("asked" if self.hidden == "ask" else "left_out", sheet, None, "hidden sheet")
        self.truth["habits"] = sorted(self.habits)
        if self.plan.get("swallowed"):  # a quote that never closes takes all that follows into one cell
            first = self.truth["records"][0]
            self.truth |= {"records": [], "left_out": []}
            self.truth["asked"] = [{"sheet": first["sheet"], "row": first["row"], "habit": "quote never closed"}]
        if self.truth["refused"]:
            self.truth |= {"records": [], "left_out": [], "asked": [], "head": [], "tables": []}
        return sheets, self.truth

    def _name(self, part: str, sheet: Sheet, row: int | None, habit: str) -> None:
        self.truth[part].append({"sheet": sheet.name, "row": row, "habit": habit})
        self.habits.add(habit)

    # --- lines round the records

    def _lines(self, sheet: Sheet, lines: list[str], left: int, width: int) -> list[int]:
        """Lines above a table or on a cover: ``>`` sets them at the right, ``=`` over all columns."""
        rows = []
        for line in lines:
            at = left
            if line[:1] == ">":
                at, line = left + width - 1, line[1:]
            elif line[:1] == "=":
                line = line[1:]
                sheet.merge(len(sheet.rows) + 1, left, len(sheet.rows) + 1, left + width - 1)
            rows.append(sheet.add({at + step: one for step, one in enumerate(line.split("|"))} if line else {}))
        return rows

    def _heading(self, sheet: Sheet, plan: Mapping[str, Any], cols: list[Column], left: int) -> list[int]:
        """The heading, its upper levels first; a column below none of them reaches from the top to the bottom."""
        levels = plan.get("levels", [])
        rows = [sheet.add({}) for _ in range(len(levels) + 1)]
        covered = [0] * len(cols)
        for depth, level in enumerate(levels):
            for label, span in level.items():
                first, last = (int(one) for one in span.split("-"))
                sheet.put(rows[depth], left + first - 1, label.replace("\\n", "\n"))
                sheet.merge(rows[depth], left + first - 1, rows[depth], left + last - 1)
                for at in range(first - 1, last):
                    covered[at] = depth + 1
        for at, col in enumerate(cols):
            sheet.put(rows[covered[at]], left + at, col.heading)
            if covered[at] < len(levels) and col.heading:
                sheet.merge(rows[covered[at]], left + at, rows[-1], left + at)
        if "units" in plan:  # a row of units below the heading
            rows.append(sheet.add({left + int(at) - 1: text for at, text in plan["units"].items()}))
        if levels:
            self.habits.add(f"heading of {len(levels) + 1} rows")
        return rows

    def _event(self, sheet: Sheet, text: str, cols: list[Column], left: int, plan: Mapping[str, Any]) -> None:
        """One line that is no record: ``total 合计``, ``group= 一、……``, ``?group 城东``, ``blank``, ``heading``."""
        what, _, words = text.partition(" ")
        part, what = ("asked", what[1:]) if what[:1] == "?" else ("left_out", what)
        if what == "blank":
            sheet.add({})
            return
        if what == "heading":
            for row in self._heading(sheet, plan, cols, left):
                self._name(part, sheet, row, "heading again")
            return
        at = left
        if words[:1] == "@":
            mark, _, words = words.partition(" ")
            at += int(mark[1:]) - 1
        cells: dict[int, Any] = {at + step: one for step, one in enumerate(words.split("|")) if one}
        habit = what.rstrip("=").replace("_", " ")
        row = sheet.add(cells)
        if habit in SUMMED:
            self._sum(sheet, row, cols, left, habit)
        if what.endswith("="):
            sheet.merge(row, left, row, left + len(cols) - 1)
        if habit == "empty":  # numbered lines nobody filled
            return
        self._name(part, sheet, row, habit)

    def _sum(self, sheet: Sheet, row: int, cols: list[Column], left: int, habit: str) -> None:
        """The sums of a line: of all records so far, and in a subtotal of those since the last one."""
        since = self.since if habit == "subtotal" else 0
        for place, col in enumerate(cols):
            figures = [one for one in self.sums.get(col.key, [])[since:] if isinstance(one, int | float)]
            if figures:
                share = 0.4 if habit == "of which" else 1
                sheet.put(row, left + place, Cell(round(sum(figures) * share, 2), formula="=SUM(Z1:Z90)"))
        if habit == "subtotal":
            self.since = max(map(len, self.sums.values()), default=0)

    # --- records

    def _record(self, cols: list[Column], number: int, above: dict[str, Cell]) -> dict[int, Cell]:
        topic = self.r.choice(WORDS["indicators"])
        cells: dict[int, Cell] = {}
        for at, col in enumerate(cols):
            if col.key == "seq":
                style = self.r.choice(col.habits) if col.habits else "int"
                raw: Any = str(number) if style == "text" else f"{number:03}" if style == "zeros" else number
                cell = Cell(raw, formula="=ROW()-3" if style == "formula" else "")
            elif col.key == "-":
                pick = self.r.choice(col.habits) if col.habits else ""
                cell = Cell(float(pick[1:]) if pick[:1] == "#" else pick)
            elif col.kind == "name":
                cell = self._named(col)
            elif col.key in ("indicator", "unit"):
                cell = Cell(topic[col.key == "unit"], topic[col.key == "unit"], habit=f"{col.key}: as written")
            elif col.key == "value":
                is_part = topic[1] in ("%", "‰")  # whose habits begin with p
                habits = col.habits or PLAN["usual"]["percent" if is_part else "number"].split()
                habit = self.r.choice([one for one in habits if (one[0] == "p") == is_part])
                cell = write(self.r, "statistic", habit, Unit(topic[1]))
            else:
                habit = self.r.choices(col.habits, col.weights)[0]
                if habit == "ditto":
                    prior = above.get(col.key)
                    if prior is not None and prior.value and not prior.fault:
                        cell = Cell(self.r.choice(("同上", "〃", "同上")), prior.value, habit=f"{col.kind}: ditto")
                    else:
                        cell = write(self.r, col.kind, col.habits[0], col.unit, col.key)
                else:
                    cell = write(self.r, col.kind, habit, col.unit, col.key)
            cells[at] = cell
        said = {col.key: cells[at] for at, col in enumerate(cols)}
        told = "/".join(str(said[key].value) for key in ("indicator", "as_of") if key in said and "value" in said)
        is_again = any(one in said and said[one].value == above[one].value for one in ("title",) if one in above)
        if told in self.used or is_again:  # no value twice for a year, no need twice one after the other
            return self._record(cols, number, above)
        self.used |= {told} - {""}
        above |= said
        return cells

    def _named(self, col: Column) -> Cell:
        """A made name, once in a file; some begin like a line that is no record."""
        words = WORDS[{"carriers": "carrier_names", "funds": "fund_names", "institutions": "institute_names"}.get(
            self.kind, "firm_names"
        )]  # fmt: skip
        habit = self.r.choices(col.habits, col.weights)[0]
        while True:
            if habit == "trap":
                name = self.r.choice(words["traps"])
            else:
                forms = words.get(habit, words["forms"])
                name = "".join(self.r.choice(words[part]) for part in ("heads", "middles", "trades"))
                name += self.r.choice(forms)
            if name not in self.used:
                break
            habit = "plain"
        self.used.add(name)
        raw = {"padded": f"\u3000{name} ", "zero": f"\ufeff{name}\u200b", "wrapped": f"{name}\n"}.get(habit, name)
        return Cell(raw, name, habit=f"name: {habit}")

    def _table(self, sheet: Sheet, plan: Mapping[str, Any], is_second: bool) -> None:
        left = plan.get("left", 0) + 1
        if "cover" in plan:
            self._lines(sheet, plan["cover"], 1, 1)
            return
        cols = columns(self.kind, plan["columns"])
        if plan.get("other"):  # a table of another kind; nobody takes its lines for records
            for line in plan["other"]:
                self._name("asked", sheet, sheet.add(dict(enumerate(line.split("|"), left))), "table of another kind")
            return
        self.sums: dict[str, list[Any]] = {}
        self.since = 0
        rows = self._lines(sheet, plan.get("above", []), left, len(cols))
        headings = {col.key: col.heading for col in cols if col.key not in ("-", "seq")}
        self.truth["tables"].append(headings)
        if plan.get("cards"):
            self._cards(sheet, plan, cols)
            return
        blocks = plan.get("blocks", 1)
        cols_all = cols + (blocks - 1) * [Column("-", ""), *cols]
        rows += self._heading(sheet, plan, cols_all, left)
        if is_second:
            for row in rows:
                self._name("head", sheet, row, "head of a second table")
        if "numbers" in plan:
            row = sheet.add(dict(enumerate(plan["numbers"].split(), left)))
            self._name("left_out", sheet, row, "numbers of columns")
        events: dict[str, list[str]] = {}
        for text in plan.get("lines", []):
            after, _, rest = text.partition(" ")
            events.setdefault(after, []).append(rest)
        for text in events.get("0", []):
            self._event(sheet, text, cols_all, left, plan)
            total = len(sheet.rows) if text.startswith("total") else 0
        self._body(sheet, plan, cols, left, events, blocks)
        if "0" in events and total:  # a total above its records
            self._sum(sheet, total, cols, left, "total")
        for text in events.get("end", []):
            self._event(sheet, text, cols_all, left, plan)

    def _body(
        self,
        sheet: Sheet,
        plan: Mapping[str, Any],
        cols: list[Column],
        left: int,
        events: Mapping[str, list[str]],
        blocks: int,
    ) -> None:
        above: dict[str, Cell] = {}
        merged: dict[str, tuple[int, int]] = {}
        for line in range(1, plan["rows"] + 1):
            row = sheet.add({})
            for block in range(blocks):
                cells = self._record(cols, line + block * plan["rows"], above)
                start = left + block * (len(cols) + 1)
                for at, col in enumerate(cols):
                    size = plan.get("merged", {}).get(col.key, 1)
                    top, since = merged.get(col.key, (row, line))
                    if row - top >= size or any(str(one) in events for one in range(since, line)):
                        top, since = row, line
                    merged[col.key] = (top, since)
                    if top < row:
                        first = sheet.rows[top - 1][start + at]
                        cells[at] = replace(first, raw=None, shown=None, believed=None, habit=f"{col.kind}: merged")
                        sheet.merge(top, start + at, row, start + at)
                    sheet.put(row, start + at, cells[at])
                    figure = cells[at].raw if col.kind in ("money", "count", "area") else None
                    self.sums.setdefault(col.key, []).append(figure)
                self._tell(sheet, row, cols, cells, line in plan.get("hide", []))
            if line in plan.get("hide", []):
                sheet.hidden_rows.add(row)
            if line in plan.get("yellow", []):
                sheet.yellow.add(row)
            for key, text in plan.get("comments", {}).get(line, {}).items():
                sheet.comments[row, left + [col.key for col in cols].index(key)] = text
            if line in plan.get("beside", {}):
                sheet.put(row, left + len(cols) + 1, plan["beside"][line])
            for text in events.get(str(line), []):
                self._event(sheet, text, cols, left, plan)
        hidden = plan.get("hide_columns", [])
        sheet.hidden_cols |= {left + at for at, col in enumerate(cols) if col.key in hidden or col.heading in hidden}

    def _tell(self, sheet: Sheet, row: int | None, cols: list[Column], cells: dict[int, Cell], is_hidden: bool) -> None:
        told = {col.key: cells[at].truth for at, col in enumerate(cols) if col.key not in ("-", "seq")}
        if is_hidden and self.hidden != "take":
            self._name("asked" if self.hidden == "ask" else "left_out", sheet, row, "hidden row")
        elif told.get("status", {}).get("value") in ("closed", "revoked"):
            self._name("left_out", sheet, row, "firm that is no more")
        else:
            table = len(self.truth["tables"]) - 1
            self.truth["records"].append({"table": table, "sheet": sheet.name, "row": row, "cells": told})

    def _cards(self, sheet: Sheet, plan: Mapping[str, Any], cols: list[Column]) -> None:
        """One record after the other, each on lines of its own: heading, value, heading, value."""
        self.habits.add("cards")
        for number in range(1, plan["rows"] + 1):
            cells = self._record(cols, number, {})
            for at in range(0, len(cols), 2):
                pairs = [(cols[one].heading, cells[one]) for one in range(at, min(at + 2, len(cols)))]
                sheet.add(dict(enumerate([half for pair in pairs for half in pair], 1)))
            sheet.add({})
            self._tell(sheet, None, cols, cells, False)


def make(seed: int, number: int, folder: Path) -> list[Path]:
    """Write the files and their truths into the folder; answers the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for index in range(number):
        maker = Maker(seed, index)
        sheets, truth = maker.make()
        path = save(folder / f"b{index + 1:03}", maker.plan, sheets)
        truth["file"] = path.name
        document = json.dumps(truth, ensure_ascii=False, separators=(",", ":"))
        path.with_suffix(".json").write_text(document, encoding="utf-8")
        made.append(path)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--number", type=int, default=len(PLAN["files"]))
    options = parser.parse_args()
    print(f"{len(make(options.seed, options.number, options.folder))} files")


if __name__ == "__main__":
    main()
