"""`duijie share` on a home: introduce sides to each other, hand over and take in packages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from duijie.data import sentence
from duijie_portal.home import open_home

__all__ = ["bundle", "key", "receive", "trust"]

_home = click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), envvar="DUIJIE_HOME", default="out", show_default=True
)


def _language(ctx: click.Context) -> str:
    return str((ctx.obj or {}).get("language", "zh"))


@click.command("key")
@_home
def key(home: Path) -> None:
    """Print the line of each side that works here, to be handed to the other side in person."""
    open_home(home)
    from duijie_portal.accounts.hosting import is_hosted
    from duijie_portal.accounts.models import Side
    from duijie_portal.share.exchange import introduction

    for side in Side.objects.order_by("pk"):
        if is_hosted(side.pk):
            click.echo(introduction(side))


@click.command("trust")
@click.argument("line", nargs=-1, required=True)
@_home
@click.pass_context
def trust(ctx: click.Context, line: tuple[str, ...], home: Path) -> None:
    """Take in the LINE that the other side gave of itself in person."""
    open_home(home)
    from duijie_portal.share.exchange import name_of, trust_key

    side = name_of(trust_key(" ".join(line)))
    click.echo(sentence("share_trusted", _language(ctx), {"side": side}))


@click.command("bundle")
@click.argument("agreement")
@click.option("--to", required=True, help="The code of the side that receives it.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@_home
@click.pass_context
def bundle(ctx: click.Context, agreement: str, to: str, out: Path, home: Path) -> None:
    """Write the package of AGREEMENT for another side: what it may read and is not known to have."""
    open_home(home)
    from duijie_portal.share.exchange import make_package, name_of

    content = make_package(_agreement(agreement), to)
    part = out.with_name(f"{out.name}.part")
    part.write_bytes(content)
    os.replace(part, out)
    click.echo(
        sentence("share_packed", _language(ctx), {"file": out.name, "n_bytes": len(content), "side": name_of(to)})
    )


def _agreement(key: str) -> Any:
    from duijie.errors import InputError
    from duijie_portal.ledger.models import Agreement

    found = Agreement.objects.filter(pk=key).first()
    if found is None:
        raise InputError("portal_agreement_unknown", {"agreement": key[:80]})
    return found


@click.command("receive")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_home
@click.pass_context
def receive(ctx: click.Context, package: Path, home: Path) -> None:
    """Take in PACKAGE from another side, whole or not at all; taken in twice it changes nothing."""
    open_home(home)
    from duijie_portal.share.exchange import name_of, take_package

    done = take_package(package.read_bytes(), package.name).or_why()
    code = "share_joined" if done.is_first else "share_taken"
    values = {"agreement": done.agreement, "side": name_of(done.side), "n": done.n_new, "n_files": done.n_files}
    click.echo(sentence(code, _language(ctx), values))
