"""The results of tracking: how an agreement, a clause, an action, an indicator stand as at a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from duijie.terms import Action, Agreement, Bilingual, Clause, Indicator, Milestone, Reason, Source

from .lifecycle import Lifecycle
from .workflow import ActionState

__all__ = ["ActionProgress", "ClauseProgress", "IndicatorProgress", "MilestoneProgress", "Progress"]


@dataclass(frozen=True, slots=True)
class MilestoneProgress:
    """A milestone: ``open``, ``overdue`` or ``done``, since when, and the hashes that prove it."""

    milestone: Milestone
    state: str
    done_on: str = ""
    proofs: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "key": self.milestone.key,
            "name": self.milestone.name.to_dict(),
            "evidence": list(self.milestone.evidence),
            "due_on": self.milestone.due_on,
            "state": self.state,
            "done_on": self.done_on,
            "proofs": list(self.proofs),
        }


@dataclass(frozen=True, slots=True)
class ActionProgress:
    """An action: its node (empty before it was registered), its deadline and light, its milestones and notes."""

    action: Action
    state: ActionState
    state_name: Bilingual
    due_on: str
    light: str
    milestones: tuple[MilestoneProgress, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "key": self.action.key,
            "name": self.action.name.to_dict(),
            "template": self.action.template,
            "state": self.state.node,
            "state_name": self.state_name.to_dict(),
            "since": self.state.entered_on,
            "due_on": self.due_on,
            "light": self.light,
            "is_done": self.state.is_done,
            "notes": {kind: note.to_dict() for kind, note in self.state.notes.items()},
            "n_evidence": len(self.state.evidence),
            "countersigned": {node: list(by) for node, by in self.state.countersigned.items()},
            "milestones": [milestone.to_dict() for milestone in self.milestones],
        }


@dataclass(frozen=True, slots=True)
class IndicatorProgress:
    """An indicator: baseline, target and value as at the date (None where there is none), class and light."""

    indicator: Indicator
    actual: float | None
    progress: str
    light: str
    due_on: str = ""

    def to_dict(self) -> dict[str, Any]:
        one = self.indicator
        return {
            "key": one.key,
            "name": one.name.to_dict(),
            "measure": one.measure,
            "unit": one.unit,
            "direction": one.direction,
            "baseline": one.baseline,
            "target": one.target,
            "target_due_on": self.due_on,
            "actual": self.actual,
            "progress": self.progress,
            "light": self.light,
        }


@dataclass(frozen=True, slots=True)
class ClauseProgress:
    """A clause: its light with reasons, its actions and indicators, and how far its cases came."""

    clause: Clause
    light: str
    reasons: tuple[Reason, ...]
    actions: tuple[ActionProgress, ...]
    indicators: tuple[IndicatorProgress, ...]
    chain: Mapping[str, int]
    n_cases: int
    n_refused: int
    n_matches: int | None

    def to_dict(self) -> dict[str, Any]:
        one = self.clause
        return {
            "key": one.key,
            "number": one.number,
            "area": one.area,
            "title": one.title.to_dict(),
            "is_text_published": bool(one.text.zh or one.text.en),
            "text": one.text.to_dict(),
            "lead": {side: list(keys) for side, keys in one.lead.items()},
            "support": {side: list(keys) for side, keys in one.support.items()},
            "assignment": one.assignment,
            "light": self.light,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "kinds": list(one.kinds),
            "actions": [action.to_dict() for action in self.actions],
            "indicators": [indicator.to_dict() for indicator in self.indicators],
            "chain": dict(self.chain),
            "n_cases": self.n_cases,
            "n_refused": self.n_refused,
            "n_matches": self.n_matches,
        }


@dataclass(frozen=True)
class Progress:
    """How an agreement stands as at a date; :meth:`to_dict` is the document ``track.json``."""

    agreement: Agreement
    as_of: str
    lifecycle: Lifecycle
    clauses: tuple[ClauseProgress, ...]

    @cached_property
    def by_clause(self) -> Mapping[str, ClauseProgress]:
        return {one.clause.key: one for one in self.clauses}

    def to_dict(self) -> dict[str, Any]:
        """The document in the shape of ``track.json``, plain throughout; the pipeline adds its provenance."""
        one = self.agreement
        return {
            "as_of": self.as_of,
            "key": one.key,
            "title": one.title.to_dict(),
            "is_rehearsal": one.is_rehearsal,
            "banner": one.banner.to_dict(),
            "signed_on": one.signed_on,
            "lifecycle": self.lifecycle.to_dict(),
            "sides": [_side(region.code, region.name, region.short) for region in one.sides],
            "areas": [{"key": area.key, "title": area.title.to_dict()} for area in one.areas],
            "departments": [
                {
                    "key": office.key,
                    "side": office.side,
                    "name": office.name.to_dict(),
                    "domain": office.domain.to_dict(),
                    "verification": office.verification,
                }
                for office in one.departments
            ],
            "clauses": [clause.to_dict() for clause in self.clauses],
            "sources": _sources(one),
        }


def _side(code: str, name: Bilingual, short: Bilingual) -> dict[str, Any]:
    return {"code": code, "name": name.to_dict(), "short": short.to_dict()}


def _sources(agreement: Agreement) -> list[dict[str, Any]]:
    """Each publication once, named by what it speaks of first."""
    named = [("agreement", agreement.source)]
    named += [(f"clause:{clause.key}", clause.source) for clause in agreement.clauses]
    named += [(f"department:{office.key}", office.source) for office in agreement.departments]
    seen: dict[Source, str] = {}
    for key, source in named:
        if source != Source():
            seen.setdefault(source, key)
    return [{"key": key, **source.to_dict()} for source, key in seen.items()]
