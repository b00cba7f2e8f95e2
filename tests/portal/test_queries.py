"""No list asks a query a row: a page of many rows asks as many queries as a page of few."""

from __future__ import annotations

from typing import Any

import planted
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from duijie_portal.accounts.models import Activity, Department, Person
from duijie_portal.ledger import jobs, visits
from duijie_portal.ledger.models import Delivery, Notification, Party, Record
from duijie_portal.track import leads

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
    "firm_visits": "coordinator",
    "leads": "coordinator",
    "inbox": "coordinator",
    "firm": "coordinator",
}


def _called_on(agreement: Any, side: Any) -> Party:
    """The firm whose page is asked for."""
    return Party.objects.filter(pk="called-on").first() or planted.party(
        agreement, side, "called-on", name="被走访企业"
    )


def _grow(agreement: Any, sides: Any, n: int) -> None:
    """More of every kind of row a list shows."""
    side = sides[0]
    people = [Person(username=f"more-{n}-{at}", role="reader", side=side) for at in range(12)]
    Person.objects.bulk_create(people)
    who = Person.objects.get(username=f"coordinator-{side.pk}")
    for at in range(12):
        party = planted.party(agreement, side, f"more-{n}-{at}", name=f"更多 {n} {at}")
        planted.listing(party, f"more-{n}-{at}", payload={"title": "更多"})
        planted.case(agreement, f"more-{n}-{at}", party)
    asks, answers = (Department.objects.filter(agreement=agreement.pk, side=one).first() for one in sides)
    for at in range(12):
        planted.ticket(agreement, f"更多-{n}-{at}", asks, answers)
        planted.practice(agreement, f"practice-{n}-{at}", side.pk, sides[1].pk)
        on, office = timezone.localdate(), {"department": asks.key}
        visits.record_visit(who, _called_on(agreement, side), **office, on=on, said="设备更新", goes_on=True)
        investor = {"investor": f"投资方{n}甲{at}", "uscc": "", "matter": "建厂", "clause": "trade"}
        leads.report(who, agreement, **investor, **office, on=on)
    first = Record.objects.filter(agreement=agreement, kind="decision", side=side).first()
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
    keys = [_called_on(agreement, sides[0]).pk] if name == "firm" else []
    path = reverse(name, args=[agreement.pk, *keys]) + ("?q=更多" if name == "search" else "")
    client = as_person(f"{LISTS[name]}-{sides[0].pk}")

    def n_queries() -> int:
        cache.clear()
        assert client.get(path).status_code == 200
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    _grow(agreement, sides, 1)
    few = n_queries()
    _grow(agreement, sides, 2)
    many = n_queries()
    assert many == few, f"{few} queries, then {many}"
    assert few <= 40


# The words of a plan are SQLite's: on PostgreSQL, whose plan for a small table is another, nothing is asked.
if connection.vendor == "sqlite":

    def test_what_waits_for_release_is_found_by_key(agreement: Any, sides: Any, person: Any) -> None:
        """The leader's page counts what is held: the review of each row is looked up, not searched for among all."""
        from duijie_portal.share.selectors import held_rows

        for kind in ("party", "listing"):
            plan = held_rows(agreement, person(f"leader-{sides[0].pk}"), kind).explain()
            reviews = [line for line in plan.splitlines() if " U0" in line]
            assert reviews
            assert all("SEARCH" in line and "(id=?)" in line for line in reviews), plan


def test_a_server_has_folded_what_people_open_first(agreement: Any, as_person: Any, sides: Any) -> None:
    """After warming the first page of a coordinator folds nothing anew."""
    from duijie_portal.frame.warming import warm
    from duijie_portal.track import selectors

    assert warm() >= 3 * len(sides)
    before = selectors._standing.cache_info().misses
    assert as_person(f"coordinator-{sides[0].pk}").get(reverse("home", args=[agreement.pk])).status_code == 200
    assert selectors._standing.cache_info().misses == before
