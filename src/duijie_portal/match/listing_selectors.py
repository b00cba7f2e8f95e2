"""A listing as each reader may see it: whole to its party and its side, field by field to everyone else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.db.models import Count, QuerySet

from duijie import data
from duijie.match.kinds import Field, load_kinds, unit_name
from duijie.terms import Bilingual
from duijie_portal.accounts.models import Follow, Person, Role
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.entries import Review
from duijie_portal.ledger.models import Agreement, Listing, Party, Record
from duijie_portal.ledger.recording import words_of
from duijie_portal.ledger.selectors import fields_of as read_fields
from duijie_portal.ledger.selectors import stages_of
from duijie_portal.ledger.visibility import PARTY_ROLES, reader_of

__all__ = ["admitted", "applications", "disclosed", "listing_document", "own_listings", "posts", "states_of"]

_ADMITTED: Mapping[str, tuple[tuple[str, str], ...]] = {
    Role.TALENT: (("talent", "offer"),),
    Role.FUND: (("capital", "offer"), ("capital", "need")),
}


def admitted(person: Person) -> list[tuple[str, str]]:
    """The kinds and roles a person may enter: a talent offers itself, a fund keeps its mandate, others any."""
    every = [(kind, role) for kind in load_kinds() for role in ("need", "offer")]
    return list(_ADMITTED.get(person.role, every))


def usual_kind(party: Party) -> str:
    """The kind of most of a party's listings: what the next one is likely to be; empty where it has none."""
    rows = Listing.objects.filter(party=party).order_by().values("kind").annotate(n=Count("pk"))
    return str(rows.order_by("-n", "kind").values_list("kind", flat=True).first() or "")


def disclosed(rows: Iterable[Listing], person: Visitor) -> dict[str, dict[str, Any]]:
    """What each listing says to a person: a field opens to all, to the matched, or to those who have agreed."""
    shown = list(rows)
    stages = stages_of("listing", [row.pk for row in shown], reader_of(person))
    return {row.pk: read_fields(row, stages.get(row.pk))["payload"] for row in shown}


def own_listings(agreement: Agreement, person: Person) -> QuerySet[Listing]:
    """The listings of the party one acts for, latest first."""
    return Listing.objects.filter(agreement=agreement, side=person.side_id, party=person.party or None).order_by(
        "-valid_from", "-id"
    )


_STATES = {"open": "released", "retired": "withdrawn", "cleared": "cleared", "sent_back": "sent_back"}


def states_of(rows: Iterable[Listing]) -> dict[str, str]:
    """Where listings stand on their way out of their side."""
    keys = [f"listing/{row.pk}" for row in rows]
    found = dict(Review.objects.filter(pk__in=keys).values_list("key", "state"))
    return {key: _STATES.get(state, "entered") for key, state in found.items()}


def sent_back_note(row: Listing) -> str:
    """Why its own side sent the latest revision back; empty where it did not."""
    review = Review.objects.filter(pk=f"listing/{row.pk}", state="sent_back").first()
    return words_of([review.note]).get(review.note, {}).get("note", "") if review else ""


def listing_document(row: Listing, payload: Mapping[str, Any], state: str = "released") -> dict[str, Any]:
    """A listing as its page shows it, of what its reader may read; `state` is told to its own side only."""
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
        "state": state,
        "visibility": row.visibility,
        "payload": payload,
        "said": [_said(one, payload[one.key]) for one in fields if one.key in payload and one.key != "title"],
    }


def _said(one: Field, value: Any) -> dict[str, Any]:
    shown = shown_value(one, value)
    return {"key": one.key, "label": one.label, "type": one.type, "value": shown, "unit": unit_name(one.unit)}


def shown_value(field: Field, value: Any) -> Any:
    """A value in words: by the field's own vocabulary, the code of a region by its name."""
    if isinstance(value, list | tuple):
        return [shown_value(field, one) for one in value]
    if not isinstance(value, str):
        return value
    return field.vocabulary.get(value) or (_regions().get(value) if value.isdigit() else None) or value


@cache
def _regions() -> Mapping[str, str]:
    """The names of regions by their codes of GB/T 2260."""
    return {row["code"]: row["name"] for row in data.table(data.root() / "intake" / "regions.csv")}


@cache
def industry_codes() -> tuple[dict[str, Any], ...]:
    """The divisions and groups of GB/T 4754 with their names, for a list to choose from."""
    rows = data.table(data.root() / "taxonomies" / "gbt4754_2017.csv")
    return tuple(
        {"code": row["code"], "name": Bilingual(row["name_zh"], row["name_en"] or row["name_zh"])}
        for row in rows
        if row["level"] in ("2", "3")
    )


def fields_of(kind: str, role: str, payload: Mapping[str, Any], typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fields of a kind's form with what stands in each; what was typed last goes before what is on record."""
    return [
        {
            "key": one.key,
            "label": one.label,
            "type": one.type,
            "unit": unit_name(one.unit),
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
            "letter": row.payload.get("letter", ""),
            "appeal": row.payload.get("appeal", ""),
            "is_released": row.released_at is not None,
            "may_appeal": row.state == "refused" and not row.payload.get("appeal"),
        }
        for row in shown
    ]
