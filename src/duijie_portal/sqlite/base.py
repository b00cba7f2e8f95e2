"""The connection: the writers of a process wait for one another in a queue before they ask SQLite.

Whom SQLite turns away sleeps and asks again, each time longer, while others slip in: of sixteen writers at once one
waited for seconds. What is left to it is the choice between the few processes of a node.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

_WRITERS = Lock()
# In a process that is forked nobody is left who would let it go.
os.register_at_fork(after_in_child=lambda: _WRITERS._at_fork_reinit())  # type: ignore[attr-defined]


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds its process's turn from the start of a transaction to its end."""

    has_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        wait: Any = self.settings_dict["OPTIONS"].get("timeout", 5)
        if not self.has_turn and not _WRITERS.acquire(timeout=wait):
            raise OperationalError("database is locked")
        self.has_turn = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self._pass_on()
            raise

    def _pass_on(self) -> None:
        if self.has_turn:
            self.has_turn = False
            _WRITERS.release()

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # not in the stubs
        finally:
            if not self._is_open():
                self._pass_on()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_on()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_on()

    def _is_open(self) -> bool:
        """Whether the transaction goes on: a commit that failed is still to be rolled back."""
        return self.connection is not None and self.connection.in_transaction
