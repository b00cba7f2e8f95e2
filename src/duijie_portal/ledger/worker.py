"""The process that does what the pages ask for: jobs one by one, and what is due by the clock beside them."""

from __future__ import annotations

import logging
import os
import signal
from datetime import datetime
from threading import Thread
from types import FrameType

from django.db import OperationalError, close_old_connections, connection
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.module_loading import autodiscover_modules
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from .jobs import STOPPING
from .ticks import run_ticks

__all__ = ["work"]

logger = logging.getLogger("duijie.worker")
_LOOK_SECONDS = 0.5
_CLOCK_SECONDS = 5.0


class _Worker(Worker):
    """The queue's own worker; asked to end, it lets the running job put itself back."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        STOPPING.set()
        super().shutdown(signum, frame)


def work(*, parent: int = 0) -> None:
    """Do jobs until told to end by a signal, or until `parent`, the process that began this one, is gone."""
    worker = _Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
    )
    worker.configure_signals()
    autodiscover_modules("jobs")  # now, so that the first who asks does not wait for it
    Thread(target=_clock, args=(parent,), daemon=True).start()
    while worker.running:
        _look(worker)
        STOPPING.wait(_LOOK_SECONDS)


def _look(worker: Worker) -> None:
    """Do what waits; a busy database is asked again."""
    close_old_connections()
    try:
        if DBTaskResult.objects.ready().exists():
            worker.run()
    except OperationalError:
        logger.warning("the database does not answer; trying again", exc_info=True)


def _clock(parent: int) -> None:
    """Do what is due, as long as the parent lives."""
    last: dict[str, datetime] = {}
    while not STOPPING.wait(_CLOCK_SECONDS if last else 0):
        if parent and os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        _due(last)


def _due(last: dict[str, datetime]) -> None:
    try:
        run_ticks(timezone.now(), last=last)
    except Exception:
        logger.exception("the clock")
    finally:
        connection.close()
