"""The writes of meeting: requests, exchange days, bookings, outcomes, visits, the mechanism's series, feeds."""

from .bookings import add_resource, book, cancel_booking, change_resource
from .days import (
    away,
    call_off_day,
    change_day,
    check_in,
    close,
    keep_arrival,
    late,
    lock,
    open_day,
    plan_day,
    renew_pass,
)
from .feeds import make_feed, revoke_feed
from .outcomes import record_outcome
from .outlines import add_outline, drop_outline
from .requests import answer, ask, at_desk, expire, expire_due, withdraw
from .series import call_off, change_series, move_occasion, open_series
from .visits import (
    add_group,
    add_host,
    add_place,
    add_road,
    add_train,
    call_off_visit,
    drop,
    open_visit,
    plan_visit,
    put_host,
)

__all__ = [
    "add_group",
    "add_host",
    "add_outline",
    "add_place",
    "add_resource",
    "add_road",
    "add_train",
    "answer",
    "ask",
    "at_desk",
    "away",
    "book",
    "call_off",
    "call_off_day",
    "call_off_visit",
    "cancel_booking",
    "change_day",
    "change_resource",
    "change_series",
    "check_in",
    "close",
    "drop",
    "drop_outline",
    "expire",
    "expire_due",
    "keep_arrival",
    "late",
    "lock",
    "make_feed",
    "move_occasion",
    "open_day",
    "open_series",
    "open_visit",
    "plan_day",
    "plan_visit",
    "put_host",
    "record_outcome",
    "renew_pass",
    "revoke_feed",
    "withdraw",
]
