"""Pages of sharing: the sealed log and its verdict, the keys, the certificates; the log as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from duijie_portal.ledger import services
from duijie_portal.ledger.log import public_keys, verify_agreement
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import act, file_page, page, paged
from duijie_portal.ledger.visibility import Visibility

from . import forms, selectors

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
    held = selectors.held(agreement, request.user)
    return {"held": held, "n_held": sum(group["n"] for group in held), "levels": Visibility.values}


@act(forms.OutgoingForm, "outgoing")
def clear(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.clear(request.user, _row(request, agreement, data))
    return "portal_done_clear"


@act(forms.OutgoingForm, "outgoing")
def release(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.release(request.user, _row(request, agreement, data), visibility=data["visibility"] or Visibility.BOTH)
    return "portal_done_release"


def _row(request: HttpRequest, agreement: Agreement, data: Document) -> Any:
    return get_object_or_404(selectors.held_rows(agreement, request.user, data["type"]), pk=data["id"])


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
