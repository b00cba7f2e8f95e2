"""Whether what a past K shows now is what was read then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from duijie.ledger.known import GONE, GONE_EN

MARKS = (GONE, GONE_EN, "")
"""What may stand for an erased text: a part bears one mark, whatever it held."""


def is_same(then: Any, now: Any, *, is_torn: bool) -> bool:
    """Whether a value is what was read; where words of its subject were erased a mark may stand for a text."""
    if then == now or (is_torn and now in MARKS and isinstance(then, str)):
        return True
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        keys = {*then, *now}
        return all(is_same(then.get(key, ""), now.get(key, ""), is_torn=is_torn) for key in keys)
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return all(is_same(one, other, is_torn=is_torn) for one, other in zip(then, now, strict=True))
    return False
