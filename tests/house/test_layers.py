"""The layers hold, and each contract catches a planted trespass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# contract, file to trespass in, the line that trespasses
TRESPASSES = [
    ("The house", "duijie/terms/place.py", "import duijie.store"),
    ("The house", "duijie/match/__init__.py", "import duijie.meet"),
    ("The house", "duijie/store/query.py", "import duijie.agenda"),
    ("The library never knows", "duijie/terms/place.py", "import socket"),
    ("The library never knows", "duijie/agenda/__init__.py", "import duijie_portal"),
    ("In every wing", "duijie/diagnose/explain.py", "import duijie.diagnose.run"),
    ("Kernels take arrays", "duijie/diagnose/specialization.py", "import pandas"),
    ("Kernels take arrays", "duijie/meet/__init__.py", "import highspy"),
    ("Only a wing's run", "duijie/match/candidates.py", "import duijie.store"),
    ("The portal: urls", "duijie_portal/ledger/models.py", "import duijie_portal.track"),
    ("The portal: urls", "duijie_portal/match/selectors.py", "import duijie_portal.meet.models"),
    ("In every portal app", "duijie_portal/track/selectors.py", "import duijie_portal.track.views"),
    ("No circles", "duijie/diagnose/specialization.py", "import duijie.diagnose.report"),
]


def _lint(folder: Path, configuration: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(configuration)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layers_hold(root: Path) -> None:
    done = _lint(root / "src", root / ".importlinter")
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize(("contract", "file", "line"), TRESPASSES)
def test_a_trespass_is_caught(root: Path, tmp_path: Path, contract: str, file: str, line: str) -> None:
    shutil.copytree(
        root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.egg-info", "data", "static", "__pycache__")
    )
    shutil.copytree(
        root / "src/duijie/data",
        tmp_path / "src/duijie/data",
        ignore=lambda _, names: [n for n in names if "." in n and not n.endswith(".py")],
    )
    trespasser = tmp_path / "src" / file
    assert trespasser.exists(), f"{file} has moved: plant the trespass elsewhere"
    trespasser.write_text(trespasser.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = _lint(tmp_path / "src", root / ".importlinter")
    assert done.returncode != 0
    broken = [row for row in done.stdout.splitlines() if row.rstrip().endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken), done.stdout[-3000:]


def test_a_new_room_must_be_named(root: Path, tmp_path: Path) -> None:
    shutil.copytree(
        root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.egg-info", "static", "__pycache__")
    )
    room = tmp_path / "src/duijie/attic"
    room.mkdir()
    (room / "__init__.py").write_text("", encoding="utf-8")
    assert _lint(tmp_path / "src", root / ".importlinter").returncode != 0
