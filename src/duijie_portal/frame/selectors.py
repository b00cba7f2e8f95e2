"""What the home page and the search put together from all sections."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from duijie_portal.accounts.models import Activity, Department, Person, Role
from duijie_portal.diagnose import selectors as diagnose
from duijie_portal.ledger.models import Agreement, Case, Listing, Notification, Party, Record, Step
from duijie_portal.ledger.selectors import agreement_term, latest_events, results
from duijie_portal.match import selectors as match
from duijie_portal.meet import selectors as meet
from duijie_portal.track import selectors as track

__all__ = ["activity", "counts", "due", "found", "home", "waiting"]

_WEEK = timedelta(days=7)
_N_SHOWN = 5


def home(agreement: Agreement, person: Person, *, as_of: date) -> dict[str, Any]:
    """The 17 clauses at a glance, what is due, what waits, what came last, and the short answers: why, who, when."""
    standing = track.standing(agreement, person, as_of=as_of).to_dict()
    clauses = standing["clauses"]
    return {
        "as_of": as_of,
        "key": agreement.pk,
        "title": agreement.title,
        "signed_on": agreement.signed_on,
        "fields": agreement_term(agreement).fields,
        "source": agreement_term(agreement).source.to_dict(),
        "lifecycle": standing["lifecycle"],
        "areas": [
            {**area, "clauses": [one for one in clauses if one["area"] == area["key"]]} for area in standing["areas"]
        ],
        "lights": dict(Counter(one["light"] for one in clauses)),
        "counts": counts(agreement, person),
        "due": due(agreement, person, as_of=as_of),
        "waiting": waiting(agreement, person),
        "latest": latest(agreement, person),
        "why": _why(agreement),
        "who": _who(agreement, person),
        "when": _when(agreement, person),
    }


def counts(agreement: Agreement, person: Person) -> dict[str, int]:
    """Parties and cases one may see, and how many cases came how far."""
    cases = Case.objects.filter(agreement=agreement).visible_to(person)
    states = Counter(cases.values_list("state", flat=True))
    reached = {kind: sum(states[one] for one in after) for kind, after in _AT_LEAST.items()}
    parties = Party.objects.filter(agreement=agreement).visible_to(person).count()
    return {"parties": parties, "cases": sum(states.values()), **reached, "refused": states["refused"]}


_AT_LEAST = {
    "meeting": ("meeting", "intent", "signed", "approved", "started", "delivered"),
    "signed": ("signed", "approved", "started", "delivered"),
    "delivered": ("delivered",),
}


def due(agreement: Agreement, person: Person, *, as_of: date) -> list[dict[str, Any]]:
    """What the person's departments, or for coordinators and leaders their whole side, must do within a week."""
    rows = Record.objects.filter(agreement=agreement, kind__in=("ticket", "decision"), done_on=None)
    rows = rows.visible_to(person).filter(due_on__lte=as_of + _WEEK, on__lte=as_of)
    mine = Q(to_side=person.side_id) | Q(kind="decision")
    if person.role == Role.OFFICER:
        own = list(person.departments.values_list("key", flat=True))
        mine = Q(to_side=person.side_id, to_department__in=own) | Q(kind="decision", department__in=own)
    return [_record(row, as_of) for row in rows.filter(mine).order_by("due_on")[:_N_SHOWN]]


def _record(row: Record, as_of: date) -> dict[str, Any]:
    late = bool(row.due_on and row.due_on < as_of)
    about = {"id": row.pk, "kind": row.kind, "title": row.title, "clause": row.clause}
    return {**about, "due_on": row.due_on, "is_overdue": late, "side": row.side_id}


def waiting(agreement: Agreement, person: Person) -> dict[str, Any]:
    """What one's own side waits for: answers to its tickets, countersignatures of its steps."""
    tickets = Record.objects.filter(agreement=agreement, kind="ticket", side=person.side_id, done_on=None)
    steps = Step.objects.filter(case__agreement=agreement, side=person.side_id, is_confirmed=False)
    theirs = Step.objects.filter(case__agreement=agreement, is_confirmed=False).exclude(side=person.side_id)
    mattering = ("signed", "approved", "started", "delivered")
    seen = Case.objects.filter(agreement=agreement).visible_to(person)
    return {
        "n_tickets": tickets.visible_to(person).count(),
        "n_steps": steps.filter(kind__in=mattering).count(),
        "n_mine": theirs.filter(kind__in=mattering, case__in=seen).count(),
    }


