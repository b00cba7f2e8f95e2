"""A listing as each reader may see it: whole to its party and its side, field by field to everyone else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from duijie.match.kinds import Field, load_kinds
from duijie.terms import CHAIN
from duijie_portal.accounts.models import Follow, Person, Role
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.log import texts
from duijie_portal.ledger.models import Agreement, Case, Listing, Party, Record
from duijie_portal.ledger.visibility import PARTY_ROLES, Visibility

from . import selectors

__all__ = ["admitted", "applications", "disclosed", "listing_document", "own_listings", "posts"]

AGREED_FROM = CHAIN.index("intent")
"""From this node of their chain on two parties have agreed to talk: fields marked ``agreed`` open."""

_LEVELS = {"public": 0, "matched": 1, "agreed": 2}
_ADMITTED: Mapping[str, tuple[tuple[str, str], ...]] = {
    Role.TALENT: (("talent", "offer"),),
    Role.FUND: (("capital", "offer"), ("capital", "need")),
}


def admitted(person: Person) -> list[tuple[str, str]]:
    """The kinds and roles a person may enter: a talent offers itself, a fund keeps its mandate, others any."""
    every = [(kind, role) for kind in load_kinds() for role in ("need", "offer")]
    return list(_ADMITTED.get(person.role, every))


def disclosed(rows: Iterable[Listing], person: Visitor) -> dict[str, dict[str, Any]]:
    """What each listing says to a person: a field opens to all, to the matched, or to those who have agreed."""
    shown = list(rows)
    levels = _levels([row for row in shown if not _is_inside(row, person)], person)
    return {row.pk: _open_fields(row, levels.get(row.pk, 2 if _is_inside(row, person) else 0)) for row in shown}


def _is_inside(row: Listing, person: Visitor) -> bool:
    """Its party, and the officials of its side, who check it before it leaves."""
    if not isinstance(person, Person):
        return False
    return row.party_id == person.party if person.role in PARTY_ROLES else row.side_id == person.side_id


def _levels(rows: list[Listing], person: Visitor) -> dict[str, int]:
    """How far matters stand between each listing and the reader's party or side, by cases that reached it."""
    if not rows or not isinstance(person, Person):
        return {}
    keys = [row.pk for row in rows]
    reached = Q(side=person.side_id) | (Q(released_at__isnull=False) & ~Q(visibility=Visibility.OWN))
    cases = Case.objects.filter(_between(person), reached, Q(need__in=keys) | Q(offer__in=keys))
    found: dict[str, int] = {}
    for need, offer, state in cases.values_list("need", "offer", "state"):
        level = 2 if state in CHAIN and CHAIN.index(state) >= AGREED_FROM else 1
        for key in (need, offer):
            found[key] = max(level, found.get(key, 0))
    return found


def _between(person: Person) -> Q:
    if person.role in PARTY_ROLES:
        return Q(need_party=person.party or None) | Q(offer_party=person.party or None)
    return Q(need_party__side=person.side_id) | Q(offer_party__side=person.side_id)


def _open_fields(row: Listing, level: int) -> dict[str, Any]:
    """A field no kind file describes (an old version's) stays inside."""
    kind = load_kinds().get(row.kind)
    fields = {one.key: one for one in kind.fields(row.role)} if kind else {}  # type: ignore[arg-type]
    inside = level == 2
    return {
        key: value
        for key, value in row.payload.items()
        if inside or (key in fields and _LEVELS[fields[key].disclosure] <= level)
    }


def own_listings(agreement: Agreement, person: Person) -> QuerySet[Listing]:
    """The listings of the party one acts for, latest first."""
    return Listing.objects.filter(agreement=agreement, side=person.side_id, party=person.party or None).order_by(
        "-valid_from", "-id"
    )


def state_of(row: Listing) -> str:
    """Where a listing stands on its way out of its side."""
    if row.source.get("withdrawn_on"):
        return "withdrawn"
    if row.released_at:
        return "released"
    return "cleared" if row.cleared_at else "entered"


def listing_document(row: Listing, payload: Mapping[str, Any]) -> dict[str, Any]:
    kind = load_kinds().get(row.kind)
    fields = kind.fields(row.role) if kind else ()  # type: ignore[arg-type]
    return {
        "id": row.pk,
        "kind": row.kind,
        "kind_name": kind.name if kind else row.kind,
        "version": row.version,
        "role": row.role,
        "side": row.side_id,
        "party": {"id": row.party_id, "name": row.party.name},
        "title": payload.get("title", ""),
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "basis": row.basis,
        "state": state_of(row),
        "visibility": row.visibility,
        "payload": payload,
        "said": [_said(one, payload[one.key]) for one in fields if one.key in payload and one.key != "title"],
    }


