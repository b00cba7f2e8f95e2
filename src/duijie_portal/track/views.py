"""Pages of tracking: the clause board, one clause, tickets and pairs, conference and decisions, practices, changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from duijie.data import entries
from duijie.errors import InputError
from duijie.ledger.state import Placed
from duijie.sheets import split_lines
from duijie.terms import Bilingual
from duijie.terms.days import parse_day, shifted
from duijie.terms.working_days import working_days_between
from duijie.track import difference
from duijie.track.changes import quarter
from duijie.track.conference import host_of, practices_at
from duijie.track.standing import ActionProgress
from duijie.track.workflow import kind_of
from duijie_portal.accounts.models import Department
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger import visits
from duijie_portal.ledger.charge import offices_of
from duijie_portal.ledger.looking import looking
from duijie_portal.ledger.models import Agreement, Case, Record, action_key
from duijie_portal.ledger.pages import Done, act, page, paged, person_of
from duijie_portal.ledger.selectors import agreement_term, case_title, counted_sums, department_names, sums_of

from . import amendment_services, factor_selectors, factor_services, forms, selectors, services

__all__ = ["board", "clause"]

Document = dict[str, Any]


def day_of(request: HttpRequest) -> date:
    """The day a page looks at: the ``as_of`` parameter, else the day K stands for, else today; anything odd is that."""
    look = looking()
    try:
        return parse_day(request.GET.get("as_of", ""))
    except InputError:
        return look.on if look else timezone.localdate()


@page("track/board.html", looks_back=True)
def board(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.standing(agreement, request.user, as_of=day_of(request)).to_dict()
    clauses = [_judged(one, request.user) for one in found["clauses"]]
    areas = [{**area, "clauses": [one for one in clauses if one["area"] == area["key"]]} for area in found["areas"]]
    return {**found, "clauses": clauses, "areas": areas, "names": department_names(agreement)}


def _judged(clause: Document, person: Visitor) -> Document:
    """A clause with how the governments judge it, for their offices alone.

    A party reads its own cases: what was counted of them would be another figure than the offices have.
    """
    return clause if may(person, "brief.read") else {**clause, "light": "", "indicators": [], "reasons": []}


@page("track/clause.html", looks_back=True)
def clause(request: HttpRequest, agreement: Agreement, clause: str) -> Document:
    as_of = day_of(request)
    standing = selectors.standing(agreement, request.user, as_of=as_of)
    if clause not in standing.by_clause:
        raise Http404
    one = standing.by_clause[clause]
    cases = Case.objects.filter(agreement=agreement, clause=clause).of_chain().visible_to(request.user)
    streams = selectors.actions_of(agreement)
    rows, place = paged(request, cases.count(), 20)
    shown = cases.select_related("need", "need_party", "offer_party")[rows]
    sums = sums_of(cases.values_list("pk", flat=True), as_of=as_of)
    return {
        "as_of": as_of,
        "today": timezone.localdate(),
        "clause": _judged(one.to_dict(), request.user),
        "source": one.clause.source.to_dict(),
        "told": {key: _told(stream, as_of) for (own, key), stream in streams.items() if own == clause},
        "keys": _case_keys(agreement, request, clause, streams),
        "choices": {action.action.key: _choices(action) for action in one.actions},
        "evidence_kinds": entries("evidence", "evidence", "evidence"),
        "departments": department_names(agreement),
        "cases": [_case(row, sums.get(row.pk, {})) for row in shown],
        "sums": counted_sums(sums),
        "pages": place,
    }


def _case_keys(agreement: Agreement, request: HttpRequest, clause: str, begun: Iterable[tuple[str, str]]) -> Document:
    """The case of each action that was begun, for who may open it."""
    keys = {key: action_key(agreement, own, key) for own, key in begun if own == clause}
    seen = set(Case.objects.filter(pk__in=keys.values()).visible_to(request.user).values_list("pk", flat=True))
    return {key: case for key, case in keys.items() if case in seen}


def _told(stream: Sequence[Placed], as_of: date) -> list[Document]:
    """What was said of an action until a day, latest first: steps, words of the other side, milestones and notes."""
    found = []
    for one in sorted(stream, key=lambda one: (one.event.on, one.place or (0, 0)), reverse=True):
        event = one.event
        if event.on <= as_of:
            what = getattr(event, "node", "") or getattr(event, "about", "") or event.kind.replace(".", "_")
            note = Bilingual(event.words.get("note", ""), event.words.get("note_en", ""))
            about = {"what": what, "on": event.on, "side": one.side, "note": note}
            found.append({**about, "n_evidence": len(event.files)})
    return found


def _choices(action: ActionProgress) -> Document:
    """What may follow for an action: next nodes, the step that waits for a side's word, open milestones."""
    kind, state = kind_of(action.action), action.state
    following = kind.nodes[state.node].next if state.node else (kind.first.key,)
    repeats = (state.node,) if state.node and kind.nodes[state.node].repeats else ()
    nodes = [] if state.waits_for and not repeats else [kind.nodes[key] for key in (*following, *repeats)]
    return {
        "nodes": [
            {
                "key": node.key,
                "name": node.name,
                "evidence": node.evidence,
                "is_evidence_needed": node.is_evidence_needed,
                "reasons": node.reasons,
            }
            for node in nodes
        ],
        "reasons": [reason for node in nodes for reason in node.reasons],
        "milestones": [one.milestone.key for one in action.milestones if one.state != "done"],
        "notes": kind.notes if state.node else (),
        "names": {key: node.name for key, node in kind.nodes.items()},
        "proposed": state.proposed,
        "proposed_name": kind.nodes[state.proposed].name if state.proposed else "",
        "waits_for": state.waits_for,
    }


