"""Reads the five result documents in one language: texts, sentences, numbers and figures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from duijie.data import evidence_rules, sentence, words
from duijie.terms import Language

from .blocks import Cell, Drill, Figure, Heading, Paragraph

__all__ = ["Reading"]

Record = Mapping[str, Any]
_BRACKETS = re.compile(r"[(（].*?[)）]")


@dataclass(frozen=True)
class Reading:
    """The results of a run as one language reads them."""

    results: Mapping[str, Record]
    language: Language

    def document(self, name: str) -> Record:
        """One of the five documents; empty where the run did not make it."""
        return self.results.get(name) or {}

    def rows(self, name: str, key: str) -> Sequence[Record]:
        """The list under `key` of a document; empty where there is none."""
        return self.document(name).get(key) or ()

    @property
    def agreement(self) -> Record:
        """Title, sides, date, banner: what the tracking document says of the agreement itself."""
        track = self.document("track")
        named = track.get("agreement")
        return {**track, **named} if isinstance(named, Mapping) else track

    @property
    def regions(self) -> tuple[str, ...]:
        """The codes of the sides in the agreement's order."""
        known = self.rows("diagnose", "regions") or self.agreement.get("sides") or ()
        return tuple(str(one["code"]) for one in known)

    def region(self, code: str) -> str:
        """A region's short name, or its code where no document names it."""
        for one in (*(self.agreement.get("sides") or ()), *self.rows("diagnose", "regions")):
            if one["code"] == code:
                return self.text(one.get("short")) or self.text(one["name"])
        return code

    def product(self, one: Mapping[str, Any], word: str) -> str:
        """A product word of a class in this language, as the class names it."""
        return self.text((one.get("names") or {}).get(word, word))

    def text(self, value: Any) -> str:
        """A text in this language, or in the other one where it is absent."""
        if isinstance(value, Mapping):
            if "name" in value:
                return self.text(value["name"])
            other = "en" if self.language == "zh" else "zh"
            return str(value.get(self.language) or value.get(other) or "")
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self.joined(self.text(one) for one in value)
        return "" if value is None else str(value)

    def joined(self, texts: Any) -> str:
        """Texts listed as the language lists them."""
        return self.say("report_comma").join(one for one in texts if one)

    def say(self, code: str, **values: Any) -> str:
        """The sentence of a code."""
        return sentence(code, self.language, values)

    def word(self, family: str, value: Any) -> str:
        """The word for one value of a closed list; a value nobody named shows itself."""
        code = f"report_{family}_{value}"
        return self.say(code) if code in words(self.language) else str(value)

    def columns(self, *names: str) -> tuple[str, ...]:
        """The headings of a table."""
        return tuple(self.say(f"report_column_{name}") for name in names)

    def parts(self, code: str, **values: Cell) -> tuple[Cell, ...]:
        """The sentence of a code in pieces, so that its figures stay figures."""
        pieces: list[Cell] = []
        for literal, name, _, _ in Formatter().parse(words(self.language)[code]):
            if literal:
                pieces.append(literal)
            if name is not None:
                pieces.append(values[name])
        return tuple(pieces)

    def paragraph(self, code: str, **values: Cell) -> Paragraph:
        """The sentence of a code as running text."""
        return Paragraph(self.parts(code, **values))

    def note(self, code: str, **values: Cell) -> Paragraph:
        """The sentence of a code, set small."""
        return Paragraph(self.parts(code, **values), "note")

    def absent(self, document: str) -> Paragraph:
        """Says that there is no data and which file would fill the place."""
        return Paragraph(self.parts("report_no_data", file=f"results/{document}.json"), "warning")

    def heading(self, level: int, number: int, title: str) -> Heading:
        """A numbered heading as the language numbers it."""
        numerals = self.say("report_numerals").split()
        shown = numerals[number - 1] if number <= len(numerals) else str(number)
        return Heading(self.say(f"report_heading_{level}", n=shown, title=title), level)

    def reason(self, reason: Record | None) -> str:
        """The sentence of a reason; empty where there is none."""
        return sentence(reason["code"], self.language, reason.get("values")) if reason else ""

    def reasons(self, reasons: Sequence[Record] | None) -> tuple[str, ...]:
        """The sentences of reasons, heaviest first, each with the sign of for and against."""
        ordered = sorted(reasons or (), key=lambda one: -abs(one.get("weight") or 0))
        signs = {True: self.say("report_for"), False: self.say("report_against")}
        return tuple(signs[bool(one.get("is_for", True))] + self.reason(one) for one in ordered)

    def number(self, value: Any, digits: int = 2) -> str:
        """A number with grouped thousands; the word for "no data" where there is none."""
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return self.say("report_none")
        return f"{value:,.{digits}f}" if isinstance(value, float) else f"{value:,}"

    def day(self, on: Any) -> str:
        """A date as the language writes it; the word for "no data" where there is none."""
        if not on:
            return self.say("report_none")
        year, month, day = str(on)[:10].split("-")
        return self.say("report_day", year=year, month=int(month), day=int(day))

    def count(self, value: Any) -> str:
        """A number of things, without decimals."""
        return self.number(value, 0)

    def percent(self, value: Any) -> str:
        """A share as a percentage."""
        return self.say("report_none") if value is None else f"{100 * value:.1f}%"

    def figure(self, value: Any, formula: str, path: str, digits: int = 2) -> Figure:
        """A number that opens its formula and its place."""
        return Figure(self.number(value, digits), formula, path)

    def tally(self, value: Any, formula: str, path: str) -> Figure:
        """A number of things that opens its formula and its place."""
        return self.figure(value, formula, path, 0)

    def firms(self, firms: Mapping[str, Sequence[Record]] | None) -> tuple[Drill, ...]:
        """The firms of each region as lists to open."""
        return tuple(
            Drill(self.region(code), tuple(self.firm(one) for one in listed))
            for code, listed in (firms or {}).items()
            if listed
        )

    def short(self, name: str) -> str:
        """A firm's name without brackets and legal form; the whole name where little would be left."""
        rules = evidence_rules()
        bare = _BRACKETS.sub("", name)
        form = next((one for one in rules.forms if bare.endswith(one)), "")
        bare = bare.removesuffix(form) if form else bare
        return bare if len(bare) > 1 else name

    def end(self, end: Record, n: int) -> str:
        """One end of an opportunity: the region, a few names, how many there are."""
        names = [self.short(self.text(one)) for one in end["firms"][:n]]
        names = names or [self.text(one["name"]) for one in end["others"][:n]]
        shown = self.joined(names) or self.say("opportunity_open")
        if end["n_firms"] > len(names) and names and end["firms"]:
            shown = self.say("report_and_more", names=shown, n=end["n_firms"])
        return self.say("report_end", region=self.region(end["region"]), names=shown)

    def other(self, other: Record) -> str:
        """An organisation or place that is no firm, with what it published."""
        title = self.text(other.get("title"))
        return self.say("report_firm", name=self.text(other["name"]), products=title) if title else self.text(other)

    def firm(self, firm: Record) -> str:
        """A firm's name with the product it stands for and where that comes from, or with its products where known."""
        if firm.get("phrase"):
            return self._evidence(firm)
        products = self.text(firm.get("products"))
        return self.say("report_firm", name=self.text(firm["name"]), products=products) if products else self.text(firm)

    def _evidence(self, firm: Record) -> str:
        source = firm.get("source") or {}
        cited = self.say("report_comma").join(
            part for part in (self.cited(source), str(source.get("as_of") or "")) if part
        )
        phrase = self.text(firm["phrase"]) + ("" if firm.get("is_stated", True) else self.say("report_inferred"))
        return self.say("report_evidence", name=self.text(firm["name"]), phrase=phrase, source=cited)

    def sources_in(self, *records: Any) -> tuple[Record, ...]:
        """Every source that some records name, each once, in order."""
        found: dict[tuple[Any, ...], Record] = {}
        for one in _sources(records):
            found.setdefault(tuple(one.get(name) for name in ("publisher", "title", "as_of")), one)
        return tuple(found.values())

    def keyed(self, document: str, *keys: str) -> tuple[Record, ...]:
        """The sources of a document under some keys: ``counts``, ``detailed``, ``io`` …"""
        return tuple(one for one in self.rows(document, "sources") if str(one.get("key", "")).partition(":")[0] in keys)

    def cited(self, source: Record) -> str:
        """Who published a source, or the title of a copy whose original nobody knows."""
        publisher, title = self.text(source.get("publisher")), self.text(source.get("title"))
        return publisher or (self.say("report_reprint", title=title) if title else "")

    def named(self, firms: Sequence[Record] | None, n: int = 2) -> str:
        """The first `n` names, and how many more there are."""
        listed = firms or ()
        shown = self.joined(self.text(one) for one in listed[:n])
        return self.say("report_and_more", names=shown, n=len(listed)) if len(listed) > n else shown


def _sources(value: Any) -> Iterator[Record]:
    """The mappings under ``source`` anywhere in some records that name a publisher or a title."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key == "source" and isinstance(one, Mapping) and (one.get("publisher") or one.get("title")):
                yield one
            else:
                yield from _sources(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _sources(one)
