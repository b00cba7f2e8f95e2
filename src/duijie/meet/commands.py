"""``duijie meet``: solve a published instance, plan a day, re-plan it, plan visits."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from duijie.data.words import sentence

from .calendars import feed
from .dzn import read_dzn
from .files import read_csv, read_json
from .instance import Instance
from .planning import plan
from .timetable import Timetable

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
    reasons = [*found.clash, *(reason for one in found.unplaced for reason in one.reasons)]
    for reason in reasons:
        click.echo(sentence(reason.code, language, reason.values))
