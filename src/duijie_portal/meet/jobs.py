"""Long work of meeting: a large exchange day planned."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.jobs import Run, job, start
from duijie_portal.ledger.models import Job

from . import services
from .models import Day

__all__ = ["begin", "is_large", "plan_day"]

_AT_ONCE_MEETINGS = 60


def is_large(day: Day) -> bool:
    """Whether a plan takes longer than one likes to wait."""
    return day.requests.filter(state="accepted").count() > _AT_ONCE_MEETINGS


@write("meeting.plan")
def begin(person: Person, day: Day, /, *, is_fresh: bool = False) -> Job:
    """Ask for a day to be planned by the worker; whether the person organises it is asked when it is done."""
    return start(person, day.agreement, "meet.plan", subject=str(day.pk), is_fresh=is_fresh)


@job("meet.plan", resumes=True)
def plan_day(run: Run) -> str:
    """The plan is kept in one transaction; cut off before it, the work begins anew, and after it moves nothing."""
    day = Day.objects.get(pk=run.job.subject, agreement=run.agreement)
    run.tell(code="job_meet_planning")
    services.plan_day(run.person, day, now=timezone.now(), is_fresh=run.payload["is_fresh"])
    return reverse("exchange_day", args=[run.agreement.pk, day.pk])
