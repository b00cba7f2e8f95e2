"""One industry of one region: its figures with their meaning, and the named firms behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Party
from duijie_portal.ledger.selectors import results

__all__ = ["cell", "firm", "firms"]

_N_LINKS = 12


def cell(agreement: Agreement, region: str, industry: str) -> Mapping[str, Any]:
    """What the diagnosis says of an industry in a region; empty where it says nothing of either."""
    found = results(agreement, "diagnose")
    regions = {one["code"]: one["name"] for one in found.get("regions", ())}
    placed = next((one for one in found.get("industry_map", ()) if one["industry"] == industry), None)
    rows = {one["region"]: one for one in found.get("specialization", ()) if one["industry"] == industry}
    named = placed or next(iter(rows.values()), None)
    if region not in regions or named is None:
        return {}
    here = [
        one
        for one in found["links"]
        if (region, industry)
        in ((one["supplier_region"], one["supplier_industry"]), (one["buyer_region"], one["buyer_industry"]))
    ]
    return {
        "region": region,
        "industry": industry,
        "name": named["name"],
        "regions": found["regions"],
        "quotients": rows,
        "complexity": placed["complexity"] if placed else None,
        "density": placed["density"] if placed else {},
        "is_present": placed["is_present"] if placed else {},
        "links": here[:_N_LINKS],
        "coverage": next((one["note"] for one in found["coverage"] if one["region"] == region), None),
        "sources": [one for one in found["sources"] if one["key"] == "counts"] or found["sources"][:1],
        "provenance": found["provenance"],
    }


def firms(agreement: Agreement, person: Visitor, region: str, industry: str) -> QuerySet[Party]:
    """The firms on record a person may see in an industry of a region, whatever level their code has."""
    rows = Party.objects.filter(agreement=agreement, side=region, kind="firm", industry__startswith=industry)
    shown: QuerySet[Party] = rows.visible_to(person).order_by("name", "id")
    return shown


def firm(row: Party) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "town": row.town,
        "industry": row.industry,
        "products": row.payload.get("products", ()),
        "is_inferred": "industry" in row.payload.get("inferred", ()),
        "source": row.payload.get("source", {}),
    }
