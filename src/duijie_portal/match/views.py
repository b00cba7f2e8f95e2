"""Pages of matching: proposals with reasons, listings, one case with its chain."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from duijie.errors import InputError
from duijie.match.kinds import load_kinds
from duijie.terms import CHAIN, Bilingual
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
    shown = list(found.values(*_SHOWN)[rows])
    last = selectors.last_steps([row["id"] for row in shown])
    states = (*CHAIN, "refused")
    return {
        "cases": [_row(row, last.get(row["id"])) for row in shown],
        "pages": place,
        "asked": asked,
        "states": states,
    }


_SAID = ("id", "clause", "state", "last_on", "amount", "unit", "reason")
_SHOWN = (*_SAID, "side_id", "title_zh", "title_en", "need_party__name", "offer_party__name")


def _row(row: Document, last: Document | None) -> Document:
    names = {end: row[f"{end}_party__name"] or "" for end in ("need", "offer")}
    title = Bilingual(row["title_zh"] or row["id"], row["title_en"])
    return {**{key: row[key] for key in _SAID}, "title": title, "side": row["side_id"], **names, "last": last}


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
