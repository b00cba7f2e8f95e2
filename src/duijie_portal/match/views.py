"""Pages of matching: proposals with reasons, listings, one case with its chain."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from duijie.data import sentence
from duijie.errors import InputError
from duijie.ledger.events import Amount, FileRef
from duijie.ledger.kinds import case_kind
from duijie.match.kinds import load_kinds
from duijie.terms import CHAIN
from duijie_portal.accounts.door import refuse
from duijie_portal.accounts.powers import may
from duijie_portal.ledger import casework, visits
from duijie_portal.ledger.models import Agreement, Case, Listing
from duijie_portal.ledger.pages import Done, act, denied, language_of, page, paged, person_of, typed
from duijie_portal.ledger.selectors import agreements_of, case_title, sums_of
from duijie_portal.ledger.services import file_ref
from duijie_portal.ledger.store import SHOWN_TYPES, SUFFIXES, kept_path, media_type

from . import case_selectors, forms, selectors

__all__ = ["case", "cases", "listings", "proposals"]

Document = dict[str, Any]


@page("match/proposals.html")
def proposals(request: HttpRequest, agreement: Agreement) -> Document:
    kinds = selectors.kinds(agreement, request.user)
    fullest = max(kinds, key=lambda kind: kind["n_matches"], default=None)
    chosen = request.GET.get("kind") or (fullest["kind"] if fullest else "")
    listing = request.GET.get("listing", "")[:80]
    found = selectors.matches(agreement, request.user, chosen, listing=listing)
    rows, place = paged(request, len(found["matches"]), 20)
    person = person_of(request)
    shown = selectors.with_listings(person, selectors.with_word(agreement, person, found["matches"][rows]))
    return {
        "kinds": kinds,
        "made": selectors.made_of(agreement, request.user),
        "warranty": selectors.warranty(agreement, person_of(request), chosen),
        "chosen": chosen,
        "listing": listing,
        "matches": shown,
        "compared": selectors.compared(shown, listing),
        "ideas": found["ideas"][:20],
        "unmatched": found["unmatched"][:20],
        "declined": selectors.declined(agreement, person, chosen),
        "reasons": case_kind("").nodes["refused"].reasons,
        "pages": place,
        "weights": selectors.weights_of(chosen),
        "is_matching": selectors.is_matching(agreement, chosen),
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
    asked = {name: request.GET.get(name, "")[:80] for name in ("clause", "state", "kind", "q")}
    found = case_selectors.case_rows(agreement, request.user, asked)
    rows, place = paged(request, found.count())
    shown = list(found.select_related("need")[rows])
    last = selectors.last_steps([row.pk for row in shown])
    sums = sums_of([row.pk for row in shown], as_of=timezone.localdate())
    states = (*CHAIN, "refused")
    return {
        "cases": [_row(row, last.get(row.pk), sums.get(row.pk, {})) for row in shown],
        "pages": place,
        "asked": asked,
        "states": states,
        "today": timezone.localdate(),
    }


_SAID = ("clause", "state", "last_on", "reason")


def _row(row: Case, last: Document | None, sums: Document) -> Document:
    parties = {"need": row.need_party, "offer": row.offer_party}
    names = {end: party.name if party else "" for end, party in parties.items()}
    title = case_title(row)
    said = {key: getattr(row, key) for key in _SAID}
    return {"id": row.pk, **said, "title": title, "side": row.side_id, **names, "last": last, **sums}


def _case(request: HttpRequest, agreement: Agreement, key: str) -> Case:
    rows = Case.objects.filter(agreement=agreement).visible_to(request.user)
    found: Case = get_object_or_404(
        rows.select_related("agreement", "need", "offer", "need_party", "offer_party"), pk=key
    )
    return found


@page("match/case.html", looks_back=True)
def case(request: HttpRequest, agreement: Agreement, case: str) -> Document:
    row = _case(request, agreement, case)
    document = case_selectors.case_document(row, person_of(request))
    chosen, only = request.GET.get("node", ""), len(document["next"]) == 1
    node = next((one for one in document["next"] if only or one["key"] == chosen), None)
    back, said = case_selectors.again(document, node["key"]) if node else {}, typed(request)
    said["said"] = said["said"] or back
    about = {"typed": said, "kept": back.get("files", ()), "today": timezone.localdate()}
    about["visit"] = case_selectors.visit_of(row, person_of(request)) if row.kind == visits.KIND else None
    section = "match" if document["parties"] or about["visit"] else "track"
    return {"case": document, "node": node, "section": section, **about}


@act(forms.StepForm, "case", power="case.answer")
def record_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> tuple[str, str]:
    row, person = _case(request, agreement, case), person_of(request)
    node = case_selectors.next_node(row, person, data["node"])
    kind = data["evidence"] or (node.evidence[0] if node and node.evidence else "")
    papers = [found for found in (case_selectors.file_of(row, key) for key in data["keep"]) if found is not None]
    if data["file"]:
        papers.append(file_ref(data["file"], kind))
    said = casework.Said(data["on"], _amount(data), data["reason"], data["note"].strip(), **_papers(papers))
    casework.record_step(person, row, node=data["node"], said=said, after=data["after"])
    return "portal_done_step", reverse("case", args=[agreement.pk, row.pk])


def _papers(papers: list[tuple[FileRef, str]]) -> Document:
    """Papers as a step or a correction says them: each once, with its name by its hash."""
    names = {one.sha256: name for one, name in papers}
    return {"files": tuple({one.sha256: one for one, _ in papers}.values()), "names": names}


def _amount(data: Document) -> Amount | None:
    return None if data["amount"] is None else Amount(data["amount"], data["unit"] or "cny")


@act(forms.TargetForm, "case", power="case.answer")
def confirm_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> Done:
    row, person = _case(request, agreement, case), person_of(request)
    casework.confirm(person, row, target=data["target"])
    word = case_selectors.word_of(row, data["target"])
    _, waits = case_selectors.standing_of(row, data["target"])
    if not waits:
        return f"portal_done_{word}"
    sides = {one.pk: one.short[language_of()] for one in agreement.sides.all()}  # type: ignore[index]
    return f"portal_done_{word}_waits", "", {"side": "、".join(sides.get(one, one) for one in waits)}


@act(forms.ReturnForm, "case", power="case.answer")
def return_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> str:
    row = _case(request, agreement, case)
    casework.send_back(person_of(request), row, target=data["target"], reason=data["reason"], note=data["note"])
    if case_selectors.word_of(row, data["target"]) == "agreed_correction":
        return "portal_done_not_agreed"
    state, _ = case_selectors.standing_of(row, data["target"])
    return "portal_done_disputed" if state == "disputed" else "portal_done_returned"


@act(forms.RefuseForm, "case", power="case.answer")
def decline_case(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> str:
    """Say no to a match the other end said yes to, with a reason from the list: the case ends."""
    row = _case(request, agreement, case)
    if row.need is None or row.offer is None:
        raise InputError("portal_no_such_match")
    casework.decline(person_of(request), row.need, offer=row.offer, reason=data["reason"], note=data["note"])
    return "portal_done_declined"


@act(forms.TargetForm, "case", power="case.answer")
def withdraw_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> str:
    casework.withdraw(person_of(request), _case(request, agreement, case), target=data["target"])
    return "portal_done_withdrawn"


@act(forms.CorrectForm, "case", power="case.answer")
def correct_step(request: HttpRequest, agreement: Agreement, data: Document, *, case: str) -> str:
    row = _case(request, agreement, case)
    about = {"amount": _amount(data), "happened_on": data["happened_on"], "note": data["note"]}
    step = row.steps.filter(pk=data["target"]).first()
    evidence = case_selectors.evidence_of(row, step.kind) if step else ()
    papers = [file_ref(data["file"], evidence[0] if evidence else "")] if data["file"] else []
    casework.correct(person_of(request), row, target=data["target"], **about, **_papers(papers))
    return "portal_done_corrected"


@require_safe
@login_required
def case_file(request: HttpRequest, agreement: str, case: str, sha256: str, name: str = "") -> HttpResponseBase:
    """A paper of a case, for whoever may see the case: shown in the page where it is a PDF or a picture.

    `name` is there for the title of the window alone.
    """
    row = get_object_or_404(agreements_of(request.user), pk=agreement)
    if not may(request.user, "read"):
        return denied(request, refuse(request.user, "read", request.path))
    found = case_selectors.file_of(_case(request, row, case), sha256)
    path = kept_path(sha256)
    if found is None or not path.exists():
        raise Http404
    kind, called = media_type(path), found[1]
    shown = kind if kind in SHOWN_TYPES else "application/octet-stream"
    return FileResponse(
        path.open("rb"),
        content_type=shown,
        as_attachment=kind not in SHOWN_TYPES,
        filename=called or f"{sha256[:12]}{SUFFIXES.get(kind, '')}",
    )


# A suggestion acts: both ends say yes, or one says no with a reason


def _ends(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[Listing, Listing]:
    """The two listings of a suggestion the person may see; it must be one that was computed."""
    pair = selectors.pair_of(agreement, person_of(request), data["need"], data["offer"])
    if pair is None:
        raise InputError("portal_no_such_match")
    return pair


@act(forms.AcceptForm, "match", power="case.answer")
def accept_match(request: HttpRequest, agreement: Agreement, data: Document) -> Done:
    need, offer = _ends(request, agreement, data)
    clause = selectors.clause_of_kind(agreement, need.kind)
    key = casework.accept(person_of(request), need, offer=offer, clause=clause)
    row = Case.objects.get(pk=key)
    done = "portal_done_accept_closed" if row.state == "refused" else "portal_done_willing"
    why = sentence(f"refusal_{row.reason}", language_of()) if row.reason else ""
    return done, reverse("case", args=[agreement.pk, key]), {"why": why}


@act(forms.DeclineForm, "match", power="case.answer")
def decline_match(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    need, offer = _ends(request, agreement, data)
    casework.decline(person_of(request), need, offer=offer, reason=data["reason"], note=data["note"])
    return "portal_done_declined", reverse("match", args=[agreement.pk]) + f"?kind={need.kind}"


@act(forms.AcceptForm, "match", power="case.answer")
def reconsider_match(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    casework.reconsider(person_of(request), agreement, need=data["need"], offer=data["offer"])
    return "portal_done_reconsidered", reverse("match", args=[agreement.pk]) + f"?kind={data['kind']}"
