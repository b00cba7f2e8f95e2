"""An agreement lives on: supplements, renewals, an end; which clauses and which term hold at any date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from duijie.terms import Agreement, Bilingual, Clause
from duijie.terms.days import NO_END, is_no_end
from duijie.terms.working_days import working_days_between

from .trajectory import due_day

__all__ = ["EXPIRING_WORKING_DAYS", "Amendment", "Lifecycle", "as_amended", "lifecycle"]

EXPIRING_WORKING_DAYS = 60


@dataclass(frozen=True, slots=True)
class Amendment:
    """A later paper of all sides: it adds or replaces clauses, sets a new term, or ends the agreement.

    A ``renewal`` or ``supplement`` may set `valid_until` (empty keeps the term, ``9999-12-31`` or 长期 lifts its end).
    A ``termination`` ends the agreement on `effective_on`.
    """

    kind: Literal["supplement", "renewal", "termination"]
    signed_on: str
    effective_on: str
    title: Bilingual
    valid_until: str = ""
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where an agreement is in its life as at a date.

    `state` is ``unsigned``, ``in_force``, ``expiring`` (60 working days or fewer left), ``expired`` or
    ``terminated``; `valid_until` is empty where no term is published and ``9999-12-31`` where the term has no end,
    and `left_working_days` None in both.
    """

    state: str
    valid_until: str = ""
    left_working_days: int | None = None
    n_supplements: int = 0
    n_renewals: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def _in_effect(amendments: Iterable[Amendment], as_of: date) -> Sequence[Amendment]:
    taken = (one for one in amendments if one.effective_on <= as_of.isoformat())
    return sorted(taken, key=lambda one: (one.effective_on, one.signed_on))


def as_amended(agreement: Agreement, amendments: Iterable[Amendment], *, as_of: date) -> Agreement:
    """The agreement with every amendment in effect by `as_of`: replaced and added clauses, the latest term."""
    clauses = {clause.key: clause for clause in agreement.clauses}
    until = agreement.valid_until
    for one in _in_effect(amendments, as_of):
        clauses.update((clause.key, clause) for clause in one.clauses)
        until = one.effective_on if one.kind == "termination" else one.valid_until or until
    until = NO_END if is_no_end(until) else until
    ordered = tuple(sorted(clauses.values(), key=lambda clause: clause.number))
    return replace(agreement, clauses=ordered, valid_until=until)


def lifecycle(agreement: Agreement, amendments: Sequence[Amendment] = (), *, as_of: date) -> Lifecycle:
    """Whether the agreement is in force as at a date, until when, and what was added to it."""
    effective = _in_effect(amendments, as_of)
    until = as_amended(agreement, amendments, as_of=as_of).valid_until
    end = due_day(until)
    left = working_days_between(as_of, end) if end else None
    return Lifecycle(
        _state(agreement, effective, as_of, end, left),
        until,
        left,
        sum(one.kind == "supplement" for one in effective),
        sum(one.kind == "renewal" for one in effective),
    )


def _state(
    agreement: Agreement, effective: Sequence[Amendment], as_of: date, end: date | None, left: int | None
) -> str:
    if as_of.isoformat() < agreement.signed_on:
        return "unsigned"
    if effective and effective[-1].kind == "termination":
        return "terminated"
    if end and as_of > end:
        return "expired"
    return "expiring" if left is not None and left <= EXPIRING_WORKING_DAYS else "in_force"
