"""Organisations of a side that may be one: the pairs found, what was decided of them, and who is one with whom."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from duijie.intake.entities import MergeQueue, Pair, restored
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Party

from .import_selectors import folder
from .merge_groups import decisions

__all__ = ["pair_document", "parties_of", "queue_of", "queue_path"]

_COMPARED = ("short_name", "region", "address", "registered_on", "scope", "products", "capital", "employees")


def queue_path(agreement: Agreement, side: str) -> Path:
    return folder(agreement, side) / "merges.json"


def queue_of(agreement: Agreement, side: str) -> tuple[list[str], MergeQueue]:
    """The pairs as last looked for with the standing decisions played in; keys of the parties by row."""
    path = queue_path(agreement, side)
    if not path.exists():
        return [], MergeQueue((), (), ())
    content = json.loads(path.read_text(encoding="utf-8"))
    ids: list[str] = content["parties"]
    queue, place = restored(json.dumps(content["queue"])), {key: row for row, key in enumerate(ids)}
    for row in reversed(decisions(agreement, side)):
        one, other = (place.get(row.payload[end]) for end in ("one", "other"))
        if row.state in ("same", "different") and one is not None and other is not None:
            queue = queue.decide(one, other, is_same=row.state == "same", by="", at=str(row.on))
    return ids, queue


def pair_document(pair: Pair, ids: list[str], parties: Mapping[str, Party]) -> dict[str, Any] | None:
    """A pair with both records side by side; None where one is no longer there."""
    both = [parties.get(ids[row]) for row in (pair.one, pair.other)]
    if None in both:
        return None
    reasons = [reason.to_dict() for reason in pair.reasons]
    return {"ends": [_party(one) for one in both if one], "chance": round(pair.chance, 2), "reasons": reasons}


def _party(row: Party) -> dict[str, Any]:
    payload = row.payload
    said = {"uscc": row.uscc, "name_en": row.name_en, "industry": row.industry, "town": row.town}
    said |= {key: _text(payload[key]) for key in _COMPARED if payload.get(key)}
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "said": {key: value for key, value in said.items() if value},
        "source": payload.get("source") or {},
    }


def _text(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def parties_of(agreement: Agreement, person: Visitor, keys: Iterable[str]) -> dict[str, Party]:
    """Parties of one's own side by key."""
    side = person.side_id if isinstance(person, Person) else None
    return {row.pk: row for row in Party.objects.filter(agreement=agreement, side=side, pk__in=list(keys))}
