"""Indicators as folds of recorded steps: never typed in, the same in any order of arrival, true as at any date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import fsum
from statistics import median

from duijie.errors import DuijieError
from duijie.terms import CHAIN, Indicator, Listing, Step

__all__ = ["CUMULATIVE", "MEASURES", "Case", "Ledger", "Promise", "cases_of", "measure", "promises_of"]

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Promise:
    """Something due on a day: a reply, a decision's task, an action; `done_on` is empty while it is open.

    `kind` says what was promised (``reply``, ``ticket``, ``decision``, ``action``); `clause` may be empty for a
    promise that belongs to the whole agreement.
    """

    kind: str
    key: str
    made_on: str
    due_on: str
    done_on: str = ""
    clause: str = ""


@dataclass(frozen=True)
class Ledger:
    """What was recorded up to a date, as an indicator sees it: steps, promises and, where known, listings.

    `listings` is None where nobody said which there are; then a count of listings has no value, not zero.
    """

    as_of: date
    steps: tuple[Step, ...]
    promises: tuple[Promise, ...] = ()
    listings: tuple[Listing, ...] | None = None

    @classmethod
    def at(
        cls,
        as_of: date,
        steps: Iterable[Step],
        promises: Iterable[Promise] = (),
        listings: Iterable[Listing] | None = None,
    ) -> Ledger:
        """The records up to the end of `as_of`; later ones, and promises made later, do not count."""
        limit = as_of.isoformat()
        return cls(
            as_of,
            tuple(step for step in steps if _day(step.on) <= limit),
            tuple(promise for promise in promises if _day(promise.made_on) <= limit),
            None if listings is None else tuple(one for one in listings if _day(one.valid_from) <= limit),
        )

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        return cases_of(self.steps)

    @cached_property
    def chain(self) -> Mapping[str, int]:
        """How many cases recorded each node of the chain; every node is named, zero included."""
        return {node: sum(node in case.reached for case in self.cases) for node in CHAIN}


@dataclass(frozen=True, slots=True)
class Case:
    """One need on its way: the first date of each node it reached, and whether it rests refused or delivered."""

    key: str
    reached: Mapping[str, str]
    last: str

    @property
    def is_refused(self) -> bool:
        return self.last == REFUSED

    @property
    def is_open(self) -> bool:
        return self.last not in (REFUSED, CHAIN[-1])


def _day(text: str) -> str:
    """The date part of an ISO date or moment."""
    return text[:10]


def _order(step: Step) -> tuple[str, int]:
    """Steps of one day follow the chain; a refusal comes last."""
    return step.on, CHAIN.index(step.kind) if step.kind in CHAIN else len(CHAIN)


def cases_of(steps: Iterable[Step]) -> tuple[Case, ...]:
    """The cases that `steps` tell of, by key; empty where there are none.

    Examples
    --------
    >>> one = Step("c1", "x", "need", "2024-01-05", "110000", "firm")
    >>> two = Step("c1", "x", "refused", "2024-02-05", "220000", "firm", reason="price")
    >>> [(case.key, case.last, case.is_open) for case in cases_of([two, one])]
    [('c1', 'refused', False)]
    """
    by_case: dict[str, list[Step]] = {}
    for step in steps:
        by_case.setdefault(step.case, []).append(step)
    return tuple(_case(key, sorted(by_case[key], key=_order)) for key in sorted(by_case))


def _case(key: str, ordered: Sequence[Step]) -> Case:
    reached: dict[str, str] = {}
    for step in ordered:
        reached.setdefault(step.kind, step.on)
    return Case(key, reached, ordered[-1].kind)


def promises_of(steps: Iterable[Step]) -> tuple[Promise, ...]:
    """The answers promised with needs: a need whose payload has ``due_on`` is kept by the case's next step."""
    by_case: dict[str, list[Step]] = {}
    for step in steps:
        by_case.setdefault(step.case, []).append(step)
    found = []
    for key in sorted(by_case):
        first, *rest = sorted(by_case[key], key=_order)
        due_on = str(first.payload.get("due_on", ""))
        if first.kind == CHAIN[0] and due_on:
            found.append(Promise("reply", key, first.on, due_on, rest[0].on if rest else "", first.clause))
    return tuple(found)


