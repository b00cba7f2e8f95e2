"""The sealed log as a reader sees it, and the certificates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from duijie.intake.layouts import layout
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.models import Agreement, Case, Event, Listing, Owned, Party, Record

__all__ = [
    "batch_of",
    "batch_row",
    "batch_rows",
    "batches",
    "certificates",
    "chains",
    "event_rows",
    "held",
    "held_rows",
    "n_held",
    "readable",
    "tables_of",
]


def chains(agreement: Agreement) -> list[dict[str, Any]]:
    """Each side's chain: its length, its last digest, when it was last written, how much of it the other confirmed."""
    rows = agreement.events.values("side").annotate(n=Count("pk"), last_at=Max("recorded_at")).order_by("side")
    return [{**row, **_head(agreement, row["side"])} for row in rows]


def _head(agreement: Agreement, side: str) -> dict[str, Any]:
    own = agreement.events.filter(side_id=side)
    last = own.order_by("-sequence").first()
    confirmed = own.filter(countersignatures__isnull=False).distinct().count()
    return {"head": last.digest if last else "", "sequence": last.sequence if last else 0, "n_confirmed": confirmed}


def event_rows(agreement: Agreement) -> QuerySet[Event]:
    return agreement.events.order_by("-recorded_at", "-sequence")


def readable(event: Event, person: Visitor) -> dict[str, Any]:
    """An entry as far as a person may read it: what it is about, of one's own side or to readers of the log only."""
    shown = {
        "side": event.side_id,
        "sequence": event.sequence,
        "recorded_at": event.recorded_at,
        "digest": event.digest,
    }
    is_own = isinstance(person, Person) and person.side_id == event.side_id and may(person, "agreement.note")
    if not (is_own or may(person, "log.read")):
        return {**shown, "kind": "", "subject": "", "on": None}
    return {**shown, "kind": event.kind, "subject": event.subject, "on": event.on}


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


_MODELS: dict[str, type[Owned]] = {"party": Party, "listing": Listing, "case": Case, "record": Record}


def held_rows(agreement: Agreement, person: Visitor, kind: str) -> QuerySet[Any]:
    """The rows of one's own side that nobody outside sees yet; those that passed the secrecy check first."""
    side = person.side_id if isinstance(person, Person) else None
    rows: QuerySet[Any] = _MODELS[kind]._default_manager.filter(agreement=agreement, side=side, released_at=None)
    if kind == "listing":
        rows = rows.filter(source__withdrawn_on__isnull=True)
    return rows.order_by(F("cleared_at").asc(nulls_last=True), "pk")


def n_held(agreement: Agreement, person: Visitor) -> dict[str, int]:
    """How many rows of one's own side wait for the secrecy check, and how many for release; tables included."""
    rows = [_but_for_papers(held_rows(agreement, person, kind)) for kind in _MODELS]
    return {
        "to_clear": sum(one.filter(cleared_at=None).count() for one in rows),
        "to_release": sum(one.exclude(cleared_at=None).count() for one in rows),
    }


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
        rows.filter(released_at=None).aggregate(
            unchecked=Count("pk", filter=Q(cleared_at=None)), waiting=Count("pk", filter=Q(cleared_at__isnull=False))
        )
        for rows in rows_of_table(table)
    ]
    about = {"id": table.pk, "title": table.title, "kind": table.payload["kind"], "department": table.department}
    about["kind_name"] = layout(table.payload["kind"]).label
    about |= {"source": table.payload["source"], "done_on": table.done_on, "n_made": table.payload.get("n_made", 0)}
    sums = {
        name: sum(one[key] for one in counts) for name, key in (("n_unchecked", "unchecked"), ("n_waiting", "waiting"))
    }
    return {**about, **sums}


def batch_rows(table: Record, kind: str) -> QuerySet[Any]:
    """The rows of one type that a table became and that wait."""
    rows = dict(zip(("party", "listing", "record"), rows_of_table(table), strict=True)).get(kind)
    found: QuerySet[Any] = (Party.objects.none() if rows is None else rows).filter(released_at=None)
    return found


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
    return {"id": row.pk, "title": title, "visibility": row.visibility, "is_cleared": row.cleared_at is not None}
