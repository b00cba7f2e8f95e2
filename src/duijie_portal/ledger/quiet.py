"""When a line may leave the portal: at once, with a digest, never in somebody's quiet hours or on a free day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from duijie.terms.working_days import is_working_day

from .models import Preference

__all__ = ["due_at"]

Days = Callable[[date], bool]
_DAY = timedelta(days=1)


def due_at(
    moment: datetime, wish: Preference, *, is_urgent: bool = False, is_free_to_send: Days = is_working_day
) -> datetime:
    """The first moment, not before `moment`, at which a line may be sent.

    Parameters
    ----------
    moment
        Aware, in the time people live by; hours of the wish are hours of its clock.
    wish
        At once, daily or weekly, and the quiet hours; a wish to hear nothing is the caller's part.
    is_urgent
        Whether the line passes quiet hours, free days and digests, for those who want it so.
    is_free_to_send
        Which days count as working days.

    Returns
    -------
    datetime
        `moment` itself where nothing stands against it.
    """
    if is_urgent and wish.is_urgent_at_once:
        return moment
    first = moment if wish.mail == wish.Mail.NOW else _next_digest(moment, wish)
    return _past_quiet(first, wish, is_free_to_send)


def _next_digest(moment: datetime, wish: Preference) -> datetime:
    """The next hour of the digest; for a weekly one on its weekday."""
    at = _at(moment.date(), wish.hour, moment)
    at = at if at > moment else _at(moment.date() + _DAY, wish.hour, moment)
    ahead = (wish.weekday - at.isoweekday()) % 7 if wish.mail == wish.Mail.WEEKLY else 0
    return at + ahead * _DAY


def _past_quiet(at: datetime, wish: Preference, is_free_to_send: Days) -> datetime:
    """Out of the quiet hours first, then onto a working day: at the same hour for a digest, else when quiet ends."""
    at = _awake(at, wish)
    if not wish.is_on_working_days_only or is_free_to_send(at.date()):
        return at
    day = at.date()
    while not is_free_to_send(day):
        day += _DAY
    is_digest = wish.mail != wish.Mail.NOW
    return _awake(_at(day, wish.hour if is_digest else 0, at), wish)


def _awake(at: datetime, wish: Preference) -> datetime:
    start, end, hour = wish.quiet_from, wish.quiet_until, at.hour
    is_over_night = start > end
    is_quiet = (hour >= start or hour < end) if is_over_night else start <= hour < end
    if not is_quiet:
        return at
    day = at.date() + _DAY if is_over_night and hour >= start else at.date()
    return _at(day, end, at)


def _at(day: date, hour: int, like: datetime) -> datetime:
    return datetime.combine(day, time(hour), like.tzinfo)
