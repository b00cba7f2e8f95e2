"""``duijie agenda``: an agreement and its data all the way to results, report and lists."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from duijie import data
from duijie.data import sentence
from duijie.terms.days import parse_day

from .pipeline import Agenda, run

__all__ = ["group"]


@click.group()
def group() -> None:
    """From an agreement and two regions' data to a collaboration agenda."""


@group.command("list")
def list_agreements() -> None:
    """The built-in agreements."""
    for path in sorted((data.root() / "agreements").glob("*/agreement.yaml")):
        click.echo(path.parent.name)


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
    folder = Path(agreement) if Path(agreement).is_dir() else data.root() / "agreements" / agreement
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
