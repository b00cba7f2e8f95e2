"""One sealed statement over many rows: the digest of each row stands in the log, a thousand to an entry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from duijie.share.seal import canonical_json

from .log import Draft
from .models import Listing, Owned, Party

__all__ = ["LISTED", "batch_drafts", "digest_of"]

LISTED = "rows.listed"
"""The kind of an entry that holds the digests of the rows the next statement is about."""

_DIGESTS = 1_000
_SAID = {
    Party: ("kind", "name", "name_en", "uscc", "industry", "town", "payload"),
    Listing: ("kind", "version", "role", "party_id", "industry", "place", "valid_from", "valid_until", "payload",
              "source"),
}  # fmt: skip
_OTHERWISE = ("kind", "title_zh", "on", "payload")


def digest_of(row: Owned) -> str:
    """What a row says, as one SHA-256; imported rows carry a salt in their source, so that no short text is guessed."""
    said = {name: getattr(row, name) for name in _SAID.get(type(row), _OTHERWISE)}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}
    # Through JSON once: tuples, integers and the like become what the database gives back.
    return hashlib.sha256(canonical_json(json.loads(json.dumps({"id": row.pk, **plain})))).hexdigest()


def batch_drafts(
    side: str, kind: str, subject: str, on: date, digests: Sequence[str], body: Mapping[str, Any]
) -> list[Draft]:
    """The entries that list the digests, then the statement itself, which holds their number and their own digest."""
    parts = [digests[at : at + _DIGESTS] for at in range(0, len(digests), _DIGESTS)]
    lists = [Draft(side, LISTED, "record", subject, on, {"of": kind, "digests": list(part)}) for part in parts]
    whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    return [*lists, Draft(side, kind, "record", subject, on, {**body, "n_rows": len(digests), "rows_digest": whole})]
