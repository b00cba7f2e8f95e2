"""`duijie portal`: prepare a home, serve it on this machine, do what is due by the clock, verify its sealed logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from duijie import data
from duijie.data import sentence
from duijie.terms.days import parse_day

from .home import open_home

__all__ = ["portal"]

_known_at = click.option(
    "--known-at", default="", help="A day, or the last entries known (SIDE:NUMBER,SIDE:NUMBER); now if absent."
)
_DEMO_ROLES = ("leader", "coordinator", "officer", "auditor")
_EXTRA_ROLES = ("system", "security", "audit")


class _OfAHome(click.Group):
    """Commands on a home: whatever its database says, people are told in a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        from django.db import DatabaseError

        try:
            return super().invoke(ctx)
        except (DatabaseError, PermissionError) as error:
            from .home import why_unusable

            raise why_unusable(error, ctx.params["home"]) from error


@click.group("portal", cls=_OfAHome)
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), envvar="DUIJIE_HOME", default="out", show_default=True
)
@click.pass_context
def portal(ctx: click.Context, home: Path) -> None:
    """门户 · the portal of both governments."""
    is_new = ctx.invoked_subcommand == "prepare"
    ctx.obj = {"language": "zh", **(ctx.obj or {}), "home": home}
    open_home(home, is_new=is_new)


@portal.command()
@click.argument("agreements", nargs=-1)
@click.option("--new-passwords", is_flag=True, help="Give the role accounts new passwords.")
@click.option("--operator", default="", help="The office that runs this home.")
@click.pass_context
def prepare(ctx: click.Context, agreements: tuple[str, ...], new_passwords: bool, operator: str) -> None:
    """Set up the database, load AGREEMENTS (names or folders; all built-in ones if none) and make role accounts.

    Without AGREEMENTS and --operator the home is a demonstration: it is served to this machine only. Elsewhere a first
    password is changed at the first sign-in, and leader, coordinator and security administrator need a second factor.
    """
    from django.core.management import call_command

    from .home import DEMONSTRATION, keep_operator

    keep_operator(ctx.obj["home"], operator or ("" if agreements else _first_operator(ctx.obj["home"], DEMONSTRATION)))

    call_command("migrate", verbosity=0)
    language = ctx.obj["language"]
    for path in (ctx.obj["home"], *ctx.obj["home"].glob("portal.sqlite3*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    for folder in _folders(agreements):
        click.echo(_load(folder, ctx.obj["home"], language))
    rows = list(_accounts(new_passwords))
    click.echo(sentence("portal_accounts_made", language, {"n": len(rows)}))
    for row in rows:
        click.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, (26, 18, 12, 10), strict=True)))


def _first_operator(home: Path, name: str) -> str:
    return "" if (home / "home.yaml").exists() else name


def _folders(names: Iterable[str]) -> Iterator[Path]:
    for name in names or data.agreement_names():
        yield data.agreement_folder(name)


def _load(folder: Path, home: Path, language: str) -> str:
    """Load a folder, and its records where the pipeline left some and none are in yet; say what came in."""
    from duijie_portal.ledger.loading import load_folder, load_records

    agreement = load_folder(folder)
    if not agreement.entries.exists():
        return sentence("share_waits_to_join", language, {"agreement": agreement.pk})
    path = home / agreement.pk / "records.jsonl"
    is_new = not agreement.entries.filter(kind="submitted").exists()
    counts = load_records(agreement, path) if is_new and path.exists() else {}
    n_events = agreement.entries.count()
    values = {"agreement": agreement.pk, "n": sum(counts.values()), "n_events": n_events}
    return sentence("portal_loaded", language, values)


def _accounts(new_passwords: bool) -> Iterator[tuple[str, str, str, str]]:
    """The role accounts of every side, and the three administrators; a password is told only when it is made."""
    from duijie_portal.accounts.hosting import is_hosted
    from duijie_portal.accounts.models import Side

    for side in filter(lambda one: is_hosted(one.pk), Side.objects.all()):
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
    person.has_first_password = True
    person.save(update_fields=["password", "has_first_password"])
    return username, password, role, side.code


