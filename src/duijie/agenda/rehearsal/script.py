"""The vocabularies of a rehearsal, the working days it has, and its seeded dice."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from random import Random
from typing import Any

from duijie import data
from duijie.terms import Agreement, Bilingual, Clause, Source
from duijie.terms.working_days import add_working_days, is_working_day

from .records import EvidenceText

__all__ = ["Script", "Shelf", "bilingual", "vocabulary"]


@cache
def vocabulary(name: str) -> Mapping[str, Any]:
    """One file of ``data/rehearsal``."""
    found: Mapping[str, Any] = data.read(data.root() / "rehearsal" / f"{name}.yaml")
    return found


def bilingual(text: Mapping[str, str], **values: Any) -> Bilingual:
    """A phrase in both languages, filled; a bilingual value gives each language its own text."""
    spoken = {
        language: {key: one[language] if isinstance(one, Bilingual) else one for key, one in values.items()}
        for language in ("zh", "en")
    }
    return Bilingual(text["zh"].format(**spoken["zh"]), text["en"].format(**spoken["en"]))


@dataclass(frozen=True)
class Script:
    """An agreement from its signing to a day, and the chance that fills it.

    Every part throws its own dice, so that one more clause or kind leaves the others as they were.
    """

    agreement: Agreement
    seed: int
    as_of: date
    scale: int

    @cached_property
    def days(self) -> Sequence[date]:
        """The working days from the signing to the day of looking; empty where that lies before."""
        signed = date.fromisoformat(self.agreement.signed_on)
        span = range((self.as_of - signed).days + 1)
        return tuple(day for day in (signed + timedelta(n) for n in span) if is_working_day(day))

    @property
    def sides(self) -> tuple[str, ...]:
        return tuple(region.code for region in self.agreement.sides)

    @cached_property
    def source(self) -> Source:
        return Source(**vocabulary("phrases")["source"], as_of=self.as_of.isoformat())

    def dice(self, *names: object) -> Random:
        """The dice of one part: the same seed and names throw the same."""
        return Random(f"{self.seed}:{':'.join(str(name) for name in names)}")

    def spread(self, gaps: Sequence[int], rest: int) -> tuple[date, ...]:
        """Working days with these gaps between them, the last `rest` days before the end.

        Gaps and rest shrink in proportion where the time since the signing is too short for them.
        """
        room, wanted = len(self.days) - 1, sum(gaps) + rest
        share = min(1.0, room / wanted) if wanted else 1.0
        ends = [math.floor((rest + sum(gaps[at + 1 :])) * share) for at in range(len(gaps))]
        return tuple(self.days[room - end] for end in ends)

    def from_today(self, working_days: int) -> date:
        """A deadline so many working days after (before, where negative) the day of looking."""
        return add_working_days(self.as_of, working_days)

    def lead(self, clause: Clause, side: str, fallback: str) -> str:
        """The office of `side` that leads a clause, else one that supports it, else `fallback`."""
        offices = (*clause.lead.get(side, ()), *clause.support.get(side, ()))
        return offices[0] if offices else fallback


@dataclass
class Shelf:
    """Collects the invented documents and hands out their hashes."""

    texts: dict[str, EvidenceText] = field(default_factory=dict)

    def put(self, kind: str, subject: Bilingual, on: str) -> str:
        """File a document of a kind about a subject; the same document twice is one."""
        said = bilingual(vocabulary("phrases")["evidence"], kind=kind, subject=subject, on=on)
        text = f"{said.zh}\n{said.en}\n"
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.texts[sha256] = EvidenceText(sha256, kind, f"{kind}-{on}-{sha256[:8]}.txt", text)
        return sha256
