"""Bookings by their rules; and, with real parallel writers, never more than there is room for."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from nodes import go_together, python
from portal_checks import check_page, post

from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie_portal.meet import services
from duijie_portal.meet.models import Booking, Resource

WRITER = Path(__file__).parent / "meet_writer.py"


def moment(hour: int, days: int = 7) -> datetime:
    """An hour of the first Monday at least `days` ahead."""
    day = timezone.localdate() + timedelta(days=days)
    day += timedelta(days=-day.weekday() % 7)
    return timezone.make_aware(datetime.combine(day, time(hour)))


@pytest.fixture
def seats(agreement: Any, sides: Any, person: Any) -> Resource:
    made: Resource = services.add_resource(
        person(f"coordinator-{sides[0].pk}"),
        agreement,
        kind="seat",
        name_zh="共享工位",
        name_en="Shared desks",
        capacity=3,
        fee_cny="12.50",
        opening=[[0, "09:00", "18:00"]],
        most_min=240,
        most_units=4,
    )
    return made


def test_seats_are_taken_wait_and_move_up(sides: Any, person: Any, seats: Resource) -> None:
    one, other = (person(f"coordinator-{side.pk}") for side in sides)
    first = services.book(one, seats, starts_at=moment(9), ends_at=moment(11), n_units=2)
    assert (first.state, str(first.fee_cny)) == ("booked", "50.0")
    with pytest.raises(InputError, match="portal_meet_cannot_book"):
        services.book(other, seats, starts_at=moment(10), ends_at=moment(12), n_units=2)
    waiting = services.book(other, seats, starts_at=moment(10), ends_at=moment(12), n_units=2, may_wait=True)
    assert waiting.state == "waiting"
    assert services.book(other, seats, starts_at=moment(11), ends_at=moment(12), n_units=1).state == "booked"
    services.cancel_booking(one, first)
    waiting.refresh_from_db()
    assert waiting.state == "booked"


@pytest.mark.parametrize(
    ("hours", "n", "code"),
    [
        ((7, 9), 1, "meet_booking_closed"),
        ((9, 15), 1, "meet_booking_long"),
        ((9, 10), 5, "meet_booking_quota"),
        ((10, 9), 1, "meet_booking_empty"),
    ],
)
def test_rules_are_told(sides: Any, person: Any, seats: Resource, hours: Any, n: int, code: str) -> None:
    first, last = map(moment, hours)
    with pytest.raises(InputError) as told:
        services.book(person(f"officer-{sides[1].pk}"), seats, starts_at=first, ends_at=last, n_units=n)
    assert code in [reason["code"] for reason in told.value.values["reasons"]]
    assert not Booking.objects.filter(resource=seats).exists()


def test_a_stranger_cancels_nothing(sides: Any, person: Any, seats: Resource) -> None:
    made = services.book(person(f"coordinator-{sides[0].pk}"), seats, starts_at=moment(9), ends_at=moment(10))
    with pytest.raises(DeniedError, match="portal_meet_other_party"):
        services.cancel_booking(person(f"officer-{sides[1].pk}"), made)
    with pytest.raises(DeniedError, match="portal_denied"):
        services.cancel_booking(person(f"reader-{sides[0].pk}"), made)


def test_the_page_books_and_cancels(agreement: Any, sides: Any, as_person: Any, seats: Resource) -> None:
    here = as_person(f"coordinator-{sides[0].pk}")
    data = {"resource": seats.pk, "starts_at": f"{moment(9):%Y-%m-%dT%H:%M}", "ends_at": f"{moment(10):%Y-%m-%dT%H:%M}"}
    answer = post(here, "book", agreement, {**data, "n_units": "3"})
    assert words("zh")["portal_done_booking_booked"] in answer.content.decode()
    full = post(here, "book", agreement, {**data, "n_units": "1"})
    assert words("zh")["portal_meet_cannot_book"] in full.content.decode()
    _, document = check_page("bookings", agreement, as_person, sides)
    [row] = document["bookings"]
    assert (row["n_units"], row["fee_cny"]) == (3, 37.5)
    assert datetime.fromisoformat(row["starts_at"]) == moment(9)
    answer = post(here, "cancel_booking", agreement, {"key": row["id"]})
    assert words("zh")["portal_done_booking_cancelled"] in answer.content.decode()
    offered = {"kind": "instrument", "name_zh": "电镜", "capacity": "1", "fee_cny": "300", "weekdays": ["0", "1"]}
    answer = post(here, "add_resource", agreement, {**offered, "spans": "09:00-17:00"})
    assert words("zh")["portal_done_resource"] in answer.content.decode()
    assert Resource.objects.get(name_zh="电镜").opening == [[0, "09:00", "17:00"], [1, "09:00", "17:00"]]


# Parallel writers, each a process of its own, against a real database


def _begin(node: dict[str, str], facts: str, number: int, n_tries: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), "write", facts, str(number), str(n_tries)]
    return subprocess.Popen(command, env=node, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _contest(node: dict[str, str], n_writers: int, n_tries: int) -> dict[str, Any]:
    """Set up, let all writers begin at one word, and count what lies in the database afterwards."""
    facts = python(WRITER.read_text(), node, "prepare")
    writers = [_begin(node, facts, number, n_tries) for number in range(n_writers)]
    go_together(writers)
    answers = [json.loads(writer.communicate(timeout=240)[0]) for writer in writers]
    found: dict[str, Any] = json.loads(python(WRITER.read_text(), node, "count", facts))
    found["answered"] = {
        code: sum(answer.get(code, 0) for answer in answers)
        for code in ("booked", "waiting", "full", "accepted", "queued")
    }
    found["failed"] = [answer["failed"] for answer in answers if answer["failed"]]
    return found


def _judge(found: dict[str, Any], n_writers: int, n_tries: int) -> None:
    assert not found["failed"]
    assert found["most_at_once"] == found["capacity"], "filled to the brim, and not beyond"
    assert found["n_booked"] == found["answered"]["booked"]
    assert found["n_booked"] + found["answered"]["full"] + found["answered"]["waiting"] == n_writers * n_tries
    assert found["answered"]["waiting"] == found["n_waiting"]
    assert found["most_meetings"] <= found["meeting_quota"]
    assert found["n_accepted"] == found["answered"]["accepted"] > 0
    assert found["holds"], "the sealed chain is whole"


def test_parallel_writers_never_overbook(environment: dict[str, str]) -> None:
    _judge(_contest(environment, 5, 8), 5, 8)
