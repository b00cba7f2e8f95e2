"""What is done by the clock: small functions, each registered once, run by one command an operator puts in a timer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.module_loading import autodiscover_modules

__all__ = ["every_tick", "run_ticks"]

Tick = Callable[[datetime], int]
_TICKS: dict[str, Tick] = {}
_EVERY: dict[str, timedelta] = {}
_log = logging.getLogger(__name__)


def every_tick(name: str, *, every: timedelta = timedelta(minutes=5)) -> Callable[[Tick], Tick]:
    """Register a function of the moment that does what is due and gives how many rows it changed.

    It stands in an app's ``ticks.py``, opens its own transactions, and may run twice at the same moment without harm.
    The worker runs it `every` so often, the command whenever it is called.
    """

    def wrap(tick: Tick) -> Tick:
        _TICKS[name], _EVERY[name] = tick, every
        return tick

    return wrap


def run_ticks(now: datetime, *, last: dict[str, datetime] | None = None) -> dict[str, int | None]:
    """Run everything that is registered, in order of name: how many rows each changed, None where it failed.

    One that fails is logged and does not keep the others from their work.

    Parameters
    ----------
    last
        When each ran last, kept up to date here: then only those run whose interval has passed.
    """
    autodiscover_modules("ticks")
    due = [name for name in sorted(_TICKS) if last is None or name not in last or now - last[name] >= _EVERY[name]]
    if last is not None:
        last.update(dict.fromkeys(due, now))
    return {name: _run(name, _TICKS[name], now) for name in due}


def _run(name: str, tick: Tick, now: datetime) -> int | None:
    try:
        return tick(now)
    except Exception:
        _log.exception("tick %s", name)
        return None
