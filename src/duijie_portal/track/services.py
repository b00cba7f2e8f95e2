"""The writes of tracking: moves of actions, tickets between departments, decisions, practices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.ledger import events
from duijie.ledger.state import CaseState
from duijie.terms import Action, Clause
from duijie.terms.working_days import add_working_days
from duijie.track.conference import host_of
from duijie.track.docking import REPLY_WORKING_DAYS
from duijie.track.trajectory import due_day
from duijie.track.workflow import MILESTONE, kind_of, opening_fields
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger import casework, visits
from duijie_portal.ledger import services as ledger
from duijie_portal.ledger.charge import in_charge
from duijie_portal.ledger.listings import mint
from duijie_portal.ledger.models import Agreement, Record, action_key
from duijie_portal.ledger.recording import append, author_of, folded
from duijie_portal.ledger.selectors import agreement_term

from .selectors import clause_of, term_of

__all__ = [
    "countersign",
    "hold_conference",
    "keep_minutes",
    "move",
    "note_practice",
    "open_ticket",
    "record_decision",
]


def _find(person: Person, agreement: Agreement, clause_key: str, action_key: str) -> tuple[Clause, Action]:
    clause = clause_of(term_of(agreement, person), clause_key)
    action = next((one for one in clause.actions if one.key == action_key), None) if clause else None
    if clause is None or action is None:
        raise InputError("portal_action_unknown", {"action": f"{clause_key}/{action_key}"})
    return clause, action


@write("action.move")
def move(
    person: Person,
    agreement: Agreement,
    *,
    clause: str,
    action: str,
    kind: str,
    on: date,
    due_on: date | None = None,
    milestone: str = "",
    note: str = "",
    reason: str = "",
    file: UploadedFile[Any] | None = None,
    evidence_kind: str = "",
) -> str:
    """Take an action to its next node, tick off a milestone, or note a problem, risk or next step; the id of the act.

    Raises
    ------
    DeniedError
        The person's department has no part in the clause.
    InputError
        The node is not next, a paper or a reason is missing, the step before waits for the other side, the day lies
        in the future, or the file is no document.
    """
    found_clause, found = _find(person, agreement, clause, action)
    task = decision_behind(agreement, clause, action)
    in_charge(person, agreement, found_clause, also=task.payload.get("departments", ()) if task else ())
    definition, key = kind_of(found), action_key(agreement, clause, action)
    says = _says(person, agreement, key)
    if note.strip():
        says["words"] = says["words"] | {"note": note.strip()}
    if file:
        ref, name = ledger.file_ref(file, evidence_kind or "statement")
        says |= {"files": (ref,), "words": says["words"] | {ref.sha256: name}}
    said = {"subject": f"case/{key}", "on": on, **says}
    if kind == definition.first.key:
        event: events.Event = _opening(person, agreement, clause, found, said)
    elif kind == MILESTONE or kind in definition.notes:
        event = events.Noted(about=kind, milestone=milestone, **said)
    else:
        tip = _case(agreement, key).tip
        event = events.Step(node=kind, after=tip, reason=reason, due_on=due_on, **said)
    [commit] = append(agreement, [(ledger.own_side(person), event)], today=timezone.localdate())
    _follow_up(person, agreement, clause, action)
    return commit


def _case(agreement: Agreement, key: str) -> CaseState:
    return folded(agreement, f"case/{key}").case or CaseState()


def _says(person: Person, agreement: Agreement, key: str) -> dict[str, Any]:
    """The author fields of an act on an action: whoever registers it leads."""
    roles, side = _case(agreement, key).roles, ledger.own_side(person)
    return author_of(person, agreement).says(next((role for role, one in roles.items() if one == side), "lead_side"))


def _opening(
    person: Person, agreement: Agreement, clause: str, action: Action, said: Mapping[str, Any]
) -> events.CaseOpened:
    definition, side = kind_of(action), ledger.own_side(person)
    titles = {"title_zh": action.name.zh, "title_en": action.name.en}
    return events.CaseOpened(
        **{**said, "words": said["words"] | {name: text for name, text in titles.items() if text}},
        definition=definition.name,
        pinned=definition.pinned,
        clause=clause,
        ordering=side,
        roles={"lead_side": side, "other_side": _other(agreement, side)},
        began_on=said["on"],
        due_on=due_day(action.due_on),
        fields=opening_fields(action),
    )


def _other(agreement: Agreement, side: str) -> str:
    return agreement.sides.exclude(pk=side).order_by("pk").values_list("pk", flat=True).first() or ""


def _follow_up(person: Person, agreement: Agreement, clause: str, action: str) -> None:
    """A decision of the conference is done once its task has its result."""
    task = decision_behind(agreement, clause, action)
    if task is None or task.done_on:
        return
    state = _case(agreement, action_key(agreement, clause, action))
    last = state.last
    if state.kind and last is not None and state.kind.nodes[state.node].is_end and not last.is_held:
        task.payload = {**task.payload, "done_on": last.on.isoformat()}
        ledger.change_record(person, task, state="done", on=timezone.localdate(), done_on=last.on)


def decision_behind(agreement: Agreement, clause: str, action: str) -> Record | None:
    """The decision of the joint conference that an action carries out, if it does."""
    rows = Record.objects.filter(agreement=agreement, kind="decision", clause=clause)
    return rows.filter(Q(payload__action=action) | Q(pk=action)).first()


@write("action.countersign")
def countersign(person: Person, agreement: Agreement, *, clause: str, action: str, node: str, on: date) -> str:
    """Agree, for the other side, that an action has reached a node which asks for it; the id of the word.

    Raises
    ------
    InputError
        The action does not stand at the node, or no word of this side is asked for.
    """
    _find(person, agreement, clause, action)
    key = action_key(agreement, clause, action)
    last = _case(agreement, key).last
    if last is None or last.node != node:
        raise InputError("case_target_unknown")
    said = _says(person, agreement, key)
    event = events.Confirmed(subject=f"case/{key}", on=on, target=last.act.commit, **said)
    [commit] = append(agreement, [(ledger.own_side(person), event)], today=timezone.localdate())
    _follow_up(person, agreement, clause, action)
    return commit


@write("ticket.open")
def open_ticket(
    person: Person,
    agreement: Agreement,
    *,
    clause: str,
    from_department: str,
    to_department: str,
    title: str,
    limit_working_days: int = REPLY_WORKING_DAYS,
    on: date,
    visit: str = "",
) -> str:
    """Bring a matter to a department of the other side, to be answered within a limit of working days; its case.

    `visit` is the visit it comes from, which then names it; the ticket names no visit, since the other side reads it.

    Raises
    ------
    DeniedError
        The asking department is not the person's own.
    InputError
        The asked department is none of the other side.
    """
    side, offices = ledger.own_side(person), Department.objects.filter(agreement=agreement.pk)
    asked = offices.filter(key=to_department).exclude(side=side).first()
    if asked is None or clause_of(term_of(agreement, person), clause) is None:
        raise InputError("portal_department_unknown", {"department": to_department})
    if not offices.filter(side=side, key=from_department).exists():
        raise DeniedError("portal_other_department", {"clause": clause})
    in_charge(person, agreement, clause, from_department)
    roles = {"asks": from_department, "answers": to_department, "asks_side": side, "answers_side": asked.side_id}
    source = visits.prefill(agreement, person, visit)
    key = casework.open_case(
        person,
        agreement,
        clause=clause,
        kind="ticket",
        roles=roles,
        on=on,
        key=mint(side),
        title={"zh": title},
        due_on=add_working_days(on, limit_working_days),
        fields={"limit_working_days": limit_working_days},
    )
    if source is not None:
        visits.hand_on(person, source.visit, to="case", key=key)
    return key


@write("decision.record")
def record_decision(
    person: Person,
    agreement: Agreement,
    *,
    conference: str,
    clause: str,
    title: str,
    title_en: str,
    due_on: date,
    departments: Sequence[str],
    on: date,
) -> Record:
    """Keep what the joint conference decided (议定事项), for which departments, until when."""
    if clause_of(term_of(agreement, person), clause) is None:
        raise InputError("portal_action_unknown", {"action": clause})
    if due_on < on:
        raise InputError("portal_step_too_early", {"on": due_on.isoformat(), "last_on": on.isoformat()})
    unknown = set(departments) - set(Department.objects.filter(agreement=agreement.pk).values_list("key", flat=True))
    if unknown:
        raise InputError("portal_department_unknown", {"department": min(unknown)})
    number = Record.objects.filter(agreement=agreement, kind="decision").count() + 1
    text = {"zh": title, "en": title_en}
    payload = {
        "conference": conference,
        "clause": clause,
        "number": number,
        "text": text,
        "decided_on": on.isoformat(),
        "due_on": due_on.isoformat(),
        "departments": list(departments),
    }
    return ledger.add_shared_record(
        person,
        agreement,
        kind="decision",
        on=on,
        clause=clause,
        state="decided",
        due_on=due_on,
        title_zh=title,
        title_en=title_en,
        department=departments[0] if departments else "",
        payload=payload,
    )


@write("conference.hold")
def hold_conference(person: Person, agreement: Agreement, *, title: str, agenda: Sequence[str], on: date) -> Record:
    """Enter a session of the joint conference; the sides host in turn."""
    number = Record.objects.filter(agreement=agreement, kind="conference").count() + 1
    host = host_of(agreement_term(agreement), number)
    payload = {"number": number, "on": on.isoformat(), "side": host, "clause": "", "title": {"zh": title, "en": ""}}
    payload["agenda"] = [{"zh": line, "en": ""} for line in agenda]
    return ledger.add_shared_record(
        person,
        agreement,
        kind="conference",
        on=on,
        state="held",
        title_zh=title,
        payload=payload,
    )


@write("conference.hold")
def keep_minutes(person: Person, row: Record, *, file: UploadedFile[Any]) -> str:
    """Keep the minutes (会议纪要) of a session under their hash; kept once, they are not replaced.

    Raises
    ------
    DeniedError
        The session's record belongs to the other side, or has its minutes.
    InputError
        The file is no document.
    """
    ledger.owner_only(person, row)
    if row.payload.get("minutes_sha256"):
        raise DeniedError("portal_out_of_order", {"state": row.state})
    ref, _ = ledger.file_ref(file, "minutes")
    payload = {**row.payload, "minutes_sha256": ref.sha256}
    return ledger.change_record(person, row, state="minuted", on=timezone.localdate(), files=(ref,), payload=payload)


@write("practice.adopt")
def note_practice(person: Person, agreement: Agreement, *, clause: str, title: str, on: date, note: str = "") -> str:
    """Note a practice that one's own side saw at the other; its case, which says what becomes of it.

    Raises
    ------
    InputError
        There is no such clause.
    """
    if clause_of(term_of(agreement, person), clause) is None:
        raise InputError("portal_action_unknown", {"action": clause})
    side = ledger.own_side(person)
    return casework.open_case(
        person,
        agreement,
        clause=clause,
        kind="practice",
        roles={"borrows_side": side, "shows_side": _other(agreement, side)},
        on=on,
        key=mint(side),
        title={"zh": title},
        words={"note": note},
    )
