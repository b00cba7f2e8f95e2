"""Pages of those outside the offices: one's own needs and offers, one listing, posts and applications."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from duijie.errors import InputError
from duijie.match.kinds import load_kinds
from duijie_portal.accounts.models import KEY_LENGTH, Follow, Person
from duijie_portal.accounts.powers import may
from duijie_portal.ledger import visits
from duijie_portal.ledger.casework import n_waiting
from duijie_portal.ledger.listings import mint
from duijie_portal.ledger.models import Agreement, Listing, Party, Record
from duijie_portal.ledger.pages import MOST_TYPED, act, page, paged, person_of
from duijie_portal.ledger.services import own_side
from duijie_portal.ledger.visibility import PARTY_ROLES

from . import listing_forms as forms
from . import listing_selectors as selectors
from . import listing_services as services
from .selectors import matches, matching

__all__ = ["applications", "followed", "listing", "listing_edit", "listing_new", "own_listings", "posts"]

Document = dict[str, Any]
_DRAFT = "listing_draft"


@page("match/listing_own.html", power="listing.own")
def own_listings(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    found = selectors.own_listings(agreement, person).select_related("party")
    rows, place = paged(request, found.count())
    listings = list(found[rows])
    states, matched = selectors.states_of(listings), matching(agreement, person, listings)
    shown = [
        {
            **selectors.listing_document(row, row.payload, states.get(row.pk, "entered")),
            "matching": matched[row.pk],
        }
        for row in listings
    ]
    return {"listings": shown, "pages": place, "kinds": _kinds(request), "has_party": bool(person.party)}


def _kinds(request: HttpRequest) -> list[Document]:
    known = load_kinds()
    return [
        {"kind": kind, "role": role, "name": known[kind].name, "summary": known[kind].summary}
        for kind, role in selectors.admitted(person_of(request))
    ]


@page("match/listing_form.html", power="listing.enter")
def listing_new(request: HttpRequest, agreement: Agreement) -> Document:
    draft, person = request.session.get(_DRAFT, {}), person_of(request)
    said = {name: request.GET.get(name) or draft.get(name, "") for name in ("kind", "role", "party", "visit")}
    admitted = selectors.admitted(person)
    visit = visits.prefill(agreement, person, said["visit"])
    owner = visit.party if visit else services.party_for(person, agreement, said["party"])
    usual = selectors.usual_kind(owner) if owner else ""
    kind, role = said["kind"] or usual or admitted[0][0], said["role"] or admitted[0][1]
    kind, role = (kind, role) if (kind, role) in admitted else admitted[0]
    begun = {"title": visit.title, "details": visit.details} if visit else {}
    return {**_form(request, kind, role, {}, "", begun), **_spoken_for(person, owner, said["visit"] if visit else "")}


def _spoken_for(person: Person, owner: Party | None, visit: str) -> Document:
    """For an official: whose need it is, the visit it comes from, and the kinds there are to choose from."""
    if person.role in PARTY_ROLES:
        return {}
    known = load_kinds()
    kinds = [{"key": key, "role": role, "name": known[key].name} for key, role in selectors.admitted(person)]
    owned = {"id": owner.pk, "name": owner.name} if owner else None
    return {"for_party": owned, "visit": visit, "kinds": kinds, "is_for_others": True}


def _form(
    request: HttpRequest, kind: str, role: str, payload: Document, valid_until: str, begun: Document | None = None
) -> Document:
    """The form, with what was typed before a fault was told; else with what it begins with."""
    draft = request.session.pop(_DRAFT, {})
    typed = draft if (draft.get("kind"), draft.get("role")) == (kind, role) else {}
    known = load_kinds()[kind]
    has_code = any(one.type == "code" for one in known.fields(role))  # type: ignore[arg-type]
    return {
        "codes": selectors.industry_codes() if has_code else (),
        "kind": kind,
        "role": role,
        "name": known.name,
        "summary": known.summary,
        "fields": selectors.fields_of(kind, role, payload or begun or {}, typed),
        "faults": typed.get("faults", {}),
        "valid_until": typed.get("valid_until", valid_until),
        "today": timezone.localdate(),
        "key": "" if payload else typed.get("key") or mint(own_side(person_of(request))),
    }


@act(forms.NothingForm, "listing_new", power="listing.enter")
def enter_listing(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    kind, role = request.POST.get("kind", ""), request.POST.get("role", "")
    if (kind, role) not in selectors.admitted(person_of(request)):
        raise InputError("portal_kind_not_admitted", {"kind": kind})
    said = _filled(request, kind, role)
    about: Document = {name: request.POST.get(name, "")[:KEY_LENGTH] for name in ("key", "party", "visit")}
    person = person_of(request)
    row = services.enter_listing(person, agreement, kind=kind, role=role, **about, **said)
    is_own, one = person.role in PARTY_ROLES, reverse("listing", args=[agreement.pk, row.pk])
    return "portal_done_listing_entered", reverse("own_listings", args=[agreement.pk]) if is_own else one


def _filled(request: HttpRequest, kind: str, role: str) -> Document:
    """Payload and last day from what was sent; with a fault it is kept for the form to show again."""
    form = forms.ListingForm(kind, role, request.POST)
    if form.is_valid():
        return {"payload": form.payload, "valid_until": form.cleaned_data["valid_until"]}
    request.session[_DRAFT] = {
        **{key: str(value)[:MOST_TYPED] for key, value in request.POST.items()},
        "kind": kind,
        "role": role,
        "faults": {name: " ".join(map(str, said)) for name, said in form.errors.items()},
    }
    lines = [f"{form.fields[name].label} {' '.join(map(str, said))}" for name, said in form.errors.items()]
    raise InputError("portal_listing_wrong", {"faults": " ".join(lines)})


def _seen(request: HttpRequest, agreement: Agreement, key: str) -> Listing:
    rows = Listing.objects.filter(agreement=agreement).visible_to(request.user).select_related("party", "agreement")
    found: Listing = get_object_or_404(rows, pk=key)
    return found


def _own(request: HttpRequest, agreement: Agreement, key: str) -> Listing:
    rows = selectors.own_listings(agreement, person_of(request)).select_related("party", "agreement")
    return get_object_or_404(rows, pk=key)


@page("match/listing_one.html")
def listing(request: HttpRequest, agreement: Agreement, listing: str) -> Document:
    row, person = _seen(request, agreement, listing), person_of(request)
    payload = selectors.disclosed([row], person)[row.pk]
    is_own = bool(person.party) and row.party_id == person.party
    is_post = (row.kind, row.role) == ("talent", "need")
    is_home = row.side_id == person.side_id
    state = selectors.states_of([row]).get(row.pk, "entered") if is_home else "released"
    matched = matching(agreement, person, [row])[row.pk]
    return {
        "listing": {**selectors.listing_document(row, payload, state), "matching": matched},
        "is_own": is_own,
        "n_waiting": n_waiting(row) if is_own else 0,
        "sent_back": selectors.sent_back_note(row) if is_own or (is_home and not person.party) else "",
        "n_hidden": len(row.payload) - len(payload),
        "matches": matches(agreement, person, row.kind, listing=row.pk)["matches"][:10],
        "is_followed": Follow.objects.filter(person=person, listing=row.pk).exists(),
        "may_apply": is_post and may(person, "application.own"),
    }


@page("match/listing_form.html", power="listing.own")
def listing_edit(request: HttpRequest, agreement: Agreement, listing: str) -> Document:
    row = _own(request, agreement, listing)
    if row.source.get("withdrawn_on") or row.kind not in load_kinds():
        raise Http404
    last_day = row.valid_until.isoformat() if row.valid_until else ""
    form = _form(request, row.kind, row.role, row.payload, last_day)
    return {**form, "id": row.pk, "is_open": row.released_at is not None}


@act(forms.NothingForm, "listing_edit", power="listing.own")
def change_listing(request: HttpRequest, agreement: Agreement, data: Document, *, listing: str) -> tuple[str, str]:
    row = _own(request, agreement, listing)
    services.change_listing(request.user, row, **_filled(request, row.kind, row.role))
    return "portal_done_listing_changed", reverse("listing", args=[agreement.pk, row.pk])


@act(forms.NothingForm, "listing", power="listing.own")
def withdraw_listing(request: HttpRequest, agreement: Agreement, data: Document, *, listing: str) -> str:
    services.withdraw_listing(request.user, _own(request, agreement, listing))
    return "portal_done_listing_withdrawn"


@act(forms.NothingForm, "listing", power="listing.follow")
def follow_listing(request: HttpRequest, agreement: Agreement, data: Document, *, listing: str) -> str:
    services.follow(request.user, _seen(request, agreement, listing))
    return "portal_done_listing_follow"


@act(forms.NothingForm, "followed", power="listing.follow")
def unfollow_listing(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.unfollow(request.user, _seen(request, agreement, request.POST.get("listing", "")[:KEY_LENGTH]))
    return "portal_done_listing_unfollow"


@page("match/listing_follows.html", power="listing.follow")
def followed(request: HttpRequest, agreement: Agreement) -> Document:
    return {"listings": selectors.follows(agreement, person_of(request))}


# Posts and applications


@page("match/listing_posts.html")
def posts(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.posts(agreement, person_of(request))
    rows, place = paged(request, found.count())
    shown = list(found[rows])
    open_to = selectors.disclosed(shown, request.user)
    return {"posts": [selectors.listing_document(row, open_to[row.pk]) for row in shown], "pages": place}


@act(forms.ApplyForm, "listing", power="application.own")
def apply_to(request: HttpRequest, agreement: Agreement, data: Document, *, listing: str) -> str:
    services.apply_to(request.user, _seen(request, agreement, listing), letter=data["letter"])
    return "portal_done_applied"


@page("match/listing_applications.html")
def applications(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    found = selectors.applications(agreement, person)
    rows, place = paged(request, found.count())
    shown = selectors.application_documents(found[rows], person)
    return {"applications": shown, "pages": place, "reasons": forms.REFUSED, "own_side": person.side_id}


def _application(request: HttpRequest, agreement: Agreement, data: Document) -> Record:
    return get_object_or_404(selectors.applications(agreement, person_of(request)), pk=data["application"])


@act(forms.RecordForm, "applications", power="application.own")
def withdraw_application(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.withdraw_application(request.user, _application(request, agreement, data))
    return "portal_done_application_withdrawn"


@act(forms.AppealForm, "applications", power="application.own")
def appeal_application(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.appeal_application(request.user, _application(request, agreement, data), text=data["text"])
    return "portal_done_appealed"


@act(forms.AnswerForm, "applications", power="application.answer")
def answer_application(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    row = _application(request, agreement, data)
    services.answer_application(request.user, row, is_accepted=data["is_accepted"], reason=data["reason"])
    return "portal_done_application_answered"


@act(forms.AnswerForm, "applications", power="appeal.decide")
def decide_appeal(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    row = _application(request, agreement, data)
    services.decide_appeal(request.user, row, is_accepted=data["is_accepted"], reason=data["reason"])
    return "portal_done_appeal_decided"
