"""Pages of sharing: the sealed log and its verdict, the keys, the certificates; the log as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from duijie_portal.ledger.log import public_keys, verify_agreement
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.ledger.pages import act, file_page, page, paged
from duijie_portal.ledger.selectors import department_names
from duijie_portal.ledger.visibility import Visibility

from . import forms, selectors, services

__all__ = ["keys", "log", "overview"]

Document = dict[str, Any]


@page("share/overview.html")
def overview(request: HttpRequest, agreement: Agreement) -> Document:
    events = selectors.event_rows(agreement)
    rows, place = paged(request, events.count(), 25)
    return {
        "chains": selectors.chains(agreement),
        "keys": {side: list(keys) for side, keys in public_keys().items() if agreement.sides.filter(pk=side).exists()},
        "events": [selectors.readable(event, request.user) for event in events[rows]],
        "pages": place,
        "certificates": selectors.certificates(agreement, request.user),
    }


@page("share/outgoing.html")
def outgoing(request: HttpRequest, agreement: Agreement) -> Document:
    tables = [row.pk for row in selectors.tables_of(agreement, request.user)]
    held, batches = selectors.held(agreement, request.user, tables), selectors.batches(agreement, request.user)
    n_held = sum(group["n"] for group in held) + sum(one["n_unchecked"] + one["n_waiting"] for one in batches)
    return {"held": held, "batches": batches, "n_held": n_held, "levels": Visibility.values,
            "names": department_names(agreement)}  # fmt: skip


@page("share/batch.html")
def batch(request: HttpRequest, agreement: Agreement, table: str) -> Document:
    row = _table(request, agreement, table)
    kinds = [kind for kind in ("listing", "record", "party") if selectors.batch_rows(row, kind).exists()]
    kind = request.GET.get("type", "") if request.GET.get("type") in kinds else next(iter(kinds), "")
    found = selectors.batch_rows(row, kind)
    rows, place = paged(request, found.count())
    shown = [selectors.batch_row(one) for one in found[rows]]
    return {"table": selectors.batch_of(row), "rows": shown, "type": kind, "types": kinds, "pages": place,
            "levels": Visibility.values, "names": department_names(agreement)}  # fmt: skip


def _table(request: HttpRequest, agreement: Agreement, key: str) -> Record:
    return get_object_or_404(selectors.tables_of(agreement, request.user), pk=key)


@act(forms.OutgoingForm, "outgoing")
def clear(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    services.clear_rows(request.user, _rows(request, agreement, data))
    return "portal_done_clear", _back(agreement, data)


@act(forms.OutgoingForm, "outgoing")
def release(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    level = data["visibility"] or Visibility.BOTH
    services.release_rows(request.user, _rows(request, agreement, data), visibility=level)
    return "portal_done_release", _back(agreement, data)


@act(forms.BatchForm, "outgoing")
def clear_batch(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.clear_table(request.user, _table(request, agreement, data["table"]))
    return "portal_done_clear"


@act(forms.BatchForm, "outgoing")
def release_batch(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    level = data["visibility"] or Visibility.BOTH
    services.release_table(request.user, _table(request, agreement, data["table"]), visibility=level)
    return "portal_done_release"


def _rows(request: HttpRequest, agreement: Agreement, data: Document) -> list[Any]:
    """The rows named, all of them or none."""
    found = list(selectors.held_rows(agreement, request.user, data["type"]).filter(pk__in=data["ids"]))
    if len(found) != len(data["ids"]):
        raise Http404
    return found


def _back(agreement: Agreement, data: Document) -> str:
    """The page one came from: the table's own, or the list of all."""
    if data["table"]:
        return reverse("batch", kwargs={"agreement": agreement.pk, "table": data["table"]})
    return reverse("outgoing", kwargs={"agreement": agreement.pk})


@page("share/verdict.html")
def verdict(request: HttpRequest, agreement: Agreement) -> Document:
    found = verify_agreement(agreement)
    faults = [{"code": one.code, "where": dict(one.where), "values": dict(one.values)} for one in found.faults[:50]]
    return {"holds": found.holds, "n_entries": found.n_entries, "n_faults": len(found.faults), "faults": faults}


@file_page("log.jsonl", power="log.read")
def log(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """Every entry, one a line, as the stand-alone verifier reads it."""
    for event in agreement.events.iterator(chunk_size=500):
        yield json.dumps(event.entry().to_dict(), ensure_ascii=False).encode() + b"\n"


@file_page("keys.json")
def keys(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """The public keys of the sides."""
    yield json.dumps(public_keys()).encode()
