"""The app of accounts; signing in, failing to, and being locked out are lines of the activity log."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

__all__ = ["Accounts"]


class Accounts(AppConfig):
    name = "duijie_portal.accounts"

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_set
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in, user_login_failed

        user_logged_in.connect(_entered, dispatch_uid="activity")
        user_login_failed.connect(_failed, dispatch_uid="activity")
        user_locked_out.connect(_locked, dispatch_uid="activity")
        for one in (password_changed, password_set):
            one.connect(_own_password, dispatch_uid="own password")


def _entered(sender: Any, user: Any, **rest: Any) -> None:
    from .door import log

    log(user, "sign_in")


def _own_password(sender: Any, user: Any, **rest: Any) -> None:
    user.has_first_password = False
    user.save(update_fields=["has_first_password"])


def _failed(sender: Any, credentials: Any = None, **rest: Any) -> None:
    _tell((credentials or {}).get("username"), "sign_in")


def _locked(sender: Any, username: str | None = None, **rest: Any) -> None:
    _tell(username, "sign_in.locked")


def _tell(username: str | None, act: str) -> None:
    """A failure of a known account is its side's to see; what somebody typed as another name is not kept."""
    from .door import log
    from .models import Person

    log(Person.objects.filter(username=username or "").first(), act, is_refused=True)
