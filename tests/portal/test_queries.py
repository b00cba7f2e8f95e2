"""No list asks a query a row: a page of many rows asks as many queries as a page of few."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from duijie_portal.accounts.models import Activity, Person
from duijie_portal.ledger import jobs
from duijie_portal.ledger.models import Case, Delivery, Listing, Notification, Party, Record

LISTS = {
    "cases": "coordinator",
    "listings": "coordinator",
    "tickets": "coordinator",
    "practices": "coordinator",
    "conference": "coordinator",
    "requests": "coordinator",
    "exchange_days": "coordinator",
    "bookings": "coordinator",
    "imports": "coordinator",
    "notifications": "coordinator",
    "outgoing": "leader",
    "jobs": "coordinator",
    "people": "security",
    "activity": "audit",
    "deliveries": "system",
    "share": "coordinator",
    "search": "coordinator",
}


def _grow(agreement: Any, side: Any, n: int) -> None:
    """More of every kind of row a list shows."""
    own = {"agreement": agreement, "side": side}
    people = [Person(username=f"more-{n}-{at}", role="reader", side=side) for at in range(12)]
    Person.objects.bulk_create(people)
    who = Person.objects.get(username=f"coordinator-{side.pk}")
    parties = [Party(id=f"more-{n}-{at}", kind="firm", name=f"更多 {n} {at}", **own) for at in range(12)]
    Party.objects.bulk_create(parties)
    listing = {"kind": "input-need", "role": "need", "payload": {"title": "更多"}}
    Listing.objects.bulk_create([Listing(id=f"more-{n}-{at}", party=parties[at], **listing, **own) for at in range(12)])
    cases = [
        Case(id=f"more-{n}-{at}", clause="x", state="need", need_party=parties[at], last_on=date(2025, 6, 30), **own)
        for at in range(12)
    ]
    Case.objects.bulk_create(cases)
    for kind in ("ticket", "practice", "decision"):
        first = Record.objects.filter(agreement=agreement, kind=kind, side=side).first()
        if first is not None:
            for _ in range(12):
                first.pk, first._state.adding = None, True
                first.id = Record._meta.pk.get_default()
                first.save(force_insert=True)
    Notification.objects.bulk_create(
        [Notification(person=who, agreement=agreement, code="job_told_done", path="/") for _ in range(12)]
    )
    Activity.objects.bulk_create([Activity(person=one, side=side, act="read") for one in Person.objects.all()[:12]])
    for at in range(12):
        jobs.start(who, agreement, "import.take", subject=f"more-{n}-{at}")
        Delivery.objects.create(key=f"more-{n}-{at}", due_at=who.joined_at, person=who, agreement=agreement, side=side)


@pytest.mark.parametrize("name", LISTS)
def test_a_longer_list_asks_no_more_queries(name: str, agreement: Any, sides: Any, as_person: Any) -> None:
    path = reverse(name, args=[agreement.pk]) + ("?q=更多" if name == "search" else "")
    client = as_person(f"{LISTS[name]}-{sides[0].pk}")

    def n_queries() -> int:
        cache.clear()
        assert client.get(path).status_code == 200
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    _grow(agreement, sides[0], 1)
    few = n_queries()
    _grow(agreement, sides[0], 2)
    many = n_queries()
    assert many == few, f"{few} queries, then {many}"
    assert few <= 40
