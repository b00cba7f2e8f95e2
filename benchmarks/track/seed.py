"""A node with 10,000 cases, people of mixed roles, and a session for each: run in a process of its own.

``python -m benchmarks.track.seed N`` with the node's environment; prints the sessions as JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")

FOLDER = Path(__file__).parents[2] / "tests" / "agreements" / "qinglan-haitang"
ROLES = ("leader", "coordinator", "officer", "reader", "auditor", "firm", "firm")
VISIBILITIES = ("own", "both", "both", "matched", "public")
SHORT_CHAIN = ("need", "matched", "meeting")
_SEED = 20250630


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from duijie_portal.ledger.loading import load_folder

    agreement = load_folder(FOLDER)
    _fill(agreement, int(sys.argv[1]))
    print(json.dumps({"agreement": agreement.pk, "sessions": _sessions(agreement)}))


def _fill(agreement: Any, n_cases: int) -> None:
    """Parties, then cases between the sides with up to three sealed steps, some released, some not."""
    from django.utils import timezone

    from duijie_portal.ledger.models import Case, Party

    dice, now = random.Random(_SEED), timezone.now()
    sides = list(agreement.sides.order_by("code"))
    parties = [
        Party(id=f"p{side.pk}-{n}", agreement=agreement, side=side, kind="firm", name=f"企业 {side.pk}-{n}")
        for side in sides
        for n in range(200)
    ]
    Party.objects.bulk_create(parties)
    clauses = [f"c{n}" for n in range(17)]
    cases = []
    for n in range(n_cases):
        released = now if dice.random() < 0.8 else None
        cases.append(
            Case(
                id=f"case-{n:05}",
                agreement=agreement,
                side=dice.choice(sides),
                clause=dice.choice(clauses),
                visibility=dice.choice(VISIBILITIES),
                cleared_at=released,
                released_at=released,
                title_zh=f"对接事项 {n}",
                title_en=f"Matter {n}",
                need_party=parties[dice.randrange(200)],
                offer_party=parties[200 + dice.randrange(200)],
                state=SHORT_CHAIN[n % 3],
                last_on=date(2025, 1, 1) + timedelta(n % 180),
            )
        )
    Case.objects.bulk_create(cases, batch_size=1000)
    for at in range(0, n_cases, 1000):
        _steps(agreement, cases[at : at + 1000])


def _steps(agreement: Any, cases: list[Any]) -> None:
    from duijie_portal.ledger.log import Draft, append
    from duijie_portal.ledger.models import Step

    made = [(case, kind) for case in cases for kind in SHORT_CHAIN[: SHORT_CHAIN.index(case.state) + 1]]
    body = {"clause": "", "amount": None, "unit": "", "reason": "", "evidence": []}
    drafts = [Draft(case.side_id, f"step.{kind}", "case", case.pk, case.last_on, body) for case, kind in made]
    rows = zip(made, append(agreement, drafts), strict=True)
    Step.objects.bulk_create(
        [Step(case=case, event=event, kind=kind, on=case.last_on, side_id=case.side_id) for (case, kind), event in rows]
    )


def _sessions(agreement: Any) -> list[dict[str, str]]:
    """One signed-in person a role and side."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from duijie_portal.accounts.models import Person

    found = []
    for side in agreement.sides.order_by("code"):
        for n, role in enumerate(ROLES):
            party = f"p{side.pk}-{n}" if role == "firm" else ""
            person = Person.objects.create_user(f"{role}{n}-{side.pk}", None, role=role, side=side, party=party)
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.save()
            found.append({"person": person.username, "session": session.session_key or ""})
    return found


if __name__ == "__main__":
    main()
