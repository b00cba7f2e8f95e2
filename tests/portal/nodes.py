"""Fresh nodes in processes of their own, on SQLite and on PostgreSQL, for tests that kill and race."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ELSEWHERE = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"
SETUP = """
import os, sys
from datetime import date
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "duijie_portal.settings"
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from duijie_portal.ledger.loading import load_folder
from duijie_portal.ledger.log import Draft, append, verify_agreement
from duijie_portal.ledger.models import Agreement, Event
"""
PREPARE = SETUP + "call_command('migrate', verbosity=0); load_folder(Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL server: the one named by ``DUIJIE_TEST_PG_URL``, else one of our own that nobody else sees."""
    given = os.environ.get("DUIJIE_TEST_PG_URL")
    if given:
        yield given
        return
    found = shutil.which("initdb") or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), ""
    )
    if not found:
        pytest.skip("PostgreSQL is not installed: make system")
    binaries, folder = Path(found).resolve().parent, Path(tempfile.mkdtemp(prefix="duijie-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    run = {"check": True, "capture_output": True, "cwd": folder, "user": user, "timeout": 120}
    subprocess.run([binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "duijie"], **run)  # type: ignore[call-overload]
    options = f"-c listen_addresses= -k {folder} -c fsync=on"
    control = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options]
    subprocess.run([*control, "start"], **{**run, "capture_output": False, "stdout": subprocess.DEVNULL})  # type: ignore[call-overload]
    yield f"postgresql://duijie@/postgres?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh node with the invented agreement of two other regions."""
    found = {**os.environ, "DUIJIE_HOME": str(tmp_path), "DUIJIE_DATABASE_URL": ""}
    if request.param == "postgresql":
        url = request.getfixturevalue("cluster")
        name = f"node_{os.getpid()}_{time.monotonic_ns()}"
        code = f"import psycopg; psycopg.connect({url!r}, autocommit=True).execute('CREATE DATABASE {name}')"
        subprocess.run([sys.executable, "-c", code], check=True)
        found["DUIJIE_DATABASE_URL"] = url.replace("/postgres", f"/{name}", 1)
    python(PREPARE, found, str(ELSEWHERE))
    return found


def python(code: str, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
