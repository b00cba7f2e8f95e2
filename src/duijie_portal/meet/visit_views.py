"""Pages of study visits: what was entered, the routes, the map, the papers; boundary lines somebody brought."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST

from duijie.data import sentence
from duijie.errors import InputError
from duijie.meet.letters import Letter, host_letter, invitation, itinerary_sheet, letters
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Agreement, Party
from duijie_portal.ledger.pages import act, file_page, language_of, page, person_of
from duijie_portal.ledger.selectors import agreement_term, agreements_of

from . import forms, maps, services
from .journeys import itinerary_of, question_of, roads_of
from .models import Outline, Visit

__all__ = ["visit", "visits"]

Document = dict[str, Any]
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _visit(request: HttpRequest, agreement: Agreement, key: str) -> Visit:
    found: Visit = get_object_or_404(Visit.objects.filter(agreement=agreement).visible_to(request.user), pk=key)
    return found


def _head(row: Visit) -> Document:
    names = ("id", "title", "clause", "on", "until", "side_id", "is_off", "version", "straight_kmh")
    n_hosts = sum(one["kind"] == "host" for one in row.plan.get("stops", ()))
    return {**{name: getattr(row, name) for name in names}, "n_visits": n_hosts, "n_groups": len(row.groups)}


@page("meet/visits.html")
def visits(request: HttpRequest, agreement: Agreement) -> Document:
    rows = Visit.objects.filter(agreement=agreement).visible_to(request.user)
    clauses = agreement_term(agreement).clauses
    return {
        "visits": [_head(row) for row in rows],
        "clauses": [{"key": one.key, "number": one.number, "title": one.title} for one in clauses],
        "outlines": [_outline(one) for one in Outline.objects.filter(agreement=agreement).visible_to(request.user)],
        "today": timezone.localdate(),
    }


def _outline(row: Outline) -> Document:
    facts = {"id": row.pk, "name": row.name, "approval": row.approval, "side": row.side_id}
    return {**facts, "n_lines": len(row.lines)}


@page("meet/visit.html")
def visit(request: HttpRequest, agreement: Agreement, visit: str) -> Document:
    row, person = _visit(request, agreement, visit), person_of(request)
    is_own = person.side_id == row.side_id and not row.is_off and row.until >= timezone.localdate()
    roads = [
        {"a": a, "b": b, "minutes": minutes, "is_estimated": is_estimated}
        for (a, b), (minutes, is_estimated) in roads_of(row).items()
    ]
    entered = {name: getattr(row, name) for name in ("hosts", "groups", "trains", "places")}
    parties = Party.objects.filter(agreement=agreement).exclude(kind="talent").visible_to(person).order_by("name")
    return {
        **_head(row),
        **entered,
        "roads": roads,
        "own_roads": row.roads,
        "n_estimated": sum(one["is_estimated"] for one in roads),
        "plan": _plan(row),
        "days": _days(row),
        "map": _map(row, person),
        "belt": maps.belt(row),
        "outlines": [_outline(one) for one in _outlines(row, person)],
        "may_change": is_own,
        "parties": [{"id": one.pk, "name": one.name, "side": one.side_id} for one in parties[:300]] if is_own else [],
    }


def _outlines(row: Visit, person: Any) -> list[Outline]:
    return list(Outline.objects.filter(agreement=row.agreement_id).visible_to(person))


def _map(row: Visit, person: Any) -> Document | None:
    return maps.map_of(row, [one.lines for one in _outlines(row, person)])


def _plan(row: Visit) -> Document:
    names = {one["key"]: one["name"] for one in (*row.hosts, *row.groups)}
    left = [
        {**one, "group": names.get(one["group"], ""), "host": names.get(one["host"], "")}
        for one in row.plan.get("unvisited", ())
    ]
    return {**{name: value for name, value in row.plan.items() if name != "stops"}, "unvisited": left}


def _days(row: Visit) -> list[Document]:
    """The routes as people read them: group by group, day by day, line by line."""
    names = {one["key"]: one["name"] for one in row.hosts}
    goals = {one["number"]: one["goal"] for one in row.trains}
    stops = itinerary_of(row).stops
    found = []
    for group in row.groups:
        for day in group["days"]:
            own = [one for one in stops if one.group == group["key"] and _on(one) == day["on"]]
            lines = [
                {
                    "kind": one.kind,
                    "key": one.key,
                    "name": names.get(one.key, one.key),
                    "place": one.place,
                    "goal": goals.get(one.key, "") if one.kind == "train" else "",
                    "starts_at": one.starts_at,
                    "ends_at": one.ends_at,
                    "road_min": one.road_min,
                }
                for one in sorted(own, key=lambda one: one.starts_at)
            ]
            found.append({"group": group["name"], "n_persons": group["n_persons"], **day, "stops": lines})
    return found


def _on(stop: Any) -> str:
    return timezone.localdate(stop.starts_at).isoformat()


@act(forms.VisitForm, "visits")
def open_visit(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.open_visit(request.user, agreement, **data)
    return "portal_done_visit"


@act(forms.HostForm, "visit")
def add_host(request: HttpRequest, agreement: Agreement, data: Document, *, visit: str) -> str:
    key = data.pop("party")
    party = Party.objects.filter(agreement=agreement, pk=key).visible_to(request.user).first() if key else None
    if key and party is None:
        raise InputError("portal_meet_party_unknown", {"party": key})
    services.add_host(request.user, _visit(request, agreement, visit), party=party, **data)
    return "portal_done_entry"


def _adder(form: Any, add: Any) -> Any:
    """A view that adds one entry of a visit."""

    @act(form, "visit")
    def view(request: HttpRequest, agreement: Agreement, data: Document, *, visit: str) -> str:
        add(request.user, _visit(request, agreement, visit), **data)
        return "portal_done_entry"

    return view


add_group = _adder(forms.GroupForm, services.add_group)
add_train = _adder(forms.TrainForm, services.add_train)
add_road = _adder(forms.RoadForm, services.add_road)
add_place = _adder(forms.PlaceForm, services.add_place)


@act(forms.DropForm, "visit")
def drop_entry(request: HttpRequest, agreement: Agreement, data: Document, *, visit: str) -> str:
    services.drop(request.user, _visit(request, agreement, visit), **data)
    return "portal_done_entry_dropped"


@act(forms.PlanForm, "visit")
def plan_visit(request: HttpRequest, agreement: Agreement, data: Document, *, visit: str) -> str:
    row = _visit(request, agreement, visit)
    services.plan_visit(request.user, row, now=timezone.now(), is_fresh=data["is_fresh"])
    return "portal_done_visit_planned"


@act(forms.OutForm, "visit")
def put_host(request: HttpRequest, agreement: Agreement, data: Document, *, visit: str) -> str:
    change = services.put_host(data["key"], is_out=data["is_out"])
    services.plan_visit(request.user, _visit(request, agreement, visit), change, now=timezone.now())
    return "portal_done_visit_planned"


@act(forms.NoForm, "visit")
def call_off_visit(request: HttpRequest, agreement: Agreement, data: Document, *, visit: str) -> str:
    del data
    services.call_off_visit(request.user, _visit(request, agreement, visit))
    return "portal_done_visit_off"


@act(forms.OutlineForm, "visits")
def add_outline(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.add_outline(request.user, agreement, **data)
    return "portal_done_outline"


@act(forms.KeyForm, "visits")
def drop_outline(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Outline.objects.filter(agreement=agreement).visible_to(request.user)
    services.drop_outline(request.user, get_object_or_404(rows, pk=data["key"]))
    return "portal_done_outline_dropped"


@file_page("map.svg", media_type="image/svg+xml")
def visit_map(request: HttpRequest, agreement: Agreement, visit: str) -> list[bytes]:
    """The map as a file of its own."""
    row = _visit(request, agreement, visit)
    drawn = _map(row, request.user)
    if drawn is None:
        raise Http404
    approvals = [one.approval for one in _outlines(row, request.user) if one.approval]
    shown = {"map": drawn, "title": row.title, "is_file": True, "approvals": approvals}
    return [render_to_string("meet/map.svg", shown, request=request).strip().encode()]


@require_POST
def visit_paper(request: HttpRequest, agreement: str, visit: str) -> HttpResponseBase:
    """Invitation letters and itinerary sheets; POST, so that a contact's name stands in no address or log."""
    found = agreements_of(request.user).filter(pk=agreement).first()
    if found is None:
        raise Http404
    row = _visit(request, found, visit)
    form = forms.PaperForm(request.POST)
    if not form.is_valid() or not isinstance(request.user, Person) or request.user.side_id != row.side_id:
        messages.error(request, sentence("portal_meet_paper_fields", language_of()))
        return redirect("visit", agreement=agreement, visit=visit)
    content, name, kind = _papers(row, form.cleaned_data, language_of())
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store, private"}
    return HttpResponse(content, content_type=kind, headers=headers)


