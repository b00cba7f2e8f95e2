"""The pages of long work: one's own jobs, how far one is, stopping it, beginning it again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from duijie_portal.ledger import jobs as services
from duijie_portal.ledger.models import Agreement, Job, JobLine
from duijie_portal.ledger.pages import act, page, paged, person_of
from duijie_portal.ledger.selectors import jobs_of

from . import forms
from . import jobs as own_jobs

__all__ = ["cancel_job", "job", "jobs", "renew_results", "repeat_job"]

Document = dict[str, Any]


@page("frame/jobs.html", power="job.own")
def jobs(request: HttpRequest, agreement: Agreement) -> Document:
    found = jobs_of(agreement, request.user)
    rows, place = paged(request, found.count())
    return {"jobs": [_head(one) for one in found[rows]], "pages": place}


@page("frame/job.html", power="job.own")
def job(request: HttpRequest, agreement: Agreement, job: str) -> Document:
    row = get_object_or_404(jobs_of(agreement, request.user), pk=job)
    is_mine = row.person_id == person_of(request).pk
    lines = [_line(one, is_mine) for one in row.lines.all()]
    return {"job": _head(row) | {"path": row.path if is_mine else ""}, "lines": lines, "is_mine": is_mine}


def _head(row: Job) -> Document:
    share = min(1.0, row.n_done / row.n_total) if row.n_total else None
    times = {"asked_at": row.asked_at, "started_at": row.started_at, "ended_at": row.ended_at}
    figures = {"n_done": row.n_done, "n_total": row.n_total, "done_share": share, "attempt": row.attempt}
    about = {"id": row.pk, "kind": row.kind, "state": row.state, "is_open": row.is_open, "code": row.code}
    return {**about, **figures, **times, "person": row.person.username, "is_cancelling": row.is_cancelling}


def _line(one: JobLine, is_mine: bool) -> Document:
    """A line of the log; what it says of the records themselves is for the person who asked alone."""
    values = one.values if is_mine or all(isinstance(value, int | float) for value in one.values.values()) else None
    return {"at": one.at, "code": one.code, "values": values}


@act(forms.Nothing, "home")
def renew_results(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    row = own_jobs.begin(request.user, agreement)
    return "portal_renew_begun", reverse("job", args=[agreement.pk, row.pk])


@act(forms.Nothing, "job", power="job.own")
def cancel_job(request: HttpRequest, agreement: Agreement, data: Document, *, job: str) -> str:
    services.cancel(request.user, get_object_or_404(jobs_of(agreement, request.user), pk=job))
    return "portal_done_job_cancel"


@act(forms.Nothing, "job", power="job.own")
def repeat_job(request: HttpRequest, agreement: Agreement, data: Document, *, job: str) -> str:
    services.again(request.user, get_object_or_404(jobs_of(agreement, request.user), pk=job))
    return "portal_done_job_again"
