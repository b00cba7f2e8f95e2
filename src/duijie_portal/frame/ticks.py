"""What is done by the clock above all sections: lines leave the portal, alerts are given, ended queue entries go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from duijie_portal.ledger import jobs, outbox
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.ticks import every_tick
from duijie_portal.track import alerts

from .jobs import rank_outdated

__all__ = ["escalations", "queue", "rank", "replies", "send", "silent_pairs"]

_OFTEN = timedelta(seconds=5)
_KEPT = timedelta(days=7)


@every_tick("frame.send", every=_OFTEN)
def send(now: datetime) -> int:
    """New lines are handed to mail and office systems, and what is due is sent."""
    while outbox.pass_on(now):
        pass
    return outbox.deliver(now)


@every_tick("frame.queue", every=_OFTEN)
def queue(now: datetime) -> int:
    """Jobs of dead workers are taken up; what the queue finished a week ago goes from it."""
    DBTaskResult.objects.finished().filter(finished_at__lt=now - _KEPT).delete()
    return jobs.revive()


@every_tick("frame.rank", every=timedelta(days=1))
def rank(now: datetime) -> int:
    """Kinds of match that rest on other listings than both sides hold are ranked anew: once a day, and at the start."""
    del now
    return sum(map(rank_outdated, Agreement.objects.all()))


def _each(act: Callable[..., int], now: datetime) -> int:
    """For every agreement in its own days: a rehearsal lives in invented ones."""
    today: date = timezone.localdate(now)
    return sum(act(agreement, as_of=today) for agreement in Agreement.objects.filter(is_rehearsal=False))


@every_tick("track.replies")
def replies(now: datetime) -> int:
    """Departments are told of replies that are due or late."""
    return _each(alerts.remind_of_replies, now)


@every_tick("track.silent_pairs", every=timedelta(hours=6))
def silent_pairs(now: datetime) -> int:
    """Pairs of departments out of touch are told."""
    return _each(alerts.tell_silent_pairs, now)


@every_tick("track.escalations", every=timedelta(hours=1))
def escalations(now: datetime) -> int:
    """Overdue actions are brought before the next person."""
    return _each(alerts.escalate, now)
