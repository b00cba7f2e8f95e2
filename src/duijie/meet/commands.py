"""``duijie meet``: solve a published instance, plan a day, re-plan it, plan visits."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from duijie import data
from duijie.data import sentence
from duijie.data.typed import typed
from duijie.errors import Fault, InputError

from .calendars import feed
from .dzn import read_dzn
from .files import read_csv, read_json
from .instance import Instance, Meeting
from .itinerary import visits
from .letters import letters, read_letter
from .planning import plan
from .replanning import Move, replan
from .timetable import Placement, Timetable
from .visit import read_visits

__all__ = ["group"]

_SECONDS = click.option("--seconds", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True)
_SEED = click.option("--seed", type=int, default=0, show_default=True)
_WORKERS = click.option("--workers", type=click.IntRange(1), default=2, show_default=True)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON · 输出 JSON")
_LANGUAGE = click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)


@click.group("meet")
def group() -> None:
    """Who meets whom, when and where · 对接会面排程"""


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
@_SECONDS
@click.option("--fairness", type=click.IntRange(0), default=None, help="Most breaks minus fewest, at most · 公平界")
@_SEED
@_WORKERS
@_JSON
@_LANGUAGE
def solve(
    file: Path, seconds: float, fairness: int | None, seed: int, workers: int, as_json: bool, language: Any
) -> None:
    """Solve a .dzn instance by the published definition · 求解 .dzn 算例"""
    found = plan(read_dzn(file, fairness=fairness), seconds=seconds, seed=seed, workers=workers)
    has_plan = found.status in ("optimal", "feasible")
    bounds = {level.name: level.bound for level in found.levels}
    document = {
        "status": found.status,
        "breaks": found.breaks if has_plan else None,
        "bound": int(bounds["breaks"]) if has_plan else None,
        "seconds": round(found.seconds, 3),
        "first_seconds": None if found.first_seconds is None else round(found.first_seconds, 3),
        "slots": {meeting: int(slot) for meeting, slot in found.slots.items()},
        "clash": [reason.to_dict() for reason in found.clash],
    }
    _say(document, found, as_json, language)


@group.command("plan")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for meet.json and meet.ics")
@_SECONDS
@_SEED
@_WORKERS
@_JSON
@_LANGUAGE
def plan_command(
    source: Path, out: Path | None, seconds: float, seed: int, workers: int, as_json: bool, language: Any
) -> None:
    """Plan the day in SOURCE: a JSON file, a .dzn file or a folder of CSV tables · 排定会面日程"""
    found = plan(_read(source), seconds=seconds, seed=seed, workers=workers)
    document = found.to_dict()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "meet.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        now = datetime.now().astimezone()
        (out / "meet.ics").write_bytes(feed(found, calendar=source.stem, stamped_at=now, language=language))
    _say(document, found, as_json, language)


@group.command("replan")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--held", required=True, type=click.Path(path_type=Path), help="meet.json of the plan in people's hands")
@click.option("--now", help="Key of the first slot that has not begun · 尚未开始的第一个时段")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=2.0, show_default=True)
@_SEED
@_JSON
@_LANGUAGE
def replan_command(
    source: Path, held: Path, now: str | None, seconds: float, seed: int, as_json: bool, language: Any
) -> None:
    """Re-plan the day as SOURCE now says it, with the fewest changes to the plan held · 以最少变动重排"""
    instance = _read(source)
    found = replan(_held(held, instance), instance, now=now, seconds=seconds, seed=seed)
    document = found.timetable.to_dict() | {
        "n_moved": found.n_moved,
        "n_forced": found.n_forced,
        "is_fewest": found.is_fewest,
        "moves": [_move(move) for move in found.moves],
    }
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    values = {"n_moved": found.n_moved, "n_forced": found.n_forced, "n_people": len(found.people)}
    click.echo(sentence("meet_replanned", language, values))
    for move in document["moves"]:
        click.echo("\t".join(str(part or "–") for part in move.values()))
    _say_why(found.timetable, language)


def _held(path: Path, instance: Instance) -> Timetable:
    """The plan of a ``meet.json``, as far as a re-plan needs it."""
    document, faults = data.read_json(path), list[Fault]()
    rows = document.get("meetings") if isinstance(document, dict) else None
    names = [one.name for one in fields(_HeldRow)]
    plain = [{key: row[key] for key in names if key in row} if isinstance(row, dict) else row for row in rows or ()]
    held = typed(_HeldFile, {"meetings": plain if isinstance(rows, list) else rows}, {"file": path.name}, faults)
    if held is None:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": path.name}, faults=faults)
    placements = [Placement(row.id, row.slot, row.table, row.interpreter) for row in held.meetings]
    gone = [Meeting(row.id, row.people) for row in held.meetings if row.id not in instance.meeting_index]
    return Timetable(replace(instance, meetings=(*instance.meetings, *gone)), "feasible", tuple(placements))


@dataclass(frozen=True)
class _HeldRow:
    id: str
    slot: str
    table: str
    people: tuple[str, ...]
    interpreter: str = ""


@dataclass(frozen=True)
class _HeldFile:
    """A plan in people's hands, as far as a re-plan needs it."""

    meetings: tuple[_HeldRow, ...]


