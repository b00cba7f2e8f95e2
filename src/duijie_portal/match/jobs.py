"""Long work of matching: a large table taken in."""

from __future__ import annotations

from django.urls import reverse

from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.jobs import Cancelled, Run, job, start
from duijie_portal.ledger.models import Job, Record

from . import import_services

__all__ = ["AT_ONCE_ROWS", "begin", "take_table"]

AT_ONCE_ROWS = 500
"""A table of no more rows is taken in while one waits."""


@write("case.step")
def begin(person: Person, row: Record, /) -> Job:
    """Ask for a table to be taken in by the worker; whether the person may is asked when it is done."""
    return start(person, row.agreement, "import.take", subject=row.pk)


@job("import.take", resumes=True)
def take_table(run: Run) -> str:
    """All rows in one transaction: cut off before it, the work begins anew; after it, only the word is missing."""
    row = Record.objects.select_related("agreement").get(pk=run.job.subject, agreement=run.agreement)
    path = reverse("import", args=[run.agreement.pk, row.pk])
    if row.state == "taken":
        return path

    def tell(label: str, done: int, total: int) -> None:
        run.tell(done, total or None, label)

    try:
        n_rows = import_services.take(run.person, row, progress=tell)
    except Cancelled:
        row.refresh_from_db(fields=["state"])
        if row.state != "taken":
            raise
        return path
    run.log("job_import_entered", n=n_rows)
    return path
