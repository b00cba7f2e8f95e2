"""What tracking tells unasked: replies, silence, overdue actions; each once, and nothing of rehearsals by the clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from duijie.track.calendar import add_working_days
from duijie_portal.frame import ticks
from duijie_portal.ledger.log import verify_agreement
from duijie_portal.ledger.models import Event, Notification, Record
from duijie_portal.ledger.ticks import run_ticks
from duijie_portal.track import alerts
from duijie_portal.track.selectors import moves_of, standing

AS_OF = date(2025, 6, 30)


def _told(code: str, **more: Any) -> Any:
    return Notification.objects.filter(code=code, **more)


@pytest.fixture
def ticket(agreement: Any) -> Record:
    """The one ticket that is open."""
    first, *others = Record.objects.filter(agreement=agreement, kind="ticket")
    Record.objects.filter(pk__in=[row.pk for row in others]).update(done_on=AS_OF)
    first.done_on, first.due_on = None, AS_OF
    first.save()
    return first


def test_a_reply_is_asked_for_on_its_last_days_and_once_it_is_late(agreement: Any, ticket: Record) -> None:
    early, before, late = (add_working_days(AS_OF, n) for n in (-2, -1, 1))
    assert alerts.remind_of_replies(agreement, as_of=early) == 0
    assert [alerts.remind_of_replies(agreement, as_of=day) for day in (before, before, AS_OF)] == [1, 0, 0]
    assert [alerts.remind_of_replies(agreement, as_of=late) for _ in "ab"] == [1, 0]
    for code in ("portal_told_reply_due", "portal_told_reply_late"):
        sides = set(_told(code).values_list("person__side", flat=True))
        assert sides == {ticket.to_side_id}


def test_an_answered_ticket_is_left_alone(agreement: Any, ticket: Record) -> None:
    Record.objects.filter(pk=ticket.pk).update(done_on=AS_OF)
    assert alerts.remind_of_replies(agreement, as_of=AS_OF + timedelta(30)) == 0


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
    notes = [move for move in moves_of(agreement, subject) if move.kind == "escalated" and move.on > one.due_on]
    assert [move.side for move in notes] == [one.state.side] * 2
    assert "领导" in notes[-1].note.zh
    assert verify_agreement(agreement).holds


def test_escalating_again_tells_nobody_and_writes_nothing(agreement: Any) -> None:
    later = AS_OF + timedelta(60)
    assert alerts.escalate(agreement, as_of=later) > 0
    n_lines, n_events = Notification.objects.count(), Event.objects.count()
    assert alerts.escalate(agreement, as_of=later + timedelta(1)) == 0
    assert (Notification.objects.count(), Event.objects.count()) == (n_lines, n_events)


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
