"""Pages of meeting: timetable, requests, exchange days with their papers, bookings, calendars, the funnel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from duijie.errors import InputError
from duijie_portal.accounts.models import KEY_LENGTH, Department
from duijie_portal.ledger.models import Agreement, Party
from duijie_portal.ledger.pages import act, file_page, json_of, language_of, page, paged, person_of
from duijie_portal.ledger.readers import matches_for
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.visibility import PARTY_ROLES

from . import calendars, forms, jobs, selectors, services
from .codes import feed_code, feed_of, pass_code, pass_of
from .decisions import decisions
from .models import KINDS, OPEN, RESULTS, STATES, Booking, Day, Feed, Pass, Request, Resource
from .papers import PAPERS, paper

__all__ = ["calendar", "timetable"]

Document = dict[str, Any]
_USUAL_DAYS = 14
"""What is proposed as the date of a next step."""


@page("meet/timetable.html")
def timetable(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.timetable(agreement, request.user)
    return {**found, "visits": selectors.visits(agreement, request.user)}


@file_page("meetings.ics", media_type="text/calendar; charset=utf-8")
def calendar(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """The meetings a person may see, for any calendar program; what was only computed is tentative."""
    yield calendars.proposal(agreement, selectors.timetable(agreement, request.user), language_of(), timezone.now())


# Requests


@page("meet/requests.html")
def requests(request: HttpRequest, agreement: Agreement) -> Document:
    person, now = person_of(request), timezone.now()
    asked = {name: request.GET.get(name, "")[:KEY_LENGTH] for name in ("day", "state", "party")}
    found = selectors.requests(agreement, person, now, day=asked["day"], state=asked["state"])
    rows, place = paged(request, len(found), 30)
    return {
        "requests": found[rows],
        "pages": place,
        "asked": asked,
        "days": selectors.days(agreement, person),
        "new": _new_request(agreement, person, asked, now),
        "refusals": selectors.refusals(),
        "states": STATES,
    }


def _new_request(agreement: Agreement, person: Any, asked: Document, now: datetime) -> Document:
    """The days to come, the parties one may ask for, and whom the chosen one may ask."""
    days = Day.objects.filter(agreement=agreement, on__gte=timezone.localdate(now), is_off=False)
    coming = days.visible_to(person).order_by("on")
    day = coming.filter(pk=asked["day"]).first() or coming.first()
    parties = selectors.own_parties(agreement, person)
    chosen = parties.filter(pk=asked["party"]).first() or (parties.first() if person.role in PARTY_ROLES else None)
    found = selectors.candidates(agreement, person, day, chosen) if day and chosen else []
    return {
        "days": [selectors.day_head(one) for one in coming],
        "day": day.pk if day else "",
        "parties": [{"id": one.pk, "name": one.name} for one in parties.order_by("name")],
        "party": chosen.pk if chosen else "",
        "n_asked": day.requests.filter(from_party_id=chosen.pk, state__in=OPEN).count() if day and chosen else 0,
        "ask_quota": day.ask_quota if day else 0,
        "candidates": found[:12],
        "n_candidates": len(found),
    }


def _day(request: HttpRequest, agreement: Agreement, key: str) -> Day:
    found = selectors.find_day(agreement, request.user, key)
    if found is None:
        raise Http404
    return found


def _request(request: HttpRequest, agreement: Agreement, key: str) -> Request:
    found: Request = get_object_or_404(Request.objects.filter(agreement=agreement).visible_to(request.user), pk=key)
    return found


def _party(request: HttpRequest, agreement: Agreement, key: str, named: Collection[str] = ()) -> Party:
    """A party the person may see, or one `named` together with theirs."""
    rows = Party.objects.filter(agreement=agreement)
    found = (rows if key in named else rows.visible_to(request.user)).filter(pk=key).first()
    if found is None:
        raise InputError("portal_meet_party_unknown", {"party": key})
    return found


@act(forms.AskForm, "requests")
def ask(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    day = _day(request, agreement, data["day"])
    asking = _party(request, agreement, data["from_party"])
    asked = _party(request, agreement, data["to_party"], selectors.partners(agreement, request.user, asking.pk))
    services.ask(request.user, day, note=data["note"], from_party=asking, to_party=asked)
    return "portal_done_asked"


@act(forms.AnswerForm, "requests")
def answer(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    row = _request(request, agreement, data.pop("key"))
    made = services.answer(request.user, row, **data)
    return f"portal_done_{made.state}"


@act(forms.KeyForm, "requests")
def withdraw(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.withdraw(request.user, _request(request, agreement, data["key"]))
    return "portal_done_withdrawn"


# Exchange days


@page("meet/days.html")
def exchange_days(request: HttpRequest, agreement: Agreement) -> Document:
    return {"days": selectors.days(agreement, request.user), "today": timezone.localdate()}


@act(forms.DayForm, "exchange_days")
def open_day(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.open_day(request.user, agreement, **data)
    return "portal_done_day"


@page("meet/day.html")
def exchange_day(request: HttpRequest, agreement: Agreement, day: str) -> Document:
    row, person = _day(request, agreement, day), person_of(request)
    found = selectors.board(agreement, row, person, timezone.now())
    entries = {one.party_id: one for one in Pass.objects.filter(day=row)}
    for line in found["grid"]:
        party = line["person"]
        is_own = party["id"] == person.party or (person.role not in PARTY_ROLES and party["side"] == person.side_id)
        line["card"] = pass_code(entries[party["id"]]) if party["id"] in entries and is_own else ""
    return {**found, "papers": PAPERS, **(_desk(agreement, person) if found["is_organiser"] else {})}


def _desk(agreement: Agreement, person: Any) -> Document:
    """Whom the organiser's desk may bring together, and under which clause."""
    rows = Party.objects.filter(agreement=agreement).exclude(kind="talent").visible_to(person).order_by("side", "name")
    clauses = agreement_term(agreement).clauses
    return {
        "parties": [selectors.party_row(one) for one in rows],
        "clauses": [{"key": one.key, "number": one.number, "title": one.title} for one in clauses],
    }


