"""Long work of the sections as jobs: a large table taken in, a large day planned, each asked for on its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from portal_checks import post
from test_meet_days import agreed, open_day, pairs

from duijie_portal.accounts.models import Department
from duijie_portal.ledger import jobs
from duijie_portal.ledger.models import Job, Party, Record
from duijie_portal.match import import_services
from duijie_portal.match import jobs as match_jobs
from duijie_portal.meet import jobs as meet_jobs
from duijie_portal.meet.models import Meeting

__all__ = ["agreed", "open_day", "pairs"]


@pytest.fixture
def coordinating(person: Any, sides: Any) -> Any:
    return person(f"coordinator-{sides[0].pk}")


@pytest.fixture
def table(coordinating: Any, agreement: Any, sides: Any) -> Record:
    """A sound table of 600 firms."""
    office = Department.objects.filter(agreement=agreement.pk, side=sides[0]).first()
    assert office is not None
    rows = "\n".join(f"第{n}号整机厂,2025-06-30" for n in range(600))
    file = SimpleUploadedFile("firms.csv", f"企业名称,数据日期\n{rows}\n".encode())
    made: Record = import_services.open_import(
        coordinating, agreement, file=file, kind="firms", source="台账", department=office.key
    )
    assert made.payload["summary"]["n_faults"] == 0, made.payload["summary"]
    return made


def test_a_large_table_is_taken_in_by_the_worker(
    table: Record, coordinating: Any, agreement: Any, as_person: Any
) -> None:
    n_before = Party.objects.count()
    answer = post(as_person(coordinating.username), "take_import", agreement, {}, table=table.pk)
    row = Job.objects.get(kind="import.take")
    assert answer.redirect_chain[-1][0] == reverse("job", args=[agreement.pk, row.pk])
    assert Party.objects.count() == n_before
    post(as_person(coordinating.username), "take_import", agreement, {}, table=table.pk)
    assert Job.objects.filter(kind="import.take").count() == 1
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    assert (row.state, row.path) == ("done", reverse("import", args=[agreement.pk, table.pk]))
    assert Party.objects.count() == n_before + 600
    assert row.lines.get(code="job_import_entered").values == {"n": 600}


def test_cut_off_after_the_rows_stand_they_enter_once(table: Record, coordinating: Any, agreement: Any) -> None:
    """The worker dies between the rows and its last word: the next one finds them there."""
    row = match_jobs.begin(coordinating, table)
    held = jobs._claimed(row.pk)
    assert held is not None
    match_jobs.take_table(jobs.Run(held))
    n_after = Party.objects.count()
    Job.objects.filter(pk=row.pk).update(beat_at=row.asked_at - 2 * jobs.STALE)
    assert jobs.revive() == 1
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempt, Party.objects.count()) == ("done", 2, n_after)


def test_cancelled_before_the_rows_enter_none_does(
    table: Record, coordinating: Any, agreement: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, n_before = match_jobs.begin(coordinating, table), Party.objects.count()
    real = import_services._checked

    def ask_to_stop(*given: Any) -> Any:
        jobs.cancel(coordinating, row)
        return real(*given)

    monkeypatch.setattr(import_services, "_checked", ask_to_stop)
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    table.refresh_from_db()
    assert (row.state, table.state, Party.objects.count()) == ("cancelled", "opened", n_before)


def test_a_large_day_is_planned_by_the_worker(
    agreement: Any, coordinating: Any, as_person: Any, open_day: Any, agreed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meet_jobs, "_AT_ONCE_MEETINGS", 3)
    day = open_day()
    agreed(day, 5)
    post(as_person(coordinating.username), "plan_day", agreement, {}, day=day.pk)
    row = Job.objects.get(kind="meet.plan")
    assert not Meeting.objects.filter(request__day=day).exists()
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    assert (row.state, row.path) == ("done", reverse("exchange_day", args=[agreement.pk, day.pk]))
    assert Meeting.objects.filter(request__day=day).exists()
