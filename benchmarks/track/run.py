"""Track: a list of 50 out of 10,000 rows, signed in, mixed roles, beside the same query and template in a plain view.

``python -m benchmarks.track.run``; needs wrk, and PostgreSQL's binaries for the second database (``make system``). Both
servers have two worker processes; they are loaded in turn, never together. No response is cached.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import Case

ROOT = Path(__file__).parents[2]
N_CASES = 1_000 if harness.IS_QUICK else 10_000
N_PAGES = 20
ROUNDS = 1 if harness.IS_QUICK else 3
SECONDS = 3 if harness.IS_QUICK else 6
CONNECTIONS = 8
PORTAL, BARE = "duijie_portal.wsgi:application", "benchmarks.track.bare:application"
Node = dict[str, str]


def main() -> None:
    """Load both databases, write the result."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: make system")
    cases: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="duijie-load-") as place:
        cases += _rows("SQLite", {"DUIJIE_HOME": f"{place}/sqlite", "DUIJIE_DATABASE_URL": ""})
        with _cluster(Path(place)) as url:
            if url:
                cases += _rows("PostgreSQL", {"DUIJIE_HOME": f"{place}/pg", "DUIJIE_DATABASE_URL": url})
    print(harness.write("track", cases))
    for case in cases:
        print(f"{case.case}: {case.ours} ({case.peer}) {case.bar} {case.holds}")


def _rows(database: str, node: Mapping[str, str]) -> Iterator[Case]:
    """Both servers in turn on one database."""
    environment = {**os.environ, **node, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "DUIJIE_SECRET_KEY": "load"}
    Path(node["DUIJIE_HOME"]).mkdir(parents=True)
    seeded = _seeded(environment)
    with _served(PORTAL, environment) as portal, _served(BARE, environment) as bare:
        addresses = (f"{portal}/{seeded['agreement']}/match/cases/", f"{bare}/bare/")
        _same_rows(addresses, seeded)
        found = [[_load(one, seeded) for one in addresses] for _ in range(ROUNDS)]
    ours, plain = (statistics.median(one[at][0] for one in found) for at in (0, 1))
    slowest = statistics.median(one[0][1] for one in found)
    n_wrong = sum(one[at][2] for one in found for at in (0, 1))
    ratio, note = ours / plain, f"{N_CASES:,} cases, 50 a page, {len(seeded['sessions'])} people; wrong: {n_wrong}"
    is_sound = n_wrong == 0
    yield Case(
        f"{database}: list page",
        "requests/s",
        round(ours, 1),
        round(plain, 1),
        "plain view",
        round(ratio, 3),
        ">= 0.6",
        is_sound and ratio >= 0.6,
        note,
    )
    if database == "PostgreSQL":
        yield Case(
            f"{database}: aim", "requests/s", round(ours, 1), bar=">= 300", holds=is_sound and ours >= 300, note=note
        )
    yield Case(f"{database}: 99 % of answers within", "ms", round(slowest, 1), note=f"{CONNECTIONS} connections")


def _seeded(environment: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.track.seed", str(N_CASES)]
    done = subprocess.run(command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _served(application: str, environment: Mapping[str, str]) -> Iterator[str]:
    """A server with two worker processes for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--workers", "2", "--threads", "4", "--worker-class", "gthread", "--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", *words, "--no-control-socket", "--log-level", "warning", application]
    server = subprocess.Popen(command, env=dict(environment), cwd=ROOT)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server does not begin")


def _same_rows(addresses: tuple[str, str], seeded: Mapping[str, Any]) -> None:
    """Before any figure: both show each person the same rows of the same page."""
    for one in seeded["sessions"]:
        shown = [set(re.findall(r"cases/(case-\d+)/", _get(address, one))) for address in addresses]
        if shown[0] != shown[1] or not shown[0]:
            raise SystemExit(f"{one['person']} is shown different rows: {len(shown[0])} and {len(shown[1])}")


def _get(address: str, one: Mapping[str, str]) -> str:
    headers = {"Cookie": f"sessionid={one['session']}; person={one['person']}"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}?page=2", headers=headers)) as answer:
        return str(answer.read().decode())


def _load(address: str, seeded: Mapping[str, Any]) -> tuple[float, float, int]:
    """Requests a second, the 99th percentile in ms, and how many answers were no success."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(seeded))
        script.flush()
        words = ["-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", script.name, address]
        text = subprocess.run(["wrk", *words], capture_output=True, text=True, check=True).stdout
    return _figure(r"Requests/sec:\s+([\d.]+)", text), _milliseconds(text), int(_figure(r"wrong (\d+)", text))


def _script(seeded: Mapping[str, Any]) -> str:
    cookies = [f"sessionid={one['session']}; person={one['person']}" for one in seeded["sessions"]]
    table = ", ".join(json.dumps(cookie) for cookie in cookies)
    return f"""
local cookies, n, wrong = {{{table}}}, 0, 0
function request()
  n = n + 1
  return wrk.format("GET", wrk.path .. "?page=" .. (n % {N_PAGES} + 1), {{["Cookie"] = cookies[n % #cookies + 1]}})
end
function done(summary)
  local e = summary.errors
  print("wrong " .. (e.status + e.connect + e.read + e.write + e.timeout))
end
"""


def _milliseconds(text: str) -> float:
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]] if found else float("nan")


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk said something else:\n{text}")
    return float(found[1])


@contextmanager
def _cluster(place: Path) -> Iterator[str]:
    """A throw-away PostgreSQL of the installed binaries; empty where there is none, and the result then lacks it."""
    script = ROOT / "tests" / "postgres.sh"
    hold = f"echo $DUIJIE_TEST_PG_URL > {place}/url; while [ ! -e {place}/done ]; do sleep 0.2; done"
    server = subprocess.Popen(["bash", str(script), "bash", "-c", hold], cwd=ROOT)
    try:
        while server.poll() is None and not (place / "url").exists():
            time.sleep(0.1)
        yield (place / "url").read_text().strip() if (place / "url").exists() else ""
    finally:
        (place / "done").touch()
        server.wait(60)


if __name__ == "__main__":
    main()
