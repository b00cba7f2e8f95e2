"""What tracking tells people unasked, each once: reply limits, silent pairs, overdue actions and who can help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from duijie import data
from duijie.data import sentence
from duijie.ledger import events
from duijie.terms.working_days import working_days_between
from duijie.track.standing import ActionProgress, ClauseProgress
from duijie.track.workflow import Key
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.audience import of_departments
from duijie_portal.ledger.entries import Todo
from duijie_portal.ledger.inbox import OWED
from duijie_portal.ledger.models import Agreement, Case, action_key
from duijie_portal.ledger.notices import Notice, first_time, tell
from duijie_portal.ledger.recording import append, folded

from .selectors import pairs, standing

__all__ = ["escalate", "remind_of_replies", "tell_silent_pairs"]


@cache
def policy() -> dict[str, Any]:
    """Whom an overdue action is brought before and when, and when a reply is asked for."""
    found: dict[str, Any] = data.read(data.root() / "policies" / "escalation.yaml", "escalation")
    return found


def remind_of_replies(agreement: Agreement, *, as_of: date) -> int:
    """Tell the departments that were asked and whose reply is due soon, or late; how many cases."""
    rows = Todo.objects.filter(agreement=agreement, act__in=OWED).exclude(department="").exclude(due_on=None)
    cases = Case.objects.in_bulk({row.key for row in rows})
    return sum(_remind(row, cases[row.key], as_of) for row in rows)


@transaction.atomic
def _remind(row: Todo, case: Case, as_of: date) -> bool:
    rule, due_on = policy()["reply"], row.due_on
    assert due_on is not None
    is_near = 0 <= working_days_between(as_of, due_on) <= rule["before_working_days"] and as_of <= due_on
    is_late = working_days_between(due_on, as_of) >= rule["after_working_days"]
    code = "portal_told_reply_late" if is_late else "portal_told_reply_due"
    if not (is_near or is_late):
        return False
    values = {"title": case.title.zh, "due_on": due_on.isoformat()}
    path = reverse("case", args=[case.agreement_id, case.pk])
    people = of_departments(row.agreement, row.side, [row.department])
    once = f"{code}:{row.source}:{due_on}"
    return bool(tell(row.agreement, Notice(people, code, path, values, about=case, once=once)))


def tell_silent_pairs(agreement: Agreement, *, as_of: date) -> int:
    """Tell both departments of a pair once that they have not been in touch for too long; how many pairs."""
    told = 0
    for side in _sides(agreement):
        rows = pairs(agreement, Person(role=Role.COORDINATOR, side_id=side), as_of=as_of)["pairs"]
        told += sum(_tell_pair(agreement, side, row) for row in rows if row["is_silent"])
    return told


@transaction.atomic
def _tell_pair(agreement: Agreement, side: str, row: Mapping[str, Any]) -> bool:
    one, other = row["departments"]
    named = {"one": one["name"].to_dict(), "other": other["name"].to_dict(), "n": row["silent_working_days"]}
    path, own = reverse("tickets", args=[agreement.pk]), one if one["side"] == side else other
    once = f"silent:{agreement.pk}:{side}:{one['key']}:{other['key']}:{row['last_on']}"
    people = of_departments(agreement, side, [own["key"]])
    return bool(tell(agreement, Notice(people, "portal_told_silent", path, named, once=once)))


def escalate(agreement: Agreement, *, as_of: date) -> int:
    """Bring overdue actions before the next person by the policy, with a signed note where it says so; how many."""
    told = 0
    for side in _sides(agreement):
        found = standing(agreement, Person(role=Role.COORDINATOR, side_id=side), as_of=as_of)
        for clause in found.clauses:
            told += sum(_escalate(agreement, side, clause, one, as_of) for one in _late(clause, side, as_of))
    return told


def _sides(agreement: Agreement) -> list[str]:
    return [side for side in agreement.sides.values_list("pk", flat=True) if is_hosted(side)]


def _late(clause: ClauseProgress, side: str, as_of: date) -> Iterator[ActionProgress]:
    """The actions past their day that a side answers for: those it registered, and those nobody did."""
    for one in clause.actions:
        is_open = not (one.state.is_done or one.state.is_dropped)
        if is_open and one.state.side in ("", side) and one.due_on and one.due_on < as_of.isoformat():
            yield one


@transaction.atomic
def _escalate(agreement: Agreement, side: str, clause: ClauseProgress, one: ActionProgress, as_of: date) -> bool:
    """The steps reached and not yet taken; of several the last one alone is noted on the action."""
    subject, due_on = f"{clause.clause.key}/{one.action.key}", date.fromisoformat(one.due_on)
    n_late = working_days_between(due_on, as_of)
    steps = [step for step in policy()["steps"] if step["after_working_days"] <= n_late]
    key = f"escalated:{agreement.pk}:{side}:{due_on}:{subject}"
    new = [step for step in steps if first_time(agreement, f"{key}:{step['role']}")]
    values = {"action": one.action.name.to_dict(), "due_on": one.due_on, "n": n_late}
    path = reverse("clause", args=[agreement.pk, clause.clause.key])
    people = [who for step in new for who in _people(agreement, side, clause, step["role"])]
    case = Case.objects.filter(pk=action_key(agreement, clause.clause.key, one.action.key)).first()
    tell(agreement, Notice(people, "portal_told_escalated", path, values, about=case))
    if new and new[-1]["is_recorded"] and one.state.node:
        _note(agreement, side, (clause.clause.key, one.action.key), new[-1]["role"], values, as_of)
    return bool(new)


def _people(agreement: Agreement, side: str, clause: ClauseProgress, role: str) -> QuerySet[Person]:
    """The people of a role; officers only of the departments that lead the clause."""
    found = Person.objects.filter(side=side, role=role, is_active=True)
    lead = clause.clause.lead.get(side, ())
    own = {"departments__agreement": agreement.pk, "departments__key__in": lead}
    return found.filter(**own).distinct() if role == Role.OFFICER else found


def _note(agreement: Agreement, side: str, key: Key, role: str, values: Mapping[str, Any], as_of: date) -> None:
    """A signed note of the side on the action, by the clock and nobody else; none before a later act."""
    subject = f"case/{action_key(agreement, *key)}"
    case = folded(agreement, subject).case
    if case is None or case.on > as_of:
        return
    said = {
        language: sentence(
            "track_escalated_by_clock", language, {**values, "role": sentence(f"portal_role_{role}", language)}
        )
        for language in ("zh", "en")
    }
    own = next((name for name, bound in case.roles.items() if bound == side), "")
    words = {"note": said["zh"], "note_en": said["en"]}
    append(agreement, [(side, events.Noted(subject=subject, on=as_of, role=own, about="escalated", words=words))])
