"""Visits to firms (走访): a case that never leaves its side, and what a need or a ticket takes over from one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from duijie.data import sentence
from duijie.errors import DeniedError, InputError
from duijie.ledger.events import INNER_CASE
from duijie.ledger.fold import fold_case
from duijie.ledger.record import definitions_of
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person
from duijie_portal.accounts.powers import Visitor

from .casework import Said, open_case, record_step
from .charge import is_in_charge
from .listings import mint
from .models import Agreement, Case, Party, Step
from .recording import words_of
from .store import DatabaseLog

__all__ = ["KIND", "Prefill", "hand_on", "key_for", "made_from", "prefill", "record_visit", "said_at", "visits_to"]

KIND = "firm-visit"
_TITLE = 60  # letters of what was said that begin a need or a ticket


def key_for(person: Person) -> str:
    """The key of a visit, made with its form."""
    return f"{INNER_CASE}{mint(person.side_id or '')}"


@write("case.step")
def record_visit(
    person: Person,
    party: Party,
    /,
    *,
    department: str,
    on: date,
    said: str,
    met: str = "",
    goes_on: bool = False,
    key: str = "",
) -> str:
    """Keep that an office called on a firm of its own side: who, when, what was said; the key of the case.

    Parameters
    ----------
    person, party
        Who enters it, and the firm that was called on.
    department
        The office that did.
    on, said, met
        The day, what was said, and with whom: names of people are words, which can be erased.
    goes_on
        Whether something is left to do; else the visit is settled at once.
    key
        The key that was made with the form: the same form sent twice is one visit.

    Raises
    ------
    DeniedError
        The firm is of the other side, or the office is not the person's own.
    InputError
        Nothing was said, or the day lies in the future.
    """
    agreement, side = party.agreement, person.side_id or ""
    if party.side_id != side:
        raise DeniedError("portal_other_side_owns", {"side": party.side_id})
    offices = Department.objects.filter(agreement=agreement.pk, side=side, key=department)
    if not offices.exists() or not is_in_charge(person, agreement, department=department):
        raise DeniedError("portal_visit_other_office")
    if not said.strip():
        raise InputError("case_nothing_said")
    if not re.fullmatch(rf"{re.escape(INNER_CASE + side)}\.[0-9a-f]{{32}}", key):
        key = key_for(person)
    title = {
        "title_zh": sentence("portal_visit_title", "zh", {"name": party.name}),
        "title_en": sentence("portal_visit_title", "en", {"name": party.name_en or party.name}),
    }
    open_case(
        person,
        agreement,
        clause="",
        kind=KIND,
        roles={"visits": department, "visits_side": side},
        on=on,
        key=key,
        fields={"party": party.pk},
        words={**title, "note": said.strip(), "met": met.strip()},
    )
    row = Case.objects.get(pk=key)
    if not goes_on and row.state == "visited":
        record_step(person, row, node="settled", said=Said(on))
    return key


def hand_on(person: Person, visit: Case, *, to: str, key: str) -> None:
    """Keep on a visit which need (``listing``) or ticket (``case``) was made from it."""
    record_step(person, visit, node="handed_on", said=Said(timezone.localdate(), fields={"to": to, "key": key}))


def visits_to(agreement: Agreement, person: Visitor, party: str = "") -> QuerySet[Case]:
    """The visits a person may see, the latest first; those to one firm where it is named."""
    rows = Case.objects.filter(agreement=agreement, kind=KIND).visible_to(person).order_by("-opened_at", "pk")
    return rows.filter(payload__party=party) if party else rows  # type: ignore[no-any-return]


def said_at(rows: Iterable[Case]) -> dict[str, dict[str, Any]]:
    """What was said at each visit, with whom and on which day; what was erased is empty."""
    keys = [row.pk for row in rows]
    steps = Step.objects.filter(case__in=keys).order_by("-at")
    opened = {one.case_id: one for one in steps}  # the first of each stands last
    words = words_of(one.pk for one in opened.values())
    found: dict[str, dict[str, Any]] = {}
    for key in keys:
        one = opened.get(key)
        own = words.get(one.pk, {}) if one is not None else {}
        found[key] = {"on": one.on if one else None, "note": own.get("note", ""), "met": own.get("met", "")}
    return found


def made_from(agreement: Agreement, rows: Iterable[Case]) -> list[dict[str, Any]]:
    """The needs and tickets that were made from visits, in the order they were."""
    log, subjects = DatabaseLog(agreement), [f"case/{row.pk}" for row in rows]
    definitions = definitions_of(log)
    states = (fold_case(stream, definitions) for stream in log.streams(subjects).values())
    steps = sorted((one for state in states for one in state.steps if not one.is_gone), key=lambda one: one.on)
    said = ((one.on, getattr(one.act.event, "fields", {})) for one in steps)
    return [{"on": on, "to": str(one["to"]), "key": str(one["key"])} for on, one in said if one.get("key")]


@dataclass(frozen=True, slots=True)
class Prefill:
    """What a need or a ticket begins with that is made from a visit."""

    visit: Case
    party: Party
    title: str
    details: str


def prefill(agreement: Agreement, person: Visitor, key: str) -> Prefill | None:
    """What a visit hands over to a form; None where there is no such visit for this person."""
    row = visits_to(agreement, person).filter(pk=key).select_related("agreement").first() if key else None
    party = Party.objects.filter(pk=row.payload.get("party")).first() if row else None
    if row is None or party is None:
        return None
    note = str(said_at([row])[row.pk]["note"])
    return Prefill(row, party, _begin(note), note)


def _begin(text: str) -> str:
    """The first sentence of a text, cut to the length of a title."""
    first: str = re.split(r"[。；;！？!?\n]", text.strip(), maxsplit=1)[0].strip()
    return first[:_TITLE]


def names_of(rows: Iterable[Case]) -> Mapping[str, str]:
    """The names of the firms that were called on, by key."""
    keys = {str(row.payload.get("party", "")) for row in rows}
    return dict(Party.objects.filter(pk__in=keys).values_list("pk", "name"))
