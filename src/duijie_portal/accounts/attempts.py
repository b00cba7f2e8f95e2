"""How many wrong passwords are too many: counted per account and address, per account, per address, each apart.

Whoever guesses is stopped; whoever has the password gets in from where they got in before. A browser that an account
was opened in keeps a token: its own mistakes alone are counted there, whatever others try in the name of the account or
from the same office.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.core import signing
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

__all__ = ["MOST_OF_ACCOUNT", "MOST_OF_ADDRESS", "Attempts", "remember_browser"]

MOST_OF_ACCOUNT = 50
"""From all addresses; one where the account was opened within thirty days is let through."""

MOST_OF_ADDRESS = 100
"""Over all accounts: a whole office comes from one address."""

_COOKIE = "browser"
_DAYS = 180
_KNOWN_ADDRESS = timedelta(days=30)


def remember_browser(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Let the browser an account was opened in be known the next time; the token names nobody."""
    known = _browser(request, username)
    token = signing.dumps([known or secrets.token_hex(8), _tag(username)], salt=_COOKIE)
    is_secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(_COOKIE, token, max_age=_DAYS * 86400, httponly=True, samesite="Lax", secure=is_secure)


def _browser(request: HttpRequest, username: str) -> str:
    """The number of a browser this account was opened in before; empty for any other."""
    try:
        number, tag = signing.loads(request.COOKIES.get(_COOKIE, ""), salt=_COOKIE, max_age=timedelta(days=_DAYS))
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(number) if tag == _tag(username) else ""


def _tag(username: str) -> str:
    return salted_hmac(_COOKIE, username).hexdigest()[:24]


class Attempts(AxesDatabaseHandler):  # type: ignore[misc]
    """The counts of wrong passwords, of which the one nearest to its limit decides."""

    def user_login_failed(self, sender: Any, credentials: Any, request: Any = None, **rest: Any) -> None:
        """Keep a failure of a known browser apart, so that it alone is counted there."""
        number = _browser(request, _name(request, credentials)) if request is not None else ""
        if number:
            request.axes_user_agent = f"{_COOKIE} {number}"
        super().user_login_failed(sender, credentials, request, **rest)

    def reset_user_attempts(self, request: Any, credentials: Any = None) -> int:
        """After a sign-in forget one's own mistakes; what others tried meanwhile goes on counting against them."""
        name = _name(request, credentials)
        number = _browser(request, name)
        if not number:
            return int(super().reset_user_attempts(request, credentials))
        n_gone, _ = AccessAttempt.objects.filter(username=name, user_agent=f"{_COOKIE} {number}").delete()
        return int(n_gone)

    def get_failures(self, request: Any, credentials: Any = None) -> int:
        """How near to a lock-out, in wrong passwords of one account from one address."""
        name, address = _name(request, credentials), request.axes_ip_address
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))
        number = _browser(request, name)
        if number:
            return _sum(recent.filter(username=name, user_agent=f"{_COOKIE} {number}"))
        limits = [(recent.filter(username=name, ip_address=address), settings.AXES_FAILURE_LIMIT)]
        limits += [(recent.filter(ip_address=address), MOST_OF_ADDRESS)]
        since = timezone.now() - _KNOWN_ADDRESS
        if not AccessLog.objects.filter(username=name, ip_address=address, attempt_time__gte=since).exists():
            limits += [(recent.filter(username=name), MOST_OF_ACCOUNT)]
        return max(_sum(rows) * settings.AXES_FAILURE_LIMIT // most for rows, most in limits)


def _name(request: Any, credentials: Any) -> str:
    return str(get_client_username(request, credentials) or "")


def _sum(rows: QuerySet[Any]) -> int:
    return rows.aggregate(n=Sum("failures_since_start"))["n"] or 0
