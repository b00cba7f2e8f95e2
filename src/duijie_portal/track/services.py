"""The writes of tracking: moves of actions, tickets between departments, decisions, practices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.terms import Action, Bilingual, Clause
from duijie.track.conference import ADOPTION, host_of
from duijie.track.docking import REPLY_WORKING_DAYS, Ticket
from duijie.track.run import node_templates
from duijie.track.workflow import COUNTERSIGNED, ActionState, Evidence, Move, advance, state_of
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person, Role
from duijie_portal.ledger import services as ledger
from duijie_portal.ledger.log import Draft, append, erasable
from duijie_portal.ledger.models import Agreement, Event, Record
from duijie_portal.ledger.selectors import agreement_term

from .selectors import clause_of, moves_of, term_of

__all__ = [
    "answer_ticket",
    "countersign",
    "hold_conference",
    "keep_minutes",
    "move",
    "note_practice",
    "open_ticket",
    "receive_ticket",
    "record_decision",
]

_ANY_DEPARTMENT = frozenset({Role.LEADER, Role.COORDINATOR})


def _in_charge(person: Person, clause: Clause, task: Record | None) -> None:
    """Only the departments a clause or the decision behind its task names, coordinators and leaders may write for it.

    Raises
    ------
    DeniedError
        The person is of another department.
    """
    named = {*clause.lead.get(person.side_id or "", ()), *clause.support.get(person.side_id or "", ())}
    named |= set(task.payload.get("departments", ())) if task else set()
    own = set(person.departments.values_list("key", flat=True))
    if person.role not in _ANY_DEPARTMENT and not named & own:
        raise DeniedError("portal_other_department", {"clause": clause.number})


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
    file: UploadedFile[Any] | None = None,
    evidence_kind: str = "",
) -> Event:
    """Take an action to its next node, tick off a milestone, or note a problem, risk or next step.

    Raises
    ------
    DeniedError
        A guard of the node does not hold, or the person's department has no part in the clause.
    InputError
        The day lies in the future, or the file is no document.
    """
    found_clause, found_action = _find(person, agreement, clause, action)
    task = decision_behind(agreement, clause, action)
    _in_charge(person, found_clause, task)
    if kind == COUNTERSIGNED:
        raise DeniedError("portal_own_countersignature")
    made = _new_move(person, clause, action, kind, on)
    proof = _proof(person, agreement, file, evidence_kind, f"{clause}/{action}") if file else ()
    due = due_on.isoformat() if due_on else ""
    made = replace(made, due_on=due, milestone=milestone, note=Bilingual(note.strip()), evidence=proof)
    event, state = _append(person, agreement, found_action, made)
    if task and state.is_done:
        _fold_decision(task, on)
    return event


def decision_behind(agreement: Agreement, clause: str, action: str) -> Record | None:
    """The decision of the joint conference that an action carries out, if it does."""
    rows = Record.objects.filter(agreement=agreement, kind="decision", clause=clause)
    return rows.filter(Q(payload__action=action) | Q(pk=action)).first()


def _fold_decision(row: Record, on: date) -> None:
    """A decision is done when its task has its result: the task's sealed move says so, the row only shows it."""
    row.state, row.done_on, row.payload = "done", on, {**row.payload, "done_on": on.isoformat()}
    row.save(update_fields=["state", "done_on", "payload"])


def _proof(
    person: Person, agreement: Agreement, file: UploadedFile[Any], kind: str, subject: str
) -> tuple[Evidence, ...]:
    kept = ledger.add_evidence(
        person, agreement, file=file, kind=kind or "statement", subject_type="action", subject=subject
    )
    return (Evidence(kept.kind, kept.sha256, kept.name),)


def _new_move(person: Person, clause: str, action: str, kind: str, on: date) -> Move:
    if on > timezone.localdate():
        raise InputError("portal_day_ahead", {"on": on.isoformat()})
    return Move(clause, action, kind, on.isoformat(), ledger.own_side(person), person.username)


def _append(person: Person, agreement: Agreement, action: Action, made: Move) -> tuple[Event, ActionState]:
    """Check a move against the state it meets, then seal it; later days than the last move only."""
    subject = f"{made.clause}/{made.action}"
    moves = moves_of(agreement, subject)
    if moves and made.on < max(one.on for one in moves):
        raise InputError("portal_step_too_early", {"on": made.on, "last_on": max(one.on for one in moves)})
    template = node_templates()[action.template]
    made = replace(made, sequence=len(moves))
    state = state_of(template, moves, as_of=timezone.localdate(), milestones=action.milestones)
    state = advance(template, state, made, milestones=action.milestones)
    note = json.dumps(made.note.to_dict(), ensure_ascii=False) if made.note["zh"] else ""
    body = {
        "sequence": len(moves),
        "evidence": [{"kind": one.kind, "sha256": one.sha256, "name": one.name} for one in made.evidence],
        "due_on": made.due_on,
        "milestone": made.milestone,
        "countersigns_node": made.countersigns,
        "actor": erasable(person.username, person),
        "note": erasable(note),
    }
    draft = Draft(made.side, f"move.{made.kind}", "action", subject, date.fromisoformat(made.on), body)
    [event] = append(agreement, [draft])
    return event, state


