"""An office at work: columns, headings, captions, records and all the lines that are none, and what they truly say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.corpus.books import Book, Formula, Sheet, Value
from tests.corpus.spelling import Place, Spelled, draw, empty, rules, spell, words_cell

FIGURES = ("money", "pay", "area", "count", "number")


@dataclass(frozen=True)
class Target:
    """The form of a file, and what it is able to hold."""

    name: str
    weight: int
    suffix: str
    writer: str
    office: str = ""  # the form LibreOffice makes of it
    keeps_numbers: bool = True
    merges: bool = True
    sheets: bool = True
    hides: bool = False
    formulas: str = ""
    counts_from_1904: bool = False


@dataclass
class Truth:
    """What the file says, for the one who keeps the score."""

    kind: str
    tables: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    head: list[dict[str, Any]] = field(default_factory=list)
    habits: set[str] = field(default_factory=set)
    options: dict[str, Any] = field(default_factory=dict)
    refused: str = ""
    names: set[str] = field(default_factory=set)

    def line(self, where: list[dict[str, Any]], sheet: Sheet, row: int | None, habit: str) -> None:
        """Note a line that is no record."""
        where.append({"sheet": sheet.name, "row": row, "habit": habit})

    def document(self, file: str, target: Target) -> dict[str, Any]:
        """The truth as it is kept beside the file."""
        return {
            "file": file, "form": target.name, "kind": self.kind, "options": self.options, "refused": self.refused,
            "habits": sorted(self.habits), "tables": self.tables, "records": self.records,
            "left_out": self.left_out, "asked": self.asked, "head": self.head,
        }  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its key (none where it is not read), type, heading, and the unit its figures take."""

    key: str
    type: str
    heading: str
    spec: Mapping[str, Any]
    unit: Mapping[str, Any] | None = None
    printed: str = ""  # the unit where it is printed apart from the heading


@dataclass(frozen=True)
class Plan:
    """The columns of one table and how their units are said."""

    kind: str
    columns: tuple[Column, ...]
    units: str
    caption: str
    uppers: tuple[tuple[str, int], ...] = ()