def measure(indicator: Indicator, ledger: Ledger) -> float | None:
    """The value of an indicator from what was recorded.

    Parameters
    ----------
    indicator
        Its `measure` names a fold of :data:`MEASURES`. `parameters` may narrow it: ``kinds`` (of listing),
        ``confirmed`` (amounts count only once the other side countersigned them), ``of`` (kinds of promise; a
        count of open cases then counts open promises).
    ledger
        The records of the indicator's clause.

    Returns
    -------
    float or None
        None where there is nothing the measure could speak of: no listing table, no case that was signed, no
        promise that fell due. A count without records is 0.

    Raises
    ------
    DuijieError
        ``track_measure_unknown``: the measure is not on the list.
    """
    if indicator.measure not in MEASURES:
        values = {"measure": indicator.measure, "known": ", ".join(sorted(MEASURES))}
        raise DuijieError("track_measure_unknown", values, {"indicator": indicator.key})
    return MEASURES[indicator.measure](indicator, ledger)


def _reached(node: str) -> Callable[[Indicator, Ledger], float]:
    return lambda _, ledger: float(ledger.chain[node])


def _amount(node: str) -> Callable[[Indicator, Ledger], float]:
    """Amounts in the indicator's own unit; nothing is converted silently."""

    def fold(indicator: Indicator, ledger: Ledger) -> float:
        is_strict = bool(indicator.parameters.get("confirmed", False))
        taken = (step for step in ledger.steps if step.kind == node and step.unit == indicator.unit)
        return fsum(step.amount or 0.0 for step in taken if not is_strict or _is_confirmed(step, ledger.as_of))

    return fold


def _is_confirmed(step: Step, as_of: date) -> bool:
    """Whether the other side had countersigned by `as_of`; a countersignature without a date counts from the step."""
    return step.is_confirmed and _day(str(step.payload.get("confirmed_on", step.on))) <= as_of.isoformat()


def _n_listings(indicator: Indicator, ledger: Ledger) -> float | None:
    kinds = indicator.parameters.get("kinds")
    if ledger.listings is None:
        return None
    return float(sum(not isinstance(kinds, list | tuple) or one.kind in kinds for one in ledger.listings))


def _n_refused(_: Indicator, ledger: Ledger) -> float:
    return float(sum(case.is_refused for case in ledger.cases))


def _n_open(indicator: Indicator, ledger: Ledger) -> float:
    if "of" in indicator.parameters:
        return float(sum(not _is_done(one, ledger.as_of) for one in _asked(indicator, ledger)))
    return float(sum(case.is_open for case in ledger.cases))


def _asked(indicator: Indicator, ledger: Ledger) -> list[Promise]:
    kinds = indicator.parameters.get("of")
    return [one for one in ledger.promises if not isinstance(kinds, list | tuple) or one.kind in kinds]


def _is_done(promise: Promise, as_of: date) -> bool:
    return bool(promise.done_on) and _day(promise.done_on) <= as_of.isoformat()


def _share_in_time(indicator: Indicator, ledger: Ledger) -> float | None:
    """Kept promises of those that were kept or fell due: one still open within its limit does not count yet."""
    limit = ledger.as_of.isoformat()
    asked = [(one, _is_done(one, ledger.as_of)) for one in _asked(indicator, ledger) if one.due_on]
    settled = [(one, is_done) for one, is_done in asked if is_done or one.due_on < limit]
    kept = sum(is_done and _day(one.done_on) <= one.due_on for one, is_done in settled)
    return kept / len(settled) if settled else None


def _median_days(_: Indicator, ledger: Ledger) -> float | None:
    spans = [
        (date.fromisoformat(_day(case.reached["signed"])) - date.fromisoformat(_day(case.reached["need"]))).days
        for case in ledger.cases
        if "need" in case.reached and "signed" in case.reached
    ]
    return float(median(spans)) if spans else None


MEASURES: Mapping[str, Callable[[Indicator, Ledger], float | None]] = {
    "n_listings": _n_listings,
    "n_matches": _reached("match"),
    "n_meetings": _reached("meeting"),
    "n_intents": _reached("intent"),
    "n_signed": _reached("signed"),
    "n_delivered": _reached("delivered"),
    "signed_amount": _amount("signed"),
    "delivered_amount": _amount("delivered"),
    "n_refused": _n_refused,
    "share_in_time": _share_in_time,
    "median_days_need_to_signed": _median_days,
    "n_open": _n_open,
}

CUMULATIVE = frozenset(MEASURES) - {"share_in_time", "median_days_need_to_signed", "n_open"}
