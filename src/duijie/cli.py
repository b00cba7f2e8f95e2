"""The verbs of the command line; each wing brings its own, the portal adds those that write records."""

from __future__ import annotations

import os
import sys
from datetime import date
from importlib import import_module, metadata
from itertools import pairwise
from typing import Any

import click

from duijie import __version__
from duijie.data import fault_line, sentence
from duijie.errors import DuijieError, Fault

__all__ = ["main"]

VERBS = {
    "agenda": "duijie.agenda.commands:group",
    "check": "duijie.agenda.commands:check",
    "diagnose": "duijie.diagnose.commands:group",
    "intake": "duijie.intake.commands:group",
    "match": "duijie.match.commands:group",
    "meet": "duijie.meet.commands:group",
    "new": "duijie.agenda.commands:new",
    "share": "duijie.share.commands:group",
    "track": "duijie.track.commands:group",
}


class _Verbs(click.Group):
    """Loads a wing only when its verb is called, so that every command starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*VERBS, *(entry.name for entry in _registered())})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in VERBS:
            module, _, attribute = VERBS[name].partition(":")
            found: click.Command = getattr(import_module(module), attribute)
            return found
        return next((entry.load() for entry in _registered() if entry.name == name), None)


def _registered() -> metadata.EntryPoints:
    return metadata.entry_points(group="duijie.commands")


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="duijie")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", envvar="DUIJIE_LANGUAGE", show_default=True)
@click.pass_context
def verbs(ctx: click.Context, language: str) -> None:
    """对接 duijie: diagnose, match, meet, track, share."""
    ctx.obj = {"language": language, "world": _world}


def _world() -> Any:
    """What matching may know of industries beside its rows; loaded when asked, since a wing may not know the intake."""
    taxonomies, coding = import_module("duijie.intake.taxonomies"), import_module("duijie.intake.coding")
    known = {"sector_of": taxonomies.sector_of(), "input_output": taxonomies.input_output()["national"]}
    return import_module("duijie.match.scoring").Circumstances(date.min, **known, coder=coding.division_chances)


def main() -> None:
    """Run the command line; a fault of the input ends it with the whole list of faults and exit code 2."""
    language = _language(sys.argv)
    try:
        # Without click's own ending the exit code a verb asked for is what comes back.
        sys.exit(verbs(standalone_mode=False) or 0)
    except DuijieError as error:
        click.echo(told(error, language), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


def _language(arguments: list[str]) -> str:
    given = [after for before, after in pairwise(arguments) if before == "--language"]
    wanted = given[0] if given else os.environ.get("DUIJIE_LANGUAGE", "zh")
    return wanted if wanted in ("zh", "en") else "zh"


def told(error: DuijieError, language: str) -> str:
    """The error and all its faults as lines a person reads: place, sentence, remedy."""
    head = Fault(error.code, error.where, error.values, error.hint)
    return "\n".join(fault_line(fault, language) for fault in (head, *error.faults))