def _said(one: Field, value: Any) -> dict[str, Any]:
    shown = one.vocabulary.get(value, value) if isinstance(value, str) else value
    return {"key": one.key, "label": one.label, "type": one.type, "value": shown, "unit": one.unit}


def fields_of(kind: str, role: str, payload: Mapping[str, Any], typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fields of a kind's form with what stands in each; what was typed last goes before what is on record."""
    return [
        {
            "key": one.key,
            "label": one.label,
            "type": one.type,
            "unit": one.unit,
            "vocabulary": one.vocabulary,
            "disclosure": one.disclosure,
            "is_required": one.is_required or one.key == "title",
            "is_long": one.key == "details",
            "values": _typed(one, payload.get(one.key), typed),
        }
        for one in load_kinds()[kind].fields(role)  # type: ignore[arg-type]
    ]


def _typed(one: Field, value: Any, typed: Mapping[str, str]) -> list[str]:
    """What a form shows of a value: one text, or two for the ends of a range."""
    if one.type == "range":
        ends = list(value) if value else [None, None]
        return [typed.get(f"{one.key}_{at}", "" if end is None else f"{end:g}") for at, end in enumerate(ends)]
    shown = "、".join(value) if isinstance(value, list | tuple) else "" if value is None else str(value)
    return [typed.get(one.key, shown)]


def matches_of(agreement: Agreement, person: Person, key: str) -> list[dict[str, Any]]:
    """The pipeline's matches of one listing, best first; it knows a listing from its next run on."""
    found = []
    for kind in selectors.kinds(agreement, person):
        rows = selectors.matches(agreement, person, kind["kind"])["matches"] if kind["n_matches"] else ()
        found += [row for row in rows if key in (row["need"]["id"], row["offer"]["id"])]
    return found


def posts(agreement: Agreement, person: Person) -> QuerySet[Listing]:
    """The posts a person may see and apply to."""
    rows: QuerySet[Listing] = Listing.objects.filter(agreement=agreement, kind="talent", role="need").visible_to(person)
    return rows.filter(source__withdrawn_on__isnull=True).select_related("party")


def follows(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    """The listings one follows, as far as one still sees them."""
    keys = Follow.objects.filter(person=person).values_list("listing", flat=True)
    rows = Listing.objects.filter(agreement=agreement, pk__in=list(keys)).visible_to(person).select_related("party")
    open_to = disclosed(rows, person)
    return [listing_document(row, open_to[row.pk]) for row in rows]


def applications(agreement: Agreement, person: Person) -> QuerySet[Record]:
    """A talent's own; those a party's posts received, once released; those an official's side sent or received."""
    rows = Record.objects.filter(agreement=agreement, kind="application")
    if person.role in PARTY_ROLES and person.role != Role.TALENT:
        own = [str(key) for key in own_listings(agreement, person).values_list("pk", flat=True)]
        return rows.filter(payload__listing__in=own, released_at__isnull=False)
    return rows.visible_to(person)  # type: ignore[no-any-return]


def application_documents(rows: Iterable[Record], person: Person) -> list[dict[str, Any]]:
    """Applications with their letters, an applicant's name only to those who see the party."""
    shown = list(rows)
    names = Party.objects.filter(pk__in={row.party_id for row in shown}).visible_to(person)
    known = dict(names.values_list("pk", "name"))
    said = texts([key for row in shown for key in (row.payload.get("letter"), row.payload.get("appeal")) if key])
    return [
        {
            "id": row.pk,
            "listing": row.payload.get("listing", ""),
            "title": row.title,
            "side": row.side_id,
            "to_side": row.to_side_id,
            "name": known.get(row.party_id, ""),
            "is_own": row.party_id == person.party,
            "state": row.state,
            "on": row.on,
            "done_on": row.done_on,
            "reason": row.payload.get("reason", ""),
            "letter": said.get(row.payload.get("letter", ""), ""),
            "appeal": said.get(row.payload.get("appeal", ""), ""),
            "is_released": row.released_at is not None,
            "may_appeal": row.state == "refused" and not row.payload.get("appeal"),
        }
        for row in shown
    ]
