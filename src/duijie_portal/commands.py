"""`duijie portal`: prepare a home, serve it on this machine, do what is due by the clock, verify its sealed logs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from duijie import data
from duijie.data import sentence

__all__ = ["portal"]

_DEMO_ROLES = ("leader", "coordinator", "officer", "auditor")
_EXTRA_ROLES = ("system", "security", "audit")


@click.group("portal")
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), envvar="DUIJIE_HOME", default="out", show_default=True
)
@click.pass_context
def portal(ctx: click.Context, home: Path) -> None:
    """门户 · the portal of both governments."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DUIJIE_HOME"] = str(home.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
    _keep_secret(home)
    ctx.obj = {"language": "zh", **(ctx.obj or {}), "home": home}
    import django

    django.setup()


def _keep_secret(home: Path) -> None:
    """One secret key for the life of a home, readable by its owner only."""
    path = home / "secret_key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))


@portal.command()
@click.argument("agreements", nargs=-1)
@click.option("--new-passwords", is_flag=True, help="Give the role accounts new passwords.")
@click.pass_context
def prepare(ctx: click.Context, agreements: tuple[str, ...], new_passwords: bool) -> None:
    """Set up the database, load AGREEMENTS (names or folders; all built-in ones if none) and make role accounts."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    language = ctx.obj["language"]
    for folder in _folders(agreements):
        click.echo(_load(folder, ctx.obj["home"], language))
    rows = list(_accounts(new_passwords))
    click.echo(sentence("portal_accounts_made", language, {"n": len(rows)}))
    for row in rows:
        click.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, (26, 18, 12, 10), strict=True)))


def _folders(names: Iterable[str]) -> Iterator[Path]:
    built_in = data.root() / "agreements"
    for name in names or sorted(path.parent.name for path in built_in.glob("*/agreement.yaml")):
        yield Path(name) if Path(name).is_dir() else built_in / name


def _load(folder: Path, home: Path, language: str) -> str:
    """Load a folder, and its records where the pipeline left some and none are in yet; say what came in."""
    from duijie_portal.ledger.loading import load_folder, load_records

    agreement = load_folder(folder)
    path = home / agreement.pk / "records.jsonl"
    counts = {} if agreement.events.exists() or not path.exists() else load_records(agreement, path)
    values = {"agreement": agreement.pk, "n": sum(counts.values()), "n_events": agreement.events.count()}
    return sentence("portal_loaded", language, values)


def _accounts(new_passwords: bool) -> Iterator[tuple[str, str, str, str]]:
    """The role accounts of every side, and the three administrators; a password is told only when it is made."""
    from duijie_portal.accounts.models import Side

    for side in Side.objects.all():
        short = (side.short_en or side.code).split()[0].lower()
        for role in _DEMO_ROLES:
            yield _account(f"{role}-{short}", role, side, new_passwords)
        for role in _EXTRA_ROLES:
            yield _account(f"{role}-{short}", role, side, new_passwords)
        yield from _party_account(short, side, new_passwords)


def _party_account(short: str, side: Any, new_passwords: bool) -> Iterator[tuple[str, str, str, str]]:
    """One firm of a rehearsal may look in as well; no real firm gets an account unasked."""
    from duijie_portal.ledger.models import Party

    firm = Party.objects.filter(
        side=side, kind="firm", agreement__is_rehearsal=True, cases_as_need__isnull=False
    ).first()
    if firm:
        yield _account(f"firm-{short}", "firm", side, new_passwords, party=firm.pk)


def _account(username: str, role: str, side: Any, new_password: bool, party: str = "") -> tuple[str, str, str, str]:
    from duijie_portal.accounts import services
    from duijie_portal.accounts.models import Department, Person

    person = Person.objects.filter(username=username).first()
    is_new = person is None
    if person is None:
        person = Person.objects.create_user(username, None, role=role, side=side, party=party)
    if role == "officer":
        person.departments.set(Department.objects.filter(side=side))
    if not (is_new or new_password):
        return username, "", role, side.code
    password = services.new_password()
    person.set_password(password)
    person.save(update_fields=["password"])
    return username, password, role, side.code


@portal.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--worker/--no-worker", default=True, show_default=True, help="Do the jobs as well.")
@click.pass_context
def serve(ctx: click.Context, port: int, worker: bool) -> None:
    """Serve the portal on 127.0.0.1 until stopped; a front server belongs before it for others to reach it."""
    from gunicorn.app.base import BaseApplication

    from duijie_portal.ledger.keeper import kept_worker
    from duijie_portal.wsgi import application

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings = {"bind": f"127.0.0.1:{port}", "workers": 1, "worker_class": "gthread", "threads": 8}
            for name, value in {**settings, "control_socket_disable": True, "loglevel": "warning"}.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return application

    click.echo(sentence("portal_serving", ctx.obj["language"], {"address": f"http://127.0.0.1:{port}/"}))
    with kept_worker(ctx.obj["home"]) if worker else nullcontext():
        Server().run()


@portal.command()
@click.option("--parent", default=0, hidden=True, help="End when this process is gone.")
def work(parent: int) -> None:
    """Do the jobs people asked for and what is due by the clock, until stopped; `serve` has one of its own."""
    from duijie_portal.ledger.worker import work

    work(parent=parent)


@portal.command()
@click.pass_context
def tick(ctx: click.Context) -> None:
    """Do what is due by the clock; put this into a timer, every few minutes. Exit code 1 where something failed."""
    from django.utils import timezone

    from duijie_portal.ledger.ticks import run_ticks

    done = run_ticks(timezone.now())
    for name, n in done.items():
        code = "portal_tick_failed" if n is None else "portal_tick"
        click.echo(sentence(code, ctx.obj["language"], {"name": name, "n": n}))
    ctx.exit(int(None in done.values()))


@portal.command()
@click.argument("agreements", nargs=-1)
@click.pass_context
def verify(ctx: click.Context, agreements: tuple[str, ...]) -> None:
    """Verify the sealed log of AGREEMENTS, all if none; exit code 1 where one is not whole."""
    from duijie_portal.ledger.log import verify_agreement
    from duijie_portal.ledger.models import Agreement

    rows = Agreement.objects.filter(pk__in=agreements) if agreements else Agreement.objects.all()
    is_whole = True
    for row in rows:
        found = verify_agreement(row)
        is_whole &= found.holds
        code = "seal_holds" if found.holds else "seal_broken"
        values = {"n": found.n_entries, "n_faults": len(found.faults)}
        click.echo(f"{row.pk}: {sentence(code, ctx.obj['language'], values)}")
        for fault in found.faults:
            click.echo(f"  {fault}", err=True)
    ctx.exit(0 if is_whole else 1)
