"""The database itself refuses to change or delete an event."""

from typing import Any

from django.db import migrations

SQLITE = [
    f"CREATE TRIGGER event_no_{word} BEFORE {word.upper()} ON ledger_event "
    "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    for word in ("update", "delete")
]
POSTGRESQL = [
    "CREATE FUNCTION event_frozen() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$",
    "CREATE TRIGGER event_frozen BEFORE UPDATE OR DELETE ON ledger_event "
    "FOR EACH ROW EXECUTE FUNCTION event_frozen()",
]
UNDO = {
    "sqlite": ["DROP TRIGGER event_no_update", "DROP TRIGGER event_no_delete"],
    "postgresql": ["DROP TRIGGER event_frozen ON ledger_event", "DROP FUNCTION event_frozen"],
}


def freeze(apps: Any, schema_editor: Any) -> None:
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def thaw(apps: Any, schema_editor: Any) -> None:
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(freeze, thaw)]