def _papers(row: Visit, data: Document, language: Any) -> tuple[bytes, str, str]:
    on, reply_by = timezone.localdate().isoformat(), data["reply_by"].isoformat() if data["reply_by"] else ""
    banner = row.agreement.banner[language] if row.agreement.is_rehearsal else ""
    letter = Letter(data["inviter"], data["purpose"], on, reply_by, data["contact"], data["number"], banner)
    question, route = question_of(row), itinerary_of(row)
    hosts, groups, trains = question.hosts, question.groups, question.trains
    kind, _, key = data["paper"].partition(":")
    if kind == "all":
        files = letters(letter, route, groups, hosts, trains=trains, language=language)
        return _zipped(files), "papers.zip", "application/zip"
    options: Document = {"trains": trains, "language": language}
    if kind == "host":
        host = _of(hosts, key)
        return host_letter(letter, route, host, groups, language=language), "host-letter.docx", _DOCX
    group = _of(groups, key)
    if kind == "invitation":
        return invitation(letter, route, group, hosts, **options), "invitation.docx", _DOCX
    return itinerary_sheet(route, group, hosts, made_on=on, banner=banner, **options), "itinerary.docx", _DOCX


def _of(rows: Any, key: str) -> Any:
    found = next((one for one in rows if one.key == key), None)
    if found is None:
        raise Http404
    return found


def _zipped(files: Any) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
