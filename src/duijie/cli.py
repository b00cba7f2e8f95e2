"""The verbs of the command line; each wing brings its own, the portal adds those that write records."""

from __future__ import annotations

import os
import sys
from datetime import date
from functools import cache
from importlib import import_module, metadata
from itertools import pairwise
from typing import Any

import click

from duijie import __version__
from duijie.data import fault_line, read, root
from duijie.errors import DuijieError, Fault, InputError

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
            return _spoken(_with_more(getattr(import_module(module), attribute), name), name)
        loaded = next((entry.load() for entry in _registered() if entry.name == name), None)
        return _spoken(loaded, name) if loaded is not None else None


def _with_more(command: click.Command, name: str) -> click.Command:
    """The verb with what an installed portal adds to it."""
    if isinstance(command, click.Group):
        for entry in metadata.entry_points(group=f"duijie.commands.{name}"):
            command.add_command(entry.load(), entry.name)
    return command


def _spoken(command: click.Command, path: str) -> click.Command:
    """The command with its help in the language asked for: English as it is written, Chinese from the file."""
    if _language(sys.argv) != "zh":
        return command
    said = _chinese()
    command.help = said["commands"].get(path, command.help)
    for one in command.params:
        if isinstance(one, click.Option):
            one.help = said["options"].get(one.opts[0], one.help)
    for name, below in getattr(command, "commands", {}).items():
        _spoken(below, f"{path} {name}".strip())
    return command


@cache
def _chinese() -> Any:
    return read(root() / "help" / "zh.yaml")


_SPEAKERS = ("core", "decorators", "exceptions", "formatting", "parser", "types")


def _teach(language: str) -> None:
    """Let the library of commands speak Chinese: it looks its texts up by gettext, which wants compiled catalogues."""
    if language != "zh":
        return
    said = _chinese()["messages"]

    def one(text: str) -> str:
        return str(said.get(text, text))

    def some(single: str, several: str, n: int) -> str:
        return one(single if n == 1 else several)

    for name in _SPEAKERS:
        module = import_module(f"click.{name}")
        for asked, answer in (("_", one), ("ngettext", some)):
            if hasattr(module, asked):
                setattr(module, asked, answer)


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
    _teach(language)
    _spoken(verbs, "")
    try:
        # Without click's own ending the exit code a verb asked for is what comes back.
        sys.exit(verbs(_ordered(sys.argv[1:]), standalone_mode=False) or 0)
    except DuijieError as error:
        click.echo(told(error, language), err=True)
        sys.exit(2)
    except BrokenPipeError:  # whoever read along has seen enough
        sys.exit(1)
    except OSError as error:
        place = {"file": str(error.filename or "")}
        told_error = InputError("system_refused", {"problem": error.strerror or str(error)}, place)
        click.echo(told(told_error, language), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


def _ordered(arguments: list[str]) -> list[str]:
    """The language may be asked for anywhere; only letters of a visit have one of their own."""
    if "--language" not in arguments or "visits" in arguments:
        return arguments
    at = arguments.index("--language")
    return [*arguments[at : at + 2], *arguments[:at], *arguments[at + 2 :]]


def _language(arguments: list[str]) -> str:
    given = [after for before, after in pairwise(arguments) if before == "--language"]
    wanted = given[0] if given else os.environ.get("DUIJIE_LANGUAGE", "zh")
    return wanted if wanted in ("zh", "en") else "zh"


def told(error: DuijieError, language: str) -> str:
    """The error and all its faults as lines a person reads: place, sentence, remedy."""
    head = Fault(error.code, error.where, error.values, error.hint)
    return "\n".join(fault_line(fault, language) for fault in (head, *error.faults))
