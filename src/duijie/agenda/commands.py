"""``duijie agenda``: an agreement and its data all the way to results, report and lists."""

from __future__ import annotations

import json
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from duijie import data
from duijie.data import fault_line, sentence
from duijie.intake.commands import check as quality
from duijie.terms.days import parse_day

from .checking import examine
from .pipeline import Agenda, run
from .scaffold import new_folder, parties_of

__all__ = ["check", "group", "new"]


@click.group()
def group() -> None:
    """From an agreement and two regions' data to a collaboration agenda."""


@group.command("list")
def list_agreements() -> None:
    """The built-in agreements."""
    for name in data.agreement_names():
        click.echo(name)


@group.command("run")
@click.argument("agreement")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day the results speak of; today if absent.")
@click.option("--seed", default=1, show_default=True)
@click.option("--report/--no-report", "with_report", default=True, show_default=True)
@click.pass_context
def run_agreement(
    ctx: click.Context, agreement: str, out: Path, as_of: datetime | None, seed: int, with_report: bool
) -> None:
    """Read, diagnose, match, meet, track, report: AGREEMENT is a built-in name or a folder."""
    language = (ctx.obj or {}).get("language", "zh")
    folder = data.agreement_folder(agreement)
    day = parse_day(str(as_of.date())) if as_of else date.today()
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        stages = _Stages(bars, console, language)
        done = run(folder, out, as_of=day, seed=seed, with_report=with_report, progress=stages)
    console.print(_summary(done, language))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--maps", type=click.Path(path_type=Path), help="File in which the columns of each source are remembered."
)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day freshness is counted to.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def check(ctx: click.Context, /, folder: Path, **given: Any) -> None:
    """Find every fault of an agreement's FOLDER; of a folder of other tables, report the quality of the data."""
    if not data.is_agreement(folder):
        ctx.invoke(quality, folder=folder, **given)
        return
    language = (ctx.obj or {}).get("language", "zh")
    opened, faults = examine(folder)
    if given["as_json"]:
        rows = [{"code": one.code, "where": dict(one.where), "text": fault_line(one, language)} for one in faults]
        click.echo(json.dumps({"faults": rows}, ensure_ascii=False, indent=1))
    elif opened is None:
        click.echo(sentence("check_faults", language, {"file": folder.name, "n": len(faults)}))
        for one in faults:
            click.echo(fault_line(one, language))
    else:
        facts = opened.facts
        values = {"n_parties": len(facts.parties), "n_listings": len(facts.listings), "file": folder.name}
        values["n_clauses"] = len(opened.agreement.clauses)
        click.echo(sentence("check_sound", language, values))
    if faults:
        raise SystemExit(1)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--parties", required=True, metavar="CODE,CODE", help="The regions, by their codes of GB/T 2260.")
@click.option(
    "--signed-on", type=click.DateTime(["%Y-%m-%d"]), help="The day the agreement was signed; today if absent."
)
@click.pass_context
def new(ctx: click.Context, folder: Path, parties: str, signed_on: datetime | None) -> None:
    """Begin an agreement of your own: FOLDER with a first clause, offices and a workbook to fill in."""
    language = (ctx.obj or {}).get("language", "zh")
    day = parse_day(str(signed_on.date())) if signed_on else date.today()
    for path in new_folder(folder, parties_of(parties), signed_on=day):
        click.echo(str(path))
    click.echo(sentence("new_done", language, {"folder": str(folder)}))


class _Stages:
    """One bar for each stage of the pipeline; where the terminal is none, one line when a stage begins."""

    def __init__(self, bars: Progress, console: Console, language: str) -> None:
        self._bars, self._console, self._language = bars, console, language
        self._tasks: dict[str, TaskID] = {}
        self._started = time.monotonic()

    def __call__(self, label: str, done: int, total: int) -> None:
        if label not in self._tasks:
            said = sentence(f"stage_{label}", self._language)
            self._tasks[label] = self._bars.add_task(said, total=total)
            if not self._console.is_terminal:
                self._console.print(f"{time.monotonic() - self._started:7.1f} s  {said}", highlight=False)
        self._bars.update(self._tasks[label], completed=done, total=total)


def _summary(done: Agenda, language: str) -> Table:
    table = Table(title=sentence("agenda_done", language, {"agreement": done.title.to_dict()}), title_justify="left")
    for heading in ("agenda_stage", "agenda_result", "agenda_seconds"):
        table.add_column(sentence(heading, language), justify="right" if heading == "agenda_seconds" else "left")
    for stage, seconds in done.seconds.items():
        told = sentence(f"told_{stage}", language, done.figures.get(stage, {}))
        table.add_row(sentence(f"stage_{stage}", language), told, f"{seconds:.1f}")
    return table
