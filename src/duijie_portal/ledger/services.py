"""The writes every wing shares: parties, listings, cases, steps, evidence, countersignatures, release."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.terms import CHAIN
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person, Role

from .log import Draft, append, countersign, erasable
from .models import (
    Agreement,
    Case,
    Countersignature,
    Event,
    Evidence,
    Listing,
    Notification,
    Owned,
    Party,
    Record,
    Step,
)
from .visibility import Visibility

__all__ = [
    "add_evidence",
    "add_listing",
    "add_party",
    "add_record",
    "add_shared_record",
    "clear",
    "confirm_event",
    "confirm_step",
    "keep_file",
    "notify_department",
    "open_case",
    "record_step",
    "release",
]

_BEFORE_OFFICE = ("%PDF", "PK\x03\x04", "\x89PNG", "\xff\xd8\xff")
Kept = TypeVar("Kept", bound=Owned)


def own_side(person: Person) -> str:
    """The side a person writes for.

    Raises
    ------
    DeniedError
        The account belongs to none.
    """
    if not person.side_id:
        raise DeniedError("portal_no_side")
    return person.side_id


def owner_only(person: Person, row: Owned) -> None:
    """Only the owning side changes a record; the other one proposes and countersigns."""
    if row.side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": row.side_id})


def _record(person: Person, agreement: Agreement, kind: str, row: Any, on: date, body: Mapping[str, Any]) -> Event:
    named = {**body, "actor": erasable(person.username, person)}
    subject_type = type(row).__name__.lower()
    [event] = append(agreement, [Draft(own_side(person), kind, subject_type, str(row.pk), on, named)])
    return event


@write("record.clear")
def clear(person: Person, row: Owned) -> None:
    """Record that the secrecy check (保密审查) of a row of one's own side has passed."""
    owner_only(person, row)
    row.cleared_at = timezone.now()
    row.save(update_fields=["cleared_at"])
    _record(person, row.agreement, "cleared", row, timezone.localdate(), {})


@write("record.release")
def release(person: Person, row: Owned, *, visibility: str) -> None:
    """Sign a row off to leave its side (审核/签批), as far as `visibility`; its secrecy check comes first."""
    owner_only(person, row)
    if row.cleared_at is None:
        raise DeniedError("portal_not_cleared")
    row.visibility, row.released_at = Visibility(visibility), timezone.now()
    row.save(update_fields=["visibility", "released_at"])
    _record(person, row.agreement, "released", row, timezone.localdate(), {"visibility": visibility})


@write("case.step")
def add_party(person: Person, agreement: Agreement, /, *, id: str, kind: str, name: str, **fields: Any) -> Party:
    """Enter a party of one's own side."""
    party = Party(agreement=agreement, side_id=own_side(person), id=id, kind=kind, name=name, **fields)
    party.full_clean()
    party.save(force_insert=True)
    _record(person, agreement, "party.added", party, timezone.localdate(), {"kind_of_party": kind})
    return party


@write("case.step")
def add_listing(
    person: Person,
    agreement: Agreement,
    /,
    *,
    party: Party,
    kind: str,
    version: int,
    role: str,
    payload: Mapping[str, Any],
    **fields: Any,
) -> Listing:
    """Enter a need or an offer of a party of one's own side."""
    owner_only(person, party)
    listing = Listing(
        agreement=agreement,
        side_id=party.side_id,
        id=fields.pop("id"),
        party=party,
        kind=kind,
        version=version,
        role=role,
        payload=dict(payload),
        **fields,
    )
    listing.full_clean()
    listing.save(force_insert=True)
    body = {"listing_kind": f"{kind}@{version}", "role": role, "party": party.pk}
    _record(person, agreement, "listing.added", listing, timezone.localdate(), body)
    return listing


@write("case.step")
def open_case(person: Person, agreement: Agreement, /, *, clause: str, on: date, **fields: Any) -> Case:
    """Open a chain of one's own side under a clause; it begins with a need."""
    case = Case(agreement=agreement, side_id=own_side(person), clause=clause, last_on=on, **fields)
    case.save(force_insert=True)
    _record(person, agreement, "case.opened", case, on, {"clause": clause})
    return case


@write("case.step")
def record_step(
    person: Person,
    case: Case,
    *,
    kind: str,
    on: date,
    amount: float | None = None,
    unit: str = "",
    reason: str = "",
    note: str = "",
    evidence: Sequence[Evidence] = (),
) -> Step:
    """Record that a case reached a node of the chain, or was refused with a reason.

    Raises
    ------
    InputError
        The node is unknown, goes back, comes before the last step, or a refusal has no reason.
    DeniedError
        The case ended, or concerns neither a record nor a party of the person's side.
    """
    side = own_side(person)
    if side not in _sides_of(case):
        raise DeniedError("portal_other_side_owns", {"side": case.side_id})
    _check_step(case, kind, on, reason)
    proofs = [{"kind": one.kind, "sha256": one.sha256} for one in evidence]
    body = {"clause": case.clause, "amount": amount, "unit": unit, "reason": reason, "evidence": proofs}
    event = _record(person, case.agreement, f"step.{kind}", case, on, {**body, "note": erasable(note)})
    step = Step.objects.create(
        case=case, event=event, kind=kind, on=on, side_id=side, amount=amount, unit=unit, reason=reason
    )
    fold_case(case, step)
    case.save(update_fields=["state", "reason", "last_on", "amount", "unit"])
    return step


def _sides_of(case: Case) -> set[str]:
    return {case.side_id, *(party.side_id for party in (case.need_party, case.offer_party) if party)}


