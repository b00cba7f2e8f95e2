"""Long work over all sections: the pipeline run again with what both sides have released since."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from duijie import agenda
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.jobs import Run, job, start
from duijie_portal.ledger.models import Agreement, Job
from duijie_portal.match.released_tables import write_tables

__all__ = ["begin", "renew_results"]


@write("results.renew")
def begin(person: Person, agreement: Agreement, /) -> Job:
    """Ask for diagnosis, matches, timetable and report to be worked out anew by the worker."""
    return start(person, agreement, "agenda.run", subject=agreement.pk)


@job("agenda.run", resumes=True)
def renew_results(run: Run) -> str:
    """Each document is replaced whole once it is made; cut off before it, the last one stands, and it begins anew."""
    home = Path(settings.HOME)
    folder = Path(run.agreement.folder)
    if not run.agreement.is_rehearsal:  # a rehearsal invents its life
        folder = home / run.agreement.pk / "folder"
        found = write_tables(run.agreement, folder)
        run.log("job_agenda_released", n=sum(found.values()))
    agenda.run(
        folder,
        home,
        as_of=timezone.localdate(),
        progress=lambda name, done, total: run.tell(done, total, f"stage_{name}"),
    )
    return reverse("home", args=[run.agreement.pk])
