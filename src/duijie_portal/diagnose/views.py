"""The page that says why the regions fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import page

from . import selectors

__all__ = ["pair"]


@page("diagnose/pair.html")
def pair(request: HttpRequest, agreement: Agreement) -> Mapping[str, Any]:
    found = selectors.pair(agreement)
    if not found:
        return {}
    keys = [chain["key"] for chain in found["chains"]]
    asked = request.GET.get("chain", "")
    chosen = asked if asked in keys else next(iter(keys), "")
    return {**found, "chosen": chosen, "chart": selectors.chart(found, chosen)}
