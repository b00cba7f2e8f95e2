"""How allauth lets people in: by invitation only, and from an identity provider only those already known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

__all__ = ["Invited", "KnownOnly", "named"]


def named(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The account a log-in is about, so that wrong passwords of one account never lock out another."""
    given = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(given)[:80]


class Invited(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by a side for its own people; no one signs up alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class KnownOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """An outside identity opens an account that has linked it before, and makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False
