"""Tables on their way in: who sees them, what was found in them, and how good a side's data is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db.models import Max, Q, QuerySet

from duijie.intake.headings import recall
from duijie.intake.layouts import layout
from duijie_portal.accounts.models import Department, Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.charge import offices_of
from duijie_portal.ledger.entries import Entry
from duijie_portal.ledger.models import Agreement, Listing, Party, Record

from .import_fields import PREFIX, fields_of
from .import_kinds import EXCHANGES, FACTS, fold_fact
from .import_rows import LISTING_ROLES, Known, fold_name
from .merge_groups import same_as

__all__ = [
    "checked",
    "folder",
    "imports_of",
    "known",
    "quality",
    "remembered",
    "table_path",
    "taken_rows",
]

KIND = "import"
_ENTRIES = ("submitted", "revised", "retired", "erased")
_COMPARED = ("short_name", "region", "address", "registered_on", "scope")


def folder(agreement: Agreement, side: str) -> Path:
    """Where a side's tables lie until they are taken in or dropped; nothing serves this folder."""
    return Path(settings.HOME) / "imports" / agreement.pk / side


def table_path(row: Record) -> Path:
    return folder(row.agreement, row.side_id) / row.pk / str(row.payload["file"])


def maps_path(row: Record) -> Path:
    """The columns remembered for what a department sends."""
    return folder(row.agreement, row.side_id) / f"{row.department}.yaml"


def remembered(row: Record, mark: str) -> dict[str, str]:
    """What a person said of a table with these headings before."""
    return recall(maps_path(row), mark) if mark else {}


def imports_of(agreement: Agreement, person: Visitor) -> QuerySet[Record]:
    """The tables of the departments a person may send for, latest first."""
    side = person.side_id if isinstance(person, Person) else None
    found = Record.objects.filter(agreement=agreement, kind=KIND, side=side).visible_to(person)
    offices = offices_of(agreement, person).values("key")
    rows: QuerySet[Record] = found.filter(department__in=offices).order_by("-pk")
    return rows


def checked(row: Record) -> Mapping[str, Any]:
    """What the last dry run found; empty once the table is taken in or dropped."""
    path = table_path(row).with_name("check.json")
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def ledger_mark(row: Record) -> int:
    """Changes whenever a party, need, offer or fact entered the side's ledger."""
    said = Q(kind__in=_ENTRIES) | Q(kind="kept", subject__startswith="record/") & ~Q(subject=f"record/{row.pk}")
    found = Entry.objects.filter(said, agreement=row.agreement, side=row.side_id, is_inner=False)
    return found.aggregate(last=Max("seq"))["last"] or 0


def known(agreement: Agreement, side: str, kind: str) -> Known:
    """What a side's ledger holds that a table might say again."""
    found, same = Known(), same_as(agreement, side)
    for pk, name, code, payload in _parties(agreement, side):
        held = found.names.setdefault(fold_name(name), [])
        if not any(same.get(pk, pk) == same.get(one, one) for one, _ in held):  # two names of one organisation
            held.append((same.get(pk, pk), code))
        found.codes |= {code: name} if code else {}
        found.keys |= {payload["key"]: name} if "key" in payload else {}
    if kind in LISTING_ROLES or kind in EXCHANGES:
        _note_listings(agreement, side, found)
    if kind in FACTS:
        rows = Record.objects.filter(agreement=agreement, side=side, kind=kind).values_list("payload", flat=True)
        for payload in rows.iterator(chunk_size=2000):
            source = payload["source"]
            found.facts.add(fold_fact(kind, payload["values"], source["title"], source["as_of"]))
    return found


def _note_listings(agreement: Agreement, side: str, found: Known) -> None:
    rows = Listing.objects.filter(agreement=agreement, side=side).values_list(
        "party", "kind", "role", "payload", "source"
    )
    for party, own, role, payload, source in rows.iterator(chunk_size=2000):
        found.listings.add((party, own, role, fold_name(_text(payload.get("title")))))
        found.listing_keys |= {source["key"]} if source.get("key") else set()


def _parties(agreement: Agreement, side: str) -> Iterable[tuple[str, str, str, Mapping[str, Any]]]:
    rows = Party.objects.filter(agreement=agreement, side=side).values_list("pk", "name", "uscc", "payload")
    return rows.iterator(chunk_size=2000)


def held_table(agreement: Agreement, side: str) -> pa.Table:
    """A side's parties on record, as the finder of doubles reads them."""
    rows = Party.objects.filter(agreement=agreement, side=side).exclude(kind="talent").order_by("pk")
    found = [
        {"name": name, "name_en": name_en, "uscc": uscc, **{key: _text(payload.get(key)) for key in _COMPARED}}
        for name, name_en, uscc, payload in rows.values_list("name", "name_en", "uscc", "payload")
    ]
    texts = pa.schema([(key, pa.string()) for key in ("name", "name_en", "uscc", *_COMPARED)])
    return pa.Table.from_pylist(found, schema=texts)


