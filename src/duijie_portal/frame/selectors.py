"""What the home page and the search put together from all sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from duijie.match.kinds import load_kinds
from duijie.match.readers import is_inferred
from duijie.terms.days import shifted
from duijie.track.standing import Progress
from duijie_portal.accounts.models import Activity, Department, Person, Registration, Role
from duijie_portal.accounts.powers import may, powers_of
from duijie_portal.diagnose import selectors as diagnose
from duijie_portal.diagnose.opportunity_selectors import opportunity_lines
from duijie_portal.ledger.entries import Todo
from duijie_portal.ledger.handover import BACK
from duijie_portal.ledger.inbox import IN_HAND, OWED, READ, WAITING, waiting_for
from duijie_portal.ledger.models import Agreement, Case, Listing, Notification, Party, Record, Step
from duijie_portal.ledger.readers import matches_for
from duijie_portal.ledger.recording import returns_of
from duijie_portal.ledger.selectors import agreement_term, case_title, counted_sums, latest_acts, results, sums_of
from duijie_portal.match import selectors as match
from duijie_portal.match.case_selectors import bears
from duijie_portal.match.listing_selectors import disclosed
from duijie_portal.meet import selectors as meet
from duijie_portal.track import selectors as track

from .desk_selectors import marked, passed_on, read_by
from .menu import items_called

__all__ = ["activity", "counts", "due", "found", "home", "registrations_for", "waiting"]

_WEEK = 7  # days
_N_SHOWN = 5


def home(agreement: Agreement, person: Person, *, as_of: date) -> dict[str, Any]:
    """The 17 clauses at a glance, what is due, what waits, what came last, and the short answers: why, who, when."""
    found = track.standing(agreement, person, as_of=as_of)
    standing = found.to_dict()
    clauses = standing["clauses"]
    n_parties = Party.objects.filter(agreement=agreement).visible_to(person).count()
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
        "counts": {"parties": n_parties, **counts(agreement, person, found)},
        "due": due(agreement, person, as_of=as_of),
        "waiting": waiting(agreement, person),
        "latest": latest(agreement, person),
        "opportunities": opportunity_lines(agreement, person),
        "why": _why(agreement),
        "who": _who(agreement, person),
        "when": _when(agreement, person),
        "is_matched": bool(results(agreement, "match")),
    }


def counts(agreement: Agreement, person: Person, standing: Progress) -> dict[str, int | Decimal]:
    """How many cases reached which node by steps that count, and what was signed for, in yuan.

    The chains of the clauses added up and nothing else, and the sums as the page of a clause makes them.
    """
    clauses = standing.clauses
    reached = {node: sum(one.chain[node] for one in clauses) for node in ("meeting", "signed", "delivered")}
    cases = Case.objects.filter(agreement=agreement).of_chain().visible_to(person).values_list("pk", flat=True)
    sums = counted_sums(sums_of(cases, as_of=date.fromisoformat(standing.as_of)))
    signed = next((one["amount"] for one in sums["signed"] if one["unit"] == "cny"), 0)
    return {
        "cases": sum(one.n_cases for one in clauses),
        "meeting": reached["meeting"],
        "signed": reached["signed"],
        "signed_amount": signed,
        "delivered": reached["delivered"],
        "refused": sum(one.n_refused for one in clauses),
    }


def due(agreement: Agreement, person: Person, *, as_of: date) -> list[dict[str, Any]]:
    """What the person's departments, or for coordinators and leaders their whole side, must do within a week."""
    until = shifted(as_of, _WEEK)
    decisions = Record.objects.filter(agreement=agreement, kind="decision", done_on=None, due_on__lte=until)
    decisions = decisions.visible_to(person).filter(on__lte=as_of)
    owed = Todo.objects.filter(agreement=agreement, act__in=OWED, side=person.side_id, due_on__lte=until)
    owed = owed.filter(since_on__lte=as_of)
    if person.role == Role.OFFICER:
        own = list(person.departments.values_list("key", flat=True))
        decisions, owed = decisions.filter(department__in=own), owed.filter(department__in=own)
    days = {row.key: row.due_on for row in owed.order_by("due_on")[:_N_SHOWN]}
    cases = Case.objects.filter(pk__in=days).visible_to(person)
    found = [_due(row, row.due_on, as_of) for row in decisions.order_by("due_on")[:_N_SHOWN]]
    found += [_due(row, days[row.pk], as_of) for row in cases]
    return sorted(found, key=lambda one: one["due_on"])[:_N_SHOWN]


