"""Reads every wing shares: agreements a person may open, the pipeline's results, the ledger's rows as terms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max, Q, QuerySet

from duijie import terms
from duijie.track import load_agreement
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Department, Person
from duijie_portal.accounts.powers import Visitor, may

from .models import Agreement, Case, Event, Job, Listing, Record, Step

__all__ = [
    "agreement_term",
    "agreements_of",
    "changed_at",
    "department_names",
    "heads_of",
    "jobs_of",
    "latest_events",
    "results",
    "steps_of",
    "unread",
]


def agreements_of(person: Visitor) -> QuerySet[Agreement]:
    """The agreements a person's side is party to, real ones first; none without a side, or for one of another node."""
    if not isinstance(person, Person) or not person.side_id or not is_hosted(person.side_id):
        return Agreement.objects.none()
    return Agreement.objects.filter(sides=person.side_id)


def agreement_term(agreement: Agreement) -> terms.Agreement:
    """What the agreement's data folder says, read anew when a file of it changed."""
    return _loaded(Path(agreement.folder), changed_at(agreement))


def changed_at(agreement: Agreement) -> int:
    """When a file of the agreement's data folder changed last, in nanoseconds."""
    return max((path.stat().st_mtime_ns for path in Path(agreement.folder).rglob("*.yaml")), default=0)


@lru_cache(maxsize=16)
def _loaded(folder: Path, _changed: int) -> terms.Agreement:
    return load_agreement(folder)


def results(agreement: Agreement, wing: str) -> Mapping[str, Any]:
    """The pipeline's document of a wing; empty where it has not run."""
    path = Path(settings.HOME) / agreement.pk / "results" / f"{wing}.json"
    return _document(path, path.stat().st_mtime_ns) if path.exists() else {}


@lru_cache(maxsize=32)
def _document(path: Path, _changed: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def steps_of(cases: QuerySet[Case]) -> list[terms.Step]:
    """The steps of some cases as terms, in the order of their dates."""
    rows = Step.objects.filter(case__in=cases).select_related("case", "event")
    return [_step(row) for row in rows]


def _step(row: Step) -> terms.Step:
    body = row.event.body
    return terms.Step(
        case=row.case_id,
        clause=row.case.clause,
        kind=row.kind,
        on=row.on.isoformat(),
        side=row.side_id,
        actor=str(body.get("actor", ""))[:12],
        amount=row.amount,
        unit=row.unit,
        reason=row.reason,
        is_confirmed=row.is_confirmed,
        evidence=tuple(one["sha256"] for one in body.get("evidence", ())),
        payload=body.get("payload", {}),
    )


def listings_of(agreement: Agreement, person: Visitor) -> list[terms.Listing] | None:
    """The needs and offers a person may see as terms; None where the ledger holds none."""
    rows = list(Listing.objects.filter(agreement=agreement).visible_to(person))
    return [_listing(row) for row in rows] or None


def _listing(row: Listing) -> terms.Listing:
    days = [day.isoformat() if day else "" for day in (row.valid_from, row.valid_until)]
    return terms.Listing(
        id=row.pk,
        kind=row.kind,
        version=row.version,
        role=row.role,  # type: ignore[arg-type]
        side=row.side_id,
        party=row.party_id,
        payload=row.payload,
        industry=row.industry,
        valid_from=days[0],
        valid_until=days[1],
        basis=row.basis,
        visibility=row.visibility,
    )


def heads_of(agreement: Agreement) -> tuple[str, ...]:
    """The last digest of each side's chain: it changes with every change of the ledger."""
    lasts = agreement.events.values("side").annotate(last=Max("sequence")).values("side", "last")
    ends = Q(pk__in=())
    for row in lasts:
        ends |= Q(side=row["side"], sequence=row["last"])
    return tuple(sorted(agreement.events.filter(ends).values_list("digest", flat=True)))


def latest_events(agreement: Agreement, person: Visitor, n: int = 8) -> QuerySet[Event]:
    """What was recorded last of the rows a person may see."""
    seen = Event.objects.filter(agreement=agreement).exclude(
        kind__in=("evidence.added", "party.added", "listing.added")
    )
    cases = Case.objects.filter(agreement=agreement).visible_to(person).values("pk")
    records = Record.objects.filter(agreement=agreement).visible_to(person).values("pk")
    own = seen.filter(subject_type="case", subject__in=cases) | seen.filter(subject_type="record", subject__in=records)
    return (own | seen.filter(subject_type="action")).order_by("-on", "-recorded_at", "-sequence")[:n]


def department_names(agreement: Agreement) -> dict[str, terms.Bilingual]:
    """The names of an agreement's departments by key."""
    return {one.key: one.name for one in Department.objects.filter(agreement=agreement.pk)}


def unread(person: Visitor, agreement: Agreement) -> int:
    """How many lines a person has not read."""
    return person.notifications.filter(agreement=agreement, read_at=None).count() if isinstance(person, Person) else 0


def jobs_of(agreement: Agreement, person: Visitor) -> QuerySet[Job]:
    """A person's own jobs; for a side's system administrator those of all its people."""
    if not isinstance(person, Person):
        return Job.objects.none()
    rows = Job.objects.filter(agreement=agreement).select_related("person")
    return rows.filter(side=person.side_id) if may(person, "system.run") else rows.filter(person=person)


def evidence_names(rows: Iterable[Any]) -> dict[str, str]:
    """File names by hash."""
    return {row.sha256: row.name for row in rows}
