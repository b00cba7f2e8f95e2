"""What an opportunity must have before an official reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from duijie.data import evidence_rules
from duijie.errors import Fault

from .terms import KINDS, End, Opportunity, Step

__all__ = ["check"]

# Who published a figure may be a firm.
_OF_SOURCES = {"publisher", "figures_a", "figures_b"}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def check(found: Iterable[Opportunity]) -> tuple[Fault, ...]:
    """Every fault of every opportunity at once; none where all of them may be shown.

    Notes
    -----
    Two ends of two regions, each with firms, others, or said to be still open, no firm twice; a ground with its source;
    a reason for it and a doubt; a size; a first step with verb, departments of both sides and month. *moves* names an
    industry and a place, never a firm, and shows by figures that the origin is the crowded side; *learns* names a
    practice and the unit that has it. Nothing whose source cannot be named is a ground.
    """
    return tuple(
        Fault(f"opportunity_{code}", {"key": one.key}, {"kind": one.kind}) for one in found for code in _wrong(one)
    )


def _wrong(one: Opportunity) -> Iterator[str]:
    first, second = one.ends
    if one.kind not in KINDS:
        yield "kind_unknown"
    if first.region == second.region or not (_is_said(first) and _is_said(second)):
        yield "ends_missing"
    if any(len({firm["id"] for firm in end.firms}) < len(end.firms) for end in one.ends):
        yield "firm_twice"
    if not any(reason.is_for for reason in one.reasons):
        yield "reason_missing"
    if not one.size.code:
        yield "size_missing"
    if one.kind == "moves" and not any(reason.code == "opportunity_for_room" for reason in one.reasons):
        yield "guard_missing"
    if one.kind == "moves" and _names_a_firm(one):
        yield "names_a_firm"
    if (one.kind == "moves" and not second.others) or (one.kind == "learns" and not first.others):
        yield "place_or_unit_missing"
    if not (one.ground.source.publisher and all(one.ground.why.get(name) for name in ("zh", "en"))):
        yield "ground_missing"
    if not any(not doubt.is_for for doubt in one.doubts):
        yield "doubt_missing"
    if not _is_due(one.step, {end.region for end in one.ends}):
        yield "step_missing"


def _is_said(end: End) -> bool:
    return bool(end.what) and all(any(what.values()) for what in end.what)


def _is_due(step: Step | None, regions: set[str]) -> bool:
    """Whether somebody of every side is to do something by a month."""
    if step is None or not step.verb or not _MONTH.fullmatch(step.month):
        return False
    return all(any(step.departments.get(region, {}).values()) for region in regions)


def _names_a_firm(one: Opportunity) -> bool:
    """Whether a firm stands at an end, or the name of one in what is said."""
    if any(end.firms or any(other.get("kind") == "firm" for other in end.others) for end in one.ends):
        return True
    values = [one.title.values, one.size.values, *(reason.values for reason in (*one.reasons, *one.doubts))]
    said = [text for own in values for key, value in own.items() if key not in _OF_SOURCES for text in _texts(value)]
    said += [
        text
        for end in one.ends
        for other in end.others
        for text in (*_texts(other["name"]), *_texts(other.get("title")))
    ]
    forms = evidence_rules().forms
    return any(text.endswith(form) or (len(form) > 1 and form in text) for text in said for form in forms)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for one in value.values() for text in _texts(one))
    elif isinstance(value, Iterable):
        yield from (text for one in value for text in _texts(one))
