"""Verify, rebuild, heads: records of agreements held against their bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Exists, F, Model, OuterRef, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone

from duijie.data.documents import json_value
from duijie.errors import Fault, InputError
from duijie.ledger.record import definitions_of
from duijie.ledger.record import rebuild as rebuild_log
from duijie.ledger.seal import Head
from duijie.ledger.verify import Verdict, verify
from duijie_portal.accounts.hosting import is_hosted

from .entries import Entry, EntryPart, Word
from .keys import public_keys
from .models import Agreement, Case, Step
from .raw import ill_typed
from .store import DatabaseLog
from .store import tables as folded_tables

__all__ = [
    "check",
    "clock_behind",
    "heads_of_home",
    "heads_text",
    "read_heads",
    "rebuild",
    "tables",
    "verify_agreement",
]

Heads = Mapping[str, Mapping[str, Any]]


def tables() -> list[tuple[str, str]]:
    """Every table of the portal's own, and whether it is folded from the record."""
    own = [model for model in apps.get_models() if model.__module__.startswith("duijie_portal.")]
    words = {True: "projection", False: "aside"}
    return sorted((model._meta.db_table, words[getattr(model, "is_projection", False)]) for model in own)


def _chosen(agreements: Sequence[str]) -> list[Agreement]:
    rows = Agreement.objects.filter(pk__in=agreements) if agreements else Agreement.objects.all()
    missing = sorted(set(agreements) - {row.pk for row in rows})
    if missing:
        raise InputError("portal_agreement_unknown", {"agreement": ", ".join(missing)})
    return list(rows)


def check(agreements: Sequence[str], heads: Heads | None = None) -> Iterator[tuple[str, Verdict]]:
    """The verdict on each agreement: its record, the rows folded from it, its files, and what hangs on nothing."""
    damage = [*_damage(), *_ill_typed(), *_strays()]
    for agreement in _chosen(agreements):
        log, known = DatabaseLog(agreement), (heads or {}).get(agreement.pk, {})
        outside = {name: Head(*head) for name, head in known.items()}
        # Of a side that works elsewhere only what it handed over is here.
        own = [side for side in agreement.sides.values_list("pk", flat=True) if is_hosted(side)]
        found = verify(log, definitions_of(log), outside, own, keys=public_keys())
        yield agreement.pk, Verdict(found.n_entries, found.n_rows, (*damage, *found.faults), found.heads)


def verify_agreement(agreement: Agreement) -> Verdict:
    """The verdict on one agreement, as far as this home can know."""
    [(_, found)] = check([agreement.pk])
    return found


_SKEW = timedelta(minutes=2)


def clock_behind(agreement: Agreement) -> int:
    """Minutes by which this machine's clock is behind the latest entry; 0 where it is not.

    No fault of the record, whose moments never go back: but until the clock is set right, new entries bear that moment.
    """
    latest = DatabaseLog(agreement).latest_at(agreement.sides.values_list("pk", flat=True))
    behind = latest - timezone.now() if latest else timedelta(0)
    return -(-behind // timedelta(minutes=1)) if behind > _SKEW else 0


def _damage() -> list[Fault]:
    """What the database itself finds wrong with its file."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(20)")
        said = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("PRAGMA foreign_key_check")
        said += [f"{table}, rowid {row}: no such {other}" for table, row, other, _ in cursor.fetchmany(20)]
    where = {"table": "", "row": "", "column": ""}
    return [Fault("verify_database_damaged", where, {"problem": one}) for one in said if one != "ok"]


def _ill_typed() -> Iterator[Fault]:
    """Values that are none of their column's type, in the log's own tables and in those folded from it."""
    found: dict[str, type[Model]] = {"entry": Entry, "part": EntryPart, "word": Word}
    found |= {name: model for name, (model, _) in folded_tables().items()}
    for table, model in found.items():
        for row, column in ill_typed(model):
            yield _fault("verify_value_of_no_type", table, row, column)


def _strays() -> Iterator[Fault]:
    """Rows that hang on nothing: parts of no entry or under another name, steps of no case."""
    said = Concat("entry", Value("|"), "label", output_field=TextField())
    for table, model in (("part", EntryPart), ("word", Word)):
        named = model._default_manager.annotate(said=said)
        for key in named.exclude(pk=F("said")).values_list("pk", flat=True):
            yield _fault("verify_column_differs", table, key, "id")
        for key in named.exclude(Exists(Entry.objects.filter(pk=OuterRef("entry")))).values_list("pk", flat=True):
            yield _fault("verify_row_unsaid", table, key)
    for key in Step.objects.exclude(Exists(Case.objects.filter(pk=OuterRef("case_id")))).values_list("pk", flat=True):
        yield _fault("verify_row_unsaid", "step", key)


def _fault(code: str, table: str, row: Any, column: str = "") -> Fault:
    return Fault(code, {"table": table, "row": str(row), "column": column})


def heads_of_home(agreements: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """The head of every chain by agreement: epoch, number, digest."""
    found: dict[str, dict[str, list[Any]]] = {}
    for agreement in _chosen(agreements):
        found[agreement.pk] = {str(chain): list(head) for chain, head in DatabaseLog(agreement).heads().items()}
    return found


def heads_text(agreements: Sequence[str]) -> str:
    return json.dumps(heads_of_home(agreements), indent=1, sort_keys=True)


def read_heads(path: Path) -> Heads:
    """Heads that were kept outside.

    Raises
    ------
    InputError
        The file is no list of heads.
    """
    try:
        found = json_value(path.read_text(encoding="utf-8"))
        for heads in found.values():
            for head in heads.values():
                Head(*head)
    except InputError as error:
        raise InputError("ledger_heads_unreadable", {}, {"file": str(path)}, faults=error.faults) from None
    except (OSError, ValueError, TypeError, AttributeError):
        raise InputError("ledger_heads_unreadable", {}, {"file": str(path)}) from None
    return found  # type: ignore[no-any-return]


def rebuild(agreements: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Fold every row anew; how many subjects each agreement has. Rows nobody said are gone afterwards."""
    for agreement in _chosen(agreements):
        log = DatabaseLog(agreement)
        with transaction.atomic(), log.lock():
            log.clear()
            n = rebuild_log(log)
        yield agreement.pk, n
