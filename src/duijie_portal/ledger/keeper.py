"""Keeps a worker beside the web server: begun with it, begun again when it dies, ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

__all__ = ["kept_worker"]

_PATIENCE_SECONDS = 10
_PAUSE_SECONDS = 2.0
_BEGIN = "import sys; from duijie.cli import main; sys.argv[0] = 'duijie'; main()"


@contextmanager
def kept_worker(home: Path) -> Iterator[None]:
    """A worker of a home as a process of its own for as long as the block lasts; it never outlives this process."""
    ended, owner = Event(), os.getpid()
    running: list[subprocess.Popen[bytes]] = [_begin(home)]
    Thread(target=_keep, args=(home, running, ended), daemon=True).start()
    try:
        yield
    finally:
        if os.getpid() == owner:  # the web server's own children leave through here as well
            ended.set()
            _finish(running[0])


def _begin(home: Path) -> subprocess.Popen[bytes]:
    words = ["portal", "--home", str(home), "work", "--parent", str(os.getpid())]
    return subprocess.Popen([sys.executable, "-c", _BEGIN, *words])


def _keep(home: Path, running: list[subprocess.Popen[bytes]], ended: Event) -> None:
    while not ended.wait(_PAUSE_SECONDS):
        if running[0].poll() is not None and not ended.is_set():
            running[0] = _begin(home)


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; a job that says nothing for long is cut off, and taken up again by the next worker."""
    process.terminate()
    until = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None:
        if time.monotonic() > until:
            process.kill()
        time.sleep(0.05)
