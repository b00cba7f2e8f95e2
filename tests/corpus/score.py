"""Read the corpus by the product's public function and count, cell by cell, what came of it.

``python -m tests.corpus.score DIR…`` scores the files of folders made by ``tests.corpus.generate``; without a folder it
makes seed 1 and adds the files kept in ``tests/corpus/files``. A cell is

- right: its value, or a fault where nobody can read it
- wrong without a word: another value, or a value where there is none
- refused: reported as a fault although it can be read
- kept back: sound, but its row or its file is held for another cell, so that its value cannot be seen

and a line is right, taken as a record, lost without a name, or asked about although it is clear.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isclose
from pathlib import Path
from random import Random
from typing import Any

from tests.corpus.generate import FILES, corpus
from tests.corpus.spelling import Place, Spelled, fits, rules, write

from duijie.cells import Cell, CellType, read
from duijie.errors import DuijieError
from duijie.intake import read_table

TODAY = date(2026, 11, 28)
BAR = 0.99
MARKS = ("right", "wrong", "refused", "kept back", "lost")


@dataclass
class Tally:
    """Counts of cells and lines, by habit; and each failure in words."""

    cells: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    by_habit: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[str] = field(default_factory=list)

    @property
    def share_right(self) -> float:
        """The share of right cells among those whose value could be seen."""
        return self.cells["right"] / max(1, sum(self.cells[mark] for mark in MARKS if mark != "kept back"))

    @property
    def n_wrong(self) -> int:
        """What is wrong without a word: cells, lines taken as records, lines lost, files, numbers of persons."""
        silent = ("taken as a record", "lost without a name", "file not refused", "number of a person repeated")
        return self.cells["wrong"] + sum(self.lines[mark] for mark in silent)

    def cell(self, mark: str, habits: Iterable[str], text: str = "") -> None:
        self.cells[mark] += 1
        for habit in habits:
            self.by_habit[habit][mark] += 1
        if mark in ("wrong", "refused", "lost"):
            self.failures.append(f"{mark}: {text}")

    def line(self, mark: str, habit: str, text: str = "") -> None:
        self.lines[mark] += 1
        self.by_habit[f"line: {habit}"][mark] += 1
        if mark != "right":
            self.failures.append(f"{mark}: {text}")


def same(found: Any, right: Any) -> bool:
    """Whether a value is the right one; nothing, the empty text and the empty list are one."""
    if right is None or found is None:
        return (right or None) == (found or None)
    if isinstance(right, list | tuple):
        return len(found) == len(right) and all(map(same, found, right))
    if isinstance(right, float | int):
        return isinstance(found, float | int) and isclose(found, right, rel_tol=1e-9)
    return isinstance(found, str) and " ".join(found.split()) == " ".join(str(right).split())


def score_file(path: Path, truth: Mapping[str, Any], tally: Tally) -> None:
    """Read one file and count."""
    whole = [f"file: {habit}" for habit in (truth["form"], *truth["habits"])]
    try:
        intake = read_table(path, truth["kind"], today=TODAY, **truth["options"])
    except DuijieError as error:
        _count_refused(path, truth, tally, whole, f"{error.code} {dict(error.values)}", error.where.get("row"))
        return
    except Exception as error:  # a reader that breaks is a failure of that file, not of the score
        _count_refused(path, truth, tally, whole, f"BROKEN {type(error).__name__}: {error}")
        tally.lines["broken"] += 1
        return
    if truth["refused"]:
        tally.line("file not refused", truth["refused"], f"{path.name} {truth['refused']}")
        return
    _Reading(path, truth, tally, whole, intake).count()


def _count_refused(
    path: Path, truth: Mapping[str, Any], tally: Tally, whole: list[str], why: str, row: int | None = None
) -> None:
    """Right where nothing of the file can be read, and the refusal names the line that spoils it where there is one."""
    lines = [line["habit"] for line in truth["asked"] if line["row"] == row and not truth["records"]]
    if truth["refused"] or lines:
        tally.line("right", truth["refused"] or lines[0])
        return
    tally.failures.append(f"whole file refused: {path.name} ({truth['form']}): {why}")
    tally.lines["whole file refused"] += 1
    for record in truth["records"]:
        for cell in record["cells"].values():
            tally.cells["refused"] += 1
            for habit in [*whole, cell["habit"]]:
                tally.by_habit[habit]["refused"] += 1


def _rows(text: Any) -> set[int]:
    """The rows of "7–8、11"; empty where a fault names none."""
    parts = [part.split("–") for part in str(text or "").split("、") if part]
    return {row for part in parts for row in range(int(part[0]), int(part[-1]) + 1)}


class _Reading:
    """What the reader answered for one file, beside the truth."""

    def __init__(self, path: Path, truth: Mapping[str, Any], tally: Tally, whole: list[str], intake: Any) -> None:
        self.path, self.truth, self.tally, self.whole, self.intake = path, truth, tally, whole, intake
        lines = [line for part in ("records", "left_out", "asked") for line in truth[part]]
        self.has_sheets = len({line["sheet"] for line in lines}) > 1
        self.key = {"needs": "party", "offers": "party", "talents": "party", "statistics": "indicator"}.get(
            truth["kind"], "name"
        )
        self.rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in intake.table.to_pylist():
            self.rows[self._place(row["source_sheet"], row["source_row"])].append(row)
        self.faults: dict[Any, list[Any]] = defaultdict(list)
        for fault in intake.faults:
            self.faults[self._place(fault.where.get("sheet", ""), fault.where.get("row"))].append(fault)
            for row in _rows(fault.values.get("rows")):
                self.faults[self._place(fault.where.get("sheet", ""), row)].append(fault)
        self.named = {self._place(line.sheet, line.row): line for line in intake.left_out}

    def _place(self, sheet: str, row: int | None) -> tuple[str, int | None]:
        return (sheet if self.has_sheets else "", row)

    def _say(self, sheet: str, row: int | None, text: str) -> str:
        return f"{self.path.name} ({self.truth['form']}) {sheet}!{row} {text}"

    def count(self) -> None:
        for record in self.truth["records"]:
            self._record(record)
        for line in self.truth["left_out"]:
            self._left_out(line)
        for line in self.truth["asked"]:
            self._asked(line)
        self._unforeseen()

    def _record(self, record: Mapping[str, Any]) -> None:
        sheet, row, cells = record["sheet"], record["row"], record["cells"]
        name = cells[self.key].get("value")
        place = self._place(sheet, row)
        found = self._row(place, name)
        faults = self.faults[place] if row else [f for some in self.faults.values() for f in some]
        if found is None and not faults:
            is_named = place in self.named or self._is_left_out(sheet)
            mark = "refused" if is_named else "lost"
            self.tally.line(
                "left out by name" if mark == "refused" else "lost without a name",
                "record",
                self._say(sheet, row, f"{name} {self.named.get(place, '')}"),
            )
            for cell in cells.values():
                self.tally.cells[mark] += 1
                for habit in [*self.whole, cell["habit"]]:
                    self.tally.by_habit[habit][mark] += 1
            return
        believed = json.loads(found.get("confidences") or "{}") if found else {}
        faulty = {self._key(fault) for fault in faults}
        for key, cell in cells.items():
            mark, text = self._judge(key, cell, found, faulty, faults)
            if mark == "wrong" and (found.get(key) or None) is None and self._is_told(record, key):
                mark, text = "kept back" if cell.get("fault") else "refused", "heading not known, and told"
            self.tally.cell(
                mark, [*self.whole, cell["habit"]], self._say(sheet, row, f"{key} [{cell['habit']}] {text}")
            )
            if mark == "right" and found and "value" in cell and cell["value"] is not None:
                right, got = cell.get("believed", 1), believed.get(key, 1)
                if key not in (found.get("inferred") or []) and got != right:
                    self.tally.line(
                        "belief wrong", cell["habit"], self._say(sheet, row, f"{key}: {got}, right {right}")
                    )

    def _is_told(self, record: Mapping[str, Any], key: str) -> bool:
        """Whether the column's heading is named among those that were not read."""
        if any(fault.code == "column_missing" and fault.values.get("key") == key for fault in self.intake.faults):
            return True
        heading = "".join(self.truth["tables"][record["table"]][key].split())
        return any(
            "".join(name.split()).split("/", 1)[-1] in heading or heading in "".join(name.split())
            for name in self.intake.unknown
        )

    def _row(self, place: tuple[str, int | None], name: str | None) -> dict[str, Any] | None:
        """The row read at a place; on cards, and where two records share a line, by its name."""
        rows = self.rows[place] if place[1] else [row for some in self.rows.values() for row in some]
        if place[1] and len(rows) == 1:
            twins = [r for r in self.truth["records"] if self._place(r["sheet"], r["row"]) == place]
            if len(twins) == 1:
                return rows[0]
        return next((row for row in rows if same(row.get(self.key), name)), None)

    def _key(self, fault: Any) -> str:
        column = fault.where.get("column", "")
        return self.intake.columns.get(column) or next(
            (key for heading, key in self.intake.columns.items() if heading.split("#")[0] == column), ""
        )

    def _judge(
        self, key: str, cell: Mapping[str, Any], found: Mapping[str, Any] | None, faulty: set[str], faults: list[Any]
    ) -> tuple[str, str]:
        told = [f"{fault.code} {dict(fault.values)}" for fault in faults if self._key(fault) in (key, "")]
        if cell.get("fault"):
            if found is None and (key in faulty or "" in faulty):
                return "right", ""
            if found is None:
                return "kept back", ""
            return "wrong", f"not readable, read as {found.get(key)!r}"
        if found is None:
            if key in faulty:
                return "refused", f"right {cell['value']!r}: {told}"
            others = any(other.get("fault") for other in self._siblings(faults))
            return ("kept back", "") if others or faulty - {""} else ("refused", f"{told}")
        value = found.get(key)
        if cell["value"] is None and key in (found.get("inferred") or []):
            return "right", ""
        if not same(value, cell["value"]):
            return "wrong", f"{value!r}, right {cell['value']!r}"
        if "currency" in cell and found.get(f"{key}_currency") != cell["currency"]:
            return "wrong", f"{found.get(f'{key}_currency')!r}, right {cell['currency']!r}"
        return "right", ""

    def _siblings(self, faults: list[Any]) -> list[Mapping[str, Any]]:
        rows = {fault.where.get("row") for fault in faults}
        return [cell for r in self.truth["records"] if r["row"] in rows for cell in r["cells"].values()]

    def _left_out(self, line: Mapping[str, Any]) -> None:
        place = self._place(line["sheet"], line["row"])
        if line["row"] is None:
            is_named = self._is_left_out(line["sheet"])
            is_taken = any(sheet == line["sheet"] and rows for (sheet, _), rows in self.rows.items())
            is_fault = any(sheet == line["sheet"] and some for (sheet, _), some in self.faults.items())
        else:
            is_named = place in self.named or self._is_left_out(line["sheet"])
            is_taken, is_fault = bool(self.rows[place]), bool(self.faults[place])
        mark = (
            "taken as a record" if is_taken
            else "asked though clear" if is_fault
            else "right" if is_named
            else "lost without a name"
        )  # fmt: skip
        told = [fault.code for fault in self.faults[place]] if line["row"] else ""
        self.tally.line(mark, line["habit"], self._say(*place, f"{line['habit']} {told}"))
        # the made numbers are 138 and zeros; 13800件 of an order is nobody's
        if place in self.named and line["row"] and re.search(r"138[- ]?0{4}[- ]?0{4}", self.named[place].text):
            self.tally.line("number of a person repeated", line["habit"], self._say(*place, line["habit"]))

    def _is_left_out(self, sheet: str) -> bool:
        """Whether the sheet is named as left out as a whole."""
        return any(one.sheet == sheet and not one.row for one in self.intake.left_out)

    def _asked(self, line: Mapping[str, Any]) -> None:
        place = self._place(line["sheet"], line["row"])
        if line["row"] is None:
            is_told = any(sheet == line["sheet"] and some for (sheet, _), some in self.faults.items())
            is_told |= any(one.sheet == line["sheet"] for one in self.intake.left_out)
            is_taken = any(sheet == line["sheet"] and rows for (sheet, _), rows in self.rows.items())
        else:
            is_told, is_taken = bool(self.faults[place]) or place in self.named, bool(self.rows[place])
        mark = "taken as a record" if is_taken else "right" if is_told else "lost without a name"
        self.tally.line(mark, line["habit"], self._say(*place, line["habit"]))

    def _unforeseen(self) -> None:
        """Rows that stand nowhere in the truth, and faults of the file as a whole."""
        known = {
            self._place(line["sheet"], line["row"])
            for part in ("records", "left_out", "asked", "head")
            for line in self.truth[part]
        }
        sheets = {line["sheet"] for line in [*self.truth["asked"], *self.truth["left_out"]] if line["row"] is None}
        if any(record["row"] is None for record in self.truth["records"]):
            return
        for (sheet, row), some in [*self.rows.items(), *self.faults.items()]:
            if some and (sheet, row) not in known and sheet not in sheets:
                is_row = isinstance(some[0], dict)
                what = "a row from nowhere" if is_row else [(f.code, dict(f.values)) for f in some]
                self.tally.line(
                    "taken as a record" if is_row else "asked though clear",
                    "line from nowhere",
                    self._say(sheet, row, str(what)),
                )


