"""What is too much, too slow or left alone: bodies, silence in the middle, idle sessions, and who reads a home."""

from __future__ import annotations

import http.client
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from nodes import ELSEWHERE, SERVE, free_port, serve

from duijie_portal.body import MOST_BYTES, MOST_BYTES_OF_NOBODY


@pytest.fixture
def port(node: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """A served node that waits two seconds for what is being sent."""
    number = free_port()
    server = serve({**node, "DUIJIE_BODY_SECONDS": "2"}, number, tmp_path / "log", "--no-worker")
    yield number
    server.terminate()
    server.wait(30)


def _status(port: int, path: str = "/health.json", n_bytes: int = 0, cookie: str = "") -> int:
    """The answer's status to a request that says it sends so many bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST" if n_bytes else "GET", path)
    connection.putheader("Content-Length", str(n_bytes))
    if cookie:
        connection.putheader("Cookie", cookie)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status


def test_senders_that_fall_silent_hold_nobody_up(port: int) -> None:
    """Sixteen connections stop in the middle of a form, twice as many as there are threads: others are answered."""
    assert _status(port) == 200
    head = b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(16)]
    for one in silent:
        one.sendall(head)
    began = time.monotonic()
    assert _status(port) == 200
    assert time.monotonic() - began < 25, "as long as it took to give up before"
    for one in silent:
        one.close()


def test_a_large_body_is_refused_before_it_is_read(port: int) -> None:
    """Nobody signed in sends a few megabytes at most, a session the largest table; not a byte of more is taken."""
    assert _status(port, "/language/", MOST_BYTES_OF_NOBODY + 1) == 413
    assert _status(port, "/language/", MOST_BYTES + 1, "sessionid=any") == 413
    assert _status(port, "/account/login/", 0) == 200


def test_a_session_left_alone_asks_for_the_password_again(agreement: Any, sides: Any, as_person: Any) -> None:
    """After half an hour without a page; one that goes on being used stays."""
    client, path = as_person(f"coordinator-{sides[0].pk}"), reverse("home", args=[agreement.pk])
    assert client.get(path).status_code == 200
    key = client.session.session_key
    for minutes, status in ((settings.IDLE_MINUTES - 1, 200), (settings.IDLE_MINUTES + 1, 302)):
        UserSession.objects.filter(session_key=key).update(last_seen_at=timezone.now() - timedelta(minutes=minutes))
        cache.clear()
        assert client.get(path).status_code == status
    assert client.get(path).status_code == 302


def test_no_first_password_lies_in_a_cookie(agreement: Any, sides: Any, as_person: Any) -> None:
    """It is told once on the page after the account was made, and no cookie says it."""
    client = as_person(f"security-{sides[0].pk}")
    data = {"username": "fresh", "role": "reader", "party": ""}
    answer = client.post(reverse("invite", args=[agreement.pk]), data)
    assert answer.status_code == 302
    assert "messages" not in client.cookies


def test_only_its_owner_reads_a_home(tmp_path: Path) -> None:
    """Folder, database, keys and secret of a prepared home are closed to every other account of the machine."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    command = [sys.executable, "-c", SERVE, "portal", "--home", str(home), "prepare", str(ELSEWHERE)]
    own = {**os.environ, "DUIJIE_DATABASE_URL": ""}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=own)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.rglob("*"))}
    assert {path.name for path, mode in found.items() if mode & 0o077} == set()
    assert (home / "portal.sqlite3") in found
