"""Pages of matching: proposals with reasons, listings, one case with its chain."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from duijie.errors import InputError
from duijie.match.kinds import load_kinds
from duijie.terms import CHAIN
from duijie_portal.ledger import services
from duijie_portal.ledger.models import Agreement, Case
from duijie_portal.ledger.pages import act, page, paged, person_of

from . import forms, selectors

__all__ = ["case", "listings", "proposals"]

Document = dict[str, Any]


@page("match/proposals.html")
def proposals(request: HttpRequest, agreement: Agreement) -> Document:
    kinds = selectors.kinds(agreement, request.user)
    fullest = max(kinds, key=lambda kind: kind["n_matches"], default=None)
    chosen = request.GET.get("kind") or (fullest["kind"] if fullest else "")
    found = selectors.matches(agreement, request.user, chosen)
    rows, place = paged(request, len(found["matches"]), 20)
    return {
        "kinds": kinds,
        "made": selectors.made_of(agreement),
        "chosen": chosen,
        "matches": found["matches"][rows],
        "unmatched": found["unmatched"][:20],
        "pages": place,
    }


@page("match/listings.html")
def listings(request: HttpRequest, agreement: Agreement) -> Document:
    asked = {name: request.GET.get(name, "")[:40] for name in ("kind", "role", "side")}
    found = selectors.listing_rows(agreement, request.user, **asked)
    rows, place = paged(request, found.count())
    shown = [selectors.listing_document(row, request.user) for row in found[rows]]
    kinds = [{"key": key, "name": kind.name} for key, kind in load_kinds().items()]
    return {"listings": shown, "pages": place, "asked": asked, "kinds": kinds}


@page("match/cases.html")
def cases(request: HttpRequest, agreement: Agreement) -> Document:
    asked = {name: request.GET.get(name, "")[:80] for name in ("clause", "state")}
    found = Case.objects.filter(agreement=agreement).visible_to(request.user)
    found = found.filter(**{name: value for name, value in asked.items() if value})
    rows, place = paged(request, found.count())
    shown = list(found.select_related("need_party", "offer_party")[rows])
    last = selectors.last_steps(shown)
    return {
        "cases": [_row(row, last.get(row.pk)) for row in shown],
        "pages": place,
        "asked": asked,
        "states": (*CHAIN, "refused"),
    }


def _row(row: Case, last: Document | None) -> Document:
    names = {end: party.name if party else "" for end, party in (("need", row.need_party), ("offer", row.offer_party))}
    about = {
        "id": row.pk,
        "title": row.title,
        "clause": row.clause,
        "side": row.side_id,
        "state": row.state,
        "last_on": row.last_on,
    }
    return {**about, **names, "amount": row.amount, "unit": row.unit, "reason": row.reason, "last": last}


@page("match/case.html")
def case(request: HttpRequest, agreement: Agreement, case: str) -> Document:
    row = get_object_or_404(Case.objects.filter(agreement=agreement).visible_to(request.user), pk=case)
    at = CHAIN.index(row.state) if row.state in CHAIN else -1
    following = () if row.state == "refused" else (*CHAIN[at + 1 :], "refused")
    document = selectors.case_document(row)
    reached = {step["kind"] for step in document["steps"]}
    return {
        "case": document,
        "chain": CHAIN,
        "reached": sorted(reached),
        "following": following,
        "today": timezone.localdate(),
    }


@act(forms.StepForm, "case")
def record_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> str:
    row = get_object_or_404(Case.objects.filter(agreement=agreement).visible_to(request.user), pk=case)
    services.record_step(request.user, row, **data)
    return "portal_done_step"


@act(forms.ConfirmForm, "case")
def confirm_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> str:
    row = get_object_or_404(Case.objects.filter(agreement=agreement).visible_to(request.user), pk=case)
    step = row.steps.select_related("event").filter(pk=data["step"]).first()
    if step is None:
        raise InputError("portal_node_unknown", {"node": data["step"]})
    services.confirm_step(person_of(request), step, on=data["on"])
    return "portal_done_countersign"
