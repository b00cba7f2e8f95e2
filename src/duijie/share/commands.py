"""`duijie share`: verify a sealed log without the portal that made it; simulate lives of several nodes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from duijie.data import read_json, sentence
from duijie.data.typed import typed
from duijie.errors import Fault, InputError
from duijie.ledger.lines import entries_of, verify_entries
from duijie.ledger.seal import Entry
from duijie.sheets import split_lines

from .simulation import simulate

__all__ = ["group"]


@click.group("share")
def group() -> None:
    """共享 · what the sides hand each other."""


@group.command("verify")
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify_log(ctx: click.Context, log: Path, keys: Path) -> None:
    """Verify a log (one entry a line) with the public keys of the sides ({side: [key, …]})."""
    language = (ctx.obj or {}).get("language", "zh")
    verdict = verify_entries(_entries(log), _keys(keys))
    for fault in verdict.faults:
        place = " ".join(str(part) for part in fault.where.values() if part)
        click.echo(f"{place}: {sentence(fault.code, language, fault.values)}", err=True)
    values = {"n": verdict.n_entries, "n_faults": len(verdict.faults)}
    click.echo(sentence("seal_holds" if verdict.holds else "seal_broken", language, values))
    sys.exit(0 if verdict.holds else 1)


@group.command("simulate")
@click.option("--seeds", required=True, type=click.IntRange(min=1), help="how many lives")
@click.option("--first", default=0, type=click.IntRange(min=0), show_default=True, help="the seed of the first")
@click.option("--json", "is_json", is_flag=True, help="the outcome as JSON")
@click.pass_context
def simulate_exchange(ctx: click.Context, seeds: int, first: int, is_json: bool) -> None:
    """Live lives of several nodes in which everything goes wrong that can, and judge each while it goes on."""
    language = (ctx.obj or {}).get("language", "zh")
    outcome = simulate(range(first, first + seeds))
    if is_json:
        click.echo(json.dumps(asdict(outcome), ensure_ascii=False, indent=2))
    else:
        for failure in outcome.failures:
            click.echo(sentence("share_simulated_failure", language, asdict(failure)), err=True)
        values = {"n": outcome.seeds, "n_failures": len(outcome.failures), "n_steps": outcome.steps}
        click.echo(sentence("share_simulated", language, values))
    sys.exit(1 if outcome.failures else 0)


def _entries(log: Path) -> Iterator[Entry]:
    try:
        lines = split_lines(log.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError("file_not_utf8", {"byte": error.start}, {"file": log.name}) from None
    return entries_of(lines, log.name)


def _keys(path: Path) -> Mapping[str, Sequence[str]]:
    """The keys of each side; anything else is a fault."""
    faults: list[Fault] = []
    found = typed(_Keys, {"keys": read_json(path)}, {"file": path.name}, faults)
    if found is None or faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": path.name}, faults=faults)
    return found.keys


@dataclass(frozen=True)
class _Keys:
    keys: Mapping[str, tuple[str, ...]]
