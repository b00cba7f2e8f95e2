"""Runs code in processes of their own, forked from this one, which has imported already what takes long to import.

A line on standard input names the code, its words and its environment, as JSON; a line answers with the exit code, and
with what the process printed on either stream.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from typing import IO, Any

# What a node is made of, as far as it can be imported before there are settings.
import django.core.management
import django.db.migrations.loader  # noqa: F401
import django_stubs_ext  # noqa: F401
import requests  # noqa: F401

import duijie.cli
import duijie.intake.secrecy
import duijie.ledger
import duijie.match
import duijie.share
import duijie.sheets
import duijie.track  # noqa: F401

_MOST_SECONDS = 180


def main() -> None:
    """Answer until nobody asks; in a fork, carry out what was asked and return."""
    while line := sys.stdin.readline():
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
            child = os.fork()
            if child == 0:
                _carry_out(json.loads(line), said, complained)
                return
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(json.dumps([status, _read(said), _read(complained)]), flush=True)


def _carry_out(asked: dict[str, Any], said: IO[bytes], complained: IO[bytes]) -> None:
    """What `python -c` does with code, in a process that is one already."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for stream, number in ((nothing, 0), (said.fileno(), 1), (complained.fileno(), 2)):
        os.dup2(stream, number)
    signal.alarm(_MOST_SECONDS)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["-c", *asked["words"]]
    exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


if __name__ == "__main__":
    main()