def _move(move: Move) -> dict[str, Any]:
    before, after = move.before, move.after
    return {
        "person": move.person,
        "meeting": move.meeting,
        "slot_before": before.slot if before else None,
        "table_before": before.table if before else None,
        "slot": after.slot if after else None,
        "table": after.table if after else None,
    }


@group.command("visits")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--letters", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder for letters · 函件文件夹"
)
@_SECONDS
@_SEED
@_WORKERS
@_JSON
@_LANGUAGE
def visits_command(
    source: Path, folder: Path | None, seconds: float, seed: int, workers: int, as_json: bool, language: Any
) -> None:
    """Plan the study visits described in SOURCE, a JSON file · 规划考察行程"""
    asked = read_visits(source)
    letter = None if folder is None else read_letter(source)
    found = visits(**asked, seconds=seconds, seed=seed, workers=workers)
    if folder is not None and letter is not None:
        own = {name: asked[name] for name in ("groups", "hosts", "trains")}
        papers = letters(letter, found, **own, language=language)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in papers.items():
            (folder / name).write_bytes(content)
        click.echo(sentence("meet_letters_written", language, {"n": len(papers), "folder": folder}), err=True)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    values = {"interest": found.interest, "bound": found.bound, "road_min": found.road_min}
    click.echo(sentence(f"meet_visits_{found.status}", language, values))
    for stop in found.stops:
        span = f"{stop.starts_at:%Y-%m-%d %H:%M}–{stop.ends_at:%H:%M}"
        click.echo("\t".join((stop.group, span, stop.kind, stop.key, stop.place)))
    for one in found.unvisited:
        for reason in one.reasons:
            click.echo(f"{one.group}\t{one.host}\t{sentence(reason.code, language, reason.values)}")


def _read(source: Path) -> Instance:
    if source.is_dir():
        return read_csv(source)
    return read_dzn(source) if source.suffix == ".dzn" else read_json(source)


def _say(document: dict[str, Any], found: Timetable, as_json: bool, language: Any) -> None:
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    values = {
        "n_placed": len(found.placements),
        "n_requested": len(found.instance.meetings),
        "breaks": found.breaks,
        "bound": found.bound,
        "objective": found.objective,
        "seconds": round(found.seconds, 1),
    }
    click.echo(sentence(f"meet_status_{found.status}", language, values))
    for one in found.placements:
        click.echo(f"{one.slot}\t{one.table}\t{one.meeting}")
    _say_why(found, language)


def _say_why(found: Timetable, language: Any) -> None:
    """What clashes, and for each meeting that is not held what stands in its way."""
    for reason in found.clash:
        click.echo(sentence(reason.code, language, reason.values))
    for one in found.unplaced:
        for reason in one.reasons:
            click.echo(f"{one.meeting}\t{sentence(reason.code, language, reason.values)}")
