"""A portal as an operator runs it – pipeline, prepare, serve – and a real headless browser."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from duijie import data

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LAUNCH = "import sys; from duijie.cli import main; sys.argv[0] = 'duijie'; main()"


@dataclass(frozen=True)
class Portal:
    """Where it is served, its rehearsal's key and the passwords that `prepare` printed."""

    address: str
    agreement: str
    passwords: dict[str, str]
    home: Path
    sides: tuple[str, ...] = ()

    def python(self, code: str, *more: str) -> str:
        """What some code prints that runs beside the portal, on its home."""
        environment = {**os.environ, "DUIJIE_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "duijie_portal.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code, *more], env=environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def account(self, role: str, nth: int = 0) -> str:
        """The `nth` side's account of a role, sides in the order of their codes."""
        return [name for name in self.passwords if name.startswith(f"{role}-")][nth]

    def side(self, nth: int) -> str:
        """The code of the `nth` side of the agreement."""
        return self.sides[nth]


def _duijie(home: Path, *words: str) -> str:
    environment = {**os.environ, "DUIJIE_HOME": str(home)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run([sys.executable, "-c", LAUNCH, *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The rehearsal, as `make demo` prepares it."""
    yield from _served(tmp_path_factory.mktemp("portal"), is_rehearsal=True)


@pytest.fixture(scope="session")
def real_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A throw-away copy of the real agreement's home: what a walk does there touches no organisation."""
    yield from _served(tmp_path_factory.mktemp("real"), is_rehearsal=False)


def _served(home: Path, *, is_rehearsal: bool) -> Iterator[Portal]:
    """A portal on a fresh home, until it is no longer needed."""
    folders = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))
    keys = {data.read(folder / "agreement.yaml")["is_rehearsal"]: folder.name for folder in folders}
    key = keys[is_rehearsal]
    _duijie(home, "agenda", "run", key, "--out", str(home), "--no-report")
    told = _duijie(home, "portal", "--home", str(home), "prepare", "--operator", "demonstration", key)
    passwords = dict(re.findall(r"^  (\S+)\s+(\S{5}-\S{5}-\S{5})\s", told, re.MULTILINE))
    port = _free_port()
    command = [sys.executable, "-c", LAUNCH, "portal", "--home", str(home), "serve", "--port", str(port)]
    with (home / "serve.log").open("w") as log:
        server = subprocess.Popen(command, env={**os.environ, "DUIJIE_HOME": str(home)}, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    _wait(f"{address}/health.json", server, home)
    sides = dict.fromkeys(re.findall(r"^  \S+.*?\s(\d{6})\s*$", told, re.MULTILINE))
    yield Portal(address, key, passwords, home, tuple(sorted(sides)))
    server.terminate()
    server.wait(20)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(url: str, server: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(600):  # a loaded machine takes minutes
        assert server.poll() is None, (home / "serve.log").read_text()
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise AssertionError((home / "serve.log").read_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser a file: two at a time in one process share an event loop, and fail."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: make system")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def sign_in(browser: Any, portal: Portal) -> Iterator[Callable[..., Any]]:
    """A page of a fresh browser, signed in; whatever a page's console complains of fails the test."""
    opened: list[Any] = []
    complaints: list[str] = []

    def enter(role: str = "", nth: int = 0, *, width: int = 1280, bypass_csp: bool = False) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=bypass_csp)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if role:
            name = portal.account(role, nth)
            page.goto(f"{portal.address}/account/login/?next=/{portal.agreement}/")
            page.fill("#id_login", name)
            page.fill("#id_password", portal.passwords[name])
            page.click("main button[type=submit]")
            page.wait_for_url(f"**/{portal.agreement}/")
        return page

    yield enter
    for context in opened:
        context.close()
    assert not complaints
