"""The timetable of the pipeline as a grid, and the visits of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.ledger.selectors import results
from duijie_portal.ledger.visibility import PARTY_ROLES

__all__ = ["timetable", "visits"]


def timetable(agreement: Agreement, person: Visitor) -> Mapping[str, Any]:
    """The timetable with its grid, people × slots; a party sees only its own meetings; empty before the first run."""
    found = results(agreement, "meet")
    if not found:
        return {}
    meetings = [one for one in found["meetings"] if _concerns(one, person)]
    return {
        **found,
        "meetings": meetings,
        "unplaced": found["unplaced"] if _sees_all(person) else [],
        "grid": _grid(found, meetings),
    }


def _sees_all(person: Visitor) -> bool:
    return isinstance(person, Person) and person.role not in PARTY_ROLES


def _concerns(meeting: Mapping[str, Any], person: Visitor) -> bool:
    return _sees_all(person) or (isinstance(person, Person) and person.party in meeting["people"])


def _grid(document: Mapping[str, Any], meetings: list[Any]) -> list[dict[str, Any]]:
    """One row a person with a meeting, one cell a slot: the meeting with the name of who is met, or nothing."""
    names = {one["id"]: one for one in document["people"]}
    busy: dict[tuple[str, str], dict[str, Any]] = {}
    for meeting in meetings:
        one, other = meeting["people"]
        for self_id, met in ((one, other), (other, one)):
            busy[self_id, meeting["slot"]] = {
                "id": meeting["id"],
                "with": names[met]["name"],
                "table": meeting["table"],
            }
    rows = sorted({person for person, _ in busy}, key=lambda one: (names[one]["region"], names[one]["name"]))
    keys = [slot["key"] for slot in document["slots"]]
    regions = sorted({names[one]["region"] for one in rows})
    return [
        {
            "person": names[one],
            "order": regions.index(names[one]["region"]),
            "cells": [busy.get((one, key)) for key in keys],
        }
        for one in rows
    ]


def visits(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The study visits and meetings on record, latest first."""
    rows = Record.objects.filter(agreement=agreement, kind__in=("visit", "meeting")).visible_to(person)
    return [
        {"id": row.pk, "kind": row.kind, "title": row.title, "on": row.on, "side": row.side_id, "state": row.state}
        for row in rows[:50]
    ]