def _case(row: Case, sums: Document) -> Document:
    parties = [party.name if party else "" for party in (row.need_party, row.offer_party)]
    about = {"id": row.pk, "title": case_title(row), "state": row.state, "last_on": row.last_on, **sums}
    return {**about, "parties": parties, "reason": row.reason}


@act(forms.MoveForm, "clause")
def move(request: HttpRequest, agreement: Agreement, data: Document, *, clause: str) -> str:
    services.move(request.user, agreement, clause=clause, action=request.POST.get("action", ""), **data)
    return "portal_done_move"


@act(forms.CountersignForm, "clause")
def countersign(request: HttpRequest, agreement: Agreement, data: Document, *, clause: str) -> str:
    services.countersign(request.user, agreement, clause=clause, action=request.POST.get("action", ""), **data)
    return "portal_done_countersign"


@page("track/tickets.html", looks_back=True)
def tickets(request: HttpRequest, agreement: Agreement) -> Document:
    as_of = day_of(request)
    rows = selectors.tickets_at(selectors.tickets_of(agreement, request.user), as_of=as_of)
    shown, place = paged(request, len(rows), 30)
    return {
        "as_of": as_of,
        "tickets": rows[shown],
        "pages": place,
        "n_overdue": sum(row["state"].state == "overdue" for row in rows),
        "n_open": sum(row["state"].state == "open" for row in rows),
        **selectors.pairs(agreement, request.user, as_of=as_of),
        "departments": department_names(agreement),
        "own": _offices(offices_of(agreement, request.user)),
        "others": _offices(Department.objects.filter(agreement=agreement.pk).exclude(side=person_of(request).side_id)),
        "clauses": _clauses(agreement),
        **_from_visit(request, agreement),
    }


def _from_visit(request: HttpRequest, agreement: Agreement) -> Document:
    """What the form of a ticket begins with that is made from a visit: the firm and the first of what was said."""
    found = visits.prefill(agreement, request.user, request.GET.get("visit", ""))
    if found is None:
        return {"visit": None}
    return {"visit": {"id": found.visit.pk, "firm": found.party.name, "title": f"{found.party.name}：{found.title}"}}


def _offices(rows: Iterable[Department]) -> list[Document]:
    return [{"key": row.key, "name": row.name, "side": row.side_id} for row in rows]


def _clauses(agreement: Agreement) -> list[Document]:
    return [{"key": one.key, "number": one.number, "title": one.title} for one in agreement_term(agreement).clauses]


@act(forms.TicketForm, "tickets")
def open_ticket(request: HttpRequest, agreement: Agreement, data: Document) -> Done:
    visit = data.pop("visit")
    key = services.open_ticket(request.user, agreement, on=timezone.localdate(), visit=visit, **data)
    return ("portal_done_ticket", reverse("case", args=[agreement.pk, key])) if visit else "portal_done_ticket"


@page("track/conference.html", looks_back=True)
def conference(request: HttpRequest, agreement: Agreement) -> Document:
    as_of = day_of(request)
    sessions = selectors.conferences(agreement, request.user)
    rows = selectors.records_of(agreement, request.user, "decision")
    standing = selectors.standing(agreement, request.user, as_of=as_of)
    tasks = {(one.clause.key, act.action.key): act.state_name for one in standing.clauses for act in one.actions}
    decisions = [
        {
            "id": row.pk,
            "title": row.title,
            "clause": row.clause,
            "task": row.payload.get("action") or row.pk,
            "decided_on": row.on,
            "due_on": row.due_on,
            "done_on": row.done_on,
            "departments": row.payload.get("departments", []),
            "side": row.side_id,
            "state_name": tasks.get((row.clause, row.payload.get("action") or row.pk)),
            "is_overdue": bool(row.due_on and row.due_on < as_of and not row.done_on),
            "left_working_days": working_days_between(as_of, row.due_on) if row.due_on else None,
        }
        for row in rows
        if row.on and row.on <= as_of
    ]
    return {
        "as_of": as_of,
        "conferences": sorted((one for one in sessions if one.on <= str(as_of)), key=lambda one: one.on, reverse=True),
        "next_host": host_of(agreement_term(agreement), len(sessions) + 1),
        "to_minute": _to_minute(agreement, request.user),
        "decisions": sorted(decisions, key=lambda one: (bool(one["done_on"]), one["due_on"] or as_of)),
        "departments": department_names(agreement),
        "clauses": _clauses(agreement),
        "today": timezone.localdate(),
    }


