"""The command line as a person meets it: verbs, help, and faults told all at once in both languages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from duijie import data
from duijie.cli import VERBS, told
from duijie.errors import DataFileError, Fault

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
    assert "Usage" in shown.stdout


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


def test_an_unknown_agreement_says_which_file_is_missing(tmp_path: Path) -> None:
    done = duijie("--language", "en", "agenda", "run", "atlantis", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "atlantis" in done.stderr
    assert "Traceback" not in done.stderr


def test_told_gives_place_sentence_and_remedy() -> None:
    fault = Fault("key_unknown", {"file": "a.yaml", "key": "sides.0"}, {"key": "nam", "known": "name"}, "name")
    text = told(DataFileError("data_file_faults", {"file": "a.yaml", "n": 1}, faults=[fault]), "en")
    assert text.splitlines()[1] == "file=a.yaml key=sides.0: The key “nam” is not known here. Known: name → name"
