"""Doors are narrow and documented; files stay one idea long; nothing is left unfinished."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

WINGS = ("diagnose", "match", "meet", "track", "share")


@pytest.mark.parametrize("wing", (*WINGS, "intake"))
def test_a_door_has_three_to_seven_names(wing: str) -> None:
    names = import_module(f"duijie.{wing}").__all__
    assert 3 <= len(names) <= 7, names


@pytest.mark.parametrize("wing", (*WINGS, "intake", "store", "terms", "data"))
def test_what_a_door_shows_is_documented(wing: str) -> None:
    door = import_module(f"duijie.{wing}")
    shown = {name: getattr(door, name) for name in door.__all__}
    undocumented = [
        name
        for name, thing in shown.items()
        if (inspect.isclass(thing) or inspect.isroutine(thing)) and not inspect.getdoc(thing)
    ]
    assert not undocumented


@pytest.mark.parametrize("wing", WINGS)
def test_a_door_stands_in_the_reference(root: Path, wing: str) -> None:
    page = (root / f"docs/reference/{wing}.md").read_text(encoding="utf-8")
    missing = [name for name in import_module(f"duijie.{wing}").__all__ if name not in page]
    assert not missing


def test_no_file_holds_two_ideas(sources: tuple[Path, ...]) -> None:
    long = {path.name: n for path in sources if (n := len(path.read_text(encoding="utf-8").splitlines())) > 600}
    assert not long


def test_nothing_is_left_unfinished(sources: tuple[Path, ...]) -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    assert not [path.name for path in sources if marks.search(path.read_text(encoding="utf-8"))]


def test_the_library_never_prints(sources: tuple[Path, ...]) -> None:
    talkers = [
        path.name
        for path in sources
        if "duijie_portal" not in path.parts
        and path.name not in ("cli.py", "commands.py")
        and re.search(r"^\s*print\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert not talkers


def test_no_hidden_clock(sources: tuple[Path, ...]) -> None:
    clock = re.compile(r"\b(date\.today|datetime\.now|datetime\.utcnow)\(")
    hidden = [
        path.name
        for path in sources
        if "duijie_portal" not in path.parts
        and path.name not in ("cli.py", "commands.py")
        and clock.search(path.read_text(encoding="utf-8"))
    ]
    assert not hidden


def test_the_library_opens_no_connection(sources: tuple[Path, ...]) -> None:
    """`urllib.parse` only takes addresses apart; what opens them is forbidden."""
    network = re.compile(r"\b(urllib\.request|urllib\.error|http\.client|http\.server|ftplib|smtplib|socketserver)\b")
    found = [
        path.name for path in sources if "duijie_portal" not in path.parts and network.search(path.read_text("utf-8"))
    ]
    assert not found
