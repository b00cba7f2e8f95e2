"""Proves the least number of breaks in a process of its own, beside whatever else looks for plans."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from .formula import Formula

__all__ = ["Prover"]

_SCRIPT = Path(__file__).with_name("prover_process.py")
_GRACE_SECONDS = 5


class Prover(threading.Thread):
    """Asks a SAT solver for a plan with no break, with one, with two …, until there is one or time is over.

    `bound` is the number of breaks proven so far; `slots` a plan by meeting number, at first any, in the end the best;
    `is_infeasible` that no plan places every meeting; `first_at` when the first plan came, by the monotonic clock.

    Notes
    -----
    The solver (CaDiCaL through PySAT) holds the interpreter's lock while it searches, hence the process. It is ended by
    :meth:`stop`, and by the system after its processor time, should nobody be left to stop it.
    """

    def __init__(self, formula: Formula, *, seconds: float) -> None:
        super().__init__(daemon=True)
        self._formula = formula
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._seconds = int(seconds) + _GRACE_SECONDS
        self.bound = 0
        self.slots: Mapping[int, int] | None = None
        self.is_infeasible = False
        self.first_at: float | None = None

    def run(self) -> None:
        with self._process:  # closes the pipes in the end, and waits
            try:
                self._send()
                assert self._process.stdout is not None
                for line in self._process.stdout:
                    self._take(json.loads(line))
            except BrokenPipeError:  # stopped before it had read the question
                pass

    def _send(self) -> None:
        formula = self._formula
        head = {
            "seconds": self._seconds,
            "holes": formula.holes,
            "n_variables": formula.n_variables,
            "n_choices": len(formula.at),
        }
        assert self._process.stdin is not None
        with self._process.stdin as pipe:
            pipe.write(json.dumps(head).encode() + b"\n")
            pipe.write(formula.clauses.tobytes())

    def _take(self, row: Mapping[str, object]) -> None:
        match row:
            case {"bound": int(bound)}:
                self.bound = bound
            case {"chosen": list(chosen)}:
                # The choices were numbered first, in this order.
                self.first_at = self.first_at or time.monotonic()
                choices = list(self._formula.at)
                self.slots = dict(choices[literal - 1] for literal in chosen)
            case _:
                self.is_infeasible = True

    def stop(self) -> None:
        """End the process, and wait for that."""
        self._process.kill()
        if self.ident is not None:
            self.join()
