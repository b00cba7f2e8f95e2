"""The command line as a person meets it: verbs, help, and faults told all at once in both languages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from duijie import data
from duijie.cli import VERBS, told
from duijie.errors import DataFileError, Fault

SECOND = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"
BUILT_IN = sorted(path.parent.name for path in (data.root() / "agreements").glob("*/agreement.yaml"))


def duijie(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "from duijie.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
        timeout=120,
    )


def test_help_names_every_verb() -> None:
    shown = duijie("--help")
    assert shown.returncode == 0
    assert all(verb in shown.stdout for verb in (*VERBS, "portal"))


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(verb: str) -> None:
    shown = duijie(verb, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "用法" in shown.stdout


def test_agreements_are_listed() -> None:
    assert duijie("agenda", "list").stdout.split() == BUILT_IN


@pytest.mark.parametrize(("language", "expected"), [("zh", "没有"), ("en", "not known")])
def test_a_broken_folder_tells_every_fault(tmp_path: Path, language: str, expected: str) -> None:
    folder = tmp_path / "pair"
    shutil.copytree(data.root() / "agreements" / BUILT_IN[0], folder)
    head = folder / "agreement.yaml"
    head.write_text(head.read_text(encoding="utf-8") + "colour: red\n", encoding="utf-8")
    first_clause = min((folder / "clauses").glob("*.yaml"))
    first_clause.write_text(first_clause.read_text(encoding="utf-8") + "mood: good\n", encoding="utf-8")
    done = duijie("--language", language, "agenda", "run", str(folder), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "colour" in done.stderr
    assert "mood" in done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists(), "nothing half-written"


def test_an_unknown_agreement_names_those_there_are(tmp_path: Path) -> None:
    """The built-in ones are listed; one that is nearly meant is asked for."""
    near = duijie("agenda", "run", f"{BUILT_IN[0]}x", "--out", str(tmp_path))
    assert near.returncode == 2
    assert f"是否指“{BUILT_IN[0]}”" in near.stderr
    done = duijie("--language", "en", "agenda", "run", "atlantis", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "atlantis" in done.stderr
    assert "Traceback" not in done.stderr


def test_told_gives_place_sentence_and_remedy() -> None:
    fault = Fault("key_unknown", {"file": "a.yaml", "key": "sides.0"}, {"key": "nam", "known": "name"}, "name")
    text = told(DataFileError("data_file_faults", {"file": "a.yaml", "n": 1}, faults=[fault]), "en")
    assert (
        text.splitlines()[1]
        == "a.yaml key sides.0: The key “nam” is not known here. Known: name → did you mean “name”?"
    )


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def test_every_command_and_option_has_its_help_in_chinese() -> None:
    """Whoever asks in Chinese reads Chinese: each verb, each command below it, each option that is explained."""
    said = data.read(data.root() / "help" / "zh.yaml")
    loaded = {verb: getattr(import_module(at.partition(":")[0]), at.partition(":")[2]) for verb, at in VERBS.items()}
    loaded["portal"] = import_module("duijie_portal.commands").portal
    every = dict(loaded)
    for verb, command in loaded.items():
        if isinstance(command, click.Group):
            every |= dict(_commands(command, verb))
    assert set(every) <= set(said["commands"])
    options = {one.opts[0] for command in every.values() for one in command.params if isinstance(one, click.Option)}
    assert options - {"--help"} <= set(said["options"])


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("agneda",), "没有命令 'agneda'", "No such command 'agneda'"),
        (("new", "x"), "缺少选项", "Missing option"),
        (("agenda", "run", "x", "--sed", "1"), "没有选项 '--sed'", "No such option '--sed'"),
        (("agenda", "run", "x", "--as-of", "2026-13-01"), "不合格式", "does not match"),
        (("check", "nowhere"), "不存在", "does not exist"),
    ],
)
def test_what_is_called_wrongly_is_told_in_the_language_asked_for(words: tuple[str, ...], zh: str, en: str) -> None:
    """Usage errors speak Chinese or English wherever the language stands on the line, and are no traceback."""
    for said, arguments in ((zh, words), (en, ("--language", "en", *words)), (en, (*words, "--language", "en"))):
        done = duijie(*arguments)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_wrong_folder_is_found_by_check(tmp_path: Path) -> None:
    """``duijie check`` of an agreement's folder lists its faults and exits 1; a new folder has none."""
    folder = str(tmp_path / "mine")
    assert duijie("new", folder, "--parties", "371500,500243").returncode == 0
    assert duijie("check", folder).returncode == 0
    head = tmp_path / "mine" / "agreement.yaml"
    head.write_text(head.read_text(encoding="utf-8") + "nonsense_key: 1\n", encoding="utf-8")
    done = duijie("check", folder)
    assert done.returncode == 1
    assert "nonsense_key" in done.stdout


def test_a_place_that_cannot_be_written_is_told() -> None:
    """What the system refuses is a sentence, not a traceback."""
    done = duijie("agenda", "run", str(SECOND), "--out", "/proc/x")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "/proc/x" in done.stderr
