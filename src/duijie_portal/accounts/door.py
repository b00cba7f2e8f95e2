"""The one door of every write: permission, then the act and its log in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import transaction

from duijie.errors import DeniedError

from .models import Activity, Person
from .powers import Visitor, may

__all__ = ["log", "refuse", "write"]

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def log(person: Visitor | None, act: str, subject: object = "", *, is_refused: bool = False) -> None:
    """Keep one line of who did what; control characters never reach the log."""
    known = person if isinstance(person, Person) else None
    agreement = str(getattr(subject, "agreement_id", ""))
    shown = "".join(sign for sign in _told(subject) if sign.isprintable())[:160]
    Activity.objects.create(
        person=known,
        side_id=known.side_id if known else None,
        agreement=agreement,
        act=act,
        subject=shown,
        is_refused=is_refused,
    )


def _told(subject: object) -> str:
    key = getattr(subject, "pk", None)
    return f"{type(subject).__name__.lower()}:{key}" if key is not None else str(subject)


def refuse(person: Visitor, act: str, subject: object = "") -> DeniedError:
    """Log a refusal and give the error to raise; the line stays though the transaction of the act does not."""
    log(person, act, subject, is_refused=True)
    return DeniedError("portal_denied", {"act": act})


def write(
    power: str,
) -> Callable[[Callable[Concatenate[Person, Any, Given], Answer]], Callable[Concatenate[Visitor, Any, Given], Answer]]:
    """Make a function of (person, subject, …) a service: only with `power`, all or nothing, always logged.

    Raises
    ------
    DeniedError
        The role does not carry the power, or the service itself denied it; the refusal is logged.
    """

    def wrap(act: Callable[Concatenate[Person, Any, Given], Answer]) -> Callable[..., Answer]:
        @wraps(act)
        def service(person: Visitor, subject: Any, /, *args: Given.args, **options: Given.kwargs) -> Answer:
            if not isinstance(person, Person) or not may(person, power):
                raise refuse(person, power, subject)
            try:
                with transaction.atomic():
                    answer = act(person, subject, *args, **options)
                    log(person, power, subject)
                    return answer
            except DeniedError:
                log(person, power, subject, is_refused=True)
                raise

        return service

    return wrap
