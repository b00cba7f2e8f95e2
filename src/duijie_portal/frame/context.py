"""What every template knows: the language, the agreement, the unread lines, the person's powers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.http import urlencode

from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import powers_of
from duijie_portal.ledger.inbox import waiting_for
from duijie_portal.ledger.looking import looking, present
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import language_of, refilled
from duijie_portal.ledger.selectors import unread

from .selectors import registrations_for

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
    powers, back = powers_of(person) if person else frozenset(), _back(request) if looking() else ""
    with present():
        return {**_head(request, agreement, person, sides, parts), "powers": powers, "back": back}


def _back(request: HttpRequest) -> str:
    """The end of a link that goes on looking back."""
    asked = {name: request.GET[name] for name in ("as_of", "known_at") if request.GET.get(name)}
    return f"?{urlencode(asked)}"


def _head(
    request: HttpRequest, agreement: Agreement | None, person: Person | None, sides: dict[str, Any], parts: list[str]
) -> dict[str, Any]:
    return {
        "language": language_of(),
        "agreement": agreement,
        "sides": sides,
        "sections": SECTIONS,
        "here": parts[1] if len(parts) > 1 else "home",
        "n_unread": unread(person, agreement) if person and agreement else 0,
        "n_todo": _n_todo(agreement, person) if person and agreement else 0,
        "menu": powers_of(person) if person else frozenset(),
        "refilled": refilled(request) if person and agreement else None,
        "twin_path": f"{request.path.rstrip('/')}.json" if agreement else "",
    }


def _n_todo(agreement: Agreement, person: Person) -> int:
    return len(waiting_for(agreement, person)) + len(registrations_for(agreement, person))