def _due(row: Record | Case, on: date | None, as_of: date) -> dict[str, Any]:
    return {**_named(row), "due_on": on, "is_overdue": on is not None and on < as_of}


def _named(row: Record | Case) -> dict[str, Any]:
    return {"id": row.pk, "kind": row.kind, "title": row.title, "clause": row.clause, "side": row.side_id}


def waiting(agreement: Agreement, person: Person) -> dict[str, Any]:
    """What waits for this person, and what their side waits for from the other."""
    rows = waiting_for(agreement, person)
    titles = _todo_titles(rows[:_N_SHOWN])
    today = timezone.localdate()
    asked = registrations_for(agreement, person)
    theirs = Todo.objects.filter(agreement=agreement).exclude(side=person.side_id)
    seen = Case.objects.filter(agreement=agreement).visible_to(person)
    ours = seen.filter(kind="ticket", side=person.side_id)
    return {
        "n_todo": len(rows) + len(asked),
        "todo": [*map(_asking, asked), *(_todo(row, titles, today) for row in rows[:_N_SHOWN])][:_N_SHOWN],
        "n_tickets": theirs.filter(act__in=OWED, key__in=ours).count(),
        "n_steps": theirs.filter(act="confirm", key__in=seen).values("key").distinct().count(),
    }


