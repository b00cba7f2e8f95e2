"""The sealed log under many writers at once and under kill -9, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
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
WRITERS = (
    SETUP
    + """
from threading import Thread
agreement = Agreement.objects.get()
sides = list(agreement.sides.values_list("pk", flat=True))
def write(number):
    for at in range(20):
        append(agreement, [Draft(side, "step.need", "case", f"{number}-{at}", date(2025, 1, 1)) for side in sides])
    connection.close()
threads = [Thread(target=write, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
)
ENDLESS = (
    SETUP
    + """
agreement = Agreement.objects.get()
side = agreement.sides.first().pk
print("ready", flush=True)
while True:
    append(agreement, [Draft(side, "step.need", "case", "x", date(2025, 1, 1)) for _ in range(3)])
"""
)
VERDICT = SETUP + "v = verify_agreement(Agreement.objects.get()); print(v.holds, v.n_entries, v.faults[:3])"


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
    _python(PREPARE, found, str(ELSEWHERE))
    return found


def _python(code: str, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_four_writers_at_once_leave_two_whole_chains(environment: dict[str, str]) -> None:
    _python(WRITERS, environment)
    assert _python(VERDICT, environment).startswith(f"True {4 * 20 * 2} ")


def test_a_writer_killed_at_any_moment_leaves_a_whole_chain_that_goes_on(environment: dict[str, str]) -> None:
    lengths = [0]
    for pause in (0.11, 0.27, 0.43):
        writer = subprocess.Popen([sys.executable, "-c", ENDLESS], env=environment, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait(20)
        holds, n_entries, _ = _python(VERDICT, environment).split(" ", 2)
        assert holds == "True"
        assert int(n_entries) % 3 == 0
        lengths.append(int(n_entries))
    assert lengths == sorted(lengths)
    assert lengths[-1] > 0
