"""The verb `match`: rank two tables, run a kind of match on two tables, evaluate on pairs with known answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from duijie.data import read, read_json, root, sentence
from duijie.errors import InputError
from duijie.terms import Listing, Party, Progress, Reason
from duijie.terms.days import parse_day

from . import quality
from .explain import gathered
from .kinds import Kind, load_kinds, read_kind
from .learning import WeightBook
from .lessons import learn
from .pairs import judge
from .run import Match, Unmatched, kind, rank, why_not
from .scoring import Circumstances
from .tables import check_ending, column_of, decisions_of, listings_of, read_rows, write_rows
from .text import shared_words

__all__ = ["group"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_ON = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The date to judge by; today by default."
)


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
    check_ending(out)
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
@click.option(
    "--needs", type=_FILE, required=True, help="Columns: id, side, party, town, industry, and the kind's fields."
)
@click.option("--offers", type=_FILE, required=True, help="The same for offers.")
@click.option("--out", type=_FILE, required=True, help="JSON (everything), CSV or Parquet.")
@click.option("--assign", is_flag=True, help="Keep only what the assignment under capacity gives.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True)
@_ON
@click.option("--weights", type=_FILE, default=None, help="What `learn` wrote; its last version is used.")
@click.pass_context
def kind_command(
    ctx: click.Context,
    name: str,
    needs: Path,
    offers: Path,
    out: Path,
    assign: bool,
    top: int,
    on: datetime | None,
    weights: Path | None,
) -> None:
    """One kind of match (supply, digital, … or the path of your own kind file) on two tables."""
    check_ending(out)
    chosen = _kind(name, weights)
    ours, theirs, parties = _sides(chosen, needs, offers)
    world = _world(ctx, on)
    found = kind(
        chosen, ours, theirs, parties=parties, on=world.on, top=top,
        sector_of=world.sector_of, input_output=world.input_output, coder=world.coder,
    )  # fmt: skip
    kept = [one for one in found.matches if one.is_assigned or not assign]
    if out.suffix == ".json":
        write_rows(out, [{**found.to_dict(), "matches": [one.to_dict() for one in kept]}], ())
    else:
        rows = [_row(one, ctx.obj["language"]) for one in kept]
        write_rows(out, rows, ("need", "rank", "offer", "score", "is_assigned", "price", "reasons"))
    _say(ctx, "match_written", file=str(out), n=len(kept))
    for lost in found.unmatched:
        _say(ctx, "match_left_over", need=lost.need, why=_why_left(ctx, chosen, lost))
    for share in found.quotas:
        label = next(one.label for one in chosen.sharing.quotas if one.key == share.quota)
        values = {"quota": label.to_dict(), "value": share.value, "least": share.least, "given": share.given}
        _say(ctx, "match_quota_of" if share.value else "match_quota", **values)


def _why_left(ctx: click.Context, chosen: Kind, lost: Unmatched) -> str:
    """How many offers each rule removes, and what helps."""
    labels = {rule.key: rule.label.to_dict() for rule in chosen.rules}
    removed = [
        _sentence(ctx, "match_removed", {"rule": labels[one.rule], "n": one.n})
        for one in lost.removed
        if one.rule in labels
    ]
    helps = lost.relaxation or Reason("match_no_offers")
    return " ".join([*removed, _sentence(ctx, helps.code, helps.values)])


def _sides(chosen: Kind, needs: Path, offers: Path) -> tuple[list[Listing], list[Listing], dict[str, Party]]:
    """The listings of two tables and who owns them; a column `town` says where an owner sits."""
    tables = read_rows(needs), read_rows(offers)
    ours, theirs = listings_of(chosen, "need", tables[0], needs), listings_of(chosen, "offer", tables[1], offers)
    rows = zip((*ours, *theirs), (*tables[0], *tables[1]), strict=True)
    owners = {one.party: Party(one.party, "firm", one.side, one.party, town=row.get("town", "")) for one, row in rows}
    return ours, theirs, owners


def _world(ctx: click.Context, on: datetime | None) -> Circumstances:
    """The day, and what the command line knows of industries beside the rows; a wing called by itself knows nothing."""
    known = ctx.obj["world"]() if "world" in ctx.obj else Circumstances(date.min)
    return replace(known, on=_day(on))


def _day(on: datetime | None) -> date:
    return parse_day(str(on.date())) if on else date.today()


def _kind(name: str, weights: Path | None = None) -> Kind:
    if name.endswith((".yaml", ".yml")):
        return _book(weights).applied(read_kind(Path(name)))
    if name not in load_kinds():
        raise InputError("match_kind_unknown", {"kind": name, "known": ", ".join(load_kinds())})
    return _book(weights).applied(load_kinds()[name])


def _book(path: Path | None) -> WeightBook:
    """The versions in a file; none where there is no file yet."""
    if path is None or not path.exists():
        return WeightBook(())
    try:
        return WeightBook.from_dict(read_json(path))
    except InputError as error:
        raise InputError("match_no_weight_book", {}, {"file": str(path)}, faults=error.faults) from None


@group.command("why")
@click.argument("name", metavar="KIND")
@click.option("--needs", type=_FILE, required=True)
@click.option("--offers", type=_FILE, required=True)
@click.option("--need", "need_id", required=True, help="The id of the need.")
@click.option("--offer", "offer_id", required=True, help="The id of the offer.")
@_ON
@click.option("--weights", type=_FILE, default=None, help="What `learn` wrote; its last version is used.")
@click.pass_context
def why_command(
    ctx: click.Context,
    name: str,
    needs: Path,
    offers: Path,
    need_id: str,
    offer_id: str,
    on: datetime | None,
    weights: Path | None,
) -> None:
    """Why an offer is, or is not, what a need gets: broken rules, reasons, and what would raise it."""
    chosen = _kind(name, weights)
    ours, theirs, parties = _sides(chosen, needs, offers)
    need, offer = _one(ours, need_id, needs), _one(theirs, offer_id, offers)
    world = _world(ctx, on)
    answer = why_not(chosen, need, offer, theirs, parties=parties, world=world, others=ours)
    values = {"need": need_id, "offer": offer_id, "score": round(answer.score, 3), "rank": answer.rank}
    code = "match_why_allowed" if answer.is_allowed else "match_why_refused"
    click.echo(_sentence(ctx, code, values | {"n": answer.outranked_by}))
    for one in (*answer.failures, *gathered(answer.reasons), *answer.raising[:3]):
        click.echo(f"  {_sentence(ctx, one.code, one.values)}")


def _one(listings: list[Listing], id: str, path: Path) -> Listing:
    found = next((one for one in listings if one.id == id), None)
    if found is None:
        raise InputError("match_id_unknown", {"id": id}, {"file": str(path)})
    return found


@group.command("learn")
@click.argument("name", metavar="KIND")
@click.option("--needs", type=_FILE, required=True)
@click.option("--offers", type=_FILE, required=True)
@click.option("--decisions", type=_FILE, required=True, help="Columns: id, need, offer, decision, reason, stage, on.")
@click.option("--weights", type=_FILE, required=True, help="JSON; a new version is added to those it has.")
@_ON
@click.pass_context
def learn_command(
    ctx: click.Context, name: str, needs: Path, offers: Path, decisions: Path, weights: Path, on: datetime | None
) -> None:
    """New weights of a kind from what was accepted and declined, within the bounds of its file."""
    chosen, book = _kind(name), _book(weights)
    ours, theirs, parties = _sides(chosen, needs, offers)
    policy = read(root() / "policies" / "learning.yaml", "learning")
    told = decisions_of(read_rows(decisions), decisions)
    found = learn(chosen, ours, theirs, told, parties=parties, world=_world(ctx, on), policy=policy)
    if found is None:
        _say(ctx, "match_too_few_decisions", accepted=policy["least_accepted"], declined=policy["least_declined"])
        return
    book = book.added(found)
    _keep(book, weights)
    used = book.versions[-1]
    values = {"version": used.version, "before": f"{used.before:.3f}", "after": f"{used.after:.3f}", "n": used.n}
    _say(ctx, "match_learnt", **values)
    for term, (_, weight) in zip(chosen.terms, used.weights, strict=True):
        values = {"term": term.label.to_dict(), "before": f"{term.weight:.3f}", "after": f"{weight:.3f}"}
        click.echo(_sentence(ctx, "match_weight_moved", values))


def _keep(book: WeightBook, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@group.command("roll-back")
@click.option("--weights", type=_FILE, required=True, help="What `learn` wrote.")
@click.option("--to", "version", type=int, required=True, help="The version to use again.")
@_ON
@click.pass_context
def roll_back_command(ctx: click.Context, weights: Path, version: int, on: datetime | None) -> None:
    """Use an earlier version of learnt weights again, as a new version."""
    book = _book(weights).rolled_back(version, _day(on))
    _keep(book, weights)
    _say(ctx, "match_rolled_back", version=version, now=book.versions[-1].version)


def _row(one: Match, language: str) -> dict[str, Any]:
    said = " ".join(sentence(reason.code, language, reason.values) for reason in gathered(one.reasons))
    return {**one.to_dict(), "score": round(one.score, 6), "reasons": said}


@group.command("evaluate")
@click.option("--pairs", type=_FILE, required=True, help="Columns: id, query, relevant; with --kind: need, offer.")
@click.option("--kind", "name", default=None, help="Judge this kind on real pairs of --needs and --offers.")
@click.option("--needs", type=_FILE, default=None, help="With --kind: id, name, text, products.")
@click.option("--offers", type=_FILE, default=None, help="The same; all of them are candidates for each need.")
@click.option("--json", "as_json", is_flag=True, help="With --kind: print JSON.")
@click.option("--out", type=_FILE, default=None, help="CSV, JSON or Parquet; printed as a table in any case.")
@_ON
@click.pass_context
def evaluate_command(
    ctx: click.Context,
    pairs: Path,
    name: str | None,
    needs: Path | None,
    offers: Path | None,
    as_json: bool,
    out: Path | None,
    on: datetime | None,
) -> None:
    """Recall, nDCG and MRR on pairs with known answers, beside the baselines: of texts, or of a kind of match."""
    if name is None:
        _of_texts(ctx, pairs, out)
        return
    if needs is None or offers is None:
        raise InputError("match_evaluate_kind")
    files = (needs, offers, pairs)
    tables = read_rows(needs), read_rows(offers), read_rows(pairs, has_ids=False)
    found = judge(_kind(name), *tables, files, _world(ctx, on))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for title, one in {
        "duijie": found["duijie"],
        **found["baselines"],
        "blind": found["blind"],
        "shuffled": found["shuffled"],
    }.items():
        click.echo(f"{title:<12} " + "  ".join(f"{key} {value:.3f}" for key, value in one.items()))
    click.echo("recall@10 {low:+.3f} … {high:+.3f}".format_map(found["paired_recall@10"]))


def _of_texts(ctx: click.Context, pairs: Path, out: Path | None) -> None:
    """The text search alone, with 95 % bands."""
    rows = read_rows(pairs)
    if not rows:
        raise InputError("match_no_pairs", {}, {"file": str(pairs)})
    queries, answers = column_of(rows, "query", pairs), column_of(rows, "relevant", pairs)
    texts = list(dict.fromkeys(answers))
    place = {text: at for at, text in enumerate(texts)}
    found = quality.compare(queries, texts, [{place[answer]} for answer in answers])
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
    click.echo(_sentence(ctx, code, values), err=True)


def _sentence(ctx: click.Context, code: str, values: Mapping[str, Any]) -> str:
    return sentence(code, ctx.obj["language"], values)
