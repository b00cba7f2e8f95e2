"""Which record a page reads: the one that stands, or the one that was known at a past K.

What was known at K lies in a database of its own in memory, with the same tables; while a page looks back every query
for a row of the record goes there, so that pages and selectors are the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models

from duijie_portal.accounts.powers import reading_only

__all__ = ["THEN", "Look", "Then", "as_counted", "looking", "of_record", "present", "still_seen", "within"]

THEN = "then"


@dataclass(frozen=True)
class Look:
    """A look back: the day K stands for, how it was named, the last entry of each shared chain, and the heads of now.

    `withdrawn` are the listings that were open to others then and are no longer; `is_whole` says that rows are counted
    as they were counted then, else none is shown that its reader may not see now.
    """

    on: date
    asked: str
    heads: Mapping[str, int]
    mark: tuple[str, ...]
    withdrawn: frozenset[str] = frozenset()
    is_whole: bool = False
    database: Any = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        return {"asked": self.asked, "on": self.on.isoformat(), "heads": dict(self.heads)}


_LOOK: ContextVar[Look | None] = ContextVar("look", default=None)


def looking() -> Look | None:
    """The look back of this request, None where it reads what stands."""
    return _LOOK.get()


@contextmanager
def within(look: Look) -> Iterator[None]:
    """Read the record as it was known."""
    token = _LOOK.set(look)
    connections[THEN] = look.database()
    try:
        with reading_only():
            yield
    finally:
        del connections[THEN]
        _LOOK.reset(token)


@contextmanager
def present() -> Iterator[None]:
    """Read what stands, also in the middle of a look back."""
    token = _LOOK.set(None)
    try:
        with reading_only(False):
            yield
    finally:
        _LOOK.reset(token)


@contextmanager
def as_counted() -> Iterator[None]:
    """Count what was counted then, whoever may see the rows now: a figure that was read once stays the same."""
    look = _LOOK.get()
    token = _LOOK.set(look and replace(look, is_whole=True))
    try:
        yield
    finally:
        _LOOK.reset(token)


# Where a query goes


@cache
def of_record() -> tuple[type[models.Model], ...]:
    """The tables of a database of what was known: all that the record says, and the two its rows join."""
    own = [apps.get_model("ledger", name) for name in ("Agreement", "Entry", "EntryPart", "Word")]
    folded = [model for model in apps.get_models() if getattr(model, "is_projection", False)]
    return (apps.get_model("accounts", "Side"), *dict.fromkeys([*own, *folded]))


class Then:
    """The router: while a page looks back, rows of the record are those that were known, all others stand."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        if _LOOK.get() is None:
            return None
        return THEN if model in _read_there() else DEFAULT_DB_ALIAS

    db_for_write = db_for_read

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool | None:
        return True if _LOOK.get() is not None else None


@cache
def _read_there() -> frozenset[type[models.Model]]:
    return frozenset(of_record()) - {apps.get_model("accounts", "Side"), apps.get_model("ledger", "Agreement")}


# What a reader may see now


def still_seen(rows: models.QuerySet[Any], sort: str, scopes: Iterable[str]) -> models.QuerySet[Any]:
    """Of rows that could be seen then, those that can be seen now."""
    look = _LOOK.get()
    if look is None or look.is_whole:
        return rows
    with present():
        grants = apps.get_model("ledger", "Grant")._default_manager.filter(sort=sort, scope__in=list(scopes))
        now = set(grants.values_list("key", flat=True))
    return rows.filter(pk__in=now.intersection(rows.values_list("pk", flat=True)))
