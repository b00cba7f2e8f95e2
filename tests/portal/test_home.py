"""A home that cannot be used answers with one sentence, at the command line and on a page, and is left as it was."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from nodes import ELSEWHERE, SERVE, SETUP, free_port, python, serve

COMMANDS = (["verify"], ["heads"], ["rebuild"], ["history", "case"], ["tick"], ["serve", "--port", "1"], ["work"])


def _told(node: dict[str, str], *words: str, language: str = "zh") -> str:
    """What a command says as it refuses: one line, and no traceback."""
    command = [sys.executable, "-c", SERVE, "--language", language, "portal", "--home", node["DUIJIE_HOME"], *words]
    done = subprocess.run(command, env=node, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def _database(node: dict[str, str]) -> Path:
    return Path(node["DUIJIE_HOME"]) / "portal.sqlite3"


def test_a_home_that_nobody_prepared_says_what_to_run(node: dict[str, str], tmp_path: Path) -> None:
    """A folder that is not there is not made by a wrong word, and an empty one stays empty."""
    away, empty = tmp_path / "typing-error", tmp_path / "empty"
    empty.mkdir()
    for home in (away, empty):
        assert "prepare" in _told({**node, "DUIJIE_HOME": str(home)}, "verify")
    assert not away.exists()
    assert not any(empty.iterdir())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_truncated_database_is_told_by_every_command(node: dict[str, str], words: list[str]) -> None:
    """The first half of the file is there; nothing is written to it."""
    path = _database(node)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 // 4096 * 4096 + 100])
    before = path.read_bytes()
    assert "已损坏" in _told(node, *words)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_told_in_both_languages(node: dict[str, str]) -> None:
    """Random bytes, also to ``prepare``, which does not begin anew over them."""
    _database(node).write_bytes(os.urandom(50_000))
    assert "已损坏" in _told(node, "verify")
    assert "is damaged" in _told(node, "verify", language="en")
    assert "已损坏" in _told(node, "prepare")


def test_the_home_of_an_earlier_version_is_prepared_first(node: dict[str, str]) -> None:
    """It is refused with the command that brings it up; after that it is used as any other."""
    with sqlite3.connect(_database(node)) as database:
        database.execute("DROP TABLE ledger_deskact")
        database.execute("ALTER TABLE ledger_todo DROP COLUMN person")
        database.execute("DELETE FROM django_migrations WHERE name = '0004_desk'")
    assert "较早版本" in _told(node, "verify")
    for words in (["prepare", str(ELSEWHERE)], ["verify"]):
        python(SERVE, node, "portal", "--home", node["DUIJIE_HOME"], *words)


def test_the_home_of_another_version_is_refused(node: dict[str, str]) -> None:
    """One made before the record had its form, and one made by a later version."""
    with sqlite3.connect(_database(node)) as database:
        database.execute("UPDATE django_migrations SET name = '0001_initial' WHERE name = '0001_cases'")
    assert "另一版本" in _told(node, "serve", "--port", "1")
    with sqlite3.connect(_database(node)) as database:
        database.execute(
            "UPDATE django_migrations SET name = '0001_cases' WHERE app = 'ledger' AND name = '0001_initial'"
        )
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '0099_later', '2030-01-01')"
        )
    assert "另一版本" in _told(node, "verify")


def test_a_portal_whose_database_is_damaged_under_it_answers_with_a_sentence(
    node: dict[str, str], tmp_path: Path
) -> None:
    """Page and twin say 503 and what is the matter, and name no place of the machine."""
    port = free_port()
    server = serve(node, port, tmp_path / "log", "--no-worker")
    try:
        assert _got(port, "/")[0] == 200
        for one in Path(node["DUIJIE_HOME"]).glob("portal.sqlite3*"):
            one.write_bytes(os.urandom(max(100_000, one.stat().st_size)))
        for path in ("/", "/index.json"):
            status, text = _got(port, path)
            assert status == 503
            assert "已损坏" in text
            assert node["DUIJIE_HOME"] not in text
    finally:
        server.terminate()
        server.wait(30)


def _got(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    return answer.status, json.loads(text)["error"] if path.endswith(".json") and answer.status != 200 else text


FULL = (
    SETUP
    + """
import resource
from django.db import DatabaseError
from duijie_portal.home import why_unusable
agreement = Agreement.objects.get()
side = agreement.sides.first().pk
append(agreement, [note(side)])
before = agreement.entries.count()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    append(agreement, [note(side) for _ in range(400)])
except DatabaseError as error:
    print(why_unusable(error, Path("home")).code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
from django.db import connection
connection.close()
print(agreement.entries.count() == before, verify_agreement(agreement).holds)
"""
)


def test_a_full_disk_loses_nothing_that_was_told_as_kept(node: dict[str, str]) -> None:
    """No file may grow: an append fails with its sentence, and what was there is there and verifies."""
    assert python(FULL, node).split() == ["home_not_writable", "True", "True"]
