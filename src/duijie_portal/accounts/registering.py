"""Asking for an account from outside, and what a side decides about it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.utils import timezone

from duijie.errors import DeniedError, InputError

from .door import log, write
from .hosting import is_hosted
from .models import Person, Registration, Role, Side

__all__ = ["NOTICE", "ROLE_OF", "admit", "refuse_registration", "register", "side_of", "taken"]

NOTICE = "1"
"""The version of the notice people agree to: raise it where the notice's meaning changes."""

MOST_IN_AN_HOUR = 5
ROLE_OF = {
    Registration.Kind.FIRM: Role.FIRM,
    Registration.Kind.ASSOCIATION: Role.FIRM,
    Registration.Kind.INSTITUTE: Role.INSTITUTE,
    Registration.Kind.CARRIER: Role.INSTITUTE,
    Registration.Kind.FUND: Role.FUND,
    Registration.Kind.TALENT: Role.TALENT,
}


def side_of(region: str, sides: Iterable[Side]) -> Side | None:
    """The side a GB/T 2260 code lies in, the narrowest one; none where it lies in no side this node works for."""
    found = [side for side in sides if is_hosted(side.pk) and region.startswith(_stem(side.pk))]
    return max(found, key=lambda side: len(_stem(side.pk)), default=None)


def _stem(code: str) -> str:
    while code.endswith("00"):
        code = code[:-2]
    return code


def taken(username: str) -> bool:
    """Whether an account or a waiting registration has the name."""
    waiting = Registration.objects.filter(state=Registration.State.WAITING, username=username)
    return waiting.exists() or Person.objects.filter(username=username).exists()


def register(
    agreement: str, side: Side, /, *, address: str, password: str, username: str, **about: Any
) -> Registration:
    """Keep what somebody outside asks for; no account exists before the side has verified it.

    Raises
    ------
    DeniedError
        Five were sent from this address within an hour, or five names were tried that are taken.
    InputError
        The name is taken.
    """
    origin = hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()
    since = timezone.now() - timedelta(hours=1)
    guesses = f"join:{origin}"
    n_sent = Registration.objects.filter(origin=origin, created_at__gt=since).count()
    if max(n_sent, cache.get(guesses, 0)) >= MOST_IN_AN_HOUR:
        log(None, "registration.send", f"agreement:{agreement}", is_refused=True)
        raise DeniedError("portal_register_too_many", {"n": MOST_IN_AN_HOUR})
    if taken(username):
        cache.set(guesses, cache.get(guesses, 0) + 1, 3600)  # whoever tries names learns of no more than these
        raise InputError("portal_name_taken", {"name": username})
    row = Registration(
        agreement=agreement,
        side=side,
        receipt=secrets.token_urlsafe(24),
        origin=origin,
        notice=NOTICE,
        username=username,
        password=make_password(password),
        **about,
    )
    row.full_clean()
    row.save(force_insert=True)
    log(None, "registration.send", row)
    return row


def waiting_only(person: Person, row: Registration) -> None:
    """Only the side that was asked decides, and once."""
    if row.side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": row.side_id})
    if row.state != Registration.State.WAITING:
        raise DeniedError("portal_register_decided")


def admit(person: Person, row: Registration, *, party: str) -> Person:
    """Open the account a verified registration asked for; the calling service has checked the power.

    The password is the one chosen at registration: nobody of the side ever knows it.
    """
    waiting_only(person, row)
    names = {"name_zh": row.contact or row.name, "email": row.email}
    if Person.objects.filter(username=row.username).exists():
        raise InputError("portal_name_taken", {"name": row.username})
    made = Person.objects.create_user(
        row.username, None, role=ROLE_OF[Registration.Kind(row.kind)], side=row.side, party=party, **names
    )
    made.password = row.password
    made.save(update_fields=["password"])
    row.person, row.party = made, party
    _decide(person, row, Registration.State.VERIFIED, timezone.now())
    return made


@write("registration.decide")
def refuse_registration(person: Person, row: Registration, *, reason: str) -> None:
    """Refuse with a reason the sender can read; how to reach them is forgotten.

    Raises
    ------
    DeniedError
        Another side was asked, or it has decided.
    """
    waiting_only(person, row)
    row.reason = reason
    _decide(person, row, Registration.State.REFUSED, timezone.now())


def _decide(person: Person, row: Registration, state: Registration.State, moment: datetime) -> None:
    """Name the state and keep no more of a person than it needs: the account has the contact, a refused one nobody."""
    row.state, row.decided_by, row.decided_at = state, person, moment
    row.contact = row.email = row.phone = row.password = ""
    row.save()
