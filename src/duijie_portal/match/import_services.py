"""The writes of taking tables in: kept aside, columns named, rows entered whole or not at all, or dropped."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.intake.headings import remember
from duijie.ledger import events
from duijie.terms import Progress, silent
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.charge import offices_of
from duijie_portal.ledger.keeping import keep, keep_all
from duijie_portal.ledger.listings import listing_event, listing_fields, party_event, party_fields
from duijie_portal.ledger.models import Agreement, Record, text_key
from duijie_portal.ledger.pages import Plain
from duijie_portal.ledger.recording import Author, append, author_of
from duijie_portal.ledger.services import add_record, change_record, own_side, owner_only
from duijie_portal.ledger.store import hold

from . import import_selectors as selectors
from .import_fields import split
from .import_kinds import EXCHANGES, FACTS, exchanges, facts
from .import_rows import LISTING_ROLES
from .import_rows import Draft as RowDraft
from .import_rows import listings as listing_drafts
from .import_rows import parties as party_drafts
from .import_tables import MOST_BYTES, Look, alike, look_at, overrides

__all__ = ["drop", "map_columns", "open_import", "take"]

_ATTEMPTS = 3
Document = dict[str, Any]


def open_import(
    person: Visitor,
    agreement: Agreement,
    /,
    *,
    file: UploadedFile[Any],
    kind: str,
    source: str,
    department: str,
    as_of: date | None = None,
    has_consent: bool = False,
) -> Record:
    """Keep a table aside for a department of one's own side and look at it; nothing enters the ledger yet.

    The look takes as long as the file is long, so it runs after the record stands and outside any transaction.

    Raises
    ------
    DeniedError
        The department is another side's, or not the officer's own.
    InputError
        The file is too large, or a table of talents comes without their consent.
    """
    said = {"kind": kind, "source": source, "as_of": as_of.isoformat() if as_of else "", "has_consent": has_consent}
    row = _kept(person, agreement, file, department, said)
    _begin(row)
    return row


@write("case.step")
def _kept(
    person: Person, agreement: Agreement, /, file: UploadedFile[Any], department: str, said: dict[str, Any]
) -> Record:
    if not offices_of(agreement, person).filter(key=department).exists():
        raise DeniedError("portal_import_other_department", {"department": department})
    if (file.size or 0) > MOST_BYTES:
        raise InputError("portal_file_size", {"n_bytes": file.size, "most": MOST_BYTES})
    if said["kind"] == "talents" and not said["has_consent"]:
        raise InputError("portal_import_consent_missing")
    name, key = _safe_name(file.name or ""), text_key()
    content = file.read()
    payload = {**said, "file": name, "sha256": hashlib.sha256(content).hexdigest(), "n_bytes": len(content)}
    home = selectors.folder(agreement, own_side(person)) / key
    home.mkdir(parents=True, mode=0o700)
    try:
        (home / name).write_bytes(content)
        fields: Document = {
            "id": key,
            "state": "opened",
            "department": department,
            "title_zh": name,
            "payload": payload,
        }
        return add_record(person, agreement, kind=selectors.KIND, on=timezone.localdate(), **fields)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _safe_name(name: str) -> str:
    """A name of letters, digits and a few marks: it becomes part of a path and of every fault."""
    plain = "".join(sign if sign.isalnum() or sign in "._- ()（）" else "_" for sign in Path(name).name)
    return plain.lstrip(". ")[-100:] or "table"


def _begin(row: Record) -> None:
    """The first look, with what was said of such a table before."""
    found = _read(row)
    said = selectors.remembered(row, found.mark)
    if said:
        row.payload["mapping"] = said
        found = _read(row)
    _keep(row, _checked(row, found)[0], is_remembered=bool(said))


def _read(row: Record, progress: Progress = silent) -> Look:
    """The table as the intake sees it today; slow, so never inside a transaction."""
    office = Department.objects.get(agreement=row.agreement_id, side=row.side_id, key=row.department)
    said = {"source": row.payload["source"], "as_of": row.payload["as_of"], "department": office.name_zh}
    mapping, kind, path = row.payload.get("mapping", {}), row.payload["kind"], selectors.table_path(row)
    hidden = row.payload.get("hidden", "ask")
    return look_at(path, kind, mapping=mapping, today=timezone.localdate(), progress=progress, hidden=hidden, **said)


def _checked(row: Record, found: Look) -> tuple[Look, list[RowDraft]]:
    """The table with every fault the ledger adds to it, and its rows as they would enter."""
    drafts = list(_drafts(row, found))
    return found.with_faults([fault for draft in drafts for fault in draft.faults]), drafts


def _drafts(row: Record, found: Look) -> Iterator[RowDraft]:
    """The sound rows; none of a table that cannot be read or lacks a column."""
    if found.intake is None or found.counts.get("column_missing") or not found.intake.columns:
        return iter(())
    kind = row.payload["kind"]
    known = selectors.known(row.agreement, row.side_id, kind)
    if kind in LISTING_ROLES:
        return listing_drafts(found.intake, known, split(row.payload.get("mapping", {}))[1])
    make = exchanges if kind in EXCHANGES else facts if kind in FACTS else party_drafts
    return make(found.intake, known)


def _keep(row: Record, found: Look, *, is_remembered: bool = False) -> None:
    """Write down what was found: figures with the record, the list of faults beside the file."""
    row.payload["summary"] = _summary(found)
    row.payload["is_remembered"] = is_remembered
    keep(None, row, "import.looked_at")
    if row.payload["kind"] == "firms" and found.intake and "name" in found.intake.to_arrow().column_names:
        held = selectors.held_table(row.agreement, row.side_id)
        found = replace(found, alike=alike(found.intake.to_arrow(), held))
    _keep_faults(row, found)


def _keep_faults(row: Record, found: Look) -> None:
    document: dict[str, Any] = {
        "summary": _summary(found),
        "columns": found.columns,
        "alike": found.alike,
        "left_out": found.left_out,
    }
    document["n_left_out"] = len(found.intake.left_out) if found.intake else 0
    text = json.dumps({**document, "faults": [asdict(one) for one in found.faults]}, cls=Plain, ensure_ascii=False)
    path = selectors.table_path(row).with_name("check.json")
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _summary(found: Look) -> dict[str, Any]:
    intake = found.intake
    faults = {"n_faults": found.n_faults, "counts": dict(found.counts)}
    if intake is None:
        return {**faults, "n_rows": 0, "n_faulty_rows": 0, "coverage": {}, "as_of": ["", ""], "is_readable": False}
    rows = {(one.where.get("sheet"), one.where.get("row")) for one in found.faults if one.where.get("row")}
    return {
        **faults,
        "is_readable": True,
        "n_rows": intake.n_rows,
        "n_faulty_rows": min(intake.n_rows, max(intake.n_faulty_rows, len(rows))),
        "n_mended": intake.n_mended,
        "n_skipped": intake.n_skipped,
        "n_formulas": intake.n_formulas,
        "coverage": {key: round(share, 4) for key, share in intake.coverage.items()},
        "as_of": list(intake.as_of),
        "unknown": list(intake.unknown),
        "personal": list(intake.personal),
    }


def _open(person: Person, row: Record) -> Record:
    """The record, held until the end of the transaction; a table taken in or dropped is closed."""
    owner_only(person, row)
    hold(row.agreement)  # one writer at a time: no row enters twice
    found = Record.objects.select_related("agreement").get(pk=row.pk)
    if not offices_of(found.agreement, person).filter(key=found.department).exists():
        raise DeniedError("portal_import_other_department", {"department": found.department})
    if found.state != "opened":
        raise DeniedError("portal_import_closed")
    return found


_ask = write("case.step")(_open)


def map_columns(person: Visitor, row: Record, /, *, chosen: Mapping[str, str], hidden: str = "") -> Record:
    """Say what the columns are and what becomes of hidden rows, look again, and remember the columns for tables of the
    department with these headings.

    Raises
    ------
    DeniedError
        The table is another department's, or closed.
    """
    row = _ask(person, row)
    row.payload["hidden"] = hidden or row.payload.get("hidden", "ask")
    mark = _read(row)
    row.payload["mapping"] = overrides(mark, row.payload["kind"], chosen)
    found, _ = _checked(row, _read(row))
    return _mapped(person, row, found, row.payload["mapping"], row.payload["hidden"])


@write("case.step")
def _mapped(person: Person, row: Record, /, found: Look, mapping: Mapping[str, str], hidden: str) -> Record:
    row = _open(person, row)
    row.payload |= {"mapping": dict(mapping), "hidden": hidden}
    _keep(row, found)
    if found.mark:
        remember(selectors.maps_path(row), found.mark, mapping)
    return row


def take(person: Visitor, row: Record, /, *, progress: Progress = silent) -> int:
    """Enter every row of a table as a party, listing or fact of one's own side, seen by nobody else; how many.

    Everything slow – reading, coding, checking, digesting – happens before the one transaction that enters all rows
    and seals them. Killed at any moment, the table is as it was, and can be taken in again. Where another table
    entered meanwhile, the rows are checked against the ledger once more; the last time with the side's lock held, so
    that a table never waits for ever.

    Raises
    ------
    DeniedError
        The table is another department's, or closed.
    InputError
        It has a fault, or no row: then nothing is entered, and the list of faults is renewed.
    """
    row = _ask(person, row)
    found = _read(row, progress)
    for _ in range(_ATTEMPTS):
        ready = _ready(person, row, found, progress)
        if _enter(person, row, ready):
            break
    else:
        ready = _enter_held(person, row, found, progress)
    progress("portal_import_enter", ready.n_rows, ready.n_rows)
    return ready.n_rows


@dataclass(frozen=True)
class _Ready:
    """Everything that can be made before the lock: the events, the records, the figures, the ledger's mark."""

    said: Sequence[tuple[str, events.Event]]
    records: Sequence[Record]
    summary: Document
    mark: int
    n_rows: int


