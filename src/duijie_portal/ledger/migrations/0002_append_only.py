"""The database itself refuses to change or delete what is sealed; only the place of an entry is ever filled in."""

from typing import Any

from django.db import migrations

_SEALED = "commit, agreement_id, log, side, is_inner, epoch, seq, digest, header, signature, kind, subject, recorded_at"
# Each table, and the columns of it that never change; none named: the whole row.
TABLES = {"entry": _SEALED.replace("commit", '"commit"'), "entrypart": ""}
_REFUSED = "events are append-only"


def _sqlite(table: str, columns: str) -> list[str]:
    of = f" OF {columns}" if columns else ""
    stop = f"ON ledger_{table} BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE{of} {stop}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE {stop}",
    ]


def _postgresql(table: str, columns: str) -> list[str]:
    of = f" OF {columns}" if columns else ""
    call = f"ON ledger_{table} FOR EACH ROW EXECUTE FUNCTION ledger_frozen()"
    return [f"CREATE TRIGGER {table}_frozen BEFORE UPDATE{of} OR DELETE {call}"]


_FUNCTION = (
    "CREATE FUNCTION ledger_frozen() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
)


def freeze(apps: Any, schema_editor: Any) -> None:
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    if not is_sqlite:
        schema_editor.execute(_FUNCTION)
    for table, columns in TABLES.items():
        for statement in _sqlite(table, columns) if is_sqlite else _postgresql(table, columns):
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_cases")]
    operations = [migrations.RunPython(freeze, migrations.RunPython.noop)]
