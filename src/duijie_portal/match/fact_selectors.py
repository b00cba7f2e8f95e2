"""What a side keeps besides needs and offers: organisations, statistics and rail links, each with its source."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Party, Record

from .import_kinds import FACTS
from .merge_groups import group_of, same_as

__all__ = ["fact", "fact_rows", "names_of", "organisation", "organisation_rows"]


def fact_rows(agreement: Agreement, person: Visitor, *, kind: str, side: str) -> QuerySet[Record]:
    """Statistics or rail links a person may see."""
    asked = {"side": side} if side else {}
    rows: Any = Record.objects.filter(agreement=agreement, kind=kind if kind in FACTS else FACTS[0], **asked)
    found: QuerySet[Record] = rows.visible_to(person).order_by("title_zh", "-pk")
    return found


def fact(row: Record) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "side": row.side_id,
        "title": row.title,
        "values": row.payload["values"],
        "source": row.payload["source"],
        "is_released": row.released_at is not None,
        "visibility": row.visibility,
    }


def organisation_rows(agreement: Agreement, person: Visitor, *, kind: str, side: str, q: str) -> QuerySet[Party]:
    """Organisations a person may see, narrowed to a kind, a side, a part of the name or code."""
    rows: QuerySet[Party] = Party.objects.filter(agreement=agreement).visible_to(person)
    for name, value in {"kind": kind, "side": side}.items():
        rows = rows.filter(**{name: value}) if value else rows
    return rows.filter(Q(name__icontains=q) | Q(uscc__istartswith=q)) if q else rows


def organisation(row: Party, same: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    """An organisation with everything its side keeps of it, and the other names it stands under."""
    said = {"uscc": row.uscc, "name_en": row.name_en, "industry": row.industry, "town": row.town}
    said |= {key: value for key, value in row.payload.items() if key not in ("source", "inferred", "key", "id")}
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "side": row.side_id,
        "said": {key: value for key, value in said.items() if value not in (None, "", [], {})},
        "also": sorted({names[key] for key in group_of(same, row.pk) if key in names} - {row.name}),
        "source": row.payload.get("source") or {},
        "is_released": row.released_at is not None,
        "visibility": row.visibility,
    }


def names_of(agreement: Agreement, person: Visitor) -> tuple[dict[str, str], dict[str, str]]:
    """Who is one with whom on one's own side, and the names of those."""
    side = person.side_id if isinstance(person, Person) else None
    same = same_as(agreement, side) if side else {}
    return same, dict(Party.objects.filter(pk__in=list(same), side=side).values_list("pk", "name"))