class Office:
    """One office at work on one file."""

    def __init__(self, rng: Random, target: Target) -> None:
        self.rng, self.target = rng, target
        kinds = rules("tables")["how_often"]
        self.truth = Truth(rng.choices(list(kinds), list(kinds.values()))[0])
        self.is_1904 = target.counts_from_1904 and self.chance(0.25)
        self.is_traditional = self.chance(0.06)
        self.n_blank_left = 1 if self.chance(0.06) else 0
        self.words = rules("tables")

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, name: str) -> Any:
        return self.rng.choice(self.words[name])

    # The book ------------------------------------------------------------------------------------------------------

    def book(self) -> Book:
        """All sheets of the file; the truth is noted on the way."""
        kind, sheets = self.truth.kind, []
        names = list(dict.fromkeys(self.rng.sample(self.words["sheet_names"], len(self.words["sheet_names"]))))
        if self.target.sheets and self.chance(0.2):
            sheets.append(self._cover())
        main = Sheet(names.pop())
        sheets.append(main)
        shape = self.rng.random()
        if kind == "firms" and shape < 0.05:
            self._cards(main)
        elif kind == "firms" and shape < 0.11:
            self._side_by_side(main)
        else:
            self._tables(main)
        if self.target.sheets:
            if self.chance(0.15):
                self.truth.habits.add("several sheets")
                sheets.append(Sheet(names.pop()))
                self._tables(sheets[-1])
            if self.chance(0.15):
                sheets.append(Sheet("Sheet3"))
        if self.target.hides and self.chance(0.15):
            sheets.append(self._hidden_sheet())
        if self.n_blank_left:
            self.truth.habits.add("blank column at the left")
            for sheet in sheets:
                sheet.rows = [[None, *row] for row in sheet.rows]
                sheet.merged = [(top, left + 1, bottom, right + 1) for top, left, bottom, right in sheet.merged]
        if self.is_1904:
            self.truth.habits.add("days from 1904")
        if self.is_traditional:
            self.truth.habits.add("traditional headings")
        return Book(sheets, self.is_1904)

    def _cover(self) -> Sheet:
        cover = self.words["cover"]
        sheet = Sheet(self.rng.choice(cover["names"]))
        for line in cover["lines"]:
            sheet.add([line])
        self.truth.habits.add("cover sheet")
        self.truth.line(self.truth.left_out, sheet, None, "cover sheet")
        return sheet

    def _hidden_sheet(self) -> Sheet:
        sheet = Sheet("旧表", is_hidden=True)
        before = len(self.truth.records)
        self._table(sheet, self._plan(), 3, is_plain=True)
        own, self.truth.records = self.truth.records[before:], self.truth.records[:before]
        self._set_hidden()
        self.truth.habits.add("hidden sheet")
        if self.truth.options["hidden"] == "take":
            self.truth.records += own
            return sheet
        self.truth.left_out = [line for line in self.truth.left_out if line["sheet"] != sheet.name]
        where = self.truth.left_out if self.truth.options["hidden"] == "leave" else self.truth.asked
        self.truth.line(where, sheet, None, "hidden sheet")
        return sheet

    def _set_hidden(self) -> None:
        self.truth.options.setdefault("hidden", self.rng.choice(["ask", "take", "leave"]))

    def _tables(self, sheet: Sheet) -> None:
        """One table, sometimes two of the kind below each other, sometimes one of another kind below."""
        self._table(sheet, self._plan(), self.rng.randrange(4, 15))
        if self.chance(0.08):
            self.truth.habits.add("two tables on a sheet")
            sheet.add([])
            before = len(sheet.rows)
            self._table(sheet, self._plan(), self.rng.randrange(2, 6), is_plain=True)
            own = {record["row"] for record in self.truth.records if record["sheet"] == sheet.name}
            own |= {line["row"] for line in self.truth.left_out if line["sheet"] == sheet.name}
            # Its title and heading need no name: they are the head of the table below.
            for row in range(before + 1, min(number for number in own if number > before)):
                self.truth.line(self.truth.head, sheet, row, "head of a second table")
        elif self.chance(0.05):
            self._foreign_table(sheet)

    def _foreign_table(self, sheet: Sheet) -> None:
        other = self.words["second_table"]
        sheet.add([])
        for row in [other["heading"], *other["rows"]]:
            self.truth.line(self.truth.asked, sheet, sheet.add(row), "table of another kind")
        self.truth.habits.add("table of another kind")

    # Columns and headings ------------------------------------------------------------------------------------------

    def _plan(self, keys: Sequence[str] = ()) -> Plan:
        specs = self.words["kinds"][self.truth.kind]["columns"]
        if not keys:
            needed = [key for key, spec in specs.items() if spec.get("required")]
            others = [key for key, spec in specs.items() if not spec.get("required") and "beside" not in spec]
            keys = [*needed, *self.rng.sample(others, self.rng.randrange(2, min(7, len(others)) + 1))]
            if self.chance(0.5):
                keys = [keys[0], *self.rng.sample(keys[1:], len(keys) - 1)]
            else:
                keys = [key for key in specs if key in keys]
        units = self.rng.choices(["heading", "caption", "row", "upper", "none"], [60, 16, 8, 7, 9])[0]
        beside = [key for key, spec in specs.items() if spec.get("beside") in keys]
        if beside and self.chance(0.12):
            units, keys = "none", [*keys, *beside]
            self.truth.habits.add("column of units")
        common = draw(self.rng, self.words["units"]["money"])
        columns = [self._column(key, specs[key], units, common) for key in keys]
        if self.chance(0.12):
            place = self.rng.randrange(1, len(columns) + 1)
            columns.insert(place, Column("", "unread", self.pick("unread"), {}))
        if self.chance(0.45):
            columns.insert(0, Column("", "index", self.rng.choice(["序号", "序号", "序 号", "编 号", "No."]), {}))
        columns, uppers = self._uppers(columns, units, common)
        self.truth.tables.append({column.key: self._say(column.heading) for column in columns if column.key})
        caption = ""
        if units == "caption":
            caption = self.rng.choice(self.words["captions"]["money"]).format(u=common["write"])
        elif self.chance(0.25):
            caption = self.rng.choice(self.words["captions"]["other"])
        return Plan(self.truth.kind, tuple(columns), units, caption, uppers)

    def _column(self, key: str, spec: Mapping[str, Any], units: str, common: Mapping[str, Any]) -> Column:
        heading, kind = self.rng.choice(spec["headings"]), spec["type"]
        column = Column(key, kind, heading, spec)
        if kind in ("money", "pay", "area"):
            own = draw(self.rng, self.words["units"][kind])
            in_heading = units == "heading" or (kind != "money" and units != "none") or self.chance(0.15)
            if units == "row":
                column = replace(column, unit=own, printed=own["write"])
            elif in_heading:
                column = replace(column, unit=own, heading=self._with_unit(heading, own["write"]))
                self.truth.habits.add("unit in the heading")
            elif units in ("caption", "upper"):
                column = replace(column, unit=common)
        elif kind == "count" and self.chance(0.5):
            if units == "row":
                column = replace(column, printed=spec["measure"])
            else:
                column = replace(column, heading=self._with_unit(heading, spec["measure"]))
        return column

    def _with_unit(self, heading: str, unit: str) -> str:
        return self.rng.choice(self.words["with_unit"]).format(h=heading, u=unit)

    def _uppers(
        self, columns: list[Column], units: str, common: Mapping[str, Any]
    ) -> tuple[list[Column], tuple[tuple[str, int], ...]]:
        """Headings over headings: the columns in order, and (words or nothing, how many columns)."""
        money = [column for column in columns if column.type == "money"]
        if units != "upper" and not (units == "heading" and self.chance(0.1)):
            return columns, ()
        rest = [column for column in columns if column not in money]
        uppers = [("", 1)] * len(rest)
        if money:
            names = self.words["upper_headings"]["money" if units == "upper" else "plain"]
            uppers.append((self.rng.choice(names).format(u=common["write"]), len(money)))
        if len(rest) >= 3 and self.chance(0.5):
            uppers[-2 - bool(money) :] = [(self.words["upper_headings"]["plain"][0], 2), *uppers[len(rest) :]]
        if not any(name for name, _ in uppers):
            return columns, ()
        self.truth.habits.add("heading of two rows")
        return rest + money, tuple(uppers)

    def _say(self, text: str) -> str:
        """A printed word, in traditional characters where the office writes them."""
        if not self.is_traditional:
            return text
        return "".join(self.words["traditional"].get(letter, letter) for letter in text)

    # One table -----------------------------------------------------------------------------------------------------

    def _table(self, sheet: Sheet, plan: Plan, n: int, is_plain: bool = False) -> None:
        width = len(plan.columns)
        if plan.caption or (not is_plain and self.chance(0.5)):
            self._titles(sheet, plan, width)
        heading = self._heading(sheet, plan)
        if not is_plain and self.chance(0.05):
            marks = ["甲", "乙", *[str(i) for i in range(1, width - 1)]][:width]
            self._aside(sheet, marks, "numbers of columns")
        groups = not is_plain and plan.kind != "statistics" and self.chance(0.12)
        repeats = not is_plain and n > 6 and not plan.uppers and plan.units != "row" and self.chance(0.1)
        first = len(sheet.rows) + 1
        for i in range(n):
            if groups and i % 4 == 0:
                self._group(sheet, plan, self.rng.randrange(2, 9), is_first=i == 0, first=first)
            if repeats and i == n // 2:
                if self.chance(0.5):
                    self._aside(sheet, [self.pick("page_ends")], "page end")
                self._aside(sheet, heading, "heading again")
            if i and not is_plain and self.chance(0.01):
                sheet.add([])
                self.truth.habits.add("blank line between records")
            self._record(sheet, plan, i)
        self._merge_towns(sheet, plan, first)
        if not is_plain:
            self._hide_rows(sheet, first)
            self._below(sheet, plan, first, n)

    def _titles(self, sheet: Sheet, plan: Plan, width: int) -> None:
        if self.chance(0.8):
            title = sheet.add([self.rng.choice(self.words["kinds"][plan.kind]["titles"])])
            if self.target.merges and self.chance(0.6):
                sheet.merged.append((title, 1, title, width))
            self.truth.habits.add("title")
        if plan.caption:
            place = self.rng.choice([0, width - 1])
            row: list[Value] = [None] * place + [self._say(plan.caption)]
            if place and "填报单位" not in plan.caption and self.chance(0.3):
                row[0] = "填报单位：示例局"
            number = sheet.add(row)
            if self.target.merges and place == 0 and self.chance(0.4):
                sheet.merged.append((number, 1, number, width))
            self.truth.habits.add("unit in the caption" if plan.units == "caption" else "caption")
        elif self.chance(0.3):
            sheet.add([])

    def _heading(self, sheet: Sheet, plan: Plan) -> list[Value]:
        lower: list[Value] = [self._say(column.heading) for column in plan.columns]
        if plan.uppers:
            upper: list[Value] = []
            top = len(sheet.rows) + 1
            for name, span in plan.uppers:
                left = len(upper) + 1
                if name:
                    upper += [self._say(name)] + [None] * (span - 1)
                    if self.target.merges and span > 1:
                        sheet.merged.append((top, left, top, left + span - 1))
                else:
                    upper.append(lower[left - 1])
                    lower[left - 1] = None
                    if self.target.merges:
                        sheet.merged.append((top, left, top + 1, left))
            sheet.add(upper)
        sheet.add(lower)
        if any(column.printed for column in plan.columns):
            is_bracketed = self.chance(0.4)
            sheet.add([f"（{c.printed}）" if c.printed and is_bracketed else c.printed for c in plan.columns])
            self.truth.habits.add("row of units")
        return lower

    def _aside(self, sheet: Sheet, row: Sequence[Value], habit: str) -> int:
        number = sheet.add(row)
        self.truth.line(self.truth.left_out, sheet, number, habit)
        self.truth.habits.add(habit)
        return number

    def _group(self, sheet: Sheet, plan: Plan, n: int, *, is_first: bool, first: int) -> None:
        if not is_first and self.chance(0.4):
            self._total(sheet, plan, self.pick("subtotals"), first, "subtotal")
        if self.target.merges and self.chance(0.5):
            row = self._aside(sheet, [self.pick("groups_merged")], "group title over all columns")
            sheet.merged.append((row, 1, row, len(plan.columns)))
        elif self.chance(0.1):
            row = sheet.add([self.pick("groups_open")])
            self.truth.line(self.truth.asked, sheet, row, "group title that may be a record")
        else:
            self._aside(sheet, [self.pick("groups").format(n=n)], "group title")

    def _below(self, sheet: Sheet, plan: Plan, first: int, n: int) -> None:
        if plan.kind != "statistics" and self.chance(0.4):
            self._total(sheet, plan, self.pick("totals").format(n=n), first, "total")
            if self.chance(0.2):
                self._total(sheet, plan, self.pick("of_which"), first, "of which")
        if self.chance(0.35):
            if self.chance(0.4):
                sheet.add([])
            for note in self.rng.sample(self.words["notes"], self.rng.randrange(1, 3)):
                row = self._aside(sheet, [note], "note")
                if self.target.merges and self.chance(0.5):
                    sheet.merged.append((row, 1, row, len(plan.columns)))
        if self.chance(0.25):
            cells = self.pick("signatures")
            habit = "signature with a personal number" if "1380" in str(cells) else "signature"
            self._aside(sheet, cells, habit)

    def _total(self, sheet: Sheet, plan: Plan, label: str, first: int, habit: str) -> None:
        """A label in the first column or under the names, figures under the money and the counts."""
        row: list[Value] = [None] * len(plan.columns)
        place = 1 if plan.columns[0].type == "index" and self.chance(0.5) else 0
        row[place] = label
        last = len(sheet.rows)
        for j, column in enumerate(plan.columns):
            if column.type in FIGURES and j != place:
                numbers = [line[j] for line in sheet.rows[first - 1 :] if j < len(line)]
                total = sum(value for value in numbers if isinstance(value, int | float))
                letter = chr(ord("A") + j + self.n_blank_left)
                is_formula = self.target.keeps_numbers and self.target.formulas and self.chance(0.6)
                if is_formula and all(value is None or isinstance(value, int | float | str) for value in numbers):
                    row[j] = Formula(f"=SUM({letter}{first}:{letter}{last})", round(total, 2))
                else:
                    row[j] = self._number(round(total, 2) or 300)
        number = self._aside(sheet, row, habit)
        if place == 0 and self.target.merges and row[1:2] == [None] and self.chance(0.4):
            sheet.merged.append((number, 1, number, 2))

    def _number(self, number: float) -> Value:
        return number if self.target.keeps_numbers else str(number)

    def _hide_rows(self, sheet: Sheet, first: int) -> None:
        if not (self.target.hides and self.chance(0.12)):
            return
        own = [record for record in self.truth.records if record["sheet"] == sheet.name and record["row"]]
        if len(own) < 3:
            return
        self._set_hidden()
        self.truth.habits.add("hidden rows")
        for record in self.rng.sample(own, self.rng.randrange(1, 3)):
            sheet.hidden.add(record["row"])
            if self.truth.options["hidden"] == "take":
                continue
            self.truth.records.remove(record)
            where = self.truth.asked if self.truth.options["hidden"] == "ask" else self.truth.left_out
            self.truth.line(where, sheet, record["row"], "hidden row")

    def _merge_towns(self, sheet: Sheet, plan: Plan, first: int) -> None:
        """Merge the towns of two or three records that follow each other; the value holds for each."""
        places = [j for j, column in enumerate(plan.columns, 1) if column.type in ("town", "bureau")]
        if not (places and self.target.merges and self.chance(0.5)):
            return
        j, column = places[0], plan.columns[places[0] - 1]
        own = {record["row"]: record for record in self.truth.records if record["sheet"] == sheet.name}
        row = first
        while row < len(sheet.rows):
            size = self.rng.randrange(1, 4)
            rows = list(range(row, row + size))
            row += size
            if size < 2 or any(number not in own for number in rows):
                continue
            value = self.pick(column.type)
            for number in rows:
                sheet.rows[number - 1][j - 1] = value if number == rows[0] else None
                own[number]["cells"][column.key] = {"value": value, "habit": f"{column.type}: merged"}
            sheet.merged.append((rows[0], j, rows[-1], j))
            self.truth.habits.add("merged cells")

    # One record ----------------------------------------------------------------------------------------------------

    def _record(self, sheet: Sheet, plan: Plan, i: int) -> None:
        row, cells = self._cells(plan, i)
        number = sheet.add(row)
        self._note(sheet, number, cells)

    def _note(self, sheet: Sheet, number: int | None, cells: dict[str, dict[str, Any]]) -> None:
        status = cells.get("status", {})
        if status.get("value", "live") not in (None, "live"):
            self.truth.line(self.truth.left_out, sheet, number, "firm that is no more")
        else:
            table = len(self.truth.tables) - 1
            self.truth.records.append({"table": table, "sheet": sheet.name, "row": number, "cells": cells})

    def _cells(self, plan: Plan, i: int) -> tuple[list[Value], dict[str, dict[str, Any]]]:
        """A row that has at least two things to say, and what it says."""
        while True:
            row: list[Value] = []
            cells: dict[str, dict[str, Any]] = {}
            context: dict[str, Any] = {}
            by_key: dict[str, Spelled] = {}
            # The unit of an indicator settles how its value may be written, wherever its column is.
            first = ("indicator", "unit", "money_unit")
            for column in sorted(plan.columns, key=lambda column: column.type not in first):
                if column.key:
                    by_key[column.key] = self._cell(column, context)
            for column in plan.columns:
                if not column.key:
                    unread = self.words["unread_cells"].get(column.heading, [""])
                    row.append(self._number(i + 1) if column.type == "index" else self.rng.choice(unread))
                    continue
                row.append(by_key[column.key].raw)
                cells[column.key] = by_key[column.key].truth
            # One figure or code at least beside the name: a name alone may be a title.
            is_fault = sum(bool(cell.get("fault")) for cell in cells.values())
            if sum(not cell.is_empty for cell in by_key.values()) >= 2 and is_fault <= 1:
                return row, cells

    def _cell(self, column: Column, context: dict[str, Any]) -> Spelled:
        kind, spec = column.type, column.spec
        if kind == "money_unit":
            context[spec["beside"]] = unit = draw(self.rng, self.words["units"]["money"])
            return Spelled(unit["write"], {"value": unit["write"], "habit": "money_unit: as written"})
        if kind in ("indicator", "unit"):
            if not context:
                context.update(self.rng.choice(self.words["indicators"]))
            return Spelled(context[kind], {"value": context[kind], "habit": f"{kind}: as written"})
        if not spec.get("required") and self.chance(0.08):
            is_words = kind in (
                "town",
                "bureau",
                "address",
                "note",
                "scope",
                "status",
                "form",
                "degree",
                "carrier_form",
            )
            return empty(self.rng, "words" if is_words or kind == "words" else kind)
        place = Place(
            keeps_numbers=self.target.keeps_numbers,
            formulas=self.target.formulas,
            is_1904=self.is_1904,
            unit=context.get(column.key, column.unit) if kind in ("money", "pay", "area") else None,
            measure=context.get("unit", spec.get("measure", "")),
        )
        if kind in rules("spellings"):
            return spell(self.rng, kind, place)
        return self._words(kind, place)

    def _words(self, kind: str, place: Place) -> Spelled:
        if kind in ("name", "institute", "carrier", "fund"):
            return self._name(kind)
        if kind == "words":
            things = self.rng.sample(self.words["words"], self.rng.randrange(1, 4))
            text = self.rng.choice(self.words["word_marks"]).join(things)
            return Spelled(text, {"value": things, "habit": "words: list"})
        entries = self.words[kind]
        if isinstance(entries[0], Mapping):
            cell = words_cell(self.rng, draw(self.rng, entries), kind, place.keeps_numbers)
            if "value" in cell.truth and isinstance(cell.raw, int):
                cell.truth["habit"] = f"{kind}: as a number"
            return cell
        return words_cell(self.rng, {"write": self.rng.choice(entries)}, kind, place.keeps_numbers)

    def _name(self, kind: str) -> Spelled:
        parts = self.words[kind]
        while True:
            is_trap = self.chance(self.words["traps_share"])
            if is_trap:
                name = self.rng.choice(parts["traps"])
            else:
                order = ("heads", "middles", "trades", "forms")
                name = "".join(self.rng.choice(parts[part]) for part in order)
            if kind == "name" and not is_trap and self.chance(0.3):
                name = name.replace("示例", f"示例{self.rng.choice(self.words['name']['middles'])}", 1)
            if name not in self.truth.names:
                break
        self.truth.names.add(name)
        raw = self.rng.choice([name] * 8 + [f"{name} ", f"　{name}"])
        habit = "name like a line that is no record" if is_trap else "name"
        return Spelled(raw, {"value": name, "habit": f"{kind}: {habit}"})

    # Other shapes --------------------------------------------------------------------------------------------------

    def _side_by_side(self, sheet: Sheet) -> None:
        """Two tables of the same columns beside each other, filled down."""
        plan = self._plan(["name", "capital"])
        plan = replace(plan, uppers=(), caption="" if plan.units != "caption" else plan.caption)
        if plan.units in ("row", "upper"):
            return self._tables(sheet)
        if plan.caption:
            self._titles(sheet, plan, 2 * len(plan.columns))
        gap: list[Value] = [None] if self.chance(0.4) else []
        heading: list[Value] = [self._say(column.heading) for column in plan.columns]
        sheet.add([*heading, *gap, *heading])
        n = self.rng.randrange(3, 7)
        for i in range(n):
            left, right = self._cells(plan, i), self._cells(plan, i + n)
            number = sheet.add([*left[0], *gap, *right[0]])
            self._note(sheet, number, left[1])
            self._note(sheet, number, right[1])
        self.truth.habits.add("tables side by side")
        return None

    def _cards(self, sheet: Sheet) -> None:
        """Cards of one firm each: labels and values in turns."""
        plan = self._plan(["name", "town", "capital", "registered_on", "employees", "address"])
        columns = [column for column in plan.columns if column.key]
        # A card has no caption and no row of units: only what the heading says holds.
        plan = replace(plan, columns=tuple(c if _has_unit(c) else replace(c, unit=None) for c in columns))
        for i in range(self.rng.randrange(1, 4)):
            if i:
                sheet.add([])
            row, cells = self._cells(plan, i)
            pairs: list[Value] = []
            for column, value in zip(plan.columns, row, strict=True):
                pairs += [self._say(column.heading), value]
            for start in range(0, len(pairs), 4):
                sheet.add(pairs[start : start + 4])
            self._note(sheet, None, cells)
        self.truth.habits.add("cards")


def _has_unit(column: Column) -> bool:
    return bool(column.unit) and column.unit["write"] in column.heading
