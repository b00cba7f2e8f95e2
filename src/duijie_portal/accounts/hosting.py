"""Which sides this node works for: all of them in one shared portal, its own where each side runs a portal."""

from __future__ import annotations

from django.conf import settings

__all__ = ["is_hosted"]


def is_hosted(side: str | None) -> bool:
    """Whether people of a side work here and its key may lie here; rows of any other side come as released copies."""
    hosted: frozenset[str] = settings.HOSTED_SIDES
    return not hosted or side is None or side in hosted
