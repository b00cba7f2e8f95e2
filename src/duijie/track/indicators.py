"""Indicators as folds of recorded steps: never typed in, the same in any order of arrival, true as at any date."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import fsum
from statistics import median
from typing import Any

from duijie import data
from duijie.errors import DuijieError, Fault
from duijie.terms import CHAIN, Bilingual, Indicator, Listing, Step

__all__ = [
    "Case",
    "Ledger",
    "Measure",
    "Promise",
    "cases_of",
    "measure",
    "measure_faults",
    "measures",
    "promises_of",
]

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


@dataclass(frozen=True, slots=True)
class Measure:
    """A way to count, as a file of ``data/measures`` or of an agreement's own says it; `fold` is one of a closed list.

    `of` names what is looked at (``case/NODE``, ``step/NODE``, ``promise``, ``listing/KIND/ROLE/FIELD``), `over` what a
    share or a number of days begins from; where it `adds_up` the value only grows.
    """

    key: str
    name: Bilingual
    definition: Bilingual
    fold: str
    of: str
    over: str = ""
    adds_up: bool = False


@data.kept
def measures() -> Mapping[str, Measure]:
    """All measures by key: the agreement's own, then the built-in ones.

    Raises
    ------
    DataFileError
        A file breaks the schema.
    """
    found = (
        Measure(**{**row, "name": Bilingual(**row["name"]), "definition": Bilingual(**row["definition"])})
        for row in data.entries("measures", "measures")
    )
    return {one.key: one for one in found}


def measure_faults(row: Mapping[str, Any], where: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a measure that fits its schema: a fold over what it cannot fold, a node no case has."""
    ends = [row["of"], *([row["over"]] if "over" in row else [])]
    if (row["fold"], *(one.partition("/")[0] for one in ends)) not in _FOLDS or (
        row["fold"] == "sum" and row["of"].startswith("listing") and row["of"].count("/") < 3
    ):
        yield Fault("measure_unfoldable", where, {"fold": row["fold"], "of": " / ".join(ends)})
    for one in ends:
        sort, _, node = one.partition("/")
        known = [*CHAIN, REFUSED, *(["open"] if sort == "case" else [])]
        if sort in ("case", "step") and node not in known:
            near = difflib.get_close_matches(node, known, 1)
            yield Fault("name_unknown", where, {"name": node, "known": known}, near[0] if near else "")


def measure(indicator: Indicator, ledger: Ledger) -> float | None:
    """The value of an indicator from what was recorded.

    Parameters
    ----------
    indicator
        Its `measure` is a key of :func:`measures`. `parameters` may narrow it: ``kinds`` (of listing),
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
        ``track_measure_unknown``: there is no such measure.
    """
    known = measures()
    if indicator.measure not in known:
        values = {"measure": indicator.measure, "known": ", ".join(sorted(known))}
        raise DuijieError("track_measure_unknown", values, {"indicator": indicator.key})
    found = known[indicator.measure]
    ends = (found.of.partition("/")[0], *([found.over.partition("/")[0]] if found.over else ()))
    return _FOLDS[(found.fold, *ends)](found, indicator, ledger)


def _cases(found: Measure, indicator: Indicator, ledger: Ledger) -> float:
    node = found.of.partition("/")[2]
    if node == "open" and "of" in indicator.parameters:
        return float(sum(not _is_done(one, ledger.as_of) for one in _asked(indicator, ledger)))
    if node in ("open", REFUSED):
        return float(sum(case.is_open if node == "open" else case.is_refused for case in ledger.cases))
    return float(ledger.chain[node])


def _share_of_cases(found: Measure, _: Indicator, ledger: Ledger) -> float | None:
    """Of the cases that reached the first node the share that reached the other as well."""
    node, over = found.of.partition("/")[2], found.over.partition("/")[2]
    began = [case for case in ledger.cases if over in case.reached]
    return sum(node in case.reached for case in began) / len(began) if began else None


