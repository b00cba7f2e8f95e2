"""A node with 10,000 cases, people of mixed roles, and a session for each: run in a process of its own.

``python -m benchmarks.track.seed N`` with the node's environment; prints the sessions as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.records import write

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")

FOLDER = Path(__file__).parents[2] / "tests" / "agreements" / "qinglan-haitang"
ROLES = ("leader", "coordinator", "officer", "reader", "auditor", "firm", "firm")


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from duijie_portal.ledger.loading import load_folder, load_records

    agreement = load_folder(FOLDER)
    sides = list(agreement.sides.order_by("code").values_list("code", flat=True))
    with tempfile.TemporaryDirectory() as place:
        load_records(agreement, write(Path(place) / "records.jsonl", sides, int(sys.argv[1])))
    print(json.dumps({"agreement": agreement.pk, "sessions": _sessions(agreement)}))


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