@write("action.countersign")
def countersign(person: Person, agreement: Agreement, *, clause: str, action: str, node: str, on: date) -> Event:
    """Agree, for the other side, that an action may enter a node which asks for it."""
    _, found = _find(person, agreement, clause, action)
    made = replace(_new_move(person, clause, action, COUNTERSIGNED, on), countersigns=node)
    return _append(person, agreement, found, made)[0]


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
) -> Record:
    """Bring a matter to a department of the other side, to be answered within a limit of working days.

    Raises
    ------
    DeniedError
        The asking department is not the person's own.
    InputError
        The asked department is none of the other side.
    """
    offices = Department.objects.filter(agreement=agreement.pk)
    asked = offices.filter(key=to_department).exclude(side=person.side_id).first()
    if asked is None or clause_of(term_of(agreement, person), clause) is None:
        raise InputError("portal_department_unknown", {"department": to_department})
    own = offices.filter(side=person.side_id, key=from_department)
    mine = own if person.role in _ANY_DEPARTMENT else own.filter(people=person)
    if not mine.exists():
        raise DeniedError("portal_other_department", {"clause": clause})
    payload = {
        "clause": clause,
        "side": person.side_id,
        "from_department": from_department,
        "to_department": to_department,
        "opened_on": on.isoformat(),
        "limit_working_days": limit_working_days,
        "subject": {"zh": title, "en": ""},
    }
    due = Ticket(
        id="",
        clause=clause,
        side="",
        from_department="",
        to_department="",
        opened_on=on.isoformat(),
        limit_working_days=limit_working_days,
    ).due_on
    row = ledger.add_shared_record(
        person,
        agreement,
        kind="ticket",
        on=on,
        clause=clause,
        state="opened",
        to_side=asked.side,
        department=from_department,
        to_department=to_department,
        due_on=date.fromisoformat(due),
        title_zh=title,
        payload=payload,
    )
    _tell(agreement, asked.side_id, to_department, "portal_told_ticket", row)
    return row


def _tell(agreement: Agreement, side: str, department: str, code: str, row: Record) -> None:
    values = {"title": row.title_zh, "due_on": row.due_on.isoformat() if row.due_on else ""}
    path = reverse("tickets", args=[agreement.pk])
    ledger.notify_department(agreement, side=side, department=department, code=code, values=values, path=path)


def _asked(person: Person, row: Record) -> None:
    """Only the asked department receives and answers."""
    is_office = person.departments.filter(key=row.to_department, agreement=row.agreement_id).exists()
    if person.side_id != row.to_side_id or not (is_office or person.role in _ANY_DEPARTMENT):
        raise DeniedError("portal_other_department", {"clause": row.clause})


@write("ticket.answer")
def receive_ticket(person: Person, row: Record, *, on: date) -> Event:
    """Sign for a ticket (签收)."""
    _asked(person, row)
    if row.state != "opened":
        raise DeniedError("portal_out_of_order", {"state": row.state})
    return ledger.change_record(
        person, row, state="received", on=on, payload={**row.payload, "received_on": on.isoformat()}
    )


@write("ticket.answer")
def answer_ticket(person: Person, row: Record, *, text: str, on: date) -> Event:
    """Answer a ticket; the asking department is told."""
    _asked(person, row)
    if row.state not in ("opened", "received"):
        raise DeniedError("portal_out_of_order", {"state": row.state})
    payload = {**row.payload, "replied_on": on.isoformat(), "reply": {"zh": text, "en": ""}}
    event = ledger.change_record(person, row, state="replied", on=on, note=text, payload=payload, done_on=on)
    _tell(row.agreement, row.side_id, row.department, "portal_told_reply", row)
    return event


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
def keep_minutes(person: Person, row: Record, *, file: UploadedFile[Any]) -> Event:
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
    kept = ledger.add_evidence(person, row.agreement, file=file, kind="minutes", subject_type="record", subject=row.pk)
    payload = {**row.payload, "minutes_sha256": kept.sha256}
    return ledger.change_record(person, row, state="minuted", on=timezone.localdate(), payload=payload)


@write("practice.adopt")
def note_practice(
    person: Person, agreement: Agreement, *, key: str, clause: str, title: str, status: str, on: date, note: str = ""
) -> Record:
    """Enter a borrowed practice, or its next status; entries follow each other, none is changed."""
    if status not in ADOPTION:
        raise InputError("portal_node_unknown", {"node": status})
    payload: Mapping[str, Any] = {
        "key": key,
        "clause": clause,
        "side": person.side_id,
        "title": {"zh": title, "en": ""},
        "on": on.isoformat(),
        "status": status,
        "note": {"zh": note, "en": ""},
    }
    return ledger.add_shared_record(
        person,
        agreement,
        kind="practice",
        on=on,
        clause=clause,
        state=status,
        title_zh=title,
        payload=payload,
    )