def score(folders: Iterable[Path]) -> Tally:
    """The tally of all files of the folders."""
    tally = Tally()
    for folder in folders:
        for document in sorted(folder.glob("*.json")):
            truth = json.loads(document.read_text(encoding="utf-8"))
            score_file(folder / truth["file"], truth, tally)
    return tally


# The types by which single cells are read besides, with the units a heading may give; period, range and share stand
# in no table of an office but in the forms and the kinds of match.
PLAIN = {
    "money": (CellType("money"), ("", "万元")),
    "number": (CellType("number"), ("",)),
    "percent": (CellType("number"), ("%",)),
    "share": (CellType("share"), ("", "%")),
    "range": (CellType("range"), ("",)),
    "uscc": (CellType("uscc"), ("",)),
    "key": (CellType("key"), ("",)),
    "date": (CellType("date"), ("",)),
    "end": (CellType("date", is_end=True), ("",)),
    "period": (CellType("period"), ("",)),
}


def score_cells(seed: int, tally: Tally, each: int = 5) -> None:
    """Each habit of each plain type, some cells of each, read by themselves."""
    rng = Random(f"{seed}/cells")
    for name, (kind, units) in PLAIN.items():
        for unit in units:
            known = {"write": unit, "times": 10000 if unit == "万元" else 1, "currency": "CNY"} if unit else None
            place = Place(unit=known)
            for entry in rules("spellings")[name]:
                if not fits(entry, place) or "{measure}" in entry["write"]:
                    continue
                for _ in range(each):
                    cell = write(rng, name, entry, place)
                    mark, text = _judge_cell(read(cell.raw, kind, unit), cell)
                    said = f"cell {cell.raw!r} under {unit!r} [{cell.truth['habit']}] {text}"
                    tally.cell(mark, [f"cell: {cell.truth['habit']}"], said)


