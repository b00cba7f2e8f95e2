"""The sealed log under many writers at once and under kill -9, on SQLite and on PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from nodes import SETUP, python

WRITERS = (
    SETUP
    + """
from threading import Thread
agreement = Agreement.objects.get()
sides = list(agreement.sides.values_list("pk", flat=True))
def write(number):
    for at in range(20):
        append(agreement, [note(side) for side in sides])
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
    append(agreement, [note(side) for _ in range(3)])
"""
)
VERDICT = SETUP + "v = verify_agreement(Agreement.objects.get()); print(v.holds, v.n_entries, v.faults[:3])"


def test_four_writers_at_once_leave_two_whole_chains(environment: dict[str, str]) -> None:
    before = int(python(VERDICT, environment).split(" ")[1])
    python(WRITERS, environment)
    assert python(VERDICT, environment).startswith(f"True {before + 4 * 20 * 2} ")


def test_a_writer_killed_at_any_moment_leaves_a_whole_chain_that_goes_on(environment: dict[str, str]) -> None:
    before = int(python(VERDICT, environment).split(" ")[1])
    lengths = [before]
    for pause in (0.11, 0.27, 0.43):
        writer = subprocess.Popen([sys.executable, "-c", ENDLESS], env=environment, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait(20)
        holds, n_entries, _ = python(VERDICT, environment).split(" ", 2)
        assert holds == "True"
        assert (int(n_entries) - before) % 3 == 0
        lengths.append(int(n_entries))
    assert lengths == sorted(lengths)
    assert lengths[-1] > 0
