"""Kinds of jobs for the tests: one writes step by step, one in its last step only, two fail."""

from __future__ import annotations

import time

import planted

from duijie.errors import InputError
from duijie_portal.ledger.jobs import Run, job


def _take_time(run: Run, number: int) -> None:
    """As long as asked; and where an item is named, with no end on the first try: whoever asked waits to kill it."""
    is_stuck = run.job.attempt == 1 and number == run.payload.get("stuck_at")
    time.sleep(3600 if is_stuck else run.payload.get("seconds", 0))


def _enter(run: Run, number: int) -> None:
    planted.party(run.agreement, run.job.side_id, f"{run.job.pk}-{number}", name=str(number))


@job("test.steps", resumes=True)
def in_steps(run: Run) -> str:
    n = run.payload["n"]
    for number in range(run.kept.get("n", 0), n):
        run.tell(number, n, "job_started")
        with run.step(n_done=number + 1, n=number + 1):
            _enter(run, number)
            _take_time(run, number)
    return "/result/"


@job("test.whole")
def as_a_whole(run: Run) -> None:
    n = run.payload["n"]
    for number in range(n):
        run.tell(number, n)
        _take_time(run, number)
    with run.step(n_done=n, is_last=True, path="/result/"):
        for number in range(n):
            _enter(run, number)


@job("test.fault")
def with_a_fault(run: Run) -> None:
    with run.step(is_last=True):
        _enter(run, 0)
        raise InputError("portal_import_faults", {"n": 7})


@job("test.broken")
def with_a_bug(run: Run) -> None:
    raise RuntimeError("a secret detail")
