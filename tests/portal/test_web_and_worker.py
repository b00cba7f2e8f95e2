"""One web process and one worker of the real commands on one SQLite file: nothing lost, nobody kept out or waiting."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from nodes import SETUP, free_port, python, serve
from test_jobs import ASK, LOOK, WORKER

from duijie import data

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
from duijie_portal.ledger.models import Case
titles = list(Case.objects.filter(kind="ticket").values_list("title_zh", flat=True))
print(len(titles), len(set(titles)), verify_agreement(Agreement.objects.get()).holds)
"""
)
N_PEOPLE, N_TICKETS, N_STEPS = 6, 8, 60


class _Browser:
    """A signed-in person's browser at one page: it fetches the page first, then sends what the page's forms send."""

    def __init__(self, port: int, session: str, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._path, self._cookie = path, f"sessionid={session}"
        answer, page = self._ask("GET", path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        jar = re.search(r"csrftoken=(\w+)", answer.headers["Set-Cookie"] or "")
        assert token, answer.status
        assert jar
        self._token, self._cookie = token[1], f"{self._cookie}; csrftoken={jar[1]}"

    def _ask(self, method: str, path: str, body: str = "") -> tuple[http.client.HTTPResponse, str]:
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer, answer.read().decode()

    def send(self, act: str, form: dict[str, Any]) -> int:
        """Post a form of the page; the status."""
        sent = urlencode({**form, "csrfmiddlewaretoken": self._token}, doseq=True)
        return self._ask("POST", f"{self._path}{act}", sent)[0].status

    def read(self, path: str) -> Any:
        """A page's JSON."""
        return json.loads(self._ask("GET", path)[1])


def _open_tickets(port: int, who: int, one: dict[str, Any]) -> list[int]:
    """Fetch the page, then send tickets from its form, one after the other; the statuses."""
    browser = _Browser(port, one["session"], f"/{one['agreement']}/track/tickets/")
    forms = [one["form"] | {"title": f"来文 {who}-{n}", "limit_working_days": 5} for n in range(N_TICKETS)]
    return [browser.send("open/", form) for form in forms]


def test_web_and_worker_write_together(node: dict[str, str], tmp_path: Path) -> None:
    """Six people send forms while a job runs: each once, the log whole, no lock met."""
    people, port = json.loads(python(PEOPLE, node, str(N_PEOPLE)).splitlines()[-1]), free_port()
    key = python(ASK, node, "test.steps", json.dumps({"n": N_STEPS, "seconds": 0.01})).strip()
    server = serve(node, port, tmp_path / "web.log", "--no-worker")
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
    """The worker that comes with the web server, killed and orphaned."""
    server = serve(node, free_port(), tmp_path / "web.log")
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


OPENABLE = (
    SETUP
    + f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    + """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from duijie import agenda
from duijie.agenda.writing import write_json
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import listings
from duijie_portal.ledger.loading import load_records
from duijie_portal.ledger.models import Listing
from on_record import listing_on_record

folder, home, today = Path(sys.argv[1]), Path(os.environ["DUIJIE_HOME"]), timezone.localdate()
agreement, material = load_folder(folder), agenda.read(folder, as_of=today)
lines = home / "records.jsonl"
lines.write_text("\\n".join(material.records), encoding="utf-8")
load_records(agreement, lines)
sizes = [one.kind for one in material.listings]
for kind in sorted(set(sizes), key=lambda one: (-sizes.count(one), one)):
    document, _ = agenda.rank(material, kind, {}, as_of=today)
    if document["kinds"][0]["matches"]:
        break
write_json(home / agreement.pk / "results" / "match.json", document)
matched = list(dict.fromkeys(one["need"] for one in document["kinds"][0]["matches"]))
rows = Listing.objects.filter(pk__in=matched).select_related("party", "party__agreement").order_by("pk")
mine = rows.filter(side=rows[0].side_id)
names = ("kind", "version", "role", "industry", "basis", "valid_from", "valid_until", "payload", "source")
found = []
for n in range(3):
    row = mine[n % mine.count()]
    said = {name: getattr(row, name) for name in names}
    found.append(listing_on_record(row.party, f"fresh-{n}", **said))
people = {role: Person.objects.create_user(role, None, role=role, side=row.side) for role in ("coordinator", "leader")}
listings.clear(people["coordinator"], agreement, rows=found)
leader, keys = people["leader"], [one.pk for one in found]
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(leader.pk), leader.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.save()
print(json.dumps({"session": session.session_key, "agreement": agreement.pk, "kind": kind, "needs": keys}))
"""
)


@pytest.mark.parametrize(
    "folder", sorted(data.root().glob("agreements/*/agreement.yaml")), ids=lambda it: it.parent.name
)
def test_three_needs_opened_at_once_are_matched_within_a_minute(
    node: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    """On the data of each agreement, its largest kind: the leader presses release, the shipped worker does the rest."""
    one, port = json.loads(python(OPENABLE, node, str(folder.parent)).splitlines()[-1]), free_port()
    server = serve(node, port, tmp_path / "web.log")
    try:
        browser = _Browser(port, one["session"], f"/{one['agreement']}/share/outgoing/")
        path = f"/{one['agreement']}/match.json?kind={one['kind']}"
        pressed = time.monotonic()
        assert browser.send("release/", {"type": "listing", "id": one["needs"], "visibility": "both"}) == 302
        while not (seen := _matched(browser, path, one["needs"])) and time.monotonic() < pressed + 60:
            time.sleep(0.2)
        print(f"{one['agreement']} {one['kind']}: {time.monotonic() - pressed:.1f} s from release to match")
        assert seen, (tmp_path / "web.log").read_text()
    finally:
        server.terminate()
        server.wait(30)


def _matched(browser: _Browser, path: str, needs: list[str]) -> bool:
    """Whether each of the needs stands in a pair of the page."""
    return all(browser.read(f"{path}&listing={need}")["matches"] for need in needs)
