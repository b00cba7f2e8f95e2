"""Rows past the models: many written at once, and as they stand in the database for a verifier.

SQLite keeps whatever it is given, and what is no date, no truth or no number is then read as none or as another value.
So types are looked at first, in SQL; a row in which one does not fit is told, and read no further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, connections, models, router

__all__ = ["add_rows", "as_bytes", "as_they_stand", "batched", "ill_typed"]

_BATCH = 500
_One = TypeVar("_One")
# How SQLite holds a value of each type of field, narrowest first.
_FITS: Sequence[tuple[type[models.Field[Any, Any]], str]] = (
    (models.BooleanField, "typeof({0}) = 'integer' AND {0} IN (0, 1)"),
    (
        models.DateTimeField,
        "typeof({0}) = 'text' AND substr({0}, 1, 19) IS datetime({0}) AND {0} NOT GLOB '*[^0-9 .:-]*'",
    ),
    (models.DateField, "typeof({0}) = 'text' AND {0} IS date({0})"),
    (models.DecimalField, "typeof({0}) IN ('integer', 'real')"),
    (models.TimeField, "typeof({0}) = 'text' AND substr({0}, 1, 8) IS time({0}) AND {0} NOT GLOB '*[^0-9:.]*'"),
    (models.FloatField, "typeof({0}) IN ('integer', 'real')"),
    (models.IntegerField, "typeof({0}) = 'integer'"),
    (models.BinaryField, "typeof({0}) = 'blob'"),
    (models.JSONField, "typeof({0}) = 'text' AND json_valid({0})"),
    (models.UUIDField, "typeof({0}) = 'text' AND length({0}) = 32 AND {0} NOT GLOB '*[^0-9a-f]*'"),
    (models.Field, "typeof({0}) = 'text'"),
)


def _fits(field: models.Field[Any, Any]) -> str:
    """The condition, in the words of SQLite, that a column holds a value of its type; one without any may hold none."""
    name = ".".join(connection.ops.quote_name(one or "") for one in (field.model._meta.db_table, field.column))
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    fits = next(text for kind, text in _FITS if isinstance(target, kind)).format(f"+{name}")
    return f"({name} IS NULL OR ({fits}))"


def ill_typed(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """The rows (by key) and columns of a table whose value is none of the column's type; none where types are kept."""
    if connection.vendor != "sqlite":
        return
    key = model._meta.pk
    assert key is not None
    fields, quote = model._meta.concrete_fields, connection.ops.quote_name
    table = quote(model._meta.db_table)
    marks = ", ".join(f"NOT {_fits(field)}" for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT +{quote(key.column or '')}, {marks} FROM {table} WHERE NOT ({_all_fit(model)})")
        for row, *wrong in cursor.fetchall():
            yield from ((str(row), field.name) for field, is_wrong in zip(fields, wrong, strict=True) if is_wrong)


def _all_fit(model: type[models.Model]) -> str:
    return " AND ".join(_fits(field) for field in model._meta.concrete_fields)


def as_they_stand(rows: models.QuerySet[Any], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Some columns of the rows in which every value is one of its column's type."""
    if connection.vendor == "sqlite":
        rows = rows.extra(where=[_all_fit(rows.model)])
    yield from rows.order_by().values(*names).iterator(chunk_size=_BATCH)


def as_bytes(value: Any) -> bytes:
    """The bytes of a binary column, also where a text was put into it."""
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else str(value).encode()


def batched(found: Iterable[_One], n: int) -> Iterator[list[_One]]:
    """Lists of at most `n`, in order."""
    left = iter(found)
    while batch := list(islice(left, n)):
        yield batch


# What a database driver takes as it is.
_PLAIN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)


def add_rows(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, each a value by column; a column that is not named has its default.

    The same as ``bulk_create``, at a fifth of its cost: a rebuild writes hundreds of thousands.
    """
    if not rows:
        return
    written = connections[router.db_for_write(model)]
    quote, fields = written.ops.quote_name, model._meta.concrete_fields
    columns = ", ".join(quote(field.column or "") for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    values = zip(*(_written(field, rows, written) for field in fields), strict=True)
    with written.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})", list(values))


def _written(field: models.Field[Any, Any], rows: Sequence[Mapping[str, Any]], written: Any) -> list[Any]:
    """A column's values as the database keeps them."""
    name, unsaid = field.attname, field.get_default()
    found = [row.get(name, unsaid) for row in rows]
    if isinstance(field, _PLAIN):
        return found
    return [value if value is None else field.get_db_prep_save(value, written) for value in found]
