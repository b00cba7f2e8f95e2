"""The page of one firm, for the officials of its side."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import page, person_of

from .firm_selectors import firm_document, firms_of

__all__ = ["firm"]


@page("frame/firm.html", power="brief.read")
def firm(request: HttpRequest, agreement: Agreement, party: str) -> dict[str, Any]:
    person = person_of(request)
    row = get_object_or_404(firms_of(agreement, person), pk=party)
    return firm_document(agreement, person, row, is_whole=request.GET.get("all") == "1")