def _check_step(case: Case, kind: str, on: date, reason: str) -> None:
    """Steps go forward, in time and along the chain; a refused case stays refused."""
    if kind not in (*CHAIN, "refused"):
        raise InputError("portal_node_unknown", {"node": kind})
    if case.state == "refused":
        raise DeniedError("portal_case_ended")
    if kind == "refused" and not reason:
        raise InputError("portal_reason_missing")
    if kind != "refused" and case.state and CHAIN.index(kind) <= CHAIN.index(case.state):
        raise InputError("portal_step_backwards", {"node": kind, "before": case.state})
    if case.last_on and on < case.last_on:
        raise InputError("portal_step_too_early", {"on": str(on), "last_on": str(case.last_on)})


def fold_case(case: Case, step: Step) -> None:
    """Read a step into its case."""
    case.state, case.last_on, case.reason = step.kind, step.on, step.reason
    if step.amount is not None:
        case.amount, case.unit = step.amount, step.unit


@write("event.countersign")
def confirm_event(person: Person, event: Event, *, on: date) -> Countersignature:
    """Countersign what the other side recorded.

    Raises
    ------
    DeniedError
        It is one's own side's word, or was countersigned already.
    """
    if event.side_id == own_side(person):
        raise DeniedError("portal_own_countersignature")
    if event.countersignatures.filter(side_id=person.side_id).exists():
        raise DeniedError("portal_countersigned_already")
    return countersign(event, own_side(person), on=on, actor=erasable(person.username, person))


def confirm_step(person: Person, step: Step, *, on: date) -> None:
    """Countersign a step of the other side; from then on it is confirmed."""
    confirm_event(person, step.event, on=on)
    step.is_confirmed = True
    step.save(update_fields=["is_confirmed"])


@write("evidence.add")
def add_evidence(
    person: Person, agreement: Agreement, *, file: UploadedFile[Any], kind: str, subject_type: str, subject: str
) -> Evidence:
    """Keep a file under its hash and seal that hash; the file itself stays with its side until released."""
    sha256, n_bytes = keep_file(file)
    evidence = Evidence.objects.create(
        agreement=agreement,
        side_id=own_side(person),
        sha256=sha256,
        kind=kind,
        name=Path(file.name or "").name[:200],
        n_bytes=n_bytes,
        subject_type=subject_type,
        subject=subject,
    )
    _record(person, agreement, "evidence.added", evidence, timezone.localdate(), {"sha256": sha256, "evidence": kind})
    return evidence


def keep_file(file: UploadedFile[Any]) -> tuple[str, int]:
    """Write an upload under ``evidence/<SHA-256>`` and give hash and size.

    Raises
    ------
    InputError
        The file is empty, too large, or none of PDF, PNG, JPEG, DOCX, XLSX.
    """
    content = file.read(settings.EVIDENCE_MAX_BYTES + 1)
    if not content or len(content) > settings.EVIDENCE_MAX_BYTES:
        raise InputError("portal_file_size", {"n_bytes": len(content), "most": settings.EVIDENCE_MAX_BYTES})
    if not any(content.startswith(first.encode("latin-1")) for first in _BEFORE_OFFICE):
        raise InputError("portal_file_type", {"name": Path(file.name or "").name})
    sha256 = hashlib.sha256(content).hexdigest()
    folder = Path(settings.HOME) / "evidence"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / sha256
    if not path.exists():
        path.write_bytes(content)
    return sha256, len(content)


def add_record(person: Person, agreement: Agreement, *, kind: str, on: date, **fields: Any) -> Record:
    """Open a record of one's own side and seal it; the calling service has checked the power."""
    row = Record(agreement=agreement, side_id=own_side(person), kind=kind, on=on, **fields)
    row.full_clean(exclude=["payload"])
    row.save(force_insert=True)
    shown = {"clause": row.clause, "department": row.department, "to_department": row.to_department}
    due = {"due_on": row.due_on.isoformat() if row.due_on else ""}
    title = {"title": erasable(f"{row.title_zh}\n{row.title_en}"), "state": row.state}
    _record(person, agreement, f"{kind}.opened", row, on, {**shown, **due, **title})
    return row


def add_shared_record(person: Person, agreement: Agreement, *, kind: str, on: date, **fields: Any) -> Record:
    """Open a record that is addressed to the other side, and so is seen by both from the moment it is made.

    Tickets, decisions, sessions, practices and later papers are words between the sides: making one is their release.
    """
    now = timezone.now()
    shared = {"visibility": Visibility.BOTH, "cleared_at": now, "released_at": now}
    return add_record(person, agreement, kind=kind, on=on, **shared, **fields)


def change_record(person: Person, row: Record, *, state: str, on: date, note: str = "", **fields: Any) -> Event:
    """Move a record to a state and seal it; the calling service has checked power and order."""
    for name, value in {**fields, "state": state}.items():
        setattr(row, name, value)
    row.save()
    return _record(person, row.agreement, f"{row.kind}.{state}", row, on, {"note": erasable(note), "state": state})


def notify_department(
    agreement: Agreement, *, side: str, department: str, code: str, values: Mapping[str, Any], path: str
) -> int:
    """Leave a line for each active person of a department, and for its side's coordinators; how many were told."""
    office = Person.objects.filter(is_active=True, side_id=side)
    people = office.filter(departments__key=department, departments__agreement=agreement.pk) | office.filter(
        role=Role.COORDINATOR
    )
    rows = [
        Notification(person=person, agreement=agreement, code=code, values=dict(values), path=path)
        for person in people.distinct()
    ]
    return len(Notification.objects.bulk_create(rows))
