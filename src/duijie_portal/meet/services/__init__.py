"""The writes of meeting: requests, exchange days, bookings, outcomes, feeds."""

from .bookings import add_resource, book, cancel_booking
from .days import away, change_day, check_in, close, keep_arrival, lock, open_day, plan_day, renew_pass
from .feeds import make_feed, revoke_feed
from .outcomes import record_outcome
from .requests import answer, ask, expire, withdraw

__all__ = [
    "add_resource",
    "answer",
    "ask",
    "away",
    "book",
    "cancel_booking",
    "change_day",
    "check_in",
    "close",
    "expire",
    "keep_arrival",
    "lock",
    "make_feed",
    "open_day",
    "plan_day",
    "record_outcome",
    "renew_pass",
    "revoke_feed",
    "withdraw",
]
