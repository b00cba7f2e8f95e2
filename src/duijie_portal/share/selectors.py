"""The sealed log as a reader sees it, and the certificates."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils import timezone

from duijie.intake.layouts import layout
from duijie.ledger.kinds import split_of
from duijie.match.kinds import load_kinds, unit_name
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.checking import clock_behind, heads_text, verify_agreement
from duijie_portal.ledger.entries import Entry, Review
from duijie_portal.ledger.models import Agreement, Listing, Opened, Party, Record
from duijie_portal.ledger.recording import words_of

__all__ = [
    "batch_of",
    "batch_row",
    "batch_rows",
    "batches",
    "certificates",
    "chains",
    "entry_rows",
    "held",
    "held_rows",
    "n_held",
    "readable",
    "review_document",
    "tables_of",
    "verdict_of",
]


def chains(agreement: Agreement) -> list[dict[str, Any]]:
    """Each side's chain: its length, its last digest, when it was last written, how much of it the other confirmed."""
    rows = entry_rows(agreement).order_by().values("side").annotate(n=Count("pk"), last_at=Max("recorded_at"))
    return [{**row, **_head(agreement, row["side"])} for row in rows.order_by("side")]


def _head(agreement: Agreement, side: str) -> dict[str, Any]:
    own = entry_rows(agreement).filter(side=side)
    last = own.order_by("-epoch", "-seq").first()
    taken = own.exclude(ordering=side).exclude(place_seq=None).count()
    return {"head": last.digest if last else "", "sequence": last.seq if last else 0, "n_confirmed": taken}


def entry_rows(agreement: Agreement) -> QuerySet[Entry]:
    """The entries of the shared chains, latest first; what is inner is nobody's to list."""
    found: QuerySet[Entry] = agreement.entries.filter(is_inner=False).order_by("-recorded_at", "-seq")
    return found


def readable(entry: Entry, person: Visitor) -> dict[str, Any]:
    """An entry as far as a person may read it: what it is about only of one's own side, of the other its seal."""
    shown = {
        "side": entry.side,
        "sequence": entry.seq,
        "recorded_at": entry.recorded_at,
        "digest": entry.digest,
    }
    is_own = isinstance(person, Person) and person.side_id == entry.side
    if not (is_own and (may(person, "agreement.note") or may(person, "log.read"))):
        return {**shown, "kind": "", "subject": "", "on": None}
    return {**shown, "kind": entry.kind, "subject": entry.subject, "on": entry.on}


