"""A real agreement's public parties and listings as records, for the portal's ledger; nothing in them ever happened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from duijie.terms import Agreement, Listing, Party
from duijie.track.records import encode

__all__ = ["fact_lines"]


def fact_lines(
    agreement: Agreement, parties: Sequence[Party], listings: Sequence[Listing], *, as_of: date
) -> Iterator[str]:
    """The lines of ``records.jsonl``: what is public is visible to both sides, it was published before it came in.

    A party outside the sides (the wider city's office, say) is kept by the side whose listing names it; one that no
    listing names is left out.
    """
    head = {"type": "facts", "agreement": agreement.key, "title": agreement.title.to_dict(), "is_rehearsal": False}
    yield json.dumps(head | {"as_of": as_of.isoformat()}, ensure_ascii=False)
    sides = {side.code for side in agreement.sides}
    keeper = {one.party: one.side for one in listings}
    for party in parties:
        side = party.region if party.region in sides else keeper.get(party.id)
        if side:
            yield _party(party, side)
    yield from (encode("listing", one) for one in listings)


def _party(party: Party, side: str) -> str:
    row: dict[str, Any] = {"type": "party", **asdict(party), "side": side, "visibility": "public"}
    return json.dumps(row, ensure_ascii=False)
