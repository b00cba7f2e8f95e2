"""`duijie share`: verify a sealed log without the portal that made it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from duijie.data import sentence
from duijie.errors import InputError

from .seal import Entry, verify

__all__ = ["group"]


@click.group("share")
def group() -> None:
    """共享 · what the sides hand each other."""


@group.command("verify")
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify_log(ctx: click.Context, log: Path, keys: Path) -> None:
    """Verify a log (one JSON entry a line) with the public keys of the sides ({side: [key, …]})."""
    language = (ctx.obj or {}).get("language", "zh")
    verdict = verify(_entries(log), json.loads(keys.read_text(encoding="utf-8")))
    for fault in verdict.faults:
        place = " ".join(str(part) for part in fault.where.values())
        click.echo(f"{place}: {sentence(fault.code, language, fault.values)}", err=True)
    values = {"n": verdict.n_entries, "n_faults": len(verdict.faults)}
    click.echo(sentence("seal_holds" if verdict.holds else "seal_broken", language, values))
    sys.exit(0 if verdict.holds else 1)


def _entries(log: Path) -> list[Entry]:
    found = []
    for at, line in enumerate(log.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise InputError("seal_line_broken", {"problem": str(error)}, {"file": log.name, "row": at}) from None
    return found
