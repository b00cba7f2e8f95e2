"""Pages of sharing: the sealed log and its verdict, the keys, the certificates; the log as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from duijie.ledger import events
from duijie.ledger.lines import line_of
from duijie.ledger.seal import Chain, Part
from duijie_portal.ledger import listings
from duijie_portal.ledger.keys import public_keys
from duijie_portal.ledger.models import Agreement, Listing, Party, Record
from duijie_portal.ledger.pages import act, file_page, page, paged, person_of, typed
from duijie_portal.ledger.selectors import department_names
from duijie_portal.ledger.store import DatabaseLog
from duijie_portal.ledger.visibility import Visibility

from . import exchange as packages
from . import forms, selectors, services

__all__ = ["exchange", "keys", "log", "overview"]

Document = dict[str, Any]


@page("share/overview.html")
def overview(request: HttpRequest, agreement: Agreement) -> Document:
    events = selectors.entry_rows(agreement)
    rows, place = paged(request, events.count(), 25)
    return {
        "chains": selectors.chains(agreement),
        "keys": {side: list(keys) for side, keys in public_keys().items() if agreement.sides.filter(pk=side).exists()},
        "events": [selectors.readable(event, request.user) for event in events[rows]],
        "pages": place,
        "certificates": selectors.certificates(agreement, request.user),
    }


@page("share/exchange.html", power="brief.read")
def exchange(request: HttpRequest, agreement: Agreement) -> Document:
    """What another side's portal has of this one and this one of it, and the three acts between them."""
    peers = packages.peers(agreement)
    line = packages.introduction(packages.own_side(agreement)) if peers else ""
    return {"peers": peers, "line": line, "is_waiting": bool(peers) and not agreement.entries.exists()}


@act(forms.LineForm, "exchange", power="share.exchange")
def exchange_trust(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str, Document]:
    side = packages.trust(request.user, agreement, line=data["line"])
    return "portal_done_trusted", reverse("exchange", args=[agreement.pk]), {"side": packages.name_of(side)}


@act(forms.PackageForm, "exchange", power="share.exchange")
def exchange_take(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str, Document]:
    sent = data["package"]
    done = packages.take(request.user, agreement, content=sent.read(), name=sent.name).or_why()
    about = {"side": packages.name_of(done.side), "n": done.n_new, "n_files": done.n_files}
    return "portal_done_taken", reverse("exchange", args=[agreement.pk]), about


@file_page(packages.package_name, power="share.exchange", media_type="application/zip")
def exchange_package(request: HttpRequest, agreement: Agreement, side: str) -> Iterator[bytes]:
    """The file for another side."""
    return iter([packages.package_for(request.user, agreement, to=side)])


@page("share/outgoing.html", power="record.clear", or_power="record.release")
def outgoing(request: HttpRequest, agreement: Agreement) -> Document:
    tables = [row.pk for row in selectors.tables_of(agreement, request.user)]
    held, batches = selectors.held(agreement, request.user, tables), selectors.batches(agreement, request.user)
    n_held = sum(group["n"] for group in held) + sum(one["n_unchecked"] + one["n_waiting"] for one in batches)
    return {"held": held, "batches": batches, "n_held": n_held, "levels": Visibility.values,
            "names": department_names(agreement)}  # fmt: skip


@page("share/batch.html", power="record.clear", or_power="record.release")
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


@page("share/review.html", power="record.review")
def review(request: HttpRequest, agreement: Agreement, sort: str, key: str) -> Document:
    """A record that is to leave its side, open: every field with who will read it."""
    row = _reviewed(request, agreement, sort, key)
    document = selectors.review_document(row)
    return {**document, "sort": sort, "levels": Visibility.values, "typed": typed(request)}


def _reviewed(request: HttpRequest, agreement: Agreement, sort: str, key: str) -> Any:
    model = {"listing": Listing, "party": Party}.get(sort)
    if model is None:
        raise Http404
    return get_object_or_404(model, agreement=agreement, side=person_of(request).side_id, pk=key)


@act(forms.NoteForm, "review", power="record.review")
def send_back(request: HttpRequest, agreement: Agreement, data: Document, *, sort: str, key: str) -> tuple[str, str]:
    listings.send_back(request.user, _reviewed(request, agreement, sort, key), note=data["note"])
    return "portal_done_sent_back", reverse("inbox", args=[agreement.pk])


@act(forms.LevelForm, "review", power="record.clear")
def review_clear(request: HttpRequest, agreement: Agreement, data: Document, *, sort: str, key: str) -> str:
    listings.clear(request.user, agreement, rows=[_reviewed(request, agreement, sort, key)])
    return "portal_done_clear"


@act(forms.LevelForm, "review", power="record.release")
def review_release(request: HttpRequest, agreement: Agreement, data: Document, *, sort: str, key: str) -> str:
    row = _reviewed(request, agreement, sort, key)
    level = data["visibility"] or Visibility.BOTH
    listings.release(request.user, agreement, rows=[row], visibility=level)
    return _released(sort == "listing", level)


@act(forms.OutgoingForm, "outgoing", power="record.clear")
def clear(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    services.clear_rows(request.user, _rows(request, agreement, data))
    return "portal_done_clear", _back(agreement, data)


@act(forms.OutgoingForm, "outgoing", power="record.release")
def release(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    level = data["visibility"] or Visibility.BOTH
    services.release_rows(request.user, _rows(request, agreement, data), visibility=level)
    return _released(data["type"] == "listing", level), _back(agreement, data)


@act(forms.BatchForm, "outgoing", power="record.clear")
def clear_batch(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.clear_table(request.user, _table(request, agreement, data["table"]))
    return "portal_done_clear"


@act(forms.BatchForm, "outgoing", power="record.release")
def release_batch(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    level = data["visibility"] or Visibility.BOTH
    table = _table(request, agreement, data["table"])
    services.release_table(request.user, table, visibility=level)
    return _released(selectors.batch_rows(table, "listing").exists(), level)


def _released(has_listings: bool, level: str) -> str:
    """What was done, and what follows by itself where needs or offers were opened to the other side."""
    return "portal_done_release_matched" if has_listings and level != Visibility.OWN else "portal_done_release"


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
    return selectors.verdict_of(agreement)


@file_page("log.jsonl", power="log.read")
def log(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """Every entry of the shared chains, one a line, as the stand-alone verifier reads it; of one's own side with what
    it says, of the others and of words the hashes alone.
    """
    side = person_of(request).side_id
    for chain in (Chain(one) for one in agreement.sides.order_by("pk").values_list("pk", flat=True)):
        for one in DatabaseLog(agreement).entries(chain):
            is_said = chain.side == side or isinstance(one.event, events.KeySet | events.AgreementPublished)
            yield line_of(one.entry, _values if is_said else _nothing) + b"\n"


def _values(part: Part) -> bool:
    return not part.is_words


def _nothing(part: Part) -> bool:
    return False


@file_page("keys.json")
def keys(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """The public keys of the sides."""
    yield json.dumps(public_keys()).encode()
