"""The sealed log as a reader sees it, and the certificates."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, QuerySet

from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.models import Agreement, Case, Event, Listing, Owned, Party, Record

__all__ = ["certificates", "chains", "event_rows", "readable"]


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
    return rows.order_by("cleared_at", "pk")


def held(agreement: Agreement, person: Visitor, n: int = 50) -> list[dict[str, Any]]:
    """Each kind of row with what waits for its secrecy check or its release."""
    return [
        {"type": kind, "n": rows.count(), "rows": [_held(row) for row in rows[:n]]}
        for kind in _MODELS
        for rows in [held_rows(agreement, person, kind)]
    ]


def _held(row: Any) -> dict[str, Any]:
    title = getattr(row, "title", None) or str(row)
    return {"id": row.pk, "title": title, "visibility": row.visibility, "is_cleared": row.cleared_at is not None}
