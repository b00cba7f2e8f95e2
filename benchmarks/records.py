"""Records of an invented year of any size, as an operator loads them: parties, needs with offers, cases with steps."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

CHAIN = ("need", "match", "meeting", "intent")
VISIBILITIES = ("own", "both", "both", "matched", "public")
N_PARTIES = 200
_SEED = 20250630
_FIRST = date(2025, 1, 1)


def records(sides: Sequence[str], n_cases: int, n_clauses: int = 17) -> Iterator[dict[str, Any]]:
    """The lines of ``records.jsonl``: a quarter of the cases ends at each node, a fifth of the listings is closed."""
    dice = random.Random(_SEED)
    for side in sides:
        for n in range(N_PARTIES):
            yield {"type": "party", "id": f"p{side}-{n}", "kind": "firm", "region": side, "name": f"企业 {side}-{n}"}
    for n in range(n_cases):
        yield from _life(sides, n, f"c{n % n_clauses}", dice)


def _life(sides: Sequence[str], n: int, clause: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    need_side, offer_side = dice.sample(list(sides), 2)
    ends = {"need": need_side, "offer": offer_side}
    parties = {role: f"p{side}-{dice.randrange(N_PARTIES)}" for role, side in ends.items()}
    for role, side in ends.items():
        yield {
            "type": "listing", "id": f"l{n:05}-{role}", "kind": "supply", "role": role, "side": side,
            "party": parties[role], "payload": {"title": f"{role} {n}"}, "industry": "", "basis": "rehearsal",
            "valid_from": _FIRST.isoformat(), "visibility": dice.choice(VISIBILITIES),
        }  # fmt: skip
    case = f"case-{n:05}"
    yield {
        "type": "case", "id": case, "clause": clause, "title": {"zh": f"对接事项 {n}", "en": f"Matter {n}"},
        "opened_on": _FIRST.isoformat(), "side": need_side, "kind": "supply", "need": f"l{n:05}-need",
        "offer": f"l{n:05}-offer", "parties": [parties["need"], parties["offer"]],
    }  # fmt: skip
    for at, node in enumerate(CHAIN[: n % len(CHAIN) + 1]):
        on = _FIRST + timedelta(n % 90 + 20 * at)
        yield {
            "type": "step", "case": case, "clause": clause, "kind": node, "on": on.isoformat(), "side": need_side,
            "actor": parties["need"], "payload": {},
        }  # fmt: skip


def write(path: Path, sides: Sequence[str], n_cases: int) -> Path:
    """The records as a file."""
    with path.open("w", encoding="utf-8") as file:
        for row in records(sides, n_cases):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path