def _amounts(found: Measure, indicator: Indicator, ledger: Ledger) -> list[Step]:
    """The steps that bring an amount in the indicator's own unit; nothing is converted silently."""
    node, is_strict = found.of.partition("/")[2], bool(indicator.parameters.get("confirmed", False))
    taken = (step for step in ledger.steps if step.kind == node and step.unit == indicator.unit)
    return [step for step in taken if not is_strict or _is_confirmed(step, ledger.as_of)]


def _sum_of_steps(found: Measure, indicator: Indicator, ledger: Ledger) -> float:
    return fsum(step.amount or 0.0 for step in _amounts(found, indicator, ledger))


def _last_amount(found: Measure, indicator: Indicator, ledger: Ledger) -> float | None:
    given = sorted((step for step in _amounts(found, indicator, ledger) if step.amount is not None), key=_order)
    return given[-1].amount if given else None


def _is_confirmed(step: Step, as_of: date) -> bool:
    """Whether the other side had countersigned by `as_of`; a countersignature without a date counts from the step."""
    return step.is_confirmed and _day(str(step.payload.get("confirmed_on", step.on))) <= as_of.isoformat()


def _listings(found: Measure, indicator: Indicator, ledger: Ledger) -> list[Listing] | None:
    if ledger.listings is None:
        return None
    _, kind, role, *_ = (*found.of.split("/"), "", "")
    kinds = indicator.parameters.get("kinds")
    return [
        one
        for one in ledger.listings
        if kind in ("", one.kind)
        and role in ("", one.role)
        and (not isinstance(kinds, list | tuple) or one.kind in kinds)
    ]


def _n_listings(found: Measure, indicator: Indicator, ledger: Ledger) -> float | None:
    given = _listings(found, indicator, ledger)
    return None if given is None else float(len(given))


def _sum_of_listings(found: Measure, indicator: Indicator, ledger: Ledger) -> float | None:
    """The sum of a field; a listing that does not state it adds nothing."""
    given, name = _listings(found, indicator, ledger), found.of.rpartition("/")[2]
    if given is None:
        return None
    return fsum(value for one in given if isinstance(value := one.payload.get(name), int | float))


def _asked(indicator: Indicator, ledger: Ledger) -> list[Promise]:
    kinds = indicator.parameters.get("of")
    return [one for one in ledger.promises if not isinstance(kinds, list | tuple) or one.kind in kinds]


def _is_done(promise: Promise, as_of: date) -> bool:
    return bool(promise.done_on) and _day(promise.done_on) <= as_of.isoformat()


def _share_in_time(_: Measure, indicator: Indicator, ledger: Ledger) -> float | None:
    """Kept promises of those that were kept or fell due: one still open within its limit does not count yet."""
    limit = ledger.as_of.isoformat()
    asked = [(one, _is_done(one, ledger.as_of)) for one in _asked(indicator, ledger) if one.due_on]
    settled = [(one, is_done) for one, is_done in asked if is_done or one.due_on < limit]
    kept = sum(is_done and _day(one.done_on) <= one.due_on for one, is_done in settled)
    return kept / len(settled) if settled else None


def _median_days(found: Measure, _: Indicator, ledger: Ledger) -> float | None:
    node, over = found.of.partition("/")[2], found.over.partition("/")[2]
    spans = [
        (date.fromisoformat(_day(case.reached[node])) - date.fromisoformat(_day(case.reached[over]))).days
        for case in ledger.cases
        if over in case.reached and node in case.reached
    ]
    return float(median(spans)) if spans else None


# Closed: another way of folding is code, another measure is a line of data.
_FOLDS: Mapping[tuple[str, ...], Callable[[Measure, Indicator, Ledger], float | None]] = {
    ("count", "case"): _cases,
    ("count", "listing"): _n_listings,
    ("sum", "step"): _sum_of_steps,
    ("sum", "listing"): _sum_of_listings,
    ("share", "promise"): _share_in_time,
    ("share", "case", "case"): _share_of_cases,
    ("median_days", "case", "case"): _median_days,
    ("last", "step"): _last_amount,
}
