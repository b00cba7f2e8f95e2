"""``duijie intake`` and ``duijie check``: files in, faults out, by the words of the language asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import click
from rich.console import Console
from rich.table import Table

from duijie.data import sentence
from duijie.errors import Fault, InputError
from duijie.sheets import sheets
from duijie.terms import Language
from duijie.terms.days import parse_day

from .coded import code_file
from .correcting import corrected_copy
from .entities import merge_queue
from .headings import find_heading, recall, remember, signature
from .layouts import kinds, layout
from .pages import guess
from .quality import FileQuality, Quality, examine
from .shapes import LeftOut
from .tables import Intake, read_table, take_in

__all__ = ["check", "group"]

_SHOWN = 20
_existing = click.Path(exists=True, path_type=Path)
_out = click.Path(path_type=Path)


def _language(ctx: click.Context) -> Language:
    return cast(Language, (ctx.obj or {}).get("language", "zh"))


class _Files(click.Group):
    """``duijie intake FILE`` is short for ``duijie intake file FILE``."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["file", *args])


@click.group(cls=_Files)
def group() -> None:
    """Files in, clean and coded, with every fault named."""


@group.command("file")
@click.argument("file", type=_existing)
@click.option("--kind", type=click.Choice(kinds()), help="What the file holds; guessed from its heading if absent.")
@click.option("--out", type=_out, help="Parquet file to write; without it nothing is written (dry run).")
@click.option("--map", "pairs", multiple=True, metavar="HEADING=KEY", help="Name a column; HEADING= leaves it out.")
@click.option("--maps", type=_out, help="File in which the columns of each source are remembered.")
@click.option("--corrected", type=_out, help="Write an xlsx copy with the faults marked.")
@click.option(
    "--keep-sound-rows", is_flag=True, help="Write the rows without faults; otherwise one fault keeps all back."
)
@click.option(
    "--hidden",
    type=click.Choice(["ask", "take", "leave"]),
    default="ask",
    help="Rows and sheets not shown: a fault that asks, read like the rest, or left out.",
)
@click.option("--as-of", default="", help="Date of the data where the rows do not say it.")
@click.option("--source", default="", help="Where the data comes from where the rows do not say it.")
@click.option("--department", default="", help="Who sends it where the rows do not say it.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day against which dates are checked.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def take_file(
    ctx: click.Context,
    /,
    file: Path,
    kind: str | None,
    out: Path | None,
    pairs: Sequence[str],
    maps: Path | None,
    corrected: Path | None,
    keep_sound_rows: bool,
    today: datetime | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Read and check FILE; write it with --out."""
    language, opened = _language(ctx), sheets(file)
    guessed, first = guess(opened)
    kind = kind or guessed
    if not kind:
        headings = next(([str(cell) for cell in cells if cell] for _, cells in first if any(cells)), [])
        raise InputError("kind_not_found", {"headings": headings[:20]}, {"file": file.name}, "kind_name")
    mapping = _mapping(pairs, maps, first, kind)
    day = parse_day(str(today.date())) if today else date.today()
    checks: dict[str, Any] = {
        "keep_sound_rows": keep_sound_rows,
        "is_refusing": False,
        "mapping": mapping,
        "opened": opened,
    }
    found = take_in(file, kind, out, today=day, **checks, **said)
    if corrected and found.faults:
        corrected_copy(file, found.faults, corrected, language=language)
    _tell(found, language, as_json, out if found.is_written else None)
    if found.n_faults and not found.is_written:
        raise SystemExit(1)


def _mapping(pairs: Sequence[str], maps: Path | None, first: Sequence[tuple[int, Any]], kind: str) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise click.BadParameter(", ".join(wrong), param_hint="--map")
    given = dict(pair.rsplit("=", 1) for pair in pairs)
    if maps is None:
        return given
    mark = signature(find_heading(first, layout(kind), {}, given))
    if given:
        remember(maps, mark, recall(maps, mark) | given)
    return recall(maps, mark)


@group.command("code")
@click.argument("file", type=_existing)
@click.option("--out", type=_out, required=True, help="The csv to write: one line of codes for each row.")
@click.option("--name", help="Heading of the names. Without any heading all three are looked for.")
@click.option("--scope", help="Heading of the business scopes.")
@click.option("--products", help="Heading of the products.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Less sure: left empty.")
@click.pass_context
def code(ctx: click.Context, /, file: Path, out: Path, threshold: float, **given: str | None) -> None:
    """Code the organisations of FILE by GB/T 4754-2017, with a confidence; unsure ones stay empty."""
    language = _language(ctx)
    columns = {key: column for key, column in given.items() if column}
    found = code_file(file, out, columns, untested=sentence("code_untested", language), threshold=threshold)
    values = {"n": found.n, "coded": found.n_coded, "untested": found.n_untested, "file": str(out)}
    click.echo(sentence("code_done", language, values))
    if found.others:
        click.echo(sentence("code_others", language, {"sheets": list(found.others)}))


@group.command("kinds")
@click.pass_context
def list_kinds(ctx: click.Context) -> None:
    """The kinds of table and their columns; required ones have a star."""
    language = _language(ctx)
    for kind in kinds():
        form = layout(kind)
        columns = [f"{column.label[language]}{'*' if column.is_required else ''}" for column in form.columns.values()]
        click.echo(f"{kind} · {form.label[language]}: {', '.join(columns)}")


@group.command("duplicates")
@click.argument("files", type=_existing, nargs=-1, required=True)
@click.option("--out", type=_out, help="Write the queue as JSON.")
@click.option("--least", default=0.5, show_default=True, help="Leave out pairs less likely than this.")
@click.pass_context
def find_duplicates(ctx: click.Context, files: Sequence[Path], out: Path | None, least: float) -> None:
    """Organisations of FILES that may be one and the same: a queue for a person to decide."""
    language = _language(ctx)
    found = [read_table(file, "firms", is_coded=False) for file in files]
    queue = merge_queue([one.to_arrow() for one in found], least=least)
    if out:
        out.write_text(json.dumps(queue.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
    table = Table(title=sentence("queue_title", language, {"n": len(queue.pairs)}))
    for code in ("queue_chance", "queue_one", "queue_other", "queue_reasons"):
        table.add_column(sentence(code, language))
    for pair in queue.pairs[:_SHOWN]:
        reasons = "; ".join(sentence(reason.code, language, reason.values) for reason in pair.reasons)
        table.add_row(f"{pair.chance:.2f}", queue.names[pair.one], queue.names[pair.other], reasons)
    Console().print(table)
    for one in found:
        if one.n_faults:
            values = {"file": one.file, "n": one.n_faults, "rows": one.n_faulty_rows}
            click.echo(sentence("queue_aside", language, values))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--maps", type=_out, help="File in which the columns of each source are remembered.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day freshness is counted to.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def check(ctx: click.Context, folder: Path, maps: Path | None, today: datetime | None, as_json: bool) -> None:
    """Report the quality of the data in FOLDER; a sub-folder stands for a department."""
    found = examine(folder, today=parse_day(str(today.date())) if today else date.today(), maps=maps)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    else:
        _show(found, _language(ctx))
    if any(file.counts for file in found.files):
        raise SystemExit(1)


def _tell(found: Intake, language: Language, as_json: bool, written: Path | None) -> None:
    if as_json:
        faults = [
            {"code": fault.code, "where": dict(fault.where), "values": dict(fault.values), **_said(fault, language)}
            for fault in found.faults
        ]
        report = FileQuality(found.file, found.kind, "", found).to_dict() | {"faults": faults}
        click.echo(json.dumps(report, ensure_ascii=False, indent=1, default=str))
        return
    values = {
        "file": found.file,
        "kind": layout(found.kind).label.to_dict(),
        "rows": found.n_rows,
        "n": found.n_faults,
        "faulty": found.n_faulty_rows,
        "mended": found.n_mended,
        "skipped": found.n_skipped,
    }
    click.echo(sentence("intake_done", language, values))
    for told in _columns_aside(found, language):
        click.echo(told)
    if found.encoding not in ("", "UTF-8"):
        click.echo(sentence("intake_encoding", language, {"encoding": found.encoding}))
    for one in found.left_out[:_SHOWN]:
        click.echo(f"  {_left_out(one, language)}")
    if len(found.left_out) > _SHOWN:
        click.echo(sentence("left_more", language, {"n": len(found.left_out) - _SHOWN}))
    for fault in found.faults[:_SHOWN]:
        said = _said(fault, language)
        click.echo(f"  {_place(fault, language)} {said['reason']} → {said['remedy']}")
    if found.n_faults > _SHOWN:
        click.echo(sentence("faults_more", language, {"n": found.n_faults - _SHOWN}))
    if written:
        click.echo(sentence("intake_written", language, {"file": str(written)}))


def _place(fault: Fault, language: Language) -> str:
    """Where a fault is, as the office's own program names it; the file stands above."""
    where = {key: fault.where.get(key) or "" for key in ("sheet", "row", "column")}
    parts = [sentence(f"fault_at_{key}", language, where) for key, value in where.items() if value]
    return " ".join(parts)


def _left_out(one: LeftOut, language: Language) -> str:
    """A line that is no record: where it stands, why, and how it begins."""
    place = _place(Fault("", {"sheet": one.sheet, "row": one.row}), language)
    return f"{place} {sentence(f'left_{one.why}', language)}{f'：{one.text}' if one.text else ''}"


def _said(fault: Fault, language: Language) -> dict[str, str]:
    remedy = sentence(fault.hint, language, fault.values) if fault.hint else ""
    return {"reason": sentence(fault.code, language, fault.values), "remedy": remedy}


def _show(found: Quality, language: Language) -> None:
    console = Console()
    files = Table(title=sentence("quality_files", language))
    for code in ("quality_file", "quality_kind", "quality_rows", "quality_faulty", "quality_full", "quality_latest"):
        files.add_column(sentence(code, language))
    for file in found.files:
        files.add_row(*_file_row(file, language))
    console.print(files)
    table = Table(title=sentence("quality_departments", language))
    for code in (
        "quality_department",
        "quality_n_files",
        "quality_rows",
        "quality_sound",
        "quality_full",
        "quality_sourced",
        "quality_latest",
        "quality_age",
    ):
        table.add_column(sentence(code, language))
    for name, own in found.by_department().items():
        age = "" if own["age_days"] is None else str(own["age_days"])
        shown = name or sentence("quality_nobody", language)
        shares = [f"{own[key]:.0%}" for key in ("sound_share", "filled_share", "sourced_share")]
        table.add_row(shown, str(own["files"]), str(own["rows"]), *shares, own["latest"], age)
    console.print(table)
    for file in found.files:
        for code, n in sorted(file.counts.items(), key=lambda one: -one[1]):
            first = next((one for one in file.faults if one.code == code), None)
            told = f"{_place(first, language)} {_said(first, language)['reason']}" if first else code
            console.print(f"{file.file}: {n} × {told}", highlight=False, markup=False, soft_wrap=True)
        for told in _aside(file, language):
            console.print(f"{file.file}: {told}", highlight=False, markup=False, soft_wrap=True)
    if found.others:
        click.echo(sentence("quality_others", language, {"files": list(found.others)}))


def _aside(file: FileQuality, language: Language) -> Iterator[str]:
    """What of a file was not read though it is no fault: lines by the reason, and columns."""
    if file.intake is None:
        return
    for why, n in Counter(one.why for one in file.intake.left_out).items():
        first = next(one for one in file.intake.left_out if one.why == why)
        yield f"{n} × {_left_out(first, language)}"
    yield from _columns_aside(file.intake, language)


def _columns_aside(found: Intake, language: Language) -> Iterator[str]:
    for code, names in (("columns_unknown", found.unknown), ("columns_personal", found.personal)):
        if names:
            yield sentence(code, language, {"columns": list(names)})


def _file_row(file: FileQuality, language: Language) -> tuple[str, ...]:
    if file.intake is None:
        error = file.error
        return (file.file, sentence(error.code, language, error.values) if error else "", "", "", "", "")
    found = file.intake
    full = sum(found.coverage.values()) / len(found.coverage) if found.coverage else 0.0
    label = layout(file.kind).label[language]
    return (file.file, label, str(found.n_rows), str(found.n_faulty_rows), f"{full:.0%}", found.as_of[1])