def _text(value: Any) -> str:
    return str(value.get("zh", "")) if isinstance(value, Mapping) else str(value or "")


def taken_rows(row: Record) -> QuerySet[Any]:
    """The parties, listings or facts a table became."""
    kind = row.payload["kind"]
    model: Any = Listing if kind in LISTING_ROLES or kind in EXCHANGES else Record if kind in FACTS else Party
    rows: QuerySet[Any] = model._default_manager.filter(agreement=row.agreement, side=row.side)
    return rows.filter(pk__startswith=f"{row.pk}-")


def taken_document(row: Any) -> dict[str, Any]:
    """A party, listing or fact with its source, date and what is believed less than fully."""
    source = row.source if isinstance(row, Listing) else row.payload["source"]
    return {
        "id": row.pk,
        "name": row.name if isinstance(row, Party) else _text(row.payload.get("title")) or str(row),
        "uscc": getattr(row, "uscc", ""),
        "industry": getattr(row, "industry", ""),
        "visibility": row.visibility,
        "is_released": row.released_at is not None,
        "source": source,
    }


def columns_of(kind: str) -> list[dict[str, Any]]:
    """The fields a column may be mapped to; for needs and offers also those of every kind of match."""
    own = [
        {"key": one.key, "label": one.label, "is_required": one.is_required} for one in layout(kind).columns.values()
    ]
    more = fields_of(LISTING_ROLES[kind]).values() if kind in LISTING_ROLES else ()
    fields = [
        {"key": f"{PREFIX}{one.key}", "label": one.label, "is_required": False, "is_of_kind": True}
        for one in more
        if one.key not in layout(kind).columns
    ]
    return own + fields


def quality(agreement: Agreement, person: Visitor, *, today: date) -> dict[str, Any]:
    """Coverage, freshness and provenance of what each department of one's own side sent."""
    side = person.side_id if isinstance(person, Person) else None
    rows = Record.objects.filter(agreement=agreement, kind=KIND, side=side).visible_to(person).exclude(state="dropped")
    files = [_file(row, today) for row in rows.order_by("department", "-pk")]
    names = {one.key: one.name for one in Department.objects.filter(agreement=agreement.pk, side=side)}
    grouped: dict[str, list[dict[str, Any]]] = {}
    for one in files:
        grouped.setdefault(one["department"], []).append(one)
    silent = [{"key": key, "name": name} for key, name in names.items() if key not in grouped]
    return {"departments": [_office(key, names.get(key), own) for key, own in grouped.items()], "silent": silent}


def _file(row: Record, today: date) -> dict[str, Any]:
    known_of = row.payload.get("summary", {})
    latest = (known_of.get("as_of") or ["", ""])[1] or row.payload["as_of"]
    return {
        "id": row.pk,
        "file": row.payload["file"],
        "sha256": row.payload["sha256"],
        "kind": layout(row.payload["kind"]).label,
        "source": row.payload["source"],
        "department": row.department,
        "state": row.state,
        "n_rows": known_of.get("n_rows", 0),
        "n_faulty_rows": known_of.get("n_faulty_rows", 0),
        "n_faults": known_of.get("n_faults", 0),
        "latest": latest,
        "age_days": _age_days(latest, today),
        "coverage": [
            {"label": layout(row.payload["kind"]).columns[key].label, "share": share}
            for key, share in known_of.get("coverage", {}).items()
        ],
    }


def _age_days(latest: str, today: date) -> int | None:
    """Days since a date as exact as given, counted from its first day."""
    if not latest:
        return None
    year, month, day = (*map(int, latest.split("-")), 1, 1)[:3]
    return max(0, (today - date(year, month, day)).days)


def _office(key: str, name: Any, files: list[dict[str, Any]]) -> dict[str, Any]:
    n_rows = sum(one["n_rows"] for one in files)
    n_faulty = sum(one["n_faulty_rows"] for one in files)
    shares = [column["share"] for one in files for column in one["coverage"]]
    ages = [one["age_days"] for one in files if one["age_days"] is not None]
    return {
        "key": key,
        "name": name or key,
        "files": files,
        "n_rows": n_rows,
        "sound_share": 1 - n_faulty / n_rows if n_rows else None,
        "full_share": sum(shares) / len(shares) if shares else None,
        "latest": max((one["latest"] for one in files), default=""),
        "age_days": min(ages, default=None),
    }