def latest(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    """What was recorded last, each line with the title of what it is about."""
    events = list(latest_events(agreement, person))
    titles = _titles(agreement, {(event.subject_type, event.subject) for event in events})
    return [
        {
            "kind": event.kind,
            "subject_type": event.subject_type,
            "subject": event.subject,
            "title": titles.get((event.subject_type, event.subject), event.subject),
            "on": event.on,
            "side": event.side_id,
        }
        for event in events
    ]


def _titles(agreement: Agreement, subjects: set[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    keys = [key for _, key in subjects]
    found: dict[tuple[str, str], Any] = {("case", row.pk): row.title for row in Case.objects.filter(pk__in=keys)}
    found |= {("record", row.pk): row.title for row in Record.objects.filter(pk__in=keys)}
    for clause in agreement_term(agreement).clauses:
        found |= {("action", f"{clause.key}/{action.key}"): action.name for action in clause.actions}
    return found


def _why(agreement: Agreement) -> list[Any]:
    """The strongest complementarities: gaps of the chains with most partners, then words inside a class."""
    found = diagnose.pair(agreement)
    gaps = [{**gap, "chain": chain["name"]} for chain in found.get("chains", ()) for gap in chain["gaps"]]
    inside = [
        {"chain": one["name"], "stage_name": one["industry"], "reasons": one["reasons"][1:] or one["reasons"]}
        for one in found.get("inside_class", ())
        if one["pairs"]
    ]
    return [*sorted(gaps, key=lambda gap: -gap["n_partner_firms"])[:2], *inside[:2]]


def _who(agreement: Agreement, person: Person) -> list[Any]:
    """The best assigned match of each kind."""
    kinds = sorted(match.kinds(agreement, person), key=lambda kind: -kind["n_matches"])
    best = []
    for kind in kinds[:_N_SHOWN]:
        rows = match.matches(agreement, person, kind["kind"])["matches"]
        best += [{**rows[0], "kind_name": kind["name"]}] if rows else []
    return best


def _when(agreement: Agreement, person: Person) -> dict[str, Any]:
    table = meet.timetable(agreement, person)
    if not table:
        return {}
    names = {one["id"]: one["name"] for one in table["people"]}
    first = sorted(table["meetings"], key=lambda one: one["starts_at"])[:_N_SHOWN]
    inferred = _inferred(agreement)
    shown = [
        {**one, "names": [names.get(key, key) for key in one["people"]], "is_inferred": one["match"] in inferred}
        for one in first
    ]
    return {
        "on": table["on"],
        "place": table["place"],
        "n_placed": table["n_placed"],
        "n_requested": table["n_requested"],
        "first": shown,
    }


def found(agreement: Agreement, person: Person, text: str, n: int = 20) -> dict[str, list[Any]]:
    """What the person may see and what bears the text: clauses, parties, listings, records, cases."""
    if not text:
        return {}
    term = agreement_term(agreement)
    clauses = [one for one in term.clauses if text.lower() in f"{one.title.zh} {one.title.en}".lower()]
    names = Q(name__icontains=text) | Q(name_en__icontains=text) | Q(uscc=text) | Q(town__icontains=text)
    titles = Q(title_zh__icontains=text) | Q(title_en__icontains=text)
    shelves = _listings(agreement, text)
    return {
        "clauses": [{"key": one.key, "number": one.number, "title": one.title} for one in clauses],
        "parties": [_party(row) for row in Party.objects.filter(names, agreement=agreement).visible_to(person)[:n]],
        "records": [
            _record(row, date.max) for row in Record.objects.filter(titles, agreement=agreement).visible_to(person)[:n]
        ],
        "cases": [
            {"id": row.pk, "clause": row.clause, "state": row.state}
            for row in Case.objects.filter(agreement=agreement, pk__icontains=text).visible_to(person)[:n]
        ],
        "listings": [
            {"id": row.pk, "kind": row.kind, "role": row.role, "party": row.party.name}
            for row in Listing.objects.filter(agreement=agreement, party__name__icontains=text)
            .visible_to(person)
            .select_related("party")[:n]
        ],
        "proposed": shelves[:n],
    }


def _listings(agreement: Agreement, text: str) -> list[Any]:
    """Published needs and offers of the pipeline that bear the text."""
    rows = results(agreement, "match").get("listings", {})
    return [
        {
            "id": key,
            "title": row["title"],
            "party": row.get("party_name", ""),
            "kind": row["kind"],
            "region": row["region"],
        }
        for key, row in rows.items()
        if text in str(row.get("title", "")) or text in str(row.get("party_name", ""))
    ]


def _party(row: Party) -> dict[str, Any]:
    return {"id": row.pk, "name": row.name, "kind": row.kind, "side": row.side_id, "town": row.town}


def notifications(person: Person, agreement: Agreement) -> QuerySet[Notification]:
    return person.notifications.filter(agreement=agreement)


def activity(person: Person) -> QuerySet[Activity]:
    """What the people of one's own side did and were refused."""
    return Activity.objects.filter(side=person.side_id).select_related("person")


def people(person: Person) -> QuerySet[Person]:
    """The accounts of one's own side."""
    return Person.objects.filter(side=person.side_id).prefetch_related("departments")


def account(person: Person) -> dict[str, Any]:
    offices = [{"key": one.key, "name": one.name} for one in person.departments.all()]
    about = {"username": person.username, "name": person.name, "role": person.role, "is_active": person.is_active}
    return {**about, "party": person.party, "last_login": person.last_login, "departments": offices}


def offices(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    rows = Department.objects.filter(agreement=agreement.pk, side=person.side_id)
    return [{"key": one.key, "name": one.name} for one in rows]


def _inferred(agreement: Agreement) -> set[str]:
    """The proposed matches that rest on a need or offer nobody published."""
    document = results(agreement, "match")
    listings = document.get("listings", {})
    rows = (row for kind in document.get("kinds", ()) for row in kind["matches"])
    return {
        row["id"] for row in rows if "derived" in {listings.get(row[end], {}).get("basis") for end in ("need", "offer")}
    }
