"""The pages that say why the regions fit, what stands behind a figure, and what if."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import act, page, paged, person_of

from . import cell_selectors, forms, opportunity_selectors, scenario_selectors, scenario_services, selectors

__all__ = ["cell", "opportunities", "pair", "scenario", "scenarios"]

Document = Mapping[str, Any]


@page("diagnose/pair.html")
def pair(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.pair(agreement)
    if not found:
        return {}
    keys = [chain["key"] for chain in found["chains"]]
    asked = request.GET.get("chain", "")
    chosen = asked if asked in keys else next(iter(keys), "")
    lines = opportunity_selectors.opportunity_lines(agreement, request.user, n=10)
    return {**found, "chosen": chosen, "chart": selectors.chart(found, chosen), "opportunities": lines}


@page("diagnose/opportunities.html")
def opportunities(request: HttpRequest, agreement: Agreement) -> Document:
    return opportunity_selectors.opportunities(agreement, person_of(request), request.GET.get("kind", "")[:40])


@page("diagnose/cell.html")
def cell(request: HttpRequest, agreement: Agreement, region: str, industry: str) -> Document:
    found = cell_selectors.cell(agreement, region, industry)
    if not found:
        raise Http404
    rows = cell_selectors.firms(agreement, request.user, region, industry)
    shown, place = paged(request, rows.count())
    return {**found, "firms": [cell_selectors.firm(row) for row in rows[shown]], "pages": place}


@page("diagnose/scenarios.html")
def scenarios(request: HttpRequest, agreement: Agreement) -> Document:
    return {
        "scenarios": scenario_selectors.listed(agreement, request.user),
        "lines": [{} for _ in range(forms.N_CHANGES)],
        **scenario_selectors.choices(agreement),
    }


@page("diagnose/scenario.html")
def scenario(request: HttpRequest, agreement: Agreement, scenario: str) -> Document:
    row = get_object_or_404(scenario_selectors.rows(agreement, request.user), pk=scenario)
    one = scenario_selectors.scenario_of(row)
    choices = scenario_selectors.choices(agreement)
    lines = [{name: getattr(change, name) for name in change.__slots__} for change in one.changes]
    return {
        **choices,
        "id": row.pk,
        "side": row.side_id,
        "scenario": {"name": one.name, "note": one.note, "version": one.version, "digest": one.digest},
        "changes": lines,
        "lines": [*lines, *({} for _ in range(forms.N_CHANGES - len(lines)))],
        "versions": scenario_selectors.versions(row, request.user),
        "names": {item["code"]: item["name"] for item in choices["industries"]},
        "difference": scenario_selectors.difference(row) if scenario_selectors.is_current(row) else {},
        "is_current": scenario_selectors.is_current(row),
    }


@act(forms.ScenarioForm, "scenarios")
def keep_scenario(request: HttpRequest, agreement: Agreement, data: dict[str, Any]) -> str:
    key = data.pop("before")
    rows = scenario_selectors.rows(agreement, request.user)
    before = get_object_or_404(rows, pk=key) if key else None
    scenario_services.keep_scenario(request.user, agreement, before=before, **data)
    return "portal_done_scenario"
