"""Proposed matches of the pipeline, and the listings and cases of the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from duijie.match.kinds import Field, load_kinds
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Case, Listing, Step
from duijie_portal.ledger.selectors import results
from duijie_portal.ledger.visibility import PARTY_ROLES

__all__ = ["case_document", "kinds", "last_steps", "listing_document", "listing_rows", "made_of", "matches"]


def kinds(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The kinds of match with their counts; a party sees only those that concern it."""
    document = results(agreement, "match")
    found = []
    for kind in document.get("kinds", ()):
        rows = _own(document, kind["matches"], person)
        head = {name: kind[name] for name in ("kind", "version", "name", "clauses", "n_needs", "n_offers", "n_pairs")}
        found.append({**head, "n_matches": len(rows), "n_unmatched": len(kind["unmatched"])})
    return found


def matches(agreement: Agreement, person: Visitor, key: str) -> dict[str, Any]:
    """The matches of one kind with both listings, best first, assigned ones before the rest of equal rank."""
    document = results(agreement, "match")
    kind = next((one for one in document.get("kinds", ()) if one["kind"] == key), None)
    if kind is None:
        return {"matches": [], "unmatched": []}
    listings = document["listings"]
    rows = sorted(_own(document, kind["matches"], person), key=lambda one: (not one["is_assigned"], -one["score"]))
    return {
        "matches": [
            {**row, **_weighed(row["reasons"]), **{end: _listing(listings, row[end]) for end in ("need", "offer")}}
            for row in rows
        ],
        "unmatched": [{**row, "need": _listing(listings, row["need"])} for row in kind["unmatched"]],
    }


def _weighed(reasons: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The weightiest reasons on either side, which a reader must see, and the rest."""
    ordered = sorted(reasons, key=lambda reason: -abs(reason["weight"]))
    speaking = [*[one for one in ordered if one["is_for"]][:4], *[one for one in ordered if not one["is_for"]][:2]]
    return {"speaking": speaking, "quiet": [one for one in reasons if one not in speaking]}


def _listing(listings: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {"id": key, **listings.get(key, {})}


def _own(document: Mapping[str, Any], rows: list[Any], person: Visitor) -> list[Any]:
    """All matches for officials; for a party those with a listing of its own."""
    if not isinstance(person, Person) or person.role not in PARTY_ROLES:
        return rows
    listings = document["listings"]
    return [
        row for row in rows if person.party in {listings.get(row[end], {}).get("party") for end in ("need", "offer")}
    ]


def listing_rows(agreement: Agreement, person: Visitor, *, kind: str, role: str, side: str) -> Any:
    """The listings a person may see, narrowed to a kind, a role, a side."""
    rows = Listing.objects.filter(agreement=agreement).visible_to(person).select_related("party")
    for name, value in {"kind": kind, "role": role, "side": side}.items():
        rows = rows.filter(**{name: value}) if value else rows
    return rows


def listing_document(row: Listing, person: Visitor) -> dict[str, Any]:
    """A need or an offer as far as a person may read it: fields told later, and the file it came in, stay at home."""
    is_own = isinstance(person, Person) and (
        person.party == row.party_id if person.role in PARTY_ROLES else person.side_id == row.side_id
    )
    kind = load_kinds().get(row.kind)
    fields = {one.key: one for one in kind.fields(row.role)} if kind else {}  # type: ignore[arg-type]
    payload = {
        key: value
        for key, value in row.payload.items()
        if is_own or key not in fields or fields[key].disclosure == "public"
    }
    source = row.source if is_own else {key: row.source[key] for key in _CITED if key in row.source}
    said = [_field(fields.get(key), key, value) for key, value in payload.items() if key not in ("title",)]
    return {
        "id": row.pk,
        "kind": row.kind,
        "kind_name": kind.name if kind else row.kind,
        "version": row.version,
        "role": row.role,
        "side": row.side_id,
        "party": {"id": row.party_id, "name": row.party.name},
        "industry": row.industry,
        "basis": row.basis,
        "valid_until": row.valid_until,
        "payload": payload,
        "said": [one for one in said if one["value"] not in (None, "", [])],
        "source": source,
        "is_released": row.released_at is not None,
        "visibility": row.visibility,
        "may_erase": is_own and row.party.kind == "talent" and bool(row.payload),
    }


_CITED = ("publisher", "title", "url", "published_on", "as_of", "basis", "is_linked", "confidences", "inferred")


def _field(field: Field | None, key: str, value: Any) -> dict[str, Any]:
    """A field as a page shows it: its label, the words of its value, its unit."""
    words = field.vocabulary if field else {}
    return {
        "key": key,
        "label": field.label if field else key,
        "value": words.get(value, value) if isinstance(value, str) else value,
        "unit": field.unit if field else "",
    }


def made_of(agreement: Agreement) -> dict[str, Any]:
    """How the proposed matches were made."""
    document = results(agreement, "match")
    return {name: document.get(name) for name in ("provenance", "sources")}


def last_steps(cases: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What each case's value rests on: its last sealed step, the proofs, whether the other side confirmed it."""
    steps = Step.objects.filter(case__in=cases).order_by("on", "pk")
    last = {one["case_id"]: one for one in steps.values("case_id", *_SEAL)}
    return {key: _sealed(one) for key, one in last.items()}


_SEAL = ("on", "side_id", "is_confirmed", "event__digest", "event__content")


def _sealed(one: Mapping[str, Any]) -> dict[str, Any]:
    proofs = json.loads(one["event__content"]).get("evidence", ())
    seal = {"digest": one["event__digest"], "n_evidence": len(proofs), "is_confirmed": one["is_confirmed"]}
    return {"as_of": one["on"], "side": one["side_id"], **seal}


def case_document(row: Case) -> dict[str, Any]:
    """A case with its steps, who recorded each, what it rests on and whether the other side confirmed it."""
    steps = row.steps.select_related("event").prefetch_related("event__countersignatures")
    return {
        "id": row.pk,
        "title": row.title,
        "clause": row.clause,
        "side": row.side_id,
        "state": row.state,
        "reason": row.reason,
        "amount": row.amount,
        "unit": row.unit,
        "parties": {end: _party(getattr(row, f"{end}_party")) for end in ("need", "offer")},
        "steps": [_step(step) for step in steps],
    }


def _party(party: Any) -> dict[str, Any] | None:
    return {"id": party.pk, "name": party.name, "side": party.side_id, "town": party.town} if party else None


def _step(step: Any) -> dict[str, Any]:
    body = step.event.body
    return {
        "id": step.pk,
        "kind": step.kind,
        "on": step.on,
        "side": step.side_id,
        "amount": step.amount,
        "unit": step.unit,
        "reason": step.reason,
        "is_confirmed": step.is_confirmed,
        "n_evidence": len(body.get("evidence", ())),
        "digest": step.event.digest,
        "sequence": step.event.sequence,
    }