def _ready(person: Visitor, row: Record, found: Look, progress: Progress) -> _Ready:
    """The rows checked against the ledger as it is now, and made into events."""
    mark = selectors.ledger_mark(row)
    checked, drafts = _checked(row, found)
    if checked.n_faults or checked.intake is None:
        _keep_faults(row, checked)
        raise InputError("portal_import_faults", {"n": checked.n_faults})
    if not drafts:
        raise InputError("portal_import_no_rows")
    progress("portal_import_enter", 0, len(drafts))
    author = author_of(person, row.agreement)  # type: ignore[arg-type]
    said, records = _made(author, row, drafts)
    return _Ready(said, records, _summary(checked), mark, len(drafts))


@write("case.step")
def _enter(person: Person, row: Record, /, ready: _Ready) -> bool:
    """All rows and their seal at once; nothing where the ledger changed since the rows were checked."""
    row = _open(person, row)
    if selectors.ledger_mark(row) != ready.mark:
        return False
    _write_rows(person, row, ready)
    return True


@write("case.step")
def _enter_held(person: Person, row: Record, /, found: Look, progress: Progress) -> _Ready:
    """The same where the ledger changed at every attempt: checked and entered under one lock."""
    row = _open(person, row)
    ready = _ready(person, row, found, progress)
    _write_rows(person, row, ready)
    return ready


