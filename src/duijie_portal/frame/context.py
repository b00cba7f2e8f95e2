"""What every template knows: the language, the agreement, the unread lines, the person's powers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import POWERS
from duijie_portal.ledger.pages import language_of
from duijie_portal.ledger.selectors import unread

__all__ = ["chrome"]

SECTIONS = ("home", "diagnose", "match", "meet", "track", "share")


def chrome(request: HttpRequest) -> dict[str, Any]:
    agreement = getattr(request, "agreement", None)
    user = getattr(request, "user", None)
    person = user if isinstance(user, Person) else None
    sides = {side.code: side for side in agreement.sides.all()} if agreement else {}
    if person and person.side_id in sides:
        person.side = sides[person.side_id]
    parts = request.path.strip("/").split("/")
    return {
        "language": language_of(),
        "agreement": agreement,
        "sides": sides,
        "sections": SECTIONS,
        "here": parts[1] if len(parts) > 1 else "home",
        "n_unread": unread(person, agreement) if person and agreement else 0,
        "powers": POWERS.get(str(person.role), frozenset()) if person else frozenset(),
        "twin_path": f"{request.path.rstrip('/')}.json" if agreement else "",
    }
