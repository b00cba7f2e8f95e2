"""Proposed matches of the pipeline, and the listings and cases of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from duijie.ledger.kinds import stage_rank
from duijie.match.kinds import Field, load_kinds, unit_name
from duijie.match.readers import is_inferred
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.entries import Decline, Todo
from duijie_portal.ledger.models import Agreement, Case, Job, Listing, Step
from duijie_portal.ledger.readers import matches_for, record_of
from duijie_portal.ledger.recording import words_of
from duijie_portal.ledger.selectors import agreement_term, fields_of, results, stages_of
from duijie_portal.ledger.visibility import PARTY_ROLES, reader_of

from .listing_selectors import shown_value

__all__ = [
    "RANKING",
    "RENEWAL",
    "compared",
    "declined",
    "is_matching",
    "kinds",
    "kinds_in",
    "last_steps",
    "listing_document",
    "listing_rows",
    "made_of",
    "matches",
    "matches_in",
    "matching",
    "pair_of",
    "weights_of",
    "with_listings",
    "with_word",
]

RENEWAL, RANKING = "agenda.run", "match.rank"
"""The jobs that make results: all of them anew, or one kind of match."""

_ENDS = ("need", "offer")
_MOST_COMPARED = 3


def kinds(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The kinds of match with their counts; a party sees only those that concern it."""
    return kinds_in(matches_for(agreement, person))


