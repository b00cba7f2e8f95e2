"""Rows and whole tables leave their side: a review, then a release, each row an event of its own, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import listings, services
from duijie_portal.ledger.models import Record
from duijie_portal.ledger.services import owner_only
from duijie_portal.ledger.store import hold
from duijie_portal.ledger.visibility import Visibility

from .selectors import is_row_cleared, waiting_rows

__all__ = ["clear_rows", "clear_table", "release_rows", "release_table"]


@write("record.clear")
def clear_table(person: Person, table: Record, /) -> int:
    """Record that the secrecy check (保密审查) of every row of an imported table has passed; how many.

    Raises
    ------
    DeniedError
        The table is another side's.
    InputError
        No row of it waits.
    """

    rows = _waiting(person, table, is_cleared=False)
    clear_rows(person, rows)
    return len(rows)


@write("record.release")
def release_table(person: Person, table: Record, /, *, visibility: str) -> int:
    """Sign off every row of an imported table that passed its secrecy check (审核/签批), as far as `visibility`.

    Raises
    ------
    DeniedError
        The table is another side's, or tells of persons and would become public.
    InputError
        No row of it waits.
    """
    level = Visibility(visibility)
    if table.payload["kind"] == "talents" and level == Visibility.PUBLIC:
        raise DeniedError("portal_persons_not_public")

    rows = _waiting(person, table, is_cleared=True)
    release_rows(person, rows, visibility=level)
    return len(rows)


def _waiting(person: Person, table: Record, *, is_cleared: bool) -> list[Any]:
    """The rows of a table that wait for one of the two steps, with the agreement held so that none is taken twice."""
    owner_only(person, table)
    hold(table.agreement)
    found = [row for rows in waiting_rows(table).values() for row in rows]
    rows = [row for row in found if is_row_cleared(row) == is_cleared]
    if not rows:
        raise InputError("portal_batch_nothing")
    return rows


def clear_rows(person: Any, rows: Sequence[Any]) -> int:
    """The review of some rows, all or none."""
    with transaction.atomic():
        held = [row for row in rows if isinstance(row, Record)]
        for row in held:
            services.clear(person, row)
        others = [row for row in rows if not isinstance(row, Record)]
        if others:
            listings.clear(person, others[0].agreement, rows=others)
    return len(rows)


def release_rows(person: Any, rows: Sequence[Any], *, visibility: str) -> int:
    """The release of some rows, all or none; a person's own never becomes public.

    Raises
    ------
    DeniedError
        A row tells of a person and would become public.
    """
    with transaction.atomic():
        for row in (one for one in rows if isinstance(one, Record)):
            services.release(person, row, visibility=visibility)
        others = [row for row in rows if not isinstance(row, Record)]
        if others:
            listings.release(person, others[0].agreement, rows=others, visibility=visibility)
    return len(rows)