def certificates(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The certificates on record with their state, latest first."""
    rows = Record.objects.filter(agreement=agreement, kind="certificate").visible_to(person)
    return [
        {
            "id": row.pk,
            "title": row.title,
            "on": row.on,
            "state": row.state,
            "side": row.side_id,
            "payload": row.payload,
        }
        for row in rows[:50]
    ]


_MODELS: dict[str, type[Opened]] = {"party": Party, "listing": Listing, "record": Record}
_WAITING = ("waiting", "cleared")
_CLEARED = "cleared"


def held_rows(agreement: Agreement, person: Visitor, kind: str) -> QuerySet[Any]:
    """The rows of one's own side that nobody outside sees yet; those that passed the secrecy check first."""
    side = person.side_id if isinstance(person, Person) else None
    rows: QuerySet[Any] = _MODELS[kind]._default_manager.filter(agreement=agreement, side=side)
    if kind == "record":
        return rows.filter(released_at=None).order_by(F("cleared_at").asc(nulls_last=True), "pk")
    found: QuerySet[Any] = reviewed(rows, kind).filter(review__in=_WAITING).order_by("review", "pk")
    return found


def reviewed(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """Parties or listings with `review`, where their latest revision stands at their own side's review."""
    # by its primary key: a search by sort and key reads every review for every row
    of = Review.objects.filter(pk=Concat(Value(f"{kind}/"), OuterRef("pk"))).values("state")
    found: QuerySet[Any] = rows.annotate(review=Subquery(of))
    return found


def n_held(agreement: Agreement, person: Visitor) -> dict[str, int]:
    """How many rows of one's own side wait for the secrecy check, and how many for release; tables included."""
    rows = {kind: _but_for_papers(held_rows(agreement, person, kind)) for kind in _MODELS}
    cleared = {kind: found.filter(_is_cleared(kind)).count() for kind, found in rows.items()}
    n_cleared = sum(cleared.values())
    return {"to_clear": sum(found.count() for found in rows.values()) - n_cleared, "to_release": n_cleared}


def _is_cleared(kind: str) -> Q:
    return Q(cleared_at__isnull=False) if kind == "record" else Q(review=_CLEARED)


def held(agreement: Agreement, person: Visitor, tables: Sequence[str], n: int = 50) -> list[dict[str, Any]]:
    """Each kind of row with what waits for its secrecy check or its release, but for rows of imported `tables`."""
    return [
        {"type": kind, "n": rows.count(), "rows": [_held(row) for row in rows[:n]]}
        for kind in _MODELS
        for rows in [_but_for_papers(held_rows(agreement, person, kind).exclude(_of_tables(tables)))]
    ]


def _but_for_papers(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Without what only its own side ever needs: the sent tables themselves, and who is one with whom."""
    return rows.exclude(kind__in=("import", "merge")) if rows.model is Record else rows


def _of_tables(tables: Sequence[str]) -> Q:
    found = Q(pk__in=())
    for table in tables:
        found |= Q(pk__startswith=f"{table}-")
    return found


def tables_of(agreement: Agreement, person: Visitor) -> QuerySet[Record]:
    """The tables of one's own side that were taken in, latest first."""
    side = person.side_id if isinstance(person, Person) else None
    rows: QuerySet[Record] = Record.objects.filter(agreement=agreement, side=side, kind="import", state="taken")
    return rows.order_by("-pk")


def rows_of_table(table: Record) -> list[QuerySet[Any]]:
    """What an imported table became, by model: each row's key begins with its table's."""
    own = {"agreement": table.agreement, "side": table.side_id, "pk__startswith": f"{table.pk}-"}
    return [model._default_manager.filter(**own).order_by("pk") for model in (Party, Listing, Record)]


def batches(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """Imported tables with rows that wait, and how many wait for what."""
    found = [batch_of(table) for table in tables_of(agreement, person)]
    return [one for one in found if one["n_unchecked"] or one["n_waiting"]]


def batch_of(table: Record) -> dict[str, Any]:
    """An imported table, and how many of its rows wait for the secrecy check or for release."""
    counts = [
        rows.aggregate(unchecked=Count("pk", filter=~_is_cleared(kind)), waiting=Count("pk", filter=_is_cleared(kind)))
        for kind, rows in waiting_rows(table).items()
    ]
    about = {"id": table.pk, "title": table.title, "kind": table.payload["kind"], "department": table.department}
    about["kind_name"] = layout(table.payload["kind"]).label
    about |= {"source": table.payload["source"], "done_on": table.done_on, "n_made": table.payload.get("n_made", 0)}
    sums = {
        name: sum(one[key] for one in counts) for name, key in (("n_unchecked", "unchecked"), ("n_waiting", "waiting"))
    }
    return {**about, **sums}


def waiting_rows(table: Record) -> dict[str, QuerySet[Any]]:
    """What a table became and is not open yet, by type."""
    party, listing, record = rows_of_table(table)
    held = {"party": reviewed(party, "party"), "listing": reviewed(listing, "listing")}
    found = {kind: rows.filter(review__in=_WAITING) for kind, rows in held.items()}
    return {**found, "record": record.filter(released_at=None)}


def batch_rows(table: Record, kind: str) -> QuerySet[Any]:
    """The rows of one type that a table became and that wait."""
    return waiting_rows(table).get(kind, Party.objects.none())


def batch_row(row: Any) -> dict[str, Any]:
    """A row that waits, with everything a secrecy check looks at."""
    return {**_held(row), "said": _said(row)}


def _said(row: Any) -> str:
    """What a secrecy check looks at: everything the row would show."""
    payload = row.payload.get("values", row.payload)
    said = {key: value for key, value in payload.items() if key not in ("source", "inferred")}
    return "；".join(f"{key} {value}" for key, value in said.items())[:400]


def _held(row: Any) -> dict[str, Any]:
    title = getattr(row, "title", None) or (row.payload.get("title") if isinstance(row, Listing) else None) or str(row)
    return {"id": row.pk, "title": title, "visibility": row.visibility, "is_cleared": is_row_cleared(row)}


def is_row_cleared(row: Any) -> bool:
    return row.cleared_at is not None if isinstance(row, Record) else row.review == _CLEARED


_READERS = ("public", "matched", "agreed", "own")


def review_document(row: Party | Listing) -> dict[str, Any]:
    """A party or a listing open for review: each field with its label and who will read it once it is open."""
    sort = "listing" if isinstance(row, Listing) else "party"
    state = Review.objects.filter(pk=f"{sort}/{row.pk}").first()
    words = words_of([state.note]) if state and state.note else {}
    kind, role = load_kinds().get(row.kind) if isinstance(row, Listing) else None, getattr(row, "role", "")
    labels = {one.key: one for one in kind.fields(role)} if kind else {}  # type: ignore[arg-type]
    fields = dict(sorted(_fields(row).items(), key=lambda one: _place(one[0], labels)))
    stages = split_of(sort, {**fields, "kind": row.kind, "role": getattr(row, "role", "")})
    said = [
        {
            "key": key,
            "label": labels[name].label if name in labels else "",
            "value": _shown(labels.get(name), value),
            "unit": unit_name(labels[name].unit if name in labels else ""),
            "reader": stages[key].partition("/")[0],
        }
        for key, value in fields.items()
        for name in [key.removeprefix("payload.")]
        if value not in (None, "", [], {})
    ]
    opened = {key for key in getattr(row, "opened", {}) if key.startswith("payload.")}
    return {
        "id": row.pk,
        "title": str(row.payload.get("title", "")) or str(row),
        "party": row.party.name if isinstance(row, Listing) else row.name,
        "kind": row.kind,
        "kind_name": kind.name if kind else "",
        "role": role,
        "state": state.state if state else "waiting",
        "note": words.get(state.note, {}).get("note", "") if state else "",
        "said": sorted(said, key=lambda one: _READERS.index(one["reader"])),
        "is_open": bool(opened),
        "visibility": row.visibility,
        "readers": _READERS,
    }


def _place(name: str, labels: Mapping[str, Any]) -> int:
    """Where a field stands: in the order of the form it was typed into, what is no field of it after."""
    key, order = name.removeprefix("payload."), list(labels)
    return order.index(key) if key in order else len(order)


def _fields(row: Party | Listing) -> dict[str, Any]:
    payload = {f"payload.{key}": value for key, value in row.payload.items()}
    if isinstance(row, Listing):
        return {**payload, "valid_until": row.valid_until, "industry": row.industry}
    return {
        "name": row.name,
        "name_en": row.name_en,
        "uscc": row.uscc,
        "industry": row.industry,
        "town": row.town,
        **payload,
    }


def _shown(field: Any, value: Any) -> Any:
    return field.vocabulary.get(value, value) if field is not None and isinstance(value, str) else value


_SECONDS = 60
_VERIFYING = threading.Lock()


def verdict_of(agreement: Agreement) -> dict[str, Any]:
    """The verdict on the whole record and when it was reached.

    It reads every entry, so it is worked out once a minute and for each new head, however many ask at once.
    """
    key = f"verdict:{agreement.pk}:{hashlib.sha256(heads_text([agreement.pk]).encode()).hexdigest()[:32]}"
    with _VERIFYING:
        found: dict[str, Any] | None = cache.get(key)
        if found is None:
            found = _verdict(agreement)
            cache.set(key, found, _SECONDS)
    return {**found, "behind_min": clock_behind(agreement)}


def _verdict(agreement: Agreement) -> dict[str, Any]:
    done = verify_agreement(agreement)
    faults = [{"code": one.code, "where": dict(one.where), "values": dict(one.values)} for one in done.faults[:50]]
    return {"holds": done.holds, "n_entries": done.n_entries, "n_faults": len(done.faults), "faults": faults,
            "at": timezone.now()}  # fmt: skip
