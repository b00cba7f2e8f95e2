"""An opportunity as a value: frozen, and plain on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from duijie.data import sentence
from duijie.data.documents import plain
from duijie.terms import Reason, Source

__all__ = ["KINDS", "End", "Ground", "Kind", "Level", "Opportunity", "Step", "tested"]

Say = Mapping[str, str]
Kind = Literal["supplies", "completes", "same_customers", "moves", "learns"]
KINDS: tuple[Kind, ...] = ("supplies", "completes", "same_customers", "moves", "learns")
Level = Literal["high", "middle", "unverified"]


@dataclass(frozen=True, slots=True)
class End:
    """One side of an opportunity: what it has or wants, and who.

    `firms` are the first few of `n_firms` on evidence, `others` are organisations, places or published listings; with
    neither the end is still to be found (``is_open``). They are those of the `n_all` firms at a stage whose goods are
    meant; 0 where the end is no stage. `is_published` where a source that can be named states it.
    """

    region: str
    role: str
    what: tuple[Say, ...]
    n_firms: int = 0
    firms: tuple[Mapping[str, Any], ...] = ()
    others: tuple[Mapping[str, Any], ...] = ()
    is_published: bool = False
    n_all: int = 0

    @property
    def is_open(self) -> bool:
        return not self.firms and not self.others


@dataclass(frozen=True, slots=True)
class Ground:
    """Why the two ends go together: a known relation or a practice, in words, with the source that says so."""

    relation: str
    why: Say
    source: Source
    share: float | None = None
    """Of the buyer's inputs, what part comes from the supplier's sector, 0–1; None where no table says."""
    listing: str = ""
    """The need or offer that is the ground, where an organisation's own word is; who may not read it reads nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """Who begins with what, and when: a verb, the departments by side, the month (ISO), the clause it serves.

    `asked` says how many each department asks on its own side; the departments stand in the order of the ends.
    """

    verb: str
    departments: Mapping[str, Say]
    month: str
    clause: str
    asked: Mapping[str, int] = field(default_factory=dict)

    @property
    def told(self) -> Reason:
        """The step as a sentence."""
        first, *_, last = self.departments
        year, month = self.month.split("-")
        when = {
            language: sentence("report_month", language, {"year": year, "month": int(month)})
            for language in ("zh", "en")
        }
        offices = {"dept_a": self.departments[first], "dept_b": self.departments[last]}
        asked = {"n_a": self.asked.get(first, 0), "n_b": self.asked.get(last, 0)}
        return Reason(self.verb, {"month": when, **offices, **asked})


@dataclass(frozen=True, slots=True)
class Opportunity:
    """What two regions could do together.

    `score` only orders the list; `level` says on how much it rests (``high``, ``middle``, ``unverified``), `missing`
    what keeps it from the level above.
    """

    key: str
    kind: Kind
    title: Reason
    ends: tuple[End, End]
    ground: Ground
    reasons: tuple[Reason, ...]
    doubts: tuple[Reason, ...]
    size: Reason
    step: Step | None
    score: float
    is_example: bool = False
    level: Level = "unverified"
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The opportunity as nested dicts and lists."""
        found = {one.name: plain(getattr(self, one.name)) for one in fields(self)}
        for end, row in zip(self.ends, found["ends"], strict=True):
            row["is_open"] = end.is_open
        if self.step:
            found["step"]["told"] = plain(self.step.told)
        return found


# Of fewer readings no share is told: it would be chance.
_LEAST_READ = 10


def tested(test: Mapping[str, Any]) -> Reason:
    """How a kind of advice was tested, as a sentence: its figures where somebody judged it, else that nobody did."""
    if not test:
        return Reason("opportunity_warranty_never")
    if test["n"] < _LEAST_READ:
        return Reason("opportunity_warranty_few", dict(test))
    return Reason("opportunity_warranty_agreed" if "kappa" in test else "opportunity_warranty_judged", dict(test))
