"""``duijie track``: how the clauses stand, the three lists, what changed, who is silent, who gets what."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from duijie import data
from duijie.data import sentence
from duijie.errors import InputError
from duijie.ledger.kinds import case_kinds
from duijie.terms import Agreement
from duijie.terms.days import parse_day

from .agreement import load_agreement
from .benefit import Relocation, Sharing, rule_of, share_benefits
from .changes import difference, quarter
from .docking import Contact, pairs_of, silent_pairs, ticket_state
from .exports import iati
from .lists import duty_list, project_list, task_list, timetable
from .records import read_lines
from .run import progress
from .standing import Progress

__all__ = ["group"]

_PAGE = 160  # characters a line where no terminal says how wide it is
_FED = {
    "step": "steps",
    "action": "actions",
    "ticket": "tickets",
    "decision": "decisions",
    "target": "targets",
    "amendment": "amendments",
}


@dataclass(frozen=True)
class _Life:
    """An agreement with the records beside it, if any."""

    agreement: Agreement
    records: Mapping[str, tuple[Any, ...]]

    def standing(self, as_of: date) -> Progress:
        fed: dict[str, Any] = {name: self.records.get(kind, ()) for kind, name in _FED.items()}
        return progress(self.agreement, as_of=as_of, listings=self.records.get("listing"), **fed)


def _life(agreement: str, records: Path | None) -> _Life:
    folder = data.agreement_folder(agreement)
    click.get_current_context().with_resource(data.inside(folder))
    beside = records or folder / "records.jsonl"
    return _Life(load_agreement(folder), read_lines(beside) if records or beside.exists() else {})


def _asked(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every question about an agreement has."""
    decorators: Sequence[Callable[[Any], Any]] = (
        click.argument("agreement"),
        click.option(
            "--records", type=click.Path(path_type=Path), help="A records.jsonl; the folder's own by default."
        ),
        click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day asked for; today if absent."),
        click.option("--json", "as_json", is_flag=True, help="Plain JSON instead of a table."),
        click.pass_context,
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def _day(as_of: datetime | None) -> date:
    return parse_day(str(as_of.date())) if as_of else date.today()


def _language(ctx: click.Context) -> str:
    return str((ctx.obj or {}).get("language", "zh"))


def _show(ctx: click.Context, headings: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    language = _language(ctx)
    table = Table(title=title, title_justify="left")
    for one in headings:
        table.add_column(sentence(f"track_col_{one}", language), overflow="fold")
    for row in rows:
        table.add_row(*(_text(cell, language) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PAGE).print(table)


def _text(cell: Any, language: str) -> str:
    if cell is None or cell == "":
        return "—"
    if isinstance(cell, Mapping) and set(cell) <= {"zh", "en"}:
        return str(cell.get(language) or next(iter(cell.values()), "")) or "—"
    if isinstance(cell, Mapping):
        return "; ".join(f"{key} {_text(one, language)}" for key, one in cell.items()) or "—"
    if isinstance(cell, list | tuple):
        return "; ".join(_text(one, language) for one in cell) or "—"
    return f"{cell:,.2f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)


def _json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


@click.group("track")
def group() -> None:
    """跟踪 · how an agreement stands, clause by clause, from recorded steps."""


@group.command("status")
@_asked
def status(ctx: click.Context, agreement: str, records: Path | None, as_of: datetime | None, as_json: bool) -> None:
    """The clauses of AGREEMENT (a built-in name or a folder) with their lights and reasons."""
    found = _life(agreement, records).standing(_day(as_of)).to_dict()
    if as_json:
        return _json(found)
    language = _language(ctx)
    rows = [
        (
            one["number"],
            one["title"],
            sentence(f"track_light_{one['light']}", language),
            one["n_cases"],
            one["chain"]["signed"],
            one["chain"]["delivered"],
            [sentence(reason["code"], language, reason["values"]) for reason in one["reasons"][:2]],
        )
        for one in found["clauses"]
    ]
    title = " · ".join(part for part in (_text(found["title"], language), found["as_of"]) if part)
    if found["is_rehearsal"]:
        click.echo(_text(found["banner"], language))
    _show(ctx, ("number", "clause", "light", "cases", "signed", "delivered", "reasons"), rows, title=title)
    return None


_LISTS: Mapping[str, tuple[Callable[[Progress, _Life], Sequence[Any]], tuple[str, ...]]] = {
    "tasks": (
        lambda standing, life: task_list(standing),
        ("number", "item", "lead", "support", "due_on", "state", "light", "problem", "next_step"),
    ),
    "duties": (
        lambda standing, life: duty_list(standing),
        ("side", "department", "role", "number", "item", "due_on", "state", "light"),
    ),
    "projects": (
        lambda standing, life: project_list(life.records.get("step", ()), as_of=standing.as_of),
        ("case", "clause", "node", "node_on", "signed_on", "signed", "delivered", "evidence"),
    ),
    "timetable": (
        lambda standing, life: timetable(standing),
        ("due_on", "clause", "item", "milestone", "standing"),
    ),
}


@group.command("lists")
@click.option("--list", "which", type=click.Choice(list(_LISTS)), default="tasks", show_default=True)
@_asked
def lists(
    ctx: click.Context, which: str, agreement: str, records: Path | None, as_of: datetime | None, as_json: bool
) -> None:
    """任务清单, 责任清单, 项目清单, 时间表 of AGREEMENT."""
    life = _life(agreement, records)
    make, columns = _LISTS[which]
    rows = [row.to_dict() for row in make(life.standing(_day(as_of)), life)]
    if as_json:
        return _json(rows)
    spoken = (_spoken(row, life.agreement, _language(ctx)) for row in rows)
    return _show(ctx, columns, ([row[column] for column in columns] for row in spoken))


def _spoken(row: Mapping[str, Any], agreement: Agreement, language: str) -> dict[str, Any]:
    """A row as a person reads it: lights, nodes and roles as words, sides by their short names."""
    sides = {region.code: (region.short if region.short.zh else region.name).to_dict() for region in agreement.sides}
    said = dict(row)
    for column, code in (("light", "light"), ("node", "node"), ("role", "role"), ("standing", "light")):
        if row.get(column):
            said[column] = sentence(f"track_{code}_{row[column]}", language)
    for column in ("lead", "support"):
        if column in row:
            said[column] = {_text(sides[side], language): names for side, names in row[column].items() if names}
    return said | ({"side": sides[row["side"]]} if "side" in row else {})


@group.command("changes")
@click.option("--quarter", "which", required=True, help="For example 2024-Q3.")
@_asked
def changes(
    ctx: click.Context, which: str, agreement: str, records: Path | None, as_of: datetime | None, as_json: bool
) -> None:
    """What a quarter changed in AGREEMENT; --as-of cuts a quarter that is not over."""
    before, after = quarter(which)
    life = _life(agreement, records)
    last = min(after, _day(as_of))
    found = [one.to_dict() for one in difference(life.standing(before), life.standing(last))]
    if as_json:
        return _json(found)
    spoken = [_told(one, life.agreement, _language(ctx)) for one in found]
    columns = ("clause", "what", "key", "before", "after")
    return _show(ctx, columns, ([one[column] for column in columns] for one in spoken), title=f"{before} → {last}")


def _told(change: Mapping[str, Any], agreement: Agreement, language: str) -> dict[str, Any]:
    """A change as a person reads it: titles for keys, words for lights, nodes and states."""
    titles = {one.key: one.title.to_dict() for one in agreement.clauses}
    nodes = {node.key: node.name.to_dict() for one in case_kinds().values() for node in one.nodes.values()}
    said = {**change, "clause": titles[change["clause"]], "key": change["name"] or change["key"]}
    said["what"] = sentence(f"track_what_{change['what']}", language)
    if change["what"] == "chain":
        said["key"] = sentence(f"track_node_{change['key']}", language)
    for when in ("before", "after"):
        if change["what"] in ("light", "milestone") and change[when]:
            said[when] = sentence(f"track_light_{change[when]}", language)
        elif change["what"] == "action":
            said[when] = nodes.get(change[when], change[when])
    return said


@group.command("docking")
@_asked
def docking(ctx: click.Context, agreement: str, records: Path | None, as_of: datetime | None, as_json: bool) -> None:
    """The department pairs of AGREEMENT: how their tickets stand, and who has been silent."""
    life, day = _life(agreement, records), _day(as_of)
    tickets = life.records.get("ticket", ())
    contacts = [
        Contact((one.from_department, one.to_department), on, "ticket")
        for one in tickets
        for on in (one.opened_on, one.replied_on)
        if on
    ]
    rows = []
    for pair in silent_pairs(pairs_of(life.agreement), contacts, as_of=day):
        keys = {one.key for one in pair.departments}
        own = [one for one in tickets if {one.from_department, one.to_department} == keys]
        states = [ticket_state(one, as_of=day).state for one in own if one.opened_on <= day.isoformat()]
        counts = {state: states.count(state) for state in ("in_time", "late", "open", "overdue")}
        rows.append(
            {
                "domain": pair.domain.to_dict(),
                **counts,
                "last_on": pair.last_on,
                "silent_days": pair.silent_working_days,
                "is_silent": pair.is_silent,
            }
        )
    if as_json:
        return _json(rows)
    columns = ("domain", "in_time", "late", "open", "overdue", "last_on", "silent_days", "is_silent")
    return _show(ctx, columns, ([row[column] for column in columns] for row in rows))


@group.command("export")
@click.option("--publisher", default="duijie", show_default=True, help="Leads the identifiers.")
@_asked
def export(
    ctx: click.Context, publisher: str, agreement: str, records: Path | None, as_of: datetime | None, as_json: bool
) -> None:
    """AGREEMENT as XML in the manner of IATI 2.03, or (--json) as the document track.json."""
    standing = _life(agreement, records).standing(_day(as_of))
    if as_json:
        return _json(standing.to_dict())
    return click.echo(iati(standing, publisher=publisher))


@group.command("benefit")
@click.argument("case", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rule", "key", default="tax-sharing-2015", show_default=True, help="A built-in rule or a file.")
@click.option("--json", "as_json", is_flag=True, help="Plain JSON instead of a table.")
@click.pass_context
def benefit(ctx: click.Context, case: Path, key: str, as_json: bool) -> None:
    """Who gets what of the taxes of a moved plant: CASE is a YAML file with the years before and after."""
    rule = rule_of(data.read(_rule_file(key), "benefit"))
    found = share_benefits(rule, _relocation(data.read(case, "relocation")))
    if as_json:
        return _json(_plain(found))
    language = _language(ctx)
    for reason in found.reasons:
        click.echo(sentence(reason.code, language, reason.values))
    rows: list[Sequence[Any]] = [(one.year, one.local_cny, one.shares_cny, one.cap_left_cny) for one in found.years]
    rows.append((sentence("track_total", language), sum(one.local_cny for one in found.years), found.totals_cny, None))
    title = f"{rule.title.to_dict()[language]}"
    return _show(ctx, ("year", "local_cny", "shares_cny", "cap_left_cny"), rows, title=title)


def _rule_file(key: str) -> Path:
    known = {path.stem: path for path in data.listing("policies/benefit")}
    if key not in known and not Path(key).is_file():
        raise InputError("track_benefit_no_rule", {"rule": key, "known": ", ".join(known)})
    return known.get(key, Path(key))


def _relocation(document: Mapping[str, Any]) -> Relocation:
    before, after = ({int(year): paid for year, paid in document[when].items()} for when in ("before", "after"))
    confirmed, sides = (tuple(document.get(name, ())) for name in ("confirmed_by", "sides"))
    return Relocation(document["led_by"], document["fits_destination"], confirmed, before, after, sides)


def _plain(found: Sharing) -> dict[str, Any]:
    years = [
        {
            "year": one.year,
            "local_cny": one.local_cny,
            "shares_cny": dict(one.shares_cny),
            "cap_left_cny": one.cap_left_cny,
        }
        for one in found.years
    ]
    return {
        "rule": found.rule,
        "is_eligible": found.is_eligible,
        "is_by_analogy": found.is_by_analogy,
        "cap_cny": found.cap_cny,
        "is_cap_reached": found.is_cap_reached,
        "years": years,
        "totals_cny": dict(found.totals_cny),
        "reasons": [reason.to_dict() for reason in found.reasons],
    }