def kinds_in(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The kinds of a match document with their counts."""
    found = []
    for kind in document.get("kinds", ()):
        head = {name: kind[name] for name in ("kind", "version", "name", "clauses", "n_needs", "n_offers", "n_pairs")}
        found.append({**head, "n_matches": len(kind["matches"]), "n_unmatched": len(kind["unmatched"])})
    return found


def matches(agreement: Agreement, person: Visitor, key: str, *, listing: str = "") -> dict[str, Any]:
    """The matches of one kind with both listings, best first, and the needs without any; or those of one listing.

    ``ideas`` are pairs of which an end was inferred: nobody asked for them, and nobody is asked to answer.
    """
    document = matches_for(agreement, person)
    kind = next((one for one in document.get("kinds", ()) if one["kind"] == key), None)
    if kind is None:
        return {"matches": [], "ideas": [], "unmatched": []}
    return {
        **{
            name: [
                row for row in pairs_in(document, key, name) if listing in ("", row["need"]["id"], row["offer"]["id"])
            ]
            for name in ("matches", "ideas")
        },
        "unmatched": [
            _unmatched(document["listings"], row, person) for row in kind["unmatched"] if listing in ("", row["need"])
        ],
    }


def matching(agreement: Agreement, person: Visitor, rows: Iterable[Listing]) -> dict[str, dict[str, Any]]:
    """Where each listing stands in the matching: `state` and how many matches a person sees, by listing.

    ``closed``: it is not open to the other side; ``waiting``: its kind is about to be ranked; ``ranked``: its matches
    are there; ``left_out``: a ranking did not come about.
    """
    document, waiting = results(agreement, "match"), _waiting(agreement)
    pairs = [row for kind in matches_for(agreement, person).get("kinds", ()) for row in kind["matches"]]
    counts = Counter(pair[end] for pair in pairs for end in _ENDS)
    return {row.pk: {"state": _standing(row, document, waiting), "n": counts[row.pk]} for row in rows}


def _standing(row: Listing, document: Mapping[str, Any], waiting: set[str]) -> str:
    if row.released_at is None:
        return "closed"
    if waiting & {row.kind, ""}:
        return "waiting"
    return "ranked" if row.pk in document.get("listings", {}) else "left_out"


def _waiting(agreement: Agreement) -> set[str]:
    """The kinds that are being ranked, or wait for it; an empty text stands for all."""
    rows = Job.objects.filter(agreement=agreement, kind__in=(RANKING, RENEWAL), state__in=("waiting", "running"))
    return {str(payload.get("kind", "")) for payload in rows.values_list("payload", flat=True)}


def is_matching(agreement: Agreement, key: str) -> bool:
    """Whether a kind is being ranked just now, or waits for it."""
    return bool(_waiting(agreement) & {key, ""})


def weights_of(key: str) -> list[dict[str, Any]]:
    """What the order of a kind's matches rests on: each term with its weight (0–1, in all 1), the heaviest first."""
    kind = load_kinds().get(key)
    terms = sorted(kind.terms, key=lambda term: -term.weight) if kind else []
    return [{"label": term.label, "weight": term.weight} for term in terms]


def matches_in(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The matches of one kind in a document, best first, assigned ones before the rest of equal rank."""
    return pairs_in(document, key, "matches")


def pairs_in(document: Mapping[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    """One list of pairs (``matches``, ``ideas``) of a kind with both listings."""
    listings = document.get("listings", {})
    rows = (row for kind in document.get("kinds", ()) if kind["kind"] == key for row in kind.get(name, ()))
    return [
        {**row, **_weighed(row["reasons"]), **{end: _listing(listings, row[end]) for end in ("need", "offer")}}
        for row in sorted(rows, key=lambda one: (not one["is_assigned"], -one["score"]))
    ]


def _unmatched(listings: Mapping[str, Any], row: Mapping[str, Any], person: Visitor) -> dict[str, Any]:
    """A need without an offer: what removed the offers, and what would help, is for its own party and side alone.

    Rules compare fields that other readers may not have reached, and so would tell their values; for the same reason
    nobody is told by how much an offer misses a field that it opens later, nor of an offer they may not read.
    """
    need = _listing(listings, row["need"])
    if not _is_inside(need, person):
        return {"need": need, "removed": [], "relaxation": None}
    return {**row, "need": need, "relaxation": _open_relaxation(need, row["relaxation"], listings)}


def _is_inside(listing: Mapping[str, Any], person: Visitor) -> bool:
    if not isinstance(person, Person):
        return False
    if person.role in PARTY_ROLES:
        return bool(person.party) and listing.get("party") == person.party
    return listing.get("region") == person.side_id


def _open_relaxation(
    need: Mapping[str, Any], reason: Mapping[str, Any] | None, listings: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    kind = load_kinds().get(str(need.get("kind")))
    if reason is None or kind is None:
        return None
    values = reason["values"]
    if "offer" not in values:
        return reason  # of no one offer, and of no field
    opens = {one.key: one.disclosure for one in kind.offer}
    read = {rule.key: opens.get(rule.offer, "public") for rule in kind.rules}
    is_open = values["offer"] in listings and all(read.get(key) == "public" for key in values["keys"])
    return reason if is_open else {**reason, "code": "match_relax", "values": {**values, "offer": "", "shortfall": 0.0}}


def compared(rows: Sequence[Mapping[str, Any]], listing: str) -> dict[str, Any] | None:
    """The first pairs of one listing side by side: what each term says of each of them, the heaviest first.

    None where there are fewer than two, or the pairs are of more than one listing.
    """
    first = rows[:_MOST_COMPARED]
    if not listing or len(first) < 2:
        return None
    said = [{_term_of(one): one for one in (*row["speaking"], *row["quiet"]) if _term_of(one)} for row in first]
    labels = {_term_of(one): one["values"]["term"] for found in said for one in found.values()}
    most = {key: max(found[key]["values"].get("most", 0) for found in said if key in found) for key in labels}
    end = "offer" if first[0]["need"]["id"] == listing else "need"
    terms = [
        {"label": labels[key], "cells": [found.get(key) for found in said]}
        for key in sorted(labels, key=lambda key: -most[key])
    ]
    return {"heads": [{**row[end], "score": row["score"]} for row in first], "terms": terms}


def _term_of(reason: Mapping[str, Any]) -> str:
    return str(reason["values"].get("term", {}).get("zh", ""))


def _weighed(reasons: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The weightiest reasons on either side, which a reader must see, and the rest."""
    ordered = sorted(reasons, key=lambda reason: -abs(reason["weight"]))
    speaking = [*[one for one in ordered if one["is_for"]][:4], *[one for one in ordered if not one["is_for"]][:2]]
    return {"speaking": speaking, "quiet": [one for one in reasons if one not in speaking]}


def _listing(listings: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {"id": key, **listings.get(key, {})}


def listing_rows(agreement: Agreement, person: Visitor, *, kind: str, role: str, side: str) -> Any:
    """The listings a person may see, narrowed to a kind, a role, a side."""
    rows = Listing.objects.filter(agreement=agreement).with_stage(person).select_related("party")
    for name, value in {"kind": kind, "role": role, "side": side}.items():
        rows = rows.filter(**{name: value}) if value else rows
    return rows


def listing_document(row: Listing, person: Visitor, *, stage: int | None = None) -> dict[str, Any]:
    """A need or an offer as far as a person may read it; where the `stage` is known nothing more is asked."""
    if stage is None:
        stage = row.stage if hasattr(row, "stage") else stages_of("listing", [row.pk], reader_of(person)).get(row.pk)
    is_own = stage == stage_rank("own")
    kind = load_kinds().get(row.kind)
    fields = {one.key: one for one in kind.fields(row.role)} if kind else {}  # type: ignore[arg-type]
    read = fields_of(row, stage)
    payload = read["payload"]
    said = [_field(fields.get(key), key, value) for key, value in payload.items() if key not in ("title",)]
    return {
        "id": row.pk,
        "kind": row.kind,
        "kind_name": kind.name if kind else row.kind,
        "version": row.version,
        "role": row.role,
        "side": row.side_id,
        "party": {"id": row.party_id, "name": row.party.name},
        "industry": read["industry"],
        "basis": read["basis"],
        "valid_until": read["valid_until"],
        "payload": payload,
        "said": [one for one in said if one["value"] not in (None, "", [])],
        "source": read["source"],
        "is_released": row.released_at is not None,
        "visibility": row.visibility,
        "may_erase": is_own and row.party.kind == "talent" and bool(row.payload),
    }


def _field(field: Field | None, key: str, value: Any) -> dict[str, Any]:
    """A field as a page shows it: its label, the words of its value, its unit."""
    return {
        "key": key,
        "label": field.label if field else key,
        "value": shown_value(field, value) if field else value,
        "unit": unit_name(field.unit if field else ""),
    }


def made_of(agreement: Agreement, person: Visitor) -> dict[str, Any]:
    """How the proposed matches were made, and the sources of what a person reads of them."""
    document = matches_for(agreement, person)
    return {name: document.get(name) for name in ("provenance", "sources")}


def warranty(agreement: Agreement, person: Person, kind: str) -> dict[str, Any]:
    """How pairs of what was said, and ideas, were tested; for officials also how those of a kind fared here."""
    tests = results(agreement, "advice").get("tests", {})
    record = None if person.party else record_of(agreement, person).get(kind)
    return {"said": tests.get("said"), "ideas": tests.get("ideas"), "record": record}


def last_steps(cases: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What each case's value rests on: its last step that stands, the proofs, whether it was confirmed."""
    rows = Step.objects.filter(case__in=cases, state="stands").order_by("at")
    return {row.case_id: _sealed(row) for row in rows}


def _sealed(one: Step) -> dict[str, Any]:
    seal = {"digest": one.pk, "n_evidence": one.n_evidence, "is_confirmed": one.is_confirmed, "counts": one.counts}
    return {"as_of": one.on, "side": one.side_id, **seal}


def clause_of_kind(agreement: Agreement, kind: str) -> str:
    """The clause a case of a kind counts for: the first that names the kind."""
    found = [one.key for one in agreement_term(agreement).clauses if kind in one.kinds]
    return found[0] if found else agreement_term(agreement).clauses[0].key


def pair_of(agreement: Agreement, person: Person, need: str, offer: str) -> tuple[Listing, Listing] | None:
    """The two listings of a computed suggestion that this person may act on; None where there is no such one."""
    for kind in matches_for(agreement, person).get("kinds", ()):
        if any((row["need"], row["offer"]) == (need, offer) for row in kind["matches"]):
            found = (
                Listing.objects.filter(agreement=agreement).select_related("party", "agreement").in_bulk([need, offer])
            )
            if len(found) == 2 and all(row.released_at and row.basis != "derived" for row in found.values()):
                return found[need], found[offer]
    return None


def with_word(agreement: Agreement, person: Person, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Suggestions with where they stand: nobody has answered, one's own end has, the other has, or both.

    A suggestion one's own end declined is left out; the other end's silence says nothing.
    """
    keys = {f"{row['need']['id']}+{row['offer']['id']}": row for row in rows}
    cases = {row.pk: row for row in Case.objects.filter(pk__in=list(keys)).visible_to(person)}
    steps = {row.case_id: row for row in Step.objects.filter(case__in=list(cases), kind="match", state="stands")}
    waiting = {
        row.key for row in Todo.objects.filter(key__in=list(cases), act="confirm", node="match").filter(**_mine(person))
    }
    gone = declined_by(agreement, person)
    found = []
    for key, row in keys.items():
        case, step = cases.get(key), steps.get(key)
        word = "open" if case is None or step is None else "both" if step.is_confirmed else "own"
        if word == "own" and key in waiting:
            word = "other"
        if case is not None and case.state == "refused":
            word = "refused"
        if key not in gone:
            found.append({**row, "word": word, "case": key if case else "", **_sides(row, person)})
    return found


def with_listings(person: Person, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Suggestions with what each end says, as far as whom a suggestion names may read it before deciding (`said`)."""
    keys = {row[end]["id"] for row in rows for end in _ENDS}
    known = Listing.objects.filter(pk__in=keys).select_related("party")
    stages = stages_of("listing", keys, reader_of(person).named_with())
    said = {}
    for one in known:
        if one.pk in stages and one.basis != "derived":
            said[one.pk] = listing_document(one, person, stage=stages[one.pk])["said"]
    return [{**row, "said": {end: said.get(row[end]["id"], []) for end in _ENDS}} for row in rows]


def _mine(person: Person) -> dict[str, Any]:
    return {"party": person.party} if person.role in PARTY_ROLES else {"side": person.side_id}


def _sides(row: Mapping[str, Any], person: Person) -> dict[str, Any]:
    """Which end is the reader's own."""
    ends = [end for end in ("need", "offer") if row[end].get("region") == person.side_id]
    if person.role in PARTY_ROLES:
        ends = [end for end in ("need", "offer") if row[end].get("party") == person.party]
    if row.get("is_inside") or any(is_inferred(row[end]["id"], row[end]) for end in ("need", "offer")):
        ends = []  # nobody answers for what an organisation never said, or its side has not opened
    return {"own_end": ends[0] if ends else ""}


def declined_by(agreement: Agreement, person: Person) -> dict[str, Decline]:
    """The suggestions this person's own end declined, by the key of the pair."""
    rows = Decline.objects.filter(agreement=agreement, side=person.side_id)
    if person.role in PARTY_ROLES:
        rows = rows.filter(party=person.party)
    return {f"{row.need}+{row.offer}": row for row in rows}


def _notes_of(agreement: Agreement, subjects: Sequence[str]) -> dict[str, str]:
    """What was written beside each decline, as the last of them says it."""
    rows = agreement.entries.filter(subject__in=subjects, kind="declined").order_by("seq")
    said = dict(rows.values_list("subject", "commit"))
    words = words_of(said.values())
    return {subject: words.get(commit, {}).get("note", "") for subject, commit in said.items()}


def declined(agreement: Agreement, person: Person, kind: str) -> list[dict[str, Any]]:
    """What one's own end declined of a kind, with the titles, so that it can be looked at again."""
    ended = set(Case.objects.filter(agreement=agreement, state="refused").values_list("pk", flat=True))
    rows = [row for key, row in declined_by(agreement, person).items() if key not in ended]
    known = Listing.objects.in_bulk({row.need for row in rows} | {row.offer for row in rows})
    notes = _notes_of(agreement, [f"pair/{row.id}" for row in rows])
    return [
        {"need": row.need, "offer": row.offer, "reason": row.reason, "on": row.on,
         "note": notes.get(f"pair/{row.id}", ""),
         "titles": [str(known[key].opened.get("payload.title", key)) for key in (row.need, row.offer) if key in known]}
        for row in rows
        if row.need in known and known[row.need].kind == kind
    ]  # fmt: skip
