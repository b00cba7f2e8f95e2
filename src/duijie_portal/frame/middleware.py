"""What happens to every request: the chosen language, and nothing of a signed-in page kept by a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.middleware import UserSessionsMiddleware
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from duijie.data import sentence
from duijie.data.shelf import beside
from duijie_portal.accounts.models import Person, Role
from duijie_portal.home import DEMONSTRATION, operator_of
from duijie_portal.ledger.pages import language_of, speaking

from .refusals import refused

__all__ = ["ChosenLanguage", "FirstThings", "NothingKept", "PlainRefusal", "SeenLately"]

Answer = Callable[[HttpRequest], HttpResponse]


class ChosenLanguage:
    """Chinese first; another language only when a person chose it, whatever the browser prefers."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        # what an agreement brings of its own is read for requests about it, and for no other
        with speaking(language), beside():
            request.LANGUAGE_CODE = language
            response = self._answer(request)
            response.headers.setdefault("Content-Language", language)
        return response


class FirstThings:
    """Before anything else a first password is changed, and who holds the keys of a side sets up a second factor.

    A demonstration, which only its own machine reads, asks for neither.
    """

    _ROLES = frozenset({Role.LEADER, Role.COORDINATOR, Role.SECURITY})
    _OPEN = ("/account/", "/language/", "/static/", "/health.json")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        todo = "" if request.path.startswith(self._OPEN) else self._todo(request)
        if not todo:
            return self._answer(request)
        messages.warning(request, sentence(f"portal_begin_{todo}", language_of()))
        return redirect({"password": "account_change_password", "factor": "mfa_index"}[todo])

    def _todo(self, request: HttpRequest) -> str:
        person = request.user
        if not isinstance(person, Person) or operator_of(Path(settings.HOME)) == DEMONSTRATION:
            return ""
        if person.has_first_password:
            return "password"
        if person.role not in self._ROLES or request.session.get("has_factor"):
            return ""
        request.session["has_factor"] = is_mfa_enabled(person)
        return "" if request.session["has_factor"] else "factor"


class NothingKept:
    """Pages of signed-in people stay out of every cache, and no page asks a browser for what it never needs."""

    _NEVER = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        response.headers.setdefault("Permissions-Policy", self._NEVER)
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store, private"
        return response


class PlainRefusal:
    """An address that only takes what a form sends says so to a person who opens it, with a way on."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content or request.path.endswith(".json"):
            return response
        page = refused(request, "portal_only_sent", status=response.status_code)
        page.headers["Allow"] = response.headers["Allow"]
        return page


class SeenLately(UserSessionsMiddleware):  # type: ignore[misc]
    """When and from where a session was last used: written once a minute, not with every page; one left idle ends."""

    _SECONDS = 60

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        is_new = bool(key) and cache.add(f"seen:{key}", 1, self._SECONDS)
        if key and is_new and request.user.is_authenticated and _is_idle(key):
            logout(request)
        found: HttpResponse = super().__call__(request) if is_new else self.get_response(request)
        return found


def _is_idle(key: str) -> bool:
    """Whether a session was last seen too long ago; one that was never seen has just begun."""
    seen = UserSession.objects.filter(session_key=key).values_list("last_seen_at", flat=True).first()
    return seen is not None and timezone.now() - seen > timedelta(minutes=settings.IDLE_MINUTES)