@act(forms.PlanForm, "exchange_day")
def plan_day(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str | tuple[str, str]:
    row = _day(request, agreement, day)
    if jobs.is_large(row):
        job = jobs.begin(request.user, row, is_fresh=data["is_fresh"])
        return "portal_job_begun", reverse("job", args=[agreement.pk, job.pk])
    services.plan_day(request.user, row, now=timezone.now(), is_fresh=data["is_fresh"])
    return "portal_done_planned"


@act(forms.LockForm, "exchange_day")
def lock_meeting(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    change = services.lock(data["request"], data["slot"])
    services.change_day(request.user, _day(request, agreement, day), change, now=timezone.now())
    return "portal_done_locked" if data["slot"] else "portal_done_unlocked"


@act(forms.AwayForm, "exchange_day")
def report_away(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    change = services.away(data["party"], data["slots"])
    services.change_day(request.user, _day(request, agreement, day), change, now=timezone.now())
    return "portal_done_replanned"


@act(forms.LateForm, "exchange_day")
def report_late(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    now = timezone.now()
    change = services.late(data["party"], data["until"], now)
    services.change_day(request.user, _day(request, agreement, day), change, now=now)
    return "portal_done_replanned"


@act(forms.DeskForm, "exchange_day")
def at_desk(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    row = _day(request, agreement, day)
    one, other = (_party(request, agreement, data.pop(end)) for end in ("from_party", "to_party"))
    services.at_desk(request.user, row, from_party=one, to_party=other, **data)
    services.plan_day(request.user, row, now=timezone.now())
    return "portal_done_replanned"


@act(forms.NoForm, "exchange_day")
def call_off_day(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    del data
    services.call_off_day(request.user, _day(request, agreement, day))
    return "portal_done_day_off"


@act(forms.TableForm, "exchange_day")
def report_table(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    change = services.close(data["table"], data["slots"])
    services.change_day(request.user, _day(request, agreement, day), change, now=timezone.now())
    return "portal_done_replanned"


@act(forms.ArriveForm, "exchange_day")
def arrive(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    services.check_in(request.user, _day(request, agreement, day), now=timezone.now(), **data)
    return "portal_done_arrived" if data["is_here"] else "portal_done_not_arrived"


@act(forms.ArriveForm, "exchange_day")
def renew(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    services.renew_pass(request.user, _day(request, agreement, day), party=data["party"])
    return "portal_done_renewed"


def _paper(kind: str) -> Any:
    @file_page(f"{kind}.pdf", media_type="application/pdf")
    def view(request: HttpRequest, agreement: Agreement, day: str) -> list[bytes]:
        row, person = _day(request, agreement, day), person_of(request)
        if kind != "schedules" and not (person.side_id == row.side_id and person.role not in PARTY_ROLES):
            raise Http404
        seen = selectors.meetings_of(row, person)
        own = {person.party} if person.role in PARTY_ROLES else None

        def address(code: str) -> str:
            return request.build_absolute_uri(reverse("card", kwargs={"agreement": agreement.pk, "code": code}))

        party = request.GET.get("party", "")[:KEY_LENGTH] if own is None else person.party
        return [paper(kind, row, seen, language=language_of(), address=address, party=party)]

    return view


schedules, signs, attendance = (_paper(kind) for kind in PAPERS)


# A party's phone page: whoever holds the code, without an account


@require_safe
def card(request: HttpRequest, agreement: str, code: str) -> HttpResponse:
    """The schedule of the party whose code this is; once opened it is there without a network."""
    entry = pass_of(code)
    if entry is None or entry.day.agreement_id != agreement:
        raise Http404
    document: Document = selectors.schedule_of(entry)
    document |= {"arrived_at": entry.arrived_at, "code": code, "now": timezone.now()}
    banner = {"is_rehearsal": entry.day.agreement.is_rehearsal, "banner": entry.day.agreement.banner}
    return render(request, "meet/card.html", {"page": {**document, **banner}, "key": agreement})


@require_POST
def here(request: HttpRequest, agreement: str, code: str) -> HttpResponseBase:
    """The party is here: its own code says so."""
    entry = pass_of(code)
    if entry is None or entry.day.agreement_id != agreement:
        raise Http404
    try:
        services.keep_arrival(entry, now=timezone.now())
    except InputError:
        return redirect(reverse("card", kwargs={"agreement": agreement, "code": code}) + "?early=1")
    return redirect("card", agreement=agreement, code=code)


@require_safe
def offline(request: HttpRequest, agreement: str) -> HttpResponse:
    """The worker that keeps opened phone pages of this folder."""
    return render(request, "meet/offline.js", content_type="text/javascript; charset=utf-8")


# Outcomes and the funnel


@page("meet/outcomes.html")
def outcomes(request: HttpRequest, agreement: Agreement, day: str) -> Document:
    row, person = _day(request, agreement, day), person_of(request)
    return {
        "day": selectors.day_head(row),
        "meetings": selectors.outcomes(row, person, timezone.now()),
        "results": RESULTS,
        "refusals": selectors.refusals(),
        "due_on": timezone.localdate() + timedelta(days=_USUAL_DAYS),
    }


@act(forms.OutcomeForm, "outcomes")
def tell_outcome(request: HttpRequest, agreement: Agreement, data: Document, *, day: str) -> str:
    row = _day(request, agreement, day)
    key = data.pop("meeting")
    meeting = next((one for one in selectors.meetings_of(row, request.user) if one.pk == key), None)
    if meeting is None:
        raise InputError("portal_meet_request_unknown", {"request": key})
    services.record_outcome(request.user, meeting, **data)
    return "portal_done_outcome"


@page("meet/funnel.html")
def funnel(request: HttpRequest, agreement: Agreement) -> Document:
    chosen = request.GET.get("day", "")[:80]
    found = selectors.funnel(agreement, request.user, chosen)
    return {
        **found,
        "days": selectors.days(agreement, request.user),
        "chosen": chosen,
        "chart": json_of(found["stages"]),
    }


@page("meet/decisions.html")
def decided(request: HttpRequest, agreement: Agreement) -> Document:
    """What the ranking learns from, as far as a person may see it."""
    seen = Request.objects.filter(agreement=agreement).visible_to(request.user)
    found = decisions(agreement, seen)
    kinds = {row["kind"]: row for row in matches_for(agreement, request.user).get("kinds", ())}
    counts = Counter((one.kind, one.is_accepted) for one in found)
    rows = [
        {
            "kind": kind,
            "name": kinds.get(kind, {}).get("name", kind),
            "n_accepted": counts[kind, True],
            "n_declined": counts[kind, False],
            "learnt": kinds.get(kind, {}).get("learnt"),
        }
        for kind in sorted({kind for kind, _ in counts})
    ]
    return {"agreement": agreement.pk, "decisions": [asdict(one) for one in found], "kinds": rows}


# Bookings


@page("meet/bookings.html")
def bookings(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    found = selectors.bookings(agreement, person, timezone.now())
    chosen = request.GET.get("kind", "")[:12]
    parties = [{"id": one.pk, "name": one.name} for one in selectors.own_parties(agreement, person).order_by("name")]
    # tables of exchange days are many; they are shown when asked for
    shown = [one for one in found["resources"] if (one["kind"] == chosen if chosen else one["day"] is None)]
    n_tables = sum(one["day"] is not None for one in found["resources"])
    return {
        **found,
        "resources": shown,
        "n_tables": n_tables,
        "chosen": chosen,
        "parties": parties,
        "kinds": KINDS,
    }


@act(forms.ResourceForm, "bookings")
def add_resource(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    party = _party(request, agreement, data["party"]) if data["party"] else None
    services.add_resource(request.user, agreement, **{**data, "party": party})
    return "portal_done_resource"


@act(forms.ChangeResourceForm, "bookings")
def change_resource(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Resource.objects.filter(agreement=agreement).visible_to(request.user)
    services.change_resource(request.user, get_object_or_404(rows, pk=data.pop("key")), **data)
    return "portal_done_resource_changed"


@act(forms.BookForm, "bookings")
def book(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Resource.objects.filter(agreement=agreement).visible_to(request.user)
    resource = get_object_or_404(rows, pk=data.pop("resource"))
    party = data.pop("party")
    made = services.book(request.user, resource, party=_party(request, agreement, party) if party else None, **data)
    return f"portal_done_booking_{made.state}"


@act(forms.KeyForm, "bookings")
def cancel_booking(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Booking.objects.filter(agreement=agreement).visible_to(request.user)
    services.cancel_booking(request.user, get_object_or_404(rows, pk=data["key"]))
    return "portal_done_booking_cancelled"


# Calendar feeds


@page("meet/feeds.html", power="feed.own")
def feeds(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    offices = Department.objects.filter(agreement=agreement.pk, side=person.side_id)
    own = offices.filter(people=person) if person.departments.exists() else offices
    is_party = person.role in PARTY_ROLES
    clauses = agreement_term(agreement).clauses
    return {
        "feeds": [_feed(request, agreement, one) for one in selectors.feeds(agreement, person)],
        "departments": [] if is_party else [{"key": one.key, "name": one.name} for one in own],
        "clauses": [] if is_party else [{"key": one.key, "title": one.title, "number": one.number} for one in clauses],
    }


def _feed(request: HttpRequest, agreement: Agreement, row: Feed) -> Document:
    path = reverse("feed", kwargs={"agreement": agreement.pk, "code": feed_code(row)})
    about: Any = ""
    if row.scope == "clause":
        about = next((one.title for one in agreement_term(agreement).clauses if one.key == row.key), row.key)
    if row.scope == "department":
        found = Department.objects.filter(agreement=agreement.pk, side=row.person.side_id, key=row.key).first()
        about = found.name if found else row.key
    address = request.build_absolute_uri(path)
    return {"id": row.pk, "scope": row.scope, "about": about, "address": address, "read_at": row.read_at}


@act(forms.FeedForm, "feeds")
def make_feed(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    scope, _, key = data["what"].partition(":")
    services.make_feed(request.user, agreement, scope=scope, key=key, language=language_of())
    return "portal_done_feed"


@act(forms.KeyForm, "feeds")
def revoke_feed(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    key = data["key"] if data["key"].isdigit() else "0"
    services.revoke_feed(request.user, get_object_or_404(Feed, person=person_of(request), agreement=agreement, pk=key))
    return "portal_done_feed_revoked"


@require_safe
def feed(request: HttpRequest, agreement: str, code: str) -> HttpResponse:
    """A calendar for whoever holds its code, as its person would see it now; 404 once revoked."""
    row = feed_of(code)
    if row is None or row.agreement_id != agreement or not row.agreement.sides.filter(pk=row.person.side_id).exists():
        raise Http404
    now = timezone.now()
    Feed.objects.filter(pk=row.pk).update(read_at=now)
    answer = HttpResponse(calendars.document(row, now=now), content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'inline; filename="duijie.ics"'
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
