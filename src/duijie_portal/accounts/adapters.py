"""How allauth lets people in: by invitation only, and from an identity provider only those already known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .door import log
from .hosting import is_hosted

__all__ = ["Invited", "KnownOnly", "address", "named"]


def address(request: HttpRequest) -> str:
    """The address a request came from, behind a front server the one that server saw; empty where it is not known."""
    return str(get_adapter(request).get_client_ip(request)) if "REMOTE_ADDR" in request.META else ""


def named(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The account a log-in is about, so that wrong passwords of one account never lock out another."""
    given = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(given)[:80]


class Invited(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by a side for its own people; no one signs up alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

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