def _to_minute(agreement: Agreement, person: Any) -> list[str]:
    """The sessions one's own side recorded that have no minutes yet."""
    rows = selectors.records_of(agreement, person, "conference")
    return [row.pk for row in rows if row.side_id == person.side_id and not row.payload.get("minutes_sha256")]


@act(forms.ConferenceForm, "conference")
def hold_conference(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    lines = [line.strip() for line in split_lines(data["agenda"]) if line.strip()]
    services.hold_conference(request.user, agreement, title=data["title"], agenda=lines, on=data["on"])
    return "portal_done_conference"


@act(forms.MinutesForm, "conference")
def keep_minutes(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Record.objects.filter(agreement=agreement, kind="conference").visible_to(request.user)
    services.keep_minutes(request.user, get_object_or_404(rows, pk=data["conference"]), file=data["file"])
    return "portal_done_minutes"


@act(forms.DecisionForm, "conference")
def record_decision(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.record_decision(request.user, agreement, **data)
    return "portal_done_decision"


@page("track/practices.html", looks_back=True)
def practices(request: HttpRequest, agreement: Agreement) -> Document:
    as_of = day_of(request)
    found = practices_at(selectors.practices(agreement, request.user), as_of=as_of)
    return {
        "as_of": as_of,
        "practices": found,
        "clauses": _clauses(agreement),
        "today": timezone.localdate(),
    }


@act(forms.PracticeForm, "practices")
def note_practice(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.note_practice(request.user, agreement, **data)
    return "portal_done_practice"


@page("track/changes.html")
def changes(request: HttpRequest, agreement: Agreement) -> Document:
    today = timezone.localdate()
    asked = request.GET.get("quarter") or f"{today.year}-Q{(today.month + 2) // 3}"
    before, after = quarter(asked)
    one = selectors.standing(agreement, request.user, as_of=before)
    other = selectors.standing(agreement, request.user, as_of=min(after, today))
    titles = {item.clause.key: item.clause.title for item in other.clauses}
    units = {(item.clause.key, each.indicator.key): each.indicator.unit
             for item in other.clauses for each in item.indicators}  # fmt: skip
    moved = [
        {**change.to_dict(), "unit": units.get((change.clause, change.key), "")} for change in difference(one, other)
    ]
    return {"quarter": asked, "before": before, "after": after, "changes": moved, "titles": titles}


@page("track/factors.html")
def factors(request: HttpRequest, agreement: Agreement) -> Document:
    as_of = day_of(request)
    found = factor_selectors.board(agreement, person_of(request), as_of=as_of)
    return {"as_of": as_of, "since": shifted(as_of, -7), "factors": found}


@act(forms.FollowForm, "factors")
def follow_factor(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    factor_services.follow(request.user, agreement, **data)
    return "portal_done_follow" if data["is_followed"] else "portal_done_unfollow"


@page("track/amendments.html", looks_back=True)
def amendments(request: HttpRequest, agreement: Agreement) -> Document:
    standing = selectors.standing(agreement, request.user, as_of=day_of(request))
    everyone = [one.code for one in standing.agreement.sides]
    return {
        "as_of": day_of(request),
        "today": timezone.localdate(),
        "signed_on": standing.agreement.signed_on,
        "lifecycle": standing.lifecycle.to_dict(),
        "amendments": [_amendment(row, everyone) for row in selectors.records_of(agreement, request.user, "amendment")],
        "kinds": forms.AMENDMENTS,
        "source": agreement_term(agreement).source.to_dict(),
    }


def _amendment(row: Record, everyone: list[str]) -> Document:
    """A paper, who agreed, and whether it changes anything yet; one that was brought along has everyone's word."""
    return {
        "id": row.pk,
        "title": row.title,
        "state": row.state if row.state in selectors.NOT_IN_EFFECT else "agreed",
        "side": row.side_id,
        "agreed_by": [row.side_id, *row.payload["agreed_by"]] if "agreed_by" in row.payload else everyone,
        **{name: row.payload.get(name, "") for name in ("kind", "signed_on", "effective_on", "valid_until")},
        "clauses": [{"number": one["number"], "title": one["title"]} for one in row.payload.get("clauses", ())],
    }


@act(forms.AmendmentForm, "amendments")
def propose_amendment(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    amendment_services.propose_amendment(request.user, agreement, **data)
    return "portal_done_amendment"


@act(forms.AmendmentRowForm, "amendments")
def answer_amendment(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    rows = Record.objects.filter(agreement=agreement, kind="amendment").visible_to(request.user)
    row = get_object_or_404(rows, pk=data["amendment"])
    if data["is_withdrawn"]:
        amendment_services.withdraw_amendment(request.user, row, on=timezone.localdate())
        return "portal_done_withdrawn"
    amendment_services.agree_amendment(request.user, row, on=timezone.localdate())
    return "portal_done_agreed"
