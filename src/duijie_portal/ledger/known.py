"""A page as known at a past K: its record cut there, folded into tables of its own, kept for the next who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any
from weakref import finalize

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone

from duijie.ledger.known import Known, cut, heads_at, heads_named, parse_known, remember
from duijie.ledger.seal import Chain, Head
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Side

from .entries import Entry
from .looking import THEN, Look, of_record, within
from .models import Agreement, Listing
from .store import DatabaseLog

__all__ = ["looking_back"]

_WORLDS = 4  # how many past states a process keeps: some 20 MB each for ten thousand entries


@contextmanager
def looking_back(agreement: Agreement, text: str) -> Iterator[Look | None]:
    """Read the record as it was known at K; empty text, today and later days mean the present.

    Raises
    ------
    InputError
        The text names no K: neither a day nor entries that are here.
    """
    asked = parse_known(text) if text else timezone.localdate()
    if isinstance(asked, dict):
        known = heads_named(DatabaseLog(agreement), asked)
    elif asked < timezone.localdate():
        end = timezone.make_aware(datetime.combine(asked, time())) + timedelta(days=1, microseconds=-1)
        own = [one for one in agreement.sides.values_list("pk", flat=True) if is_hosted(one)]
        known = heads_at(DatabaseLog(agreement), end, own)
    else:
        yield None
        return
    look = _look(agreement, text, known, asked)
    with within(look):
        yield look


def _look(agreement: Agreement, text: str, known: Known, asked: Any) -> Look:
    rows = Entry.objects.filter(agreement=agreement)
    n_erased = rows.filter(kind__in=("erased", "file.destroyed")).count()
    world = _world(agreement.pk, tuple(sorted(known.items())), n_erased)
    mark = tuple(sorted(head.digest for head in DatabaseLog(agreement).heads().values()))
    heads = {chain.side: head.seq for chain, head in sorted(known.items()) if not chain.is_inner}
    closed = set(Listing.objects.filter(agreement=agreement, released_at=None).values_list("pk", flat=True))
    look = Look(world.last_on if isinstance(asked, dict) else asked, text, heads, mark, database=world.database)
    return replace(look, withdrawn=frozenset(closed & world.opened))


class _World:
    """The record of an agreement as it was known, in memory; every thread reads it, nobody writes it."""

    def __init__(self, agreement: Agreement, known: Known) -> None:
        entries = cut(DatabaseLog(agreement), known)
        sides, agreements = [*Side.objects.all()], [*Agreement.objects.filter(pk=agreement.pk)]
        made = _wrapper()
        made.connect()
        self._raw = made.connection
        finalize(self, self._raw.close)
        with within(Look(timezone.localdate(), "", {}, (), database=lambda: made)):
            with made.schema_editor() as editor:
                for model in of_record():
                    editor.create_model(model)
            made.disable_constraint_checking()  # accounts and all else that a row points to stay where they are
            with transaction.atomic(using=THEN):
                Side.objects.using(THEN).bulk_create(sides)
                Agreement.objects.using(THEN).bulk_create(agreements)
                remember(DatabaseLog(agreement), entries)
            open_then = Listing.objects.exclude(released_at=None)
            self.opened = frozenset(open_then.values_list("pk", flat=True))
        made.cursor().execute("PRAGMA query_only = ON")
        last = max((one.recorded_at for one in entries), default=timezone.now())
        self.last_on = timezone.localtime(last).date()

    def database(self) -> DatabaseWrapper:
        """A door to it for one request: Django's wrappers belong to one thread each."""
        found = _wrapper()
        found.connection, found.autocommit = self._raw, True
        return found


@lru_cache(maxsize=_WORLDS)
def _world(agreement: str, known: tuple[tuple[Chain, Head], ...], _n_erased: int) -> _World:
    """Kept by K, until something is erased: then it is folded anew without those words."""
    return _World(Agreement.objects.get(pk=agreement), dict(known))


def _wrapper() -> DatabaseWrapper:
    given = {DEFAULT_DB_ALIAS: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    return DatabaseWrapper(connections.configure_settings(given)[DEFAULT_DB_ALIAS], THEN)
