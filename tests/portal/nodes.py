"""Fresh nodes in processes of their own, on SQLite and on PostgreSQL, for tests that kill and race."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from duijie_portal.home import DEMONSTRATION, keep_operator

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
from duijie.ledger import events
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Agreement, text_key
from duijie_portal.ledger.recording import append

def note(side):
    key = text_key()
    return side, events.Kept(subject=f"note/{key}", on=date(2025, 1, 1), act="noted", ordering=side, fields={"n": key})
"""
SERVE = "import sys; from duijie.cli import main; main()"
PREPARE = SETUP + "call_command('migrate', verbosity=0); load_folder(Path(sys.argv[1]))"


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A node with the invented agreement of two other regions, of which tests take copies."""
    return _prepared(tmp_path_factory.mktemp("blank"), "")


@pytest.fixture(scope="session")
def blank_postgresql(tmp_path_factory: pytest.TempPathFactory, cluster: str) -> dict[str, str]:
    return _prepared(tmp_path_factory.mktemp("blank"), new_database(cluster))


def _prepared(home: Path, url: str) -> dict[str, str]:
    found = {**os.environ, "DUIJIE_HOME": str(home), "DUIJIE_DATABASE_URL": url}
    keep_operator(home, DEMONSTRATION)
    python(PREPARE, found, str(ELSEWHERE))
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh node with the invented agreement of two other regions."""
    return _copied(request.getfixturevalue(f"blank_{request.param}"), tmp_path)


@pytest.fixture
def node(blank_sqlite: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of such a node on SQLite, for a web process."""
    return _copied(blank_sqlite, tmp_path) | {"DUIJIE_SECRET_KEY": "test"}


def _copied(node: dict[str, str], home: Path) -> dict[str, str]:
    """The environment of a new node that is, in its home and its database, as the other stands."""
    shutil.copytree(node["DUIJIE_HOME"], home, dirs_exist_ok=True)
    url = node["DUIJIE_DATABASE_URL"]
    return {**node, "DUIJIE_HOME": str(home), "DUIJIE_DATABASE_URL": url and new_database(url, is_copy=True)}


def new_database(url: str, *, is_copy: bool = False) -> str:
    """A database beside the one an URL names, empty or its copy."""
    parts = urlsplit(url)
    name, known = f"node_{os.getpid()}_{time.monotonic_ns()}", parts.path[1:]
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {known if is_copy else 'template1'}")
    return urlunsplit(parts._replace(path=f"/{name}"))


def python(code: str, environment: dict[str, str], *words: str) -> str:
    """What some code prints, in a process of its own that has nothing of an earlier one."""
    asked = json.dumps({"code": code, "environment": environment, "words": words})
    forks = _forks()
    assert forks.stdin is not None
    assert forks.stdout is not None
    forks.stdin.write(f"{asked}\n")
    forks.stdin.flush()
    status, said, complained = json.loads(forks.stdout.readline())
    assert status == 0, complained[-3000:]
    return str(said)


@cache
def _forks() -> subprocess.Popen[str]:
    """The process that others are forked from; it ends with this one, whose pipe it reads."""
    command = [sys.executable, str(Path(__file__).with_name("forks.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go_together(writers: list[subprocess.Popen[str]]) -> None:
    """Let processes that have said "ready" begin at one word."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def serve(node: dict[str, str], port: int, log: Path, *more: str) -> subprocess.Popen[bytes]:
    """The web process of a node, once it answers."""
    words = ["portal", "--home", node["DUIJIE_HOME"], "serve", "--port", str(port), *more]
    server = subprocess.Popen([sys.executable, "-c", SERVE, *words], env=node, stderr=log.open("wb"))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.1)
    raise AssertionError(log.read_text())
