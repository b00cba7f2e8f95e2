"""The verb `match`: rank two tables, run a kind of match on two tables, evaluate on pairs with known answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from duijie.data import sentence
from duijie.errors import InputError
from duijie.terms import Listing, Party, Progress

from . import quality
from .kinds import Kind, load_kinds, read_kind
from .run import Match, kind, rank
from .tables import column_of, listings_of, read_rows, write_rows
from .text import shared_words

__all__ = ["group"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("match")
def group() -> None:
    """Needs met with offers, exactly, with reasons."""


@group.command("rank")
@click.option("--needs", type=_FILE, required=True, help="CSV, xlsx or Parquet with an id column.")
@click.option("--offers", type=_FILE, required=True, help="CSV, xlsx or Parquet with an id column.")
@click.option("--text", required=True, help="The column to compare; it must be in both tables.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True)
@click.option("--memory-mb", type=click.IntRange(1), default=None, help="What the search may take; all by default.")
@click.option("--out", type=_FILE, required=True, help="CSV, JSON or Parquet.")
@click.pass_context
def rank_command(
    ctx: click.Context, needs: Path, offers: Path, text: str, top: int, memory_mb: int | None, out: Path
) -> None:
    """The offers nearest to each need by their texts."""
    ours, theirs = read_rows(needs), read_rows(offers)
    need_texts = dict(zip((row["id"] for row in ours), column_of(ours, text, needs), strict=True))
    offer_texts = dict(zip((row["id"] for row in theirs), column_of(theirs, text, offers), strict=True))
    with _bar(len(ours)) as report:
        found = rank(
            list(need_texts),
            list(need_texts.values()),
            list(offer_texts),
            list(offer_texts.values()),
            top=top,
            memory_mb=memory_mb,
            progress=report,
        )
    rows = [
        _pair(need, at, offer, score, shared_words(need_texts[need], offer_texts[offer]))
        for need, offers_of, scores in zip(need_texts, found.ids, found.scores, strict=True)
        for at, (offer, score) in enumerate(zip(offers_of, scores, strict=True), start=1)
    ]
    write_rows(out, rows, ("need", "rank", "offer", "score", "words"))
    _say(ctx, "match_written", file=str(out), n=len(rows))


def _pair(need: str, at: int, offer: str, score: float, met: tuple[str, ...]) -> dict[str, Any]:
    return {"need": need, "rank": at, "offer": offer, "score": round(score, 6), "words": ";".join(met)}


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    """A progress bar on the error stream."""
    shown: Any = click.progressbar(length=max(total, 1), label="match", file=sys.stderr)
    with shown as bar:
        yield lambda label, done, total: bar.update(done - bar.pos)


@group.command("kind")
@click.argument("name", metavar="KIND")
@click.option("--needs", type=_FILE, required=True, help="Columns: id, side, party, industry, and the kind's fields.")
@click.option("--offers", type=_FILE, required=True, help="The same for offers.")
@click.option("--out", type=_FILE, required=True, help="JSON (everything), CSV or Parquet.")
@click.option("--assign", is_flag=True, help="Keep only what the assignment under capacity gives.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The date to judge by; today by default.")
@click.pass_context
def kind_command(
    ctx: click.Context, name: str, needs: Path, offers: Path, out: Path, assign: bool, top: int, on: datetime | None
) -> None:
    """One kind of match (supply, digital, … or the path of your own kind file) on two tables."""
    chosen = _kind(name)
    ours = listings_of(chosen, "need", read_rows(needs), needs)
    theirs = listings_of(chosen, "offer", read_rows(offers), offers)
    day = on.date() if on else date.today()
    found = kind(chosen, ours, theirs, parties=_parties([*ours, *theirs]), on=day, top=top)
    kept = [one for one in found.matches if one.is_assigned or not assign]
    if out.suffix == ".json":
        write_rows(out, [{**found.to_dict(), "matches": [one.to_dict() for one in kept]}], ())
    else:
        rows = [_row(one, ctx.obj["language"]) for one in kept]
        write_rows(out, rows, ("need", "rank", "offer", "score", "is_assigned", "price", "reasons"))
    _say(ctx, "match_written", file=str(out), n=len(kept))
    for lost in found.unmatched:
        reason = lost.relaxation
        text = sentence(reason.code, ctx.obj["language"], reason.values) if reason else ""
        click.echo(f"{lost.need}: {text}", err=True)


def _kind(name: str) -> Kind:
    if name.endswith(".yaml"):
        return read_kind(Path(name))
    if name not in load_kinds():
        raise InputError("match_kind_unknown", {"kind": name, "known": ", ".join(load_kinds())})
    return load_kinds()[name]


def _parties(listings: list[Listing]) -> dict[str, Party]:
    return {one.party: Party(one.party, "firm", one.side, one.party) for one in listings}


def _row(one: Match, language: str) -> dict[str, Any]:
    said = " ".join(sentence(reason.code, language, reason.values) for reason in one.reasons)
    return {**one.to_dict(), "score": round(one.score, 6), "reasons": said}


@group.command("evaluate")
@click.option("--pairs", type=_FILE, required=True, help="Columns: id, query, relevant (the text that answers it).")
@click.option("--out", type=_FILE, default=None, help="CSV, JSON or Parquet; printed as a table in any case.")
@click.pass_context
def evaluate_command(ctx: click.Context, pairs: Path, out: Path | None) -> None:
    """Recall, nDCG and MRR with 95 % bands on pairs with known answers, beside the baselines."""
    rows = read_rows(pairs)
    queries, answers = column_of(rows, "query", pairs), column_of(rows, "relevant", pairs)
    texts = list(dict.fromkeys(answers))
    place = {text: at for at, text in enumerate(texts)}
    found = quality.compare(queries, texts, [{place[answer]} for answer in answers]) if rows else []
    lines = [
        {"method": one.method, "figure": name, "value": band.value, "low": band.low, "high": band.high}
        for one in found
        for name, band in one.figures.items()
    ]
    for line in lines:
        click.echo("{method:<14} {figure:<10} {value:.3f} [{low:.3f}, {high:.3f}]".format_map(line))
    if out is not None:
        write_rows(out, lines, ("method", "figure", "value", "low", "high"))
    _say(ctx, "match_no_labelled_set")


def _say(ctx: click.Context, code: str, **values: Any) -> None:
    click.echo(sentence(code, ctx.obj["language"], values), err=True)
