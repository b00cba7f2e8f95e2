"""Long work over all sections: the pipeline run again, or one kind of match ranked anew, from what both sides hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from duijie import agenda
from duijie.errors import InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import may
from duijie_portal.ledger.jobs import Run, job, start
from duijie_portal.ledger.known import looking_back
from duijie_portal.ledger.models import Agreement, Job
from duijie_portal.ledger.selectors import results
from duijie_portal.ledger.store import DatabaseLog
from duijie_portal.match.selectors import RANKING, RENEWAL
from duijie_portal.match.suggestion_notices import ring_new

from .material import material_of
from .ranking import rank_whole, take_in

__all__ = ["ask_for", "begin", "rank_kind", "rank_outdated", "renew_results", "write_report"]

_RESULTS = "results"
"""The name under which jobs that replace results work one after the other."""


@write("results.renew")
def begin(person: Person, agreement: Agreement, /) -> Job:
    """Ask for diagnosis, matches, timetable and report to be worked out anew by the worker."""
    return start(person, agreement, RENEWAL, subject=agreement.pk)


def ask_for(person: Person, agreement: Agreement, kinds: Iterable[str], *, is_whole: bool = False) -> int:
    """Ask for the changes of kinds of match to be taken in, or for all of them to be ranked anew; how many.

    It is in the name of whoever is told should it fail.
    """
    mark = "all:" if is_whole else ""
    asked = [
        start(person, agreement, RANKING, subject=f"{mark}{kind}", kind=kind, is_whole=is_whole)
        for kind in sorted(kinds)
    ]
    return len(asked)


def rank_outdated(agreement: Agreement) -> int:
    """Ask for the kinds whose matches rest on other listings than both sides hold; how many.

    So it is after the pipeline was run over the agreement's folder by hand, or once a listing's time is over. Without
    a leader or coordinator at this node nothing is asked for.
    """
    people = Person.objects.filter(side__in=agreement.sides.all(), is_active=True).order_by("pk")
    person = next((one for one in people if may(one, "results.renew")), None)
    if person is None:
        return 0
    today = timezone.localdate()
    return ask_for(person, agreement, _outdated(agreement, today), is_whole=True)


def _outdated(agreement: Agreement, today: date) -> tuple[str, ...]:
    return agenda.outdated(material_of(agreement), results(agreement, "match"), as_of=today)


@job(RENEWAL, resumes=True, advice="job_agenda_failed")
def renew_results(run: Run) -> str:
    """Each document is replaced whole once all are made; cut off before it, the last ones stand, and it begins anew."""
    with run.alone(_RESULTS):
        today = timezone.localdate()
        material, before = material_of(run.agreement), results(run.agreement, "match")
        run.log("job_agenda_read", n_listings=len(material.activity["listings"]), n_parties=len(material.parties))
        agenda.run(
            material,
            Path(settings.HOME),
            as_of=today,
            progress=lambda name, done, total: run.tell(done, total, f"stage_{name}"),
        )
        ring_new(run.agreement, before, results(run.agreement, "match"))
    return reverse("home", args=[run.agreement.pk])


def write_report(
    agreement: str, out: Path, *, as_of: date | None = None, known_at: str = ""
) -> tuple[agenda.Agenda, dict[str, int]]:
    """Results and report of an agreement's record in a folder of their own, and the last entry of each side they know.

    Parameters
    ----------
    agreement
        Its key.
    out
        Where the files are written; the portal reads none of them.
    as_of
        The day they speak of; without, the day K stands for, else today.
    known_at
        A past K, as :func:`~duijie.ledger.known.parse_known` reads it; empty for the present.

    Raises
    ------
    InputError
        There is no such agreement, or the text names no K.
    """
    row = Agreement.objects.filter(pk=agreement).first()
    if row is None:
        raise InputError("portal_agreement_unknown", {"agreement": agreement})
    with looking_back(row, known_at) as look:
        material, day = material_of(row), look.on if look else timezone.localdate()
        heads = {chain.side: head.seq for chain, head in DatabaseLog(row).heads().items() if not chain.is_inner}
    return agenda.run(material, out, as_of=as_of or day), heads


@job(RANKING, resumes=True, is_derived=True, advice="job_rank_failed")
def rank_kind(run: Run) -> str:
    """A kind's changes are taken in, or all of it is ranked anew; should it fail, everything stands as it was."""
    kind, today = str(run.payload["kind"]), timezone.localdate()
    with run.alone(_RESULTS):
        run.tell(code="stage_match")
        work = rank_whole if run.payload.get("is_whole") else take_in
        found = work(run.agreement, kind, as_of=today)
    n_matches = sum(len(one["matches"]) for one in found["kinds"] if one["kind"] == kind)
    run.log("job_rank_done", kind=kind, n=n_matches)
    return f"{reverse('match', args=[run.agreement.pk])}?kind={kind}"