def latest(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    """What was recorded last, each line with the title of what it is about."""
    acts = latest_acts(agreement, person)
    titles = _titles(agreement, {(one["subject_type"], one["subject"]) for one in acts})
    return [{**one, "title": titles.get((one["subject_type"], one["subject"]), one["subject"])} for one in acts]


def _titles(agreement: Agreement, subjects: set[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    keys = [key for _, key in subjects]
    cases = Case.objects.filter(pk__in=keys).select_related("need_party", "offer_party", "need")
    found: dict[tuple[str, str], Any] = {("case", row.pk): case_title(row) for row in cases}
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
    document = matches_for(agreement, person)
    kinds = sorted(match.kinds_in(document), key=lambda kind: -kind["n_matches"])
    best = []
    for kind in kinds[:_N_SHOWN]:
        rows = match.matches_in(document, kind["kind"])
        best += [{**rows[0], "kind_name": kind["name"]}] if rows else []
    return best


def _when(agreement: Agreement, person: Person) -> dict[str, Any]:
    table = meet.timetable(agreement, person)
    if not table:
        return {}
    names = {one["id"]: one["name"] for one in table["people"]}
    first = sorted(table["meetings"], key=lambda one: one["starts_at"])[:_N_SHOWN]
    inferred = _inferred(agreement, person)
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
    """What the person may see and what bears the text: pages, clauses, parties, listings, records, cases."""
    if not text:
        return {}
    term = agreement_term(agreement)
    clauses = [one for one in term.clauses if text.lower() in f"{one.title.zh} {one.title.en}".lower()]
    names = Q(name__icontains=text) | Q(name_en__icontains=text) | Q(uscc=text) | Q(town__icontains=text)
    titles = Q(title_zh__icontains=text) | Q(title_en__icontains=text)
    cases = Case.objects.filter(bears(text) | Q(pk__icontains=text), agreement=agreement).visible_to(person)
    cases = cases.select_related("need", "need_party", "offer_party")
    pages = items_called(text, powers_of(person), is_party=bool(person.party))
    return {
        "pages": [{"name": one.name, "word": one.word} for one in pages],
        "clauses": [{"key": one.key, "number": one.number, "title": one.title} for one in clauses],
        "parties": [_party(row) for row in Party.objects.filter(names, agreement=agreement).visible_to(person)[:n]],
        "records": [_named(row) for row in Record.objects.filter(titles, agreement=agreement).visible_to(person)[:n]],
        "cases": [
            {"id": row.pk, "title": case_title(row), "clause": row.clause, "state": row.state} for row in cases[:n]
        ],
        "listings": _listings(agreement, person, text, n),
    }


def _listings(agreement: Agreement, person: Person, text: str, n: int) -> list[Any]:
    """The needs and offers a person may see whose title, where it is open to them, or whose party bears the text."""
    titles = Q(payload__title__icontains=text) | Q(**{"opened__payload.title__icontains": text})
    wanted = titles | Q(party__name__icontains=text)
    rows = Listing.objects.filter(wanted, agreement=agreement).visible_to(person).select_related("party")[:n]
    known = load_kinds()
    shown = {key: str(said.get("title", "")) for key, said in disclosed(rows, person).items()}
    return [
        {
            "id": row.pk,
            "title": shown[row.pk],
            "kind_name": known[row.kind].name if row.kind in known else row.kind,
            "role": row.role,
            "party": row.party.name,
            "side": row.side_id,
        }
        for row in rows
        if text.lower() in f"{shown[row.pk]}\n{row.party.name}".lower()
    ]


def _party(row: Party) -> dict[str, Any]:
    return {"id": row.pk, "name": row.name, "kind": row.kind, "side": row.side_id, "town": row.town}


def inbox(agreement: Agreement, person: Person, *, today: date) -> dict[str, Any]:
    """A person's list: waiting for them with what is due, in hand, to read, and what their side or party did last."""
    waiting, in_hand, to_read = (waiting_for(agreement, person, acts) for acts in (WAITING, IN_HAND, READ))
    titles = _todo_titles([*waiting, *in_hand, *to_read])
    why = returns_of({row.key for row in waiting if row.act in BACK})
    marks = marked(agreement, person, [*waiting, *to_read])
    asked = registrations_for(agreement, person)
    seen: dict[str, Any] = {row.key: _todo(row, titles, today) for row in in_hand}
    done, passed = _done(agreement, person), passed_on(agreement, person)
    read, n_read = read_by(agreement, person, _N_DONE)
    others = _with_others(agreement, person, {row.key for row in (*waiting, *in_hand)})
    n_in_hand = len(seen) + len(passed) + len(others)
    counts = {"waiting": len(waiting) + len(asked), "in_hand": n_in_hand, "done": done.count()}
    is_reader = person.role == Role.LEADER or bool(to_read) or n_read > 0
    return {
        "counts": counts | ({"to_read": len(to_read), "read": n_read} if is_reader else {}),
        "waiting": [
            *map(_asking, asked),
            *({**_todo(row, titles, today), "why": why.get(row.target), "desk": marks.get(row.pk)} for row in waiting),
        ],
        "in_hand": list(seen.values()),
        "passed_on": passed,
        "with_others": others,
        "to_read": [{**_todo(row, titles, today), "desk": marks.get(row.pk)} for row in to_read],
        "read": read,
        "done": [
            {
                "case": row.case_id,
                "title": case_title(row.case),
                "node": row.kind,
                "on": row.on,
                "counts": row.counts,
                "state": row.state,
            }
            for row in done[:_N_DONE]
        ],
        "today": today,
    }


def _with_others(agreement: Agreement, person: Person, own: set[str]) -> list[dict[str, Any]]:
    """Cases of one's party in which it is somebody else's turn: a party looks for them on its list as well."""
    if not person.party:
        return []
    ends = Q(need_party=person.party) | Q(offer_party=person.party)
    cases = Case.objects.filter(ends, agreement=agreement).visible_to(person).exclude(pk__in=own)
    found = {row.pk: row for row in cases.select_related("need", "need_party", "offer_party")}
    rows = Todo.objects.filter(agreement=agreement, sort="case", key__in=found, act__in=WAITING).order_by(
        "since_on", "pk"
    )
    asked = {row.key: row for row in rows}
    return [
        {"case": key, "title": case_title(found[key]), "node": row.node, "side": row.side, "since_on": row.since_on}
        for key, row in asked.items()
    ]


def _done(agreement: Agreement, person: Person) -> QuerySet[Step]:
    """What one's party or one's side recorded, the latest first."""
    own = {"by": person.party} if person.party else {"side": person.side_id}
    cases = Case.objects.filter(agreement=agreement).visible_to(person)
    of = ("case__need", "case__need_party", "case__offer_party")
    return Step.objects.filter(case__in=cases, **own).select_related(*of).order_by("-on", "-at", "pk")


_N_DONE = 20


def registrations_for(agreement: Agreement, person: Person) -> list[Registration]:
    """Who asks one's side for an account, the newest first: nobody else can let them in."""
    if not may(person, "registration.decide"):
        return []
    rows = Registration.objects.filter(agreement=agreement.pk, side=person.side_id, state=Registration.State.WAITING)
    return list(rows.order_by("-created_at"))


def _asking(row: Registration) -> dict[str, Any]:
    """A registration as a line of the inbox."""
    since = timezone.localtime(row.created_at).date()
    about = {"act": "register", "sort": "registration", "key": str(row.pk), "node": "", "role": "", "title": row.name}
    days = (timezone.localdate() - since).days
    return {**about, "since_on": since, "due_on": None, "is_late": False, "is_stuck": False, "days": days}


def _todo(row: Todo, titles: Mapping[str, Any], today: date) -> dict[str, Any]:
    is_inside = row.act in ("carry_out", "read")  # nobody else was given a day: the later one holds
    days = [row.own_due_on or row.due_on] if is_inside else [row.own_due_on, row.due_on]
    late = any(day is not None and day < today for day in days)
    stuck = bool(row.stuck_after_days) and (today - row.since_on).days > row.stuck_after_days
    about = {"act": row.act, "sort": row.sort, "key": row.key, "node": row.node, "role": row.role}
    return {
        **about,
        "id": row.pk,
        "title": titles.get(row.key, row.key),
        "since_on": row.since_on,
        "due_on": None if is_inside else row.due_on,
        "own_due_on": days[0],
        "is_late": late,
        "is_stuck": stuck,
        "days": (today - row.since_on).days,
    }


def _todo_titles(rows: Sequence[Todo]) -> dict[str, Any]:
    """What each to-do is about: the title of its case or its listing, else the name of its party."""
    keys = {sort: {row.key for row in rows if row.sort == sort} for sort in ("case", "listing", "party")}
    cases = Case.objects.filter(pk__in=keys["case"]).select_related("need_party", "offer_party", "need")
    found: dict[str, Any] = {row.pk: case_title(row) for row in cases}
    listings = Listing.objects.filter(pk__in=keys["listing"]).select_related("party")
    found |= {row.pk: f"{row.payload.get('title', '')} · {row.party.name}" for row in listings}
    return found | dict(Party.objects.filter(pk__in=keys["party"]).values_list("pk", "name"))


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


def _inferred(agreement: Agreement, person: Person) -> set[str]:
    """The proposed matches that rest on a need or offer nobody published."""
    document = matches_for(agreement, person)
    listings = document.get("listings", {})
    rows = (row for kind in document.get("kinds", ()) for row in kind["matches"])
    return {row["id"] for row in rows if any(is_inferred(row[end], listings[row[end]]) for end in ("need", "offer"))}
