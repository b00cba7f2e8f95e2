"""What happens to every request: the chosen language, and nothing of a signed-in page kept by a browser."""

from __future__ import annotations

from collections.abc import Callable

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from duijie_portal.ledger.pages import speaking

__all__ = ["ChosenLanguage", "NothingKept", "SeenLately"]

Answer = Callable[[HttpRequest], HttpResponse]


class ChosenLanguage:
    """Chinese first; another language only when a person chose it, whatever the browser prefers."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with speaking(language):
            request.LANGUAGE_CODE = language
            response = self._answer(request)
            response.headers.setdefault("Content-Language", language)
        return response


class NothingKept:
    """Pages of signed-in people stay out of every cache."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store, private"
        return response


class SeenLately(UserSessionsMiddleware):  # type: ignore[misc]
    """When and from where a session was last used: written once a minute, not with every page."""

    _SECONDS = 60

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        is_new = bool(key) and cache.add(f"seen:{key}", 1, self._SECONDS)
        found: HttpResponse = super().__call__(request) if is_new else self.get_response(request)
        return found
