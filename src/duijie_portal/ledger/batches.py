"""One sealed statement over many rows: the digest of each row stands in the log, a thousand to an entry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.sql import InsertQuery

from .log import Draft
from .models import Listing, Owned, Party, Record

__all__ = ["LISTED", "Statement", "batch_drafts", "digest_of", "execute", "inserts"]

Statement = tuple[str, Sequence[Any]]

LISTED = "rows.listed"
"""The kind of an entry that holds the digests of the rows the next statement is about."""

_DIGESTS = 1_000
_INSERTED = 500
_SAID = {
    Party: ("kind", "name", "name_en", "uscc", "industry", "town", "payload"),
    Listing: ("kind", "version", "role", "party_id", "industry", "place", "valid_from", "valid_until", "payload",
              "source"),
}  # fmt: skip
_OTHERWISE = ("kind", "title_zh", "on", "payload")


def digest_of(row: Owned) -> str:
    """What a row says, as one SHA-256; imported rows carry a salt in their source, so that no short text is guessed."""
    said = {name: _plain(getattr(row, name)) for name in _SAID.get(type(row), _OTHERWISE)}
    text = json.dumps({"id": row.pk, **said}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A value as every database gives it back: a whole number is one, however it was kept."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def batch_drafts(
    side: str, kind: str, subject: str, on: date, digests: Sequence[str], body: Mapping[str, Any]
) -> list[Draft]:
    """The entries that list the digests, then the statement itself, which holds their number and their own digest."""
    parts = [digests[at : at + _DIGESTS] for at in range(0, len(digests), _DIGESTS)]
    lists = [Draft(side, LISTED, "record", subject, on, {"of": kind, "digests": list(part)}) for part in parts]
    whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    return [*lists, Draft(side, kind, "record", subject, on, {**body, "n_rows": len(digests), "rows_digest": whole})]


def inserts(rows: Sequence[Owned]) -> Iterator[Statement]:
    """The statements that insert rows, parties before what points to them, made without touching the database.

    To make them takes longer than to run them, and nobody need wait for a lock meanwhile.
    """
    for model in (Party, Listing, Record):
        own: list[Model] = [row for row in rows if type(row) is model]
        fields = model._meta.concrete_fields
        size = connection.ops.bulk_batch_size(fields, own) or 1
        for at in range(0, len(own), min(size, _INSERTED)):
            query = InsertQuery(model)
            query.insert_values(fields, own[at : at + min(size, _INSERTED)])
            yield from query.get_compiler(connection=connection).as_sql()


def execute(statements: Sequence[Statement]) -> None:
    """Run prepared statements in the transaction that is open."""
    with connection.cursor() as cursor:
        for text, values in statements:
            cursor.execute(text, values)
