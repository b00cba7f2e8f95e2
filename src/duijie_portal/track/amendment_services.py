"""Supplements, renewals and the end of an agreement: one side proposes, and it holds once every other side agreed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse

from duijie.errors import DeniedError, InputError
from duijie.terms import Clause
from duijie.track.agreement import load_clause
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import services as ledger
from duijie_portal.ledger.audience import coordinators
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.ledger.notices import Notice, tell

from .selectors import PROPOSED, term_of

__all__ = ["agree_amendment", "propose_amendment", "withdraw_amendment"]

AGREED, WITHDRAWN = "agreed", "withdrawn"
_CLAUSE_BYTES = 200_000


@write("agreement.amend")
def propose_amendment(
    person: Person,
    agreement: Agreement,
    *,
    kind: str,
    title: str,
    title_en: str,
    signed_on: date,
    effective_on: date,
    valid_until: date | None = None,
    clause_file: UploadedFile[Any] | None = None,
    paper: UploadedFile[Any] | None = None,
) -> Record:
    """Enter a later paper of all sides; it takes effect only when every other side has countersigned it here.

    Parameters
    ----------
    kind
        ``supplement``, ``renewal`` or ``termination``.
    clause_file
        A clause a supplement adds or replaces, in the shape of the agreement folder's files.
    paper
        The signed paper; its hash is sealed.

    Raises
    ------
    InputError
        It takes effect before it was signed, a renewal names no new term, or the term ends before it begins.
    DataFileError
        The clause file has faults; all are told.
    """
    if effective_on < signed_on:
        raise InputError("portal_step_too_early", {"on": effective_on.isoformat(), "last_on": signed_on.isoformat()})
    if kind == "renewal" and valid_until is None:
        raise InputError("portal_term_missing")
    if valid_until and valid_until < effective_on:
        values = {"on": valid_until.isoformat(), "last_on": effective_on.isoformat()}
        raise InputError("portal_step_too_early", values)
    clauses = [_clause(agreement, person, clause_file)] if clause_file else []
    payload = {
        "kind": kind,
        "signed_on": signed_on.isoformat(),
        "effective_on": effective_on.isoformat(),
        "title": {"zh": title, "en": title_en},
        "valid_until": valid_until.isoformat() if valid_until else "",
        "clauses": [asdict(one) for one in clauses],
        "agreed_by": [],
    }
    row = ledger.add_shared_record(
        person,
        agreement,
        kind="amendment",
        on=signed_on,
        state=PROPOSED,
        title_zh=title,
        title_en=title_en,
        payload=payload,
        files=(ledger.file_ref(paper, "contract")[0],) if paper else (),
    )
    _tell(agreement, _others(row), "portal_told_amendment", row)
    return row


def _clause(agreement: Agreement, person: Person, file: UploadedFile[Any]) -> Clause:
    content = file.read(_CLAUSE_BYTES + 1)
    if not content or len(content) > _CLAUSE_BYTES:
        raise InputError("portal_file_size", {"n_bytes": len(content), "most": _CLAUSE_BYTES})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(file.name or "").stem[:80] + ".yaml")
        path.write_bytes(content)
        return load_clause(path, term_of(agreement, person))


def _others(row: Record) -> Sequence[str]:
    """The sides that have not agreed yet."""
    agreed = {row.side_id, *row.payload.get("agreed_by", ())}
    return [code for code in row.agreement.sides.values_list("pk", flat=True) if code not in agreed]


def _tell(agreement: Agreement, sides: Sequence[str], code: str, row: Record) -> None:
    values, path = {"title": row.title_zh}, reverse("amendments", args=[agreement.pk])
    tell(agreement, Notice(coordinators(sides), code, path, values, about=row))


@write("agreement.amend")
def agree_amendment(person: Person, row: Record, *, on: date) -> None:
    """Countersign an amendment for one's own side; the last side's word puts it into effect.

    Raises
    ------
    DeniedError
        It is one's own side's paper, one's side agreed already, or it was withdrawn.
    """
    if row.state != PROPOSED:
        raise DeniedError("portal_out_of_order", {"state": row.state})
    if person.side_id not in _others(row):
        raise DeniedError(
            "portal_own_countersignature" if person.side_id == row.side_id else "portal_countersigned_already"
        )
    row.payload = {**row.payload, "agreed_by": [*row.payload.get("agreed_by", ()), person.side_id]}
    ledger.change_record(person, row, state=PROPOSED if _others(row) else AGREED, on=on)
    _tell(row.agreement, [row.side_id], "portal_told_agreed", row)


@write("agreement.amend")
def withdraw_amendment(person: Person, row: Record, *, on: date) -> str:
    """Take back a proposal of one's own side that has not come into effect."""
    ledger.owner_only(person, row)
    if row.state != PROPOSED:
        raise DeniedError("portal_out_of_order", {"state": row.state})
    return ledger.change_record(person, row, state=WITHDRAWN, on=on)
