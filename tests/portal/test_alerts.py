"""What tracking tells unasked: replies, silence, overdue actions; each once, and nothing of rehearsals by the clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import planted
import pytest
from django.urls import reverse
from django.utils import timezone

from duijie.terms.working_days import add_working_days
from duijie_portal.accounts.models import Department
from duijie_portal.frame import ticks
from duijie_portal.ledger import casework
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.entries import Todo
from duijie_portal.ledger.models import Case, Notification
from duijie_portal.ledger.ticks import run_ticks
from duijie_portal.track import alerts
from duijie_portal.track.selectors import actions_of, standing

AS_OF = date(2025, 6, 30)


def _told(code: str, **more: Any) -> Any:
    return Notification.objects.filter(code=code, **more)


@pytest.fixture
def ticket(agreement: Any, sides: Any) -> Case:
    """One that was just asked; of others nobody is reminded here."""
    asks, answers = (Department.objects.filter(agreement=agreement.pk, side=side).first() for side in sides)
    Todo.objects.update(due_on=None)
    return planted.ticket(agreement, "请确认", asks, answers)


def test_a_reply_is_asked_for_on_its_last_days_and_once_it_is_late(agreement: Any, sides: Any, ticket: Case) -> None:
    due = ticket.due_on
    assert due is not None
    early, before, late = (add_working_days(due, n) for n in (-2, -1, 1))
    assert alerts.remind_of_replies(agreement, as_of=early) == 0
    assert [alerts.remind_of_replies(agreement, as_of=day) for day in (before, before, due)] == [1, 0, 0]
    assert [alerts.remind_of_replies(agreement, as_of=late) for _ in "ab"] == [1, 0]
    for code in ("portal_told_reply_due", "portal_told_reply_late"):
        lines = _told(code, values__title="请确认", path=reverse("case", args=[agreement.pk, ticket.pk]))
        assert set(lines.values_list("person__side", flat=True)) == {sides[1].pk}


def test_an_answered_ticket_is_left_alone(agreement: Any, sides: Any, person: Any, ticket: Case) -> None:
    """Nor need it be agreed yet; a reply that is sent back is owed again."""
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    late = ticket.due_on + timedelta(30)
    target = casework.record_step(there, ticket, node="replied", said=casework.Said(ticket.due_on, note="可以"))
    assert alerts.remind_of_replies(agreement, as_of=late) == 0
    casework.send_back(here, ticket, target=target, note="不全")
    assert alerts.remind_of_replies(agreement, as_of=late) == 1


def test_silent_pairs_are_told_once_on_both_sides(agreement: Any, sides: Any) -> None:
    later = AS_OF + timedelta(400)
    n_told = alerts.tell_silent_pairs(agreement, as_of=later)
    assert n_told > 0
    assert set(_told("portal_told_silent").values_list("person__side", flat=True)) == {side.pk for side in sides}
    assert alerts.tell_silent_pairs(agreement, as_of=later + timedelta(1)) == 0


def _late(agreement: Any, person: Any, as_of: date) -> list[tuple[str, Any]]:
    found = standing(agreement, person, as_of=as_of)
    return [
        (f"{clause.clause.key}/{one.action.key}", one)
        for clause in found.clauses
        for one in clause.actions
        if one.due_on and one.state.node and not (one.state.is_done or one.state.is_dropped)
    ]


def test_an_overdue_action_goes_up_step_by_step(agreement: Any, person: Any, sides: Any) -> None:
    subject, one = max(_late(agreement, person(f"coordinator-{sides[0].pk}"), AS_OF), key=lambda row: row[1].due_on)
    due_on = date.fromisoformat(one.due_on)
    about = {"values__due_on": one.due_on, "values__action__zh": one.action.name.zh}
    reached: dict[int, set[str]] = {}
    for n in (0, 1, 2, 3, 8):
        alerts.escalate(agreement, as_of=max(add_working_days(due_on, n), due_on))
        people = _told("portal_told_escalated", **about).values_list("person__role", flat=True)
        reached[n] = set(people)
    assert reached[0] == set()
    assert "leader" not in reached[3]
    assert "coordinator" in reached[3]
    assert "leader" in reached[8]
    assert set(_told("portal_told_escalated", **about).values_list("person__side", flat=True)) == {one.state.side}
    clause, _, action = subject.partition("/")
    stream = sorted(actions_of(agreement)[clause, action], key=lambda one: one.seq)
    notes = [one for one in stream if getattr(one.event, "about", "") == "escalated" and one.event.on > due_on]
    assert [note.side for note in notes] == [one.state.side] * 2
    assert "领导" in notes[-1].event.words["note"]
    assert verify_agreement(agreement).holds


def test_escalating_again_tells_nobody_and_writes_nothing(agreement: Any) -> None:
    later = AS_OF + timedelta(60)
    assert alerts.escalate(agreement, as_of=later) > 0
    n_lines, n_events = Notification.objects.count(), agreement.entries.count()
    assert alerts.escalate(agreement, as_of=later + timedelta(1)) == 0
    assert (Notification.objects.count(), agreement.entries.count()) == (n_lines, n_events)


def test_the_clock_leaves_rehearsals_alone_and_runs_everything_else(agreement: Any) -> None:
    n_before = Notification.objects.filter(agreement=agreement).count()
    done = run_ticks(timezone.now())
    assert {"frame.send", "frame.queue", "track.replies", "track.silent_pairs", "track.escalations"} <= set(done)
    assert None not in done.values()
    assert ticks.escalations(timezone.now()) == 0
    told = Notification.objects.filter(agreement=agreement, code__in=("portal_told_escalated", "portal_told_silent"))
    assert not told.exists()
    assert Notification.objects.filter(agreement=agreement).count() >= n_before


@pytest.mark.usefixtures("db")
def test_the_worker_runs_each_at_its_interval() -> None:
    now = timezone.now()
    last: dict[str, Any] = {}
    assert set(run_ticks(now, last=last)) == set(last)
    soon = set(run_ticks(now + timedelta(seconds=10), last=last))
    assert "frame.send" in soon
    assert "track.escalations" not in soon
