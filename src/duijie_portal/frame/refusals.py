"""Plain pages for what the machinery below the views refuses: a form that is out of date, a method an address lacks."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from duijie.data import sentence
from duijie_portal.home import why_unusable
from duijie_portal.ledger.pages import is_page, language_of

__all__ = ["csrf_failure", "failed", "refused"]


def refused(request: HttpRequest, code: str, *, status: int) -> HttpResponse:
    """The sentence of a refusal, with a link to the nearest page above the address."""
    page = {"error": sentence(code, language_of()), "back": _page_above(request.path)}
    return render(request, "frame/refused.html", page, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose sign-in or cookies are gone; Django says why, a person is told what to do."""
    return refused(request, "portal_form_stale", status=403)


def failed(request: HttpRequest) -> HttpResponse:
    """What nobody foresaw, in a sentence; it asks the database for nothing, since that may be what failed."""
    language, error = language_of(), sys.exception()
    is_down = isinstance(error, DatabaseError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_down else HTTPStatus.INTERNAL_SERVER_ERROR
    code, values = "home_failed", {}
    if error is not None and is_down:
        found = why_unusable(error, settings.HOME)
        # A reader is told no place of this machine.
        code, values = found.code, {**found.values, "home": sentence("portal_name", language)}
    told = sentence(code, language, values)
    if request.path.endswith(".json"):
        return JsonResponse({"error": told}, status=status)
    names = {"title": "portal_denied_title", "again": "portal_back", "start": "portal_to_start"}
    words = {name: sentence(word, language) for name, word in names.items()}
    page = {**words, "language": language, "error": told, "path": request.path}
    return HttpResponse(render_to_string("frame/failed.html", page), status=status)


def _page_above(path: str) -> str:
    """The address of the nearest page above; empty where there is none."""
    parts = path.strip("/").split("/")[:-1]
    for n in range(len(parts), 0, -1):
        address = f"/{'/'.join(parts[:n])}/"
        try:
            found = resolve(address)
        except Resolver404:
            continue
        if is_page(found.func):
            return address
    return ""
