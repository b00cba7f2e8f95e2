"""Rows that are folded from the acts that kept them, and their values in the words of an event."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models

from duijie.ledger import events

__all__ = ["OnRecord", "columns_said", "said_value", "split_row", "value_said"]

_NOT_SAID = frozenset({"id", "agreement", "side", "revision"})


class OnRecord(models.Model):
    """A row as the last act about it left it.

    `texts` are the columns in which people type freely of people, so that they can be erased; `people` refer to
    accounts of this home; `is_for_all` says that every side may change it, as the services allow.
    """

    is_projection: ClassVar = True
    because: ClassVar = "the value that the last act about it left"
    texts: ClassVar[frozenset[str]] = frozenset()
    people: ClassVar[frozenset[str]] = frozenset()
    is_for_all: ClassVar[bool] = False

    revision = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True

    def erasable(self) -> frozenset[str]:
        """The columns whose text can be erased."""
        return self.texts

    def parties_concerned(self) -> Iterable[str]:
        """The keys of the parties that read the row, of whichever side."""
        return ()


def said_value(field: models.Field[Any, Any], value: Any) -> Any:
    """A column's value as an event says it: plain JSON, moments in UTC, exact amounts as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if value is None or isinstance(field, models.JSONField):
        return value
    if isinstance(field, models.DecimalField):
        return str(field.to_python(value).quantize(Decimal(1).scaleb(-field.decimal_places)))
    if isinstance(value, bool | int | float):
        return value
    return str(value)


def value_said(field: models.Field[Any, Any], said: Any) -> Any:
    """The value of a column from what an event says."""
    if isinstance(field, models.JSONField):
        return json.loads(said) if isinstance(said, str) and said[:1] in "[{" else said
    return field.to_python(said) if not field.is_relation else said


def columns_said(row: Any) -> dict[str, Any]:
    """A row in the words of its last act, so that the two can be held against each other."""
    fields, words = split_row(row)
    free = {name.removeprefix(events.PERSON): text for name, text in words.items() if text}
    return {"id": row.pk, "side": row.side_id, **fields, **free, "revision": row.revision}


def split_row(row: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What a row says: its values, and the texts that can be erased."""
    fields, words, erasable = dict[str, Any](), dict[str, str](), row.erasable()
    for field in row._meta.concrete_fields:
        if field.name in _NOT_SAID:
            continue
        value = said_value(field, getattr(row, field.attname))
        if field.name in row.people:
            words[f"{events.PERSON}{field.name}"] = _word(value)
        elif field.name in erasable:
            words[field.name] = _word(value)
        else:
            fields[field.name] = value
    return fields, words


def _word(value: Any) -> str:
    if value in (None, "", {}, []):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