@portal.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--bind", "address", default="127.0.0.1", show_default=True, help="The address others reach it at.")
@click.option("--worker/--no-worker", default=True, show_default=True, help="Do the jobs as well.")
@click.pass_context
def serve(ctx: click.Context, port: int, address: str, worker: bool) -> None:
    """Serve the portal until stopped; a front server belongs before it for others to reach it.

    A demonstration is served on this machine only.
    """
    from gunicorn.app.base import BaseApplication

    from .home import check_address, proxies_of

    check_address(ctx.obj["home"].resolve(), address)
    proxies = ",".join(map(str, proxies_of(ctx.obj["home"].resolve())))

    from duijie_portal.frame.warming import begin_warming
    from duijie_portal.ledger.keeper import kept_worker
    from duijie_portal.wsgi import application

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings: dict[str, Any] = {"bind": f"{address}:{port}", "forwarded_allow_ips": proxies, "workers": 1}
            settings |= {"worker_class": "gthread", "threads": 8, "control_socket_disable": True, "loglevel": "warning"}
            for name, value in settings.items():
                self.cfg.set(name, value)
            self.cfg.set("post_worker_init", lambda worker: begin_warming())

        def load(self) -> Any:
            return application

    click.echo(sentence("portal_serving", ctx.obj["language"], {"address": f"http://{address}:{port}/"}))
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
@click.option(
    "--heads", type=click.Path(dir_okay=False, path_type=Path), help="The heads kept outside, as `heads` prints."
)
@click.option("--tables", is_flag=True, help="Say which tables are folded from the record, and which stand aside.")
@click.pass_context
def verify(ctx: click.Context, agreements: tuple[str, ...], heads: Path | None, tables: bool) -> None:
    """Verify the record of AGREEMENTS, all if none, and every row folded from it; exit code 1 where one is not whole.

    Without --heads a cut tail is found as far as this home can know.
    """
    from duijie_portal.ledger import checking
    from duijie_portal.ledger.models import Agreement

    if tables:
        for name, word in checking.tables():
            click.echo(f"{name} {word}")
        return
    language = ctx.obj["language"]
    known = checking.read_heads(heads) if heads else None
    is_whole = True
    for key, found in checking.check(agreements, known):
        is_whole &= found.holds
        code = "ledger_holds" if found.holds else "ledger_broken"
        values = {"n": found.n_entries, "n_rows": found.n_rows, "n_faults": len(found.faults)}
        click.echo(f"{key}: {sentence(code, language, values)}")
        for fault in found.faults:
            place = " ".join(f"{name}={value}" for name, value in fault.where.items() if value != "")
            click.echo(f"  {place}: {sentence(fault.code, language, fault.values)}", err=True)
        if behind := checking.clock_behind(Agreement.objects.get(pk=key)):
            click.echo(f"  {sentence('ledger_clock_behind', language, {'n': behind})}", err=True)
    if known is None:
        click.echo(sentence("ledger_no_heads", language))
    ctx.exit(0 if is_whole else 1)


@portal.command()
@click.argument("agreements", nargs=-1)
def heads(agreements: tuple[str, ...]) -> None:
    """Print the head of every chain as JSON; keep it outside this home, for `verify --heads`."""
    from duijie_portal.ledger import checking

    click.echo(checking.heads_text(agreements))


@portal.command()
@click.argument("agreements", nargs=-1)
@click.pass_context
def rebuild(ctx: click.Context, agreements: tuple[str, ...]) -> None:
    """Fold every row of AGREEMENTS, all if none, anew from the record."""
    from duijie_portal.ledger import checking

    for key, n in checking.rebuild(agreements):
        click.echo(f"{key}: {sentence('ledger_rebuilt', ctx.obj['language'], {'n': n})}")


@portal.command()
@click.argument("case")
@click.option("--english", is_flag=True, help="In English.")
@_known_at
@click.pass_context
def history(ctx: click.Context, case: str, english: bool, known_at: str) -> None:
    """Tell what happened in CASE, event by event."""
    from duijie_portal.ledger.telling import lines

    for line in lines(case, "en" if english else ctx.obj["language"], known_at):
        click.echo(line)


@portal.command()
@click.argument("agreement")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where it is written.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day it speaks of; that of --known-at if absent.")
@_known_at
@click.pass_context
def report(ctx: click.Context, agreement: str, out: Path, as_of: datetime | None, known_at: str) -> None:
    """Write results and report of AGREEMENT from its record, from what each side has opened to the other.

    What the portal itself shows stays as it is.
    """
    from duijie_portal.frame.jobs import write_report

    day = parse_day(str(as_of.date())) if as_of else None
    done, heads = write_report(agreement, out, as_of=day, known_at=known_at)
    for path in done.files:
        click.echo(str(path))
    known = ",".join(f"{side}:{n}" for side, n in heads.items())
    values = {"as_of": done.results["track"]["as_of"], "heads": known}
    click.echo(sentence("portal_report_made", ctx.obj["language"], values))
