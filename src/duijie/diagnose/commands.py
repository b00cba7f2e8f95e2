"""The verb ``duijie diagnose``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from duijie.data import sentence
from duijie.terms import Reason

from .conventions import CONVENTIONS
from .run import indicators_of, io_of, pair_of

__all__ = ["group"]

FILE = click.Path(path_type=Path)
convention = click.option("--convention", type=click.Choice(sorted(CONVENTIONS)), default="atlas", show_default=True)
out = click.option("--out", type=FILE, required=True, help="Folder for the results.")


@click.group("diagnose")
def group() -> None:
    """How the industries of two regions, or of N, fit together."""


def _tell(context: click.Context, reasons: Iterable[Reason]) -> None:
    language = (context.obj or {}).get("language", "zh")
    for reason in reasons:
        click.echo(sentence(reason.code, language, reason.values), err=True)


@group.command()
@click.argument("file", type=FILE)
@convention
@click.option("--least-diversity", default=0, show_default=True, help="Trim regions with fewer industries.")
@click.option("--least-ubiquity", default=0, show_default=True, help="Trim industries in fewer regions.")
@out
@click.pass_context
def indicators(context: click.Context, /, file: Path, out: Path, **options: Any) -> None:
    """RCA, ECI, PCI, density, COI, COG of a long table (region, industry, value[, year])."""
    _tell(context, indicators_of(file, out, **options))


@group.command()
@click.argument("file", type=FILE)
@click.argument("region_a")
@click.argument("region_b")
@click.option("--national", default="", help="Region that stands for the country; by default all others together.")
@click.option("--io", type=FILE, help="Input–output table (as for `io`), for supply links.")
@click.option("--sectors", type=FILE, help="CSV (industry, sector) that ties industries to the table.")
@click.option("--before", type=FILE, help="The same table at an earlier date, for transfer candidates.")
@click.option("--groupings", type=FILE, help="CSV (grouping, industry[, is_partial, name_zh, name_en]).")
@convention
@out
@click.pass_context
def pair(context: click.Context, /, file: Path, region_a: str, region_b: str, out: Path, **options: Any) -> None:
    """How two regions of a long table fit together."""
    report = pair_of(file, region_a, region_b, out, **options)
    _tell(context, (*report.risks, *report.missing))


@group.command()
@click.argument("file", type=FILE)
@out
def io(file: Path, out: Path) -> None:
    """Multipliers, linkages and extraction of an input–output table."""
    io_of(file, out)
