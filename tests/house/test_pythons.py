"""What must hold on every Python that duijie runs on: all of it is imported, nothing is used that is to be removed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

# In a process of its own, since what the test run has imported already would not be imported again.
_IMPORT_ALL = """
import importlib, sys, warnings
warnings.filterwarnings("error", category=DeprecationWarning, module="duijie")
if "duijie_portal" in sys.argv:
    import django
    django.setup()
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@pytest.mark.parametrize("package", ["duijie", "duijie_portal"])
def test_every_module_is_imported(root: Path, package: str) -> None:
    """Each file of a package is imported, with the installed versions of the lock, and uses nothing deprecated."""
    files = [path.relative_to(root / "src") for path in sorted((root / "src" / package).rglob("*.py"))]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    assert package in modules
    assert len(modules) > 100
    run = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *modules],
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "duijie_portal.settings"},
    )
    assert run.returncode == 0, run.stderr


def test_every_file_compiles_without_a_warning(root: Path) -> None:
    """No file holds an escape or a form that a later Python refuses; byte code kept from before would hide it."""
    files = [path for place in ("src", "tests", "benchmarks", "tools") for path in (root / place).rglob("*.py")]
    assert len(files) > 200
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in files:
            compile(path.read_text(encoding="utf-8"), str(path), "exec")


def test_the_pages_name_the_pythons_of_the_project(root: Path) -> None:
    """The versions people read are those that pyproject.toml admits, and this is one of them."""
    low, past = re.findall(
        r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', (root / "pyproject.toml").read_text("utf-8"), re.M
    )[0]
    for page in ("README.md", "README.zh.md", "THIRD_PARTY.md"):
        assert f"3.{low}–3.{int(past) - 1}" in (root / page).read_text("utf-8"), page
    assert int(low) <= sys.version_info.minor < int(past)


def test_the_python_is_the_first_that_suits(root: Path) -> None:
    """`make` passes over what does not run or is of another version; where none suits, one line says what to do."""
    script = root / "tools" / "python.sh"
    found = subprocess.run([script, "no-such-python", "/bin/false", sys.executable], capture_output=True, text=True)
    assert (found.returncode, found.stdout.strip()) == (0, sys.executable)
    none = subprocess.run([script, "no-such-python", "/bin/false"], capture_output=True, text=True)
    assert (none.returncode, none.stdout, none.stderr.count("\n")) == (1, "", 1)
    assert "apt-get install python3-venv" in none.stderr
