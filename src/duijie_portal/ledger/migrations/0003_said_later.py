"""What an entry says is filled in once, when the part that says it is handed over; and what another portal holds."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

_SAID = "kind, subject, recorded_at"
_SEALED = 'agreement_id, log, side, is_inner, epoch, seq, digest, header, signature, "commit"'
_SAID_BY_ITS_PARTS = "OLD.kind NOT IN ('withheld', 'unreadable')"
_REFUSED = "events are append-only"


def _sqlite() -> list[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    return [
        "DROP TRIGGER entry_no_update",
        f"CREATE TRIGGER entry_no_update BEFORE UPDATE OF {_SEALED} ON ledger_entry {stop}",
        f"CREATE TRIGGER entry_said_once BEFORE UPDATE OF {_SAID} ON ledger_entry WHEN {_SAID_BY_ITS_PARTS} {stop}",
    ]


def _postgresql() -> list[str]:
    call = "EXECUTE FUNCTION ledger_frozen()"
    said = f"FOR EACH ROW WHEN ({_SAID_BY_ITS_PARTS})"
    return [
        "DROP TRIGGER entry_frozen ON ledger_entry",
        f"CREATE TRIGGER entry_frozen BEFORE UPDATE OF {_SEALED} OR DELETE ON ledger_entry FOR EACH ROW {call}",
        f"CREATE TRIGGER entry_said_once BEFORE UPDATE OF {_SAID} ON ledger_entry {said} {call}",
    ]


def freeze_said(apps: Any, schema_editor: Any) -> None:
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in _sqlite() if is_sqlite else _postgresql():
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]
    operations = [
        migrations.RunPython(freeze_said, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("side", models.CharField(max_length=12)),
                ("heads", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "agreement",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="ledger.agreement"),
                ),
            ],
        ),
    ]
