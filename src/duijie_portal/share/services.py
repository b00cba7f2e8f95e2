"""Whole tables leave their side: one secrecy check, one release, each sealed with the digest of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person, Side
from duijie_portal.ledger import services
from duijie_portal.ledger.batches import batch_drafts, digest_of
from duijie_portal.ledger.log import append, erasable
from duijie_portal.ledger.models import Listing, Owned, Party, Record
from duijie_portal.ledger.services import owner_only
from duijie_portal.ledger.visibility import Visibility

from .selectors import rows_of_table

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

    def waiting(rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(cleared_at=None)

    return _sealed(person, table, "rows.cleared", waiting, {}, {"cleared_at": timezone.now()})


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

    def waiting(rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(cleared_at__isnull=False, released_at=None)

    change = {"visibility": level, "released_at": timezone.now()}
    return _sealed(person, table, "rows.released", waiting, {"visibility": level}, change)


def _sealed(
    person: Person,
    table: Record,
    kind: str,
    waiting: Callable[[QuerySet[Any]], QuerySet[Any]],
    body: dict[str, Any],
    change: dict[str, Any],
) -> int:
    """Digests of the rows that wait, the change of just these, and the entries that say so."""
    owner_only(person, table)
    Side.objects.select_for_update().get(pk=table.side_id)  # what is sealed is what is changed
    digests: list[str] = []
    for rows in rows_of_table(table):
        own = waiting(rows)
        digests += [digest_of(row) for row in own.iterator(chunk_size=500)]
        own.update(**change)
    if not digests:
        raise InputError("portal_batch_nothing")
    said = {**body, "actor": erasable(person.username, person)}
    append(table.agreement, batch_drafts(table.side_id, kind, table.pk, timezone.localdate(), digests, said))
    return len(digests)


def clear_rows(person: Any, rows: Sequence[Owned]) -> int:
    """The secrecy check of some rows, each an entry of its own."""
    for row in rows:
        services.clear(person, row)
    return len(rows)


def release_rows(person: Any, rows: Sequence[Owned], *, visibility: str) -> int:
    """The release of some rows, each an entry of its own; a person's own never becomes public.

    Raises
    ------
    DeniedError
        A row tells of a person and would become public.
    """
    if visibility == Visibility.PUBLIC and any(map(_is_of_a_person, rows)):
        raise DeniedError("portal_persons_not_public")
    for row in rows:
        services.release(person, row, visibility=visibility)
    return len(rows)


def _is_of_a_person(row: Owned) -> bool:
    if isinstance(row, Listing):
        return row.party.kind == "talent"
    return isinstance(row, Party) and row.kind == "talent"
