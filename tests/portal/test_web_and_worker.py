"""One web process and one worker of the real commands on one SQLite file: nothing lost, nobody kept out."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from nodes import ELSEWHERE, PREPARE, SETUP, python
from test_jobs import ASK, LOOK, WORKER

PEOPLE = (
    SETUP
    + """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from duijie_portal.accounts.models import Department, Person
agreement, found = Agreement.objects.get(), []
first, second = agreement.sides.order_by("code")
offices = {side.pk: Department.objects.filter(agreement=agreement.pk, side=side).first() for side in (first, second)}
from duijie_portal.ledger.selectors import agreement_term
for n in range(int(sys.argv[1])):
    side, other = (first, second) if n % 2 else (second, first)
    person = Person.objects.create_user(f"c{n}", None, role="coordinator", side=side)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    clause = agreement_term(agreement).clauses[0].key
    form = {"clause": clause, "from_department": offices[side.pk].key, "to_department": offices[other.pk].key}
    found.append({"session": session.session_key, "agreement": agreement.pk, "form": form})
print(json.dumps(found))
"""
)
COUNT = (
    SETUP
    + """
from duijie_portal.ledger.models import Record
titles = list(Record.objects.filter(kind="ticket").values_list("title_zh", flat=True))
print(len(titles), len(set(titles)), verify_agreement(Agreement.objects.get()).holds)
"""
)
SERVE = "import sys; from duijie.cli import main; main()"
N_PEOPLE, N_TICKETS, N_STEPS = 6, 8, 60


@pytest.fixture
def node(tmp_path: Path) -> dict[str, str]:
    found = {**os.environ, "DUIJIE_HOME": str(tmp_path), "DUIJIE_DATABASE_URL": "", "DUIJIE_SECRET_KEY": "test"}
    python(PREPARE, found, str(ELSEWHERE))
    return found


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def _serve(node: dict[str, str], port: int, log: Path, *more: str) -> subprocess.Popen[bytes]:
    words = ["portal", "--home", node["DUIJIE_HOME"], "serve", "--port", str(port), *more]
    server = subprocess.Popen([sys.executable, "-c", SERVE, *words], env=node, stderr=log.open("wb"))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _open_tickets(port: int, who: int, one: dict[str, Any]) -> list[int]:
    """Fetch the page, then send tickets from its form, one after the other; the statuses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    path, cookie = f"/{one['agreement']}/track/tickets/", f"sessionid={one['session']}"
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.read().decode())
    assert token, answer.status
    jar = re.search(r"csrftoken=(\w+)", answer.headers["Set-Cookie"])
    assert jar
    headers = {"Cookie": f"{cookie}; csrftoken={jar[1]}", "Content-Type": "application/x-www-form-urlencoded"}
    statuses = []
    for n in range(N_TICKETS):
        form = one["form"] | {"title": f"来文 {who}-{n}", "limit_working_days": 5, "csrfmiddlewaretoken": token[1]}
        connection.request("POST", f"{path}open/", urlencode(form), headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    return statuses


def test_web_and_worker_write_together(node: dict[str, str], tmp_path: Path) -> None:
    people, port = json.loads(python(PEOPLE, node, str(N_PEOPLE)).splitlines()[-1]), _port()
    key = python(ASK, node, "test.steps", str(N_STEPS), "0.01").strip()
    server = _serve(node, port, tmp_path / "web.log", "--no-worker")
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=node, stderr=log)
    try:
        with ThreadPoolExecutor(N_PEOPLE) as pool:
            found = list(pool.map(lambda n: _open_tickets(port, n, people[n]), range(N_PEOPLE)))
        until = time.monotonic() + 60
        while (seen := json.loads(python(LOOK, node, key)))[0] != "done" and time.monotonic() < until:
            time.sleep(0.2)
    finally:
        for process in (worker, server):
            process.terminate()
            process.wait(30)
    assert {status for statuses in found for status in statuses} == {302}
    assert seen[:3] == ["done", N_STEPS, N_STEPS]
    assert python(COUNT, node).split() == [str(N_PEOPLE * N_TICKETS)] * 2 + ["True"]
    for name in ("web.log", "worker.log"):
        assert "locked" not in (tmp_path / name).read_text()


BEGUN = SETUP + "from django_tasks_db.models import DBTaskResult; print(DBTaskResult.objects.finished().count())"
QUEUED = SETUP + "from duijie_portal.ledger.jobs import run_job; run_job.enqueue('nothing')"


def test_serve_alone_does_the_jobs_begins_a_dead_worker_again_and_leaves_none_behind(
    node: dict[str, str], tmp_path: Path
) -> None:
    server = _serve(node, _port(), tmp_path / "web.log")
    try:
        for number, is_killed in ((1, False), (2, True)):
            if is_killed:
                os.kill(_workers(server.pid)[0], signal.SIGKILL)
            python(QUEUED, node)
            until = time.monotonic() + 60
            while python(BEGUN, node).split() != [str(number)] and time.monotonic() < until:
                time.sleep(0.3)
            assert python(BEGUN, node).split() == [str(number)]
        [left] = _workers(server.pid)
        server.kill()
        server.wait(30)
        until = time.monotonic() + 30
        while Path(f"/proc/{left}").exists() and time.monotonic() < until:
            time.sleep(0.2)
        assert not Path(f"/proc/{left}").exists()
    finally:
        server.kill()
        server.wait(30)


def _workers(server: int) -> list[int]:
    """The processes of `work` that name the server as their parent."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "work" in words and str(server) in words:
            found.append(int(path.parent.name))
    return found
