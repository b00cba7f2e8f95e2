"""How allauth lets people in: by invitation only, and from an identity provider only those already known."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from duijie_portal.home import proxies_of

from .attempts import remember_browser
from .door import log
from .hosting import is_hosted

__all__ = ["Invited", "KnownOnly", "address", "named"]


def address(request: HttpRequest) -> str:
    """The address a request came from; empty where it is not known.

    What the request says of it counts only as far as front servers of ``home.yaml`` have added it: the last address of
    ``X-Forwarded-For`` that is none of theirs.
    """
    seen = str(request.META.get("REMOTE_ADDR", ""))
    proxies = proxies_of(Path(settings.HOME))
    for said in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        try:
            is_ours, there = any(ip_address(seen) in one for one in proxies), ip_address(said.strip())
        except ValueError:
            break
        if not is_ours:
            break
        seen = str(there)
    return seen


def named(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The account a log-in is about, so that wrong passwords of one account never lock out another."""
    given = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(given)[:80]


class Invited(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by a side for its own people; no one signs up alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address(request)

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        """After both factors the browser is known."""
        answer: HttpResponse = super().post_login(request, user, **options)
        remember_browser(request, answer, user.get_username())
        return answer

    def pre_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse | None:
        """People sign in at the node that works for their side."""
        if not is_hosted(user.side_id):
            log(user, "sign_in", "node", is_refused=True)
            raise ImmediateHttpResponse(render(request, "frame/elsewhere.html", status=403))
        return super().pre_login(request, user, **options)  # type: ignore[no-any-return]


class KnownOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """An outside identity opens an account that has linked it before, and makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False
