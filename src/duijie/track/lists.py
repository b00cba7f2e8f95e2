"""The three lists and the timetable of published plans: tasks, duties, projects, deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import fsum
from typing import Any

from duijie.terms import CHAIN, Bilingual, Step

from .indicators import Case, cases_of
from .standing import ActionProgress, ClauseProgress, Progress

__all__ = [
    "DutyRow",
    "ProjectRow",
    "TaskRow",
    "TimetableRow",
    "duty_list",
    "project_list",
    "task_list",
    "timetable",
]


class _Row:
    """A row that turns into plain values for a sheet or a page."""

    def to_dict(self) -> dict[str, Any]:
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if isinstance(value, Bilingual):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class TaskRow(_Row):
    """One line of the task list: area, number, item, leading and supporting offices of every side, limit, standing.

    `lead` and `support` map a side to the names of its offices. `target` has the yearly targets, `actual` their
    values; `evidence` counts hashed documents.
    """

    area: Bilingual
    number: str
    clause: str
    item: Bilingual
    lead: Mapping[str, tuple[Bilingual, ...]]
    support: Mapping[str, tuple[Bilingual, ...]]
    due_on: str
    target: Mapping[str, float]
    actual: Mapping[str, float]
    state: Bilingual
    light: str
    milestones_done: int
    milestones: int
    evidence: int
    problem: Bilingual
    next_step: Bilingual


@dataclass(frozen=True)
class DutyRow(_Row):
    """One line of the duty list: what an office of a side leads or supports, and how it stands."""

    side: str
    department: Bilingual
    verification: str
    role: str
    clause: str
    number: str
    item: Bilingual
    due_on: str
    state: Bilingual
    light: str
    assignment: str


@dataclass(frozen=True)
class ProjectRow(_Row):
    """One line of the project list: a case that was signed, with its amounts apart and its last node.

    Amounts map a unit to the sum of the steps recorded in it.
    """

    case: str
    clause: str
    title: Bilingual
    sides: tuple[str, ...]
    node: str
    node_on: str
    signed_on: str
    signed: Mapping[str, float]
    delivered: Mapping[str, float]
    is_confirmed: bool
    evidence: int


@dataclass(frozen=True)
class TimetableRow(_Row):
    """One deadline: of an action or of a milestone, with its light or state."""

    due_on: str
    clause: str
    item: Bilingual
    milestone: Bilingual
    standing: str


def task_list(progress: Progress) -> tuple[TaskRow, ...]:
    """任务清单: one row an action, in the agreement's order, numbered clause.action."""
    areas = {area.key: area.title for area in progress.agreement.areas}
    names = _office_names(progress)
    return tuple(
        _task(clause, action, f"{clause.clause.number}.{at}", areas[clause.clause.area], names)
        for clause in progress.clauses
        for at, action in enumerate(clause.actions, start=1)
    )


def _office_names(progress: Progress) -> Mapping[str, Bilingual]:
    return {office.key: office.name for office in progress.agreement.departments}


def _task(
    clause: ClauseProgress, action: ActionProgress, number: str, area: Bilingual, names: Mapping[str, Bilingual]
) -> TaskRow:
    aimed = [one for one in clause.indicators if one.indicator.target is not None]
    return TaskRow(
        area=area,
        number=number,
        clause=clause.clause.key,
        item=action.action.name,
        lead=_named(clause.clause.lead, names),
        support=_named(clause.clause.support, names),
        due_on=action.due_on,
        target={one.indicator.key: one.indicator.target for one in aimed if one.indicator.target is not None},
        actual={one.indicator.key: one.actual for one in aimed if one.actual is not None},
        state=action.state_name,
        light=action.light,
        milestones_done=sum(one.state == "done" for one in action.milestones),
        milestones=len(action.milestones),
        evidence=len(action.state.evidence),
        problem=action.state.notes.get("problem", Bilingual()),
        next_step=action.state.notes.get("next_step", Bilingual()),
    )


def _named(
    offices: Mapping[str, tuple[str, ...]], names: Mapping[str, Bilingual]
) -> Mapping[str, tuple[Bilingual, ...]]:
    return {side: tuple(names[key] for key in keys) for side, keys in offices.items()}


def duty_list(progress: Progress) -> tuple[DutyRow, ...]:
    """责任清单: one row an office and action, office by office; offices without a task do not appear."""
    offices = {office.key: office for office in progress.agreement.departments}
    rows = [
        DutyRow(
            side,
            offices[key].name,
            offices[key].verification,
            role,
            clause.clause.key,
            f"{clause.clause.number}.{at}",
            action.action.name,
            action.due_on,
            action.state_name,
            action.light,
            clause.clause.assignment,
        )
        for clause in progress.clauses
        for role, sides in (("lead", clause.clause.lead), ("support", clause.clause.support))
        for side, keys in sides.items()
        for key in keys
        for at, action in enumerate(clause.actions, start=1)
    ]
    order = {office.name: at for at, office in enumerate(progress.agreement.departments)}
    return tuple(sorted(rows, key=lambda row: (row.side, order[row.department], row.role)))


def project_list(
    steps: Iterable[Step], *, as_of: str, titles: Mapping[str, Bilingual] | None = None
) -> tuple[ProjectRow, ...]:
    """项目清单: the cases signed by `as_of` (ISO date), the latest signing first; `titles` names cases."""
    taken = [step for step in steps if step.on[:10] <= as_of]
    by_case: dict[str, list[Step]] = {}
    for step in taken:
        by_case.setdefault(step.case, []).append(step)
    rows = [
        _project(case, by_case[case.key], (titles or {}).get(case.key, Bilingual()))
        for case in cases_of(taken)
        if "signed" in case.reached
    ]
    return tuple(sorted(rows, key=lambda row: (row.signed_on, row.case), reverse=True))


def _project(case: Case, steps: Sequence[Step], title: Bilingual) -> ProjectRow:
    reached = [node for node in CHAIN if node in case.reached]
    signing = [step for step in steps if step.kind == "signed"]
    return ProjectRow(
        case=case.key,
        clause=steps[0].clause,
        title=title,
        sides=tuple(sorted({step.side for step in steps})),
        node=case.last,
        node_on=case.reached.get(case.last, case.reached[reached[-1]]),
        signed_on=case.reached["signed"],
        signed=_sums(signing),
        delivered=_sums([step for step in steps if step.kind == "delivered"]),
        is_confirmed=all(step.is_confirmed for step in signing),
        evidence=len({sha for step in steps for sha in step.evidence}),
    )


def _sums(steps: Sequence[Step]) -> Mapping[str, float]:
    units = sorted({step.unit for step in steps if step.amount})
    return {unit: fsum(step.amount or 0.0 for step in steps if step.unit == unit) for unit in units}


def timetable(progress: Progress) -> tuple[TimetableRow, ...]:
    """时间表: every deadline of an action or a milestone, the earliest first; undated ones do not appear."""
    rows = []
    for clause in progress.clauses:
        for one in clause.actions:
            rows.append(TimetableRow(one.due_on, clause.clause.key, one.action.name, Bilingual(), one.light))
            rows += [
                TimetableRow(step.milestone.due_on, clause.clause.key, one.action.name, step.milestone.name, step.state)
                for step in one.milestones
            ]
    return tuple(sorted((row for row in rows if row.due_on), key=lambda row: (row.due_on, row.clause, row.item.zh)))
