"""Pages of organisations that may be one: both side by side, reasons in words, a decision and its undo."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.ledger.pages import act, page, paged, person_of

from . import merge_selectors as selectors
from . import merge_services as services
from .import_forms import NothingForm
from .merge_groups import KIND, decisions

__all__ = ["decide_merge", "find_merges", "merges", "undo_merge"]

Document = dict[str, Any]
_PAGE = 10


class PairForm(forms.Form):
    """Two parties, and whether they are one."""

    one = forms.CharField(max_length=KEY_LENGTH)
    other = forms.CharField(max_length=KEY_LENGTH)
    is_same = forms.BooleanField(required=False)


class UndoForm(forms.Form):
    """The decision to take back."""

    key = forms.CharField(max_length=80)


@page("match/merges.html", power="case.step")
def merges(request: HttpRequest, agreement: Agreement) -> Document:
    side = person_of(request).side_id or ""
    ids, queue = selectors.queue_of(agreement, side)
    waiting = queue.open_pairs()
    rows, place = paged(request, len(waiting), _PAGE)
    parties = selectors.parties_of(
        agreement, request.user, {ids[at] for one in waiting[rows] for at in (one.one, one.other)}
    )
    shown = [selectors.pair_document(one, ids, parties) for one in waiting[rows]]
    decided = decisions(agreement, side)
    return {
        "pairs": [one for one in shown if one],
        "decided": [{"id": row.pk, "title": row.title, "state": row.state, "on": row.on} for row in decided[:50]],
        "is_looked": selectors.queue_path(agreement, side).exists(),
        "pages": place,
    }


@act(NothingForm, "merges")
def find_merges(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.find_pairs(request.user, agreement)
    return "portal_merge_done_find"


@act(PairForm, "merges")
def decide_merge(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.decide(request.user, agreement, **data)
    return "portal_merge_done_same" if data["is_same"] else "portal_merge_done_different"


@act(UndoForm, "merges")
def undo_merge(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Record.objects.filter(agreement=agreement, kind=KIND).visible_to(request.user)
    services.undo(request.user, get_object_or_404(rows, pk=data["key"]))
    return "portal_merge_done_undo"
