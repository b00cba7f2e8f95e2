"""Bookings by their rules; and, with real parallel writers, never more than there is room for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from portal_checks import check_page, post

from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie_portal.meet import services
from duijie_portal.meet.models import Booking, Resource

ROOT = Path(__file__).parents[2]
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


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A new database of a PostgreSQL server: the one given, or a throw-away cluster of the installed binaries."""
    given = os.environ.get("DUIJIE_TEST_PG_URL", "")
    if given:
        yield _new_database(given)
        return
    held = subprocess.Popen(
        [ROOT / "tests" / "postgres.sh", "sh", "-c", 'echo "$DUIJIE_TEST_PG_URL"; cat'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert held.stdin is not None
    assert held.stdout is not None
    line = held.stdout.readline().strip()
    try:
        if not line.startswith("postgresql://"):
            pytest.skip("no PostgreSQL binaries on this machine")
        yield _new_database(line)
    finally:
        held.stdin.close()
        held.wait(timeout=60)


def _new_database(url: str) -> str:
    import psycopg

    name = f"duijie_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{url.rpartition('/')[0]}/{name}"


def _run(mode: str, home: Path, url: str, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "DUIJIE_HOME": str(home), "DUIJIE_DATABASE_URL": url}
    environment["DJANGO_SETTINGS_MODULE"] = "duijie_portal.settings"
    command = [sys.executable, str(WRITER), mode, *more]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _contest(home: Path, url: str, n_writers: int, n_tries: int) -> dict[str, Any]:
    """Set up, let all writers begin at one word, and count what lies in the database afterwards."""
    ready, _ = _run("prepare", home, url).communicate(timeout=120)
    facts = json.loads(ready)
    writers = [_run("write", home, url, json.dumps(facts), str(n), str(n_tries)) for n in range(n_writers)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = [json.loads(writer.communicate(timeout=240)[0]) for writer in writers]
    counted, _ = _run("count", home, url, json.dumps(facts)).communicate(timeout=120)
    found: dict[str, Any] = json.loads(counted)
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


def test_parallel_writers_never_overbook_on_sqlite(tmp_path: Path) -> None:
    _judge(_contest(tmp_path, "", 5, 8), 5, 8)


def test_parallel_writers_never_overbook_on_postgresql(tmp_path: Path, postgres: str) -> None:
    _judge(_contest(tmp_path, postgres, 5, 8), 5, 8)
