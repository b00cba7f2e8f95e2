"""What meeting does by the clock."""

from __future__ import annotations

from datetime import datetime

from duijie_portal.ledger.ticks import every_tick

from .services.bookings import tidy_bookings
from .services.requests import expire_due
from .services.series import extend_series, remind

__all__ = ["bookings", "reminders", "requests", "series"]


@every_tick("meet.requests")
def requests(now: datetime) -> int:
    """Requests whose time ran out are closed; who waits moves up."""
    return expire_due(now)


@every_tick("meet.bookings")
def bookings(now: datetime) -> int:
    """Bookings that waited in vain are closed; who waits moves up."""
    return tidy_bookings(now)


@every_tick("meet.series")
def series(now: datetime) -> int:
    """The mechanism's dates reach eighteen months ahead."""
    return extend_series(now)


@every_tick("meet.reminders")
def reminders(now: datetime) -> int:
    """Whoever a date concerns is reminded of it once."""
    return remind(now)
