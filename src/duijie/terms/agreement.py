"""An agreement as data: areas, clauses, actions, milestones, indicators, departments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .language import Bilingual
from .place import Region
from .source import Source

__all__ = ["Action", "Agreement", "Area", "Clause", "Department", "Indicator", "Milestone"]


@dataclass(frozen=True, slots=True)
class Department:
    """An office of one side. `verification` repeats the source's own word on whether the name was seen."""

    key: str
    side: str
    name: Bilingual
    domain: Bilingual = field(default_factory=Bilingual)
    verification: str = ""
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is counted for a clause; `measure` is on the allow-list of folds, `target` stays None where unpublished."""

    key: str
    name: Bilingual
    measure: str
    unit: str
    direction: str = "up"
    baseline: float | None = None
    target: float | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point an action must pass; `evidence` lists the kinds of document that prove it."""

    key: str
    name: Bilingual
    evidence: tuple[str, ...] = ()
    due_on: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A piece of work under a clause; `template` names the node template of its kind of item."""

    key: str
    name: Bilingual
    template: str
    milestones: tuple[Milestone, ...] = ()
    due_on: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause as published. `text` is empty where only the title is public."""

    key: str
    number: int
    area: str
    title: Bilingual
    text: Bilingual = field(default_factory=Bilingual)
    valid_from: str = ""
    valid_until: str = ""
    lead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    support: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assignment: str = "proposal"
    kinds: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    actions: tuple[Action, ...] = ()
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, slots=True)
class Area:
    """A group of clauses."""

    key: str
    title: Bilingual


@dataclass(frozen=True)
class Agreement:
    """The whole agreement between two or more regions, as its folder says it."""

    key: str
    title: Bilingual
    sides: tuple[Region, ...]
    signed_on: str
    areas: tuple[Area, ...]
    clauses: tuple[Clause, ...]
    departments: tuple[Department, ...]
    fields: tuple[str, ...] = ()
    valid_until: str = ""
    is_rehearsal: bool = False
    banner: Bilingual = field(default_factory=Bilingual)
    source: Source = field(default_factory=Source)
