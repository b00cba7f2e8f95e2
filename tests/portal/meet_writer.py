"""One of several processes that book the same seats and accept requests to the same party, all at once."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any

import django

django.setup()

import planted  # noqa: E402
from django.utils import timezone  # noqa: E402 - needs the settings

from duijie.errors import DuijieError  # noqa: E402
from duijie_portal.accounts.models import Person, Role  # noqa: E402
from duijie_portal.ledger.checking import verify_agreement  # noqa: E402
from duijie_portal.ledger.models import Agreement, Party  # noqa: E402
from duijie_portal.meet import services  # noqa: E402
from duijie_portal.meet.models import Booking, Day, Request, Resource  # noqa: E402

N_ASKING = 6


def prepare() -> dict[str, Any]:
    """Two sides, a seat resource, and a day on which many ask one party."""
    agreement = Agreement.objects.get()
    here, there = agreement.sides.order_by("code")
    people = {
        side: Person.objects.create_user(f"of-{side.pk}", None, role=Role.COORDINATOR, side=side)
        for side in (here, there)
    }
    seats = services.add_resource(people[here], agreement, kind="seat", name_zh="工位", capacity=4)
    day = services.open_day(
        people[here],
        agreement,
        title_zh="对接日",
        on=timezone.localdate() + timedelta(days=9),
        spans=[["09:00", "12:00"]],
        slot_min=30,
        n_tables=2,
        ask_quota=50,
        meeting_quota=3,
        answer_by=timezone.now() + timedelta(days=5),
    )
    asked = enter(people[there], agreement, "asked")
    rows = []
    for number in range(N_ASKING):
        party = enter(people[here], agreement, f"asking-{number}")
        planted.case(agreement, f"asking-{number}", party, asked, clause="none")
        rows.append(services.ask(people[here], day, from_party=party, to_party=asked).pk)
    return {"seats": seats.pk, "day": day.pk, "requests": rows, "here": people[here].pk, "there": people[there].pk}


def enter(person: Person, agreement: Agreement, key: str) -> Party:
    return planted.party(agreement, person.side, key, visibility="both")


def write(facts: dict[str, Any], number: int, n_tries: int) -> dict[str, Any]:
    """Try to book overlapping spans and to accept every request, in an order of one's own."""
    seats, answers = Resource.objects.get(pk=facts["seats"]), Counter[str]()
    person, there = (Person.objects.get(pk=facts[end]) for end in ("here", "there"))
    order = random.Random(number)
    requests = order.sample(facts["requests"], len(facts["requests"]))
    first = timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=9), time(9)))
    print("ready", flush=True)
    sys.stdin.readline()
    failed = ""
    for at in range(n_tries):
        starts_at = first + timedelta(minutes=30 * order.randrange(2))
        ends_at = starts_at + timedelta(minutes=60)
        try:
            made = services.book(person, seats, starts_at=starts_at, ends_at=ends_at, may_wait=at % 2 == 0)
            answers[made.state] += 1
        except DuijieError:
            answers["full"] += 1
        except Exception as error:
            failed = f"{type(error).__name__}: {error}"
        if at < len(requests):
            try:
                state = services.answer(there, Request.objects.get(pk=requests[at]), is_accepted=True).state
                answers["accepted" if state == "accepted" else "queued"] += 1
            except DuijieError:
                answers["answered"] += 1
            except Exception as error:
                failed = f"{type(error).__name__}: {error}"
    return {**answers, "failed": failed}


def count(facts: dict[str, Any]) -> dict[str, Any]:
    """What the database holds, counted without any code of the services."""
    seats, day = Resource.objects.get(pk=facts["seats"]), Day.objects.get(pk=facts["day"])
    booked = list(Booking.objects.filter(resource=seats, state="booked"))
    at_once = [sum(b.n_units for b in booked if b.starts_at <= a.starts_at < b.ends_at) for a in booked]
    accepted = Request.objects.filter(day=day, state="accepted")
    meetings = Counter(party for row in accepted for party in (row.from_party_id, row.to_party_id))
    return {
        "capacity": seats.capacity,
        "most_at_once": max(at_once),
        "n_booked": len(booked),
        "n_waiting": Booking.objects.filter(resource=seats, state="waiting").count(),
        "n_accepted": len(accepted),
        "most_meetings": max(meetings.values()),
        "meeting_quota": day.meeting_quota,
        "holds": verify_agreement(day.agreement).holds,
    }


if __name__ == "__main__":
    mode, *more = sys.argv[1:]
    if mode == "prepare":
        print(json.dumps(prepare()))
    elif mode == "write":
        print(json.dumps(write(json.loads(more[0]), int(more[1]), int(more[2]))))
    else:
        print(json.dumps(count(json.loads(more[0]))))
