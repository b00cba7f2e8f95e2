"""The writes of taking tables in: kept aside, columns named, rows entered whole or not at all, or dropped."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.intake.headings import remember
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person, Side
from duijie_portal.ledger.log import Draft, append, erasable
from duijie_portal.ledger.models import Agreement, Listing, Party, Record, text_key
from duijie_portal.ledger.pages import Plain
from duijie_portal.ledger.services import add_record, change_record, own_side, owner_only

from . import import_selectors as selectors
from .import_rows import LISTING_ROLES
from .import_rows import Draft as RowDraft
from .import_rows import listings as listing_drafts
from .import_rows import parties as party_drafts
from .import_tables import MOST_BYTES, Look, alike, look_at, overrides

__all__ = ["drop", "map_columns", "open_import", "take"]

_BATCH = 500


@write("case.step")
def open_import(
    person: Person,
    agreement: Agreement,
    /,
    *,
    file: UploadedFile[Any],
    kind: str,
    source: str,
    department: str,
    as_of: date | None = None,
) -> Record:
    """Keep a table aside for a department of one's own side and look at it; nothing enters the ledger yet.

    Raises
    ------
    DeniedError
        The department is another side's, or not the officer's own.
    InputError
        The file is too large.
    """
    if not selectors.offices_of(agreement, person).filter(key=department).exists():
        raise DeniedError("portal_import_other_department", {"department": department})
    if (file.size or 0) > MOST_BYTES:
        raise InputError("portal_file_size", {"n_bytes": file.size, "most": MOST_BYTES})
    name, key = _safe_name(file.name or ""), text_key()
    content = file.read()
    said = {"kind": kind, "source": source, "as_of": as_of.isoformat() if as_of else ""}
    payload = {**said, "file": name, "sha256": hashlib.sha256(content).hexdigest(), "n_bytes": len(content)}
    home = selectors.folder(agreement, own_side(person)) / key
    home.mkdir(parents=True, mode=0o700)
    try:
        (home / name).write_bytes(content)
        fields = {"id": key, "state": "opened", "department": department, "title_zh": name, "payload": payload}
        row = add_record(person, agreement, kind=selectors.KIND, on=timezone.localdate(), **fields)
        _begin(row)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return row


def _safe_name(name: str) -> str:
    """A name of letters, digits and a few marks: it becomes part of a path and of every fault."""
    plain = "".join(sign if sign.isalnum() or sign in "._- ()（）" else "_" for sign in Path(name).name)
    return plain.lstrip(". ")[-100:] or "table"


def _begin(row: Record) -> None:
    """The first look, with what was said of such a table before."""
    found, _ = _looked(row)
    said = selectors.remembered(row, found.mark)
    if said:
        row.payload["mapping"] = said
        found, _ = _looked(row)
    _keep(row, found, is_remembered=bool(said))


def _looked(row: Record) -> tuple[Look, list[RowDraft]]:
    """The table as intake and ledger see it today with every fault of both, and its rows as they would enter."""
    office = Department.objects.get(agreement=row.agreement_id, side=row.side_id, key=row.department)
    said = {"source": row.payload["source"], "as_of": row.payload["as_of"], "department": office.name_zh}
    mapping, kind = row.payload.get("mapping", {}), row.payload["kind"]
    found = look_at(selectors.table_path(row), kind, mapping=mapping, today=timezone.localdate(), **said)
    drafts = list(_drafts(row, found))
    return found.with_faults([fault for draft in drafts for fault in draft.faults]), drafts


def _drafts(row: Record, found: Look) -> Iterator[RowDraft]:
    """The sound rows; none of a table that cannot be read or lacks a column."""
    if found.intake is None or found.counts.get("column_missing") or not found.intake.columns:
        return iter(())
    known = selectors.known(row.agreement, row.side_id, row.payload["kind"])
    make = listing_drafts if row.payload["kind"] in LISTING_ROLES else party_drafts
    return make(found.intake, known)


def _keep(row: Record, found: Look, *, is_remembered: bool = False) -> None:
    """Write down what was found: figures with the record, the list of faults beside the file."""
    row.payload["summary"] = _summary(found)
    row.payload["is_remembered"] = is_remembered
    row.save(update_fields=["payload"])
    if row.payload["kind"] == "firms" and found.intake and "name" in found.intake.to_arrow().column_names:
        held = selectors.held_table(row.agreement, row.side_id)
        found = replace(found, alike=alike(found.intake.to_arrow(), held))
    _keep_faults(row, found)


def _keep_faults(row: Record, found: Look) -> None:
    document = {"summary": _summary(found), "columns": found.columns, "alike": found.alike}
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
    Side.objects.select_for_update().get(pk=row.side_id)  # one writer of a side at a time: no row enters twice
    found = Record.objects.select_for_update().select_related("agreement").get(pk=row.pk)
    if not selectors.offices_of(found.agreement, person).filter(key=found.department).exists():
        raise DeniedError("portal_import_other_department", {"department": found.department})
    if found.state != "opened":
        raise DeniedError("portal_import_closed")
    return found


@write("case.step")
def map_columns(person: Person, row: Record, /, *, chosen: Mapping[str, str]) -> Record:
    """Say what the columns are, look again, and remember it for tables of the department with these headings.

    Raises
    ------
    DeniedError
        The table is another department's, or closed.
    """
    row = _open(person, row)
    found, _ = _looked(row)
    row.payload["mapping"] = overrides(found, row.payload["kind"], chosen)
    _keep(row, _looked(row)[0])
    if found.mark:
        remember(selectors.maps_path(row), found.mark, row.payload["mapping"])
    return row


@write("case.step")
def take(person: Person, row: Record, /) -> int:
    """Enter every row of a table as a party or listing of one's own side, seen by nobody else; how many.

    Raises
    ------
    DeniedError
        The table is another department's, or closed.
    InputError
        It has a fault, or no row: then nothing is entered, and the list of faults is renewed.
    """
    row = _open(person, row)
    found, drafts = _looked(row)
    if found.n_faults or found.intake is None:
        _keep_faults(row, found)
        raise InputError("portal_import_faults", {"n": found.n_faults})
    made = [_made(row, draft) for draft in drafts]
    if not made:
        raise InputError("portal_import_no_rows")
    model = Listing if row.payload["kind"] in LISTING_ROLES else Party
    model._default_manager.bulk_create(made, batch_size=_BATCH)
    row.state, row.done_on = "taken", timezone.localdate()
    row.payload["summary"] = _summary(found)
    row.save()
    append(row.agreement, [*(_entry(row, one) for one in made), _seal(person, row, len(made))])
    _forget(row)
    return len(made)


def _made(row: Record, draft: RowDraft) -> Any:
    fields = {**draft.fields, "id": text_key(), "agreement": row.agreement, "side_id": row.side_id}
    of_table = {"import": row.pk, "sha256": row.payload["sha256"]}
    if row.payload["kind"] in LISTING_ROLES:
        return Listing(**{**fields, "source": {**fields["source"], **of_table}})
    payload = {**fields["payload"], "source": {**fields["payload"]["source"], **of_table}}
    return Party(**{**fields, "payload": payload})


def _entry(row: Record, one: Party | Listing) -> Draft:
    """The sealed line of one party or listing; its names stay outside the log."""
    today = timezone.localdate()
    if isinstance(one, Listing):
        body = {"listing_kind": f"{one.kind}@{one.version}", "role": one.role, "party": one.party_id, "import": row.pk}
        return Draft(row.side_id, "listing.added", "listing", one.pk, today, body)
    body = {"kind_of_party": one.kind, "import": row.pk}
    return Draft(row.side_id, "party.added", "party", one.pk, today, body)


def _seal(person: Person, row: Record, n_rows: int) -> Draft:
    known = {key: row.payload[key] for key in ("sha256", "kind", "as_of")}
    body = {"table": known.pop("kind"), **known, "n_rows": n_rows, "department": row.department}
    actor = {"actor": erasable(person.username, person)}
    return Draft(row.side_id, "import.taken", "record", row.pk, timezone.localdate(), {**body, **actor})


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