def _write_rows(person: Person, row: Record, ready: _Ready) -> None:
    append(row.agreement, ready.said)
    keep_all(person, [(one, "noted") for one in ready.records])
    row.done_on = timezone.localdate()
    row.payload = {**row.payload, "summary": ready.summary, "n_made": len(ready.said) + len(ready.records)}
    change_record(person, row, state="taken", on=row.done_on)
    _forget(row)


def _made(
    author: Author, row: Record, drafts: Sequence[RowDraft]
) -> tuple[list[tuple[str, events.Event]], list[Record]]:
    """The events and records to be, each under a key that begins with its table's; those of one owner share it."""
    owners: dict[str, str] = {}
    said: list[events.Event] = []
    records: list[Record] = []
    today, of_table = timezone.localdate(), {"import": row.pk}
    is_person = row.payload["kind"] == "talents"
    for at, draft in enumerate(drafts):
        key, fields = f"{row.pk}-{at:06d}", dict(draft.fields)
        if draft.owner is not None and draft.owner["name"] not in owners:
            owners[draft.owner["name"]] = f"{key}-p"
            payload = {"source": {**fields["source"], **of_table}}
            said.append(party_event(author, f"{key}-p", party_fields(**draft.owner, payload=payload), today))
        if draft.model == "record":
            records.append(_record(row, key, fields, of_table))
        elif draft.model == "party":
            payload = {**fields.pop("payload"), "source": {**draft.fields["payload"]["source"], **of_table}}
            said.append(party_event(author, key, party_fields(**fields, payload=payload), today))
        else:
            party = owners[draft.owner["name"]] if draft.owner else fields.pop("party_id")
            source = {**fields.pop("source"), **of_table}
            made = listing_fields(**{**fields, "party": party}, source=source, is_person=is_person)
            said.append(listing_event(author, key, made, today))
    return [(author.side, one) for one in said], records


def _record(row: Record, key: str, fields: Mapping[str, Any], of_table: Mapping[str, str]) -> Record:
    """A row with its table's mark."""
    source = {**fields["payload"]["source"], **of_table}
    about = {"department": row.department, "on": timezone.localdate(), "state": "noted"}
    owned = {**fields, "id": key, "agreement": row.agreement, "side_id": row.side_id, **about}
    return Record(**{**owned, "payload": {**fields["payload"], "source": source}})


@write("case.step")
def drop(person: Person, row: Record, /) -> None:
    """Put a table away without entering anything; its file is deleted.

    Raises
    ------
    DeniedError
        The table is another department's, or closed.
    """
    row = _open(person, row)
    change_record(person, row, state="dropped", on=timezone.localdate())
    _forget(row)


def _forget(row: Record) -> None:
    """Delete the file once the writes stand: it may name people, and its hash is sealed."""
    home = selectors.table_path(row).parent
    transaction.on_commit(lambda: shutil.rmtree(home, ignore_errors=True))
