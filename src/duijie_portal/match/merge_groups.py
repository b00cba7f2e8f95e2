"""Who is one organisation with whom, by the decisions that stand; a reading of them, nothing is rewritten."""

from __future__ import annotations

from collections.abc import Mapping

from duijie_portal.ledger.models import Agreement, Record

__all__ = ["KIND", "decisions", "group_of", "same_as"]

KIND = "merge"


def decisions(agreement: Agreement, side: str | None) -> list[Record]:
    """What was decided, latest first, with those taken back."""
    return list(Record.objects.filter(agreement=agreement, side=side, kind=KIND).order_by("-pk"))


def same_as(agreement: Agreement, side: str) -> dict[str, str]:
    """Party → the party it is one with, the one that came in first."""
    root: dict[str, str] = {}

    def top(key: str) -> str:
        while root.get(key, key) != key:
            key = root[key]
        return key

    for row in reversed(decisions(agreement, side)):
        if row.state == "same":
            first, later = sorted((top(row.payload["one"]), top(row.payload["other"])))
            root[later] = first
    return {key: top(key) for key in root}


def group_of(same: Mapping[str, str], party: str) -> list[str]:
    """The other parties that are one with this one."""
    first = same.get(party, party)
    return sorted({first, *(key for key, own in same.items() if own == first)} - {party})