def _judge_cell(found: Cell, cell: Spelled) -> tuple[str, str]:
    if found.wrong:
        return ("right", "") if cell.truth.get("fault") else ("refused", found.wrong.code)
    if cell.truth.get("fault"):
        return "wrong", f"not readable, read as {found.value!r}"
    right = cell.truth["value"]
    if not same(found.value, right) or (right is not None and cell.truth.get("currency", found.extra) != found.extra):
        return "wrong", f"{found.value!r} {found.extra or ''}, right {right!r}"
    return "right", ""


def report(tally: Tally, is_full: bool = False) -> str:
    """The tally as a table, habits with failures first."""
    lines = [f"cells  {dict(tally.cells)}", f"lines  {dict(tally.lines)}"]
    lines.append(f"right {tally.share_right:.4f} of the cells seen; wrong without a word: {tally.n_wrong}")
    lines.append(f"{'habit':56}{'right':>7}{'wrong':>7}{'refused':>9}{'kept':>6}{'lost':>6}  other")

    def badness(item: tuple[str, Counter[str]]) -> tuple[int, str]:
        return -sum(n for mark, n in item[1].items() if mark not in ("right", "kept back")), item[0]

    for habit, counts in sorted(tally.by_habit.items(), key=badness):
        other = {mark: n for mark, n in counts.items() if mark not in MARKS}
        lines.append(
            f"{habit:56}{counts['right']:7}{counts['wrong']:7}{counts['refused']:9}{counts['kept back']:6}"
            f"{counts['lost']:6}  {other or ''}"
        )
    if is_full:
        lines += ["", *tally.failures]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--failures", action="store_true", help="each failure in a line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folders = options.folders
        if not folders:
            corpus(options.seed, options.number, Path(made))
            folders = [Path(made), FILES]
        tally = score(folders)
    score_cells(options.seed, tally)
    print(report(tally, options.failures))
    return 0 if tally.share_right >= BAR and tally.n_wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
