"""The writes of what is kept as a whole: records and their papers, review and release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.ledger.events import FileRef
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person

from .keeping import keep
from .models import Agreement, Held, Owned, Record
from .store import keep_bytes, kept_path, media_type
from .visibility import Visibility
from .wholeness import is_whole

__all__ = [
    "add_record",
    "add_shared_record",
    "change_record",
    "clear",
    "file_ref",
    "keep_file",
    "release",
]

_BEFORE_OFFICE = ("%PDF", "PK\x03\x04", "\x89PNG", "\xff\xd8\xff")


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


@write("record.clear")
def clear(person: Person, row: Held) -> None:
    """Record that the secrecy check (保密审查) of a row of one's own side has passed."""
    owner_only(person, row)
    row.cleared_at = timezone.now()
    keep(person, row, "cleared")


@write("record.release")
def release(person: Person, row: Held, *, visibility: str) -> None:
    """Sign a row off to leave its side (审核/签批), as far as `visibility`; its secrecy check comes first."""
    owner_only(person, row)
    if row.cleared_at is None:
        raise DeniedError("portal_not_cleared")
    row.visibility, row.released_at = Visibility(visibility), timezone.now()
    keep(person, row, "released")


def file_ref(file: UploadedFile[Any], kind: str) -> tuple[FileRef, str]:
    """An upload kept under its hash, as an event names it, and its own name.

    Raises
    ------
    InputError
        As :func:`keep_file`.
    """
    sha256, n_bytes = keep_file(file)
    return FileRef(sha256, n_bytes, media_type(kept_path(sha256)), kind), Path(file.name or "").name[:200]


def keep_file(file: UploadedFile[Any]) -> tuple[str, int]:
    """Write an upload under ``evidence/<SHA-256>`` and give hash and size.

    Raises
    ------
    InputError
        The file is empty, too large, broken off, or none of PDF, PNG, JPEG, DOCX, XLSX.
    """
    content = file.read(settings.EVIDENCE_MAX_BYTES + 1)
    if not content or len(content) > settings.EVIDENCE_MAX_BYTES:
        raise InputError("portal_file_size", {"n_bytes": len(content), "most": settings.EVIDENCE_MAX_BYTES})
    if not any(content.startswith(first.encode("latin-1")) for first in _BEFORE_OFFICE):
        raise InputError("portal_file_type", {"name": Path(file.name or "").name})
    if not is_whole(content):
        raise InputError("portal_file_torn", {"name": Path(file.name or "").name})
    return keep_bytes(content), len(content)


def add_record(
    person: Person, agreement: Agreement, *, kind: str, on: date, files: Sequence[FileRef] = (), **fields: Any
) -> Record:
    """Open a record of one's own side; the calling service has checked the power."""
    row = Record(agreement=agreement, side_id=own_side(person), kind=kind, on=on, **fields)
    row.full_clean(exclude=["payload", "revision"])
    keep(person, row, f"{kind}.opened", on=on, files=files)
    return row


def add_shared_record(
    person: Person, agreement: Agreement, *, kind: str, on: date, files: Sequence[FileRef] = (), **fields: Any
) -> Record:
    """Open a record that is addressed to the other side, and so is seen by both from the moment it is made.

    Decisions, sessions, practices and later papers are words between the sides: making one is their release.
    """
    now = timezone.now()
    shared = {"visibility": Visibility.BOTH, "cleared_at": now, "released_at": now}
    return add_record(person, agreement, kind=kind, on=on, files=files, **shared, **fields)


def change_record(
    person: Person, row: Record, *, state: str, on: date, files: Sequence[FileRef] = (), **fields: Any
) -> str:
    """Move a record to a state; the calling service has checked power and order. The id of the act."""
    for name, value in {**fields, "state": state}.items():
        setattr(row, name, value)
    return keep(person, row, f"{row.kind}.{state}", on=on, files=files)
